//! The evidence family: what is refused and why, and the page that says so.

use std::fmt::Write as _;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{KeyId, SigningKey};
use huxin_chain_spec::ids::{Height, RecordIndex, TimeMs};
use huxin_chain_spec::record::EvidenceOperation;
use huxin_chain_spec::record::evidence::*;
use huxin_chain_spec::record::publication::PublicationKind;
use huxin_chain_spec::rules::evidence::{Need, need, next_share_status};
use huxin_chain_spec::state::evidence::ShareStatus;

use crate::evidence_table::{STEPS, bring_into, step};
use crate::support::*;

use EvidenceOperation as Op;

type Attempt = fn(&EvidenceBench) -> (SigningKey, EvidenceOperation);

/// The one operation of this kind that is good on the bench, after `change`.
macro_rules! spoiled {
    ($bench:expr, $variant:ident, $change:expr) => {{
        let mut found = all_evidence()
            .into_iter()
            .find_map(|operation| match operation {
                Op::$variant(inner) => Some(inner),
                _ => None,
            })
            .unwrap();
        let change: fn(&mut $variant) = $change;
        change(&mut found);
        ($bench.home(), Op::$variant(found))
    }};
}

fn row(
    code: Code,
    applies_to: &'static str,
    rule: &'static str,
    source: &'static str,
    attempt: Attempt,
) -> Refusal<Attempt> {
    Refusal { code, applies_to, rule, source, attempt }
}

const LEDGER: &str = "this ledger";
const AHEAD: TimeMs = TimeMs(GENESIS_MS).plus_ms(10 * SEAL_YEAR_MS);

/// Everything but the table of transitions, in the order in which it is checked.
fn rows() -> Vec<Refusal<Attempt>> {
    let mut rows = about_rows();
    rows.extend(material_rows());
    rows.extend(share_rows());
    rows.extend(case_rows());
    rows.extend(report_rows());
    rows
}

fn about_rows() -> Vec<Refusal<Attempt>> {
    vec![
        row(Code::KeyNotPermitted, "all", "the key holds `evidence`", LEDGER, |bench| {
            (bench.network.registrar(SHANGHAI), Op::MaterialDemand(material_demand()))
        }),
        row(Code::EvidenceCaseMissing, "what needs a case", "a case is named", LEDGER, |bench| {
            spoiled!(bench, Visit, |visit| visit.about = about_subject())
        }),
        row(Code::EvidenceSubjectMissing, "what needs a subject", "a subject is named", LEDGER, |bench| {
            spoiled!(bench, Erasure, |erasure| erasure.about = about_case())
        }),
        row(Code::EvidenceAboutMissing, "what needs either", "a case or a subject is named", "C2, E9", |bench| {
            spoiled!(bench, LicenceUse, |usage| usage.about.case = None)
        }),
        row(Code::EvidenceCaseUnknown, "all", "a case that is named is on the ledger", LEDGER, |bench| {
            spoiled!(bench, LicenceUse, |usage| usage.about.case = Some(case("another")))
        }),
        row(
            Code::EvidenceCaseElsewhere,
            "what needs a case",
            "the signer is of a province that collected or handled the case, or now acts for it",
            LEDGER,
            |bench| (bench.network.issuer(ANHUI), spoiled!(bench, Rating, |_| {}).1),
        ),
        row(
            Code::EvidenceTimeAhead,
            "evidence with a time",
            "the stated time is at most ten minutes after the block",
            LEDGER,
            |bench| spoiled!(bench, Assertion, |assertion| assertion.authenticated_ms = AHEAD),
        ),
    ]
}

fn material_rows() -> Vec<Refusal<Attempt>> {
    vec![
        row(Code::EvidenceDocumentMissing, "`material`", "the file has a length", "C13", |bench| {
            spoiled!(bench, Material, |material| material.document.size_bytes = 0)
        }),
        row(Code::EvidenceMaterialExpired, "`material`", "it serves at the time of the block", "C13", |bench| {
            spoiled!(bench, Material, |material| material.valid_until_ms = Some(TimeMs(GENESIS_MS)))
        }),
        row(
            Code::EvidenceLicenceUnknown,
            "`material` from a licence, `licence_use`, `intermediary_report`",
            "the licence was issued on the ledger",
            "C2, C13, E31",
            |bench| spoiled!(bench, LicenceUse, |usage| usage.licence = licence_ref("unknown")),
        ),
        row(Code::EvidenceShareUnknown, "`material` from a share", "the share exists", "C13", |bench| {
            spoiled!(bench, Material, |material| {
                material.origin = MaterialOrigin::Share { request: share_named("unknown") };
            })
        }),
        row(
            Code::EvidenceShareNotRequester,
            "`material` from a share",
            "the signer's organisation asked for it",
            "C13",
            |bench| {
                spoiled!(bench, Material, |material| {
                    material.origin = MaterialOrigin::Share { request: share_named("Delivered") };
                })
            },
        ),
        row(Code::EvidenceShareNotDelivered, "`material` from a share", "it was delivered", "C13", |bench| {
            let origin = MaterialOrigin::Share { request: share_named("Approved") };
            (bench.network.issuer(JIANGSU), Op::Material(Material { origin, ..material() }))
        }),
    ]
}

/// Jiangsu asks for something with one thing wrong.
fn asked(bench: &EvidenceBench, change: impl FnOnce(&mut ShareRequest)) -> (SigningKey, EvidenceOperation) {
    let mut request = share_request("fresh");
    change(&mut request);
    (bench.network.issuer(JIANGSU), Op::ShareRequest(request))
}

fn share_rows() -> Vec<Refusal<Attempt>> {
    const ASK: &str = "`share_request`";
    vec![
        row(Code::EvidenceShareDuplicate, ASK, "the digest of the request is new", LEDGER, |bench| {
            asked(bench, |request| *request = share_request("Denied"))
        }),
        row(Code::EvidenceShareWithSelf, ASK, "the provider is another organisation", "E9", |bench| {
            let provider = bench.network.provinces[JIANGSU].issuer.organisation;
            asked(bench, |request| request.provider = provider)
        }),
        row(
            Code::EvidenceShareReferenceNotOwn,
            ASK,
            "the reference is made from the requester's code and the name given",
            "E9",
            |bench| (bench.home(), Op::ShareRequest(share_request("fresh"))),
        ),
        row(Code::EvidenceShareCount, ASK, "at least one record is asked for", "E9", |bench| {
            asked(bench, |request| request.records_max = 0)
        }),
        row(Code::EvidenceShareDue, ASK, "the answer is due after the block", "E9", |bench| {
            asked(bench, |request| request.due_ms = TimeMs(GENESIS_MS))
        }),
        row(Code::EvidencePublicationKind, ASK, "the publication is a data catalogue", "E8, E9", |bench| {
            asked(bench, |request| request.catalogue = published(PublicationKind::Policy))
        }),
        row(Code::EvidencePublicationUnknown, ASK, "that version of the catalogue was published", "E8, E9", |bench| {
            asked(bench, |request| request.catalogue_version = 2)
        }),
        row(Code::OrganisationUnknown, ASK, "the provider is a member", LEDGER, |bench| {
            asked(bench, |request| request.provider = uscc("1131000000009999"))
        }),
        row(
            Code::EvidenceShareUnknown,
            "`share_approve`, `share_deny`, `share_deliver`, `share_return`",
            "the share exists",
            "E9",
            |bench| (bench.home(), step("approve", "unknown")),
        ),
        row(
            Code::EvidenceShareNotProvider,
            "`share_approve`, `share_deny`, `share_deliver`",
            "the signer's organisation is the provider",
            "E9",
            |bench| (bench.network.issuer(JIANGSU), step("approve", "Requested")),
        ),
        row(
            Code::EvidenceShareNotRequester,
            "`share_return`",
            "the signer's organisation is the requester",
            "E9",
            |bench| (bench.home(), step("return", "Delivered")),
        ),
        row(Code::EvidenceDocumentMissing, "`share_deliver`", "the payload has a length", "E9", |bench| {
            let mut delivery = share_delivery("Approved");
            delivery.payload.size_bytes = 0;
            (bench.home(), Op::ShareDeliver(delivery))
        }),
        row(Code::EvidenceShareCount, "`share_deliver`", "1 record to as many as were asked for", "E9", |bench| {
            (bench.home(), Op::ShareDeliver(ShareDelivery { records: 11, ..share_delivery("Approved") }))
        }),
    ]
}

fn case_rows() -> Vec<Refusal<Attempt>> {
    vec![
        row(
            Code::EvidenceSessionParticipants,
            "`session`",
            "2 to 8 participants, ascending, none twice",
            "E11",
            |bench| spoiled!(bench, Session, |session| session.participants.reverse()),
        ),
        row(Code::EvidenceSessionSignerAbsent, "`session`", "the signer took part", "E11", |bench| {
            let (_, operation) = spoiled!(bench, Session, |session| session.about.case = Some(case("relayed")));
            (bench.network.issuer(ZHEJIANG), operation)
        }),
        row(
            Code::EvidenceSessionParticipantUnknown,
            "`session`",
            "each participant's key is registered",
            "E11",
            |bench| {
                spoiled!(bench, Session, |session| {
                    session.participants.push(KeyId(digest(0xee)));
                    session.participants.sort_unstable();
                })
            },
        ),
        row(
            Code::EvidencePeriod,
            "`session`, `decision_publication`",
            "the end is after the start",
            "E11, E28",
            |bench| spoiled!(bench, Session, |session| session.started_ms = session.ended_ms),
        ),
        row(Code::EvidencePeriod, "`decision_publication`", "the publicity period is not empty", "E28", |bench| {
            spoiled!(bench, DecisionPublication, |publication| publication.until_ms = publication.from_ms)
        }),
        row(Code::EvidenceArchiveEmpty, "`archive_deposit`", "at least one file", "E15", |bench| {
            spoiled!(bench, ArchiveDeposit, |deposit| deposit.files = 0)
        }),
        row(Code::OrganisationWrongProvince, "`visit`", "the place is in the signer's province", "E26", |bench| {
            spoiled!(bench, Visit, |visit| visit.region = "320500".parse().unwrap())
        }),
        row(Code::EvidenceRatingExists, "`rating`", "the case was not rated yet", "E24", |bench| {
            spoiled!(bench, Rating, |rating| rating.about.case = Some(case("rated")))
        }),
    ]
}

fn report_rows() -> Vec<Refusal<Attempt>> {
    vec![
        row(Code::EvidenceMetricRange, "`metric_statement`", "the records named exist", "E20", |bench| {
            spoiled!(bench, MetricStatement, |statement| statement.end = RecordIndex(1_000))
        }),
        row(Code::EvidenceMetricRange, "`metric_statement`", "at least one record is named", "E20", |bench| {
            spoiled!(bench, MetricStatement, |statement| statement.first = statement.end)
        }),
        row(Code::EvidenceMetricScale, "`metric_statement`", "at most nine decimal places", LEDGER, |bench| {
            spoiled!(bench, MetricStatement, |statement| statement.scale = 10)
        }),
        row(Code::EvidenceDocumentMissing, "`intermediary_report`", "the report has a length", "E31", |bench| {
            spoiled!(bench, IntermediaryReport, |report| report.report.size_bytes = 0)
        }),
        row(
            Code::EvidenceInstitutionMismatch,
            "`intermediary_report`",
            "the institution signs its own report",
            "E31",
            |bench| spoiled!(bench, IntermediaryReport, |report| report.institution = uscc("1131000000002437")),
        ),
        row(Code::EvidencePublicationKind, "`match_decision`", "the publication is a policy", "E14", |bench| {
            spoiled!(bench, MatchDecision, |decision| decision.policy = published(PublicationKind::DataCatalogue))
        }),
        row(Code::EvidencePublicationUnknown, "`match_decision`", "that version was published", "E14", |bench| {
            spoiled!(bench, MatchDecision, |decision| decision.version = 2)
        }),
        row(Code::EvidenceCheckpointAhead, "`checkpoint`", "block and log are there already", "C17", |bench| {
            spoiled!(bench, Checkpoint, |checkpoint| checkpoint.height = Height(1_000))
        }),
    ]
}

fn bench() -> EvidenceBench {
    let mut bench = EvidenceBench::new();
    for status in ShareStatus::ALL {
        bring_into(&mut bench, &format!("{status:?}"), status);
    }
    bench.add_case("rated", &[]);
    bench.add_case("relayed", &[ZHEJIANG]);
    let (home, rating) = spoiled!(bench, Rating, |rating| rating.about.case = Some(case("rated")));
    bench.must(&home, rating);
    bench
}

#[test]
fn each_rule_refuses_with_its_own_code() {
    let mut bench = bench();
    for row in rows() {
        let (signer, operation) = (row.attempt)(&bench);
        assert_eq!(bench.try_one(&signer, operation).err(), Some(row.code), "{}: {}", row.applies_to, row.rule);
    }
    let (signer, good) = asked(&bench, |_| {});
    bench.try_one(&signer, good).unwrap();
    let origin = MaterialOrigin::Share { request: share_named("Delivered") };
    let taker = bench.network.issuer(JIANGSU);
    bench.try_one(&taker, Op::Material(Material { origin, ..material() })).unwrap();
}

/// Any evidence key could give the only rating of a case, and count visits that never took place.
#[test]
fn what_happened_around_a_case_is_said_by_its_provinces() {
    let mut bench = bench();
    for operation in all_evidence().iter().filter(|operation| need(operation) == Need::Case) {
        if matches!(operation, Op::Session(_) | Op::Visit(_)) {
            continue; // Bound to one signer and one place anyway.
        }
        let (there, elsewhere) = (bench.network.issuer(JIANGSU), bench.network.issuer(ZHEJIANG));
        bench.try_one(&there, operation.clone()).unwrap();
        assert_eq!(bench.try_one(&elsewhere, operation.clone()).err(), Some(Code::EvidenceCaseElsewhere));
    }
    // An agency that finished its part of a relay has a say, its neighbours have none.
    let rating = |bench: &EvidenceBench| spoiled!(bench, Rating, |rating| rating.about.case = Some(case("relayed"))).1;
    for (province, expected) in [(ANHUI, Some(Code::EvidenceCaseElsewhere)), (ZHEJIANG, None)] {
        let (signer, operation) = (bench.network.issuer(province), rating(&bench));
        assert_eq!(bench.try_one(&signer, operation).err(), expected);
    }
}

/// A material is taken from a share only while its delivery stands: one that was given back is faulty.
#[test]
fn a_material_comes_from_a_standing_delivery() {
    let mut bench = bench();
    let taker = bench.network.issuer(JIANGSU);
    for status in ShareStatus::ALL {
        let origin = MaterialOrigin::Share { request: share_named(&format!("{status:?}")) };
        let found = bench.try_one(&taker, Op::Material(Material { origin, ..material() })).err();
        let stands = status == ShareStatus::Delivered;
        assert_eq!(found, (!stands).then_some(Code::EvidenceShareNotDelivered), "{status:?}");
    }
}

/// Each time that must not lie ahead is checked.
#[test]
fn nothing_happened_in_the_future() {
    let mut bench = bench();
    let ahead = [
        spoiled!(bench, Assertion, |inner| inner.authenticated_ms = AHEAD),
        spoiled!(bench, Session, |inner| inner.ended_ms = AHEAD),
        spoiled!(bench, Delivery, |inner| inner.occurred_ms = AHEAD),
        spoiled!(bench, Visit, |inner| inner.occurred_ms = AHEAD),
        spoiled!(bench, DecisionPublication, |inner| {
            inner.from_ms = AHEAD;
            inner.until_ms = AHEAD.plus_ms(1);
        }),
        spoiled!(bench, Erasure, |inner| inner.erased_ms = AHEAD),
    ];
    for (signer, operation) in ahead {
        let name = operation.name();
        assert_eq!(bench.try_one(&signer, operation).err(), Some(Code::EvidenceTimeAhead), "{name}");
    }
}

/// Each kind without what it is about, and about a case that is not there.
#[test]
fn nothing_is_about_nothing() {
    let mut bench = bench();
    let home = bench.home();
    for operation in all_evidence() {
        let mut json = serde_json::to_value(&operation).unwrap();
        let expected = match need(&operation) {
            Need::Case => Code::EvidenceCaseMissing,
            Need::Subject => Code::EvidenceSubjectMissing,
            Need::Either => Code::EvidenceAboutMissing,
            Need::Nothing => {
                assert!(operation.about().is_none() && operation.purpose().is_some(), "{}", operation.name());
                continue;
            }
        };
        json["about"]["case"] = serde_json::Value::Null;
        json["about"]["subject"] = serde_json::Value::Null;
        let bare: EvidenceOperation = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(bench.try_one(&home, bare).err(), Some(expected), "{}", operation.name());
        json["about"]["case"] = serde_json::to_value(case("another")).unwrap();
        json["about"]["subject"] = serde_json::to_value(subject("s")).unwrap();
        let elsewhere: EvidenceOperation = serde_json::from_value(json).unwrap();
        assert_eq!(bench.try_one(&home, elsewhere).err(), Some(Code::EvidenceCaseUnknown), "{}", operation.name());
    }
}

#[test]
fn privacy() {
    let mut bench = bench();
    let mut spoil = spoiled!(bench, Visit, |visit| visit.about.purpose = "T-13800138000".parse().unwrap());
    assert_eq!(bench.try_one(&spoil.0, spoil.1).err(), Some(Code::PrivacyMobileNumber));
    spoil = spoiled!(bench, Material, |material| material.material = "11010519491231002X".parse().unwrap());
    assert_eq!(bench.try_one(&spoil.0, spoil.1).err(), Some(Code::PrivacyResidentNumber));
}

const INTRODUCTION: &str = "# Evidence: kinds, the life of a data share, refusals

This page is rendered from the rules by `chain-spec/tests/it/evidence_rules.rs`, which also provokes each refusal; the test fails
if page and code differ. Numbers such as C13 and E9 are rows of the features table.

Evidence is added and never changed or deleted. It names its purpose, and what it is about: a case on the ledger, a subject's keyed
commitment, or both. Persons and files appear as commitments and digests only.

## Kinds

| record | about | keyed state | feature |
|---|---|---|---|
";

/// The state stored for it, and the rows of the features table. Every kind is listed once.
fn kind_row(operation: &EvidenceOperation) -> (&'static str, &'static str) {
    match operation {
        Op::Material(_) => ("material on file", "C13 电子材料同等效力; E16 class and ground"),
        Op::MaterialDemand(_) => ("material on file: demands, and repeated ones", "C14 不得要求重复提供"),
        Op::LicenceUse(_) => ("", "C2 直接调取电子证照"),
        Op::ShareRequest(_) | Op::ShareApprove(_) | Op::ShareDeny(_) | Op::ShareDeliver(_) | Op::ShareReturn(_) => {
            ("data share", "E9 数据互认共享")
        }
        Op::Assertion(_) => ("", "E10 统一身份认证"),
        Op::Session(_) => ("case: number of sessions", "E11 远程虚拟窗口"),
        Op::ArchiveDeposit(_) => ("case: latest deposit", "E15 电子档案"),
        Op::Delivery(_) => ("case: number of stages", "E21 快递送达"),
        Op::Visit(_) => ("case: number of visits", "E26 最多一次上门"),
        Op::Rating(_) => ("rating of the case", "E24 网上评价"),
        Op::MetricStatement(_) => ("", "E20 统计可复算"),
        Op::IntermediaryReport(_) => ("", "E31 中介服务"),
        Op::DecisionPublication(_) => ("case: latest publication", "E28 决定公开"),
        Op::MatchDecision(_) => ("", "E14 免申即享"),
        Op::Erasure(_) => ("", "E16 数据安全: key erasure"),
        Op::Checkpoint(_) => ("", "C17 audit checkpoint with opinion"),
    }
}

fn kinds() -> String {
    let mut text = String::new();
    let mut all = all_evidence();
    all.extend(STEPS[1..].iter().map(|kind| step(kind, "a")));
    all.sort_by_key(EvidenceOperation::kind);
    for operation in all {
        let about = match need(&operation) {
            Need::Case => "a case",
            Need::Subject => "a subject",
            Need::Either => "a case or a subject",
            Need::Nothing if operation.purpose().is_none() => "what its request is about",
            Need::Nothing => "purpose only",
        };
        let (kept, feature) = kind_row(&operation);
        writeln!(text, "| `{}` | {about} | {kept} | {feature} |", operation.name()).unwrap();
    }
    text
}

const DECISIONS: &str = "
*Evidence with a time* is `assertion`, `session`, `delivery`, `visit`, `decision_publication` (its start) and `erasure`.

The state of a share is checked before the party. Key, system, organisation and province of the signer must be active, as for every
operation, and no text may hold a personal number.

## Decisions

* **Materials** (C13, C14). A material is on file if it can be obtained through sharing and is still valid. Demanding it from the
  applicant then is never refused, because the violation must be on record: the ledger marks the demand as repeated and counts it. It
  also counts a material that the applicant hands in although a valid one was on file. \"May it be demanded again\" is one keyed read.
* **Licence use** (C2, C15). The licence was issued on the ledger. The record does not repeat its status at that height: the ledger has
  it, and receipts prove it. Whether an answer to a verification was right can be derived in the same way.
* **Shares** (E9). The payload never goes on the ledger. Whether an answer is overdue is derived from the due time. A provider cannot
  deliver more records than were asked for. A faulty delivery is returned and followed by another. After a reform, who acts in the
  publications of the provider answers and delivers, and who acts in the cases of the requester uses and returns (机构改革,
  [succession](succession.md)); the predecessor gets `organisation.succeeded`, and so does a request that names it.
* **Identity sources** (E10). The signer's system is the source; it is registered like every system.
* **Sessions** (E11). Each window records its side; the digest of the recording links them.
* **Ratings** (E24). One per case; it cannot be changed or removed.
* **Intermediaries** (E31). Whether the licence was in force on that day is derived from the licence's own history.
* **Checkpoints** (C17). The rules ensure that block and log exist. The reader compares the auditor's digests with the ledger's: an
  opinion that deviates is recorded like one that conforms.

## Codes

";

#[test]
fn page() {
    let state_name = |status: ShareStatus| format!("{status:?}").to_uppercase();
    let rows: Vec<(String, Vec<Result<ShareStatus, Code>>)> = STEPS
        .iter()
        .map(|kind| {
            let operation = step(kind, "a");
            let cells = ShareStatus::ALL.iter().map(|status| next_share_status(*status, &operation)).collect();
            ((*kind).to_owned(), cells)
        })
        .collect();
    let mut text = INTRODUCTION.to_owned() + &kinds();
    text += "\n## The life of a data share\n\nEach operation is `evidence.share_…`. `→ STATE` is the state after the step; a code is the refusal. 政务数据共享条例 (国务院令第809号).\n\n";
    text += &transitions(&ShareStatus::ALL, state_name, &rows);
    text += "\n## What else must hold\n\nIn the order in which it is checked for each kind; the first refusal ends the transaction, and none of it takes effect.\n\n";
    text += &refusals(&self::rows());
    text += DECISIONS;
    assert_all_codes_shown("evidence", &text);
    text += &codes_in_brief("evidence");
    golden_page("evidence", &text);
}
