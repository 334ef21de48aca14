//! What was signed last, and what that permits: pure rules, no file.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, KeyId};

use crate::wire::{Malformed, Read, Wire};

/// First bytes of a record; the last one is the version of its form.
const MAGIC: [u8; 8] = *b"HUXINSS\x01";
/// Bytes of the checksum at the end.
const CHECKSUM_BYTES: usize = 32;

/// A statement of a round, in the order in which a validator makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Proposal,
    Prevote,
    Precommit,
}

/// What is about to be signed. Two with one height, round and step but other blocks convict whoever signed both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement {
    pub height: u64,
    pub round: u32,
    pub step: Step,
    /// Header hash; `None` in a vote for nothing.
    pub block: Option<Digest>,
}

/// What the sign-state says to a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permit {
    /// Above everything signed: to be recorded, then signed.
    New,
    /// Signed before, word for word: may be signed again.
    Same,
    /// Other than, or below, what was signed at this height. This vote was signed and may be said again in its place.
    Again(Statement),
    /// A vote for a block other than the one this validator is locked on, while the log that could justify it is lost: a vote
    /// for nothing is safe in its place.
    Nothing,
    /// Nothing may be said.
    Withheld(Withheld),
}

/// Why nothing may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Withheld {
    /// This sign-state was made for a key that may have signed before, and the chain was not heard of yet.
    PastUnknown,
    /// At or below the height up to which this key may have signed without this sign-state's knowledge.
    Floor,
    /// Below what was signed.
    Signed,
    /// Peers have decided this height and more: no vote is needed.
    Decided,
}

/// The last statements of a key on a chain, and what they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Counts the records written; the slot of a record is its lowest bit.
    pub sequence: u64,
    pub genesis: Digest,
    /// Identity of the store beside which this key signs.
    pub store: [u8; 16],
    pub key: KeyId,
    /// Whether it is known up to where this key may have signed before this sign-state was made.
    pub knows_past: bool,
    /// Nothing is signed at or below this height and round.
    pub floor: (u64, u32),
    /// The height of the statements below; 0 before the first.
    pub height: u64,
    /// The height whose consensus log is lost or contradicts what was signed; 0 for none.
    pub log_lost_at: u64,
    /// The last statement of each step at `height`: round and block.
    pub proposal: Option<(u32, Option<Digest>)>,
    pub prevote: Option<(u32, Option<Digest>)>,
    pub precommit: Option<(u32, Option<Digest>)>,
    /// The last precommit for a block at `height`.
    pub lock: Option<(u32, Digest)>,
}

impl Record {
    /// The first record of a key of which nothing is known.
    pub(crate) fn first(genesis: Digest, store: [u8; 16], key: KeyId) -> Self {
        Self {
            sequence: 0,
            genesis,
            store,
            key,
            knows_past: false,
            floor: (0, 0),
            height: 0,
            log_lost_at: 0,
            proposal: None,
            prevote: None,
            precommit: None,
            lock: None,
        }
    }

    fn last(&self, step: Step) -> Option<Statement> {
        let (round, block) = match step {
            Step::Proposal => self.proposal,
            Step::Prevote => self.prevote,
            Step::Precommit => self.precommit,
        }?;
        Some(Statement { height: self.height, round, step, block })
    }

    /// The highest statement signed.
    pub(crate) fn highest(&self) -> Option<Statement> {
        let steps = [Step::Proposal, Step::Prevote, Step::Precommit];
        steps.into_iter().filter_map(|step| self.last(step)).max_by_key(|last| (last.round, last.step))
    }

    /// What may be said where `statement` is asked for. `log_lost`: the engine has not restored its lock from the log.
    pub(crate) fn permit(&self, statement: &Statement, log_lost: bool) -> Permit {
        if !self.knows_past {
            return Permit::Withheld(Withheld::PastUnknown);
        }
        if (statement.height, statement.round) <= self.floor {
            return Permit::Withheld(Withheld::Floor);
        }
        if statement.height < self.height {
            return Permit::Withheld(Withheld::Signed);
        }
        if statement.height > self.height {
            return Permit::New;
        }
        if self.last(statement.step) == Some(*statement) {
            return Permit::Same;
        }
        let above =
            self.highest().is_none_or(|highest| (statement.round, statement.step) > (highest.round, highest.step));
        if above {
            let locked_on_another =
                self.lock.is_some_and(|(_, lock)| statement.block.is_some_and(|block| block != lock));
            return if log_lost && statement.step == Step::Prevote && locked_on_another {
                Permit::Nothing
            } else {
                Permit::New
            };
        }
        self.again(statement.step)
    }

    /// The vote to repeat where another one was asked for: of the same kind if there is one.
    fn again(&self, step: Step) -> Permit {
        let vote = match step {
            Step::Proposal => None,
            Step::Prevote => self.last(Step::Prevote).or(self.last(Step::Precommit)),
            Step::Precommit => self.last(Step::Precommit).or(self.last(Step::Prevote)),
        };
        vote.map_or(Permit::Withheld(Withheld::Signed), Permit::Again)
    }

    /// The record after `statement`, which [`Record::permit`] called [`Permit::New`].
    pub(crate) fn after(&self, statement: &Statement) -> Self {
        let mut next = self.clone();
        if statement.height != self.height {
            next =
                Self { height: statement.height, proposal: None, prevote: None, precommit: None, lock: None, ..next };
        }
        let signed = Some((statement.round, statement.block));
        match statement.step {
            Step::Proposal => next.proposal = signed,
            Step::Prevote => next.prevote = signed,
            Step::Precommit => {
                next.precommit = signed;
                next.lock = statement.block.map(|block| (statement.round, block)).or(next.lock);
            }
        }
        next
    }

    /// Whether this key must have signed `statement` without this sign-state: it is above the floor, and either above all that
    /// was signed or other than what was signed in its place. What lies below what was signed is not known any more.
    pub(crate) fn is_foreign(&self, statement: &Statement) -> bool {
        if (statement.height, statement.round) <= self.floor {
            return false;
        }
        let place = (statement.height, statement.round, statement.step);
        match self.highest() {
            None => true,
            Some(highest) if place > (highest.height, highest.round, highest.step) => true,
            Some(_) if statement.height == self.height => self
                .last(statement.step)
                .is_some_and(|last| last.round == statement.round && last.block != statement.block),
            Some(_) => false,
        }
    }

    /// The record with its checksum.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = BytesMut::new();
        out.put_slice(&MAGIC);
        self.sequence.put(&mut out);
        self.genesis.put(&mut out);
        out.put_slice(&self.store);
        self.key.put(&mut out);
        out.put_u8(u8::from(self.knows_past));
        self.floor.0.put(&mut out);
        self.floor.1.put(&mut out);
        self.height.put(&mut out);
        self.log_lost_at.put(&mut out);
        for last in [self.proposal, self.prevote, self.precommit, self.lock.map(|(round, block)| (round, Some(block)))]
        {
            put_last(last, &mut out);
        }
        let checksum = DigestAlgorithm::Sha256.plain(&[&out]);
        checksum.put(&mut out);
        out.to_vec()
    }

    /// Reads the record at the beginning of `slot`; what follows it does not matter.
    pub(crate) fn from_slot(slot: &[u8]) -> Read<Self> {
        let whole = Bytes::copy_from_slice(slot);
        let mut input = whole.clone();
        let malformed = |what| Malformed::Value { what };
        if input.remaining() < MAGIC.len() || input.split_to(MAGIC.len()) != MAGIC.as_slice() {
            return Err(malformed("sign-state"));
        }
        let sequence = u64::get(&mut input)?;
        let genesis = Digest::get(&mut input)?;
        let store = get_store(&mut input)?;
        let key = KeyId::get(&mut input)?;
        let knows_past = get_flag(&mut input)?;
        let floor = (u64::get(&mut input)?, u32::get(&mut input)?);
        let (height, log_lost_at) = (u64::get(&mut input)?, u64::get(&mut input)?);
        let (proposal, prevote) = (get_last(&mut input)?, get_last(&mut input)?);
        let (precommit, lock) = (get_last(&mut input)?, get_last(&mut input)?);
        let lock = lock.and_then(|(round, block)| block.map(|block| (round, block)));
        let signed = whole.len() - input.remaining();
        if Digest::get(&mut input)? != DigestAlgorithm::Sha256.plain(&[whole.get(..signed).unwrap_or_default()]) {
            return Err(malformed("checksum"));
        }
        Ok(Self {
            sequence,
            genesis,
            store,
            key,
            knows_past,
            floor,
            height,
            log_lost_at,
            proposal,
            prevote,
            precommit,
            lock,
        })
    }
}

/// Longest record, in bytes: what [`Record::to_bytes`] makes of one with every field set.
pub(crate) const RECORD_BYTES_MAX: usize =
    8 + 8 + 32 + 16 + 32 + 1 + 12 + 8 + 8 + 4 * (1 + 4 + 1 + 32) + CHECKSUM_BYTES;

fn put_last(last: Option<(u32, Option<Digest>)>, out: &mut BytesMut) {
    out.put_u8(u8::from(last.is_some()));
    let Some((round, block)) = last else { return };
    round.put(out);
    out.put_u8(u8::from(block.is_some()));
    if let Some(block) = block {
        block.put(out);
    }
}

fn get_last(input: &mut Bytes) -> Read<Option<(u32, Option<Digest>)>> {
    if !get_flag(input)? {
        return Ok(None);
    }
    let round = u32::get(input)?;
    let block = if get_flag(input)? { Some(Digest::get(input)?) } else { None };
    Ok(Some((round, block)))
}

fn get_flag(input: &mut Bytes) -> Read<bool> {
    match crate::wire::get_choice(input, "flag")? {
        0 => Ok(false),
        1 => Ok(true),
        value => Err(Malformed::Choice { what: "flag", value }),
    }
}

fn get_store(input: &mut Bytes) -> Read<[u8; 16]> {
    crate::wire::need(input, 16, "store")?;
    let mut store = [0; 16];
    input.copy_to_slice(&mut store);
    Ok(store)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn block(byte: u8) -> Option<Digest> {
        Some(Digest([byte; 32]))
    }

    fn at(height: u64, round: u32, step: Step, block: Option<Digest>) -> Statement {
        Statement { height, round, step, block }
    }

    fn fresh() -> Record {
        Record { knows_past: true, ..Record::first(Digest([1; 32]), [2; 16], KeyId(Digest([3; 32]))) }
    }

    fn signed(statements: &[Statement]) -> Record {
        statements.iter().fold(fresh(), |record, statement| {
            assert_eq!(record.permit(statement, false), Permit::New, "{statement:?}");
            record.after(statement)
        })
    }

    #[test]
    fn a_vote_is_signed_again_word_for_word_and_never_otherwise() {
        let vote = at(8, 0, Step::Prevote, block(1));
        let record = signed(&[at(8, 0, Step::Proposal, block(1)), vote]);
        assert_eq!(record.permit(&vote, false), Permit::Same);
        assert_eq!(record.permit(&at(8, 0, Step::Prevote, None), false), Permit::Again(vote));
        assert_eq!(record.permit(&at(8, 0, Step::Proposal, block(2)), false), Permit::Withheld(Withheld::Signed));
        assert_eq!(record.permit(&at(8, 0, Step::Proposal, block(1)), false), Permit::Same);
        assert_eq!(record.permit(&at(7, 5, Step::Precommit, block(1)), false), Permit::Withheld(Withheld::Signed));
        assert_eq!(record.permit(&at(8, 0, Step::Precommit, block(1)), false), Permit::New);
        assert_eq!(record.permit(&at(9, 0, Step::Proposal, block(9)), false), Permit::New);
    }

    #[test]
    fn at_a_lower_round_the_last_vote_of_its_kind_is_repeated() {
        let (prevote, precommit) = (at(8, 5, Step::Prevote, block(1)), at(8, 5, Step::Precommit, None));
        let record = signed(&[prevote, precommit]);
        assert_eq!(record.permit(&at(8, 0, Step::Prevote, None), false), Permit::Again(prevote));
        assert_eq!(record.permit(&at(8, 0, Step::Precommit, block(1)), false), Permit::Again(precommit));
    }

    /// Without its log the engine has forgotten its lock; a vote for another block could let two blocks be decided.
    #[test]
    fn without_the_log_a_locked_validator_votes_for_nothing_else() {
        let record = signed(&[at(8, 0, Step::Prevote, block(1)), at(8, 0, Step::Precommit, block(1))]);
        assert_eq!(record.lock, Some((0, Digest([1; 32]))));
        assert_eq!(record.permit(&at(8, 1, Step::Prevote, block(2)), true), Permit::Nothing);
        assert_eq!(record.permit(&at(8, 1, Step::Prevote, block(2)), false), Permit::New);
        assert_eq!(record.permit(&at(8, 1, Step::Prevote, block(1)), true), Permit::New);
        assert_eq!(record.permit(&at(8, 1, Step::Prevote, None), true), Permit::New);
        // A precommit needs the votes of a quorum in its own round, which the engine has seen.
        assert_eq!(record.permit(&at(8, 1, Step::Precommit, block(2)), true), Permit::New);
        let later = record.after(&at(8, 1, Step::Prevote, None)).after(&at(8, 1, Step::Precommit, None));
        assert_eq!(later.lock, record.lock, "a precommit for nothing does not unlock");
    }

    #[test]
    fn nothing_is_signed_at_or_below_the_floor_or_with_an_unknown_past() {
        let record = Record { floor: (8, 2), ..fresh() };
        for (height, round, expected) in [
            (7, 9, Permit::Withheld(Withheld::Floor)),
            (8, 2, Permit::Withheld(Withheld::Floor)),
            (8, 3, Permit::New),
            (9, 0, Permit::New),
        ] {
            assert_eq!(record.permit(&at(height, round, Step::Prevote, None), false), expected, "{height} {round}");
        }
        let unknown = Record { knows_past: false, ..fresh() };
        assert_eq!(unknown.permit(&at(1, 0, Step::Prevote, None), false), Permit::Withheld(Withheld::PastUnknown));
    }

    #[test]
    fn a_statement_that_only_another_process_can_have_made() {
        let record = signed(&[at(8, 0, Step::Prevote, block(1)), at(8, 0, Step::Precommit, block(1))]);
        assert!(!record.is_foreign(&at(8, 0, Step::Precommit, block(1))));
        assert!(record.is_foreign(&at(8, 0, Step::Precommit, block(2))));
        assert!(record.is_foreign(&at(8, 0, Step::Prevote, None)));
        assert!(record.is_foreign(&at(9, 0, Step::Prevote, None)));
        assert!(!record.is_foreign(&at(7, 0, Step::Prevote, None)), "not known any more");
        assert!(!Record { floor: (9, 9), ..record }.is_foreign(&at(9, 0, Step::Prevote, None)));
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_noticed() {
        let record = signed(&[at(8, 0, Step::Prevote, block(1)), at(8, 0, Step::Precommit, block(1))]);
        let bytes = record.to_bytes();
        assert_eq!(Record::from_slot(&bytes), Ok(record));
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::from_slot(&bad).is_err(), "bit {bit}");
        }
    }

    fn statements() -> impl Strategy<Value = Vec<(u64, u32, u8, Option<u8>)>> {
        prop::collection::vec((1u64..4, 0u32..4, 0u8..3, prop::option::of(0u8..3)), 1..60)
    }

    proptest! {
        /// Whatever is asked for in whatever order, with restarts that read the record back: no two signed statements of one
        /// height, round and step differ.
        #[test]
        fn no_order_of_requests_makes_two_statements(asked in statements(), log_lost in any::<bool>()) {
            let mut record = fresh();
            let mut said: std::collections::BTreeMap<(u64, u32, Step), Option<Digest>> = Default::default();
            for (height, round, step, value) in asked {
                let step = [Step::Proposal, Step::Prevote, Step::Precommit][usize::from(step)];
                let value = value.map(|byte| Digest([byte; 32]));
                let value = if step == Step::Proposal { value.or(Some(Digest([9; 32]))) } else { value };
                let statement = at(height, round, step, value);
                let uttered = match record.permit(&statement, log_lost) {
                    Permit::New => { record = record.after(&statement); Some(statement) }
                    Permit::Same => Some(statement),
                    Permit::Again(other) => Some(other),
                    Permit::Nothing => {
                        let nothing = Statement { block: None, ..statement };
                        record = record.after(&nothing);
                        Some(nothing)
                    }
                    Permit::Withheld(_) => None,
                };
                if let Some(uttered) = uttered {
                    let place = (uttered.height, uttered.round, uttered.step);
                    prop_assert_eq!(*said.entry(place).or_insert(uttered.block), uttered.block);
                    prop_assert!(!record.is_foreign(&uttered));
                }
                let bytes = record.to_bytes();
                prop_assert!(bytes.len() <= RECORD_BYTES_MAX);
                record = Record::from_slot(&bytes).unwrap();
            }
        }
    }
}
