use proptest::prelude::*;

use super::*;

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (any::<Sha256>(), any::<Sha256>()).prop_map(|(signature_sha256, released_sha256)| {
            Outcome::Signed { signature_sha256, released_sha256 }
        }),
        (any::<Option<Sha256>>(), any::<Sha256>()).prop_map(
            |(timestamp_sha256, released_sha256)| {
                Outcome::Extended { timestamp_sha256, released_sha256 }
            }
        ),
        any::<String>().prop_map(|code| Outcome::Failed { code }),
        Just(Outcome::Cancelled),
    ]
}

/// What serde_json makes of the same members: sorted keys, no white space.
pub(super) fn resorted(leaf: &[u8]) -> Vec<u8> {
    fn sorted(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(map) => {
                let mut members: Vec<_> = map.into_iter().collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                members.into_iter().map(|(key, value)| (key, sorted(value))).collect()
            }
            value => value,
        }
    }
    serde_json::to_vec(&sorted(serde_json::from_slice(leaf).unwrap())).unwrap()
}

proptest! {
    #[test]
    fn outcomes_come_back(
        sequence in 0..crate::canonical::MAX_INTEGER,
        time in 0..crate::canonical::MAX_INTEGER,
        intent in 0..crate::canonical::MAX_INTEGER,
        outcome in outcome(),
    ) {
        let mut leaf = Vec::new();
        Leaf::write_outcome(&mut leaf, sequence, time, intent, &outcome);
        prop_assert_eq!(&resorted(&leaf), &leaf);
        let record = Record::Outcome { intent, outcome };
        prop_assert_eq!(Leaf::decode(&leaf), Some(Leaf { sequence, time, record }));
    }

    #[test]
    fn intents_come_back(
        sequence in 0..crate::canonical::MAX_INTEGER,
        time in 0..crate::canonical::MAX_INTEGER,
        texts in any::<[String; 6]>(),
        hashes in any::<[Sha256; 2]>(),
        operation: Option<String>,
        consent: Option<String>,
        salt: Salt,
        pid: u32,
        started in 0..crate::canonical::MAX_INTEGER,
    ) {
        let [requester, document_name, token_serial, mechanism, format, boot] = texts;
        let [document_sha256, certificate_sha256] = hashes;
        let intent = Intent {
            requester, document_sha256, document_name, certificate_sha256, token_serial, mechanism, format,
            operation, consent,
        };
        let owner = Owner { boot, pid, started };
        let name_hash = name_hash(&salt, &intent.document_name);
        let mut leaf = Vec::new();
        Leaf::write_intent(&mut leaf, sequence, time, &intent, &name_hash, &owner);
        prop_assert_eq!(&resorted(&leaf), &leaf);
        let record = Record::Intent(IntentRecord {
            requester: intent.requester,
            document_sha256: intent.document_sha256,
            name_hash,
            certificate_sha256: intent.certificate_sha256,
            token_serial: intent.token_serial,
            mechanism: intent.mechanism,
            format: intent.format,
            operation: intent.operation,
            consent: intent.consent,
            owner,
        });
        prop_assert_eq!(Leaf::decode(&leaf), Some(Leaf { sequence, time, record }));
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let _ = Leaf::decode(&bytes);
    }
}

/// As written before intents named an operation and a consent.
#[test]
fn older_intents_are_read_and_written_the_same() {
    let mut leaf = br#"{"certificate":""#.to_vec();
    leaf.extend_from_slice("cc".repeat(32).as_bytes());
    leaf.extend_from_slice(br#"","document":""#);
    leaf.extend_from_slice("01".repeat(32).as_bytes());
    leaf.extend_from_slice(
        br#"","format":"PAdES-B-B","kind":"intent","mechanism":"ecdsa-with-SHA256","name":""#,
    );
    leaf.extend_from_slice("0a".repeat(32).as_bytes());
    leaf.extend_from_slice(
        br#"","owner":{"boot":"b","pid":1,"started":2},"requester":"pid 1 uid 1000","sequence":3,"time":4,"token":"0123"}"#,
    );
    let Some(Leaf { record: Record::Intent(old), .. }) = Leaf::decode(&leaf) else {
        panic!("not read");
    };
    assert_eq!((&old.operation, &old.consent), (&None, &None));
    let intent = Intent {
        requester: old.requester,
        document_sha256: old.document_sha256,
        document_name: String::new(),
        certificate_sha256: old.certificate_sha256,
        token_serial: old.token_serial,
        mechanism: old.mechanism,
        format: old.format,
        operation: None,
        consent: None,
    };
    let mut again = Vec::new();
    Leaf::write_intent(&mut again, 3, 4, &intent, &old.name_hash, &old.owner);
    assert_eq!(String::from_utf8(again), String::from_utf8(leaf));
}

#[test]
fn unknown_kinds_are_kept() {
    let leaf = br#"{"campaign":"x","kind":"anything","sequence":4,"time":5}"#;
    assert_eq!(
        Leaf::decode(leaf),
        Some(Leaf { sequence: 4, time: 5, record: Record::Opaque { kind: "anything".into() } })
    );
}
