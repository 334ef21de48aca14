//! `huxin completions` and `huxin man`: made from the definition of the command line itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use super::command;
use super::output::Output;
use crate::error::{ClientError, ExitCode};

/// Completions for a shell, on standard output.
#[derive(Debug, Args)]
pub struct Completions {
    /// bash, zsh, fish, elvish or powershell.
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command(), "huxin", &mut script);
        super::output::write_or_end(&script);
        ExitCode::Success
    }
}

/// Man pages of all commands.
#[derive(Debug, Args)]
pub struct Man {
    /// Folder that gets the pages, huxin.1 and one per command; made if absent.
    dir: PathBuf,
}

impl Man {
    pub fn run(self, output: &Output) -> Result<ExitCode, ClientError> {
        let folder = &self.dir;
        std::fs::create_dir_all(folder).map_err(|error| ClientError::file("cannot make", folder, error))?;
        clap_mangen::generate_to(command(), folder)
            .map_err(|error| ClientError::file("cannot write", folder, error))?;
        let pages = std::fs::read_dir(folder).map_err(|error| ClientError::file("cannot read", folder, error))?.count();
        output.answer(&json!({ "folder": folder, "files": pages }), || {
            format!("{pages} files in {0}; read one with `man {0}/huxin.1`", folder.display())
        });
        Ok(ExitCode::Success)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn completions_of_every_shell_name_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "huxin", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("transfer-out") && script.contains("valid-until"), "{shell}");
        }
    }

    #[test]
    fn there_is_a_man_page_of_every_command() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("man1");
        Man { dir: dir.clone() }.run(&Output::new(true)).unwrap();
        let page = std::fs::read_to_string(dir.join("huxin-licence-issue.1")).unwrap();
        assert!(page.contains("valid\\-until") && page.contains("Example"), "{page}");
        assert!(dir.join("huxin.1").exists() && dir.join("huxin-govern-propose-validator-rotate.1").exists());
    }
}
