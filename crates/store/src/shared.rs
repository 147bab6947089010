//! What the threads of one store share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::changes::Change;
use crate::counters::Counters;

type Listener = Arc<dyn Fn(&Change) + Send + Sync>;

/// The counters, and who wants to hear of changes.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) counters: Counters,
    listeners: RwLock<Vec<Listener>>,
}

impl Shared {
    pub(crate) fn listen(&self, listener: Listener) {
        self.listeners.write().push(listener);
    }

    /// Tells every listener of every change, in order. Called after the COMMIT and before the
    /// writers are answered.
    pub(crate) fn deliver(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        // A copy of the list, so that no lock is held while code that is not ours runs.
        let listeners = self.listeners.read().clone();
        for change in changes {
            for listener in &listeners {
                // The thread that delivers also writes: a listener's fault must not end it.
                if catch_unwind(AssertUnwindSafe(|| listener(change))).is_err() {
                    tracing::error!(?change, "a listener of changes panicked");
                }
            }
        }
    }
}
