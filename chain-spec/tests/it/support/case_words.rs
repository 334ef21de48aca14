//! Short ways to word cases, and four provinces with an item, a guide and a calendar each.

use std::cell::RefCell;
use std::collections::BTreeMap;

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, KeyId};
use huxin_chain_spec::ids::{BundleRef, CaseRef, ItemCode, MaterialCode, TimeMs, Uscc};
use huxin_chain_spec::record::case::{
    BundleChild, BundleOpening, Collection, DeliveryChannel, IdentityCheck, Matter, Step,
};
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions};
use huxin_chain_spec::record::publication::{
    Calendar, CaseMode, Guide, Item, Mandate, PublicationBody, PublicationKey, PublicationKind, Scope,
};
use huxin_chain_spec::record::{CaseOperation, Operation};
use huxin_chain_spec::rules::case::{CaseStanding, standing};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::case::{BundleState, CaseState, CaseStatus};

use super::case_ledger::CaseLedger;
use super::{Issuer, Province, SHA256, basis, digest, genesis_of, home, key, key_add, name_digest, provinces, uscc};

pub const PROMISED_DAYS: u16 = 10;
pub const ACKNOWLEDGE_DAYS: u8 = 2;
pub const CORRECTION_DAYS: u8 = 5;
pub const TOLERANCE_DAYS: u16 = 3;

pub const MODES: [CaseMode; 6] = [
    CaseMode::FullOnline,
    CaseMode::CollectOnBehalf,
    CaseMode::MultiPlace,
    CaseMode::Relay,
    CaseMode::Bundle,
    CaseMode::NoApplication,
];

/// A moment, as people write it.
pub fn at(text: &str) -> TimeMs {
    text.parse().unwrap()
}

thread_local! {
    /// Who opens the cases of a test that Shanghai's issuer does not open.
    static OPENERS: RefCell<BTreeMap<String, Uscc>> = const { RefCell::new(BTreeMap::new()) };
}

/// From here on the case of this name is one that `opener` opens.
pub fn opened_by(name: &str, opener: Uscc) {
    OPENERS.with_borrow_mut(|openers| openers.insert(name.to_owned(), opener));
}

/// The reference of the case that Shanghai's issuer, or the opener named before, calls by this name.
pub fn case_ref(name: &str) -> CaseRef {
    let opener = OPENERS.with_borrow(|openers| openers.get(name).copied());
    let opener = opener.unwrap_or_else(home);
    CaseRef::owned(SHA256, &opener, &name_digest(name))
}

/// The reference of the bundle that Shanghai's issuer calls by this name.
pub fn bundle_ref(name: &str) -> BundleRef {
    BundleRef::owned(SHA256, &home(), &name_digest(name))
}

pub fn material(name: &str) -> MaterialCode {
    name.parse().unwrap()
}

pub fn materials(names: &[&str]) -> Vec<MaterialCode> {
    names.iter().copied().map(material).collect()
}

pub fn step(case: &str) -> Step {
    Step { case: case_ref(case), mandate: None }
}

pub fn root(byte: u8) -> Digest {
    digest(byte)
}

/// The item code of an issuer.
pub fn item_code(issuer: &Issuer) -> ItemCode {
    format!("{}3370117002011", issuer.organisation).parse().unwrap()
}

pub fn publication(kind: PublicationKind, scope: Scope, code: &str) -> PublicationKey {
    PublicationKey { kind, scope, code: code.parse().unwrap() }
}

/// 2026 as the State Council arranged it (国办发明电〔2025〕7号), as days of the year.
pub fn calendar_2026() -> Calendar {
    let day = |month: usize, day: u16| {
        const BEFORE: [u16; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        BEFORE[month - 1] + day
    };
    let mut holidays = vec![day(1, 1), day(1, 2), day(4, 6), day(5, 1), day(5, 4), day(5, 5), day(6, 19), day(9, 25)];
    holidays.extend([16, 17, 18, 19, 20, 23].map(|of_month| day(2, of_month)));
    holidays.extend([1, 2, 5, 6, 7].map(|of_month| day(10, of_month)));
    holidays.sort_unstable();
    let makeup_days = vec![day(1, 4), day(2, 14), day(2, 28), day(5, 9), day(9, 20), day(10, 10)];
    Calendar { year: 2026, holidays, makeup_days }
}

/// Four provinces that handle cases.
pub struct CaseWorld {
    pub provinces: Vec<Province>,
    pub ledger: CaseLedger,
}

impl CaseWorld {
    /// On Monday, 2026-03-02, at ten in the morning.
    pub fn found() -> Self {
        let provinces = provinces();
        let genesis = genesis_of(&provinces);
        super::word_for(&genesis);
        let mut ledger = CaseLedger::found(&genesis);
        for province in &provinces {
            ledger.publish(&item_key(province), PublicationBody::Item(item(&province.issuer)));
            let guide_key = PublicationKey { kind: PublicationKind::Guide, ..item_key(province) };
            ledger.publish(&guide_key, PublicationBody::Guide(guide(&province.issuer)));
        }
        let calendar = publication(PublicationKind::Calendar, Scope::Consortium, "2026");
        ledger.publish(&calendar, PublicationBody::Calendar(calendar_2026()));
        ledger.publish(&policy_key(), entries());
        ledger.now = at("2026-03-02T10:00:00+08:00");
        Self { provinces, ledger }
    }

    pub fn issuer(&self, province: usize) -> &Issuer {
        &self.provinces[province].issuer
    }

    pub fn organisation(&self, province: usize) -> Uscc {
        self.issuer(province).organisation
    }

    pub fn signer(&self, province: usize) -> KeyId {
        self.issuer(province).key.id()
    }

    /// The matter of a province's item in its first versions.
    pub fn matter(&self, province: usize) -> Matter {
        Matter {
            agency: self.organisation(province),
            item: item_key(&self.provinces[province]),
            item_version: 1,
            guide_version: 1,
            duty_version: None,
        }
    }

    pub fn collection(&self, case: &str, mode: CaseMode, to: usize) -> Collection {
        Collection {
            step: step(case),
            name: name_digest(case),
            mode,
            matter: self.matter(to),
            materials: materials(&["M1", "M2"]),
            subject: Some(digest(0x5b)),
            bundle: None,
            policy: None,
        }
    }

    pub fn relay(&self, case: &str, to: usize) -> CaseOperation {
        let matter = Box::new(self.matter(to));
        CaseOperation::Relay { step: step(case), matter, notice: digest(0x91), result: digest(0x92) }
    }

    /// Admits an organisation of a province with a key that takes part in cases.
    pub fn admit(&mut self, province: usize, first_16: &str, permissions: Permissions) -> Issuer {
        let region = self.issuer(province).region;
        let issuer = Issuer { organisation: uscc(first_16), region, key: key(first_16) };
        let registrar = self.provinces[province].registrar.id();
        let add = MembershipOperation::OrganisationAdd { organisation: issuer.organisation, region, consent: None };
        let operations = [add, key_add(&issuer.key, issuer.organisation, permissions)];
        self.ledger.submit(registrar, operations.map(Operation::Membership).to_vec()).unwrap();
        issuer
    }

    pub fn trial(&self, signer: KeyId, operation: CaseOperation) -> Result<CaseState, Code> {
        let case = operation.case().copied();
        let changes = self.ledger.trial(signer, vec![Operation::Case(operation)])?;
        let bytes = &changes.states[&StateKey::Case(case.unwrap())];
        Ok(huxin_chain_spec::codec::decode(bytes, 65_536).unwrap())
    }

    pub fn refused(&self, signer: KeyId, operation: CaseOperation) -> Code {
        self.ledger.trial(signer, vec![Operation::Case(operation)]).map(|_| "accepted").unwrap_err()
    }

    pub fn must(&mut self, signer: KeyId, operation: CaseOperation) {
        let name = operation.name();
        self.ledger.submit(signer, vec![Operation::Case(operation)]).unwrap_or_else(|code| panic!("{name}: {code}"));
    }

    /// A step of a province's issuer that must be accepted.
    pub fn by(&mut self, province: usize, operation: CaseOperation) {
        self.must(self.signer(province), operation);
    }

    /// Collects and checks a case, and hands it over under the root 1.
    pub fn send(&mut self, case: &str, mode: CaseMode, from: usize, to: usize) {
        opened_by(case, self.organisation(from));
        self.by(from, CaseOperation::Collect(Box::new(self.collection(case, mode, to))));
        self.by(from, check(case));
        self.by(from, send(case, self.organisation(to), root(1)));
    }

    /// A case that the receiver has acknowledged.
    pub fn receive(&mut self, case: &str, mode: CaseMode, from: usize, to: usize) {
        self.send(case, mode, from, to);
        self.by(to, acknowledge(case, root(1)));
    }

    pub fn state(&self, case: &str) -> CaseState {
        self.ledger.read(&StateKey::Case(case_ref(case))).unwrap()
    }

    pub fn status(&self, case: &str) -> CaseStatus {
        self.state(case).status
    }

    pub fn standing(&self, case: &str) -> CaseStanding {
        standing(&self.state(case), self.ledger.now)
    }

    pub fn bundle(&self, bundle: &str) -> BundleState {
        self.ledger.read(&StateKey::Bundle(bundle_ref(bundle))).unwrap()
    }

    pub fn on(&mut self, time: &str) {
        self.ledger.now = at(time);
    }

    /// Publishes a mandate of the principal's province and gives its address.
    pub fn mandate(&mut self, code: &str, principal: usize, mandate: Mandate) -> PublicationKey {
        let scope = Scope::Province(self.provinces[principal].code);
        let key = publication(PublicationKind::Mandate, scope, code);
        self.ledger.publish(&key, PublicationBody::Mandate(mandate));
        key
    }
}

pub fn item_key(province: &Province) -> PublicationKey {
    let code = item_code(&province.issuer).to_string();
    publication(PublicationKind::Item, Scope::Province(province.code), &code)
}

pub fn item(issuer: &Issuer) -> Item {
    Item {
        item: item_code(issuer),
        basic_code: "370117002011".parse().unwrap(),
        common_elements: digest(0xce),
        modes: MODES.to_vec(),
        promised_days: PROMISED_DAYS,
        acknowledge_days: ACKNOWLEDGE_DAYS,
        correction_days: CORRECTION_DAYS,
        visits_max: 1,
    }
}

pub fn guide(issuer: &Issuer) -> Guide {
    Guide {
        item: item_code(issuer),
        materials: materials(&["M1", "M2", "M3", "M4"]),
        tolerance: materials(&["M3", "M4"]),
        tolerance_days: TOLERANCE_DAYS,
        document: digest(0x9d),
    }
}

pub fn policy_key() -> PublicationKey {
    publication(PublicationKind::Policy, Scope::Consortium, "ZC-1")
}

pub fn entries() -> PublicationBody {
    PublicationBody::Entries { root: digest(0xee), count: 1 }
}

/// A mandate for everything.
pub fn full_mandate(agent: Uscc, principal: Uscc) -> Mandate {
    Mandate {
        agent,
        principal,
        officer: None,
        items: Vec::new(),
        receive: true,
        accept: true,
        deliver: true,
        until_ms: None,
    }
}

pub fn check(case: &str) -> CaseOperation {
    CaseOperation::Check { step: step(case), identity: IdentityCheck::Window, formal: digest(0xf0) }
}

pub fn send(case: &str, to: Uscc, material_root: Digest) -> CaseOperation {
    CaseOperation::Send { step: step(case), to, material_root }
}

pub fn acknowledge(case: &str, material_root: Digest) -> CaseOperation {
    CaseOperation::Acknowledge { step: step(case), material_root }
}

pub fn bounce(case: &str) -> CaseOperation {
    CaseOperation::Bounce { step: step(case), reason: basis("TH-1") }
}

pub fn request_correction(case: &str, items: &[&str]) -> CaseOperation {
    CaseOperation::RequestCorrection { step: step(case), items: materials(items) }
}

pub fn resubmit(case: &str, material_root: Digest) -> CaseOperation {
    CaseOperation::Resubmit { step: step(case), material_root }
}

pub fn accept(case: &str) -> CaseOperation {
    CaseOperation::Accept { step: step(case) }
}

pub fn accept_conditionally(case: &str, missing: &[&str]) -> CaseOperation {
    CaseOperation::AcceptConditionally { step: step(case), missing: materials(missing), promise: digest(0xb0) }
}

pub fn fulfil(case: &str, material_root: Digest) -> CaseOperation {
    CaseOperation::Fulfil { step: step(case), material_root }
}

pub fn not_accept(case: &str) -> CaseOperation {
    CaseOperation::NotAccept { step: step(case), reason: basis("BYSL-1") }
}

pub fn pause(case: &str) -> CaseOperation {
    CaseOperation::Pause { step: step(case), basis: basis("XZXKF-45") }
}

pub fn resume(case: &str) -> CaseOperation {
    CaseOperation::Resume { step: step(case) }
}

pub fn grant(case: &str) -> CaseOperation {
    CaseOperation::Grant { step: step(case), decision: digest(0xdc) }
}

pub fn refuse(case: &str) -> CaseOperation {
    CaseOperation::Refuse { step: step(case), decision: digest(0xdc), basis: basis("XZXKF-38") }
}

pub fn result(case: &str) -> CaseOperation {
    CaseOperation::Result { step: step(case), licence: None, document: digest(0xd0) }
}

pub fn deliver(case: &str, channel: DeliveryChannel) -> CaseOperation {
    CaseOperation::Deliver { step: step(case), channel, commitment: digest(0xde) }
}

pub fn close(case: &str) -> CaseOperation {
    CaseOperation::Close { step: step(case) }
}

pub fn archive(case: &str) -> CaseOperation {
    CaseOperation::Archive { step: step(case), archive: digest(0xa4) }
}

pub fn withdraw(case: &str) -> CaseOperation {
    CaseOperation::Withdraw { step: step(case), request: digest(0x3d) }
}

pub fn notify(case: &str) -> CaseOperation {
    CaseOperation::Notify { step: step(case), notice: digest(0x70) }
}

/// A bundle of cases, each with the positions it waits for.
pub fn bundle_open(bundle: &str, lead: Uscc, children: &[(&str, &[u8])]) -> CaseOperation {
    let child = |(case, after): &(&str, &[u8])| BundleChild { case: case_ref(case), after: after.to_vec() };
    CaseOperation::BundleOpen(Box::new(BundleOpening {
        bundle: BundleRef::owned(SHA256, &lead, &name_digest(bundle)),
        name: name_digest(bundle),
        lead,
        material_root: root(1),
        children: children.iter().map(child).collect(),
    }))
}

/// The same step under a mandate.
pub fn under(mandate: &PublicationKey, mut operation: CaseOperation) -> CaseOperation {
    use CaseOperation as Op;
    let place = match &mut operation {
        Op::Collect(collection) => &mut collection.step,
        Op::Check { step, .. }
        | Op::Send { step, .. }
        | Op::Acknowledge { step, .. }
        | Op::Bounce { step, .. }
        | Op::RequestCorrection { step, .. }
        | Op::Resubmit { step, .. }
        | Op::Accept { step }
        | Op::AcceptConditionally { step, .. }
        | Op::Fulfil { step, .. }
        | Op::NotAccept { step, .. }
        | Op::Pause { step, .. }
        | Op::Resume { step }
        | Op::Relay { step, .. }
        | Op::Grant { step, .. }
        | Op::Refuse { step, .. }
        | Op::Result { step, .. }
        | Op::Deliver { step, .. }
        | Op::Close { step }
        | Op::Archive { step, .. }
        | Op::Withdraw { step, .. }
        | Op::Notify { step, .. } => step,
        Op::BundleOpen(_) => panic!("a bundle names no mandate"),
    };
    place.mandate = Some(mandate.clone());
    operation
}
