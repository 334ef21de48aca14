//! Compares objects of two revisions, and bytes between objects.

use std::collections::BTreeSet;

use super::lexer::is_space;
use super::signatures::is_signature;
use super::value::{Dict, Object, Value};

/// Keys whose values differ, each once.
pub(super) fn differing(old: &Dict, new: &Dict) -> Vec<String> {
    let keys: BTreeSet<&Vec<u8>> = old.entries.iter().chain(&new.entries).map(|(key, _)| key).collect();
    let value = |dict: &Dict, key: &[u8]| -> Vec<Value> {
        dict.entries.iter().filter(|(name, _)| name == key).map(|(_, value)| value.clone()).collect()
    };
    let differs = |key: &&&Vec<u8>| value(old, key) != value(new, key);
    keys.iter().filter(differs).map(|key| String::from_utf8_lossy(key).into_owned()).collect()
}

/// Whether `new` has all that `old` has, in dictionaries inside too, and only something in addition.
pub(super) fn only_adds(old: &Dict, new: &Dict) -> bool {
    old.entries.iter().all(|(key, value)| {
        let other = new.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        match (value, other) {
            (Value::Dict(old), Some(Value::Dict(new))) => only_adds(old, new),
            (value, other) => other == Some(value),
        }
    })
}

/// What an object is, in a word.
pub(super) fn kind_of(object: Option<&Object>) -> String {
    let Some(object) = object else { return "nothing".to_owned() };
    let Some(dict) = object.dict() else { return "a value".to_owned() };
    if is_signature(dict) {
        return "a signature".to_owned();
    }
    let name = dict.name("Subtype").or_else(|| dict.name("Type"));
    match (name, &object.stream) {
        (Some(name), _) => String::from_utf8_lossy(name).into_owned(),
        (None, Some(_)) => "content".to_owned(),
        (None, None) => "a dictionary".to_owned(),
    }
}

/// White space, comments, and what ends a revision.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.split(|byte| matches!(byte, b'\r' | b'\n')).all(|line| {
        let from = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
        let line = line.get(from..).unwrap_or_default();
        let line = line.strip_prefix(b"startxref").unwrap_or(line);
        line.first() == Some(&b'%') || line.iter().all(|byte| is_space(*byte) || byte.is_ascii_digit())
    })
}
