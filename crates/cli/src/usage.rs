//! What was typed and is no command of this program: in three parts and both languages, and as JSON where that is wanted.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};

use crate::args::Cli;
use crate::out::{self, tell};
use kyso_daemon::text::{Lang, Problem, locale};

/// The command line, or the exit code where there is nothing more to do: help was asked for, or it is no command.
pub(crate) fn read(arguments: &[OsString]) -> Result<Cli, ExitCode> {
    let error = match Cli::try_parse_from(arguments) {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    let json = wants_json(arguments);
    let asked = !error.use_stderr();
    // A group of commands without one of them: its help is the answer for a person.
    let helps = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !json;
    if asked || helps {
        let _ = error.print();
        return Err(ExitCode::from(if asked { 0 } else { crate::OPERATIONAL }));
    }
    let lang = language(arguments);
    let problem = problem(&error, arguments, lang);
    if json {
        out::json(&problem.document());
    } else {
        tell!("{}", problem.shown(lang));
    }
    Err(ExitCode::from(crate::OPERATIONAL))
}

/// Whether what goes wrong is told as JSON: `--json` stands among the options, and standard output is not the result's.
pub(crate) fn wants_json(arguments: &[OsString]) -> bool {
    let options = || arguments.iter().take_while(|argument| *argument != "--");
    let given = options().any(|argument| argument == "--json");
    let piped = options()
        .zip(options().skip(1))
        .any(|(option, value)| (option == "-o" || option == "--output") && value == "-");
    given && !piped
}

/// The language of `--lang`, read by hand: nothing else is known of a command line that cannot be read.
fn language(arguments: &[OsString]) -> Lang {
    let value = |argument: &OsStr, next: Option<&OsString>| -> Option<Lang> {
        let text = argument.to_str()?;
        let value = match text.strip_prefix("--lang") {
            Some("") => next?.to_str()?,
            Some(rest) => rest.strip_prefix('=')?,
            None => return None,
        };
        value.parse().ok()
    };
    let mut found = None;
    for (at, argument) in arguments.iter().enumerate() {
        found = found.or_else(|| value(argument, arguments.get(at + 1)));
    }
    found.unwrap_or_else(locale)
}

fn problem(error: &clap::Error, arguments: &[OsString], lang: Lang) -> Problem {
    use ErrorKind as K;
    let invalid = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    let command = command(arguments);
    let help = format!("{} `{command} --help`", lang.pick("xem", "see"));
    let (what, why, remedy) = match error.kind() {
        K::UnknownArgument => (
            lang.pick("không hiểu một phần của lệnh", "a part of the command is not understood"),
            invalid,
            suggestion(error, lang).unwrap_or(help),
        ),
        K::InvalidValue | K::NoEquals if value.is_empty() => (
            lang.pick("một tùy chọn thiếu giá trị", "an option has no value"),
            invalid,
            choices(error, lang).unwrap_or(help),
        ),
        K::InvalidValue | K::ValueValidation => (
            lang.pick(
                "giá trị của một tùy chọn không dùng được",
                "an option's value cannot be used",
            ),
            reason(error, &format!("{} {value}", name(&invalid)), lang),
            suggestion(error, lang).or_else(|| choices(error, lang)).unwrap_or(help),
        ),
        K::MissingRequiredArgument => (
            lang.pick("lệnh còn thiếu một phần", "a part of the command is missing"),
            invalid,
            help,
        ),
        K::ArgumentConflict => (
            lang.pick("hai tùy chọn không đi cùng nhau", "two options exclude each other"),
            conflict(&invalid, &context(error, ContextKind::PriorArg), lang),
            lang.pick("bỏ một trong hai", "leave one of them out").to_owned(),
        ),
        K::InvalidSubcommand => (
            lang.pick("không có lệnh này", "there is no such command"),
            context(error, ContextKind::InvalidSubcommand),
            suggestion(error, lang).unwrap_or(help),
        ),
        K::MissingSubcommand | K::DisplayHelpOnMissingArgumentOrSubcommand => {
            (lang.pick("chưa nói cần làm gì", "it is not said what to do"), command, help)
        }
        _ => (
            lang.pick("không hiểu lệnh", "the command is not understood"),
            error.to_string().lines().next().unwrap_or_default().to_owned(),
            help,
        ),
    };
    Problem::new("usage", what, why, remedy)
}

/// A piece of what the parser knows, as text.
fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::Strings(all)) => all.join(", "),
        Some(ContextValue::StyledStrs(all)) => {
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// The command that was meant, as far as it can be known: `kyso sign`.
fn command(arguments: &[OsString]) -> String {
    let mut known = Cli::command();
    let mut words = vec!["kyso".to_owned()];
    for argument in arguments.iter().skip(1) {
        match known.find_subcommand(argument) {
            Some(next) if !next.is_hide_set() => {
                words.push(next.get_name().to_owned());
                known = next.clone();
            }
            // The value of an option before the command, or what follows it.
            _ if words.len() == 1 => {}
            _ => break,
        }
    }
    words.join(" ")
}

/// An option without what it takes: `--certify` of `--certify <1|2|3>`.
fn name(argument: &str) -> &str {
    argument.split_whitespace().next().unwrap_or_default()
}

fn suggestion(error: &clap::Error, lang: Lang) -> Option<String> {
    let kinds = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedCommand,
    ];
    let found = kinds.into_iter().map(|kind| context(error, kind)).find(|text| !text.is_empty())?;
    Some(format!("{} `{found}`", lang.pick("có phải ý bạn là", "perhaps you mean")))
}

fn choices(error: &clap::Error, lang: Lang) -> Option<String> {
    let valid = context(error, ContextKind::ValidValue);
    (!valid.is_empty())
        .then(|| format!("{} {valid}", lang.pick("chọn một trong:", "choose one of:")))
}

/// Why a value was refused, by the one who read it; those readers know no Vietnamese, so their words stand in brackets.
fn reason(error: &clap::Error, value: &str, lang: Lang) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) => lang.pick(format!("{value} ({source})"), format!("{value}: {source}")),
        None => value.to_owned(),
    }
}

fn conflict(one: &str, other: &str, lang: Lang) -> String {
    if one == other || other.is_empty() {
        return lang.pick(format!("{one} được ghi hai lần"), format!("{one} is given twice"));
    }
    lang.pick(format!("{one} và {other}"), format!("{one} and {other}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(arguments: &[&str], lang: Lang) -> Problem {
        let words: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        problem(&Cli::try_parse_from(&words).expect_err("no command"), &words, lang)
    }

    #[test]
    fn what_is_no_command_is_told_in_three_parts() {
        let cases: [(&[&str], &str, &str, &str); 9] = [
            (&["kyso", "sing"], "there is no such command", "sing", "sign"),
            (&["kyso", "sign"], "a part of the command is missing", "<FILE>", "kyso sign --help"),
            (
                &["kyso", "sign", "a", "--visble", "leader"],
                "a part of the command is not understood",
                "--visble",
                "--visible",
            ),
            (&["kyso", "sign", "a", "--certify", "9"], "an option's value", "--certify", "sign"),
            (&["kyso", "sign", "a", "--form", "sao"], "an option's value", "sao", "sao-y"),
            (&["kyso", "sign", "a", "--form"], "an option has no value", "--form", "sao-y"),
            (
                &["kyso", "sign", "a", "--visible", "free", "--at", "1,2", "--rect", "1,2,3,4"],
                "exclude each other",
                "--rect",
                "leave one",
            ),
            (&["kyso", "sign", "a", "--picture", "b"], "is missing", "--visible", "sign --help"),
            (&["kyso", "preview", "a", "--page", "x", "-o", "b"], "value", "--page", "preview"),
        ];
        for (arguments, what, why, remedy) in cases {
            let english = told(arguments, Lang::En);
            assert!(english.what.contains(what), "{arguments:?}: {english:?}");
            assert!(english.why.contains(why), "{arguments:?}: {english:?}");
            assert!(english.remedy.contains(remedy), "{arguments:?}: {english:?}");
            let vietnamese = told(arguments, Lang::Vi);
            assert_ne!(vietnamese.what, english.what);
            assert_ne!(vietnamese.remedy, english.remedy);
        }
    }

    #[test]
    fn json_and_language_are_seen_in_what_cannot_be_read() {
        let words = |all: &[&str]| all.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(wants_json(&words(&["kyso", "sign", "--json"])));
        assert!(!wants_json(&words(&["kyso", "sign", "--", "--json"])));
        assert!(!wants_json(&words(&["kyso", "preview", "--json", "-o", "-", "a.pdf"])));
        assert_eq!(language(&words(&["kyso", "--lang", "vi", "x"])), Lang::Vi);
        assert_eq!(language(&words(&["kyso", "--lang=vi"])), Lang::Vi);
    }
}
