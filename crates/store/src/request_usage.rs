//! How many requests were admitted with each credential, as rows: one for each of its days.

use bloom_domain::credits::{Spender, UsageDay};
use bloom_domain::ids::AccountId;
use bloom_domain::request_usage::{DayCount, RequestTotals, RequestUsage};

use crate::credit_budgets::{key, via};
use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// Counts requests.
    COUNT = "INSERT INTO request_usage (account_id, via_kind, via_id, day, requests) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account_id, via_kind, via_id, day) \
             DO UPDATE SET requests = request_usage.requests + ?5";
    /// What was counted for each credential of an account since a day.
    LIST_OF = "SELECT via_kind, via_id, day, requests FROM request_usage \
               WHERE account_id = ?1 AND day >= ?2 ORDER BY day";
    /// What was counted for each credential of an account since a day, all days together.
    TOTALS_OF = "SELECT via_kind, via_id, CAST(sum(requests) AS BIGINT) FROM request_usage \
                 WHERE account_id = ?1 AND day >= ?2 GROUP BY via_kind, via_id";
    /// What was counted long ago goes, a batch at a time.
    DELETE_BEFORE = "DELETE FROM request_usage WHERE (account_id, via_kind, via_id, day) IN \
                     (SELECT account_id, via_kind, via_id, day FROM request_usage \
                     WHERE day < ?1 LIMIT ?2)";
}

/// Counts requests of a day.
pub fn count(tx: &mut Tx<'_>, of: Spender, counted: DayCount) -> Result<(), Error> {
    let [kind, id] = key(of.via);
    let (day, requests) = (counted.day.get(), counted.requests);
    let params = [of.account.into(), kind, id, day.into(), requests.into()];
    tx.execute(&COUNT, &params).map(drop)
}

/// What was counted for each credential of an account since a day, in the order of days.
pub fn list_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    since: UsageDay,
) -> Result<RequestUsage, Error> {
    let mut usage = RequestUsage::default();
    for row in tx.query(&LIST_OF, &[account.into(), since.get().into()])? {
        let counted = DayCount { day: UsageDay::from_number(row.int(2)?), requests: row.int(3)? };
        usage.add(via(&row, 0)?, counted);
    }
    Ok(usage)
}

/// What was counted for each credential of an account since a day, all days together.
pub fn totals_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    since: UsageDay,
) -> Result<RequestTotals, Error> {
    let mut totals = RequestTotals::default();
    for row in tx.query(&TOTALS_OF, &[account.into(), since.get().into()])? {
        totals.add(via(&row, 0)?, row.int(2)?);
    }
    Ok(totals)
}

/// Deletes at most `limit` days before a day.
pub fn delete_before(tx: &mut Tx<'_>, day: UsageDay, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_BEFORE, &[day.get().into(), limit.into()])
}
