//! Writing `QualifyingProperties` for a new signature (EN 319 132-1 §6.3: level B-B).

use super::{NAMESPACE, SIGNED_PROPERTIES_TYPE};
use crate::c14n::{C14n, Canonicalization};
use crate::dsig::write::Writer;
use crate::dsig::{
    ObjectContent, ObjectToSign, PrepareError, ReferenceToSign, SigningParameters, Transform,
};
use kyso_x509::asn1::{self, tag};
use kyso_x509::{DigestAlgorithm, Time};

/// What the signer says beside the data.
#[derive(Clone, Debug)]
pub struct PropertiesToSign {
    /// The time claimed.
    pub signing_time: Time,
    /// Digest of the certificate and of the properties.
    pub digest: DigestAlgorithm,
    /// `MimeType` of the data of each reference, by the reference's `Id`.
    pub mime_types: Vec<(String, String)>,
    /// Claimed roles.
    pub claimed_roles: Vec<String>,
    /// The city, the country: `SignatureProductionPlaceV2` where one is there.
    pub city: Option<String>,
    /// The country's name.
    pub country: Option<String>,
    /// `CommitmentTypeIndication` about all of the data: its URI.
    pub commitment: Option<String>,
}

/// Adds the signed properties and the reference to them to what is to be signed.
///
/// # Errors
/// [`PrepareError::IdentifierNeeded`] where the signature has no `Id`, which the properties name.
pub fn qualify(
    parameters: &mut SigningParameters,
    properties: &PropertiesToSign,
) -> Result<(), PrepareError> {
    let id = parameters.id.clone().ok_or(PrepareError::IdentifierNeeded)?;
    let signed_id = format!("{id}-signed-properties");
    let markup = write(parameters, properties, &id, &signed_id);
    parameters.objects.push(ObjectToSign {
        id: None,
        mime_type: None,
        content: ObjectContent::Markup(markup),
    });
    parameters.references.push(ReferenceToSign {
        id: None,
        uri: Some(format!("#{signed_id}")),
        reference_type: Some(SIGNED_PROPERTIES_TYPE.to_owned()),
        transforms: vec![Transform::Canonicalization(Canonicalization {
            method: C14n::Exclusive { prefixes: Vec::new() },
            comments: false,
        })],
        digest: properties.digest,
    });
    Ok(())
}

fn write(
    parameters: &SigningParameters,
    properties: &PropertiesToSign,
    id: &str,
    signed_id: &str,
) -> String {
    let mut writer = Writer::new(parameters.prefix);
    let target = format!("#{id}");
    writer.open_named(
        "xades:QualifyingProperties",
        &[("xmlns:xades", Some(NAMESPACE)), ("Target", Some(&target))],
    );
    writer.open_named("xades:SignedProperties", &[("Id", Some(signed_id))]);
    writer.open_named("xades:SignedSignatureProperties", &[]);
    named(&mut writer, "xades:SigningTime", &properties.signing_time.to_string());
    signing_certificate(&mut writer, parameters, properties.digest);
    if properties.city.is_some() || properties.country.is_some() {
        writer.open_named("xades:SignatureProductionPlaceV2", &[]);
        for (name, value) in
            [("xades:City", &properties.city), ("xades:CountryName", &properties.country)]
        {
            if let Some(value) = value {
                named(&mut writer, name, value);
            }
        }
        writer.close_named("xades:SignatureProductionPlaceV2");
    }
    if !properties.claimed_roles.is_empty() {
        writer.open_named("xades:SignerRoleV2", &[]);
        writer.open_named("xades:ClaimedRoles", &[]);
        for role in &properties.claimed_roles {
            named(&mut writer, "xades:ClaimedRole", role);
        }
        writer.close_named("xades:ClaimedRoles");
        writer.close_named("xades:SignerRoleV2");
    }
    writer.close_named("xades:SignedSignatureProperties");
    if !properties.mime_types.is_empty() || properties.commitment.is_some() {
        writer.open_named("xades:SignedDataObjectProperties", &[]);
        for (reference, mime_type) in &properties.mime_types {
            let reference = format!("#{reference}");
            let attributes = [("ObjectReference", Some(reference.as_str()))];
            writer.open_named("xades:DataObjectFormat", &attributes);
            named(&mut writer, "xades:MimeType", mime_type);
            writer.close_named("xades:DataObjectFormat");
        }
        if let Some(commitment) = &properties.commitment {
            writer.open_named("xades:CommitmentTypeIndication", &[]);
            writer.open_named("xades:CommitmentTypeId", &[]);
            named(&mut writer, "xades:Identifier", commitment);
            writer.close_named("xades:CommitmentTypeId");
            writer.open_named("xades:AllSignedDataObjects", &[]);
            writer.close_named("xades:AllSignedDataObjects");
            writer.close_named("xades:CommitmentTypeIndication");
        }
        writer.close_named("xades:SignedDataObjectProperties");
    }
    writer.close_named("xades:SignedProperties");
    writer.close_named("xades:QualifyingProperties");
    writer.into_text()
}

fn named(writer: &mut Writer, name: &str, text: &str) {
    writer.open_named(name, &[]);
    writer.text(text);
    writer.close_named(name);
}

/// §5.2.2: the digest of the certificate, and `IssuerSerial` of RFC 5035 in DER.
fn signing_certificate(
    writer: &mut Writer,
    parameters: &SigningParameters,
    digest: DigestAlgorithm,
) {
    let certificate = &parameters.certificate;
    writer.open_named("xades:SigningCertificateV2", &[]);
    writer.open_named("xades:Cert", &[]);
    writer.open_named("xades:CertDigest", &[]);
    writer.digest_method(digest);
    writer.base64_element("DigestValue", certificate.fingerprint(digest).as_bytes());
    writer.close_named("xades:CertDigest");
    let directory_name = asn1::tlv(tag::context(4), certificate.issuer().as_der());
    let issuer_serial = asn1::sequence(&[
        asn1::sequence(&[directory_name]),
        asn1::tlv(tag::INTEGER, certificate.serial()),
    ]);
    writer.open_named("xades:IssuerSerialV2", &[]);
    writer.base64(&issuer_serial);
    writer.close_named("xades:IssuerSerialV2");
    writer.close_named("xades:Cert");
    writer.close_named("xades:SigningCertificateV2");
}
