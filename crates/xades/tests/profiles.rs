//! Vietnam's documents: what is made as the decisions say is signed in the right place; what is not is named.

use kyso_testkit::clinic::{Clinic, edxml};
use kyso_xades::profile::{
    HealthCheckSigner, Plan, Position, Profile, ProfileError, Target, Without, Wrong, read_edxml,
};
use kyso_xades::{Limits, XmlDocument};
use proptest::prelude::*;

const DOCTOR: Profile = Profile::HealthCheck(HealthCheckSigner::Doctor);
const HOSPITAL: Profile = Profile::HealthCheck(HealthCheckSigner::Hospital);

fn plan(profile: Profile, text: &str) -> Result<Plan, ProfileError> {
    let limits = Limits::documents();
    let document = XmlDocument::parse(text, &limits).expect("XML");
    profile.plan(&document, &limits)
}

/// The name of the element where the signature stands.
fn place(text: &str, plan: &Plan) -> String {
    let document = XmlDocument::parse(text, &Limits::documents()).expect("XML");
    let (Position::Inside(id) | Position::LastIn(id)) = plan.position;
    document.tree().get_node(id).expect("a node").tag_name().name().to_owned()
}

/// A word for each error, as the table has it.
fn word(error: &ProfileError) -> String {
    use ProfileError as E;
    match error {
        E::OtherRoot { .. } => "other-root".to_owned(),
        E::Missing { element, .. } => format!("missing {element}"),
        E::Repeated { place } => format!("repeated {}", place.element),
        E::Empty { place } => format!("empty {}", place.element),
        E::Value { place, wrong } => {
            let wrong = match wrong {
                Wrong::Date => "date",
                Wrong::Number => "number",
                Wrong::DossierKind => "kind",
                Wrong::AgencyCode => "agency",
                Wrong::DocumentId => "document-id",
            };
            format!("{wrong} {}", place.element)
        }
        E::Count { stated, found, .. } => format!("count {stated} {found}"),
        E::Base64 { place } => format!("base64 {}", place.element),
        E::Payload { place, .. } => format!("payload {}", place.element),
        E::Facilities { place, .. } => format!("facilities {}", place.element),
        E::AlreadySigned { place } => format!("signed {}", place.element),
        E::NotSignedYet { place } => format!("first {}", place.element),
        E::Attachment { content_id, .. } => format!("attachment {content_id}"),
    }
}

fn clinic() -> Clinic {
    Clinic::new("51012", 7)
}

#[test]
fn each_document_has_its_place() {
    let signature =
        "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></CKS_NGUOI_KET_LUAN>";
    let check = clinic().health_check("Hà Văn Tý", true);
    let concluded = check.replace("</CKS_NGUOI_KET_LUAN>", signature);
    let encoded = clinic().health_check("Hà Văn Tý", false);
    let message = edxml("H48", "000.00.00.G22", &[("quyết định.pdf", b"%PDF-1.7")]);
    let (itself, all) = (Without::Itself, Without::AllSignatures);
    let rows = [
        (clinic().claims(3, 20_000), Profile::Claims4750, "CHUKYDONVI", itself, 3),
        (clinic().checkin(5), Profile::Checkin, "CHUKYDONVI", itself, 5),
        (check, DOCTOR, "CKS_NGUOI_KET_LUAN", all, 1),
        (encoded, DOCTOR, "CKS_NGUOI_KET_LUAN", all, 1),
        (concluded, HOSPITAL, "CKS_BENH_VIEN", itself, 1),
        (clinic().death_certificate(), Profile::CivilStatus, "CHUKYDONVI", itself, 1),
        (clinic().birth_certificate(), Profile::CivilStatus, "CHUKYDONVI", itself, 1),
        (clinic().certificates(2), Profile::CivilStatus, "HSCHUNGTU", itself, 2),
        (message, Profile::Edxml, "DigitalSignature", itself, 1),
        ("<a><b/></a>".to_owned(), Profile::Plain, "a", itself, 0),
    ];
    for (text, profile, element, without, items) in rows {
        let document = XmlDocument::parse(&text, &Limits::documents()).expect("XML");
        assert_eq!(Profile::of(&document), profile, "{text}");
        let plan = plan(profile, &text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(place(&text, &plan), element);
        assert_eq!((plan.without, plan.facts.items), (without, items));
        assert_eq!(plan.after.is_some(), profile == HOSPITAL);
        let stated =
            !matches!(profile, Profile::Edxml | Profile::Plain) && !text.contains("HSDLGCS");
        assert_eq!(plan.facts.facility.as_deref(), stated.then_some("51012"));
        let by_id = profile == Profile::CivilStatus && !text.contains("HSCHUNGTU");
        assert_eq!(matches!(plan.target, Target::Element(_)), by_id);
        assert_eq!(Profile::by_name(profile.name()), Some(profile));
    }
    let named = plan(DOCTOR, &clinic().health_check("Hà Văn Tý", true)).expect("a plan");
    assert_eq!(named.facts.people, ["Hà Văn Tý"]);
}

/// Document, profile, what is replaced once by what, and the word for the error.
type Row<'a> = (&'a str, Profile, &'a str, &'a str, &'a str);

fn all_are_named(rows: &[Row<'_>]) {
    for (text, profile, from, to, expected) in rows {
        assert!(text.contains(from), "{from}");
        let text = if from.is_empty() { (*text).to_owned() } else { text.replacen(from, to, 1) };
        let error = plan(*profile, &text).expect_err(expected);
        assert_eq!(word(&error), *expected, "{from} → {to}: {error}");
    }
}

#[test]
fn what_is_wrong_in_claims_is_named() {
    let claims = clinic().claims(2, 4_000);
    let first = claims.split("<NOIDUNGFILE>").nth(1).and_then(|rest| rest.split('<').next());
    let payload = first.expect("a payload").to_owned();
    // <TONG_HOP><MA_CSKCB>79001</MA_CSKCB></TONG_HOP>, and <a>
    let (foreign, broken) =
        ("PFRPTkdfSE9QPjxNQV9DU0tDQj43OTAwMTwvTUFfQ1NLQ0I+PC9UT05HX0hPUD4=", "PGE+");
    let unit = "<MACSKCB>51012</MACSKCB>";
    let twice = "<MACSKCB>51012</MACSKCB><MACSKCB>51012</MACSKCB>";
    let empty = "<CHUKYDONVI />";
    let profile = Profile::Claims4750;
    all_are_named(&[
        (&claims, Profile::Checkin, "", "", "other-root"),
        (&claims, DOCTOR, "", "", "other-root"),
        (&claims, profile, "<GIAMDINHHS ", "<GIAMDINHHS xmlns='urn:x' ", "other-root"),
        (&claims, profile, unit, "", "missing MACSKCB"),
        (&claims, profile, unit, "<MACSKCB> </MACSKCB>", "empty MACSKCB"),
        (&claims, profile, unit, twice, "repeated MACSKCB"),
        (&claims, profile, unit, "<MACSKCB>51013</MACSKCB>", "facilities NOIDUNGFILE"),
        (&claims, profile, &payload, foreign, "facilities NOIDUNGFILE"),
        (&claims, profile, &payload, broken, "payload NOIDUNGFILE"),
        (&claims, profile, &payload, "không phải base64", "base64 NOIDUNGFILE"),
        (&claims, profile, &payload, "", "empty NOIDUNGFILE"),
        (&claims, profile, "<LOAIHOSO>XML2", "<LOAIHOSO>XML1", "kind LOAIHOSO"),
        (&claims, profile, "<LOAIHOSO>XML2", "<LOAIHOSO>XML16", "kind LOAIHOSO"),
        (&claims, profile, "<LOAIHOSO>XML2", "<LOAIHOSO>XML0", "kind LOAIHOSO"),
        (&claims, profile, "<SOLUONGHOSO>2", "<SOLUONGHOSO>3", "count 3 2"),
        (&claims, profile, "<SOLUONGHOSO>2", "<SOLUONGHOSO>hai", "number SOLUONGHOSO"),
        (&claims, profile, "<NGAYLAP>2026", "<NGAYLAP>20x6", "date NGAYLAP"),
        (&claims, profile, empty, "", "missing CHUKYDONVI"),
        (&claims, profile, empty, "<CHUKYDONVI>x</CHUKYDONVI>", "signed CHUKYDONVI"),
        (&claims, profile, empty, "<CHUKYDONVI><Signature/></CHUKYDONVI>", "signed CHUKYDONVI"),
        (&claims, profile, empty, "<CHUKYDONVI/><CHUKYDONVI/>", "repeated CHUKYDONVI"),
    ]);
}

#[test]
fn what_is_wrong_in_other_documents_is_named() {
    let checkin = clinic().checkin(2);
    let check = clinic().health_check("Hà Văn Tý", true);
    let message = edxml("H48", "000.00.00.G22", &[("a.pdf", b"%PDF-1.7"), ("b.pdf", b"%PDF-1.4")]);
    let (visits, letters) = (Profile::Checkin, Profile::Edxml);
    let place = "<edXML:DigitalSignature/>";
    let taken = "<edXML:DigitalSignature>x</edXML:DigitalSignature>";
    let content = "<edXML:ContentTransferEncoded>";
    all_are_named(&[
        (&checkin, visits, "<MA_CSKCB>51012", "<MA_CSKCB>51013", "facilities MA_CSKCB"),
        (&checkin, visits, "<MA_CSKCB>51012", "<MA_CSKCB>", "empty MA_CSKCB"),
        (&checkin, visits, "<CHUKYDONVI/>", "", "missing CHUKYDONVI"),
        (&check, HOSPITAL, "", "", "first CKS_NGUOI_KET_LUAN"),
        (&check, DOCTOR, "</CKS_BENH_VIEN>", "x</CKS_BENH_VIEN>", "signed CKS_BENH_VIEN"),
        (
            &check,
            DOCTOR,
            "</CKS_NGUOI_KET_LUAN>",
            "x</CKS_NGUOI_KET_LUAN>",
            "signed CKS_NGUOI_KET_LUAN",
        ),
        (&check, DOCTOR, "<CKS_BENH_VIEN></CKS_BENH_VIEN>", "", "missing CKS_BENH_VIEN"),
        (&check, DOCTOR, "<MACSKCB>51012", "<MACSKCB>51013", "facilities MA_CSKCB"),
        (&message, letters, "cid:tep-0\"", "cid:tep-9\"", "attachment tep-9"),
        (&message, letters, "cid:tep-1\"", "cid:tep-0\"", "attachment tep-0"),
        (&message, letters, "cid:tep-1<", "cid:tep-0<", "repeated Attachment"),
        (&message, letters, place, "", "missing DigitalSignature"),
        (&message, letters, place, taken, "signed DigitalSignature"),
        (&message, letters, "<edXML:OrganId>H48", "<edXML:OrganId>h48", "agency edXMLHeader"),
        (&message, letters, "2026/11/23", "23/11/2026", "document-id DocumentId"),
        (
            &message,
            letters,
            content,
            "<edXML:ContentTransferEncoded>?",
            "base64 ContentTransferEncoded",
        ),
    ]);
}

#[test]
fn a_message_is_read_with_its_attachments() {
    let text = edxml("H48.5", "015.02.00.H26", &[("một.pdf", b"%PDF-1"), ("hai.pdf", b"%PDF-2")]);
    let document = XmlDocument::parse(&text, &Limits::documents()).expect("XML");
    let message = read_edxml(&document).expect("a message");
    assert_eq!(message.document_id, "H48.5,2026/11/23,77/QĐ-UBND");
    assert_eq!(message.subject, "V/v sắp xếp đơn vị hành chính");
    let names: Vec<_> = message.attachments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["một.pdf", "hai.pdf"]);
    assert_eq!(message.attachments[1].content, b"%PDF-2");
    assert_eq!(message.to[0].parsed.as_ref().expect("a code").first_level(), "H26");
    assert!(message.signature.is_none() && message.place.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What the kit makes is always accepted, whatever the seed and the sizes.
    #[test]
    fn generated_documents_are_accepted(seed: u64, dossiers in 1usize..4, bytes in 0usize..9_000) {
        let mut clinic = Clinic::new("51012", seed);
        let claims = clinic.claims(dossiers, bytes);
        prop_assert!(plan(Profile::Claims4750, &claims).is_ok());
        let checkin = clinic.checkin(dossiers);
        prop_assert!(plan(Profile::Checkin, &checkin).is_ok());
    }

    /// No cut of a file is signed: it is no XML.
    #[test]
    fn a_part_of_a_file_is_not_signed(cut in 0usize..3_000) {
        let claims = clinic().claims(1, 2_000);
        let end = claims.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(claims.len() - 3);
        let limits = Limits::documents();
        let text = &claims[..end.min(claims.len() - 3)];
        prop_assert!(XmlDocument::parse(text, &limits).is_err());
    }
}
