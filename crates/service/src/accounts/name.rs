//! What a person wants to be called.

use bloom_domain::audit::{Action, Subject};
use bloom_store as store;
use serde_json::json;
use store::{Change, Tx};

use crate::audit::Difference;
use crate::{Error, Service, SignedIn};

/// Gives the person another name, as [`bloom_domain::accounts::parse_name`] takes it, or none. Whoever is told it, an
/// app that may know it included, is told the new one from now on.
///
/// # Errors
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn change(
    service: &Service,
    person: &SignedIn,
    name: Option<String>,
) -> Result<(), Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let id = claim.account;
        let before = store::accounts::find(tx, id)?.and_then(|account| account.name);
        if before == name {
            return Ok(Ok(()));
        }
        store::accounts::set_name(tx, id, name.as_deref())?;
        let difference =
            Difference { before: json!({ "name": before }), after: json!({ "name": name }) };
        author.record(tx, Action::AccountRenamed, Subject::Account(id), id, difference);
        tx.changed(Change::Account(id));
        Ok(Ok(()))
    };
    service.store.write(write).await?
}
