//! Fetching from servers that behave and from servers that do not.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;
mod server;

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use kyso::fetch::{
    Cache, FetchFailure, Fetched, Fetcher, Freshness, Limits, Networks, Proxies, Settings,
};
use kyso_x509::{CertificateList, DigestAlgorithm, Time, ocsp};
use mint::{Crl, Ocsp, Single, Subject, day};
use server::{Server, fetcher, ok, raw, settings};

const ANEW: Freshness = Freshness::Anew;
const CACHED: Freshness = Freshness::Cached;

fn list() -> CertificateList {
    Crl::new(0, 30).signed_by(&Subject::authority("Root", 1))
}

fn crls(fetcher: &Fetcher, address: &str) -> Result<Vec<CertificateList>, FetchFailure> {
    fetcher.crls(address, ANEW, day(1)).map(|fetched| fetched.value)
}

#[test]
fn certificates_are_read_whatever_the_server_calls_them() {
    let root = Subject::authority("Root", 1).self_signed();
    let der = root.as_der().to_vec();
    let pem = root.to_pem();
    let server = Server::start(move |asked, stream| match asked.line.split(' ').nth(1) {
        Some("/der") => ok(stream, &der),
        Some("/pem") => {
            raw(stream, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
            raw(stream, pem.as_bytes());
        }
        _ => ok(stream, b"<html>moved</html>"),
    });
    let get = |path: &str| fetcher().certificates(&format!("{}{path}", server.base), ANEW, day(1));
    for path in ["/der", "/pem"] {
        assert_eq!(
            get(path),
            Ok(Fetched { value: vec![root.clone()], from_cache: false }),
            "{path}"
        );
    }
    assert_eq!(get("/other"), Err(FetchFailure::Malformed));
}

#[test]
fn what_servers_do_wrong_is_bounded_and_named() {
    let der = list().as_der().to_vec();
    let server = Server::start(move |asked, stream| {
        match asked.line.split(' ').nth(1).unwrap_or_default() {
            "/html" => ok(stream, b"<html>no such page</html>"),
            "/500" => raw(stream, b"HTTP/1.1 500 Oh\r\n\r\n"),
            "/404" => raw(stream, b"HTTP/1.1 404 No\r\n\r\n"),
            "/cut" => {
                raw(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n");
                raw(stream, &der);
            }
            "/endless" => {
                raw(stream, b"HTTP/1.1 200 OK\r\n\r\n");
                for _ in 0..1000 {
                    raw(stream, &[0x30; 1024]);
                }
            }
            "/gzip" => raw(stream, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b"),
            "/round" => raw(stream, b"HTTP/1.1 302 Go\r\nLocation: /round\r\n\r\n"),
            "/once" => raw(stream, b"HTTP/1.1 301 Go\r\nLocation: good\r\n\r\n"),
            "/file" => raw(stream, b"HTTP/1.1 302 Go\r\nLocation: file:///etc/passwd\r\n\r\n"),
            "/good" => ok(stream, &der),
            "/drip" => {
                raw(stream, b"HTTP/1.1 200 OK\r\n\r\n");
                // One byte now and then would never time out by itself.
                for _ in 0..200 {
                    raw(stream, b"0");
                    thread::sleep(Duration::from_millis(50));
                }
            }
            _ => raw(stream, b"220 smtp.example ESMTP\r\n"),
        }
    });
    let limits =
        Limits { crl_bytes: 64 * 1024, answer: Duration::from_secs(2), ..settings(None).limits };
    let fetcher = Fetcher::new(Settings { limits, ..settings(None) });
    let get = |path: &str| crls(&fetcher, &format!("{}{path}", server.base));
    for (path, failure) in [
        ("/html", FetchFailure::Malformed),
        ("/500", FetchFailure::Status(500)),
        ("/404", FetchFailure::Status(404)),
        ("/cut", FetchFailure::Truncated),
        ("/endless", FetchFailure::TooLarge(64 * 1024)),
        ("/gzip", FetchFailure::ContentCoding),
        ("/round", FetchFailure::TooManyRedirects),
        ("/file", FetchFailure::Scheme("file".to_owned())),
        ("/smtp", FetchFailure::NotHttp),
    ] {
        assert_eq!(get(path), Err(failure), "{path}");
    }
    assert_eq!(get("/once"), Ok(vec![list()]));
    let begun = Instant::now();
    assert_eq!(get("/drip"), Err(FetchFailure::TimedOut));
    assert!(begun.elapsed() < Duration::from_secs(8));
    // A busy server is asked once more, an answer that is final is not.
    let count = |path: &str| server.lines().iter().filter(|line| line.contains(path)).count();
    assert_eq!((count("/500"), count("/404"), count("/round")), (2, 1, 4));
}

#[test]
fn strangers_do_not_lead_to_the_inner_network() {
    let server = Server::start(|_, stream| raw(stream, b"HTTP/1.1 200 OK\r\n\r\n"));
    let fetcher = Fetcher::new(Settings { networks: Networks::public_only(), ..settings(None) });
    let loopback = FetchFailure::AddressNotAllowed([127, 0, 0, 1].into());
    assert_eq!(crls(&fetcher, &server.base), Err(loopback.clone()));
    for address in
        ["http://10.0.0.1/", "http://169.254.169.254/latest", "http://[fd00::1]/", "http://[::1]/"]
    {
        let refused = crls(&fetcher, address);
        assert!(
            matches!(refused, Err(FetchFailure::AddressNotAllowed(_))),
            "{address}: {refused:?}"
        );
    }
    let by_name = crls(&fetcher, &format!("http://localhost:{}/", server.port));
    assert!(matches!(by_name, Err(FetchFailure::AddressNotAllowed(_))), "{by_name:?}");
    for scheme in ["ldap", "ftp", "file"] {
        let refused = crls(&fetcher, &format!("{scheme}://ca.example/x"));
        assert_eq!(refused, Err(FetchFailure::Scheme(scheme.to_owned())));
    }
    assert!(server.asked().is_empty());
    // A server that may be asked cannot lead to one that may not.
    let port = server.port;
    let inner = Server::start(move |_, stream| {
        raw(
            stream,
            format!("HTTP/1.1 302 Go\r\nLocation: http://127.0.0.2:{port}/\r\n\r\n").as_bytes(),
        );
    });
    let one = Networks::with(vec!["127.0.0.1/32".parse().expect("a network")]);
    let fetcher = Fetcher::new(Settings { networks: one, ..settings(None) });
    let refused = FetchFailure::AddressNotAllowed([127, 0, 0, 2].into());
    assert_eq!(crls(&fetcher, &inner.base), Err(refused));
    assert!(server.asked().is_empty());
}

#[test]
fn the_cache_respects_next_update() {
    let folder = tempfile::tempdir().expect("a folder");
    let der = list().as_der().to_vec();
    let server = Server::start(move |_, stream| ok(stream, &der));
    let cache = Cache::new(folder.path().join("cache"), 1 << 20);
    let limits = Limits { status_age: 100 * 86_400, ..settings(None).limits };
    let online = Fetcher::new(Settings { limits, ..settings(Some(cache.clone())) });
    let from_cache = |fetcher: &Fetcher, freshness, now: Time| {
        fetcher.crls(&server.base, freshness, now).map(|fetched| fetched.from_cache)
    };
    assert_eq!(from_cache(&online, CACHED, day(1)), Ok(false));
    assert_eq!(from_cache(&online, CACHED, day(29)), Ok(true));
    assert_eq!(from_cache(&online, ANEW, day(29)), Ok(false));
    assert_eq!(from_cache(&online, CACHED, day(30)), Ok(false), "its nextUpdate has come");
    assert_eq!(server.asked().len(), 3);
    // A clock that was set back, and a list that is made for long.
    assert_eq!(from_cache(&online, CACHED, day(0)), Ok(false));
    let daily = Fetcher::new(settings(Some(cache.clone())));
    assert_eq!(from_cache(&daily, ANEW, day(1)), Ok(false));
    assert_eq!(from_cache(&daily, CACHED, day(2)), Ok(false), "kept for a day");
    // Offline the cache answers at any age, and nothing else does.
    let asked = server.asked().len();
    let offline = Fetcher::new(Settings { online: false, ..settings(Some(cache)) });
    assert_eq!(from_cache(&offline, CACHED, day(90)), Ok(true));
    assert_eq!(crls(&offline, "http://127.0.0.1:9/other"), Err(FetchFailure::Offline));
    assert_eq!(server.asked().len(), asked);
}

/// Names the folder to a process that stores answers until it is killed.
const WRITER: &str = "KYSO_TEST_CACHE_WRITER";

#[test]
fn a_writer_that_is_killed_leaves_whole_answers_or_none() {
    let store = |folder: &Path, address: &str| {
        let cache = Cache::new(folder.to_path_buf(), 1 << 24);
        Fetcher::new(settings(Some(cache))).crls(address, ANEW, day(1))
    };
    if let Ok(told) = std::env::var(WRITER) {
        let (address, folder) = told.split_once(' ').expect("both");
        loop {
            let _ = store(Path::new(folder), address);
        }
    }
    let root = Subject::authority("Root", 1);
    let list = (0..2000_u16).fold(Crl::new(0, 30), |list, number| {
        list.entry(&[1, (number >> 8) as u8, number as u8], day(0), &[])
    });
    let list = list.signed_by(&root);
    let der = list.as_der().to_vec();
    let server = Server::start(move |_, stream| ok(stream, &der));
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    for round in 1..=8 {
        let mut writer = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "a_writer_that_is_killed_leaves_whole_answers_or_none"])
            .env(WRITER, format!("{} {}", server.base, cache.display()))
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        // Killed at another moment after each further answer.
        let wanted = server.asked().len() + round;
        while server.asked().len() < wanted {
            assert_eq!(writer.try_wait().expect("a state"), None);
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(700 * round as u64));
        writer.kill().expect("killed");
        writer.wait().expect("ended");
        let offline =
            Settings { online: false, ..settings(Some(Cache::new(cache.clone(), 1 << 24))) };
        let found = crls(&Fetcher::new(offline), &server.base);
        // From the second answer on there is a whole one, whatever became of the last.
        assert!(
            found == Ok(vec![list.clone()]) || (round == 1 && found == Err(FetchFailure::Offline)),
            "{round}: {found:?}"
        );
    }
    assert!(store(&cache, &server.base).is_ok(), "what is left over is in nobody's way");
}

#[test]
fn ocsp_goes_by_get_and_falls_back_to_post() {
    let root = Subject::authority("Root", 1);
    let anchor = root.self_signed();
    let certificate = Subject::new("Signer", 3).issued_by(&root);
    let response = Ocsp::new(Single::good(&certificate, &anchor, 0, 10)).signed_by(&root);
    let der = response.as_der().to_vec();
    let server = Server::start(move |asked, stream| {
        let get = asked.line.starts_with("GET");
        match asked.line.split('/').nth(1) {
            Some(path) if path.starts_with("post-only") && get => {
                raw(stream, b"HTTP/1.1 405 No\r\n\r\n");
            }
            Some(path) if path.starts_with("later") => ok(stream, &[0x30, 3, 0x0A, 1, 3]),
            _ => ok(stream, &der),
        }
    });
    let request = ocsp::request(&certificate, &anchor, DigestAlgorithm::Sha1ForLegacyUseOnly, None);
    let ask = |path: &str| {
        fetcher().ocsp(&format!("{}/{path}", server.base), &request, |_| true, ANEW, day(1))
    };
    assert_eq!(ask("").map(|fetched| fetched.value), Ok(response.clone()));
    let line = server.lines().remove(0);
    assert!(line.starts_with("GET /M") && !line.contains(['+', '=']), "{line}");
    assert_eq!(ask("post-only").map(|fetched| fetched.value), Ok(response));
    let posted = server.asked().pop().expect("a request");
    assert_eq!(posted.line, "POST /post-only HTTP/1.1");
    assert!(posted.head.contains("application/ocsp-request"));
    assert_eq!(posted.content, request);
    let later = ocsp::ResponseStatus::TryLater;
    assert_eq!(ask("later"), Err(FetchFailure::Responder(later.into())));
}

#[test]
fn an_answer_about_another_certificate_is_not_kept() {
    let root = Subject::authority("Root", 1);
    let anchor = root.self_signed();
    let (one, other) =
        (Subject::new("Signer", 3).issued_by(&root), Subject::new("Other", 4).issued_by(&root));
    let response = |certificate| {
        let single = Single::good(certificate, &anchor, 0, 10);
        Ocsp::new(single).signed_by(&root).as_der().to_vec()
    };
    let (right, wrong) = (response(&one), response(&other));
    // Somebody on the way answers the first two requests, a GET and a POST.
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_, stream| {
        let early = seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2;
        ok(stream, if early { &wrong } else { &right });
    });
    let folder = tempfile::tempdir().expect("a folder");
    let fetcher = Fetcher::new(settings(Some(Cache::new(folder.path().join("cache"), 1 << 20))));
    let request = ocsp::request(&one, &anchor, DigestAlgorithm::Sha1ForLegacyUseOnly, None);
    let answers = |response: &kyso_x509::OcspResponse| response.find(&one, &anchor).is_some();
    let ask = || {
        fetcher
            .ocsp(&server.base, &request, answers, CACHED, day(1))
            .map(|fetched| fetched.value.find(&one, &anchor).is_some())
    };
    assert_eq!(ask(), Err(FetchFailure::Unrelated));
    assert_eq!(ask(), Ok(true));
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn a_proxy_is_given_the_whole_address() {
    let der = list().as_der().to_vec();
    let proxy = Server::start(move |asked, stream| {
        if asked.line.starts_with("CONNECT") {
            raw(stream, b"HTTP/1.1 403 No\r\n\r\n");
        } else {
            ok(stream, &der);
        }
    });
    let address = format!("http://u:p@127.0.0.1:{}", proxy.port);
    let proxies = Proxies { http: Some(address.clone()), https: Some(address), except: Vec::new() };
    let networks = Networks::public_only();
    let fetcher = Fetcher::new(Settings { proxies, networks, ..settings(None) });
    // The proxy knows the name, this machine need not.
    assert_eq!(crls(&fetcher, "http://ca.invalid/g2.crl"), Ok(vec![list()]));
    let asked = proxy.asked().remove(0);
    assert_eq!(asked.line, "GET http://ca.invalid/g2.crl HTTP/1.1");
    assert!(
        asked.head.contains("Proxy-Authorization: Basic dTpw")
            && asked.head.contains("Host: ca.invalid\r\n")
    );
    assert_eq!(crls(&fetcher, "https://ca.invalid/"), Err(FetchFailure::Proxy(403)));
    assert_eq!(proxy.lines()[1], "CONNECT ca.invalid:443 HTTP/1.1");
    assert!(matches!(crls(&fetcher, "http://localhost/"), Err(FetchFailure::AddressNotAllowed(_))));
}
