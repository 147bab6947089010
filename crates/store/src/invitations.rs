//! Invitations into workspaces, as rows: by the digest of the secret in their link.

use bloom_domain::digest::Digest;
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, InvitationId, WorkspaceId};
use bloom_domain::invitations::Invitation;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Role;

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new invitation.
    INSERT = "INSERT INTO invitations (id, workspace_id, email, role, digest, invited_by, created_at, \
              expires_at, is_mailed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    /// Those of a workspace that are good, newest first.
    LIST = "SELECT id, email, role, created_at, expires_at FROM invitations \
            WHERE workspace_id = ?1 AND expires_at > ?2 ORDER BY created_at DESC, id";
    /// One of a workspace.
    FIND = "SELECT id, email, role, created_at, expires_at FROM invitations \
            WHERE workspace_id = ?1 AND id = ?2";
    /// The good one with a digest, into a workspace that is there, and who sent it.
    FIND_BY_DIGEST = "SELECT i.id, i.email, i.role, i.created_at, i.expires_at, w.id, w.name, a.email, \
                      i.is_mailed \
                      FROM invitations i JOIN workspaces w ON w.id = i.workspace_id \
                      JOIN accounts a ON a.id = i.invited_by \
                      WHERE i.digest = ?1 AND i.expires_at > ?2 AND w.deleted_at IS NULL";
    /// How many of a workspace are good.
    COUNT = "SELECT count(*) FROM invitations WHERE workspace_id = ?1 AND expires_at > ?2";
    /// Ends one.
    DELETE = "DELETE FROM invitations WHERE workspace_id = ?1 AND id = ?2";
    /// Ends those to an address.
    DELETE_TO = "DELETE FROM invitations WHERE workspace_id = ?1 AND email = ?2";
    /// Ends all of a workspace.
    DELETE_ALL = "DELETE FROM invitations WHERE workspace_id = ?1";
    /// What somebody sent is taken back.
    DELETE_BY = "DELETE FROM invitations WHERE invited_by = ?1";
    /// Expired ones go, a batch at a time.
    DELETE_EXPIRED = "DELETE FROM invitations WHERE id IN \
                      (SELECT id FROM invitations WHERE expires_at <= ?1 LIMIT ?2)";
}

/// An invitation as whoever holds its link sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The invitation.
    pub invitation: Invitation,
    /// Where it leads.
    pub workspace: WorkspaceId,
    /// What that is called.
    pub workspace_name: String,
    /// Who sent it.
    pub invited_by: Email,
    /// Whether its link went to the address by mail, and nowhere else.
    pub is_mailed: bool,
}

/// Writes a new invitation, and whether its link goes to the address by mail, and nowhere else.
pub fn insert(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    invitation: &Invitation,
    digest: &Digest,
    (invited_by, is_mailed): (AccountId, bool),
) -> Result<(), Error> {
    let params = [
        invitation.id.into(),
        workspace.into(),
        invitation.email.as_str().into(),
        invitation.role.as_str().into(),
        digest.as_bytes().into(),
        invited_by.into(),
        invitation.created_at.into(),
        invitation.expires_at.into(),
        i64::from(is_mailed).into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The invitations into a workspace that are good at `now`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<Invitation>, Error> {
    tx.query(&LIST, &[workspace.into(), now.into()])?.iter().map(read).collect()
}

/// One invitation into a workspace.
pub fn find(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: InvitationId,
) -> Result<Option<Invitation>, Error> {
    tx.query_opt(&FIND, &[workspace.into(), id.into()])?.as_ref().map(read).transpose()
}

/// The invitation with a digest, if it is good at `now`.
pub fn find_by_digest(
    tx: &mut Tx<'_>,
    digest: &Digest,
    now: Timestamp,
) -> Result<Option<Found>, Error> {
    let row = tx.query_opt(&FIND_BY_DIGEST, &[digest.as_bytes().into(), now.into()])?;
    row.map(|row| {
        let by = Email::parse(row.text(7)?).map_err(|_| row.unexpected(7, "an email address"))?;
        Ok(Found {
            invitation: read(&row)?,
            workspace: WorkspaceId::from_bytes(row.id16(5)?),
            workspace_name: row.text(6)?.to_owned(),
            invited_by: by,
            is_mailed: row.int(8)? == 1,
        })
    })
    .transpose()
}

/// How many invitations into a workspace are good at `now`.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, now: Timestamp) -> Result<i64, Error> {
    let row = tx.query_opt(&COUNT, &[workspace.into(), now.into()])?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Ends an invitation; `false` when there is none.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: InvitationId) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[workspace.into(), id.into()])? == 1)
}

/// Ends every invitation of an address into a workspace.
pub fn delete_to(tx: &mut Tx<'_>, workspace: WorkspaceId, email: &Email) -> Result<(), Error> {
    tx.execute(&DELETE_TO, &[workspace.into(), email.as_str().into()]).map(drop)
}

/// Ends every invitation into a workspace.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<(), Error> {
    tx.execute(&DELETE_ALL, &[workspace.into()]).map(drop)
}

/// Takes back every invitation that somebody sent.
pub fn delete_by(tx: &mut Tx<'_>, invited_by: AccountId) -> Result<(), Error> {
    tx.execute(&DELETE_BY, &[invited_by.into()]).map(drop)
}

/// Deletes at most `limit` invitations that ended by `now`.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_EXPIRED, &[now.into(), limit.into()])
}

fn read(row: &Row) -> Result<Invitation, Error> {
    let email = Email::parse(row.text(1)?).map_err(|_| row.unexpected(1, "an email address"))?;
    let role = Role::from_stored(row.text(2)?);
    Ok(Invitation {
        id: InvitationId::from_bytes(row.id16(0)?),
        email,
        role: role.ok_or_else(|| row.unexpected(2, "a role"))?,
        created_at: row.timestamp(3)?,
        expires_at: row.timestamp(4)?,
    })
}
