//! Reassembly of blocks under the rules and limits of [`crate::parts`].

use std::collections::BTreeMap;

use arc_malachitebft_app_channel::app::streaming::StreamMessage;
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::core::Validator as _;
use bytes::{Bytes, BytesMut};

use super::{Block, Init, PART_BYTES, Part, RESTREAM_ROUND, StreamName};
use crate::context::{Height, ValidatorSet};
use crate::signing::EngineVerifier;

/// Blocks this many heights above the current one are kept; a node that is slow to commit needs them at once after.
const HEIGHTS_AHEAD: u64 = 2;
/// Rounds above or below the current one whose blocks are kept. The engine itself looks 10 rounds ahead.
const ROUNDS_APART_MAX: u32 = 10;
/// Blocks of one publisher for one (height, round). An honest one sends a second after a restart.
const STREAMS_PER_ROUND_MAX: usize = 4;
/// Blocks remembered per neighbour, complete and refused ones too. Relaying for dozens of validators stays far below.
const STREAMS_REMEMBERED_MAX: usize = 4_096;

/// Bounds on what peers can make this node hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartLimits {
    pub block_bytes_max: usize,
    pub streams_per_peer_max: usize,
    pub bytes_per_peer_max: usize,
}

/// Why a part was not taken. Apart from [`Refusal::Done`] and [`Refusal::Stale`] no honest peer causes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("its stream id has no height and round in it")]
    StreamId,
    #[error("it belongs to a height or round that is over")]
    Stale,
    #[error("it belongs to a height or round too far ahead")]
    FarAhead,
    #[error("the peer has too many blocks under way")]
    TooManyStreams,
    #[error("the peer has too many bytes under way")]
    TooManyBytes,
    #[error("the block is longer than a block may be, or empty")]
    BlockLength,
    #[error("the part has a length or number that no part of its block has")]
    PartLength,
    #[error("it differs from the same part received before")]
    Conflict,
    #[error("the block is not from the proposer of its round")]
    Proposer,
    #[error("the signature of its sender does not verify")]
    Signature,
    #[error("its block is complete or refused already")]
    Done,
}

/// Reassembles blocks. `T` goes with the part that completes a block and comes out with it: the engine's reply port.
pub(crate) struct Assembly<T> {
    limits: PartLimits,
    verifier: EngineVerifier,
    /// The height being decided, its validators and round; `None` before the first.
    current: Option<(Height, ValidatorSet, u32)>,
    streams: BTreeMap<(StreamName, PeerId), Stream<T>>,
}

struct Stream<T> {
    /// The neighbour that opened it, whose limits it counts against.
    from: PeerId,
    state: StreamState<T>,
}

enum StreamState<T> {
    Open {
        init: Option<Init>,
        parts: BTreeMap<u64, Bytes>,
        bytes: usize,
    },
    /// Complete, for a height that has not begun.
    Held(Block, T),
    /// Handed out or refused. Kept so that late copies of its parts do not open it again.
    Done,
}

impl<T> Assembly<T> {
    pub(crate) fn new(limits: PartLimits, verifier: EngineVerifier) -> Self {
        Self { limits, verifier, current: None, streams: BTreeMap::new() }
    }

    /// Begins a height: forgets the ones below and hands out the blocks held for it.
    pub(crate) fn start_height(&mut self, height: Height, validators: ValidatorSet) -> Vec<(Block, T)> {
        self.streams.retain(|(name, _), _| name.height >= height);
        let mut ready = Vec::new();
        for ((name, _), stream) in &mut self.streams {
            if name.height != height {
                continue;
            }
            // What was checked only by its size so far is now checked by its sender.
            let allowed = |init: &Init| authorise(init, &validators, &self.verifier).is_ok();
            stream.state = match std::mem::replace(&mut stream.state, StreamState::Done) {
                StreamState::Held(block, ticket) => {
                    if allowed(&block.init) {
                        ready.push((block, ticket));
                    }
                    StreamState::Done
                }
                StreamState::Open { init: Some(init), .. } if !allowed(&init) => StreamState::Done,
                state => state,
            };
        }
        self.current = Some((height, validators, 0));
        ready
    }

    /// Notes the round of the current height, and forgets rounds long over.
    pub(crate) fn enter_round(&mut self, round: u32) {
        if let Some((height, _, current)) = &mut self.current {
            *current = round;
            let height = *height;
            self.streams
                .retain(|(name, _), _| name.height != height || name.round.saturating_add(ROUNDS_APART_MAX) >= round);
        }
    }

    /// The height being decided, 0 before the first.
    pub(crate) fn height(&self) -> Height {
        self.current.as_ref().map_or(Height(0), |(height, ..)| *height)
    }

    /// Takes one part. `from` delivered it, `publisher` sent it first. `Ok(Some(..))` is a whole block of the current
    /// height, from the right proposer.
    pub(crate) fn insert(
        &mut self,
        from: PeerId,
        publisher: PeerId,
        message: StreamMessage<Part>,
        ticket: T,
    ) -> Result<Option<(Block, T)>, Refusal> {
        let name = StreamName::of(&message.stream_id).ok_or(Refusal::StreamId)?;
        self.in_window(&name)?;
        // Other implementations of the engine's streams end them with a message of its own; the length says it here.
        let Some(part) = message.content.into_data() else {
            return Ok(None);
        };
        let key = (name, publisher);
        if !self.streams.contains_key(&key) {
            self.open(key, from)?;
        }
        let taken = self.take(key, message.sequence, part);
        if let Err(refusal) = taken
            && !matches!(refusal, Refusal::Done | Refusal::TooManyBytes)
            && let Some(stream) = self.streams.get_mut(&key)
        {
            stream.state = StreamState::Done;
        }
        taken?;
        Ok(self.finish(key, ticket))
    }

    fn in_window(&self, name: &StreamName) -> Result<(), Refusal> {
        let (height, round) = match &self.current {
            Some((height, _, round)) => (*height, *round),
            // The first height is about to begin; which one is not known here yet.
            None => return Err(Refusal::FarAhead),
        };
        if name.height < height {
            return Err(Refusal::Stale);
        }
        if name.height.0 > height.0.saturating_add(HEIGHTS_AHEAD) {
            return Err(Refusal::FarAhead);
        }
        let round = if name.height == height { round } else { 0 };
        if name.round > round.saturating_add(ROUNDS_APART_MAX) {
            return Err(Refusal::FarAhead);
        }
        if name.round.saturating_add(ROUNDS_APART_MAX) < round {
            return Err(Refusal::Stale);
        }
        Ok(())
    }

    fn open(&mut self, key: (StreamName, PeerId), from: PeerId) -> Result<(), Refusal> {
        let (name, publisher) = key;
        let same_round = |(other, by): &(StreamName, PeerId)| {
            *by == publisher && other.height == name.height && other.round == name.round
        };
        let in_round = self.streams.keys().filter(|key| same_round(key)).count();
        let under_way = self
            .streams
            .values()
            .filter(|stream| stream.from == from && !matches!(stream.state, StreamState::Done))
            .count();
        let remembered = self.streams.values().filter(|stream| stream.from == from).count();
        if in_round >= STREAMS_PER_ROUND_MAX
            || under_way >= self.limits.streams_per_peer_max
            || remembered >= STREAMS_REMEMBERED_MAX
        {
            return Err(Refusal::TooManyStreams);
        }
        let state = StreamState::Open { init: None, parts: BTreeMap::new(), bytes: 0 };
        self.streams.insert(key, Stream { from, state });
        Ok(())
    }

    fn bytes_of(&self, from: PeerId) -> usize {
        let bytes = |stream: &Stream<T>| match &stream.state {
            StreamState::Open { bytes, .. } => *bytes,
            StreamState::Held(block, _) => block.bytes.len(),
            StreamState::Done => 0,
        };
        self.streams.values().filter(|stream| stream.from == from).map(bytes).sum()
    }

    fn take(&mut self, key: (StreamName, PeerId), sequence: u64, part: Part) -> Result<(), Refusal> {
        let Some(from) = self.streams.get(&key).map(|stream| stream.from) else {
            return Err(Refusal::Done);
        };
        let held = self.bytes_of(from);
        let limits = self.limits;
        let validators = match &self.current {
            Some((height, validators, _)) if *height == key.0.height => Some(validators),
            _ => None,
        };
        let Some(Stream { state: StreamState::Open { init, parts, bytes }, .. }) = self.streams.get_mut(&key) else {
            return Err(Refusal::Done);
        };
        match part {
            Part::Init(new) => {
                if sequence != 0 || new.height != key.0.height || new.round != key.0.round {
                    return Err(Refusal::PartLength);
                }
                if let Some(old) = init {
                    return if *old == new { Ok(()) } else { Err(Refusal::Conflict) };
                }
                let block_bytes = usize::try_from(new.block_bytes).unwrap_or(usize::MAX);
                if block_bytes == 0 || block_bytes > limits.block_bytes_max {
                    return Err(Refusal::BlockLength);
                }
                if let Some(validators) = validators {
                    authorise(&new, validators, &self.verifier)?;
                }
                if parts.iter().any(|(sequence, data)| part_bytes(new.block_bytes, *sequence) != Some(data.len())) {
                    return Err(Refusal::PartLength);
                }
                *init = Some(new);
            }
            Part::Data(data) => {
                let fits = match init {
                    Some(init) => part_bytes(init.block_bytes, sequence) == Some(data.len()),
                    // Part 0 is still under way: anything that could be part of some block.
                    None => {
                        let parts_max = limits.block_bytes_max.div_ceil(PART_BYTES);
                        (1..=PART_BYTES).contains(&data.len())
                            && usize::try_from(sequence).is_ok_and(|at| (1..=parts_max).contains(&at))
                    }
                };
                if !fits {
                    return Err(Refusal::PartLength);
                }
                if let Some(old) = parts.get(&sequence) {
                    return if *old == data { Ok(()) } else { Err(Refusal::Conflict) };
                }
                if held.saturating_add(data.len()) > limits.bytes_per_peer_max {
                    return Err(Refusal::TooManyBytes);
                }
                *bytes = bytes.saturating_add(data.len());
                parts.insert(sequence, data);
            }
        }
        Ok(())
    }

    /// The block, if that was its last part and its height has begun.
    fn finish(&mut self, key: (StreamName, PeerId), ticket: T) -> Option<(Block, T)> {
        let now = self.height() == key.0.height;
        let stream = self.streams.get_mut(&key)?;
        let StreamState::Open { init: Some(init), parts, bytes } = &mut stream.state else {
            return None;
        };
        // Each part has its one right length, so the sum is right exactly when all are here.
        if usize::try_from(init.block_bytes) != Ok(*bytes) {
            return None;
        }
        let block = Block { init: init.clone(), bytes: join(std::mem::take(parts)) };
        if now {
            stream.state = StreamState::Done;
            Some((block, ticket))
        } else {
            stream.state = StreamState::Held(block, ticket);
            None
        }
    }
}

/// Length of part `sequence` of a block; `None` if the block has no such part.
fn part_bytes(block_bytes: u32, sequence: u64) -> Option<usize> {
    let block_bytes = usize::try_from(block_bytes).ok()?;
    let before = usize::try_from(sequence.checked_sub(1)?).ok()?.checked_mul(PART_BYTES)?;
    match block_bytes.checked_sub(before)? {
        0 => None,
        rest => Some(rest.min(PART_BYTES)),
    }
}

fn join(parts: BTreeMap<u64, Bytes>) -> Bytes {
    let mut parts = parts.into_values();
    let Some(first) = parts.next() else {
        return Bytes::new();
    };
    if parts.len() == 0 {
        return first; // Most blocks are one part: no copy.
    }
    let mut whole = BytesMut::from(first);
    for part in parts {
        whole.extend_from_slice(&part);
    }
    whole.freeze()
}

/// Whether this sender may start a block for this round.
fn authorise(init: &Init, validators: &ValidatorSet, verifier: &EngineVerifier) -> Result<(), Refusal> {
    if init.proposer != *validators.proposer(init.height, init.round).address() {
        return Err(Refusal::Proposer);
    }
    if init.sender != init.proposer && init.round < RESTREAM_ROUND {
        return Err(Refusal::Proposer);
    }
    let key = validators.key(&init.sender).ok_or(Refusal::Proposer)?;
    if verifier.verify_init(init, key) { Ok(()) } else { Err(Refusal::Signature) }
}

#[cfg(test)]
mod tests;
