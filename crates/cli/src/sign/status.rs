//! The revocation status of the signer's certificate before signing (Circular 15/2025/TT-BKHCN: check, and warn where it
//! cannot be checked).

use std::time::Duration;

use kyso::certificate::{self, CertificateReport, Options, Reason, Usage};
use kyso::fetch::{Fetcher, Limits, Settings};
use kyso::gather::gather;
use kyso_daemon::explain::extend as explain;
use kyso_daemon::explain::verify;
use kyso_daemon::text::Problem;
use kyso_token::Credential;
use kyso_validation::evidence::Evidence;
use kyso_x509::revocation::RevocationError;
use kyso_x509::{Certificate, Time};

use crate::args::{Judging, SignArgs};
use crate::desk::Desk;
use crate::judging::Judgement;

/// Most rounds of fetching: a chain of four certificates, each found by the one before, and their status.
const MOST_ROUNDS: usize = 8;

/// How long a person waits here before anything is signed.
const PATIENCE: Duration = Duration::from_secs(10);

/// For one answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Asks for the status; `Some` says why it could not be checked.
///
/// A certificate that is known to be revoked is the only reason to refuse.
pub(super) fn before_signing(
    desk: &Desk,
    arguments: &SignArgs,
    credential: &Credential,
    now: Time,
) -> Result<Option<String>, Problem> {
    let lang = desk.lang();
    let judging = Judging {
        trust: arguments.trust.clone(),
        untrusted: arguments.untrusted.clone(),
        evidence: Vec::new(),
        time: None,
        policy: None,
        offline: false,
        json: arguments.json,
    };
    let judgement = Judgement::of(desk, &judging)?;
    let Ok(certificate) = Certificate::from_der(&credential.certificate) else {
        // Opening the signer says what is wrong with it.
        return Ok(None);
    };
    if judgement.trust.stores.iter().all(|store| store.anchors.is_empty()) {
        return Ok(Some(
            lang.pick("chưa có chứng thư gốc tin cậy", "there are no trust anchors").to_owned(),
        ));
    }
    let mut evidence = judgement.evidence.clone();
    let others = &credential.other_certificates;
    evidence.certificates.extend(others.iter().filter_map(|der| Certificate::from_der(der).ok()));
    let judge = |evidence: &Evidence| {
        let options = Options {
            trust: &judgement.trust,
            evidence,
            policy: None,
            usage: Usage::DocumentSigning,
            // Responders make their answers when they are asked: what is as young as this very second counts.
            validation_time: Time::from_unix_seconds(jiff::Timestamp::now().as_second()),
        };
        certificate::validate(&certificate, &options)
    };
    let needs = |report: &CertificateReport| report.needs.clone();
    let fetcher = impatient(desk.config().fetch.fetcher(false, lang)?);
    let gathered = gather(&fetcher, now, evidence, MOST_ROUNDS, judge, needs);
    let report = gathered.result;
    match &report.reason {
        Some(Reason::Revocation(error)) => match &**error {
            RevocationError::Revoked { subject, .. } => {
                let subject = subject.display_name();
                let why = error.to_string();
                Err(explain::signer_revoked(&subject, report.indication, &why, lang))
            }
            error => {
                let attempts =
                    gathered.attempts.iter().map(|attempt| verify::attempt(attempt, lang));
                let why: Vec<String> = std::iter::once(error.to_string()).chain(attempts).collect();
                Ok(Some(why.join("; ")))
            }
        },
        None if report.revocation_checked => Ok(None),
        None => Ok(Some(
            lang.pick("chính sách không đòi hỏi", "the policy does not demand it").to_owned(),
        )),
        // Opening the signer says what is wrong with the path.
        Some(reason) => Ok(Some(reason.to_string())),
    }
}

/// The same way with less patience: nobody waits a minute to sign.
fn impatient(fetcher: Fetcher) -> Fetcher {
    let settings = fetcher.settings().clone();
    let limits = Limits {
        connect: ANSWER,
        answer: ANSWER,
        gathering: PATIENCE,
        retries: 0,
        ..settings.limits
    };
    Fetcher::new(Settings { limits, ..settings })
}
