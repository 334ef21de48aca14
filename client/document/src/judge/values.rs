//! Signature values and seal files as they are read to be judged: each unpacked once, all within one budget of the file.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::defect::Defect;
use crate::ofd::Ofd;
use crate::reason::Reason;

/// Bytes of all signature values and seal files of one file, counted for each signature that names them, because each is judged.
/// Two thousand usual seals; what goes beyond is refused.
const BYTES_MAX: u64 = 48 * 1024 * 1024;

/// Reads the entries, and keeps them for the next signature that names the same.
pub(super) struct Values<'o, 'a> {
    ofd: &'o Ofd<'a>,
    bytes_left: u64,
    kept: BTreeMap<String, Result<Rc<[u8]>, Defect>>,
}

impl<'o, 'a> Values<'o, 'a> {
    pub(super) fn of(ofd: &'o Ofd<'a>) -> Self {
        Self { ofd, bytes_left: BYTES_MAX, kept: BTreeMap::new() }
    }

    /// The unpacked bytes of an entry of at most `bytes_max`.
    ///
    /// # Errors
    /// As [`Ofd::read`]; `TOO_MANY` also beyond the budget.
    pub(super) fn read(&mut self, path: &str, bytes_max: u64) -> Result<Rc<[u8]>, Defect> {
        let bytes_max = bytes_max.min(self.bytes_left);
        let read = match self.kept.get(path) {
            Some(kept) => kept.clone(),
            None => {
                let read = self.ofd.read(path, bytes_max).map(Rc::from);
                // What is too long was not unpacked, and may be asked for again with another limit.
                if !matches!(&read, Err(defect) if defect.code == Reason::TooMany) {
                    self.kept.insert(path.to_owned(), read.clone());
                }
                read
            }
        };
        let bytes = read?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > bytes_max {
            return Err(Defect::new(Reason::TooMany, path, "bytes of all signature values and seals together"));
        }
        self.bytes_left = self.bytes_left.saturating_sub(size);
        Ok(bytes)
    }
}
