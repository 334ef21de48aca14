//! Opens a file: the package, `OFD.xml`, then everything that it names.

use std::collections::BTreeSet;

use super::coverage::{self, Protected};
use super::integrity::{self, Integrity};
use super::location::{folder_of, resolve};
use super::metadata;
use super::notes::{Notes, note_encoding};
use super::reached::{Reached, Use};
use super::signatures::{Reader, Signatures};
use super::types::{IntegrityList, Metadata, SignatureFile};
use super::walk::Walk;
use crate::defect::Defect;
use crate::limits::Limits;
use crate::package::{EntryId, Package};
use crate::reason::Reason;
use crate::xml::{self, Element, Fault, Step};

const ROOT_NAME: &str = "OFD.xml";
/// Most documents of one file. The standard allows several; none has been met with more than one.
const DOCUMENTS_MAX: usize = 16;

/// Everything that is known of a file once it is open.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub package: Package<'a>,
    /// `OFD.xml`.
    pub root: EntryId,
    pub documents: Vec<Reached>,
    pub signatures: Vec<SignatureFile>,
    pub protected: Vec<Protected>,
    /// Files made by signing.
    pub machinery: BTreeSet<EntryId>,
    pub unreferenced: Vec<String>,
    pub not_shown: Vec<String>,
    pub integrity: Option<IntegrityList>,
    pub metadata: Metadata,
    pub defects: Vec<Defect>,
    pub is_complete: bool,
}

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>, Defect> {
    let package = Package::open(bytes, limits)?;
    let mut notes = Notes::new(limits.defects_max);
    package.defects().iter().cloned().for_each(|defect| notes.push(defect));
    let (root, tree) = read_root(&package, limits, &mut notes)?;
    let (documents, is_complete) = walk_documents(&package, limits, &mut notes, root, &tree);
    let signatures = read_signatures(&package, limits, &mut notes, &tree);
    let integrity = integrity::read(&package, limits);
    let (integrity_list, integrity_machinery) = match integrity {
        Some(Integrity { list, machinery, .. }) => (Some(list), machinery),
        None => (None, Vec::new()),
    };
    let protected: Vec<Protected> =
        signatures.files.iter().map(|signature| protected_by(&package, signature)).collect();
    let machinery: BTreeSet<EntryId> = signatures.machinery.into_iter().chain(integrity_machinery).collect();
    let dropped = dropped_signatures(&package, limits, &protected, &documents, &machinery);
    let protected_entries = protected.iter().flat_map(|one| &one.entries).copied();
    let vouched: BTreeSet<EntryId> = protected_entries.filter(|entry| !dropped.contains(entry)).collect();
    Ok(Opened {
        not_shown: coverage::not_shown(&package, root, &documents, &machinery, &vouched),
        unreferenced: coverage::unreferenced(&package, root, &documents, &machinery, &vouched),
        package,
        root,
        documents,
        signatures: signatures.files,
        protected,
        machinery,
        integrity: integrity_list,
        metadata: metadata::read(&tree),
        defects: notes.into_kept(),
        is_complete,
    })
}

fn read_root(package: &Package<'_>, limits: &Limits, notes: &mut Notes) -> Result<(EntryId, Element), Defect> {
    let entry = match (package.find(ROOT_NAME), package.find_folded(ROOT_NAME)) {
        (Some(entry), _) => entry,
        (None, Some(entry)) => {
            notes.add(Reason::LocationInexact, package.name(entry), "should be OFD.xml");
            entry
        }
        (None, None) => return Err(Defect::new(Reason::OfdStructure, ROOT_NAME, "no OFD.xml in the package")),
    };
    let name = package.name(entry);
    let bytes = package.read(entry, limits.signature_bytes_max).map_err(|mut defect| {
        if defect.code == Reason::TooMany {
            defect.code = Reason::XmlTooLarge;
        }
        defect
    })?;
    note_encoding(notes, name, &bytes);
    let tree = xml::parse(&bytes, limits).map_err(|fault| fault.at(name))?;
    let documents = tree.all("DocBody").count();
    if tree.name != "OFD" || documents == 0 {
        return Err(Defect::new(Reason::OfdStructure, name, "no OFD element with a DocBody"));
    }
    if documents > DOCUMENTS_MAX {
        return Err(Defect::new(Reason::TooMany, name, format!("{documents} documents")));
    }
    Ok((entry, tree))
}

/// What each document of `OFD.xml` reaches, and whether all of it could be read.
fn walk_documents(
    package: &Package<'_>,
    limits: &Limits,
    notes: &mut Notes,
    root: EntryId,
    tree: &Element,
) -> (Vec<Reached>, bool) {
    let mut walk = Walk::new(package, limits, notes);
    let mut documents = Vec::new();
    for body in tree.all("DocBody") {
        let mut reached = Reached::new();
        let roots: Vec<&str> = body.all("DocRoot").filter_map(Element::text).collect();
        if roots.is_empty() {
            walk.note(Reason::OfdStructure, root, "DocBody without DocRoot");
        }
        roots.into_iter().for_each(|location| walk.start(root, location, Use::Walk, &mut reached));
        for version in body.all("Versions").flat_map(|versions| versions.all("Version")) {
            if let Some(location) = version.attribute("BaseLoc").or_else(|| version.text()) {
                walk.start(root, location, Use::Walk, &mut reached);
            }
        }
        for cover in body.all("DocInfo").flat_map(|info| info.all("Cover")).filter_map(Element::text) {
            walk.start(root, cover, Use::Leaf, &mut reached);
        }
        documents.push(reached);
    }
    let is_complete = walk.is_complete();
    (documents, is_complete)
}

fn read_signatures(package: &Package<'_>, limits: &Limits, notes: &mut Notes, tree: &Element) -> Signatures {
    let mut signatures = Signatures::default();
    let mut reader = Reader { package, limits, notes };
    for (document, body) in tree.all("DocBody").enumerate() {
        let root = body.text_of("DocRoot").and_then(|location| resolve(package, "", location).entry());
        let home = root.map_or("", |entry| folder_of(package.name(entry)));
        for list in body.all("Signatures") {
            let location = list.text().or_else(|| list.attribute("BaseLoc")).unwrap_or_default();
            reader.read_list(home, location, document, &mut signatures);
        }
    }
    signatures
}

fn protected_by(package: &Package<'_>, signature: &SignatureFile) -> Protected {
    let names = signature.references.iter().filter_map(|reference| reference.entry.as_deref());
    Protected { document: signature.document, entries: names.filter_map(|name| package.find(name)).collect() }
}

/// Files that are a `Signature.xml` by their content, that a signature protects, and that no list names: a signature was taken out of
/// the list. Its protection by a later signature must not excuse it.
fn dropped_signatures(
    package: &Package<'_>,
    limits: &Limits,
    protected: &[Protected],
    documents: &[Reached],
    machinery: &BTreeSet<EntryId>,
) -> BTreeSet<EntryId> {
    let protected: BTreeSet<EntryId> = protected.iter().flat_map(|one| &one.entries).copied().collect();
    let is_known =
        |entry: &EntryId| machinery.contains(entry) || documents.iter().any(|reached| reached.contains_key(entry));
    protected.into_iter().filter(|entry| !is_known(entry) && is_signature_xml(package, *entry, limits)).collect()
}

/// Whether the root element of the entry is `Signature`.
fn is_signature_xml(package: &Package<'_>, entry: EntryId, limits: &Limits) -> bool {
    let is_xml = package.name(entry).to_lowercase().ends_with(".xml");
    let bytes = if is_xml { package.read(entry, limits.signature_bytes_max) } else { return false };
    let Ok(bytes) = bytes else { return false };
    let mut root = None;
    // Stops at the first element: the rest of the file is of no interest here.
    let stopped = xml::walk(&bytes, limits, |step| match step {
        Step::Open(start) => {
            root = Some(start.name() == "Signature");
            Err(Fault::new(Reason::OfdStructure, "seen enough"))
        }
        _ => Ok(()),
    });
    stopped.is_err() && root == Some(true)
}
