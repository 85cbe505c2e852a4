//! Key files by Java's keytool and by NSS, kept in `tests/pkcs12` with the commands that made them.

use kyso_token::pkcs12::{KeyFile, KeyFileUri, Pkcs12Store};
use kyso_token::{Input, KeyType, Pin, PinPrompt, PinRefused, PinRequest, SigningAlgorithm};
use ring::signature;
use std::path::Path;

struct Password(&'static str);

impl PinPrompt for Password {
    fn pin(&self, request: &PinRequest) -> Result<Pin, PinRefused> {
        assert!(request.token.label.ends_with(".p12"));
        Ok(Pin::new(self.0.to_owned()))
    }
}

fn signs(name: &str, password: &'static str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pkcs12").join(name);
    let uri = KeyFileUri { path, key: Some("ký số".to_owned()), pin_source: None };
    let prompt = Password(password);
    let opened = Pkcs12Store::default().open_uri(&uri, &kyso_token::PinSource::Prompt, &prompt);
    let (credential, act) = opened.unwrap();
    let algorithm = credential.algorithms[0];
    let made = act.sign(algorithm, Input::Message(b"content")).unwrap();

    let file = KeyFile::open(&uri.path, &Pin::new(password.to_owned())).unwrap();
    let spki = &file.keys()[0].spki;
    let (verification, public_key): (&dyn signature::VerificationAlgorithm, &[u8]) = match algorithm
    {
        SigningAlgorithm::RsaPkcs1(_) => {
            let header = spki.len() - 270;
            (&signature::RSA_PKCS1_2048_8192_SHA256, &spki[header..])
        }
        SigningAlgorithm::Ecdsa(_) => {
            (&signature::ECDSA_P256_SHA256_FIXED, &spki[spki.len() - 65..])
        }
        other => panic!("{other:?}"),
    };
    let key = signature::UnparsedPublicKey::new(verification, public_key);
    key.verify(b"content", made.as_bytes()).unwrap();
    assert!(key.verify(b"another", made.as_bytes()).is_err());
    let rsa = matches!(credential.key_type, KeyType::Rsa { bits: 2048 });
    assert_eq!(rsa, name == "java-legacy.p12");
}

#[test]
fn java() {
    signs("java.p12", "matkhau");
}

#[test]
fn java_before_17() {
    signs("java-legacy.p12", "matkhau");
}

#[test]
fn nss() {
    signs("nss.p12", "Mật khẩu 2/9");
}

#[test]
fn nss_of_old() {
    signs("nss-legacy.p12", "Mật khẩu 2/9");
}
