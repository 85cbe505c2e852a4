//! Requests as a person reads them. Changes carry signs; colour only repeats what the signs say.

use std::io::IsTerminal as _;

use kyso_protocol::{
    AttributeChange, ChangeKind, ReissuanceEvent, ReissuanceList, ReissuanceReason,
    ReissuanceRequest, ReissuanceState, ReissuanceTransition, UnitRef,
};
use serde_json::json;

use crate::out::{self, say, shown, tell};
use kyso_daemon::text::Lang;

pub(super) fn list(list: &ReissuanceList, as_json: bool, lang: Lang) {
    if as_json {
        return out::json(&json!(list));
    }
    if list.requests.is_empty() {
        tell!("{}", lang.pick("Chưa có yêu cầu nào.", "There are no requests."));
    }
    for request in &list.requests {
        line(request, lang);
    }
}

/// One request on one line.
pub(super) fn line(request: &ReissuanceRequest, lang: Lang) {
    let (state, reason) = (state(request.state, lang), reason(request.reason, lang));
    say!("{}  {state}  {reason}  {}", request.id, shown(&request.present_subject));
}

/// A request with its history.
pub(super) fn one(request: &ReissuanceRequest, as_json: bool, lang: Lang) {
    if as_json {
        return out::json(&json!(request));
    }
    line(request, lang);
    say!("  {}: {}", lang.pick("chứng thư", "certificate"), request.certificate);
    for (name, unit) in [
        (lang.pick("đơn vị cũ", "old unit"), &request.old_unit),
        (lang.pick("đơn vị mới", "new unit"), &request.new_unit),
    ] {
        if let Some(unit) = unit {
            say!("  {name}: {}", shown(&unit_name(unit)));
        }
    }
    diff(request, lang);
    if let Some(issued) = &request.issued {
        say!("  {}: {issued}", lang.pick("chứng thư được cấp", "issued certificate"));
    }
    if let Some(refusal) = &request.refusal {
        say!("  {}: {}", lang.pick("bị từ chối", "refused"), shown(refusal));
    }
    say!("  {}:", lang.pick("quá trình", "history"));
    for event in &request.history {
        say!("    {}", event_line(event, lang));
    }
}

/// The two subjects, attribute by attribute.
pub(super) fn diff(request: &ReissuanceRequest, lang: Lang) {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let heading = lang.pick(
        "Tên trong chứng thư ( = giữ nguyên, ~ thay đổi, + thêm, - bỏ):",
        "Name in the certificate ( = kept, ~ changed, + added, - removed):",
    );
    say!("  {heading}");
    for change in &request.diff {
        for line in change_lines(change) {
            if colour {
                paint(change.change, &line);
            } else {
                say!("    {line}");
            }
        }
    }
    if let Some(email) = &request.email {
        say!("  {}: {}", lang.pick("thư điện tử mới", "new e-mail address"), shown(email));
    }
    for warning in &request.warnings {
        tell!("{}: {}", lang.pick("lưu ý", "note"), shown(warning));
    }
}

/// A changed attribute takes two lines, old above new.
fn change_lines(change: &AttributeChange) -> Vec<String> {
    let name = shown(&change.attribute);
    let value = |value: &Option<String>| shown(value.as_deref().unwrap_or_default());
    match change.change {
        ChangeKind::Kept => vec![format!("= {name:<13} {}", value(&change.old))],
        ChangeKind::Changed => vec![
            format!("~ {name:<13} {}", value(&change.old)),
            format!("{:<15} → {}", "", value(&change.new)),
        ],
        ChangeKind::Added => vec![format!("+ {name:<13} {}", value(&change.new))],
        ChangeKind::Removed => vec![format!("- {name:<13} {}", value(&change.old))],
    }
}

/// The line in its colour; the text was calmed before.
fn paint(change: ChangeKind, line: &str) {
    let code = match change {
        ChangeKind::Kept => "2",
        ChangeKind::Changed => "33",
        ChangeKind::Added => "32",
        ChangeKind::Removed => "31",
    };
    out::raw(&format!("    \u{1b}[{code}m{line}\u{1b}[0m\n"));
}

fn event_line(event: &ReissuanceEvent, lang: Lang) -> String {
    let what = transition(event.transition, lang);
    let attempted = event
        .attempted
        .map(|attempted| format!(" ({})", transition(attempted, lang)))
        .unwrap_or_default();
    let code = event.code.as_deref().map(|code| format!(", {}", shown(code))).unwrap_or_default();
    let recorded = lang.pick("nhật ký", "journal entry");
    let time = out::moment(&event.time);
    format!("{time}  {what}{attempted}{code} ({recorded} {})", event.journal_entry)
}

fn unit_name(unit: &UnitRef) -> String {
    match unit {
        UnitRef::Text { text } => text.clone(),
        UnitRef::Code { code, date } => {
            let known =
                code.parse().ok().zip(date.parse().ok()).and_then(|(code, date)| {
                    kyso_reissue::Mapping::national().unit(code, date).ok()
                });
            known.map_or_else(
                || format!("{code}@{date}"),
                |unit| format!("{} ({code}@{date})", unit.name()),
            )
        }
    }
}

fn state(state: ReissuanceState, lang: Lang) -> &'static str {
    let (vi, en) = match state {
        ReissuanceState::Draft => ("bản nháp", "draft"),
        ReissuanceState::Submitted => ("đã gửi", "submitted"),
        ReissuanceState::Exported => ("đã xuất tệp", "exported"),
        ReissuanceState::Answered => ("đã có trả lời", "answered"),
        ReissuanceState::Withdrawn => ("đã rút", "withdrawn"),
    };
    lang.pick(vi, en)
}

fn transition(transition: ReissuanceTransition, lang: Lang) -> &'static str {
    let (vi, en) = match transition {
        ReissuanceTransition::Created => ("tạo bản nháp", "draft made"),
        ReissuanceTransition::Submitted => ("gửi", "submitted"),
        ReissuanceTransition::Exported => ("xuất tệp đã ký", "signed file exported"),
        ReissuanceTransition::Answered => ("nhận trả lời", "answer received"),
        ReissuanceTransition::Withdrawn => ("rút", "withdrawn"),
        ReissuanceTransition::Denied => ("người ký từ chối", "denied"),
        ReissuanceTransition::Cancelled => ("hủy giữa chừng", "cancelled"),
        ReissuanceTransition::TimedOut => ("hết giờ chờ", "timed out"),
        ReissuanceTransition::Failed => ("không thành", "failed"),
    };
    lang.pick(vi, en)
}

fn reason(reason: ReissuanceReason, lang: Lang) -> &'static str {
    let (vi, en) = match reason {
        ReissuanceReason::UnitMerged => ("đơn vị sáp nhập", "unit merged"),
        ReissuanceReason::UnitRenamed => ("đơn vị đổi tên", "unit renamed"),
        ReissuanceReason::UnitMoved => ("chuyển đơn vị", "unit moved"),
        ReissuanceReason::EmailChanged => ("đổi thư điện tử", "e-mail changed"),
        ReissuanceReason::Expiring => ("sắp hết hạn", "expiring"),
        ReissuanceReason::TokenLost => ("mất hoặc hỏng token", "token lost"),
    };
    lang.pick(vi, en)
}
