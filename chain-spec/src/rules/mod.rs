//! The rules: what an operation may do, and what it changes.
//!
//! **Invariants**
//! * Rules read the ledger through [`StateReader`] and the block's context, nothing else: no clock, no configuration.
//! * A transaction is applied all or none; a refused one leaves only its outcome.
//! * Every refusal is a [`Code`]; a store that cannot answer is never turned into one.

pub mod case;
mod derived;
pub mod evidence;
pub mod governance;
pub mod licence;
pub mod membership;
mod overlay;
pub mod publication;
pub mod seal;
mod succession;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codes::Code;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::ids::{ChainId, Height, ItemCode, LicenceRef, ProvinceCode, RecordIndex, TimeMs, TxId, Uscc};
use crate::participation::Participation;
use crate::privacy::{self, PersonalData};
use crate::record::membership::Standing;
use crate::record::publication::PublicationKey;
use crate::record::{Operation, RECORD_BYTES_MAX, RECORD_VERSION, Record};
use crate::signatures::KnownSignatures;
use crate::state::succession::SuccessionState;
use crate::state::{
    DocumentLicence, KeyState, OrganisationHead, OrganisationState, ProvinceState, StateKey, StateReader,
    StateUnavailable, SystemState,
};
use crate::transaction::{EXPIRY_WINDOW_MAX, OPERATIONS_MAX, Outcome, Transaction, TransactionOutcome};
use crate::weight;

use overlay::Overlay;

pub use derived::derived;

/// Why an operation was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A rule refuses it. Every node gives the same answer.
    #[error("{}", .0.as_str())]
    Refused(Code),
    /// The local store failed; the operation was neither accepted nor refused.
    #[error(transparent)]
    Unavailable(#[from] StateUnavailable),
}

impl From<Code> for RuleError {
    fn from(code: Code) -> Self {
        Self::Refused(code)
    }
}

/// What is the same for every transaction of a block.
#[derive(Debug, Clone)]
pub struct BlockContext {
    /// The chain's name; tells a development chain.
    pub chain_id: ChainId,
    /// The chain's trust root, which transactions and votes name.
    pub genesis: Digest,
    pub algorithm: DigestAlgorithm,
    pub height: Height,
    pub time_ms: TimeMs,
    /// Signatures inside operations that were verified before; changes no result.
    pub signatures: KnownSignatures,
}

/// Who signs a transaction, with everything that must be active for it to count.
#[derive(Debug, Clone)]
pub struct Actor {
    pub id: crate::crypto::KeyId,
    pub key: KeyState,
    /// Whether its organisation has handed something on to another.
    pub has_handed_on: bool,
}

impl Actor {
    /// Province the signer acts for.
    pub fn province(&self) -> ProvinceCode {
        self.key.province
    }
}

/// What a rule needs besides the overlay: the block, the signer, and the record that the operation becomes.
#[derive(Clone, Copy)]
struct OperationContext<'a> {
    context: &'a BlockContext,
    actor: &'a Actor,
    /// The record it becomes.
    index: RecordIndex,
}

/// Checks what the door checks: chain, operation count, expiry, weight. Signature and signer are checked by the caller, in
/// batches. A transaction that fails here is never in a block.
pub fn check_envelope(context: &BlockContext, transaction: &Transaction) -> Result<(), Code> {
    let body = &transaction.body;
    check_frame(context, &body.genesis, body.operations.len(), body.expires_at)?;
    weight::check_transaction(transaction)
}

/// The part of [`check_envelope`] that the fixed places of the bytes tell ([`crate::envelope`]): chain, operation count, expiry.
pub fn check_frame(
    context: &BlockContext,
    genesis: &Digest,
    operations: usize,
    expires_at: Height,
) -> Result<(), Code> {
    if *genesis != context.genesis {
        return Err(Code::TransactionWrongChain);
    }
    if operations == 0 {
        return Err(Code::TransactionNoOperations);
    }
    if operations > OPERATIONS_MAX {
        return Err(Code::TransactionTooManyOperations);
    }
    if expires_at < context.height {
        return Err(Code::TransactionExpired);
    }
    if expires_at.0 - context.height.0 > EXPIRY_WINDOW_MAX {
        return Err(Code::TransactionExpiryTooFar);
    }
    Ok(())
}

/// Everything a block's transactions change.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// New canonical bytes of changed things, heads of organisations included.
    pub states: BTreeMap<StateKey, Vec<u8>>,
    /// Licences issued, each with the record that issued it.
    pub issued: Vec<(LicenceRef, RecordIndex)>,
    /// Files that no earlier record named, by SHA-256, each with its first licence.
    pub documents: Vec<(Digest, DocumentLicence)>,
    /// Accepted records in log order, each with its leaf bytes.
    pub records: Vec<(Record, Vec<u8>)>,
    /// One outcome per transaction, in block order.
    pub outcomes: Vec<TransactionOutcome>,
}

/// Applies transactions in order on top of `reader`. `first_record` is the log size before the block.
///
/// Fails only where the store cannot answer.
pub fn apply<R: StateReader>(
    reader: &R,
    context: &BlockContext,
    first_record: RecordIndex,
    transactions: &[(TxId, &Transaction)],
) -> Result<Changes, StateUnavailable> {
    apply_block(reader, context, first_record, None, transactions)
}

/// The same for a whole block, which begins by recording `participation`.
pub fn apply_block<R: StateReader>(
    reader: &R,
    context: &BlockContext,
    first_record: RecordIndex,
    participation: Option<&Participation>,
    transactions: &[(TxId, &Transaction)],
) -> Result<Changes, StateUnavailable> {
    let mut overlay = Overlay::new(reader, first_record);
    if let Some(participation) = participation {
        overlay.write(StateKey::Participation, participation);
        overlay.keep();
    }
    let mut outcomes = Vec::with_capacity(transactions.len());
    for (tx_id, transaction) in transactions {
        let outcome = match apply_transaction(&mut overlay, context, *tx_id, transaction) {
            Ok((first_record, records)) => {
                overlay.keep();
                Outcome::Committed { first_record, records }
            }
            Err((operation, RuleError::Refused(code))) => {
                overlay.discard();
                Outcome::Rejected { code, operation }
            }
            Err((_, RuleError::Unavailable(error))) => return Err(error),
        };
        outcomes.push(TransactionOutcome { tx_id: *tx_id, outcome });
    }
    let mut changes = overlay.into_changes();
    changes.outcomes = outcomes;
    Ok(changes)
}

fn apply_transaction<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    tx_id: TxId,
    transaction: &Transaction,
) -> Result<(RecordIndex, u32), (u32, RuleError)> {
    let at = |operation: u32| move |error: RuleError| (operation, error);
    let mut actor = known_actor(overlay, &transaction.body.signer).map_err(at(0))?;
    let head_key = StateKey::OrganisationHead(actor.key.organisation);
    let mut head: OrganisationHead = overlay.read(&head_key).map_err(|error| (0, error.into()))?.unwrap_or_default();
    let first = overlay.next_record();
    let mut position = 0u32;
    for operation in &transaction.body.operations {
        check_privacy(operation).map_err(|code| (position, code.into()))?;
        let index = overlay.next_record();
        // What an earlier operation of the transaction changed of its signer counts for this one.
        if !overlay.knows_actors() {
            actor = known_actor(overlay, &transaction.body.signer).map_err(at(position))?;
        }
        let mut competence = None;
        match operation {
            Operation::Membership(operation) => {
                overlay.forget_actors();
                membership::apply(overlay, context, &actor, index, operation)
            }
            Operation::Licence(operation) => {
                licence::apply(overlay, context, &actor, index, operation).map(|version| competence = version)
            }
            Operation::Seal(operation) => seal::apply(overlay, context, &actor, index, operation),
            Operation::Case(operation) => case::apply(overlay, context, &actor, index, operation),
            Operation::Publication(operation) => publication::apply(overlay, context, &actor, index, operation),
            Operation::Evidence(operation) => evidence::apply(overlay, context, &actor, index, operation),
            Operation::Governance(operation) => {
                overlay.forget_actors();
                governance::apply(overlay, context, &actor, index, operation)
            }
        }
        .map_err(at(position))?;
        let record = Record {
            version: RECORD_VERSION,
            family: operation.family(),
            kind: operation.kind(),
            province: actor.province(),
            organisation: actor.key.organisation,
            sequence: head.sequence + 1,
            running_digest: Digest::ZERO,
            signer: transaction.body.signer,
            tx_id,
            time_ms: context.time_ms,
            competence,
            operation: operation.clone(),
        };
        let (record, bytes) = record.seal(context.algorithm, &head.running_digest);
        // What a reader would refuse must not come into being: no receipt of it could be read.
        if bytes.len() > RECORD_BYTES_MAX || overlay.wrote_too_much() {
            return Err(at(position)(Code::TransactionOperationTooLong.into()));
        }
        head = OrganisationHead { sequence: record.sequence, running_digest: record.running_digest };
        overlay.push_record(record, bytes);
        position += 1;
    }
    overlay.write(head_key, &head);
    Ok((first, position))
}

/// The signer, read once per block while no membership changes.
fn known_actor<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    id: &crate::crypto::KeyId,
) -> Result<Arc<Actor>, RuleError> {
    if let Some(actor) = overlay.actor(id) {
        return Ok(actor);
    }
    let actor = Arc::new(actor(overlay, id)?);
    overlay.remember_actor(Arc::clone(&actor));
    Ok(actor)
}

/// The signer, if its key, system, organisation and province are all active.
fn actor<R: StateReader>(overlay: &Overlay<'_, R>, id: &crate::crypto::KeyId) -> Result<Actor, RuleError> {
    let key: KeyState = overlay.read(&StateKey::Key(*id))?.ok_or(Code::KeyUnknown)?;
    standing(key.standing, Code::KeySuspended, Code::KeyRemoved)?;
    let organisation: OrganisationState =
        overlay.read(&StateKey::Organisation(key.organisation))?.ok_or(Code::OrganisationUnknown)?;
    // A key goes with the province that registered it: once the organisation's own province has taken it back, the key no longer signs.
    if organisation.province != key.province {
        return Err(Code::OrganisationReclaimed.into());
    }
    check_organisation(&organisation)?;
    if let Some(system) = &key.system {
        let address = StateKey::System(key.organisation, system.clone());
        let system: SystemState = overlay.read(&address)?.ok_or(Code::SystemUnknown)?;
        if system.standing != Standing::Active {
            return Err(Code::SystemWrongState.into());
        }
    }
    let province: ProvinceState =
        overlay.read(&StateKey::Province(key.province))?.ok_or(Code::OrganisationWrongProvince)?;
    standing(province.standing, Code::ProvinceSuspended, Code::ProvinceRemoved)?;
    let succession: Option<SuccessionState> = overlay.read(&StateKey::Succession(key.organisation))?;
    let has_handed_on = succession.is_some_and(|state| !state.handed_on.is_empty());
    Ok(Actor { id: *id, key, has_handed_on })
}

/// The organisation, if it is registered and active.
fn active_organisation<R: StateReader>(
    overlay: &Overlay<'_, R>,
    organisation: &Uscc,
) -> Result<OrganisationState, RuleError> {
    organisation.check().map_err(|error| error.code())?;
    let state: OrganisationState =
        overlay.read(&StateKey::Organisation(*organisation))?.ok_or(Code::OrganisationUnknown)?;
    check_organisation(&state)?;
    Ok(state)
}

/// Refuses an organisation that is not active.
fn check_organisation(state: &OrganisationState) -> Result<(), RuleError> {
    standing(state.standing, Code::OrganisationSuspended, Code::OrganisationRemoved)
}

/// Refuses what is not active.
fn standing(standing: Standing, suspended: Code, removed: Code) -> Result<(), RuleError> {
    match standing {
        Standing::Active => Ok(()),
        Standing::Suspended => Err(suspended.into()),
        Standing::Removed => Err(removed.into()),
    }
}

/// The code of a publication as the admission filter reads it. `None` for an item code, which names items, guides and duties
/// alike: it has a structure of its own, and digits that may look like anything.
fn free_code(key: &PublicationKey) -> Option<&str> {
    let code = key.code.as_str();
    code.parse::<ItemCode>().is_err().then_some(code)
}

/// The admission filter: no text of an operation may hold personal data (GB 11643 and GB/T 39786 payload rules).
fn check_privacy(operation: &Operation) -> Result<(), Code> {
    let refuse = |text: &str| match privacy::scan(text) {
        None => Ok(()),
        Some(PersonalData::ResidentNumber) => Err(Code::PrivacyResidentNumber),
        Some(PersonalData::MobileNumber) => Err(Code::PrivacyMobileNumber),
        Some(PersonalData::BankCard) => Err(Code::PrivacyBankCard),
    };
    match operation {
        Operation::Membership(operation) => membership::texts(operation).into_iter().try_for_each(refuse),
        Operation::Licence(operation) => licence::texts(operation).into_iter().try_for_each(refuse),
        Operation::Seal(operation) => seal::texts(operation).into_iter().try_for_each(refuse),
        Operation::Case(operation) => case::texts(operation).into_iter().try_for_each(refuse),
        Operation::Publication(operation) => publication::texts(operation).into_iter().try_for_each(refuse),
        Operation::Evidence(operation) => evidence::texts(operation).into_iter().try_for_each(refuse),
        Operation::Governance(operation) => governance::texts(operation).into_iter().try_for_each(refuse),
    }
}
