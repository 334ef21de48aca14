//! What objects are in a document: catalog, form, fields, pages, annotations and what else a later revision may touch.

use std::collections::{BTreeMap, BTreeSet};

use super::bounds::{DEPTH_MAX, WALKED_MAX, too_many};
use super::file::Pdf;
use super::value::{Dict, Value};
use crate::defect::Defect;
use crate::text::cut;

/// Longest name of a field that is shown, in characters.
const NAME_CHARS_MAX: usize = 64;

/// A field of the form, or a widget of one.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub number: Option<u32>,
    /// With the names of the fields above it.
    pub name: String,
    /// `Sig`, `Tx`, `Btn`, `Ch`, its own or inherited; empty where none is said.
    pub kind: Vec<u8>,
    pub dict: Dict,
}

/// A text string (7.9.2): UTF-16 with its mark, else taken byte by byte.
pub(super) fn text(bytes: &[u8]) -> String {
    let text: String = match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units = rest.chunks(2).map(|pair| match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                _ => 0xfffd,
            });
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        },
    };
    cut(&text, NAME_CHARS_MAX)
}

/// Every field of the form of a revision, those above before those below.
pub(super) fn fields(pdf: &Pdf<'_>, revision: usize) -> Result<Vec<Field>, Defect> {
    let form = pdf.dict_in(revision, &pdf.catalog(revision)?, "AcroForm")?;
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let top = pdf.array_in(revision, &form, "Fields")?;
    let mut todo: Vec<(Value, String, Vec<u8>, usize)> =
        top.into_iter().rev().map(|value| (value, String::new(), Vec::new(), 0)).collect();
    while let Some((value, above, kind, depth)) = todo.pop() {
        let number = value.reference();
        if number.is_some_and(|number| !seen.insert(number)) || depth > DEPTH_MAX {
            continue;
        }
        let Value::Dict(dict) = pdf.resolve(revision, &value)? else { continue };
        let kind = dict.name("FT").map_or(kind, <[u8]>::to_vec);
        let name = match dict.get("T") {
            Some(Value::Text(own)) if above.is_empty() => text(&own.bytes),
            Some(Value::Text(own)) => cut(&format!("{above}.{}", text(&own.bytes)), NAME_CHARS_MAX),
            _ => above,
        };
        for kid in pdf.array_in(revision, &dict, "Kids")?.into_iter().rev() {
            todo.push((kid, name.clone(), kind.clone(), depth + 1));
        }
        found.push(Field { number, name, kind, dict });
        if found.len() + todo.len() > WALKED_MAX {
            return Err(too_many("form fields"));
        }
    }
    Ok(found)
}

/// The numbers of the objects that play a part in one revision.
#[derive(Debug, Default)]
pub(super) struct Roles {
    pub catalog: u32,
    pub form: Option<u32>,
    /// Arrays of fields: /Fields of the form, /Kids of a field.
    pub field_lists: BTreeSet<u32>,
    /// Kind and name.
    pub fields: BTreeMap<u32, (Vec<u8>, String)>,
    /// Appearances of fields that are no signatures, with the name of the field.
    pub appearances: BTreeMap<u32, String>,
    pub pages: BTreeSet<u32>,
    pub annotation_lists: BTreeSet<u32>,
    pub annotations: BTreeSet<u32>,
    /// The store of certificates and revocation lists (DSS), and what only it holds.
    pub security: BTreeSet<u32>,
    pub metadata: BTreeSet<u32>,
    pub permissions: Option<u32>,
}

impl Roles {
    pub fn of(pdf: &Pdf<'_>, revision: usize) -> Result<Self, Defect> {
        let catalog = pdf.catalog(revision)?;
        let number = |key: &str| catalog.get(key).and_then(Value::reference);
        let mut roles = Self {
            catalog: pdf.root(revision)?,
            form: number("AcroForm"),
            permissions: number("Perms"),
            ..Self::default()
        };
        roles.metadata.extend(number("Metadata"));
        roles.metadata.extend(pdf.revision(revision)?.trailer.get("Info").and_then(Value::reference));
        if let Some(store) = catalog.get("DSS") {
            roles.security = reached(pdf, revision, store)?;
        }
        let form = pdf.dict_in(revision, &catalog, "AcroForm")?;
        roles.field_lists.extend(form.get("Fields").and_then(Value::reference));
        for field in fields(pdf, revision)? {
            roles.field_lists.extend(field.dict.get("Kids").and_then(Value::reference));
            if field.kind != b"Sig" {
                let appearance = field.dict.get("AP").cloned().unwrap_or(Value::Null);
                appearance.references(&mut |number| drop(roles.appearances.insert(number, field.name.clone())));
                if let Value::Dict(states) = pdf.resolve(revision, &appearance)? {
                    let mut add = |number| drop(roles.appearances.insert(number, field.name.clone()));
                    states.entries.iter().for_each(|(_, value)| value.references(&mut add));
                }
            }
            if let Some(number) = field.number {
                roles.fields.insert(number, (field.kind, field.name));
            }
        }
        roles.walk_pages(pdf, revision, &catalog)?;
        Ok(roles)
    }

    fn walk_pages(&mut self, pdf: &Pdf<'_>, revision: usize, catalog: &Dict) -> Result<(), Defect> {
        let mut todo: Vec<(Value, usize)> = catalog.get("Pages").cloned().map(|pages| (pages, 0)).into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some((value, depth)) = todo.pop() {
            let Some(number) = value.reference().filter(|number| seen.insert(*number)) else { continue };
            let Value::Dict(dict) = pdf.resolve(revision, &value)? else { continue };
            if dict.get("Kids").is_some() && depth < DEPTH_MAX {
                todo.extend(pdf.array_in(revision, &dict, "Kids")?.into_iter().map(|kid| (kid, depth + 1)));
            } else {
                self.pages.insert(number);
                self.annotation_lists.extend(dict.get("Annots").and_then(Value::reference));
                let annotations = pdf.array_in(revision, &dict, "Annots")?;
                self.annotations.extend(annotations.iter().filter_map(Value::reference));
            }
            if seen.len() + todo.len() + self.annotations.len() > WALKED_MAX {
                return Err(too_many("pages and annotations"));
            }
        }
        Ok(())
    }
}

/// Keys of pages that lead away from what the page itself draws.
const NOT_DRAWN: [&[u8]; 5] = [b"Annots", b"Parent", b"AA", b"B", b"Metadata"];

/// The numbers of everything that pages draw themselves: content, fonts, pictures, but no annotations and fields.
pub(super) fn drawn(pdf: &Pdf<'_>, revision: usize) -> Result<BTreeSet<u32>, Defect> {
    let (mut found, mut todo) = (BTreeSet::new(), Vec::new());
    todo.extend(pdf.catalog(revision)?.get("Pages").and_then(Value::reference));
    while let Some(number) = todo.pop() {
        if !found.insert(number) {
            continue;
        }
        let Some(object) = pdf.object(revision, number)? else { continue };
        match object.value {
            Value::Dict(dict) => {
                let drawn = dict.entries.iter().filter(|(key, _)| !NOT_DRAWN.contains(&key.as_slice()));
                drawn.for_each(|(_, value)| value.references(&mut |number| todo.push(number)));
            }
            value => value.references(&mut |number| todo.push(number)),
        }
    }
    Ok(found)
}

/// The numbers of everything that a value leads to.
pub(super) fn reached(pdf: &Pdf<'_>, revision: usize, from: &Value) -> Result<BTreeSet<u32>, Defect> {
    let (mut found, mut todo) = (BTreeSet::new(), Vec::new());
    from.references(&mut |number| todo.push(number));
    while let Some(number) = todo.pop() {
        if !found.insert(number) {
            continue;
        }
        if let Some(object) = pdf.object(revision, number)? {
            object.value.references(&mut |number| {
                if !found.contains(&number) {
                    todo.push(number);
                }
            });
        }
    }
    Ok(found)
}
