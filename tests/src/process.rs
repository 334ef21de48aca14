//! One node process.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::{eventually, huxin_node};

/// Lines of a log shown when a test fails.
const TAIL_LINES: usize = 12;
/// Characters of each.
const LINE_CHARS: usize = 240;
/// Lines of the engine, of which there are many.
const ENGINE: &str = "arc_malachitebft";

/// A running `huxin-node`, killed when dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the node of a configuration file; its output is appended to `log`.
    pub fn start(config: &Path, log: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(huxin_node());
        command.arg("run").arg("--config").arg(config).envs(environment.iter().copied());
        Self::spawn(command, log)
    }

    /// The same after the shell has set limits.
    pub fn start_limited(config: &Path, log: &Path, limits: &str) -> Self {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{limits}; exec \"$0\" run --config \"$1\""));
        command.arg(huxin_node()).arg(config);
        Self::spawn(command, log)
    }

    fn spawn(mut command: Command, log: &Path) -> Self {
        let mut output = File::options().create(true).append(true).open(log).unwrap();
        writeln!(output, "--- start {command:?}").unwrap();
        let child = command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
        Self { child, log: log.to_owned() }
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// `kill -9`, and waits until the process is gone.
    pub fn kill(&mut self) {
        // Fails only for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Asks for an orderly stop and waits for it.
    pub async fn terminate(&mut self) -> ExitStatus {
        let id = self.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().unwrap();
        assert!(asked.success(), "process {id} could not be asked to stop");
        self.wait(Duration::from_secs(30)).await
    }

    /// Waits until the process ends by itself.
    pub async fn wait(&mut self, patience: Duration) -> ExitStatus {
        let what = format!("process {} ends", self.id());
        eventually(&what, patience, || std::future::ready(self.ended())).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let text = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<String> = text
                .lines()
                .filter(|line| !line.contains(ENGINE))
                .map(|line| line.chars().take(LINE_CHARS).collect())
                .collect();
            let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
            eprintln!("--- end of {} (without the engine's lines)\n{tail}", self.log.display());
        }
    }
}
