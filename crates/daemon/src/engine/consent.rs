//! Asking for consent: on a terminal, by pinentry, or of the administrator's policy.
//!
//! One question at a time stands on a terminal, and one dialogue at the desk; the next waits, so that what is typed for one
//! never answers another. Each question has an id, which the journal
//! records with the request before it is asked. The PIN is asked for in the same place, by the worker that needs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kyso_protocol::{Consent, Lang, OperationState};
use kyso_token::PinSource;
use kyso_token::prompt::{self, Confirmation, Pinentry, Refused, Terminal, find_pinentry};
use uuid::Uuid;

use super::operations::{Ended, Handle};
use super::question::{self, Question};
use super::queue::{Place, Queue};
use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, ConsentError, TerminalFault};
use crate::settings::DefaultConsent;

/// Longest name of a display that is taken.
const MOST_DISPLAY: usize = 128;

/// Somebody agreed.
#[derive(Clone, Debug)]
pub(crate) struct Agreed {
    /// How and under which id; stands in the intents.
    pub(crate) id: String,
    /// Where the PIN comes from.
    pub(crate) pin: PinSource,
    /// Where the question stood, for another one about the same act.
    places: Vec<Spot>,
}

/// How consent will be asked for; its id is known before.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    id: String,
    channel: Channel,
}

#[derive(Clone, Debug)]
enum Channel {
    Terminal(Terminal),
    Pinentry(Pinentry),
    /// The policy has answered already: what it grants, with the PIN's file where it names one.
    Policy {
        pin_file: Option<PathBuf>,
    },
}

/// Asks whether this may be done.
///
/// # Errors
/// [`Ended`]: denied, timed out, cancelled, or why nobody could be asked.
pub(crate) fn ask(
    app: &App,
    handle: &Handle,
    caller: &Caller,
    wanted: Option<&Consent>,
    question: &Question,
) -> Result<Agreed, Ended> {
    let asking = Asking::prepare(app, caller, wanted, question)?;
    asking.ask(app, handle, caller, question)
}

impl Asking {
    /// Finds out how to ask, without asking; a policy is asked here.
    ///
    /// # Errors
    /// [`ConsentError`].
    pub(crate) fn prepare(
        app: &App,
        caller: &Caller,
        wanted: Option<&Consent>,
        question: &Question,
    ) -> Result<Self, ApiError> {
        let id = Uuid::now_v7();
        let channel = Channel::of(app, caller, wanted)?;
        let id = match &channel {
            Channel::Terminal(_) => format!("terminal {id}"),
            Channel::Pinentry(_) => format!("pinentry {id}"),
            Channel::Policy { .. } => {
                let grant = app.policy().ask(app, caller, &question.scope)?;
                let channel = Channel::Policy { pin_file: grant.pin_file };
                return Ok(Self { id: format!("policy {} {id}", grant.name), channel });
            }
        };
        Ok(Self { id, channel })
    }

    /// Whether it can be asked as the request wants it; nobody is asked, no policy either.
    ///
    /// # Errors
    /// [`ConsentError`].
    pub(crate) fn check(
        app: &App,
        caller: &Caller,
        wanted: Option<&Consent>,
    ) -> Result<(), ConsentError> {
        Channel::of(app, caller, wanted).map(drop)
    }

    /// How and under which id is asked.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Asks.
    ///
    /// # Errors
    /// [`Ended`]: denied, timed out, cancelled, or why nobody could be asked.
    pub(crate) fn ask(
        &self,
        app: &App,
        handle: &Handle,
        caller: &Caller,
        question: &Question,
    ) -> Result<Agreed, Ended> {
        handle.asked(&self.id)?;
        if matches!(self.channel, Channel::Policy { .. }) {
            return Ok(self.agreed(question));
        }
        let _turn = turn(app, handle, &self.channel.places())?;
        handle.enter(OperationState::WaitingForConsent);
        let lang = caller.lang;
        let mut lines = question.lines.clone();
        lines.push(question::asker(caller, lang));
        let text = Confirmation {
            title: question.title.clone(),
            lines,
            ok: question.ok.clone(),
            cancel: lang.pick("Không", "No").to_owned(),
        };
        let patience = app.settings().bounds.person_patience;
        let withdrawn = || handle.stop_requested();
        let answer = match &self.channel {
            Channel::Terminal(terminal) => terminal.confirm_unless(&text, patience, &withdrawn),
            Channel::Pinentry(pinentry) => pinentry.confirm_unless(&text, patience, &withdrawn),
            Channel::Policy { .. } => return Ok(self.agreed(question)),
        };
        match answer {
            // A yes that comes with a withdrawal is none.
            Ok(_) if handle.stop_requested() => Err(Ended::Cancelled),
            Ok(_) => Ok(self.agreed(question)),
            Err(Refused::Denied) => Err(Ended::Denied),
            Err(Refused::TimedOut) => Err(Ended::TimedOut),
            Err(Refused::Withdrawn) => Err(Ended::Cancelled),
            Err(Refused::NoPrompt) => Err(ConsentError::NoPrompt.into()),
        }
    }

    /// The consent of an act that was agreed to before and only needs its PIN again; a policy has been asked anew.
    pub(crate) fn agreed(&self, question: &Question) -> Agreed {
        let context = vec![question.brief.clone()];
        let pin = match &self.channel {
            Channel::Terminal(terminal) => {
                PinSource::Terminal(Box::new(Terminal { context, ..terminal.clone() }))
            }
            Channel::Pinentry(_) if question.scope.pin_pad => PinSource::ProtectedPath,
            Channel::Pinentry(pinentry) => {
                PinSource::Pinentry(Box::new(Pinentry { context, ..pinentry.clone() }))
            }
            Channel::Policy { pin_file: Some(path) } => PinSource::File(path.clone()),
            Channel::Policy { pin_file: None } => PinSource::ProtectedPath,
        };
        Agreed { id: self.id.clone(), pin, places: self.channel.places() }
    }
}

impl Agreed {
    /// The same consent with another line above the question for the PIN, such as that the last one was wrong.
    pub(crate) fn with_notice(&self, notice: &str) -> Self {
        let mut again = self.clone();
        match &mut again.pin {
            PinSource::Terminal(terminal) => terminal.context.insert(0, notice.to_owned()),
            PinSource::Pinentry(pinentry) => pinentry.context.insert(0, notice.to_owned()),
            PinSource::File(_) | PinSource::Prompt | PinSource::ProtectedPath => {}
        }
        again
    }

    /// Whether a person types the PIN here, and may try again.
    pub(crate) fn asks_a_person(&self) -> bool {
        matches!(self.pin, PinSource::Terminal(_) | PinSource::Pinentry(_))
    }

    /// Waits until no other question stands where this PIN is asked for.
    ///
    /// # Errors
    /// [`Ended::Cancelled`].
    pub(crate) fn turn(&self, app: &App, handle: &Handle) -> Result<Vec<Place<Spot>>, Ended> {
        turn(app, handle, &self.places)
    }
}

/// Takes places in their own order, so that no two questions wait for each other.
fn turn(app: &App, handle: &Handle, places: &[Spot]) -> Result<Vec<Place<Spot>>, Ended> {
    let questions: &Arc<Queue<Spot>> = app.questions();
    let taken = places.iter().map(|place| questions.take(*place, None, handle.stop(), || {}));
    taken.collect::<Result<_, _>>().map_err(|_| Ended::Cancelled)
}

/// Where a question stands; two in the same do not stand at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Spot {
    /// A terminal, as the device that it is, whatever its path.
    Terminal(u64),
    /// The person's desk, where dialogues open. One display has many names, and a dialogue that opens while a person types
    /// into another one takes the rest of what they type.
    Desk,
}

impl Spot {
    fn terminal(tty: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        // One that is gone takes no question.
        tty.metadata().ok().map(|found| Self::Terminal(found.rdev()))
    }
}

impl Channel {
    fn of(app: &App, caller: &Caller, wanted: Option<&Consent>) -> Result<Self, ConsentError> {
        let settings = app.settings();
        let timeout = settings.bounds.person_patience;
        let pinentry =
            |display: &Option<String>, wayland: &Option<String>, tty: Option<PathBuf>| {
                let path = std::env::var_os("PATH");
                let program = find_pinentry(settings.pinentry.as_deref(), path.as_deref())
                    .ok_or(ConsentError::PinentryMissing)?;
                Ok(Self::Pinentry(Pinentry {
                    program,
                    tty: tty.map(|tty| (tty, "xterm".to_owned())),
                    display: display_name(display)?,
                    wayland_display: display_name(wayland)?,
                    lang: lang(caller.lang),
                    context: Vec::new(),
                    timeout,
                }))
            };
        match (wanted, settings.consent) {
            (Some(Consent::Terminal { tty }), _) => Ok(Self::Terminal(Terminal {
                tty: terminal(tty, caller.peer.uid)?,
                lang: lang(caller.lang),
                context: Vec::new(),
                timeout,
            })),
            (Some(Consent::Pinentry { display, wayland_display, tty }), _) => {
                let tty = tty.as_deref().map(|tty| terminal(tty, caller.peer.uid)).transpose()?;
                pinentry(display, wayland_display, tty)
            }
            (None, DefaultConsent::Pinentry) => pinentry(&None, &None, None),
            (Some(Consent::Policy {}), _) | (None, DefaultConsent::Policy) => {
                Ok(Self::Policy { pin_file: None })
            }
            (None, DefaultConsent::None) => Err(ConsentError::NotSaid),
        }
    }

    /// Where the question stands, terminals first.
    fn places(&self) -> Vec<Spot> {
        match self {
            Self::Terminal(terminal) => Spot::terminal(&terminal.tty).into_iter().collect(),
            Self::Pinentry(pinentry) => {
                // Without a display the program asks on its terminal.
                let tty = pinentry.tty.as_ref().and_then(|(tty, _)| Spot::terminal(tty));
                tty.into_iter().chain([Spot::Desk]).collect()
            }
            Self::Policy { .. } => Vec::new(),
        }
    }
}

/// A terminal of the caller's own; the prompt looks once more when it opens it.
fn terminal(tty: &str, uid: u32) -> Result<PathBuf, ConsentError> {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let refused = |fault| ConsentError::TerminalRefused(fault);
    let path = Path::new(tty);
    let plain = path.components().all(|part| {
        matches!(part, std::path::Component::RootDir | std::path::Component::Normal(_))
    });
    if !path.starts_with("/dev") || !plain || tty.len() > MOST_DISPLAY {
        return Err(refused(TerminalFault::Path));
    }
    let Ok(metadata) = path.symlink_metadata() else {
        return Err(refused(TerminalFault::Missing));
    };
    if !metadata.file_type().is_char_device() {
        return Err(refused(TerminalFault::NotADevice));
    }
    if metadata.uid() != uid {
        return Err(refused(TerminalFault::NotTheCallers));
    }
    Ok(path.to_path_buf())
}

fn display_name(display: &Option<String>) -> Result<Option<String>, ConsentError> {
    match display {
        Some(name)
            if name.is_empty()
                || name.len() > MOST_DISPLAY
                || !name.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Err(ConsentError::DisplayMalformed)
        }
        name => Ok(name.clone()),
    }
}

fn lang(lang: Lang) -> prompt::Lang {
    lang.pick(prompt::Lang::Vi, prompt::Lang::En)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_devices_of_the_caller() {
        let uid = rustix::process::geteuid().as_raw();
        for (tty, fault) in [
            ("pts/0", TerminalFault::Path),
            ("/etc/passwd", TerminalFault::Path),
            ("/dev/../etc/passwd", TerminalFault::Path),
            ("/dev/kyso-is-not-there", TerminalFault::Missing),
            ("/dev/shm", TerminalFault::NotADevice),
        ] {
            let refused = ConsentError::TerminalRefused(fault);
            assert_eq!(terminal(tty, uid), Err(refused), "{tty}");
        }
        let others = ConsentError::TerminalRefused(TerminalFault::NotTheCallers);
        assert_eq!(terminal("/dev/null", 12_345), Err(others));
    }

    #[test]
    fn a_question_has_its_place_whatever_the_place_is_called() {
        let terminal = |tty: &str| {
            Channel::Terminal(Terminal {
                tty: tty.into(),
                lang: prompt::Lang::En,
                context: Vec::new(),
                timeout: std::time::Duration::ZERO,
            })
        };
        let pinentry = |tty: Option<&str>, display: Option<&str>| {
            Channel::Pinentry(Pinentry {
                program: "/usr/bin/pinentry".into(),
                tty: tty.map(|tty| (tty.into(), "xterm".into())),
                display: display.map(str::to_owned),
                wayland_display: None,
                lang: prompt::Lang::En,
                context: Vec::new(),
                timeout: std::time::Duration::ZERO,
            })
        };
        let null = terminal("/dev/null").places();
        assert_eq!(null.len(), 1);
        assert_eq!(terminal("/dev/.//null").places(), null);
        assert_ne!(terminal("/dev/zero").places(), null);
        assert_eq!(pinentry(Some("/dev//null"), None).places()[..1], null);
        assert_eq!(pinentry(None, None).places(), [Spot::Desk]);
        for display in [":0", ":0.0", "unix:0"] {
            assert_eq!(pinentry(None, Some(display)).places(), [Spot::Desk]);
        }
    }

    #[test]
    fn displays_are_plain_words() {
        assert_eq!(display_name(&Some(":0".into())), Ok(Some(":0".into())));
        for name in ["", ":0\nOPTION x", "a b", "màn"] {
            assert_eq!(display_name(&Some(name.into())), Err(ConsentError::DisplayMalformed));
        }
    }
}
