//! Everything that can be known to be wrong before anything is started. `check` and `run` both take this way, so that a
//! configuration that passes the one is not refused by the other.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use huxin_chain_spec::ids::TimeMs;
use huxin_engine::EngineConfig;

use crate::clock::Clock;
use crate::config::{Config, ConfigError, Setup};
use crate::files::{self, FILES_MIN, FilePlan};
use crate::health::span;
use crate::log;
use crate::mempool;
use crate::run::RunError;

/// Whether the ports must be free now: always where the node starts, in a check only if asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    MustBeFree,
    NotLookedAt,
}

/// A configuration under which the node can start, as far as can be known.
pub struct Preflight {
    pub setup: Setup,
    pub engine: EngineConfig,
    /// What is allowed and rarely meant, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads the configuration and all it names.
///
/// # Errors
/// The first thing that would keep the node from starting.
pub fn preflight(path: &Path, ports: Ports) -> Result<Preflight, RunError> {
    let setup = Setup::read(path)?;
    log::filter(&setup.config.log.level)?;
    let listeners = listeners(&setup.config)?;
    check_distinct(&listeners)?;
    let engine = engine_config(&setup);
    engine.check()?;
    let me = check_peers(&setup.config, *setup.network_key.secret())?;
    check_resolver(&setup.config)?;
    // As far as the system lets it, before anything is judged by it.
    files::raise_limit();
    let plan = FilePlan::now();
    if plan.files < FILES_MIN {
        return Err(RunError::Files { files: plan.files, files_min: FILES_MIN });
    }
    if ports == Ports::MustBeFree {
        check_free(&listeners)?;
    }
    let mut warnings = warnings(&setup, &me, plan);
    let (genesis, now) = (&setup.genesis, Clock::for_chain(&setup.genesis.chain_id).now());
    warnings.extend(time_warning(genesis.time, genesis.parameters.clock_skew_ms_max, now));
    Ok(Preflight { setup, engine, warnings })
}

/// Reads the configuration again for a node that runs, whose network key has this secret.
pub fn again(path: &Path, network_secret: [u8; 32]) -> Result<Config, RunError> {
    let config = Config::read(path)?;
    log::filter(&config.log.level)?;
    check_peers(&config, network_secret)?;
    huxin_engine::check_peers(&config.consensus.peers)?;
    Ok(config)
}

/// The engine's settings; its moniker, its list of peers and the identity of its store are completed from the ledger.
fn engine_config(setup: &Setup) -> EngineConfig {
    let config = &setup.config;
    let mut engine = EngineConfig::new(
        "node",
        setup.genesis.chain_id.clone(),
        config.consensus.listen.clone(),
        config.consensus.peers.clone(),
        *setup.network_key.secret(),
        config.data.join("wal"),
        config.keys.sign_state(),
    );
    engine.genesis = setup.genesis.hash();
    engine.timeouts.propose_ms = config.consensus.propose_timeout_ms;
    engine.timeouts.vote_ms = config.consensus.vote_timeout_ms;
    engine.target_time_ms = config.consensus.target_block_ms;
    engine
}

/// The node's own peer id, after its mempool's lists were read.
fn check_peers(config: &Config, network_secret: [u8; 32]) -> Result<String, RunError> {
    mempool::check_peers(&config.mempool.peers, network_secret)?;
    Ok(huxin_engine::peer_id(network_secret)?)
}

/// What the node listens for, by the key in the configuration, and where.
type Listeners = [(&'static str, SocketAddr); 4];

fn listeners(config: &Config) -> Result<Listeners, ConfigError> {
    Ok([
        ("consensus.listen", socket("consensus.listen", &config.consensus.listen)?),
        ("mempool.listen", socket("mempool.listen", &config.mempool.listen)?),
        ("api.listen", config.api.listen),
        ("operations.listen", config.operations.listen),
    ])
}

/// Reads `/ip4/<address>/tcp/<port>`, the one form that can be listened on.
fn socket(key: &'static str, address: &str) -> Result<SocketAddr, ConfigError> {
    let parts: Vec<&str> = address.split('/').collect();
    let found = match parts.as_slice() {
        ["", "ip4" | "ip6", ip, "tcp", port] => match (ip.parse::<IpAddr>(), port.parse::<u16>()) {
            (Ok(ip), Ok(port)) if ip.is_ipv4() == (parts[1] == "ip4") => Some(SocketAddr::new(ip, port)),
            _ => None,
        },
        _ => None,
    };
    found.ok_or_else(|| ConfigError::ListenAddress { key, address: address.to_owned() })
}

fn check_distinct(listeners: &Listeners) -> Result<(), ConfigError> {
    for (position, &(key, address)) in listeners.iter().enumerate() {
        let overlaps = |other: &SocketAddr| {
            let ip = address.ip();
            other.port() == address.port() && (ip == other.ip() || ip.is_unspecified() || other.ip().is_unspecified())
        };
        let twin = listeners.iter().take(position).find(|(_, other)| address.port() != 0 && overlaps(other));
        if let Some(&(other, _)) = twin {
            return Err(ConfigError::SameAddress { key, other, address });
        }
    }
    Ok(())
}

/// Binds all of them at once and lets go.
fn check_free(listeners: &Listeners) -> Result<(), RunError> {
    let mut held = Vec::new();
    for &(purpose, address) in listeners {
        let failed = |error: std::io::Error| RunError::Listen {
            address: address.to_string(),
            purpose,
            reason: error.to_string(),
        };
        held.push(TcpListener::bind(address).map_err(failed)?);
    }
    Ok(())
}

/// The engine's network reads the system's resolver at its start, also where every peer is given by IP address.
fn check_resolver(config: &Config) -> Result<(), RunError> {
    let lists = [&config.consensus.peers, &config.mempool.peers];
    let named = lists.into_iter().flatten().find(|peer| is_named(peer)).cloned();
    mempool::check_resolver().map_err(|reason| RunError::Resolver {
        reason,
        next: match named {
            Some(peer) => format!("the peer {peer} is given by a host name, so name a server there that knows it"),
            None => "every peer is given by its IP address, so nothing is ever asked, but the consensus engine wants a server \
                     named: add the line `nameserver 127.0.0.1`"
                .to_owned(),
        },
    })
}

/// Whether a peer is given by a host name.
pub fn is_named(peer: &str) -> bool {
    peer.split('/').any(|part| matches!(part, "dns" | "dns4" | "dns6" | "dnsaddr"))
}

/// Says that no block can be decided yet, since the chain begins later by this machine's clock.
fn time_warning(genesis: TimeMs, skew_ms_max: u64, now: TimeMs) -> Option<String> {
    let ahead_ms = genesis.ms_since(now);
    (ahead_ms > skew_ms_max).then(|| {
        format!(
            "the genesis time {} lies {} ahead of this machine's clock, and no block is decided before it: correct the clock, or found \
             the chain with an earlier time",
            genesis.to_beijing(),
            span(ahead_ms)
        )
    })
}

fn warnings(setup: &Setup, me: &str, plan: FilePlan) -> Vec<String> {
    let (config, mut warnings) = (&setup.config, Vec::new());
    let others = setup.genesis.validators().validators().len() > 1;
    for (list, peers) in [("consensus.peers", &config.consensus.peers), ("mempool.peers", &config.mempool.peers)] {
        if peers.is_empty() && others {
            warnings.push(format!(
                "{list} is empty: this node connects to no other one and can only wait until the others connect to it"
            ));
        }
    }
    let ids = |peers: &[String]| -> Vec<String> {
        let id = |peer: &String| peer.rsplit_once("/p2p/").map(|(_, id)| id.to_owned());
        let mut ids: Vec<String> = peers.iter().filter_map(id).filter(|id| id != me).collect();
        ids.sort();
        ids.dedup();
        ids
    };
    if ids(&config.consensus.peers) != ids(&config.mempool.peers) {
        warnings.push(
            "consensus.peers and mempool.peers name different nodes; both lists should name every other one".into(),
        );
    }
    for path in [&config.keys.consensus, &config.keys.network] {
        let mode = std::fs::metadata(path).map(|file| file.permissions().mode() & 0o077).unwrap_or(0);
        if mode != 0 {
            warnings.push(format!("key file {} can be read by others; set its mode to 0600", path.display()));
        }
    }
    let (FilePlan { files, api, .. }, connections) = (plan, config.api.connections);
    if api < connections {
        warnings.push(format!(
            "the limit of open files is {files}: the API takes {api} connections at a time and not {connections}; raise the hard limit \
             (LimitNOFILE= of systemd, or ulimit -Hn)"
        ));
    }
    if !config.operations.listen.ip().is_loopback() {
        let address = config.operations.listen;
        warnings.push(format!(
            "operations.listen is {address}: it has no authentication; see that only your monitoring reaches it"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn listeners_are_one_ip_address_and_one_port() {
        assert_eq!(socket("k", "/ip4/127.0.0.1/tcp/7").unwrap(), "127.0.0.1:7".parse().unwrap());
        assert_eq!(socket("k", "/ip6/::1/tcp/7").unwrap(), "[::1]:7".parse().unwrap());
        for bad in
            ["127.0.0.1:7", "/ip4/127.0.0.1/udp/7", "/dns4/host/tcp/7", "/ip4/::1/tcp/7", "/ip4/1.2.3.4/tcp/99999", ""]
        {
            let refused = socket("consensus.listen", bad).unwrap_err().to_string();
            assert!(refused.contains("consensus.listen") && refused.contains("/ip4/0.0.0.0/tcp/26601"), "{refused}");
        }
    }

    #[test]
    fn two_listeners_cannot_share_a_port() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let four = |last: &str| {
            [("a", at("127.0.0.1:1")), ("b", at("127.0.0.1:2")), ("c", at("127.0.0.1:3")), ("d", at(last))]
        };
        assert!(check_distinct(&four("127.0.0.1:4")).is_ok());
        assert!(check_distinct(&four("127.0.0.2:3")).is_ok());
        assert!(matches!(
            check_distinct(&four("0.0.0.0:3")),
            Err(ConfigError::SameAddress { key: "d", other: "c", .. })
        ));
    }

    /// Four nodes of a chain that began in 2030 waited, and nothing said why.
    #[test]
    fn a_genesis_time_ahead_is_warned_of() {
        let (now, day_ms) = (TimeMs(1_790_000_000_000), 86_400_000);
        let warning = |ahead_ms| time_warning(now.plus_ms(ahead_ms), 10_000, now);
        assert_eq!((time_warning(TimeMs(0), 10_000, now), warning(10_000)), (None, None));
        assert!(warning(10_001).unwrap().contains("lies 1 minutes ahead"));
        assert!(warning(1_128 * day_ms).unwrap().contains("lies 1128 days ahead of this machine's clock"));
    }

    #[test]
    fn host_names_are_told_from_addresses() {
        assert!(is_named("/dns4/node.example/tcp/1/p2p/X") && is_named("/dnsaddr/node.example/p2p/X"));
        assert!(!is_named("/ip4/10.0.0.1/tcp/1/p2p/dnsX") && !is_named("/p2p/X"));
    }
}
