//! Why a trust store or a bundle is refused, in words an administrator can act on.

use kyso::trust::{BundleError, ImportError, TrustError};
use kyso_x509::Certificate;

use super::sign;
use crate::text::{Lang, Problem, system};

/// A trust store's error.
#[must_use]
pub fn explain(error: &TrustError, lang: Lang) -> Problem {
    use TrustError as E;
    match error {
        E::PinMismatch { path, pin, certificate } => Problem::new(
            "trust-pin-mismatch",
            lang.pick(
                "chứng thư mang tên một cơ quan đã ghim nhưng không phải chứng thư đó",
                "the certificate bears a pinned authority's name but is another certificate",
            ),
            lang.pick(
                format!(
                    "{}: {} phải có SHA-256 {}, tệp này có {}",
                    path.display(), pin.subject, fingerprint(&pin.sha256), of(certificate),
                ),
                format!(
                    "{}: {} must have SHA-256 {}, this file has {}",
                    path.display(), pin.subject, fingerprint(&pin.sha256), of(certificate),
                ),
            ),
            lang.pick(
                format!("không dùng tệp này; lấy lại chứng thư từ nguồn chính thức: {}", pin.source),
                format!("do not use this file; get the certificate from its source again: {}", pin.source),
            ),
        ),
        E::NotPinned { path, store, certificate } => Problem::new(
            "trust-not-pinned",
            lang.pick(
                format!("kho «{store}» chỉ nhận chứng thư gốc đã ghim"),
                format!("store {store} takes pinned anchors only"),
            ),
            lang.pick(
                format!("{}: {} (SHA-256 {}) không có trong danh sách ghim", path.display(), certificate.subject(), of(certificate)),
                format!("{}: {} (SHA-256 {}) is not among the pins", path.display(), certificate.subject(), of(certificate)),
            ),
            lang.pick(
                "bỏ tệp này khỏi kho; nếu tổ chức của bạn tin chứng thư gốc này, thêm vào kho khác bằng `--store TÊN --fingerprint SHA256`",
                "take the file out of the store; if your organization trusts this root, add it to another one with `--store NAME --fingerprint SHA256`",
            ),
        ),
        E::OtherStore { path, pin, store } => Problem::new(
            "trust-other-store",
            lang.pick(
                format!("chứng thư này thuộc kho «{}»", pin.store),
                format!("this certificate belongs to store {}", pin.store),
            ),
            lang.pick(
                format!("{}: đã ghim là {}, không phải của kho «{store}»", path.display(), pin.name),
                format!("{}: pinned as {}, not of store {store}", path.display(), pin.name),
            ),
            lang.pick("bỏ `--store`", "leave `--store` out"),
        ),
        E::WhichStore { path, certificate } => Problem::new(
            "trust-which-store",
            lang.pick("chưa rõ kho nào", "it is not clear which store is meant"),
            lang.pick(
                format!("{}: {} không có trong danh sách ghim", path.display(), certificate.subject()),
                format!("{}: {} is not among the pins", path.display(), certificate.subject()),
            ),
            lang.pick("nêu kho bằng `--store TÊN`", "name the store with `--store NAME`"),
        ),
        E::OtherFingerprint { path, given, found } => Problem::new(
            "trust-fingerprint",
            lang.pick(
                "chứng thư không có mã SHA-256 đã nêu",
                "the certificate does not have the SHA-256 that was given",
            ),
            lang.pick(
                format!("{}: đã nêu {}, tệp có {}", path.display(), fingerprint(given), fingerprint(found.as_bytes())),
                format!("{}: {} was given, the file has {}", path.display(), fingerprint(given), fingerprint(found.as_bytes())),
            ),
            lang.pick(
                "so lại với nơi phát hành qua một kênh khác; không thêm khi chưa khớp",
                "compare with the issuer by another channel; do not add it before they agree",
            ),
        ),
        E::Unconfirmed { path, certificate } => Problem::new(
            "trust-unconfirmed",
            lang.pick("chưa ai xác nhận chứng thư này", "nobody vouches for this certificate"),
            format!("{}: {} (SHA-256 {})", path.display(), certificate.subject(), of(certificate)),
            lang.pick(
                "so mã SHA-256 với nơi phát hành rồi thêm `--fingerprint SHA256`",
                "compare the SHA-256 with its issuer, then give `--fingerprint SHA256`",
            ),
        ),
        E::NotAnAuthority { path, certificate } => Problem::new(
            "trust-not-an-authority",
            lang.pick("đây không phải chứng thư của cơ quan chứng thực", "this is no authority's certificate"),
            format!("{}: {}", path.display(), certificate.subject()),
            lang.pick(
                "thêm chứng thư gốc hoặc chứng thư trung gian của nơi cấp",
                "add the root or the intermediate of its issuer",
            ),
        ),
        E::NotIssuedHere { path, certificate, error } => Problem::new(
            "trust-not-issued-here",
            lang.pick(
                "không chứng thư nào trong kho cấp chứng thư này",
                "no certificate of the store issued this one",
            ),
            match error {
                Some(error) => format!("{}: {}", path.display(), sign::path(error, lang).why),
                None => lang.pick(
                    format!("{}: nơi cấp {} chưa có trong kho", path.display(), certificate.issuer()),
                    format!("{}: its issuer {} is not there", path.display(), certificate.issuer()),
                ),
            },
            lang.pick("thêm chứng thư của nơi cấp trước", "add its issuer's certificate first"),
        ),
        E::OthersWrite { path } => Problem::new(
            "trust-others-write",
            lang.pick("ai cũng ghi được vào kho tin cậy", "everybody may write to the trust store"),
            path.display().to_string(),
            lang.pick(
                format!("xem lại các chứng thư rồi chạy `chmod o-w {}`", path.display()),
                format!("look through its certificates, then run `chmod o-w {}`", path.display()),
            ),
        ),
        E::AnchorMissing { path, sha256 } => Problem::new(
            "trust-anchor-missing",
            lang.pick("thiếu một chứng thư gốc của kho", "an anchor of the store is missing"),
            format!("{}: {}", path.display(), fingerprint(sha256)),
            lang.pick("thêm lại bằng `kyso trust add`", "add it again with `kyso trust add`"),
        ),
        E::Renamed { path, name } => Problem::new(
            "trust-renamed",
            lang.pick("thư mục kho đã bị đổi tên", "the store's folder was renamed"),
            lang.pick(
                format!("{} là của kho «{name}»", path.display()),
                format!("{} is about the store {name}", path.display()),
            ),
            lang.pick("trả lại tên cũ cho thư mục", "give the folder its old name"),
        ),
        E::StoreName { name } => Problem::new(
            "trust-store-name",
            lang.pick("tên kho không hợp lệ", "this cannot be a store's name"),
            name.clone(),
            lang.pick(
                "dùng chữ cái không dấu, số, `-` và `_`, tối đa 64 ký tự",
                "use ASCII letters, digits, `-` and `_`, 64 at most",
            ),
        ),
        E::UnknownPolicy { path, name } => Problem::new(
            "policy-unknown",
            lang.pick("không có chính sách kiểm tra đó", "there is no such policy"),
            format!("{}: {name}", path.display()),
            lang.pick(
                "dùng một tên trong docs/validation-policies.md, hoặc một tệp .toml",
                "use a name of docs/validation-policies.md, or a .toml file",
            ),
        ),
        E::PolicyAsksNoStatus { path, name } => Problem::new(
            "trust-policy-asks-no-status",
            lang.pick(
                "chính sách của kho tin cậy không hỏi trạng thái thu hồi",
                "the store's policy asks for no revocation status",
            ),
            format!("{}: {name}", path.display()),
            lang.pick(
                format!("chọn chính sách khác cho kho; khi kiểm tra, dùng `--policy {name}` nếu đúng là cần"),
                format!("give the store another policy; where it is wanted, verify with `--policy {name}`"),
            ),
        ),
        E::Policy { path, error } => Problem::new(
            "policy-unusable",
            lang.pick("không dùng được tệp chính sách", "the policy file cannot be used"),
            format!("{}: {error}", path.display()),
            lang.pick("sửa tệp theo docs/validation-policies.md", "mend it as docs/validation-policies.md says"),
        ),
        E::Description { .. } => Problem::new(
            "trust-store-unusable",
            lang.pick("không dùng được mô tả kho tin cậy", "the store's description cannot be used"),
            error.to_string(),
            lang.pick("sửa tệp theo docs/trust.md", "mend it as docs/trust.md says"),
        ),
        E::Unwritable { path, error } => crate::text::unwritable(path, error, lang),
        E::Unreadable { path, error } => unreadable(format!("{}: {}", path.display(), system(error, lang)), lang),
        E::TooLarge { .. } | E::TooMany { .. } | E::Certificate { .. } | E::Crl { .. } | E::Ocsp { .. } => {
            unreadable(error.to_string(), lang)
        }
    }
}

fn unreadable(why: String, lang: Lang) -> Problem {
    Problem::new(
        "certificate-file-unreadable",
        lang.pick("không đọc được tệp chứng thư", "a certificate file cannot be read"),
        why,
        lang.pick(
            "kiểm tra đường dẫn và nội dung: chứng thư X.509 hoặc CRL, dạng PEM hoặc DER",
            "check path and content: X.509 certificates or CRLs, PEM or DER",
        ),
    )
}

/// A bundle that is refused.
#[must_use]
pub fn bundle(error: &BundleError, lang: Lang) -> Problem {
    use BundleError as E;
    let (code, what, remedy) = match error {
        E::OtherSigner { .. } | E::SignerPath { .. } => (
            "bundle-signer",
            lang.pick("gói tin cậy do người khác ký", "somebody else signed the bundle"),
            lang.pick(
                "hỏi người gửi qua một kênh khác; chỉ nhận khi mã SHA-256 của người ký khớp",
                "ask its sender by another channel; take it only when the signer's SHA-256 agrees",
            ),
        ),
        E::Signature(_) | E::Hash { .. } => (
            "bundle-changed",
            lang.pick("gói tin cậy đã bị thay đổi", "the bundle was changed"),
            lang.pick("xin gói mới từ người làm ra nó", "ask its maker for a new one"),
        ),
        E::Future { .. } => (
            "bundle-future",
            lang.pick("gói tin cậy ghi ngày ở tương lai", "the bundle is dated in the future"),
            lang.pick("kiểm tra đồng hồ của hai máy", "check the clocks of both machines"),
        ),
        _ => (
            "bundle-unusable",
            lang.pick("không dùng được gói tin cậy", "the bundle cannot be used"),
            lang.pick(
                "làm lại gói bằng `kyso trust bundle`",
                "make it again with `kyso trust bundle`",
            ),
        ),
    };
    Problem::new(code, what, error.to_string(), remedy)
}

/// A good bundle that is not installed.
#[must_use]
pub fn import(error: &ImportError, lang: Lang) -> Problem {
    use ImportError as E;
    let (code, what, remedy) = match error {
        E::Trust(error) => return explain(error, lang),
        E::Older { .. } => (
            "bundle-older",
            lang.pick(
                "gói này không mới hơn gói đã nhập",
                "the bundle is not newer than the imported one",
            ),
            lang.pick(
                "dùng gói mới nhất, hoặc thêm `--accept-older`",
                "use the newest one, or give `--accept-older`",
            ),
        ),
        E::Stale { .. } => (
            "bundle-stale",
            lang.pick(
                "gói có danh sách thu hồi đã quá hạn",
                "the bundle holds a CRL that has ended",
            ),
            lang.pick(
                "xin gói mới, hoặc thêm `--accept-stale`",
                "ask for a new one, or give `--accept-stale`",
            ),
        ),
        E::CrlNotIssuedHere { .. } => (
            "bundle-foreign-crl",
            lang.pick(
                "gói có danh sách thu hồi không do cơ quan nào trong kho ký",
                "no authority of the store signed a CRL of the bundle",
            ),
            lang.pick(
                "làm lại gói từ nguồn chính thức",
                "make it again from the authorities' own addresses",
            ),
        ),
        E::OtherPolicy { .. } => (
            "bundle-other-policy",
            lang.pick(
                "gói mang chính sách khác với kho đang có",
                "the bundle brings another policy than the store has",
            ),
            lang.pick(
                "đổi `policy` trong store.toml trước, nếu đúng là muốn vậy",
                "change `policy` in store.toml first, if that is what you want",
            ),
        ),
    };
    Problem::new(code, what, error.to_string(), remedy)
}

/// SHA-256 of a certificate as people compare it.
#[must_use]
pub fn of(certificate: &Certificate) -> String {
    fingerprint(certificate.sha256_fingerprint().as_bytes())
}

/// Pairs of digits with colons, as OpenSSL shows them.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
