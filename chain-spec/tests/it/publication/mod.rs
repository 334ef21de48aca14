//! The publication family: documents of every kind, and those who publish them.

mod bodies;
mod doc;
mod entries;
mod lives;
mod rules;
mod table;
mod vectors;

use huxin_chain_spec::crypto::{Digest, SigningKey};
use huxin_chain_spec::execute;
use huxin_chain_spec::ids::{ProvinceCode, TimeMs, Uscc};
use huxin_chain_spec::log;
use huxin_chain_spec::record::membership::{MembershipOperation, Permissions};
use huxin_chain_spec::record::publication::{
    Agreement, Calendar, CaseMode, ConsultationWindow, Guide, Item, Mandate, PublicationBody, PublicationKey,
    PublicationKind, PublicationOperation, Scope, content_digest,
};
use huxin_chain_spec::record::{Operation, Record};
use huxin_chain_spec::rules::publication::DAY_MS;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::publication::{PublicationState, PublicationStatus, PublicationVersionState};

use crate::support::*;

use PublicationKind as K;
use PublicationOperation as P;

/// Days of the consultations held here: the longest that any kind demands.
const CONSULTATION_DAYS: u64 = 30;

/// A publication that may be prepared, with what its next version says.
#[derive(Debug, Clone)]
struct Subject {
    key: PublicationKey,
    body: PublicationBody,
    parties: Vec<ProvinceCode>,
}

/// Four provinces whose authorities can publish, an agency of Shanghai, and another one.
struct Bench {
    network: Network,
    other: Issuer,
}

impl Bench {
    fn new() -> Self {
        let mut network = Network::found();
        let publishing = || Permissions { publish: true, ..Permissions::none() };
        for position in [SHANGHAI, JIANGSU, ZHEJIANG, ANHUI] {
            let (registrar, organisation) = (network.registrar(position), network.provinces[position].organisation);
            network.must(&registrar, key_add(&authority(position), organisation, publishing()));
        }
        let registrar = network.registrar(SHANGHAI);
        let home = network.provinces[SHANGHAI].issuer.clone();
        network.must(&registrar, key_add(&key("powerless"), home.organisation, Permissions::none()));
        let other =
            Issuer { organisation: uscc("1131000000002437"), region: "310104".parse().unwrap(), key: key("other") };
        let add = MembershipOperation::OrganisationAdd {
            organisation: other.organisation,
            region: other.region,
            consent: None,
        };
        network.must(&registrar, add);
        network.must(&registrar, key_add(&other.key, other.organisation, publishing()));
        Self { network, other }
    }

    fn agency(&self) -> Issuer {
        self.network.provinces[SHANGHAI].issuer.clone()
    }

    fn state(&self, publication: &PublicationKey) -> PublicationState {
        let key = StateKey::Publication(publication.clone());
        huxin_chain_spec::state::read(&self.network.ledger, &key).unwrap().unwrap_or_default()
    }

    fn status(&self, publication: &PublicationKey) -> PublicationStatus {
        self.state(publication).status()
    }

    fn version(&self, publication: &PublicationKey, version: u32) -> Option<PublicationVersionState> {
        let key = StateKey::PublicationVersion(publication.clone(), version);
        huxin_chain_spec::state::read(&self.network.ledger, &key).unwrap()
    }

    fn must(&mut self, signer: &SigningKey, operation: P) {
        self.network.must(signer, Operation::Publication(operation));
    }

    fn try_one(&mut self, signer: &SigningKey, operation: P) -> Result<(), huxin_chain_spec::codes::Code> {
        self.network.try_one(signer, Operation::Publication(operation)).map(|_| ())
    }

    /// Lets time pass until the next block may say `time`.
    fn wait_until(&mut self, time: TimeMs) {
        let network = &mut self.network;
        if network.ledger.tip().time_ms >= time {
            return;
        }
        let (ledger, proposer) = (&network.ledger, network.provinces[0].consensus.id());
        let certificate = network.last_certificate();
        let (block, executed) =
            execute::make_block(ledger.chain(), ledger, ledger.tip(), time, proposer, certificate, Vec::new()).unwrap();
        let hash = block.header.hash(network.algorithm());
        network.blocks.push((block.header.clone(), network.certify(&block.header)));
        network.ledger.apply(&executed, &block.header, hash);
    }

    /// A window that opens with the next block.
    fn window(&self) -> ConsultationWindow {
        let opens_ms = self.network.next_ms();
        ConsultationWindow { opens_ms, closes_ms: opens_ms.plus_ms(CONSULTATION_DAYS * DAY_MS) }
    }

    /// Who leads a publication of Shanghai's of this kind, or one of all provinces.
    fn lead(&self, subject: &Subject) -> SigningKey {
        let by_agency =
            matches!(subject.key.kind, K::Item | K::Guide | K::DataCatalogue | K::Policy | K::Mandate | K::Delegation);
        if by_agency && subject.key.scope != Scope::Consortium { self.agency().key } else { authority(SHANGHAI) }
    }

    /// Lays a draft open, with a consultation where asked for.
    fn draft(&mut self, subject: &Subject, version: u32, with_consultation: bool) {
        let consultation = with_consultation.then(|| self.window());
        let lead = self.lead(subject);
        self.must(&lead, subject.draft(version, consultation));
    }

    /// Ends the consultation on the draft with two opinions.
    fn close(&mut self, subject: &Subject) {
        let draft = self.state(&subject.key).drafts[0].clone();
        if let Some(consultation) = draft.consultation {
            self.wait_until(consultation.window.closes_ms);
            let lead = self.lead(subject);
            self.must(&lead, subject.close(draft.version));
        }
    }

    /// All who are asked sign.
    fn co_sign(&mut self, subject: &Subject) {
        let draft = self.state(&subject.key).drafts[0].clone();
        let missing = draft.signers.iter().filter(|province| !draft.signed_by.contains(province));
        for province in missing {
            let position = self.network.provinces.iter().position(|one| one.code == *province).unwrap();
            self.must(&authority(position), subject.co_sign(draft.version));
        }
    }

    /// Brings a version into force, by the longest way.
    fn enact(&mut self, subject: &Subject, version: u32) {
        let needs_consultation = matches!(subject.key.kind, K::ItemList | K::ExceptionList);
        self.draft(subject, version, needs_consultation);
        self.close(subject);
        self.co_sign(subject);
        let lead = self.lead(subject);
        self.must(&lead, subject.publish(version));
    }

    /// Ends the version in force, with the consent of all who must give it.
    fn repeal(&mut self, subject: &Subject, version: u32) {
        for position in [SHANGHAI, JIANGSU, ZHEJIANG, ANHUI] {
            if self.state(&subject.key).in_force().is_some() {
                let operation = subject.repeal(version);
                self.must(&authority(position), operation);
            }
        }
        assert_eq!(self.state(&subject.key).in_force(), None);
    }

    /// The item that a guide is about.
    fn item_of(&self, guide: &Subject) -> Subject {
        let body = PublicationBody::Item(item(guide.key.code.as_str()));
        Subject { key: PublicationKey { kind: K::Item, ..guide.key.clone() }, body, parties: Vec::new() }
    }

    /// A document of this kind. A guide's item has a code of its own, apart from those of the items made here.
    fn subject(&self, kind: PublicationKind, scope: Scope, serial: usize) -> Subject {
        let there = self.network.provinces[JIANGSU].clone();
        let home = self.agency();
        let code = match kind {
            K::Item => item_code(&home.organisation, serial),
            K::Guide => item_code(&home.organisation, 500 + serial),
            K::Calendar => (2020 + serial).to_string(),
            _ => format!("DOC-{serial}"),
        };
        let body = match kind {
            K::Item => PublicationBody::Item(item(&code)),
            K::Guide => PublicationBody::Guide(guide(&code)),
            K::Calendar => {
                let (holidays, makeup_days) = (Vec::new(), Vec::new());
                PublicationBody::Calendar(Calendar {
                    year: u16::try_from(2020 + serial).unwrap(),
                    holidays,
                    makeup_days,
                })
            }
            K::Mandate => PublicationBody::Mandate(mandate(home.organisation, there.issuer.organisation)),
            K::Delegation => {
                let plain = mandate(home.organisation, there.issuer.organisation);
                PublicationBody::Mandate(Mandate { officer: Some(there.issuer.key.id()), ..plain })
            }
            K::Agreement => PublicationBody::Agreement(Agreement { document: digest(0xa9), until_ms: None }),
            _ => PublicationBody::Entries { root: digest(0xe0), count: 3 },
        };
        let is_between = matches!(kind, K::Agreement | K::DutyAssignment | K::Delegation);
        let parties = if is_between { vec![self.network.provinces[SHANGHAI].code, there.code] } else { Vec::new() };
        Subject { key: PublicationKey { kind, scope, code: code.parse().unwrap() }, body, parties }
    }

    fn shanghai(&self) -> Scope {
        Scope::Province(self.network.provinces[SHANGHAI].code)
    }
}

impl Subject {
    fn content(&self, version: u32) -> Digest {
        content_digest(SHA256, &self.key, version, &self.body, &self.parties)
    }

    fn draft(&self, version: u32, consultation: Option<ConsultationWindow>) -> P {
        let (publication, body, parties) = (self.key.clone(), self.body.clone(), self.parties.clone());
        P::Draft { publication, version, body, parties, consultation }
    }

    fn close(&self, version: u32) -> P {
        P::CloseConsultation { publication: self.key.clone(), version, opinions_root: digest(0x0b), opinions: 2 }
    }

    fn co_sign(&self, version: u32) -> P {
        P::CoSign { publication: self.key.clone(), version, body_digest: self.content(version) }
    }

    fn publish(&self, version: u32) -> P {
        P::Publish { publication: self.key.clone(), version, body: self.body.clone() }
    }

    fn withdraw(&self, version: u32) -> P {
        P::Withdraw { publication: self.key.clone(), version }
    }

    fn repeal(&self, version: u32) -> P {
        P::Repeal { publication: self.key.clone(), version, basis: basis("FZ-1") }
    }

    fn acknowledge(&self, version: u32) -> P {
        P::Acknowledge { publication: self.key.clone(), version }
    }
}

/// The key with which a province's authority publishes.
fn authority(position: usize) -> SigningKey {
    key(&format!("authority {position}"))
}

/// An implementation code of this agency.
fn item_code(agency: &Uscc, serial: usize) -> String {
    format!("{agency}3370117002{serial:03}")
}

fn item(code: &str) -> Item {
    let item: huxin_chain_spec::ids::ItemCode = code.parse().unwrap();
    Item {
        basic_code: item.basic().parse().unwrap(),
        item,
        common_elements: digest(0x17),
        modes: vec![CaseMode::FullOnline, CaseMode::Relay],
        promised_days: 10,
        acknowledge_days: 1,
        correction_days: 5,
        visits_max: 1,
    }
}

fn guide(code: &str) -> Guide {
    Guide {
        item: code.parse().unwrap(),
        materials: ["A-1", "A-2", "B-1"].map(|text| text.parse().unwrap()).to_vec(),
        tolerance: vec!["A-2".parse().unwrap()],
        tolerance_days: 5,
        document: digest(0x61),
    }
}

fn mandate(principal: Uscc, agent: Uscc) -> Mandate {
    let (receive, accept, deliver) = (true, false, true);
    Mandate { agent, principal, officer: None, items: Vec::new(), receive, accept, deliver, until_ms: None }
}

/// The root over no opinions.
fn no_opinions() -> Digest {
    log::empty_root(SHA256)
}

/// Records of one publication, with what was done.
fn records_of<'a>(records: &'a [Record], key: &'a PublicationKey) -> impl Iterator<Item = (&'a Record, &'a P)> {
    records.iter().filter_map(move |record| match &record.operation {
        Operation::Publication(operation) if operation.publication() == key => Some((record, operation)),
        _ => None,
    })
}
