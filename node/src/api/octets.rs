//! Exact bytes: in the description of the API, and as files to save.

use axum::http::{HeaderName, header};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A file with the headers a browser needs to save it.
pub(super) type File = ([(HeaderName, String); 2], Vec<u8>);

/// A file of this media type to save under this name.
pub(super) fn file(media_type: &str, name: &str, bytes: Vec<u8>) -> File {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes)
}

/// Stands for exact bytes in the description; there are no values of it.
pub(super) enum Octets {}

impl PartialSchema for Octets {
    fn schema() -> RefOr<Schema> {
        let octets = ObjectBuilder::new().schema_type(Type::String);
        octets.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).into()
    }
}

impl ToSchema for Octets {}
