//! The two languages of every message, and the three parts of every error.

use std::fmt;

/// A language that kyso speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Lang {
    /// Tiếng Việt.
    Vi,
    /// English.
    En,
}

impl Lang {
    /// The locale's language: Vietnamese where it says so, English elsewhere.
    pub(crate) fn from_locale() -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
            .unwrap_or_default();
        if locale.starts_with("vi") { Self::Vi } else { Self::En }
    }

    /// The text in this language.
    pub(crate) fn pick<T>(self, vi: T, en: T) -> T {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

/// An error as a person needs it: what happened, why, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Stable, for programs.
    pub(crate) code: &'static str,
    /// What happened.
    pub(crate) what: String,
    /// Why.
    pub(crate) why: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl Problem {
    pub(crate) fn new(
        code: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { code, what: what.into(), why: why.into(), remedy: remedy.into() }
    }

    /// The three parts under their headings.
    pub(crate) fn shown(&self, lang: Lang) -> String {
        let (error, why, remedy) =
            lang.pick(("lỗi", "vì sao", "cách xử lý"), ("error", "why", "what to do"));
        format!("{error}: {}\n  {why}: {}\n  {remedy}: {}", self.what, self.why, self.remedy)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.code, "what": self.what, "why": self.why, "what_to_do": self.remedy,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl std::error::Error for Problem {}

/// What the system said, in the person's language where it is one of the usual things.
pub(crate) fn system(error: &std::io::Error, lang: Lang) -> String {
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
pub(crate) fn unwritable(path: &std::path::Path, error: &std::io::Error, lang: Lang) -> Problem {
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
