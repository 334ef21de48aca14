//! A ledger with things of other families put on it directly, and short ways to word evidence.

use std::collections::BTreeMap;

use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, SigningKey};
use huxin_chain_spec::ids::{CaseRef, Height, LicenceRef, RecordIndex, TimeMs, TxId, share_ref};
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::record::evidence::*;
use huxin_chain_spec::record::publication::{CaseMode, PublicationKey, PublicationKind, Scope};
use huxin_chain_spec::rules::{self, BlockContext, Changes};
use huxin_chain_spec::state::case::{CaseClock, CaseState, CaseStatus, Frozen, RelayedPart};
use huxin_chain_spec::state::{DocumentLicence, IssuedLicence, StateKey, StateReader, StateUnavailable};
use huxin_chain_spec::transaction::Outcome;

use super::*;

/// A ledger whose newest things lie on top of a network's. Each accepted transaction is a block of its own.
pub struct EvidenceBench {
    pub network: Network,
    pub things: BTreeMap<StateKey, Vec<u8>>,
    pub records: u64,
    pub blocks: u64,
}

impl StateReader for EvidenceBench {
    fn state(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StateUnavailable> {
        match self.things.get(key) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => self.network.ledger.state(key),
        }
    }

    fn issued_at(&self, licence: &LicenceRef) -> Result<Option<RecordIndex>, StateUnavailable> {
        self.network.ledger.issued_at(licence)
    }

    fn first_of_document(&self, sha256: &Digest) -> Result<Option<DocumentLicence>, StateUnavailable> {
        self.network.ledger.first_of_document(sha256)
    }

    fn issued_licence(&self, index: RecordIndex) -> Result<IssuedLicence, StateUnavailable> {
        self.network.ledger.issued_licence(index)
    }

    fn has_transaction(&self, tx_id: &TxId) -> Result<bool, StateUnavailable> {
        self.network.ledger.has_transaction(tx_id)
    }
}

impl EvidenceBench {
    /// A licence "a" of Shanghai's issuer, a case, a catalogue and a policy.
    pub fn new() -> Self {
        let mut network = Network::found();
        let home = network.provinces[SHANGHAI].issuer.clone();
        network.must(&home.key, issue(&home, "a"));
        // The rules only ask whether these versions exist.
        let things = [
            StateKey::PublicationVersion(published(PublicationKind::DataCatalogue), 1),
            StateKey::PublicationVersion(published(PublicationKind::Policy), 1),
        ];
        let things = things.map(|key| (key, vec![0])).into();
        let mut bench = Self { network, things, records: 0, blocks: 0 };
        bench.add_case("c", &[]);
        bench
    }

    /// A case that Shanghai collected for Jiangsu, after agencies of these provinces had finished their parts.
    pub fn add_case(&mut self, name: &str, relayed: &[usize]) {
        let issuer = |province: usize| self.network.provinces[province].issuer.organisation;
        let part =
            |province: &usize| RelayedPart { agency: issuer(*province), relayed_by: RecordIndex(0), was_late: false };
        let item = PublicationKey {
            kind: PublicationKind::Item,
            scope: Scope::Province(self.network.provinces[JIANGSU].code),
            code: "370117002001".parse().unwrap(),
        };
        let frozen = Frozen {
            item,
            item_version: 1,
            guide_version: 1,
            duty: None,
            promised_days: 10,
            acknowledge_days: 2,
            correction_days: 5,
            year: 2026,
            calendars: [None; 2],
        };
        let state = CaseState {
            status: CaseStatus::Accepted,
            mode: CaseMode::Relay,
            origin: issuer(SHANGHAI),
            origin_province: self.network.provinces[SHANGHAI].code,
            receiver: issuer(JIANGSU),
            frozen,
            bundle: None,
            subject: None,
            material_root: None,
            was_corrected: false,
            correction: Vec::new(),
            condition: None,
            pause: None,
            relayed: relayed.iter().map(part).collect(),
            clock: CaseClock::default(),
            changed_by: RecordIndex(0),
        };
        self.things.insert(StateKey::Case(case(name)), codec::encode(&state));
    }

    pub fn context(&self) -> BlockContext {
        let ledger = &self.network.ledger;
        ledger.chain().block_after(Height(ledger.tip().height.0 + self.blocks), self.time())
    }

    /// Time of the next block.
    pub fn time(&self) -> TimeMs {
        self.network.next_ms().plus_ms(self.blocks * BLOCK_MS)
    }

    /// Index of the next record.
    pub fn next_record(&self) -> RecordIndex {
        RecordIndex(self.network.ledger.tip().frontier.size() + self.records)
    }

    pub fn try_one(&mut self, signer: &SigningKey, operation: EvidenceOperation) -> Result<Changes, Code> {
        let transaction = self.network.transaction(signer, vec![Operation::Evidence(operation)]);
        let tx_id = transaction.body.id(SHA256);
        let changes = rules::apply(self, &self.context(), self.next_record(), &[(tx_id, &transaction)]).unwrap();
        match changes.outcomes[0].outcome {
            Outcome::Committed { .. } => Ok(changes),
            Outcome::Rejected { code, .. } => {
                assert!(changes.states.is_empty() && changes.records.is_empty() && changes.issued.is_empty());
                Err(code)
            }
            Outcome::Each(_) => unreachable!(),
        }
    }

    /// Keeps one operation that must be accepted, and returns its record.
    pub fn must(&mut self, signer: &SigningKey, operation: EvidenceOperation) -> RecordIndex {
        let index = self.next_record();
        let changes = self.try_one(signer, operation).unwrap();
        self.keep(changes);
        index
    }

    pub fn keep(&mut self, changes: Changes) {
        self.records += changes.records.len() as u64;
        self.blocks += 1;
        self.things.extend(changes.states);
    }

    pub fn read<T: borsh::BorshSerialize + borsh::BorshDeserialize>(&self, key: &StateKey) -> Option<T> {
        self.things.get(key).map(|bytes| codec::decode(bytes, 65_536).unwrap())
    }

    pub fn home(&self) -> SigningKey {
        self.network.issuer(SHANGHAI)
    }
}

pub fn case(name: &str) -> CaseRef {
    case_words::case_ref(name)
}

/// The reference of the share that an issuer of this organisation asks for under a name.
pub fn share_of(requester: Uscc, name: &str) -> Digest {
    share_ref(SHA256, &requester, &name_digest(name))
}

/// The reference of a share that Jiangsu's issuer asks for.
pub fn share_named(name: &str) -> Digest {
    share_of(provinces()[JIANGSU].issuer.organisation, name)
}

pub fn subject(name: &str) -> Digest {
    SHA256.plain(&[b"subject ", name.as_bytes()])
}

pub fn about_case() -> About {
    About { purpose: "BLXZ".parse().unwrap(), case: Some(case("c")), subject: None }
}

pub fn about_subject() -> About {
    About { purpose: "BLXZ".parse().unwrap(), case: None, subject: Some(subject("s")) }
}

/// A publication of Shanghai of this kind, version 1 of which is on the bench for catalogues and policies.
pub fn published(kind: PublicationKind) -> PublicationKey {
    PublicationKey { kind, scope: Scope::Province("310000".parse().unwrap()), code: "ML-1".parse().unwrap() }
}

pub fn material() -> Material {
    Material {
        about: About { case: Some(case("c")), ..about_subject() },
        material: "CL-001".parse().unwrap(),
        document: document("material"),
        origin: MaterialOrigin::Applicant,
        shareable: true,
        valid_until_ms: None,
        signature_report: Some(digest(0x21)),
        class: DataClass::Personal,
        ground: Ground::StatutoryDuty,
    }
}

pub fn material_demand() -> MaterialDemand {
    let held_by = None;
    MaterialDemand { about: about_subject(), material: "CL-001".parse().unwrap(), held_by, basis: basis("BZ-1") }
}

/// Jiangsu's issuer asks Shanghai's issuer.
pub fn share_request(name: &str) -> ShareRequest {
    ShareRequest {
        about: about_case(),
        request: share_named(name),
        name: name_digest(name),
        provider: provinces()[SHANGHAI].issuer.organisation,
        catalogue: published(PublicationKind::DataCatalogue),
        catalogue_version: 1,
        resource: digest(0x22),
        records_max: 10,
        due_ms: TimeMs(GENESIS_MS).plus_ms(86_400_000),
    }
}

pub fn share_answer(name: &str) -> ShareAnswer {
    ShareAnswer { request: share_named(name), basis: basis("GX-1") }
}

pub fn share_delivery(name: &str) -> ShareDelivery {
    ShareDelivery { request: share_named(name), records: 10, payload: document("payload") }
}

pub fn share_return(name: &str) -> ShareReturn {
    ShareReturn { request: share_named(name), basis: basis("TH-1") }
}

fn participants() -> Vec<huxin_chain_spec::crypto::KeyId> {
    let mut keys = vec![provinces()[SHANGHAI].issuer.key.id(), provinces()[ANHUI].issuer.key.id()];
    keys.sort_unstable();
    keys
}

/// One operation of every kind that Shanghai's issuer may record on the bench, but for the later steps of a share.
pub fn all_evidence() -> Vec<EvidenceOperation> {
    use EvidenceOperation as Op;
    let now = TimeMs(GENESIS_MS).plus_ms(1);
    let mut all = vec![
        Op::Material(material()),
        Op::MaterialDemand(material_demand()),
        Op::LicenceUse(LicenceUse { about: about_case(), licence: licence_ref("a"), result: UseResult::Relied }),
        Op::ShareRequest(ShareRequest {
            request: share_of(provinces()[SHANGHAI].issuer.organisation, "opposite"),
            provider: provinces()[JIANGSU].issuer.organisation,
            ..share_request("opposite")
        }),
        Op::Assertion(Assertion {
            about: about_subject(),
            assertion: digest(0x23),
            level: AssuranceLevel::High,
            authenticated_ms: now,
        }),
        Op::Session(Session {
            about: about_case(),
            participants: participants(),
            started_ms: TimeMs(GENESIS_MS),
            ended_ms: now,
            recording: digest(0x24),
            identity: IdentityCheck::Passed,
        }),
        Op::ArchiveDeposit(ArchiveDeposit {
            about: about_case(),
            archive: uscc("1231000000000009"),
            files_root: digest(0x25),
            files: 3,
            report: digest(0x26),
            handover: digest(0x27),
            retention: Retention::Years30,
        }),
        Op::Delivery(Delivery {
            about: about_case(),
            courier: digest(0x28),
            stage: DeliveryStage::Received,
            weight_grams: 120,
            occurred_ms: now,
        }),
        Op::Visit(Visit {
            about: about_case(),
            region: "310115".parse().unwrap(),
            reason: VisitReason::Submission,
            occurred_ms: now,
        }),
        Op::Rating(Rating {
            about: about_case(),
            level: RatingLevel::Dissatisfied,
            channel: RatingChannel::Online,
            comment: Some(digest(0x29)),
        }),
        Op::DecisionPublication(DecisionPublication {
            about: about_case(),
            decision: digest(0x2a),
            redaction: "TM-1".parse().unwrap(),
            from_ms: now,
            until_ms: TimeMs(GENESIS_MS).plus_ms(SEAL_YEAR_MS),
        }),
    ];
    all.extend(all_reports());
    all
}

fn all_reports() -> Vec<EvidenceOperation> {
    use EvidenceOperation as Op;
    let purpose = || "TJ-1".parse().unwrap();
    let now = TimeMs(GENESIS_MS).plus_ms(1);
    vec![
        Op::MetricStatement(MetricStatement {
            purpose: purpose(),
            metric: "PJTS".parse().unwrap(),
            definition: digest(0x31),
            region: "310000".parse().unwrap(),
            item: None,
            first: RecordIndex(0),
            end: RecordIndex(3),
            value: 325,
            scale: 2,
        }),
        Op::IntermediaryReport(IntermediaryReport {
            about: about_case(),
            report: document("report"),
            institution: provinces()[SHANGHAI].issuer.organisation,
            licence: licence_ref("a"),
        }),
        Op::MatchDecision(MatchDecision {
            about: about_subject(),
            policy: published(PublicationKind::Policy),
            version: 1,
            result: MatchResult::Granted,
            report: digest(0x32),
            payment: Some(digest(0x33)),
        }),
        Op::Erasure(Erasure {
            about: about_subject(),
            key: digest(0x34),
            class: DataClass::SensitivePersonal,
            basis: basis("GRXX-47"),
            erased_ms: now,
            report: digest(0x35),
        }),
        Op::Checkpoint(Checkpoint {
            purpose: purpose(),
            height: Height(1),
            block: digest(0x36),
            log_size: 1,
            log_root: digest(0x37),
            map_root: digest(0x38),
            opinion: Opinion::Conforms,
            report: digest(0x39),
        }),
    ]
}
