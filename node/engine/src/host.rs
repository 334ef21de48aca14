//! The host task: answers each question of the engine from a task of its own, so that none waits for another.
//!
//! What it awaits itself is only its inbox and the end of its tasks. How the engine treats each reply (read in
//! `arc-malachitebft-engine` 0.8.2, `consensus.rs` and `sync.rs`):
//!
//! | question | the engine meanwhile | no reply means |
//! |---|---|---|
//! | `StartedRound` | its consensus actor waits | the actor fails: always answered |
//! | `GetValue` | goes on; a late value is dropped | the round times out, next proposer |
//! | `ReceivedProposalPart` | goes on; a late value of a lower height is dropped | the block was never seen |
//! | `ProcessSyncedValue` | goes on | fetched again from any peer, no blame |
//! | `GetDecidedValues`, `GetHistoryMinHeight` | request task / sync actor waits | empty answer |
//! | `Decided`, `Finalized` | goes on / height ends | chain waits: see [`crate::decisions`] |

use std::sync::Arc;
use std::time::Duration;

use arc_malachitebft_app_channel::app::consensus::VoteExtensionError;
use arc_malachitebft_app_channel::app::engine::host::{
    HostMsg, LocallyProposedValue, ProposedValue, SyncedValueOutcome,
};
use arc_malachitebft_app_channel::app::engine::network::{NetworkMsg, NetworkRef};
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::core::{Round, Validity};
use arc_malachitebft_app_channel::app::types::sync::RawDecidedValue;
use bytes::Bytes;
use huxin_chain_spec::crypto::{Digest, KeyId};
use ractor::RpcReplyPort;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tracing::{debug, error, warn};

use crate::application::{Application, Candidate, Proposed, Source, Verdict};
use crate::codec::SYNC_VALUES_MAX;
use crate::context::{Address, Ctx, Height, Value, certificate_in};
use crate::decisions::{DecisionMsg, Heights};
use crate::error::{Exit, ExitCell};
use crate::parts::{Assembly, Block, Init, Part, split};
use crate::run::TELL_ZERO_MAX;
use crate::signing::{EngineSigner, UNSIGNED};
use crate::status::{Board, now_ms};

/// At a founding, so long is waited for the validators that are not heard yet.
const FOUNDERS_WAIT: Duration = Duration::from_secs(5);
/// Blocks judged at once. A slow block must not hold back that of the next round; more would only share two cores.
const JUDGED_AT_ONCE: usize = 2;

/// What every task of the host needs.
pub(crate) struct HostParts {
    pub app: Arc<dyn Application>,
    pub signer: EngineSigner,
    pub network: NetworkRef<Ctx>,
    pub heights: Heights,
    pub board: Board,
    pub exit: ExitCell,
    pub block_bytes_max: usize,
    pub sync_response_bytes_max: usize,
    pub gather: Duration,
    /// Peers that make a quorum together with this node.
    pub gather_peers: usize,
}

type PartReply = RpcReplyPort<ProposedValue<Ctx>>;

/// The task's own state.
pub(crate) struct Host {
    parts: Arc<HostParts>,
    assembly: Assembly<PartReply>,
    decisions: mpsc::Sender<DecisionMsg>,
    judges: Arc<Semaphore>,
    tasks: JoinSet<()>,
}

impl Host {
    pub(crate) fn new(parts: HostParts, assembly: Assembly<PartReply>, decisions: mpsc::Sender<DecisionMsg>) -> Self {
        let judges = Arc::new(Semaphore::new(JUDGED_AT_ONCE));
        Self { parts: Arc::new(parts), assembly, decisions, judges, tasks: JoinSet::new() }
    }

    /// Runs until the engine ends, then ends its tasks.
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<HostMsg<Ctx>>) {
        let exit = self.parts.exit.clone();
        loop {
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(message) => self.handle(message).await,
                    None => break,
                },
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    if let Err(error) = ended && error.is_panic() {
                        error!(%error, "a task of the consensus host panicked; its question stays without an answer");
                    }
                }
                _ = exit.wait() => break,
            }
        }
        self.tasks.shutdown().await;
    }

    async fn handle(&mut self, message: HostMsg<Ctx>) {
        let parts = self.parts.clone();
        match message {
            HostMsg::ConsensusReady { reply_to } => {
                self.tasks.spawn(async move {
                    parts.gather().await;
                    match parts.heights.begin(&parts.app.start(), None) {
                        Ok(begun) => drop(reply_to.send(begun)),
                        Err(reason) => parts.exit.set(Exit::HeightStart { reason }),
                    }
                });
            }
            HostMsg::StartedRound { height, round, proposer, reply_to, .. } => {
                self.started_round(height, round, proposer, reply_to);
            }
            HostMsg::GetValue { height, round, reply_to, .. } => {
                self.tasks.spawn(async move { parts.propose(height, round, reply_to).await });
            }
            HostMsg::ReceivedProposalPart { from, published_by, part, reply_to } => {
                self.received(from, published_by.unwrap_or(from), part, reply_to);
            }
            HostMsg::RestreamValue { height, round, address, value_id, .. } => {
                self.tasks.spawn_blocking(move || parts.restream(height, round, address, value_id));
            }
            HostMsg::ProcessSyncedValue { height, round, proposer, value_bytes, reply_to } => {
                self.tasks.spawn(async move {
                    let outcome = parts.judge_synced(height, round, proposer, value_bytes).await;
                    let _ = reply_to.send(outcome);
                });
            }
            HostMsg::Decided { certificate, reply_to, .. } => {
                self.decide(DecisionMsg::Decided { certificate, reply: reply_to }).await;
            }
            HostMsg::Finalized { certificate, evidence, reply_to, .. } => {
                let evidence = Box::new(evidence);
                self.decide(DecisionMsg::Finalized { certificate, evidence, reply: reply_to }).await;
            }
            HostMsg::GetDecidedValues { range, reply_to } => {
                self.tasks.spawn_blocking(move || {
                    let _ = reply_to.send(parts.decided(*range.start(), *range.end()));
                });
            }
            HostMsg::GetHistoryMinHeight { reply_to } => {
                let _ = reply_to.send(Height(parts.app.history_min_height().0));
            }
            // Vote extensions are not part of the protocol, and no height allows them.
            HostMsg::ExtendVote { reply_to, .. } => drop(reply_to.send(None)),
            HostMsg::VerifyVoteExtensions { extensions, reply_to, .. } => {
                let refuse = |(address, _)| (address, Err(VoteExtensionError::InvalidVoteExtension));
                let _ = reply_to.send(extensions.into_iter().map(refuse).collect());
            }
        }
    }

    /// There are at most two such messages per height and the inbox has room for more, so this does not wait.
    async fn decide(&self, message: DecisionMsg) {
        if self.decisions.send(message).await.is_err() && self.parts.exit.get().is_none() {
            self.parts.exit.set(Exit::Engine { reason: "the task that commits blocks is gone".to_owned() });
        }
    }

    fn started_round(
        &mut self,
        height: Height,
        round: Round,
        proposer: Address,
        reply: RpcReplyPort<Vec<ProposedValue<Ctx>>>,
    ) {
        let round_number = round.as_u32().unwrap_or(0);
        let proposing = proposer.0 == self.parts.signer.public_key().id();
        self.parts.board.round_started(height.0, round_number, proposer.0, proposing);
        if self.assembly.height() != height
            && let Some(validators) = self.parts.heights.validators(height)
        {
            self.parts.board.know(validators.powers().map(|(key, _)| key));
            self.parts.board.validators(validators.powers().map(|(key, power)| (key.id(), power)));
            for (block, reply) in self.assembly.start_height(height, validators) {
                self.judge(block, reply);
            }
        }
        self.assembly.enter_round(round_number);
        let parts = self.parts.clone();
        self.tasks.spawn_blocking(move || {
            let value = |undecided: crate::Undecided| ProposedValue {
                height,
                round,
                valid_round: Round::Nil,
                proposer: Address(undecided.proposer),
                value: Value(undecided.id),
                validity: Validity::from_bool(undecided.valid),
            };
            // The engine waits for the answer in any case. What the disk does not say is not "none": the engine ends.
            let values = parts.app.undecided(height.spec(), round_number).unwrap_or_else(|error| {
                parts.exit.set(Exit::Store { height: height.0, reason: error.to_string() });
                Vec::new()
            });
            let _ = reply.send(values.into_iter().map(value).collect());
        });
    }

    fn received(
        &mut self,
        from: PeerId,
        publisher: PeerId,
        part: arc_malachitebft_app_channel::app::streaming::StreamMessage<Part>,
        reply: PartReply,
    ) {
        match self.assembly.insert(from, publisher, part, reply) {
            Ok(Some((block, reply))) => self.judge(block, reply),
            Ok(None) => {}
            Err(refusal) => {
                debug!(%from, %refusal, "a part of a block is refused");
                self.parts.board.part_refused();
            }
        }
    }

    fn judge(&mut self, block: Block, reply: PartReply) {
        let parts = self.parts.clone();
        let judges = self.judges.clone();
        self.tasks.spawn(async move {
            let Ok(_turn) = judges.acquire().await else {
                return;
            };
            // Waiting for a turn may have taken longer than the height did.
            if !reply.is_closed()
                && let Some(value) = parts.judge_proposal(block).await
            {
                let _ = reply.send(value);
            }
        });
    }
}

impl HostParts {
    /// Waits for peers before the first height.
    async fn gather(&self) {
        let state = self.signer.state();
        let start = self.app.start();
        let first_vote = start.height.0 == 1 && start.validators.get(&self.signer.public_key().id()).is_some();
        if state.knows_past() || !first_vote {
            // Proposals sent before anybody is connected are lost, and the round with them.
            let _ = tokio::time::timeout(self.gather, self.board.peers_ready(self.gather_peers)).await;
            return;
        }
        // Either the chain begins now, or this validator has lost store and sign-state and may have signed before. Peers know;
        // and without so many of them nothing could be decided anyway. A round that began before that is known would lack this
        // validator's votes, and might never end.
        self.board.peers_ready(self.gather_peers).await;
        if let Err(error) = self.hear_of_the_past().await {
            self.exit.set(Exit::SignState { reason: error.to_string() });
        }
    }

    /// Listens until it is known up to where this key may have signed, or that somebody has blocks to fetch.
    async fn hear_of_the_past(&self) -> Result<(), crate::EngineError> {
        let state = self.signer.state();
        let mut news = self.board.news_of_peers();
        loop {
            let heard = self.board.chain_heard();
            state.hear(&heard)?;
            if state.knows_past() {
                // Those who come a moment later would find a chain that has begun, and might have to watch it.
                let _ = tokio::time::timeout(FOUNDERS_WAIT, self.founders_heard()).await;
                return Ok(());
            }
            // The sender lives in the board.
            if heard.highest > 0 || news.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Resolves when every other validator has told its tip and can hear this node's, or the chain has begun.
    async fn founders_heard(&self) {
        let mut news = self.board.news_of_peers();
        loop {
            let heard = self.board.chain_heard();
            if heard.highest > 0 || (heard.own_power == heard.total) {
                return;
            }
            if heard.is_complete() {
                break;
            }
            if news.changed().await.is_err() {
                return;
            }
        }
        // Each tells the others that it has decided nothing once in this time, so that all have heard it before the first block.
        tokio::time::sleep(TELL_ZERO_MAX).await;
    }

    /// The block this node proposes: where the log of this height is lost, the one that this validator is locked on, so that it
    /// can be decided; else one of the application's.
    async fn block_to_propose(&self, height: Height, round: u32) -> Result<Proposed, crate::AppError> {
        if let Some(id) = self.signer.state().locked_without_log(height.0)
            && let Some(bytes) = self.app.block(height.spec(), &id)?
        {
            return Ok(Proposed { id, bytes });
        }
        self.app.propose(height.spec(), round).await
    }

    async fn propose(&self, height: Height, round: Round, reply: RpcReplyPort<LocallyProposedValue<Ctx>>) {
        let Some(round_number) = round.as_u32() else {
            return;
        };
        if self.signer.state().is_silent_at(height.0, round_number) {
            return debug!(%height, %round, "this validator does not propose here");
        }
        let proposed = match self.block_to_propose(height, round_number).await {
            Ok(proposed) => proposed,
            Err(error) => {
                warn!(%height, %round, %error, "no block to propose; the next proposer follows");
                return self.board.failed(height.0, format!("no block to propose: {error}"));
            }
        };
        if proposed.bytes.is_empty() || proposed.bytes.len() > self.block_bytes_max {
            let reason = format!("a block of {} bytes cannot be proposed", proposed.bytes.len());
            error!(%height, %round, reason);
            return self.board.failed(height.0, reason);
        }
        if !self.signer.may_propose(height, round_number, proposed.id).await {
            return self
                .board
                .failed(height.0, "this validator has proposed another block here before, and proposes no second one");
        }
        // Parts first: they travel while the engine syncs its log and signs the proposal.
        let me = Address(self.signer.public_key().id());
        self.publish(height, round_number, me, proposed.id, &proposed.bytes);
        let _ = reply.send(LocallyProposedValue::new(height, round, Value(proposed.id)));
    }

    fn restream(&self, height: Height, round: Round, proposer: Address, id: Digest) {
        let Some(round) = round.as_u32() else {
            return;
        };
        let me = Address(self.signer.public_key().id());
        // Height 0 is a proposal that was withheld.
        if height.0 == 0 || (proposer == me && !self.signer.has_proposed(height, round, id)) {
            return;
        }
        match self.app.block(height.spec(), &id) {
            Ok(Some(bytes)) => self.publish(height, round, proposer, id, &bytes),
            Ok(None) => self.board.failed(height.0, format!("block {id} is to be sent again but is not here")),
            Err(error) => self.board.failed(height.0, format!("block {id} is to be sent again: {error}")),
        }
    }

    fn publish(&self, height: Height, round: u32, proposer: Address, block: Digest, bytes: &Bytes) {
        let sender = Address(self.signer.public_key().id());
        let block_bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut init = Init { height, round, proposer, block, block_bytes, sender, signature: UNSIGNED };
        init.signature = self.signer.sign_init(&init);
        for message in split(init, now_ms(), bytes) {
            if self.network.cast(NetworkMsg::PublishProposalPart(message)).is_err() {
                return; // The engine is ending.
            }
        }
    }

    async fn judge_proposal(&self, block: Block) -> Option<ProposedValue<Ctx>> {
        let Block { init, bytes } = block;
        let height = init.height;
        if self.app.identify(&bytes) != Some(init.block) {
            self.board.failed(height.0, "the bytes of a proposed block are not those of its header hash");
            return None;
        }
        let candidate = Candidate {
            height: height.spec(),
            round: init.round,
            proposer: init.proposer.0,
            id: init.block,
            bytes,
            source: Source::Proposal,
        };
        let validity = match self.app.consider(candidate).await {
            Verdict::Valid => Validity::Valid,
            Verdict::Invalid { reason } => {
                warn!(%height, round = init.round, block = %init.block, reason, "a proposed block is invalid");
                self.board.invalid(height.0, reason);
                Validity::Invalid
            }
            // Neither says anything about the block of that hash; the right bytes may come by another way.
            Verdict::NotTheBlock { reason } | Verdict::Unavailable { reason } => {
                warn!(%height, round = init.round, block = %init.block, reason, "a proposed block could not be judged");
                self.board.failed(height.0, reason);
                return None;
            }
        };
        Some(ProposedValue {
            height,
            round: Round::new(init.round),
            valid_round: Round::Nil,
            proposer: init.proposer,
            value: Value(init.block),
            validity,
        })
    }

    /// The engine has checked a certificate for `height` from the same peer; it compares our id with it afterwards.
    async fn judge_synced(
        &self,
        height: Height,
        round: Round,
        proposer: Address,
        bytes: Bytes,
    ) -> SyncedValueOutcome<Ctx> {
        let proposer: KeyId = proposer.0;
        let Some(id) = self.app.identify(&bytes).filter(|_| bytes.len() <= self.block_bytes_max) else {
            return SyncedValueOutcome::PeerFault;
        };
        let candidate = Candidate {
            height: height.spec(),
            round: round.as_u32().unwrap_or(0),
            proposer,
            id,
            bytes,
            source: Source::Sync,
        };
        let validity = match self.app.consider(candidate).await {
            Verdict::Valid => {
                self.board.synced(height.0);
                Validity::Valid
            }
            Verdict::Invalid { reason } => {
                error!(%height, block = %id, reason, "a block from a peer's history is invalid here");
                self.board.diverged(height.0, reason);
                Validity::Invalid
            }
            Verdict::NotTheBlock { reason } => {
                self.board.failed(height.0, reason);
                return SyncedValueOutcome::PeerFault;
            }
            Verdict::Unavailable { reason } => {
                self.board.failed(height.0, reason);
                return SyncedValueOutcome::LocalTransientError;
            }
        };
        SyncedValueOutcome::Verdict(ProposedValue {
            height,
            round,
            valid_round: Round::Nil,
            proposer: Address(proposer),
            value: Value(id),
            validity,
        })
    }

    /// Decided blocks from `first` on, without a gap, as many as fit one answer.
    fn decided(&self, first: Height, last: Height) -> Vec<RawDecidedValue<Ctx>> {
        let mut values = Vec::new();
        let mut total_bytes = 0usize;
        for height in (first.0..=last.0).take(SYNC_VALUES_MAX) {
            let (certificate, bytes) = match self.app.decided(Height(height).spec()) {
                Ok(Some(decided)) => decided,
                Ok(None) => break,
                Err(error) => {
                    error!(height, %error, "a decided block could not be read for a peer that catches up");
                    self.board.failed(height, format!("a decided block could not be read: {error}"));
                    break;
                }
            };
            total_bytes = total_bytes.saturating_add(bytes.len());
            if total_bytes > self.sync_response_bytes_max && !values.is_empty() {
                break;
            }
            values.push(RawDecidedValue::new(bytes, certificate_in(certificate)));
        }
        values
    }
}
