//! The program `kyso`.

mod appearance;
mod args;
#[cfg(unix)]
mod batch;
mod cert;
#[cfg(unix)]
mod daemon;
#[cfg(unix)]
mod demo;
mod desk;
mod doctor;
mod extend;
mod journal;
mod judging;
mod key_file;
mod out;
mod password;
mod preview;
mod prompt;
#[cfg(unix)]
mod reissue;
#[cfg(unix)]
mod remote;
mod sign;
mod timestamp;
mod token;
mod trust;
mod usage;
mod verify;
mod visible;

use std::process::ExitCode;

#[cfg(unix)]
use args::DaemonCommand;
use args::{CertCommand, Cli, Command};
use desk::Desk;
use kyso_daemon::text::{Lang, Problem, locale};
use out::tell;

/// An operational error: nothing could be said about any signature.
const OPERATIONAL: u8 = 2;

fn main() -> ExitCode {
    keep_secrets_out_of_core_dumps();
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match usage::read(&arguments) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    #[cfg(unix)]
    if matches!(cli.command, Command::TokenWorker) {
        return kyso_token::worker::main(std::env::args_os().skip(2));
    }
    if let Command::PreviewWorker { arguments } = cli.command {
        return kyso_preview::worker::main(arguments);
    }
    let lang = cli.lang.unwrap_or_else(locale);
    // A defect is an operational error too, never a verdict.
    let ended = std::panic::catch_unwind(|| run(cli, lang));
    let code = match ended {
        Ok(Ok(code)) => code,
        Ok(Err((problem, lang))) => {
            if usage::wants_json(&arguments) {
                out::json(&problem.document());
            } else {
                tell!("{}", problem.shown(lang));
            }
            OPERATIONAL
        }
        Err(_) => OPERATIONAL,
    };
    ExitCode::from(if out::complete() { code } else { OPERATIONAL })
}

/// A PIN lives in this process, and so does the vendor's module that may crash it.
#[cfg(unix)]
fn keep_secrets_out_of_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Lowering a limit is always allowed; a system that refuses has no core dumps to limit.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn keep_secrets_out_of_core_dumps() {}

/// Runs the command and gives its exit code.
fn run(cli: Cli, locale: Lang) -> Result<u8, (Problem, Lang)> {
    #[cfg(unix)]
    if let Command::Daemon(DaemonCommand::Run { foreground: _, detached }) = cli.command {
        return daemon::run(&cli, detached);
    }
    let desk = Desk::open(&cli, locale).map_err(|problem| (problem, locale))?;
    let lang = desk.lang();
    let code = match cli.command {
        #[cfg(unix)]
        Command::Demo(arguments) => demo::run(&arguments, lang),
        #[cfg(not(unix))]
        Command::Demo(_) => Err(no_daemon_here(lang)),
        Command::Token(command) => token::run(&desk, command),
        Command::Cert(CertCommand::List { json, remote, file, pin_file }) => {
            cert::list(&desk, json.json, remote, &file, pin_file.as_deref())
        }
        Command::Cert(CertCommand::Validate(arguments)) => cert::validate::run(&desk, &arguments),
        Command::Appearance(command) => appearance::run(&desk, command),
        Command::Sign(arguments) => sign::run(&desk, *arguments),
        #[cfg(unix)]
        Command::Batch(command) => batch::run(&desk, command),
        #[cfg(unix)]
        Command::Reissue(command) => reissue::run(&desk, command),
        #[cfg(not(unix))]
        Command::Batch(_) | Command::Reissue(_) => Err(no_daemon_here(lang)),
        Command::Preview(arguments) => preview::run(&desk, &arguments),
        Command::PreviewWorker { .. } => Ok(0),
        Command::Verify(arguments) => verify::run(&desk, &arguments),
        Command::Extend(arguments) => extend::run(&desk, &arguments),
        Command::Timestamp(arguments) => timestamp::run(&desk, &arguments),
        Command::Trust(command) => trust::run(&desk, &command),
        Command::Journal(command) => journal::run(&desk, command),
        Command::Doctor(arguments) => doctor::run(&desk, arguments.json.json),
        #[cfg(unix)]
        Command::Daemon(DaemonCommand::Run { .. }) | Command::TokenWorker => Ok(0),
        #[cfg(unix)]
        Command::Daemon(DaemonCommand::Status(json)) => daemon::status(&desk, json.json),
        #[cfg(unix)]
        Command::Daemon(DaemonCommand::Stop) => daemon::stop(&desk),
        #[cfg(unix)]
        Command::DemoPinentry => demo::pinentry(),
    };
    code.map_err(|problem| (problem, lang))
}

/// What only the daemon does, on a system for which there is none yet.
#[cfg(not(unix))]
fn no_daemon_here(lang: Lang) -> Problem {
    Problem::new(
        "no-daemon-here",
        lang.pick("hệ điều hành này chưa có dịch vụ kyso", "there is no daemon on this system yet"),
        lang.pick("dịch vụ cần socket unix", "it needs a unix socket"),
        lang.pick("ký bằng `--direct`", "sign with `--direct`"),
    )
}
