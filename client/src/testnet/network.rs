//! `network.json`: where the nodes of a trial network are, for the demo, tests and benchmarks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::said::Said;

/// Name of the file within the network's folder.
pub const NETWORK_FILE: &str = "network.json";

/// A network of nodes on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    pub chain_id: String,
    /// Path of the genesis file.
    pub genesis: PathBuf,
    /// Genesis hash.
    pub trust_root: String,
    /// Demo keys by province code.
    pub keys: BTreeMap<String, ProvinceKeys>,
    pub nodes: Vec<NetworkNode>,
}

/// Demo keys of one province.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvinceKeys {
    pub registrar: PathBuf,
    pub governance: PathBuf,
    pub issuer: PathBuf,
    /// Unified social credit code of the organisation that the issuer key belongs to.
    pub issuer_organisation: String,
    /// Region that the issuer issues for.
    pub region: String,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkNode {
    pub name: String,
    pub province: String,
    /// Base address of the public API: `http://127.0.0.1:26603`.
    pub api: String,
    /// Base address of the operations listener.
    pub operations: String,
    /// Process id, once the node runs.
    pub pid: Option<u32>,
    pub config: PathBuf,
    pub data: PathBuf,
}

impl Network {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let text = std::fs::read(path).map_err(|error| ClientError::file("cannot read", path, error))?;
        serde_json::from_slice(&text)
            .map_err(|error| ClientError::at(path.display().to_string(), Said::detail("不是 network.json", error)))
    }

    /// Writes the file whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), ClientError> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| ClientError::input("network", error))?;
        let partial = path.with_extension("json.partial");
        std::fs::write(&partial, text).map_err(|error| ClientError::file("cannot write", &partial, error))?;
        std::fs::rename(&partial, path).map_err(|error| ClientError::file("cannot write", path, error))
    }
}
