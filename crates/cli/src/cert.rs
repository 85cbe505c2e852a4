//! `kyso cert list`, `kyso cert validate`.

pub(crate) mod validate;

use std::path::{Path, PathBuf};

use kyso_token::{Credential, KeyStore as _};
use kyso_x509::{Certificate, Time};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::out::{say, tell};
use kyso_daemon::certificates::{self, key_name, unusable};
use kyso_daemon::explain::sign::date;
use kyso_daemon::explain::token as token_problem;
use kyso_daemon::text::{Lang, Problem};
use kyso_daemon::warnings;

/// Lists what can sign; certificates that cannot (expired, not for signing) say so.
pub(crate) fn list(
    desk: &Desk,
    as_json: bool,
    remote: bool,
    files: &[PathBuf],
    pin_file: Option<&Path>,
) -> Result<u8, Problem> {
    let lang = desk.lang();
    let mut credentials = match desk.tokens().credentials() {
        Ok(found) => found,
        // Key files can be listed on a machine without any module.
        Err(error) if files.is_empty() && desk.config().remote.is_empty() => {
            return Err(token_problem::explain(&error, lang));
        }
        Err(_) => Vec::new(),
    };
    for file in files {
        credentials.extend(desk.key_file_credentials(file, pin_file)?);
    }
    for found in desk.remote_credentials(remote) {
        match found {
            Ok(found) => credentials.extend(found),
            // A service that is away hides nothing that is here.
            Err(problem) => tell!("{}: {}", problem.what, problem.why),
        }
    }
    let now = Time::from_unix_seconds(jiff::Timestamp::now().as_second());
    if as_json {
        let rows: Vec<Value> = credentials.iter().map(|one| row(one, now, lang)).collect();
        crate::out::json(&json!({ "certificates": rows }));
        return Ok(0);
    }
    if credentials.is_empty() {
        tell!(
            "{}",
            lang.pick(
                "Không thấy chứng thư nào. Cắm token vào, rồi xem `kyso doctor`.",
                "No certificate was found. Insert the token, then see `kyso doctor`.",
            )
        );
    }
    for credential in &credentials {
        print(credential, now, lang);
    }
    Ok(0)
}

fn print(credential: &Credential, now: Time, lang: Lang) {
    let Ok(certificate) = Certificate::from_der(&credential.certificate) else {
        say!(
            "{}\n  {}",
            credential.uri,
            lang.pick("không đọc được chứng thư", "unreadable certificate")
        );
        return;
    };
    let subject = certificate.subject();
    say!("{}", subject.display_name());
    say!("  {subject}");
    let (issuer, valid, key, uri) =
        lang.pick(("cơ quan cấp", "hiệu lực", "khóa", "URI"), ("issuer", "valid", "key", "URI"));
    say!("  {issuer}: {}", certificate.issuer());
    let validity = certificate.validity();
    say!("  {valid}: {} – {}", date(validity.not_before), date(validity.not_after));
    say!(
        "  {key}: {}, token {} ({})",
        key_name(credential.key_type),
        credential.token.label,
        credential.token.serial
    );
    say!("  {uri}: {}", credential.uri);
    if let Some(reason) = unusable(credential, &certificate, now, lang) {
        say!("  {}: {}", lang.pick("KHÔNG ký được", "CANNOT sign"), reason.what);
    }
    for warning in warnings::texts(&certificate, now, lang) {
        say!("  ! {warning}");
    }
}

fn row(credential: &Credential, now: Time, lang: Lang) -> Value {
    let certificate = Certificate::from_der(&credential.certificate).ok();
    let text = |pick: fn(&Certificate) -> String| certificate.as_ref().map(pick);
    json!({
        "uri": credential.uri,
        "subject": text(|c| c.subject().to_string()),
        "issuer": text(|c| c.issuer().to_string()),
        "serial": text(Certificate::serial_hex),
        "sha256": text(|c| hex::encode(c.sha256_fingerprint().as_bytes())),
        "not_before": text(|c| c.validity().not_before.to_string()),
        "not_after": text(|c| c.validity().not_after.to_string()),
        "key": key_name(credential.key_type),
        "token": { "label": credential.token.label, "serial": credential.token.serial },
        "unusable": certificate
            .as_ref()
            .and_then(|c| unusable(credential, c, now, Lang::En))
            .map(|problem| problem.what),
        "warnings": certificates::row(credential, now, lang).map(|row| row.warnings),
    })
}
