//! The verdict on a licence: status then, later change, validity window and content, in every combination.

use huxin_chain_spec::ids::{LicenceId, LicenceIssuer, RecordIndex, TimeMs};
use huxin_chain_spec::record::licence::{Licence, SealReference};
use huxin_chain_spec::state::{LicenceState, LicenceStatus, Upkeep};
use huxin_chain_spec::verdict::{
    Check, CheckResult, Claimed, Content, Evidence, Identifier, StateAt, Verdict, judge, not_recorded,
};

use crate::support::*;

use LicenceStatus as S;

/// When things happen, relative to the time asked about.
const RECORDED: TimeMs = TimeMs(GENESIS_MS);
const AS_OF: TimeMs = TimeMs(GENESIS_MS).plus_ms(10_000);
const BEFORE: TimeMs = TimeMs(GENESIS_MS).plus_ms(5_000);
const AFTER: TimeMs = TimeMs(GENESIS_MS).plus_ms(15_000);

/// What each status means while content and validity are good. By hand.
const OF_STATUS: [(LicenceStatus, Verdict); 8] = [
    (S::Issued, Verdict::Valid),
    (S::Suspended, Verdict::Suspended),
    (S::TransferredOut, Verdict::Suspended),
    (S::Superseded, Verdict::Superseded),
    (S::Lapsed, Verdict::Expired),
    (S::Cancelled, Verdict::Revoked),
    (S::Withdrawn, Verdict::Invalid),
    (S::Revoked, Verdict::Revoked),
];

fn of_status(status: LicenceStatus) -> Verdict {
    OF_STATUS.iter().find(|(one, _)| *one == status).unwrap().1
}

fn state(status: LicenceStatus, effective_ms: TimeMs) -> LicenceState {
    LicenceState {
        status,
        issued_by: RecordIndex(0),
        changed_by: RecordIndex(1),
        effective_ms,
        recorded_ms: BEFORE,
        transfer_to: None,
        successor: None,
        earlier: Vec::new(),
        upkeep: Upkeep::default(),
    }
}

fn a_licence(valid_from_ms: TimeMs, valid_until_ms: Option<TimeMs>) -> Licence {
    let issuer = provinces()[SHANGHAI].issuer.clone();
    Licence { valid_from_ms, valid_until_ms, ..issuer.licence("a") }
}

fn evidence(licence: &Licence) -> Evidence<'_> {
    Evidence {
        licence,
        recorder: home(),
        competence: None,
        recorded_ms: RECORDED,
        state_then: StateAt::Unchanged,
        state_now: None,
        as_of_ms: AS_OF,
        content: Content::Matches,
        identifier: Identifier::of(&identifier_of(licence)),
        proven: true,
    }
}

/// The identifier text of a licence.
fn identifier_of(licence: &Licence) -> LicenceId {
    LicenceId::new(licence.licence_type, licence.issuer, "20260001", licence.version).unwrap()
}

fn check<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    let mut named = checks.iter().filter(|check| check.name == name);
    let only = named.next().unwrap();
    assert!(named.next().is_none());
    only
}

/// State then, later change and its effective time: which of the two states speaks.
#[test]
fn every_status_then_with_every_later_change() {
    let licence = a_licence(RECORDED, None);
    let thens = [None].into_iter().chain(S::ALL.map(Some));
    for then in thens {
        let state_then = then.map(|status| state(status, BEFORE));
        let stands = of_status(then.unwrap_or(S::Issued));
        let nothing_later = Evidence { state_then: StateAt::held(state_then.as_ref()), ..evidence(&licence) };
        assert_eq!(judge(&nothing_later).0, stands, "{then:?}");
        for later in S::ALL {
            for effective in [BEFORE, AS_OF, AFTER] {
                let earlier = state_then.iter().map(LicenceState::latest).collect();
                let now = LicenceState { recorded_ms: AFTER, earlier, ..state(later, effective) };
                let both = Evidence { state_now: Some(&now), ..nothing_later.clone() };
                // 撤销 is void from the beginning; anything else counts from its effective time.
                let counts = later == S::Withdrawn || effective <= AS_OF;
                let is_void = [Some(later), then].contains(&Some(S::Withdrawn));
                let expected = match counts {
                    _ if is_void => Verdict::Invalid,
                    true => of_status(later),
                    false => stands,
                };
                let (verdict, checks) = judge(&both);
                assert_eq!(verdict, expected, "{then:?}, {later:?} from {effective}");
                let passes = check(&checks, "status").result == CheckResult::Pass;
                assert_eq!(passes, expected == Verdict::Valid);
            }
        }
    }
}

/// Status, window and content together: content first, then status, then the window.
#[test]
fn precedence_of_content_status_and_validity() {
    let just_after = TimeMs(AS_OF.0 + 1);
    let windows = [
        (RECORDED, None, Verdict::Valid),
        (AS_OF, Some(just_after), Verdict::Valid),
        (RECORDED, Some(AS_OF), Verdict::Expired),
        (RECORDED, Some(BEFORE), Verdict::Expired),
        (just_after, None, Verdict::NotYetValid),
        (AFTER, Some(TimeMs(AFTER.0 + 1)), Verdict::NotYetValid),
    ];
    for (from, until, of_window) in windows {
        let licence = a_licence(from, until);
        for (status, of_status) in OF_STATUS {
            let state_then = state(status, BEFORE);
            for content in [Content::NotGiven, Content::Matches, Content::Differs] {
                let evidence = Evidence { state_then: StateAt::Changed(&state_then), content, ..evidence(&licence) };
                let expected = match (content, of_status) {
                    (Content::Differs, _) => Verdict::Invalid,
                    (_, Verdict::Valid) => of_window,
                    (_, other) => other,
                };
                let (verdict, checks) = judge(&evidence);
                assert_eq!(verdict, expected, "{status:?} {content:?} {from} {until:?}");
                let window_passes = check(&checks, "validity").result == CheckResult::Pass;
                assert_eq!(window_passes, of_window == Verdict::Valid, "the window has its own check");
                let content_result = match content {
                    Content::NotGiven => CheckResult::Unknown,
                    Content::Matches => CheckResult::Pass,
                    Content::Differs => CheckResult::Fail,
                    Content::Attached(..) | Content::InError | Content::NotCovered => unreachable!("not in this table"),
                };
                assert_eq!(check(&checks, "content").result, content_result);
            }
        }
    }
}

#[test]
fn not_on_the_ledger_is_unknown_and_never_invalid() {
    let (verdict, checks) = not_recorded(Identifier::NotGiven);
    assert_eq!(verdict, Verdict::Unknown);
    assert_eq!(check(&checks, "recorded").result, CheckResult::Unknown);
    let licence = a_licence(RECORDED, None);
    let revoked = state(S::Revoked, BEFORE);
    let before = Evidence {
        recorded_ms: TimeMs(AS_OF.0 + 1),
        state_now: Some(&revoked),
        content: Content::Differs,
        ..evidence(&licence)
    };
    assert_eq!(judge(&before).0, Verdict::Unknown, "recorded after the time asked about");
    let at_once = Evidence { recorded_ms: AS_OF, ..evidence(&licence) };
    assert_eq!(judge(&at_once).0, Verdict::Valid);
}

/// A receipt without its state part proves the issue and leaves open what became of the licence: never valid.
#[test]
fn a_state_that_is_not_covered_is_unknown() {
    let licence = a_licence(RECORDED, None);
    let open = Evidence { state_then: StateAt::of_receipt(None), ..evidence(&licence) };
    let (verdict, checks) = judge(&open);
    assert_eq!(verdict, Verdict::Unknown);
    let status = check(&checks, "status");
    assert_eq!((status.result, status.code.as_str()), (CheckResult::Unknown, "status.not_covered"));
    assert_eq!(checks.len(), 9, "all other checks are shown");
    assert_eq!(check(&checks, "recorded").result, CheckResult::Pass);
    // What contradicts the record is invalid whatever its state.
    assert_eq!(judge(&Evidence { content: Content::Differs, ..open.clone() }).0, Verdict::Invalid);
    // A later state holds every change, so it answers for the time asked about.
    let withdrawn = state(S::Withdrawn, AFTER);
    assert_eq!(judge(&Evidence { state_now: Some(&withdrawn), ..open.clone() }).0, Verdict::Invalid);
    let later = LicenceState { earlier: vec![state(S::Suspended, BEFORE).latest()], ..state(S::Revoked, AFTER) };
    assert_eq!(judge(&Evidence { state_now: Some(&later), ..open }).0, Verdict::Suspended);
    // What a receipt covers.
    let covered = Some(None);
    let unchanged = Evidence { state_then: StateAt::of_receipt(covered.as_ref()), ..evidence(&licence) };
    assert_eq!(judge(&unchanged).0, Verdict::Valid);
}

/// A typing error at the counter is told as such, before "not on this ledger".
#[test]
fn a_mistyped_identifier_is_told_first() {
    let licence = a_licence(RECORDED, None);
    let id = identifier_of(&licence);
    assert_eq!(not_recorded(Identifier::of(&id)).1.len(), 1);
    let text = id.to_string();
    let wrong = if text.ends_with('A') { "B" } else { "A" };
    let mistyped = LicenceId::from_structure(&format!("{}{wrong}", &text[..text.len() - 1])).unwrap();
    let (verdict, checks) = not_recorded(Identifier::of(&mistyped));
    assert_eq!(verdict, Verdict::Unknown, "it says nothing about genuineness");
    let codes: Vec<&str> = checks.iter().map(|check| check.code.as_str()).collect();
    assert_eq!(codes, ["identifier.check_character", "recorded.not_found"]);
    assert!(checks[0].en.contains("mistyped") && checks[0].zh.contains("输错"));
}

/// Nine checks with stable names; what nobody looked at is unknown.
#[test]
fn checks_are_named_and_unchecked_ones_unknown() {
    let plain = a_licence(RECORDED, None);
    let (_, checks) = judge(&evidence(&plain));
    let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    let all = ["recorded", "content", "identifier", "issuer", "competence", "status", "validity", "seal", "finality"];
    assert_eq!(names, all);
    for one in &checks {
        assert!(one.code.starts_with(&format!("{}.", one.name)), "{}", one.code);
        assert!(!one.en.is_empty() && !one.zh.is_ascii());
    }
    assert_eq!(check(&checks, "finality").code, "finality.proven");
    assert_eq!(check(&checks, "seal").code, "seal.not_recorded");
    let seal = Some(SealReference { seal: "31011500001234".parse().unwrap(), certificate: digest(1) });
    let sealed = Licence { seal, ..plain };
    let unproven = Evidence { proven: false, identifier: Identifier::NotGiven, ..evidence(&sealed) };
    let (verdict, checks) = judge(&unproven);
    assert_eq!(verdict, Verdict::Valid, "a node's own answer: same verdict, finality not claimed");
    for name in ["finality", "seal", "identifier"] {
        assert_eq!(check(&checks, name).result, CheckResult::Unknown, "{name}");
    }
    assert_eq!(check(&checks, "seal").code, "seal.not_checked");
}

/// Whoever holds the identifier text compares it with the record: anybody may record under any digest, so a record under
/// somebody else's identifier is not that licence. A wrong check character alone is a warning (real systems have them).
#[test]
fn an_identifier_that_contradicts_its_record_is_invalid() {
    let licence = a_licence(RECORDED, None);
    let claimed = Claimed {
        licence_type: licence.licence_type,
        issuer: LicenceIssuer::Organisation(licence.issuer),
        version: licence.version,
        check_character: true,
    };
    assert_eq!(Identifier::of(&identifier_of(&licence)), Identifier::Given(claimed));
    let text = identifier_of(&licence).to_string();
    let other_check = if text.ends_with('A') { "B" } else { "A" };
    let misprinted = LicenceId::from_structure(&format!("{}{other_check}", &text[..text.len() - 1])).unwrap();
    assert_eq!(Identifier::of(&misprinted), Identifier::Given(Claimed { check_character: false, ..claimed }));
    let result = |claimed| {
        let (verdict, checks) = judge(&Evidence { identifier: Identifier::Given(claimed), ..evidence(&licence) });
        (verdict, check(&checks, "identifier").result)
    };
    let good = (Verdict::Valid, CheckResult::Pass);
    let other = provinces()[ANHUI].issuer.clone();
    assert_eq!(result(claimed), good);
    assert_eq!(result(Claimed { issuer: LicenceIssuer::Region(licence.region), ..claimed }), good, "lenient profile");
    assert_eq!(result(Claimed { check_character: false, ..claimed }), (Verdict::Valid, CheckResult::Unknown));
    let contradictions = [
        Claimed { licence_type: other_licence_type(), ..claimed },
        Claimed { issuer: LicenceIssuer::Organisation(other.organisation), ..claimed },
        Claimed { issuer: LicenceIssuer::Region(other.region), ..claimed },
        Claimed { version: 2, ..claimed },
        Claimed { version: 2, check_character: false, ..claimed },
    ];
    for contradiction in contradictions {
        assert_eq!(result(contradiction), (Verdict::Invalid, CheckResult::Fail), "{contradiction:?}");
        // It outweighs every status, as a wrong file does.
        let suspended = state(S::Suspended, BEFORE);
        let identifier = Identifier::Given(contradiction);
        let both = Evidence { identifier, state_then: StateAt::Changed(&suspended), ..evidence(&licence) };
        assert_eq!(judge(&both).0, Verdict::Invalid);
    }
}

#[test]
fn words_of_verdicts() {
    let all = [
        (Verdict::Valid, "valid"),
        (Verdict::Invalid, "invalid"),
        (Verdict::Revoked, "revoked"),
        (Verdict::Suspended, "suspended"),
        (Verdict::Superseded, "superseded"),
        (Verdict::Expired, "expired"),
        (Verdict::NotYetValid, "not_yet_valid"),
        (Verdict::Unknown, "unknown"),
    ];
    for (verdict, word) in all {
        assert_eq!((verdict.as_str(), Verdict::from_word(word)), (word, Some(verdict)));
        assert_eq!(serde_json::to_value(verdict).unwrap(), word);
        assert!(!verdict.zh().is_ascii());
    }
    assert_eq!(Verdict::ALL, all.map(|(verdict, _)| verdict));
    assert_eq!(Verdict::from_word("a word of a later version"), None);
}
