//! The workload of seals: signatures by SM2 seals, one record per transaction, each verified by every validator.

use std::sync::atomic::AtomicU64;

use huxin_chain_spec::crypto::{Digest, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::ids::{SealId, TimeMs};
use huxin_chain_spec::record::licence::Document;
use huxin_chain_spec::record::seal::{Seal, SealAddress, SealChange, SealSignature, SignatureStructure};
use huxin_chain_spec::record::{Operation, SealOperation};
use rand::Rng as _;
use rand::rngs::StdRng;

use super::http::LightConnection;
use super::load::{Tally, Target, sign, submit};
use crate::error::ClientError;
use crate::sdk::clock;

/// How long the seals of a benchmark are valid, in milliseconds: a day.
const VALIDITY_MS: u64 = 86_400_000;

/// A seal in use, with its key.
#[derive(Clone)]
pub struct BenchSeal {
    address: SealAddress,
    key: SigningKey,
    from_ms: TimeMs,
}

/// Files a new SM2 seal at every target and puts it into use.
pub async fn file(targets: &[Target], height: &AtomicU64, random: &mut StdRng) -> Result<Vec<BenchSeal>, ClientError> {
    let mut seals = Vec::new();
    for target in targets {
        let seal = bench_seal(target, random)?;
        let (address, key) = (seal.address.clone(), seal.key.public_key());
        let filed = Seal {
            seal: address.seal.clone(),
            owner: target.issuer,
            owner_region: target.region,
            maker: target.issuer,
            maker_certificate: Digest([1; 32]),
            certificates: vec![Digest([2; 32])],
            keys: vec![key],
            document: Document { sha256: random_digest(random), sm3: None, size_bytes: 17_000 },
            valid_from_ms: seal.from_ms,
            valid_until_ms: seal.from_ms.plus_ms(VALIDITY_MS),
        };
        let basis = "BENCH".parse().map_err(|error| ClientError::input("basis", error))?;
        let activate = SealChange { address, basis, effective_ms: seal.from_ms };
        let operations = [SealOperation::Register(filed), SealOperation::Activate(activate)].map(Operation::Seal);
        let mut connection = LightConnection::connect(&target.address)
            .await
            .map_err(|error| ClientError::Local { what: "cannot connect", reason: error.to_string() })?;
        submit(&mut connection, &sign(target, operations.into(), height)?, height, &mut Tally::default())
            .await
            .map_err(|reason| ClientError::Local { what: "cannot file the seal", reason })?;
        seals.push(seal);
    }
    Ok(seals)
}

fn bench_seal(target: &Target, random: &mut StdRng) -> Result<BenchSeal, ClientError> {
    let no_key = || ClientError::Local { what: "no SM2 key", reason: "the random number is out of range".to_owned() };
    let key = SigningKey::from_secret(SignatureScheme::Sm2, random_digest(random).0).ok_or_else(no_key)?;
    // Letters only: the admission filter refuses a run of digits that looks like a personal number.
    let letters = key.id().0.0.into_iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(|four| char::from(b'A' + four));
    let number: String = "BENCH-".chars().chain(letters).take(32).collect();
    let seal: SealId = number.parse().map_err(|error| ClientError::input("seal", error))?;
    Ok(BenchSeal { address: SealAddress { province: target.region.province(), seal }, key, from_ms: clock() })
}

/// Signatures by a seal over new digests.
pub fn signatures(seal: &BenchSeal, random: &mut StdRng, count: usize) -> Vec<Operation> {
    let mut one = || {
        let message = random_digest(random);
        let signature = SealSignature {
            address: seal.address.clone(),
            document: Document { sha256: random_digest(random), sm3: None, size_bytes: 35_000 },
            message,
            signature: seal.key.sign_seal(&message),
            key: seal.key.id(),
            certificate: Digest([2; 32]),
            claimed_ms: clock(),
            structure: SignatureStructure::V4,
            report: Digest([3; 32]),
        };
        Operation::Seal(SealOperation::Sign(signature))
    };
    (0..count).map(|_| one()).collect()
}

fn random_digest(random: &mut StdRng) -> Digest {
    let mut bytes = [0; 32];
    random.fill_bytes(&mut bytes);
    Digest(bytes)
}
