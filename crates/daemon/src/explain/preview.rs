//! Why a page is not shown, in words a clerk can act on.

use kyso_preview::{
    Disagreement, Ended, FallbackFailure, FallbackReason, Incomplete, PreviewError,
};

use crate::text::{Lang, Problem, system};

/// The three parts of why there is no picture.
#[must_use]
pub fn explain(error: &PreviewError, lang: Lang) -> Problem {
    use PreviewError as E;
    let (code, what, why, remedy) = match error {
        E::Unreadable(error) => (
            "unreadable",
            lang.pick("không đọc được tệp", "the file cannot be read"),
            system(error, lang),
            lang.pick("kiểm tra đường dẫn và quyền đọc", "check its path and permissions"),
        ),
        E::NotAPdf => (
            "not-a-pdf",
            lang.pick("tệp không phải PDF, hoặc bị hỏng", "the file is no PDF, or a damaged one"),
            lang.pick("không tìm thấy trang nào trong tệp", "no pages can be found in it").into(),
            lang.pick("xin lại tệp gốc từ người gửi", "ask the sender for the original"),
        ),
        E::Password => (
            "pdf-password",
            lang.pick("tệp PDF được mã hóa", "the PDF is encrypted"),
            lang.pick("chưa có mật khẩu, hoặc mật khẩu không đúng", "the password is missing or wrong")
                .into(),
            lang.pick(
                "đưa mật khẩu bằng `--password-file` hoặc `--password-stdin`; kiểm tra dấu và chữ hoa",
                "give it with `--password-file` or `--password-stdin`; look at accents and capitals",
            ),
        ),
        E::Encryption => (
            "pdf-encryption-unsupported",
            lang.pick(
                "tệp PDF được mã hóa theo cách mà bản này không vẽ được",
                "the PDF is encrypted in a way that cannot be drawn here",
            ),
            lang.pick("bộ vẽ trang không biết cách mã hóa này", "the renderer does not know it").into(),
            lang.pick(
                "xin bản không mã hóa; hoặc đặt `[preview] fallback` trong tệp cấu hình",
                "ask for one that is not, or set `[preview] fallback` in the configuration",
            ),
        ),
        E::NoSuchPage { page, pages } => (
            "no-such-page",
            lang.pick("không có trang này", "there is no such page"),
            lang.pick(
                format!("trang {}, mà tệp có {pages} trang", page.saturating_add(1)),
                format!("page {}, and the document has {pages}", page.saturating_add(1)),
            ),
            lang.pick("chọn trang khác bằng `--page`", "choose another one with `--page`"),
        ),
        E::TooLarge { .. } | E::TooLong { .. } => return large(error, lang),
        E::Ended(ended) => return ended_early(*ended, lang),
        E::NotStarted { .. } | E::NotConfined => (
            "preview-not-started",
            lang.pick("không khởi động được bộ vẽ trang", "the renderer cannot be started"),
            error.to_string(),
            lang.pick("cài lại kyso; chạy `kyso doctor`", "install kyso again; run `kyso doctor`"),
        ),
        E::Picture(_) => (
            "preview-failed",
            lang.pick("không vẽ được trang", "the page cannot be drawn"),
            error.to_string(),
            otherwise(lang),
        ),
        E::Fallback { program, reason, failure } => (
            "preview-fallback-failed",
            lang.pick(
                "không vẽ được trang, cả bằng chương trình thay thế",
                "the page cannot be drawn, nor by the other program",
            ),
            format!("{}; {}: {}", why(*reason, lang), program.display(), failed(failure, lang)),
            match failure {
                FallbackFailure::NotStarted(_) => lang.pick(
                    "sửa `[preview] fallback` trong tệp cấu hình, hoặc cài chương trình đó",
                    "mend `[preview] fallback` in the configuration, or install that program",
                ),
                _ => lang.pick(
                    "mở tệp bằng chương trình khác trước khi ký; xin lại bản khác từ người gửi",
                    "look at the file in another program before signing; ask for another copy",
                ),
            },
        ),
    };
    Problem::new(code, what, why, remedy)
}

fn large(error: &PreviewError, lang: Lang) -> Problem {
    let (what, why) = match error {
        PreviewError::TooLong { most } => (
            lang.pick("tệp quá lớn để xem trước", "the file is too large to be shown"),
            lang.pick(
                format!("dài hơn {} MiB", most >> 20),
                format!("it is longer than {} MiB", most >> 20),
            ),
        ),
        _ => (
            lang.pick("trang quá lớn để xem trước", "the page is too large to be shown"),
            lang.pick(
                "ở độ phân giải nào hình cũng vượt giới hạn".to_owned(),
                "its picture is beyond the limit at any resolution".to_owned(),
            ),
        ),
    };
    let remedy = lang.pick(
        "mở tệp bằng chương trình khác trước khi ký",
        "look at the file in another program before signing",
    );
    Problem::new("preview-too-large", what, why, remedy)
}

fn ended_early(ended: Ended, lang: Lang) -> Problem {
    let what = lang.pick("chưa vẽ xong trang", "the page was not drawn to its end");
    let (code, why) = ended_as(ended, lang);
    let remedy = if ended.at_limit() {
        lang.pick(
            "tệp có thể cố ý làm treo chương trình đọc: hỏi lại người gửi, đừng ký khi chưa xem được",
            "the file may be made to exhaust its readers: ask the sender, and do not sign what you cannot see",
        )
    } else {
        otherwise(lang)
    };
    Problem::new(code, what, why, remedy)
}

/// Code and reason of an early end.
fn ended_as(ended: Ended, lang: Lang) -> (&'static str, String) {
    match ended {
        Ended::TimedOut { after } => (
            "preview-timed-out",
            lang.pick(
                format!("hết {} giây mà chưa xong", after.as_secs_f64()),
                format!("{} seconds were not enough", after.as_secs_f64()),
            ),
        ),
        Ended::ProcessorTime { seconds } => (
            "preview-timed-out",
            lang.pick(
                format!("dùng hết {seconds} giây bộ xử lý"),
                format!("{seconds} seconds of the processor were not enough"),
            ),
        ),
        Ended::OutOfMemory { bytes } => (
            "preview-out-of-memory",
            lang.pick(
                format!("cần hơn {} MiB bộ nhớ", bytes >> 20),
                format!("{} MiB of memory were not enough", bytes >> 20),
            ),
        ),
        Ended::TooDeep => (
            "preview-nested-too-deeply",
            lang.pick("các phần của trang lồng nhau quá sâu", "what is on it is nested too deeply")
                .into(),
        ),
        Ended::AnswerTooLong { .. } => (
            "preview-too-large",
            lang.pick("hình vượt giới hạn", "the picture is beyond the limit").into(),
        ),
        Ended::Signal { .. } | Ended::Panicked | Ended::Exited { .. } | Ended::AnswerMalformed => {
            ("preview-renderer-ended", ended.to_string())
        }
    }
}

fn failed(failure: &FallbackFailure, lang: Lang) -> String {
    match failure {
        FallbackFailure::Ended(ended) => ended_as(*ended, lang).1,
        FallbackFailure::PasswordExposed => lang
            .pick(
                "chương trình này để lộ mật khẩu trong danh sách tiến trình",
                "it would show the password in the list of processes",
            )
            .into(),
        FallbackFailure::NotStarted(error) => system(error, lang),
        FallbackFailure::Document(error) => error.to_string(),
        FallbackFailure::Picture(error) => error.to_string(),
    }
}

/// Why the other program was asked.
#[must_use]
pub fn why(reason: FallbackReason, lang: Lang) -> &'static str {
    match reason {
        FallbackReason::NotAPdf => {
            lang.pick("bộ vẽ không đọc được tệp", "the renderer finds no PDF")
        }
        FallbackReason::Encryption => {
            lang.pick("bộ vẽ không biết cách mã hóa", "the renderer does not know the encryption")
        }
        FallbackReason::Broke => lang.pick("bộ vẽ gặp lỗi của nó", "the renderer broke down"),
        FallbackReason::Incomplete => {
            lang.pick("bộ vẽ bỏ sót một phần", "the renderer left something out")
        }
    }
}

/// What is missing from a picture, one text for each.
#[must_use]
pub fn missing(incomplete: Incomplete, lang: Lang) -> Vec<&'static str> {
    let parts = [
        (
            incomplete.font,
            lang.pick("chữ bằng phông không đọc được", "text in a font that cannot be read"),
        ),
        (incomplete.image, lang.pick("ảnh không giải mã được", "an image that cannot be decoded")),
        (
            incomplete.annotation,
            lang.pick(
                "chú thích hoặc ô không vẽ được",
                "an annotation or field that cannot be drawn",
            ),
        ),
    ];
    parts.into_iter().filter_map(|(is, text)| is.then_some(text)).collect()
}

/// A picture on which no place can be shown.
#[must_use]
pub fn disagreement(error: &Disagreement, lang: Lang) -> Problem {
    Problem::new(
        "preview-disagrees",
        lang.pick(
            "hình vẽ không khớp với khổ trang, nên không chỉ được chỗ ký",
            "the picture does not have the page's shape, so no place can be shown on it",
        ),
        error.to_string(),
        lang.pick(
            "tệp có thể bị hỏng hoặc cố ý gây nhầm: xin lại tệp gốc",
            "the file may be damaged or made to mislead: ask for the original",
        ),
    )
}

fn otherwise(lang: Lang) -> &'static str {
    lang.pick(
        "đặt `[preview] fallback = \"pdftoppm\"` trong tệp cấu hình; hoặc mở tệp bằng chương trình khác trước khi ký",
        "set `[preview] fallback = \"pdftoppm\"` in the configuration, or look at the file in another program",
    )
}
