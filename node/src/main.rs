//! `huxin-node`: runs or checks a validator node.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use huxin_node::preflight::Ports;
use huxin_node::signing::After;

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
    /// Runs the node until SIGTERM or SIGINT; SIGHUP reads log level and peers again.
    Run {
        /// Configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Sets a damaged consensus log aside, says up to where a key that has lost its sign-state may have signed, or says that another
    /// process with this key is stopped. The node must be stopped. See "Damaged consensus log", "Lost sign-state" and "Another
    /// process signs" in the operator's guide.
    Recover {
        /// Configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Sign nothing at or below this height: the greatest at which this key may have signed. Not needed while the sign-state is
        /// there.
        #[arg(long, value_name = "HEIGHT")]
        after_height: Option<u64>,
        /// The same with the height of a certified head (`huxin head get`), checked against this node's genesis and ledger: a height that
        /// the chain has reached, and not a mistake of writing.
        #[arg(long, value_name = "FILE", conflicts_with = "after_height")]
        after_head: Option<PathBuf>,
        /// At that height sign above this round: the greatest round of this validator's votes that any node shows.
        #[arg(long, value_name = "ROUND", requires = "after_height")]
        after_round: Option<u32>,
    },
    /// Checks what `run` checks (configuration, keys, genesis, addresses, resolver, store, sign-state, consensus log) and starts
    /// nothing.
    Check {
        /// Configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Also see that the four ports are free.
        #[arg(long)]
        ports: bool,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_answer = !error.use_stderr();
            // A closed terminal changes nothing about the exit code.
            let _ = error.print();
            // Documented: 0, 1 or 3, where clap would end with 2.
            return if is_answer { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
    };
    let result = match arguments.command {
        Command::Run { config } => huxin_node::run::run(&config),
        Command::Recover { config, after_height, after_head, after_round } => {
            let after = match (after_height, after_head) {
                (Some(height), _) => After::Height(height, after_round),
                (None, Some(file)) => After::Head(file),
                (None, None) => After::WhatIsKept,
            };
            huxin_node::signing::recover(&config, &after)
        }
        Command::Check { config, ports } => {
            let ports = if ports { Ports::MustBeFree } else { Ports::NotLookedAt };
            huxin_node::run::check(&config, ports)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            huxin_node::log::say(&format!("huxin-node: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}
