//! `huxin case list`: open cases of an agency.

use clap::Args;
use huxin_chain_spec::api::ThingEntry;
use huxin_chain_spec::ids::{TimeMs, Uscc};

use crate::commands::context::Global;
use crate::commands::output::Output;
use crate::commands::show::{PageArguments, list};
use crate::error::{ClientError, ExitCode};
use crate::said::Said;
use crate::say;
use crate::sdk::CaseFilter;

/// Open cases that an agency has sent or received.
#[derive(Debug, Clone, Args)]
pub struct ListCases {
    /// Unified social credit code of the agency.
    #[arg(long)]
    agency: Uscc,
    /// open, overdue (逾期) or unanswered (逾期未接收).
    #[arg(long, default_value = "open", value_parser = filter)]
    only: CaseFilter,
    #[command(flatten)]
    page: PageArguments,
}

/// Reads a filter.
pub(super) fn filter(text: &str) -> Result<CaseFilter, Said> {
    let found = CaseFilter::ALL.into_iter().find(|filter| filter.as_str() == text);
    found.ok_or_else(|| {
        say!(
            "there is no {text:?}; choose open, overdue or unanswered",
            "没有 {text:?}，可选 open、overdue、unanswered"
        )
    })
}

impl ListCases {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let page = self.page.page();
        let answer = global.list(async |nodes| nodes.cases(&self.agency, self.only, &page).await).await?;
        list(output, &answer, entry);
        Ok(ExitCode::Success)
    }
}

fn entry(thing: &ThingEntry) -> String {
    let derived = thing.derived.clone().unwrap_or_default();
    let due = derived["due_ms"].as_i64().map_or_else(|| "-".to_owned(), |due| TimeMs(due).to_beijing());
    let zh = derived["status_zh"].as_str().unwrap_or_default();
    let status = thing.state["status"].as_str().unwrap_or_default();
    let late = if derived["is_overdue"].as_bool() == Some(true) { "  OVERDUE 逾期" } else { "" };
    format!("{}  {zh} {status}  due {due}{late}", thing.name)
}
