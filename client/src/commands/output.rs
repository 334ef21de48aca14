//! What goes to the terminal: text for people, or one JSON value for programs.

use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use super::usage::usage_error;
use crate::error::ClientError;
use crate::said::sentence;

/// Where a command's answer goes.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one answer.
    pub fn answer(&self, value: &impl Serialize, text: impl FnOnce() -> String) {
        let line = if self.json {
            serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
        } else {
            text().trim_end().to_owned()
        };
        println_or_end(&line);
    }

    /// Prints one JSON value on a line of its own, or text.
    pub fn line(&self, value: &impl Serialize, text: impl FnOnce() -> String) {
        let line =
            if self.json { serde_json::to_string(value).unwrap_or_default() } else { text().trim_end().to_owned() };
        println_or_end(&line);
    }

    /// Says what happens, to people only.
    pub fn note(&self, text: &str) {
        if !self.json {
            eprint_or_drop(text);
        }
    }

    /// Prints an error: as JSON on standard output, or in both languages on standard error.
    pub fn error(&self, error: &ClientError) {
        let body = error.body();
        if !self.json {
            let what = match error {
                ClientError::Refused { node, .. } => format!("{node} refuses: {} (at {})", body.what, body.place),
                ClientError::Rejected { tx_id, height, .. } => {
                    format!("transaction {tx_id} is rejected at height {height}: {} (at {})", body.what, body.place)
                }
                _ => body.what.clone(),
            };
            eprint_or_drop(&format!("huxin: {what} [{}]", body.code));
            eprint_or_drop(&format!("       {}", body.next));
            eprint_or_drop(&format!("       {}{}", sentence(&body.what_zh, '。'), sentence(&body.next_zh, '。')));
            return;
        }
        let mut value = json!({ "error": body });
        match error {
            ClientError::Rejected { tx_id, height, .. } => {
                value["tx_id"] = json!(tx_id);
                value["height"] = json!(height);
            }
            ClientError::Pending { tx_id, expires_at, licences, .. } => {
                value["tx_id"] = json!(tx_id);
                value["expires_at"] = json!(expires_at);
                value["licences"] = json!(licences);
            }
            ClientError::Document { path, reasons, .. } => {
                value["error"]["file"] = json!(path);
                value["error"]["reasons"] = json!(reasons);
            }
            _ => {}
        }
        println_or_end(&value.to_string());
    }

    /// Prints an error of the command line itself: people see clap's own page, then a Chinese sentence.
    pub fn usage(&self, error: &clap::Error) {
        let said = usage_error(error);
        if self.json {
            return self.error(&said);
        }
        // A closed terminal is not a reason to fail differently.
        let _ = error.print();
        let body = said.body();
        eprint_or_drop(&format!("\n{}{} [{}]", body.what_zh, body.next_zh, body.code));
    }

    /// A progress bar for people; hidden where the output is for programs.
    pub fn progress(&self, total: u64, unit: &str) -> ProgressBar {
        if self.json {
            return ProgressBar::hidden();
        }
        let template = format!(
            "{{elapsed_precise}} [{{wide_bar}}] {{human_pos}}/{{human_len}} {unit}, {{per_sec}}, {{eta}} left {{msg}}"
        );
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar
    }
}

/// Standard error may be closed or full: what it would have said is then lost, and nothing else.
pub fn eprint_or_drop(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes bytes to standard output, as [`Output::answer`] does a line.
pub fn write_or_end(bytes: &[u8]) {
    use std::io::Write as _;
    let mut output = std::io::stdout().lock();
    note_loss(output.write_all(bytes).and_then(|()| output.flush()));
}

fn note_loss(written: std::io::Result<()>) {
    if written.is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// A reader that went away (`| head`) ends the output, not with an error.
/// An answer that could not be written for another reason (a full disk) was not given: see [`is_lost`].
fn println_or_end(line: &str) {
    use std::io::Write as _;
    let mut output = std::io::stdout().lock();
    note_loss(writeln!(output, "{line}").and_then(|()| output.flush()));
}

static LOST: AtomicBool = AtomicBool::new(false);

/// Whether an answer of this process could not be written.
pub fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}
