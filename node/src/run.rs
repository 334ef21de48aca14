//! Putting a node together, running it, and taking it down in order.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use huxin_chain_spec::crypto::{KeyId, Signer};
use huxin_chain_spec::genesis::network_name;
use huxin_engine::{EngineError, EngineHandle, Exit};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api;
use crate::clock::Clock;
use crate::config::{ConfigError, Setup};
use crate::consensus::Consensus;
use crate::door::Door;
use crate::files::FilePlan;
use crate::health::Identity;
use crate::http::Context;
use crate::http::bounds::Bounds;
use crate::ledger::Ledger;
use crate::log::{self, LevelError, Log};
use crate::members::{Members, PeerLists, province_of, wrong_network_key};
use crate::mempool::{self, Mempool, PoolLimits, SwarmConfig, SwarmError};
use crate::metrics::Metrics;
use crate::ops;
use crate::outcomes::Outcomes;
use crate::preflight::{Ports, Preflight, preflight};
use crate::reload::Reloader;
use crate::store::StoreError;

/// Threads of one runtime for work that takes long; each keeps some memory.
const BLOCKING_THREADS_MAX: usize = 32;
/// Those of the operations listener, which reads the store on a thread of its own.
const OPERATIONS_BLOCKING_THREADS_MAX: usize = 4;
/// Niceness of the threads that answer requests, beside that of the process: where processors are short, consensus goes first.
const API_NICENESS: i32 = 5;
/// Longest wait at the end for blocking reads that are still under way.
const RUNTIME_STOP: Duration = Duration::from_secs(2);
/// How often the store's background work is asked whether it failed.
const STORE_CHECK: Duration = Duration::from_secs(5);

/// Why the node did not start or had to stop. One sentence each.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the head in {} cannot be used: {reason}", path.display())]
    Head { path: PathBuf, reason: String },
    #[error("cannot listen on {address} for {purpose}: {reason}")]
    Listen { address: String, purpose: &'static str, reason: String },
    #[error("the consensus engine cannot start: {0}")]
    Engine(#[from] EngineError),
    #[error("mempool: {0}")]
    Mempool(#[from] SwarmError),
    #[error("the node stops: {0}")]
    Exit(String),
    /// Of [`Exit::AnotherSigner`]: a further start is not safe.
    #[error("the node stops: {0}")]
    AnotherSigner(String),
    #[error(transparent)]
    LogLevel(#[from] LevelError),
    #[error("the runtime cannot start: {0}")]
    Runtime(String),
    #[error(
        "the limit of open files is {files}; at least {files_min} are needed: raise it with ulimit -n, or LimitNOFILE= of systemd"
    )]
    Files { files: usize, files_min: usize },
    #[error("the resolver in /etc/resolv.conf cannot be used ({reason}); {next}")]
    Resolver { reason: String, next: String },
    #[error("the answer could not be written to standard output: {0}")]
    Output(std::io::Error),
}

impl RunError {
    fn of(exit: &Exit) -> Self {
        match exit {
            Exit::AnotherSigner { .. } => Self::AnotherSigner(exit.to_string()),
            _ => Self::Exit(exit.to_string()),
        }
    }

    /// Exit code of the process: 1, or 3 where another process signs with the consensus key. No supervisor may start the node again
    /// then, before a person has looked (`RestartPreventExitStatus=3` of systemd).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::AnotherSigner(_) | Self::Engine(EngineError::AnotherSigner { .. }) => 3,
            _ => 1,
        }
    }
}

/// Runs the node of a configuration file until a signal or a failure.
pub fn run(config: &Path) -> Result<(), RunError> {
    let (runtime, api) = (runtime()?, api_runtime()?);
    let operations = operations_runtime()?;
    let handles = Handles { api: api.handle().clone(), operations: operations.handle().clone() };
    let result = runtime.block_on(async {
        // Before anything takes time: the default action of a hangup ends the process.
        let hangups = hangups()?;
        let ready = preflight(config, Ports::MustBeFree)?;
        let log = Arc::new(Log::start(&ready.setup.config.log)?);
        for warning in &ready.warnings {
            tracing::warn!("{warning}");
        }
        let result = serve(ready, config, hangups, Arc::clone(&log), &handles).await;
        log.flush();
        result
    });
    // Blocking reads still under way must not hold the process.
    let deadline = Instant::now() + RUNTIME_STOP;
    for runtime in [api, operations, runtime] {
        runtime.shutdown_timeout(deadline.saturating_duration_since(Instant::now()));
    }
    result
}

/// Where the listeners run. Consensus, the mempool and what they need have the runtime that this is started on, so that
/// no request can take a thread from them.
struct Handles {
    api: Handle,
    operations: Handle,
}

/// Of consensus and the mempool.
fn runtime() -> Result<Runtime, RunError> {
    build(Builder::new_multi_thread().max_blocking_threads(BLOCKING_THREADS_MAX).thread_name("huxin"))
}

/// Of the public API and the door behind it.
fn api_runtime() -> Result<Runtime, RunError> {
    // Here and not in the thread: a thread begins with the niceness of the one that starts it.
    let niceness = rustix::process::getpriority_process(None).ok().map(|own| own.saturating_add(API_NICENESS));
    let give_way = move || {
        // A system that refuses this leaves the thread as it is.
        let _refused = niceness.map(|niceness| rustix::process::setpriority_process(None, niceness));
    };
    build(
        Builder::new_multi_thread()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("huxin-api")
            .on_thread_start(give_way),
    )
}

/// Of the operations listener, which answers whatever the API is busy with.
fn operations_runtime() -> Result<Runtime, RunError> {
    build(
        Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(OPERATIONS_BLOCKING_THREADS_MAX)
            .thread_name("huxin-ops"),
    )
}

fn build(builder: &mut Builder) -> Result<Runtime, RunError> {
    builder.enable_all().build().map_err(|error| RunError::Runtime(error.to_string()))
}

fn hangups() -> Result<Signal, RunError> {
    signal(SignalKind::hangup()).map_err(|error| RunError::Runtime(error.to_string()))
}

/// Checks all that [`run`] checks before it starts, and prints what it found; warnings go to standard error.
pub fn check(config: &Path, ports: Ports) -> Result<(), RunError> {
    let ready = runtime()?.block_on(async { preflight(config, ports) })?;
    let Preflight { setup, mut warnings, .. } = ready;
    let config = &setup.config;
    let genesis_hash = setup.genesis.hash();
    let validator = setup.consensus_key.id();
    let peer_id = huxin_engine::peer_id(*setup.network_key.secret())?;
    let mut lines = vec![
        format!("chain       {}", setup.genesis.chain_id),
        format!("trust root  {genesis_hash}"),
        format!("validator   {validator}"),
        format!("peer id     {peer_id}"),
    ];
    let ledger = Ledger::open(&config.data.join("store"), setup.genesis)?;
    if let Some(reason) = ledger.unknown_feature()? {
        return Err(RunError::Exit(reason));
    }
    let tip = ledger.tip();
    lines.push(format!("store       height {}, {} records, log root {}", tip.height, tip.log.size, tip.log.root));
    lines.push(match ledger.validators().get(&validator) {
        Some(found) => format!("vote        yes, power {}, as of height {}", found.power, tip.height),
        None => {
            format!("vote        none as of height {}: the consensus key is not in the set of validators", tip.height)
        }
    });
    lines.push(match crate::signing::replaced(config, &ledger, validator)? {
        Some(old) => format!("sign-state  of the replaced key {old}: set aside at the start, and a new one is made"),
        None => {
            let signing = crate::signing::inspect(config, &ledger, validator)?;
            format!("sign-state  {}", crate::signing::describe(signing.as_ref()))
        }
    });
    warnings.extend(network_key_warning(&ledger, validator, &peer_id)?);
    for warning in warnings {
        log::say(&format!("huxin-node: warning: {warning}"));
    }
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", lines.join("\n")).map_err(RunError::Output)
}

/// What is wrong with the network key, by the ledger's word.
fn network_key_warning(ledger: &Ledger, me: KeyId, peer_id: &str) -> Result<Option<String>, StoreError> {
    let nodes = ledger.store().validator_nodes()?;
    Ok(wrong_network_key(&nodes, me, peer_id).map(|[what, _]| what))
}

/// Everything that runs, to be taken down in order.
struct Running {
    engine: EngineHandle,
    ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    swarm: JoinHandle<Result<(), SwarmError>>,
    servers: Vec<JoinHandle<()>>,
}

async fn serve(
    ready: Preflight,
    path: &Path,
    hangups: Signal,
    log: Arc<Log>,
    handles: &Handles,
) -> Result<(), RunError> {
    let running = start(ready, path, hangups, log, handles).await?;
    let Running { engine, ledger, stop, mut swarm, servers } = running;
    let result = tokio::select! {
        () = signalled() => {
            tracing::info!("asked to stop");
            Ok(())
        }
        reason = feature_missing(&ledger) => Err(RunError::Exit(reason)),
        error = store_failed(&ledger) => Err(RunError::Exit(error.to_string())),
        exit = engine.exited() => Err(RunError::of(&exit)),
        ended = &mut swarm => match ended {
            Ok(Err(error)) => Err(RunError::Mempool(error)),
            _ => Err(RunError::Exit("the mempool's network ended".to_owned())),
        },
    };
    stop.send_replace(true);
    for server in servers {
        // A connection that does not end in time is cut by the runtime's end.
        let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
    }
    let exit = engine.shutdown().await;
    if result.is_ok() && exit != Exit::Stopped {
        return Err(RunError::of(&exit));
    }
    tracing::info!("stopped");
    result
}

async fn start(
    ready: Preflight,
    path: &Path,
    hangups: Signal,
    log: Arc<Log>,
    handles: &Handles,
) -> Result<Running, RunError> {
    let Preflight { setup, engine: mut engine_config, .. } = ready;
    let Setup { config, genesis, consensus_key, network_key } = setup;
    let clock = Clock::for_chain(&genesis.chain_id);
    let network = network_name(&genesis.chain_id, &genesis.hash());
    let me = consensus_key.id();
    let ledger = Arc::new(Ledger::open(&config.data.join("store"), genesis)?);
    if let Some(reason) = ledger.unknown_feature()? {
        return Err(RunError::Exit(reason));
    }
    // Before a socket is opened: what `check` refuses is refused here in the same words.
    crate::signing::prepare(&config, &ledger, me)?;
    let province = province_of(&ledger, &me)?;
    let identity = Identity { validator: me, peer_id: huxin_engine::peer_id(*network_key.secret())? };
    if let Some(warning) = network_key_warning(&ledger, me, &identity.peer_id)? {
        tracing::warn!("{warning}");
    }
    let lists = PeerLists { consensus: config.consensus.peers.clone(), mempool: config.mempool.peers.clone() };
    let (peers, configured) = watch::channel(lists);
    let members = Members { ledger: Arc::clone(&ledger), me: identity.peer_id.clone(), validator: me, configured };
    let changes = ledger.members();
    let (consensus_peers, mempool_peers) = members.lists()?;
    let metrics = Arc::new(Metrics::new());
    let mempool = Mempool::new(PoolLimits { bytes_max: config.mempool.bytes_max, ..PoolLimits::default() });
    let door = {
        // Its signatures are checked where they are asked for.
        let _entered = handles.api.enter();
        Arc::new(Door::new(Arc::clone(&ledger), mempool.clone(), clock))
    };

    let api_listener = listen(&handles.api, config.api.listen, "api.listen").await?;
    let ops_listener = listen(&handles.operations, config.operations.listen, "operations.listen").await?;

    let outcomes = Outcomes::default();
    let app = Arc::new(Consensus::new(
        Arc::clone(&ledger),
        mempool.clone(),
        clock,
        Arc::clone(&metrics),
        outcomes.clone(),
        me,
    ));
    engine_config.moniker = format!("node-{province}");
    engine_config.peers = consensus_peers;
    engine_config.store = ledger.store().identity();
    let signer: Arc<dyn Signer> = Arc::new(consensus_key);
    let engine = huxin_engine::run(engine_config, signer, app).await?;

    let (stop, stopping) = watch::channel(false);
    let (mempool_peers, listed) = watch::channel(mempool_peers);
    let swarm_config = SwarmConfig {
        network,
        listen: config.mempool.listen.clone(),
        peers: listed,
        network_secret: *network_key.secret(),
    };
    let swarm = tokio::spawn({
        let (mempool, door, stopping) = (mempool.clone(), Arc::clone(&door), stopping.clone());
        async move { mempool::run_swarm(swarm_config, mempool, door, stopped(stopping)).await }
    });
    let context =
        Context::new(Arc::clone(&ledger), door, mempool, Arc::new(engine.status_reader()), metrics, clock, identity)
            .with_outcomes(outcomes);
    let api_address = api_listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let following = members.follow(changes, engine.peers(), mempool_peers, stopped(stopping.clone()));
    let network_secret = *network_key.secret();
    let connections = config.api.connections.min(FilePlan::now().api);
    let api_settings = api::Settings {
        bounds: Bounds::new(connections, config.api.connections_per_address),
        access_log: config.api.access_log,
    };
    let hosts = config.operations.hosts.clone();
    let reloader = Reloader { path: path.to_owned(), config, network_secret, log, peers };
    let servers = vec![
        tokio::spawn(following),
        tokio::spawn(reloader.follow(hangups, stopped(stopping.clone()))),
        handles.api.spawn(api::serve(api_listener, context.clone(), api_settings, stopped(stopping.clone()))),
        handles.operations.spawn(ops::serve(ops_listener, context, hosts, stopped(stopping))),
    ];
    tracing::info!("huxin-node ready: province {province}, height {}, api http://{api_address}", ledger.height());
    Ok(Running { engine, ledger, stop, swarm, servers })
}

/// Resolves once the next block would need a feature that this software does not have.
async fn feature_missing(ledger: &Ledger) -> String {
    let mut heights = ledger.heights();
    loop {
        match ledger.unknown_feature() {
            Ok(Some(reason)) => return reason,
            Ok(None) => {}
            Err(error) => return error.to_string(),
        }
        if heights.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Resolves once anything that used the store met a failure of it, or its own work in the background did. A node whose
/// store failed once must not go on: what it would answer, judge or sign rests on it.
async fn store_failed(ledger: &Ledger) -> StoreError {
    let store = ledger.store();
    let mut failures = store.failures();
    loop {
        if let Some(error) = failures.borrow_and_update().clone() {
            return error;
        }
        // The sender lives as long as the store.
        let _elapsed = tokio::time::timeout(STORE_CHECK, failures.changed()).await;
        store.check_background();
    }
}

/// Binds on the runtime that will accept.
async fn listen(on: &Handle, address: std::net::SocketAddr, purpose: &'static str) -> Result<TcpListener, RunError> {
    let failed = |reason: String| RunError::Listen { address: address.to_string(), purpose, reason };
    let bound = on.spawn(TcpListener::bind(address)).await.map_err(|error| failed(error.to_string()))?;
    bound.map_err(|error| failed(error.to_string()))
}

/// Resolves when the node is told to stop.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn signalled() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
