//! The description of this API, generated from the handlers. `node/openapi.json` is its golden copy: a change of the API
//! shows in review, and clients in other languages are generated from that file.

use utoipa::OpenApi;

use super::{blocks, events, receipts, status, submit, things, trust, verify};

/// OpenAPI 3.1 of the public API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Huxin node",
        description = "A consortium ledger for electronic licences. Every error carries a stable code with texts in English and \
            Chinese (`/v1/codes`), the place in the request, and the next step.\n\nEvery answer carries the header \
            `Huxin-Height`. Every request may carry `Huxin-Min-Height`: the node then answers once it has reached that height, \
            or with 503 `api.not_ready` after five seconds. So a caller reads its own writes at any node.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "transactions", description = "Submit, and ask what became of it"),
        (name = "verify", description = "Is it genuine, is it valid, and what proves it"),
        (name = "ledger", description = "Records, headers, blocks, events"),
        (name = "node", description = "Chain, validators, texts"),
    ),
    paths(
        submit::submit,
        submit::outcome,
        verify::verify,
        verify::licence,
        receipts::licence_receipt,
        receipts::receipt,
        receipts::outcome_receipt,
        receipts::record,
        trust::head,
        trust::path,
        things::thing,
        things::things,
        things::thing_receipt,
        things::case_timeline,
        things::cases,
        things::rehearse,
        blocks::header,
        blocks::block,
        blocks::blocks,
        events::events,
        status::status,
        status::validators,
        status::misbehaviour,
        status::genesis,
        status::codes,
    )
)]
pub(super) struct Description;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    /// `UPDATE_GOLDEN=1` writes the file anew.
    #[test]
    fn the_golden_copy_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        let current = Description::openapi().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &current).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == current, "openapi.json differs from the code; UPDATE_GOLDEN=1 writes it anew");
    }

    #[test]
    fn it_is_openapi_3_1_and_names_every_error_body() {
        let description: serde_json::Value = serde_json::from_str(&Description::openapi().to_json().unwrap()).unwrap();
        assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
        let schemas = description["components"]["schemas"].as_object().unwrap();
        for name in ["ErrorAnswer", "ErrorBody", "OutcomeAnswer", "VerifyAnswer", "CheckAnswer", "StatusAnswer"] {
            assert!(schemas.contains_key(name), "{name}");
        }
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let id = operation["operationId"].as_str();
                assert!(id.is_some_and(|id| !id.contains('_')), "{method} {path}");
            }
        }
    }

    /// A query given to a path that reads none is refused, and five of these paths did not say so: a client made from the
    /// description had no case for that answer.
    #[test]
    fn every_path_describes_its_400() {
        let description: serde_json::Value = serde_json::from_str(&Description::openapi().to_json().unwrap()).unwrap();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let refused = &operation["responses"]["400"]["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(refused.as_str(), Some("#/components/schemas/ErrorAnswer"), "{method} {path}");
            }
        }
    }
}
