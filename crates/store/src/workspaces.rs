//! Workspaces, as rows. Who belongs to them is in [`crate::members`].

use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Role, Workspace, WorkspaceKind};

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new workspace.
    INSERT = "INSERT INTO workspaces (id, kind, name, created_at) VALUES (?1, ?2, ?3, ?4)";
    /// A person's workspaces: the personal one first ('personal' sorts before 'team'), then by name.
    LIST_OF = "SELECT w.id, w.kind, w.name FROM members m JOIN workspaces w ON w.id = m.workspace_id \
               WHERE m.account_id = ?1 AND w.deleted_at IS NULL ORDER BY w.kind, w.name, w.id";
    /// A person's team workspaces by name, deleted ones included, with their role and how many belong
    /// to each.
    LIST_TEAMS_OF = "SELECT w.id, w.kind, w.name, m.role, w.deleted_at, \
                     (SELECT count(*) FROM members o WHERE o.workspace_id = w.id) \
                     FROM members m JOIN workspaces w ON w.id = m.workspace_id \
                     WHERE m.account_id = ?1 AND w.kind = 'team' ORDER BY w.name, w.id";
    /// A team workspace that a person belongs to, deleted or not.
    FIND_TEAM = "SELECT w.id, w.kind, w.name, m.role, w.deleted_at, \
                 (SELECT count(*) FROM members o WHERE o.workspace_id = w.id) \
                 FROM members m JOIN workspaces w ON w.id = m.workspace_id \
                 WHERE m.account_id = ?1 AND w.id = ?2 AND w.kind = 'team'";
    /// The team workspace that a person belongs to, when it is there.
    FIND_IN_REACH = "SELECT w.id, w.kind, w.name FROM members m JOIN workspaces w \
                     ON w.id = m.workspace_id WHERE m.account_id = ?1 AND w.id = ?2 \
                     AND w.kind = 'team' AND w.deleted_at IS NULL";
    /// A person's own.
    FIND_PERSONAL = "SELECT w.id, w.kind, w.name FROM members m JOIN workspaces w \
                     ON w.id = m.workspace_id WHERE m.account_id = ?1 AND w.kind = 'personal'";
    /// How many team workspaces a person owns, deleted ones included.
    COUNT_OWNED = "SELECT count(*) FROM members m JOIN workspaces w ON w.id = m.workspace_id \
                   WHERE m.account_id = ?1 AND m.role = 'owner' AND w.kind = 'team'";
    /// Takes the workspace's row until the end of the transaction.
    TAKE = "UPDATE workspaces SET created_at = created_at WHERE id = ?1";
    /// One that somebody reaches, or could once its owner restores it.
    IS_REACHED = "SELECT CAST(1 AS BIGINT) FROM workspaces w \
                  WHERE w.id = ?1 AND (w.deleted_at IS NULL OR w.deleted_at > ?2) \
                  AND EXISTS (SELECT 1 FROM members m JOIN accounts a ON a.id = m.account_id \
                  WHERE m.workspace_id = w.id AND a.deleted_at IS NULL \
                  AND (w.deleted_at IS NULL OR m.role = 'owner'))";
    /// Another name.
    RENAME = "UPDATE workspaces SET name = ?2 WHERE id = ?1";
    /// Deletes one that is there.
    DELETE = "UPDATE workspaces SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL";
    /// Takes that back.
    RESTORE = "UPDATE workspaces SET deleted_at = NULL WHERE id = ?1 AND deleted_at > ?2";
    /// Those that were deleted long ago and still have members.
    LIST_TO_EMPTY = "SELECT w.id FROM workspaces w WHERE w.deleted_at <= ?1 \
                     AND EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = w.id) LIMIT ?2";
}

/// A team workspace as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The workspace.
    pub workspace: Workspace,
    /// What the person is there.
    pub role: Role,
    /// Since when it is deleted.
    pub deleted_at: Option<Timestamp>,
    /// How many belong to it.
    pub members: i64,
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

/// The workspaces a person belongs to: the personal one first, then teams by name.
pub fn list_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Workspace>, Error> {
    tx.query(&LIST_OF, &[account.into()])?.iter().map(read).collect()
}

/// A person's team workspaces by name, deleted ones included.
pub fn list_teams_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Team>, Error> {
    tx.query(&LIST_TEAMS_OF, &[account.into()])?.iter().map(read_team).collect()
}

/// A team workspace that a person belongs to, deleted or not.
pub fn find_team(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: WorkspaceId,
) -> Result<Option<Team>, Error> {
    let row = tx.query_opt(&FIND_TEAM, &[account.into(), id.into()])?;
    row.as_ref().map(read_team).transpose()
}

/// A team workspace that a person belongs to, unless it is deleted.
pub fn find_in_reach(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: WorkspaceId,
) -> Result<Option<Workspace>, Error> {
    let row = tx.query_opt(&FIND_IN_REACH, &[account.into(), id.into()])?;
    row.as_ref().map(read).transpose()
}

/// A person's own workspace.
pub fn find_personal(tx: &mut Tx<'_>, account: AccountId) -> Result<Option<Workspace>, Error> {
    tx.query_opt(&FIND_PERSONAL, &[account.into()])?.as_ref().map(read).transpose()
}

/// How many team workspaces a person owns, deleted ones included.
pub fn count_owned(tx: &mut Tx<'_>, account: AccountId) -> Result<i64, Error> {
    tx.query_opt(&COUNT_OWNED, &[account.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// Takes the workspace's row until the end of the transaction, so that decisions over its people run
/// one after the other; `false` when there is none.
pub fn take(tx: &mut Tx<'_>, id: WorkspaceId) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE, &[id.into()])? == 1)
}

/// Whether somebody can reach a workspace; `false` when it is gone for good: nobody belongs to it, it was deleted at or
/// before a time, or nobody is left who could restore it.
pub fn is_reached(
    tx: &mut Tx<'_>,
    id: WorkspaceId,
    deleted_before: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.query_opt(&IS_REACHED, &[id.into(), deleted_before.into()])?.is_some())
}

/// Gives a workspace another name.
pub fn rename(tx: &mut Tx<'_>, id: WorkspaceId, name: &str) -> Result<(), Error> {
    tx.execute(&RENAME, &[id.into(), name.into()]).map(drop)
}

/// Deletes a workspace, so that it can be restored; `false` when it was deleted before.
pub fn delete(tx: &mut Tx<'_>, id: WorkspaceId, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[id.into(), at.into()])? == 1)
}

/// Restores a workspace; `false` unless it was deleted after a time.
pub fn restore(tx: &mut Tx<'_>, id: WorkspaceId, deleted_after: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&RESTORE, &[id.into(), deleted_after.into()])? == 1)
}

/// At most `limit` workspaces that were deleted at or before a time and still have members.
pub fn list_to_empty(
    tx: &mut Tx<'_>,
    deleted_before: Timestamp,
    limit: i64,
) -> Result<Vec<WorkspaceId>, Error> {
    let rows = tx.query(&LIST_TO_EMPTY, &[deleted_before.into(), limit.into()])?;
    rows.iter().map(|row| row.id16(0).map(WorkspaceId::from_bytes)).collect()
}

fn read(row: &Row) -> Result<Workspace, Error> {
    let kind = WorkspaceKind::from_stored(row.text(1)?);
    Ok(Workspace {
        id: WorkspaceId::from_bytes(row.id16(0)?),
        kind: kind.ok_or_else(|| row.unexpected(1, "a kind of workspace"))?,
        name: row.text(2)?.to_owned(),
    })
}

fn read_team(row: &Row) -> Result<Team, Error> {
    let role = Role::from_stored(row.text(3)?);
    Ok(Team {
        workspace: read(row)?,
        role: role.ok_or_else(|| row.unexpected(3, "a role"))?,
        deleted_at: row.opt_timestamp(4)?,
        members: row.int(5)?,
    })
}
