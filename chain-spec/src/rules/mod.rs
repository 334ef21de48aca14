//! The rules: what an operation may do, and what it changes.
//!
//! **Invariants**
//! * Rules read the ledger through [`StateReader`] and the block's context, nothing else: no clock, no configuration.
//! * A transaction is applied all or none, or operation by operation, as it says; what is refused leaves only its outcome.
//! * Every refusal is a [`Code`]; a store that cannot answer is never turned into one.

mod apply;
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

use crate::codes::Code;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::ids::{ChainId, Height, ItemCode, ProvinceCode, RecordIndex, TimeMs, Uscc};
use crate::record::membership::Standing;
use crate::record::publication::PublicationKey;
use crate::signatures::KnownSignatures;
use crate::state::succession::SuccessionState;
use crate::state::{KeyState, OrganisationState, ProvinceState, StateKey, StateReader, StateUnavailable, SystemState};
use crate::transaction::{EXPIRY_WINDOW_MAX, OPERATIONS_MAX, Transaction};
use crate::weight;

use overlay::Overlay;

pub use apply::{Changes, apply, apply_block};
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
