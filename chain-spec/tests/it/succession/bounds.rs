//! The bounds of lists and chains: what reaches them is refused in time or goes another way, and nothing is stuck.

use huxin_chain_spec::ids::{LicenceType, RecordIndex};
use huxin_chain_spec::record::GovernanceOperation;
use huxin_chain_spec::state::succession::{CHAIN_MAX, HANDED_ON_MAX};

use super::*;
use crate::governance::propose_until;

impl World {
    /// A province proposes an action and all vote for it, or why it may not.
    fn vote(&mut self, by: usize, action: &Action) -> Result<(), Code> {
        let proposal = RecordIndex(self.cases.ledger.records.len() as u64);
        let operation = propose_until(action.clone(), self.cases.ledger.now.plus_ms(1_000));
        let keys: Vec<_> = self.cases.provinces.iter().map(|province| province.governance.id()).collect();
        self.cases.ledger.submit(keys[by], vec![Op::from(operation).0])?;
        for (_, key) in keys.iter().enumerate().filter(|(voter, _)| *voter != by) {
            let vote = Op::from(GovernanceOperation::Vote { proposal, approve: true }).0;
            match self.cases.ledger.submit(*key, vec![vote]) {
                Err(Code::ProposalDecided) => break,
                voted => voted?,
            }
        }
        Ok(())
    }
}

/// Registrars hand on 64 times one after another. What had come so far was stuck for ever.
#[test]
fn at_the_end_of_a_chain_the_provinces_vote() {
    let mut world = World::new();
    let (a, b) = (world.old.clone(), world.b.clone());
    let cases = SuccessionScope { cases: true, ..none() };
    let registrar = world.registrar(SHANGHAI);
    world.hand_on(&a, &b, cases.clone());
    // B and a row of new bureaus hand the same duty on and on.
    let mut at = b;
    let mut hops = 1;
    let refusal = loop {
        let next = world.cases.admit(SHANGHAI, &format!("11310000000{:05}", 3_000 + hops), Permissions::agency());
        let step = succeed(at.organisation, next.organisation, cases.clone());
        match world.tried(&registrar, step.clone()) {
            Ok(()) => world.must(&registrar, step),
            Err(code) => break code,
        }
        at = next;
        hops += 1;
    };
    assert_eq!((refusal, hops), (Code::SuccessionTooLong, usize::from(CHAIN_MAX)));
    assert_eq!(world.steps(&a, Competence::Cases, TimeMs::MAX).len(), hops);
    // The provinces go on where registrars cannot: on the proposal of the organisation's own province.
    let last = world.cases.admit(SHANGHAI, "1131000000009998", Permissions::agency());
    let scope = SuccessionScope { cases: true, ..none() };
    let handed = Succession { from: at.organisation, to: last.organisation, scope, basis: basis("JGGG-2026") };
    let action = Action::OrganisationSucceed(handed);
    assert_eq!(world.vote(JIANGSU, &action), Err(Code::GovernanceOwnProvinceOnly));
    assert_eq!(world.vote(SHANGHAI, &action), Ok(()));
    assert_eq!(world.steps(&a, Competence::Cases, TimeMs::MAX).len(), hops + 1);
    assert_eq!(world.holder(&a, Competence::Cases), last.organisation);
}

/// An organisation hands on 40 times. What it still held after that was stuck for ever, also once it was removed.
#[test]
fn the_last_hand_over_leaves_nothing_behind() {
    let mut world = World::new();
    let (a, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
    let registrar = world.registrar(SHANGHAI);
    let numbered = |number: usize| format!("11100000000013338W{number:03}").parse::<LicenceType>().unwrap();
    let of = |number: usize| SuccessionScope { licences: Some(vec![numbered(number)]), ..none() };
    world.hand_on(&a, &b, of(100));
    // A type that comes back is held as well.
    world.hand_on(&b, &a, of(100));
    for number in 101..99 + HANDED_ON_MAX {
        world.hand_on(&a, &b, of(number));
    }
    let parts = [
        of(100),
        SuccessionScope { licences: None, ..all() },
        SuccessionScope { cases: false, ..all() },
        SuccessionScope { seals: false, ..all() },
        SuccessionScope { publications: false, ..all() },
    ];
    for part in parts {
        let step = succeed(a.organisation, c.organisation, part.clone());
        assert_eq!(world.tried(&registrar, step), Err(Code::SuccessionTooLong), "{part:?}");
    }
    world.hand_on(&a, &c, all());
    let matters = [Competence::OtherLicences, Competence::Cases, Competence::Seals, Competence::Publications];
    for matter in matters.into_iter().chain([Competence::Licences(numbered(100))]) {
        assert_eq!(world.holder(&a, matter), c.organisation, "{matter:?}");
    }
    assert_eq!(world.holder(&a, Competence::Licences(numbered(101))), b.organisation);
    // And nothing comes back to a body that could not hand it on.
    let back = succeed(c.organisation, a.organisation, of(100));
    assert_eq!(world.tried(&registrar, back), Err(Code::SuccessionTooLong));
}
