//! Measures `inspect` of one file on one core, and one SM2 verification in the same run as the yardstick.
//!
//! ```text
//! cargo run --release --locked -p huxin-document --example inspect_rate -- FILE [TRUST_LIST]
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::hint::black_box;
use std::time::Instant;

use huxin_chain_spec::crypto::sm2;
use huxin_document::{Options, TrustList, inspect};

/// Rounds; the middle one counts, so that a pause of the machine does not.
const ROUNDS: usize = 31;
/// Inspections of one round, of a file of up to [`SMALL_BYTES`]; fewer of a longer one.
const PER_ROUND: u32 = 20;
const SMALL_BYTES: usize = 500_000;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().map(std::path::PathBuf::from);
    let Some(file) = file else {
        println!("usage: inspect_rate FILE [TRUST_LIST]");
        return;
    };
    let trust = arguments.next().map(|path| TrustList::from_path(path.as_ref()).unwrap());
    let bytes = std::fs::read(&file).unwrap();
    let options = Options { trust: trust.as_ref(), at: None };
    let report = inspect(&bytes, &options);
    println!("{}: {} bytes, verdict {:?}", file.display(), bytes.len(), report.verdict);
    let facts = report.signatures.iter().find_map(|signature| signature.signature.clone());
    let Some(facts) = facts else {
        println!("the file has no SM2 signature to take the yardstick from");
        return;
    };
    let verify_us = median_us(PER_ROUND, || {
        black_box(sm2::verify_digest(black_box(&facts.point), &facts.e, &facts.r_s));
    });
    let per_round = if bytes.len() > SMALL_BYTES { 1 } else { PER_ROUND };
    let inspect_us = median_us(per_round, || {
        black_box(inspect(black_box(&bytes), &options));
    });
    println!("one SM2 verification {verify_us:.0} us, inspect {:.2} ms", inspect_us / 1000.0);
    println!("inspect / three verifications = {:.2}", inspect_us / (3.0 * verify_us));
    println!("peak of memory, file included: {}", peak());
}

/// Peak of resident memory so far, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap_or("not told").trim().to_owned()
}

fn median_us(per_round: u32, mut run: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..per_round {
                run();
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(per_round)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}
