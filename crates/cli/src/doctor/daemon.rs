//! What `kyso doctor` says of the daemon: socket, answers, prompts, workers, space, certificates, systemd.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use kyso_daemon::client::{self, Client, ClientError};
use kyso_daemon::{Bounds, DefaultConsent, config, policy_rules};
use kyso_protocol::{CertificateList, Health, Info};
use kyso_token::pkcs11::Limits;
use kyso_token::prompt::find_pinentry;
use kyso_token::worker::{self, Source, Spawn, WorkerStore};

use super::Looked;
use crate::desk::Desk;
use crate::out;
use kyso_daemon::explain::token as token_problem;
use kyso_daemon::text::Lang;

const TOPIC: &str = "daemon";

/// Bytes of a gibibyte.
const GIB: u64 = 1 << 30;

pub(super) fn look(desk: &Desk, looked: &mut Vec<Looked>) {
    let running = running(desk, looked);
    consent(desk, looked);
    workers(desk, looked);
    space(desk, looked);
    if !running {
        units(desk.lang(), looked);
    }
}

/// What a daemon that runs says of itself.
struct Answers {
    info: Info,
    health: Health,
    certificates: Option<CertificateList>,
}

/// Whether one runs; what it says of itself, and who else could reach its socket.
fn running(desk: &Desk, looked: &mut Vec<Looked>) -> bool {
    let lang = desk.lang();
    let socket = match desk.socket() {
        Ok(socket) => socket,
        Err(problem) => {
            looked.push(Looked::problem(TOPIC, problem));
            return false;
        }
    };
    let asked = client::block_on(async {
        let mut client = Client::connect(&socket, lang).await?;
        let (info, health) = (client.info().await?, client.readiness().await?);
        // Listed for their warnings; what modules say of themselves stands above.
        let certificates = client.certificates(false).await.ok();
        Ok(Answers { info, health, certificates })
    });
    let place = out::path(&socket);
    match asked {
        Ok(Ok(answers)) => {
            tell(&answers, &place, lang, looked);
            reachable_by_others(&socket, lang, looked);
            true
        }
        Ok(Err(ClientError::NotRunning { .. })) => {
            let starts = desk.starts_daemon();
            let text = if starts {
                lang.pick(
                    "Dịch vụ kyso chưa chạy; `kyso sign` sẽ tự khởi động.",
                    "The kyso daemon is not running; `kyso sign` starts it.",
                )
            } else {
                lang.pick(
                    "Dịch vụ kyso chưa chạy; ký được bằng `--direct`.",
                    "The kyso daemon is not running; `--direct` signs without it.",
                )
            };
            looked.push(Looked::fine(TOPIC, format!("{text} ({place})")));
            false
        }
        Ok(Err(error)) => {
            looked.push(Looked::problem(TOPIC, error.explain(lang)));
            false
        }
        Err(_) => false,
    }
}

fn tell(answers: &Answers, place: &str, lang: Lang, looked: &mut Vec<Looked>) {
    let Answers { info, health, certificates } = answers;
    let (version, pid) = (out::shown(&info.version), info.pid);
    looked.push(Looked::fine(
        TOPIC,
        lang.pick(
            format!("Dịch vụ kyso {version} đang chạy (tiến trình {pid}, {place})."),
            format!("The kyso daemon {version} runs (process {pid}, {place})."),
        ),
    ));
    for check in health.checks.iter().filter(|check| !check.ok) {
        let code = check.code.as_deref().unwrap_or_default();
        looked.push(Looked {
            topic: TOPIC,
            ok: false,
            text: format!("{}: {}", out::shown(&check.name), out::shown(code)),
            remedy: Some(
                lang.pick(
                    "xem nhật ký vận hành của dịch vụ; kiểm tra đĩa và quyền",
                    "look at the daemon's log; check disk and permissions",
                )
                .to_owned(),
            ),
        });
    }
    let listed = certificates.iter().flat_map(|list| &list.certificates);
    for certificate in listed {
        for warning in &certificate.warnings {
            looked.push(Looked {
                topic: "certificates",
                ok: false,
                text: out::shown(&format!("{}: {}", certificate.display_name, warning.text)),
                remedy: Some(
                    lang.pick(
                        "xem và gửi yêu cầu đã điền sẵn: `kyso reissue request --from-warning`",
                        "look at the prefilled request and send it: `kyso reissue request --from-warning`",
                    )
                    .to_owned(),
                ),
            });
        }
    }
}

/// The folder keeps other users out; the socket's own mode is the second lock.
fn reachable_by_others(socket: &Path, lang: Lang, looked: &mut Vec<Looked>) {
    let open = [(Some(socket), 0o177), (socket.parent(), 0o022)];
    let open = open.into_iter().filter_map(|(path, forbidden)| path.map(|path| (path, forbidden)));
    for (path, forbidden) in open {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let own = metadata.uid() == rustix::process::getuid().as_raw();
        if own && metadata.permissions().mode() & forbidden == 0 {
            continue;
        }
        looked.push(Looked {
            topic: TOPIC,
            ok: false,
            text: lang.pick(
                format!("Người dùng khác vào được {}.", out::path(path)),
                format!("Other users may reach {}.", out::path(path)),
            ),
            remedy: Some(
                lang.pick("đặt lại quyền: chmod go-rwx", "take it back: chmod go-rwx").to_owned(),
            ),
        });
    }
}

/// How a person would be asked.
fn consent(desk: &Desk, looked: &mut Vec<Looked>) {
    let lang = desk.lang();
    let daemon = &desk.config().daemon;
    match daemon.consent {
        DefaultConsent::Policy => {
            let path = daemon.policy.clone().unwrap_or_else(|| PathBuf::from(kyso_daemon::POLICY));
            looked.push(match policy_rules(&path, lang) {
                Ok(count) => Looked::fine(
                    TOPIC,
                    lang.pick(
                        format!("Chính sách {}: {count} quy tắc.", out::path(&path)),
                        format!("Policy {}: {count} rules.", out::path(&path)),
                    ),
                ),
                Err(problem) => Looked::problem(TOPIC, problem),
            });
        }
        DefaultConsent::Pinentry => {
            let path = std::env::var_os("PATH");
            looked.push(match find_pinentry(daemon.pinentry.as_deref(), path.as_deref()) {
                Some(program) => Looked::fine(
                    TOPIC,
                    lang.pick(
                        format!("Hỏi mã PIN bằng {}.", out::path(&program)),
                        format!("Asks for PINs by {}.", out::path(&program)),
                    ),
                ),
                None => Looked {
                    topic: TOPIC,
                    ok: false,
                    text: lang
                        .pick("Không thấy chương trình pinentry.", "No pinentry program was found.")
                        .to_owned(),
                    remedy: Some(
                        lang.pick(
                            "cài pinentry (gói pinentry-gnome3, -qt hoặc -curses), hoặc ghi `pinentry` dưới `[daemon]`; \
                             ở cửa sổ dòng lệnh thì dịch vụ hỏi ngay tại đó",
                            "install pinentry (package pinentry-gnome3, -qt or -curses), or set `pinentry` under `[daemon]`; \
                             from a terminal the daemon asks right there",
                        )
                        .to_owned(),
                    ),
                },
            });
        }
        DefaultConsent::None => {}
    }
}

/// Each allowed module in a process of its own, as the daemon runs it.
fn workers(desk: &Desk, looked: &mut Vec<Looked>) {
    let lang = desk.lang();
    let Ok(program) = std::env::current_exe() else { return };
    let modules = desk.config().allow_list();
    let sources: Vec<Source> = modules.modules().iter().cloned().map(Source::Module).collect();
    if sources.is_empty() {
        return;
    }
    let spawn = Spawn { program, arguments: vec!["token-worker".into()], environment: Vec::new() };
    let store =
        WorkerStore::new(sources, spawn, Limits::interactive(), worker::Bounds::interactive());
    let (works, fails): (Vec<_>, Vec<_>) = store.modules().into_iter().partition(Result::is_ok);
    if !works.is_empty() {
        let count = works.len();
        looked.push(Looked::fine(
            TOPIC,
            lang.pick(
                format!("{count} mô-đun chạy được trong tiến trình riêng."),
                format!("{count} module(s) start in a process of their own."),
            ),
        ));
    }
    for error in fails.into_iter().filter_map(Result::err) {
        looked.push(Looked::problem(TOPIC, token_problem::explain(&error, lang)));
    }
}

/// Room for one of the largest documents and its signed copy.
fn space(desk: &Desk, looked: &mut Vec<Looked>) {
    let lang = desk.lang();
    let daemon = &desk.config().daemon;
    let Some(state) = daemon.state.clone().or_else(config::default_state) else { return };
    let Some(there) = state.ancestors().find(|folder| folder.is_dir()) else { return };
    let Ok(disk) = rustix::fs::statvfs(there) else { return };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let Bounds { document_bytes, .. } = daemon.limits.bounds();
    let place = out::path(&state);
    let gib = format!("{}.{}", free / GIB, free % GIB * 10 / GIB);
    if free >= document_bytes.saturating_mul(2) {
        let text = lang.pick(
            format!("Chỗ cho tài liệu: {place}, còn {gib} GiB."),
            format!("Room for documents: {place}, {gib} GiB are free."),
        );
        looked.push(Looked::fine(TOPIC, text));
        return;
    }
    looked.push(Looked {
        topic: TOPIC,
        ok: false,
        text: lang.pick(
            format!("{place}: chỉ còn {gib} GiB, ít hơn hai tài liệu lớn nhất được nhận."),
            format!("{place}: only {gib} GiB are free, less than two of the largest documents that are taken."),
        ),
        remedy: Some(
            lang.pick(
                "dọn đĩa, ghi `state` dưới `[daemon]` sang đĩa khác, hoặc giảm `document-bytes`",
                "free space, set `state` under `[daemon]` to another disk, or lower `document-bytes`",
            )
            .to_owned(),
        ),
    });
}

/// Whether systemd would start it.
fn units(lang: Lang, looked: &mut Vec<Looked>) {
    if !Path::new("/run/systemd/system").is_dir() {
        return;
    }
    let own = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    let places = own
        .into_iter()
        .map(|folder| folder.join("systemd/user"))
        .chain(["/etc/systemd/user", "/usr/lib/systemd/user"].map(PathBuf::from));
    let unit = places.map(|folder| folder.join("kyso.socket")).find(|unit| unit.is_file());
    let text = match unit {
        Some(unit) => lang.pick(
            format!("Có {}: bật bằng `systemctl --user enable --now kyso.socket`.", out::path(&unit)),
            format!("{} is there: `systemctl --user enable --now kyso.socket` turns it on.", out::path(&unit)),
        ),
        None => lang
            .pick(
                "Muốn dịch vụ tự chạy: chép dist/systemd/kyso.* vào ~/.config/systemd/user (xem README).",
                "To have it started by itself: copy dist/systemd/kyso.* to ~/.config/systemd/user (see README).",
            )
            .to_owned(),
    };
    looked.push(Looked::fine(TOPIC, text));
}

impl Looked {
    fn fine(topic: &'static str, text: impl Into<String>) -> Self {
        Self { topic, ok: true, text: text.into(), remedy: None }
    }
}
