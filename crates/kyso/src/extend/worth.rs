//! What the time-stamps of a file are worth: a level is not reached by one that proves nothing.

use kyso_cades::level::BaselineLevel;
use kyso_validation::indication::Indication;
use kyso_validation::report::{SignatureReport, TimestampKind, TimestampReport, Worth};

use super::ExtendError;
use crate::recorder::Sha256;

/// The level of a CMS signature without time-stamps that prove nothing.
pub(super) fn proven_level(level: BaselineLevel, report: &SignatureReport) -> BaselineLevel {
    // None were looked at where the policy allows fewer: more of them make nothing better.
    if report.timestamps.is_empty() {
        return level;
    }
    let counting = report.timestamps.iter().filter(|one| report.worth(one) != Worth::Nothing);
    let kinds: Vec<_> = counting.map(|one| one.kind).collect();
    if kinds.contains(&TimestampKind::Archive) {
        level
    } else if kinds.contains(&TimestampKind::Signature) {
        level.min(BaselineLevel::Lt)
    } else {
        BaselineLevel::B
    }
}

/// Whether what is needed is worth waiting for: a verdict that holds lacks nothing but what worthless time-stamps lack.
pub(super) fn lacks_evidence(report: &SignatureReport) -> bool {
    let open = || report.timestamps.iter().any(|one| report.worth(one) == Worth::Open);
    !report.needs.is_empty() && (report.indication != Indication::TotalPassed || open())
}

/// Refuses time-stamps of this act that prove nothing to those by whose anchors the signature is judged.
pub(super) fn refuse_worthless(
    reports: &[SignatureReport],
    added: &[Sha256],
) -> Result<(), ExtendError> {
    let each =
        reports.iter().flat_map(|report| report.timestamps.iter().map(move |one| (one, report)));
    let of_this_act =
        |stamp: &TimestampReport| added.iter().any(|one| one == stamp.sha256.as_bytes());
    for (stamp, report) in each.filter(|(stamp, _)| of_this_act(stamp)) {
        if report.worth(stamp) == Worth::Nothing {
            return Err(ExtendError::StampNotValid { indication: stamp.indication });
        }
    }
    Ok(())
}
