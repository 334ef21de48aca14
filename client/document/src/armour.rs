//! Text around DER: PEM blocks (RFC 7468, read leniently: any line length), and bare base64.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};

use crate::certificate::Certificate;
use crate::revocation::RevocationList;

/// With or without `=` at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Blocks of one file.
const BLOCKS_MAX: usize = 20_000;

/// One PEM block: its label and the bytes inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub label: String,
    pub bytes: Vec<u8>,
}

/// The PEM blocks of a text, at most [`BLOCKS_MAX`]; a block that is no base64 is left out. Empty when there are none.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<Block> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ")
        && found.len() < BLOCKS_MAX
    {
        let Some((label, body)) = after.split_once("-----") else { break };
        let Some((body, after)) = body.split_once("-----END ") else { break };
        if let Some(bytes) = decode(body) {
            found.push(Block { label: label.to_owned(), bytes });
        }
        rest = after;
    }
    found
}

/// DER inside PEM or bare base64. `None` when the bytes are neither, as DER itself is.
pub(crate) fn unwrap(bytes: &[u8]) -> Option<Vec<u8>> {
    if let Some(block) = blocks(bytes).into_iter().next() {
        return Some(block.bytes);
    }
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}');
    // A SEQUENCE with a two-byte or longer length begins "MI", with a one-byte length "MH" or "MF".
    if text.trim_start().starts_with('M') { decode(text) } else { None }
}

/// SM3 of the DER of the certificate or revocation list in a file, be it DER, PEM or base64: how both are named on a ledger. `None`
/// where the file holds neither.
pub fn named_digest(bytes: &[u8]) -> Option<Digest> {
    let inside = unwrap(bytes);
    let der = inside.as_deref().unwrap_or(bytes);
    let is_known = Certificate::read(der).is_ok() || RevocationList::read(der).is_ok();
    is_known.then(|| DigestAlgorithm::Sm3.plain(&[der]))
}

/// Base64 in any layout of lines. `None` where it is none, or empty.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(packed).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn blocks_of_any_line_length_are_read_and_labels_kept() {
        let text = b"note\n-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\r\n-----BEGIN X509 CRL-----\nAw\nQF-----END X509 CRL-----";
        let found = blocks(text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].label.as_str(), &found[1].bytes[..]), ("X509 CRL", &[3, 4, 5][..]));
        assert!(blocks(b"-----BEGIN X-----\nAAEC").is_empty());
        assert!(blocks(&[0xff, 0xfe]).is_empty());
    }

    #[test]
    fn base64_without_armour_is_told_from_der() {
        assert_eq!(unwrap(b" MIIB\n").unwrap(), [0x30, 0x82, 0x01]);
        assert_eq!(unwrap(&[0x30, 0x82, 0x01, 0x00]), None);
        assert_eq!(unwrap(b"Many words are no base64."), None);
    }
}
