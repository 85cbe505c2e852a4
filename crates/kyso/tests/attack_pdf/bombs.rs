//! Files that would keep a reader busy or exhaust it.

use crate::file::{Form, Place, Revision, edited, end, holder, object_stream, start, stream};
use crate::letter::{dictionary, letter};
use crate::stage::{PLAIN, Stage};

pub(crate) fn make(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    let signed = &stage.signed[..];
    let new = Revision::new;
    Some(match name {
        "pages-in-a-loop" => {
            let text = "<< /Type /Pages /Kids [3 0 R 62 0 R] /Count 2 /Parent 62 0 R >>";
            new()
                .object(2, text)
                .object(62, "<< /Type /Pages /Kids [2 0 R 62 0 R] /Count 9 /Parent 2 0 R >>")
                .after(signed)
        }
        "pages-a-million" => {
            // Sixty-four levels of two: each node is named twice.
            let mut revision = new().object(2, "<< /Type /Pages /Kids [100 0 R 100 0 R] >>");
            for number in 100..160 {
                let next = number + 1;
                let text = format!("<< /Type /Pages /Kids [{next} 0 R {next} 0 R] /Count 1 >>");
                revision = revision.object(number, text);
            }
            revision.object(160, "<< /Type /Page >>").after(signed)
        }
        "pages-deep" => {
            let chain = (100..3_100).fold(new(), |revision, number| {
                let text = format!("<< /Type /Pages /Kids [{} 0 R] /Count 1 >>", number + 1);
                revision.object(number, text)
            });
            chain.object(2, "<< /Type /Pages /Kids [100 0 R] /Count 1 >>").after(signed)
        }
        "fields-in-a-loop" => {
            let text = "<< /T (loop) /Kids [63 0 R] /Parent 63 0 R >>";
            let form = edited(signed, 7, "8 0 R", "8 0 R 63 0 R");
            new().object(7, form).object(63, text).after(signed)
        }
        "fields-a-million" => {
            let mut revision = new().object(7, edited(signed, 7, "8 0 R", "8 0 R 100 0 R"));
            for number in 100..160 {
                let next = number + 1;
                let text = format!("<< /T (n) /Kids [{next} 0 R {next} 0 R] >>");
                revision = revision.object(number, text);
            }
            revision.object(160, "<< /T (n) /FT /Tx >>").after(signed)
        }
        "references-in-a-circle" => {
            new().object(7, "64 0 R").object(64, "65 0 R").object(65, "64 0 R").after(signed)
        }
        "arrays-deep" => {
            let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            new().object(7, format!("<< /Fields {deep} >>")).after(signed)
        }
        "dictionaries-deep-unused" => {
            let deep = format!("{}0{}", "<< /A ".repeat(50_000), " >>".repeat(50_000));
            new().object(66, deep).after(signed)
        }
        "object-stream-bomb" => {
            // 300 MB of zeros behind the form.
            let inner = [b"7 0 ".to_vec(), vec![b' '; 300 << 20]].concat();
            let packed = miniz_oxide::deflate::compress_to_vec_zlib(&inner, 1);
            let entries = "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode";
            let place = Place::In { stream: 67, index: 0 };
            new().stream(67, entries, packed).place(7, place).form(Form::Stream).after(signed)
        }
        "object-streams-in-a-circle" => {
            let inner = object_stream(&[(68, b"<< >>")]);
            new()
                .object(67, inner)
                .place(7, Place::In { stream: 68, index: 0 })
                .place(68, Place::In { stream: 67, index: 0 })
                .place(67, Place::In { stream: 68, index: 0 })
                .form(Form::Stream)
                .after(signed)
        }
        "cross-reference-bomb" => {
            let zeros = vec![0_u8; 200 << 20];
            let packed = miniz_oxide::deflate::compress_to_vec_zlib(&zeros, 1);
            let entries = "/Type /XRef /W [1 4 2] /Size 29000000 /Root 1 0 R /Filter /FlateDecode";
            let at = signed.len();
            let text = [&b"69 0 obj\n"[..], &stream(entries, &packed), b"\nendobj\n"].concat();
            [signed, &text, &end("", at)].concat()
        }
        "cross-references-in-a-loop" => {
            let first = new().object(70, "1").after(signed);
            let at = start(&first).expect("a section");
            let own = first.len() + new().object(71, "2").parts(&first).body.len();
            let second = new().object(71, "2").previous(own).after(&first);
            assert!(at < own);
            second
        }
        "cross-references-many" => (0..1_200).fold(signed.to_vec(), |file, _| {
            // Each of them says nothing.
            let at = file.len();
            let previous = start(&file[at.saturating_sub(200)..]);
            let text = format!(
                "xref\n0 0\ntrailer\n<< /Size 80 /Root 1 0 R /Prev {} >>\n",
                previous.expect("a section")
            );
            [&file[..], &end(&text, at)].concat()
        }),
        "entries-a-billion" => {
            let at = signed.len();
            let text = format!(
                "xref\n0 1000000000\n0000000000 65535 f \ntrailer\n\
                 << /Size 1000000001 /Root 1 0 R /Info 6 0 R /Prev {} >>\n",
                start(signed).expect("a section")
            );
            [signed, &end(&text, at)].concat()
        }
        "length-giant" => {
            let text = "<< /Length 99999999999 >>\nstream\nBT ET\nendstream";
            new().object(4, text).after(signed)
        }
        "length-negative" => {
            new().object(4, "<< /Length -1 >>\nstream\nBT ET\nendstream").after(signed)
        }
        "length-in-itself" => {
            new().object(4, "<< /Length 4 0 R >>\nstream\nBT ET\nendstream").after(signed)
        }
        "objects-100000" => {
            let many = (1_000..101_000)
                .fold(new(), |revision, number| revision.object(number, "<< /Type /Nothing >>"));
            many.after(signed)
        }
        "annotations-100000" => {
            let list = "17 0 R ".repeat(100_000);
            new().object(3, edited(signed, 3, "17 0 R", &list)).after(signed)
        }
        "signatures-600" => {
            let fields: String = (200..800).map(|number| format!("{number} 0 R ")).collect();
            let form = edited(signed, 7, "8 0 R", &fields);
            let value = holder(signed, "/SubFilter");
            let many = (200..800).fold(new().object(7, form), |revision, number| {
                let text = format!("<< /FT /Sig /T (s{number}) /V {value} 0 R >>");
                revision.object(number, text)
            });
            many.after(signed)
        }
        "object-a-million-values" => {
            let values = "0 ".repeat(1_000_000);
            new().object(7, format!("<< /Fields [{values}] >>")).after(signed)
        }
        "string-endless" => {
            new().object(7, format!("<< /T ({}", "(".repeat(200_000))).after(signed)
        }
        "revisions-honest-30" => (0..30).fold(signed.to_vec(), |file, _| stage.sign(&file, PLAIN)),
        "letter-unsigned" => letter(),
        "names-deep" => {
            let chain = (100..3_100).fold(new(), |revision, number| {
                revision.object(number, format!("<< /Kids [{} 0 R] >>", number + 1))
            });
            let text = edited(signed, 1, "/Pages", "/Names << /Dests 100 0 R >> /Pages");
            chain.object(1, text).after(signed)
        }
        "resources-in-a-circle" => {
            let text = dictionary(&["/XObject << /Cover 14 0 R >>"]);
            new()
                .object(19, text)
                .stream(14, "/Subtype /Form /Resources 19 0 R /BBox [0 0 9 9]", "/Cover Do")
                .after(signed)
        }
        _ => return None,
    })
}
