//! Which province admits an organisation, and how its own province takes it back.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Signer, SigningKey};
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::{ProvinceCode, TimeMs, Uscc};
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::record::licence::Change;
use huxin_chain_spec::record::membership::{AdmissionConsent, Permissions, Standing, StatusChange};
use huxin_chain_spec::record::{LicenceOperation, MembershipOperation, Operation};
use huxin_chain_spec::signatures;
use huxin_chain_spec::state::{OrganisationState, StateKey};
use huxin_chain_spec::transaction::Outcome;

use crate::governance::{Council, newcomer};
use crate::support::*;

/// A bureau of Shanghai that no record names yet.
fn bureau() -> Uscc {
    uscc("1131010000000777")
}

fn add(organisation: Uscc, region: &str, consent: Option<AdmissionConsent>) -> MembershipOperation {
    MembershipOperation::OrganisationAdd { organisation, region: region.parse().unwrap(), consent }
}

fn reclaim(organisation: Uscc, region: &str) -> MembershipOperation {
    MembershipOperation::OrganisationReclaim { organisation, region: region.parse().unwrap(), basis: basis("HY-1") }
}

fn consent_of(
    network: &Network,
    key: &SigningKey,
    to: usize,
    organisation: Uscc,
    until_ms: TimeMs,
) -> AdmissionConsent {
    let province = network.provinces[to].code;
    let signature = key.sign_admission(&network.genesis.hash(), &organisation, province, until_ms);
    AdmissionConsent { signer: key.id(), until_ms, signature }
}

/// A network where Zhejiang has admitted Shanghai's bureau, with Shanghai's consent, and gave it a key.
fn admitted_elsewhere() -> (Network, Issuer) {
    let mut network = Network::found();
    let (home, there) = (network.registrar(SHANGHAI), network.registrar(ZHEJIANG));
    let until = network.next_ms().plus_ms(60_000);
    let consent = consent_of(&network, &home, ZHEJIANG, bureau(), until);
    network.must(&there, add(bureau(), "330100", Some(consent)));
    let member = Issuer { organisation: bureau(), region: "330100".parse().unwrap(), key: key("bureau, by Zhejiang") };
    network.must(&there, key_add(&member.key, bureau(), Permissions::all_licences()));
    (network, member)
}

fn state(network: &Network, organisation: Uscc) -> OrganisationState {
    huxin_chain_spec::state::read(&network.ledger, &StateKey::Organisation(organisation)).unwrap().unwrap()
}

/// A3: Zhejiang's registrar admitted a bureau of Shanghai as its own and issued licences as that bureau; Shanghai then was refused with
/// `organisation.exists`.
#[test]
fn attack_a3_admitting_a_bureau_of_another_province() {
    let mut network = Network::found();
    let [home, there] = [SHANGHAI, ZHEJIANG].map(|province| network.registrar(province));
    let ministry: Uscc = "11100000000013338W".parse().unwrap();
    for organisation in [bureau(), ministry] {
        let refused = network.try_one(&there, add(organisation, "330100", None));
        assert_eq!(refused.unwrap_err(), Code::OrganisationRegionElsewhere);
    }
    assert_eq!(network.try_one(&there, reclaim(bureau(), "330100")).unwrap_err(), Code::OrganisationRegionElsewhere);
    network.must(&home, add(bureau(), "310100", None));
    assert_eq!(network.try_one(&there, reclaim(bureau(), "330100")).unwrap_err(), Code::OrganisationRegionElsewhere);
}

/// A24: Zhejiang registered the authority of a province that was about to join, and so kept it out against every vote.
#[test]
fn attack_a24_registering_the_authority_of_a_province_that_is_to_join() {
    let mut council = Council::found();
    let new = newcomer();
    let there = council.network.registrar(ZHEJIANG);
    let refused = council.network.try_one(&there, add(new.organisation, "330100", None));
    assert_eq!(refused.unwrap_err(), Code::OrganisationRegionElsewhere);
    council.pass(SHANGHAI, Action::ProvinceAdd(Box::new(new.clone())));
    assert_eq!(state(&council.network, new.organisation).province, new.province);
}

/// A consent is verified ahead of the block by the list that the door goes by, and asked of memory by the rules.
#[test]
fn a_consent_is_verified_once() {
    let mut network = Network::found();
    let (home, there) = (network.registrar(SHANGHAI), network.registrar(ZHEJIANG));
    let until = network.next_ms().plus_ms(60_000);
    let consent = consent_of(&network, &home, ZHEJIANG, bureau(), until);
    let operation = Operation::Membership(add(bureau(), "330100", Some(consent)));
    assert!(operation.signatures()[0].is_some());
    let transaction = network.transaction(&there, vec![operation]);
    let genesis = network.ledger.chain().genesis_hash;
    let inside = signatures::inside(&network.ledger, &genesis, std::iter::once(&transaction)).unwrap();
    assert!(matches!(&inside[..], [one] if one.verify()), "{inside:?}");
    assert!(!network.ledger.chain().signatures.is_known(&inside[0]));
    let (_, outcome) = network.make(vec![transaction]);
    assert!(outcome.changes.outcomes.iter().all(|row| matches!(row.outcome, Outcome::Committed { .. })));
    assert!(network.ledger.chain().signatures.is_known(&inside[0]), "the rules asked for the same");
}

/// A province joins with an authority of its own, whatever the provinces vote.
#[test]
fn a_province_does_not_join_with_another_provinces_authority() {
    let mut council = Council::found();
    let mut new = newcomer();
    new.organisation = uscc("1137000000000000");
    let refused = council.try_propose(SHANGHAI, Action::ProvinceAdd(Box::new(new)));
    assert_eq!(refused.unwrap_err(), Code::OrganisationRegionElsewhere);
}

#[test]
fn a_bureau_is_admitted_elsewhere_with_its_provinces_consent() {
    let (mut network, member) = admitted_elsewhere();
    assert_eq!(state(&network, bureau()).province, network.provinces[ZHEJIANG].code);
    network.must(&member.key, issue(&member, "by consent"));
}

/// Each part of a consent is signed, and it ends.
#[test]
fn attack_consents_that_were_not_given() {
    let mut network = Network::found();
    let (home, there, third) = (network.registrar(SHANGHAI), network.registrar(ZHEJIANG), network.registrar(ANHUI));
    let until = network.next_ms().plus_ms(60_000);
    let good = consent_of(&network, &home, ZHEJIANG, bureau(), until);
    let now = network.next_ms();
    let cases = [
        ("another organisation", consent_of(&network, &home, ZHEJIANG, uscc("1131010000000778"), until)),
        ("another province admits", consent_of(&network, &home, ANHUI, bureau(), until)),
        ("a later end than signed", AdmissionConsent { until_ms: until.plus_ms(1), ..good.clone() }),
        ("past", consent_of(&network, &home, ZHEJIANG, bureau(), now)),
        ("by the admitting province itself", consent_of(&network, &there, ZHEJIANG, bureau(), until)),
        ("by a third province", consent_of(&network, &third, ZHEJIANG, bureau(), until)),
        (
            "by a key that may not manage members",
            consent_of(&network, &network.issuer(SHANGHAI), ZHEJIANG, bureau(), until),
        ),
        ("by a key that is not registered", consent_of(&network, &key("nobody"), ZHEJIANG, bureau(), until)),
        ("another key than named", AdmissionConsent { signer: third.id(), ..good.clone() }),
    ];
    for (what, consent) in cases {
        let refused = network.try_one(&there, add(bureau(), "330100", Some(consent)));
        assert_eq!(refused.unwrap_err(), Code::OrganisationConsentInvalid, "{what}");
    }
    let not_needed = consent_of(&network, &home, SHANGHAI, bureau(), until);
    let refused = network.try_one(&home, add(bureau(), "310100", Some(not_needed)));
    assert_eq!(refused.unwrap_err(), Code::OrganisationConsentNotNeeded);
    network.must(&there, add(bureau(), "330100", Some(good.clone())));
    let again = network.try_one(&there, add(bureau(), "330100", Some(good)));
    assert_eq!(again.unwrap_err(), Code::OrganisationExists);
}

/// The province of the code takes its organisation back: from then on the other province's keys sign nothing, and its registrar changes
/// nothing. A removed organisation too: otherwise the other province could end it for ever.
#[test]
fn the_province_of_the_code_takes_its_organisation_back() {
    for is_removed in [false, true] {
        let (mut network, member) = admitted_elsewhere();
        let (home, there) = (network.registrar(SHANGHAI), network.registrar(ZHEJIANG));
        network.must(&member.key, issue(&member, "before"));
        if is_removed {
            let change = StatusChange::Remove;
            let remove = MembershipOperation::OrganisationStatus { organisation: bureau(), change, basis: basis("X") };
            network.must(&there, remove);
        }
        assert_eq!(network.try_one(&home, add(bureau(), "310100", None)).unwrap_err(), Code::OrganisationExists);
        assert_eq!(network.try_one(&home, reclaim(bureau(), "330100")).unwrap_err(), Code::OrganisationWrongProvince);
        let unknown = network.try_one(&home, reclaim(uscc("1131010000000778"), "310100"));
        assert_eq!(unknown.unwrap_err(), Code::OrganisationUnknown);
        network.must(&home, reclaim(bureau(), "310100"));
        let after = state(&network, bureau());
        assert_eq!((after.province, after.standing), (network.provinces[SHANGHAI].code, Standing::Active));
        assert_eq!(network.try_one(&home, reclaim(bureau(), "310100")).unwrap_err(), Code::OrganisationExists);
        let refused = network.try_one(&member.key, issue(&member, "after"));
        assert_eq!(refused.unwrap_err(), Code::OrganisationReclaimed);
        let refused = network.try_one(&there, key_add(&key("one more"), bureau(), Permissions::all_licences()));
        assert_eq!(refused.unwrap_err(), Code::OrganisationWrongProvince);
        let own = Issuer { key: key("bureau, by Shanghai"), region: "310100".parse().unwrap(), ..member };
        network.must(&home, key_add(&own.key, bureau(), Permissions::all_licences()));
        network.must(&own.key, issue(&own, "after"));
        // What was done in its name stays under its name, so it can deny it.
        let licence = licence_ref_of(bureau(), "before");
        let withdrawn = LicenceOperation::Withdraw(Change { licence, ..change("before") });
        network.must(&own.key, withdrawn);
    }
}

/// 00 and 66 found a chain and admit what belongs to them.
#[test]
fn the_national_platform_and_the_corps_are_members() {
    let members = vec![
        province("000000", uscc("1110000000000001").as_str(), "1110000000000002", "000000"),
        province("660000", uscc("1199000000000001").as_str(), "1166000000000002", "660000"),
        province("310000", "113100000000000191", "1131000000002436", "310115"),
    ];
    let mut network = Network::found_by(members, |_| {});
    Genesis::parse(&network.genesis.to_toml().unwrap()).unwrap();
    let (national, corps) = (network.registrar(0), network.registrar(1));
    let ministry: Uscc = "11100000000013338W".parse().unwrap();
    assert_eq!(network.try_one(&corps, add(ministry, "660000", None)).unwrap_err(), Code::OrganisationRegionElsewhere);
    network.must(&national, add(ministry, "000000", None));
    network.must(&corps, add(uscc("1299000000000003"), "660000", None));
    let names = ["000000", "660000"].map(|code| code.parse::<ProvinceCode>().unwrap().name_zh());
    assert_eq!(names, ["国家平台", "新疆生产建设兵团"]);
}

/// A founding file is read by the same rule.
#[test]
fn attack_a_genesis_with_another_provinces_organisation() {
    let spoils: [fn(&mut Genesis, Uscc); 2] = [
        |genesis, other| genesis.provinces[0].organisation = other,
        |genesis, other| genesis.provinces[0].issuers[0].organisation = other,
    ];
    for spoil in spoils {
        let mut genesis = Network::found().genesis;
        spoil(&mut genesis, uscc("1133000000000999"));
        let error = Genesis::parse(&genesis.to_toml().unwrap()).unwrap_err().to_string();
        assert!(error.contains("belongs to another province"), "{error}");
    }
}

#[test]
fn a_consent_reads_back_from_its_text() {
    let network = Network::found();
    let consent = consent_of(&network, &network.registrar(SHANGHAI), ZHEJIANG, bureau(), TimeMs(GENESIS_MS));
    assert_eq!(consent.to_string().parse(), Ok(consent));
    for text in ["", "a/b/c", "a/b"] {
        assert!(text.parse::<AdmissionConsent>().is_err(), "{text}");
    }
}
