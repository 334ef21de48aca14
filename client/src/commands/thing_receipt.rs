//! Receipts of things in `huxin receipt`: fetched and kept, and read again without any node.

use std::fmt::Write as _;
use std::path::Path;

use borsh::BorshDeserialize as _;
use huxin_chain_spec::api::AsOfAnswer;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::receipt::{Thing, ThingReceipt};
use huxin_chain_spec::state::{self, LicenceState, LicenceStatus, StateKey};
use serde::Serialize;
use serde_json::{Value, json};

use super::output::Output;
use super::show::readable;
use crate::dates::beijing;
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::sdk::{Client, TrustRoot, as_of, check_thing_receipt, derived_from};

/// What no receipt can know of.
pub(super) const LATER_CHANGES: &str = "回执时间之后登记的变更 changes recorded after the receipt's time";

/// Fetches the receipt of a thing, checks it and saves it.
pub async fn get(
    client: &Client,
    output: &Output,
    key: &StateKey,
    time: Option<TimeMs>,
    out: &Path,
) -> Result<ExitCode, ClientError> {
    let (receipt, bytes) = client.thing_receipt(key, time).await?;
    let state = receipt.state(key).flatten();
    save(out, &bytes)?;
    let (height, time, exists) = (receipt.header.height, receipt.header.time_ms, state.is_some());
    let value = json!({
        "file": out, "bytes": bytes.len(), "name": key.to_string(), "exists": exists, "height": height,
        "time": time.to_string(), "proven": true,
    });
    let word = if exists { "its state" } else { "that it is not on the ledger" };
    output.answer(&value, || {
        let (file, length) = (out.display(), bytes.len());
        format!("{file}: {length} bytes, {key}: {word} as of height {height}, {}; checked", time.to_beijing())
    });
    Ok(if exists { ExitCode::Success } else { ExitCode::NotOnLedger })
}

/// What a receipt says of one thing.
#[derive(Debug, Serialize)]
struct ThingSaid {
    name: String,
    exists: bool,
    state: Option<Value>,
    derived: Option<Value>,
}

/// What a receipt says.
#[derive(Debug, Serialize)]
struct Said {
    proven: bool,
    as_of: AsOfAnswer,
    things: Vec<ThingSaid>,
    not_checked: Vec<String>,
}

/// Checks a receipt of things without any node, and says what it proves.
pub fn check(trust: &TrustRoot, output: &Output, bytes: &[u8]) -> Result<ExitCode, ClientError> {
    let receipt = check_thing_receipt(trust, bytes)?;
    let said = said(&receipt)?;
    output.answer(&said, || text(&said));
    let exists = said.things.first().is_some_and(|thing| thing.exists);
    Ok(match exists {
        true if receipt.things.iter().any(is_ended_licence) => ExitCode::Refused,
        true => ExitCode::Success,
        false => ExitCode::NotOnLedger,
    })
}

/// Whether a thing is a licence that is ended, suspended or handed over: whoever looks for 0 must not take it for a valid one.
fn is_ended_licence(thing: &Thing) -> bool {
    let StateKey::Licence(_) = thing.key else { return false };
    let state = thing.state.as_deref().and_then(|bytes| LicenceState::try_from_slice(bytes).ok());
    state.is_some_and(|state| state.status != LicenceStatus::Issued)
}

fn said(receipt: &ThingReceipt) -> Result<Said, ClientError> {
    let time = receipt.proven_time();
    let mut not_checked = vec![LATER_CHANGES.to_owned()];
    if receipt.as_of.as_ref().is_some_and(|as_of| as_of.next.is_none()) {
        not_checked
            .push("所询时间晚于回执的区块 the time asked about, which lies after the receipt's block".to_owned());
    }
    let things = receipt.things.iter().map(|thing| {
        let state = thing.state.as_deref().map(|bytes| state::to_json(&thing.key, bytes)).transpose();
        Ok(ThingSaid {
            name: thing.key.to_string(),
            exists: thing.state.is_some(),
            state: state.map_err(|error| ClientError::input("receipt", error))?,
            derived: derived_from(receipt, &thing.key, time),
        })
    });
    let things = things.collect::<Result<_, ClientError>>()?;
    Ok(Said { proven: true, as_of: as_of(receipt.header.height, time), things, not_checked })
}

fn text(said: &Said) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for thing in &said.things {
        let _ = writeln!(text, "{}", thing.name);
        match &thing.state {
            Some(state) => readable(&mut text, "state", state, 1),
            None => text.push_str("  未上账 not on the ledger\n"),
        }
        if let Some(derived) = &thing.derived {
            let _ = writeln!(text, "  由此推出 what follows, computed here:");
            readable(&mut text, "", derived, 2);
        }
    }
    let _ = writeln!(text, "截至 as of {}, height {}; 证明已核验 proven", beijing(&said.as_of.time), said.as_of.height);
    let _ = writeln!(text, "未检查 not checked: {}", said.not_checked.join(", "));
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::Digest;

    use super::*;
    use crate::test_chain::{TestChain, change, issue};
    use huxin_chain_spec::record::{LicenceOperation, Operation};

    #[test]
    fn a_kept_receipt_says_what_it_proves_and_until_when() {
        let mut chain = TestChain::new();
        chain.decide(vec![issue("A", b"A")]);
        chain.decide_empty();
        let trust = TrustRoot::of_genesis(chain.genesis.clone());
        let output = Output::new(true);
        let time = TimeMs(chain.time(1).0 + 5);
        let keys = [StateKey::Parameters, StateKey::Share(Digest([1; 32]))];
        let past = chain.thing_receipt(&keys, 1, Some(time));
        assert_eq!(check(&trust, &output, &past.to_bytes()).unwrap(), ExitCode::Success);
        let said_then = said(&past).unwrap();
        assert_eq!((said_then.as_of.time_ms, said_then.not_checked.len()), (time.0, 1));
        assert_eq!((said_then.things[0].exists, said_then.things[1].exists), (true, false));
        assert!(text(&said_then).contains("heartbeat_ms: 10000"));
        // The newest block says nothing about later.
        let newest = said(&chain.thing_receipt(&keys, 2, Some(TimeMs(chain.time(2).0 + 5)))).unwrap();
        assert_eq!((newest.as_of.time_ms, newest.not_checked.len()), (chain.time(2).0, 2));
        // A revoked licence was "valid or done" to a gate on 0.
        let effective = chain.time(3);
        chain.decide(vec![Operation::Licence(LicenceOperation::Revoke(change("A", effective)))]);
        let licence = StateKey::Licence(change("A", effective).licence);
        let revoked = chain.thing_receipt(&[licence], 3, None);
        assert_eq!(check(&trust, &output, &revoked.to_bytes()).unwrap(), ExitCode::Refused);
        // Absence is an answer of its own, and damage is none.
        let absent = chain.thing_receipt(&keys[1..], 2, None);
        assert_eq!(check(&trust, &output, &absent.to_bytes()).unwrap(), ExitCode::NotOnLedger);
        let mut forged = absent;
        forged.things[0].state = Some(vec![0]);
        assert!(matches!(check(&trust, &output, &forged.to_bytes()), Err(ClientError::Receipt(_))));
    }
}
