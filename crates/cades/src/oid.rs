//! Object identifiers of CMS and CAdES.

use kyso_x509::ObjectIdentifier;

/// id-data (RFC 5652 §4).
pub const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// id-signedData (RFC 5652 §5.1).
pub const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// id-contentType (RFC 5652 §11.1).
pub const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// id-messageDigest (RFC 5652 §11.2).
pub const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// id-signingTime (RFC 5652 §11.3).
pub const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
/// id-countersignature (RFC 5652 §11.4).
pub const COUNTER_SIGNATURE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.6");
/// id-aa-signingCertificate (RFC 2634 §5.4).
pub const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
/// id-aa-signingCertificateV2 (RFC 5035 §3).
pub const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// id-aa-cmsAlgorithmProtect (RFC 6211 §2).
pub const CMS_ALGORITHM_PROTECTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");

/// id-ct-TSTInfo (RFC 3161 §2.4.2).
pub const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// id-kp-timeStamping (RFC 3161 §2.3).
pub const KEY_PURPOSE_TIME_STAMPING: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// id-aa-ets-sigPolicyId (EN 319 122-1 §5.2.9.1).
pub const SIGNATURE_POLICY_IDENTIFIER: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.15");
/// id-spq-ets-uri (EN 319 122-1 §5.2.9.2).
pub const SIGNATURE_POLICY_URI: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.5.1");
/// id-aa-ets-commitmentType (EN 319 122-1 §5.2.3).
pub const COMMITMENT_TYPE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.16");
/// id-aa-ets-contentTimestamp (EN 319 122-1 §5.2.8).
pub const CONTENT_TIME_STAMP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.20");
/// id-aa-signatureTimeStampToken (EN 319 122-1 §5.3).
pub const SIGNATURE_TIME_STAMP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
/// id-aa-ets-certificateRefs (EN 319 122-1 §A.1.1.1).
pub const COMPLETE_CERTIFICATE_REFERENCES: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.21");
/// id-aa-ets-revocationRefs (EN 319 122-1 §A.1.2.1).
pub const COMPLETE_REVOCATION_REFERENCES: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.22");
/// id-aa-ets-certValues (EN 319 122-1 §A.1.1.2).
pub const CERTIFICATE_VALUES: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.23");
/// id-aa-ets-revocationValues (EN 319 122-1 §A.1.2.2).
pub const REVOCATION_VALUES: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.24");
/// id-aa-ets-escTimeStamp, the CAdES-C-timestamp (EN 319 122-1 §A.1.5.2).
pub const CADES_C_TIME_STAMP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.25");
/// id-aa-ets-certCRLTimestamp, time-stamped-certs-crls-references (EN 319 122-1 §A.1.5.1).
pub const REFERENCES_TIME_STAMP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.26");
/// id-aa-ets-archiveTimestamp of TS 101 733 before v1.7.
pub const ARCHIVE_TIME_STAMP_V1: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.27");
/// id-aa-48, archive-time-stamp (ATSv2) of TS 101 733 (EN 319 122-1 §A.2.4).
pub const ARCHIVE_TIME_STAMP_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.48");
/// id-aa-ets-longTermValidation of TS 101 733 (EN 319 122-1 §A.2.5).
pub const LONG_TERM_VALIDATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.1733.2.2");
/// id-aa-ets-archiveTimestampV3 (EN 319 122-1 §5.5.3).
pub const ARCHIVE_TIME_STAMP_V3: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.1733.2.4");
/// id-aa-ATSHashIndex of TS 101 733, which EN 319 122-1 replaced.
pub const ATS_HASH_INDEX_V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.1733.2.5");
/// id-aa-ATSHashIndex-v2 of a draft of EN 319 122-1.
pub const ATS_HASH_INDEX_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.19122.1.4");
/// id-aa-ATSHashIndex-v3 (EN 319 122-1 §5.5.2).
pub const ATS_HASH_INDEX_V3: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.19122.1.5");
/// id-ri-ocsp-response (RFC 5940 §2).
pub const OCSP_RESPONSE_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.16.2");
/// adbe-revocationInfoArchival (ISO 32000-2 §12.8.3.3.2).
pub const REVOCATION_INFO_ARCHIVAL: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113583.1.1.8");
