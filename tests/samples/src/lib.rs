//! Licences in OFD with synthetic seals under a certificate authority for tests: sound ones, and one for each defect.
//!
//! **Invariant**: shares no code with the crate that judges files, so that both cannot be wrong in the same way.
