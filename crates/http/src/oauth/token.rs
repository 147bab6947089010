//! The token endpoint (RFC 6749 §3.2): one arm and one verb for each grant type.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::senders::Sender;
use bloom_oauth::authorization::check_resource;
use bloom_oauth::error::ErrorCode;
use bloom_oauth::token::TokenRequest;
use bloom_service::{attempts, tokens};
use http::StatusCode;

use super::OAuthFailure;
use super::body::Form;
use crate::api::envelope::{json, write};
use crate::app::App;

/// Issues tokens.
pub(crate) async fn issue(
    State(app): State<App>,
    request: Request,
) -> Result<Response, OAuthFailure> {
    let form = Form::read(&app, request).await?;
    answer(&app, &form).await.map_err(|failure| slow_down(&app, failure, form.sender()))
}

async fn answer(app: &App, form: &Form) -> Result<Response, OAuthFailure> {
    let asked = TokenRequest::read(&form.parameters, form.authorization())?;
    // Before a code is spent on a mistake.
    check_resource(&form.parameters, app.service.authorization_server().resources())?;
    let tokens = match asked {
        TokenRequest::AuthorizationCode { client_id, code, redirect_uri, verifier } => {
            let proofs = (redirect_uri, verifier);
            tokens::anonymous_redeem(&app.service, &client_id, &code, proofs, form.sender()).await?
        }
        TokenRequest::RefreshToken { client_id, refresh_token, scope } => {
            let (token, scope) = (refresh_token.as_str(), scope.as_deref());
            tokens::anonymous_refresh(&app.service, &client_id, token, scope, form.sender()).await?
        }
    };
    Ok(json(StatusCode::OK, write(&tokens)))
}

/// The failure, or that there were too many from this address.
fn slow_down(app: &App, failure: OAuthFailure, sender: &Sender) -> OAuthFailure {
    if !failure.is_failed_attempt() {
        return failure;
    }
    match attempts::anonymous_authentication_failed(&app.service, sender.address) {
        None => failure,
        Some(wait) => {
            let text = "too many requests from this address had no good code, token or client, and so \
                        had this one; a good one is taken at any time";
            let status = StatusCode::TOO_MANY_REQUESTS;
            OAuthFailure::new(status, ErrorCode::TemporarilyUnavailable, text)
                .with_retry_after(wait)
        }
    }
}
