//! `/settings/which-key`: somebody has a key in hand, from an old file say, and looks which of theirs it is.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::api_keys::{KeyCondition, Narrowing, ShapeError};
use bloom_domain::time::Timestamp;
use bloom_service::api_keys::by_principal::{self, SeenKey, Verified};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::page;
use super::views::{KnownKey, WhichKey};
use crate::app::App;

/// Where it is.
pub(crate) const PATH: &str = "/settings/which-key";

/// The form.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    browser.person_at(PATH)?;
    Ok(page(StatusCode::OK, &empty(&browser)))
}

/// Says which it is. What was typed is a secret, so it never comes back.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let refused = |text: &str| {
        let view = WhichKey { key_error: Some(text.to_owned()), ..empty(&browser) };
        Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
    };
    match by_principal::which(&app.service, person, form.text("key").trim()).await? {
        Verified::Known { seen, old_until, .. } => {
            let view = WhichKey { known: Some(known(&seen, old_until)), ..empty(&browser) };
            Ok(page(StatusCode::OK, &view))
        }
        Verified::Unknown => {
            let view = WhichKey { is_unknown: true, ..empty(&browser) };
            Ok(page(StatusCode::OK, &view))
        }
        Verified::Malformed(ShapeError::Prefix) => {
            refused("Enter the whole key. It begins with bloom_sk_.")
        }
        Verified::Malformed(ShapeError::Form | ShapeError::Checksum) => {
            refused("That is not a whole key: it is cut off or mistyped.")
        }
    }
}

fn known(seen: &SeenKey, old_until: Option<Timestamp>) -> KnownKey {
    let (key, now) = (&seen.key, seen.at);
    let state = match key.condition(now) {
        KeyCondition::Revoked { .. } => "It is revoked: every request with it is refused.",
        KeyCondition::Expired { .. } => "It has expired: every request with it is refused.",
        _ if old_until.is_some_and(|until| until <= now) => {
            "This is the secret that the key had before it was rotated, and it has ended: every request with it \
             is refused. The key goes on with its new secret."
        }
        _ if old_until.is_some() => {
            "This is the secret that the key had before it was rotated, and it still works for a while. The key \
             goes on with its new secret."
        }
        _ if key.narrowing != Narrowing::default() => {
            "It works: whoever has it can use it for what it is narrowed to."
        }
        KeyCondition::Active | KeyCondition::Rotated { .. } | KeyCondition::Expiring { .. } => {
            "It works: whoever has it can use it."
        }
    };
    KnownKey {
        id: key.id.to_string(),
        name: key.name.clone(),
        state,
        ends: old_until.filter(|until| *until > now).map(|until| moment(until, now)),
        created: moment(key.created_at, now),
        last_used: key.last_use.as_ref().map(|last_use| moment(last_use.at, now)),
    }
}

fn empty(browser: &Browser) -> WhichKey {
    WhichKey { layout: browser.layout(), known: None, is_unknown: false, key_error: None }
}
