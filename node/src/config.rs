//! The node's configuration: one file under 40 lines, in which an unknown key is an error.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use huxin_chain_spec::crypto::SigningKey;
use huxin_chain_spec::genesis::{self, Genesis, GenesisError};
use huxin_chain_spec::keyfile::{KeyFile, KeyFileError, KeyPurpose};
use huxin_chain_spec::transaction::TRANSACTION_BYTES_MAX;
use serde::Deserialize;

use crate::http::bounds::CONNECTIONS;

/// Environment variable with the passphrase of encrypted key files.
pub const PASSPHRASE_VARIABLE: &str = "HUXIN_KEY_PASSPHRASE";

/// `node.toml`. Relative paths are relative to the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Genesis file.
    pub genesis: PathBuf,
    /// Folder of the store and of the engine's write-ahead log.
    pub data: PathBuf,
    pub keys: KeysConfig,
    pub consensus: ConsensusConfig,
    pub mempool: MempoolConfig,
    pub api: ApiConfig,
    pub operations: OperationsConfig,
    #[serde(default)]
    pub log: LogConfig,
}

/// Key files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// Signs votes.
    pub consensus: PathBuf,
    /// Identifies the node to its peers.
    pub network: PathBuf,
    /// What the consensus key has signed, kept by the node; beside the key unless given: its path with `.sign-state` behind it.
    pub sign_state: Option<PathBuf>,
    /// File whose first line is the passphrase of both.
    pub passphrase_file: Option<PathBuf>,
}

/// The consensus engine's swarm and pace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsensusConfig {
    /// Multiaddr to listen on.
    pub listen: String,
    /// Every other validator, as multiaddr with `/p2p/<peer id>`.
    pub peers: Vec<String>,
    /// How long a proposal is waited for.
    #[serde(default = "default_propose_timeout_ms")]
    pub propose_timeout_ms: u64,
    /// How long votes are waited for once a quorum disagrees.
    #[serde(default = "default_vote_timeout_ms")]
    pub vote_timeout_ms: u64,
    /// Least time of a height under load; 0 for none.
    #[serde(default)]
    pub target_block_ms: u64,
}

/// Least `mempool.bytes_max`: half of it, the share of one source, must hold the longest transaction.
pub const MEMPOOL_BYTES_MIN: usize = 2 * TRANSACTION_BYTES_MAX;

/// The mempool's swarm and bound.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MempoolConfig {
    /// Multiaddr to listen on.
    pub listen: String,
    /// Every other node, as multiaddr with `/p2p/<peer id>`.
    pub peers: Vec<String>,
    /// Most bytes of transactions held; at least [`MEMPOOL_BYTES_MIN`].
    #[serde(default = "default_mempool_bytes_max")]
    pub bytes_max: usize,
}

/// The public API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    pub listen: SocketAddr,
    /// Most open connections; the limit of open files may allow fewer.
    #[serde(default = "default_connections")]
    pub connections: usize,
    /// Most open connections of one address; half of `connections` if absent. One address gets the same part of every other
    /// budget of the API.
    pub connections_per_address: Option<usize>,
    /// Whether each request is logged: route, status, time and address; never path, query or body.
    #[serde(default)]
    pub access_log: bool,
}

/// The operations listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationsConfig {
    pub listen: SocketAddr,
    /// Host names by which it is asked, beside `localhost` and IP addresses.
    #[serde(default)]
    pub hosts: Vec<String>,
}

/// Logging.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// A level, or filters as of `tracing-subscriber`: `info,huxin_node=debug`.
    #[serde(default = "default_level")]
    pub level: String,
    #[serde(default)]
    pub format: LogFormat,
}

/// Shape of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: default_level(), format: LogFormat::default() }
    }
}

fn default_connections() -> usize {
    CONNECTIONS
}

fn default_propose_timeout_ms() -> u64 {
    1_000
}

fn default_vote_timeout_ms() -> u64 {
    300
}

fn default_mempool_bytes_max() -> usize {
    64 << 20
}

fn default_level() -> String {
    "info".to_owned()
}

/// Why a node cannot be set up. Each sentence says what, where and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error(
        "keys.sign_state {} lies in the data folder; put it beside the consensus key, so that a data folder that is exchanged or restored cannot take it along",
        path.display()
    )]
    SignStateInData { path: PathBuf },
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{} is not a node configuration: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
    #[error("genesis file {}: {source}", path.display())]
    Genesis { path: PathBuf, source: GenesisError },
    #[error("key file {}: {source}", path.display())]
    Key { path: PathBuf, source: KeyFileError },
    #[error(
        "key file {} is encrypted, and no passphrase was given: write it into the first line of a file that only the node can read and name that file as keys.passphrase_file in node.toml, or set the environment variable {PASSPHRASE_VARIABLE}",
        path.display()
    )]
    NoPassphrase { path: PathBuf },
    #[error("the passphrase {from} does not open key file {}; correct it there", path.display())]
    WrongPassphrase { path: PathBuf, from: String },
    #[error(
        "{key} is {address:?}, which cannot be listened on; write it like /ip4/0.0.0.0/tcp/26601, an IP address and a port"
    )]
    ListenAddress { key: &'static str, address: String },
    #[error("{key} and {other} are both at {address}; give each a port of its own")]
    SameAddress { key: &'static str, other: &'static str, address: SocketAddr },
    #[error(
        "key file {} is a published example key, whose secret everybody knows; it works only on a chain whose id begins with dev-, and this chain is {chain_id}. Make a key of your own with `huxin keys new`",
        path.display()
    )]
    ExampleKey { path: PathBuf, chain_id: String },
    #[error(
        "mempool.bytes_max in {} is {bytes_max}; set at least {bytes_min}, so that the share of one source holds the longest transaction",
        path.display()
    )]
    MempoolTooSmall { path: PathBuf, bytes_max: usize, bytes_min: usize },
    #[error("{key} in {} is 0; set at least 1, or leave the line out", path.display())]
    NoConnection { path: PathBuf, key: &'static str },
}

/// A configuration with everything it names read and checked.
pub struct Setup {
    pub config: Config,
    pub genesis: Genesis,
    pub consensus_key: SigningKey,
    pub network_key: SigningKey,
}

impl Config {
    /// Reads a configuration file; relative paths in it become relative to its folder.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|error| ConfigError::Malformed { path: path.to_owned(), reason: error.to_string() })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for file in [&mut config.genesis, &mut config.data, &mut config.keys.consensus, &mut config.keys.network] {
            *file = folder.join(&*file);
        }
        for file in [&mut config.keys.passphrase_file, &mut config.keys.sign_state].into_iter().flatten() {
            *file = folder.join(&*file);
        }
        Ok(config)
    }
}

impl KeysConfig {
    /// The file of the sign-state.
    pub fn sign_state(&self) -> PathBuf {
        self.sign_state.clone().unwrap_or_else(|| {
            let mut path = self.consensus.clone().into_os_string();
            path.push(".sign-state");
            path.into()
        })
    }
}

impl Setup {
    /// Reads the configuration file, the genesis and the keys it names, and checks that they fit together.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let config = Config::read(path)?;
        let bytes_max = config.mempool.bytes_max;
        if bytes_max < MEMPOOL_BYTES_MIN {
            let (path, bytes_min) = (path.to_owned(), MEMPOOL_BYTES_MIN);
            return Err(ConfigError::MempoolTooSmall { path, bytes_max, bytes_min });
        }
        let of_api = [
            ("api.connections", Some(config.api.connections)),
            ("api.connections_per_address", config.api.connections_per_address),
        ];
        if let Some((key, _)) = of_api.into_iter().find(|(_, connections)| *connections == Some(0)) {
            return Err(ConfigError::NoConnection { path: path.to_owned(), key });
        }
        let sign_state = config.keys.sign_state();
        if sign_state.starts_with(&config.data) {
            return Err(ConfigError::SignStateInData { path: sign_state });
        }
        let genesis = Genesis::parse(&read(&config.genesis)?)
            .map_err(|source| ConfigError::Genesis { path: config.genesis.clone(), source })?;
        let passphrase = passphrase(&config)?;
        let read_key = |path, purpose| read_key(&config, path, purpose, passphrase.as_deref());
        let consensus_key = read_key(&config.keys.consensus, KeyPurpose::Consensus)?;
        let network_key = read_key(&config.keys.network, KeyPurpose::Network)?;
        for (key, path) in [(&consensus_key, &config.keys.consensus), (&network_key, &config.keys.network)] {
            if !genesis.chain_id.is_development() && genesis::is_example_key(&public(key)) {
                let chain_id = genesis.chain_id.to_string();
                return Err(ConfigError::ExampleKey { path: path.clone(), chain_id });
            }
        }
        Ok(Self { config, genesis, consensus_key, network_key })
    }
}

fn public(key: &SigningKey) -> huxin_chain_spec::crypto::PublicKey {
    use huxin_chain_spec::crypto::Signer as _;
    key.public_key()
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })
}

fn passphrase(config: &Config) -> Result<Option<String>, ConfigError> {
    match &config.keys.passphrase_file {
        Some(path) => Ok(read(path)?.lines().next().map(str::to_owned)),
        None => Ok(std::env::var(PASSPHRASE_VARIABLE).ok()),
    }
}

fn read_key(
    config: &Config,
    path: &Path,
    purpose: KeyPurpose,
    passphrase: Option<&str>,
) -> Result<SigningKey, ConfigError> {
    let from = || match &config.keys.passphrase_file {
        Some(file) => format!("in {}", file.display()),
        None => format!("in the environment variable {PASSPHRASE_VARIABLE}"),
    };
    let failed = |source| match source {
        KeyFileError::PassphraseNeeded => ConfigError::NoPassphrase { path: path.to_owned() },
        KeyFileError::WrongPassphrase => ConfigError::WrongPassphrase { path: path.to_owned(), from: from() },
        source => ConfigError::Key { path: path.to_owned(), source },
    };
    let file = KeyFile::parse(&read(path)?).map_err(failed)?;
    file.open_for(purpose, passphrase.map(str::as_bytes)).map_err(failed)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    pub(crate) const GOOD: &str = r#"
genesis = "genesis.toml"
data = "data"
[keys]
consensus = "keys/consensus.key"
network = "keys/network.key"
[consensus]
listen = "/ip4/127.0.0.1/tcp/1"
peers = []
[mempool]
listen = "/ip4/127.0.0.1/tcp/2"
peers = []
[api]
listen = "127.0.0.1:3"
[operations]
listen = "127.0.0.1:4"
"#;

    #[test]
    fn paths_are_relative_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        std::fs::write(&path, GOOD).unwrap();
        let config = Config::read(&path).unwrap();
        assert_eq!(config.keys.network, folder.path().join("keys/network.key"));
        assert_eq!(config.keys.sign_state(), folder.path().join("keys/consensus.key.sign-state"));
        assert_eq!(config.consensus.propose_timeout_ms, 1_000);
    }

    #[test]
    fn a_mempool_that_cannot_hold_a_transaction_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        let small = GOOD.replace("tcp/2\"", "tcp/2\"\nbytes_max = 4194303");
        std::fs::write(&path, &small).unwrap();
        let refused = Setup::read(&path).err().unwrap();
        assert!(matches!(refused, ConfigError::MempoolTooSmall { bytes_max: 4_194_303, .. }), "{refused}");
        std::fs::write(&path, small.replace("4194303", "4194304")).unwrap();
        let next = Setup::read(&path).err().unwrap();
        assert!(matches!(next, ConfigError::Unreadable { .. }), "no genesis file here: {next}");
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        std::fs::write(&path, format!("{GOOD}max_peers = 3\n")).unwrap();
        let error = Config::read(&path).unwrap_err().to_string();
        assert!(error.contains("max_peers") && error.contains("node.toml"), "{error}");
    }
}
