//! `docs/rules/governance.md` says what the code does: it is rendered from the code's own tables and compared.

use std::fmt::Write as _;
use std::path::PathBuf;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::features::FEATURES;
use huxin_chain_spec::parameters::{ActionKind, Threshold, Thresholds};
use huxin_chain_spec::participation::SEEN_WITHIN;
use huxin_chain_spec::rules::governance::{PROPOSAL_OPEN_MS_MAX, ProposalStep, Tally, next_status};
use huxin_chain_spec::state::governance::ProposalStatus;

use super::guards::shown;

const HEAD: &str = "\
# Governance: joint decisions of the provinces

This page is rendered from `chain-spec/src/rules/governance/` by the test `governance::documents`, which fails if the two differ.
Codes are explained by `huxin explain CODE`.

Each province has one vote, regardless of the power of its validators, and casts it with its offline governance key. A proposal names
one action. Its proposer's vote counts as yes. The action takes effect in the same transaction as the vote that reaches the
threshold. Trust never changes without a vote (《长江三角洲区域一体化发展规划纲要》: 一地注册、各地互认; features C5, C16, C18, E22, E30).
";

const GUARDS: &str = "\
## What is checked, in this order

1. The key: known, active, with the permission `govern` (`key.not_permitted`), of an active province (`province.suspended`,
   `province.removed`), and the governance key that the ledger holds for it (`governance.key_only`).
2. A proposal: closes after the block (`proposal.closes_in_past`) and at most DAYS days later (`proposal.closes_too_far`); its action
   could take effect now (the refusals below); if one province may decide alone, it is the province concerned
   (`governance.own_province_only`).
3. A vote or a withdrawal: the proposal exists (`proposal.unknown`), is not decided (`proposal.decided`) and not closed
   (`proposal.closed`); the province has not voted yet (`proposal.double_vote`); only the proposer withdraws (`proposal.not_proposer`).
4. The vote that reaches the threshold: the action is checked again in full. If a rule forbids its effect, the vote is refused with the
   code of that rule and does not count, and the proposal stays open until it closes.

Votes of a province that is suspended or removed after it voted do not count; if it is resumed, they count again. Changing the threshold
of a kind takes at least that kind's own threshold. A proposal that closes without a decision is EXPIRED, without a record.
";

const CHANGES: &str = "\
## Changes of validators

A change of validators is announced by the header of the block that makes it (`next_validators_hash`), which the old set certifies; the
new set decides from the next height on. Receipts carry these headers from the genesis on.

Before a proposal, the rehearsal (`rules::governance::rehearse`) shows what a change would do: the new quorum, how many validators may
fail, which of those that remain were seen within the last WITHIN heights, and which provinces could stop the chain alone (a warning).
A change after which the validators seen recently could not reach a quorum is refused, when it is proposed and again when it would take
effect (`governance.quorum_lost`). A validator that joins has not been seen, so a chain of one or two validators can grow only after the
power of those that run is raised, and a chain of three cannot rotate a key before it has a fourth.

A suspended or removed province loses its validators at once. A resumed province gets them back by `validator_add`, with the same keys
if it likes; removal is final. The ledger holds the network key of each validator: nodes accept its connections while it is in the set.

## Participation

Every block carries the certificate of the height before. From it every node derives, per validator: heights signed, heights
decided in a round it led, rounds it led that were lost, and the newest height it was seen at. A proven double signature
(`report_misbehaviour`, by any key that may record evidence or govern) is stored as a fact; the provinces decide what follows from it.

## Features

A feature begins at a height that the provinces vote for. Software that does not know a feature follows the vote about it, and stops
before that height with a message.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    transitions(&mut page);
    let days = PROPOSAL_OPEN_MS_MAX / 86_400_000;
    page += "\n";
    page += &GUARDS.replace("DAYS", &days.to_string());
    actions(&mut page);
    page += "\n";
    page += &CHANGES.replace("WITHIN", &SEEN_WITHIN.to_string());
    page += "\n| feature | name |\n|---|---|\n";
    FEATURES.iter().for_each(|feature| writeln!(page, "| {} | `{}` |", feature.id, feature.name).unwrap());
    codes(&mut page);
    page
}

fn status_name(status: ProposalStatus) -> String {
    format!("{status:?}").to_uppercase()
}

fn transitions(page: &mut String) {
    let steps = [
        ("vote that reaches the threshold", ProposalStep::Vote(Tally::Reached)),
        ("vote that leaves it open", ProposalStep::Vote(Tally::Undecided)),
        ("vote that puts it out of reach", ProposalStep::Vote(Tally::OutOfReach)),
        ("withdrawal by the proposer", ProposalStep::Withdraw),
    ];
    *page += "\n## States of a proposal\n\n| step |";
    ProposalStatus::ALL.iter().for_each(|status| write!(page, " {} |", status_name(*status)).unwrap());
    *page += "\n|---|---|---|---|---|---|\n";
    for (name, step) in steps {
        write!(page, "| {name} |").unwrap();
        for status in ProposalStatus::ALL {
            match next_status(status, step) {
                Ok(next) => write!(page, " → {} |", status_name(next)).unwrap(),
                Err(code) => write!(page, " `{code}` |").unwrap(),
            }
        }
        *page += "\n";
    }
}

fn threshold_name(threshold: Threshold) -> &'static str {
    match threshold {
        Threshold::OneProvince => "the province concerned, alone",
        Threshold::MoreThanHalf => "more than half",
        Threshold::TwoThirds => "two thirds",
        Threshold::ThreeQuarters => "three quarters",
        Threshold::All => "all",
    }
}

fn effect(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::ProvinceAdd => {
            "admits a province with its authority, its governance and registrar keys and its validators"
        }
        ActionKind::ProvinceStatus => {
            "suspends, resumes or removes a province; hands on the competence of an organisation of a removed one, or at the end of a chain (`organisation_succeed`, [succession.md](succession.md))"
        }
        ActionKind::ProvinceGovernanceKey => "replaces a province's governance key; the old one is removed",
        ActionKind::ProvinceRegistrarKey => {
            "adds a registrar key of the province's authority, and removes the one it replaces"
        }
        ActionKind::ValidatorAdd => "adds a validator of a member province",
        ActionKind::ValidatorRemove => "removes a validator",
        ActionKind::ValidatorRotate => "replaces the key of a validator, by its own province, at equal power",
        ActionKind::ValidatorPower => "changes a validator's voting power",
        ActionKind::TrustAdd => {
            "puts a certificate authority, seal maker, time stamp authority or another ledger on the trust list"
        }
        ActionKind::TrustRetire => "ends trust in a certificate",
        ActionKind::CrlAnchor => "anchors a newer certificate revocation list; its sponsor is the province concerned",
        ActionKind::Parameters => {
            "(`competence`: who may issue licences of a type, [competence.md](competence.md)) sets the limits of blocks and times, from the next block on"
        }
        ActionKind::Threshold => "sets the threshold of a kind of action",
        ActionKind::FeatureActivate => "brings a feature into force at a height",
    }
}

fn actions(page: &mut String) {
    let (founding, shown) = (Thresholds::default(), shown());
    *page += "\n## Actions\n\nThe thresholds are those of a genesis that sets no others (`[governance]`), counted over the provinces active at the vote.\n\n";
    *page += "| action | what it does | threshold |\n|---|---|---|\n";
    for kind in ActionKind::ALL {
        writeln!(page, "| `{}` | {} | {} |", kind.name(), effect(kind), threshold_name(founding.get(kind))).unwrap();
    }
    *page += "\nRefusals of each action:\n\n";
    for kind in ActionKind::ALL {
        let codes: Vec<String> = shown[&kind].iter().map(|code| format!("`{code}`")).collect();
        *page += &wrapped(&format!("* `{}`: {}", kind.name(), codes.join(", ")));
    }
    *page += "\nVotes needed of n active provinces:\n\n| threshold | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |\n|---|---|---|---|---|---|---|---|---|\n";
    for threshold in Threshold::ALL {
        write!(page, "| {} |", threshold_name(threshold)).unwrap();
        (1..=8).for_each(|active| write!(page, " {} |", threshold.needed(active)).unwrap());
        *page += "\n";
    }
}

/// An item of a list in lines of at most 120 characters, those after the first indented.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let is_full = lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() > 120);
        if is_full {
            lines.push(" ".to_owned());
        }
        let line = lines.last_mut().unwrap();
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.join("\n") + "\n"
}

fn codes(page: &mut String) {
    *page += "\n## Codes of this family\n\n| number | code | what is wrong | 说明 |\n|---|---|---|---|\n";
    for code in Code::ALL.iter().filter(|code| (1400..1500).contains(&code.number())) {
        writeln!(page, "| {} | `{code}` | {} | {} |", code.number(), code.what_en(), code.what_zh()).unwrap();
    }
}

#[test]
fn the_page_says_what_the_code_does() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/rules/governance.md");
    let now = page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &now).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == now, "docs/rules/governance.md differs from the code; UPDATE_GOLDEN=1 rewrites it");
}
