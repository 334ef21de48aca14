//! Issuing in another's name: a provincial platform signs, the bureau is the issuer.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::{TimeMs, Uscc};
use huxin_chain_spec::record::licence::{Change, Licence};
use huxin_chain_spec::record::membership::{Delegation, Permissions, StatusChange, Succession, SuccessionScope};
use huxin_chain_spec::record::upkeep::AttachmentRole;
use huxin_chain_spec::record::{LicenceOperation, MembershipOperation};

use crate::support::*;

/// Shanghai's bureau, a second bureau, and the platform, whose one key signs for both.
struct World {
    network: Network,
    bureau: Issuer,
    other: Issuer,
    platform: Issuer,
}

impl World {
    fn new() -> Self {
        let mut network = Network::found();
        let registrar = network.registrar(SHANGHAI);
        let bureau = network.provinces[SHANGHAI].issuer.clone();
        let mut admit = |first_16: &str| {
            let member = Issuer { organisation: uscc(first_16), region: bureau.region, key: key(first_16) };
            let (organisation, region) = (member.organisation, member.region);
            network.must(&registrar, MembershipOperation::OrganisationAdd { organisation, region, consent: None });
            network.must(&registrar, key_add(&member.key, organisation, Permissions::all_licences()));
            member
        };
        let (other, platform) = (admit("1131000000002437"), admit("1231000000002438"));
        Self { network, bureau, other, platform }
    }

    /// What the platform sends: the bureau's own operation, under the platform's key.
    fn by_platform(&self, issuer: &Issuer) -> Issuer {
        Issuer { key: self.platform.key.clone(), ..issuer.clone() }
    }

    fn delegate(&mut self, from: Uscc) {
        let given = self.given(from);
        let registrar = self.network.registrar(SHANGHAI);
        self.network.must(&registrar, MembershipOperation::OrganisationDelegate(given));
    }

    fn given(&self, from: Uscc) -> Delegation {
        let until_ms = self.network.next_ms().plus_ms(100_000);
        Delegation { from, to: self.platform.organisation, licences: Vec::new(), until_ms, basis: basis("WT-1") }
    }

    fn refused(&mut self, operation: LicenceOperation) -> Code {
        self.network.try_one(&self.platform.key.clone(), operation).unwrap_err()
    }
}

#[test]
fn one_key_issues_for_many_bureaus() {
    let mut world = World::new();
    for bureau in [world.bureau.clone(), world.other.clone()] {
        assert_eq!(world.refused(issue(&bureau, "a")), Code::LicenceIssuerMismatch);
        world.delegate(bureau.organisation);
        let signer = world.by_platform(&bureau);
        let index = world.network.must(&signer.key, issue(&signer, "a"));
        let record = world.network.records[usize::try_from(index.0).unwrap()].clone();
        let licence = record.operation.new_licence().unwrap();
        assert_eq!((record.organisation, licence.issuer), (world.platform.organisation, bureau.organisation));
        assert_eq!(licence.licence, licence_ref_of(bureau.organisation, "a"), "the name is the issuer's own");
    }
    let bureau = world.bureau.clone();
    let key = world.platform.key.clone();
    world.network.must(&key, attach("a", "copy", AttachmentRole::Duplicate));
    world.network.must(&key, correct("a", &Licence { region: "310000".parse().unwrap(), ..bureau.licence("a") }));
    world.network.must(&key, amend(&bureau, "a", "b", 2));
    // What the platform issued is the bureau's: it decides about it itself.
    world.network.must(&bureau.key, LicenceOperation::Revoke(change("b")));
}

/// A delegate issues; it does not decide about a holder, and takes nothing over.
#[test]
fn attack_a_delegate_that_suspends_revokes_or_transfers() {
    let mut world = World::new();
    let there = world.network.provinces[JIANGSU].clone();
    let bureau = world.bureau.clone();
    world.delegate(bureau.organisation);
    world.network.must(&bureau.key, issue(&bureau, "a"));
    let decisions: [fn(Change) -> LicenceOperation; 6] = [
        LicenceOperation::Suspend,
        LicenceOperation::Revoke,
        LicenceOperation::Cancel,
        LicenceOperation::Withdraw,
        LicenceOperation::Lapse,
        LicenceOperation::CancelTransfer,
    ];
    for decision in decisions {
        let operation = decision(change("a"));
        let code = world.refused(operation.clone());
        let is_state =
            matches!(operation, LicenceOperation::CancelTransfer(_)) && code == Code::LicenceNotTransferredOut;
        assert!(code == Code::LicenceIssuerMismatch || is_state, "{operation:?}: {code}");
    }
    assert_eq!(world.refused(transfer_out("a", &there)), Code::LicenceIssuerMismatch);
    world.network.must(&there.issuer.key, issue(&there.issuer, "t"));
    let home = world.network.provinces[SHANGHAI].clone();
    let sent = match transfer_out("t", &home) {
        LicenceOperation::TransferOut { change, to_province, holder, .. } => {
            let licence = licence_ref_of(there.issuer.organisation, "t");
            let change = Change { licence, ..change };
            LicenceOperation::TransferOut { change, to_province, to_organisation: bureau.organisation, holder }
        }
        other => other,
    };
    world.network.must(&there.issuer.key, sent);
    let taken = match transfer_in(&bureau, "t", "u") {
        LicenceOperation::TransferIn { licence, basis, holder, extension, .. } => {
            let predecessor = licence_ref_of(there.issuer.organisation, "t");
            LicenceOperation::TransferIn { predecessor, licence, basis, holder, extension }
        }
        other => other,
    };
    assert_eq!(world.refused(taken.clone()), Code::LicenceTransferNamesOther);
    world.network.must(&bureau.key, taken);
}

/// A delegate of two bureaus amended a licence of the one into a licence of the other, or its own into a bureau's.
#[test]
fn attack_moving_a_licence_between_the_bureaus_of_one_delegate() {
    let mut world = World::new();
    let (bureau, other, platform) = (world.bureau.clone(), world.other.clone(), world.platform.clone());
    world.delegate(bureau.organisation);
    world.delegate(other.organisation);
    world.network.must(&bureau.key, issue(&bureau, "a"));
    let of = |issuer: &Issuer, predecessor: Uscc, old: &str| match amend(issuer, old, "b", 2) {
        LicenceOperation::Amend { licence, basis, .. } => {
            LicenceOperation::Amend { predecessor: licence_ref_of(predecessor, old), licence, basis }
        }
        operation => operation,
    };
    assert_eq!(world.refused(of(&other, bureau.organisation, "a")), Code::LicenceIssuerMismatch);
    assert_eq!(world.refused(of(&platform, bureau.organisation, "a")), Code::LicenceIssuerMismatch);
    world.network.must(&platform.key, issue(&platform, "own"));
    assert_eq!(world.refused(of(&bureau, platform.organisation, "own")), Code::LicenceIssuerMismatch);
}

/// Each way in which a delegation is not in force.
#[test]
fn attack_issuing_under_a_delegation_that_does_not_hold() {
    let of_bureau = |world: &World| issue(&world.bureau, "a");
    // Of another type.
    let mut world = World::new();
    let registrar = world.network.registrar(SHANGHAI);
    let given = Delegation { licences: vec![other_licence_type()], ..world.given(world.bureau.organisation) };
    world.network.must(&registrar, MembershipOperation::OrganisationDelegate(given));
    let operation = of_bureau(&world);
    assert_eq!(world.refused(operation), Code::DelegationNotInForce);
    // Past its end.
    let mut world = World::new();
    world.delegate(world.bureau.organisation);
    world.network.pause_ms = 200_000;
    let operation = of_bureau(&world);
    assert_eq!(world.refused(operation), Code::DelegationNotInForce);
    // Ended.
    let mut world = World::new();
    let (from, to) = (world.bureau.organisation, world.platform.organisation);
    world.delegate(from);
    let end = MembershipOperation::OrganisationDelegateEnd { from, to, basis: basis("WT-2") };
    world.network.must(&registrar, end.clone());
    let operation = of_bureau(&world);
    assert_eq!(world.refused(operation), Code::DelegationNotInForce);
    assert_eq!(world.network.try_one(&registrar, end).unwrap_err(), Code::DelegationNotInForce);
    // Of an issuer that is suspended.
    let mut world = World::new();
    world.delegate(from);
    let change = StatusChange::Suspend;
    let suspend = MembershipOperation::OrganisationStatus { organisation: from, change, basis: basis("X") };
    world.network.must(&registrar, suspend);
    let operation = of_bureau(&world);
    assert_eq!(world.refused(operation), Code::OrganisationSuspended);
    // Of an issuer that handed the type on.
    let mut world = World::new();
    world.delegate(from);
    let scope = SuccessionScope { licences: Some(Vec::new()), cases: false, seals: false, publications: false };
    let handed = Succession { from, to: world.other.organisation, scope, basis: basis("JGGG-1") };
    world.network.must(&registrar, MembershipOperation::OrganisationSucceed(handed));
    let operation = of_bureau(&world);
    assert_eq!(world.refused(operation), Code::OrganisationSucceeded);
}

/// Only the registrar of the province of both records one, between two active organisations, for a time that lies ahead.
#[test]
fn what_a_delegation_must_be() {
    let mut world = World::new();
    let (registrar, stranger) = (world.network.registrar(SHANGHAI), world.network.registrar(ANHUI));
    let elsewhere = world.network.provinces[ANHUI].issuer.organisation;
    let good = world.given(world.bureau.organisation);
    let now = world.network.next_ms();
    let types = vec![licence_type(), other_licence_type()];
    let types = if types[0] < types[1] { vec![types[1], types[0]] } else { types };
    let cases = [
        (Delegation { to: good.from, ..good.clone() }, Code::DelegationScope),
        (Delegation { until_ms: now, ..good.clone() }, Code::DelegationScope),
        (Delegation { until_ms: TimeMs(0), ..good.clone() }, Code::DelegationScope),
        (Delegation { licences: types, ..good.clone() }, Code::DelegationScope),
        (Delegation { to: elsewhere, ..good.clone() }, Code::OrganisationWrongProvince),
        (Delegation { from: elsewhere, ..good.clone() }, Code::OrganisationWrongProvince),
        (Delegation { from: uscc("1131000000009999"), ..good.clone() }, Code::OrganisationUnknown),
    ];
    for (given, code) in cases {
        let refused = world.network.try_one(&registrar, MembershipOperation::OrganisationDelegate(given.clone()));
        assert_eq!(refused.unwrap_err(), code, "{given:?}");
    }
    let refused = world.network.try_one(&stranger, MembershipOperation::OrganisationDelegate(good.clone()));
    assert_eq!(refused.unwrap_err(), Code::OrganisationWrongProvince);
    let by_bureau = world.network.try_one(&world.bureau.key.clone(), MembershipOperation::OrganisationDelegate(good));
    assert_eq!(by_bureau.unwrap_err(), Code::KeyNotPermitted);
}
