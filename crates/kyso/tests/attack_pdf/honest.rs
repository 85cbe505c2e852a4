//! Later revisions that nobody needs to fear.

use kyso_pades::{FieldLock, LockedFields, SigningField};

use crate::file::{Form, Revision, find, newest};
use crate::letter::{
    AMOUNT, AMOUNT_SHOWN, CATALOG, CONTENT, FORM, PAGE, PAYEE, dictionary, form, in_form, shown,
};
use crate::stage::{APPROVING, How, PLAIN, Stage, VISIBLE, certifying};
use kyso_pades::DocMdpPermission::FormFilling;

pub(crate) fn make(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let [first, second, third] = &stage.certified;
    let signed = &stage.signed;
    Some(match name {
        "untouched" => signed.clone(),
        "visible" => stage.visible.clone(),
        "certified-1" => first.clone(),
        "certified-2" => second.clone(),
        "certified-3" => third.clone(),
        "second-signature" => stage.sign(signed, PLAIN),
        "second-signature-on-page-2" => {
            let field = SigningField::New { name: Some("archive"), page: 1, rect: None };
            stage.sign(signed, How { field, ..PLAIN })
        }
        "second-signature-shown" => stage.sign(signed, VISIBLE),
        "second-signature-of-a-visible" => stage.sign(&stage.visible, PLAIN),
        "own-field-signed" => stage.sign(signed, APPROVING),
        "five-signatures" => (0..4).fold(signed.clone(), |file, _| stage.sign(&file, PLAIN)),
        "stored" => stage.store(signed, &[]),
        "stamped" => stage.stamp(signed, 13),
        "stored-and-stamped" => long_term(stage, signed),
        "renewed" => {
            let again = stage.world.nobody(11, 21);
            stage.stamp(&stage.store(&long_term(stage, signed), &[again]), 13)
        }
        "stored-then-signed" => stage.sign(&stage.store(signed, &[]), PLAIN),
        "certified-1-stored-and-stamped" => long_term(stage, first),
        "certified-2-stored-and-stamped" => long_term(stage, second),
        "certified-2-signed" => stage.sign(second, PLAIN),
        "certified-2-own-field-signed" => stage.sign(second, APPROVING),
        "certified-2-filled" => filled().after(second),
        "certified-2-filled-in-place" => filled_in_place().after(second),
        "certified-2-filled-for-the-first-time" => filled_for_the_first_time().after(second),
        "certified-2-filled-then-signed" => stage.sign(&filled().after(second), PLAIN),
        "certified-3-filled" => filled().after(third),
        "certified-3-commented" => comment(third, COMMENT).after(third),
        "certified-3-typewritten" => comment(third, TYPEWRITER).after(third),
        "locked" => locked(stage),
        "locked-then-signed" => stage.sign(&locked(stage), PLAIN),
        "locked-2-others-filled" => filled_for_the_first_time().after(&locked_and_certified(stage)),
        "rewritten" => {
            let same = Revision::new().stream(4, "", CONTENT).object(3, dictionary(&[PAGE]));
            same.object(1, dictionary(&[CATALOG]))
                .object(7, dictionary(&[FORM]))
                .after(&stage.letter)
        }
        "rewritten-equally" => {
            // What of the letter's objects signing left as they were.
            let same = Revision::new().stream(4, "", CONTENT);
            same.object(8, dictionary(&[AMOUNT, AMOUNT_SHOWN])).after(signed)
        }
        "cross-reference-stream" => in_form_signed(stage, Form::Stream),
        "cross-reference-stream-second" => {
            stage.sign(&in_form_signed(stage, Form::Stream), VISIBLE)
        }
        "object-streams" => in_form_signed(stage, Form::Packed),
        "object-streams-second" => stage.sign(&in_form_signed(stage, Form::Packed), VISIBLE),
        "object-streams-stored-and-stamped" => {
            long_term(stage, &in_form_signed(stage, Form::Packed))
        }
        "hybrid" => in_form_signed(stage, Form::Hybrid),
        "hybrid-second" => stage.sign(&in_form_signed(stage, Form::Hybrid), PLAIN),
        "rewritten-packed" => {
            let same = Revision::new().form(Form::Packed);
            same.object(8, dictionary(&[AMOUNT, AMOUNT_SHOWN])).after(signed)
        }
        _ => return None,
    })
}

fn in_form_signed(stage: &Stage, form: Form) -> Vec<u8> {
    stage.sign(&in_form(form), PLAIN)
}

/// As an extension to level B-LTA does it.
pub(crate) fn long_term(stage: &Stage, signed: &[u8]) -> Vec<u8> {
    stage.stamp(&stage.store(signed, &[]), 13)
}

/// The amount, with an appearance of its own.
pub(crate) fn filled() -> Revision {
    Revision::new().object(8, dictionary(&[AMOUNT, "/V (2,000) /AP << /N 40 0 R >>"])).stream(
        40,
        &form(200, 20),
        shown("2,000"),
    )
}

/// The amount, in the appearance that was there.
fn filled_in_place() -> Revision {
    Revision::new().object(8, dictionary(&[AMOUNT, "/V (2,000) /AP << /N 9 0 R >>"])).stream(
        9,
        &form(200, 20),
        shown("2,000"),
    )
}

/// A field that had neither value nor appearance.
pub(crate) fn filled_for_the_first_time() -> Revision {
    Revision::new().object(11, dictionary(&[PAYEE, "/V (Nguyen An) /AP << /N 41 0 R >>"])).stream(
        41,
        &form(200, 20),
        shown("Nguyen An"),
    )
}

/// A new annotation on page 1, with an appearance of its own.
pub(crate) fn comment(file: &[u8], annotation: &str) -> Revision {
    let page = newest(file, 3);
    let list = find(&page, b"/Annots").expect("annotations");
    let end = list + find(&page[list..], b"]").expect("an end");
    let page = [&page[..end], b" 42 0 R", &page[end..]].concat();
    Revision::new().object(3, page).object(42, dictionary(&[annotation])).stream(
        43,
        &form(100, 20),
        "BT /F1 10 Tf 2 5 Td (seen) Tj ET",
    )
}

pub(crate) const COMMENT: &str = "/Type /Annot /Subtype /Text /P 3 0 R /Rect [500 800 520 820] \
    /Contents (seen) /T (clerk)";
/// Shows text on the page like the page's own.
pub(crate) const TYPEWRITER: &str = "/Type /Annot /Subtype /FreeText /IT /FreeTextTypewriter \
    /P 3 0 R /Rect [160 765 260 785] /F 4 /Contents (seen) /DA (/F1 14 Tf 0 g) /AP << /N 43 0 R >>";

/// The amount is locked once the signature is made, nothing else is.
pub(crate) fn lock() -> FieldLock {
    FieldLock { fields: LockedFields::Include(vec!["amount".to_owned()]), permission: None }
}

pub(crate) fn locked(stage: &Stage) -> Vec<u8> {
    stage.sign(&stage.letter, How { lock: Some(&lock()), ..PLAIN })
}

pub(crate) fn locked_and_certified(stage: &Stage) -> Vec<u8> {
    stage.sign(&stage.letter, How { lock: Some(&lock()), ..certifying(FormFilling) })
}
