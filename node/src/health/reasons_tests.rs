use huxin_chain_spec::crypto::KeyId;
use huxin_engine::{Noted, PeerStatus};

use super::super::misbehaviour::{ForkSeen, Misbehaviour};
use super::super::reach::tests::{Four, NOW, address};
use super::*;

fn engine() -> EngineStatus {
    test_engine()
}

fn look<'a>(engine: &'a EngineStatus, reach: &'a Reach) -> Look<'a> {
    Look {
        height: Height(10),
        newest_age_ms: 9_000,
        heartbeat_ms: 10_000,
        engine,
        reach,
        me: KeyId::default(),
        misbehaviour: None,
        no_vote: None,
        wrong_network_key: None,
        genesis_ahead_ms: 0,
        pool_bytes: 0,
        pool_bytes_max: 1_000,
        now_ms: NOW,
    }
}

/// Codes of what is wrong with a whole set of four after `change`.
fn codes(engine: &EngineStatus, change: impl Fn(&mut Look<'_>)) -> Vec<&'static str> {
    let four = Four::healthy();
    let with_peers =
        EngineStatus { peers: four.engine.peers.clone(), votes: four.engine.votes.clone(), ..engine.clone() };
    let reach = four.reach();
    let mut look = look(&with_peers, &reach);
    change(&mut look);
    reasons(&look).into_iter().map(|reason| reason.code).collect()
}

fn of(four: &Four) -> Vec<Reason> {
    let reach = four.reach();
    reasons(&look(&four.engine, &reach))
}

#[test]
fn an_idle_node_with_its_heartbeat_is_ready() {
    assert!(codes(&engine(), |_| {}).is_empty());
    assert!(codes(&engine(), |look| look.newest_age_ms = 40_000).is_empty());
}

#[test]
fn each_trouble_is_named() {
    assert_eq!(codes(&engine(), |look| look.newest_age_ms = 40_001), ["chain.old"]);
    assert_eq!(codes(&engine(), |look| look.pool_bytes = 951), ["mempool.full"]);
    assert_eq!(codes(&engine(), |look| look.height = Height(0)), ["chain.no_block", "chain.behind"]);
    assert_eq!(codes(&EngineStatus { phase: Phase::Starting, ..engine() }, |_| {}), ["engine.starting"]);
    assert_eq!(codes(&EngineStatus { phase: Phase::Ended, ..engine() }, |_| {}), ["engine.ended"]);
    assert_eq!(codes(&EngineStatus { stuck: true, ..engine() }, |_| {}), ["consensus.stuck"]);
    let diverged = Some(Noted { height: 11, reason: "map root".into(), at_ms: 0 });
    assert_eq!(codes(&EngineStatus { diverged, ..engine() }, |_| {}), ["engine.diverged"]);
    let no_vote = || Some(["no vote".to_owned(), "无表决权".to_owned()]);
    assert_eq!(codes(&engine(), |look| look.no_vote = no_vote()), ["validator.no_vote"]);
}

/// "Nothing is wrong" was the answer with one of four down.
#[test]
fn one_of_four_down_is_one_warning_with_its_name_and_the_margin() {
    let found = of(&Four::healthy().gone(2, 200));
    assert_eq!(found.len(), 1, "{found:?}");
    let (reason, since) = (&found[0], moment(NOW - 200, NOW));
    assert_eq!((reason.code, reason.severity), ("peers.missing", Severity::Warning));
    let expected =
        format!("1 of 4 validators silent since {since} (Jiangsu 江苏, 320000): no further failure is tolerated");
    assert_eq!(reason.what, expected);
    assert!(reason.what_zh.contains("江苏") && reason.what_zh.contains("不能再有节点失效"), "{}", reason.what_zh);
}

/// It named no province while it waited for the others, and waited "for a quorum: power 4 of 4, 3 needed".
#[test]
fn a_node_that_starts_names_who_is_missing() {
    let mut four = Four::healthy().gone(2, 200).gone(3, 200);
    four.engine.phase = Phase::Starting;
    let first = of(&four).remove(0);
    assert_eq!((first.code, first.provinces.len()), ("engine.starting", 2));
    assert!(first.what.contains("waits for a quorum") && first.what.contains("Jiangsu"), "{}", first.what);
    assert!(first.what_zh.contains("江苏"), "{}", first.what_zh);
    let mut whole = Four::healthy();
    whole.engine.phase = Phase::Starting;
    let first = of(&whole).remove(0);
    assert!(!first.what.contains("waits") && first.provinces.is_empty(), "{}", first.what);
}

/// A genesis time years ahead: no block came, and the clock's time service was blamed.
#[test]
fn a_genesis_time_ahead_is_named() {
    let (engine, reach) = (engine(), Four::healthy().reach());
    let mut look = look(&engine, &reach);
    (look.height, look.genesis_ahead_ms) = (Height(0), 1_128 * 86_400_000);
    let found = reasons(&look);
    let found: Vec<&Reason> = found.iter().filter(|reason| reason.code == "chain.no_block").collect();
    assert!(found[0].what.contains("the genesis time lies 1128 days ahead"), "{}", found[0].what);
    assert!(found[0].what_zh.contains("1128 天"), "{}", found[0].what_zh);
}

/// With another network key than the ledger names, the others were blamed.
#[test]
fn a_wrong_network_key_is_named_first() {
    let wrong = || Some(["wrong".to_owned(), "有误".to_owned()]);
    assert_eq!(codes(&engine(), |look| look.wrong_network_key = wrong()), ["node.network_key"]);
    let starting = EngineStatus { phase: Phase::Starting, ..engine() };
    assert_eq!(codes(&starting, |look| look.wrong_network_key = wrong())[0], "node.network_key");
}

#[test]
fn a_lost_quorum_is_one_line_at_once() {
    let mut four = Four::healthy().gone(2, 200).gone(3, 200);
    four.engine.stuck = true;
    let reach = four.reach();
    let mut look = look(&four.engine, &reach);
    look.newest_age_ms = 600_000;
    let found = reasons(&look);
    assert_eq!(found.iter().map(|reason| reason.code).collect::<Vec<_>>(), ["consensus.no_quorum"]);
    let what = &found[0].what;
    assert!(what.starts_with("connected power 2 of 4, 3 needed: the chain cannot decide"), "{what}");
    assert!(what.contains("Jiangsu") && what.contains("Zhejiang") && !what.contains("Anhui"), "{what}");
    assert_eq!(found[0].severity, Severity::Stop);
}

#[test]
fn a_missing_link_and_a_mute_validator_have_lines_of_their_own() {
    let mut four = Four::healthy().gone(4, 60_000);
    four.signed_ms.insert(super::super::reach::tests::address(4), NOW - 5_000);
    let found = of(&four);
    assert_eq!(found[0].code, "peers.missing");
    assert!(found[0].what.contains("not connected to this node though they sign blocks (Anhui 安徽, 340000)"));
    let mut mute = Four::healthy();
    mute.engine.votes.remove(1);
    let found = of(&mute);
    assert_eq!((found.len(), found[0].code), (1, "validators.silent"));
    assert!(found[0].what.contains("Zhejiang 浙江, 330000"), "{}", found[0].what);
}

/// The votes of a validator without a link did not count, so the node was not ready though the chain went on.
#[test]
#[allow(clippy::unwrap_used, reason = "tests")]
fn a_validator_whose_votes_are_passed_on_counts_and_its_missing_link_is_named() {
    let mut four = Four::healthy().gone(2, 60_000).gone(4, 60_000);
    let vote =
        four.engine.votes.iter_mut().find(|vote| vote.validator == super::super::reach::tests::address(4)).unwrap();
    (vote.seen_at_ms, vote.height) = (NOW - 100, 11);
    let reach = four.reach();
    assert_eq!((reach.reached_power, reach.has_quorum(), reach.may_fail), (3, true, 0));
    let found = of(&four);
    assert_eq!(found.len(), 2, "{found:?}");
    let (first, second) = (&found[0], &found[1]);
    assert_eq!((first.code, second.code), ("peers.missing", "peers.missing"));
    assert!(
        first
            .what
            .starts_with("1 of 4 validators not connected to this node, their votes come by way of others (Anhui")
    );
    assert!(first.what.contains("no further failure is tolerated, as long as"), "{}", first.what);
    assert!(second.what.contains("1 of 4 validators silent") && second.what.contains("Jiangsu"), "{}", second.what);
    // A last vote that came before the connection ended is no sign of life.
    assert_eq!(Four::healthy().gone(2, 60_000).reach().reached_power, 3);
}

#[test]
fn a_muted_peer_is_named() {
    let mut four = Four::healthy();
    four.engine.peers[0].muted_until_ms = NOW + 60_000;
    let found = of(&four);
    assert_eq!((found.len(), found[0].code, found[0].severity), (1, "peers.muted", Severity::Warning));
    assert!(found[0].what.contains(&four.engine.peers[0].peer_id), "{}", found[0].what);
    four.engine.peers[0].muted_until_ms = NOW - 1;
    assert_eq!(of(&four).len(), 0, "it is heard again");
}

/// One peer could take every node out of service by naming a height far away.
#[test]
fn one_peers_word_about_the_height_is_not_believed() {
    let peer = |tip: u64| PeerStatus {
        peer_id: format!("p{tip}"),
        connected: true,
        tip: Some(tip),
        heard_at_ms: 0,
        muted_until_ms: 0,
    };
    let with = |tips: &[u64]| EngineStatus { peers: tips.iter().map(|tip| peer(*tip)).collect(), ..engine() };
    assert_eq!(trusted_tip(&with(&[u64::MAX, 12, 11]), &[], 4), Some(12));
    assert_eq!(trusted_tip(&with(&[u64::MAX]), &[], 4), None, "one word is not enough to be sure");
    assert_eq!(trusted_tip(&with(&[13]), &[], 2), Some(13), "of two validators none may be at fault");
    let mut silent = with(&[90, 13]);
    silent.peers[0].connected = false;
    assert_eq!(trusted_tip(&silent, &[], 2), Some(13), "who is away says nothing");
}

/// After a start, until the others have told their height, a node may be behind without knowing.
#[test]
fn a_node_that_was_told_no_height_is_not_ready() {
    let mut four = Four::healthy();
    four.engine.peers.iter_mut().for_each(|peer| peer.tip = None);
    assert_eq!(of(&four).iter().map(|reason| reason.code).collect::<Vec<_>>(), ["chain.tip_unknown"]);
    four.engine.peers[0].tip = Some(13);
    four.engine.peers[1].tip = Some(13);
    assert_eq!(of(&four).iter().map(|reason| reason.code).collect::<Vec<_>>(), ["chain.behind"]);
}

/// Codes with severities of what is wrong with the signatures of a whole set of four, of which this node is the first.
fn of_signatures(signing: huxin_engine::SigningStatus, found: &Misbehaviour) -> Vec<(&'static str, Severity)> {
    let mut four = Four::healthy();
    four.engine.signing = signing;
    let reach = four.reach();
    let mut look = look(&four.engine, &reach);
    (look.me, look.misbehaviour) = (address(1), Some(found));
    let found = reasons(&look);
    assert!(found.iter().all(|reason| !reason.what.is_empty() && !reason.what_zh.is_ascii()), "{found:?}");
    found.into_iter().map(|reason| (reason.code, reason.severity)).collect()
}

#[test]
fn a_validator_that_keeps_silent_says_why() {
    let none = Misbehaviour::default();
    let known = test_engine().signing;
    let unknown = huxin_engine::SigningStatus { past_known: false, ..known.clone() };
    assert_eq!(of_signatures(unknown, &none), [("signing.past_unknown", Severity::Stop)]);
    // Idle at 11: the next height is 12.
    let watching = huxin_engine::SigningStatus { above_height: 12, ..known.clone() };
    assert_eq!(of_signatures(watching, &none), [("signing.watching", Severity::Warning)]);
    let older_store = huxin_engine::SigningStatus { last_height: 13, ..known.clone() };
    assert_eq!(of_signatures(older_store, &none), [("signing.watching", Severity::Warning)]);
    let voting = huxin_engine::SigningStatus { above_height: 11, last_height: 12, ..known.clone() };
    assert_eq!(of_signatures(voting, &none), []);
    let log_lost = huxin_engine::SigningStatus { log_lost_at: Some(12), ..known };
    assert_eq!(of_signatures(log_lost, &none), [("signing.log_lost", Severity::Warning)]);
}

#[test]
fn proofs_count_while_the_key_is_in_the_set() {
    let known = test_engine().signing;
    let signed = |seeds: &[u8]| Misbehaviour {
        double_signers: seeds.iter().map(|seed| address(*seed)).collect(),
        forks: Vec::new(),
    };
    assert_eq!(of_signatures(known.clone(), &signed(&[1])), [("signing.signed_twice", Severity::Stop)]);
    assert_eq!(of_signatures(known.clone(), &signed(&[3])), [("validators.signed_twice", Severity::Warning)]);
    assert_eq!(of_signatures(known.clone(), &signed(&[9])), []);
    let forked = |seeds: &[u8]| Misbehaviour {
        forks: vec![ForkSeen { height: 7, signed_both: seeds.iter().map(|seed| address(*seed)).collect() }],
        ..Misbehaviour::default()
    };
    assert_eq!(of_signatures(known.clone(), &forked(&[2, 9])), [("chain.forked", Severity::Stop)]);
    assert_eq!(of_signatures(known, &forked(&[9])), [("chain.forked", Severity::Warning)]);
}
