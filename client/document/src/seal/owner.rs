//! The owner that a seal names in its extensions.

use der::asn1::ObjectIdentifier;
use huxin_chain_spec::ids::Uscc;

use crate::asn1::{Element, Fault, Oddities, shown, string_of};
use crate::certificate::Extension;

/// Extensions of a seal that are read.
const EXTENSIONS_MAX: usize = 64;
/// Characters kept of one text.
const TEXT_CHARS_MAX: usize = 512;
/// Owner of the seal: social credit code and name.
const OWNER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.112600.7.1.1");

/// Who owns a seal, by its own extension.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Owner {
    /// Social credit code, when one of the texts is one and its check characters hold.
    pub uscc: Option<String>,
    pub name: Option<String>,
}

/// Reads extDatas, and the owner from the one extension that names it.
pub(super) fn read(element: Element<'_>, odd: &mut Oddities) -> Result<Option<Owner>, Fault> {
    let field = "extDatas";
    let list = if element.is_context(0) {
        odd.add("extDatas has an explicit tag");
        let mut inner = element.fields(field)?;
        let list = inner.next(field)?;
        inner.end()?;
        list
    } else {
        element
    };
    let mut owner = None;
    for element in list.sequence(field)?.rest(EXTENSIONS_MAX)? {
        let extension = Extension::read(element, odd)?;
        if extension.id == OWNER {
            owner = Some(owner_of(extension.value));
        }
    }
    Ok(owner)
}

/// The value is text, or DER with texts in it; the order of code and name differs between makers.
fn owner_of(value: &[u8]) -> Owner {
    let mut texts = Vec::new();
    collect_texts(value, 0, &mut texts);
    if texts.is_empty()
        && let Ok(text) = std::str::from_utf8(value)
    {
        texts = text.split(['|', ',', ';']).map(|part| part.trim().to_owned()).collect();
    }
    let is_code = |text: &str| text.parse::<Uscc>().is_ok();
    let mut owner = Owner::default();
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        match text.get(..Uscc::BYTES) {
            _ if is_code(&text) => owner.uscc = Some(text),
            Some(code) if is_code(code) => {
                owner.uscc = Some(code.to_owned());
                owner.name = text.get(Uscc::BYTES..).map(shown);
            }
            _ => owner.name = owner.name.or_else(|| Some(shown(&text))),
        }
    }
    owner
}

/// Texts met in DER down to three levels, at most eight.
fn collect_texts(bytes: &[u8], level: u8, texts: &mut Vec<String>) {
    let mut rest = bytes;
    while !rest.is_empty() && texts.len() < 8 {
        let Ok((element, after)) = Element::first(rest, "extnValue") else {
            return;
        };
        if element.tag.is_constructed() && level < 3 {
            collect_texts(element.value, level + 1, texts);
        } else if let Ok(text) = string_of(element, "extnValue") {
            texts.push(text.chars().take(TEXT_CHARS_MAX).collect());
        }
        rest = after;
    }
}
