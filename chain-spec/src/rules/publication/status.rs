//! The life of a publication as one table.
//!
//! ```text
//!            draft, with consultation            close              last signature
//!  NONE ------------------------------> CONSULTING -----> SIGNING ----------------> APPROVED
//!    |  draft, without                                       ^  ^ (no other signer: straight on)    |
//!    +-------------------------------------------------------+                                      |
//!    <------------------------------ withdraw, from each ------------------------------------------ +
//!    <------------------------------ publish: the version is in force ------------------------------+
//!
//!  UNPUBLISHED --publish--> IN_FORCE --repeal--> REPEALED --publish (next version)--> IN_FORCE
//! ```

use crate::codes::Code;
use crate::record::PublicationOperation;
use crate::state::publication::{DraftStatus, Force, PublicationStatus};

use super::approval::Approval;

/// The status after `operation` on a publication in `status`, or the refusal that names the rule. `complete` tells
/// whether every signature that `approval` asks for is there once this operation is applied.
pub fn next_status(
    status: PublicationStatus,
    operation: &PublicationOperation,
    approval: &Approval,
    complete: bool,
) -> Result<PublicationStatus, Code> {
    use DraftStatus as D;
    use Force as F;
    use PublicationOperation as Op;
    let drafted = |draft| Ok(PublicationStatus { draft, ..status });
    let signed = if complete { D::Approved } else { D::Signing };
    match (operation, status.draft, status.force) {
        (Op::Draft { consultation, .. }, D::None, F::Unpublished | F::InForce | F::Repealed) => {
            drafted(if consultation.is_some() { D::Consulting } else { signed })
        }
        (Op::Draft { .. }, D::Consulting | D::Signing | D::Approved, _) => Err(Code::PublicationDraftPending),
        (Op::CloseConsultation { .. }, D::Consulting, _) => drafted(signed),
        (Op::CloseConsultation { .. }, D::Signing | D::Approved, _) => Err(Code::PublicationNotConsulting),
        (Op::CoSign { .. }, D::Signing, _) => drafted(signed),
        (Op::CoSign { .. }, D::Approved, _) => drafted(D::Approved),
        (Op::CoSign { .. } | Op::Publish { .. }, D::Consulting, _) => Err(Code::PublicationConsultationOpen),
        (Op::Withdraw { .. }, D::Consulting | D::Signing | D::Approved, _) => drafted(D::None),
        (Op::CloseConsultation { .. } | Op::CoSign { .. } | Op::Withdraw { .. }, D::None, _) => {
            Err(Code::PublicationNoDraft)
        }
        (Op::Publish { .. }, D::Approved, F::Unpublished | F::InForce | F::Repealed) => {
            Ok(PublicationStatus { force: F::InForce, draft: D::None })
        }
        (Op::Publish { .. }, D::Signing, _) => Err(Code::PublicationSignaturesMissing),
        (Op::Publish { .. }, D::None, _) if approval.is_direct() => {
            Ok(PublicationStatus { force: F::InForce, draft: D::None })
        }
        (Op::Publish { .. }, D::None, _) if approval.consultation_days_min > 0 => {
            Err(Code::PublicationConsultationMissing)
        }
        (Op::Publish { .. }, D::None, _) => Err(Code::PublicationSignaturesMissing),
        // A version may end while the next one is being prepared.
        (Op::Repeal { .. }, _, F::InForce) => {
            Ok(PublicationStatus { force: if complete { F::Repealed } else { F::InForce }, ..status })
        }
        (Op::Repeal { .. }, _, F::Unpublished | F::Repealed) => Err(Code::PublicationNotInForce),
        // A system that still applies a repealed version may state it: others need to see that.
        (Op::Acknowledge { .. }, _, F::InForce | F::Repealed) => Ok(status),
        (Op::Acknowledge { .. }, _, F::Unpublished) => Err(Code::PublicationVersionUnknown),
    }
}
