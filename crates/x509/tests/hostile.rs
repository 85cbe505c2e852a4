//! Piles of certificates made to cost time or memory: the work is counted, and the verdict says so.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

#[path = "support/mint.rs"]
mod mint;
mod support;

use kyso_x509::asn1::{self, constructed, sequence, tag, tlv};
use kyso_x509::path::{ANY_POLICY, search_path};
use kyso_x509::{
    Certificate, CertificateCache, CertificateError, Moment, PathError, PathPolicy, SearchFailure,
    TrustAnchor, ValidatedPath, validate_path,
};
use mint::{Subject, day, oid};
use proptest::prelude::*;
use std::sync::LazyLock;

const KEY_USAGE: &str = "2.5.29.15";
const SUBJECT_ALT_NAME: &str = "2.5.29.17";
const NAME_CONSTRAINTS: &str = "2.5.29.30";
const POLICIES: &str = "2.5.29.32";
const MAPPINGS: &str = "2.5.29.33";
const POLICY_CONSTRAINTS: &str = "2.5.29.36";

fn validate(
    end_entity: &Certificate,
    candidates: &[Certificate],
    root: &Certificate,
    policy: &PathPolicy,
) -> Result<ValidatedPath, PathError> {
    let anchors = [TrustAnchor::from_certificate(root.clone())];
    validate_path(end_entity, candidates, &anchors, policy, day(10))
}

struct Chain {
    root: Certificate,
    middle: Certificate,
    leaf: Certificate,
    /// Certificates with the name of the middle one that lead nowhere: of its key and of others.
    useless: Vec<Certificate>,
}

static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let root = Subject::authority("root", 1);
    let middle = Subject::authority("middle", 2);
    let leaf = Subject::new("leaf", 3).with(KEY_USAGE, true, &[3, 2, 6, 0xc0]);
    let stranger = Subject::authority("stranger", 4);
    let mut useless = Vec::new();
    for number in 0..30_u8 {
        let serial = [1, number];
        let other = Subject { key: mint::key(50 + number), ..middle.clone() };
        useless.push(match number % 5 {
            0 => middle.clone().serial(&serial).issued_by(&stranger),
            1 => other.serial(&serial).issued_by(&stranger),
            2 => other.serial(&serial).self_signed(),
            3 => leaf.clone().serial(&serial).issued_by(&middle),
            _ => middle.clone().serial(&serial).self_signed(),
        });
    }
    Chain {
        leaf: leaf.issued_by(&middle),
        middle: middle.issued_by(&root),
        root: root.self_signed(),
        useless,
    }
});

proptest! {
    #[test]
    fn useless_candidates_never_change_a_verdict(
        chosen in proptest::sample::subsequence((0..30_usize).collect::<Vec<_>>(), 0..30),
        place in 0..30_usize,
        complete: bool,
    ) {
        let Chain { root, middle, leaf, useless } = &*CHAIN;
        let policy = PathPolicy::document_signing();
        let mut candidates: Vec<_> = chosen.iter().map(|index| useless[*index].clone()).collect();
        if complete {
            candidates.insert(place.min(candidates.len()), middle.clone());
        }
        let verdict = validate(leaf, &candidates, root, &policy);
        if complete {
            let path = verdict.unwrap();
            prop_assert_eq!(path.certificates(), [leaf.clone(), middle.clone()]);
        } else {
            prop_assert!(verdict.is_err());
        }
    }
}

#[test]
fn ten_thousand_useless_certificates_cost_as_many_checks_as_the_policy_allows() {
    let Chain { root, middle, leaf, .. } = &*CHAIN;
    let policy = PathPolicy::document_signing();
    // Same name, same key, another signature each: every one opens a branch.
    let der = middle.as_der();
    let tail = der.len() - 2;
    let pile: Vec<_> = (0..10_000_u32)
        .map(|number| {
            let mut der = der.to_vec();
            der[tail..].copy_from_slice(&u16::try_from(number).unwrap().to_be_bytes());
            Certificate::from_der(&der).unwrap()
        })
        .filter(|certificate| certificate != middle)
        .collect();
    assert_eq!(
        validate(leaf, &pile, root, &policy).unwrap_err(),
        PathError::TooManySignatureChecks { limit: policy.max_signature_checks }
    );
    // Copies of one and the same are one, and those of other names are never looked at.
    let mut copies = vec![pile[0].clone(); 10_000];
    copies.extend((0..10_000).map(|_| leaf.clone()));
    copies.push(middle.clone());
    assert_eq!(validate(leaf, &copies, root, &policy).unwrap().chain().len(), 3);
}

#[test]
fn authorities_that_all_certify_each_other() {
    let authorities: Vec<_> =
        (0..8_u8).map(|seed| Subject::authority(&format!("ca {seed}"), 10 + seed)).collect();
    let mut pile = Vec::new();
    for one in &authorities {
        pile.extend(authorities.iter().map(|other| one.issued_by(other)));
    }
    let root = Subject::authority("root", 1);
    let leaf = Subject::new("leaf", 3).issued_by(&authorities[0]);
    let policy = PathPolicy::document_signing();
    // Nobody certifies them: every branch is a path that grows until it would repeat itself.
    assert_eq!(
        validate(&leaf, &pile, &root.self_signed(), &policy).unwrap_err(),
        PathError::TooManySignatureChecks { limit: policy.max_signature_checks }
    );
    // One does, and the knot does not hide it.
    pile.push(authorities[0].issued_by(&root));
    assert!(validate(&leaf, &pile, &root.self_signed(), &policy).is_ok());
}

#[test]
fn mappings_that_double_a_tree_at_every_authority_stay_a_graph() {
    const LEN: u8 = 60;
    let policies = ["1.2.3.1", "1.2.3.2"].map(oid);
    let all = sequence(&policies.map(|policy| sequence(&[asn1::oid(policy)])));
    let pairs: Vec<_> = policies
        .iter()
        .flat_map(|from| policies.map(|to| sequence(&[asn1::oid(*from), asn1::oid(to)])))
        .collect();
    let demand = sequence(&[tlv(0x80, &[0])]);
    let root = Subject::authority("root", 1);
    let (mut pile, mut issuer) = (Vec::new(), root.clone());
    for seed in 2..LEN {
        let authority = Subject::authority(&format!("ca {seed}"), seed)
            .with(POLICIES, true, &all)
            .with(MAPPINGS, false, &sequence(&pairs))
            .with(POLICY_CONSTRAINTS, true, &demand);
        pile.push(authority.issued_by(&issuer));
        issuer = authority;
    }
    let leaf = Subject::new("leaf", 200).with(POLICIES, false, &all).issued_by(&issuer);
    let mut policy = PathPolicy::any_usage();
    policy.max_path_len = 100;
    let path = validate(&leaf, &pile, &root.self_signed(), &policy).unwrap();
    assert_eq!(path.policies(), policies);
    policy.policies = vec![oid("1.2.3.3")];
    assert_eq!(
        validate(&leaf, &pile, &root.self_signed(), &policy).unwrap_err(),
        PathError::PolicyNotAccepted { subject: leaf.subject().clone(), found: policies.to_vec() }
    );
}

#[test]
fn more_policies_than_anybody_has_are_refused_by_name() {
    let root = Subject::authority("root", 1);
    let many: Vec<_> =
        (0..1_001).map(|arc| sequence(&[asn1::oid(oid(&format!("1.2.3.{arc}")))])).collect();
    let leaf = Subject::new("leaf", 2).with(POLICIES, false, &sequence(&many)).issued_by(&root);
    let policy = PathPolicy::any_usage();
    assert_eq!(
        validate(&leaf, &[], &root.self_signed(), &policy).unwrap_err(),
        PathError::TooManyPolicies { subject: leaf.subject().clone(), limit: 1_000 }
    );
    // anyPolicy covers them without being counted a thousand times.
    let any = sequence(&[sequence(&[asn1::oid(ANY_POLICY)])]);
    let leaf = Subject::new("leaf", 2).with(POLICIES, false, &any).issued_by(&root);
    let path = validate(&leaf, &[], &root.self_signed(), &policy).unwrap();
    assert_eq!(path.policies(), [ANY_POLICY]);
}

/// `[number] GeneralSubtrees` of domains.
fn subtrees(number: u8, domains: impl Iterator<Item = String>) -> Vec<u8> {
    let bases: Vec<_> = domains.map(|domain| sequence(&[tlv(0x82, domain.as_bytes())])).collect();
    constructed(tag::context(number), &bases)
}

#[test]
fn many_names_against_many_constraints() {
    const MANY: usize = 65_536;
    let root = Subject::authority("root", 1);
    let constraints =
        sequence(&[subtrees(1, (0..MANY).map(|number| format!("n{number}.example.vn")))]);
    let middle = Subject::authority("middle", 2).with(NAME_CONSTRAINTS, true, &constraints);
    let names: Vec<_> =
        (0..MANY).map(|number| tlv(0x82, format!("m{number}.example.vn").as_bytes())).collect();
    let leaf =
        Subject::new("leaf", 3).with(SUBJECT_ALT_NAME, false, &sequence(&names)).issued_by(&middle);
    let policy = PathPolicy::any_usage();
    let candidates = [middle.issued_by(&root)];
    assert_eq!(
        validate(&leaf, &candidates, &root.self_signed(), &policy).unwrap_err(),
        PathError::TooManyNameComparisons { limit: policy.max_name_comparisons }
    );
}

proptest! {
    #[test]
    fn what_is_permitted_and_excluded_is_refused(label in "[a-z]{1,10}", below in "([a-z]{1,5}\\.)?") {
        let domain = format!("{label}.vn");
        let root = Subject::authority("root", 1);
        let constrained = |constraints: &[Vec<u8>]| {
            Subject::authority("middle", 2).with(NAME_CONSTRAINTS, true, &sequence(constraints))
        };
        let verdict = |middle: &Subject| {
            let names = sequence(&[tlv(0x82, format!("{below}{domain}").as_bytes())]);
            let leaf = Subject::new("leaf", 3).with(SUBJECT_ALT_NAME, false, &names);
            let candidates = [middle.issued_by(&root)];
            let policy = PathPolicy::any_usage();
            validate(&leaf.issued_by(middle), &candidates, &root.self_signed(), &policy)
        };
        let one = || std::iter::once(domain.clone());
        prop_assert!(verdict(&constrained(&[subtrees(0, one())])).is_ok());
        let both = verdict(&constrained(&[subtrees(0, one()), subtrees(1, one())]));
        let excluded = matches!(both, Err(PathError::NameExcluded { .. }));
        prop_assert!(excluded, "{:?}", both);
        let other = verdict(&constrained(&[subtrees(0, std::iter::once("com".to_owned()))]));
        let outside = matches!(other, Err(PathError::NameNotPermitted { .. }));
        prop_assert!(outside, "{:?}", other);
    }
}

#[test]
fn forms_whose_subtrees_nobody_knows_are_refused_by_name_where_a_certificate_bears_them() {
    let root = Subject::authority("root", 1);
    // otherName: a user principal name.
    let value = constructed(tag::context(0), &[tlv(tag::UTF8_STRING, b"an@example.vn")]);
    let principal =
        constructed(tag::context(0), &[asn1::oid(oid("1.3.6.1.4.1.311.20.2.3")), value]);
    let constraints =
        sequence(&[constructed(tag::context(0), &[sequence(std::slice::from_ref(&principal))])]);
    let middle = Subject::authority("middle", 2).with(NAME_CONSTRAINTS, true, &constraints);
    let candidates = [middle.issued_by(&root)];
    let policy = PathPolicy::any_usage();
    let verdict = |leaf: Subject| {
        validate(&leaf.issued_by(&middle), &candidates, &root.self_signed(), &policy)
    };
    assert!(verdict(Subject::new("leaf", 3)).is_ok());
    let bearing = Subject::new("leaf", 3).with(SUBJECT_ALT_NAME, false, &sequence(&[principal]));
    let failure = verdict(bearing).unwrap_err();
    assert!(matches!(failure, PathError::UnsupportedNameForm { .. }), "{failure}");
}

#[test]
fn an_address_in_the_subject_is_constrained_like_one_in_the_extension() {
    let root = Subject::authority("root", 1);
    let base = sequence(&[tlv(0x81, b"example.vn")]);
    let constraints = sequence(&[constructed(tag::context(0), &[base])]);
    let middle = Subject::authority("middle", 2).with(NAME_CONSTRAINTS, true, &constraints);
    let candidates = [middle.issued_by(&root)];
    let policy = PathPolicy::any_usage();
    let verdict = |address: &[u8], more: Option<&[u8]>| {
        let attribute =
            sequence(&[asn1::oid(kyso_x509::name::EMAIL_ADDRESS), tlv(tag::IA5_STRING, address)]);
        let mut leaf = Subject::new("leaf", 3);
        leaf.name = sequence(&[mint::rdn("leaf"), asn1::set_of(vec![attribute])]);
        if let Some(names) = more {
            leaf = leaf.with(SUBJECT_ALT_NAME, false, names);
        }
        validate(&leaf.issued_by(&middle), &candidates, &root.self_signed(), &policy)
    };
    assert!(verdict(b"an@example.vn", None).is_ok());
    let outside = verdict(b"an@other.vn", None).unwrap_err();
    assert!(matches!(outside, PathError::NameNotPermitted { .. }), "{outside}");
    // A name of another form beside it does not set it free.
    let host = sequence(&[tlv(0x82, b"example.vn")]);
    assert!(verdict(b"an@other.vn", Some(&host)).is_err());
}

#[test]
fn nesting_ends_at_the_depth_limit() {
    let deep = (0..200).fold(Vec::new(), |inner, _| sequence(&[inner]));
    let root = Subject::authority("root", 1);
    // In a place that is read whole: the parameters of the signature algorithm.
    let honest = Subject::new("leaf", 2).issued_by(&root);
    let mut fields = asn1::Reader::new(honest.as_der(), asn1::Rules::Der)
        .element()
        .unwrap()
        .children()
        .unwrap()
        .rest()
        .unwrap();
    let signature = fields.pop().unwrap().raw().to_vec();
    let identifier = sequence(&[asn1::oid(oid("1.2.840.10045.4.3.2")), deep.clone()]);
    let bomb = sequence(&[fields[0].raw().to_vec(), identifier, signature]);
    assert!(matches!(
        Certificate::from_der(&bomb),
        Err(CertificateError::Der(error)) if error.kind == asn1::Asn1ErrorKind::TooDeep
    ));
    // In an extension that is not read unless asked for, it does no harm.
    let leaf = Subject::new("leaf", 2).with("1.2.3.4", false, &deep).issued_by(&root);
    assert!(validate(&leaf, &[], &root.self_signed(), &PathPolicy::any_usage()).is_ok());
    // In one that is, the certificate or the path is refused.
    let leaf = Subject::new("leaf", 2).with(POLICIES, false, &deep).issued_by(&root);
    let failure = validate(&leaf, &[], &root.self_signed(), &PathPolicy::any_usage()).unwrap_err();
    assert!(matches!(failure, PathError::MalformedExtension { .. }), "{failure}");
}

#[test]
fn a_path_that_the_caller_refuses_is_not_the_last() {
    let root = Subject::authority("root", 1);
    let other = Subject::authority("other", 4);
    let middle = Subject::authority("middle", 2);
    let leaf = Subject::new("leaf", 3).issued_by(&middle);
    let candidates = [middle.issued_by(&root), middle.issued_by(&other)];
    let anchors = [&root, &other].map(|root| TrustAnchor::from_certificate(root.self_signed()));
    let policy = PathPolicy::any_usage();
    let search = |accepted: Option<usize>| {
        let mut seen = 0;
        let found =
            search_path(&leaf, &candidates, &anchors, &policy, Moment::At(day(10)), &mut |path| {
                seen += 1;
                match accepted {
                    Some(index) if path.anchor() == &anchors[index] => Ok(()),
                    _ => Err(path.anchor().clone()),
                }
            });
        (found, seen)
    };
    for (index, anchor) in anchors.iter().enumerate() {
        let (found, seen) = search(Some(index));
        assert_eq!(found.unwrap().anchor(), anchor);
        assert_eq!(seen, index + 1);
    }
    let (found, seen) = search(None);
    assert_eq!(seen, 2);
    match found.unwrap_err() {
        SearchFailure::Refused { path, error } => {
            assert_eq!(path.anchor(), &anchors[0]);
            assert_eq!(error, anchors[0]);
        }
        SearchFailure::NoPath(error) => panic!("{error}"),
    }
}

#[test]
fn a_cache_gives_one_value_for_the_same_bytes_and_forgets_when_full() {
    let root = Subject::authority("root", 1).self_signed();
    let der = root.as_der();
    let cache = CertificateCache::new(2);
    let pointer = |certificate: &Certificate| certificate.as_der().as_ptr();
    let first = cache.read(der).unwrap();
    assert_eq!(pointer(&first), pointer(&cache.read(der).unwrap()));
    assert_eq!(pointer(&first), pointer(&cache.share(&root)));
    assert!(cache.read(b"no certificate").is_err());
    for seed in 2..4 {
        let _ = cache.share(&Subject::authority("other", seed).self_signed());
    }
    assert_eq!(pointer(&cache.share(&root)), pointer(&root));
    // What is too long is read as it is, and not held.
    let filler = vec![0; kyso_x509::MAX_CACHED_LEN];
    let long = Subject::new("long", 5)
        .with("1.2.3.4", false, &asn1::tlv(tag::OCTET_STRING, &filler))
        .issued_by(&Subject::authority("root", 1));
    let (first, second) = (cache.read(long.as_der()).unwrap(), cache.read(long.as_der()).unwrap());
    assert_eq!((&first, &second), (&long, &long));
    assert_ne!(pointer(&first), pointer(&second));
}

#[test]
fn periods_that_share_no_day() {
    let root = Subject::authority("root", 1);
    let middle = Subject::authority("middle", 2).valid(0, 50);
    let candidates = [middle.issued_by(&root)];
    let anchors = [TrustAnchor::from_certificate(root.self_signed())];
    let policy = PathPolicy::any_usage();
    let search = |leaf: &Certificate| {
        let mut accept = |_: &ValidatedPath| Ok::<_, ()>(());
        search_path(leaf, &candidates, &anchors, &policy, Moment::WithinAll, &mut accept)
    };
    let path = search(&Subject::new("leaf", 3).valid(40, 90).issued_by(&middle)).unwrap();
    assert_eq!((path.validity().not_before, path.validity().not_after), (day(40), day(50)));
    assert_eq!(path.moment(), Moment::WithinAll);
    let failure = search(&Subject::new("leaf", 3).valid(60, 90).issued_by(&middle)).unwrap_err();
    assert!(matches!(failure, SearchFailure::NoPath(PathError::NoCommonValidity { .. })));
}
