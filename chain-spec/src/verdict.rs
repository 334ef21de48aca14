//! The answer to "is this licence genuine and valid, now or then?": one verdict, and named checks with three results.
//!
//! Node and client compute it with the same function from the same evidence, so a client that has checked the proofs
//! never has to believe the node's verdict.
//!
//! **Invariant**: what was not or could not be checked is `Unknown`, never `Fail`.

use serde::{Deserialize, Serialize};

mod content;
mod upkeep;

use crate::ids::{LicenceId, LicenceIssuer, LicenceProfile, LicenceType, TimeMs, Uscc};
use crate::record::licence::Licence;
use crate::state::{LicenceState, LicenceStatus};

pub use content::{AttachmentStanding, Content};

/// The overall answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Valid,
    /// Content or identifier contradicts the record, or the licence was withdrawn (撤销, void from the beginning).
    Invalid,
    /// Revoked (吊销) or cancelled (注销).
    Revoked,
    /// Suspended (暂扣), or on its way to another province (办理转出).
    Suspended,
    Superseded,
    /// Past its end, or lapsed (失效).
    Expired,
    NotYetValid,
    /// Not on the ledger at the time asked for, or the evidence leaves the state open. Says nothing about genuineness.
    Unknown,
}

impl Verdict {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Unknown => "unknown",
        }
    }

    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Valid => "有效",
            Self::Invalid => "无效",
            Self::Revoked => "已吊销或注销",
            Self::Suspended => "暂扣或转出中",
            Self::Superseded => "已被替代",
            Self::Expired => "已失效或过期",
            Self::NotYetValid => "尚未生效",
            Self::Unknown => "未知",
        }
    }

    /// Every verdict.
    pub const ALL: [Self; 8] = [
        Self::Valid,
        Self::Invalid,
        Self::Revoked,
        Self::Suspended,
        Self::Superseded,
        Self::Expired,
        Self::NotYetValid,
        Self::Unknown,
    ];

    /// The verdict with this word in JSON; `None` for a word that this version does not know.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

/// Result of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    Pass,
    Fail,
    /// Not checked, or could not be.
    Unknown,
}

/// One named check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// recorded | content | identifier | issuer | competence | status | validity | seal | finality | records; corrected and annual where there is
    /// something to say; status_then and validity_then where they differ
    pub name: String,
    pub result: CheckResult,
    /// Stable code: `status.revoked`.
    pub code: String,
    pub en: String,
    pub zh: String,
}

impl Check {
    /// A check from one row of texts.
    pub fn new(name: &str, result: CheckResult, code: &str, en: &str, zh: &str) -> Self {
        Self { name: name.into(), result, code: code.into(), en: en.into(), zh: zh.into() }
    }
}

/// How the identifier came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifier {
    /// Only a digest of it is known.
    NotGiven,
    /// The text was given and digests to the recorded reference.
    Given(Claimed),
}

/// What an identifier says about its licence. The ledger knows only the identifier's digest, so whoever holds the text
/// must compare: a record under somebody else's identifier is not that licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    pub licence_type: LicenceType,
    pub issuer: LicenceIssuer,
    pub version: u16,
    /// Whether the check character holds (reason `ID_CHECK_CHAR`, a warning).
    pub check_character: bool,
}

impl Identifier {
    /// What `id` claims.
    pub fn of(id: &LicenceId) -> Self {
        Self::Given(Claimed {
            licence_type: id.licence_type(),
            issuer: id.issuer(),
            version: id.version(),
            check_character: id.check_as(LicenceProfile::Lenient).is_ok(),
        })
    }
}

impl Claimed {
    fn agrees(&self, licence: &Licence) -> bool {
        let issuer = match self.issuer {
            LicenceIssuer::Organisation(issuer) => issuer == licence.issuer,
            LicenceIssuer::Region(region) => region == licence.region,
        };
        issuer && self.licence_type == licence.licence_type && self.version == licence.version
    }
}

/// What the evidence says about a licence's state at a block. That nothing is said is not that nothing has changed.
#[derive(Debug, Clone, Copy)]
pub enum StateAt<'a> {
    /// The evidence does not cover the state: the status is unknown.
    NotCovered,
    /// No change since issue.
    Unchanged,
    /// The state the ledger holds.
    Changed(&'a LicenceState),
}

impl<'a> StateAt<'a> {
    /// From a place that surely covers the state: `None` means unchanged since issue.
    pub fn held(state: Option<&'a LicenceState>) -> Self {
        state.map_or(Self::Unchanged, Self::Changed)
    }

    /// From a receipt, as [`crate::receipt::Proven::status`] has it: `None` means not covered.
    pub fn of_receipt(status: Option<&'a Option<LicenceState>>) -> Self {
        status.map_or(Self::NotCovered, |state| Self::held(state.as_ref()))
    }
}

/// What is known about a licence, proven or not.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    pub licence: &'a Licence,
    /// Time of the block that recorded it.
    pub recorded_ms: TimeMs,
    /// Its state in the map at the block asked about.
    pub state_then: StateAt<'a>,
    /// Its state at the newest block known, if that is another one: it holds every change, so it alone tells both what is known
    /// now about the time asked about, and what was known then.
    pub state_now: Option<&'a LicenceState>,
    /// The time asked about.
    pub as_of_ms: TimeMs,
    /// The organisation that recorded it.
    pub recorder: Uscc,
    /// As the record has it ([`crate::record::Record::competence`]).
    pub competence: Option<u32>,
    pub content: Content,
    pub identifier: Identifier,
    /// Whether certificate and proofs were checked: true in a client, false in a node's own answer.
    pub proven: bool,
}

/// Verdict and checks of a licence that is on the ledger.
pub fn judge(evidence: &Evidence<'_>) -> (Verdict, Vec<Check>) {
    let recorded = recorded(evidence);
    if recorded.result == CheckResult::Fail {
        return (Verdict::Unknown, vec![recorded]);
    }
    // What holds is the record after every correction known now, whatever the time asked about: it was wrong from the beginning.
    let licence = &known_licence(evidence, TimeMs::MAX);
    let (status_verdict, status) = status(evidence);
    let (period_verdict, period) = validity(licence, evidence.as_of_ms);
    let (content_verdict, content) = evidence.content.check();
    let contradicts = contradicts(evidence, licence);
    let verdict = if content_verdict == Verdict::Invalid || contradicts {
        Verdict::Invalid
    } else {
        let all = [status_verdict, content_verdict, period_verdict];
        all.into_iter().find(|verdict| *verdict != Verdict::Valid).unwrap_or(Verdict::Valid)
    };
    let mut checks = vec![
        recorded,
        content,
        identifier(evidence, contradicts),
        issuer(licence, evidence.recorder),
        competence(evidence.competence),
        status,
        period,
        seal(licence),
        finality(evidence),
    ];
    checks.extend(status_then(evidence));
    checks.extend(validity_then(evidence, period_verdict));
    if let StateAt::Changed(state) = newest(evidence) {
        checks.extend(upkeep::corrected(&state.upkeep, evidence.as_of_ms));
        checks.extend(upkeep::annual(&state.upkeep, evidence.as_of_ms));
    }
    (verdict, checks)
}

/// The answer for something that is not on the ledger. An identifier whose check character is wrong was most likely
/// mistyped, which is the first thing to tell: its check then stands before `recorded`.
pub fn not_recorded(identifier: Identifier) -> (Verdict, Vec<Check>) {
    let recorded = Check::new(
        "recorded",
        CheckResult::Unknown,
        "recorded.not_found",
        "not on this ledger; that says nothing about whether it is genuine",
        "本账本上没有记录；这并不说明其真伪",
    );
    let mistyped = match identifier {
        Identifier::Given(Claimed { check_character: false, .. }) => Some(mistyped_identifier()),
        _ => None,
    };
    (Verdict::Unknown, mistyped.into_iter().chain([recorded]).collect())
}

/// The check `identifier` for an identifier with a wrong check character that is not on the ledger.
pub fn mistyped_identifier() -> Check {
    Check::new(
        "identifier",
        CheckResult::Fail,
        "identifier.check_character",
        "the check character of this identifier is wrong: a character is mistyped; compare it with the document (GB/T 36904)",
        "该证照标识的校验位不符：有字符输错，请与证照原件核对（GB/T 36904）",
    )
}

/// Why a document is not called valid although its own record is: a record of another organisation says otherwise, or not every record
/// could be looked at.
pub fn records_check(disagrees: bool) -> Check {
    let (code, en, zh) = if disagrees {
        (
            "records.disagree",
            "several organisations recorded this document, and not all their records are valid: name the licence with its identifier",
            "多个机构为同一文件上账，且并非均有效：请提供证照标识以确定所指证照",
        )
    } else {
        (
            "records.open",
            "not every record of this document could be looked at: name the licence with its identifier, or ask again",
            "该文件的上账记录未能全部核验：请提供证照标识，或稍后再试",
        )
    };
    Check::new("records", CheckResult::Unknown, code, en, zh)
}

/// Why a document that is on the ledger gets no verdict: the organisation whose licence it is said to be has not recorded it.
pub fn records_of_others() -> Check {
    Check::new(
        "records",
        CheckResult::Unknown,
        "records.of_others",
        "the issuer that is named has not recorded this document, other organisations have: their records say nothing of its licence",
        "所指颁发机构未为该文件上账，上账的是其他机构：其记录不能说明该机构的证照",
    )
}

fn recorded(evidence: &Evidence<'_>) -> Check {
    if evidence.recorded_ms > evidence.as_of_ms {
        let (en, zh) = ("not yet on the ledger at the time asked about", "在所询时间尚未上账");
        return Check::new("recorded", CheckResult::Fail, "recorded.later", en, zh);
    }
    Check::new("recorded", CheckResult::Pass, "recorded.found", "recorded on the ledger", "已上账")
}

fn contradicts(evidence: &Evidence<'_>, licence: &Licence) -> bool {
    matches!(evidence.identifier, Identifier::Given(claimed) if !claimed.agrees(licence))
}

fn identifier(evidence: &Evidence<'_>, contradicts: bool) -> Check {
    let (result, code, en, zh) = match evidence.identifier {
        Identifier::NotGiven => {
            (CheckResult::Unknown, "identifier.not_given", "the identifier text was not given", "未提供证照标识文本")
        }
        Identifier::Given(_) if contradicts => (
            CheckResult::Fail,
            "identifier.contradicts",
            "the identifier names another issuer, type or version than the record under it",
            "证照标识所示的颁发机构、类型或版本与账本记录不符",
        ),
        Identifier::Given(Claimed { check_character: true, .. }) => (
            CheckResult::Pass,
            "identifier.matches",
            "the identifier is well formed and is the recorded one",
            "证照标识格式正确且与上账一致",
        ),
        Identifier::Given(_) => (
            CheckResult::Unknown,
            "identifier.check_character",
            "the identifier is the recorded one, but its check character is wrong (GB/T 36904)",
            "证照标识与上账一致，但校验位不符（GB/T 36904）",
        ),
    };
    Check::new("identifier", result, code, en, zh)
}

/// Who signed: the issuer, or another organisation in its name. The ledger records the latter only under a delegation in force.
fn issuer(licence: &Licence, recorder: Uscc) -> Check {
    if recorder == licence.issuer {
        let (en, zh) = (
            "signed with a key that its province had admitted for this organisation and licence type",
            "由其省份登记、获准签发此类证照的机构密钥签名",
        );
        return Check::new("issuer", CheckResult::Pass, "issuer.admitted", en, zh);
    }
    let en = format!("signed by {recorder} in the issuer's name, under a delegation that their province had recorded");
    let zh = format!("由 {recorder} 依其省份登记的委托，以颁发机构名义签名");
    Check::new("issuer", CheckResult::Pass, "issuer.delegated", &en, &zh)
}

/// Whether the issuer was competent for the type, when the licence was recorded, by the list that the provinces govern. The ledger records no
/// licence of an issuer that the list leaves out, so this never fails; what the list says since then changes nothing.
fn competence(version: Option<u32>) -> Check {
    match version {
        Some(version) => Check::new(
            "competence",
            CheckResult::Pass,
            "competence.listed",
            &format!(
                "when it was recorded, the provinces' list let this issuer issue licences of this type (version {version})"
            ),
            &format!("上账时，各省议定的名单（第 {version} 版）准许该机构颁发此类证照"),
        ),
        None => Check::new(
            "competence",
            CheckResult::Unknown,
            "competence.not_listed",
            "when it was recorded, the provinces had not decided who may issue licences of this type",
            "上账时，各省尚未议定此类证照由谁颁发",
        ),
    }
}

/// The newest state known: it holds every change up to its block.
fn newest<'a>(evidence: &Evidence<'a>) -> StateAt<'a> {
    evidence.state_now.map_or(evidence.state_then, StateAt::Changed)
}

/// The licence after every correction recorded by `known`, as far as the evidence covers them.
fn known_licence(evidence: &Evidence<'_>, known: TimeMs) -> Licence {
    let state = match newest(evidence) {
        StateAt::Changed(state) => Some(state),
        StateAt::NotCovered | StateAt::Unchanged => None,
    };
    LicenceState::corrected(state, evidence.licence, known)
}

/// The status at the time asked about, by every change recorded by `known`; `None` where the evidence leaves it open.
fn status_at(evidence: &Evidence<'_>, known: TimeMs) -> Option<LicenceStatus> {
    let state = match newest(evidence) {
        StateAt::NotCovered => return None,
        StateAt::Unchanged => None,
        StateAt::Changed(state) => Some(state),
    };
    Some(LicenceState::status_at(state, evidence.as_of_ms, known))
}

fn status(evidence: &Evidence<'_>) -> (Verdict, Check) {
    let Some(now) = status_at(evidence, TimeMs::MAX) else { return (Verdict::Unknown, status_not_covered()) };
    let (verdict, code, en, zh) = words(now);
    let result = if verdict == Verdict::Valid { CheckResult::Pass } else { CheckResult::Fail };
    (verdict, Check::new("status", result, code, en, zh))
}

/// What the ledger said at the time asked about, where something recorded since has changed the answer for that time. It
/// changes no verdict: it tells what somebody could know who looked then.
fn status_then(evidence: &Evidence<'_>) -> Option<Check> {
    let then = status_at(evidence, evidence.as_of_ms)?;
    if status_at(evidence, TimeMs::MAX) == Some(then) {
        return None;
    }
    let (verdict, code, en, zh) = words(then);
    let result = if verdict == Verdict::Valid { CheckResult::Pass } else { CheckResult::Fail };
    let code = code.replacen("status.", "status_then.", 1);
    let en = format!("at that time the ledger said: {en}; what was recorded later reaches back to it");
    let zh = format!("当时账本所载：{zh}；其后上账的变更追溯至该时间");
    Some(Check::new("status_then", result, &code, &en, &zh))
}

/// What a status means while everything else is good: verdict, code, and texts.
fn words(status: LicenceStatus) -> (Verdict, &'static str, &'static str, &'static str) {
    use LicenceStatus as S;
    match status {
        S::Issued => (Verdict::Valid, "status.issued", "in force", "有效"),
        S::Suspended => (Verdict::Suspended, "status.suspended", "suspended by its issuer", "已被暂扣"),
        S::TransferredOut => (
            Verdict::Suspended,
            "status.transferred_out",
            "transferred out, not yet taken over by the other province",
            "已办理转出，尚未转入",
        ),
        S::Superseded => (Verdict::Superseded, "status.superseded", "replaced by a newer licence", "已被新的证照替代"),
        S::Lapsed => (Verdict::Expired, "status.lapsed", "lapsed", "已失效"),
        S::Cancelled => (Verdict::Revoked, "status.cancelled", "cancelled", "已注销"),
        S::Withdrawn => {
            (Verdict::Invalid, "status.withdrawn", "withdrawn: void from the beginning", "已撤销：自始无效")
        }
        S::Revoked => (Verdict::Revoked, "status.revoked", "revoked as a penalty", "已被吊销"),
    }
}

fn status_not_covered() -> Check {
    let (en, zh) = (
        "the proof leaves the licence's state open: it may have been suspended, revoked or replaced",
        "证明未涵盖该证照的状态：其可能已被暂扣、吊销或替代",
    );
    Check::new("status", CheckResult::Unknown, "status.not_covered", en, zh)
}

fn validity(licence: &Licence, as_of_ms: TimeMs) -> (Verdict, Check) {
    let (verdict, result, code, en, zh) = if as_of_ms < licence.valid_from_ms {
        (Verdict::NotYetValid, CheckResult::Fail, "validity.not_yet", "its validity has not begun", "有效期尚未开始")
    } else if licence.valid_until_ms.is_some_and(|until| as_of_ms >= until) {
        (Verdict::Expired, CheckResult::Fail, "validity.expired", "its validity has ended", "有效期已过")
    } else {
        (Verdict::Valid, CheckResult::Pass, "validity.within", "within its validity", "在有效期内")
    };
    (verdict, Check::new("validity", result, code, en, zh))
}

/// The period by what the ledger said at the time asked about, where a later correction gives another answer. It changes no verdict.
fn validity_then(evidence: &Evidence<'_>, now: Verdict) -> Option<Check> {
    let (then, check) = validity(&known_licence(evidence, evidence.as_of_ms), evidence.as_of_ms);
    (then != now).then(|| upkeep::then(&check, "validity"))
}

fn seal(licence: &Licence) -> Check {
    let (code, en, zh) = if licence.exception.is_some() {
        (
            "seal.exception",
            "the issuer recorded this document although its own checks did not pass, and gave the code of a reason",
            "颁发机构在文件自身检查未通过的情况下上账，并注明了理由代码",
        )
    } else if licence.seal.is_some() {
        (
            "seal.not_checked",
            "a seal is named in the record; the seal itself was not checked",
            "记录中载有印章；印章本身未验证",
        )
    } else {
        ("seal.not_recorded", "no seal is named in the record", "记录中未载印章")
    };
    Check::new("seal", CheckResult::Unknown, code, en, zh)
}

fn finality(evidence: &Evidence<'_>) -> Check {
    if evidence.proven {
        let (en, zh) = (
            "decided by more than two thirds of the validators; proof checked",
            "三分之二以上验证节点已确认；证明已核验",
        );
        return Check::new("finality", CheckResult::Pass, "finality.proven", en, zh);
    }
    let (en, zh) = ("final on this node; check the attached proof to rely on it", "本节点已最终确认；请核验所附证明");
    Check::new("finality", CheckResult::Unknown, "finality.unproven", en, zh)
}

/// How the organisation that issued a licence stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerStanding {
    Active,
    /// It, or its province, is suspended.
    Suspended,
    /// It, or its province, was removed, and no successor was recorded.
    Ended,
    /// It handed its competence for the type on (机构改革): this organisation acts, and is active.
    Succeeded(Uscc),
    /// Not asked, or not proven.
    NotProven,
}

/// The check `issuer_standing`: who may change the licence now. It changes no verdict; what an issuer did stays as it is.
pub fn issuer_standing(standing: IssuerStanding) -> Check {
    let (result, code, en, zh) = match standing {
        IssuerStanding::Active => (
            CheckResult::Pass,
            "issuer.active",
            "the issuer is registered and active".to_owned(),
            "颁发机构已登记且处于有效状态".to_owned(),
        ),
        IssuerStanding::Suspended => (
            CheckResult::Fail,
            "issuer.suspended",
            "the issuer, its successor or its province is suspended".to_owned(),
            "颁发机构、其承继机构或所属省份处于暂停状态".to_owned(),
        ),
        IssuerStanding::Ended => (
            CheckResult::Fail,
            "issuer.ended",
            "the issuer, or its province, was removed, and no active successor is recorded".to_owned(),
            "颁发机构或所属省份已移除，账本未载有效的承继机构".to_owned(),
        ),
        IssuerStanding::Succeeded(successor) => (
            CheckResult::Pass,
            "issuer.succeeded",
            format!("the issuer handed this competence on; {successor} acts for it now"),
            format!("颁发机构的该项职权已移交，现由 {successor} 行使"),
        ),
        IssuerStanding::NotProven => (
            CheckResult::Unknown,
            "issuer.not_proven",
            "how the issuer stands now was not asked or is not proven here".to_owned(),
            "颁发机构现状未查询，或此处无证明".to_owned(),
        ),
    };
    Check::new("issuer_standing", result, code, &en, &zh)
}
