//! Bad input: a three-part error, exit 2, no output left behind, a journal that tells the truth.

mod house;

use std::process::Output;

use house::{House, text};
use kyso_testkit::Profile;

/// What is wrong, how to make it so, and what the error must say.
struct Case {
    name: &'static str,
    make: fn(&House) -> Vec<u8>,
    says: &'static str,
}

const BROKEN_PDFS: &[Case] = &[
    Case { name: "empty.pdf", make: |_| Vec::new(), says: "has no bytes|is empty" },
    Case { name: "text.pdf", make: |_| b"just text".to_vec(), says: "%PDF-" },
    Case {
        name: "truncated.pdf",
        make: |_| kyso_testkit::pdf::one_page("x")[..200].to_vec(),
        says: "no document catalog|cross-reference",
    },
    Case {
        name: "broken-xref.pdf",
        make: |_| {
            let pdf = kyso_testkit::pdf::one_page("x");
            let text = String::from_utf8_lossy(&pdf).replace("startxref\n", "startxref\n9");
            text.into_bytes()
        },
        says: "cross-reference",
    },
    Case {
        name: "page-loop.pdf",
        make: |_| with_catalog("<< /Type /Pages /Kids [2 0 R] /Count 1 >>"),
        says: "leads back|loop",
    },
    Case {
        name: "nested.pdf",
        make: |_| {
            let deep = format!("{}{}", "[".repeat(2_000_000), "]".repeat(2_000_000));
            with_catalog(&format!("<< /Type /Pages /Kids {deep} /Count 1 >>"))
        },
        says: "limit|exceed|nest",
    },
    Case {
        name: "encrypted.pdf",
        make: |house| {
            let (plain, locked) = (house.pdf("plain.pdf"), house.path("locked.pdf"));
            let arguments = ["--encrypt", "a", "b", "256", "--"];
            kyso_testkit::peer::run(
                "qpdf",
                arguments
                    .into_iter()
                    .map(Into::into)
                    .chain([plain.into_os_string(), locked.clone().into()]),
            )
            .expect_success();
            std::fs::read(locked).expect("the encrypted PDF")
        },
        says: "encrypted",
    },
];

#[test]
fn a_broken_pdf_is_refused_and_leaves_nothing() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    std::fs::create_dir(house.path("out")).expect("out");
    for case in BROKEN_PDFS {
        let bytes = (case.make)(&house);
        std::fs::write(house.path(case.name), bytes).expect("the case is written");
        let output =
            house.kyso(["sign", "--direct", "--credential", &uri, "--out-dir", "out", case.name]);
        assert_three_parts(&output, case.name);
        let said = text(&output.stderr);
        assert!(case.says.split('|').any(|word| said.contains(word)), "{}: {said}", case.name);
        assert_eq!(house.names("out"), [""; 0], "{}", case.name);
        let output = house.kyso(["verify", case.name]);
        assert_eq!(output.status.code(), Some(2), "{}: {}", case.name, text(&output.stdout));
    }
    assert_journal_intact(&house, 0);
}

#[test]
fn a_parser_bomb_in_a_signature_is_refused() {
    let house = House::new();
    let bombs = [
        ("nested.p7s", [0x30, 0x80].repeat(200_000)),
        ("length.p7s", [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &[0; 64]].concat()),
        ("of-length.p7s", [&[0x30, 0xff][..], &[0xff; 127]].concat()),
    ];
    for (name, bytes) in bombs {
        std::fs::write(house.path(name), bytes).expect("the case is written");
        assert_three_parts(&house.kyso(["verify", name]), name);
    }
}

#[test]
fn a_huge_file_that_is_no_pdf_is_refused_quickly() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    let file = std::fs::File::create(house.path("huge.pdf")).expect("huge.pdf");
    file.set_len(3 << 30).expect("a sparse file");
    let output = house.kyso(["verify", "huge.pdf"]);
    assert_eq!(output.status.code(), Some(2));
    drop(file);
    std::fs::File::create(house.path("huge.pdf"))
        .and_then(|file| file.set_len(64 << 20))
        .expect("64 MiB");
    let output = house.kyso(["sign", "--direct", "--credential", &uri, "huge.pdf"]);
    assert_three_parts(&output, "huge.pdf");
    assert!(!house.names(".").iter().any(|name| name.ends_with(".part")), "{:?}", house.names("."));
}

#[test]
fn one_bad_file_harms_no_other() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    for name in ["a.pdf", "c.pdf"] {
        house.pdf(name);
    }
    std::fs::write(house.path("b.pdf"), b"%PDF-1.7 but nothing else").expect("b.pdf");
    std::fs::create_dir(house.path("out")).expect("out");
    let output = house.kyso([
        "sign",
        "--direct",
        "--credential",
        &uri,
        "--out-dir",
        "out",
        "a.pdf",
        "b.pdf",
        "missing.pdf",
        "c.pdf",
    ]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert_eq!(house.names("out"), ["a.pdf", "c.pdf"]);
    assert_journal_intact(&house, 2);
}

#[test]
fn a_certificate_that_may_not_sign_is_refused_before_the_pin() {
    let house = House::new();
    house.pdf("a.pdf");
    let cases: [(&str, Profile, &str); 3] = [
        ("expired", house.profile().expired_at(house.now), "expired"),
        ("early", house.profile().not_yet_valid_at(house.now + 3600), "valid only from"),
        ("encipher", house.profile().key_encipherment_only(), "not for signing"),
    ];
    for (label, profile, says) in cases {
        house.token(label, "p256", &profile);
        // No PIN source: the refusal must come before anybody is asked.
        let uri = format!("pkcs11:token={label}");
        let output = house.kyso(["sign", "--direct", "--credential", &uri, "a.pdf"]);
        assert_three_parts(&output, label);
        assert!(text(&output.stderr).contains(says), "{label}: {}", text(&output.stderr));
    }
    let uri = house.token("nonrep", "p256", &house.profile().non_repudiation_only());
    house.expect(["sign", "--direct", "--credential", &uri, "a.pdf"]);
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let house = House::new();
    house.pdf("a.pdf");
    house.token("one", "p256", &house.profile());
    house.token("two", "p256", &house.profile());
    // The import itself refuses it, naming the reason.
    let output = house.kyso([
        "token",
        "import",
        "--token",
        "one",
        "--certificate",
        "two.pem",
        "--pin-file",
        "pin",
    ]);
    assert_three_parts(&output, "import");
    // Another program wrote it under this key's CKA_ID all the same.
    let listed = house.expect(["cert", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let of = |label: &str| {
        listed["certificates"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|c| c["token"]["label"] == label)
            .cloned()
    };
    let id = of("one").expect("listed")["uri"].as_str().and_then(cka_id).expect("an id");
    kyso_testkit::peer::run(
        "openssl",
        [
            "x509",
            "-in",
            path(&house, "two.pem").as_str(),
            "-outform",
            "DER",
            "-out",
            path(&house, "two.der").as_str(),
        ],
    )
    .expect_success();
    house
        .softhsm
        .pkcs11_tool([
            "--token-label",
            "one",
            "--login",
            "--pin",
            house::PIN,
            "--delete-object",
            "--type",
            "cert",
            "--id",
            &id,
        ])
        .expect_success();
    house.softhsm.write_certificate("one", house::PIN, &house.path("two.der"), &id, "wrong");
    let uri = format!("pkcs11:token=one?pin-source=file:{}", path(&house, "pin"));
    let output = house.kyso(["sign", "--direct", "--credential", &uri, "a.pdf"]);
    assert_three_parts(&output, "sign");
    assert!(text(&output.stderr).contains("does not match the key"), "{}", text(&output.stderr));
}

#[test]
fn wrong_pins_and_uris_are_refused() {
    let house = House::new();
    house.pdf("a.pdf");
    house.token("t", "p256", &house.profile());
    kyso_testkit::write_secret(house.path("wrong-pin"), "0000");
    let cases = [
        (format!("pkcs11:token=t?pin-source=file:{}", path(&house, "wrong-pin")), "wrong PIN"),
        ("pkcs11:token=t".to_owned(), "PIN"),
        ("pkcs11:token=other".to_owned(), "not there"),
        ("pkcs11:token=t|id".to_owned(), "malformed"),
        ("pkcs11:token=t?pin-source=|cat%20pin".to_owned(), "malformed"),
        ("pkcs11:token=t?module-path=/tmp/none.so".to_owned(), "allow-list"),
        ("file:missing.p12".to_owned(), "key file"),
        ("file:a|b.p12".to_owned(), "malformed"),
        ("file:a.pdf?pin-source=file:pin".to_owned(), "key file"),
    ];
    for (uri, says) in cases {
        let output = house.kyso(["sign", "--direct", "--credential", &uri, "a.pdf"]);
        assert_three_parts(&output, &uri);
        assert!(text(&output.stderr).contains(says), "{uri}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("0000"), "a PIN in an error");
        assert!(!house.path("a-signed.pdf").exists());
    }
}

#[test]
fn outputs_and_journals_that_cannot_be_written_mean_no_signature() {
    let house = House::new();
    house.pdf("a.pdf");
    let uri = house.token("t", "p256", &house.profile());
    let sign = |more: &[&str]| {
        let mut all = vec!["sign", "--direct", "--credential", &uri];
        all.extend(more);
        house.kyso(all)
    };
    assert_three_parts(&sign(&["a.pdf", "-o", "missing/out.pdf"]), "missing folder");
    assert_three_parts(&sign(&["a.pdf", "-o", "a.pdf"]), "onto itself");
    assert_three_parts(&sign(&["a.pdf", "-o", "a.pdf", "--force"]), "onto itself by force");
    std::fs::write(house.path("taken.pdf"), b"mine").expect("taken.pdf");
    assert_three_parts(&sign(&["a.pdf", "-o", "taken.pdf"]), "taken");
    assert_eq!(std::fs::read(house.path("taken.pdf")).expect("still there"), b"mine");
    assert_three_parts(&sign(&[".", "-o", "folder.p7m"]), "a folder");
    // /dev/full is a device that is always full; SQLite and the file system both meet it as a full disk.
    let output = house.kyso([
        "--journal",
        "/proc/no/journal.sqlite",
        "sign",
        "--direct",
        "--credential",
        &uri,
        "a.pdf",
    ]);
    assert_three_parts(&output, "journal nowhere");
    std::fs::write(house.path("garbage.sqlite"), vec![7; 4096]).expect("garbage");
    let output = house.kyso([
        "--journal",
        "garbage.sqlite",
        "sign",
        "--direct",
        "--credential",
        &uri,
        "a.pdf",
    ]);
    assert_three_parts(&output, "garbage journal");
    assert!(!house.path("a-signed.pdf").exists());
}

/// A file system of 1 MiB, in a mount namespace of its own, so that a disk can really be full.
#[test]
fn a_full_disk_leaves_nothing_and_the_journal_true() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    house.pdf("a.pdf");
    std::fs::create_dir(house.path("small")).expect("small");
    let script = format!(
        "mount -t tmpfs -o size=64k tmpfs small && head -c 60000 /dev/zero > small/filler; \
         \"$0\" sign --direct --credential '{uri}' a.pdf -o small/out.pdf; code=$?; ls -A small; exit $code"
    );
    let mut command = house.command([""; 0]);
    let program = command.get_program().to_owned();
    command = {
        let mut wrapped = std::process::Command::new("unshare");
        wrapped.args(["--mount", "--map-root-user", "sh", "-c", &script]).arg(program);
        wrapped.current_dir(house.folder.path());
        for (name, value) in house.command([""; 0]).get_envs() {
            if let Some(value) = value {
                wrapped.env(name, value);
            }
        }
        wrapped
    };
    let output = command.output().expect("unshare runs");
    assert_three_parts(&output, "full disk");
    assert_eq!(text(&output.stdout), "filler\n", "nothing else is on the full disk");
    assert_journal_intact(&house, 0);
}

#[test]
fn what_this_version_does_not_do_it_says() {
    let house = House::new();
    house.pdf("a.pdf");
    for arguments in [
        &["sign", "a.pdf"][..],
        &["sign", "--direct", "--level", "T", "a.pdf"],
        &["sign", "--direct", "--format", "xades", "a.pdf"],
        &["sign", "--direct", "--tsa", "http://tsa.example", "a.pdf"],
        &["sign", "--direct", "--visible", "leader", "a.pdf"],
        &["verify", "--pdf-report", "r.pdf", "a.pdf", "a.pdf"],
        &["verify", "--policy", "no-such-policy.toml", "a.pdf"],
        &["verify", "--evidence", "a.pdf", "a.pdf"],
        &["cert", "validate", "a.pdf"],
    ] {
        assert_three_parts(&house.kyso(arguments), &arguments.join(" "));
    }
}

#[track_caller]
fn assert_three_parts(output: &Output, name: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{name}: {said}");
    for part in ["error: ", "why: ", "what to do: "] {
        assert!(said.contains(part), "{name}: no `{part}` in: {said}");
    }
    assert!(!said.contains("panicked"), "{name}: {said}");
}

#[track_caller]
fn assert_journal_intact(house: &House, signed: u64) {
    let report = house.expect(["journal", "verify", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["intact"], true, "{report:#}");
    assert_eq!(report["signed"], signed, "{report:#}");
    assert_eq!(report["open"], 0, "{report:#}");
}

/// The `id` of a PKCS#11 URI in hex.
fn cka_id(uri: &str) -> Option<String> {
    let value = uri.split("id=").nth(1)?.split([';', '?']).next()?;
    let mut hex = String::new();
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            hex.push(char::from(bytes.next()?).to_ascii_lowercase());
            hex.push(char::from(bytes.next()?).to_ascii_lowercase());
        } else {
            hex.push_str(&format!("{byte:02x}"));
        }
    }
    Some(hex)
}

fn path(house: &House, name: &str) -> String {
    house.path(name).to_str().expect("UTF-8").to_owned()
}

/// A PDF whose page tree is `pages`, with a sound cross-reference.
fn with_catalog(pages: &str) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in [(1, "<< /Type /Catalog /Pages 2 0 R >>"), (2, pages)] {
        offsets.push(pdf.len());
        pdf.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let xref = pdf.len();
    pdf.extend(b"xref\n0 3\n0000000000 65535 f \n");
    for offset in offsets {
        pdf.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    pdf.extend(format!("trailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n").bytes());
    pdf
}

#[test]
fn a_module_that_is_not_the_one_allowed_is_never_loaded() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    house.pdf("a.pdf");
    let module = house.softhsm.module().to_path_buf();
    let digest = kyso_x509::DigestAlgorithm::Sha256
        .digest(&std::fs::read(&module).expect("the module"))
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let configure = |sha256: &str| {
        let text = format!(
            "modules = [{{ path = {module:?}, sha256 = \"{sha256}\" }}]\ntrust = [\"root.pem\"]\njournal = \"journal/journal.sqlite\"\nlang = \"en\"\n",
        );
        std::fs::write(house.path("config.toml"), text).expect("config.toml");
    };
    configure(&digest.replace('0', "1").replace('a', "b"));
    let output = house.kyso(["sign", "--direct", "--credential", &uri, "a.pdf"]);
    assert_three_parts(&output, "another SHA-256");
    assert!(
        text(&output.stderr).contains("not the one that was allowed"),
        "{}",
        text(&output.stderr)
    );
    configure(&digest);
    house.expect(["sign", "--direct", "--credential", &uri, "a.pdf"]);
}
