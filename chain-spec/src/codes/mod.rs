//! Every stable code of rejections and errors, in one table.
//!
//! The ledger keeps the number of a rejection (`u16`, little-endian), the API and the client show its name, and people
//! read what is wrong and what to do next in Chinese or English. Numbers and names never change their meaning and are
//! never used again; `vectors/codes.json` holds the whole table and a test compares it.
//!
//! | hundreds | subject |
//! |---|---|
//! | 1xx | encoding, limits, the frame of a transaction |
//! | 2xx | signatures, keys and what they may do, key files |
//! | 3xx | identifiers, personal data |
//! | 4xx | licence rules; from 470 on who may admit and who may issue |
//! | 5xx | membership rules |
//! | 6xx | receipts and proofs |
//! | 7xx | mempool and API |
//! | 8xx | node, store, configuration |
//! | 9xx | client: what happens on the asking side |
//! | 10xx | seal rules |
//! | 11xx | case rules |
//! | 12xx | publication rules |
//! | 13xx | evidence rules |
//! | 14xx | governance rules |
//! | 15xx | the state of a node |

mod table;

pub use table::Code;

use borsh::{BorshDeserialize, BorshSerialize};

/// Makes the enum and its lookups from rows `number Variant "name"`, then what and next in English, then in Chinese.
macro_rules! codes {
    ($($number:literal $variant:ident $name:literal $what_en:literal $next_en:literal $what_zh:literal $next_zh:literal)*) => {
        /// A stable rejection or error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`: ", $what_en)] $variant = $number,)*
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code with this number.
            pub fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The code with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The number, as the ledger keeps it.
            pub fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The name, for example `licence.duplicate`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is wrong, in one English sentence.
            pub fn what_en(self) -> &'static str {
                match self { $(Self::$variant => $what_en,)* }
            }

            /// What to do next, in one English sentence.
            pub fn next_en(self) -> &'static str {
                match self { $(Self::$variant => $next_en,)* }
            }

            /// What is wrong, in one Chinese sentence.
            pub fn what_zh(self) -> &'static str {
                match self { $(Self::$variant => $what_zh,)* }
            }

            /// What to do next, in one Chinese sentence.
            pub fn next_zh(self) -> &'static str {
                match self { $(Self::$variant => $next_zh,)* }
            }
        }
    };
}
use codes;

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such code; `huxin explain` lists all of them")]
pub struct ParseCodeError;

impl std::str::FromStr for Code {
    type Err = ParseCodeError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::from_name(name).ok_or(ParseCodeError)
    }
}

impl BorshSerialize for Code {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        self.number().serialize(writer)
    }
}

impl BorshDeserialize for Code {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let number = u16::deserialize_reader(reader)?;
        Self::from_number(number).ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{number} is the number of no rejection code"))
        })
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;
    use crate::codec::{decode, encode};

    const GOLDEN: &str = include_str!("../../vectors/codes.json");

    fn table() -> serde_json::Value {
        let rows = Code::ALL.iter().map(|code| {
            serde_json::json!({
                "number": code.number(), "name": code.as_str(),
                "what_en": code.what_en(), "next_en": code.next_en(),
                "what_zh": code.what_zh(), "next_zh": code.next_zh(),
            })
        });
        serde_json::Value::Array(rows.collect())
    }

    /// To change a text on purpose, put what this test prints into `vectors/codes.json`.
    #[test]
    fn texts_are_the_golden_ones() {
        let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
        let text = serde_json::to_string_pretty(&table()).unwrap();
        assert!(golden == table(), "the table of codes differs from vectors/codes.json; it is now\n{text}\n");
    }

    #[test]
    fn numbers_and_names_are_unique_and_ordered() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| matches!(code.number(), 101..=999 | 1001..=1599)));
    }

    /// `huxin explain engine.starting` knew no such code, though `/ready` had given it.
    #[test]
    fn every_reason_of_a_node_is_in_the_table() {
        let page = include_str!("../../../docs/operator.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let reasons = rows.filter(|(_, rest)| rest.starts_with("stop |") || rest.starts_with("warning |"));
        let names: BTreeSet<&str> = reasons.map(|(name, _)| name).collect();
        assert!(names.len() >= 23, "{names:?}");
        for name in names {
            assert!(Code::from_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn each_comes_back_in_every_form() {
        for &code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(code));
            assert_eq!(code.to_string().parse(), Ok(code));
            assert_eq!(encode(&code), code.number().to_le_bytes());
            assert_eq!(decode::<Code>(&encode(&code), 2).unwrap(), code);
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), code);
        }
        assert!(decode::<Code>(&[0, 0], 2).is_err());
        assert!("licence.".parse::<Code>().is_err());
    }

    #[test]
    fn names_and_texts_have_their_form() {
        let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        for &code in Code::ALL {
            let (subject, rest) = code.as_str().split_once('.').unwrap();
            assert!(word(subject) && word(rest), "{code}");
            for text in [code.what_en(), code.next_en()] {
                assert!(text.is_ascii() && text.len() > 10 && text.ends_with('.'), "{code}: {text}");
                assert!(text.starts_with(|first: char| first.is_ascii_uppercase()), "{code}: {text}");
            }
            for text in [code.what_zh(), code.next_zh()] {
                assert!(text.chars().count() > 4 && text.ends_with('。'), "{code}: {text}");
            }
        }
    }
}
