//! Things of every family: their state, what follows from it, the records about them, and the proof.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use huxin_chain_spec::api::{
    AsOfAnswer, ErrorAnswer, RecordEntry, RehearsalAnswer, ThingAnswer, ThingEntry, ThingListAnswer,
};
use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::{CaseRef, Height, ProvinceCode, RecordIndex, TimeMs, Uscc};
use huxin_chain_spec::participation::Participation;
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::rules::{self, RuleError, case, governance};
use huxin_chain_spec::state::case::CaseState;
use huxin_chain_spec::state::{self, STATE_BYTES_MAX, StateKey, StateKeyError, StateUnavailable, kind_byte, to_json};
use serde::Deserialize;
use utoipa::IntoParams;

use super::assess::{as_of_answer, block_at};
use super::octets::{File, Octets};
use super::receipts::{ReceiptQuery, as_file};
use super::request::{Intake, Query, Segment, as_of};
use super::shared::Shared;
use crate::http::{ApiError, Peer, error_body};
use crate::ledger::{Ledger, LedgerAt, ReceiptAt};

/// Most records listed about one thing.
const RECORDS_MAX: usize = 256;
/// Entries of one page of a list.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 500;
/// Cases looked at for one page of a filtered list, so that a filter that nothing passes cannot hold the node.
const LOOKED_AT_MAX: usize = 5_000;
/// Longest action of a rehearsal, in bytes of JSON.
const ACTION_BYTES_MAX: usize = 64 * 1024;

/// The time asked about, and what to attach.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ThingQuery {
    /// RFC 3339 time, or a date, which means its first moment in Beijing time; now if absent.
    as_of: Option<String>,
    /// Whether to list the records about it; no if absent.
    records: Option<bool>,
    /// Whether to attach the proof; yes if absent.
    proof: Option<bool>,
}

/// The state of a thing.
///
/// Things are named by kind and identifiers with slashes between: `case/9f..`, `seal/310000/31010000000017`,
/// `publication/item/310000/001010100000`, `proposal/41`, `parameters`. What the ledger does not hold is answered with
/// `exists: false` and the proof of that.
#[utoipa::path(get, path = "/v1/things/{name}", tag = "ledger", operation_id = "thing",
    params(("name" = String, Path, description = "Kind and identifiers; slashes stay slashes"), ThingQuery),
    responses(
        (status = 200, description = "State, what follows from it, and the proof", body = ThingAnswer),
        (status = 400, description = "Not a name or not a time", body = ErrorAnswer),
    ))]
pub(super) async fn thing(
    State(api): State<Shared>,
    peer: Peer,
    Segment(name): Segment,
    Query(query): Query<ThingQuery>,
) -> Result<Json<ThingAnswer>, ApiError> {
    let key: StateKey = name.parse().map_err(|error| bad_name(&error))?;
    let time = as_of(query.as_of.as_deref(), api.monitor.now())?;
    let (records, proof) = (query.records.unwrap_or(false), query.proof.unwrap_or(true));
    if !records && !matches!(key, StateKey::Proposal(_)) {
        // A few reads of the store.
        return answer(&api, key, time, records, proof).map(Json);
    }
    let shared = Shared::clone(&api);
    api.reads.run(peer, move || answer(&shared, key, time, records, proof)).await?.map(Json)
}

/// A case with its timeline.
///
/// Where it is, who holds the clock, what is due, and every record about it. By its reference in 64 hexadecimal characters.
#[utoipa::path(get, path = "/v1/cases/{case}", tag = "ledger", operation_id = "case",
    params(("case" = String, Path, description = "Reference of the case"), ThingQuery),
    responses(
        (status = 200, description = "Standing, timeline and proof", body = ThingAnswer),
        (status = 400, description = "Not a reference or not a time", body = ErrorAnswer),
    ))]
pub(super) async fn case_timeline(
    State(api): State<Shared>,
    peer: Peer,
    Segment(case): Segment,
    Query(query): Query<ThingQuery>,
) -> Result<Json<ThingAnswer>, ApiError> {
    let case: CaseRef = case.parse().map_err(|error| ApiError::parameter("case", &error))?;
    let time = as_of(query.as_of.as_deref(), api.monitor.now())?;
    let (records, proof) = (query.records.unwrap_or(true), query.proof.unwrap_or(true));
    let shared = Shared::clone(&api);
    api.reads.run(peer, move || answer(&shared, StateKey::Case(case), time, records, proof)).await?.map(Json)
}

/// Receipt of a thing.
///
/// One file that proves the state of a thing, or that the ledger holds none, without any node: `HUXINRT2`, then the
/// canonical encoding.
#[utoipa::path(get, path = "/v1/receipts/things/{name}", tag = "verify", operation_id = "thingReceipt",
    params(("name" = String, Path, description = "Kind and identifiers; slashes stay slashes"), ReceiptQuery),
    responses(
        (status = 200, description = "The receipt", body = inline(Octets), content_type = "application/vnd.huxin.receipt"),
        (status = 400, description = "Not a name or not a time", body = ErrorAnswer),
        (status = 404, description = "There is no block yet, or was none at that time", body = ErrorAnswer),
    ))]
pub(super) async fn thing_receipt(
    State(api): State<Shared>,
    Segment(name): Segment,
    Query(query): Query<ReceiptQuery>,
) -> Result<File, ApiError> {
    let key: StateKey = name.parse().map_err(|error| bad_name(&error))?;
    let at = as_of(query.as_of.as_deref(), api.monitor.now())?.map_or(ReceiptAt::Newest, ReceiptAt::AsOf);
    let receipt = api.monitor.ledger.thing_receipt(&[key], at)?;
    let receipt = receipt.ok_or_else(|| ApiError::not_found("as_of: no block is as old as that"))?;
    Ok(as_file(&name, receipt.header.height, receipt.to_bytes()))
}

/// Entries of a page.
fn entries(limit: Option<usize>) -> Result<usize, ApiError> {
    match limit.unwrap_or(PAGE_DEFAULT) {
        limit @ 1..=PAGE_MAX => Ok(limit),
        limit => {
            let place = format!("limit: {limit} is not from 1 to {PAGE_MAX}");
            Err(ApiError::bad_request(Code::ApiBadRequest, place))
        }
    }
}

/// A page of things of one kind.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// The kind: `proposal`, `trust`, `province`, `validator`, `publication` ...
    kind: String,
    /// The name after which the page begins.
    after: Option<String>,
    /// Entries of the page; 100 if absent, at most 500.
    limit: Option<usize>,
}

/// Things of one kind, as they are now.
#[utoipa::path(get, path = "/v1/things", tag = "ledger", operation_id = "things",
    params(ListQuery),
    responses(
        (status = 200, description = "Names and states", body = ThingListAnswer),
        (status = 400, description = "Not a kind, not a name, or a limit outside 1 to 500", body = ErrorAnswer),
    ))]
pub(super) async fn things(
    State(api): State<Shared>,
    peer: Peer,
    Query(query): Query<ListQuery>,
) -> Result<Json<ThingListAnswer>, ApiError> {
    let kind = kind_byte(&query.kind).map_err(|error| bad_name(&error))?;
    let after = query.after.as_deref().map(str::parse).transpose().map_err(|error| bad_name(&error))?;
    let limit = entries(query.limit)?;
    let shared = Shared::clone(&api);
    api.reads.run(peer, move || things_of_kind(&shared.monitor.ledger, kind, after.as_ref(), limit)).await?.map(Json)
}

fn things_of_kind(
    ledger: &Ledger,
    kind: u8,
    after: Option<&StateKey>,
    limit: usize,
) -> Result<ThingListAnswer, ApiError> {
    let view = View::newest(ledger);
    let page = ledger.store().things_of_kind(kind, after, limit)?;
    let next = if page.len() == limit { page.last().map(|(key, _)| key.to_string()) } else { None };
    let things = page.iter().map(|(key, bytes)| view.entry(key, bytes)).collect::<Result<_, ApiError>>()?;
    Ok(ThingListAnswer { as_of: view.as_of(), things, next })
}

/// Which open cases of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Only {
    Open,
    /// Whoever holds the clock is late.
    Overdue,
    /// Offered, and not answered in time.
    Unanswered,
}

/// A page of the open cases of an organisation.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CasesQuery {
    /// Unified social credit code of the organisation that collected the cases or decides them.
    agency: String,
    /// All open ones if absent.
    #[param(inline)]
    only: Option<Only>,
    /// The name after which the page begins.
    after: Option<String>,
    /// Entries of the page; 100 if absent, at most 500.
    limit: Option<usize>,
}

/// Open cases of an organisation, as they are now.
///
/// A page may be shorter than asked for, and even empty, while `next` names where to go on: a filter is given up for the
/// moment once 5,000 cases were looked at.
#[utoipa::path(get, path = "/v1/cases", tag = "ledger", operation_id = "cases",
    params(CasesQuery),
    responses(
        (status = 200, description = "Names, states and standings", body = ThingListAnswer),
        (status = 400, description = "Not an organisation, not a name, or a limit outside 1 to 500", body = ErrorAnswer),
    ))]
pub(super) async fn cases(
    State(api): State<Shared>,
    peer: Peer,
    Query(query): Query<CasesQuery>,
) -> Result<Json<ThingListAnswer>, ApiError> {
    let agency: Uscc = query.agency.parse().map_err(|error| ApiError::parameter("agency", &error))?;
    let after = match query.after.as_deref().map(str::parse::<StateKey>).transpose() {
        Ok(None) => None,
        Ok(Some(StateKey::Case(case))) => Some(case),
        Ok(Some(_)) => return Err(ApiError::bad_request(Code::ApiBadRequest, "after: it names no case")),
        Err(error) => return Err(bad_name(&error)),
    };
    let only = query.only.unwrap_or(Only::Open);
    let limit = entries(query.limit)?;
    let shared = Shared::clone(&api);
    api.reads.run(peer, move || open_cases(&shared.monitor.ledger, &agency, after, only, limit)).await?.map(Json)
}

fn open_cases(
    ledger: &Ledger,
    agency: &Uscc,
    mut after: Option<CaseRef>,
    only: Only,
    limit: usize,
) -> Result<ThingListAnswer, ApiError> {
    let view = View::newest(ledger);
    let mut things = Vec::new();
    let mut looked_at = 0;
    let mut exhausted = false;
    while things.len() < limit && looked_at < LOOKED_AT_MAX && !exhausted {
        let wanted = limit - things.len();
        let page = ledger.store().open_cases(agency, after.as_ref(), wanted)?;
        exhausted = page.len() < wanted;
        looked_at += page.len();
        for found in page {
            after = Some(found);
            let key = StateKey::Case(found);
            let Some(bytes) = ledger.store().state_at(&key, view.height)? else { continue };
            let state: CaseState = decode(&bytes)?;
            let standing = case::standing(&state, view.time_ms);
            let wanted = match only {
                Only::Open => true,
                Only::Overdue => standing.is_overdue,
                Only::Unanswered => standing.is_unanswered,
            };
            if wanted {
                things.push(view.entry(&key, &bytes)?);
            }
        }
    }
    let next = after.filter(|_| !exhausted).map(|case| StateKey::Case(case).to_string());
    Ok(ThingListAnswer { as_of: view.as_of(), things, next })
}

/// Who would propose.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RehearsalQuery {
    /// Code of the province that would propose the action.
    proposer: String,
}

/// What a proposal would do, before anybody makes it.
///
/// The body is the action as it stands in a proposal. Nothing is recorded.
#[utoipa::path(post, path = "/v1/rehearsals", tag = "ledger", operation_id = "rehearse",
    params(RehearsalQuery), request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "New quorum, how many may fail, who was seen lately; or why it would be refused", body = RehearsalAnswer),
        (status = 400, description = "Not an action or not a province", body = ErrorAnswer),
        (status = 408, description = "The body comes too slowly", body = ErrorAnswer),
        (status = 413, description = "The action is too long", body = ErrorAnswer),
    ))]
pub(super) async fn rehearse(
    State(api): State<Shared>,
    peer: Peer,
    Query(query): Query<RehearsalQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<RehearsalAnswer>, ApiError> {
    let proposer: ProvinceCode = query.proposer.parse().map_err(|error| ApiError::parameter("proposer", &error))?;
    let body = Intake::new(&api, peer, &headers).read(body, ACTION_BYTES_MAX, Code::ApiBodyTooLarge).await?;
    let action: Action = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request(Code::ApiBadRequest, format!("body: {error}")))?;
    let shared = Shared::clone(&api);
    api.reads.run(peer, move || rehearsal(&shared, proposer, &action)).await?.map(Json)
}

fn rehearsal(api: &Shared, proposer: ProvinceCode, action: &Action) -> Result<RehearsalAnswer, ApiError> {
    let ledger = &api.monitor.ledger;
    let view = View::newest(ledger);
    let validators = state::validators(&view.reader()).map_err(|error| unavailable(&error))?;
    let participation: Participation =
        state::read(&view.reader(), &StateKey::Participation).map_err(|error| unavailable(&error))?.unwrap_or_default();
    let height = Height(view.height.0 + 1);
    let rehearsal = governance::rehearse(&validators, &participation, action, height);
    let context = ledger.chain().block_after(view.height, api.monitor.now().max(view.time_ms));
    let refused = match governance::dry_run(&view.reader(), &context, proposer, action) {
        Ok(()) => None,
        Err(RuleError::Refused(code)) => Some(error_body(code, "action")),
        Err(RuleError::Unavailable(error)) => return Err(unavailable(&error)),
        Err(error) => return Err(ApiError::internal(&error)),
    };
    let rehearsal = rehearsal.map(serde_json::to_value).transpose().map_err(|error| ApiError::internal(&error))?;
    Ok(RehearsalAnswer { as_of: view.as_of(), rehearsal, refused })
}

/// The ledger after one block, and the time it answers for.
struct View<'a> {
    ledger: &'a Ledger,
    height: Height,
    time_ms: TimeMs,
    /// Records of the log at that height.
    log_size: u64,
}

impl<'a> View<'a> {
    fn newest(ledger: &'a Ledger) -> Self {
        let tip = ledger.tip();
        Self { ledger, height: tip.height, time_ms: tip.time_ms, log_size: tip.log.size }
    }

    fn at(ledger: &'a Ledger, as_of: Option<TimeMs>) -> Result<Self, ApiError> {
        let (height, time_ms) = block_at(ledger, as_of)?;
        let log_size = ledger.header(height)?.map_or(0, |(header, _)| header.log.size);
        Ok(Self { ledger, height, time_ms, log_size })
    }

    fn reader(&self) -> LedgerAt<'a> {
        self.ledger.at(self.height, self.log_size)
    }

    fn as_of(&self) -> AsOfAnswer {
        as_of_answer(self.height, self.time_ms)
    }

    fn derived(&self, key: &StateKey, bytes: &[u8]) -> Result<Option<serde_json::Value>, ApiError> {
        rules::derived(&self.reader(), key, bytes, (self.time_ms, self.height)).map_err(|error| unavailable(&error))
    }

    fn entry(&self, key: &StateKey, bytes: &[u8]) -> Result<ThingEntry, ApiError> {
        let state = to_json(key, bytes).map_err(|error| unavailable(&error))?;
        Ok(ThingEntry { name: key.to_string(), state, derived: self.derived(key, bytes)? })
    }

    fn records(&self, key: &StateKey) -> Result<Vec<RecordEntry>, ApiError> {
        let end = RecordIndex(self.log_size);
        let indexes = self.ledger.store().records_about(key, end, RECORDS_MAX)?;
        let entry = |index: RecordIndex| {
            let found = self.ledger.record(index)?;
            let (record, height) = found.ok_or_else(|| ApiError::internal(&format!("record {index} is missing")))?;
            Ok(RecordEntry {
                index: index.0,
                height: height.0,
                time_ms: record.time_ms.0,
                time: record.time_ms.to_string(),
                operation: record.operation.name().to_owned(),
                province: record.province.to_string(),
                organisation: record.organisation.to_string(),
                record: serde_json::to_value(&record).map_err(|error| ApiError::internal(&error))?,
            })
        };
        indexes.into_iter().map(entry).collect()
    }
}

fn answer(
    api: &Shared,
    key: StateKey,
    time: Option<TimeMs>,
    records: bool,
    proof: bool,
) -> Result<ThingAnswer, ApiError> {
    let ledger = &api.monitor.ledger;
    let at = time.map_or(ReceiptAt::Newest, ReceiptAt::AsOf);
    // One block answers for state, proof and records, also while another is committed.
    let receipt = if proof { ledger.thing_receipt(&proven_with(&key), at)? } else { None };
    let view = match &receipt {
        Some(receipt) => View {
            ledger,
            height: receipt.header.height,
            time_ms: time.unwrap_or(receipt.header.time_ms),
            log_size: receipt.header.log.size,
        },
        None => View::at(ledger, time)?,
    };
    let bytes = ledger.store().state_at(&key, view.height)?;
    let state = bytes.as_deref().map(|bytes| to_json(&key, bytes)).transpose().map_err(|error| unavailable(&error))?;
    let derived = match bytes.as_deref() {
        Some(bytes) => view.derived(&key, bytes)?,
        None => None,
    };
    Ok(ThingAnswer {
        name: key.to_string(),
        as_of: view.as_of(),
        exists: state.is_some(),
        state,
        derived,
        records: if records { view.records(&key)? } else { Vec::new() },
        proof: receipt.map(|receipt| BASE64.encode(receipt.to_bytes())),
    })
}

/// What a receipt covers so that whoever checks it can derive everything himself.
fn proven_with(key: &StateKey) -> Vec<StateKey> {
    let mut keys = vec![key.clone()];
    if matches!(key, StateKey::Proposal(_)) {
        keys.extend([StateKey::Parameters, StateKey::Validators, StateKey::Participation]);
        // Whose votes count.
        keys.extend(ProvinceCode::all().map(StateKey::Province));
    }
    keys
}

fn decode(bytes: &[u8]) -> Result<CaseState, ApiError> {
    codec::decode(bytes, STATE_BYTES_MAX).map_err(|error| ApiError::internal(&error))
}

fn bad_name(error: &StateKeyError) -> ApiError {
    match error {
        StateKeyError::Identifier(error) => ApiError::parameter("name", error),
        error => ApiError::bad_request(Code::ApiBadRequest, format!("name: {error}")),
    }
}

fn unavailable(error: &StateUnavailable) -> ApiError {
    ApiError::internal(error)
}
