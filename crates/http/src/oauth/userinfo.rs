//! The UserInfo endpoint (OpenID Connect Core §5.3). It is a protected resource, so what is wrong is said
//! in a challenge (RFC 6750 §3), and in the body for whoever reads that.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bloom_oauth::bearer::{BearerError, bearer_token};
use bloom_oauth::error::ErrorCode;
use bloom_service::attempts;
use bloom_service::authenticate::Rejection;
use bloom_service::userinfo::{self, UserInfoError};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::OAuthFailure;
use crate::api::envelope::{json, write};
use crate::app::App;
use crate::sender::Sender;

/// No more is said to whoever presented nothing (RFC 6750 §3.1).
const MISSING: HeaderValue = HeaderValue::from_static("Bearer realm=\"Bloom\"");
const INVALID_TOKEN: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"Bloom\", error=\"invalid_token\"");
const INVALID_REQUEST: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"Bloom\", error=\"invalid_request\"");

/// What is wrong, in the header and in the body.
struct Refusal {
    status: StatusCode,
    challenge: HeaderValue,
    body: Body,
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: &'static str,
}

/// Tells who the person is. The token is read from its header only, whatever the method.
pub(crate) async fn show(
    State(app): State<App>,
    request: Request,
) -> Result<Response, OAuthFailure> {
    let token = match presented(request.headers()) {
        Ok(token) => token,
        Err(refused) => return Ok(refused.into_response()),
    };
    match userinfo::anonymous_show(&app.service, token).await {
        Ok(told) => Ok(json(StatusCode::OK, write(&told))),
        Err(UserInfoError::WithoutOpenId(scopes)) => {
            // All that is needed at once, so that a client that asks for it loses nothing.
            let challenge =
                format!("Bearer realm=\"Bloom\", error=\"insufficient_scope\", scope=\"{scopes}\"");
            let challenge = HeaderValue::try_from(challenge).unwrap_or(MISSING);
            let text = "the token was not granted openid; ask for it at authorize";
            let status = StatusCode::FORBIDDEN;
            Ok(refuse(status, challenge, "insufficient_scope", text).into_response())
        }
        Err(UserInfoError::Rejected(Rejection::Failed(error))) => Err(error.into()),
        Err(UserInfoError::Rejected(rejection)) => {
            if rejection.is_failed_attempt() {
                let sender = Sender::of(&app, request.headers(), request.extensions());
                let address = sender.address();
                if let Some(wait) = attempts::anonymous_authentication_failed(&app.service, address)
                {
                    let text = "too many requests from this address had no good token, and so had this \
                                one; a good one is taken at any time";
                    let status = StatusCode::TOO_MANY_REQUESTS;
                    let failure =
                        OAuthFailure::new(status, ErrorCode::TemporarilyUnavailable, text);
                    return Err(failure.with_retry_after(wait));
                }
            }
            let text = words(&rejection);
            let refusal = refuse(StatusCode::UNAUTHORIZED, INVALID_TOKEN, "invalid_token", text);
            Ok(refusal.into_response())
        }
    }
}

fn presented(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value.as_bytes(),
        (None, _) => {
            let text = "send an access token in the Authorization header, as Bearer";
            return Err(refuse(StatusCode::UNAUTHORIZED, MISSING, "invalid_request", text));
        }
        (Some(_), Some(_)) => {
            let text = "the request has two Authorization headers";
            return Err(refuse(StatusCode::BAD_REQUEST, INVALID_REQUEST, "invalid_request", text));
        }
    };
    bearer_token(value).map_err(|error| match error {
        BearerError::Malformed => {
            let text = "the Authorization header has no readable token";
            refuse(StatusCode::UNAUTHORIZED, INVALID_TOKEN, "invalid_token", text)
        }
        BearerError::OtherScheme => {
            let text = "the Authorization header has another scheme than Bearer";
            refuse(StatusCode::UNAUTHORIZED, MISSING, "invalid_request", text)
        }
    })
}

fn words(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::ExpiredAccessToken => "the access token has expired",
        Rejection::RevokedAccessToken => "the access token was revoked",
        Rejection::RefusedClient => "the operator of this server refuses the app",
        Rejection::AccountBanned => "the account is suspended",
        _ => "this is not an access token of this server",
    }
}

fn refuse(
    status: StatusCode,
    challenge: HeaderValue,
    error: &'static str,
    error_description: &'static str,
) -> Refusal {
    Refusal { status, challenge, body: Body { error, error_description } }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(self.status, write(&self.body));
        response.headers_mut().insert(header::WWW_AUTHENTICATE, self.challenge);
        response
    }
}
