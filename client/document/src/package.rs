//! The container of an OFD file: a ZIP package, read within limits.
//!
//! **Invariants**
//! * One name, one content: names are unique even where case does not count, because many readers unpack into a folder that ignores
//!   case, or stand for the same bytes each time. A location can therefore never mean one thing here and another there.
//! * What the directory at the end says of an entry, its own header says too; no entry overlaps another; none hides in between.
//! * Bytes before and behind the package are counted and hold no header that a program could take for an entry or a directory.
//! * No read yields more bytes than the directory declared, and the declared sizes are within the limits.
//!
//! CRC-32 values are not compared. They protect against accidents; the digests of signatures say more, and a file whose page was
//! altered shall be told apart (`REFERENCE_DIGEST`) from a broken package.

mod directory;
mod entry;
mod fault;
mod header;
mod unpack;

pub use directory::Around;
pub(crate) use header::is_ofd;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::OnceLock;

use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use sha1::digest::DynDigest;
use zip::ZipArchive;

use crate::defect::Defect;
use crate::limits::Limits;
use crate::reason::Reason;

use directory::Directory;
use entry::RawEntry;
use fault::malformed;

/// Position of an entry among the files of a [`Package`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(usize);

/// An opened package.
#[derive(Debug)]
pub struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    files: Vec<File>,
    by_name: BTreeMap<String, EntryId>,
    by_folded_name: BTreeMap<String, EntryId>,
    around: Around,
    defects: Vec<Defect>,
}

/// One file of the package.
#[derive(Debug)]
struct File {
    name: String,
    position: usize,
    size: u64,
    sm3: OnceLock<Digest>,
    sha256: OnceLock<Digest>,
    md5: OnceLock<Vec<u8>>,
    sha1: OnceLock<Vec<u8>>,
}

/// A digest that proves little: others can be found with the same value. Computed to tell an altered file from an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyDigest {
    /// 16 bytes; what GB/T 33190-2016 says where no method is named.
    Md5,
    /// 20 bytes.
    Sha1,
}

impl LegacyDigest {
    pub(crate) fn start(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::<md5::Md5>::default(),
            Self::Sha1 => Box::<sha1::Sha1>::default(),
        }
    }
}

impl<'a> Package<'a> {
    /// Opens a package and checks all its names and declared sizes. Unpacks nothing.
    ///
    /// # Errors
    /// A `ZIP_...` reason.
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Defect> {
        let mut directory = directory::open(bytes, limits)?;
        let entries = entry::read_all(&mut directory.archive, directory.bytes)?;
        entry::check_own_headers(&directory)?;
        entry::check_sizes(&entries, directory.bytes.len(), limits)?;
        if directory.archive.has_overlapping_entries().map_err(malformed)? {
            return Err(Defect::new(Reason::ZipBomb, "", "entries overlap"));
        }
        let start = directory.archive.central_directory_start();
        let (before, unlisted) = entry::check_gaps(&entries, &directory, start)?;
        let Directory { archive, mut around, copies, .. } = directory;
        around.before += before;
        let mut package = Self::index(archive, entries)?;
        package.around = around;
        let copied = copies.iter().map(|copy| copy.name).chain(unlisted);
        for name in copied.map(String::from_utf8_lossy).collect::<BTreeSet<_>>() {
            let detail = "stands in the package more than once, each time with the same bytes (KingGrid)";
            package.defects.push(Defect::new(Reason::NonstandardEncoding, &name, detail));
        }
        Ok(package)
    }

    /// Files the entries under their names and refuses two that could be mistaken for each other.
    fn index(archive: ZipArchive<Cursor<&'a [u8]>>, entries: Vec<RawEntry>) -> Result<Self, Defect> {
        let mut package = Self {
            archive,
            files: Vec::with_capacity(entries.len()),
            by_name: BTreeMap::new(),
            by_folded_name: BTreeMap::new(),
            around: Around::default(),
            defects: Vec::new(),
        };
        let mut folders = BTreeMap::new();
        for entry in entries {
            let id = EntryId(package.files.len());
            if entry.is_folder {
                if entry.name.is_empty() {
                    continue;
                }
                if folders.insert(fold(entry.name.trim_end_matches('/')), ()).is_some() {
                    return Err(duplicate(&entry.name));
                }
                continue;
            }
            if let Some(odd) = entry.odd {
                package.defects.push(Defect::new(Reason::NonstandardEncoding, &entry.name, odd));
            }
            if package.by_folded_name.insert(fold(&entry.name), id).is_some() {
                return Err(duplicate(&entry.name));
            }
            package.by_name.insert(entry.name.clone(), id);
            package.files.push(File::new(entry));
        }
        match package.by_folded_name.keys().find(|name| folders.contains_key(*name)) {
            Some(name) => Err(duplicate(name)),
            None => Ok(package),
        }
    }

    /// Names of all files, in the order of the package.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    /// All files, in the order of the package.
    pub fn ids(&self) -> impl Iterator<Item = EntryId> + use<> {
        (0..self.files.len()).map(EntryId)
    }

    /// The name of a file.
    pub fn name(&self, id: EntryId) -> &str {
        self.files.get(id.0).map_or("", |file| file.name.as_str())
    }

    /// The file of exactly this name.
    pub fn find(&self, name: &str) -> Option<EntryId> {
        self.by_name.get(name).copied()
    }

    /// The file of this name, case ignored. There is at most one.
    pub fn find_folded(&self, name: &str) -> Option<EntryId> {
        self.by_folded_name.get(&fold(name)).copied()
    }

    /// Bytes of the file before and behind the package.
    pub fn around(&self) -> Around {
        self.around
    }

    /// What is odd about names.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// The unpacked bytes of a file.
    ///
    /// # Errors
    /// `TOO_MANY` where it has more than `bytes_max` bytes; `ZIP_MALFORMED` or `ZIP_BOMB` where it does not unpack as declared.
    pub fn read(&self, id: EntryId, bytes_max: u64) -> Result<Vec<u8>, Defect> {
        let file = self.file(id)?;
        let size = usize::try_from(file.size).ok().filter(|_| file.size <= bytes_max);
        let Some(size) = size else {
            return Err(Defect::new(Reason::TooMany, &file.name, format!("{} bytes", file.size)));
        };
        let mut bytes = Vec::with_capacity(size);
        self.stream(file, |chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }

    /// The digest of a file's unpacked bytes, computed at most once per algorithm.
    ///
    /// # Errors
    /// `ZIP_MALFORMED` or `ZIP_BOMB` where it does not unpack as declared.
    pub fn digest(&self, id: EntryId, algorithm: DigestAlgorithm) -> Result<Digest, Defect> {
        let file = self.file(id)?;
        let kept = match algorithm {
            DigestAlgorithm::Sm3 => &file.sm3,
            DigestAlgorithm::Sha256 => &file.sha256,
        };
        if let Some(digest) = kept.get() {
            return Ok(*digest);
        }
        let mut hasher = algorithm.start();
        self.stream(file, |chunk| hasher.update(chunk))?;
        Ok(*kept.get_or_init(|| hasher.finish()))
    }

    /// The same by an outdated algorithm.
    ///
    /// # Errors
    /// As [`Package::digest`].
    pub fn legacy_digest(&self, id: EntryId, algorithm: LegacyDigest) -> Result<&[u8], Defect> {
        let file = self.file(id)?;
        let kept = match algorithm {
            LegacyDigest::Md5 => &file.md5,
            LegacyDigest::Sha1 => &file.sha1,
        };
        if let Some(digest) = kept.get() {
            return Ok(digest);
        }
        let mut hasher = algorithm.start();
        self.stream(file, |chunk| hasher.update(chunk))?;
        Ok(kept.get_or_init(|| hasher.finalize().into_vec()))
    }

    fn file(&self, id: EntryId) -> Result<&File, Defect> {
        self.files.get(id.0).ok_or_else(|| Defect::new(Reason::EntryMissing, "", "no such entry"))
    }

    fn stream(&self, file: &File, sink: impl FnMut(&[u8])) -> Result<(), Defect> {
        unpack::stream(&self.archive, file.position, file.size, sink)
            .map_err(|(code, detail)| Defect::new(code, &file.name, detail))
    }
}

impl File {
    fn new(entry: RawEntry) -> Self {
        Self {
            name: entry.name,
            position: entry.position,
            size: entry.size,
            sm3: OnceLock::new(),
            sha256: OnceLock::new(),
            md5: OnceLock::new(),
            sha1: OnceLock::new(),
        }
    }
}

/// The form in which names are compared where case does not count. Windows also drops dots and spaces at the end.
fn fold(name: &str) -> String {
    name.to_lowercase().trim_end_matches(['.', ' ']).to_owned()
}

fn duplicate(name: &str) -> Defect {
    Defect::new(Reason::ZipDuplicateName, name, "shares its name with another entry")
}
