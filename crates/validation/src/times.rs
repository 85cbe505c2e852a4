//! The claimed time against the proven one (EN 319 102-1 §5.5.4 step 4 (e)).

use kyso_x509::Time;

use crate::indication::IndeterminateReason;
use crate::policy::Policy;
use crate::report::{Finding, SignatureReport, TimestampKind};
use crate::timestamp::Stamp;

/// Tolerance with which "exactly seven hours ahead" is recognised: the seconds between signing and time-stamping.
const LOCAL_TIME_TOLERANCE: i64 = 900;

/// The claimed time proves nothing, but it should not contradict what is proven.
pub(crate) fn check_claimed_time(
    stamps: &[Stamp],
    policy: &Policy,
    proven: Time,
    report: &mut SignatureReport,
) {
    let claimed = report.claimed_signing_time;
    // §5.5.4 step 4 (e).
    let stamped = stamps
        .iter()
        .any(|stamp| stamp.report.kind == TimestampKind::Signature && stamp.proven().is_some());
    if let Some(max_delay) = policy.timestamps.max_delay
        && stamped
        && claimed.is_none_or(|claimed| {
            proven.as_unix_seconds().saturating_sub(claimed.as_unix_seconds()) > max_delay
        })
    {
        let finding = Finding::TimestampDelay { claimed, proven };
        report.open(IndeterminateReason::SigConstraintsFailure, finding);
    }
    let Some(claimed) = claimed else {
        return;
    };
    let ahead = claimed.as_unix_seconds().saturating_sub(proven.as_unix_seconds());
    let is_local_time = |shift: i64| (ahead - shift).abs() <= LOCAL_TIME_TOLERANCE;
    if policy.signature.local_time_as_utc.is_some_and(is_local_time) {
        report.warnings.push(Finding::LocalTimeAsUtc { claimed, proven });
    } else if ahead > policy.revocation.clock_skew {
        report.warnings.push(Finding::ClaimedAfterProven { claimed, proven });
    }
}
