//! Lengths and alphabets, and the two macros that make an identifier type of them.

use super::{IdError, IdKind};

/// The characters an identifier may hold. All are printable ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    Digits,
    UpperAlphanumeric,
    /// `[A-Z0-9._-]`, for codes of this protocol.
    Code,
    /// `[a-z0-9-]`, for names of chains.
    Lower,
    /// Space to tilde, but no space at either end.
    Printable,
}

impl Alphabet {
    fn allows(self, character: char) -> bool {
        match self {
            Self::Digits => character.is_ascii_digit(),
            Self::UpperAlphanumeric => character.is_ascii_digit() || character.is_ascii_uppercase(),
            Self::Code => {
                character.is_ascii_digit() || character.is_ascii_uppercase() || matches!(character, '.' | '_' | '-')
            }
            Self::Lower => character.is_ascii_digit() || character.is_ascii_lowercase() || character == '-',
            Self::Printable => matches!(character, ' '..='~'),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Digits => "the digits 0-9",
            Self::UpperAlphanumeric => "the digits 0-9 and the capital letters A-Z",
            Self::Code => "the digits 0-9, the capital letters A-Z, and . _ -",
            Self::Lower => "the digits 0-9, the small letters a-z, and -",
            Self::Printable => "printable ASCII characters, without a space at either end",
        }
    }

    /// Refuses the first character outside this alphabet.
    pub(super) fn require(self, kind: IdKind, text: &str) -> Result<(), IdError> {
        let last = text.len().saturating_sub(1);
        for (index, (offset, found)) in text.char_indices().enumerate() {
            let space_at_end = found == ' ' && (offset == 0 || offset == last);
            if !self.allows(found) || space_at_end {
                return Err(IdError::Character { kind, position: index + 1, found, allowed: self.name() });
            }
        }
        Ok(())
    }
}

/// Text that names an identifier in borsh input must be UTF-8 before anything else can be said about it.
pub(super) fn utf8(kind: IdKind, bytes: &[u8]) -> Result<&str, IdError> {
    std::str::from_utf8(bytes).map_err(|error| IdError::Character {
        kind,
        position: error.valid_up_to() + 1,
        found: char::REPLACEMENT_CHARACTER,
        allowed: "ASCII characters",
    })
}

/// An [`IdError`] as the error of a borsh reader.
pub(super) fn invalid_data(error: IdError) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, error)
}

/// Reads a borsh string (`u32` length, then bytes) of at most `max_bytes`, refusing a longer one before its bytes
/// are read or memory for them is set aside.
pub(super) fn read_bounded<R: std::io::Read>(
    reader: &mut R,
    kind: IdKind,
    max_bytes: usize,
    expected: &'static str,
) -> std::io::Result<String> {
    let length = usize::try_from(<u32 as borsh::BorshDeserialize>::deserialize_reader(reader)?).unwrap_or(usize::MAX);
    if length > max_bytes {
        return Err(invalid_data(IdError::Length { kind, expected, found: length }));
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    utf8(kind, &bytes).map(str::to_owned).map_err(invalid_data)
}

/// Text forms shared by every identifier: `Debug` shows type and text, JSON is a string read by `FromStr`.
macro_rules! text_serde {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A `Copy` identifier of a fixed number of ASCII bytes. The type adds `check` for what structure does not say.
macro_rules! fixed_id {
    ($(#[$doc:meta])* $name:ident, $length:literal, $expected:literal, $kind:expr, $alphabet:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, borsh::BorshSerialize)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Length in bytes, which are also characters.
            pub const BYTES: usize = $length;

            /// The identifier with this text, checked for length and alphabet only; see `check`.
            pub fn from_structure(text: &str) -> Result<Self, $crate::ids::IdError> {
                $alphabet.require($kind, text)?;
                let bytes = text.as_bytes().try_into().map_err(|_| $crate::ids::IdError::Length {
                    kind: $kind,
                    expected: $expected,
                    found: text.chars().count(),
                })?;
                Ok(Self(bytes))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                // Every way to make one has required ASCII.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }

            /// The text as bytes.
            pub fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let value = Self::from_structure(text)?;
                value.check()?;
                Ok(value)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl borsh::BorshDeserialize for $name {
            fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
                let bytes = <[u8; $length]>::deserialize_reader(reader)?;
                let text = $crate::ids::shape::utf8($kind, &bytes).map_err($crate::ids::shape::invalid_data)?;
                Self::from_structure(text).map_err($crate::ids::shape::invalid_data)
            }
        }

        $crate::ids::shape::text_serde!($name);
    };
}

/// A short ASCII string. Structure is the only rule, so every value of this type is valid.
macro_rules! bounded_id {
    ($(#[$doc:meta])* $name:ident, $max:literal, $expected:literal, $kind:expr, $alphabet:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, borsh::BorshSerialize)]
        pub struct $name(String);

        impl $name {
            /// Greatest length in bytes, which are also characters.
            pub const BYTES_MAX: usize = $max;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if text.is_empty() || text.len() > Self::BYTES_MAX {
                    let found = text.chars().count();
                    return Err($crate::ids::IdError::Length { kind: $kind, expected: $expected, found });
                }
                $alphabet.require($kind, text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl borsh::BorshDeserialize for $name {
            fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
                let text = $crate::ids::shape::read_bounded(reader, $kind, Self::BYTES_MAX, $expected)?;
                text.parse().map_err($crate::ids::shape::invalid_data)
            }
        }

        $crate::ids::shape::text_serde!($name);
    };
}

pub(super) use {bounded_id, fixed_id, text_serde};
