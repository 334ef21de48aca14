//! A network of node processes in a folder of its own.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use huxin_chain_spec::genesis::Genesis;
use huxin_chain_spec::record::governance::Action;
use huxin_client::sdk::{Client, NodeClient, TrustRoot};
use huxin_client::testnet::{self, InitOptions, ProvinceKeys, Suite};
use reqwest::Method;
use tempfile::TempDir;

use crate::{Http, Issuer, PATIENCE, Process, eventually};

/// Name of the usual chain.
const CHAIN: &str = "dev-e2e";
/// Held by the one network that may run.
const LOCK_FILE: &str = "huxin-e2e.lock";
/// Environment variables for looking into a failure: the log filter of every node, and whether the folder of a failed test
/// is kept.
const LOG_VARIABLE: &str = "HUXIN_E2E_LOG";
const KEEP_VARIABLE: &str = "HUXIN_E2E_KEEP";
/// First and last port that tests use: below the range from which the kernel takes ports for outgoing connections, so
/// that nothing takes a node's port while the node is down.
const PORTS: std::ops::Range<u16> = 21_000..31_000;
/// Ports that one network may use.
const PORTS_PER_NETWORK: u16 = 160;

/// Node processes over one genesis. Nodes are named by position: 0 Shanghai, 1 Jiangsu, 2 Zhejiang, 3 Anhui.
pub struct Network {
    pub description: testnet::Network,
    pub genesis: Genesis,
    processes: Vec<Option<Process>>,
    folder: TempDir,
    _lock: File,
}

impl Network {
    /// Makes a network and starts all its nodes; returns when all are ready.
    pub async fn start(validators: usize) -> Self {
        Self::start_with(validators, Suite::Standard).await
    }

    /// The same with other algorithms.
    pub async fn start_with(validators: usize, suite: Suite) -> Self {
        let mut network = Self::prepare_on(validators, CHAIN, suite);
        network.start_all();
        network.wait_all_ready().await;
        network
    }

    /// Makes the folder of a network without starting a node. Waits for its turn: one network at a time.
    pub fn prepare(validators: usize) -> Self {
        Self::prepare_on(validators, CHAIN, Suite::Standard)
    }

    /// The same for a chain of another name and other algorithms.
    pub fn prepare_on(validators: usize, chain_id: &str, suite: Suite) -> Self {
        let lock = File::create(std::env::temp_dir().join(LOCK_FILE)).unwrap();
        lock.lock().unwrap();
        let folder = tempfile::Builder::new().prefix("huxin-e2e-").tempdir().unwrap();
        let options = InitOptions { validators, chain_id: CHAIN.to_owned(), base_port: Some(free_ports()), suite };
        let description = testnet::init(&folder.path().join("net"), &options).unwrap();
        // Only trial networks are made with one command, so that a chain of another name is a renamed one.
        let text = std::fs::read_to_string(&description.genesis).unwrap().replace(CHAIN, chain_id);
        std::fs::write(&description.genesis, &text).unwrap();
        let genesis = Genesis::parse(&text).unwrap();
        let processes = (0..validators).map(|_| None).collect();
        let network = Self { description, genesis, processes, folder, _lock: lock };
        if let Ok(filter) = std::env::var(LOG_VARIABLE) {
            for node in 0..validators {
                network.configure(node, "level = \"info\"", &format!("level = \"{filter}\""));
            }
        }
        network
    }

    /// Makes the node and the keys of one more province, and the action by which the others admit it. The node is the last.
    pub fn join(&mut self) -> Action {
        let (description, action) = testnet::join(&self.folder.path().join("net")).unwrap();
        self.description = description;
        self.processes.push(None);
        action
    }

    /// Scratch folder of this network, beside the network's own.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// How many nodes there are, running or not.
    pub fn size(&self) -> usize {
        self.processes.len()
    }

    /// The configuration file of a node.
    pub fn config(&self, node: usize) -> &Path {
        &self.description.nodes[node].config
    }

    /// The data folder of a node.
    pub fn data(&self, node: usize) -> &Path {
        &self.description.nodes[node].data
    }

    /// The log file of a node.
    pub fn log(&self, node: usize) -> PathBuf {
        self.config(node).with_file_name("node.log")
    }

    /// Whether a node's log holds a text.
    pub fn log_says(&self, node: usize, text: &str) -> bool {
        std::fs::read_to_string(self.log(node)).unwrap_or_default().contains(text)
    }

    /// Replaces text in a node's configuration; the text must be there.
    pub fn configure(&self, node: usize, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config(node)).unwrap();
        assert!(text.contains(from), "no {from:?} in {}", self.config(node).display());
        std::fs::write(self.config(node), text.replace(from, to)).unwrap();
    }

    /// Starts a node.
    pub fn start_node(&mut self, node: usize) {
        self.start_node_with(node, &[]);
    }

    /// Starts a node with additional environment variables.
    pub fn start_node_with(&mut self, node: usize, environment: &[(&str, &str)]) {
        assert!(self.processes[node].is_none(), "node {node} runs already");
        self.processes[node] = Some(Process::start(self.config(node), &self.log(node), environment));
    }

    /// Starts a node that may open so many files and no more.
    pub fn start_node_with_files(&mut self, node: usize, files: u32) {
        assert!(self.processes[node].is_none(), "node {node} runs already");
        let limit = format!("ulimit -n {files}");
        self.processes[node] = Some(Process::start_limited(self.config(node), &self.log(node), &limit));
    }

    /// Starts a node whose files cannot grow beyond so many bytes: to it the disk is full from then on.
    pub fn start_node_with_small_files(&mut self, node: usize, bytes: u32) {
        assert!(self.processes[node].is_none(), "node {node} runs already");
        // The shell counts in 512 bytes. Without the trap the signal would end the node before the error reaches it.
        let limit = format!("trap '' XFSZ; ulimit -f {}", bytes / 512);
        self.processes[node] = Some(Process::start_limited(self.config(node), &self.log(node), &limit));
    }

    /// Starts every node that does not run.
    pub fn start_all(&mut self) {
        for node in 0..self.size() {
            if self.processes[node].is_none() {
                self.start_node(node);
            }
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self, node: usize) {
        self.process(node).kill();
        self.processes[node] = None;
    }

    /// Stops a node in order.
    pub async fn terminate(&mut self, node: usize) -> ExitStatus {
        let status = self.process(node).terminate().await;
        self.processes[node] = None;
        status
    }

    /// Waits until a node ends by itself.
    pub async fn ends(&mut self, node: usize, patience: Duration) -> ExitStatus {
        let status = self.process(node).wait(patience).await;
        self.processes[node] = None;
        status
    }

    /// The process of a running node.
    pub fn process(&mut self, node: usize) -> &mut Process {
        self.processes[node].as_mut().unwrap_or_else(|| panic!("node {node} does not run"))
    }

    /// Waits until a node takes transactions.
    pub async fn wait_ready(&mut self, node: usize) {
        let name = self.description.nodes[node].name.clone();
        let operations = self.operations(node);
        let process = self.process(node);
        eventually(&format!("{name} is ready"), PATIENCE, || {
            let ended = process.ended();
            assert!(ended.is_none(), "{name} ended with {ended:?}");
            let operations = operations.clone();
            async move {
                let reply = operations.send(Method::GET, "/ready", &[], Vec::new()).await?;
                (reply.status == 200).then_some(())
            }
        })
        .await;
    }

    /// Waits until every running node takes transactions.
    pub async fn wait_all_ready(&mut self) {
        for node in 0..self.size() {
            if self.processes[node].is_some() {
                self.wait_ready(node).await;
            }
        }
    }

    /// The public API of a node.
    pub fn api(&self, node: usize) -> Http {
        Http::new(&self.description.nodes[node].api)
    }

    /// The public API of every node.
    pub fn apis(&self) -> Vec<Http> {
        (0..self.size()).map(|node| self.api(node)).collect()
    }

    /// The operations listener of a node.
    pub fn operations(&self, node: usize) -> Http {
        Http::new(&self.description.nodes[node].operations)
    }

    /// The ports on which a node listens for other nodes: that of the engine, that of the mempool.
    pub fn ports_of_nodes(&self, node: usize) -> Vec<SocketAddr> {
        let text = std::fs::read_to_string(self.config(node)).unwrap();
        let port = |line: &str| line.strip_prefix("listen = \"/ip4/127.0.0.1/tcp/")?.strip_suffix('"')?.parse().ok();
        let ports: Vec<u16> = text.lines().filter_map(port).collect();
        assert_eq!(ports.len(), 2, "{text}");
        ports.into_iter().map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect()
    }

    /// Value of a metric of a node, summed over its labels; `None` if there is no such metric.
    pub async fn metric(&self, node: usize, name: &str) -> Option<f64> {
        let reply = self.operations(node).get("/metrics").await;
        let text = String::from_utf8(reply.body).unwrap();
        let values = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let value = match rest.chars().next()? {
                '{' => rest.rsplit_once('}')?.1,
                ' ' => rest,
                _ => return None,
            };
            value.split_whitespace().next()?.parse::<f64>().ok()
        });
        values.reduce(|sum, value| sum + value)
    }

    /// The SDK against one node, trusting the genesis.
    pub async fn client(&self, node: usize) -> Client {
        let nodes = NodeClient::new(&[self.description.nodes[node].api.clone()]).unwrap();
        Client::connect(nodes, TrustRoot::of_genesis(self.genesis.clone())).await.unwrap()
    }

    /// Demo keys of a province.
    pub fn keys(&self, province: &str) -> &ProvinceKeys {
        &self.description.keys[province]
    }

    /// The demo issuer of a province.
    pub fn issuer(&self, province: &str) -> Issuer {
        Issuer::new(&self.genesis, self.keys(province))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Before the folder goes.
        self.processes.clear();
        if std::thread::panicking() && std::env::var_os(KEEP_VARIABLE).is_some() {
            self.folder.disable_cleanup(true);
            eprintln!("kept: {}", self.folder.path().display());
        }
    }
}

/// The first of a run of ports that nobody listens on.
fn free_ports() -> u16 {
    let mut bases = PORTS.step_by(usize::from(PORTS_PER_NETWORK));
    let is_free =
        |base: &u16| (1..PORTS_PER_NETWORK).all(|offset| TcpListener::bind(("127.0.0.1", base + offset)).is_ok());
    bases.find(is_free).expect("no run of free ports")
}
