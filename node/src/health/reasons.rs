//! What is wrong with the node or the chain around it, one line per cause, in both languages. `/ready`, `/status` and
//! `huxin explain` say the same.

use huxin_chain_spec::ids::{Height, ProvinceCode, TimeMs};
use huxin_engine::{EngineStatus, PeerStatus, Phase};

use super::reach::{Reach, ReachedValidator};
use super::reason::{List, Look, Reason, Severity, name};
use super::signing_reasons::{proof_reasons, signing_reasons};
use super::span::{span, span_zh};

/// How many blocks the node may be behind and still count as ready: the block being decided, and one on its way.
const BLOCKS_BEHIND_MAX: u64 = 2;
/// The newest block may be this many heartbeats old.
const HEARTBEATS_MISSED_MAX: u64 = 3;
/// What a block may take besides the heartbeat, in milliseconds.
pub(super) const BLOCK_MS_MAX: u64 = 10_000;
/// The mempool counts as full from this share on.
const POOL_FULL_PERCENT: usize = 95;

/// Everything that is wrong, the worst first.
pub(super) fn reasons(look: &Look<'_>) -> Vec<Reason> {
    let mut list = List::default();
    // First, since it is the cause of connections that are missing.
    if let Some([what, what_zh]) = &look.wrong_network_key {
        list.warn("node.network_key", what.clone(), what_zh.clone());
    }
    engine_reasons(look, &mut list);
    proof_reasons(look, &mut list);
    signing_reasons(look, &mut list);
    chain_reasons(look, &mut list);
    if let Some([what, what_zh]) = &look.no_vote {
        list.stop("validator.no_vote", what.clone(), what_zh.clone());
    }
    if look.pool_bytes.saturating_mul(100) > look.pool_bytes_max.saturating_mul(POOL_FULL_PERCENT) {
        let (used, max) = (look.pool_bytes, look.pool_bytes_max);
        list.stop(
            "mempool.full",
            format!("the mempool holds {used} of at most {max} bytes"),
            format!("交易池已用 {used} 字节，上限 {max} 字节"),
        );
    }
    absent_reasons(look, &mut list);
    muted_reasons(look, &mut list);
    list.0
}

/// Peers that sent what no honest one sends.
fn muted_reasons(look: &Look<'_>, list: &mut List) {
    let muted: Vec<&PeerStatus> = look.engine.peers.iter().filter(|peer| peer.muted_until_ms > look.now_ms).collect();
    if let Some(until_ms) = muted.iter().map(|peer| peer.muted_until_ms).max() {
        let (count, until) = (muted.len(), moment(until_ms, look.now_ms));
        let peers = muted.iter().map(|peer| peer.peer_id.as_str()).collect::<Vec<_>>().join(", ");
        list.warn(
            "peers.muted",
            format!(
                "{count} peers delivered votes or proposals that no validator signed, and are heard in their own names only until {until}: {peers}"
            ),
            format!("{count} 个节点送来无验证节点签名的投票或提议，在 {until} 之前仅核验以其自身名义发出的消息：{peers}"),
        );
    }
}

/// The f+1-th highest tip that connected peers tell: at least one of them is honest. A single peer may claim any height.
/// `None` until so many have told one.
/// `voted` are the heights below those that validators without a connection vote on.
pub(super) fn trusted_tip(engine: &EngineStatus, voted: &[u64], validators: usize) -> Option<u64> {
    let mut tips: Vec<u64> = engine.peers.iter().filter(|peer| peer.connected).filter_map(|peer| peer.tip).collect();
    tips.extend_from_slice(voted);
    tips.sort_unstable_by(|a, b| b.cmp(a));
    tips.get(may_be_faulty(validators)).copied()
}

/// Validators of so many that may be at fault: less than a third.
fn may_be_faulty(validators: usize) -> usize {
    validators.saturating_sub(1) / 3
}

fn engine_reasons(look: &Look<'_>, list: &mut List) {
    let (engine, reach) = (look.engine, look.reach);
    match engine.phase {
        Phase::Starting => list.0.push(starting(reach)),
        Phase::Ended => {
            let why = engine.exit.as_deref().unwrap_or("no reason given");
            list.stop("engine.ended", format!("the engine ended: {why}"), format!("共识引擎已结束：{why}"));
        }
        Phase::Deciding | Phase::Idle => {}
    }
    if let Some(diverged) = &engine.diverged {
        let (height, reason) = (diverged.height, &diverged.reason);
        list.stop(
            "engine.diverged",
            format!("a quorum decided a block at height {height} that this node finds invalid: {reason}"),
            format!("多数节点确认的高度 {height} 区块在本节点看来无效：{reason}"),
        );
    }
    let is_running = matches!(engine.phase, Phase::Deciding | Phase::Idle);
    if is_running && !reach.has_quorum() {
        let absent: Vec<&ReachedValidator> = reach.silent().collect();
        list.0.push(Reason {
            code: "consensus.no_quorum",
            severity: Severity::Stop,
            what: format!(
                "connected {}: the chain cannot decide; silent {}",
                power(reach),
                since(&absent, look.now_ms)
            ),
            what_zh: format!("已连接{}：链无法出块；{}", power_zh(reach), since_zh(&absent, look.now_ms)),
            provinces: provinces(&absent),
        });
    } else if engine.stuck {
        let (height, round) = (engine.height, engine.round);
        let waited_s = engine.height_started_at_ms.map_or(0, |at| look.now_ms.saturating_sub(at) / 1_000);
        list.stop(
            "consensus.stuck",
            format!(
                "height {height} is undecided for {waited_s} s, longer than five rounds take; it is in round {round}: \
                 the validators are reached and do not agree"
            ),
            format!(
                "高度 {height} 已 {waited_s} 秒未决，超过五轮所需时间，现为第 {round} 轮：验证节点可达但未达成一致"
            ),
        );
    }
}

/// The engine has not begun: who is missing, or, with a quorum at hand, that it is about to.
fn starting(reach: &Reach) -> Reason {
    let absent: Vec<&ReachedValidator> = reach.silent().collect();
    let (missing, missing_zh) = match absent.is_empty() {
        true => (String::new(), String::new()),
        false => (format!("; not connected: {}", names(&absent)), format!("；未连接：{}", names(&absent))),
    };
    let (power, power_zh) = (power(reach), power_zh(reach));
    let (what, what_zh) = match reach.has_quorum() {
        true => (
            format!("the engine starts, and a quorum of validators is connected: {power}{missing}"),
            format!("共识引擎正在启动，已连接法定数量的验证节点：{power_zh}{missing_zh}"),
        ),
        false => (
            format!("the engine connects and waits for a quorum of validators: {power}{missing}"),
            format!("共识引擎正在连接，等待法定数量的验证节点：{power_zh}{missing_zh}"),
        ),
    };
    Reason { code: "engine.starting", severity: Severity::Stop, what, what_zh, provinces: provinces(&absent) }
}

fn chain_reasons(look: &Look<'_>, list: &mut List) {
    let reach = look.reach;
    let is_running = matches!(look.engine.phase, Phase::Deciding | Phase::Idle);
    if look.height == Height::ZERO {
        let (ahead, ahead_zh) = match look.genesis_ahead_ms {
            0 => (String::new(), String::new()),
            ms => (
                format!(": the genesis time lies {} ahead of this node's clock", span(ms)),
                format!("：创世时间晚于本机时钟 {}", span_zh(ms)),
            ),
        };
        list.stop(
            "chain.no_block",
            format!("this node has no block yet and cannot answer about the ledger{ahead}"),
            format!("本节点尚无区块，无法回答账本上的问题{ahead_zh}"),
        );
    }
    if is_running && reach.is_alone() && reach.has_quorum() {
        list.stop("peers.none", "no other validator is connected".to_owned(), "未连接任何其他验证节点".to_owned());
    }
    let others = reach.validators.iter().filter(|validator| !validator.is_me).count();
    // Whoever signs a vote has every block below it.
    let passed_on = reach.validators.iter().filter(|validator| validator.is_passed_on);
    let voted: Vec<u64> =
        passed_on.filter_map(|validator| Some(validator.vote.as_ref()?.height.saturating_sub(1))).collect();
    match trusted_tip(look.engine, &voted, reach.validators.len()) {
        Some(tip) if tip > look.height.0.saturating_add(BLOCKS_BEHIND_MAX) => list.stop(
            "chain.behind",
            format!("this node is at height {}, the others are at {tip}", look.height),
            format!("本节点高度为 {}，其他节点已到 {tip}", look.height),
        ),
        // Until then it cannot know whether it is behind.
        None if others > 0 && is_running && reach.has_quorum() => {
            let needed = may_be_faulty(reach.validators.len()) + 1;
            list.stop(
                "chain.tip_unknown",
                format!("fewer than {needed} peers have told their height yet, so this node may be behind"),
                format!("告知高度的节点不足 {needed} 个，本节点可能落后"),
            );
        }
        _ => {}
    }
    let age_ms_max = look.heartbeat_ms.saturating_mul(HEARTBEATS_MISSED_MAX).saturating_add(BLOCK_MS_MAX);
    // Without a quorum no block can come: one line per cause.
    if look.newest_age_ms > age_ms_max && (reach.has_quorum() || !is_running) {
        let (age_s, due_s) = (look.newest_age_ms / 1_000, look.heartbeat_ms / 1_000);
        list.stop(
            "chain.old",
            format!("no block for {age_s} s by this node's clock, though one is due every {due_s} s"),
            format!("按本机时钟已 {age_s} 秒没有新区块，正常应每 {due_s} 秒一块"),
        );
    }
}

/// Who is absent though the chain goes on: the margin that is used up.
fn absent_reasons(look: &Look<'_>, list: &mut List) {
    let reach = look.reach;
    if !reach.has_quorum() || look.engine.phase == Phase::Starting {
        return;
    }
    let total = reach.validators.len();
    let (margin, margin_zh) = match reach.may_fail {
        0 => ("no further failure is tolerated".to_owned(), "不能再有节点失效".to_owned()),
        count => (format!("{count} more may fail"), format!("还可有 {count} 个节点失效")),
    };
    let mut add = |code, absent: Vec<&ReachedValidator>, what: String, what_zh: String| {
        let provinces = provinces(&absent);
        list.0.push(Reason { code, severity: Severity::Warning, what, what_zh, provinces });
    };
    let of = |wanted: fn(&ReachedValidator) -> bool| -> Vec<&ReachedValidator> {
        reach.silent().filter(|validator| wanted(validator)).collect()
    };
    let unlinked = of(|validator| validator.connected == Some(false) && validator.signs_elsewhere);
    if !unlinked.is_empty() {
        let (count, names) = (unlinked.len(), names(&unlinked));
        let what = format!(
            "{count} of {total} validators not connected to this node though they sign blocks ({names}): \
             correct their address in node.toml or the firewall; {margin} here"
        );
        let what_zh = format!(
            "{total} 个验证节点中有 {count} 个在签署区块但未与本节点相连（{names}）：请核对 node.toml 中的地址和防火墙；{margin_zh}"
        );
        add("peers.missing", unlinked, what, what_zh);
    }
    let passed_on: Vec<&ReachedValidator> = reach.validators.iter().filter(|one| one.is_passed_on).collect();
    if !passed_on.is_empty() {
        let (count, names) = (passed_on.len(), names(&passed_on));
        let what = format!(
            "{count} of {total} validators not connected to this node, their votes come by way of others ({names}): \
             correct their address in node.toml or the firewall; {margin}, as long as those others run"
        );
        let what_zh = format!(
            "{total} 个验证节点中有 {count} 个未与本节点相连，其投票由其他节点转达（{names}）：请核对 node.toml 中的地址和防火墙；\
             在转达节点正常时{margin_zh}"
        );
        add("peers.missing", passed_on, what, what_zh);
    }
    let down = of(|validator| validator.connected == Some(false) && !validator.signs_elsewhere);
    let mute = of(|validator| validator.connected != Some(false));
    for (code, absent) in [("peers.missing", down), ("validators.silent", mute)] {
        if !absent.is_empty() {
            let count = absent.len();
            let what = format!("{count} of {total} validators silent {}: {margin}", since(&absent, look.now_ms));
            let zh = since_zh(&absent, look.now_ms);
            add(code, absent, what, format!("{total} 个验证节点中有 {count} 个{zh}：{margin_zh}"));
        }
    }
}

fn power(reach: &Reach) -> String {
    format!("power {} of {}, {} needed", reach.reached_power, reach.total_power, reach.quorum_power)
}

fn power_zh(reach: &Reach) -> String {
    format!("票权 {}/{}，需要 {}", reach.reached_power, reach.total_power, reach.quorum_power)
}

fn provinces(validators: &[&ReachedValidator]) -> Vec<ProvinceCode> {
    let mut codes: Vec<ProvinceCode> = validators.iter().map(|validator| validator.province).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn names(validators: &[&ReachedValidator]) -> String {
    validators.iter().map(|validator| name(&validator.province)).collect::<Vec<_>>().join("; ")
}

/// `since 17:04 (Jiangsu 江苏, 320000)`; where the times differ each stands with its validator.
fn since(validators: &[&ReachedValidator], now_ms: u64) -> String {
    match common_moment(validators, now_ms) {
        Some(moment) => format!("since {moment} ({})", names(validators)),
        None => format!("({})", each(validators, now_ms, |name, moment| format!("{name}, since {moment}"))),
    }
}

fn since_zh(validators: &[&ReachedValidator], now_ms: u64) -> String {
    match common_moment(validators, now_ms) {
        Some(moment) => format!("自 {moment} 起无音讯（{}）", names(validators)),
        None => format!("无音讯（{}）", each(validators, now_ms, |name, moment| format!("{name}，自 {moment} 起"))),
    }
}

fn each(validators: &[&ReachedValidator], now_ms: u64, text: impl Fn(String, String) -> String) -> String {
    let one = |validator: &&ReachedValidator| {
        text(name(&validator.province), moment(validator.silent_since_ms.unwrap_or(now_ms), now_ms))
    };
    validators.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn common_moment(validators: &[&ReachedValidator], now_ms: u64) -> Option<String> {
    let mut moments = validators.iter().map(|one| moment(one.silent_since_ms.unwrap_or(now_ms), now_ms));
    let first = moments.next()?;
    moments.all(|moment| moment == first).then_some(first)
}

/// The minute in Beijing time, with the date before it where that is not today's.
fn moment(at_ms: u64, now_ms: u64) -> String {
    let at = TimeMs::EPOCH.plus_ms(at_ms);
    let text = at.to_beijing();
    let minute = text.get(11..16).unwrap_or_default();
    match at.date_beijing() == TimeMs::EPOCH.plus_ms(now_ms).date_beijing() {
        true => minute.to_owned(),
        false => format!("{} {minute}", at.date_beijing()),
    }
}

#[cfg(test)]
#[path = "reasons_tests.rs"]
mod tests;

/// An engine that is idle at height 11.
#[cfg(test)]
pub(super) fn test_engine() -> EngineStatus {
    let signing = huxin_engine::SigningStatus { past_known: true, ..Default::default() };
    EngineStatus { height: 11, phase: Phase::Idle, signing, ..EngineStatus::default() }
}
