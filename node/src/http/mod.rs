//! What the two HTTP listeners, [`crate::api`] and [`crate::ops`], share.

mod context;
mod error;

pub use context::Context;
pub(crate) use error::{ApiError, error_body, no_such_method, no_such_path};
