//! Anchors of other ledgers (E22): heads of the national node and of other regions, so that a fork
//! of their history becomes visible.

use crate::codes::Code;
use crate::crypto::Digest;
use crate::features::{ANCHORS, Activations};
use crate::ids::{Height, RecordIndex};
use crate::log::LogHead;
use crate::record::governance::TrustRole;
use crate::rules::overlay::Overlay;
use crate::state::governance::{AnchorState, TrustState};
use crate::state::{StateKey, StateReader};

use super::{Actor, BlockContext, RuleError};

/// Records the head of the ledger with genesis hash `ledger`. The signer, who acts for the province that sponsors the ledger,
/// has checked its certificate; here a head only has to be newer than the one before.
pub(super) fn record<R: StateReader>(
    overlay: &mut Overlay<'_, R>,
    context: &BlockContext,
    actor: &Actor,
    index: RecordIndex,
    (ledger, height, block, log): (&Digest, Height, &Digest, LogHead),
) -> Result<(), RuleError> {
    if !actor.key.permissions.evidence {
        return Err(Code::KeyNotPermitted.into());
    }
    let features: Activations = overlay.read(&StateKey::Features)?.unwrap_or_default();
    if !features.is_active(ANCHORS, context.height) {
        return Err(Code::FeatureNotActive.into());
    }
    let trust: Option<TrustState> = overlay.read(&StateKey::Trust(*ledger))?;
    let trust =
        trust.filter(|entry| entry.is_trusted(TrustRole::Ledger, context.time_ms)).ok_or(Code::AnchorUntrusted)?;
    // Only the sponsor may anchor: the rules cannot check the other ledger's certificate, and a single head with a false,
    // too large height would block its anchors for ever.
    if trust.sponsor != actor.province() {
        return Err(Code::AnchorNotSponsor.into());
    }
    let before: Option<AnchorState> = overlay.read(&StateKey::Anchor(*ledger))?;
    let continues = |before: AnchorState| height > before.height && log.size >= before.log.size;
    if !before.is_none_or(continues) {
        return Err(Code::AnchorNotNewer.into());
    }
    overlay.write(StateKey::Anchor(*ledger), &AnchorState { height, block: *block, log, recorded_by: index });
    Ok(())
}
