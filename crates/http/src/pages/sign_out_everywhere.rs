//! `/settings/security/sign-out-everywhere`: every session ends, and what else was chosen.
//!
//! Sessions and apps can be had again, so one press ends them. Keys cannot: those that end, the apps' own among them, are
//! named, and the account's address is typed.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::api_keys::ApiKey;
use bloom_domain::email::Email;
use bloom_domain::time::Timestamp;
use bloom_service::connections;
use bloom_service::sessions::ending::{self, AlsoEnd};
use http::StatusCode;

use super::browser;
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::views::{EndingKey, Field, SignOutEverywhere};
use super::{page, redirect};
use crate::app::App;

/// What is typed when keys end, too.
const CONFIRMED: &str = "confirmed";

/// Ends all of it; with keys, the question comes first.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let chosen = |name| !form.text(name).is_empty();
    let also = AlsoEnd { keys: chosen("keys"), apps: chosen("apps") };
    let typed = form.text(CONFIRMED);
    if Email::parse(typed).as_ref() != Ok(&person.account().email) {
        let now = app.service.now();
        let keys = ending::keys_that_end(&app.service, person, also).await?;
        let keys: Vec<_> = keys.iter().map(|key| row(key, now)).collect();
        // With nothing to lose there is nothing to ask.
        if !keys.is_empty() {
            let apps = connections::count_in_force(&app.service, person).await?;
            let is_answer = form.checked(CONFIRMED).next().is_some();
            let wrong = "This is not the address of your account. Nothing was ended.";
            let error = is_answer.then(|| wrong.to_owned());
            let status = if is_answer { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let view = SignOutEverywhere {
                layout: browser.layout(),
                email: person.account().email.to_string(),
                keys,
                all_keys: also.keys,
                apps: if also.apps { apps } else { 0 },
                confirmed: Field { value: typed.to_owned(), error },
            };
            return Ok(page(status, &view));
        }
    }
    ending::end_all(&app.service, person, also).await?;
    let mut response = redirect("/sign-in?done=everywhere");
    browser::end_session(&app, &mut response);
    Ok(response)
}

fn row(key: &ApiKey, now: Timestamp) -> EndingKey {
    EndingKey {
        name: key.name.to_string(),
        hint: key.hint.to_string(),
        last_used: key.last_use.as_ref().map(|used| moment(used.at, now)),
    }
}
