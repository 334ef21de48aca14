//! No text of any operation escapes the admission filter. Its story: the action of a proposal was not read, so that a number that a registrar
//! was refused could be proposed as the basis of a vote.

use std::collections::BTreeSet;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::record::Operation;
use serde_json::Value;

use crate::support::*;

/// Vectors that hold operations of every kind, with all that is optional.
const VECTORS: [&str; 6] = [
    include_str!("../../vectors/operations.json"),
    include_str!("../../vectors/seal_operations.json"),
    include_str!("../../vectors/case_operations.json"),
    include_str!("../../vectors/publication.json"),
    include_str!("../../vectors/evidence_operations.json"),
    include_str!("../../vectors/governance_operations.json"),
];

/// The places of all texts in `value`, as JSON pointers.
fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, one)| texts(one, &format!("{at}/{index}"), found))
        }
        Value::Object(fields) => fields.iter().for_each(|(name, one)| texts(one, &format!("{at}/{name}"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn no_place_of_any_operation_takes_a_mobile_number() {
    let mut network = Network::found();
    let registrar = network.registrar(SHANGHAI);
    let mut taken = BTreeSet::new();
    let cases = VECTORS.iter().flat_map(|text| serde_json::from_str::<Vec<Value>>(text).unwrap());
    for case in cases {
        let Ok(operation) = serde_json::from_value::<Operation>(case["json"].clone()) else { continue };
        let mut places = Vec::new();
        texts(&case["json"], "", &mut places);
        for place in places {
            for number in ["13800138000", "T-13800138000"] {
                let mut spoiled = case["json"].clone();
                *spoiled.pointer_mut(&place).unwrap() = Value::from(number);
                // Most places take only codes with a structure of their own.
                let Ok(spoiled) = serde_json::from_value::<Operation>(spoiled) else { continue };
                let refused = network.try_one(&registrar, spoiled).unwrap_err();
                assert_eq!(refused, Code::PrivacyMobileNumber, "{} {place}", operation.name());
                taken.insert((operation.name(), place.clone()));
            }
        }
    }
    assert!(taken.iter().any(|(name, _)| *name == "governance.propose"), "{taken:?}");
    assert!(taken.len() >= 40, "{}: {taken:?}", taken.len());
}
