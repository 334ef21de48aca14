//! A record preceded by its length, so that a reader who does not know its kind still finds what follows it.
//!
//! ```text
//! framed record = length u32 | record [length]
//! ```

use std::io::{Error, ErrorKind, Read, Write};

use borsh::{BorshDeserialize, BorshSerialize};

use super::RECEIPT_BYTES_MAX;
use crate::record::Record;

pub(super) fn write<W: Write>(record: &Record, writer: &mut W) -> Result<(), Error> {
    record.to_bytes().serialize(writer)
}

pub(super) fn read<R: Read>(reader: &mut R) -> Result<Record, Error> {
    let length = u32::deserialize_reader(reader)?;
    let too_long = || Error::new(ErrorKind::InvalidData, format!("a record of {length} bytes"));
    let length = usize::try_from(length).ok().filter(|length| *length <= RECEIPT_BYTES_MAX).ok_or_else(too_long)?;
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Record::try_from_slice(&bytes)
}
