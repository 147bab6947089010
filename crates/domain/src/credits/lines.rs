//! What the ledger keeps: who held credits, how that ended, and each movement with what it was for.

use super::grants::GrantKind;
use super::movements::Movement;
use crate::ids::{AccountId, ApiKeyId, ConnectionId, CreditHoldId};
use crate::time::Timestamp;

/// With which credential credits were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChargedVia {
    /// With an API key.
    ApiKey(ApiKeyId),
    /// By an app that the person has let in.
    Connection(ConnectionId),
}

impl ChargedVia {
    /// At a browser, where somebody needs no credential: there the account itself is what they asked with. No
    /// connection has the id of an account.
    #[must_use]
    pub fn browser_of(account: AccountId) -> Self {
        Self::Connection(ConnectionId::from_bytes(*account.as_bytes()))
    }

    /// Whether it was at the browser of an account.
    #[must_use]
    pub fn is_browser_of(self, account: AccountId) -> bool {
        self == Self::browser_of(account)
    }
}

/// Who asked for credits to be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spender {
    /// The person.
    pub account: AccountId,
    /// Their credential.
    pub via: ChargedVia,
}

/// What became of an item of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// Its credits are held.
    Held {
        /// So many.
        credits: i64,
    },
    /// It is over.
    Ended {
        /// So many were spent.
        settled: i64,
        /// So many went back.
        voided: i64,
    },
}

/// The credits of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldState {
    /// Its id.
    pub id: CreditHoldId,
    /// The name by which its job knows it; no other of its workspace has it.
    pub reference: String,
    /// What it is for.
    pub operation: String,
    /// When it is voided if nobody has ended it.
    pub until: Timestamp,
    /// What became of each item.
    pub items: Vec<ItemState>,
}

/// A movement as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    /// The number of the entry in its workspace's ledger: what moved together has one.
    pub entry: i64,
    /// Its place in the entry.
    pub line: i64,
    /// What moved.
    pub movement: Movement,
    /// The kind of its grant.
    pub grant_kind: GrantKind,
    /// The source of its grant.
    pub grant_source: String,
    /// What it was for: an operation, or what happened to the grant.
    pub operation: String,
    /// The hold that it began or ended, and the name by which the job knows that.
    pub hold: Option<(CreditHoldId, String)>,
    /// Who asked for it, where it belongs to a hold.
    pub spender: Option<Spender>,
    /// When.
    pub at: Timestamp,
}
