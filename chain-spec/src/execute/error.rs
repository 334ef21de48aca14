//! Why a block is refused.

use crate::certificate::CertificateError;
use crate::codes::Code;
use crate::features::FeatureId;
use crate::ids::{Height, TxId};
use crate::state::StateUnavailable;

/// Why a block cannot follow the tip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    #[error("header field {field} is {found}, must be {expected}")]
    Header { field: &'static str, expected: String, found: String },
    #[error("the certificate of the previous height is missing or belongs to another block")]
    LastCertificate,
    #[error("the certificate of the previous height does not hold: {0}")]
    LastCertificateInvalid(#[from] CertificateError),
    #[error("the block holds {actual} {what}, more than {limit}")]
    TooLarge { what: &'static str, actual: usize, limit: usize },
    #[error("{}: the block weighs {weight}, more than {limit}", Code::BlockTooHeavy.as_str())]
    TooHeavy { weight: u64, limit: u64 },
    #[error(
        "height {height} begins feature {feature}, which this software does not know: upgrade the software to continue"
    )]
    FeatureUnknown { feature: FeatureId, height: Height },
    #[error("transaction {position} ({tx_id}) must not be in a block: {}", code.as_str())]
    Transaction { position: usize, tx_id: TxId, code: Code },
    #[error(transparent)]
    Unavailable(#[from] StateUnavailable),
}
