//! Identifier of an electronic licence (电子证照标识, GB/T 36904-2018).
//!
//! ```text
//! 1.2.156.3005.2 . <type> . <issuer> . <serial> . <version> . <check>
//!    root OID       21        18        1..32       3          1
//! ```

use std::fmt::{self, Display, Formatter};

use borsh::{BorshDeserialize, BorshSerialize};

use super::shape::{Alphabet, invalid_data, read_bounded, text_serde};
use super::{IdError, IdKind, LicenceType, RegionCode, Uscc, mod37_36};

/// Root object identifier of electronic licences.
pub const LICENCE_ROOT: &str = "1.2.156.3005.2";
/// Longest identifier accepted, in characters (a provincial schema keeps it in `varchar(128)`).
pub const LICENCE_ID_CHARS_MAX: usize = 128;

const SERIAL_CHARS_MAX: usize = 32;
const VERSION_MAX: u16 = 999;

/// How strictly [`LicenceId::check_as`] reads GB/T 36904.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LicenceProfile {
    /// As the standard says.
    #[default]
    Strict,
    /// Also accepts a six-digit region code as issuer, as some city systems write it.
    Lenient,
}

/// Who issued a licence, as its identifier says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LicenceIssuer {
    Organisation(Uscc),
    /// Accepted by [`LicenceProfile::Lenient`] only.
    Region(RegionCode),
}

/// Identifier of one version of one licence. It is personal data, so it never goes on the ledger as text:
/// see [`super::LicenceRef`].
///
/// ```
/// use huxin_chain_spec::ids::{IdError, LicenceId};
///
/// let id: LicenceId = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U".parse()?;
/// assert_eq!((id.serial(), id.version()), ("20230000403", 1));
/// # Ok::<(), IdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LicenceId {
    licence_type: LicenceType,
    issuer: LicenceIssuer,
    serial: String,
    version: u16,
    check: char,
}

impl LicenceId {
    /// The identifier of version `version` of the licence `serial` that `issuer` issued, with its check character.
    pub fn new(licence_type: LicenceType, issuer: Uscc, serial: &str, version: u16) -> Result<Self, IdError> {
        let issuer = LicenceIssuer::Organisation(issuer);
        let mut id = Self { licence_type, issuer, serial: read_serial(serial)?, version, check: '0' };
        id.check_parts(LicenceProfile::Strict)?;
        id.check = id.expected_check();
        Ok(id)
    }

    /// The identifier of another version of the same licence number, with its check character.
    pub fn with_version(&self, version: u16) -> Self {
        let mut id = Self { version, ..self.clone() };
        id.check = id.expected_check();
        id
    }

    /// Version 001 of the same licence number, which names its lineage; `None` where this is version 1.
    pub fn first_version(&self) -> Option<Self> {
        (self.version > 1).then(|| self.with_version(1))
    }

    /// Reads `text` and checks it under `profile`. `FromStr` is the strict profile.
    pub fn parse(text: &str, profile: LicenceProfile) -> Result<Self, IdError> {
        let id = Self::from_structure(text)?;
        id.check_as(profile)?;
        Ok(id)
    }

    /// Reads `text` for structure only, so that a document with a wrong check character can still be looked up and
    /// reported on. See [`LicenceId::check_as`].
    pub fn from_structure(text: &str) -> Result<Self, IdError> {
        let kind = IdKind::LicenceId;
        if text.len() > LICENCE_ID_CHARS_MAX {
            return Err(IdError::Length { kind, expected: "at most 128", found: text.chars().count() });
        }
        let segments: Vec<&str> = after_root(text)?.split('.').collect();
        let [licence_type, issuer, serial, version, check] = segments[..] else {
            return Err(IdError::LicenceSegments { found: segments.len() });
        };
        Ok(Self {
            licence_type: LicenceType::from_structure(licence_type)?,
            issuer: read_issuer(issuer)?,
            serial: read_serial(serial)?,
            version: read_version(version)?,
            check: read_check(check)?,
        })
    }

    /// The type of licence.
    pub fn licence_type(&self) -> LicenceType {
        self.licence_type
    }

    /// The issuer.
    pub fn issuer(&self) -> LicenceIssuer {
        self.issuer
    }

    /// The issuer's serial number, 1 to 32 of `[0-9A-Z]`.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The version: 1 for the first issue, one more for each change under the same licence number.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The check character as written, right or wrong.
    pub fn check_character(&self) -> char {
        self.check
    }

    /// [`LicenceId::check_as`] under the strict profile.
    pub fn check(&self) -> Result<(), IdError> {
        self.check_as(LicenceProfile::Strict)
    }

    /// Refuses a type, issuer or version that does not verify, then a wrong check character. Codes are checked first
    /// because their own checks say more exactly where the mistake is.
    pub fn check_as(&self, profile: LicenceProfile) -> Result<(), IdError> {
        self.check_parts(profile)?;
        let expected = self.expected_check();
        if self.check != expected {
            return Err(IdError::CheckCharacter { expected, found: self.check });
        }
        Ok(())
    }

    fn check_parts(&self, profile: LicenceProfile) -> Result<(), IdError> {
        self.licence_type.check()?;
        match (self.issuer, profile) {
            (LicenceIssuer::Organisation(issuer), _) => issuer.check()?,
            (LicenceIssuer::Region(region), LicenceProfile::Lenient) => region.check()?,
            (LicenceIssuer::Region(region), LicenceProfile::Strict) => {
                return Err(IdError::LicenceIssuer { found: region.to_string() });
            }
        }
        if self.version == 0 || self.version > VERSION_MAX {
            return Err(IdError::LicenceVersion { found: self.version });
        }
        Ok(())
    }

    /// MOD 37,36 over type, issuer, serial and version, without dots and root.
    fn expected_check(&self) -> char {
        let (issuer, version) = (self.issuer.to_string(), format!("{:03}", self.version));
        // The structure of every part is [0-9A-Z], so a check character always exists.
        mod37_36::check_character(&[self.licence_type.as_str(), &issuer, &self.serial, &version]).unwrap_or('?')
    }
}

fn after_root(text: &str) -> Result<&str, IdError> {
    let rest = text.strip_prefix(LICENCE_ROOT).and_then(|rest| rest.strip_prefix('.'));
    rest.ok_or_else(|| {
        let root = LICENCE_ROOT.chars().chain(['.']);
        let same = root.zip(text.chars()).take_while(|(expected, found)| expected == found).count();
        IdError::LicenceRoot { position: same + 1 }
    })
}

fn read_issuer(text: &str) -> Result<LicenceIssuer, IdError> {
    if text.len() == RegionCode::BYTES {
        return RegionCode::from_structure(text).map(LicenceIssuer::Region);
    }
    Uscc::from_structure(text).map(LicenceIssuer::Organisation)
}

fn read_serial(text: &str) -> Result<String, IdError> {
    let kind = IdKind::LicenceSerial;
    Alphabet::UpperAlphanumeric.require(kind, text)?;
    if text.is_empty() || text.len() > SERIAL_CHARS_MAX {
        return Err(IdError::Length { kind, expected: "1 to 32", found: text.len() });
    }
    Ok(text.to_owned())
}

fn read_version(text: &str) -> Result<u16, IdError> {
    let kind = IdKind::LicenceVersion;
    Alphabet::Digits.require(kind, text)?;
    let length = IdError::Length { kind, expected: "3", found: text.len() };
    if text.len() == 3 { text.parse().map_err(|_| length) } else { Err(length) }
}

fn read_check(text: &str) -> Result<char, IdError> {
    let kind = IdKind::LicenceId;
    Alphabet::UpperAlphanumeric.require(kind, text)?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(check), None) => Ok(check),
        _ => Err(IdError::Length {
            kind,
            expected: "one check character after the last dot, and this",
            found: text.len(),
        }),
    }
}

impl Display for LicenceIssuer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organisation(code) => code.fmt(f),
            Self::Region(code) => code.fmt(f),
        }
    }
}

impl Display for LicenceId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { licence_type, issuer, serial, version, check } = self;
        write!(f, "{LICENCE_ROOT}.{licence_type}.{issuer}.{serial}.{version:03}.{check}")
    }
}

impl std::str::FromStr for LicenceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, LicenceProfile::Strict)
    }
}

impl BorshSerialize for LicenceId {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        self.to_string().serialize(writer)
    }
}

impl BorshDeserialize for LicenceId {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let text = read_bounded(reader, IdKind::LicenceId, LICENCE_ID_CHARS_MAX, "at most 128")?;
        Self::from_structure(&text).map_err(invalid_data)
    }
}

text_serde!(LicenceId);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::codec::{decode, encode};
    use crate::crypto::DigestAlgorithm;
    use crate::ids::LicenceRef;

    const FIRST: &str = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";

    fn error(text: &str) -> IdError {
        text.parse::<LicenceId>().unwrap_err()
    }

    #[test]
    fn parts_and_making() {
        let id: LicenceId = FIRST.parse().unwrap();
        let LicenceIssuer::Organisation(issuer) = id.issuer() else { unreachable!() };
        assert_eq!(issuer.as_str(), "11430000006122244L");
        assert_eq!(LicenceId::new(id.licence_type(), issuer, id.serial(), 1).unwrap(), id);
        let next = LicenceId::new(id.licence_type(), issuer, id.serial(), 2).unwrap();
        assert_eq!(next.check_character(), 'S');
        assert_ne!(LicenceRef::of(DigestAlgorithm::Sha256, &id), LicenceRef::of(DigestAlgorithm::Sha256, &next));
        for version in [0, 1000] {
            let refused = LicenceId::new(id.licence_type(), issuer, "1", version).unwrap_err();
            assert_eq!(refused, IdError::LicenceVersion { found: version });
        }
        assert_eq!(LicenceId::new(id.licence_type(), issuer, "", 1).unwrap_err().code().as_str(), "identifier.length");
        assert_eq!(
            LicenceId::new(id.licence_type(), issuer, "a", 1).unwrap_err().code().as_str(),
            "identifier.character"
        );
    }

    #[test]
    fn each_fault_has_its_own_error() {
        assert_eq!(error("1.2.156.3005.3.X"), IdError::LicenceRoot { position: 14 });
        assert_eq!(error(""), IdError::LicenceRoot { position: 1 });
        assert_eq!(error(LICENCE_ROOT), IdError::LicenceRoot { position: 15 });
        assert_eq!(error(&FIRST[..FIRST.len() - 2]), IdError::LicenceSegments { found: 4 });
        assert_eq!(error(&format!("{FIRST}.0")), IdError::LicenceSegments { found: 6 });
        assert_eq!(error(&FIRST.replace(".U", ".V")), IdError::CheckCharacter { expected: 'U', found: 'V' });
        assert_eq!(error(&FIRST.replace(".U", ".UU")).code().as_str(), "identifier.length");
        assert_eq!(error(&FIRST.replace(".U", ".")).code().as_str(), "identifier.length");
        assert_eq!(error(&FIRST.replace(".001", ".01")).code().as_str(), "identifier.length");
        assert_eq!(error(&FIRST.replace(".001", ".000")).code().as_str(), "identifier.licence_version");
        assert_eq!(error(&FIRST.replace("44L", "44K")).code().as_str(), "identifier.uscc_check");
        assert_eq!(error(&FIRST.replace(".2023", ".202x")).code().as_str(), "identifier.character");
        assert_eq!(error(&FIRST.to_lowercase()).code().as_str(), "identifier.character");
        assert_eq!(error(&FIRST.replace("20230000403", &"1".repeat(33))).code().as_str(), "identifier.length");
        assert_eq!(error(&FIRST.replace("20230000403", &"1".repeat(90))).code().as_str(), "identifier.length");
        assert_eq!(error(&format!(" {FIRST}")), IdError::LicenceRoot { position: 1 });
    }

    #[test]
    fn structure_reads_what_the_check_refuses() {
        let wrong = FIRST.replace(".U", ".V");
        let id = LicenceId::from_structure(&wrong).unwrap();
        assert_eq!(id.to_string(), wrong);
        assert!(id.check().is_err());
        assert_eq!(decode::<LicenceId>(&encode(&id), 200).unwrap(), id);
        assert!(serde_json::from_str::<LicenceId>(&format!("{wrong:?}")).is_err());
        let long = encode(&"1".repeat(129));
        assert!(decode::<LicenceId>(&long, 200).unwrap_err().to_string().contains("at most 128"));
    }
}
