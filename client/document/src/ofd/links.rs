//! Which elements and attributes of an OFD file name other files: one table, read beside GB/T 33190-2016.
//!
//! The table goes by an element and its parent, not by the kind of file it stands in, so that each file needs to be read once.

use super::reached::Use;

/// Where the location stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// In the element's text.
    Text,
    /// In this attribute.
    Attribute(&'static str),
}

/// One place where a location stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub source: Source,
    pub used: Use,
    /// Relative to the `BaseLoc` of the resource file first.
    pub in_resource_folder: bool,
    /// Not of the standard's text: followed where it names a file, no defect where it does not.
    pub is_guess: bool,
}

const fn link(source: Source, used: Use) -> Option<Link> {
    Some(Link { source, used, in_resource_folder: false, is_guess: false })
}

const fn resource(source: Source) -> Option<Link> {
    Some(Link { source, used: Use::Leaf, in_resource_folder: true, is_guess: false })
}

/// The link that `name` makes when it stands in `parent`.
pub(super) fn link_of(parent: &str, name: &str) -> Option<Link> {
    use Source::{Attribute, Text};
    match (parent, name) {
        // Document.xml (7.5): shared resources, templates, pages, and what hangs on the document.
        ("CommonData", "PublicRes" | "DocumentRes") => link(Text, Use::Walk),
        ("CommonData", "TemplatePage") | ("Pages", "Page") => link(Attribute("BaseLoc"), Use::Walk),
        ("Document", "Annotations" | "Attachments" | "CustomTags" | "Extensions") => link(Text, Use::Walk),
        // A page's own resources (7.7).
        ("Page", "PageRes") => link(Text, Use::Walk),
        // Resources (7.9): relative to the BaseLoc of the resource file.
        ("Font", "FontFile") | ("MultiMedia", "MediaFile") => resource(Text),
        ("ColorSpaces", "ColorSpace") => resource(Attribute("Profile")),
        // Annotations of one page (15.1).
        ("Page", "FileLoc") => link(Text, Use::Walk),
        // Custom tags (16), extensions (17), attachments (20).
        ("CustomTag", "FileLoc" | "SchemaLoc") | ("Extension", "ExtendData") | ("Attachment", "FileLoc") => {
            link(Text, Use::Leaf)
        }
        // Versions (19).
        ("DocVersion", "DocRoot") => link(Text, Use::Walk),
        ("FileList", "File") => link(Text, Use::Listed),
        _ if name.ends_with("Loc") || name.ends_with("File") => {
            Some(Link { source: Text, used: Use::Leaf, in_resource_folder: true, is_guess: true })
        }
        _ => None,
    }
}

/// Attributes that hold a location wherever they stand. Guessed: they are followed where they name a file.
pub(super) const GUESSED_ATTRIBUTES: [&str; 3] = ["BaseLoc", "FileLoc", "SchemaLoc"];

/// Names that matter as a parent in [`link_of`]; all others are kept as the empty name.
pub(super) fn parent_name(name: &str) -> &'static str {
    const NAMES: [&str; 13] = [
        "CommonData",
        "Pages",
        "Document",
        "Page",
        "Font",
        "MultiMedia",
        "ColorSpaces",
        "CustomTag",
        "Extension",
        "Attachment",
        "DocVersion",
        "FileList",
        "Res",
    ];
    NAMES.iter().find(|known| **known == name).copied().unwrap_or("")
}
