//! Signing by the daemon: documents go there, the person is asked, the results come back under the names that
//! `--direct` would have given them.

use std::path::Path;

use kyso::sign::{SignatureFormat as Format, Task};
use kyso_daemon::client::{Fetched, Idempotency};
use kyso_protocol::{
    Batch, BatchItem, BatchItemRequest, BatchRequest, Consent, DigestChoice, Document, Info,
    Operation, RsaPadding, SignatureFormat, SignatureOptions, SignatureRequest, XmlProfile,
};

use super::{Report, Row, Signed, receipt_path};
use crate::args::{Hash, RsaPadding as Padding, SignArgs, XmlKind};
use crate::desk::Desk;
use crate::out::tell;
use crate::remote::{self, Remote};
use kyso_daemon::text::{Lang, Problem};

/// Results that are flushed to the disk together; each holds a file open until then.
const TOGETHER: usize = 256;

/// From this size on, in bytes, a document is taken back once its signed file is here; each is a durable change of the daemon's
/// tables, which for small ones costs more than the room they take until their time is over.
const WORTH_TAKING_BACK: u64 = 64 * 1024;

/// Longest name that a document may claim, in bytes.
const MOST_NAME_BYTES: usize = 255;

/// One file on its way.
struct Job<'a> {
    task: &'a Task,
    document: Option<Document>,
    ended: Option<Result<Signed, Problem>>,
}

pub(super) fn sign(
    desk: &Desk,
    arguments: &SignArgs,
    tasks: &[Task],
    hopeless: Vec<Option<Problem>>,
) -> Result<Report, Problem> {
    let lang = desk.lang();
    refuse_what_belongs_to_direct(arguments, lang)?;
    let credential = remote::credential(desk, arguments.credential.as_deref())?;
    let jobs = tasks
        .iter()
        .zip(hopeless)
        .map(|(task, problem)| Job { task, document: None, ended: problem.map(Err) })
        .collect();
    remote::run(lang, async {
        let mut remote = Remote::connect(desk).await?;
        let info = remote.info_of(desk).await?;
        let mut signing =
            Signing { remote, info, arguments, credential, jobs, warnings: Vec::new(), lang };
        signing.upload().await;
        signing.sign().await?;
        signing.tidy().await;
        Ok(signing.report())
    })
}

/// Options that only mean something where this process signs.
fn refuse_what_belongs_to_direct(arguments: &SignArgs, lang: Lang) -> Result<(), Problem> {
    let given = [
        ("--trust", !arguments.trust.is_empty()),
        ("--untrusted", !arguments.untrusted.is_empty()),
        ("--sessions", arguments.sessions != 1),
    ];
    let password = [
        ("--password-file", arguments.password.password_file.is_some()),
        ("--password-stdin", arguments.password.password_stdin),
    ];
    if let Some((name, _)) = password.into_iter().find(|(_, given)| *given) {
        return Err(remote::only_direct(
            lang.pick(
                format!("{name}: mật khẩu của tài liệu không được gửi cho dịch vụ"),
                format!("{name}: no document's password is sent to the daemon"),
            ),
            lang,
        ));
    }
    if let Some(name) = arguments.visible.given() {
        return Err(remote::only_direct(
            lang.pick(
                format!("{name}: bản này chưa gửi hình chữ ký cho dịch vụ"),
                format!("{name}: this version does not send a signature's looks to the daemon"),
            ),
            lang,
        ));
    }
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => Err(remote::only_direct(
            lang.pick(
                format!("{name} do cấu hình của dịch vụ quyết định"),
                format!("{name} is the daemon's configuration to say"),
            ),
            lang,
        )),
    }
}

struct Signing<'a> {
    remote: Remote,
    info: Info,
    arguments: &'a SignArgs,
    credential: Option<String>,
    jobs: Vec<Job<'a>>,
    warnings: Vec<String>,
    lang: Lang,
}

impl Signing<'_> {
    /// Sends every document that there is hope for; one that cannot be sent harms no other.
    async fn upload(&mut self) {
        for job in &mut self.jobs {
            if job.ended.is_some() {
                continue;
            }
            let source = &job.task.source;
            match self.remote.client.upload(source, &claimed_name(source)).await {
                Ok(document) => job.document = Some(document),
                Err(error) => job.ended = Some(Err(error.explain(self.lang))),
            }
        }
    }

    /// One document is one signature; several are batches of at most what the daemon takes at once.
    async fn sign(&mut self) -> Result<(), Problem> {
        let mut waiting: Vec<usize> = self.refuse_what_is_no_pdf();
        if let [only] = waiting[..]
            && self.jobs.len() == 1
        {
            return self.sign_one(only).await;
        }
        let most = self.info.limits.batch_items.max(1);
        while !waiting.is_empty() {
            let chunk: Vec<usize> = waiting.drain(..waiting.len().min(most)).collect();
            if let Err(problem) = self.sign_many(&chunk).await {
                if self.jobs.iter().all(|job| !matches!(job.ended, Some(Ok(_)))) {
                    return Err(problem);
                }
                // What was signed is told; the rest carries the reason.
                for index in chunk.into_iter().chain(waiting.drain(..)) {
                    self.jobs[index].ended.get_or_insert_with(|| Err(problem.clone()));
                }
            }
        }
        Ok(())
    }

    /// The jobs that were uploaded. Where PDFs and others are mixed the daemon tells them apart by their first bytes, so
    /// that a file which is a PDF by its name only must not come back as something else.
    fn refuse_what_is_no_pdf(&mut self) -> Vec<usize> {
        let mut waiting = Vec::new();
        let mixed = self.common_format().is_none();
        for (index, job) in self.jobs.iter_mut().enumerate() {
            if job.document.is_none() {
                continue;
            }
            let pades = matches!(job.task.format, Format::Pades(_));
            if mixed && pades && !super::begins_as_pdf(&job.task.source) {
                let problem = Problem::new(
                    "not-a-pdf",
                    self.lang.pick("tệp không phải PDF", "the file is no PDF"),
                    self.lang.pick(
                        "tên là .pdf nhưng nội dung thì không",
                        "its name says PDF, its first bytes do not",
                    ),
                    self.lang.pick(
                        "kiểm tra tệp, hoặc chọn `--format cades`",
                        "check the file, or choose `--format cades`",
                    ),
                );
                job.ended = Some(Err(problem));
            } else {
                waiting.push(index);
            }
        }
        waiting
    }

    /// The one format of all files that were sent, if it is one.
    fn common_format(&self) -> Option<SignatureFormat> {
        let mut formats =
            self.jobs.iter().filter(|job| job.document.is_some()).map(|job| {
                match job.task.format {
                    Format::Pades(_) => SignatureFormat::Pades,
                    Format::Cades { .. } => SignatureFormat::Cades,
                    Format::Xades(_) => SignatureFormat::Xades,
                }
            });
        let first = formats.next()?;
        formats.all(|format| format == first).then_some(first)
    }

    fn options(&self) -> SignatureOptions {
        let arguments = self.arguments;
        SignatureOptions {
            format: self.common_format(),
            level: None,
            detached: arguments.detached,
            profile: arguments.profile.map(wire_profile),
            facility: arguments.facility.clone(),
            xmldsig: arguments.xmldsig,
            rsa_padding: match arguments.rsa_padding {
                Padding::Pss => RsaPadding::Pss,
                Padding::Pkcs1 => RsaPadding::Pkcs1,
            },
            digest: match arguments.digest {
                Hash::Sha256 => DigestChoice::Sha256,
                Hash::Sha384 => DigestChoice::Sha384,
                Hash::Sha512 => DigestChoice::Sha512,
            },
            field: arguments.field.clone(),
            reason: arguments.reason.clone(),
            location: arguments.location.clone(),
        }
    }

    fn consent(&self) -> Option<Consent> {
        remote::consent(&self.info)
    }

    async fn sign_one(&mut self, index: usize) -> Result<(), Problem> {
        let Some(document) = &self.jobs[index].document else { return Ok(()) };
        let request = SignatureRequest {
            document: document.id.clone(),
            credential: self.credential.clone(),
            options: self.options(),
            consent: self.consent(),
        };
        let key = Idempotency::fresh();
        self.remote.will_ask();
        let accepted = self.remote.client.sign(&request, &key).await;
        let id = accepted.map_err(|error| error.explain(self.lang))?.id;
        let operation = self.remote.follow_operation(&id).await?;
        self.warnings.clone_from(&operation.warnings);
        remote::warn(&self.warnings, self.lang);
        self.jobs[index].ended = Some(self.fetch_one(index, &operation).await);
        Ok(())
    }

    async fn fetch_one(&mut self, index: usize, operation: &Operation) -> Result<Signed, Problem> {
        let (target, entry) = remote::result_of(operation, self.lang)?;
        let task = self.jobs[index].task;
        let path = &task.target;
        let fetched = self.remote.client.fetch(target, path, self.arguments.force, entry).await;
        let published = fetched.and_then(|file| Fetched::publish(vec![file]).swap_remove(0));
        let path = published.map_err(|error| error.explain(self.lang))?;
        let format = operation.format.clone().unwrap_or_else(|| task.format.name().to_owned());
        let unproven = self.receipt(&path, entry).await;
        Ok(Signed { path, format, entry, unproven, raised: None })
    }

    async fn sign_many(&mut self, chunk: &[usize]) -> Result<(), Problem> {
        let documents = chunk.iter().filter_map(|index| self.jobs[*index].document.as_ref());
        let request = BatchRequest {
            items: documents
                .map(|document| BatchItemRequest {
                    document: document.id.clone(),
                    sha256: document.sha256.clone(),
                })
                .collect(),
            credential: self.credential.clone(),
            options: self.options(),
            consent: self.consent(),
        };
        self.remote.will_ask();
        let accepted = self.remote.client.sign_batch(&request, &Idempotency::fresh()).await;
        let id = accepted.map_err(|error| error.explain(self.lang))?.id;
        tell!(
            "{}",
            self.lang.pick(
                format!("Lô ký {id}: nếu đóng cửa sổ này, xem tiếp bằng `kyso batch show {id}`."),
                format!(
                    "Batch {id}: should this window close, follow it with `kyso batch show {id}`."
                ),
            )
        );
        let batch = self.remote.follow_batch(&id, chunk.len(), None).await?;
        for warning in &batch.warnings {
            if !self.warnings.contains(warning) {
                remote::warn(std::slice::from_ref(warning), self.lang);
                self.warnings.push(warning.clone());
            }
        }
        self.fetch_many(&batch, chunk).await
    }

    /// Fetches what was signed; the others get their reason.
    async fn fetch_many(&mut self, batch: &Batch, chunk: &[usize]) -> Result<(), Problem> {
        if batch.counts.signed == 0
            && let Some(problem) = remote::why_ended(batch.state, batch.problem.as_ref(), self.lang)
        {
            return Err(problem);
        }
        let items = remote::all_items(&mut self.remote.client, &batch.id, self.lang).await?;
        for items in items.chunks(TOGETHER) {
            let mut fetched = Vec::new();
            for item in items {
                let Some(index) = chunk.get(item.number) else { continue };
                match self.fetch_item(item, *index).await {
                    Ok((file, entry)) => fetched.push((*index, file, entry)),
                    Err(problem) => self.jobs[*index].ended = Some(Err(problem)),
                }
            }
            let (places, files): (Vec<_>, Vec<_>) =
                fetched.into_iter().map(|(index, file, entry)| ((index, entry), file)).unzip();
            for ((index, entry), published) in places.into_iter().zip(Fetched::publish(files)) {
                let ended = match published {
                    Ok(path) => {
                        let unproven = self.receipt(&path, entry).await;
                        let format = self.jobs[index].task.format.name().to_owned();
                        Ok(Signed { path, format, entry, unproven, raised: None })
                    }
                    Err(error) => Err(error.explain(self.lang)),
                };
                self.jobs[index].ended = Some(ended);
            }
        }
        Ok(())
    }

    async fn fetch_item(
        &mut self,
        item: &BatchItem,
        index: usize,
    ) -> Result<(Fetched, u64), Problem> {
        let (target, entry) = remote::result_of_item(item, self.lang)?;
        let path = &self.jobs[index].task.target;
        let fetched = self.remote.client.fetch(target, path, self.arguments.force, entry).await;
        fetched.map(|file| (file, entry)).map_err(|error| error.explain(self.lang))
    }

    /// Writes the receipt where one is asked for, and says why it could not.
    async fn receipt(&mut self, signed: &Path, entry: u64) -> Option<Problem> {
        if !self.arguments.receipt {
            return None;
        }
        let place = receipt_path(signed);
        let client = &mut self.remote.client;
        remote::write_receipt(client, entry, &place, self.arguments.force, self.lang).await.err()
    }

    /// Takes back what the daemon need not keep any more: large documents whose signed files are here.
    async fn tidy(&mut self) {
        for job in &self.jobs {
            if let (Some(document), Some(Ok(_))) = (&job.document, &job.ended)
                && document.size >= WORTH_TAKING_BACK
            {
                // One that stays is deleted when its time is over.
                let _ = self.remote.client.delete_document(&document.id).await;
            }
        }
    }

    fn report(self) -> Report {
        let lang = self.lang;
        let rows = self.jobs.into_iter().map(|job| Row {
            source: job.task.source.clone(),
            ended: job.ended.unwrap_or_else(|| Err(remote::cancelled(lang))),
        });
        Report { rows: rows.collect(), warnings: self.warnings }
    }
}

/// The file's name as the daemon takes it: no control characters or separators, and not too long.
fn claimed_name(source: &Path) -> String {
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    let mut claimed = String::with_capacity(name.len());
    for letter in name.chars() {
        let letter = if letter.is_control() || matches!(letter, '/' | '\\') { '_' } else { letter };
        if claimed.len() + letter.len_utf8() > MOST_NAME_BYTES {
            break;
        }
        claimed.push(letter);
    }
    claimed
}

/// The kind of document as the API names it.
const fn wire_profile(kind: XmlKind) -> XmlProfile {
    match kind {
        XmlKind::Claims4750 => XmlProfile::Claims4750,
        XmlKind::Checkin => XmlProfile::Checkin,
        XmlKind::HealthCheckDoctor => XmlProfile::HealthCheckDoctor,
        XmlKind::HealthCheckHospital => XmlProfile::HealthCheckHospital,
        XmlKind::Edxml => XmlProfile::Edxml,
        XmlKind::CivilStatus => XmlProfile::CivilStatus,
        XmlKind::Plain => XmlProfile::Plain,
    }
}
