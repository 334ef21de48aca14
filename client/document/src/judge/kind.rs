//! Tells the kind of a file by its bytes; names and media types are not trusted.

use der::{Decode, Header, SliceReader, Tag};

use crate::ber::Source;
use crate::certificate::Certificate;
use crate::package;
use crate::revocation::RevocationList;
use crate::seal::Seal;
use crate::signed_value::SignedValue;

/// What a file seems to be.
pub(super) enum Content {
    /// A package with an `OFD.xml`. Any other package is [`Content::Other`].
    Ofd,
    Seal,
    Signature,
    Pdf,
    Other,
}

/// How far a PDF's mark may lie from the start, as readers accept it.
const PDF_MARK_WITHIN: usize = 1024;
/// Longest text looked into for base64: a seal of the greatest size.
const TEXT_BYTES_MAX: usize = 2 * crate::seal::SEAL_BYTES_MAX;

pub(super) fn of(bytes: &[u8]) -> Content {
    let head = bytes.get(..PDF_MARK_WITHIN).unwrap_or(bytes);
    if !bytes.starts_with(b"PK") && head.windows(5).any(|window| window == b"%PDF-") {
        return Content::Pdf;
    }
    if package::is_ofd(bytes) {
        return Content::Ofd;
    }
    // A SEQUENCE longer than 127 bytes, whatever the form of its length: no seal or signature with a seal is shorter. A shorter one
    // can be a bare value, which begins with an INTEGER.
    if matches!(bytes, [0x30, 0x80..=0xff, ..] | [0x30, _, 0x02, ..]) {
        return of_der(bytes);
    }
    let text = bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes);
    let source = Source::of(text, "");
    // Text is only taken for a seal or a signature when there is one in it.
    match source.odd.0.is_empty() {
        false if Seal::read_first(source.der()).is_ok() => Content::Seal,
        false if SignedValue::read(source.der()).is_ok() => Content::Signature,
        _ => Content::Other,
    }
}

/// DER is taken for what its first tags say, so that a damaged seal or signature is reported as one; with other tags, for a seal.
fn of_der(bytes: &[u8]) -> Content {
    if Certificate::read(bytes).is_ok() || RevocationList::read(bytes).is_ok() {
        return Content::Other;
    }
    let source = Source::of(bytes, "");
    match first_tags(source.der()) {
        // SignedData begins with its type or version, a bare value with r.
        Some((Tag::ObjectIdentifier | Tag::Integer, _)) => Content::Signature,
        // A signature begins with TBS_Sign, and that with a version; a seal with eSealInfo, and that with a header.
        Some((Tag::Sequence, Some(Tag::Integer))) => Content::Signature,
        _ => Content::Seal,
    }
}

/// The tag of the first element inside the outer one, and that of the first inside it. Needs no more of the bytes than their headers.
fn first_tags(bytes: &[u8]) -> Option<(Tag, Option<Tag>)> {
    let mut reader = SliceReader::new(bytes).ok()?;
    Header::decode(&mut reader).ok()?;
    let first = Header::decode(&mut reader).ok()?.tag();
    Some((first, Header::decode(&mut reader).ok().map(|header| header.tag())))
}
