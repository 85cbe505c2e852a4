//! Form 04 for reading and for an administrator's list: Vietnamese text, CSV.

use core::fmt::Write as _;
use core::ops::Range;

use kyso_x509::{Civil, escape_for_display};

use super::{Form04, FormAttribute, FormChange, FormUnit, Person};
use crate::date::Date;

/// What stands where nothing was stated: a line to fill in.
const BLANK: &str = "……………………………………";

/// Vietnamese labels of the form's members, by their path in the JSON form.
const LABELS: [(&str, &str); 37] = [
    ("request", "Mã yêu cầu"),
    ("date", "Ngày yêu cầu"),
    ("agency.name", "Cơ quan, tổ chức quản lý trực tiếp"),
    ("agency.address", "Địa chỉ"),
    ("agency.tax_code", "Mã số thuế"),
    ("agency.budget_code", "Mã quan hệ ngân sách"),
    ("agency.province", "Tỉnh, thành phố"),
    ("agency.email", "Thư điện tử công vụ"),
    ("holder.name", "Họ và tên thuê bao"),
    ("holder.personal_number", "Số định danh cá nhân"),
    ("holder.personal_number_date", "Ngày cấp"),
    ("holder.personal_number_place", "Nơi cấp"),
    ("holder.position", "Chức vụ"),
    ("holder.phone", "Số điện thoại di động"),
    ("holder.email", "Thư điện tử công vụ"),
    ("holder.address", "Địa chỉ"),
    ("receiver.name", "Họ và tên người tiếp nhận"),
    ("receiver.personal_number", "Số định danh cá nhân"),
    ("receiver.personal_number_date", "Ngày cấp"),
    ("receiver.personal_number_place", "Nơi cấp"),
    ("receiver.position", "Chức vụ"),
    ("receiver.phone", "Số điện thoại di động"),
    ("receiver.email", "Thư điện tử"),
    ("receiver.address", "Địa chỉ"),
    ("certificate.serial", "Số hiệu chứng thư chữ ký số"),
    ("certificate.issuer", "Tổ chức cấp"),
    ("certificate.subject", "Chủ thể hiện tại"),
    ("certificate.not_before", "Có hiệu lực từ"),
    ("certificate.not_after", "Hết hiệu lực"),
    ("certificate.token_serial", "Số hiệu thiết bị lưu khóa bí mật"),
    ("change.reason", "Lý do"),
    ("change.legal_basis", "Căn cứ"),
    ("change.old_unit", "Đơn vị cũ"),
    ("change.new_unit", "Đơn vị mới"),
    ("change.old_email", "Thư điện tử cũ"),
    ("change.new_email", "Thư điện tử mới"),
    ("change.requested_subject", "Chủ thể đề nghị"),
];

/// The Vietnamese label of a member by its path, such as `holder.name`.
#[must_use]
pub fn label(path: &str) -> Option<&'static str> {
    LABELS.iter().find(|(known, _)| *known == path).map(|(_, label)| *label)
}

struct Page(String);

impl Page {
    fn head(&mut self, text: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "\n{text}\n");
    }

    fn line(&mut self, path: &str, value: Option<&str>) {
        let label = label(path).unwrap_or(path);
        let value = value.map_or(BLANK.into(), escape_for_display);
        let _ = writeln!(self.0, "  {label}: {value}");
    }
}

impl Form04 {
    /// The form in Vietnamese, plain text for reading and printing; what was not stated is a line to fill in.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut page = Page(String::from(
            "ĐỀ NGHỊ GIA HẠN, THAY ĐỔI NỘI DUNG THÔNG TIN CHỨNG THƯ CHỮ KÝ SỐ\n\
             (Mẫu số 04, Nghị định số 68/2024/NĐ-CP)\n\n",
        ));
        page.line("request", Some(&self.request));
        page.line("date", Some(&self.date.vietnamese()));
        let agency = &self.agency;
        page.head("I. CƠ QUAN, TỔ CHỨC QUẢN LÝ TRỰC TIẾP");
        page.line("agency.name", agency.name.as_deref());
        page.line("agency.address", agency.address.as_deref());
        page.line("agency.tax_code", agency.tax_code.as_deref());
        page.line("agency.budget_code", agency.budget_code.as_deref());
        page.line("agency.province", agency.province.as_deref());
        page.line("agency.email", agency.email.as_deref());
        page.head("II. THUÊ BAO");
        person(&mut page, "holder", &self.holder);
        page.head("III. NGƯỜI TIẾP NHẬN THIẾT BỊ LƯU KHÓA BÍ MẬT");
        person(&mut page, "receiver", &self.receiver);
        let certificate = &self.certificate;
        page.head("IV. CHỨNG THƯ CHỮ KÝ SỐ HIỆN TẠI");
        page.line("certificate.serial", Some(&certificate.serial));
        page.line("certificate.issuer", Some(&certificate.issuer));
        page.line("certificate.subject", Some(&certificate.subject));
        page.line("certificate.not_before", Some(&day(&certificate.not_before)));
        page.line("certificate.not_after", Some(&day(&certificate.not_after)));
        page.line("certificate.token_serial", certificate.token_serial.as_deref());
        let change = &self.change;
        page.head("V. NỘI DUNG ĐỀ NGHỊ");
        page.line("change.reason", Some(&change.reason_text));
        let basis = change.legal_basis.as_ref().map(|basis| {
            format!("Nghị quyết số {} ngày {}", basis.number, basis.date.vietnamese())
        });
        page.line("change.legal_basis", basis.as_deref());
        page.line("change.old_unit", change.old_unit.as_ref().map(unit).as_deref());
        page.line("change.new_unit", change.new_unit.as_ref().map(unit).as_deref());
        page.line("change.old_email", change.old_email.as_deref());
        page.line("change.new_email", change.new_email.as_deref());
        page.line("change.requested_subject", Some(&change.requested_subject));
        page.head("VI. THAY ĐỔI TỪNG THUỘC TÍNH");
        for attribute in &change.diff {
            let _ = writeln!(page.0, "  {}", attribute_line(attribute));
        }
        page.0
    }
}

fn person(page: &mut Page, who: &str, person: &Person) {
    let date = person.personal_number_date.map(Date::vietnamese);
    for (member, value) in [
        ("name", person.name.as_deref()),
        ("personal_number", person.personal_number.as_deref()),
        ("personal_number_date", date.as_deref()),
        ("personal_number_place", person.personal_number_place.as_deref()),
        ("position", person.position.as_deref()),
        ("phone", person.phone.as_deref()),
        ("email", person.email.as_deref()),
        ("address", person.address.as_deref()),
    ] {
        page.line(&format!("{who}.{member}"), value);
    }
}

/// The day in Vietnam of a moment (`YYYY-MM-DDThh:mm:ssZ`) as Vietnamese documents write it; what is none stays as it is.
fn day(moment: &str) -> String {
    let field = |at: Range<usize>| moment.get(at)?.parse().ok();
    let civil = || {
        Some(Civil {
            year: field(0..4)?,
            month: field(5..7)?,
            day: field(8..10)?,
            hour: field(11..13)?,
            minute: field(14..16)?,
            second: field(17..19)?,
        })
    };
    let time = civil().and_then(|civil| civil.to_time());
    time.and_then(Date::in_vietnam).map_or_else(|| moment.to_owned(), Date::vietnamese)
}

fn unit(unit: &FormUnit) -> String {
    let mut text = unit.name.clone();
    if let Some(province) = &unit.province
        && *province != unit.name
    {
        let _ = write!(text, ", {province}");
    }
    // When an old unit began is not known in general, when it ended is.
    let period = match (unit.valid_from, unit.valid_until) {
        (_, Some(last)) => format!("đến {}", last.vietnamese()),
        (Some(first), None) => format!("từ {}", first.vietnamese()),
        (None, None) => return text,
    };
    if let Some(code) = &unit.code {
        let _ = write!(text, " (mã {code}, {period})");
    }
    text
}

fn attribute_line(attribute: &FormAttribute) -> String {
    let value = |value: &Option<String>| {
        escape_for_display(value.as_deref().unwrap_or_default()).into_owned()
    };
    let (name, old, new) = (&attribute.attribute, value(&attribute.old), value(&attribute.new));
    match attribute.change {
        FormChange::Kept => format!("{name} (giữ nguyên): {old}"),
        FormChange::Changed => format!("{name} (thay đổi): {old} → {new}"),
        FormChange::Added => format!("{name} (thêm): {new}"),
        FormChange::Removed => format!("{name} (bỏ): {old}"),
    }
}

/// Columns of an administrator's list, as paths of members; their labels are the header.
const COLUMNS: [&str; 16] = [
    "request",
    "date",
    "certificate.serial",
    "holder.name",
    "holder.personal_number",
    "certificate.token_serial",
    "change.old_email",
    "change.new_email",
    "certificate.not_before",
    "certificate.not_after",
    "change.reason",
    "change.legal_basis",
    "change.old_unit",
    "change.new_unit",
    "agency.name",
    "change.requested_subject",
];

/// The header line of the list, without a line end (RFC 4180; write U+FEFF before it for spreadsheet programs).
#[must_use]
pub fn csv_header() -> String {
    COLUMNS.map(|path| field(label(path).unwrap_or(path))).join(",")
}

/// The form's line in the list, without a line end.
#[must_use]
pub fn csv_row(form: &Form04) -> String {
    COLUMNS.map(|path| field(&cell(form, path))).join(",")
}

fn cell(form: &Form04, path: &str) -> String {
    let (certificate, change) = (&form.certificate, &form.change);
    let value = match path {
        "request" => Some(form.request.clone()),
        "date" => Some(form.date.to_string()),
        "certificate.serial" => Some(certificate.serial.clone()),
        "holder.name" => form.holder.name.clone(),
        "holder.personal_number" => form.holder.personal_number.clone(),
        "certificate.token_serial" => certificate.token_serial.clone(),
        "change.old_email" => change.old_email.clone(),
        "change.new_email" => change.new_email.clone(),
        "certificate.not_before" => Some(certificate.not_before.clone()),
        "certificate.not_after" => Some(certificate.not_after.clone()),
        "change.reason" => Some(change.reason_text.clone()),
        "change.legal_basis" => change.legal_basis.as_ref().map(|basis| basis.number.clone()),
        "change.old_unit" => change.old_unit.as_ref().map(unit),
        "change.new_unit" => change.new_unit.as_ref().map(unit),
        "agency.name" => form.agency.name.clone(),
        "change.requested_subject" => Some(change.requested_subject.clone()),
        _ => None,
    };
    value.unwrap_or_default()
}

/// Quoted where RFC 4180 demands it; a text that a spreadsheet would run as a formula gets a `'` before it.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_label() {
        for path in COLUMNS {
            assert!(label(path).is_some(), "{path}");
        }
        // One label holds a comma of its own.
        assert_eq!(csv_header().split(',').count(), COLUMNS.len() + 1);
    }

    #[test]
    fn days_are_those_of_vietnam() {
        assert_eq!(day("2026-11-22T16:59:59Z"), "22/11/2026");
        assert_eq!(day("2026-12-31T17:00:00Z"), "01/01/2027");
        for text in ["", "2026-13-01T00:00:00Z", "một ngày"] {
            assert_eq!(day(text), text);
        }
    }

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        assert_eq!(field("A"), "A");
        assert_eq!(field("A, \"B\""), "\"A, \"\"B\"\"\"");
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("a\nb"), "\"a\nb\"");
    }
}
