//! Introspection (RFC 7662): a client asks whether a token of its own is good at this moment.
//!
//! Of everything else (another client's token, an id token, an API key, nonsense) it learns that it is
//! not active, and no more: "to avoid disclosing too much" (§2.2).

use bloom_domain::clients::Client;
use bloom_domain::grants::Rotation;
use bloom_oauth::client_authentication::ClientCredentials;
use bloom_oauth::introspection::{ActiveToken, Introspection};
use bloom_store as store;

use crate::access_tokens::{self, seconds};
use crate::authenticate::{Presented, Rejection, authenticate};
use crate::client_authentication::anonymous_client;
use crate::refresh_tokens::RefreshToken;
use crate::tokens::{TokenError, is_in_force};
use crate::{Error, Service, root_secret};

/// Whether a token is good, asked by whoever says that it is theirs.
///
/// # Errors
/// `invalid_client` for a client that has a secret and does not prove it; when it cannot be found out.
pub async fn anonymous_introspect<'a>(
    service: &'a Service,
    presented: &ClientCredentials,
    token: &str,
) -> Result<Introspection<'a>, TokenError> {
    let Some(client) = anonymous_client(service, presented).await? else {
        return Ok(Introspection::default());
    };
    let refresh_token = RefreshToken::parse(&service.keyring.load(), token);
    let active = match refresh_token {
        Some(refresh_token) => of_refresh_token(service, &client, refresh_token).await?,
        None => of_access_token(service, &client, token).await?,
    };
    Ok(active.map_or_else(Introspection::default, |token| Introspection::Good(Box::new(token))))
}

/// The newest of its chain: one that was used may be answered for a moment still, but is spent.
async fn of_refresh_token<'a>(
    service: &'a Service,
    client: &Client,
    token: RefreshToken,
) -> Result<Option<ActiveToken<'a>>, Error> {
    let grant = token.grant;
    let found = service.store.read(move |tx| store::grants::find(tx, grant)).await?;
    let Some(found) = found.filter(|found| found.client == client.id) else {
        return Ok(None);
    };
    let digests = token.digests(&service.keyring.load());
    let now = service.now();
    let rotation = found.grant.rotation(token.generation, &digests, now);
    let is_usable = is_in_force(&found, now).is_ok() && found.is_registered_for("refresh_token");
    if !is_usable || rotation != Rotation::Rotate {
        return Ok(None);
    }
    let ends_at = found.grant.ends_at;
    Ok(Some(ActiveToken {
        active: true,
        scope: found.grant.scope,
        client_id: client.identifier(),
        token_type: None,
        exp: seconds(found.connected_until.map_or(ends_at, |end| end.min(ends_at))),
        iat: None,
        sub: access_tokens::subject(found.acts_alone, found.account.id, client.id),
        aud: None,
        iss: service.authorization_server.issuer(),
        jti: None,
        sid: grant.to_string(),
    }))
}

async fn of_access_token<'a>(
    service: &'a Service,
    client: &Client,
    token: &str,
) -> Result<Option<ActiveToken<'a>>, Error> {
    // All that a request with it would be asked. Access tokens are good from anywhere.
    let authenticated = match access_tokens::looks_like_one(token) {
        true => authenticate(service, Presented::Bearer(token), None).await,
        false => Err(Rejection::NotAnAccessToken("it is not three parts of base64url")),
    };
    let principal = match authenticated {
        Ok(principal) => principal,
        Err(Rejection::NotAnAccessToken(_)) => {
            // It may be one that this node cannot read.
            root_secret::check_now(service).await?;
            return Ok(None);
        }
        Err(Rejection::Failed(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let Some((token, end)) =
        principal.access_token().filter(|(token, _)| token.client == client.id)
    else {
        return Ok(None);
    };
    Ok(Some(ActiveToken {
        active: true,
        scope: principal.granted_scope().to_owned(),
        client_id: client.identifier(),
        token_type: Some("Bearer"),
        exp: seconds(end),
        iat: Some(seconds(token.issued_at)),
        sub: access_tokens::subject(token.acts_alone, principal.account_id(), client.id),
        aud: Some(service.authorization_server.audience()),
        iss: service.authorization_server.issuer(),
        jti: Some(token.id.to_string()),
        sid: token.grant.to_string(),
    }))
}
