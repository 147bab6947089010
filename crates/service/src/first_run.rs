//! The first start on one's own machine: an account and a key, so that there is something to try.

use bloom_domain::api_keys::ApiKeySecret;
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_store as store;

use crate::accounts::{self, NewAccount};
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

/// Makes an account with a personal workspace and a key, all in one transaction, if there is no
/// account yet.
///
/// # Errors
/// When the database cannot be written.
pub async fn create(
    service: &Service,
    _operator: &Operator,
    email: Email,
) -> Result<Option<FirstRun>, Error> {
    if service.store.read(store::accounts::exist).await? {
        return Ok(None);
    }
    let password = Password::random(&service.entropy.draw()?);
    let new = NewAccount { email: email.clone(), name: None, password: password.clone() };
    let (draft, key) = accounts::draft(service, new).await?.with_key(service, KEY_NAME)?;
    let is_first = service
        .store
        .write(move |tx| Ok(!store::accounts::exist(tx)? && draft.insert(tx)?))
        .await?;
    Ok(is_first.then_some(FirstRun { email, password, key }))
}
