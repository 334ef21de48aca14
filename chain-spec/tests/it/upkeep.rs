//! Corrections, further files and annual checks. The attacks and mishaps are named by what happens.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::{Document, Licence};
use huxin_chain_spec::record::upkeep::{AnnualOutcome, Attachment, AttachmentRole, CorrectionReason};
use huxin_chain_spec::state::upkeep::{ANNUAL_CHECKS_MAX, ATTACHMENTS_MAX, CORRECTIONS_MAX};
use huxin_chain_spec::state::{LicenceState, LicenceStatus};
use huxin_chain_spec::verdict::{Check, Content, Evidence, Identifier, StateAt, Verdict, judge};

use crate::support::*;

fn at(ms: u64) -> TimeMs {
    TimeMs(GENESIS_MS).plus_ms(ms)
}

/// What the newest receipt of a licence says of a file at a time.
fn asked(network: &Network, name: &str, file: Option<&str>, as_of_ms: TimeMs) -> (Verdict, Vec<Check>) {
    use huxin_chain_spec::state::StateReader as _;
    let index = network.ledger.issued_at(&licence_ref(name)).unwrap().unwrap();
    let receipt = network.receipt(index, At::Newest);
    let status = receipt.verify(&network.genesis.hash()).unwrap().status;
    let licence = receipt.record.operation.new_licence().unwrap();
    let state = StateAt::of_receipt(status.as_ref());
    let is_it = |known: &Document| Some(*known) == file.map(file_of);
    let content = if file.is_some() { Content::of(licence, state, as_of_ms, is_it) } else { Content::NotGiven };
    judge(&Evidence {
        licence,
        recorder: home(),
        competence: None,
        recorded_ms: receipt.record.time_ms,
        state_then: state,
        state_now: None,
        as_of_ms,
        content,
        identifier: Identifier::NotGiven,
        proven: true,
    })
}

fn code<'a>(checks: &'a [Check], name: &str) -> Option<&'a str> {
    checks.iter().find(|check| check.name == name).map(|check| check.code.as_str())
}

/// A9: wrong file and date under an identifier. The citizen's right file was INVALID for ever, and the only way out said "void from the
/// beginning".
#[test]
fn a_wrongly_recorded_licence_is_corrected_under_its_own_identifier() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let wrong = Licence { document: file_of("wrong"), valid_until_ms: Some(at(2_500)), ..home.licence("a") };
    network.must(&home.key, LicenceOperation::Issue(wrong.clone()));
    assert_eq!(asked(&network, "a", Some("right"), at(BLOCK_MS)).0, Verdict::Invalid, "before the correction");
    let right = Licence { document: file_of("right"), valid_until_ms: None, ..wrong };
    let recorded = network.must(&home.key, correct("a", &right));
    let late = at(10 * BLOCK_MS);
    let (verdict, checks) = asked(&network, "a", Some("right"), late);
    assert_eq!((verdict, code(&checks, "content")), (Verdict::Valid, Some("content.matches")));
    assert_eq!(code(&checks, "corrected"), Some("record.corrected"));
    let (verdict, checks) = asked(&network, "a", Some("wrong"), late);
    assert_eq!((verdict, code(&checks, "content")), (Verdict::Invalid, Some("content.in_error")));
    // Both answers about a time between issue and correction: right by what is known now, expired by what was known then.
    let (verdict, checks) = asked(&network, "a", Some("right"), at(2_600).min(at(2 * BLOCK_MS - 1)));
    assert_eq!(verdict, Verdict::Valid);
    assert_eq!(code(&checks, "corrected"), Some("record.corrected_later"));
    let state = network.licence_state(&licence_ref("a")).unwrap();
    assert_eq!((state.status, state.changes().count()), (LicenceStatus::Issued, 0), "no change of its status");
    assert_eq!(state.upkeep.corrections[0].recorded_by, recorded);
    // The identifier is not burnt: life goes on, with the correction kept.
    network.must(&home.key, LicenceOperation::Suspend(change("a")));
    network.must(&home.key, LicenceOperation::Restore(change("a")));
    let state = network.licence_state(&licence_ref("a")).unwrap();
    assert_eq!((state.changes().count(), state.upkeep.corrections.len()), (2, 1));
}

/// Every sequence of three corrections of the end of validity, against a list that is looked up by hand.
#[test]
fn every_short_history_of_corrections_answers_like_the_naive_model() {
    let ends = [None, Some(at(1)), Some(at(2 * BLOCK_MS + 1)), Some(at(100 * BLOCK_MS))];
    let choices = || 0..ends.len();
    let all: Vec<[usize; 3]> =
        choices().flat_map(|a| choices().flat_map(move |b| (0..4).map(move |c| [a, b, c]))).collect();
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let name = |number: usize| format!("corrected {number}");
    let issues = (0..all.len()).map(|number| {
        network.transaction(&home.key, vec![Op::from(LicenceOperation::Issue(home.licence(&name(number)))).0])
    });
    let issues = issues.collect();
    network.commit(issues);
    // The naive model: the end known from each block on.
    let mut known: Vec<Vec<(TimeMs, Option<TimeMs>)>> = vec![vec![(at(BLOCK_MS), None)]; all.len()];
    for (step, block) in [2, 3, 4].into_iter().enumerate() {
        let corrections = all.iter().enumerate().map(|(number, choices)| {
            let right = Licence { valid_until_ms: ends[choices[step]], ..home.licence(&name(number)) };
            network.transaction(&home.key, vec![Op::from(correct(&name(number), &right)).0])
        });
        let corrections = corrections.collect();
        for (number, outcome) in network.commit(corrections).into_iter().enumerate() {
            let end = ends[all[number][step]];
            let changes_nothing = known[number].last().unwrap().1 == end;
            assert_eq!(matches!(outcome, huxin_chain_spec::transaction::Outcome::Committed { .. }), !changes_nothing);
            if !changes_nothing {
                known[number].push((at(block * BLOCK_MS), end));
            }
        }
    }
    for (number, model) in known.iter().enumerate() {
        for day in (1..=5).flat_map(|block| [at(block * BLOCK_MS), at(block * BLOCK_MS + 1)]) {
            let verdict_by =
                |end: Option<TimeMs>| if end.is_some_and(|end| day >= end) { Verdict::Expired } else { Verdict::Valid };
            let now = verdict_by(model.last().unwrap().1);
            let then = verdict_by(model.iter().rev().find(|(recorded, _)| *recorded <= day).unwrap().1);
            let (verdict, checks) = asked(&network, &name(number), None, day);
            assert_eq!(verdict, now, "{:?} at {day}", all[number]);
            assert_eq!(code(&checks, "validity_then").is_some(), now != then, "{:?} at {day}", all[number]);
            let corrected = (model.len() > 1).then(|| model.last().unwrap().0 > day);
            let expected = corrected.map(|later| if later { "record.corrected_later" } else { "record.corrected" });
            assert_eq!(code(&checks, "corrected"), expected);
        }
    }
}

/// 副本, 加注件, downloads sealed again, another format: each was UNKNOWN or INVALID.
#[test]
fn every_genuine_file_verifies_and_says_what_it_is() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    for role in AttachmentRole::ALL {
        network.must(&home.key, attach("a", role.words().0, role));
    }
    let now = at(10 * BLOCK_MS);
    for role in AttachmentRole::ALL {
        let word = role.words().0;
        let (verdict, checks) = asked(&network, "a", Some(word), now);
        assert_eq!((verdict, code(&checks, "content")), (Verdict::Valid, Some(&*format!("content.{word}"))));
    }
    assert_eq!(asked(&network, "a", Some("a"), now).0, Verdict::Valid, "the first file still is");
    assert_eq!(asked(&network, "a", Some("another"), now).0, Verdict::Invalid);
    // Of a time before it was attached nothing is said.
    let (verdict, checks) = asked(&network, "a", Some("duplicate"), at(BLOCK_MS));
    assert_eq!((verdict, code(&checks, "content")), (Verdict::Unknown, Some("content.attached_later")));
    // A further file of a withdrawn licence says so.
    network.must(&home.key, LicenceOperation::Withdraw(change("a")));
    let (verdict, checks) = asked(&network, "a", Some("annotated"), now);
    assert_eq!((verdict, code(&checks, "status")), (Verdict::Invalid, Some("status.withdrawn")));
    assert_eq!(code(&checks, "content"), Some("content.annotated"));
}

#[test]
fn a_further_file_ends_and_the_licence_stays() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, attach("a", "lost", AttachmentRole::Duplicate));
    let expires_ms = Some(at(20 * BLOCK_MS));
    let noted = Attachment {
        licence: licence_ref("a"),
        document: file_of("noted"),
        role: AttachmentRole::Annotated,
        purpose: Some("TB-1".parse().unwrap()),
        expires_ms,
    };
    network.must(&home.key, LicenceOperation::Attach(noted.clone()));
    let end = network.next_ms();
    network.must(&home.key, detach("a", "lost", end));
    let found = |file, day| {
        let (verdict, checks) = asked(&network, "a", Some(file), day);
        (verdict, code(&checks, "content").unwrap().to_owned())
    };
    assert_eq!(found("lost", end), (Verdict::Expired, "content.attachment_ended".to_owned()));
    assert_eq!(found("lost", TimeMs(end.0 - 1)).0, Verdict::Valid, "until then it stood");
    assert_eq!(found("noted", at(20 * BLOCK_MS)), (Verdict::Expired, "content.attachment_expired".to_owned()));
    assert_eq!(found("noted", at(20 * BLOCK_MS - 1)).0, Verdict::Valid);
    assert_eq!(found("a", at(21 * BLOCK_MS)).0, Verdict::Valid);
    // Found again: a second time it stands from then on, and the gap stays.
    network.must(&home.key, attach("a", "lost", AttachmentRole::Duplicate));
    let again = |day| asked(&network, "a", Some("lost"), day).0;
    assert_eq!([end.minus_ms(1), end.plus_ms(2 * BLOCK_MS)].map(again), [Verdict::Valid; 2]);
    assert_eq!(again(TimeMs(end.0 + 1)), Verdict::Unknown, "in the gap it was not yet attached again");
}

#[test]
fn each_rule_refuses_with_its_own_code() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let there = network.provinces[JIANGSU].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, attach("a", "copy", AttachmentRole::Duplicate));
    let right = Licence { document: file_of("right"), ..home.licence("a") };
    network.must(&home.key, correct("a", &right));
    let now = network.next_ms();
    let attachment = |content: &str| Attachment {
        licence: licence_ref("a"),
        document: file_of(content),
        role: AttachmentRole::Format,
        purpose: None,
        expires_ms: None,
    };
    let empty = Document { size_bytes: 0, ..file_of("x") };
    let long = Document { size_bytes: 1 << 53, ..file_of("x") };
    let late = now.plus_ms(huxin_chain_spec::rules::licence::EFFECTIVE_AHEAD_MS_MAX + 1);
    let cases = [
        (Code::LicenceCorrectionEmpty, correct("a", &right)),
        (Code::LicenceDocumentMissing, correct("a", &Licence { document: empty, ..right.clone() })),
        (Code::EncodingNumberTooLarge, correct("a", &Licence { document: long, ..right.clone() })),
        (Code::LicenceValidityWindow, correct("a", &Licence { valid_until_ms: Some(TimeMs(1)), ..right.clone() })),
        (Code::OrganisationWrongProvince, correct("a", &Licence { region: there.region, ..right.clone() })),
        (Code::LicenceUnknown, correct("b", &right)),
        (Code::LicenceAttachmentExists, attach("a", "copy", AttachmentRole::Format)),
        (Code::LicenceAttachmentExists, attach("a", "right", AttachmentRole::Duplicate)),
        (Code::LicenceAttachmentExists, attach("a", "a", AttachmentRole::Duplicate)),
        (Code::LicenceDocumentMissing, LicenceOperation::Attach(Attachment { document: empty, ..attachment("x") })),
        (Code::EncodingNumberTooLarge, LicenceOperation::Attach(Attachment { document: long, ..attachment("x") })),
        (
            Code::LicenceValidityWindow,
            LicenceOperation::Attach(Attachment { expires_ms: Some(now), ..attachment("x") }),
        ),
        (Code::LicenceAttachmentUnknown, detach("a", "right", now)),
        (Code::LicenceAttachmentUnknown, detach("a", "nothing", now)),
        (Code::LicenceEffectiveTime, detach("a", "copy", late)),
        (Code::LicenceEffectiveTime, detach("a", "copy", TimeMs(0))),
    ];
    for (code, operation) in cases {
        assert_eq!(network.try_one(&home.key, operation.clone()).unwrap_err(), code, "{operation:?}");
    }
    network.must(&home.key, detach("a", "copy", now));
    assert_eq!(network.try_one(&home.key, detach("a", "copy", now)).unwrap_err(), Code::LicenceAttachmentUnknown);
}

/// The privacy filter reads the codes of all four.
#[test]
fn a_number_of_a_person_in_a_code_is_refused() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    let number = "13800138000";
    let mut operations = [
        correct("a", &Licence { exception: Some(basis(number)), ..home.licence("a") }),
        attach("a", "x", AttachmentRole::Annotated),
        detach("a", "x", at(0)),
        annual_check("a", 2026, AnnualOutcome::Passed, at(0)),
    ];
    for operation in &mut operations {
        match operation {
            LicenceOperation::Attach(attachment) => attachment.purpose = Some(number.parse().unwrap()),
            LicenceOperation::Detach(detachment) => detachment.basis = basis(number),
            LicenceOperation::AnnualCheck(check) => check.basis = basis(number),
            _ => {}
        }
        assert_eq!(network.try_one(&home.key, operation.clone()).unwrap_err(), Code::PrivacyMobileNumber);
    }
}

#[test]
fn lists_have_an_end_and_a_new_version_begins_with_empty_ones() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    let right = |number: usize| Licence { valid_until_ms: Some(at(1_000_000 + number as u64)), ..home.licence("a") };
    let many: Vec<_> = (0..CORRECTIONS_MAX)
        .map(|number| correct("a", &right(number)))
        .chain((0..ATTACHMENTS_MAX).map(|number| attach("a", &format!("copy {number}"), AttachmentRole::Reissued)))
        .chain(
            (0..ANNUAL_CHECKS_MAX)
                .map(|number| annual_check("a", 1899 + number as u16, AnnualOutcome::Passed, at(number as u64))),
        )
        .map(|operation| Op::from(operation).0)
        .collect();
    let all = network.transaction(&home.key, many);
    assert!(matches!(network.commit(vec![all])[0], huxin_chain_spec::transaction::Outcome::Committed { .. }));
    for operation in [
        correct("a", &right(CORRECTIONS_MAX)),
        attach("a", "one more", AttachmentRole::Reissued),
        annual_check("a", 2026, AnnualOutcome::Passed, at(2_000_000)),
    ] {
        assert_eq!(network.try_one(&home.key, operation).unwrap_err(), Code::LicenceUpkeepFull);
    }
    let bytes = huxin_chain_spec::codec::encode(&network.licence_state(&licence_ref("a")).unwrap()).len();
    assert!(bytes < 24 * 1024, "{bytes} bytes");
    network.must(&home.key, amend(&home, "a", "b", 2));
    network.must(&home.key, attach("b", "one more", AttachmentRole::Reissued));
}

/// 年检 without a new version: covered, failed, past, and passed after a failure.
#[test]
fn an_annual_check_is_read_without_a_new_version() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    let none = asked(&network, "a", None, at(BLOCK_MS)).1;
    assert_eq!(code(&none, "annual"), None, "whether a licence needs one is not on the ledger");
    let days = [at(10_000_000), at(20_000_000)];
    network.must(&home.key, annual_check("a", 2025, AnnualOutcome::Passed, days[0]));
    network.must(&home.key, annual_check("a", 2026, AnnualOutcome::Failed, days[1]));
    let before_the_first = TimeMs(days[0].0 - 1);
    for (year, until) in [(2025, days[1]), (2026, before_the_first)] {
        let refused = network.try_one(&home.key, annual_check("a", year, AnnualOutcome::Passed, until));
        assert_eq!(refused.unwrap_err(), Code::LicenceAnnualCheckOrder);
    }
    // A slip of the year would shut out every later check.
    let eleven_years = at(11 * 366 * 24 * 3_600_000);
    for (year, until) in [(9999, days[1]), (2027, days[1]), (2026, eleven_years)] {
        let refused = network.try_one(&home.key, annual_check("a", year, AnnualOutcome::Passed, until));
        assert_eq!(refused.unwrap_err(), Code::LicenceAnnualCheckYear, "{year}");
    }
    let found = |network: &Network, day: TimeMs| {
        let (verdict, checks) = asked(network, "a", None, day);
        assert_eq!(verdict, Verdict::Valid, "it changes no verdict");
        code(&checks, "annual").unwrap().to_owned()
    };
    let before = |day: TimeMs| TimeMs(day.0 - 1);
    assert_eq!(found(&network, before(days[0])), "annual.checked");
    assert_eq!(found(&network, days[0]), "annual.failed");
    assert_eq!(found(&network, days[1]), "annual.past");
    network.must(&home.key, annual_check("a", 2026, AnnualOutcome::Reported, days[1]));
    assert_eq!(found(&network, days[0]), "annual.checked");
    // A cover that was recorded too long is put right by the same year.
    network.must(&home.key, annual_check("a", 2026, AnnualOutcome::Reported, TimeMs(days[0].0 + 1)));
    assert_eq!(found(&network, TimeMs(days[0].0 + 1)), "annual.past");
}

/// A proof from which the state was cut out cannot make a genuine copy invalid: it may have been attached since.
#[test]
fn a_receipt_without_its_state_leaves_a_further_file_unknown() {
    let home = provinces()[SHANGHAI].issuer.clone();
    let licence = home.licence("a");
    let content = |file: &str| Content::of(&licence, StateAt::NotCovered, at(0), |known| *known == file_of(file));
    assert_eq!(content("a"), Content::Matches);
    assert_eq!(content("copy"), Content::NotCovered);
    let evidence = Evidence {
        licence: &licence,
        recorder: home.organisation,
        competence: None,
        recorded_ms: at(0),
        state_then: StateAt::NotCovered,
        state_now: None,
        as_of_ms: at(1),
        content: content("copy"),
        identifier: Identifier::NotGiven,
        proven: true,
    };
    assert_eq!(judge(&evidence).0, Verdict::Unknown);
}

/// Words in JSON are those of the answers.
#[test]
fn words_are_those_of_the_ledgers_own_json() {
    for reason in CorrectionReason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.words().0);
    }
    for role in AttachmentRole::ALL {
        assert_eq!(serde_json::to_value(role).unwrap(), role.words().0);
    }
    for outcome in AnnualOutcome::ALL {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.words().0);
    }
    assert_eq!(LicenceState::corrected(None, &provinces()[0].issuer.licence("a"), at(0)).version, 1);
}
