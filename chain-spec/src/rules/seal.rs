//! Rules of the seal family (GB/T 38540-2020; 电子印章管理办法, 国办发〔2025〕33号).
//!
//! ```text
//!              activate            suspend
//!  REGISTERED ----------> ACTIVE <----------> SUSPENDED
//!                                   resume
//!  REGISTERED, ACTIVE, SUSPENDED                       -> CANCELLED | REPLACED
//!  REGISTERED, ACTIVE, SUSPENDED, CANCELLED, REPLACED  -> INVALIDATED
//! ```
//! A seal signs while ACTIVE and within its validity, judged at the time of the block. A seal has at most one successor.

use crate::codes::Code;
use crate::crypto::PublicKey;
use crate::genesis;
use crate::ids::{RecordIndex, SealId, TimeMs};
use crate::record::SealOperation;
use crate::record::governance::TrustRole;
use crate::record::seal::{SEAL_CERTIFICATES_MAX, SEAL_KEYS_MAX, Seal, SealAddress, SealSignature};
use crate::signatures::InnerSignature;
use crate::state::history::CHANGES_MAX;
use crate::state::seal::{SealSignatureState, SealState, SealStatus};
use crate::state::succession::Competence;
use crate::state::{StateKey, StateReader};

use super::governance::is_trusted;
use super::licence::EFFECTIVE_AHEAD_MS_MAX;
use super::overlay::Overlay;
use super::{Actor, BlockContext, RuleError, succession};

/// The status after `operation` on a seal in `status`, or the refusal that names the rule.
pub fn next_status(status: SealStatus, operation: &SealOperation) -> Result<SealStatus, Code> {
    use SealOperation as Op;
    use SealStatus as S;
    match (status, operation) {
        (_, Op::Register(_)) => Err(Code::SealDuplicate),
        (S::Invalidated, _) => Err(Code::SealFinalState),
        // Unlawful seals are marked, whatever became of them since.
        (S::Registered | S::Active | S::Suspended | S::Cancelled | S::Replaced, Op::Invalidate(_)) => {
            Ok(S::Invalidated)
        }
        (S::Cancelled, _) => Err(Code::SealFinalState),
        (S::Replaced, _) => Err(Code::SealAlreadyReplaced),
        (S::Registered, Op::Activate(_)) => Ok(S::Active),
        (S::Active | S::Suspended, Op::Activate(_)) => Err(Code::SealAlreadyActivated),
        (S::Active, Op::Suspend(_)) => Ok(S::Suspended),
        (S::Registered, Op::Suspend(_)) => Err(Code::SealNotActive),
        (S::Suspended, Op::Suspend(_)) => Err(Code::SealSuspended),
        (S::Suspended, Op::Resume(_)) => Ok(S::Active),
        (S::Registered | S::Active, Op::Resume(_)) => Err(Code::SealNotSuspended),
        (S::Registered | S::Active | S::Suspended, Op::Cancel(_)) => Ok(S::Cancelled),
        (S::Registered | S::Active | S::Suspended, Op::Replace { .. }) => Ok(S::Replaced),
        (S::Active, Op::Sign(_)) => Ok(S::Active),
        (S::Registered, Op::Sign(_)) => Err(Code::SealNotActive),
        (S::Suspended, Op::Sign(_)) => Err(Code::SealSuspended),
    }
}

/// Applies `operation`, which becomes record `index`.
pub(super) fn apply<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &SealOperation,
) -> Result<(), RuleError> {
    use SealOperation as Op;
    let permissions = &actor.key.permissions;
    let allowed = if matches!(operation, Op::Sign(_)) { permissions.sign_seals } else { permissions.manage_seals };
    if !allowed {
        return Err(Code::KeyNotPermitted.into());
    }
    match operation {
        Op::Register(seal) => register(overlay, context, actor, index, seal, None),
        Op::Activate(change)
        | Op::Suspend(change)
        | Op::Resume(change)
        | Op::Cancel(change)
        | Op::Invalidate(change) => {
            let state = changed(overlay, context, actor, index, operation, &change.address, change.effective_ms)?;
            overlay.write(key_of(&change.address), &state);
            Ok(())
        }
        Op::Replace { predecessor, seal, .. } => {
            let old = changed(overlay, context, actor, index, operation, predecessor, context.time_ms)?;
            if seal.owner != old.seal.owner {
                return Err(Code::SealOwnerMismatch.into());
            }
            register(overlay, context, actor, index, seal, Some(predecessor.seal.clone()))?;
            overlay.write(key_of(predecessor), &SealState { successor: Some(seal.seal.clone()), ..old });
            Ok(())
        }
        Op::Sign(signature) => sign(overlay, context, actor, index, operation, signature),
    }
}

/// Texts of an operation that the privacy filter reads.
pub(super) fn texts(operation: &SealOperation) -> Vec<&str> {
    use SealOperation as Op;
    let mut texts: Vec<&str> = operation.new_seal().iter().map(|seal| seal.seal.as_str()).collect();
    texts.extend(operation.existing_seal().map(|address| address.seal.as_str()));
    match operation {
        Op::Register(_) | Op::Sign(_) => {}
        Op::Activate(change)
        | Op::Suspend(change)
        | Op::Resume(change)
        | Op::Cancel(change)
        | Op::Invalidate(change) => texts.push(change.basis.as_str()),
        Op::Replace { basis, .. } => texts.push(basis.as_str()),
    }
    texts
}

fn key_of(address: &SealAddress) -> StateKey {
    StateKey::Seal(address.province, address.seal.clone())
}

fn existing<R: StateReader>(overlay: &Overlay<'_, R>, address: &SealAddress) -> Result<SealState, RuleError> {
    address.province.check().map_err(|error| error.code())?;
    Ok(overlay.read(&key_of(address))?.ok_or(Code::SealUnknown)?)
}

/// Files a new seal.
fn register<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    seal: &Seal,
    predecessor: Option<SealId>,
) -> Result<(), RuleError> {
    check_seal(context, actor, seal)?;
    let me = &actor.key.organisation;
    succession::check_acts_for(overlay, actor, me, Competence::Seals, Code::SealRegistrarMismatch)?;
    let key = key_of(&seal.address());
    if overlay.exists(&key)? {
        return Err(Code::SealDuplicate.into());
    }
    let state = SealState {
        status: SealStatus::Registered,
        seal: seal.clone(),
        registrar: actor.key.organisation,
        maker_trusted: is_trusted(overlay, &seal.maker_certificate, TrustRole::SealMaker, context.time_ms)?,
        registered_by: index,
        changed_by: index,
        effective_ms: seal.valid_from_ms.min(context.time_ms),
        recorded_ms: context.time_ms,
        predecessor,
        successor: None,
        earlier: Vec::new(),
    };
    overlay.write(key, &state);
    Ok(())
}

/// What a seal must satisfy on its own.
fn check_seal(context: &BlockContext, actor: &Actor, seal: &Seal) -> Result<(), Code> {
    seal.owner.check().map_err(|error| error.code())?;
    seal.maker.check().map_err(|error| error.code())?;
    seal.owner_region.check().map_err(|error| error.code())?;
    if seal.owner_region.province() != actor.province() {
        return Err(Code::OrganisationWrongProvince);
    }
    if !is_list(&seal.certificates, SEAL_CERTIFICATES_MAX) {
        return Err(Code::SealCertificateList);
    }
    if !is_list(&seal.keys, SEAL_KEYS_MAX) {
        return Err(Code::SealKeyList);
    }
    if !seal.keys.iter().all(PublicKey::is_well_formed) {
        return Err(Code::KeyMalformed);
    }
    if !context.chain_id.is_development() && seal.keys.iter().any(genesis::is_example_key) {
        return Err(Code::KeyExampleOnRealChain);
    }
    if seal.document.size_bytes == 0 {
        return Err(Code::SealFileMissing);
    }
    seal.document.check_length()?;
    if seal.valid_until_ms <= seal.valid_from_ms {
        return Err(Code::SealValidityWindow);
    }
    Ok(())
}

/// Sorted, without duplicates, neither empty nor too long.
fn is_list<T: Ord>(list: &[T], count_max: usize) -> bool {
    (1..=count_max).contains(&list.len()) && list.windows(2).all(|pair| pair[0] < pair[1])
}

/// The existing seal after `operation`.
fn changed<R: StateReader>(
    overlay: &Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &SealOperation,
    address: &SealAddress,
    effective_ms: TimeMs,
) -> Result<SealState, RuleError> {
    let state = existing(overlay, address)?;
    let status = next_status(state.status, operation)?;
    succession::check_acts_for(overlay, actor, &state.registrar, Competence::Seals, Code::SealRegistrarMismatch)?;
    // Like a licence: a suspension must be ended by another change, anything else need not.
    if status == SealStatus::Suspended && state.changes().count() >= CHANGES_MAX {
        return Err(Code::SealHistoryFull.into());
    }
    let effective_ms = effective(context, &state, operation, effective_ms)?;
    let earlier = state.changes().collect();
    Ok(SealState { status, changed_by: index, effective_ms, recorded_ms: context.time_ms, earlier, ..state })
}

/// When the change takes effect: as stated, since the latest change and at most ten minutes ahead. An unlawful seal may be marked
/// invalid from its beginning, and a replacement, which takes effect with its block, may follow a change stated ahead.
fn effective(
    context: &BlockContext,
    state: &SealState,
    operation: &SealOperation,
    stated_ms: TimeMs,
) -> Result<TimeMs, Code> {
    let (earliest, stated_ms) = match operation {
        SealOperation::Invalidate(_) => (state.seal.valid_from_ms.min(state.effective_ms), stated_ms),
        SealOperation::Replace { .. } => (state.effective_ms, stated_ms.max(state.effective_ms)),
        SealOperation::Register(_)
        | SealOperation::Activate(_)
        | SealOperation::Suspend(_)
        | SealOperation::Resume(_)
        | SealOperation::Cancel(_)
        | SealOperation::Sign(_) => (state.effective_ms, stated_ms),
    };
    let latest = context.time_ms.plus_ms(EFFECTIVE_AHEAD_MS_MAX);
    if (earliest..=latest).contains(&stated_ms) { Ok(stated_ms) } else { Err(Code::SealEffectiveTime) }
}

/// Records a signature, after verifying it.
fn sign<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &SealOperation,
    signature: &SealSignature,
) -> Result<(), RuleError> {
    let state = existing(overlay, &signature.address)?;
    next_status(state.status, operation)?;
    check_recorder(overlay, actor, &state, &signature.address)?;
    check_signing_time(context, &state.seal, signature)?;
    if signature.document.size_bytes == 0 {
        return Err(Code::SealDocumentMissing.into());
    }
    signature.document.check_length()?;
    if state.seal.certificates.binary_search(&signature.certificate).is_err() {
        return Err(Code::SealCertificateNotListed.into());
    }
    let key = StateKey::SealSignature(signature.reference(context.algorithm));
    if overlay.exists(&key)? {
        return Err(Code::SealSignatureDuplicate.into());
    }
    check_signature(context, &state.seal, signature)?;
    let recorded = SealSignatureState {
        recorded_by: index,
        recorded_ms: context.time_ms,
        claimed_ms: signature.claimed_ms,
        key: signature.key,
        certificate: signature.certificate,
    };
    overlay.write(key, &recorded);
    Ok(())
}

/// The owner (or its successor) records what its seal signed, or a seal-making authority of the province that registered the seal.
fn check_recorder<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    state: &SealState,
    address: &SealAddress,
) -> Result<(), RuleError> {
    if actor.key.permissions.manage_seals && actor.province() == address.province {
        return Ok(());
    }
    succession::check_acts_for(overlay, actor, &state.seal.owner, Competence::Seals, Code::SealRecorderNotEntitled)
}

/// The seal is valid at the time of the block, and the claimed time is possible. The claimed time alone proves nothing: it comes
/// from the signer's own clock.
fn check_signing_time(context: &BlockContext, seal: &Seal, signature: &SealSignature) -> Result<(), Code> {
    let validity = seal.valid_from_ms..seal.valid_until_ms;
    if !validity.contains(&context.time_ms) {
        return Err(Code::SealOutsideValidity);
    }
    let is_ahead = signature.claimed_ms > context.time_ms.plus_ms(EFFECTIVE_AHEAD_MS_MAX);
    if is_ahead || !validity.contains(&signature.claimed_ms) {
        return Err(Code::SealClaimedTime);
    }
    Ok(())
}

fn check_signature(context: &BlockContext, seal: &Seal, signature: &SealSignature) -> Result<(), Code> {
    let key: &PublicKey = seal.keys.iter().find(|key| key.id() == signature.key).ok_or(Code::SealKeyNotRegistered)?;
    let inner = InnerSignature::of_seal(*key, signature.message, signature.signature);
    if context.signatures.holds(&inner) { Ok(()) } else { Err(Code::SealSignatureInvalid) }
}
