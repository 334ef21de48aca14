//! Licence numbers: at most one version of a number lives.

use std::collections::BTreeMap;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::LicenceRef;
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::state::{LicenceStatus, LineageState, StateKey};
use huxin_chain_spec::transaction::Outcome;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

fn name(number: u8, version: u16) -> String {
    format!("number {number} version {version}")
}

fn first(number: u8) -> LicenceRef {
    licence_ref(&name(number, 1))
}

fn licence(home: &Issuer, number: u8, version: u16, is_import: bool) -> Licence {
    Licence {
        version,
        first: (version > 1).then(|| name_digest(&name(number, 1))),
        imported: is_import.then(|| basis("DR-1")),
        ..home.licence(&name(number, version))
    }
}

fn issue_version(home: &Issuer, number: u8, version: u16, is_import: bool) -> LicenceOperation {
    LicenceOperation::Issue(licence(home, number, version, is_import))
}

fn amend_to(home: &Issuer, old: (u8, u16), new: (u8, u16)) -> LicenceOperation {
    let predecessor = licence_ref(&name(old.0, old.1));
    LicenceOperation::Amend { predecessor, licence: licence(home, new.0, new.1, false), basis: basis("BG-1") }
}

/// A4: `issue` of version 001 and `issue` of version 002 were both VALID.
#[test]
fn two_live_versions_of_one_number() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue_version(&home, 1, 1, false));
    let refused = |network: &mut Network, operation| network.try_one(&home.key, operation).unwrap_err();
    assert_eq!(refused(&mut network, issue_version(&home, 1, 2, false)), Code::LicenceVersionWithoutPredecessor);
    assert_eq!(refused(&mut network, issue_version(&home, 1, 2, true)), Code::LicenceLineageExists);
    network.must(&home.key, amend_to(&home, (1, 1), (1, 2)));
    assert_eq!(refused(&mut network, issue_version(&home, 1, 3, true)), Code::LicenceLineageExists);
    // Imported first, and version 1 afterwards.
    network.must(&home.key, issue_version(&home, 2, 3, true));
    let begun: LineageState = network.thing(&StateKey::Lineage(first(2))).unwrap();
    assert_eq!(begun.begun_by.0, 2);
    assert_eq!(refused(&mut network, issue_version(&home, 2, 1, false)), Code::LicenceLineageExists);
    assert_eq!(refused(&mut network, issue_version(&home, 2, 2, true)), Code::LicenceLineageExists);
    // Through a detour: another number is amended into one that lives.
    network.must(&home.key, issue_version(&home, 3, 1, false));
    assert_eq!(refused(&mut network, amend_to(&home, (3, 1), (2, 9))), Code::LicenceLineageExists);
    // A number that ended is not used again.
    network.must(&home.key, LicenceOperation::Cancel(change(&name(3, 1))));
    assert_eq!(refused(&mut network, issue_version(&home, 3, 2, true)), Code::LicenceLineageExists);
}

/// An attack: another issuer's number is begun under its own name, so that the owner could not record it.
#[test]
fn a_number_of_another_issuer_cannot_be_occupied() {
    let mut network = Network::found();
    let (home, other) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].issuer.clone());
    let occupying = licence(&other, 1, 2, true);
    assert_eq!(occupying.first, licence(&home, 1, 2, true).first, "the same name");
    network.must(&other.key, LicenceOperation::Issue(occupying));
    network.must(&home.key, issue_version(&home, 1, 1, false));
    network.must(&home.key, amend_to(&home, (1, 1), (1, 2)));
}

#[test]
fn a_number_is_named_where_it_is_needed_and_nowhere_else() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let issued = |licence| LicenceOperation::Issue(licence);
    let cases = [
        (Code::LicenceLineageUnnamed, Licence { first: Some(name_digest(&name(9, 1))), ..licence(&home, 1, 1, false) }),
        (Code::LicenceLineageUnnamed, Licence { first: None, ..licence(&home, 1, 2, true) }),
        (Code::LicenceLineageUnnamed, Licence { first: Some(name_digest(&name(1, 2))), ..licence(&home, 1, 2, true) }),
        (Code::LicenceImportNotNeeded, licence(&home, 1, 1, true)),
        (Code::LicenceVersionWithoutPredecessor, licence(&home, 1, 2, false)),
    ];
    for (code, licence) in cases {
        assert_eq!(network.try_one(&home.key, issued(licence)).unwrap_err(), code);
    }
    network.must(&home.key, issue_version(&home, 1, 1, false));
    let imported = Licence { imported: Some(basis("DR-1")), ..licence(&home, 1, 2, false) };
    let amended = LicenceOperation::Amend { predecessor: first(1), licence: imported, basis: basis("BG-1") };
    assert_eq!(network.try_one(&home.key, amended).unwrap_err(), Code::LicenceImportNotNeeded);
}

const NUMBERS: u8 = 3;
const VERSIONS: u16 = 4;

#[derive(Debug, Clone)]
enum Attempt {
    Issue((u8, u16), bool),
    Amend((u8, u16), (u8, u16)),
    Cancel((u8, u16)),
    Withdraw((u8, u16)),
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let licence = || (0..NUMBERS, 1..=VERSIONS);
    // Mostly what could succeed, or everything would be refused.
    let issue = (licence(), prop::bool::weighted(0.85))
        .prop_map(|(licence, is_right)| Attempt::Issue(licence, (licence.1 > 1) == is_right));
    let amend = (0..NUMBERS, 1..VERSIONS, prop::bool::weighted(0.7), licence()).prop_map(
        |(number, version, is_next, other)| {
            Attempt::Amend((number, version), if is_next { (number, version + 1) } else { other })
        },
    );
    let attempt = prop_oneof![
        3 => issue,
        6 => amend,
        1 => licence().prop_map(Attempt::Cancel),
        1 => licence().prop_map(Attempt::Withdraw),
    ];
    prop::collection::vec(attempt, 10..40)
}

/// The naive model: every version with its status, and what replaced what. It knows nothing of lineages.
#[derive(Default)]
struct Model {
    versions: BTreeMap<(u8, u16), LicenceStatus>,
    replaced: BTreeMap<(u8, u16), (u8, u16)>,
}

impl Model {
    fn is_used(&self, number: u8) -> bool {
        self.versions.keys().any(|(one, _)| *one == number)
    }

    fn is_issued(&self, licence: (u8, u16)) -> bool {
        self.versions.get(&licence) == Some(&LicenceStatus::Issued)
    }

    fn take(&mut self, attempt: &Attempt) -> bool {
        match *attempt {
            Attempt::Issue((number, version), is_import) => {
                let may = is_import == (version > 1) && !self.is_used(number);
                if may {
                    self.versions.insert((number, version), LicenceStatus::Issued);
                }
                may
            }
            Attempt::Amend(old, new) => {
                let fits = new.0 == old.0 || !self.is_used(new.0);
                let may = self.is_issued(old) && new.1 > old.1 && !self.versions.contains_key(&new) && fits;
                if may {
                    self.versions.insert(old, LicenceStatus::Superseded);
                    self.versions.insert(new, LicenceStatus::Issued);
                    self.replaced.insert(old, new);
                }
                may
            }
            Attempt::Cancel(licence) => {
                let may = self.is_issued(licence);
                if may {
                    self.versions.insert(licence, LicenceStatus::Cancelled);
                }
                may
            }
            Attempt::Withdraw(licence) => {
                let status = self.versions.get(&licence);
                let may = matches!(status, Some(LicenceStatus::Issued | LicenceStatus::Superseded));
                if may {
                    self.withdraw_all(licence);
                }
                may
            }
        }
    }

    /// Everything that hangs together with a licence, looked up over and over until nothing is added.
    fn withdraw_all(&mut self, licence: (u8, u16)) {
        let mut all = vec![licence];
        loop {
            let near = |one: &(u8, u16), other: &(u8, u16)| all.contains(one) != all.contains(other);
            let Some((old, new)) = self.replaced.iter().find(|(old, new)| near(old, new)).map(|(a, b)| (*a, *b)) else {
                break;
            };
            all.push(if all.contains(&old) { new } else { old });
        }
        for one in all {
            self.versions.insert(one, LicenceStatus::Withdrawn);
        }
    }
}

#[test]
fn random_histories_of_numbers_answer_like_the_naive_model() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(160) });
    let mut accepted = BTreeMap::new();
    let counted = std::cell::RefCell::new(&mut accepted);
    let property = |attempts: Vec<Attempt>| {
        let (mut network, mut model) = (Network::found(), Model::default());
        let home = network.provinces[SHANGHAI].issuer.clone();
        for attempt in &attempts {
            let at = network.next_ms();
            let change = |licence: (u8, u16)| huxin_chain_spec::record::licence::Change {
                effective_ms: at,
                ..change(&name(licence.0, licence.1))
            };
            let (kind, operation) = match *attempt {
                Attempt::Issue((number, version), is_import) => {
                    ("issue", issue_version(&home, number, version, is_import))
                }
                Attempt::Amend(old, new) => ("amend", amend_to(&home, old, new)),
                Attempt::Cancel(licence) => ("cancel", LicenceOperation::Cancel(change(licence))),
                Attempt::Withdraw(licence) => ("withdraw", LicenceOperation::Withdraw(change(licence))),
            };
            let transaction = network.transaction(&home.key, vec![Op::from(operation).0]);
            let is_accepted = matches!(network.commit(vec![transaction])[0], Outcome::Committed { .. });
            prop_assert_eq!(is_accepted, model.take(attempt), "{:?}", attempt);
            *counted.borrow_mut().entry(kind).or_insert(0) += u32::from(is_accepted);
            for number in 0..NUMBERS {
                let live = (1..=VERSIONS).filter(|version| model.is_issued((number, *version))).count();
                prop_assert!(live <= 1, "{} live versions of one number", live);
            }
        }
        for ((number, version), status) in &model.versions {
            prop_assert_eq!(network.status(&licence_ref(&name(*number, *version))), *status);
        }
        Ok(())
    };
    runner.run(&attempts(), property).unwrap();
    // A property that nothing reaches proves nothing.
    assert!(accepted.len() == 4 && accepted.values().all(|count| *count > 20), "{accepted:?}");
}
