//! Encrypted PDFs: signed and verified with the password, accepted by others, and the password stays a secret.

mod house;

use std::path::Path;

use house::{House, text};
use kyso_testkit::peer::{self, openssl, pdfsig, pyhanko};
use serde_json::Value;

const USER: &str = "nguoi dung";
const OWNER: &str = "chu so huu 7788";

/// How qpdf encrypts, and in which form it writes.
const WAYS: [(&str, &[&str], &[&str]); 8] = [
    ("RC4 40", &["40"], &[]),
    ("RC4 128", &["128", "--use-aes=n"], &["--object-streams=generate"]),
    ("AES 128", &["128", "--use-aes=y"], &[]),
    ("AES 128 clear metadata", &["128", "--use-aes=y", "--cleartext-metadata"], &["--linearize"]),
    ("AES 256", &["256"], &[]),
    ("AES 256 object streams", &["256"], &["--object-streams=generate"]),
    ("AES 256 linearized", &["256"], &["--linearize", "--object-streams=generate"]),
    ("AES 256 R5", &["256", "--force-R5"], &[]),
];

fn encrypt(house: &House, from: &Path, to: &str, user: &str, way: &[&str], form: &[&str]) {
    let target = house.path(to);
    let (from, to) = (from.to_str().expect("UTF-8"), target.to_str().expect("UTF-8"));
    let head = ["--allow-weak-crypto", "--encrypt", user, OWNER];
    peer::run("qpdf", [&head, way, &["--"], form, &[from, to]].concat()).expect_success();
}

/// A desk with a token and the passwords in files.
fn desk() -> (House, String) {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    for (name, password) in [("user", USER), ("owner", OWNER), ("wrong", "sai roi 4455")] {
        kyso_testkit::write_secret(house.path(name), password);
    }
    (house, uri)
}

#[track_caller]
fn assert_accepted(house: &House, name: &str, password: &str, signatures: usize) {
    let path = house.path(name);
    let argument = format!("--password={password}");
    let checked = peer::run("qpdf", ["--check", &argument, path.to_str().expect("UTF-8")]);
    assert!(checked.success, "{name}: qpdf: {}{}", checked.text(), checked.stderr);
    let seen = pdfsig::pdfsig_encrypted(&path, password);
    assert_eq!(seen.len(), signatures, "{name}: {seen:?}");
    assert!(seen.iter().all(|one| one.valid), "{name}: {seen:?}");
    assert!(seen.last().is_some_and(|one| one.total_document), "{name}: {seen:?}");
    if is_revision_5(&path) {
        // pyHanko takes revision 5, which PDF 2.0 deprecates, for 6, and so finds every password wrong.
        let said = pyhanko::validate_encrypted(&path, &house.path("root.pem"), password);
        assert!(
            said.is_err_and(|why| why.contains("Authentication failed")),
            "take it off the list"
        );
        return;
    }
    let said = pyhanko::validate_encrypted(&path, &house.path("root.pem"), password)
        .unwrap_or_else(|complaint| panic!("{name}: pyHanko: {complaint}"));
    assert_eq!(said.len(), signatures, "{name}");
    for one in said {
        assert!(one.intact && one.valid && one.trusted && one.bottom_line, "{name}: {one:?}");
    }
}

fn is_revision_5(path: &Path) -> bool {
    let bytes = std::fs::read(path).expect("a file");
    bytes.windows(6).any(|window| window == b"/R 5 /")
}

/// The report, or the error where there is none, and the exit code.
#[track_caller]
fn verify(house: &House, arguments: &[&str]) -> (Value, i32) {
    let mut all = vec!["verify", "--json", "--policy", "integrity-only"];
    all.extend(arguments);
    let output = house.kyso(all);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr))
    });
    (json, output.status.code().unwrap_or(-1))
}

#[track_caller]
fn assert_passes(house: &House, arguments: &[&str]) {
    let (report, code) = verify(house, arguments);
    assert_eq!((report["indication"].as_str(), code), (Some("TOTAL-PASSED"), 0), "{report:#}");
}

/// The code of the error with which signing ends.
#[track_caller]
fn refusal(house: &House, arguments: &[&str]) -> String {
    let output = house.kyso([&["sign", "--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let error = &json["signed"][0]["error"];
    for part in ["what", "why", "what_to_do"] {
        assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{json:#}");
    }
    error["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn peers_accept_what_we_sign_in_encrypted_files() {
    let (house, uri) = desk();
    let vectors = kyso_test_vectors::path("pdf");
    for (name, way, form) in WAYS {
        encrypt(&house, &vectors.join("libreoffice.pdf"), "a.pdf", USER, way, form);
        let sign = |password: &str, from: &str, to: &str| {
            house.expect([
                "sign",
                "--direct",
                "--force",
                "--credential",
                &uri,
                "--password-file",
                password,
                "--reason",
                "Ban hành",
                from,
                "-o",
                to,
            ]);
        };
        sign("user", "a.pdf", "once.pdf");
        let (original, once) = (house.path("a.pdf"), house.path("once.pdf"));
        let (original, once) = (std::fs::read(original).unwrap(), std::fs::read(once).unwrap());
        assert!(once.starts_with(&original), "{name}");
        assert_accepted(&house, "once.pdf", USER, 1);
        assert_passes(&house, &["--password-file", "user", "once.pdf"]);
        assert_passes(&house, &["--password-file", "owner", "once.pdf"]);
        sign("owner", "once.pdf", "twice.pdf");
        assert_accepted(&house, "twice.pdf", USER, 2);
        let (report, code) = verify(&house, &["once.pdf"]);
        assert_eq!(report["error"]["code"], "pdf-password-needed", "{name}: {report:#}");
        assert_eq!(code, 2);
        let (report, _) = verify(&house, &["--password-file", "wrong", "once.pdf"]);
        assert_eq!(report["error"]["code"], "pdf-password-wrong", "{name}: {report:#}");
    }
}

/// A later revision of these objects, as somebody appends it who does not know the password.
fn appended(signed: &[u8], objects: &[(u32, String)]) -> Vec<u8> {
    let text = String::from_utf8_lossy(signed);
    let at = |what: &str| text.rfind(what).unwrap_or_else(|| panic!("no {what}"));
    let before: usize = text[at("startxref") + 9..]
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number");
    let entries = &text[at("trailer") + 7..at("startxref")];
    let entries = entries.trim().trim_start_matches("<<").trim_end_matches(">>");
    let kept: Vec<&str> = entries.split(" /Prev").collect();
    let kept = match kept.as_slice() {
        [all] => (*all).to_owned(),
        [head, tail, ..] => {
            let tail = tail.trim_start().trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{head}{tail}")
        }
        [] => panic!("no trailer"),
    };
    let highest = objects.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
    let mut file = signed.to_vec();
    file.push(b'\n');
    let mut table = "xref\n".to_owned();
    for (number, object) in objects {
        table += &format!("{number} 1\n{:010} 00000 n \n", file.len());
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let start = file.len();
    let size = kept.split("/Size ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let size: u32 = size.and_then(|size| size.parse().ok()).expect("a size");
    let kept = kept.replace(&format!("/Size {size}"), &format!("/Size {}", size.max(highest)));
    file.extend(format!("{table}trailer\n<< {kept} /Prev {before} >>\n").bytes());
    file.extend(format!("startxref\n{start}\n%%EOF\n").bytes());
    file
}

/// Number and text of the first page's object, which a file without object streams shows to everybody.
fn page_object(file: &[u8]) -> (u32, String) {
    let text = String::from_utf8_lossy(file);
    for part in text.rsplit("endobj") {
        let Some((head, body)) = part.rsplit_once(" 0 obj") else { continue };
        let is_page = body.contains("/Type /Page ") || body.contains("/Type /Page\n");
        if is_page && !body.contains("stream") {
            let number: String = head.chars().rev().take_while(char::is_ascii_digit).collect();
            let number: String = number.chars().rev().collect();
            return (number.parse().expect("a number"), body.trim().to_owned());
        }
    }
    panic!("no page")
}

#[test]
fn what_is_changed_after_two_signatures_of_an_encrypted_file_is_found() {
    let (house, uri) = desk();
    let plain = house.pdf("plain.pdf");
    for way in [&["128", "--use-aes=y"][..], &["256"]] {
        encrypt(&house, &plain, "a.pdf", USER, way, &[]);
        let sign = |from: &str, to: &str| {
            let head =
                ["sign", "--direct", "--force", "--credential", &uri, "--password-file", "user"];
            house.expect(
                [&head[..], &["--visible", "free", "--at", "20,200", from, "-o", to]].concat(),
            );
        };
        sign("a.pdf", "once.pdf");
        sign("once.pdf", "twice.pdf");
        assert_accepted(&house, "twice.pdf", USER, 2);
        assert_passes(&house, &["--password-file", "user", "twice.pdf"]);

        let twice = std::fs::read(house.path("twice.pdf")).expect("a file");
        let (number, page) = page_object(&twice);
        let inner = page.trim_start_matches("<<").trim_end_matches(">>").to_owned();
        let free = 9_000;
        // A stream that says of itself that it is not encrypted needs no password either.
        let shown = "BT /F1 14 Tf 72 700 Td (Mot noi dung khac) Tj ET";
        let identity = format!(
            "<< /Filter [/Crypt] /DecodeParms [<< /Type /CryptFilterDecodeParms /Name /Identity >>] /Length {} >>\n\
             stream\n{shown}\nendstream",
            shown.len()
        );
        let contents = inner.find("/Contents").expect("contents");
        let rest = inner[contents + 9..].trim_start();
        let rest = rest.split_once(" R").map_or("", |(_, rest)| rest);
        let other = format!("<< {} /Contents {free} 0 R {rest} >>", &inner[..contents]);
        let attacks: [(&str, Vec<(u32, String)>); 3] = [
            ("the page is turned", vec![(number, format!("<< {inner} /Rotate 180 >>"))]),
            ("the page shows another content", vec![(number, other), (free, identity)]),
            ("the page is cut", vec![(number, format!("<< {inner} /CropBox [0 0 90 90] >>"))]),
        ];
        for (what, objects) in attacks {
            std::fs::write(house.path("attacked.pdf"), appended(&twice, &objects))
                .expect("written");
            let checked = peer::run(
                "qpdf",
                [
                    "--check",
                    &format!("--password={USER}"),
                    house.path("attacked.pdf").to_str().expect("UTF-8"),
                ],
            );
            assert!(checked.success, "{what}: {}{}", checked.text(), checked.stderr);
            for password in ["user", "owner"] {
                let (report, code) = verify(&house, &["--password-file", password, "attacked.pdf"]);
                assert_eq!(code, 1, "{what}: {report:#}");
                for signature in report["signatures"].as_array().expect("signatures") {
                    assert_eq!(signature["indication"], "TOTAL-FAILED", "{what}: {report:#}");
                    assert_eq!(signature["sub_indication"], "FORMAT_FAILURE", "{what}: {report:#}");
                }
            }
        }
        // The honest twin: a third signature.
        sign("twice.pdf", "thrice.pdf");
        assert_passes(&house, &["--password-file", "user", "thrice.pdf"]);
    }
}

#[test]
fn what_pyhanko_encrypts_and_signs_passes_here() {
    let (house, uri) = desk();
    let p12 = key_file(&house);
    let vectors = kyso_test_vectors::path("pdf");
    let methods = [
        "rc4-40",
        "rc4-128",
        "rc4-filter",
        "aes-128",
        "aes-128-clear-metadata",
        "aes-256",
        "aes-256-clear-metadata",
        "aes-256-mac",
    ];
    for method in methods {
        let encrypted = house.path("e.pdf");
        pyhanko::encrypt(&vectors.join("libreoffice.pdf"), &encrypted, method, USER, OWNER);
        pyhanko::sign_encrypted(&encrypted, &house.path("theirs.pdf"), &p12, house::PIN, USER);
        assert_passes(&house, &["--password-file", "user", "theirs.pdf"]);
        assert_passes(&house, &["--password-file", "owner", "theirs.pdf"]);
        let arguments = [
            "--direct",
            "--force",
            "--credential",
            &uri,
            "--password-file",
            "user",
            "e.pdf",
            "-o",
            "ours.pdf",
        ];
        if method == "aes-256-mac" {
            assert_eq!(refusal(&house, &arguments), "pdf-integrity-code-demanded");
        } else {
            house.expect([&["sign"], &arguments[..]].concat());
            assert_accepted(&house, "ours.pdf", USER, 1);
            assert_passes(&house, &["--password-file", "user", "ours.pdf"]);
        }
    }
}

#[test]
fn refusals_say_what_is_missing_and_touch_nothing() {
    let (house, uri) = desk();
    let plain = house.pdf("plain.pdf");
    encrypt(&house, &plain, "a.pdf", USER, &["256"], &[]);
    encrypt(&house, &plain, "fixed.pdf", USER, &["256", "--modify=none"], &[]);
    let bytes = std::fs::read(&plain).expect("a PDF");
    let at = bytes.windows(7).rposition(|window| window == b"trailer").expect("a trailer");
    let at = at + bytes[at..].windows(2).position(|w| w == b"<<").expect("a dictionary") + 2;
    let mut public = bytes;
    public.splice(at..at, *b" /Encrypt << /Filter /Adobe.PubSec /V 4 /R 4 >> ");
    std::fs::write(house.path("public.pdf"), public).expect("written");
    let refused = |password: &[&str], file: &str| {
        let head = ["--direct", "--credential", uri.as_str(), "-o", "out.pdf", file];
        let code = refusal(&house, &[&head, password].concat());
        assert!(!house.path("out.pdf").exists(), "{file}");
        code
    };
    assert_eq!(refused(&[], "a.pdf"), "pdf-password-needed");
    assert_eq!(refused(&["--password-file", "wrong"], "a.pdf"), "pdf-password-wrong");
    assert_eq!(refused(&["--password-file", "user"], "fixed.pdf"), "pdf-signing-not-permitted");
    assert_eq!(refused(&["--password-file", "user"], "public.pdf"), "pdf-encryption-unsupported");
    // What ends the whole command is told in words.
    let told = |arguments: &[&str], what: &str| {
        let output = house.kyso([&["sign"], arguments].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(what) && said.contains("what to do: "), "{said}");
        assert!(!house.path("out.pdf").exists());
    };
    let direct = |password: &'static str| {
        let head = ["--direct", "--credential", uri.as_str(), "a.pdf", "-o", "out.pdf"];
        [&head[..], &["--password-file", password]].concat()
    };
    told(&direct("absent"), "the password file cannot be used");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(house.path("open"), USER).expect("written");
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(house.path("open"), mode).expect("a mode");
        told(&direct("open"), "the password file is open to others");
        let daemon = ["--password-file", "user", "a.pdf", "-o", "out.pdf"];
        told(&daemon, "no document's password is sent to the daemon");
    }
    // Nothing stands on standard input here.
    let head = ["--direct", "--credential", uri.as_str(), "a.pdf", "-o", "out.pdf"];
    told(&[&head[..], &["--password-stdin"]].concat(), "standard input holds no password");
    let both = house.kyso(["verify", "--password-stdin", "--password-file", "user", "a.pdf"]);
    assert_eq!(both.status.code(), Some(2));
    // Without the file's own permission the owner's password is enough.
    house.expect([
        "sign",
        "--direct",
        "--credential",
        &uri,
        "--password-file",
        "owner",
        "fixed.pdf",
    ]);
    assert_accepted(&house, "fixed-signed.pdf", USER, 1);
}

#[test]
fn the_password_comes_by_standard_input_and_is_written_nowhere() {
    use std::io::Write as _;
    use std::process::Stdio;
    let (house, uri) = desk();
    let plain = house.pdf("plain.pdf");
    encrypt(&house, &plain, "a.pdf", USER, &["256"], &[]);
    let run = |arguments: &[&str], input: &str| {
        let mut command = house.command(arguments);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kyso runs");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
        child.wait_with_output().expect("an end")
    };
    let mut said = Vec::new();
    let sign = ["sign", "--direct", "--credential", &uri, "--password-stdin", "a.pdf"];
    let signed = run(&sign, &format!("{OWNER}\r\nmore"));
    assert!(signed.status.success(), "{}", text(&signed.stderr));
    said.extend([signed.stdout, signed.stderr]);
    let verify = ["verify", "--policy", "integrity-only", "--password-stdin", "a-signed.pdf"];
    let verified = run(&verify, OWNER);
    assert!(verified.status.success(), "{}", text(&verified.stdout));
    said.extend([verified.stdout, verified.stderr]);
    let wrong = run(
        &["sign", "--direct", "--force", "--credential", &uri, "--password-stdin", "a.pdf"],
        "sai roi 4455",
    );
    assert_eq!(wrong.status.code(), Some(2));
    said.extend([wrong.stdout, wrong.stderr]);
    for entry in house.names("journal") {
        said.push(std::fs::read(house.path("journal").join(entry)).expect("a file"));
    }
    assert!(said.len() > 6, "the journal is among them");
    for bytes in said {
        for secret in [OWNER, "sai roi 4455"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", text(&bytes));
        }
    }
}

/// A PKCS#12 file by OpenSSL, for pyHanko.
fn key_file(house: &House) -> std::path::PathBuf {
    let path = |name: &str| house.path(name).display().to_string();
    let (key, certificate) = (path("theirs-key.pem"), path("theirs-cert.pem"));
    let options = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &key];
    peer::run("openssl", [&["genpkey"], &options[..]].concat()).expect_success();
    let pem = std::fs::read_to_string(&key).expect("the key");
    let leaf = house.authority.issue(&house.profile(), &openssl::spki_der(&pem)).expect("a leaf");
    std::fs::write(&certificate, kyso_testkit::authority::certificate_pem(&leaf)).expect("written");
    let (chain, out) = (path("chain.pem"), path("theirs.p12"));
    std::fs::write(&chain, house.authority.intermediate_pem()).expect("written");
    let password = format!("pass:{}", house::PIN);
    let options = ["-inkey", &key, "-in", &certificate, "-certfile", &chain];
    let rest = ["-passout", &password, "-out", &out];
    peer::run("openssl", [&["pkcs12", "-export"], &options[..], &rest[..]].concat())
        .expect_success();
    house.path("theirs.p12")
}
