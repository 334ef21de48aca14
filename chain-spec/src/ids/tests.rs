//! What all identifiers have in common: text, JSON and borsh forms, and where each kind of fault is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::codec::{decode, encode};
use crate::crypto::DigestAlgorithm;

/// Reads `text`, and expects the same text, JSON string and borsh value back.
fn comes_back<T>(text: &str) -> T
where
    T: std::str::FromStr<Err = IdError> + std::fmt::Display + PartialEq + std::fmt::Debug,
    T: BorshSerialize + BorshDeserialize + Serialize + DeserializeOwned,
{
    let value: T = text.parse().unwrap();
    assert_eq!(value.to_string(), text);
    assert_eq!(serde_json::to_value(&value).unwrap(), text);
    assert_eq!(serde_json::from_str::<T>(&format!("{text:?}")).unwrap(), value);
    assert_eq!(decode::<T>(&encode(&value), 200).unwrap(), value);
    assert!(format!("{value:?}").contains(text));
    value
}

#[test]
fn every_text_identifier_comes_back() {
    assert_eq!(encode(&comes_back::<ProvinceCode>("310000")), b"310000");
    assert_eq!(encode(&comes_back::<RegionCode>("340100")), b"340100");
    assert_eq!(encode(&comes_back::<Uscc>("11100000000013338W")), b"11100000000013338W");
    assert_eq!(encode(&comes_back::<LicenceType>("11100000000013338W011")), b"11100000000013338W011");
    assert_eq!(encode(&comes_back::<ChainId>("dev-delta")), b"\x09\0\0\0dev-delta");
    assert_eq!(encode(&comes_back::<ItemCode>("370117002011")), b"\x01\x0c\0\0\x00370117002011");
    comes_back::<LicenceId>("1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A");
    comes_back::<SealId>("Seal no. 7 (test)");
    comes_back::<BasisCode>("XZXKF-69");
    comes_back::<SystemId>("SH.LICENCE_1");
    comes_back::<TxId>(&"0f".repeat(32));
    comes_back::<LicenceRef>(&"a0".repeat(32));
}

#[test]
fn numbers_are_numbers() {
    assert_eq!(serde_json::to_string(&(Height(7), RecordIndex(8), TimeMs(9))).unwrap(), "[7,8,9]");
    assert_eq!(encode(&Height(258)), [2, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(decode::<TimeMs>(&encode(&TimeMs(9)), 8).unwrap(), TimeMs(9));
    assert_eq!("18446744073709551615".parse::<Height>().unwrap(), Height(u64::MAX));
    for text in ["", "+1", "-1", " 1", "1 ", "0x1", "1_000", "18446744073709551616", "１"] {
        assert_eq!(text.parse::<RecordIndex>().unwrap_err(), IdError::Number { kind: IdKind::RecordIndex }, "{text}");
    }
    assert_eq!((Height(1).previous(), Height::ZERO.previous()), (Some(Height::ZERO), None));
    assert_eq!((Height(1).next(), Height(u64::MAX).next()), (Height(2), Height(u64::MAX)));
}

#[test]
fn a_wrong_check_decodes_and_the_check_refuses_it() {
    let uscc = decode::<Uscc>(b"91110000802100433A", 18).unwrap();
    assert_eq!(uscc.check().unwrap_err().code().as_str(), "identifier.uscc_check");
    let foreign = decode::<Uscc>(b"91110000802100433I", 18).unwrap();
    assert_eq!(foreign.check().unwrap_err().code().as_str(), "identifier.character");
    let province = decode::<ProvinceCode>(b"990000", 6).unwrap();
    assert_eq!(province.check().unwrap_err().code().as_str(), "identifier.unknown_province");
    assert!(decode::<RegionCode>(b"990100", 6).unwrap().check().is_err());
    assert!(decode::<LicenceType>(b"11100000000013338X011", 21).unwrap().check().is_err());
    assert!(serde_json::from_str::<Uscc>("\"91110000802100433A\"").is_err());
}

#[test]
fn a_wrong_structure_does_not_decode() {
    for bytes in [&b"31000"[..], b"31000a", b"31000 ", b"31000\0", b"31000\xff", "31０0".as_bytes(), b"3100000"] {
        assert!(decode::<ProvinceCode>(bytes, 16).is_err(), "{bytes:?}");
    }
    assert!(decode::<Uscc>(b"91110000802100433b", 18).is_err());
}

#[test]
fn bounded_text_refuses_length_and_alphabet_when_it_is_read() {
    let text = |length: u32, bytes: &[u8]| [&length.to_le_bytes(), bytes].concat();
    assert!(decode::<ChainId>(&text(0, b""), 64).is_err());
    assert!(decode::<ChainId>(&text(4, b"Dev1"), 64).is_err());
    assert!(decode::<SystemId>(&text(3, b"a-1"), 64).is_err());
    assert!(decode::<BasisCode>(&text(3, b"A 1"), 64).is_err());
    assert!(decode::<SealId>(&text(3, b" A1"), 64).is_err());
    assert!(decode::<SealId>(&text(3, b"A1\t"), 64).is_err());
    assert!(decode::<SealId>(&text(3, "章".as_bytes()), 64).is_err());
    assert!(decode::<SealId>(&text(2, b"A\xff"), 64).is_err());
    // A length of 4 GiB is refused before memory is set aside for it.
    let error = decode::<SealId>(&text(u32::MAX, b"A"), 64).unwrap_err();
    assert!(error.to_string().contains("1 to 64"), "{error}");
    assert!(decode::<ChainId>(&text(33, &[b'a'; 33]), 64).is_err());
    assert!(decode::<ChainId>(&text(32, &[b'a'; 32]), 64).is_ok());
    assert!("a".repeat(33).parse::<ChainId>().is_err());
}

#[test]
fn development_chains_are_told_by_their_name() {
    let development = |name: &str| name.parse::<ChainId>().unwrap().is_development();
    assert!(development("dev-delta"));
    assert!(!development("yangtze-delta") && !development("dev") && !development("my-dev-1"));
}

/// The name is the digest of 13 (length of the tag), the tag, the blinding and the text; the reference that of 16, the tag, the issuer
/// and the name.
#[test]
fn licence_references() {
    let id: LicenceId = "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A".parse().unwrap();
    for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sm3] {
        let text = id.to_string();
        let name = algorithm.plain(&[&[13], b"huxin/name/v1", &[0; 32], text.as_bytes()]);
        let parts = [&[16][..], b"huxin/licence/v2", b"113100000000000191", name.as_bytes()];
        assert_eq!(LicenceRef::of(algorithm, &id).0, algorithm.plain(&parts));
    }
}

#[test]
fn every_error_says_what_and_where() {
    let errors = [
        "31".parse::<ProvinceCode>().unwrap_err(),
        "31000X".parse::<ProvinceCode>().unwrap_err(),
        "990000".parse::<ProvinceCode>().unwrap_err(),
        "91110000802100433A".parse::<Uscc>().unwrap_err(),
        "x".parse::<LicenceId>().unwrap_err(),
        "1.2.156.3005.2.x".parse::<LicenceId>().unwrap_err(),
        "x".parse::<TimeMs>().unwrap_err(),
        "x".parse::<Height>().unwrap_err(),
        "x".parse::<TxId>().unwrap_err(),
    ];
    let sentences = errors.map(|error| error.to_string());
    assert_eq!(sentences[0], "a province code has 6 characters, this one has 2; copy it again in full");
    assert_eq!(sentences[1], "'X' at position 6 cannot be in a province code; use only the digits 0-9");
    assert!(sentences[3].contains("position 18") && sentences[3].contains("give B"), "{}", sentences[3]);
    for sentence in sentences {
        assert!(sentence.len() > 30 && sentence.is_ascii(), "{sentence}");
    }
}
