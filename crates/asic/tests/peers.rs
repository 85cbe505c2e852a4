//! Other programs' archives read here, ours read by other programs: Info-ZIP, Python, the JDK, `file`, OpenSSL.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may touch files and start programs"
)]

mod support;

use std::io::{self, Cursor, Read};
use std::path::Path;
use std::process::Command;

use kyso_asic::zip::{Compression, DosTime};
use kyso_asic::{Container, Covers, Creation, EntryName, Form, Kind, Limits, NewContainer, Target};
use kyso_testkit::peer::{finish, run};
use kyso_x509::digest::DigestAlgorithm;

const NAMES: [&str; 3] = ["a.txt", "Hồ sơ/Phiếu số 1.xml", "trống"];

fn content(name: &str) -> Vec<u8> {
    match name {
        "a.txt" => b"a".to_vec(),
        "trống" => Vec::new(),
        _ => "<HOSO>Nguyễn Văn Ân</HOSO>\n".repeat(5_000).into_bytes(),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

/// Container made here; `sign` makes the signature over what it is given.
fn create(form: Form, compression: Compression, sign: impl Fn(Target<'_>) -> Vec<u8>) -> Vec<u8> {
    let creation = Creation {
        extended: true,
        form,
        digest: DigestAlgorithm::Sha256,
        compression,
        modified: DosTime::FIRST,
    };
    let mut container = NewContainer::new(creation, &Limits::documents());
    for name in NAMES {
        container.add(name, "text/plain", &mut &content(name)[..]).expect("added");
    }
    let prepared = container.prepare().expect("prepared");
    let signature = sign(prepared.target());
    let mut open = |name: &EntryName| -> io::Result<Box<dyn Read>> {
        Ok(Box::new(Cursor::new(content(name.as_str()))))
    };
    prepared.finish(&signature, &mut open, Vec::new()).expect("written").0
}

#[test]
fn archives_of_python_are_read() {
    const SCRIPT: &str = r#"
import io, sys, zipfile
folder = sys.argv[1]
class Stream(io.RawIOBase):
    def __init__(self, path): self.file = open(path, "wb")
    def writable(self): return True
    def write(self, data): return self.file.write(data)
    def close(self): self.file.close()
def fill(archive, method):
    archive.writestr("a.txt", b"a", method)
    archive.writestr("Hồ sơ/Phiếu số 1.xml", "<HOSO>Nguyễn Văn Ân</HOSO>\n" * 5000, method)
    archive.writestr("trống", b"", method)
for name, method in ("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(f"{folder}/{name}.zip", "w") as archive:
        fill(archive, method)
        archive.comment = "ghi chú".encode()
    with zipfile.ZipFile(Stream(f"{folder}/{name}-streamed.zip"), "w") as archive:
        fill(archive, method)
    with zipfile.ZipFile(f"{folder}/{name}-zip64.zip", "w") as archive:
        for entry, data in ("a.txt", b"a"), ("Hồ sơ/Phiếu số 1.xml", ("<HOSO>Nguyễn Văn Ân</HOSO>\n" * 5000).encode()), ("trống", b""):
            info = zipfile.ZipInfo(entry)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=True) as out:
                out.write(data)
"#;
    let folder = tempfile::tempdir().expect("a folder");
    run("python3", ["-c", SCRIPT, text(folder.path())]).expect_success();
    let mut read = 0;
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = file.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("read");
        let contents =
            support::contents(&bytes).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        for (name, found) in &contents {
            assert!(*found == content(name), "{path:?}: {name}");
        }
        assert_eq!(contents.len(), NAMES.len(), "{path:?}");
        read += 1;
    }
    assert_eq!(read, 6);
}

#[test]
fn archives_of_info_zip_and_the_jdk_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("source");
    std::fs::create_dir_all(source.join("Hồ sơ")).expect("folders");
    for name in NAMES {
        std::fs::write(source.join(name), content(name)).expect("written");
    }
    let made = |name: &str| folder.path().join(name);
    let zip = |target: &Path, options: &[&str]| {
        let mut command = Command::new("zip");
        command.current_dir(&source).args(options).arg("-r").arg(target).arg(".");
        finish(command, b"").expect_success()
    };
    zip(&made("plain.zip"), &["-q"]);
    zip(&made("no-folders.zip"), &["-q", "-D", "-X"]);
    zip(&made("stored.zip"), &["-q", "-0"]);
    zip(&made("zip64.zip"), &["-q", "-fz"]);
    zip(&made("descriptors.zip"), &["-q", "-fd"]);
    // To a pipe: data descriptors, no going back.
    let mut command = Command::new("zip");
    command.current_dir(&source).args(["-q", "-r", "-", "."]);
    let streamed = finish(command, b"").expect_success();
    std::fs::write(made("streamed.zip"), streamed).expect("written");
    if Command::new("jar").arg("--version").output().is_ok() {
        let mut command = Command::new("jar");
        command.current_dir(&source).arg("--create").arg("--file").arg(made("java.zip")).arg(".");
        finish(command, b"").expect_success();
    } else {
        assert!(std::env::var_os("CI").is_none(), "the JDK's jar is not installed");
        eprintln!("the JDK's jar is not installed: its archives are not read");
    }
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = file.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).expect("read");
        let contents =
            support::contents(&bytes).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        for name in NAMES {
            let found = contents.iter().find(|(found, _)| found == name);
            let (_, found) = found.unwrap_or_else(|| panic!("{path:?}: no {name}"));
            assert!(*found == content(name), "{path:?}: {name}");
        }
    }
}

#[test]
fn other_programs_open_our_containers() {
    const SCRIPT: &str = r#"
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[0] == "mimetype" and archive.infolist()[0].compress_type == zipfile.ZIP_STORED
    assert archive.read("Hồ sơ/Phiếu số 1.xml").decode() == "<HOSO>Nguyễn Văn Ân</HOSO>\n" * 5000
    assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
    print("\n".join(names))
"#;
    let folder = tempfile::tempdir().expect("a folder");
    for (at, compression) in [Compression::Stored, Compression::Deflated].into_iter().enumerate() {
        let mut bytes = create(Form::Cades, compression, |_| b"cms".to_vec());
        let path = folder.path().join(format!("{at}.asice"));
        // As created, and after a second signature.
        for signatures in 1..=2 {
            std::fs::write(&path, &bytes).expect("written");
            run("unzip", ["-tqq", text(&path)]).expect_success();
            let names = run("python3", ["-c", SCRIPT, text(&path)]).expect_success();
            let names = String::from_utf8(names).expect("UTF-8");
            // Annex A.1: a program that looks at the first bytes alone knows the type.
            let kind = run("file", ["--brief", text(&path)]).expect_success();
            let kind = String::from_utf8_lossy(&kind).into_owned();
            assert!(kind.contains("application/vnd.etsi.asic-e+zip"), "{kind}");
            assert_eq!(names.lines().count(), 4 + 2 * signatures);
            walk_with_the_jdk(&bytes, &names);
            let mut container = support::open(&bytes).expect("opened");
            let extension = container
                .prepare_signature(Form::Cades, DigestAlgorithm::Sha256)
                .expect("prepared");
            bytes = extension
                .finish(&mut container, b"second", DosTime::FIRST, Vec::new())
                .expect("written")
                .0;
        }
    }
}

/// The JDK reads an archive on standard input from its first byte on, by local headers: it must see the same files.
fn walk_with_the_jdk(bytes: &[u8], names: &str) {
    if Command::new("jar").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "the JDK's jar is not installed");
        eprintln!("the JDK's jar is not installed: it does not walk our containers");
        return;
    }
    let mut command = Command::new("jar");
    command.args(["-J-Dstdout.encoding=UTF-8", "-J-Dsun.stdout.encoding=UTF-8", "t"]);
    let listed = finish(command, bytes).expect_success();
    assert_eq!(String::from_utf8_lossy(&listed).trim(), names.trim());
}

/// An ASiC-E whose manifest OpenSSL signs; Info-ZIP takes the files out, OpenSSL verifies what it took out.
#[test]
fn openssl_signs_and_verifies_the_manifest() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (key, certificate) = (at("key.pem"), at("certificate.pem"));
    let request = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=Signer",
        "-addext",
        "keyUsage=digitalSignature",
        "-keyout",
        text(&key),
        "-out",
        text(&certificate),
    ];
    run("openssl", request).expect_success();
    let sign = |target: Target<'_>| {
        let Target::Manifest(manifest) = target else { panic!("{target:?}") };
        std::fs::write(at("manifest.xml"), manifest).expect("written");
        let (content, out) = (at("manifest.xml"), at("signature.p7s"));
        let arguments = [
            "cms",
            "-sign",
            "-binary",
            "-cades",
            "-md",
            "sha256",
            "-outform",
            "DER",
            "-in",
            text(&content),
            "-signer",
            text(&certificate),
            "-inkey",
            text(&key),
            "-out",
            text(&out),
        ];
        run("openssl", arguments).expect_success();
        std::fs::read(out).expect("read")
    };
    let bytes = create(Form::Cades, Compression::Deflated, sign);
    let path = at("signed.asice");
    std::fs::write(&path, &bytes).expect("written");
    let taken_out = at("taken out");
    run("unzip", ["-q", text(&path), "-d", text(&taken_out)]).expect_success();
    let meta_inf = taken_out.join("META-INF");
    let (signature, manifest) =
        (meta_inf.join("signature001.p7s"), meta_inf.join("ASiCManifest001.xml"));
    let verify = [
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        text(&signature),
        "-content",
        text(&manifest),
        "-CAfile",
        text(&certificate),
        "-purpose",
        "any",
        "-out",
        "/dev/null",
    ];
    run("openssl", verify).expect_success();
    // And the manifest speaks of the files that were taken out.
    let mut container: Container<_> = support::open(&bytes).expect("opened");
    assert_eq!(container.kind(), Kind::AsicE);
    let signatures = container.signatures().expect("read");
    let Covers::Manifest { file, manifest: read } = &signatures[0].covers else { panic!() };
    assert_eq!(std::fs::read(&manifest).expect("read"), read.as_bytes());
    assert!(container.coverage(file, read).expect("computed").intact());
    for name in NAMES {
        let digest = run("openssl", ["dgst", "-sha256", "-r", text(&taken_out.join(name))]);
        let printed = String::from_utf8(digest.expect_success()).expect("text");
        let name = EntryName::new(name, &Limits::documents()).expect("a name");
        let ours = container.digest(&name, DigestAlgorithm::Sha256).expect("computed");
        assert_eq!(printed.split(' ').next(), Some(hex::encode(ours.as_bytes()).as_str()));
    }
}
