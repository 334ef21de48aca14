//! Start, handle and end of one engine.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_malachitebft_app_channel::app::engine::network::{NetworkIdentity, NetworkMsg, NetworkRef, Status};
use arc_malachitebft_app_channel::app::engine::node::NodeRef;
use arc_malachitebft_app_channel::app::engine::util::events::TxEvent;
use arc_malachitebft_app_channel::app::engine::util::output_port::{OutputPort, OutputPortSubscriberTrait};
use arc_malachitebft_app_channel::app::metrics::{self, Metrics, SharedRegistry};
use arc_malachitebft_app_channel::app::spawn::{
    spawn_consensus_actor, spawn_network_actor, spawn_sync_actor, spawn_wal_actor,
};
use arc_malachitebft_app_channel::app::types::codec::Codec;
use arc_malachitebft_app_channel::app::types::core::SigningScheme;
use arc_malachitebft_signing::Signer as _;
use huxin_chain_spec::crypto::{KeyId, Signer};
use ractor::Actor;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::actors::{HostActor, Listener, Supervisor};
use crate::codec::WireCodec;
use crate::config::{EngineConfig, keypair};
use crate::context::{Address, Ctx, Height};
use crate::decisions::{Decisions, Heights};
use crate::error::ExitCell;
use crate::gate::Gate;
use crate::guard::{Guard, Subscribers};
use crate::host::{Host, HostParts};
use crate::log_walk;
use crate::parts::Assembly;
use crate::peers::Peers;
use crate::relay::NetworkCodec;
use crate::scheme::Scheme;
use crate::sign_state::{SignBinding, SignState, check_mark};
use crate::signing::{EngineSigner, EngineVerifier};
use crate::status::Board;
use crate::{Application, EngineError, EngineStatus, Exit};

/// Messages from consensus to synchronisation that may wait; a receiver that lags behind by more loses the oldest. The
/// engine's own 10 are five heights.
const SYNC_PORT_MESSAGES_MAX: usize = 1_024;
/// Questions of the engine waiting for the host task. It handles each in microseconds.
const HOST_INBOX_MAX: usize = 1_024;
/// Decided and finalised heights waiting to be committed. The engine sends two per height and waits for the second.
const DECISIONS_INBOX_MAX: usize = 8;
/// Longest wait for the listening socket.
const LISTEN_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for the engine's parts to end when asked.
const STOP_WAIT: Duration = Duration::from_secs(3);
/// A node that has decided nothing says so at least this often.
pub(crate) const TELL_ZERO_MAX: Duration = Duration::from_secs(1);
/// How often the wait for the log's release looks.
const RELEASE_POLL: Duration = Duration::from_millis(5);

/// Starts an engine. It listens when this returns, and asks `app` for its first height once peers are there.
///
/// # Errors
/// See [`EngineError`]: unusable addresses or limits, a write-ahead log in use by another process, or a port in use.
pub async fn run(
    config: EngineConfig,
    signer: Arc<dyn Signer>,
    app: Arc<dyn Application>,
) -> Result<EngineHandle, EngineError> {
    let exit = ExitCell::new();
    let state = open_signing(&config, signer.public_key().id(), app.as_ref())?;
    let registry = SharedRegistry::global().with_moniker(&config.moniker);
    let metrics = Metrics::register(&registry);
    let supervisor = Supervisor { exit: exit.clone(), metrics: metrics.clone() };
    let (node, _) = Actor::spawn(None, supervisor, ()).await.map_err(start_error)?;
    let engine_signer = EngineSigner::new(config.genesis, signer, state.clone(), exit.clone());
    let result = spawn_tree(config, engine_signer, app, exit.clone(), node.clone(), registry, metrics).await;
    if result.is_err() {
        state.close();
        exit.set(Exit::Stopped);
        node.get_cell().stop_children_and_wait(None, Some(STOP_WAIT)).await;
        node.stop(None);
    }
    result
}

/// Opens the sign-state, and looks through the log that the engine is about to open.
fn open_signing(config: &EngineConfig, me: KeyId, app: &dyn Application) -> Result<SignState, EngineError> {
    let tip = app.start().height.0.saturating_sub(1);
    let binding = SignBinding { genesis: config.genesis, store: config.store, key: me };
    check_mark(&config.sign_state)?;
    let state = SignState::open(&config.sign_state, &binding, tip)?;
    let log = config.wal_file();
    let looked = std::fs::create_dir_all(&config.wal_dir)
        .map_err(|error| EngineError::WriteAheadLog { path: log.clone(), reason: error.to_string() })
        .and_then(|()| log_walk::prepare(&log, me, tip, &state));
    if looked.is_err() {
        state.close();
    }
    looked.map(|()| state)
}

async fn spawn_tree(
    config: EngineConfig,
    signer: EngineSigner,
    app: Arc<dyn Application>,
    exit: ExitCell,
    node: NodeRef,
    registry: SharedRegistry,
    metrics: Metrics,
) -> Result<EngineHandle, EngineError> {
    let consensus_config = config.consensus()?;
    let sync_config = config.sync()?;
    let board = Board::new(&config.timeouts, config.nodes(), exit.clone());
    board.shows(signer.state().clone());
    let start = app.start();
    let validators = start.validators.validators();
    board.know(validators.iter().map(|validator| validator.key));
    let powers = validators.iter().map(|validator| (validator.key.id(), validator.power));
    board.starts(signer.public_key().id(), start.height.0.saturating_sub(1), powers);
    let verifier = EngineVerifier::new(config.genesis);
    let me = Address(signer.public_key().id());
    let identity = identity(&config, &signer, me).await?;

    let wire: NetworkRef<Ctx> = spawn_network_actor(
        &consensus_config,
        &sync_config,
        identity,
        &registry,
        NetworkCodec { board: board.clone() },
    )
    .await
    .map_err(start_error)?;
    wire.link(node.get_cell());
    let subscribers = Subscribers::default();
    let gate = Gate { network: wire.clone(), subscribers: subscribers.clone() };
    let (network, _) = Actor::spawn(None, gate, ()).await.map_err(start_error)?;
    network.link(node.get_cell());
    // At once: the network repeats who is connected, but not which keys they have proven to hold.
    let peers = Peers::new(network.clone(), &config.peers)?;
    let guard = Guard {
        me: signer.public_key().id(),
        network: wire.clone(),
        board: board.clone(),
        peers: peers.clone(),
        verifier: verifier.clone(),
        subscribers,
    };
    let (guard, _) = Actor::spawn(None, guard, ()).await.map_err(start_error)?;
    guard.link(node.get_cell());
    let listener = Listener {
        board: board.clone(),
        peers: peers.clone(),
        signer: signer.clone(),
        verifier: verifier.clone(),
        exit: exit.clone(),
    };
    let (listener, _) = Actor::spawn(None, listener, ()).await.map_err(start_error)?;
    listener.link(node.get_cell());
    network.cast(NetworkMsg::Subscribe(Box::new(listener))).map_err(start_error)?;
    wire.cast(NetworkMsg::Subscribe(Box::new(guard))).map_err(start_error)?;
    let wal_file = config.wal_file();
    let wal_error = |error: &dyn std::fmt::Display| EngineError::WriteAheadLog {
        path: wal_file.clone(),
        reason: error.to_string(),
    };
    let wal = spawn_wal_actor(&Ctx, WireCodec, &wal_file, &registry, node.clone())
        .await
        .map_err(|error| wal_error(&format!("{error:#}")))?;
    wal.link(node.get_cell());

    let (inbox, questions) = mpsc::channel(HOST_INBOX_MAX);
    let (host, _) = Actor::spawn(None, HostActor { inbox }, ()).await.map_err(start_error)?;
    host.link(node.get_cell());

    let (host_signer, host_verifier) = (signer.clone(), verifier.clone());
    let signing = signer.state().clone();
    let sync_port = Arc::new(OutputPort::with_capacity(SYNC_PORT_MESSAGES_MAX));
    let consensus = spawn_consensus_actor(
        Ctx,
        me,
        consensus_config,
        Box::new(verifier),
        Some(Box::new(signer)),
        network.clone(),
        host.clone(),
        wal,
        sync_port.clone(),
        metrics,
        TxEvent::new(),
        node.clone(),
    )
    .await
    .map_err(start_error)?;
    consensus.link(node.get_cell());
    let sync = spawn_sync_actor(Ctx, network.clone(), host, consensus, WireCodec, &sync_config, &registry)
        .await
        .map_err(start_error)?;
    if let Some(sync) = &sync {
        sync.link(node.get_cell());
        sync.subscribe_to_port(&sync_port);
    }
    // Only now, for the host's first answer starts the first height: the port forgets what it is sent before anybody
    // subscribes, and a synchroniser that misses the start never tells its tip nor asks for blocks.
    let telling = tell_zero(network.clone(), app.clone(), signing.clone(), config.status_interval_ms, exit.clone());
    let tasks = spawn_tasks(&config, host_signer, host_verifier, app, network.clone(), &board, &exit, questions);
    if tokio::time::timeout(LISTEN_WAIT, board.until_listening()).await.is_err() {
        return Err(EngineError::NotListening { address: config.listen, waited_ms: LISTEN_WAIT.as_millis() });
    }
    let reconnecting = peers.clone().reconnect_silent(config.status_interval_ms, board.clone(), exit.clone());
    let minding = tokio::spawn(async move {
        tokio::join!(reconnecting, telling);
    });
    Ok(EngineHandle { exit, board, node, peers, tasks, minding, wal_file, signing })
}

/// Tells peers that this node has decided nothing, as long as that is so. The engine tells no tip before its first decision, and
/// silence is no evidence that a chain begins: a peer that has lost its disks is silent too.
async fn tell_zero(
    network: NetworkRef<Ctx>,
    app: Arc<dyn Application>,
    signing: SignState,
    interval_ms: u64,
    exit: ExitCell,
) {
    let interval = Duration::from_millis(interval_ms);
    let mut turns = tokio::time::interval(if interval.is_zero() { TELL_ZERO_MAX } else { interval.min(TELL_ZERO_MAX) });
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            _ = exit.wait() => return,
        }
        if app.start().height.0 > 1 {
            return;
        }
        if signing.may_say_zero() {
            // A network that is gone has its own supervisor to tell.
            let _ = network.cast(NetworkMsg::BroadcastStatus(Status::new(Height(0), Height(0))));
        }
    }
}

/// The engine's view of this node: its network key, and the proof that ties it to its consensus key.
async fn identity(config: &EngineConfig, signer: &EngineSigner, me: Address) -> Result<NetworkIdentity, EngineError> {
    let keypair = config.keypair()?;
    let peer = keypair.public().to_peer_id().to_bytes();
    let key = Scheme::encode_public_key(&signer.public_key());
    let proof = signer.sign_validator_proof(key, peer).await.map_err(start_error)?;
    let proof = WireCodec.encode(&proof).map_err(start_error)?;
    Ok(NetworkIdentity::new_validator(config.moniker.clone(), keypair, me.to_string(), proof))
}

#[allow(clippy::too_many_arguments, reason = "called once; a struct for it would only repeat these names")]
fn spawn_tasks(
    config: &EngineConfig,
    signer: EngineSigner,
    verifier: EngineVerifier,
    app: Arc<dyn Application>,
    network: NetworkRef<Ctx>,
    board: &Board,
    exit: &ExitCell,
    questions: mpsc::Receiver<arc_malachitebft_app_channel::app::engine::host::HostMsg<Ctx>>,
) -> [JoinHandle<()>; 2] {
    let heights = Heights::new(config);
    let (decisions, inbox) = mpsc::channel(DECISIONS_INBOX_MAX);
    let committing = Decisions {
        app: app.clone(),
        heights: heights.clone(),
        board: board.clone(),
        exit: exit.clone(),
        signing: signer.state().clone(),
        me: signer.public_key().id(),
    };
    let gather_peers = config.quorum_peers(&app.start().validators, &signer.public_key().id());
    let parts = HostParts {
        app,
        signer,
        network,
        heights,
        board: board.clone(),
        exit: exit.clone(),
        block_bytes_max: config.limits.block_bytes_max,
        sync_response_bytes_max: config.sync_response_bytes_max(),
        gather: Duration::from_millis(config.gather_ms_max),
        gather_peers,
    };
    let assembly = Assembly::new(config.part_limits(), verifier);
    let host = Host::new(parts, assembly, decisions);
    [tokio::spawn(host.run(questions)), tokio::spawn(committing.run(inbox))]
}

fn start_error(error: impl std::fmt::Display) -> EngineError {
    EngineError::Start { reason: format!("{error:#}") }
}

/// A running engine. Dropping the handle does not stop it; [`EngineHandle::shutdown`] does.
pub struct EngineHandle {
    exit: ExitCell,
    board: Board,
    node: NodeRef,
    peers: Peers,
    tasks: [JoinHandle<()>; 2],
    /// Minds the peers: reconnects silent ones, and tells them that nothing is decided yet.
    minding: JoinHandle<()>,
    wal_file: PathBuf,
    signing: SignState,
}

impl EngineHandle {
    /// What the engine is doing now.
    pub fn status(&self) -> EngineStatus {
        self.board.status()
    }

    /// A reader of the status that outlives borrows of the handle.
    pub fn status_reader(&self) -> impl Fn() -> EngineStatus + Clone + Send + Sync + 'static {
        let board = self.board.clone();
        move || board.status()
    }

    /// Waits until the engine ends, by itself or by [`EngineHandle::shutdown`] of another task. Any reason but
    /// [`Exit::Stopped`] means the process should end with it.
    pub async fn exited(&self) -> Exit {
        self.exit.wait().await
    }

    /// The way to the network, for tests that say what no validator may say.
    #[cfg(test)]
    pub(crate) fn network(&self) -> NetworkRef<Ctx> {
        self.peers.network()
    }

    /// The list of peers, to be changed while the engine runs.
    pub fn peers(&self) -> Peers {
        self.peers.clone()
    }

    /// Stops the engine and waits until its socket, its log and its hold on the application are released.
    /// Returns why it ended: [`Exit::Stopped`], or an earlier reason.
    pub async fn shutdown(self) -> Exit {
        self.exit.set(Exit::Stopped);
        let [host, committing] = self.tasks;
        // The host ends its own tasks at the word above. A commit under way may finish on disk; its answer is moot.
        committing.abort();
        self.minding.abort();
        let _ = host.await;
        let _ = committing.await;
        self.node.get_cell().stop_children_and_wait(Some("shutdown".to_owned()), Some(STOP_WAIT)).await;
        for child in self.node.get_cell().get_children() {
            child.kill(); // Hung on purpose by the engine after a failure of the log.
        }
        let _ = self.node.get_cell().stop_and_wait(None, Some(STOP_WAIT)).await;
        wal_released(&self.wal_file).await;
        self.signing.close();
        self.exit.wait().await
    }
}

/// Waits until the log's own thread has let go of its file: it holds a lock until it ends, and nobody joins it.
async fn wal_released(path: &PathBuf) {
    let deadline = Instant::now() + STOP_WAIT;
    while Instant::now() < deadline {
        // A file that is gone or unreadable has no lock worth waiting for.
        match File::open(path).map(|file| file.try_lock()) {
            Ok(Err(_)) => tokio::time::sleep(RELEASE_POLL).await,
            Ok(Ok(())) | Err(_) => return,
        }
    }
}

/// The peer id that belongs to a network key's secret, as it stands in addresses after `/p2p/`.
pub fn peer_id(network_secret: [u8; 32]) -> Result<String, EngineError> {
    keypair(network_secret).map(|keypair| keypair.public().to_peer_id().to_string())
}

/// The metrics of all engines of this process, in the Prometheus text format.
pub fn metrics_text() -> String {
    let mut text = String::new();
    metrics::export(&mut text);
    text
}
