//! What is wrong with signatures: proofs against validators, and what keeps this one from voting.

use huxin_chain_spec::crypto::KeyId;
use huxin_chain_spec::ids::ProvinceCode;
use huxin_engine::Phase;

use super::reason::{List, Look, Reason, Severity, name};

/// Proofs on this node's disk. One against a validator that has left the set is history, and not listed.
pub(super) fn proof_reasons(look: &Look<'_>, list: &mut List) {
    let Some(found) = look.misbehaviour else { return };
    let in_set = |key: &KeyId| look.reach.validators.iter().find(|one| one.address == *key);
    for fork in &found.forks {
        let mut provinces: Vec<ProvinceCode> =
            fork.signed_both.iter().filter_map(in_set).map(|one| one.province).collect();
        provinces.sort_unstable();
        provinces.dedup();
        let severity = if provinces.is_empty() { Severity::Warning } else { Severity::Stop };
        let height = fork.height;
        let names = match provinces.is_empty() {
            true => "none of the present set".to_owned(),
            false => provinces.iter().map(name).collect::<Vec<_>>().join("; "),
        };
        let names_zh = if provinces.is_empty() { "均已不在集合中" } else { &names };
        list.0.push(Reason {
            code: "chain.forked",
            severity,
            what: format!(
                "two blocks of height {height} are certified (signed by: {names}); rely on neither until that is explained: \
                 GET /v1/misbehaviour"
            ),
            what_zh: format!(
                "高度 {height} 有两个区块获得确认（两者都签的验证节点：{names_zh}）；查明之前两者均不可依赖：GET /v1/misbehaviour"
            ),
            provinces,
        });
    }
    if found.double_signers.contains(&look.me) {
        list.stop(
            "signing.signed_twice",
            "there is a proof that this node's own key signed two statements for one round: stop every process that has the \
             key, tell the other provinces, and rotate the key"
                .to_owned(),
            "有证明表明本节点的密钥在同一轮签了两份不同内容：请停止所有持有该密钥的进程，通知其他省份，并更换密钥"
                .to_owned(),
        );
    }
    let others = found.double_signers.iter().filter(|key| **key != look.me);
    let mut provinces: Vec<ProvinceCode> = others.filter_map(in_set).map(|one| one.province).collect();
    provinces.sort_unstable();
    provinces.dedup();
    if !provinces.is_empty() {
        let names = provinces.iter().map(name).collect::<Vec<_>>().join("; ");
        list.0.push(Reason {
            code: "validators.signed_twice",
            severity: Severity::Warning,
            what: format!("there are proofs that validators signed twice ({names}): GET /v1/misbehaviour"),
            what_zh: format!("有证明表明下列验证节点双签（{names}）：GET /v1/misbehaviour"),
            provinces,
        });
    }
}

/// Why this validator keeps silent, or is held to what it signed.
pub(super) fn signing_reasons(look: &Look<'_>, list: &mut List) {
    let (engine, signing) = (look.engine, &look.engine.signing);
    if !look.reach.has_vote() || !matches!(engine.phase, Phase::Deciding | Phase::Idle) {
        return;
    }
    if !signing.past_known {
        list.stop(
            "signing.past_unknown",
            "this validator does not vote: its sign-state is new, what its key has signed before is not known, and too few \
             peers have told how far the chain is"
                .to_owned(),
            "本验证节点暂不投票：签名状态文件是新的，无从得知本密钥签过什么，告知高度的节点又太少".to_owned(),
        );
        return;
    }
    let next = if engine.phase == Phase::Idle { engine.height.saturating_add(1) } else { engine.height };
    let silent_to = signing.above_height.max(signing.last_height.saturating_sub(1));
    if silent_to >= next {
        list.warn(
            "signing.watching",
            format!(
                "this validator watches: it votes above height {silent_to}, for at or below it its key may have signed \
                 before; where the chain waits for it, see \"Lost sign-state\" in docs/operator.md"
            ),
            format!(
                "本验证节点正在旁观：高度 {silent_to} 及以下本密钥可能签过，之上才投票；链停住等待本节点时，见 docs/operator.md 的 \"Lost sign-state\""
            ),
        );
    }
    if let Some(height) = signing.log_lost_at {
        list.warn(
            "signing.log_lost",
            format!(
                "the consensus log of height {height} is lost: until it is decided, votes are held to what was signed"
            ),
            format!("高度 {height} 的共识日志已丢失：在其确认之前，投票不偏离已签过的内容"),
        );
    }
}
