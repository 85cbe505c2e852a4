//! `kyso trust bundle` and `kyso trust import`.

use std::path::Path;

use kyso::sign::{BatchOptions, SignatureFormat, Stop, Task, sign_batch};
use kyso::signer::{Preference, RsaScheme};
use kyso::trust::{Accepting, Bundle, SignerTrust, Store, import as install, pack};
use kyso_token::HashAlgorithm;
use kyso_x509::{CertificateList, Time};
use serde_json::json;

use crate::args::{TrustBundleArgs, TrustImportArgs};
use crate::desk::Desk;
use crate::out::{self, say, tell};
use kyso_daemon::explain::{sign as sign_problem, trust as explain};
use kyso_daemon::files;
use kyso_daemon::text::{Lang, Problem, system, unwritable};

/// Largest bundle, and largest CRL: what the library takes.
const MOST_BYTES: u64 = 256 << 20;

pub(super) fn make(desk: &Desk, arguments: &TrustBundleArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    let root = super::root(desk)?;
    let all = kyso::trust::stores(&root).map_err(|error| explain::explain(&error, lang))?;
    let stores = chosen(all, &arguments.store, lang)?;
    let mut crls = Vec::new();
    for path in &arguments.crl {
        crls.extend(lists(path, lang)?);
    }
    let signing_time = jiff::Zoned::now();
    let now = Time::from_unix_seconds(signing_time.timestamp().as_second());
    let packed = pack(&stores, &crls, now).map_err(|error| explain::bundle(&error, lang))?;
    for (left_out, why) in [
        (&packed.stale, lang.pick("đã quá hạn", "it has ended")),
        (&packed.foreign, lang.pick("không kho nào biết nơi cấp", "no store knows its issuer")),
    ] {
        for crl in left_out {
            let issuer = out::shown(&crl.issuer().to_string());
            let words =
                lang.pick("cảnh báo: bỏ danh sách thu hồi của", "warning: left out the CRL of");
            tell!("{words} {issuer}: {why}");
        }
    }
    let folder = tempfile::tempdir().map_err(|error| unwritable(&arguments.out, &error, lang))?;
    let source = folder.path().join("kyso-trust-bundle.json");
    std::fs::write(&source, &packed.json).map_err(|error| unwritable(&source, &error, lang))?;
    let task = Task {
        source,
        name: None,
        target: arguments.out.clone(),
        format: SignatureFormat::Cades { detached: false },
        operation: None,
    };
    let (signer, entry) = sign(desk, arguments, task, signing_time, now)?;
    let (certificates, crls) = (packed.certificates, packed.crls);
    if arguments.json.json {
        out::json(&json!({
            "bundle": arguments.out.to_string_lossy(), "made": now.to_string(), "signer": signer,
            "stores": stores.iter().map(|store| &store.name).collect::<Vec<_>>(),
            "certificates": certificates, "crls": crls, "journal_entry": entry,
        }));
        return Ok(0);
    }
    let path = out::path(&arguments.out);
    say!(
        "{}",
        lang.pick(
            format!("{path}: {certificates} chứng thư, {crls} danh sách thu hồi (nhật ký {entry}).\nNơi nhận kiểm tra bằng: kyso trust import {path} --signer {signer}"),
            format!("{path}: {certificates} certificate(s), {crls} CRL(s) (journal entry {entry}).\nThe receiver checks it with: kyso trust import {path} --signer {signer}"),
        )
    );
    Ok(0)
}

fn chosen(all: Vec<Store>, names: &[String], lang: Lang) -> Result<Vec<Store>, Problem> {
    let missing = names.iter().find(|name| !all.iter().any(|store| store.name == **name));
    if all.is_empty() || missing.is_some() {
        return Err(Problem::new(
            "trust-store-unknown",
            lang.pick("không có kho tin cậy đó", "there is no such trust store"),
            missing
                .cloned()
                .unwrap_or_else(|| lang.pick("chưa có kho nào", "there is none yet").to_owned()),
            lang.pick(
                "xem các kho bằng `kyso trust list`",
                "see the stores with `kyso trust list`",
            ),
        ));
    }
    let wanted = |store: &Store| names.is_empty() || names.contains(&store.name);
    Ok(all.into_iter().filter(wanted).collect())
}

/// Signs by the ordinary path, with its journal entry; gives the signer's SHA-256 and the entry.
fn sign(
    desk: &Desk,
    arguments: &TrustBundleArgs,
    task: Task,
    signing_time: jiff::Zoned,
    now: Time,
) -> Result<(String, u64), Problem> {
    let lang = desk.lang();
    let problem = |error| sign_problem::explain(&error, lang);
    let journal = desk.journal_to_sign()?;
    let chosen = desk.credential(arguments.credential.as_deref())?;
    let preference = Preference { rsa: RsaScheme::Pss, digest: HashAlgorithm::Sha256 };
    let trust = desk.signing_trust(&[], &[])?;
    let signer = chosen.open(&desk.prompt(), preference, &trust, now).map_err(problem)?;
    let fingerprint = hex::encode(signer.certificate().sha256_fingerprint().as_bytes());
    let options = BatchOptions {
        signing_time,
        requester: desk.requester(),
        consent: None,
        sessions: 1,
        overwrite: arguments.force,
        contents_size: None,
        stop: Stop::default(),
    };
    let results = sign_batch(vec![task], &signer, &journal, &options, &|_, _| ());
    if let Err(error) = signer.close() {
        tell!("{}: {error}", lang.pick("cảnh báo: không đăng xuất được", "warning: no log-out"));
    }
    let mut entry = 0;
    for result in results {
        entry = result.map_err(problem)?.receipt().entry;
    }
    Ok((fingerprint, entry))
}

pub(super) fn import(desk: &Desk, arguments: &TrustImportArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    let root = super::root(desk)?;
    let trusted = match &arguments.signer {
        Some(text) => SignerTrust::Fingerprint(super::sha256(text, lang)?),
        None => SignerTrust::Anchors {
            anchors: kyso::trust::load(&arguments.trust, None)
                .map_err(|error| explain::explain(&error, lang))?
                .trust
                .anchors()
                .cloned()
                .collect(),
            candidates: files::certificates(&desk.untrusted(&[]), lang)?,
        },
    };
    let bytes = read(&arguments.bundle, lang)?;
    let now = super::now();
    let bundle =
        Bundle::open(&bytes, &trusted, now).map_err(|error| explain::bundle(&error, lang))?;
    let accepting = Accepting { older: arguments.accept_older, stale: arguments.accept_stale };
    let imported =
        install(&root, &bundle, accepting, now).map_err(|error| explain::import(&error, lang))?;
    let signer = out::shown(&bundle.signer().subject().to_string());
    if arguments.json.json {
        let rows = imported.iter().map(|one| {
            json!({
                "store": one.store, "new_certificates": one.new_certificates,
                "new_crls": one.new_crls, "replaced_crls": one.replaced_crls,
            })
        });
        out::json(&json!({
            "made": bundle.made().to_string(), "signer": bundle.signer().subject().to_string(),
            "stores": rows.collect::<Vec<_>>(),
        }));
        return Ok(0);
    }
    say!(
        "{}",
        lang.pick(
            format!("Gói do {signer} ký, làm lúc {}.", bundle.made()),
            format!("Signed by {signer}, made {}.", bundle.made()),
        )
    );
    for one in &imported {
        let (store, certificates, crls, replaced) =
            (&one.store, one.new_certificates, one.new_crls, one.replaced_crls);
        say!(
            "{}",
            lang.pick(
                format!("Kho «{store}»: thêm {certificates} chứng thư, {crls} danh sách thu hồi; thay {replaced}."),
                format!("Store {store}: {certificates} new certificate(s), {crls} new CRL(s), {replaced} replaced."),
            )
        );
    }
    Ok(0)
}

fn lists(path: &Path, lang: Lang) -> Result<Vec<CertificateList>, Problem> {
    let bytes = read(path, lang)?;
    CertificateList::all_from_pem_or_der(&bytes)
        .map_err(|error| unreadable(path, &error.to_string(), lang))
}

fn read(path: &Path, lang: Lang) -> Result<Vec<u8>, Problem> {
    use std::io::Read as _;
    let unread = |error| unreadable(path, &system(&error, lang), lang);
    let file = std::fs::File::open(path).map_err(unread)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(unreadable(path, lang.pick("tệp quá lớn", "the file is too large"), lang));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, why: &str, lang: Lang) -> Problem {
    Problem::new(
        "trust-file-unreadable",
        lang.pick("không đọc được tệp", "the file cannot be read"),
        format!("{}: {why}", path.display()),
        lang.pick("kiểm tra đường dẫn và nội dung tệp", "check the path and what the file holds"),
    )
}
