//! `RSASSA-PSS-params` (RFC 4055 §3.1).

use super::{AlgorithmError, AlgorithmIdentifier, MGF1, SignatureAlgorithm};
use crate::asn1::{self, Asn1Error, NULL, Reader, Rules, tag};
use crate::digest::DigestAlgorithm;

/// RFC 4055 §3.1: the defaults, which DER leaves out.
const PSS_DEFAULT_DIGEST: DigestAlgorithm = DigestAlgorithm::Sha1ForLegacyUseOnly;
const PSS_DEFAULT_SALT_LEN: u32 = 20;
const PSS_TRAILER: u32 = 1;

pub(super) fn pss_parameters(
    digest: DigestAlgorithm,
    mgf1_digest: DigestAlgorithm,
    salt_len: u32,
) -> Vec<u8> {
    let digest_identifier =
        |algorithm: DigestAlgorithm| asn1::sequence(&[asn1::oid(algorithm.oid()), NULL.to_vec()]);
    let mut fields = Vec::new();
    if digest != PSS_DEFAULT_DIGEST {
        fields.push(asn1::tlv(tag::context(0), &digest_identifier(digest)));
    }
    if mgf1_digest != PSS_DEFAULT_DIGEST {
        let mgf = asn1::sequence(&[asn1::oid(MGF1), digest_identifier(mgf1_digest)]);
        fields.push(asn1::tlv(tag::context(1), &mgf));
    }
    if salt_len != PSS_DEFAULT_SALT_LEN {
        fields.push(asn1::tlv(tag::context(2), &asn1::small_integer(salt_len)));
    }
    asn1::sequence(&fields)
}

pub(super) fn pss_from_parameters(
    identifier: &AlgorithmIdentifier,
) -> Result<SignatureAlgorithm, AlgorithmError> {
    let invalid = AlgorithmError::InvalidParameters { oid: identifier.oid };
    // RFC 4055 §3.1: present in every signature's identifier.
    let parameters = identifier.parameters.as_deref().ok_or(invalid)?;
    let fields = pss_fields(parameters).map_err(|_| invalid)?;
    let digest = match &fields.digest {
        None => PSS_DEFAULT_DIGEST,
        Some(digest) => digest.to_digest_algorithm()?,
    };
    let mgf1_digest = match &fields.mask_generation {
        None => PSS_DEFAULT_DIGEST,
        Some(mask) if mask.oid == MGF1 => {
            let inner = mask.parameters.as_deref().ok_or(invalid)?;
            AlgorithmIdentifier::from_der(inner).map_err(|_| invalid)?.to_digest_algorithm()?
        }
        Some(mask) => {
            return Err(AlgorithmError::UnknownMaskGenerationFunction { oid: mask.oid });
        }
    };
    if fields.trailer != PSS_TRAILER {
        return Err(invalid);
    }
    Ok(SignatureAlgorithm::RsaPss { digest, mgf1_digest, salt_len: fields.salt_len })
}

struct PssFields {
    digest: Option<AlgorithmIdentifier>,
    mask_generation: Option<AlgorithmIdentifier>,
    salt_len: u32,
    trailer: u32,
}

fn pss_fields(parameters: &[u8]) -> Result<PssFields, Asn1Error> {
    let mut outer = Reader::new(parameters, Rules::Der);
    let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
    outer.finish()?;
    let mut identifier = |number| {
        fields
            .optional(tag::context(number))?
            .map(|field| AlgorithmIdentifier::from_element(&field.only_child()?))
            .transpose()
    };
    let digest = identifier(0)?;
    let mask_generation = identifier(1)?;
    let mut integer = |number, default| {
        fields
            .optional(tag::context(number))?
            .map_or(Ok(default), |field| field.only_child()?.small_integer())
    };
    let salt_len = integer(2, PSS_DEFAULT_SALT_LEN)?;
    let trailer = integer(3, PSS_TRAILER)?;
    fields.finish()?;
    Ok(PssFields { digest, mask_generation, salt_len, trailer })
}
