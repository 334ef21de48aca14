//! `vectors/identifiers.json`: identifiers met in public code, documents and production files, and what each must give.
#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;

use super::*;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/identifiers.json")).unwrap()
}

/// The strings under a path such as `usci/ok`.
fn texts(path: &str) -> Vec<String> {
    let found = vectors().pointer(&format!("/{path}")).unwrap().clone();
    let texts: Vec<String> = serde_json::from_value(found).unwrap();
    assert!(!texts.is_empty(), "{path}");
    texts
}

#[test]
fn mod37_36_bodies() {
    let bodies = vectors()["mod37_36"]["body_to_check"].as_object().unwrap().clone();
    for (body, check) in bodies {
        assert_eq!(mod37_36::check_character(&[&body]).unwrap().to_string(), check.as_str().unwrap(), "{body}");
    }
}

#[test]
fn licence_identifiers() {
    for text in texts("mod37_36/identifiers_ok") {
        let id: LicenceId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(LicenceId::parse(&text, LicenceProfile::Lenient).unwrap(), id);
        let LicenceIssuer::Organisation(issuer) = id.issuer() else { unreachable!("{text}") };
        assert_eq!(LicenceId::new(id.licence_type(), issuer, id.serial(), id.version()).unwrap(), id);
    }
    for text in texts("mod37_36/identifiers_lenient") {
        assert_eq!(text.parse::<LicenceId>().unwrap_err().code().as_str(), "identifier.licence_issuer", "{text}");
        assert_eq!(LicenceId::parse(&text, LicenceProfile::Lenient).unwrap().to_string(), text);
    }
    for text in texts("mod37_36/identifiers_bad_check") {
        let error = text.parse::<LicenceId>().unwrap_err();
        assert!(matches!(error, IdError::CheckCharacter { .. }), "{text}: {error}");
        assert_eq!(error.code().as_str(), "identifier.licence_check_character");
        assert_eq!(LicenceId::parse(&text, LicenceProfile::Lenient).unwrap_err(), error);
        assert_eq!(LicenceId::from_structure(&text).unwrap().to_string(), text);
    }
    let shandong = texts("mod37_36/identifiers_bad_check")[0].parse::<LicenceId>().unwrap_err();
    assert_eq!(shandong, IdError::CheckCharacter { expected: 'D', found: 'M' });
}

#[test]
fn unified_social_credit_codes() {
    for text in texts("usci/ok") {
        assert_eq!(text.parse::<Uscc>().unwrap().to_string(), text);
    }
    for text in texts("usci/bad") {
        let error = text.parse::<Uscc>().unwrap_err();
        assert!(
            matches!(
                error,
                IdError::UsccCheck { .. } | IdError::OrganisationCodeCheck { .. } | IdError::Character { .. }
            ),
            "{text}: {error}"
        );
    }
}

#[test]
fn item_codes() {
    for text in texts("item_codes/ok31") {
        assert_eq!(text.parse::<ItemCode>().unwrap().scheme(), ItemScheme::Implementation);
    }
    for text in texts("item_codes/case43") {
        assert_eq!(text.parse::<ItemCode>().unwrap().scheme(), ItemScheme::Case);
    }
}
