//! Every domain tag of the protocol. A hash or a signature starts with one of these, so that bytes made for one
//! purpose are never valid for another.

/// Identifier of a key: `H(tag, scheme, public key)`.
pub const KEY_ID: &str = "huxin/key-id/v1";
/// Identifier of a transaction: `H(tag, unsigned transaction)`.
pub const TRANSACTION_ID: &str = "huxin/transaction-id/v2";
/// Bytes under a transaction's signature: `tag, transaction id`.
pub const TRANSACTION_SIGNATURE: &str = "huxin/transaction/v1";
/// What an organisation calls a thing of its own: `H(tag, blinding, text)`.
pub const NAME: &str = "huxin/name/v1";
/// Bytes by which the holder of a new key proves that it holds it: `tag, genesis hash, organisation, public key`.
pub const KEY_POSSESSION: &str = "huxin/key-possession/v1";
/// Bytes by which a province consents that another admits an organisation of its own: `tag, genesis hash, organisation, province, end`.
pub const ADMISSION_CONSENT: &str = "huxin/admission-consent/v1";
/// A licence as the ledger names it: `H(tag, issuer, name)`.
pub const LICENCE_REF: &str = "huxin/licence/v2";
/// A case as the ledger names it: `H(tag, organisation that opens it, name)`.
pub const CASE_REF: &str = "huxin/case/v2";
/// A bundle of cases as the ledger names it: `H(tag, lead, name)`.
pub const BUNDLE_REF: &str = "huxin/bundle/v2";
/// A request for shared data as the ledger names it: `H(tag, requester, name)`.
pub const SHARE_REF: &str = "huxin/share/v1";
/// Leaf of the entries tree of a publication: `H(tag, entry)`.
pub const PUBLICATION_ENTRY: &str = "huxin/publication-entry/v1";
/// Content of a version of a publication, as provinces co-sign it: `H(tag, publication, version, body, parties)`.
pub const PUBLICATION_CONTENT: &str = "huxin/publication-content/v1";
/// What the message digest of a seal signature stands for, where the key is not SM2: `H(tag, message digest)`.
pub const SEAL_SIGNATURE: &str = "huxin/seal-signature/v1";
/// Address of a recorded seal signature: `H(tag, province, document SHA-256, message digest, seal number)`.
pub const SEAL_SIGNATURE_REF: &str = "huxin/seal-signature-ref/v1";
/// An organisation's running digest over its records.
pub const RUNNING_DIGEST: &str = "huxin/running-digest/v1";
/// Key of a thing in the map: `H(tag, kind, id)`.
pub const MAP_KEY: &str = "huxin/map-key/v1";
/// Digest of a thing's state, the value held in the map.
pub const STATE: &str = "huxin/state/v1";
/// Identifier of a block: `H(tag, header)`.
pub const HEADER: &str = "huxin/header/v2";
/// Digest of a certificate, bound into the next header.
pub const CERTIFICATE: &str = "huxin/certificate/v1";
/// Digest of a validator set.
pub const VALIDATOR_SET: &str = "huxin/validator-set/v1";
/// The trust root: digest of the genesis commitment.
pub const GENESIS: &str = "huxin/genesis/v1";
/// Digest of the whole genesis file, which its commitment holds.
pub const GENESIS_CONTENT: &str = "huxin/genesis-content/v1";
/// Bytes under a vote.
pub const VOTE: &str = "huxin/vote/v2";
/// Bytes under a consensus proposal.
pub const PROPOSAL: &str = "huxin/proposal/v2";
/// Bytes that bind a network peer id to a consensus key.
pub const VALIDATOR_PROOF: &str = "huxin/validator-proof/v2";
/// Bytes under the first part of a block on its way between validators.
pub const PARTS: &str = "huxin/parts/v2";
