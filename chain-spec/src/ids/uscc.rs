//! Unified social credit code (统一社会信用代码, GB 32100-2015).
//!
//! ```text
//!  position  1          2         3..8           9..16              17                 18
//!            authority  category  region         organisation code  its check (11714)  check (32100)
//! ```

use super::shape::{Alphabet, fixed_id};
use super::{IdError, IdKind, ProvinceCode, RegionCode};

fixed_id! {
    /// Code of an organisation: 18 characters that carry two independent checks.
    Uscc, 18, "18", IdKind::Uscc, Alphabet::UpperAlphanumeric
}

/// GB 32100-2015, table of characters: no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const ALPHABET_NAME: &str = "the digits 0-9 and the capital letters A-Z without I, O, S, V and Z";
/// GB 32100-2015: weight of position `i` is `3^(i-1) mod 31`.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// GB 11714-1997: weights of the eight characters of the organisation code.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
/// Position of the organisation code within the 18 characters, and of its check character.
const ORGANISATION: std::ops::Range<usize> = 8..16;
const ORGANISATION_CHECK: usize = 16;
/// Position of the region of the authority that registered the organisation.
const REGION: std::ops::Range<usize> = 2..8;

impl Uscc {
    /// The code with these bytes, which the caller knows to be digits and capital letters.
    pub(super) fn of_alphanumerics(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Refuses a wrong alphabet, a wrong check character, or a wrong check of the inner organisation code.
    pub fn check(&self) -> Result<(), IdError> {
        let expected = self.expected_check()?;
        if self.0[17] != expected {
            return Err(IdError::UsccCheck { expected: char::from(expected), found: char::from(self.0[17]) });
        }
        let expected = organisation_check(&self.0[ORGANISATION]);
        if self.0[ORGANISATION_CHECK] != expected {
            let found = char::from(self.0[ORGANISATION_CHECK]);
            return Err(IdError::OrganisationCodeCheck { expected: char::from(expected), found });
        }
        Ok(())
    }

    /// The region of the authority that registered the organisation: characters 3 to 8, as they are written.
    pub fn region_text(&self) -> &str {
        &self.as_str()[REGION]
    }

    /// The province the organisation belongs to, by its region. Bodies registered nationally have the region 100000 and belong to the
    /// national platform; those of 新疆生产建设兵团 are written with 66 or 99.
    ///
    /// # Errors
    /// [`IdError::UnknownProvince`] or [`IdError::Character`] where the region names no province.
    pub fn province(&self) -> Result<ProvinceCode, IdError> {
        let text = match self.region_text() {
            "100000" => "000000",
            text if text.starts_with("99") => "660000",
            text => text,
        };
        Ok(text.parse::<RegionCode>()?.province())
    }

    /// `ALPHABET[(31 - sum(value * weight) mod 31) mod 31]` over the first 17 characters.
    fn expected_check(&self) -> Result<u8, IdError> {
        let mut sum = 0;
        for (index, &byte) in self.0.iter().enumerate() {
            let value = value_31(byte).ok_or(IdError::Character {
                kind: IdKind::Uscc,
                position: index + 1,
                found: char::from(byte),
                allowed: ALPHABET_NAME,
            })?;
            sum += value * WEIGHTS.get(index).copied().unwrap_or(0);
        }
        let position = usize::try_from((31 - sum % 31) % 31).unwrap_or(0);
        Ok(ALPHABET[position])
    }
}

fn value_31(byte: u8) -> Option<u32> {
    ALPHABET.iter().position(|&candidate| candidate == byte).and_then(|position| u32::try_from(position).ok())
}

/// GB 11714-1997: `c = 11 - sum mod 11`, where 10 is written X and 11 is written 0.
fn organisation_check(code: &[u8]) -> u8 {
    let sum: u32 = code
        .iter()
        .zip(ORGANISATION_WEIGHTS)
        .map(|(&byte, weight)| char::from(byte).to_digit(36).unwrap_or(0) * weight)
        .sum();
    match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn worked_examples() {
        let sum = |text: &str| -> u32 {
            text.bytes().zip(WEIGHTS).map(|(byte, weight)| value_31(byte).unwrap() * weight).sum()
        };
        assert_eq!(sum("91110000802100433"), 485);
        assert_eq!(sum("11100000000013338"), 437);
        assert_eq!(Uscc::from_structure("91110000802100433A").unwrap().expected_check().unwrap(), b'B');
        assert_eq!(Uscc::from_structure("111000000000133380").unwrap().expected_check().unwrap(), b'W');
    }

    #[test]
    fn weights_are_powers_of_three() {
        let mut power = 1;
        for weight in WEIGHTS {
            assert_eq!(weight, power);
            power = power * 3 % 31;
        }
    }

    #[test]
    fn an_organisation_belongs_to_the_province_that_registered_it() {
        let province = |text: &str| Uscc::from_structure(text).unwrap().province().map(|code| code.to_string());
        assert_eq!(province("11330105002500287C"), Ok("330000".to_owned()));
        assert_eq!(province("11100000000013338W"), Ok("000000".to_owned()));
        assert_eq!(province("11660000000000000X"), Ok("660000".to_owned()));
        assert_eq!(province("11990000000000000X"), Ok("660000".to_owned()));
        for text in ["11100001000013338W", "11800000000013338W", "11AB0000000013338W"] {
            assert!(province(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_wrong_check_has_its_own_error() {
        assert_eq!("91110000802100433A".parse::<Uscc>().unwrap_err(), IdError::UsccCheck { expected: 'B', found: 'A' });
        // Inner check changed from 3 to 4, outer check made right again.
        let mut broken = Uscc::from_structure("91110000802100434B").unwrap();
        broken.0[17] = broken.expected_check().unwrap();
        assert_eq!(broken.check().unwrap_err(), IdError::OrganisationCodeCheck { expected: '3', found: '4' });
        let error = "91110000802100433I".parse::<Uscc>().unwrap_err();
        assert!(matches!(error, IdError::Character { position: 18, found: 'I', .. }), "{error}");
    }
}
