//! `/settings/security/password`: another password.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::passwords::Password;
use bloom_service::Error;
use bloom_service::accounts::password;
use http::StatusCode;

use super::browser::{self, Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::NewPassword;
use super::{page, redirect, security, sign_in};
use crate::app::App;

const HERE: &str = "/settings/security/password";

/// The form.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    browser.proven_at(&app, HERE)?;
    Ok(page(StatusCode::OK, &form_with(&browser, None)?))
}

/// Sets it.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    browser.require_person()?;
    let person = browser.proven_at(&app, HERE)?;
    let password = match Password::parse(form.text("password").to_owned()) {
        Ok(password) => password,
        Err(error) => {
            let view = form_with(&browser, Some(error.to_string()))?;
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
        }
    };
    match password::change(&app.service, person, password).await {
        Ok(session) => {
            let mut response = redirect(&format!("{}?done=password", security::PATH));
            browser::start_session(&app, &mut response, &session);
            Ok(response)
        }
        Err(Error::Busy { .. }) => {
            let view = form_with(&browser, Some(sign_in::BUSY.to_owned()))?;
            let page = page(StatusCode::SERVICE_UNAVAILABLE, &view);
            Ok(sign_in::with_retry_after(page, sign_in::SOON))
        }
        Err(error) => Err(error.into()),
    }
}

fn form_with(browser: &Browser, password_error: Option<String>) -> Result<NewPassword, PageError> {
    let email = browser.require_person()?.account().email.to_string();
    Ok(NewPassword { layout: browser.layout(), email, password_error, action: HERE.to_owned() })
}
