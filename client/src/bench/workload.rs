//! The workloads.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::load::{self, Tally, Target, Window};
use super::measure::{CpuMeter, resident_mib};
use super::report::Report;
use super::seals::{self, BenchSeal};
use super::{cases, verify_load, yardstick};
use crate::error::ClientError;
use crate::keys;
use crate::say;
use crate::sdk::{Client, SignedTransaction, random_bytes};
use crate::testnet::Network;

/// Licence type of everything the benchmark issues.
const LICENCE_TYPE: &str = "11100000000013338W011";
/// Transactions of the single workload that are signed before the clock starts, per second of the run. Real submitters sign on
/// their own machines; transactions left over are not sent.
const PRESIGNED_PER_S: u64 = 8_000;
/// Submissions per second of the light workload.
const LIGHT_PER_S: u64 = 10;
/// Writers of the light workload: enough that each has its answer before its next submission.
const LIGHT_WRITERS: u64 = 20;

/// What to put on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Workload {
    /// One licence per transaction.
    Single,
    /// Many licences per transaction.
    Batch,
    /// Steps of cases, many cases per transaction.
    Cases,
    /// Signatures by SM2 seals, one per transaction.
    Seals,
    /// Ten transactions a second, up to the checked receipt.
    Light,
    /// Questions by identifier, with proof.
    Verify,
    /// Nothing.
    Idle,
    /// All of them, idle first.
    All,
}

impl Workload {
    fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Batch => "batch",
            Self::Cases => "cases",
            Self::Seals => "seals",
            Self::Light => "light",
            Self::Verify => "verify",
            Self::Idle => "idle",
            Self::All => "all",
        }
    }

    /// The workloads that this name includes.
    pub fn parts(self) -> Vec<Self> {
        match self {
            Self::All => {
                vec![Self::Idle, Self::Light, Self::Single, Self::Batch, Self::Cases, Self::Seals, Self::Verify]
            }
            one => vec![one],
        }
    }
}

/// How to load.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    pub clients: usize,
    pub seconds: u64,
    /// Licences, or cases, per transaction of the batch and cases workloads.
    pub batch: usize,
    /// Writers of those two.
    pub batch_clients: usize,
    /// Licences to ask about.
    pub licences: u64,
    /// Checks every answer instead of a sample.
    pub checks_all: bool,
}

/// A network ready to be loaded.
struct Bench<'a> {
    network: &'a Network,
    client: &'a Client,
    options: &'a BenchOptions,
    targets: Vec<Target>,
    height: AtomicU64,
    yardsticks: BTreeMap<String, f64>,
}

/// Runs `workload` and reports each of its parts as it ends.
pub async fn run(
    network: &Network,
    client: &Client,
    workload: Workload,
    options: &BenchOptions,
    mut on_report: impl FnMut(Report),
) -> Result<(), ClientError> {
    let targets = targets(network, client)?;
    let key = targets.first().map(|target| target.signer.key().clone());
    let key = key.ok_or_else(|| ClientError::at("--nodes", say!("the network has no node", "网络中没有节点")))?;
    let (_, status) = client.nodes().status().await?;
    let yardsticks = yardstick::measure(network, &key).await?;
    let bench = Bench { network, client, options, targets, height: AtomicU64::new(status.height), yardsticks };
    for part in workload.parts() {
        on_report(bench.run_part(part).await?);
    }
    Ok(())
}

fn targets(network: &Network, client: &Client) -> Result<Vec<Target>, ClientError> {
    let target = |node: &crate::testnet::NetworkNode| {
        let place = format!("node {} of the network file", node.name);
        let keys = network.keys.get(&node.province);
        let keys = keys.ok_or_else(|| {
            ClientError::at(place.clone(), say!("no keys of its province are named", "没有其省份的密钥"))
        })?;
        let bad = |error: huxin_chain_spec::ids::IdError| ClientError::input(place.clone(), error);
        Ok(Target {
            address: node.api.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            signer: client.signer(keys::open_plain(&keys.issuer)?),
            issuer: keys.issuer_organisation.parse().map_err(bad)?,
            region: keys.region.parse().map_err(bad)?,
            licence_type: LICENCE_TYPE.parse().map_err(bad)?,
        })
    };
    network.nodes.iter().map(target).collect()
}

impl Bench<'_> {
    async fn run_part(&self, part: Workload) -> Result<Report, ClientError> {
        let ids = match part {
            Workload::Verify => {
                verify_load::prepare(&self.targets, self.options.licences, &self.height, random()?).await?
            }
            _ => Vec::new(),
        };
        if part == Workload::Cases {
            cases::publish(&self.targets, self.client, &self.height).await?;
        }
        let seals = match part {
            Workload::Seals => seals::file(&self.targets, &self.height, &mut random()?).await?,
            _ => Vec::new(),
        };
        let signed = match part {
            Workload::Single | Workload::All => self.presign()?,
            _ => Vec::new(),
        };
        // The first moments are spent on connecting and filling the pipeline, so they are not counted.
        let warm_up = match part {
            Workload::Idle => Duration::from_secs(2),
            _ => Duration::from_millis((self.options.seconds * 200).min(2_000)),
        };
        let window = Window::new(warm_up, self.options.seconds);
        let metering = async {
            tokio::time::sleep_until(window.from.into()).await;
            let meter = CpuMeter::start(self.network);
            tokio::time::sleep_until(window.until.into()).await;
            meter.cores()
        };
        let loading = async {
            match part {
                Workload::Single | Workload::All => self.write(self.options.clients, signed, 1, window).await,
                Workload::Batch => self.write(self.options.batch_clients, Vec::new(), self.options.batch, window).await,
                Workload::Cases => self.carry(window).await,
                Workload::Seals => self.seal(&seals, window).await,
                Workload::Light => self.light(window).await,
                Workload::Verify => self.verify(&ids, window).await,
                Workload::Idle => Ok(Vec::new()),
            }
        };
        let (cores, tallies) = tokio::join!(metering, loading);
        let mut total = Tally::default();
        tallies?.into_iter().for_each(|tally| total.merge(tally));
        let mut report = Report::new(part.name(), total, self.options.seconds, &self.yardsticks);
        report.cpu_cores = cores;
        report.resident_mib = resident_mib(self.network);
        Ok(report)
    }

    /// The node that the `position`-th worker loads.
    fn target(&self, position: usize) -> Target {
        self.targets[position % self.targets.len()].clone()
    }

    /// Signed transactions for each writer.
    fn presign(&self) -> Result<Vec<Vec<SignedTransaction>>, ClientError> {
        let each = usize::try_from(self.options.seconds * PRESIGNED_PER_S).unwrap_or(0) / self.options.clients.max(1);
        let sign = |position| load::presign(&self.target(position), each, &self.height, &mut random()?);
        (0..self.options.clients).into_par_iter().map(sign).collect()
    }

    async fn write(
        &self,
        writers: usize,
        signed: Vec<Vec<SignedTransaction>>,
        per_transaction: usize,
        window: Window,
    ) -> Result<Vec<Tally>, ClientError> {
        let signed = signed.into_iter().chain(std::iter::repeat_with(Vec::new));
        let writers = (0..writers)
            .zip(signed)
            .map(|(position, signed)| {
                let (target, random) = (self.target(position), random()?);
                Ok(load::write(target, signed, load::issues, per_transaction, window, &self.height, random))
            })
            .collect::<Result<Vec<_>, ClientError>>()?;
        Ok(join_all(writers).await)
    }

    async fn seal(&self, seals: &[BenchSeal], window: Window) -> Result<Vec<Tally>, ClientError> {
        let writers = (0..self.options.clients)
            .map(|position| {
                let seal = seals.get(position % seals.len().max(1)).cloned();
                let seal =
                    seal.ok_or_else(|| ClientError::at("--nodes", say!("the network has no node", "网络中没有节点")))?;
                let make = move |_: &Target, random: &mut StdRng, count| seals::signatures(&seal, random, count);
                Ok(load::write(self.target(position), Vec::new(), make, 1, window, &self.height, random()?))
            })
            .collect::<Result<Vec<_>, ClientError>>()?;
        Ok(join_all(writers).await)
    }

    async fn carry(&self, window: Window) -> Result<Vec<Tally>, ClientError> {
        let carriers = (0..self.options.batch_clients)
            .map(|position| {
                let parties = (self.target(position), self.target(position + 1));
                Ok(cases::carry(parties, self.options.batch, window, &self.height, random()?))
            })
            .collect::<Result<Vec<_>, ClientError>>()?;
        Ok(join_all(carriers).await)
    }

    async fn light(&self, window: Window) -> Result<Vec<Tally>, ClientError> {
        let turns = |writer: u64| {
            let turns =
                (writer..self.options.seconds * LIGHT_PER_S).step_by(usize::try_from(LIGHT_WRITERS).unwrap_or(1));
            turns.map(|turn| window.from + Duration::from_millis(turn * 1_000 / LIGHT_PER_S)).collect::<Vec<Instant>>()
        };
        let writers = (0..LIGHT_WRITERS)
            .map(|writer| {
                let target = self.target(usize::try_from(writer).unwrap_or(0));
                Ok(load::write_lightly(target, self.client, window, turns(writer), &self.height, random()?))
            })
            .collect::<Result<Vec<_>, ClientError>>()?;
        Ok(join_all(writers).await)
    }

    async fn verify(
        &self,
        ids: &[huxin_chain_spec::ids::LicenceId],
        window: Window,
    ) -> Result<Vec<Tally>, ClientError> {
        let readers = (0..self.options.clients)
            .map(|position| {
                let (address, checks_all) = (self.target(position).address, self.options.checks_all);
                Ok(verify_load::read(address, self.client, ids, window, checks_all, random()?))
            })
            .collect::<Result<Vec<_>, ClientError>>()?;
        Ok(join_all(readers).await)
    }
}

fn random() -> Result<StdRng, ClientError> {
    Ok(StdRng::from_seed(random_bytes()?))
}
