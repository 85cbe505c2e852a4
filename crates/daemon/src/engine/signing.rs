//! One signature: checked, recorded, agreed to, signed, released.

mod login;
mod options;

use std::path::PathBuf;

use kyso::recorder::{Intent, Outcome};
use kyso::sign::{
    BatchOptions, Inspection, SignError, SignatureFormat as Format, Task, inspect, sign_batch,
};
use kyso::signer::{Fit, Signer};
use kyso_protocol::{Consent, Lang, OperationState, SignatureOptions};
use kyso_token::Credential;
use kyso_x509::Time;

use super::consent::{Agreed, Asking};
use super::operations::{Done, Ended, Handle};
use super::question::{Question, Scope};
use super::record::{self, Recorded};
use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, RequestError};
use crate::explain;
use crate::store::operations::ResultFile;

pub(crate) use login::{lease, open};
pub(crate) use options::{family, format, preference, result_name};

/// A document's bytes and what its client calls it.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Where the bytes lie.
    pub(crate) path: PathBuf,
    /// The name that the client claims, which is recorded.
    pub(crate) name: String,
}

/// A signature that can be made, as far as that shows without a key.
pub(crate) struct Plan {
    pub(crate) credential: Credential,
    pub(crate) fit: Fit,
    pub(crate) file: SourceFile,
    pub(crate) format: Format,
    pub(crate) inspection: Inspection,
    pub(crate) target: PathBuf,
}

impl Plan {
    /// Checks options, certificate and document; nobody is asked for anything.
    ///
    /// # Errors
    /// [`RequestError`], [`SignError`].
    pub(crate) fn check(
        app: &App,
        credential: &Credential,
        file: SourceFile,
        options: &SignatureOptions,
        target: PathBuf,
    ) -> Result<Self, ApiError> {
        let fit = fit(app, credential, options)?;
        let format = format(&file, options)?;
        let inspection = inspect(&file.path, &format)?;
        Ok(Self { credential: credential.clone(), fit, file, format, inspection, target })
    }

    /// What a person, or a policy, is asked.
    pub(crate) fn question(&self, lang: Lang) -> Question {
        let scope = Scope::of(&self.credential, family(&self.format), 1);
        let certificate = self.fit.certificate();
        let name = &self.file.name;
        Question::signature(name, &self.inspection, self.format.name(), certificate, scope, lang)
    }

    /// The request as it is recorded; signing finds the very same.
    pub(crate) fn intent(
        &self,
        requester: String,
        operation: &str,
        consent: Option<&str>,
    ) -> Intent {
        Intent {
            requester,
            document_sha256: self.inspection.sha256,
            document_name: self.file.name.clone(),
            certificate_sha256: Scope::of(&self.credential, "", 1).certificate_sha256,
            token_serial: self.fit.token_serial().to_owned(),
            mechanism: self.fit.algorithm().to_string(),
            format: self.format.name().to_owned(),
            operation: Some(operation.to_owned()),
            consent: consent.map(str::to_owned),
        }
    }

    /// Records the request, asks, signs.
    ///
    /// # Errors
    /// [`Ended`]; whatever it is, the journal says so.
    pub(crate) fn ask_and_sign(
        self,
        app: &App,
        handle: &Handle,
        caller: &Caller,
        wanted: Option<&Consent>,
    ) -> Result<Done, Ended> {
        let operation = handle.id.to_string();
        let requester = caller.peer.requester();
        let question = self.question(caller.lang);
        handle.intends(result_name(&self.file.name, &self.format), self.format.name());
        let target = self.target.clone();
        let asking = match Asking::prepare(app, caller, wanted, &question) {
            Ok(asking) => asking,
            Err(error) => {
                // Also what a policy refuses is a request that was made.
                let intent = self.intent(requester, &operation, None);
                let outcome = Outcome::Failed { code: error.code() };
                record::refused(&app.journal, &[intent], &outcome)?;
                return Err(error.into());
            }
        };
        let intent = self.intent(requester, &operation, Some(asking.id()));
        let recorded = Recorded::intend(&app.journal, intent)?;
        let ended = match asking.ask(app, handle, caller, &question) {
            Ok(agreed) => match self.sign(app, handle, caller, &agreed, &recorded) {
                Ok(done) => return Ok(done),
                Err(ended) => ended,
            },
            Err(ended) => ended,
        };
        recorded.end(record::outcome(&ended, handle.withdrawn()))?;
        remove_folder(&target);
        Err(ended)
    }

    /// Waits for the token, logs in, signs, logs out.
    fn sign(
        self,
        app: &App,
        handle: &Handle,
        caller: &Caller,
        agreed: &Agreed,
        recorded: &Recorded<'_>,
    ) -> Result<Done, Ended> {
        make_folder(&self.target)?;
        let lease = lease(app, handle, &self.credential)?;
        let signer = open(app, handle, caller.lang, &self.fit, agreed)?;
        handle.enter(OperationState::Running);
        let warnings = warnings(&signer, caller.lang);
        let options = BatchOptions {
            signing_time: jiff::Zoned::now(),
            requester: caller.peer.requester(),
            consent: Some(agreed.id.clone()),
            sessions: 1,
            overwrite: false,
            contents_size: None,
            stop: handle.stop().clone(),
        };
        let format = self.format.name().to_owned();
        let name = result_name(&self.file.name, &self.format);
        let task = Task {
            source: self.file.path,
            name: Some(self.file.name),
            target: self.target,
            format: self.format,
            operation: Some(handle.id.to_string()),
        };
        let results = sign_batch(vec![task], &signer, recorded, &options, &|_, _| {});
        if let Err(error) = signer.close() {
            tracing::warn!(%error, "no log-out");
        }
        drop(lease);
        let released = match results.into_iter().next() {
            Some(Ok(released)) => released,
            Some(Err(_)) if recorded.found_another() => {
                return Err(RequestError::DocumentChanged.into());
            }
            Some(Err(SignError::Cancelled)) | None => return Err(Ended::Cancelled),
            Some(Err(error)) => {
                app.tokens().forget();
                return Err(error.into());
            }
        };
        let entry = released.receipt().entry;
        let result = match &released.receipt().outcome {
            Outcome::Signed { released_sha256, .. } | Outcome::Extended { released_sha256, .. } => {
                Some(ResultFile { name, sha256: *released_sha256, len: released.value().len })
            }
            Outcome::Failed { .. } | Outcome::Cancelled => None,
        };
        Ok(Done { entry: Some(entry), result, format: Some(format), warnings })
    }
}

/// The certificate checked as fit to sign with these options, now.
///
/// # Errors
/// [`SignError`], [`RequestError::LevelNotSupported`].
pub(crate) fn fit(
    app: &App,
    credential: &Credential,
    options: &SignatureOptions,
) -> Result<Fit, ApiError> {
    if let Some(level) = options.level.as_deref().filter(|level| *level != "B-B") {
        return Err(RequestError::LevelNotSupported { level: level.to_owned() }.into());
    }
    let now = Time::from_unix_seconds(crate::clock::now().as_second());
    Ok(Fit::check(credential, preference(options), &app.settings().trust, now)?)
}

/// Makes the folder of a result; its name must survive what the file survives.
fn make_folder(target: &std::path::Path) -> Result<(), ApiError> {
    let unwritable = |error| SignError::Unwritable { path: target.to_path_buf(), error };
    let Some(folder) = target.parent() else { return Ok(()) };
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    if let Some(above) = folder.parent() {
        std::fs::File::open(above).and_then(|it| it.sync_all()).map_err(unwritable)?;
    }
    Ok(())
}

/// Removes the folder of a result that did not come; one with something in it stays.
fn remove_folder(target: &std::path::Path) {
    if let Some(folder) = target.parent() {
        // Not empty, or not there: both are as they should be.
        let _ = std::fs::remove_dir(folder);
    }
}

/// What whoever signs should know: of what was not checked, and of the certificate's own future.
pub(crate) fn warnings(signer: &Signer, lang: Lang) -> Vec<String> {
    let now = Time::from_unix_seconds(crate::clock::now().as_second());
    let mut warnings = explain::sign::warnings(signer.path(), lang);
    warnings.extend(crate::warnings::texts(signer.certificate(), now, lang));
    warnings
}
