//! Certified documents, locks and widgets: what goes beyond the leave that was given (certified-PDF and shadow attacks).

use kyso_pades::{DocMdpPermission, FieldLock, LockedFields};

use crate::file::{Revision, edited, holder, newest};
use crate::honest::{COMMENT, TYPEWRITER, comment, filled, filled_for_the_first_time, locked};
use crate::honest::{lock, locked_and_certified, long_term};
use crate::letter::{
    AMOUNT, AMOUNT_SHOWN, APPROVAL, CONTENT, NOTE, OVERLAY, PAYEE, dictionary, form, shown,
};
use crate::stage::{APPROVING, How, PLAIN, Stage, VISIBLE, certifying};

const STAMP: &str = "/Type /Annot /Subtype /Stamp /Name /Approved /P 3 0 R /F 4 \
    /Rect [60 730 360 790] /AP << /N 43 0 R >>";
const REDACT: &str = "/Type /Annot /Subtype /Redact /P 3 0 R /F 4 /Rect [60 760 360 790] \
    /IC [1 1 1] /OverlayText (Pay 9,000,000 dong) /DA (/F1 14 Tf 0 g)";
const SCREEN: &str = "/Type /Annot /Subtype /Screen /P 3 0 R /Rect [60 760 360 790] \
    /A << /S /JavaScript /JS (app.alert\\(1\\)) >>";
const LINK: &str = "/Type /Annot /Subtype /Link /P 3 0 R /Rect [60 760 360 790] \
    /A << /S /URI /URI (http://example.invalid/) >>";
const ATTACHMENT: &str = "/Type /Annot /Subtype /FileAttachment /P 3 0 R \
    /Rect [500 700 520 720] /FS << /Type /Filespec /F (a) /EF << /F 43 0 R >> >>";
const WIDGET: &str = "/Type /Annot /Subtype /Widget /P 3 0 R /Rect [60 760 360 790] /F 4 \
    /AP << /N 43 0 R >>";

pub(crate) fn make(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let [first, second, third] = &stage.certified;
    let (level, rest) = name.split_once(':').unwrap_or(("", name));
    let file: &[u8] = match level {
        "0" => &stage.signed,
        "1" => first,
        "2" => second,
        "3" => third,
        "shown" => &stage.visible,
        _ => return special(name, stage),
    };
    let revision = annotation(rest, file)
        .or_else(|| field(rest, file))
        .or_else(|| widget(rest, file))
        .map(|revision| revision.after(file));
    revision.or_else(|| signing(rest, file, stage))
}

fn annotation(name: &str, file: &[u8]) -> Option<Revision> {
    Some(match name {
        "comment" => comment(file, COMMENT),
        "typewriter" => comment(file, TYPEWRITER),
        "stamp" => comment(file, STAMP),
        "redaction" => comment(file, REDACT),
        "screen" => comment(file, SCREEN),
        "link" => comment(file, LINK),
        "attachment" => comment(file, ATTACHMENT),
        "widget-of-no-field" => comment(file, WIDGET),
        "note-moved" => {
            let note = NOTE.replace("[72 500 172 520]", "[60 730 360 790]");
            Revision::new().object(17, dictionary(&[&note]))
        }
        "note-removed" => Revision::new().object(3, edited(file, 3, " 17 0 R", "")),
        "page-under-a-comment" => {
            let text = edited(file, 3, "/Contents 4 0 R", "/Contents 15 0 R");
            Revision::new().object(3, text)
        }
        _ => return None,
    })
}

fn field(name: &str, file: &[u8]) -> Option<Revision> {
    let new = Revision::new;
    let amount = |old: &str, text: &str| new().object(8, edited(file, 8, old, text));
    let appearance = |entries: &str, data: &str| new().stream(9, entries, data);
    let own = form(200, 20);
    Some(match name {
        "filled" => filled(),
        "filled-first" => filled_for_the_first_time(),
        "value-without-appearance" => amount("(1,000)", "(9,000,000)"),
        "appearance-without-value" => appearance(&own, &shown("9,000,000")),
        "appearance-unlike-value" => amount("(1,000)", "(2,000)").stream(9, &own, shown("9,000")),
        "appearance-empty" => amount("(1,000)", "(2,000)").stream(9, &own, ""),
        "appearance-hides-value" => {
            let more = format!("{} 1 g 0 0 200 20 re f", shown("2,000"));
            amount("(1,000)", "(2,000)").stream(9, &own, more)
        }
        "appearance-in-another-font" => amount("(1,000)", "(2,000)")
            .stream(9, &own.replace("/F1 5 0 R", "/F1 49 0 R"), shown("2,000"))
            .object(49, "<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"),
        "appearance-stretched" => amount("(1,000)", "(2,000)").stream(
            9,
            &own.replace("/BBox [0 0 200 20]", "/BBox [0 0 200 20] /Matrix [0 1 -1 0 0 0]"),
            shown("2,000"),
        ),
        "appearance-with-an-image" => amount("(1,000)", "(2,000)").stream(
            9,
            &own.replace("/Font", "/XObject << /Cover 14 0 R >> /Font"),
            format!("{} /Cover Do", shown("2,000")),
        ),
        "field-moved" => amount("[72 600 272 620]", "[72 760 272 790]"),
        "field-hidden" => amount("/F 4", "/F 2"),
        "field-renamed" => amount("(amount)", "(sum)"),
        "field-retyped" => amount("/FT /Tx", "/FT /Btn"),
        "field-read-only" => amount("/F 4", "/F 4 /Ff 1"),
        "field-in-another-font" => amount("/DA (/F1 12 Tf 0 g)", "/DA (/F2 12 Tf 1 g)"),
        "field-with-action" => {
            amount("/F 4", "/F 4 /A << /S /SubmitForm /F (http://example.invalid/) >>")
        }
        "field-with-a-border" => amount("/F 4", "/F 4 /MK << /BG [0 0 0] >>"),
        "field-on-another-page" => amount("/P 3 0 R", "/P 16 0 R"),
        "field-given-kids" => amount("/F 4", "/F 4 /Kids [11 0 R]"),
        "field-with-unknown-entry" => amount("/F 4", "/F 4 /XYZZY 15 0 R"),
        "appearances-asked-for" => {
            new().object(7, edited(file, 7, "/Fields", "/NeedAppearances true /Fields"))
        }
        "font-replaced" => {
            new().object(5, "<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>")
        }
        "filled-and-content" => filled().stream(4, "", OVERLAY),
        "filled-and-script" => filled().object(
            1,
            edited(file, 1, "/Pages", "/OpenAction << /S /JavaScript /JS (1) >> /Pages"),
        ),
        _ => return None,
    })
}

/// The widget of the signature that the file has.
fn widget(name: &str, file: &[u8]) -> Option<Revision> {
    let new = Revision::new;
    let own = || holder(file, "/T (Signature1)");
    let change = |old: &str, text: &str| new().object(own(), edited(file, own(), old, text));
    Some(match name {
        "signed-widget-moved" => change("/Rect [350 40 550 100]", "/Rect [60 730 360 790]"),
        "signed-widget-grown" => change("/Rect [0 0 0 0]", "/Rect [60 730 360 790]"),
        "signed-widget-shows-another" => {
            let text = edited(file, own(), "/AP << /N ", "/AP << /N 70 0 R >> /Old << /N ");
            new().object(own(), text).stream(70, &form(200, 60), OVERLAY)
        }
        "signed-widget-given-appearance" => {
            change("/F 132", "/F 132 /AP << /N 70 0 R >>").stream(70, &form(200, 60), OVERLAY)
        }
        "signed-appearance-rewritten" => {
            new().stream(holder(file, "5 5 190 50 re S"), &form(200, 60), OVERLAY)
        }
        "signed-widget-hidden" => change("/F 132", "/F 2"),
        "signed-field-renamed" => change("(Signature1)", "(Signature9)"),
        "signed-field-unsigned" => {
            let text = String::from_utf8_lossy(&newest(file, own())).into_owned();
            let at = text.find("/V ").expect("a value");
            let len = text[at..].find(" R").expect("a reference") + 2;
            let text = [&text[..at], &text[at + len..]].concat();
            new().object(own(), text)
        }
        "signed-field-dropped" => {
            let gone = format!(" {} 0 R", own());
            new().object(7, edited(file, 7, &gone, ""))
        }
        "signed-annotation-dropped" => {
            let gone = format!(" {} 0 R", own());
            new().object(3, edited(file, 3, &gone, ""))
        }
        "certification-dropped" => {
            let text = String::from_utf8_lossy(&newest(file, 1)).into_owned();
            let at = text.find("/Perms").expect("permissions");
            let len = text[at..].find(">>").expect("an end") + 2;
            new().object(1, [&text[..at], &text[at + len..]].concat())
        }
        "certification-moved" => {
            let text = String::from_utf8_lossy(&newest(file, 1)).replace("/DocMDP", "/UR3");
            new().object(1, text)
        }
        "signature-rewritten" => {
            let number = holder(file, "/SubFilter");
            let text = String::from_utf8_lossy(&newest(file, number)).into_owned();
            new().object(number, text.replace("/M (D:2026", "/M (D:2025"))
        }
        "permission-widened" => {
            let number = holder(file, "/SubFilter");
            let text = String::from_utf8_lossy(&newest(file, number)).into_owned();
            new().object(number, text.replace("/P 1", "/P 3").replace("/P 2", "/P 3"))
        }
        _ => return None,
    })
}

/// New fields for signatures.
fn signing(name: &str, file: &[u8], stage: &Stage) -> Option<Vec<u8>> {
    let blank = |more: &str| {
        Revision::new()
            .object(7, edited(file, 7, "11 0 R", "11 0 R 47 0 R"))
            .object(3, edited(file, 3, "17 0 R", "17 0 R 47 0 R"))
            .object(47, format!("<< /Type /Annot /Subtype /Widget /FT /Sig /T (sneak) {more} >>"))
    };
    let shows = "/P 3 0 R /Rect [60 730 360 790] /F 4 /AP << /N 48 0 R >>";
    Some(match name {
        "sneaky-signature" => stage.sign(file, VISIBLE),
        "sneaky-invisible-signature" => stage.sign(file, PLAIN),
        "sneaky-signature-in-own-field" => stage.sign(file, APPROVING),
        "blank-field-shows" => blank(shows).stream(48, &form(300, 60), OVERLAY).after(file),
        "blank-field" => blank("/P 3 0 R /Rect [0 0 0 0] /F 132").after(file),
        "blank-field-with-action" => {
            blank("/P 3 0 R /Rect [0 0 0 0] /AA << /E << /S /JavaScript /JS (1) >> >>").after(file)
        }
        "signed-then-content" => {
            Revision::new().stream(4, "", OVERLAY).after(&stage.sign(file, PLAIN))
        }
        "content-then-signed" => {
            let changed = Revision::new().stream(4, "", OVERLAY).after(file);
            stage.sign(&changed, PLAIN)
        }
        "content-then-stored-and-stamped" => {
            long_term(stage, &Revision::new().stream(4, "", OVERLAY).after(file))
        }
        "stamped-then-content" => {
            Revision::new().stream(4, "", OVERLAY).after(&long_term(stage, file))
        }
        "content-and-back" => {
            let changed = Revision::new().stream(4, "", OVERLAY).after(file);
            Revision::new().stream(4, "", CONTENT).after(&changed)
        }
        "own-field-moved-and-signed" => {
            let moved = APPROVAL.replace("[300 100 500 160]", "[60 730 360 790]");
            let moved = Revision::new().object(10, dictionary(&[&moved])).after(file);
            stage.sign(&moved, APPROVING)
        }
        "stored-with-script" => {
            let stored = stage.store(file, &[]);
            let text = edited(&stored, 1, "/Pages", "/OpenAction [16 0 R /Fit] /Pages");
            Revision::new().object(1, text).after(&stored)
        }
        _ => return None,
    })
}

fn special(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let all = FieldLock { fields: LockedFields::All, permission: None };
    let closed =
        FieldLock { fields: LockedFields::All, permission: Some(DocMdpPermission::NoChanges) };
    let but_payee =
        FieldLock { fields: LockedFields::Exclude(vec!["payee".to_owned()]), permission: None };
    let two = certifying(DocMdpPermission::FormFilling);
    let with = |lock, how| stage.sign(&stage.letter, How { lock: Some(lock), ..how });
    Some(match name {
        "first-of-two-unsigned" | "first-of-two-dropped" => {
            let two = stage.sign(&stage.signed, PLAIN);
            let rest = name.replace("first-of-two", "signed-field");
            widget(&rest, &two)?.after(&two)
        }
        "locked-filled" => filled().after(&locked_and_certified(stage)),
        "locked-without-certification-filled" => filled().after(&locked(stage)),
        "all-locked-filled" => filled().after(&with(&all, two)),
        "all-locked-first-filled" => filled_for_the_first_time().after(&with(&all, two)),
        "but-one-locked-filled" => filled().after(&with(&but_payee, two)),
        "but-one-locked-that-filled" => filled_for_the_first_time().after(&with(&but_payee, two)),
        "lock-forbids-all-filled" => filled().after(&with(&closed, PLAIN)),
        "lock-forbids-all-annotated" => {
            let file = with(&closed, PLAIN);
            comment(&file, COMMENT).after(&file)
        }
        "lock-forbids-all-stored" => stage.store(&with(&closed, PLAIN), &[]),
        "second-locks-then-filled" => {
            let how = How { lock: Some(&all), ..PLAIN };
            filled().after(&stage.sign(&stage.certified[1], how))
        }
        "filled-then-second-locks" => {
            let how = How { lock: Some(&all), ..PLAIN };
            stage.sign(&filled().after(&stage.certified[1]), how)
        }
        "filled-with-the-same" => {
            let text = dictionary(&[AMOUNT, AMOUNT_SHOWN]);
            Revision::new().object(8, text).after(&locked_and_certified(stage))
        }
        "locked-name-below" => {
            // A field below a locked one is locked too.
            let parent = "<< /T (amount) /Kids [81 0 R] >>";
            let kid = PAYEE.replace("/T (payee)", "/T (payee) /Parent 8 0 R");
            let letter = Revision::new()
                .object(8, parent)
                .object(81, dictionary(&[&kid, "/V (a)"]))
                .object(3, edited(&stage.letter, 3, "[8 0 R", "[81 0 R"))
                .after(&stage.letter);
            let lock = lock();
            let file = stage.sign(&letter, How { lock: Some(&lock), ..two });
            let changed = dictionary(&[&kid, "/V (b) /AP << /N 190 0 R >>"]);
            Revision::new().object(81, changed).stream(190, &form(200, 20), shown("b")).after(&file)
        }
        _ => return None,
    })
}
