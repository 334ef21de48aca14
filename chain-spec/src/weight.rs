//! What executing a transaction costs, known from its bytes alone: the bound of a block is work, not operations.
//!
//! One unit is about a microsecond of one core of the machine of `docs/performance.md`. What SM2 costs was measured there; the others
//! are estimates from its rates (`docs/decisions/0015-weight.md`):
//!
//! | work | cost | weight |
//! |---|---|---|
//! | one SM2 verification | 308 to 452 us | [`SM2_VERIFICATION`] |
//! | one Ed25519 verification, alone | about 50 us | [`ED25519_VERIFICATION`] |
//! | a record: digest, leaf, store rows | about 20 us | [`RECORD`] |
//! | a changed thing: read, encode, map, store row | about 10 us | [`STATE_WRITE`] |
//!
//! The weight of a transaction reads neither state nor clock, so every node gets the same one. A voter refuses a block above
//! [`BLOCK_WEIGHT_MAX`] before it verifies or executes anything of it.

use crate::codes::Code;
use crate::crypto::Signature;
use crate::record::{GovernanceOperation, LicenceOperation, MembershipOperation, Operation, SealOperation};
use crate::rules::licence::lineage::LINEAGE_MAX;
use crate::transaction::Transaction;

/// One SM2 signature.
pub const SM2_VERIFICATION: u64 = 400;
/// One Ed25519 signature.
pub const ED25519_VERIFICATION: u64 = 50;
/// One operation that becomes a record.
pub const RECORD: u64 = 20;
/// One thing of the ledger that an operation writes.
pub const STATE_WRITE: u64 = 10;

/// One version of a lineage that an amendment or a transfer-in looks at, to count them.
pub const LINEAGE_STEP: u64 = 2;

/// Heaviest block: half of the first propose timeout (one second) on one core, though nothing of it was verified before.
/// 1,162 SM2 seal signatures, or 5,555 Ed25519-signed transactions of one licence.
pub const BLOCK_WEIGHT_MAX: u64 = 500_000;
/// Heaviest transaction: a quarter of a block, so that others do not wait a whole one for it. 4,096 licences, 290 SM2 seal signatures, or
/// 520 amendments.
pub const TRANSACTION_WEIGHT_MAX: u64 = BLOCK_WEIGHT_MAX / 4;

/// The weight of verifying `signature`.
pub fn of_signature(signature: &Signature) -> u64 {
    match signature {
        Signature::Ed25519(_) => ED25519_VERIFICATION,
        Signature::Sm2(_) => SM2_VERIFICATION,
    }
}

/// The weight of one operation.
pub fn of_operation(operation: &Operation) -> u64 {
    // Things that an operation of the family writes at most, as a rule: a vote may carry out what it decides.
    let (writes, further) = match operation {
        // A withdrawal reaches every version, and a new version counts those before it.
        Operation::Licence(LicenceOperation::Withdraw(_)) => (LINEAGE_MAX as u64, 0),
        Operation::Licence(LicenceOperation::Amend { .. } | LicenceOperation::TransferIn { .. }) => {
            (2, LINEAGE_MAX as u64 * LINEAGE_STEP)
        }
        Operation::Membership(MembershipOperation::KeyAdd { .. }) => (1, 0),
        Operation::Membership(MembershipOperation::OrganisationAdd { consent: Some(_), .. }) => (1, 0),
        Operation::Licence(_)
        | Operation::Seal(SealOperation::Sign(_))
        | Operation::Governance(GovernanceOperation::ReportMisbehaviour { .. }) => (1, 0),
        Operation::Seal(_) | Operation::Membership(_) | Operation::Case(_) | Operation::Evidence(_) => (2, 0),
        Operation::Publication(_) => (4, 0),
        Operation::Governance(_) => (10, 0),
    };
    let signatures: u64 = operation.signatures().into_iter().flatten().map(of_signature).sum();
    RECORD + writes * STATE_WRITE + signatures + further
}

/// The weight of a transaction, its own signature included.
pub fn of_transaction(transaction: &Transaction) -> u64 {
    let operations: u64 = transaction.body.operations.iter().map(of_operation).sum();
    operations + of_signature(&transaction.signature)
}

/// Refuses a transaction that no block can hold.
pub fn check_transaction(transaction: &Transaction) -> Result<(), Code> {
    if of_transaction(transaction) > TRANSACTION_WEIGHT_MAX {
        return Err(Code::TransactionTooHeavy);
    }
    Ok(())
}
