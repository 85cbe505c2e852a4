//! Signatures whose `/ByteRange` or `/Contents` is moved or malformed (signature wrapping, universal forgery).

#![allow(clippy::single_range_in_vec_init, reason = "a signature of one range is an attack")]

use std::ops::Range;

use kyso_x509::DigestAlgorithm;

use crate::file::{Form, Place, Revision, find, find_last, holder, newest, object_stream};
use crate::letter::{APPROVAL, OVERLAY, dictionary};
use crate::stage::Stage;

const DIGEST: DigestAlgorithm = DigestAlgorithm::Sha256;

/// Bytes that the message may take.
const ROOM: usize = 4_096;
const NUMBERS: usize = 60;

/// How `/Contents` is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contents {
    Hexadecimal,
    Literal,
    Spaced,
}

impl Contents {
    /// The string, `ROOM` bytes of it in hexadecimal digits.
    fn text(self, message: &[u8]) -> Vec<u8> {
        let mut bytes = message.to_vec();
        bytes.resize(ROOM, 0);
        match self {
            Self::Hexadecimal => format!("<{}>", hex(&bytes)).into_bytes(),
            Self::Spaced => {
                let digits = hex(&bytes);
                let (first, second) = digits.split_at(20);
                format!("<{first} \n{second}>").into_bytes()
            }
            Self::Literal => {
                let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
                format!("({octal})").into_bytes()
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where things are in a file that is to be signed.
struct Layout {
    contents: Range<usize>,
    len: usize,
}

/// A signature dictionary as an attacker would write it, and what the signer really digests.
struct Shape {
    /// `NUMBERS` stands for the range's four numbers, `CONTENTS` for the string.
    dictionary: String,
    contents: Contents,
    packed: bool,
    numbers: fn(&Layout) -> String,
    digested: fn(&Layout) -> Vec<Range<usize>>,
    more: Revision,
}

fn honest_numbers(Layout { contents, len }: &Layout) -> String {
    format!("[0 {} {} {}]", contents.start, contents.end, len - contents.end)
}

fn honest_ranges(Layout { contents, len }: &Layout) -> Vec<Range<usize>> {
    vec![0..contents.start, contents.end..*len]
}

const ENTRIES: &str =
    "/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:20260113000000Z)";

impl Shape {
    fn new() -> Self {
        Self {
            dictionary: format!("<< {ENTRIES} /ByteRange NUMBERS /Contents CONTENTS >>"),
            contents: Contents::Hexadecimal,
            packed: false,
            numbers: honest_numbers,
            digested: honest_ranges,
            more: Revision::new(),
        }
    }

    /// The letter, signed with a dictionary of this shape in field 10.
    fn sign(&self, stage: &Stage) -> Vec<u8> {
        let blank = self.contents.text(&[]);
        let numbers = " ".repeat(NUMBERS);
        let text = self.dictionary.replacen("NUMBERS", &numbers, 1);
        let at = find(text.as_bytes(), b"CONTENTS").expect("a place");
        let text = [&text.as_bytes()[..at], &blank, &text.as_bytes()[at + 8..]].concat();
        let field = dictionary(&[APPROVAL, "/V 50 0 R"]);
        let mut revision = self.more.clone().object(10, field);
        revision = if self.packed {
            revision.object(51, object_stream(&[(50, &text)]))
        } else {
            revision.object(50, &text)
        };
        let mut file = if self.packed {
            let revision = revision.form(Form::Stream);
            revision.place(50, Place::In { stream: 51, index: 0 }).after(&stage.letter)
        } else {
            revision.after(&stage.letter)
        };
        let start = find_last(&file, &blank).expect("the string");
        let layout = Layout { contents: start..start + blank.len(), len: file.len() };
        let filled = (self.numbers)(&layout);
        if let Some(at) = find(&file, numbers.as_bytes()) {
            file[at..at + filled.len()].copy_from_slice(filled.as_bytes());
        }
        let digested: Vec<u8> =
            (self.digested)(&layout).into_iter().flat_map(|range| file[range].to_vec()).collect();
        let message = stage.message(DIGEST.digest(&digested));
        let text = self.contents.text(&message);
        file[layout.contents].copy_from_slice(&text);
        file
    }

    fn dictionary(mut self, text: &str) -> Self {
        self.dictionary = format!("<< {ENTRIES} {text} >>");
        self
    }

    fn covering(
        mut self,
        numbers: fn(&Layout) -> String,
        digested: fn(&Layout) -> Vec<Range<usize>>,
    ) -> Self {
        (self.numbers, self.digested) = (numbers, digested);
        self
    }
}

pub(crate) fn make(name: &str, stage: &Stage) -> Option<Vec<u8>> {
    if let Some(shape) = shape(name) {
        return Some(shape.sign(stage));
    }
    let signed = &stage.signed[..];
    Some(match name {
        "wrapped" => wrapped(signed),
        "contents-null" => forged(signed, "/Contents null"),
        "contents-empty" => forged(signed, "/Contents <>"),
        "contents-missing" => forged(signed, ""),
        "contents-zero" => forged(signed, "/Contents <00>"),
        "contents-zeros" => forged(signed, &format!("/Contents <{}>", "00".repeat(4_000))),
        "contents-a-number" => forged(signed, "/Contents 0"),
        "contents-a-reference" => forged(signed, "/Contents 15 0 R"),
        "contents-zeroed" => zeroed(signed),
        "contents-of-another-signature" => {
            let other = Shape::new().sign(stage);
            let from = contents(&other);
            let range = contents(signed);
            let mut file = signed.to_vec();
            let len = from.len().min(range.len()) - 2;
            file[range.start + 1..range.start + 1 + len]
                .copy_from_slice(&other[from.start + 1..from.start + 1 + len]);
            file
        }
        "padding-filled" => padded(signed),
        "signature-value-changed" => {
            let range = contents(signed);
            let mut file = signed.to_vec();
            // The message ends with the signature's value; behind it stand zeros.
            let zeros = file[range.start..range.end - 1].iter().rposition(|byte| *byte != b'0');
            let at = range.start + zeros.expect("a message") - 8;
            file[at] = if file[at] == b'1' { b'2' } else { b'1' };
            file
        }
        _ => return None,
    })
}

fn shape(name: &str) -> Option<Shape> {
    let new = Shape::new;
    Some(match name {
        "by-hand" => new(),
        "range-from-8" => new().covering(
            |l| {
                format!(
                    "[8 {} {} {}]",
                    l.contents.start - 8,
                    l.contents.end,
                    l.len - l.contents.end
                )
            },
            |l| vec![8..l.contents.start, l.contents.end..l.len],
        ),
        "range-negative" => new().covering(
            |l| format!("[0 {} {} -1]", l.contents.start, l.contents.end),
            |l| vec![0..l.contents.start],
        ),
        "range-negative-start" => new().covering(
            |l| format!("[-1 {} {} {}]", l.contents.start, l.contents.end, l.len - l.contents.end),
            honest_ranges,
        ),
        "range-overlapping" => new().covering(
            |l| format!("[0 {} 100 {}]", l.contents.start, l.len - 100),
            |l| vec![0..l.contents.start],
        ),
        "range-beyond-the-file" => new().covering(
            |l| format!("[0 {} {} 99999999]", l.contents.start, l.contents.end),
            honest_ranges,
        ),
        "range-overflows" => new().covering(
            |l| format!("[0 {} {} 18446744073709551615]", l.contents.start, l.contents.end),
            honest_ranges,
        ),
        "range-empty-second" => new().covering(
            |l| format!("[0 {} {} 0]", l.contents.start, l.contents.end),
            |l| vec![0..l.contents.start],
        ),
        "range-ends-early" => new().covering(
            |l| format!("[0 {} {} {}]", l.contents.start, l.contents.end, 2),
            |l| vec![0..l.contents.start, l.contents.end..l.contents.end + 2],
        ),
        "range-of-nothing" => new().covering(|_| "[0 0 0 0]".to_owned(), |_| Vec::new()),
        "range-of-all" => {
            new().covering(|l| format!("[0 {} {} 0]", l.len, l.len), |l| vec![0..l.len])
        }
        "range-leaves-more-out" => new().covering(
            |l| {
                let after = l.contents.end + 3;
                format!("[0 {} {after} {}]", l.contents.start, l.len - after)
            },
            |l| vec![0..l.contents.start, l.contents.end + 3..l.len],
        ),
        "range-leaves-more-out-before" => new().covering(
            |l| {
                let before = l.contents.start - 10;
                format!("[0 {before} {} {}]", l.contents.end, l.len - l.contents.end)
            },
            |l| vec![0..l.contents.start - 10, l.contents.end..l.len],
        ),
        "range-leaves-the-page-out" => new().covering(
            |l| format!("[0 100 {} {}]", l.contents.end, l.len - l.contents.end),
            |l| vec![0..100, l.contents.end..l.len],
        ),
        "range-without-delimiters" => new().covering(
            |l| {
                let (from, to) = (l.contents.start + 1, l.contents.end - 1);
                format!("[0 {from} {to} {}]", l.len - to)
            },
            |l| vec![0..l.contents.start + 1, l.contents.end - 1..l.len],
        ),
        "range-of-two-numbers" => {
            new().covering(|l| format!("[0 {}]", l.contents.start), |l| vec![0..l.contents.start])
        }
        "range-of-six-numbers" => new().covering(
            |l| {
                let Layout { contents, len } = l;
                format!(
                    "[0 {} {} 10 {} {}]",
                    contents.start,
                    contents.end,
                    contents.end + 10,
                    len - contents.end - 10
                )
            },
            honest_ranges,
        ),
        "range-of-reals" => new().covering(
            |l| {
                let Layout { contents, len } = l;
                format!("[0.0 {}.0 {}.0 {}.0]", contents.start, contents.end, len - contents.end)
            },
            honest_ranges,
        ),
        "range-missing" => new().dictionary("/Contents CONTENTS"),
        "range-null" => new().dictionary("/ByteRange null /Contents CONTENTS"),
        "range-a-string" => new().dictionary("/ByteRange (0) /Contents CONTENTS"),
        "range-indirect" => {
            let mut shape = new().dictionary("/ByteRange 52 0 R /Contents CONTENTS");
            shape.more = Revision::new().object(52, " ".repeat(NUMBERS));
            shape
        }
        "range-number-indirect" => {
            let mut shape = new().dictionary("/ByteRange [52 0 R 0 0 0] /Contents CONTENTS");
            shape.more = Revision::new().object(52, "0");
            shape
        }
        "range-twice" => {
            new().dictionary("/ByteRange [0 1 2 3] /ByteRange NUMBERS /Contents CONTENTS")
        }
        "range-twice-reversed" => {
            new().dictionary("/ByteRange NUMBERS /Contents CONTENTS /ByteRange [0 1 2 3]")
        }
        "range-twice-by-another-spelling" => {
            new().dictionary("/Byte#52ange [0 1 2 3] /ByteRange NUMBERS /Contents CONTENTS")
        }
        "contents-twice" => {
            new().dictionary("/Contents <00> /ByteRange NUMBERS /Contents CONTENTS")
        }
        "contents-twice-reversed" => {
            new().dictionary("/ByteRange NUMBERS /Contents CONTENTS /Contents <00>")
        }
        "contents-literal" => Shape { contents: Contents::Literal, ..new() },
        "contents-spaced" => Shape { contents: Contents::Spaced, ..new() },
        "contents-in-an-array" => new().dictionary("/ByteRange NUMBERS /Contents [CONTENTS]"),
        "contents-below" => new().dictionary("/ByteRange NUMBERS /Old << /Contents CONTENTS >>"),
        "contents-in-an-object-stream" => Shape { packed: true, ..new() },
        "sub-filter-missing" => {
            let mut shape = new();
            shape.dictionary = shape.dictionary.replace("/SubFilter /ETSI.CAdES.detached", "");
            shape
        }
        "sub-filter-unknown" => {
            let mut shape = new();
            shape.dictionary = shape.dictionary.replace("ETSI.CAdES.detached", "ETSI.Other");
            shape
        }
        _ => return None,
    })
}

/// Where `/Contents` of the last signature stands.
fn contents(file: &[u8]) -> Range<usize> {
    let at = find_last(file, b"/Contents <").expect("the key") + 10;
    at..at + find(&file[at..], b">").expect("an end") + 1
}

/// No message at all.
fn zeroed(file: &[u8]) -> Vec<u8> {
    let range = contents(file);
    let mut file = file.to_vec();
    file[range.start + 1..range.end - 1].fill(b'0');
    file
}

/// Other bytes than zeros behind the message.
fn padded(signed: &[u8]) -> Vec<u8> {
    let range = contents(signed);
    let mut file = signed.to_vec();
    for (at, digit) in (range.end - 41..range.end - 1).zip(b"deadbeef".iter().cycle()) {
        file[at] = *digit;
    }
    file
}

/// A later revision puts another dictionary in the signature's place.
fn forged(signed: &[u8], contents: &str) -> Vec<u8> {
    let number = holder(signed, "/SubFilter");
    let text = String::from_utf8_lossy(&newest(signed, number)).into_owned();
    let at = text.find("/Contents").expect("the key");
    let len = text[at..].find('>').expect("an end") + 1;
    let text = [&text[..at], contents, &text[at + len..]].concat();
    Revision::new().object(number, text).after(signed)
}

/// The signed bytes are all there, the second part behind other content, and the ranges name them.
fn wrapped(signed: &[u8]) -> Vec<u8> {
    let range = contents(signed);
    let (first, message) = (&signed[..range.start], &signed[range.clone()]);
    let second = &signed[range.end..];
    let lie = Revision::new().stream(4, "", OVERLAY);
    let number = holder(signed, "/SubFilter");
    // As long whatever the place of the copy turns out to be.
    let build = |at: usize| {
        let numbers = format!("[0 {:010} {at:010} {:010}]", first.len(), second.len());
        let text =
            [format!("<< {ENTRIES} /ByteRange {numbers} /Contents ").as_bytes(), message, b" >>"]
                .concat();
        lie.clone().object(number, text).stream(71, "", second).after(signed)
    };
    let draft = build(0);
    let at = find_last(&draft, second).expect("the copy");
    build(at)
}
