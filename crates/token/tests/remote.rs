//! Credentials of a remote service, against the test kit's own over loopback; OpenSSL holds the key there.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kyso_testkit::csc::{self, Authorization, Fault, Plan};
use kyso_testkit::{Authority, Curve, Profile, Subject};
use kyso_token::remote::{
    ErrorCode, HttpRequest, HttpResponse, Limits, Login, Method, Redirect, RemoteError,
    RemoteStore, Service, Transport, TransportError, UserAgent, UserAgentError,
};
use kyso_token::{
    HashAlgorithm, Input, KeyStore as _, Pin, PinPrompt, PinPurpose, PinRefused, PinRequest,
    PinSource, RawSignature, SigningAct, SigningAlgorithm, TokenError,
};
use tempfile::TempDir;

const RSA: &[&str] = &["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"];
const EC: &[&str] = &["1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3"];
const PKCS1: SigningAlgorithm = SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256);
const ECDSA: SigningAlgorithm = SigningAlgorithm::Ecdsa(HashAlgorithm::Sha256);

/// Requests over a plain connection; waits are counted, not waited.
struct Wire {
    patience: Duration,
    pauses: Mutex<u32>,
}

impl Wire {
    fn post(&self, request: &HttpRequest<'_>) -> std::io::Result<HttpResponse> {
        let rest = request.url.strip_prefix("http://").expect("a loopback address");
        let (host, path) = rest.split_once('/').expect("a path");
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(self.patience))?;
        let bearer = request.bearer.map(|token| format!("Authorization: Bearer {token}\r\n"));
        write!(
            stream,
            "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n",
            request.content_type,
            request.content.len(),
            bearer.unwrap_or_default(),
        )?;
        stream.write_all(request.content)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, content) = text.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Ok(HttpResponse { status, content: content.as_bytes().to_vec().into() })
    }
}

impl Transport for Wire {
    fn exchange(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        self.post(request).map_err(|_late| TransportError::TimedOut)
    }

    fn pause(&self, _time: Duration) {
        *self.pauses.lock().expect("unpoisoned") += 1;
    }
}

/// A browser whose person agrees at once, or that some other page sends back.
struct Browser {
    forged: bool,
}

impl UserAgent for Browser {
    fn listen(&self) -> Result<Box<dyn Redirect + '_>, UserAgentError> {
        Ok(Box::new(Back { forged: self.forged }))
    }
}

struct Back {
    forged: bool,
}

impl Redirect for Back {
    fn address(&self) -> &str {
        "http://127.0.0.1:1/returned"
    }

    fn visit(
        &mut self,
        url: &str,
        ours: &dyn Fn(&str) -> bool,
    ) -> Result<zeroize::Zeroizing<String>, UserAgentError> {
        if self.forged {
            assert!(!ours("code=evil&state=guess"));
            return Ok("code=evil&state=guess".to_owned().into());
        }
        let rest = url.strip_prefix("http://").expect("a loopback address");
        let (host, path) = rest.split_once('/').expect("a path");
        let mut stream = TcpStream::connect(host).expect("the login page");
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        let line = text.lines().find_map(|line| line.strip_prefix("Location: "));
        let query = line.expect("a redirect").split_once('?').expect("a query").1.to_owned();
        assert!(ours(&query));
        Ok(query.into())
    }
}

/// A person with the PIN in mind and the phone in hand.
struct Person {
    pin: &'static str,
    service: Arc<Mutex<Option<Arc<csc::Service>>>>,
}

impl PinPrompt for Person {
    fn pin(&self, request: &PinRequest) -> Result<Pin, PinRefused> {
        match request.purpose {
            PinPurpose::Login => Ok(Pin::new(self.pin.to_owned())),
            PinPurpose::OneTimePassword => {
                let service = self.service.lock().expect("unpoisoned");
                let otp = service.as_ref().and_then(|service| service.otp());
                otp.map(Pin::new).ok_or(PinRefused::Cancelled)
            }
            _ => Err(PinRefused::NoPrompt),
        }
    }
}

struct Bench {
    _folder: TempDir,
    service: Arc<csc::Service>,
    store: RemoteStore,
    wire: Arc<Wire>,
    person: Arc<Person>,
}

fn key(folder: &Path, rsa: bool) -> (PathBuf, Vec<u8>) {
    let path = folder.join("key.pem");
    let mut make = Command::new("openssl");
    make.arg("genpkey").arg("-out").arg(&path);
    if rsa {
        make.args(["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-quiet"]);
    } else {
        make.args(["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    }
    assert!(make.output().expect("openssl").status.success());
    let public = Command::new("openssl")
        .args(["pkey", "-pubout", "-outform", "DER", "-in"])
        .arg(&path)
        .output()
        .expect("openssl");
    (path, public.stdout)
}

impl Bench {
    fn new(algo: &'static [&'static str], authorization: Authorization) -> Self {
        Self::with(algo, authorization, Login::Client, csc::PIN, false)
    }

    fn with(
        algo: &'static [&'static str],
        authorization: Authorization,
        login: Login,
        pin: &'static str,
        forged: bool,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, spki) = key(folder.path(), algo == RSA);
        let (start, end) = (1_700_000_000, 2_000_000_000);
        let authority = Authority::new(Curve::P256, start, end).expect("an authority");
        let profile = Profile::document_signing(Subject::official(), start, end);
        let leaf = authority.issue(&profile, &spki).expect("a certificate");
        let service = Arc::new(csc::Service::start(Plan {
            key: path,
            chain: vec![leaf, authority.intermediate_der().to_vec()],
            algo: algo.to_vec(),
            authorization,
            multisign: 3,
        }));
        let wire = Arc::new(Wire { patience: Duration::from_secs(20), pauses: Mutex::new(0) });
        let phone = Arc::new(Mutex::new(Some(Arc::clone(&service))));
        let person = Arc::new(Person { pin, service: phone });
        let configured = Service {
            name: "test".to_owned(),
            base: service.base(),
            client_id: csc::CLIENT_ID.to_owned(),
            client_secret: Some(Pin::new(csc::CLIENT_SECRET.to_owned())),
            scope: None,
            login,
            lang: "vi-VN".to_owned(),
        };
        let store = RemoteStore::new(
            configured,
            Arc::clone(&wire) as Arc<dyn Transport>,
            Some(Arc::new(Browser { forged })),
            Arc::clone(&person) as Arc<dyn PinPrompt>,
            Limits::interactive(),
        );
        Self { _folder: folder, service, store, wire, person }
    }

    fn open(&self) -> Result<Box<dyn SigningAct>, TokenError> {
        let credential = self.store.credentials()?.pop().expect("a credential");
        self.store.open(&credential, &PinSource::Prompt, self.person.as_ref())
    }

    fn sign(&self, algorithm: SigningAlgorithm) -> Result<RawSignature, TokenError> {
        self.open()?.sign(algorithm, Input::Message(b"message"))
    }

    fn count(&self, method: &str) -> usize {
        self.service.calls().iter().filter(|one| *one == method).count()
    }
}

#[test]
fn a_credential_is_listed_found_and_named_by_its_uri() {
    let bench = Bench::new(EC, Authorization::Pin);
    let listed = bench.store.credentials().expect("credentials");
    let one = &listed[0];
    assert_eq!(listed.len(), 1);
    assert_eq!(one.algorithms.len(), 2);
    assert_eq!(one.token.serial, csc::CREDENTIAL);
    assert_eq!(one.other_certificates.len(), 1);
    let uri = one.uri.parse().expect("a URI");
    assert_eq!(bench.store.find(&uri).expect("found"), *one);
    assert!(one.uri.ends_with(";credential=k%C3%BD%20s%E1%BB%91%2F01"), "{}", one.uri);
    let unknown = "csc:https://elsewhere.example".parse().expect("a URI");
    assert_eq!(bench.store.find(&unknown), Err(RemoteError::ServiceUnknown.into()));
}

#[test]
fn every_algorithm_signs_and_verifies() {
    let rsa = Bench::new(RSA, Authorization::Implicit);
    let act = rsa.open().expect("an act");
    for hash in HashAlgorithm::ALL {
        for algorithm in [SigningAlgorithm::RsaPkcs1(hash), SigningAlgorithm::RsaPss(hash)] {
            let signature = act.sign(algorithm, Input::Message(b"message"));
            assert!(
                matches!(&signature, Ok(RawSignature::Rsa(value)) if value.len() == 256),
                "{signature:?}"
            );
        }
    }
    let ec = Bench::new(EC, Authorization::Implicit);
    let signature = ec.sign(ECDSA);
    assert!(
        matches!(&signature, Ok(RawSignature::EcdsaFixed(value)) if value.len() == 64),
        "{signature:?}"
    );
    let not = SigningAlgorithm::Ecdsa(HashAlgorithm::Sha512);
    assert_eq!(ec.sign(not), Err(TokenError::MechanismNotOffered { algorithm: not }));
    let digest = ec.open().expect("an act").sign(ECDSA, Input::Digest(&[0; 32]));
    assert_eq!(digest, Err(TokenError::MessageNeeded { algorithm: ECDSA }));
}

#[test]
fn a_person_authorizes_in_every_way() {
    for authorization in [
        Authorization::Implicit,
        Authorization::Elsewhere,
        Authorization::Pin,
        Authorization::PinAndOtp,
        Authorization::Page,
    ] {
        for login in [Login::Client, Login::Code] {
            let bench = Bench::with(EC, authorization, login, csc::PIN, false);
            let signed = bench.sign(ECDSA);
            assert!(signed.is_ok(), "{authorization:?} {login:?}: {signed:?}");
            let pauses = *bench.wire.pauses.lock().expect("unpoisoned");
            assert_eq!(pauses, if authorization == Authorization::Elsewhere { 3 } else { 0 });
        }
    }
}

#[test]
fn a_batch_is_authorized_by_as_many_hashes_as_the_service_takes() {
    let bench = Bench::new(EC, Authorization::PinAndOtp);
    let act = bench.open().expect("an act");
    assert_eq!(act.together(), Some(3));
    let messages: Vec<Vec<u8>> = (0..7).map(|number| vec![number; 10]).collect();
    let all: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let signatures = act.sign_many(ECDSA, &all);
    assert!(signatures.iter().all(Result::is_ok), "{signatures:?}");
    assert_eq!(signatures.len(), 7);
    assert_eq!(bench.count("signatures/signHash"), 3);
    assert_eq!(bench.count("credentials/sendOTP"), 3);
}

#[test]
fn what_goes_wrong_has_a_name() {
    use RemoteError as E;
    for (fault, expected) in [
        (Fault::WrongSignature, E::SignatureWrong),
        (Fault::FewerSignatures, E::SignatureCount { expected: 1, actual: 0 }),
        (Fault::WrongHashBound, E::Refused(Method::SignHash, ErrorCode::InvalidRequest)),
        (Fault::Broken, E::Status(Method::SignHash, 500)),
        (Fault::Disabled, E::KeyDisabled),
        (Fault::NoJson, E::AnswerMalformed(Method::OauthToken)),
        (Fault::Denied, E::Refused(Method::CredentialsAuthorize, ErrorCode::AccessDenied)),
    ] {
        let bench = Bench::new(EC, Authorization::Pin);
        bench.service.fault(fault);
        assert_eq!(bench.sign(ECDSA), Err(TokenError::Remote(expected)), "{fault:?}");
    }
    let bench = Bench::new(RSA, Authorization::Implicit);
    bench.service.fault(Fault::WrongSignature);
    assert_eq!(bench.sign(PKCS1), Err(E::SignatureWrong.into()));
}

#[test]
fn a_wrong_or_locked_pin_ends_the_act_and_is_not_sent_again() {
    let bench = Bench::with(EC, Authorization::Pin, Login::Client, "000000", false);
    let act = bench.open().expect("an act");
    for _ in 0..3 {
        let signed = act.sign(ECDSA, Input::Message(b"m"));
        assert!(matches!(signed, Err(TokenError::PinIncorrect { .. })), "{signed:?}");
    }
    assert_eq!(bench.count("credentials/authorize"), 1);
    let bench = Bench::new(EC, Authorization::Pin);
    bench.service.fault(Fault::Locked);
    assert_eq!(bench.sign(ECDSA), Err(TokenError::PinLocked));
}

#[test]
fn tokens_that_run_out_are_renewed() {
    for fault in [Fault::ShortTokens, Fault::ShortTokensNoRefresh] {
        for login in [Login::Client, Login::Code] {
            let bench = Bench::with(EC, Authorization::Pin, login, csc::PIN, false);
            bench.service.fault(fault);
            let signed = bench.sign(ECDSA);
            assert!(signed.is_ok(), "{fault:?} {login:?}: {signed:?}");
        }
    }
    let bench = Bench::with(EC, Authorization::Pin, Login::Code, csc::PIN, false);
    bench.service.fault(Fault::ShortTokens);
    bench.sign(ECDSA).expect("a signature");
    assert_eq!(bench.count("oauth2/authorize"), 1, "the refresh token spares the person a login");
}

#[test]
fn what_changes_nothing_is_asked_twice_and_nothing_else() {
    let bench = Bench::new(EC, Authorization::Pin);
    assert!(bench.store.credentials().is_ok());
    let busy =
        RemoteError::Refused(Method::CredentialsAuthorize, ErrorCode::TemporarilyUnavailable);
    bench.service.fault(Fault::OutOfBreath);
    assert_eq!(bench.sign(ECDSA), Err(busy.into()));
    assert_eq!(bench.count("credentials/authorize"), 1);
}

#[test]
fn a_return_with_another_state_is_no_login() {
    let bench = Bench::with(EC, Authorization::Pin, Login::Code, csc::PIN, true);
    let refused = RemoteError::AnswerMalformed(Method::OauthAuthorize);
    assert_eq!(bench.store.credentials(), Err(refused.into()));
    assert_eq!(bench.count("oauth2/token"), 0);
    let bench = Bench::with(EC, Authorization::Pin, Login::Code, csc::PIN, false);
    bench.service.fault(Fault::Denied);
    let denied = RemoteError::Refused(Method::OauthAuthorize, ErrorCode::AccessDenied);
    assert_eq!(bench.store.credentials(), Err(denied.into()));
}

#[test]
fn plain_http_leaves_loopback_for_nobody() {
    let bench = Bench::new(EC, Authorization::Pin);
    let service = Service {
        name: "test".to_owned(),
        base: "http://service.example/csc/v2".to_owned(),
        client_id: csc::CLIENT_ID.to_owned(),
        client_secret: None,
        scope: None,
        login: Login::Client,
        lang: "en-US".to_owned(),
    };
    let wire = Arc::clone(&bench.wire) as Arc<dyn Transport>;
    let person = Arc::clone(&bench.person) as Arc<dyn PinPrompt>;
    let store = RemoteStore::new(service, wire, None, person, Limits::interactive());
    assert_eq!(store.credentials(), Err(RemoteError::NotTls.into()));
}
