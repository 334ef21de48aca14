//! The log. Lines go to standard error by a thread of their own: a log that is full, slow or gone costs lines, which are
//! counted, and never holds up or ends the node.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::config::{LogConfig, LogFormat};

/// Lines that may wait to be written; more are dropped.
const LINES_MAX: usize = 8_192;
/// Longest wait for the lines that are left when the process ends.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Lines since the start of the process that could not be written.
pub fn dropped_lines() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// A level that is not one.
#[derive(Debug, thiserror::Error)]
#[error(
    "log.level {level:?} is not a level (error, warn, info, debug, trace) nor a filter such as \"info,huxin_node=debug\": {reason}"
)]
pub struct LevelError {
    level: String,
    reason: String,
}

/// Reads `log.level`.
pub fn filter(level: &str) -> Result<EnvFilter, LevelError> {
    // A plain level is meant for the node; the engine's libraries log every vote at info. What its network cannot read it logs line by
    // line, whoever sent it: 157,000 lines in six seconds. These are counted instead (huxin_consensus_unreadable_total).
    let directives = match level.contains([',', '=']) {
        true => level.to_owned(),
        false => format!("warn,huxin_node={level},huxin_engine={level},arc_malachitebft_engine::network=off"),
    };
    EnvFilter::try_new(directives).map_err(|error| LevelError { level: level.to_owned(), reason: error.to_string() })
}

/// The running log.
pub struct Log {
    level: reload::Handle<EnvFilter, Registry>,
    lines: Lines,
}

impl Log {
    /// Starts the log of this process; there is one.
    pub fn start(config: &LogConfig) -> Result<Self, LevelError> {
        let (sender, waiting) = sync_channel(LINES_MAX);
        std::thread::spawn(move || write_lines(&waiting));
        let lines = Lines(sender);
        let (filter, level) = reload::Layer::new(filter(&config.level)?);
        let text = fmt::layer().with_ansi(false).with_writer(lines.clone()).log_internal_errors(false);
        let registry = tracing_subscriber::registry().with(filter);
        // Fails only where a log was started before, as in tests: that one goes on.
        let _ = match config.format {
            LogFormat::Text => registry.with(text).try_init(),
            LogFormat::Json => registry.with(text.json()).try_init(),
        };
        Ok(Self { level, lines })
    }

    /// Sets another level from now on.
    pub fn set_level(&self, level: &str) -> Result<(), LevelError> {
        let filter = filter(level)?;
        let failed = |error: reload::Error| LevelError { level: level.to_owned(), reason: error.to_string() };
        self.level.reload(filter).map_err(failed)
    }

    /// Waits until the lines so far are written, or a second has passed.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.lines.0.try_send(Line::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(FLUSH_WAIT);
        }
    }
}

/// One sentence on standard error, without waiting longer than a second for whoever reads it.
pub fn say(sentence: &str) {
    let (done, wait) = sync_channel(1);
    let line = format!("{sentence}\n");
    std::thread::spawn(move || {
        let _ = std::io::stderr().write_all(line.as_bytes());
        let _ = done.send(());
    });
    let _ = wait.recv_timeout(FLUSH_WAIT);
}

enum Line {
    Text(Vec<u8>),
    /// Answered once all before it is written.
    Flush(SyncSender<()>),
}

#[derive(Clone)]
struct Lines(SyncSender<Line>);

impl std::io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if self.0.try_send(Line::Text(line.to_vec())).is_err() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn write_lines(waiting: &Receiver<Line>) {
    while let Ok(line) = waiting.recv() {
        match line {
            Line::Text(text) => {
                if std::io::stderr().write_all(&text).is_err() {
                    DROPPED.fetch_add(1, Ordering::Relaxed);
                }
            }
            Line::Flush(done) => {
                let _ = done.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_level_is_a_word_or_a_filter() {
        for level in ["info", "debug", "info,huxin_node=debug", "huxin_engine=trace"] {
            assert!(filter(level).is_ok(), "{level}");
        }
        let error = filter("loud").unwrap_err().to_string();
        assert!(error.starts_with("log.level \"loud\" is not a level"), "{error}");
    }

    /// A reader that takes nothing must not hold up whoever logs.
    #[test]
    fn lines_that_do_not_fit_are_dropped_and_counted() {
        let (sender, _held) = sync_channel(1);
        let mut lines = Lines(sender);
        let before = dropped_lines();
        for _ in 0..3 {
            assert_eq!(std::io::Write::write(&mut lines, b"line\n").unwrap(), 5);
        }
        assert_eq!(dropped_lines() - before, 2);
    }
}
