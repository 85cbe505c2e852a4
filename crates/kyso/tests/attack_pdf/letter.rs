//! The document that is signed and attacked: two pages, a form, and what a shadow attack prepares.

use crate::file::{Form, Revision, end, stream, write_object};

pub(crate) const CATALOG: &str = "/Type /Catalog /Pages 2 0 R /AcroForm 7 0 R /Metadata 12 0 R \
    /OCProperties << /OCGs [13 0 R] /D << /OFF [13 0 R] /Order [13 0 R] >> >>";
pub(crate) const PAGE: &str = "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
    /Resources 19 0 R /Annots [8 0 R 10 0 R 11 0 R 17 0 R]";
pub(crate) const PAGE_2: &str = "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] \
    /Contents 18 0 R /Resources 19 0 R";
pub(crate) const RESOURCES: &str = "/Font << /F1 5 0 R >> /Properties << /MC0 13 0 R >> \
    /XObject << /Cover 14 0 R /Gone 90 0 R >>";
pub(crate) const CONTENT: &str = "BT /F1 14 Tf 72 770 Td (Pay 1,000,000 dong) Tj ET\n\
    /OC /MC0 BDC BT /F1 14 Tf 72 740 Td (Pay 9,000,000 dong) Tj ET EMC\n/Cover Do /Gone Do";
pub(crate) const FORM: &str =
    "/Fields [8 0 R 10 0 R 11 0 R] /DA (/F1 12 Tf 0 g) /DR << /Font << /F1 5 0 R >> >>";
pub(crate) const AMOUNT: &str = "/Type /Annot /Subtype /Widget /FT /Tx /T (amount) /P 3 0 R \
    /Rect [72 600 272 620] /F 4 /DA (/F1 12 Tf 0 g)";
pub(crate) const AMOUNT_SHOWN: &str = "/V (1,000) /AP << /N 9 0 R >>";
pub(crate) const APPROVAL: &str = "/Type /Annot /Subtype /Widget /FT /Sig /T (approval) /P 3 0 R \
    /Rect [300 100 500 160] /F 132";
pub(crate) const PAYEE: &str = "/Type /Annot /Subtype /Widget /FT /Tx /T (payee) /P 3 0 R \
    /Rect [72 560 272 580] /F 4 /DA (/F1 12 Tf 0 g)";
pub(crate) const NOTE: &str = "/Type /Annot /Subtype /FreeText /P 3 0 R /Rect [72 500 172 520] \
    /F 4 /DA (/F1 10 Tf 0 g) /Contents (draft) /AP << /N 21 0 R >>";
pub(crate) const FONT: &str =
    "/Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding";

pub(crate) const OVERLAY: &str =
    "1 1 1 rg 60 730 300 60 re f 0 g BT /F1 14 Tf 72 770 Td (Pay 9,000,000 dong) Tj ET";

pub(crate) fn dictionary(entries: &[&str]) -> String {
    format!("<< {} >>", entries.join(" "))
}

/// A form XObject's entries.
pub(crate) fn form(width: u32, height: u32) -> String {
    format!(
        "/Type /XObject /Subtype /Form /BBox [0 0 {width} {height}] \
         /Resources << /Font << /F1 5 0 R >> >>"
    )
}

/// What a text field of 200 points shows.
pub(crate) fn shown(text: &str) -> String {
    format!("/Tx BMC q BT /F1 12 Tf 0 g 2 5 Td ({text}) Tj ET Q EMC")
}

/// A section that a trailer may name later; its `/Prev` takes ten digits.
pub(crate) const HIDDEN: &str = "xref\n0 1\n0000000000 65535 f \ntrailer\n\
    << /Size 80 /Root 20 0 R /Info 6 0 R /Prev 0000000000 >>\n";

pub(crate) fn letter() -> Vec<u8> {
    in_form(Form::Table)
}

pub(crate) fn in_form(form: Form) -> Vec<u8> {
    objects().form(form).after(&head())
}

/// What precedes the objects: the header, and objects to which the cross-reference does not lead.
pub(crate) fn head() -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let other = b"BT /F1 14 Tf 72 770 Td (Pay 7,000,000 dong) Tj ET";
    write_object(&mut file, 4, 0, &stream("", other));
    file
}

/// Where the other object 4 stands.
pub(crate) const OTHER: usize = 15;

pub(crate) fn objects() -> Revision {
    Revision::new()
        .object(1, dictionary(&[CATALOG]))
        .object(2, "<< /Type /Pages /Kids [3 0 R 16 0 R] /Count 2 >>")
        .object(3, dictionary(&[PAGE]))
        .stream(4, "", CONTENT)
        .object(5, dictionary(&[FONT]))
        .object(6, "<< /Title (Payment order) /Producer (kyso test) >>")
        .object(7, dictionary(&[FORM]))
        .object(8, dictionary(&[AMOUNT, AMOUNT_SHOWN]))
        .stream(9, &self::form(200, 20), shown("1,000"))
        .object(10, dictionary(&[APPROVAL]))
        .object(11, dictionary(&[PAYEE]))
        .stream(12, "/Type /Metadata /Subtype /XML", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
        .object(13, "<< /Type /OCG /Name (draft) >>")
        .stream(14, &self::form(595, 842), "1 1 1 rg 60 640 300 30 re f")
        .stream(15, "", "BT /F1 14 Tf 72 770 Td (Pay 8,000,000 dong) Tj ET")
        .object(16, dictionary(&[PAGE_2]))
        .object(17, dictionary(&[NOTE]))
        .stream(18, "", "BT /F1 14 Tf 72 770 Td (Page 2) Tj ET")
        .object(19, dictionary(&[RESOURCES]))
        .stream(21, &self::form(100, 20), "BT /F1 10 Tf 2 5 Td (draft) Tj ET")
        // To these nothing leads: other pages, and a cross-reference section in a stream.
        .object(22, "<< /Type /Pages /Kids [23 0 R] /Count 1 >>")
        .object(
            23,
            "<< /Type /Page /Parent 22 0 R /MediaBox [0 0 595 842] /Contents 15 0 R \
             /Resources 19 0 R >>",
        )
        .stream(24, "", HIDDEN)
}

/// The letter with a second catalog, to which nothing leads.
pub(crate) fn with_second_catalog() -> Revision {
    objects().object(20, "<< /Type /Catalog /Pages 22 0 R /AcroForm 7 0 R >>")
}

/// Ends a file by another section that is there already.
pub(crate) fn pointer(at: usize) -> Vec<u8> {
    end("", at)
}
