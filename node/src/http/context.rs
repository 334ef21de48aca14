//! The parts of the node that its listeners work with.

use std::sync::Arc;

use crate::clock::Clock;
use crate::door::Door;
use crate::health::{EngineReader, Identity, Monitor};
use crate::ledger::Ledger;
use crate::mempool::Mempool;
use crate::metrics::Metrics;
use crate::outcomes::Outcomes;

/// What both listeners work with. Cloning shares it.
#[derive(Clone)]
pub struct Context {
    pub monitor: Monitor,
    pub door: Arc<Door>,
    /// Shared with whoever removes expired transactions from the pool: see [`Outcomes::expired`].
    pub outcomes: Outcomes,
    pub metrics: Arc<Metrics>,
}

impl Context {
    /// A context of a node that starts now, known by the keys of `identity`.
    pub fn new(
        ledger: Arc<Ledger>,
        door: Arc<Door>,
        mempool: Mempool,
        engine: EngineReader,
        metrics: Arc<Metrics>,
        clock: Clock,
        identity: Identity,
    ) -> Self {
        let monitor = Monitor::new(ledger, mempool, engine, clock, identity);
        Self { monitor, door, outcomes: Outcomes::default(), metrics }
    }

    /// The same, with a board of outcomes that others write to as well.
    #[must_use]
    pub fn with_outcomes(self, outcomes: Outcomes) -> Self {
        Self { outcomes, ..self }
    }
}
