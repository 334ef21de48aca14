//! Submitting transactions, and asking what became of them.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use huxin_chain_spec::api::{ErrorAnswer, OutcomeAnswer, RefusedOperation};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::{Height, TxId};
use huxin_chain_spec::transaction::{Outcome, Refusal, TRANSACTION_BYTES_MAX};
use serde::Deserialize;
use utoipa::IntoParams;

use super::octets::Octets;
use super::request::{Intake, Query, Segment, media_type, unsupported_media_type};
use super::shared::{OCTETS, Shared};
use crate::http::{ApiError, Peer, error_body};
use crate::outcomes::{End, WaitError};

const WAIT_MS_DEFAULT: u64 = 10_000;
/// Longest a request may wait for an outcome.
pub(super) const WAIT_MS_MAX: u64 = 60_000;

/// What to wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Wait {
    /// Nothing: answer at once.
    #[default]
    None,
    /// A definite outcome.
    Committed,
}

/// How long to wait for the outcome.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct WaitQuery {
    /// `committed` waits for a definite outcome, `none` (the default) answers at once.
    #[param(inline)]
    wait: Wait,
    /// How long to wait in milliseconds: 10,000 if absent, at most 60,000. After that the answer is `pending`.
    #[param(minimum = 0, maximum = 60_000)]
    timeout_ms: Option<u64>,
}

/// As [`WaitQuery`], for a transaction known by its identifier only.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct OutcomeQuery {
    /// `committed` waits for a definite outcome, `none` (the default) answers at once.
    #[param(inline)]
    wait: Wait,
    /// How long to wait in milliseconds: 10,000 if absent, at most 60,000.
    #[param(minimum = 0, maximum = 60_000)]
    timeout_ms: Option<u64>,
    /// The expiry height the transaction was signed with. A node that never held the transaction can then tell `expired`
    /// from `unknown`.
    expires_at: Option<u64>,
}

fn timeout(wait: Wait, timeout_ms: Option<u64>) -> Result<Option<Duration>, ApiError> {
    let timeout_ms = timeout_ms.unwrap_or(WAIT_MS_DEFAULT);
    if timeout_ms > WAIT_MS_MAX {
        let place = format!("timeout_ms: at most {WAIT_MS_MAX}");
        return Err(ApiError::bad_request(Code::ApiBadRequest, place));
    }
    Ok((wait == Wait::Committed).then(|| Duration::from_millis(timeout_ms)))
}

/// Submit a signed transaction.
///
/// The body is the canonical encoding of the transaction. What the door refuses changes nothing and is answered with its
/// code; what it takes is on its way to a block. With `wait=committed` the answer comes once the block is final. A
/// transaction that stands in a block but broke a rule there is answered with 200, outcome `rejected` and its code.
/// Submitting the same transaction again is safe at any time and gives the same outcome.
#[utoipa::path(post, path = "/v1/transactions", tag = "transactions", operation_id = "submitTransaction",
    params(WaitQuery),
    request_body(content = inline(Octets), content_type = "application/octet-stream", description = "borsh(Transaction), at most 2 MiB"),
    responses(
        (status = 200, description = "A definite outcome, or `pending` when the time to wait is over", body = OutcomeAnswer),
        (status = 202, description = "Taken; the outcome is not known yet, also where too many requests wait to wait for it", body = OutcomeAnswer),
        (status = 400, description = "Not a transaction of this chain", body = ErrorAnswer),
        (status = 401, description = "Signature or signer unknown", body = ErrorAnswer),
        (status = 403, description = "The key may not do this", body = ErrorAnswer),
        (status = 408, description = "The body comes too slowly", body = ErrorAnswer),
        (status = 409, description = "Against the present state", body = ErrorAnswer),
        (status = 413, description = "Too large", body = ErrorAnswer),
        (status = 415, description = "Another media type", body = ErrorAnswer),
        (status = 422, description = "Against another rule", body = ErrorAnswer),
        (status = 429, description = "The mempool is full; see Retry-After", body = ErrorAnswer),
    ))]
pub(super) async fn submit(
    State(api): State<Shared>,
    peer: Peer,
    Query(query): Query<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<OutcomeAnswer>), ApiError> {
    let mut timeout = timeout(query.wait, query.timeout_ms)?;
    match media_type(&headers).as_deref() {
        None | Some(OCTETS) => {}
        Some(_) => return Err(unsupported_media_type(OCTETS)),
    }
    let transaction =
        Intake::new(&api, peer, &headers).read(body, TRANSACTION_BYTES_MAX, Code::EncodingTooLarge).await?;
    let tx_id = match api.door.admit(transaction).await {
        Ok(admitted) => admitted.tx_id,
        Err(refusal) => {
            api.metrics.refused(refusal.code);
            return Err(refusal.into());
        }
    };
    let end = match timeout {
        Some(longest) => match api.outcomes.wait(&api.monitor.ledger, tx_id, longest).await {
            // It is taken whether or not somebody can wait for it.
            Err(WaitError::TooMany) => {
                timeout = None;
                known_end(&api, &tx_id)?
            }
            waited => waited?,
        },
        None => known_end(&api, &tx_id)?,
    };
    let status = if end.is_none() && timeout.is_none() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let answer = end.map_or_else(|| open(tx_id, "pending"), |end| ended(tx_id, end));
    Ok((status, Json(answer)))
}

/// Ask what became of a transaction.
///
/// `committed`, `rejected` and `expired` are final. `pending` and `unknown` are not: the transaction waits in this node's
/// mempool, or this node has not seen it.
#[utoipa::path(get, path = "/v1/transactions/{tx_id}", tag = "transactions", operation_id = "transactionOutcome",
    params(("tx_id" = String, Path, description = "64 hexadecimal characters"), OutcomeQuery),
    responses(
        (status = 200, description = "The outcome", body = OutcomeAnswer),
        (status = 400, description = "Not an identifier", body = ErrorAnswer),
    ))]
pub(super) async fn outcome(
    State(api): State<Shared>,
    Segment(tx_id): Segment,
    Query(query): Query<OutcomeQuery>,
) -> Result<Json<OutcomeAnswer>, ApiError> {
    let tx_id: TxId = tx_id.parse().map_err(|error| ApiError::parameter("tx_id", &error))?;
    let timeout = timeout(query.wait, query.timeout_ms)?;
    // The height comes first: if no block up to it holds the transaction, none ever will once it is past the expiry.
    let height = api.monitor.ledger.height();
    let mut end = known_end(&api, &tx_id)?;
    let expired = query.expires_at.is_some_and(|expires_at| height > Height(expires_at));
    if end.is_none() && expired {
        end = Some(End::Expired);
    }
    if let (None, Some(timeout)) = (&end, timeout) {
        end = api.outcomes.wait(&api.monitor.ledger, tx_id, timeout).await?;
    }
    Ok(Json(match end {
        Some(end) => ended(tx_id, end),
        None if api.monitor.mempool.contains(&tx_id) => open(tx_id, "pending"),
        // It may have left the pool for a block just now.
        None => known_end(&api, &tx_id)?.map_or_else(|| open(tx_id, "unknown"), |end| ended(tx_id, end)),
    }))
}

fn known_end(api: &Shared, tx_id: &TxId) -> Result<Option<End>, ApiError> {
    if let Some((height, outcome)) = api.monitor.ledger.outcome(tx_id)? {
        return Ok(Some(End::InBlock(height, outcome)));
    }
    Ok(api.outcomes.is_expired(tx_id).then_some(End::Expired))
}

/// The answer for a transaction without a definite outcome.
fn open(tx_id: TxId, outcome: &str) -> OutcomeAnswer {
    OutcomeAnswer {
        tx_id: tx_id.to_string(),
        outcome: outcome.to_owned(),
        height: None,
        first_record: None,
        records: None,
        error: None,
        refused: None,
    }
}

/// The answer for a definite outcome.
pub(super) fn ended(tx_id: TxId, end: End) -> OutcomeAnswer {
    match end {
        End::Expired => {
            OutcomeAnswer { error: Some(error_body(Code::TransactionExpired, "expires_at")), ..open(tx_id, "expired") }
        }
        End::InBlock(height, Outcome::Committed { first_record, records }) => OutcomeAnswer {
            height: Some(height.0),
            first_record: Some(first_record.0),
            records: Some(records),
            ..open(tx_id, "committed")
        },
        End::InBlock(height, Outcome::Rejected { code, operation }) => OutcomeAnswer {
            height: Some(height.0),
            error: Some(error_body(code, format!("operation {operation}"))),
            ..open(tx_id, "rejected")
        },
        End::InBlock(height, Outcome::Each(each)) => OutcomeAnswer {
            height: Some(height.0),
            first_record: (each.records > 0).then_some(each.first_record.0),
            records: Some(each.records),
            error: each.refused.first().map(|first| error_body(first.code, format!("operation {}", first.operation))),
            refused: Some(each.refused.iter().map(refused).collect()),
            ..open(tx_id, "each")
        },
    }
}

fn refused(refusal: &Refusal) -> RefusedOperation {
    RefusedOperation { operation: refusal.operation, code: refusal.code.as_str().to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::Digest;
    use huxin_chain_spec::ids::RecordIndex;
    use huxin_chain_spec::transaction::EachOutcome;

    use super::*;

    #[test]
    fn waiting_is_bounded_and_off_unless_asked_for() {
        assert_eq!(timeout(Wait::None, None).unwrap(), None);
        assert_eq!(timeout(Wait::None, Some(5)).unwrap(), None);
        assert_eq!(timeout(Wait::Committed, None).unwrap(), Some(Duration::from_secs(10)));
        assert_eq!(timeout(Wait::Committed, Some(60_000)).unwrap(), Some(Duration::from_secs(60)));
        assert_eq!(timeout(Wait::Committed, Some(60_001)).unwrap_err().code(), Code::ApiBadRequest);
    }

    #[test]
    fn each_end_has_its_words() {
        let tx_id = TxId(Digest::ZERO);
        let committed = Outcome::Committed { first_record: RecordIndex(9), records: 2 };
        let answer = ended(tx_id, End::InBlock(Height(4), committed));
        assert_eq!(
            (answer.outcome.as_str(), answer.height, answer.first_record, answer.records),
            ("committed", Some(4), Some(9), Some(2))
        );
        let rejected = Outcome::Rejected { code: Code::LicenceDuplicate, operation: 3 };
        let answer = ended(tx_id, End::InBlock(Height(4), rejected));
        let error = answer.error.unwrap();
        assert_eq!(
            (answer.outcome.as_str(), error.code.as_str(), error.place.as_str()),
            ("rejected", "licence.duplicate", "operation 3")
        );
        let refused = [Code::LicenceDuplicate, Code::LicenceUnknown].into_iter().zip([1, 4]);
        let refused = refused.map(|(code, operation)| Refusal { operation, code }).collect();
        let each = EachOutcome { first_record: RecordIndex(9), records: 3, refused };
        let answer = ended(tx_id, End::InBlock(Height(4), Outcome::Each(each)));
        let (error, refused) = (answer.error.unwrap(), answer.refused.unwrap());
        assert_eq!((answer.outcome.as_str(), answer.first_record, answer.records), ("each", Some(9), Some(3)));
        assert_eq!((error.code.as_str(), error.place.as_str()), ("licence.duplicate", "operation 1"));
        assert_eq!((refused[1].operation, refused[1].code.as_str()), (4, "licence.unknown"));
        let none = EachOutcome { first_record: RecordIndex(9), records: 0, refused: Vec::new() };
        assert_eq!(ended(tx_id, End::InBlock(Height(4), Outcome::Each(none))).first_record, None, "it is another's");
        assert_eq!(ended(tx_id, End::Expired).outcome, "expired");
    }
}
