//! Token revocation (RFC 7009 §2).

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_oauth::error::OAuthError;
use bloom_service::tokens;
use http::StatusCode;

use super::OAuthFailure;
use super::body::Form;
use crate::api::envelope::json;
use crate::app::App;

/// Revokes a token. A token that is unknown here or another client's is answered alike: "the purpose
/// of the revocation request, invalidating the particular token, is already achieved" (§2.2).
pub(crate) async fn revoke(
    State(app): State<App>,
    request: Request,
) -> Result<Response, OAuthFailure> {
    let form = Form::read(&app, request).await?;
    answer(&app, &form).await.map_err(|failure| form.refuse(&app, failure))
}

async fn answer(app: &App, form: &Form) -> Result<Response, OAuthFailure> {
    let client = form.client()?;
    let token = form.parameters.one("token").map_err(OAuthError::from)?;
    let token = token.ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
    tokens::anonymous_revoke(&app.service, &client, token, &form.sender()).await?;
    Ok(json(StatusCode::OK, b"{}".to_vec()))
}
