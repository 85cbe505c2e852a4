//! Key files both ways: what OpenSSL writes is read here and signs, what is written here OpenSSL reads.

use kyso_testkit::peer::{self, openssl};
use kyso_testkit::{Authority, Profile, SoftKey, Subject, authority};
use kyso_token::pkcs12::{KeyFile, KeyFileError, KeyFileUri, Pkcs12Store};
use kyso_token::{
    Curve, HashAlgorithm, Input, KeyMatch, KeyStore, KeyType, Pin, PinSource, RawSignature,
    SigningAct, SigningAlgorithm, TokenError,
};
use std::fs;
use std::path::{Path, PathBuf};

// 2026-01-01, 2046-01-01.
const BEGIN: i64 = 1_767_225_600;
const END: i64 = 2_398_377_600;

/// A Vietnamese password, composed characters.
const PASSWORD: &str = "Mật khẩu 2/9";

struct Folder {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(kyso_testkit::Curve::P256, BEGIN, END).unwrap();
        fs::write(folder.path().join("ca.pem"), authority.intermediate_pem()).unwrap();
        fs::write(folder.path().join("root.pem"), authority.root_pem()).unwrap();
        Self { folder, authority }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn certificate(&self, spki: &[u8]) -> Vec<u8> {
        let profile = Profile::document_signing(Subject::official(), BEGIN, END - 1);
        self.authority.issue(&profile, spki).unwrap()
    }

    /// `openssl pkcs12 -export` with more options; gives the leaf's DER.
    fn openssl_export(&self, key_pem: &str, password: &str, options: &[&str]) -> Vec<u8> {
        let leaf = self.certificate(&openssl::spki_der(key_pem));
        fs::write(self.path("key.pem"), key_pem).unwrap();
        fs::write(self.path("leaf.pem"), authority::certificate_pem(&leaf)).unwrap();
        let (key, leaf_pem, ca) =
            (self.text("key.pem"), self.text("leaf.pem"), self.text("ca.pem"));
        let (out, password) = (self.text("key.p12"), format!("pass:{password}"));
        let mut arguments = vec![
            "pkcs12",
            "-export",
            "-inkey",
            &key,
            "-in",
            &leaf_pem,
            "-certfile",
            &ca,
            "-out",
            &out,
            "-name",
            "Hà Văn Tý",
            "-passout",
            &password,
        ];
        arguments.extend(options);
        peer::run("openssl", arguments).expect_success();
        leaf
    }

    fn password_file(&self, password: &str) -> PinSource {
        let path = self.path("password");
        kyso_testkit::write_secret(&path, format!("{password}\r\nsecond line\n"));
        PinSource::File(path)
    }

    fn open(
        &self,
        name: &str,
        password: &str,
    ) -> Result<(kyso_token::Credential, Box<dyn SigningAct>), TokenError> {
        let uri = KeyFileUri { path: self.path(name), key: None, pin_source: None };
        Pkcs12Store::default().open_uri(&uri, &self.password_file(password), &())
    }

    /// OpenSSL verifies a signature by the certificate's key.
    fn verify(
        &self,
        certificate: &[u8],
        algorithm: SigningAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        fs::write(self.path("leaf.pem"), authority::certificate_pem(certificate)).unwrap();
        let leaf = self.text("leaf.pem");
        let public =
            peer::run("openssl", ["x509", "-in", &leaf, "-noout", "-pubkey"]).expect_success();
        fs::write(self.path("public.pem"), public).unwrap();
        fs::write(self.path("signature"), signature).unwrap();
        fs::write(self.path("message"), message).unwrap();
        let (public, signature, message) =
            (self.text("public.pem"), self.text("signature"), self.text("message"));
        let mut arguments =
            vec!["pkeyutl", "-verify", "-pubin", "-inkey", &public, "-sigfile", &signature];
        arguments.extend(["-rawin", "-in", &message]);
        let digest = match algorithm.hash() {
            Some(HashAlgorithm::Sha256) => Some("sha256"),
            Some(HashAlgorithm::Sha384) => Some("sha384"),
            Some(HashAlgorithm::Sha512) => Some("sha512"),
            None => None,
        };
        arguments.extend(digest.iter().flat_map(|digest| ["-digest", digest]));
        if matches!(algorithm, SigningAlgorithm::RsaPss(_)) {
            arguments.extend([
                "-pkeyopt",
                "rsa_padding_mode:pss",
                "-pkeyopt",
                "rsa_pss_saltlen:digest",
            ]);
        }
        peer::run("openssl", arguments).success
    }
}

/// A key by OpenSSL, PrivateKeyInfo in PEM.
fn openssl_key(arguments: &[&str]) -> String {
    let arguments = ["genpkey"].iter().chain(arguments);
    String::from_utf8(peer::run("openssl", arguments).expect_success()).unwrap()
}

fn ec_key(curve: &str) -> String {
    openssl_key(&["-algorithm", "EC", "-pkeyopt", &format!("ec_paramgen_curve:{curve}")])
}

/// The signature as OpenSSL takes it: ECDSA in DER.
fn for_openssl(signature: &RawSignature) -> Vec<u8> {
    let RawSignature::EcdsaFixed(fixed) = signature else { return signature.as_bytes().to_vec() };
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let integers =
        [r, s].map(|bytes| der::Encode::to_der(&der::asn1::Uint::new(bytes).unwrap()).unwrap());
    der::Encode::to_der(&der::asn1::Any::new(der::Tag::Sequence, integers.concat()).unwrap())
        .unwrap()
}

#[test]
fn keys_from_openssl_sign_and_openssl_verifies() {
    let folder = Folder::new();
    let rsa = |bits| KeyType::Rsa { bits };
    for (key, key_type, algorithms) in [
        (openssl::rsa_key_pem(2048), rsa(2048), 6),
        (openssl::rsa_key_pem(3072), rsa(3072), 6),
        (ec_key("P-256"), KeyType::Ec(Curve::P256), 3),
        (ec_key("P-384"), KeyType::Ec(Curve::P384), 3),
        (ec_key("P-521"), KeyType::Ec(Curve::P521), 3),
        (openssl_key(&["-algorithm", "ED25519"]), KeyType::Ed25519, 1),
    ] {
        let leaf = folder.openssl_export(&key, PASSWORD, &[]);
        let (credential, act) = folder.open("key.p12", PASSWORD).unwrap();
        assert_eq!(credential.certificate, leaf);
        assert_eq!(credential.other_certificates, [folder.authority.intermediate_der()]);
        assert_eq!(credential.key_match, KeyMatch::Matches);
        assert_eq!(credential.key_type, key_type);
        assert_eq!(credential.label, "Hà Văn Tý");
        assert_eq!(credential.algorithms.len(), algorithms);
        let message = b"content to be signed";
        for algorithm in credential.algorithms.iter().copied() {
            let signature = act.sign(algorithm, Input::Message(message)).unwrap();
            let der = for_openssl(&signature);
            assert!(folder.verify(&leaf, algorithm, message, &der), "{key_type:?} {algorithm:?}");
            assert!(!folder.verify(&leaf, algorithm, b"another content", &der));

            let digest = algorithm.hash().map_or(vec![0; 32], |hash| hash.digest(message));
            let of_digest = act.sign(algorithm, Input::Digest(&digest));
            if credential.needs_message.contains(&algorithm) {
                assert_eq!(of_digest, Err(TokenError::MessageNeeded { algorithm }));
            } else {
                assert!(folder.verify(
                    &leaf,
                    algorithm,
                    message,
                    &for_openssl(&of_digest.unwrap())
                ));
                assert!(matches!(
                    act.sign(algorithm, Input::Digest(&digest[1..])),
                    Err(TokenError::DigestLength { .. })
                ));
            }
        }
        act.close().unwrap();
    }
}

#[test]
fn every_form_of_encryption_and_mac_is_read() {
    let folder = Folder::new();
    let key = ec_key("P-256");
    let pbe =
        |key: &'static str, certificates: &'static str| ["-keypbe", key, "-certpbe", certificates];
    let forms: Vec<Vec<&str>> = vec![
        vec!["-legacy"],
        vec!["-legacy", "-descert"],
        [&["-legacy"][..], &pbe("PBE-SHA1-2DES", "PBE-SHA1-RC2-128")].concat(),
        [&["-legacy"][..], &pbe("PBE-SHA1-RC2-40", "NONE")].concat(),
        pbe("AES-128-CBC", "AES-192-CBC").to_vec(),
        pbe("NONE", "NONE").to_vec(),
        vec!["-macalg", "SHA1"],
        vec!["-macalg", "SHA384", "-iter", "100000"],
        vec!["-macalg", "SHA512", "-iter", "1", "-nomaciter"],
        vec!["-nomac"],
    ];
    for form in forms {
        let leaf = folder.openssl_export(&key, PASSWORD, &form);
        let (credential, _) =
            folder.open("key.p12", PASSWORD).unwrap_or_else(|e| panic!("{form:?}: {e}"));
        assert_eq!(credential.certificate, leaf, "{form:?}");

        let readable = form == pbe("NONE", "NONE") || form.contains(&"-nomac");
        match folder.open("key.p12", "mật khẩu 2/9") {
            Err(TokenError::PinIncorrect { .. }) => {}
            other => assert!(readable, "{form:?}: {:?}", other.map(|(credential, _)| credential)),
        }
    }
}

#[test]
fn a_file_that_any_password_opens_signs_nothing() {
    let folder = Folder::new();
    folder.openssl_export(&ec_key("P-256"), PASSWORD, &["-nomac", "-keypbe", "NONE"]);
    let refused = folder.open("key.p12", "anything").err();
    assert_eq!(refused, Some(KeyFileError::Unprotected.into()));
    // It can be read for saving it anew, under a password that counts.
    let password = Pin::new(PASSWORD.to_owned());
    let file = KeyFile::open(&folder.path("key.p12"), &password).unwrap();
    file.save(&folder.path("key.p12"), &password).unwrap();
    folder.open("key.p12", PASSWORD).unwrap();
    // A MAC proves the password, even over a key in the clear.
    folder.openssl_export(&ec_key("P-256"), PASSWORD, &["-keypbe", "NONE"]);
    folder.open("key.p12", PASSWORD).unwrap();
}

#[test]
fn the_empty_password_is_read_in_both_its_forms() {
    let folder = Folder::new();
    let key = ec_key("P-256");
    for form in [&["-legacy"][..], &[], &["-nomac"]] {
        folder.openssl_export(&key, "", form);
        folder.open("key.p12", "").unwrap();
    }
    // OpenSSL derives the empty password from the terminator; pyca/cryptography and NSS from nothing at all.
    let script = "import sys\n\
        from cryptography.hazmat.primitives.serialization import pkcs12, load_pem_private_key, NoEncryption\n\
        from cryptography.x509 import load_pem_x509_certificate\n\
        key, leaf, out = [open(a, m) for a, m in zip(sys.argv[1:], ['rb', 'rb', 'wb'])]\n\
        out.write(pkcs12.serialize_key_and_certificates(b'x', load_pem_private_key(key.read(), None), \
        load_pem_x509_certificate(leaf.read()), None, NoEncryption()))\n";
    let arguments =
        ["-c", script, &folder.text("key.pem"), &folder.text("leaf.pem"), &folder.text("key.p12")];
    peer::run(peer::python(), arguments).expect_success();
    folder.open("key.p12", "").unwrap();
}

/// Gives a file without MAC a PBMAC1 (RFC 9579), by Python's own hashes and asn1crypto.
const ADD_PBMAC1: &str = "
import hashlib, hmac, os, sys
from asn1crypto import core, pkcs12
source, target, password, digest, length = sys.argv[1:]
class Pbkdf2(core.Sequence):
    _fields = [('salt', core.OctetString), ('n', core.Integer), ('length', core.Integer), ('prf', core.Any)]
class Algorithm(core.Sequence):
    _fields = [('oid', core.ObjectIdentifier), ('parameters', core.Any)]
class Parameters(core.Sequence):
    _fields = [('kdf', Algorithm), ('mac', Algorithm)]
class DigestInfo(core.Sequence):
    _fields = [('algorithm', Algorithm), ('digest', core.OctetString)]
class MacData(core.Sequence):
    _fields = [('mac', DigestInfo), ('salt', core.OctetString), ('n', core.Integer)]
class Pfx(core.Sequence):
    _fields = [('version', core.Integer), ('safe', core.Any), ('mac', MacData)]
pfx = pkcs12.Pfx.load(open(source, 'rb').read())
oid = '1.2.840.113549.2.%d' % {'sha256': 9, 'sha384': 10, 'sha512': 11}[digest]
prf = Algorithm({'oid': oid, 'parameters': core.Null()})
salt = os.urandom(16)
key = hashlib.pbkdf2_hmac(digest, password.encode(), salt, 2048, int(length))
kdf = Pbkdf2({'salt': salt, 'n': 2048, 'length': int(length), 'prf': prf})
parameters = Parameters({'kdf': Algorithm({'oid': '1.2.840.113549.1.5.12', 'parameters': kdf}), 'mac': prf})
mac = hmac.new(key, pfx['auth_safe']['content'].native, digest).digest()
info = DigestInfo({'algorithm': Algorithm({'oid': '1.2.840.113549.1.5.14', 'parameters': parameters}), 'digest': mac})
mac = MacData({'mac': info, 'salt': b'NOT USED', 'n': 1})
open(target, 'wb').write(Pfx({'version': 3, 'safe': pfx['auth_safe'], 'mac': mac}).dump())
";

#[test]
fn pbmac1_is_checked() {
    let folder = Folder::new();
    let leaf = folder.openssl_export(&ec_key("P-256"), PASSWORD, &["-nomac"]);
    let [source, target] = ["key.p12", "pbmac1.p12"].map(|name| folder.text(name));
    for (digest, length) in [("sha256", "32"), ("sha256", "20"), ("sha384", "48"), ("sha512", "64")]
    {
        let arguments = ["-c", ADD_PBMAC1, &source, &target, PASSWORD, digest, length];
        peer::run(peer::python(), arguments).expect_success();
        assert_eq!(folder.open("pbmac1.p12", PASSWORD).unwrap().0.certificate, leaf);
        let wrong = KeyFile::open(Path::new(&target), &Pin::new("p".into()));
        assert_eq!(wrong.unwrap_err(), KeyFileError::MacMismatch);
    }
    for length in ["1", "19", "65", "60000"] {
        let arguments = ["-c", ADD_PBMAC1, &source, &target, PASSWORD, "sha256", length];
        peer::run(peer::python(), arguments).expect_success();
        let refused = KeyFile::open(Path::new(&target), &Pin::new(PASSWORD.into()));
        assert!(matches!(refused, Err(KeyFileError::Malformed { .. })), "{length}");
    }
}

#[test]
fn what_is_generated_and_imported_here_openssl_reads() {
    let folder = Folder::new();
    let mut file = KeyFile::new();
    let generated = file.generate(Curve::P256, "Ký số").unwrap();
    let leaf = folder.certificate(&generated.spki);
    assert_eq!(file.add_certificate(&leaf).unwrap(), generated.id);
    file.add_other_certificate(folder.authority.intermediate_der()).unwrap();
    file.save(&folder.path("made.p12"), &Pin::new(PASSWORD.into())).unwrap();

    let (made, pass) = (folder.text("made.p12"), format!("pass:{PASSWORD}"));
    let said = peer::run("openssl", ["pkcs12", "-in", &made, "-passin", &pass, "-nodes", "-info"]);
    for part in [
        "MAC: sha256, Iteration 250000",
        "PBES2, PBKDF2, AES-256-CBC, Iteration 250000, PRF hmacWithSHA256",
    ] {
        assert!(said.stderr.contains(part), "{part} is missing in\n{}", said.stderr);
    }
    let printed = String::from_utf8_lossy(&said.expect_success()).into_owned();
    let from = printed.find("-----BEGIN PRIVATE KEY-----").unwrap();
    assert_eq!(openssl::spki_der(&printed[from..]), generated.spki);
    assert_eq!(printed.matches("-----BEGIN CERTIFICATE-----").count(), 2);
    let wrong = ["pkcs12", "-in", &made, "-passin", "pass:wrong", "-nodes"];
    assert!(!peer::run("openssl", wrong).success);

    // The same by pyca/cryptography, which pairs key and certificate by localKeyID.
    let script = "import sys\n\
        from cryptography.hazmat.primitives.serialization import pkcs12\n\
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat\n\
        key, leaf, others = pkcs12.load_key_and_certificates(open(sys.argv[1], 'rb').read(), sys.argv[2].encode())\n\
        assert leaf.public_key() == key.public_key() and len(others) == 1\n";
    peer::run(peer::python(), ["-c", script, &made, PASSWORD]).expect_success();

    let (credential, act) = folder.open("made.p12", PASSWORD).unwrap();
    assert_eq!((credential.label.as_str(), &credential.certificate), ("Ký số", &leaf));
    let algorithm = SigningAlgorithm::Ecdsa(HashAlgorithm::Sha256);
    let signature = act.sign(algorithm, Input::Message(b"m")).unwrap();
    assert!(folder.verify(&leaf, algorithm, b"m", &for_openssl(&signature)));
}

#[test]
fn a_list_of_our_own_file_needs_no_password_and_of_others_does() {
    let folder = Folder::new();
    let mut file = KeyFile::new();
    let one = file.generate(Curve::P256, "một").unwrap();
    let two = file.import_key(openssl::rsa_key_pem(2048).as_bytes(), "hai").unwrap();
    for key in [&one, &two] {
        file.add_certificate(&folder.certificate(&key.spki)).unwrap();
    }
    file.add_other_certificate(folder.authority.intermediate_der()).unwrap();
    file.create(&folder.path("own.p12"), &Pin::new(PASSWORD.into())).unwrap();

    let store = Pkcs12Store::new([folder.path("own.p12")]);
    let listed = store.credentials().unwrap();
    let labels: Vec<&str> = listed.iter().map(|credential| credential.label.as_str()).collect();
    assert_eq!(labels, ["một", "hai"]);
    assert!(listed.iter().all(|credential| credential.key_match == KeyMatch::Unchecked));
    for credential in &listed {
        let uri: KeyFileUri = credential.uri.parse().unwrap();
        assert_eq!(uri.select(&listed).unwrap(), credential);
        let act = store.open(credential, &folder.password_file(PASSWORD), &()).unwrap();
        act.sign(credential.algorithms[0], Input::Message(b"m")).unwrap();
    }
    let ambiguous = KeyFileUri { path: folder.path("own.p12"), key: None, pin_source: None };
    assert_eq!(ambiguous.select(&listed), Err(TokenError::UriAmbiguous { matches: 2 }));
    let named = KeyFileUri { key: Some("hai".into()), ..ambiguous };
    assert_eq!(named.select(&listed).unwrap().id, two.id);

    folder.openssl_export(&ec_key("P-256"), PASSWORD, &[]);
    let path = folder.path("key.p12");
    let foreign = Pkcs12Store::new([path.clone()]);
    let locked = KeyFileError::CertificatesEncrypted { path: path.clone() };
    assert_eq!(foreign.credentials(), Err(TokenError::KeyFile(locked)));
    let revealed = foreign.reveal(&path, &folder.password_file(PASSWORD), &()).unwrap();
    assert_eq!(foreign.credentials().unwrap(), revealed);
    assert_eq!(revealed.len(), 1);
    let both = Pkcs12Store::new([folder.path("own.p12"), path]);
    assert_eq!(both.credentials().unwrap().len(), 2);
}

#[test]
fn passwords_change_files_merge_and_keys_are_renamed() {
    let folder = Folder::new();
    let [old, new] = [PASSWORD, "mới"].map(|password| Pin::new(password.to_owned()));
    let leaf = folder.openssl_export(&openssl::rsa_key_pem(2048), PASSWORD, &["-legacy"]);
    let path = folder.path("key.p12");
    KeyFile::open(&path, &old).unwrap().save(&path, &new).unwrap();
    assert_eq!(KeyFile::open(&path, &old).unwrap_err(), KeyFileError::MacMismatch);

    let mut file = KeyFile::open(&path, &new).unwrap();
    let mut other = KeyFile::new();
    other.generate(Curve::P384, "khác").unwrap();
    file.merge(other);
    file.merge(KeyFile::open(&path, &new).unwrap());
    let keys = file.keys();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0].certificates, [leaf]);
    assert_eq!(keys[1].key_type, KeyType::Ec(Curve::P384));
    file.rename(&keys[0].id, "tên mới").unwrap();
    assert_eq!(file.keys()[0].label.as_deref(), Some("tên mới"));
    assert_eq!(file.rename(b"no", "x"), Err(KeyFileError::KeyUnknown { id: b"no".to_vec() }));
    assert_eq!(file.certificates().count(), 2);
    assert!(!format!("{file:?}").contains("30"), "{file:?}");
}

#[test]
fn a_certificate_goes_only_to_its_own_key() {
    let folder = Folder::new();
    let mut file = KeyFile::new();
    file.generate(Curve::P256, "ký").unwrap();
    let stranger = SoftKey::generate(kyso_testkit::Curve::P256);
    let leaf = folder.certificate(&stranger.spki_der());
    assert!(matches!(file.add_certificate(&leaf), Err(TokenError::KeyNotFound { .. })));
    assert!(matches!(file.add_certificate(b"0"), Err(TokenError::CertificateMalformed { .. })));
    let imported = file.import_key(&stranger.pkcs8_der(), "lạ").unwrap();
    assert_eq!(imported.spki, stranger.spki_der());
    assert_eq!(file.add_certificate(&leaf).unwrap(), imported.id);
}

#[test]
fn unfit_keys_and_files_have_their_own_errors() {
    let folder = Folder::new();
    let pin = || Pin::new(PASSWORD.to_owned());
    let mut file = KeyFile::new();
    let small = openssl::rsa_key_pem(1024);
    assert_eq!(file.import_key(small.as_bytes(), ""), Err(TokenError::KeyUnsupported));
    let koblitz = ec_key("secp256k1");
    assert_eq!(file.import_key(koblitz.as_bytes(), ""), Err(TokenError::KeyUnsupported));
    assert_eq!(file.import_key(b"no key", ""), Err(TokenError::PrivateKeyMalformed));

    let path = folder.path("key.p12");
    assert_eq!(
        KeyFile::open(&path, &pin()).unwrap_err(),
        KeyFileError::Missing { path: path.clone() }
    );
    for other in
        [&b""[..], b"%PDF-1.7\n", b"-----BEGIN CERTIFICATE-----\n", folder.authority.root_der()]
    {
        fs::write(&path, other).unwrap();
        assert_eq!(KeyFile::open(&path, &pin()).unwrap_err(), KeyFileError::NotPkcs12);
    }
    fs::write(&path, vec![0x30; 2 << 20]).unwrap();
    assert!(matches!(KeyFile::open(&path, &pin()), Err(KeyFileError::TooLong { .. })));
    file.generate(Curve::P256, "").unwrap();
    assert_eq!(file.to_pfx(&Pin::new(String::new())).unwrap_err(), KeyFileError::PasswordEmpty);
    assert_eq!(file.create(&path, &pin()), Err(KeyFileError::Exists { path: path.clone() }));
    let missing = folder.path("no/such/folder.p12");
    assert!(matches!(file.save(&missing, &pin()), Err(KeyFileError::Unwritable { .. })));

    // A key without any certificate is kept, and is no credential yet.
    file.save(&path, &pin()).unwrap();
    assert_eq!(KeyFile::open(&path, &pin()).unwrap().keys().len(), 1);
    assert_eq!(folder.open("key.p12", PASSWORD).err(), Some(TokenError::UriMatchesNothing));
    assert_eq!(Pkcs12Store::new([path]).credentials(), Ok(Vec::new()));
}

#[test]
fn a_file_is_replaced_whole_and_for_its_owner_alone() {
    let folder = Folder::new();
    let path = folder.path("key.p12");
    fs::write(&path, "before").unwrap();
    let mut file = KeyFile::new();
    file.generate(Curve::P256, "ký").unwrap();
    file.save(&path, &Pin::new(PASSWORD.into())).unwrap();
    KeyFile::open(&path, &Pin::new(PASSWORD.into())).unwrap();
    let left: Vec<_> = fs::read_dir(folder.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_key_is_found_by_itself_not_by_its_name() {
    let folder = Folder::new();
    folder.openssl_export(&ec_key("P-256"), PASSWORD, &[]);
    let (mut credential, _) = folder.open("key.p12", PASSWORD).unwrap();
    let stranger = SoftKey::generate(kyso_testkit::Curve::P256);
    credential.certificate = folder.certificate(&stranger.spki_der());
    let source = folder.password_file(PASSWORD);
    let opened = Pkcs12Store::default().open(&credential, &source, &());
    let id = credential.id.clone();
    assert_eq!(opened.err(), Some(TokenError::CertificateKeyMismatch { id }));
    let source = PinSource::Prompt;
    let refused = Pkcs12Store::default().open(&credential, &source, &()).err();
    assert_eq!(refused, Some(TokenError::PinRefused(kyso_token::PinRefused::NoPrompt)));
}

#[test]
fn pyhanko_signs_with_our_file() {
    let folder = Folder::new();
    let mut file = KeyFile::new();
    let key = file.generate(Curve::P256, "ký").unwrap();
    file.add_certificate(&folder.certificate(&key.spki)).unwrap();
    file.add_other_certificate(folder.authority.intermediate_der()).unwrap();
    file.save(&folder.path("key.p12"), &Pin::new(PASSWORD.into())).unwrap();
    let [plain, signed]: [PathBuf; 2] = ["plain.pdf", "signed.pdf"].map(|name| folder.path(name));
    fs::write(&plain, kyso_testkit::pdf::one_page("Quyết định")).unwrap();
    let options = peer::pyhanko::SignOptions::default();
    peer::pyhanko::sign(&plain, &signed, &folder.path("key.p12"), PASSWORD, &options);
    let verdicts = peer::pyhanko::validate(&signed, Path::new(&folder.path("root.pem"))).unwrap();
    assert!(verdicts.len() == 1 && verdicts[0].bottom_line, "{verdicts:?}");
}
