//! From a location written in a file to the entry it means (GB/T 33190-2016, ST_Loc).
//!
//! The rule: `/x` is from the root of the package, anything else is relative to the file that says it. What vendors do besides is
//! tried only where the rule finds nothing, nearest first, and is noted as inexact: paths from an outer folder or the root without
//! the leading `/`, percent escapes, backslashes, other case.

use crate::package::{EntryId, Package};

/// Longest location that is looked up, in bytes.
const LOCATION_BYTES_MAX: usize = 2048;
/// How many folders outwards a relative location is tried.
const OUTER_FOLDERS_MAX: usize = 8;

/// What a location means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// An entry, exactly as the rule says.
    Exact(EntryId),
    /// An entry, but not by the rule.
    Inexact(EntryId),
    /// No entry. The name that the rule leads to.
    Missing(String),
    /// Leaves the package, or is no path.
    Outside,
}

impl Target {
    /// The entry, where there is one.
    pub(super) fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Exact(entry) | Self::Inexact(entry) => Some(*entry),
            Self::Missing(_) | Self::Outside => None,
        }
    }
}

/// The folder of an entry, without a trailing `/`; empty for the root.
pub(super) fn folder_of(entry_name: &str) -> &str {
    entry_name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder that `location`, written in a file of `folder`, names. Used for the `BaseLoc` of resources.
pub(super) fn join_folder(folder: &str, location: &str) -> Option<String> {
    match location.strip_prefix('/') {
        Some(rooted) => normal("", rooted),
        None => normal(folder, location),
    }
}

/// Looks up a location that is written in a file of `folder`.
pub(super) fn resolve(package: &Package<'_>, folder: &str, location: &str) -> Target {
    let location = location.trim();
    if location.is_empty() || location.len() > LOCATION_BYTES_MAX {
        return Target::Outside;
    }
    let slashed = location.replace('\\', "/");
    let (start, path) = match slashed.strip_prefix('/') {
        Some(rooted) => ("", rooted),
        None => (folder, slashed.as_str()),
    };
    let Some(by_rule) = normal(start, path) else { return Target::Outside };
    if slashed == location
        && let Some(entry) = package.find(&by_rule)
    {
        return Target::Exact(entry);
    }
    let outer = std::iter::successors(Some(start), |folder| (!folder.is_empty()).then(|| folder_of(folder)));
    for folder in outer.take(OUTER_FOLDERS_MAX).chain(std::iter::once("")) {
        let found = normal(folder, path).and_then(|name| find_loosely(package, &name));
        if let Some(entry) = found {
            return Target::Inexact(entry);
        }
    }
    Target::Missing(by_rule)
}

fn find_loosely(package: &Package<'_>, name: &str) -> Option<EntryId> {
    package.find(name).or_else(|| package.find_folded(name)).or_else(|| {
        let decoded = percent_decoded(name)?;
        // An escape must not smuggle in a step that was not there before.
        let is_plain = decoded.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
        if is_plain { package.find(&decoded).or_else(|| package.find_folded(&decoded)) } else { None }
    })
}

/// `folder/path` without `.` and `..`; `None` where it leaves the package or names nothing.
fn normal(folder: &str, path: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            _ => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

/// The text with `%XX` replaced; `None` where there is no escape or the result is not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| first == b'%').and_then(|digits| {
            let mut byte = [0];
            hex::decode_to_slice(digits, &mut byte).ok().map(|()| byte[0])
        });
        match escape {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn paths_are_made_plain_and_never_leave_the_package() {
        assert_eq!(normal("Doc_0/Signs", "../Pages/./P.xml").unwrap(), "Doc_0/Pages/P.xml");
        assert_eq!(normal("a", "..").unwrap(), "");
        assert_eq!(normal("a", "../../x"), None);
        assert_eq!(join_folder("Doc_0", "/Res").unwrap(), "Res");
        assert_eq!(join_folder("Doc_0", "./Res").unwrap(), "Doc_0/Res");
    }

    #[test]
    fn escapes_are_decoded_only_where_whole() {
        assert_eq!(percent_decoded("a%20b%E9%99%84").unwrap(), "a b附");
        assert_eq!(percent_decoded("100%").unwrap(), "100%");
        assert_eq!(percent_decoded("%zz").unwrap(), "%zz");
        assert_eq!(percent_decoded("%FF"), None);
        assert_eq!(percent_decoded("plain"), None);
    }
}
