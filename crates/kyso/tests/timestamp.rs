//! Time-stamps by OpenSSL's authority, and authorities that misbehave.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kyso::fetch::{Fetcher, Limits, Networks, Proxies, Settings, TlsRoots};
use kyso::timestamp::{Authorities, AuthorityFailure, TimestampError, stamp};
use kyso_x509::DigestAlgorithm;

/// An authority of OpenSSL's, its key and certificate in a folder of its own.
struct OpensslAuthority {
    folder: tempfile::TempDir,
}

impl OpensslAuthority {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Self { folder };
        let config = "\
[req]\ndistinguished_name = dn\nprompt = no\nx509_extensions = ext\n[dn]\nCN = Trial TSA\n\
[ext]\nbasicConstraints = critical, CA:false\nkeyUsage = critical, digitalSignature\n\
extendedKeyUsage = critical, timeStamping\n\
[tsa]\nserial = serial\nsigner_digest = sha256\ndigests = sha256, sha384, sha512\n\
default_policy = 1.2.3.4.1\naccuracy = secs:1\nordering = no\ntsa_name = yes\n\
ess_cert_id_chain = no\ness_cert_id_alg = sha256\n";
        fs::write(authority.path("openssl.cnf"), config).expect("a configuration");
        fs::write(authority.path("serial"), "01\n").expect("a serial number");
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-config",
            "openssl.cnf",
            "-days",
            "30",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ]);
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn answer(&self, request: &[u8]) -> Vec<u8> {
        fs::write(self.path("request.tsq"), request).expect("the request");
        self.openssl(&[
            "ts",
            "-reply",
            "-config",
            "openssl.cnf",
            "-section",
            "tsa",
            "-queryfile",
            "request.tsq",
            "-signer",
            "cert.pem",
            "-inkey",
            "key.pem",
            "-out",
            "response.tsr",
        ]);
        fs::read(self.path("response.tsr")).expect("the response")
    }
}

/// Serves `answer` on loopback and gives the address; the thread ends with the test's process.
fn serve(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/tsa", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            reply(connection, &answer);
        }
    });
    address
}

fn reply(mut connection: TcpStream, answer: &dyn Fn(&[u8]) -> Vec<u8>) {
    let mut reader = BufReader::new(connection.try_clone().expect("a second handle"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut request = vec![0; length];
    if reader.read_exact(&mut request).is_ok() {
        let content = answer(&request);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            content.len()
        );
        let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&content));
    }
}

fn fetcher() -> Fetcher {
    Fetcher::new(Settings {
        online: true,
        networks: Networks::dangerous_allow_private(),
        proxies: Proxies::none(),
        roots: TlsRoots::These(Vec::new()),
        cache: None,
        limits: Limits::standard(),
    })
}

fn at(addresses: &[&str]) -> Authorities {
    let addresses = addresses.iter().map(|&address| address.to_owned()).collect();
    Authorities { addresses, policy: None }
}

/// A port where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}/", listener.local_addr().expect("an address"))
}

#[test]
fn openssl_stamps_and_verifies_what_it_stamped() {
    let authority = Arc::new(OpensslAuthority::new());
    let serving = Arc::clone(&authority);
    let address = serve(move |request| serving.answer(request));
    let content = "Quyết định số 12/QĐ-UBND".as_bytes();
    let imprint = DigestAlgorithm::Sha256.digest(content);
    let down = nobody();
    let stamped = stamp(&imprint, &at(&[&down, &address]), &fetcher()).expect("a time-stamp");

    assert_eq!(stamped.authority, address);
    assert_eq!(stamped.failed.len(), 1, "the one that is down was asked first");
    assert!(stamped.failed[0].reason.is_passing());
    assert_eq!(*stamped.token.info().message_imprint(), imprint);
    assert_eq!(stamped.token.info().accuracy_micros(), Some(1_000_000));

    let (data, token) = (authority.path("data"), authority.path("token.tst"));
    write(&data, content);
    write(&token, stamped.token.as_received());
    authority.openssl(&[
        "ts",
        "-verify",
        "-data",
        "data",
        "-in",
        "token.tst",
        "-token_in",
        "-CAfile",
        "cert.pem",
    ]);
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file");
}

#[test]
fn an_answer_to_another_request_is_not_used() {
    let authority = OpensslAuthority::new();
    let earlier: std::sync::Mutex<Option<Vec<u8>>> = std::sync::Mutex::new(None);
    let replay = serve(move |request| {
        let mut earlier = earlier.lock().expect("nobody died");
        earlier.get_or_insert_with(|| authority.answer(request)).clone()
    });
    let imprint = DigestAlgorithm::Sha256.digest(b"one");
    stamp(&imprint, &at(&[&replay]), &fetcher()).expect("the first answer is to this request");
    // The same imprint again: only the nonce tells.
    for again in [imprint, DigestAlgorithm::Sha256.digest(b"two")] {
        let Err(TimestampError::NoneAnswered { failed }) =
            stamp(&again, &at(&[&replay]), &fetcher())
        else {
            panic!("a replayed time-stamp was used");
        };
        assert!(matches!(failed[0].reason, AuthorityFailure::Mismatch(_)), "{:?}", failed[0]);
        assert!(!failed[0].reason.is_passing());
    }
}

#[test]
fn garbage_and_silence_are_told_apart() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let garbage = serve(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        b"<html>it works</html>".to_vec()
    });
    let imprint = DigestAlgorithm::Sha256.digest(b"one");
    let error = stamp(&imprint, &at(&[&garbage, &nobody()]), &fetcher()).expect_err("no stamp");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "an answer that is wrong is not asked for again");
    assert!(error.is_passing(), "the second authority may come back: {error}");
    let TimestampError::NoneAnswered { failed } = error else { panic!("{error}") };
    assert!(matches!(failed[0].reason, AuthorityFailure::Response(_)), "{:?}", failed[0]);
    assert!(matches!(failed[1].reason, AuthorityFailure::Fetch(_)), "{:?}", failed[1]);
    let none = stamp(&imprint, &Authorities::default(), &fetcher()).expect_err("nobody to ask");
    assert!(matches!(none, TimestampError::NoAuthority));
}
