//! Signed XML documents: read once, judged from their text.

use std::io::{Read, Seek};
use std::path::Path;

use kyso_validation::report::SignatureReport;
use kyso_validation::{Context, validate_xml_signature, xml_signatures};
use kyso_xades::dsig::External;
use kyso_xades::{Limits, XmlDocument, decode};

use super::{Content, VerifyFileError};
use crate::input::open_regular;

/// A document with signatures in it.
#[derive(Clone, Debug)]
pub(super) struct XmlFile {
    text: String,
    /// The data that its references call external, where it was given.
    content: Option<Vec<u8>>,
    pub(super) signatures: usize,
}

/// Whether a file begins as XML does: a tag, behind a byte order mark and white space at most, in any encoding of Unicode
/// (what is not UTF-8 is then refused by its name).
pub(super) fn begins_as_xml(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if head.starts_with(b"\xfe\xff") || head.starts_with(b"\xff\xfe") {
        return true;
    }
    let mut bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != 0);
    bytes.next() == Some(&b'<')
}

impl XmlFile {
    pub(super) fn read<R: Read + Seek>(
        path: &Path,
        file: R,
        content: Option<Content<'_>>,
    ) -> Result<Self, VerifyFileError> {
        let limits = Limits::documents();
        let bytes = up_to(path, file, &limits)?;
        let refused = |error| VerifyFileError::Xml { path: path.to_path_buf(), error };
        let text = decode(&bytes, &limits).map_err(refused)?.to_owned();
        drop(bytes);
        let signatures = xml_signatures(&XmlDocument::parse(&text, &limits).map_err(refused)?);
        let content = match content {
            Some(Content::Bytes(bytes)) => Some(bytes.to_vec()),
            Some(Content::File(path)) => {
                let file = open_regular(path).map_err(|error| VerifyFileError::Unreadable {
                    path: path.to_path_buf(),
                    error: error.into(),
                })?;
                Some(up_to(path, file, &limits)?)
            }
            None => None,
        };
        Ok(Self { text, content, signatures })
    }

    /// The verdict on each signature, in the order of the document.
    pub(super) fn judge(&self, context: &Context<'_>) -> Vec<SignatureReport> {
        let limits = Limits::documents();
        // It was read before, within the same limits.
        let Ok(document) = XmlDocument::parse(&self.text, &limits) else { return Vec::new() };
        let external = |_: Option<&str>| self.content.as_deref().map(External::Octets);
        let judge = |index| validate_xml_signature(&document, index, &limits, &external, context);
        (0..self.signatures).map(judge).collect()
    }
}

/// The file's bytes, one more than the limit at most, so that the limit is seen to be exceeded.
fn up_to(path: &Path, file: impl Read, limits: &Limits) -> Result<Vec<u8>, VerifyFileError> {
    let mut bytes = Vec::new();
    let most = (limits.bytes as u64).saturating_add(1);
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| VerifyFileError::Unreadable { path: path.to_path_buf(), error })?;
    Ok(bytes)
}
