//! SM2 signatures (GB/T 32918.2-2016, GM/T 0009) over `e = SM3(Z || M)`.
//!
//! ```text
//! Z = SM3(ENTL u16 big-endian, bits of the user id | user id | a | b | Gx | Gy | Px | Py)
//! ```
//! On the ledger a key is its compressed point (33 bytes) and a signature is `r || s` (64 bytes, big-endian), each of r and s
//! in 1..n. DER exists only in files and certificates.

use sm2::dsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use sm2::dsa::{Signature, VerifyingKey};
use sm2::elliptic_curve::sec1::ToSec1Point as _;
use sm2::{PublicKey, SecretKey};

use super::{Digest, DigestAlgorithm};

/// The user id of seals, certificates and documents (GM/T 0009-2012, 10).
pub const DEFAULT_USER_ID: &str = "1234567812345678";

/// Bytes of a compressed point.
pub const POINT_BYTES: usize = 33;

/// Parameters a, b and the base point of sm2p256v1 (GB/T 32918.5-2017), as they enter Z.
const CURVE: [u8; 128] = hex_literal(
    b"fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc\
      28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93\
      32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
      bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
);

/// The point in compressed form, from its compressed or uncompressed form (SEC 1, 2.3.3). None if it is neither, or not a point
/// on the curve.
pub fn point_of(sec1: &[u8]) -> Option<[u8; POINT_BYTES]> {
    let key = PublicKey::from_sec1_bytes(sec1).ok()?;
    compressed(&key)
}

/// The digest that is signed: `SM3(Z || M)`, M being the concatenation of `message`. None if `point` is not a point on the curve,
/// or the user id is 8 KiB or longer.
pub fn message_digest(point: &[u8; POINT_BYTES], user_id: &str, message: &[&[u8]]) -> Option<Digest> {
    let key = PublicKey::from_sec1_bytes(point).ok()?;
    let uncompressed = key.to_sec1_point(false);
    let coordinates = uncompressed.as_bytes().get(1..)?;
    let bits = u16::try_from(user_id.len().checked_mul(8)?).ok()?;
    let z = DigestAlgorithm::Sm3.plain(&[&bits.to_be_bytes(), user_id.as_bytes(), &CURVE, coordinates]);
    let mut state = DigestAlgorithm::Sm3.start();
    state.update(z.as_bytes());
    for part in message {
        state.update(part);
    }
    Some(state.finish())
}

/// Whether `signature` (`r || s`) over the digest `e` verifies under the key. Also false if r or s is 0 or not below n, or the
/// key is not a point on the curve.
pub fn verify_digest(point: &[u8; POINT_BYTES], e: &Digest, signature: &[u8; 64]) -> bool {
    // The user id is not used here: `e` already covers it.
    let Ok(key) = VerifyingKey::from_sec1_bytes(DEFAULT_USER_ID, point) else { return false };
    Signature::from_slice(signature).is_ok_and(|signature| key.verify_prehash(e.as_bytes(), &signature).is_ok())
}

/// A private key in memory, wiped when dropped.
#[derive(Clone)]
pub(super) struct Key {
    secret: SecretKey,
    pub(super) point: [u8; POINT_BYTES],
}

impl Key {
    /// None unless the secret lies in 1..=n-2 (GB/T 32918.2, 5.2: with n-1 no signature can be made).
    pub(super) fn from_secret(secret: &[u8; 32]) -> Option<Self> {
        let secret = SecretKey::from_slice(secret).ok()?;
        let point = compressed(&secret.public_key())?;
        let key = Self { secret, point };
        key.signature(&Digest::ZERO)?;
        Some(key)
    }

    /// `r || s` over the digest `e`, with the deterministic k of RFC 6979.
    pub(super) fn sign(&self, e: &Digest) -> [u8; 64] {
        // Fails only for r = 0, s = 0 or r + k = n, with negligible probability. The zeros returned then never verify.
        self.signature(e).unwrap_or([0; 64])
    }

    fn signature(&self, e: &Digest) -> Option<[u8; 64]> {
        // Built again for each use: the crate's signing key is not wiped when dropped, but its secret is.
        let key = sm2::dsa::SigningKey::new(DEFAULT_USER_ID, &self.secret).ok()?;
        Some(key.sign_prehash(e.as_bytes()).ok()?.to_bytes().into())
    }
}

fn compressed(key: &PublicKey) -> Option<[u8; POINT_BYTES]> {
    key.to_sec1_point(true).as_bytes().try_into().ok()
}

/// Bytes of a hexadecimal literal, at compile time.
const fn hex_literal<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let (mut at, mut position) = (0, 0);
    while at < text.len() {
        let digit = match text[at] {
            digit @ b'0'..=b'9' => digit - b'0',
            letter => letter - b'a' + 10,
        };
        bytes[position / 2] = (bytes[position / 2] << 4) | digit;
        position += 1;
        at += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// The worked example of GB/T 32918.2-2016, annex A.
    #[test]
    fn the_standards_example() {
        let key = Key::from_secret(&bytes("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")).unwrap();
        let e = message_digest(&key.point, DEFAULT_USER_ID, &[b"message ", b"digest"]).unwrap();
        assert_eq!(e.to_string(), "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640");
        let signature = bytes(
            "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
             b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
        );
        assert!(verify_digest(&key.point, &e, &signature));
        assert!(verify_digest(&key.point, &e, &key.sign(&e)));
        assert_eq!(key.sign(&e), key.sign(&e), "k is deterministic");
        for position in 0..signature.len() {
            let mut changed = signature;
            changed[position] ^= 1;
            assert!(!verify_digest(&key.point, &e, &changed), "byte {position}");
        }
    }

    #[test]
    fn r_and_s_lie_below_the_order() {
        let key = Key::from_secret(&[7; 32]).unwrap();
        let e = message_digest(&key.point, DEFAULT_USER_ID, &[b"m"]).unwrap();
        let good = key.sign(&e);
        assert!(verify_digest(&key.point, &e, &good));
        for half in [0..32, 32..64] {
            for bad in [[0; 32], bytes::<32>(ORDER), [0xff; 32]] {
                let mut changed = good;
                changed[half.clone()].copy_from_slice(&bad);
                assert!(!verify_digest(&key.point, &e, &changed));
            }
        }
    }

    #[test]
    fn secrets_outside_the_range_are_no_keys() {
        let order: [u8; 32] = bytes(ORDER);
        let minus = |by: u8| {
            let mut secret = order;
            secret[31] -= by;
            secret
        };
        assert!(Key::from_secret(&[0; 32]).is_none());
        assert!(Key::from_secret(&order).is_none());
        assert!(Key::from_secret(&minus(1)).is_none(), "1 + d is 0 mod n");
        assert!(Key::from_secret(&minus(2)).is_some());
        assert!(Key::from_secret(&[0xff; 32]).is_none());
    }

    #[test]
    fn only_points_of_the_curve_are_keys() {
        let key = Key::from_secret(&[7; 32]).unwrap();
        let uncompressed = PublicKey::from_sec1_bytes(&key.point).unwrap().to_sec1_point(false);
        assert_eq!(point_of(uncompressed.as_bytes()), Some(key.point));
        let mut off = uncompressed.as_bytes().to_vec();
        off[64] ^= 1;
        assert_eq!(point_of(&off), None);
        assert_eq!(point_of(&[]), None);
        assert_eq!(point_of(&[0]), None, "the point at infinity");
        assert_eq!(point_of(&uncompressed.as_bytes()[..64]), None);
        let beyond = [&[2][..], &[0xff; 32]].concat();
        assert_eq!(point_of(&beyond), None);
        assert_eq!(message_digest(&beyond.try_into().unwrap(), DEFAULT_USER_ID, &[]), None);
    }

    #[test]
    fn another_user_id_is_another_digest() {
        let point = Key::from_secret(&[7; 32]).unwrap().point;
        let of = |id: &str| message_digest(&point, id, &[b"m"]);
        assert_ne!(of(DEFAULT_USER_ID), of("huxin-transaction"));
        assert_eq!(of(&"x".repeat(8192)), None);
    }
}
