//! The audit, as rows of a chain.

use aws_lc_rs::digest::{SHA256, digest};
use bloom_domain::audit::{Actor, BEGINNING, Details, Event, Hash, Link, Record, Subject, Whose};
use bloom_domain::ids::{AccountId, WorkspaceId};

use crate::statement::statements;
use crate::{Error, Row, Tx, Value};

statements! {
    /// The chain begins.
    BEGIN = "INSERT INTO audit_head (id, number, hash) VALUES (1, 0, ?1) ON CONFLICT DO NOTHING";
    /// Takes the end of the chain until the transaction ends, where others write, too.
    TAKE = "UPDATE audit_head SET number = number WHERE id = 1 RETURNING number, hash";
    /// Moves the end of the chain.
    MOVE = "UPDATE audit_head SET number = ?1, hash = ?2 WHERE id = 1";
    /// The end of the chain.
    HEAD = "SELECT number, hash FROM audit_head WHERE id = 1";
    /// A new record.
    INSERT = "INSERT INTO audit_records (number, at, action, actor_kind, actor_id, subject_kind, \
              subject_id, account_id, workspace_id, details, salt, details_hash, hash) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    /// A stretch of the chain, in its order.
    LIST_FROM = "SELECT number, at, action, actor_kind, actor_id, subject_kind, subject_id, account_id, \
                 workspace_id, details, salt, details_hash, hash FROM audit_records \
                 WHERE number > ?1 ORDER BY number LIMIT ?2";
    /// The newest records before one.
    LIST_BEFORE = "SELECT number, at, action, actor_kind, actor_id, subject_kind, subject_id, account_id, \
                   workspace_id, details, salt, details_hash, hash FROM audit_records \
                   WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
    /// The newest records of an account before one.
    LIST_OF = "SELECT number, at, action, actor_kind, actor_id, subject_kind, subject_id, account_id, \
               workspace_id, details, salt, details_hash, hash FROM audit_records \
               WHERE account_id = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3";
    /// The newest records before one that are an account's, or of what its person did to others. Each half goes by an
    /// index of its own.
    LIST_BY_OR_OF = "SELECT number, at, action, actor_kind, actor_id, subject_kind, subject_id, account_id, \
               workspace_id, details, salt, details_hash, hash FROM audit_records WHERE number IN (\
               SELECT number FROM (SELECT number FROM audit_records WHERE account_id = ?1 AND number < ?2 \
               ORDER BY number DESC LIMIT ?3) own \
               UNION ALL \
               SELECT number FROM (SELECT number FROM audit_records WHERE actor_kind = 'person' \
               AND actor_id = ?1 AND actor_id <> account_id AND number < ?2 \
               ORDER BY number DESC LIMIT ?3) done) ORDER BY number DESC LIMIT ?3";
    /// The newest records of a workspace before one.
    LIST_OF_WORKSPACE = "SELECT number, at, action, actor_kind, actor_id, subject_kind, subject_id, account_id, \
               workspace_id, details, salt, details_hash, hash FROM audit_records \
               WHERE workspace_id = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3";
    /// What may be personal in the records of a stretch that are an account's, or that its person made.
    ERASE = "UPDATE audit_records SET details = NULL, salt = NULL \
             WHERE number > ?2 AND number <= ?3 AND details IS NOT NULL \
             AND (account_id = ?1 OR actor_kind = 'person' AND actor_id = ?1)";
}

/// The end of the chain: the number of the last record, and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many records there are.
    pub number: i64,
    /// What the next record will be chained to.
    pub hash: Hash,
}

/// Appends what a transaction has recorded; the last thing it does, so that nobody else waits for the
/// end of the chain longer than it takes to commit, and whoever holds it waits for nobody.
pub(crate) fn append(tx: &mut Tx<'_>, events: &[Event]) -> Result<(), Error> {
    let mut end = match take(tx)? {
        Some(head) => head,
        None => {
            tx.execute(&BEGIN, &[BEGINNING.as_slice().into()])?;
            let no_head = || Error::Internal("the audit has no end to append to".to_owned());
            take(tx)?.ok_or_else(no_head)?
        }
    };
    for event in events {
        let link = Link::of(event, details_hash(&event.details));
        let number = end.number + 1;
        end = Head { number, hash: hash(&link, number, &end.hash) };
        insert(tx, number, &link, &event.details, &end.hash)?;
    }
    tx.execute(&MOVE, &[end.number.into(), end.hash.as_slice().into()]).map(drop)
}

/// The end of the chain, for this transaction alone until it ends.
fn take(tx: &mut Tx<'_>) -> Result<Option<Head>, Error> {
    let statement = if tx.is_only_writer() { &HEAD } else { &TAKE };
    tx.query_opt(statement, &[])?.as_ref().map(read_head).transpose()
}

fn insert(
    tx: &mut Tx<'_>,
    number: i64,
    link: &Link,
    details: &Details,
    hash: &Hash,
) -> Result<(), Error> {
    let params = [
        number.into(),
        link.at.into(),
        link.action.as_str().into(),
        link.actor.kind().into(),
        link.actor.id().into(),
        link.subject.kind().into(),
        link.subject.id().into(),
        link.whose.account.as_ref().map_or(Value::Null, |id| id.as_bytes().as_slice().into()),
        link.whose.workspace.as_ref().map_or(Value::Null, |id| id.as_bytes().as_slice().into()),
        details.json.as_str().into(),
        details.salt.as_slice().into(),
        link.details_hash.as_slice().into(),
        hash.as_slice().into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The hash that a record must have after one with the hash `previous`.
#[must_use]
pub fn hash(link: &Link, number: i64, previous: &Hash) -> Hash {
    sha256(&link.preimage(number, previous))
}

/// The hash that stands for details in the chain.
#[must_use]
pub fn details_hash(details: &Details) -> Hash {
    sha256(&details.preimage())
}

fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = BEGINNING;
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// The end of the chain.
pub fn head(tx: &mut Tx<'_>) -> Result<Head, Error> {
    let head = tx.query_opt(&HEAD, &[])?.as_ref().map(read_head).transpose()?;
    Ok(head.unwrap_or(Head { number: 0, hash: BEGINNING }))
}

/// At most `limit` records after the one with a number, oldest first.
pub fn list_from(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Record>, Error> {
    tx.query(&LIST_FROM, &[after.into(), limit.into()])?.iter().map(read).collect()
}

/// Which records are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// All.
    Everybody,
    /// An account's.
    Account(AccountId),
    /// An account's, and what its person did to others.
    Person(AccountId),
    /// A workspace's.
    Workspace(WorkspaceId),
}

/// At most `limit` records before the one with a number, newest first.
pub fn list_before(tx: &mut Tx<'_>, of: Of, before: i64, limit: i64) -> Result<Vec<Record>, Error> {
    let (before, limit) = (before.into(), limit.into());
    let rows = match of {
        Of::Everybody => tx.query(&LIST_BEFORE, &[before, limit])?,
        Of::Account(account) => tx.query(&LIST_OF, &[account.into(), before, limit])?,
        Of::Person(account) => tx.query(&LIST_BY_OR_OF, &[account.into(), before, limit])?,
        Of::Workspace(workspace) => {
            tx.query(&LIST_OF_WORKSPACE, &[workspace.into(), before, limit])?
        }
    };
    rows.iter().map(read).collect()
}

/// Erases what may be personal in the records after one number up to another that are an account's, or that its
/// person made. The chain holds without it.
pub fn erase(tx: &mut Tx<'_>, account: AccountId, after: i64, until: i64) -> Result<(), Error> {
    tx.execute(&ERASE, &[account.into(), after.into(), until.into()]).map(drop)
}

fn read_head(row: &Row) -> Result<Head, Error> {
    Ok(Head { number: row.int(0)?, hash: row.bytes(1)? })
}

fn read(row: &Row) -> Result<Record, Error> {
    let actor = Actor::from_stored(row.text(3)?, row.blob(4)?);
    let subject = Subject::from_stored(row.text(5)?, row.blob(6)?);
    let id = |index| row.opt_blob(index)?.map(|_| row.id16(index)).transpose();
    let whose = Whose {
        account: id(7)?.map(AccountId::from_bytes),
        workspace: id(8)?.map(WorkspaceId::from_bytes),
    };
    let details = match (row.opt_text(9)?, row.opt_blob(10)?) {
        (Some(json), Some(_)) => Some(Details { json: json.to_owned(), salt: row.bytes(10)? }),
        _ => None,
    };
    Ok(Record {
        number: row.int(0)?,
        event: Link {
            at: row.timestamp(1)?,
            action: row.text(2)?.to_owned(),
            actor: actor.ok_or_else(|| row.unexpected(3, "who does something"))?,
            subject: subject.ok_or_else(|| row.unexpected(5, "what something is done to"))?,
            whose,
            details_hash: row.bytes(11)?,
        },
        details,
        hash: row.bytes(12)?,
    })
}
