//! The token endpoint (RFC 6749 §3.2): one arm and one verb for each grant type.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_oauth::authorization::check_resource;
use bloom_oauth::token::TokenRequest;
use bloom_service::{client_credentials, tokens};
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
    answer(&app, &form).await.map_err(|failure| form.refuse(&app, failure))
}

async fn answer(app: &App, form: &Form) -> Result<Response, OAuthFailure> {
    let asked = TokenRequest::read(&form.parameters, form.authorization())?;
    // Before a code is spent on a mistake.
    check_resource(&form.parameters, app.service.authorization_server().resources())?;
    let sender = form.sender();
    let tokens = match asked {
        TokenRequest::AuthorizationCode { client, code, redirect_uri, verifier } => {
            let proofs = (redirect_uri, verifier);
            tokens::anonymous_redeem(&app.service, &client, &code, proofs, &sender).await?
        }
        TokenRequest::RefreshToken { client, refresh_token, scope } => {
            let (token, scope) = (refresh_token.as_str(), scope.as_deref());
            tokens::anonymous_refresh(&app.service, &client, token, scope, &sender).await?
        }
        TokenRequest::ClientCredentials { client, scope } => {
            let scope = scope.as_deref();
            client_credentials::anonymous_act(&app.service, &client, scope, &sender).await?
        }
    };
    Ok(json(StatusCode::OK, write(&tokens)))
}
