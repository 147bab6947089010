//! `/settings/api-keys`: make, replace and revoke keys.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::api_keys::KeyName;
use bloom_service::{Error, api_keys};

use super::errors::PageError;
use super::forms::Form;
use super::views::Field;
use super::{Segment, redirect, settings};
use crate::app::App;

/// Makes a key and shows its secret.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let typed = form.text("name");
    let name = match KeyName::parse(typed) {
        Ok(name) => name,
        Err(error) => {
            let field = Field { value: typed.to_owned(), error: Some(error.to_string()) };
            return settings::with_refused_name(&app, &browser, person, field).await;
        }
    };
    match api_keys::create(&app.service, person, &name).await {
        Ok(new) => settings::with_new_key(&app, &browser, person, new).await,
        Err(Error::TooManyApiKeys) => {
            let refusal =
                "You have as many working keys as one account may have. Revoke one first.";
            settings::with_refusal(&app, &browser, person, typed.to_owned(), refusal).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives a key a new secret and shows it.
pub(crate) async fn replace(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id = super::id(id)?;
    match api_keys::replace(&app.service, person, id).await {
        Ok(new) => settings::with_new_key(&app, &browser, person, new).await,
        Err(Error::ApiKeyRevoked) => {
            let refusal = "The key is revoked and cannot be replaced. Create a new one.";
            settings::with_refusal(&app, &browser, person, String::new(), refusal).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Revokes a key.
pub(crate) async fn revoke(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id = super::id(id)?;
    api_keys::revoke(&app.service, person, id).await?;
    Ok(redirect(&format!("/settings?revoked={id}#api-keys")))
}
