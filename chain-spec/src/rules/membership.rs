//! Rules of the membership family: a province governs its own organisations, systems and keys.

mod admission;
pub(super) mod delegation;

use crate::codes::Code;
use crate::crypto::{KeyId, PublicKey, SignedAs, possession_message};
use crate::genesis;
use crate::ids::{RecordIndex, SystemId, Uscc};
use crate::record::MembershipOperation;
use crate::record::membership::{KEY_LICENCE_TYPES_MAX, Permissions, Standing, StatusChange};
use crate::signatures::InnerSignature;
use crate::state::{KeyState, OrganisationState, ProvinceState, StateKey, StateReader, SystemState};

use super::overlay::Overlay;
use super::{Actor, BlockContext, OperationContext, RuleError, check_organisation, succession};

/// Applies `operation`, which becomes record `index`.
pub(super) fn apply<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &MembershipOperation,
) -> Result<(), RuleError> {
    use MembershipOperation as Op;
    if !actor.key.permissions.manage_members {
        return Err(Code::KeyNotPermitted.into());
    }
    match operation {
        Op::OrganisationAdd { organisation, region, consent } => {
            admission::add(overlay, context, actor, organisation, *region, consent.as_ref())
        }
        Op::OrganisationReclaim { organisation, region, .. } => {
            admission::reclaim(overlay, actor, organisation, *region)
        }
        Op::OrganisationStatus { organisation, change, .. } => {
            change_organisation(overlay, actor, organisation, *change)
        }
        Op::SystemAdd { system, organisation } => add_system(overlay, actor, system, organisation),
        Op::SystemStatus { system, organisation, change, .. } => {
            change_system(overlay, actor, system, organisation, *change)
        }
        Op::KeyAdd { key, organisation, system, permissions, proof } => {
            check_new_key(context, key, permissions)?;
            let message = possession_message(&context.genesis, organisation, key);
            let inner = InnerSignature::of_ledger(SignedAs::Transaction, *key, message, *proof);
            if !context.signatures.holds(&inner) {
                return Err(Code::KeyNotPossessed.into());
            }
            add_key(overlay, actor, key, organisation, system.as_ref(), permissions)
        }
        Op::KeyStatus { key, change, .. } => change_key(overlay, actor, key, *change),
        Op::OrganisationDelegate(given) => delegation::give(overlay, OperationContext { context, actor, index }, given),
        Op::OrganisationDelegateEnd { from, to, .. } => {
            delegation::end(overlay, OperationContext { context, actor, index }, from, to)
        }
        Op::OrganisationSucceed(handed) => {
            succession::succeed(overlay, OperationContext { context, actor, index }, handed)
        }
    }
}

/// Texts of an operation that the privacy filter reads.
pub(super) fn texts(operation: &MembershipOperation) -> Vec<&str> {
    use MembershipOperation as Op;
    match operation {
        Op::OrganisationAdd { .. } => Vec::new(),
        Op::OrganisationStatus { basis, .. } | Op::KeyStatus { basis, .. } | Op::OrganisationReclaim { basis, .. } => {
            vec![basis.as_str()]
        }
        Op::OrganisationSucceed(handed) => vec![handed.basis.as_str()],
        Op::OrganisationDelegate(given) => vec![given.basis.as_str()],
        Op::OrganisationDelegateEnd { basis, .. } => vec![basis.as_str()],
        Op::SystemAdd { system, .. } => vec![system.as_str()],
        Op::SystemStatus { system, basis, .. } => vec![system.as_str(), basis.as_str()],
        Op::KeyAdd { system, .. } => system.iter().map(SystemId::as_str).collect(),
    }
}

/// The organisation, if it is one of the actor's province.
fn own_organisation<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    organisation: &Uscc,
) -> Result<OrganisationState, RuleError> {
    let state: OrganisationState =
        overlay.read(&StateKey::Organisation(*organisation))?.ok_or(Code::OrganisationUnknown)?;
    if state.province != actor.province() {
        return Err(Code::OrganisationWrongProvince.into());
    }
    Ok(state)
}

fn check_own_active<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    organisation: &Uscc,
) -> Result<(), RuleError> {
    check_organisation(&own_organisation(overlay, actor, organisation)?)
}

fn change_organisation<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    actor: &Actor,
    organisation: &Uscc,
    change: StatusChange,
) -> Result<(), RuleError> {
    let state = own_organisation(overlay, actor, organisation)?;
    // The organisation that operates the province's node cannot lock the province out.
    if *organisation == actor.key.organisation {
        return Err(Code::KeyNotPermitted.into());
    }
    let standing = state.standing.after(change).ok_or(Code::OrganisationWrongState)?;
    overlay.write(StateKey::Organisation(*organisation), &OrganisationState { standing, ..state });
    Ok(())
}

fn add_system<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    actor: &Actor,
    system: &SystemId,
    organisation: &Uscc,
) -> Result<(), RuleError> {
    check_own_active(overlay, actor, organisation)?;
    let key = StateKey::System(*organisation, system.clone());
    if overlay.read::<SystemState>(&key)?.is_some() {
        return Err(Code::SystemExists.into());
    }
    overlay.write(key, &SystemState { organisation: *organisation, standing: Standing::Active });
    Ok(())
}

fn change_system<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    actor: &Actor,
    system: &SystemId,
    organisation: &Uscc,
    change: StatusChange,
) -> Result<(), RuleError> {
    let key = StateKey::System(*organisation, system.clone());
    let state: SystemState = overlay.read(&key)?.ok_or(Code::SystemUnknown)?;
    own_organisation(overlay, actor, organisation)?;
    let standing = state.standing.after(change).ok_or(Code::SystemWrongState)?;
    overlay.write(key, &SystemState { standing, ..state });
    Ok(())
}

fn check_new_key(context: &BlockContext, key: &PublicKey, permissions: &Permissions) -> Result<(), Code> {
    if !key.is_well_formed() {
        return Err(Code::KeyMalformed);
    }
    if !context.chain_id.is_development() && genesis::is_example_key(key) {
        return Err(Code::KeyExampleOnRealChain);
    }
    // A province has one governance key; the provinces change it, not a registrar.
    if permissions.govern {
        return Err(Code::KeyNotPermitted);
    }
    let types = &permissions.licence_types;
    if types.len() > KEY_LICENCE_TYPES_MAX || types.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Code::EncodingMalformed);
    }
    types.iter().try_for_each(|licence_type| licence_type.check().map_err(|error| error.code()))
}

fn add_key<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    actor: &Actor,
    key: &PublicKey,
    organisation: &Uscc,
    system: Option<&SystemId>,
    permissions: &Permissions,
) -> Result<(), RuleError> {
    check_own_active(overlay, actor, organisation)?;
    if permissions.manage_members {
        // Only the authority that operates the province's node manages members.
        let province: Option<ProvinceState> = overlay.read(&StateKey::Province(actor.province()))?;
        if province.is_none_or(|province| province.organisation != *organisation) {
            return Err(Code::KeyNotPermitted.into());
        }
    }
    if let Some(system) = system {
        let address = StateKey::System(*organisation, system.clone());
        let state: SystemState = overlay.read(&address)?.ok_or(Code::SystemUnknown)?;
        if state.standing != Standing::Active {
            return Err(Code::SystemWrongState.into());
        }
    }
    let address = StateKey::Key(key.id());
    // Nor may it be a validator's, present or past: it could not come back under a key that is a member's.
    if overlay.exists(&address)? || overlay.exists(&StateKey::ValidatorNode(key.id()))? {
        return Err(Code::KeyExists.into());
    }
    let state = KeyState {
        key: *key,
        organisation: *organisation,
        province: actor.province(),
        system: system.cloned(),
        permissions: permissions.clone(),
        standing: Standing::Active,
    };
    overlay.write(address, &state);
    Ok(())
}

fn change_key<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    actor: &Actor,
    key: &KeyId,
    change: StatusChange,
) -> Result<(), RuleError> {
    let address = StateKey::Key(*key);
    let state: KeyState = overlay.read(&address)?.ok_or(Code::KeyUnknown)?;
    if state.province != actor.province() {
        return Err(Code::OrganisationWrongProvince.into());
    }
    // A key cannot end itself: a province would lock itself out by a slip. Nor can a registrar take the province's vote.
    if *key == actor.id || state.permissions.govern {
        return Err(Code::KeyNotPermitted.into());
    }
    let standing = state.standing.after(change).ok_or(Code::KeyWrongState)?;
    overlay.write(address, &KeyState { standing, ..state });
    Ok(())
}
