//! Importing what the authority sent back.

use kyso_journal::ReissuanceTransition;
use kyso_protocol::{AnswerRequest, ReissuanceRequest, ReissuanceState};
use kyso_reissue::{Refusal, check_answer};
use kyso_x509::path::{PathPolicy, validate_path};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, Time};

use super::dossier::Dossier;
use super::record::{Said, check, known, transition};
use super::{Act, draft, projection, view};
use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, ReissuanceError};
use crate::{clock, explain};

/// Most characters of an authority's refusal: a page; four bytes each stay below the journal's bound.
const MOST_REFUSAL_CHARACTERS: usize = 1_000;

/// Records the answer. The same answer again is answered as the first time.
///
/// # Errors
/// [`ReissuanceError`]; where journal or tables fail.
pub(crate) fn answer(
    app: &App,
    caller: &Caller,
    request: &str,
    answer: &AnswerRequest,
) -> Result<ReissuanceRequest, ApiError> {
    let _act = Act::begin(app, request)?;
    projection::catch_up(app)?;
    let row = known(app, request)?;
    let (said, warnings) = match answer {
        AnswerRequest::Refused { reason } => (refused(reason)?, Vec::new()),
        AnswerRequest::Issued { certificate } => {
            let (issued, beside) = draft::stated_certificate(certificate)?;
            let sha256 = hash(&issued.sha256_fingerprint());
            if view::state(&row) == ReissuanceState::Answered
                && row.facts.issued == Some(hex::encode(sha256))
            {
                return view::show(app, request, caller.lang);
            }
            // Not a word about the certificate where no answer is awaited.
            check(app, request, ReissuanceTransition::Answered)?;
            let warnings = examine(app, &Dossier::load(app, request)?, &issued, beside, caller)?;
            (Said { document: Some(sha256), issued: Some(sha256), ..Said::default() }, warnings)
        }
    };
    if view::state(&row) == ReissuanceState::Answered
        && said.answer.is_some()
        && row.facts.refusal == said.answer
    {
        return view::show(app, request, caller.lang);
    }
    let requester = caller.peer.requester();
    transition(app, request, &requester, ReissuanceTransition::Answered, said)?;
    let mut shown = view::show(app, request, caller.lang)?;
    shown.warnings.extend(warnings);
    Ok(shown)
}

fn refused(reason: &str) -> Result<Said, ReissuanceError> {
    let length = reason.chars().count();
    if reason.trim().is_empty() || length > MOST_REFUSAL_CHARACTERS {
        return Err(ReissuanceError::RefusalText { length, most: MOST_REFUSAL_CHARACTERS });
    }
    Ok(Said {
        document: Some(hash(&DigestAlgorithm::Sha256.digest(reason.as_bytes()))),
        answer: Some(reason.to_owned()),
        code: Some(Refusal::Unstated.as_str().to_owned()),
        ..Said::default()
    })
}

/// Holds the new certificate against the request and, where there are anchors, its path against them.
fn examine(
    app: &App,
    dossier: &Dossier,
    issued: &Certificate,
    beside: Vec<Certificate>,
    caller: &Caller,
) -> Result<Vec<String>, ApiError> {
    let lang = caller.lang;
    let now = Time::from_unix_seconds(clock::now().as_second());
    let asked = dossier.request()?;
    let checked = check_answer(&dossier.certificate()?, asked.requested(), issued, now)
        .map_err(|error| ReissuanceError::Answer(Box::new(error)))?;
    let mut warnings: Vec<String> =
        checked.warnings.iter().map(|one| explain::reissue::answer_warning(one, lang)).collect();
    let trust = &app.settings().trust;
    if trust.anchors.is_empty() {
        warnings.push(explain::reissue::answer_unanchored(lang).to_owned());
    } else {
        // Authorities date certificates ahead; such a one is judged at its first second.
        let time = now.max(issued.validity().not_before);
        let policy = PathPolicy::document_signing();
        let mut candidates = trust.candidates.clone();
        candidates.extend(beside);
        candidates.extend(dossier.issuers());
        validate_path(issued, &candidates, &trust.anchors, &policy, time)
            .map_err(|error| ReissuanceError::AnswerPath(Box::new(error)))?;
    }
    Ok(warnings)
}

fn hash(digest: &Digest) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_bytes());
    hash
}
