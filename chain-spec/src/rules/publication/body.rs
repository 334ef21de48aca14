//! What the body of a version must satisfy.

use crate::codes::Code;
use crate::ids::{ItemCode, ItemScheme};
use crate::record::membership::Standing;
use crate::record::publication::{
    GUIDE_MATERIALS_MAX, Guide, Item, MANDATE_ITEMS_MAX, Mandate, PublicationBody, PublicationKey, PublicationKind,
    Scope,
};
use crate::rules::overlay::Overlay;
use crate::rules::succession::{acts_itself, holder};
use crate::rules::{Actor, BlockContext, RuleError, active_organisation};
use crate::state::succession::Competence;
use crate::state::{KeyState, StateKey, StateReader};

use super::{calendar, in_force, party};

/// Longest time for asking for corrections, in working days (行政许可法 art. 32: on the spot or within five days).
pub const CORRECTION_DAYS_MAX: u8 = 5;

/// Longest time that an item promises or a guide allows for tolerated materials, in working days: about a year, so that the
/// calendars frozen with a case reach to its end. 行政许可法 art. 42 allows 20 to 60 days where no other law says more.
pub const WORKING_DAYS_MAX: u16 = 250;

/// Whether a body of this variant belongs to this kind.
pub fn fits(kind: PublicationKind, body: &PublicationBody) -> bool {
    use PublicationBody as B;
    use PublicationKind as K;
    match kind {
        K::Item => matches!(body, B::Item(_)),
        K::Guide => matches!(body, B::Guide(_)),
        K::Calendar => matches!(body, B::Calendar(_)),
        K::Mandate | K::Delegation => matches!(body, B::Mandate(_)),
        K::Agreement => matches!(body, B::Agreement(_)),
        K::ItemList
        | K::ExceptionList
        | K::PowerList
        | K::NegativeList
        | K::DataCatalogue
        | K::Rule
        | K::Policy
        | K::AbolishedProofs
        | K::DutyAssignment
        | K::ItemMapping => matches!(body, B::Entries { .. }),
    }
}

/// Checks a body that `actor` drafts or publishes.
pub(super) fn check<R: StateReader>(
    overlay: &Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    key: &PublicationKey,
    body: &PublicationBody,
) -> Result<(), RuleError> {
    if !fits(key.kind, body) {
        return Err(Code::PublicationBodyWrongKind.into());
    }
    match body {
        PublicationBody::Entries { count, .. } if *count == 0 => Err(Code::PublicationEntriesEmpty.into()),
        PublicationBody::Entries { .. } => Ok(()),
        PublicationBody::Item(item) => {
            check_item_code(overlay, actor, key, &item.item)?;
            check_item(item).map_err(RuleError::from)
        }
        PublicationBody::Guide(guide) => {
            check_item_code(overlay, actor, key, &guide.item)?;
            check_guide(guide)?;
            check_guide_item(overlay, key)
        }
        PublicationBody::Calendar(calendar) => {
            if key.code.as_str() != calendar.year.to_string() {
                return Err(Code::PublicationCodeMismatch.into());
            }
            calendar::check(calendar).map_err(RuleError::from)
        }
        PublicationBody::Mandate(mandate) => check_mandate(overlay, context, actor, key, mandate),
        PublicationBody::Agreement(agreement) if !agreement.is_running(context.time_ms) => {
            Err(Code::PublicationTermEnded.into())
        }
        PublicationBody::Agreement(_) => Ok(()),
    }
}

/// The publication is named by its item, and an agency publishes its own items only.
fn check_item_code<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    key: &PublicationKey,
    item: &ItemCode,
) -> Result<(), RuleError> {
    check_service_item(item)?;
    if key.code.as_str() != item.as_str() {
        return Err(Code::PublicationCodeMismatch.into());
    }
    let Some(agency) = item.agency() else { return Ok(()) };
    let is_own =
        acts_itself(actor, &agency) || holder(overlay, &agency, Competence::Publications)? == actor.key.organisation;
    if is_own || party::is_authority(overlay, actor)? { Ok(()) } else { Err(Code::PublicationItemNotOwn.into()) }
}

/// A case code names one case, not an item.
fn check_service_item(item: &ItemCode) -> Result<(), Code> {
    item.check().map_err(|error| error.code())?;
    if item.scheme() == ItemScheme::Case { Err(Code::PublicationItemScheme) } else { Ok(()) }
}

fn check_item(item: &Item) -> Result<(), Code> {
    item.basic_code.check().map_err(|error| error.code())?;
    if item.basic_code.scheme() != ItemScheme::Basic || item.item.basic() != item.basic_code.as_str() {
        return Err(Code::PublicationBasicCode);
    }
    if item.modes.is_empty() || !is_sorted(&item.modes) {
        return Err(Code::PublicationItemModes);
    }
    let correction = (1..=CORRECTION_DAYS_MAX).contains(&item.correction_days);
    let promised = (1..=WORKING_DAYS_MAX).contains(&item.promised_days);
    if !promised || item.acknowledge_days == 0 || !correction {
        return Err(Code::PublicationItemDays);
    }
    Ok(())
}

fn check_guide(guide: &Guide) -> Result<(), Code> {
    if guide.materials.len() > GUIDE_MATERIALS_MAX || !is_sorted(&guide.materials) {
        return Err(Code::PublicationGuideMaterials);
    }
    let is_subset = guide.tolerance.iter().all(|material| guide.materials.binary_search(material).is_ok());
    // Tolerated materials and their period must be given together: either one alone is a mistake.
    let days = if guide.tolerance.is_empty() { 0..=0 } else { 1..=WORKING_DAYS_MAX };
    if !is_sorted(&guide.tolerance) || !is_subset || !days.contains(&guide.tolerance_days) {
        return Err(Code::PublicationGuideTolerance);
    }
    Ok(())
}

/// A guide must be about an item that is in force in the same scope.
fn check_guide_item<R: StateReader>(overlay: &Overlay<'_, R>, guide: &PublicationKey) -> Result<(), RuleError> {
    let item = PublicationKey { kind: PublicationKind::Item, ..guide.clone() };
    match in_force(overlay, &item)? {
        Some(_) => Ok(()),
        None => Err(Code::PublicationGuideItem.into()),
    }
}

fn check_mandate<R: StateReader>(
    overlay: &Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    key: &PublicationKey,
    mandate: &Mandate,
) -> Result<(), RuleError> {
    let principal = active_organisation(overlay, &mandate.principal)?;
    active_organisation(overlay, &mandate.agent)?;
    if key.scope != Scope::Province(principal.province) {
        return Err(Code::PublicationMandateProvince.into());
    }
    if mandate.principal != actor.key.organisation && !party::is_authority(overlay, actor)? {
        return Err(Code::PublicationMandatePrincipal.into());
    }
    if mandate.items.len() > MANDATE_ITEMS_MAX || !is_sorted(&mandate.items) {
        return Err(Code::PublicationMandateItems.into());
    }
    mandate.items.iter().try_for_each(check_service_item)?;
    if !(mandate.receive || mandate.accept || mandate.deliver) {
        return Err(Code::PublicationMandateActs.into());
    }
    if mandate.until_ms.is_some_and(|until| until <= context.time_ms) {
        return Err(Code::PublicationTermEnded.into());
    }
    check_officer(overlay, key.kind, mandate)
}

/// A delegation names an officer's key, which is the agent's; a mandate of an agency names none.
fn check_officer<R: StateReader>(
    overlay: &Overlay<'_, R>,
    kind: PublicationKind,
    mandate: &Mandate,
) -> Result<(), RuleError> {
    let Some(officer) = mandate.officer else {
        let is_delegation = kind == PublicationKind::Delegation;
        return if is_delegation { Err(Code::PublicationMandateOfficer.into()) } else { Ok(()) };
    };
    let state: Option<KeyState> = overlay.read(&StateKey::Key(officer))?;
    let is_agents =
        state.is_some_and(|state| state.organisation == mandate.agent && state.standing == Standing::Active);
    if kind == PublicationKind::Delegation && is_agents { Ok(()) } else { Err(Code::PublicationMandateOfficer.into()) }
}

fn is_sorted<T: Ord>(values: &[T]) -> bool {
    values.windows(2).all(|pair| pair[0] < pair[1])
}
