//! Subscriptions: which plan a workspace has, and whether it is paid for.
//!
//! News of a subscription comes from the payment provider in any order, and more than once. What
//! remains is the same whatever the order:
//!
//! 1. A snapshot of it counts when it is newer than the one before ([`Version`]).
//! 2. A payment that arrived or failed counts by when it did, and never brings a time back.
//! 3. The state follows from both ([`Subscription::state`]).
//!
//! What the operator sets is a subscription of its own, which stands before all others.

use std::cmp::Reverse;

use crate::credits::NEVER;
use crate::ids::WorkspaceId;
use crate::time::Timestamp;

/// Before everything.
pub const DAWN: Timestamp = Timestamp::from_unix_micros(0);

/// The state of a subscription, in the words of the payment provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscriptionState {
    /// It has begun, and nothing is to be paid yet.
    Trialing,
    /// It is paid for.
    Active,
    /// A payment failed; it is tried again, and until that is given up the plan goes on.
    PastDue,
    /// Nobody pays. Nothing is charged until that changes.
    Paused,
    /// It is over.
    Canceled,
}

impl SubscriptionState {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Trialing, Self::Active, Self::PastDue, Self::Paused, Self::Canceled];

    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
        }
    }

    /// The meaning of a stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// What the provider's word means here; `None` for one that has not begun.
    ///
    /// `unpaid` is what becomes of a subscription that the provider keeps when it gives up on a payment.
    ///
    /// # Errors
    /// The word, when it means nothing here.
    pub fn from_provider(word: &str) -> Result<Option<Self>, String> {
        match word {
            "incomplete" => Ok(None),
            "incomplete_expired" => Ok(Some(Self::Canceled)),
            "unpaid" => Ok(Some(Self::Paused)),
            word => Self::from_stored(word).map(Some).ok_or_else(|| word.to_owned()),
        }
    }

    /// Whether credits come each month.
    #[must_use]
    pub fn brings_credits(self) -> bool {
        !matches!(self, Self::Paused | Self::Canceled)
    }
}

/// How new a snapshot is. The provider's clock tells seconds; within one, an end is newer than a
/// change, and a change newer than a beginning; then the later period counts, and last the id of the
/// event, so that the order is total.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Version(String);

impl Version {
    /// The version of a snapshot that an event brought.
    #[must_use]
    pub fn new(at: Timestamp, rank: u8, period_start: Timestamp, event: &str) -> Self {
        let seconds = |at: Timestamp| at.unix_micros().max(0) / 1_000_000;
        Self(format!("{:012} {rank} {:012} {event}", seconds(at), seconds(period_start)))
    }

    /// As it is stored, where it sorts by bytes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From what is stored.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A subscription as it was at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// The name of its plan. It may be that the table has no such plan any more.
    pub plan: String,
    /// The provider's price that means it; empty for what the operator set.
    pub price: String,
    /// Its state.
    pub state: SubscriptionState,
    /// The beginning of its first month: each later one begins on that day.
    pub anchor: Timestamp,
    /// The period that it is in, from its beginning to its end.
    pub period: (Timestamp, Timestamp),
    /// When it was made.
    pub created: Timestamp,
    /// When this was so.
    pub at: Timestamp,
    /// What tells it from older ones.
    pub version: Version,
}

/// A subscription as far as it is known. Any of its parts may be heard of first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subscription {
    /// The id that the provider gave it, or [`Subscription::operators`].
    pub reference: String,
    /// Whose it is.
    pub workspace: Option<WorkspaceId>,
    /// How it was when it was last heard of.
    pub latest: Option<Snapshot>,
    /// Until when it is paid for.
    pub paid_until: Timestamp,
    /// When a payment last arrived.
    pub paid_at: Timestamp,
    /// When a payment last failed.
    pub failed_at: Timestamp,
}

/// What somebody hears of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Whose it is.
    Owner(WorkspaceId),
    /// How it was at an instant.
    State(Snapshot),
    /// A payment arrived, for everything until an instant.
    Paid {
        /// When.
        at: Timestamp,
        /// Until when the subscription is paid for.
        until: Timestamp,
    },
    /// A payment failed.
    Failed {
        /// When.
        at: Timestamp,
    },
}

impl Subscription {
    /// A subscription of which nothing is known but its name.
    #[must_use]
    pub fn unknown(reference: &str) -> Self {
        Self {
            reference: reference.to_owned(),
            workspace: None,
            latest: None,
            paid_until: DAWN,
            paid_at: DAWN,
            failed_at: DAWN,
        }
    }

    /// The name of what the operator sets for a workspace. No provider gives such an id.
    #[must_use]
    pub fn operators(workspace: WorkspaceId) -> String {
        format!("operator:{workspace}")
    }

    /// Whether the operator set it.
    #[must_use]
    pub fn is_operators(&self) -> bool {
        self.reference.starts_with("operator:")
    }

    /// Takes news in; in whichever order they come, the same is known in the end. An owner never
    /// changes.
    pub fn hear(&mut self, news: News) {
        match news {
            News::Owner(workspace) => self.workspace = self.workspace.or(Some(workspace)),
            News::State(snapshot) => {
                let is_newer = |known: &Snapshot| known.version < snapshot.version;
                if self.latest.as_ref().is_none_or(is_newer) {
                    self.latest = Some(snapshot);
                }
            }
            News::Paid { at, until } => {
                self.paid_at = self.paid_at.max(at);
                self.paid_until = self.paid_until.max(until);
            }
            News::Failed { at } => self.failed_at = self.failed_at.max(at),
        }
    }

    /// Its state, when it is known: a payment that failed or arrived after the last snapshot counts.
    #[must_use]
    pub fn state(&self) -> Option<SubscriptionState> {
        let latest = self.latest.as_ref()?;
        Some(match latest.state {
            SubscriptionState::Active if self.failed_at > latest.at.max(self.paid_at) => {
                SubscriptionState::PastDue
            }
            SubscriptionState::PastDue if self.paid_at > latest.at.max(self.failed_at) => {
                SubscriptionState::Active
            }
            state => state,
        })
    }

    /// Until when credits come each month. What the operator sets is paid for until they change it.
    #[must_use]
    pub fn brings_credits_until(&self) -> Timestamp {
        if self.is_operators() { NEVER } else { self.paid_until }
    }

    /// The beginning of the first month. While a free trial runs, the provider's first month is ahead,
    /// and those of the trial count from its own beginning.
    #[must_use]
    pub fn first_month(&self) -> Option<Timestamp> {
        self.latest.as_ref().map(|latest| latest.anchor.min(latest.period.0))
    }
}

/// The subscription that counts among those of a workspace: what the operator set, else the newest that
/// is not over, else the newest. One that is not known yet does not count.
#[must_use]
pub fn in_force(all: &[Subscription]) -> Option<&Subscription> {
    let known = all.iter().filter_map(|one| {
        let (state, latest) = (one.state()?, one.latest.as_ref()?);
        let is_over = state == SubscriptionState::Canceled;
        Some((!one.is_operators(), is_over, Reverse((latest.created, &one.reference)), one))
    });
    known.min_by_key(|(theirs, is_over, newest, _)| (*theirs, *is_over, *newest)).map(|k| k.3)
}

#[cfg(test)]
mod tests;
