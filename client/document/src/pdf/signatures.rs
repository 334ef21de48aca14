//! Signature dictionaries (ISO 32000-2, 12.8.1), and which bytes each covers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::bounds::{SIGNATURES_MAX, too_many};
use super::file::Pdf;
use super::lexer::is_space;
use super::roles::{self, text};
use super::value::{Dict, Object, Text, Value};
use crate::defect::Defect;
use crate::text::cut;

/// Longest name of a SubFilter that is shown, in characters.
const NAME_CHARS_MAX: usize = 64;
/// Names in a list of locked fields that are kept.
const LOCKED_MAX: usize = 1_000;

/// Which bytes a signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cover {
    /// All of a revision but the string of the signature itself: the bytes before and behind it.
    Whole {
        /// The two ranges.
        parts: [Range<usize>; 2],
        /// Of the revision, counted from 0.
        revision: usize,
    },
    /// Says something else, so bytes are left open or counted twice.
    Wrong(String),
    /// Does not say.
    Unread(String),
}

/// What a signer allows to change later (12.8.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permission {
    /// DocMDP: 1 nothing, 2 filling in forms and signing, 3 annotations too.
    pub level: Option<i64>,
    /// FieldMDP and locks of the field.
    pub locks: Vec<Lock>,
}

/// Fields that must not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// Every field.
    All,
    /// These.
    Include(Vec<String>),
    /// All but these.
    Exclude(Vec<String>),
    /// It does not say clearly which.
    Unclear,
}

impl Permission {
    /// Whether a field of this name must not change.
    pub fn locks(&self, field: &str) -> bool {
        let is_under = |name: &String| {
            field == name || field.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        self.locks.iter().any(|lock| match lock {
            Lock::All | Lock::Unclear => true,
            Lock::Include(names) => names.iter().any(is_under),
            Lock::Exclude(names) => !names.iter().any(is_under),
        })
    }
}

/// One signature dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureDict {
    /// Number of the object it stands in.
    pub object: u32,
    /// The revision that has it first, counted from 0.
    pub revision: usize,
    /// Name of the field of a form that shows it; `None` where no form of any revision does.
    pub field: Option<String>,
    /// A document time stamp (ETSI.RFC3161).
    pub is_time_stamp: bool,
    pub sub_filter: Option<String>,
    /// The signer's own clock (/M), as it is written.
    pub time: Option<String>,
    pub cover: Cover,
    /// Bytes of the signature, zeros at its end included.
    pub contents: Option<Vec<u8>>,
    pub permission: Permission,
    /// It or its field is written in more than one way, for example with a key twice.
    pub is_ambiguous: bool,
}

/// Whether a dictionary is a signature or a time stamp.
pub(super) fn is_signature(dict: &Dict) -> bool {
    dict.is_name("Type", "Sig") || dict.is_name("Type", "DocTimeStamp") || dict.get("ByteRange").is_some()
}

/// The signature in an object: itself, or direct in the value of a field.
fn signature_in(object: &Object) -> Option<&Dict> {
    let dict = object.dict()?;
    let value = dict.get("V").and_then(Value::dict);
    Some(dict).filter(|dict| is_signature(dict)).or_else(|| value.filter(|dict| is_signature(dict)))
}

/// Names of the fields that show a signature, by the number of its object, and their locks.
fn shown_by(pdf: &Pdf<'_>) -> Result<BTreeMap<u32, (String, Vec<Lock>)>, Defect> {
    let mut names = BTreeMap::new();
    for revision in 0..pdf.revisions() {
        for field in roles::fields(pdf, revision)?.into_iter().filter(|field| field.kind == b"Sig") {
            let number = match field.dict.get("V") {
                Some(Value::Reference(number, _)) => Some(*number),
                Some(Value::Dict(_)) => field.number,
                _ => None,
            };
            let lock = pdf.dict_in(revision, &field.dict, "Lock")?;
            let locks = if lock.entries.is_empty() { Vec::new() } else { vec![lock_of(&lock)] };
            if let Some(number) = number {
                names.entry(number).or_insert((field.name, locks));
            }
        }
    }
    Ok(names)
}

/// Every signature dictionary of every revision, in the order of the revisions.
///
/// # Errors
/// As [`Pdf::open`].
pub fn all(pdf: &Pdf<'_>) -> Result<Vec<SignatureDict>, Defect> {
    let names = shown_by(pdf)?;
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for revision in 0..pdf.revisions() {
        for number in pdf.revision(revision)?.entries.keys() {
            let Some(object) = pdf.object(revision, *number)? else { continue };
            let Some(dict) = signature_in(&object) else { continue };
            // A cross-reference may repeat what an earlier one says.
            if !seen.insert((*number, object.span.as_ref().map(|span| span.start))) {
                continue;
            }
            found.push(read(pdf, revision, *number, &object, dict, names.get(number))?);
            if found.len() > SIGNATURES_MAX {
                return Err(too_many("signature dictionaries"));
            }
        }
    }
    Ok(found)
}

fn read(
    pdf: &Pdf<'_>,
    revision: usize,
    number: u32,
    object: &Object,
    dict: &Dict,
    shown: Option<&(String, Vec<Lock>)>,
) -> Result<SignatureDict, Defect> {
    let name = |key: &str| dict.name(key).map(|name| cut(&String::from_utf8_lossy(name), NAME_CHARS_MAX));
    let sub_filter = name("SubFilter");
    let contents = match dict.get("Contents") {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let (level, mut locks) = permission(pdf, revision, dict)?;
    locks.extend(shown.map(|(_, locks)| locks.clone()).unwrap_or_default());
    Ok(SignatureDict {
        object: number,
        revision,
        field: shown.map(|(name, _)| name.clone()),
        is_time_stamp: dict.is_name("Type", "DocTimeStamp") || sub_filter.as_deref() == Some("ETSI.RFC3161"),
        sub_filter,
        time: match dict.get("M") {
            Some(Value::Text(time)) => Some(text(&time.bytes)),
            _ => None,
        },
        cover: cover(pdf, revision, object, dict, contents),
        contents: contents.map(|text| text.bytes.clone()),
        permission: Permission { level, locks },
        is_ambiguous: dict.has_duplicates || object.dict().is_some_and(|dict| dict.has_duplicates),
    })
}

/// DocMDP and FieldMDP of /Reference.
fn permission(pdf: &Pdf<'_>, revision: usize, dict: &Dict) -> Result<(Option<i64>, Vec<Lock>), Defect> {
    let (mut level, mut locks) = (None, Vec::new());
    // Readers may find another level or lock where a key comes twice: the strictest holds.
    let is_ambiguous = dict.get("Reference").is_some_and(Value::has_duplicates);
    if is_ambiguous {
        (level, locks) = (Some(1), vec![Lock::Unclear]);
    }
    for reference in pdf.array_in(revision, dict, "Reference")?.iter().take(16) {
        let Value::Dict(reference) = pdf.resolve(revision, reference)? else { continue };
        let parameters = pdf.dict_in(revision, &reference, "TransformParams")?;
        match reference.name("TransformMethod") {
            // A level that no standard has allows nothing and forbids nothing.
            _ if is_ambiguous => {}
            Some(b"DocMDP") => {
                level = Some(parameters.integer("P").unwrap_or(2)).filter(|level| (1..=3).contains(level))
            }
            Some(b"FieldMDP") => locks.push(lock_of(&parameters)),
            _ => {}
        }
    }
    Ok((level, locks))
}

fn lock_of(dict: &Dict) -> Lock {
    let names = || -> Option<Vec<String>> {
        let items = dict.get("Fields")?.array()?.iter().take(LOCKED_MAX);
        items.map(|item| if let Value::Text(name) = item { Some(text(&name.bytes)) } else { None }).collect()
    };
    match (dict.name("Action"), names()) {
        (Some(b"All"), _) => Lock::All,
        (Some(b"Include"), Some(names)) => Lock::Include(names),
        (Some(b"Exclude"), Some(names)) => Lock::Exclude(names),
        _ => Lock::Unclear,
    }
}

/// Compares /ByteRange with the places of the signature's string and of the ends of revisions.
fn cover(pdf: &Pdf<'_>, revision: usize, object: &Object, dict: &Dict, contents: Option<&Text>) -> Cover {
    let unread = |why: &str| Cover::Unread(why.to_owned());
    let Some(contents) = contents else { return unread("there is no /Contents with the signature") };
    if object.span.is_none() {
        return unread("the dictionary is in a stream of objects, where no string can be left out");
    }
    let numbers: Option<Vec<i64>> = dict.get("ByteRange").and_then(Value::array).and_then(|items| {
        items.iter().map(|item| if let Value::Integer(number) = item { Some(*number) } else { None }).collect()
    });
    let Some(numbers) = numbers else { return unread("there is no /ByteRange of integers") };
    if !contents.is_hex {
        return unread("/Contents is not a hexadecimal string");
    }
    if !contents.is_plain_hex {
        return unread("the hexadecimal string of /Contents is not written in one case, two digits a byte");
    }
    match ranges(&numbers, &contents.span, pdf.bytes().len()) {
        Err(why) => Cover::Wrong(why),
        Ok(parts) => match (revision..pdf.revisions()).find(|index| ends_at(pdf, *index, parts[1].end)) {
            Some(revision) => Cover::Whole { parts, revision },
            None => Cover::Wrong(format!("it ends at byte {}, where no revision ends", parts[1].end)),
        },
    }
}

/// The two ranges, where they leave out the string and nothing else.
fn ranges(numbers: &[i64], gap: &Range<usize>, file_bytes: usize) -> Result<[Range<usize>; 2], String> {
    let positive: Option<Vec<usize>> = numbers.iter().map(|number| usize::try_from(*number).ok()).collect();
    let Some(positive) = positive else { return Err("a number of it is negative".to_owned()) };
    let [start, first, second, length] = *positive.as_slice() else {
        return Err(format!("it has {} numbers, not four: other gaps than the signature", numbers.len()));
    };
    let end = second.checked_add(length).ok_or("its numbers overflow")?;
    if start != 0 {
        return Err(format!("it begins at byte {start}, not 0"));
    }
    if second < first {
        return Err("its two parts overlap or are reversed".to_owned());
    }
    if end > file_bytes {
        return Err(format!("it ends at byte {end}, and the file has {file_bytes}"));
    }
    if first != gap.start || second != gap.end {
        return Err(format!(
            "it leaves out bytes {first} to {second}, and the string of the signature is {} to {}",
            gap.start, gap.end
        ));
    }
    Ok([0..first, second..end])
}

/// Whether a range ends where a revision does: behind its `%%EOF`, with nothing but white space between.
fn ends_at(pdf: &Pdf<'_>, revision: usize, end: usize) -> bool {
    let Ok(of) = pdf.revision(revision) else { return false };
    pdf.bytes().get(of.end..end).is_some_and(|between| between.iter().all(|byte| is_space(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_ranges_around_the_string_are_taken() {
        let gap = 10..20;
        assert_eq!(ranges(&[0, 10, 20, 5], &gap, 25), Ok([0..10, 20..25]));
        for wrong in [
            &[0, 10, 20, 6][..],
            &[1, 9, 20, 5],
            &[0, 9, 20, 5],
            &[0, 10, 21, 4],
            &[0, 10, 5, 20],
            &[0, 20, 10, 15],
            &[0, 10, 20, -5],
            &[0, 10, 20, i64::MAX],
            &[0, 10, 20],
            &[0, 10, 20, 2, 23, 2],
            &[],
        ] {
            assert!(ranges(wrong, &gap, 25).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn locks_hold_for_fields_below_the_named_one() {
        let of = |lock| Permission { level: None, locks: vec![lock] };
        assert!(of(Lock::Include(vec!["a".to_owned()])).locks("a.b"));
        assert!(!of(Lock::Include(vec!["a".to_owned()])).locks("ab"));
        assert!(of(Lock::Exclude(vec!["a".to_owned()])).locks("b"));
        assert!(!of(Lock::Exclude(vec!["a".to_owned()])).locks("a"));
        assert!(of(Lock::All).locks("x") && of(Lock::Unclear).locks("x") && !Permission::default().locks("x"));
    }
}
