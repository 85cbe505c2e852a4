//! Whole files of new objects: reports, and pages to look at.

use kyso_pades::{NewObject, Piece};

use crate::appearance::Appearance;
use crate::number::number;
use crate::object::{raw, value};

/// A PDF of one page, just as large as an appearance, that shows nothing else.
#[must_use]
pub fn page_of(appearance: &Appearance) -> Vec<u8> {
    let (width, height) = appearance.size;
    let [width, height] = [width, height].map(number);
    // The form is the first object and what it refers to follows, so its references hold as they are.
    let mut objects = appearance.objects.clone();
    let first = objects.len();
    objects.extend([
        value([raw("<< /Type /Catalog /Pages "), Piece::Reference(first + 1), raw(" >>")]),
        value([raw("<< /Type /Pages /Count 1 /Kids ["), Piece::Reference(first + 2), raw("] >>")]),
        value([
            raw("<< /Type /Page /Parent "),
            Piece::Reference(first + 1),
            raw(format!(" /MediaBox [0 0 {width} {height}] /Contents ")),
            Piece::Reference(first + 3),
            raw(" /Resources << /XObject << /Shown "),
            Piece::Reference(0),
            raw(" >> >> >>"),
        ]),
        NewObject { pieces: vec![raw("<< >>")], stream: Some(b"/Shown Do".to_vec()) },
    ]);
    write_file(&objects, first, None)
}

/// A PDF 1.7 of these objects, numbered from 1 in their order, with a classic cross-reference table
/// (ISO 32000-2 §7.5). Strings are written in hexadecimal. `catalog` and `info` are positions in the list.
///
/// A reference beyond the list is written as `null`.
#[must_use]
pub fn write_file(objects: &[NewObject], catalog: usize, info: Option<usize>) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::with_capacity(objects.len());
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n", index + 1).bytes());
        let mut text = Vec::new();
        for piece in &object.pieces {
            match piece {
                Piece::Raw(raw) => text.extend_from_slice(raw),
                Piece::String(string) => {
                    text.extend(crate::number::hexadecimal(string).bytes());
                }
                Piece::Reference(at) if *at < objects.len() => {
                    text.extend(format!("{} 0 R", at + 1).bytes());
                }
                Piece::Reference(_) => text.extend(b"null"),
            }
        }
        match &object.stream {
            None => file.extend(text),
            Some(data) => {
                let end = text.iter().rposition(|byte| !byte.is_ascii_whitespace());
                let body = text.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
                file.extend_from_slice(body.strip_suffix(b">>").unwrap_or(body));
                file.extend(format!(" /Length {} >>\nstream\n", data.len()).bytes());
                file.extend_from_slice(data);
                file.extend(b"\nendstream");
            }
        }
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").bytes());
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    file.extend(format!("trailer\n<< /Size {size} /Root {} 0 R", catalog + 1).bytes());
    if let Some(info) = info {
        file.extend(format!(" /Info {} 0 R", info + 1).bytes());
    }
    file.extend(format!(" >>\nstartxref\n{start}\n%%EOF\n").bytes());
    file
}
