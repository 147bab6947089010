//! Token introspection (RFC 7662 §2).

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_oauth::error::OAuthError;
use bloom_service::introspection;
use http::StatusCode;

use super::OAuthFailure;
use super::body::Form;
use crate::api::envelope::{json, write};
use crate::app::App;

/// Tells a client about a token of its own.
pub(crate) async fn introspect(
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
    let told = introspection::anonymous_introspect(&app.service, &client, token).await?;
    Ok(json(StatusCode::OK, write(&told)))
}
