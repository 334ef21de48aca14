//! Tells the kind of a file by its bytes; names and media types are not trusted.

use std::borrow::Cow;

use der::{Decode, Header, SliceReader, Tag};

use crate::armour;
use crate::certificate::Certificate;
use crate::revocation::RevocationList;
use crate::seal::Seal;
use crate::signed_value::SignedValue;

/// What a file seems to be. DER kinds come with their bytes out of base64 or PEM.
pub(super) enum Content<'a> {
    Zip,
    Seal(Cow<'a, [u8]>),
    Signature(Cow<'a, [u8]>),
    Pdf,
    Other,
}

/// How far a PDF's mark may lie from the start, as readers accept it.
const PDF_MARK_WITHIN: usize = 1024;
/// Longest text looked into for base64: a seal of the greatest size.
const TEXT_BYTES_MAX: usize = 2 * crate::seal::SEAL_BYTES_MAX;

pub(super) fn of(bytes: &[u8]) -> Content<'_> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Content::Zip;
    }
    let head = bytes.get(..PDF_MARK_WITHIN).unwrap_or(bytes);
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Content::Pdf;
    }
    // A SEQUENCE longer than 127 bytes, whatever the form of its length: no seal or signature with a seal is shorter. A shorter one
    // can be a bare value, which begins with an INTEGER.
    if matches!(bytes, [0x30, 0x80..=0xff, ..] | [0x30, _, 0x02, ..]) {
        return of_der(Cow::Borrowed(bytes));
    }
    match armour::unwrap(bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes)) {
        // Text is only taken for a seal or a signature when there is one in it.
        Some(inside) if Seal::read_first(&inside).is_ok() => Content::Seal(Cow::Owned(inside)),
        Some(inside) if SignedValue::read(&inside).is_ok() => Content::Signature(Cow::Owned(inside)),
        _ => Content::Other,
    }
}

/// DER is taken for what its first tags say, so that a damaged seal or signature is reported as one; with other tags, for a seal.
fn of_der(bytes: Cow<'_, [u8]>) -> Content<'_> {
    if Certificate::read(&bytes).is_ok() || RevocationList::read(&bytes).is_ok() {
        return Content::Other;
    }
    match first_tags(&bytes) {
        // SignedData begins with its type, a bare value with r.
        Some((Tag::ObjectIdentifier | Tag::Integer, _)) => Content::Signature(bytes),
        // A signature begins with TBS_Sign, and that with a version; a seal with eSealInfo, and that with a header.
        Some((Tag::Sequence, Some(Tag::Integer))) => Content::Signature(bytes),
        _ => Content::Seal(bytes),
    }
}

/// The tag of the first element inside the outer one, and that of the first inside it. Needs no more of the bytes than their headers.
fn first_tags(bytes: &[u8]) -> Option<(Tag, Option<Tag>)> {
    let mut reader = SliceReader::new(bytes).ok()?;
    Header::decode(&mut reader).ok()?;
    let first = Header::decode(&mut reader).ok()?.tag();
    Some((first, Header::decode(&mut reader).ok().map(|header| header.tag())))
}
