//! PDFs with signatures, evidence and time-stamps in revision upon revision, and a form to fill in.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Seek};

use anyhow::{Context as _, Result};
use kyso_pades::{
    Date, DocMdpPermission, Document, Limits, PreparedSignature, SecurityData, SigningField,
    SigningOptions, SubFilter, copy_and_hash,
};
use kyso_x509::DigestAlgorithm;

use crate::verification::samples::World;

/// Room for a message with a chain and a time-stamp.
const ROOM: usize = 8_192;

/// Minutes east of UTC, as in Vietnam.
const OFFSET: i16 = 7 * 60;

/// Kids of a node of the page tree.
const KIDS: usize = 50;

/// Fields of the form, one on a page.
const FIELDS: usize = 10;

/// Signs as one of the world's people, in a new field that shows nothing.
pub(super) fn signed(
    world: &World,
    signer: usize,
    pdf: &[u8],
    certify: Option<DocMdpPermission>,
) -> Result<Vec<u8>> {
    revised(world, pdf, SubFilter::EtsiCadesDetached, certify, |digest| {
        world.pdf_message(signer, digest)
    })
}

/// The same with a time-stamp over the signature.
pub(super) fn stamped(world: &World, signer: usize, pdf: &[u8]) -> Result<Vec<u8>> {
    revised(world, pdf, SubFilter::EtsiCadesDetached, None, |digest| {
        world.stamped(&world.pdf_message(signer, digest)?)
    })
}

/// A document time-stamp of so many seconds ago.
pub(super) fn archived(world: &World, pdf: &[u8], ago: i64) -> Result<Vec<u8>> {
    revised(world, pdf, SubFilter::EtsiRfc3161, None, |digest| Ok(world.time_stamp(&digest, ago)))
}

fn revised(
    world: &World,
    pdf: &[u8],
    sub_filter: SubFilter,
    certify: Option<DocMdpPermission>,
    message: impl FnOnce(kyso_x509::Digest) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let mut document = Document::open(Cursor::new(pdf), Limits::standard())?;
    let prepared = prepare(world, &mut document, sub_filter, certify)?;
    let len = prepared.original_len();
    let mut file = Vec::new();
    let algorithm = DigestAlgorithm::Sha256;
    let hasher = copy_and_hash(document.reader_mut(), len, &mut file, algorithm)?;
    let message = message(prepared.digest(hasher))?;
    file.extend(prepared.embed(&message)?);
    Ok(file)
}

/// The revision that takes the world's next signature.
pub(super) fn prepare<R: Read + Seek>(
    world: &World,
    document: &mut Document<R>,
    sub_filter: SubFilter,
    certify: Option<DocMdpPermission>,
) -> Result<PreparedSignature> {
    let of_document = sub_filter == SubFilter::EtsiRfc3161;
    let options = SigningOptions {
        field: SigningField::New { name: None, page: 0, rect: None },
        sub_filter,
        signing_time: Date::from_unix(world.signing_time(), OFFSET).filter(|_| !of_document),
        name: None,
        reason: None,
        location: None,
        contact_info: None,
        appearance: &[],
        certify,
        lock: None,
        seed_facts: None,
        contents_size: ROOM,
    };
    Ok(document.prepare_signature(&options)?)
}

/// The evidence on a signer, in the document's security store.
pub(super) fn with_evidence(
    world: &World,
    signer: usize,
    pdf: &[u8],
    nonce: u64,
) -> Result<Vec<u8>> {
    let mut document = Document::open(Cursor::new(pdf), Limits::standard())?;
    let revision = evidence(world, signer, &mut document, nonce)?;
    Ok([pdf, &revision].concat())
}

/// The revision that brings it.
pub(super) fn evidence<R: Read + Seek>(
    world: &World,
    signer: usize,
    document: &mut Document<R>,
    nonce: u64,
) -> Result<Vec<u8>> {
    let signatures = document.signatures()?;
    let data = SecurityData {
        certificates: world.authorities(),
        crls: world.known.lists.crls.iter().map(|list| list.as_der().to_vec()).collect(),
        ocsp: vec![world.status(signer, 200, nonce)?],
        signatures: signatures.into_iter().map(|one| one.contents).collect(),
    };
    document.add_security_data(&data)?.context("something new")
}

/// A document with a form on its first pages, of so many pages in a tree of two levels.
pub(super) fn pages(count: usize) -> Vec<u8> {
    let nodes = count.div_ceil(KIDS);
    let (first_node, first_page) = (4, 4 + nodes);
    let first_content = first_page + count;
    let first_field = field_number(count, 0);
    let list = |from: usize, count: usize| {
        (from..from + count).fold(String::new(), |mut list, number| {
            let _ = write!(list, "{number} 0 R ");
            list
        })
    };
    let mut objects = vec![
        format!(
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{}] /DA (/Helv 0 Tf 0 g) \
             /DR << /Font << /Helv 3 0 R >> >> >> >>",
            list(first_field, FIELDS)
        ),
        format!("<< /Type /Pages /Kids [{}] /Count {count} >>", list(first_node, nodes)),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for node in 0..nodes {
        let own = KIDS.min(count - node * KIDS);
        let kids = list(first_page + node * KIDS, own);
        objects.push(format!("<< /Type /Pages /Parent 2 0 R /Kids [{kids}] /Count {own} >>"));
    }
    for page in 0..count {
        let annotations = match page {
            0..FIELDS => format!(" /Annots [{} 0 R]", first_field + page),
            _ => String::new(),
        };
        objects.push(format!(
            "<< /Type /Page /Parent {} 0 R /MediaBox [0 0 595 842] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >>{annotations} >>",
            first_node + page / KIDS,
            first_content + page,
        ));
    }
    for page in 0..count {
        let content = format!("BT /F1 14 Tf 72 770 Td (Trang {page}) Tj ET");
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    objects.extend((0..FIELDS).map(|field| widget(first_page + field, field, "")));
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let numbered: Vec<_> = (1..).zip(objects).collect();
    let size = numbered.len() + 1;
    append(&mut file, &numbered, &format!("/Size {size} /Root 1 0 R"));
    file
}

/// A field of the form filled in, and what shows it.
pub(super) fn filled(pdf: &[u8], pages: usize, field: usize, value: usize) -> Result<Vec<u8>> {
    let field = field % FIELDS;
    let end = pdf.len() - pdf.len().min(2_000);
    let tail = String::from_utf8_lossy(pdf.get(end..).unwrap_or_default());
    let (_, tail) = tail.rsplit_once("trailer").context("a classic trailer")?;
    let number = |key: &str| -> Result<usize> {
        let (_, rest) = tail.split_once(key).context("an entry of the trailer")?;
        let rest = rest.trim_start();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Ok(rest.get(..digits).unwrap_or_default().parse()?)
    };
    let (size, previous) = (number("/Size")?, number("startxref")?);
    let content = format!("/Tx BMC q BT /Helv 10 Tf 0 g 2 6 Td ({value}) Tj ET Q EMC");
    let shown = format!(
        "<< /Type /XObject /Subtype /Form /BBox [0 0 100 20] \
         /Resources << /Font << /Helv 3 0 R >> >> /Length {} >>\nstream\n{content}\nendstream",
        content.len()
    );
    let page = 4 + pages.div_ceil(KIDS) + field;
    let entries = format!(" /V ({value}) /AP << /N {size} 0 R >>");
    let objects = [(field_number(pages, field), widget(page, field, &entries)), (size, shown)];
    let mut file = pdf.to_vec();
    let next = size + 1;
    let id = tail.find("/ID").and_then(|at| {
        let rest = tail.get(at..)?;
        rest.get(..=rest.find(']')?)
    });
    let id = id.unwrap_or_default();
    append(&mut file, &objects, &format!("/Size {next} /Root 1 0 R /Prev {previous} {id}"));
    Ok(file)
}

const fn field_number(pages: usize, field: usize) -> usize {
    4 + pages.div_ceil(KIDS) + 2 * pages + field
}

fn widget(page: usize, field: usize, more: &str) -> String {
    format!(
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (o {field}) /Rect [100 100 200 120] /F 4 \
         /P {page} 0 R /DA (/Helv 10 Tf 0 g){more} >>"
    )
}

/// A revision with a classic cross-reference table.
fn append(file: &mut Vec<u8>, objects: &[(usize, String)], trailer: &str) {
    let mut table = String::from("xref\n");
    if !trailer.contains("/Prev") {
        table.push_str("0 1\n0000000000 65535 f \n");
    }
    for (number, object) in objects {
        let _ = write!(table, "{number} 1\n{:010} 00000 n \n", file.len());
        file.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let start = file.len();
    let end = format!("{table}trailer\n<< {trailer} >>\nstartxref\n{start}\n%%EOF\n");
    file.extend_from_slice(end.as_bytes());
}
