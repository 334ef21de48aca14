//! The byte form of the engine's messages: readers and writers for primitives and for the protocol's own types.
//!
//! Integers are little-endian and of fixed width; a list or byte string is its `u32` count and then its items; a
//! choice is one byte. Every list is bounded by a limit of its own, memory is only taken for bytes that are there,
//! and bytes left over are refused, so each message has one form.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use huxin_chain_spec::crypto::{DIGEST_BYTES, Digest, KeyId, PublicKey, Signature};

/// Why bytes from a peer or from the write-ahead log are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    #[error("the message ends before its {what}")]
    Short { what: &'static str },
    #[error("{value} is not a {what}")]
    Choice { what: &'static str, value: u8 },
    #[error("{count} {what}, but at most {max} are accepted")]
    TooMany { what: &'static str, count: usize, max: usize },
    #[error("a {what} that cannot be")]
    Value { what: &'static str },
    #[error("{count} bytes after the end of the message")]
    Trailing { count: usize },
}

pub(crate) type Read<T> = Result<T, Malformed>;

/// A type with one byte form.
pub(crate) trait Wire: Sized {
    fn put(&self, out: &mut BytesMut);
    fn get(input: &mut Bytes) -> Read<Self>;
}

/// The whole of `bytes` as a `T`.
pub(crate) fn read_all<T: Wire>(mut bytes: Bytes) -> Read<T> {
    let value = T::get(&mut bytes)?;
    match bytes.remaining() {
        0 => Ok(value),
        count => Err(Malformed::Trailing { count }),
    }
}

/// The whole of `bytes` as a `T`, copied.
pub(crate) fn read<T: Wire>(bytes: &[u8]) -> Read<T> {
    read_all(Bytes::copy_from_slice(bytes))
}

/// The byte form of `value`.
pub(crate) fn write<T: Wire>(value: &T) -> Vec<u8> {
    let mut out = BytesMut::new();
    value.put(&mut out);
    out.to_vec()
}

/// Fails unless `count` more bytes are there.
pub(crate) fn need(input: &Bytes, count: usize, what: &'static str) -> Read<()> {
    if input.remaining() < count { Err(Malformed::Short { what }) } else { Ok(()) }
}

/// One byte that chooses between forms.
pub(crate) fn get_choice(input: &mut Bytes, what: &'static str) -> Read<u8> {
    need(input, 1, what)?;
    Ok(input.get_u8())
}

fn get_count(input: &mut Bytes, max: usize, what: &'static str) -> Read<usize> {
    need(input, 4, what)?;
    let count = usize::try_from(input.get_u32_le()).map_err(|_| Malformed::Value { what })?;
    if count > max { Err(Malformed::TooMany { what, count, max }) } else { Ok(count) }
}

fn put_count(count: usize, out: &mut BytesMut) {
    // Nothing this crate sends comes near u32::MAX; a count that did would be refused by every reader.
    out.put_u32_le(u32::try_from(count).unwrap_or(u32::MAX));
}

/// A list of at most `max` items. Grows as items are read: a count alone takes no memory.
pub(crate) fn get_list<T: Wire>(input: &mut Bytes, max: usize, what: &'static str) -> Read<Vec<T>> {
    let count = get_count(input, max, what)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(T::get(input)?);
    }
    Ok(items)
}

pub(crate) fn put_list<T: Wire>(items: &[T], out: &mut BytesMut) {
    put_count(items.len(), out);
    for item in items {
        item.put(out);
    }
}

/// A byte string of at most `max` bytes, sharing the message's memory.
pub(crate) fn get_bytes(input: &mut Bytes, max: usize, what: &'static str) -> Read<Bytes> {
    let count = get_count(input, max, what)?;
    need(input, count, what)?;
    Ok(input.split_to(count))
}

pub(crate) fn put_bytes(bytes: &[u8], out: &mut BytesMut) {
    put_count(bytes.len(), out);
    out.put_slice(bytes);
}

fn get_array<const N: usize>(input: &mut Bytes, what: &'static str) -> Read<[u8; N]> {
    need(input, N, what)?;
    let mut array = [0; N];
    input.copy_to_slice(&mut array);
    Ok(array)
}

impl Wire for u64 {
    fn put(&self, out: &mut BytesMut) {
        out.put_u64_le(*self);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        need(input, 8, "number")?;
        Ok(input.get_u64_le())
    }
}

impl Wire for u32 {
    fn put(&self, out: &mut BytesMut) {
        out.put_u32_le(*self);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        need(input, 4, "number")?;
        Ok(input.get_u32_le())
    }
}

impl Wire for Digest {
    fn put(&self, out: &mut BytesMut) {
        out.put_slice(self.as_bytes());
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        get_array::<DIGEST_BYTES>(input, "digest").map(Self)
    }
}

impl Wire for KeyId {
    fn put(&self, out: &mut BytesMut) {
        self.0.put(out);
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        Digest::get(input).map(Self)
    }
}

impl Wire for Signature {
    fn put(&self, out: &mut BytesMut) {
        out.put_u8(match self {
            Self::Ed25519(_) => 1,
            Self::Sm2(_) => 2,
        });
        out.put_slice(self.as_bytes());
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "signature scheme")? {
            1 => get_array(input, "signature").map(Self::Ed25519),
            2 => get_array(input, "signature").map(Self::Sm2),
            value => Err(Malformed::Choice { what: "signature scheme", value }),
        }
    }
}

impl Wire for PublicKey {
    fn put(&self, out: &mut BytesMut) {
        out.put_u8(match self {
            Self::Ed25519(_) => 1,
            Self::Sm2(_) => 2,
        });
        out.put_slice(self.as_bytes());
    }

    fn get(input: &mut Bytes) -> Read<Self> {
        match get_choice(input, "key scheme")? {
            1 => get_array(input, "key").map(Self::Ed25519),
            2 => get_array(input, "key").map(Self::Sm2),
            value => Err(Malformed::Choice { what: "key scheme", value }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_huge_count_takes_no_memory() {
        let mut input = Bytes::from_static(&[0xff, 0xff, 0xff, 0x7f]);
        assert_eq!(
            get_list::<u64>(&mut input, 128, "votes"),
            Err(Malformed::TooMany { what: "votes", count: 0x7fff_ffff, max: 128 })
        );
        let mut input = Bytes::from_static(&[100, 0, 0, 0, 1]);
        assert_eq!(get_list::<u64>(&mut input, 128, "votes"), Err(Malformed::Short { what: "number" }));
    }

    #[test]
    fn trailing_bytes_are_refused() {
        let mut bytes = write(&7u64);
        assert_eq!(read::<u64>(&bytes), Ok(7));
        bytes.push(0);
        assert_eq!(read::<u64>(&bytes), Err(Malformed::Trailing { count: 1 }));
    }

    #[test]
    fn an_unknown_scheme_is_refused() {
        let mut bytes = write(&Signature::Ed25519([3; 64]));
        bytes[0] = 9;
        assert_eq!(read::<Signature>(&bytes), Err(Malformed::Choice { what: "signature scheme", value: 9 }));
    }
}
