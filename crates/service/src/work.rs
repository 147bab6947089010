//! Work: a job that holds credits.

use bloom_domain::credits::HoldState;
use bloom_domain::ids::{CreditHoldId, WorkspaceId};

/// Proof of a job that holds credits: the permission to settle and to void them.
///
/// Made where credits are held, and where work that is held already is taken up again; nowhere else.
#[derive(Debug, Clone)]
pub struct Work {
    hold: CreditHoldId,
    workspace: WorkspaceId,
    operation: String,
}

impl Work {
    pub(crate) fn of(hold: CreditHoldId, workspace: WorkspaceId, operation: &str) -> Self {
        Self { hold, workspace, operation: operation.to_owned() }
    }

    /// The hold.
    #[must_use]
    pub fn hold(&self) -> CreditHoldId {
        self.hold
    }

    pub(crate) fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    pub(crate) fn operation(&self) -> &str {
        &self.operation
    }
}

/// Credits that are held for a job.
#[derive(Debug, Clone)]
pub struct HeldCredits {
    /// As they stand.
    pub state: HoldState,
    /// Whether they are held since now: `false` when the same was asked for before.
    pub is_new: bool,
    /// What lets the job end it.
    pub work: Work,
}
