//! Reissuance in words: warnings of a certificate, what is wrong with a request, what does not fit in an answer.

use kyso_reissue::request::RequestError;
use kyso_reissue::{
    AnswerError, AnswerWarning, DnDiff, DnSyntax, DnViolation, Reason, Unit, UnitError, WhichUnit,
};
use kyso_x509::{Time, escape_for_display};

use super::sign::date;
use crate::text::Lang;

/// That a certificate expires in so many days.
#[must_use]
pub fn expiry(days: i64, not_after: Time, lang: Lang) -> String {
    let end = date(not_after);
    match days {
        ..=0 => lang.pick(
            format!("Chứng thư hết hạn hôm nay ({end})."),
            format!("The certificate expires today ({end})."),
        ),
        _ => lang.pick(
            format!(
                "Chứng thư còn hiệu lực {days} ngày, đến {end}: nên đề nghị cấp lại từ bây giờ."
            ),
            format!(
                "The certificate is valid for {days} day(s) more, until {end}: ask for a new one now."
            ),
        ),
    }
}

/// That a certificate has expired.
#[must_use]
pub fn expired(not_after: Time, lang: Lang) -> String {
    let end = date(not_after);
    lang.pick(
        format!("Chứng thư đã hết hạn ({end}): không ký được nữa."),
        format!("The certificate has expired ({end}): it cannot sign any more."),
    )
}

/// That a certificate names a unit that is not there any more.
#[must_use]
pub fn unit_dissolved(old: &Unit, successors: &[Unit], lang: Lang) -> String {
    let names = successors.iter().map(Unit::name).collect::<Vec<_>>().join(", ");
    let old = old.name();
    match successors {
        [] => lang.pick(
            format!("Chứng thư ghi {old}, đơn vị không còn tồn tại và không có đơn vị kế thừa: cần quyết định cho từng người."),
            format!("The certificate names {old}, which does not exist any more and has no successor: each person needs a decision."),
        ),
        [_] => lang.pick(
            format!("Chứng thư ghi {old}, nay là {names}: nên đề nghị cấp lại."),
            format!("The certificate names {old}, which is now {names}: ask for a new one."),
        ),
        _ => lang.pick(
            format!("Chứng thư ghi {old}, đơn vị đã được chia tách vào {names}: cần chọn đúng đơn vị rồi đề nghị cấp lại."),
            format!("The certificate names {old}, which was split over {names}: choose the right one and ask for a new certificate."),
        ),
    }
}

/// That a text in a certificate names a unit that is not there any more, and could mean several.
#[must_use]
pub fn unit_unclear(value: &str, lang: Lang) -> String {
    lang.pick(
        format!("Chứng thư ghi “{value}”: đơn vị không còn tồn tại, và tên này có thể chỉ nhiều đơn vị cũ. Cần người phụ trách xác định."),
        format!("The certificate names “{value}”, a unit that does not exist any more; the name may mean several former ones. A person must say which."),
    )
}

/// One thing that is wrong with a request.
#[must_use]
pub fn error(error: &RequestError, lang: Lang) -> String {
    match lang {
        Lang::En => error.to_string(),
        Lang::Vi => error_vi(error),
    }
}

fn error_vi(error: &RequestError) -> String {
    use RequestError as E;
    let which = |which: &WhichUnit| match which {
        WhichUnit::Old => "đơn vị cũ",
        WhichUnit::New => "đơn vị mới",
    };
    match error {
        E::Unit { which: unit, error: UnitError::Unknown { code } } => {
            format!("{}: chưa từng có đơn vị hành chính nào mang mã {code}", which(unit))
        }
        E::Unit { which: unit, error: UnitError::NotValidAt { code, date, known } } => {
            let periods: Vec<String> = known
                .iter()
                .map(|period| match period.valid_until {
                    Some(last) => {
                        format!("từ {} đến {}", period.valid_from.vietnamese(), last.vietnamese())
                    }
                    None => format!("từ {}", period.valid_from.vietnamese()),
                })
                .collect();
            format!(
                "{}: mã {code} không được dùng vào ngày {}; mã này có hiệu lực {}",
                which(unit),
                date.vietnamese(),
                periods.join("; ")
            )
        }
        E::UnitTextEmpty { which: unit } => format!("{}: tên bỏ trống", which(unit)),
        E::UnitTextTooLong { which: unit, length, limit } => {
            format!("{}: tên có {length} ký tự, tối đa {limit}", which(unit))
        }
        E::UnitTextControl { which: unit, position, character } => format!(
            "{}: ký tự thứ {} của tên là ký tự điều khiển {character:?}",
            which(unit),
            position + 1
        ),
        E::UnitMissing { which: unit, reason } => {
            format!("lý do “{}” cần nêu {}", reason.vietnamese(), which(unit))
        }
        E::SameUnit => "đơn vị cũ và đơn vị mới là một".to_owned(),
        E::NewUnitNotValid { unit, date, .. } => {
            format!("đơn vị mới: mã {} không có hiệu lực vào ngày {}", unit.code, date.vietnamese())
        }
        E::EmailMissing => "thiếu địa chỉ thư điện tử mới".to_owned(),
        E::EmailForm { .. } => "địa chỉ thư điện tử mới không đúng dạng".to_owned(),
        E::EmailUnchanged => "chứng thư đã ghi đúng địa chỉ thư điện tử này".to_owned(),
        E::RequestedSubject(error) => format!(
            "tên chủ thể đề nghị không đọc được, ở ký tự thứ {}: {}",
            error.position + 1,
            syntax_vi(&error.kind)
        ),
        E::PresentSubject(error) => format!("tên chủ thể hiện tại không dùng lại được ({error})"),
        E::Dn(violation) => format!("tên chủ thể đề nghị: {}", violation_vi(violation)),
        E::SubjectUnchanged { reason } => format!(
            "lý do “{}” phải làm tên chủ thể thay đổi, nhưng tên đề nghị vẫn như cũ: không thuộc tính nào cho biết chỗ cần đổi, nên phải nêu tên chủ thể mới",
            reason.vietnamese()
        ),
    }
}

/// What is wrong with a text that should be a distinguished name.
fn syntax_vi(kind: &DnSyntax) -> String {
    match kind {
        DnSyntax::Empty => "tên bỏ trống".to_owned(),
        DnSyntax::TooLong { length } => {
            format!("có {length} ký tự, tối đa {}", kyso_reissue::dn::MAX_TEXT_CHARS)
        }
        DnSyntax::TypeMissing => "thiếu loại thuộc tính".to_owned(),
        DnSyntax::EqualsMissing => "thiếu dấu `=` sau loại thuộc tính".to_owned(),
        DnSyntax::TypeUnknown { name } => {
            format!("không có loại thuộc tính `{}`", escape_for_display(name))
        }
        DnSyntax::Unescaped { character } => {
            format!("trong giá trị phải viết {character:?} là `\\{}`", character.escape_debug())
        }
        DnSyntax::Escape => {
            "sau `\\` phải là ký tự đặc biệt hoặc hai chữ số thập lục phân".to_owned()
        }
        DnSyntax::Utf8 { .. } => "các byte viết bằng `\\` không phải UTF-8".to_owned(),
        DnSyntax::Hex => "sau `#` phải là DER của một giá trị, viết thập lục phân".to_owned(),
        DnSyntax::Der(error) => format!("các thuộc tính không lập thành tên ({error})"),
    }
}

/// What keeps a subject from being asked for.
fn violation_vi(violation: &DnViolation) -> String {
    use kyso_reissue::dn::attribute_label as label;
    match violation {
        DnViolation::TooLong { attribute, length, limit, .. } => {
            format!("{} có {length} ký tự, tối đa {limit}", label(*attribute))
        }
        DnViolation::Empty { attribute, .. } => format!("{} bỏ trống", label(*attribute)),
        DnViolation::Control { attribute, position, character, .. } => format!(
            "ký tự thứ {} của {} là ký tự điều khiển {character:?}",
            position + 1,
            label(*attribute)
        ),
        DnViolation::Alphabet { attribute, position, character, .. } => format!(
            "ký tự thứ {} của {} là {character:?}, thuộc tính này không nhận",
            position + 1,
            label(*attribute)
        ),
        DnViolation::NotText { attribute, .. } => {
            format!("{} không phải văn bản", label(*attribute))
        }
        DnViolation::Country { found, .. } => {
            format!("C (quốc gia) là “{}”, phải là VN", escape_for_display(found))
        }
        DnViolation::EmailForm { .. } => "địa chỉ thư điện tử không đúng dạng".to_owned(),
        DnViolation::Missing { attribute } => format!("thiếu {}", label(*attribute)),
    }
}

/// The member of the request that an error is about.
#[must_use]
pub fn member(error: &RequestError) -> &'static str {
    use RequestError as E;
    let unit = |which: &WhichUnit| match which {
        WhichUnit::Old => "old_unit",
        WhichUnit::New => "new_unit",
    };
    match error {
        E::Unit { which, .. }
        | E::UnitTextEmpty { which }
        | E::UnitTextTooLong { which, .. }
        | E::UnitTextControl { which, .. }
        | E::UnitMissing { which, .. } => unit(which),
        E::SameUnit | E::NewUnitNotValid { .. } => "new_unit",
        E::EmailMissing | E::EmailForm { .. } | E::EmailUnchanged => "email",
        E::RequestedSubject(_) | E::Dn(_) | E::SubjectUnchanged { .. } => "requested_subject",
        E::PresentSubject(_) => "certificate",
    }
}

/// Why a certificate is no answer to a request.
#[must_use]
pub fn answer(error: &AnswerError, lang: Lang) -> String {
    if lang == Lang::En {
        return error.to_string();
    }
    match error {
        AnswerError::SameCertificate => "đây chính là chứng thư hiện tại".to_owned(),
        AnswerError::CertificateAuthority => {
            "đây là chứng thư của cơ quan cấp, không phải của người dùng".to_owned()
        }
        AnswerError::SubjectDiffers { diff } => {
            format!("tên chủ thể khác với tên đã đề nghị: {}", differences(diff, lang))
        }
        AnswerError::Expired { not_after, .. } => {
            format!("chứng thư đã hết hạn từ {}", date(*not_after))
        }
    }
}

/// What changes between two subjects on one line.
#[must_use]
pub fn differences(diff: &DnDiff, lang: Lang) -> String {
    changes(diff, lang).join("; ")
}

/// What changes between two subjects, attribute by attribute: `L: Kon Tum → Quảng Ngãi`.
#[must_use]
pub fn changes(diff: &DnDiff, lang: Lang) -> Vec<String> {
    let none = lang.pick("(không có)", "(none)");
    let mut parts = Vec::new();
    for attribute in diff.changes() {
        let label = kyso_reissue::dn::attribute_label(attribute.oid);
        let old = escape_for_display(attribute.change.old_value().unwrap_or(none));
        let new = escape_for_display(attribute.change.new_value().unwrap_or(none));
        parts.push(format!("{label}: {old} → {new}"));
    }
    parts
}

/// That nobody vouches for the issuer of the new certificate.
#[must_use]
pub fn answer_unanchored(lang: Lang) -> &'static str {
    lang.pick(
        "Chưa kiểm tra cơ quan cấp của chứng thư mới: chưa cấu hình chứng thư gốc tin cậy",
        "The new certificate's issuer was not checked: no trust anchors are configured",
    )
}

/// What a person should look at in an answer that stands.
#[must_use]
pub fn answer_warning(warning: &AnswerWarning, lang: Lang) -> String {
    match warning {
        AnswerWarning::IssuerChanged { before, now } => lang.pick(
            format!("Cơ quan cấp khác trước: {now} (trước: {before})"),
            format!("Another issuer than before: {now} (before: {before})"),
        ),
        AnswerWarning::NotYetValid { not_before } => lang.pick(
            format!("Chứng thư mới chỉ có hiệu lực từ {}", date(*not_before)),
            format!("The new certificate is valid only from {}", date(*not_before)),
        ),
        AnswerWarning::EndsNoLater { not_after } => lang.pick(
            format!("Chứng thư mới hết hạn không muộn hơn chứng thư cũ ({})", date(*not_after)),
            format!("The new certificate ends no later than the old one ({})", date(*not_after)),
        ),
    }
}

/// Why a certificate is to be reissued.
#[must_use]
pub fn reason(reason: Reason, lang: Lang) -> &'static str {
    lang.pick(
        reason.vietnamese(),
        match reason {
            Reason::UnitMerged => "the unit became part of another",
            Reason::UnitRenamed => "the unit has another name",
            Reason::UnitMoved => "the holder, or the unit, belongs elsewhere",
            Reason::EmailChanged => "the official e-mail address changed",
            Reason::Expiring => "the certificate expires",
            Reason::TokenLost => "the token is lost or broken",
        },
    )
}
