//! Sentences in both languages, and how an error of a library becomes one.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{ParseDigestError, ParseKeyError};
use huxin_chain_spec::ids::IdError;
use huxin_chain_spec::keyfile::{KeyFileError, KeyPurpose};

/// A part of a sentence, English and Chinese, without the final stop. An error of value parsers, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub en: String,
    pub zh: String,
    /// Code of what is wrong, where it is closer than that of the error it stands in.
    pub code: Option<Code>,
}

/// Makes a [`Said`] from two format strings over the same local names.
#[macro_export]
macro_rules! say {
    ($en:literal, $zh:literal) => {
        $crate::Said { en: format!($en), zh: format!($zh), code: None }
    };
}

impl Said {
    /// What a library says, in English only, behind a Chinese beginning.
    pub fn detail(zh: &str, error: impl std::fmt::Display) -> Self {
        Self { en: error.to_string(), zh: format!("{zh}：{error}"), code: None }
    }

    /// An error with a stable code: its own English words, and the Chinese ones of the code.
    fn coded(code: Code, error: &dyn std::fmt::Display) -> Self {
        Self { en: error.to_string(), zh: code.what_zh().trim_end_matches('。').to_owned(), code: Some(code) }
    }

    /// What an error of a value parser says, if it is one of those that know both languages.
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if let Some(said) = error.downcast_ref::<Self>() {
            return Some(said.clone());
        }
        if let Some(error) = error.downcast_ref::<IdError>() {
            return Some(error.clone().into());
        }
        if let Some(error) = error.downcast_ref::<ParseDigestError>() {
            return Some((*error).into());
        }
        error.downcast_ref::<KeyFileError>().map(Self::from)
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.en)
    }
}

impl std::error::Error for Said {}

impl From<IdError> for Said {
    fn from(error: IdError) -> Self {
        let said = Self::coded(error.code(), &error);
        match error {
            // The advice speaks of a position.
            IdError::Character { position, found, .. } => {
                Self { zh: format!("{}：第 {position} 个字符 {found:?}", said.zh), ..said }
            }
            _ => said,
        }
    }
}

impl From<&KeyFileError> for Said {
    fn from(error: &KeyFileError) -> Self {
        let said = Self::coded(error.code(), error);
        // The code's sentence is about a file; these are about what was asked for.
        match error {
            KeyFileError::UnknownPurpose => {
                let all = KeyPurpose::ALL.map(|purpose| purpose.as_str()).join("、");
                Self { zh: format!("没有这种密钥用途，可选 {all}"), ..said }
            }
            KeyFileError::SchemeForPurpose { purpose, .. } => Self {
                zh: format!("用途为 {purpose} 的密钥在任何网络上都是 ed25519，请改用 ed25519"),
                ..said
            },
            _ => said,
        }
    }
}

impl From<ParseDigestError> for Said {
    fn from(error: ParseDigestError) -> Self {
        Self::coded(Code::IdentifierDigest, &error)
    }
}

impl From<ParseKeyError> for Said {
    fn from(error: ParseKeyError) -> Self {
        let zh = "公钥写作 ed25519:<64 位十六进制> 或 sm2:<66 位十六进制>".to_owned();
        Self { en: error.to_string(), zh, code: None }
    }
}

/// A whole sentence: with its stop.
pub(crate) fn sentence(text: &str, stop: char) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '。', '!', '?', '！', '？']) {
        text.to_owned()
    } else {
        format!("{text}{stop}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::crypto::SignatureScheme;

    use super::*;

    #[test]
    fn a_library_error_is_said_in_both_languages() {
        let error = "2026-02-30".parse::<huxin_chain_spec::ids::TimeMs>().unwrap_err();
        let said = Said::of(&error).unwrap();
        assert!(said.en.contains("the calendar has no such day"), "{said}");
        assert_eq!((said.zh.as_str(), said.code), ("文本不是日期或时间", Some(Code::IdentifierTime)));
        assert!(Said::of(&std::fmt::Error).is_none());
    }

    /// A mistyped purpose was "not a key file", and SM2 for a network key "not a point of the curve".
    #[test]
    fn what_is_wrong_with_a_purpose_is_not_said_of_a_file() {
        let unknown = "consensu".parse::<KeyPurpose>().unwrap_err();
        assert!(Said::from(&unknown).zh.contains("可选 consensus、"), "{:?}", Said::from(&unknown));
        let (scheme, purpose) = (SignatureScheme::Sm2, KeyPurpose::Network);
        let scheme = Said::from(&KeyFileError::SchemeForPurpose { scheme, purpose });
        assert!(scheme.zh.contains("network") && scheme.zh.contains("ed25519"), "{scheme:?}");
    }

    /// "Look at the position" was said in Chinese where no position was given.
    #[test]
    fn a_wrong_character_is_named_with_its_position() {
        let error = "delta_1".parse::<huxin_chain_spec::ids::ChainId>().unwrap_err();
        assert!(Said::from(error).zh.contains("第 6 个字符 '_'"));
    }

    #[test]
    fn a_sentence_has_one_stop() {
        assert_eq!(sentence("done", '.'), "done.");
        assert_eq!(sentence("节点返回状态 502", '。'), "节点返回状态 502。");
        assert_eq!(sentence("已完成。", '。'), "已完成。");
    }
}
