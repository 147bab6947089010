//! Credits: what operations cost and what an account can spend.

/// What can be spent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditBalance {
    /// Credits that are there to spend.
    pub balance: i64,
    /// Whether the plan lets operations run whatever the balance is.
    pub unlimited: bool,
}
