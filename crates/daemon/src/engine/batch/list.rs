//! What a person agrees to when they agree to a batch: one hash over everything that was declared.

use kyso_protocol::SignatureOptions;
use ring::digest::{Context, SHA256};

use crate::store::items::Sha256;

/// First line of what is hashed.
const HEADER: &str = "kyso-batch-v1";

/// SHA-256 over the header, the options in JSON, the certificate's SHA-256, and the documents' SHA-256 in their order; one
/// line each, hashes in lower-case hexadecimal.
pub(super) fn hash<'a>(
    options: &SignatureOptions,
    certificate: &Sha256,
    documents: impl IntoIterator<Item = &'a Sha256>,
) -> Sha256 {
    let mut context = Context::new(&SHA256);
    let mut line = |text: &[u8]| {
        context.update(text);
        context.update(b"\n");
    };
    line(HEADER.as_bytes());
    // Plain options are always written.
    line(&serde_json::to_vec(options).unwrap_or_default());
    line(hex::encode(certificate).as_bytes());
    for document in documents {
        line(hex::encode(document).as_bytes());
    }
    let mut value = [0; 32];
    value.copy_from_slice(context.finish().as_ref());
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_thing_and_its_order_count() {
        let options = SignatureOptions::default();
        let of = |options: &SignatureOptions, certificate, documents: &[Sha256]| {
            hash(options, &[certificate; 32], documents)
        };
        let whole = of(&options, 1, &[[2; 32], [3; 32]]);
        assert_eq!(whole, of(&options, 1, &[[2; 32], [3; 32]]));
        let detached = SignatureOptions { detached: true, ..options.clone() };
        let others = [
            of(&options, 1, &[[3; 32], [2; 32]]),
            of(&options, 1, &[[2; 32]]),
            of(&options, 1, &[[2; 32], [3; 32], [3; 32]]),
            of(&options, 9, &[[2; 32], [3; 32]]),
            of(&detached, 1, &[[2; 32], [3; 32]]),
        ];
        assert!(others.iter().all(|other| *other != whole));
    }

    #[test]
    fn the_list_is_what_the_documentation_says() {
        let options = SignatureOptions::default();
        let text = format!(
            "kyso-batch-v1\n{}\n{}\n{}\n",
            r#"{"detached":false,"rsa_padding":"pss","digest":"sha256"}"#,
            "01".repeat(32),
            "02".repeat(32)
        );
        let expected = ring::digest::digest(&SHA256, text.as_bytes());
        assert_eq!(hash(&options, &[1; 32], &[[2; 32]]), expected.as_ref());
    }
}
