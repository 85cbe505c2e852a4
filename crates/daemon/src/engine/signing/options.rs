//! What a request wants to be made, as the library takes it.

use kyso::input::open_regular;
use kyso::sign::{PadesOptions, SignatureFormat as Format, XadesOptions};
use kyso::signer::{Preference, RsaScheme};
use kyso_protocol::{DigestChoice, RsaPadding, SignatureFormat, SignatureOptions, XmlProfile};
use kyso_token::HashAlgorithm;
use kyso_xades::profile::{HealthCheckSigner, Profile};

use super::SourceFile;
use crate::error::RequestError;

/// Longest text of an option, in bytes.
const MOST_TEXT: usize = 512;

/// Format and options as the library takes them; a document that begins as a PDF is signed as one unless something else is said.
///
/// # Errors
/// [`RequestError`].
pub(crate) fn format(
    file: &SourceFile,
    options: &SignatureOptions,
) -> Result<Format, RequestError> {
    let family = match options.format {
        Some(format) => format,
        None if options.profile.is_some() => SignatureFormat::Xades,
        None if options.detached => SignatureFormat::Cades,
        None if is_pdf(file) => SignatureFormat::Pades,
        None if is_named(file, "xml") => SignatureFormat::Xades,
        None => SignatureFormat::Cades,
    };
    let pades = family == SignatureFormat::Pades;
    let texts =
        [("field", &options.field), ("reason", &options.reason), ("location", &options.location)];
    for (option, text) in texts {
        if text.as_ref().is_some_and(|text| text.len() > MOST_TEXT) {
            return Err(RequestError::TextTooLong { option, limit: MOST_TEXT });
        }
        if text.is_some() && !pades {
            return Err(RequestError::OptionUnfit { option, format: name(family) });
        }
    }
    if options.facility.as_ref().is_some_and(|text| text.len() > MOST_TEXT) {
        return Err(RequestError::TextTooLong { option: "facility", limit: MOST_TEXT });
    }
    let xml = [
        ("profile", options.profile.is_some()),
        ("facility", options.facility.is_some()),
        ("xmldsig", options.xmldsig),
    ];
    for (option, given) in xml {
        if given && family != SignatureFormat::Xades {
            return Err(RequestError::OptionUnfit { option, format: name(family) });
        }
    }
    if options.detached && family != SignatureFormat::Cades {
        return Err(RequestError::OptionUnfit { option: "detached", format: name(family) });
    }
    match family {
        SignatureFormat::Pades => {}
        SignatureFormat::Cades => return Ok(Format::Cades { detached: options.detached }),
        SignatureFormat::Xades => {
            return Ok(Format::Xades(XadesOptions {
                profile: options.profile.map(profile),
                facility: options.facility.clone(),
                bare: options.xmldsig,
            }));
        }
    }
    Ok(Format::Pades(PadesOptions {
        field: options.field.clone(),
        reason: options.reason.clone(),
        location: options.location.clone(),
        ..PadesOptions::default()
    }))
}

const fn name(format: SignatureFormat) -> &'static str {
    match format {
        SignatureFormat::Pades => "pades",
        SignatureFormat::Cades => "cades",
        SignatureFormat::Xades => "xades",
    }
}

const fn profile(profile: XmlProfile) -> Profile {
    match profile {
        XmlProfile::Claims4750 => Profile::Claims4750,
        XmlProfile::Checkin => Profile::Checkin,
        XmlProfile::HealthCheckDoctor => Profile::HealthCheck(HealthCheckSigner::Doctor),
        XmlProfile::HealthCheckHospital => Profile::HealthCheck(HealthCheckSigner::Hospital),
        XmlProfile::Edxml => Profile::Edxml,
        XmlProfile::CivilStatus => Profile::CivilStatus,
        XmlProfile::Plain => Profile::Plain,
    }
}

/// The short name of a format, as requests and policies write it.
pub(crate) const fn family(format: &Format) -> &'static str {
    match format {
        Format::Pades(_) => "pades",
        Format::Cades { .. } => "cades",
        Format::Xades(_) => "xades",
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
    // What is no file must not keep the token waiting: opening a pipe waits for its other end.
    let read =
        open_regular(&file.path).is_ok_and(|it| it.take(1024).read_to_end(&mut head).is_ok());
    is_named(file, "pdf") || (read && head.windows(5).any(|window| window == b"%PDF-"))
}

fn is_named(file: &SourceFile, ending: &str) -> bool {
    file.name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(ending))
}

/// The file name that suits a signed document.
pub(crate) fn result_name(name: &str, format: &Format) -> String {
    match format {
        Format::Pades(_) => format!("{}-signed.pdf", stem(name)),
        Format::Xades(_) => format!("{}-signed.xml", stem(name)),
        Format::Cades { detached: true } => format!("{name}.p7s"),
        Format::Cades { detached: false } => format!("{name}.p7m"),
    }
}

/// The name without its ending.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
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
        // Nobody writes into this pipe: a look that waited for it would never come back.
        let path = folder.path().join("pipe");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
        let pipe = SourceFile { path, name: "x".into() };
        assert!(matches!(format(&pipe, &SignatureOptions::default()), Ok(Format::Cades { .. })));
    }
}
