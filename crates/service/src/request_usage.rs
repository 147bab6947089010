//! How often each key and each app is used, day by day. Counted where last uses are noted
//! (`last_use.rs`), so that no request writes.

use bloom_domain::credits::UsageDay;
use bloom_domain::email::Email;
use bloom_domain::ids::AccountId;
use bloom_domain::request_usage::{KEPT_DAYS, RequestTotals, RequestUsage};
use bloom_store as store;

use crate::{Error, Operator, Service, SignedIn, accounts, last_use};

/// The requests of the person's keys and apps in the last days, what is not written yet included.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn, days: u32) -> Result<RequestUsage, Error> {
    list_of(service, person.account().id, days).await
}

/// The requests of each of the person's keys and apps in the last days, today with them, what is not written yet
/// included.
///
/// # Errors
/// When the database cannot be read.
pub async fn totals(
    service: &Service,
    person: &SignedIn,
    days: u32,
) -> Result<RequestTotals, Error> {
    let account = person.account().id;
    let since = UsageDay::of(service.now()).minus_days(i64::from(days) - 1);
    let read = move |tx: &mut store::Tx<'_>| store::request_usage::totals_of(tx, account, since);
    let mut totals = service.store.read(read).await?;
    last_use::each_counted(service, account, |via, counted| {
        if counted.day >= since {
            totals.add(via, counted.requests);
        }
    });
    Ok(totals)
}

/// The requests of an account's keys and apps in the last days.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn list_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    days: u32,
) -> Result<RequestUsage, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    list_of(service, owner, days).await
}

async fn list_of(service: &Service, account: AccountId, days: u32) -> Result<RequestUsage, Error> {
    let since = UsageDay::of(service.now()).minus_days(i64::from(days));
    let list = move |tx: &mut store::Tx<'_>| store::request_usage::list_of(tx, account, since);
    let mut usage = service.store.read(list).await?;
    last_use::each_counted(service, account, |via, counted| usage.add(via, counted));
    Ok(usage)
}

/// The first day that is kept.
pub(crate) fn kept_since(service: &Service) -> UsageDay {
    UsageDay::of(service.now()).minus_days(KEPT_DAYS)
}
