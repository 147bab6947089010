//! `/settings/api-keys`: make and rotate keys.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::api_keys::{KeyHint, KeyName, Narrowing, Overlap};
use bloom_service::api_keys::{self, KeyTerms, Rotation};
use bloom_service::{Error, workspaces};

use super::errors::PageError;
use super::forms::Form;
use super::views::Field;
use super::{Segment, key, key_options, redirect, settings};
use crate::app::App;

/// Makes a key and shows its secret.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let typed = form.text("name");
    let shown = key::new_options(&browser, &workspaces::mine(&app.service, person).await?);
    let nothing = Narrowing::default();
    let narrowing = key_options::read(&form, &nothing, shown.clone(), app.service.now());
    let (name, narrowing) = match (KeyName::parse(typed), narrowing) {
        (Ok(name), Ok(narrowing)) => (name, narrowing),
        (name, narrowing) => {
            let error = name.err().map(|error| error.to_string());
            let name = Field { value: typed.to_owned(), error };
            let options = match narrowing {
                Ok(narrowing) => key_options::again(shown, &narrowing),
                Err(options) => *options,
            };
            return settings::with_refused_key(&app, &browser, person, name, options).await;
        }
    };
    let options = key_options::again(shown, &narrowing);
    match api_keys::create(&app.service, person, KeyTerms { name, narrowing }).await {
        Ok(new) => settings::with_new_key(&app, &browser, person, new).await,
        Err(error) => {
            let refusal = key::refusal(&error).ok_or(error)?;
            let typed = Some((typed.to_owned(), options));
            settings::with_refusal(&app, &browser, person, typed, &refusal).await
        }
    }
}

/// Gives a key another secret and shows it.
pub(crate) async fn rotate(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id = super::id(id)?;
    let refuse =
        async |refusal: &str| settings::with_refusal(&app, &browser, person, None, refusal).await;
    let overlap = match form.text("overlap").parse::<Overlap>() {
        Ok(overlap) => overlap,
        Err(error) => return refuse(&format!("The key was not rotated: {error}.")).await,
    };
    let seen = KeyHint::parse(form.text("seen"));
    if seen.is_none() && !form.text("seen").is_empty() {
        return Err(PageError::UnreadableForm("It names no secret that the page has shown."));
    }
    let rotation = Rotation { overlap, seen };
    match api_keys::rotate(&app.service, person, id, rotation).await {
        Ok(new) => settings::with_new_key(&app, &browser, person, new).await,
        Err(Error::ApiKeyRevoked | Error::ApiKeyExpired) => {
            refuse("The key has ended and cannot be rotated. Create a new one.").await
        }
        Err(Error::ApiKeyRotated) => {
            refuse(
                "The key has been rotated already, perhaps by a second click, and this time nothing was \
                 done. If you do not have its new secret, rotate it again.",
            )
            .await
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends the old secret of a key.
pub(crate) async fn end_overlap(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id = super::id(id)?;
    match api_keys::end_overlap(&app.service, person, id).await {
        Ok(key) => Ok(redirect(&format!("/settings?ended={}#api-keys", key.id))),
        Err(Error::ApiKeyRevoked | Error::ApiKeyExpired) => Ok(redirect(settings::KEYS)),
        Err(error) => Err(error.into()),
    }
}
