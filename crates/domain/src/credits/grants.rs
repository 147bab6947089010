//! Credit grants, the order in which they are spent, and what they come to.

use std::time::Duration;

use super::amounts::{Amount, LedgerError, add};
use crate::ids::{CreditGrantId, CreditHoldId, WorkspaceId};
use crate::time::Timestamp;

/// The end of what never ends: the last microsecond of the year 9999.
pub const NEVER: Timestamp = Timestamp::from_unix_micros(253_402_300_799_999_999);
/// What is voided onto credits that have ended meanwhile can be spent for this long.
pub const REFUND_LIFETIME: Duration = Duration::from_secs(7 * 86_400);

/// What the source of credits begins with that were granted for a hold, where credits are unlimited.
const COVER: &str = "unlimited:";

/// Why there are credits. In the order in which those that end together are spent: what was paid for
/// comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantKind {
    /// Voided after their own grant had ended.
    Refund,
    /// For signing up.
    Signup,
    /// A gift.
    Promo,
    /// A month's of a plan.
    Monthly,
    /// On the operator's word.
    Operator,
    /// Bought.
    Topup,
}

impl GrantKind {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Refund, Self::Signup, Self::Promo, Self::Monthly, Self::Operator, Self::Topup];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Signup => "signup",
            Self::Promo => "promo",
            Self::Monthly => "monthly",
            Self::Operator => "operator",
            Self::Topup => "topup",
        }
    }

    /// The kind that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether new credits of this kind first pay what the workspace owes: they were paid for, or given
    /// by somebody who knows.
    #[must_use]
    pub fn pays_debts(self) -> bool {
        matches!(self, Self::Operator | Self::Topup)
    }
}

/// Where the credits of a grant are. Their sum is what was granted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Buckets {
    /// There to be held, until the grant ends.
    pub available: i64,
    /// Held by running jobs.
    pub held: i64,
    /// Gone for what was delivered.
    pub spent: i64,
    /// Ended before anybody wanted them.
    pub expired: i64,
    /// Gone back with the money they were bought for.
    pub taken_back: i64,
}

impl Buckets {
    /// All of them together.
    ///
    /// # Errors
    /// [`LedgerError`] when one is below zero, or the sum is beyond a number.
    pub fn sum(self) -> Result<i64, LedgerError> {
        [self.available, self.held, self.spent, self.expired, self.taken_back].into_iter().try_fold(
            0,
            |sum, credits| if credits < 0 { add(credits, 0) } else { add(sum, credits) },
        )
    }
}

/// Credits of a workspace that came together and end together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CreditGrant {
    /// Its id.
    pub id: CreditGrantId,
    /// Whose they are.
    pub workspace: WorkspaceId,
    /// Why there are any.
    pub kind: GrantKind,
    /// What they came from. No two grants have one source, so what comes twice counts once.
    pub source: String,
    /// From when on they can be spent.
    pub effective: Timestamp,
    /// When they end: at this instant they count for nothing. [`NEVER`] for those that do not.
    pub expires: Timestamp,
    /// How many there were.
    pub amount: Amount,
    /// For how many of them the money was given back.
    pub reclaimed: i64,
    /// Where they are.
    pub buckets: Buckets,
}

impl CreditGrant {
    /// What credits come from that make up for what is missing for a hold, where credits are unlimited.
    #[must_use]
    pub fn covering(hold: CreditHoldId) -> String {
        format!("{COVER}{hold}")
    }

    /// Whether they are that. They are there for their hold alone: what it does not need is nobody's.
    #[must_use]
    pub fn is_cover(&self) -> bool {
        self.source.starts_with(COVER)
    }

    /// Whether its credits count at an instant.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.effective <= now && now < self.expires
    }

    /// What can be spent of it.
    #[must_use]
    pub fn spendable(&self, now: Timestamp) -> i64 {
        if self.is_live(now) { self.buckets.available } else { 0 }
    }

    /// Its place in the spend order. The id makes it total.
    #[must_use]
    pub fn place(&self) -> (Timestamp, GrantKind, Timestamp, CreditGrantId) {
        (self.expires, self.kind, self.effective, self.id)
    }
}

/// What the credits of a workspace come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Available and not ended.
    pub available: i64,
    /// Held by running jobs.
    pub held: i64,
    /// Of the available ones, those of this month.
    pub monthly: i64,
    /// Of the available ones, those that were bought.
    pub topup: i64,
    /// Spent, but the money for them was given back. While there is any, nothing can be spent.
    pub debt: i64,
}

impl Standing {
    /// What can be spent now.
    #[must_use]
    pub fn balance(self) -> i64 {
        if self.debt > 0 { 0 } else { self.available }
    }
}

/// What grants come to at an instant.
///
/// # Errors
/// [`LedgerError`] when a sum overflows.
pub fn standing(
    grants: &[CreditGrant],
    debt: i64,
    now: Timestamp,
) -> Result<Standing, LedgerError> {
    let start = Standing { debt, ..Standing::default() };
    grants.iter().try_fold(start, |sum, grant| {
        let spendable = grant.spendable(now);
        let of = |kind| if grant.kind == kind { spendable } else { 0 };
        Ok(Standing {
            available: add(sum.available, spendable)?,
            held: add(sum.held, grant.buckets.held)?,
            monthly: add(sum.monthly, of(GrantKind::Monthly))?,
            topup: add(sum.topup, of(GrantKind::Topup))?,
            debt,
        })
    })
}

/// What some amounts come to.
///
/// # Errors
/// [`LedgerError`] when the sum overflows.
pub fn total(amounts: &[Amount]) -> Result<i64, LedgerError> {
    amounts.iter().try_fold(0, |sum, amount| add(sum, amount.get()))
}
