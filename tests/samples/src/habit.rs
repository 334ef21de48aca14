//! How software of the field writes signatures and seals: departures from the standards that change no meaning. Files of each kind
//! are met in public repositories; `docs/documents.md` lists them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::pem;
use crate::der;

/// Departures of one signature. The default has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Habit {
    /// The BIT STRING of the signature value.
    pub bits: Bits,
    /// The BIT STRING of the digest of Signature.xml.
    pub hash_bits: Bits,
    /// What is named as the algorithm of a seal's signature.
    pub algorithm: Option<&'static [u64]>,
    /// What is around the whole value.
    pub packing: Packing,
    /// How v1 writes its time.
    pub time: TimeForm,
    /// A time stamp follows without its tag.
    pub bare_stamp: bool,
    /// The content of signed data is base64 text of the digest.
    pub content_base64: bool,
    /// User identifier in place of the standard's.
    pub user_id: Option<&'static str>,
}

/// How a BIT STRING is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bits {
    /// Whole octets.
    #[default]
    Whole,
    /// As OpenSSL does unless told otherwise: zero octets at the end dropped, zero bits at the end counted as unused.
    Trimmed,
    /// The number of octets in the place of the number of unused bits.
    LengthFirst,
}

impl Bits {
    /// The BIT STRING.
    pub fn write(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Whole => der::bits(octets),
            Self::Trimmed => {
                let kept = octets.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
                let kept = octets.get(..kept).unwrap_or_default();
                let unused = kept.last().map_or(0, |last| last.trailing_zeros());
                der::bits_but(u8::try_from(unused).unwrap_or(0), kept)
            }
            Self::LengthFirst => der::tlv(0x03, &[&[u8::try_from(octets.len()).unwrap_or(0)], octets].concat()),
        }
    }
}

/// What is around a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Packing {
    /// Nothing.
    #[default]
    Der,
    /// Lines of base64.
    Base64,
    /// PEM.
    Pem,
    /// The outermost length is indefinite.
    OuterIndefinite,
    /// Every length of something constructed is indefinite.
    Indefinite,
}

impl Packing {
    /// Packs a DER value.
    pub fn pack(self, value: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Der => value,
            Self::Base64 => {
                STANDARD.encode(value).into_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect()
            }
            Self::Pem => pem("PKCS7", &value).into_bytes(),
            Self::OuterIndefinite => indefinite(&value, 1),
            Self::Indefinite => indefinite(&value, usize::MAX),
        }
    }
}

/// The values in some DER, the constructed ones down to `levels` with an indefinite length (X.690, 8.1.3.6).
fn indefinite(mut values: &[u8], levels: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while let [tag, length, rest @ ..] = values {
        let digits = if *length < 0x80 { 0 } else { usize::from(length & 0x7f) };
        let (long, rest) = rest.split_at(digits.min(rest.len()));
        let length = if digits == 0 {
            usize::from(*length)
        } else {
            long.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit))
        };
        let (content, after) = rest.split_at(length.min(rest.len()));
        if tag & 0x20 != 0 && levels > 0 {
            out.extend([*tag, 0x80]);
            out.extend(indefinite(content, levels - 1));
            out.extend([0, 0]);
        } else {
            out.extend(der::tlv(*tag, content));
        }
        values = after;
    }
    out
}

/// How a seal's signature of v1 writes its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeForm {
    /// DER UTCTime in a BIT STRING.
    #[default]
    Der,
    /// Seconds since 1970 as text.
    UnixText,
    /// A time-stamp token, of which nobody made the signature.
    Token,
    /// Text of a UTCTime behind its own length.
    LengthFirst,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_trimmed_as_openssl_does() {
        assert_eq!(Bits::Trimmed.write(&[1, 0x50, 0]), [3, 3, 4, 1, 0x50]);
        assert_eq!(Bits::Trimmed.write(&[1]), Bits::Whole.write(&[1]));
        assert_eq!(Bits::LengthFirst.write(&[7, 8]), [3, 3, 2, 7, 8]);
    }

    #[test]
    fn lengths_become_indefinite_level_by_level() {
        let value = der::sequence(&[der::sequence(&[der::integer(5)])]);
        assert_eq!(indefinite(&value, 1), [0x30, 0x80, 0x30, 3, 2, 1, 5, 0, 0]);
        assert_eq!(indefinite(&value, 9), [0x30, 0x80, 0x30, 0x80, 2, 1, 5, 0, 0, 0, 0]);
    }
}
