//! Invitations into a team workspace: a link that goes to an address, good once, for a week.
//!
//! The link is what lets somebody in: whoever holds it may accept it as the account they are signed in
//! with, which need not have the address that it was sent to. The members see who came.

use std::time::Duration;

use crate::email::Email;
use crate::ids::InvitationId;
use crate::time::Timestamp;
use crate::workspaces::Role;

/// An invitation is good for this long.
pub const LIFETIME: Duration = Duration::from_secs(7 * 86_400);

/// An invitation that nobody has answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Never changes.
    pub id: InvitationId,
    /// Whom it was sent to.
    pub email: Email,
    /// What they would be.
    pub role: Role,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}
