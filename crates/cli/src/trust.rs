//! `kyso trust`: stores of anchors, their pins, and the bundle that carries them.

mod bundle;
mod show;

use std::path::PathBuf;

use kyso::trust::{Adding, Consent, Role, add, check};
use kyso_x509::{Certificate, Time};
use serde_json::json;

use crate::args::{TrustAddArgs, TrustCommand};
use crate::desk::Desk;
use crate::out::{self, say};
use kyso_daemon::explain::trust as explain;
use kyso_daemon::text::{Lang, Problem};

/// Something about the stores is wrong.
const WRONG: u8 = 1;

pub(crate) fn run(desk: &Desk, command: &TrustCommand) -> Result<u8, Problem> {
    match command {
        TrustCommand::Add(arguments) => adding(desk, arguments),
        TrustCommand::List(json) => list(desk, json.json),
        TrustCommand::Check(json) => checking(desk, json.json),
        TrustCommand::Bundle(arguments) => bundle::make(desk, arguments),
        TrustCommand::Import(arguments) => bundle::import(desk, arguments),
    }
}

/// Where the stores lie.
fn root(desk: &Desk) -> Result<PathBuf, Problem> {
    let lang = desk.lang();
    desk.trust_stores().ok_or_else(|| {
        Problem::new(
            "trust-stores-nowhere",
            lang.pick("không biết kho tin cậy ở đâu", "there is no place for trust stores"),
            lang.pick("biến HOME không được đặt", "HOME is not set"),
            lang.pick(
                "ghi `trust-stores` vào tệp cấu hình",
                "set `trust-stores` in the configuration file",
            ),
        )
    })
}

fn now() -> Time {
    Time::from_unix_seconds(jiff::Timestamp::now().as_second())
}

/// SHA-256 in hexadecimal digits, with or without colons.
fn sha256(text: &str, lang: Lang) -> Result<[u8; 32], Problem> {
    let digits: String = text.chars().filter(|letter| *letter != ':').collect();
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| {
        Problem::new(
            "fingerprint-malformed",
            lang.pick("đây không phải mã SHA-256", "this is no SHA-256"),
            text.to_owned(),
            lang.pick(
                "ghi 64 chữ số thập lục phân như `openssl x509 -fingerprint -sha256` cho thấy",
                "give 64 hexadecimal digits, as `openssl x509 -fingerprint -sha256` shows them",
            ),
        )
    })?;
    Ok(bytes)
}

/// The person at the terminal.
struct Person {
    lang: Lang,
}

impl Consent for Person {
    fn agrees(&self, certificate: &Certificate, role: Role, store: &str) -> bool {
        use std::io::{BufRead as _, IsTerminal as _, Write as _};
        if !std::io::stdin().is_terminal() {
            return false;
        }
        let subject = out::shown(&certificate.subject().to_string());
        let question = self.lang.pick(
            format!("Thêm {subject}\n  SHA-256 {}\n  vào kho «{store}» ({})? Gõ «có» nếu đã so mã với nơi phát hành:",
                explain::of(certificate), show::role(role, self.lang)),
            format!("Add {subject}\n  SHA-256 {}\n  to store {store} ({})? Type “yes” if its issuer confirmed the SHA-256:",
                explain::of(certificate), show::role(role, self.lang)),
        );
        eprint!("{question} ");
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        let answer = answer.trim().to_lowercase();
        read.is_ok() && ["có", "co\u{301}", "yes"].contains(&answer.as_str())
    }
}

fn adding(desk: &Desk, arguments: &TrustAddArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    let root = root(desk)?;
    let fingerprint =
        arguments.fingerprint.as_deref().map(|text| sha256(text, lang)).transpose()?;
    let adding = Adding {
        root: &root,
        file: &arguments.file,
        store: arguments.store.as_deref(),
        policy: arguments.policy.as_deref(),
        fingerprint,
    };
    let added = add(&adding, &Person { lang }).map_err(|error| explain::explain(&error, lang))?;
    if arguments.json.json {
        let rows = added.iter().map(|one| {
            json!({
                "subject": one.certificate.subject().to_string(),
                "sha256": hex::encode(one.certificate.sha256_fingerprint().as_bytes()),
                "store": one.store, "role": one.role.as_str(), "pinned": one.pinned,
                "file": one.file.to_string_lossy(), "was_there": one.was_there,
            })
        });
        out::json(&json!({ "added": rows.collect::<Vec<_>>() }));
        return Ok(0);
    }
    for one in &added {
        let subject = out::shown(&one.certificate.subject().to_string());
        let role = show::role(one.role, lang);
        let word = match (one.was_there, one.pinned) {
            (true, _) => lang.pick("đã có sẵn", "was there already"),
            (false, true) => {
                lang.pick("đã thêm, khớp dấu vân tay đã ghim", "added, matches its pin")
            }
            (false, false) => lang.pick("đã thêm", "added"),
        };
        say!(
            "{}: {word} ({role})\n  {subject}\n  SHA-256 {}",
            one.store,
            explain::of(&one.certificate)
        );
    }
    Ok(0)
}

fn list(desk: &Desk, as_json: bool) -> Result<u8, Problem> {
    let lang = desk.lang();
    let stores =
        kyso::trust::stores(&root(desk)?).map_err(|error| explain::explain(&error, lang))?;
    if as_json {
        out::json(&json!({ "stores": stores.iter().map(show::json).collect::<Vec<_>>() }));
    } else if stores.is_empty() {
        say!(
            "{}",
            lang.pick(
                "Chưa có kho tin cậy nào; thêm chứng thư gốc bằng `kyso trust add TỆP`.",
                "There is no trust store yet; add an anchor with `kyso trust add FILE`.",
            )
        );
    } else {
        stores.iter().for_each(|store| show::tell(store, lang));
    }
    Ok(0)
}

fn checking(desk: &Desk, as_json: bool) -> Result<u8, Problem> {
    let lang = desk.lang();
    let (stores, remarks) =
        check(&root(desk)?, now()).map_err(|error| explain::explain(&error, lang))?;
    let grave = remarks.iter().any(|remark| remark.grave);
    if as_json {
        let rows = remarks.iter().map(|remark| {
            let (code, text) = show::remark(remark, lang);
            json!({ "folder": remark.folder.to_string_lossy(), "code": code, "grave": remark.grave, "text": text })
        });
        out::json(&json!({
            "stores": stores.iter().map(show::json).collect::<Vec<_>>(),
            "remarks": rows.collect::<Vec<_>>(),
        }));
    } else {
        for remark in &remarks {
            let (_, text) = show::remark(remark, lang);
            say!("{} {}: {text}", if remark.grave { "✗" } else { "!" }, out::path(&remark.folder));
        }
        if !grave {
            let count = stores.len();
            say!(
                "{}",
                lang.pick(
                    format!("✓ {count} kho tin cậy dùng được."),
                    format!("✓ {count} trust store(s) can be used."),
                )
            );
        }
    }
    Ok(if grave { WRONG } else { 0 })
}

/// What `kyso doctor` says of the stores: whether it is well, and the words.
pub(crate) fn looked(desk: &Desk) -> Vec<(bool, String)> {
    let lang = desk.lang();
    let Some(root) = desk.trust_stores() else { return Vec::new() };
    match check(&root, now()) {
        Err(error) => vec![(false, explain::explain(&error, lang).to_string())],
        Ok((stores, remarks)) => {
            let rows = stores.iter().map(|store| (true, show::line(store, lang)));
            let said = remarks.iter().map(|remark| {
                let (_, text) = show::remark(remark, lang);
                (!remark.grave, format!("{}: {text}", out::path(&remark.folder)))
            });
            rows.chain(said).collect()
        }
    }
}
