//! Why a file was not extended or stamped, and what is wrong with the queue, in words a clerk can act on.

use std::path::Path;

use kyso::extend::ExtendError;
use kyso::pending::QueueError;
use kyso::report::Need;
use kyso::timestamp::{AuthorityFailure, TimestampError};
use kyso_validation::attempt::Attempt;
use kyso_validation::indication::Indication;

use super::{encryption, verify};
use crate::text::{Lang, Problem, system};

/// The three parts of why a file was not extended; it is as it was.
#[must_use]
pub fn explain(error: &ExtendError, lang: Lang) -> Problem {
    use ExtendError as E;
    if let E::Document(error) = error
        && let Some(problem) = encryption::explain(error, lang)
    {
        return problem;
    }
    let (vi, en): ((&str, &str), (&str, &str)) = match error {
        E::Unusable(error) => return verify::explain(error, lang),
        E::Timestamp(error) => return time_stamp(error, lang),
        E::Document(_) => (
            (
                "cấu trúc của PDF không nhận thêm được dữ liệu; tệp còn nguyên",
                "xin lại tệp gốc từ người gửi; tệp hỏng có thể do chương trình khác đã ghi lại",
            ),
            (
                "the structure of the PDF takes no addition; the file is as it was",
                "ask the sender for the original; another program may have damaged the file",
            ),
        ),
        E::TokenTooLong { .. } => (
            (
                "dấu thời gian dài hơn chỗ đã chừa",
                "dùng tổ chức cấp dấu thời gian khác bằng `--tsa`",
            ),
            (
                "the time-stamp is longer than the room reserved for it",
                "use another authority with `--tsa`",
            ),
        ),
        E::ContentMissing => (
            (
                "thiếu nội dung của chữ ký tách rời",
                "để tệp gốc cạnh tệp .p7s, hoặc chỉ rõ bằng `--content TỆP`",
            ),
            (
                "the content of the detached signature is missing",
                "put the original beside the .p7s file, or name it with `--content FILE`",
            ),
        ),
        E::Failed { .. } => (
            (
                "chữ ký sai nên không được nâng mức",
                "xem lý do bằng `kyso verify`, rồi xin lại tệp từ người gửi",
            ),
            (
                "the signature is wrong and is not made to last",
                "see why with `kyso verify`, then ask the sender for the file again",
            ),
        ),
        E::BelowBaseline { .. } => (
            ("chữ ký chưa đạt mức B nên không nâng được", "xin người ký ký lại theo CAdES-B-B"),
            (
                "the signature is below level B and cannot be extended",
                "ask the signer to sign again as CAdES-B-B",
            ),
        ),
        E::EvidenceMissing { .. } => (
            (
                "thiếu chứng thư hoặc tình trạng thu hồi để lưu cùng chữ ký",
                "thử lại khi có mạng; hoặc đưa chứng cứ bằng `--untrusted`, `--evidence`, gốc tin cậy bằng `--trust`",
            ),
            (
                "certificates or revocation status to keep with the signature are missing",
                "try again with the network there; or give `--untrusted`, `--evidence`, and anchors by `--trust`",
            ),
        ),
        E::NotValid { .. } => (
            (
                "chứng cứ đủ nhưng chưa chứng minh được chữ ký hợp lệ, nên không lưu",
                "xem lý do bằng `kyso verify`; thử lại sau nếu thông tin thu hồi còn cũ",
            ),
            (
                "the evidence is there but does not make the signature valid, so it is not kept",
                "see why with `kyso verify`; try again later where revocation status is stale",
            ),
        ),
        E::StampNotValid { .. } => (
            (
                "dấu thời gian vừa nhận không chứng minh được gì, nên không thêm vào",
                "chọn cơ quan cấp dấu thời gian được tin cậy (`timestamp.authorities`, `--tsa`), hoặc thêm gốc tin cậy của cơ quan đó",
            ),
            (
                "the time-stamp that was made proves nothing, so it is not added",
                "choose an authority that is trusted (`timestamp.authorities`, `--tsa`), or add its root to the trust stores",
            ),
        ),
        E::Augment { .. } => (
            (
                "cấu trúc của chữ ký không nhận thêm được dữ liệu",
                "xin người gửi tệp ở dạng khác; gửi dòng lỗi này cho bộ phận hỗ trợ",
            ),
            (
                "the structure of the signature takes no addition",
                "ask the sender for another form of it; send this message to support",
            ),
        ),
        E::Unreadable { .. } => (
            ("không đọc được tệp", "kiểm tra đường dẫn và quyền đọc"),
            ("the file cannot be read", "check its path and permissions"),
        ),
        E::Unwritable { .. } => (
            (
                "không ghi được tệp đã nâng mức; tệp cũ còn nguyên",
                "kiểm tra thư mục, quyền ghi và dung lượng đĩa",
            ),
            (
                "the extended file cannot be written; the old one is as it was",
                "check the folder, its permissions and the disk's space",
            ),
        ),
        E::TargetExists { .. } => (
            (
                "tệp đầu ra đã có sẵn",
                "chọn tên khác bằng `-o`, thêm `--force`, hoặc dùng `--in-place`",
            ),
            (
                "the output file exists already",
                "choose another name with `-o`, add `--force`, or use `--in-place`",
            ),
        ),
        E::Rewrite(_) => (
            (
                "tệp bị thay đổi trong khi nâng mức, hoặc không ghi được",
                "đóng chương trình đang ghi tệp rồi làm lại",
            ),
            (
                "the file changed while it was extended, or could not be written",
                "close the program that writes it, then try again",
            ),
        ),
        E::Recorder(_) | E::NotRecorded => (
            (
                "không ghi được nhật ký nên tệp để nguyên",
                "kiểm tra thư mục nhật ký, quyền ghi và dung lượng đĩa; xem `kyso journal verify`",
            ),
            (
                "the journal cannot be written, so the file was left as it was",
                "check the journal's folder, permissions and disk space; see `kyso journal verify`",
            ),
        ),
        E::NotPublished { .. } => (
            (
                "việc nâng mức đã ghi nhật ký nhưng tệp không đặt được tên",
                "tệp mới được giữ dưới tên tạm nêu trên: kiểm tra rồi đổi tên tệp đó",
            ),
            (
                "the extension is recorded but the file could not be given its name",
                "the new file is kept under the recovery name: look at it, then rename it",
            ),
        ),
    };
    let (what, remedy) = lang.pick(vi, en);
    Problem::new(error.code(), what, why(error, lang), remedy)
}

/// The facts behind the error, as the person's language says them.
fn why(error: &ExtendError, lang: Lang) -> String {
    use ExtendError as E;
    match error {
        E::Failed { signer, indication } | E::NotValid { signer, indication } => {
            let verdict = verify::verdict(*indication, lang);
            format!("{}: {verdict} ({indication})", numbered(*signer, lang))
        }
        E::StampNotValid { indication } => {
            format!("{} ({indication})", verify::verdict(*indication, lang))
        }
        E::EvidenceMissing { signer, needs, attempts } => {
            format!("{}: {}", numbered(*signer, lang), missing(needs, attempts, lang))
        }
        E::ContentMissing => lang
            .pick(
                "chữ ký không chứa nội dung, và không thấy tệp gốc bên cạnh",
                "the signature does not hold the content, and there is no original beside it",
            )
            .to_owned(),
        E::BelowBaseline { signer } if lang == Lang::Vi => {
            format!("{}: không gắn với chứng thư hoặc không nêu thời gian", numbered(*signer, lang))
        }
        E::Unreadable { path, error } | E::Unwritable { path, error } => {
            format!("{}: {}", path.display(), system(error, lang))
        }
        E::TargetExists { path } if lang == Lang::Vi => format!("{} đã có", path.display()),
        E::NotPublished { path, kept, error } if lang == Lang::Vi => {
            let kept = kept
                .as_ref()
                .map_or_else(String::new, |kept| format!("; tệp mới nằm ở {}", kept.display()));
            format!("{}: {}{kept}", path.display(), system(error, lang))
        }
        other => other.to_string(),
    }
}

fn numbered(signer: usize, lang: Lang) -> String {
    lang.pick(format!("chữ ký {signer}"), format!("signature {signer}"))
}

fn missing(needs: &[Need], attempts: &[Attempt], lang: Lang) -> String {
    let needs = needs.iter().map(|need| verify::need(need, lang));
    let attempts = attempts.iter().map(|attempt| verify::attempt(attempt, lang));
    needs.chain(attempts).collect::<Vec<_>>().join("; ")
}

/// The three parts of why there is no time-stamp.
#[must_use]
pub fn time_stamp(error: &TimestampError, lang: Lang) -> Problem {
    match error {
        TimestampError::NoAuthority => no_authority(lang),
        TimestampError::NoneAnswered { failed } => {
            let each = failed.iter().map(|one| {
                let why = match &one.reason {
                    AuthorityFailure::Fetch(failure) => verify::fetch_failure(failure, lang),
                    wrong => lang.pick(
                        format!("trả lời sai ({wrong})"),
                        format!("it answers wrongly ({wrong})"),
                    ),
                };
                format!("{}: {why}", one.address)
            });
            Problem::new(
                "no-time-stamp",
                lang.pick(
                    "không tổ chức cấp dấu thời gian nào trả lời đúng",
                    "no time-stamping authority gave a time-stamp",
                ),
                each.collect::<Vec<_>>().join("; "),
                lang.pick(
                    "thử lại khi có mạng, hoặc chỉ tổ chức khác bằng `--tsa URL`; máy chủ trong mạng nội bộ phải có trong `networks` dưới `[fetch]`",
                    "try again with the network there, or name another with `--tsa URL`; a server on a private network must be allowed by `networks` under `[fetch]`",
                ),
            )
        }
        TimestampError::NoRandomness => Problem::new(
            "no-randomness",
            lang.pick("hệ thống không cấp số ngẫu nhiên", "the system gives no random bytes"),
            lang.pick(
                "yêu cầu dấu thời gian cần một số không lặp lại",
                "a request for a time-stamp needs a number that is never repeated",
            ),
            lang.pick("khởi động lại máy rồi thử lại", "restart the machine and try again"),
        ),
    }
}

/// Nobody is named who could make a time-stamp.
#[must_use]
pub fn no_authority(lang: Lang) -> Problem {
    Problem::new(
        "no-authority",
        lang.pick("chưa biết xin dấu thời gian ở đâu", "no time-stamping authority is named"),
        lang.pick(
            "không có `--tsa` và cấu hình không có `authorities` dưới `[timestamp]`",
            "there is no `--tsa`, and no `authorities` under `[timestamp]` in the configuration",
        ),
        lang.pick(
            "thêm `--tsa URL`, hoặc ghi `authorities` vào tệp cấu hình",
            "add `--tsa URL`, or set `authorities` in the configuration file",
        ),
    )
}

/// The signed file waits in the queue for what the network lacks.
#[must_use]
pub fn waits(reason: &Problem, level: &str, lang: Lang) -> Problem {
    Problem::new(
        "level-pending",
        lang.pick(
            format!("tệp đã ký ở mức B và đang chờ nâng lên mức {level}"),
            format!("the file is signed at level B and waits to be extended to level {level}"),
        ),
        format!("{}: {}", reason.what, reason.why),
        lang.pick(
            "chữ ký không mất; khi có mạng chạy `kyso extend --pending` (thêm `--pending` lúc ký để coi việc chờ là bình thường)",
            "the signature is safe; run `kyso extend --pending` once the network is back (sign with `--pending` to take waiting as done)",
        ),
    )
}

/// A file that waits is not the one that was queued.
#[must_use]
pub fn changed(file: &Path, lang: Lang) -> Problem {
    Problem::new(
        "pending-changed",
        lang.pick(
            "tệp đang chờ đã bị thay bằng tệp khác, nên để nguyên",
            "the waiting file is no longer the one that was queued, so it was left alone",
        ),
        file.display().to_string(),
        lang.pick(
            "nâng mức tệp mới bằng `kyso extend TỆP`, rồi `kyso extend --pending --forget TỆP`",
            "extend the new one with `kyso extend FILE`, then `kyso extend --pending --forget FILE`",
        ),
    )
}

/// A file that waits is not where it was.
#[must_use]
pub fn moved(file: &Path, error: &std::io::Error, lang: Lang) -> Problem {
    Problem::new(
        "pending-moved",
        lang.pick(
            "không thấy tệp đang chờ ở chỗ cũ",
            "the waiting file is not where it was",
        ),
        format!("{}: {}", file.display(), system(error, lang)),
        lang.pick(
            "đưa tệp về chỗ cũ; hoặc nâng mức nó ở chỗ mới rồi `kyso extend --pending --forget TỆP`",
            "put it back; or extend it where it is now, then `kyso extend --pending --forget FILE`",
        ),
    )
}

/// Nothing of that name waits.
#[must_use]
pub fn not_waiting(file: &Path, lang: Lang) -> Problem {
    Problem::new(
        "not-pending",
        lang.pick("tệp này không nằm trong hàng chờ", "that file does not wait"),
        file.display().to_string(),
        lang.pick(
            "xem `kyso extend --pending --list`; viết tên như ở đó",
            "see `kyso extend --pending --list` and write its name as it stands there",
        ),
    )
}

/// The three parts of what is wrong with the queue.
#[must_use]
pub fn queue(error: &QueueError, lang: Lang) -> Problem {
    use QueueError as E;
    let (code, vi, en): (_, (&str, &str), (&str, &str)) = match error {
        E::Unreadable { .. } => (
            "queue-unreadable",
            ("không đọc được hàng chờ hoặc tệp trong đó", "kiểm tra đường dẫn và quyền đọc"),
            ("the queue or a file of it cannot be read", "check its path and permissions"),
        ),
        E::Unwritable { .. } => (
            "queue-unwritable",
            ("không ghi được hàng chờ", "kiểm tra thư mục, quyền ghi và dung lượng đĩa"),
            ("the queue cannot be written", "check its folder, permissions and the disk's space"),
        ),
        E::Malformed { .. } | E::TooLong { .. } => (
            "queue-entry-malformed",
            (
                "một mục của hàng chờ hỏng",
                "nâng mức tệp đó bằng `kyso extend TỆP`, rồi xóa mục hỏng",
            ),
            (
                "an entry of the queue is damaged",
                "extend its file with `kyso extend FILE`, then delete the damaged entry",
            ),
        ),
        E::Busy { .. } => (
            "queue-busy",
            ("một chương trình khác đang xử lý hàng chờ", "chờ nó xong rồi thử lại"),
            ("another program works the queue", "wait until it is done, then try again"),
        ),
    };
    let why = match error {
        E::Unreadable { path, error } | E::Unwritable { path, error } => {
            format!("{}: {}", path.display(), system(error, lang))
        }
        E::Busy { path } if lang == Lang::Vi => path.display().to_string(),
        other => other.to_string(),
    };
    let (what, remedy) = lang.pick(vi, en);
    Problem::new(code, what, why, remedy)
}

/// There is no place for the queue.
#[must_use]
pub fn queue_nowhere(lang: Lang) -> Problem {
    Problem::new(
        "queue-nowhere",
        lang.pick("không biết đặt hàng chờ ở đâu", "there is no place for the queue"),
        lang.pick("biến HOME không được đặt", "HOME is not set"),
        lang.pick("đặt HOME hoặc XDG_STATE_HOME", "set HOME or XDG_STATE_HOME"),
    )
}

/// The signer's certificate is revoked: it signs nothing more.
#[must_use]
pub fn signer_revoked(subject: &str, indication: Indication, why: &str, lang: Lang) -> Problem {
    Problem::new(
        "certificate-revoked",
        lang.pick(
            format!("chứng thư của {subject} đã bị thu hồi"),
            format!("the certificate of {subject} is revoked"),
        ),
        format!("{why} ({indication})"),
        lang.pick(
            "xin cấp lại chứng thư (Mẫu 04), hoặc chọn chứng thư khác (`kyso cert list`)",
            "ask for a new certificate (Form 04), or choose another one (`kyso cert list`)",
        ),
    )
}
