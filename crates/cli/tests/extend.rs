//! `kyso extend`, `kyso timestamp` and `kyso sign --level` against an infrastructure over loopback.
#![cfg(unix)]

mod house;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use house::text;
use kyso_testkit::Subject;
use kyso_testkit::pki::{
    Clock, Fault, Hierarchy, Key, Keys, Plan, Route, Server, Template, hierarchy,
};
use serde_json::Value;

const PIN: &str = "247913";
const DAY: i64 = 86_400;

/// A desk with a key file, and the services that its certificate names.
struct World {
    folder: tempfile::TempDir,
    server: Server,
    certificate: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let now = jiff::Timestamp::now().as_second();
        let server = Server::start(Clock::System, |base| {
            Hierarchy::new(&Plan::new(now - 30 * DAY, now + 700 * DAY).served_at(base), Keys::Fresh)
        })
        .expect("a server");
        let folder = tempfile::tempdir().expect("a folder");
        let mut world = Self { folder, server, certificate: Vec::new() };
        kyso_testkit::write_secret(world.path("pin"), PIN);
        let root = world.server.hierarchy().root.pem();
        fs::write(world.path("root.pem"), root).expect("written");
        let config = format!(
            "journal = {:?}\ntrust = [{:?}]\ntrust-stores = {:?}\nlang = \"en\"\n\
             credential = \"file:{}?pin-source=file:{}\"\n\
             [fetch]\nnetworks = [\"127.0.0.0/8\"]\ncache-bytes = 0\n\
             [timestamp]\nauthorities = [{:?}]\n",
            world.path("journal/journal.sqlite"),
            world.path("root.pem"),
            world.path("no-stores"),
            world.path("key.p12").display(),
            world.path("pin").display(),
            world.server.url(Route::TimeStamping),
        );
        fs::write(world.path("config.toml"), config).expect("written");
        world.expect(&[
            "token",
            "init",
            "--label",
            "desk",
            "--file",
            "key.p12",
            "--pin-file",
            "pin",
        ]);
        world.expect(&[
            "token",
            "generate",
            "--file",
            "key.p12",
            "--pin-file",
            "pin",
            "-o",
            "spki.pem",
        ]);
        let pem = fs::read(world.path("spki.pem")).expect("the public key");
        let spki = kyso_x509::pem::decode(&pem, &["PUBLIC KEY"]).expect("PEM").swap_remove(0);
        let template =
            Template::signer(&Subject::official(), now - DAY, now + 365 * DAY).serial(77);
        let template = hierarchy::with_addresses(template, &world.server.base());
        let signer = world.server.hierarchy().authority.issue(&template, Key::public(&spki));
        let issuer = world.server.hierarchy().authority.pem();
        let chain = format!("{}{issuer}", signer.pem());
        fs::write(world.path("certificate.pem"), chain).expect("written");
        world.certificate = signer.certificate;
        world.expect(&[
            "token",
            "import",
            "--file",
            "key.p12",
            "--certificate",
            "certificate.pem",
            "--pin-file",
            "pin",
        ]);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str) {
        fs::write(self.path(name), name).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kyso"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("KYSO_CONFIG", self.path("config.toml"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_RUNTIME_DIR", self.path("runtime"))
            .env_remove("KYSO_JOURNAL")
            .env_remove("http_proxy")
            .stdin(Stdio::null());
        command
    }

    fn kyso(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("kyso runs")
    }

    #[track_caller]
    fn expect(&self, arguments: &[&str]) -> String {
        let output = self.kyso(arguments);
        assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs what must end with exit 2 and gives what it printed, JSON.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> Value {
        let output = self.kyso(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        serde_json::from_str(&text(&output.stdout)).expect("JSON")
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.expect(arguments)).expect("JSON")
    }

    #[track_caller]
    fn assert_passes(&self, file: &str, level: &str) {
        // By what the file holds alone.
        let report = self.json(&["verify", "--offline", "--json", file]);
        assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
        assert_eq!(report["signatures"][0]["level"], level, "{report:#}");
    }

    fn down(&self, is_down: bool) {
        self.server.set_fault(Route::TimeStamping, is_down.then_some(Fault::Down));
    }

    fn waiting(&self) -> Vec<Value> {
        let listed = self.json(&["extend", "--pending", "--list", "--json"]);
        listed["pending"].as_array().expect("a list").clone()
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).expect("readable")
}

#[test]
fn signing_at_a_level_gives_what_lasts() {
    let world = World::new();
    world.write("a.txt");
    world.write("b.txt");
    let signed =
        world.json(&["sign", "--direct", "--level", "LTA", "--receipt", "--json", "a.txt"]);
    let row = &signed["signed"][0];
    assert_eq!((&row["level"], &row["pending"]), (&"LTA".into(), &false.into()), "{signed:#}");
    assert_eq!(signed["warnings"], serde_json::json!([]), "the status was asked");
    world.assert_passes("a.txt.p7m", "CAdES-B-LTA");
    world.expect(&["sign", "--direct", "--level", "lt", "--detached", "b.txt"]);
    world.assert_passes("b.txt.p7s", "CAdES-B-LT");
    world.expect(&["journal", "verify", "a.txt.p7m.tlog-proof"]);
    let report = world.json(&["journal", "verify", "--json"]);
    assert_eq!((&report["signed"], &report["extended"]), (&2.into(), &2.into()), "{report:#}");
    let listed = world.expect(&["journal", "list"]);
    assert!(listed.contains("CAdES-B-LTA extension") && listed.contains("extended"), "{listed}");
    let entry = row["extension_entry"].as_u64().expect("an entry").to_string();
    assert!(world.expect(&["journal", "show", &entry]).contains("extended"));
}

#[test]
fn a_pdf_is_signed_at_the_level_that_was_asked_for() {
    let world = World::new();
    fs::write(world.path("a.pdf"), kyso_testkit::pdf::one_page("Công văn")).expect("written");
    let signed = world.json(&["sign", "--direct", "--json", "--level", "LTA", "a.pdf"]);
    assert_eq!(signed["signed"][0]["level"], "LTA", "{signed}");
    let listed = world.expect(&["journal", "list"]);
    assert!(listed.contains("PAdES-B-LTA extension") && listed.contains("extended"), "{listed}");
    let verified = world.kyso(&["verify", "--json", "a-signed.pdf"]);
    let report: serde_json::Value =
        serde_json::from_slice(&verified.stdout).expect("a JSON report");
    assert_eq!(report["signatures"][0]["level"], "PAdES-B-LTA", "{report}");
}

#[test]
fn a_level_without_an_authority_is_refused_before_anything_is_signed() {
    let world = World::new();
    world.write("a.txt");
    let config = fs::read_to_string(world.path("config.toml")).expect("readable");
    let config = config.split("[timestamp]").next().expect("a part").to_owned();
    fs::write(world.path("config.toml"), config).expect("written");
    let refused = world.kyso(&["sign", "--direct", "--level", "T", "a.txt"]);
    assert!(text(&refused.stderr).contains("--tsa"), "{}", text(&refused.stderr));
    assert!(!world.path("a.txt.p7m").exists() && !world.path("journal").exists());
}

#[test]
fn a_revoked_certificate_signs_nothing_and_an_unknown_status_is_told() {
    let world = World::new();
    world.write("a.txt");
    for route in [Route::Ocsp, Route::AuthorityCrl] {
        world.server.set_fault(route, Some(Fault::Status(503)));
    }
    let signed = world.json(&["sign", "--direct", "--json", "a.txt"]);
    let warnings = signed["warnings"].to_string();
    assert!(warnings.contains("revocation status was not checked"), "{warnings}");
    world.server.set_fault_everywhere(None);
    let now = jiff::Timestamp::now().as_second();
    world.server.revoke(&world.certificate, now - 60, None);
    let refused = world.kyso(&["sign", "--direct", "--force", "a.txt"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    for part in ["revoked", "why: ", "what to do: "] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(world.json(&["journal", "verify", "--json"])["intents"], 1);
}

#[test]
fn a_file_waits_until_an_authority_answers() {
    let world = World::new();
    for name in ["a.txt", "b.txt", "c.txt", "d.txt"] {
        world.write(name);
    }
    world.down(true);
    let signed = world.refused(&["sign", "--direct", "--level", "T", "--json", "a.txt"]);
    let row = &signed["signed"][0];
    assert_eq!((&row["level"], &row["pending"]), (&"B".into(), &true.into()), "{signed:#}");
    assert_eq!(row["level_error"]["code"], "level-pending");
    world.expect(&["sign", "--direct", "--level", "LTA", "--pending", "b.txt", "c.txt", "d.txt"]);
    world.server.set_fault(Route::TimeStamping, Some(Fault::Garbage));
    world.write("e.txt");
    world.expect(&["sign", "--direct", "--level", "T", "--pending", "--detached", "e.txt"]);
    assert_eq!(world.waiting().len(), 5);

    // Still nobody: all stay as they are.
    let before = bytes(&world.path("a.txt.p7m"));
    world.refused(&["extend", "--pending", "--json"]);
    assert_eq!(bytes(&world.path("a.txt.p7m")), before);
    assert_eq!(world.waiting()[0]["attempts"], 1);

    // Moved and changed files are named and stay on the list; the others get their level.
    world.down(false);
    fs::rename(world.path("c.txt.p7m"), world.path("moved.p7m")).expect("moved");
    fs::copy(world.path("b.txt.p7m"), world.path("d.txt.p7m")).expect("changed");
    let worked = world.refused(&["extend", "--pending", "--json"]);
    let ended = |name: &str| {
        let rows = worked["pending"].as_array().expect("rows");
        let of = |row: &&Value| row["file"].as_str().is_some_and(|file| file.ends_with(name));
        rows.iter().find(of).expect("a row").clone()
    };
    assert_eq!(ended("a.txt.p7m")["result"], "extended", "{worked:#}");
    assert_eq!(ended("e.txt.p7s")["result"], "extended", "{worked:#}");
    assert_eq!(ended("c.txt.p7m")["error"]["code"], "pending-moved");
    assert_eq!(ended("d.txt.p7m")["error"]["code"], "pending-changed");
    world.assert_passes("b.txt.p7m", "CAdES-B-LTA");
    assert_eq!(world.waiting().len(), 2);
    // What was extended by hand leaves the list; what is forgotten too.
    world.expect(&["extend", "--level", "LTA", "--in-place", "d.txt.p7m"]);
    world.expect(&["extend", "--pending", "--forget", "c.txt.p7m"]);
    assert_eq!(
        world.kyso(&["extend", "--pending", "--forget", "c.txt.p7m"]).status.code(),
        Some(2)
    );
    let worked = world.json(&["extend", "--pending", "--json"]);
    assert_eq!(worked["pending"][0]["result"], "up-to-date", "{worked:#}");
    assert_eq!(world.waiting().len(), 0);
}

#[test]
fn one_bad_file_of_a_folder_harms_no_other() {
    let world = World::new();
    fs::create_dir_all(world.path("archive/2026")).expect("folders");
    world.write("archive/a.txt");
    world.write("archive/2026/b.txt");
    world.expect(&["sign", "--direct", "archive/a.txt"]);
    world.expect(&["sign", "--direct", "--detached", "archive/2026/b.txt"]);
    fs::write(world.path("archive/foreign.p7m"), b"not signed").expect("written");
    let mut altered = bytes(&world.path("archive/a.txt.p7m"));
    let at = altered.windows(9).position(|nine| nine == b"archive/a").expect("the content");
    altered[at] ^= 1;
    fs::write(world.path("archive/altered.p7m"), &altered).expect("written");
    let rows = world.refused(&["extend", "--recursive", "archive", "--level", "LTA", "--json"]);
    let results: Vec<_> = rows["extended"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["result"].clone())
        .collect();
    assert_eq!(results, ["extended", "extended", "failed", "failed"], "{rows:#}");
    world.assert_passes("archive/a.txt.p7m", "CAdES-B-LTA");
    world.assert_passes("archive/2026/b.txt.p7s", "CAdES-B-LTA");
    assert_eq!(bytes(&world.path("archive/altered.p7m")), altered);
    assert_eq!(bytes(&world.path("archive/foreign.p7m")), b"not signed");
    let again = world.expect(&["extend", "--level", "LTA", "--in-place", "archive/a.txt.p7m"]);
    assert!(again.contains("nothing is due"), "{again}");
    // Without a place to write nothing is guessed; a file that is there is not replaced unasked.
    assert_eq!(world.kyso(&["extend", "--level", "T", "archive/a.txt.p7m"]).status.code(), Some(2));
    world.expect(&["sign", "--direct", "-o", "x.p7m", "archive/a.txt"]);
    let taken = ["extend", "--level", "T", "-o", "archive/foreign.p7m", "x.p7m"];
    assert_eq!(world.kyso(&taken).status.code(), Some(2));
    world.expect(&["extend", "--level", "T", "-o", "y.p7m", "x.p7m"]);
    assert!(bytes(&world.path("y.p7m")).len() > bytes(&world.path("x.p7m")).len());
}

#[test]
fn a_time_stamp_beside_a_file_is_read_by_openssl() {
    let world = World::new();
    world.write("a.txt");
    let before = world.path("a.txt.tst");
    world.down(true);
    assert_eq!(world.kyso(&["timestamp", "a.txt"]).status.code(), Some(2));
    assert!(!before.exists());
    world.down(false);
    let row = world.json(&["timestamp", "--json", "a.txt"]);
    assert_eq!(row["stamped"][0]["output"], "a.txt.tst", "{row:#}");
    let arguments = ["ts", "-verify", "-data", "a.txt", "-in", "a.txt.tst", "-token_in"];
    let verified = Command::new("openssl")
        .args(arguments)
        .args(["-CAfile", "root.pem"])
        .current_dir(world.folder.path())
        .output()
        .expect("openssl runs");
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    assert_eq!(world.kyso(&["timestamp", "a.txt"]).status.code(), Some(2), "the token is there");
}

#[test]
fn the_signed_pdfs_of_a_folder_are_extended_and_the_others_left() {
    let world = World::new();
    fs::create_dir_all(world.path("archive/2026")).expect("folders");
    let page = |text| kyso_testkit::pdf::one_page(text);
    fs::write(world.path("archive/a.pdf"), page("một")).expect("written");
    fs::write(world.path("archive/2026/B.PDF"), page("hai")).expect("written");
    for name in ["archive/a.pdf", "archive/2026/B.PDF"] {
        let out = format!("{}-signed.pdf", &name[..name.len() - 4]);
        world.expect(&["sign", "--direct", "-o", &out, name]);
    }
    let mut altered = bytes(&world.path("archive/a-signed.pdf"));
    let at = altered.windows(7).position(|window| window == b"/Parent").expect("an entry");
    altered[at + 1] = b'Q';
    fs::write(world.path("archive/z.pdf"), &altered).expect("written");
    let rows = world.refused(&["extend", "--recursive", "archive", "--level", "LTA", "--json"]);
    let results: Vec<_> = rows["extended"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["result"].clone())
        .collect();
    assert_eq!(results, ["extended", "extended", "failed"], "{rows:#}");
    for name in ["archive/a-signed.pdf", "archive/2026/B-signed.pdf"] {
        world.assert_passes(name, "PAdES-B-LTA");
    }
    assert_eq!(bytes(&world.path("archive/a.pdf")), page("một"));
    assert_eq!(bytes(&world.path("archive/z.pdf")), altered);
    // Who names a file means it.
    let named = ["extend", "--level", "T", "--in-place", "archive/a.pdf"];
    assert_eq!(world.kyso(&named).status.code(), Some(2));
    fs::remove_file(world.path("archive/z.pdf")).expect("removed");
    let again = world.json(&["extend", "--recursive", "archive", "--level", "LTA", "--json"]);
    let due: Vec<_> = again["extended"].as_array().expect("rows").iter().collect();
    assert!(due.iter().all(|row| row["result"] == "up-to-date"), "{again:#}");
    assert_eq!(due.len(), 2, "{again:#}");
}

#[test]
fn a_pdf_waits_until_an_authority_answers() {
    let world = World::new();
    fs::write(world.path("a.pdf"), kyso_testkit::pdf::one_page("chờ")).expect("written");
    world.down(true);
    world.expect(&["sign", "--direct", "--level", "LTA", "--pending", "a.pdf"]);
    let before = bytes(&world.path("a-signed.pdf"));
    world.refused(&["extend", "--pending", "--json"]);
    assert_eq!(bytes(&world.path("a-signed.pdf")), before);
    world.down(false);
    let told = world.expect(&["extend", "--pending"]);
    assert!(told.contains("PAdES-B-LTA"), "{told}");
    world.assert_passes("a-signed.pdf", "PAdES-B-LTA");
    assert_eq!(world.waiting().len(), 0);
}

#[test]
fn a_kill_leaves_the_original_or_the_extended_file() {
    let world = World::new();
    world.write("a.txt");
    world.expect(&["sign", "--direct", "a.txt"]);
    let file = world.path("a.txt.p7m");
    let original = bytes(&file);
    // The authority is slow, so that the kill meets every step; then it answers, and any moment may be met.
    for (number, millis) in [(0, 50), (1, 150), (2, 400), (3, 800), (4, 1600)] {
        fs::write(&file, &original).expect("written");
        world
            .server
            .set_fault(Route::TimeStamping, Some(Fault::Slow(Duration::from_millis(100 * number))));
        let mut child = world
            .command(&["extend", "--level", "LTA", "--in-place", "a.txt.p7m"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("kyso runs");
        std::thread::sleep(Duration::from_millis(millis));
        let _ = child.kill();
        let _ = child.wait();
        if bytes(&file) != original {
            world.assert_passes("a.txt.p7m", "CAdES-B-LTA");
        }
        let names = fs::read_dir(world.folder.path()).expect("a folder").flatten();
        let left = names.filter(|one| one.file_name().to_string_lossy().starts_with(".kyso-"));
        assert_eq!(left.count(), 0, "no half file is left");
    }
    world.server.set_fault(Route::TimeStamping, None);
    fs::write(&file, &original).expect("written");
    world.expect(&["extend", "--level", "LTA", "--in-place", "a.txt.p7m"]);
    world.assert_passes("a.txt.p7m", "CAdES-B-LTA");
    // Every act that was begun has its end in the journal.
    let report = world.json(&["journal", "verify", "--json"]);
    let of = |name: &str| report[name].as_u64().unwrap_or_default();
    assert_eq!(of("intents"), of("signed") + of("extended") + of("failed") + of("interrupted"));
    assert_eq!(of("open"), 0, "{report:#}");
}

#[test]
fn a_kill_leaves_the_original_or_the_extended_pdf() {
    let world = World::new();
    fs::write(world.path("a.pdf"), kyso_testkit::pdf::one_page("đứt đoạn")).expect("written");
    world.expect(&["sign", "--direct", "a.pdf"]);
    let file = world.path("a-signed.pdf");
    let original = bytes(&file);
    let mut cut_short = 0;
    // As above; an act of PDFs asks twice for a time-stamp and writes its copy in three steps.
    for round in 0..12_u64 {
        fs::write(&file, &original).expect("written");
        let slow = Fault::Slow(Duration::from_millis(60 * (round % 4)));
        world.server.set_fault(Route::TimeStamping, Some(slow));
        let mut child = world
            .command(&["extend", "--level", "LTA", "--in-place", "a-signed.pdf"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("kyso runs");
        std::thread::sleep(Duration::from_millis(40 + 110 * round));
        let _ = child.kill();
        let _ = child.wait();
        if bytes(&file) == original {
            cut_short += 1;
        } else {
            world.assert_passes("a-signed.pdf", "PAdES-B-LTA");
        }
        let names = fs::read_dir(world.folder.path()).expect("a folder").flatten();
        let left = names.filter(|one| one.file_name().to_string_lossy().starts_with(".kyso-"));
        assert_eq!(left.count(), 0, "no half file is left");
    }
    assert!(cut_short > 0, "no kill came in time: the test proves nothing");
    world.server.set_fault(Route::TimeStamping, None);
    fs::write(&file, &original).expect("written");
    world.expect(&["extend", "--level", "LTA", "--in-place", "a-signed.pdf"]);
    world.assert_passes("a-signed.pdf", "PAdES-B-LTA");
    let report = world.json(&["journal", "verify", "--json"]);
    assert_eq!(report["open"], 0, "{report:#}");
}

/// Its greatest memory in KiB, asked for as long as it runs.
#[cfg(target_os = "linux")]
fn most_memory(child: &mut std::process::Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().expect("a state").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let found = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(found.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_pdf_is_extended_in_little_memory() {
    const MEGABYTES: usize = 64;
    let world = World::new();
    let page = kyso_testkit::pdf::one_page("dài");
    let at = page.windows(4).rposition(|four| four == b"xref").expect("a table") - 5;
    let table = page[..at].windows(5).rposition(|five| five == b"\nxref").expect("a table") + 1;
    // A stream that nothing refers to, between the objects and their table.
    let data = vec![b'7'; MEGABYTES << 20];
    let head = format!("9 0 obj\n<< /Length {} >>\nstream\n", data.len());
    let body = [&page[..table], head.as_bytes(), &data, b"\nendstream\nendobj\n"].concat();
    let tail = String::from_utf8(page[table..].to_vec()).expect("text");
    let tail =
        tail.replace(&format!("startxref\n{table}\n"), &format!("startxref\n{}\n", body.len()));
    fs::write(world.path("large.pdf"), [&body, tail.as_bytes()].concat()).expect("written");
    drop((body, data));
    fs::write(world.path("small.pdf"), &page).expect("written");
    let [small, large] = ["small", "large"].map(|name| {
        world.expect(&["sign", "--direct", &format!("{name}.pdf")]);
        let file = format!("{name}-signed.pdf");
        let mut child = world
            .command(&["extend", "--level", "LTA", "--in-place", &file])
            .stdout(Stdio::null())
            .spawn()
            .expect("kyso runs");
        let most = most_memory(&mut child);
        assert!(child.wait().expect("an end").success());
        world.assert_passes(&file, "PAdES-B-LTA");
        most
    });
    println!("{small} KiB, of {MEGABYTES} MiB {large} KiB");
    // What an unoptimised program takes is not what counts; that it takes no more for a longer file is.
    assert!(small > 0 && large < small + 4 * 1024, "{small} KiB, {large} KiB");
}
