//! Whether a client is who it says it is (RFC 6749 §2.3).

use std::sync::Arc;

use bloom_domain::clients::{Authentication, Client, ClientSecret};
use bloom_domain::digest::Digest;
use bloom_oauth::client_authentication::ClientCredentials;
use bloom_oauth::error::OAuthError;
use bloom_store::grants::FoundGrant;

use crate::keyring::Keyring;
use crate::tokens::{TokenError, unknown_client};
use crate::{Service, clients};

/// What a client brought to prove itself, ready to be compared.
#[derive(Clone)]
pub(crate) struct Proof {
    presented: ClientCredentials,
    digests: Vec<Digest>,
}

impl Proof {
    pub(crate) fn of(keyring: &Keyring, presented: &ClientCredentials) -> Self {
        Self { presented: presented.clone(), digests: digests(keyring, presented) }
    }

    /// Whether the client of a grant was presented by its name. One with a document has an id here, too, by
    /// which nobody presents it.
    pub(crate) fn names_client_of(&self, found: &FoundGrant) -> bool {
        let url = found.document.as_deref();
        url.is_none_or(|url| url == self.presented.client_id)
    }

    /// Whether it proves a client that is to prove itself like this.
    ///
    /// # Errors
    /// `invalid_client`.
    pub(crate) fn check(&self, authentication: &Authentication) -> Result<(), OAuthError> {
        authentication.check(&self.presented, &self.digests)
    }
}

/// What a presented secret may be stored as.
fn digests(keyring: &Keyring, presented: &ClientCredentials) -> Vec<Digest> {
    let secret = presented.secret.as_ref();
    let secret = secret.and_then(|(_, text)| ClientSecret::parse(text.expose()));
    secret.map(|secret| keyring.client_secret_digests(&secret)).unwrap_or_default()
}

/// The client that asks, proven. `None` for one that is not known and has tried to prove nothing: what it
/// asks for cannot be its own, and it may be told so in the words of the endpoint.
pub(crate) async fn anonymous_client(
    service: &Service,
    presented: &ClientCredentials,
) -> Result<Option<Arc<Client>>, TokenError> {
    match clients::find(service, &presented.client_id).await? {
        Some(client) => {
            let digests = digests(&service.keyring.load(), presented);
            client.authentication().check(presented, &digests)?;
            Ok(Some(client))
        }
        None if presented.secret.is_some() => Err(unknown_client().into()),
        None => Ok(None),
    }
}
