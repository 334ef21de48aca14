//! One error type of the crate: what went wrong, where, and what to do next.
//!
//! Three answers are kept apart everywhere: "no" (refused, not valid), "not on the ledger", and "could not be checked".
//! A node that cannot be reached, or whose proof does not hold, never turns into "no".

use huxin_chain_spec::api::ErrorBody;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::receipt::ReceiptError;

use crate::said::{Said, sentence};

/// How the `huxin` command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Valid; or the command did what it was asked.
    Success = 0,
    /// Not valid (invalid, revoked, suspended, expired...); or the ledger refused.
    Refused = 1,
    /// Not on the ledger.
    NotOnLedger = 2,
    /// Could not be checked: unreachable, proof failed, wrong trust root, unusable input.
    NotChecked = 3,
    /// The end of a transaction is one node's word, and nothing proves it.
    NotProven = 4,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// Everything that can go wrong in the client. `Display` says what is wrong in English; [`ClientError::body`] says it in both languages,
/// with the stable code, the place and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The command line itself cannot be read.
    #[error("{said}")]
    Usage { place: String, said: Said },
    /// No address of a node was given.
    #[error("no node is given")]
    NoNode,
    /// No node could be reached, or none was able to answer.
    #[error("no node answered ({tried})")]
    Unreachable { tried: String },
    /// A proxy or gateway on the way refused, failed, or sends elsewhere.
    #[error("{node} was not reached: {said}")]
    Proxy { node: String, said: Said },
    /// A node understood the request and refused it. Only of a submission that is a "no"; a question stays open.
    #[error("{node} refuses: {} [{}], at {}; {}", .body.what, .body.code, .body.place, .body.next)]
    Refused { node: String, status: u16, is_submission: bool, body: Box<ErrorBody> },
    /// The transaction stands in a block with a refusal: it changed nothing and never will.
    #[error(
        "transaction {tx_id} is rejected at height {height}: {} [{}], at {}; {}", .body.what, .body.code, .body.place, .body.next
    )]
    Rejected { tx_id: String, height: u64, body: Box<ErrorBody> },
    /// The transaction's window has passed without it being committed: it changed nothing and never will. A certified header at or
    /// above its last height, and more nodes than may lie, say so.
    #[error("transaction {tx_id} expired before any block took it; it changed nothing and never will")]
    Expired { tx_id: String },
    /// The outcome is not known yet.
    #[error(
        "transaction {tx_id} is not final yet (waited {waited_ms} ms); it may still be committed up to height {expires_at}{}",
        licences_en(.licences)
    )]
    Pending { tx_id: String, waited_ms: u64, expires_at: u64, licences: Vec<String> },
    /// A node's answer is not supported by the proof it came with: the node is wrong or lies.
    #[error("the proof does not support the answer of {node}: {reason}")]
    ProofMismatch { node: String, reason: String },
    /// A proof or state is of another version of the software than this program reads.
    #[error("the proof that {node} gives is of another version: {reason}; this is not a fault of the node")]
    OtherVersion { node: String, reason: String },
    /// A proof begins at a validator set that is not known here. Asked with a node, the way there is fetched.
    #[error(
        "the proof of {node} is by the validators after height {since}, and does not connect to those known here, after height {known}"
    )]
    PathNeeded { node: String, known: u64, since: u64 },
    /// A node says how a transaction ended, and nothing proves it.
    #[error(
        "{node} says that transaction {tx_id} is {outcome}, and nothing proves it ({reason}); it may stand on the ledger all the same"
    )]
    OutcomeNotProven { node: String, tx_id: String, outcome: String, reason: String },
    /// A receipt proves nothing under the pinned trust root.
    #[error("the receipt proves nothing: {0}")]
    Receipt(#[from] ReceiptError),
    /// The newest block the node shows is too old for a question about now.
    #[error(
        "{node} answers as of height {height}, {age_s} s ago, but at most {age_s_max} s are accepted for a question about now"
    )]
    Stale { node: String, height: u64, age_s: u64, age_s_max: u64 },
    /// A node answered with something that is not an answer.
    #[error("{node} gives an answer that cannot be read: {reason}")]
    BadAnswer { node: String, reason: String },
    /// No trust root was given.
    #[error("no trust root is given")]
    NoTrustRoot,
    /// The genesis file that was given founds another chain than the node serves, or is damaged.
    #[error("the genesis in {place} cannot be used: {reason}")]
    Genesis { place: String, reason: Said },
    /// No key that signs was given.
    #[error("no signing key is given")]
    NoKey,
    /// Something the caller gave is unusable.
    #[error("{place}: {reason}")]
    Input { place: String, reason: Said },
    /// A table cannot be read, or rows of it cannot be recorded.
    #[error("{place}: {reason}")]
    Table { place: String, reason: Said },
    /// A document fails the checks of itself, so it is not recorded.
    #[error("{path} is not recorded, for its own checks do not pass: {sentence}")]
    Document { path: String, reasons: Vec<&'static str>, sentence: String },
    /// A file could not be read or written.
    #[error("{action} {path}: {source}")]
    File { action: &'static str, path: String, source: std::io::Error },
    /// A file that would be written exists already.
    #[error("{path} exists already and is not overwritten")]
    Exists { path: String },
    /// A key file could not be used.
    #[error("key file {path}: {reason}")]
    Key { path: String, reason: Said },
    /// The replay found the first difference.
    #[error("replay differs at height {height}: {reason}")]
    ReplayDiffers { height: u64, reason: String },
    /// The operating system gave no randomness, or another local facility failed.
    #[error("{what}: {reason}")]
    Local { what: &'static str, reason: String },
}

impl ClientError {
    /// An unusable input at `place`, in the words of a library: English behind a Chinese beginning. Own sentences: [`Self::at`].
    pub fn input(place: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::at(place, Said::detail("无法使用", reason))
    }

    /// An unusable input at `place`: an option, an argument's name, a file, a line.
    pub fn at(place: impl Into<String>, reason: impl Into<Said>) -> Self {
        Self::Input { place: place.into(), reason: reason.into() }
    }

    /// A failed file operation; `action` reads like "cannot read".
    pub fn file(action: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        let path = path.display().to_string();
        match source.kind() {
            std::io::ErrorKind::AlreadyExists => Self::Exists { path },
            _ => Self::File { action, path, source },
        }
    }

    /// The code of the table; `None` where a node or a receipt has its own.
    fn own_code(&self) -> Option<Code> {
        Some(match self {
            Self::Refused { .. } | Self::Rejected { .. } => return None,
            Self::Receipt(error) => error.code(),
            Self::Input { reason, .. } => reason.code.unwrap_or(Code::ClientInput),
            Self::Key { reason, .. } => reason.code.unwrap_or(Code::ClientKey),
            Self::Usage { said, .. } => said.code.unwrap_or(Code::ClientUsage),
            Self::NoNode => Code::ClientNoNode,
            Self::Unreachable { .. } => Code::ClientUnreachable,
            Self::Proxy { .. } => Code::ClientProxy,
            Self::Expired { .. } => Code::TransactionExpired,
            Self::Pending { .. } => Code::ClientPending,
            Self::ProofMismatch { .. } => Code::ClientProofMismatch,
            Self::OtherVersion { .. } => Code::ClientOtherVersion,
            Self::PathNeeded { .. } => Code::ReceiptPathNeeded,
            Self::OutcomeNotProven { .. } => Code::ClientOutcomeNotProven,
            Self::Stale { .. } => Code::ClientStale,
            Self::BadAnswer { .. } => Code::ClientBadAnswer,
            Self::NoTrustRoot => Code::ClientNoTrustRoot,
            Self::Genesis { .. } => Code::ClientGenesis,
            Self::NoKey => Code::ClientNoKey,
            Self::Table { .. } => Code::ClientTable,
            Self::Document { .. } => Code::ClientDocument,
            Self::File { .. } => Code::ClientFile,
            Self::Exists { .. } => Code::ClientFileExists,
            Self::ReplayDiffers { .. } => Code::ClientReplayDiffers,
            Self::Local { .. } => Code::ClientLocal,
        })
    }

    /// The stable code; a node's own code where it has one.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { body, .. } | Self::Rejected { body, .. } => &body.code,
            _ => self.own_code().unwrap_or(Code::ClientLocal).as_str(),
        }
    }

    /// What is wrong, in both languages, to stand behind the name of a place.
    pub fn said(&self) -> Said {
        let zh = self.zh();
        Said { en: self.to_string(), zh: zh.trim_end_matches('。').to_owned(), code: self.own_code() }
    }

    /// What is wrong, where, and what to do, in both languages: the one shape of every error.
    pub fn body(&self) -> ErrorBody {
        let code = match (self, self.own_code()) {
            (Self::Refused { body, .. } | Self::Rejected { body, .. }, _) => return body.as_ref().clone(),
            (_, code) => code.unwrap_or(Code::ClientLocal),
        };
        let (next, next_zh) = self.next(code);
        ErrorBody {
            code: code.as_str().to_owned(),
            what: sentence(&self.to_string(), '.'),
            what_zh: sentence(&self.zh(), '。'),
            place: self.place(),
            next,
            next_zh,
        }
    }

    /// What to do: the advice of the code, with what is known here put in.
    fn next(&self, code: Code) -> (String, String) {
        let (en, zh) = (code.next_en(), code.next_zh());
        match self {
            Self::Pending { tx_id, expires_at, .. } => {
                let with = format!("{tx_id} --expires-at {expires_at}");
                (en.replace("TX_ID", &with), zh.replace("TX_ID", &with))
            }
            Self::OutcomeNotProven { tx_id, .. } => (en.replace("TX_ID", tx_id), zh.replace("TX_ID", tx_id)),
            Self::Document { path, .. } => (en.replace("FILE", path), zh.replace("FILE", path)),
            Self::Key { path, .. } if code == Code::ClientKey => (en.replace("FILE", path), zh.replace("FILE", path)),
            // The code's advice is about identifiers, which are written in capitals.
            Self::Usage { place, .. } if code == Code::IdentifierCharacter && place.contains("--chain-id") => (
                "Use small letters, digits and hyphens, such as delta-1.".to_owned(),
                "应使用小写字母、数字和连字符，例如 delta-1。".to_owned(),
            ),
            Self::Expired { .. } => (
                "Run the command again; it signs a new transaction.".to_owned(),
                "请重新执行命令，将签署一笔新的交易。".to_owned(),
            ),
            _ => (en.to_owned(), zh.to_owned()),
        }
    }

    /// Where: an option, a file, a node.
    fn place(&self) -> String {
        match self {
            Self::Input { place, .. } | Self::Usage { place, .. } | Self::Table { place, .. } => place.clone(),
            Self::Genesis { place, .. } => place.clone(),
            Self::File { path, .. } | Self::Exists { path } | Self::Key { path, .. } => path.clone(),
            Self::Document { path, .. } => path.clone(),
            Self::Proxy { node, .. } | Self::ProofMismatch { node, .. } | Self::PathNeeded { node, .. } => node.clone(),
            Self::Stale { node, .. } | Self::BadAnswer { node, .. } | Self::OtherVersion { node, .. } => node.clone(),
            Self::NoNode | Self::Unreachable { .. } => "--node".to_owned(),
            Self::NoTrustRoot => "--genesis".to_owned(),
            Self::NoKey => "--key".to_owned(),
            Self::Receipt(_) => "receipt".to_owned(),
            Self::Expired { tx_id } | Self::Pending { tx_id, .. } | Self::OutcomeNotProven { tx_id, .. } => {
                format!("transaction {tx_id}")
            }
            Self::ReplayDiffers { height, .. } => format!("height {height}"),
            Self::Local { what, .. } => (*what).to_owned(),
            Self::Refused { body, .. } | Self::Rejected { body, .. } => body.place.clone(),
        }
    }

    /// What is wrong, in Chinese. Details that only a library knows stay in its words.
    fn zh(&self) -> String {
        match self {
            Self::Usage { said, .. } => said.zh.clone(),
            Self::NoNode => Code::ClientNoNode.what_zh().to_owned(),
            Self::Unreachable { tried } => format!("没有节点应答（{tried}），无法得出任何结论"),
            Self::Proxy { node, said } => format!("未能到达 {node}：{}", said.zh),
            Self::Refused { body, .. } | Self::Rejected { body, .. } => body.what_zh.clone(),
            Self::Expired { tx_id } => format!("交易 {tx_id} 在进入区块前已过期，未改变任何内容，今后也不会生效"),
            Self::Pending { tx_id, waited_ms, expires_at, licences } => {
                let licences = match licences.as_slice() {
                    [] => String::new(),
                    names => format!("；涉及证照 {}", names.join("、")),
                };
                format!(
                    "交易 {tx_id} 尚未最终确定（已等待 {waited_ms} 毫秒），最迟到高度 {expires_at} 仍可能生效{licences}"
                )
            }
            Self::ProofMismatch { node, reason } => format!("证明不支持 {node} 的回答（{reason}）"),
            Self::PathNeeded { node, known, since } => {
                format!(
                    "{node} 的证明出自高度 {since} 之后的验证节点集合，与此处所知高度 {known} 之后的集合之间缺少路径"
                )
            }
            Self::OtherVersion { node, reason } => format!("{node} 给出的证明属于其他版本（{reason}），并非节点有误"),
            Self::OutcomeNotProven { node, tx_id, outcome, reason } => {
                format!("{node} 称交易 {tx_id} 的结果为 {outcome}，但没有证明（{reason}），该交易仍可能已登记")
            }
            Self::Receipt(error) => {
                format!("回执不能证明任何内容：{}", error.code().what_zh().trim_end_matches('。'))
            }
            Self::Stale { node, height, age_s, age_s_max } => format!(
                "{node} 的回答截至高度 {height}，为 {age_s} 秒之前；询问当前状态最多接受 {age_s_max} 秒之前的回答"
            ),
            Self::BadAnswer { node, reason } => format!("{node} 的应答无法识别（{reason}）"),
            Self::NoTrustRoot => Code::ClientNoTrustRoot.what_zh().to_owned(),
            Self::Genesis { place, reason } => format!("{place} 中的创世文件无法使用（{}）", reason.zh),
            Self::NoKey => Code::ClientNoKey.what_zh().to_owned(),
            Self::Input { place, reason } | Self::Table { place, reason } => format!("{place}：{}", reason.zh),
            Self::Document { path, reasons, .. } => {
                format!("{path} 未登记，因其自身检查未通过：{}", reasons.join("、"))
            }
            Self::File { action, path, source } => format!("{} {path}：{}", action_zh(action), io_zh(source)),
            Self::Exists { path } => format!("{path} 已存在，不会被覆盖"),
            Self::Key { path, reason } => format!("密钥文件 {path}：{}", reason.zh),
            Self::ReplayDiffers { height, reason } => format!("在高度 {height} 重算结果不一致（{reason}）"),
            Self::Local { what, reason } => format!("本机无法完成所需的操作（{what}: {reason}）"),
        }
    }

    /// One line in both languages, Chinese first: a warning where another node has the answer.
    pub fn in_both(&self) -> String {
        format!("{} {self}", self.zh().trim_end_matches('。'))
    }

    /// How a command ends with this error.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            // 408, 429 and 5xx say nothing about the request itself, and a question that is refused was not answered.
            Self::Refused { status, is_submission, .. }
                if !is_submission || *status == 408 || *status == 429 || *status >= 500 =>
            {
                ExitCode::NotChecked
            }
            Self::Refused { .. }
            | Self::Rejected { .. }
            | Self::Expired { .. }
            | Self::ReplayDiffers { .. }
            | Self::Document { .. } => ExitCode::Refused,
            Self::OutcomeNotProven { .. } => ExitCode::NotProven,
            _ => ExitCode::NotChecked,
        }
    }

    /// Whether a node refuses the request itself. 408, 429 and 5xx say nothing about it.
    pub fn is_refusal_at_door(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if (400..500).contains(status) && *status != 408 && *status != 429)
    }

    /// The operation that a refusal is about: `operation 3` counts from 0.
    pub fn refused_operation(&self) -> Option<usize> {
        let (Self::Refused { body, .. } | Self::Rejected { body, .. }) = self else { return None };
        let digits = body.place.strip_prefix("operation ")?;
        digits.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
    }

    /// Whether another node might do better.
    pub fn is_worth_another_node(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Proxy { .. }
            | Self::BadAnswer { .. }
            | Self::ProofMismatch { .. }
            | Self::OtherVersion { .. }
            | Self::PathNeeded { .. }
            | Self::Stale { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}

/// The licences that a transaction would bring into being.
fn licences_en(licences: &[String]) -> String {
    match licences {
        [] => String::new(),
        names => format!(", for the licence {}", names.join(", ")),
    }
}

fn action_zh(action: &str) -> &'static str {
    match action {
        "cannot write" | "cannot write a new file at" | "cannot write a new key file at" => "无法写入",
        "cannot make" => "无法创建",
        "cannot open the journal" => "无法打开导入日志",
        "another import uses the journal" => "另一导入任务正在使用日志",
        _ => "无法读取",
    }
}

/// The usual reasons of the operating system; others in its own words.
fn io_zh(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "文件或目录不存在".to_owned(),
        std::io::ErrorKind::PermissionDenied => "没有权限".to_owned(),
        std::io::ErrorKind::IsADirectory => "这是目录，不是文件".to_owned(),
        std::io::ErrorKind::NotADirectory => "路径中有一段不是目录".to_owned(),
        std::io::ErrorKind::StorageFull => "磁盘已满".to_owned(),
        std::io::ErrorKind::InvalidData => "内容不是 UTF-8 文本".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    /// One of each kind that the client makes itself.
    fn all() -> Vec<ClientError> {
        let (node, path) = (|| "http://n/".to_owned(), || "f".to_owned());
        let said = || crate::say!("wrong", "有误");
        vec![
            ClientError::Usage { place: path(), said: said() },
            ClientError::NoNode,
            ClientError::Unreachable { tried: node() },
            ClientError::Proxy { node: node(), said: said() },
            ClientError::Expired { tx_id: path() },
            ClientError::Pending { tx_id: path(), waited_ms: 1, expires_at: 2, licences: vec![path()] },
            ClientError::ProofMismatch { node: node(), reason: path() },
            ClientError::OtherVersion { node: node(), reason: path() },
            ClientError::OutcomeNotProven { node: node(), tx_id: path(), outcome: path(), reason: path() },
            ClientError::Receipt(ReceiptError::NotAReceipt { expected: path() }),
            ClientError::Stale { node: node(), height: 1, age_s: 2, age_s_max: 1 },
            ClientError::BadAnswer { node: node(), reason: path() },
            ClientError::NoTrustRoot,
            ClientError::Genesis { place: path(), reason: said() },
            ClientError::NoKey,
            ClientError::at("--id", said()),
            ClientError::input("--id", "library"),
            ClientError::Table { place: path(), reason: said() },
            ClientError::Document { path: path(), reasons: vec!["UNSIGNED"], sentence: path() },
            ClientError::file("cannot read", Path::new("f"), std::io::ErrorKind::NotFound.into()),
            ClientError::Exists { path: path() },
            ClientError::Key { path: path(), reason: said() },
            ClientError::ReplayDiffers { height: 1, reason: path() },
            ClientError::Local { what: "cannot", reason: path() },
        ]
    }

    /// Both languages, whole sentences, advice, and a code of the table.
    #[test]
    fn every_error_has_the_one_shape() {
        for error in all() {
            let body = error.body();
            assert!(Code::from_name(&body.code).is_some(), "{body:?}");
            assert!(body.what.ends_with('.') && body.next.ends_with('.'), "{body:?}");
            assert!(body.what_zh.ends_with('。') && body.next_zh.ends_with('。'), "{body:?}");
            assert!(is_chinese(&body.what_zh) && is_chinese(&body.next_zh), "{body:?}");
            assert!(!body.place.is_empty(), "{body:?}");
            assert_eq!(body.code, error.code());
        }
    }

    #[test]
    fn advice_names_what_is_at_hand() {
        let licences = vec!["9f".to_owned()];
        let pending = ClientError::Pending { tx_id: "ab12".to_owned(), waited_ms: 1, expires_at: 7, licences }.body();
        assert!(pending.next.contains("`huxin transaction ab12 --expires-at 7`"), "{}", pending.next);
        assert!(pending.what.contains("height 7, for the licence 9f"), "{}", pending.what);
        assert!(!pending.next.contains("same bytes"), "{}", pending.next);
    }
}
