//! What proves in a PDF that something existed, and what does not: document time-stamps and the security store under
//! attack (EN 319 142-1 §5.4, §5.5; EN 319 102-1 §5.6). Each attack has an honest twin.

#[path = "pdf_proofs/stage.rs"]
mod stage;

use kyso::report::TimestampKind;
use kyso_pades::{DocMdpPermission, SubFilter};
use kyso_testkit::pki::Hash;
use kyso_testkit::pki::ocsp::{CertId, Response, Single, Status};
use kyso_x509::DigestAlgorithm;

use stage::{
    DAY, HOUR, LATE, SIGNED, SOON, Stage, find, list, newest, placed, revised, stamped_by, stored,
    stream, token, told,
};

const NO_POE: &str = "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)";

#[test]
fn what_a_time_stamp_reaches_outlives_its_authority() {
    let stage = Stage::new();
    let lasting = stage.lasting();
    stage.assert_passes("soon", &lasting, SOON);
    stage.assert_passes("late", &lasting, LATE);
    let report = stage.judged(&lasting, LATE);
    assert_eq!(report.signatures.len(), 1);
    assert!(report.signatures[0].timestamps.iter().all(|one| one.kind == TimestampKind::Document));
    // Once more, by an independent revision behind it.
    stage.assert_passes("renewed", &stage.stamped(&lasting, SIGNED + 5 * HOUR), LATE);
}

#[test]
fn a_status_behind_the_last_time_stamp_is_not_proven() {
    let stage = Stage::new();
    let first = stage.proven();
    let clean = stage.list(SIGNED + 2 * HOUR, &[]);
    let second = stage.stamped(&first, SIGNED + 3 * HOUR);
    let late = stage.stored(&second, clean.clone());
    stage.assert_passes("soon it needs no proof", &late, SOON);
    stage.assert_ends("the store behind the stamp", &late, LATE, NO_POE);
    stage.assert_ends("no second stamp", &stage.stored(&first, clean), LATE, NO_POE);
    let report = stage.judged(&second, LATE);
    assert_ne!(report.indication.to_string(), "TOTAL-PASSED", "no status: {}", told(&report));
}

#[test]
fn a_status_that_was_replaced_behind_the_time_stamp_is_the_new_one() {
    let stage = Stage::new();
    let first = stage.proven();
    // The list that was stamped says that the signer was revoked before anything was proven.
    let revoked = stage.list(SIGNED + 2 * HOUR, &[(&stage.home.signer, SIGNED + HOUR / 2)]);
    let clean = stage.list(SIGNED + 2 * HOUR, &[]);
    let file = stage.stored(&first, revoked);
    let file = stage.stamped(&file, SIGNED + 3 * HOUR);
    assert_ne!(stage.judged(&file, LATE).indication.to_string(), "TOTAL-PASSED");
    // Whoever has the lapsed authority's key makes another, and puts it in the place of the first: only the store's
    // own array says which object holds a list.
    let number = list_object(&file);
    let forged = revised(&file, &[(number, stream("", &clean))]);
    let report = stage.judged(&forged, LATE);
    assert_ne!(report.indication.to_string(), "TOTAL-PASSED", "{}", told(&report));
    // The same into an honest file: what was stamped is no longer what is read, so nothing is proven of it.
    let honest = stage.lasting();
    let again = revised(&honest, &[(list_object(&honest), stream("", &clean))]);
    let report = stage.judged(&again, LATE);
    assert_ne!(report.indication.to_string(), "TOTAL-PASSED", "{}", told(&report));
    // A copy beside the one that was stamped takes nothing away.
    let beside = stage.stored(&honest, stage.list(SIGNED + 4 * HOUR, &[]));
    stage.assert_passes("one more list", &beside, LATE);
}

/// The object that holds the store's list.
fn list_object(file: &[u8]) -> u32 {
    let (_, store) = newest(file, "/CRLs");
    let at = find(&store, b"/CRLs [").expect("lists") + 7;
    let text = String::from_utf8_lossy(&store[at..]).trim_start().to_owned();
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn a_store_that_was_taken_away_proves_nothing() {
    let stage = Stage::new();
    let file = stage.lasting();
    let (catalog, text) = newest(&file, "/Type /Catalog");
    let text = String::from_utf8(text).expect("text");
    let at = text.find("/DSS").expect("a store");
    let end = at + text[at..].find(" R").expect("a reference") + 2;
    let gone = format!("{}{}", &text[..at], &text[end..]);
    let removed = revised(&file, &[(catalog, gone.clone().into_bytes())]);
    let report = stage.judged(&removed, LATE);
    assert_ne!(report.indication.to_string(), "TOTAL-PASSED", "{}", told(&report));
    assert_ne!(report.indication.to_string(), "TOTAL-FAILED (HASH_FAILURE)", "{}", told(&report));
    // An empty one in its place.
    let emptied = gone.replacen("<<", "<< /DSS << /Type /DSS >>", 1);
    let report = stage.judged(&revised(&file, &[(catalog, emptied.into_bytes())]), LATE);
    assert_ne!(report.indication.to_string(), "TOTAL-PASSED", "{}", told(&report));
    // Written again as it was, it is what it was: its pieces stand where they stood.
    let (store, text) = newest(&file, "/Type /DSS");
    stage.assert_passes("the same again", &revised(&file, &[(store, text)]), LATE);
}

#[test]
fn a_status_of_before_or_of_another_settles_nothing() {
    let stage = Stage::new();
    let first = stage.proven();
    let lists = |list: Vec<u8>| stage.stamped(&stage.stored(&first, list), SIGNED + 3 * HOUR);
    let early = lists(stage.list(SIGNED - HOUR, &[]));
    stage.assert_ends("a list older than the proof", &early, LATE, NO_POE);
    stage.assert_passes(
        "a list of the proof's moment",
        &lists(stage.list(SIGNED + HOUR, &[])),
        LATE,
    );
    // Answers about the signer, and about another of the same authority.
    let home = &stage.home;
    for (of, passes) in [(&home.signer, true), (&home.time_stamping, false)] {
        let at = SIGNED + 2 * HOUR;
        let answer = home.ocsp(&of.certificate, Status::Good, at, at + DAY);
        let certificates =
            vec![home.authority.certificate.clone(), home.responder.certificate.clone()];
        // The responder's own status is asked for too.
        let own = stage.list(at, &[]);
        let held = if passes { vec![own] } else { Vec::new() };
        let file = stored(&first, certificates, held, vec![answer]);
        let file = stage.stamped(&file, SIGNED + 3 * HOUR);
        let report = stage.judged(&file, LATE);
        assert_eq!(report.indication.to_string() == "TOTAL-PASSED", passes, "{}", told(&report));
    }
    // An answer that says good by somebody who may not speak.
    let at = SIGNED + 2 * HOUR;
    let id = CertId::new(&home.signer.certificate, &home.authority.certificate, Hash::Sha1);
    let answer = Response::new(Single::new(id, Status::Good, at, at + DAY))
        .carrying(&home.crl_issuer.certificate)
        .signed_by(&home.crl_issuer);
    let file = stored(&first, vec![home.authority.certificate.clone()], Vec::new(), vec![answer]);
    stage.assert_ends("no responder", &stage.stamped(&file, SIGNED + 3 * HOUR), LATE, NO_POE);
}

#[test]
fn what_was_revoked_is_valid_if_it_is_proven_to_be_older() {
    let stage = Stage::new();
    let signed = stage.signed(&kyso_testkit::pdf::one_page("thu hồi"));
    let revoked = SIGNED + 10 * DAY;
    // Published beside the file, or in its own store, proven or not: a revocation counts.
    let list = || stage.list(SOON - HOUR, &[(&stage.home.signer, revoked)]);
    let before = stage.stamped(&signed, revoked - DAY);
    let after = stage.stamped(&signed, revoked + DAY);
    let at_once = stage.stamped(&signed, revoked);
    stage.assert_passes("stamped before", &stage.stored(&before, list()), SOON);
    for (what, file) in [("after", &after), ("at once", &at_once), ("never", &signed)] {
        let file = stage.stored(file, list());
        stage.assert_ends(what, &file, SOON, "INDETERMINATE (REVOKED_NO_POE)");
    }
    // The claimed time proves nothing, and a clean list of before the revocation hides nothing.
    let both = stage.stored(&after, stage.list(revoked - HOUR, &[]));
    let both = stage.stored(&both, list());
    stage.assert_ends("both lists", &both, SOON, "INDETERMINATE (REVOKED_NO_POE)");
}

#[test]
fn a_time_stamp_of_nobody_proves_nothing() {
    let stage = Stage::new();
    let first = stage.proven();
    let with = stage.stored(&first, stage.list(SIGNED + 2 * HOUR, &[]));
    let strange = stamped_by(&with, &stage.stranger, SIGNED + 3 * HOUR);
    stage.assert_ends("a stranger's", &strange, LATE, NO_POE);
    // Over other bytes.
    let elsewhere = placed(&with, SubFilter::EtsiRfc3161, None, &[], |_| {
        token(&stage.tower, DigestAlgorithm::Sha256.digest(b"another file"), SIGNED + 3 * HOUR)
    });
    stage.assert_ends("of other bytes", &elsewhere, LATE, NO_POE);
    let report = stage.judged(&elsewhere, LATE);
    let verdicts: Vec<_> =
        report.signatures[0].timestamps.iter().map(|one| one.indication.to_string()).collect();
    assert!(verdicts.contains(&"TOTAL-FAILED (HASH_FAILURE)".to_owned()), "{verdicts:?}");
    // The token of the first stamp once more.
    let copied = placed(&with, SubFilter::EtsiRfc3161, None, &[], |_| {
        let at = find(&first, b"/DocTimeStamp").expect("a stamp");
        let from = at + find(&first[at..], b"/Contents <").expect("contents") + 11;
        let digits = &first[from..from + find(&first[from..], b">").expect("an end")];
        hex(digits)
    });
    stage.assert_ends("a copied token", &copied, LATE, NO_POE);
    // A good one behind them mends all.
    for file in [&strange, &elsewhere, &copied] {
        stage.assert_passes("mended", &stage.stamped(file, SIGNED + 4 * HOUR), LATE);
    }
}

fn hex(digits: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).expect("a digit") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[test]
fn a_revoked_time_stamping_authority_proves_what_was_stamped_again_in_time() {
    let stage = Stage::new();
    let lasting = stage.lasting();
    let tsa = &stage.tower.time_stamping;
    let other = stage.tower.authority.issue(
        &kyso_testkit::pki::Template::time_stamping(
            &kyso_testkit::Subject::new().country("VN").common_name("another TSA"),
            SIGNED - DAY,
            SIGNED + 900 * DAY,
        )
        .serial(4_711),
        kyso_testkit::pki::Key::p256(),
    );
    let again = |time: i64| {
        // The status of the first authority, then another one's stamp over it.
        let status = list(&stage.tower.authority, time - HOUR, &[]);
        let root = list(&stage.tower.root, time - HOUR, &[]);
        let certificates = vec![stage.tower.authority.certificate.clone()];
        let with = stored(&lasting, certificates, vec![status, root], Vec::new());
        placed(&with, SubFilter::EtsiRfc3161, None, &[], |digest| {
            kyso_testkit::pki::tsp::Token::new(Hash::Sha256, digest.as_bytes(), time)
                .carrying(&other.certificate)
                .carrying(&stage.tower.authority.certificate)
                .signed_by(&other)
        })
    };
    let revoked = SIGNED + 60 * DAY;
    let evidence = stage.published(LATE, &[(tsa, revoked)]);
    for (what, file, passes) in [
        ("not renewed", lasting.clone(), false),
        ("renewed before", again(revoked - DAY), true),
        ("renewed after", again(revoked + DAY), false),
    ] {
        let report = stage.judged_with(&file, LATE, &evidence);
        let verdict = report.indication.to_string();
        assert_eq!(verdict == "TOTAL-PASSED", passes, "{what}: {}", told(&report));
    }
}

#[test]
fn an_impostor_in_the_store_takes_nothing_away() {
    let stage = Stage::new();
    let lasting = stage.lasting();
    // Names of the real ones, keys of nobody: anyone may add such to any document.
    let impostor = stage.impostor();
    let revoked = list(&impostor.authority, SIGNED + 4 * HOUR, &[(&stage.home.signer, SIGNED)]);
    let of_the_root = list(&impostor.root, SIGNED + 4 * HOUR, &[(&stage.home.authority, SIGNED)]);
    let answer =
        impostor.ocsp(&stage.home.signer.certificate, Status::Revoked(SIGNED, None), SOON, LATE);
    let certificates =
        [&impostor.root, &impostor.authority, &impostor.signer].map(|one| one.certificate.clone());
    let file = stored(&lasting, certificates.to_vec(), vec![revoked, of_the_root], vec![answer]);
    for now in [SOON, LATE] {
        stage.assert_passes("an impostor's store", &file, now);
        stage.assert_passes("stamped by it", &stamped_by(&file, &impostor, SIGNED + HOUR), now);
    }
}

#[test]
fn time_stamps_in_the_wrong_order_are_told() {
    let stage = Stage::new();
    let first = stage.proven();
    let with = stage.stored(&first, stage.list(SIGNED + HOUR, &[]));
    let older = stage.stamped(&with, SIGNED + HOUR / 2);
    for now in [SOON, LATE] {
        let report = stage.judged(&older, now);
        assert_eq!(
            report.indication.to_string(),
            "INDETERMINATE (TIMESTAMP_ORDER_FAILURE)",
            "{}",
            told(&report)
        );
    }
    let report = stage.judged(&stage.stamped(&with, SIGNED - 2 * DAY), SOON);
    assert_ne!(report.indication.to_string(), "TOTAL-PASSED", "{}", told(&report));
    // Of the future.
    let report = stage.judged(&stage.stamped(&with, SOON + 30 * DAY), SOON);
    let last = report.signatures[0].timestamps.last().expect("stamps");
    assert_ne!(last.indication.to_string(), "TOTAL-PASSED", "{}", told(&report));
}

#[test]
fn a_time_stamp_before_the_signature_proves_nothing_of_it() {
    let stage = Stage::new();
    let page = kyso_testkit::pdf::one_page("trước");
    let revoked = SIGNED + 10 * DAY;
    let stamped = stage.stamped(&page, SIGNED - HOUR);
    let signed = stage.signed(&stamped);
    let listed = stage.stored(&signed, stage.list(SOON - HOUR, &[(&stage.home.signer, revoked)]));
    stage.assert_ends("only before", &listed, SOON, "INDETERMINATE (REVOKED_NO_POE)");
    let behind = stage.stamped(&signed, SIGNED + HOUR);
    let behind = stage.stored(&behind, stage.list(SOON - HOUR, &[(&stage.home.signer, revoked)]));
    stage.assert_passes("before and behind", &behind, SOON);
    // One before that is wrong is not passed over in silence.
    let wrong = placed(&page, SubFilter::EtsiRfc3161, None, &[], |_| {
        token(&stage.tower, DigestAlgorithm::Sha256.digest(b"another file"), SIGNED - HOUR)
    });
    let clean = stage.stored(&stage.signed(&wrong), stage.list(SOON - HOUR, &[]));
    let report = stage.judged(&clean, SOON);
    println!("{}", told(&report));
}

#[test]
fn what_calls_itself_something_else_is_judged_as_what_no_reader_doubts() {
    let stage = Stage::new();
    let first = stage.proven();
    let with = stage.stored(&first, stage.list(SIGNED + 2 * HOUR, &[]));
    let mut wrong = Vec::new();
    // A stamp by another name proves nothing, and is told.
    for edits in [
        &[("/Type /DocTimeStamp", "/Type /Sig         ")][..],
        &[("/Type /DocTimeStamp", "                   ")],
        &[("/Type /DocTimeStamp", "/Type /DocTimestamp")],
        &[("/SubFilter /ETSI.RFC3161", "/SubFilter /ETSI.RFC3162")],
        &[("/SubFilter /ETSI.RFC3161", "                        ")],
        &[("/Filter /Adobe.PPKLite ", "/Type /Sig             ")],
    ] {
        let file = placed(&with, SubFilter::EtsiRfc3161, None, edits, |digest| {
            token(&stage.tower, digest, SIGNED + 3 * HOUR)
        });
        for now in [SOON, LATE] {
            let report = stage.judged(&file, now);
            if report.indication.to_string() == "TOTAL-PASSED" {
                wrong.push(format!("{edits:?}: {}", told(&report)));
            }
        }
    }
    // A person's signature that calls itself a time-stamp: readers differ on whether anybody signed.
    let page = kyso_testkit::pdf::one_page("giả");
    let lists = |file: &[u8]| stage.stored(file, stage.list(SOON - HOUR, &[]));
    for sub_filter in [SubFilter::EtsiCadesDetached, SubFilter::AdbePkcs7Detached] {
        let honest = lists(&stage.signed_as(&page, sub_filter.clone(), None, &[]));
        stage.assert_passes("honest", &honest, SOON);
        for (old, new) in [
            ("/Type /Sig /Filter /Adobe.PPKLite", "/Type/DocTimeStamp /Filter/A.PPKL"),
            ("/Type /Sig /Filter /Adobe.PPKLite", "/Type/Sig /Type/DocTimeStamp     "),
        ] {
            let file = lists(&stage.signed_as(&page, sub_filter.clone(), None, &[(old, new)]));
            let report = stage.judged(&file, SOON);
            if report.indication.to_string() == "TOTAL-PASSED" {
                wrong.push(format!("{new}: {}", told(&report)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_time_stamp_that_leaves_out_more_than_its_contents_is_none() {
    let stage = Stage::new();
    let with = stage.stored(&stage.proven(), stage.list(SIGNED + 2 * HOUR, &[]));
    let honest = stage.stamped(&with, SIGNED + 3 * HOUR);
    let at = stage::find_last(&honest, b"/ByteRange [").expect("a range") + 12;
    let end = at + find(&honest[at..], b"]").expect("its end");
    let text = String::from_utf8(honest[at..end].to_vec()).expect("digits");
    let numbers: Vec<usize> =
        text.split_whitespace().map(|one| one.parse().expect("a number")).collect();
    for (what, changed) in [
        ("leaves out the store", [0, numbers[1] - 40, numbers[2], numbers[3]]),
        ("leaves out what follows", [0, numbers[1], numbers[2] + 40, numbers[3] - 40]),
        ("ends early", [0, numbers[1], numbers[2], numbers[3] - 40]),
        ("begins late", [9, numbers[1] - 9, numbers[2], numbers[3]]),
    ] {
        let list = changed.map(|one| one.to_string()).join(" ");
        let new = format!("{list:<width$}", width = text.len());
        assert_eq!(new.len(), text.len(), "{what}");
        let mut file = honest.clone();
        file[at..end].copy_from_slice(new.as_bytes());
        let covered: Vec<u8> = [
            &file[changed[0]..changed[0] + changed[1]],
            &file[changed[2]..changed[2] + changed[3]],
        ]
        .concat();
        let digest = DigestAlgorithm::Sha256.digest(&covered);
        let token: String = token(&stage.tower, digest, SIGNED + 3 * HOUR)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let from = numbers[1] + 1;
        file[from..from + token.len()].copy_from_slice(token.as_bytes());
        for now in [SOON, LATE] {
            let report = stage.judged(&file, now);
            assert_eq!(
                report.indication.to_string(),
                "TOTAL-FAILED (FORMAT_FAILURE)",
                "{what}: {}",
                told(&report)
            );
        }
    }
}

#[test]
fn certified_files_take_proofs_and_nothing_else() {
    let stage = Stage::new();
    let page = kyso_testkit::pdf::one_page("chứng thực");
    for level in
        [DocMdpPermission::NoChanges, DocMdpPermission::FormFilling, DocMdpPermission::Annotations]
    {
        let signed = stage.signed_as(&page, SubFilter::EtsiCadesDetached, Some(level), &[]);
        let first = stage.stamped(&signed, SIGNED + HOUR);
        let with = stage.stored(&first, stage.list(SIGNED + 2 * HOUR, &[]));
        let file = stage.stamped(&with, SIGNED + 3 * HOUR);
        stage.assert_passes("certified", &file, LATE);
        // The page's text replaced behind it all.
        let (page, _) = (4, ());
        let changed = revised(&file, &[(page, stream("", b"BT /F1 14 Tf 72 770 Td (khac) Tj ET"))]);
        stage.assert_ends("changed", &changed, LATE, "TOTAL-FAILED (FORMAT_FAILURE)");
    }
}
