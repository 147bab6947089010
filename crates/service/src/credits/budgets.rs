//! Budgets of keys and apps: set by their owner, held to in the transaction that holds credits.
//!
//! What a key spends counts for whatever it was made with, and for what that was made with: a credential that
//! makes keys has no more to spend by that, whatever becomes of it afterwards.
//!
//! Only their owner, in a browser, and the operator raise one. An authorization can lower that of its
//! connection and never raises it (`lower`), since an app can ask for one whenever it wants. It begins with what the
//! one before had left, if that ended by itself (`carried`).

use std::collections::HashMap;

use bloom_domain::api_keys::Maker;
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::credits::{self, Budget, BudgetHolder, ChargedVia, Spender, Spending};
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, ApiKeyId, ClientId};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde_json::{Value, json};
use store::Tx;

use crate::api_keys::{self, WhichKey};
use crate::audit::{Author, Difference};
use crate::authenticate::Via;
use crate::{Error, Operator, Service, SignedIn, accounts};

/// A budget, and what counts against it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BudgetUse {
    /// What may be spent.
    pub budget: Budget,
    /// What is, with it or with what it made.
    pub spending: Spending,
    /// How much of that, of all times, with what it made.
    pub by_made: i64,
}

/// The budgets of a person's keys and apps, and what was spent with each.
#[derive(Debug, Clone, Default)]
pub struct Budgets(HashMap<ChargedVia, BudgetUse>);

impl Budgets {
    /// That of one of them.
    #[must_use]
    pub fn of(&self, via: ChargedVia) -> BudgetUse {
        self.0.get(&via).copied().unwrap_or_default()
    }

    /// How much a key may still spend by its own budget and those of its makers; `None` when none limits it.
    #[must_use]
    pub fn left(&self, key: ApiKeyId, makers: &[Maker]) -> Option<i64> {
        let chain = chain(ChargedVia::ApiKey(key), makers).map(|via| self.of(via));
        chain.filter_map(|used| used.budget.left(&used.spending)).min()
    }
}

/// The budgets of the person's keys and apps, and what was spent with each.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn) -> Result<Budgets, Error> {
    list_of(service, person.account().id).await
}

/// The budgets of an account's keys and apps, and what was spent with each.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn list_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
) -> Result<Budgets, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    list_of(service, owner).await
}

/// A credential, and those it was made with: the nearest first.
fn chain(via: ChargedVia, makers: &[Maker]) -> impl Iterator<Item = ChargedVia> {
    std::iter::once(via).chain(makers.iter().copied().map(Into::into))
}

pub(crate) async fn list_of(service: &Service, account: AccountId) -> Result<Budgets, Error> {
    let now = service.now();
    let read = service.store.read(move |tx| {
        let mut budgets: HashMap<_, BudgetUse> = HashMap::new();
        for (via, budget) in store::credit_budgets::list_of(tx, account)? {
            budgets.entry(via).or_default().budget = budget;
        }
        for (via, spending, by_made) in store::credit_budgets::spent_of(tx, account, now)? {
            let used = budgets.entry(via).or_default();
            (used.spending, used.by_made) = (spending, by_made);
        }
        Ok(Budgets(budgets))
    });
    Ok(read.await?)
}

/// Sets the budget of one of the person's keys or apps, which must be `seen` until then; what was spent before
/// counts. A form says all of it: one that was opened before a limit was set would take that away.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], [`Error::ConnectionNotFound`], [`Error::ChangedMeanwhile`],
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn set(
    service: &Service,
    person: &SignedIn,
    via: ChargedVia,
    (seen, budget): (Budget, Budget),
) -> Result<(), Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    let write = service.store.write(move |tx| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        put(tx, Spender { account: claim.account, via }, (Some(&seen), &budget), &author)
    });
    write.await?
}

/// Sets the budget of a key on the operator's word.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::ApiKeyNotFound`], [`Error::ApiKeyNameAmbiguous`],
/// [`Error::ApiKeyNameEnded`].
pub async fn set_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    which: WhichKey,
    budget: Budget,
) -> Result<(), Error> {
    let account = accounts::find(service, operator, owner).await?.id;
    let via = ChargedVia::ApiKey(api_keys::find(service, account, which).await?);
    let author = Author::here(service, Actor::Operator)?;
    let write =
        service.store.write(move |tx| put(tx, Spender { account, via }, (None, &budget), &author));
    write.await?
}

fn put(
    tx: &mut Tx<'_>,
    of: Spender,
    (seen, budget): (Option<&Budget>, &Budget),
    author: &Author,
) -> Result<Result<(), Error>, store::Error> {
    let (is_theirs, missing) = match of.via {
        ChargedVia::ApiKey(id) => {
            (store::api_keys::find(tx, of.account, id)?.is_some(), Error::ApiKeyNotFound)
        }
        ChargedVia::Connection(id) => {
            (store::connections::is_of(tx, of.account, id)?, Error::ConnectionNotFound)
        }
    };
    if !is_theirs {
        return Ok(Err(missing));
    }
    let before = store::credit_budgets::take(tx, of.via)?.unwrap_or_default();
    if seen.is_some_and(|seen| *seen != before && *budget != before) {
        return Ok(Err(Error::ChangedMeanwhile));
    }
    if before != *budget {
        replace(tx, of, &before, budget, author)?;
    }
    Ok(Ok(()))
}

/// Lowers the budget of a credential to what an authorization brings, where that is lower.
pub(crate) fn lower(
    tx: &mut Tx<'_>,
    of: Spender,
    chosen: &Budget,
    author: &Author,
) -> Result<(), store::Error> {
    if chosen.is_none() {
        return Ok(());
    }
    let before = store::credit_budgets::take(tx, of.via)?.unwrap_or_default();
    let both = before.and(chosen);
    if both == before { Ok(()) } else { replace(tx, of, &before, &both, author) }
}

/// The budget with which an app begins that a person lets in anew: none, unless it was let in before until a time
/// that has come.
pub(crate) fn carried(
    tx: &mut Tx<'_>,
    account: AccountId,
    client: ClientId,
    now: Timestamp,
) -> Result<Budget, store::Error> {
    let Some(ended) = store::connections::find_ended(tx, account, client, now)? else {
        return Ok(Budget::default());
    };
    let via = ChargedVia::Connection(ended);
    let budget = store::credit_budgets::find(tx, via)?;
    Ok(budget.carried(&store::credit_budgets::spent(tx, Spender { account, via }, now)?))
}

fn replace(
    tx: &mut Tx<'_>,
    of: Spender,
    before: &Budget,
    after: &Budget,
    author: &Author,
) -> Result<(), store::Error> {
    store::credit_budgets::put(tx, of, after)?;
    let subject = match of.via {
        ChargedVia::ApiKey(id) => Subject::ApiKey(id),
        ChargedVia::Connection(id) => Subject::Connection(id),
    };
    let difference = Difference { before: told(before), after: told(after) };
    author.record(tx, Action::BudgetSet, subject, of.account, difference);
    Ok(())
}

fn told(budget: &Budget) -> Value {
    let cap = |cap: Option<credits::Cap>| cap.map(credits::Cap::get);
    json!({
        "day": cap(budget.day),
        "month": cap(budget.month),
        "total": cap(budget.total),
    })
}

/// Whether what is to be held is within the budget of whoever asks for it, and of all by which that was made.
/// The rows of the budgets are taken, from the nearest on, so that one decides at a time, in whichever
/// workspaces and with whichever of the keys they do.
pub(super) fn check(
    tx: &mut Tx<'_>,
    of: Spender,
    makers: &[Maker],
    needed: i64,
    now: Timestamp,
) -> Result<Result<(), Error>, store::Error> {
    for via in chain(of.via, makers) {
        let Some(budget) = store::credit_budgets::take(tx, via)? else { continue };
        let spending = store::credit_budgets::spent(tx, Spender { via, ..of }, now)?;
        if let Err(over) = budget.allow(&spending, needed) {
            let resets = credits::span_end(over.span, now);
            let is_own = via == of.via;
            let holder = if is_own { BudgetHolder::Spender } else { BudgetHolder::Maker };
            return Ok(Err(Error::OverBudget { over, holder, of: via, resets }));
        }
    }
    Ok(Ok(()))
}

/// How much a credential may still spend by its own budget and those of its makers; `None` when none limits
/// it.
pub(crate) fn left(
    tx: &mut Tx<'_>,
    of: Spender,
    makers: &[Maker],
    now: Timestamp,
) -> Result<Option<i64>, store::Error> {
    let mut least = None;
    for via in chain(of.via, makers) {
        let budget = store::credit_budgets::find(tx, via)?;
        if budget.is_none() {
            continue;
        }
        let left = budget.left(&store::credit_budgets::spent(tx, Spender { via, ..of }, now)?);
        least = [least, left].into_iter().flatten().min();
    }
    Ok(least)
}

/// Whether whatever limits what a credential spends limits a key, too: whoever has the key has then no more to
/// spend than before.
pub(crate) fn bind(
    tx: &mut Tx<'_>,
    (of, makers): (Spender, &[Maker]),
    key: ApiKeyId,
    made_by: Option<Maker>,
) -> Result<bool, store::Error> {
    let makers_of_key = store::api_keys::makers_from(tx, of.account, made_by)?;
    let of_key: Vec<_> = chain(ChargedVia::ApiKey(key), &makers_of_key).collect();
    for via in chain(of.via, makers) {
        if !of_key.contains(&via) && !store::credit_budgets::find(tx, via)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

impl From<Via> for ChargedVia {
    fn from(via: Via) -> Self {
        match via {
            Via::ApiKey(id) => Self::ApiKey(id),
            Via::Connection(id) => Self::Connection(id),
        }
    }
}
