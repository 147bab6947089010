//! `/settings/api-keys/{id}/revoke`: revoke a key, for whoever types its name.
//!
//! Nothing brings a revoked key back, so a slip must not be enough; but whoever has to be quick is not asked for
//! anything that they would have to look up: how the key begins will do.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::api_keys::ApiKey;
use bloom_domain::ids::ApiKeyId;
use bloom_service::api_keys;
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::key::Known;
use super::views::{Field, RevokeKey};
use super::{Segment, page, redirect, settings};
use crate::app::App;

/// The page; a stranger signs in first.
pub(crate) async fn show(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let id: ApiKeyId = super::id(segment)?;
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.person_at(&format!("/settings/api-keys/{id}/revoke"))?;
    let known = Known::read(&app, person, id).await?;
    if !known.key.works(app.service.now()) {
        return Ok(redirect(settings::KEYS));
    }
    Ok(page(StatusCode::OK, &view(&browser, known, Field::default())))
}

/// Revokes a key.
pub(crate) async fn submit(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id: ApiKeyId = super::id(segment)?;
    let known = Known::read(&app, person, id).await?;
    let typed = form.text("confirmed");
    // What does not work any more is nothing to lose.
    if known.key.works(app.service.now()) && !is_meant(&known.key, typed.trim()) {
        let error = Some("This is neither its name nor how it begins. Nothing was revoked.".into());
        let confirmed = Field { value: typed.to_owned(), error };
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view(&browser, known, confirmed)));
    }
    api_keys::revoke(&app.service, person, id).await?;
    Ok(redirect(&format!("/settings?revoked={id}#api-keys")))
}

/// A page shows several spaces in a row as one.
fn is_meant(key: &ApiKey, typed: &str) -> bool {
    typed.split_whitespace().eq(key.name.split_whitespace()) || typed == beginning(key)
}

/// How its secret begins, as far as that is shown.
fn beginning(key: &ApiKey) -> String {
    let hint = key.hint.to_string();
    hint.split('…').next().unwrap_or_default().to_owned()
}

fn view(browser: &Browser, known: Known, confirmed: Field) -> RevokeKey {
    RevokeKey {
        layout: browser.layout(),
        beginning: beginning(&known.key),
        key: known.row,
        made: known.made,
        confirmed,
    }
}
