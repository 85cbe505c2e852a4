//! The signatures of a document (ISO 32000-2 §12.8).

use std::borrow::Cow;
use std::io::{Read, Seek};

use crate::ber::message_len;
use crate::byte_range::{Coverage, CoverageFailure, check};
use crate::document::Document;
use crate::error::Error;
use crate::limits::Limit;
use crate::object::{Dictionary, IndirectObject, Name, Object, Origin, Reference};
use crate::permissions::DocMdpPermission;
use crate::source::find_last_in;
use crate::text::decode_text;
use crate::xref::SectionForm;

/// Whether a signature dictionary is a person's signature or a time-stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureKind {
    /// `/Type /Sig`, or no type.
    Signature,
    /// `/Type /DocTimeStamp`.
    DocumentTimeStamp,
}

/// The encoding of `/Contents` (ISO 32000-2 table 255, EN 319 142-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubFilter {
    /// `ETSI.CAdES.detached`: PAdES.
    EtsiCadesDetached,
    /// `ETSI.RFC3161`: a document time-stamp.
    EtsiRfc3161,
    /// `adbe.pkcs7.detached`.
    AdbePkcs7Detached,
    /// `adbe.pkcs7.sha1`.
    AdbePkcs7Sha1,
    /// `adbe.x509.rsa_sha1`.
    AdbeX509RsaSha1,
    /// Any other name.
    Unknown(Name),
}

impl SubFilter {
    pub(crate) fn from_name(name: &Name) -> Self {
        [
            Self::EtsiCadesDetached,
            Self::EtsiRfc3161,
            Self::AdbePkcs7Detached,
            Self::AdbePkcs7Sha1,
            Self::AdbeX509RsaSha1,
        ]
        .into_iter()
        .find(|known| name.is(&known.as_name()))
        .unwrap_or_else(|| Self::Unknown(name.clone()))
    }

    /// The name as it stands in the file; bytes of an unknown name that are no UTF-8 are replaced.
    #[must_use]
    pub fn as_name(&self) -> Cow<'_, str> {
        match self {
            Self::EtsiCadesDetached => Cow::Borrowed("ETSI.CAdES.detached"),
            Self::EtsiRfc3161 => Cow::Borrowed("ETSI.RFC3161"),
            Self::AdbePkcs7Detached => Cow::Borrowed("adbe.pkcs7.detached"),
            Self::AdbePkcs7Sha1 => Cow::Borrowed("adbe.pkcs7.sha1"),
            Self::AdbeX509RsaSha1 => Cow::Borrowed("adbe.x509.rsa_sha1"),
            Self::Unknown(name) => String::from_utf8_lossy(&name.0),
        }
    }
}

/// One signature as the file presents it; nothing in it is verified but `coverage`.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// The signature field.
    pub field: Reference,
    /// Its fully qualified name.
    pub field_name: String,
    /// The signature dictionary, where it is an indirect object.
    pub dictionary: Option<Reference>,
    /// Signature or time-stamp.
    pub kind: SignatureKind,
    /// `/Filter`.
    pub filter: Option<Name>,
    /// `/SubFilter`.
    pub sub_filter: Option<SubFilter>,
    /// `/M`, the claimed time, as it stands; [`Date::parse`](crate::Date::parse) reads it.
    pub modified: Option<Vec<u8>>,
    /// `/Name`.
    pub name: Option<String>,
    /// `/Reason`.
    pub reason: Option<String>,
    /// `/Location`.
    pub location: Option<String>,
    /// `/ContactInfo`.
    pub contact_info: Option<String>,
    /// Permission of a DocMDP transform in `/Reference`, which makes this a certification.
    pub doc_mdp: Option<DocMdpPermission>,
    /// What the signature covers, or why it covers nothing that counts.
    pub coverage: Result<Coverage, CoverageFailure>,
    /// `/Contents` decoded, with the padding behind the message.
    pub contents: Vec<u8>,
}

impl Signature {
    /// The CMS message or time-stamp token without the padding; `None` where `/Contents` holds none.
    #[must_use]
    pub fn message(&self) -> Option<&[u8]> {
        self.contents.get(..message_len(&self.contents)?)
    }
}

impl<R: Read + Seek> Document<R> {
    /// Every signature field's value, in the order of the field tree.
    ///
    /// A malformed signature is listed with its [`CoverageFailure`].
    ///
    /// # Errors
    /// An exceeded limit, or as [`object`](Self::object).
    pub fn signatures(&mut self) -> Result<Vec<Signature>, Error> {
        let maximum = self.limits.signatures;
        let mut fields = Vec::new();
        self.walk_fields(|field| {
            if field.is_signature() && field.value.is_some() && fields.len() <= maximum {
                fields.push(field);
            }
        })?;
        if fields.len() > maximum {
            let maximum = maximum as u64;
            return Err(Error::LimitExceeded { limit: Limit::Signatures, maximum });
        }
        let mut signatures = Vec::with_capacity(fields.len());
        for field in fields {
            let (dictionary, holder, value) = match field.value {
                Some(Object::Reference(id)) => match self.resolve_object(id)? {
                    Some(object) => (Some(object.id), object.clone(), object.value),
                    None => continue,
                },
                Some(direct) => (None, field.object.clone(), direct),
                None => continue,
            };
            let mut signature =
                self.signature(field.object.id, field.name.to_string(), &holder, &value)?;
            signature.dictionary = dictionary;
            signatures.push(signature);
        }
        Ok(signatures)
    }

    fn signature(
        &mut self,
        field: Reference,
        field_name: String,
        holder: &IndirectObject,
        value: &Object,
    ) -> Result<Signature, Error> {
        let empty = Dictionary { entries: Vec::new(), span: 0..0 };
        let dictionary = value.as_dictionary().unwrap_or(&empty);
        let coverage = match value {
            Object::Dictionary(dictionary) => self.coverage(dictionary, holder)?,
            _ => Err(CoverageFailure::NotDictionary),
        };
        let kind = match self.value(dictionary, "Type")? {
            Object::Name(name) if name.is("DocTimeStamp") => SignatureKind::DocumentTimeStamp,
            _ => SignatureKind::Signature,
        };
        let sub_filter = self.value(dictionary, "SubFilter")?;
        Ok(Signature {
            field,
            field_name,
            dictionary: None,
            kind,
            filter: self.value(dictionary, "Filter")?.as_name().cloned(),
            sub_filter: sub_filter.as_name().map(SubFilter::from_name),
            modified: self.value(dictionary, "M")?.as_string().map(<[u8]>::to_vec),
            name: self.text(dictionary, "Name")?,
            reason: self.text(dictionary, "Reason")?,
            location: self.text(dictionary, "Location")?,
            contact_info: self.text(dictionary, "ContactInfo")?,
            doc_mdp: self.doc_mdp(dictionary)?,
            coverage,
            contents: dictionary
                .value("Contents")
                .and_then(Object::as_string)
                .map(<[u8]>::to_vec)
                .unwrap_or_default(),
        })
    }

    fn text(&mut self, dictionary: &Dictionary, key: &str) -> Result<Option<String>, Error> {
        Ok(self.value(dictionary, key)?.as_string().map(decode_text))
    }

    fn coverage(
        &mut self,
        dictionary: &Dictionary,
        holder: &IndirectObject,
    ) -> Result<Result<Coverage, CoverageFailure>, Error> {
        let offset = match holder.origin {
            Origin::File(offset) => offset,
            Origin::ObjectStream(stream) => {
                return Ok(Err(CoverageFailure::InObjectStream { stream }));
            }
        };
        let file_len = self.file_len();
        let byte_range = match check(dictionary, &holder.text, offset, file_len) {
            Ok(byte_range) => byte_range,
            Err(failure) => return Ok(Err(failure)),
        };
        let end = byte_range.end();
        if end < file_len && !self.ends_revision(end)? {
            return Ok(Err(CoverageFailure::NotAtRevisionEnd { end }));
        }
        let later = self.sections().filter(|&(form, offset)| {
            form != SectionForm::HybridStream && form != SectionForm::Rebuilt && offset >= end
        });
        let later_sections = later.count();
        Ok(Ok(Coverage { byte_range, covers_whole_document: end == file_len, later_sections }))
    }

    /// Whether `%%EOF` and at most one end of line stand before an offset.
    fn ends_revision(&mut self, end: u64) -> Result<bool, Error> {
        let mut tail = Vec::new();
        let from = end.saturating_sub(7);
        self.source.read(from, (end - from) as usize, &mut tail)?;
        Ok(find_last_in(&tail, b"%%EOF")
            .is_some_and(|at| matches!(&tail[at + 5..], b"" | b"\n" | b"\r" | b"\r\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_filter_is_called_as_it_stands_in_the_file() {
        for known in [
            "ETSI.CAdES.detached",
            "ETSI.RFC3161",
            "adbe.pkcs7.detached",
            "adbe.pkcs7.sha1",
            "adbe.x509.rsa_sha1",
        ] {
            let sub_filter = SubFilter::from_name(&Name(known.into()));
            assert!(!matches!(sub_filter, SubFilter::Unknown(_)), "{known}");
            assert_eq!(sub_filter.as_name(), known);
        }
        let other = SubFilter::from_name(&Name(b"adbe.pkcs7.\xff".to_vec()));
        assert_eq!(other.as_name(), "adbe.pkcs7.\u{fffd}");
    }
}
