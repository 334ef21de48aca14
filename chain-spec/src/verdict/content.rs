//! Which file of a licence the one at hand is.

use super::{Check, CheckResult, StateAt, Verdict};
use crate::ids::TimeMs;
use crate::record::licence::{Document, Licence};
use crate::record::upkeep::AttachmentRole;
use crate::state::LicenceState;
use crate::state::upkeep::{Attached, FileOf};

/// How the file or digest asked about relates to the licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Asked by identifier; no file was given.
    NotGiven,
    /// It is the recorded file, as corrected.
    Matches,
    /// It is a further file of the licence.
    Attached(AttachmentRole, AttachmentStanding),
    /// It was recorded by mistake, and the record was corrected.
    InError,
    /// It is none of the licence's files.
    Differs,
    /// It is not the file of the issue record, and what was corrected or attached since is not covered.
    NotCovered,
}

/// How a further file stood at the time asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentStanding {
    Stands,
    /// It was attached after that time.
    Later,
    /// Past its own end.
    Expired,
    /// Its issuer had ended it.
    Ended,
}

impl AttachmentStanding {
    fn of(attached: &Attached, at: TimeMs) -> Self {
        if attached.recorded_ms > at {
            Self::Later
        } else if attached.ended.is_some_and(|end| end.effective_ms <= at) {
            Self::Ended
        } else if attached.expires_ms.is_some_and(|expires| expires <= at) {
            Self::Expired
        } else {
            Self::Stands
        }
    }
}

impl Content {
    /// Which file of `licence` the one is that `is_it` recognises, by the newest state known, at the time asked about.
    pub fn of(licence: &Licence, newest: StateAt<'_>, at: TimeMs, is_it: impl Fn(&Document) -> bool) -> Self {
        let state = match newest {
            StateAt::Changed(state) => Some(state),
            StateAt::Unchanged => None,
            StateAt::NotCovered if is_it(&licence.document) => return Self::Matches,
            StateAt::NotCovered => return Self::NotCovered,
        };
        match LicenceState::file(state, licence, &is_it) {
            Some(FileOf::Recorded) => Self::Matches,
            Some(FileOf::Attached(last)) => {
                // A file that ended and was attached again counts at every time at which it stood.
                let all = state.map(|state| state.upkeep.attachments.as_slice()).unwrap_or_default();
                let stood = |one: &&Attached| {
                    is_it(&one.document) && AttachmentStanding::of(one, at) == AttachmentStanding::Stands
                };
                let attached = all.iter().find(stood).unwrap_or(last);
                Self::Attached(attached.role, AttachmentStanding::of(attached, at))
            }
            Some(FileOf::InError) => Self::InError,
            None => Self::Differs,
        }
    }

    /// What it means while everything else is good, and the check.
    pub(super) fn check(self) -> (Verdict, Check) {
        use CheckResult::{Fail, Pass, Unknown};
        let (verdict, result, code, en, zh) = match self {
            Self::NotGiven => {
                (Verdict::Valid, Unknown, "content.not_given", "no file was given to compare", "未提供文件，未比对内容")
            }
            Self::Matches => (
                Verdict::Valid,
                Pass,
                "content.matches",
                "the file is byte for byte the recorded one",
                "文件与上账内容逐字节一致",
            ),
            Self::Attached(role, standing) => return attached(role, standing),
            Self::InError => (
                Verdict::Invalid,
                Fail,
                "content.in_error",
                "the file was recorded for this licence by mistake, and the record was corrected",
                "该文件系误登记为此证照，记录已更正",
            ),
            Self::Differs => {
                (Verdict::Invalid, Fail, "content.differs", "the file is not the recorded one", "文件与上账内容不一致")
            }
            Self::NotCovered => (
                Verdict::Unknown,
                Unknown,
                "content.not_covered",
                "the file is not the one first recorded; whether it was attached or corrected since, the proof leaves open",
                "文件不是最初上账的文件；其后是否附加或更正，证明未涵盖",
            ),
        };
        (verdict, Check::new("content", result, code, en, zh))
    }
}

/// Role by role, so that every sentence is one a reader can look up.
fn attached(role: AttachmentRole, standing: AttachmentStanding) -> (Verdict, Check) {
    let (word, zh_word) = role.words();
    let named = match role {
        AttachmentRole::Duplicate => "a duplicate",
        AttachmentRole::Annotated => "an annotated copy",
        AttachmentRole::Reissued => "a copy that was sealed again",
        AttachmentRole::Format => "a copy in another format",
    };
    let (verdict, result, code, en, zh) = match standing {
        AttachmentStanding::Stands => (
            Verdict::Valid,
            CheckResult::Pass,
            format!("content.{word}"),
            format!("the file is byte for byte {named} of the licence, which its issuer attached"),
            format!("文件与颁发机构附加的{zh_word}逐字节一致"),
        ),
        AttachmentStanding::Later => (
            Verdict::Unknown,
            CheckResult::Unknown,
            "content.attached_later".to_owned(),
            format!("the file is {named} of the licence, attached after the time asked about"),
            format!("文件为该证照的{zh_word}，在所询时间之后附加"),
        ),
        AttachmentStanding::Expired => (
            Verdict::Expired,
            CheckResult::Fail,
            "content.attachment_expired".to_owned(),
            format!("the file is {named} of the licence, past its own end"),
            format!("文件为该证照的{zh_word}，其自身期限已过"),
        ),
        AttachmentStanding::Ended => (
            Verdict::Expired,
            CheckResult::Fail,
            "content.attachment_ended".to_owned(),
            format!("the file is {named} of the licence, which its issuer has ended"),
            format!("文件为该证照的{zh_word}，已由颁发机构终止"),
        ),
    };
    (verdict, Check::new("content", result, &code, &en, &zh))
}
