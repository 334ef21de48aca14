//! What a workload reports.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::load::Tally;
use super::measure::{Latency, rounded};

/// Results of one workload. The JSON form holds exactly the fields that are not skipped.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub workload: String,
    /// Licences for `batch`, transactions for `single` and `light`, answers for `verify`; 0 for `idle`.
    pub throughput_per_s: f64,
    pub latency_ms: Latency,
    /// Cores used, by process.
    pub cpu_cores: BTreeMap<String, f64>,
    /// Yardsticks: what the machine can do at most, per second.
    pub yardsticks: BTreeMap<String, f64>,
    #[serde(skip)]
    pub done: u64,
    #[serde(skip)]
    pub retries: u64,
    #[serde(skip)]
    pub failures: u64,
    #[serde(skip)]
    pub first_failure: Option<String>,
    #[serde(skip)]
    pub resident_mib: BTreeMap<String, u64>,
}

impl Report {
    /// Summarises a run of `seconds`.
    pub fn new(workload: &str, tally: Tally, seconds: u64, yardsticks: &BTreeMap<String, f64>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let throughput = tally.done as f64 / seconds.max(1) as f64;
        Self {
            workload: workload.to_owned(),
            throughput_per_s: rounded(throughput),
            latency_ms: Latency::of(tally.latencies_us),
            cpu_cores: BTreeMap::new(),
            yardsticks: yardsticks.clone(),
            done: tally.done,
            retries: tally.retries,
            failures: tally.failures,
            first_failure: tally.first_failure,
            resident_mib: BTreeMap::new(),
        }
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let Latency { p50, p90, p99 } = self.latency_ms;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {:.0} per s ({} in all)", self.workload, self.throughput_per_s, self.done);
        let _ = writeln!(text, "  latency ms   p50 {p50:.1}  p90 {p90:.1}  p99 {p99:.1}");
        let cores = self.cpu_cores.iter().map(|(name, cores)| format!("{name} {cores:.3}"));
        let _ = writeln!(text, "  cpu cores    {}", cores.collect::<Vec<_>>().join("  "));
        let memory = self.resident_mib.iter().map(|(name, mib)| format!("{name} {mib}"));
        let _ = writeln!(text, "  memory MiB   {}", memory.collect::<Vec<_>>().join("  "));
        for (name, per_s) in &self.yardsticks {
            let ratio = if *per_s > 0.0 { self.throughput_per_s / per_s } else { 0.0 };
            let _ = writeln!(text, "  yardstick    {name} {per_s:.0}  (ratio {ratio:.3})");
        }
        if self.retries > 0 {
            let _ = writeln!(text, "  retried because of a full mempool: {}", self.retries);
        }
        if let Some(reason) = &self.first_failure {
            let _ = writeln!(text, "  FAILED {} times, first: {reason}", self.failures);
        }
        text
    }
}
