//! 收件: opens a case, and freezes the versions that govern it.

use crate::codes::Code;
use crate::ids::{CaseRef, ItemCode, MaterialCode, ProvinceCode};
use crate::record::case::{CASE_MATERIALS_MAX, Collection, Matter, PolicyVersion};
use crate::record::publication::{CaseMode, Guide, PublicationBody, PublicationKey, PublicationKind, Scope};
use crate::rules::overlay::Overlay;
use crate::rules::succession::{check_keeps, holder};
use crate::rules::{OperationContext, RuleError, active_organisation, publication};
use crate::state::case::{CaseClock, CaseState, CaseStatus, ChildProgress, Frozen, FrozenVersion};
use crate::state::succession::Competence;
use crate::state::{StateKey, StateReader};

use super::calendars::{calendar_in_force, read_calendar};
use super::clock::Day;
use super::{bundle, clock, party, read_case};

/// Opens a case. In mode 免申办 there is no applicant, so it is accepted at once.
pub(super) fn collect<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    cx: OperationContext<'_>,
    collection: &Collection,
) -> Result<(), RuleError> {
    let Collection { step, name, mode, matter, materials, subject, bundle, policy } = collection;
    if read_case(overlay, &step.case)?.is_some() {
        return Err(Code::CaseDuplicate.into());
    }
    let (origin, origin_province) = party::origin(overlay, cx, step.mandate.as_ref(), &matter.item)?;
    let province = active_organisation(overlay, &matter.agency)?.province;
    check_keeps(overlay, cx.actor, &matter.agency, Competence::Cases)?;
    check_places(*mode, collection, (origin_province, province), origin == matter.agency)?;
    let (frozen, guide) = freeze(overlay, cx, matter, *mode, province)?;
    check_policy(overlay, *mode, policy.as_ref(), frozen.item.scope)?;
    check_list(materials)?;
    if *mode == CaseMode::NoApplication && !materials.is_empty() || !is_subset(materials, &guide.materials) {
        return Err(Code::CaseMaterialNotInGuide.into());
    }
    let place = match bundle {
        Some(bundle) => Some(bundle::join(overlay, cx, bundle, &step.case, &origin)?),
        None => None,
    };
    // The names of a bundle's cases belong to its lead, whoever acts for the lead by now.
    let owner = match place {
        Some(place) => bundle::lead(overlay, place)?,
        None => cx.actor.key.organisation,
    };
    if step.case != CaseRef::owned(cx.context.algorithm, &owner, name) {
        return Err(Code::CaseReferenceNotOwn.into());
    }
    let mut state = CaseState {
        status: CaseStatus::Collected,
        mode: *mode,
        origin,
        origin_province,
        receiver: matter.agency,
        frozen,
        bundle: place,
        subject: *subject,
        material_root: None,
        was_corrected: false,
        correction: Vec::new(),
        condition: None,
        pause: None,
        relayed: Vec::new(),
        clock: CaseClock { collected_ms: cx.context.time_ms, ..CaseClock::default() },
        changed_by: cx.index,
    };
    if *mode == CaseMode::NoApplication {
        state.status = CaseStatus::Accepted;
        state.clock.received_ms = Some(cx.context.time_ms);
        let calendar = read_calendar(overlay, &state.frozen)?;
        clock::accept(&mut state, &calendar, cx.context.time_ms);
    }
    overlay.write(StateKey::Case(step.case), &state);
    if let Some(place) = place {
        bundle::progress(overlay, cx, place, ChildProgress::Running)?;
    }
    Ok(())
}

/// What a mode requires of the two places, and what it must name.
fn check_places(
    mode: CaseMode,
    collection: &Collection,
    (from, to): (ProvinceCode, ProvinceCode),
    is_same_agency: bool,
) -> Result<(), Code> {
    match mode {
        // The applicant applies at the deciding province directly.
        CaseMode::FullOnline if from != to => return Err(Code::CaseModePlaces),
        // There is no applicant: the agency opens the case itself.
        CaseMode::NoApplication if !is_same_agency => return Err(Code::CaseModePlaces),
        CaseMode::FullOnline
        | CaseMode::NoApplication
        | CaseMode::CollectOnBehalf
        | CaseMode::MultiPlace
        | CaseMode::Relay
        | CaseMode::Bundle => {}
    }
    if collection.bundle.is_some() != (mode == CaseMode::Bundle) {
        return Err(Code::CaseBundleMode);
    }
    Ok(())
}

/// 免申即享, and only that, is based on a policy in force, of the item's province or of all.
fn check_policy<R: StateReader>(
    overlay: &Overlay<'_, R>,
    mode: CaseMode,
    named: Option<&PolicyVersion>,
    home: Scope,
) -> Result<(), RuleError> {
    if named.is_some() != (mode == CaseMode::NoApplication) {
        return Err(Code::CasePolicy.into());
    }
    let Some(PolicyVersion { policy, version }) = named else { return Ok(()) };
    let is_ours = policy.scope == Scope::Consortium || policy.scope == home;
    if policy.kind != PublicationKind::Policy || !is_ours {
        return Err(Code::CasePolicy.into());
    }
    match publication::in_force(overlay, policy)? {
        Some((in_force, _)) if in_force == *version => Ok(()),
        _ => Err(Code::CasePolicy.into()),
    }
}

/// Freezes the versions that govern a case at the agency of `matter`, which is in `province`: those of the item's province.
pub(super) fn freeze<R: StateReader>(
    overlay: &Overlay<'_, R>,
    cx: OperationContext<'_>,
    matter: &Matter,
    mode: CaseMode,
    province: ProvinceCode,
) -> Result<(Frozen, Guide), RuleError> {
    let of = item_of(overlay, matter)?;
    let scope = matter.item.scope;
    // A predecessor may have been of another province.
    let is_home = scope == Scope::Province(province) || scope != Scope::Consortium && of == ItemOf::Predecessor;
    if matter.item.kind != PublicationKind::Item || !is_home {
        return Err(Code::CaseItemProvince.into());
    }
    let item = match named(overlay, &matter.item, matter.item_version, Code::CaseItemVersion)? {
        PublicationBody::Item(item) => item,
        _ => return Err(Code::CaseItemVersion.into()),
    };
    if of == ItemOf::Another {
        return Err(Code::CaseAgencyNotCompetent.into());
    }
    if item.modes.binary_search(&mode).is_err() {
        return Err(Code::CaseModeNotOffered.into());
    }
    let year = Day::of(cx.context.time_ms).year();
    let frozen = Frozen {
        item: matter.item.clone(),
        item_version: matter.item_version,
        guide_version: matter.guide_version,
        duty: duty(overlay, matter, scope)?,
        promised_days: item.promised_days,
        acknowledge_days: item.acknowledge_days,
        correction_days: item.correction_days,
        year,
        calendars: [
            calendar_in_force(overlay, scope, year)?,
            calendar_in_force(overlay, scope, year.saturating_add(1))?,
        ],
    };
    let guide = frozen.beside_item(PublicationKind::Guide);
    match named(overlay, &guide, matter.guide_version, Code::CaseGuideVersion)? {
        PublicationBody::Guide(guide) => Ok((frozen, guide)),
        _ => Err(Code::CaseGuideVersion.into()),
    }
}

/// Whose item a matter names.
#[derive(PartialEq, Eq)]
enum ItemOf {
    /// That of the deciding agency, or of no agency in particular.
    Agency,
    /// That of an agency in whose cases the deciding agency acts now: it stays in use until the deciding agency has published its own.
    Predecessor,
    /// That of another agency.
    Another,
}

/// An item is published under its own code, which names the agency that implements it.
fn item_of<R: StateReader>(overlay: &Overlay<'_, R>, matter: &Matter) -> Result<ItemOf, RuleError> {
    let named = matter.item.code.as_str().parse::<ItemCode>().ok().and_then(|code| code.agency());
    Ok(match named {
        Some(named) if named != matter.agency => {
            let acting = holder(overlay, &named, Competence::Cases)?;
            if acting == matter.agency { ItemOf::Predecessor } else { ItemOf::Another }
        }
        Some(_) | None => ItemOf::Agency,
    })
}

/// The version in force, if it is the one named.
fn named<R: StateReader>(
    overlay: &Overlay<'_, R>,
    key: &PublicationKey,
    version: u32,
    otherwise: Code,
) -> Result<PublicationBody, RuleError> {
    match publication::in_force(overlay, key)? {
        Some((in_force, found)) if in_force == version => Ok(found.body),
        _ => Err(otherwise.into()),
    }
}

/// The duty assignment in force (the province's own, otherwise that of all provinces), if it is the one named.
fn duty<R: StateReader>(
    overlay: &Overlay<'_, R>,
    matter: &Matter,
    scope: Scope,
) -> Result<Option<FrozenVersion>, RuleError> {
    let mut found = None;
    for scope in [scope, Scope::Consortium] {
        let key = PublicationKey { kind: PublicationKind::DutyAssignment, scope, code: matter.item.code.clone() };
        if let Some((version, _)) = publication::in_force(overlay, &key)? {
            found = Some(FrozenVersion { scope, version });
            break;
        }
    }
    if found.map(|found| found.version) == matter.duty_version { Ok(found) } else { Err(Code::CaseDutyVersion.into()) }
}

/// Refuses a list that is too long, out of order, or names something twice.
pub(super) fn check_list(list: &[MaterialCode]) -> Result<(), Code> {
    if list.len() > CASE_MATERIALS_MAX || list.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Code::CaseListOrder);
    }
    Ok(())
}

/// Whether every code of one sorted list is in another.
pub(super) fn is_subset(part: &[MaterialCode], whole: &[MaterialCode]) -> bool {
    part.iter().all(|code| whole.binary_search(code).is_ok())
}
