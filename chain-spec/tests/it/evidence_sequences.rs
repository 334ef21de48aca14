//! The evidence family under arbitrary use: counts and states follow from the accepted records, a case has at most one rating by each organisation, and
//! a share never holds more than was asked for.

use std::collections::BTreeMap;

use huxin_chain_spec::ids::Uscc;
use huxin_chain_spec::record::EvidenceOperation;
use huxin_chain_spec::record::evidence::{Material, MaterialDemand, ShareDelivery};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::evidence::{CaseEvidenceState, MaterialState, ShareState, ShareStatus};
use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};

use crate::evidence_table::{STEPS, step};
use crate::support::*;

use EvidenceOperation as Op;

/// The attempt with this number: a step of a share, a material, a demand, a rating or a visit.
fn operation(kind: usize, name: u8, size: u32) -> EvidenceOperation {
    let name = format!("{name}");
    match kind {
        0..5 => match step(STEPS[kind], &name) {
            Op::ShareDeliver(delivery) => Op::ShareDeliver(ShareDelivery { records: size, ..delivery }),
            other => other,
        },
        5 => Op::Material(Material { shareable: size > 6, material: name.parse().unwrap(), ..material() }),
        6 => Op::MaterialDemand(MaterialDemand { material: name.parse().unwrap(), ..material_demand() }),
        7 => all_evidence().into_iter().find(|one| matches!(one, Op::Rating(_))).unwrap(),
        _ => all_evidence().into_iter().find(|one| matches!(one, Op::Visit(_))).unwrap(),
    }
}

/// What the accepted records alone say.
#[derive(Default)]
struct Told {
    kinds: BTreeMap<&'static str, u32>,
    /// Of each material on an organisation's file: whether the newest can be shared, how many, how many demands, how many repeated.
    materials: BTreeMap<(Uscc, String), (bool, u32, u32, u32)>,
    shares: BTreeMap<String, ShareStatus>,
}

impl Told {
    fn hear(&mut self, operation: &EvidenceOperation, by: Uscc, name: &str) {
        *self.kinds.entry(operation.name()).or_default() += 1;
        let status = match operation {
            Op::Material(material) => {
                let entry = self.materials.entry((by, name.to_owned())).or_default();
                *entry = (material.shareable, entry.1 + 1, entry.2, entry.3);
                return;
            }
            Op::MaterialDemand(_) => {
                let entry = self.materials.entry((by, name.to_owned())).or_default();
                *entry = (entry.0, entry.1, entry.2 + 1, entry.3 + u32::from(entry.0));
                return;
            }
            Op::ShareRequest(_) => ShareStatus::Requested,
            Op::ShareApprove(_) => ShareStatus::Approved,
            Op::ShareDeny(_) => ShareStatus::Denied,
            Op::ShareDeliver(_) => ShareStatus::Delivered,
            Op::ShareReturn(_) => ShareStatus::Returned,
            _ => return,
        };
        self.shares.insert(name.to_owned(), status);
    }

    fn compare(&self, bench: &EvidenceBench) {
        for ((by, name), (shareable, materials, demands, repeated)) in &self.materials {
            let key = StateKey::Material(*by, subject("s"), name.parse().unwrap());
            let state: MaterialState = bench.read(&key).unwrap();
            let found = (state.shareable, state.materials, state.demands, state.repeated_demands);
            assert_eq!(found, (*shareable, *materials, *demands, *repeated));
            assert_eq!(state.first.is_some(), *materials > 0);
            assert!(state.first <= state.latest);
        }
        for (name, status) in &self.shares {
            let state: ShareState = bench.read(&StateKey::Share(share_named(name))).unwrap();
            assert_eq!(state.status, *status);
            assert!(state.records_delivered <= state.records_max);
        }
        let case: Option<CaseEvidenceState> = bench.read(&StateKey::CaseEvidence(case("c")));
        let visits = self.kinds.get("evidence.visit").copied().unwrap_or_default();
        assert_eq!(case.unwrap_or_default().visits, visits);
        assert!(self.kinds.get("evidence.rating").is_none_or(|ratings| *ratings <= 2), "one rating by each");
    }
}

#[test]
fn state_follows_from_the_accepted_records() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(64) });
    let reached = std::cell::RefCell::new(BTreeMap::<&'static str, u32>::new());
    runner
        .run(&vec((0..9usize, 0..3u8, 0..13u32, 0..2usize), 10..120), |attempts| {
            let mut bench = EvidenceBench::new();
            let mut told = Told::default();
            for (kind, name, size, who) in attempts {
                let operation = operation(kind, name, size);
                let signer = if who == 0 { SHANGHAI } else { JIANGSU };
                let by = bench.network.provinces[signer].issuer.organisation;
                let signer = bench.network.issuer(signer);
                if let Ok(changes) = bench.try_one(&signer, operation.clone()) {
                    bench.keep(changes);
                    told.hear(&operation, by, &format!("{name}"));
                }
            }
            told.compare(&bench);
            for (kind, count) in told.kinds {
                *reached.borrow_mut().entry(kind).or_default() += count;
            }
            Ok(())
        })
        .unwrap();
    let reached = reached.into_inner();
    assert_eq!(reached.len(), 9, "a property that nothing reaches proves nothing: {reached:?}");
}
