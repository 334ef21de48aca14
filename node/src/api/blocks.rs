//! Blocks and headers, readable one by one, and as a stream of exact bytes for auditors and catching up.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, header};
use huxin_chain_spec::api::{BlockAnswer, ErrorAnswer, HeaderAnswer, OutcomeAnswer, SignatureAnswer};
use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::Certificate;
use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::Height;
use serde::Deserialize;
use utoipa::IntoParams;

use super::octets::Octets;
use super::request::{Query, Segment};
use super::shared::{OCTETS, Shared};
use super::submit::ended;
use crate::http::{ApiError, Peer};
use crate::ledger::Ledger;
use crate::outcomes::End;
use crate::store::StoreError;

/// Most bytes of one answer of the stream, except that one block always fits.
const STREAM_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most blocks of one answer of the stream.
const STREAM_BLOCKS_MAX: u64 = 1_000;

/// Which blocks to send.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BlocksQuery {
    /// Height of the first block, from 1.
    #[param(minimum = 1)]
    from: u64,
    /// How many blocks, 1 if absent, at most 1,000. Fewer come where the answer would exceed 8 MiB or the chain ends.
    #[serde(default = "one")]
    #[param(minimum = 1, maximum = 1_000)]
    count: u64,
}

fn one() -> u64 {
    1
}

/// Blocks as exact bytes.
///
/// Each block is its length as a little-endian `u32`, then `borsh(DecidedBlock)`: the block and the certificate that
/// decided it. The answer is empty where the chain has no such block yet.
#[utoipa::path(get, path = "/v1/blocks", tag = "ledger", operation_id = "blocks", params(BlocksQuery),
    responses(
        (status = 200, description = "The blocks", body = inline(Octets), content_type = "application/octet-stream"),
        (status = 400, description = "Malformed query", body = ErrorAnswer),
    ))]
pub(super) async fn blocks(
    State(api): State<Shared>,
    peer: Peer,
    Query(query): Query<BlocksQuery>,
) -> Result<([(HeaderName, &'static str); 1], Bytes), ApiError> {
    if query.from == 0 {
        return Err(ApiError::bad_request(Code::ApiBadRequest, "from: the first block has height 1"));
    }
    if query.count == 0 || query.count > STREAM_BLOCKS_MAX {
        let place = format!("count: from 1 to {STREAM_BLOCKS_MAX}");
        return Err(ApiError::bad_request(Code::ApiBadRequest, place));
    }
    // Before anything is read: an answer for which there is no room is not made.
    let busy = |full| ApiError::busy(format!("answer: {full}"), 1);
    let _room = api.answers.take(peer.0, STREAM_BYTES_MAX).map_err(busy)?;
    let shared = Shared::clone(&api);
    let bytes = api.blocks.run(peer, move || stream_bytes(&shared.monitor.ledger, &query)).await??;
    Ok(([(header::CONTENT_TYPE, OCTETS)], Bytes::from(bytes)))
}

fn stream_bytes(ledger: &Ledger, query: &BlocksQuery) -> Result<Vec<u8>, StoreError> {
    let mut stream = Vec::new();
    let end = query.from.saturating_add(query.count).min(ledger.height().0.saturating_add(1));
    for height in query.from..end {
        let Some(bytes) = ledger.block_bytes(Height(height))? else { break };
        let fits = stream.is_empty() || stream.len() + 4 + bytes.len() <= STREAM_BYTES_MAX;
        let (true, Ok(length)) = (fits, u32::try_from(bytes.len())) else { break };
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&bytes);
    }
    Ok(stream)
}

/// A header with its certificate.
#[utoipa::path(get, path = "/v1/headers/{height}", tag = "ledger", operation_id = "header",
    params(("height" = String, Path, description = "Height, or `latest`")),
    responses(
        (status = 200, description = "The header", body = HeaderAnswer),
        (status = 400, description = "Not a height", body = ErrorAnswer),
        (status = 404, description = "No such block", body = ErrorAnswer),
    ))]
pub(super) async fn header(
    State(api): State<Shared>,
    Segment(height): Segment,
) -> Result<Json<HeaderAnswer>, ApiError> {
    let ledger = &api.monitor.ledger;
    let height = read_height(ledger, &height)?;
    let (header, certificate) = ledger.header(height)?.ok_or_else(|| no_block(height))?;
    Ok(Json(header_answer(ledger, &header, &certificate)))
}

/// A block in readable form: its header and what became of each transaction.
#[utoipa::path(get, path = "/v1/blocks/{height}", tag = "ledger", operation_id = "block",
    params(("height" = String, Path, description = "Height, or `latest`")),
    responses(
        (status = 200, description = "The block", body = BlockAnswer),
        (status = 400, description = "Not a height", body = ErrorAnswer),
        (status = 404, description = "No such block", body = ErrorAnswer),
    ))]
pub(super) async fn block(
    State(api): State<Shared>,
    peer: Peer,
    Segment(height): Segment,
) -> Result<Json<BlockAnswer>, ApiError> {
    let height = read_height(&api.monitor.ledger, &height)?;
    let shared = Shared::clone(&api);
    // Thousands of transactions may stand in it.
    api.blocks.run(peer, move || block_answer(&shared.monitor.ledger, height)).await?.map(Json)
}

fn block_answer(ledger: &Ledger, height: Height) -> Result<BlockAnswer, ApiError> {
    let (header, certificate) = ledger.header(height)?.ok_or_else(|| no_block(height))?;
    let bytes = ledger.block_bytes(height)?.ok_or_else(|| no_block(height))?;
    let outcomes = ledger.outcomes(height)?;
    let transactions: Vec<OutcomeAnswer> =
        outcomes.into_iter().map(|row| ended(row.tx_id, End::InBlock(height, row.outcome))).collect();
    let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(BlockAnswer { header: header_answer(ledger, &header, &certificate), transactions, bytes })
}

fn read_height(ledger: &Ledger, text: &str) -> Result<Height, ApiError> {
    if text == "latest" {
        return Ok(ledger.height());
    }
    text.parse().map_err(|error| ApiError::parameter("height", &error))
}

fn no_block(height: Height) -> ApiError {
    let place = match height {
        Height::ZERO => "height 0: that is the genesis, which has no block; see /v1/genesis".to_owned(),
        _ => format!("height {height}"),
    };
    ApiError::not_found(place)
}

fn header_answer(ledger: &Ledger, header: &Header, certificate: &Certificate) -> HeaderAnswer {
    let signatures = certificate.signatures.iter().map(|entry| SignatureAnswer {
        validator: entry.validator.to_string(),
        signature: hex::encode(entry.signature.as_bytes()),
    });
    HeaderAnswer {
        hash: header.hash(ledger.algorithm()).to_string(),
        protocol_version: header.protocol_version,
        genesis: header.genesis.to_string(),
        height: header.height.0,
        time_ms: header.time_ms.0,
        time: header.time_ms.to_string(),
        parent: header.parent.to_string(),
        transactions_root: header.transactions_root.to_string(),
        log_size: header.log.size,
        log_root: header.log.root.to_string(),
        log_root_sha256: header.log_root_sha256.map(|root| root.to_string()),
        map_root: header.map_root.to_string(),
        validators_hash: header.validators_hash.to_string(),
        next_validators_hash: header.next_validators_hash.to_string(),
        last_certificate_hash: header.last_certificate_hash.to_string(),
        proposer: header.proposer.to_string(),
        round: certificate.round,
        signatures: signatures.collect(),
        header_hex: hex::encode(codec::encode(header)),
        certificate_hex: hex::encode(codec::encode(certificate)),
    }
}
