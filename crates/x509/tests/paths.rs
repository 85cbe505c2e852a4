//! Paths are found among impostors and refused for the right reason.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_x509::{
    Certificate, DigestAlgorithm, Moment, PathError, PathPolicy, Time, TrustAnchor, ValidatedPath,
    check_end_entity, validate_path,
};
use support::{CA, LEAF, P256, Pki, openssl};

fn plus_seconds(time: Time, seconds: i64) -> Time {
    Time::from_unix_seconds(time.as_unix_seconds() + seconds)
}

/// A second after the certificates were made, by their own dates.
fn time_of(certificate: &Certificate) -> Time {
    plus_seconds(certificate.validity().not_before, 1)
}

fn validate(
    leaf: &Certificate,
    candidates: &[&Certificate],
    root: &Certificate,
) -> Result<ValidatedPath, PathError> {
    validate_at(leaf, candidates, root, time_of(leaf))
}

fn validate_at(
    leaf: &Certificate,
    candidates: &[&Certificate],
    root: &Certificate,
    time: Time,
) -> Result<ValidatedPath, PathError> {
    let candidates: Vec<_> = candidates.iter().copied().cloned().collect();
    let anchors = [TrustAnchor::from_certificate(root.clone())];
    validate_path(leaf, &candidates, &anchors, &PathPolicy::document_signing(), time)
}

#[test]
fn a_path_is_found_in_any_order_and_among_impostors() {
    let pki = Pki::new();
    let root = pki.root("root", "Gốc");
    let upper = pki.issued("upper", "root", CA);
    let lower = pki.issued("lower", "upper", CA);
    let leaf = pki.issued("leaf", "lower", LEAF);
    // Another authority of the same name, and the real one once more under an unknown root.
    pki.key("fake", P256);
    let fake = pki.issue("fake", "lower", "fake", CA, &[]);
    pki.root("stranger", "Lạ");
    pki.write("cross.key", &pki.read("lower.key"));
    let cross = pki.issue("cross", "lower", "stranger", CA, &[]);

    for candidates in [
        vec![&lower, &upper],
        vec![&upper, &fake, &root, &leaf, &lower],
        vec![&fake, &cross, &lower, &upper, &lower],
    ] {
        let path = validate(&leaf, &candidates, &root).unwrap();
        assert_eq!(path.end_entity(), &leaf);
        assert_eq!(path.certificates(), [leaf.clone(), lower.clone(), upper.clone()]);
        assert_eq!(path.anchor().certificate(), &root);
        assert_eq!(path.chain().len(), 4);
        assert_eq!(path.moment(), Moment::At(time_of(&leaf)));
    }
    let failure = validate(&leaf, &[&fake], &root).unwrap_err();
    assert!(matches!(failure, PathError::SignatureInvalid { .. }), "{failure}");
    let failure = validate(&leaf, &[&lower], &root).unwrap_err();
    assert_eq!(
        failure,
        PathError::UnknownIssuer {
            subject: lower.subject().clone(),
            issuer: upper.subject().clone()
        }
    );
    // An intermediate may be the anchor, and so may the end entity.
    assert_eq!(validate(&leaf, &[], &lower).unwrap().chain().len(), 2);
    let own = validate(&leaf, &[], &leaf).unwrap().chain();
    assert_eq!(own, std::slice::from_ref(&leaf));
    // A root of the same name with another key is no anchor of ours.
    pki.key("twin", P256);
    let twin = pki.issue("twin", "Gốc", "twin", CA, &[]);
    assert!(validate(&leaf, &[&lower, &upper], &twin).is_err());
}

#[test]
fn an_anchor_issues_only_as_an_authority() {
    let pki = Pki::new();
    // A person's certificate, trusted by itself, whose key then signs another person's.
    pki.key("person", P256);
    let end_entity = format!("basicConstraints=critical,CA:FALSE\n{LEAF}");
    for extensions in [end_entity.as_str(), LEAF] {
        let person = pki.issue("person", "Người ký", "person", extensions, &[]);
        let forged = pki.issued("forged", "person", LEAF);
        assert_eq!(
            validate(&forged, &[&person], &person).unwrap_err(),
            PathError::NotACertificateAuthority { subject: person.subject().clone() }
        );
        // What the anchor states is trusted all the same.
        assert_eq!(validate(&person, &[], &person).unwrap().chain(), [person]);
    }
    let mute = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n";
    let person = pki.issue("person", "Người ký", "person", mute, &[]);
    let forged = pki.issued("forged", "person", LEAF);
    let failure = validate(&forged, &[], &person).unwrap_err();
    assert!(matches!(failure, PathError::NotForCertificateSigning { .. }), "{failure}");
    // A root of version 1 has no place to say that it is an authority.
    let request = ["x509", "-req", "-in", "person.csr", "-signkey", "person.key", "-days", "100"];
    let pem = openssl(pki.path(), &request);
    let old = Certificate::all_from_pem_or_der(&pem).unwrap().remove(0);
    assert_eq!((old.version(), old.is_certificate_authority()), (1, false));
    validate(&pki.issued("leaf", "person", LEAF), &[], &old).unwrap();
}

#[test]
fn time_is_checked_for_every_certificate() {
    let pki = Pki::new();
    let root = pki.root("root", "Gốc");
    pki.key("short", P256);
    let short = pki.issue("short", "short", "root", CA, &["-days", "10"]);
    let leaf = pki.issued("leaf", "short", LEAF);
    let start = leaf.validity().not_before;
    let end = short.validity().not_after;
    validate_at(&leaf, &[&short], &root, end).unwrap();
    assert_eq!(
        validate_at(&leaf, &[&short], &root, plus_seconds(end, 1)).unwrap_err(),
        PathError::Expired {
            subject: short.subject().clone(),
            time: plus_seconds(end, 1),
            not_after: end
        }
    );
    let early = short.validity().not_before.min(root.validity().not_before);
    let early = plus_seconds(early, -1);
    assert!(matches!(
        validate_at(&leaf, &[&short], &root, early).unwrap_err(),
        PathError::NotYetValid { .. }
    ));
    let policy = PathPolicy::document_signing();
    assert_eq!(check_end_entity(&leaf, &policy, start), Ok(()));
    let late = plus_seconds(leaf.validity().not_after, 1);
    assert_eq!(
        check_end_entity(&leaf, &policy, late).unwrap_err().to_string(),
        format!(
            "the certificate of [CN=leaf, O=Thử] expired at {}, before {late}",
            leaf.validity().not_after
        )
    );
}

#[test]
fn usage_of_the_end_entity() {
    let pki = Pki::new();
    let root = pki.root("root", "Gốc");
    pki.key("leaf", P256);
    let with = |extensions: &str| pki.issue("leaf", "leaf", "root", extensions, &[]);
    let accepted = [
        "keyUsage=critical,nonRepudiation\n",
        "keyUsage=critical,digitalSignature\n",
        "subjectKeyIdentifier=hash\n",
        "keyUsage=nonRepudiation\nextendedKeyUsage=clientAuth\n",
        "keyUsage=digitalSignature\nextendedKeyUsage=critical,1.3.6.1.5.5.7.3.36\n",
        "extendedKeyUsage=1.3.6.1.4.1.311.10.3.12\n",
        "extendedKeyUsage=1.2.840.113583.1.1.5\n",
        "extendedKeyUsage=serverAuth,anyExtendedKeyUsage\n",
    ];
    for extensions in accepted {
        validate(&with(extensions), &[], &root)
            .unwrap_or_else(|error| panic!("{extensions}: {error}"));
    }
    let failure = validate(&with("keyUsage=keyEncipherment,keyAgreement\n"), &[], &root);
    assert!(matches!(failure, Err(PathError::NotForSigning { .. })));
    let failure = validate(&with("extendedKeyUsage=serverAuth\n"), &[], &root).unwrap_err();
    assert!(matches!(failure, PathError::PurposeNotAccepted { .. }));
    let failure = validate(&with("extendedKeyUsage=critical,timeStamping\n"), &[], &root);
    assert!(matches!(failure, Err(PathError::PurposeNotAccepted { .. })));
}

#[test]
fn authorities_must_be_authorities() {
    let pki = Pki::new();
    let root = pki.root("root", "Gốc");
    let failure = |extensions: &str| {
        let middle = pki.issued("middle", "root", extensions);
        let leaf = pki.issued("leaf", "middle", LEAF);
        validate(&leaf, &[&middle], &root).unwrap_err()
    };
    assert!(matches!(failure(LEAF), PathError::NotACertificateAuthority { .. }));
    assert!(matches!(
        failure("basicConstraints=CA:FALSE\nkeyUsage=keyCertSign\n"),
        PathError::NotACertificateAuthority { .. }
    ));
    assert!(matches!(
        failure("basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign\n"),
        PathError::NotForCertificateSigning { .. }
    ));
    assert!(matches!(
        failure(&format!("{CA}policyConstraints=critical,requireExplicitPolicy:0\n")),
        PathError::PolicyNotAccepted { .. }
    ));
    assert!(matches!(
        failure(&format!("{CA}1.2.3.4=critical,DER:0500\n")),
        PathError::UnknownCriticalExtension { oid, .. } if oid.to_string() == "1.2.3.4"
    ));
    // pathlen:0 allows no authority below.
    let narrow = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign\n";
    let upper = pki.issued("upper", "root", narrow);
    let lower = pki.issued("lower", "upper", CA);
    let leaf = pki.issued("leaf", "upper", LEAF);
    validate(&leaf, &[&upper], &root).unwrap();
    let leaf = pki.issued("leaf", "lower", LEAF);
    assert_eq!(
        validate(&leaf, &[&upper, &lower], &root).unwrap_err(),
        PathError::PathLenConstraint { subject: lower.subject().clone() }
    );
}

#[test]
fn weak_and_unknown_cryptography() {
    let pki = Pki::new();
    let root = pki.root("root", "Gốc");
    pki.key("leaf", P256);
    let sha1 = pki.issue("leaf", "leaf", "root", LEAF, &["-sha1"]);
    assert!(matches!(
        validate(&sha1, &[], &root).unwrap_err(),
        PathError::WeakAlgorithm { algorithm, .. }
            if algorithm.digest_algorithm() == Some(DigestAlgorithm::Sha1ForLegacyUseOnly)
    ));
    pki.key("weak", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let weak = pki.issue("weak", "weak", "root", LEAF, &[]);
    assert!(matches!(
        validate(&weak, &[], &root).unwrap_err(),
        PathError::WeakKey { bits: 1024, minimum: 2048, .. }
    ));
    pki.key("odd", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]);
    let odd = pki.issue("odd", "odd", "odd", CA, &[]);
    let leaf = pki.issued("under", "odd", LEAF);
    let failure = validate(&leaf, &[], &odd).unwrap_err();
    assert!(matches!(failure, PathError::UnusableKey { .. }), "{failure}");
    assert_eq!(failure.unsupported_algorithm(), Some("1.3.132.0.10".parse().unwrap()));
    // The algorithm outside of the signed part is changed.
    let good = pki.issue("leaf", "leaf", "root", LEAF, &["-sha256"]);
    let mut der = good.as_der().to_vec();
    let sha256 = good.signature_algorithm().oid.as_bytes().to_vec();
    let outer = der.windows(sha256.len()).rposition(|window| window == sha256).unwrap();
    der[outer + sha256.len() - 1] += 1;
    let altered = Certificate::from_der(&der).unwrap();
    assert!(matches!(
        validate(&altered, &[], &root).unwrap_err(),
        PathError::SignatureAlgorithmMismatch { .. }
    ));
}

#[test]
fn searches_end() {
    let pki = Pki::new();
    let root = pki.root("root", "Gốc");
    // Two authorities certify each other, and nobody else certifies them.
    for name in ["a", "b"] {
        pki.key(name, P256);
        pki.issue(name, name, name, CA, &[]);
    }
    pki.write("ab.key", &pki.read("a.key"));
    pki.write("ba.key", &pki.read("b.key"));
    let ab = pki.issue("ab", "a", "b", CA, &[]);
    let ba = pki.issue("ba", "b", "a", CA, &[]);
    let leaf = pki.issued("leaf", "a", LEAF);
    assert!(matches!(
        validate(&leaf, &[&ab, &ba], &root).unwrap_err(),
        PathError::UnknownIssuer { .. }
    ));
    // Impostors cost signature checks, of which there are so many.
    let fakes: Vec<_> = (0..3)
        .map(|_| {
            pki.key("fake", P256);
            pki.issue("fake", "a", "fake", CA, &[])
        })
        .collect();
    let anchors = [TrustAnchor::from_certificate(root)];
    let mut policy = PathPolicy::document_signing();
    policy.max_signature_checks = 2;
    assert_eq!(
        validate_path(&leaf, &fakes, &anchors, &policy, time_of(&leaf)).unwrap_err(),
        PathError::TooManySignatureChecks { limit: 2 }
    );
    // A path of more certificates than allowed.
    let first = pki.issued("first", "root", CA);
    let second = pki.issued("second", "first", CA);
    let leaf = pki.issued("leaf", "second", LEAF);
    policy.max_path_len = 2;
    policy.max_signature_checks = 100;
    assert_eq!(
        validate_path(&leaf, &[first, second], &anchors, &policy, time_of(&leaf)).unwrap_err(),
        PathError::PathTooLong { limit: 2 }
    );
}
