//! Stores and what is to be said of them, for people and for programs.

use kyso::trust::{Fault, Remark, Role, Store};
use kyso_x509::{Certificate, CertificateList};
use serde_json::{Value, json};

use crate::out::{self, say};
use kyso_daemon::explain::trust as explain;
use kyso_daemon::text::Lang;

pub(super) fn role(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Anchor => lang.pick("chứng thư gốc", "anchor"),
        Role::Intermediate => lang.pick("chứng thư trung gian", "intermediate"),
    }
}

/// A store on one line.
pub(super) fn line(store: &Store, lang: Lang) -> String {
    let anchors = store.certificates.iter().filter(|one| one.role == Role::Anchor).count();
    let (name, policy, crls) = (&store.name, &store.policy.name, store.evidence.crls.len());
    let pins = match store.pins {
        true => lang.pick(", chỉ nhận chứng thư đã ghim", ", pinned anchors only"),
        false => "",
    };
    lang.pick(
        format!("Kho «{name}»: chính sách {policy}, {anchors} chứng thư gốc, {crls} danh sách thu hồi{pins}."),
        format!("Store {name}: policy {policy}, {anchors} anchor(s), {crls} CRL(s){pins}."),
    )
}

/// A store with its certificates and lists.
pub(super) fn tell(store: &Store, lang: Lang) {
    say!("{}", line(store, lang));
    if let Some(comment) = &store.comment {
        say!("  {}", out::shown(comment));
    }
    if let Some(bundle) = store.bundle {
        say!("  {} {}", lang.pick("gói nhập gần nhất:", "imported bundle of"), bundle.made);
    }
    for one in &store.certificates {
        let validity = one.certificate.validity();
        say!("  {}: {}", role(one.role, lang), out::shown(&one.certificate.subject().to_string()));
        say!("    SHA-256 {}", explain::of(&one.certificate));
        say!("    {} – {}", validity.not_before, validity.not_after);
        match &one.pin {
            Some(pin) => {
                let word = lang.pick("khớp dấu vân tay đã ghim", "matches its pin");
                say!("    {word} ({}): {}, {}", pin.name, pin.key, pin.signature);
                if let Some(era) = &pin.sha1_era {
                    say!("    SHA-1: {}", lang.pick(&era.vi, &era.en));
                }
            }
            None => {
                say!("    {}", lang.pick("không có trong danh sách ghim", "not among the pins"))
            }
        }
    }
    for crl in &store.evidence.crls {
        say!("  CRL: {}", ends(crl, lang));
    }
}

/// A store for programs.
pub(super) fn json(store: &Store) -> Value {
    let certificates = store.certificates.iter().map(|one| {
        let validity = one.certificate.validity();
        json!({
            "role": one.role.as_str(), "subject": one.certificate.subject().to_string(),
            "sha256": hex::encode(one.certificate.sha256_fingerprint().as_bytes()),
            "not_before": validity.not_before.to_string(), "not_after": validity.not_after.to_string(),
            "file": one.file.to_string_lossy(),
            "pin": one.pin.as_ref().map(|pin| json!({
                "name": pin.name, "key": pin.key, "signature": pin.signature,
                "sha1_era": pin.sha1_era.as_ref().map(|era| json!({ "vi": era.vi, "en": era.en })),
            })),
        })
    });
    let crls = store.evidence.crls.iter().map(|crl| {
        json!({
            "issuer": crl.issuer().to_string(), "this_update": crl.this_update().to_string(),
            "next_update": crl.next_update().map(|next| next.to_string()),
            "sha256": hex::encode(crl.sha256().as_bytes()),
        })
    });
    json!({
        "name": store.name, "folder": store.folder.to_string_lossy(), "policy": store.policy.name,
        "pins": store.pins, "comment": store.comment,
        "bundle": store.bundle.map(|bundle| json!({
            "made": bundle.made.to_string(), "signer": hex::encode(bundle.signer),
        })),
        "certificates": certificates.collect::<Vec<_>>(), "crls": crls.collect::<Vec<_>>(),
    })
}

/// A remark's stable code and its words.
pub(super) fn remark(remark: &Remark, lang: Lang) -> (&'static str, String) {
    use Fault as F;
    let named = |certificate: &Certificate| out::shown(&certificate.subject().to_string());
    let until = |certificate: &Certificate| certificate.validity().not_after;
    match &remark.fault {
        F::Unusable(error) => ("unusable", explain::explain(error, lang).to_string()),
        F::NoAnchor => {
            ("no-anchor", lang.pick("kho không có chứng thư gốc nào", "the store has no anchor").to_owned())
        }
        F::Expired { certificate } => (
            "expired",
            lang.pick(
                format!("{} đã hết hạn {}", named(certificate), until(certificate)),
                format!("{} ended at {}", named(certificate), until(certificate)),
            ),
        ),
        F::ExpiresSoon { certificate } => (
            "expires-soon",
            lang.pick(
                format!("{} sắp hết hạn {}", named(certificate), until(certificate)),
                format!("{} ends at {}", named(certificate), until(certificate)),
            ),
        ),
        F::NotYetValid { certificate } => (
            "not-yet-valid",
            lang.pick(
                format!("{} chưa có hiệu lực", named(certificate)),
                format!("{} is not valid yet", named(certificate)),
            ),
        ),
        F::GroupWrites { path } => (
            "group-writes",
            lang.pick(
                format!("nhóm ghi được vào {}; chạy `chmod g-w`", out::path(path)),
                format!("the group may write {}; run `chmod g-w`", out::path(path)),
            ),
        ),
        F::Duplicate { certificate, files: [one, other] } => (
            "duplicate",
            lang.pick(
                format!("{} có hai lần: {}, {}", named(certificate), out::path(one), out::path(other)),
                format!("{} is there twice: {}, {}", named(certificate), out::path(one), out::path(other)),
            ),
        ),
        F::SharedAnchor { certificate, other } => (
            "shared-anchor",
            lang.pick(
                format!("{} cũng là chứng thư gốc của kho «{other}», chính sách của kho đó được áp dụng", named(certificate)),
                format!("{} is an anchor of store {other} too, whose policy applies", named(certificate)),
            ),
        ),
        F::WithoutPin { certificate } => (
            "without-pin",
            lang.pick(
                format!("{} không có trong danh sách ghim: chỉ người quản trị bảo đảm", named(certificate)),
                format!("{} has no pin: only its administrator vouches for it", named(certificate)),
            ),
        ),
        F::CrlStale { crl } => (
            "crl-stale",
            lang.pick(
                format!("danh sách thu hồi đã quá hạn: {}", ends(crl, lang)),
                format!("a CRL has ended: {}", ends(crl, lang)),
            ),
        ),
        F::CrlEndsSoon { crl } => (
            "crl-ends-soon",
            lang.pick(
                format!("danh sách thu hồi sắp hết hạn: {}", ends(crl, lang)),
                format!("a CRL ends soon: {}", ends(crl, lang)),
            ),
        ),
    }
}

fn ends(crl: &CertificateList, lang: Lang) -> String {
    let issuer = out::shown(&crl.issuer().to_string());
    match crl.next_update() {
        Some(next) => format!("{issuer}, {} – {next}", crl.this_update()),
        None => format!(
            "{issuer}, {} {}",
            crl.this_update(),
            lang.pick("(không ghi ngày hết hạn)", "(states no end)"),
        ),
    }
}
