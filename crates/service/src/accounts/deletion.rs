//! The end of an account, by its person or by the operator.
//!
//! 1. In one transaction it stops being somebody's: address, name, password, sessions, links, membership and
//!    its own apps go, its keys and connections are revoked, and what is left is a suspended row without a
//!    name that the ledger and the audit can go on to point at.
//! 2. What takes longer is erased in batches: the brands and images of its own workspace, the rows of its keys,
//!    where its apps were used from, and the details of its records in the audit, whose chain holds without them.
//! 3. Housekeeping does that once more some minutes later, since a sign-in that was refused, or a use, may be
//!    written after the fact.

use std::time::Duration;

use bloom_domain::accounts::Account;
use bloom_domain::api_keys::RevokedBy;
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::email::Email;
use bloom_domain::ids::AccountId;
use bloom_domain::mail::accounts as letters;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Role;
use bloom_store as store;
use serde_json::json;
use store::mails::StoredMail;
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::brands::emptying;
use crate::passwords::NOBODY;
use crate::sessions::ending::{AlsoEnd, end_all_of};
use crate::{Error, Operator, Service, SignedIn, accounts, mail, owned_clients};

/// How many keys one transaction deletes.
const BATCH: i64 = 100;
/// How many records of the audit one transaction looks at.
const STRETCH: i64 = 1_000;
/// What is noted in memory is written within a minute or two.
const SETTLED: Duration = Duration::from_secs(300);

/// Deletes the person's account. A mail tells them.
///
/// # Errors
/// [`Error::ProofNeeded`], [`Error::OwnsWorkspaces`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn delete(service: &Service, person: &SignedIn) -> Result<(), Error> {
    person.require_proof(service)?;
    let end = End::of(service, person.account(), RevokedBy::Owner)?;
    let (claim, author) = (person.claim(), person.author(service)?);
    let account = claim.account;
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        end.write(tx, &author)
    };
    service.store.write(write).await??;
    erase(service, account).await
}

/// Deletes an account on the operator's word.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::OwnsWorkspaces`].
pub async fn delete_for(
    service: &Service,
    operator: &Operator,
    email: &Email,
) -> Result<Account, Error> {
    let account = accounts::find(service, operator, email).await?;
    let end = End::of(service, &account, RevokedBy::Operator)?;
    let author = Author::here(service, Actor::Operator)?;
    let id = account.id;
    let write = move |tx: &mut Tx<'_>| {
        if store::accounts::take(tx, id)?.is_none() {
            return Ok(Err(Error::AccountNotFound));
        }
        end.write(tx, &author)
    };
    service.store.write(write).await??;
    erase(service, id).await?;
    Ok(account)
}

/// An account that is about to end.
struct End {
    account: AccountId,
    nobody: Email,
    by: RevokedBy,
    told: StoredMail,
    now: Timestamp,
}

impl End {
    fn of(service: &Service, account: &Account, by: RevokedBy) -> Result<Self, Error> {
        // A name that resolves nowhere (RFC 2606 §2), and one for each account.
        let nobody = Email::parse(&format!("{}@deleted.invalid", account.id))
            .map_err(|error| Error::Internal(error.to_string()))?;
        let told = letters::account_deleted(account.email.clone(), &service.settings.origin);
        let told = mail::write(service, &told)?;
        Ok(Self { account: account.id, nobody, by, told, now: service.now() })
    }

    /// Writes all that must not wait; the account's row is taken.
    fn write(&self, tx: &mut Tx<'_>, author: &Author) -> Result<Result<(), Error>, store::Error> {
        let (account, now) = (self.account, self.now);
        if self.leave_teams(tx, author)?.is_err() {
            tx.abandon();
            return Ok(Err(Error::OwnsWorkspaces));
        }
        store::members::delete_from_teams(tx, account)?;
        store::invitations::delete_by(tx, account)?;
        for client in store::clients::list_owned(tx, account)? {
            owned_clients::delete_in(tx, &client, account, now, author)?;
        }
        end_all_of(tx, account, AlsoEnd { keys: true, apps: true }, (now, self.by), author)?;
        store::account_links::delete_of(tx, account)?;
        store::passkeys::delete_of(tx, account)?;
        store::openid::delete_of(tx, account)?;
        if !store::accounts::delete(tx, account, (&self.nobody, NOBODY), now)? {
            return Ok(Err(Error::AccountNotFound));
        }
        mail::queue(tx, &self.told)?;
        let (subject, difference) = (Subject::Account(account), Difference::default());
        author.record(tx, Action::AccountDeleted, subject, account, difference);
        tx.changed(Change::Account(account));
        Ok(Ok(()))
    }

    /// Leaves every team, each taken first, so that nobody gives one to whoever is about to go.
    fn leave_teams(
        &self,
        tx: &mut Tx<'_>,
        author: &Author,
    ) -> Result<Result<(), Error>, store::Error> {
        let mut teams = store::workspaces::list_teams_of(tx, self.account)?;
        // In one order for everybody, so that two who delete at once do not wait for each other.
        teams.sort_by_key(|team| team.workspace.id);
        for listed in teams {
            let id = listed.workspace.id;
            store::workspaces::take(tx, id)?;
            let Some(team) = store::workspaces::find_team(tx, self.account, id)? else { continue };
            if team.deleted_at.is_some() {
                continue;
            }
            if team.role == Role::Owner {
                return Ok(Err(Error::OwnsWorkspaces));
            }
            let before = json!({ "workspace": team.workspace.name, "role": team.role.as_str() });
            let difference = Difference { before, ..Difference::default() };
            let (subject, whose) = (Subject::Workspace(id), (self.account, id));
            author.record(tx, Action::MemberLeft, subject, whose, difference);
        }
        Ok(Ok(()))
    }
}

/// Erases what is left of a deleted account, batch by batch.
async fn erase(service: &Service, account: AccountId) -> Result<(), Error> {
    let own = move |tx: &mut Tx<'_>| store::workspaces::find_personal(tx, account);
    if let Some(own) = service.store.read(own).await? {
        emptying::empty(service, own.id).await?;
        // Only now: until it is empty, it is by its membership that it is found again after a crash.
        service.store.write(move |tx| store::members::delete_of(tx, account)).await?;
    }
    loop {
        let delete = move |tx: &mut Tx<'_>| store::api_keys::delete_of(tx, account, BATCH);
        if service.store.write(delete).await? == 0 {
            break;
        }
    }
    service.store.write(move |tx| store::connections::forget_uses(tx, account)).await?;
    let end = service.store.read(store::audit::head).await?.number;
    let mut after = 0;
    while after < end {
        let until = end.min(after + STRETCH);
        service.store.write(move |tx| store::audit::erase(tx, account, after, until)).await?;
        after = until;
    }
    Ok(())
}

/// Erases what came after, and what a crash has left.
pub(crate) async fn erase_left_overs(service: &Service) -> Result<(), Error> {
    let (now, settled) = (service.now(), service.now().minus(SETTLED));
    let list = move |tx: &mut Tx<'_>| store::accounts::list_to_erase(tx, settled, BATCH);
    for account in service.store.read(list).await? {
        erase(service, account).await?;
        service.store.write(move |tx| store::accounts::note_erased(tx, account, now)).await?;
    }
    Ok(())
}
