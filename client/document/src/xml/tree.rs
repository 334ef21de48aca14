//! A small tree, for the files whose structure is needed whole.

use super::{Fault, Step, walk};
use crate::limits::Limits;
use crate::reason::Reason;

/// Most attributes kept of one file, per element allowed.
const ATTRIBUTES_PER_ELEMENT: usize = 4;

/// One element. Names are without prefix.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: String,
    attributes: Vec<(String, String)>,
    text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The first attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Its own text, trimmed; `None` where there is none.
    pub fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// All elements in it of this name.
    pub fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element in it of this name.
    pub fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first element in it of this name.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(Self::text)
    }
}

/// Reads a file into a tree and returns its root.
///
/// # Errors
/// [`Fault`] with an `XML_...` reason.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Element, Fault> {
    let mut open = vec![Element::default()];
    let (mut elements, mut attributes) = (0_usize, 0_usize);
    walk(bytes, limits, |step| {
        match step {
            Step::Open(start) => {
                let element =
                    Element { name: start.name().to_owned(), attributes: start.attributes()?, ..Element::default() };
                elements += 1;
                attributes += element.attributes.len();
                if elements > limits.xml_elements_max
                    || attributes > limits.xml_elements_max.saturating_mul(ATTRIBUTES_PER_ELEMENT)
                {
                    return Err(Fault::new(Reason::XmlTooLarge, "too many elements or attributes"));
                }
                open.push(element);
            }
            Step::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(text);
                }
            }
            Step::Close => {
                if let Some(element) = open.pop()
                    && let Some(parent) = open.last_mut()
                {
                    parent.children.push(element);
                }
            }
        }
        Ok(())
    })?;
    let root = open.pop().and_then(|mut document| document.children.pop());
    root.ok_or_else(|| Fault::new(Reason::XmlMalformed, "no element"))
}
