//! The report as a terminal shows it.

use kyso::report::FileReport;
use kyso_x509::escape_for_display;

use super::facts::{self, Weight};
use crate::text::Lang;

/// The whole report of a file: the verdict on one line, then each signature with its facts. Ends with a line end.
#[must_use]
pub fn of_file(report: &FileReport, lang: Lang) -> String {
    let file = report.file.to_string_lossy();
    let mut text = format!("{}: {}\n", escape_for_display(&file), facts::headline(report, lang));
    for one in &report.signatures {
        let shown = facts::signature(one, report, lang);
        text.push_str(&format!("  {}\n    {}\n", shown.title, shown.verdict));
        for remark in &shown.remarks {
            let mark = match remark.weight {
                Weight::Error => "✗ ".to_owned(),
                Weight::Warning => "! ".to_owned(),
                Weight::Need => format!("→ {}: ", lang.pick("còn thiếu", "missing")),
            };
            text.push_str(&format!("    {mark}{}\n", remark.text));
        }
        for fact in &shown.facts {
            match fact.lines.as_slice() {
                [line] => text.push_str(&format!("    {}: {line}\n", fact.label)),
                lines => {
                    text.push_str(&format!("    {}:\n", fact.label));
                    lines.iter().for_each(|line| text.push_str(&format!("      - {line}\n")));
                }
            }
        }
    }
    for line in facts::attempts(report, lang) {
        text.push_str(&format!("  · {line}\n"));
    }
    text
}
