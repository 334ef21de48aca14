//! Takes the licence's identifier and metadata out of `DocInfo` (GB/T 36903 short names in `CustomDatas`; GB/T 36905).
//!
//! Only names on the list below are taken. The holder's name and number (`CZZT`, `CZZTDM`), the licence number (often the holder's
//! own number), authors and sealers are persons' data and never leave the file; neither do title, subject and keywords, in which
//! only the identifier is looked for.

use huxin_chain_spec::ids::{LICENCE_ID_CHARS_MAX, LICENCE_ROOT, LicenceId};

use super::types::Metadata;
use crate::text::shown;
use crate::xml::Element;

/// Short names that say nothing of a person: name and type of the licence, issuer and its code, dates of issue and validity, when an
/// annotated copy was made and expires, change time.
const FIELDS: [&str; 13] = [
    "ZZMC",
    "ZZLXDM",
    "ZZBFJG",
    "ZZBFJGDM",
    "ZZBFRQ",
    "ZZYXQQSRQ",
    "ZZYXQJZRQ",
    "ZZBB",
    "CJSJ",
    "ZZQZSJ",
    "JZJZZSJ",
    "JZJYXQJZSJ",
    "ZZBGSJ",
];
/// The identifier's short name.
const IDENTIFIER: &str = "ZZBS";
/// Longest value taken, in characters.
const VALUE_CHARS_MAX: usize = 256;

/// Reads the metadata of the first document of `OFD.xml`.
pub(super) fn read(ofd: &Element) -> Metadata {
    let documents = ofd.all("DocBody").count();
    let Some(info) = ofd.first("DocBody").and_then(|body| body.first("DocInfo")) else {
        return Metadata { documents, ..Metadata::default() };
    };
    let value = |name| info.text_of(name).filter(|text| is_short(text)).map(shown);
    let mut metadata = Metadata {
        documents,
        doc_id: value("DocID"),
        creation_date: value("CreationDate"),
        creator: value("Creator"),
        ..Metadata::default()
    };
    let custom = info.all("CustomDatas").flat_map(|list| list.all("CustomData"));
    let custom: Vec<(&str, &str)> =
        custom.filter_map(|item| Some((item.attribute("Name")?.trim(), item.text()?))).collect();
    for (name, text) in &custom {
        if FIELDS.contains(name) && is_short(text) && !holds_person_number(text) {
            metadata.fields.entry((*name).to_owned()).or_insert_with(|| shown(text));
        }
    }
    if let Some((source, id)) = identifier(info, &custom) {
        metadata.is_licence_id_stated = is_stated(&custom, &id);
        metadata.licence_id = Some(shown(&id));
        metadata.licence_id_source = Some(shown(&source));
    }
    metadata
}

/// Whether there is a `ZZBS`, and every one says exactly this.
fn is_stated(custom: &[(&str, &str)], id: &str) -> bool {
    let mut named = custom.iter().filter(|(name, _)| *name == IDENTIFIER).peekable();
    named.peek().is_some() && named.all(|(_, text)| *text == id)
}

/// The identifier: what `ZZBS` says, whatever it is; else the first text of the identifier's form in another custom value, the
/// title, the subject or a keyword.
fn identifier(info: &Element, custom: &[(&str, &str)]) -> Option<(String, String)> {
    let named = custom.iter().find(|(name, text)| *name == IDENTIFIER && text.len() <= LICENCE_ID_CHARS_MAX);
    if let Some((name, text)) = named.filter(|(_, text)| !holds_person_number(text)) {
        return Some(((*name).to_owned(), (*text).to_owned()));
    }
    let keywords = info.all("Keywords").flat_map(|list| list.all("Keyword")).filter_map(Element::text);
    let keywords = keywords.chain(info.text_of("Keywords")).map(|text| ("Keywords", text));
    let plain = ["Title", "Subject"].into_iter().filter_map(|name| Some((name, info.text_of(name)?)));
    let mut texts = custom.iter().copied().chain(plain).chain(keywords);
    texts.find_map(|(source, text)| Some((source.chars().take(64).collect(), identifier_in(text)?)))
}

/// The first identifier (GB/T 36904) in a text. A wrong check character does not hide it: that is a finding of its own.
fn identifier_in(text: &str) -> Option<String> {
    let text: String = text.chars().take(4096).collect();
    let start = text.find(LICENCE_ROOT)?;
    let is_part = |c: &char| c.is_ascii_digit() || c.is_ascii_uppercase() || *c == '.';
    let candidate: String = text.get(start..)?.chars().take_while(is_part).take(LICENCE_ID_CHARS_MAX).collect();
    // A file name in the title ends in `.ofd`, a sentence in a full stop.
    let candidate = candidate.trim_end_matches('.');
    LicenceId::from_structure(candidate).is_ok().then(|| candidate.to_owned())
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= VALUE_CHARS_MAX
}

/// Whether a value holds a resident identity number (GB 11643: 17 digits and a check character).
fn holds_person_number(text: &str) -> bool {
    let tokens = text.split(|c: char| !c.is_ascii_alphanumeric());
    tokens.into_iter().any(|token| token.len() == 18 && is_person_number(token.as_bytes()))
}

fn is_person_number(token: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let Some((check, body)) = token.split_last() else { return false };
    if !body.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let expected = usize::try_from(sum % 11).ok().and_then(|index| CHECKS.get(index));
    expected.is_some_and(|expected| *expected == check.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::limits::Limits;

    const ID: &str = "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A";

    fn metadata_of(info: &str) -> Metadata {
        let text = format!("<OFD><DocBody><DocInfo>{info}</DocInfo></DocBody></OFD>");
        read(&crate::xml::parse(text.as_bytes(), &Limits::default()).unwrap())
    }

    #[test]
    fn identifier_and_fields_come_from_custom_data() {
        let metadata = metadata_of(&format!(
            "<DocID>d</DocID><CustomDatas><CustomData Name='ZZBS'>{ID}</CustomData>\
             <CustomData Name='ZZLXDM'>11100000000013338W011</CustomData></CustomDatas>"
        ));
        assert_eq!(metadata.licence_id.as_deref(), Some(ID));
        assert_eq!(metadata.licence_id_source.as_deref(), Some("ZZBS"));
        assert!(metadata.is_licence_id_stated);
        assert_eq!(metadata.fields["ZZLXDM"], "11100000000013338W011");
        assert_eq!((metadata.documents, metadata.doc_id.as_deref()), (1, Some("d")));
    }

    #[test]
    fn identifier_is_found_in_the_title_and_keywords() {
        let metadata = metadata_of(&format!("<Title>证照 {ID}.ofd</Title>"));
        assert_eq!(metadata.licence_id.as_deref(), Some(ID));
        assert_eq!(metadata.licence_id_source.as_deref(), Some("Title"));
        let metadata = metadata_of(&format!("<Keywords><Keyword>x</Keyword><Keyword>{ID}</Keyword></Keywords>"));
        assert_eq!(metadata.licence_id.as_deref(), Some(ID));
        assert_eq!(metadata.licence_id_source.as_deref(), Some("Keywords"));
    }

    /// A licence that names another one in its title was taken for that other one.
    #[test]
    fn only_one_zzbs_states_an_identifier() {
        let other = "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260002.001.8";
        let custom = |items: &[(&str, &str)]| {
            let items = items.iter().map(|(name, text)| format!("<CustomData Name='{name}'>{text}</CustomData>"));
            metadata_of(&format!("<Title>{other}</Title><CustomDatas>{}</CustomDatas>", items.collect::<String>()))
        };
        assert!(custom(&[("ZZBS", ID)]).is_licence_id_stated);
        assert!(custom(&[("ZZBS", ID), ("ZZBS", ID)]).is_licence_id_stated);
        for items in [&[][..], &[("X", ID)], &[("ZZBS", ID), ("ZZBS", other)]] {
            let metadata = custom(items);
            assert!(metadata.licence_id.is_some() && !metadata.is_licence_id_stated, "{items:?}");
        }
    }

    #[test]
    fn control_characters_of_values_are_escaped() {
        let metadata = metadata_of(
            "<DocID>d\u{1b}[2J</DocID><Creator>\u{202e}x</Creator><CustomDatas><CustomData Name='ZZMC'>a\u{1b}[2J&#x9b;b</CustomData>\
             <CustomData Name='ZZBS'>1\u{7f}2</CustomData></CustomDatas>",
        );
        assert_eq!(metadata.doc_id.as_deref(), Some("d\\u{1b}[2J"));
        assert_eq!(metadata.creator.as_deref(), Some("\\u{202e}x"));
        assert_eq!(metadata.fields["ZZMC"], "a\\u{1b}[2J\\u{9b}b");
        assert_eq!(metadata.licence_id.as_deref(), Some("1\\u{7f}2"));
    }

    #[test]
    fn nothing_about_a_person_is_taken() {
        let metadata = metadata_of(
            "<Title>张三的证照</Title><Author>李四</Author><CustomDatas><CustomData Name='CZZT'>张三</CustomData>\
             <CustomData Name='CZZTDM'>11010519491231002X</CustomData><CustomData Name='ZZBH'>11010519491231002X</CustomData>\
             <CustomData Name='ZZMC'>持证人 11010519491231002X</CustomData>\
             <CustomData Name='ZZBS'>11010519491231002X</CustomData></CustomDatas>",
        );
        assert_eq!(metadata, Metadata { documents: 1, ..Metadata::default() });
    }
}
