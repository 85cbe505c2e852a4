//! PDFs of eight producers at every level: ours judged by pyHanko, and pyHanko's judged by us.

mod house;

use std::fs;
use std::path::{Path, PathBuf};

use house::NOW;
use house::world::{DAY, World, certificate};
use kyso::extend::Level;
use kyso::validation::evidence::Evidence;
use kyso::verify::verify_file;
use kyso_testkit::peer::pyhanko::{self, LevelSigning, Leveled};
use kyso_testkit::peer::{pdfsig, qpdf_check, run};
use kyso_testkit::{SoftKey, pki::Route};
use kyso_x509::crl::CertificateList;

/// One original of each producer, below `test-vectors/pdf`.
const ORIGINALS: &[&str] = &[
    "cong-van",
    "chromium",
    "corpus/cairo-ban-ve",
    "corpus/latex-don",
    "corpus/groff-giay-moi",
    "corpus/ghostscript-quay",
    "corpus/reportlab-mau-don",
    "corpus/pikepdf-to-khai",
];

const AUTHORITY_INFORMATION_ACCESS: &str = "1.3.6.1.5.5.7.1.1";

const ROOM: usize = 16_384;

/// Where the certificates' addresses answer, one asks; with what the file holds, one does not.
const LEVELS: [(&str, Option<Level>, bool); 4] = [
    ("PAdES-B-B", None, true),
    ("PAdES-B-T", Some(Level::T), true),
    ("PAdES-B-LT", Some(Level::Lt), false),
    ("PAdES-B-LTA", Some(Level::Lta), false),
];

/// With a list alone for the authority: pyHanko finds no use in past validation for what an anchor itself answers, and
/// so refuses what it signed too.
fn world() -> World {
    World::with(|mut plan| {
        plan.authority = plan.authority.without(AUTHORITY_INFORMATION_ACCESS);
        plan
    })
}

fn originals() -> impl Iterator<Item = (String, Vec<u8>)> {
    ORIGINALS.iter().map(|name| {
        let bytes = kyso_test_vectors::bytes(format!("pdf/{name}.pdf"));
        (name.replace('/', "-"), bytes)
    })
}

/// Two of them, encrypted for whoever knows the owner's password, readable to all.
fn encrypted(world: &World) -> Vec<(String, Vec<u8>)> {
    let encrypt = |(name, bytes): (String, Vec<u8>), length: &str, more: &[&str]| {
        let (clear, target) = (world.path("clear.pdf"), world.path("encrypted.pdf"));
        fs::write(&clear, bytes).expect("written");
        let files = [&clear, &target].map(|path| path.to_str().expect("UTF-8"));
        let head = ["--encrypt", "", "chu so huu 7788", length];
        run("qpdf", [&head, more, &["--"], &files].concat()).expect_success();
        (format!("{name}-{length}"), fs::read(target).expect("readable"))
    };
    let mut originals = originals();
    vec![
        encrypt(originals.next().expect("an original"), "128", &["--use-aes=y"]),
        encrypt(originals.next().expect("another"), "256", &[]),
    ]
}

fn roots(world: &World) -> PathBuf {
    let path = world.path("roots.pem");
    fs::write(&path, world.server.hierarchy().root.pem()).expect("written");
    path
}

/// Level and verdict of the only signature; from LT on by the file alone, below with what the authorities publish.
#[track_caller]
fn judged(world: &World, file: &Path, lasting: bool) -> (Option<&'static str>, String) {
    let hierarchy = world.server.hierarchy();
    let mut evidence = Evidence::default();
    if !lasting {
        evidence.certificates.push(certificate(&hierarchy.authority.certificate));
        for list in [hierarchy.crl(NOW, NOW + DAY), hierarchy.root_crl(NOW, NOW + DAY)] {
            evidence.crls.push(CertificateList::from_der(&list).expect("a list"));
        }
    }
    let judging = world.options(Level::T, NOW, None, &evidence).judging;
    let report = verify_file(file, &judging).expect("a report");
    assert_eq!(report.signatures.len(), 1, "{}", file.display());
    let found = &report.signatures[0].errors;
    let verdict = report.signatures[0].indication.to_string();
    let verdict = if found.is_empty() { verdict } else { format!("{verdict} {found:?}") };
    (report.signatures[0].level, verdict)
}

#[test]
fn pyhanko_accepts_every_producers_pdf_at_every_level() {
    let world = world();
    let mut files = Vec::new();
    for (name, bytes) in originals().chain(encrypted(&world)) {
        let file = world.path(&format!("{name}.pdf"));
        fs::write(&file, world.signed_pdf(&bytes, ROOM, None)).expect("written");
        for (level, raise, online) in LEVELS {
            if let Some(raise) = raise {
                world.extend(&file, raise).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            let kept = world.path(&format!("{name}-{level}.pdf"));
            fs::copy(&file, &kept).expect("copied");
            let passed = (Some(level), "TOTAL-PASSED".to_owned());
            assert_eq!(judged(&world, &kept, !online), passed, "{name}");
            let checked = qpdf_check(&kept);
            assert!(checked.success, "{name} {level}: {}{}", checked.text(), checked.stderr);
            let seen = pdfsig::pdfsig(&kept);
            assert!(seen.first().is_some_and(|one| one.valid), "{name} {level}: {seen:?}");
            files.push((kept, level, online));
        }
    }
    let list: Vec<_> = files
        .iter()
        .map(|(path, level, online)| Leveled { path, level: &level[6..], online: *online })
        .collect();
    let said = pyhanko::judge_levels(&list, &roots(&world), NOW);
    for ((file, level, _), said) in files.iter().zip(said) {
        assert_eq!(said["verdicts"], serde_json::json!(["AdESPassed.OK"]), "{file:?}: {said}");
        let later =
            if *level == "PAdES-B-LT" || *level == "PAdES-B-LTA" { "LTA_UPDATES" } else { "NONE" };
        assert_eq!(said["levels"], serde_json::json!([later]), "{file:?}: {said}");
        let stamps = if *level == "PAdES-B-LTA" { vec![true] } else { Vec::new() };
        assert_eq!(said["stamps"], serde_json::json!(stamps), "{file:?}: {said}");
    }
}

#[test]
fn what_pyhanko_signs_at_every_level_passes_here() {
    let world = world();
    let roots = roots(&world);
    // The key of `Keys::Fixed` for the signer.
    let key = p256::ecdsa::SigningKey::from_slice(&[3; 32]).expect("a scalar");
    fs::write(world.path("key.pem"), SoftKey::P256(key).pkcs8_pem()).expect("written");
    fs::write(world.path("signer.pem"), world.server.hierarchy().signer.pem()).expect("written");
    let mut files = Vec::new();
    for (name, bytes) in originals() {
        let input = world.path(&format!("{name}.pdf"));
        fs::write(&input, bytes).expect("written");
        for (level, _, online) in LEVELS {
            files.push((input.clone(), world.path(&format!("{name}-{level}.pdf")), level, online));
        }
    }
    let tasks = files.iter().map(|(input, output, level, _)| (&**input, &**output, &level[6..]));
    pyhanko::sign_levels(&LevelSigning {
        key: &world.path("key.pem"),
        certificate: &world.path("signer.pem"),
        roots: &roots,
        tsa: &world.server.url(Route::TimeStamping),
        moment: NOW,
        files: &tasks.collect::<Vec<_>>(),
    });
    for (_, output, level, online) in &files {
        let passed = (Some(*level), "TOTAL-PASSED".to_owned());
        assert_eq!(judged(&world, output, !online), passed, "{}", output.display());
    }
}
