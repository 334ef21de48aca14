//! `docs/rules/publication.md` is the code's tables: written from them, and compared with them.
//! `UPDATE_GOLDEN=1 cargo test -p huxin-chain-spec --test it publication::doc` writes it again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::rules::publication::{
    Approval, CONSULTATION_DAYS_MAX, Ending, GUARDS, Publisher, Signatures, approval, clause, next_status,
};
use huxin_chain_spec::state::publication::{DraftStatus, Force, PublicationStatus};

use super::*;

const HEAD: &str = "# Publications: kinds, states, operations, refusals

This page is written from the tables of `chain-spec/src/rules/publication/` by the test `publication::doc`, which fails if page and
tables differ. Codes are explained by `huxin explain CODE` and in [codes.md](../codes.md).

A publication (清单、指南、日历、协议 ...) has a kind, a scope (one province, or all of them together) and a code. Its versions count
from 1 without a gap; at most one is in force; a published version never changes. The provinces of *all* and *two thirds* are those
active when the draft is submitted; a version ends by the consent of those active at that time.
";

const FEET: &str = "
## Drafts

* **Side by side.** Each province prepares the next version by itself, one draft at most; drafts of several provinces stand side by side,
  oldest first, and none blocks another. A signature names the content it is for; closing, publishing and withdrawing are about a draft
  that the signer may continue. The first to be published takes the version, and the other drafts of it are out. The tables below are
  about one draft.
* **Withdrawal.** The lead, or the authority of its province, may withdraw a draft. So may the authority of any province that was to
  sign, if the lead's province has left, or once 365 days have passed since the draft or the end of its consultation.
* **Parties.** Only a kind that is signed by its parties names them: sorted, no duplicates, the signer's province among them, at least
  two. The parties of a delegation are the provinces of principal and agent.

## What is stored

* `Publication(key)`: the newest version, whether it was repealed, its owner, and the drafts with their consultations and signatures.
* `PublicationVersion(key, n)`: the published version: body, time, record, the provinces that signed, the consultation before it.
  `in_force_at` finds the version of any day from these.
* `ItemVariants(basic code)`: what each province published last under the code; `divergence` groups the provinces that agree (E3).
* `PublicationConsumer(key, organisation, system)`: the newest version that the system stated it applies (E29, E5).

The entries of a list are under a Merkle root (`record::entries`): leaf `H(\"huxin/publication-entry/v1\", entry)`, nodes as in the
log. A co-signature covers `H(\"huxin/publication-content/v1\", publication, version, body, parties)`.

## What the rules cannot see

* **The text.** The ledger holds digests and what rules need; only a reader of the text can see whether it says the same.
* **Whether opinions were considered.** The root over the opinions proves which were received, not that they were weighed.
* **Absence from a list.** That an entry is in a list can be proven; that it is not cannot, because the order of entries is not checked.
* **Several items of one province under one basic code.** The comparison takes the one published last.
";

fn signatures(approval: &Approval) -> &'static str {
    match approval.signatures {
        Signatures::OneProvince => "the province",
        Signatures::AllProvinces => "all provinces",
        Signatures::TwoThirds => "two thirds of the provinces",
        Signatures::Parties => "the parties",
    }
}

fn publisher(approval: &Approval) -> &'static str {
    match approval.who {
        Publisher::AnyAgency => "its agency, or the authority",
        Publisher::ProvinceAuthority => "the authority",
    }
}

fn ending(approval: &Approval) -> &'static str {
    match approval.ending {
        Ending::Publisher => "who publishes",
        Ending::AnyParty => "who publishes, or any party",
        Ending::AsSigned => "who signs, together",
    }
}

fn kinds(page: &mut String) {
    page.push_str("\n## Kinds\n\n| kind | scope | signed by | consultation, days | prepared by | ended by |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    for kind in PublicationKind::ALL {
        let name = serde_json::to_value(kind).unwrap();
        let province = Scope::Province("310000".parse().unwrap());
        for (scope, scope_name) in [(Scope::Consortium, "all provinces"), (province, "one province")] {
            let Ok(rule) = approval(kind, scope) else { continue };
            let days = match rule.consultation_days_min {
                0 => "may be held".to_owned(),
                days => format!("at least {days}"),
            };
            let cells = [scope_name, signatures(&rule), &days, publisher(&rule), ending(&rule)];
            writeln!(page, "| `{}` | {} |", name.as_str().unwrap(), cells.join(" | ")).unwrap();
        }
    }
    writeln!(page, "\nNo consultation ends more than {CONSULTATION_DAYS_MAX} days ahead. A pair of kind and scope that is not in the table is `{}`.\n", Code::PublicationScopeNotAllowed).unwrap();
    page.push_str("Each kind follows:\n\n");
    for kind in PublicationKind::ALL {
        writeln!(page, "* `{}`: {}", serde_json::to_value(kind).unwrap().as_str().unwrap(), clause(kind)).unwrap();
    }
}

const DIRECT: Scope = Scope::Consortium;

fn name(draft: DraftStatus) -> String {
    format!("{draft:?}").to_uppercase()
}

fn force_name(force: Force) -> &'static str {
    match force {
        Force::Unpublished => "UNPUBLISHED",
        Force::InForce => "IN_FORCE",
        Force::Repealed => "REPEALED",
    }
}

/// What one operation does to one status, for a kind with this rule.
fn outcome(status: PublicationStatus, operation: &P, rule: &Approval, complete: bool) -> String {
    match next_status(status, operation, rule, complete) {
        Err(code) => format!("`{code}`"),
        Ok(after) if after == status => "stays".to_owned(),
        Ok(after) if after.force == status.force => format!("→ {}", name(after.draft)),
        Ok(after) if after.draft == status.draft => format!("→ {}", force_name(after.force)),
        Ok(after) => format!("→ {}, {}", force_name(after.force), name(after.draft)),
    }
}

fn operations() -> Vec<(&'static str, P, bool)> {
    let key = PublicationKey { kind: K::Rule, scope: DIRECT, code: "A".parse().unwrap() };
    let subject = Subject { key, body: PublicationBody::Entries { root: digest(0), count: 1 }, parties: Vec::new() };
    let window = ConsultationWindow { opens_ms: TimeMs(0), closes_ms: TimeMs(1) };
    vec![
        ("`draft` with a consultation 草案, 征求意见", subject.draft(1, Some(window)), false),
        ("`draft` without, others sign 草案", subject.draft(1, None), false),
        ("`draft` without, the province alone", subject.draft(1, None), true),
        ("`close_consultation`, signatures missing 征求意见结束", subject.close(1), false),
        ("`close_consultation`, the province alone", subject.close(1), true),
        ("`co_sign`, not the last needed 会签", subject.co_sign(1), false),
        ("`co_sign`, the last needed", subject.co_sign(1), true),
        ("`withdraw` 撤回", subject.withdraw(1), false),
        ("`publish` 公布", subject.publish(1), false),
        ("`repeal`, consents missing 废止", subject.repeal(1), false),
        ("`repeal`, the last needed", subject.repeal(1), true),
        ("`acknowledge` 确认使用", subject.acknowledge(1), false),
    ]
}

fn transitions(page: &mut String) {
    let shanghai = Scope::Province("310000".parse().unwrap());
    let rules = [
        ("P1", approval(K::Policy, shanghai).unwrap()),
        ("P2", approval(K::ItemList, Scope::Consortium).unwrap()),
        ("P3", approval(K::Rule, Scope::Consortium).unwrap()),
    ];
    page.push_str("\n## Preparation of a version\n\nThe same whether or not a version is in force. The rows of `publish` are those of a first version, of a kind that needs neither\n\
        consultation nor co-signature (P1), a consultation (P2), or co-signatures only (P3).\n\n");
    page.push_str(
        "| operation | NONE | CONSULTING 征求意见 | SIGNING 会签 | APPROVED 已批准 |\n|---|---|---|---|---|\n",
    );
    for (label, operation, complete) in operations() {
        if matches!(operation, P::Repeal { .. } | P::Acknowledge { .. } | P::Publish { .. }) {
            continue;
        }
        let cells = DraftStatus::ALL.map(|draft| {
            outcome(PublicationStatus { force: Force::InForce, draft }, &operation, &rules[0].1, complete)
        });
        writeln!(page, "| {label} | {} |", cells.join(" | ")).unwrap();
    }
    for (label, rule) in &rules {
        let publish = &operations()[8].1;
        let cells = DraftStatus::ALL
            .map(|draft| outcome(PublicationStatus { force: Force::Unpublished, draft }, publish, rule, false));
        writeln!(page, "| `publish` 公布, {label} | {} |", cells.join(" | ")).unwrap();
    }
    page.push_str("\n## Force of a version\n\n| operation | UNPUBLISHED 未公布 | IN_FORCE 有效 | REPEALED 废止 |\n|---|---|---|---|\n");
    for (label, operation, complete) in operations().into_iter().skip(8) {
        let draft = if matches!(operation, P::Publish { .. }) { DraftStatus::Approved } else { DraftStatus::None };
        let cells =
            Force::ALL.map(|force| outcome(PublicationStatus { force, draft }, &operation, &rules[0].1, complete));
        writeln!(page, "| {label} | {} |", cells.join(" | ")).unwrap();
    }
}

fn guards(page: &mut String) {
    page.push_str(
        "\n## Rules and their codes\n\nChecked in this order; the first rule that does not hold refuses the transaction, and nothing changes.\n\n",
    );
    page.push_str("| operation | must hold | otherwise |\n|---|---|---|\n");
    for guard in GUARDS {
        writeln!(page, "| {} | {} | `{}` |", guard.on, guard.rule, guard.code).unwrap();
    }
}

#[test]
fn page_is_the_tables() {
    let mut page = HEAD.to_owned();
    kinds(&mut page);
    transitions(&mut page);
    guards(&mut page);
    page.push_str(FEET);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/rules/publication.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "{} differs from the tables; set UPDATE_GOLDEN=1 if that is on purpose", path.display());
}

#[test]
fn every_code_of_the_family_is_a_rule_on_the_page() {
    let listed: BTreeSet<Code> = GUARDS.iter().map(|guard| guard.code).collect();
    for code in Code::ALL.iter().filter(|code| (1200..1300).contains(&code.number())) {
        assert!(listed.contains(code), "{code}");
    }
}
