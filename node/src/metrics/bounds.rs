//! Figures of what is bounded, how much of it is in use, and how often it did not suffice.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{Count, count};
use crate::budget::Budget;
use crate::http::Dropped;
use crate::{files, log};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabels {
    budget: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    listener: &'static str,
    cause: &'static str,
}

#[derive(Default)]
pub(super) struct BoundFigures {
    budgets: Mutex<Vec<Arc<Budget>>>,
    dropped: Mutex<Vec<(&'static str, Arc<Dropped>)>>,
    held: Family<BudgetLabels, Count>,
    limit: Family<BudgetLabels, Count>,
    refused: Family<BudgetLabels, Counter>,
    connections_dropped: Family<DroppedLabels, Counter>,
    open_files: Count,
    open_files_limit: Count,
    log_lines_dropped: Counter,
}

impl BoundFigures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let figures = Self::default();
        registry.register("budget_held", "What is in use of a budget, in its own unit", figures.held.clone());
        registry.register("budget_limit", "Most that may be in use of it", figures.limit.clone());
        registry.register(
            "budget_refused",
            "Requests or connections for which it did not suffice",
            figures.refused.clone(),
        );
        registry.register(
            "connections_dropped",
            "Connections closed by this side: nothing was asked in time, or the answer was not read",
            figures.connections_dropped.clone(),
        );
        registry.register("open_files", "Files that the process has open", figures.open_files.clone());
        registry.register("open_files_limit", "Files that the process may open", figures.open_files_limit.clone());
        registry.register(
            "log_lines_dropped",
            "Lines of the log that could not be written to standard error",
            figures.log_lines_dropped.clone(),
        );
        figures
    }

    /// Shows a budget from now on.
    pub(super) fn add_budget(&self, budget: Arc<Budget>) {
        self.budgets.lock().push(budget);
    }

    /// Shows the connections that a listener ends from now on.
    pub(super) fn add_dropped(&self, listener: &'static str, dropped: Arc<Dropped>) {
        self.dropped.lock().push((listener, dropped));
    }

    pub(super) fn refresh(&self) {
        for budget in &*self.budgets.lock() {
            let labels = BudgetLabels { budget: budget.name() };
            self.held.get_or_create(&labels).set(count(budget.held()));
            self.limit.get_or_create(&labels).set(count(budget.limit()));
            self.refused.get_or_create(&labels).inner().store(budget.refused(), Ordering::Relaxed);
        }
        for (listener, dropped) in &*self.dropped.lock() {
            for (cause, counted) in [("idle", &dropped.idle), ("slow_reader", &dropped.slow_reader)] {
                let labels = DroppedLabels { listener, cause };
                self.connections_dropped.get_or_create(&labels).inner().store(counted.count(), Ordering::Relaxed);
            }
        }
        self.open_files.set(count(files::open_now().unwrap_or(0)));
        self.open_files_limit.set(count(files::limit()));
        self.log_lines_dropped.inner().store(log::dropped_lines(), Ordering::Relaxed);
    }
}
