//! What programs may lawfully do to a signed form or its annotations, and the attack that looks like each.

use kyso_pades::DocMdpPermission::FormFilling;
use kyso_pades::SigningField;

use crate::file::{Form, Revision, edited, find_last, newest, number};
use crate::letter::{
    AMOUNT, NOTE, PAYEE, dictionary, form, head, objects, shown, with_second_catalog,
};
use crate::stage::{How, PLAIN, Stage, certifying};

/// `Hai nghìn` in UTF-16.
const TWO_THOUSAND: &str = "/V <FEFF0048006100690020006E0067006800EC006E>";
/// The same in the codes of the letter's composite font.
const TWO_THOUSAND_SHOWN: &str = "/Tx BMC q BT /F2 12 Tf 0 g 2 5 Td <000100020003> Tj 20 0 Td \
    <000400050006> Tj <00070004> Tj ET Q EMC";
/// What the composite font's codes 1 to 7 mean.
const CODES: &str = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap \
    1 begincodespacerange <0000> <FFFF> endcodespacerange \
    7 beginbfchar <0001> <0048> <0002> <0061> <0003> <0069> <0004> <006E> <0005> <0067> \
    <0006> <0068> <0007> <00EC> endbfchar endcmap end end";
const COMPOSITE: &str = "<< /Type /Font /Subtype /Type0 /BaseFont /AAAAAA+Tinos \
    /Encoding /Identity-H /ToUnicode 61 0 R /DescendantFonts [62 0 R] >>";
const DESCENDANT: &str = "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /AAAAAA+Tinos /DW 500 \
    /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> \
    /FontDescriptor << /Type /FontDescriptor /FontName /AAAAAA+Tinos /Flags 4 /FontFile2 63 0 R >> >>";

pub(crate) fn make(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    filled(name, stage).or_else(|| annotated(name, stage)).or_else(|| signed(name, stage))
}

fn certified(stage: &Stage, letter: &[u8]) -> Vec<u8> {
    stage.sign(letter, certifying(FormFilling))
}

/// With a font beside the form's own that has Vietnamese letters.
fn with_composite(revision: Revision) -> Revision {
    revision.object(60, COMPOSITE).stream(61, "", CODES).object(62, DESCENDANT).stream(
        63,
        "",
        "not read by anything that compares",
    )
}

/// Asks readers to draw the values.
fn asking(file: &[u8], revision: Revision) -> Revision {
    revision.object(7, edited(file, 7, "/Fields", "/NeedAppearances true /Fields"))
}

fn filled(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let second = &stage.certified[1];
    let new = Revision::new;
    let own = form(200, 20);
    let in_composite = own.replace("/F1 5 0 R", "/F2 60 0 R");
    let amount = |entries: &[&str]| new().object(8, dictionary(&[&[AMOUNT], entries].concat()));
    let drawn = |value: &str, content: &str| {
        amount(&[value, "/AP << /N 40 0 R >>"]).stream(40, &own, content)
    };
    Some(match name {
        // Names as they are in Western Europe.
        "2:filled-in-latin" => drawn("/V (Andr\\351)", &shown("Andr\\351")).after(second),
        "2:filled-in-latin-unlike" => drawn("/V (Andr\\351)", &shown("Andr\\350")).after(second),
        // As pdf.js does with what the form's font lacks.
        "2:filled-for-readers-to-draw" => asking(second, amount(&[TWO_THOUSAND])).after(second),
        "2:filled-and-not-drawn" => amount(&[TWO_THOUSAND]).after(second),
        "2:asked-for-a-prepared-value" => {
            // The payee's value, which its appearance hides, would be drawn.
            let prepared = dictionary(&[PAYEE, "/V (Eve) /AP << /N 64 0 R >>"]);
            let letter =
                objects().object(11, prepared).stream(64, &own, shown("An")).after(&head());
            let file = certified(stage, &letter);
            asking(&file, amount(&[TWO_THOUSAND])).after(&file)
        }
        // As the filler of a form with a Vietnamese font does.
        "2:filled-in-a-signed-font" | "2:filled-in-a-signed-font-unlike" => {
            let file = certified(stage, &with_composite(objects()).after(&head()));
            let content = match name {
                "2:filled-in-a-signed-font" => TWO_THOUSAND_SHOWN.to_owned(),
                _ => TWO_THOUSAND_SHOWN.replace("<00070004>", "<00040007>"),
            };
            amount(&[TWO_THOUSAND, "/AP << /N 40 0 R >>"])
                .stream(40, &in_composite, content)
                .after(&file)
        }
        "2:filled-in-a-font-of-its-own" => {
            let revision = amount(&[TWO_THOUSAND, "/AP << /N 40 0 R >>"]);
            with_composite(revision.stream(40, &in_composite, TWO_THOUSAND_SHOWN)).after(second)
        }
        "2:filled-on-its-background" | "2:filled-on-a-new-background" => {
            let painted = |text| format!(".8 .84 1 rg 0 0 200 20 re f {}", shown(text));
            let before = match name {
                "2:filled-on-its-background" => painted("1,000"),
                _ => shown("1,000"),
            };
            let letter = objects().stream(9, &own, before).after(&head());
            drawn("/V (2,000)", &painted("2,000")).after(&certified(stage, &letter))
        }
        "2:letters-out-of-order" => {
            let content = "BT /F1 12 Tf 0 g 60 5 Td (1) Tj -40 0 Td (9) Tj ET";
            drawn("/V (19)", content).after(second)
        }
        "2:letters-out-of-sight" => {
            let content = "BT /F1 12 Tf 0 g 2 5 Td [(9) -9999 -9999 (000)] TJ ET";
            drawn("/V (9000)", content).after(second)
        }
        "2:letters-on-their-colour" => {
            let content = format!("0 g 0 0 200 20 re f {}", shown("2,000"));
            drawn("/V (2,000)", &content).after(second)
        }
        "2:letters-drawn" => {
            let content = format!("70 2 m 70 18 l S {}", shown("2,000"));
            drawn("/V (2,000)", &content).after(second)
        }
        "2:chosen" | "2:chosen-another" => {
            let choice = "/Type /Annot /Subtype /Widget /FT /Ch /T (amount) /P 3 0 R /Ff 131072 \
                /Rect [72 600 272 620] /F 4 /DA (/F1 12 Tf 0 g) /Opt [[(a) (one)] [(b) (two)]]";
            let letter = objects().object(8, dictionary(&[choice])).after(&head());
            let file = certified(stage, &letter);
            let content = shown(if name == "2:chosen" { "two" } else { "one" });
            new()
                .object(8, dictionary(&[choice, "/V (b) /I [1] /AP << /N 40 0 R >>"]))
                .stream(40, &own, content)
                .after(&file)
        }
        "2:ticked" | "2:ticked-in-its-value-alone" => {
            let tick = "/Type /Annot /Subtype /Widget /FT /Btn /T (amount) /P 3 0 R /F 4 \
                /Rect [72 600 92 620] /AP << /N << /Yes 14 0 R /Off 9 0 R >> >>";
            let letter = objects().object(8, dictionary(&[tick, "/AS /Off"])).after(&head());
            let file = certified(stage, &letter);
            let state = if name == "2:ticked" { "/V /Yes /AS /Yes" } else { "/V /Yes /AS /Off" };
            new().object(8, dictionary(&[tick, state])).after(&file)
        }
        _ => return None,
    })
}

fn annotated(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let third = &stage.certified[2];
    let new = Revision::new;
    let note = |old: &str, text: &str| new().object(17, dictionary(&[&NOTE.replace(old, text)]));
    let revision = match name {
        "3:note-moved" => note("[72 500 172 520]", "[60 730 160 750]"),
        "3:note-said-otherwise" => {
            note("(draft)", "(final)").stream(21, &form(100, 20), shown("final"))
        }
        "3:note-removed" => new().object(3, edited(third, 3, " 17 0 R", "")),
        "3:note-removed-and-freed" => new().object(3, edited(third, 3, " 17 0 R", "")).free(17),
        "3:note-given-an-action" => note("/F 4", "/F 4 /A << /S /URI /URI (http://a.invalid/) >>"),
        "3:note-made-a-link" => note("/FreeText", "/Link"),
        "3:note-shows-content-from-elsewhere" => {
            new().stream(21, &format!("{} /Ref << /F (a.pdf) /Page 0 >>", form(100, 20)), "")
        }
        "3:widget-removed" => new().object(3, edited(third, 3, " 11 0 R", "")),
        "3:notes-rearranged" => new().object(3, edited(third, 3, "[8 0 R", "[17 0 R 8 0 R")),
        _ => return None,
    };
    Some(revision.after(third))
}

fn signed(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let new = Revision::new;
    // A field that others stand below.
    let parent = "/T (Form) /Kids [65 0 R]";
    let kid = "/Type /Annot /Subtype /Widget /FT /Tx /T (text) /Parent 66 0 R /P 3 0 R \
        /Rect [72 540 272 555] /F 4 /DA (/F1 12 Tf 0 g)";
    let below = |name: &str, more: &str| {
        let letter = objects()
            .object(66, dictionary(&[parent]))
            .object(65, dictionary(&[kid]))
            .after(&head());
        let letter = new()
            .object(7, edited(&letter, 7, "11 0 R]", "11 0 R 66 0 R]"))
            .object(3, edited(&letter, 3, "17 0 R]", "17 0 R 65 0 R]"))
            .after(&letter);
        let file = stage.sign(&letter, PLAIN);
        let annotations = newest(&file, 3);
        let at = find_last(&annotations, b"]").expect("annotations");
        let page = [&annotations[..at], b" 70 0 R", &annotations[at..]].concat();
        let field = format!(
            "/Type /Annot /Subtype /Widget /FT /Sig /T ({name}) /P 3 0 R /Rect [0 0 0 0] /F 132"
        );
        new()
            .object(66, dictionary(&["/T (Form) /Kids [65 0 R 70 0 R]"]))
            .object(70, dictionary(&[&field, more]))
            .object(3, page)
            .after(&file)
    };
    Some(match name {
        "field-below-another" => below("Signature2", "/Parent 66 0 R"),
        "field-below-another-signed" => {
            let field = SigningField::Existing("Form.Signature2");
            stage.sign(&below("Signature2", "/Parent 66 0 R"), How { field, ..PLAIN })
        }
        "field-below-another-of-its-name" => below("text", "/Parent 66 0 R"),
        "field-below-another-of-none" => below("Signature2", ""),
        "field-below-another-that-acts" => {
            below("Signature2", "/Parent 66 0 R /AA << /E << /S /JavaScript /JS (1) >> >>")
        }
        // A form that something refers to which nothing leads to.
        "second-signature-beside-an-orphan" => {
            let letter = with_second_catalog().form(Form::Table).after(&head());
            stage.sign(&stage.sign(&letter, PLAIN), PLAIN)
        }
        "second-signature-beside-a-catalog-in-use" => {
            let letter = with_second_catalog().after(&head());
            let page = edited(&letter, 16, "/Contents", "/Old 20 0 R /Contents");
            let letter = new().object(16, page).after(&letter);
            stage.sign(&stage.sign(&letter, PLAIN), PLAIN)
        }
        // Something refers to the very number that the next new object would take.
        "second-signature-beside-a-missing-object" => {
            let signed = stage.sign(&stage.letter, PLAIN);
            let size = find_last(&signed, b"/Size ").expect("a size");
            let next = number(&signed[size + 6..]);
            let letter = objects()
                .object(
                    16,
                    edited(&stage.letter, 16, "/Contents", &format!("/Gone {next} 0 R /Contents")),
                )
                .after(&head());
            stage.sign(&stage.sign(&letter, PLAIN), PLAIN)
        }
        _ => return None,
    })
}
