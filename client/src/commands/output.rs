//! What goes to the terminal: text for people, or one JSON value for programs.

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::error::ClientError;

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
            eprintln!("{text}");
        }
    }

    /// Prints an error: as JSON on standard output, or as a sentence on standard error.
    pub fn error(&self, error: &ClientError) {
        if !self.json {
            eprintln!("huxin: {error}");
            if let ClientError::Refused { body, .. } | ClientError::Rejected { body, .. } = error {
                eprintln!("       {}{}", body.what_zh, body.next_zh);
            }
            return;
        }
        let value = match error {
            ClientError::Refused { body, .. } => json!({ "error": body }),
            ClientError::Rejected { body, tx_id, height } => {
                json!({ "error": body, "tx_id": tx_id, "height": height })
            }
            ClientError::Document { path, reasons, .. } => {
                json!({ "error": { "code": error.code(), "what": error.to_string(), "file": path, "reasons": reasons } })
            }
            other => json!({ "error": { "code": other.code(), "what": other.to_string() } }),
        };
        println_or_end(&value.to_string());
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

/// A reader that went away (`| head`) ends the output, not with an error.
fn println_or_end(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
