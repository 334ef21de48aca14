//! One block on top of another: executing it, making its header, and checking one made by another node.
//!
//! The same functions run in the proposer, in every voter, in a node that catches up, and in the auditor, so there is
//! one answer to "what follows from these transactions".

mod error;
mod signers;

pub use error::BlockError;
pub use signers::Signers;

use std::collections::{BTreeMap, HashSet};

use crate::block::{Block, Body, Header, PROTOCOL_VERSION};
use crate::certificate::{Certificate, ValidatorSet};
use crate::codes::Code;
use crate::crypto::{self, BatchItem, Digest, DigestAlgorithm, KeyId, SignedAs};
use crate::features::{FEATURES, Feature};
use crate::genesis::{Genesis, GenesisCommitment, Parameters};
use crate::ids::{Height, RecordIndex, TimeMs, TxId};
use crate::log::{Appended, Appender, Frontier};
use crate::map::{self, MapKey, MapReader, MapUpdate};
use crate::participation::Participation;
use crate::rules::{self, BlockContext, Changes};
use crate::signatures::KnownSignatures;
use crate::state::governance::GovernedParameters;
use crate::state::{self, StateKey, StateReader, StateUnavailable, state_digest};
use crate::transaction::{TRANSACTION_BYTES_MAX, Transaction, transactions_root};
use crate::weight;

/// What is fixed for a chain's life.
#[derive(Debug, Clone)]
pub struct Chain {
    pub commitment: GenesisCommitment,
    /// The trust root.
    pub genesis_hash: Digest,
    /// The founding limits. Those in force are in [`Tip::parameters`].
    pub parameters: Parameters,
    /// Features that this software can execute.
    pub features: &'static [Feature],
    /// Signatures inside operations that were verified before, from the door to the block.
    pub signatures: KnownSignatures,
}

impl Chain {
    /// The chain a genesis founds.
    pub fn new(genesis: &Genesis) -> Self {
        let commitment = genesis.commitment();
        let parameters = genesis.parameters;
        let signatures = KnownSignatures::default();
        Self { genesis_hash: commitment.hash(), commitment, parameters, features: FEATURES, signatures }
    }

    /// The ledger's hash.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.commitment.ledger_hash
    }

    /// What the rules need to know of the block after `tip`, with time `time_ms`.
    pub fn block_after(&self, tip: Height, time_ms: TimeMs) -> BlockContext {
        BlockContext {
            chain_id: self.commitment.chain_id.clone(),
            genesis: self.genesis_hash,
            algorithm: self.algorithm(),
            height: Height(tip.0 + 1),
            time_ms,
            signatures: self.signatures.clone(),
        }
    }
}

/// The newest block and everything the next one builds on.
#[derive(Debug, Clone)]
pub struct Tip {
    pub height: Height,
    /// Header hash; the genesis hash at height 0.
    pub hash: Digest,
    pub time_ms: TimeMs,
    /// Right edge of the log.
    pub frontier: Frontier,
    /// Right edge of the log with SHA-256; none where `frontier` is that.
    pub frontier_sha256: Option<Frontier>,
    pub map_root: Digest,
    /// Last height at which the map changed.
    pub map_version: u64,
    /// The validators that decided this block.
    pub decided_by: ValidatorSet,
    /// The validators that decide the next one.
    pub validators: ValidatorSet,
    /// The limits of the next one.
    pub parameters: Parameters,
}

/// What the genesis writes before the first block: map version 0 and the initial things.
pub struct GenesisState {
    pub states: BTreeMap<StateKey, Vec<u8>>,
    pub map: MapUpdate,
    pub tip: Tip,
}

/// Executes the genesis on an empty store.
pub fn genesis_state<R: MapReader>(genesis: &Genesis, empty: &R) -> Result<GenesisState, StateUnavailable>
where
    R::Error: std::fmt::Display,
{
    let chain = Chain::new(genesis);
    let states = genesis.initial_states();
    let changes = map_changes(chain.algorithm(), &states);
    let map = map::update(chain.algorithm(), empty, None, 0, &changes).map_err(unavailable)?;
    let tip = Tip {
        height: Height(0),
        hash: chain.genesis_hash,
        time_ms: genesis.time,
        frontier: Frontier::empty(chain.algorithm()),
        frontier_sha256: Frontier::empty_sha256_beside(chain.algorithm()),
        map_root: map.root,
        map_version: 0,
        decided_by: genesis.validators(),
        validators: genesis.validators(),
        parameters: genesis.parameters,
    };
    Ok(GenesisState { states, map, tip })
}

/// Everything a block writes.
#[derive(Debug, Clone)]
pub struct Executed {
    pub changes: Changes,
    pub log: Appended,
    /// The same records in the log with SHA-256; none where `log` is that.
    pub log_sha256: Option<Appended>,
    /// New map version; `None` where the block changes nothing.
    pub map: Option<MapUpdate>,
    pub map_root: Digest,
    pub transactions_root: Digest,
    /// The validators that decide the next block.
    pub validators: ValidatorSet,
    /// The limits of the next block.
    pub parameters: Parameters,
}

impl Executed {
    /// The tip after this block.
    pub fn tip(&self, header: &Header, hash: Digest, parent: &Tip) -> Tip {
        Tip {
            height: header.height,
            hash,
            time_ms: header.time_ms,
            frontier: self.log.frontier.clone(),
            frontier_sha256: self.log_sha256.as_ref().map(|appended| appended.frontier.clone()),
            map_root: self.map_root,
            map_version: self.map.as_ref().map_or(parent.map_version, |update| update.version),
            decided_by: parent.validators.clone(),
            validators: self.validators.clone(),
            parameters: self.parameters,
        }
    }
}

/// Refuses a block of `height` if a feature is in force in it that this software does not know. A node checks this before it
/// executes or proposes a block: whatever it computed from there on could not be trusted.
pub fn check_features(chain: &Chain, reader: &impl StateReader, height: Height) -> Result<(), BlockError> {
    match state::features(reader)?.first_unknown(chain.features, height) {
        None => Ok(()),
        Some(unknown) => Err(BlockError::FeatureUnknown { feature: unknown.feature, height: unknown.height }),
    }
}

/// Executes transactions as the block after `tip`. They have passed admission. `last_certificate`, checked by the caller,
/// is the certificate of `tip` that the block carries.
pub fn execute<R>(
    chain: &Chain,
    reader: &R,
    tip: &Tip,
    time_ms: TimeMs,
    last_certificate: Option<&Certificate>,
    transactions: &[(TxId, &Transaction)],
) -> Result<Executed, StateUnavailable>
where
    R: StateReader + MapReader,
    <R as MapReader>::Error: std::fmt::Display,
{
    let algorithm = chain.algorithm();
    let context = chain.block_after(tip.height, time_ms);
    let first_record = RecordIndex(tip.frontier.size());
    let participation = participation(reader, tip, last_certificate)?;
    let changes = rules::apply_block(reader, &context, first_record, participation.as_ref(), transactions)?;
    let append = |frontier: &Frontier| {
        Appender::append_all(frontier.clone(), changes.records.iter().map(|(_, bytes)| bytes.as_slice()))
    };
    let (log, log_sha256) = (append(&tip.frontier), tip.frontier_sha256.as_ref().map(append));
    let map = if changes.states.is_empty() {
        None
    } else {
        let map_changes = map_changes(algorithm, &changes.states);
        let version = context.height.0;
        Some(map::update(algorithm, reader, Some(tip.map_version), version, &map_changes).map_err(unavailable)?)
    };
    let validators = match changes.states.get(&StateKey::Validators) {
        Some(bytes) => crate::codec::decode(bytes, state::STATE_BYTES_MAX).map_err(unavailable)?,
        None => tip.validators.clone(),
    };
    let parameters = match changes.states.get(&StateKey::Parameters) {
        Some(bytes) => {
            crate::codec::decode::<GovernedParameters>(bytes, state::STATE_BYTES_MAX).map_err(unavailable)?.parameters
        }
        None => tip.parameters,
    };
    Ok(Executed {
        transactions_root: transactions_root(algorithm, &changes.outcomes),
        map_root: map.as_ref().map_or(tip.map_root, |update| update.root),
        log,
        log_sha256,
        map,
        changes,
        validators,
        parameters,
    })
}

/// Participation after the height of `tip`; `None` before its certificate is known.
fn participation(
    reader: &impl StateReader,
    tip: &Tip,
    last_certificate: Option<&Certificate>,
) -> Result<Option<Participation>, StateUnavailable> {
    let Some(certificate) = last_certificate else { return Ok(None) };
    let before: Participation = state::read(reader, &StateKey::Participation)?
        .ok_or_else(|| StateUnavailable("no participation".to_owned()))?;
    Ok(Some(before.after(certificate, &tip.decided_by, &tip.validators)))
}

fn map_changes(algorithm: DigestAlgorithm, states: &BTreeMap<StateKey, Vec<u8>>) -> BTreeMap<MapKey, Digest> {
    states.iter().map(|(key, bytes)| (key.map_key(algorithm), state_digest(algorithm, bytes))).collect()
}

fn unavailable(error: impl std::fmt::Display) -> StateUnavailable {
    StateUnavailable(error.to_string())
}

/// The header that follows from an execution.
pub fn header(
    chain: &Chain,
    tip: &Tip,
    executed: &Executed,
    time_ms: TimeMs,
    proposer: KeyId,
    last_certificate: Option<&Certificate>,
) -> Header {
    let algorithm = chain.algorithm();
    Header {
        protocol_version: PROTOCOL_VERSION,
        genesis: chain.genesis_hash,
        height: Height(tip.height.0 + 1),
        time_ms,
        parent: tip.hash,
        transactions_root: executed.transactions_root,
        log: executed.log.head,
        log_root_sha256: executed.log_sha256.as_ref().map(|appended| appended.head.root),
        map_root: executed.map_root,
        validators_hash: tip.validators.hash(algorithm),
        next_validators_hash: executed.validators.hash(algorithm),
        last_certificate_hash: last_certificate.map_or(Digest::ZERO, |certificate| certificate.hash(algorithm)),
        proposer,
    }
}

/// Checks a block of `block_bytes` encoded bytes completely and executes it. `is_verified` tells which transactions
/// (identifier and exact bytes, signature included) had their signature checked before; the others are checked here, as
/// one batch.
///
/// The block's time is not compared with a clock: a voter does that itself, a node that catches up must not.
pub fn check_block<R>(
    chain: &Chain,
    reader: &R,
    tip: &Tip,
    block: &Block,
    block_bytes: usize,
    is_verified: &dyn Fn(&TxId, &[u8]) -> bool,
) -> Result<Executed, BlockError>
where
    R: StateReader + MapReader,
    <R as MapReader>::Error: std::fmt::Display,
{
    // Checks of the header alone come first: they are cheap, and a fault in them is the header's.
    let header = &block.header;
    expect("genesis", &chain.genesis_hash, &header.genesis)?;
    expect("height", &Height(tip.height.0 + 1), &header.height)?;
    expect("parent", &tip.hash, &header.parent)?;
    if header.time_ms <= tip.time_ms {
        let expected = format!("more than {}", tip.time_ms.0);
        return Err(BlockError::Header { field: "time_ms", expected, found: header.time_ms.0.to_string() });
    }
    if tip.validators.get(&header.proposer).is_none() {
        let (expected, found) = ("a validator".to_owned(), header.proposer.to_string());
        return Err(BlockError::Header { field: "proposer", expected, found });
    }
    let limit = usize::try_from(tip.parameters.block_bytes_max).unwrap_or(usize::MAX);
    if block_bytes > limit {
        return Err(BlockError::TooLarge { what: "bytes", actual: block_bytes, limit });
    }
    // Before executing: an unknown feature would make every result below wrong.
    check_features(chain, reader, header.height)?;
    check_last_certificate(chain, tip, &block.body)?;
    let transactions = check_transactions(chain, reader, tip, block, is_verified)?;
    let last_certificate = block.body.last_certificate.as_ref();
    let certified = last_certificate.map_or(Digest::ZERO, |certificate| certificate.hash(chain.algorithm()));
    // Before executing: participation is computed from the certificate, so it must be the one that the header names.
    expect("last_certificate_hash", &certified, &header.last_certificate_hash)?;
    let executed = execute(chain, reader, tip, header.time_ms, last_certificate, &transactions)?;
    let expected = self::header(chain, tip, &executed, header.time_ms, header.proposer, last_certificate);
    expect("protocol_version", &expected.protocol_version, &header.protocol_version)?;
    // Before the roots of log and map: until this holds, the body may belong to another header, and a caller must not
    // conclude that the header is invalid.
    expect("transactions_root", &expected.transactions_root, &header.transactions_root)?;
    expect("log.size", &expected.log.size, &header.log.size)?;
    expect("log.root", &expected.log.root, &header.log.root)?;
    let sha256 = |header: &Header| header.log_root_sha256.map_or_else(|| "none".to_owned(), |root| root.to_string());
    expect("log_root_sha256", &sha256(&expected), &sha256(header))?;
    expect("map_root", &expected.map_root, &header.map_root)?;
    expect("validators_hash", &expected.validators_hash, &header.validators_hash)?;
    expect("next_validators_hash", &expected.next_validators_hash, &header.next_validators_hash)?;
    Ok(executed)
}

fn expect<T: PartialEq + std::fmt::Display>(field: &'static str, expected: &T, found: &T) -> Result<(), BlockError> {
    if expected == found {
        return Ok(());
    }
    Err(BlockError::Header { field, expected: expected.to_string(), found: found.to_string() })
}

fn check_last_certificate(chain: &Chain, tip: &Tip, body: &Body) -> Result<(), BlockError> {
    match &body.last_certificate {
        None if tip.height.0 == 0 => Ok(()),
        Some(certificate) if certificate.height == tip.height && certificate.block == tip.hash && tip.height.0 > 0 => {
            certificate.verify(&chain.genesis_hash, &tip.decided_by)?;
            Ok(())
        }
        _ => Err(BlockError::LastCertificate),
    }
}

fn check_transactions<'a, R: StateReader>(
    chain: &Chain,
    reader: &R,
    tip: &Tip,
    block: &'a Block,
    is_verified: &dyn Fn(&TxId, &[u8]) -> bool,
) -> Result<Vec<(TxId, &'a Transaction)>, BlockError> {
    let context = chain.block_after(tip.height, block.header.time_ms);
    let transactions = &block.body.transactions;
    let operations: usize = transactions.iter().map(|transaction| transaction.body.operations.len()).sum();
    let limit = usize::try_from(tip.parameters.block_operations_max).unwrap_or(usize::MAX);
    if operations > limit {
        return Err(BlockError::TooLarge { what: "operations", actual: operations, limit });
    }
    // Before anything is verified: the weight is what bounds the time that a proposer can take from every voter.
    let weight = transactions.iter().map(weight::of_transaction).sum();
    if weight > weight::BLOCK_WEIGHT_MAX {
        return Err(BlockError::TooHeavy { weight, limit: weight::BLOCK_WEIGHT_MAX });
    }
    let mut seen = HashSet::with_capacity(transactions.len());
    let mut signers = Signers::new(reader);
    let mut batch = Vec::new();
    let mut positions = Vec::new();
    let mut identified = Vec::with_capacity(transactions.len());
    for (position, transaction) in transactions.iter().enumerate() {
        let bytes = transaction.to_bytes();
        let tx_id = Transaction::id_of_bytes(context.algorithm, &bytes);
        let refuse = |code| BlockError::Transaction { position, tx_id, code };
        rules::check_envelope(&context, transaction).map_err(refuse)?;
        if bytes.len() > TRANSACTION_BYTES_MAX {
            return Err(refuse(Code::EncodingTooLarge));
        }
        if !seen.insert(tx_id) || reader.has_transaction(&tx_id)? {
            return Err(refuse(Code::TransactionDuplicate));
        }
        let key = signers.key(&transaction.body.signer)?.ok_or_else(|| refuse(Code::KeyUnknown))?;
        if !is_verified(&tx_id, &bytes) {
            let message = crypto::transaction_message(&tx_id);
            batch.push(BatchItem { role: SignedAs::Transaction, key, message, signature: transaction.signature });
            positions.push(position);
        }
        identified.push((tx_id, transaction));
    }
    match crypto::verify_batch(&batch).first().and_then(|bad| positions.get(*bad)) {
        None => Ok(identified),
        Some(position) => {
            let tx_id = identified[*position].0;
            Err(BlockError::Transaction { position: *position, tx_id, code: Code::SignatureInvalid })
        }
    }
}

/// Assembles a block from transactions that passed admission, leaving out what must not be in it (expired, duplicate,
/// already committed, signer not registered yet, operations or weight beyond the block's limit). The caller bounds the bytes
/// of `candidates`.
pub fn make_block<R>(
    chain: &Chain,
    reader: &R,
    tip: &Tip,
    time_ms: TimeMs,
    proposer: KeyId,
    last_certificate: Option<Certificate>,
    candidates: Vec<(TxId, Transaction)>,
) -> Result<(Block, Executed), BlockError>
where
    R: StateReader + MapReader,
    <R as MapReader>::Error: std::fmt::Display,
{
    let context = chain.block_after(tip.height, time_ms);
    check_features(chain, reader, context.height)?;
    let mut seen = HashSet::with_capacity(candidates.len());
    let mut kept = Vec::with_capacity(candidates.len());
    let mut signers = Signers::new(reader);
    let mut weight_left = weight::BLOCK_WEIGHT_MAX;
    let mut operations_left = usize::try_from(tip.parameters.block_operations_max).unwrap_or(usize::MAX);
    for (tx_id, transaction) in candidates {
        let fresh = seen.insert(tx_id) && !reader.has_transaction(&tx_id)?;
        if !fresh || rules::check_envelope(&context, &transaction).is_err() {
            continue;
        }
        // Voters look signers up in the parent state, so every voter would refuse a block with a signer that is not in it.
        if signers.key(&transaction.body.signer)?.is_none() {
            continue;
        }
        let operations = operations_left.checked_sub(transaction.body.operations.len());
        let weight = weight_left.checked_sub(weight::of_transaction(&transaction));
        if let (Some(operations), Some(weight)) = (operations, weight) {
            (operations_left, weight_left) = (operations, weight);
            kept.push((tx_id, transaction));
        }
    }
    let borrowed: Vec<(TxId, &Transaction)> = kept.iter().map(|(tx_id, transaction)| (*tx_id, transaction)).collect();
    let executed = execute(chain, reader, tip, time_ms, last_certificate.as_ref(), &borrowed)?;
    let header = header(chain, tip, &executed, time_ms, proposer, last_certificate.as_ref());
    let transactions = kept.into_iter().map(|(_, transaction)| transaction).collect();
    let block = Block { header, body: Body { transactions, last_certificate } };
    Ok((block, executed))
}
