//! Codes near a mistyped one.

use huxin_chain_spec::codes::Code;
use huxin_document::Reason;

use super::said_codes;
use crate::said::Said;
use crate::say;

/// Codes suggested at most.
const NEAR_MAX: usize = 3;
/// Likeness from which a code is suggested.
const LIKE: f64 = 0.75;

/// A code by its name or its number.
pub fn code(text: &str) -> Option<Code> {
    Code::from_name(text).or_else(|| Code::from_number(text.parse().ok()?))
}

/// What to say of a text that names no code: those it may stand for.
pub fn no_such_code(text: &str) -> Said {
    let near = near(text);
    if near.is_empty() {
        return say!(
            "no code of this version has this name or number; docs/codes.md and GET /v1/codes of any node list all",
            "本版本没有这个名称或编号的代码；全部代码见 docs/codes.md 和任一节点的 GET /v1/codes"
        );
    }
    let list = near.join(", ");
    say!("no code of this version; did you mean {list}?", "本版本没有这个代码；是否指 {list}？")
}

fn near(text: &str) -> Vec<&'static str> {
    let wanted = text.to_lowercase();
    let names = Code::ALL.iter().map(|code| code.as_str()).chain(Reason::ALL.iter().map(|reason| reason.code()));
    let names = names.chain(said_codes::all().map(|(code, _, _)| code));
    let mut found: Vec<(f64, &str)> =
        names.map(|name| (likeness(&wanted, name), name)).filter(|(likeness, _)| *likeness >= LIKE).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(NEAR_MAX).map(|(_, name)| name).collect()
}

/// From 0 to 1. The part after the point counts alone too: whoever remembers `duplicate` finds every `..duplicate`.
fn likeness(wanted: &str, name: &str) -> f64 {
    let name = name.to_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    let (whole, part) =
        (strsim::normalized_damerau_levenshtein(wanted, &name), strsim::normalized_levenshtein(wanted, last));
    whole.max(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_near_a_mistyped_one() {
        assert_eq!(near("licence.dublicate").first(), Some(&"licence.duplicate"));
        assert_eq!(near("REFERENCE_DIGST").first(), Some(&"REFERENCE_DIGEST"));
        assert!(near("duplicate").contains(&"licence.duplicate"), "{:?}", near("duplicate"));
        assert!(near("zzzz").is_empty());
        let said = no_such_code("licence.dublicate");
        assert!(said.en.contains("did you mean licence.duplicate") && said.zh.contains("是否指 licence.duplicate"));
    }

    #[test]
    fn numbers_are_codes_too() {
        assert_eq!(code("402"), Code::from_name("licence.unknown"));
        assert_eq!((code("9999"), code("x")), (None, None));
    }
}
