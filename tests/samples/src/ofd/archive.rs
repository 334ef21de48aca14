//! The ZIP container: entries in a fixed order with a fixed time, and containers that no reader should accept.

use std::io::{Cursor, Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::SampleError;

/// A file inside the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path from the package's root, without a leading slash.
    pub name: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Entries in the order in which they are written; names are distinct.
#[derive(Debug, Clone, Default)]
pub struct Package {
    entries: Vec<Entry>,
}

impl Package {
    /// The entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Content of an entry.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| entry.bytes.as_slice())
    }

    /// Adds an entry at the end, or replaces the content of the one with this name.
    pub fn put(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        match self.entries.iter_mut().find(|entry| entry.name == name) {
            Some(entry) => entry.bytes = bytes,
            None => self.entries.push(Entry { name: name.to_owned(), bytes }),
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, name: &str) {
        self.entries.retain(|entry| entry.name != name);
    }

    /// Replaces the first occurrence of `from` in an entry's text.
    ///
    /// # Errors
    /// No such entry, or no such text in it: the template changed and a defect would silently be missing.
    pub fn edit(&mut self, name: &'static str, from: &str, to: &str) -> Result<(), SampleError> {
        let text = self.get(name).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        if !text.contains(from) {
            return Err(SampleError::argument(name, format!("holds no '{from}'")));
        }
        let edited = text.replacen(from, to, 1);
        self.put(name, edited);
        Ok(())
    }

    /// The file: deflated entries, every date 1980-01-01.
    pub fn zip(&self) -> Result<Vec<u8>, SampleError> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for entry in &self.entries {
            write_entry(&mut writer, &entry.name, &entry.bytes)?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

/// Writes one deflated entry.
pub fn write_entry<W: Write + Seek>(writer: &mut ZipWriter<W>, name: &str, bytes: &[u8]) -> Result<(), SampleError> {
    writer.start_file(name, options(CompressionMethod::Deflated))?;
    writer.write_all(bytes).map_err(zip::result::ZipError::from)?;
    Ok(())
}

/// Options of an entry: no time of making, so that the same content gives the same file.
pub fn options(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
}

/// A package with one more entry of zeros, `mib` MiB of them in a thousandth of the space.
pub fn with_zeros(package: &Package, name: &str, mib: usize) -> Result<Vec<u8>, SampleError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in package.entries() {
        write_entry(&mut writer, &entry.name, &entry.bytes)?;
    }
    writer.start_file(name, options(CompressionMethod::Deflated))?;
    let zeros = vec![0; 1 << 20];
    for _ in 0..mib {
        writer.write_all(&zeros).map_err(zip::result::ZipError::from)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Gives an entry another name of the same length, in the finished file; the writer itself refuses such names.
///
/// # Errors
/// Names of different lengths, or a name that is not in the file exactly twice (local and central header).
pub fn renamed(mut file: Vec<u8>, from: &'static str, to: &str) -> Result<Vec<u8>, SampleError> {
    let places = places(&file, from.as_bytes());
    if from.len() != to.len() || places.len() != 2 {
        return Err(SampleError::argument(from, format!("cannot become '{to}'; {} occurrences", places.len())));
    }
    for place in places {
        if let Some(name) = file.get_mut(place..place + to.len()) {
            name.copy_from_slice(to.as_bytes());
        }
    }
    Ok(file)
}

/// A second time in the file, with the same bytes, the entry that stands in it last.
///
/// # Errors
/// No file of this crate ends in a directory that it cannot find.
pub fn with_last_entry_twice(file: &[u8]) -> Result<Vec<u8>, SampleError> {
    let refuse = || SampleError::argument("package", "has no directory of the usual form");
    let end = file.len().checked_sub(22).ok_or_else(refuse)?;
    let number = |at: usize| -> Option<usize> {
        let field = file.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(field)).ok()
    };
    let (directory, header) = (number(end + 16), places(file, b"PK\x01\x02").pop());
    let (directory, header) = directory.zip(header).ok_or_else(refuse)?;
    let start = number(header + 42).ok_or_else(refuse)?;
    let part = |from: usize, to: usize| file.get(from..to).ok_or_else(refuse);
    // Entries, the last of them again; directory, the last header again with the place of the copy; end record.
    let mut copied = part(header, end)?.to_vec();
    copied.splice(42..46, u32::try_from(directory).unwrap_or(0).to_le_bytes());
    let copy = part(start, directory)?;
    let mut record = part(end, file.len())?.to_vec();
    let count = u16::try_from(places(file, b"PK\x01\x02").len() + 1).unwrap_or(0).to_le_bytes();
    record.splice(8..12, [count, count].concat());
    let length = u32::try_from(end - directory + copied.len()).unwrap_or(0).to_le_bytes();
    record.splice(12..20, [length, u32::try_from(directory + copy.len()).unwrap_or(0).to_le_bytes()].concat());
    Ok([part(0, directory)?, copy, part(directory, end)?, &copied, &record].concat())
}

/// Marks every entry as encrypted, which none of them is.
pub fn marked_encrypted(mut file: Vec<u8>) -> Vec<u8> {
    // Offset of the general purpose flags after the signature of a local and of a central header (APPNOTE 4.3.7, 4.3.12).
    for (signature, offset) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        for place in places(&file, signature) {
            if let Some(flags) = file.get_mut(place + offset) {
                *flags |= 1;
            }
        }
    }
    file
}

fn places(file: &[u8], wanted: &[u8]) -> Vec<usize> {
    file.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn package() -> Package {
        let mut package = Package::default();
        package.put("OFD.xml", "<a/>");
        package.put("Doc_0/x", "x");
        package
    }

    #[test]
    fn an_entry_is_put_edited_and_removed() {
        let mut package = package();
        package.put("Doc_0/x", "one two");
        package.edit("Doc_0/x", "two", "three").unwrap();
        assert_eq!(package.get("Doc_0/x").unwrap(), b"one three");
        assert_eq!(package.entries().len(), 2);
        assert!(package.edit("Doc_0/x", "four", "").is_err());
        assert!(package.edit("Doc_0/y", "four", "").is_err());
        package.remove("Doc_0/x");
        assert_eq!(package.get("Doc_0/x"), None);
    }

    #[test]
    fn the_same_entries_give_the_same_file() {
        assert_eq!(package().zip().unwrap(), package().zip().unwrap());
    }

    #[test]
    fn a_name_is_changed_in_both_headers_or_not_at_all() {
        let file = renamed(package().zip().unwrap(), "Doc_0/x", "OFD.xml").unwrap();
        assert_eq!(places(&file, b"OFD.xml").len(), 4);
        assert!(renamed(package().zip().unwrap(), "Doc_0/x", "longer than before").is_err());
        assert!(renamed(package().zip().unwrap(), "Doc_0/y", "Doc_0/z").is_err());
    }

    #[test]
    fn marking_as_encrypted_changes_four_octets() {
        let plain = package().zip().unwrap();
        let marked = marked_encrypted(plain.clone());
        assert_eq!(plain.iter().zip(&marked).filter(|(one, other)| one != other).count(), 4);
    }
}
