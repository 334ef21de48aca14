//! What help pages show beside the options' own words: an example each, and of the shared options only those that the command uses.

use clap::{Arg, Command};

use super::examples::PAGES;

/// The shared options that a command uses; the others are hidden in its help, and taken all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uses {
    /// None but `--json`.
    Local,
    /// A passphrase for a new key.
    Passphrase,
    /// The hash of a genesis to compare with.
    Hash,
    /// A trust root, no node.
    Trust,
    /// A trust root and the passphrase of a key, no node.
    Possession,
    /// Nodes, whose word it is.
    Nodes,
    /// Nodes, and a trust root where a proof is wanted of how a transaction ended.
    Outcome,
    /// Nodes and a trust root.
    Question,
    /// All: it signs and submits.
    Record,
}

impl Uses {
    fn shows(self, option: &str) -> bool {
        match self {
            Self::Local => option == "json",
            Self::Passphrase => matches!(option, "json" | "passphrase_file"),
            Self::Hash => matches!(option, "json" | "trust_root"),
            Self::Trust => matches!(option, "json" | "genesis" | "trust_root" | "known"),
            Self::Possession => matches!(option, "json" | "genesis" | "trust_root" | "passphrase_file"),
            Self::Nodes => matches!(option, "json" | "nodes" | "wait_s"),
            Self::Outcome => matches!(option, "json" | "nodes" | "wait_s" | "genesis" | "trust_root" | "known"),
            Self::Question => matches!(option, "json" | "nodes" | "genesis" | "trust_root" | "known" | "max_age_s"),
            Self::Record => true,
        }
    }
}

/// One command: its path, the shared options it uses, and examples.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub path: &'static str,
    pub uses: Uses,
    pub examples: &'static [&'static str],
}

/// The page of a command.
fn page(path: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.path == path)
}

/// The command line with its examples.
pub fn dressed(command: Command) -> Command {
    let shared: Vec<Arg> = command.get_arguments().filter(|argument| argument.is_global_set()).cloned().collect();
    dress(command, "", &shared)
}

fn dress(mut command: Command, path: &str, shared: &[Arg]) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let path = format!("{path} {name}");
        command = command.mut_subcommand(&name, |sub| dress(sub, path.trim_start(), shared));
    }
    let Some(page) = page(path) else {
        // The root shows every shared option, a group of commands none.
        return if path.is_empty() { command } else { with_shared(command, path, shared, |_| false) };
    };
    let lines: String = page.examples.iter().map(|example| format!("\n  $ {example}")).collect();
    with_shared(command, path, shared, |option| page.uses.shows(option)).after_help(format!("示例 Example:{lines}"))
}

/// A command with its own copies of the shared options, which clap then does not hand down from above. What lies under a command with a
/// page of its own (`govern propose`) takes that command's copies.
fn with_shared(command: Command, path: &str, shared: &[Arg], shows: impl Fn(&str) -> bool) -> Command {
    let parent = path.rsplit_once(' ').map(|(parent, _)| parent);
    if parent.is_some_and(|parent| page(parent).is_some()) {
        return command;
    }
    command.args(shared.iter().map(|option| option.clone().hide(!shows(option.get_id().as_str()))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use clap::FromArgMatches as _;

    use super::*;
    use crate::commands::{Cli, command};

    /// Every command that does something, by its path.
    fn leaves(command: &Command, path: &str, found: &mut BTreeSet<String>) {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let path = format!("{path} {}", sub.get_name()).trim().to_owned();
            if !sub.is_subcommand_required_set() {
                found.insert(path.clone());
            }
            leaves(sub, &path, found);
        }
    }

    #[test]
    fn every_command_has_an_example_and_every_example_a_command() {
        let mut found = BTreeSet::new();
        leaves(&command(), "", &mut found);
        let pages: BTreeSet<String> = PAGES.iter().map(|page| page.path.to_owned()).collect();
        assert_eq!(pages.len(), PAGES.len(), "a page is there twice");
        let missing: Vec<_> = found.difference(&pages).collect();
        let stale: Vec<_> = pages.difference(&found).collect();
        assert!(missing.is_empty() && stale.is_empty(), "without example: {missing:?}; of no command: {stale:?}");
        assert!(PAGES.iter().all(|page| !page.examples.is_empty()));
    }

    /// Examples cannot rot: each is a line that the command takes, and is about its own command.
    #[test]
    fn every_example_is_read() {
        for page in PAGES {
            for example in page.examples {
                assert!(example.starts_with(&format!("huxin {}", page.path)), "{example} is not of {}", page.path);
                let read = command().try_get_matches_from(example.split_whitespace());
                let read = read.and_then(|matches| Cli::from_arg_matches(&matches));
                assert!(read.is_ok(), "{example}: {}", read.unwrap_err());
            }
        }
    }

    #[test]
    fn no_option_or_argument_is_without_a_text() {
        fn check(command: &Command, path: &str, bare: &mut Vec<String>) {
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                if help.trim().len() < 4 {
                    bare.push(format!("{path} {}", argument.get_id()));
                }
            }
            for sub in command.get_subcommands() {
                let path = format!("{path} {}", sub.get_name());
                if sub.get_about().is_none() {
                    bare.push(path.clone());
                }
                check(sub, &path, bare);
            }
        }
        let mut bare = Vec::new();
        check(&command(), "huxin", &mut bare);
        assert!(bare.is_empty(), "without a text: {bare:#?}");
    }

    /// Help of a command that needs no node does not offer one; the option is taken all the same.
    #[test]
    fn shared_options_stand_under_their_heading_where_they_are_used() {
        let help = |words: &str| {
            let words = format!("huxin {words} --help");
            command().try_get_matches_from(words.split_whitespace()).unwrap_err().to_string()
        };
        let new = help("keys new");
        assert!(new.contains("--passphrase-file") && !new.contains("--node") && !new.contains("--max-age-s"), "{new}");
        let issue = help("licence issue");
        let (own, global) = issue.split_once("Global options:").unwrap();
        assert!(own.contains("--valid-until") && !own.contains("--node"), "{own}");
        assert!(global.contains("--node") && global.contains("--key") && global.contains("示例 Example:"), "{global}");
        let action = help("govern propose validator-power");
        assert!(action.contains("--key") && action.contains("--node"), "{action}");
        let words = "huxin keys show k.key --node http://127.0.0.1:1 --json";
        let matches = command().try_get_matches_from(words.split_whitespace()).unwrap();
        let cli = Cli::from_arg_matches(&matches).unwrap();
        assert!(cli.global.json && cli.global.nodes == ["http://127.0.0.1:1"]);
        let before = command().try_get_matches_from(["huxin", "--json", "keys", "show", "k.key"]).unwrap();
        assert!(Cli::from_arg_matches(&before).unwrap().global.json);
    }
}
