//! 撤销 reaches the whole lineage.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions, Succession, SuccessionScope};
use huxin_chain_spec::rules::licence::lineage::LINEAGE_MAX;
use huxin_chain_spec::state::{LicenceState, LicenceStatus};

use crate::support::*;

use LicenceStatus as S;

fn statuses(network: &Network, names: &[&str]) -> Vec<LicenceStatus> {
    names.iter().map(|name| network.status(&licence_ref(name))).collect()
}

fn withdraw(name: &str) -> LicenceOperation {
    let effective_ms = TimeMs(GENESIS_MS).plus_ms(100 * BLOCK_MS);
    LicenceOperation::Withdraw(Change { effective_ms, ..change(name) })
}

/// A8: a licence obtained by fraud and amended since could be withdrawn in its newest version only; a day of version 1 stayed VALID.
#[test]
fn a_fraud_is_withdrawn_through_its_lineage() {
    for named in ["a", "b", "c"] {
        let mut network = Network::found();
        let home = network.provinces[SHANGHAI].issuer.clone();
        network.must(&home.key, issue(&home, "a"));
        network.must(&home.key, amend(&home, "a", "b", 2));
        network.must(&home.key, amend(&home, "b", "c", 3));
        let record = network.must(&home.key, withdraw(named));
        assert_eq!(statuses(&network, &["a", "b", "c"]), [S::Withdrawn; 3], "{named}");
        for name in ["a", "b", "c"] {
            let state = network.licence_state(&licence_ref(name)).unwrap();
            assert_eq!(state.changed_by, record);
            // Void from the beginning, as known now; as known then it was in force.
            let day = TimeMs(GENESIS_MS).plus_ms(BLOCK_MS);
            assert_eq!(LicenceState::status_at(Some(&state), day, TimeMs::MAX), S::Withdrawn);
            assert_eq!(LicenceState::status_at(Some(&state), day, day), S::Issued);
        }
        let again = network.try_one(&home.key, withdraw("a"));
        assert_eq!(again.unwrap_err(), Code::LicenceFinalState);
    }
}

/// A licence that was transferred could no longer be withdrawn by its first province.
#[test]
fn the_first_province_withdraws_after_a_transfer() {
    let mut network = Network::found();
    let (home, there) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].clone());
    network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, transfer_out("a", &there));
    network.must(&there.issuer.key, transfer_in(&there.issuer, "a", "b"));
    network.must(&there.issuer.key, amend(&there.issuer, "b", "c", 2));
    // The one who took it over denies what it issued, and not what the first province did.
    let executed = network.try_one(&there.issuer.key, withdraw("c")).unwrap();
    let key = |name| huxin_chain_spec::state::StateKey::Licence(licence_ref(name));
    assert_eq!(written::<LicenceState>(&executed, &key("b")).status, S::Withdrawn);
    assert!(!executed.changes.states.contains_key(&key("a")));
    assert_eq!(network.try_one(&there.issuer.key, withdraw("a")).unwrap_err(), Code::LicenceIssuerMismatch);
    assert_eq!(network.try_one(&home.key, withdraw("b")).unwrap_err(), Code::LicenceIssuerMismatch);
    network.must(&home.key, withdraw("a"));
    assert_eq!(statuses(&network, &["a", "b", "c"]), [S::Withdrawn; 3]);
}

/// Nor does an end of a later version hide that what it rests on was void from the beginning.
#[test]
fn a_later_version_that_ended_is_withdrawn_with_the_first() {
    for end in [
        LicenceOperation::Lapse(change("b")),
        LicenceOperation::Cancel(change("b")),
        LicenceOperation::Revoke(change("b")),
    ] {
        let mut network = Network::found();
        let home = network.provinces[SHANGHAI].issuer.clone();
        network.must(&home.key, issue(&home, "a"));
        network.must(&home.key, amend(&home, "a", "b", 2));
        let end = match end {
            LicenceOperation::Lapse(change) => LicenceOperation::Lapse(later(change)),
            LicenceOperation::Cancel(change) => LicenceOperation::Cancel(later(change)),
            LicenceOperation::Revoke(change) => LicenceOperation::Revoke(later(change)),
            other => other,
        };
        network.must(&home.key, end);
        assert_eq!(network.try_one(&home.key, withdraw("b")).unwrap_err(), Code::LicenceFinalState);
        network.must(&home.key, withdraw("a"));
        assert_eq!(statuses(&network, &["a", "b"]), [S::Withdrawn; 2]);
    }
}

fn later(change: Change) -> Change {
    Change { effective_ms: TimeMs(GENESIS_MS).plus_ms(50 * BLOCK_MS), ..change }
}

/// A reform in between: the successor of the issuer withdraws all of it, the old bureau nothing.
#[test]
fn the_successor_of_the_issuer_withdraws_the_lineage() {
    let mut network = Network::found();
    let registrar = network.registrar(SHANGHAI);
    let old = network.provinces[SHANGHAI].issuer.clone();
    let new = Issuer { organisation: uscc("1131000000002437"), region: old.region, key: key("new bureau") };
    let add =
        MembershipOperation::OrganisationAdd { organisation: new.organisation, region: new.region, consent: None };
    network.must(&registrar, add);
    network.must(&registrar, key_add(&new.key, new.organisation, Permissions::all_licences()));
    network.must(&old.key, issue(&old, "a"));
    network.must(&old.key, amend(&old, "a", "b", 2));
    let scope = SuccessionScope { licences: Some(Vec::new()), cases: true, seals: true, publications: true };
    let succeed = Succession { from: old.organisation, to: new.organisation, scope, basis: basis("JGGG-2026") };
    network.must(&registrar, MembershipOperation::OrganisationSucceed(succeed));
    network.must(&new.key, amend(&new, "b", "c", 3));
    assert_eq!(network.try_one(&old.key, withdraw("a")).unwrap_err(), Code::OrganisationSucceeded);
    network.must(&new.key, withdraw("c"));
    assert_eq!(statuses(&network, &["a", "b", "c"]), [S::Withdrawn; 3]);
}

/// What one withdrawal changes has a bound; a lineage at it can still end.
#[test]
fn a_lineage_has_a_last_version() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let name = |number: usize| format!("version {number}");
    let versions = (2..=LINEAGE_MAX).map(|number| amend(&home, &name(number - 1), &name(number), number as u16));
    let steps = std::iter::once(issue(&home, &name(1))).chain(versions).map(|step| Op::from(step).0).collect();
    let all = network.transaction(&home.key, steps);
    assert!(matches!(network.commit(vec![all])[0], huxin_chain_spec::transaction::Outcome::Committed { .. }));
    let one_more = amend(&home, &name(LINEAGE_MAX), "one more", 900);
    assert_eq!(network.try_one(&home.key, one_more).unwrap_err(), Code::LicenceLineageFull);
    network.must(&home.key, withdraw(&name(50)));
    assert!((1..=LINEAGE_MAX).all(|number| network.status(&licence_ref(&name(number))) == S::Withdrawn));
}
