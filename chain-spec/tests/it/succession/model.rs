//! Who holds what, against a naive table.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// Elementary matters of the model.
const MATTERS: usize = 5;

fn matter(number: usize) -> Competence {
    match number {
        0 => Competence::Licences(licence_type()),
        1 => Competence::OtherLicences,
        2 => Competence::Cases,
        3 => Competence::Seals,
        _ => Competence::Publications,
    }
}

#[derive(Debug, Clone)]
struct Reform {
    from: Index,
    to: Index,
    scope: [bool; MATTERS],
}

fn reforms() -> impl Strategy<Value = Vec<Reform>> {
    let reform = (any::<Index>(), any::<Index>(), prop::array::uniform5(prop::bool::weighted(0.4)))
        .prop_map(|(from, to, scope)| Reform { from, to, scope });
    vec(reform, 1..24)
}

/// Whatever reforms are tried in whatever order, the holder of every matter is the one a naive table names, in which a hand-over moves
/// whatever its predecessor holds at the time, its own and what it had received.
#[test]
fn holders_are_those_of_the_naive_table() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(64) });
    let accepted = std::cell::Cell::new(0);
    runner
        .run(&reforms(), |reforms| {
            let mut world = World::new();
            let d = world.cases.admit(SHANGHAI, "1131000000002439", Permissions::agency());
            let bureaus = [world.old.clone(), world.b.clone(), world.c.clone(), d];
            let registrar = world.registrar(SHANGHAI);
            let mut table: BTreeMap<(usize, usize), usize> = BTreeMap::new();
            for of in 0..bureaus.len() {
                table.extend((0..MATTERS).map(|number| ((of, number), of)));
            }
            for reform in reforms {
                let (from, to) = (reform.from.index(bureaus.len()), reform.to.index(bureaus.len()));
                let [one, rest, cases, seals, publications] = reform.scope;
                // "Every type" moves the type named by itself too, where it is still there.
                let licences = match (rest, one) {
                    (true, _) => Some(Vec::new()),
                    (false, true) => Some(vec![licence_type()]),
                    (false, false) => None,
                };
                let scope = SuccessionScope { licences, cases, seals, publications };
                let named: Vec<usize> =
                    (0..MATTERS).filter(|number| reform.scope[*number] && !(*number == 0 && rest)).collect();
                let holds =
                    |who: usize, or: usize| named.iter().all(|number| [who, or].contains(&table[&(who, *number)]));
                // The successor acts itself, or gets back what it once had.
                // Of "every type" that counts for the type named by itself as well, where the predecessor has it.
                let moves_one = rest && table[&(from, 0)] == from;
                let is_taken = !moves_one || [to, from].contains(&table[&(to, 0)]);
                let is_good = from != to && !named.is_empty() && holds(from, from) && holds(to, from) && is_taken;
                let step = succeed(bureaus[from].organisation, bureaus[to].organisation, scope);
                let tried = world.tried(&registrar, step.clone());
                assert_eq!(tried.is_ok(), is_good, "{tried:?}");
                if !is_good {
                    continue;
                }
                world.must(&registrar, step);
                accepted.set(accepted.get() + 1);
                let moved: Vec<usize> = if rest { named.into_iter().chain([0]).collect() } else { named };
                for ((_, number), holder) in &mut table {
                    if *holder == from && moved.contains(number) {
                        *holder = to;
                    }
                }
            }
            for ((of, number), holder) in &table {
                assert_eq!(world.holder(&bureaus[*of], matter(*number)), bureaus[*holder].organisation);
                // Who acts in it, acts in the same matter of its own.
                assert_eq!(world.holder(&bureaus[*holder], matter(*number)), bureaus[*holder].organisation);
            }
            Ok(())
        })
        .unwrap();
    assert!(accepted.get() > 100, "{} reforms took effect", accepted.get());
}
