//! Reading requests: every parameter and body has a bound, and what cannot be read is answered in our own error shape.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::shared::Api;
use crate::budget::Budget;
use crate::http::bounds::Pace;
use crate::http::{ApiError, Peer, counted};

/// How much of a body that is too long is still read and dropped, so that the sender gets to see the answer.
const DRAIN_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// How far ahead of the node's clock a time asked about may lie: the asker's clock may be fast.
pub(super) const AS_OF_AHEAD_MS_MAX: u64 = 60_000;

/// The query string as `T`. A key that `T` does not have is an error (`#[serde(deny_unknown_fields)]` on `T`).
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(query) => Ok(Self(query.0)),
            Err(rejection) => {
                let place = format!("query: {}", cause(&rejection));
                Err(ApiError::bad_request(Code::ApiBadRequest, place))
            }
        }
    }
}

/// One path parameter, percent-decoded.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        match path {
            Ok(Path(text)) => Ok(Self(text)),
            Err(rejection) => Err(ApiError::bad_request(Code::ApiBadRequest, format!("path: {}", cause(&rejection)))),
        }
    }
}

/// The innermost reason: outer layers only say that something failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The media type of the body without its parameters, in lower case; `None` if none is named.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase())
}

/// 415 with the media types that would do.
pub(super) fn unsupported_media_type(expected: &str) -> ApiError {
    let place = format!("content-type: send {expected}");
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::ApiBadRequest, place)
}

/// How the body of one request is taken in.
pub(super) struct Intake<'a> {
    /// Bytes of bodies of all requests.
    budget: &'a Arc<Budget>,
    pace: Pace,
    peer: Peer,
    /// The sender waits to be told that the body is wanted.
    asks_first: bool,
}

impl<'a> Intake<'a> {
    /// Of a request by `peer` with these headers.
    pub(super) fn new(api: &'a Api, peer: Peer, headers: &HeaderMap) -> Self {
        let asks_first = headers.contains_key(header::EXPECT);
        Self { budget: &api.bodies, pace: api.body_pace, peer, asks_first }
    }

    /// The whole body, at most `bytes_max` long, else 413 with `code`. One whose announced length is more is not read.
    pub(super) async fn read(&self, body: Body, bytes_max: usize, code: Code) -> Result<Bytes, ApiError> {
        let too_large = || ApiError::too_large(code, bytes_max);
        let mut pieces = self.pieces(body, bytes_max, too_large).await?;
        let Peer(address) = self.peer;
        let busy = |full| ApiError::busy(format!("body: {full}"), 1);
        let mut taken = self.budget.take(address, 0).map_err(busy)?;
        let (mut length, mut read) = (0usize, Vec::new());
        while let Some(piece) = pieces.next().await? {
            length = length.saturating_add(piece.len());
            if length > bytes_max {
                pieces.drain().await;
                return Err(too_large());
            }
            taken.grow(piece.len()).map_err(busy)?;
            read.push(piece);
        }
        Ok(counted(joined(read, length), taken))
    }

    /// The body piece by piece, unless it is announced to be longer than `bytes_max`.
    pub(super) async fn pieces(
        &self,
        body: Body,
        bytes_max: usize,
        too_large: impl Fn() -> ApiError,
    ) -> Result<Pieces, ApiError> {
        let announced = body.size_hint().lower();
        let mut pieces =
            Pieces { stream: body.into_data_stream(), pace: self.pace, begun: Instant::now(), received: 0 };
        if announced > u64::try_from(bytes_max).unwrap_or(u64::MAX) {
            if !self.asks_first {
                pieces.drain().await;
            }
            return Err(too_large());
        }
        Ok(pieces)
    }
}

/// A body that must come at its pace.
pub(super) struct Pieces {
    stream: BodyDataStream,
    pace: Pace,
    begun: Instant,
    received: u64,
}

impl Pieces {
    /// The next piece; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let deadline = self.begun + self.pace.allowed(self.received);
        let Ok(piece) = tokio::time::timeout_at(deadline, self.stream.next()).await else {
            return Err(ApiError::too_slow(self.received));
        };
        let piece = piece.transpose().map_err(|error| broken_off(&error))?;
        let length = piece.as_ref().map_or(0, Bytes::len);
        self.received = self.received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        Ok(piece)
    }

    /// Reads on for a while: a server that answers and closes while bytes still arrive resets the connection, and the
    /// sender sees "connection reset" instead of the answer.
    pub(super) async fn drain(&mut self) {
        let begun = self.received;
        while let Ok(Some(_)) = self.next().await {
            if self.received - begun > DRAIN_BYTES_MAX {
                return;
            }
        }
    }
}

/// A body that came in one piece, as nearly all do, is not copied.
fn joined(mut pieces: Vec<Bytes>, length: usize) -> Bytes {
    if pieces.len() == 1 {
        return pieces.pop().unwrap_or_default();
    }
    let mut whole = Vec::with_capacity(length);
    pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
    whole.into()
}

/// 400: the connection ended within the body.
fn broken_off(error: &axum::Error) -> ApiError {
    ApiError::bad_request(Code::ApiBadRequest, format!("body: {error}"))
}

/// The time asked about. A plus sign that came through a form decoder as a space is put back; a time further ahead of
/// `now` than [`AS_OF_AHEAD_MS_MAX`] is refused, since nobody can know it.
pub(super) fn as_of(text: Option<&str>, now: TimeMs) -> Result<Option<TimeMs>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let time: TimeMs = match text.parse() {
        Ok(time) => time,
        Err(error) => text.replace(' ', "+").parse().map_err(|_| ApiError::parameter("as_of", &error))?,
    };
    if time > now.plus_ms(AS_OF_AHEAD_MS_MAX) {
        return Err(ApiError::bad_request(
            Code::ApiBadRequest,
            "as_of: it lies in the future; ask about now or before",
        ));
    }
    Ok(Some(time))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use axum::http::{HeaderValue, Request};

    use super::*;

    #[derive(Debug, Default, serde::Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Sample {
        count: Option<u32>,
        proof: Option<bool>,
    }

    async fn query(uri: &str) -> Result<Sample, ApiError> {
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        Query::<Sample>::from_request_parts(&mut parts, &()).await.map(|query| query.0)
    }

    #[tokio::test]
    async fn unknown_and_malformed_query_keys_are_errors_that_name_them() {
        assert_eq!(query("/x").await.unwrap(), Sample::default());
        assert_eq!(query("/x?count=3&proof=false").await.unwrap(), Sample { count: Some(3), proof: Some(false) });
        for (uri, named) in [("/x?cuont=3", "cuont"), ("/x?count=three", "digit"), ("/x?count=1&count=2", "count")] {
            let error = query(uri).await.unwrap_err();
            assert_eq!(error.code(), Code::ApiBadRequest);
            assert!(format!("{error:?}").contains(named), "{error:?}");
        }
    }

    #[test]
    fn a_time_is_read_in_every_form_and_not_from_the_future() {
        let now: TimeMs = "2026-11-21T16:00:00+08:00".parse().unwrap();
        let read = |text: &str| as_of(Some(text), now);
        assert_eq!(as_of(None, now).unwrap(), None);
        assert_eq!(read("2026-11-21T16:00:00+08:00").unwrap(), Some(now));
        assert_eq!(read("2026-11-21T16:00:00 08:00").unwrap(), Some(now), "an unescaped plus sign in a query");
        assert!(read("2026-11-21").unwrap() < Some(now));
        assert_eq!(read("yesterday").unwrap_err().code(), Code::IdentifierTime);
        assert_eq!(read("2026-11-21T16:00:59+08:00").unwrap(), Some(now.plus_ms(59_000)));
        assert_eq!(read("2026-11-22").unwrap_err().code(), Code::ApiBadRequest);
    }

    #[test]
    fn media_types_lose_their_parameters() {
        let mut headers = HeaderMap::new();
        assert_eq!(media_type(&headers), None);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("Application/JSON; charset=utf-8"));
        assert_eq!(media_type(&headers).as_deref(), Some("application/json"));
    }

    const PEER: Peer = Peer(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    const PACE: Pace = Pace { grace: std::time::Duration::from_secs(1), bytes_per_s: 1_000 };

    pub(in crate::api) fn intake(budget: &Arc<Budget>) -> Intake<'_> {
        Intake { budget, pace: PACE, peer: PEER, asks_first: false }
    }

    #[tokio::test]
    async fn bodies_are_read_up_to_their_bound() {
        let budget = Budget::new("bytes", 10_000, 10_000);
        let read = |body: Body| {
            let intake = intake(&budget);
            async move { intake.read(body, 1000, Code::EncodingTooLarge).await }
        };
        let of = |length: usize| Body::from(vec![7u8; length]);
        let in_pieces = |length: usize| {
            Body::from_stream(futures::stream::iter(
                (0..length).map(|_| Ok::<_, axum::Error>(Bytes::from_static(b"a"))),
            ))
        };
        assert_eq!(read(of(0)).await.unwrap().len(), 0);
        assert_eq!((read(of(1000)).await.unwrap().len(), read(in_pieces(1000)).await.unwrap().len()), (1000, 1000));
        for body in [of(1001), in_pieces(1001)] {
            let error = read(body).await.unwrap_err();
            assert_eq!((error.status(), error.code()), (StatusCode::PAYLOAD_TOO_LARGE, Code::EncodingTooLarge));
        }
        assert_eq!(budget.held(), 0, "what is read and dropped is given back");
    }

    #[tokio::test]
    async fn bodies_count_as_long_as_they_are_held() {
        let budget = Budget::new("bytes", 1000, 1000);
        let first = intake(&budget).read(Body::from(vec![7; 800]), 1000, Code::EncodingTooLarge).await.unwrap();
        let part = first.slice(10..20);
        drop(first);
        let refused = intake(&budget).read(Body::from(vec![7; 300]), 1000, Code::EncodingTooLarge).await.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (StatusCode::SERVICE_UNAVAILABLE, Code::ApiBusy));
        drop(part);
        assert!(intake(&budget).read(Body::from(vec![7; 300]), 1000, Code::EncodingTooLarge).await.is_ok());
    }

    /// A body that came byte by byte held its connection and its memory for as long as its sender liked.
    #[tokio::test]
    async fn a_body_that_comes_slowly_is_given_up() {
        let budget = Budget::new("bytes", 10_000, 10_000);
        for (pause_ms, is_read) in [(1u64, true), (200, false)] {
            let pieces = futures::stream::iter(0..20).then(move |_| async move {
                tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
                Ok::<_, axum::Error>(Bytes::from_static(b"a"))
            });
            let read = intake(&budget).read(Body::from_stream(pieces), 1000, Code::EncodingTooLarge).await;
            let code = read.err().map(|error| (error.status(), error.code()));
            assert_eq!(code, (!is_read).then_some((StatusCode::REQUEST_TIMEOUT, Code::ApiTooSlow)));
        }
    }
}
