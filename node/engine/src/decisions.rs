//! Decisions in order: commit, then the word of more signatures, then the wait for the next height.
//!
//! One task does all three, so a height is never started before the one below is on disk, although the engine sends
//! `Finalized` right after `Decided` without waiting for the answer to that.

use std::sync::Arc;

use arc_malachitebft_app_channel::app::engine::host::{HeightParams, Next};
use arc_malachitebft_app_channel::app::types::MisbehaviorEvidence;
use arc_malachitebft_app_channel::app::types::core::CommitCertificate;
use huxin_chain_spec::certificate::Certificate;
use huxin_chain_spec::crypto::KeyId;
use parking_lot::Mutex;
use ractor::RpcReplyPort;
use tokio::sync::mpsc;
use tracing::{debug, warn};

use crate::application::{Application, HeightStart};
use crate::config::EngineConfig;
use crate::context::{Ctx, Height, ValidatorSet, certificate_out};
use crate::error::{Exit, ExitCell};
use crate::evidence::evidence_out;
use crate::sign_state::{SignState, Statement, Step};
use crate::status::Board;

/// What the engine says about a decided height.
pub(crate) enum DecisionMsg {
    Decided {
        certificate: CommitCertificate<Ctx>,
        reply: RpcReplyPort<()>,
    },
    Finalized {
        certificate: CommitCertificate<Ctx>,
        evidence: Box<MisbehaviorEvidence<Ctx>>,
        reply: RpcReplyPort<Next<Ctx>>,
    },
}

/// Turns the application's next height into the engine's, and keeps it for the host.
#[derive(Clone)]
pub(crate) struct Heights {
    timeouts: arc_malachitebft_app_channel::app::types::core::LinearTimeouts,
    target_time: Option<std::time::Duration>,
    next: Arc<Mutex<Option<(Height, ValidatorSet)>>>,
}

impl Heights {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        Self { timeouts: config.timeouts.linear(), target_time: config.target_time(), next: Arc::new(Mutex::new(None)) }
    }

    /// Checks and remembers the next height. `after` is the height it must follow.
    pub(crate) fn begin(
        &self,
        start: &HeightStart,
        after: Option<Height>,
    ) -> Result<(Height, HeightParams<Ctx>), String> {
        let height = Height(start.height.0);
        if height.0 == 0 {
            return Err("heights start at 1".to_owned());
        }
        if let Some(after) = after
            && height.0 != after.0.saturating_add(1)
        {
            return Err(format!("height {height} does not follow height {after}"));
        }
        let validators = ValidatorSet::new(&start.validators)
            .ok_or_else(|| format!("the validator set of height {height} is not well formed"))?;
        *self.next.lock() = Some((height, validators.clone()));
        Ok((height, HeightParams::new(validators, self.timeouts, self.target_time)))
    }

    /// The validators of `height`, if it was begun last.
    pub(crate) fn validators(&self, height: Height) -> Option<ValidatorSet> {
        self.next.lock().as_ref().filter(|(next, _)| *next == height).map(|(_, validators)| validators.clone())
    }
}

/// The task.
pub(crate) struct Decisions {
    pub app: Arc<dyn Application>,
    pub heights: Heights,
    pub board: Board,
    pub exit: ExitCell,
    pub signing: SignState,
    /// This validator.
    pub me: KeyId,
}

impl Decisions {
    /// Whether this validator's signature in a certificate is one that this process did not make.
    fn own_signature(&self, certificate: &Certificate) -> Result<(), Exit> {
        if !certificate.signatures.iter().any(|entry| entry.validator == self.me) {
            return Ok(());
        }
        let (height, round) = (certificate.height.0, certificate.round);
        let statement = Statement { height, round, step: Step::Precommit, block: Some(certificate.block) };
        if !self.signing.is_foreign(&statement) {
            return Ok(());
        }
        self.signing.meet_another(&statement);
        Err(Exit::AnotherSigner { height, round })
    }

    /// Runs until the inbox closes or a height cannot be committed or begun.
    pub(crate) async fn run(self, mut inbox: mpsc::Receiver<DecisionMsg>) {
        while let Some(message) = inbox.recv().await {
            let done = match message {
                DecisionMsg::Decided { certificate, reply } => self.decided(certificate, reply).await,
                DecisionMsg::Finalized { certificate, evidence, reply } => {
                    self.finalized(certificate, &evidence, reply).await
                }
            };
            if let Err(exit) = done {
                // The engine is left without an answer on purpose: it must not go on, and must not restart the height.
                self.exit.set(exit);
                return;
            }
        }
    }

    async fn decided(&self, certificate: CommitCertificate<Ctx>, reply: RpcReplyPort<()>) -> Result<(), Exit> {
        let certificate = certificate_out(certificate);
        let height = certificate.height.0;
        let has_work = self
            .app
            .commit(certificate.clone())
            .await
            .map_err(|error| Exit::Commit { height, reason: error.to_string() })?;
        self.board.decided(&certificate);
        if has_work {
            self.board.work_was_done();
        }
        self.own_signature(&certificate)?;
        debug!(height, round = certificate.round, signatures = certificate.signatures.len(), "committed");
        let _ = reply.send(());
        Ok(())
    }

    async fn finalized(
        &self,
        certificate: CommitCertificate<Ctx>,
        evidence: &MisbehaviorEvidence<Ctx>,
        reply: RpcReplyPort<Next<Ctx>>,
    ) -> Result<(), Exit> {
        let height = certificate.height;
        let certificate = certificate_out(certificate);
        let evidence = evidence_out(evidence);
        for pair in &evidence {
            let own = pair.validator == self.me;
            warn!(validator = %pair.validator, height = pair.height.0, step = ?pair.step, own, "a validator signed twice");
        }
        self.board.decided(&certificate);
        self.own_signature(&certificate)?;
        self.app.finalized(certificate, evidence).await;
        let start = tokio::select! {
            biased;
            // The next block of a peer's history must not wait for work of this node, or for its peers' next words.
            () = std::future::ready(()), if self.board.is_catching_up(height.0) => self.app.start(),
            start = self.app.until_next(height.spec()) => start,
            // Others work on the next height already, or have it behind them: join them or catch up.
            () = self.board.peers_ahead_of(height.0) => self.app.start(),
        };
        let (height, params) =
            self.heights.begin(&start, Some(height)).map_err(|reason| Exit::HeightStart { reason })?;
        let _ = reply.send(Next::Start(height, params));
        Ok(())
    }
}
