//! Frames on the wire.
//!
//! ```text
//! batch   version u8 = 1 | count u32 | length u32 | count x ( item length u32 | item bytes )
//! reply   version u8 = 1 | status u8 | accepted u32 | known u32 | refused u32 | consumed u32 | retry_after_ms u32
//! ```
//! Little-endian. `length` counts all bytes after it. One request per stream; the reply ends it.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use huxin_chain_spec::transaction::TRANSACTION_BYTES_MAX;
use libp2p::{StreamProtocol, request_response};

/// Most transactions in one batch.
pub const BATCH_TRANSACTIONS_MAX: usize = 4_096;
/// Most bytes of transactions in one batch: room for the longest transaction.
pub const BATCH_BYTES_MAX: usize = TRANSACTION_BYTES_MAX;
/// Most bytes after the header of a batch.
const PAYLOAD_BYTES_MAX: usize = BATCH_BYTES_MAX + BATCH_TRANSACTIONS_MAX * ITEM_HEADER_BYTES;
/// How much of a refused batch is read and thrown away, so that its sender can read the refusal.
const DISCARD_BYTES_MAX: u64 = 4 * PAYLOAD_BYTES_MAX as u64;
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 9;
const ITEM_HEADER_BYTES: usize = 4;
const REPLY_BYTES: usize = 22;

/// Why a frame is not a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("version {0} of the batch format is not supported")]
    Version(u8),
    #[error("{0} transactions in a batch; 1 to {BATCH_TRANSACTIONS_MAX} are accepted")]
    Count(usize),
    #[error("{0} bytes in a batch; at most {PAYLOAD_BYTES_MAX} are accepted")]
    TooLong(usize),
    #[error("the item lengths of the batch do not add up to its length")]
    Lengths,
}

/// A request, as sent or as read. What cannot be read as a batch still reaches the loop, to be answered and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    Batch(Vec<Bytes>),
    Malformed(FrameError),
}

/// What the receiver did with a batch. The discriminants are wire values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum BatchStatus {
    /// Processed in full.
    Done = 0,
    /// Pool full: `consumed` items were processed, the rest is to be sent again.
    Full = 1,
    /// Too much is waiting for verification, or the sender is ignored for a while: nothing was processed.
    Later = 2,
    /// Not a batch, or it held what an honest node never sends. Not to be sent again.
    Refused = 3,
}

/// Answer to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchReply {
    pub(super) status: BatchStatus,
    /// Newly pooled.
    pub(super) accepted: u32,
    /// Pooled or committed before.
    pub(super) known: u32,
    /// Refused by the ledger.
    pub(super) refused: u32,
    /// Items from the front that need not be sent again.
    pub(super) consumed: u32,
    /// How long to wait before sending again; 0 for no wait.
    pub(super) retry_after_ms: u32,
}

impl BatchReply {
    /// A reply with nothing consumed.
    pub(super) fn later(retry_after_ms: u64) -> Self {
        Self {
            status: BatchStatus::Later,
            accepted: 0,
            known: 0,
            refused: 0,
            consumed: 0,
            retry_after_ms: u32::try_from(retry_after_ms).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn to_bytes(self) -> [u8; REPLY_BYTES] {
        let mut bytes = [0; REPLY_BYTES];
        bytes[0] = VERSION;
        bytes[1] = self.status as u8;
        let fields = [self.accepted, self.known, self.refused, self.consumed, self.retry_after_ms];
        for (slot, field) in bytes[2..].chunks_exact_mut(4).zip(fields) {
            slot.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; REPLY_BYTES]) -> Option<Self> {
        let status = match (bytes[0], bytes[1]) {
            (VERSION, 0) => BatchStatus::Done,
            (VERSION, 1) => BatchStatus::Full,
            (VERSION, 2) => BatchStatus::Later,
            (VERSION, 3) => BatchStatus::Refused,
            _ => return None,
        };
        let field = |at: usize| read_u32(&bytes[2 + 4 * at..]).map(|(value, _)| value);
        Some(Self {
            status,
            accepted: field(0)?,
            known: field(1)?,
            refused: field(2)?,
            consumed: field(3)?,
            retry_after_ms: field(4)?,
        })
    }
}

/// Splits a length off the front.
fn read_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    bytes.split_first_chunk().map(|(head, rest)| (u32::from_le_bytes(*head), rest))
}

fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (value, rest) = read_u32(bytes)?;
    Some((usize::try_from(value).ok()?, rest))
}

/// The frame of a batch. `None` if it is empty or over a limit, which the pool's own batches never are.
pub(super) fn encode_batch(items: &[Bytes]) -> Option<Vec<u8>> {
    let payload: usize = items.iter().map(|item| ITEM_HEADER_BYTES + item.len()).sum();
    if items.is_empty() || items.len() > BATCH_TRANSACTIONS_MAX || payload > PAYLOAD_BYTES_MAX {
        return None;
    }
    let mut frame = Vec::with_capacity(HEADER_BYTES + payload);
    frame.push(VERSION);
    frame.extend_from_slice(&u32::try_from(items.len()).ok()?.to_le_bytes());
    frame.extend_from_slice(&u32::try_from(payload).ok()?.to_le_bytes());
    for item in items {
        frame.extend_from_slice(&u32::try_from(item.len()).ok()?.to_le_bytes());
        frame.extend_from_slice(item);
    }
    Some(frame)
}

/// Count and payload length of a batch, each checked before anything is allocated for it.
fn decode_header(header: &[u8; HEADER_BYTES]) -> Result<(usize, usize), FrameError> {
    let [version, fields @ ..] = header;
    if *version != VERSION {
        return Err(FrameError::Version(*version));
    }
    let (count, rest) = read_length(fields).ok_or(FrameError::Lengths)?;
    let (length, _) = read_length(rest).ok_or(FrameError::Lengths)?;
    if count == 0 || count > BATCH_TRANSACTIONS_MAX {
        return Err(FrameError::Count(count));
    }
    if length > PAYLOAD_BYTES_MAX {
        return Err(FrameError::TooLong(length));
    }
    if length <= count * ITEM_HEADER_BYTES {
        return Err(FrameError::Lengths);
    }
    Ok((count, length))
}

/// The items of a payload. Each gets its own buffer: one pooled transaction must not keep a whole batch in memory.
fn decode_payload(count: usize, payload: &[u8]) -> Result<Vec<Bytes>, FrameError> {
    let mut items = Vec::with_capacity(count);
    let mut rest = payload;
    for _ in 0..count {
        let (length, tail) = read_length(rest).ok_or(FrameError::Lengths)?;
        let (item, tail) = tail.split_at_checked(length).ok_or(FrameError::Lengths)?;
        if item.is_empty() {
            return Err(FrameError::Lengths);
        }
        items.push(Bytes::copy_from_slice(item));
        rest = tail;
    }
    if rest.is_empty() { Ok(items) } else { Err(FrameError::Lengths) }
}

/// Reads and writes the frames of one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct BatchCodec;

#[async_trait]
impl request_response::Codec for BatchCodec {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = BatchReply;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut header = [0; HEADER_BYTES];
        io.read_exact(&mut header).await?;
        let (count, length) = match decode_header(&header) {
            Ok(sizes) => sizes,
            Err(error) => {
                discard(io).await?;
                return Ok(Request::Malformed(error));
            }
        };
        // Grows with what arrives, not with what is announced.
        let mut payload = Vec::new();
        io.take(u64::try_from(length).unwrap_or(0)).read_to_end(&mut payload).await?;
        if payload.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(decode_payload(count, &payload).map_or_else(Request::Malformed, Request::Batch))
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<BatchReply>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = [0; REPLY_BYTES];
        io.read_exact(&mut bytes).await?;
        BatchReply::from_bytes(&bytes)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a reply to a batch"))
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, request: Request) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let frame = match &request {
            Request::Batch(items) => encode_batch(items),
            Request::Malformed(_) => None,
        };
        let frame = frame.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a batch that may be sent"))?;
        io.write_all(&frame).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, reply: BatchReply) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&reply.to_bytes()).await
    }
}

/// Reads to the end of a refused frame, up to a bound, keeping nothing.
async fn discard<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<()> {
    let mut left = io.take(DISCARD_BYTES_MAX);
    let mut chunk = vec![0; 16 << 10];
    while left.read(&mut chunk).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
    use futures::executor::block_on;
    use futures::io::Cursor;
    use proptest::prelude::*;
    use request_response::Codec;

    use super::*;

    const PROTOCOL: StreamProtocol = StreamProtocol::new("/test");

    fn read(frame: &[u8]) -> io::Result<Request> {
        block_on(BatchCodec.read_request(&PROTOCOL, &mut Cursor::new(frame)))
    }

    fn header(count: u32, length: u32) -> Vec<u8> {
        [&[VERSION][..], &count.to_le_bytes(), &length.to_le_bytes()].concat()
    }

    #[test]
    fn refuses_sizes_before_reading_on() {
        let count_max = u32::try_from(BATCH_TRANSACTIONS_MAX).unwrap();
        let length_max = u32::try_from(PAYLOAD_BYTES_MAX).unwrap();
        let cases = [
            (header(0, 10), FrameError::Count(0)),
            (header(count_max + 1, length_max), FrameError::Count(BATCH_TRANSACTIONS_MAX + 1)),
            (header(u32::MAX, u32::MAX), FrameError::Count(u32::MAX as usize)),
            (header(1, length_max + 1), FrameError::TooLong(PAYLOAD_BYTES_MAX + 1)),
            (header(2, 8), FrameError::Lengths),
            ([vec![2], header(1, 5)[1..].to_vec()].concat(), FrameError::Version(2)),
        ];
        for (frame, error) in cases {
            assert_eq!(read(&frame).unwrap(), Request::Malformed(error));
        }
        // Announced but never sent: an error of the stream, not an allocation.
        assert_eq!(read(&header(1, length_max)).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn refuses_items_that_do_not_add_up() {
        let good = encode_batch(&[Bytes::from_static(b"ab"), Bytes::from_static(b"c")]).unwrap();
        assert!(matches!(read(&good).unwrap(), Request::Batch(items) if items.len() == 2));
        for (at, value) in [(9, 3), (9, 1), (9, 255), (12, 1), (15, 0), (15, 2), (1, 1), (1, 3)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(read(&bad).unwrap(), Request::Malformed(FrameError::Lengths), "byte {at} = {value}");
        }
    }

    #[test]
    fn refuses_to_send_what_it_would_refuse_to_read() {
        assert!(encode_batch(&[]).is_none());
        assert!(encode_batch(&vec![Bytes::from_static(b"x"); BATCH_TRANSACTIONS_MAX + 1]).is_none());
        assert!(encode_batch(&[Bytes::from(vec![0; PAYLOAD_BYTES_MAX])]).is_none());
        let longest = encode_batch(&[Bytes::from(vec![7; BATCH_BYTES_MAX])]).unwrap();
        assert!(matches!(read(&longest).unwrap(), Request::Batch(_)));
    }

    #[test]
    fn reply_has_one_form() {
        let reply = BatchReply {
            status: BatchStatus::Full,
            accepted: 1,
            known: 2,
            refused: 3,
            consumed: 6,
            retry_after_ms: 0x0102_0304,
        };
        let bytes = reply.to_bytes();
        assert_eq!(bytes, [1, 1, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0, 4, 3, 2, 1]);
        assert_eq!(BatchReply::from_bytes(&bytes), Some(reply));
        for (at, value) in [(0, 0), (0, 2), (1, 4), (1, 255)] {
            let mut bad = bytes;
            bad[at] = value;
            assert_eq!(BatchReply::from_bytes(&bad), None);
        }
    }

    proptest! {
        #[test]
        fn batches_survive_the_wire(items in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 1..40)) {
            let items: Vec<Bytes> = items.into_iter().map(Bytes::from).collect();
            let frame = encode_batch(&items).unwrap();
            prop_assert_eq!(read(&frame).unwrap(), Request::Batch(items));
        }

        #[test]
        fn any_bytes_are_answered(frame in prop::collection::vec(any::<u8>(), 0..200), version_right in any::<bool>()) {
            let mut frame = frame;
            if version_right && let Some(first) = frame.first_mut() {
                *first = VERSION;
            }
            // Reads to an answer; what it accepts, it writes back the same.
            if let Ok(Request::Batch(items)) = read(&frame) {
                let again = encode_batch(&items).unwrap();
                prop_assert_eq!(&again[..], &frame[..again.len()]);
            }
        }
    }
}
