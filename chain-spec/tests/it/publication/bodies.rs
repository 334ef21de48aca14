//! What a version must say, and what mandates and calendars mean.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::ItemCode;
use huxin_chain_spec::record::membership::StatusChange;
use huxin_chain_spec::rules::publication::{MandateAct, WORKING_DAYS_MAX, fits, mandate_covers};

use super::*;

/// Publishes, or lays open where the kind needs that, with another body.
fn attempt(bench: &mut Bench, subject: &Subject, body: PublicationBody) -> Result<(), Code> {
    let lead = bench.lead(subject);
    let window = Some(bench.window());
    let changed = Subject { body, ..subject.clone() };
    let drafted = bench.try_one(&lead, changed.draft(1, window));
    // Whatever may be published at once answers the same there.
    let published = bench.try_one(&lead, changed.publish(1));
    let needs_draft = [Code::PublicationConsultationMissing, Code::PublicationSignaturesMissing];
    if !published.is_err_and(|code| needs_draft.contains(&code)) {
        assert_eq!(published, drafted);
    }
    drafted
}

#[test]
fn each_kind_takes_its_own_body_only() {
    let mut bench = Bench::new();
    let subjects: Vec<Subject> =
        PublicationKind::ALL.into_iter().map(|kind| bench.subject(kind, bench.shanghai(), 1)).collect();
    for subject in &subjects {
        for other in &subjects {
            let same = std::mem::discriminant(&subject.body) == std::mem::discriminant(&other.body);
            assert_eq!(fits(subject.key.kind, &other.body), same);
            if !same {
                let found = attempt(&mut bench, subject, other.body.clone());
                assert_eq!(found, Err(Code::PublicationBodyWrongKind), "{:?}", subject.key.kind);
            }
        }
    }
    let list = bench.subject(K::PowerList, bench.shanghai(), 1);
    let empty = PublicationBody::Entries { root: no_opinions(), count: 0 };
    assert_eq!(attempt(&mut bench, &list, empty), Err(Code::PublicationEntriesEmpty));
}

#[test]
fn items() {
    let mut bench = Bench::new();
    let subject = bench.subject(K::Item, bench.shanghai(), 1);
    let PublicationBody::Item(good) = subject.body.clone() else { panic!() };
    let mut item = |change: &dyn Fn(&mut Item)| {
        let mut changed = good.clone();
        change(&mut changed);
        attempt(&mut bench, &subject, PublicationBody::Item(changed))
    };
    assert_eq!(item(&|_| {}), Ok(()));
    assert_eq!(item(&|item| item.basic_code = "370117002099".parse().unwrap()), Err(Code::PublicationBasicCode));
    assert_eq!(item(&|item| item.basic_code = item.item.clone()), Err(Code::PublicationBasicCode));
    assert_eq!(item(&|item| item.modes.clear()), Err(Code::PublicationItemModes));
    assert_eq!(item(&|item| item.modes.reverse()), Err(Code::PublicationItemModes));
    assert_eq!(item(&|item| item.modes = vec![CaseMode::Relay; 2]), Err(Code::PublicationItemModes));
    for days in [0, WORKING_DAYS_MAX + 1, u16::MAX] {
        assert_eq!(item(&|item| item.promised_days = days), Err(Code::PublicationItemDays), "{days}");
    }
    assert_eq!(item(&|item| item.promised_days = WORKING_DAYS_MAX), Ok(()));
    assert_eq!(item(&|item| item.acknowledge_days = 0), Err(Code::PublicationItemDays));
    assert_eq!(item(&|item| item.correction_days = 0), Err(Code::PublicationItemDays));
    assert_eq!(item(&|item| item.correction_days = 6), Err(Code::PublicationItemDays));
    assert_eq!(item(&|item| item.item = item.basic_code.clone()), Err(Code::PublicationCodeMismatch));
    let case_code = format!("{}202601010001", good.item);
    assert_eq!(item(&|item| item.item = case_code.parse().unwrap()), Err(Code::PublicationItemScheme));
    let bad_agency = ItemCode::from_structure(&good.item.as_str().replacen('1', "2", 1)).unwrap();
    assert_eq!(item(&|item| item.item = bad_agency.clone()), Err(Code::IdentifierUsccCheck));
    let letters = ItemCode::from_structure("3701170020AB").unwrap();
    assert_eq!(item(&|item| item.basic_code = letters.clone()), Err(Code::IdentifierCharacter));
}

/// An agency publishes its own items; the authority publishes any; a basic code belongs to no agency.
#[test]
fn items_of_other_agencies() {
    let mut bench = Bench::new();
    let subject = bench.subject(K::Item, bench.shanghai(), 1);
    let other = bench.other.key.clone();
    assert_eq!(bench.try_one(&other, subject.publish(1)), Err(Code::PublicationItemNotOwn));
    assert_eq!(bench.try_one(&authority(SHANGHAI), subject.publish(1)), Ok(()));
    let basic = "370117002001";
    let key = PublicationKey { code: basic.parse().unwrap(), ..subject.key };
    let body = PublicationBody::Item(Item {
        item: basic.parse().unwrap(),
        ..item(&item_code(&bench.agency().organisation, 1))
    });
    let basic = Subject { key, body, parties: Vec::new() };
    assert_eq!(bench.try_one(&other, basic.publish(1)), Ok(()));
}

#[test]
fn guides() {
    let mut bench = Bench::new();
    let subject = bench.subject(K::Guide, bench.shanghai(), 1);
    assert_eq!(attempt(&mut bench, &subject, subject.body.clone()), Err(Code::PublicationGuideItem));
    let item = bench.item_of(&subject);
    bench.enact(&item, 1);
    let PublicationBody::Guide(good) = subject.body.clone() else { panic!() };
    let material = |text: &str| text.parse::<huxin_chain_spec::ids::MaterialCode>().unwrap();
    {
        let mut guide = |change: &dyn Fn(&mut Guide)| {
            let mut changed = good.clone();
            change(&mut changed);
            attempt(&mut bench, &subject, PublicationBody::Guide(changed))
        };
        let many = |count: usize| (0..count).map(|number| material(&format!("M-{number:04}"))).collect::<Vec<_>>();
        assert_eq!(guide(&|_| {}), Ok(()));
        assert_eq!(guide(&|guide| guide.materials.reverse()), Err(Code::PublicationGuideMaterials));
        assert_eq!(guide(&|guide| guide.materials[1] = material("A-1")), Err(Code::PublicationGuideMaterials));
        assert_eq!(guide(&|guide| guide.materials = many(257)), Err(Code::PublicationGuideMaterials));
        let full = many(256);
        assert_eq!(guide(&|guide| (guide.materials, guide.tolerance) = (full.clone(), full.clone())), Ok(()));
        assert_eq!(guide(&|guide| guide.tolerance = vec![material("C-1")]), Err(Code::PublicationGuideTolerance));
        let unsorted = vec![material("B-1"), material("A-1")];
        assert_eq!(guide(&|guide| guide.tolerance = unsorted.clone()), Err(Code::PublicationGuideTolerance));
        for days in [0, WORKING_DAYS_MAX + 1] {
            assert_eq!(guide(&|guide| guide.tolerance_days = days), Err(Code::PublicationGuideTolerance), "{days}");
        }
        assert_eq!(guide(&|guide| guide.tolerance_days = WORKING_DAYS_MAX), Ok(()));
        assert_eq!(guide(&|guide| guide.tolerance.clear()), Err(Code::PublicationGuideTolerance));
        assert_eq!(guide(&|guide| (guide.tolerance, guide.tolerance_days) = (Vec::new(), 0)), Ok(()));
        let elsewhere: ItemCode = "370117002001".parse().unwrap();
        assert_eq!(guide(&|guide| guide.item = elsewhere.clone()), Err(Code::PublicationCodeMismatch));
    }
    // A draft whose item has ended since cannot be published.
    bench.draft(&subject, 1, false);
    bench.repeal(&item, 1);
    let lead = bench.lead(&subject);
    assert_eq!(bench.try_one(&lead, subject.publish(1)), Err(Code::PublicationGuideItem));
    bench.enact(&item, 2);
    assert_eq!(bench.try_one(&lead, subject.publish(1)), Ok(()));
}

#[test]
fn calendars() {
    let mut bench = Bench::new();
    // 2026-01-01 is a Thursday; day 3 a Saturday.
    let mut calendar = |year: u16, holidays: &[u16], makeup_days: &[u16]| {
        let mut subject = bench.subject(K::Calendar, bench.shanghai(), 1);
        subject.key.code = year.to_string().parse().unwrap();
        let (holidays, makeup_days) = (holidays.to_vec(), makeup_days.to_vec());
        attempt(&mut bench, &subject, PublicationBody::Calendar(Calendar { year, holidays, makeup_days }))
    };
    assert_eq!(calendar(2026, &[1, 2], &[3, 4]), Ok(()));
    assert_eq!(calendar(2026, &[1, 3], &[]), Err(Code::PublicationCalendarWeekday));
    assert_eq!(calendar(2026, &[], &[1]), Err(Code::PublicationCalendarWeekday));
    for wrong in [[0, 1], [2, 1], [1, 1], [1, 366]] {
        assert_eq!(calendar(2026, &wrong, &[]), Err(Code::PublicationCalendarDays), "{wrong:?}");
        assert_eq!(calendar(2026, &[], &wrong), Err(Code::PublicationCalendarDays), "{wrong:?}");
    }
    // 2024 has a day 366, a Tuesday.
    assert_eq!(calendar(2024, &[366], &[]), Ok(()));
    assert_eq!(calendar(2024, &[367], &[]), Err(Code::PublicationCalendarDays));
    assert_eq!(calendar(1999, &[], &[]), Err(Code::PublicationCalendarYear));
    assert_eq!(calendar(2201, &[], &[]), Err(Code::PublicationCalendarYear));
    assert_eq!((calendar(2000, &[], &[]), calendar(2200, &[], &[])), (Ok(()), Ok(())));
    let subject = bench.subject(K::Calendar, bench.shanghai(), 1);
    let (holidays, makeup_days) = (Vec::new(), Vec::new());
    let other_year = PublicationBody::Calendar(Calendar { year: 2026, holidays, makeup_days });
    assert_eq!(attempt(&mut bench, &subject, other_year), Err(Code::PublicationCodeMismatch));
}

#[test]
fn mandates() {
    let mut bench = Bench::new();
    let agent = bench.network.provinces[JIANGSU].issuer.clone();
    let (home, other) = (bench.agency(), bench.other.clone());
    let now = bench.network.next_ms();
    let officer = agent.key.id();
    for kind in [K::Mandate, K::Delegation] {
        let subject = bench.subject(kind, bench.shanghai(), 1);
        let PublicationBody::Mandate(good) = subject.body.clone() else { panic!() };
        let mut with = |change: &dyn Fn(&mut Mandate)| {
            let mut changed = good.clone();
            change(&mut changed);
            attempt(&mut bench, &subject, PublicationBody::Mandate(changed))
        };
        let item = |serial: usize| item_code(&home.organisation, serial).parse::<ItemCode>().unwrap();
        assert_eq!(with(&|_| {}), Ok(()));
        assert_eq!(with(&|one| one.items = vec![item(1), item(2)]), Ok(()));
        assert_eq!(with(&|one| one.items = vec![item(2), item(1)]), Err(Code::PublicationMandateItems));
        assert_eq!(with(&|one| one.items = (0..257).map(item).collect()), Err(Code::PublicationMandateItems));
        let case: ItemCode = format!("{}202601010001", item(1)).parse().unwrap();
        assert_eq!(with(&|one| one.items = vec![case.clone()]), Err(Code::PublicationItemScheme));
        assert_eq!(with(&|one| (one.receive, one.deliver) = (false, false)), Err(Code::PublicationMandateActs));
        assert_eq!(with(&|one| one.until_ms = Some(now)), Err(Code::PublicationTermEnded));
        assert_eq!(with(&|one| one.until_ms = Some(now.plus_ms(1))), Ok(()));
        assert_eq!(with(&|one| one.agent = uscc("1131000000009999")), Err(Code::OrganisationUnknown));
        assert_eq!(with(&|one| one.principal = uscc("1131000000009999")), Err(Code::OrganisationUnknown));
        assert_eq!(with(&|one| one.principal = agent.organisation), Err(Code::PublicationMandateProvince));
        assert_eq!(with(&|one| one.principal = other.organisation), Err(Code::PublicationMandatePrincipal));
        let is_delegation = kind == K::Delegation;
        let refused: Result<(), Code> = Err(Code::PublicationMandateOfficer);
        assert_eq!(with(&|one| one.officer = None), if is_delegation { refused } else { Ok(()) });
        assert_eq!(with(&|one| one.officer = Some(officer)), if is_delegation { Ok(()) } else { refused });
        assert_eq!(with(&|one| one.officer = Some(home.key.id())), refused);
        assert_eq!(with(&|one| one.officer = Some(key("nobody").id())), refused);
    }
    let (registrar, organisation) = (bench.network.registrar(JIANGSU), agent.organisation);
    let change = StatusChange::Suspend;
    bench
        .network
        .must(&registrar, MembershipOperation::OrganisationStatus { organisation, change, basis: basis("ZX-1") });
    let subject = bench.subject(K::Mandate, bench.shanghai(), 1);
    assert_eq!(attempt(&mut bench, &subject, subject.body.clone()), Err(Code::OrganisationSuspended));
}

#[test]
fn agreements_end() {
    let mut bench = Bench::new();
    let subject = bench.subject(K::Agreement, Scope::Consortium, 1);
    let now = bench.network.next_ms();
    let until = |until_ms| PublicationBody::Agreement(Agreement { document: digest(1), until_ms });
    assert_eq!(attempt(&mut bench, &subject, until(Some(now))), Err(Code::PublicationTermEnded));
    assert_eq!(attempt(&mut bench, &subject, until(Some(now.plus_ms(1)))), Ok(()));
    let agreement = Agreement { document: digest(1), until_ms: Some(now) };
    assert!(!agreement.is_running(now) && agreement.is_running(TimeMs(now.0 - 1)));
    assert!(Agreement { until_ms: None, ..agreement }.is_running(TimeMs::MAX));
}

/// Each condition of a mandate, one by one.
#[test]
fn what_a_mandate_covers() {
    let bench = Bench::new();
    let (home, agent) = (bench.agency(), bench.network.provinces[JIANGSU].issuer.clone());
    let item = |serial: usize| item_code(&home.organisation, serial).parse::<ItemCode>().unwrap();
    let (officer, now) = (agent.key.id(), TimeMs(GENESIS_MS));
    let plain = mandate(home.organisation, agent.organisation);
    let covers = |mandate: &Mandate, act: MandateAct| {
        mandate_covers(mandate, &agent.organisation, &officer, &home.organisation, &item(1), act, now)
    };
    use MandateAct::{Accept, Deliver, Receive};
    assert_eq!(MandateAct::ALL.map(|act| covers(&plain, act)), [true, false, true]);
    assert!(covers(&Mandate { accept: true, ..plain.clone() }, Accept));
    let with = |change: &dyn Fn(&mut Mandate)| {
        let mut changed = plain.clone();
        change(&mut changed);
        covers(&changed, Receive) && covers(&changed, Deliver)
    };
    assert!(with(&|one| one.items = vec![item(0), item(1)]));
    assert!(!with(&|one| one.items = vec![item(0), item(2)]));
    assert!(with(&|one| one.officer = Some(officer)));
    assert!(!with(&|one| one.officer = Some(home.key.id())));
    assert!(with(&|one| one.until_ms = Some(now.plus_ms(1))));
    assert!(!with(&|one| one.until_ms = Some(now)));
    assert!(!with(&|one| one.agent = home.organisation));
    assert!(!with(&|one| one.principal = agent.organisation));
}
