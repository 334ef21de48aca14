//! Cross-reference sections: tables and streams (ISO 32000-2, 7.5.4 and 7.5.8).

use std::collections::BTreeMap;

use super::bounds::{Budget, ENTRIES_MAX, broken, too_many};
use super::inflate::inflate;
use super::lexer::Lexer;
use super::value::{Dict, Value};
use crate::defect::Defect;

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Free,
    At { offset: usize, generation: u16 },
    In { stream: u32, index: usize },
}

impl Entry {
    /// The generation that a reference to the object must have.
    pub fn generation(self) -> u16 {
        match self {
            Self::At { generation, .. } => generation,
            Self::Free | Self::In { .. } => 0,
        }
    }
}

/// One section as it stands in the file.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub at: usize,
    pub end: usize,
    pub entries: BTreeMap<u32, Entry>,
    /// What a table hides in a stream of its own, and where that is.
    pub hidden: Vec<Hidden>,
    pub hidden_at: Option<std::ops::Range<usize>>,
    pub trailer: Dict,
}

/// An entry that readers of tables alone do not see.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hidden {
    pub number: u32,
    pub entry: Entry,
    /// The table says that the object is not there, rather than nothing.
    pub is_freed: bool,
}

impl Section {
    /// The offset of the section before it.
    pub fn previous(&self) -> Result<Option<usize>, Defect> {
        match self.trailer.get("Prev") {
            None => Ok(None),
            Some(Value::Integer(offset)) => {
                usize::try_from(*offset).map(Some).map_err(|_| broken(self.at, "/Prev is negative"))
            }
            // Some writers put a number with a fraction or a reference there; readers differ.
            Some(_) => Err(broken(self.at, "/Prev is not an integer")),
        }
    }

    pub fn read(bytes: &[u8], at: usize, budget: &Budget) -> Result<Self, Defect> {
        let mut lexer = Lexer::new(bytes, at, &budget.values);
        if lexer.keyword("xref") { Self::table(bytes, lexer, at, budget) } else { Self::stream(bytes, at, budget) }
    }

    fn table(bytes: &[u8], mut lexer: Lexer<'_, '_>, at: usize, budget: &Budget) -> Result<Self, Defect> {
        let mut entries = BTreeMap::new();
        loop {
            lexer.skip_space();
            if lexer.keyword("trailer") {
                break;
            }
            let head = (|| {
                let first = lexer.unsigned()?;
                lexer.skip_space();
                Some((first, lexer.unsigned()?))
            })();
            let (first, count) = head.ok_or_else(|| broken(lexer.at, "a cross-reference table is malformed"))?;
            for position in 0..count {
                let number = u32::try_from(first.saturating_add(position)).ok();
                let entry = number.and_then(|number| Some((number, table_entry(&mut lexer)?)));
                let (number, entry) = entry.ok_or_else(|| broken(lexer.at, "a cross-reference entry is malformed"))?;
                if entries.insert(number, entry).is_some() {
                    return Err(broken(lexer.at, format!("object {number} has two entries in one table")));
                }
                if entries.len() > ENTRIES_MAX {
                    return Err(too_many("cross-reference entries"));
                }
            }
        }
        let Value::Dict(trailer) = lexer.value()? else {
            return Err(broken(lexer.at, "the trailer is not a dictionary"));
        };
        if trailer.has_duplicates {
            return Err(broken(lexer.at, "a key comes twice in the trailer"));
        }
        let mut section = Self { at, end: lexer.at, entries, hidden: Vec::new(), hidden_at: None, trailer };
        match section.trailer.get("XRefStm") {
            None => {}
            Some(Value::Integer(offset)) => {
                let offset = usize::try_from(*offset).map_err(|_| broken(at, "/XRefStm is negative"))?;
                section.join(Self::stream(bytes, offset, budget)?)?;
            }
            // Some readers would take a number with a fraction or a reference.
            Some(_) => return Err(broken(at, "/XRefStm is not an integer")),
        }
        Ok(section)
    }

    /// A reader that knows streams finds in one what the table hides from others (7.5.8.4).
    fn join(&mut self, stream: Self) -> Result<(), Defect> {
        for (number, entry) in stream.entries {
            let in_table = self.entries.get(&number).copied();
            match in_table {
                None | Some(Entry::Free) => {
                    self.hidden.push(Hidden { number, entry, is_freed: in_table.is_some() });
                    self.entries.insert(number, entry);
                }
                Some(own) if own != entry => {
                    return Err(broken(self.at, format!("a table and its stream differ in where object {number} is")));
                }
                Some(_) => {}
            }
        }
        self.hidden_at = Some(stream.at..stream.end);
        Ok(())
    }

    fn stream(bytes: &[u8], at: usize, budget: &Budget) -> Result<Self, Defect> {
        let number = Lexer::new(bytes, at, &budget.values).unsigned().and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or_else(|| broken(at, "there is no cross-reference"))?;
        let mut lexer = Lexer::new(bytes, at, &budget.values);
        let object = lexer.object(number, None, &|_| None)?;
        let (Value::Dict(trailer), Some(span)) = (object.value, object.stream) else {
            return Err(broken(at, "there is no cross-reference"));
        };
        if !trailer.is_name("Type", "XRef") || trailer.has_duplicates {
            return Err(broken(at, "there is no cross-reference"));
        }
        let raw = bytes.get(span).unwrap_or_default();
        let entries = stream_entries(&trailer, &inflate(&trailer, raw, at, &budget.inflated)?, at)?;
        Ok(Self { at, end: lexer.at, entries, hidden: Vec::new(), hidden_at: None, trailer })
    }
}

/// `0000000015 00000 n`.
fn table_entry(lexer: &mut Lexer<'_, '_>) -> Option<Entry> {
    lexer.skip_space();
    let offset = lexer.unsigned()?;
    lexer.skip_space();
    let generation = lexer.unsigned()?;
    lexer.skip_space();
    if lexer.keyword("f") {
        return Some(Entry::Free);
    }
    if !lexer.keyword("n") {
        return None;
    }
    // An entry in use at offset 0 is how some writers mark one that is not.
    match offset {
        0 => Some(Entry::Free),
        offset => {
            Some(Entry::At { offset: usize::try_from(offset).ok()?, generation: u16::try_from(generation).ok()? })
        }
    }
}

fn stream_entries(dict: &Dict, bytes: &[u8], at: usize) -> Result<BTreeMap<u32, Entry>, Defect> {
    let malformed = || broken(at, "a cross-reference stream is malformed");
    let numbers = |key: &str| -> Option<Vec<usize>> {
        let item =
            |value: &Value| if let Value::Integer(number) = value { usize::try_from(*number).ok() } else { None };
        dict.get(key)?.array()?.iter().map(item).collect()
    };
    let widths = numbers("W").filter(|widths| widths.len() == 3 && widths.iter().all(|width| *width <= 8));
    let widths = widths.ok_or_else(malformed)?;
    let size = dict.integer("Size").and_then(|size| usize::try_from(size).ok()).ok_or_else(malformed)?;
    let index = match dict.get("Index") {
        None => vec![0, size],
        Some(_) => numbers("Index").ok_or_else(malformed)?,
    };
    let width: usize = widths.iter().sum();
    if width == 0 || index.len() % 2 != 0 {
        return Err(malformed());
    }
    let mut rows = bytes.chunks_exact(width);
    let mut entries = BTreeMap::new();
    for pair in index.chunks_exact(2) {
        let (first, count) = (pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0));
        for position in 0..count {
            let row = rows.next().ok_or_else(malformed)?;
            let number =
                first.checked_add(position).and_then(|number| u32::try_from(number).ok()).ok_or_else(malformed)?;
            if entries.insert(number, stream_entry(row, &widths).ok_or_else(malformed)?).is_some() {
                return Err(malformed());
            }
            if entries.len() > ENTRIES_MAX {
                return Err(too_many("cross-reference entries"));
            }
        }
    }
    Ok(entries)
}

fn stream_entry(row: &[u8], widths: &[usize]) -> Option<Entry> {
    let mut rest = row;
    let mut fields = [0_u64; 3];
    for (field, width) in fields.iter_mut().zip(widths) {
        let (bytes, after) = rest.split_at_checked(*width)?;
        *field = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        rest = after;
    }
    let kind = if widths.first() == Some(&0) { 1 } else { fields[0] };
    Some(match kind {
        1 if fields[1] != 0 => {
            Entry::At { offset: usize::try_from(fields[1]).ok()?, generation: u16::try_from(fields[2]).ok()? }
        }
        2 => Entry::In { stream: u32::try_from(fields[1]).ok()?, index: usize::try_from(fields[2]).ok()? },
        _ => Entry::Free,
    })
}
