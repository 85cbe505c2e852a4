//! The two languages of every message, and the three parts of every error.

use std::borrow::Cow;
use std::fmt;

pub use kyso_protocol::Lang;

/// The locale's language: Vietnamese where it says so, English elsewhere.
#[must_use]
pub fn locale() -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    if locale.starts_with("vi") { Lang::Vi } else { Lang::En }
}

/// An error as a person needs it: what happened, why, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable, for programs.
    pub code: Cow<'static, str>,
    /// What happened.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// An error of this code in its three parts.
    pub fn new(
        code: impl Into<Cow<'static, str>>,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { code: code.into(), what: what.into(), why: why.into(), remedy: remedy.into() }
    }

    /// The three parts under their headings.
    pub fn shown(&self, lang: Lang) -> String {
        let (error, why, remedy) =
            lang.pick(("lỗi", "vì sao", "cách xử lý"), ("error", "why", "what to do"));
        format!("{error}: {}\n  {why}: {}\n  {remedy}: {}", self.what, self.why, self.remedy)
    }

    /// The three parts for programs.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.code, "what": self.what, "why": self.why, "what_to_do": self.remedy,
        })
    }

    /// What a program gets in place of a report, where there is none.
    pub fn document(&self) -> serde_json::Value {
        serde_json::json!({ "error": self.json() })
    }
}

impl From<kyso_protocol::Problem> for Problem {
    fn from(document: kyso_protocol::Problem) -> Self {
        Self::new(document.code, document.title, document.detail, document.user_action)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl std::error::Error for Problem {}

/// What the system said, in the person's language where it is one of the usual things.
pub fn system(error: &std::io::Error, lang: Lang) -> String {
    use std::io::ErrorKind as K;
    let vi = match error.kind() {
        K::NotFound => "không có tệp hoặc thư mục này",
        K::PermissionDenied => "không có quyền",
        K::AlreadyExists => "đã có tệp cùng tên",
        K::StorageFull => "đĩa đã đầy",
        K::QuotaExceeded => "vượt hạn mức đĩa",
        K::ReadOnlyFilesystem => "đĩa chỉ cho đọc",
        K::IsADirectory => "đây là thư mục",
        K::NotADirectory => "đây không phải thư mục",
        _ => return error.to_string(),
    };
    lang.pick(vi.to_owned(), error.to_string())
}

/// A file of ours that cannot be written.
pub fn unwritable(path: &std::path::Path, error: &std::io::Error, lang: Lang) -> Problem {
    Problem::new(
        "output-unwritable",
        lang.pick("không ghi được tệp", "the file cannot be written"),
        format!("{}: {}", path.display(), system(error, lang)),
        lang.pick(
            "chọn tên khác; kiểm tra thư mục và đĩa",
            "choose another name; check folder and disk",
        ),
    )
}
