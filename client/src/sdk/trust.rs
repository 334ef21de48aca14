//! What the user trusts: the hash of one genesis, pinned beforehand, what proofs under it have shown, and nothing a node says.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::genesis::{GENESIS_BYTES_MAX, Genesis};
use huxin_chain_spec::receipt::{
    KnownHeaders, OutcomeReceipt, Proven, Receipt, ReceiptError, ThingReceipt, TrustPath, TrustedHead,
};
use lru::LruCache;
use parking_lot::Mutex;

use super::known::KnownChain;
use crate::error::ClientError;
use crate::said::Said;
use crate::say;

/// Headers whose certificates are remembered as checked.
const KNOWN_HEADERS_MAX: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// What the reader of a genesis finds wrong with it.
fn wrong(error: impl std::fmt::Display) -> Said {
    Said::detail("内容或格式有误", error)
}

/// The pinned genesis, or its hash, with the headers already checked against it.
#[derive(Clone)]
pub struct TrustRoot {
    hash: Digest,
    genesis: Option<Arc<Genesis>>,
    headers: Arc<VerifiedHeaders>,
    known: Arc<KnownChain>,
}

impl TrustRoot {
    /// Pins a hash. The genesis itself, where it is needed, is then taken from a node and checked against it.
    pub fn of_hash(hash: Digest) -> Self {
        Self { hash, genesis: None, headers: Arc::default(), known: Arc::new(KnownChain::in_memory(hash)) }
    }

    /// Pins a genesis.
    pub fn of_genesis(genesis: Genesis) -> Self {
        let root = Self::of_hash(genesis.hash());
        Self { genesis: Some(Arc::new(genesis)), ..root }
    }

    /// Pins the genesis in a file.
    pub fn from_file(path: &Path) -> Result<Self, ClientError> {
        let length = std::fs::metadata(path).map_err(|error| ClientError::file("cannot read", path, error))?.len();
        if length > GENESIS_BYTES_MAX as u64 {
            let reason = say!("{length} bytes are too many for a genesis file", "有 {length} 字节，过长，不是创世文件");
            return Err(ClientError::Genesis { place: path.display().to_string(), reason });
        }
        let text = std::fs::read_to_string(path).map_err(|error| ClientError::file("cannot read", path, error))?;
        let genesis = Genesis::parse(&text)
            .map_err(|error| ClientError::Genesis { place: path.display().to_string(), reason: wrong(error) })?;
        Ok(Self::of_genesis(genesis))
    }

    /// The pinned hash.
    pub fn hash(&self) -> &Digest {
        &self.hash
    }

    /// The genesis, if it is known yet.
    pub fn genesis(&self) -> Option<&Genesis> {
        self.genesis.as_deref()
    }

    /// Takes a genesis that somebody sent, if and only if it is the pinned one.
    pub fn accept_genesis(&mut self, node: &str, text: &str) -> Result<(), ClientError> {
        let place = format!("the answer of {node}");
        let genesis = Genesis::parse(text)
            .map_err(|error| ClientError::Genesis { place: place.clone(), reason: wrong(error) })?;
        let found = genesis.hash();
        if found != self.hash {
            let hash = &self.hash;
            let reason =
                say!("its hash is {found}, but {hash} is trusted here", "其哈希为 {found}，此处信任的是 {hash}");
            return Err(ClientError::Genesis { place, reason });
        }
        self.genesis = Some(Arc::new(genesis));
        Ok(())
    }

    /// Remembers what it learns of the chain in a folder, and begins with what is kept there.
    ///
    /// # Errors
    /// [`ClientError::File`] or [`ClientError::Input`] where what is kept there cannot be read.
    pub fn kept_in(self, folder: &Path) -> Result<Self, ClientError> {
        let known = Arc::new(KnownChain::in_folder(folder, self.hash)?);
        Ok(Self { known, ..self })
    }

    /// What is known of the chain beside the genesis.
    pub fn known(&self) -> &KnownChain {
        &self.known
    }

    /// Checks a receipt of a record against all that is known, and learns of it.
    ///
    /// # Errors
    /// [`ReceiptError`] naming the first part that does not hold.
    pub fn check(&self, receipt: &Receipt) -> Result<Proven, ReceiptError> {
        let proven = receipt.verify_with(&self.known.anchors(), &*self.headers)?;
        self.known.learn(&receipt.trust, Some(&receipt.header));
        Ok(proven)
    }

    /// Checks a receipt about the past whose answer another receipt, above the pinned head, confirms.
    ///
    /// # Errors
    /// As [`TrustRoot::check`].
    pub fn check_past(&self, receipt: &Receipt) -> Result<Proven, ReceiptError> {
        receipt.verify_with(&self.known.anchors().without_pin(), &*self.headers)
    }

    /// Checks a receipt of things.
    ///
    /// # Errors
    /// As [`TrustRoot::check`].
    pub fn check_things(&self, receipt: &ThingReceipt) -> Result<Digest, ReceiptError> {
        let block = receipt.verify_with(&self.known.anchors(), &*self.headers)?;
        self.known.learn(&receipt.trust, Some(&receipt.header));
        Ok(block)
    }

    /// Checks a receipt about a past state of things, which may end before the pinned head: keys retired since can still make one.
    ///
    /// # Errors
    /// As [`TrustRoot::check`].
    pub fn check_past_things(&self, receipt: &ThingReceipt) -> Result<Digest, ReceiptError> {
        receipt.verify_with(&self.known.anchors().without_pin(), &*self.headers)
    }

    /// Checks a receipt of an outcome.
    ///
    /// # Errors
    /// As [`TrustRoot::check`].
    pub fn check_outcome(&self, receipt: &OutcomeReceipt) -> Result<Digest, ReceiptError> {
        let block = receipt.verify_with(&self.known.anchors(), &*self.headers)?;
        self.known.learn(&receipt.trust, Some(&receipt.header));
        Ok(block)
    }

    /// Checks a head.
    ///
    /// # Errors
    /// As [`TrustRoot::check`].
    pub fn check_head(&self, head: &TrustedHead) -> Result<Digest, ReceiptError> {
        let block = head.verify(&self.known.anchors())?;
        self.known.learn(&head.trust, Some(&head.header));
        Ok(block)
    }

    /// Checks a path and learns the sets it leads to: those above the newest known one for good, others for this run.
    ///
    /// # Errors
    /// As [`TrustRoot::check`].
    pub fn check_path(&self, path: &TrustPath) -> Result<(), ReceiptError> {
        let anchors = self.known.anchors();
        let (end, _) = path.verify(&anchors)?;
        if anchors.newest().is_none_or(|(newest, _)| end > newest) {
            self.known.learn(path, None);
        } else {
            self.known.know_between(path);
        }
        Ok(())
    }
}

/// The newest checked headers, so that many receipts of one block cost one certificate check.
pub struct VerifiedHeaders(Mutex<LruCache<Digest, ()>>);

impl Default for VerifiedHeaders {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KNOWN_HEADERS_MAX)))
    }
}

impl KnownHeaders for VerifiedHeaders {
    fn contains(&self, block: &Digest) -> bool {
        self.0.lock().get(block).is_some()
    }

    fn insert(&self, block: Digest) {
        self.0.lock().put(block, ());
    }
}
