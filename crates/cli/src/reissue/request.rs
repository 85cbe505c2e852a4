//! `kyso reissue request`: from a warning or from what the clerk says, shown attribute by attribute, then submitted.

use std::path::Path;

use kyso_daemon::client::Idempotency;
use kyso_protocol::{
    Certificate, CertificateWarning, Form04Person, NewReissuanceRequest, ReissuanceReason, UnitRef,
};

use super::{Clerk, agreed, certificate_of, show, stays_draft};
use crate::args::{Reason, RequestArgs};
use kyso_daemon::text::{Lang, Problem};

impl Clerk<'_> {
    pub(super) async fn request(&mut self, arguments: &RequestArgs) -> Result<u8, Problem> {
        let lang = self.lang;
        let wanted = self.wanted(arguments).await?;
        let drafted = self.remote.client.draft_reissuance(&wanted, &Idempotency::fresh()).await;
        let draft = drafted.map_err(|error| self.explain(&error))?;
        if !arguments.json.json {
            show::diff(&draft, lang);
        }
        let question = lang.pick(
            "Gửi yêu cầu này? Gõ «có» để gửi, phím khác để giữ bản nháp:",
            "Submit this request? Type “yes” to submit it, anything else keeps the draft:",
        );
        if arguments.draft || !agreed(question) {
            if !arguments.json.json {
                stays_draft(&draft.id, lang);
            }
            return self.tell(&draft.id, arguments.json.json).await;
        }
        self.submit(&draft.id).await?;
        self.tell(&draft.id, arguments.json.json).await
    }

    /// What is asked for: the warning's proposal where it is taken, and above it what was given.
    async fn wanted(&mut self, arguments: &RequestArgs) -> Result<NewReissuanceRequest, Problem> {
        let lang = self.lang;
        let given = arguments.certificate.as_deref();
        let mut wanted = if arguments.from_warning {
            self.proposal(given).await?
        } else {
            NewReissuanceRequest {
                certificate: self.certificate(given).await?,
                reason: ReissuanceReason::Expiring,
                old_unit: None,
                new_unit: None,
                email: None,
                requested_subject: None,
                person: None,
            }
        };
        if let Some(reason) = arguments.reason {
            wanted.reason = reason_of(reason);
        }
        if let Some(unit) = &arguments.old_unit {
            wanted.old_unit = Some(unit_of(unit, Side::Old, lang)?);
        }
        if let Some(unit) = &arguments.new_unit {
            wanted.new_unit = Some(unit_of(unit, Side::New, lang)?);
            // A subject that was made for another unit no longer fits.
            wanted.requested_subject = None;
        }
        wanted.email = arguments.email.clone().or(wanted.email);
        wanted.requested_subject = arguments.subject.clone().or(wanted.requested_subject);
        let person = Form04Person {
            agency: arguments.agency.clone(),
            personal_number: arguments.personal_number.clone(),
            position: arguments.position.clone(),
            phone: arguments.phone.clone(),
            address: arguments.address.clone(),
            ..Form04Person::default()
        };
        if person != Form04Person::default() {
            wanted.person = Some(person);
        }
        Ok(wanted)
    }

    /// The certificate's hash, or the certificate itself where a file is named.
    async fn certificate(&mut self, given: Option<&str>) -> Result<String, Problem> {
        match given {
            Some(hash) if is_sha256(hash) => Ok(hash.to_ascii_lowercase()),
            Some(file) => certificate_of(Path::new(file), self.lang),
            None => self.only_one(None).await.map(|certificate| certificate.sha256),
        }
    }

    /// The prefilled request of the certificate's gravest warning.
    async fn proposal(&mut self, given: Option<&str>) -> Result<NewReissuanceRequest, Problem> {
        let lang = self.lang;
        let hash = given.map(|given| is_sha256(given).then(|| given.to_ascii_lowercase()));
        let certificate = match hash {
            None => self.only_one(None).await?,
            Some(Some(hash)) => self.only_one(Some(&hash)).await?,
            Some(None) => {
                return Err(Problem::new(
                    "warning-needs-token",
                    lang.pick(
                        "cảnh báo chỉ có cho chứng thư trên token",
                        "warnings are for certificates on tokens",
                    ),
                    lang.pick(
                        "`--certificate` ở đây phải là SHA-256",
                        "`--certificate` must be a SHA-256 here",
                    ),
                    lang.pick(
                        "cắm token, hoặc bỏ `--from-warning`",
                        "insert the token, or leave `--from-warning` out",
                    ),
                ));
            }
        };
        // A unit that is gone weighs more than a date: what follows must name the new one.
        let gravest = |warning: &&CertificateWarning| warning.dissolved.is_none();
        let warning = certificate.warnings.iter().min_by_key(gravest);
        warning.map(|warning| warning.request.clone()).ok_or_else(|| {
            Problem::new(
                "no-warning",
                lang.pick(
                    "chứng thư này không có cảnh báo nào",
                    "nothing warns of this certificate",
                ),
                certificate.subject.clone(),
                lang.pick("nêu lý do bằng `--reason`", "give the reason with `--reason`"),
            )
        })
    }

    /// The certificate of this hash, or the only one there is.
    async fn only_one(&mut self, hash: Option<&str>) -> Result<Certificate, Problem> {
        let lang = self.lang;
        let listed = self.remote.client.certificates(true).await;
        let listed = listed.map_err(|error| self.explain(&error))?.certificates;
        let mut fitting: Vec<Certificate> =
            listed.into_iter().filter(|one| hash.is_none_or(|hash| one.sha256 == hash)).collect();
        if fitting.len() == 1 {
            return Ok(fitting.swap_remove(0));
        }
        Err(Problem::new(
            "certificate-unclear",
            lang.pick("không rõ là chứng thư nào", "it is not clear which certificate is meant"),
            lang.pick(
                format!("thấy {} chứng thư phù hợp", fitting.len()),
                format!("{} certificates fit", fitting.len()),
            ),
            lang.pick(
                "cắm token, hoặc nêu SHA-256 từ `kyso cert list --json`, hoặc tên tệp chứng thư",
                "insert the token, or name its SHA-256 from `kyso cert list --json`, or its file",
            ),
        ))
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const fn reason_of(reason: Reason) -> ReissuanceReason {
    match reason {
        Reason::UnitMerged => ReissuanceReason::UnitMerged,
        Reason::UnitRenamed => ReissuanceReason::UnitRenamed,
        Reason::UnitMoved => ReissuanceReason::UnitMoved,
        Reason::EmailChanged => ReissuanceReason::EmailChanged,
        Reason::Expiring => ReissuanceReason::Expiring,
        Reason::TokenLost => ReissuanceReason::TokenLost,
    }
}

/// Which of the two units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

/// `00004`, `00004@2025-07-01`, or words. A code without a day means: the old unit as it was last, the new one as it is.
fn unit_of(text: &str, side: Side, lang: Lang) -> Result<UnitRef, Problem> {
    use kyso_reissue::{Mapping, UnitCode};
    let (code, day) = match text.split_once('@') {
        Some((code, day)) => (code, Some(day)),
        None => (text, None),
    };
    if !code.bytes().all(|byte| byte.is_ascii_digit()) || code.is_empty() {
        return Ok(UnitRef::Text { text: text.to_owned() });
    }
    if let Some(day) = day {
        return Ok(UnitRef::Code { code: code.to_owned(), date: day.to_owned() });
    }
    let parsed: UnitCode = code.parse().map_err(|error| {
        Problem::new(
            "unit-unknown",
            lang.pick("mã đơn vị không hợp lệ", "this is no unit's code"),
            format!("{code}: {error}"),
            lang.pick(
                "tìm mã bằng `kyso reissue units TÊN`",
                "find it with `kyso reissue units NAME`",
            ),
        )
    })?;
    let periods = Mapping::national().periods(parsed);
    let period = match side {
        Side::Old => periods.iter().rfind(|unit| unit.valid_until.is_some()).or(periods.last()),
        Side::New => periods.last(),
    };
    match period {
        Some(unit) => {
            Ok(UnitRef::Code { code: code.to_owned(), date: unit.valid_from.to_string() })
        }
        None => Err(Problem::new(
            "unit-unknown",
            lang.pick("không có đơn vị nào mang mã này", "no unit has this code"),
            code.to_owned(),
            lang.pick(
                "tìm mã bằng `kyso reissue units TÊN`",
                "find it with `kyso reissue units NAME`",
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_alone_means_the_old_unit_as_it_was_and_the_new_one_as_it_is() {
        let date = |text, side| match unit_of(text, side, Lang::En).expect("a unit") {
            UnitRef::Code { code, date } => format!("{code}@{date}"),
            UnitRef::Text { text } => text,
        };
        // Phường Trúc Bạch until 2025-06-30, Phường Ba Đình since.
        assert_ne!(date("00004", Side::Old), "00004@2025-07-01");
        assert_eq!(date("00004", Side::New), "00004@2025-07-01");
        assert_eq!(date("00004@2024-01-01", Side::New), "00004@2024-01-01");
        assert_eq!(date("Sở Y tế", Side::New), "Sở Y tế");
        for unknown in ["99999", "123456"] {
            assert_eq!(
                unit_of(unknown, Side::New, Lang::En).expect_err("no such code").code,
                "unit-unknown"
            );
        }
    }
}
