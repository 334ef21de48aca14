//! Who approves what: one table over kind and scope.

use crate::codes::Code;
use crate::record::publication::{PublicationKind, Scope};

/// Shortest consultation on an item list and on a catalogue of exceptions, in days. Both regulations demand one and name
/// no length (长三角“一网通办”立法: 编制清单应当事先向社会和有关部门征求意见; 浙江: 公布前将清单草案予以公示); 规章制定程序条例
/// (国务院令 322, 2017) art. 15 gives the public at least 30 days, which is used here.
pub const CONSULTATION_LIST_DAYS_MIN: u16 = 30;
/// Longest consultation, in days, so that a draft cannot be parked for ever.
pub const CONSULTATION_DAYS_MAX: u16 = 365;

/// How long only its lead may withdraw a draft, in days from its submission or the end of its consultation. A draft stands in nobody
/// else's way, since each province prepares its own; afterwards the others may clear it away.
pub const DRAFT_DAYS_MAX: u16 = 365;

/// Whose signatures a version needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// The publishing province alone; its draft is its signature.
    OneProvince,
    /// Every active province.
    AllProvinces,
    /// At least two thirds of the active provinces.
    TwoThirds,
    /// The provinces that the draft names as parties.
    Parties,
}

/// Which organisation of a province may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher {
    /// Any with the permission, as long as the publication is its own, or the province's authority.
    AnyAgency,
    /// The province's authority alone.
    ProvinceAuthority,
}

/// Who may end a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Each organisation that may publish, alone.
    Publisher,
    /// Each organisation that may publish, or the authority of any party, alone.
    AnyParty,
    /// The provinces, by the same signatures as a version needs.
    AsSigned,
}

/// What it takes to publish a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    pub signatures: Signatures,
    /// Shortest consultation, in days; 0 where none is demanded. A consultation is always allowed.
    pub consultation_days_min: u16,
    pub who: Publisher,
    pub ending: Ending,
}

impl Approval {
    /// Whether a version may be published at once, without a draft.
    pub fn is_direct(&self) -> bool {
        self.consultation_days_min == 0 && self.signatures == Signatures::OneProvince
    }

    const fn new(signatures: Signatures, consultation_days_min: u16, who: Publisher, ending: Ending) -> Self {
        Self { signatures, consultation_days_min, who, ending }
    }
}

/// A province's authority publishes and ends it.
const AUTHORITY: Approval = Approval::new(Signatures::OneProvince, 0, Publisher::ProvinceAuthority, Ending::Publisher);
/// A province's authority or an agency of the province publishes and ends it.
const AGENCY: Approval = Approval::new(Signatures::OneProvince, 0, Publisher::AnyAgency, Ending::Publisher);
/// A province's authority, after the public was heard.
const AUTHORITY_HEARD: Approval = Approval { consultation_days_min: CONSULTATION_LIST_DAYS_MIN, ..AUTHORITY };
/// All provinces together.
const TOGETHER: Approval = Approval::new(Signatures::AllProvinces, 0, Publisher::ProvinceAuthority, Ending::AsSigned);
/// All provinces together, after the public was heard.
const TOGETHER_HEARD: Approval = Approval { consultation_days_min: CONSULTATION_LIST_DAYS_MIN, ..TOGETHER };
/// Two thirds of the provinces.
const TWO_THIRDS: Approval = Approval::new(Signatures::TwoThirds, 0, Publisher::ProvinceAuthority, Ending::AsSigned);
/// The provinces named.
const PARTIES: Approval = Approval::new(Signatures::Parties, 0, Publisher::ProvinceAuthority, Ending::AsSigned);
/// The provinces named, for an agency; each of them may end it.
const PARTIES_EACH: Approval = Approval::new(Signatures::Parties, 0, Publisher::AnyAgency, Ending::AnyParty);

/// What a version of this kind and scope needs, or the refusal if the kind does not exist in the scope.
pub fn approval(kind: PublicationKind, scope: Scope) -> Result<Approval, Code> {
    use PublicationKind as K;
    match (kind, scope) {
        (K::ItemList, Scope::Consortium) => Ok(TOGETHER_HEARD),
        (K::ItemList | K::ExceptionList, Scope::Province(_)) => Ok(AUTHORITY_HEARD),
        (K::Rule | K::AbolishedProofs | K::Policy, Scope::Consortium) => Ok(TOGETHER),
        (K::Item | K::Guide | K::DataCatalogue | K::Calendar | K::ItemMapping, Scope::Consortium) => Ok(TWO_THIRDS),
        (K::Agreement | K::DutyAssignment, Scope::Consortium | Scope::Province(_)) => Ok(PARTIES),
        (K::Delegation, Scope::Province(_)) => Ok(PARTIES_EACH),
        (K::Item | K::Guide | K::DataCatalogue | K::Policy | K::Mandate, Scope::Province(_)) => Ok(AGENCY),
        (
            K::PowerList | K::NegativeList | K::Calendar | K::Rule | K::AbolishedProofs | K::ItemMapping,
            Scope::Province(_),
        ) => Ok(AUTHORITY),
        (K::ExceptionList | K::PowerList | K::NegativeList | K::Mandate | K::Delegation, Scope::Consortium) => {
            Err(Code::PublicationScopeNotAllowed)
        }
    }
}

/// The clause that a kind's rule follows.
pub fn clause(kind: PublicationKind) -> &'static str {
    use PublicationKind as K;
    match kind {
        K::ItemList => "E1, E2: 清单管理, 共同编制、发布事项清单; 编制清单应当事先征求意见 (长三角“一网通办”立法)",
        K::Item => "E3: 三级四同, 名称、编码、依据、类型相统一; the item library of the province",
        K::Guide => "E5: 办事指南线上与线下标准统一; C10, C11: corrections and tolerance only as published",
        K::ExceptionList => "E6: 由省人民政府公布例外事项目录, 任何单位不得增加例外事项 (浙江)",
        K::PowerList => "E7: 权力责任清单, of the province",
        K::NegativeList => "E7: 负面清单, of the province",
        K::DataCatalogue => "E8: 政务数据共享清单目录; 政务数据共享条例 (国务院令 809)",
        K::Calendar => "C12: working days; the State Council's holiday notice, one calendar everywhere",
        K::Agreement => "E18: 签订跨省通办政务服务合作协议; the parties sign",
        K::Rule => "E23: 协同立法, 防止制度打架; legal offices of the provinces",
        K::Policy => "E14: 免申即享, 直达快享; the owner of the policy",
        K::AbolishedProofs => "E17: 不得要求申请人提供无依据证明, 减证便民",
        K::DutyAssignment => "C18: 统一职责, duties of each place signed by both (国办发〔2020〕35号, 两地责任)",
        K::Mandate => "E13: 受行政机关委托负责受理、送达; the principal",
        K::Delegation => "E12: 互设异地网办专员; host and home province",
        K::ItemMapping => "E4: 编码不统一; codes of one scheme and their equivalents",
    }
}
