//! The table of attacks: each must end as it says, and its honest twin verifies.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_jades::{Content, Jws, JwsAlgorithm, Limits, base64, verify};
use kyso_x509::pem;
use serde_json::Value;
use support::Signer;

/// What the rows' headers are written with.
struct Words(Vec<(&'static str, String)>);

impl Words {
    fn new(signer: &Signer, attacker: &Signer) -> Self {
        let mut words = Vec::new();
        for (who, names) in [
            (signer, ["$plain", "$certificate", "$x5c", "$digest", "$x5t", "$jwk"]),
            (
                attacker,
                [
                    "$evil-plain",
                    "$evil-certificate",
                    "$evil-x5c",
                    "$evil-digest",
                    "$evil-x5t",
                    "$evil-jwk",
                ],
            ),
        ] {
            let certificate = who.certificate();
            let der = format!("\"{}\"", base64::encode(certificate.as_der()));
            let digest = base64::encode_url(certificate.sha256_fingerprint().as_bytes());
            let digest = format!("\"{digest}\"");
            let point = &certificate.spki_der()[certificate.spki_der().len() - 64..];
            let (x, y) = (base64::encode_url(&point[..32]), base64::encode_url(&point[32..]));
            let x5c = format!("\"x5c\":[{der}]");
            let x5t = format!("\"x5t#S256\":{digest}");
            let jwk = format!(r#""jwk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
            let plain = format!("\"alg\":\"ES256\",{x5c},{x5t}");
            words.extend(names.into_iter().zip([plain, der, x5c, digest, x5t, jwk]));
        }
        // The longest first, as some begin like others.
        words.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self(words)
    }

    fn fill(&self, template: &str) -> String {
        self.0.iter().fold(template.to_owned(), |text, (name, word)| text.replace(name, word))
    }
}

fn signature(by: &str, input: &str, signer: &Signer, attacker: &Signer) -> Vec<u8> {
    let ecdsa = |who: &Signer| JwsAlgorithm::Es256.to_octets(&who.value(input.as_bytes())).unwrap();
    let hmac = |secret: &[u8]| {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        ring::hmac::sign(&key, input.as_bytes()).as_ref().to_vec()
    };
    let certificate = signer.certificate();
    match by {
        "signer" => ecdsa(signer),
        "attacker" => ecdsa(attacker),
        "hmac" => hmac(pem::encode("PUBLIC KEY", certificate.spki_der()).as_bytes()),
        "hmac-der" => hmac(certificate.spki_der()),
        "nobody" => Vec::new(),
        other => panic!("nobody is called {other}"),
    }
}

#[test]
fn attacks_end_as_the_table_says() {
    let (signer, attacker) = (Signer::p256(), Signer::p256());
    let words = Words::new(&signer, &attacker);
    let rows: Vec<Value> =
        serde_json::from_slice(&kyso_test_vectors::bytes("jose/attacks.json")).unwrap();
    let mut wrong = Vec::new();
    for row in &rows {
        let field = |name: &str| row[name].as_str();
        let class = field("class").unwrap();
        let protected = base64::encode_url(words.fill(field("header").unwrap()));
        let payload = field("payload").unwrap_or("aG9uZXN0");
        let input = format!("{protected}.{payload}");
        let value = signature(field("by").unwrap(), &input, &signer, &attacker);
        let document = field("document").unwrap_or("$protected.$payload.$signature");
        let document = words
            .fill(document)
            .replace("$protected", &protected)
            .replace("$payload", payload)
            .replace("$signature", &base64::encode_url(value));
        let ended = judge(document.as_bytes(), &signer);
        if !ended.starts_with(field("ends").unwrap()) {
            wrong.push(format!("{class}: {ended}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 70, "{}", rows.len());
    // The honest twin.
    let honest = signer.forge(&words.fill("{$plain}"), "aG9uZXN0");
    assert_eq!(judge(honest.as_bytes(), &signer), "verified");
    let bare = signer.forge(&words.fill("{\"alg\":\"ES256\",$evil-jwk}"), "aG9uZXN0");
    assert_eq!(judge(bare.as_bytes(), &signer), "verified");
}

/// With the signer's certificate at hand, as a trust store would give it.
fn judge(document: &[u8], signer: &Signer) -> String {
    match Jws::read(document, &Limits::documents()) {
        Err(error) => format!("{error:?}"),
        Ok(jws) => match verify(&jws, Content::Attached, &[signer.certificate()]) {
            Err(failure) => format!("{failure:?}"),
            Ok(verified) => {
                assert_eq!(verified.payload(), Some(&b"honest"[..]));
                "verified".to_owned()
            }
        },
    }
}

#[test]
fn what_the_signer_did_not_sign_is_not_read() {
    let signer = Signer::p256();
    let words = Words::new(&signer, &signer);
    let text = signer.forge(&words.fill("{$plain,\"sigPId\":{},\"jku\":\"x\"}"), "aG9uZXN0");
    let jws = Jws::read(text.as_bytes(), &Limits::documents()).unwrap();
    let unread: Vec<_> = jws.header().unread.iter().map(|name| name.as_str()).collect();
    assert_eq!(unread, ["sigPId", "jku"]);
}
