//! Accounts: made by sign-up or by the operator, suspended and restored by the operator.

use bloom_domain::account_links::Purpose;
use bloom_domain::accounts::{Account, AccountState, SignUpPolicy};
use bloom_domain::api_keys::{ApiKey, ApiKeySecret};
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::credits::CreditGrant;
use bloom_domain::digest::Digest;
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::passwords::Password;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{PERSONAL_NAME, Role, Workspace, WorkspaceKind};
use bloom_store as store;
use serde_json::json;
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::passwords::{Caller, NOBODY};
use crate::sessions::{self, Arriving};
use crate::{Error, Operator, Principal, Service, attempts, credits, invitations, plans};
use email::Verification;

pub mod deletion;
pub mod email;
pub mod export;
pub mod name;
pub mod password;
pub mod reset;
pub mod sign_up_links;

/// What a new account needs.
pub struct NewAccount {
    /// Its address; unique on this server.
    pub email: Email,
    /// What the person wants to be called.
    pub name: Option<String>,
    /// Its password.
    pub password: Password,
}

/// The account a credential acts for. No statement: the verdict holds it, and falls with it.
///
/// # Errors
/// [`Error::PlanUpgradeRequired`].
pub async fn get<'a>(service: &Service, principal: &'a Principal) -> Result<&'a Account, Error> {
    plans::admit(service, principal).await?;
    Ok(principal.account())
}

/// What lets somebody make an account, besides the operator's policy.
pub(crate) enum Ticket {
    /// Nothing: a link that confirms the address goes out.
    Nothing,
    /// A setup link, which is spent with it.
    SetupLink(Vec<Digest>),
    /// A link that went to the address, which is confirmed by that.
    Mailbox,
}

/// Signs a stranger up, as far as the operator allows: on some servers only with the secret of an
/// invitation into a workspace, which they answer afterwards. Gives the cookie of their first session, which
/// replaces the one the browser had. It tells whether an address is taken, so it is for servers whose mails stay where
/// they are; the others have [`sign_up_links`].
///
/// # Errors
/// [`Error::SignUpClosed`], [`Error::InvitationNotFound`], [`Error::EmailTaken`], [`Error::TooMany`],
/// [`Error::Busy`].
pub async fn anonymous_sign_up(
    service: &Service,
    new: NewAccount,
    browser: Arriving<'_>,
    invitation: Option<OpaqueSecret>,
) -> Result<OpaqueSecret, Error> {
    enter(service, new, browser, (invitation, Ticket::Nothing)).await
}

/// The same, with whatever the stranger has in hand.
async fn enter(
    service: &Service,
    new: NewAccount,
    browser: Arriving<'_>,
    (invitation, ticket): (Option<OpaqueSecret>, Ticket),
) -> Result<OpaqueSecret, Error> {
    admit(service, invitation).await?;
    let sign_up = sign_up(service, new, browser, ticket);
    match service.settings.sign_up {
        SignUpPolicy::Open => {
            attempts::limit_sign_up(service, browser.sender.address, sign_up).await
        }
        SignUpPolicy::Invite | SignUpPolicy::Closed => sign_up.await,
    }
}

/// Refuses a stranger who may not make an account. An invitation that is answered before the account is made lets
/// nobody in; the account is then one that somebody was invited to make.
async fn admit(service: &Service, invitation: Option<OpaqueSecret>) -> Result<(), Error> {
    match (service.settings.sign_up, invitation) {
        (SignUpPolicy::Open, _) => Ok(()),
        (SignUpPolicy::Invite, Some(secret)) => {
            invitations::anonymous_find(service, &secret).await.map(drop)
        }
        (SignUpPolicy::Invite | SignUpPolicy::Closed, _) => Err(Error::SignUpClosed),
    }
}

/// Makes an account with its personal workspace and a first session in one transaction. With a setup
/// link, that transaction also spends the link.
pub(crate) async fn sign_up(
    service: &Service,
    new: NewAccount,
    browser: Arriving<'_>,
    ticket: Ticket,
) -> Result<OpaqueSecret, Error> {
    let (secret, session) = sessions::draw(service, browser.sender)?;
    let replaced = sessions::digests(service, browser.cookie);
    let mut draft = draft_for(service, Caller::Anybody, new).await?;
    let (setup_link, verification) = match ticket {
        Ticket::Mailbox => {
            draft.account.email_verified_at = Some(draft.account.created_at);
            (None, None)
        }
        Ticket::Nothing => (None, Some(Verification::draw(service, &draft.account.email)?)),
        Ticket::SetupLink(link) => {
            (Some(link), Some(Verification::draw(service, &draft.account.email)?))
        }
    };
    let author = Author::new(service, Actor::Person(draft.account.id), browser.sender)?;
    let now = service.now();
    service
        .store
        .write(move |tx| {
            if let Some(link) = setup_link
                && !spend(tx, &link, now)?
            {
                return Ok(Err(Error::SetupLinkSpent));
            }
            if !draft.insert(tx, &author)? {
                // The link must not be spent on an account that was not made.
                tx.abandon();
                return Ok(Err(Error::EmailTaken));
            }
            sessions::replace(tx, &replaced, &draft.account, &session)?;
            sessions::record_start(tx, &author, draft.account.id);
            if let Some(verification) = verification {
                verification.insert(tx, &draft.account, &author)?;
            }
            Ok(Ok(()))
        })
        .await??;
    Ok(secret)
}

/// Spends a setup link, known by one of these digests, if it makes the first account.
fn spend(tx: &mut Tx<'_>, link: &[Digest], now: Timestamp) -> Result<bool, store::Error> {
    if store::accounts::exist(tx)? {
        return Ok(false);
    }
    for digest in link {
        if store::setup_links::spend(tx, digest, now)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes an account on the operator's word, whatever the sign-up policy.
///
/// # Errors
/// [`Error::EmailTaken`], [`Error::Busy`].
pub async fn create(
    service: &Service,
    _operator: &Operator,
    new: NewAccount,
) -> Result<Account, Error> {
    let draft = draft(service, new).await?;
    let account = draft.account.clone();
    let author = Author::here(service, Actor::Operator)?;
    let is_new = service.store.write(move |tx| draft.insert(tx, &author)).await?;
    if is_new { Ok(account) } else { Err(Error::EmailTaken) }
}

/// All accounts, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, _operator: &Operator) -> Result<Vec<Account>, Error> {
    Ok(service.store.read(store::accounts::list).await?)
}

/// Suspends an account: its very next request is refused. Doing it twice is no error.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn ban(service: &Service, operator: &Operator, email: &Email) -> Result<Account, Error> {
    set_state(service, operator, email, AccountState::Banned { at: service.now() }).await
}

/// Restores a suspended account with all it had. Doing it twice is no error.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn unban(
    service: &Service,
    operator: &Operator,
    email: &Email,
) -> Result<Account, Error> {
    set_state(service, operator, email, AccountState::Active).await
}

async fn set_state(
    service: &Service,
    operator: &Operator,
    email: &Email,
    state: AccountState,
) -> Result<Account, Error> {
    let id = find(service, operator, email).await?.id;
    let author = Author::here(service, Actor::Operator)?;
    service
        .store
        .write(move |tx| {
            let (moved, action) = match state {
                AccountState::Banned { at } => {
                    (store::accounts::ban(tx, id, at)?, Action::AccountBanned)
                }
                AccountState::Active => (store::accounts::unban(tx, id)?, Action::AccountUnbanned),
            };
            if moved {
                let is_banned = state.is_banned();
                let difference = Difference {
                    before: json!({ "suspended": !is_banned }),
                    after: json!({ "suspended": is_banned }),
                };
                author.record(tx, action, Subject::Account(id), id, difference);
                tx.changed(Change::Account(id));
            }
            Ok(())
        })
        .await?;
    find(service, operator, email).await
}

/// Sets a new password and ends every session of the account.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::Busy`].
pub async fn set_password(
    service: &Service,
    operator: &Operator,
    email: &Email,
    password: Password,
) -> Result<Account, Error> {
    let account = find(service, operator, email).await?;
    let salt = service.entropy.draw()?;
    let hash = service.passwords.hash(Caller::Operator, password, salt).await?;
    let id = account.id;
    let author = Author::here(service, Actor::Operator)?;
    service
        .store
        .write(move |tx| {
            store::accounts::set_password(tx, id, &hash)?;
            store::sessions::delete_of(tx, id)?;
            store::account_links::delete_for(tx, id, Purpose::ResetPassword)?;
            let subject = Subject::Account(id);
            author.record(tx, Action::PasswordSet, subject, id, Difference::default());
            tx.changed(Change::Account(id));
            Ok(())
        })
        .await?;
    Ok(account)
}

/// The account with an address.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn find(
    service: &Service,
    _operator: &Operator,
    email: &Email,
) -> Result<Account, Error> {
    let email = email.clone();
    service
        .store
        .read(move |tx| store::accounts::find_by_email(tx, &email))
        .await?
        .ok_or(Error::AccountNotFound)
}

/// An account and its personal workspace, ready to be written.
pub(crate) struct Draft {
    pub(crate) account: Account,
    password_hash: String,
    workspace: WorkspaceId,
    first_key: Option<(ApiKey, Digest)>,
    /// The credits for signing up.
    trial: Option<CreditGrant>,
}

/// Drafts an account on the operator's word.
pub(crate) async fn draft(service: &Service, new: NewAccount) -> Result<Draft, Error> {
    draft_for(service, Caller::Operator, new).await
}

async fn draft_for(service: &Service, caller: Caller, new: NewAccount) -> Result<Draft, Error> {
    let salt = service.entropy.draw()?;
    let password_hash = service.passwords.hash(caller, new.password, salt).await?;
    lay_out(service, (new.email, new.name), password_hash)
}

/// Drafts an account without a password, of somebody who is known to read what is sent to the address.
pub(crate) fn draft_verified(
    service: &Service,
    email: Email,
    name: Option<String>,
) -> Result<Draft, Error> {
    let mut draft = lay_out(service, (email, name), NOBODY.to_owned())?;
    draft.account.email_verified_at = Some(draft.account.created_at);
    Ok(draft)
}

fn lay_out(
    service: &Service,
    (email, name): (Email, Option<String>),
    password_hash: String,
) -> Result<Draft, Error> {
    let now = service.now();
    let account = Account {
        id: AccountId::new(now, &service.entropy.draw()?),
        email,
        name,
        state: AccountState::Active,
        created_at: now,
        email_verified_at: None,
    };
    let workspace = WorkspaceId::new(now, &service.entropy.draw()?);
    let trial = credits::signup_grant(service, workspace, now)?;
    Ok(Draft { account, password_hash, workspace, first_key: None, trial })
}

impl Draft {
    /// Adds a first API key; gives its secret.
    pub(crate) fn with_key(
        mut self,
        service: &Service,
        name: &str,
    ) -> Result<(Self, ApiKeySecret), Error> {
        let (key, digest, secret) = crate::api_keys::draft(service, self.account.id, name)?;
        self.first_key = Some((key, digest));
        Ok((self, secret))
    }

    /// Writes it all; `false`, and nothing written, when the address is taken.
    pub(crate) fn insert(&self, tx: &mut Tx<'_>, author: &Author) -> Result<bool, store::Error> {
        let now: Timestamp = self.account.created_at;
        if !store::accounts::insert(tx, &self.account, &self.password_hash)? {
            return Ok(false);
        }
        if let Some(at) = self.account.email_verified_at {
            store::accounts::verify_email(tx, self.account.id, &self.account.email, at)?;
        }
        let workspace = Workspace {
            id: self.workspace,
            kind: WorkspaceKind::Personal,
            name: PERSONAL_NAME.to_owned(),
        };
        store::workspaces::insert(tx, &workspace, now)?;
        store::members::insert(tx, workspace.id, self.account.id, Role::Owner, now)?;
        self.record(tx, author);
        if let Some(trial) = &self.trial {
            credits::grant_signup(tx, author, trial)?;
        }
        if let Some((key, digest)) = &self.first_key {
            crate::api_keys::insert(tx, key, digest, author)?;
        }
        Ok(true)
    }
    fn record(&self, tx: &mut Tx<'_>, author: &Author) {
        let Account { id, email, name, .. } = &self.account;
        let after = json!({ "email": email.as_str(), "name": name });
        let difference = Difference { after, ..Difference::default() };
        author.record(tx, Action::AccountCreated, Subject::Account(*id), *id, difference);
    }
}
