//! `kyso journal`.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;

use kyso_daemon::explain::journal::{explain, summary};
use kyso_daemon::journal_view;
use kyso_journal::{
    Entry, ExportOptions, Filter, Journal, JournalError, Receipt, VerificationReport, VerifierKey,
    verify_export, verify_in_place,
};
use serde_json::{Value, json};

use crate::args::JournalCommand;
use crate::desk::Desk;
use crate::out::{say, tell};
use kyso_daemon::text::{Lang, Problem, system, unwritable};

/// Exit code where the journal, bundle or receipt does not hold.
const BROKEN: u8 = 1;

pub(crate) fn run(desk: &Desk, command: JournalCommand) -> Result<u8, Problem> {
    let lang = desk.lang();
    match command {
        JournalCommand::List { json, last } => list(desk, json.json, last),
        JournalCommand::Show { entry, json } => show(desk, entry, json.json),
        JournalCommand::Prove { entry, output } => {
            let journal = desk.journal()?;
            match output {
                Some(path) => write_receipt(&journal, entry, &path, false, lang)?,
                None => crate::out::raw(&receipt(&journal, entry, lang)?.to_string()),
            }
            Ok(0)
        }
        JournalCommand::Export { output, with_names } => export(desk, &output, with_names),
        JournalCommand::Verify { file, key, checkpoint, json } => {
            verify(desk, file.as_deref(), key.as_deref(), checkpoint.as_deref(), json.json)
        }
    }
}

fn list(desk: &Desk, as_json: bool, last: u64) -> Result<u8, Problem> {
    let lang = desk.lang();
    let path = desk.journal_path()?;
    let reader = desk.journal_reader()?;
    let explain = |error| explain(&error, path, lang);
    let (size, _) = reader.head().map_err(explain)?;
    let filter = Filter {
        from: size.saturating_sub(last),
        ..Filter::all(u32::try_from(last).unwrap_or(u32::MAX))
    };
    let entries = reader.entries(&filter).map_err(explain)?;
    if as_json {
        let rows: Vec<Value> = entries.iter().map(entry_json).collect();
        crate::out::json(&json!({ "size": size, "entries": rows }));
        return Ok(0);
    }
    for entry in &entries {
        say!("{:>6}  {}  {}", entry.leaf.sequence, time(entry.leaf.time), summary(entry, lang));
    }
    tell!("{}", lang.pick(format!("{size} mục."), format!("{size} entries.")));
    Ok(0)
}

fn show(desk: &Desk, index: u64, as_json: bool) -> Result<u8, Problem> {
    let lang = desk.lang();
    let path = desk.journal_path()?;
    let reader = desk.journal_reader()?;
    let found = reader.entry(index).map_err(|error| explain(&error, path, lang))?;
    let Some(entry) = found else {
        let (size, _) = reader.head().map_err(|error| explain(&error, path, lang))?;
        return Err(explain(&JournalError::NoSuchEntry { index, size }, path, lang));
    };
    if as_json {
        crate::out::json(&entry_json(&entry));
        return Ok(0);
    }
    say!("{}  {}", time(entry.leaf.time), summary(&entry, lang));
    if let Value::Object(fields) = entry_json(&entry) {
        for (name, value) in fields {
            match value {
                Value::String(text) => say!("  {name}: {text}"),
                Value::Null => {}
                other => say!("  {name}: {other}"),
            }
        }
    }
    Ok(0)
}

fn entry_json(entry: &Entry) -> Value {
    let mut value: Value = serde_json::from_slice(&entry.bytes).unwrap_or(Value::Null);
    if let Value::Object(fields) = &mut value {
        fields.insert("document_name".into(), json!(entry.name));
        fields.insert("ended_by".into(), json!(entry.ended_by));
        if let Some(texts) = &entry.texts {
            let plain = json!({
                "requested_subject": texts.requested_subject, "old_unit": texts.old_unit,
                "new_unit": texts.new_unit, "answer": texts.answer,
            });
            fields.insert("plain".into(), plain);
        }
        fields.insert("at".into(), json!(time(entry.leaf.time)));
    }
    value
}

fn time(micros: u64) -> String {
    i64::try_from(micros)
        .ok()
        .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok())
        .map(|time| time.to_zoned(jiff::tz::TimeZone::system()))
        .map_or_else(
            || micros.to_string(),
            |time| time.strftime("%d/%m/%Y %H:%M:%S %:z").to_string(),
        )
}

fn receipt(journal: &Journal, entry: u64, lang: Lang) -> Result<Receipt, Problem> {
    journal.prove(entry).map_err(|error| explain(&error, Path::new(""), lang))
}

/// Writes the receipt of an entry to a new file.
pub(crate) fn write_receipt(
    journal: &Journal,
    entry: u64,
    path: &Path,
    overwrite: bool,
    lang: Lang,
) -> Result<(), Problem> {
    let text = receipt(journal, entry, lang)?.to_string();
    write_new(path, overwrite, |out| out.write_all(text.as_bytes()))
        .map_err(|error| unwritable(path, &error, lang))
}

/// A file that appears whole, under a name that nothing else has.
fn write_new(
    path: &Path,
    overwrite: bool,
    fill: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut pending = kyso::output::PendingFile::create(path, overwrite)?;
    fill(pending.file())?;
    kyso::output::flush([&pending])?;
    pending.publish()
}

fn export(desk: &Desk, output: &Path, with_names: bool) -> Result<u8, Problem> {
    let lang = desk.lang();
    let journal = desk.journal()?;
    let mut pending = kyso::output::PendingFile::create(output, false)
        .map_err(|error| unwritable(output, &error, lang))?;
    let mut writer = BufWriter::new(pending.file());
    let checkpoint = journal
        .export(&mut writer, ExportOptions { names: with_names })
        .map_err(|error| explain(&error, output, lang))?;
    writer.flush().map_err(|error| unwritable(output, &error, lang))?;
    drop(writer);
    kyso::output::flush([&pending])
        .and_then(|()| pending.publish())
        .map_err(|error| unwritable(output, &error, lang))?;
    let size = checkpoint.checkpoint().size;
    say!(
        "{}",
        lang.pick(
            format!("Đã xuất {size} mục vào {}.", output.display()),
            format!("Exported {size} entries to {}.", output.display()),
        )
    );
    say!("{}: {}", lang.pick("Khóa kiểm tra", "Verifier key"), journal.reader().verifier_key());
    Ok(0)
}

fn verify(
    desk: &Desk,
    file: Option<&Path>,
    key: Option<&str>,
    checkpoint: Option<&Path>,
    as_json: bool,
) -> Result<u8, Problem> {
    let lang = desk.lang();
    let trusted = key.map(|key| parse_key(key, lang)).transpose()?;
    let earlier = checkpoint
        .map(|path| std::fs::read_to_string(path).map_err(|error| unreadable(path, &error, lang)))
        .transpose()?;
    let report = match file {
        None => {
            let path = desk.journal_path()?;
            let reader = desk.journal_reader()?;
            if trusted.as_ref().is_some_and(|key| key != reader.verifier_key()) {
                return Err(Problem::new(
                    "journal-of-another-key",
                    lang.pick("đây là nhật ký của khóa khác", "this is another key's journal"),
                    reader.verifier_key().to_string(),
                    lang.pick("kiểm tra `--key` và `--journal`", "check `--key` and `--journal`"),
                ));
            }
            verify_in_place(&reader, trusted.as_ref(), earlier.as_deref())
                .map_err(|error| explain(&error, path, lang))?
        }
        Some(path) => {
            let head = read_head(path).map_err(|error| unreadable(path, &error, lang))?;
            if head.starts_with(b"c2sp.org/tlog-proof") {
                return verify_receipt(desk, path, trusted, as_json);
            }
            let file = File::open(path).map_err(|error| unreadable(path, &error, lang))?;
            verify_export(&mut BufReader::new(file), trusted.as_ref(), earlier.as_deref())
                .map_err(|error| explain(&error, path, lang))?
        }
    };
    if as_json {
        crate::out::json(&json!(journal_view::report(&report)));
    } else {
        print_report(&report, lang);
    }
    Ok(if report.is_intact() { 0 } else { BROKEN })
}

fn verify_receipt(
    desk: &Desk,
    path: &Path,
    trusted: Option<VerifierKey>,
    as_json: bool,
) -> Result<u8, Problem> {
    let lang = desk.lang();
    // A receipt without a known key proves nothing: this journal's own key is the one at hand.
    let key = match trusted {
        Some(key) => key,
        None => desk.journal_reader()?.verifier_key().clone(),
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error, lang))?;
    let proven = text.parse::<Receipt>().and_then(|receipt| receipt.verify(&key));
    match proven {
        Ok(leaf) => {
            let (index, size) = (leaf.leaf().sequence, leaf.checkpoint().checkpoint().size);
            if as_json {
                say!("{:#}", json!({ "intact": true, "entry": index, "checkpoint_size": size }));
            } else {
                say!(
                    "{}",
                    lang.pick(
                        format!("Biên nhận đúng: mục {index} nằm trong nhật ký có {size} mục."),
                        format!(
                            "The receipt holds: entry {index} is in the journal of {size} entries."
                        ),
                    )
                );
            }
            Ok(0)
        }
        Err(error) => {
            if as_json {
                crate::out::json(&json!({ "intact": false, "error": error.to_string() }));
            } else {
                say!("{}: {error}", lang.pick("Biên nhận SAI", "The receipt does NOT hold"));
            }
            Ok(BROKEN)
        }
    }
}

fn print_report(report: &VerificationReport, lang: Lang) {
    let verdict = if report.is_intact() {
        lang.pick("Nhật ký nguyên vẹn", "The journal is intact")
    } else {
        lang.pick("Nhật ký ĐÃ BỊ SỬA hoặc hỏng", "The journal was ALTERED or damaged")
    };
    say!(
        "{verdict}: {}",
        lang.pick(
            format!(
                "{} mục, {} yêu cầu, {} đã ký, {} đã nâng mức, {} không ký được, {} bị ngắt, {} đang làm.",
                report.entries,
                report.intents,
                report.signed,
                report.extended,
                report.failed,
                report.interrupted,
                report.open
            ),
            format!(
                "{} entries, {} intents, {} signed, {} extended, {} failed, {} interrupted, {} under way.",
                report.entries,
                report.intents,
                report.signed,
                report.extended,
                report.failed,
                report.interrupted,
                report.open
            ),
        )
    );
    if !report.key_is_trusted {
        say!(
            "{}",
            lang.pick(
                "Khóa kiểm tra lấy từ chính nhật ký: nó chỉ chứng tỏ không ai sửa sau khi ký. Thêm `--key` để chắc chắn.",
                "The key was taken from the journal itself: give `--key` to know whose journal this is.",
            )
        );
    }
    if report.reissuance > 0 {
        let count = report.reissuance;
        say!(
            "{}",
            lang.pick(
                format!("{count} bước của các đề nghị cấp lại chứng thư."),
                format!("{count} steps of requests to reissue a certificate."),
            )
        );
    }
    if report.after_checkpoint > 0 {
        let count = report.after_checkpoint;
        say!(
            "{}",
            lang.pick(
                format!("{count} yêu cầu ghi sau lần niêm phong cuối, chưa có chữ ký nào bảo vệ."),
                format!("{count} intents stand behind the last signed checkpoint, under no signature yet."),
            )
        );
    }
    if report.clock_steps_back > 0 {
        let count = report.clock_steps_back;
        say!(
            "{}",
            lang.pick(
                format!("Đồng hồ máy bị lùi {count} lần."),
                format!("The machine's clock was set back {count} time(s)."),
            )
        );
    }
    for finding in &report.findings {
        say!("  - {finding}");
    }
    if report.more_findings > 0 {
        say!("  … +{}", report.more_findings);
    }
}

fn read_head(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut head = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut head)?;
    Ok(head)
}

fn parse_key(key: &str, lang: Lang) -> Result<VerifierKey, Problem> {
    key.parse().map_err(|error| {
        Problem::new(
            "verifier-key-malformed",
            lang.pick("khóa kiểm tra không hợp lệ", "the verifier key is malformed"),
            format!("{error}"),
            lang.pick(
                "chép lại dòng in ra bởi `kyso journal export`",
                "copy the line that `kyso journal export` printed",
            ),
        )
    })
}

fn unreadable(path: &Path, error: &std::io::Error, lang: Lang) -> Problem {
    Problem::new(
        "file-unreadable",
        lang.pick("không đọc được tệp", "the file cannot be read"),
        format!("{}: {}", path.display(), system(error, lang)),
        lang.pick("kiểm tra đường dẫn và quyền đọc", "check the path and its permissions"),
    )
}
