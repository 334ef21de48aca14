//! What a signature value is judged with: the options of the caller, and what surrounds the value in its file.

use huxin_chain_spec::ids::TimeMs;

use crate::asn1::{Fault, Oddities};
use crate::ber::Source;
use crate::reason::Reason;
use crate::report::{Checks, Warning, Weight};
use crate::trust::TrustList;

/// What to judge by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Roots, makers and revocation lists. Without one, chains and revocation stay unknown.
    pub trust: Option<&'a TrustList>,
    /// Asks "would seal and certificates be accepted at this time": the signer's chain is judged then instead of at the signature's
    /// own time, and seal and signer's certificate must be valid then too. That changes `verdict`, never `cryptography`: whether the
    /// seal and certificate were valid when the signature was made, and whether the certificate was revoked before, are facts of the
    /// signature. A seal alone is asked nothing about its validity without this time.
    pub at: Option<TimeMs>,
}

/// What surrounds a signature value.
pub(super) struct Context<'a> {
    /// Bytes of Signature.xml, or of the integrity list.
    pub xml: Option<&'a [u8]>,
    pub date_time: Option<&'a str>,
    pub seal_file: Option<&'a [u8]>,
    /// Whether the signature protects the seal file.
    pub is_seal_file_protected: bool,
    /// Where the value was read from.
    pub source: &'a Source<'a>,
}

impl<'a> Context<'a> {
    /// Of a signature value alone.
    pub fn alone(source: &'a Source<'a>) -> Self {
        Self { xml: None, date_time: None, seal_file: None, is_seal_file_protected: false, source }
    }
}

/// Notes a structure that could not be read. That is unknown, because what another reader may read is not wrong; only what was cut
/// short, or has bytes behind it, is damaged for certain.
pub(super) fn note_unreadable(checks: &mut Checks, name: &'static str, fault: &Fault, source: Option<&Source<'_>>) {
    let is_damaged = fault.code != Reason::Format || source.is_some_and(Source::is_cut_short);
    let weight = Weight::Cryptography;
    if is_damaged {
        checks.fail(weight, name, fault.code, fault.to_string());
    } else {
        checks.unknown(weight, name, fault.code, fault.to_string());
    }
}

/// Turns what a parser found odd into warnings.
pub(super) fn warn_odd(odd: &Oddities, warnings: &mut Vec<Warning>) {
    for detail in &odd.0 {
        let warning = Warning::new(Reason::NonstandardEncoding, detail);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

/// The same of a certificate, which `whose` names.
pub(super) fn warn_odd_of(whose: &str, odd: &Oddities, warnings: &mut Vec<Warning>) {
    let named = Oddities(odd.0.iter().map(|detail| format!("{whose}: {detail}")).collect());
    warn_odd(&named, warnings);
}
