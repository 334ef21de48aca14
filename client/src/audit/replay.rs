//! Replay from genesis, ending in a statement of what was checked and what was not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use huxin_chain_spec::api::DecidedBlock;
use huxin_chain_spec::execute;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::ids::TxId;
use huxin_chain_spec::memory::MemoryLedger;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::transaction::Outcome;
use serde::Serialize;

use super::prepare::{Prepared, Preparer};
use super::source::{self, Run};
use crate::error::ClientError;
use crate::say;
use crate::sdk::NodeClient;

/// Runs of blocks waiting between two stages.
const RUNS_WAITING_MAX: usize = 3;

/// What to replay.
#[derive(Debug, Clone, Default)]
pub struct ReplayOptions {
    /// Writes the downloaded blocks to this file.
    pub export: Option<PathBuf>,
    /// Reads blocks from this export instead of a node.
    pub import: Option<PathBuf>,
}

/// Whether a node has the replayed block at the replayed height.
#[derive(Debug, Clone, Serialize)]
pub struct NodeAgreement {
    pub node: String,
    /// `None` if the node could not be reached or has not reached that height: unknown is not a difference.
    pub agrees: Option<bool>,
    /// What the node has instead, or why it could not be reached.
    pub detail: String,
}

/// What a replay checked. Only what was recomputed here is counted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Coverage {
    pub chain_id: String,
    pub genesis_hash: String,
    pub height: u64,
    pub block: String,
    pub time: String,
    pub log_size: u64,
    pub log_root: String,
    /// Root of the same log with SHA-256, where the ledger's hash is another.
    pub log_root_sha256: Option<String>,
    pub map_root: String,
    pub transactions: u64,
    pub transactions_rejected: u64,
    /// Operations refused one by one, in transactions of which each operation has its own outcome.
    pub operations_refused: u64,
    pub records: u64,
    /// Records by kind.
    pub records_by_kind: BTreeMap<String, u64>,
    pub licences: u64,
    pub organisations: u64,
    pub transaction_signatures: u64,
    pub certificate_signatures: u64,
    pub bytes: u64,
    pub seconds: f64,
    pub records_per_s: f64,
    pub nodes: Vec<NodeAgreement>,
    pub checked: Vec<String>,
    pub not_checked: Vec<String>,
}

/// Called after every run with the height reached and the records so far.
pub type OnProgress<'a> = &'a (dyn Fn(u64, u64, u64) + Sync);

/// Recomputes everything from genesis and compares the end with every node.
///
/// # Errors
/// [`ClientError::ReplayDiffers`] with the height and reason of the first difference.
pub async fn replay(
    nodes: Option<&NodeClient>,
    genesis: &Genesis,
    options: &ReplayOptions,
    on_progress: OnProgress<'_>,
) -> Result<Coverage, ClientError> {
    let started = Instant::now();
    let last = match (nodes, &options.import) {
        (_, Some(_)) => u64::MAX,
        (Some(nodes), None) => nodes.status().await?.1.height,
        (None, None) => {
            return Err(ClientError::at(
                "--node",
                say!(
                    "give a node to replay from, or an export with --import",
                    "请给出提供区块的节点，或用 --import 给出导出的文件"
                ),
            ));
        }
    };
    let (runs, received) = tokio::sync::mpsc::channel::<Run>(RUNS_WAITING_MAX);
    let (prepared, ready) = sync_channel::<Prepared>(RUNS_WAITING_MAX);
    let preparer = Preparer::new(genesis);
    let preparing = tokio::task::spawn_blocking(move || prepare_all(preparer, received, prepared));
    let replayer = Replayer::new(genesis)?;
    let fetch = async {
        match (&options.import, nodes) {
            (Some(path), _) => {
                let path = path.clone();
                joined(tokio::task::spawn_blocking(move || source::read_export(&path, &runs)).await)
            }
            (None, Some(nodes)) => source::download(nodes, last, options.export.as_deref(), runs).await,
            (None, None) => Ok(()),
        }
    };
    let (executed, fetched, prepared) = {
        // Progress is shown from here, so that the callback need not outlive this call.
        let (reached, mut progress) = tokio::sync::watch::channel((0u64, 0u64));
        let executing = tokio::task::spawn_blocking(move || replayer.run(&ready, &reached));
        let show = async {
            while progress.changed().await.is_ok() {
                let (height, records) = *progress.borrow();
                on_progress(height, records, last);
            }
        };
        let (executed, fetched, prepared, ()) = tokio::join!(executing, fetch, preparing, show);
        (joined(executed), fetched, joined(prepared))
    };
    // The first difference is reported before read errors, and those before fetch errors: a later stage that stops makes the
    // earlier ones fail too.
    let mut coverage = executed?;
    prepared?;
    fetched?;
    coverage.seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let records = coverage.records as f64;
    coverage.records_per_s = records / coverage.seconds.max(1e-9);
    if let Some(nodes) = nodes {
        coverage.nodes = compare(nodes, &coverage).await;
    }
    coverage.state_claims();
    Ok(coverage)
}

fn joined<T>(result: Result<Result<T, ClientError>, tokio::task::JoinError>) -> Result<T, ClientError> {
    result.map_err(|error| ClientError::Local { what: "a replay stage ended early", reason: error.to_string() })?
}

fn prepare_all(
    mut preparer: Preparer,
    mut runs: tokio::sync::mpsc::Receiver<Run>,
    prepared: SyncSender<Prepared>,
) -> Result<(), ClientError> {
    while let Some(run) = runs.blocking_recv() {
        if prepared.send(preparer.prepare(&run)?).is_err() {
            break;
        }
    }
    Ok(())
}

/// The executing stage.
struct Replayer {
    ledger: MemoryLedger,
    coverage: Coverage,
}

impl Replayer {
    fn new(genesis: &Genesis) -> Result<Self, ClientError> {
        let differs =
            |error: &dyn std::fmt::Display| ClientError::ReplayDiffers { height: 0, reason: error.to_string() };
        let ledger = MemoryLedger::found(genesis).map_err(|error| differs(&error))?;
        Ok(Self { ledger, coverage: Coverage::default() })
    }

    fn run(
        mut self,
        ready: &Receiver<Prepared>,
        reached: &tokio::sync::watch::Sender<(u64, u64)>,
    ) -> Result<Coverage, ClientError> {
        while let Ok(prepared) = ready.recv() {
            for (decided, block_bytes) in &prepared.blocks {
                self.step(decided, *block_bytes, &prepared)?;
            }
            reached.send_replace((self.ledger.tip().height.0, self.coverage.records));
        }
        Ok(self.finish())
    }

    fn step(&mut self, decided: &DecidedBlock, block_bytes: usize, prepared: &Prepared) -> Result<(), ClientError> {
        let (chain, tip) = (self.ledger.chain(), self.ledger.tip());
        let height = tip.height.0 + 1;
        let differs = |reason: String| ClientError::ReplayDiffers { height, reason };
        let DecidedBlock { block, certificate } = decided;
        let is_verified = |tx_id: &TxId, bytes: &[u8]| prepared.is_verified(tx_id, bytes);
        let executed = execute::check_block(chain, &self.ledger, tip, block, block_bytes, &is_verified)
            .map_err(|error| differs(error.to_string()))?;
        let hash = block.header.hash(chain.algorithm());
        if certificate.height != block.header.height || certificate.block != hash {
            return Err(differs(format!(
                "the certificate is for block {}, but the header's hash is {hash}",
                certificate.block
            )));
        }
        certificate
            .verify(&chain.genesis_hash, &tip.validators)
            .map_err(|error| differs(format!("the certificate does not hold: {error}")))?;
        let coverage = &mut self.coverage;
        coverage.transactions += block.body.transactions.len() as u64;
        coverage.transaction_signatures += block.body.transactions.len() as u64;
        coverage.certificate_signatures += certificate.signatures.len() as u64;
        coverage.records += executed.changes.records.len() as u64;
        coverage.bytes += block_bytes as u64;
        for (record, _) in &executed.changes.records {
            *coverage.records_by_kind.entry(record.operation.name().to_owned()).or_default() += 1;
        }
        let rejected = executed.changes.outcomes.iter().filter(|one| matches!(one.outcome, Outcome::Rejected { .. }));
        coverage.transactions_rejected += rejected.count() as u64;
        let refused = executed.changes.outcomes.iter().map(|one| match &one.outcome {
            Outcome::Each(each) => each.refused.len() as u64,
            Outcome::Committed { .. } | Outcome::Rejected { .. } => 0,
        });
        coverage.operations_refused += refused.sum::<u64>();
        self.ledger.apply(&executed, &block.header, hash);
        Ok(())
    }

    fn finish(self) -> Coverage {
        let (chain, tip) = (self.ledger.chain(), self.ledger.tip());
        let head = tip.frontier.head();
        Coverage {
            chain_id: chain.commitment.chain_id.to_string(),
            genesis_hash: chain.genesis_hash.to_string(),
            height: tip.height.0,
            block: tip.hash.to_string(),
            time: tip.time_ms.to_string(),
            log_size: head.size,
            log_root: head.root.to_string(),
            log_root_sha256: tip.frontier_sha256.as_ref().map(|edge| edge.head().root.to_string()),
            map_root: tip.map_root.to_string(),
            licences: self.ledger.licence_count() as u64,
            organisations: self.ledger.state_count(|key| matches!(key, StateKey::Organisation(_))) as u64,
            ..self.coverage
        }
    }
}

impl Coverage {
    /// Whether every node asked has the same block; `None` if none differs but some could not be reached.
    pub fn all_nodes_agree(&self) -> Option<bool> {
        let answers = || self.nodes.iter().map(|node| node.agrees);
        match (answers().any(|agrees| agrees == Some(false)), answers().all(|agrees| agrees == Some(true))) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }

    fn state_claims(&mut self) {
        self.checked = vec![
            format!("{} headers: every field recomputed, each hash chained to the one before", self.height),
            format!(
                "{} certificates ({} validator signatures), each of more than two thirds of the power",
                self.height, self.certificate_signatures
            ),
            format!("{} transactions: encoding, identifier, signature, expiry, no repetition", self.transactions),
            format!(
                "{} rejections: the same code at the same operation, as the transactions root says",
                self.transactions_rejected
            ),
            format!(
                "{} operations refused one by one: the same code for each, as the transactions root says",
                self.operations_refused
            ),
            format!("{} records: membership, licence and personal-data rules applied from the beginning", self.records),
            format!("{} organisations: sequence without gaps, running digest", self.organisations),
            "log root and map root of every block".to_owned(),
        ];
        self.not_checked = vec![
            "documents themselves: only their digests are on the ledger".to_owned(),
            "holder commitments: only the issuer can open them".to_owned(),
            "seal files and the seals that licences name: only recorded seal signatures were verified".to_owned(),
            "block times against a clock outside the chain".to_owned(),
            "whether other blocks were certified too at a height (equivocation)".to_owned(),
        ];
        if self.nodes.is_empty() {
            self.not_checked.push("any node's present state: none was given".to_owned());
        }
    }
}

async fn compare(nodes: &NodeClient, coverage: &Coverage) -> Vec<NodeAgreement> {
    let mut agreements = Vec::new();
    for (position, node) in nodes.each().into_iter().enumerate() {
        let place = format!("node {}", position + 1);
        let agreement = match node.status().await {
            Err(error) => NodeAgreement { node: place, agrees: None, detail: error.to_string() },
            Ok((name, _)) => match node.header(Some(coverage.height)).await {
                Ok(header) if header.hash == coverage.block => {
                    let detail = format!("log {} map {}", header.log_root, header.map_root);
                    NodeAgreement { node: name, agrees: Some(true), detail }
                }
                Ok(header) => {
                    NodeAgreement { node: name, agrees: Some(false), detail: format!("it has block {}", header.hash) }
                }
                Err(error) => NodeAgreement { node: name, agrees: None, detail: error.to_string() },
            },
        };
        agreements.push(agreement);
    }
    agreements
}
