//! What was spent, by day, workspace and credential, as rows.

use bloom_domain::api_keys::Maker;
use bloom_domain::credits::{ChargedVia, Spender, UsageDay};
use bloom_domain::ids::{AccountId, CreditHoldId, WorkspaceId};
use bloom_domain::time::Timestamp;

use crate::credit_budgets::{key, via};
use crate::credits::guarded;
use crate::statement::statements;
use crate::{Error, Tx, Value, api_keys};

statements! {
    /// Counts what is held, on a day on which something was.
    COUNT_MORE = "UPDATE credit_spending SET credits = credits + ?6 \
                  WHERE account_id = ?1 AND via_kind = ?2 AND via_id = ?3 AND day = ?4 AND workspace_id = ?5";
    /// Counts what is held.
    COUNT = "INSERT INTO credit_spending (account_id, via_kind, via_id, day, workspace_id, credits) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (account_id, via_kind, via_id, day, workspace_id) \
             DO UPDATE SET credits = credit_spending.credits + ?6";
    /// Counts no more what a hold gave back, on the day on which it was held.
    UNCOUNT = "UPDATE credit_spending SET credits = credits - ?2 \
               WHERE (account_id, via_kind, via_id, day, workspace_id) = \
               (SELECT h.account_id, h.via_kind, h.via_id, h.created_at / 86400000000, h.workspace_id \
               FROM credit_holds h WHERE h.id = ?1)";
    /// Counts what is held with what a credential made.
    COUNT_MADE = "INSERT INTO credit_spending_of_made (account_id, via_kind, via_id, day, credits) \
                  VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account_id, via_kind, via_id, day) \
                  DO UPDATE SET credits = credit_spending_of_made.credits + ?5";
    /// Counts it no more.
    UNCOUNT_MADE = "UPDATE credit_spending_of_made SET credits = credits - ?5 \
                    WHERE account_id = ?1 AND via_kind = ?2 AND via_id = ?3 AND day = ?4";
    /// With what and when something was held.
    HELD_WITH = "SELECT account_id, via_kind, via_id, created_at FROM credit_holds WHERE id = ?1";
    /// What was spent in a workspace on each of some days; days with nothing are left out.
    BY_DAY = "SELECT day, CAST(SUM(credits) AS BIGINT) FROM credit_spending \
              WHERE workspace_id = ?1 AND day >= ?2 AND day <= ?3 GROUP BY day ORDER BY day";
    /// Who spent most in a workspace in some days.
    BY_MEMBER = "SELECT account_id, CAST(SUM(credits) AS BIGINT) FROM credit_spending \
                 WHERE workspace_id = ?1 AND day >= ?2 AND day <= ?3 \
                 GROUP BY account_id HAVING SUM(credits) > 0 ORDER BY 2 DESC, account_id LIMIT ?4";
    /// With which credentials most was spent.
    BY_CREDENTIAL = "SELECT account_id, via_kind, via_id, CAST(SUM(credits) AS BIGINT) \
                     FROM credit_spending WHERE workspace_id = ?1 AND day >= ?2 AND day <= ?3 \
                     GROUP BY account_id, via_kind, via_id HAVING SUM(credits) > 0 \
                     ORDER BY 4 DESC, via_id LIMIT ?4";
    /// The same of one person.
    BY_CREDENTIAL_OF = "SELECT account_id, via_kind, via_id, CAST(SUM(credits) AS BIGINT) \
                        FROM credit_spending WHERE workspace_id = ?1 AND day >= ?2 AND day <= ?3 \
                        AND account_id = ?5 GROUP BY account_id, via_kind, via_id HAVING SUM(credits) > 0 \
                        ORDER BY 4 DESC, via_id LIMIT ?4";
}

/// Counts credits that are held in a workspace, with the makers of the credential. They are counted from the
/// nearest on, as in [`uncount`]: whoever counts at the same time waits for another in one order.
pub fn count(
    tx: &mut Tx<'_>,
    of: Spender,
    makers: &[Maker],
    (workspace, at): (WorkspaceId, Timestamp),
    credits: i64,
) -> Result<(), Error> {
    let [kind, id] = key(of.via);
    let day = UsageDay::of(at).get();
    let params = [of.account.into(), kind, id, day.into(), workspace.into(), credits.into()];
    // Most often something was held on that day, and to change a row costs less than to try to make one.
    if tx.execute(&COUNT_MORE, &params)? == 0 {
        tx.execute(&COUNT, &params)?;
    }
    for maker in makers {
        tx.execute(&COUNT_MADE, &made(of.account, *maker, day, credits))?;
    }
    Ok(())
}

/// Counts no more what a hold gave back.
pub fn uncount(tx: &mut Tx<'_>, hold: CreditHoldId, credits: i64) -> Result<(), Error> {
    if credits == 0 {
        return Ok(());
    }
    guarded(tx.execute(&UNCOUNT, &[hold.into(), credits.into()])?)?;
    let Some(row) = tx.query_opt(&HELD_WITH, &[hold.into()])? else { return Ok(()) };
    // An app was made by nobody.
    let ChargedVia::ApiKey(key) = via(&row, 1)? else { return Ok(()) };
    let (account, day) = (AccountId::from_bytes(row.id16(0)?), UsageDay::of(row.timestamp(3)?));
    let nearest = api_keys::maker_of(tx, account, key)?;
    for maker in api_keys::makers_from(tx, account, nearest)? {
        guarded(tx.execute(&UNCOUNT_MADE, &made(account, maker, day.get(), credits))?)?;
    }
    Ok(())
}

fn made(account: AccountId, maker: Maker, day: i64, credits: i64) -> [Value; 5] {
    let [kind, id] = key(maker.into());
    [account.into(), kind, id, day.into(), credits.into()]
}

/// Some days in a workspace, the first and the last among them.
#[derive(Debug, Clone, Copy)]
pub struct Days {
    /// Where.
    pub workspace: WorkspaceId,
    /// The first.
    pub first: UsageDay,
    /// The last.
    pub last: UsageDay,
}

impl Days {
    fn params(&self) -> [Value; 3] {
        [self.workspace.into(), self.first.get().into(), self.last.get().into()]
    }
}

/// What was spent on each day; days with nothing are left out.
pub fn by_day(tx: &mut Tx<'_>, days: Days) -> Result<Vec<(i64, i64)>, Error> {
    let rows = tx.query(&BY_DAY, &days.params())?;
    rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
}

/// Who spent most, and how much.
pub fn by_member(tx: &mut Tx<'_>, days: Days, limit: i64) -> Result<Vec<(AccountId, i64)>, Error> {
    let [workspace, first, last] = days.params();
    let rows = tx.query(&BY_MEMBER, &[workspace, first, last, limit.into()])?;
    rows.iter().map(|row| Ok((AccountId::from_bytes(row.id16(0)?), row.int(1)?))).collect()
}

/// With which credentials most was spent, and how much: everybody's, or one person's.
pub fn by_credential(
    tx: &mut Tx<'_>,
    days: Days,
    of: Option<AccountId>,
    limit: i64,
) -> Result<Vec<(Spender, i64)>, Error> {
    let [workspace, first, last] = days.params();
    let rows = match of {
        None => tx.query(&BY_CREDENTIAL, &[workspace, first, last, limit.into()])?,
        Some(one) => {
            let params = [workspace, first, last, limit.into(), one.into()];
            tx.query(&BY_CREDENTIAL_OF, &params)?
        }
    };
    rows.iter()
        .map(|row| {
            let account = AccountId::from_bytes(row.id16(0)?);
            Ok((Spender { account, via: via(row, 1)? }, row.int(3)?))
        })
        .collect()
}
