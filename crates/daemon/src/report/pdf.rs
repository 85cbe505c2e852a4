//! The report as a page to hand over: A4, one page for one signature, further pages where there is more to say.
//!
//! Text and lines only, drawn with an embedded subset of Tinos. A pure function of its arguments: the same report gives
//! the same bytes, and nothing in it comes from the machine.

mod sheet;

use std::fmt;

use kyso::indication::Indication;
use kyso::report::FileReport;
use kyso_appearance::FontDamaged;
use kyso_x509::{Digest, escape_for_display};

use super::facts::{self, SignatureFacts, Weight};
use super::moment::moment;
use crate::text::Lang;
use sheet::{Color, Sheet, Style};

/// Which file was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedFile {
    /// SHA-256 of the whole file.
    pub sha256: Digest,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PdfReportError {
    /// The embedded font cannot be read or made smaller: a defect of this build.
    Font(FontDamaged),
}

impl From<FontDamaged> for PdfReportError {
    fn from(error: FontDamaged) -> Self {
        Self::Font(error)
    }
}

impl fmt::Display for PdfReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Font(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PdfReportError {}

const BLACK: Color = Color(0.0, 0.0, 0.0);
const GREY: Color = Color(0.35, 0.35, 0.35);
const GREEN: Color = Color(0.07, 0.42, 0.18);
const RED: Color = Color(0.68, 0.08, 0.08);
const AMBER: Color = Color(0.66, 0.38, 0.0);

/// Body text; Decree 30/2020 prints signature details in size 10.
const BODY: Style = Style { bold: false, size: 10.0, color: BLACK };
const LABEL: Style = Style { bold: false, size: 10.0, color: GREY };

/// The report of a file as PDF.
///
/// # Errors
/// [`PdfReportError`] where the font in this program is damaged.
pub fn of_file(
    report: &FileReport,
    file: &VerifiedFile,
    lang: Lang,
) -> Result<Vec<u8>, PdfReportError> {
    let title = lang.pick("BÁO CÁO KIỂM TRA CHỮ KÝ SỐ", "SIGNATURE VALIDATION REPORT");
    let mut sheet = Sheet::new()?;
    sheet.centred(title, Style { bold: true, size: 16.0, color: BLACK });
    sheet.space(8.0);
    band(&mut sheet, report, lang);
    sheet.space(8.0);
    identity(&mut sheet, report, file, lang);
    for one in &report.signatures {
        signature(&mut sheet, &facts::signature(one, report, lang), lang);
    }
    for line in facts::attempts(report, lang) {
        sheet.row(lang.pick("Đã hỏi", "Asked"), &line, LABEL, BODY);
    }
    closing(&mut sheet, report, lang);
    let page = lang.pick("trang", "page");
    let footer = format!("kyso {} · SHA-256 {}", env!("CARGO_PKG_VERSION"), hex(file));
    sheet.finish(title, lang, report.validation_time, |number, count| {
        (footer.clone(), format!("{page} {number}/{count}"))
    })
}

/// The verdict, in a colour and in words.
fn band(sheet: &mut Sheet, report: &FileReport, lang: Lang) {
    let color = color(report.indication);
    let text = facts::headline(report, lang);
    sheet.band(&capitalized(&text), color, Style { bold: true, size: 13.0, color: BLACK });
}

fn identity(sheet: &mut Sheet, report: &FileReport, file: &VerifiedFile, lang: Lang) {
    let name = report.file.file_name().unwrap_or(report.file.as_os_str()).to_string_lossy();
    let rows = [
        (lang.pick("Tệp", "File"), escape_for_display(&name).into_owned()),
        (
            lang.pick("Định dạng", "Format"),
            format!("{}, {} byte", report.format.as_str(), file.bytes),
        ),
        (lang.pick("Mã băm của tệp", "Hash of the file"), format!("SHA-256: {}", hex(file))),
        (lang.pick("Kiểm tra lúc", "Validated at"), moment(report.validation_time)),
        (lang.pick("Số chữ ký", "Signatures"), report.signatures.len().to_string()),
    ];
    for (label, value) in rows {
        sheet.row(label, &value, LABEL, BODY);
    }
}

fn signature(sheet: &mut Sheet, one: &SignatureFacts, lang: Lang) {
    sheet.space(10.0);
    sheet.keep_together(80.0);
    let bold = Style { bold: true, size: 11.5, color: color(one.indication) };
    sheet.rule();
    sheet.paragraph(&one.title, bold);
    sheet.paragraph(&one.verdict, Style { bold: true, ..BODY });
    sheet.space(3.0);
    for remark in &one.remarks {
        let (label, color) = match remark.weight {
            Weight::Error => (lang.pick("Lý do", "Reason"), RED),
            Weight::Warning => (lang.pick("Lưu ý", "Note"), AMBER),
            Weight::Need => (lang.pick("Còn thiếu", "Missing"), AMBER),
        };
        let bold = Style { bold: true, color, ..LABEL };
        sheet.row(label, &remark.text, bold, BODY);
    }
    for fact in &one.facts {
        let mut lines = fact.lines.iter();
        if let Some(first) = lines.next() {
            sheet.row(&fact.label, first, LABEL, BODY);
        }
        lines.for_each(|line| sheet.row("", line, LABEL, BODY));
    }
}

/// What this paper is and is not.
fn closing(sheet: &mut Sheet, report: &FileReport, lang: Lang) {
    sheet.space(10.0);
    sheet.rule();
    let at = report.validation_time;
    let text = lang.pick(
        format!(
            "Báo cáo này do máy lập, chỉ khẳng định những mục ghi ở «Đã kiểm tra, đúng» cho đúng tệp có mã băm nêu \
             trên. Muốn kiểm tra lại: kyso verify với cùng tệp, chứng cứ và --time {at}."
        ),
        format!(
            "This report was made by a program. It asserts only what stands under “Checked, holds”, for the very file \
             of the hash above. To repeat it: kyso verify with the same file, evidence and --time {at}."
        ),
    );
    sheet.paragraph(&text, Style { size: 8.5, color: GREY, bold: false });
}

const fn color(indication: Indication) -> Color {
    match indication {
        Indication::TotalPassed => GREEN,
        Indication::TotalFailed(_) => RED,
        Indication::Indeterminate(_) => AMBER,
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

fn hex(file: &VerifiedFile) -> String {
    hex::encode(file.sha256.as_bytes())
}
