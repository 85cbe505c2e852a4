//! Certificates of people who do not exist; nothing signs them, which nothing here looks at.

use kyso_reissue::{Date, dn};
use kyso_x509::asn1::{NULL, constructed, oid, sequence, tag, tlv, unsigned_integer};
use kyso_x509::{Certificate, Civil, ObjectIdentifier, Time};

const ISSUER: &str = "CN=CA phục vụ các cơ quan Nhà nước G2, O=Ban Cơ yếu Chính phủ, C=VN";
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SHA256_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// What differs between the certificates of the tests.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) subject: &'a str,
    pub(crate) issuer: &'a str,
    pub(crate) serial: u8,
    pub(crate) years: (i64, i64),
    pub(crate) key: u8,
}

impl<'a> Made<'a> {
    pub(crate) fn of(subject: &'a str) -> Self {
        Self { subject, issuer: ISSUER, serial: 17, years: (2023, 2028), key: 1 }
    }

    pub(crate) fn certificate(self) -> Certificate {
        let algorithm = sequence(&[oid(SHA256_RSA), NULL.to_vec()]);
        let time = |year| new_year(year).to_der().unwrap();
        let bits = |bytes: &[u8]| tlv(tag::BIT_STRING, &[&[0], bytes].concat());
        let name = |text| dn::parse(text).unwrap().as_der().to_vec();
        let tbs = sequence(&[
            constructed(tag::context(0), &[unsigned_integer(&[2])]),
            unsigned_integer(&[0x54, self.serial]),
            algorithm.clone(),
            name(self.issuer),
            sequence(&[time(self.years.0), time(self.years.1)]),
            name(self.subject),
            sequence(&[sequence(&[oid(RSA), NULL.to_vec()]), bits(&[self.key])]),
        ]);
        Certificate::from_der(&sequence(&[tbs, algorithm, bits(&[0])])).unwrap()
    }
}

pub(crate) fn new_year(year: i64) -> Time {
    Civil { year, month: 1, day: 1, hour: 0, minute: 0, second: 0 }.to_time().unwrap()
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}
