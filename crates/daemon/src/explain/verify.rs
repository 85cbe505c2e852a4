//! Verdicts on signatures, and why a file cannot be verified, in words a clerk can act on.

use kyso::report::{Check, Finding, Need};
use kyso::verify::VerifyFileError;

use crate::text::{Lang, Problem, system};

/// What was checked, as a person reads it.
#[must_use]
pub fn check(check: Check, lang: Lang) -> &'static str {
    match check {
        Check::ByteRange => lang.pick("phạm vi được ký", "the range signed"),
        Check::ContentDigest => lang.pick("tính toàn vẹn", "the content's integrity"),
        Check::SignatureValue => lang.pick("giá trị chữ ký", "the signature value"),
        Check::SigningCertificate => {
            lang.pick("chứng thư gắn với chữ ký", "the signing certificate")
        }
        Check::Algorithms => lang.pick("thuật toán", "the algorithms"),
        Check::WholeDocument => lang.pick("ký toàn bộ tài liệu", "the whole document is signed"),
        Check::CertificatePath => lang.pick("đường dẫn chứng thư", "the certificate's path"),
        Check::RevocationStatus => lang.pick("tình trạng thu hồi", "revocation status"),
        Check::Timestamps => lang.pick("dấu thời gian", "time-stamps"),
    }
}

/// What is missing for a better verdict; the options named are those of `kyso verify`.
#[must_use]
pub fn need(need: &Need, lang: Lang) -> String {
    match need {
        Need::TrustAnchor => {
            lang.pick("chứng thư gốc tin cậy (`--trust`)", "a trust anchor (`--trust`)").to_owned()
        }
        Need::IssuerCertificate { issuer, .. } => {
            format!("{} {issuer}", lang.pick("chứng thư của", "the certificate of"))
        }
        Need::RevocationStatus { certificate, ocsp, crls, .. } => {
            let subject = certificate.subject();
            let sources = [ocsp.as_slice(), crls.as_slice()].concat();
            let mut text = format!(
                "{} {subject}",
                lang.pick("tình trạng thu hồi của", "revocation status of")
            );
            if !sources.is_empty() {
                text.push_str(&format!(" ({})", sources.join(", ")));
            }
            text
        }
        Need::Content => lang
            .pick("nội dung được ký (`--content TỆP`)", "the signed content (`--content FILE`)")
            .to_owned(),
    }
}

/// A finding in the reader's language; where Vietnamese words add nothing, the facts stand as they are.
#[must_use]
pub fn finding(found: &Finding, lang: Lang) -> String {
    if lang == Lang::En {
        return found.to_string();
    }
    use kyso_cades::FailureIndication as I;
    let what = match found {
        Finding::Signature(failure) => match failure.indication() {
            I::HashFailure => "nội dung đã bị thay đổi sau khi ký",
            I::SigCryptoFailure => "giá trị chữ ký không đúng",
            I::FormatFailure => "chữ ký sai định dạng",
            I::NoSigningCertificateFound => "không tìm thấy đúng chứng thư của người ký",
            I::CryptoConstraintsFailure => "thuật toán hoặc khóa không đạt",
            I::SignedDataNotFound => "thiếu nội dung được ký",
        },
        Finding::Message(_) | Finding::NoMessage | Finding::SignerCount { .. } => {
            "chữ ký sai định dạng"
        }
        Finding::Coverage(_) => "chữ ký không bao trùm đúng phần phải ký",
        Finding::CertificateNotBound => {
            "chữ ký không gắn với chứng thư (thiếu signing-certificate)"
        }
        Finding::WeakDigest(_) | Finding::WeakKey { .. } => "thuật toán hoặc khóa không đạt",
        Finding::Path(_) | Finding::EndEntity(_) => "chứng thư không đạt",
        Finding::NoTrustAnchors => return "chưa có chứng thư gốc tin cậy nào".to_owned(),
        Finding::RevocationUnknown => {
            return "chính sách đòi tình trạng thu hồi nhưng chưa biết (không có CRL, OCSP)"
                .to_owned();
        }
        Finding::LaterRevisions { .. } => {
            "sau chữ ký này tệp còn được ghi thêm, phần thêm chưa được so sánh"
        }
        Finding::SigningTimeInPdf => "thời gian ký nằm trong CMS, trái với PAdES",
        Finding::NoClaimedTime => return "chữ ký không nêu thời gian ký".to_owned(),
        Finding::XrefRebuilt => {
            return "bảng tham chiếu của PDF bị hỏng: phần mềm khác có thể đọc ra nội dung khác"
                .to_owned();
        }
        Finding::OtherContent => {
            return "nội dung đưa vào khác nội dung nằm trong chữ ký".to_owned();
        }
        Finding::SubFilterNotSupported { .. } => "bản này chưa kiểm tra loại chữ ký này",
    };
    format!("{what} ({found})")
}

/// The three parts of why nothing can be said about a file.
#[must_use]
pub fn explain(error: &VerifyFileError, lang: Lang) -> Problem {
    use VerifyFileError as E;
    let (code, vi, en): (_, (&str, &str), (&str, &str)) = match error {
        E::Unreadable { .. } => (
            "unreadable",
            ("không đọc được tệp", "kiểm tra đường dẫn và quyền đọc"),
            ("the file cannot be read", "check its path and permissions"),
        ),
        E::Empty { .. } => (
            "empty",
            ("tệp rỗng", "xin lại tệp từ người gửi"),
            ("the file is empty", "ask the sender for it again"),
        ),
        E::UnknownFormat { .. } => (
            "unknown-format",
            ("không nhận ra định dạng", "bản này kiểm tra PDF và CMS (.p7s, .p7m)"),
            ("the format is not known", "this version verifies PDF and CMS (.p7s, .p7m)"),
        ),
        E::Pdf { error: kyso_pades::Error::Encrypted, .. } => (
            "pdf-encrypted",
            ("tệp PDF được mã hóa", "bản này chưa đọc PDF có mật khẩu"),
            ("the PDF is encrypted", "this version does not read PDFs with a password yet"),
        ),
        E::Pdf { .. } | E::Cms { .. } => (
            "malformed",
            ("tệp hỏng hoặc không phải tệp đã ký", "xin lại tệp từ người gửi"),
            ("the file is damaged or no signed file", "ask the sender for it again"),
        ),
        E::ContentNotApplicable { .. } => (
            "content-not-applicable",
            ("PDF không có nội dung tách rời", "bỏ nội dung đưa kèm: PDF tự chứa nội dung được ký"),
            ("a PDF has no content beside it", "leave the content out: a PDF holds its own"),
        ),
        E::NotSigned { .. } => (
            "not-signed",
            ("tệp chưa có chữ ký nào", "ký bằng `kyso sign`, hoặc kiểm tra đúng tệp đã ký"),
            ("the file holds no signature", "sign it with `kyso sign`, or verify the signed file"),
        ),
    };
    let (what, remedy) = lang.pick(vi, en);
    let why = match error {
        E::Unreadable { path, error } => format!("{}: {}", path.display(), system(error, lang)),
        E::Empty { path }
        | E::UnknownFormat { path }
        | E::NotSigned { path }
        | E::ContentNotApplicable { path }
            if lang == Lang::Vi =>
        {
            path.display().to_string()
        }
        other => other.to_string(),
    };
    Problem::new(code, what, why, remedy)
}
