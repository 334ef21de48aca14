//! Exact bytes in the description of the API.

use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Stands for exact bytes in the description; there are no values of it.
pub(super) enum Octets {}

impl PartialSchema for Octets {
    fn schema() -> RefOr<Schema> {
        let octets = ObjectBuilder::new().schema_type(Type::String);
        octets.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).into()
    }
}

impl ToSchema for Octets {}
