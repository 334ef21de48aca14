//! The door: admission checks that a transaction must pass before any node holds it.
//!
//! What fails here is refused at once and is not stored. Each step costs more than the one before, and the sender has to pass it
//! first: the fixed places of the bytes (chain, signer, signature), the signer's standing with this node, the signature over
//! the bytes as they came, and only then the operations, which are decoded and run on trial against the current state.
//! Signatures are checked in batches: those that arrive while one batch is checked form the next. Long trials run on threads
//! of their own, by turns of keys, and end with the last caller that waits for them.

mod flights;
mod peers;
mod refusals;
mod refused_keys;
mod signatures;
mod trials;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use huxin_chain_spec::codec::{self, CodecError};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{self, BatchItem, Digest, PublicKey, SignedAs};
use huxin_chain_spec::envelope::Envelope;
use huxin_chain_spec::execute::{Signers, Tip};
use huxin_chain_spec::ids::{Height, LicenceRef, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::rules::{self, BlockContext};
use huxin_chain_spec::state::{DocumentLicence, IssuedLicence, StateKey, StateReader, StateUnavailable};
use huxin_chain_spec::transaction::{EachOutcome, Outcome, TRANSACTION_BYTES_MAX, Transaction};
use huxin_chain_spec::weight;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::mempool::{Inserted, Mempool, Owner, PoolError, PooledTransaction};
use crate::store::Store;

use flights::{Exact, Flights, Wanted};
use refusals::{Refusals, Spending};
use refused_keys::RefusedKeys;
use trials::{Busy, Trials};

pub(crate) use refused_keys::RefusedKey;
pub use signatures::SignatureChecks;

/// A trial that weighs more runs on the threads of trials: two milliseconds.
const INLINE_WEIGHT_MAX: u64 = 2_000;
/// Longer bytes are decoded, and hashed, on a blocking thread.
const INLINE_BYTES_MAX: usize = 16 * 1024;

/// Why a transaction was not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    /// The part it is about: `transaction`, `signature`, `operation 3`.
    pub place: String,
    /// For what is refused for lack of room or for what its key has taken: when to try again.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    fn new(code: Code, place: impl Into<String>) -> Self {
        Self { code, place: place.into(), retry_after_ms: None }
    }

    fn later(code: Code, place: impl Into<String>, retry_after_ms: u64) -> Self {
        Self { code, place: place.into(), retry_after_ms: Some(retry_after_ms) }
    }
}

/// A transaction that is in the mempool, or was admitted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    pub tx_id: TxId,
}

/// What the door did, since the start of the process.
#[derive(Debug, Default)]
struct Counts {
    trials: AtomicU64,
    shared: AtomicU64,
    recalled: AtomicU64,
    cancelled: AtomicU64,
}

/// The same for metrics.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct DoorCounts {
    /// Trials run to their end.
    pub(crate) trials: u64,
    /// Submissions that waited for the same bytes already under way.
    pub(crate) shared: u64,
    /// Refusals given from memory.
    pub(crate) recalled: u64,
    /// Admissions given up because all their callers had hung up.
    pub(crate) cancelled: u64,
    /// Long trials that run or wait.
    pub(crate) trials_held: usize,
    pub(crate) refused_keys: Vec<(RefusedKey, u64)>,
}

/// The door of one node.
pub struct Door {
    ledger: Arc<Ledger>,
    mempool: Mempool,
    clock: Clock,
    signatures: SignatureChecks,
    flights: Arc<Flights>,
    trials: Trials,
    refusals: Refusals,
    spending: Spending,
    refused_keys: RefusedKeys,
    counts: Counts,
}

/// A transaction on its way in, of which nothing but the fixed places was read.
struct Arrival {
    bytes: Bytes,
    tx_id: TxId,
    envelope: Envelope,
    key: PublicKey,
    owner: Owner,
    /// The height at which it came.
    height: Height,
}

impl Door {
    /// A door to `mempool`; starts the task that checks signatures on the current tokio runtime, and the threads of trials.
    pub fn new(ledger: Arc<Ledger>, mempool: Mempool, clock: Clock) -> Self {
        Self {
            ledger,
            mempool,
            clock,
            signatures: SignatureChecks::start(),
            flights: Arc::default(),
            trials: Trials::start(),
            refusals: Refusals::default(),
            spending: Spending::default(),
            refused_keys: RefusedKeys::default(),
            counts: Counts::default(),
        }
    }

    pub(crate) fn counts(&self) -> DoorCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        DoorCounts {
            trials: read(&self.counts.trials),
            shared: read(&self.counts.shared),
            recalled: read(&self.counts.recalled),
            cancelled: read(&self.counts.cancelled),
            trials_held: self.trials.held(),
            refused_keys: self.refused_keys.counts(),
        }
    }

    /// Checks canonical transaction bytes and puts them into the mempool. A known transaction is admitted again, without checks.
    ///
    /// Dropping the future gives the admission up, unless another caller waits for the same bytes.
    pub async fn admit(self: &Arc<Self>, bytes: Bytes) -> Result<Admitted, Refusal> {
        let arrival = self.arrival(bytes).await?;
        let tx_id = arrival.tx_id;
        if self.is_known(&tx_id)? {
            return Ok(Admitted { tx_id });
        }
        let (envelope, context) = (&arrival.envelope, self.context(&self.ledger.chain_tip()));
        let operations = usize::try_from(envelope.operations).unwrap_or(usize::MAX);
        rules::check_frame(&context, &envelope.genesis, operations, envelope.expires_at)
            .map_err(|code| explained(&arrival.bytes, code, "transaction"))?;
        let exact: Exact = (tx_id, codec::encode(&envelope.signature));
        if let Some(refusal) = self.refusals.recall(&exact, arrival.height, Instant::now()) {
            self.counts.recalled.fetch_add(1, Ordering::Relaxed);
            return Err(refusal);
        }
        let begin = |wanted, result| self.begin(exact.clone(), arrival, wanted, result);
        let (flight, shared) = self.flights.join(exact.clone(), begin);
        if shared {
            self.counts.shared.fetch_add(1, Ordering::Relaxed);
        }
        let landed = flight.landed().await.unwrap_or_else(|| Err(Refusal::new(Code::ApiNotReady, "trial run")));
        match landed {
            // A block may have taken it since, and then its own effect is what refuses it: sent again, it is admitted again.
            Err(refusal) if !self.is_known(&tx_id)? => Err(refusal),
            _ => Ok(Admitted { tx_id }),
        }
    }

    /// Reads the fixed places, and looks up the signer. What no member of this chain can have sent ends here.
    async fn arrival(&self, bytes: Bytes) -> Result<Arrival, Refusal> {
        if bytes.len() > TRANSACTION_BYTES_MAX {
            return Err(Refusal::new(Code::EncodingTooLarge, "transaction"));
        }
        let malformed = || explained(&bytes, Code::EncodingMalformed, "transaction");
        let envelope = Envelope::peek(&bytes).ok_or_else(malformed)?;
        let tip = self.ledger.chain_tip();
        if envelope.genesis != self.ledger.chain().genesis_hash {
            return Err(explained(&bytes, Code::TransactionWrongChain, "transaction"));
        }
        let found = Signers::new(self.ledger.store()).key_of_province(&envelope.signer).map_err(unreadable)?;
        let (key, province) = found.ok_or_else(|| explained(&bytes, Code::KeyUnknown, "signer"))?;
        let owner = Owner { province, key: envelope.signer };
        // Even the hash of long bytes costs more than their sender has left, if they come again before their time.
        if let Some(refusal) = self.refusals.too_early(&envelope.signature, Instant::now()) {
            return Err(refusal);
        }
        let (algorithm, hashed) = (self.ledger.algorithm(), bytes.clone());
        let tx_id = off_the_workers(&bytes, move || Transaction::id_of_bytes(algorithm, &hashed)).await?;
        Ok(Arrival { bytes, tx_id, envelope, key, owner, height: tip.height })
    }

    fn begin(self: &Arc<Self>, exact: Exact, arrival: Arrival, wanted: Wanted, result: flights::Result) {
        let door = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = tokio::select! {
                biased;
                () = wanted.gone() => {
                    door.counts.cancelled.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                outcome = door.admit_new(&arrival, &wanted) => outcome,
            };
            if let Err(refusal) = &outcome {
                let (now, signature) = (Instant::now(), &arrival.envelope.signature);
                door.refusals.put_off(signature, refusal, now);
                door.refusals.remember(exact, refusal, arrival.height, now);
            }
            result.send_replace(Some(outcome.map(|_| Admitted { tx_id: arrival.tx_id })));
        });
    }

    async fn admit_new(self: &Arc<Self>, arrival: &Arrival, wanted: &Wanted) -> Result<Inserted, Refusal> {
        let owner = arrival.owner;
        self.check_account(owner, arrival.bytes.len())?;
        let message = crypto::transaction_message(&arrival.tx_id);
        let signature = arrival.envelope.signature;
        let item = BatchItem { role: SignedAs::Transaction, key: arrival.key, message, signature };
        if !self.signatures.check(item).await {
            return Err(Refusal::new(Code::SignatureInvalid, "signature"));
        }
        // From here on the work is the signer's, whatever comes of it.
        let encoded = arrival.bytes.clone();
        let decode = move || (Instant::now(), Transaction::from_bytes(&encoded));
        let (begun, decoded) = off_the_workers(&arrival.bytes, decode).await?;
        let transaction = decoded.map_err(|error| {
            self.charge(owner, begun);
            Refusal::new(codec_code(&error), "transaction")
        })?;
        weight::check_transaction(&transaction).map_err(|code| {
            self.charge(owner, begun);
            Refusal::new(code, "transaction")
        })?;
        let (operations, weight) = (transaction.body.operations.len(), weight::of_transaction(&transaction));
        let expires_at = transaction.body.expires_at;
        self.try_out(arrival, transaction, weight, wanted).await?;
        // Only the canonical bytes count, and they must own their buffer.
        let bytes = Bytes::copy_from_slice(&arrival.bytes);
        let pooled = PooledTransaction { id: arrival.tx_id, bytes, expires_at, operations, weight, owner };
        self.mempool.insert_local(pooled).map_err(|error| self.no_room(owner, error))
    }

    /// Whether the key may cause more work, and has room in the pool for so many bytes.
    fn check_account(&self, owner: Owner, bytes: usize) -> Result<(), Refusal> {
        if let Some(retry_after_ms) = self.spending.exhausted_ms(&owner.key, Instant::now()) {
            return Err(self.refuse_key(owner, Code::AdmissionKeySpent, "signer", retry_after_ms));
        }
        self.mempool.room_for(&owner, bytes).map_err(|error| self.no_room(owner, error))
    }

    async fn try_out(
        self: &Arc<Self>,
        arrival: &Arrival,
        transaction: Transaction,
        weight: u64,
        wanted: &Wanted,
    ) -> Result<(), Refusal> {
        let (owner, tx_id) = (arrival.owner, arrival.tx_id);
        if weight <= INLINE_WEIGHT_MAX && arrival.bytes.len() <= INLINE_BYTES_MAX {
            return self.trial(owner, tx_id, &transaction, wanted);
        }
        let (sender, outcome) = oneshot::channel();
        let (door, wanted) = (Arc::clone(self), wanted.clone());
        let work = move || {
            if wanted.holds() {
                // The receiver is gone if all callers hung up during the trial.
                let _ = sender.send(door.trial(owner, tx_id, &transaction, &wanted));
            }
        };
        self.trials.submit(owner.key, weight, work).map_err(|Busy { retry_after_ms, by_key }| match by_key {
            true => self.refuse_key(owner, Code::AdmissionKeyBusy, "signer", retry_after_ms),
            false => Refusal::later(Code::ApiBusy, "trials: too many wait already", retry_after_ms),
        })?;
        outcome.await.map_err(|_| Refusal::new(Code::ApiNotReady, "trial run"))?
    }

    /// Applies the transaction to the current state and discards the result. Stops between operations once nobody waits for it.
    fn trial(&self, owner: Owner, tx_id: TxId, transaction: &Transaction, wanted: &Wanted) -> Result<(), Refusal> {
        let (tip, begun) = (self.ledger.chain_tip(), Instant::now());
        let first_record = RecordIndex(tip.frontier.size());
        let reader = WhileWanted { store: self.ledger.store(), wanted };
        let applied = rules::apply(&reader, &self.context(&tip), first_record, &[(tx_id, transaction)]);
        let changes = match applied {
            Err(_) if !wanted.holds() => {
                self.charge(owner, begun);
                return Err(Refusal::new(Code::ApiNotReady, "trial run"));
            }
            applied => applied.map_err(unreadable)?,
        };
        self.counts.trials.fetch_add(1, Ordering::Relaxed);
        match changes.outcomes.first().map(|entry| &entry.outcome) {
            Some(Outcome::Rejected { code, operation }) => {
                self.charge(owner, begun);
                Err(Refusal::new(*code, format!("operation {operation}")))
            }
            Some(Outcome::Each(each)) => self.judge_each(owner, begun, each),
            _ => Ok(()),
        }
    }

    /// A transaction of which each operation has its own outcome is refused where all are refused for one reason: there is nothing to
    /// prove that this answer does not say. Else the key pays for its refused operations, and the block tells which they were.
    fn judge_each(&self, owner: Owner, begun: Instant, each: &EachOutcome) -> Result<(), Refusal> {
        let refused = u32::try_from(each.refused.len()).unwrap_or(u32::MAX);
        if let Some(code) = each.refused_alike() {
            self.charge(owner, begun);
            let place = match refused {
                1 => "operation 0".to_owned(),
                operations => format!("operations 0 to {}", operations - 1),
            };
            return Err(Refusal::new(code, place));
        }
        let operations = each.records.saturating_add(refused).max(1);
        let part = begun.elapsed().mul_f64(f64::from(refused) / f64::from(operations));
        self.charge_time(owner, part);
        Ok(())
    }

    /// Charges the time since `begun` to the key: its transaction took it, and nothing comes of it.
    fn charge(&self, owner: Owner, begun: Instant) {
        self.charge_time(owner, begun.elapsed());
    }

    fn charge_time(&self, owner: Owner, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.spending.charge(owner.key, us, Instant::now());
    }

    fn refuse_key(&self, owner: Owner, code: Code, place: impl Into<String>, retry_after_ms: u64) -> Refusal {
        self.refused_keys.note(owner, code, Instant::now());
        Refusal::later(code, place, retry_after_ms)
    }

    fn no_room(&self, owner: Owner, error: PoolError) -> Refusal {
        match error {
            PoolError::Full { retry_after_ms } => Refusal::later(Code::MempoolFull, "mempool", retry_after_ms),
            PoolError::Share { share, retry_after_ms } => {
                self.refuse_key(owner, Code::MempoolShareFull, share.place(), retry_after_ms)
            }
            PoolError::Expired { .. } => Refusal::new(Code::TransactionExpired, "transaction"),
            PoolError::TooLarge { .. } => Refusal::new(Code::EncodingTooLarge, "transaction"),
        }
    }

    fn is_known(&self, tx_id: &TxId) -> Result<bool, Refusal> {
        if self.mempool.contains(tx_id) {
            return Ok(true);
        }
        Ok(self.ledger.outcome(tx_id).map_err(unreadable)?.is_some())
    }

    fn context(&self, tip: &Tip) -> BlockContext {
        self.ledger.chain().block_after(tip.height, TimeMs(self.clock.now().0.max(tip.time_ms.0 + 1)))
    }
}

/// The store, for as long as somebody waits for what is read from it.
struct WhileWanted<'a> {
    store: &'a Store,
    wanted: &'a Wanted,
}

impl WhileWanted<'_> {
    fn store(&self) -> Result<&Store, StateUnavailable> {
        match self.wanted.holds() {
            true => Ok(self.store),
            false => Err(StateUnavailable("the callers have hung up".to_owned())),
        }
    }
}

impl StateReader for WhileWanted<'_> {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        self.store()?.state(key)
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        self.store()?.issued_at(licence)
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        self.store()?.first_of_document(sha256)
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        self.store()?.issued_licence(index)
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        self.store()?.has_transaction(tx_id)
    }
}

/// Runs `work` here if `bytes` are short, else on a blocking thread of the current runtime.
async fn off_the_workers<T: Send + 'static>(
    bytes: &Bytes,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    if bytes.len() <= INLINE_BYTES_MAX {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::new(Code::ApiNotReady, "transaction"))
}

/// The refusal of bytes that fail a cheap check. Short ones are decoded to name their fault as exactly as can be: bytes of
/// another structure look like a transaction of another chain. Long ones are not, as decoding is what their sender would like.
fn explained(bytes: &[u8], code: Code, place: &str) -> Refusal {
    match bytes.len() <= INLINE_BYTES_MAX {
        true => match Transaction::from_bytes(bytes) {
            Err(error) => Refusal::new(codec_code(&error), "transaction"),
            Ok(_) => Refusal::new(code, place),
        },
        false => Refusal::new(code, place),
    }
}

fn unreadable(error: impl std::fmt::Display) -> Refusal {
    tracing::error!(%error, "could not read the store; the transaction is refused");
    Refusal::new(Code::StoreDamaged, "store")
}

fn codec_code(error: &CodecError) -> Code {
    match error {
        CodecError::TooLong { .. } => Code::EncodingTooLarge,
        CodecError::NotCanonical { .. } => Code::EncodingNotCanonical,
        CodecError::Malformed { reason, .. } if reason.contains("Not all bytes read") => Code::EncodingTrailingBytes,
        _ => Code::EncodingMalformed,
    }
}
