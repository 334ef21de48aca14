//! Seal number (esID, 印章编码).

use super::IdKind;
use super::shape::{Alphabet, bounded_id};

bounded_id! {
    /// Number of an electronic seal: 1 to 64 printable ASCII characters, opaque.
    ///
    /// GB/T 38540 makes it an `IA5String` and says no more. Production seals use 6 region digits and 8 serial digits,
    /// vendors use UUIDs and free text, so nothing inside it is interpreted.
    SealId, 64, "1 to 64", IdKind::Seal, Alphabet::Printable
}
