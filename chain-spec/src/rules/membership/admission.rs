//! Which province admits an organisation: the one that its code names (characters 3 to 8, GB 32100), or another with that province's
//! consent. So no member registers a neighbour's bureau, nor the authority of a province that is about to join.

use crate::codes::Code;
use crate::crypto::{SignedAs, admission_message};
use crate::ids::{ProvinceCode, RegionCode, Uscc};
use crate::record::membership::{AdmissionConsent, Standing};
use crate::rules::overlay::Overlay;
use crate::rules::{Actor, BlockContext, RuleError, actor as active_signer};
use crate::signatures::InnerSignature;
use crate::state::{OrganisationState, StateKey, StateReader};

/// Admits an organisation in `region` of the signer's province.
pub(super) fn add<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    organisation: &Uscc,
    region: RegionCode,
    consent: Option<&AdmissionConsent>,
) -> Result<(), RuleError> {
    let home = home_of(actor, organisation, region)?;
    match consent {
        None if home != actor.province() => return Err(Code::OrganisationRegionElsewhere.into()),
        Some(_) if home == actor.province() => return Err(Code::OrganisationConsentNotNeeded.into()),
        Some(consent) => check_consent(overlay, context, actor, (home, organisation), consent)?,
        None => {}
    }
    if overlay.exists(&StateKey::Organisation(*organisation))? {
        return Err(Code::OrganisationExists.into());
    }
    admit(overlay, actor, organisation, region);
    Ok(())
}

/// Takes an organisation that another province registered, removed ones too, into the signer's province, to which its code belongs.
pub(super) fn reclaim<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    actor: &Actor,
    organisation: &Uscc,
    region: RegionCode,
) -> Result<(), RuleError> {
    if home_of(actor, organisation, region)? != actor.province() {
        return Err(Code::OrganisationRegionElsewhere.into());
    }
    let state: OrganisationState =
        overlay.read(&StateKey::Organisation(*organisation))?.ok_or(Code::OrganisationUnknown)?;
    if state.province == actor.province() {
        return Err(Code::OrganisationExists.into());
    }
    admit(overlay, actor, organisation, region);
    Ok(())
}

fn admit<R: StateReader>(overlay: &mut Overlay<'_, R>, actor: &Actor, organisation: &Uscc, region: RegionCode) {
    let state = OrganisationState { province: actor.province(), region, standing: Standing::Active };
    overlay.write(StateKey::Organisation(*organisation), &state);
}

/// The province that the code belongs to, once code and region are well formed and the region is one of the signer's province.
fn home_of(actor: &Actor, organisation: &Uscc, region: RegionCode) -> Result<ProvinceCode, Code> {
    organisation.check().map_err(|error| error.code())?;
    region.check().map_err(|error| error.code())?;
    if region.province() != actor.province() {
        return Err(Code::OrganisationWrongProvince);
    }
    organisation.province().map_err(|_| Code::OrganisationRegionElsewhere)
}

/// A consent counts while it has not ended, and while its signer is an active registrar of the province that the code belongs to.
fn check_consent<R: StateReader>(
    overlay: &Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    (home, organisation): (ProvinceCode, &Uscc),
    consent: &AdmissionConsent,
) -> Result<(), RuleError> {
    let signer = match active_signer(overlay, &consent.signer) {
        Ok(signer) => signer,
        Err(RuleError::Refused(_)) => return Err(Code::OrganisationConsentInvalid.into()),
        Err(unavailable) => return Err(unavailable),
    };
    let is_registrar = signer.province() == home && signer.key.permissions.manage_members;
    let message = admission_message(&context.genesis, organisation, actor.province(), consent.until_ms);
    let inner = InnerSignature::of_ledger(SignedAs::Transaction, signer.key.key, message, consent.signature);
    let holds = is_registrar && context.time_ms < consent.until_ms && context.signatures.holds(&inner);
    if holds { Ok(()) } else { Err(Code::OrganisationConsentInvalid.into()) }
}
