//! What stands in `SignedValue.dat`: a seal's signature, GB/T 35275 signed data, or a bare SM2 value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::Identity;
use crate::der::{self, oid};
use crate::error::SampleError;
use crate::habit::{Bits, Habit, TimeForm};
use crate::key::{SignatureValue, sm3};
use crate::moment::Moment;
use crate::seal::{Structure, time_stamp};

/// What carries the signature.
#[derive(Debug, Clone)]
pub enum Container {
    /// SES_Signature with the seal inside.
    Seal(Structure, Vec<u8>),
    /// GB/T 35275 SignedData.
    SignedData(Signed),
    /// The same over its content, not wrapped in a ContentInfo.
    LoneSignedData,
    /// GB/T 35275 SignedData over its content with a second signer, whose value is written in the given form.
    Joint(Box<Identity>, ValueForm),
    /// The SM2 value alone; nobody's certificate is in the file.
    Bare,
}

/// What the signature in GB/T 35275 SignedData is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The content, which is SM3(Signature.xml).
    Content,
    /// Signed attributes; no content, messageDigest is SM3(Signature.xml).
    Attributes,
}

/// What a seal's signature gives as digest of Signature.xml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataHash {
    /// SM3(Signature.xml), as it should be.
    Plain,
    /// SM3(Z || Signature.xml), found in some implementations.
    WithZ,
}

/// How r and s are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm {
    /// SEQUENCE { r, s }.
    Der,
    /// r || s, 64 bytes, found in production.
    Raw,
    /// r || s and one byte more.
    RawTooLong,
    /// -r in place of r.
    NegativeR,
    /// 0 in place of r.
    ZeroR,
    /// n + s, which is s modulo the curve's order n, and so must be refused by its range alone.
    SAboveOrder,
    /// r and s as INTEGERs without the zero octet of their sign.
    WithoutSign,
    /// One bit of s flipped.
    FlippedBit,
}

/// The order n of sm2p256v1 (GB/T 32918.5).
const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";

impl ValueForm {
    pub(crate) fn write(self, value: &SignatureValue) -> Vec<u8> {
        let (r, s) = value.halves();
        match self {
            Self::Der => value.der(),
            Self::Raw => value.raw(),
            Self::RawTooLong => [value.raw(), vec![0]].concat(),
            Self::NegativeR => der::sequence(&[der::negative(r), der::unsigned(s)]),
            Self::WithoutSign => der::sequence(&[der::without_sign(r), der::without_sign(s)]),
            Self::ZeroR => der::sequence(&[der::integer(0), der::unsigned(s)]),
            Self::SAboveOrder => der::sequence(&[der::unsigned(r), der::unsigned(&plus_order(s))]),
            Self::FlippedBit => {
                let mut flipped = s.to_vec();
                if let Some(octet) = flipped.last_mut() {
                    *octet ^= 1;
                }
                der::sequence(&[der::unsigned(r), der::unsigned(&flipped)])
            }
        }
    }
}

fn plus_order(number: &[u8]) -> Vec<u8> {
    let order = hex::decode(ORDER).unwrap_or_default();
    let mut carry = 0_u16;
    let mut reversed: Vec<u8> = Vec::new();
    for (one, other) in number.iter().rev().zip(order.iter().rev()) {
        let [high, low] = (u16::from(*one) + u16::from(*other) + carry).to_be_bytes();
        reversed.push(low);
        carry = u16::from(high);
    }
    reversed.push(u8::from(carry > 0));
    reversed.reverse();
    reversed
}

/// A signature to be made.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    /// What carries it.
    pub container: &'a Container,
    /// Whose key and certificate.
    pub signer: &'a Identity,
    /// When, as the signer says.
    pub time: Moment,
    /// The time's text where it shall be something that is no time.
    pub time_text: Option<&'a str>,
    /// How the digest of Signature.xml is formed.
    pub data_hash: DataHash,
    /// How r and s are written.
    pub value: ValueForm,
    /// Whether a time stamp follows a seal's signature.
    pub stamped: bool,
    /// What is written otherwise than the standards say.
    pub habit: Habit,
    /// Certificates that SignedData carries beside the signer's, DER.
    pub carried: &'a [Vec<u8>],
    /// Path of Signature.xml in the package, from its root.
    pub path: &'a str,
    /// Bytes of Signature.xml.
    pub document: &'a [u8],
}

impl Signing<'_> {
    /// The bytes of `SignedValue.dat`.
    pub fn make(&self) -> Result<Vec<u8>, SampleError> {
        let value = match self.container {
            Container::Seal(Structure::V1, seal) => self.seal_v1(seal),
            Container::Seal(structure, seal) => self.seal_v4(*structure, seal),
            Container::SignedData(signed) => Ok(content_info(&self.signed_data(*signed, None)?)),
            Container::LoneSignedData => self.signed_data(Signed::Content, None),
            Container::Joint(second, form) => {
                Ok(content_info(&self.signed_data(Signed::Content, Some((second, *form)))?))
            }
            Container::Bare => self.sign(self.document),
        };
        Ok(self.habit.packing.pack(value?))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SampleError> {
        let key = &self.signer.key;
        let value = self.habit.user_id.map_or_else(|| key.sign(message), |user_id| key.sign_as(user_id, message));
        Ok(self.value.write(&value?))
    }

    fn digest(&self) -> [u8; 32] {
        match self.data_hash {
            DataHash::Plain => sm3(self.document),
            DataHash::WithZ => sm3(&[&self.signer.key.z(), self.document].concat()),
        }
    }

    fn algorithm(&self) -> Vec<u8> {
        der::oid(self.habit.algorithm.unwrap_or(oid::SM2_WITH_SM3))
    }

    /// SES_Signature of GM/T 0031-2014; the time is a BIT STRING that holds a DER UTCTime.
    fn seal_v1(&self, seal: &[u8]) -> Result<Vec<u8>, SampleError> {
        let time = match self.habit.time {
            TimeForm::Der => der::bits(&der::utc_time(&self.time.utc_time())),
            TimeForm::UnixText => der::bits(self.time.unix_text().as_bytes()),
            TimeForm::Token => der::bits(&token(self.time)),
            TimeForm::LengthFirst => Bits::LengthFirst.write(self.time.utc_time().as_bytes()),
        };
        let to_sign = der::sequence(&[
            der::integer(Structure::V1.version()),
            seal.to_vec(),
            time,
            self.habit.hash_bits.write(&self.digest()),
            der::ia5(self.path),
            der::octets(&self.signer.certificate),
            self.algorithm(),
        ]);
        let signature = self.sign(&to_sign)?;
        Ok(der::sequence(&[to_sign, self.habit.bits.write(&signature)]))
    }

    /// SES_Signature of GB/T 38540-2020 and GM/T 0031-2025.
    fn seal_v4(&self, structure: Structure, seal: &[u8]) -> Result<Vec<u8>, SampleError> {
        let time = self.time_text.map_or_else(|| self.time.generalized(), str::to_owned);
        let to_sign = der::sequence(&[
            der::integer(structure.version()),
            seal.to_vec(),
            der::generalized_time(&time),
            self.habit.hash_bits.write(&self.digest()),
            der::ia5(self.path),
        ]);
        let signature = self.sign(&to_sign)?;
        let certificate = der::octets(&self.signer.certificate);
        let mut parts = vec![to_sign, certificate, self.algorithm(), self.habit.bits.write(&signature)];
        parts.extend(self.stamped.then(time_stamp));
        parts.extend(self.habit.bare_stamp.then(|| der::bits(&token(self.time))));
        Ok(der::sequence(&parts))
    }

    /// SignedData of GB/T 35275.
    fn signed_data(&self, signed: Signed, second: Option<(&Identity, ValueForm)>) -> Result<Vec<u8>, SampleError> {
        let digest = self.digest();
        let mut content = vec![der::oid(oid::DATA)];
        let first = match signed {
            Signed::Content => {
                let text = STANDARD.encode(digest);
                let carried = if self.habit.content_base64 { text.as_bytes() } else { &digest[..] };
                content.push(der::explicit(0, &der::octets(carried)));
                signer_info(self.signer, None, &self.sign(carried)?)
            }
            Signed::Attributes => {
                let attributes = self.attributes(&digest);
                // The signature is over the attributes as a SET, which the file carries under the tag [0].
                let signature = self.sign(&attributes)?;
                signer_info(self.signer, Some(attributes), &signature)
            }
        };
        let (mut certificates, mut signers) = (vec![self.signer.certificate.clone()], vec![first]);
        certificates.extend_from_slice(self.carried);
        if let Some((second, form)) = second {
            certificates.push(second.certificate.clone());
            signers.push(signer_info(second, None, &form.write(&second.key.sign(&digest)?)));
        }
        Ok(der::sequence(&[
            der::integer(1),
            der::set(&[der::algorithm(oid::SM3)]),
            der::sequence(&content),
            der::explicit(0, &certificates.concat()),
            der::set(&signers),
        ]))
    }

    fn attributes(&self, digest: &[u8]) -> Vec<u8> {
        let attribute = |arcs: &[u64], value: Vec<u8>| der::sequence(&[der::oid(arcs), der::set(&[value])]);
        der::set(&[
            attribute(oid::CONTENT_TYPE, der::oid(oid::DATA)),
            attribute(oid::SIGNING_TIME, der::utc_time(&self.time.utc_time())),
            attribute(oid::MESSAGE_DIGEST, der::octets(digest)),
        ])
    }
}

fn content_info(signed_data: &[u8]) -> Vec<u8> {
    der::sequence(&[der::oid(oid::SIGNED_DATA), der::explicit(0, signed_data)])
}

/// A time-stamp token as far as it names a time (RFC 3161, 2.4.2); it has no signer.
fn token(time: Moment) -> Vec<u8> {
    let imprint = der::sequence(&[der::algorithm(oid::SM3), der::octets(&[0; 32])]);
    let info = der::sequence(&[
        der::integer(1),
        der::oid(oid::SEAL_OWNER),
        imprint,
        der::integer(1),
        der::generalized_time(&time.generalized()),
    ]);
    let content = der::sequence(&[der::oid(oid::TIME_STAMP), der::explicit(0, &der::octets(&info))]);
    content_info(&der::sequence(&[der::integer(3), der::set(&[der::algorithm(oid::SM3)]), content, der::set(&[])]))
}

/// SignerInfo; `attributes` as a SET.
fn signer_info(signer: &Identity, attributes: Option<Vec<u8>>, signature: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::integer(1), signer.issuer_and_serial(), der::algorithm(oid::SM3)];
    parts.extend(attributes.map(|set| [vec![0xa0], set.into_iter().skip(1).collect()].concat()));
    parts.extend([der::algorithm(oid::SM2_SIGNATURE), der::octets(signature)]);
    der::sequence(&parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::key::Key;

    #[test]
    fn forms_of_a_value_differ_in_what_their_name_says() {
        let value = Key::of("forms").unwrap().sign(b"m").unwrap();
        assert_eq!(ValueForm::Raw.write(&value).len(), 64);
        assert_eq!(ValueForm::RawTooLong.write(&value).len(), 65);
        assert_eq!(ValueForm::ZeroR.write(&value)[2..5], [0x02, 0x01, 0x00]);
        let negative = ValueForm::NegativeR.write(&value);
        assert!(negative[4] >= 0x80, "the sign bit of the first integer");
        let flipped = ValueForm::FlippedBit.write(&value);
        let differing = flipped.iter().zip(value.der()).filter(|(one, other)| **one != *other).count();
        assert_eq!((flipped.len(), differing), (value.der().len(), 1));
    }

    #[test]
    fn the_order_is_added_with_its_carries() {
        let order = hex::decode(ORDER).unwrap();
        assert_eq!(plus_order(&[0; 32])[1..], order);
        assert_eq!(plus_order(&[0; 32])[0], 0);
        let mut two = [0; 32];
        two[31] = 0xdd;
        assert!(hex::encode(plus_order(&two)).ends_with("4200"));
        assert_eq!(plus_order(&[0xff; 32])[0], 1);
    }
}
