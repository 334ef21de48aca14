//! What an action would do, for people.

use std::fmt::Write as _;

use huxin_chain_spec::api::RehearsalAnswer;
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::rules::governance::Rehearsal;
use serde_json::Value;

use crate::commands::record::line;

/// New quorum, how many may fail, who was seen lately, warnings, and whether the rules would refuse it.
pub(super) fn text(action: &Action, answer: &RehearsalAnswer) -> String {
    let mut text = format!("预演 rehearsal of {}, as of height {}\n", action.kind().name(), answer.as_of.height);
    // Writing to a String cannot fail.
    match &answer.rehearsal {
        Some(value) => rehearsal_lines(&mut text, value),
        None => {
            let _ = writeln!(text, "  验证节点不变 the validators stay as they are");
        }
    }
    let verdict = match &answer.refused {
        Some(body) => format!("would be REFUSED 将被拒绝: {} [{}]; {}", body.what, body.code, body.next),
        None => "would be allowed 规则允许".to_owned(),
    };
    let _ = writeln!(text, "{}", line("规则 rules", &verdict));
    text.push_str("  (the node's word, not proven)\n");
    text
}

/// The change of the validators in lines; used for proposals too.
pub(super) fn rehearsal_lines(text: &mut String, value: &Value) {
    let Ok(rehearsal) = serde_json::from_value::<Rehearsal>(value.clone()) else {
        let _ = writeln!(text, "{}", line("验证节点", &format!("not readable: {value}")));
        return;
    };
    let Rehearsal { validators_before, validators_after, total_power, quorum_power, .. } = rehearsal;
    let mut put = |name: &str, value: String| {
        let _ = writeln!(text, "{}", line(name, &value));
    };
    put("验证节点", format!("{validators_before} validators now, {validators_after} afterwards"));
    put("法定权重", format!("quorum {quorum_power} of {total_power} power"));
    let may_fail = format!("{} validators, {} power", rehearsal.may_fail_validators, rehearsal.may_fail_power);
    put("可失效 fail", format!("{may_fail} may fail without stopping the chain"));
    for one in &rehearsal.seen {
        let seen = format!("{} power {}, seen at height {}", one.province, one.power, one.last_seen);
        put("近期在线", format!("{seen}  {}", one.validator));
    }
    if !rehearsal.quorum_reachable {
        put(
            "注意 WARNING",
            format!(
                "近期在线者的权重 {0} 不足法定权重 those seen lately have {0} power, which is not a quorum",
                rehearsal.seen_power
            ),
        );
    }
    for province in &rehearsal.blocking_provinces {
        put("注意 warning", format!("{province} 一省即可使链停顿 {province} could stop the chain alone"));
    }
}
