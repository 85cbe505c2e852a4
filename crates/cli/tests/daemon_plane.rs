//! The native plane: who may ask, how a request must look, what stays when things go wrong.
#![cfg(unix)]

mod house;

use house::daemon::{DaemonHouse, Options};

#[test]
fn it_starts_answers_and_stops() {
    let mut daemon = DaemonHouse::start(Options::default());
    let info = daemon.get("/v1/info");
    assert_eq!(info["name"], "kyso");
    assert_eq!(info["pid"], daemon.pid());
    assert_eq!(daemon.get("/readyz")["status"], "ok");
    let document = daemon.upload("Công văn số 12.pdf", b"%PDF-1.7\n");
    assert_eq!(document["name"], "Công văn số 12.pdf");
    let id = document["id"].as_str().expect("an id");
    assert_eq!(daemon.get(&format!("/v1/documents/{id}")), document);
    let content = daemon.request("GET", &format!("/v1/documents/{id}/content"), &[], b"");
    assert_eq!(content.body, b"%PDF-1.7\n");
    daemon.stop();
    assert!(!daemon.socket().exists());
}
