//! Signing in this process.

use kyso::sign::{BatchOptions, Stop, Task, sign_batch};
use kyso::signer::{Preference, RsaScheme};
use kyso_token::HashAlgorithm;
use kyso_x509::Time;

use super::{Report, Row, Signed, progress, receipt_path, status};
use crate::appearance;
use crate::args::{Hash, RsaPadding, SignArgs};
use crate::desk::Desk;
use crate::journal;
use crate::out::tell;
use kyso_daemon::explain::sign as sign_problem;
use kyso_daemon::text::Problem;

/// Signs the files with one log-in.
pub(super) fn sign(
    desk: &Desk,
    arguments: &SignArgs,
    mut tasks: Vec<Task>,
) -> Result<Report, Problem> {
    let lang = desk.lang();
    // Before anybody types a PIN: a journal that cannot be written means that nothing is signed.
    let journal = desk.journal_to_sign()?;
    let signing_time = jiff::Zoned::now();
    let now = Time::from_unix_seconds(signing_time.timestamp().as_second());
    let trust = desk.signing_trust(&arguments.trust, &arguments.untrusted)?;
    let chosen = desk.credential(arguments.credential.as_deref())?;
    // Before the PIN: a certificate that is revoked signs nothing more.
    let unchecked = status::before_signing(desk, arguments, &chosen.credential, now)?;
    appearance::fill(desk, arguments, &chosen.credential, &mut tasks)?;
    let signer = chosen
        .open(&desk.prompt(), preference(arguments), &trust, now)
        .map_err(|error| sign_problem::explain(&error, lang))?;
    let mut warnings: Vec<String> = sign_problem::path_warning(signer.path(), lang)
        .into_iter()
        .chain(unchecked.map(|why| sign_problem::status_warning(&why, lang)))
        .collect();
    warnings.extend(kyso_daemon::warnings::texts(signer.certificate(), now, lang));
    for warning in &warnings {
        tell!("{}: {warning}", lang.pick("cảnh báo", "warning"));
    }

    let options = BatchOptions {
        signing_time,
        requester: desk.requester(),
        consent: None,
        sessions: usize::from(arguments.sessions),
        overwrite: arguments.force,
        contents_size: None,
        stop: Stop::default(),
    };
    let sources: Vec<_> = tasks.iter().map(|task| task.source.clone()).collect();
    let formats: Vec<_> = tasks.iter().map(|task| task.format.name()).collect();
    let progress = progress(tasks.len(), lang.pick("Đang ký", "Signing"));
    let results = sign_batch(tasks, &signer, &journal, &options, &|_, _| progress.inc(1));
    progress.finish_and_clear();
    if results.iter().any(Result::is_ok) {
        appearance::remember(desk, arguments, signer.certificate());
    }
    if let Err(error) = signer.close() {
        tell!("{}: {error}", lang.pick("cảnh báo: không đăng xuất được", "warning: no log-out"));
    }
    let rows = sources.into_iter().zip(formats).zip(results).map(|((source, format), result)| {
        let ended = match result {
            Ok(released) => {
                let (path, entry) = (released.value().path.clone(), released.receipt().entry);
                let receipt = arguments.receipt.then(|| {
                    let place = receipt_path(&path);
                    journal::write_receipt(&journal, entry, &place, arguments.force, lang)
                });
                let unproven = receipt.and_then(Result::err);
                Ok(Signed { path, format: format.to_owned(), entry, unproven, raised: None })
            }
            Err(error) => Err(sign_problem::explain(&error, lang)),
        };
        Row { source, ended }
    });
    Ok(Report { rows: rows.collect(), warnings })
}

fn preference(arguments: &SignArgs) -> Preference {
    Preference {
        rsa: match arguments.rsa_padding {
            RsaPadding::Pss => RsaScheme::Pss,
            RsaPadding::Pkcs1 => RsaScheme::Pkcs1,
        },
        digest: match arguments.digest {
            Hash::Sha256 => HashAlgorithm::Sha256,
            Hash::Sha384 => HashAlgorithm::Sha384,
            Hash::Sha512 => HashAlgorithm::Sha512,
        },
    }
}
