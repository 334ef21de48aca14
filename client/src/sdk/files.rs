//! Digests of a document, in one pass over the file and in bounded memory.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::record::licence::Document;

use crate::error::ClientError;
use crate::say;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// SHA-256, SM3 and length of a file.
pub fn document_of(path: &Path) -> Result<Document, ClientError> {
    let failed = |error| ClientError::file("cannot read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut sha256, mut sm3) = (DigestAlgorithm::Sha256.start(), DigestAlgorithm::Sm3.start());
    let mut chunk = vec![0u8; CHUNK_BYTES];
    let mut size_bytes = 0u64;
    loop {
        let length = file.read(&mut chunk).map_err(failed)?;
        let Some(bytes) = chunk.get(..length).filter(|bytes| !bytes.is_empty()) else { break };
        sha256.update(bytes);
        sm3.update(bytes);
        size_bytes += length as u64;
    }
    if size_bytes == 0 {
        let said = say!("the file is empty; an empty document is never recorded", "文件为空；空文件不予登记");
        return Err(ClientError::at(path.display().to_string(), said));
    }
    Ok(Document { sha256: sha256.finish(), sm3: Some(sm3.finish()), size_bytes })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn both_digests_of_a_file_longer_than_a_chunk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("licence.ofd");
        let content: Vec<u8> = (0..CHUNK_BYTES * 2 + 7).map(|n| u8::try_from(n % 251).unwrap()).collect();
        std::fs::write(&path, &content).unwrap();
        let document = document_of(&path).unwrap();
        assert_eq!(document.sha256, DigestAlgorithm::Sha256.plain(&[&content]));
        assert_eq!(document.sm3, Some(DigestAlgorithm::Sm3.plain(&[&content])));
        assert_eq!(document.size_bytes, content.len() as u64);
        std::fs::write(&path, b"").unwrap();
        assert!(document_of(&path).is_err());
    }
}
