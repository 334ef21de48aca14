//! Receipts: one self-contained file that proves a record, and a licence's state, without any node.
//!
//! ```text
//! file = "HUXINRC3" | borsh(Receipt)
//!   trust       genesis commitment, a validator set, the steps from there to the set that signed
//!   header      of the block the receipt speaks for, and its certificate
//!   record      index, length of the record u32, record, inclusion path in the log of that header
//!   status      state of the licence at that header (or proof that none is held), with its map proof
//!   as_of       for a receipt about a past time: the time, and the next header, which proves that no block lies between
//! ```

mod framed;
mod head;
mod history;
mod outcome;
mod thing;
mod trust;
mod version;

use borsh::{BorshDeserialize, BorshSerialize};

pub use head::{HEAD_MAGIC, PATH_BYTES_MAX, PATH_MAGIC, TrustedHead};
pub use history::SetHistory;
pub use outcome::{OUTCOME_RECEIPT_MAGIC, OutcomeReceipt};
pub use thing::{THING_RECEIPT_MAGIC, Thing, ThingReceipt};
pub use trust::{Anchors, STEPS_BYTES_MAX, Step, TrustPath};

use self::version::after_magic;
use crate::block::{HEADER_BYTES_MAX, Header, PROTOCOL_VERSION};
use crate::certificate::{CERTIFICATE_BYTES_MAX, Certificate, CertificateError, VALIDATOR_SET_BYTES_MAX, ValidatorSet};
use crate::codec::{self, CodecError};
use crate::codes::Code;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::ids::{RecordIndex, TimeMs};
use crate::log;
use crate::map::{self, MapKey, MapProof};
use crate::record::{Operation, RECORD_BYTES_MAX, Record};
use crate::state::{LicenceState, STATE_BYTES_MAX, StateKey, state_digest};

/// First bytes of a receipt file.
pub const RECEIPT_MAGIC: &[u8; 8] = b"HUXINRC3";
/// Longest receipt, in bytes, magic included.
pub const RECEIPT_BYTES_MAX: usize = 256 * 1024;

// Whatever the rules let come into being, a receipt of it can be read: genesis commitment, first set and last step, header, index, record,
// log path, state and map proof, next block with its set.
const _: () = {
    let (set, certified) = (VALIDATOR_SET_BYTES_MAX, HEADER_BYTES_MAX + CERTIFICATE_BYTES_MAX);
    let step = certified + set;
    let steps = 4 + if step > STEPS_BYTES_MAX { step } else { STEPS_BYTES_MAX };
    let trust = 256 + 8 + set + steps;
    let proofs = 64 * 32 + 8 + 256 * 32 + 128;
    let whole =
        RECEIPT_MAGIC.len() + trust + certified + 8 + 4 + RECORD_BYTES_MAX + proofs + STATE_BYTES_MAX + 16 + step;
    assert!(whole <= RECEIPT_BYTES_MAX);
};

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
    #[error("step {position} of the path to the validators, the header of height {height}, does not hold: {reason}")]
    Step { position: usize, height: u64, reason: Box<ReceiptError> },
    #[error(
        "the way to the validators that decide after height {since} does not connect to those known here, after height {known}: \
         give the path between (huxin head path) or pin a newer head"
    )]
    PathNeeded { known: u64, since: u64 },
    #[error(
        "the header of height {height} was signed by validators that were replaced after height {since}: their keys no longer count"
    )]
    Retired { height: u64, since: u64 },
    #[error("it ends at height {height}, before the head of height {pinned} that is pinned here: fetch a newer one")]
    BeforePinned { height: u64, pinned: u64 },
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
            Self::Step { reason, .. } => reason.is_other_version(),
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
            Self::Step { reason, .. } if reason.is_other_version() => reason.code(),
            Self::Step { .. } | Self::Heights => Code::ReceiptBadTransition,
            Self::PathNeeded { .. } => Code::ReceiptPathNeeded,
            Self::Retired { .. } => Code::ReceiptRetiredSigners,
            Self::BeforePinned { .. } => Code::ReceiptBeforePinned,
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

    /// Checks everything against the pinned genesis hash alone.
    pub fn verify(&self, genesis_hash: &Digest) -> Result<Proven, ReceiptError> {
        self.verify_with(&Anchors::of_genesis(*genesis_hash), &NoKnownHeaders)
    }

    /// Checks everything against what is known of the chain, and skips certificates of headers in `known`.
    pub fn verify_with(&self, anchors: &Anchors, known: &dyn KnownHeaders) -> Result<Proven, ReceiptError> {
        let block = self.trust.check_head(anchors, &self.header, &self.certificate, self.as_of.as_ref(), known)?;
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
