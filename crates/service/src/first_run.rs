//! The first start on one's own machine: an account and a key, so that there is something to try.

use bloom_domain::api_keys::ApiKeySecret;
use bloom_domain::audit::Actor;
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_store as store;

use crate::accounts::{self, NewAccount};
use crate::audit::Author;
use crate::{Error, Operator, Service};

/// The name of the first key.
const KEY_NAME: &str = "First key";

/// What the first start made: the only time password and secret are there to see.
pub struct FirstRun {
    /// The account's address.
    pub email: Email,
    /// Its password.
    pub password: Password,
    /// The secret of its key.
    pub key: ApiKeySecret,
}

/// What will be in the database when `commit` has put it there.
pub struct Draft(accounts::Draft);

/// Draws up an account with a personal workspace and a key, if there is no account yet. Nothing is
/// written, so that the secrets can be kept somewhere before they work.
///
/// # Errors
/// When the database cannot be read.
pub async fn draft(
    service: &Service,
    _operator: &Operator,
    email: Email,
) -> Result<Option<(FirstRun, Draft)>, Error> {
    if service.store.read(store::accounts::exist).await? {
        return Ok(None);
    }
    let password = Password::random(&service.entropy.draw()?);
    let new = NewAccount { email: email.clone(), name: None, password: password.clone() };
    let (draft, key) = accounts::draft(service, new).await?.with_key(service, KEY_NAME)?;
    Ok(Some((FirstRun { email, password, key }, Draft(draft))))
}

/// Makes all of it in one transaction, and says whether it was still the first account.
///
/// # Errors
/// When the database cannot be written.
pub async fn commit(
    service: &Service,
    _operator: &Operator,
    Draft(draft): Draft,
) -> Result<bool, Error> {
    let author = Author::here(service, Actor::Operator)?;
    let is_first = service
        .store
        .write(move |tx| Ok(!store::accounts::exist(tx)? && draft.insert(tx, &author)?))
        .await?;
    Ok(is_first)
}
