//! From the bytes of a file to DER: text around it is taken off (PEM, base64), and BER is re-encoded.
//!
//! BouncyCastle writes BER unless it is told otherwise (indefinite lengths, strings in parts), and KingGrid writes base64. Both have one
//! meaning. Signatures are made over the DER encoding of a part, seldom over the bytes as written, so both are kept: [`Source::der`] and
//! [`Source::as_written`].
//!
//! **Invariant**: values of primitives are copied as they stand; only lengths and the parts of strings are written anew. Two files with the
//! same DER say the same.

use std::borrow::Cow;
use std::ops::Range;

use crate::armour;
use crate::asn1::Oddities;

/// Nested elements that are re-encoded. Signature values have some twelve levels.
const DEPTH_MAX: usize = 32;
/// Levels in which re-encoded elements are remembered: what is signed lies within the first six.
const REMEMBERED_DEPTH_MAX: usize = 6;
/// Re-encoded elements remembered of one file.
const REMEMBERED_MAX: usize = 256;

const CONSTRUCTED: u8 = 0x20;
const BIT_STRING: u8 = 0x03;
/// Tag of a SEQUENCE, as which everything here begins.
const SEQUENCE: u8 = 0x30;
const INDEFINITE: u8 = 0x80;
/// Numbers of the universal string types, which BER allows to be written in parts (X.690, 8.6, 8.7 and 8.23).
const STRINGS: [u8; 10] = [0x03, 0x04, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1b, 0x1e];

/// An element that stands in the file otherwise than in DER: where in the DER, and where in the file.
type Reencoded = (Range<usize>, Range<usize>);

/// The bytes of a seal, signature value or certificate, as they stand in a file and as DER.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    written: Cow<'a, [u8]>,
    /// `None` where the file holds DER already, or something that is neither DER nor BER.
    der: Option<Vec<u8>>,
    reencoded: Vec<Reencoded>,
    /// What was taken off or re-encoded.
    pub odd: Oddities,
}

impl<'a> Source<'a> {
    /// Reads bytes that may be DER, BER, PEM or base64. `what` names them in warnings, as in "the seal file".
    pub(crate) fn of(bytes: &'a [u8], what: &str) -> Self {
        let mut odd = Oddities::default();
        let written = match armour::unwrap(bytes) {
            Some(inside) => {
                odd.add(format!("{what} is wrapped in base64 or PEM"));
                Cow::Owned(inside)
            }
            None => Cow::Borrowed(bytes),
        };
        let (der, reencoded) = match to_der(&written) {
            Some((der, reencoded)) if der[..] != written[..] => {
                odd.add(format!("{what} is in BER, as BouncyCastle writes it, where the standard has DER"));
                (Some(der), reencoded)
            }
            _ => (None, Vec::new()),
        };
        Self { written, der, reencoded, odd }
    }

    /// The DER, or the bytes as they stand where they are neither DER nor BER.
    pub(crate) fn der(&self) -> &[u8] {
        self.der.as_deref().unwrap_or(&self.written)
    }

    /// The bytes in the file of a part of [`Source::der`], where they differ.
    pub(crate) fn as_written(&self, part: &[u8]) -> Option<&[u8]> {
        let der = self.der.as_deref()?;
        let (_, written) = self.reencoded.iter().find(|(range, _)| der.get(range.clone()) == Some(part))?;
        self.written.get(written.clone())
    }

    /// The first element of [`Source::der`], without what follows it.
    pub(crate) fn first(&self) -> Option<&[u8]> {
        let head = head(self.der())?;
        self.der().get(..head.start.checked_add(head.length?)?)
    }

    /// Whether the outermost element promises more bytes than there are: the file was cut short.
    pub(crate) fn is_cut_short(&self) -> bool {
        let outer = head(self.der()).filter(|head| head.first == SEQUENCE);
        let promised = outer.and_then(|head| head.start.checked_add(head.length?));
        promised.is_some_and(|end| end > self.der().len())
    }
}

/// The first element of `bytes` in DER, with what follows it, and the elements that changed. `None` where it is no BER, or too deep.
fn to_der(bytes: &[u8]) -> Option<(Vec<u8>, Vec<Reencoded>)> {
    let mut remembered = Vec::new();
    let (mut der, used) = element(bytes, 0, 0, &mut remembered)?;
    der.extend_from_slice(bytes.get(used..)?);
    Some((der, remembered))
}

/// Tag and length at the start of some bytes.
struct Head {
    first: u8,
    /// Bytes of the tag.
    tag: usize,
    /// Where the value begins.
    start: usize,
    /// `None`: indefinite.
    length: Option<usize>,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let first = *bytes.first()?;
    let mut tag = 1;
    if first & 0x1f == 0x1f {
        // A number above 30 takes further bytes, all but the last with the top bit set.
        while bytes.get(tag)? & 0x80 != 0 {
            tag += 1;
        }
        tag += 1;
    }
    let length = *bytes.get(tag)?;
    let count = usize::from(length & 0x7f);
    if length < INDEFINITE {
        return Some(Head { first, tag, start: tag + 1, length: Some(count) });
    }
    if length == INDEFINITE {
        return Some(Head { first, tag, start: tag + 1, length: None });
    }
    let digits = bytes.get(tag + 1..tag + 1 + count)?;
    let mut value: usize = 0;
    for digit in digits {
        value = value.checked_mul(256)?.checked_add(usize::from(*digit))?;
    }
    Some(Head { first, tag, start: tag + 1 + count, length: Some(value) })
}

/// Re-encodes the first element of `bytes`, which stand at `at` in the file; returns it and how many bytes it took. Ranges of DER in
/// `remembered` count from the start of the element that is returned.
fn element(bytes: &[u8], at: usize, depth: usize, remembered: &mut Vec<Reencoded>) -> Option<(Vec<u8>, usize)> {
    if depth > DEPTH_MAX {
        return None;
    }
    let head = head(bytes)?;
    let is_constructed = head.first & CONSTRUCTED != 0;
    let end = head.length.map(|length| head.start.checked_add(length)).map_or(Some(None), |end| end.map(Some))?;
    if !is_constructed {
        // A primitive has no end of its own, so that its length is always there.
        let value = bytes.get(head.start..end?)?;
        return Some((tlv(bytes.get(..head.tag)?, value), end?));
    }
    if end.is_some_and(|end| end > bytes.len()) {
        return None;
    }
    let is_string = head.first & 0xc0 == 0 && STRINGS.contains(&(head.first & 0x1f));
    let mut inside = Vec::new();
    let mut own: Vec<Reencoded> = Vec::new();
    let mut bits = 0;
    let mut position = head.start;
    loop {
        if end == Some(position) {
            break;
        }
        let rest = bytes.get(position..end.unwrap_or(bytes.len()))?;
        if end.is_none() && rest.starts_with(&[0, 0]) {
            position += 2;
            break;
        }
        let before = own.len();
        let (child, used) = element(rest, at + position, depth + 1, &mut own)?;
        if is_string {
            // Parts are of the string's own type; only the last of a BIT STRING may have unused bits.
            let part = self::head(&child).filter(|part| part.first == head.first & !CONSTRUCTED && bits == 0)?;
            let mut value = child.get(part.start..)?;
            if part.first == BIT_STRING {
                bits = *value.first()?;
                value = value.get(1..)?;
            }
            inside.extend_from_slice(value);
        } else {
            own.iter_mut().skip(before).for_each(|(der, _)| *der = shifted(der, inside.len()));
            inside.extend_from_slice(&child);
        }
        position += used;
    }
    let out = if is_string {
        if head.first & 0x1f == BIT_STRING {
            inside.insert(0, bits);
        }
        own.clear();
        tlv(&[head.first & !CONSTRUCTED], &inside)
    } else {
        tlv(bytes.get(..head.tag)?, &inside)
    };
    let before_value = out.len() - inside.len();
    own.iter_mut().for_each(|(der, _)| *der = shifted(der, before_value));
    if depth <= REMEMBERED_DEPTH_MAX && out[..] != *bytes.get(..position)? {
        own.push((0..out.len(), at..at + position));
    }
    remembered.extend(own.into_iter().take(REMEMBERED_MAX.saturating_sub(remembered.len())));
    Some((out, position))
}

fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// Tag, shortest length and value.
fn tlv(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(tag.len() + 9 + value.len());
    out.extend_from_slice(tag);
    match u8::try_from(value.len()) {
        Ok(short) if short < INDEFINITE => out.push(short),
        _ => {
            let digits: Vec<u8> = value.len().to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
            out.push(INDEFINITE | u8::try_from(digits.len()).unwrap_or(8));
            out.extend_from_slice(&digits);
        }
    }
    out.extend_from_slice(value);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn lengths_and_strings_in_parts_become_der() {
        let ber = [0x30, 0x80, 0x24, 0x80, 4, 1, 7, 4, 1, 8, 0, 0, 0x02, 0x81, 1, 5, 0, 0, 0xff];
        let source = Source::of(&ber, "it");
        assert_eq!(source.der(), [0x30, 7, 4, 2, 7, 8, 2, 1, 5, 0xff], "and what follows stays");
        assert_eq!(source.as_written(&[0x30, 7, 4, 2, 7, 8, 2, 1, 5]).unwrap(), &ber[..18]);
        assert_eq!(source.as_written(&[2, 1, 5]), None, "of primitives nothing is signed alone");
        let bits = [0x23, 0x80, 3, 2, 0, 7, 3, 2, 4, 0x70, 0, 0];
        assert_eq!(Source::of(&bits, "it").der(), [3, 3, 4, 7, 0x70]);
        let inner = [0x30, 0x80, 0x30, 0x80, 2, 1, 5, 0, 0, 0x30, 0x80, 2, 1, 6, 0, 0, 0, 0];
        let source = Source::of(&inner, "it");
        assert_eq!(source.as_written(&[0x30, 3, 2, 1, 6]).unwrap(), &inner[9..16]);
    }

    #[test]
    fn der_and_what_is_no_ber_stay_as_they_are() {
        for bytes in [&[0x30, 3, 2, 1, 5][..], &[0x30, 0x80, 2, 1, 5], &[0x30, 9, 2], &[4, 0x80, 0, 0], &[], &[0x1f]] {
            let source = Source::of(bytes, "it");
            assert_eq!(source.der(), bytes);
            assert!(source.odd.0.is_empty() && source.as_written(bytes).is_none());
        }
        let deep: Vec<u8> = [0x30, 0x80].repeat(100_000);
        assert_eq!(Source::of(&deep, "it").der().len(), deep.len());
    }

    #[test]
    fn re_encoding_is_never_a_fault_and_happens_once() {
        bolero::check!().for_each(|bytes: &[u8]| {
            if let Some((der, _)) = to_der(bytes) {
                assert_eq!(to_der(&der).map(|(again, _)| again), Some(der.clone()));
                let source = Source::of(bytes, "it");
                let _ = (source.as_written(&der), source.is_cut_short());
            }
        });
    }
}
