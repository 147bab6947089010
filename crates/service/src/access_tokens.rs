//! Access tokens: signed, so that most of what is wrong with one is found without a query.

use bloom_domain::access::Access;
use bloom_domain::accounts::Account;
use bloom_domain::grants::ACCESS_TOKEN_LIFETIME;
use bloom_domain::ids::{AccessTokenId, AccountId, ClientId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_oauth::access_token::{
    ACCESS_TOKEN_TYPE, AccessClaims, ID_TOKEN_TYPE, IdClaims, IdTokenHint, token_hash,
};
use bloom_oauth::jws::{self, JwsError};
use bloom_oauth::scope::Scopes;
use bloom_store::grants::FoundGrant;

use crate::{Error, Service, clients, signing_keys};

/// What an access token of this server says.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub(crate) id: AccessTokenId,
    pub(crate) grant: GrantId,
    /// Whom it is about: the account, or the client itself when that acts by itself.
    pub(crate) subject: String,
    pub(crate) client: ClientId,
    pub(crate) access: Access,
    pub(crate) scope: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Whether a credential can be an access token: three parts with dots between them. API keys and
/// refresh tokens have none.
pub(crate) fn looks_like_one(credential: &str) -> bool {
    memchr::memchr_iter(b'.', credential.as_bytes()).take(3).count() == 2
}

/// Whom a grant's tokens are about (RFC 9068 §2.2: the client, where no resource owner is involved).
pub(crate) fn subject(acts_alone: bool, account: AccountId, client: ClientId) -> String {
    if acts_alone { client.to_string() } else { account.to_string() }
}

/// Signs an access token for a grant; gives when it ends, too.
pub(crate) fn issue(
    service: &Service,
    found: &FoundGrant,
    scope: &str,
    access: Access,
) -> Result<(String, Timestamp), Error> {
    let (now, grant) = (service.now(), &found.grant);
    // The limit on how long a grant lives is about people who should be asked again.
    let begun = if found.acts_alone { now } else { grant.created_at };
    let expires_at = service.settings.access_ends_at(begun, now);
    let expires_at = found.connected_until.map_or(expires_at, |end| end.min(expires_at));
    let client = found.client_identifier();
    let claims = AccessClaims {
        iss: service.authorization_server.issuer().to_owned(),
        sub: subject(found.acts_alone, found.account.id, found.client),
        aud: service.authorization_server.audience().to_vec(),
        azp: client.clone(),
        client_id: client,
        scope: scope.to_owned(),
        access: access.to_string(),
        sid: grant.id.to_string(),
        jti: AccessTokenId::new(now, &service.entropy.draw()?).to_string(),
        iat: seconds(now),
        exp: seconds(expires_at),
    };
    Ok((service.signing_keys.sign(ACCESS_TOKEN_TYPE, &claims, now)?, expires_at))
}

/// Signs an id token, if the scope asks for one, to go along with an access token.
pub(crate) fn issue_id_token(
    service: &Service,
    found: &FoundGrant,
    scopes: &Scopes,
    access_token: &str,
) -> Result<Option<String>, Error> {
    if !scopes.contains("openid") {
        return Ok(None);
    }
    let (now, FoundGrant { grant, account, .. }) = (service.now(), found);
    let client = found.client_identifier();
    let claims = IdClaims {
        iss: service.authorization_server.issuer().to_owned(),
        sub: account.id.to_string(),
        azp: client.clone(),
        aud: client,
        sid: grant.id.to_string(),
        jti: AccessTokenId::new(now, &service.entropy.draw()?).to_string(),
        iat: seconds(now),
        exp: seconds(now.plus(ACCESS_TOKEN_LIFETIME)),
        auth_time: seconds(grant.signed_in_at),
        at_hash: token_hash(access_token),
        nonce: grant.nonce.clone(),
        name: name(account, scopes),
        email: email(account, scopes),
        email_verified: email_verified(account, scopes),
    };
    service.signing_keys.sign(ID_TOKEN_TYPE, &claims, now).map(Some)
}

/// The name, for an app that was granted it.
pub(crate) fn name(account: &Account, scopes: &Scopes) -> Option<String> {
    account.name.clone().filter(|_| scopes.contains("profile"))
}

/// The address, for an app that was granted it.
pub(crate) fn email(account: &Account, scopes: &Scopes) -> Option<String> {
    scopes.contains("email").then(|| account.email.to_string())
}

/// Whether the address is verified, for an app that was granted it.
pub(crate) fn email_verified(account: &Account, scopes: &Scopes) -> Option<bool> {
    scopes.contains("email").then_some(account.email_verified_at.is_some())
}

/// Reads an id token of this server that comes back as a hint, whether or not it has ended; `None` for
/// any other.
pub(crate) fn read_hint(service: &Service, token: &str) -> Option<IdTokenHint> {
    let now = service.now();
    let hint: IdTokenHint =
        jws::verify(token, ID_TOKEN_TYPE, |id| service.signing_keys.verifying(id, now)).ok()?;
    (hint.iss == service.authorization_server.issuer()).then_some(hint)
}

/// Reads an access token of this server, expired or not; says what is wrong with any other.
pub(crate) async fn read(service: &Service, token: &str) -> Result<AccessToken, &'static str> {
    let claims = match verify(service, token) {
        Err(JwsError::UnknownKey) if signing_keys::look_again(service).await => {
            verify(service, token)
        }
        claims => claims,
    };
    let claims = claims.map_err(JwsError::reason)?;
    if claims.iss != service.authorization_server.issuer() {
        return Err("another server issued it");
    }
    if !claims.aud.iter().any(|aud| service.authorization_server.audience().contains(aud)) {
        return Err("it is for another resource");
    }
    parse(claims).ok_or("its claims are not those of an access token")
}

fn verify(service: &Service, token: &str) -> Result<AccessClaims, JwsError> {
    let now = service.now();
    jws::verify(token, ACCESS_TOKEN_TYPE, |id| service.signing_keys.verifying(id, now))
}

fn parse(claims: AccessClaims) -> Option<AccessToken> {
    let time = |seconds: i64| seconds.checked_mul(1_000_000).map(Timestamp::from_unix_micros);
    Some(AccessToken {
        id: claims.jti.parse().ok()?,
        grant: claims.sid.parse().ok()?,
        subject: claims.sub,
        client: clients::id(&claims.client_id)?,
        access: Access::from_stored(&claims.access)?,
        scope: claims.scope,
        issued_at: time(claims.iat)?,
        expires_at: time(claims.exp)?,
    })
}

/// Whole seconds since the epoch (RFC 7519 §2, NumericDate).
pub(crate) fn seconds(time: Timestamp) -> i64 {
    time.unix_micros().div_euclid(1_000_000)
}
