//! The services over loopback: OpenSSL asks, and clients that do not know how to ask.

use kyso_testkit::peer::{Verdict, run};
use kyso_testkit::pki::hierarchy::with_addresses;
use kyso_testkit::pki::ocsp::Status;
use kyso_testkit::pki::tsp;
use kyso_testkit::pki::{
    Clock, Fault, Hierarchy, Key, Keys, Plan, Reason, Route, Server, Template,
};
use kyso_testkit::{Subject, authority::certificate_pem};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const DAY: i64 = 86_400;

struct Client {
    folder: tempfile::TempDir,
    server: Server,
    now: i64,
}

impl Client {
    /// OpenSSL's OCSP client knows the system's clock alone.
    fn new() -> Self {
        let now = Clock::System.now();
        let server = Server::start(Clock::System, |base| {
            let plan = Plan::new(now - 30 * DAY, now + 30 * DAY).served_at(base);
            Hierarchy::new(&plan, Keys::Fixed)
        })
        .unwrap();
        let client = Self { folder: tempfile::tempdir().unwrap(), server, now };
        let hierarchy = client.server.hierarchy();
        for (name, entity) in [
            ("root.pem", &hierarchy.root),
            ("ca.pem", &hierarchy.authority),
            ("signer.pem", &hierarchy.signer),
        ] {
            fs::write(client.path(name), entity.pem()).unwrap();
        }
        client
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, command: &str) -> Verdict {
        let words = command.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None => word.into(),
        });
        run("openssl", words)
    }

    /// `openssl ocsp` asks about the signer.
    fn ask(&self) -> String {
        let url = self.server.url(Route::Ocsp);
        let verdict = self.openssl(&format!(
            "ocsp -url {url} -issuer @ca.pem -cert @signer.pem -CAfile @root.pem -verify_other @ca.pem"
        ));
        verdict.text() + &verdict.stderr
    }

    /// Status line and content of the answer to octets as they are.
    fn send(&self, request: &[u8]) -> (String, Vec<u8>) {
        let address = self.server.base();
        let mut connection = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // A server that has refused may close before all was sent.
        drop(connection.write_all(request));
        drop(connection.shutdown(std::net::Shutdown::Write));
        let mut answer = Vec::new();
        drop(connection.read_to_end(&mut answer));
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else { return (String::new(), answer) };
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        (head, answer[end + 4..].to_vec())
    }

    fn get(&self, path: &str) -> (String, Vec<u8>) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
    }

    fn post(&self, path: &str, content: &[u8]) -> (String, Vec<u8>) {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", content.len());
        self.send(&[head.as_bytes(), content].concat())
    }

    /// An OCSP request about the signer, with a nonce, as OpenSSL writes it.
    fn ocsp_request(&self) -> Vec<u8> {
        self.openssl("ocsp -issuer @ca.pem -cert @signer.pem -reqout @request.der")
            .expect_success();
        fs::read(self.path("request.der")).unwrap()
    }

    /// A time-stamp request over `document`, as OpenSSL writes it.
    fn stamp_request(&self) -> Vec<u8> {
        fs::write(self.path("document"), b"Quyet dinh").unwrap();
        self.openssl("ts -query -data @document -sha256 -cert -out @request.tsq").expect_success();
        fs::read(self.path("request.tsq")).unwrap()
    }

    /// What `openssl ts -verify` says of an answer to that request.
    fn verify_stamp(&self, answer: &[u8]) -> Result<(), String> {
        fs::write(self.path("answer.tsr"), answer).unwrap();
        let verdict = self.openssl(
            "ts -verify -queryfile @request.tsq -in @answer.tsr -CAfile @root.pem -untrusted @ca.pem",
        );
        if verdict.success { Ok(()) } else { Err(verdict.text() + &verdict.stderr) }
    }
}

#[test]
fn openssl_asks_the_responder() {
    let client = Client::new();
    let said = client.ask();
    assert!(said.contains("Response verify OK") && said.contains("signer.pem: good"), "{said}");
    assert!(!said.contains("WARNING"), "the nonce comes back: {said}");
    let signer = client.server.hierarchy().signer.certificate.clone();
    client.server.revoke(&signer, client.now - 60, Some(Reason::KeyCompromise));
    let said = client.ask();
    assert!(said.contains("revoked") && said.contains("keyCompromise"), "{said}");
    client.server.set_status(&signer, Status::Unknown);
    assert!(client.ask().contains("signer.pem: unknown"));
    client.server.revoke(&signer, client.now + DAY, None);
    assert!(client.ask().contains("signer.pem: good"), "not revoked before it is");
    assert_eq!(client.server.count(Route::Ocsp), 4);
    assert_eq!(client.server.arrivals()[0].method, "POST");
}

#[test]
fn a_get_carries_the_request_in_its_path() {
    use base64::Engine as _;
    let client = Client::new();
    let encoded = base64::engine::general_purpose::STANDARD.encode(client.ocsp_request());
    let escaped = encoded.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
    for form in [encoded.trim_end_matches('=').to_owned(), encoded, escaped] {
        let (head, content) = client.get(&format!("/ocsp/{form}"));
        assert!(head.contains("application/ocsp-response"), "{head}");
        fs::write(client.path("response.der"), content).unwrap();
        let said = client.openssl(
            "ocsp -respin @response.der -issuer @ca.pem -cert @signer.pem -CAfile @root.pem \
             -verify_other @ca.pem -no_nonce",
        );
        assert!(said.text().contains("signer.pem: good"), "{}", said.stderr);
    }
}

#[test]
fn the_lists_and_certificates_are_where_the_certificates_say() {
    let client = Client::new();
    let base = client.server.base();
    let text = client.openssl("x509 -in @signer.pem -noout -text").expect_success();
    let text = String::from_utf8(text).unwrap();
    for path in ["/sub.crl", "/sub.crt", "/ocsp"] {
        assert!(text.contains(&format!("URI:{base}{path}")), "{path} in {text}");
    }
    let hierarchy = client.server.hierarchy().clone();
    assert_eq!(client.get("/ca.crt").1, hierarchy.root.certificate);
    assert_eq!(client.get("/sub.crt").1, hierarchy.authority.certificate);

    let judge = || {
        let lists = ["/ca.crl", "/sub.crl"]
            .map(|path| certificate_pem(&client.get(path).1).replace("CERTIFICATE", "X509 CRL"));
        fs::write(client.path("lists.pem"), lists.concat()).unwrap();
        client.openssl(
            "verify -crl_check_all -CAfile @root.pem -untrusted @ca.pem -CRLfile @lists.pem @signer.pem",
        )
    };
    judge().expect_success();
    client.server.revoke(&hierarchy.signer.certificate, client.now, None);
    assert!(judge().stderr.contains("certificate revoked"));

    // Another leaf, issued while the server runs.
    let subject = Subject::new().common_name("Later");
    let later = Template::signer(&subject, client.now - DAY, client.now + DAY);
    let later = hierarchy.authority.issue(&with_addresses(later, &base), Key::p256());
    fs::write(client.path("signer.pem"), later.pem()).unwrap();
    judge().expect_success();
    client.server.revoke(&hierarchy.authority.certificate, client.now, Some(Reason::CaCompromise));
    assert!(judge().stderr.contains("certificate revoked"));
}

#[test]
fn openssl_gets_a_time_stamp() {
    let client = Client::new();
    let request = client.stamp_request();
    let (head, answer) = client.post("/tsa", &request);
    assert!(head.contains("application/timestamp-reply"), "{head}");
    client.verify_stamp(&answer).unwrap();
    let asked = tsp::Request::from_der(&request).unwrap();
    assert!(asked.nonce.is_some() && asked.certificates);

    client.server.set_clock_of(Route::TimeStamping, Clock::At(client.now - 20 * DAY));
    let (_, earlier) = client.post("/tsa", &request);
    fs::write(client.path("earlier.tsr"), &earlier).unwrap();
    let text = client.openssl("ts -reply -in @earlier.tsr -text").text();
    client.server.set_clock(Clock::System);
    fs::write(client.path("now.tsr"), client.post("/tsa", &request).1).unwrap();
    let now = client.openssl("ts -reply -in @now.tsr -text").text();
    let stamp =
        |text: &str| text.lines().find(|line| line.starts_with("Time stamp:")).unwrap().to_owned();
    assert_ne!(stamp(&text), stamp(&now));
}

#[test]
fn faults_come_and_go() {
    let client = Client::new();
    let request = client.stamp_request();
    let fault = |fault: Fault| {
        client.server.set_fault(Route::TimeStamping, Some(fault));
        client.post("/tsa", &request)
    };
    assert_eq!(fault(Fault::Down), (String::new(), Vec::new()));
    assert!(fault(Fault::Status(500)).0.starts_with("HTTP/1.1 500 "));
    let (head, _) = fault(Fault::Redirect("http://127.0.0.1:1/".to_owned()));
    assert!(head.contains("302 ") && head.contains("Location: http://127.0.0.1:1/"), "{head}");
    assert!(fault(Fault::Garbage).1.starts_with(b"<html>"));
    assert_eq!(fault(Fault::Zeros(100_000)).1.len(), 100_000);
    let (head, half) = fault(Fault::Truncated);
    assert!(!head.contains(&format!("Content-Length: {}\r\n", half.len())) && !half.is_empty());
    let begin = Instant::now();
    client.verify_stamp(&fault(Fault::Slow(Duration::from_millis(300))).1).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(300));
    for (wrong, said) in [
        (Fault::WrongNonce, "nonce mismatch"),
        (Fault::NoNonce, "nonce not returned"),
        (Fault::OtherSubject, "message imprint mismatch"),
        (Fault::Refuses, "no time stamp token"),
    ] {
        let refused = client.verify_stamp(&fault(wrong.clone()).1).unwrap_err();
        assert!(refused.contains(said), "{wrong:?}: {refused}");
    }
    client.server.set_fault(Route::TimeStamping, None);
    client.verify_stamp(&client.post("/tsa", &request).1).unwrap();

    for (wrong, said) in [
        (Fault::WrongNonce, "Nonce Verify error"),
        (Fault::NoNonce, "WARNING: no nonce in response"),
        (Fault::OtherSubject, "No Status found"),
        (Fault::Refuses, "trylater"),
        (Fault::Status(503), "503"),
    ] {
        client.server.set_fault(Route::Ocsp, Some(wrong.clone()));
        let text = client.ask();
        assert!(text.contains(said), "{wrong:?}: {text}");
    }
    client.server.set_fault_everywhere(Some(&Fault::Status(404)));
    assert!(client.get("/ca.crl").0.contains("404"));
    client.server.set_fault_everywhere(None);
    assert!(client.get("/ca.crl").0.contains("200 OK"));
}

#[test]
fn bad_requests_get_an_error_and_harm_nothing() {
    let client = Client::new();
    let status = |request: &[u8]| {
        let (head, _) = client.send(request);
        head.split(' ').nth(1).map(str::to_owned)
    };
    for (request, expected) in [
        (b"".to_vec(), "400"),
        (b"hello\r\n\r\n".to_vec(), "400"),
        (b"\xff\xfe\r\n\r\n".to_vec(), "400"),
        (b"GET /nothing HTTP/1.1\r\n\r\n".to_vec(), "404"),
        (b"GET /tsa HTTP/1.1\r\n\r\n".to_vec(), "405"),
        (b"DELETE /ca.crl HTTP/1.1\r\n\r\n".to_vec(), "405"),
        (b"POST /tsa HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n".to_vec(), "413"),
        (b"POST /tsa HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_vec(), "413"),
        (b"POST /tsa HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(), "411"),
        (b"GET /ca.crl HTTP/1.1\r\nHost: x".to_vec(), "431"),
        ([b"GET /", &[b'a'; 60_000][..]].concat(), "400"),
        ([b"GET / HTTP/1.1\r\nX: ", &[b'a'; 60_000][..]].concat(), "431"),
    ] {
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        assert_eq!(status(&request).as_deref(), Some(expected), "{shown}");
    }
    // Contents that are no requests are answered in the protocol's own words.
    let mut junk: Vec<Vec<u8>> =
        vec![Vec::new(), vec![0x30, 0x80], vec![0x30, 0x84, 255, 255, 255, 255]];
    for honest in [client.ocsp_request(), client.stamp_request()] {
        junk.extend((0..honest.len()).map(|length| honest[..length].to_vec()));
        // Each octet changed once: the server lives on, whatever it makes of it.
        for at in 0..honest.len() {
            let mut changed = honest.clone();
            changed[at] ^= 0x41;
            for path in ["/ocsp", "/tsa"] {
                assert!(client.post(path, &changed).0.contains(" 200 "), "{path} {at}");
            }
        }
    }
    for content in junk {
        let (head, answer) = client.post("/ocsp", &content);
        assert!(head.contains(" 200 "), "{head}");
        // OCSPResponse { malformedRequest } or, for what is whole enough, unauthorized.
        assert!(matches!(answer[..], [0x30, 3, 0x0A, 1, 1 | 6]), "{content:02x?}: {answer:02x?}");
        let (_, answer) = client.post("/tsa", &content);
        assert_eq!(answer, tsp::rejected(tsp::Failure::BadDataFormat), "{content:02x?}");
    }
    assert!(client.get("/ocsp/%zz").1 == [0x30, 3, 0x0A, 1, 1]);
    assert!(client.ask().contains("good"));
}

#[test]
fn a_dropped_server_is_gone() {
    let client = Client::new();
    let address = client.server.base();
    let address = address.trim_start_matches("http://").to_owned();
    // One that says nothing does not keep it.
    let silent = TcpStream::connect(&address).unwrap();
    drop(client.server);
    assert!(TcpStream::connect(&address).is_err());
    drop(silent);
}
