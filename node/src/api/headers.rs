//! Headers that let a page of any origin ask, and keep a browser from doing more with an answer than showing it.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{Any, CorsLayer};

use super::min_height::{HUXIN_HEIGHT, HUXIN_MIN_HEIGHT};

/// How long a browser remembers that it may ask.
const REMEMBERED: Duration = Duration::from_secs(86_400);
/// An answer is data, and no page.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// The page under `/docs` runs its own scripts and asks its own node.
const OWN_PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
);

/// Everything here is public and nothing goes by who asks: a page of any origin may ask, without credentials.
pub(super) fn any_origin() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, HUXIN_MIN_HEIGHT, HeaderName::from_static("last-event-id")])
        .expose_headers([HUXIN_HEIGHT, header::RETRY_AFTER, header::CONTENT_DISPOSITION])
        .max_age(REMEMBERED)
}

/// For every answer of `route`.
pub(super) fn guard(headers: &mut HeaderMap, route: &str) {
    let is_page = route == "docs";
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_SECURITY_POLICY, if is_page { OWN_PAGE } else { NO_PAGE });
    if !is_page && !headers.contains_key(header::CACHE_CONTROL) {
        // What is true of a licence now may not be in a minute.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
