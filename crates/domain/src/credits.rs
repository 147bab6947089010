//! Credits: a ledger, not a counter.
//!
//! ```text
//! grant --> available --hold--> held --settle--> spent
//!               ^  \             |  \
//!               |   \--expire-----\--\--lapse--> expired
//!               +------void-------+
//! ```
//!
//! 1. Credits come as credit grants ([`CreditGrant`]), each with an end and a source that no other has.
//!    Every credit of a grant is in one of its buckets ([`Buckets`]), and their sum never changes.
//! 2. A job holds its credits, item by item ([`hold`]); each item is settled or voided once
//!    ([`settle`], [`void`]). What is voided goes back to where it came from.
//! 3. Whatever moves is a [`Movement`] of one grant. Nothing else changes a bucket, so the movements of
//!    a workspace add up to what it has.
//!
//! What is decided here is decided from values. The statements that follow repeat what it was decided
//! on: a bucket never falls below zero.

mod amounts;
mod budgets;
mod changes;
mod grants;
mod holds;
#[cfg(test)]
mod interleavings;
mod lines;
mod movements;
mod periods;
mod prices;
mod references;
#[cfg(test)]
mod tests;

use crate::time::Timestamp;

pub use amounts::{Amount, AmountError, LedgerError};
pub use budgets::{
    Budget, BudgetHolder, BudgetSpan, Cap, OverBudget, Spending, UsageDay, span_end,
};
pub use changes::{TakeBackError, expire, open, take_back};
pub use grants::{
    Buckets, CreditGrant, GrantKind, NEVER, REFUND_LIFETIME, Standing, standing, total,
};
pub use holds::{Held, Part, Refusal, Resolved, SettleError, SettledPart, hold, settle, void};
pub use lines::{ChargedVia, HoldState, ItemState, LedgerLine, Spender};
pub use movements::{Deltas, Movement, MovementKind};
pub use periods::{Period, period};
pub use prices::{ImageSize, MAX_VARIANTS, PaidWork, PriceError};
pub use references::{Reference, ReferenceError};

/// What can be spent, and what else a person wants to know of their credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditBalance {
    /// Credits that can be spent now.
    pub balance: i64,
    /// Whether the plan lets operations run whatever the balance is.
    pub unlimited: bool,
    /// Credits that running jobs hold.
    pub held: i64,
    /// How much of the balance is this month's.
    pub monthly: i64,
    /// How much of it was bought and never ends.
    pub topup: i64,
    /// When the next month's credits come, if any do.
    pub next_refresh_at: Option<Timestamp>,
    /// How many the credential may spend by its own budget; `None` when it has none.
    pub budget_left: Option<i64>,
}
