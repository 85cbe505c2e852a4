//! `kyso doctor`: what is there, what works, and what to do about the rest.

#[cfg(unix)]
mod daemon;

use std::path::Path;

use kyso_token::KeyStore as _;
use kyso_token::profile::{ModuleProfile, module_profiles, trust_pins};
use kyso_x509::path::check_end_entity;
use kyso_x509::{Certificate, PathPolicy, Time};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::out::{self, say};
use kyso_daemon::explain::{sign as sign_problem, token as token_problem};
use kyso_daemon::files;
use kyso_daemon::text::{Lang, Problem};

/// One thing looked at.
struct Looked {
    topic: &'static str,
    ok: bool,
    text: String,
    remedy: Option<String>,
}

pub(crate) fn run(desk: &Desk, as_json: bool) -> Result<u8, Problem> {
    let lang = desk.lang();
    let mut looked = Vec::new();
    modules(desk, &mut looked);
    certificates(desk, &mut looked);
    trust(desk, &mut looked);
    for (ok, text) in crate::trust::looked(desk) {
        let remedy = (!ok).then(|| lang.pick("xem docs/trust.md", "see docs/trust.md").to_owned());
        looked.push(Looked { topic: "trust", ok, text, remedy });
    }
    journal(desk, &mut looked);
    #[cfg(unix)]
    daemon::look(desk, &mut looked);
    if as_json {
        let rows: Vec<Value> = looked
            .iter()
            .map(|one| json!({ "topic": one.topic, "ok": one.ok, "text": one.text, "what_to_do": one.remedy }))
            .collect();
        crate::out::json(&json!({ "findings": rows }));
    } else {
        for one in &looked {
            say!("{} {}", if one.ok { "✓" } else { "✗" }, one.text);
            if let Some(remedy) = &one.remedy {
                say!("    {}: {remedy}", lang.pick("cách xử lý", "what to do"));
            }
        }
    }
    Ok(if looked.iter().all(|one| one.ok) { 0 } else { 2 })
}

fn modules(desk: &Desk, looked: &mut Vec<Looked>) {
    let lang = desk.lang();
    let topic = "modules";
    let found = desk.tokens().modules();
    if found.is_empty() {
        let text = lang.pick(
            "Không thấy phần mềm token (mô-đun PKCS#11) nào.",
            "No token software (PKCS#11 module) was found.",
        );
        let remedy = lang.pick(
            "cài phần mềm của nhà cung cấp token, hoặc thêm đường dẫn vào `modules` trong tệp cấu hình",
            "install the token vendor's software, or add its path to `modules` in the configuration file",
        );
        looked.push(Looked {
            topic,
            ok: false,
            text: text.to_owned(),
            remedy: Some(remedy.to_owned()),
        });
        return;
    }
    let slots = desk.tokens().slots().unwrap_or_default();
    for module in found {
        match module {
            Ok(info) => {
                let profile = profile_note(&info.path, lang);
                let count = slots
                    .iter()
                    .filter(|slot| slot.module == info.path)
                    .filter(|slot| slot.token.as_ref().is_some_and(|token| token.initialized))
                    .count();
                let tokens = match count {
                    0 => lang.pick("chưa thấy token nào", "no token is inserted").to_owned(),
                    _ => {
                        lang.pick(format!("thấy {count} token"), format!("{count} token(s) found"))
                    }
                };
                let text =
                    format!("{}: {}{profile}, {tokens}", info.path.display(), info.description);
                looked.push(Looked { topic, ok: true, text, remedy: None });
            }
            Err(error) => {
                looked.push(Looked::problem(topic, token_problem::explain(&error, lang)));
            }
        }
    }
    for token in slots.iter().filter_map(|slot| slot.token.as_ref()) {
        let state = token.user_pin;
        if state.locked || state.final_try {
            let text = format!(
                "{}: {}",
                token.label,
                if state.locked {
                    lang.pick("PIN đã bị khóa", "its PIN is locked")
                } else {
                    lang.pick("chỉ còn một lần thử PIN", "one PIN try is left")
                }
            );
            let remedy = lang.pick(
                "liên hệ đơn vị cấp token để mở khóa (Mẫu 06); đừng thử PIN nữa",
                "have the issuer unlock it (Form 06); do not try further PINs",
            );
            looked.push(Looked { topic, ok: false, text, remedy: Some(remedy.to_owned()) });
        }
    }
}

/// Whether the module's profile was tried on the real device.
fn profile_note(path: &Path, lang: Lang) -> String {
    let profiles = module_profiles().unwrap_or_default();
    let here = |profile: &&ModuleProfile| profile.paths.here().iter().any(|known| known == path);
    match profiles.iter().find(here) {
        Some(profile) if profile.tested => format!(" [{}]", profile.name),
        Some(profile) => format!(
            " [{}, {}]",
            profile.name,
            lang.pick("chưa thử trên thiết bị thật", "never tried on the real device")
        ),
        None => String::new(),
    }
}

fn certificates(desk: &Desk, looked: &mut Vec<Looked>) {
    let lang = desk.lang();
    let now = Time::from_unix_seconds(jiff::Timestamp::now().as_second());
    for credential in desk.tokens().credentials().unwrap_or_default() {
        let Ok(certificate) = Certificate::from_der(&credential.certificate) else { continue };
        let subject = certificate.subject();
        let name = subject.display_name();
        let topic = "certificates";
        match check_end_entity(&certificate, &PathPolicy::document_signing(), now) {
            Ok(()) => {
                let text = format!(
                    "{name}: {}",
                    lang.pick("chứng thư ký được", "the certificate can sign")
                );
                looked.push(Looked { topic, ok: true, text, remedy: None });
            }
            Err(error) => {
                let remedy = lang
                    .pick("xin cấp lại chứng thư (Mẫu 04)", "ask for a new certificate (Form 04)");
                let text = format!("{name}: {}", sign_problem::path(&error, lang).what);
                looked.push(Looked { topic, ok: false, text, remedy: Some(remedy.to_owned()) });
            }
        }
    }
}

fn trust(desk: &Desk, looked: &mut Vec<Looked>) {
    let lang = desk.lang();
    let topic = "trust";
    match files::certificates(&desk.trust(&[]), lang) {
        Ok(anchors) if anchors.is_empty() && !crate::trust::looked(desk).is_empty() => {}
        Ok(anchors) if anchors.is_empty() => {
            let text = lang.pick(
                "Chưa cấu hình chứng thư gốc tin cậy: đường dẫn chứng thư không được kiểm tra khi ký.",
                "No trust anchors are configured: paths are not checked when signing.",
            );
            let remedy = lang.pick(
                "thêm `trust = [\"/đường/dẫn\"]` vào tệp cấu hình",
                "add `trust = [\"/path\"]` to the configuration file",
            );
            looked.push(Looked {
                topic,
                ok: false,
                text: text.to_owned(),
                remedy: Some(remedy.to_owned()),
            });
        }
        Ok(anchors) => {
            let pins = trust_pins().unwrap_or_default();
            for anchor in anchors {
                let pin = pins.iter().find(|pin| pin.matches(anchor.as_der()));
                let note = match pin {
                    Some(pin) => format!(
                        "{} ({})",
                        lang.pick("khớp dấu vân tay đã ghim", "matches its pin"),
                        pin.name
                    ),
                    None => lang
                        .pick("không có trong danh sách ghim", "not among the pinned ones")
                        .to_owned(),
                };
                let text = format!("{}: {note}", anchor.subject());
                looked.push(Looked { topic, ok: true, text, remedy: None });
            }
        }
        Err(problem) => looked.push(Looked::problem(topic, problem)),
    }
}

fn journal(desk: &Desk, looked: &mut Vec<Looked>) {
    let lang = desk.lang();
    let topic = "journal";
    let place = desk.journal_path().map(out::path).unwrap_or_default();
    let absent = desk.journal_path().is_ok_and(|path| !path.exists());
    if absent {
        let text = lang.pick(
            format!("Chưa có nhật ký; lần ký đầu tiên sẽ tạo {place}."),
            format!("There is no journal yet; the first signature makes {place}."),
        );
        looked.push(Looked { topic, ok: true, text, remedy: None });
        return;
    }
    let writable = desk.journal_path().is_ok_and(writable);
    match desk.journal_reader() {
        Ok(reader) if writable => {
            let entries = reader.head().map_or(0, |(size, _)| size);
            let text = lang.pick(
                format!("Nhật ký {place}: ghi được, {entries} mục."),
                format!("Journal {place}: writable, {entries} entries."),
            );
            looked.push(Looked { topic, ok: true, text, remedy: None });
        }
        Ok(_) => {
            let text = lang.pick(
                format!("Nhật ký {place} không ghi được, nên không ký được."),
                format!("Journal {place} cannot be written, so nothing can be signed."),
            );
            let remedy = lang.pick(
                "kiểm tra quyền của tệp và thư mục",
                "check the file's and folder's permissions",
            );
            looked.push(Looked { topic, ok: false, text, remedy: Some(remedy.to_owned()) });
        }
        Err(problem) => looked.push(Looked::problem(topic, problem)),
    }
}

/// Asked without opening: a second handle on SQLite's file, once closed, drops this process's locks.
#[cfg(unix)]
fn writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn writable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.permissions().readonly())
}

impl Looked {
    fn problem(topic: &'static str, problem: Problem) -> Self {
        let text = format!("{} ({})", problem.what, problem.why);
        Self { topic, ok: false, text, remedy: Some(problem.remedy) }
    }
}
