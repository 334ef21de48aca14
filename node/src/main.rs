//! `huxin-node`: runs or checks a validator node.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use huxin_node::preflight::Ports;

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
    /// Checks what `run` checks (configuration, keys, genesis, addresses, resolver, store) and starts nothing.
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
            // Documented: 0 or 1, where clap would end with 2.
            return if is_answer { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
    };
    let result = match arguments.command {
        Command::Run { config } => huxin_node::run::run(&config),
        Command::Check { config, ports } => {
            let ports = if ports { Ports::MustBeFree } else { Ports::NotLookedAt };
            huxin_node::run::check(&config, ports)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            huxin_node::log::say(&format!("huxin-node: {error}"));
            ExitCode::FAILURE
        }
    }
}
