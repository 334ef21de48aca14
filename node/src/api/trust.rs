//! What leads a verifier to the validators: heads to pin, and the way between two sets.

use std::sync::Arc;

use axum::extract::State;
use huxin_chain_spec::api::ErrorAnswer;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::Height;
use serde::Deserialize;
use utoipa::IntoParams;

use super::octets::{File, Octets, file};
use super::request::Query;
use super::shared::Shared;
use crate::http::{ApiError, Peer};

/// The head asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct HeadQuery {
    /// Height of the block; the newest one if absent.
    height: Option<u64>,
}

/// A head.
///
/// A certified header with the validators after it, to be published and pinned: `HUXINTH1`, then the canonical encoding.
#[utoipa::path(get, path = "/v1/trust/head", tag = "verify", operation_id = "trustedHead", params(HeadQuery),
    responses(
        (status = 200, description = "The head", body = inline(Octets), content_type = "application/vnd.huxin.head"),
        (status = 400, description = "Not a height", body = ErrorAnswer),
        (status = 404, description = "There is no such block yet", body = ErrorAnswer),
    ))]
pub(super) async fn head(State(api): State<Shared>, Query(query): Query<HeadQuery>) -> Result<File, ApiError> {
    let ledger = &api.monitor.ledger;
    let height = query.height.map_or_else(|| ledger.height(), Height);
    let head = ledger.trusted_head(height)?;
    let head = head.ok_or_else(|| ApiError::not_found(format!("height: there is no block {height} here")))?;
    Ok(file("application/vnd.huxin.head", &format!("huxin-{height}.head"), head.to_bytes()))
}

/// The way asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct PathQuery {
    /// Height after which the set that is known decides; 0, the founders, if absent.
    from: u64,
    /// Height whose validators are looked for; those of the next block if absent.
    to: Option<u64>,
}

/// The way to the validators.
///
/// Leads from the set that decides after one height to the set that decides at another, in few steps: `HUXINTP1`, then the
/// canonical encoding. Where it ends early, ask again from its end.
#[utoipa::path(get, path = "/v1/trust/path", tag = "verify", operation_id = "trustPath", params(PathQuery),
    responses(
        (status = 200, description = "The way", body = inline(Octets), content_type = "application/vnd.huxin.trust-path"),
        (status = 400, description = "Not two heights, or the first is not below the second", body = ErrorAnswer),
        (status = 404, description = "The height is not reached yet", body = ErrorAnswer),
    ))]
pub(super) async fn path(
    State(api): State<Shared>,
    peer: Peer,
    Query(query): Query<PathQuery>,
) -> Result<File, ApiError> {
    let ledger = Arc::clone(&api.monitor.ledger);
    let next = ledger.height().next();
    let (from, to) = (Height(query.from), query.to.map_or(next, Height));
    if to > next {
        return Err(ApiError::not_found(format!("to: height {to} is not reached yet, {next} is the next one")));
    }
    // A search over all changes of the set.
    let found = api.reads.run(peer, move || ledger.trust_path(from, to).map(|path| path.to_bytes())).await?;
    let not_below = || ApiError::bad_request(Code::ApiBadRequest, format!("from: {from} is not below {to}"));
    let bytes = found.ok_or_else(not_below)?;
    Ok(file("application/vnd.huxin.trust-path", &format!("huxin-{from}-{to}.path"), bytes))
}
