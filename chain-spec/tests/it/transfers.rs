//! What a transfer keeps: the holder, and the end of validity.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::Licence;

use crate::support::*;

fn at(ms: u64) -> TimeMs {
    TimeMs(GENESIS_MS).plus_ms(ms)
}

/// Shanghai's licence `a` with this end, on its way to Jiangsu.
fn on_its_way(until: Option<TimeMs>) -> (Network, Issuer, Province) {
    let mut network = Network::found();
    let (home, there) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].clone());
    network.must(&home.key, LicenceOperation::Issue(Licence { valid_until_ms: until, ..home.licence("a") }));
    network.must(&home.key, transfer_out("a", &there));
    (network, home, there)
}

/// A transfer-in took another holder commitment: the licence of one person became that of another.
#[test]
fn a_transfer_keeps_the_holder() {
    let (mut network, home, there) = on_its_way(None);
    let (key, licence) = (&there.issuer.key, there.issuer.licence("b"));
    let with = |licence: &Licence, holder| LicenceOperation::TransferIn {
        predecessor: licence_ref("a"),
        licence: licence.clone(),
        basis: basis("ZR-1"),
        holder,
        extension: None,
    };
    let nameless = Licence { holder: None, ..licence.clone() };
    for (licence, holder) in [(&licence, Some(digest(1))), (&licence, None), (&nameless, Some(transfer_holder()))] {
        assert_eq!(network.try_one(key, with(licence, holder)).unwrap_err(), Code::LicenceTransferHolder);
    }
    network.must(key, with(&licence, Some(transfer_holder())));
    // A licence with a holder does not leave without the commitment; one without may.
    network.must(&home.key, issue(&home, "c"));
    network.must(&home.key, LicenceOperation::Issue(Licence { holder: None, ..home.licence("d") }));
    let out = |name: &str| LicenceOperation::TransferOut {
        change: change(name),
        to_province: there.code,
        to_organisation: there.issuer.organisation,
        holder: None,
    };
    assert_eq!(network.try_one(&home.key, out("c")).unwrap_err(), Code::LicenceTransferHolder);
    network.must(&home.key, out("d"));
    assert_eq!(network.try_one(key, taken_over("d", licence, None)).unwrap_err(), Code::LicenceTransferHolder);
    network.must(
        key,
        LicenceOperation::TransferIn {
            predecessor: licence_ref("d"),
            licence: Licence { holder: None, ..there.issuer.licence("e") },
            basis: basis("ZR-1"),
            holder: None,
            extension: None,
        },
    );
}

/// Validity to 2099 out of one that ended sooner.
#[test]
fn a_transfer_does_not_lengthen_the_validity_without_a_basis() {
    let end = at(1_000_000);
    let (mut network, _, there) = on_its_way(Some(end));
    let licence = |until| Licence { valid_until_ms: until, ..there.issuer.licence("b") };
    let earlier = Licence { valid_from_ms: TimeMs(GENESIS_MS - 1), ..licence(Some(end)) };
    for longer in [licence(None), licence(Some(TimeMs(end.0 + 1))), earlier] {
        let taken = taken_over("a", longer.clone(), None);
        assert_eq!(network.try_one(&there.issuer.key, taken).unwrap_err(), Code::LicenceTransferLengthens);
        assert!(network.try_one(&there.issuer.key, taken_over("a", longer, Some("YQ-1"))).is_ok());
    }
    network.must(&there.issuer.key, taken_over("a", licence(Some(end)), None));
}

/// What a transfer may not lengthen, a correction after it does not either: it was VALID "2000-01-01 .. no end" by the next command.
#[test]
fn a_correction_does_not_lengthen_what_a_transfer_kept() {
    let end = at(1_000_000);
    let (mut network, _, there) = on_its_way(Some(end));
    let taken = Licence { valid_until_ms: Some(end), ..there.issuer.licence("b") };
    network.must(&there.issuer.key, taken_over("a", taken.clone(), None));
    let right = |from, until| Licence { valid_from_ms: TimeMs(from), valid_until_ms: until, ..taken.clone() };
    let later = Some(TimeMs(end.0 + 1));
    for longer in [right(GENESIS_MS, None), right(GENESIS_MS, later), right(GENESIS_MS - 1, Some(end))] {
        let refused = network.try_one(&there.issuer.key, correct("b", &longer)).unwrap_err();
        assert_eq!(refused, Code::LicenceTransferLengthens);
    }
    network.must(&there.issuer.key, correct("b", &right(GENESIS_MS + 1, Some(end))));
}

/// An EXPIRED licence was transferred and lived until 2040.
#[test]
fn an_expired_licence_is_not_transferred() {
    let (mut network, home, there) = on_its_way(Some(at(3 * BLOCK_MS)));
    network.commit(Vec::new());
    let taken = taken_over("a", there.issuer.licence("b"), Some("YQ-1"));
    assert_eq!(network.try_one(&there.issuer.key, taken).unwrap_err(), Code::LicenceExpired, "it ended on its way");
    network.must(&home.key, LicenceOperation::CancelTransfer(change("a")));
    assert_eq!(network.try_one(&home.key, transfer_out("a", &there)).unwrap_err(), Code::LicenceExpired);
    // What counts is the record as corrected.
    let right = Licence { valid_until_ms: Some(at(1_000_000)), ..home.licence("a") };
    network.must(&home.key, correct("a", &right));
    network.must(&home.key, transfer_out("a", &there));
    let longer = taken_over("a", there.issuer.licence("b"), None);
    assert_eq!(network.try_one(&there.issuer.key, longer).unwrap_err(), Code::LicenceTransferLengthens);
}
