//! Short codes that this protocol defines itself.

use super::IdKind;
use super::shape::{Alphabet, bounded_id};

bounded_id! {
    /// Code of the legal basis of a decision, for example `XZXKF-69` (行政许可法 art. 69): 1 to 32 of `[A-Z0-9._-]`.
    /// The meaning of a code is published by the province that uses it.
    BasisCode, 32, "1 to 32", IdKind::Basis, Alphabet::Code
}

bounded_id! {
    /// Code of a system within its organisation: 1 to 32 of `[A-Z0-9._-]`.
    SystemId, 32, "1 to 32", IdKind::System, Alphabet::Code
}

bounded_id! {
    /// Name of a chain: 1 to 32 of `[a-z0-9-]`. Every signed structure binds it.
    ChainId, 32, "1 to 32", IdKind::Chain, Alphabet::Lower
}

bounded_id! {
    /// Code of one application material within its guide (材料编码): 1 to 32 of `[A-Z0-9._-]`.
    MaterialCode, 32, "1 to 32", IdKind::Material, Alphabet::Code
}

bounded_id! {
    /// Code of a publication within its kind and publisher, for example an item code or a year: 1 to 48 of `[A-Z0-9._-]`.
    PublicationCode, 48, "1 to 48", IdKind::Publication, Alphabet::Code
}

bounded_id! {
    /// Code of the purpose for which something was used or asked for: 1 to 32 of `[A-Z0-9._-]`.
    PurposeCode, 32, "1 to 32", IdKind::Purpose, Alphabet::Code
}

/// What the name of every chain for trial and demonstration starts with.
const DEVELOPMENT_PREFIX: &str = "dev-";

impl ChainId {
    /// Whether this chain is for trial only: its name starts with `dev-`. Example keys work on no other.
    pub fn is_development(&self) -> bool {
        self.as_str().starts_with(DEVELOPMENT_PREFIX)
    }
}
