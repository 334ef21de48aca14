//! # Huxin client
//!
//! Library and command `huxin`: record licences, ask about them, keep receipts, replay the whole ledger.
//!
//! **Invariants**
//! * Nothing a node says is reported before its proof was checked against the trust root that the user pinned
//!   ([`sdk::Client`], [`sdk::check_answer`]).
//! * Three answers stay apart: no, not on the ledger, could not be checked ([`ExitCode`]).
//! * The node, its store and its engine are never linked; only [`huxin_chain_spec`] is shared.
//!
//! ```no_run
//! use huxin_client::sdk::{Client, NodeClient, Question, Subject, TrustRoot, document_of};
//!
//! # async fn example() -> Result<(), huxin_client::ClientError> {
//! let trust = TrustRoot::from_file("genesis.toml".as_ref())?;
//! let client = Client::connect(NodeClient::new(&["http://127.0.0.1:26603".to_owned()])?, trust).await?;
//! let document = document_of("licence.ofd".as_ref())?;
//! let question = Question { subject: Subject::Document, document: Some(document), as_of: None };
//! println!("{:?}", client.verify(&question).await?.verdict);
//! # Ok(())
//! # }
//! ```

pub mod audit;
pub mod bench;
pub mod bulk;
pub mod commands;
pub mod dates;
mod error;
mod keep;
pub mod keys;
mod said;
pub mod sdk;
pub mod sealed;
pub mod testnet;

pub use error::{ClientError, ExitCode};
pub use said::Said;

#[cfg(test)]
mod test_chain;
#[cfg(test)]
mod test_liar;
#[cfg(test)]
mod test_node;
