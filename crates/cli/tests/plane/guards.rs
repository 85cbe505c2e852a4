//! What stands before every route.

use std::time::Duration;

use crate::house::daemon::{DaemonHouse, Options, PATIENCE};

/// A daemon that loses patience with its clients within a second.
fn impatient() -> DaemonHouse {
    let config =
        "[daemon.limits]\nclient-seconds = 1\ndocument-bytes = 100000\nrequest-bytes = 1000\n";
    DaemonHouse::start(Options { config: config.to_owned(), ..Options::default() })
}

/// Every path of the description with each of its methods, ids filled in, and one that is not there.
fn every_route(daemon: &DaemonHouse) -> Vec<(String, String)> {
    let description = daemon.get("/openapi.json");
    let mut routes = vec![("GET".to_owned(), "/v1/nothing-here".to_owned())];
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let path: Vec<&str> = path
                .split('/')
                .map(|part| if part.starts_with('{') { "0" } else { part })
                .collect();
            routes.push((method.to_uppercase(), path.join("/")));
        }
    }
    routes
}

/// Programs write a body after its head; a refusal that closed the connection in between would be a broken pipe to them.
#[test]
fn a_client_that_writes_its_body_late_hears_why_it_was_refused() {
    let daemon = DaemonHouse::start(Options::default());
    for (kind, status, code) in [
        ("application/json", 400, "idempotency-key-missing"),
        ("text/plain", 415, "media-type-unsupported"),
    ] {
        let mut connection = daemon.connect().expect("a connection");
        for _ in 0..2 {
            let head = format!(
                "POST /v1/signatures HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: 2\r\n\r\n"
            );
            connection.raw(head.as_bytes()).expect("the head");
            std::thread::sleep(Duration::from_millis(200));
            connection.raw(b"{}").expect("the body");
            let response = connection.response("POST").expect("an answer");
            assert_eq!((response.status, response.code().as_str()), (status, code));
        }
    }
}

#[test]
fn no_route_serves_a_browser_or_another_host() {
    let daemon = DaemonHouse::start(Options::default());
    let bad: [(&str, &str, u16, &str); 9] = [
        ("Origin", "https://example.vn", 403, "browser-refused"),
        ("Origin", "null", 403, "browser-refused"),
        ("Origin", "", 403, "browser-refused"),
        ("Referer", "https://example.vn/", 403, "browser-refused"),
        ("Sec-Fetch-Site", "none", 403, "browser-refused"),
        ("sec-fetch-mode", "cors", 403, "browser-refused"),
        ("Sec-Fetch-Storage-Access", "active", 403, "browser-refused"),
        ("Host", "example.vn", 421, "host-refused"),
        ("Host", "localhost:8080", 421, "host-refused"),
    ];
    let routes = every_route(&daemon);
    assert!(routes.len() > 8, "{routes:?}");
    let mut connection = daemon.connect().expect("a connection");
    for (method, path) in &routes {
        for (name, value, status, code) in bad {
            let response =
                connection.request(method, path, &[(name, value)], b"").expect("an answer");
            assert_eq!(response.status, status, "{method} {path} {name}: {}", response.text());
            assert_eq!(response.code(), code);
            assert_eq!(response.header("cache-control"), Some("no-store"));
            assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        }
    }
    for host in ["localhost", "LOCALHOST", "kyso", ""] {
        let response = daemon.request("GET", "/v1/info", &[("Host", host)], b"");
        assert_eq!(response.status, 200, "{host}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    let response = daemon.request("GET", "http://example.vn/v1/info", &[], b"");
    assert_eq!(response.code(), "host-refused");
}

#[test]
fn a_request_must_look_as_its_route_takes_it() {
    let daemon = DaemonHouse::start(Options::default());
    let code = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let response = daemon.request(method, path, headers, body);
        (response.status, response.code())
    };
    let told = |status: u16, code: &str| (status, code.to_owned());
    let json = ("Content-Type", "application/json");
    assert_eq!(code("GET", "/v1/nothing", &[], b""), told(404, "route-unknown"));
    assert_eq!(code("GET", "/", &[], b""), told(404, "route-unknown"));
    assert_eq!(code("DELETE", "/v1/info", &[], b""), told(405, "method-not-allowed"));
    assert_eq!(code("PUT", "/v1/documents", &[json], b"{}"), told(405, "method-not-allowed"));
    assert_eq!(code("BREW", "/v1/info", &[], b""), told(405, "method-not-allowed"));
    assert_eq!(code("GET", "/v1/info", &[], b"why"), told(400, "body-unexpected"));
    let text = ("Content-Type", "text/plain");
    assert_eq!(code("POST", "/v1/signatures", &[text], b"{}"), told(415, "media-type-unsupported"));
    assert_eq!(code("POST", "/v1/signatures", &[], b"{}"), told(415, "media-type-unsupported"));
    assert_eq!(
        code("POST", "/v1/verifications", &[json], b"{}"),
        told(415, "media-type-unsupported")
    );
    assert_eq!(code("GET", "/v1/documents?limit=many", &[], b""), told(400, "query-invalid"));
    assert_eq!(code("GET", "/v1/documents/not-an-id", &[], b""), told(404, "not-found"));
    // The language is the client's.
    let headers = [("Accept-Language", "vi-VN, en;q=0.5")];
    let response = daemon.request("GET", "/v1/nothing", &headers, b"");
    assert_eq!(response.header("content-language"), Some("vi"));
    assert_eq!(response.json()["title"], "không có địa chỉ này");
}

#[test]
fn a_body_over_its_cap_is_refused_whether_its_length_is_told_or_not() {
    let daemon = impatient();
    let digest = crate::house::daemon::content_digest(b"");
    // The length alone suffices: no byte of the body is sent.
    let headers = [("Content-Length", "100001"), ("Content-Digest", &*digest)];
    let told = daemon.request("POST", "/v1/documents?name=a", &headers, b"");
    assert_eq!((told.status, told.code()), (413, "body-too-large".to_owned()));
    let headers = [("Content-Length", "1001"), ("Content-Type", "application/json")];
    let told = daemon.request("POST", "/v1/signatures", &headers, b"");
    assert_eq!(told.status, 413);
    // Chunked: refused as soon as the cap is passed.
    let mut connection = daemon.connect().expect("a connection");
    let headers = [("Transfer-Encoding", "chunked"), ("Content-Digest", &*digest)];
    let head = format!(
        "POST /v1/documents?name=a HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        headers.map(|(name, value)| format!("{name}: {value}\r\n")).concat()
    );
    connection.raw(head.as_bytes()).expect("the head");
    let mut sent = 0;
    let piece = format!("{:x}\r\n{}\r\n", 10_000, "x".repeat(10_000));
    while sent < 110_000 && connection.raw(piece.as_bytes()).is_ok() {
        sent += 10_000;
    }
    let response = connection.response("POST").expect("an answer");
    assert_eq!((response.status, response.code()), (413, "body-too-large".to_owned()));
    assert_nothing_left(&daemon);
}

#[test]
fn a_slow_client_is_cut_off_and_holds_up_nobody() {
    let mut daemon = impatient();
    // Half a head: the connection ends.
    let mut half = daemon.connect().expect("a connection");
    half.raw(b"GET /v1/info HTTP/1.1\r\nHost: loc").expect("half a head");
    // Half a body: 408.
    let mut stopped = daemon.connect().expect("a connection");
    let headers = [("Content-Length", "10"), ("Content-Digest", "sha-256=:AAAA:")];
    let digest = crate::house::daemon::content_digest(b"0123456789");
    let headers = [headers[0], ("Content-Digest", &*digest)];
    stopped.send("POST", "/v1/documents?name=a", &headers, b"01234").expect("half a body");
    // A trickle: every piece comes in time, but all of them together do not.
    let mut trickle = daemon.connect().expect("a connection");
    let headers = [("Content-Length", "99999"), headers[1]];
    trickle.send("POST", "/v1/documents?name=a", &headers, b"0").expect("the first byte");
    // Nothing at all: an idle connection ends.
    let mut idle = daemon.connect().expect("a connection");
    // Somebody else is served meanwhile.
    assert_eq!(daemon.get("/v1/info")["name"], "kyso");

    let end = std::time::Instant::now() + PATIENCE;
    while trickle.raw(b"0").is_ok() && std::time::Instant::now() < end {
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(std::time::Instant::now() < end, "the trickle is never cut off");
    let response = stopped.response("POST").expect("an answer");
    assert_eq!((response.status, response.code()), (408, "body-too-slow".to_owned()));
    assert!(half.response("GET").is_err(), "half a head is answered");
    assert!(idle.response("GET").is_err(), "an idle connection stays");
    assert_nothing_left(&daemon);
    daemon.stop();
}

#[test]
fn two_hundred_clients_are_served_at_once() {
    let daemon = DaemonHouse::start(Options::default());
    let clients: Vec<_> = (0..200).map(|_| daemon.connect().expect("a connection")).collect();
    let together = std::sync::Barrier::new(clients.len());
    std::thread::scope(|scope| {
        for (number, mut client) in clients.into_iter().enumerate() {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                for round in 0..5 {
                    let bytes = format!("document {number} {round}");
                    let response = client.upload("a.txt", bytes.as_bytes()).expect("an answer");
                    assert_eq!(response.status, 201, "{}", response.text());
                    let info = client.request("GET", "/v1/info", &[], b"").expect("an answer");
                    assert_eq!(info.status, 200);
                }
            });
        }
    });
    let list = daemon.get("/v1/documents");
    assert_eq!(list["documents"].as_array().expect("documents").len(), 1000);
    assert_eq!(list.get("next"), None);
}

#[test]
fn more_connections_than_allowed_wait_their_turn() {
    let config = "[daemon.limits]\nconnections = 2\n".to_owned();
    let daemon = DaemonHouse::start(Options { config, ..Options::default() });
    let mut first = daemon.connect().expect("a connection");
    let mut second = daemon.connect().expect("a connection");
    for client in [&mut first, &mut second] {
        assert_eq!(client.request("GET", "/healthz", &[], b"").expect("an answer").status, 200);
    }
    let mut third = daemon.connect().expect("a connection");
    third.send("GET", "/healthz", &[], b"").expect("sent");
    // The two are served while the third waits; it is served as soon as one goes.
    assert_eq!(first.request("GET", "/healthz", &[], b"").expect("an answer").status, 200);
    let meters = first.request("GET", "/metrics", &[], b"").expect("an answer").text();
    assert!(meters.contains("kyso_connections 2"), "{meters}");
    drop(first);
    assert_eq!(third.response("GET").expect("an answer").status, 200);
}

/// No file and no row of an upload that failed.
#[track_caller]
fn assert_nothing_left(daemon: &DaemonHouse) {
    let end = std::time::Instant::now() + PATIENCE;
    let folder = daemon.state().join("documents");
    while std::fs::read_dir(&folder).expect("the folder").next().is_some() {
        assert!(std::time::Instant::now() < end, "a file is left");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(daemon.get("/v1/documents")["total_size"], 0);
}
