//! Licences in OFD, and signed PDF files, with synthetic seals under a certificate authority for tests: sound ones, and one for each defect.
//!
//! [`Catalogue`] holds every sample with what a reader should find in it; [`licence`] makes sound licences to order, and
//! [`large`] one of any size. The same arguments always give the same bytes: keys come from labels, times are fixed,
//! signatures take no randomness.
//!
//! **Invariant**: shares no code with the crate that judges files, so that both cannot be wrong in the same way. DER is
//! written here by hand, and nothing is parsed.
//!
//! **Invariant**: nothing in a sample speaks of a person. Organisations, codes and numbers are made up.
//!
//! ```
//! use huxin_samples::{Catalogue, SIGNED_AT, Verdict};
//!
//! # fn main() -> Result<(), huxin_samples::SampleError> {
//! let catalogue = Catalogue::new(SIGNED_AT)?;
//! let forged = catalogue.get("ofd/bad_seal_name_forged.ofd").expect("a sample of the catalogue");
//! assert_eq!(forged.expected.verdict, Verdict::Invalid);
//! assert_eq!(forged.expected.reasons, ["SEAL_SIGNATURE"]);
//! assert!(catalogue.make(forged)?.starts_with(b"PK"));
//! # Ok(())
//! # }
//! ```

mod authority;
mod catalogue;
mod certificate;
mod der;
mod error;
mod folder;
mod habit;
mod identifiers;
mod key;
mod large;
mod licence;
mod md5;
mod moment;
mod ofd;
mod pdf;
mod picture;
mod rsa;
mod samples;
mod seal;
mod signature;

pub use authority::{Agency, Authority, REVOKED_AT};
pub use catalogue::{Catalogue, Expected, Order, Sample, Verdict};
pub use certificate::{Identity, Name, Window, pem};
pub use error::SampleError;
pub use folder::{write_catalogue, write_large, write_large_pdf, write_licences};
pub use identifiers::{licence_identifier, social_credit_code, social_credit_code_holds};
pub use key::{Key, SignatureValue, USER_ID};
pub use large::large;
pub use licence::{LicenceSpec, SIGNED_AT, Workshop, licence};
pub use moment::Moment;
pub use ofd::Metadata;
pub use ofd::content::Extent;
pub use pdf::{large_pdf, signed_pdf, signed_pdf_by};
pub use seal::{CertificateList, SealSpec, Structure, seal};
