//! SM2 keys derived from labels, and their signatures. Test only: whoever reads a label has the private key.

use sm2::SecretKey;
use sm2::dsa::{Signature, SigningKey, signature::Signer};
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm3::{Digest, Sm3};

use crate::der;
use crate::error::SampleError;

/// Signer id of GB/T 35276 when nothing else was agreed.
pub const USER_ID: &str = "1234567812345678";

/// SM3 of a message.
pub fn sm3(message: &[u8]) -> [u8; 32] {
    Sm3::digest(message).into()
}

/// A key pair on sm2p256v1.
#[derive(Debug, Clone)]
pub struct Key {
    label: String,
    signing: SigningKey,
    /// `04 || x || y`.
    public: Vec<u8>,
}

impl Key {
    /// The key of a label, the same each time.
    ///
    /// # Errors
    /// None in practice: one label in 2^32 would give a scalar outside the curve's order.
    pub fn of(label: &str) -> Result<Self, SampleError> {
        Self::from_secret(label, &secret_of(label))
    }

    fn from_secret(label: &str, secret: &[u8]) -> Result<Self, SampleError> {
        let refuse = || SampleError::Signing { label: label.to_owned() };
        let secret = SecretKey::from_slice(secret).map_err(|_| refuse())?;
        let public = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
        let signing = SigningKey::new(USER_ID, &secret).map_err(|_| refuse())?;
        Ok(Self { label: label.to_owned(), signing, public })
    }

    /// The public key, uncompressed, 65 bytes.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// SM2 signature over the message with the default user id; k is derived as RFC 6979 says, so it never varies.
    pub fn sign(&self, message: &[u8]) -> Result<SignatureValue, SampleError> {
        let signature: Signature =
            self.signing.try_sign(message).map_err(|_| SampleError::Signing { label: self.label.clone() })?;
        Ok(SignatureValue(signature.to_bytes().into()))
    }

    /// The same with another user id, which the standards do not allow where none was agreed.
    pub fn sign_as(&self, user_id: &str, message: &[u8]) -> Result<SignatureValue, SampleError> {
        let refuse = || SampleError::Signing { label: self.label.clone() };
        let secret = SecretKey::from_slice(&secret_of(&self.label)).map_err(|_| refuse())?;
        let signing = SigningKey::new(user_id, &secret).map_err(|_| refuse())?;
        let signature: Signature = signing.try_sign(message).map_err(|_| refuse())?;
        Ok(SignatureValue(signature.to_bytes().into()))
    }

    /// Z of GB/T 32918.2: the digest of user id, curve and public key that goes before the message.
    pub fn z(&self) -> [u8; 32] {
        const A_B_G: [&str; 4] = [
            "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc",
            "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93",
            "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
            "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
        ];
        let mut input = vec![0x00, 0x80];
        input.extend_from_slice(USER_ID.as_bytes());
        A_B_G.iter().for_each(|field| input.extend(hex::decode(field).unwrap_or_default()));
        input.extend_from_slice(self.public.get(1..).unwrap_or_default());
        sm3(&input)
    }
}

fn secret_of(label: &str) -> [u8; 32] {
    sm3(format!("huxin-samples/key/v1/{label}").as_bytes())
}

/// An SM2 signature, r and s of 32 bytes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureValue([u8; 64]);

impl SignatureValue {
    /// `SEQUENCE { r INTEGER, s INTEGER }`, GB/T 35276.
    pub fn der(&self) -> Vec<u8> {
        let (r, s) = self.0.split_at(32);
        der::sequence(&[der::unsigned(r), der::unsigned(s)])
    }

    /// r and s one after the other, 64 bytes.
    pub fn raw(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// r and s, big-endian.
    pub fn halves(&self) -> (&[u8], &[u8]) {
        self.0.split_at(32)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// The standard's own key (GB/T 32918.5), whose Z is in the reference vectors.
    #[test]
    fn z_is_that_of_the_standard_example() {
        let secret = hex::decode("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8").unwrap();
        let key = Key::from_secret("standard", &secret).unwrap();
        assert_eq!(hex::encode(key.z()), "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3");
    }

    #[test]
    fn sm3_is_that_of_the_standard_example() {
        assert_eq!(hex::encode(sm3(b"abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    }

    #[test]
    fn labels_give_different_keys_and_the_same_signature_each_time() {
        let (one, two) = (Key::of("one").unwrap(), Key::of("two").unwrap());
        assert_ne!(one.public(), two.public());
        assert_eq!(one.sign(b"m").unwrap(), Key::of("one").unwrap().sign(b"m").unwrap());
        assert_ne!(one.sign(b"m").unwrap(), one.sign(b"n").unwrap());
        assert_eq!(one.public().len(), 65);
    }
}
