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
    /// It is good, and not for this. Holds what would be: all that it has, and `openid`.
    WithoutOpenId(Scopes),
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
    if !access_tokens::looks_like_one(token) {
        return Err(Rejection::NotAnAccessToken("it is not three parts of base64url").into());
    }
    let principal = authenticate(service, Presented::Bearer(token), None).await?;
    let scopes = principal.scopes();
    if !scopes.contains("openid") {
        let all = scopes.iter().chain(["openid"]).map(str::to_owned).collect();
        return Err(UserInfoError::WithoutOpenId(all));
    }
    let account = principal.account();
    Ok(UserInfo {
        sub: account.id.to_string(),
        name: access_tokens::name(account, &scopes),
        email: access_tokens::email(account, &scopes),
        email_verified: access_tokens::email_verified(account, &scopes),
    })
}
