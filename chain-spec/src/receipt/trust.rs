//! The path of trust: from something the verifier holds already (the pinned genesis hash, or a validator set it verified or
//! pinned later) to the validators that decided the header of a proof.
//!
//! A step is a header whose certificate a quorum of the *known* set signed, and the set that the header announces. The known set
//! need not be the one in force at that header: validators that keep their keys keep vouching, so that one step can pass over many
//! changes. It rests on the same assumption as every certificate: that less than a third of the known set's power ever signs
//! something false. `docs/decisions/0012-trust-path.md`.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use super::{AsOf, KnownHeaders, ReceiptError};
use crate::block::{Header, PROTOCOL_VERSION};
use crate::certificate::{Certificate, ValidatorSet};
use crate::codec;
use crate::crypto::Digest;
use crate::genesis::GenesisCommitment;
use crate::ids::Height;

/// A proof carries as many of the newest steps as fit into so many bytes, and one step in any case.
pub const STEPS_BYTES_MAX: usize = 4 * 1024;

/// How to get from a known validator set to the one that signed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TrustPath {
    pub genesis: GenesisCommitment,
    /// Height of the header after which `validators` decide; 0 for the founders.
    pub since: Height,
    /// The set that the steps begin with.
    pub validators: ValidatorSet,
    /// Oldest first; none where `validators` signed the header of the proof.
    pub steps: Vec<Step>,
}

/// A header signed by a quorum of the set before, and the set that decides after it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Step {
    pub header: Header,
    pub certificate: Certificate,
    pub next: ValidatorSet,
}

/// What a verifier trusts: one genesis, the sets that it learnt from proofs, and the head that it pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchors {
    genesis: Digest,
    /// By the height after which the set decides.
    sets: BTreeMap<Height, ValidatorSet>,
    pinned: Option<Height>,
}

impl Anchors {
    /// Trusts a genesis hash, and nothing else yet.
    pub fn of_genesis(genesis: Digest) -> Self {
        Self { genesis, sets: BTreeMap::new(), pinned: None }
    }

    /// The pinned genesis hash.
    pub fn genesis(&self) -> &Digest {
        &self.genesis
    }

    /// Takes a set as the one that decides after `height`. The caller has verified it, or the user vouches for it.
    pub fn know(&mut self, height: Height, set: ValidatorSet) {
        self.sets.insert(height, set);
    }

    /// Pins a head: proofs that end below it are refused from now on. A pin never moves back.
    pub fn pin(&mut self, height: Height, set: ValidatorSet) {
        self.know(height, set);
        self.pinned = self.pinned.max(Some(height));
    }

    /// The pinned height.
    pub fn pinned(&self) -> Option<Height> {
        self.pinned
    }

    /// The same sets without the pin, for a proof about the past whose answer another proof above the pin confirms.
    #[must_use]
    pub fn without_pin(&self) -> Self {
        Self { pinned: None, ..self.clone() }
    }

    /// The known set that decides after this very height.
    pub fn set_after(&self, height: Height) -> Option<&ValidatorSet> {
        self.sets.get(&height)
    }

    /// The newest known set and the height after which it decides; `None` where only the genesis is known.
    pub fn newest(&self) -> Option<(Height, &ValidatorSet)> {
        self.sets.iter().next_back().map(|(height, set)| (*height, set))
    }

    /// The newest known set that decides at a height below or equal to `height`.
    fn below(&self, height: Height) -> Option<(Height, &ValidatorSet)> {
        self.sets.range(..height).next_back().map(|(since, set)| (*since, set))
    }

    /// Learns the sets of a proof that was verified under these anchors: forward only, since keys that were retired before the newest
    /// known set must not add to what is known.
    pub fn learn(&mut self, path: &TrustPath) {
        let newest = self.newest().map_or(Height(0), |(height, _)| height);
        for step in path.steps.iter().filter(|step| step.header.height > newest) {
            self.know(step.header.height, step.next.clone());
        }
    }
}

impl TrustPath {
    /// Checks the way from `anchors` to a certified header, and that the header is the last one at the time it is to speak of.
    /// Returns the header's hash. Certificates of headers in `known` are not checked again.
    pub(super) fn check_head(
        &self,
        anchors: &Anchors,
        header: &Header,
        certificate: &Certificate,
        as_of: Option<&AsOf>,
        known: &dyn KnownHeaders,
    ) -> Result<Digest, ReceiptError> {
        let algorithm = self.genesis.ledger_hash;
        let (validators, set) = self.lead_to(anchors, header)?;
        let block = header.hash(algorithm);
        // The set is part of what is remembered: a header that a set signed before it was known to be retired is looked at again.
        let certified = algorithm.plain(&[block.as_bytes(), set.as_bytes(), &codec::encode(certificate)]);
        if !known.contains(&certified) {
            self.check_header(header, certificate, validators)?;
            known.insert(certified);
        }
        if let Some(as_of) = as_of {
            self.check_as_of(as_of, header, &block, validators)?;
        }
        Ok(block)
    }

    /// The validators in force at the end of the path. Believed only once the proof has been verified.
    pub fn validators_in_force(&self) -> &ValidatorSet {
        self.steps.last().map_or(&self.validators, |step| &step.next)
    }

    /// The height after which [`TrustPath::validators_in_force`] decide.
    pub fn in_force_since(&self) -> Height {
        self.steps.last().map_or(self.since, |step| step.header.height)
    }

    /// The set that decides a header, with its hash: the newest known one below it, led on by the steps above that.
    ///
    /// # Errors
    /// [`ReceiptError`] naming the first thing that does not hold; [`ReceiptError::PathNeeded`] where the path begins after everything
    /// that is known.
    fn lead_to<'a>(
        &'a self,
        anchors: &'a Anchors,
        header: &Header,
    ) -> Result<(&'a ValidatorSet, Digest), ReceiptError> {
        let algorithm = self.genesis.ledger_hash;
        let (since, set) = self.walk(anchors, header.height)?;
        let hash = set.hash(algorithm);
        if header.validators_hash != hash {
            if self.since > since {
                return Err(self.path_needed(since));
            }
            // Everything that the path names ends before the known set began, and signed above it.
            if self.in_force_since() < since && self.validators_in_force().hash(algorithm) == header.validators_hash {
                return Err(ReceiptError::Retired { height: header.height.0, since: since.0 });
            }
        }
        Ok((set, hash))
    }

    /// Checks a path by itself, as far as it goes, whatever head is pinned. Returns the set at its end and the height after which that decides.
    ///
    /// # Errors
    /// As for a receipt that ends where the path does.
    pub fn verify(&self, anchors: &Anchors) -> Result<(Height, &ValidatorSet), ReceiptError> {
        let end = self.in_force_since();
        // A path says who decides, not what was decided: it may end before the pinned head.
        match self.walk(&anchors.without_pin(), end.next())? {
            (since, set) if since == end && set == self.validators_in_force() => {
                Ok((since, self.validators_in_force()))
            }
            (since, _) => Err(self.path_needed(since)),
        }
    }

    /// The newest set that known sets and steps prove to decide at `height`, and the height after which it does.
    fn walk<'a>(&'a self, anchors: &'a Anchors, height: Height) -> Result<(Height, &'a ValidatorSet), ReceiptError> {
        self.check_form(anchors, height)?;
        let (mut since, mut set) = match anchors.below(height) {
            Some(known) => known,
            None if self.since == Height(0) => (Height(0), &self.validators),
            None => return Err(self.path_needed(Height(0))),
        };
        self.check_against(since, set)?;
        let known = since;
        // The height after which the set before each step decides. Where that is not the present set, the step was made for another one,
        // which the present set lies behind: that it does not vouch is no fault of the step.
        let before =
            |position: usize| position.checked_sub(1).map_or(self.since, |last| self.steps[last].header.height);
        for (position, step) in self.steps.iter().enumerate().filter(|(_, step)| step.header.height > known) {
            match self.check_step(step, set) {
                Ok(()) => {}
                Err(reason) if before(position) != since && !reason.is_other_version() => {
                    return Err(self.path_needed(since));
                }
                Err(reason) => {
                    let height = step.header.height.0;
                    return Err(ReceiptError::Step { position, height, reason: Box::new(reason) });
                }
            }
            (since, set) = (step.header.height, &step.next);
        }
        Ok((since, set))
    }

    fn path_needed(&self, known: Height) -> ReceiptError {
        ReceiptError::PathNeeded { known: known.0, since: self.in_force_since().0 }
    }

    /// What must be so whatever is known: the genesis, the founders, rising heights, and nothing below the pin.
    fn check_form(&self, anchors: &Anchors, height: Height) -> Result<(), ReceiptError> {
        let found = self.genesis.hash();
        if found != anchors.genesis {
            return Err(ReceiptError::WrongTrustRoot { pinned: anchors.genesis, found });
        }
        if self.since == Height(0) && self.validators.hash(self.genesis.ledger_hash) != self.genesis.validators_hash {
            return Err(ReceiptError::ValidatorsDiffer { place: "the genesis" });
        }
        // A set is in force above the height that announced it. Below, its signatures say nothing.
        let heights =
            std::iter::once(self.since).chain(self.steps.iter().map(|step| step.header.height)).chain([height]);
        if !heights.is_sorted_by(|earlier, later| earlier < later) {
            return Err(ReceiptError::Heights);
        }
        match anchors.pinned {
            Some(pinned) if height < pinned => Err(ReceiptError::BeforePinned { height: height.0, pinned: pinned.0 }),
            _ => Ok(()),
        }
    }

    /// A path that passes the height of a known set must name that very set there.
    fn check_against(&self, since: Height, known: &ValidatorSet) -> Result<(), ReceiptError> {
        let begins = (self.since == since).then_some(&self.validators);
        let passes = self.steps.iter().find(|step| step.header.height == since).map(|step| &step.next);
        match begins.or(passes) {
            Some(named) if named != known => {
                Err(ReceiptError::ValidatorsDiffer { place: "what was verified or pinned before" })
            }
            _ => Ok(()),
        }
    }

    fn check_step(&self, step: &Step, known: &ValidatorSet) -> Result<(), ReceiptError> {
        let algorithm = self.genesis.ledger_hash;
        self.check_belongs(&step.header, &step.certificate)?;
        if step.header.validators_hash == known.hash(algorithm) {
            step.certificate.verify(&step.header.genesis, known)?;
        } else {
            // A later set decided this header. What counts is who of the known set is among its signers.
            step.certificate.verify_members(&step.header.genesis, known)?;
        }
        if step.next.hash(algorithm) != step.header.next_validators_hash {
            return Err(ReceiptError::ValidatorsDiffer { place: "the header that announces it" });
        }
        Ok(())
    }

    fn check_as_of(
        &self,
        as_of: &AsOf,
        header: &Header,
        block: &Digest,
        validators: &ValidatorSet,
    ) -> Result<(), ReceiptError> {
        if header.time_ms > as_of.time_ms {
            return Err(ReceiptError::AsOf);
        }
        let Some(next) = &as_of.next else { return Ok(()) };
        if next.header.parent != *block || next.header.time_ms <= as_of.time_ms {
            return Err(ReceiptError::AsOf);
        }
        let validators = next.validators.as_ref().unwrap_or(validators);
        if validators.hash(self.genesis.ledger_hash) != header.next_validators_hash {
            return Err(ReceiptError::ValidatorsDiffer { place: "the header that announces it" });
        }
        self.check_header(&next.header, &next.certificate, validators)
    }

    /// That a header belongs to this chain and protocol, and the certificate to the header.
    fn check_belongs(&self, header: &Header, certificate: &Certificate) -> Result<(), ReceiptError> {
        // The version comes first: a header of another version is neither a lie nor damage.
        if header.protocol_version != PROTOCOL_VERSION {
            return Err(ReceiptError::OtherProtocol { found: header.protocol_version });
        }
        let genesis = self.genesis.hash();
        if header.genesis != genesis {
            return Err(ReceiptError::OtherChain { pinned: genesis, found: header.genesis });
        }
        if certificate.height != header.height || certificate.block != header.hash(self.genesis.ledger_hash) {
            return Err(ReceiptError::CertificateForOther {
                certificate: certificate.height.0,
                header: header.height.0,
            });
        }
        Ok(())
    }

    fn check_header(
        &self,
        header: &Header,
        certificate: &Certificate,
        validators: &ValidatorSet,
    ) -> Result<(), ReceiptError> {
        self.check_belongs(header, certificate)?;
        if header.validators_hash != validators.hash(self.genesis.ledger_hash) {
            return Err(ReceiptError::ValidatorsDiffer { place: "the header" });
        }
        certificate.verify(&header.genesis, validators)?;
        Ok(())
    }
}
