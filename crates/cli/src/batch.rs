//! `kyso batch`: looking at batches and steering them, from any terminal.

use std::path::{Path, PathBuf};

use kyso_daemon::client::{ClientError, Fetched};
use kyso_protocol::{Batch, BatchItem, ItemState, OperationState};
use serde_json::{Value, json};

use crate::args::BatchCommand;
use crate::desk::Desk;
use crate::out::{self, say, shown, tell};
use crate::remote::{self, Remote};
use crate::sign::{make_folder, receipt_path};
use kyso_daemon::text::{Lang, Problem};

pub(crate) fn run(desk: &Desk, command: BatchCommand) -> Result<u8, Problem> {
    let lang = desk.lang();
    remote::run(lang, async {
        let mut remote = Remote::connect(desk).await?;
        match command {
            BatchCommand::List { json } => list(&mut remote, json.json, lang).await,
            BatchCommand::Show { id, json } => show(&mut remote, &id, json.json, lang).await,
            BatchCommand::Pause { id } => {
                let paused = remote.client.pause_batch(&id).await;
                say_state(&paused.map_err(|error| error.explain(lang))?, lang);
                Ok(0)
            }
            BatchCommand::Cancel { id } => {
                let cancelled = remote.client.cancel_batch(&id).await;
                say_state(&cancelled.map_err(|error| error.explain(lang))?, lang);
                Ok(0)
            }
            BatchCommand::Resume { id } => resume(&mut remote, desk, &id, lang).await,
            BatchCommand::Fetch { id, out_dir, force, receipt, json } => {
                let fetch = Fetch { folder: &out_dir, force, receipt, json: json.json, lang };
                fetch.run(&mut remote, &id).await
            }
        }
    })
}

async fn list(remote: &mut Remote, as_json: bool, lang: Lang) -> Result<u8, Problem> {
    let batches = remote.client.batches().await.map_err(|error| error.explain(lang))?;
    if as_json {
        out::json(&json!({ "batches": batches }));
        return Ok(0);
    }
    if batches.is_empty() {
        tell!("{}", lang.pick("Không có lô ký nào.", "There are no batches."));
    }
    for batch in &batches {
        say_state(batch, lang);
    }
    Ok(0)
}

async fn show(remote: &mut Remote, id: &str, as_json: bool, lang: Lang) -> Result<u8, Problem> {
    let batch = remote.client.batch(id).await.map_err(|error| error.explain(lang))?;
    let items = remote::all_items(&mut remote.client, id, lang).await?;
    if as_json {
        let mut value = json!(batch);
        if let Some(members) = value.as_object_mut() {
            members.insert("items".to_owned(), json!(items));
        }
        out::json(&value);
        return Ok(0);
    }
    say_state(&batch, lang);
    for item in &items {
        let entry = item.journal.map_or_else(String::new, |at| {
            format!(", {} {}", lang.pick("nhật ký", "journal entry"), at.entry)
        });
        say!("{:>6}  {}{entry}", item.number, item_state(item.state, lang));
        if let Some(problem) = &item.problem {
            say!("        {}", shown(&problem.to_string()));
        }
    }
    if let Some(problem) = &batch.problem {
        tell!("{}", Problem::from(problem.clone()).shown(lang));
    }
    Ok(0)
}

/// Goes on, and stays until the batch ends; the signed files are fetched with `fetch`.
async fn resume(remote: &mut Remote, desk: &Desk, id: &str, lang: Lang) -> Result<u8, Problem> {
    let info = remote.info_of(desk).await?;
    let consent = remote::consent(&info);
    remote.will_ask();
    let resumed = remote.client.resume_batch(id, consent.as_ref()).await;
    let resumed = resumed.map_err(|error| error.explain(lang))?;
    let total = resumed.counts.total;
    let batch = remote.follow_batch(id, total, Some(&resumed)).await?;
    say_state(&batch, lang);
    if let Some(problem) = remote::why_ended(batch.state, batch.problem.as_ref(), lang) {
        return Err(problem);
    }
    tell!(
        "{}",
        lang.pick(
            format!("Lấy các tệp đã ký: kyso batch fetch {id} --out-dir THƯ-MỤC"),
            format!("Fetch the signed files: kyso batch fetch {id} --out-dir DIR"),
        )
    );
    Ok(if batch.counts.signed == total { 0 } else { 2 })
}

fn say_state(batch: &Batch, lang: Lang) {
    let counts = batch.counts;
    let state = state_name(batch.state, lang);
    say!(
        "{}  {}  {state}: {}",
        batch.id,
        out::moment(&batch.created_at),
        lang.pick(
            format!(
                "{}/{} đã ký, {} lỗi, {} hủy, {} còn lại",
                counts.signed, counts.total, counts.failed, counts.cancelled, counts.pending
            ),
            format!(
                "{} of {} signed, {} failed, {} cancelled, {} to be done",
                counts.signed, counts.total, counts.failed, counts.cancelled, counts.pending
            ),
        )
    );
    if let Some(words) = remote::waiting(batch.state, batch.pause, lang) {
        say!("  {words}");
        if let Some(problem) = &batch.problem {
            say!("  {}", shown(&problem.detail));
        }
    }
}

fn state_name(state: OperationState, lang: Lang) -> &'static str {
    let (vi, en) = match state {
        OperationState::Queued => ("đang chờ", "queued"),
        OperationState::WaitingForToken => ("chờ token", "waiting for the token"),
        OperationState::WaitingForConsent => ("chờ đồng ý", "waiting for consent"),
        OperationState::WaitingForPin => ("chờ mã PIN", "waiting for the PIN"),
        OperationState::Running => ("đang ký", "signing"),
        OperationState::Paused => ("tạm dừng", "paused"),
        OperationState::Succeeded => ("xong", "done"),
        OperationState::Failed => ("thất bại", "failed"),
        OperationState::Cancelled => ("đã hủy", "cancelled"),
        OperationState::Denied => ("bị từ chối", "denied"),
        OperationState::TimedOut => ("hết giờ chờ", "timed out"),
        OperationState::Interrupted => ("bị ngắt", "interrupted"),
    };
    lang.pick(vi, en)
}

fn item_state(state: ItemState, lang: Lang) -> &'static str {
    let (vi, en) = match state {
        ItemState::Pending => ("chưa ký", "to be done"),
        ItemState::Signed => ("đã ký", "signed"),
        ItemState::Failed => ("lỗi", "failed"),
        ItemState::Cancelled => ("đã hủy", "cancelled"),
    };
    lang.pick(vi, en)
}

/// Fetching the signed files of a batch whose `kyso sign` has gone.
struct Fetch<'a> {
    folder: &'a Path,
    force: bool,
    receipt: bool,
    json: bool,
    lang: Lang,
}

impl Fetch<'_> {
    async fn run(&self, remote: &mut Remote, id: &str) -> Result<u8, Problem> {
        let lang = self.lang;
        let items = remote::all_items(&mut remote.client, id, lang).await?;
        make_folder(self.folder, lang)?;
        let (mut failures, mut rows) = (0, Vec::new());
        for item in items.iter().filter(|item| item.state == ItemState::Signed) {
            match self.item(remote, item).await {
                Ok((path, entry)) if self.json => {
                    rows.push(
                        json!({ "number": item.number, "output": path, "journal_entry": entry }),
                    );
                }
                Ok((path, entry)) => {
                    let recorded = lang.pick("nhật ký", "journal entry");
                    say!("{} ({recorded} {entry})", out::path(&path));
                }
                Err(problem) => {
                    failures += 1;
                    if self.json {
                        rows.push(json!({ "number": item.number, "error": problem.json() }));
                    } else {
                        tell!("{}: {}", item.number, problem.shown(lang));
                    }
                }
            }
        }
        if self.json {
            out::json(&json!({ "fetched": rows }));
        }
        Ok(if failures == 0 { 0 } else { 2 })
    }

    async fn item(&self, remote: &mut Remote, item: &BatchItem) -> Result<(PathBuf, u64), Problem> {
        let lang = self.lang;
        let explain = |error: ClientError| error.explain(lang);
        let (target, entry) = remote::result_of_item(item, lang)?;
        let (name, format) = self.intent(remote, entry, item.number).await?;
        let path = self.folder.join(signed_name(&name, item.number, &format));
        let fetched =
            remote.client.fetch(target, &path, self.force, entry).await.map_err(explain)?;
        let path = Fetched::publish(vec![fetched]).swap_remove(0).map_err(explain)?;
        if self.receipt {
            let place = receipt_path(&path);
            remote::write_receipt(&mut remote.client, entry, &place, self.force, lang).await?;
        }
        Ok((path, entry))
    }

    /// Name and format as the intent of this outcome states them.
    async fn intent(
        &self,
        remote: &mut Remote,
        outcome: u64,
        number: usize,
    ) -> Result<(String, String), Problem> {
        let explain = |error: ClientError| error.explain(self.lang);
        let outcome = remote.client.journal_entry(outcome).await.map_err(explain)?;
        let mut intent = None;
        if let Some(index) = outcome.leaf.get("intent").and_then(Value::as_u64) {
            intent = Some(remote.client.journal_entry(index).await.map_err(explain)?);
        }
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let name = intent.as_ref().and_then(|intent| text(intent.plain.get("document_name")));
        let format = intent.as_ref().and_then(|intent| text(intent.leaf.get("format")));
        Ok((name.unwrap_or_else(|| number.to_string()), format.unwrap_or_default()))
    }
}

/// The name that `kyso sign --out-dir` gives, with the item's number before it: two documents may share a name.
fn signed_name(name: &str, number: usize, format: &str) -> String {
    let ending = match format {
        format if format.starts_with("PAdES") => "",
        format if format.ends_with("detached") => ".p7s",
        _ => ".p7m",
    };
    // The record is trusted for its hash; a name that would lead elsewhere is still only a name.
    let name = name.replace(['/', '\\'], "_");
    format!("{number:04}-{name}{ending}")
}
