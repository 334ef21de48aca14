//! Service-item codes (政务服务事项编码, GB/T 39554.1-2020).
//!
//! | scheme | characters | structure |
//! |---|---|---|
//! | basic (基本编码) | 12 | digits |
//! | implementation (实施编码) | 31 | implementing agency's code (18), level of exercise (1), basic code (12) |
//! | handling item (业务办理项编码) | 33 | implementation code, two digits |
//! | case (办件编码) | 43 | implementation code, date `yyyymmdd`, four digits |
//!
//! The levels inside the basic code differ between editions and are not interpreted.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::shape::{Alphabet, invalid_data, read_bounded, text_serde};
use super::{IdError, IdKind, Uscc, time};

/// Which code of GB/T 39554.1 a text is. The discriminants are wire values.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[borsh(use_discriminant = true)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ItemScheme {
    Basic = 1,
    Implementation = 2,
    HandlingItem = 3,
    Case = 4,
}

impl ItemScheme {
    const ALL: [Self; 4] = [Self::Basic, Self::Implementation, Self::HandlingItem, Self::Case];

    /// Length of a code of this scheme, in characters.
    pub fn chars(self) -> usize {
        match self {
            Self::Basic => 12,
            Self::Implementation => 31,
            Self::HandlingItem => 33,
            Self::Case => 43,
        }
    }
}

/// A service-item code with its scheme. In text the length tells the scheme; on the wire the scheme comes first
/// (`u8` scheme, `u32` length, text).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct ItemCode {
    scheme: ItemScheme,
    text: String,
}

const LENGTHS: &str = "12, 31, 33 or 43";
const CHARS_MAX: usize = 43;
/// Position of the date in a case code.
const CASE_DATE: std::ops::Range<usize> = 31..39;

impl ItemCode {
    /// Reads `text` for length and alphabet only; see [`ItemCode::check`].
    pub fn from_structure(text: &str) -> Result<Self, IdError> {
        Alphabet::UpperAlphanumeric.require(IdKind::Item, text)?;
        let scheme = ItemScheme::ALL.into_iter().find(|scheme| scheme.chars() == text.len());
        let scheme = scheme.ok_or(IdError::Length { kind: IdKind::Item, expected: LENGTHS, found: text.len() })?;
        Ok(Self { scheme, text: text.to_owned() })
    }

    /// The scheme.
    pub fn scheme(&self) -> ItemScheme {
        self.scheme
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The agency that implements the item; `None` for a basic code.
    pub fn agency(&self) -> Option<Uscc> {
        match self.scheme {
            ItemScheme::Basic => None,
            _ => self.text.get(..Uscc::BYTES).and_then(|text| Uscc::from_structure(text).ok()),
        }
    }

    /// The basic code: the whole text, or the twelve digits after agency and level.
    pub fn basic(&self) -> &str {
        match self.scheme {
            ItemScheme::Basic => &self.text,
            _ => self.text.get(19..31).unwrap_or_default(),
        }
    }

    /// Refuses an agency whose code does not verify, a letter among the digits, and a case date that is not a calendar date.
    pub fn check(&self) -> Result<(), IdError> {
        let digits_from = match self.agency() {
            Some(agency) => {
                agency.check()?;
                Uscc::BYTES
            }
            None => 0,
        };
        let letter = self.text.chars().enumerate().skip(digits_from).find(|(_, character)| !character.is_ascii_digit());
        if let Some((index, found)) = letter {
            let allowed = "the digits 0-9 after the agency's 18 characters";
            return Err(IdError::Character { kind: IdKind::Item, position: index + 1, found, allowed });
        }
        match (self.scheme, self.text.get(CASE_DATE)) {
            (ItemScheme::Case, Some(date)) if !time::is_date(date) => Err(IdError::CaseDate { found: date.to_owned() }),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for ItemCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for ItemCode {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code = Self::from_structure(text)?;
        code.check()?;
        Ok(code)
    }
}

impl BorshDeserialize for ItemCode {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let scheme = ItemScheme::deserialize_reader(reader)?;
        let text = read_bounded(reader, IdKind::Item, CHARS_MAX, LENGTHS)?;
        let code = Self::from_structure(&text).map_err(invalid_data)?;
        if code.scheme != scheme {
            let found = text.len();
            return Err(invalid_data(IdError::Length {
                kind: IdKind::Item,
                expected: "the length of its scheme, and",
                found,
            }));
        }
        Ok(code)
    }
}

text_serde!(ItemCode);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::codec::{decode, encode};

    const IMPLEMENTATION: &str = "11370800MB285591843370117002011";
    const CASE: &str = "12441500196720244T3442199806003202206230068";

    #[test]
    fn parts() {
        let code: ItemCode = IMPLEMENTATION.parse().unwrap();
        assert_eq!(code.scheme(), ItemScheme::Implementation);
        assert_eq!(code.agency().unwrap().as_str(), "11370800MB28559184");
        assert_eq!(code.basic(), "370117002011");
        let basic: ItemCode = code.basic().parse().unwrap();
        assert_eq!((basic.scheme(), basic.agency(), basic.basic()), (ItemScheme::Basic, None, code.basic()));
        assert_eq!(format!("{code}01").parse::<ItemCode>().unwrap().scheme(), ItemScheme::HandlingItem);
    }

    #[test]
    fn each_fault_has_its_own_error() {
        let code = |text: &str| text.parse::<ItemCode>().unwrap_err().code().as_str();
        assert_eq!(code("1234"), "identifier.length");
        assert_eq!(code("12345678901A"), "identifier.character");
        assert_eq!(code(&IMPLEMENTATION.replace("9184", "9185")), "identifier.uscc_check");
        assert_eq!(code(&IMPLEMENTATION.replace("3370117", "337011A")), "identifier.character");
        assert_eq!(code(&CASE.replace("20220623", "20220230")), "identifier.case_date");
    }

    #[test]
    fn scheme_and_length_agree_on_the_wire() {
        let code: ItemCode = CASE.parse().unwrap();
        let mut bytes = encode(&code);
        assert_eq!(bytes[0], 4);
        assert_eq!(decode::<ItemCode>(&bytes, 64).unwrap(), code);
        bytes[0] = 2;
        assert!(decode::<ItemCode>(&bytes, 64).is_err());
    }
}
