//! `kyso token`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use kyso::output::PendingFile;

use kyso_token::pkcs11::KeyOptions;
use kyso_token::{Curve, KeyPairSpec, TokenError, TokenInfo, TokenSelector};
use serde_json::{Value, json};

use crate::args::{KeyKind, TokenCommand, TokenTarget};
use crate::desk::{Desk, pin_source};
use crate::key_file;
use crate::out::{say, tell};
use kyso_daemon::text::{Lang, Problem, unwritable};

pub(crate) fn run(desk: &Desk, command: TokenCommand) -> Result<u8, Problem> {
    match command {
        TokenCommand::List(json) => list(desk, json.json),
        TokenCommand::Init { target, label, so_pin_file, pin_file, erase } => {
            init(desk, &target, &label, so_pin_file.as_deref(), pin_file.as_deref(), erase)
        }
        TokenCommand::Generate { target, key, label, pin_file, output } => {
            generate(desk, &target, key, &label, pin_file.as_deref(), output.as_deref())
        }
        TokenCommand::Import { target, certificate, private_key, label, pin_file } => import(
            desk,
            &target,
            certificate.as_deref(),
            private_key.as_deref(),
            &label,
            pin_file.as_deref(),
        ),
        TokenCommand::Pin { target, unblock, pin_file, new_pin_file } => {
            pin(desk, &target, unblock, pin_file.as_deref(), new_pin_file.as_deref())
        }
    }
}

fn list(desk: &Desk, as_json: bool) -> Result<u8, Problem> {
    let lang = desk.lang();
    let modules = desk.tokens().modules();
    let slots = match desk.tokens().slots() {
        Ok(slots) => slots,
        Err(error) if modules.iter().all(Result::is_err) => return Err(desk.explain(&error)),
        Err(_) => Vec::new(),
    };
    if as_json {
        let rows: Vec<Value> = slots
            .iter()
            .map(|slot| {
                json!({
                    "module": slot.module.to_string_lossy(), "slot": slot.slot_id, "description": slot.description,
                    "token": slot.token.as_ref().map(token_json),
                })
            })
            .collect();
        crate::out::json(&json!({ "slots": rows }));
        return Ok(0);
    }
    for module in modules {
        match module {
            Ok(info) => {
                say!("{} ({}, {})", info.path.display(), info.description, info.manufacturer);
                for slot in slots.iter().filter(|slot| slot.module == info.path) {
                    say!("  slot {}: {}", slot.slot_id, describe(slot.token.as_ref(), lang));
                }
            }
            Err(error) => say!("{error}"),
        }
    }
    Ok(0)
}

fn token_json(token: &TokenInfo) -> Value {
    json!({
        "label": token.label, "serial": token.serial, "manufacturer": token.manufacturer,
        "model": token.model, "initialized": token.initialized,
        "user_pin_initialized": token.user_pin_initialized,
        "pin_pad": token.protected_authentication_path,
        "pin": {
            "count_low": token.user_pin.count_low, "final_try": token.user_pin.final_try,
            "locked": token.user_pin.locked, "to_be_changed": token.user_pin.to_be_changed,
        },
    })
}

fn describe(token: Option<&TokenInfo>, lang: Lang) -> String {
    let Some(token) = token else {
        return lang.pick("(không có token)", "(no token)").to_owned();
    };
    if !token.initialized {
        return lang.pick("(token chưa khởi tạo)", "(token not initialized)").to_owned();
    }
    let mut text = format!(
        "{} ({} {}, {} {})",
        token.label,
        token.manufacturer,
        token.model,
        lang.pick("số", "serial"),
        token.serial
    );
    let state = token.user_pin;
    if state.locked {
        text.push_str(lang.pick(": PIN ĐÃ BỊ KHÓA", ": PIN LOCKED"));
    } else if state.final_try {
        text.push_str(lang.pick(": CÒN MỘT LẦN THỬ PIN", ": ONE PIN TRY LEFT"));
    } else if state.count_low {
        text.push_str(lang.pick(": PIN từng bị nhập sai", ": a wrong PIN was entered"));
    }
    text
}

fn init(
    desk: &Desk,
    target: &TokenTarget,
    label: &str,
    so_pin_file: Option<&Path>,
    pin_file: Option<&Path>,
    erase: bool,
) -> Result<u8, Problem> {
    let lang = desk.lang();
    if let Some(file) = &target.file {
        return key_file::create(desk, file, pin_file);
    }
    let selector = selector(target).unwrap_or(TokenSelector::Uninitialized);
    let module = module(desk, target, &selector)?;
    let slots = desk.tokens().slots().map_err(|error| desk.explain(&error))?;
    let initialized = slots.iter().filter(|slot| slot.module == module).any(|slot| {
        let token = slot.token.as_ref().filter(|token| token.initialized);
        token.is_some_and(|token| selects(&selector, slot.slot_id, token))
    });
    if initialized && !erase {
        return Err(Problem::new(
            "token-already-initialized",
            lang.pick("token này đã được khởi tạo", "this token is initialized already"),
            lang.pick(
                "khởi tạo lại sẽ xóa mọi khóa và chứng thư trên token",
                "initializing it again would erase every key and certificate on it",
            ),
            lang.pick(
                "thêm `--erase` nếu thật sự muốn xóa",
                "add `--erase` if that is what you want",
            ),
        ));
    }
    let token = desk
        .tokens()
        .init_token(
            &module,
            &selector,
            label,
            &pin_source(so_pin_file),
            &pin_source(pin_file),
            &desk.prompt(),
        )
        .map_err(|error| desk.explain(&error))?;
    say!("{}: {}", lang.pick("Đã khởi tạo", "Initialized"), describe(Some(&token), lang));
    Ok(0)
}

fn selects(selector: &TokenSelector, slot_id: u64, token: &TokenInfo) -> bool {
    match selector {
        TokenSelector::Serial(serial) => *serial == token.serial,
        TokenSelector::Label(label) => *label == token.label,
        TokenSelector::Slot(slot) => *slot == slot_id,
        TokenSelector::Uninitialized => !token.initialized,
    }
}

fn generate(
    desk: &Desk,
    target: &TokenTarget,
    key: KeyKind,
    label: &str,
    pin_file: Option<&Path>,
    output: Option<&Path>,
) -> Result<u8, Problem> {
    let lang = desk.lang();
    // Before a key is made: its public half must have a place to go.
    let mut file = match output {
        Some(path) => {
            Some(PendingFile::create(path, false).map_err(|error| unwritable(path, &error, lang))?)
        }
        None => None,
    };
    let made = if let Some(file) = &target.file {
        key_file::generate(desk, file, key, label, pin_file)?
    } else {
        let selector = chosen_token(desk, target)?;
        let module = module(desk, target, &selector)?;
        desk.tokens()
            .generate_key_pair(
                &module,
                &selector,
                &pin_source(pin_file),
                &desk.prompt(),
                spec(key),
                &KeyOptions { label: label.to_owned(), always_authenticate: false },
            )
            .map_err(|error| desk.explain(&error))?
    };
    let pem = kyso_x509::pem::encode("PUBLIC KEY", &made.spki);
    match (file.take(), output) {
        (Some(mut file), Some(path)) => {
            let written = file.file().write_all(pem.as_bytes());
            written
                .and_then(|()| kyso::output::flush([&file]))
                .and_then(|()| file.publish())
                .map_err(|error| unwritable(path, &error, lang))?;
            say!("{}: {}", lang.pick("Khóa công khai", "Public key"), path.display());
        }
        _ => crate::out::raw(&pem),
    }
    tell!("CKA_ID: {}", hex::encode(&made.id));
    Ok(0)
}

fn import(
    desk: &Desk,
    target: &TokenTarget,
    certificate: Option<&Path>,
    private_key: Option<&Path>,
    label: &str,
    pin_file: Option<&Path>,
) -> Result<u8, Problem> {
    let lang = desk.lang();
    if let Some(file) = &target.file {
        return key_file::import(desk, file, certificate, private_key, label, pin_file);
    }
    let selector = chosen_token(desk, target)?;
    let module = module(desk, target, &selector)?;
    let (pin, prompt) = (pin_source(pin_file), desk.prompt());
    if let Some(path) = private_key {
        let key = kyso_token::read_private_key(path).map_err(|error| desk.explain(&error))?;
        let options = KeyOptions { label: label.to_owned(), always_authenticate: false };
        let made = desk
            .tokens()
            .import_key(&module, &selector, &pin, &prompt, &key, &options)
            .map_err(|error| desk.explain(&error))?;
        say!("{} (CKA_ID {})", lang.pick("Đã nhập khóa", "Imported the key"), hex::encode(made.id));
    }
    if let Some(path) = certificate {
        for certificate in kyso_daemon::files::certificates(&[path.to_path_buf()], lang)? {
            let made = desk
                .tokens()
                .import_certificate(&module, &selector, &pin, &prompt, certificate.as_der(), label)
                .map_err(|error| desk.explain(&error))?;
            let subject = certificate.subject();
            let name = subject.display_name();
            let what = lang.pick("Đã nhập chứng thư", "Imported the certificate of");
            match made.id.as_slice() {
                [] => say!("{what} {name}"),
                id => say!("{what} {name} (CKA_ID {})", hex::encode(id)),
            }
        }
    }
    Ok(0)
}

fn pin(
    desk: &Desk,
    target: &TokenTarget,
    unblock: bool,
    pin_file: Option<&Path>,
    new_pin_file: Option<&Path>,
) -> Result<u8, Problem> {
    let lang = desk.lang();
    if let Some(file) = &target.file {
        return key_file::change_password(desk, file, pin_file, new_pin_file);
    }
    let selector = chosen_token(desk, target)?;
    let module = module(desk, target, &selector)?;
    let (old, new) = (pin_source(pin_file), pin_source(new_pin_file));
    let changed = if unblock {
        desk.tokens().unblock_pin(&module, &selector, &old, &new, &desk.prompt())
    } else {
        desk.tokens().change_pin(&module, &selector, &old, &new, &desk.prompt())
    };
    changed.map_err(|error| desk.explain(&error))?;
    say!("{}", lang.pick("Đã đổi PIN.", "The PIN was changed."));
    Ok(0)
}

/// The module named, or the only one that holds such a token.
fn module(desk: &Desk, target: &TokenTarget, selector: &TokenSelector) -> Result<PathBuf, Problem> {
    if let Some(path) = &target.module {
        return Ok(path.clone());
    }
    let lang = desk.lang();
    let slots = desk.tokens().slots().map_err(|error| desk.explain(&error))?;
    let mut modules: Vec<PathBuf> = slots
        .into_iter()
        .filter(|slot| {
            slot.token.as_ref().is_some_and(|token| selects(selector, slot.slot_id, token))
        })
        .map(|slot| slot.module)
        .collect();
    modules.dedup();
    match &modules[..] {
        [only] => Ok(only.clone()),
        [] if desk.tokens().modules().iter().all(Result::is_err) => Err(Problem::new(
            "no-module",
            lang.pick("không có mô-đun PKCS#11 nào", "there is no PKCS#11 module"),
            lang.pick("không thấy phần mềm token trên máy này", "no token software was found here"),
            lang.pick(
                "cài phần mềm của nhà cung cấp, hoặc dùng tệp khóa: `--file key.p12`",
                "install the vendor's software, or use a key file: `--file key.p12`",
            ),
        )),
        [] => Err(desk.explain(&TokenError::TokenNotPresent)),
        several => Err(Problem::new(
            "several-modules",
            lang.pick(
                "có nhiều mô-đun PKCS#11 phù hợp",
                "several PKCS#11 modules hold such a token",
            ),
            several.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
            lang.pick("chọn một bằng `--module`", "choose one with `--module`"),
        )),
    }
}

fn selector(target: &TokenTarget) -> Option<TokenSelector> {
    let label = target.token.clone().map(TokenSelector::Label);
    let serial = target.serial.clone().map(TokenSelector::Serial);
    label.or(serial).or(target.slot.map(TokenSelector::Slot))
}

fn chosen_token(desk: &Desk, target: &TokenTarget) -> Result<TokenSelector, Problem> {
    let lang = desk.lang();
    selector(target).ok_or_else(|| {
        Problem::new(
            "token-not-named",
            lang.pick("chưa chỉ rõ token nào", "no token was named"),
            lang.pick("lệnh này thay đổi token", "this command changes a token"),
            lang.pick(
                "thêm `--token NHÃN`, `--serial SỐ` hoặc `--slot SỐ` (xem `kyso token list`)",
                "add `--token LABEL`, `--serial SERIAL` or `--slot NUMBER` (see `kyso token list`)",
            ),
        )
    })
}

const fn spec(key: KeyKind) -> KeyPairSpec {
    match key {
        KeyKind::Rsa2048 => KeyPairSpec::Rsa { bits: 2048 },
        KeyKind::Rsa3072 => KeyPairSpec::Rsa { bits: 3072 },
        KeyKind::Rsa4096 => KeyPairSpec::Rsa { bits: 4096 },
        KeyKind::P256 => KeyPairSpec::Ec(Curve::P256),
        KeyKind::P384 => KeyPairSpec::Ec(Curve::P384),
        KeyKind::P521 => KeyPairSpec::Ec(Curve::P521),
        KeyKind::Ed25519 => KeyPairSpec::Ed25519,
    }
}
