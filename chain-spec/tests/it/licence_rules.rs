//! The licence family: what guards each operation, and what its state then says.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::SigningKey;
use huxin_chain_spec::ids::{RecordIndex, TimeMs};
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::{Change, Document, Licence};
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions, StatusChange};
use huxin_chain_spec::rules::licence::EFFECTIVE_AHEAD_MS_MAX;
use huxin_chain_spec::state::{LicenceState, LicenceStatus, TransferTarget, Upkeep};

use crate::support::*;

use LicenceStatus as S;

#[test]
fn the_state_says_who_when_and_what_next() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let recipient = network.provinces[JIANGSU].clone();
    let issued_by = network.must(&home.key, issue(&home, "a"));
    assert_eq!(network.licence_state(&licence_ref("a")), None, "an issue writes no state");
    let out = network.must(&home.key, transfer_out("a", &recipient));
    let target = TransferTarget {
        province: recipient.code,
        organisation: recipient.issuer.organisation,
        holder: Some(transfer_holder()),
    };
    let mut state = LicenceState {
        status: S::TransferredOut,
        issued_by,
        changed_by: out,
        effective_ms: TimeMs(GENESIS_MS),
        recorded_ms: TimeMs(GENESIS_MS).plus_ms(2 * BLOCK_MS),
        transfer_to: Some(target),
        successor: None,
        earlier: Vec::new(),
        upkeep: Upkeep::default(),
    };
    assert_eq!(network.licence_state(&licence_ref("a")), Some(state.clone()));
    let time = network.next_ms();
    let taken = network.must(&recipient.issuer.key, transfer_in(&recipient.issuer, "a", "b"));
    state = LicenceState {
        status: S::Superseded,
        changed_by: taken,
        effective_ms: time,
        recorded_ms: time,
        earlier: vec![state.latest()],
        transfer_to: None,
        successor: Some(licence_ref("b")),
        ..state
    };
    assert_eq!(network.licence_state(&licence_ref("a")), Some(state));
    assert_eq!(network.status(&licence_ref("b")), S::Issued);
    network.must(&recipient.issuer.key, LicenceOperation::Suspend(change("b")));
    assert_eq!(network.licence_state(&licence_ref("b")).unwrap().issued_by, taken, "the taker is the issuer now");
    assert_eq!(
        network.try_one(&home.key, LicenceOperation::Restore(change("b"))).unwrap_err(),
        Code::LicenceIssuerMismatch
    );
}

#[test]
fn a_cancelled_transfer_can_be_made_again_to_another() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let (first, second) = (network.provinces[JIANGSU].clone(), network.provinces[ZHEJIANG].clone());
    network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, transfer_out("a", &first));
    network.must(&home.key, LicenceOperation::CancelTransfer(change("a")));
    let refused = network.try_one(&first.issuer.key, transfer_in(&first.issuer, "a", "b"));
    assert_eq!(refused.unwrap_err(), Code::LicenceTransferInWithoutOut);
    network.must(&home.key, transfer_out("a", &second));
    let refused = network.try_one(&first.issuer.key, transfer_in(&first.issuer, "a", "b"));
    assert_eq!(refused.unwrap_err(), Code::LicenceTransferNamesOther);
    network.must(&second.issuer.key, transfer_in(&second.issuer, "a", "b"));
}

/// What makes a licence itself unacceptable, whichever of the three operations brings it.
#[test]
fn guards_of_a_new_licence() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let recipient = network.provinces[JIANGSU].clone();
    network.must(&home.key, issue(&home, "old"));
    network.must(&home.key, issue(&home, "leaving"));
    network.must(&home.key, transfer_out("leaving", &recipient));
    let foreign = network.provinces[ANHUI].issuer.clone();
    let good = |issuer: &Issuer| issuer.version("new", 2);
    let imported = |licence: Licence| LicenceOperation::Issue(Licence { imported: Some(basis("DR-1")), ..licence });
    type Spoil = fn(&mut Licence, &Issuer);
    let faults: [(Code, Spoil); 12] = [
        (Code::LicenceIssuerMismatch, |licence, foreign| licence.issuer = foreign.organisation),
        (Code::OrganisationWrongProvince, |licence, foreign| licence.region = foreign.region),
        (Code::LicenceVersionNotNewer, |licence, _| licence.version = 0),
        (Code::LicenceVersionNotNewer, |licence, _| licence.version = 1000),
        (Code::LicenceDocumentMissing, |licence, _| licence.document = Document { size_bytes: 0, ..licence.document }),
        (Code::LicenceValidityWindow, |licence, _| licence.valid_until_ms = Some(licence.valid_from_ms)),
        (Code::LicenceValidityWindow, |licence, _| licence.valid_until_ms = Some(TimeMs(0))),
        (Code::LicenceReferenceNotOwn, |licence, _| licence.licence = licence_ref("old")),
        (Code::IdentifierUnknownProvince, |licence, _| licence.region = structure("990000")),
        (Code::IdentifierUsccCheck, |licence, _| licence.issuer = structure("91110000802100433A")),
        (Code::IdentifierUsccCheck, |licence, _| licence.licence_type = structure("111000000000133380011")),
        (Code::IdentifierCharacter, |licence, _| licence.licence_type = structure("11100000000013338W0A1")),
    ];
    assert_eq!(network.try_one(&home.key, issue(&home, "old")).unwrap_err(), Code::LicenceDuplicate);
    for (code, spoil) in faults {
        let mut here = good(&home);
        spoil(&mut here, &foreign);
        // A licence of another type is first of all not its predecessor's successor.
        let as_successor = if here.licence_type == licence_type() { code } else { Code::LicenceTypeMismatch };
        let (predecessor, basis) = (licence_ref("old"), basis("BG-1"));
        let amended = LicenceOperation::Amend { predecessor, licence: here.clone(), basis };
        let mut there = good(&recipient.issuer);
        spoil(&mut there, &foreign);
        let taken = taken_over("leaving", there, None);
        assert_eq!(network.try_one(&home.key, imported(here)).unwrap_err(), code);
        assert_eq!(network.try_one(&home.key, amended).unwrap_err(), as_successor);
        assert_eq!(network.try_one(&recipient.issuer.key, taken).unwrap_err(), as_successor);
    }
    network.must(&home.key, imported(good(&home)));
}

/// An identifier read by structure only, as from the wire.
fn structure<T: borsh::BorshSerialize + borsh::BorshDeserialize>(text: &str) -> T {
    huxin_chain_spec::codec::decode(text.as_bytes(), 64).unwrap()
}

#[test]
fn a_successor_has_the_type_of_its_predecessor_and_an_amendment_a_higher_version() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let fifth = Licence { imported: Some(basis("DR-1")), ..home.version("a", 5) };
    network.must(&home.key, LicenceOperation::Issue(fifth));
    for version in [1, 5] {
        let refused = network.try_one(&home.key, amend(&home, "a", "b", version));
        assert_eq!(refused.unwrap_err(), Code::LicenceVersionNotNewer);
    }
    let licence = Licence { licence_type: other_licence_type(), ..home.version("b", 6) };
    let other_type = LicenceOperation::Amend { predecessor: licence_ref("a"), licence, basis: basis("BG-1") };
    assert_eq!(network.try_one(&home.key, other_type).unwrap_err(), Code::LicenceTypeMismatch);
    network.must(&home.key, amend(&home, "a", "b", 6));
    network.must(&home.key, amend(&home, "b", "c", 999));
}

#[test]
fn a_key_of_some_types_signs_for_no_other() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let registrar = network.registrar(SHANGHAI);
    let narrow = key("narrow");
    let permissions = Permissions { licence_types: vec![other_licence_type()], ..Permissions::all_licences() };
    network.must(&registrar, key_add(&narrow, home.organisation, permissions));
    network.must(&home.key, issue(&home, "a"));
    for operation in [issue(&home, "b"), LicenceOperation::Suspend(change("a")), amend(&home, "a", "b", 2)] {
        let refused = network.try_one(&narrow, operation);
        assert_eq!(refused.unwrap_err(), Code::KeyLicenceTypeNotPermitted);
    }
    let permitted = Licence { licence_type: other_licence_type(), ..home.licence("b") };
    network.must(&narrow, LicenceOperation::Issue(permitted));
    network.must(&narrow, LicenceOperation::Revoke(change("b")));
}

#[test]
fn a_transfer_names_an_active_organisation_of_another_province() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let [own, there, third] = [SHANGHAI, JIANGSU, ZHEJIANG].map(|position| network.provinces[position].clone());
    network.must(&home.key, issue(&home, "a"));
    let out = |province: &crate::support::Province, organisation| LicenceOperation::TransferOut {
        change: change("a"),
        to_province: province.code,
        to_organisation: organisation,
        holder: Some(transfer_holder()),
    };
    let mut refused = |operation| network.try_one(&home.key, operation).unwrap_err();
    assert_eq!(refused(out(&own, home.organisation)), Code::LicenceTransferSameProvince);
    assert_eq!(refused(out(&own, there.issuer.organisation)), Code::LicenceTransferSameProvince);
    assert_eq!(refused(out(&there, third.issuer.organisation)), Code::OrganisationWrongProvince);
    assert_eq!(refused(out(&there, uscc("1132000000009999"))), Code::OrganisationUnknown);
    for (status, code) in
        [(StatusChange::Suspend, Code::OrganisationSuspended), (StatusChange::Remove, Code::OrganisationRemoved)]
    {
        let organisation = there.issuer.organisation;
        let change = MembershipOperation::OrganisationStatus { organisation, change: status, basis: basis("X") };
        network.must(&there.registrar, change);
        assert_eq!(network.try_one(&home.key, out(&there, organisation)).unwrap_err(), code);
    }
}

#[test]
fn an_effective_time_lies_at_most_ten_minutes_ahead_of_the_block() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    let last = network.next_ms().plus_ms(EFFECTIVE_AHEAD_MS_MAX);
    let suspend = |effective_ms| LicenceOperation::Suspend(Change { effective_ms, ..change("a") });
    let refused = network.try_one(&home.key, suspend(last.plus_ms(1)));
    assert_eq!(refused.unwrap_err(), Code::LicenceEffectiveTime);
    assert_eq!(network.try_one(&home.key, suspend(TimeMs::MAX)).unwrap_err(), Code::LicenceEffectiveTime);
    network.must(&home.key, suspend(last));
    assert_eq!(network.licence_state(&licence_ref("a")).unwrap().effective_ms, last);
}

/// One transaction sees what its earlier operations did, and so does the next one of the block.
#[test]
fn effects_are_seen_within_a_transaction_and_within_a_block() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let steps = [
        issue(&home, "a"),
        LicenceOperation::Suspend(change("a")),
        LicenceOperation::Restore(change("a")),
        amend(&home, "a", "b", 2),
        LicenceOperation::Revoke(change("b")),
    ];
    let first = network.transaction(&home.key, steps.iter().map(|step| Op::from(step.clone()).0).collect());
    let second = network.transaction(&home.key, vec![Op::from(amend(&home, "b", "c", 3)).0]);
    let third = network.transaction(&home.key, vec![Op::from(issue(&home, "a")).0]);
    let outcomes = network.commit(vec![first, second, third]);
    use huxin_chain_spec::transaction::Outcome;
    let rejected = |code| Outcome::Rejected { code, operation: 0 };
    assert_eq!(outcomes[0], Outcome::Committed { first_record: RecordIndex(0), records: 5 });
    assert_eq!(outcomes[1], rejected(Code::LicenceFinalState));
    assert_eq!(outcomes[2], rejected(Code::LicenceDuplicate));
    assert_eq!((network.status(&licence_ref("a")), network.status(&licence_ref("b"))), (S::Superseded, S::Revoked));
}

/// Two systems that amend the same licence in one block: the first wins, the second is told why.
#[test]
fn one_successor_only_within_a_block() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    network.must(&home.key, issue(&home, "a"));
    let rivals = ["b", "c"].map(|name| network.transaction(&home.key, vec![Op::from(amend(&home, "a", name, 2)).0]));
    let outcomes = network.commit(rivals.to_vec());
    use huxin_chain_spec::transaction::Outcome;
    assert!(matches!(outcomes[0], Outcome::Committed { .. }));
    assert!(matches!(outcomes[1], Outcome::Rejected { code: Code::LicenceAlreadyHasSuccessor, operation: 0 }));
    assert_eq!(network.licence_state(&licence_ref("a")).unwrap().successor, Some(licence_ref("b")));
}

/// The signer's whole chain must stand: key, system, organisation.
#[test]
fn a_signer_whose_organisation_or_key_is_not_active_changes_nothing() {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let registrar = network.registrar(SHANGHAI);
    let sign = |network: &mut Network, key: &SigningKey| network.try_one(key, issue(&home, "a")).err();
    let organisation = home.organisation;
    let steps = [
        (StatusChange::Suspend, Some(Code::OrganisationSuspended)),
        (StatusChange::Resume, None),
        (StatusChange::Remove, Some(Code::OrganisationRemoved)),
    ];
    for (status, code) in steps {
        let change = MembershipOperation::OrganisationStatus { organisation, change: status, basis: basis("X") };
        network.must(&registrar, change);
        assert_eq!(sign(&mut network, &home.key), code);
    }
    let mut network = Network::found();
    for (status, code) in [
        (StatusChange::Suspend, Some(Code::KeySuspended)),
        (StatusChange::Resume, None),
        (StatusChange::Remove, Some(Code::KeyRemoved)),
    ] {
        let change = MembershipOperation::KeyStatus { key: home.key.id(), change: status, basis: basis("X") };
        network.must(&registrar, change);
        assert_eq!(sign(&mut network, &home.key), code);
    }
}
