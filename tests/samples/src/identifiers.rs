//! Made-up codes that pass every check of their standards: organisations (GB 32100, GB 11714) and licences (GB/T 36904).

use crate::error::SampleError;

/// Root of every licence identifier.
const LICENCE_ROOT: &str = "1.2.156.3005.2";

/// Social credit code of a made-up organ of state: `11`, region (6 digits), organisation code from an 8-digit serial.
///
/// # Errors
/// A region that is not six digits, or a serial of more than eight.
pub fn social_credit_code(region: &str, serial: u32) -> Result<String, SampleError> {
    if region.len() != 6 || !region.bytes().all(|digit| digit.is_ascii_digit()) || serial > 99_999_999 {
        return Err(SampleError::argument("organisation", "a region of 6 digits and a serial of at most 8 are needed"));
    }
    let organisation = format!("{serial:08}");
    let inner = organisation_check(&organisation);
    let body = format!("11{region}{organisation}{inner}");
    Ok(format!("{body}{}", social_credit_check(&body)))
}

/// Whether both check characters of a social credit code hold.
pub fn social_credit_code_holds(code: &str) -> bool {
    let Some((body, last)) = code.split_at_checked(17) else { return false };
    let Some((_, organisation)) = body.split_at_checked(8) else { return false };
    let Some((organisation, inner)) = organisation.split_at_checked(8) else { return false };
    body.bytes().all(|letter| value(SOCIAL_CREDIT_ALPHABET, letter).is_some())
        && last == social_credit_check(body).to_string()
        && inner == organisation_check(organisation).to_string()
}

/// Licence identifier with its right check character.
///
/// `kind` is the type code (social credit code of the defining authority and three digits), `issuer` a social credit
/// code, `serial` of 1 to 32 characters `0-9A-Z`.
///
/// # Errors
/// A part that breaks these rules, or an identifier above 128 characters.
pub fn licence_identifier(kind: &str, issuer: &str, serial: &str, version: u16) -> Result<String, SampleError> {
    let body = licence_body(kind, issuer, serial, version)?;
    let check = licence_check(&body);
    Ok(spell(kind, issuer, serial, version, check))
}

/// Licence identifier whose check character is the next one in the alphabet, and so wrong.
pub(crate) fn licence_identifier_miswritten(
    kind: &str,
    issuer: &str,
    serial: &str,
    version: u16,
) -> Result<String, SampleError> {
    let right = value(
        LICENCE_ALPHABET,
        u8::try_from(licence_check(&licence_body(kind, issuer, serial, version)?)).unwrap_or(b'0'),
    );
    let wrong = letter(LICENCE_ALPHABET, (right.unwrap_or(0) + 1) % 36);
    Ok(spell(kind, issuer, serial, version, wrong))
}

fn spell(kind: &str, issuer: &str, serial: &str, version: u16, check: char) -> String {
    format!("{LICENCE_ROOT}.{kind}.{issuer}.{serial}.{version:03}.{check}")
}

fn licence_body(kind: &str, issuer: &str, serial: &str, version: u16) -> Result<String, SampleError> {
    let (authority, number) = kind.split_at_checked(18).unwrap_or((kind, ""));
    if !social_credit_code_holds(authority) || number.len() != 3 || !number.bytes().all(|digit| digit.is_ascii_digit())
    {
        return Err(SampleError::argument("licence type", "give a social credit code and three digits, 21 characters"));
    }
    if !social_credit_code_holds(issuer) {
        return Err(SampleError::argument("issuer", format!("'{issuer}' is not a social credit code (GB 32100)")));
    }
    if !(1..=32).contains(&serial.len()) || !serial.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) {
        return Err(SampleError::argument("serial", "1 to 32 characters of 0-9 and A-Z"));
    }
    if !(1..=999).contains(&version) {
        return Err(SampleError::argument("version", "1 to 999"));
    }
    Ok(format!("{kind}{issuer}{serial}{version:03}"))
}

const LICENCE_ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SOCIAL_CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// ISO 7064 MOD 37,36 (GB/T 17710).
fn licence_check(body: &str) -> char {
    let product = body.bytes().fold(36, |product, character| {
        let sum = (product + value(LICENCE_ALPHABET, character).unwrap_or(0)) % 36;
        (if sum == 0 { 36 } else { sum }) * 2 % 37
    });
    letter(LICENCE_ALPHABET, (37 - product) % 36)
}

/// GB 32100: weights are powers of 3 modulo 31.
fn social_credit_check(body: &str) -> char {
    let (sum, _) = body.bytes().fold((0, 1), |(sum, weight), character| {
        (sum + value(SOCIAL_CREDIT_ALPHABET, character).unwrap_or(0) * weight, weight * 3 % 31)
    });
    letter(SOCIAL_CREDIT_ALPHABET, (31 - sum % 31) % 31)
}

/// GB 11714.
fn organisation_check(body: &str) -> char {
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body
        .bytes()
        .zip(weights)
        .map(|(character, weight)| value(LICENCE_ALPHABET, character).unwrap_or(0) * weight)
        .sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => letter(LICENCE_ALPHABET, digit),
    }
}

fn value(alphabet: &[u8], character: u8) -> Option<usize> {
    alphabet.iter().position(|&known| known == character)
}

fn letter(alphabet: &[u8], value: usize) -> char {
    alphabet.get(value).map_or('0', |&octet| char::from(octet))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn published_licence_identifiers_have_the_check_character_we_compute() {
        for identifier in [
            "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
            "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.S",
            "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
            "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A",
        ] {
            let parts: Vec<&str> = identifier.split('.').collect();
            let made = licence_identifier(parts[5], parts[6], parts[7], parts[8].parse().unwrap()).unwrap();
            assert_eq!(made, identifier);
            let wrong = licence_identifier_miswritten(parts[5], parts[6], parts[7], parts[8].parse().unwrap()).unwrap();
            assert_eq!(wrong[..wrong.len() - 1], identifier[..identifier.len() - 1]);
            assert_ne!(wrong, identifier);
        }
        assert_eq!(licence_check("A12425GABC1234002"), 'M', "example of ISO 7064");
    }

    #[test]
    fn organisation_codes_are_those_of_the_vectors() {
        for (region, serial, code) in [
            ("310000", 1, "113100000000000191"),
            ("330000", 2, "113300000000000274"),
            ("320000", 3, "11320000000000035T"),
            ("340000", 4, "11340000000000043X"),
        ] {
            assert_eq!(social_credit_code(region, serial).unwrap(), code);
        }
    }

    #[test]
    fn codes_of_known_bodies_hold_and_altered_ones_do_not() {
        for code in ["91110000802100433B", "11100000000013338W", "11100000MB0143028R", "11370306MB2867521U"] {
            assert!(social_credit_code_holds(code), "{code}");
        }
        for code in ["91110000000019241G", "91520000714305006L", "91330108768215018K", "11100000000013338X", "", "11"] {
            assert!(!social_credit_code_holds(code), "{code}");
        }
    }

    #[test]
    fn parts_that_break_the_rules_are_refused() {
        let kind = "11100000000013338W011";
        let issuer = "113100000000000191";
        assert!(licence_identifier("11100000000013338W01", issuer, "1", 1).is_err());
        assert!(licence_identifier(kind, "113100000000000192", "1", 1).is_err());
        assert!(licence_identifier(kind, issuer, "", 1).is_err());
        assert!(licence_identifier(kind, issuer, "a", 1).is_err());
        assert!(licence_identifier(kind, issuer, &"1".repeat(33), 1).is_err());
        assert!(licence_identifier(kind, issuer, "1", 0).is_err());
        assert!(licence_identifier(kind, issuer, "1", 1000).is_err());
        assert!(social_credit_code("31000", 1).is_err());
        assert!(social_credit_code("310000", 100_000_000).is_err());
    }
}
