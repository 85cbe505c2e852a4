//! The signature-policy-identifier attribute (EN 319 122-1 §5.2.9.1): under which rules a signature was made.

use crate::oid;
use crate::signer_info::SignerInfo;
use kyso_x509::asn1::{Asn1Error, Reader, Rules, tag};
use kyso_x509::{AlgorithmError, AlgorithmIdentifier, Digest, ObjectIdentifier};

/// `SignaturePolicy ::= CHOICE { signaturePolicyId SignaturePolicyId, signaturePolicyImplied NULL }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignaturePolicyIdentifier {
    /// Implied by the context; EN 319 122-1 does not let it be written any more.
    Implied,
    /// Named.
    Named {
        /// sigPolicyId.
        oid: ObjectIdentifier,
        /// sigPolicyHash: digest of the policy's document, or why it is none that can be computed; `None` where it is
        /// absent, empty or all zeros (zero-sigPolicyHash): the document is then not bound.
        digest: Option<Result<Digest, AlgorithmError>>,
        /// The first spuri qualifier: where the document is.
        uri: Option<String>,
    },
}

/// Why a signature-policy-identifier cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignaturePolicyError {
    /// It occurs more than once, or has no or several values.
    NotSingleValued,
    /// It is malformed.
    Asn1(Asn1Error),
    /// The digest is not as long as its algorithm makes it.
    DigestLength {
        /// Bytes found.
        len: usize,
    },
}

impl core::fmt::Display for SignaturePolicyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotSingleValued => {
                f.write_str("signature-policy-identifier must occur once, with one value")
            }
            Self::Asn1(error) => write!(f, "malformed signature-policy-identifier: {error}"),
            Self::DigestLength { len } => {
                write!(f, "the signature policy's digest has {len} bytes")
            }
        }
    }
}

impl core::error::Error for SignaturePolicyError {}

impl From<Asn1Error> for SignaturePolicyError {
    fn from(error: Asn1Error) -> Self {
        Self::Asn1(error)
    }
}

impl SignerInfo {
    /// signature-policy-identifier, where the signer stated one.
    ///
    /// # Errors
    /// When it is stated more than once, or malformed.
    pub fn signature_policy(
        &self,
    ) -> Result<Option<SignaturePolicyIdentifier>, SignaturePolicyError> {
        let Some(attributes) = self.signed_attributes() else {
            return Ok(None);
        };
        let mut found = attributes.of_type(oid::SIGNATURE_POLICY_IDENTIFIER);
        let Some(attribute) = found.next() else {
            return Ok(None);
        };
        match (attribute.values.as_slice(), found.next()) {
            ([value], None) => SignaturePolicyIdentifier::from_der(value).map(Some),
            _ => Err(SignaturePolicyError::NotSingleValued),
        }
    }

    /// The identifiers of commitment-type-indication (§5.2.3): what the signer says the signature means.
    #[must_use]
    pub fn commitment_types(&self) -> Vec<ObjectIdentifier> {
        let commitment = |value: &Vec<u8>| -> Result<ObjectIdentifier, Asn1Error> {
            let mut fields = Reader::new(value, Rules::Der).expect(tag::SEQUENCE)?.children()?;
            fields.expect(tag::OBJECT_IDENTIFIER)?.oid()
        };
        let attributes = self.signed_attributes().map(|signed| signed.list()).unwrap_or_default();
        attributes
            .iter()
            .filter(|attribute| attribute.oid == oid::COMMITMENT_TYPE)
            .flat_map(|attribute| &attribute.values)
            .filter_map(|value| commitment(value).ok())
            .collect()
    }
}

impl SignaturePolicyIdentifier {
    fn from_der(der: &[u8]) -> Result<Self, SignaturePolicyError> {
        let mut outer = Reader::new(der, Rules::Der);
        if outer.optional(tag::NULL)?.is_some() {
            outer.finish()?;
            return Ok(Self::Implied);
        }
        let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
        outer.finish()?;
        let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
        // sigPolicyHash is mandatory, but RFC 5126 lets it be left out.
        let mut digest = None;
        let mut qualifiers = None;
        if let Some(first) = fields.optional(tag::SEQUENCE)? {
            let mut hash = first.children()?;
            let algorithm = AlgorithmIdentifier::from_element(&hash.expect(tag::SEQUENCE)?)?;
            let value = hash.expect(tag::OCTET_STRING)?.octets()?.into_owned();
            hash.finish()?;
            if value.iter().any(|byte| *byte != 0) {
                digest = Some(policy_digest(&algorithm, &value)?);
            }
            qualifiers = fields.optional(tag::SEQUENCE)?;
        }
        fields.finish()?;
        let mut uri = None;
        if let Some(qualifiers) = qualifiers {
            for qualifier in qualifiers.children()?.rest()? {
                let mut fields = qualifier.children()?;
                let id = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
                if id == oid::SIGNATURE_POLICY_URI && uri.is_none() {
                    let text = fields.expect(tag::IA5_STRING)?;
                    uri = Some(String::from_utf8_lossy(text.value()).into_owned());
                }
            }
        }
        Ok(Self::Named { oid, digest, uri })
    }
}

fn policy_digest(
    algorithm: &AlgorithmIdentifier,
    value: &[u8],
) -> Result<Result<Digest, AlgorithmError>, SignaturePolicyError> {
    let algorithm = match algorithm.to_digest_algorithm() {
        Ok(algorithm) => algorithm,
        Err(error) => return Ok(Err(error)),
    };
    Digest::from_bytes(algorithm, value)
        .map(Ok)
        .ok_or(SignaturePolicyError::DigestLength { len: value.len() })
}
