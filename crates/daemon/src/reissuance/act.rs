//! What asks the person: submitting a request, and signing its form. Each attempt is recorded, whatever comes of it.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use kyso_journal::{AttemptEnd, ReissuanceTransition};
use kyso_protocol::{
    ExportRequest, Operation, OperationKind, SignatureFormat, SignatureOptions, SubmitRequest,
};
use kyso_reissue::Validated;
use serde_json::json;

use super::dossier::{self, Dossier};
use super::record::{self, Said};
use super::{Act, form};
use crate::app::App;
use crate::caller::Caller;
use crate::engine::consent;
use crate::engine::operations::{Done, Ended, Handle};
use crate::engine::question::{self, Question, Scope};
use crate::engine::signing::{Plan, SourceFile};
use crate::error::{ApiError, StateError};
use crate::store::StoreError;
use crate::store::operations::OperationRow;
use crate::text::Lang;
use crate::{explain, tokens};

/// What a policy sees as the format of a submission, which signs nothing.
const SUBMISSION: &str = "reissuance-submission";

/// Longest line of a question, in bytes.
const MOST_LINE: usize = 200;

/// Most changed attributes shown one by one; a subject has rarely more than ten attributes.
const MOST_CHANGES: usize = 12;

/// Begins to ask the person whether to submit a request.
///
/// # Errors
/// [`crate::error::ReissuanceError`]; where journal or tables fail.
pub(crate) fn submit(
    app: &App,
    caller: &Caller,
    request: &str,
    asked: SubmitRequest,
) -> Result<Operation, ApiError> {
    if let Some(row) = begun(app, caller)? {
        return Ok(row.operation());
    }
    let act = Act::begin(app, request)?;
    record::check(app, request, ReissuanceTransition::Submitted)?;
    let dossier = Dossier::load(app, request)?;
    let question = submission(&dossier, &dossier.request()?, caller.lang)?;
    let (id, caller_of_work) = (request.to_owned(), caller.clone());
    let work = move |app: &App, handle: &Handle| {
        let _act = act;
        let wanted = asked.consent.as_ref();
        match consent::ask(app, handle, &caller_of_work, wanted, &question) {
            Ok(agreed) => {
                let said = Said { consent: Some(agreed.id), ..Said::default() };
                let requester = caller_of_work.peer.requester();
                let transition = ReissuanceTransition::Submitted;
                let recorded = record::transition(app, &id, &requester, transition, said)?;
                Ok(Done { entry: Some(recorded.entry), ..Done::default() })
            }
            Err(ended) => Err(failed(
                app,
                handle,
                &caller_of_work,
                &id,
                ReissuanceTransition::Submitted,
                ended,
            )),
        }
    };
    let kind = OperationKind::ReissuanceSubmission;
    app.operations().start(app, kind, caller, json!({ "request": request }), work)
}

/// Begins to sign a request's form: asks the person, and for the PIN.
///
/// # Errors
/// [`crate::error::ReissuanceError`]; the credential's; where journal or tables fail.
pub(crate) fn export(
    app: &App,
    caller: &Caller,
    request: &str,
    asked: ExportRequest,
) -> Result<Operation, ApiError> {
    if let Some(row) = begun(app, caller)? {
        return Ok(row.operation());
    }
    let act = Act::begin(app, request)?;
    let row = record::check(app, request, ReissuanceTransition::Exported)?;
    let bytes =
        form::of(&Dossier::load(app, request)?, request)?.to_json().map_err(StoreError::Json)?;
    let own = format!("sha256:{}", row.certificate);
    let credential = tokens::resolve(app, Some(asked.credential.as_deref().unwrap_or(&own)))?;
    let form = Form::write(app, &caller.allocated.to_string(), &bytes)?;
    let file = SourceFile { path: form.path.clone(), name: form_name(request) };
    let options = SignatureOptions {
        format: Some(SignatureFormat::Cades),
        detached: false,
        ..SignatureOptions::default()
    };
    let target = app.result_path(&caller.allocated, 0);
    let plan = Plan::check(app, &credential, file, &options, target)?;
    let (id, caller_of_work) = (request.to_owned(), caller.clone());
    let work = move |app: &App, handle: &Handle| {
        let (_act, _form) = (act, form);
        let done = match plan.ask_and_sign(app, handle, &caller_of_work, asked.consent.as_ref()) {
            Ok(done) => done,
            Err(ended) => {
                let transition = ReissuanceTransition::Exported;
                return Err(failed(app, handle, &caller_of_work, &id, transition, ended));
            }
        };
        let said = Said {
            consent: handle.row().consent,
            document: done.result.as_ref().map(|result| result.sha256),
            ..Said::default()
        };
        let requester = caller_of_work.peer.requester();
        let transition = ReissuanceTransition::Exported;
        let recorded = record::transition(app, &id, &requester, transition, said)?;
        Ok(Done { entry: Some(recorded.entry), ..done })
    };
    let kind = OperationKind::ReissuanceExport;
    app.operations().start(app, kind, caller, json!({ "request": request }), work)
}

/// The operation that this very request began before, where a crash left its answer unknown.
fn begun(app: &App, caller: &Caller) -> Result<Option<OperationRow>, ApiError> {
    Ok(app.operations().row(app, &caller.allocated)?)
}

/// Records how an attempt ended that came to nothing, and gives that end back; a record that cannot be written is the
/// worse news.
fn failed(
    app: &App,
    handle: &Handle,
    caller: &Caller,
    request: &str,
    transition: ReissuanceTransition,
    ended: Ended,
) -> Ended {
    let (end, code) = match &ended {
        Ended::Denied => (AttemptEnd::Denied, None),
        Ended::TimedOut => (AttemptEnd::TimedOut, None),
        Ended::Cancelled if handle.withdrawn() => (AttemptEnd::Cancelled, None),
        Ended::Cancelled | Ended::Suspended => {
            (AttemptEnd::Failed, Some("daemon-ended".to_owned()))
        }
        Ended::Failed(error) => (AttemptEnd::Failed, Some(error.code())),
    };
    let requester = caller.peer.requester();
    match record::attempt(app, request, &requester, transition, end, code.as_deref()) {
        Ok(_) => ended,
        Err(error) => Ended::Failed(error),
    }
}

/// What the person is asked before a submission.
fn submission(dossier: &Dossier, request: &Validated, lang: Lang) -> Result<Question, ApiError> {
    let certificate = dossier.certificate()?;
    let facts = request.certificate();
    let scope = Scope {
        certificate_sha256: certificate
            .sha256_fingerprint()
            .as_bytes()
            .try_into()
            .unwrap_or_default(),
        token_serial: facts.token_serial.clone().unwrap_or_default(),
        pin_pad: false,
        format: SUBMISSION.to_owned(),
        items: 1,
    };
    let reason = explain::reissue::reason(request.reason(), lang);
    let mut lines = vec![format!("{}: {reason}", lang.pick("Lý do", "Reason"))];
    let unit = |unit: Option<&kyso_reissue::RequestUnit>| {
        unit.map_or_else(|| "–".to_owned(), kyso_reissue::RequestUnit::name)
    };
    if request.old_unit().is_some() || request.new_unit().is_some() {
        lines.push(format!(
            "{}: {} → {}",
            lang.pick("Đơn vị", "Unit"),
            unit(request.old_unit()),
            unit(request.new_unit())
        ));
    }
    if let Some(email) = request.email() {
        lines.push(format!("{}: {email}", lang.pick("Thư điện tử mới", "New e-mail address")));
    }
    let changes = explain::reissue::changes(request.diff(), lang);
    let left = changes.len().saturating_sub(MOST_CHANGES);
    if changes.is_empty() {
        lines.push(lang.pick("Tên chủ thể giữ nguyên", "The subject stays as it is").to_owned());
    }
    lines.extend(changes.into_iter().take(MOST_CHANGES));
    if left > 0 {
        lines.push(format!("… +{left}"));
    }
    lines.extend(question::signer(&certificate, &scope.token_serial, lang));
    Ok(Question {
        title: lang
            .pick(
                "Gửi đề nghị cấp lại chứng thư này?",
                "Submit this request for a new certificate?",
            )
            .to_owned(),
        lines: lines.iter().map(|line| question::short(line, MOST_LINE)).collect(),
        ok: lang.pick("Gửi", "Submit").to_owned(),
        brief: lang.pick("Đề nghị cấp lại chứng thư", "Request for a new certificate").to_owned(),
        scope,
    })
}

/// The form's file name, as it is recorded and as the signed file is called after it.
fn form_name(request: &str) -> String {
    // The first group of a UUIDv7 is its time: enough to tell a clerk's forms apart.
    let short = request.split('-').next().unwrap_or(request);
    format!("mau-04-{short}.json")
}

/// A form on disk while it is signed.
struct Form {
    path: PathBuf,
}

impl Form {
    fn write(app: &App, operation: &str, bytes: &[u8]) -> Result<Self, ApiError> {
        let folder = dossier::forms(app);
        let path = folder.join(operation);
        write(&folder, &path, bytes).map_err(|error| StateError { path: path.clone(), error })?;
        Ok(Self { path })
    }
}

fn write(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // Not synced: a crash ends the act, and a repeated one writes it again.
    file.write_all(bytes)
}

impl Drop for Form {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "a form cannot be removed");
        }
    }
}
