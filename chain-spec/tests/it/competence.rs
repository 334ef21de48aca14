//! Who may issue licences of a type, by the list that the provinces govern.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::{LicenceType, RecordIndex, Uscc};
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::MembershipOperation;
use huxin_chain_spec::record::governance::{Action, COMPETENT_MAX, Competent, RegionLevel};
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::membership::{Permissions, Succession, SuccessionScope};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::CompetenceState;

use crate::governance::Council;
use crate::support::*;

fn listed(organisations: &[Uscc], levels: &[RegionLevel]) -> Competent {
    let mut organisations = organisations.to_vec();
    organisations.sort_unstable();
    Competent::Listed { organisations, levels: levels.to_vec() }
}

fn decide(council: &mut Council, issuers: Competent) {
    council.pass(SHANGHAI, Action::Competence { licence_type: licence_type(), issuers });
}

fn issuer(council: &Council, province: usize) -> Issuer {
    council.network.provinces[province].issuer.clone()
}

fn competence_of(council: &Council, record: RecordIndex) -> Option<u32> {
    council.network.records[usize::try_from(record.0).unwrap()].competence
}

/// A member with a key for every type issued licences that its level or its office has no authority for.
#[test]
fn attack_issuing_a_type_without_competence() {
    let mut council = Council::found();
    let (home, there) = (issuer(&council, SHANGHAI), issuer(&council, JIANGSU));
    let before = council.network.must(&there.key, issue(&there, "before"));
    decide(&mut council, listed(&[home.organisation], &[]));
    let refused = council.network.try_one(&there.key, issue(&there, "after"));
    assert_eq!(refused.unwrap_err(), Code::LicenceIssuerNotCompetent);
    let refused = council.network.try_one(&there.key, amend(&there, "before", "again", 2));
    assert_eq!(refused.unwrap_err(), Code::LicenceIssuerNotCompetent, "nor by a new version of an old one");
    let allowed = council.network.must(&home.key, issue(&home, "after"));
    assert_eq!((competence_of(&council, before), competence_of(&council, allowed)), (None, Some(1)));
    // What was issued before the list stays its issuer's own.
    let licence = licence_ref_of(there.organisation, "before");
    let revoke = LicenceOperation::Revoke(huxin_chain_spec::record::licence::Change { licence, ..change("before") });
    council.network.must(&there.key, revoke);
    // Another type is not listed.
    let other = Licence { licence_type: other_licence_type(), ..there.licence("other type") };
    let other = council.network.must(&there.key, LicenceOperation::Issue(other));
    assert_eq!(competence_of(&council, other), None);
}

/// A transfer brought a licence to an office that may not issue its type.
#[test]
fn attack_taking_a_licence_over_without_competence() {
    let mut council = Council::found();
    let (home, there) = (council.network.provinces[SHANGHAI].clone(), council.network.provinces[JIANGSU].clone());
    council.network.must(&home.issuer.key, issue(&home.issuer, "a"));
    council.network.must(&home.issuer.key, transfer_out("a", &there));
    decide(&mut council, listed(&[home.issuer.organisation], &[]));
    let refused = council.network.try_one(&there.issuer.key, transfer_in(&there.issuer, "a", "b"));
    assert_eq!(refused.unwrap_err(), Code::LicenceIssuerNotCompetent);
    decide(&mut council, Competent::Any);
    let taken = council.network.must(&there.issuer.key, transfer_in(&there.issuer, "a", "b"));
    assert_eq!(competence_of(&council, taken), Some(2), "a list that lets everybody issue is a decision too");
}

#[test]
fn a_level_of_the_code_is_competent() {
    let level = |first_16: &str| RegionLevel::of(&uscc(first_16));
    let levels = ["1110000000000001", "1131000000000001", "1132050000000001", "1131011500000001"].map(level);
    assert_eq!(levels, RegionLevel::ALL);
    let mut council = Council::found();
    let home = issuer(&council, SHANGHAI);
    assert_eq!(RegionLevel::of(&home.organisation), RegionLevel::Province);
    decide(&mut council, listed(&[], &[RegionLevel::National, RegionLevel::City]));
    let refused = council.network.try_one(&home.key, issue(&home, "a"));
    assert_eq!(refused.unwrap_err(), Code::LicenceIssuerNotCompetent);
    decide(&mut council, listed(&[], &[RegionLevel::Province]));
    council.network.must(&home.key, issue(&home, "a"));
}

/// After a reform the list still names the old office: its successor issues, and nobody else.
#[test]
fn the_successor_of_a_named_organisation_is_competent() {
    let mut council = Council::found();
    let (home, registrar) = (issuer(&council, SHANGHAI), council.network.registrar(SHANGHAI));
    let new = Issuer { organisation: uscc("1131000000002437"), key: key("new bureau"), ..home.clone() };
    let (organisation, region) = (new.organisation, new.region);
    council.network.must(&registrar, MembershipOperation::OrganisationAdd { organisation, region, consent: None });
    council.network.must(&registrar, key_add(&new.key, organisation, Permissions::all_licences()));
    decide(&mut council, listed(&[home.organisation], &[]));
    let refused = council.network.try_one(&new.key, issue(&new, "a"));
    assert_eq!(refused.unwrap_err(), Code::LicenceIssuerNotCompetent);
    let scope = SuccessionScope { licences: Some(Vec::new()), cases: false, seals: false, publications: false };
    let handed = Succession { from: home.organisation, to: organisation, scope, basis: basis("JGGG-1") };
    council.network.must(&registrar, MembershipOperation::OrganisationSucceed(handed));
    let issued = council.network.must(&new.key, issue(&new, "a"));
    assert_eq!(competence_of(&council, issued), Some(1));
    assert_eq!(council.network.try_one(&home.key, issue(&home, "b")).unwrap_err(), Code::OrganisationSucceeded);
}

#[test]
fn a_list_is_sorted_short_right_and_new() {
    let mut council = Council::found();
    let (a, b) = (issuer(&council, SHANGHAI).organisation, issuer(&council, JIANGSU).organisation);
    let wrong_check = Uscc::from_structure("91110000802100433A").unwrap();
    let many: Vec<Uscc> = (0..=COMPETENT_MAX).map(|number| uscc(&format!("11310000{number:08}"))).collect();
    let raw = |organisations: Vec<Uscc>, levels: Vec<RegionLevel>| Competent::Listed { organisations, levels };
    let cases = [
        raw(vec![], vec![]),
        raw(vec![b, a], vec![]),
        raw(vec![a, a], vec![]),
        raw(vec![wrong_check], vec![]),
        raw(many, vec![]),
        raw(vec![], vec![RegionLevel::City, RegionLevel::Province]),
        raw(vec![], vec![RegionLevel::City, RegionLevel::City]),
    ];
    for issuers in cases {
        let action = Action::Competence { licence_type: licence_type(), issuers };
        assert_eq!(council.try_propose(SHANGHAI, action.clone()), Err(Code::CompetenceList), "{action:?}");
    }
    let broken = LicenceType::from_structure("111000000000133380011").unwrap();
    let action = Action::Competence { licence_type: broken, issuers: Competent::Any };
    assert_eq!(council.try_propose(SHANGHAI, action), Err(Code::IdentifierUsccCheck));
    let action = Action::Competence { licence_type: licence_type(), issuers: listed(&[a, b], &[]) };
    council.pass(SHANGHAI, action.clone());
    assert_eq!(council.try_propose(SHANGHAI, action), Err(Code::GovernanceNoChange));
    let state: CompetenceState = council.network.thing(&StateKey::Competence(licence_type())).unwrap();
    assert_eq!((state.version, state.issuers), (1, listed(&[a, b], &[])));
}
