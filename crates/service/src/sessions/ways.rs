//! By what a person can sign in, so that nobody takes the last of it from themselves.

use bloom_domain::ids::AccountId;
use bloom_domain::openid::{Identity, WaysIn};
use bloom_store as store;
use store::Tx;

use crate::passwords::NOBODY;
use crate::{Error, Service, SignedIn, passkeys};

/// Which ways in there are on this server.
pub(crate) struct Ways {
    /// Whether browsers have passkeys here.
    pub(crate) has_passkeys: bool,
    issuer: Option<String>,
}

impl Ways {
    pub(crate) fn of(service: &Service) -> Self {
        Self {
            has_passkeys: passkeys::anonymous_site(service).is_some(),
            issuer: service.settings.openid.as_ref().map(|settings| settings.issuer.clone()),
        }
    }

    /// Whether anybody can sign in by an identity: that of another provider than the one that is configured is
    /// worth nothing.
    pub(crate) fn lead_through(&self, identity: &Identity) -> bool {
        self.issuer.as_ref() == Some(&identity.issuer)
    }

    /// What an account has of them. Its row is taken.
    pub(crate) fn find(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<WaysIn, store::Error> {
        let passkeys = store::passkeys::list_of(tx, account)?.len();
        let identities = store::openid::list_of(tx, account)?;
        Ok(WaysIn {
            password: is_one(store::accounts::find_password(tx, account)?),
            passkeys: if self.has_passkeys { passkeys } else { 0 },
            identities: identities.iter().filter(|identity| self.lead_through(identity)).count(),
        })
    }
}

/// Whether what is stored for a password is one that somebody chose.
fn is_one(stored: Option<String>) -> bool {
    stored.is_some_and(|hash| hash != NOBODY)
}

/// Whether a person has a password: whoever came from an OpenID provider has none at first.
///
/// # Errors
/// When the database cannot be read.
pub async fn have_password(service: &Service, person: &SignedIn) -> Result<bool, Error> {
    let account = person.account().id;
    let find = move |tx: &mut Tx<'_>| store::accounts::find_password(tx, account);
    Ok(is_one(service.store.read(find).await?))
}
