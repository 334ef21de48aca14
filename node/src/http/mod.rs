//! What the two HTTP listeners, [`crate::api`] and [`crate::ops`], share.
//!
//! ```text
//!  serve (connections, time-outs) -> router of api or ops
//!    '-> bounds, paced
//! ```

pub mod bounds;
mod context;
mod error;
mod paced;
mod serve;

pub use context::Context;
pub(crate) use error::{ApiError, error_body, no_such_method, no_such_path};
pub use serve::Dropped;
pub(crate) use serve::{Gate, Peer, counted, hold_answer};
