//! `huxin publish entry-prove` and `entry-check`: one entry of a list, without the others.

use std::path::PathBuf;

use clap::Args;
use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::execute::Chain;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::entries::{EntryProof, prove_entry};
use huxin_chain_spec::record::publication::PublicationKey;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::publication::{PublicationState, PublicationVersionState};
use serde_json::json;

use super::body::entries_of;
use crate::commands::arguments::{publication_key, structured_file};
use crate::commands::context::{Global, Needs};
use crate::commands::output::Output;
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::say;
use crate::sdk::{Client, ThingQuestion};

/// Makes the proof of one entry from the whole list.
#[derive(Debug, Clone, Args)]
pub struct EntryProve {
    /// The list, one entry per line.
    #[arg(long, value_name = "FILE")]
    entries: PathBuf,
    /// The list's first line is a heading and no entry (CSV).
    #[arg(long)]
    heading: bool,
    /// The entry's text: a whole line.
    #[arg(long)]
    entry: String,
    /// Write the proof here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Checks an entry against the list's root on the ledger.
#[derive(Debug, Clone, Args)]
pub struct EntryCheck {
    /// KIND/SCOPE/CODE.
    #[arg(value_name = "KIND/SCOPE/CODE", value_parser = publication_key)]
    publication: PublicationKey,
    /// The entry's text: a whole line.
    #[arg(long)]
    entry: String,
    /// Its proof.
    #[arg(long, value_name = "FILE")]
    proof: PathBuf,
    /// Version; the one in force at the time asked about if absent.
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    /// The time asked about: 2026-11-21 (its first moment in Beijing) or RFC 3339; now if absent.
    #[arg(long, value_name = "TIME")]
    as_of: Option<TimeMs>,
}

/// The proof of the first entry with this text.
pub(super) fn prove(algorithm: DigestAlgorithm, entries: &[Vec<u8>], entry: &str) -> Option<EntryProof> {
    let place = entries.iter().position(|line| line == entry.as_bytes())?;
    prove_entry(algorithm, entries, u32::try_from(place).ok()?)
}

impl EntryProve {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let entries = entries_of(&self.entries, self.heading)?;
        let build = |algorithm| {
            let file = self.entries.display();
            let none =
                || ClientError::at("--entry", say!("no line of {file} has this text", "{file} 中没有这样的一行"));
            prove(algorithm, &entries, &self.entry).ok_or_else(none)
        };
        // Only the ledger's hash is needed, and a pinned genesis names it without any node.
        let proof = match global.trust()?.genesis() {
            Some(genesis) => build(Chain::new(genesis).algorithm())?,
            None => global.ready(Needs::Question, build).await?.1,
        };
        let text = serde_json::to_vec_pretty(&proof).map_err(|error| ClientError::input("proof", error))?;
        save(&self.out, &text)?;
        let value = json!({ "file": self.out, "index": proof.index, "entries": entries.len() });
        output.answer(&value, || {
            format!(
                "entry {} of {}: proof written to {}",
                u64::from(proof.index) + 1,
                entries.len(),
                self.out.display()
            )
        });
        Ok(ExitCode::Success)
    }
}

impl EntryCheck {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let build = |_| structured_file::<EntryProof>(&self.proof);
        let (client, proof) = global.ready(Needs::Question, build).await?;
        let publication = &self.publication;
        let version = match self.version {
            Some(version) => Some(version),
            None => self.in_force(&client).await?,
        };
        let found = match version {
            Some(version) => self.published(&client, version).await?.map(|state| (version, state)),
            None => None,
        };
        let Some((version, state)) = found else {
            let value = json!({ "publication": publication.to_string(), "version": version, "exists": false });
            output.answer(&value, || format!("未上账 no such version of {publication} is on the ledger"));
            return Ok(ExitCode::NotOnLedger);
        };
        let checked = proof.verify(client.chain().algorithm(), self.entry.as_bytes(), &state.body);
        let value = json!({
            "publication": publication.to_string(), "version": version, "index": proof.index,
            "holds": checked.is_ok(), "reason": checked.as_ref().err().map(ToString::to_string), "proven": true,
        });
        let place = u64::from(proof.index) + 1;
        output.answer(&value, || match &checked {
            Ok(()) => format!(
                "在列 the entry stands in {publication} version {version}, at place {place}; proof checked here"
            ),
            Err(error) => format!(
                "不符 the proof does not show that the entry stands in {publication} version {version}: {error}"
            ),
        });
        Ok(if checked.is_ok() { ExitCode::Success } else { ExitCode::Refused })
    }

    async fn in_force(&self, client: &Client) -> Result<Option<u32>, ClientError> {
        let key = StateKey::Publication(self.publication.clone());
        let found = client.thing(&ThingQuestion { key, as_of: self.as_of, records: false }).await?;
        Ok(found.state_as::<PublicationState>()?.and_then(|state| state.in_force()))
    }

    async fn published(&self, client: &Client, version: u32) -> Result<Option<PublicationVersionState>, ClientError> {
        let key = StateKey::PublicationVersion(self.publication.clone(), version);
        let found = client.thing(&ThingQuestion { key, as_of: self.as_of, records: false }).await?;
        found.state_as()
    }
}
