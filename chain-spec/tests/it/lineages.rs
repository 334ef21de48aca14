//! The licence family under arbitrary use: for all operations, orders and packings into transactions, a licence has
//! exactly one state and at most one live successor.

use std::collections::{BTreeMap, BTreeSet};

use huxin_chain_spec::ids::LicenceRef;
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::{LicenceOperation, Operation, Record};
use huxin_chain_spec::state::{LicenceStatus, StateReader as _};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

/// Names of licences. Few, so that attempts meet.
const NAMES: usize = 24;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Issue,
    Amend,
    TransferOut,
    TransferIn,
    CancelTransfer,
    Suspend,
    Restore,
    Cancel,
    Withdraw,
    Revoke,
    Lapse,
}

/// One attempted operation. Choices are indexes into what the ledger has at the time.
#[derive(Debug, Clone)]
struct Attempt {
    kind: Kind,
    /// On a licence that lives, or on any name; a new name that is free, or any.
    aims_well: bool,
    /// By an entitled signer, or by any signer.
    is_entitled: bool,
    who: Index,
    licence: Index,
    new: Index,
}

fn attempts() -> impl Strategy<Value = Vec<Vec<Attempt>>> {
    use Kind::*;
    // Ends are rare, or everything would soon be over.
    let kind = prop_oneof![
        9 => select(vec![Issue, Amend, TransferOut, TransferIn, TransferIn, CancelTransfer, Suspend, Restore, Restore]),
        1 => select(vec![Cancel, Withdraw, Revoke, Lapse]),
    ];
    let choices = (any::<Index>(), any::<Index>(), any::<Index>());
    let attempt = (kind, prop::bool::weighted(0.9), prop::bool::weighted(0.85), choices).prop_map(
        |(kind, aims_well, is_entitled, (who, licence, new))| Attempt {
            kind,
            aims_well,
            is_entitled,
            who,
            licence,
            new,
        },
    );
    vec(vec(attempt, 1..6), 5..40)
}

fn name(number: usize) -> String {
    format!("licence {number}")
}

fn is_live(status: LicenceStatus) -> bool {
    matches!(status, LicenceStatus::Issued | LicenceStatus::Suspended | LicenceStatus::TransferredOut)
}

/// The chain, and the signers.
struct World {
    network: Network,
    /// The four issuers, and a registrar, who may do nothing here.
    actors: Vec<Issuer>,
}

impl World {
    fn new() -> Self {
        let network = Network::found();
        let mut actors: Vec<Issuer> = network.provinces.iter().map(|one| one.issuer.clone()).collect();
        actors.push(Issuer { key: network.registrar(SHANGHAI), ..actors[SHANGHAI].clone() });
        Self { network, actors }
    }

    fn status(&self, number: usize) -> Option<LicenceStatus> {
        let licence = licence_ref(&name(number));
        let is_issued = self.network.ledger.issued_at(&licence).unwrap().is_some();
        is_issued.then(|| self.network.status(&licence))
    }

    /// Whether an attempt of this kind could succeed on this licence.
    fn suits(&self, kind: Kind, number: usize) -> bool {
        use LicenceStatus as S;
        match kind {
            Kind::Issue => self.status(number).is_none(),
            Kind::TransferIn | Kind::CancelTransfer => self.status(number) == Some(S::TransferredOut),
            Kind::Restore => self.status(number) == Some(S::Suspended),
            Kind::Amend | Kind::TransferOut | Kind::Suspend => self.status(number) == Some(S::Issued),
            _ => self.status(number).is_some_and(is_live),
        }
    }

    /// One of the numbers that suit, or any.
    fn pick(&self, index: &Index, aims_well: bool, suits: impl Fn(usize) -> bool) -> usize {
        let good: Vec<usize> = (0..NAMES).filter(|number| suits(*number)).collect();
        if aims_well && !good.is_empty() { *index.get(&good) } else { index.index(NAMES) }
    }

    /// Who may: the issuer of the licence, or the one a transfer names; the issuer of anything new, for an issue.
    fn entitled(&self, attempt: &Attempt, number: usize) -> Option<Issuer> {
        let licence = licence_ref(&name(number));
        let organisation = match attempt.kind {
            Kind::TransferIn => self.network.licence_state(&licence)?.transfer_to?.organisation,
            _ => {
                let index = self.network.ledger.issued_at(&licence).unwrap()?;
                self.network.ledger.issued_licence(index).unwrap().issuer
            }
        };
        self.actors.iter().find(|actor| actor.organisation == organisation).cloned()
    }

    fn transaction(&mut self, attempt: &Attempt, then: Option<&Attempt>) -> huxin_chain_spec::transaction::Transaction {
        let number = self.pick(&attempt.licence, attempt.aims_well, |number| self.suits(attempt.kind, number));
        let anybody = attempt.who.get(&self.actors).clone();
        let actor = if attempt.is_entitled { self.entitled(attempt, number).unwrap_or(anybody) } else { anybody };
        let new = self.pick(&attempt.new, attempt.aims_well, |number| self.status(number).is_none());
        let mut operations = vec![Op::from(self.operation(attempt, &actor, number, new)).0];
        // A second operation, on the licence that the first one may have made.
        if let Some(then) = then {
            operations.push(Op::from(self.operation(then, &actor, new, attempt.who.index(NAMES))).0);
        }
        self.network.transaction(&actor.key, operations)
    }

    fn operation(&self, attempt: &Attempt, actor: &Issuer, number: usize, new: usize) -> LicenceOperation {
        use LicenceOperation as L;
        let (old, new) = (name(number), name(new));
        let index = self.network.ledger.issued_at(&licence_ref(&old)).unwrap();
        let version = index.map_or(1, |index| self.network.ledger.issued_licence(index).unwrap().version + 1);
        match attempt.kind {
            Kind::Issue => L::Issue(Licence { version: 1, ..actor.licence(&old) }),
            Kind::Amend => amend(actor, &old, &new, version),
            Kind::TransferOut => {
                let abroad: Vec<&Province> =
                    self.network.provinces.iter().filter(|one| one.issuer.organisation != actor.organisation).collect();
                transfer_out(&old, abroad[attempt.who.index(abroad.len())])
            }
            Kind::TransferIn => transfer_in(actor, &old, &new),
            Kind::CancelTransfer => L::CancelTransfer(change(&old)),
            Kind::Suspend => L::Suspend(change(&old)),
            Kind::Restore => L::Restore(change(&old)),
            Kind::Cancel => L::Cancel(change(&old)),
            Kind::Withdraw => L::Withdraw(change(&old)),
            Kind::Revoke => L::Revoke(change(&old)),
            Kind::Lapse => L::Lapse(change(&old)),
        }
    }

    /// Commits blocks of attempts. Those of one block do not know of one another, as in life.
    fn live_through(&mut self, blocks: &[Vec<Attempt>], packed: bool) {
        for block in blocks {
            let then = packed.then(|| &block[0]);
            let transactions = block.iter().map(|attempt| self.transaction(attempt, then)).collect();
            self.network.commit(transactions);
        }
    }
}

/// From the log alone: which record issued what, and who replaced whom. Each at most once.
fn read_log(records: &[Record]) -> (BTreeMap<LicenceRef, usize>, BTreeMap<LicenceRef, LicenceRef>) {
    let (mut issued, mut replaced) = (BTreeMap::new(), BTreeMap::new());
    for (index, record) in records.iter().enumerate() {
        let Operation::Licence(operation) = &record.operation else { continue };
        let Some(licence) = operation.new_licence() else { continue };
        assert_eq!(issued.insert(licence.licence, index), None, "issued twice");
        if let Some(predecessor) = operation.changed_licence() {
            assert_eq!(replaced.insert(*predecessor, licence.licence), None, "two successors");
        }
    }
    (issued, replaced)
}

/// Ledger and log agree, and each lineage has at most one licence that lives: its last.
fn assert_lineages(network: &Network) {
    let (issued, replaced) = read_log(&network.records);
    assert_eq!(network.ledger.licence_count(), issued.len());
    for (licence, index) in &issued {
        let known = network.ledger.issued_at(licence).unwrap().unwrap();
        assert_eq!(usize::try_from(known.0).unwrap(), *index);
        let state = network.licence_state(licence);
        let successor = state.as_ref().and_then(|state| state.successor);
        assert_eq!(successor.as_ref(), replaced.get(licence));
        let may_have_one = [LicenceStatus::Superseded, LicenceStatus::Withdrawn].contains(&network.status(licence));
        assert!(successor.is_none() || may_have_one);
        assert!(successor.is_some() || network.status(licence) != LicenceStatus::Superseded);
        if let Some(state) = state {
            assert_eq!(state.issued_by, known);
            assert!(state.changed_by > state.issued_by);
            assert_eq!(state.transfer_to.is_some(), state.status == LicenceStatus::TransferredOut);
        }
    }
    let successors: BTreeSet<&LicenceRef> = replaced.values().collect();
    for first in issued.keys().filter(|licence| !successors.contains(licence)) {
        let mut last = *first;
        let mut steps = 0;
        while let Some(next) = replaced.get(&last) {
            assert!(!is_live(network.status(&last)), "a replaced licence lives");
            if network.status(&last) == LicenceStatus::Withdrawn {
                assert_eq!(network.status(next), LicenceStatus::Withdrawn, "what rests on a withdrawn licence stands");
            }
            last = *next;
            steps += 1;
            assert!(steps < issued.len(), "a circle of successors");
        }
    }
}

#[test]
fn at_most_one_live_successor_and_exactly_one_state() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(128) });
    let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
    let counted = std::cell::RefCell::new(&mut kinds);
    let property = |(blocks, packed): (Vec<Vec<Attempt>>, bool)| {
        let mut world = World::new();
        world.live_through(&blocks, packed);
        assert_lineages(&world.network);
        for record in &world.network.records {
            *counted.borrow_mut().entry(record.operation.name()).or_default() += 1;
        }
        Ok(())
    };
    runner.run(&(attempts(), prop::bool::weighted(0.3)), property).unwrap();
    // A property that nothing reaches proves nothing.
    assert_eq!(kinds.len(), 11, "{kinds:?}");
    assert!(kinds["licence.transfer_in"] > 50 && kinds["licence.amend"] > 50, "{kinds:?}");
}
