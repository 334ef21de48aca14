//! `huxin bench`.

use std::path::PathBuf;

use clap::Args;

use super::context::Global;
use super::output::{Output, eprint_or_drop};
use crate::bench::{BenchOptions, Report, Workload, run};
use crate::error::{ClientError, ExitCode};
use crate::sdk::{Client, NodeClient, TrustRoot};
use crate::testnet::Network;

/// Load a network and measure it.
#[derive(Debug, Args)]
pub struct Bench {
    /// The network's `network.json`.
    #[arg(long = "nodes", value_name = "FILE")]
    network: PathBuf,
    /// What is done.
    #[arg(long, value_enum, default_value_t = Workload::All)]
    workload: Workload,
    /// Writers or readers at the same time.
    #[arg(long, default_value_t = 512)]
    clients: usize,
    /// Length of each measurement, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Licences, or cases, per transaction of the batch and cases workloads.
    #[arg(long, default_value_t = 1_000)]
    batch: usize,
    /// Writers of those two.
    #[arg(long, default_value_t = 16)]
    batch_clients: usize,
    /// Licences issued to be asked about by the verify workload.
    #[arg(long, default_value_t = 10_000)]
    licences: u64,
    /// Check the proof of every answer, not of one in a hundred.
    #[arg(long)]
    check_all: bool,
}

impl Bench {
    pub async fn run(self, _: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let network = Network::read(&self.network)?;
        let trust = TrustRoot::from_file(&network.genesis)?;
        let addresses: Vec<String> = network.nodes.iter().map(|node| node.api.clone()).collect();
        let client = Client::connect(NodeClient::new(&addresses)?, trust).await?;
        let options = BenchOptions {
            clients: self.clients.max(1),
            seconds: self.seconds.max(1),
            batch: self.batch.clamp(1, 4_096),
            batch_clients: self.batch_clients.max(1),
            licences: self.licences.max(1),
            checks_all: self.check_all,
        };
        let mut failed = false;
        run(&network, &client, self.workload, &options, |report: Report| {
            failed |= report.failures > 0;
            if report.failures > 0 {
                let reason = report.first_failure.as_deref().unwrap_or_default();
                eprint_or_drop(&format!(
                    "huxin: {} requests of workload {} failed, first: {reason}",
                    report.failures, report.workload
                ));
            }
            // One line per workload, so that a run that is broken off keeps what it has measured.
            output.line(&report, || report.text());
        })
        .await?;
        Ok(if failed { ExitCode::Refused } else { ExitCode::Success })
    }
}
