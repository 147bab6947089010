//! Workspaces: where brands, images and credits belong.

use crate::ids::WorkspaceId;

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

/// The role a person has in a workspace, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May do everything, and is the last to leave.
    Owner,
}

impl Role {
    /// The word that is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
        }
    }
}
