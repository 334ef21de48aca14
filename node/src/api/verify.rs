//! The verify question: is this genuine, and valid now or then?

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use huxin_chain_spec::api::{ErrorAnswer, VerifyAnswer, VerifyQuestion};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, Hasher};
use huxin_chain_spec::ids::{LicenceRef, TimeMs};
use huxin_chain_spec::receipt::{OUTCOME_RECEIPT_MAGIC, RECEIPT_BYTES_MAX, Receipt, THING_RECEIPT_MAGIC};
use serde::Deserialize;
use utoipa::IntoParams;

use super::assess::{self, Document, Question};
use super::octets::Octets;
use super::request::{Intake, Query, Segment, as_of, media_type, unsupported_media_type};
use super::shared::{OCTETS, RECEIPT, Shared};
use crate::http::{ApiError, Peer};

/// Longest file that is hashed here. Larger files are hashed by their holder and asked about by digest.
pub(super) const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest question in JSON: a receipt in base64 with room to spare.
const JSON_BYTES_MAX: usize = 2 * RECEIPT_BYTES_MAX;
/// Piece of a file hashed before other requests get their turn, about 0.1 ms.
const HASH_PIECE_BYTES: usize = 64 * 1024;

/// The time asked about, and whether to attach proofs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct VerifyQuery {
    /// RFC 3339 time, or a date, which means its first moment in Beijing time; now if absent.
    as_of: Option<String>,
    /// Whether to attach proofs; yes if absent.
    proof: Option<bool>,
}

/// Ask whether a licence is genuine and valid.
///
/// Three ways to ask: a question in JSON (by identifier, reference, SHA-256 or receipt), a receipt file, or a whole file of
/// at most 64 MiB. Each check answers pass, fail or unknown: what nobody checked is never a failure, and what is not on
/// this ledger is `unknown`, not `invalid`. The attached proof is a receipt that verifies without this node.
#[utoipa::path(post, path = "/v1/verify", tag = "verify", operation_id = "verify",
    params(VerifyQuery),
    request_body(description = "One of the three", content(
        (VerifyQuestion = "application/json"),
        (inline(Octets) = "application/vnd.huxin.receipt"),
        (inline(Octets) = "application/octet-stream"),
    )),
    responses(
        (status = 200, description = "Verdict, checks and proof", body = VerifyAnswer),
        (status = 400, description = "The question cannot be read", body = ErrorAnswer),
        (status = 413, description = "The file is too large", body = ErrorAnswer),
        (status = 408, description = "The body comes too slowly", body = ErrorAnswer),
        (status = 415, description = "Another media type", body = ErrorAnswer),
        (status = 422, description = "The receipt proves nothing", body = ErrorAnswer),
        (status = 503, description = "The node may be behind, or too many receipts wait to be checked; see Retry-After", body = ErrorAnswer),
    ))]
pub(super) async fn verify(
    State(api): State<Shared>,
    peer: Peer,
    Query(query): Query<VerifyQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<VerifyAnswer>, ApiError> {
    let time = as_of(query.as_of.as_deref(), api.monitor.now())?;
    let question = Question::new(time, query.proof.unwrap_or(true));
    let intake = Intake::new(&api, peer, &headers);
    let answer = match media_type(&headers).as_deref() {
        Some("application/json") => {
            let body = intake.read(body, JSON_BYTES_MAX, Code::ApiBodyTooLarge).await?;
            let asked: VerifyQuestion = serde_json::from_slice(&body)
                .map_err(|error| ApiError::bad_request(Code::ApiBadRequest, format!("body: {error}")))?;
            in_json(&api, peer, asked, question).await?
        }
        Some(RECEIPT) => {
            let bytes = intake.read(body, RECEIPT_BYTES_MAX, Code::ApiBodyTooLarge).await?;
            by_receipt(&api, peer, bytes, question).await?
        }
        Some(OCTETS) => {
            let sha256 = sha256_of(&intake, body).await?;
            assess::by_document(&api.monitor.ledger, &sha256, &question)?
        }
        _ => {
            return Err(unsupported_media_type(
                "application/json, application/vnd.huxin.receipt or application/octet-stream",
            ));
        }
    };
    Ok(Json(answer))
}

/// Ask about one licence.
///
/// By its identifier (电子证照标识), or by its reference in 64 hexadecimal characters where the asker prefers not to send
/// the identifier.
#[utoipa::path(get, path = "/v1/licences/{licence}", tag = "verify", operation_id = "licence",
    params(("licence" = String, Path, description = "Identifier or reference"), VerifyQuery),
    responses(
        (status = 200, description = "Verdict, checks and proof; verdict `unknown` if it is not on the ledger", body = VerifyAnswer),
        (status = 400, description = "Malformed identifier", body = ErrorAnswer),
        (status = 503, description = "The node may be behind; see Retry-After", body = ErrorAnswer),
    ))]
pub(super) async fn licence(
    State(api): State<Shared>,
    Segment(licence): Segment,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<VerifyAnswer>, ApiError> {
    let ledger = &api.monitor.ledger;
    let (licence, identifier) =
        assess::licence_ref(ledger, &licence).map_err(|error| ApiError::parameter("licence", &error))?;
    let time = as_of(query.as_of.as_deref(), api.monitor.now())?;
    let question = Question { identifier, ..Question::new(time, query.proof.unwrap_or(true)) };
    // Reads of the store take about 10 us each, mostly from its cache: less than handing them to another thread.
    Ok(Json(assess::by_licence(ledger, &licence, &question)?))
}

/// What a question in JSON asks by.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    LicenceId(String),
    Licence(LicenceRef),
    Sha256(Digest),
    Receipt(Vec<u8>),
}

async fn in_json(
    api: &Shared,
    peer: Peer,
    asked: VerifyQuestion,
    question: Question,
) -> Result<VerifyAnswer, ApiError> {
    let ledger = &api.monitor.ledger;
    let mut question = complete(&asked, question, api.monitor.now())?;
    match subject(asked)? {
        Subject::LicenceId(text) => {
            let (licence, identifier) =
                assess::identified(ledger, &text).map_err(|error| ApiError::parameter("licence_id", &error))?;
            question.identifier = identifier;
            assess::by_licence(ledger, &licence, &question)
        }
        Subject::Licence(licence) => assess::by_licence(ledger, &licence, &question),
        Subject::Sha256(sha256) => assess::by_document(ledger, &sha256, &question),
        Subject::Receipt(bytes) => by_receipt(api, peer, bytes.into(), question).await,
    }
}

/// Adds what the body says besides its subject to what the query said.
fn complete(asked: &VerifyQuestion, question: Question, now: TimeMs) -> Result<Question, ApiError> {
    if asked.as_of.is_some() && question.as_of.is_some() {
        return Err(ApiError::bad_request(
            Code::ApiBadRequest,
            "as_of: give it in the body or in the query, not in both",
        ));
    }
    let document = match asked.document_sha256.as_deref() {
        None => Document::NotGiven,
        Some(_) if asked.licence_id.is_none() && asked.licence.is_none() => {
            let place = "document_sha256: it goes together with licence_id or licence";
            return Err(ApiError::bad_request(Code::ApiBadRequest, place));
        }
        Some(text) => Document::Sha256(digest("document_sha256", text)?),
    };
    let as_of = as_of(asked.as_of.as_deref(), now)?.or(question.as_of);
    Ok(Question { as_of, document, proof: asked.proof.unwrap_or(question.proof), ..question })
}

fn subject(asked: VerifyQuestion) -> Result<Subject, ApiError> {
    match (asked.licence_id, asked.licence, asked.sha256, asked.receipt) {
        (Some(id), None, None, None) => Ok(Subject::LicenceId(id)),
        (None, Some(text), None, None) => {
            text.parse().map(Subject::Licence).map_err(|error| ApiError::parameter("licence", &error))
        }
        (None, None, Some(text), None) => digest("sha256", &text).map(Subject::Sha256),
        (None, None, None, Some(text)) => {
            let bytes = base64_of(&text);
            bytes
                .map(Subject::Receipt)
                .map_err(|error| ApiError::bad_request(Code::ReceiptMalformed, format!("receipt: not base64: {error}")))
        }
        _ => {
            let place = "body: give exactly one of licence_id, licence, sha256 and receipt";
            Err(ApiError::bad_request(Code::ApiBadRequest, place))
        }
    }
}

/// Base64 as it comes out of mail programs and web forms: of either alphabet, wrapped or not, padded or not.
fn base64_of(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    let standard = |character| match character {
        '-' => '+',
        '_' => '/',
        other => other,
    };
    let text: String = text.chars().filter(|character| !character.is_whitespace()).map(standard).collect();
    BASE64.decode(text.trim_end_matches('='))
}

fn digest(name: &str, text: &str) -> Result<Digest, ApiError> {
    text.parse().map_err(|error| ApiError::bad_request(Code::IdentifierDigest, format!("{name}: {error}")))
}

/// Checks the receipt on a thread for such work (many validators make many signatures), then answers from the ledger.
async fn by_receipt(api: &Shared, peer: Peer, bytes: Bytes, question: Question) -> Result<VerifyAnswer, ApiError> {
    let shared = Shared::clone(api);
    api.receipt_checks.run(peer, move || check_receipt(&shared, &bytes, &question)).await?
}

/// Refuses a receipt of another kind, which is not damaged, by its name. Its version is not looked at.
fn check_kind(bytes: &[u8]) -> Result<(), ApiError> {
    let of = |magic: &[u8; 8]| bytes.starts_with(&magic[..7]);
    let kind = match bytes {
        _ if of(THING_RECEIPT_MAGIC) => "of a thing",
        _ if of(OUTCOME_RECEIPT_MAGIC) => "of a transaction's outcome",
        _ => return Ok(()),
    };
    let place = format!(
        "receipt: this is a receipt {kind}, and here a receipt of a record is asked about; check it with `huxin receipt verify`"
    );
    Err(ApiError::bad_request(Code::ApiBadRequest, place))
}

fn check_receipt(api: &Shared, bytes: &[u8], question: &Question) -> Result<VerifyAnswer, ApiError> {
    let ledger = &api.monitor.ledger;
    check_kind(bytes)?;
    let receipt = Receipt::from_bytes(bytes)?;
    let proven = receipt.verify_with(&ledger.anchors_at(receipt.header.height), &api.checked_headers)?;
    let question = Question { proven: true, ..*question };
    match ledger.record(receipt.index)? {
        None => Ok(assess::by_receipt_alone(&receipt, proven.status, &question)),
        // The same trust root cannot certify two records at one place, unless a third of the validators signed twice.
        Some((record, _)) if record != receipt.record => {
            tracing::error!(index = %receipt.index, "a valid receipt contradicts this node's ledger");
            let place = "receipt: its record is not the one this node holds at that place";
            Err(ApiError::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, Code::ReceiptRecordMismatch, place))
        }
        Some((record, _)) => match assess::licence_of(&record) {
            Some(licence) => assess::by_licence(ledger, &licence, &question),
            None => Ok(assess::about_no_licence(&receipt)),
        },
    }
}

/// SHA-256 of a body of at most [`FILE_BYTES_MAX`], piece by piece as it arrives.
///
/// Not on a blocking thread: that thread would be held for as long as the sender takes, and slow senders could take them
/// all. The file is never in memory as a whole.
async fn sha256_of(intake: &Intake<'_>, body: Body) -> Result<Digest, ApiError> {
    let too_large = || ApiError::too_large(Code::ApiBodyTooLarge, FILE_BYTES_MAX);
    let mut hasher: Hasher = DigestAlgorithm::Sha256.start();
    let mut length = 0usize;
    let mut pieces = intake.pieces(body, FILE_BYTES_MAX, too_large).await?;
    while let Some(piece) = pieces.next().await? {
        length = length.saturating_add(piece.len());
        if length > FILE_BYTES_MAX {
            pieces.drain().await;
            return Err(too_large());
        }
        for part in piece.chunks(HASH_PIECE_BYTES) {
            hasher.update(part);
            tokio::task::consume_budget().await;
        }
    }
    if length == 0 {
        return Err(ApiError::bad_request(Code::ApiBadRequest, "body: it is empty; send the file"));
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn now() -> TimeMs {
        "2026-11-21T08:00:00Z".parse().unwrap()
    }

    fn asked(json: &str) -> VerifyQuestion {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn exactly_one_subject_is_taken() {
        assert_eq!(subject(asked(&format!(r#"{{"sha256":"{HEX}"}}"#))).unwrap(), Subject::Sha256(HEX.parse().unwrap()));
        assert_eq!(
            subject(asked(&format!(r#"{{"licence":"{HEX}"}}"#))).unwrap(),
            Subject::Licence(HEX.parse().unwrap())
        );
        assert_eq!(subject(asked(r#"{"receipt":"YWI="}"#)).unwrap(), Subject::Receipt(b"ab".to_vec()));
        for (json, code) in [
            ("{}".to_owned(), Code::ApiBadRequest),
            (format!(r#"{{"sha256":"{HEX}","licence_id":"x"}}"#), Code::ApiBadRequest),
            (r#"{"sha256":"ABC"}"#.to_owned(), Code::IdentifierDigest),
            (r#"{"licence":"abc"}"#.to_owned(), Code::IdentifierDigest),
            (r#"{"receipt":"%"}"#.to_owned(), Code::ReceiptMalformed),
        ] {
            assert_eq!(subject(asked(&json)).unwrap_err().code(), code, "{json}");
        }
    }

    /// F14: a receipt that went through a mail program or a web form is the same receipt.
    #[test]
    fn base64_is_taken_in_every_dress() {
        let bytes = [0xfb, 0xff, 0xfe, 0x3e, 0x3f];
        for text in ["+//+Pj8=", "-__-Pj8=", "-__-Pj8", "+//+\r\nPj8=\n", " +//+ Pj8 "] {
            assert_eq!(base64_of(text).unwrap(), bytes, "{text:?}");
        }
        assert!(base64_of("%").is_err() && base64_of("+//+Pj8é").is_err());
    }

    #[test]
    fn the_body_completes_the_query() {
        let none = Question::new(None, true);
        let then = "2026-11-20".parse().ok();
        let question = complete(&asked(r#"{"as_of":"2026-11-20","proof":false}"#), none, now()).unwrap();
        assert_eq!((question.as_of, question.proof), (then, false));
        let question = complete(&asked("{}"), Question::new(then, false), now()).unwrap();
        assert_eq!((question.as_of, question.proof), (then, false));
        let twice = complete(&asked(r#"{"as_of":"2026-11-20"}"#), Question::new(then, true), now());
        assert_eq!(twice.unwrap_err().code(), Code::ApiBadRequest);
    }

    #[test]
    fn a_document_goes_with_a_licence_only() {
        let none = Question::new(None, true);
        let with = |subject: &str| complete(&asked(&format!(r#"{{{subject}"document_sha256":"{HEX}"}}"#)), none, now());
        assert_eq!(with(r#""licence_id":"x","#).unwrap().document, Document::Sha256(HEX.parse().unwrap()));
        assert_eq!(with("").unwrap_err().code(), Code::ApiBadRequest);
        assert_eq!(with(r#""receipt":"YWI=","#).unwrap_err().code(), Code::ApiBadRequest);
    }

    #[test]
    fn an_unknown_field_of_a_question_is_named() {
        let error = serde_json::from_str::<VerifyQuestion>(r#"{"license_id":"x"}"#).unwrap_err();
        assert!(error.to_string().contains("license_id"), "{error}");
    }

    #[tokio::test]
    async fn a_file_is_hashed_as_it_arrives() {
        let budget = crate::budget::Budget::new("bytes", 0, 0);
        let intake = &super::super::request::tests::intake(&budget);
        assert_eq!(sha256_of(intake, Body::from("abc")).await.unwrap(), HEX.parse().unwrap());
        assert_eq!(sha256_of(intake, Body::empty()).await.unwrap_err().code(), Code::ApiBadRequest);
        let piece = vec![0u8; 1 << 20];
        let pieces = futures::stream::iter((0..65).map(move |_| Ok::<_, axum::Error>(piece.clone())));
        assert_eq!(sha256_of(intake, Body::from_stream(pieces)).await.unwrap_err().code(), Code::ApiBodyTooLarge);
    }
}
