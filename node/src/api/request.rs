//! Reading requests: every parameter and body has a bound, and what cannot be read is answered in our own error shape.

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use serde::de::DeserializeOwned;

use crate::http::ApiError;

/// How much of a body that is too long is still read and dropped, so that the sender gets to see the answer.
const DRAIN_BYTES_MAX: usize = 8 * 1024 * 1024;
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

/// The whole body, at most `bytes_max` long, else 413 with `code`.
pub(super) async fn read_body(body: Body, bytes_max: usize, code: Code) -> Result<Bytes, ApiError> {
    let mut pieces = body.into_data_stream();
    let Some(first) = pieces.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(|error| broken_off(&error))?;
    let mut length = first.len();
    let mut rest = Vec::new();
    while length <= bytes_max {
        let Some(piece) = pieces.next().await else { return Ok(joined(first, &rest, length)) };
        let piece = piece.map_err(|error| broken_off(&error))?;
        length += piece.len();
        rest.push(piece);
    }
    drain(pieces).await;
    Err(ApiError::too_large(code, bytes_max))
}

/// A body that came in one piece, as nearly all do, is not copied.
fn joined(first: Bytes, rest: &[Bytes], length: usize) -> Bytes {
    if rest.is_empty() {
        return first;
    }
    let mut whole = Vec::with_capacity(length);
    whole.extend_from_slice(&first);
    rest.iter().for_each(|piece| whole.extend_from_slice(piece));
    whole.into()
}

/// Reads on for a while: a server that answers and closes while bytes still arrive resets the connection, and the sender
/// sees "connection reset" instead of the answer.
pub(super) async fn drain(mut pieces: axum::body::BodyDataStream) {
    let mut dropped_bytes = 0;
    while dropped_bytes < DRAIN_BYTES_MAX {
        match pieces.next().await {
            Some(Ok(piece)) => dropped_bytes += piece.len(),
            Some(Err(_)) | None => return,
        }
    }
}

/// 400: the connection ended within the body.
pub(super) fn broken_off(error: &axum::Error) -> ApiError {
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
mod tests {
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

    #[tokio::test]
    async fn bodies_are_read_up_to_their_bound() {
        let read = |length: usize| read_body(Body::from(vec![7u8; length]), 1000, Code::EncodingTooLarge);
        assert_eq!(read(0).await.unwrap().len(), 0);
        assert_eq!(read(1000).await.unwrap().len(), 1000);
        let error = read(1001).await.unwrap_err();
        assert_eq!((error.status(), error.code()), (StatusCode::PAYLOAD_TOO_LARGE, Code::EncodingTooLarge));
        let pieces =
            futures::stream::iter([b"ab", b"cd", b"ef"].map(|piece| Ok::<_, axum::Error>(Bytes::from_static(piece))));
        assert_eq!(read_body(Body::from_stream(pieces), 6, Code::EncodingTooLarge).await.unwrap(), "abcdef");
    }
}
