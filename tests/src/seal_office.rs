//! An office that files the seals of its province, with one seal in use whose key is SM2: signatures that are dear to verify.

use std::sync::atomic::{AtomicU64, Ordering};

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::licence::Document;
use huxin_chain_spec::record::membership::Permissions;
use huxin_chain_spec::record::seal::{Seal, SealAddress, SealChange, SealSignature, SignatureStructure};
use huxin_chain_spec::record::{MembershipOperation, Operation, SealOperation};
use huxin_client::keys;
use huxin_client::sdk::clock;

use crate::{Issuer, Network};

/// Digest of a number: a name that nothing else has.
fn name(number: u64) -> Digest {
    DigestAlgorithm::Sha256.plain(&[b"seal office", &number.to_le_bytes()])
}

fn document(number: u64) -> Document {
    Document { sha256: name(number), sm3: None, size_bytes: 1 }
}

/// The office of a province's demo organisation.
#[derive(Clone)]
pub struct SealOffice {
    /// Signs its transactions.
    pub issuer: Issuer,
    address: SealAddress,
    key: SigningKey,
    begun: TimeMs,
}

impl SealOffice {
    /// Gives the organisation a key for seals, files one and puts it into use, through `node`.
    pub async fn found(network: &Network, province: &str, node: usize) -> Self {
        let keys_of = network.keys(province);
        let registrar = Issuer::with_key(&network.genesis, keys_of, keys::open_plain(&keys_of.registrar).unwrap());
        let [member, key] = [SignatureScheme::Ed25519, SignatureScheme::Sm2]
            .map(|scheme| SigningKey::from_secret(scheme, [77; 32]).unwrap());
        let issuer = Issuer::with_key(&network.genesis, keys_of, member.clone());
        let (organisation, region) = (issuer.organisation, issuer.region);
        let permissions = Permissions { sign_seals: true, manage_seals: true, ..Permissions::none() };
        let proof = member.sign_possession(&network.genesis.hash(), &organisation);
        let key_add =
            MembershipOperation::KeyAdd { key: member.public_key(), organisation, system: None, permissions, proof };
        let begun = clock();
        let address = SealAddress { province: province.parse().unwrap(), seal: "S-1".parse().unwrap() };
        let seal = Seal {
            seal: address.seal.clone(),
            owner: organisation,
            owner_region: region,
            maker: organisation,
            maker_certificate: name(1),
            certificates: vec![name(2)],
            keys: vec![key.public_key()],
            document: document(3),
            valid_from_ms: begun,
            valid_until_ms: begun.plus_ms(86_400_000),
        };
        let change = SealChange { address: address.clone(), basis: "YZ-1".parse().unwrap(), effective_ms: begun };
        let api = network.api(node);
        for transaction in [
            registrar.sign(vec![Operation::Membership(key_add)], 0),
            issuer.sign(
                vec![Operation::Seal(SealOperation::Register(seal)), Operation::Seal(SealOperation::Activate(change))],
                0,
            ),
        ] {
            assert_eq!(api.submit_and_wait(&transaction.bytes).await.outcome, "committed");
        }
        Self { issuer, address, key, begun }
    }

    /// So many good signatures of the seal, each over another file.
    pub fn signatures(&self, count: usize) -> Vec<Operation> {
        static NEXT: AtomicU64 = AtomicU64::new(1_000);
        let next = || NEXT.fetch_add(1, Ordering::Relaxed);
        (0..count).map(|_| self.signature(next())).collect()
    }

    /// The same, the last of which is false.
    pub fn signatures_last_false(&self, count: usize) -> Vec<Operation> {
        let mut all = self.signatures(count);
        if let Some(Operation::Seal(SealOperation::Sign(last))) = all.last_mut() {
            last.signature = self.key.sign_seal(&name(0));
        }
        all
    }

    fn signature(&self, number: u64) -> Operation {
        Operation::Seal(SealOperation::Sign(SealSignature {
            address: self.address.clone(),
            document: document(number),
            message: name(number),
            signature: self.key.sign_seal(&name(number)),
            key: self.key.id(),
            certificate: name(2),
            claimed_ms: self.begun,
            structure: SignatureStructure::V4,
            report: name(4),
        }))
    }
}
