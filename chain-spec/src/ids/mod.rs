//! Identifiers and numbers of the protocol, each its own type.
//!
//! | type | form | source of the rule |
//! |---|---|---|
//! | [`ProvinceCode`] | 6 digits, `310000` | GB/T 2260, province level |
//! | [`RegionCode`] | 6 digits under a known province | GB/T 2260 |
//! | [`Uscc`] | 18 characters, two checks | GB 32100-2015, GB 11714-1997 |
//! | [`LicenceType`] | 18-character code of the defining authority, 3 digits | GB/T 36904-2018 |
//! | [`LicenceId`] | `1.2.156.3005.2.type.issuer.serial.version.check` | GB/T 36904-2018, ISO 7064 MOD 37,36 |
//! | [`ItemCode`] | 12, 31, 33 or 43 characters | GB/T 39554.1-2020 |
//! | [`SealId`], [`BasisCode`], [`SystemId`], [`ChainId`], [`MaterialCode`], [`PublicationCode`], [`PurposeCode`] | bounded ASCII | this protocol |
//! | [`Height`], [`RecordIndex`], [`TimeMs`] | `u64` | this protocol |
//! | [`TxId`], [`LicenceRef`], [`CaseRef`], [`BundleRef`] | 32-byte digests | this protocol |
//!
//! **Two depths of checking.** Reading borsh checks *structure*: length and alphabet, so that every value can be
//! shown and hashed. A wrong check character or an unknown province still decodes; the rules call `check` and refuse it
//! with its own code. Reading text (`FromStr`, JSON, configuration) does both at once.

mod code;
mod error;
mod item;
mod licence_id;
mod licence_type;
pub mod mod37_36;
mod number;
mod province;
mod reference;
mod region;
mod seal;
mod shape;
#[cfg(test)]
mod tests;
mod time;
mod uscc;
#[cfg(test)]
mod vectors;

pub use code::{BasisCode, ChainId, MaterialCode, PublicationCode, PurposeCode, SystemId};
pub use error::{IdError, IdKind};
pub use item::{ItemCode, ItemScheme};
pub use licence_id::{LICENCE_ID_CHARS_MAX, LICENCE_ROOT, LicenceId, LicenceIssuer, LicenceProfile};
pub use licence_type::LicenceType;
pub use number::{Height, RecordIndex};
pub use province::ProvinceCode;
pub use reference::{BundleRef, CaseRef, LicenceRef, TxId, licence_name, name_of, share_ref};
pub use region::RegionCode;
pub use seal::SealId;
pub use time::{TimeMs, time_text};
pub use uscc::Uscc;
