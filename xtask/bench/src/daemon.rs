//! The daemon: its start, its memory, a verification, a batch, many clients.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use kyso::sign::{SignatureFormat, Task, sign_batch};
use kyso::validation::evidence::Evidence;
use kyso::validation::policy::Policy;
use kyso::validation::trust::Trust;
use kyso::verify::{Options, verify_bytes};
use kyso_testkit::softhsm;
use kyso_x509::Time;
use serde_json::json;

use crate::desk;
use crate::local::{Client, Daemon};
use crate::table::{Goal, Table};

/// Items of a batch.
const BATCH: usize = 1_000;
/// Verifications of a round.
const VERIFICATIONS: usize = 2_000;
/// Clients at once.
const CLIENTS: usize = 200;
/// Requests of each of them.
const REQUESTS: usize = 20;
/// Operations between the two looks at memory.
const OPERATIONS: usize = 10_000;
/// Operations before the first look: pools and caches are full by then.
const WARM: usize = 1_000;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let folder = desk::fresh(base.join(format!("daemon-{}", std::process::id())))?;
    let environment = desk::make(&folder)?;
    start(table, &folder, &environment)?;
    verification(table, &folder, &environment)?;
    batches(table, &folder, &environment)?;
    crowd(table, &folder, &environment)?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// A daemon with a new state folder; those of earlier rounds stay to the end, because ext4 searches long for an inode
/// where files were deleted in the last minutes.
fn daemon(folder: &Path, environment: &softhsm::Environment) -> Result<Daemon> {
    let (name, value) = environment.variable();
    let round = std::fs::read_dir(folder)?.count();
    let own = desk::fresh(folder.join(format!("daemon-{round}")))?;
    Daemon::start(&own, environment.module(), (name, value))
}

/// Start to first answer, and memory when idle.
fn start(table: &mut Table, folder: &Path, environment: &softhsm::Environment) -> Result<()> {
    table.measure("daemon: start to first answer, of 50 ms", Goal::AtMost(1.0), || {
        let daemon = daemon(folder, environment)?;
        let taken = daemon.started().as_secs_f64();
        daemon.stop()?;
        Ok((taken / 0.050, format!("{:.1} ms", taken * 1e3)))
    })?;
    table.measure("daemon: idle memory, of 20 MB", Goal::AtMost(1.0), || {
        let daemon = daemon(folder, environment)?;
        std::thread::sleep(Duration::from_millis(500));
        let idle = daemon.resident_kib()? as f64;
        daemon.client()?.get("/v1/certificates")?;
        let listed = daemon.resident_kib()? as f64;
        daemon.stop()?;
        let mb = |kib: f64| kib * 1.024e-3;
        let note = format!("{:.1} MB; {:.1} MB once certificates are listed", mb(idle), mb(listed));
        Ok((mb(idle) / 20.0, note))
    })
}

/// `POST /v1/verifications` of a small CMS against the library's call.
fn verification(
    table: &mut Table,
    folder: &Path,
    environment: &softhsm::Environment,
) -> Result<()> {
    let signed = folder.join("small.p7m");
    let arguments = ["daemon", text(folder)?, text(environment.module())?, text(&signed)?];
    desk::child(environment, &arguments)?;
    let message = std::fs::read(&signed)?;
    let title = "daemon: verification above the library's call, of 300 µs";
    table.measure(title, Goal::AtMost(1.0), || {
        let daemon = daemon(folder, environment)?;
        let mut client = daemon.client()?;
        let headers = [("Content-Type", "application/pkcs7-mime")];
        let path = "/v1/verifications?policy=integrity-only";
        let (mut library, mut socket) = (Vec::new(), Vec::new());
        for _ in 0..VERIFICATIONS {
            library.push(library_call(&message)?);
            let begun = Instant::now();
            let answer = client.call("POST", path, &headers, &message)?;
            socket.push(begun.elapsed());
            if !answer.windows(12).any(|window| window == b"TOTAL-PASSED")
                && !indeterminate(&answer)
            {
                bail!("{}", String::from_utf8_lossy(&answer));
            }
        }
        daemon.stop()?;
        let (library, socket) = (median(library), median(socket));
        let above = socket.saturating_sub(library).as_secs_f64() * 1e6;
        Ok((above / 300.0, format!("{above:.0} µs above {:.0} µs", library.as_secs_f64() * 1e6)))
    })
}

/// Without trust anchors a whole signature is INDETERMINATE; a broken one is not.
fn indeterminate(answer: &[u8]) -> bool {
    answer.windows(13).any(|window| window == b"INDETERMINATE")
}

fn library_call(message: &[u8]) -> Result<Duration> {
    let trust = Trust::default();
    let evidence = Evidence::default();
    let policy = Policy::built_in("integrity-only");
    let now = Time::from_unix_seconds(jiff::Timestamp::now().as_second());
    let options = Options {
        trust: &trust,
        evidence: &evidence,
        policy: policy.as_ref(),
        validation_time: now,
        content: None,
        paths: None,
        password: None,
    };
    let begun = Instant::now();
    let report = verify_bytes(message, "small.p7m", &options)?;
    let taken = begun.elapsed();
    std::hint::black_box(&report);
    Ok(taken)
}

/// Signs one small file into `target`, in a process that has the token's environment.
pub(crate) fn child(arguments: &[&str]) -> Result<()> {
    let [folder, module, target] = arguments else { bail!("three arguments were expected") };
    let (folder, target) = (Path::new(folder), Path::new(target));
    let source = folder.join("small.csv");
    std::fs::write(&source, "xã,số\nĐăk Hà,1\n")?;
    let journal = desk::journal(&desk::fresh(folder.join("small"))?)?;
    let signer = desk::signer(folder, module, "rsa")?;
    let format = SignatureFormat::Cades { detached: false };
    let task = Task { source, name: None, target: target.to_owned(), format, operation: None };
    for result in sign_batch(vec![task], &signer, &journal, &desk::options(1), &|_, _| {}) {
        result?;
    }
    Ok(())
}

/// A batch through the socket, from its declaration to its end with the questions between, against the bare loop over the
/// same token; both use one session.
fn batches(table: &mut Table, folder: &Path, environment: &softhsm::Environment) -> Result<()> {
    let title = format!("daemon: batch of {BATCH}, RSA-2048");
    table.measure_unwatched(title, Goal::AtLeast(0.85), || {
        let bare = desk::bare(folder, environment, "rsa", 1, BATCH)?;
        let daemon = daemon(folder, environment)?;
        let mut client = daemon.client()?;
        let begun = Instant::now();
        let items = upload(&mut client)?;
        let uploaded = begun.elapsed().as_secs_f64();
        // The worker is up and has listed the token, as in any daemon that has signed before.
        sign_one(&mut client, "warm")?;
        let begun = Instant::now();
        let request = json!({
            "items": items, "credential": format!("pkcs11:object={}", "rsa"),
            "options": { "rsa_padding": "pkcs1", "format": "cades" },
        });
        let batch = client.post_json("/v1/batches", "batch-1", &request)?;
        let path = format!("/v1/batches/{}", batch["id"].as_str().context("an id")?);
        let done = client.wait(&path, Duration::from_millis(5))?;
        let ours = begun.elapsed().as_secs_f64();
        if done["counts"]["signed"] != BATCH {
            bail!("{done}");
        }
        daemon.stop()?;
        let per_second = |seconds: f64| BATCH as f64 / seconds;
        let note = format!(
            "{:.0}/s of {:.0}/s; uploads before it {:.0} µs each",
            per_second(ours),
            per_second(bare),
            uploaded * 1e6 / BATCH as f64
        );
        Ok((bare / ours, note))
    })
}

fn upload(client: &mut Client) -> Result<Vec<serde_json::Value>> {
    (0..BATCH)
        .map(|index| {
            let text = format!("xã,số\nĐăk Hà,{index}\n");
            let (id, sha256) = client.upload(&format!("{index}.csv"), text.as_bytes())?;
            Ok(json!({ "document": id, "sha256": sha256 }))
        })
        .collect()
}

/// One signature through the socket, to its end.
fn sign_one(client: &mut Client, key: &str) -> Result<()> {
    let (document, _) = client.upload("one.csv", key.as_bytes())?;
    let request = json!({
        "document": document, "credential": "pkcs11:object=ec", "options": { "format": "cades" },
    });
    let operation = client.post_json("/v1/signatures", key, &request)?;
    let id = operation["id"].as_str().context("an id")?;
    client.wait(&format!("/v1/operations/{id}"), Duration::from_millis(1))?;
    Ok(())
}

/// Many clients at once; every request must be answered.
fn crowd(table: &mut Table, folder: &Path, environment: &softhsm::Environment) -> Result<()> {
    let title = format!("daemon: errors of {CLIENTS} clients at once");
    table.measure(title, Goal::AtMost(0.0), || {
        let daemon = daemon(folder, environment)?;
        let errors = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for number in 0..CLIENTS {
                let (errors, daemon) = (Arc::clone(&errors), &daemon);
                scope.spawn(move || {
                    let served = daemon.client().and_then(|mut client| {
                        for request in 0..REQUESTS {
                            client.get("/v1/info")?;
                            client.upload("a.csv", format!("{number} {request}").as_bytes())?;
                        }
                        Ok(())
                    });
                    errors.fetch_add(usize::from(served.is_err()), Ordering::Relaxed);
                });
            }
        });
        let taken = begun.elapsed().as_secs_f64();
        daemon.stop()?;
        let requests = CLIENTS * REQUESTS * 2;
        let note = format!("{requests} requests, {:.0}/s", requests as f64 / taken);
        Ok((errors.load(Ordering::Relaxed) as f64, note))
    })
}

/// Memory after ten thousand operations against memory after the first thousand.
pub(crate) fn memory(table: &mut Table) -> Result<()> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let folder = desk::fresh(base.join(format!("memory-{}", std::process::id())))?;
    let environment = desk::make(&folder)?;
    let title = format!("daemon: memory after {OPERATIONS} operations, of that after {WARM}");
    table.once(title, Goal::AtMost(1.1), || {
        let daemon = daemon(&folder, &environment)?;
        let mut client = daemon.client()?;
        let mut first = 0;
        for number in 0..OPERATIONS {
            if number == WARM {
                first = daemon.resident_kib()?;
            }
            sign_one(&mut client, &format!("operation-{number}"))?;
        }
        let last = daemon.resident_kib()?;
        daemon.stop()?;
        let mb = |kib: u64| kib as f64 * 1.024e-3;
        Ok((last as f64 / first as f64, format!("{:.1} MB, then {:.1} MB", mb(first), mb(last))))
    })?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a UTF-8 path")
}
