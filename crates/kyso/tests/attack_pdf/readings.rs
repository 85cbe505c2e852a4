//! Revisions that two readers would read in two ways: what a lenient one steps over makes another search the file for
//! objects, and find those that lie ready.

use std::collections::BTreeMap;

use crate::file::{
    Form, Place, Revision, edited, end, find, find_last, start, stream, table, write_object,
};
use crate::letter::{AMOUNT, AMOUNT_SHOWN, OTHER, OVERLAY, dictionary, head};
use crate::stage::Stage;

/// An object as a search for objects finds it.
const BAIT: &str = "\n4 0 obj\n<< /Length 48 >>\nstream\nBT /F1 14 Tf 72 770 Td (Pay 9,000,000 dong) Tj ET\n\
    endstream\nendobj\n";

pub(crate) fn make(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let signed = &stage.signed[..];
    let previous = start(signed).expect("a section");
    let trailer = |more: &str| {
        format!("trailer\n<< /Size 91 /Root 1 0 R /Info 6 0 R /Prev {previous} {more}>>\n")
    };
    let section = |text: &str| {
        let at = signed.len();
        [signed, text.as_bytes(), &end(&trailer(""), at)].concat()
    };
    let same = || Revision::new().object(8, dictionary(&[AMOUNT, AMOUNT_SHOWN]));
    let at = |text: &[u8]| find_last(signed, text).expect("an object") + 1;
    Some(match name {
        "section-plain" => section("xref\n0 1\n0000000000 65535 f \n"),
        "section-of-nothing" => section("xref\n0 0\n"),
        "section-counts-too-many" => section("xref\n0 9\n0000000000 65535 f \n"),
        "section-counts-too-few" => {
            let entry = "0000000000 65535 f \n";
            section(&format!("xref\n0 1\n{entry}{entry}{entry}"))
        }
        "section-of-short-entries" => section("xref\n0 1\n0 65535 f\n"),
        "section-of-odd-entries" => section("xref\n0 1\n0000000000  65535  f\n"),
        "section-on-one-line" => section("xref 0 1 0000000000 65535 f "),
        "section-with-a-comment" => {
            section(&format!("xref\n0 1\n%{}\n0000000000 65535 f \n", BAIT.replace('\n', " ")))
        }
        "section-behind-a-comment" => {
            section(&format!("%{}\nxref\n0 1\n0000000000 65535 f \n", BAIT.replace('\n', " ")))
        }
        "section-behind-a-space" => section(" xref\n0 1\n0000000000 65535 f \n"),
        "section-head-not-free" => {
            let place = at(b"\n4 0 obj");
            section(&format!("xref\n0 1\n{place:010} 00000 n \n"))
        }
        "section-lists-twice" => {
            let place = at(b"\n4 0 obj");
            section(&format!("xref\n4 1\n{place:010} 00000 n \n4 1\n{OTHER:010} 00000 n \n"))
        }
        "section-lists-twice-reversed" => {
            let place = at(b"\n4 0 obj");
            section(&format!("xref\n4 1\n{OTHER:010} 00000 n \n4 1\n{place:010} 00000 n \n"))
        }
        "section-lists-nonsense" => {
            section("xref\n0 1\n0000000000 65535 f \n200 1\n0099999999 00000 n \n")
        }
        "section-lists-another-body" => section(&format!("xref\n200 1\n{OTHER:010} 00000 n \n")),
        "trailer-with-bait" => {
            let text = format!("%{}\n", BAIT.replace('\n', " "));
            let section = "xref\n0 1\n0000000000 65535 f \n";
            let trailer = trailer("").replace(">>", &format!("{text}>>"));
            [signed, section.as_bytes(), &end(&trailer, signed.len())].concat()
        }
        "trailer-with-unknown-entry" => {
            let section = "xref\n0 1\n0000000000 65535 f \n";
            let trailer = trailer("/XYZZY 15 0 R ");
            [signed, section.as_bytes(), &end(&trailer, signed.len())].concat()
        }
        "trailer-with-two-roots" => {
            let section = "xref\n0 1\n0000000000 65535 f \n";
            let trailer = trailer("/Root 22 0 R ");
            [signed, section.as_bytes(), &end(&trailer, signed.len())].concat()
        }
        "trailer-with-two-roots-reversed" => {
            let section = "xref\n0 1\n0000000000 65535 f \n";
            let trailer = trailer("").replace("/Root", "/Root 22 0 R /Root");
            [signed, section.as_bytes(), &end(&trailer, signed.len())].concat()
        }
        "trailer-with-two-previous-reversed" => {
            let section = "xref\n0 1\n0000000000 65535 f \n";
            let earlier = start(&stage.letter).expect("a section");
            let trailer = trailer("").replace("/Prev", &format!("/Prev {earlier} /Prev"));
            [signed, section.as_bytes(), &end(&trailer, signed.len())].concat()
        }
        "trailer-with-two-previous" => {
            let section = "xref\n0 1\n0000000000 65535 f \n";
            let earlier = start(&stage.letter).expect("a section");
            let trailer = trailer(&format!("/Prev {earlier} "));
            [signed, section.as_bytes(), &end(&trailer, signed.len())].concat()
        }
        "size-lowered" => {
            let section = "xref\n0 1\n0000000000 65535 f \n";
            let trailer = trailer("").replace("/Size 91", "/Size 5");
            [signed, section.as_bytes(), &end(&trailer, signed.len())].concat()
        }
        "size-missing" => {
            let section = "xref\n0 1\n0000000000 65535 f \n";
            let trailer = trailer("").replace("/Size 91", "");
            [signed, section.as_bytes(), &end(&trailer, signed.len())].concat()
        }
        "object-behind-a-comment" => {
            let body = format!("%{}\n", BAIT.replace('\n', " "));
            moved(signed, body.as_bytes())
        }
        "object-behind-a-space" => moved(signed, b"  "),
        "object-with-bait-in-a-comment" => {
            let text = format!("<< {AMOUNT} {AMOUNT_SHOWN} %{}\n>>", BAIT.replace('\n', " "));
            Revision::new().object(8, text).after(signed)
        }
        "stream-rows-missing" => rows(signed, 3, 1),
        "stream-rows-plain" => rows(signed, 1, 1),
        "stream-lists-twice" => {
            let place = at(b"\n4 0 obj") as u32;
            let other = OTHER as u32;
            let row = |place: u32| [&[1][..], &place.to_be_bytes(), &[0, 0]].concat();
            let own = signed.len() as u32;
            let data = [row(place), row(other), row(own)].concat();
            reference_stream(signed, "/Index [4 1 4 1 95 1]", "/Size 96", &data)
        }
        "stream-size-lowered" => {
            let row = [&[1][..], &(signed.len() as u32).to_be_bytes(), &[0, 0]].concat();
            reference_stream(signed, "/Index [95 1]", "/Size 5", &row)
        }
        "hybrid-disagrees" => {
            let mut places = BTreeMap::new();
            let offset = at(b"\n4 0 obj");
            places.insert(4, Place::At { offset, generation: 0 });
            let stream_at = signed.len();
            let row = |place: usize| [&[1][..], &(place as u32).to_be_bytes(), &[0, 0]].concat();
            let data = [row(OTHER), row(stream_at)].concat();
            let entries = "/Type /XRef /W [1 4 2] /Index [4 1 95 1] /Size 96 /Root 1 0 R";
            let text = [b"95 0 obj\n", &stream(entries, &data)[..], b"\nendobj\n"].concat();
            let table_at = signed.len() + text.len();
            let trailer = trailer(&format!("/XRefStm {stream_at} "));
            [signed, &text, &table(&places), &end(&trailer, table_at)].concat()
        }
        "junk-before-the-header" => {
            let letter = [&b"%junk before the header\n"[..], &head()].concat();
            assert!(find(&letter, b"%PDF").is_some());
            crate::letter::objects().after(&letter)
        }
        "rewritten-once-more" => same().form(Form::Stream).after(&same().after(signed)),
        "object-twice-in-one-revision" => {
            let first = dictionary(&[AMOUNT, "/V (9,000,000) /AP << /N 9 0 R >>"]);
            let twice =
                Revision::new().object(8, first).object(8, dictionary(&[AMOUNT, AMOUNT_SHOWN]));
            twice.after(signed)
        }
        "stream-with-bait" => {
            // A stream to which nothing leads, with something in it that a search would find.
            Revision::new().stream(200, "", BAIT).after(signed)
        }
        "bait-then-broken" => {
            let file = Revision::new().stream(200, "", OVERLAY).after(signed);
            let at = file.len();
            let previous = start(&file).expect("a section");
            let trailer = trailer("").replace(
                &format!("/Prev {}", start(signed).expect("a section")),
                &format!("/Prev {previous}"),
            );
            [&file[..], b"xref\n0 3\n0000000000 65535 f \n", &end(&trailer, at)].concat()
        }
        "stored-with-bait" => {
            let stored = stage.store(signed, &[]);
            let number = crate::file::holder(&stored, "/VRI");
            let text = edited(&stored, number, "/Certs [", "/Certs [200 0 R ");
            Revision::new().object(number, text).stream(200, "", BAIT).after(&stored)
        }
        _ => return None,
    })
}

/// The amount as it is, with something between the place that is named and the object.
fn moved(signed: &[u8], between: &[u8]) -> Vec<u8> {
    let mut body = between.to_vec();
    write_object(&mut body, 8, 0, dictionary(&[AMOUNT, AMOUNT_SHOWN]).as_bytes());
    let place = Place::At { offset: signed.len(), generation: 0 };
    let file = [signed, &body].concat();
    let revision = Revision::new().place(8, place).previous(start(signed).expect("a section"));
    revision.after(&file)
}

/// A cross-reference stream that lists itself, and says that it lists so many.
fn rows(signed: &[u8], said: usize, given: usize) -> Vec<u8> {
    let row = [&[1][..], &(signed.len() as u32).to_be_bytes(), &[0, 0]].concat();
    let size = format!("/Size {}", 95 + said);
    reference_stream(signed, &format!("/Index [95 {said}]"), &size, &row.repeat(given))
}

fn reference_stream(signed: &[u8], index: &str, size: &str, data: &[u8]) -> Vec<u8> {
    let previous = start(signed).expect("a section");
    let entries =
        format!("/Type /XRef /W [1 4 2] {index} {size} /Root 1 0 R /Info 6 0 R /Prev {previous}");
    let text = [b"95 0 obj\n", &stream(&entries, data)[..], b"\nendobj\n"].concat();
    [signed, &text, &end("", signed.len())].concat()
}
