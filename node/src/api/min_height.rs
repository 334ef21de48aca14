//! Read your own writes: a caller names the height it has seen, and the node answers once it has that height too.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::Height;

use crate::http::ApiError;
use crate::ledger::Ledger;

/// Carried by every answer: the node's height when it was given.
pub const HUXIN_HEIGHT: HeaderName = HeaderName::from_static("huxin-height");
/// May be carried by every request: the height the node must have reached.
pub const HUXIN_MIN_HEIGHT: HeaderName = HeaderName::from_static("huxin-min-height");

/// Longest wait for the height.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(5);

/// Waits until the node has the height the request asks for, at most [`WAIT_MAX`].
pub(super) async fn wait(ledger: &Ledger, headers: &HeaderMap) -> Result<(), ApiError> {
    match wanted(headers)? {
        Some(wanted) if wanted > ledger.height() => wait_for(ledger, wanted).await,
        _ => Ok(()),
    }
}

fn wanted(headers: &HeaderMap) -> Result<Option<Height>, ApiError> {
    let Some(value) = headers.get(HUXIN_MIN_HEIGHT) else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::bad_request(Code::IdentifierNumber, "Huxin-Min-Height"))?;
    text.parse().map(Some).map_err(|error| ApiError::parameter("Huxin-Min-Height", &error))
}

async fn wait_for(ledger: &Ledger, wanted: Height) -> Result<(), ApiError> {
    let mut heights = ledger.heights();
    let reached = tokio::time::timeout(WAIT_MAX, heights.wait_for(|height| *height >= wanted)).await;
    match reached {
        Ok(Ok(_)) => Ok(()),
        _ => {
            let place = format!("Huxin-Min-Height: this node is at height {}, not yet at {wanted}", ledger.height());
            Err(ApiError::behind(place))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use axum::http::HeaderValue;

    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HUXIN_MIN_HEIGHT, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_height_is_optional_and_a_number() {
        assert_eq!(wanted(&HeaderMap::new()).unwrap(), None);
        assert_eq!(wanted(&headers("12")).unwrap(), Some(Height(12)));
        for value in ["", "-1", "12 ", "1e3", "99999999999999999999"] {
            assert_eq!(wanted(&headers(value)).unwrap_err().code(), Code::IdentifierNumber, "{value:?}");
        }
    }
}
