//! `docs/rules/case.md` is the table of the code, printed. `UPDATE_GOLDEN=1` rewrites it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::record::case::{BUNDLE_CHILDREN_MAX, CASE_MATERIALS_MAX};
use huxin_chain_spec::rules::case::RELAYS_MAX;
use huxin_chain_spec::rules::case::clock::DELIVERY_DAYS;
use huxin_chain_spec::rules::case::table::{Party, STEPS, StepRule, next_by};
use huxin_chain_spec::rules::publication::MandateAct;
use huxin_chain_spec::state::case::CaseStatus;

fn status_name(status: CaseStatus) -> String {
    serde_json::to_value(status).unwrap().as_str().unwrap().to_uppercase()
}

fn statuses() -> String {
    let mut text = "| status | Chinese | steps that lead on from it |\n|---|---|---|\n".to_owned();
    for status in CaseStatus::ALL {
        let on: Vec<String> = STEPS
            .iter()
            .filter(|rule| next_by(status, rule).is_ok())
            .map(|rule| format!("`{}`", short(rule)))
            .collect();
        let on = if on.is_empty() { "none: final".to_owned() } else { on.join(", ") };
        writeln!(text, "| {} | {} | {on} |", status_name(status), status.chinese()).unwrap();
    }
    text
}

fn short(rule: &StepRule) -> &'static str {
    rule.name.strip_prefix("case.").unwrap()
}

fn steps() -> String {
    let mut text = "| step | Chinese | from → to | by | mandate to | follows |\n|---|---|---|---|---|---|\n".to_owned();
    for rule in STEPS {
        let party = match rule.party {
            Party::Origin => "A",
            Party::Receiver => "B",
            Party::ReceiverOrWindow => "B, or A at its window",
        };
        let power = match rule.delegable {
            None => "–",
            Some(MandateAct::Receive) => "receive",
            Some(MandateAct::Accept) => "accept",
            Some(MandateAct::Deliver) => "deliver",
        };
        let row = [short(rule), rule.chinese, &moves(rule), party, power, rule.clause];
        writeln!(text, "| `{}` | {} |", row[0], row[1..].join(" | ")).unwrap();
    }
    text
}

/// The moves of a step. Where many statuses lead to one, the table of statuses lists them.
fn moves(rule: &StepRule) -> String {
    if rule.moves.len() > 5 {
        let to: BTreeSet<String> = rule.moves.iter().map(|(_, to)| status_name(*to)).collect();
        let to: Vec<String> = to.into_iter().collect();
        return format!("{} statuses, see above → {}", rule.moves.len(), to.join(", "));
    }
    let shown = rule.moves.iter().map(|(from, to)| {
        let to = if from == to { "(stays)".to_owned() } else { status_name(*to) };
        format!("{} → {to}", status_name(*from))
    });
    shown.collect::<Vec<_>>().join("<br>")
}

/// Refusals of every step in every status, in as few rows as possible.
fn refusals() -> String {
    let mut text = "| step | refused in | with |\n|---|---|---|\n".to_owned();
    for rule in STEPS {
        let mut by_code: Vec<(Code, Vec<String>)> = Vec::new();
        for status in CaseStatus::ALL {
            let Err(code) = next_by(status, rule) else { continue };
            match by_code.iter_mut().find(|(known, _)| *known == code) {
                Some((_, statuses)) => statuses.push(status_name(status)),
                None => by_code.push((code, vec![status_name(status)])),
            }
        }
        for (code, statuses) in by_code {
            let shown = if statuses.len() > 9 { "all others".to_owned() } else { statuses.join(", ") };
            writeln!(text, "| `{}` | {shown} | `{code}` |", short(rule)).unwrap();
        }
    }
    text
}

fn codes() -> String {
    let mut text = "| number | code | what is wrong | 中文 |\n|---|---|---|---|\n".to_owned();
    for code in Code::ALL.iter().filter(|code| (1100..1200).contains(&code.number())) {
        writeln!(text, "| {} | `{code}` | {} | {} |", code.number(), code.what_en(), code.what_zh()).unwrap();
    }
    text
}

fn page() -> String {
    let mut text = include_str!("case_docs.md").to_owned();
    let limits = [
        ("{delivery_days}", DELIVERY_DAYS.to_string()),
        ("{relays_max}", RELAYS_MAX.to_string()),
        ("{children_max}", BUNDLE_CHILDREN_MAX.to_string()),
        ("{materials_max}", CASE_MATERIALS_MAX.to_string()),
    ];
    for (name, value) in limits {
        text = text.replace(name, &value);
    }
    let tables =
        [("{statuses}\n", statuses()), ("{steps}\n", steps()), ("{refusals}\n", refusals()), ("{codes}\n", codes())];
    for (name, table) in tables {
        assert!(text.contains(name), "{name}");
        text = text.replace(name, &table);
    }
    text
}

#[test]
fn the_page_is_the_table() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/rules/case.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page()).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page(), "docs/rules/case.md is not what the code says; set UPDATE_GOLDEN=1 to rewrite it");
}

/// At most one row of a step can say "all others", or the page would be ambiguous.
#[test]
fn at_most_one_row_of_a_step_says_all_others() {
    let page = refusals();
    for rule in STEPS {
        let rows = page.lines().filter(|line| line.starts_with(&format!("| `{}` | all others |", short(rule))));
        assert!(rows.count() <= 1, "{}", rule.name);
    }
}

/// Every code the page names exists.
#[test]
fn codes_named_in_the_text_exist() {
    let text = page();
    let named = text.split('`').filter(|word| word.starts_with("case.") || word.starts_with("organisation."));
    let mut count = 0;
    for word in named.filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte))) {
        let is_step =
            word == "case.collect" || word == "case.bundle_open" || STEPS.iter().any(|rule| rule.name == word);
        assert!(is_step || word.parse::<Code>().is_ok(), "{word}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}
