//! What a document reaches: shared by the walk that finds it and the coverage that is judged from it.

use std::collections::BTreeMap;

use crate::package::EntryId;

/// Entries reached, with the strongest use of each.
pub(super) type Reached = BTreeMap<EntryId, Use>;

/// How one file uses another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// Listed as belonging to a version of the document; not itself shown because of that.
    Listed,
    /// Used as it is: an image, a font, an attachment.
    Leaf,
    /// An XML file that names further files.
    Walk,
}
