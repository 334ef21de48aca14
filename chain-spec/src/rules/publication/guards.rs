//! Every rule of the family beside its code, in the order in which it is looked at: what `docs/rules/publication.md` shows.

use crate::codes::Code;

/// A rule and the code that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The operations it applies to.
    pub on: &'static str,
    /// What must hold.
    pub rule: &'static str,
    /// The refusal if it does not.
    pub code: Code,
}

const fn guard(on: &'static str, rule: &'static str, code: Code) -> Guard {
    Guard { on, rule, code }
}

const ALL: &str = "every operation";
const DRAFT: &str = "draft";
const CLOSE: &str = "close_consultation";
const REPEAL: &str = "repeal";
const BOTH: &str = "draft, publish";
const ITEM: &str = "draft, publish: item, guide";
const MANDATE: &str = "draft, publish: mandate, delegation";

/// Every rule. Each code of the family is listed, and codes of other families that a rule refuses with.
#[rustfmt::skip]
pub const GUARDS: &[Guard] = &[
    guard(ALL, "the key holds `publish`; for `acknowledge` any of `publish`, `cases`, `evidence`", Code::KeyNotPermitted),
    guard(ALL, "the kind exists in the scope (table of kinds)", Code::PublicationScopeNotAllowed),
    guard(DRAFT, "the signer's province prepares nothing yet; what others prepare stands beside it", Code::PublicationDraftPending),
    guard("close_consultation, co_sign, withdraw", "something is being prepared", Code::PublicationNoDraft),
    guard(CLOSE, "the draft has a consultation that is not closed", Code::PublicationNotConsulting),
    guard("co_sign, publish", "no consultation is open", Code::PublicationConsultationOpen),
    guard("publish", "a kind that needs a consultation has a draft", Code::PublicationConsultationMissing),
    guard("publish", "every signature that the kind needs is there", Code::PublicationSignaturesMissing),
    guard(REPEAL, "a version is in force", Code::PublicationNotInForce),
    guard(BOTH, "the version is the newest published one plus 1", Code::PublicationVersionNotNext),
    guard("close_consultation, co_sign, withdraw", "the version is that of the draft", Code::PublicationDraftVersion),
    guard(REPEAL, "the version is the one in force", Code::PublicationRepealVersion),
    guard("acknowledge", "the version was published", Code::PublicationVersionUnknown),
    guard("acknowledge", "the organisation's system has not acknowledged it or a newer one", Code::PublicationAlreadyAcknowledged),
    guard("draft, publish, repeal", "in a province's scope: the signer is of that province", Code::PublicationWrongProvince),
    guard("draft, publish, repeal", "where the kind says so: the signer is the province's authority", Code::PublicationNotAuthority),
    guard("draft, publish, repeal", "an agency that is not the authority owns the publication, or its owner is no longer active", Code::PublicationNotOwner),
    guard("close_consultation, publish, withdraw", "the signer is the lead of the draft or its province's authority (`withdraw`: see Drafts)", Code::PublicationNotLead),
    guard(CLOSE, "the window has ended", Code::PublicationConsultationOpen),
    guard("co_sign, publish", "the digest or body is the draft's", Code::PublicationDigestMismatch),
    guard("co_sign, repeal", "the signer's province is one of those whose signature counts", Code::PublicationNotSigner),
    guard("co_sign, repeal", "the signer is the province's authority", Code::PublicationNotAuthority),
    guard("co_sign, repeal", "it has not signed before", Code::PublicationAlreadySigned),
    guard(BOTH, "the body fits the kind", Code::PublicationBodyWrongKind),
    guard(BOTH, "a list has an entry", Code::PublicationEntriesEmpty),
    guard("draft, publish: item, guide, items of a mandate", "the item code is not a case code", Code::PublicationItemScheme),
    guard("draft, publish: item, guide, calendar", "the publication is named by its item code or year", Code::PublicationCodeMismatch),
    guard(ITEM, "the agency in the item code is the signer, unless the signer is the province's authority", Code::PublicationItemNotOwn),
    guard("draft, publish: item", "the basic code is the one inside the item code (GB/T 39554.1)", Code::PublicationBasicCode),
    guard("draft, publish: item", "modes: at least one, sorted, no duplicates", Code::PublicationItemModes),
    guard("draft, publish: item", "promised days 1 to 250, acknowledgement days at least 1, correction days 1 to 5 (行政许可法 art. 32)", Code::PublicationItemDays),
    guard("draft, publish: guide", "materials: at most 256, sorted, no duplicates", Code::PublicationGuideMaterials),
    guard("draft, publish: guide", "tolerated materials: sorted, part of the materials; with 1 to 250 days if there are any", Code::PublicationGuideTolerance),
    guard("draft, publish: guide", "the item is in force in the same scope", Code::PublicationGuideItem),
    guard("draft, publish: calendar", "the year is 2000 to 2200", Code::PublicationCalendarYear),
    guard("draft, publish: calendar", "days lie in the year, sorted, no duplicates", Code::PublicationCalendarDays),
    guard("draft, publish: calendar", "holidays are weekdays, make-up days are Saturdays or Sundays", Code::PublicationCalendarWeekday),
    guard(MANDATE, "principal and agent are registered and active", Code::OrganisationUnknown),
    guard(MANDATE, "the principal is of the province that publishes", Code::PublicationMandateProvince),
    guard(MANDATE, "the signer is the principal or the province's authority", Code::PublicationMandatePrincipal),
    guard(MANDATE, "items: at most 256, sorted, no duplicates", Code::PublicationMandateItems),
    guard(MANDATE, "at least one of receive, accept, deliver", Code::PublicationMandateActs),
    guard("draft, publish: mandate, delegation, agreement", "the term has not ended", Code::PublicationTermEnded),
    guard(MANDATE, "a delegation names an active key of the agent, a mandate none", Code::PublicationMandateOfficer),
    guard(DRAFT, "a kind that needs a consultation has a window", Code::PublicationConsultationMissing),
    guard(DRAFT, "the consultation opens at most 10 minutes before the block, is as long as the kind demands, ends within 365 days", Code::PublicationConsultationWindow),
    guard(DRAFT, "parties as the kind demands (see Drafts)", Code::PublicationParties),
    guard(DRAFT, "parties are active provinces", Code::PublicationPartyInactive),
    guard(CLOSE, "no opinions: the root of the empty tree; some: another", Code::PublicationOpinionsRoot),
];
