//! `kyso token … --file key.p12`: the same commands on a PKCS#12 key file.

use std::path::Path;

use kyso_token::pkcs11::read_pin_file;
use kyso_token::pkcs12::{KeyFile, token_info};
use kyso_token::{
    Curve, KeyImport, Pin, PinPrompt as _, PinPurpose, PinRequest, PinState, TokenError,
};

use crate::args::KeyKind;
use crate::desk::Desk;
use crate::out::say;
use kyso_daemon::files;
use kyso_daemon::text::Problem;

/// Makes an empty key file.
pub(crate) fn create(desk: &Desk, path: &Path, pin_file: Option<&Path>) -> Result<u8, Problem> {
    let lang = desk.lang();
    let password = password(desk, path, pin_file, PinPurpose::NewUser)?;
    KeyFile::new().create(path, &password).map_err(|error| desk.explain(&error.into()))?;
    say!("{}: {}", lang.pick("Đã tạo tệp khóa", "Made the key file"), path.display());
    Ok(0)
}

/// Makes a key pair in the file.
pub(crate) fn generate(
    desk: &Desk,
    path: &Path,
    key: KeyKind,
    label: &str,
    pin_file: Option<&Path>,
) -> Result<KeyImport, Problem> {
    let lang = desk.lang();
    let curve = match key {
        KeyKind::P256 => Curve::P256,
        KeyKind::P384 => Curve::P384,
        _ => {
            return Err(Problem::new(
                "key-file-kind",
                lang.pick("tệp khóa không tạo được loại khóa này", "a key file does not make this kind of key"),
                lang.pick("tệp khóa tự tạo được khóa P-256 và P-384", "it makes P-256 and P-384 keys"),
                lang.pick(
                    "dùng `--key p256`, hoặc nhập khóa RSA có sẵn bằng `token import --private-key`",
                    "use `--key p256`, or import an RSA key with `token import --private-key`",
                ),
            ));
        }
    };
    change(desk, path, pin_file, |file| file.generate(curve, label))
}

/// Takes in a private key, certificates, or both.
pub(crate) fn import(
    desk: &Desk,
    path: &Path,
    certificate: Option<&Path>,
    private_key: Option<&Path>,
    label: &str,
    pin_file: Option<&Path>,
) -> Result<u8, Problem> {
    let lang = desk.lang();
    let certificates = match certificate {
        Some(file) => files::certificates(&[file.to_path_buf()], lang)?,
        None => Vec::new(),
    };
    let key = private_key
        .map(kyso_token::read_private_key)
        .transpose()
        .map_err(|error| desk.explain(&error))?;
    let bound = change(desk, path, pin_file, |file| {
        if let Some(key) = &key {
            file.import_key(key, label)?;
        }
        let mut bound = Vec::new();
        for certificate in &certificates {
            match file.add_certificate(certificate.as_der()) {
                Ok(_) => bound.push(certificate),
                // Issuers come along in the same file; only an authority's certificate may have no key here.
                Err(TokenError::KeyNotFound { .. }) if certificate.is_certificate_authority() => {
                    file.add_other_certificate(certificate.as_der())?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(bound)
    })?;
    if key.is_some() {
        say!("{}", lang.pick("Đã nhập khóa.", "Imported the key."));
    }
    for certificate in bound {
        let subject = certificate.subject();
        let name = subject.display_name();
        say!("{} {name}", lang.pick("Đã nhập chứng thư", "Imported the certificate of"));
    }
    Ok(0)
}

/// Saves the file under a new password.
pub(crate) fn change_password(
    desk: &Desk,
    path: &Path,
    pin_file: Option<&Path>,
    new_pin_file: Option<&Path>,
) -> Result<u8, Problem> {
    let old = password(desk, path, pin_file, PinPurpose::KeyFile)?;
    let file = KeyFile::open(path, &old).map_err(|error| desk.explain(&error.into()))?;
    let new = password(desk, path, new_pin_file, PinPurpose::NewUser)?;
    file.save(path, &new).map_err(|error| desk.explain(&error.into()))?;
    say!("{}", desk.lang().pick("Đã đổi mật khẩu.", "The password was changed."));
    Ok(0)
}

/// Opens the file, changes it and saves it whole; a failure leaves it as it was.
fn change<T>(
    desk: &Desk,
    path: &Path,
    pin_file: Option<&Path>,
    edit: impl FnOnce(&mut KeyFile) -> Result<T, TokenError>,
) -> Result<T, Problem> {
    let password = password(desk, path, pin_file, PinPurpose::KeyFile)?;
    let mut file = KeyFile::open(path, &password).map_err(|error| desk.explain(&error.into()))?;
    let done = edit(&mut file).map_err(|error| desk.explain(&error))?;
    file.save(path, &password).map_err(|error| desk.explain(&error.into()))?;
    Ok(done)
}

fn password(
    desk: &Desk,
    path: &Path,
    pin_file: Option<&Path>,
    purpose: PinPurpose,
) -> Result<Pin, Problem> {
    let given = match pin_file {
        Some(file) => read_pin_file(file),
        None => desk.prompt().pin(&request(path, purpose)).map_err(TokenError::PinRefused),
    };
    given.map_err(|error| desk.explain(&error))
}

fn request(path: &Path, purpose: PinPurpose) -> PinRequest {
    PinRequest { purpose, token: token_info(path), state: PinState::default() }
}
