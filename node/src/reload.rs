//! SIGHUP: the log level and the lists of peers are read again, and nothing else. The node goes on whatever the file says.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::Signal;
use tokio::sync::watch;

use crate::config::Config;
use crate::log::Log;
use crate::members::PeerLists;
use crate::preflight;

/// What a hangup reloads.
pub(crate) struct Reloader {
    pub path: PathBuf,
    /// The configuration in force.
    pub config: Config,
    pub network_secret: [u8; 32],
    pub log: Arc<Log>,
    pub peers: watch::Sender<PeerLists>,
}

impl Reloader {
    /// Reads the file again at each hangup, until `stopping`.
    pub async fn follow(mut self, mut hangups: Signal, stopping: impl Future<Output = ()>) {
        tokio::pin!(stopping);
        loop {
            tokio::select! {
                () = &mut stopping => return,
                hangup = hangups.recv() => if hangup.is_none() { return },
            }
            self.reload();
        }
    }

    fn reload(&mut self) {
        let new = match preflight::again(&self.path, self.network_secret) {
            Ok(new) => new,
            Err(error) => {
                tracing::error!(%error, "could not reload the configuration; the node goes on with the old one");
                return;
            }
        };
        if let Err(error) = self.log.set_level(&new.log.level) {
            tracing::error!(%error, "could not change the log level; the old one stays");
        }
        let lists = PeerLists { consensus: new.consensus.peers.clone(), mempool: new.mempool.peers.clone() };
        let changed = self.peers.send_if_modified(|current| {
            let changed = *current != lists;
            if changed {
                *current = lists;
            }
            changed
        });
        let waiting = waiting_for_restart(&self.config, &new);
        if !waiting.is_empty() {
            let settings = waiting.join(", ");
            tracing::warn!(%settings, "these settings changed in the file and wait for the next start");
        }
        tracing::info!(level = %new.log.level, peers_changed = changed, "configuration reloaded");
        // What waits for a restart is compared with what runs, not with the last file.
        self.config.log.level = new.log.level;
        self.config.consensus.peers = new.consensus.peers;
        self.config.mempool.peers = new.mempool.peers;
    }
}

/// Settings that a running node does not take over.
fn waiting_for_restart(running: &Config, new: &Config) -> Vec<&'static str> {
    let named = |config: &Config| config.mempool.peers.iter().any(|peer| preflight::is_named(peer));
    let (old_pace, new_pace) = (&running.consensus, &new.consensus);
    let table = [
        ("genesis", running.genesis != new.genesis),
        ("data", running.data != new.data),
        ("keys", running.keys != new.keys),
        ("consensus.listen", old_pace.listen != new_pace.listen),
        ("consensus.propose_timeout_ms", old_pace.propose_timeout_ms != new_pace.propose_timeout_ms),
        ("consensus.vote_timeout_ms", old_pace.vote_timeout_ms != new_pace.vote_timeout_ms),
        ("consensus.target_block_ms", old_pace.target_block_ms != new_pace.target_block_ms),
        ("mempool.listen", running.mempool.listen != new.mempool.listen),
        ("mempool.bytes_max", running.mempool.bytes_max != new.mempool.bytes_max),
        ("api.listen", running.api.listen != new.api.listen),
        ("api.connections", running.api.connections != new.api.connections),
        ("api.connections_per_address", running.api.connections_per_address != new.api.connections_per_address),
        ("api.access_log", running.api.access_log != new.api.access_log),
        ("operations.listen", running.operations.listen != new.operations.listen),
        ("operations.hosts", running.operations.hosts != new.operations.hosts),
        ("log.format", running.log.format != new.log.format),
        // The resolver is read at the start, and only if a peer needs it.
        ("peers given by a host name", named(new) && !named(running)),
    ];
    table.into_iter().filter_map(|(name, has_changed)| has_changed.then_some(name)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::config::tests::GOOD;

    fn config(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        std::fs::write(&path, text).unwrap();
        let mut config = Config::read(&path).unwrap();
        for path in [&mut config.genesis, &mut config.data, &mut config.keys.consensus, &mut config.keys.network] {
            *path = path.strip_prefix(folder.path()).unwrap().to_owned();
        }
        config
    }

    #[test]
    fn only_level_and_peers_are_taken_over() {
        let running = config(GOOD);
        let level = config(&format!("{GOOD}[log]\nlevel = \"debug\"\n"));
        assert!(waiting_for_restart(&running, &level).is_empty());
        let other = GOOD.replace("127.0.0.1:3", "127.0.0.1:9").replace("\"data\"", "\"elsewhere\"");
        assert_eq!(waiting_for_restart(&running, &config(&other)), ["data", "api.listen"]);
        let named = GOOD.replace("tcp/2\"\npeers = []", "tcp/2\"\npeers = [\"/dns4/a.example/tcp/1/p2p/X\"]");
        assert_eq!(waiting_for_restart(&running, &config(&named)), ["peers given by a host name"]);
    }
}
