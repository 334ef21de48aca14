//! Latencies, processor time and memory of the processes under load.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::testnet::Network;

/// Kernel clock ticks per second in `/proc/<pid>/stat`: 100 on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
}

impl Latency {
    /// Percentiles of latencies in microseconds, in any order.
    pub fn of(mut latencies_us: Vec<u32>) -> Self {
        latencies_us.sort_unstable();
        let at = |percent: usize| {
            let position = (latencies_us.len() * percent / 100).min(latencies_us.len().saturating_sub(1));
            latencies_us.get(position).map_or(0.0, |us| rounded(f64::from(*us) / 1_000.0))
        };
        Self { p50: at(50), p90: at(90), p99: at(99) }
    }
}

/// Rounded to three decimals, for people.
pub fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// A duration as recorded.
pub fn micros(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_micros()).unwrap_or(u32::MAX)
}

/// Processor time used by each process since the start.
pub struct CpuMeter {
    started: Instant,
    ticks: BTreeMap<String, (String, u64)>,
}

impl CpuMeter {
    /// Begins to measure the nodes of `network` whose process id is known, and this process.
    pub fn start(network: &Network) -> Self {
        let mut ticks = BTreeMap::new();
        for node in &network.nodes {
            if let Some(pid) = node.pid {
                let pid = pid.to_string();
                if let Some(now) = ticks_of(&pid) {
                    ticks.insert(format!("node-{}", node.province), (pid, now));
                }
            }
        }
        ticks.insert("load".to_owned(), ("self".to_owned(), ticks_of("self").unwrap_or(0)));
        Self { started: Instant::now(), ticks }
    }

    /// Cores used since the start, by process.
    pub fn cores(&self) -> BTreeMap<String, f64> {
        let seconds = self.started.elapsed().as_secs_f64().max(1e-9);
        let used = |pid: &str, before: u64| ticks_of(pid).unwrap_or(before).saturating_sub(before);
        #[expect(clippy::cast_precision_loss, reason = "a measurement for people")]
        let cores = |(pid, before): &(String, u64)| rounded(used(pid, *before) as f64 / TICKS_PER_S / seconds);
        self.ticks.iter().map(|(name, entry)| (name.clone(), cores(entry))).collect()
    }
}

/// User and system ticks of a process and all its threads.
fn ticks_of(pid: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the numbers follow the last one.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |position: usize| fields.get(position)?.parse::<u64>().ok();
    Some(field(11)? + field(12)?)
}

/// Resident memory of each node, in MiB.
pub fn resident_mib(network: &Network) -> BTreeMap<String, u64> {
    let resident = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
    };
    let nodes = network.nodes.iter().filter_map(|node| Some((format!("node-{}", node.province), resident(node.pid?)?)));
    nodes.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn percentiles() {
        let latency = Latency::of((1..=100).rev().map(|n| n * 1_000).collect());
        assert_eq!(latency, Latency { p50: 51.0, p90: 91.0, p99: 100.0 });
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }

    #[test]
    fn own_processor_time_is_readable() {
        assert!(ticks_of("self").is_some());
    }
}
