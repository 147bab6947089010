//! Accounts: the person a credential acts for (the resource owner of RFC 6749 §1.1).

use crate::email::Email;
use crate::ids::AccountId;
use crate::names::{self, NameError};
use crate::time::Timestamp;

/// An account as its owner and the operator see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Never changes.
    pub id: AccountId,
    /// Unique on this server.
    pub email: Email,
    /// What the person wants to be called, if they said.
    pub name: Option<String>,
    /// Whether it may be used.
    pub state: AccountState,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is known that the person reads what is sent to the address; `None` when it is not.
    pub email_verified_at: Option<Timestamp>,
}

/// Trims and checks what a person wants to be called: 1 to 100 characters that can be shown safely.
///
/// # Errors
/// [`NameError`] says what to change.
pub fn parse_name(text: &str) -> Result<String, NameError> {
    names::parse(text, 100)
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// In use.
    Active,
    /// Every request with its credentials is refused; nothing is deleted, an unban restores all.
    Banned {
        /// Since when.
        at: Timestamp,
    },
}

impl AccountState {
    /// Whether requests are refused.
    #[must_use]
    pub fn is_banned(self) -> bool {
        matches!(self, Self::Banned { .. })
    }
}

/// Who may make an account without the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpPolicy {
    /// Anyone who reaches the page.
    Open,
    /// Only who holds an invitation, such as the setup link of an empty server.
    Invite,
    /// Nobody; only the operator's command line makes accounts.
    Closed,
}
