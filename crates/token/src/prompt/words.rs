//! What a person reads when a PIN is asked for.

use serde::{Deserialize, Serialize};

use crate::{PinPurpose, PinRequest};

/// Language of a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// The one of the two.
    #[must_use]
    pub fn pick<T>(self, vi: T, en: T) -> T {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

/// The text as one line that shows itself whole: control characters, line ends, invisible ones, blanks that are no simple
/// space and those that turn the direction of what follows become `\u{…}`; so does a space after a space, with enough of
/// which a text could go on where a terminal begins its next line.
#[must_use]
pub fn calm(text: &str) -> String {
    let mut calmed = String::with_capacity(text.len());
    let mut last = None;
    for letter in text.chars() {
        let blank = letter.is_whitespace() && (letter != ' ' || last == Some(' '));
        if blank || letter.is_control() || unsettling(letter) {
            calmed.extend(letter.escape_unicode());
        } else {
            calmed.push(letter);
        }
        last = Some(letter);
    }
    calmed
}

/// Format characters of Unicode (general category Cf), the two line separators, and letters without a shape.
fn unsettling(letter: char) -> bool {
    matches!(
        letter,
        '\u{AD}'
            | '\u{600}'..='\u{605}'
            | '\u{61C}'
            | '\u{6DD}'
            | '\u{70F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{34F}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FFA0}'
            | '\u{E0100}'..='\u{E01EF}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// What is asked for, without its token.
pub(super) fn question(purpose: PinPurpose, lang: Lang) -> &'static str {
    match purpose {
        PinPurpose::Login => lang.pick("Mã PIN", "PIN"),
        PinPurpose::SecurityOfficer => lang.pick("Mã PIN quản trị (SO)", "Security officer's PIN"),
        PinPurpose::NewUser => lang.pick("Mã PIN mới", "New PIN"),
        PinPurpose::NewSecurityOfficer => {
            lang.pick("Mã PIN quản trị (SO) mới", "New security officer's PIN")
        }
        PinPurpose::KeyFile => lang.pick("Mật khẩu của tệp khóa", "Password of the key file"),
        PinPurpose::OneTimePassword => lang.pick("Mã dùng một lần (OTP)", "One-time password"),
    }
}

/// Whether the PIN is chosen now and so typed twice.
pub(super) fn chosen_now(purpose: PinPurpose) -> bool {
    matches!(purpose, PinPurpose::NewUser | PinPurpose::NewSecurityOfficer)
}

/// The caller's context, then the token and its counters, one line each.
pub(super) fn lines(context: &[String], request: &PinRequest, lang: Lang) -> Vec<String> {
    let mut lines: Vec<String> = context.iter().map(|line| calm(line)).collect();
    let label = calm(&request.token.label);
    lines.push(match (request.purpose, request.token.serial.as_str()) {
        (PinPurpose::KeyFile, _) => format!("{}: {label}", lang.pick("Tệp khóa", "Key file")),
        (_, "") => format!("Token: {label}"),
        (_, serial) => {
            format!("Token: {label} ({} {})", lang.pick("số sê-ri", "serial"), calm(serial))
        }
    });
    lines.extend(counters(request, lang).map(str::to_owned));
    lines
}

/// What the counters say, where they say anything.
fn counters(request: &PinRequest, lang: Lang) -> Option<&'static str> {
    let state = request.state;
    if state.final_try {
        Some(lang.pick(
            "CHỈ CÒN MỘT LẦN THỬ: sai nữa là token bị khóa.",
            "ONE TRY IS LEFT: another wrong PIN locks the token.",
        ))
    } else if state.count_low {
        Some(lang.pick(
            "Lần trước PIN đã bị nhập sai; sai vài lần nữa là token bị khóa.",
            "A wrong PIN was entered before; a few more lock the token.",
        ))
    } else {
        None
    }
}

/// The word that spends the last try: as shown, and as keyboards with and without Vietnamese type it.
pub(super) fn last_try_word(lang: Lang) -> (&'static str, &'static [&'static str]) {
    lang.pick(("đồng ý", &["đồng ý", "đo\u{302}\u{300}ng y\u{301}", "dong y"]), ("yes", &["yes"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mislead_shows_itself() {
        assert_eq!(calm("Ký 12 tài liệu"), "Ký 12 tài liệu");
        assert_eq!(calm("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\u{a}c");
        assert_eq!(calm("a  b\u{A0}\u{3164}\u{3000}c"), "a \\u{20}b\\u{a0}\\u{3164}\\u{3000}c");
        assert_eq!(calm("fdp.\u{202E}exe\u{200B}\u{9b}"), "fdp.\\u{202e}exe\\u{200b}\\u{9b}");
    }
}
