//! The `huxin` command: one file per command.

mod arguments;
mod audit;
mod bench;
mod bulk;
mod case;
mod change;
mod context;
mod evidence;
mod examples;
mod explain;
#[cfg(test)]
mod features_page;
mod genesis;
mod govern;
mod head;
mod help;
mod inspect;
mod issue;
mod keys;
mod members;
mod near;
#[cfg(test)]
mod offline_tests;
mod output;
mod pages;
mod publish;
mod receipt;
mod record;
mod said_codes;
mod seal;
mod show;
mod status;
mod succession;
mod testnet;
mod thing_receipt;
mod transaction;
mod upkeep;
mod usage;
mod verify;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::error::{ClientError, ExitCode};
use context::Global;
use output::Output;

/// Huxin 互信: record electronic licences on a consortium ledger, and verify them without trusting anybody.
///
/// Exit codes: 0 valid or done, 1 not valid or refused, 2 not on the ledger, 3 could not be checked, 4 one node says how
/// a transaction ended and nothing proves it.
#[derive(Debug, Parser)]
#[command(name = "huxin", version, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make and show key files; register, suspend, resume and remove keys on the ledger.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Admit, suspend, resume and remove organisations of a province.
    #[command(subcommand)]
    Organisation(members::Organisation),
    /// Register, suspend, resume and remove service systems of an organisation.
    #[command(subcommand)]
    System(members::System),
    /// Record licences and their changes.
    #[command(subcommand)]
    Licence(change::LicenceCommand),
    /// File electronic seals, change their state, sign with them (电子印章).
    #[command(subcommand)]
    Seal(seal::SealCommand),
    /// Publish common documents, draft and co-sign them (清单、指南、日历、协议).
    #[command(subcommand)]
    Publish(Box<publish::PublishCommand>),
    /// Steps of cases, bundles of cases, and where a case stands (跨省通办、接续办、集成办).
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// What happened around cases and licences, each with the purpose it served (证据).
    #[command(subcommand)]
    Evidence(Box<evidence::EvidenceCommand>),
    /// Propose and vote on what the provinces decide together, and rehearse it first (联盟治理).
    #[command(subcommand)]
    Govern(Box<govern::GovernCommand>),
    /// A thing on the ledger by its name, with its proof checked here.
    Show(show::Show),
    /// Is this file or licence genuine, and valid now or then? Checks the proof itself.
    Verify(verify::Verify),
    /// What is inside a sealed file or a seal, and whether it holds; needs no network (验章).
    Inspect(inspect::Inspect),
    /// Fetch receipts, and check them without any node.
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Heads of the chain: publish one, pin one, and see what is known here (区块头).
    #[command(subcommand)]
    Head(head::HeadCommand),
    /// What became of a transaction.
    Transaction(transaction::TransactionCommand),
    /// Recompute the whole ledger.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Load a network and measure it.
    Bench(bench::Bench),
    /// Found a network: the parts of the provinces, the genesis file, its hash (创世).
    #[command(subcommand)]
    Genesis(genesis::GenesisCommand),
    /// Networks for trial on this machine.
    #[command(subcommand)]
    Testnet(testnet::Testnet),
    /// The nodes at a glance.
    Status(status::Status),
    /// Why the chain is slow or stuck, on one screen; or what a code means.
    Explain(explain::Explain),
    /// Completions for a shell: bash, zsh, fish, elvish or powershell.
    Completions(pages::Completions),
    /// Write a man page of every command into a folder.
    Man(pages::Man),
}

/// The whole command line, with examples.
pub fn command() -> clap::Command {
    help::dressed(Cli::command())
}

/// Runs one command line and gives the exit code. Prints errors too.
pub async fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let words: Vec<std::ffi::OsString> = arguments.into_iter().collect();
    let output = Output::new(usage::wants_json(&words));
    let cli = match parse(&words) {
        Ok(Ok(cli)) => cli,
        Ok(Err(error)) => {
            output.error(&error);
            return error.exit_code();
        }
        Err(error) if error.use_stderr() => {
            output.usage(&error);
            // clap's own 2 would say "not on the ledger".
            return ExitCode::NotChecked;
        }
        Err(answer) => {
            // A closed terminal is not a reason to fail differently.
            let _ = answer.print();
            return ExitCode::Success;
        }
    };
    let output = Output::new(cli.global.json);
    let code = match execute(cli, &output).await {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            error.exit_code()
        }
    };
    // An answer that could not be written was not given.
    if output::is_lost() { ExitCode::NotChecked } else { code }
}

/// Reads a command line. What clap takes and no command may is an error of the inner kind.
fn parse(words: &[std::ffi::OsString]) -> Result<Result<Cli, ClientError>, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(words)?;
    Ok(match usage::empty_value(&command, &matches) {
        Some(error) => Err(error),
        None => Ok(Cli::from_arg_matches(&matches)?),
    })
}

async fn execute(cli: Cli, output: &Output) -> Result<ExitCode, ClientError> {
    let global = &cli.global;
    match cli.command {
        Command::Keys(command) => command.run(global, output).await,
        Command::Organisation(command) => command.run(global, output).await,
        Command::System(command) => command.run(global, output).await,
        Command::Licence(command) => command.run(global, output).await,
        Command::Seal(command) => command.run(global, output).await,
        Command::Publish(command) => command.run(global, output).await,
        Command::Case(command) => command.run(global, output).await,
        Command::Evidence(command) => command.run(global, output).await,
        Command::Govern(command) => command.run(global, output).await,
        Command::Show(command) => command.run(global, output).await,
        Command::Verify(command) => command.run(global, output).await,
        Command::Inspect(command) => command.run(output),
        Command::Receipt(command) => command.run(global, output).await,
        Command::Transaction(command) => command.run(global, output).await,
        Command::Audit(command) => command.run(global, output).await,
        Command::Bench(command) => command.run(global, output).await,
        Command::Head(command) => command.run(global, output).await,
        Command::Genesis(command) => command.run(global, output),
        Command::Testnet(command) => command.run(output).await,
        Command::Status(command) => command.run(global, output).await,
        Command::Explain(command) => command.run(global, output).await,
        Command::Completions(command) => Ok(command.run()),
        Command::Man(command) => command.run(output),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    async fn code(words: &[&str]) -> ExitCode {
        run(words.iter().map(std::ffi::OsString::from)).await
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
        command().debug_assert();
    }

    /// An option of a command that shares its name with a shared option of another type makes clap panic, and only when
    /// that command is parsed.
    #[test]
    fn no_option_hides_a_shared_one() {
        fn check(command: &clap::Command, shared: &[String]) {
            for sub in command.get_subcommands() {
                let own = sub.get_arguments().map(|argument| argument.get_id().to_string());
                let hidden: Vec<String> = own.filter(|id| shared.contains(id)).collect();
                assert!(hidden.is_empty(), "{}: {hidden:?}", sub.get_name());
                check(sub, shared);
            }
        }
        let command = Cli::command();
        let shared: Vec<String> = command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
        check(&command, &shared);
    }

    /// Exit code 2 means "not on the ledger", never "wrong arguments".
    #[tokio::test]
    async fn exit_codes_of_what_could_not_be_checked() {
        let root = "ab".repeat(32);
        assert_eq!(code(&["huxin", "--nonsense"]).await, ExitCode::NotChecked);
        assert_eq!(code(&["huxin", "--help"]).await, ExitCode::Success);
        assert_eq!(code(&["huxin", "verify", "1.2.3"]).await, ExitCode::NotChecked);
        // Port 1 of this machine: nobody listens there.
        let unreachable = ["huxin", "--node", "http://127.0.0.1:1", "--trust-root", &root, "verify", &root];
        assert_eq!(code(&unreachable).await, ExitCode::NotChecked);
    }
}
