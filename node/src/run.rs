//! Putting a node together, running it, and taking it down in order.

use std::path::Path;
use std::sync::Arc;

use huxin_chain_spec::crypto::{KeyId, Signer};
use huxin_engine::{EngineConfig, EngineError, EngineHandle, Exit, SignBinding, SigningStatus};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api;
use crate::clock::Clock;
use crate::config::{ConfigError, LogConfig, LogFormat, Setup};
use crate::consensus::Consensus;
use crate::door::Door;
use crate::ledger::Ledger;
use crate::members::{Members, province_of};
use crate::mempool::{self, Mempool, PoolLimits, SwarmConfig, SwarmError};
use crate::ops;
use crate::ops::metrics::Metrics;
use crate::store::StoreError;

/// Threads for executing blocks, trial runs and batches of signatures; each keeps some memory.
const BLOCKING_THREADS_MAX: usize = 32;

/// Why the node did not start or had to stop. One sentence each.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot listen on {address} for {purpose}: {reason}")]
    Listen { address: String, purpose: &'static str, reason: String },
    #[error("the consensus engine cannot start: {0}")]
    Engine(#[from] EngineError),
    #[error("the mempool's network stopped: {0}")]
    Mempool(#[from] SwarmError),
    #[error("the node stops: {0}")]
    Exit(String),
    #[error("log.level is not a filter: {0}")]
    LogLevel(String),
    #[error("the runtime cannot start: {0}")]
    Runtime(String),
}

/// Runs the node of a configuration file until a signal or a failure.
pub fn run(config: &Path) -> Result<(), RunError> {
    let setup = Setup::read(config)?;
    start_log(&setup.config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .map_err(|error| RunError::Runtime(error.to_string()))?;
    let result = runtime.block_on(serve(setup));
    // Blocking reads still under way must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

/// Checks what a configuration file names and prints what it found.
pub fn check(config: &Path) -> Result<(), RunError> {
    let setup = Setup::read(config)?;
    let genesis_hash = setup.genesis.hash();
    println!("chain       {}", setup.genesis.chain_id);
    println!("trust root  {genesis_hash}");
    println!("validator   {}", setup.consensus_key.id());
    println!("peer id     {}", huxin_engine::peer_id(*setup.network_key.secret())?);
    let ledger = Ledger::open(&setup.config.data.join("store"), setup.genesis)?;
    let tip = ledger.tip();
    println!("store       height {}, {} records, log root {}", tip.height, tip.log.size, tip.log.root);
    let (wal_dir, sign_state) = (setup.config.data.join("wal"), setup.config.keys.sign_state());
    let binding = binding(&ledger, setup.consensus_key.id());
    match huxin_engine::inspect(&wal_dir, &sign_state, &binding, tip.height.0)? {
        None => println!(
            "sign-state  none yet: made at the first start, and nothing is signed until the chain has passed all that this key may have signed"
        ),
        Some(signing) => println!("sign-state  {}", describe(&signing)),
    }
    Ok(())
}

/// Sets a damaged consensus log aside, or says up to where a key without its sign-state may have signed. The node must be stopped.
pub fn recover(config: &Path, after: Option<(u64, Option<u32>)>) -> Result<(), RunError> {
    let setup = Setup::read(config)?;
    let ledger = Ledger::open(&setup.config.data.join("store"), setup.genesis)?;
    let tip = ledger.tip().height.0;
    let (wal_dir, sign_state) = (setup.config.data.join("wal"), setup.config.keys.sign_state());
    let above = after.map(|(height, round)| (height, round.unwrap_or(u32::MAX)));
    let binding = binding(&ledger, setup.consensus_key.id());
    let done = huxin_engine::recover(&wal_dir, &sign_state, &binding, tip, above)?;
    match &done.log_kept {
        Some(path) => println!("the consensus log is kept as {}", path.display()),
        None => println!("there is no consensus log to set aside"),
    }
    println!("sign-state  {}", describe(&done.signing));
    println!("why this is safe: {}", match above {
        None => "the sign-state holds the last statements of this key and the block it is locked on; nothing that contradicts them is signed".to_owned(),
        Some((height, _)) => format!("nothing is signed up to height {height}, if this key has signed nothing above it anywhere: that is your word"),
    });
    Ok(())
}

fn binding(ledger: &Ledger, key: KeyId) -> SignBinding {
    SignBinding { genesis: ledger.genesis_hash(), store: ledger.store().identity(), key }
}

fn describe(signing: &SigningStatus) -> String {
    match (signing.past_known, signing.last_height) {
        (false, _) => "nothing is signed until the chain has passed all that this key may have signed".to_owned(),
        (true, 0) => format!("nothing signed yet; signs above height {}", signing.above_height),
        (true, last) => format!(
            "last signed at height {last}; signs nothing else there, and nothing at or below height {}",
            signing.above_height
        ),
    }
}

fn start_log(config: &LogConfig) -> Result<(), RunError> {
    // A plain level is meant for the node; the engine's libraries log every vote at info.
    let directives = match config.level.contains([',', '=']) {
        true => config.level.clone(),
        false => format!("warn,huxin_node={level},huxin_engine={level}", level = config.level),
    };
    let filter =
        tracing_subscriber::EnvFilter::try_new(directives).map_err(|error| RunError::LogLevel(error.to_string()))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

/// Everything that runs, to be taken down in order.
struct Running {
    engine: EngineHandle,
    ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    swarm: JoinHandle<Result<(), SwarmError>>,
    servers: Vec<JoinHandle<()>>,
}

async fn serve(setup: Setup) -> Result<(), RunError> {
    let running = start(setup).await?;
    let Running { engine, ledger, stop, mut swarm, servers } = running;
    let result = tokio::select! {
        () = signalled() => {
            tracing::info!("asked to stop");
            Ok(())
        }
        reason = feature_missing(&ledger) => Err(RunError::Exit(reason)),
        exit = engine.exited() => Err(RunError::Exit(exit.to_string())),
        ended = &mut swarm => match ended {
            Ok(Err(error)) => Err(RunError::Mempool(error)),
            _ => Err(RunError::Exit("the mempool's network ended".to_owned())),
        },
    };
    stop.send_replace(true);
    for server in servers {
        // A connection that does not end in time is cut by the runtime's end.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), server).await;
    }
    let exit = engine.shutdown().await;
    if result.is_ok() && exit != Exit::Stopped {
        return Err(RunError::Exit(exit.to_string()));
    }
    tracing::info!("stopped");
    result
}

async fn start(setup: Setup) -> Result<Running, RunError> {
    let Setup { config, genesis, consensus_key, network_key } = setup;
    let clock = Clock::for_chain(&genesis.chain_id);
    let chain_id = genesis.chain_id.clone();
    let me = consensus_key.id();
    let ledger = Arc::new(Ledger::open(&config.data.join("store"), genesis)?);
    if let Some(reason) = ledger.unknown_feature()? {
        return Err(RunError::Exit(reason));
    }
    let province = province_of(&ledger, &me)?;
    let members = Members {
        ledger: Arc::clone(&ledger),
        me: huxin_engine::peer_id(*network_key.secret())?,
        consensus: config.consensus.peers.clone(),
        mempool: config.mempool.peers.clone(),
    };
    let changes = ledger.members();
    let (consensus_peers, mempool_peers) = members.lists()?;
    let metrics = Arc::new(Metrics::new());
    let mempool = Mempool::new(PoolLimits { bytes_max: config.mempool.bytes_max, ..PoolLimits::default() });
    let door = Arc::new(Door::new(Arc::clone(&ledger), mempool.clone(), clock));

    let api_listener = listen(config.api.listen, "the API").await?;
    let ops_listener = listen(config.operations.listen, "operations").await?;

    let outcomes = api::Outcomes::default();
    let app = Arc::new(Consensus::new(
        Arc::clone(&ledger),
        mempool.clone(),
        clock,
        Arc::clone(&metrics),
        outcomes.clone(),
        me,
    ));
    let mut engine_config = EngineConfig::new(
        format!("node-{province}"),
        chain_id.clone(),
        config.consensus.listen.clone(),
        consensus_peers,
        *network_key.secret(),
        config.data.join("wal"),
        config.keys.sign_state(),
    );
    engine_config.genesis = ledger.genesis_hash();
    engine_config.store = ledger.store().identity();
    engine_config.timeouts.propose_ms = config.consensus.propose_timeout_ms;
    engine_config.timeouts.vote_ms = config.consensus.vote_timeout_ms;
    engine_config.target_time_ms = config.consensus.target_block_ms;
    let signer: Arc<dyn Signer> = Arc::new(consensus_key);
    let engine = huxin_engine::run(engine_config, signer, app).await?;

    let (stop, stopping) = watch::channel(false);
    let (mempool_peers, listed) = watch::channel(mempool_peers);
    let swarm_config = SwarmConfig {
        chain_id: chain_id.to_string(),
        listen: config.mempool.listen.clone(),
        peers: listed,
        network_secret: *network_key.secret(),
    };
    let swarm = tokio::spawn({
        let (mempool, door, stopping) = (mempool.clone(), Arc::clone(&door), stopping.clone());
        async move { mempool::run_swarm(swarm_config, mempool, door, stopped(stopping)).await }
    });
    let context = api::Context::new(
        Arc::clone(&ledger),
        door,
        mempool,
        Arc::new(engine.status_reader()),
        metrics,
        clock,
        province.clone(),
    )
    .with_outcomes(outcomes);
    let api_address = api_listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let following = members.follow(changes, engine.peers(), mempool_peers, stopped(stopping.clone()));
    let servers = vec![
        tokio::spawn(following),
        tokio::spawn(api::serve(api_listener, context.clone(), stopped(stopping.clone()))),
        tokio::spawn(ops::serve(ops_listener, context, stopped(stopping))),
    ];
    tracing::info!("huxin-node ready: province {province}, height {}, api http://{api_address}", ledger.height());
    if ledger.validators().get(&me).is_none() {
        tracing::warn!(validator = %me, "this node is no validator of the chain now: it follows, and takes part once it is added");
    }
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

async fn listen(address: std::net::SocketAddr, purpose: &'static str) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|error| RunError::Listen {
        address: address.to_string(),
        purpose,
        reason: error.to_string(),
    })
}

/// Resolves when the node is told to stop.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
