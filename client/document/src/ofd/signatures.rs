//! Reads `Signatures.xml` and each `Signature.xml` it lists (GB/T 33190-2016 chapter 18).

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::location::{Target, folder_of, resolve};
use super::notes::{Notes, note_encoding};
use super::types::{Reference, SignatureFile, SignatureKind, Stamp};
use crate::defect::Defect;
use crate::limits::Limits;
use crate::package::{EntryId, Package};
use crate::reason::Reason;
use crate::xml::{self, Element};

/// Longest value kept of an attribute or element that ends up in a report, in characters.
const VALUE_CHARS_MAX: usize = 256;
/// Most places of one seal that are kept.
const STAMPS_MAX: usize = 1000;
/// Base64 as vendors write it: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// All signatures of the file, and which entries exist for the sake of signing.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    pub files: Vec<SignatureFile>,
    /// `Signatures.xml`, `Signature.xml`, signature values and seals.
    pub machinery: Vec<EntryId>,
    bytes_kept: u64,
}

/// Reads what the package has of signatures.
pub(super) struct Reader<'r, 'a> {
    pub package: &'r Package<'a>,
    pub limits: &'r Limits,
    pub notes: &'r mut Notes,
}

impl Reader<'_, '_> {
    /// Reads the list that `OFD.xml` names for its document number `document`. A list that cannot be read counts as one signature
    /// with a defect: the file must not pass for an unsigned one. The location is from the root; some software writes it from `home`, the
    /// folder of the document.
    pub(super) fn read_list(&mut self, home: &str, location: &str, document: usize, into: &mut Signatures) {
        let found = self.entry("", location).or_else(|missing| match resolve(self.package, home, location).entry() {
            Some(entry) => {
                self.notes.add(Reason::LocationInexact, home, location);
                Ok(entry)
            }
            None => Err(missing),
        });
        let listed = found.and_then(|entry| {
            into.machinery.push(entry);
            let bytes = self.package.read(entry, self.limits.signature_bytes_max)?;
            let name = self.package.name(entry);
            note_encoding(self.notes, name, &bytes);
            Ok((name.to_owned(), xml::parse(&bytes, self.limits).map_err(|fault| fault.at(name))?))
        });
        match listed {
            Ok((name, list)) => {
                for item in list.all("Signature") {
                    if into.files.len() >= self.limits.signatures_max {
                        into.files.push(broken(document, &name, Defect::new(Reason::TooMany, &name, "signatures")));
                        return;
                    }
                    let file = self.read_item(item, &name, document, into);
                    into.files.push(file);
                }
            }
            Err(defect) => into.files.push(broken(document, location, defect)),
        }
    }

    fn read_item(&mut self, item: &Element, list: &str, document: usize, into: &mut Signatures) -> SignatureFile {
        let location = item.attribute("BaseLoc").or_else(|| item.text_of("BaseLoc")).unwrap_or_default();
        let mut file = SignatureFile {
            id: cut(item.attribute("ID").unwrap_or_default()),
            kind: kind_of(item.attribute("Type")),
            ..SignatureFile::empty(document, location)
        };
        let read = self.entry(folder_of(list), location).and_then(|entry| {
            into.machinery.push(entry);
            self.package.name(entry).clone_into(&mut file.path);
            file.xml = self.package.read(entry, self.limits.signature_bytes_max.saturating_sub(into.bytes_kept))?;
            into.bytes_kept = into.bytes_kept.saturating_add(u64::try_from(file.xml.len()).unwrap_or(u64::MAX));
            if let Some(odd) = xml::departure(&file.xml) {
                file.defects.push(Defect::new(Reason::NonstandardEncoding, &file.path, odd));
            }
            xml::parse(&file.xml, self.limits).map_err(|fault| fault.at(&file.path))
        });
        match read {
            Ok(root) => self.read_signature(&root, &mut file, into),
            Err(defect) => file.defects.push(defect),
        }
        file
    }

    fn read_signature(&mut self, root: &Element, file: &mut SignatureFile, into: &mut Signatures) {
        let folder = folder_of(&file.path).to_owned();
        match root.text_of("SignedValue").map(|location| self.entry(&folder, location)) {
            Some(Ok(entry)) => {
                into.machinery.push(entry);
                file.signed_value_path = Some(self.package.name(entry).to_owned());
            }
            Some(Err(defect)) => file.defects.push(defect),
            None => file.defects.push(Defect::new(Reason::EntryMissing, &file.path, "no SignedValue")),
        }
        let Some(info) = root.first("SignedInfo").filter(|_| root.name == "Signature") else {
            file.defects.push(Defect::new(Reason::OfdStructure, &file.path, "no SignedInfo"));
            return;
        };
        file.method = info.text_of("SignatureMethod").map(cut);
        file.date_time = info.text_of("SignatureDateTime").map(cut);
        file.stamps = info.all("StampAnnot").take(STAMPS_MAX).map(stamp_of).collect();
        let seal = info.first("Seal");
        match seal.and_then(|seal| seal.text_of("BaseLoc").or_else(|| seal.attribute("BaseLoc"))) {
            Some(location) => match self.entry(&folder, location) {
                Ok(entry) => {
                    into.machinery.push(entry);
                    file.seal_path = Some(self.package.name(entry).to_owned());
                }
                Err(defect) => file.defects.push(defect),
            },
            None if seal.is_some() => {
                file.defects.push(Defect::new(Reason::OfdStructure, &file.path, "Seal without BaseLoc"));
            }
            None => {}
        }
        self.read_references(info, &folder, file);
    }

    /// Every list counts: all of them are signed, and an entry is protected whichever names it.
    fn read_references(&self, info: &Element, folder: &str, file: &mut SignatureFile) {
        let lists: Vec<&Element> = info.all("References").collect();
        if lists.is_empty() {
            file.defects.push(Defect::new(Reason::OfdStructure, &file.path, "no References"));
            return;
        }
        if lists.len() > 1 {
            let detail = format!("{} lists of References where GB/T 33190 has one", lists.len());
            file.defects.push(Defect::new(Reason::NonstandardEncoding, &file.path, detail));
        }
        let method_of = |list: &&Element| list.attribute("CheckMethod").map(cut);
        let named = lists.iter().find(|list| list.first("Reference").is_some()).or(lists.first());
        file.check_method = named.and_then(method_of);
        for list in &lists {
            let method = method_of(list);
            for item in list.all("Reference") {
                if file.references.len() == self.limits.references_max {
                    file.defects.push(Defect::new(Reason::TooMany, &file.path, "references"));
                    return;
                }
                file.references.push(self.reference(item, folder, method.clone()));
            }
        }
    }

    fn reference(&self, item: &Element, folder: &str, check_method: Option<String>) -> Reference {
        let file_ref = item.attribute("FileRef").unwrap_or_default().to_owned();
        let entry = resolve(self.package, folder, &file_ref).entry().map(|entry| self.package.name(entry).to_owned());
        let check_value = item.text_of("CheckValue").and_then(decode);
        Reference { file_ref, entry, check_value, check_method }
    }

    /// The entry that `location` means; a missing one is a defect of the signature, an inexact one a note on the file.
    fn entry(&mut self, folder: &str, location: &str) -> Result<EntryId, Defect> {
        match resolve(self.package, folder, location) {
            Target::Exact(entry) => Ok(entry),
            Target::Inexact(entry) => {
                self.notes.add(Reason::LocationInexact, folder, location);
                Ok(entry)
            }
            Target::Missing(name) => Err(Defect::new(Reason::EntryMissing, &name, "named by a signature")),
            Target::Outside => Err(Defect::new(Reason::LocationOutside, location, "named by a signature")),
        }
    }
}

impl SignatureFile {
    fn empty(document: usize, path: &str) -> Self {
        Self {
            id: String::new(),
            kind: SignatureKind::Seal,
            document,
            path: cut(path),
            xml: Vec::new(),
            method: None,
            check_method: None,
            date_time: None,
            references: Vec::new(),
            stamps: Vec::new(),
            seal_path: None,
            signed_value_path: None,
            defects: Vec::new(),
        }
    }
}

/// Stands for signatures that could not be read.
fn broken(document: usize, path: &str, defect: Defect) -> SignatureFile {
    SignatureFile { defects: vec![defect], ..SignatureFile::empty(document, path) }
}

fn kind_of(written: Option<&str>) -> SignatureKind {
    match written {
        Some(kind) if kind.trim().eq_ignore_ascii_case("sign") => SignatureKind::Sign,
        _ => SignatureKind::Seal,
    }
}

fn stamp_of(stamp: &Element) -> Stamp {
    let value = |name| cut(stamp.attribute(name).unwrap_or_default());
    Stamp { id: value("ID"), page_ref: value("PageRef"), boundary: value("Boundary") }
}

fn decode(value: &str) -> Option<Vec<u8>> {
    let compact: String = value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64.decode(compact).ok()
}

fn cut(value: &str) -> String {
    value.trim().chars().take(VALUE_CHARS_MAX).collect()
}
