//! Events as they happen (server-sent events), with resumption: the identifier of an event is its height.
//!
//! A subscriber is a reader of the chain from some height on: as long as the next block exists it is read, from the newest
//! ones in memory or from the store; then the reader waits for the height to grow. So nothing is missed however slow the
//! subscriber is, and nothing is buffered for it.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use huxin_chain_spec::api::{BlockEvent, ErrorAnswer};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::Height;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::IntoParams;

use super::request::Query;
use super::shared::Shared;
use crate::http::ApiError;
use crate::store::StoreError;

/// Most subscribers at the same time.
pub(super) const SUBSCRIBERS_MAX: usize = 256;
/// How often an idle connection is kept alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a client should wait before it connects again.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Where to begin.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Height of the first block to report; only new blocks if absent. `Last-Event-ID` takes precedence.
    #[param(minimum = 1)]
    from: Option<u64>,
}

/// Follow the chain.
///
/// Server-sent events named `block`; the data is one `BlockEvent` in JSON, the identifier its height. A client that
/// connects again with `Last-Event-ID` goes on with the block after that.
#[utoipa::path(get, path = "/v1/events", tag = "ledger", operation_id = "events",
    params(EventsQuery, ("Last-Event-ID" = Option<u64>, Header, description = "Height of the last event received")),
    responses(
        (status = 200, description = "The events", body = BlockEvent, content_type = "text/event-stream"),
        (status = 400, description = "Malformed height", body = ErrorAnswer),
        (status = 503, description = "Too many subscribers", body = ErrorAnswer),
    ))]
pub(super) async fn events(
    State(api): State<Shared>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let next = match last_event(&headers)? {
        Some(last) => last.next(),
        None => query.from.map_or_else(|| api.monitor.ledger.height().next(), |from| Height(from.max(1))),
    };
    let permit = std::sync::Arc::clone(&api.subscribers).try_acquire_owned();
    let permit =
        permit.map_err(|_| ApiError::not_ready(format!("events: {SUBSCRIBERS_MAX} subscribers already"), 10))?;
    let (heights, shutdown) = (api.monitor.ledger.heights(), api.shutdown.clone());
    let reader = Reader { api, next, heights, shutdown, log_size: None, first: true, _permit: permit };
    let events =
        stream::unfold(reader, |mut reader| async move { reader.event().await.map(|event| (Ok(event), reader)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn last_event(headers: &HeaderMap) -> Result<Option<Height>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::bad_request(Code::IdentifierNumber, "Last-Event-ID"))?;
    text.parse().map(Some).map_err(|error| ApiError::parameter("Last-Event-ID", &error))
}

/// One subscriber.
struct Reader {
    api: Shared,
    /// Height of the next block to report.
    next: Height,
    heights: watch::Receiver<Height>,
    shutdown: watch::Receiver<bool>,
    /// Size of the log before `next`, if known from the block before.
    log_size: Option<u64>,
    first: bool,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    /// The next event; `None` ends the stream: the node stops, or its store fails.
    async fn event(&mut self) -> Option<Event> {
        let next = self.next;
        tokio::select! {
            reached = self.heights.wait_for(|height| *height >= next) => drop(reached.ok()?),
            _ = self.shutdown.wait_for(|stopping| *stopping) => return None,
        }
        let block = match self.block() {
            Ok(block) => block?,
            Err(error) => {
                tracing::error!(%error, height = %next, "an event could not be read");
                return None;
            }
        };
        self.next = next.next();
        self.log_size = Some(block.log_size);
        let mut event = Event::default().event("block").id(block.height.to_string());
        if std::mem::take(&mut self.first) {
            event = event.retry(RECONNECT_AFTER);
        }
        event.json_data(&block).ok()
    }

    fn block(&self) -> Result<Option<BlockEvent>, StoreError> {
        if let Some(block) = self.api.outcomes.block(self.next) {
            return Ok(Some(BlockEvent {
                height: block.height.0,
                hash: block.hash.to_string(),
                time_ms: block.time_ms.0,
                transactions: u32::try_from(block.outcomes.len()).unwrap_or(u32::MAX),
                records: block.records,
                log_size: block.log_size,
            }));
        }
        let ledger = &self.api.monitor.ledger;
        let Some(decided) = ledger.block(self.next)? else { return Ok(None) };
        let (header, body) = (decided.block.header, decided.block.body);
        let before = match (self.log_size, self.next.previous()) {
            (Some(size), _) => size,
            (None, Some(parent)) => ledger.header(parent)?.map_or(0, |(parent, _)| parent.log.size),
            (None, None) => 0,
        };
        Ok(Some(BlockEvent {
            height: header.height.0,
            hash: decided.certificate.block.to_string(),
            time_ms: header.time_ms.0,
            transactions: u32::try_from(body.transactions.len()).unwrap_or(u32::MAX),
            records: u32::try_from(header.log.size.saturating_sub(before)).unwrap_or(u32::MAX),
            log_size: header.log.size,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn resumption_is_by_height() {
        let headers =
            |value| HeaderMap::from_iter([(HeaderName::from_static("last-event-id"), HeaderValue::from_static(value))]);
        assert_eq!(last_event(&HeaderMap::new()).unwrap(), None);
        assert_eq!(last_event(&headers("41")).unwrap(), Some(Height(41)));
        assert_eq!(last_event(&headers("x")).unwrap_err().code(), Code::IdentifierNumber);
    }
}
