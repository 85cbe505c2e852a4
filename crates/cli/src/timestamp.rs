//! `kyso timestamp`: a time-stamp token (RFC 3161) beside a file.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use kyso::input::open_regular;
use kyso::output::{PendingFile, flush, flush_names};
use kyso::timestamp::{Stamped, stamp};
use kyso_cades::ContentDigests;
use kyso_daemon::explain::extend as explain;
use kyso_daemon::text::{Lang, Problem, system, unwritable};
use kyso_x509::DigestAlgorithm;
use serde_json::{Value, json};

use crate::args::TimestampArgs;
use crate::desk::Desk;
use crate::out::{self, say, tell};

/// Stamps and gives the exit code: 0 when every file has its token, else 2.
pub(crate) fn run(desk: &Desk, arguments: &TimestampArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    if arguments.output.is_some() && arguments.files.len() > 1 {
        return Err(Problem::new(
            "one-output-many-files",
            lang.pick("có nhiều tệp nhưng chỉ một tên đầu ra", "several files but one output name"),
            lang.pick("`-o` chỉ dùng với một tệp", "`-o` names one file"),
            lang.pick(
                "bỏ `-o`: mỗi tệp có tệp .tst bên cạnh",
                "leave `-o` out: each file gets its .tst",
            ),
        ));
    }
    let authorities = desk.config().timestamp.authorities(&arguments.tsa);
    if authorities.addresses.is_empty() {
        return Err(explain::no_authority(lang));
    }
    let fetcher = desk.config().fetch.fetcher(false, lang)?;
    let mut rows = Vec::new();
    let mut failed = false;
    for file in &arguments.files {
        let target = arguments.output.clone().unwrap_or_else(|| token_path(file));
        let made = free(&target, arguments.force, lang)
            .and_then(|()| imprint(file, lang))
            .and_then(|imprint| {
                stamp(&imprint, &authorities, &fetcher)
                    .map_err(|error| explain::time_stamp(&error, lang))
            })
            .and_then(|stamped| {
                write(&target, &stamped, arguments.force)
                    .map(|()| stamped)
                    .map_err(|error| unwritable(&target, &error, lang))
            });
        failed |= made.is_err();
        if arguments.json {
            rows.push(row(file, &target, &made));
        } else {
            say_made(file, &target, &made, lang);
        }
    }
    if arguments.json {
        out::json(&json!({ "stamped": rows }));
    }
    Ok(if failed { 2 } else { 0 })
}

/// The file's name with `.tst`.
fn token_path(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".tst");
    file.with_file_name(name)
}

/// The authority is not asked in vain.
fn free(target: &Path, overwrite: bool, lang: Lang) -> Result<(), Problem> {
    if overwrite || target.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(unwritable(target, &io::ErrorKind::AlreadyExists.into(), lang))
}

fn imprint(file: &Path, lang: Lang) -> Result<kyso_x509::Digest, Problem> {
    let algorithm = DigestAlgorithm::Sha256;
    let digests = open_regular(file)
        .map_err(io::Error::from)
        .and_then(|mut open| ContentDigests::of_reader(&[algorithm], &mut open));
    let unreadable = |why: String| {
        Problem::new(
            "unreadable",
            lang.pick("không đọc được tệp", "the file cannot be read"),
            format!("{}: {why}", file.display()),
            lang.pick("kiểm tra đường dẫn và quyền đọc", "check its path and permissions"),
        )
    };
    let digests = digests.map_err(|error| unreadable(system(&error, lang)))?;
    // It was asked for, so it is there.
    digests.find(algorithm).copied().ok_or_else(|| unreadable(String::new()))
}

fn write(target: &Path, stamped: &Stamped, overwrite: bool) -> io::Result<()> {
    let mut pending = PendingFile::create(target, overwrite)?;
    pending.file().write_all(stamped.token.as_received())?;
    flush([&pending])?;
    pending.publish()?;
    flush_names([target])
}

fn row(file: &Path, target: &Path, made: &Result<Stamped, Problem>) -> Value {
    match made {
        Ok(stamped) => {
            let info = stamped.token.info();
            json!({
                "file": file.to_string_lossy(), "output": target.to_string_lossy(),
                "time": info.gen_time().to_string(), "authority": stamped.authority,
                "serial": hex::encode(info.serial()),
            })
        }
        Err(problem) => json!({ "file": file.to_string_lossy(), "error": problem.json() }),
    }
}

fn say_made(file: &Path, target: &Path, made: &Result<Stamped, Problem>, lang: Lang) {
    let file = out::path(file);
    match made {
        Ok(stamped) => {
            let time = out::moment(&stamped.token.info().gen_time().to_string());
            let authority = out::shown(&stamped.authority);
            say!(
                "{file} → {} ({}, {authority})",
                out::path(target),
                lang.pick(format!("dấu thời gian {time}"), format!("time-stamp of {time}")),
            );
        }
        Err(problem) => tell!("{file}: {}", problem.shown(lang)),
    }
}
