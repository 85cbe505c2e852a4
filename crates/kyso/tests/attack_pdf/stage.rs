//! A signer without network, and the letter signed by him in several ways.

use std::io::Cursor;

use kyso_cades::{Form as Encoding, SignedData, SigningParameters, oid, prepare};
use kyso_pades::{
    Date, DocMdpPermission, Document, FieldLock, Limits, NewObject, Piece, Rectangle, SecurityData,
    SigningField, SigningOptions, SubFilter, copy_and_hash,
};
use kyso_x509::{
    CertificateList, Digest, DigestAlgorithm, SignatureAlgorithm, SignatureValue, Time,
};

use crate::letter::letter;
use crate::mint::day;
use crate::world::World;

const ALGORITHM: DigestAlgorithm = DigestAlgorithm::Sha256;
const ROOM: usize = 8_192;

/// How a signature is made.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) field: SigningField<'a>,
    pub(crate) certify: Option<DocMdpPermission>,
    pub(crate) lock: Option<&'a FieldLock>,
    pub(crate) shows: bool,
    /// The claimed day, and that of a signature time-stamp.
    pub(crate) on: i64,
    pub(crate) stamped: Option<i64>,
}

/// Invisible, on page 1.
pub(crate) const PLAIN: How<'_> = How {
    field: SigningField::New { name: None, page: 0, rect: None },
    certify: None,
    lock: None,
    shows: false,
    on: 12,
    stamped: None,
};

/// In a new field that shows something.
pub(crate) const VISIBLE: How<'_> = How {
    field: SigningField::New { name: None, page: 0, rect: Some(CORNER) },
    shows: true,
    ..PLAIN
};

/// In the letter's own field.
pub(crate) const APPROVING: How<'_> =
    How { field: SigningField::Existing("approval"), shows: true, ..PLAIN };

const CORNER: Rectangle = Rectangle { left: 350.0, bottom: 40.0, right: 550.0, top: 100.0 };

pub(crate) const fn certifying(permission: DocMdpPermission) -> How<'static> {
    How { certify: Some(permission), ..PLAIN }
}

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) letter: Vec<u8>,
    /// By an invisible signature.
    pub(crate) signed: Vec<u8>,
    /// By a visible one.
    pub(crate) visible: Vec<u8>,
    /// With DocMDP 1, 2 and 3.
    pub(crate) certified: [Vec<u8>; 3],
}

impl Stage {
    pub(crate) fn new() -> Self {
        let world = World::new();
        let list = world.nobody(10, 20);
        let world = world.knowing(list);
        let letter = letter();
        let permissions = [
            DocMdpPermission::NoChanges,
            DocMdpPermission::FormFilling,
            DocMdpPermission::Annotations,
        ];
        Self {
            signed: sign(&world, &letter, PLAIN),
            visible: sign(&world, &letter, VISIBLE),
            certified: permissions.map(|one| sign(&world, &letter, certifying(one))),
            letter,
            world,
        }
    }

    pub(crate) fn sign(&self, pdf: &[u8], how: How<'_>) -> Vec<u8> {
        sign(&self.world, pdf, how)
    }

    /// The detached message over a digest.
    pub(crate) fn message(&self, digest: Digest) -> Vec<u8> {
        message(&self.world, digest)
    }

    /// Adds a document time-stamp.
    pub(crate) fn stamp(&self, pdf: &[u8], on: i64) -> Vec<u8> {
        let how = How { on, ..PLAIN };
        complete(pdf, how, SubFilter::EtsiRfc3161, |digest| {
            self.world.token(&digest, day(on)).as_received().to_vec()
        })
    }

    /// Adds all of the world's evidence and these lists, about every signature that the file has.
    pub(crate) fn store(&self, pdf: &[u8], lists: &[CertificateList]) -> Vec<u8> {
        let world = &self.world;
        let mut document = open(pdf);
        let signatures = document.signatures().expect("the signatures");
        let crls = world.evidence.crls.iter().chain(lists).map(|one| one.as_der().to_vec());
        let certificates =
            [&world.certificate, &world.authority_certificate, &world.tsa_certificate];
        let data = SecurityData {
            certificates: certificates.map(|one| one.as_der().to_vec()).to_vec(),
            crls: crls.collect(),
            ocsp: Vec::new(),
            signatures: signatures.into_iter().map(|one| one.contents).collect(),
        };
        let added = document.add_security_data(&data).expect("the store").expect("a change");
        [pdf, &added].concat()
    }
}

pub(crate) fn open(pdf: &[u8]) -> Document<Cursor<&[u8]>> {
    Document::open(Cursor::new(pdf), Limits::standard()).expect("a document")
}

pub(crate) fn sign(world: &World, pdf: &[u8], how: How<'_>) -> Vec<u8> {
    complete(pdf, how, SubFilter::EtsiCadesDetached, |digest| {
        let message = message(world, digest);
        let Some(stamped) = how.stamped else { return message };
        let signed = SignedData::from_ber(&message).expect("the message");
        world.stamped(signed, day(stamped)).to_der().expect("the message")
    })
}

fn message(world: &World, digest: Digest) -> Vec<u8> {
    let to_be_signed = prepare(SigningParameters {
        certificate: world.certificate.clone(),
        extra_certificates: vec![world.authority_certificate.clone()],
        algorithm: SignatureAlgorithm::Ecdsa(ALGORITHM),
        content_type: oid::DATA,
        message_digest: digest,
        form: Encoding::Pades,
    })
    .expect("prepared");
    let value = world.signer.sign(to_be_signed.bytes_to_sign());
    let value = SignatureValue::from_bytes(value.to_der().as_bytes().to_vec());
    to_be_signed.finish_detached(&value)
}

fn date(time: Time) -> Option<Date> {
    Date::from_unix(time.as_unix_seconds(), 7 * 60)
}

fn complete(
    pdf: &[u8],
    how: How<'_>,
    sub_filter: SubFilter,
    message: impl FnOnce(Digest) -> Vec<u8>,
) -> Vec<u8> {
    let seal = [NewObject {
        pieces: vec![Piece::Raw(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 60] >>".to_vec(),
        )],
        stream: Some(b"1 0 0 RG 2 w 5 5 190 50 re S".to_vec()),
    }];
    let mut document = open(pdf);
    let is_stamp = sub_filter == SubFilter::EtsiRfc3161;
    let options = SigningOptions {
        field: how.field,
        sub_filter,
        signing_time: date(day(how.on)).filter(|_| !is_stamp),
        name: None,
        reason: None,
        location: None,
        contact_info: None,
        appearance: if how.shows { &seal } else { &[] },
        certify: how.certify,
        lock: how.lock,
        seed_facts: None,
        contents_size: ROOM,
    };
    let prepared = document.prepare_signature(&options).expect("prepared");
    let mut signed = Vec::new();
    let len = prepared.original_len();
    let hasher = copy_and_hash(document.reader_mut(), len, &mut signed, ALGORITHM).expect("hashed");
    let message = message(prepared.digest(hasher));
    signed.extend(prepared.embed(&message).expect("room"));
    signed
}
