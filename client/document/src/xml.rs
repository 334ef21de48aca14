//! XML within limits: no document type, no entities of its own, bounded depth, size and count. UTF-8 as GB/T 33190 has it; UTF-16 and
//! GBK are read where the file says so itself, by its first bytes or its declaration (XML 1.0, appendix F).
//!
//! Two ways to read: [`walk`] hands over one step at a time and keeps nothing, for pages and resources; [`parse`] makes a small
//! tree, for the few files whose structure is needed whole. Names are compared without their prefix: vendors write `ofd:Page`,
//! `Page` and others.

mod encoding;
mod tree;

pub use encoding::departure;
pub use tree::{Element, parse};

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::defect::Defect;
use crate::limits::Limits;
use crate::reason::Reason;

/// Most attributes of one element.
const ATTRIBUTES_MAX: usize = 256;
/// One step through an XML file.
#[derive(Debug)]
pub enum Step<'s> {
    /// An element begins.
    Open(Start<'s>),
    /// Text of the innermost open element, possibly only a part of it.
    Text(&'s str),
    /// The innermost open element ends.
    Close,
}

/// The beginning of an element.
#[derive(Debug)]
pub struct Start<'s>(&'s BytesStart<'s>);

impl Start<'_> {
    /// Name without prefix.
    pub fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// Whether an attribute may be there whose name contains `part`. Cheap; sometimes true where there is none.
    pub fn may_have_attribute(&self, part: &str) -> bool {
        self.0.attributes_raw().contains(part)
    }

    /// Attributes without prefixes, in their order. Those with a prefix come last, so that they never stand in for one without.
    ///
    /// # Errors
    /// [`Fault`] where an attribute is malformed or repeated, uses an entity, or there are more than 256.
    pub fn attributes(&self) -> Result<Vec<(String, String)>, Fault> {
        let mut plain = Vec::new();
        let mut prefixed = Vec::new();
        for attribute in self.0.attributes() {
            let attribute = attribute.map_err(Fault::malformed)?;
            if plain.len() + prefixed.len() == ATTRIBUTES_MAX {
                return Err(Fault(Reason::XmlTooLarge, "too many attributes".to_owned()));
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(Fault::entity)?.into_owned();
            let name = attribute.key.local_name().into_inner().to_owned();
            match attribute.key.prefix() {
                None => plain.push((name, value)),
                Some(_) => prefixed.push((name, value)),
            }
        }
        plain.append(&mut prefixed);
        Ok(plain)
    }
}

/// Why an XML file could not be read; becomes a [`Defect`] once it is known where.
#[derive(Debug)]
pub struct Fault(Reason, String);

impl Fault {
    pub(crate) fn new(code: Reason, detail: &str) -> Self {
        Self(code, detail.to_owned())
    }

    fn malformed(error: impl std::fmt::Display) -> Self {
        Self(Reason::XmlMalformed, error.to_string())
    }

    fn entity(error: impl std::fmt::Display) -> Self {
        Self(Reason::XmlEntity, error.to_string())
    }

    /// The defect of the entry `place`.
    pub fn at(self, place: &str) -> Defect {
        Defect::new(self.0, place, self.1)
    }
}

/// Steps through an XML file from its beginning to its end.
///
/// # Errors
/// [`Fault`] with an `XML_...` reason, or what `visit` returns.
pub fn walk(bytes: &[u8], limits: &Limits, mut visit: impl FnMut(Step<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits.xml_bytes_max {
        return Err(Fault(Reason::XmlTooLarge, format!("{} bytes", bytes.len())));
    }
    let text = encoding::text_of(bytes).map_err(|detail| Fault(Reason::XmlEncoding, detail))?;
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut depth: usize = 0;
    let mut roots: usize = 0;
    loop {
        match reader.read_event().map_err(Fault::malformed)? {
            Event::Start(start) => {
                roots += usize::from(depth == 0);
                depth += 1;
                check_nesting(depth, roots, limits)?;
                visit(Step::Open(Start(&start)))?;
            }
            Event::Empty(start) => {
                roots += usize::from(depth == 0);
                check_nesting(depth + 1, roots, limits)?;
                visit(Step::Open(Start(&start)))?;
                visit(Step::Close)?;
            }
            Event::End(_) => {
                depth = depth.checked_sub(1).ok_or_else(|| Fault::malformed("end without a beginning"))?;
                visit(Step::Close)?;
            }
            Event::Text(text) => text_step(&text.xml10_content(), depth, &mut visit)?,
            Event::CData(text) => text_step(&text.xml10_content(), depth, &mut visit)?,
            Event::GeneralRef(reference) => text_step(resolved(&reference)?.as_str(), depth, &mut visit)?,
            Event::DocType(_) => return Err(Fault::new(Reason::XmlDtd, "DOCTYPE")),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if depth == 0 && roots == 1 { Ok(()) } else { Err(Fault::malformed("not one whole element")) }
}

fn check_nesting(depth: usize, roots: usize, limits: &Limits) -> Result<(), Fault> {
    if depth > limits.xml_depth_max {
        return Err(Fault(Reason::XmlDepth, format!("more than {} levels", limits.xml_depth_max)));
    }
    if roots > 1 { Err(Fault::malformed("more than one root element")) } else { Ok(()) }
}

fn text_step(text: &str, depth: usize, visit: &mut impl FnMut(Step<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
    match depth {
        0 if text.chars().all(char::is_whitespace) => Ok(()),
        0 => Err(Fault::malformed("text outside the root element")),
        _ => visit(Step::Text(text)),
    }
}

/// A character reference, or one of the five entities of XML itself.
fn resolved(reference: &BytesRef<'_>) -> Result<String, Fault> {
    if let Some(character) = reference.resolve_char_ref().map_err(Fault::entity)? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    resolve_predefined_entity(&name).map(str::to_owned).ok_or_else(|| Fault::entity(format!("&{name};")))
}
