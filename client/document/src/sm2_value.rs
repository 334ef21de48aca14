//! An SM2 signature value at the edge: DER `SEQUENCE { r INTEGER, s INTEGER }` as GM/T 0009 has it, or the raw 64 bytes
//! r‖s that some production systems write; inside, always r‖s.
//!
//! ```text
//! 30 44..48   02 20|21 [00] r   02 20|21 [00] s      or      r (32) s (32)
//! ```

use der::Tag;
use der::asn1::{ObjectIdentifier, UintRef};

use crate::asn1::{Element, Fault, Oddities};
use crate::reason::Reason;

/// Longest r or s: 32 bytes and a zero.
const PADDED_BYTES_MAX: usize = 33;
/// SM2 with SM3 (GM/T 0006).
pub const SM2_WITH_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
/// SM2 signature, as GB/T 35275 names it in a SignerInfo.
pub const SM2_SIGN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301.1");
/// The SM2 curve, which some software names instead of the algorithm.
pub const SM2_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// Public key on an elliptic curve (RFC 5480).
pub const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// SM3.
pub const SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401");

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
    /// Whether r or s was written with a leading zero that DER leaves out.
    pub is_padded: bool,
}

impl Sm2Value {
    /// Reads either form. Negative, oversized or zero numbers, and bytes of neither form, are
    /// [`Reason::SignatureValue`]; other shapes in a SEQUENCE are
    /// [`Reason::Format`]; bytes after the SEQUENCE are [`Reason::TrailingBytes`]. One zero that DER would leave out is accepted
    /// ([`Sm2Value::is_padded`]).
    pub fn read(bytes: &[u8], field: &'static str) -> Result<Self, Fault> {
        if let Ok(r_s) = <[u8; 64]>::try_from(bytes) {
            // A DER value of 64 bytes in all would need r or s of at most 29 bytes: one in 2^24 at best. Its inner lengths
            // add up exactly, which raw bytes do once in some 2^40.
            return Ok(Self::of_der(bytes, field).unwrap_or(Self { r_s, form: ValueForm::Raw64, is_padded: false }));
        }
        Self::of_der(bytes, field)
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
        let is_padded = [r, s].iter().any(|number| is_padded(number.value));
        Ok(Self { r_s, form: ValueForm::Der, is_padded })
    }
}

/// Whether an INTEGER begins with a zero that its sign does not need.
fn is_padded(number: &[u8]) -> bool {
    matches!(number, [0, ..=0x7f, ..])
}

/// Writes an INTEGER into 32 bytes, right-aligned.
fn number(element: Element<'_>, into: &mut [u8], field: &'static str) -> Result<(), Fault> {
    let refuse = |why: &str| Fault::new(Reason::SignatureValue, field, why);
    element.expect(Tag::Integer, field)?;
    if element.value.first().is_some_and(|byte| *byte >= 0x80) {
        return Err(refuse("r or s is a negative number"));
    }
    // A zero that DER would leave out changes no number; software that always writes 33 bytes adds one.
    let minimal = match element.value {
        [0, rest @ ..] if is_padded(element.value) && element.value.len() <= PADDED_BYTES_MAX => {
            Element { value: rest, ..element }
        }
        _ => element,
    };
    let magnitude = minimal.unsigned(field)?;
    if magnitude.len() > into.len() {
        return Err(refuse("r or s has more than 32 bytes"));
    }
    if magnitude.iter().all(|byte| *byte == 0) {
        return Err(refuse("r or s is zero"));
    }
    let at = into.len() - magnitude.len();
    if let Some(tail) = into.get_mut(at..) {
        tail.copy_from_slice(magnitude);
    }
    Ok(())
}

impl<'a> Element<'a> {
    /// The bytes of an INTEGER that is not negative, without the leading zero of DER.
    pub(crate) fn unsigned(self, field: &'static str) -> Result<&'a [u8], Fault> {
        let any = der::AnyRef::new(self.tag, self.value).map_err(|error| Fault::format(field, error.to_string()))?;
        let number: UintRef<'a> =
            any.decode_as().map_err(|error: der::Error| Fault::format(field, error.to_string()))?;
        Ok(number.as_bytes())
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
    note_padding(bytes, field, odd);
    Ok(bytes)
}

/// Notes r and s that are written longer than DER writes them.
pub(crate) fn note_padding(signature: &[u8], field: &'static str, odd: &mut Oddities) {
    if Sm2Value::read(signature, field).is_ok_and(|value| value.is_padded) {
        odd.add(format!("r or s of {field} begins with a zero that DER leaves out"));
    }
}

/// Whether `algorithm` means SM2 with SM3 when the key is an SM2 key.
pub fn means_sm2(algorithm: &ObjectIdentifier) -> bool {
    [SM2_WITH_SM3, SM2_SIGN, SM2_CURVE, EC_PUBLIC_KEY].contains(algorithm)
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
        assert!(!from_der.is_padded, "the zero before 0xee belongs there");
        let always = Sm2Value::read(&der(&[&[0][..], &r].concat(), &padded), "signature").unwrap();
        assert_eq!((always.r_s, always.is_padded), (from_der.r_s, true));
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
        assert_eq!(code(&der(&[0x80; 32], &[1])), Reason::SignatureValue, "negative");
        assert_eq!(code(&der(&[1; 33], &[1])), Reason::SignatureValue, "33 bytes");
        assert_eq!(code(&der(&[1], &[0])), Reason::SignatureValue, "zero");
        assert_eq!(code(&der(&[0, 0, 1], &[1])), Reason::Format, "padded twice");
        assert_eq!(code(&der(&[1], &[&[0; 2][..], &[0x80; 32]].concat())), Reason::Format, "padded beyond 33 bytes");
        assert_eq!(code(&der(&[], &[1])), Reason::Format, "empty");
        assert_eq!(code(&[&der(&[1], &[1])[..], &[0]].concat()), Reason::TrailingBytes);
        assert_eq!(code(&[0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0]), Reason::Format, "indefinite");
        assert_eq!(code(&[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]), Reason::Format, "long form of a short length");
        assert_eq!(code(&[]), Reason::SignatureValue);
        assert_eq!(code(&[7; 63]), Reason::SignatureValue);
    }

    #[test]
    fn no_bytes_are_a_fault() {
        bolero::check!().for_each(|bytes: &[u8]| {
            if let Ok(value) = Sm2Value::read(bytes, "signature")
                && value.form == ValueForm::Der
            {
                assert!(bytes.len() <= 72);
            }
        });
    }
}
