//! Why a text is not the identifier it should be.

use crate::codes::Code;

/// Which identifier a text was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdKind {
    Province,
    Region,
    Uscc,
    LicenceType,
    LicenceId,
    LicenceSerial,
    LicenceVersion,
    Item,
    Seal,
    Basis,
    System,
    Chain,
    Time,
    Height,
    RecordIndex,
    TxId,
    LicenceRef,
    CaseRef,
    BundleRef,
    Material,
    Publication,
    Purpose,
}

impl IdKind {
    /// The name used in sentences.
    pub fn name(self) -> &'static str {
        match self {
            Self::Province => "province code",
            Self::Region => "region code",
            Self::Uscc => "unified social credit code",
            Self::LicenceType => "licence type code",
            Self::LicenceId => "licence identifier",
            Self::LicenceSerial => "serial number of the licence identifier",
            Self::LicenceVersion => "version of the licence identifier",
            Self::Item => "service-item code",
            Self::Seal => "seal number",
            Self::Basis => "legal-basis code",
            Self::System => "system code",
            Self::Chain => "chain id",
            Self::Time => "time",
            Self::Height => "block height",
            Self::RecordIndex => "record index",
            Self::TxId => "transaction id",
            Self::LicenceRef => "licence reference",
            Self::CaseRef => "case reference",
            Self::BundleRef => "bundle reference",
            Self::Material => "material code",
            Self::Publication => "publication code",
            Self::Purpose => "purpose code",
        }
    }
}

impl std::fmt::Display for IdKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is not a valid identifier. Positions count characters from 1.
///
/// Sentences never repeat the whole text: a mistyped field may hold a personal number, and errors are logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Too short or too long.
    #[error("a {kind} has {expected} characters, this one has {found}; copy it again in full")]
    Length { kind: IdKind, expected: &'static str, found: usize },
    /// A character that this identifier never holds.
    #[error("{found:?} at position {position} cannot be in a {kind}; use only {allowed}")]
    Character { kind: IdKind, position: usize, found: char, allowed: &'static str },
    /// The first two digits are not a province of GB/T 2260, or a province code does not end in four zeros.
    #[error(
        "{found} is not a province of GB/T 2260 (positions 1 to {length} of the {kind}); look the code up, for example 310000 for Shanghai"
    )]
    UnknownProvince { kind: IdKind, found: String, length: usize },
    /// The last character of a unified social credit code (GB 32100).
    #[error(
        "the check character at position 18 of the unified social credit code is {found}, but the first 17 give {expected}; one of the 18 characters is mistyped"
    )]
    UsccCheck { expected: char, found: char },
    /// The check character of the organisation code inside a unified social credit code (GB 11714).
    #[error(
        "the check character at position 17 of the unified social credit code is {found}, but positions 9 to 16 give {expected}; one of positions 9 to 17 is mistyped"
    )]
    OrganisationCodeCheck { expected: char, found: char },
    /// Not root and five segments.
    #[error("a licence identifier is {LICENCE_FORM}, with five segments after the root; this one has {found}")]
    LicenceSegments { found: usize },
    /// Not under the root of GB/T 36904.
    #[error(
        "a licence identifier starts with 1.2.156.3005.2. and this one differs at position {position}; it is {LICENCE_FORM}"
    )]
    LicenceRoot { position: usize },
    /// A region code where the strict profile wants the issuing organisation.
    #[error(
        "the issuer segment of the licence identifier is the region code {found}; GB/T 36904 wants the 18-character unified social credit code of the issuing organisation"
    )]
    LicenceIssuer { found: String },
    /// Versions run from 001 to 999.
    #[error("the version of a licence identifier is {found:03}, but versions run from 001 (first issue) to 999")]
    LicenceVersion { found: u16 },
    /// The last character of a licence identifier (ISO 7064 MOD 37,36).
    #[error(
        "the check character that ends the licence identifier is {found}, but type, issuer, serial and version give {expected}; one character is mistyped, or the issuing system computes the check differently"
    )]
    CheckCharacter { expected: char, found: char },
    /// Positions 32 to 39 of a case code are a date.
    #[error(
        "positions 32 to 39 of a case code are the date of the case as yyyymmdd, and {found} is not a calendar date"
    )]
    CaseDate { found: String },
    /// Not a date or a time.
    #[error("not a time: {reason}; write 2026-11-21, 2026-11-21T08:00:00Z or 2026-11-21T16:00:00+08:00")]
    Time { reason: &'static str },
    /// Not a plain decimal number.
    #[error("a {kind} is a decimal number from 0 to 18446744073709551615, without sign, spaces or separators")]
    Number { kind: IdKind },
    /// Not a digest in hex.
    #[error("a {kind} is 64 lower-case hexadecimal characters; copy it again in full")]
    Digest { kind: IdKind },
}

const LICENCE_FORM: &str = "1.2.156.3005.2.<type>.<issuer>.<serial>.<version>.<check>";

impl IdError {
    /// The stable code of this error, for example `identifier.uscc_check`.
    pub fn code(&self) -> Code {
        match self {
            Self::Length { .. } => Code::IdentifierLength,
            Self::Character { .. } => Code::IdentifierCharacter,
            Self::UnknownProvince { .. } => Code::IdentifierUnknownProvince,
            Self::UsccCheck { .. } => Code::IdentifierUsccCheck,
            Self::OrganisationCodeCheck { .. } => Code::IdentifierOrganisationCodeCheck,
            Self::LicenceSegments { .. } => Code::IdentifierLicenceSegments,
            Self::LicenceRoot { .. } => Code::IdentifierLicenceRoot,
            Self::LicenceIssuer { .. } => Code::IdentifierLicenceIssuer,
            Self::LicenceVersion { .. } => Code::IdentifierLicenceVersion,
            Self::CheckCharacter { .. } => Code::IdentifierLicenceCheckCharacter,
            Self::CaseDate { .. } => Code::IdentifierCaseDate,
            Self::Time { .. } => Code::IdentifierTime,
            Self::Number { .. } => Code::IdentifierNumber,
            Self::Digest { .. } => Code::IdentifierDigest,
        }
    }
}
