//! Attacks on names: whatever a neighbour records, an organisation's own licences, cases, bundles and requests stay its own.
//!
//! Names used to be one namespace, first come, first served: one transaction of a neighbour could occupy the next serials of a bureau,
//! whose genuine files were then called invalid. Now a name is bound to the code of its owner, and the rules check it.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{CaseRef, LicenceId, LicenceRef, licence_name};
use huxin_chain_spec::record::case::Collection;
use huxin_chain_spec::record::evidence::{EvidenceOperation, ShareRequest};
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::publication::CaseMode;
use huxin_chain_spec::record::{CaseOperation, LicenceOperation};
use huxin_chain_spec::state::{LicenceStatus, StateReader};

use crate::support::case_words::*;
use crate::support::*;

/// The next serials of Shanghai's issuer, as anybody can guess them.
fn serials(home: &Issuer) -> [LicenceId; 3] {
    ["1", "2", "3"].map(|serial| LicenceId::new(licence_type(), home.organisation, serial, 1).unwrap())
}

/// What the issuer itself records under this identifier.
fn own(home: &Issuer, id: &LicenceId) -> Licence {
    Licence { licence: LicenceRef::of(SHA256, id), name: licence_name(SHA256, &Digest::ZERO, id), ..home.licence("x") }
}

/// A1: Zhejiang records the references of Shanghai's next licences with its own code, before Shanghai does.
#[test]
fn attack_a1_squatting_licence_references() {
    let mut network = Network::found();
    let (home, neighbour) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[ZHEJIANG].issuer.clone());
    for id in serials(&home) {
        let genuine = own(&home, &id);
        let stolen = Licence { licence: genuine.licence, name: genuine.name, ..neighbour.licence("x") };
        let refused = network.try_one(&neighbour.key, LicenceOperation::Issue(stolen.clone()));
        assert_eq!(refused.unwrap_err(), Code::LicenceReferenceNotOwn);
        // Nor as what follows a licence of its own, nor in Shanghai's name.
        network.must(&neighbour.key, issue(&neighbour, id.serial()));
        let predecessor = licence_ref(id.serial());
        let amended = LicenceOperation::Amend {
            predecessor,
            licence: Licence { version: 2, ..stolen.clone() },
            basis: basis("BG-1"),
        };
        assert_eq!(network.try_one(&neighbour.key, amended).unwrap_err(), Code::LicenceReferenceNotOwn);
        let in_its_name = LicenceOperation::Issue(Licence { issuer: home.organisation, ..stolen });
        assert_eq!(network.try_one(&neighbour.key, in_its_name).unwrap_err(), Code::LicenceIssuerMismatch);
        assert_eq!(network.ledger.issued_at(&genuine.licence), Ok(None), "nothing stands under Shanghai's reference");
        network.must(&home.key, LicenceOperation::Issue(genuine.clone()));
        assert_eq!(network.status(&genuine.licence), LicenceStatus::Issued);
    }
}

/// The same name at two issuers is two licences, and what befalls one does not befall the other.
#[test]
fn attack_a1_copying_a_name_out_of_the_waiting_transactions() {
    let mut network = Network::found();
    let (home, neighbour) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[ZHEJIANG].issuer.clone());
    let [id, ..] = serials(&home);
    let genuine = own(&home, &id);
    let copied = LicenceRef::owned(SHA256, &neighbour.organisation, &genuine.name);
    let copy = Licence { licence: copied, name: genuine.name, document: genuine.document, ..neighbour.licence("x") };
    network.must(&neighbour.key, LicenceOperation::Issue(copy));
    network.must(&home.key, LicenceOperation::Issue(genuine.clone()));
    let withdrawn = huxin_chain_spec::record::licence::Change { licence: copied, ..change("x") };
    network.must(&neighbour.key, LicenceOperation::Withdraw(withdrawn));
    assert_eq!(network.status(&copied), LicenceStatus::Withdrawn);
    assert_eq!(network.status(&genuine.licence), LicenceStatus::Issued);
}

/// A10: Zhejiang collects under tomorrow's case number of Shanghai.
#[test]
fn attack_a10_squatting_case_numbers() {
    let mut world = CaseWorld::found();
    let theirs = world.collection("20261121-0001", CaseMode::FullOnline, SHANGHAI);
    let taken = Collection { matter: world.matter(ZHEJIANG), ..theirs.clone() };
    assert_eq!(
        world.refused(world.signer(ZHEJIANG), CaseOperation::Collect(Box::new(taken))),
        Code::CaseReferenceNotOwn
    );
    world.by(SHANGHAI, CaseOperation::Collect(Box::new(theirs.clone())));
    // The same number at another organisation is another case.
    let step = huxin_chain_spec::record::case::Step {
        case: CaseRef::owned(SHA256, &world.organisation(ZHEJIANG), &theirs.name),
        mandate: None,
    };
    let own = Collection { step, matter: world.matter(ZHEJIANG), ..theirs };
    world.by(ZHEJIANG, CaseOperation::Collect(Box::new(own)));
}

/// A10: Zhejiang takes a child of Shanghai's open bundle, so that the bundle could never be done.
#[test]
fn attack_a10_squatting_children_of_a_bundle() {
    let mut world = CaseWorld::found();
    let opening = bundle_open("b", world.organisation(SHANGHAI), &[("c0", &[]), ("c1", &[])]);
    world.by(SHANGHAI, opening);
    let stolen =
        Collection { matter: world.matter(ZHEJIANG), ..world.collection("c0", CaseMode::FullOnline, ZHEJIANG) };
    assert_eq!(
        world.refused(world.signer(ZHEJIANG), CaseOperation::Collect(Box::new(stolen))),
        Code::CaseReferenceNotOwn
    );
    for child in ["c0", "c1"] {
        let bundle = Some(bundle_ref("b"));
        let own = Collection { bundle, ..world.collection(child, CaseMode::Bundle, JIANGSU) };
        let by_neighbour = CaseOperation::Collect(Box::new(own.clone()));
        assert_eq!(world.refused(world.signer(ZHEJIANG), by_neighbour), Code::CaseBundleLead);
        world.by(SHANGHAI, CaseOperation::Collect(Box::new(own)));
    }
}

/// Zhejiang opens a bundle under Shanghai's next bundle number.
#[test]
fn attack_squatting_bundle_numbers() {
    let mut world = CaseWorld::found();
    let children: &[(&str, &[u8])] = &[("c0", &[])];
    let mut stolen = bundle_open("b", world.organisation(ZHEJIANG), children);
    if let CaseOperation::BundleOpen(opening) = &mut stolen {
        opening.bundle = bundle_ref("b");
    }
    assert_eq!(world.refused(world.signer(ZHEJIANG), stolen), Code::CaseBundleReferenceNotOwn);
    let opening = bundle_open("b", world.organisation(SHANGHAI), children);
    world.by(SHANGHAI, opening);
}

/// Zhejiang asks for data under the name that Jiangsu is about to use.
#[test]
fn attack_squatting_share_requests() {
    let mut bench = EvidenceBench::new();
    let theirs = share_request("r");
    let asked = EvidenceOperation::ShareRequest(theirs.clone());
    let mut by = |province: usize, request: EvidenceOperation| {
        let signer = bench.network.issuer(province);
        bench.try_one(&signer, request).map(|_| ())
    };
    assert_eq!(by(SHANGHAI, asked.clone()), Err(Code::EvidenceShareReferenceNotOwn));
    let renamed = ShareRequest { name: digest(9), ..theirs };
    assert_eq!(by(JIANGSU, EvidenceOperation::ShareRequest(renamed)), Err(Code::EvidenceShareReferenceNotOwn));
    assert_eq!(by(JIANGSU, asked), Ok(()));
}
