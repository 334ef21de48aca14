//! The trust list: certificate authorities, seal makers, time stamps, other ledgers. Trust changes by vote, never silently.

use crate::codec;
use crate::codes::Code;
use crate::crypto::Digest;
use crate::ids::TimeMs;
use crate::record::governance::TrustRole;
use crate::state::governance::TrustState;
use crate::state::{StateKey, StateReader};

use super::{RuleError, Scene, Writes};

impl<R: StateReader> Scene<'_, '_, R> {
    pub(super) fn add_trust(
        &self,
        certificate: &Digest,
        role: TrustRole,
        crl: Option<Digest>,
        valid_until_ms: TimeMs,
    ) -> Result<Writes, RuleError> {
        let now = self.context.time_ms;
        if valid_until_ms <= now {
            return Err(Code::TrustValidity.into());
        }
        if self.trust(certificate)?.is_some_and(|entry| entry.is_trusted(entry.role, now)) {
            return Err(Code::TrustExists.into());
        }
        self.check_list(certificate, crl.as_ref())?;
        let entry = TrustState { role, sponsor: self.proposer, crl, valid_until_ms, since_ms: now, retired_ms: None };
        Ok(vec![(StateKey::Trust(*certificate), codec::encode(&entry))])
    }

    pub(super) fn retire_trust(&self, certificate: &Digest) -> Result<Writes, RuleError> {
        let entry = self.unretired(certificate)?;
        let entry = TrustState { retired_ms: Some(self.context.time_ms), ..entry };
        Ok(vec![(StateKey::Trust(*certificate), codec::encode(&entry))])
    }

    pub(super) fn anchor_crl(&self, certificate: &Digest, crl: &Digest) -> Result<Writes, RuleError> {
        let entry = self.unretired(certificate)?;
        if entry.crl == Some(*crl) {
            return Err(Code::GovernanceNoChange.into());
        }
        self.check_list(certificate, Some(crl))?;
        let entry = TrustState { crl: Some(*crl), ..entry };
        Ok(vec![(StateKey::Trust(*certificate), codec::encode(&entry))])
    }

    /// Refuses a certificate in the place of its revocation list. The ledger holds digests, so only those that it knows to be
    /// certificates are found.
    fn check_list(&self, certificate: &Digest, crl: Option<&Digest>) -> Result<(), RuleError> {
        match crl {
            Some(crl) if crl == certificate || self.trust(crl)?.is_some() => Err(Code::TrustNotAList.into()),
            _ => Ok(()),
        }
    }

    fn unretired(&self, certificate: &Digest) -> Result<TrustState, RuleError> {
        let entry = self.trust(certificate)?.ok_or(Code::TrustUnknown)?;
        match entry.retired_ms {
            None => Ok(entry),
            Some(_) => Err(Code::TrustRetired.into()),
        }
    }

    fn trust(&self, certificate: &Digest) -> Result<Option<TrustState>, RuleError> {
        Ok(self.overlay.read(&StateKey::Trust(*certificate))?)
    }
}
