//! The first eight bytes of a proof file: what kind it is, and which version of that kind.
//!
//! A file of a later version is neither a lie nor damaged; this program cannot read it, and says so.

use super::ReceiptError;

/// The bytes after the magic.
///
/// The last byte of a magic is the version, `1` to `9`, then `A` to `Z`.
///
/// # Errors
/// [`ReceiptError::NotAReceipt`] for any other file, [`ReceiptError::OtherVersion`] for another version of this kind.
pub(super) fn after_magic<'a>(bytes: &'a [u8], magic: &[u8; 8]) -> Result<&'a [u8], ReceiptError> {
    if let Some(body) = bytes.strip_prefix(magic) {
        return Ok(body);
    }
    let [kind @ .., known] = magic;
    let not_a_receipt = || ReceiptError::NotAReceipt { expected: String::from_utf8_lossy(magic).into_owned() };
    let found = *bytes.strip_prefix(kind).and_then(<[u8]>::first).ok_or_else(not_a_receipt)?;
    match found {
        b'1'..=b'9' | b'A'..=b'Z' => Err(ReceiptError::OtherVersion { found: found.into(), known: (*known).into() }),
        _ => Err(not_a_receipt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_told_apart() {
        let magic = b"HUXINRC2";
        assert_eq!(after_magic(b"HUXINRC2ab", magic), Ok(&b"ab"[..]));
        let other = |found| Err(ReceiptError::OtherVersion { found, known: '2' });
        assert_eq!(after_magic(b"HUXINRC1ab", magic), other('1'));
        assert_eq!(after_magic(b"HUXINRC3", magic), other('3'));
        assert_eq!(after_magic(b"HUXINRCA", magic), other('A'));
        for bytes in [&b""[..], b"HUXINRC", b"HUXINRC0", b"HUXINRT1", b"%PDF-1.7 and more"] {
            assert!(matches!(after_magic(bytes, magic), Err(ReceiptError::NotAReceipt { .. })));
        }
    }
}
