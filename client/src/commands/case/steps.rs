//! From the words of a command line to the step that is recorded.

use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::record::CaseOperation;

use super::matter::Versions;
use super::{CaseCommand, RootArguments, StepArguments};
use crate::commands::arguments::{DigestSource, ReceiptFile, licence_ref, sorted};
use crate::error::ClientError;
use crate::say;

impl RootArguments {
    fn root(&self) -> Result<huxin_chain_spec::crypto::Digest, ClientError> {
        self.material_root.digest("--material-root")
    }
}

impl CaseCommand {
    /// The operation, and where its receipt goes. `versions` are those of the item, where the step names one.
    pub(super) fn operation(
        self,
        algorithm: DigestAlgorithm,
        versions: Versions,
    ) -> Result<(CaseOperation, ReceiptFile), ClientError> {
        let of = |step: &StepArguments| step.step(algorithm);
        let digest = |source: &DigestSource, option: &str| source.digest(option);
        Ok(match self {
            Self::Collect(collect) => collect.operation(algorithm, versions)?,
            Self::Relay(relay) => relay.operation(algorithm, versions)?,
            Self::OpenBundle(bundle) => bundle.operation(algorithm)?,
            Self::Check { step: s, identity, formal } => {
                (CaseOperation::Check { step: of(&s)?, identity, formal: digest(&formal, "--formal")? }, s.receipt)
            }
            Self::Send { step: s, to, root } => {
                (CaseOperation::Send { step: of(&s)?, to, material_root: root.root()? }, s.receipt)
            }
            Self::Acknowledge { step: s, root } => {
                (CaseOperation::Acknowledge { step: of(&s)?, material_root: root.root()? }, s.receipt)
            }
            Self::Bounce { step: s, reason } => (CaseOperation::Bounce { step: of(&s)?, reason }, s.receipt),
            Self::RequestCorrection { step: s, items } => {
                (CaseOperation::RequestCorrection { step: of(&s)?, items: sorted(items) }, s.receipt)
            }
            Self::Resubmit { step: s, root } => {
                (CaseOperation::Resubmit { step: of(&s)?, material_root: root.root()? }, s.receipt)
            }
            Self::Accept { step: s } => (CaseOperation::Accept { step: of(&s)? }, s.receipt),
            Self::AcceptConditionally { step: s, missing, promise } => {
                let (missing, promise) = (sorted(missing), digest(&promise, "--promise")?);
                (CaseOperation::AcceptConditionally { step: of(&s)?, missing, promise }, s.receipt)
            }
            Self::Fulfil { step: s, root } => {
                (CaseOperation::Fulfil { step: of(&s)?, material_root: root.root()? }, s.receipt)
            }
            Self::NotAccept { step: s, reason } => (CaseOperation::NotAccept { step: of(&s)?, reason }, s.receipt),
            Self::Pause { step: s, basis } => (CaseOperation::Pause { step: of(&s)?, basis }, s.receipt),
            Self::Resume { step: s } => (CaseOperation::Resume { step: of(&s)? }, s.receipt),
            Self::Close { step: s } => (CaseOperation::Close { step: of(&s)? }, s.receipt),
            other => other.ending(algorithm)?,
        })
    }

    /// Decision, delivery, and what follows.
    fn ending(self, algorithm: DigestAlgorithm) -> Result<(CaseOperation, ReceiptFile), ClientError> {
        let of = |step: &StepArguments| step.step(algorithm);
        let digest = |source: &DigestSource, option: &str| source.digest(option);
        Ok(match self {
            Self::Grant { step: s, decision } => {
                (CaseOperation::Grant { step: of(&s)?, decision: digest(&decision, "--decision")? }, s.receipt)
            }
            Self::Refuse { step: s, decision, basis } => {
                (CaseOperation::Refuse { step: of(&s)?, decision: digest(&decision, "--decision")?, basis }, s.receipt)
            }
            Self::Result { step: s, licence, document } => {
                let licence = licence.map(|text| licence_ref(algorithm, &text)).transpose()?;
                let document = digest(&document, "--document")?;
                (CaseOperation::Result { step: of(&s)?, licence, document }, s.receipt)
            }
            Self::Deliver { step: s, channel, commitment } => {
                let commitment = digest(&commitment, "--commitment")?;
                (CaseOperation::Deliver { step: of(&s)?, channel, commitment }, s.receipt)
            }
            Self::Archive { step: s, archive } => {
                (CaseOperation::Archive { step: of(&s)?, archive: digest(&archive, "--archive")? }, s.receipt)
            }
            Self::Withdraw { step: s, request } => {
                (CaseOperation::Withdraw { step: of(&s)?, request: digest(&request, "--request")? }, s.receipt)
            }
            Self::Notify { step: s, notice } => {
                (CaseOperation::Notify { step: of(&s)?, notice: digest(&notice, "--notice")? }, s.receipt)
            }
            _ => return Err(ClientError::at("case", say!("this command records nothing", "此命令不登记任何内容"))),
        })
    }
}
