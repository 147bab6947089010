//! A client that acts by itself, for its owner (RFC 6749 §4.4).
//!
//! Its access hangs on a connection of its owner, like that of every app, so that limits, budgets and the
//! end of it are the same: a connection of its own kind, made when the client first asks, with a grant
//! that nobody redeems. Each token is of that grant; `sub` is the client (RFC 9068 §2.2). There is no
//! refresh token: the client has its secret.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::access::{Access, BloomScope, ScopeSet};
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::clients::{Client, Owned};
use bloom_domain::grants::{ACCESS_TOKEN_LIFETIME, Grant, GrantState};
use bloom_domain::ids::{AccountId, ConnectionId, GrantId};
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_oauth::authorization::read_scope;
use bloom_oauth::client_authentication::ClientCredentials;
use bloom_oauth::pkce::CodeChallenge;
use bloom_oauth::scope::Scopes;
use bloom_oauth::token::TokenResponse;
use bloom_store as store;
use serde_json::json;
use store::Tx;
use store::grants::FoundGrant;

use crate::audit::{Author, Difference};
use crate::authorization_server::SCOPES;
use crate::client_authentication::anonymous_client;
use crate::tokens::{
    TokenError, is_in_force, may_ask_for, not_registered_for, refused, refused_client, respond,
    unknown_client,
};
use crate::{Error, Service};

/// How long a grant is used for new tokens. Then it leaves, and the next one is made.
const LIFETIME: Duration = Duration::from_secs(30 * 86_400);

/// A connection and a grant that are to be written.
struct Begin {
    client: Arc<Client>,
    owner: AccountId,
    connection: ConnectionId,
    grant: GrantId,
    author: Author,
    now: Timestamp,
}

/// Gives a client that has proven itself a token to act with.
///
/// # Errors
/// [`TokenError::Refused`] with `invalid_client`, `unauthorized_client` or `invalid_scope`.
pub async fn anonymous_act(
    service: &Service,
    presented: &ClientCredentials,
    scope: Option<&str>,
    sender: &Sender,
) -> Result<TokenResponse, TokenError> {
    let client = anonymous_client(service, presented).await?.ok_or_else(unknown_client)?;
    let Some(Owned { account: owner, .. }) = client.owned else {
        return Err(not_registered_for("client_credentials").into());
    };
    if !client.metadata.may_use("client_credentials") {
        return Err(not_registered_for("client_credentials").into());
    }
    if client.is_refused() {
        return Err(refused_client().into());
    }
    let asked = scope.map(|scope| read_scope(scope, &SCOPES)).transpose()?;
    let asked = asked.filter(|asked| !asked.is_empty());
    let (id, now) = (client.id, service.now());
    // Its tokens end before it does.
    let until = now.plus(ACCESS_TOKEN_LIFETIME);
    let there = service.store.read(move |tx| store::grants::find_alone(tx, id, until)).await;
    let found = match there.map_err(Error::from)? {
        Some(found) => found,
        None => {
            let entropy = &service.entropy;
            let connection = ConnectionId::new(now, &entropy.draw()?);
            let grant = GrantId::new(now, &entropy.draw()?);
            let author = Author::new(service, Actor::App(id), sender)?;
            let begin = Begin { client, owner, connection, grant, author, now };
            let begun = service.store.write(move |tx| begin.run(tx)).await.map_err(Error::from)?;
            begun.ok_or_else(unknown_client)?
        }
    };
    is_in_force(&found, now).map_err(refused)?;
    if let Some(asked) = &asked {
        may_ask_for(&found.grant, asked)?;
    }
    respond(service, &found, asked, None)
}

impl Begin {
    /// The client as it is now decides; whoever changes it waits, or comes first.
    fn run(&self, tx: &mut Tx<'_>) -> Result<Option<FoundGrant>, store::Error> {
        let id = self.client.id;
        if !store::clients::take_owned(tx, id)? {
            return Ok(None);
        }
        let Some(Client { metadata, owned: Some(owned), .. }) = store::clients::find(tx, id)?
        else {
            return Ok(None);
        };
        let whose = (self.owner, id);
        let is_new =
            store::connections::insert_alone(tx, self.connection, whose, &owned.reach, self.now)?;
        let connection = match is_new {
            true => Some(self.connection),
            false => store::connections::find_alone(tx, id)?,
        };
        let Some(connection) = connection else {
            return Ok(None);
        };
        let (scope, access) = own_access(&metadata.scope);
        let grant = Grant {
            id: self.grant,
            connection,
            // No code is ever made of it.
            redirect_uri: String::new(),
            challenge: CodeChallenge::from_bytes([0; 32]),
            scope: scope.to_string(),
            access,
            nonce: None,
            signed_in_at: self.now,
            created_at: self.now,
            state: GrantState::Approved { wrong_verifiers: 0 },
            ends_at: self.now.plus(LIFETIME),
        };
        store::grants::insert(tx, &grant, None)?;
        store::grants::redeem(tx, grant.id, self.now, None, grant.ends_at)?;
        if is_new {
            let after = json!({ "app": self.client.display_name(), "access": access.to_string() });
            let (action, subject) = (Action::ClientActed, Subject::Client(id));
            let difference = Difference { after, ..Difference::default() };
            self.author.record(tx, action, subject, self.owner, difference);
        }
        store::grants::find(tx, grant.id)
    }
}

/// What a client may do by itself: the Bloom scopes that it is registered for, or everything but API keys
/// when it named none. OpenID Connect's are about a person, and there is none.
pub(crate) fn own_access(registered: &str) -> (Scopes, Access) {
    let registered = Scopes::parse(registered).unwrap_or_default();
    let access = Access::requested(ScopeSet::default(), ScopeSet::among(registered.iter()));
    let scopes = BloomScope::ALL.into_iter().filter(|scope| access.allows(*scope));
    (scopes.map(|scope| scope.as_str().to_owned()).collect(), access)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_do_by_itself_what_it_is_registered_for() {
        let of = |scope: &str| own_access(scope).0.to_string();
        assert_eq!(of("openid profile read"), "read");
        assert_eq!(of("openid offline_access"), "generate read write");
        assert_eq!(of("keys:admin"), "keys:admin");
        assert_eq!(own_access("openid").1, Access::All);
    }
}
