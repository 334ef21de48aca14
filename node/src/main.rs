//! `huxin-node`: runs or checks a validator node.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The system's allocator keeps what the blocks of a burst took; this one gives it back, and is faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Huxin 互信 validator node.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the node until SIGTERM or SIGINT.
    Run {
        /// Configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Sets a damaged consensus log aside, or says up to where a key that has lost its sign-state may have signed. The node must be
    /// stopped. See "Damaged consensus log" and "Lost sign-state" in the operator's guide.
    Recover {
        /// Configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Sign nothing at or below this height: the greatest at which this key may have signed. Not needed while the sign-state is
        /// there.
        #[arg(long, value_name = "HEIGHT")]
        after_height: Option<u64>,
        /// At that height sign above this round: the greatest round of this validator's votes that any node shows.
        #[arg(long, value_name = "ROUND", requires = "after_height")]
        after_round: Option<u32>,
    },
    /// Checks configuration, keys, genesis, store, sign-state and consensus log, and starts nothing.
    Check {
        /// Configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run { config } => huxin_node::run::run(&config),
        Command::Recover { config, after_height, after_round } => {
            huxin_node::run::recover(&config, after_height.map(|height| (height, after_round)))
        }
        Command::Check { config } => huxin_node::run::check(&config),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("huxin-node: {error}");
            ExitCode::FAILURE
        }
    }
}
