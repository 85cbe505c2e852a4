//! Revisions that change what a signature was given for (incremental saving, shadow attacks).

use crate::file::{
    Form, Place, Revision, edited, end, find, find_last, newest, number, overwritten, start, stream,
};
use crate::honest::filled;
use crate::letter::{
    CONTENT, HIDDEN, OTHER, OVERLAY, PAGE_2, RESOURCES, dictionary, form, head, letter, objects,
    pointer, with_second_catalog,
};
use crate::stage::{PLAIN, Stage};

const LIE: &str = "BT /F1 14 Tf 72 770 Td (Pay 9,000,000 dong) Tj ET";

pub(crate) fn make(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let signed = &stage.signed[..];
    let revision = content(name, signed)
        .or_else(|| structure(name, signed))
        .or_else(|| active(name, signed))
        .map(|revision| revision.after(signed));
    revision.or_else(|| damaged(name, stage)).or_else(|| prepared(name, stage))
}

fn lie() -> Revision {
    Revision::new().stream(4, "", LIE)
}

/// What a page shows.
fn content(name: &str, signed: &[u8]) -> Option<Revision> {
    let new = Revision::new;
    let page = |old: &str, text: &str| new().object(3, edited(signed, 3, old, text));
    Some(match name {
        "content-replaced" => lie(),
        "content-swapped" => page("/Contents 4 0 R", "/Contents 30 0 R").stream(30, "", LIE),
        "content-of-another-page" => page("/Contents 4 0 R", "/Contents 18 0 R"),
        "content-removed" => page("/Contents 4 0 R", ""),
        "content-overlaid" => {
            page("/Contents 4 0 R", "/Contents [4 0 R 30 0 R]").stream(30, "", OVERLAY)
        }
        "content-of-page-2-replaced" => new().stream(18, "", LIE),
        "content-by-a-cross-reference-stream" => lie().form(Form::Stream),
        "content-in-a-hybrid-section" => lie().form(Form::Hybrid),
        "content-of-another-length" => {
            let shorter = CONTENT.len() - 20;
            let text = format!("<< /Length {shorter} >>\nstream\n{CONTENT}\nendstream");
            new().object(4, text)
        }
        "page-packed" => page("/Contents 4 0 R", "/Contents 15 0 R").form(Form::Packed),
        "page-cropped" => page("/MediaBox [0 0 595 842]", "/MediaBox [0 0 595 742]"),
        "page-turned" => page("/MediaBox", "/Rotate 180 /MediaBox"),
        "page-in-other-units" => page("/MediaBox", "/UserUnit 2 /MediaBox"),
        "page-with-actions" => {
            page("/MediaBox", "/AA << /O << /S /JavaScript /JS (app.alert\\(1\\)) >> >> /MediaBox")
        }
        "page-with-a-transparency-group" => {
            page("/MediaBox", "/Group << /S /Transparency /K true >> /MediaBox")
        }
        "font-swapped" => {
            new().object(5, "<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>")
        }
        "font-encoding-changed" => {
            let encoding = "/Encoding << /Differences [49 /nine 57 /one] >>";
            new().object(5, edited(signed, 5, "/Encoding /WinAnsiEncoding", encoding))
        }
        "resources-swapped" => {
            let text = RESOURCES.replace("/Cover 14 0 R", "/Cover 30 0 R");
            new().object(19, dictionary(&[&text])).stream(30, &form(595, 842), OVERLAY)
        }
        "resource-replaced" => new().stream(14, &form(595, 842), OVERLAY),
        "overlay-removed" => new().stream(14, &form(0, 0), ""),
        "overlay-freed" => new().free(14),
        "dangling-filled" => new().stream(90, &form(595, 842), OVERLAY),
        "dangling-filled-packed" => {
            // The missing object's number becomes that of another's content.
            let text = RESOURCES.replace("/Gone 90 0 R", "/Gone 15 0 R");
            new().object(19, dictionary(&[&text])).form(Form::Packed)
        }
        "annotation-changed" => new().stream(21, &form(595, 842), OVERLAY),
        "annotation-freed" => new().free(17),
        "layer-shown" => new().object(1, edited(signed, 1, "/OFF [13 0 R]", "/ON [13 0 R]")),
        "layer-renamed" => new().object(13, "<< /Type /OCG /Name (draft) /Intent /Design >>"),
        _ => return None,
    })
}

/// What the document consists of.
fn structure(name: &str, signed: &[u8]) -> Option<Revision> {
    let new = Revision::new;
    let catalog = |old: &str, text: &str| new().object(1, edited(signed, 1, old, text));
    let page_2 = PAGE_2.replace("/Contents 18 0 R", "/Contents 30 0 R");
    Some(match name {
        "pages-swapped" => new().object(2, edited(signed, 2, "[3 0 R 16 0 R]", "[16 0 R 3 0 R]")),
        "page-removed" => {
            let text = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
            new().object(2, text)
        }
        "page-appended" => new()
            .object(2, "<< /Type /Pages /Kids [3 0 R 16 0 R 31 0 R] /Count 3 >>")
            .object(31, dictionary(&[&page_2]))
            .stream(30, "", LIE),
        "page-replaced" => new()
            .object(2, edited(signed, 2, "16 0 R", "31 0 R"))
            .object(31, dictionary(&[&page_2]))
            .stream(30, "", LIE),
        "page-tree-replaced" => catalog("/Pages 2 0 R", "/Pages 22 0 R"),
        "page-tree-looped" => {
            new().object(2, "<< /Type /Pages /Kids [3 0 R 16 0 R 2 0 R] /Count 2 >>")
        }
        "page-freed" => new().free(16),
        "media-box-inherited" => {
            new().object(2, edited(signed, 2, "/Count 2", "/Count 2 /Rotate 180"))
        }
        "catalog-rewritten" => {
            new().object(32, "<< /Type /Catalog /Pages 22 0 R /AcroForm 7 0 R >>").root(32)
        }
        "catalog-unlike-itself" => catalog("/Metadata 12 0 R", ""),
        "outline-added" => catalog("/Pages", "/Outlines 33 0 R /Pages")
            .object(33, "<< /Type /Outlines /First 34 0 R /Last 34 0 R /Count 1 >>")
            .object(34, "<< /Title (Paid) /Parent 33 0 R >>"),
        "embedded-file-added" => catalog("/Pages", "/Names 35 0 R /Pages")
            .object(35, "<< /EmbeddedFiles << /Names [(a) 36 0 R] >> >>")
            .object(36, "<< /Type /Filespec /F (a.txt) /EF << /F 37 0 R >> >>")
            .stream(37, "/Type /EmbeddedFile", "another contract"),
        "associated-file-added" => catalog("/Pages", "/AF [36 0 R] /Pages")
            .object(36, "<< /Type /Filespec /F (a.txt) /EF << /F 37 0 R >> >>")
            .stream(37, "/Type /EmbeddedFile", "another contract"),
        "collection-added" => catalog("/Pages", "/Collection << /View /D >> /Pages"),
        "viewer-told" => catalog("/Pages", "/ViewerPreferences << /HideToolbar true >> /Pages"),
        "page-labels-added" => catalog("/Pages", "/PageLabels << /Nums [0 << /S /r >>] >> /Pages"),
        "language-changed" => catalog("/Pages", "/Lang (en) /Pages"),
        "unknown-entry-added" => catalog("/Pages", "/XYZZY << /Show 15 0 R >> /Pages"),
        "version-changed" => catalog("/Pages", "/Version /1.3 /Pages"),
        "extensions-added" => {
            catalog("/Pages", "/Extensions << /ADBE << /BaseVersion /1.7 >> >> /Pages")
        }
        "requirements-added" => {
            catalog("/Pages", "/Requirements [<< /S /EnableJavaScripts >>] /Pages")
        }
        "title-changed" => new().object(6, "<< /Title (Receipt) /Producer (kyso test) >>"),
        "info-swapped" => {
            let at = "<< /Title (Receipt) >>";
            new().object(38, at).info(38)
        }
        "metadata-replaced" => new().stream(
            12,
            "/Type /Metadata /Subtype /XML",
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><title>Receipt</title></x:xmpmeta>",
        ),
        "object-freed" => new().free(4),
        "font-freed" => new().free(5),
        "catalog-freed" => new().free(1),
        "generation-raised" => new().generation(4, 1, newest(signed, 4)),
        "generation-raised-and-named" => new()
            .generation(4, 1, stream("", LIE.as_bytes()))
            .object(3, edited(signed, 3, "/Contents 4 0 R", "/Contents 4 1 R")),
        "freed-and-raised" => new().place(4, Place::At { offset: OTHER, generation: 1 }),
        "pointed-at-another-body" => new().place(4, Place::At { offset: OTHER, generation: 0 }),
        "pointed-at-another-object" => {
            let at = find(signed, b"\n15 0 obj").expect("an object") + 1;
            new().place(4, Place::At { offset: at, generation: 0 })
        }
        "pointed-into-a-string" => {
            let at = find(signed, b"(Page 2)").expect("a string");
            new().place(4, Place::At { offset: at, generation: 0 })
        }
        "pointed-beyond-the-file" => {
            new().place(4, Place::At { offset: 99_999_999, generation: 0 })
        }
        "encryption-declared" => {
            let text = "<< /Filter /Standard /V 1 /R 2 /O (12345678901234567890123456789012) \
                        /U (12345678901234567890123456789012) /P -4 >>";
            new().object(39, text).trailer(" /Encrypt 39 0 R")
        }
        "structure-tree-added" => catalog(
            "/Pages",
            "/MarkInfo << /Marked true >> /StructTreeRoot << /Type /StructTreeRoot >> /Pages",
        ),
        "threads-added" => catalog("/Pages", "/Threads [] /PageMode /FullScreen /Pages"),
        "form-filled-without-leave" => filled(),
        _ => return None,
    })
}

/// What a document does.
fn active(name: &str, signed: &[u8]) -> Option<Revision> {
    let new = Revision::new;
    let catalog = |text: &str| new().object(1, edited(signed, 1, "/Pages", text));
    let script = "<< /S /JavaScript /JS (this.getField\\('amount'\\).value = 9) >>";
    Some(match name {
        "open-action-added" => catalog(&format!("/OpenAction {script} /Pages")),
        "open-destination-added" => catalog("/OpenAction [16 0 R /Fit] /Pages"),
        "catalog-actions-added" => catalog(&format!("/AA << /WP {script} >> /Pages")),
        "script-named" => {
            catalog("/Names << /JavaScript << /Names [(a) 44 0 R] >> >> /Pages").object(44, script)
        }
        "address-added" => catalog("/URI << /Base (http://example.invalid/) >> /Pages"),
        "field-action-added" => {
            let text = edited(signed, 8, "/F 4", &format!("/F 4 /AA << /F {script} >>"));
            new().object(8, text)
        }
        "calculation-order-added" => {
            new().object(7, edited(signed, 7, "/Fields", "/CO [8 0 R] /Fields"))
        }
        "appearances-asked-for" => {
            new().object(7, edited(signed, 7, "/Fields", "/NeedAppearances true /Fields"))
        }
        "form-resources-swapped" => new()
            .object(7, edited(signed, 7, "/F1 5 0 R", "/F1 45 0 R"))
            .object(45, "<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"),
        "form-appearance-changed" => {
            new().object(7, edited(signed, 7, "/F1 12 Tf 0 g", "/F1 12 Tf 1 g"))
        }
        "xfa-added" => new().object(7, edited(signed, 7, "/Fields", "/XFA 46 0 R /Fields")).stream(
            46,
            "",
            "<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>",
        ),
        "signature-flags-cleared" => {
            new().object(7, edited(signed, 7, "/SigFlags 3", "/SigFlags 0"))
        }
        "field-removed" => new().object(7, edited(signed, 7, "8 0 R ", "")),
        "field-added" => new()
            .object(7, edited(signed, 7, "11 0 R", "11 0 R 47 0 R"))
            .object(3, edited(signed, 3, "17 0 R", "17 0 R 47 0 R"))
            .object(
                47,
                "<< /Type /Annot /Subtype /Widget /FT /Tx /T (more) /P 3 0 R \
                 /Rect [72 760 272 780] /V (9,000,000) /F 4 /AP << /N 48 0 R >> >>",
            )
            .stream(48, &form(200, 20), OVERLAY),
        _ => return None,
    })
}

/// Files whose end is not as it should be.
fn damaged(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let signed = &stage.signed[..];
    let parts = lie().parts(signed);
    let join = |parts: &[&[u8]]| [&[signed], parts].concat().concat();
    let (body, references, trailer) = (&parts.body, &parts.references, &parts.trailer);
    let at = find_last(signed, b"trailer").expect("a trailer");
    let own_trailer = &signed[at..];
    let section = start(signed).expect("a section");
    Some(match name {
        "body-alone" => join(&[body]),
        "body-and-end" => join(&[body, b"%%EOF\n"]),
        "no-cross-reference" => join(&[body, trailer]),
        "no-trailer" => join(&[body, references]),
        "no-trailer-but-start" => {
            let start = end("", signed.len() + body.len());
            join(&[body, references, &start])
        }
        "trailer-copied" => join(&[body, own_trailer]),
        "trailer-copied-behind-references" => join(&[body, references, own_trailer]),
        "start-beyond-the-file" => join(&[body, references, &end("", 99_999_999)]),
        "start-of-the-old-section" => join(&[body, references, &end("", section)]),
        "start-of-an-earlier-section" => {
            let earlier = start(&stage.letter).expect("a section");
            join(&[&end("", earlier)])
        }
        "two-ends" => join(&[b"%%EOF\n"]),
        "whole-file-twice" => join(&[signed]),
        "another-file-behind" => join(&[&Revision::new().parts(b"").body, &letter()]),
        "zeros-behind" => join(&[&[0; 4_096]]),
        "garbage-between" => {
            let file = join(&[body, b"\n%%EOF\n"]);
            Revision::new().stream(60, "/Type /Unused", "x").after(&file)
        }
        "previous-skips-the-signed" => skipping(stage, &lie()),
        "previous-skips-and-keeps" => skipping(stage, &Revision::new()),
        "previous-in-a-loop" => {
            let own = signed.len() + body.len();
            lie().previous(own).after(signed)
        }
        "previous-beyond-the-file" => lie().previous(99_999_999).after(signed),
        "hybrid-into-the-signed" => {
            // A stream that was signed lists another place of object 4; the appended trailer names it.
            let entries = "/Type /XRef /W [1 1 1] /Index [4 1] /Size 62 /Root 1 0 R";
            let letter = objects().stream(61, entries, [1, OTHER as u8, 0]).after(&head());
            let signed = stage.sign(&letter, PLAIN);
            let at = find(&signed, b"\n61 0 obj").expect("an object") + 1;
            Revision::new().trailer(&format!(" /XRefStm {at}")).after(&signed)
        }
        "signed-byte-changed" => overwritten(signed, b"1,000,000", b"9,000,000"),
        "truncated" => signed[..signed.len() - 40].to_vec(),
        _ => return None,
    })
}

/// A section that lists all that the signature added, and names the section before it.
fn skipping(stage: &Stage, revision: &Revision) -> Vec<u8> {
    let (signed, original) = (&stage.signed, &stage.letter);
    let mut revision = revision.clone().previous(start(original).expect("a section"));
    let mut at = original.len();
    while let Some(next) = find(&signed[at..], b" 0 obj") {
        let head = at + next;
        let digits = signed[..head].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let number = number(&signed[head - digits..]) as u32;
        revision = revision.place(number, Place::At { offset: head - digits, generation: 0 });
        at = head + 1;
    }
    revision.after(signed)
}

/// What is there before the signature is made, and is only looked at later.
fn prepared(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    Some(match name {
        "hidden-section" => {
            // `/Prev` must name the signed section, whose place the first signing tells.
            let letter = with_second_catalog().after(&head());
            let place = start(&stage.sign(&letter, PLAIN)).expect("a section");
            let hidden = HIDDEN.replace("0000000000 >>", &format!("{place:010} >>"));
            let letter = overwritten(&letter, HIDDEN.as_bytes(), hidden.as_bytes());
            let signed = stage.sign(&letter, PLAIN);
            let at = find(&signed, hidden.as_bytes()).expect("the section");
            [&signed[..], &pointer(at)].concat()
        }
        "second-catalog-named" => {
            let letter = with_second_catalog().after(&head());
            Revision::new().root(20).after(&stage.sign(&letter, PLAIN))
        }
        "hidden-in-a-comment" => {
            let text = b"%4 0 obj <</Length 0>> stream endstream endobj\n";
            let head = [b"%PDF-1.7\n", &text[..]].concat();
            let signed = stage.sign(&objects().after(&head), PLAIN);
            let place = Place::At { offset: 10, generation: 0 };
            Revision::new().place(4, place).after(&signed)
        }
        _ => return None,
    })
}
