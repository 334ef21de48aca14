//! The catalogue as a whole: complete, distinct, repeatable, and silent about persons.

use std::collections::BTreeSet;

use huxin_samples::{
    Catalogue, LicenceSpec, Moment, SIGNED_AT, Workshop, licence, social_credit_code, social_credit_code_holds,
};

use crate::opened::{between, entries};

/// Every code of the reference that a file alone can show, and those of containers.
const CODES: [&str; 51] = [
    "BYTES_AROUND_PACKAGE",
    "CERT_KEY_USAGE",
    "CERT_NOT_EMBEDDED",
    "CERT_NOT_VALID_AT_SIGN_TIME",
    "CERT_REVOKED_BEFORE_SIGNING",
    "DOCUMENT_DIGEST",
    "ENTRY_NOT_SHOWN",
    "FORMAT",
    "ID_CHECK_CHAR",
    "INTEGRITY_LIST",
    "LEGACY_ALGORITHM",
    "LOCATION_INEXACT",
    "MAKER_CERT_NOT_VALID_AT_CREATE",
    "NONSTANDARD_ENCODING",
    "NOT_EXAMINED",
    "OFD_XML_UNPROTECTED",
    "PDF_BYTE_RANGE",
    "PDF_CHANGED_LATER",
    "PDF_ENCRYPTED",
    "PDF_LATER_REVISION",
    "PDF_NOT_PERMITTED",
    "PDF_SIGNATURE_HIDDEN",
    "PDF_STRUCTURE",
    "PDF_XFA",
    "REFERENCE_DIGEST",
    "REVOCATION_LIST_ABSENT",
    "SEAL_CREATED_AFTER_SIGNING",
    "SEAL_FILE_MISMATCH",
    "SEAL_NOT_VALID_AT_SIGN_TIME",
    "SEAL_SIGNATURE",
    "SEAL_SUBJECT_MISMATCH",
    "SIGNATURE_VALUE",
    "SIGNATURE_XML_DIGEST",
    "SIGNER_NOT_IN_SEAL_CERT_LIST",
    "SIGNER_USER_ID",
    "SIGN_TIME_ABSENT",
    "SIGN_TIME_DIFFERS",
    "TIMESTAMP_NOT_CHECKED",
    "TRAILING_BYTES",
    "UNPROTECTED_CONTENT",
    "UNREFERENCED_ENTRY",
    "UNSUPPORTED_ALGORITHM",
    "UNTRUSTED_MAKER",
    "UNTRUSTED_SIGNER",
    "XML_DEPTH",
    "XML_DTD",
    "ZIP_BOMB",
    "ZIP_DUPLICATE_NAME",
    "ZIP_ENCRYPTED",
    "ZIP_MALFORMED",
    "ZIP_PATH",
];

#[test]
fn every_file_is_named_once_and_every_code_is_shown() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let files: BTreeSet<&str> = catalogue.samples().iter().map(|sample| sample.file).collect();
    assert_eq!(files.len(), catalogue.samples().len());
    let sentences: BTreeSet<&str> = catalogue.samples().iter().flat_map(|sample| [sample.zh, sample.en]).collect();
    assert!(!sentences.contains(""));
    let shown: BTreeSet<&str> = catalogue
        .samples()
        .iter()
        .map(|sample| sample.expected)
        .flat_map(|expected| [expected.reasons, expected.warnings, expected.undecided].concat())
        .collect();
    assert_eq!(shown, CODES.into_iter().collect());
}

/// A name promises a verdict.
#[test]
fn names_and_verdicts_agree() {
    for sample in Catalogue::new(SIGNED_AT).unwrap().samples() {
        let name = sample.file.rsplit('/').next().unwrap();
        let (verdict, warned) = (sample.expected.verdict.name(), !sample.expected.warnings.is_empty());
        let promised = match name.split('_').next().unwrap() {
            "ok" => verdict == "valid" && !warned && sample.expected.reasons.is_empty(),
            "warn" => verdict == "valid" && warned,
            "bad" => verdict == "invalid" && !sample.expected.reasons.is_empty(),
            "unknown" => verdict == "unknown" && (sample.expected.reasons.len() + sample.expected.undecided.len() > 0),
            start => start.starts_with("unsigned") && verdict == "unsigned",
        };
        assert!(promised, "{} is {verdict}", sample.file);
    }
}

#[test]
fn the_same_call_gives_the_same_bytes() {
    let (one, two) = (Catalogue::new(SIGNED_AT).unwrap(), Catalogue::new(SIGNED_AT).unwrap());
    for (first, second) in one.samples().iter().zip(two.samples()) {
        assert_eq!(one.make(first).unwrap(), two.make(second).unwrap(), "{}", first.file);
    }
    assert_eq!(one.pki().unwrap(), two.pki().unwrap());
}

#[test]
fn the_time_of_signing_changes_licences_but_no_certificate_or_seal() {
    let later = Moment::parse("2027-01-01T00:00:00Z").unwrap();
    let (one, two) = (Catalogue::new(SIGNED_AT).unwrap(), Catalogue::new(later).unwrap());
    let make = |catalogue: &Catalogue, file: &str| catalogue.make(catalogue.get(file).unwrap()).unwrap();
    assert_ne!(make(&one, "ofd/ok_v4.ofd"), make(&two, "ofd/ok_v4.ofd"));
    assert_eq!(make(&one, "seals/ok_v4.esl"), make(&two, "seals/ok_v4.esl"));
    assert_eq!(one.pki().unwrap(), two.pki().unwrap());
    for text in ["2025-12-31T23:59:59Z", "2040-01-01T00:00:01Z"] {
        assert!(Catalogue::new(Moment::parse(text).unwrap()).is_err(), "{text}");
    }
}

#[test]
fn each_licence_has_an_identifier_of_its_own_with_the_fields_of_the_standard() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let mut identifiers = BTreeSet::new();
    let mut licences = 0;
    for sample in catalogue.samples().iter().filter(|sample| sample.file.starts_with("ofd/")) {
        let Some(entries) = entries(&catalogue.make(sample).unwrap()) else { continue };
        let xml = std::str::from_utf8(&entries["OFD.xml"]).unwrap();
        let names = between(xml, "CustomData Name=\"", "\"");
        let wanted = ["ZZMC", "ZZLXDM", "ZZBH", "ZZBS", "ZZBFJG", "ZZBFJGDM", "ZZBFRQ", "ZZYXQQSRQ", "ZZYXQJZRQ"];
        assert_eq!(names, wanted, "{}", sample.file);
        let identifier = between(xml, "\"ZZBS\">", "<")[0].to_owned();
        let stated = catalogue.licence(sample).unwrap().identifier().unwrap();
        assert_eq!(identifier == stated, sample.file != "ofd/warn_id_check_char.ofd", "{}", sample.file);
        assert!(social_credit_code_holds(between(xml, "\"ZZBFJGDM\">", "<")[0]));
        identifiers.insert(identifier);
        licences += 1;
    }
    assert!(licences > 50, "{licences}");
    assert_eq!(identifiers.len(), licences);
}

/// Digits that could be an identity number, a mobile number or a bank card, in any text of any licence.
#[test]
fn nothing_looks_like_a_number_of_a_person() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let mut tokens = 0;
    for sample in catalogue.samples().iter().filter(|sample| sample.file.starts_with("ofd/ok_")) {
        let entries = entries(&catalogue.make(sample).unwrap()).unwrap();
        for (name, bytes) in entries.iter().filter(|(name, _)| name.ends_with(".xml")) {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(!text.contains("CZZT"), "{name} names a holder");
            for token in text.split(|letter: char| !letter.is_ascii_alphanumeric()) {
                assert!(!is_identity_number(token), "{} {name}: {token}", sample.file);
                assert!(!is_mobile_number(token), "{} {name}: {token}", sample.file);
                assert!(!is_bank_card(token), "{} {name}: {token}", sample.file);
                tokens += 1;
            }
        }
    }
    assert!(tokens > 10_000, "{tokens}");
    assert!(
        is_identity_number("11010519491231002X") && is_mobile_number("13800138000") && is_bank_card("4111111111111111")
    );
}

/// GB 11643.
fn is_identity_number(token: &str) -> bool {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let Some((body, last)) = token.split_at_checked(17) else { return false };
    let sum: Option<u32> = body.chars().zip(weights).map(|(letter, weight)| Some(letter.to_digit(10)? * weight)).sum();
    let Some(sum) = sum else { return false };
    last.eq_ignore_ascii_case(&"10X98765432"[usize::try_from(sum % 11).unwrap()..][..1])
}

fn is_mobile_number(token: &str) -> bool {
    token.len() == 11
        && token.bytes().all(|octet| octet.is_ascii_digit())
        && token.starts_with('1')
        && token.as_bytes()[1] >= b'3'
}

/// ISO/IEC 7812-1.
fn is_bank_card(token: &str) -> bool {
    let digits: Option<Vec<u32>> = token.chars().rev().map(|letter| letter.to_digit(10)).collect();
    let Some(digits) = digits else { return false };
    let doubled = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    (16..=19).contains(&digits.len()) && digits.iter().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

#[test]
fn a_licence_is_made_to_order() {
    let issuer = social_credit_code("320100", 103).unwrap();
    let mut spec = LicenceSpec::new("320000", &issuer, "2026000007", SIGNED_AT).unwrap();
    spec.version = 2;
    assert_eq!(spec.seal_id, "32010000000103");
    assert!(spec.identifier().unwrap().contains(&format!(".{issuer}.2026000007.002.")));
    let made = licence(&spec).unwrap();
    let workshop = Workshop::new().unwrap();
    assert_eq!(made, workshop.licence(&spec).unwrap());
    let entries = entries(&made).unwrap();
    assert_eq!(entries["Doc_0/Signs/Sign_0/Seal.esl"], workshop.seal(&spec).unwrap());
    let signer = workshop.signer(&spec).unwrap().certificate;
    let value = &entries["Doc_0/Signs/Sign_0/SignedValue.dat"];
    assert!(value.windows(signer.len()).any(|window| window == signer));
}

#[test]
fn orders_that_break_the_rules_are_refused() {
    let issuer = social_credit_code("320100", 103).unwrap();
    let refused = |spec: &LicenceSpec| licence(spec).unwrap_err().to_string();
    assert!(LicenceSpec::new("310000", &issuer, "1", SIGNED_AT).unwrap_err().to_string().contains("province"));
    assert!(LicenceSpec::new("320000", "320000", "1", SIGNED_AT).unwrap_err().to_string().contains("issuer"));
    let sound = LicenceSpec::new("320000", &issuer, "1", SIGNED_AT).unwrap();
    assert!(refused(&LicenceSpec { kind: "001".to_owned(), ..sound.clone() }).contains("licence type"));
    assert!(refused(&LicenceSpec { serial: "a b".to_owned(), ..sound.clone() }).contains("serial"));
    assert!(refused(&LicenceSpec { seal_id: "../x".to_owned(), ..sound }).contains("seal number"));
}
