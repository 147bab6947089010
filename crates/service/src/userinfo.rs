//! Who the person is, for an app that was granted to know (OpenID Connect Core §5.3).

use bloom_oauth::scope::Scopes;
use bloom_oauth::userinfo::UserInfo;

use crate::authenticate::{Presented, Rejection, authenticate};
use crate::{Service, access_tokens};

/// Why nothing is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserInfoError {
    /// The token is not good.
    Rejected(Rejection),
    /// It is good, and not for this.
    WithoutOpenId,
}

impl From<Rejection> for UserInfoError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// What the token's scope lets its app know of the person, as it is now. Whoever has the token may ask:
/// it is the proof.
///
/// # Errors
/// [`UserInfoError`].
pub async fn anonymous_show(service: &Service, token: &str) -> Result<UserInfo, UserInfoError> {
    // An API key is nobody's to learn a name with, though it is good elsewhere.
    let ours = access_tokens::read(service, token).map_err(Rejection::NotAnAccessToken)?;
    let principal = authenticate(service, Presented::Bearer(token), None).await?;
    let scopes = Scopes::parse(&ours.scope).unwrap_or_default();
    if !scopes.contains("openid") {
        return Err(UserInfoError::WithoutOpenId);
    }
    let account = principal.account();
    Ok(UserInfo {
        sub: account.id.to_string(),
        name: access_tokens::name(account, &scopes),
        email: access_tokens::email(account, &scopes),
    })
}
