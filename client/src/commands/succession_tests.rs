//! Who acts for an organisation, asked of a node over real sockets.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use huxin_chain_spec::record::membership::StatusChange;
use huxin_chain_spec::record::{MembershipOperation, Operation};
use parking_lot::Mutex;

use super::*;
use crate::sdk::{NodeClient, TrustRoot};
use crate::test_chain::{TestChain, issue, key};
use crate::test_liar::{LiarNode, Lie};
use crate::testnet::{PROVINCES, synthetic_uscc};

fn authority(organisation: Uscc, as_of: Option<TimeMs>) -> Authority {
    Authority { organisation, licence_type: None, cases: true, seals: false, publications: false, as_of }
}

/// A suspended organisation was said to act, and one that was not registered yet at the time asked about, too.
#[tokio::test]
async fn who_acts_is_active_at_the_time_asked_about() {
    let mut chain = TestChain::new();
    let (old, new) = (PROVINCES[0].issuer().unwrap(), synthetic_uscc("310100", 900).unwrap());
    let registrar = || key("shanghai/registrar");
    chain.decide(vec![issue("A", b"a")]);
    let region = PROVINCES[0].region().unwrap();
    chain.decide_by(
        registrar(),
        vec![Operation::Membership(MembershipOperation::OrganisationAdd { organisation: new, region, consent: None })],
    );
    let suspend = MembershipOperation::OrganisationStatus {
        organisation: old,
        change: StatusChange::Suspend,
        basis: "XZXKF-69".parse().unwrap(),
    };
    chain.decide_by(registrar(), vec![Operation::Membership(suspend)]);
    let (before, genesis) = (chain.time(1), chain.genesis.clone());
    let node = LiarNode::start(&Arc::new(Mutex::new(chain)), Lie::None).await;
    let client = Client::connect(NodeClient::new(&[node.url]).unwrap(), TrustRoot::of_genesis(genesis)).await.unwrap();
    let client = client.with_age_s_max(u64::MAX);
    let ask = async |organisation, as_of| {
        let answer = authority(organisation, as_of).answer(&client, Competence::Cases).await.unwrap();
        (answer.exit_code, answer.value["acts"].is_string(), answer.text)
    };
    let (exit_code, acts, text) = ask(old, None).await;
    assert_eq!((exit_code, acts), (ExitCode::Refused, false), "{text}");
    assert!(text.contains("issuer.suspended"), "{text}");
    let (exit_code, acts, text) = ask(old, Some(before)).await;
    assert_eq!((exit_code, acts), (ExitCode::Success, true), "{text}");
    let (exit_code, acts, text) = ask(new, None).await;
    assert_eq!((exit_code, acts), (ExitCode::Success, true), "{text}");
    // An honest node was called a liar for having no proof of a time before the founding.
    let earlier = authority(old, Some(TimeMs(1))).answer(&client, Competence::Cases).await.err().unwrap();
    assert!(matches!(&earlier, ClientError::Input { place, .. } if place == "--as-of"), "{earlier}");
    let (exit_code, acts, text) = ask(new, Some(before)).await;
    assert_eq!((exit_code, acts), (ExitCode::NotOnLedger, false), "{text}");
}
