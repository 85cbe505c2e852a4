use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::record::Salt;
use crate::record::tests::resorted;
use crate::reissuance::{AttemptEnd, ReissuanceTexts, ReissuanceTransition as T, member_salt};

const TRANSITIONS: [T; 5] = [T::Created, T::Submitted, T::Exported, T::Answered, T::Withdrawn];

const ENDS: [AttemptEnd; 4] =
    [AttemptEnd::Denied, AttemptEnd::Cancelled, AttemptEnd::TimedOut, AttemptEnd::Failed];

const STATES: [ReissuanceState; 5] = [
    ReissuanceState::Draft,
    ReissuanceState::Submitted,
    ReissuanceState::Exported,
    ReissuanceState::Answered,
    ReissuanceState::Withdrawn,
];

const REASONS: [ReissuanceReason; 6] = [
    ReissuanceReason::UnitMerged,
    ReissuanceReason::UnitRenamed,
    ReissuanceReason::UnitMoved,
    ReissuanceReason::EmailChanged,
    ReissuanceReason::Expiring,
    ReissuanceReason::TokenLost,
];

fn unit() -> impl Strategy<Value = ReissuanceUnit> {
    prop_oneof![
        any::<(String, String)>()
            .prop_map(|(code, valid_from)| ReissuanceUnit::Code { code, valid_from }),
        any::<String>().prop_map(ReissuanceUnit::Text),
    ]
}

fn step() -> impl Strategy<Value = ReissuanceStep> {
    prop_oneof![
        select(&TRANSITIONS[..]).prop_map(ReissuanceStep::Done),
        (select(&TRANSITIONS[..]), select(&ENDS[..]))
            .prop_map(|(transition, end)| ReissuanceStep::Attempted { transition, end }),
    ]
}

prop_compose! {
    fn event()(
        texts in any::<[String; 3]>(),
        optional in any::<[Option<String>; 3]>(),
        hash: Sha256,
        hashes in any::<[Option<Sha256>; 2]>(),
        step in step(),
        reason in select(&REASONS[..]),
        old_unit in option::of(unit()),
        new_unit in option::of(unit()),
    ) -> ReissuanceEvent {
        let [request, requester, requested_subject] = texts;
        let [consent, answer, code] = optional;
        let [document_sha256, issued_sha256] = hashes;
        ReissuanceEvent {
            request, step, requester, consent, certificate_sha256: hash, reason, old_unit, new_unit,
            requested_subject, answer, document_sha256, issued_sha256, code,
        }
    }
}

proptest! {
    #[test]
    fn steps_come_back(
        event in event(),
        sequence in 0..crate::canonical::MAX_INTEGER,
        time in 0..crate::canonical::MAX_INTEGER,
        state in select(&STATES[..]),
        salt: Salt,
    ) {
        let texts = event.texts();
        prop_assert_eq!(ReissuanceTexts::decode(&texts.encode()), Some(texts.clone()));
        let hashes = texts.hashes(&salt);
        let mut leaf = Vec::new();
        Leaf::write_reissuance(&mut leaf, sequence, time, &event, state, &hashes);
        prop_assert_eq!(&resorted(&leaf), &leaf);
        let decoded = Leaf::decode(&leaf);
        let Some(Leaf { record: Record::Reissuance(record), .. }) = &decoded else {
            return Err(TestCaseError::fail(format!("{decoded:?}")));
        };
        prop_assert!(texts.prove(&salt, record));
        prop_assert!(!texts.prove(&[!salt[0]; 16], record));
        let unit = |unit: &Option<ReissuanceUnit>, hash: Option<Sha256>| match (unit, hash) {
            (Some(ReissuanceUnit::Code { code, valid_from }), _) => {
                Some(UnitRecord::Code { code: code.clone(), valid_from: valid_from.clone() })
            }
            (Some(ReissuanceUnit::Text(_)), Some(hash)) => Some(UnitRecord::Text { hash }),
            _ => None,
        };
        let expected = ReissuanceRecord {
            old_unit: unit(&event.old_unit, hashes.old_unit),
            new_unit: unit(&event.new_unit, hashes.new_unit),
            request: event.request,
            step: event.step,
            state,
            requester: event.requester,
            consent: event.consent,
            certificate_sha256: event.certificate_sha256,
            reason: event.reason,
            requested_subject_hash: hashes.requested_subject,
            answer_hash: hashes.answer,
            document_sha256: event.document_sha256,
            issued_sha256: event.issued_sha256,
            code: event.code,
        };
        let record = Record::Reissuance(Box::new(expected));
        prop_assert_eq!(decoded, Some(Leaf { sequence, time, record }));
    }

    /// A text that is altered, added or taken away proves no longer.
    #[test]
    fn other_texts_do_not_prove(event in event(), other: String, member in 0..4usize, salt: Salt) {
        let texts = event.texts();
        let mut altered = texts.clone();
        match member {
            0 => altered.requested_subject = other,
            1 => altered.old_unit = Some(other),
            2 => altered.new_unit = Some(other),
            _ => altered.answer = None,
        }
        prop_assume!(altered != texts);
        let mut leaf = Vec::new();
        let state = ReissuanceState::Draft;
        Leaf::write_reissuance(&mut leaf, 0, 0, &event, state, &texts.hashes(&salt));
        let Some(Leaf { record: Record::Reissuance(record), .. }) = Leaf::decode(&leaf) else {
            return Err(TestCaseError::fail("not read"));
        };
        prop_assert!(texts.prove(&salt, &record));
        prop_assert!(!altered.prove(&salt, &record));
    }
}

#[test]
fn equal_texts_have_unequal_hashes() {
    let salt = [7; 16];
    assert_ne!(member_salt(&salt, "old_unit"), member_salt(&salt, "new_unit"));
    let texts = ReissuanceTexts {
        requested_subject: "x".into(),
        old_unit: Some("x".into()),
        new_unit: Some("x".into()),
        answer: Some("x".into()),
    };
    let hashes = texts.hashes(&salt);
    let all = [Some(hashes.requested_subject), hashes.old_unit, hashes.new_unit, hashes.answer];
    for (at, one) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(one));
    }
}

#[test]
fn members_that_do_not_belong_together_are_refused() {
    let whole = |extra: &str, transition: &str| {
        let hash = "ab".repeat(32);
        format!(
            r#"{{"certificate":"{hash}","kind":"reissuance",{extra}"reason":"expiring","request":"r","requested_subject":"{hash}","requester":"p","sequence":1,"state":"draft","time":2,"transition":"{transition}"}}"#
        )
    };
    assert!(Leaf::decode(whole("", "created").as_bytes()).is_some());
    assert!(Leaf::decode(whole(r#""attempted":"submitted","#, "denied").as_bytes()).is_some());
    for (extra, transition) in [
        ("", "denied"),
        ("", "approved"),
        (r#""attempted":"submitted","#, "created"),
        (r#""attempted":"denied","#, "denied"),
        (r#""old_unit":{"code":"1"},"#, "created"),
        (r#""old_unit":{},"#, "created"),
        (r#""old_unit":{"code":"1","text":"aa","valid_from":"2025-07-01"},"#, "created"),
        (r#""old_unit":{"text":"aa"},"#, "created"),
        (r#""document":"aa","#, "created"),
        (r#""answer":"","#, "created"),
    ] {
        assert_eq!(Leaf::decode(whole(extra, transition).as_bytes()), None, "{extra} {transition}");
    }
}

/// The table of the module's documentation, written down a second time.
#[test]
fn only_lawful_steps_lead_on() {
    use ReissuanceState as S;
    let lawful = [
        (None, T::Created, S::Draft),
        (Some(S::Draft), T::Submitted, S::Submitted),
        (Some(S::Draft), T::Withdrawn, S::Withdrawn),
        (Some(S::Submitted), T::Exported, S::Exported),
        (Some(S::Submitted), T::Answered, S::Answered),
        (Some(S::Submitted), T::Withdrawn, S::Withdrawn),
        (Some(S::Exported), T::Exported, S::Exported),
        (Some(S::Exported), T::Answered, S::Answered),
        (Some(S::Exported), T::Withdrawn, S::Withdrawn),
    ];
    for before in core::iter::once(None).chain(STATES.map(Some)) {
        for transition in TRANSITIONS {
            let expected = lawful
                .iter()
                .find(|(from, by, _)| (*from, *by) == (before, transition))
                .map(|(_, _, to)| *to);
            assert_eq!(ReissuanceStep::Done(transition).after(before), expected);
            for end in ENDS {
                let stays = before.filter(|state| !state.is_final());
                assert_eq!(ReissuanceStep::Attempted { transition, end }.after(before), stays);
            }
        }
    }
}
