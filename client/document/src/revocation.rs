//! Certificate revocation lists (RFC 5280, chapter 5), bound to the key that signed them.

use std::collections::BTreeMap;

use der::Tag;
use der::asn1::ObjectIdentifier;
use huxin_chain_spec::ids::TimeMs;

use crate::asn1::{Element, Fault, Fields, Oddities};
use crate::certificate::{Certificate, Extension, name, serial, verify_sm2};
use crate::moment::Moment;
use crate::rsa_value::Sha2;
use crate::sm2_value;

/// Entries of one list.
pub const ENTRIES_MAX: usize = 1_000_000;
const EXTENSIONS_MAX: usize = 64;

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const CERTIFICATE_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.29");
const DELTA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// reasonCode removeFromCRL: the certificate is no longer held.
const REMOVED: [u8; 3] = [0x0a, 0x01, 0x08];

/// What a list says of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Revoked, from this moment.
    Revoked(TimeMs),
    /// A complete list of its issuer, current at the moment asked, does not name it.
    NotListed,
    /// Nor does a list made after the certificate's end, from which an entry may have been dropped (RFC 5280, 3.3).
    NotListedAfterEnd,
    /// No such list.
    Unknown,
}

/// One list, as read. Its signature is checked by [`RevocationList::is_signed_by`].
#[derive(Debug, Clone)]
pub struct RevocationList {
    pub issuer: String,
    pub this_update: TimeMs,
    pub next_update: Option<TimeMs>,
    /// Serial numbers without leading zeros, and the earliest moment of revocation.
    entries: BTreeMap<Vec<u8>, TimeMs>,
    /// It leaves some certificates of its issuer out (a partition, a delta, or something not understood), so that absence proves
    /// nothing.
    is_partial: bool,
    signed: Vec<u8>,
    signature: Vec<u8>,
    algorithm: ObjectIdentifier,
}

impl RevocationList {
    /// Reads one DER list that fills `bytes`. How its signature is written is not noted; what counts is whether it holds.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut outer = Element::whole(bytes, "CertificateList")?.sequence("CertificateList")?;
        let tbs = outer.next("tbsCertList")?;
        let algorithm = sm2_value::algorithm_identifier(outer.next("signatureAlgorithm")?, "signatureAlgorithm")?;
        let signature = outer.next("signatureValue")?.bits("signatureValue", &mut Oddities::default())?.to_vec();
        outer.end()?;
        let mut fields = tbs.sequence("tbsCertList")?;
        let _version = fields.next_if("version", |element| element.tag == Tag::Integer)?;
        let _algorithm = fields.next("signature")?.expect(Tag::Sequence, "signature")?;
        let issuer = name(fields.next("issuer")?, "issuer")?.text;
        let this_update = Moment::of_certificate(fields.next("thisUpdate")?, "thisUpdate")?;
        let is_time = |element: Element<'_>| matches!(element.tag, Tag::UtcTime | Tag::GeneralizedTime);
        let next_update = match fields.next_if("nextUpdate", is_time)? {
            Some(element) => Some(Moment::of_certificate(element, "nextUpdate")?),
            None => None,
        };
        let mut list = Self {
            issuer,
            this_update,
            next_update,
            entries: BTreeMap::new(),
            is_partial: false,
            signed: tbs.raw.to_vec(),
            signature,
            algorithm,
        };
        list.read_rest(fields)?;
        Ok(list)
    }

    fn read_rest(&mut self, mut fields: Fields<'_>) -> Result<(), Fault> {
        let field = "revokedCertificates";
        if let Some(entries) = fields.next_if(field, |element| element.tag == Tag::Sequence)? {
            let mut entries = entries.sequence(field)?;
            let mut count = 0;
            while let Some(entry) = entries.optional(field)? {
                count += 1;
                if count > ENTRIES_MAX {
                    return Err(Fault::format(field, format!("more than {ENTRIES_MAX} entries")));
                }
                self.read_entry(entry)?;
            }
        }
        if let Some(wrapped) = fields.next_if("crlExtensions", |element| element.is_context(0))? {
            for extension in extensions(wrapped.fields("crlExtensions")?.next("crlExtensions")?)? {
                let known = [CRL_NUMBER, AUTHORITY_KEY_ID].contains(&extension.id);
                let partial = [DELTA, ISSUING_POINT].contains(&extension.id);
                self.is_partial |= partial || (extension.critical && !known);
            }
        }
        fields.end()
    }

    fn read_entry(&mut self, entry: Element<'_>) -> Result<(), Fault> {
        let mut fields = entry.sequence("revokedCertificate")?;
        let number = serial(fields.next("userCertificate")?)?;
        let date = Moment::of_certificate(fields.next("revocationDate")?, "revocationDate")?;
        if let Some(list) = fields.optional("crlEntryExtensions")? {
            for extension in extensions(list)? {
                // An entry of another issuer, or one that takes a revocation back, revokes nothing of ours.
                if extension.id == CERTIFICATE_ISSUER || (extension.id == REASON_CODE && extension.value == REMOVED) {
                    self.is_partial = true;
                    return Ok(());
                }
            }
        }
        let earliest = self.entries.entry(number).or_insert(date);
        *earliest = (*earliest).min(date);
        Ok(())
    }

    /// Whether `issuer` has the list's name, may sign lists, and made the signature.
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let is_made_by = || match (issuer.sm2_key(), &issuer.rsa) {
            (Some(point), _) => {
                sm2_value::means_sm2(&self.algorithm) && verify_sm2(&point, &self.signed, &self.signature)
            }
            (None, Some(key)) => Sha2::of_signature(&self.algorithm)
                .is_some_and(|sha| key.verifies(sha, &[&self.signed], &self.signature) == Some(true)),
            (None, None) => false,
        };
        issuer.subject.text == self.issuer && issuer.key_usage.is_none_or(|usage| usage.crl_sign) && is_made_by()
    }

    /// What this list says of a certificate that ends at `not_after`, by its serial number, for the moment `at`. A number that is listed
    /// revokes whatever the list's times are; one that is not listed clears only where the list is whole, says until when it is current
    /// and is so at `at`.
    pub fn standing(&self, serial: &[u8], not_after: TimeMs, at: TimeMs) -> Standing {
        let is_current = self.next_update.is_some_and(|next| at <= next);
        match self.entries.get(serial) {
            Some(date) => Standing::Revoked(*date),
            None if self.is_partial || !is_current => Standing::Unknown,
            // A list speaks of certificates that have not ended.
            None if self.this_update > not_after && at > not_after => Standing::Unknown,
            None if self.this_update > not_after => Standing::NotListedAfterEnd,
            None => Standing::NotListed,
        }
    }
}

fn extensions<'a>(list: Element<'a>) -> Result<Vec<Extension<'a>>, Fault> {
    let field = "crlExtensions";
    let elements = list.sequence(field)?.rest(EXTENSIONS_MAX)?;
    elements.into_iter().map(|element| Extension::read(element, &mut Oddities::default())).collect()
}
