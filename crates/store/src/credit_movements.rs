//! Movements of credits, as rows that are only ever added.

use bloom_domain::credits::{GrantKind, LedgerLine, Movement, MovementKind, Spender};
use bloom_domain::ids::{AccountId, CreditGrantId, CreditHoldId, WorkspaceId};
use bloom_domain::time::Timestamp;

use crate::credit_budgets::via;
use crate::credits::{TakenLedger, amount, apply};
use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// One more movement.
    INSERT = "INSERT INTO credit_movements (workspace_id, entry, line, grant_id, kind, amount, \
              available, held, debt, operation, hold_id, moved_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    /// A page of a workspace's movements, oldest first, with what each was for.
    PAGE_OF = "SELECT m.entry, m.line, m.grant_id, m.kind, m.amount, g.kind, g.source, m.operation, \
               m.hold_id, h.reference, h.account_id, h.via_kind, h.via_id, m.moved_at \
               FROM credit_movements m JOIN credit_grants g ON g.id = m.grant_id \
               LEFT JOIN credit_holds h ON h.id = m.hold_id \
               WHERE m.workspace_id = ?1 AND (m.entry, m.line) > (?2, ?3) \
               ORDER BY m.entry, m.line LIMIT ?4";
    /// The same, newest first.
    PAGE_BEFORE = "SELECT m.entry, m.line, m.grant_id, m.kind, m.amount, g.kind, g.source, m.operation, \
                   m.hold_id, h.reference, h.account_id, h.via_kind, h.via_id, m.moved_at \
                   FROM credit_movements m JOIN credit_grants g ON g.id = m.grant_id \
                   LEFT JOIN credit_holds h ON h.id = m.hold_id \
                   WHERE m.workspace_id = ?1 AND (m.entry, m.line) < (?2, ?3) \
                   ORDER BY m.entry DESC, m.line DESC LIMIT ?4";
}

/// What some movements were for.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// An operation, or what happened to the grant.
    pub operation: &'a str,
    /// The hold that they began or ended.
    pub hold: Option<CreditHoldId>,
    /// When.
    pub at: Timestamp,
}

/// Makes movements: changes the buckets and writes down that it did. A transaction that took a ledger
/// calls this once for it, since the lines of an entry are counted here.
pub fn record(
    tx: &mut Tx<'_>,
    ledger: &TakenLedger,
    cause: Cause<'_>,
    movements: &[Movement],
) -> Result<(), Error> {
    for (line, &movement) in (0_i64..).zip(movements) {
        apply(tx, ledger, movement)?;
        let deltas = movement.deltas();
        let params = [
            ledger.workspace.into(),
            ledger.entry.into(),
            line.into(),
            movement.grant.into(),
            movement.kind.as_str().into(),
            movement.amount.get().into(),
            deltas.available.into(),
            deltas.held.into(),
            deltas.debt.into(),
            cause.operation.into(),
            cause.hold.into(),
            cause.at.into(),
        ];
        tx.execute(&INSERT, &params)?;
    }
    Ok(())
}

/// The movements of a workspace after a place in its ledger, oldest first.
pub fn page_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<LedgerLine>, Error> {
    let params = [workspace.into(), after.0.into(), after.1.into(), limit.into()];
    tx.query(&PAGE_OF, &params)?.iter().map(read).collect()
}

/// The movements of a workspace before a place in its ledger, newest first.
pub fn page_before(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    before: (i64, i64),
    limit: i64,
) -> Result<Vec<LedgerLine>, Error> {
    let params = [workspace.into(), before.0.into(), before.1.into(), limit.into()];
    tx.query(&PAGE_BEFORE, &params)?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<LedgerLine, Error> {
    let kind = MovementKind::from_word(row.text(3)?);
    let grant_kind = GrantKind::from_word(row.text(5)?);
    let hold = match (row.opt_blob(8)?, row.opt_text(9)?) {
        (Some(_), Some(name)) => Some((CreditHoldId::from_bytes(row.id16(8)?), name.to_owned())),
        _ => None,
    };
    Ok(LedgerLine {
        entry: row.int(0)?,
        line: row.int(1)?,
        movement: Movement {
            grant: CreditGrantId::from_bytes(row.id16(2)?),
            kind: kind.ok_or_else(|| row.unexpected(3, "a kind of movement"))?,
            amount: amount(row, 4)?,
        },
        grant_kind: grant_kind.ok_or_else(|| row.unexpected(5, "a kind of credit grant"))?,
        grant_source: row.text(6)?.to_owned(),
        operation: row.text(7)?.to_owned(),
        spender: match hold {
            Some(_) => {
                Some(Spender { account: AccountId::from_bytes(row.id16(10)?), via: via(row, 11)? })
            }
            None => None,
        },
        hold,
        at: row.timestamp(13)?,
    })
}
