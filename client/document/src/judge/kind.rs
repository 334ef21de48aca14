//! Tells the kind of a file by its bytes; names and media types are not trusted.

use std::borrow::Cow;

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
    // A SEQUENCE longer than 127 bytes, whatever the form of its length: no seal or signature with a seal is shorter.
    if matches!(bytes, [0x30, 0x80..=0xff, ..]) {
        return of_der(Cow::Borrowed(bytes));
    }
    match armour::unwrap(bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes)) {
        // Text is only taken for a seal when there is one in it.
        Some(inside) if Seal::read_first(&inside).is_ok() => Content::Seal(Cow::Owned(inside)),
        _ => Content::Other,
    }
}

/// DER that is nothing else is taken for a seal, so that a damaged seal is reported as one.
fn of_der(bytes: Cow<'_, [u8]>) -> Content<'_> {
    if Seal::read_first(&bytes).is_ok() {
        return Content::Seal(bytes);
    }
    if matches!(SignedValue::read(&bytes), Ok(SignedValue::Seal(_) | SignedValue::Data(_))) {
        return Content::Signature(bytes);
    }
    if Certificate::read(&bytes).is_ok() || RevocationList::read(&bytes).is_ok() {
        return Content::Other;
    }
    Content::Seal(bytes)
}
