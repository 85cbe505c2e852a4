//! A document time-stamp that stands alone: a document which nobody signed, but which is proven to have existed.

use kyso_cades::{ContentDigests, TimeStampToken};
use kyso_x509::TrustAnchor;

use crate::chain::{Demand, Usage};
use crate::context::Context;
use crate::document::{DocumentSecurity, merge};
use crate::indication::{FailedReason, IndeterminateReason, Indication};
use crate::library::Library;
use crate::poe::ProofsOfExistence;
use crate::policy::Policy;
use crate::report::{Check, Finding, Need, SignatureReport, TimestampKind};
use crate::target::{Attached, Imprint};
use crate::timestamp::{Stamp, validate as validate_stamp};

/// Validates the token (EN 319 102-1 §5.4) under the first store that knows its authority.
///
/// Its verdict stands with the time-stamps. The report itself never passes: nobody signed.
/// `content` are digests of what the stamp covers.
pub(crate) fn validate(
    token: &[u8],
    content: &ContentDigests,
    security: &DocumentSecurity,
    context: &Context<'_>,
    report: &mut SignatureReport,
) {
    report.open(IndeterminateReason::SigConstraintsFailure, Finding::OnlyTimestamp);
    let token = match TimeStampToken::from_ber(token) {
        Ok(token) => token,
        Err(error) => {
            report.fail(FailedReason::FormatFailure, Finding::TokenMalformed(error));
            return;
        }
    };
    let mut evidence = token.signed_data().embedded_evidence(0);
    merge(&mut evidence, security.evidence());
    let library = Library::new(&evidence, context);
    let mut best: Option<(Stamp, String, &Policy)> = None;
    for (number, store) in context.trust.vouching(context.policy.is_some()) {
        let policy = context.policy.unwrap_or(&store.policy);
        let anchors: &[TrustAnchor] = &store.anchors;
        let demand = Demand {
            usage: Usage::TimeStamping,
            policy,
            policy_of: context.policy.is_none().then_some(number),
            anchors,
            store: Some(number),
        };
        let imprint = content.find(token.info().message_imprint().algorithm());
        let proofs = ProofsOfExistence::at(context.validation_time);
        let attached = Attached {
            kind: TimestampKind::Document,
            imprint: Imprint::compare(imprint, &token),
            token: Ok(token.clone()),
            coverage: None,
        };
        let stamp = validate_stamp(attached, &library, &demand, &proofs);
        let anchored = stamp.report.trust_anchor.is_some();
        // The store whose anchor the path reaches decides; a later and laxer one cannot mend its verdict.
        if anchored || best.is_none() {
            best = Some((stamp, store.name.clone(), policy));
        }
        if anchored {
            break;
        }
    }
    let Some((stamp, store, policy)) = best else {
        report.needs.push(Need::TrustAnchor);
        report.not_checked.extend([Check::CertificatePath, Check::RevocationStatus]);
        report.open(IndeterminateReason::NoCertificateChainFound, Finding::NoTrustAnchors);
        return;
    };
    report.trust_store = stamp.report.trust_anchor.as_ref().map(|_| store);
    report.policy = Some(policy.name.clone());
    if stamp.report.indication == Indication::TotalPassed {
        report.checked.push(Check::Timestamps);
    } else {
        report.not_checked.push(Check::Timestamps);
    }
    report.indication = report.indication.worse(stamp.report.indication);
    report.errors.extend(stamp.report.errors.iter().cloned());
    report.needs.extend(stamp.needs.iter().cloned());
    report.timestamps.push(stamp.report);
}
