//! Links in mails about a person's own account: drawn, written with their mail, and used once.

use bloom_domain::account_links::Purpose;
use bloom_domain::digest::Digest;
use bloom_domain::email::Email;
use bloom_domain::ids::AccountId;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;
pub(crate) use store::account_links::Found;

use crate::{Error, Service};

/// A link that is about to be written.
pub(crate) struct Draft {
    purpose: Purpose,
    digest: Digest,
    at: Timestamp,
}

/// Draws a link for a purpose: its address, which is a secret, and what is written of it.
pub(crate) fn draw(service: &Service, purpose: Purpose) -> Result<(String, Draft), Error> {
    let secret = OpaqueSecret::new(&service.entropy.draw()?);
    let digest = service.keyring.load().account_link_digest(purpose, &secret);
    let link = format!("{}{}{}", service.settings.origin, path(purpose), secret.expose());
    Ok((link, Draft { purpose, digest, at: service.now() }))
}

impl Draft {
    /// Writes the link for an account and the mailbox that its mail goes to.
    pub(crate) fn insert(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        email: &Email,
    ) -> Result<(), store::Error> {
        store::account_links::insert(tx, &self.digest, self.purpose, (account, email), self.at)
    }
}

/// A link that somebody holds.
pub(crate) struct Presented {
    purpose: Purpose,
    digests: Vec<Digest>,
    now: Timestamp,
}

impl Presented {
    pub(crate) fn new(service: &Service, purpose: Purpose, secret: &OpaqueSecret) -> Self {
        let digests = service.keyring.load().account_link_digests(purpose, secret);
        Self { purpose, digests, now: service.now() }
    }

    /// What it is good for, if anything.
    pub(crate) fn find(&self, tx: &mut Tx<'_>) -> Result<Option<Found>, store::Error> {
        for digest in &self.digests {
            let found = store::account_links::find(tx, digest, self.purpose, self.now)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Spends it; `false` when it is good for nothing any more.
    pub(crate) fn spend(&self, tx: &mut Tx<'_>) -> Result<bool, store::Error> {
        for digest in &self.digests {
            if store::account_links::spend(tx, digest, self.purpose, self.now)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What comes before the secret in the path of a link.
pub(crate) fn path(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::VerifyEmail => crate::accounts::email::VERIFY_PATH,
        Purpose::ChangeEmail => crate::accounts::email::CHANGE_PATH,
        Purpose::ResetPassword => crate::accounts::reset::PATH,
    }
}
