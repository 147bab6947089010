//! The ledger of a workspace and its credit grants, as rows.

use bloom_domain::credits::{Amount, Buckets, CreditGrant, GrantKind, Movement, Standing};
use bloom_domain::ids::{CreditGrantId, WorkspaceId};
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx, Value};

/// The columns that [`read`] reads.
macro_rules! grant_columns {
    () => {
        "g.id, g.workspace_id, g.kind, g.source, g.effective_at, g.expires_at, g.amount, \
         g.reclaimed, g.available, g.held, g.spent, g.expired, g.taken_back"
    };
}
pub(crate) use grant_columns;

/// Counts another entry of a ledger.
macro_rules! next_entry {
    () => {
        "UPDATE credit_ledgers SET entry = entry + 1 WHERE workspace_id = ?1"
    };
}

/// Moves credits between the buckets of a grant, as long as they are there.
macro_rules! move_credits {
    () => {
        "UPDATE credit_grants SET available = available + ?2, held = held + ?3, spent = spent + ?4, \
         expired = expired + ?5, taken_back = taken_back + ?6 \
         WHERE id = ?1 AND available + ?2 >= 0 AND held + ?3 >= 0"
    };
}

statements! {
    /// Takes a ledger: nobody else writes in it until the transaction ends.
    TAKE = concat!(next_entry!(), " RETURNING entry, debt");
    /// The same where nobody else writes anyway: there, giving back what was written costs more than reading it.
    NEXT_ENTRY = next_entry!();
    /// What there is of it.
    LEDGER = "SELECT entry, debt FROM credit_ledgers WHERE workspace_id = ?1";
    /// Takes one that may not be there yet.
    BEGIN = "INSERT INTO credit_ledgers (workspace_id, entry, debt) VALUES (?1, 1, 0) \
             ON CONFLICT (workspace_id) DO UPDATE SET entry = credit_ledgers.entry + 1 \
             RETURNING entry, debt";
    /// Changes the debt, which is never below zero.
    CHANGE_DEBT = "UPDATE credit_ledgers SET debt = debt + ?2 \
                   WHERE workspace_id = ?1 AND debt + ?2 >= 0";
    /// A new grant, all of it available, unless its source has one.
    INSERT = "INSERT INTO credit_grants (id, workspace_id, kind, source, effective_at, expires_at, \
              amount, reclaimed, available, held, spent, expired, taken_back, is_open) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?7, 0, 0, 0, 0, 1) ON CONFLICT DO NOTHING";
    /// Moves credits between the buckets of a grant, as long as they are there; gives what can still be moved.
    /// No index looks at a bucket, so that none is written.
    MOVE = concat!(move_credits!(), " RETURNING available + held");
    /// The same where nobody else writes anyway.
    MOVE_ALONE = move_credits!();
    /// What can still be moved of a grant.
    LEFT = "SELECT available + held FROM credit_grants WHERE id = ?1";
    /// Notes whether something of a grant is available or held.
    SET_OPEN = "UPDATE credit_grants SET is_open = ?2 WHERE id = ?1";
    /// Notes for how many credits the money was given back.
    RECLAIM = "UPDATE credit_grants SET reclaimed = ?3 WHERE id = ?1 AND reclaimed = ?2";
    /// What can be spent: grants with something available that have not ended.
    SPENDABLE = concat!("SELECT ", grant_columns!(), " FROM credit_grants g \
                 WHERE g.workspace_id = ?1 AND g.is_open = 1 AND g.available > 0 \
                 AND g.effective_at <= ?2 AND g.expires_at > ?2");
    /// The first of them to end.
    NEXT_TO_END = concat!("SELECT ", grant_columns!(), " FROM credit_grants g \
                   WHERE g.workspace_id = ?1 AND g.is_open = 1 AND g.available > 0 \
                   AND g.effective_at <= ?2 AND g.expires_at > ?2 ORDER BY g.expires_at, g.id LIMIT ?3");
    /// What has ended with something left.
    ENDED = concat!("SELECT ", grant_columns!(), " FROM credit_grants g \
             WHERE g.workspace_id = ?1 AND g.is_open = 1 AND g.available > 0 \
             AND g.expires_at <= ?2 ORDER BY g.expires_at, g.id LIMIT ?3");
    /// Workspaces with something that has ended and is not written off.
    DUE = "SELECT DISTINCT workspace_id FROM credit_grants \
           WHERE is_open = 1 AND available > 0 AND expires_at <= ?1 ORDER BY workspace_id LIMIT ?2";
    /// The grant of a source.
    FIND_BY_SOURCE = concat!("SELECT ", grant_columns!(), " FROM credit_grants g WHERE g.source = ?1");
    /// Every grant of a workspace, oldest first.
    LIST_OF = concat!("SELECT ", grant_columns!(), " FROM credit_grants g \
               WHERE g.workspace_id = ?1 ORDER BY g.id");
    /// What a workspace has: looks only at grants that still count.
    STANDING = "SELECT \
        CAST(COALESCE(SUM(CASE WHEN effective_at <= ?2 AND expires_at > ?2 \
            THEN available ELSE 0 END), 0) AS BIGINT), \
        CAST(COALESCE(SUM(held), 0) AS BIGINT), \
        CAST(COALESCE(SUM(CASE WHEN effective_at <= ?2 AND expires_at > ?2 AND kind = 'monthly' \
            THEN available ELSE 0 END), 0) AS BIGINT), \
        CAST(COALESCE(SUM(CASE WHEN effective_at <= ?2 AND expires_at > ?2 AND kind = 'topup' \
            THEN available ELSE 0 END), 0) AS BIGINT), \
        COALESCE((SELECT l.debt FROM credit_ledgers l WHERE l.workspace_id = ?1), 0) \
        FROM credit_grants WHERE workspace_id = ?1 AND is_open = 1";
}

/// A ledger that this transaction has taken.
#[derive(Debug, Clone, Copy)]
pub struct TakenLedger {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The number of the entry that is written.
    pub entry: i64,
    /// What is owed.
    pub debt: i64,
}

/// Takes the ledger of a workspace. What is read of it afterwards stays true until the transaction ends.
pub fn take(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<TakenLedger, Error> {
    let key = [workspace.into()];
    let known = match tx.is_only_writer() {
        false => tx.query_opt(&TAKE, &key)?,
        true if tx.execute(&NEXT_ENTRY, &key)? == 1 => tx.query_opt(&LEDGER, &key)?,
        true => None,
    };
    // Most ledgers are there. To begin one that somebody else begins at the same time is to take it.
    let row = match known {
        Some(row) => row,
        None => {
            let begun = tx.query_opt(&BEGIN, &key)?;
            begun.ok_or_else(|| Error::Internal("a ledger was not taken".to_owned()))?
        }
    };
    Ok(TakenLedger { workspace, entry: row.int(0)?, debt: row.int(1)? })
}

/// Writes a new grant, all of it available; `false` when its source has one.
pub fn insert(tx: &mut Tx<'_>, grant: &CreditGrant) -> Result<bool, Error> {
    let params = [
        grant.id.into(),
        grant.workspace.into(),
        grant.kind.as_str().into(),
        grant.source.as_str().into(),
        grant.effective.into(),
        grant.expires.into(),
        grant.amount.get().into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// Changes buckets and debt as a movement says.
pub(crate) fn apply(
    tx: &mut Tx<'_>,
    ledger: &TakenLedger,
    movement: Movement,
) -> Result<(), Error> {
    let deltas = movement.deltas();
    let changes = [deltas.available, deltas.held, deltas.spent, deltas.expired, deltas.taken_back];
    // A new grant was inserted with all of it available.
    let is_new = movement.kind == bloom_domain::credits::MovementKind::Granted;
    if !is_new && changes != [0; 5] {
        let [available, held, spent, expired, taken_back] = changes.map(Into::into);
        let params = [movement.grant.into(), available, held, spent, expired, taken_back];
        let left = moved(tx, &params)?.ok_or(Error::Conflict)?.int(0)?;
        let before = left - deltas.available - deltas.held;
        if (before > 0) != (left > 0) {
            guarded(tx.execute(&SET_OPEN, &[movement.grant.into(), i64::from(left > 0).into()])?)?;
        }
    }
    if deltas.debt != 0 {
        let params = [ledger.workspace.into(), deltas.debt.into()];
        guarded(tx.execute(&CHANGE_DEBT, &params)?)?;
    }
    Ok(())
}

/// Moves credits of a grant; gives what can still be moved, or nothing when they are not there.
fn moved(tx: &mut Tx<'_>, params: &[Value; 6]) -> Result<Option<Row>, Error> {
    if !tx.is_only_writer() {
        return tx.query_opt(&MOVE, params);
    }
    match tx.execute(&MOVE_ALONE, params)? {
        1 => tx.query_opt(&LEFT, &params[..1]),
        _ => Ok(None),
    }
}

/// Notes for how many credits of a grant the money was given back.
pub fn reclaim(tx: &mut Tx<'_>, id: CreditGrantId, before: i64, after: i64) -> Result<(), Error> {
    guarded(tx.execute(&RECLAIM, &[id.into(), before.into(), after.into()])?)
}

/// The grants of a workspace from which something can be spent, in no order.
pub fn spendable(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<CreditGrant>, Error> {
    read_all(&tx.query(&SPENDABLE, &[workspace.into(), now.into()])?)
}

/// The first so many of them to end.
pub fn next_to_end(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<CreditGrant>, Error> {
    read_all(&tx.query(&NEXT_TO_END, &[workspace.into(), now.into(), limit.into()])?)
}

/// Grants of a workspace that have ended with something left.
pub fn ended(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<CreditGrant>, Error> {
    read_all(&tx.query(&ENDED, &[workspace.into(), now.into(), limit.into()])?)
}

/// Workspaces with something that has ended and is not written off.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<WorkspaceId>, Error> {
    let rows = tx.query(&DUE, &[now.into(), limit.into()])?;
    rows.iter().map(|row| Ok(WorkspaceId::from_bytes(row.id16(0)?))).collect()
}

/// The grant of a source.
pub fn find_by_source(tx: &mut Tx<'_>, source: &str) -> Result<Option<CreditGrant>, Error> {
    tx.query_opt(&FIND_BY_SOURCE, &[source.into()])?.map(|row| read(&row, 0)).transpose()
}

/// Every grant of a workspace, oldest first.
pub fn list_of(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<CreditGrant>, Error> {
    read_all(&tx.query(&LIST_OF, &[workspace.into()])?)
}

/// What a workspace has.
pub fn standing(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Standing, Error> {
    let Some(row) = tx.query_opt(&STANDING, &[workspace.into(), now.into()])? else {
        return Ok(Standing::default());
    };
    Ok(Standing {
        available: row.int(0)?,
        held: row.int(1)?,
        monthly: row.int(2)?,
        topup: row.int(3)?,
        debt: row.int(4)?,
    })
}

/// A guard that did not hold, though the ledger is taken: somebody wrote without taking it.
pub(crate) fn guarded(rows: u64) -> Result<(), Error> {
    if rows == 1 { Ok(()) } else { Err(Error::Conflict) }
}

fn read_all(rows: &[Row]) -> Result<Vec<CreditGrant>, Error> {
    rows.iter().map(|row| read(row, 0)).collect()
}

/// The grant whose columns begin at an index.
pub(crate) fn read(row: &Row, from: usize) -> Result<CreditGrant, Error> {
    let at = |index| from + index;
    let kind = GrantKind::from_word(row.text(at(2))?);
    Ok(CreditGrant {
        id: CreditGrantId::from_bytes(row.id16(at(0))?),
        workspace: WorkspaceId::from_bytes(row.id16(at(1))?),
        kind: kind.ok_or_else(|| row.unexpected(at(2), "a kind of credit grant"))?,
        source: row.text(at(3))?.to_owned(),
        effective: row.timestamp(at(4))?,
        expires: row.timestamp(at(5))?,
        amount: amount(row, at(6))?,
        reclaimed: row.int(at(7))?,
        buckets: Buckets {
            available: row.int(at(8))?,
            held: row.int(at(9))?,
            spent: row.int(at(10))?,
            expired: row.int(at(11))?,
            taken_back: row.int(at(12))?,
        },
    })
}

/// The amount in a column.
pub(crate) fn amount(row: &Row, index: usize) -> Result<Amount, Error> {
    Amount::new(row.int(index)?).map_err(|_| row.unexpected(index, "an amount of credits"))
}
