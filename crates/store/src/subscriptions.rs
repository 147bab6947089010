//! Subscriptions, as rows.

use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::subscriptions::{Snapshot, Subscription, SubscriptionState, Version};

use crate::statement::statements;
use crate::{Error, Row, Tx, Value};

/// The columns that [`read`] reads.
macro_rules! columns {
    () => {
        "s.reference, s.workspace_id, s.plan, s.state, s.anchor_at, s.period_start_at, \
         s.period_end_at, s.created_at, s.seen_at, s.version, s.paid_until_at, s.paid_at, \
         s.failed_at, s.price"
    };
}

statements! {
    /// Takes the row of a subscription until the end of the transaction.
    TAKE = "INSERT INTO subscriptions AS s (reference, paid_until_at, paid_at, failed_at) \
            VALUES (?1, 0, 0, 0) ON CONFLICT (reference) DO UPDATE SET reference = excluded.reference \
            RETURNING reference, workspace_id, plan, state, anchor_at, period_start_at, \
            period_end_at, created_at, seen_at, version, paid_until_at, paid_at, failed_at, \
            price";
    /// All that is known of it.
    WRITE = "UPDATE subscriptions SET workspace_id = ?2, plan = ?3, state = ?4, anchor_at = ?5, \
             period_start_at = ?6, period_end_at = ?7, created_at = ?8, seen_at = ?9, version = ?10, \
             paid_until_at = ?11, paid_at = ?12, failed_at = ?13, price = ?14 WHERE reference = ?1";
    /// One of them.
    FIND = concat!("SELECT ", columns!(), " FROM subscriptions s WHERE s.reference = ?1");
    /// Forgets one.
    DELETE = "DELETE FROM subscriptions WHERE reference = ?1";
    /// Those of a workspace.
    LIST_OF = concat!("SELECT ", columns!(), " FROM subscriptions s WHERE s.workspace_id = ?1 \
               ORDER BY s.reference");
    /// Those of every workspace that a person belongs to, and the workspaces that have none.
    LIST_FOR = concat!("SELECT ", columns!(), ", w.id, w.deleted_at FROM members m \
                JOIN workspaces w ON w.id = m.workspace_id \
                LEFT JOIN subscriptions s ON s.workspace_id = w.id \
                WHERE m.account_id = ?1 ORDER BY w.id, s.reference");
    /// Which plans there are subscriptions to that are not over, and how many of each.
    COUNT_BY_PLAN = "SELECT plan, count(*) FROM subscriptions \
                     WHERE plan IS NOT NULL AND state <> 'canceled' AND workspace_id IS NOT NULL \
                     GROUP BY plan ORDER BY plan";
}

/// A workspace of a person, and its subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// Which one.
    pub workspace: WorkspaceId,
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// All of them.
    pub subscriptions: Vec<Subscription>,
}

/// Takes a subscription: what is read of it stays true until the transaction ends. One that is unknown
/// is made, with nothing known of it.
pub fn take(tx: &mut Tx<'_>, reference: &str) -> Result<Subscription, Error> {
    let row = tx.query_opt(&TAKE, &[reference.into()])?;
    row.as_ref()
        .map(read)
        .transpose()?
        .ok_or_else(|| Error::Internal("a subscription was not taken".to_owned()))
}

/// A subscription, when it was heard of.
pub fn find(tx: &mut Tx<'_>, reference: &str) -> Result<Option<Subscription>, Error> {
    tx.query_opt(&FIND, &[reference.into()])?.as_ref().map(read).transpose()
}

/// Writes a subscription that this transaction has taken.
pub fn write(tx: &mut Tx<'_>, subscription: &Subscription) -> Result<(), Error> {
    let latest = subscription.latest.as_ref();
    let of = |value: fn(&Snapshot) -> Value| latest.map_or(Value::Null, value);
    let params = [
        subscription.reference.as_str().into(),
        subscription.workspace.into(),
        of(|latest| latest.plan.as_str().into()),
        of(|latest| latest.state.as_str().into()),
        of(|latest| latest.anchor.into()),
        of(|latest| latest.period.0.into()),
        of(|latest| latest.period.1.into()),
        of(|latest| latest.created.into()),
        of(|latest| latest.at.into()),
        of(|latest| latest.version.as_str().into()),
        subscription.paid_until.into(),
        subscription.paid_at.into(),
        subscription.failed_at.into(),
        of(|latest| latest.price.as_str().into()),
    ];
    tx.execute(&WRITE, &params).map(drop)
}

/// Forgets a subscription; `false` when there was none.
pub fn delete(tx: &mut Tx<'_>, reference: &str) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[reference.into()])? == 1)
}

/// The subscriptions of a workspace.
pub fn list_of(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Subscription>, Error> {
    tx.query(&LIST_OF, &[workspace.into()])?.iter().map(read).collect()
}

/// Every workspace that a person belongs to, with its subscriptions.
pub fn list_for(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Subscribed>, Error> {
    let mut all: Vec<Subscribed> = Vec::new();
    for row in tx.query(&LIST_FOR, &[account.into()])? {
        let workspace = WorkspaceId::from_bytes(row.id16(14)?);
        if all.last().is_none_or(|last| last.workspace != workspace) {
            let is_deleted = row.opt_timestamp(15)?.is_some();
            all.push(Subscribed { workspace, is_deleted, subscriptions: Vec::new() });
        }
        if let (Some(last), Some(_)) = (all.last_mut(), row.opt_text(0)?) {
            last.subscriptions.push(read(&row)?);
        }
    }
    Ok(all)
}

/// The plans of subscriptions that are not over, and how many there are of each.
pub fn count_by_plan(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, Error> {
    let rows = tx.query(&COUNT_BY_PLAN, &[])?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}

fn read(row: &Row) -> Result<Subscription, Error> {
    let workspace = match row.opt_blob(1)? {
        Some(_) => Some(WorkspaceId::from_bytes(row.id16(1)?)),
        None => None,
    };
    Ok(Subscription {
        reference: row.text(0)?.to_owned(),
        workspace,
        latest: if row.opt_text(2)?.is_some() { Some(snapshot(row)?) } else { None },
        paid_until: row.timestamp(10)?,
        paid_at: row.timestamp(11)?,
        failed_at: row.timestamp(12)?,
    })
}

fn snapshot(row: &Row) -> Result<Snapshot, Error> {
    let state = SubscriptionState::from_stored(row.text(3)?);
    Ok(Snapshot {
        plan: row.text(2)?.to_owned(),
        price: row.text(13)?.to_owned(),
        state: state.ok_or_else(|| row.unexpected(3, "a state of a subscription"))?,
        anchor: row.timestamp(4)?,
        period: (row.timestamp(5)?, row.timestamp(6)?),
        created: row.timestamp(7)?,
        at: row.timestamp(8)?,
        version: Version::from_stored(row.text(9)?),
    })
}
