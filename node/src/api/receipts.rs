//! Receipts as files, and single records.

use axum::Json;
use axum::extract::State;
use huxin_chain_spec::api::{ErrorAnswer, RecordAnswer};
use huxin_chain_spec::ids::{Height, RecordIndex, TxId};
use huxin_chain_spec::log;
use serde::Deserialize;
use utoipa::IntoParams;

use super::assess;
use super::octets::{File, Octets, file};
use super::request::{Query, Segment, as_of};
use super::shared::{RECEIPT, Shared};
use crate::http::{ApiError, Peer};
use crate::ledger::ReceiptAt;

/// The time a receipt speaks of.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ReceiptQuery {
    /// RFC 3339 time, or a date, which means its first moment in Beijing time; the newest block if absent.
    pub(super) as_of: Option<String>,
}

/// Receipt of a record.
///
/// One self-contained file that proves the record, and the licence's state where it brings one into being, without any
/// node: `HUXINRC3`, then the canonical encoding.
#[utoipa::path(get, path = "/v1/receipts/{record}", tag = "verify", operation_id = "receipt",
    params(("record" = u64, Path, description = "Index of the record in the log"), ReceiptQuery),
    responses(
        (status = 200, description = "The receipt", body = inline(Octets), content_type = "application/vnd.huxin.receipt"),
        (status = 400, description = "Not an index or not a time", body = ErrorAnswer),
        (status = 404, description = "No such record, or not at that time", body = ErrorAnswer),
    ))]
pub(super) async fn receipt(
    State(api): State<Shared>,
    Segment(record): Segment,
    Query(query): Query<ReceiptQuery>,
) -> Result<File, ApiError> {
    let index: RecordIndex = record.parse().map_err(|error| ApiError::parameter("record", &error))?;
    receipt_file(&api, index, &query)
}

/// Receipt of a licence.
#[utoipa::path(get, path = "/v1/licences/{licence}/receipt", tag = "verify", operation_id = "licenceReceipt",
    params(("licence" = String, Path, description = "Identifier or reference"), ReceiptQuery),
    responses(
        (status = 200, description = "The receipt", body = inline(Octets), content_type = "application/vnd.huxin.receipt"),
        (status = 400, description = "Malformed identifier or time", body = ErrorAnswer),
        (status = 404, description = "Not on the ledger, or not at that time", body = ErrorAnswer),
    ))]
pub(super) async fn licence_receipt(
    State(api): State<Shared>,
    Segment(licence): Segment,
    Query(query): Query<ReceiptQuery>,
) -> Result<File, ApiError> {
    let ledger = &api.monitor.ledger;
    let (licence, _) = assess::licence_ref(ledger, &licence).map_err(|error| ApiError::parameter("licence", &error))?;
    let index = ledger.issued_at(&licence)?.ok_or_else(|| ApiError::not_found("licence: it is not on this ledger"))?;
    receipt_file(&api, index, &query)
}

/// Receipt of a transaction's outcome.
///
/// Proves without any node that the transaction was committed, or that it was rejected and why: `HUXINRO2`, then the canonical
/// encoding. That a transaction expired has no receipt.
#[utoipa::path(get, path = "/v1/receipts/transactions/{tx_id}", tag = "transactions", operation_id = "outcomeReceipt",
    params(("tx_id" = String, Path, description = "64 hexadecimal characters")),
    responses(
        (status = 200, description = "The receipt", body = inline(Octets), content_type = "application/vnd.huxin.receipt"),
        (status = 400, description = "Not an identifier", body = ErrorAnswer),
        (status = 404, description = "No block holds it", body = ErrorAnswer),
    ))]
pub(super) async fn outcome_receipt(
    State(api): State<Shared>,
    peer: Peer,
    Segment(tx_id): Segment,
) -> Result<File, ApiError> {
    let tx_id: TxId = tx_id.parse().map_err(|error| ApiError::parameter("tx_id", &error))?;
    // A whole block is read: the same bound as on the stream of blocks.
    let shared = Shared::clone(&api);
    let made = api.blocks.run(peer, move || shared.monitor.ledger.outcome_receipt(&tx_id)).await??;
    let receipt = made.ok_or_else(|| ApiError::not_found("tx_id: no block holds this transaction"))?;
    Ok(as_file(&format!("transaction-{tx_id}"), receipt.header.height, receipt.to_bytes()))
}

fn receipt_file(api: &Shared, index: RecordIndex, query: &ReceiptQuery) -> Result<File, ApiError> {
    let at = as_of(query.as_of.as_deref(), api.monitor.now())?.map_or(ReceiptAt::Newest, ReceiptAt::AsOf);
    let Some(receipt) = api.monitor.ledger.receipt(index, at)? else {
        let place = match at {
            ReceiptAt::Newest => format!("record {index}: it does not exist"),
            ReceiptAt::AsOf(time) => format!("record {index}: it was not on the ledger at {time}"),
        };
        return Err(ApiError::not_found(place));
    };
    Ok(as_file(&index.to_string(), receipt.header.height, receipt.to_bytes()))
}

/// A receipt of `what` as a file to save. Whatever is no letter or digit of ASCII becomes a hyphen in its name.
pub(super) fn as_file(what: &str, height: Height, bytes: Vec<u8>) -> File {
    let what: String = what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    file(RECEIPT, &format!("huxin-{what}-at-{height}.receipt"), bytes)
}

/// One record of the log.
#[utoipa::path(get, path = "/v1/records/{record}", tag = "ledger", operation_id = "record",
    params(("record" = u64, Path, description = "Index of the record in the log")),
    responses(
        (status = 200, description = "The record", body = RecordAnswer),
        (status = 400, description = "Not an index", body = ErrorAnswer),
        (status = 404, description = "No such record", body = ErrorAnswer),
    ))]
pub(super) async fn record(
    State(api): State<Shared>,
    Segment(record): Segment,
) -> Result<Json<RecordAnswer>, ApiError> {
    let index: RecordIndex = record.parse().map_err(|error| ApiError::parameter("record", &error))?;
    let ledger = &api.monitor.ledger;
    let found = ledger.record(index)?;
    let (record, height) = found.ok_or_else(|| ApiError::not_found(format!("record {index}")))?;
    let leaf_hash = log::leaf_hash(ledger.algorithm(), &record.to_bytes());
    let record = serde_json::to_value(&record).map_err(|error| ApiError::internal(&error))?;
    Ok(Json(RecordAnswer { index: index.0, height: height.0, leaf_hash: leaf_hash.to_string(), record }))
}
