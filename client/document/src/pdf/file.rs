//! A file whose revisions are known: finds objects as they stood in each revision.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::bounds::{Budget, ENTRIES_MAX, broken, too_many};
use super::inflate::inflate;
use super::lexer::Lexer;
use super::revisions::{self, Revision};
use super::value::{Dict, Object, Value};
use super::xref::Entry;
use crate::defect::Defect;

/// References that may lead to one another before a value comes.
const HOPS_MAX: usize = 16;

/// An object stream, inflated.
struct ObjectStream {
    /// Number of each object, and where it begins in `bytes`.
    index: Vec<(u32, usize)>,
    bytes: Vec<u8>,
}

/// A file that could be read.
pub struct Pdf<'a> {
    bytes: &'a [u8],
    revisions: Vec<Revision>,
    budget: Budget,
    /// By the offset of the stream.
    streams: RefCell<BTreeMap<usize, Rc<ObjectStream>>>,
}

impl<'a> Pdf<'a> {
    /// Reads the cross-references of every revision.
    ///
    /// # Errors
    /// [`crate::Reason::PdfStructure`] where something is broken, [`crate::Reason::TooMany`] beyond the limits.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Defect> {
        if !bytes.starts_with(b"%PDF-") {
            return Err(broken(0, "bytes stand before %PDF-, so offsets have two meanings"));
        }
        let budget = Budget::new();
        let revisions = revisions::read(bytes, &budget)?;
        Ok(Self { bytes, revisions, budget, streams: RefCell::default() })
    }

    /// How many revisions there are, at least one.
    pub fn revisions(&self) -> usize {
        self.revisions.len()
    }

    /// Whether strings and streams are encrypted, in any revision.
    pub fn is_encrypted(&self) -> bool {
        self.revisions.iter().any(|revision| revision.trailer.get("Encrypt").is_some())
    }

    /// Whether a form of XFA takes the place of what the pages say, in any revision.
    ///
    /// # Errors
    /// As [`Pdf::open`].
    pub fn has_xfa(&self) -> Result<bool, Defect> {
        for revision in 0..self.revisions() {
            let catalog = self.catalog(revision)?;
            let form = catalog.get("AcroForm").map(|form| self.resolve(revision, form)).transpose()?;
            let has = form.as_ref().and_then(Value::dict).is_some_and(|form| form.get("XFA").is_some());
            if has || catalog.get("NeedsRendering").is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Bytes behind the last `%%EOF`, apart from the end of its line.
    pub fn trailing(&self) -> &'a [u8] {
        let end = self.revisions.last().map_or(0, |revision| revision.end);
        let rest = self.bytes.get(end..).unwrap_or_default();
        rest.strip_prefix(b"\r\n")
            .or_else(|| rest.strip_prefix(b"\n"))
            .or_else(|| rest.strip_prefix(b"\r"))
            .unwrap_or(rest)
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn revision(&self, index: usize) -> Result<&Revision, Defect> {
        self.revisions.get(index).ok_or_else(|| broken(0, "there is no such revision"))
    }

    /// Where an object stood in a revision.
    pub(super) fn lookup(&self, revision: usize, number: u32) -> Option<Entry> {
        let upto = self.revisions.get(..=revision)?;
        let entry = upto.iter().rev().find_map(|revision| revision.entries.get(&number)).copied();
        entry.filter(|entry| *entry != Entry::Free)
    }

    /// An object as it stood in a revision; `None` where it is free or was never there, which means null (7.3.10).
    pub(super) fn object(&self, revision: usize, number: u32) -> Result<Option<Object>, Defect> {
        match self.lookup(revision, number) {
            None | Some(Entry::Free) => Ok(None),
            Some(Entry::At { offset, generation }) => self.at(revision, number, offset, Some(generation)).map(Some),
            Some(Entry::In { stream, index }) => self.inside(revision, number, stream, index).map(Some),
        }
    }

    fn at(&self, revision: usize, number: u32, offset: usize, generation: Option<u16>) -> Result<Object, Defect> {
        let end = self.revision(revision)?.end;
        let bytes = self.bytes.get(..end).unwrap_or_default();
        let length_of = |of: u32| match self.lookup(revision, of)? {
            Entry::At { offset, generation } => {
                let object =
                    Lexer::new(bytes, offset, &self.budget.values).object(of, Some(generation), &|_| None).ok()?;
                if let Value::Integer(length) = object.value { usize::try_from(length).ok() } else { None }
            }
            // A length inside an object stream would have to be inflated to find an object.
            _ => None,
        };
        Lexer::new(bytes, offset, &self.budget.values).object(number, generation, &length_of)
    }

    fn inside(&self, revision: usize, number: u32, stream: u32, index: usize) -> Result<Object, Defect> {
        let Some(Entry::At { offset, generation }) = self.lookup(revision, stream) else {
            return Err(broken(0, format!("object {number} is in a stream of objects that is not there")));
        };
        let kept = self.streams.borrow().get(&offset).cloned();
        let stream = match kept {
            Some(kept) => kept,
            None => {
                let object = self.at(revision, stream, offset, Some(generation))?;
                let read = Rc::new(self.object_stream(&object, offset)?);
                self.streams.borrow_mut().insert(offset, read.clone());
                read
            }
        };
        let place = stream.index.get(index).filter(|(of, _)| *of == number).map(|(_, place)| *place);
        let place = place.ok_or_else(|| broken(offset, format!("object {number} is not in its stream of objects")))?;
        let value = Lexer::new(&stream.bytes, place, &self.budget.values).value()?;
        Ok(Object { value, stream: None, span: None })
    }

    fn object_stream(&self, object: &Object, at: usize) -> Result<ObjectStream, Defect> {
        let malformed = || broken(at, "a stream of objects is malformed");
        let (Some(dict), Some(span)) = (object.dict(), object.stream.clone()) else { return Err(malformed()) };
        if !dict.is_name("Type", "ObjStm") || dict.has_duplicates {
            return Err(malformed());
        }
        let number =
            |key: &str| dict.integer(key).and_then(|number| usize::try_from(number).ok()).ok_or_else(malformed);
        let (count, first) = (number("N")?, number("First")?);
        if count > ENTRIES_MAX {
            return Err(too_many("objects in a stream"));
        }
        let bytes = inflate(dict, self.bytes.get(span).unwrap_or_default(), at, &self.budget.inflated)?;
        let mut lexer = Lexer::new(&bytes, 0, &self.budget.values);
        let (mut index, mut seen) = (Vec::new(), BTreeSet::new());
        for _ in 0..count {
            lexer.skip_space();
            let number = lexer.unsigned().and_then(|number| u32::try_from(number).ok()).ok_or_else(malformed)?;
            lexer.skip_space();
            let place = lexer.unsigned().and_then(|place| usize::try_from(place).ok()).ok_or_else(malformed)?;
            // Some readers look for the number, others count.
            if !seen.insert(number) {
                return Err(broken(at, format!("object {number} is twice in a stream of objects")));
            }
            index.push((number, first.checked_add(place).ok_or_else(malformed)?));
        }
        Ok(ObjectStream { index, bytes })
    }

    /// The value that a reference leads to; any other value as it is.
    pub(super) fn resolve(&self, revision: usize, value: &Value) -> Result<Value, Defect> {
        let mut value = value.clone();
        for _ in 0..HOPS_MAX {
            let Some(number) = value.reference() else { return Ok(value) };
            value = self.object(revision, number)?.map_or(Value::Null, |object| object.value);
        }
        Err(broken(0, "references lead in a circle"))
    }

    /// The dictionary under a key, through a reference; empty where there is none.
    pub(super) fn dict_in(&self, revision: usize, dict: &Dict, key: &str) -> Result<Dict, Defect> {
        let Some(value) = dict.get(key) else { return Ok(Dict::default()) };
        match self.resolve(revision, value)? {
            Value::Dict(dict) => Ok(dict),
            _ => Ok(Dict::default()),
        }
    }

    /// The array under a key, through a reference; empty where there is none.
    pub(super) fn array_in(&self, revision: usize, dict: &Dict, key: &str) -> Result<Vec<Value>, Defect> {
        let Some(value) = dict.get(key) else { return Ok(Vec::new()) };
        match self.resolve(revision, value)? {
            Value::Array(items) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    /// The number of the catalog in a revision.
    pub(super) fn root(&self, revision: usize) -> Result<u32, Defect> {
        let of = self.revision(revision)?;
        match of.trailer.get("Root") {
            Some(Value::Reference(number, generation)) => match self.lookup(revision, *number) {
                Some(entry) if entry.generation() == *generation => Ok(*number),
                _ => Err(broken(of.end, "the trailer names a catalog that is not there")),
            },
            _ => Err(broken(of.end, "the trailer names no catalog")),
        }
    }

    pub(super) fn catalog(&self, revision: usize) -> Result<Dict, Defect> {
        let object = self.object(revision, self.root(revision)?)?;
        match object.map(|object| object.value) {
            Some(Value::Dict(dict)) if !dict.has_duplicates => Ok(dict),
            Some(Value::Dict(_)) => Err(broken(0, "a key comes twice in the catalog")),
            _ => Err(broken(0, "there is no catalog")),
        }
    }
}
