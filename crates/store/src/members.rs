//! Who belongs to which workspace, as rows.

use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Member, Role};

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new member, unless they are one.
    INSERT = "INSERT INTO members (workspace_id, account_id, role, joined_at) \
              VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    /// Everybody in a workspace, those who came first first.
    LIST = "SELECT m.account_id, a.email, a.name, m.role, m.joined_at FROM members m \
            JOIN accounts a ON a.id = m.account_id WHERE m.workspace_id = ?1 \
            ORDER BY m.joined_at, m.account_id";
    /// One of them.
    FIND = "SELECT m.account_id, a.email, a.name, m.role, m.joined_at FROM members m \
            JOIN accounts a ON a.id = m.account_id WHERE m.workspace_id = ?1 AND m.account_id = ?2";
    /// How many there are.
    COUNT = "SELECT count(*) FROM members WHERE workspace_id = ?1";
    /// Another role for somebody who has one.
    SET_ROLE = "UPDATE members SET role = ?4 WHERE workspace_id = ?1 AND account_id = ?2 AND role = ?3";
    /// Somebody with a role leaves.
    DELETE = "DELETE FROM members WHERE workspace_id = ?1 AND account_id = ?2 AND role = ?3";
    /// Everybody leaves.
    DELETE_ALL = "DELETE FROM members WHERE workspace_id = ?1";
    /// Somebody leaves every team.
    DELETE_FROM_TEAMS = "DELETE FROM members WHERE account_id = ?1 \
                         AND workspace_id IN (SELECT id FROM workspaces WHERE kind = 'team')";
    /// Somebody leaves every workspace.
    DELETE_OF = "DELETE FROM members WHERE account_id = ?1";
}

/// Adds a person to a workspace; `false` when they belong to it.
pub fn insert(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    account: AccountId,
    role: Role,
    at: Timestamp,
) -> Result<bool, Error> {
    let params = [workspace.into(), account.into(), role.as_str().into(), at.into()];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// Everybody in a workspace, those who came first first.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Member>, Error> {
    tx.query(&LIST, &[workspace.into()])?.iter().map(read).collect()
}

/// Somebody in a workspace.
pub fn find(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    account: AccountId,
) -> Result<Option<Member>, Error> {
    tx.query_opt(&FIND, &[workspace.into(), account.into()])?.as_ref().map(read).transpose()
}

/// How many belong to a workspace.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Error> {
    tx.query_opt(&COUNT, &[workspace.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// Gives somebody another role; `false` when they do not have the one that was read.
pub fn set_role(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    account: AccountId,
    from: Role,
    to: Role,
) -> Result<bool, Error> {
    let params = [workspace.into(), account.into(), from.as_str().into(), to.as_str().into()];
    Ok(tx.execute(&SET_ROLE, &params)? == 1)
}

/// Removes somebody; `false` when they do not have the role that was read.
pub fn delete(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    account: AccountId,
    role: Role,
) -> Result<bool, Error> {
    let params = [workspace.into(), account.into(), role.as_str().into()];
    Ok(tx.execute(&DELETE, &params)? == 1)
}

/// Removes everybody.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<(), Error> {
    tx.execute(&DELETE_ALL, &[workspace.into()]).map(drop)
}

/// Removes somebody from every team.
pub fn delete_from_teams(tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
    tx.execute(&DELETE_FROM_TEAMS, &[account.into()]).map(drop)
}

/// Removes somebody from every workspace, their own included.
pub fn delete_of(tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
    tx.execute(&DELETE_OF, &[account.into()]).map(drop)
}

fn read(row: &Row) -> Result<Member, Error> {
    let email = Email::parse(row.text(1)?).map_err(|_| row.unexpected(1, "an email address"))?;
    let role = Role::from_stored(row.text(3)?);
    Ok(Member {
        account: AccountId::from_bytes(row.id16(0)?),
        email,
        name: row.opt_text(2)?.map(str::to_owned),
        role: role.ok_or_else(|| row.unexpected(3, "a role"))?,
        joined_at: row.timestamp(4)?,
    })
}
