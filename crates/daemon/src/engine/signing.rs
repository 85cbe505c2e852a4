//! One signature: checked, recorded, agreed to, signed, released.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kyso::recorder::{Intent, Outcome};
use kyso::sign::{
    BatchOptions, Inspection, PadesOptions, SignError, SignatureFormat as Format, Task, inspect,
    sign_batch,
};
use kyso::signer::{Access, Fit, Preference, RsaScheme, Signer};
use kyso_protocol::{
    Consent, DigestChoice, Lang, OperationState, RsaPadding, SignatureFormat, SignatureOptions,
};
use kyso_token::worker::WorkerStore;
use kyso_token::{Credential, HashAlgorithm, PinRefused, TokenError};
use kyso_x509::Time;

use super::consent::{Agreed, Asking};
use super::operations::{Done, Ended, Handle};
use super::question::{Question, Scope};
use super::queue::Waited;
use super::record::{self, Recorded};
use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, RequestError};
use crate::explain;
use crate::store::operations::ResultFile;

/// How often a person may type the PIN for one act.
const TRIES: usize = 3;

/// Between two looks whether the work was stopped while a PIN is asked for.
const LOOK: Duration = Duration::from_millis(100);

/// Longest text of an option, in bytes.
const MOST_TEXT: usize = 512;

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
            Outcome::Signed { released_sha256, .. } => {
                Some(ResultFile { name, sha256: *released_sha256, len: released.value().len })
            }
            Outcome::Failed { .. } | Outcome::Cancelled => None,
        };
        Ok(Done { entry: Some(entry), result, format: Some(format), warnings })
    }
}

/// Signs one file to which somebody has agreed already; its request is recorded here.
///
/// # Errors
/// [`Ended`]; the journal says what came of the request.
#[expect(clippy::too_many_arguments, reason = "the facts of one act; each is used once")]
pub(crate) fn sign_file(
    app: &App,
    handle: &Handle,
    caller: &Caller,
    credential: &Credential,
    agreed: &Agreed,
    file: SourceFile,
    options: &SignatureOptions,
    target: PathBuf,
) -> Result<Done, Ended> {
    let plan = Plan::check(app, credential, file, options, target)?;
    let operation = handle.id.to_string();
    handle.intends(result_name(&plan.file.name, &plan.format), plan.format.name());
    handle.asked(&agreed.id)?;
    let intent = plan.intent(caller.peer.requester(), &operation, Some(&agreed.id));
    let recorded = Recorded::intend(&app.journal, intent)?;
    let ended = match plan.sign(app, handle, caller, agreed, &recorded) {
        Ok(done) => return Ok(done),
        Err(ended) => ended,
    };
    recorded.end(record::outcome(&ended, handle.withdrawn()))?;
    Err(ended)
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

/// Waits for the credential's token, which shows.
///
/// # Errors
/// [`Ended`]: the wait was too long, or the work was stopped.
pub(crate) fn lease(
    app: &App,
    handle: &Handle,
    credential: &Credential,
) -> Result<crate::tokens::Lease, Ended> {
    let patience = app.settings().bounds.token_patience;
    let waits = || handle.enter(OperationState::WaitingForToken);
    match app.tokens().lease(credential, patience, handle.stop(), waits) {
        Ok(lease) => Ok(lease),
        Err(Waited::Stopped) => Err(Ended::Cancelled),
        Err(Waited::TooLong(waited)) => Err(TokenError::TokenBusy { waited }.into()),
    }
}

/// Logs in; a person who types a wrong PIN is asked again, a few times, and told so.
///
/// The last try before the lock is spent only where the prompt got its own yes for that.
///
/// # Errors
/// [`Ended`]: the person gave no PIN, the token's, or the work was stopped.
pub(crate) fn open(
    app: &App,
    handle: &Handle,
    lang: Lang,
    fit: &Fit,
    agreed: &Agreed,
) -> Result<Signer, Ended> {
    let mut asking = agreed.clone();
    for left in (0..TRIES).rev() {
        let _turn = agreed.turn(app, handle)?;
        if handle.stop_requested() {
            return Err(Ended::Cancelled);
        }
        handle.enter(OperationState::WaitingForPin);
        let store = app.tokens().store();
        let access = Access::Store { store: &*store, source: &asking.pin, prompt: &() };
        let opened = withdrawable(handle, &store, fit.credential(), || fit.clone().open(access));
        match opened {
            Ok(_) if handle.stop_requested() => return Err(Ended::Cancelled),
            Ok(signer) => return Ok(signer),
            Err(TokenError::PinIncorrect { state })
                if left > 0 && !state.locked && agreed.asks_a_person() =>
            {
                asking = agreed
                    .with_notice(lang.pick("PIN vừa nhập không đúng.", "That PIN was wrong."));
            }
            // The person withdrew or said no at the PIN: as much a no as at the question before.
            Err(_) if handle.stop_requested() => return Err(Ended::Cancelled),
            Err(TokenError::PinRefused(PinRefused::Cancelled)) => return Err(Ended::Denied),
            Err(TokenError::PinRefused(PinRefused::TimedOut)) => return Err(Ended::TimedOut),
            Err(error) => {
                app.tokens().forget();
                return Err(error.into());
            }
        }
    }
    // Not reached: the last round returns.
    Err(Ended::Denied)
}

/// Opens an act; the question for the PIN is taken back as soon as the work is stopped.
fn withdrawable<T>(
    handle: &Handle,
    store: &WorkerStore,
    credential: &Credential,
    open: impl FnOnce() -> T,
) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                // Again and again: the worker may not have come to its question yet.
                if handle.stop_requested()
                    && let Err(error) = store.withdraw(credential)
                {
                    tracing::warn!(%error, "a question for a PIN cannot be taken back");
                }
                std::thread::park_timeout(LOOK);
            }
        });
        // Also where it panics: the scope waits for its threads.
        let _end = End { done: &done, watch: watch.thread() };
        open()
    })
}

/// Ends the watch when it is dropped.
struct End<'a> {
    done: &'a AtomicBool,
    watch: &'a std::thread::Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        self.watch.unpark();
    }
}

/// Format and options as the library takes them; a document that begins as a PDF is signed as one unless something else is said.
///
/// # Errors
/// [`RequestError`].
pub(crate) fn format(
    file: &SourceFile,
    options: &SignatureOptions,
) -> Result<Format, RequestError> {
    let pades = match options.format {
        Some(format) => format == SignatureFormat::Pades,
        None => !options.detached && is_pdf(file),
    };
    let texts =
        [("field", &options.field), ("reason", &options.reason), ("location", &options.location)];
    for (option, text) in texts {
        if text.as_ref().is_some_and(|text| text.len() > MOST_TEXT) {
            return Err(RequestError::TextTooLong { option, limit: MOST_TEXT });
        }
        if text.is_some() && !pades {
            return Err(RequestError::OptionUnfit { option, format: "cades" });
        }
    }
    if !pades {
        return Ok(Format::Cades { detached: options.detached });
    }
    if options.detached {
        return Err(RequestError::OptionUnfit { option: "detached", format: "pades" });
    }
    Ok(Format::Pades(PadesOptions {
        field: options.field.clone(),
        reason: options.reason.clone(),
        location: options.location.clone(),
    }))
}

/// The short name of a format, as requests and policies write it.
pub(crate) const fn family(format: &Format) -> &'static str {
    match format {
        Format::Pades(_) => "pades",
        Format::Cades { .. } => "cades",
    }
}

/// Scheme and digest as the library takes them.
pub(crate) fn preference(options: &SignatureOptions) -> Preference {
    Preference {
        rsa: match options.rsa_padding {
            RsaPadding::Pss => RsaScheme::Pss,
            RsaPadding::Pkcs1 => RsaScheme::Pkcs1,
        },
        digest: match options.digest {
            DigestChoice::Sha256 => HashAlgorithm::Sha256,
            DigestChoice::Sha384 => HashAlgorithm::Sha384,
            DigestChoice::Sha512 => HashAlgorithm::Sha512,
        },
    }
}

/// Whether it says that it is a PDF, by its first bytes or else by its name.
fn is_pdf(file: &SourceFile) -> bool {
    use std::io::Read as _;
    let mut head = Vec::new();
    let read = std::fs::File::open(&file.path).and_then(|it| it.take(1024).read_to_end(&mut head));
    let named = file.name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("pdf"));
    named || (read.is_ok() && head.windows(5).any(|window| window == b"%PDF-"))
}

/// The file name that suits a signed document.
pub(crate) fn result_name(name: &str, format: &Format) -> String {
    match format {
        Format::Pades(_) => {
            let stem = match name.rsplit_once('.') {
                Some((stem, _)) if !stem.is_empty() => stem,
                _ => name,
            };
            format!("{stem}-signed.pdf")
        }
        Format::Cades { detached: true } => format!("{name}.p7s"),
        Format::Cades { detached: false } => format!("{name}.p7m"),
    }
}

/// What whoever signs should know: of what was not checked, and of the certificate's own future.
pub(crate) fn warnings(signer: &Signer, lang: Lang) -> Vec<String> {
    let now = Time::from_unix_seconds(crate::clock::now().as_second());
    let mut warnings = explain::sign::warnings(signer.path(), lang);
    warnings.extend(crate::warnings::texts(signer.certificate(), now, lang));
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_named_as_the_command_names_them() {
        let pades = Format::Pades(PadesOptions::default());
        let cades = |detached| Format::Cades { detached };
        assert_eq!(result_name("đơn.pdf", &pades), "đơn-signed.pdf");
        assert_eq!(result_name("đơn", &pades), "đơn-signed.pdf");
        assert_eq!(result_name(".pdf", &pades), ".pdf-signed.pdf");
        assert_eq!(result_name("x.docx", &cades(true)), "x.docx.p7s");
        assert_eq!(result_name("x.docx", &cades(false)), "x.docx.p7m");
    }

    #[test]
    fn options_fit_their_format() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0");
        std::fs::write(&path, b"%PDF-1.7\n").unwrap();
        let file = SourceFile { path: path.clone(), name: "x".into() };
        let ask = |change: fn(&mut SignatureOptions)| {
            let mut options = SignatureOptions::default();
            change(&mut options);
            format(&file, &options)
        };
        assert!(matches!(ask(|_| ()), Ok(Format::Pades(_))));
        assert!(matches!(ask(|o| o.detached = true), Ok(Format::Cades { detached: true })));
        let unfit = |option, format| Err(RequestError::OptionUnfit { option, format });
        assert_eq!(
            ask(|o| (o.format, o.detached) = (Some(SignatureFormat::Pades), true)).map(drop),
            unfit("detached", "pades")
        );
        assert_eq!(
            ask(|o| (o.detached, o.reason) = (true, Some("a".into()))).map(drop),
            unfit("reason", "cades")
        );
        assert_eq!(
            ask(|o| o.field = Some("a".repeat(513))).map(drop),
            Err(RequestError::TextTooLong { option: "field", limit: 512 })
        );
        std::fs::write(&path, b"text").unwrap();
        assert!(matches!(ask(|_| ()), Ok(Format::Cades { detached: false })));
        let named = SourceFile { path, name: "A.PDF".into() };
        assert!(matches!(format(&named, &SignatureOptions::default()), Ok(Format::Pades(_))));
    }
}
