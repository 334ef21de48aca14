//! The samples, by what they show.

mod container;
mod coverage;
mod sound;
mod trust;
mod value;

use crate::authority::Agency;
use crate::catalogue::{Order, Sample};
use crate::certificate::Identity;
use crate::error::SampleError;

/// All of them, sound ones first.
pub(crate) fn all() -> Vec<Sample> {
    [sound::SAMPLES, value::SAMPLES, trust::SAMPLES, coverage::SAMPLES, container::SAMPLES].concat()
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

fn second_agency() -> Result<Agency, SampleError> {
    Agency::of_region("320000", 3)
}
