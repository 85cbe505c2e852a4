//! Requests, Form 04 and answers over whole certificates.

mod support;

use kyso_reissue::form04::{csv_header, csv_row, label};
use kyso_reissue::{
    AnswerError, AnswerWarning, AnsweredKey, CertificateFacts, DnViolation, Fate, Form04, Mapping,
    NewRequest, Person, PersonFacts, Reason, RequestError, RequestWarning, SubjectAgreement,
    UnitError, UnitRef, Validated, WhichUnit, check_answer, dn, suggestion,
};
use support::{Made, date, new_year};

const KON_TUM: &str = "emailAddress=tyhv@kontum.gov.vn, CN=Hà Văn Tý, OU=TRƯỜNG THCS HOA SEN, \
    OU=ỦY BAN NHÂN DÂN THỊ TRẤN ĐĂK HÀ, O=ỦY BAN NHÂN DÂN TỈNH KON TUM, L=Kon Tum, C=VN";
const QUANG_NGAI: &str = "emailAddress=tyhv@quangngai.gov.vn, CN=Hà Văn Tý, OU=TRƯỜNG THCS HOA SEN, \
    OU=ỦY BAN NHÂN DÂN XÃ ĐĂK HÀ, O=ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI, L=Quảng Ngãi, C=VN";

fn unit(code: &str, on: &str) -> Option<UnitRef> {
    Some(UnitRef::Code { code: code.parse().unwrap(), date: date(on) })
}

fn merged() -> NewRequest {
    let certificate = Made::of(KON_TUM).certificate();
    NewRequest {
        certificate: CertificateFacts::of(&certificate, Some("5E00AF12".to_owned())),
        reason: Reason::UnitMerged,
        old_unit: unit("23500", "2025-06-30"),
        new_unit: unit("23500", "2025-07-01"),
        email: Some("tyhv@quangngai.gov.vn".to_owned()),
        requested: None,
        date: date("2026-11-22"),
    }
}

fn valid(request: &NewRequest) -> Validated {
    request.validate(Mapping::national()).unwrap()
}

fn codes(request: &NewRequest) -> Vec<&'static str> {
    let errors = request.validate(Mapping::national()).unwrap_err();
    errors.iter().map(RequestError::code).collect()
}

#[test]
fn a_dissolved_unit_prefills_the_request_and_the_subject_follows() {
    let mapping = Mapping::national();
    let subject = dn::parse(KON_TUM).unwrap();
    let offered = suggestion(mapping, &subject, date("2026-11-22")).unwrap();
    assert_eq!((offered.reason, offered.fate), (Reason::UnitMerged, Fate::Merged));
    assert_eq!(offered.old.name(), "Thị trấn Đăk Hà");
    let new = offered.new.unwrap();
    assert_eq!(new.name(), "Xã Đăk Hà");
    let request = NewRequest {
        reason: offered.reason,
        old_unit: Some(UnitRef::from(&offered.old)),
        new_unit: Some(UnitRef::from(&new)),
        ..merged()
    };
    let validated = valid(&request);
    assert_eq!(validated.requested().to_string(), QUANG_NGAI);
    assert_eq!(validated.diff().changes().count(), 4);
    assert_eq!(validated.warnings(), []);
    assert_eq!(suggestion(mapping, &subject, date("2025-06-30")), None);
    assert_eq!(suggestion(mapping, validated.requested(), date("2026-11-22")), None);
}

#[test]
fn a_split_unit_and_a_district_leave_the_choice_to_a_person() {
    let mapping = Mapping::national();
    let now = date("2026-11-22");
    let split = dn::parse("CN=A, O=UBND PHƯỜNG KIM MÃ, L=Hà Nội, C=VN").unwrap();
    let offered = suggestion(mapping, &split, now).unwrap();
    assert_eq!((offered.fate, offered.new), (Fate::Split, None));
    assert!(offered.choices.len() > 1);
    let district = dn::parse("CN=A, O=UBND HUYỆN ĐĂK HÀ, L=Kon Tum, C=VN").unwrap();
    let offered = suggestion(mapping, &district, now).unwrap();
    assert_eq!((offered.fate, offered.new), (Fate::Dissolved, None));
    assert_eq!(offered.reason, Reason::UnitMoved);
    // The district's name stays for a person to change, and is pointed at.
    let text = KON_TUM.replace("OU=TRƯỜNG THCS HOA SEN", "OU=UBND HUYỆN ĐĂK HÀ");
    let certificate = CertificateFacts::of(&Made::of(&text).certificate(), None);
    let validated = valid(&NewRequest { certificate, ..merged() });
    assert!(validated.requested().to_string().contains("OU=UBND HUYỆN ĐĂK HÀ"));
    assert!(matches!(validated.warnings(), [RequestWarning::UnitLeft(_)]));
}

#[test]
fn every_error_is_told_at_once() {
    let long = format!("CN=A, O={}, C=US", "Ậ".repeat(65));
    let request = NewRequest {
        old_unit: unit("99999", "2025-06-30"),
        new_unit: unit("00001", "2025-07-01"),
        email: Some("nobody".to_owned()),
        requested: Some(long),
        ..merged()
    };
    assert_eq!(
        codes(&request),
        [
            "unit-unknown",
            "unit-not-valid-at-date",
            "email-malformed",
            "subject-country",
            "subject-too-long"
        ]
    );
    let errors = request.validate(Mapping::national()).unwrap_err();
    assert!(errors.iter().any(|error| matches!(
        error,
        RequestError::Dn(DnViolation::TooLong { length: 65, limit: 64, .. })
    )));
}

#[test]
fn a_code_of_another_date_is_refused_with_its_period() {
    // Phường Đồng Xuân's code ended with it.
    let request = NewRequest { new_unit: unit("00040", "2025-07-01"), ..merged() };
    let errors = request.validate(Mapping::national()).unwrap_err();
    assert!(
        matches!(
            errors.as_slice(),
            [RequestError::Unit { which: WhichUnit::New, error: UnitError::NotValidAt { known, .. } }]
                if known.len() == 1
        ),
        "{errors:?}"
    );
    let before = NewRequest { new_unit: unit("00040", "2025-06-30"), ..merged() };
    assert_eq!(codes(&before), ["new-unit-not-valid"]);
}

#[test]
fn each_reason_needs_its_facts() {
    let bare = NewRequest { old_unit: None, new_unit: None, email: None, ..merged() };
    for reason in [Reason::UnitMerged, Reason::UnitRenamed, Reason::UnitMoved] {
        let request = NewRequest { reason, ..bare.clone() };
        assert_eq!(codes(&request), ["old-unit-missing", "new-unit-missing"]);
    }
    let email = NewRequest { reason: Reason::EmailChanged, ..bare.clone() };
    assert_eq!(codes(&email), ["email-missing"]);
    let same = NewRequest { email: Some("tyhv@kontum.gov.vn".to_owned()), ..email };
    assert_eq!(codes(&same), ["email-unchanged"]);
    for reason in [Reason::Expiring, Reason::TokenLost] {
        let validated = valid(&NewRequest { reason, ..bare.clone() });
        assert!(validated.diff().is_empty());
    }
    let early = valid(&NewRequest { reason: Reason::Expiring, ..bare });
    assert!(matches!(early.warnings(), [RequestWarning::NotExpiring { days: 405 }]));
}

#[test]
fn a_unit_request_that_changes_nothing_or_stays_is_refused() {
    let subject = merged().certificate.subject.to_string();
    let same = NewRequest { requested: Some(subject), ..merged() };
    assert_eq!(codes(&same), ["subject-unchanged"]);
    let one = NewRequest { new_unit: merged().old_unit, ..merged() };
    assert_eq!(codes(&one), ["units-equal", "new-unit-not-valid"]);
    // Units in words change nothing by themselves: the person states the subject.
    let words = NewRequest {
        old_unit: Some(UnitRef::Text("Trường A".to_owned())),
        new_unit: Some(UnitRef::Text("Trường B".to_owned())),
        email: None,
        ..merged()
    };
    assert_eq!(codes(&words), ["subject-unchanged"]);
    let stated = NewRequest { requested: Some(QUANG_NGAI.to_owned()), ..words.clone() };
    assert_eq!(valid(&stated).requested().to_string(), QUANG_NGAI);
    let blank = NewRequest { new_unit: Some(UnitRef::Text("  ".to_owned())), ..stated.clone() };
    assert_eq!(codes(&blank), ["unit-text-empty"]);
    let long = NewRequest { new_unit: Some(UnitRef::Text("ậ".repeat(257))), ..stated.clone() };
    assert_eq!(codes(&long), ["unit-text-too-long"]);
    let control = NewRequest { new_unit: Some(UnitRef::Text("a\u{7}".to_owned())), ..stated };
    assert_eq!(codes(&control), ["unit-text-control-character"]);
    let unreadable = NewRequest { requested: Some("CN".to_owned()), ..merged() };
    assert_eq!(codes(&unreadable), ["subject-malformed"]);
}

#[test]
fn a_successor_by_decision_or_by_nobody_is_remarked() {
    let split = "CN=A, O=UBND PHƯỜNG KIM MÃ, L=Hà Nội, C=VN";
    let certificate = CertificateFacts::of(&Made::of(split).certificate(), None);
    let request = NewRequest {
        certificate,
        old_unit: unit("00028", "2025-06-30"),
        new_unit: unit("00004", "2025-07-01"),
        email: None,
        ..merged()
    };
    let validated = valid(&request);
    assert!(matches!(validated.warnings(), [RequestWarning::SplitDecision { .. }]));
    let expected = "CN=A, O=UBND PHƯỜNG BA ĐÌNH, L=Hà Nội, C=VN";
    assert_eq!(validated.requested().to_string(), expected);
    let elsewhere = valid(&NewRequest { new_unit: unit("23500", "2025-07-01"), ..request });
    assert!(matches!(elsewhere.warnings(), [RequestWarning::NotASuccessor { .. }]));
    let expected = "CN=A, O=UBND XÃ ĐĂK HÀ, L=Quảng Ngãi, C=VN";
    assert_eq!(elsewhere.requested().to_string(), expected);
}

fn form() -> Form04 {
    let holder = Person { position: Some("Hiệu trưởng".to_owned()), ..Person::default() };
    let person = PersonFacts { holder, ..PersonFacts::default() };
    let id = "01930000-0000-7000-8000-000000000001";
    Form04::from(Mapping::national(), id, &valid(&merged()), &person)
}

#[test]
fn form_04_is_the_one_of_the_vectors_in_every_rendering() {
    let form = form();
    let json = form.to_json().unwrap();
    assert_eq!(String::from_utf8(json.clone()).unwrap(), vector("form04.json"));
    assert_eq!(form.to_text(), vector("form04.txt"));
    assert_eq!(format!("{}\n{}\n", csv_header(), csv_row(&form)), vector("form04.csv"));
    assert_eq!(Form04::from_json(&json).unwrap(), form);
    assert_eq!(form.requested_subject().unwrap(), dn::parse(QUANG_NGAI).unwrap());
}

fn vector(name: &str) -> String {
    String::from_utf8(kyso_test_vectors::bytes(format!("reissue/{name}"))).unwrap()
}

#[test]
fn what_nobody_stated_stays_empty() {
    let form = form();
    assert_eq!(form.holder.personal_number, None);
    assert_eq!(form.receiver, Person::default());
    assert_eq!(form.agency.name, None);
    assert!(form.to_text().contains(&format!("{}: …", label("agency.name").unwrap())));
    let other = String::from_utf8(form.to_json().unwrap()).unwrap().replace("\"form\"", "\"from\"");
    assert!(Form04::from_json(other.as_bytes()).is_err());
}

#[test]
fn an_answer_is_held_against_the_request() {
    let present = Made::of(KON_TUM).certificate();
    let requested = dn::parse(QUANG_NGAI).unwrap();
    let now = new_year(2027);
    let good = Made { serial: 18, years: (2026, 2029), key: 2, ..Made::of(QUANG_NGAI) };
    let check = |made: Made<'_>| check_answer(&present, &requested, &made.certificate(), now);
    let found = check(good).unwrap();
    assert_eq!((found.subject, found.key), (SubjectAgreement::Exact, AnsweredKey::New));
    assert_eq!((found.diff.changes().count(), found.warnings.len()), (4, 0));
    assert_eq!(check(Made { key: 1, ..good }).unwrap().key, AnsweredKey::Same);

    let upper = QUANG_NGAI.replace("Hà Văn Tý", "HÀ  VĂN TÝ");
    let case = check(Made { subject: &upper, ..good }).unwrap();
    assert_eq!(case.subject, SubjectAgreement::Equivalent);

    let error = check_answer(&present, &requested, &present, now).unwrap_err();
    assert_eq!(error, AnswerError::SameCertificate);
    let error = check(Made { years: (2023, 2026), ..good }).unwrap_err();
    assert_eq!(error.code(), "answer-expired");
    let other = QUANG_NGAI.replace("Hà Văn Tý", "Hà Văn Tỵ");
    let error = check(Made { subject: &other, ..good }).unwrap_err();
    assert!(error.to_string().ends_with(" CN Hà Văn Tỵ instead of Hà Văn Tý;"), "{error}");
    assert_eq!(
        check(Made { subject: KON_TUM, ..good }).unwrap_err().code(),
        "answer-subject-differs"
    );

    let issuer = "CN=Another CA, C=VN";
    let remarked = check(Made { issuer, years: (2027, 2028), ..good }).unwrap().warnings;
    assert!(matches!(
        remarked.as_slice(),
        [AnswerWarning::IssuerChanged { .. }, AnswerWarning::EndsNoLater { .. }]
    ));
    let ahead = check(Made { years: (2028, 2030), ..good }).unwrap().warnings;
    assert!(matches!(ahead.as_slice(), [AnswerWarning::NotYetValid { .. }]));
}
