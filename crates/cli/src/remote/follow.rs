//! Following an operation or a batch, with Ctrl-C as its cancel.

use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use kyso_daemon::client::{Client, Step, Watched};
use kyso_protocol::{Batch, Operation, OperationState, PauseReason};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Remote;
use crate::out::{shown, tell};
use kyso_daemon::text::{Lang, Problem};

/// Exit code of a program that Ctrl-C ended (128 + SIGINT), as a shell expects it.
const INTERRUPTED: i32 = 130;

/// Nothing is asked for: Ctrl-C ends the program.
const IDLE: u8 = 0;
/// A request is on its way, whose question may stand before its answer is here: the first Ctrl-C waits for what is to be
/// cancelled.
const ASKING: u8 = 1;
/// Ctrl-C is a request to cancel.
const FOLLOWING: u8 = 2;

/// Ctrl-C: while something is asked for or followed it is a request to cancel, else it ends the program.
pub(super) struct Interrupts {
    stage: Arc<AtomicU8>,
    pressed: UnboundedReceiver<()>,
}

impl Interrupts {
    pub(super) fn listen() -> std::io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stage = Arc::new(AtomicU8::new(IDLE));
        let (sender, pressed) = unbounded_channel();
        let now = Arc::clone(&stage);
        tokio::spawn(async move {
            while interrupt.recv().await.is_some() {
                // A second one does not wait for an answer that may never come.
                let asking =
                    now.compare_exchange(ASKING, IDLE, Ordering::Relaxed, Ordering::Relaxed);
                if asking == Err(IDLE) || sender.send(()).is_err() {
                    std::process::exit(INTERRUPTED);
                }
            }
        });
        Ok(Self { stage, pressed })
    }
}

impl Remote {
    /// A request goes out that asks the person; what it makes is followed next.
    pub(crate) fn will_ask(&self) {
        self.interrupts.stage.store(ASKING, Ordering::Relaxed);
    }

    /// Follows an operation to its end.
    pub(crate) async fn follow_operation(&mut self, id: &str) -> Result<Operation, Problem> {
        let lang = self.lang;
        let mut words = Words::new(lang);
        let told = |step: &Step| {
            if let Step::Operation(operation) = step {
                let _ = words.state(operation.state, None);
            }
            ControlFlow::Continue(())
        };
        match self.follow(Watched::Operation(id), told).await? {
            Step::Operation(operation) => Ok(*operation),
            Step::Batch(_) | Step::Item(_) => Err(super::cancelled(lang)),
        }
    }

    /// Follows a batch of `count` items to its end, or to a pause from which it does not go on by itself. A batch that was
    /// just `resumed` may be seen standing still once more before it goes on.
    pub(crate) async fn follow_batch(
        &mut self,
        id: &str,
        count: usize,
        resumed: Option<&Batch>,
    ) -> Result<Batch, Problem> {
        let lang = self.lang;
        let stands = |batch: &Batch| {
            needs_person(batch) && resumed.is_none_or(|old| old.updated_at != batch.updated_at)
        };
        let mut words = Words::new(lang);
        let mut bar = None;
        let told = |step: &Step| {
            match step {
                Step::Batch(batch) => {
                    let done = batch.counts.total - batch.counts.pending;
                    if batch.state == OperationState::Running {
                        // Not earlier: a question may stand on the same terminal.
                        let bar = bar.get_or_insert_with(|| progress(count, lang));
                        bar.set_position(done as u64);
                    } else {
                        bar.take().iter().for_each(ProgressBar::finish_and_clear);
                    }
                    if stands(batch) {
                        return ControlFlow::Break(());
                    }
                    if !needs_person(batch) {
                        words.batch(batch);
                    }
                }
                Step::Item(_) => bar.iter().for_each(|bar| bar.inc(1)),
                Step::Operation(_) => {}
            }
            ControlFlow::Continue(())
        };
        match self.follow(Watched::Batch(id), told).await? {
            Step::Batch(batch) if stands(&batch) => Err(self.leave_paused(*batch).await),
            Step::Batch(batch) => Ok(*batch),
            Step::Operation(_) | Step::Item(_) => Err(super::cancelled(lang)),
        }
    }

    /// A batch of which nothing is signed yet is withdrawn, as `--direct` ends where the PIN is not given; another one
    /// stays for whoever resumes it.
    async fn leave_paused(&mut self, batch: Batch) -> Problem {
        let lang = self.lang;
        let why = batch.pause.map_or("", |pause| {
            let (vi, en) = paused(pause);
            lang.pick(vi, en)
        });
        if batch.pause == Some(PauseReason::PinNeeded) && batch.counts.signed == 0 {
            if let Err(error) = self.client.cancel_batch(&batch.id).await {
                return error.explain(lang);
            }
            return match batch.problem {
                Some(problem) => Problem::from(problem),
                None => Problem::new(
                    "pin-needed",
                    lang.pick("không có mã PIN đúng", "the PIN was not given, or was wrong"),
                    lang.pick("không có gì được ký", "nothing was signed"),
                    lang.pick("chạy lại và nhập PIN", "run it again and type the PIN"),
                ),
            };
        }
        Problem::new(
            "batch-paused",
            lang.pick("lô ký đang tạm dừng", "the batch stands still"),
            why,
            lang.pick(
                format!(
                    "`kyso batch resume {0}`, rồi `kyso batch fetch {0} --out-dir THƯ-MỤC`",
                    batch.id
                ),
                format!(
                    "`kyso batch resume {0}`, then `kyso batch fetch {0} --out-dir DIR`",
                    batch.id
                ),
            ),
        )
    }

    async fn follow(
        &mut self,
        watched: Watched<'_>,
        told: impl FnMut(&Step) -> ControlFlow<()>,
    ) -> Result<Step, Problem> {
        let lang = self.lang;
        let Self { client, interrupts, .. } = self;
        interrupts.stage.store(FOLLOWING, Ordering::Relaxed);
        let mut asked = false;
        let ended = {
            let watching = client.watch(watched, told);
            tokio::pin!(watching);
            loop {
                tokio::select! {
                    ended = &mut watching => break ended.map_err(|error| error.explain(lang)),
                    _ = interrupts.pressed.recv() => {
                        if asked {
                            break Err(left(watched, lang));
                        }
                        asked = true;
                        tell!("{}", lang.pick(
                            "Đang hủy … (nhấn Ctrl-C lần nữa để rời đi)",
                            "Cancelling … (Ctrl-C again leaves it to the daemon)",
                        ));
                        if let Err(problem) = cancel(client, watched, lang).await {
                            tell!("{}", problem.shown(lang));
                        }
                    }
                }
            }
        };
        interrupts.stage.store(IDLE, Ordering::Relaxed);
        ended
    }
}

/// Whether it waits for somebody to resume it; a token that was pulled is waited for.
fn needs_person(batch: &Batch) -> bool {
    use PauseReason as P;
    batch.state == OperationState::Paused
        && matches!(
            batch.pause,
            Some(P::Requested | P::Restarted | P::PinNeeded | P::ModuleFailed) | None
        )
}

/// Withdraws it on a connection of its own.
async fn cancel(client: &Client, watched: Watched<'_>, lang: Lang) -> Result<(), Problem> {
    let mut other =
        Client::connect(client.socket(), lang).await.map_err(|error| error.explain(lang))?;
    let withdrawn = match watched {
        Watched::Operation(id) => other.cancel(id).await.map(drop),
        Watched::Batch(id) => other.cancel_batch(id).await.map(drop),
    };
    withdrawn.map_err(|error| error.explain(lang))
}

fn left(watched: Watched<'_>, lang: Lang) -> Problem {
    let (id, show) = match watched {
        Watched::Operation(id) => (id, "kyso journal list".to_owned()),
        Watched::Batch(id) => (id, format!("kyso batch show {id}")),
    };
    Problem::new(
        "left",
        lang.pick("đã rời đi trước khi xong", "left before it ended"),
        lang.pick(format!("dịch vụ vẫn giữ {id}"), format!("the daemon still has {id}")),
        lang.pick(format!("xem `{show}`"), format!("see `{show}`")),
    )
}

/// States in words, each said once.
struct Words {
    lang: Lang,
    /// Whether the questions themselves appear on this terminal.
    asked_here: bool,
    last: Option<(OperationState, Option<PauseReason>)>,
}

impl Words {
    fn new(lang: Lang) -> Self {
        Self { lang, asked_here: super::terminal().is_some(), last: None }
    }

    /// The batch's state, with what the daemon says of it: which token it was, which one lies there.
    fn batch(&mut self, batch: &Batch) {
        if self.state(batch.state, batch.pause)
            && let Some(problem) = &batch.problem
        {
            tell!("  {}", shown(&problem.detail));
        }
    }

    /// Says the state where it is a new one; whether it did.
    fn state(&mut self, state: OperationState, pause: Option<PauseReason>) -> bool {
        if self.last == Some((state, pause)) {
            return false;
        }
        self.last = Some((state, pause));
        let asks =
            matches!(state, OperationState::WaitingForConsent | OperationState::WaitingForPin);
        if asks && self.asked_here {
            return false;
        }
        let words = waiting(state, pause, self.lang);
        if let Some(words) = words {
            tell!("{words}");
        }
        words.is_some()
    }
}

/// What a person must know or do while it waits.
pub(crate) fn waiting(
    state: OperationState,
    pause: Option<PauseReason>,
    lang: Lang,
) -> Option<&'static str> {
    let (vi, en) = match (state, pause) {
        (OperationState::WaitingForToken, _) => (
            "Token đang bận một việc khác; đang chờ đến lượt …",
            "The token is busy with another act; waiting for its turn …",
        ),
        (OperationState::WaitingForConsent, _) => {
            ("Hãy trả lời câu hỏi đồng ý ký.", "Answer the question whether to sign.")
        }
        (OperationState::WaitingForPin, _) => ("Hãy nhập mã PIN.", "Type the PIN."),
        (OperationState::Paused, Some(pause)) => paused(pause),
        _ => return None,
    };
    Some(lang.pick(vi, en))
}

/// Why a batch stands still, and what makes it go on.
fn paused(pause: PauseReason) -> (&'static str, &'static str) {
    match pause {
        PauseReason::Requested => (
            "Đã tạm dừng theo yêu cầu; tiếp tục bằng `kyso batch resume`.",
            "Paused as asked; go on with `kyso batch resume`.",
        ),
        PauseReason::TokenRemoved => (
            "Token đã bị rút: hãy cắm lại đúng token đó, việc ký sẽ tự tiếp tục.",
            "The token was removed: insert the same token again and signing goes on by itself.",
        ),
        PauseReason::OtherToken => (
            "Đây là token khác: hãy cắm lại token có đúng số sê-ri ban đầu.",
            "This is another token: insert the one with the first serial number again.",
        ),
        PauseReason::Restarted => (
            "Dịch vụ đã khởi động lại; tiếp tục bằng `kyso batch resume` (phải nhập lại PIN).",
            "The daemon was restarted; go on with `kyso batch resume` (the PIN is asked for again).",
        ),
        PauseReason::PinNeeded => (
            "Chưa có mã PIN đúng; tiếp tục bằng `kyso batch resume`.",
            "The PIN was not given or was wrong; go on with `kyso batch resume`.",
        ),
        PauseReason::ModuleFailed => (
            "Phần mềm token hỏng nhiều lần; xem `kyso doctor`, rồi `kyso batch resume`.",
            "The token's software failed again and again; see `kyso doctor`, then `kyso batch resume`.",
        ),
        PauseReason::JournalUnwritable => (
            "Không ghi được nhật ký nên không ký; kiểm tra đĩa rồi `kyso batch resume`.",
            "The journal cannot be written, so nothing is signed; check the disk, then `kyso batch resume`.",
        ),
    }
}

fn progress(count: usize, lang: Lang) -> ProgressBar {
    if count < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}, {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count as u64).with_style(style).with_message(lang.pick("Đang ký", "Signing"))
}
