//! Calls about things, cases and rehearsals. Raw material: see [`super::thing`] for what to believe.

use std::fmt::Write as _;

use huxin_chain_spec::api::{RehearsalAnswer, ThingAnswer, ThingListAnswer};
use huxin_chain_spec::ids::{CaseRef, ProvinceCode, TimeMs, Uscc};
use huxin_chain_spec::receipt::RECEIPT_BYTES_MAX;
use huxin_chain_spec::record::governance::Action;
use huxin_chain_spec::state::StateKey;

use super::connection::{Answer, Request};
use super::node_client::NodeClient;
use super::thing::ThingQuestion;
use crate::error::ClientError;

/// Which open cases of an agency are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseFilter {
    /// All that are not ended.
    Open,
    /// Those whose clock has run out.
    Overdue,
    /// Those offered and not answered in time.
    Unanswered,
}

impl CaseFilter {
    /// Every filter.
    pub const ALL: [Self; 3] = [Self::Open, Self::Overdue, Self::Unanswered];

    /// The word in addresses and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Overdue => "overdue",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Name of the last thing of the page before; the first page if `None`.
    pub after: Option<String>,
    /// Most things on the page; the node's own measure if `None`.
    pub limit: Option<u32>,
}

impl Page {
    /// The query's end.
    fn query(&self) -> String {
        let mut query = String::new();
        if let Some(after) = &self.after {
            // Writing to a String cannot fail.
            let _ = write!(query, "&after={}", percent(after));
        }
        if let Some(limit) = self.limit {
            let _ = write!(query, "&limit={limit}");
        }
        query
    }
}

impl NodeClient {
    /// What a node says of a thing, with a proof. Unproven: see [`super::thing::check_thing`].
    pub async fn thing(&self, question: &ThingQuestion) -> Result<(String, ThingAnswer), ClientError> {
        self.connection().json(&Request::get(thing_path(question))).await
    }

    /// Bytes of the receipt of a thing. Unproven: see [`super::thing::check_thing_receipt`].
    pub async fn thing_receipt(&self, key: &StateKey, as_of: Option<TimeMs>) -> Result<Vec<u8>, ClientError> {
        let query = as_of.map(|time| format!("?as_of={time}")).unwrap_or_default();
        let path = format!("/v1/receipts/things/{}{query}", percent(&key.to_string()));
        let Answer { node, body } = self.connection().send(&Request::get(path)).await?;
        if body.len() > RECEIPT_BYTES_MAX {
            return Err(ClientError::BadAnswer { node, reason: format!("a receipt of {} bytes", body.len()) });
        }
        Ok(body)
    }

    /// A case with the records of its life. Unproven: see [`super::thing::check_thing`].
    pub async fn case(&self, case: &CaseRef, as_of: Option<TimeMs>) -> Result<(String, ThingAnswer), ClientError> {
        let query = as_of.map(|time| format!("?as_of={time}")).unwrap_or_default();
        self.connection().json(&Request::get(format!("/v1/cases/{case}{query}"))).await
    }

    /// Open cases an agency has sent or received. The node's word.
    pub async fn cases(
        &self,
        agency: &Uscc,
        only: CaseFilter,
        page: &Page,
    ) -> Result<(String, ThingListAnswer), ClientError> {
        let path = format!("/v1/cases?agency={agency}&only={}{}", only.as_str(), page.query());
        self.connection().json(&Request::get(path)).await
    }

    /// Things of one kind, such as `proposal`. The node's word.
    pub async fn things(&self, kind: &str, page: &Page) -> Result<(String, ThingListAnswer), ClientError> {
        let path = format!("/v1/things?kind={}{}", percent(kind), page.query());
        self.connection().json(&Request::get(path)).await
    }

    /// What an action would do if it took effect now, proposed by a province. The node's word.
    pub async fn rehearse(
        &self,
        proposer: Option<ProvinceCode>,
        action: &Action,
    ) -> Result<(String, RehearsalAnswer), ClientError> {
        let body = serde_json::to_vec(action).map_err(|error| ClientError::input("action", error))?;
        let query = proposer.map(|province| format!("?proposer={province}")).unwrap_or_default();
        let path = format!("/v1/rehearsals{query}");
        self.connection().json(&Request::post(path, "application/json", body)).await
    }
}

fn thing_path(question: &ThingQuestion) -> String {
    let name = percent(&question.key.to_string());
    let as_of = question.as_of.map(|time| format!("&as_of={time}")).unwrap_or_default();
    format!("/v1/things/{name}?records={}{as_of}", question.records)
}

/// Percent-encoded as one segment of a path: the number of a seal may hold slashes, spaces and dots of its own.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_name_is_one_segment() {
        let key = StateKey::Seal("310000".parse().unwrap(), "a/../b ?#%".parse().unwrap());
        let question = ThingQuestion { as_of: Some(TimeMs(0)), ..ThingQuestion::now(key) };
        let expected = "/v1/things/seal%2F310000%2Fa%2F..%2Fb%20%3F%23%25?records=false&as_of=1970-01-01T00:00:00Z";
        assert_eq!(thing_path(&question), expected);
        let url = reqwest::Url::parse(&format!("http://node{expected}")).unwrap();
        assert_eq!(url.path_segments().unwrap().count(), 3, "no part of a name moves the path");
    }

    #[test]
    fn pages() {
        assert_eq!(Page::default().query(), "");
        let page = Page { after: Some("case/9f".to_owned()), limit: Some(7) };
        assert_eq!(page.query(), "&after=case%2F9f&limit=7");
    }
}
