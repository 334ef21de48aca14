//! An SM2 signature value at the edge: DER `SEQUENCE { r INTEGER, s INTEGER }` as GM/T 0009 has it, or the raw 64 bytes
//! r‖s that some production systems write; inside, always r‖s.
//!
//! ```text
//! 30 44..48   02 20|21 [00] r   02 20|21 [00] s      or      r (32) s (32)
//! ```
//! Three departures leave one reading of r and s in 1..n-1, and are read and noted: zeros too many before r or s, the sign byte missing
//! where their top bit is set (DianJu, Azt; bcgit/bc-java#2237), and zero bytes missing at the end (OpenSSL's BIT STRING). Whether the
//! reading is right is for the verification to say.

use der::Tag;
use der::asn1::ObjectIdentifier;

use crate::asn1::{Element, Fault, Oddities};
use crate::reason::Reason;

/// Longest r or s looked at: 32 bytes and zeros before them.
const PADDED_BYTES_MAX: usize = 64;
/// Zero bytes that may be missing at the end; see `asn1::restored`.
const DROPPED_BYTES_MAX: usize = 4;
/// Tag and length of a SEQUENCE { r, s }.
const HEADER_BYTES: usize = 2;
/// SM2 with SM3 (GM/T 0006).
pub const SM2_WITH_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
/// SM2 signature, as GB/T 35275 names it in a SignerInfo.
pub const SM2_SIGN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301.1");
/// The SM2 curve, which some software names instead of the algorithm.
pub const SM2_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// Public key on an elliptic curve (RFC 5480).
pub const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Identifiers that some software writes where the algorithm of an SM2 signature belongs: signedData (easyofd), data, and
/// SM3. Beside an SM2 key they mean nothing else.
const WRITTEN_FOR_SM2: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.2"),
    ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.1"),
    ObjectIdentifier::new_unwrap("1.2.156.10197.1.401"),
];
/// SM3.
pub const SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401");
/// SM3 without a key, as GM/T 0006 numbers it. (401.2 is SM3 with a key, which is another function.)
pub const SM3_PLAIN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401.1");

/// How a signature value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum ValueForm {
    /// `SEQUENCE { r, s }`.
    #[serde(rename = "SM2-SM3 DER")]
    Der,
    /// 64 bytes.
    #[serde(rename = "SM2-SM3 raw64")]
    Raw64,
}

/// r‖s, 64 bytes big-endian, and how it was written. Range is checked by the verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sm2Value {
    pub r_s: [u8; 64],
    pub form: ValueForm,
    pub writing: Writing,
}

/// How a value departs from its standard form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Writing {
    /// r or s has a leading zero that DER leaves out.
    pub is_padded: bool,
    /// r or s has its top bit set and no zero before it, so that DER would have a negative number.
    pub is_without_sign_byte: bool,
    /// Zero bytes at the end are missing.
    pub is_trimmed: bool,
}

impl Writing {
    /// What to say of it, in the words of warnings.
    fn notes(self) -> impl Iterator<Item = &'static str> {
        let notes = [
            (self.is_padded, "has a zero before r or s that DER leaves out"),
            (self.is_without_sign_byte, "has r or s without the zero byte of its sign (DianJu, Azt)"),
            (self.is_trimmed, "lacks zero bytes at its end, as OpenSSL writes a BIT STRING (Suwell, ICBC)"),
        ];
        notes.into_iter().filter_map(|(met, text)| met.then_some(text))
    }
}

impl Sm2Value {
    /// Reads either form, as the head of this file says.
    ///
    /// # Errors
    /// [`Reason::SignatureValue`] for numbers that no signature has (zero, above 32 bytes) and bytes of neither form;
    /// [`Reason::Format`] for other shapes in a SEQUENCE; [`Reason::TrailingBytes`] for bytes after the SEQUENCE.
    pub fn read(bytes: &[u8], field: &'static str) -> Result<Self, Fault> {
        if let Some(whole) = without_trimming(bytes) {
            let mut value = Self::of_der(&whole, field)?;
            value.writing.is_trimmed = true;
            return Ok(value);
        }
        if (64 - DROPPED_BYTES_MAX..=64).contains(&bytes.len()) {
            // A DER value of 64 bytes in all would need r or s of at most 29 bytes: one in 2^24 at best. Its inner lengths
            // add up exactly, which raw bytes do once in some 2^40.
            return Self::of_der(bytes, field).or_else(|_| Ok(Self::of_raw(bytes)));
        }
        Self::of_der(bytes, field)
    }

    fn of_raw(bytes: &[u8]) -> Self {
        let mut r_s = [0; 64];
        r_s.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let writing = Writing { is_trimmed: bytes.len() < 64, ..Writing::default() };
        Self { r_s, form: ValueForm::Raw64, writing }
    }

    fn of_der(bytes: &[u8], field: &'static str) -> Result<Self, Fault> {
        if bytes.first() != Some(&0x30) {
            let detail = format!("{} bytes that are neither SEQUENCE {{ r, s }} nor the 64 bytes of both", bytes.len());
            return Err(Fault::new(Reason::SignatureValue, field, detail));
        }
        let mut fields = Element::whole(bytes, field)?.sequence(field)?;
        let (r, s) = (fields.next(field)?, fields.next(field)?);
        fields.end()?;
        let mut r_s = [0; 64];
        let (left, right) = r_s.split_at_mut(32);
        number(r, left, field)?;
        number(s, right, field)?;
        let writing = Writing {
            is_padded: [r, s].iter().any(|number| matches!(number.value, [0, ..=0x7f, ..])),
            is_without_sign_byte: [r, s].iter().any(|number| matches!(number.value, [0x80..=0xff, ..])),
            is_trimmed: false,
        };
        Ok(Self { r_s, form: ValueForm::Der, writing })
    }
}

/// `SEQUENCE { r, s }` whose last zero bytes are missing, with them: its outer length says how many.
fn without_trimming(bytes: &[u8]) -> Option<Vec<u8>> {
    let [0x30, length @ ..0x80, ..] = *bytes else { return None };
    let missing = (HEADER_BYTES + usize::from(length)).checked_sub(bytes.len())?;
    (1..=DROPPED_BYTES_MAX).contains(&missing).then(|| [bytes, &[0; DROPPED_BYTES_MAX][..missing]].concat())
}

/// Writes an INTEGER into 32 bytes, right-aligned, read without a sign.
fn number(element: Element<'_>, into: &mut [u8], field: &'static str) -> Result<(), Fault> {
    let refuse = |why: &str| Fault::new(Reason::SignatureValue, field, why);
    element.expect(Tag::Integer, field)?;
    if element.value.is_empty() || element.value.len() > PADDED_BYTES_MAX {
        return Err(Fault::format(field, format!("an INTEGER of {} bytes", element.value.len())));
    }
    let zeros = element.value.iter().take_while(|byte| **byte == 0).count();
    let magnitude = element.value.get(zeros..).unwrap_or_default();
    if magnitude.len() > into.len() {
        return Err(refuse("r or s is negative, or has more than 32 bytes"));
    }
    if magnitude.is_empty() {
        return Err(refuse("r or s is zero"));
    }
    let at = into.len() - magnitude.len();
    if let Some(tail) = into.get_mut(at..) {
        tail.copy_from_slice(magnitude);
    }
    Ok(())
}

impl<'a> Element<'a> {
    /// The bytes of an INTEGER that is not negative, without leading zeros.
    pub(crate) fn unsigned(self, field: &'static str) -> Result<&'a [u8], Fault> {
        self.expect(Tag::Integer, field)?;
        let zeros = self.value.iter().take_while(|byte| **byte == 0).count();
        Ok(self.value.get(zeros..).unwrap_or_default())
    }
}

/// The algorithm of a signature: an OBJECT IDENTIFIER, or the AlgorithmIdentifier that some software writes around it.
pub(crate) fn algorithm(
    element: Element<'_>,
    field: &'static str,
    odd: &mut Oddities,
) -> Result<ObjectIdentifier, Fault> {
    if element.tag != Tag::Sequence {
        return element.oid(field);
    }
    odd.add(format!("{field} is an AlgorithmIdentifier where the standard has an OBJECT IDENTIFIER"));
    algorithm_identifier(element, field)
}

/// The algorithm of `AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }`.
pub(crate) fn algorithm_identifier(element: Element<'_>, field: &'static str) -> Result<ObjectIdentifier, Fault> {
    element.sequence(field)?.next(field)?.oid(field)
}

/// The signature held in a BIT STRING; some software writes an OCTET STRING, or one inside the BIT STRING.
pub(crate) fn signature_bytes<'a>(
    element: Element<'a>,
    field: &'static str,
    odd: &mut Oddities,
) -> Result<&'a [u8], Fault> {
    let bytes = element.bits_or_octets(field, odd)?;
    let bytes = match Element::whole(bytes, field) {
        Ok(inner) if inner.tag == Tag::OctetString => {
            odd.add(format!("{field} holds an OCTET STRING around the signature"));
            inner.value
        }
        _ => bytes,
    };
    note_writing(bytes, field, odd);
    Ok(bytes)
}

/// Notes how r and s depart from their standard form.
pub(crate) fn note_writing(signature: &[u8], field: &'static str, odd: &mut Oddities) {
    if let Ok(value) = Sm2Value::read(signature, field) {
        value.writing.notes().for_each(|note| odd.add(format!("{field} {note}")));
    }
}

/// Whether `algorithm` means SM2 with SM3 when the key is an SM2 key.
pub fn means_sm2(algorithm: &ObjectIdentifier) -> bool {
    [SM2_WITH_SM3, SM2_SIGN, SM2_CURVE, EC_PUBLIC_KEY].contains(algorithm) || WRITTEN_FOR_SM2.contains(algorithm)
}

/// Whether `algorithm` is SM3.
pub fn is_sm3(algorithm: &ObjectIdentifier) -> bool {
    [SM3, SM3_PLAIN].contains(algorithm)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let int = |b: &[u8]| [&[0x02, u8::try_from(b.len()).unwrap()][..], b].concat();
        let body = [int(r), int(s)].concat();
        [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat()
    }

    fn code(bytes: &[u8]) -> Reason {
        Sm2Value::read(bytes, "signature").unwrap_err().code
    }

    #[test]
    fn both_forms_give_the_same_numbers() {
        let (r, s) = ([0x11; 32], [0xee; 32]);
        let padded: Vec<u8> = [&[0][..], &s].concat();
        let from_der = Sm2Value::read(&der(&r, &padded), "signature").unwrap();
        let from_raw = Sm2Value::read(&[r, s].concat(), "signature").unwrap();
        assert_eq!(from_der.r_s, from_raw.r_s);
        assert_eq!((from_der.form, from_raw.form), (ValueForm::Der, ValueForm::Raw64));
        assert_eq!(from_der.writing, Writing::default(), "the zero before 0xee belongs there");
        let always = Sm2Value::read(&der(&[&[0][..], &r].concat(), &padded), "signature").unwrap();
        assert_eq!((always.r_s, always.writing.is_padded), (from_der.r_s, true));
        let short = Sm2Value::read(&der(&[5], &[0x7f]), "signature").unwrap();
        assert_eq!((short.r_s[31], short.r_s[63]), (5, 0x7f));
    }

    #[test]
    fn a_der_value_of_64_bytes_is_still_der() {
        let bytes = der(&[0x11; 29], &[0x22; 29]);
        assert_eq!(bytes.len(), 64);
        assert_eq!(Sm2Value::read(&bytes, "signature").unwrap().form, ValueForm::Der);
    }

    #[test]
    fn numbers_that_no_signature_has_are_refused() {
        assert_eq!(code(&der(&[1; 33], &[1])), Reason::SignatureValue, "33 bytes");
        assert_eq!(code(&der(&[1], &[0])), Reason::SignatureValue, "zero");
        assert_eq!(code(&der(&[0xff; 33], &[1])), Reason::SignatureValue, "negative");
        assert_eq!(code(&der(&[0; 65], &[1])), Reason::Format, "padded beyond 64 bytes");
        assert_eq!(code(&der(&[], &[1])), Reason::Format, "empty");
        assert_eq!(code(&[&der(&[1], &[1])[..], &[0]].concat()), Reason::TrailingBytes);
        assert_eq!(code(&[0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0]), Reason::Format, "indefinite");
        assert_eq!(code(&[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]), Reason::Format, "long form of a short length");
        assert_eq!(code(&[]), Reason::SignatureValue);
        assert_eq!(code(&[7; 59]), Reason::SignatureValue);
        assert_eq!(code(&[7; 65]), Reason::SignatureValue);
    }

    #[test]
    fn one_reading_is_taken_and_noted() {
        let whole = der(&[0x11; 32], &[&[0x22; 31][..], &[0]].concat());
        let short = Sm2Value::read(&whole[..whole.len() - 1], "signature").unwrap();
        assert_eq!((short.r_s[63], short.writing.is_trimmed), (0, true));
        assert!(Sm2Value::read(&whole[..whole.len() - 5], "signature").is_err(), "five bytes are more than chance");
        let raw = Sm2Value::read(&[7; 63], "signature").unwrap();
        assert_eq!((raw.form, raw.r_s[62], raw.r_s[63], raw.writing.is_trimmed), (ValueForm::Raw64, 7, 0, true));
        let bare = Sm2Value::read(&der(&[0x91; 32], &[0x80]), "signature").unwrap();
        assert_eq!((bare.r_s[0], bare.r_s[63], bare.writing.is_without_sign_byte), (0x91, 0x80, true));
        let twice = Sm2Value::read(&der(&[0, 0, 1], &[1]), "signature").unwrap();
        assert_eq!((twice.r_s[31], twice.writing.is_padded), (1, true));
    }

    #[test]
    fn no_bytes_are_a_fault() {
        bolero::check!().for_each(|bytes: &[u8]| {
            if let Ok(value) = Sm2Value::read(bytes, "signature")
                && value.form == ValueForm::Der
            {
                assert!(bytes.len() <= 134);
            }
        });
    }
}
