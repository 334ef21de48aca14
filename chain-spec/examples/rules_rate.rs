//! How many records a second the rules execute, in memory, on one core: licences issued, and steps of cases; and what a step
//! costs when a thousand and when a million cases are open.
//!
//! `cargo run --release -p huxin-chain-spec --example rules_rate [open cases, 1000000]`
//!
//! One operation a transaction, as most systems submit them. Signatures, log and map are no part of it: see `huxin bench`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a measurement")]

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../tests/it/support/case_ledger.rs"]
mod case_ledger;

use std::time::{Duration, Instant};

use case_ledger::CaseLedger;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, KeyId, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::genesis::{Genesis, GenesisIssuer, GenesisProvince, GenesisValidator, Parameters};
use huxin_chain_spec::ids::{CaseRef, ItemCode, LicenceRef, LicenceType, MaterialCode, RegionCode, TimeMs, Uscc};
use huxin_chain_spec::record::case::{Collection, DeliveryChannel, IdentityCheck, Matter, Step};
use huxin_chain_spec::record::licence::{Document, Licence};
use huxin_chain_spec::record::publication::{
    Calendar, CaseMode, Guide, Item, PublicationBody, PublicationKey, PublicationKind, Scope,
};
use huxin_chain_spec::record::{CaseOperation, LicenceOperation, Operation};
use huxin_chain_spec::transaction::{Outcome, Transaction};

/// Transactions of one block.
const BLOCK: usize = 1_000;
/// Cases or licences of one measurement.
const MEASURED: usize = 40_000;
const STEPS: usize = 8;

fn key(name: &str) -> SigningKey {
    let secret = DigestAlgorithm::Sha256.plain(&[b"rules rate ", name.as_bytes()]);
    SigningKey::from_secret(SignatureScheme::Ed25519, secret.0).unwrap()
}

struct Agency {
    organisation: Uscc,
    region: RegionCode,
    key: KeyId,
}

struct World {
    ledger: CaseLedger,
    agencies: [Agency; 2],
    matter: Matter,
    materials: Vec<MaterialCode>,
}

impl World {
    fn found() -> Self {
        let rows = [
            ("310000", "113100000000000191", "11310115002436000C", "310115"),
            ("320000", "11320000000000035T", "11320500014015000C", "320500"),
        ];
        let provinces = rows.map(|(code, organisation, issuer, region)| GenesisProvince {
            code: code.parse().unwrap(),
            organisation: organisation.parse().unwrap(),
            governance_key: key(&format!("{code} governance")).public_key(),
            registrar_key: key(&format!("{code} registrar")).public_key(),
            validators: vec![GenesisValidator { consensus_key: key(code).public_key(), power: 1, network_key: None }],
            issuers: vec![GenesisIssuer {
                organisation: checked(&issuer[..16]),
                region: region.parse().unwrap(),
                key: key(&format!("{code} issuer")).public_key(),
            }],
        });
        let agencies = [0, 1].map(|at| {
            let GenesisIssuer { organisation, region, ref key } = provinces[at].issuers[0];
            Agency { organisation, region, key: key.id() }
        });
        let genesis = Genesis {
            chain_id: "dev-rules-rate".parse().unwrap(),
            ledger_hash: DigestAlgorithm::Sha256,
            time: "2026-03-02T09:00:00+08:00".parse().unwrap(),
            parameters: Parameters::default(),
            governance: Default::default(),
            provinces: provinces.to_vec(),
        };
        let mut ledger = CaseLedger::found(&genesis);
        ledger.keeps_records = false;
        let materials: Vec<MaterialCode> = (0..20).map(|number| format!("M{number:02}").parse().unwrap()).collect();
        let matter = publish(&mut ledger, &agencies[1], &materials);
        Self { ledger, agencies, matter, materials }
    }

    /// The steps of a whole case, each with its signer.
    fn case(&self, number: usize) -> [(KeyId, CaseOperation); STEPS] {
        use CaseOperation as Op;
        let digest = |byte: u8| Digest([byte; 32]);
        let name = DigestAlgorithm::Sha256.plain(&[b"case", &number.to_le_bytes()]);
        let case = CaseRef::owned(DigestAlgorithm::Sha256, &self.agencies[0].organisation, &name);
        let step = || Step { case, mandate: None };
        let [a, b] = [self.agencies[0].key, self.agencies[1].key];
        let collection = Collection {
            step: step(),
            name,
            mode: CaseMode::CollectOnBehalf,
            matter: self.matter.clone(),
            materials: self.materials[..5].to_vec(),
            subject: Some(digest(1)),
            bundle: None,
            policy: None,
        };
        [
            (a, Op::Collect(Box::new(collection))),
            (a, Op::Check { step: step(), identity: IdentityCheck::Window, formal: digest(2) }),
            (a, Op::Send { step: step(), to: self.matter.agency, material_root: digest(3) }),
            (b, Op::Acknowledge { step: step(), material_root: digest(3) }),
            (b, Op::Accept { step: step() }),
            (b, Op::Grant { step: step(), decision: digest(4) }),
            (b, Op::Result { step: step(), licence: None, document: digest(5) }),
            (b, Op::Deliver { step: step(), channel: DeliveryChannel::Online, commitment: digest(6) }),
        ]
    }

    /// Executes transactions block by block, and gives the time that the rules took.
    fn run(&mut self, transactions: &[Transaction]) -> Duration {
        let mut taken = Duration::ZERO;
        for block in transactions.chunks(BLOCK) {
            let start = Instant::now();
            let changes = self.ledger.execute(block);
            taken += start.elapsed();
            let is_committed = |outcome: &Outcome| matches!(outcome, Outcome::Committed { .. });
            assert!(changes.outcomes.iter().all(|outcome| is_committed(&outcome.outcome)));
            self.ledger.take_over(changes);
        }
        taken
    }

    /// Takes cases `from..from + count` through `steps`, step by step, so that many are open at a time.
    fn cases(&mut self, from: usize, count: usize, steps: std::ops::Range<usize>) -> Duration {
        let mut taken = Duration::ZERO;
        for at in steps {
            let one = |number: usize| {
                let (signer, operation) = self.case(number)[at].clone();
                self.ledger.transaction(signer, vec![Operation::Case(operation)])
            };
            let transactions: Vec<Transaction> = (from..from + count).map(one).collect();
            taken += self.run(&transactions);
        }
        taken
    }

    fn licences(&mut self, count: usize) -> Duration {
        let Agency { organisation, region, key } = self.agencies[0];
        let licence_type: LicenceType = "11100000000013338W011".parse().unwrap();
        let one = |number: usize| {
            let name = DigestAlgorithm::Sha256.plain(&[&number.to_le_bytes()]);
            let licence = Licence {
                licence: LicenceRef::owned(DigestAlgorithm::Sha256, &organisation, &name),
                name,
                licence_type,
                issuer: organisation,
                region,
                version: 1,
                first: None,
                imported: None,
                document: Document { sha256: Digest([1; 32]), sm3: Some(Digest([2; 32])), size_bytes: 4096 },
                metadata: None,
                seal: None,
                exception: None,
                holder: Some(Digest([3; 32])),
                valid_from_ms: TimeMs(1),
                valid_until_ms: None,
            };
            self.ledger.transaction(key, vec![Operation::Licence(LicenceOperation::Issue(licence))])
        };
        let transactions: Vec<Transaction> = (0..count).map(one).collect();
        self.run(&transactions)
    }
}

/// The organisation code with these 16 characters and the two check characters that belong to them.
fn checked(first_16: &str) -> Uscc {
    let alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut candidates = alphabet.chars().flat_map(|inner| alphabet.chars().map(move |outer| (inner, outer)));
    candidates.find_map(|(inner, outer)| format!("{first_16}{inner}{outer}").parse().ok()).unwrap()
}

/// An item with its guide, and calendars of two years.
fn publish(ledger: &mut CaseLedger, agency: &Agency, materials: &[MaterialCode]) -> Matter {
    let code: ItemCode = format!("{}3370117002011", agency.organisation).parse().unwrap();
    let scope = Scope::Province(agency.region.province());
    let key = |kind, scope, code: &str| PublicationKey { kind, scope, code: code.parse().unwrap() };
    let item_key = key(PublicationKind::Item, scope, code.as_str());
    let item = Item {
        item: code.clone(),
        basic_code: "370117002011".parse().unwrap(),
        common_elements: Digest([7; 32]),
        modes: vec![CaseMode::CollectOnBehalf],
        promised_days: 20,
        acknowledge_days: 2,
        correction_days: 5,
        visits_max: 1,
    };
    let guide = Guide {
        item: code.clone(),
        materials: materials.to_vec(),
        tolerance: Vec::new(),
        tolerance_days: 5,
        document: Digest([8; 32]),
    };
    ledger.publish(&item_key, PublicationBody::Item(item));
    ledger.publish(&key(PublicationKind::Guide, scope, code.as_str()), PublicationBody::Guide(guide));
    for year in [2026, 2027] {
        let calendar = Calendar { year, holidays: (1..60).step_by(3).collect(), makeup_days: vec![45, 59] };
        let calendar_key = key(PublicationKind::Calendar, Scope::Consortium, &year.to_string());
        ledger.publish(&calendar_key, PublicationBody::Calendar(calendar));
    }
    Matter { agency: agency.organisation, item: item_key, item_version: 1, guide_version: 1, duty_version: None }
}

fn rate(count: usize, taken: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / taken.as_secs_f64()
}

fn main() {
    let open: usize = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap());
    let licences = rate(MEASURED, World::found().licences(MEASURED));
    println!("licences issued    {licences:>9.0} records/s   (target 100000)");
    let mut costs = Vec::new();
    for open in [1_000, open] {
        let mut world = World::found();
        // Cases that stay open, accepted.
        for from in (0..open).step_by(50_000) {
            world.cases(from, (open - from).min(50_000), 0..5);
        }
        let per_step: Vec<f64> =
            (0..STEPS).map(|at| rate(MEASURED, world.cases(open, MEASURED, at..at + 1)) / 1_000.0).collect();
        let seconds: f64 = per_step.iter().map(|rate| 1.0 / rate).sum();
        let all = f64::from(u32::try_from(STEPS).unwrap()) / seconds * 1_000.0;
        println!("case steps, {open:>7} open {all:>9.0} steps/s     (target 40000)   k/s by step: {per_step:.0?}");
        costs.push(1.0 / all);
    }
    println!("cost of a step, many open against 1000: {:.2}x   (target <= 1.3x)", costs[1] / costs[0]);
}
