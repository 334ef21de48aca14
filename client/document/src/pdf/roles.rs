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

/// A part that an object plays. One object may play several, as a form that is a field of itself; then each is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'r> {
    Catalog,
    Form,
    Permissions,
    /// An array of fields: /Fields of the form, /Kids of a field.
    FieldList,
    /// Kind and name.
    Field(&'r [u8], &'r str),
    Page,
    AnnotationList,
    /// An annotation that is not a field.
    Annotation,
    /// The appearance of a field that is not a signature, with the name of the field.
    Appearance(&'r str),
    /// XMP or document information.
    Metadata,
}

/// The numbers of the objects that play a part in one revision.
#[derive(Debug, Default)]
pub(super) struct Roles {
    pub catalog: u32,
    form: Option<u32>,
    field_lists: BTreeSet<u32>,
    fields: BTreeMap<u32, (Vec<u8>, String)>,
    appearances: BTreeMap<u32, String>,
    pub pages: BTreeSet<u32>,
    /// Nodes of the tree of pages, without the pages.
    pub nodes: BTreeSet<u32>,
    annotation_lists: BTreeSet<u32>,
    annotations: BTreeSet<u32>,
    metadata: BTreeSet<u32>,
    permissions: Option<u32>,
    /// What pages, annotations and the catalog draw from, see [`super::reach::shown`].
    pub drawn_from: Vec<u32>,
}

/// Keys of a page that lead away from what the page itself draws.
const NOT_DRAWN_BY_PAGES: [&str; 5] = ["Annots", "Parent", "AA", "B", "Metadata"];
/// The same of a node of the tree of pages.
const NOT_DRAWN_BY_NODES: [&str; 2] = ["Kids", "Parent"];
/// The same of an annotation. For the value and the appearance of fields there are parts of their own.
const NOT_DRAWN_BY_ANNOTATIONS: [&str; 13] =
    ["P", "Parent", "Popup", "IRT", "A", "AA", "PA", "Dest", "V", "DV", "Kids", "Lock", "SV"];
/// The same of the catalog.
const NOT_DRAWN_BY_CATALOG: [&str; 13] = [
    "Pages",
    "AcroForm",
    "Metadata",
    "DSS",
    "Perms",
    "StructTreeRoot",
    "Names",
    "Outlines",
    "Dests",
    "OpenAction",
    "AA",
    "Threads",
    "Legal",
];

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
        let form = pdf.dict_in(revision, &catalog, "AcroForm")?;
        roles.field_lists.extend(form.get("Fields").and_then(Value::reference));
        for field in fields(pdf, revision)? {
            roles.field_lists.extend(field.dict.get("Kids").and_then(Value::reference));
            if has_own_looks(&field.kind) {
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
        roles.draw(&catalog, &NOT_DRAWN_BY_CATALOG);
        roles.walk_pages(pdf, revision, &catalog)?;
        Ok(roles)
    }

    /// Every part that an object plays.
    pub fn parts(&self, number: u32) -> Vec<Part<'_>> {
        let field = self.fields.get(&number).map(|(kind, name)| Part::Field(kind, name));
        let annotation = self.annotations.contains(&number) && field.is_none();
        let plays = [
            (number == self.catalog, Part::Catalog),
            (self.form == Some(number), Part::Form),
            (self.permissions == Some(number), Part::Permissions),
            (self.field_lists.contains(&number), Part::FieldList),
            (self.pages.contains(&number), Part::Page),
            (self.annotation_lists.contains(&number), Part::AnnotationList),
            (annotation, Part::Annotation),
            (self.metadata.contains(&number), Part::Metadata),
        ];
        let looks = self.appearances.get(&number).map(|name| Part::Appearance(name));
        plays.into_iter().filter_map(|(is, part)| is.then_some(part)).chain(field).chain(looks).collect()
    }

    /// Whether a field's appearance may change with its value.
    pub fn is_filled_in(&self, number: u32) -> bool {
        self.fields.get(&number).is_some_and(|(kind, _)| has_own_looks(kind))
    }

    fn walk_pages(&mut self, pdf: &Pdf<'_>, revision: usize, catalog: &Dict) -> Result<(), Defect> {
        let mut todo: Vec<(Value, usize)> = catalog.get("Pages").cloned().map(|pages| (pages, 0)).into_iter().collect();
        let (mut seen, mut walked) = (BTreeSet::new(), 0);
        while let Some((value, depth)) = todo.pop() {
            let number = value.reference();
            if number.is_some_and(|number| !seen.insert(number)) {
                continue;
            }
            let Value::Dict(dict) = pdf.resolve(revision, &value)? else { continue };
            if dict.get("Kids").is_some() && depth < DEPTH_MAX {
                self.nodes.extend(number);
                self.draw(&dict, &NOT_DRAWN_BY_NODES);
                self.drawn_from.extend(dict.get("Kids").and_then(Value::reference));
                todo.extend(pdf.array_in(revision, &dict, "Kids")?.into_iter().map(|kid| (kid, depth + 1)));
            } else {
                self.pages.extend(number);
                self.draw(&dict, &NOT_DRAWN_BY_PAGES);
                self.annotation_lists.extend(dict.get("Annots").and_then(Value::reference));
                walked += self.walk_annotations(pdf, revision, &dict)?;
            }
            walked += 1;
            if walked + todo.len() > WALKED_MAX {
                return Err(too_many("pages and annotations"));
            }
        }
        Ok(())
    }

    /// Returns how many there are.
    fn walk_annotations(&mut self, pdf: &Pdf<'_>, revision: usize, page: &Dict) -> Result<usize, Defect> {
        let annotations = pdf.array_in(revision, page, "Annots")?;
        if annotations.len() > WALKED_MAX {
            return Err(too_many("annotations"));
        }
        for annotation in &annotations {
            let number = annotation.reference();
            if number.is_some_and(|number| !self.annotations.insert(number)) {
                continue;
            }
            let Value::Dict(dict) = pdf.resolve(revision, annotation)? else { continue };
            self.draw(&dict, &NOT_DRAWN_BY_ANNOTATIONS);
            if number.is_some_and(|number| self.is_filled_in(number)) {
                continue;
            }
            let looks = dict.get("AP").cloned().unwrap_or(Value::Null);
            looks.references(&mut |number| self.drawn_from.push(number));
        }
        Ok(annotations.len())
    }

    /// Notes what a dictionary draws from: everything but its appearance and what some keys lead to.
    fn draw(&mut self, dict: &Dict, but: &[&str]) {
        let is_drawn = |key: &[u8]| key != b"AP" && !but.iter().any(|name| name.as_bytes() == key);
        for (_, value) in dict.entries.iter().filter(|(key, _)| is_drawn(key)) {
            value.references(&mut |number| self.drawn_from.push(number));
        }
    }
}

/// Kinds of fields whose appearance is made from a value that may be filled in.
fn has_own_looks(kind: &[u8]) -> bool {
    [&b"Tx"[..], b"Btn", b"Ch"].contains(&kind)
}
