//! Applying a block's transactions, one after another, each all or none or operation by operation.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::overlay::Overlay;
use super::{
    Actor, BlockContext, RuleError, actor, case, evidence, governance, licence, membership, publication, seal,
};
use crate::codes::Code;
use crate::crypto::{Digest, KeyId};
use crate::ids::{LicenceRef, RecordIndex, TxId, Uscc};
use crate::participation::Participation;
use crate::privacy::{self, PersonalData};
use crate::record::{Operation, RECORD_BYTES_MAX, RECORD_VERSION, Record};
use crate::state::{DocumentLicence, OrganisationHead, StateKey, StateReader, StateUnavailable};
use crate::transaction::{EachOutcome, Mode, Outcome, Refusal, Transaction, TransactionOutcome};

/// Everything a block's transactions change.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// New canonical bytes of changed things, heads of organisations included.
    pub states: BTreeMap<StateKey, Vec<u8>>,
    /// Licences issued, each with the record that issued it.
    pub issued: Vec<(LicenceRef, RecordIndex)>,
    /// Files that no earlier record named, by SHA-256, each with its first licence.
    pub documents: Vec<(Digest, DocumentLicence)>,
    /// Accepted records in log order, each with its leaf bytes.
    pub records: Vec<(Record, Vec<u8>)>,
    /// One outcome per transaction, in block order.
    pub outcomes: Vec<TransactionOutcome>,
}

/// Applies transactions in order on top of `reader`. `first_record` is the log size before the block.
///
/// Fails only where the store cannot answer.
pub fn apply<R: StateReader>(
    reader: &R,
    context: &BlockContext,
    first_record: RecordIndex,
    transactions: &[(TxId, &Transaction)],
) -> Result<Changes, StateUnavailable> {
    apply_block(reader, context, first_record, None, transactions)
}

/// The same for a whole block, which begins by recording `participation`.
pub fn apply_block<R: StateReader>(
    reader: &R,
    context: &BlockContext,
    first_record: RecordIndex,
    participation: Option<&Participation>,
    transactions: &[(TxId, &Transaction)],
) -> Result<Changes, StateUnavailable> {
    let mut overlay = Overlay::new(reader, first_record);
    if let Some(participation) = participation {
        overlay.write(StateKey::Participation, participation);
        overlay.keep();
    }
    let mut outcomes = Vec::with_capacity(transactions.len());
    for (tx_id, transaction) in transactions {
        let (first_record, signer) = (overlay.next_record(), transaction.body.signer);
        let run = Run { overlay: &mut overlay, context, tx_id: *tx_id, signer, head: None };
        let operations = &transaction.body.operations;
        let outcome = match transaction.body.mode {
            Mode::All => match all(run, operations) {
                Ok(records) => Outcome::Committed { first_record, records },
                Err((operation, RuleError::Refused(code))) => {
                    overlay.discard();
                    Outcome::Rejected { code, operation }
                }
                Err((_, RuleError::Unavailable(error))) => return Err(error),
            },
            Mode::Each => Outcome::Each(each(run, operations)?),
        };
        overlay.keep();
        outcomes.push(TransactionOutcome { tx_id: *tx_id, outcome });
    }
    let mut changes = overlay.into_changes();
    changes.outcomes = outcomes;
    Ok(changes)
}

/// All operations or none; the position of the one that was refused with its reason.
fn all<R: StateReader>(mut run: Run<'_, '_, R>, operations: &[Operation]) -> Result<u32, (u32, RuleError)> {
    let mut position = 0u32;
    for operation in operations {
        run.apply(operation).map_err(|error| (position, error))?;
        position += 1;
    }
    run.finish();
    Ok(position)
}

/// Each operation by itself. What an earlier one has changed holds for the next, as between transactions.
fn each<R: StateReader>(mut run: Run<'_, '_, R>, operations: &[Operation]) -> Result<EachOutcome, StateUnavailable> {
    let first_record = run.overlay.next_record();
    let (mut records, mut refused) = (0u32, Vec::new());
    for (position, operation) in (0u32..).zip(operations) {
        match run.apply(operation) {
            Ok(()) => {
                run.overlay.keep();
                records += 1;
            }
            Err(RuleError::Refused(code)) => {
                run.overlay.discard();
                refused.push(Refusal { operation: position, code });
            }
            Err(RuleError::Unavailable(error)) => return Err(error),
        }
    }
    run.finish();
    Ok(EachOutcome { first_record, records, refused })
}

/// A transaction while its operations are applied.
struct Run<'a, 'r, R> {
    overlay: &'a mut Overlay<'r, R>,
    context: &'a BlockContext,
    tx_id: TxId,
    signer: KeyId,
    /// Of the signer's organisation, once one of its operations was accepted. Written at the end, not with every record.
    head: Option<(Uscc, OrganisationHead)>,
}

impl<R: StateReader> Run<'_, '_, R> {
    /// Applies one operation and makes its record. Where it is refused, the overlay may hold a part of what it would have changed.
    fn apply(&mut self, operation: &Operation) -> Result<(), RuleError> {
        let (context, signer) = (self.context, self.signer);
        // What an earlier operation of the transaction changed of its signer counts for this one.
        let actor = known_actor(self.overlay, &signer)?;
        check_privacy(operation)?;
        let head = match self.head {
            Some((_, head)) => head,
            None => self.overlay.read(&StateKey::OrganisationHead(actor.key.organisation))?.unwrap_or_default(),
        };
        let overlay = &mut *self.overlay;
        let index = overlay.next_record();
        let mut competence = None;
        match operation {
            Operation::Membership(operation) => {
                overlay.forget_actors();
                membership::apply(overlay, context, &actor, index, operation)
            }
            Operation::Licence(operation) => {
                licence::apply(overlay, context, &actor, index, operation).map(|version| competence = version)
            }
            Operation::Seal(operation) => seal::apply(overlay, context, &actor, index, operation),
            Operation::Case(operation) => case::apply(overlay, context, &actor, index, operation),
            Operation::Publication(operation) => publication::apply(overlay, context, &actor, index, operation),
            Operation::Evidence(operation) => evidence::apply(overlay, context, &actor, index, operation),
            Operation::Governance(operation) => {
                overlay.forget_actors();
                governance::apply(overlay, context, &actor, index, operation)
            }
        }?;
        let record = Record {
            version: RECORD_VERSION,
            family: operation.family(),
            kind: operation.kind(),
            province: actor.province(),
            organisation: actor.key.organisation,
            sequence: head.sequence + 1,
            running_digest: Digest::ZERO,
            signer,
            tx_id: self.tx_id,
            time_ms: context.time_ms,
            competence,
            operation: operation.clone(),
        };
        let (record, bytes) = record.seal(context.algorithm, &head.running_digest);
        // What a reader would refuse must not come into being: no receipt of it could be read.
        if bytes.len() > RECORD_BYTES_MAX || overlay.wrote_too_much() {
            return Err(Code::TransactionOperationTooLong.into());
        }
        let head = OrganisationHead { sequence: record.sequence, running_digest: record.running_digest };
        self.head = Some((actor.key.organisation, head));
        overlay.push_record(record, bytes);
        Ok(())
    }

    /// Writes how far the records of the signer's organisation have come.
    fn finish(self) {
        if let Some((organisation, head)) = self.head {
            self.overlay.write(StateKey::OrganisationHead(organisation), &head);
        }
    }
}

/// The signer, read once per block while no membership changes.
fn known_actor<R: StateReader>(overlay: &mut Overlay<'_, R>, id: &KeyId) -> Result<Arc<Actor>, RuleError> {
    if let Some(actor) = overlay.actor(id) {
        return Ok(actor);
    }
    let actor = Arc::new(actor(overlay, id)?);
    overlay.remember_actor(Arc::clone(&actor));
    Ok(actor)
}

/// The admission filter: no text of an operation may hold personal data (GB 11643 and GB/T 39786 payload rules).
fn check_privacy(operation: &Operation) -> Result<(), Code> {
    let refuse = |text: &str| match privacy::scan(text) {
        None => Ok(()),
        Some(PersonalData::ResidentNumber) => Err(Code::PrivacyResidentNumber),
        Some(PersonalData::MobileNumber) => Err(Code::PrivacyMobileNumber),
        Some(PersonalData::BankCard) => Err(Code::PrivacyBankCard),
    };
    match operation {
        Operation::Membership(operation) => membership::texts(operation).into_iter().try_for_each(refuse),
        Operation::Licence(operation) => licence::texts(operation).into_iter().try_for_each(refuse),
        Operation::Seal(operation) => seal::texts(operation).into_iter().try_for_each(refuse),
        Operation::Case(operation) => case::texts(operation).into_iter().try_for_each(refuse),
        Operation::Publication(operation) => publication::texts(operation).into_iter().try_for_each(refuse),
        Operation::Evidence(operation) => evidence::texts(operation).into_iter().try_for_each(refuse),
        Operation::Governance(operation) => governance::texts(operation).into_iter().try_for_each(refuse),
    }
}
