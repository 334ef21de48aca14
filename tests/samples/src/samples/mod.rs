//! The samples, by what they show.

mod chain;
mod container;
mod coverage;
mod field;
mod pdf;
mod pdf_changes;
mod revisions;
mod sound;
mod trust;
mod value;
mod vendors;

use crate::authority::Agency;
use crate::catalogue::{Expected, Order, Sample, Verdict};
use crate::certificate::Identity;
use crate::error::SampleError;

/// Content is left open.
const UNPROTECTED: Expected = Expected::refused(&["UNPROTECTED_CONTENT"]);

/// All of them, sound ones first.
pub(crate) fn all() -> Vec<Sample> {
    let sound_first =
        [sound::SAMPLES, vendors::SAMPLES, field::SAMPLES, revisions::SAMPLES, pdf::SAMPLES, pdf_changes::SAMPLES];
    let defective = [value::SAMPLES, trust::SAMPLES, chain::SAMPLES, coverage::SAMPLES, container::SAMPLES];
    let mut all = [sound_first.concat(), defective.concat()].concat();
    // Stable, so that the order within each kind is that of the tables.
    all.sort_by_key(|sample| sample.expected.verdict == Verdict::Invalid);
    all
}

/// The signer of another province's agency.
pub(crate) fn second_signer(order: &Order<'_>) -> Result<Identity, SampleError> {
    let agency = second_agency()?;
    order.workshop.authority.signer(&agency, &agency.seal_id())
}

/// A signer for the same seal whose certificate the rogue root issued.
pub(crate) fn rogue_signer(order: &Order<'_>) -> Result<Identity, SampleError> {
    order.workshop.authority.rogue_signer(&order.spec.agency, &order.spec.seal_id)
}

/// Signers of samples that show something of their certificates.
pub(crate) fn other_signers(order: &Order<'_>) -> Result<Vec<Identity>, SampleError> {
    let authority = &order.workshop.authority;
    let (agency, seal_id) = (&order.spec.agency, order.spec.seal_id.as_str());
    let branches = [&authority.branches.listed, &authority.branches.silent, &authority.branches.unlisted];
    let mut signers = vec![authority.encipherment_signer(agency, seal_id)?, authority.wordy_signer(agency, seal_id)?];
    for branch in branches {
        signers.push(authority.branch_signer(branch, agency, seal_id)?);
    }
    Ok(signers)
}

fn second_agency() -> Result<Agency, SampleError> {
    Agency::of_region("320000", 3)
}
