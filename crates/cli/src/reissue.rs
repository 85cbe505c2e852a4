//! `kyso reissue`: requests to have a certificate reissued, made, agreed to, exported and answered at the daemon.

mod request;
mod show;
mod units;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kyso_daemon::client::{ClientError, Fetched, Idempotency};
use kyso_daemon::files;
use kyso_protocol::{
    AnswerRequest, ExportRequest, Operation, ReissuanceRequest, ReissuanceTransition, SubmitRequest,
};
use kyso_x509::Certificate;
use serde_json::json;

use crate::args::{FormFormat, ReissueCommand};
use crate::desk::Desk;
use crate::out::{self, say, tell};
use crate::remote::{self, Remote};
use crate::sign::receipt_path;
use kyso_daemon::text::{Lang, Problem};

pub(crate) fn run(desk: &Desk, command: ReissueCommand) -> Result<u8, Problem> {
    let lang = desk.lang();
    if let ReissueCommand::Units { search, all, json } = &command {
        // The mapping is in the program: nobody need be asked.
        return Ok(units::search(search, *all, json.json, lang));
    }
    remote::run(lang, async {
        let clerk = Clerk { remote: Remote::connect(desk).await?, desk, lang };
        clerk.run(command).await
    })
}

/// One command's work at the daemon.
struct Clerk<'a> {
    remote: Remote,
    desk: &'a Desk,
    lang: Lang,
}

impl Clerk<'_> {
    async fn run(mut self, command: ReissueCommand) -> Result<u8, Problem> {
        let lang = self.lang;
        match command {
            ReissueCommand::Request(arguments) => self.request(&arguments).await,
            ReissueCommand::List { json } => {
                let list = self.remote.client.reissuance_requests().await;
                let list = list.map_err(|error| self.explain(&error))?;
                show::list(&list, json.json, lang);
                Ok(0)
            }
            ReissueCommand::Show { id, json } => {
                let request = self.load(&id).await?;
                show::one(&request, json.json, lang);
                Ok(0)
            }
            ReissueCommand::Submit { id, json } => {
                let request = self.load(&id).await?;
                if !json.json {
                    show::diff(&request, lang);
                }
                self.submit(&id).await?;
                self.tell(&id, json.json).await
            }
            ReissueCommand::Export { id, output, credential, force, receipt, json } => {
                let entry = self.export(&id, &output, credential.as_deref(), force).await?;
                if receipt {
                    let place = receipt_path(&output);
                    let client = &mut self.remote.client;
                    remote::write_receipt(client, entry, &place, force, lang).await?;
                }
                if json.json {
                    let place = output.to_string_lossy();
                    out::json(&json!({ "id": id, "output": place, "journal_entry": entry }));
                } else {
                    let recorded = lang.pick("nhật ký", "journal entry");
                    say!("{id} → {} ({recorded} {entry})", out::path(&output));
                }
                Ok(0)
            }
            ReissueCommand::Form04 { id, format } => {
                let format = match format {
                    FormFormat::Text => "text",
                    FormFormat::Json => "json",
                    FormFormat::Csv => "csv",
                };
                let form = self.remote.client.form04(&id, format).await;
                let form = form.map_err(|error| self.explain(&error))?;
                // Line by line: the holder's texts are foreign.
                form.lines().for_each(|line| say!("{}", out::shown(line)));
                Ok(0)
            }
            ReissueCommand::Answer { id, certificate, refused, json } => {
                let answer = match (certificate, refused) {
                    (Some(file), _) => {
                        AnswerRequest::Issued { certificate: chain_of(&file, lang)? }
                    }
                    (None, reason) => AnswerRequest::Refused { reason: reason.unwrap_or_default() },
                };
                let key = Idempotency::fresh();
                let answered = self.remote.client.answer_reissuance(&id, &answer, &key).await;
                answered.map_err(|error| self.explain(&error))?;
                self.tell(&id, json.json).await
            }
            ReissueCommand::Cancel { id, json } => {
                let key = Idempotency::fresh();
                let withdrawn = self.remote.client.withdraw_reissuance(&id, &key).await;
                withdrawn.map_err(|error| self.explain(&error))?;
                self.tell(&id, json.json).await
            }
            ReissueCommand::Units { search, all, json } => {
                Ok(units::search(&search, all, json.json, lang))
            }
        }
    }

    fn explain(&self, error: &ClientError) -> Problem {
        error.explain(self.lang)
    }

    async fn load(&mut self, id: &str) -> Result<ReissuanceRequest, Problem> {
        let request = self.remote.client.reissuance(id).await;
        request.map_err(|error| self.explain(&error))
    }

    /// Says where a request is now.
    async fn tell(&mut self, id: &str, as_json: bool) -> Result<u8, Problem> {
        let request = self.load(id).await?;
        if as_json {
            out::json(&json!(request));
        } else {
            show::line(&request, self.lang);
        }
        Ok(0)
    }

    /// Asks the holder to agree.
    async fn submit(&mut self, id: &str) -> Result<(), Problem> {
        let info = self.remote.info_of(self.desk).await?;
        let request = SubmitRequest { consent: remote::consent(&info) };
        self.remote.will_ask();
        let accepted =
            self.remote.client.submit_reissuance(id, &request, &Idempotency::fresh()).await;
        let accepted = accepted.map_err(|error| self.explain(&error))?;
        let ended = self.remote.follow_operation(&accepted.id).await?;
        remote::warn(&ended.warnings, self.lang);
        remote::why_ended(ended.state, ended.problem.as_ref(), self.lang).map_or(Ok(()), Err)
    }

    /// Has Form 04 signed and writes the file; gives the entry of the transition.
    async fn export(
        &mut self,
        id: &str,
        output: &Path,
        credential: Option<&str>,
        force: bool,
    ) -> Result<u64, Problem> {
        let info = self.remote.info_of(self.desk).await?;
        let credential = match credential {
            Some(named) => remote::credential(self.desk, Some(named))?,
            None => None,
        };
        let request = ExportRequest { credential, consent: remote::consent(&info) };
        self.remote.will_ask();
        let accepted =
            self.remote.client.export_reissuance(id, &request, &Idempotency::fresh()).await;
        let accepted = accepted.map_err(|error| self.explain(&error))?;
        let ended: Operation = self.remote.follow_operation(&accepted.id).await?;
        remote::warn(&ended.warnings, self.lang);
        let (target, entry) = remote::result_of(&ended, self.lang)?;
        let fetched = self.remote.client.fetch(target, output, force, entry).await;
        let published = fetched.and_then(|file| Fetched::publish(vec![file]).swap_remove(0));
        published.map_err(|error| self.explain(&error))?;
        // The record of the export itself stands in the request's history.
        let request = self.load(id).await?;
        let exported = |event: &&kyso_protocol::ReissuanceEvent| {
            event.transition == ReissuanceTransition::Exported
        };
        Ok(request.history.iter().rev().find(exported).map_or(entry, |event| event.journal_entry))
    }
}

/// A certificate from a file, as the API takes it: DER in base64.
fn certificate_of(file: &Path, lang: Lang) -> Result<String, Problem> {
    Ok(STANDARD.encode(certificates_of(file, lang)?[0].as_der()))
}

/// All certificates of a file in PEM, in their order: what was issued often comes with its issuers.
fn chain_of(file: &Path, lang: Lang) -> Result<String, Problem> {
    let pem = |certificate: &Certificate| {
        let body = STANDARD.encode(certificate.as_der());
        let lines: Vec<&str> =
            body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    Ok(certificates_of(file, lang)?.iter().map(pem).collect())
}

/// The certificates of a file, at least one.
fn certificates_of(file: &Path, lang: Lang) -> Result<Vec<Certificate>, Problem> {
    let found = files::certificates(&[file.to_path_buf()], lang)?;
    if !found.is_empty() {
        return Ok(found);
    }
    Err(Problem::new(
        "certificate-file-unreadable",
        lang.pick("không đọc được tệp chứng thư", "a certificate file cannot be read"),
        file.display().to_string(),
        lang.pick("tệp phải chứa một chứng thư X.509", "it must hold an X.509 certificate"),
    ))
}

/// Asks on the terminal; without one the answer is no, so that nothing is submitted unseen.
fn agreed(question: &str) -> bool {
    use std::io::{BufRead as _, IsTerminal as _, Write as _};
    if !std::io::stdin().is_terminal() {
        return false;
    }
    eprint!("{question} ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    let answer = answer.trim().to_lowercase();
    read.is_ok() && ["c", "có", "co\u{301}", "y", "yes"].contains(&answer.as_str())
}

/// Says that a draft stays a draft.
fn stays_draft(id: &str, lang: Lang) {
    tell!(
        "{}",
        lang.pick(
            format!("Đã lưu bản nháp {id}; gửi bằng `kyso reissue submit {id}`."),
            format!("Kept as the draft {id}; submit it with `kyso reissue submit {id}`."),
        )
    );
}
