//! What a person reads before they agree: what the daemon observed, the client's own words marked as such.

use kyso::sign::Inspection;
use kyso_protocol::Lang;
use kyso_token::Credential;
use kyso_x509::{Certificate, Time};

use crate::caller::Caller;

/// A question, and what a policy would judge instead of a person.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// One line above.
    pub(crate) title: String,
    /// What it is about; shown whole.
    pub(crate) lines: Vec<String>,
    /// Label of the yes.
    pub(crate) ok: String,
    /// One line that stands above the question for the PIN.
    pub(crate) brief: String,
    /// What a policy judges.
    pub(crate) scope: Scope,
}

/// What a policy judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The signer's certificate.
    pub(crate) certificate_sha256: [u8; 32],
    /// Serial number of its token; empty for a key file.
    pub(crate) token_serial: String,
    /// Whether the PIN is typed on the reader.
    pub(crate) pin_pad: bool,
    /// `pades`, `cades`, or what else is done.
    pub(crate) format: String,
    /// How many signatures.
    pub(crate) items: usize,
}

impl Scope {
    /// Signatures of this format by this credential.
    pub(crate) fn of(credential: &Credential, format: &str, items: usize) -> Self {
        Self {
            certificate_sha256: kyso_token::HashAlgorithm::Sha256
                .digest(&credential.certificate)
                .try_into()
                .unwrap_or_default(),
            token_serial: credential.token.serial.clone(),
            pin_pad: credential.token.protected_authentication_path,
            format: format.to_owned(),
            items,
        }
    }
}

impl Question {
    /// Whether one document shall be signed.
    pub(crate) fn signature(
        name: &str,
        document: &Inspection,
        format: &str,
        certificate: &Certificate,
        scope: Scope,
        lang: Lang,
    ) -> Self {
        let name = short(name, 96);
        let mut lines = vec![
            lang.pick(
                format!("Tên (theo ứng dụng): {name}"),
                format!("Name (the client's claim): {name}"),
            ),
            format!("SHA-256: {}", hex::encode(document.sha256)),
            size(document, lang),
            format!("{}: {format}", lang.pick("Định dạng", "Format")),
        ];
        lines.extend(signer(certificate, &scope.token_serial, lang));
        Self {
            title: lang.pick("Ký tài liệu này?", "Sign this document?").to_owned(),
            lines,
            ok: lang.pick("Ký", "Sign").to_owned(),
            brief: lang.pick(format!("Ký: {name}"), format!("Sign: {name}")),
            scope,
        }
    }

    /// Whether these documents shall be signed, as many as the scope says; `list_sha256` stands for exactly their hashes in
    /// order.
    pub(crate) fn batch(
        hopeless: usize,
        first: &[String],
        formats: &str,
        list_sha256: &[u8; 32],
        certificate: &Certificate,
        scope: Scope,
        lang: Lang,
    ) -> Self {
        let count = scope.items;
        let shown: Vec<String> = first.iter().take(3).map(|name| short(name, 48)).collect();
        let more = if count + hopeless > shown.len() { "; …" } else { "" };
        let names = shown.join("; ");
        let mut lines = vec![
            lang.pick(format!("Số tài liệu: {count}"), format!("Documents: {count}")),
            lang.pick(
                format!("Tên (theo ứng dụng): {names}{more}"),
                format!("Names (the client's claim): {names}{more}"),
            ),
            lang.pick(
                format!("SHA-256 của danh sách: {}", hex::encode(list_sha256)),
                format!("SHA-256 of the list: {}", hex::encode(list_sha256)),
            ),
            format!("{}: {formats}", lang.pick("Định dạng", "Format")),
        ];
        if hopeless > 0 {
            lines.insert(
                1,
                lang.pick(
                    format!("Không ký được: {hopeless}"),
                    format!("Cannot be signed: {hopeless}"),
                ),
            );
        }
        lines.extend(signer(certificate, &scope.token_serial, lang));
        Self {
            title: lang.pick(
                format!("Ký {count} tài liệu này?"),
                format!("Sign these {count} documents?"),
            ),
            lines,
            ok: lang.pick("Ký tất cả", "Sign all").to_owned(),
            brief: lang.pick(format!("Ký {count} tài liệu"), format!("Sign {count} documents")),
            scope,
        }
    }
}

/// Who asks, as the socket tells it.
pub(crate) fn asker(caller: &Caller, lang: Lang) -> String {
    let peer = &caller.peer;
    let program = peer.program.as_deref().unwrap_or(lang.pick("không rõ", "unknown"));
    let pid = peer.pid.map_or_else(|| "?".to_owned(), |pid| pid.to_string());
    let program = short(program, 80);
    lang.pick(
        format!("Bên yêu cầu: {program} (pid {pid})"),
        format!("Asked by: {program} (pid {pid})"),
    )
}

/// Pages, earlier signatures and length of a document.
fn size(document: &Inspection, lang: Lang) -> String {
    let bytes = document.len;
    let size = lang.pick(format!("Kích thước: {bytes} byte"), format!("Size: {bytes} bytes"));
    match document.pages {
        None => size,
        Some(pages) => {
            let earlier = document.earlier_signatures;
            let rest = lang.pick(
                format!("{pages} trang, {earlier} chữ ký đã có"),
                format!("{pages} pages, {earlier} earlier signatures"),
            );
            format!("{size}; {rest}")
        }
    }
}

/// The certificate's holder, serial number and validity.
pub(crate) fn signer(certificate: &Certificate, token_serial: &str, lang: Lang) -> Vec<String> {
    let validity = certificate.validity();
    let holder = short(&certificate.subject().display_name(), 96);
    let serial = short(&certificate.serial_hex(), 40);
    let (from, until) = (date(validity.not_before), date(validity.not_after));
    let mut lines = vec![
        lang.pick(format!("Người ký: {holder}"), format!("Signer: {holder}")),
        lang.pick(
            format!("Chứng thư: {serial}, {from} – {until}"),
            format!("Certificate: {serial}, {from} – {until}"),
        ),
    ];
    if !token_serial.is_empty() {
        lines.push(format!("Token: {}", short(token_serial, 40)));
    }
    lines
}

/// A day as Vietnamese documents write it, in this machine's zone.
fn date(time: Time) -> String {
    match jiff::Timestamp::from_second(time.as_unix_seconds()) {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::system()).strftime("%d/%m/%Y").to_string(),
        Err(_) => time.to_string(),
    }
}

/// A text of at most `most` bytes: a long one loses its middle, which shows.
pub(crate) fn short(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let half = most.saturating_sub('…'.len_utf8()) / 2;
    let head = text.floor_char_boundary(half);
    let tail = text.ceil_char_boundary(text.len() - half);
    format!("{}…{}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pinentry takes a thousand bytes of text (Assuan's line), and shows no question in part.
    #[test]
    fn the_longest_question_fits_a_dialogue() {
        let authority = kyso_testkit::Authority::new(kyso_testkit::Curve::P256, 0, 4_000_000_000);
        let certificate = Certificate::from_der(authority.unwrap().root_der()).unwrap();
        let document = Inspection {
            sha256: [0xFF; 32],
            len: u64::MAX,
            pages: Some(usize::MAX),
            earlier_signatures: usize::MAX,
        };
        let scope = Scope {
            certificate_sha256: [0; 32],
            token_serial: "x".repeat(300),
            pin_pad: false,
            format: "cades+pades".into(),
            items: 1,
        };
        let peer = crate::Peer {
            uid: u32::MAX,
            pid: Some(u32::MAX),
            user: None,
            program: Some("/".repeat(4096)),
        };
        let caller = Caller { peer, lang: Lang::Vi, allocated: uuid::Uuid::nil() };
        let name = "ế".repeat(85);
        for lang in [Lang::Vi, Lang::En] {
            let one = Question::signature(
                &name,
                &document,
                "CAdES-B-B detached",
                &certificate,
                scope.clone(),
                lang,
            );
            let names = vec![name.clone(); 5];
            let list = [0xFF; 32];
            let scope = Scope { items: 10_000, ..scope.clone() };
            let formats = "CAdES-B-B attached, PAdES-B-B";
            let many = Question::batch(10_000, &names, formats, &list, &certificate, scope, lang);
            for question in [one, many] {
                let mut lines = vec![question.title, String::new()];
                lines.extend(question.lines);
                lines.push(asker(&caller, lang));
                // A line's end takes three bytes.
                let bytes: usize = lines.iter().map(|line| line.len() + 3).sum();
                assert!(bytes <= 950, "{bytes}: {lines:#?}");
            }
        }
    }

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(short("báo cáo.pdf", 96), "báo cáo.pdf");
        for most in 3..60 {
            let cut = short("ếếếếếếếếếếếếếếếếếếếếếếếếếế.pdf", most);
            assert!(cut.len() <= most && cut.contains('…'), "{cut}");
        }
    }
}
