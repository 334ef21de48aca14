//! Receipts: one self-contained file that proves a record, and a licence's state, without any node.
//!
//! ```text
//! file = "HUXINRC2" | borsh(Receipt)
//!   trust       genesis commitment, validator set, validator transitions
//!   header      of the block the receipt speaks for, and its certificate
//!   record      index, length of the record u32, record, inclusion path in the log of that header
//!   status      state of the licence at that header (or proof that none is held), with its map proof
//!   as_of       for a receipt about a past time: the time, and the next header, which proves that no block lies between
//! ```

mod framed;
mod outcome;
mod thing;
mod version;

use borsh::{BorshDeserialize, BorshSerialize};

pub use outcome::{OUTCOME_RECEIPT_MAGIC, OutcomeReceipt};
pub use thing::{THING_RECEIPT_MAGIC, Thing, ThingReceipt};

use self::version::after_magic;
use crate::block::{Header, PROTOCOL_VERSION};
use crate::certificate::{Certificate, CertificateError, ValidatorSet};
use crate::codec::{self, CodecError};
use crate::codes::Code;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::genesis::GenesisCommitment;
use crate::ids::{RecordIndex, TimeMs};
use crate::log;
use crate::map::{self, MapKey, MapProof};
use crate::record::{Operation, Record};
use crate::state::{LicenceState, STATE_BYTES_MAX, StateKey, state_digest};

/// First bytes of a receipt file.
pub const RECEIPT_MAGIC: &[u8; 8] = b"HUXINRC2";
/// Longest receipt, in bytes, magic included.
pub const RECEIPT_BYTES_MAX: usize = 256 * 1024;

/// How to get from the pinned genesis to the validators that signed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TrustPath {
    pub genesis: GenesisCommitment,
    /// The founding validators.
    pub validators: ValidatorSet,
    /// Every change of the set up to the receipt's header, oldest first.
    pub transitions: Vec<Transition>,
}

/// A header that announces another validator set, certified by the set before it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transition {
    pub header: Header,
    pub certificate: Certificate,
    pub next: ValidatorSet,
}

/// State of the recorded licence at the receipt's header.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StatusEvidence {
    /// Canonical bytes of the [`LicenceState`]; `None` where nothing has changed since issue.
    pub state: Option<Vec<u8>>,
    pub proof: MapProof,
}

/// That the header is the last one at or before a time.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AsOf {
    pub time_ms: TimeMs,
    /// The block after; `None` if the header was the newest when the receipt was made.
    pub next: Option<NextBlock>,
}

impl AsOf {
    /// The time that header and as-of part prove an answer for. Without a next block nothing signs the time asked about: the
    /// answer is as of the header.
    fn proven_time(as_of: Option<&Self>, header: &Header) -> TimeMs {
        as_of.filter(|as_of| as_of.next.is_some()).map_or(header.time_ms, |as_of| as_of.time_ms)
    }
}

/// The block after the receipt's header.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NextBlock {
    pub header: Header,
    pub certificate: Certificate,
    /// The set that decided it, where the receipt's header announces another one than its own.
    pub validators: Option<ValidatorSet>,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    pub trust: TrustPath,
    pub header: Header,
    pub certificate: Certificate,
    pub index: RecordIndex,
    /// Preceded by its length in the file, so that readers find what follows a record of a kind they do not know.
    #[borsh(serialize_with = "framed::write", deserialize_with = "framed::read")]
    pub record: Record,
    pub log_path: Vec<Digest>,
    /// Where it is `None`, the receipt says nothing about the licence's state: it may have been revoked.
    pub status: Option<StatusEvidence>,
    pub as_of: Option<AsOf>,
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    #[error("the file does not begin with {expected}: it is not such a receipt")]
    NotAReceipt { expected: String },
    #[error("the receipt is of version {found}, made by {} version of the software; this program knows version {known}", age(*.found, *.known))]
    OtherVersion { found: char, known: char },
    #[error("the receipt is cut short or damaged: {0}")]
    Malformed(#[from] CodecError),
    #[error("the receipt belongs to the chain with genesis {found}, but {pinned} is trusted here")]
    WrongTrustRoot { pinned: Digest, found: Digest },
    #[error("the validator set is not the one that {place} names")]
    ValidatorsDiffer { place: &'static str },
    #[error("the header is of the chain with genesis {found}, not of {pinned}")]
    OtherChain { pinned: Digest, found: Digest },
    #[error("the header was made by version {found} of the protocol; this program knows version {PROTOCOL_VERSION}")]
    OtherProtocol { found: u16 },
    #[error("the heights of the validator changes and of the header do not rise")]
    Heights,
    #[error("the certificate is for height {certificate}, the header for height {header}, or their hashes differ")]
    CertificateForOther { certificate: u64, header: u64 },
    #[error("the certificate does not hold: {0}")]
    Certificate(#[from] CertificateError),
    #[error("validator change {position}, announced at height {height}, does not hold: {reason}")]
    Transition { position: usize, height: u64, reason: Box<ReceiptError> },
    #[error("the log proof does not hold: {0}")]
    Log(String),
    #[error("the map proof does not hold: {0}")]
    Map(String),
    #[error("the proof of the outcome does not hold: {0}")]
    Outcome(String),
    #[error("the header is not the last one at the time the receipt speaks of")]
    AsOf,
    #[error("the record brings no licence into being, so it has no status")]
    NoLicence,
}

fn age(found: char, known: char) -> &'static str {
    if found > known { "a newer" } else { "an older" }
}

impl ReceiptError {
    /// Whether the file is of another version than this program reads, which is neither a lie nor damage.
    pub fn is_other_version(&self) -> bool {
        match self {
            Self::OtherVersion { .. } | Self::OtherProtocol { .. } => true,
            Self::Transition { reason, .. } => reason.is_other_version(),
            _ => false,
        }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::NotAReceipt { .. } | Self::NoLicence => Code::ReceiptMalformed,
            Self::OtherVersion { found, known } if found > known => Code::ReceiptNewerVersion,
            Self::OtherProtocol { found } if *found > PROTOCOL_VERSION => Code::ReceiptNewerVersion,
            Self::OtherVersion { .. } | Self::OtherProtocol { .. } => Code::ReceiptOlderVersion,
            Self::Outcome(_) => Code::ReceiptBadOutcomeProof,
            Self::Malformed(CodecError::Malformed { .. }) => Code::ReceiptTruncated,
            Self::Malformed(_) => Code::ReceiptMalformed,
            Self::WrongTrustRoot { .. } => Code::ReceiptWrongTrustRoot,
            Self::ValidatorsDiffer { .. } | Self::OtherChain { .. } | Self::CertificateForOther { .. } => {
                Code::ReceiptHeaderMismatch
            }
            Self::Certificate(CertificateError::NoQuorum { .. }) => Code::ReceiptQuorumNotReached,
            Self::Certificate(_) => Code::ReceiptBadCertificate,
            Self::Transition { reason, .. } if reason.is_other_version() => reason.code(),
            Self::Transition { .. } | Self::Heights => Code::ReceiptBadTransition,
            Self::Log(_) => Code::ReceiptBadLogProof,
            Self::Map(_) => Code::ReceiptBadMapProof,
            Self::AsOf => Code::ReceiptAsOfMismatch,
        }
    }
}

/// What a checked receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Hash of the header.
    pub block: Digest,
    /// State of the licence at the header: `None` not covered by the receipt, `Some(None)` unchanged since issue.
    pub status: Option<Option<LicenceState>>,
}

/// Remembers headers whose certificate was already checked against the same trust root, by a digest over header and
/// certificate: the same header with a damaged certificate is not the one that was checked.
pub trait KnownHeaders {
    /// Whether the header and certificate with this digest were checked before.
    fn contains(&self, certified: &Digest) -> bool;
    /// Remembers a checked header and certificate.
    fn insert(&self, certified: Digest);
}

/// Remembers nothing.
pub struct NoKnownHeaders;

impl KnownHeaders for NoKnownHeaders {
    fn contains(&self, _: &Digest) -> bool {
        false
    }
    fn insert(&self, _: Digest) {}
}

impl Receipt {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = RECEIPT_MAGIC.to_vec();
        bytes.extend(codec::encode(self));
        bytes
    }

    /// Reads a receipt file, at most [`RECEIPT_BYTES_MAX`] long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let body = after_magic(bytes, RECEIPT_MAGIC)?;
        Ok(codec::decode(body, RECEIPT_BYTES_MAX - RECEIPT_MAGIC.len())?)
    }

    /// The time for which this receipt proves its state: the time asked about where the next block is given, else the
    /// header's. Meaningful once [`Receipt::verify`] has passed.
    pub fn proven_time(&self) -> TimeMs {
        AsOf::proven_time(self.as_of.as_ref(), &self.header)
    }

    /// Checks everything against the pinned genesis hash.
    pub fn verify(&self, genesis_hash: &Digest) -> Result<Proven, ReceiptError> {
        self.verify_with(genesis_hash, &NoKnownHeaders)
    }

    /// Like [`Receipt::verify`], but skips certificates of headers in `known`.
    pub fn verify_with(&self, genesis_hash: &Digest, known: &dyn KnownHeaders) -> Result<Proven, ReceiptError> {
        let block = self.trust.check_head(genesis_hash, &self.header, &self.certificate, self.as_of.as_ref(), known)?;
        let algorithm = self.trust.genesis.ledger_hash;
        self.check_record(algorithm)?;
        let status = self.check_status(algorithm)?;
        Ok(Proven { block, status })
    }

    fn check_record(&self, algorithm: DigestAlgorithm) -> Result<(), ReceiptError> {
        let leaf = log::leaf_hash(algorithm, &self.record.to_bytes());
        let head = &self.header.log;
        log::verify_inclusion(algorithm, &leaf, self.index.0, head.size, &self.log_path, &head.root)
            .map_err(|error| ReceiptError::Log(error.to_string()))
    }

    fn check_status(&self, algorithm: DigestAlgorithm) -> Result<Option<Option<LicenceState>>, ReceiptError> {
        let Some(status) = &self.status else { return Ok(None) };
        let Operation::Licence(operation) = &self.record.operation else { return Err(ReceiptError::NoLicence) };
        let licence = operation.new_licence().ok_or(ReceiptError::NoLicence)?;
        let key = StateKey::Licence(licence.licence).map_key(algorithm);
        check_map(algorithm, &self.header.map_root, &key, status.state.as_deref(), &status.proof)?;
        let state = match &status.state {
            Some(bytes) => Some(codec::decode(bytes, STATE_BYTES_MAX)?),
            None => None,
        };
        Ok(Some(state))
    }
}

/// Whether the map holds the thing with these canonical bytes, or nothing, at `key`.
fn check_map(
    algorithm: DigestAlgorithm,
    root: &Digest,
    key: &MapKey,
    state: Option<&[u8]>,
    proof: &MapProof,
) -> Result<(), ReceiptError> {
    let digest = state.map(|bytes| state_digest(algorithm, bytes));
    map::verify_map(algorithm, root, key, digest.as_ref(), proof).map_err(|error| ReceiptError::Map(error.to_string()))
}

impl TrustPath {
    /// Checks the way from the pinned genesis to a certified header, and that the header is the last one at the time it
    /// is to speak of. Returns the header's hash. Certificates of headers in `known` are not checked again.
    fn check_head(
        &self,
        genesis_hash: &Digest,
        header: &Header,
        certificate: &Certificate,
        as_of: Option<&AsOf>,
        known: &dyn KnownHeaders,
    ) -> Result<Digest, ReceiptError> {
        let found = self.genesis.hash();
        if found != *genesis_hash {
            return Err(ReceiptError::WrongTrustRoot { pinned: *genesis_hash, found });
        }
        let algorithm = self.genesis.ledger_hash;
        let validators = self.follow(genesis_hash)?;
        // A set is in force above the height that announced it. Below, its signatures say nothing.
        if self.transitions.last().is_some_and(|last| last.header.height >= header.height) {
            return Err(ReceiptError::Heights);
        }
        let block = header.hash(algorithm);
        let certified = algorithm.plain(&[block.as_bytes(), &codec::encode(certificate)]);
        if !known.contains(&certified) {
            self.check_header(genesis_hash, header, certificate, validators)?;
            known.insert(certified);
        }
        if let Some(as_of) = as_of {
            self.check_as_of(genesis_hash, as_of, header, &block, validators)?;
        }
        Ok(block)
    }

    fn check_as_of(
        &self,
        genesis_hash: &Digest,
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
        self.check_header(genesis_hash, &next.header, &next.certificate, validators)
    }

    /// The validators in force at the receipt's header. Believed only once the receipt has been verified.
    pub fn validators_in_force(&self) -> &ValidatorSet {
        self.transitions.last().map_or(&self.validators, |transition| &transition.next)
    }

    /// The validators in force after all transitions.
    fn follow(&self, genesis_hash: &Digest) -> Result<&ValidatorSet, ReceiptError> {
        let algorithm = self.genesis.ledger_hash;
        if self.validators.hash(algorithm) != self.genesis.validators_hash {
            return Err(ReceiptError::ValidatorsDiffer { place: "the genesis" });
        }
        let mut validators = &self.validators;
        if self.transitions.windows(2).any(|pair| pair[0].header.height >= pair[1].header.height) {
            return Err(ReceiptError::Heights);
        }
        for (position, transition) in self.transitions.iter().enumerate() {
            self.check_transition(genesis_hash, transition, validators).map_err(|reason| ReceiptError::Transition {
                position,
                height: transition.header.height.0,
                reason: Box::new(reason),
            })?;
            validators = &transition.next;
        }
        Ok(validators)
    }

    fn check_transition(
        &self,
        genesis_hash: &Digest,
        transition: &Transition,
        before: &ValidatorSet,
    ) -> Result<(), ReceiptError> {
        self.check_header(genesis_hash, &transition.header, &transition.certificate, before)?;
        if transition.next.hash(self.genesis.ledger_hash) != transition.header.next_validators_hash {
            return Err(ReceiptError::ValidatorsDiffer { place: "the header that announces it" });
        }
        Ok(())
    }

    fn check_header(
        &self,
        genesis_hash: &Digest,
        header: &Header,
        certificate: &Certificate,
        validators: &ValidatorSet,
    ) -> Result<(), ReceiptError> {
        let algorithm = self.genesis.ledger_hash;
        // The version comes first: a header of another version is neither a lie nor damage.
        if header.protocol_version != PROTOCOL_VERSION {
            return Err(ReceiptError::OtherProtocol { found: header.protocol_version });
        }
        if header.genesis != *genesis_hash {
            return Err(ReceiptError::OtherChain { pinned: *genesis_hash, found: header.genesis });
        }
        if certificate.height != header.height || certificate.block != header.hash(algorithm) {
            return Err(ReceiptError::CertificateForOther {
                certificate: certificate.height.0,
                header: header.height.0,
            });
        }
        if header.validators_hash != validators.hash(algorithm) {
            return Err(ReceiptError::ValidatorsDiffer { place: "the header" });
        }
        certificate.verify(genesis_hash, validators)?;
        Ok(())
    }
}
