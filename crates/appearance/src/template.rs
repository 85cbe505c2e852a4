//! Text with fields in braces, and the values that fill them.

use core::fmt;

use crate::moment::Moment;

/// What a template can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `{signer}`: the signer's name.
    Signer,
    /// `{title}`: the signer's office.
    Title,
    /// `{email}`: the official address.
    Email,
    /// `{unit}`: the unit within the organization.
    Unit,
    /// `{organization}`: the agency.
    Organization,
    /// `{time}`: `dd.MM.yyyy HH:mm:ss +07:00`.
    Time,
    /// `{reason}`: why it is signed.
    Reason,
    /// `{location}`: where it is signed.
    Location,
    /// `{serial}`: the certificate's serial number.
    Serial,
    /// `{number}`: the document's number and symbol, `123/UBND-VP`.
    Number,
    /// `{date}`: the document's date, `dd/MM/yyyy`.
    Date,
    /// `{date-in-words}`: the document's date, `ngày 05 tháng 3 năm 2026`.
    DateInWords,
    /// `{form}`: the form of a copy, [`CopyForm`].
    Form,
    /// `{note}`: a free text, the only one that may have several lines.
    Note,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 14] = [
        Self::Signer,
        Self::Title,
        Self::Email,
        Self::Unit,
        Self::Organization,
        Self::Time,
        Self::Reason,
        Self::Location,
        Self::Serial,
        Self::Number,
        Self::Date,
        Self::DateInWords,
        Self::Form,
        Self::Note,
    ];

    /// What stands between the braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signer => "signer",
            Self::Title => "title",
            Self::Email => "email",
            Self::Unit => "unit",
            Self::Organization => "organization",
            Self::Time => "time",
            Self::Reason => "reason",
            Self::Location => "location",
            Self::Serial => "serial",
            Self::Number => "number",
            Self::Date => "date",
            Self::DateInWords => "date-in-words",
            Self::Form => "form",
            Self::Note => "note",
        }
    }

    /// The field of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// The forms of a copy (Decree 30/2020, article 25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyForm {
    /// The whole document.
    SaoY,
    /// From a copy of the document.
    SaoLuc,
    /// A part of the document.
    TrichSao,
}

impl CopyForm {
    /// The words of the stamp.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::SaoY => "SAO Y",
            Self::SaoLuc => "SAO LỤC",
            Self::TrichSao => "TRÍCH SAO",
        }
    }
}

/// Values of fields; absent where nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values<'a> {
    /// The signer's name.
    pub signer: Option<&'a str>,
    /// The signer's office.
    pub title: Option<&'a str>,
    /// The official address.
    pub email: Option<&'a str>,
    /// The unit within the organization.
    pub unit: Option<&'a str>,
    /// The agency.
    pub organization: Option<&'a str>,
    /// The signing time.
    pub time: Option<Moment>,
    /// Why it is signed.
    pub reason: Option<&'a str>,
    /// Where it is signed.
    pub location: Option<&'a str>,
    /// The certificate's serial number.
    pub serial: Option<&'a str>,
    /// The document's number and symbol.
    pub number: Option<&'a str>,
    /// The document's date, of which the day is shown.
    pub date: Option<Moment>,
    /// The form of a copy.
    pub form: Option<CopyForm>,
    /// A free text of one or more lines.
    pub note: Option<&'a str>,
}

impl Values<'_> {
    /// The value of a field in one line; of a note in as many as it has. `None` where it is absent or blank.
    fn lines(&self, field: Field) -> Option<Vec<String>> {
        let text = match field {
            Field::Signer => self.signer,
            Field::Title => self.title,
            Field::Email => self.email,
            Field::Unit => self.unit,
            Field::Organization => self.organization,
            Field::Reason => self.reason,
            Field::Location => self.location,
            Field::Serial => self.serial,
            Field::Number => self.number,
            Field::Form => self.form.map(CopyForm::words),
            Field::Note => self.note,
            // In one piece: a zone alone on a line says nothing.
            Field::Time => {
                return self.time.map(|time| vec![time.to_string().replace(' ', "\u{a0}")]);
            }
            Field::Date => return self.date.map(|date| vec![date.date()]),
            Field::DateInWords => return self.date.map(|date| vec![date.date_in_words()]),
        }?;
        // A name with a line break in it must not be able to write a line that looks like the stamp's own.
        let lines: Vec<String> = match field {
            Field::Note => text.lines().map(one_line).collect(),
            _ => vec![one_line(text)],
        };
        lines.iter().any(|line| !line.is_empty()).then_some(lines)
    }
}

/// White space of any kind as single spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What becomes of a line whose fields have no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// A line with fields of which none has a value is left out; other fields without a value are empty.
    LeaveOut,
    /// An error: the law prescribes the line.
    Refuse,
}

/// A text with fields, line by line. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    lines: Vec<Vec<Part>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError::UnknownField`], [`TemplateError::UnmatchedBrace`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let lines = text.lines().enumerate().map(|(line, text)| parse_line(text, line + 1));
        Ok(Self { lines: lines.collect::<Result<_, _>>()? })
    }

    /// Puts the values in, and gives the lines. No-break spaces hold together what should not be parted.
    ///
    /// # Errors
    /// [`TemplateError::NoValue`] where `missing` refuses.
    pub fn fill(
        &self,
        values: &Values<'_>,
        missing: Missing,
    ) -> Result<Vec<String>, TemplateError> {
        let mut filled = Vec::new();
        for line in &self.lines {
            let (mut fields, mut known) = (0, 0);
            let mut last = vec![String::new()];
            for part in line {
                let text = match part {
                    Part::Text(text) => vec![text.clone()],
                    Part::Field(field) => {
                        fields += 1;
                        match (values.lines(*field), missing) {
                            (Some(lines), _) => {
                                known += 1;
                                lines
                            }
                            (None, Missing::LeaveOut) => continue,
                            (None, Missing::Refuse) => return Err(TemplateError::NoValue(*field)),
                        }
                    }
                };
                let mut text = text.into_iter();
                if let (Some(end), Some(first)) = (last.last_mut(), text.next()) {
                    end.push_str(&first);
                }
                last.extend(text);
            }
            if fields == 0 || known > 0 {
                filled.append(&mut last);
            }
        }
        Ok(filled)
    }
}

fn parse_line(text: &str, line: usize) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        plain.push_str(before);
        if let Some(after) = brace.strip_prefix("{{") {
            plain.push('{');
            rest = after;
        } else if let Some(after) = brace.strip_prefix("}}") {
            plain.push('}');
            rest = after;
        } else {
            let field = brace.strip_prefix('{').and_then(|field| field.split_once('}'));
            let (name, after) = field.ok_or(TemplateError::UnmatchedBrace { line })?;
            let field = Field::from_name(name);
            let unknown = || TemplateError::UnknownField { name: name.to_owned(), line };
            if !plain.is_empty() {
                parts.push(Part::Text(core::mem::take(&mut plain)));
            }
            parts.push(Part::Field(field.ok_or_else(unknown)?));
            rest = after;
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(parts)
}

/// Why a template gives no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// A name in braces that no field has.
    UnknownField {
        /// What stands between the braces.
        name: String,
        /// The line, from 1.
        line: usize,
    },
    /// A brace that opens or closes nothing.
    UnmatchedBrace {
        /// The line, from 1.
        line: usize,
    },
    /// A prescribed field has no value.
    NoValue(Field),
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField { name, line } => {
                write!(f, "line {line} of the template names an unknown field {{{name}}}")
            }
            Self::UnmatchedBrace { line } => {
                write!(f, "line {line} of the template has a brace without its pair")
            }
            Self::NoValue(field) => write!(f, "there is no value for {{{}}}", field.name()),
        }
    }
}

impl std::error::Error for TemplateError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, values: &Values<'_>) -> Vec<String> {
        let template = Template::parse(template).expect("a sound template");
        template.fill(values, Missing::LeaveOut).expect("nothing is prescribed")
    }

    #[test]
    fn fields_take_their_values_and_lines_without_any_go() {
        let values = Values { signer: Some("Hà Văn Tý"), ..Values::default() };
        let template = "Ký bởi: {signer}\nEmail: {email}\n\n{{{signer}}} {unit}";
        assert_eq!(filled(template, &values), ["Ký bởi: Hà Văn Tý", "", "{Hà Văn Tý} "]);
    }

    #[test]
    fn a_name_cannot_write_lines_of_its_own() {
        let values = Values { signer: Some("Tý\nCơ quan:\u{2028} X"), ..Values::default() };
        assert_eq!(filled("{signer}", &values), ["Tý Cơ quan: X"]);
        let values = Values { note: Some("một\nhai"), ..Values::default() };
        assert_eq!(filled("«{note}»", &values), ["«một", "hai»"]);
    }

    #[test]
    fn what_is_wrong_has_a_name() {
        let unknown = TemplateError::UnknownField { name: "sign".into(), line: 2 };
        assert_eq!(Template::parse("a\n{sign}"), Err(unknown));
        for text in ["{signer", "a } b", "{"] {
            assert_eq!(Template::parse(text), Err(TemplateError::UnmatchedBrace { line: 1 }));
        }
        let template = Template::parse("Số: {number}").expect("a sound template");
        let refused = template.fill(&Values::default(), Missing::Refuse);
        assert_eq!(refused, Err(TemplateError::NoValue(Field::Number)));
    }
}
