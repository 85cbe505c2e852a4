//! `kyso cert validate`: a certificate's path and revocation status.

use std::path::Path;

use kyso::certificate::{self, CertificateReport, Options, Usage};
use kyso::gather::gather;
use kyso_daemon::explain::verify as explain;
use kyso_daemon::files;
use kyso_daemon::report;
use kyso_daemon::text::{Lang, Problem};
use kyso_validation::attempt::Attempt;
use kyso_validation::evidence::Evidence;
use serde_json::json;

use crate::args::{CertUsage, CertValidateArgs};
use crate::desk::Desk;
use crate::judging::{self, Judgement, OPERATIONAL, PASSED, exit_code, worse};
use crate::out::{self, tell};

/// Most rounds of fetching: a chain of four certificates, each found by the one before, and their status.
const MOST_ROUNDS: usize = 8;

pub(crate) fn run(desk: &Desk, arguments: &CertValidateArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    let judgement = Judgement::of(desk, &arguments.judging)?;
    let usage = match arguments.usage {
        CertUsage::DocumentSigning => Usage::DocumentSigning,
        CertUsage::Any => Usage::Any,
    };
    let mut worst = PASSED;
    let mut rows = Vec::new();
    for file in &arguments.files {
        let spinner = judging::spinner(lang);
        let validated = one(file, &judgement, usage, lang);
        spinner.finish_and_clear();
        match validated {
            Ok((report, attempts)) => {
                worst = worse(worst, exit_code(report.indication));
                let name = file.to_string_lossy();
                if arguments.judging.json {
                    let row =
                        report::certificate::validation(&name, &report, usage, &attempts, lang);
                    rows.push(json!(row));
                } else {
                    out::raw(&report::certificate::text(&name, &report, &attempts, lang));
                }
            }
            Err(problem) => {
                worst = worse(worst, OPERATIONAL);
                if arguments.judging.json {
                    rows.push(json!({
                        "file": file.to_string_lossy(), "indication": null, "sub_indication": null,
                        "error": problem.json(),
                    }));
                } else {
                    tell!("{}", problem.shown(lang));
                }
            }
        }
    }
    if arguments.judging.json {
        judging::print_rows(rows, arguments.files.len(), worst);
    }
    Ok(worst)
}

fn one(
    file: &Path,
    judgement: &Judgement,
    usage: Usage,
    lang: Lang,
) -> Result<(CertificateReport, Vec<Attempt>), Problem> {
    let mut found = files::certificates(&[file.to_path_buf()], lang)?.into_iter();
    let Some(certificate) = found.next() else {
        return Err(explain::no_certificate(file, lang));
    };
    let mut evidence = judgement.evidence.clone();
    evidence.certificates.extend(found);
    let judge = |evidence: &Evidence| {
        let options = Options {
            trust: &judgement.trust,
            evidence,
            policy: judgement.policy.as_ref(),
            usage,
            validation_time: judgement.validation_time,
        };
        certificate::validate(&certificate, &options)
    };
    let Some(fetcher) = &judgement.fetcher else {
        return Ok((judge(&evidence), Vec::new()));
    };
    let needs = |report: &CertificateReport| report.needs.clone();
    let gathered = gather(fetcher, judgement.now, evidence, MOST_ROUNDS, judge, needs);
    Ok((gathered.result, gathered.attempts))
}
