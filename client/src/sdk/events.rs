//! Server-sent events of a node: one event per decided block.

use huxin_chain_spec::api::BlockEvent;

use crate::error::ClientError;

/// Longest unfinished event kept, in bytes.
const EVENT_BYTES_MAX: usize = 64 * 1024;

/// A stream of decided blocks.
pub struct Events {
    response: reqwest::Response,
    parser: EventParser,
}

impl Events {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self { response, parser: EventParser::default() }
    }

    /// The next block; `None` when the node ends the stream. Begin again after the last height seen.
    pub async fn next(&mut self) -> Result<Option<BlockEvent>, ClientError> {
        loop {
            if let Some(event) = self.parser.next()? {
                return Ok(Some(event));
            }
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| ClientError::Unreachable { tried: error.to_string() })? {
                Some(bytes) => self.parser.push(&bytes)?,
                None => return Ok(None),
            }
        }
    }
}

/// Cuts a byte stream into events and reads the `block` ones.
#[derive(Default)]
struct EventParser {
    buffer: Vec<u8>,
}

impl EventParser {
    fn push(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        if self.buffer.len() + bytes.len() > EVENT_BYTES_MAX {
            return Err(bad("an event without end"));
        }
        self.buffer.extend(bytes.iter().filter(|byte| **byte != b'\r'));
        Ok(())
    }

    fn next(&mut self) -> Result<Option<BlockEvent>, ClientError> {
        while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = self.buffer.drain(..end + 2).collect();
            let text = String::from_utf8(event).map_err(|_| bad("an event that is not text"))?;
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if field("event:") != Some("block") {
                continue;
            }
            let data = field("data:").ok_or_else(|| bad("an event without data"))?;
            return serde_json::from_str(data).map(Some).map_err(|error| bad(&error.to_string()));
        }
        Ok(None)
    }
}

fn bad(reason: &str) -> ClientError {
    ClientError::BadAnswer { node: "the event stream".to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn events_cut_anywhere_are_read_once() {
        let text = b": ping\n\nid: 7\nevent: block\ndata: {\"height\":7,\"hash\":\"aa\",\"time_ms\":1,\"transactions\":0,\"records\":0,\"log_size\":3}\r\n\r\n";
        let mut parser = EventParser::default();
        let mut heights = Vec::new();
        for byte in text {
            parser.push(&[*byte]).unwrap();
            if let Some(event) = parser.next().unwrap() {
                heights.push(event.height);
            }
        }
        assert_eq!(heights, vec![7]);
    }
}
