//! Licence type code (证照类型代码, GB/T 36904-2018).

use super::shape::{Alphabet, fixed_id};
use super::{IdError, IdKind, Uscc};

fixed_id! {
    /// Type of a licence: the unified social credit code of the authority that defines it, then three digits.
    LicenceType, 21, "21", IdKind::LicenceType, Alphabet::UpperAlphanumeric
}

impl LicenceType {
    /// The authority that defines this type. Its checks hold if [`LicenceType::check`] passes.
    pub fn authority(&self) -> Uscc {
        let mut bytes = [0; Uscc::BYTES];
        bytes.copy_from_slice(&self.0[..Uscc::BYTES]);
        Uscc::of_alphanumerics(bytes)
    }

    /// The three digits the authority gave this type.
    pub fn number(&self) -> &str {
        &self.as_str()[Uscc::BYTES..]
    }

    /// Refuses an authority whose code does not verify, or a number that is not three digits.
    pub fn check(&self) -> Result<(), IdError> {
        self.authority().check()?;
        let Some(index) = self.number().bytes().position(|byte| !byte.is_ascii_digit()) else {
            return Ok(());
        };
        Err(IdError::Character {
            kind: IdKind::LicenceType,
            position: Uscc::BYTES + index + 1,
            found: char::from(self.0[Uscc::BYTES + index]),
            allowed: "the digits 0-9 at positions 19 to 21",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn authority_and_number() {
        let safety: LicenceType = "11100000000013338W011".parse().unwrap();
        assert_eq!(safety.authority().as_str(), "11100000000013338W");
        assert_eq!(safety.number(), "011");
    }

    #[test]
    fn refuses_a_wrong_authority_and_a_wrong_number() {
        assert_eq!(
            "111000000000133380011".parse::<LicenceType>().unwrap_err().code().as_str(),
            "identifier.uscc_check"
        );
        let error = "11100000000013338W0A1".parse::<LicenceType>().unwrap_err();
        assert!(matches!(error, IdError::Character { position: 20, found: 'A', .. }), "{error}");
        assert_eq!("11100000000013338W01".parse::<LicenceType>().unwrap_err().code().as_str(), "identifier.length");
    }
}
