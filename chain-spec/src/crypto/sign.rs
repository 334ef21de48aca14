//! Signing and verifying. One `match` on the scheme; no caller outside `crypto` names a curve.

use zeroize::ZeroizeOnDrop;

use super::{KeyId, PublicKey, Signature, SignatureScheme, sm2, tags};
use crate::codec;
use crate::crypto::Digest;
use crate::ids::{ProvinceCode, TimeMs, TxId, Uscc};

/// Makes signatures. One named method per purpose, so that no caller can sign bytes of its own making.
pub trait Signer: Send + Sync {
    /// The key that verifies what this signer signs.
    fn public_key(&self) -> PublicKey;
    /// Signs a transaction by its identifier.
    fn sign_transaction(&self, tx_id: &TxId) -> Signature;
    /// Proves possession of this key to the chain with this genesis hash, on which `organisation` is to sign with it.
    fn sign_possession(&self, genesis: &Digest, organisation: &Uscc) -> Signature;
    /// Consents, as a registrar of the province that `organisation` belongs to by its code, that `province` admits it until `until_ms`.
    fn sign_admission(
        &self,
        genesis: &Digest,
        organisation: &Uscc,
        province: ProvinceCode,
        until_ms: TimeMs,
    ) -> Signature;
    /// Signs with an electronic seal, by the digest that is signed (see [`verify_seal`]).
    fn sign_seal(&self, message: &Digest) -> Signature;
    /// Signs the bytes of a vote or proposal as laid out by [`crate::certificate`].
    fn sign_consensus(&self, message: &[u8]) -> Signature;
}

/// What the ledger's own signatures are for. With SM2 each purpose has a user id of its own, which enters Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignedAs {
    /// Transactions of organisations, systems and provinces, and the proof that one holds such a key.
    Transaction,
    /// Everything a validator signs: votes, proposals, parts of blocks, the proof of its network key.
    Consensus,
}

impl SignedAs {
    /// The SM2 user id (GB/T 32918.2, 5.5).
    pub fn user_id(self) -> &'static str {
        match self {
            Self::Transaction => "huxin-transaction",
            Self::Consensus => "huxin-consensus",
        }
    }
}

/// A private key in memory, wiped when dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SigningKey {
    secret: [u8; 32],
    #[zeroize(skip)]
    public: PublicKey,
    #[zeroize(skip)]
    key: SchemeKey,
}

/// Each wipes itself when dropped.
#[derive(Clone)]
enum SchemeKey {
    Ed25519(ed25519_dalek::SigningKey),
    Sm2(sm2::Key),
}

impl SigningKey {
    /// The key with this 32-byte secret: an RFC 8032 seed, or for SM2 the private number, big-endian. None for the few numbers that
    /// are not an SM2 key (0, n-1 and above). The caller supplies the randomness.
    pub fn from_secret(scheme: SignatureScheme, secret: [u8; 32]) -> Option<Self> {
        let (public, key) = match scheme {
            SignatureScheme::Ed25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(&secret);
                (PublicKey::Ed25519(key.verifying_key().to_bytes()), SchemeKey::Ed25519(key))
            }
            SignatureScheme::Sm2 => {
                let key = sm2::Key::from_secret(&secret)?;
                (PublicKey::Sm2(key.point), SchemeKey::Sm2(key))
            }
        };
        Some(Self { secret, public, key })
    }

    /// The secret, for writing a key file.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The identifier of the public key.
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    fn sign(&self, role: SignedAs, message: &[u8]) -> Signature {
        use ed25519_dalek::Signer as _;
        match &self.key {
            SchemeKey::Ed25519(key) => Signature::Ed25519(key.sign(message).to_bytes()),
            // The key's own point is on the curve, so there is a digest.
            SchemeKey::Sm2(key) => match sm2::message_digest(&key.point, role.user_id(), &[message]) {
                Some(e) => Signature::Sm2(key.sign(&e)),
                None => Signature::Sm2([0; 64]),
            },
        }
    }
}

impl Signer for SigningKey {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign_transaction(&self, tx_id: &TxId) -> Signature {
        self.sign(SignedAs::Transaction, &transaction_message(tx_id))
    }

    fn sign_possession(&self, genesis: &Digest, organisation: &Uscc) -> Signature {
        self.sign(SignedAs::Transaction, &possession_message(genesis, organisation, &self.public))
    }

    fn sign_admission(
        &self,
        genesis: &Digest,
        organisation: &Uscc,
        province: ProvinceCode,
        until_ms: TimeMs,
    ) -> Signature {
        self.sign(SignedAs::Transaction, &admission_message(genesis, organisation, province, until_ms))
    }

    fn sign_seal(&self, message: &Digest) -> Signature {
        use ed25519_dalek::Signer as _;
        match &self.key {
            SchemeKey::Ed25519(key) => Signature::Ed25519(key.sign(&seal_message(message)).to_bytes()),
            SchemeKey::Sm2(key) => Signature::Sm2(key.sign(message)),
        }
    }

    fn sign_consensus(&self, message: &[u8]) -> Signature {
        self.sign(SignedAs::Consensus, message)
    }
}

/// The bytes under a transaction's signature: tag length, tag, transaction id.
pub fn transaction_message(tx_id: &TxId) -> Vec<u8> {
    tagged_message(tags::TRANSACTION_SIGNATURE, &tx_id.0)
}

/// The bytes by which the holder of a new key proves that it holds it: tag length, tag, genesis hash, organisation, public key. Without
/// such a proof a key could be registered by whoever saw its public half first.
pub fn possession_message(genesis: &Digest, organisation: &Uscc, key: &PublicKey) -> Vec<u8> {
    let mut message = tagged_message(tags::KEY_POSSESSION, genesis);
    message.extend_from_slice(organisation.as_bytes());
    message.extend_from_slice(&codec::encode(key));
    message
}

/// The bytes by which a province consents that another admits an organisation of its own: tag length, tag, genesis hash, organisation, the
/// province that admits it, the last moment in milliseconds since 1970 UTC.
pub fn admission_message(genesis: &Digest, organisation: &Uscc, province: ProvinceCode, until_ms: TimeMs) -> Vec<u8> {
    let mut message = tagged_message(tags::ADMISSION_CONSENT, genesis);
    message.extend_from_slice(organisation.as_bytes());
    message.extend_from_slice(province.as_bytes());
    message.extend_from_slice(&codec::encode(&until_ms));
    message
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

/// Whether `signature` over `message` verifies under `key`. Also false if key and signature differ in scheme.
pub fn verify(role: SignedAs, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    match (key, signature) {
        (PublicKey::Ed25519(key), Signature::Ed25519(signature)) => verify_ed25519(key, message, signature),
        (PublicKey::Sm2(point), Signature::Sm2(signature)) => sm2::message_digest(point, role.user_id(), &[message])
            .is_some_and(|e| sm2::verify_digest(point, &e, signature)),
        (PublicKey::Ed25519(_), Signature::Sm2(_)) | (PublicKey::Sm2(_), Signature::Ed25519(_)) => false,
    }
}

/// Whether an electronic seal's `signature` verifies under `key`. With SM2 `message` is the digest `e = SM3(Z || M)` that the seal
/// signed in the file, Z being over [`sm2::DEFAULT_USER_ID`]; with Ed25519 the signature is over [`seal_message`] of it.
pub fn verify_seal(key: &PublicKey, message: &Digest, signature: &Signature) -> bool {
    match (key, signature) {
        (PublicKey::Ed25519(key), Signature::Ed25519(signature)) => {
            verify_ed25519(key, &seal_message(message), signature)
        }
        (PublicKey::Sm2(point), Signature::Sm2(signature)) => sm2::verify_digest(point, message, signature),
        (PublicKey::Ed25519(_), Signature::Sm2(_)) | (PublicKey::Sm2(_), Signature::Ed25519(_)) => false,
    }
}

fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    ed25519_zebra::VerificationKey::try_from(*key)
        .is_ok_and(|key| key.verify(&ed25519_zebra::Signature::from(*signature), message).is_ok())
}

/// One signature of a batch.
#[derive(Debug, Clone)]
pub struct BatchItem {
    pub role: SignedAs,
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
        let fails = |item: &BatchItem| !verify(item.role, &item.key, &item.message, &item.signature);
        // SM2 has no batch equation, so its signatures are checked one by one, whether or not the Ed25519 batch holds.
        let batch_holds = batch_holds(chunk);
        let is_settled = |item: &BatchItem| batch_holds && item.key.scheme() == SignatureScheme::Ed25519;
        let failed = (first..).zip(chunk).filter(|(_, item)| !is_settled(item) && fails(item));
        bad.extend(failed.map(|(position, _)| position));
    }
    bad
}

/// Whether all items with Ed25519 keys verify. Also false if checking one by one costs no more.
fn batch_holds(items: &[BatchItem]) -> bool {
    let mut batch = ed25519_zebra::batch::Verifier::new();
    let mut queued = 0;
    for item in items {
        let PublicKey::Ed25519(key) = &item.key else { continue };
        let Signature::Ed25519(signature) = &item.signature else { return false };
        queued += 1;
        batch.queue((
            ed25519_zebra::VerificationKeyBytes::from(*key),
            ed25519_zebra::Signature::from(*signature),
            &item.message,
        ));
    }
    queued > 1 && batch.verify(batch_randomness(items)).is_ok()
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
                    role: SignedAs::Transaction,
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

    /// What a seal signed is not valid as a transaction, and vice versa.
    #[test]
    fn purposes_do_not_mix() {
        let (signer, digest) = (key(1), Digest([7; 32]));
        let (sealed, transaction) = (signer.sign_seal(&digest), signer.sign_transaction(&TxId(digest)));
        let public = signer.public_key();
        assert!(verify_seal(&public, &digest, &sealed));
        assert!(!verify(SignedAs::Transaction, &public, &transaction_message(&TxId(digest)), &sealed));
        assert!(!verify_seal(&public, &digest, &transaction));
    }

    /// ZIP-215 accepts the small-order key and signature that a strict check refuses; single and batch must agree.
    #[test]
    fn single_and_batch_agree_on_a_small_order_key() {
        let mut identity = [0u8; 32];
        identity[0] = 1;
        let mut signature = [0u8; 64];
        signature[0] = 1;
        let item = BatchItem {
            role: SignedAs::Transaction,
            key: PublicKey::Ed25519(identity),
            message: b"any".to_vec(),
            signature: Signature::Ed25519(signature),
        };
        assert!(verify(item.role, &item.key, &item.message, &item.signature));
        assert!(verify_batch(&[item.clone(), item]).is_empty());
    }
}
