//! The life of a case as a table: which step leads from which status to which, and who takes it.
//!
//! A step that is not in the table is refused. `docs/rules/case.md` is printed from it.

use crate::codes::Code;
use crate::record::CaseOperation;
use crate::rules::publication::MandateAct;
use crate::state::case::CaseStatus;

use CaseStatus as S;

/// Whose step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// A: the organisation that collected the case.
    Origin,
    /// B: the agency that decides now.
    Receiver,
    /// B, or A at its own window.
    ReceiverOrWindow,
}

/// One kind of step.
#[derive(Debug, PartialEq, Eq)]
pub struct StepRule {
    /// The operation's name.
    pub name: &'static str,
    pub chinese: &'static str,
    /// The clause or row it follows.
    pub clause: &'static str,
    pub party: Party,
    /// What a mandate must allow, for another organisation to take the step (E12, E13). `None`: only the party itself may.
    pub delegable: Option<MandateAct>,
    /// From and to.
    pub moves: &'static [(CaseStatus, CaseStatus)],
    /// The refusal from any other status, unless [`refusal`] has a more specific one.
    pub otherwise: Code,
}

/// Every step on an existing case, in the order of the operations.
pub const STEPS: [&StepRule; 21] = [
    &CHECK,
    &SEND,
    &ACKNOWLEDGE,
    &BOUNCE,
    &REQUEST_CORRECTION,
    &RESUBMIT,
    &ACCEPT,
    &ACCEPT_CONDITIONALLY,
    &FULFIL,
    &NOT_ACCEPT,
    &PAUSE,
    &RESUME,
    &RELAY,
    &GRANT,
    &REFUSE,
    &RESULT,
    &DELIVER,
    &CLOSE,
    &ARCHIVE,
    &WITHDRAW,
    &NOTIFY,
];

const CHECK: StepRule = StepRule {
    name: "case.check",
    chinese: "形式审查、身份核验",
    clause: "C7",
    party: Party::Origin,
    delegable: Some(MandateAct::Receive),
    moves: &[(S::Collected, S::Checked)],
    otherwise: Code::CaseNotCollected,
};

/// In a bundle the step leads to [`CaseStatus::DeemedReceived`] once the case waits for no other.
const SEND: StepRule = StepRule {
    name: "case.send",
    chinese: "移交",
    clause: "C6",
    party: Party::Origin,
    delegable: Some(MandateAct::Receive),
    moves: &[(S::Checked, S::Sent)],
    otherwise: Code::CaseNotChecked,
};

const ACKNOWLEDGE: StepRule = StepRule {
    name: "case.acknowledge",
    chinese: "接收确认",
    clause: "C6",
    party: Party::Receiver,
    delegable: Some(MandateAct::Receive),
    moves: &[(S::Sent, S::Acknowledged), (S::DeemedReceived, S::Acknowledged), (S::Resubmitted, S::Acknowledged)],
    otherwise: Code::CaseNotSent,
};

const BOUNCE: StepRule = StepRule {
    name: "case.bounce",
    chinese: "退回",
    clause: "C6",
    party: Party::Receiver,
    delegable: Some(MandateAct::Receive),
    moves: &[(S::Sent, S::Bounced)],
    otherwise: Code::CaseNotSent,
};

const REQUEST_CORRECTION: StepRule = StepRule {
    name: "case.request_correction",
    chinese: "一次性告知补正",
    clause: "C10; 行政许可法 art. 32",
    party: Party::Receiver,
    delegable: Some(MandateAct::Accept),
    moves: &[(S::Acknowledged, S::Correction), (S::DeemedReceived, S::Correction)],
    otherwise: Code::CaseNotReceived,
};

const RESUBMIT: StepRule = StepRule {
    name: "case.resubmit",
    chinese: "补正提交",
    clause: "C10",
    party: Party::Origin,
    delegable: Some(MandateAct::Receive),
    moves: &[(S::Correction, S::Resubmitted)],
    otherwise: Code::CaseNoOpenCorrection,
};

const ACCEPT: StepRule = StepRule {
    name: "case.accept",
    chinese: "受理",
    clause: "行政许可法 art. 32",
    party: Party::Receiver,
    delegable: Some(MandateAct::Accept),
    moves: &[(S::Acknowledged, S::Accepted), (S::DeemedReceived, S::Accepted)],
    otherwise: Code::CaseNotReceived,
};

const ACCEPT_CONDITIONALLY: StepRule = StepRule {
    name: "case.accept_conditionally",
    chinese: "容缺受理",
    clause: "C11",
    party: Party::Receiver,
    delegable: Some(MandateAct::Accept),
    moves: &[(S::Acknowledged, S::Conditional), (S::DeemedReceived, S::Conditional)],
    otherwise: Code::CaseNotReceived,
};

const FULFIL: StepRule = StepRule {
    name: "case.fulfil",
    chinese: "容缺补齐",
    clause: "C11",
    party: Party::Receiver,
    delegable: Some(MandateAct::Accept),
    moves: &[(S::Conditional, S::Accepted), (S::ConditionalPaused, S::Paused)],
    otherwise: Code::CaseNotConditional,
};

const NOT_ACCEPT: StepRule = StepRule {
    name: "case.not_accept",
    chinese: "不予受理",
    clause: "行政许可法 art. 32",
    party: Party::Receiver,
    delegable: Some(MandateAct::Accept),
    moves: &[(S::Acknowledged, S::NotAccepted), (S::DeemedReceived, S::NotAccepted)],
    otherwise: Code::CaseNotReceived,
};

const PAUSE: StepRule = StepRule {
    name: "case.pause",
    chinese: "特别程序开始",
    clause: "C12; 行政许可法 art. 45",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Accepted, S::Paused), (S::Conditional, S::ConditionalPaused)],
    otherwise: Code::CaseNotAccepted,
};

const RESUME: StepRule = StepRule {
    name: "case.resume",
    chinese: "特别程序结束",
    clause: "C12; 行政许可法 art. 45",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Paused, S::Accepted), (S::ConditionalPaused, S::Conditional)],
    otherwise: Code::CaseNotPaused,
};

const RELAY: StepRule = StepRule {
    name: "case.relay",
    chinese: "接续移交",
    clause: "C6, C9",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Accepted, S::DeemedReceived)],
    otherwise: Code::CaseNotAccepted,
};

const GRANT: StepRule = StepRule {
    name: "case.grant",
    chinese: "准予",
    clause: "行政许可法 art. 38",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Accepted, S::Granted)],
    otherwise: Code::CaseNotAccepted,
};

const REFUSE: StepRule = StepRule {
    name: "case.refuse",
    chinese: "不予许可",
    clause: "行政许可法 art. 38",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Accepted, S::Refused), (S::Conditional, S::Refused)],
    otherwise: Code::CaseNotAccepted,
};

const RESULT: StepRule = StepRule {
    name: "case.result",
    chinese: "出证",
    clause: "行政许可法 art. 39",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Granted, S::Result)],
    otherwise: Code::CaseNotGranted,
};

const DELIVER: StepRule = StepRule {
    name: "case.deliver",
    chinese: "送达",
    clause: "行政许可法 art. 44",
    party: Party::ReceiverOrWindow,
    delegable: Some(MandateAct::Deliver),
    moves: &[(S::Result, S::Delivered), (S::Refused, S::Delivered)],
    otherwise: Code::CaseNoResult,
};

const CLOSE: StepRule = StepRule {
    name: "case.close",
    chinese: "办结",
    clause: "section B",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Delivered, S::Closed)],
    otherwise: Code::CaseNotDelivered,
};

const ARCHIVE: StepRule = StepRule {
    name: "case.archive",
    chinese: "归档",
    clause: "section B, E15",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Closed, S::Archived)],
    otherwise: Code::CaseNotClosed,
};

const WITHDRAW: StepRule = StepRule {
    name: "case.withdraw",
    chinese: "撤回申请",
    clause: "section B",
    party: Party::Origin,
    delegable: Some(MandateAct::Receive),
    moves: &[
        (S::Collected, S::Withdrawn),
        (S::Checked, S::Withdrawn),
        (S::Sent, S::Withdrawn),
        (S::Acknowledged, S::Withdrawn),
        (S::DeemedReceived, S::Withdrawn),
        (S::Correction, S::Withdrawn),
        (S::Resubmitted, S::Withdrawn),
        (S::Accepted, S::Withdrawn),
        (S::Conditional, S::Withdrawn),
        (S::Paused, S::Withdrawn),
        (S::ConditionalPaused, S::Withdrawn),
    ],
    otherwise: Code::CaseAlreadyDecided,
};

/// Only in a bundle, of a case that was granted, and once.
const NOTIFY: StepRule = StepRule {
    name: "case.notify",
    chinese: "书面告知",
    clause: "C9",
    party: Party::Receiver,
    delegable: None,
    moves: &[(S::Granted, S::Granted), (S::Result, S::Result), (S::Delivered, S::Delivered), (S::Closed, S::Closed)],
    otherwise: Code::CaseNotGranted,
};

/// The rule of a step; `None` for what opens a case or a bundle.
pub fn rule(operation: &CaseOperation) -> Option<&'static StepRule> {
    use CaseOperation as Op;
    match operation {
        Op::Collect(_) | Op::BundleOpen(_) => None,
        Op::Check { .. } => Some(&CHECK),
        Op::Send { .. } => Some(&SEND),
        Op::Acknowledge { .. } => Some(&ACKNOWLEDGE),
        Op::Bounce { .. } => Some(&BOUNCE),
        Op::RequestCorrection { .. } => Some(&REQUEST_CORRECTION),
        Op::Resubmit { .. } => Some(&RESUBMIT),
        Op::Accept { .. } => Some(&ACCEPT),
        Op::AcceptConditionally { .. } => Some(&ACCEPT_CONDITIONALLY),
        Op::Fulfil { .. } => Some(&FULFIL),
        Op::NotAccept { .. } => Some(&NOT_ACCEPT),
        Op::Pause { .. } => Some(&PAUSE),
        Op::Resume { .. } => Some(&RESUME),
        Op::Relay { .. } => Some(&RELAY),
        Op::Grant { .. } => Some(&GRANT),
        Op::Refuse { .. } => Some(&REFUSE),
        Op::Result { .. } => Some(&RESULT),
        Op::Deliver { .. } => Some(&DELIVER),
        Op::Close { .. } => Some(&CLOSE),
        Op::Archive { .. } => Some(&ARCHIVE),
        Op::Withdraw { .. } => Some(&WITHDRAW),
        Op::Notify { .. } => Some(&NOTIFY),
    }
}

/// The status after `operation` on a case in `status`, or the refusal that names the rule. An opening step on
/// an existing case is refused as a duplicate.
pub fn next_status(status: CaseStatus, operation: &CaseOperation) -> Result<CaseStatus, Code> {
    let Some(rule) = rule(operation) else { return Err(Code::CaseDuplicate) };
    next_by(status, rule)
}

/// The status after a step of this kind.
pub fn next_by(status: CaseStatus, rule: &StepRule) -> Result<CaseStatus, Code> {
    let found = rule.moves.iter().find(|(from, _)| *from == status);
    found.map(|(_, to)| *to).ok_or_else(|| refusal(status, rule.otherwise))
}

/// The most specific refusal for the status.
fn refusal(status: CaseStatus, otherwise: Code) -> Code {
    let acts_after_decision =
        matches!(otherwise, Code::CaseNotGranted | Code::CaseNoResult | Code::CaseNotDelivered | Code::CaseNotClosed);
    let acts_on_acceptance = otherwise == Code::CaseNotAccepted;
    match status {
        S::Bounced | S::NotAccepted | S::Withdrawn | S::Archived => Code::CaseFinalState,
        S::Granted | S::Refused | S::Result | S::Delivered | S::Closed if !acts_after_decision => {
            Code::CaseAlreadyDecided
        }
        S::Paused | S::ConditionalPaused if acts_on_acceptance => Code::CasePaused,
        S::Conditional if acts_on_acceptance => Code::CaseMaterialsOwed,
        S::Collected
        | S::Checked
        | S::Sent
        | S::Acknowledged
        | S::DeemedReceived
        | S::Correction
        | S::Resubmitted
        | S::Accepted
        | S::Conditional
        | S::Paused
        | S::ConditionalPaused
        | S::Granted
        | S::Refused
        | S::Result
        | S::Delivered
        | S::Closed => otherwise,
    }
}
