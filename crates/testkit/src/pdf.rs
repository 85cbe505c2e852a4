//! The smallest PDF worth signing.

/// A PDF 1.7 of one A4 page showing `text` (WinAnsi where it can be; other characters become `?` on the page) and
/// carrying `text` whole as its title (ISO 32000-1 §7.9.2.2, UTF-16BE). A classic cross-reference table, about 1 kB.
pub fn one_page(text: &str) -> Vec<u8> {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '(' | ')' | '\\' => shown.extend(['\\', c]),
            ' '..='~' => shown.push(c),
            _ => shown.push('?'),
        }
    }
    let content = format!("BT /F1 14 Tf 72 770 Td ({shown}) Tj ET");
    let title: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    write_file(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        format!("<< /Title <FEFF{title}> /Producer (kyso test) >>"),
    ])
}

/// Objects 1, 2, … in order; the first is the catalog, the last the information dictionary.
fn write_file(objects: &[String]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut offsets = Vec::with_capacity(objects.len());
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.extend_from_slice(format!("xref\n0 {size}\n0000000000 65535 f \n").as_bytes());
    for offset in offsets {
        file.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let info = objects.len();
    file.extend_from_slice(
        format!(
            "trailer\n<< /Size {size} /Root 1 0 R /Info {info} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        )
        .as_bytes(),
    );
    file
}
