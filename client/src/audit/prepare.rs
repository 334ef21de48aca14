//! The part of a replay that runs on all cores: decoding, identifiers, signatures.

use std::collections::{HashMap, HashSet};

use huxin_chain_spec::api::DecidedBlock;
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::{
    BatchItem, DigestAlgorithm, KeyId, PublicKey, SignedAs, transaction_message, verify_batch,
};
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::TxId;
use huxin_chain_spec::record::{MembershipOperation, Operation};
use huxin_chain_spec::transaction::Transaction;
use rayon::prelude::*;

use super::source::Run;
use crate::error::ClientError;
use crate::sdk::{decode_decided, frames};

/// Signatures per batch: large enough for the batch equation to pay, small enough to spread over cores.
const BATCH_SIGNATURES: usize = 256;

/// Decoded blocks, each with its encoded length, and the signatures that hold.
pub struct Prepared {
    pub blocks: Vec<(DecidedBlock, usize)>,
    verified: HashMap<TxId, [u8; 64]>,
}

impl Prepared {
    /// Whether the signature in these transaction bytes, and no other, was checked. Identifiers do not cover signatures.
    pub fn is_verified(&self, tx_id: &TxId, bytes: &[u8]) -> bool {
        self.verified.get(tx_id).is_some_and(|signature| bytes.ends_with(signature))
    }
}

/// Public keys by identifier. The identifier is a digest of the key, so a key taken from anywhere is the right one;
/// whether it is registered and may sign is checked by the rules.
pub struct Preparer {
    algorithm: DigestAlgorithm,
    keys: HashMap<KeyId, PublicKey>,
}

impl Preparer {
    /// Starts with the keys of the genesis.
    pub fn new(genesis: &Genesis) -> Self {
        let mut keys = HashMap::new();
        for province in &genesis.provinces {
            let issuers = province.issuers.iter().map(|issuer| issuer.key);
            for key in issuers.chain([province.registrar_key, province.governance_key]) {
                keys.insert(key.id(), key);
            }
        }
        Self { algorithm: genesis.ledger_hash, keys }
    }

    /// Decodes a run and checks its signatures. A signature that does not hold, or whose key is not known here, is left
    /// to the execution, which reports it.
    pub fn prepare(&mut self, run: &Run) -> Result<Prepared, ClientError> {
        let differs =
            |offset: usize, reason: String| ClientError::ReplayDiffers { height: run.from + offset as u64, reason };
        let found = frames(&run.bytes).map_err(|reason| differs(0, reason))?;
        let blocks = found
            .into_par_iter()
            .enumerate()
            .map(|(offset, frame)| {
                let decided = decode_decided(frame).map_err(|reason| differs(offset, reason))?;
                let block_bytes = frame.len() - codec::encode(&decided.certificate).len();
                Ok((decided, block_bytes))
            })
            .collect::<Result<Vec<_>, ClientError>>()?;
        let transactions: Vec<&Transaction> =
            blocks.iter().flat_map(|(decided, _)| decided.block.body.transactions.iter()).collect();
        self.learn(&transactions);
        let verified = transactions
            .par_chunks(BATCH_SIGNATURES)
            .flat_map_iter(|chunk| self.verified_of(chunk))
            .collect::<HashMap<_, _>>();
        Ok(Prepared { blocks, verified })
    }

    fn learn(&mut self, transactions: &[&Transaction]) {
        for operation in transactions.iter().flat_map(|transaction| &transaction.body.operations) {
            if let Operation::Membership(MembershipOperation::KeyAdd { key, .. }) = operation {
                self.keys.insert(key.id(), *key);
            }
        }
    }

    fn verified_of(&self, transactions: &[&Transaction]) -> Vec<(TxId, [u8; 64])> {
        let mut ids = Vec::with_capacity(transactions.len());
        let mut batch = Vec::with_capacity(transactions.len());
        for transaction in transactions {
            let Some(key) = self.keys.get(&transaction.body.signer) else { continue };
            let tx_id = transaction.body.id(self.algorithm);
            ids.push((tx_id, *transaction.signature.as_bytes()));
            let (message, signature) = (transaction_message(&tx_id), transaction.signature);
            batch.push(BatchItem { role: SignedAs::Transaction, key: *key, message, signature });
        }
        let bad: HashSet<usize> = verify_batch(&batch).into_iter().collect();
        ids.into_iter()
            .enumerate()
            .filter(|(position, _)| !bad.contains(position))
            .map(|(_, verified)| verified)
            .collect()
    }
}
