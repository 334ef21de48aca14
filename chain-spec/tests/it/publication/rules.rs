//! What the table does not show: versions, windows, signatures one by one, ends, owners, parties, and what is kept.

use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::{LicenceRef, RecordIndex, TxId};
use huxin_chain_spec::memory::MemoryLedger;
use huxin_chain_spec::record::membership::{Standing, StatusChange};
use huxin_chain_spec::rules::publication::{CONSULTATION_BACKDATED_MS_MAX, DRAFT_DAYS_MAX, in_force_at};
use huxin_chain_spec::state::publication::{DraftStatus, Force, ItemVariants, PublicationConsumerState, divergence};
use huxin_chain_spec::state::{DocumentLicence, IssuedLicence, ProvinceState, StateReader, StateUnavailable};
use huxin_chain_spec::transaction::Outcome;

use super::*;

#[test]
fn versions_have_no_gaps() {
    let mut bench = Bench::new();
    let policy = bench.subject(K::Policy, bench.shanghai(), 1);
    let agency = bench.agency().key;
    for version in [0, 2, u32::MAX] {
        assert_eq!(bench.try_one(&agency, policy.publish(version)), Err(Code::PublicationVersionNotNext));
        assert_eq!(bench.try_one(&agency, policy.draft(version, None)), Err(Code::PublicationVersionNotNext));
    }
    bench.must(&agency, policy.publish(1));
    assert_eq!(bench.try_one(&agency, policy.publish(1)), Err(Code::PublicationVersionNotNext));
    assert_eq!(bench.try_one(&agency, policy.repeal(2)), Err(Code::PublicationRepealVersion));
    assert_eq!(bench.try_one(&agency, policy.acknowledge(2)), Err(Code::PublicationVersionUnknown));
    assert_eq!(bench.try_one(&agency, policy.acknowledge(0)), Err(Code::PublicationVersionUnknown));
    bench.must(&agency, policy.draft(2, None));
    for refused in [policy.withdraw(1), policy.close(3), policy.co_sign(3), policy.withdraw(3)] {
        let code = if matches!(refused, P::CloseConsultation { .. }) {
            Code::PublicationNotConsulting
        } else {
            Code::PublicationDraftVersion
        };
        assert_eq!(bench.try_one(&agency, refused), Err(code));
    }
    bench.must(&agency, policy.withdraw(2));
    bench.must(&agency, policy.repeal(1));
    // An ended publication goes on with the next number.
    assert_eq!(bench.try_one(&agency, policy.publish(1)), Err(Code::PublicationVersionNotNext));
    bench.must(&agency, policy.publish(2));
    assert_eq!(bench.state(&policy.key).in_force(), Some(2));
}

#[test]
fn windows_of_consultations() {
    let mut bench = Bench::new();
    let list = bench.subject(K::ExceptionList, bench.shanghai(), 1);
    let lead = authority(SHANGHAI);
    let now = bench.network.next_ms();
    let window = |opens_ms: TimeMs, days: u64, less_ms: u64| {
        Some(ConsultationWindow { opens_ms, closes_ms: opens_ms.plus_ms(days * DAY_MS - less_ms) })
    };
    assert_eq!(bench.try_one(&lead, list.draft(1, None)), Err(Code::PublicationConsultationMissing));
    let wrong = [
        window(now, 30, 1),
        window(now.minus_ms(CONSULTATION_BACKDATED_MS_MAX + 1), 40, 0),
        window(now.plus_ms(1), 365, 0),
        Some(ConsultationWindow { opens_ms: now, closes_ms: TimeMs(now.0 - 1) }),
        Some(ConsultationWindow { opens_ms: TimeMs::MAX, closes_ms: TimeMs::MAX }),
    ];
    for window in wrong {
        assert_eq!(bench.try_one(&lead, list.draft(1, window)), Err(Code::PublicationConsultationWindow), "{window:?}");
    }
    for window in [window(now, 30, 0), window(now.minus_ms(CONSULTATION_BACKDATED_MS_MAX), 30, 0), window(now, 365, 0)]
    {
        assert_eq!(bench.try_one(&lead, list.draft(1, window)), Ok(()), "{window:?}");
    }
    // A kind that needs none may hold one of any length, but of some.
    let power = bench.subject(K::PowerList, bench.shanghai(), 1);
    let none = Some(ConsultationWindow { opens_ms: now, closes_ms: now });
    assert_eq!(bench.try_one(&lead, power.draft(1, none)), Err(Code::PublicationConsultationWindow));
    assert_eq!(bench.try_one(&lead, power.draft(1, window(now, 1, 0))), Ok(()));
}

/// E2: nothing is published, signed or closed before the window ends, to the millisecond.
#[test]
fn a_consultation_runs_to_its_end() {
    let mut bench = Bench::new();
    let list = bench.subject(K::ItemList, Scope::Consortium, 1);
    let lead = authority(SHANGHAI);
    bench.draft(&list, 1, true);
    let closes = bench.state(&list.key).drafts[0].consultation.unwrap().window.closes_ms;
    bench.wait_until(closes.minus_ms(1 + BLOCK_MS));
    for early in [list.close(1), list.publish(1), list.co_sign(1)] {
        assert_eq!(bench.try_one(&lead, early), Err(Code::PublicationConsultationOpen));
    }
    bench.wait_until(closes.minus_ms(BLOCK_MS));
    for not_closed in [list.publish(1), list.co_sign(1)] {
        assert_eq!(bench.try_one(&lead, not_closed), Err(Code::PublicationConsultationOpen));
    }
    let count_without_root =
        P::CloseConsultation { publication: list.key.clone(), version: 1, opinions_root: no_opinions(), opinions: 1 };
    let root_without_count =
        P::CloseConsultation { publication: list.key.clone(), version: 1, opinions_root: digest(1), opinions: 0 };
    for wrong in [count_without_root, root_without_count] {
        assert_eq!(bench.try_one(&lead, wrong), Err(Code::PublicationOpinionsRoot));
    }
    let (opinions_root, opinions) = (no_opinions(), 0);
    bench.must(&lead, P::CloseConsultation { publication: list.key.clone(), version: 1, opinions_root, opinions });
    assert_eq!(bench.try_one(&lead, list.close(1)), Err(Code::PublicationNotConsulting));
    bench.co_sign(&list);
    bench.must(&lead, list.publish(1));
    let held = bench.version(&list.key, 1).unwrap();
    assert_eq!(held.consultation.unwrap().result.unwrap().opinions_root, no_opinions());
}

/// E1: the common list needs every province; one signature is missing until the last.
#[test]
fn every_province_signs_the_common_list() {
    let mut bench = Bench::new();
    let list = bench.subject(K::ItemList, Scope::Consortium, 1);
    let lead = authority(SHANGHAI);
    bench.draft(&list, 1, true);
    bench.close(&list);
    for position in [ZHEJIANG, SHANGHAI, ANHUI] {
        let stale = P::CoSign { publication: list.key.clone(), version: 1, body_digest: list.content(2) };
        assert_eq!(bench.try_one(&authority(position), stale), Err(Code::PublicationDigestMismatch));
        bench.must(&authority(position), list.co_sign(1));
        assert_eq!(bench.try_one(&authority(position), list.co_sign(1)), Err(Code::PublicationAlreadySigned));
        assert_eq!(bench.try_one(&lead, list.publish(1)), Err(Code::PublicationSignaturesMissing));
    }
    bench.must(&authority(JIANGSU), list.co_sign(1));
    let other_body = PublicationBody::Entries { root: digest(0xe1), count: 3 };
    let changed = P::Publish { publication: list.key.clone(), version: 1, body: other_body };
    assert_eq!(bench.try_one(&lead, changed), Err(Code::PublicationDigestMismatch));
    assert_eq!(bench.try_one(&authority(JIANGSU), list.publish(1)), Err(Code::PublicationNotLead));
    bench.must(&lead, list.publish(1));
    let all: Vec<ProvinceCode> = bench.network.provinces.iter().map(|one| one.code).collect();
    assert_eq!(bench.version(&list.key, 1).unwrap().signed_by, all);
    // It ends as it began: by all.
    for position in [SHANGHAI, ANHUI, JIANGSU] {
        bench.must(&authority(position), list.repeal(1));
        assert_eq!(bench.try_one(&authority(position), list.repeal(1)), Err(Code::PublicationAlreadySigned));
        assert_eq!(bench.state(&list.key).in_force(), Some(1));
    }
    bench.must(&authority(ZHEJIANG), list.repeal(1));
    assert_eq!(bench.state(&list.key).in_force(), None);
}

#[test]
fn two_thirds_of_four_are_three() {
    let mut bench = Bench::new();
    let calendar = bench.subject(K::Calendar, Scope::Consortium, 6);
    let lead = authority(SHANGHAI);
    bench.draft(&calendar, 1, false);
    for (signed, position) in [ANHUI, SHANGHAI, JIANGSU].into_iter().enumerate() {
        let found = bench.try_one(&lead, calendar.publish(1));
        assert_eq!(found, Err(Code::PublicationSignaturesMissing), "{signed}");
        bench.must(&authority(position), calendar.co_sign(1));
    }
    // The fourth may still sign, and none may sign twice.
    assert_eq!(bench.try_one(&authority(ZHEJIANG), calendar.co_sign(1)), Ok(()));
    assert_eq!(bench.try_one(&authority(ANHUI), calendar.co_sign(1)), Err(Code::PublicationAlreadySigned));
    bench.must(&lead, calendar.publish(1));
    bench.must(&authority(JIANGSU), calendar.repeal(1));
    bench.must(&authority(ZHEJIANG), calendar.repeal(1));
    // A new version forgets consents to the end of the old one.
    bench.enact(&calendar, 2);
    assert!(bench.state(&calendar.key).repeal_signed_by.is_empty());
    for position in [JIANGSU, ZHEJIANG] {
        bench.must(&authority(position), calendar.repeal(2));
    }
    assert_eq!(bench.status(&calendar.key).force, Force::InForce);
    bench.must(&authority(ANHUI), calendar.repeal(2));
    assert_eq!(bench.status(&calendar.key).force, Force::Repealed);
}

#[test]
fn parties() {
    let mut bench = Bench::new();
    let code = |text: &str| ProvinceCode::from_structure(text).unwrap();
    let (shanghai, jiangsu, zhejiang) = (code("310000"), code("320000"), code("330000"));
    let lead = authority(SHANGHAI);
    let duties = bench.subject(K::DutyAssignment, Scope::Consortium, 1);
    let with = |parties: &[ProvinceCode]| Subject { parties: parties.to_vec(), ..duties.clone() }.draft(1, None);
    for wrong in [vec![], vec![shanghai], vec![jiangsu, shanghai], vec![shanghai, shanghai], vec![jiangsu, zhejiang]] {
        assert_eq!(bench.try_one(&lead, with(&wrong)), Err(Code::PublicationParties), "{wrong:?}");
    }
    let too_many: Vec<ProvinceCode> = (10..47).map(|two| code(&format!("{two}0000"))).collect();
    assert_eq!(too_many.len(), ProvinceCode::all().count() + 1);
    assert_eq!(bench.try_one(&lead, with(&too_many)), Err(Code::PublicationParties));
    let all: Vec<ProvinceCode> = ProvinceCode::all().collect();
    assert_eq!(bench.try_one(&lead, with(&all)), Err(Code::PublicationPartyInactive), "all together are not too many");
    assert_eq!(bench.try_one(&lead, with(&[shanghai, code("350000")])), Err(Code::PublicationPartyInactive));
    assert_eq!(bench.try_one(&lead, with(&[shanghai, code("990000")])), Err(Code::IdentifierUnknownProvince));
    let list = Subject { parties: vec![shanghai], ..bench.subject(K::PowerList, bench.shanghai(), 1) };
    assert_eq!(bench.try_one(&lead, list.draft(1, None)), Err(Code::PublicationParties));
    // A delegation's are those of principal and agent, no others.
    let delegation = bench.subject(K::Delegation, bench.shanghai(), 1);
    for wrong in [vec![shanghai], vec![shanghai, jiangsu, zhejiang], vec![shanghai, zhejiang]] {
        let wrong = Subject { parties: wrong, ..delegation.clone() };
        assert_eq!(bench.try_one(&lead, wrong.draft(1, None)), Err(Code::PublicationParties));
    }
    bench.must(&lead, with(&[shanghai, zhejiang]));
    let agreed = Subject { parties: vec![shanghai, zhejiang], ..duties.clone() };
    assert_eq!(bench.try_one(&authority(JIANGSU), agreed.co_sign(1)), Err(Code::PublicationNotSigner));
    bench.must(&authority(SHANGHAI), agreed.co_sign(1));
    assert_eq!(bench.try_one(&lead, agreed.publish(1)), Err(Code::PublicationSignaturesMissing));
    bench.must(&authority(ZHEJIANG), agreed.co_sign(1));
    bench.must(&lead, agreed.publish(1));
    assert_eq!(bench.try_one(&authority(JIANGSU), agreed.repeal(1)), Err(Code::PublicationNotSigner));
    bench.must(&authority(ZHEJIANG), agreed.repeal(1));
    assert_eq!(bench.state(&agreed.key).in_force(), Some(1));
    bench.must(&authority(SHANGHAI), agreed.repeal(1));
    assert_eq!(bench.state(&agreed.key).in_force(), None);
}

/// Either side of a delegation ends it alone.
#[test]
fn the_host_province_ends_a_delegation() {
    let mut bench = Bench::new();
    for (serial, ends) in [authority(SHANGHAI), authority(JIANGSU), bench.agency().key].into_iter().enumerate() {
        let delegation = bench.subject(K::Delegation, bench.shanghai(), serial);
        bench.enact(&delegation, 1);
        assert_eq!(bench.try_one(&authority(ANHUI), delegation.repeal(1)), Err(Code::PublicationNotSigner));
        bench.must(&ends, delegation.repeal(1));
        assert_eq!(bench.state(&delegation.key).in_force(), None);
    }
}

/// What an agency published stays its own while it is active; after that another may continue.
#[test]
fn owners() {
    let mut bench = Bench::new();
    let policy = bench.subject(K::Policy, bench.shanghai(), 1);
    let (agency, other) = (bench.agency(), bench.other.clone());
    bench.must(&agency.key, policy.publish(1));
    assert_eq!(bench.try_one(&other.key, policy.publish(2)), Err(Code::PublicationNotOwner));
    bench.must(&authority(SHANGHAI), policy.publish(2));
    assert_eq!(bench.state(&policy.key).owner, Some(agency.organisation));
    bench.must(&agency.key, policy.publish(3));
    let (organisation, basis) = (agency.organisation, basis("ZX-1"));
    let registrar = bench.network.registrar(SHANGHAI);
    let suspend = MembershipOperation::OrganisationStatus { organisation, change: StatusChange::Suspend, basis };
    bench.network.must(&registrar, suspend);
    bench.must(&other.key, policy.publish(4));
    assert_eq!(bench.state(&policy.key).owner, Some(other.organisation));
}

/// What the authority publishes for an agency is the agency's: its item, its guide, its mandate.
#[test]
fn the_authority_publishes_for_an_agency() {
    let mut bench = Bench::new();
    let (agency, other) = (bench.agency(), bench.other.key.clone());
    for kind in [K::Item, K::Guide, K::Mandate] {
        let subject = bench.subject(kind, bench.shanghai(), 1);
        if kind == K::Guide {
            let item = bench.item_of(&subject);
            bench.enact(&item, 1);
        }
        bench.must(&authority(SHANGHAI), subject.publish(1));
        assert_eq!(bench.state(&subject.key).owner, Some(agency.organisation));
        assert_eq!(bench.try_one(&other, subject.publish(2)), Err(Code::PublicationNotOwner));
        bench.must(&agency.key, subject.publish(2));
        bench.must(&agency.key, subject.repeal(2));
    }
}

/// The ledger as it would be with one province suspended, which governance does.
struct Without<'a> {
    ledger: &'a MemoryLedger,
    province: ProvinceCode,
}

impl StateReader for Without<'_> {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        let bytes = self.ledger.state(key)?;
        if *key != StateKey::Province(self.province) {
            return Ok(bytes);
        }
        let state: ProvinceState = codec::decode(&bytes.unwrap(), 65_536).unwrap();
        Ok(Some(codec::encode(&ProvinceState { standing: Standing::Suspended, ..state })))
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        self.ledger.issued_at(licence)
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        self.ledger.first_of_document(sha256)
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        self.ledger.issued_licence(index)
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        self.ledger.has_transaction(tx_id)
    }
}

/// What an operation does while a province is suspended.
fn try_without(
    bench: &mut Bench,
    position: usize,
    signer: &SigningKey,
    operation: P,
) -> Result<PublicationState, Code> {
    let publication = operation.publication().clone();
    let transaction = bench.network.transaction(signer, vec![Operation::Publication(operation)]);
    let network = &bench.network;
    let reader = Without { ledger: &network.ledger, province: network.provinces[position].code };
    let context = network.ledger.chain().block_after(network.ledger.tip().height, network.next_ms());
    let first = RecordIndex(network.records.len() as u64);
    let tx_id = transaction.body.id(SHA256);
    let changes = huxin_chain_spec::rules::apply(&reader, &context, first, &[(tx_id, &transaction)]).unwrap();
    match changes.outcomes[0].outcome {
        Outcome::Rejected { code, .. } => Err(code),
        Outcome::Committed { .. } => {
            Ok(codec::decode(&changes.states[&StateKey::Publication(publication)], 65_536).unwrap())
        }
        Outcome::Each(_) => unreachable!(),
    }
}

/// A14: a draft blocked every other version. Zhejiang laid an empty calendar open, with a consultation of 364 days, and nobody else could
/// draft one for two years.
#[test]
fn attack_a14_blocking_a_common_document_by_a_draft() {
    let mut bench = Bench::new();
    let blocking = bench.subject(K::Calendar, Scope::Consortium, 6);
    let holidays = PublicationBody::Calendar(Calendar { year: 2026, holidays: vec![1], makeup_days: Vec::new() });
    let calendar = Subject { body: holidays, ..blocking.clone() };
    let opens_ms = bench.network.next_ms();
    let window = ConsultationWindow { opens_ms, closes_ms: opens_ms.plus_ms(364 * DAY_MS) };
    let (home, attacker) = (authority(SHANGHAI), authority(ZHEJIANG));
    bench.must(&attacker, blocking.draft(1, Some(window)));
    bench.must(&home, calendar.draft(1, None));
    assert_eq!(bench.try_one(&home, calendar.draft(1, None)), Err(Code::PublicationDraftPending), "one by each");
    // A second attacker lays the genuine calendar open once more, for a consultation without end: no signature gets lost there.
    bench.must(&authority(ANHUI), calendar.draft(1, Some(window)));
    // A signature goes to the draft whose content it names, and what the lead does to its own.
    for position in [JIANGSU, ANHUI] {
        assert_eq!(bench.try_one(&authority(position), blocking.co_sign(1)), Err(Code::PublicationConsultationOpen));
        bench.must(&authority(position), calendar.co_sign(1));
    }
    assert_eq!(bench.try_one(&attacker, calendar.publish(1)), Err(Code::PublicationConsultationOpen));
    assert_eq!(bench.try_one(&home, calendar.publish(1)), Err(Code::PublicationSignaturesMissing));
    bench.must(&home, calendar.co_sign(1));
    bench.must(&home, calendar.publish(1));
    let state = bench.state(&calendar.key);
    assert_eq!((state.version, state.drafts), (1, Vec::new()), "the version that was prepared is out");
    assert_eq!(bench.try_one(&attacker, blocking.close(1)), Err(Code::PublicationNoDraft));
}

/// Each province withdraws its own draft, and what it may do to another's is what it might before.
#[test]
fn drafts_side_by_side_end_one_by_one() {
    let mut bench = Bench::new();
    let calendar = bench.subject(K::Calendar, Scope::Consortium, 6);
    for position in [ZHEJIANG, SHANGHAI, ANHUI] {
        bench.must(&authority(position), calendar.draft(1, None));
    }
    let leads = |bench: &Bench| -> Vec<ProvinceCode> {
        bench.state(&calendar.key).drafts.iter().map(|draft| draft.lead_province).collect()
    };
    let code = |bench: &Bench, position: usize| bench.network.provinces[position].code;
    assert_eq!(leads(&bench), [ZHEJIANG, SHANGHAI, ANHUI].map(|position| code(&bench, position)));
    // The same content three times: a second signature goes to the second draft.
    for _ in 0..3 {
        bench.must(&authority(JIANGSU), calendar.co_sign(1));
    }
    assert_eq!(bench.try_one(&authority(JIANGSU), calendar.co_sign(1)), Err(Code::PublicationAlreadySigned));
    assert_eq!(bench.try_one(&authority(JIANGSU), calendar.withdraw(1)), Err(Code::PublicationNotLead));
    bench.must(&authority(SHANGHAI), calendar.withdraw(1));
    assert_eq!(leads(&bench), [ZHEJIANG, ANHUI].map(|position| code(&bench, position)));
    bench.must(&authority(SHANGHAI), calendar.draft(1, None));
    assert_eq!(leads(&bench).len(), 3);
}

/// A draft that its lead abandons need not stand there for ever.
#[test]
fn a_draft_that_is_let_lie_can_be_withdrawn_by_the_others() {
    let mut bench = Bench::new();
    let (list, calendar) = (K::ItemList, K::Calendar);
    let drafts = [(calendar, false), (list, true)].map(|(kind, consulted)| {
        let subject = bench.subject(kind, Scope::Consortium, 6);
        bench.draft(&subject, 1, consulted);
        let draft = bench.state(&subject.key).drafts[0].clone();
        let from = draft.consultation.map_or(draft.drafted_ms, |held| held.window.closes_ms);
        (subject, from.plus_ms(u64::from(DRAFT_DAYS_MAX) * DAY_MS))
    });
    assert!(drafts[0].1 < drafts[1].1, "the consultation comes first");
    let there = authority(JIANGSU);
    let agency = bench.network.issuer(JIANGSU);
    for (subject, until) in drafts {
        bench.wait_until(until.minus_ms(BLOCK_MS));
        assert_eq!(bench.try_one(&there, subject.withdraw(1)), Err(Code::PublicationNotLead));
        bench.wait_until(until);
        assert_eq!(bench.try_one(&agency, subject.withdraw(1)), Err(Code::PublicationNotLead));
        bench.must(&there, subject.withdraw(1));
    }
}

/// A province that has left holds nothing up: others withdraw what it led, and end versions without it.
#[test]
fn a_province_that_left() {
    let mut bench = Bench::new();
    let calendar = bench.subject(K::Calendar, Scope::Consortium, 6);
    bench.draft(&calendar, 1, false);
    let (home, there) = (authority(SHANGHAI), authority(JIANGSU));
    let agency = bench.network.issuer(JIANGSU);
    assert_eq!(bench.try_one(&there, calendar.withdraw(1)), Err(Code::PublicationNotLead));
    assert_eq!(try_without(&mut bench, SHANGHAI, &agency, calendar.withdraw(1)), Err(Code::PublicationNotLead));
    assert_eq!(try_without(&mut bench, ANHUI, &there, calendar.withdraw(1)), Err(Code::PublicationNotLead));
    assert_eq!(try_without(&mut bench, SHANGHAI, &there, calendar.withdraw(1)).unwrap().drafts, []);
    bench.must(&home, calendar.withdraw(1));
    let list = bench.subject(K::Rule, Scope::Consortium, 1);
    bench.enact(&list, 1);
    for signer in [&home, &there] {
        bench.must(signer, list.repeal(1));
    }
    // Four are asked, or three while one is suspended.
    assert_eq!(bench.network.provinces.len(), 4);
    let zhejiang = authority(ZHEJIANG);
    let ended = |bench: &mut Bench, without: usize| {
        try_without(bench, without, &zhejiang, list.repeal(1)).unwrap().in_force().is_none()
    };
    assert!(ended(&mut bench, ANHUI));
    // The consent of one that has left does not count, but neither is it asked for.
    assert!(!ended(&mut bench, JIANGSU), "Anhui has not consented");
    // A new common list asks those that are there.
    let next = try_without(&mut bench, ANHUI, &home, list.draft(2, None)).unwrap().drafts.remove(0);
    assert_eq!((next.signers.len(), next.needed), (3, 3));
    let agreement = bench.subject(K::Agreement, Scope::Consortium, 1);
    let refused = try_without(&mut bench, JIANGSU, &home, agreement.draft(1, None));
    assert_eq!(refused, Err(Code::PublicationPartyInactive));
}

/// A published version stays as it was, and can be found by the day.
#[test]
fn in_force_as_of_a_day() {
    let mut bench = Bench::new();
    let policy = bench.subject(K::Policy, bench.shanghai(), 1);
    let agency = bench.agency().key;
    let at = |bench: &Bench, time: i64| {
        in_force_at(&bench.network.ledger, &policy.key, TimeMs(time)).unwrap().map(|(version, _)| version)
    };
    assert_eq!(at(&bench, i64::MAX), None);
    let mut published = Vec::new();
    for version in 1..=5 {
        published.push(bench.network.next_ms().0);
        bench.must(&agency, policy.publish(version));
    }
    let repealed = bench.network.next_ms().0;
    bench.must(&agency, policy.repeal(5));
    assert_eq!((at(&bench, repealed), at(&bench, repealed - 1)), (None, Some(5)));
    let again = bench.network.next_ms().0;
    bench.must(&agency, policy.publish(6));
    assert_eq!(at(&bench, published[0] - 1), None);
    for (version, time) in (1..).zip(&published) {
        assert_eq!((at(&bench, *time), at(&bench, time + 1)), (Some(version), Some(version)));
    }
    assert_eq!((at(&bench, repealed), at(&bench, again - 1), at(&bench, again)), (None, None, Some(6)));
    assert_eq!(bench.version(&policy.key, 6).unwrap().gap_from_ms, Some(TimeMs(repealed)));
}

/// E3: where provinces publish different elements under one basic code, the map says so.
#[test]
fn divergence_of_an_item() {
    let mut bench = Bench::new();
    let variants = |bench: &Bench| {
        let key = StateKey::ItemVariants("370117002001".parse().unwrap());
        huxin_chain_spec::state::read::<ItemVariants>(&bench.network.ledger, &key).unwrap().unwrap_or_default()
    };
    let published = |bench: &mut Bench, position: usize, version: u32, elements: u8| {
        let province = bench.network.provinces[position].clone();
        let code = item_code(&province.issuer.organisation, 1);
        let publication =
            PublicationKey { kind: K::Item, scope: Scope::Province(province.code), code: code.parse().unwrap() };
        let body = PublicationBody::Item(Item { common_elements: digest(elements), ..item(&code) });
        bench.must(&province.issuer.key, P::Publish { publication: publication.clone(), version, body });
        publication
    };
    let codes: Vec<ProvinceCode> = bench.network.provinces.iter().map(|one| one.code).collect();
    published(&mut bench, ANHUI, 1, 7);
    published(&mut bench, SHANGHAI, 1, 7);
    assert_eq!(divergence(&variants(&bench)), [vec![codes[SHANGHAI], codes[ANHUI]]]);
    let differs = published(&mut bench, JIANGSU, 1, 8);
    assert_eq!(divergence(&variants(&bench)), [vec![codes[SHANGHAI], codes[ANHUI]], vec![codes[JIANGSU]]]);
    published(&mut bench, SHANGHAI, 2, 8);
    assert_eq!(divergence(&variants(&bench)), [vec![codes[SHANGHAI], codes[JIANGSU]], vec![codes[ANHUI]]]);
    assert_eq!(variants(&bench).variants[0].version, 2);
    let publication = differs.clone();
    bench.must(&authority(JIANGSU), P::Repeal { publication, version: 1, basis: basis("FZ-1") });
    assert_eq!(divergence(&variants(&bench)), [vec![codes[SHANGHAI]], vec![codes[ANHUI]]]);
    assert!(divergence(&ItemVariants::default()).is_empty());
}

/// E29: who works by which version.
#[test]
fn consumers() {
    let mut bench = Bench::new();
    let policy = bench.subject(K::Policy, bench.shanghai(), 1);
    let (agency, other) = (bench.agency().key, bench.other.clone());
    bench.must(&agency, policy.publish(1));
    bench.must(&agency, policy.publish(2));
    bench.must(&other.key, policy.acknowledge(1));
    assert_eq!(bench.try_one(&other.key, policy.acknowledge(1)), Err(Code::PublicationAlreadyAcknowledged));
    bench.must(&other.key, policy.acknowledge(2));
    assert_eq!(bench.try_one(&other.key, policy.acknowledge(1)), Err(Code::PublicationAlreadyAcknowledged));
    let key = StateKey::PublicationConsumer(policy.key.clone(), other.organisation, None);
    let held: PublicationConsumerState = huxin_chain_spec::state::read(&bench.network.ledger, &key).unwrap().unwrap();
    assert_eq!(held.version, 2);
    assert_eq!(bench.status(&policy.key).draft, DraftStatus::None);
}

/// Codes that a publisher chooses pass the filter for personal data; item codes have a structure of their own.
#[test]
fn no_personal_data_in_codes() {
    let mut bench = Bench::new();
    let mut policy = bench.subject(K::Policy, bench.shanghai(), 1);
    policy.key.code = "ID-11010519491231002X".parse().unwrap();
    let agency = bench.agency().key;
    for operation in [policy.publish(1), policy.draft(1, None), policy.withdraw(1), policy.acknowledge(1)] {
        assert_eq!(bench.try_one(&agency, operation), Err(Code::PrivacyResidentNumber));
    }
    let guide = bench.subject(K::Guide, bench.shanghai(), 1);
    let PublicationBody::Guide(text) = guide.body.clone() else { panic!() };
    let materials = vec!["TEL-13800138000".parse().unwrap()];
    let body = PublicationBody::Guide(Guide { materials, ..text });
    let refused = bench.try_one(&agency, Subject { body, ..guide }.publish(1));
    assert_eq!(refused, Err(Code::PrivacyMobileNumber));
}

/// Duties are kept under the code of their item. Where its digits happened to look like a bank card, the province could not
/// assign any: only items and guides were exempt.
#[test]
fn duties_of_an_item_whose_code_looks_like_a_card() {
    let mut bench = Bench::new();
    let looks_like_a_card = |code: &String| huxin_chain_spec::privacy::scan(code).is_some();
    let agencies = (10..100).map(|number| uscc(&format!("1131000000MA24{number}")));
    let mut codes = agencies.flat_map(|agency| (0..50).map(move |serial| item_code(&agency, serial)));
    let code = codes.find(looks_like_a_card).unwrap();
    let mut duties = bench.subject(K::DutyAssignment, bench.shanghai(), 1);
    duties.key.code = code.parse().unwrap();
    let lead = bench.lead(&duties);
    assert_eq!(bench.try_one(&lead, duties.draft(1, None)), Ok(()));
}
