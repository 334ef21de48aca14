//! One shape for everything that goes wrong.
//!
//! **Policy.** An answer names a stable [`Code`] with its texts in both languages, the place in the request, and the next
//! step. What the caller did wrong is said exactly; what broke in here is said only in the log, with the code
//! `api.internal` for the caller. "Not known" is never an error of the verify calls: that is the verdict `unknown`.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use huxin_chain_spec::api::{ErrorAnswer, ErrorBody};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::IdError;
use huxin_chain_spec::receipt::ReceiptError;

use crate::door::Refusal;
use crate::outcomes::WaitError;
use crate::store::StoreError;

/// A request that gets no other answer than an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: Code,
    place: String,
    retry_after_s: Option<u64>,
}

impl ApiError {
    /// An error with its HTTP status. `place` is the part of the request it is about, optionally followed by a colon and
    /// the exact fault.
    pub(crate) fn new(status: StatusCode, code: Code, place: impl Into<String>) -> Self {
        Self { status, code, place: place.into(), retry_after_s: None }
    }

    /// 400: the request itself cannot be read.
    pub(crate) fn bad_request(code: Code, place: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, place)
    }

    /// 400 for an identifier, a number or a time in the parameter `name`.
    pub(crate) fn parameter(name: &str, error: &IdError) -> Self {
        Self::bad_request(error.code(), format!("{name}: {error}"))
    }

    /// 404: what `place` names does not exist here.
    pub(crate) fn not_found(place: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::ApiNotFound, place)
    }

    /// 413, after which the caller should not send the same again.
    pub(crate) fn too_large(code: Code, bytes_max: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, format!("body: at most {bytes_max} bytes"))
    }

    /// 503: ask again in `retry_after_s` seconds.
    pub(crate) fn not_ready(place: impl Into<String>, retry_after_s: u64) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::ApiNotReady, place);
        error.retry_after_s = Some(retry_after_s);
        error
    }

    /// 503: the node has not the height that is asked for.
    pub(crate) fn behind(place: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::ApiBehind, place);
        error.retry_after_s = Some(1);
        error
    }

    /// 503: more is asked for than the node gives at a time; `place` says of what.
    pub(crate) fn busy(place: impl Into<String>, retry_after_s: u64) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::ApiBusy, place);
        error.retry_after_s = Some(retry_after_s);
        error
    }

    /// 408: the body comes too slowly.
    pub(crate) fn too_slow(received_bytes: u64) -> Self {
        let place = format!("body: {received_bytes} bytes came in time");
        Self::new(StatusCode::REQUEST_TIMEOUT, Code::ApiTooSlow, place)
    }

    /// 500: `detail` goes to the log, and nothing of it to the caller.
    pub(crate) fn internal(detail: &dyn std::fmt::Display) -> Self {
        tracing::error!(%detail, "a request could not be answered");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::ApiInternal, "node")
    }

    /// The stable code.
    #[cfg(test)]
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

/// The texts of `code` for a fault at `place`.
pub(crate) fn error_body(code: Code, place: impl Into<String>) -> ErrorBody {
    ErrorBody {
        code: code.as_str().to_owned(),
        what: code.what_en().to_owned(),
        what_zh: code.what_zh().to_owned(),
        place: place.into(),
        next: code.next_en().to_owned(),
        next_zh: code.next_zh().to_owned(),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let answer = ErrorAnswer { error: error_body(self.code, self.place) };
        let mut response = (self.status, Json(answer)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<WaitError> for ApiError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::TooMany => Self::busy("wait: too many requests wait already; ask without wait", 1),
            WaitError::Unreadable(_) | WaitError::Store(_) => Self::internal(&error),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let retry_after_s = refusal.retry_after_ms.map(|ms| ms.div_ceil(1000).max(1));
        Self { status: refusal_status(refusal.code), code: refusal.code, place: refusal.place, retry_after_s }
    }
}

impl From<ReceiptError> for ApiError {
    fn from(error: ReceiptError) -> Self {
        let code = error.code();
        let status = match code {
            Code::ReceiptMalformed | Code::ReceiptTruncated | Code::ReceiptNewerVersion | Code::ReceiptOlderVersion => {
                StatusCode::BAD_REQUEST
            }
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, code, format!("receipt: {error}"))
    }
}

/// HTTP status of a transaction refused at the door: unreadable 400, not who it says 401, not permitted 403, against the
/// present state 409, too large 413, against any other rule 422, no room 429.
fn refusal_status(code: Code) -> StatusCode {
    match code {
        Code::EncodingTooLarge | Code::ApiBodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::EncodingMalformed
        | Code::EncodingTrailingBytes
        | Code::EncodingNotCanonical
        | Code::EncodingUnsupportedVersion
        | Code::TransactionWrongChain
        | Code::TransactionNoOperations
        | Code::TransactionTooManyOperations
        | Code::KeyMalformed
        | Code::ApiBadRequest => StatusCode::BAD_REQUEST,
        Code::SignatureInvalid | Code::KeyUnknown => StatusCode::UNAUTHORIZED,
        Code::KeySuspended
        | Code::KeyRemoved
        | Code::KeyNotPermitted
        | Code::KeyLicenceTypeNotPermitted
        | Code::KeyExampleOnRealChain
        | Code::OrganisationSuspended
        | Code::OrganisationRemoved => StatusCode::FORBIDDEN,
        Code::TransactionDuplicate
        | Code::LicenceDuplicate
        | Code::LicenceWrongState
        | Code::LicenceNotSuspended
        | Code::LicenceNotTransferredOut
        | Code::LicenceFinalState
        | Code::LicenceAlreadyHasSuccessor
        | Code::OrganisationExists
        | Code::OrganisationWrongState
        | Code::SystemExists
        | Code::SystemWrongState
        | Code::KeyExists
        | Code::KeyWrongState => StatusCode::CONFLICT,
        Code::MempoolFull | Code::MempoolShareFull | Code::AdmissionKeyBusy | Code::AdmissionKeySpent => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Code::ApiNotReady | Code::ApiBehind | Code::ApiBusy => StatusCode::SERVICE_UNAVAILABLE,
        Code::ApiTooSlow => StatusCode::REQUEST_TIMEOUT,
        Code::ApiTimeout => StatusCode::GATEWAY_TIMEOUT,
        Code::ApiInternal | Code::StoreDamaged => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Answer for a path that does not exist.
pub(crate) async fn no_such_path(uri: Uri) -> ApiError {
    ApiError::not_found(format!("path {}", uri.path()))
}

/// Answer for a path that exists, asked with another method.
pub(crate) async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    let place = format!("method {method}: {} has no such method", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, Code::ApiBadRequest, place)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_refusal_keeps_code_and_place_and_gets_its_status() {
        let cases = [
            (Code::EncodingTrailingBytes, 400),
            (Code::SignatureInvalid, 401),
            (Code::KeySuspended, 403),
            (Code::LicenceDuplicate, 409),
            (Code::EncodingTooLarge, 413),
            (Code::PrivacyResidentNumber, 422),
            (Code::LicenceTransferInWithoutOut, 422),
            (Code::IdentifierLicenceCheckCharacter, 422),
        ];
        for (code, status) in cases {
            let error = ApiError::from(Refusal { code, place: "operation 3".into(), retry_after_ms: None });
            assert_eq!((error.status.as_u16(), error.code, error.place.as_str()), (status, code, "operation 3"));
        }
    }

    #[tokio::test]
    async fn a_full_mempool_says_when_to_come_back() {
        let refusal = Refusal { code: Code::MempoolFull, place: "mempool".into(), retry_after_ms: Some(1200) };
        let response = ApiError::from(refusal).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        let answer: ErrorAnswer = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer.error, error_body(Code::MempoolFull, "mempool"));
        assert!(!answer.error.what_zh.is_empty() && !answer.error.next_zh.is_empty());
    }

    #[tokio::test]
    async fn an_internal_fault_tells_the_caller_no_detail() {
        let body = ApiError::internal(&"column family blocks: corrupt at /data").into_response().into_body();
        let body = axum::body::to_bytes(body, 4096).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("corrupt"));
    }

    #[test]
    fn every_code_has_a_client_or_server_error_status() {
        for &code in Code::ALL {
            assert!(refusal_status(code).as_u16() >= 400, "{code}");
        }
    }

    #[test]
    fn a_broken_receipt_is_unreadable_and_a_false_one_is_refused() {
        assert_eq!(
            ApiError::from(ReceiptError::NotAReceipt { expected: String::new() }).status(),
            StatusCode::BAD_REQUEST
        );
        let false_one = ApiError::from(ReceiptError::Log("root differs".into()));
        assert_eq!((false_one.status().as_u16(), false_one.code()), (422, Code::ReceiptBadLogProof));
    }
}
