//! `/settings/security/confirm`: a person proves that it is still them, and goes on.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::passwords::Password;
use bloom_service::Error;
use bloom_service::passkeys::Ceremony;
use bloom_service::sessions::{proof, ways};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::Proof;
use super::{moment, next, openid, page, passkeys, redirect, security, sign_in};
use crate::app::App;

/// Where this is.
pub(crate) const PATH: &str = "/settings/security/confirm";
const WRONG: &str = "The password is not right. Check it.";

/// The question; who has answered it lately and is on the way somewhere goes on at once.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let next = next::of_query(request.uri());
    let person = browser.person_at(next.as_deref().unwrap_or(security::PATH))?;
    if let Some(next) = next.as_deref().filter(|_| person.is_proven(&app.service)) {
        return Ok(redirect(next));
    }
    Ok(page(StatusCode::OK, &empty(&app, &browser, next).await?))
}

/// Takes the answer.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let next = next::of_form(&form);
    let typed = form.text("password");
    if typed.is_empty() {
        return refuse(
            &app,
            &browser,
            next,
            "Enter your password.",
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await;
    }
    let proven = match Password::presented(typed.to_owned()) {
        Some(password) => proof::by_password(&app.service, person, password).await,
        None => Err(Error::WrongEmailOrPassword),
    };
    match proven {
        Ok(()) => Ok(redirect(next.as_deref().unwrap_or(security::PATH))),
        Err(Error::WrongEmailOrPassword) => {
            refuse(&app, &browser, next, WRONG, StatusCode::UNAUTHORIZED).await
        }
        Err(Error::TooMany { retry_after }) => {
            let wait = moment::wait(retry_after);
            let why = format!(
                "There were too many wrong passwords for your account from where you are, so this one was \
                 not looked at. Try again in {wait}."
            );
            let page = refuse(&app, &browser, next, &why, StatusCode::TOO_MANY_REQUESTS).await?;
            Ok(sign_in::with_retry_after(page, retry_after))
        }
        Err(Error::Busy { .. }) => {
            let page = refuse(&app, &browser, next, sign_in::BUSY, StatusCode::SERVICE_UNAVAILABLE)
                .await?;
            Ok(sign_in::with_retry_after(page, sign_in::SOON))
        }
        Err(error) => Err(error.into()),
    }
}

/// The page again, after something else than a password was refused.
pub(crate) async fn refused(
    app: &App,
    browser: &Browser,
    next: Option<String>,
    why: &str,
) -> Result<Response, PageError> {
    refuse(app, browser, next, why, StatusCode::UNAUTHORIZED).await
}

async fn refuse(
    app: &App,
    browser: &Browser,
    next: Option<String>,
    why: &str,
    status: StatusCode,
) -> Result<Response, PageError> {
    let view = Proof { password_error: Some(why.to_owned()), ..empty(app, browser, next).await? };
    Ok(page(status, &view))
}

async fn empty(app: &App, browser: &Browser, next: Option<String>) -> Result<Proof, PageError> {
    let person = browser.require_person()?;
    let has_one = !bloom_service::passkeys::list(&app.service, person).await?.is_empty();
    let passkey = if has_one { passkeys::ask(app, browser, Ceremony::Use)? } else { None };
    Ok(Proof {
        layout: browser.layout(),
        email: person.account().email.to_string(),
        has_password: ways::have_password(&app.service, person).await?,
        passkey,
        provider: openid::provider_of(app, person).await?,
        password_error: None,
        next,
    })
}
