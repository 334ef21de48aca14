//! The node's HTTP API as typed calls. What it returns is what nodes say; [`super::proof`] is what to believe of it.

use std::time::Duration;

use huxin_chain_spec::api::{
    BlockAnswer, DecidedBlock, HeaderAnswer, OutcomeAnswer, RecordAnswer, StatusAnswer, ValidatorAnswer, VerifyAnswer,
    VerifyQuestion,
};
use huxin_chain_spec::block::BLOCK_BYTES_MAX;
use huxin_chain_spec::certificate::CERTIFICATE_BYTES_MAX;
use huxin_chain_spec::codec;
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs, TxId};
use huxin_chain_spec::receipt::RECEIPT_BYTES_MAX;

use super::connection::{Answer, Connection, Request};
use super::events::Events;
use super::signing::SignedTransaction;
use crate::error::ClientError;

/// Longest wait asked of a node in one request, in milliseconds.
const WAIT_MS_MAX: u64 = 10_000;
/// Longest encoded block with its certificate, in bytes.
const DECIDED_BYTES_MAX: usize = BLOCK_BYTES_MAX + CERTIFICATE_BYTES_MAX;

/// A transaction that stands in a block and made records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    pub tx_id: TxId,
    pub height: u64,
    pub first_record: RecordIndex,
    pub records: u32,
}

/// Typed calls to one or more nodes.
pub struct NodeClient {
    connection: Connection,
}

impl NodeClient {
    /// See [`Connection::new`].
    pub fn new(nodes: &[String]) -> Result<Self, ClientError> {
        Ok(Self { connection: Connection::new(nodes)? })
    }

    /// See [`Connection::passing_over_failures`].
    pub fn passing_over_failures(self) -> Self {
        Self { connection: self.connection.passing_over_failures() }
    }

    /// The connection underneath.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// One client per node, for questions that every node should answer alike.
    pub fn each(&self) -> Vec<Self> {
        (0..self.connection.node_count())
            .filter_map(|position| self.connection.single(position))
            .map(|connection| Self { connection })
            .collect()
    }

    /// As [`NodeClient::each`], beginning with the node that answered last.
    pub fn each_preferred_first(&self) -> Vec<Self> {
        let mut nodes = self.each();
        let first = self.connection.preferred().min(nodes.len());
        nodes.rotate_left(first);
        nodes
    }

    /// The node at a glance.
    pub async fn status(&self) -> Result<(String, StatusAnswer), ClientError> {
        self.connection.json(&Request::get("/v1/status")).await
    }

    /// The text of the genesis file.
    pub async fn genesis(&self) -> Result<(String, String), ClientError> {
        let read = |Answer { node, body }| match String::from_utf8(body) {
            Ok(text) => Ok((node, text)),
            Err(_) => Err(ClientError::BadAnswer { node, reason: "the genesis is not text".to_owned() }),
        };
        self.connection.send_and_read(&Request::get("/v1/genesis"), read).await
    }

    /// Hands a transaction in without waiting for a block.
    pub async fn submit(&self, transaction: &SignedTransaction) -> Result<OutcomeAnswer, ClientError> {
        Ok(self.post_transaction(transaction, "/v1/transactions".to_owned(), Duration::from_secs(10)).await?.1)
    }

    /// What became of a transaction; waits up to `wait_ms` for a final answer. With `expires_at` a node that never held it can
    /// tell that it expired. The node's word.
    pub async fn outcome(
        &self,
        tx_id: &TxId,
        expires_at: Option<Height>,
        wait_ms: u64,
    ) -> Result<(String, OutcomeAnswer), ClientError> {
        let wait_ms = wait_ms.min(WAIT_MS_MAX);
        let expires_at = expires_at.map(|height| format!("&expires_at={height}")).unwrap_or_default();
        let path = format!("/v1/transactions/{tx_id}?wait=committed&timeout_ms={wait_ms}{expires_at}");
        let request = Request::get(path).within(Duration::from_millis(wait_ms + 10_000));
        let (node, answer): (String, OutcomeAnswer) = self.connection.json(&request).await?;
        if answer.tx_id != tx_id.to_string() {
            return Err(ClientError::BadAnswer { node, reason: format!("it speaks of transaction {}", answer.tx_id) });
        }
        Ok((node, answer))
    }

    /// Bytes of the receipt of a transaction's outcome. Unproven: see [`super::outcome`].
    pub async fn outcome_receipt(&self, tx_id: &TxId) -> Result<Vec<u8>, ClientError> {
        self.receipt_at(format!("/v1/receipts/transactions/{tx_id}"), None).await
    }

    /// Hands a transaction in and waits until a node says that it is final, at most `wait_ms`. The node's word: see
    /// [`super::Client::submit`] for what is proven.
    ///
    /// # Errors
    /// `Refused` at the door. `Pending`, `Unreachable`: unknown.
    pub async fn submit_and_wait(
        &self,
        transaction: &SignedTransaction,
        wait_ms: u64,
    ) -> Result<(String, OutcomeAnswer), ClientError> {
        let started = tokio::time::Instant::now();
        loop {
            let waited_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let left_ms = wait_ms.saturating_sub(waited_ms);
            let round_ms = left_ms.clamp(1, WAIT_MS_MAX);
            // Submitting again is also how a node that lost its memory of the transaction gets it back.
            let path = format!("/v1/transactions?wait=committed&timeout_ms={round_ms}");
            let (node, answer) =
                self.post_transaction(transaction, path, Duration::from_millis(round_ms + 10_000)).await?;
            match answer.outcome.as_str() {
                "committed" | "rejected" | "expired" => return Ok((node, answer)),
                "pending" | "unknown" if left_ms <= round_ms => {
                    return Err(transaction.pending(wait_ms));
                }
                "pending" | "unknown" => {}
                other => return Err(ClientError::BadAnswer { node, reason: format!("an outcome of {other}") }),
            }
        }
    }

    async fn post_transaction(
        &self,
        transaction: &SignedTransaction,
        path: String,
        timeout: Duration,
    ) -> Result<(String, OutcomeAnswer), ClientError> {
        let request = Request::post(path, "application/octet-stream", transaction.bytes.clone()).within(timeout);
        let (node, answer): (String, OutcomeAnswer) = self.connection.json(&request).await?;
        if answer.tx_id != transaction.tx_id.to_string() {
            let reason = format!("it speaks of transaction {}, not of {}", answer.tx_id, transaction.tx_id);
            return Err(ClientError::BadAnswer { node, reason });
        }
        Ok((node, answer))
    }

    /// A node's answer to a question. Unproven: see [`super::proof::check_answer`].
    pub async fn verify(&self, question: &VerifyQuestion) -> Result<(String, VerifyAnswer), ClientError> {
        let body = serde_json::to_vec(question).map_err(|error| ClientError::input("question", error))?;
        self.connection.json(&Request::post("/v1/verify", "application/json", body)).await
    }

    /// Bytes of the receipt of a record, now or as of a time. Unproven.
    pub async fn receipt(&self, index: RecordIndex, as_of: Option<TimeMs>) -> Result<Vec<u8>, ClientError> {
        self.receipt_at(format!("/v1/receipts/{index}"), as_of).await
    }

    /// Bytes of the receipt of a licence by identifier or reference, now or as of a time. Unproven.
    pub async fn licence_receipt(&self, licence: &str, as_of: Option<TimeMs>) -> Result<Vec<u8>, ClientError> {
        self.receipt_at(format!("/v1/licences/{licence}/receipt"), as_of).await
    }

    /// Bytes of the way from the validators after one height to those that decide at another, or its first page. Unproven.
    pub async fn trust_path(&self, known: Height, height: Height) -> Result<Vec<u8>, ClientError> {
        self.receipt_at(format!("/v1/trust/path?from={known}&to={height}"), None).await
    }

    /// Bytes of the head of a height, the newest one by default. Unproven.
    pub async fn trusted_head(&self, height: Option<Height>) -> Result<Vec<u8>, ClientError> {
        let query = height.map(|height| format!("?height={height}")).unwrap_or_default();
        self.receipt_at(format!("/v1/trust/head{query}"), None).await
    }

    async fn receipt_at(&self, path: String, as_of: Option<TimeMs>) -> Result<Vec<u8>, ClientError> {
        let path = match as_of {
            Some(time) => format!("{path}?as_of={time}"),
            None => path,
        };
        let Answer { node, body } = self.connection.send(&Request::get(path)).await?;
        if body.len() > RECEIPT_BYTES_MAX {
            return Err(ClientError::BadAnswer { node, reason: format!("a receipt of {} bytes", body.len()) });
        }
        Ok(body)
    }

    /// A record in readable form.
    pub async fn record(&self, index: RecordIndex) -> Result<RecordAnswer, ClientError> {
        Ok(self.connection.json(&Request::get(format!("/v1/records/{index}"))).await?.1)
    }

    /// A header; the newest if `height` is `None`.
    pub async fn header(&self, height: Option<u64>) -> Result<HeaderAnswer, ClientError> {
        Ok(self.connection.json(&Request::get(format!("/v1/headers/{}", height_or_latest(height)))).await?.1)
    }

    /// A block in readable form; the newest if `height` is `None`.
    pub async fn block(&self, height: Option<u64>) -> Result<BlockAnswer, ClientError> {
        Ok(self.connection.json(&Request::get(format!("/v1/blocks/{}", height_or_latest(height)))).await?.1)
    }

    /// The validators in force.
    pub async fn validators(&self) -> Result<Vec<ValidatorAnswer>, ClientError> {
        Ok(self.connection.json(&Request::get("/v1/validators")).await?.1)
    }

    /// The exact bytes of blocks `from..from + count`, framed; the node may give fewer.
    pub async fn blocks_raw(&self, from: u64, count: u64) -> Result<(String, Vec<u8>), ClientError> {
        let request = Request::get(format!("/v1/blocks?from={from}&count={count}")).within(Duration::from_secs(60));
        let read = |Answer { node, body }| match frames(&body) {
            Ok(_) => Ok((node, body)),
            Err(reason) => Err(ClientError::BadAnswer { node, reason }),
        };
        self.connection.send_and_read(&request, read).await
    }

    /// Decoded blocks `from..`, at least one if it exists.
    pub async fn blocks(&self, from: u64, count: u64) -> Result<Vec<DecidedBlock>, ClientError> {
        let (node, bytes) = self.blocks_raw(from, count).await?;
        frames(&bytes)
            .and_then(|frames| frames.into_iter().map(decode_decided).collect())
            .map_err(|reason| ClientError::BadAnswer { node, reason })
    }

    /// Blocks as they are decided, beginning after `from`.
    pub async fn events(&self, from: Option<u64>) -> Result<Events, ClientError> {
        let path = from.map_or_else(|| "/v1/events".to_owned(), |height| format!("/v1/events?from={height}"));
        Ok(Events::new(self.connection.open(&path).await?))
    }
}

fn height_or_latest(height: Option<u64>) -> String {
    height.map_or_else(|| "latest".to_owned(), |height| height.to_string())
}

/// Splits a stream of blocks: each a little-endian `u32` length, then as many bytes.
pub fn frames(mut bytes: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or("a frame is cut short")?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > DECIDED_BYTES_MAX {
            return Err(format!("a frame of {length} bytes, more than {DECIDED_BYTES_MAX}"));
        }
        let (frame, rest) = rest.split_at_checked(length).ok_or("a frame is cut short")?;
        frames.push(frame);
        bytes = rest;
    }
    Ok(frames)
}

/// Reads one frame.
pub fn decode_decided(frame: &[u8]) -> Result<DecidedBlock, String> {
    codec::decode(frame, DECIDED_BYTES_MAX).map_err(|error| error.to_string())
}
