//! Fetching over TLS: who is believed to be the server that was asked.
//!
//! TLS judges certificates by the machine's clock; those made here are valid for a century.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;
#[path = "server/mod.rs"]
mod plain;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use kyso::fetch::{FetchFailure, Fetcher, Freshness, Settings, TlsRoots};
use kyso_x509::asn1::{sequence, tlv};
use kyso_x509::{Certificate, CertificateList};
use mint::{Crl, Subject, day};
use p256::pkcs8::EncodePrivateKey as _;
use plain::{Server, raw, settings};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A century from 2025 on.
const LONG: (i64, i64) = (-365, 36_500);

fn root(seed: u8) -> Subject {
    Subject::authority("Root of servers", seed).valid(LONG.0, LONG.1)
}

/// The certificate of a server for an address (`iPAddress [7]` in subjectAltName), with its key.
fn server(address: [u8; 4], (from, to): (i64, i64)) -> (Certificate, Vec<u8>) {
    let subject = Subject::new("Server", 3).valid(from, to).with(
        "2.5.29.17",
        false,
        &sequence(&[tlv(0x87, &address)]),
    );
    let key = p256::SecretKey::from(&subject.key).to_pkcs8_der().expect("a key");
    (subject.issued_by(&root(1)), key.as_bytes().to_vec())
}

/// Answers every request over TLS with the same content.
fn start((certificate, key): (Certificate, Vec<u8>), content: Vec<u8>) -> String {
    let chain = vec![CertificateDer::from(certificate.as_der().to_vec())];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a configuration");
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let content = content.clone();
            thread::spawn(move || answer(connection, stream, &content));
        }
    });
    format!("https://127.0.0.1:{port}/list.crl")
}

fn answer(connection: ServerConnection, stream: TcpStream, content: &[u8]) {
    let mut stream = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        // A client that does not believe us goes away.
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    let line = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
    let _ = stream.write_all(line.as_bytes()).and_then(|()| stream.write_all(content));
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn fetch(address: &str, roots: &Subject) -> Result<Vec<CertificateList>, FetchFailure> {
    let roots = TlsRoots::These(vec![roots.self_signed()]);
    let fetcher = Fetcher::new(Settings { roots, ..settings(None) });
    fetcher.crls(address, Freshness::Anew, day(1)).map(|fetched| fetched.value)
}

#[test]
fn a_server_is_believed_by_its_certificate() {
    let list = Crl::new(0, 30).signed_by(&Subject::authority("Root", 5));
    let content = list.as_der().to_vec();
    let right = start(server([127, 0, 0, 1], LONG), content.clone());
    assert_eq!(fetch(&right, &root(1)), Ok(vec![list]));
    // Another authority of the same name, the certificate of another server, one that has expired.
    assert_eq!(fetch(&right, &root(2)), Err(FetchFailure::Tls));
    let other = start(server([127, 0, 0, 2], LONG), content.clone());
    assert_eq!(fetch(&other, &root(1)), Err(FetchFailure::Tls));
    let expired = start(server([127, 0, 0, 1], (-365, -300)), content);
    assert_eq!(fetch(&expired, &root(1)), Err(FetchFailure::Tls));
}

#[test]
fn a_server_without_tls_is_named() {
    let server = Server::start(|_, stream| raw(stream, b"HTTP/1.1 400 No\r\n\r\n"));
    let address = server.base.replace("http:", "https:");
    assert_eq!(fetch(&address, &root(1)), Err(FetchFailure::Tls));
}
