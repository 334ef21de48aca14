//! Every change of the validators so far, and the shortest way to each set: what the writer of proofs needs.

use super::trust::{STEPS_BYTES_MAX, Step, TrustPath};
use crate::certificate::{Certificate, ValidatorSet};
use crate::codec;
use crate::crypto::KeyId;
use crate::genesis::GenesisCommitment;
use crate::ids::Height;

/// Sets that are looked at on each side of a change for a step that passes over others. A way may take a few steps more for it; without
/// it, each change and each question would cost all changes there ever were.
const PASSED_OVER_MAX: usize = 1_024;

/// All sets of a chain, oldest first: the founders are number 0, the set after change `k` is number `k + 1`.
#[derive(Clone)]
pub struct SetHistory {
    genesis: GenesisCommitment,
    founders: ValidatorSet,
    changes: Vec<Change>,
    /// Members of every set, by number.
    members: Vec<Members>,
}

#[derive(Clone)]
struct Change {
    step: Step,
    /// Encoded length of the step, in bytes.
    bytes: usize,
    /// Number of the set from which the shortest way to this change's set takes its last step.
    from: usize,
    /// Steps from the founders to this change's set.
    depth: usize,
}

/// Validators of a set by identifier, ascending, with their power.
#[derive(Clone)]
struct Members {
    powers: Vec<(KeyId, u64)>,
    quorum: u64,
}

impl Members {
    fn of(set: &ValidatorSet) -> Self {
        let powers = set.validators().iter().map(|validator| (validator.key.id(), validator.power)).collect();
        Self { powers, quorum: set.quorum_power() }
    }

    /// Whether members of this set alone make a quorum of it in the certificate. Both sides are sorted.
    fn vouch_in(&self, certificate: &Certificate) -> bool {
        let mut power = 0u64;
        let mut signers = certificate.signatures.iter().map(|entry| entry.validator).peekable();
        for (member, own) in &self.powers {
            while signers.next_if(|signer| signer < member).is_some() {}
            if signers.next_if_eq(member).is_some() {
                power = power.saturating_add(*own);
            }
        }
        power >= self.quorum
    }
}

impl SetHistory {
    /// A chain whose validators have not changed yet.
    pub fn new(genesis: GenesisCommitment, founders: ValidatorSet) -> Self {
        let members = vec![Members::of(&founders)];
        Self { genesis, founders, changes: Vec::new(), members }
    }

    /// Notes a change, newer than all before: a header that announces another set than decided it.
    pub fn push(&mut self, step: Step) {
        let vouching = |number: &usize| self.members[*number].vouch_in(&step.certificate);
        let last = self.changes.len();
        // The set that decided the header always vouches, so that a way exists; an older one may make it shorter.
        let older = (last.saturating_sub(PASSED_OVER_MAX)..last).filter(vouching);
        let from = older.chain([last]).min_by_key(|number| self.depth(*number)).unwrap_or(last);
        let depth = self.depth(from) + 1;
        self.members.push(Members::of(&step.next));
        self.changes.push(Change { bytes: codec::encode(&step).len(), step, from, depth });
    }

    fn depth(&self, number: usize) -> usize {
        number.checked_sub(1).map_or(0, |change| self.changes[change].depth)
    }

    fn set(&self, number: usize) -> &ValidatorSet {
        number.checked_sub(1).map_or(&self.founders, |change| &self.changes[change].step.next)
    }

    fn since(&self, number: usize) -> Height {
        number.checked_sub(1).map_or(Height(0), |change| self.changes[change].step.header.height)
    }

    /// Number of changes so far.
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// Number of the set that decides at `height`.
    fn number_at(&self, height: Height) -> usize {
        self.changes.partition_point(|change| change.step.header.height < height)
    }

    /// The set that a change at this very height announced.
    pub fn announced_at(&self, height: Height) -> Option<&ValidatorSet> {
        let number = self.number_at(height.next());
        (number > 0 && self.since(number) == height).then(|| self.set(number))
    }

    /// Steps and bytes of the shortest way from the founders to the newest set.
    pub fn length(&self) -> (usize, usize) {
        self.way_to(self.changes.len()).fold((0, 0), |(steps, bytes), change| (steps + 1, bytes + change.bytes))
    }

    /// The changes on the shortest way from the founders to a set, newest first.
    fn way_to(&self, number: usize) -> impl Iterator<Item = &Change> {
        let first = number.checked_sub(1).map(|change| &self.changes[change]);
        std::iter::successors(first, |change| change.from.checked_sub(1).map(|change| &self.changes[change]))
    }

    /// The way to the validators that decide at `height`, as a proof carries it: as many of the last steps as fit into
    /// [`STEPS_BYTES_MAX`], at least one.
    pub fn path_to(&self, height: Height) -> TrustPath {
        let number = self.number_at(height);
        let (mut begin, mut bytes, mut steps) = (number, 0, Vec::new());
        for change in self.way_to(number) {
            bytes += change.bytes;
            if bytes > STEPS_BYTES_MAX && !steps.is_empty() {
                break;
            }
            steps.push(change.step.clone());
            begin = change.from;
        }
        steps.reverse();
        self.path_from(begin, steps)
    }

    /// The way from the set that decides after `known` to the one that decides at `height`, in few steps, at most `bytes_max` bytes of
    /// them and at least one: where it ends early, ask again from its end. `None` if `known` is not below `height`.
    pub fn path_between(&self, known: Height, height: Height, bytes_max: usize) -> Option<TrustPath> {
        let (begin, end) = (self.number_at(known.next()), self.number_at(height));
        if known >= height || begin > end {
            return None;
        }
        let (mut number, mut bytes, mut steps) = (begin, 0, Vec::new());
        while number < end {
            let vouches = |change: &usize| self.members[number].vouch_in(&self.changes[*change].step.certificate);
            // The next change is certified by this very set.
            let reach = end.min(number.saturating_add(PASSED_OVER_MAX));
            let furthest = (number..reach).rev().find(vouches).unwrap_or(number);
            let change = &self.changes[furthest];
            bytes += change.bytes;
            if bytes > bytes_max && !steps.is_empty() {
                break;
            }
            steps.push(change.step.clone());
            number = furthest + 1;
        }
        Some(self.path_from(begin, steps))
    }

    fn path_from(&self, number: usize, steps: Vec<Step>) -> TrustPath {
        let (since, validators) = (self.since(number), self.set(number).clone());
        TrustPath { genesis: self.genesis.clone(), since, validators, steps }
    }
}
