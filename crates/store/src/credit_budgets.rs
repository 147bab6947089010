//! Budgets of keys and apps, and what counts against each, as rows: what was spent with it, and with what it
//! made.

use bloom_domain::credits::{Budget, Cap, ChargedVia, Spender, Spending, UsageDay};
use bloom_domain::ids::{AccountId, ApiKeyId, ConnectionId};
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx, Value};

statements! {
    /// Takes a budget: nobody else decides by it until the transaction ends.
    TAKE = "UPDATE credit_budgets SET account_id = account_id WHERE via_kind = ?1 AND via_id = ?2 \
            RETURNING day_cap, month_cap, total_cap";
    /// The budget of a credential.
    FIND = "SELECT day_cap, month_cap, total_cap FROM credit_budgets \
            WHERE via_kind = ?1 AND via_id = ?2";
    /// Sets the budget of a credential.
    PUT = "INSERT INTO credit_budgets (via_kind, via_id, account_id, day_cap, month_cap, total_cap) \
           VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (via_kind, via_id) \
           DO UPDATE SET day_cap = ?4, month_cap = ?5, total_cap = ?6";
    /// A credential without a budget.
    DELETE = "DELETE FROM credit_budgets WHERE via_kind = ?1 AND via_id = ?2";
    /// Every budget of an account.
    LIST_OF = "SELECT via_kind, via_id, day_cap, month_cap, total_cap FROM credit_budgets \
               WHERE account_id = ?1";
    /// What was spent with a credential and with what it made: on a day, since a day, ever.
    SPENT = "SELECT \
        CAST(COALESCE(SUM(CASE WHEN day = ?4 THEN credits ELSE 0 END), 0) AS BIGINT), \
        CAST(COALESCE(SUM(CASE WHEN day >= ?5 AND day <= ?4 THEN credits ELSE 0 END), 0) AS BIGINT), \
        CAST(COALESCE(SUM(credits), 0) AS BIGINT) \
        FROM (SELECT day, credits FROM credit_spending \
        WHERE account_id = ?1 AND via_kind = ?2 AND via_id = ?3 \
        UNION ALL SELECT day, credits FROM credit_spending_of_made \
        WHERE account_id = ?1 AND via_kind = ?2 AND via_id = ?3) s";
    /// The same of every credential of an account.
    SPENT_OF = "SELECT via_kind, via_id, \
        CAST(SUM(CASE WHEN day = ?2 THEN credits ELSE 0 END) AS BIGINT), \
        CAST(SUM(CASE WHEN day >= ?3 AND day <= ?2 THEN credits ELSE 0 END) AS BIGINT), \
        CAST(SUM(credits) AS BIGINT), CAST(SUM(of_made) AS BIGINT) \
        FROM (SELECT via_kind, via_id, day, credits, 0 AS of_made FROM credit_spending \
        WHERE account_id = ?1 \
        UNION ALL SELECT via_kind, via_id, day, credits, credits FROM credit_spending_of_made \
        WHERE account_id = ?1) s GROUP BY via_kind, via_id";
}

/// Takes the budget of a credential, if it has one. What is read of its spending afterwards stays true
/// until the transaction ends.
pub fn take(tx: &mut Tx<'_>, via: ChargedVia) -> Result<Option<Budget>, Error> {
    // Where nobody else writes, whoever has read it has taken it.
    let statement = if tx.is_only_writer() { &FIND } else { &TAKE };
    tx.query_opt(statement, &key(via))?.map(|row| budget(&row, 0)).transpose()
}

/// The budget of a credential; none limits nothing.
pub fn find(tx: &mut Tx<'_>, via: ChargedVia) -> Result<Budget, Error> {
    let found = tx.query_opt(&FIND, &key(via))?.map(|row| budget(&row, 0)).transpose()?;
    Ok(found.unwrap_or_default())
}

/// Sets the budget of a credential.
pub fn put(tx: &mut Tx<'_>, of: Spender, budget: &Budget) -> Result<(), Error> {
    let [kind, id] = key(of.via);
    if budget.is_none() {
        return tx.execute(&DELETE, &[kind, id]).map(drop);
    }
    let [day, month, total] = [budget.day, budget.month, budget.total].map(stored);
    tx.execute(&PUT, &[kind, id, of.account.into(), day, month, total]).map(drop)
}

/// Every budget of an account.
pub fn list_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<(ChargedVia, Budget)>, Error> {
    let rows = tx.query(&LIST_OF, &[account.into()])?;
    rows.iter().map(|row| Ok((via(row, 0)?, budget(row, 2)?))).collect()
}

/// What was spent with a credential, and with what it made, in the spans in which an instant lies.
pub fn spent(tx: &mut Tx<'_>, of: Spender, now: Timestamp) -> Result<Spending, Error> {
    let [kind, id] = key(of.via);
    let [today, month] = days(now);
    let row = tx.query_opt(&SPENT, &[of.account.into(), kind, id, today, month])?;
    row.map_or_else(|| Ok(Spending::default()), |row| spending(&row, 0))
}

/// What was spent with each credential of an account and with what it made, and how much of that with what it
/// made.
pub fn spent_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<(ChargedVia, Spending, i64)>, Error> {
    let [today, month] = days(now);
    let rows = tx.query(&SPENT_OF, &[account.into(), today, month])?;
    rows.iter().map(|row| Ok((via(row, 0)?, spending(row, 2)?, row.int(5)?))).collect()
}

/// A credential as it is stored: its kind and its id.
pub(crate) fn key(via: ChargedVia) -> [Value; 2] {
    match via {
        ChargedVia::ApiKey(id) => ["api_key".into(), id.into()],
        ChargedVia::Connection(id) => ["connection".into(), id.into()],
    }
}

/// The credential whose kind is at an index and whose id is at the next.
pub(crate) fn via(row: &Row, index: usize) -> Result<ChargedVia, Error> {
    let id = row.id16(index + 1)?;
    match row.text(index)? {
        "api_key" => Ok(ChargedVia::ApiKey(ApiKeyId::from_bytes(id))),
        "connection" => Ok(ChargedVia::Connection(ConnectionId::from_bytes(id))),
        _ => Err(row.unexpected(index, "a kind of credential")),
    }
}

fn stored(cap: Option<Cap>) -> Value {
    cap.map_or(Value::Null, |cap| cap.get().into())
}

fn days(now: Timestamp) -> [Value; 2] {
    [UsageDay::of(now), UsageDay::month_of(now)].map(|day| day.get().into())
}

fn budget(row: &Row, from: usize) -> Result<Budget, Error> {
    let cap = |index| {
        let cap = row.opt_int(index)?.map(Cap::new).transpose();
        cap.map_err(|_| row.unexpected(index, "a cap of credits"))
    };
    Ok(Budget { day: cap(from)?, month: cap(from + 1)?, total: cap(from + 2)? })
}

fn spending(row: &Row, from: usize) -> Result<Spending, Error> {
    Ok(Spending { day: row.int(from)?, month: row.int(from + 1)?, total: row.int(from + 2)? })
}
