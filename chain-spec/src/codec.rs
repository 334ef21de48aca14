//! Canonical encoding: borsh, little-endian, one byte string per value.
//!
//! Borsh accepts only one encoding of most types but not of all (it reads unsorted maps, for one).
//! So [`decode`] takes a limit, rejects trailing bytes, and re-encodes to compare: what was signed is what was read.

use std::io::{ErrorKind, Write};

use borsh::{BorshDeserialize, BorshSerialize};

/// Why bytes could not be read as a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Longer than the caller allows for this type.
    #[error("{actual_bytes} bytes, but at most {limit_bytes} are accepted here")]
    TooLong { limit_bytes: usize, actual_bytes: usize },
    /// Truncated, trailing bytes, or an unknown variant tag.
    #[error("not a {type_name}: {reason}")]
    Malformed { type_name: &'static str, reason: String },
    /// Readable, but not the one canonical encoding.
    #[error("not the canonical encoding of a {type_name}")]
    NotCanonical { type_name: &'static str },
}

/// The canonical bytes of a value.
///
/// Writing to memory cannot fail; a length that does not fit borsh's `u32` cannot be built from decoded input.
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    // A Vec writer never errors; a collection over u32::MAX elements is beyond every limit of this protocol.
    let written = value.serialize(&mut bytes);
    debug_assert!(written.is_ok());
    bytes
}

/// Reads a value from exactly `bytes`, at most `limit_bytes` long.
pub fn decode<T: BorshSerialize + BorshDeserialize>(bytes: &[u8], limit_bytes: usize) -> Result<T, CodecError> {
    if bytes.len() > limit_bytes {
        return Err(CodecError::TooLong { limit_bytes, actual_bytes: bytes.len() });
    }
    let type_name = short_name::<T>();
    let value =
        T::try_from_slice(bytes).map_err(|error| CodecError::Malformed { type_name, reason: error.to_string() })?;
    let mut expected = Expected(bytes);
    if value.serialize(&mut expected).is_err() || !expected.0.is_empty() {
        return Err(CodecError::NotCanonical { type_name });
    }
    Ok(value)
}

/// A writer that accepts exactly these bytes: compares an encoding with them without storing it.
struct Expected<'a>(&'a [u8]);

impl Write for Expected<'_> {
    fn write(&mut self, written: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.strip_prefix(written).ok_or(ErrorKind::InvalidData)?;
        Ok(written.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn short_name<T>() -> &'static str {
    let full = std::any::type_name::<T>();
    full.rsplit("::").next().unwrap_or(full)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn refuses_trailing_and_truncated_and_long() {
        let bytes = encode(&(7u64, vec![1u8, 2]));
        assert_eq!(decode::<(u64, Vec<u8>)>(&bytes, 64).unwrap(), (7, vec![1, 2]));
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(matches!(decode::<(u64, Vec<u8>)>(&longer, 64), Err(CodecError::Malformed { .. })));
        assert!(decode::<(u64, Vec<u8>)>(&bytes[..bytes.len() - 1], 64).is_err());
        assert!(matches!(decode::<(u64, Vec<u8>)>(&bytes, 3), Err(CodecError::TooLong { limit_bytes: 3, .. })));
    }
}
