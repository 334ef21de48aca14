//! What each operation changes.

use crate::codes::Code;
use crate::ids::{ProvinceCode, RecordIndex, TimeMs, Uscc};
use crate::log;
use crate::record::PublicationOperation;
use crate::record::publication::{
    ConsultationWindow, Mandate, PublicationBody, PublicationKey, PublicationKind, Scope, content_digest,
};
use crate::rules::overlay::Overlay;
use crate::rules::{Actor, BlockContext, RuleError};
use crate::state::publication::{
    Consultation, ConsultationResult, DraftState, Force, ItemVariant, ItemVariants, PublicationConsumerState,
    PublicationState, PublicationStatus, PublicationVersionState, Repealed,
};
use crate::state::{StateKey, StateReader};

use super::approval::{Approval, CONSULTATION_DAYS_MAX, Ending, Signatures, approval};
use super::{body, next_status, party, version};

/// A day, in milliseconds.
pub const DAY_MS: u64 = 86_400_000;
/// How long before the block a consultation may open: clocks of submitter and proposer differ.
pub const CONSULTATION_BACKDATED_MS_MAX: u64 = 10 * 60 * 1000;

/// One operation with everything that was read before it is checked.
struct Step<'a> {
    context: &'a BlockContext,
    actor: &'a Actor,
    index: RecordIndex,
    key: &'a PublicationKey,
    approval: Approval,
    state: PublicationState,
    /// The draft that the operation is about, by its place among `state.drafts`.
    place: Option<usize>,
}

impl Step<'_> {
    fn draft(&self) -> Option<&DraftState> {
        self.state.drafts.get(self.place?)
    }

    fn draft_mut(&mut self) -> Result<&mut DraftState, Code> {
        self.place.and_then(|place| self.state.drafts.get_mut(place)).ok_or(Code::PublicationNoDraft)
    }

    /// Takes the draft out of the state.
    fn take_draft(&mut self) -> Option<DraftState> {
        let place = self.place.take().filter(|place| *place < self.state.drafts.len())?;
        Some(self.state.drafts.remove(place))
    }
}

/// Applies `operation`, which becomes record `index`.
pub(in crate::rules) fn apply<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    operation: &PublicationOperation,
) -> Result<(), RuleError> {
    use PublicationOperation as Op;
    check_permission(actor, operation)?;
    let key = operation.publication();
    if let Scope::Province(province) = key.scope {
        province.check().map_err(|error| error.code())?;
    }
    let approval = approval(key.kind, key.scope)?;
    let state: PublicationState = overlay.read(&StateKey::Publication(key.clone()))?.unwrap_or_default();
    let place = party::draft_of(overlay, context, actor, &state.drafts, operation)?;
    let mut step = Step { context, actor, index, key, approval, state, place };
    let consents = match operation {
        Op::Repeal { .. } => repeal_consents(overlay, &step)?,
        _ => Consents::default(),
    };
    let complete = is_complete(&step, operation, &consents);
    let next = next_status(step.state.status_with(step.draft()), operation, &step.approval, complete)?;
    check_version(&step, operation)?;
    match operation {
        Op::Draft { body, parties, consultation, .. } => {
            draft(overlay, &mut step, body, parties, consultation.as_ref())?;
        }
        Op::CloseConsultation { opinions_root, opinions, .. } => {
            let result =
                ConsultationResult { opinions_root: *opinions_root, opinions: *opinions, closed_by: step.index };
            close_consultation(overlay, &mut step, result)?;
        }
        Op::CoSign { body_digest, .. } => {
            let draft = step.draft_mut()?;
            if draft.content != *body_digest {
                return Err(Code::PublicationDigestMismatch.into());
            }
            sign(overlay, actor, &draft.signers, &mut draft.signed_by)?;
        }
        Op::Publish { version, body, .. } => publish(overlay, &mut step, *version, body)?,
        Op::Withdraw { .. } => {
            let draft = step.take_draft().ok_or(Code::PublicationNoDraft)?;
            party::check_withdraw(overlay, actor, &draft, context.time_ms)?;
        }
        Op::Repeal { .. } => repeal(overlay, &mut step, consents, next)?,
        Op::Acknowledge { version, .. } => return acknowledge(overlay, &step, *version),
    }
    overlay.write(StateKey::Publication(key.clone()), &step.state);
    Ok(())
}

fn check_permission(actor: &Actor, operation: &PublicationOperation) -> Result<(), Code> {
    use PublicationOperation as Op;
    let permissions = &actor.key.permissions;
    let allowed = match operation {
        Op::Publish { .. }
        | Op::Draft { .. }
        | Op::CloseConsultation { .. }
        | Op::CoSign { .. }
        | Op::Withdraw { .. }
        | Op::Repeal { .. } => permissions.publish,
        // All users of publications: windows, service systems, publishers.
        Op::Acknowledge { .. } => permissions.publish || permissions.cases || permissions.evidence,
    };
    if allowed { Ok(()) } else { Err(Code::KeyNotPermitted) }
}

/// Whether every signature that the rule asks for is there once this operation is applied.
fn is_complete(step: &Step<'_>, operation: &PublicationOperation, consents: &Consents) -> bool {
    use PublicationOperation as Op;
    let with_more =
        |more: usize| step.draft().is_some_and(|draft| draft.signed_by.len() + more >= usize::from(draft.needed));
    match operation {
        Op::Draft { .. } => step.approval.signatures == Signatures::OneProvince,
        Op::CloseConsultation { .. } => with_more(0),
        Op::CoSign { .. } => with_more(1),
        Op::Repeal { .. } => consents.are_enough_with(step.actor.province()),
        Op::Publish { .. } | Op::Withdraw { .. } | Op::Acknowledge { .. } => false,
    }
}

/// The version an operation must name: the next to be published, the one being prepared, the one in force, or any
/// published.
fn check_version(step: &Step<'_>, operation: &PublicationOperation) -> Result<(), Code> {
    use PublicationOperation as Op;
    let (state, named) = (&step.state, operation.version());
    match operation {
        Op::Publish { .. } | Op::Draft { .. } if state.version.checked_add(1) != Some(named) => {
            Err(Code::PublicationVersionNotNext)
        }
        Op::CloseConsultation { .. } | Op::CoSign { .. } | Op::Withdraw { .. }
            if step.draft().is_none_or(|draft| draft.version != named) =>
        {
            Err(Code::PublicationDraftVersion)
        }
        Op::Repeal { .. } if state.in_force() != Some(named) => Err(Code::PublicationRepealVersion),
        Op::Acknowledge { .. } if named == 0 || named > state.version => Err(Code::PublicationVersionUnknown),
        Op::Publish { .. }
        | Op::Draft { .. }
        | Op::CloseConsultation { .. }
        | Op::CoSign { .. }
        | Op::Withdraw { .. }
        | Op::Repeal { .. }
        | Op::Acknowledge { .. } => Ok(()),
    }
}

fn draft<R: StateReader>(
    overlay: &Overlay<'_, R>,
    step: &mut Step<'_>,
    content: &PublicationBody,
    parties: &[ProvinceCode],
    window: Option<&ConsultationWindow>,
) -> Result<(), RuleError> {
    let (context, actor) = (step.context, step.actor);
    party::check_publisher(overlay, actor, step.key, &step.approval, &step.state)?;
    body::check(overlay, context, actor, step.key, content)?;
    check_window(context.time_ms, step.approval.consultation_days_min, window)?;
    let delegation = delegation(step.key, content);
    let (signers, needed) = party::signers(overlay, actor, &step.approval, parties, delegation)?;
    // For a province that signs alone, the draft is its signature. Provinces that sign together sign after the consultation,
    // when they know its result.
    let signed_by = match step.approval.signatures {
        Signatures::OneProvince => signers.clone(),
        Signatures::AllProvinces | Signatures::TwoThirds | Signatures::Parties => Vec::new(),
    };
    let version = step.state.version.saturating_add(1);
    step.state.drafts.push(DraftState {
        version,
        content: content_digest(context.algorithm, step.key, version, content, parties),
        drafted_by: step.index,
        drafted_ms: context.time_ms,
        lead: actor.key.organisation,
        lead_province: actor.province(),
        consultation: window.map(|window| Consultation { window: *window, result: None }),
        signers,
        needed,
        signed_by,
    });
    Ok(())
}

fn delegation<'a>(key: &PublicationKey, content: &'a PublicationBody) -> Option<&'a Mandate> {
    match content {
        PublicationBody::Mandate(mandate) if key.kind == PublicationKind::Delegation => Some(mandate),
        _ => None,
    }
}

/// A consultation opens now or later, lasts as long as the kind demands, and ends within a year.
fn check_window(now: TimeMs, days_min: u16, window: Option<&ConsultationWindow>) -> Result<(), Code> {
    let Some(ConsultationWindow { opens_ms, closes_ms }) = window else {
        return if days_min == 0 { Ok(()) } else { Err(Code::PublicationConsultationMissing) };
    };
    let days = |count: u16| u64::from(count) * DAY_MS;
    let is_backdated = opens_ms.plus_ms(CONSULTATION_BACKDATED_MS_MAX) < now;
    let is_short = closes_ms <= opens_ms || closes_ms.ms_since(*opens_ms) < days(days_min);
    let is_late = *closes_ms > now.plus_ms(days(CONSULTATION_DAYS_MAX));
    if is_backdated || is_short || is_late { Err(Code::PublicationConsultationWindow) } else { Ok(()) }
}

fn close_consultation<R: StateReader>(
    overlay: &Overlay<'_, R>,
    step: &mut Step<'_>,
    result: ConsultationResult,
) -> Result<(), RuleError> {
    let (actor, context) = (step.actor, step.context);
    let draft = step.draft_mut()?;
    party::check_lead(overlay, actor, draft)?;
    let consultation = draft.consultation.as_mut().ok_or(Code::PublicationNotConsulting)?;
    if context.time_ms < consultation.window.closes_ms {
        return Err(Code::PublicationConsultationOpen.into());
    }
    let is_empty = result.opinions_root == log::empty_root(context.algorithm);
    if is_empty != (result.opinions == 0) {
        return Err(Code::PublicationOpinionsRoot.into());
    }
    consultation.result = Some(result);
    Ok(())
}

/// The signer's province joins those that have signed: once, by its authority, if it is one of `signers`.
fn sign<R: StateReader>(
    overlay: &Overlay<'_, R>,
    actor: &Actor,
    signers: &[ProvinceCode],
    signed_by: &mut Vec<ProvinceCode>,
) -> Result<(), RuleError> {
    if signers.binary_search(&actor.province()).is_err() {
        return Err(Code::PublicationNotSigner.into());
    }
    if !party::is_authority(overlay, actor)? {
        return Err(Code::PublicationNotAuthority.into());
    }
    match signed_by.binary_search(&actor.province()) {
        Ok(_) => Err(Code::PublicationAlreadySigned.into()),
        Err(place) => {
            signed_by.insert(place, actor.province());
            Ok(())
        }
    }
}

fn publish<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    step: &mut Step<'_>,
    number: u32,
    content: &PublicationBody,
) -> Result<(), RuleError> {
    let (context, actor) = (step.context, step.actor);
    let draft = step.take_draft();
    match &draft {
        Some(draft) => {
            party::check_lead(overlay, actor, draft)?;
            let parties = match step.approval.signatures {
                Signatures::Parties => draft.signers.as_slice(),
                Signatures::OneProvince | Signatures::AllProvinces | Signatures::TwoThirds => &[],
            };
            if content_digest(context.algorithm, step.key, number, content, parties) != draft.content {
                return Err(Code::PublicationDigestMismatch.into());
            }
        }
        None => party::check_publisher(overlay, actor, step.key, &step.approval, &step.state)?,
    }
    // Checked again for a draft: what it is based on may have ended since.
    body::check(overlay, context, actor, step.key, content)?;
    let kept = party::live_owner(overlay, actor, &step.state)?;
    let publisher = draft.as_ref().map_or(actor.key.organisation, |draft| draft.lead);
    let owner = natural_owner(content).or(kept).unwrap_or(publisher);
    let published = PublicationVersionState {
        body: content.clone(),
        published_ms: context.time_ms,
        published_by: step.index,
        signed_by: draft.as_ref().map_or_else(|| vec![actor.province()], |draft| draft.signed_by.clone()),
        consultation: draft.as_ref().and_then(|draft| draft.consultation),
        gap_from_ms: step.state.repealed.map(|repealed| repealed.at_ms),
    };
    step.state = PublicationState { version: number, owner: Some(owner), ..PublicationState::default() };
    overlay.write(StateKey::PublicationVersion(step.key.clone(), number), &published);
    if let (Scope::Province(province), PublicationBody::Item(item)) = (step.key.scope, content) {
        let address = StateKey::ItemVariants(item.basic_code.clone());
        let mut variants: ItemVariants = overlay.read(&address)?.unwrap_or_default();
        let code = step.key.code.clone();
        variants.put(ItemVariant { province, code, version: number, common_elements: item.common_elements });
        overlay.write(address, &variants);
    }
    Ok(())
}

/// The owner named by the document itself, not its publisher: the agency that implements the item, or the principal.
fn natural_owner(content: &PublicationBody) -> Option<Uscc> {
    match content {
        PublicationBody::Item(item) => item.item.agency(),
        PublicationBody::Guide(guide) => guide.item.agency(),
        PublicationBody::Mandate(mandate) => Some(mandate.principal),
        PublicationBody::Entries { .. } | PublicationBody::Calendar(_) | PublicationBody::Agreement(_) => None,
    }
}

/// The provinces whose consent the end of a version needs. Empty if a publisher ends it alone.
#[derive(Default)]
struct Consents {
    asked: Vec<ProvinceCode>,
    needed: usize,
    /// Those of `asked` that have consented.
    given: Vec<ProvinceCode>,
}

impl Consents {
    fn are_enough_with(&self, province: ProvinceCode) -> bool {
        let more = usize::from(!self.given.contains(&province));
        self.given.len() + more >= self.needed
    }
}

/// Provinces that have left are not asked, and their earlier consent does not count; otherwise a version could never end.
fn repeal_consents<R: StateReader>(overlay: &Overlay<'_, R>, step: &Step<'_>) -> Result<Consents, RuleError> {
    let Some(number) = step.state.in_force() else { return Ok(Consents::default()) };
    let signatures = step.approval.signatures;
    let asked = match (signatures, step.approval.ending) {
        (_, Ending::Publisher) | (Signatures::OneProvince, _) => return Ok(Consents::default()),
        (Signatures::AllProvinces | Signatures::TwoThirds, _) => party::active_provinces(overlay)?,
        (Signatures::Parties, _) => {
            let mut parties = version(overlay, step.key, number)?.map(|held| held.signed_by).unwrap_or_default();
            let active = party::active_provinces(overlay)?;
            parties.retain(|province| active.binary_search(province).is_ok());
            parties
        }
    };
    let needed = match step.approval.ending {
        Ending::Publisher | Ending::AnyParty => 1,
        Ending::AsSigned => party::needed(signatures, asked.len()),
    };
    let mut given = step.state.repeal_signed_by.clone();
    given.retain(|province| asked.binary_search(province).is_ok());
    Ok(Consents { asked, needed, given })
}

fn repeal<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    step: &mut Step<'_>,
    consents: Consents,
    next: PublicationStatus,
) -> Result<(), RuleError> {
    let publisher = || party::check_publisher(overlay, step.actor, step.key, &step.approval, &step.state);
    let mut given = consents.given;
    match step.approval.ending {
        Ending::Publisher => publisher()?,
        Ending::AnyParty => match publisher() {
            Err(RuleError::Refused(_)) => sign(overlay, step.actor, &consents.asked, &mut given)?,
            other => other?,
        },
        Ending::AsSigned => sign(overlay, step.actor, &consents.asked, &mut given)?,
    }
    if next.force == Force::InForce {
        step.state.repeal_signed_by = given;
        return Ok(());
    }
    step.state.repealed = Some(Repealed { at_ms: step.context.time_ms, by: step.index });
    step.state.repeal_signed_by = Vec::new();
    forget_variant(overlay, step)
}

/// A repealed item is no longer part of the comparison between provinces.
fn forget_variant<R: StateReader>(overlay: &mut Overlay<'_, R>, step: &Step<'_>) -> Result<(), RuleError> {
    let (PublicationKind::Item, Scope::Province(province)) = (step.key.kind, step.key.scope) else { return Ok(()) };
    let held = version(overlay, step.key, step.state.version)?;
    let Some(PublicationBody::Item(item)) = held.map(|held| held.body) else { return Ok(()) };
    let address = StateKey::ItemVariants(item.basic_code);
    let Some(mut variants) = overlay.read::<ItemVariants>(&address)? else { return Ok(()) };
    variants.remove(province, &step.key.code);
    overlay.write(address, &variants);
    Ok(())
}

fn acknowledge<R: StateReader>(overlay: &mut Overlay<'_, R>, step: &Step<'_>, number: u32) -> Result<(), RuleError> {
    let key = &step.actor.key;
    let address = StateKey::PublicationConsumer(step.key.clone(), key.organisation, key.system.clone());
    let held: Option<PublicationConsumerState> = overlay.read(&address)?;
    if held.is_some_and(|held| held.version >= number) {
        return Err(Code::PublicationAlreadyAcknowledged.into());
    }
    overlay.write(address, &PublicationConsumerState { version: number, at_ms: step.context.time_ms, by: step.index });
    Ok(())
}
