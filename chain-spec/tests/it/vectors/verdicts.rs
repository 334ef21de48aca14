//! Vectors of verdicts: from evidence to verdict and checks. `docs/formats.md`, "From a proof to a verdict", is the text to them.

use huxin_chain_spec::ids::{LicenceId, RecordIndex, TimeMs};
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::upkeep::AttachmentRole;
use huxin_chain_spec::state::{LicenceState, LicenceStatus, Upkeep};
use huxin_chain_spec::verdict::{
    AttachmentStanding, Content, Evidence, Identifier, StateAt, Verdict, judge, mistyped_identifier, not_recorded,
};
use serde_json::{Value, json};

use super::{golden, upkeep};
use crate::support::*;

const RECORDED: TimeMs = TimeMs(GENESIS_MS);
const AS_OF: TimeMs = TimeMs(GENESIS_MS).plus_ms(10_000);

fn licence() -> Licence {
    provinces()[SHANGHAI].issuer.clone().licence("a")
}

fn state(status: LicenceStatus, effective_ms: TimeMs) -> LicenceState {
    LicenceState {
        status,
        issued_by: RecordIndex(0),
        changed_by: RecordIndex(1),
        effective_ms,
        recorded_ms: TimeMs(AS_OF.0 - 1),
        transfer_to: None,
        successor: None,
        earlier: Vec::new(),
        upkeep: Upkeep::default(),
    }
}

/// Recorded after the time asked about: a suspension that reaches back before it, and a restoration that does not.
fn restored_later() -> LicenceState {
    let suspended =
        LicenceState { recorded_ms: TimeMs(AS_OF.0 + 1), ..state(LicenceStatus::Suspended, TimeMs(AS_OF.0 - 1)) };
    LicenceState {
        recorded_ms: TimeMs(AS_OF.0 + 3),
        changed_by: RecordIndex(2),
        earlier: vec![suspended.latest()],
        ..state(LicenceStatus::Issued, TimeMs(AS_OF.0 + 2))
    }
}

fn evidence(licence: &Licence) -> Evidence<'_> {
    Evidence {
        licence,
        recorded_ms: RECORDED,
        state_then: StateAt::Unchanged,
        state_now: None,
        as_of_ms: AS_OF,
        recorder: licence.issuer,
        competence: None,
        content: Content::NotGiven,
        identifier: Identifier::NotGiven,
        proven: true,
    }
}

fn state_form(state: StateAt<'_>) -> Value {
    match state {
        StateAt::NotCovered => json!("not_covered"),
        StateAt::Unchanged => Value::Null,
        StateAt::Changed(state) => json!(state),
    }
}

/// A case; `identifier` is the text given, if any.
fn case(name: &str, evidence: &Evidence<'_>, identifier: Option<&LicenceId>) -> Value {
    let (verdict, checks) = judge(evidence);
    let content = match evidence.content {
        Content::NotGiven => json!("not_given"),
        Content::Matches => json!("matches"),
        Content::Attached(role, standing) => {
            json!({ "role": role, "standing": format!("{standing:?}").to_lowercase() })
        }
        Content::InError => json!("in_error"),
        Content::Differs => json!("differs"),
        Content::NotCovered => json!("not_covered"),
    };
    let checks: Vec<Value> =
        checks.iter().map(|check| json!({ "name": check.name, "result": check.result, "code": check.code })).collect();
    json!({
        "name": name,
        "evidence": {
            "licence": evidence.licence, "recorded_ms": evidence.recorded_ms, "state_then": state_form(evidence.state_then),
            "state_now": evidence.state_now, "as_of_ms": evidence.as_of_ms, "content": content,
            "identifier": identifier.map(ToString::to_string), "proven": evidence.proven,
        },
        "verdict": verdict, "checks": checks,
    })
}

#[test]
fn verdicts() {
    let plain = licence();
    let base = || evidence(&plain);
    let mut cases = vec![
        case("unchanged since issue", &base(), None),
        case("signed by a delegate", &Evidence { recorder: "11320000000000035T".parse().unwrap(), ..base() }, None),
        case("the type is listed", &Evidence { competence: Some(3), ..base() }, None),
        case("the state is not covered", &Evidence { state_then: StateAt::NotCovered, ..base() }, None),
        case(
            "recorded later than the time asked about",
            &Evidence { recorded_ms: TimeMs(AS_OF.0 + 1), ..base() },
            None,
        ),
        case("a file that matches", &Evidence { content: Content::Matches, ..base() }, None),
        case("a file that differs", &Evidence { content: Content::Differs, ..base() }, None),
        case(
            "a file that differs, the state not covered",
            &Evidence { content: Content::Differs, state_then: StateAt::NotCovered, ..base() },
            None,
        ),
        case("the word of a node", &Evidence { proven: false, ..base() }, None),
    ];
    for status in LicenceStatus::ALL {
        let word = json!(status).as_str().unwrap().to_owned();
        let before = state(status, TimeMs(AS_OF.0 - 1));
        cases.push(case(&format!("{word} then"), &Evidence { state_then: StateAt::Changed(&before), ..base() }, None));
        for (when, time) in [("at that time", AS_OF), ("after that time", TimeMs(AS_OF.0 + 1))] {
            let now = LicenceState { recorded_ms: TimeMs(AS_OF.0 + 2), ..state(status, time) };
            let name = format!("{word} by a later record, effective {when}");
            cases.push(case(&name, &Evidence { state_now: Some(&now), ..base() }, None));
        }
    }
    let hidden = restored_later();
    let name = "suspended by a later record with an earlier effect, and restored since";
    cases.push(case(name, &Evidence { state_now: Some(&hidden), ..base() }, None));
    let of_the_newest = Evidence { state_then: StateAt::Changed(&hidden), ..base() };
    cases.push(case("the same by the newest state alone", &of_the_newest, None));
    let withdrawn =
        LicenceState { earlier: hidden.changes().collect(), ..state(LicenceStatus::Withdrawn, TimeMs(AS_OF.0 + 4)) };
    let withdrawn = LicenceState { recorded_ms: TimeMs(AS_OF.0 + 4), ..withdrawn };
    cases.push(case("withdrawn after that", &Evidence { state_now: Some(&withdrawn), ..base() }, None));
    for role in AttachmentRole::ALL {
        let content = Content::Attached(role, AttachmentStanding::Stands);
        cases.push(case(&format!("a {} of it", role.words().0), &Evidence { content, ..base() }, None));
    }
    for standing in [AttachmentStanding::Later, AttachmentStanding::Expired, AttachmentStanding::Ended] {
        let content = Content::Attached(AttachmentRole::Annotated, standing);
        let name = format!("an annotated copy of it: {standing:?}").to_lowercase();
        cases.push(case(&name, &Evidence { content, ..base() }, None));
    }
    cases.push(case("a file recorded by mistake", &Evidence { content: Content::InError, ..base() }, None));
    let open = Evidence { content: Content::NotCovered, state_then: StateAt::NotCovered, ..base() };
    cases.push(case("another file, what was attached not covered", &open, None));
    for (name, at) in [("before", AS_OF.0 - 1), ("after", AS_OF.0 + 1)] {
        let mut kept =
            LicenceState { changed_by: RecordIndex(0), upkeep: upkeep(), ..state(LicenceStatus::Issued, RECORDED) };
        let correction = kept.upkeep.corrections.first_mut().unwrap();
        correction.recorded_ms = TimeMs(at);
        correction.particulars.valid_until_ms = Some(AS_OF);
        let name = format!("corrected to have ended, {name} the time asked about; checked for the year");
        cases.push(case(&name, &Evidence { state_now: Some(&kept), ..base() }, None));
    }
    let windows = [
        ("before its validity", TimeMs(AS_OF.0 + 1), None),
        ("in the first moment of its validity", AS_OF, None),
        ("in the first moment after its validity", RECORDED, Some(AS_OF)),
        ("in the last moment of its validity", RECORDED, Some(TimeMs(AS_OF.0 + 1))),
    ];
    for (name, valid_from_ms, valid_until_ms) in windows {
        let licence = Licence { valid_from_ms, valid_until_ms, ..licence() };
        cases.push(case(name, &evidence(&licence), None));
        let suspended = state(LicenceStatus::Suspended, RECORDED);
        let state_then = StateAt::Changed(&suspended);
        cases.push(case(&format!("{name}, suspended"), &Evidence { state_then, ..evidence(&licence) }, None));
    }
    let id = LicenceId::new(plain.licence_type, plain.issuer, "20260001", 1).unwrap();
    let other = LicenceId::new(plain.licence_type, plain.issuer, "20260001", 2).unwrap();
    for (name, id) in [("its identifier", &id), ("an identifier of another version", &other)] {
        cases.push(case(name, &Evidence { identifier: Identifier::of(id), ..base() }, Some(id)));
    }
    let text = id.to_string();
    let wrong = if text.ends_with('A') { "B" } else { "A" };
    let mistyped = LicenceId::from_structure(&format!("{}{wrong}", &text[..text.len() - 1])).unwrap();
    let name = "its identifier with a wrong check character";
    cases.push(case(name, &Evidence { identifier: Identifier::of(&mistyped), ..base() }, Some(&mistyped)));
    assert_eq!(
        not_recorded(Identifier::of(&mistyped)),
        (Verdict::Unknown, {
            let mut checks = not_recorded(Identifier::NotGiven).1;
            checks.insert(0, mistyped_identifier());
            checks
        })
    );
    golden("verdicts", cases);
}
