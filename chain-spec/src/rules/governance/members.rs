//! Provinces and their keys.

use std::collections::BTreeSet;

use crate::codec;
use crate::codes::Code;
use crate::crypto::{KeyId, PublicKey};
use crate::genesis;
use crate::ids::ProvinceCode;
use crate::record::governance::{Action, NEW_VALIDATORS_MAX, NewProvince};
use crate::record::membership::{Permissions, Standing, StatusChange};
use crate::state::governance::ValidatorNode;
use crate::state::{KeyState, ProvinceState, StateKey, StateReader};

use super::{RuleError, Scene, Writes, active_provinces};

impl<R: StateReader> Scene<'_, '_, R> {
    pub(super) fn add_province(&self, action: &Action, new: &NewProvince) -> Result<Writes, RuleError> {
        new.province.check().map_err(|error| error.code())?;
        new.organisation.check().map_err(|error| error.code())?;
        if self.province(new.province)?.is_some() {
            return Err(Code::ProvinceExists.into());
        }
        // Nobody else can have admitted it, as its code belongs to the province that joins.
        if new.organisation.province().ok() != Some(new.province) {
            return Err(Code::OrganisationRegionElsewhere.into());
        }
        if new.validators.len() > NEW_VALIDATORS_MAX {
            return Err(Code::ValidatorsTooMany.into());
        }
        for key in [&new.governance_key, &new.registrar_key] {
            self.check_member_key(key)?;
        }
        let mut keys = BTreeSet::from([new.governance_key]);
        let others = new.validators.iter().map(|validator| validator.key).chain([new.registrar_key]);
        if !others.into_iter().all(|key| keys.insert(key)) {
            return Err(Code::KeyExists.into());
        }
        let states = genesis::province_states(new.province, new.organisation, &new.governance_key, &new.registrar_key);
        let mut writes = Vec::from(states);
        writes.extend(self.change_validators(action)?);
        Ok(writes)
    }

    pub(super) fn change_province(
        &self,
        action: &Action,
        province: ProvinceCode,
        change: StatusChange,
    ) -> Result<Writes, RuleError> {
        let state = self.province(province)?.ok_or(Code::ProvinceNotMember)?;
        let standing = state.standing.after(change).ok_or(Code::ProvinceWrongState)?;
        if standing != Standing::Active && active_provinces(self.overlay)?.iter().all(|active| *active == province) {
            return Err(Code::ProvinceLast.into());
        }
        let mut writes = vec![(StateKey::Province(province), codec::encode(&ProvinceState { standing, ..state }))];
        writes.extend(self.change_validators(action)?);
        Ok(writes)
    }

    /// Also for a suspended province: a lost key may be why it is suspended.
    pub(super) fn replace_governance_key(&self, province: ProvinceCode, key: &PublicKey) -> Result<Writes, RuleError> {
        let state = self.remaining_province(province)?;
        self.check_member_key(key)?;
        let mut writes = vec![genesis::key_state(key, state.organisation, province, Permissions::governance())];
        let old = StateKey::Key(state.governance_key.id());
        if let Some(kept) = self.overlay.read::<KeyState>(&old)? {
            writes.push((old, codec::encode(&KeyState { standing: Standing::Removed, ..kept })));
        }
        writes.push((StateKey::Province(province), codec::encode(&ProvinceState { governance_key: *key, ..state })));
        Ok(writes)
    }

    pub(super) fn replace_registrar_key(
        &self,
        province: ProvinceCode,
        key: &PublicKey,
        replaces: Option<&KeyId>,
    ) -> Result<Writes, RuleError> {
        let state = self.remaining_province(province)?;
        self.check_member_key(key)?;
        let mut writes = vec![genesis::key_state(key, state.organisation, province, Permissions::registrar())];
        if let Some(old) = replaces {
            let address = StateKey::Key(*old);
            let kept: KeyState = self.overlay.read(&address)?.ok_or(Code::KeyUnknown)?;
            if kept.province != province {
                return Err(Code::OrganisationWrongProvince.into());
            }
            if !kept.permissions.manage_members || kept.standing == Standing::Removed {
                return Err(Code::KeyWrongState.into());
            }
            writes.push((address, codec::encode(&KeyState { standing: Standing::Removed, ..kept })));
        }
        Ok(writes)
    }

    pub(super) fn active_province(&self, province: ProvinceCode) -> Result<(), RuleError> {
        let state = self.province(province)?.ok_or(Code::ProvinceNotMember)?;
        crate::rules::standing(state.standing, Code::ProvinceSuspended, Code::ProvinceRemoved)
    }

    fn remaining_province(&self, province: ProvinceCode) -> Result<ProvinceState, RuleError> {
        let state = self.province(province)?.ok_or(Code::ProvinceNotMember)?;
        match state.standing {
            Standing::Active | Standing::Suspended => Ok(state),
            Standing::Removed => Err(Code::ProvinceRemoved.into()),
        }
    }

    fn province(&self, province: ProvinceCode) -> Result<Option<ProvinceState>, RuleError> {
        Ok(self.overlay.read(&StateKey::Province(province))?)
    }

    /// A new key for transactions, which no validator votes with.
    fn check_member_key(&self, key: &PublicKey) -> Result<(), RuleError> {
        self.check_new_key(key)?;
        match self.overlay.read::<ValidatorNode>(&StateKey::ValidatorNode(key.id()))? {
            Some(_) => Err(Code::KeyExists.into()),
            None => Ok(()),
        }
    }
}
