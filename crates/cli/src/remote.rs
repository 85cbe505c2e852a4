//! What every command that asks the daemon needs: the connection, how the person is asked, following to the end.

mod follow;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use kyso_daemon::client::{self, Client, ClientError, Start};
use kyso_journal::{DEFAULT_BUSY, Reader};
use kyso_protocol::{BatchItem, Consent, Info, ItemState, Operation, OperationState};
use kyso_token::KeyStore as _;
use kyso_token::pkcs12::{KeyFileUri, Pkcs12Store};
use kyso_x509::Certificate;

use crate::desk::Desk;
use crate::out::tell;
use follow::Interrupts;
pub(crate) use follow::waiting;
use kyso_daemon::text::{Lang, Problem, unwritable};

/// How long a daemon that is started may take to answer.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// A connection with the daemon, and the ear for Ctrl-C.
pub(crate) struct Remote {
    pub(crate) client: Client,
    interrupts: Interrupts,
    lang: Lang,
}

/// Runs asynchronous work to its end.
pub(crate) fn run<T>(
    lang: Lang,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    client::block_on(work).map_err(|error| unavailable(&error, lang))?
}

fn unavailable(error: &std::io::Error, lang: Lang) -> Problem {
    Problem::new(
        "system-refused",
        lang.pick("hệ thống từ chối", "the system refused"),
        kyso_daemon::text::system(error, lang),
        lang.pick("thử lại", "try again"),
    )
}

impl Remote {
    /// Connects, starting the daemon where the configuration wants that.
    pub(crate) async fn connect(desk: &Desk) -> Result<Self, Problem> {
        let lang = desk.lang();
        let socket = desk.socket()?;
        let client = match Client::connect(&socket, lang).await {
            Err(ClientError::NotRunning { .. }) if desk.starts_daemon() => {
                start(desk)?.connect(&socket, lang).await.map_err(|error| error.explain(lang))?
            }
            connected => connected.map_err(|error| error.explain(lang))?,
        };
        let interrupts = Interrupts::listen().map_err(|error| unavailable(&error, lang))?;
        Ok(Self { client, interrupts, lang })
    }

    /// What the daemon says of itself; refused where it keeps another journal than the one that was named.
    pub(crate) async fn info_of(&mut self, desk: &Desk) -> Result<Info, Problem> {
        let lang = self.lang;
        let info = self.client.info().await.map_err(|error| error.explain(lang))?;
        let Some(named) = desk.named_journal() else { return Ok(info) };
        let same = Reader::open(named, DEFAULT_BUSY)
            .is_ok_and(|reader| reader.verifier_key().to_string() == info.journal_key);
        if same {
            return Ok(info);
        }
        Err(Problem::new(
            "another-journal",
            lang.pick("dịch vụ ghi vào nhật ký khác", "the daemon writes another journal"),
            named.display().to_string(),
            lang.pick(
                "bỏ `--journal` (và KYSO_JOURNAL), hoặc thêm `--direct`",
                "leave `--journal` (and KYSO_JOURNAL) out, or add `--direct`",
            ),
        ))
    }
}

/// How this program runs as the daemon, with the configuration of this call.
fn start(desk: &Desk) -> Result<Start, Problem> {
    let program = std::env::current_exe().map_err(|error| unavailable(&error, desk.lang()))?;
    let mut arguments = Vec::new();
    if let Some(config) = desk.config_file() {
        arguments.extend(["--config".into(), config.into_os_string()]);
    }
    arguments.extend(["daemon".into(), "run".into(), "--detached".into()]);
    Ok(Start { program, arguments, patience: START_PATIENCE })
}

/// The credential as the daemon is told it: none where its configuration decides.
pub(crate) fn credential(desk: &Desk, given: Option<&str>) -> Result<Option<String>, Problem> {
    let lang = desk.lang();
    let Some(uri) = given else {
        // A PIN source of the configuration is for `--direct`: the daemon's person is asked.
        let configured = desk.configured_credential().and_then(|uri| uri.split_once('?'));
        return Ok(configured.map(|(path, _)| path.to_owned()));
    };
    if uri.starts_with("file:") {
        return key_file(desk, uri).map(Some);
    }
    if uri.contains(['?', '|']) {
        return Err(only_direct(
            lang.pick(
                "`pin-source` và `module-path` không được gửi cho dịch vụ: dịch vụ tự hỏi mã PIN",
                "`pin-source` and `module-path` are not sent to the daemon: it asks for the PIN itself",
            ),
            lang,
        ));
    }
    Ok(Some(uri.to_owned()))
}

/// The certificate in a key file, provided the daemon may use the file.
fn key_file(desk: &Desk, uri: &str) -> Result<String, Problem> {
    let lang = desk.lang();
    let parsed: KeyFileUri = uri.parse().map_err(|error| desk.explain(&error))?;
    if parsed.pin_source.is_some() {
        return Err(only_direct(
            lang.pick(
                "`pin-source` không được gửi cho dịch vụ: dịch vụ tự hỏi mật khẩu",
                "`pin-source` is not sent to the daemon: it asks for the password itself",
            ),
            lang,
        ));
    }
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let file = real(&parsed.path);
    if !desk.key_files().iter().any(|listed| real(listed) == file) {
        return Err(only_direct(
            lang.pick(
                "tệp khóa không có trong `key-files` dưới `[daemon]`",
                "the key file is not among `key-files` under `[daemon]`",
            ),
            lang,
        ));
    }
    let store = Pkcs12Store::new([parsed.path.clone()]);
    let listed = store.credentials().map_err(|error| desk.explain(&error))?;
    let credential = parsed.select(&listed).map_err(|error| desk.explain(&error))?;
    match Certificate::from_der(&credential.certificate) {
        Ok(certificate) => {
            Ok(format!("sha256:{}", hex::encode(certificate.sha256_fingerprint().as_bytes())))
        }
        Err(_) => Ok(credential.uri.clone()),
    }
}

/// What only `--direct` does.
pub(crate) fn only_direct(why: impl Into<String>, lang: Lang) -> Problem {
    Problem::new(
        "only-direct",
        lang.pick("chỉ dùng được với `--direct`", "this works with `--direct` only"),
        why,
        lang.pick(
            "bỏ phần đó ra để dịch vụ ký, hoặc thêm `--direct` để ký ngay trong lệnh này",
            "leave it out and let the daemon sign, or add `--direct` to sign in this process",
        ),
    )
}

/// How the person is asked: on this terminal where there is one, unless the administrator's policy decides.
pub(crate) fn consent(info: &Info) -> Option<Consent> {
    if info.consent == "policy" {
        return None;
    }
    terminal().map(|tty| Consent::Terminal { tty })
}

/// The terminal at which the person sits, if there is one.
fn terminal() -> Option<String> {
    let (stdin, stderr) = (std::io::stdin(), std::io::stderr());
    let name = if stdin.is_terminal() {
        rustix::termios::ttyname(&stdin, Vec::new())
    } else if stderr.is_terminal() {
        rustix::termios::ttyname(&stderr, Vec::new())
    } else {
        return None;
    };
    name.ok()?.into_string().ok()
}

/// Says each warning.
pub(crate) fn warn(warnings: &[String], lang: Lang) {
    for warning in warnings {
        tell!("{}: {warning}", lang.pick("cảnh báo", "warning"));
    }
}

/// Where a signed result lies and what records it; the reason where there is none.
pub(crate) fn result_of(operation: &Operation, lang: Lang) -> Result<(&str, u64), Problem> {
    if let Some(problem) = why_ended(operation.state, operation.problem.as_ref(), lang) {
        return Err(problem);
    }
    match (&operation.result, &operation.journal) {
        (Some(result), Some(journal)) => Ok((result, journal.entry)),
        _ => Err(cancelled(lang)),
    }
}

/// As [`result_of`], of a batch's item.
pub(crate) fn result_of_item(item: &BatchItem, lang: Lang) -> Result<(&str, u64), Problem> {
    match (item.state, &item.result, &item.journal) {
        (ItemState::Signed, Some(result), Some(journal)) => Ok((result, journal.entry)),
        (ItemState::Failed, ..) if let Some(problem) = &item.problem => {
            Err(Problem::from(problem.clone()))
        }
        _ => Err(cancelled(lang)),
    }
}

/// Why an operation that ended has no result; none where it succeeded.
pub(crate) fn why_ended(
    state: OperationState,
    problem: Option<&kyso_protocol::Problem>,
    lang: Lang,
) -> Option<Problem> {
    if state == OperationState::Succeeded {
        return None;
    }
    if let Some(problem) = problem {
        return Some(Problem::from(problem.clone()));
    }
    let (code, what, why, remedy) = match state {
        OperationState::Denied => (
            "consent-denied",
            lang.pick("người ký đã từ chối", "the person said no"),
            lang.pick("không có gì được ký", "nothing was signed"),
            lang.pick("chạy lại nếu muốn ký", "run it again to sign"),
        ),
        OperationState::TimedOut => (
            "consent-timed-out",
            lang.pick("không có câu trả lời kịp lúc", "nobody answered in time"),
            lang.pick("không có gì được ký", "nothing was signed"),
            lang.pick("chạy lại khi có người ký", "run it again when the signer is there"),
        ),
        OperationState::Interrupted => (
            "interrupted",
            lang.pick("dịch vụ bị ngắt giữa chừng", "the daemon ended in the middle"),
            lang.pick("không tệp nào được trả ra", "no file was released"),
            lang.pick("chạy lại", "run it again"),
        ),
        _ => return Some(cancelled(lang)),
    };
    Some(Problem::new(code, what, why, remedy))
}

/// Withdrawn before it was signed.
pub(crate) fn cancelled(lang: Lang) -> Problem {
    Problem::new(
        "cancelled",
        lang.pick("đã hủy trước khi ký", "it was withdrawn before it was signed"),
        lang.pick("không có gì được ký", "nothing was signed"),
        lang.pick("chạy lại nếu muốn ký", "run it again to sign"),
    )
}

/// All items of a batch.
pub(crate) async fn all_items(
    client: &mut Client,
    id: &str,
    lang: Lang,
) -> Result<Vec<BatchItem>, Problem> {
    let mut items = Vec::new();
    let mut from = Some(0);
    while let Some(number) = from {
        let page = client.batch_items(id, number).await.map_err(|error| error.explain(lang))?;
        items.extend(page.items);
        from = page.next.filter(|next| *next > number);
    }
    Ok(items)
}

/// Writes the journal's receipt of an entry.
pub(crate) async fn write_receipt(
    client: &mut Client,
    entry: u64,
    path: &Path,
    overwrite: bool,
    lang: Lang,
) -> Result<(), Problem> {
    let text = client.receipt(entry).await.map_err(|error| error.explain(lang))?;
    write_new(path, overwrite, text.as_bytes()).map_err(|error| unwritable(path, &error, lang))
}

/// A file that appears whole, under a name that nothing else has.
pub(crate) fn write_new(path: &Path, overwrite: bool, bytes: &[u8]) -> std::io::Result<()> {
    let mut pending = kyso::output::PendingFile::create(path, overwrite)?;
    pending.file().write_all(bytes)?;
    kyso::output::flush([&pending])?;
    pending.publish()
}
