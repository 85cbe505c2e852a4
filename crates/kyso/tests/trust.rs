//! Trust stores: pins, permissions, concurrent additions, and bundles that OpenSSL signs.

use std::fs;
use std::path::{Path, PathBuf};

use kyso::trust::{
    Accepting, Adding, Bundle, BundleError, Consent, Fault, ImportError, Role, SignerTrust,
    TrustError, add, check, import, load, pack, read_store, stores,
};
use kyso_testkit::authority::certificate_pem;
use kyso_testkit::{Authority, Curve, Profile, SoftKey, Subject, peer};
use kyso_x509::{Certificate, CertificateList, Time, TrustAnchor};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

fn now() -> Time {
    Time::from_unix_seconds(jiff::Timestamp::now().as_second())
}

fn later(time: Time, seconds: i64) -> Time {
    Time::from_unix_seconds(time.as_unix_seconds() + seconds)
}

/// A folder for stores, and an authority whose certificates lie beside it.
struct Place {
    folder: tempfile::TempDir,
    authority: Authority,
}

/// A person who agrees to everything.
struct Agreed;

impl Consent for Agreed {
    fn agrees(&self, _: &Certificate, _: Role, _: &str) -> bool {
        true
    }
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let seconds = now().as_unix_seconds();
        let authority = Authority::new(Curve::P256, seconds - 5 * YEAR, seconds + 5 * YEAR)
            .expect("an authority");
        fs::write(folder.path().join("root.pem"), authority.root_pem()).expect("root.pem");
        fs::write(folder.path().join("sub.pem"), authority.intermediate_pem()).expect("sub.pem");
        Self { folder, authority }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn root(&self) -> PathBuf {
        self.path("trust")
    }

    fn add(&self, file: &Path, store: Option<&str>) -> Result<Vec<kyso::trust::Added>, TrustError> {
        let root = self.root();
        let adding = Adding { root: &root, file, store, policy: None, fingerprint: None };
        add(&adding, &())
    }

    /// The authority's root and intermediate in a store of that name.
    fn local(&self, store: &str) {
        let root = self.root();
        for name in ["root.pem", "sub.pem"] {
            let file = self.path(name);
            let adding = Adding {
                root: &root,
                file: &file,
                store: Some(store),
                policy: None,
                fingerprint: None,
            };
            add(&adding, &Agreed).expect("a person agrees");
        }
    }

    /// Signs as CAdES-B-B with OpenSSL; gives message and signer.
    fn signed(&self, content: &[u8], attributes: &[&str]) -> (Vec<u8>, Certificate) {
        let key = SoftKey::generate(Curve::P256);
        let seconds = now().as_unix_seconds();
        let profile = Profile::document_signing(Subject::official(), seconds - DAY, seconds + YEAR);
        let leaf = self.authority.issue(&profile, &key.spki_der()).expect("a certificate");
        fs::write(self.path("leaf.pem"), certificate_pem(&leaf)).expect("written");
        kyso_testkit::write_secret(self.path("leaf.key"), key.pkcs8_pem());
        fs::write(self.path("content"), content).expect("written");
        let mut arguments = vec!["cms", "-sign", "-binary", "-nodetach", "-md", "sha256"];
        arguments.extend(attributes);
        let paths = ["content", "leaf.pem", "leaf.key", "sub.pem"].map(|name| self.path(name));
        let paths = paths.each_ref().map(|path| path.to_str().expect("UTF-8"));
        arguments.extend(["-outform", "DER", "-in", paths[0], "-signer", paths[1]]);
        arguments.extend(["-inkey", paths[2], "-certfile", paths[3]]);
        let message = peer::run("openssl", arguments).expect_success();
        (message, Certificate::from_der(&leaf).expect("a certificate"))
    }

    /// A CRL of the intermediate, made by OpenSSL, that ends so many days from now.
    fn crl(&self, days: &str) -> CertificateList {
        let home = self.path("ca");
        fs::create_dir_all(&home).expect("a folder");
        fs::write(home.join("index.txt"), "").expect("written");
        fs::write(home.join("crlnumber"), "01\n").expect("written");
        let configuration = format!(
            "[ca]\ndefault_ca=d\n[d]\ndatabase={0}/index.txt\ncrlnumber={0}/crlnumber\ndefault_md=sha256\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n",
            home.display()
        );
        fs::write(home.join("ca.cnf"), configuration).expect("written");
        kyso_testkit::write_secret(home.join("key"), self.authority.intermediate_key().pkcs8_pem());
        let text = |name: &str| home.join(name).to_str().expect("UTF-8").to_owned();
        let sub = self.path("sub.pem");
        peer::run(
            "openssl",
            [
                "ca",
                "-gencrl",
                "-config",
                &text("ca.cnf"),
                "-keyfile",
                &text("key"),
                "-cert",
                sub.to_str().expect("UTF-8"),
                "-crldays",
                days,
                "-out",
                &text("crl.pem"),
            ],
        )
        .expect_success();
        let pem = fs::read(home.join("crl.pem")).expect("a CRL");
        CertificateList::all_from_pem_or_der(&pem).expect("it reads").remove(0)
    }
}

fn fingerprint(certificate: &Certificate) -> [u8; 32] {
    certificate.sha256_fingerprint().as_bytes().try_into().expect("32 bytes")
}

const REFUSING: Accepting = Accepting { older: false, stale: false };

#[test]
fn a_store_of_ones_own_needs_a_fingerprint_or_a_persons_word() {
    let place = Place::new();
    let root_pem = place.path("root.pem");
    assert!(matches!(place.add(&root_pem, None), Err(TrustError::WhichStore { .. })));
    assert!(matches!(place.add(&root_pem, Some("own")), Err(TrustError::Unconfirmed { .. })));
    assert!(!place.root().join("own").exists(), "nothing is written before all is well");
    assert!(matches!(place.add(&root_pem, Some("../up")), Err(TrustError::StoreName { .. })));

    let certificate = Certificate::from_der(place.authority.root_der()).expect("the root");
    let (root, mut wrong) = (place.root(), fingerprint(&certificate));
    wrong[0] ^= 1;
    let adding = |fingerprint| Adding {
        root: &root,
        file: &root_pem,
        store: Some("own"),
        policy: Some("eidas-like"),
        fingerprint: Some(fingerprint),
    };
    assert!(matches!(add(&adding(wrong), &()), Err(TrustError::OtherFingerprint { .. })));
    let added = add(&adding(fingerprint(&certificate)), &()).expect("it is the one");
    assert_eq!((added[0].role, added[0].pinned, added[0].was_there), (Role::Anchor, false, false));
    assert!(add(&adding(fingerprint(&certificate)), &()).expect("again")[0].was_there);

    let store = read_store(&root.join("own")).expect("a store");
    assert_eq!((store.policy_name.as_str(), store.certificates.len()), ("eidas-like", 1));
    let loaded = load(&[], Some(&root)).expect("it loads");
    assert_eq!(loaded.trust.stores[0].policy.name, "eidas-like");
    assert_eq!(loaded.trust.anchors().count(), 1);
    // Bare anchors come first, and with the policy that demands revocation status.
    let loaded = load(&[place.path("sub.pem")], Some(&root)).expect("it loads");
    assert_eq!(loaded.trust.stores[0].policy.name, "vn-public-service");
    assert_eq!(loaded.trust.stores.len(), 2);
    // The store's own folder may be named, too.
    let loaded = load(&[root.join("own")], None).expect("it loads");
    assert_eq!((loaded.trust.stores[0].name.as_str(), loaded.trust.stores.len()), ("own", 1));
}

#[test]
fn an_intermediate_is_never_an_anchor_and_a_leaf_is_neither() {
    let place = Place::new();
    place.local("own");
    let store = read_store(&place.root().join("own")).expect("a store");
    let mut roles: Vec<Role> = store.certificates.iter().map(|one| one.role).collect();
    roles.sort_by_key(|role| role.as_str());
    assert_eq!(roles, [Role::Anchor, Role::Intermediate]);
    let (_, leaf) = place.signed(b"x", &["-cades"]);
    fs::write(place.path("leaf.der"), leaf.as_der()).expect("written");
    let refused = place.add(&place.path("leaf.der"), Some("own"));
    assert!(matches!(refused, Err(TrustError::NotAnAuthority { .. })), "{refused:?}");
}

#[test]
fn a_pinned_store_takes_no_other_anchor_whatever_its_name_or_file() {
    let place = Place::new();
    for store in ["vgca", "national"] {
        let root = place.root();
        let file = place.path("root.pem");
        let adding = Adding {
            root: &root,
            file: &file,
            store: Some(store),
            policy: None,
            fingerprint: None,
        };
        assert!(matches!(add(&adding, &Agreed), Err(TrustError::NotPinned { .. })));
        // An intermediate that nobody in the store issued.
        let file = place.path("sub.pem");
        let adding = Adding { file: &file, ..adding };
        assert!(matches!(add(&adding, &Agreed), Err(TrustError::NotIssuedHere { .. })));
    }
    // Written past the command, it is refused where it is used, whatever the description claims.
    let folder = place.root().join("vgca");
    fs::create_dir_all(&folder).expect("a folder");
    fs::copy(place.path("root.pem"), folder.join("vgca-g2-root.pem")).expect("copied");
    let description = "name = \"vgca\"\npolicy = \"vn-public-service\"\npins = false\n";
    fs::write(folder.join("store.toml"), description).expect("written");
    assert!(matches!(read_store(&folder), Err(TrustError::NotPinned { .. })));
    assert!(load(&[], Some(&place.root())).is_err(), "a wrong store is not left out in silence");
    // Under another name it is not the store that was described.
    let renamed = place.root().join("mine");
    fs::rename(&folder, &renamed).expect("renamed");
    assert!(matches!(read_store(&renamed), Err(TrustError::Renamed { .. })));
}

#[test]
fn a_certificate_with_a_pinned_authoritys_name_is_refused_everywhere() {
    let place = Place::new();
    let key = place.path("fake.key");
    let file = place.path("fake.pem");
    peer::run(
        "openssl",
        [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-utf8",
            "-days",
            "100",
            "-subj",
            "/C=VN/O=Ban Cơ yếu Chính phủ/CN=RootCA  chuyên dùng Chính Phủ G2",
            "-keyout",
            key.to_str().expect("UTF-8"),
            "-out",
            file.to_str().expect("UTF-8"),
        ],
    )
    .expect_success();
    for store in [None, Some("vgca"), Some("own")] {
        let (root, file) = (place.root(), file.clone());
        let adding = Adding { root: &root, file: &file, store, policy: None, fingerprint: None };
        match add(&adding, &Agreed) {
            Err(TrustError::PinMismatch { pin, .. }) => assert_eq!(pin.name, "vgca-g2-root"),
            other => panic!("{other:?}"),
        }
    }
    place.local("own");
    fs::copy(&file, place.root().join("own/fake.pem")).expect("copied");
    let refused = read_store(&place.root().join("own"));
    assert!(matches!(refused, Err(TrustError::PinMismatch { .. })), "{refused:?}");
}

/// The real certificates, where they are at hand.
fn vectors() -> Option<PathBuf> {
    let shared = std::env::var_os("KYSO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    Some(shared.join("vectors/trust")).filter(|folder| folder.is_dir())
}

#[test]
fn the_real_authorities_match_their_pins_and_find_their_stores() {
    let Some(vectors) = vectors() else { return };
    let place = Place::new();
    for (file, store, role) in [
        ("vgca-g1-root.pem", "vgca", Role::Anchor),
        ("vgca-g1-sub.pem", "vgca", Role::Intermediate),
        ("vgca-g2-root.pem", "vgca", Role::Anchor),
        ("vgca-g2-state.pem", "vgca", Role::Intermediate),
        ("vgca-g2-party.pem", "vgca", Role::Intermediate),
        ("neac-national-root.pem", "national", Role::Anchor),
    ] {
        let added = place.add(&vectors.join(file), None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((added[0].store.as_str(), added[0].role), (store, role), "{file}");
        assert!(added[0].pinned, "{file}");
    }
    // Not pinned itself, but issued by the pinned national root.
    let vnpt = vectors.join("vnpt-ca-sha2.pem");
    assert!(matches!(place.add(&vnpt, None), Err(TrustError::WhichStore { .. })));
    let added = place.add(&vnpt, Some("national")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((added[0].role, added[0].pinned), (Role::Intermediate, false));
    assert!(matches!(place.add(&vnpt, Some("vgca")), Err(TrustError::NotIssuedHere { .. })));
    let root = vectors.join("vgca-g2-root.pem");
    assert!(matches!(place.add(&root, Some("national")), Err(TrustError::OtherStore { .. })));

    let all = stores(&place.root()).expect("both load");
    let policies: Vec<_> =
        all.iter().map(|store| (store.name.as_str(), store.policy.name.as_str())).collect();
    assert_eq!(policies, [("national", "vn-public-ca"), ("vgca", "vn-public-service")]);
    let eras = all[1].certificates.iter().filter_map(|one| one.pin.as_ref()?.sha1_era.as_ref());
    assert_eq!(eras.count(), 2, "the SHA-1 era of G1 is spelled out");
    let (_, remarks) =
        check(&place.root(), Time::from_unix_seconds(1_790_000_000)).expect("looked");
    assert!(remarks.is_empty(), "{remarks:?}");
    // After 5 March 2030 the G1 root has ended.
    let (_, remarks) =
        check(&place.root(), Time::from_unix_seconds(1_900_000_000)).expect("looked");
    let expired = remarks.iter().filter(|one| matches!(one.fault, Fault::Expired { .. }));
    assert_eq!(expired.count(), 3, "{remarks:?}");
    // One flipped byte, and the pin no longer matches.
    let folder = place.root().join("vgca");
    let der = all[1].certificates[0].certificate.as_der();
    let mut bad = der.to_vec();
    *bad.last_mut().expect("bytes") ^= 1;
    fs::write(folder.join("zz.der"), bad).expect("written");
    assert!(matches!(read_store(&folder), Err(TrustError::PinMismatch { .. })));
}

#[cfg(unix)]
#[test]
fn what_everybody_may_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.local("own");
    let folder = place.root().join("own");
    let file = read_store(&folder).expect("a store").certificates[0].file.clone();
    for path in [folder.clone(), folder.join("store.toml"), file] {
        let mode =
            |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
        let before = fs::metadata(&path).expect("there").permissions().mode() & 0o777;
        mode(before | 0o002);
        assert!(matches!(read_store(&folder), Err(TrustError::OthersWrite { .. })), "{path:?}");
        mode(before | 0o020);
        let (_, remarks) = check(&place.root(), now()).expect("looked");
        let group = remarks.iter().any(|one| matches!(one.fault, Fault::GroupWrites { .. }));
        assert_eq!(group, !path.ends_with("store.toml"), "{path:?}");
        mode(before);
    }
    read_store(&folder).expect("as before");
}

#[test]
fn many_add_at_once_and_nothing_is_lost() {
    let places: Vec<Place> = (0..8).map(|_| Place::new()).collect();
    let root = places[0].root();
    std::thread::scope(|scope| {
        for place in &places {
            let root = &root;
            scope.spawn(move || {
                let file = place.path("root.pem");
                let adding = Adding {
                    root,
                    file: &file,
                    store: Some("own"),
                    policy: None,
                    fingerprint: None,
                };
                add(&adding, &Agreed).expect("added");
            });
        }
    });
    let store = read_store(&root.join("own")).expect("a store");
    let anchors = store.certificates.iter().filter(|one| one.role == Role::Anchor).count();
    assert_eq!(anchors, 8);
    let left = fs::read_dir(root.join("own")).expect("listed").count();
    assert_eq!(left, 9, "eight certificates and the description, nothing half-written");
}

#[test]
fn a_description_that_is_wrong_is_refused() {
    let place = Place::new();
    place.local("own");
    let folder = place.root().join("own");
    let good = fs::read_to_string(folder.join("store.toml")).expect("the description");
    let cases = [
        ("name = \"own\"", "name = \"owner\""),
        ("policy = \"vn-public-service\"", "policy = \"revocation-required\""),
        ("policy = \"vn-public-service\"", "policy = \"../policy.toml\""),
        ("policy = \"vn-public-service\"", "policy = \"store.toml\""),
        ("pins = false", "pin = false"),
        ("anchors = [\"", "anchors = [\"00"),
    ];
    for (from, to) in cases {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        fs::write(folder.join("store.toml"), &bad).expect("written");
        assert!(read_store(&folder).is_err(), "{to}");
    }
    let missing = good.replacen("anchors = [", &format!("anchors = [\"{}\", ", "00".repeat(32)), 1);
    fs::write(folder.join("store.toml"), missing).expect("written");
    assert!(matches!(read_store(&folder), Err(TrustError::AnchorMissing { .. })));
    // A policy of its own lies beside it.
    let own = kyso_validation::policy::Policy::built_in_toml("eidas-like").expect("built in");
    fs::write(folder.join("house.toml"), own.replacen("eidas-like", "house", 1)).expect("written");
    let named = good.replacen("vn-public-service", "house.toml", 1);
    fs::write(folder.join("store.toml"), named).expect("written");
    assert_eq!(read_store(&folder).expect("a store").policy.name, "house");
}

#[test]
fn a_bundle_carries_stores_and_lists_to_another_machine() {
    let place = Place::new();
    place.local("own");
    let crl = place.crl("10");
    let stores = stores(&place.root()).expect("stores");
    let packed = pack(&stores, std::slice::from_ref(&crl), now()).expect("packed");
    assert_eq!((packed.certificates, packed.crls), (2, 1));
    let (message, signer) = place.signed(&packed.json, &["-cades"]);
    let other = tempfile::tempdir().expect("another machine");
    let anchors = vec![TrustAnchor::from_certificate(
        Certificate::from_der(place.authority.root_der()).expect("the root"),
    )];
    for trusted in [
        SignerTrust::Fingerprint(fingerprint(&signer)),
        SignerTrust::Anchors { anchors, candidates: Vec::new() },
    ] {
        let bundle =
            Bundle::open(&message, &trusted, now()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(bundle.signer(), &signer);
        let accepting = Accepting { older: true, ..REFUSING };
        import(other.path(), &bundle, accepting, now()).unwrap_or_else(|error| panic!("{error}"));
    }
    let loaded = load(&[], Some(other.path())).expect("it loads");
    assert_eq!(loaded.trust.anchors().count(), 1);
    assert_eq!(loaded.trust.candidates.len(), 1);
    assert_eq!(loaded.evidence.crls, [crl]);
    // The same bundle again is not newer.
    let bundle = Bundle::open(&message, &SignerTrust::Fingerprint(fingerprint(&signer)), now());
    let refused = import(other.path(), &bundle.expect("good"), REFUSING, now());
    assert!(matches!(refused, Err(ImportError::Older { .. })), "{refused:?}");
}

#[test]
fn newer_lists_replace_older_ones_and_stale_ones_are_refused() {
    let place = Place::new();
    place.local("own");
    let stores = stores(&place.root()).expect("stores");
    let first = place.crl("1");
    let other = tempfile::tempdir().expect("another machine");
    let bring = |crl: &CertificateList, made: Time, at: Time, accepting| {
        let packed = pack(&stores, std::slice::from_ref(crl), made).expect("packed");
        let (message, signer) = place.signed(&packed.json, &["-cades"]);
        let trusted = SignerTrust::Fingerprint(fingerprint(&signer));
        let bundle = Bundle::open(&message, &trusted, at).unwrap_or_else(|error| panic!("{error}"));
        import(other.path(), &bundle, accepting, at)
    };
    let refused = bring(&first, now(), later(now(), 2 * DAY), REFUSING);
    assert!(matches!(refused, Err(ImportError::Stale { .. })), "{refused:?}");
    assert!(!other.path().join("own").exists(), "nothing is written before all is well");
    let stale = Accepting { stale: true, ..REFUSING };
    let taken = bring(&first, now(), later(now(), 2 * DAY), stale).expect("asked for");
    assert_eq!((taken[0].new_certificates, taken[0].new_crls), (2, 1));
    // thisUpdate counts seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let second = place.crl("5");
    let taken = bring(&second, later(now(), 60), later(now(), 60), REFUSING).expect("newer");
    assert_eq!((taken[0].new_crls, taken[0].replaced_crls), (1, 1));
    let (stores, remarks) = check(other.path(), later(now(), 10 * DAY)).expect("looked");
    assert_eq!(stores[0].evidence.crls, [second]);
    assert!(remarks.iter().any(|one| matches!(one.fault, Fault::CrlStale { .. })), "{remarks:?}");
}

#[test]
fn what_is_packed_is_what_would_be_taken() {
    let place = Place::new();
    place.local("own");
    let foreign = Place::new().crl("10");
    let stale = place.crl("1");
    let stores = stores(&place.root()).expect("stores");
    let made = later(now(), 2 * DAY);
    // The two authorities have one name; a foreign list is one whose issuer no store knows.
    let without: Vec<_> = Vec::new();
    let packed = pack(&without, std::slice::from_ref(&foreign), made).expect("packed");
    assert_eq!(packed.foreign, std::slice::from_ref(&foreign));
    let packed = pack(&stores, std::slice::from_ref(&stale), made).expect("packed");
    assert_eq!((packed.crls, packed.stale), (0, vec![stale]));
    // A list under the right name and by another key is not taken.
    let packed = pack(&stores, &[foreign], now()).expect("packed");
    let (message, signer) = place.signed(&packed.json, &["-cades"]);
    let trusted = SignerTrust::Fingerprint(fingerprint(&signer));
    let bundle = Bundle::open(&message, &trusted, now()).expect("signed well");
    let other = tempfile::tempdir().expect("another machine");
    let refused = import(other.path(), &bundle, REFUSING, now());
    assert!(matches!(refused, Err(ImportError::CrlNotIssuedHere { .. })), "{refused:?}");
}

#[test]
fn a_changed_or_foreign_bundle_is_refused_before_anything_is_read() {
    let place = Place::new();
    place.local("own");
    let stores = stores(&place.root()).expect("stores");
    let packed = pack(&stores, &[], now()).expect("packed");
    let (message, signer) = place.signed(&packed.json, &["-cades"]);
    let trusted = SignerTrust::Fingerprint(fingerprint(&signer));
    Bundle::open(&message, &trusted, now()).expect("it is good");

    let at = message
        .windows(3)
        .position(|window| window == b"own")
        .expect("the content lies in the message");
    let mut changed = message.clone();
    changed[at] = b'0';
    let refused = Bundle::open(&changed, &trusted, now());
    assert!(matches!(refused, Err(BundleError::Signature(_))), "{refused:?}");
    for len in [0, 1, 100, message.len() - 1] {
        assert!(Bundle::open(&message[..len], &trusted, now()).is_err(), "{len}");
    }
    // Well signed, but by somebody else: another certificate of the same authority, another authority's.
    let (other, _) = place.signed(&packed.json, &["-cades"]);
    let refused = Bundle::open(&other, &trusted, now());
    assert!(matches!(refused, Err(BundleError::OtherSigner { .. })), "{refused:?}");
    let anchor = Certificate::from_der(place.authority.root_der()).expect("the root");
    let anchors = vec![TrustAnchor::from_certificate(anchor)];
    let by_path = SignerTrust::Anchors { anchors, candidates: Vec::new() };
    let (foreign, _) = Place::new().signed(&packed.json, &["-cades"]);
    let refused = Bundle::open(&foreign, &by_path, now());
    assert!(matches!(refused, Err(BundleError::SignerPath { .. })), "{refused:?}");
    // After the signer's certificate has ended.
    for trusted in [&trusted, &by_path] {
        let refused = Bundle::open(&message, trusted, later(now(), 2 * YEAR));
        assert!(matches!(refused, Err(BundleError::SignerPath { .. })), "{refused:?}");
    }
    // Not bound to its certificate, or not bound to any attributes at all.
    for attributes in [&[][..], &["-noattr"][..]] {
        let (weak, signer) = place.signed(&packed.json, attributes);
        let trusted = SignerTrust::Fingerprint(fingerprint(&signer));
        let refused = Bundle::open(&weak, &trusted, now());
        assert!(matches!(refused, Err(BundleError::Level { .. })), "{refused:?}");
    }
}

#[test]
fn a_signed_text_that_is_no_bundle_is_refused() {
    let place = Place::new();
    place.local("own");
    let stores = stores(&place.root()).expect("stores");
    let good = String::from_utf8(pack(&stores, &[], now()).expect("packed").json).expect("JSON");
    let hash = good.split("\"sha256\": \"").nth(1).expect("a hash").get(..64).expect("64 digits");
    let mut flipped = hash.to_owned();
    flipped.replace_range(..1, if hash.starts_with('0') { "1" } else { "0" });
    let cases = [
        ("kyso-trust-bundle-1".to_owned(), "kyso-trust-bundle-2".to_owned(), "Format"),
        ("\"format\"".to_owned(), "\"also\": 1, \"format\"".to_owned(), "Json"),
        ("\"anchor\"".to_owned(), "\"root\"".to_owned(), "UnknownRole"),
        ("\"vn-public-service\"".to_owned(), "\"lax\"".to_owned(), "UnknownPolicy"),
        (hash.to_owned(), flipped, "Hash"),
        ("\"der\": \"M".to_owned(), "\"der\": \"*".to_owned(), "Base64"),
    ];
    for (from, to, name) in cases {
        let bad = good.replacen(&from, &to, 1);
        assert_ne!(bad, good, "{from}");
        let (message, signer) = place.signed(bad.as_bytes(), &["-cades"]);
        let refused =
            Bundle::open(&message, &SignerTrust::Fingerprint(fingerprint(&signer)), now());
        let error = refused.expect_err(name);
        assert!(format!("{error:?}").starts_with(name), "{name}: {error:?}");
    }
    let future = pack(&stores, &[], later(now(), DAY)).expect("packed").json;
    let (message, signer) = place.signed(&future, &["-cades"]);
    let refused = Bundle::open(&message, &SignerTrust::Fingerprint(fingerprint(&signer)), now());
    assert!(matches!(refused, Err(BundleError::Future { .. })), "{refused:?}");
}

#[test]
fn a_bundle_brings_no_anchor_past_a_pin_and_no_other_policy() {
    let place = Place::new();
    place.local("own");
    let stores = stores(&place.root()).expect("stores");
    let good = String::from_utf8(pack(&stores, &[], now()).expect("packed").json).expect("JSON");
    let bring = |text: &str, root: &Path| {
        let (message, signer) = place.signed(text.as_bytes(), &["-cades"]);
        let trusted = SignerTrust::Fingerprint(fingerprint(&signer));
        let bundle = Bundle::open(&message, &trusted, now()).expect("signed well");
        import(root, &bundle, REFUSING, now())
    };
    let other = tempfile::tempdir().expect("another machine");
    let pinned = good.replacen("\"name\": \"own\"", "\"name\": \"vgca\"", 1);
    let refused = bring(&pinned, other.path());
    assert!(
        matches!(&refused, Err(ImportError::Trust(error)) if matches!(**error, TrustError::NotPinned { .. })),
        "{refused:?}"
    );
    let up = good.replacen("\"name\": \"own\"", "\"name\": \"../own\"", 1);
    let refused = bring(&up, other.path());
    assert!(
        matches!(&refused, Err(ImportError::Trust(error)) if matches!(**error, TrustError::StoreName { .. })),
        "{refused:?}"
    );
    // A store that asks for no revocation status is none, whoever brings it.
    let lax = good.replacen("vn-public-service", "integrity-only", 1);
    let refused = bring(&lax, other.path());
    assert!(
        matches!(&refused, Err(ImportError::Trust(error)) if matches!(**error, TrustError::PolicyAsksNoStatus { .. })),
        "{refused:?}"
    );
    let (root, file) = (other.path().to_path_buf(), place.path("root.pem"));
    let adding = Adding {
        root: &root,
        file: &file,
        store: Some("lax"),
        policy: Some("integrity-only"),
        fingerprint: None,
    };
    let refused = add(&adding, &Agreed);
    assert!(matches!(refused, Err(TrustError::PolicyAsksNoStatus { .. })), "{refused:?}");
    bring(&good, other.path()).expect("good");
    let description = other.path().join("own/store.toml");
    let text = fs::read_to_string(&description).expect("the description");
    fs::write(&description, text.replace("vn-public-service", "integrity-only")).expect("written");
    let refused = load(&[], Some(other.path()));
    assert!(matches!(refused, Err(TrustError::PolicyAsksNoStatus { .. })));
    fs::write(&description, text).expect("written");
    let changed = good.replacen("vn-public-service", "vn-public-ca", 1);
    let refused = bring(&changed, other.path());
    assert!(matches!(refused, Err(ImportError::OtherPolicy { .. } | ImportError::Older { .. })));
}
