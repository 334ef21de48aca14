//! Events as they happen (server-sent events), with resumption: the identifier of an event is its height.
//!
//! A subscriber is a reader of the chain from some height on: as long as the next block exists it is read, from the newest
//! ones in memory or from the store; then the reader waits for the height to grow. So nothing is missed however slow the
//! subscriber is, and only a few events are buffered for it.
//!
//! What is read from the store is read on a lane of its own, a few blocks at a turn, and no more than
//! [`REPLAYED_EVENTS`] for one request: a subscriber that wants the whole chain connects again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use huxin_chain_spec::api::{BlockEvent, ErrorAnswer};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::Height;
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::IntoParams;

use super::request::Query;
use super::shared::Shared;
use crate::budget::Taken;
use crate::http::bounds::{REPLAYED_AT_ONCE, REPLAYED_EVENTS};
use crate::http::{ApiError, Peer};
use crate::ledger::Ledger;
use crate::store::StoreError;

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
/// connects again with `Last-Event-ID` goes on with the block after that. After 10,000 events of older blocks the stream
/// ends; connect again in the same way.
#[utoipa::path(get, path = "/v1/events", tag = "ledger", operation_id = "events",
    params(EventsQuery, ("Last-Event-ID" = Option<u64>, Header, description = "Height of the last event received")),
    responses(
        (status = 200, description = "The events", body = BlockEvent, content_type = "text/event-stream"),
        (status = 400, description = "Malformed height", body = ErrorAnswer),
        (status = 503, description = "Too many subscribers", body = ErrorAnswer),
    ))]
pub(super) async fn events(
    State(api): State<Shared>,
    Peer(address): Peer,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let next = match last_event(&headers)? {
        Some(last) => last.next(),
        None => query.from.map_or_else(|| api.monitor.ledger.height().next(), |from| Height(from.max(1))),
    };
    let place = api.subscribers.take(address, 1).map_err(|full| ApiError::busy(format!("events: {full}"), 10))?;
    let (heights, shutdown) = (api.monitor.ledger.heights(), api.shutdown.clone());
    let peer = Peer(address);
    let (log_size, stored, replayed, first) = (None, VecDeque::new(), 0, true);
    let reader = Reader { api, peer, next, heights, shutdown, log_size, stored, replayed, first, _place: place };
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
    peer: Peer,
    /// Height of the next block to report.
    next: Height,
    heights: watch::Receiver<Height>,
    shutdown: watch::Receiver<bool>,
    /// Size of the log before `next`, if known from the block before.
    log_size: Option<u64>,
    /// Read from the store, from `next` on.
    stored: VecDeque<BlockEvent>,
    /// Events read from the store so far.
    replayed: u64,
    first: bool,
    _place: Taken,
}

impl Reader {
    /// The next event; `None` ends the stream: the node stops, its store fails, or enough was replayed.
    async fn event(&mut self) -> Option<Event> {
        let next = self.next;
        tokio::select! {
            reached = self.heights.wait_for(|height| *height >= next) => drop(reached.ok()?),
            _ = self.shutdown.wait_for(|stopping| *stopping) => return None,
        }
        let block = match self.newest() {
            Some(block) => {
                self.stored.clear();
                block
            }
            None => self.stored_block().await?,
        };
        self.next = next.next();
        self.log_size = Some(block.log_size);
        let mut event = Event::default().event("block").id(block.height.to_string());
        if std::mem::take(&mut self.first) {
            event = event.retry(RECONNECT_AFTER);
        }
        event.json_data(&block).ok()
    }

    /// The next block, if it is one of the newest.
    fn newest(&self) -> Option<BlockEvent> {
        self.api.outcomes.block(self.next).map(|block| BlockEvent {
            height: block.height.0,
            hash: block.hash.to_string(),
            time_ms: block.time_ms.0,
            transactions: u32::try_from(block.outcomes.len()).unwrap_or(u32::MAX),
            records: block.records,
            log_size: block.log_size,
        })
    }

    /// The next block, by a turn on the lane of stored blocks if need be.
    async fn stored_block(&mut self) -> Option<BlockEvent> {
        if self.stored.is_empty() {
            if self.replayed >= REPLAYED_EVENTS {
                return None;
            }
            let (ledger, from, log_size) = (Arc::clone(&self.api.monitor.ledger), self.next, self.log_size);
            let read = self.api.replay.run(self.peer, move || stored_events(&ledger, from, log_size));
            let read = tokio::select! {
                read = read => read.ok()?,
                _ = self.shutdown.wait_for(|stopping| *stopping) => return None,
            };
            match read {
                Ok(events) => self.stored = events.into(),
                Err(error) => {
                    tracing::error!(%error, height = %self.next, "an event could not be read");
                    return None;
                }
            }
        }
        self.replayed += 1;
        self.stored.pop_front()
    }
}

/// Events of up to [`REPLAYED_AT_ONCE`] blocks from a height on; `log_size` is the size of the log before it, if known.
fn stored_events(ledger: &Ledger, from: Height, mut log_size: Option<u64>) -> Result<Vec<BlockEvent>, StoreError> {
    let mut events = Vec::new();
    let end = from.0.saturating_add(REPLAYED_AT_ONCE).min(ledger.height().0.saturating_add(1));
    for height in (from.0..end).map(Height) {
        let Some(block) = ledger.block_figures(height)? else { break };
        let before = match (log_size, height.previous()) {
            (Some(size), _) => size,
            (None, Some(parent)) => ledger.header(parent)?.map_or(0, |(parent, _)| parent.log.size),
            (None, None) => 0,
        };
        log_size = Some(block.header.log.size);
        events.push(BlockEvent {
            height: height.0,
            hash: block.hash.to_string(),
            time_ms: block.header.time_ms.0,
            transactions: block.transactions,
            records: u32::try_from(block.header.log.size.saturating_sub(before)).unwrap_or(u32::MAX),
            log_size: block.header.log.size,
        });
    }
    Ok(events)
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
