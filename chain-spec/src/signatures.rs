//! Signatures inside operations (of seals, of new keys, of consents), each verified once.
//!
//! A signature is good or bad for ever, whatever the state: it depends on key, message and signature alone. So its
//! verification may be remembered from the door to the block, and done ahead of the rules by as many threads as a node has.
//! What is remembered is found by a digest of all bytes that went into the check; another signature over the same message is
//! another entry.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::codec;
use crate::crypto::{
    self, Digest, DigestAlgorithm, KeyId, PublicKey, Signature, SignedAs, admission_message, possession_message,
};
use crate::record::seal::Seal;
use crate::record::{MembershipOperation, Operation, SealOperation};
use crate::state::seal::SealState;
use crate::state::{self, KeyState, StateKey, StateReader, StateUnavailable};
use crate::transaction::Transaction;

/// Most verifications remembered, about 100 bytes each; the oldest are forgotten first. 56 full blocks of seal signatures.
pub const KNOWN_MAX: usize = 65_536;

/// What a signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Signed {
    /// Bytes in one of the ledger's own roles.
    Ledger(SignedAs, Vec<u8>),
    /// The digest that an electronic seal signed.
    Seal(Digest),
}

/// One signature with all that its verification needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerSignature {
    signed: Signed,
    key: PublicKey,
    signature: Signature,
}

impl InnerSignature {
    /// Of an electronic seal, see [`crypto::verify_seal`].
    pub fn of_seal(key: PublicKey, message: Digest, signature: Signature) -> Self {
        Self { signed: Signed::Seal(message), key, signature }
    }

    /// In one of the ledger's own roles, see [`crypto::verify`].
    pub fn of_ledger(role: SignedAs, key: PublicKey, message: Vec<u8>, signature: Signature) -> Self {
        Self { signed: Signed::Ledger(role, message), key, signature }
    }

    /// Verifies it, whatever is remembered.
    pub fn verify(&self) -> bool {
        match &self.signed {
            Signed::Ledger(role, message) => crypto::verify(*role, &self.key, message, &self.signature),
            Signed::Seal(message) => crypto::verify_seal(&self.key, message, &self.signature),
        }
    }

    /// Names it inside this process only, so the algorithm need not be the chain's.
    fn digest(&self) -> Digest {
        let (key, signature) = (codec::encode(&self.key), codec::encode(&self.signature));
        // Key and signature have fixed lengths by their first byte, so the parts cannot run into each other.
        let parts = |purpose: &[u8], message: &[u8]| {
            DigestAlgorithm::Sha256.plain(&[purpose, key.as_slice(), signature.as_slice(), message])
        };
        match &self.signed {
            Signed::Ledger(SignedAs::Transaction, message) => parts(&[0], message),
            Signed::Ledger(SignedAs::Consensus, message) => parts(&[1], message),
            Signed::Seal(message) => parts(&[2], message.as_bytes()),
        }
    }
}

/// Results by the digest of what was verified, with their order of arrival.
#[derive(Default)]
struct Known {
    results: HashMap<Digest, bool>,
    order: VecDeque<Digest>,
}

/// Signatures that were verified before. Cloning gives another handle to the same memory.
#[derive(Clone, Default)]
pub struct KnownSignatures(Arc<Mutex<Known>>);

impl std::fmt::Debug for KnownSignatures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KnownSignatures({})", self.len())
    }
}

impl KnownSignatures {
    /// Whether the signature is good: remembered, or verified now and remembered.
    pub fn holds(&self, signature: &InnerSignature) -> bool {
        let digest = signature.digest();
        if let Some(good) = self.result(&digest) {
            return good;
        }
        // Verified without the lock: others must not wait for it.
        let good = signature.verify();
        self.put(digest, good);
        good
    }

    /// Whether it was verified before, good or bad.
    pub fn is_known(&self, signature: &InnerSignature) -> bool {
        self.result(&signature.digest()).is_some()
    }

    /// Verifications remembered.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).results.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn result(&self, digest: &Digest) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).results.get(digest).copied()
    }

    fn put(&self, digest: Digest, good: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.results.insert(digest, good).is_some() {
            return;
        }
        known.order.push_back(digest);
        if known.order.len() > KNOWN_MAX
            && let Some(oldest) = known.order.pop_front()
        {
            known.results.remove(&oldest);
        }
    }
}

/// The signatures inside `transactions` that the rules will ask for, as far as their keys can be found: in the parent state, or
/// in the transactions themselves. A key is named by its digest, so it does not matter where it is found.
///
/// A signature left out here is verified by the rules when they come to it.
pub fn inside<'a, R: StateReader>(
    reader: &R,
    genesis: &Digest,
    transactions: impl Iterator<Item = &'a Transaction>,
) -> Result<Vec<InnerSignature>, StateUnavailable> {
    let mut keys: BTreeMap<KeyId, PublicKey> = BTreeMap::new();
    let mut seals: BTreeMap<StateKey, ()> = BTreeMap::new();
    let mut found = Vec::new();
    let mut sealed = Vec::new();
    let keep = |keys: &mut BTreeMap<KeyId, PublicKey>, seal: &Seal| {
        keys.extend(seal.keys.iter().map(|key| (key.id(), *key)));
    };
    for operation in transactions.flat_map(|transaction| &transaction.body.operations) {
        match operation {
            Operation::Seal(SealOperation::Register(seal) | SealOperation::Replace { seal, .. }) => {
                keep(&mut keys, seal);
            }
            Operation::Seal(SealOperation::Sign(signed)) => {
                let key = StateKey::Seal(signed.address.province, signed.address.seal.clone());
                if !keys.contains_key(&signed.key) && seals.insert(key.clone(), ()).is_none() {
                    let state: Option<SealState> = state::read(reader, &key)?;
                    if let Some(state) = state {
                        keep(&mut keys, &state.seal);
                    }
                }
                sealed.push(signed);
            }
            Operation::Membership(MembershipOperation::KeyAdd { key, organisation, proof, .. }) => {
                let message = possession_message(genesis, organisation, key);
                found.push(InnerSignature::of_ledger(SignedAs::Transaction, *key, message, *proof));
            }
            Operation::Membership(MembershipOperation::OrganisationAdd {
                organisation,
                region,
                consent: Some(consent),
            }) => {
                // The rules refuse a region of another province than the signer's before they look at the consent.
                let signer: Option<KeyState> = state::read(reader, &StateKey::Key(consent.signer))?;
                let message = admission_message(genesis, organisation, region.province(), consent.until_ms);
                found.extend(signer.map(|signer| {
                    InnerSignature::of_ledger(SignedAs::Transaction, signer.key, message, consent.signature)
                }));
            }
            _ => {}
        }
    }
    let with_key = |signed: &crate::record::seal::SealSignature| {
        keys.get(&signed.key).map(|key| InnerSignature::of_seal(*key, signed.message, signed.signature))
    };
    found.extend(sealed.into_iter().filter_map(with_key));
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::crypto::{SignatureScheme, Signer as _, SigningKey};

    fn signature(seed: u8, message: u8) -> InnerSignature {
        let key = SigningKey::from_secret(SignatureScheme::Sm2, [seed; 32]).unwrap();
        InnerSignature::of_seal(key.public_key(), Digest([message; 32]), key.sign_seal(&Digest([message; 32])))
    }

    #[test]
    fn a_signature_is_known_by_all_its_bytes() {
        let known = KnownSignatures::default();
        let good = signature(7, 1);
        assert!(!known.is_known(&good) && known.holds(&good) && known.is_known(&good));
        let other_message = InnerSignature { signed: Signed::Seal(Digest([2; 32])), ..good.clone() };
        let other_key = InnerSignature { key: signature(8, 1).key, ..good.clone() };
        let other_signature = InnerSignature { signature: signature(7, 2).signature, ..good.clone() };
        let other_purpose =
            InnerSignature { signed: Signed::Ledger(SignedAs::Transaction, vec![1; 32]), ..good.clone() };
        for false_one in [other_message, other_key, other_signature, other_purpose] {
            assert!(!known.is_known(&false_one), "{false_one:?}");
            assert!(!known.holds(&false_one), "{false_one:?}");
            assert!(known.is_known(&false_one) && !known.holds(&false_one), "a bad one stays bad");
        }
        assert!(known.holds(&good));
        assert_eq!(known.len(), 5);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let known = KnownSignatures::default();
        for number in 0..=KNOWN_MAX {
            known.put(DigestAlgorithm::Sha256.plain(&[&number.to_le_bytes()]), true);
        }
        assert_eq!(known.len(), KNOWN_MAX);
        assert_eq!(known.result(&DigestAlgorithm::Sha256.plain(&[&0usize.to_le_bytes()])), None);
    }
}
