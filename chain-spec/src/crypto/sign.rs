//! Signing and verifying. One `match` on the scheme; no caller outside `crypto` names a curve.

use zeroize::ZeroizeOnDrop;

use super::{KeyId, PublicKey, Signature, SignatureScheme, tags};
use crate::crypto::Digest;
use crate::ids::TxId;

/// Makes signatures. One named method per purpose, so that no caller can sign bytes of its own making.
pub trait Signer: Send + Sync {
    /// The key that verifies what this signer signs.
    fn public_key(&self) -> PublicKey;
    /// Signs a transaction by its identifier.
    fn sign_transaction(&self, tx_id: &TxId) -> Signature;
    /// Signs with an electronic seal, by the digest that is signed (see [`seal_message`]).
    fn sign_seal(&self, message: &Digest) -> Signature;
    /// Signs the bytes of a vote or proposal as laid out by [`crate::certificate`].
    fn sign_consensus(&self, message: &[u8]) -> Signature;
}

/// A private key in memory, wiped when dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SigningKey {
    secret: [u8; 32],
    #[zeroize(skip)]
    public: PublicKey,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key with this 32-byte secret (RFC 8032 seed). The caller supplies the randomness.
    pub fn from_secret(scheme: SignatureScheme, secret: [u8; 32]) -> Option<Self> {
        match scheme {
            SignatureScheme::Ed25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(&secret);
                let public = PublicKey::Ed25519(key.verifying_key().to_bytes());
                Some(Self { secret, public, key })
            }
            // The identifier exists in every format; the suite itself is not in this build.
            SignatureScheme::Sm2 => None,
        }
    }

    /// The secret, for writing a key file.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The identifier of the public key.
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    fn sign(&self, message: &[u8]) -> Signature {
        use ed25519_dalek::Signer as _;
        Signature::Ed25519(self.key.sign(message).to_bytes())
    }
}

impl Signer for SigningKey {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign_transaction(&self, tx_id: &TxId) -> Signature {
        self.sign(&transaction_message(tx_id))
    }

    fn sign_seal(&self, message: &Digest) -> Signature {
        self.sign(&seal_message(message))
    }

    fn sign_consensus(&self, message: &[u8]) -> Signature {
        self.sign(message)
    }
}

/// The bytes under a transaction's signature: tag length, tag, transaction id.
pub fn transaction_message(tx_id: &TxId) -> Vec<u8> {
    tagged_message(tags::TRANSACTION_SIGNATURE, &tx_id.0)
}

/// The bytes under a seal's signature, where the seal's key is not SM2: tag length, tag, the digest that is signed.
pub fn seal_message(message: &Digest) -> Vec<u8> {
    tagged_message(tags::SEAL_SIGNATURE, message)
}

fn tagged_message(tag: &str, digest: &Digest) -> Vec<u8> {
    let mut message = Vec::with_capacity(64);
    message.push(super::digest::tag_len(tag));
    message.extend_from_slice(tag.as_bytes());
    message.extend_from_slice(digest.as_bytes());
    message
}

/// Whether `signature` over `message` verifies under `key`. False too where key and signature differ in scheme,
/// or the scheme is not in this build.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    match (key, signature) {
        (PublicKey::Ed25519(key), Signature::Ed25519(signature)) => ed25519_zebra::VerificationKey::try_from(*key)
            .is_ok_and(|key| key.verify(&ed25519_zebra::Signature::from(*signature), message).is_ok()),
        _ => false,
    }
}

/// One signature of a batch.
#[derive(Debug, Clone)]
pub struct BatchItem {
    pub key: PublicKey,
    pub message: Vec<u8>,
    pub signature: Signature,
}

/// Signatures checked by one equation. Twice as many gain a few per cent each, but their tables no longer fit the cache.
const BATCH_SIGNATURES: usize = 64;

/// Checks many signatures, faster than one by one when they are all good.
/// Returns the positions that do not verify, in order; empty means all do.
///
/// The batch equation's random coefficients come from a hash of the batch itself (key, message and signature bytes
/// are all fixed before a coefficient is known), so this function needs no source of randomness.
pub fn verify_batch(items: &[BatchItem]) -> Vec<usize> {
    let mut bad = Vec::new();
    for (chunk, first) in items.chunks(BATCH_SIGNATURES).zip((0..).step_by(BATCH_SIGNATURES)) {
        if chunk.len() > 1 && batch_holds(chunk) {
            continue;
        }
        let fails = |item: &BatchItem| !verify(&item.key, &item.message, &item.signature);
        bad.extend((first..).zip(chunk).filter(|(_, item)| fails(item)).map(|(position, _)| position));
    }
    bad
}

fn batch_holds(items: &[BatchItem]) -> bool {
    let mut batch = ed25519_zebra::batch::Verifier::new();
    for item in items {
        let (PublicKey::Ed25519(key), Signature::Ed25519(signature)) = (&item.key, &item.signature) else {
            return false;
        };
        batch.queue((
            ed25519_zebra::VerificationKeyBytes::from(*key),
            ed25519_zebra::Signature::from(*signature),
            &item.message,
        ));
    }
    batch.verify(batch_randomness(items)).is_ok()
}

fn batch_randomness(items: &[BatchItem]) -> rand::rngs::StdRng {
    use rand::SeedableRng as _;
    let mut hasher = super::DigestAlgorithm::Sha256.start();
    for item in items {
        hasher.update(item.key.as_bytes());
        hasher.update(item.signature.as_bytes());
        hasher.update(&item.message);
    }
    rand::rngs::StdRng::from_seed(hasher.finish().0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap()
    }

    #[test]
    fn batch_names_the_bad_ones() {
        let mut items: Vec<BatchItem> = (0..20u8)
            .map(|n| {
                let signer = key(n % 3);
                let tx_id = TxId(Digest([n; 32]));
                BatchItem {
                    key: signer.public_key(),
                    message: transaction_message(&tx_id),
                    signature: signer.sign_transaction(&tx_id),
                }
            })
            .collect();
        assert!(verify_batch(&items).is_empty());
        items[4].message[40] ^= 1;
        items[17].key = key(9).public_key();
        assert_eq!(verify_batch(&items), vec![4, 17]);
    }

    /// What a seal signed means nothing as a transaction, and the other way round.
    #[test]
    fn purposes_do_not_mix() {
        let (signer, digest) = (key(1), Digest([7; 32]));
        let (sealed, transaction) = (signer.sign_seal(&digest), signer.sign_transaction(&TxId(digest)));
        assert!(verify(&signer.public_key(), &seal_message(&digest), &sealed));
        assert!(!verify(&signer.public_key(), &transaction_message(&TxId(digest)), &sealed));
        assert!(!verify(&signer.public_key(), &seal_message(&digest), &transaction));
    }

    /// ZIP-215 accepts the small-order key and signature that a strict check refuses; single and batch must agree.
    #[test]
    fn single_and_batch_agree_on_a_small_order_key() {
        let mut identity = [0u8; 32];
        identity[0] = 1;
        let mut signature = [0u8; 64];
        signature[0] = 1;
        let item = BatchItem {
            key: PublicKey::Ed25519(identity),
            message: b"any".to_vec(),
            signature: Signature::Ed25519(signature),
        };
        assert!(verify(&item.key, &item.message, &item.signature));
        assert!(verify_batch(&[item.clone(), item]).is_empty());
    }
}
