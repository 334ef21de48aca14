//! A further province for a trial network that runs already: its keys, its node, and the action by which the others admit it.

use std::path::Path;

use huxin_chain_spec::crypto::Signer as _;
use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::record::governance::{Action, NewProvince, NewValidator};
use serde::Deserialize;

use super::init::{PeerLists, draft, free_ports, write};
use super::network::{NETWORK_FILE, Network, NetworkNode};
use super::provinces::PROVINCES;
use super::suite::Suite;
use crate::error::ClientError;
use crate::keys;
use crate::say;

/// Name of the file within the province's folder of keys that holds the action, as `huxin govern propose --action` reads it.
pub const ACTION_FILE: &str = "province-add.json";

/// What is read of a node's configuration.
#[derive(Deserialize)]
struct Listeners {
    consensus: Listener,
    mempool: Listener,
}

#[derive(Deserialize)]
struct Listener {
    listen: String,
}

/// Makes the folder of the next province's node, which knows the others' addresses, and notes it in `network.json`. Nothing is
/// told to the running nodes: they learn of it from the ledger, once the provinces have admitted it.
pub fn join(folder: &Path) -> Result<(Network, Action), ClientError> {
    let folder = folder.canonicalize().map_err(|error| ClientError::file("cannot read", folder, error))?;
    let path = folder.join(NETWORK_FILE);
    let mut network = Network::read(&path)?;
    let taken = |code: &str| network.keys.contains_key(code);
    let seat = PROVINCES.iter().find(|seat| !taken(seat.code));
    let seat = *seat.ok_or_else(|| {
        ClientError::at(folder.display().to_string(), say!("every province has joined", "所有省份均已加入"))
    })?;
    let ports = free_ports(1)?;
    let ports = *ports.first().ok_or_else(|| ClientError::at("ports", say!("none is free", "没有空闲端口")))?;
    let text = std::fs::read_to_string(&network.genesis)
        .map_err(|error| ClientError::file("cannot read", &network.genesis, error))?;
    let genesis = Genesis::parse(&text).map_err(|error| ClientError::Genesis {
        place: network.genesis.display().to_string(),
        reason: crate::said::Said::detail("内容或格式有误", error),
    })?;
    let draft = draft(&folder, network.nodes.len(), seat, ports, Suite::of(&genesis))?;
    write(&draft.folder.join("node.toml"), &draft.node_toml(&peers(&network.nodes)?))?;
    let province = &draft.province;
    let validators = province.validators.iter().map(|validator| NewValidator {
        key: validator.consensus_key,
        power: validator.power,
        network_key: validator.network_key,
    });
    let action = Action::ProvinceAdd(Box::new(NewProvince {
        province: province.code,
        organisation: province.organisation,
        governance_key: province.governance_key,
        registrar_key: province.registrar_key,
        validators: validators.collect(),
    }));
    let text = serde_json::to_string_pretty(&action).map_err(|error| ClientError::input("action", error))?;
    write(&draft.keys.governance.with_file_name(ACTION_FILE), &text)?;
    network.keys.insert(seat.code.to_owned(), draft.keys.clone());
    network.nodes.push(draft.network_node());
    network.write(&path)?;
    Ok((network, action))
}

/// The addresses of the nodes that are there, from their configurations and network keys.
fn peers(nodes: &[NetworkNode]) -> Result<PeerLists, ClientError> {
    let mut lists = PeerLists::default();
    for node in nodes {
        let text = std::fs::read_to_string(&node.config)
            .map_err(|error| ClientError::file("cannot read", &node.config, error))?;
        let listeners: Listeners =
            toml::from_str(&text).map_err(|error| ClientError::input(node.config.display().to_string(), error))?;
        let key = keys::open_plain(&node.config.with_file_name("keys").join("network.key"))?;
        let peer_id = keys::peer_id(&key.public_key())?;
        for (list, listener) in lists.iter_mut().zip([listeners.consensus, listeners.mempool]) {
            list.push(format!("{}/p2p/{peer_id}", listener.listen));
        }
    }
    Ok(lists)
}
