//! The description of this API, generated from the handlers. `node/openapi.json` is its golden copy: a change of the API
//! shows in review, and clients in other languages are generated from that file.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder, ResponsesBuilder,
};
use utoipa::{Modify, OpenApi};

use super::min_height::{HUXIN_HEIGHT, HUXIN_MIN_HEIGHT};
use super::{blocks, events, receipts, status, submit, things, trust, verify};

/// OpenAPI 3.1 of the public API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Huxin node",
        description = "A consortium ledger for electronic licences. Every error carries a stable code with texts in English and \
            Chinese (`/v1/codes`), the place in the request, and the next step.\n\nEvery answer carries the header \
            `Huxin-Height`. Every request may carry `Huxin-Min-Height`: the node then answers once it has reached that height, \
            or with 503 `api.behind` after five seconds. So a caller reads its own writes at any node.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Common),
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

/// What every operation has: headers, and answers that come before any handler is asked.
struct Common;

/// 64 lower-case hexadecimal characters.
const DIGEST: &str = "^[0-9a-f]{64}$";
/// A whole number without sign or leading zeros, up to 2^64 - 1.
const NUMBER: &str = "^(0|[1-9][0-9]{0,19})$";
/// Parameters by name: their pattern if there is one, and an example.
const PARAMETERS: [(&str, Option<&str>, &str); 10] = [
    ("tx_id", Some(DIGEST), "0f343b0931126a20f133d67c2b018a3b5d3d0ff6d1d2b4a1f0e2c3d4e5f60718"),
    ("case", Some(DIGEST), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("record", Some(NUMBER), "0"),
    ("height", Some("^(latest|0|[1-9][0-9]{0,19})$"), "latest"),
    ("licence", None, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("name", None, "parameters"),
    ("kind", Some("^[a-z][a-z_/-]*$"), "proposal"),
    ("agency", Some("^[0-9A-HJ-NPQRTUWXY]{18}$"), "11310100000009005R"),
    ("proposer", Some("^[0-9]{6}$"), "310000"),
    ("as_of", None, "2026-11-21T16:00:00+08:00"),
];

impl Modify for Common {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        for item in description.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                complete(operation);
            }
        }
    }
}

fn complete(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    for parameter in parameters.iter_mut() {
        if let RefOr::T(parameter) = parameter {
            describe(parameter);
        }
    }
    parameters.push(RefOr::T(min_height()));
    let answers = &mut operation.responses.responses;
    let common = ResponsesBuilder::new()
        .response("431", ResponseBuilder::new().description("The head of the request is longer than 64 KiB; no body"))
        .response("500", failure("The node failed to answer"))
        .response("503", failure("The node is busy, or not there yet; see Retry-After"))
        .build();
    for (status, answer) in common.responses {
        answers.entry(status).or_insert(answer);
    }
    for (status, answer) in answers.iter_mut() {
        let RefOr::T(answer) = answer else { continue };
        if status != "431" {
            answer.headers.insert(HUXIN_HEIGHT.to_string(), RefOr::T(number("The node's height when it answered")));
        }
        if status == "503" || status == "429" {
            answer.headers.insert("Retry-After".to_owned(), RefOr::T(number("Seconds after which to ask again")));
        }
    }
}

fn describe(parameter: &mut Parameter) {
    let known = PARAMETERS.iter().find(|(name, ..)| *name == parameter.name);
    let Some((_, pattern, example)) = known else { return };
    if let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema {
        schema.pattern = pattern.map(str::to_owned).filter(|_| schema.schema_type == Type::String.into());
        schema.examples = vec![(*example).into()];
    }
}

fn min_height() -> Parameter {
    let number =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(NUMBER)).examples([serde_json::json!("41")]);
    ParameterBuilder::new()
        .name(HUXIN_MIN_HEIGHT.to_string())
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Answer once the node has this height, or with 503 after five seconds"))
        .schema(Some(number))
        .build()
}

fn number(description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

fn failure(description: &str) -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorAnswer"))).build();
    ResponseBuilder::new().description(description).content("application/json", body).build()
}

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

    /// A schema was named that the document did not have: generators of clients failed.
    #[test]
    fn every_reference_resolves() {
        let text = Description::openapi().to_json().unwrap();
        let description: serde_json::Value = serde_json::from_str(&text).unwrap();
        let references: Vec<&str> =
            text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(references.len() > 50);
        for reference in references {
            assert!(description.pointer(reference).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_operation_describes_its_headers_and_what_a_busy_node_answers() {
        let description: serde_json::Value = serde_json::from_str(&Description::openapi().to_json().unwrap()).unwrap();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let busy = &operation["responses"]["503"];
                let schema = &busy["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema.as_str(), Some("#/components/schemas/ErrorAnswer"), "{method} {path}");
                assert!(busy["headers"]["Retry-After"].is_object(), "{method} {path}");
                assert!(operation["responses"]["200"]["headers"]["huxin-height"].is_object(), "{method} {path}");
                let parameters = operation["parameters"].as_array().unwrap();
                let has = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
                assert!(has("huxin-min-height"), "{method} {path}");
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
