//! Workspaces that get credits each month, as rows.

use bloom_domain::credits::{Amount, NEVER};
use bloom_domain::ids::WorkspaceId;
use bloom_domain::time::Timestamp;

use crate::credits::amount;
use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// What a workspace gets from now on.
    SET = "INSERT INTO monthly_credits (workspace_id, amount, anchor_at, ends_at, next_at) \
           VALUES (?1, ?2, ?3, ?4, ?3) ON CONFLICT (workspace_id) DO UPDATE SET \
           amount = excluded.amount, anchor_at = excluded.anchor_at, ends_at = excluded.ends_at, \
           next_at = excluded.next_at";
    /// What a workspace gets.
    FIND = "SELECT workspace_id, amount, anchor_at, ends_at, next_at FROM monthly_credits \
            WHERE workspace_id = ?1";
    /// Ends it, unless it ends before. What never comes again is not looked at again.
    STOP = "UPDATE monthly_credits SET ends_at = ?2, \
            next_at = CASE WHEN next_at >= ?2 THEN ?3 ELSE next_at END \
            WHERE workspace_id = ?1 AND ends_at > ?2";
    /// Those whose next credits are due.
    DUE = "SELECT workspace_id, amount, anchor_at, ends_at, next_at FROM monthly_credits \
           WHERE next_at <= ?1 AND next_at < ends_at ORDER BY next_at, workspace_id LIMIT ?2";
    /// Moves on to the next month.
    MOVE_ON = "UPDATE monthly_credits SET next_at = ?3 WHERE workspace_id = ?1 AND next_at = ?2";
}

/// Credits that come each month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthlyCredits {
    /// To whom.
    pub workspace: WorkspaceId,
    /// How many.
    pub amount: Amount,
    /// The beginning of the first month.
    pub anchor: Timestamp,
    /// From when on none come.
    pub ends: Timestamp,
    /// When the next come.
    pub next: Timestamp,
}

/// Sets what a workspace gets. The first come as soon as the anchor is reached.
pub fn set(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    amount: Amount,
    anchor: Timestamp,
    ends: Timestamp,
) -> Result<(), Error> {
    let params = [workspace.into(), amount.get().into(), anchor.into(), ends.into()];
    tx.execute(&SET, &params).map(drop)
}

/// What a workspace gets, if it gets any.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Option<MonthlyCredits>, Error> {
    tx.query_opt(&FIND, &[workspace.into()])?.as_ref().map(read).transpose()
}

/// Lets no more come from an instant on; `false` when none would.
pub fn stop(tx: &mut Tx<'_>, workspace: WorkspaceId, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&STOP, &[workspace.into(), at.into(), NEVER.into()])? == 1)
}

/// Those whose next credits are due.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<MonthlyCredits>, Error> {
    tx.query(&DUE, &[now.into(), limit.into()])?.iter().map(read).collect()
}

/// Moves on to the next month, or to none; `false` when somebody else did.
pub fn move_on(tx: &mut Tx<'_>, monthly: &MonthlyCredits, next: Timestamp) -> Result<bool, Error> {
    let next = if next < monthly.ends { next } else { NEVER };
    let params = [monthly.workspace.into(), monthly.next.into(), next.into()];
    Ok(tx.execute(&MOVE_ON, &params)? == 1)
}

fn read(row: &Row) -> Result<MonthlyCredits, Error> {
    Ok(MonthlyCredits {
        workspace: WorkspaceId::from_bytes(row.id16(0)?),
        amount: amount(row, 1)?,
        anchor: row.timestamp(2)?,
        ends: row.timestamp(3)?,
        next: row.timestamp(4)?,
    })
}
