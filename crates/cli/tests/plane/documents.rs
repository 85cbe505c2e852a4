//! `/v1/documents`.

use std::time::Instant;

use serde_json::json;

use crate::house::daemon::{DaemonHouse, Options, PATIENCE, content_digest, percent};

fn file_names(daemon: &DaemonHouse) -> Vec<String> {
    let entries = std::fs::read_dir(daemon.state().join("documents")).expect("the folder");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect()
}

#[test]
fn a_document_is_what_its_digest_says() {
    let daemon = DaemonHouse::start(Options::default());
    let post = |query: &str, digest: &[(&str, &str)], body: &[u8]| {
        let response = daemon.request("POST", &format!("/v1/documents{query}"), digest, body);
        (response.status, response.code())
    };
    let told = |status: u16, code: &str| (status, code.to_owned());
    let good = content_digest(b"abc");
    let good = [("Content-Digest", &*good)];
    assert_eq!(post("?name=a", &[], b"abc"), told(400, "digest-missing"));
    assert_eq!(
        post("?name=a", &[("Content-Digest", "sha-256=abc")], b"abc"),
        told(400, "digest-malformed")
    );
    assert_eq!(
        post("?name=a", &[("Content-Digest", "md5=:AAAA:")], b"abc"),
        told(400, "digest-missing")
    );
    assert_eq!(post("?name=a", &good, b"abd"), told(422, "digest-mismatch"));
    let big = vec![b'x'; 3_000_000];
    assert_eq!(post("?name=a", &good, &big), told(422, "digest-mismatch"));
    for bad in ["", "..", "a/b", "a\\b", "a\nb", &"x".repeat(256)] {
        let query = format!("?name={}", percent(bad));
        assert_eq!(post(&query, &good, b"abc"), told(400, "document-name-unusable"), "{bad:?}");
    }
    assert_eq!(post("", &good, b"abc"), told(400, "query-invalid"));
    assert_eq!(post("?name=a&pin=1", &good, b"abc"), told(400, "query-invalid"));
    assert!(file_names(&daemon).is_empty(), "a refused document left a file");

    // SHA-512 is as good; the name comes back as it went.
    use base64::Engine as _;
    let sha512 = kyso_x509::DigestAlgorithm::Sha512.digest(&big);
    let sha512 = base64::engine::general_purpose::STANDARD.encode(sha512.as_bytes());
    let header = format!("sha-512=:{sha512}:");
    let path = format!("/v1/documents?name={}", percent("Tờ trình số 7 – bản gốc.pdf"));
    let taken = daemon.request("POST", &path, &[("Content-Digest", &header)], &big);
    assert_eq!(taken.status, 201, "{}", taken.text());
    let document = taken.json();
    assert_eq!(document["name"], "Tờ trình số 7 – bản gốc.pdf");
    assert_eq!(document["size"], big.len());
    let place = taken.header("location").expect("a location").to_owned();
    assert_eq!(daemon.get(&place), document);
    let content = daemon.request("GET", &format!("{place}/content"), &[], b"");
    assert_eq!(content.body, big);
    assert_eq!(content.header("content-digest"), Some(&*content_digest(&big)));

    // Only its owner reads it.
    use std::os::unix::fs::PermissionsExt as _;
    let file = daemon.state().join("documents").join(document["id"].as_str().expect("an id"));
    let mode = std::fs::metadata(file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let gone = daemon.request("DELETE", &place, &[], b"");
    assert_eq!(gone.status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(daemon.request(method, &place, &[], b"").code(), "not-found");
    }
    assert_eq!(daemon.request("GET", &format!("{place}/content"), &[], b"").code(), "not-found");
    assert!(file_names(&daemon).is_empty());
}

#[test]
fn the_spool_has_an_end_and_gives_room_back() {
    let config = "[daemon.limits]\nspool-bytes = 5000\n".to_owned();
    let daemon = DaemonHouse::start(Options { config, ..Options::default() });
    let first = daemon.upload("a", &[1; 3000]);
    let mut connection = daemon.connect().expect("a connection");
    let refused = connection.upload("b", &[2; 3000]).expect("an answer");
    assert_eq!((refused.status, refused.code()), (507, "spool-full".to_owned()));
    // What was refused holds no room.
    daemon.upload("c", &[3; 1500]);
    let place = format!("/v1/documents/{}", first["id"].as_str().expect("an id"));
    assert_eq!(daemon.request("DELETE", &place, &[], b"").status, 204);
    daemon.upload("b", &[2; 3000]);
    assert_eq!(daemon.get("/v1/documents")["total_size"], 4500);
}

#[test]
fn the_list_comes_in_pages() {
    let daemon = DaemonHouse::start(Options::default());
    let uploaded: Vec<_> =
        (0..5u8).map(|number| daemon.upload(&number.to_string(), &[number])).collect();
    let mut listed = Vec::new();
    let mut path = "/v1/documents?limit=2".to_owned();
    loop {
        let page = daemon.get(&path);
        assert_eq!(page["total_size"], 5);
        listed.extend(page["documents"].as_array().expect("documents").iter().cloned());
        let Some(next) = page.get("next") else { break };
        path = format!("/v1/documents?limit=2&after={}", next.as_str().expect("an id"));
    }
    assert_eq!(listed, uploaded);
}

#[test]
fn a_client_that_goes_away_leaves_nothing() {
    let mut daemon = DaemonHouse::start(Options::default());
    let mut connection = daemon.connect().expect("a connection");
    let digest = content_digest(b"");
    let headers = [("Content-Length", "9000000"), ("Content-Digest", &*digest)];
    connection.send("POST", "/v1/documents?name=a", &headers, &[7; 1_000_000]).expect("sent");
    daemon.wait_until("the upload has begun", |daemon| !file_names(daemon).is_empty());
    drop(connection);
    daemon.wait_until("its file goes", |daemon| file_names(daemon).is_empty());
    daemon.wait_until("its room is given back", |daemon| {
        let meters = daemon.request("GET", "/metrics", &[], b"").text();
        meters.lines().any(|line| line == "kyso_spool_bytes 0")
    });
}

#[test]
fn after_a_crash_files_and_rows_agree() {
    let mut daemon = DaemonHouse::start(Options::default());
    let kept = daemon.upload("kept", b"kept");
    let lost = daemon.upload("lost", b"lost");
    let mut connection = daemon.connect().expect("a connection");
    let digest = content_digest(b"");
    let headers = [("Content-Length", "9000000"), ("Content-Digest", &*digest)];
    connection.send("POST", "/v1/documents?name=a", &headers, &[7; 1_000_000]).expect("sent");
    daemon.wait_until("the upload has begun", |daemon| file_names(daemon).len() == 3);
    daemon.kill9();
    let folder = daemon.state().join("documents");
    let id = |document: &serde_json::Value| document["id"].as_str().expect("an id").to_owned();
    std::fs::remove_file(folder.join(id(&lost))).expect("removed");
    let stray = "00000000-0000-7000-8000-000000000000";
    std::fs::write(folder.join(stray), b"?").expect("written");
    // No document has such a name: it is somebody else's, and stays.
    std::fs::write(folder.join("~note"), b"?").expect("written");
    daemon.launch();
    assert_eq!(file_names(&daemon), [id(&kept), "~note".to_owned()]);
    let list = daemon.get("/v1/documents");
    assert_eq!(list["documents"], json!([kept]));
}

#[test]
fn what_is_kept_too_long_goes() {
    let config = "[daemon.limits]\nretention-seconds = 1\n".to_owned();
    let mut daemon = DaemonHouse::start(Options { config, ..Options::default() });
    daemon.upload("a", b"a");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    daemon.restart();
    daemon.wait_until("the document goes", |daemon| {
        file_names(daemon).is_empty() && daemon.get("/v1/documents")["total_size"] == 0
    });
}

#[test]
fn a_document_stays_while_an_operation_needs_it() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    daemon.answer("hang", "cancel");
    let document = daemon.upload("a.txt", b"a");
    let id = document["id"].as_str().expect("an id");
    let accepted = daemon.post("/v1/signatures", &json!({ "document": id }));
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let operation = accepted.header("location").expect("a location").to_owned();
    let place = format!("/v1/documents/{id}");
    let refused = daemon.request("DELETE", &place, &[], b"");
    assert_eq!((refused.status, refused.code()), (409, "document-in-use".to_owned()));
    let cancelled = daemon.request("POST", &format!("{operation}/cancel"), &[], b"");
    assert!(cancelled.status < 300, "{}", cancelled.text());
    daemon.wait_for_end(&operation);
    assert_eq!(daemon.request("DELETE", &place, &[], b"").status, 204);
}

/// What an upload costs; prints the figure, bounds it generously.
#[test]
fn small_documents_are_taken_quickly() {
    let daemon = DaemonHouse::start(Options::default());
    let mut connection = daemon.connect().expect("a connection");
    let bytes = vec![b'x'; 4096];
    let started = Instant::now();
    for _ in 0..1000 {
        assert_eq!(connection.upload("a.pdf", &bytes).expect("an answer").status, 201);
    }
    let each = started.elapsed() / 1000;
    println!("one small document: {each:?}");
    assert!(started.elapsed() < PATIENCE);
}
