//! Workspaces: where brands, images and credits belong.

use std::time::Duration;

use crate::email::Email;
use crate::ids::{AccountId, WorkspaceId};
use crate::names::{self, NameError};
use crate::time::Timestamp;

/// A workspace within a person's reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id. The wire shows a personal workspace as `null`.
    pub id: WorkspaceId,
    /// Personal or team.
    pub kind: WorkspaceKind,
    /// Shown to its members.
    pub name: String,
}

/// The two kinds of workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkspaceKind {
    /// One person's own; each account has exactly one.
    Personal,
    /// Shared by its members.
    Team,
}

impl WorkspaceKind {
    /// The word that is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Team => "team",
        }
    }

    /// The meaning of a stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        match word {
            "personal" => Some(Self::Personal),
            "team" => Some(Self::Team),
            _ => None,
        }
    }
}

/// Which workspace a request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkspaceChoice {
    /// None was named: the caller's personal one.
    Personal,
    /// A team workspace by its id; found only within the caller's reach.
    Team(WorkspaceId),
}

/// The name a personal workspace is made with.
pub const PERSONAL_NAME: &str = "Personal";
/// The longest name, in characters.
pub const MAX_NAME: usize = 60;
/// How many team workspaces one person may own.
pub const MAX_OWNED: i64 = 20;
/// How many people one may have, invited ones included.
pub const MAX_PEOPLE: i64 = 200;
/// For how long a deleted workspace can be restored.
pub const GRACE: Duration = Duration::from_secs(30 * 86_400);

/// The name of a team workspace, as its owner typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceName(String);

impl WorkspaceName {
    /// Trims and checks a name of 1 to [`MAX_NAME`] characters.
    ///
    /// # Errors
    /// [`NameError`] says what to change.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        names::parse(text, MAX_NAME).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The role of a person in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May do everything. There is exactly one, who is the last to leave.
    Owner,
    /// Looks after the members and the name.
    Admin,
    /// Works in it.
    Member,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Admin, Self::Member];
    /// Those that can be given away; owner is one by making the workspace, or by transfer.
    pub const GIVEN: [Self; 2] = [Self::Admin, Self::Member];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// The meaning of a stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether somebody with this role may do something: the one place that says so.
    #[must_use]
    pub fn may(self, act: Act) -> bool {
        match act {
            Act::See => true,
            Act::Rename | Act::SeeSpending | Act::SeeActivity => self != Self::Member,
            Act::Invite(role) => role != Self::Owner && self.looks_after(role),
            Act::Remove(role) => self.looks_after(role),
            Act::Leave => self != Self::Owner,
            Act::ChangeRole { from, to } => {
                self == Self::Owner && from != Self::Owner && to != Self::Owner
            }
            Act::Transfer | Act::Delete | Act::Restore => self == Self::Owner,
        }
    }

    /// An owner looks after everybody else, an admin after members.
    fn looks_after(self, other: Self) -> bool {
        match self {
            Self::Owner => other != Self::Owner,
            Self::Admin => other == Self::Member,
            Self::Member => false,
        }
    }
}

/// What somebody wants to do to a team workspace or its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// See who is in it.
    See,
    /// See who else spends its credits, with what and on what.
    SeeSpending,
    /// See what was done to it and its people, and by whom.
    SeeActivity,
    /// Give it another name.
    Rename,
    /// Invite somebody to a role, or take such an invitation back.
    Invite(Role),
    /// Remove somebody else who has a role.
    Remove(Role),
    /// Leave.
    Leave,
    /// Give somebody another role.
    ChangeRole {
        /// The role they have.
        from: Role,
        /// The one they get.
        to: Role,
    },
    /// Make a member the owner.
    Transfer,
    /// Delete it.
    Delete,
    /// Take that back.
    Restore,
}

/// A person in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who it is.
    pub account: AccountId,
    /// Their address.
    pub email: Email,
    /// What they want to be called.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Since when they belong to it.
    pub joined_at: Timestamp,
}

/// To which of a person's workspaces a credential reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To all of them, later ones too.
    All,
    /// To these, as long as the person belongs to them.
    Only(Vec<WorkspaceId>),
}

impl Reach {
    /// Whether it reaches a workspace of the person.
    #[must_use]
    pub fn contains(&self, workspace: WorkspaceId) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(&workspace),
        }
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, some) | (some, Self::All) => some.clone(),
            (Self::Only(some), other) => {
                Self::Only(some.iter().copied().filter(|id| other.contains(*id)).collect())
            }
        }
    }

    /// Whether it reaches nothing that another does not.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::All) => true,
            (Self::All, Self::Only(_)) => false,
            (Self::Only(some), other) => some.iter().all(|id| other.contains(*id)),
        }
    }

    /// What is stored: nothing for all, else the ids.
    #[must_use]
    pub fn to_stored(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Only(some) => {
                Some(some.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            }
        }
    }

    /// The meaning of what is stored.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self::All);
        };
        let ids: Result<Vec<_>, _> = text.split_whitespace().map(str::parse).collect();
        ids.ok().map(Self::Only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what() {
        use Role::{Admin, Member, Owner};
        let change = |from, to| Act::ChangeRole { from, to };
        for (act, who) in [
            (Act::See, &[Owner, Admin, Member][..]),
            (Act::Rename, &[Owner, Admin]),
            (Act::SeeSpending, &[Owner, Admin]),
            (Act::SeeActivity, &[Owner, Admin]),
            (Act::Invite(Owner), &[]),
            (Act::Invite(Admin), &[Owner]),
            (Act::Invite(Member), &[Owner, Admin]),
            (Act::Remove(Owner), &[]),
            (Act::Remove(Admin), &[Owner]),
            (Act::Remove(Member), &[Owner, Admin]),
            (Act::Leave, &[Admin, Member]),
            (change(Member, Admin), &[Owner]),
            (change(Admin, Member), &[Owner]),
            (change(Owner, Member), &[]),
            (change(Member, Owner), &[]),
            (Act::Transfer, &[Owner]),
            (Act::Delete, &[Owner]),
            (Act::Restore, &[Owner]),
        ] {
            for role in Role::ALL {
                assert_eq!(role.may(act), who.contains(&role), "{role:?} {act:?}");
            }
        }
    }

    #[test]
    fn a_reach_is_stored_and_read() {
        let some = vec![WorkspaceId::from_bytes([1; 16]), WorkspaceId::from_bytes([2; 16])];
        for reach in [Reach::All, Reach::Only(Vec::new()), Reach::Only(some.clone())] {
            assert_eq!(Reach::from_stored(reach.to_stored().as_deref()), Some(reach));
        }
        assert_eq!(Reach::from_stored(Some("nonsense")), None);
        assert!(Reach::All.contains(some[0]));
        assert!(Reach::Only(vec![some[0]]).contains(some[0]));
        assert!(!Reach::Only(vec![some[0]]).contains(some[1]));
    }
}
