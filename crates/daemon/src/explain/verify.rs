//! Verdicts on signatures, and why a file cannot be verified, in words a clerk can act on.

use std::path::Path;

use kyso::indication::{FailedReason, IndeterminateReason, Indication};
use kyso::report::{Check, Finding, Need};
use kyso::verify::VerifyFileError;
use kyso_validation::attempt::{Attempt, FetchFailure, Wanted};

use super::encryption;
use crate::text::{Lang, Problem, system};

/// A verdict in a sentence: what the indication means for the reader.
#[must_use]
pub const fn verdict(indication: Indication, lang: Lang) -> &'static str {
    let (vi, en) = match indication {
        Indication::TotalPassed => (
            "Mọi điều chính sách đòi hỏi đã được kiểm tra và đúng.",
            "Everything that the policy demands was checked and holds.",
        ),
        Indication::TotalFailed(reason) => failed(reason),
        Indication::Indeterminate(reason) => open(reason),
    };
    match lang {
        Lang::Vi => vi,
        Lang::En => en,
    }
}

const fn failed(reason: FailedReason) -> (&'static str, &'static str) {
    match reason {
        FailedReason::FormatFailure => {
            ("Chữ ký sai định dạng.", "The signature does not conform to its format.")
        }
        FailedReason::HashFailure => {
            ("Nội dung đã bị thay đổi sau khi ký.", "The content was changed after it was signed.")
        }
        FailedReason::SigCryptoFailure => (
            "Giá trị chữ ký không do khóa của chứng thư này tạo ra.",
            "The signature value was not made by this certificate's key.",
        ),
        FailedReason::Revoked => (
            "Chứng thư đã bị thu hồi trước khi chữ ký có thể tồn tại.",
            "The certificate was revoked before the signature can have existed.",
        ),
        FailedReason::Expired => (
            "Chứng thư đã hết hạn trước khi chữ ký có thể tồn tại.",
            "The certificate had expired before the signature can have existed.",
        ),
        FailedReason::NotYetValid => (
            "Chữ ký có trước khi chứng thư có hiệu lực.",
            "The signature is older than its certificate.",
        ),
    }
}

const fn open(reason: IndeterminateReason) -> (&'static str, &'static str) {
    use IndeterminateReason as I;
    match reason {
        I::SigConstraintsFailure => (
            "Chữ ký thiếu điều mà chính sách đòi hỏi.",
            "The signature lacks something that the policy demands.",
        ),
        I::ChainConstraintsFailure => (
            "Đường dẫn chứng thư không đạt yêu cầu của chính sách.",
            "The certificate's path does not meet the policy.",
        ),
        I::CertificateChainGeneralFailure => (
            "Không kiểm tra được đường dẫn chứng thư.",
            "The certificate's path could not be checked.",
        ),
        I::CryptoConstraintsFailure => (
            "Thuật toán hoặc độ dài khóa không đạt yêu cầu của chính sách.",
            "An algorithm or a key size is below the policy's demand.",
        ),
        I::NoSigningCertificateFound => (
            "Không xác định được chứng thư của người ký.",
            "The signer's certificate cannot be identified.",
        ),
        I::NoCertificateChainFound => (
            "Không có đường dẫn nào từ chứng thư đến một gốc tin cậy.",
            "No path leads from the certificate to a trust anchor.",
        ),
        I::OutOfBoundsNoPoe => (
            "Chứng thư ngoài thời hạn, và không có gì chứng minh chữ ký có trong thời hạn.",
            "Outside the certificate's validity, and nothing proves that the signature existed within it.",
        ),
        I::TryLater => (
            "Chưa biết chứng thư có bị thu hồi hay không; thử lại khi có thông tin thu hồi.",
            "Whether the certificate is revoked is not known yet; try again when its status can be had.",
        ),
        I::SignedDataNotFound => {
            ("Không có nội dung được ký để so sánh.", "The signed content is not at hand.")
        }
        I::PolicyProcessingError => (
            "Chữ ký nêu một chính sách không xử lý được.",
            "The policy that the signature names could not be processed.",
        ),
        I::SignaturePolicyNotAvailable => (
            "Chữ ký nêu một chính sách không có ở đây.",
            "The policy that the signature names is not at hand.",
        ),
        I::TimestampOrderFailure => (
            "Các dấu thời gian mâu thuẫn nhau hoặc mâu thuẫn với chữ ký.",
            "Time-stamps contradict each other or the signature.",
        ),
        I::RevokedNoPoe => (
            "Chứng thư đã bị thu hồi, và không có gì chứng minh chữ ký có trước đó.",
            "The certificate is revoked, and nothing proves that the signature is older.",
        ),
        I::RevokedCaNoPoe => (
            "Chứng thư của một CA đã bị thu hồi, và không có gì chứng minh chữ ký có trước đó.",
            "A CA's certificate is revoked, and nothing proves that the signature is older.",
        ),
        I::OutOfBoundsNotRevoked => (
            "Chứng thư ngoài thời hạn nhưng không bị thu hồi; không có gì chứng minh lúc ký.",
            "Outside the certificate's validity, though it was not revoked; nothing proves when it was signed.",
        ),
        I::RevocationOutOfBoundsNoPoe => (
            "Không có thông tin thu hồi nào đủ mới cho thời điểm cần dùng.",
            "No revocation status is fresh enough for the time at which it is used.",
        ),
        I::CryptoConstraintsFailureNoPoe => (
            "Một thuật toán đã lỗi thời, và không có gì chứng minh nó được dùng khi còn an toàn.",
            "An algorithm has lapsed, and nothing proves that it was used while it was strong.",
        ),
        I::NoPoe => (
            "Không có gì chứng minh chữ ký có trước điều làm nó mất giá trị.",
            "Nothing proves that the signature existed before something that compromises it.",
        ),
    }
}

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
        Check::WholeDocument => lang.pick("các thay đổi sau khi ký", "the changes after signing"),
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
            format!(
                "{} {issuer}{}",
                lang.pick("chứng thư của", "the certificate of"),
                sources(need)
            )
        }
        Need::RevocationStatus { certificate, .. } => {
            let subject = certificate.subject().display_name();
            let what = lang.pick("tình trạng thu hồi của", "revocation status of");
            format!("{what} {subject}{}", sources(need))
        }
        Need::Content => lang
            .pick("nội dung được ký (`--content TỆP`)", "the signed content (`--content FILE`)")
            .to_owned(),
    }
}

/// ` (http://…, http://…)`; nothing where no source is named.
fn sources(need: &Need) -> String {
    let sources = need.sources();
    if sources.is_empty() { String::new() } else { format!(" ({})", sources.join(", ")) }
}

/// A source that was asked and gave nothing, and why.
#[must_use]
pub fn attempt(attempt: &Attempt, lang: Lang) -> String {
    let wanted = match attempt.wanted {
        Wanted::Certificates => lang.pick("chứng thư", "certificates"),
        Wanted::Crl => "CRL",
        Wanted::Ocsp => "OCSP",
        Wanted::TimeStamp => lang.pick("dấu thời gian", "time-stamp"),
    };
    let why = fetch_failure(&attempt.failure, lang);
    lang.pick(
        format!("đã hỏi {wanted} ở {} nhưng không được: {why}", attempt.source),
        format!("asked {} for {wanted} in vain: {why}", attempt.source),
    )
}

/// Why a source gave nothing.
#[must_use]
pub fn fetch_failure(failure: &FetchFailure, lang: Lang) -> String {
    use FetchFailure as F;
    if lang == Lang::En {
        return failure.to_string();
    }
    match failure {
        F::Offline => "đang ngoại tuyến, và không có trong bộ nhớ đệm".to_owned(),
        F::Scheme(scheme) => format!("không tải địa chỉ {scheme}"),
        F::AddressMalformed => "địa chỉ sai".to_owned(),
        F::NameNotFound => "không có tên miền này".to_owned(),
        F::AddressNotAllowed(address) => {
            format!("{address} không phải địa chỉ công cộng và cấu hình không cho phép")
        }
        F::NoThread => "máy không cấp thêm được luồng để tra tên miền".to_owned(),
        F::ConnectionFailed => "không ai trả lời".to_owned(),
        F::Tls => "không chấp nhận được chứng thư hoặc kết nối TLS của máy chủ".to_owned(),
        F::Proxy(status) => format!("proxy từ chối với HTTP {status}"),
        F::ProxyMalformed => "địa chỉ proxy không phải http://".to_owned(),
        F::TimedOut => "quá lâu".to_owned(),
        F::Truncated => "kết nối dứt giữa chừng".to_owned(),
        F::NotHttp => "câu trả lời không phải HTTP".to_owned(),
        F::ContentCoding => "câu trả lời nén theo cách không được yêu cầu".to_owned(),
        F::Status(status) => format!("HTTP {status}"),
        F::TooManyRedirects => "chuyển hướng quá nhiều lần".to_owned(),
        F::TooLarge(most) => format!("dài hơn {most} byte"),
        F::Malformed => "câu trả lời không đúng loại".to_owned(),
        F::Responder(status) => format!("máy chủ OCSP trả lời {status}"),
        F::Unrelated => "câu trả lời nói về chuyện khác".to_owned(),
        F::TooManyRequests => "đã hỏi quá nhiều nơi".to_owned(),
    }
}

/// That nobody is trusted, and how somebody comes to be.
#[must_use]
pub fn no_trust_anchors(lang: Lang) -> &'static str {
    lang.pick(
        "chưa có chứng thư gốc tin cậy nào: chỉ ra bằng --trust THƯ_MỤC, hoặc thêm lâu dài bằng kyso trust add",
        "no trust anchors were given: name them by --trust DIR, or add them for good by kyso trust add",
    )
}

/// A finding in the reader's language; where Vietnamese words add nothing, the facts stand as they are.
#[must_use]
pub fn finding(found: &Finding, lang: Lang) -> String {
    if matches!(found, Finding::NoTrustAnchors) {
        return no_trust_anchors(lang).to_owned();
    }
    if lang == Lang::En {
        return found.to_string();
    }
    use kyso_cades::FailureIndication as I;
    use kyso_xades::dsig::FailureIndication as X;
    let what = match found {
        Finding::Signature(failure) => match failure.indication() {
            I::HashFailure => "nội dung đã bị thay đổi sau khi ký",
            I::SigCryptoFailure => "giá trị chữ ký không đúng",
            I::FormatFailure => "chữ ký sai định dạng",
            I::NoSigningCertificateFound => "không tìm thấy đúng chứng thư của người ký",
            I::CryptoConstraintsFailure => "thuật toán hoặc khóa không đạt",
            I::SignedDataNotFound => "thiếu nội dung được ký",
        },
        Finding::XmlSignature(failure) => match failure.indication() {
            X::HashFailure => "nội dung đã bị thay đổi sau khi ký",
            X::SigCryptoFailure => "giá trị chữ ký không đúng",
            X::FormatFailure => "chữ ký sai định dạng",
            X::NoSigningCertificateFound => "không tìm thấy đúng chứng thư của người ký",
            X::CryptoConstraintsFailure => "thuật toán hoặc khóa không đạt",
            X::SignedDataNotFound => "thiếu nội dung được ký",
        },
        Finding::XmlMalformed(_) => "chữ ký sai định dạng",
        Finding::XmlNotCovered { .. } => "tài liệu có phần tử nằm ngoài phần được ký",
        Finding::Message(_) | Finding::NoMessage | Finding::SignerCount { .. } => {
            "chữ ký sai định dạng"
        }
        Finding::Coverage(_) => "chữ ký không bao trùm đúng phần phải ký",
        Finding::CertificateNotBound => {
            "chữ ký không gắn với chứng thư (thiếu signing-certificate)"
        }
        Finding::WeakDigest(_) | Finding::WeakKey { .. } => "thuật toán hoặc khóa không đạt",
        Finding::Path(_) | Finding::EndEntity(_) => "chứng thư không đạt",
        Finding::NoTrustAnchors => return no_trust_anchors(lang).to_owned(),
        Finding::CounterSignatureHolds { .. } => {
            "giá trị chữ ký xác nhận thêm đúng, chứng thư của người xác nhận chưa được xét"
        }
        Finding::CounterSignatureInvalid { .. } => "chữ ký xác nhận thêm không đúng",
        Finding::CounterSignatureUnknown { .. } => "chưa kiểm tra được chữ ký xác nhận thêm",
        Finding::TooManyCounterSignatures { .. } => "quá nhiều chữ ký xác nhận thêm",
        Finding::RevocationUnknown => {
            return "chính sách đòi tình trạng thu hồi nhưng chưa biết (không có CRL, OCSP)"
                .to_owned();
        }
        Finding::ForbiddenChange(finding) => return super::change::finding(finding, lang),
        Finding::LaterRevisions { .. } => {
            "sau chữ ký này tệp còn được ghi thêm, phần thêm quá lớn nên chưa được so sánh"
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
        Finding::OnlyTimestamp => {
            "đây chỉ là dấu thời gian của tài liệu (kết quả riêng ở mục dấu thời gian); không có ai ký"
        }
        Finding::NoTimestamp { .. } => {
            "tự xưng là dấu thời gian của tài liệu nhưng không phải: phần mềm khác có thể không coi đây là chữ ký"
        }
        Finding::SubFilterNotSupported { .. } => "bản này chưa kiểm tra loại chữ ký này",
        Finding::Revoked { .. } => "chứng thư đã bị thu hồi",
        Finding::OnHold { .. } => "chứng thư đang bị tạm dừng",
        Finding::StatusUnknown { .. } => "chưa biết tình trạng thu hồi của chứng thư",
        Finding::StatusStale { .. } => "thông tin thu hồi của chứng thư đã quá cũ",
        Finding::StatusSignerOutOfBounds { .. } => {
            "chứng thư của nơi ký thông tin thu hồi không còn hiệu lực"
        }
        Finding::AlgorithmRefused { .. } => "thuật toán hoặc khóa quá yếu",
        Finding::AlgorithmLapsed { .. } => {
            "thuật toán không còn được coi là an toàn, và không có bằng chứng chữ ký có từ trước đó"
        }
        Finding::OlderThanCertificate { .. } => "chữ ký có trước khi chứng thư có hiệu lực",
        Finding::SignedAfterExpiry { .. } => "ký sau khi chứng thư đã hết hạn",
        Finding::SignedAfterRevocation { .. } => "ký sau khi chứng thư đã bị thu hồi",
        Finding::NotProvenUntil { .. } => {
            "không có bằng chứng chữ ký đã tồn tại khi các chứng thư còn đáng tin"
        }
        Finding::PastNotProven { .. } => {
            "dữ liệu hiện có không chứng minh được chứng thư đã hợp lệ trong quá khứ"
        }
        Finding::TokenMalformed(_) => "không đọc được dấu thời gian",
        Finding::Token(_) => "dấu thời gian không đúng",
        Finding::TimestampImprint => "dấu thời gian không thuộc về chữ ký này",
        Finding::TimestampImprintUnknown => "chưa tính được giá trị mà dấu thời gian bao trùm",
        Finding::Archive(_) => "dấu thời gian lưu trữ không khớp với dữ liệu",
        Finding::TimestampNotValid { .. } => "có dấu thời gian không chứng minh được gì",
        Finding::TimestampOrder { .. } => "các dấu thời gian mâu thuẫn nhau về thứ tự",
        Finding::TimestampDelay { .. } => "dấu thời gian quá muộn so với thời gian ký đã nêu",
        Finding::LocalTimeAsUtc { .. } => {
            "thời gian ký ghi giờ Việt Nam như giờ UTC, chênh đúng 7 giờ so với thời gian đã chứng minh"
        }
        Finding::ClaimedAfterProven { .. } => {
            "thời gian ký đã nêu muộn hơn thời gian đã chứng minh"
        }
        Finding::SignaturePolicy { .. } => "chữ ký nêu một chính sách chữ ký không có ở đây",
        Finding::SignaturePolicyMalformed => "không đọc được chính sách chữ ký mà chữ ký nêu",
        Finding::TooManySigners { .. } => "quá nhiều người ký",
        Finding::TooManyTimestamps { .. } => "quá nhiều dấu thời gian",
        Finding::LegacyArchive(_) => "dấu thời gian lưu trữ kiểu cũ, bản này chưa kiểm tra",
        Finding::AuthorityName => "tên tổ chức trong dấu thời gian khác tên trong chứng thư của họ",
    };
    format!("{what} ({found})")
}

/// The three parts of why nothing can be said about a file.
#[must_use]
pub fn explain(error: &VerifyFileError, lang: Lang) -> Problem {
    use VerifyFileError as E;
    if let E::Pdf { path, error } = error
        && let Some(mut problem) = encryption::explain(error, lang)
    {
        problem.why = format!("{}: {}", path.display(), problem.why);
        return problem;
    }
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
            ("không nhận ra định dạng", "bản này kiểm tra PDF, XML và CMS (.p7s, .p7m)"),
            ("the format is not known", "this version verifies PDF, XML and CMS (.p7s, .p7m)"),
        ),
        E::Pdf { .. } | E::Cms { .. } | E::Xml { .. } => (
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

/// A certificate file without a certificate.
#[must_use]
pub fn no_certificate(file: &Path, lang: Lang) -> Problem {
    Problem::new(
        "certificate-missing",
        lang.pick("tệp không có chứng thư nào", "the file holds no certificate"),
        file.display().to_string(),
        lang.pick(
            "đưa vào chứng thư X.509 dạng PEM hoặc DER",
            "name an X.509 certificate, PEM or DER",
        ),
    )
}
