//! `huxin publish show`.

use clap::Args;
use huxin_chain_spec::record::publication::PublicationKey;
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::publication::{DraftState, DraftStatus, Force, PublicationState};

use crate::commands::arguments::publication_key;
use crate::commands::context::Global;
use crate::commands::output::Output;
use crate::commands::record::line;
use crate::commands::show::{ShowArguments, state_text};
use crate::dates::period_text;
use crate::error::{ClientError, ExitCode};
use crate::sdk::ProvenThing;

/// A publication, or one version of it.
#[derive(Debug, Clone, Args)]
pub struct ShowPublication {
    /// KIND/SCOPE/CODE.
    #[arg(value_name = "KIND/SCOPE/CODE", value_parser = publication_key)]
    publication: PublicationKey,
    /// What this version says.
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    #[command(flatten)]
    show: ShowArguments,
    /// With the records about it.
    #[arg(long)]
    records: bool,
}

impl ShowPublication {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        if let Some(version) = self.version {
            let key = StateKey::PublicationVersion(self.publication, version);
            return self.show.run(global, output, key, self.records, |thing| Ok(state_text(thing))).await;
        }
        let key = StateKey::Publication(self.publication);
        self.show.run(global, output, key, self.records, publication_text).await
    }
}

fn publication_text(thing: &ProvenThing) -> Result<String, ClientError> {
    let Some(state) = thing.state_as::<PublicationState>()? else { return Ok(String::new()) };
    let version = state.version;
    let force = match (state.status().force, state.repealed) {
        (Force::Unpublished, _) => "未公布 no version yet".to_owned(),
        (Force::Repealed, Some(end)) => {
            format!("废止 version {version} ended {}, record {}", end.at_ms.to_beijing(), end.by)
        }
        _ => format!("有效 version {version}"),
    };
    let mut lines = vec![line("效力 in force", &force)];
    lines.extend(state.owner.iter().map(|owner| line("所属 owner", &owner.to_string())));
    let consents: Vec<String> = state.repeal_signed_by.iter().map(ToString::to_string).collect();
    if !consents.is_empty() {
        lines.push(line("同意废止", &format!("provinces that consent to its end: {}", consents.join(", "))));
    }
    lines.extend(state.drafts.iter().flat_map(draft_lines));
    Ok(lines.join("\n") + "\n")
}

fn draft_lines(draft: &DraftState) -> Vec<String> {
    let status = match draft.status() {
        DraftStatus::None => "none",
        DraftStatus::Consulting => "征求意见 open for opinions",
        DraftStatus::Signing => "会签 signatures are missing",
        DraftStatus::Approved => "已批准 may be published",
    };
    let signed: Vec<String> = draft.signed_by.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        line("草案 draft", &format!("version {}, {status}; led by {}", draft.version, draft.lead)),
        line("会签 signed", &format!("{} of {} needed: {}", signed.len(), draft.needed, signed.join(", "))),
        line("内容 content", &draft.content.to_string()),
    ];
    lines.extend(draft.consultation.iter().map(|consultation| {
        let window = &consultation.window;
        line("征求 window", &period_text(window.opens_ms, Some(window.closes_ms)))
    }));
    lines
}
