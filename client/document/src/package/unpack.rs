//! Unpacking one entry, no further than declared.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipReadOptions;

use crate::reason::Reason;

/// Bytes handed on at a time: all that unpacking needs in memory, whatever the entry's size.
const CHUNK_BYTES: usize = 64 * 1024;

/// Passes the unpacked bytes of the entry at `position` to `sink`, and checks that they are `size` in number.
pub(super) fn stream(
    archive: &ZipArchive<Cursor<&[u8]>>,
    position: usize,
    size: u64,
    mut sink: impl FnMut(&[u8]),
) -> Result<(), (Reason, String)> {
    // A clone shares the directory and has a cursor of its own.
    let mut archive = archive.clone();
    let options = ZipReadOptions::new().ignore_crc32(true);
    let mut reader =
        archive.by_index_with_options(position, options).map_err(|error| (Reason::ZipMalformed, error.to_string()))?;
    let mut chunk = vec![0; CHUNK_BYTES.min(usize::try_from(size).unwrap_or(CHUNK_BYTES).saturating_add(1))];
    let mut seen: u64 = 0;
    loop {
        let read = reader.read(&mut chunk).map_err(|error| (Reason::ZipMalformed, error.to_string()))?;
        if read == 0 {
            break;
        }
        seen = seen.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if seen > size {
            return Err((Reason::ZipBomb, format!("more than the declared {size} bytes")));
        }
        sink(chunk.get(..read).unwrap_or_default());
    }
    if seen == size { Ok(()) } else { Err((Reason::ZipMalformed, format!("{seen} of {size} bytes"))) }
}
