//! What the parts of a document lead to, through any number of references.

use std::collections::BTreeSet;

use super::file::Pdf;
use super::roles::Roles;
use super::value::{Dict, Value};
use crate::defect::Defect;

/// A signed revision: what later ones are held against. Nothing of it is taken from a later revision, because whoever appends one could
/// first make an object harmless and then change it.
#[derive(Debug)]
pub(super) struct Signed {
    pub roles: Roles,
    /// Whatever pages and annotations draw.
    pub shown: BTreeSet<u32>,
    /// Whatever the catalog leads to otherwise than as metadata, as the appearance of a field that is filled in, or in the DSS.
    pub led_to: BTreeSet<u32>,
    /// The store of certificates and revocation lists (DSS), and what it leads to.
    pub stored: BTreeSet<u32>,
    /// Whatever the catalog leads to.
    pub everything: BTreeSet<u32>,
}

impl Signed {
    pub fn of(pdf: &Pdf<'_>, revision: usize) -> Result<Self, Defect> {
        let roles = Roles::of(pdf, revision)?;
        let catalog = pdf.catalog(revision)?;
        let stored = catalog.get("DSS").map(|store| reached(pdf, revision, store)).transpose()?.unwrap_or_default();
        let led_to = walk(pdf, revision, from(&catalog, &["Metadata", "DSS"]), |number, key| match key {
            b"Metadata" | b"DSS" => number != roles.catalog,
            b"AP" => !roles.is_filled_in(number),
            _ => true,
        })?;
        let everything = reached(pdf, revision, &Value::Reference(roles.catalog, 0))?;
        Ok(Self { shown: shown(pdf, revision, &roles)?, led_to, stored, everything, roles })
    }
}

fn from(dict: &Dict, but: &[&str]) -> Vec<u32> {
    let mut found = Vec::new();
    for (_, value) in dict.entries.iter().filter(|(key, _)| !but.iter().any(|name| name.as_bytes() == key)) {
        value.references(&mut |number| found.push(number));
    }
    found
}

/// The numbers of everything that pages and annotations draw. Pages themselves and the nodes above them have parts of their own: what
/// leads back to one draws nothing.
fn shown(pdf: &Pdf<'_>, revision: usize, roles: &Roles) -> Result<BTreeSet<u32>, Defect> {
    let is_of_tree = |number: &u32| roles.pages.contains(number) || roles.nodes.contains(number);
    let mut todo = roles.drawn_from.clone();
    todo.retain(|number| !is_of_tree(number));
    let mut found = BTreeSet::new();
    while let Some(number) = todo.pop() {
        if found.insert(number)
            && let Some(object) = pdf.object(revision, number)?
        {
            object.value.references(&mut |number| {
                if !is_of_tree(&number) && !found.contains(&number) {
                    todo.push(number);
                }
            });
        }
    }
    Ok(found)
}

/// The numbers of everything that a value leads to.
pub(super) fn reached(pdf: &Pdf<'_>, revision: usize, from: &Value) -> Result<BTreeSet<u32>, Defect> {
    let mut todo = Vec::new();
    from.references(&mut |number| todo.push(number));
    walk(pdf, revision, todo, |_, _| true)
}

/// Everything that `todo` leads to. `is_followed` is asked with the number of an object and a key of its dictionary.
fn walk(
    pdf: &Pdf<'_>,
    revision: usize,
    mut todo: Vec<u32>,
    is_followed: impl Fn(u32, &[u8]) -> bool,
) -> Result<BTreeSet<u32>, Defect> {
    let mut found = BTreeSet::new();
    while let Some(number) = todo.pop() {
        if !found.insert(number) {
            continue;
        }
        let Some(object) = pdf.object(revision, number)? else { continue };
        let mut note = |number| {
            if !found.contains(&number) {
                todo.push(number);
            }
        };
        match &object.value {
            Value::Dict(dict) => {
                let followed = dict.entries.iter().filter(|(key, _)| is_followed(number, key));
                followed.for_each(|(_, value)| value.references(&mut note));
            }
            value => value.references(&mut note),
        }
    }
    Ok(found)
}
