//! Making a trial network's folder.
//!
//! ```text
//! DIR/genesis.toml  DIR/network.json
//! DIR/node-<i>-<province>/node.toml, keys/{consensus,network}.key
//! DIR/keys/<province>/{registrar,governance,issuer}.key
//! ```

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use huxin_chain_spec::crypto::{PublicKey, Signer as _};
use huxin_chain_spec::genesis::{Genesis, GenesisIssuer, GenesisProvince, GenesisValidator, Parameters};
use huxin_chain_spec::ids::{ChainId, IdError};
use huxin_chain_spec::keyfile::KeyPurpose;

use super::network::{NETWORK_FILE, Network, NetworkNode, ProvinceKeys};
use super::provinces::{PROVINCES, ProvinceSeat};
use super::suite::Suite;
use crate::error::ClientError;
use crate::keys;
use crate::say;
use crate::sdk::clock;

/// Distance between the first ports of two nodes, where ports are chosen by the caller.
const PORTS_PER_NODE: u16 = 10;
/// Ports each node listens on: consensus, mempool, API, operations.
const LISTENERS: usize = 4;

/// What network to make.
#[derive(Debug, Clone)]
pub struct InitOptions {
    /// At most as many as [`PROVINCES`].
    pub validators: usize,
    /// Must begin with `dev-`.
    pub chain_id: String,
    /// Node `i` listens on `base_port + 10 i + 1..=4`; free ports if `None`.
    pub base_port: Option<u16>,
    pub suite: Suite,
}

/// One node in the making.
pub(super) struct Draft {
    pub(super) seat: ProvinceSeat,
    name: String,
    pub(super) folder: PathBuf,
    ports: [u16; LISTENERS],
    pub(super) peer_id: String,
    pub(super) keys: ProvinceKeys,
    pub(super) province: GenesisProvince,
}

/// What the others must know to connect to a node: their lists of peers, for consensus and mempool.
pub(super) type PeerLists = [Vec<String>; 2];

/// Makes the network's folder, which must not exist or be empty.
pub fn init(folder: &Path, options: &InitOptions) -> Result<Network, ClientError> {
    let chain_id = check_options(folder, options)?;
    std::fs::create_dir_all(folder).map_err(|error| ClientError::file("cannot make", folder, error))?;
    // Paths in network.json hold wherever it is read from.
    let folder = folder.canonicalize().map_err(|error| ClientError::file("cannot read", folder, error))?;
    let ports = ports(options)?;
    let drafts = PROVINCES
        .iter()
        .take(options.validators)
        .zip(ports)
        .enumerate()
        .map(|(position, (seat, ports))| draft(&folder, position, *seat, ports, options.suite))
        .collect::<Result<Vec<_>, _>>()?;
    let genesis = Genesis {
        chain_id,
        ledger_hash: options.suite.ledger_hash(),
        time: clock(),
        parameters: Parameters::default(),
        governance: Default::default(),
        provinces: drafts.iter().map(|draft| draft.province.clone()).collect(),
    };
    let bad_genesis = |error: huxin_chain_spec::genesis::GenesisError| ClientError::Genesis {
        place: "the new network".to_owned(),
        reason: crate::said::Said::detail("内容或格式有误", error),
    };
    let text = genesis.to_toml().map_err(bad_genesis)?;
    let genesis = Genesis::parse(&text).map_err(bad_genesis)?;
    let genesis_path = folder.join("genesis.toml");
    write(&genesis_path, &text)?;
    for draft in &drafts {
        let others = drafts.iter().filter(|other| other.peer_id != draft.peer_id);
        let addresses = |listener: usize| others.clone().map(|other| other.address(listener)).collect();
        write(&draft.folder.join("node.toml"), &draft.node_toml(&[addresses(0), addresses(1)]))?;
    }
    let network = Network {
        chain_id: genesis.chain_id.to_string(),
        genesis: genesis_path,
        trust_root: genesis.hash().to_string(),
        keys: drafts.iter().map(|draft| (draft.seat.code.to_owned(), draft.keys.clone())).collect::<BTreeMap<_, _>>(),
        nodes: drafts.iter().map(Draft::network_node).collect(),
    };
    network.write(&folder.join(NETWORK_FILE))?;
    Ok(network)
}

fn check_options(folder: &Path, options: &InitOptions) -> Result<ChainId, ClientError> {
    let chain_id: ChainId = options.chain_id.parse().map_err(|error: IdError| ClientError::at("--chain-id", error))?;
    if !chain_id.is_development() {
        return Err(ClientError::at(
            "--chain-id",
            say!("a trial network's chain id begins with dev-", "试验网络的链标识须以 dev- 开头"),
        ));
    }
    if options.validators == 0 || options.validators > PROVINCES.len() {
        let most = PROVINCES.len();
        return Err(ClientError::at("--validators", say!("1 to {most} are possible", "可为 1 至 {most}")));
    }
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let said = say!(
            "the folder is not empty; remove it or choose another, so that no key is overwritten",
            "目录不是空的；请删除或另选目录，以免覆盖密钥"
        );
        return Err(ClientError::at(folder.display().to_string(), said));
    }
    Ok(chain_id)
}

/// Four ports per node.
fn ports(options: &InitOptions) -> Result<Vec<[u16; LISTENERS]>, ClientError> {
    if let Some(base) = options.base_port {
        return (0..options.validators)
            .map(|position| {
                let first = u16::try_from(position)
                    .ok()
                    .and_then(|position| position.checked_mul(PORTS_PER_NODE))
                    .and_then(|offset| base.checked_add(offset))
                    .and_then(|port| port.checked_add(4));
                let last = first.ok_or_else(|| {
                    ClientError::at("--base-port", say!("the ports would pass 65535", "端口号会超过 65535"))
                })?;
                Ok([last - 3, last - 2, last - 1, last])
            })
            .collect();
    }
    free_ports(options.validators)
}

/// Ports that nobody listens on. All are held until all are known, so that they are distinct.
pub(super) fn free_ports(nodes: usize) -> Result<Vec<[u16; LISTENERS]>, ClientError> {
    let taken = |error: std::io::Error| ClientError::Local { what: "no free port", reason: error.to_string() };
    let mut held = Vec::new();
    let mut ports = Vec::new();
    for _ in 0..nodes {
        let mut four = [0; LISTENERS];
        for port in &mut four {
            let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(taken)?;
            *port = listener.local_addr().map_err(taken)?.port();
            held.push(listener);
        }
        ports.push(four);
    }
    Ok(ports)
}

/// Keys and folders of one node and its province.
pub(super) fn draft(
    folder: &Path,
    position: usize,
    seat: ProvinceSeat,
    ports: [u16; LISTENERS],
    suite: Suite,
) -> Result<Draft, ClientError> {
    let name = format!("node-{position}-{}", seat.name);
    let node_folder = folder.join(&name);
    let (node_keys, province_keys) = (node_folder.join("keys"), folder.join("keys").join(seat.name));
    for folder in [&node_keys, &province_keys] {
        std::fs::create_dir_all(folder).map_err(|error| ClientError::file("cannot make", folder, error))?;
    }
    let new = |folder: &Path, file: &str, purpose| -> Result<PublicKey, ClientError> {
        Ok(keys::create_plain(&folder.join(file), purpose, suite.scheme(purpose))?.public_key())
    };
    let consensus = new(&node_keys, "consensus.key", KeyPurpose::Consensus)?;
    let network = new(&node_keys, "network.key", KeyPurpose::Network)?;
    let registrar_key = new(&province_keys, "registrar.key", KeyPurpose::Registrar)?;
    let governance_key = new(&province_keys, "governance.key", KeyPurpose::Governance)?;
    let issuer_key = new(&province_keys, "issuer.key", KeyPurpose::Organisation)?;
    let issuer = GenesisIssuer { organisation: seat.issuer()?, region: seat.region()?, key: issuer_key };
    let keys = ProvinceKeys {
        registrar: province_keys.join("registrar.key"),
        governance: province_keys.join("governance.key"),
        issuer: province_keys.join("issuer.key"),
        issuer_organisation: issuer.organisation.to_string(),
        region: issuer.region.to_string(),
    };
    let province = GenesisProvince {
        code: seat.province()?,
        organisation: seat.authority()?,
        governance_key,
        registrar_key,
        // So that the ledger knows which node belongs to whom, and the others can let it in and shut it out.
        validators: vec![GenesisValidator { consensus_key: consensus, power: 1, network_key: Some(network) }],
        issuers: vec![issuer],
    };
    let peer_id = keys::peer_id(&network)?;
    Ok(Draft { seat, name, folder: node_folder, ports, peer_id, keys, province })
}

impl Draft {
    /// Its address for the others, of consensus (0) or mempool (1).
    fn address(&self, listener: usize) -> String {
        format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", self.ports[listener], self.peer_id)
    }

    pub(super) fn network_node(&self) -> NetworkNode {
        let [_, _, api, operations] = self.ports;
        NetworkNode {
            name: self.name.clone(),
            province: self.seat.code.to_owned(),
            api: format!("http://127.0.0.1:{api}"),
            operations: format!("http://127.0.0.1:{operations}"),
            pid: None,
            config: self.folder.join("node.toml"),
            data: self.folder.join("data"),
        }
    }

    /// The node's configuration, with the others' addresses.
    pub(super) fn node_toml(&self, peers: &PeerLists) -> String {
        let [consensus, mempool, api, operations] = self.ports;
        let [consensus_peers, mempool_peers] =
            peers.each_ref().map(|list| list.iter().map(|peer| format!("\n  \"{peer}\",")).collect::<String>());
        format!(
            r#"# {name}: made by `huxin testnet init`
genesis = "../genesis.toml"
data = "data"

[keys]
consensus = "keys/consensus.key"
network = "keys/network.key"

[consensus]
listen = "/ip4/127.0.0.1/tcp/{consensus}"
peers = [{consensus_peers}
]

[mempool]
listen = "/ip4/127.0.0.1/tcp/{mempool}"
peers = [{mempool_peers}
]

[api]
listen = "127.0.0.1:{api}"

[operations]
listen = "127.0.0.1:{operations}"

[log]
level = "info"
format = "text"
"#,
            name = self.name,
        )
    }
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), ClientError> {
    std::fs::write(path, text).map_err(|error| ClientError::file("cannot write", path, error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// The ledger knows each node by the key with which the node introduces itself to the others.
    #[test]
    fn the_genesis_names_every_network_key() {
        let folder = tempfile::tempdir().unwrap();
        let options = InitOptions {
            validators: 4,
            chain_id: "dev-init".to_owned(),
            base_port: Some(40_000),
            suite: Suite::Guomi,
        };
        let network = init(&folder.path().join("net"), &options).unwrap();
        let genesis = Genesis::parse(&std::fs::read_to_string(&network.genesis).unwrap()).unwrap();
        assert_eq!((genesis.provinces.len(), network.nodes.len()), (4, 4));
        assert_eq!(Suite::of(&genesis), Suite::Guomi);
        for (province, node) in genesis.provinces.iter().zip(&network.nodes) {
            let key = province.validators[0].network_key.unwrap();
            let file = node.config.parent().unwrap().join("keys/network.key");
            assert_eq!(keys::read(&file).unwrap().public_key(), key);
            // And the others dial it under that name.
            let peer = keys::peer_id(&key).unwrap();
            let dialled = network.nodes.iter().filter(|other| other.name != node.name);
            for other in dialled {
                assert!(
                    std::fs::read_to_string(&other.config).unwrap().contains(&peer),
                    "{} at {}",
                    node.name,
                    other.name
                );
            }
        }
    }
}
