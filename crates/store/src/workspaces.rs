//! Workspaces and who belongs to them, as rows.

use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Role, Workspace, WorkspaceKind};

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new workspace.
    INSERT = "INSERT INTO workspaces (id, kind, name, created_at) VALUES (?1, ?2, ?3, ?4)";
    /// A new member.
    ADD_MEMBER = "INSERT INTO members (workspace_id, account_id, role, joined_at) \
                  VALUES (?1, ?2, ?3, ?4)";
    /// A person's workspaces: the personal one first ('personal' sorts before 'team'), then by name.
    LIST_OF = "SELECT w.id, w.kind, w.name FROM members m JOIN workspaces w ON w.id = m.workspace_id \
               WHERE m.account_id = ?1 ORDER BY w.kind, w.name, w.id";
    /// One row when the person belongs to the team workspace.
    IS_IN_REACH = "SELECT w.id FROM members m JOIN workspaces w ON w.id = m.workspace_id \
                   WHERE m.account_id = ?1 AND w.id = ?2 AND w.kind = 'team'";
}

/// Writes a new workspace.
pub fn insert(tx: &mut Tx<'_>, workspace: &Workspace, at: Timestamp) -> Result<(), Error> {
    let params = [
        workspace.id.into(),
        workspace.kind.as_str().into(),
        workspace.name.as_str().into(),
        at.into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// Adds a person to a workspace.
pub fn add_member(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    account: AccountId,
    role: Role,
    at: Timestamp,
) -> Result<(), Error> {
    let params = [workspace.into(), account.into(), role.as_str().into(), at.into()];
    tx.execute(&ADD_MEMBER, &params).map(drop)
}

/// The workspaces a person belongs to: the personal one first, then teams by name.
pub fn list_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Workspace>, Error> {
    tx.query(&LIST_OF, &[account.into()])?.iter().map(read).collect()
}

/// Whether a person belongs to a team workspace.
pub fn is_in_reach(
    tx: &mut Tx<'_>,
    account: AccountId,
    workspace: WorkspaceId,
) -> Result<bool, Error> {
    Ok(tx.query_opt(&IS_IN_REACH, &[account.into(), workspace.into()])?.is_some())
}

fn read(row: &Row) -> Result<Workspace, Error> {
    let kind = WorkspaceKind::from_stored(row.text(1)?);
    Ok(Workspace {
        id: WorkspaceId::from_bytes(row.id16(0)?),
        kind: kind.ok_or_else(|| row.unexpected(1, "a kind of workspace"))?,
        name: row.text(2)?.to_owned(),
    })
}
