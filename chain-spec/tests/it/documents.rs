//! Which licences a file is recorded for. At most one record names a file of which the ledger holds nothing; all of them are listed
//! otherwise, whoever made them.

use huxin_chain_spec::ids::{RecordIndex, Uscc};
use huxin_chain_spec::record::LicenceOperation;
use huxin_chain_spec::record::licence::Licence;
use huxin_chain_spec::record::upkeep::AttachmentRole;
use huxin_chain_spec::state::document::{DOCUMENT_LICENCES_PER_ISSUER_MAX, DOCUMENT_LICENCES_PER_PROVINCE_MAX};
use huxin_chain_spec::state::{DocumentLicence, DocumentState, StateKey, StateReader as _};
use huxin_chain_spec::transaction::Outcome;

use crate::support::*;

/// The ledger's list of a file, out of a proof of it.
fn list(network: &Network, content: &str) -> Option<DocumentState> {
    let key = StateKey::Document(file_of(content).sha256);
    let receipt = network.thing_receipt(std::slice::from_ref(&key), At::Newest);
    receipt.verify(&network.genesis.hash()).unwrap();
    let bytes = receipt.state(&key).unwrap();
    bytes.map(|bytes| huxin_chain_spec::codec::decode(bytes, 65_536).unwrap())
}

fn recorded(home: &Issuer, name: &str, content: &str) -> LicenceOperation {
    LicenceOperation::Issue(Licence { document: file_of(content), ..home.licence(name) })
}

fn listed(network: &Network, province: usize, name: &str, recorded_by: u64) -> DocumentLicence {
    let province = &network.provinces[province];
    DocumentLicence {
        licence: licence_ref_of(province.issuer.organisation, name),
        issuer: province.issuer.organisation,
        province: province.code,
        recorded_by: RecordIndex(recorded_by),
    }
}

/// P4: the copy that another province recorded was shown alone, and nothing proved that there was another record.
#[test]
fn a_copy_cannot_be_shown_without_the_record_that_it_copies() {
    let mut network = Network::found();
    let (home, other) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].issuer.clone());
    network.must(&home.key, recorded(&home, "a", "file"));
    assert_eq!(list(&network, "file"), None, "one record: nothing is written");
    network.must(&other.key, recorded(&other, "b", "file"));
    let both = vec![listed(&network, SHANGHAI, "a", 0), listed(&network, JIANGSU, "b", 1)];
    assert_eq!(list(&network, "file").unwrap(), DocumentState { licences: both, more: Vec::new() });
    assert_eq!(list(&network, "another file"), None);
}

#[test]
fn further_and_corrected_files_are_listed_like_recorded_ones() {
    let mut network = Network::found();
    let (home, other) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].issuer.clone());
    network.must(&home.key, recorded(&home, "a", "file"));
    network.must(&home.key, attach("a", "copy", AttachmentRole::Duplicate));
    let right = Licence { document: file_of("right"), ..home.licence("a") };
    network.must(&home.key, correct("a", &right));
    // One licence each so far: also the file that was recorded by mistake.
    assert!(["file", "copy", "right"].iter().all(|content| list(&network, content).is_none()));
    for (index, content) in (3..).zip(["file", "copy", "right"]) {
        let name = format!("b {content}");
        network.must(&other.key, recorded(&other, &name, content));
        let first = ["file", "copy", "right"].iter().position(|one| *one == content).unwrap() as u64;
        let expected = vec![listed(&network, SHANGHAI, "a", first), listed(&network, JIANGSU, &name, index)];
        assert_eq!(list(&network, content).unwrap().licences, expected, "{content}");
    }
    // The same file once more for the same licence is the same entry.
    network.must(
        &home.key,
        LicenceOperation::Amend {
            predecessor: licence_ref_of(home.organisation, "a"),
            licence: Licence { document: file_of("right"), ..home.version("a 2", 2) },
            basis: basis("BG-1"),
        },
    );
    assert_eq!(list(&network, "right").unwrap().licences.len(), 3);
}

/// Both records in one block, and in one transaction of which nothing holds.
#[test]
fn the_first_record_of_a_block_counts_and_one_of_a_refused_transaction_does_not() {
    let mut network = Network::found();
    let (home, other) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].issuer.clone());
    let refused = vec![Op::from(recorded(&home, "a", "file")).0, Op::from(recorded(&home, "a", "file")).0];
    let refused = network.transaction(&home.key, refused);
    let one = network.transaction(&other.key, vec![Op::from(recorded(&other, "b", "file")).0]);
    let two = network.transaction(&home.key, vec![Op::from(recorded(&home, "c", "file")).0]);
    let outcomes = network.commit(vec![refused, one, two]);
    assert!(matches!(outcomes[..], [Outcome::Rejected { .. }, Outcome::Committed { .. }, Outcome::Committed { .. }]));
    let first = network.ledger.first_of_document(&file_of("file").sha256).unwrap().unwrap();
    assert_eq!(first, listed(&network, JIANGSU, "b", 0));
    assert_eq!(list(&network, "file").unwrap().licences, [first, listed(&network, SHANGHAI, "c", 1)]);
}

/// An attack: the digest of another's file is recorded over and over, so that no list could hold the issuer's record.
#[test]
fn one_bureau_cannot_fill_the_list_of_its_neighbours() {
    let mut network = Network::found();
    let (home, other) = (network.provinces[SHANGHAI].issuer.clone(), network.provinces[JIANGSU].issuer.clone());
    let many = DOCUMENT_LICENCES_PER_ISSUER_MAX as u64 + 3;
    for number in 0..many {
        network.must(&other.key, recorded(&other, &format!("copy {number}"), "file"));
    }
    network.must(&home.key, recorded(&home, "a", "file"));
    let state = list(&network, "file").unwrap();
    assert_eq!(state.licences.len(), DOCUMENT_LICENCES_PER_ISSUER_MAX + 1);
    assert_eq!(state.licences.last(), Some(&listed(&network, SHANGHAI, "a", many)));
    assert_eq!(state.more, [network.provinces[JIANGSU].code]);
}

/// The same by many organisations of one province.
#[test]
fn one_province_cannot_fill_the_list_of_another() {
    let province = |number: usize| provinces()[number].clone();
    let by = |province: &Province, issuer: Uscc, index: u64| DocumentLicence {
        licence: licence_ref_of(issuer, &index.to_string()),
        issuer,
        province: province.code,
        recorded_by: RecordIndex(index),
    };
    let (full, other) = (province(JIANGSU), province(SHANGHAI));
    let mut state = DocumentState::default();
    for index in 0..DOCUMENT_LICENCES_PER_PROVINCE_MAX as u64 + 2 {
        let mut issuer = full.issuer.organisation.as_bytes().to_vec();
        issuer[9..13].copy_from_slice(format!("{index:04}").as_bytes());
        let issuer = Uscc::from_structure(std::str::from_utf8(&issuer).unwrap()).unwrap();
        assert_eq!(state.add(by(&full, issuer, index)), index <= DOCUMENT_LICENCES_PER_PROVINCE_MAX as u64);
    }
    assert!(state.add(by(&other, other.issuer.organisation, 99)));
    assert_eq!(state.licences.len(), DOCUMENT_LICENCES_PER_PROVINCE_MAX + 1);
    assert_eq!(state.more, [full.code]);
}
