//! `/reset-password`: a link for who has forgotten their password; `/reset-password/{token}`: a new one.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_service::accounts::reset;
use bloom_service::{Error, mail};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{AddressForm, AskReset, Field, NewPassword};
use super::{Segment, moment, page, redirect, secret, sign_in};
use crate::app::App;

/// Where a link is asked for.
pub(crate) const PATH: &str = "/reset-password";

/// What a form says while no mail can be sent.
pub(super) const NO_MAIL: &str = "This server can send no mail at the moment, so nothing was sent or changed. Try again in some minutes.";

/// The form.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let known = browser.person().map(|person| person.account().email.to_string());
    let form = AddressForm::with(known.unwrap_or_default());
    Ok(browser.keep(&app, page(StatusCode::OK, &asking(&app, &browser, form))))
}

/// Sends the link, and says the same whether or not there is such an account.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let typed = form.text("email");
    let again = |form: AddressForm, status| page(status, &asking(&app, &browser, form));
    let email = match address(typed) {
        Ok(email) => email,
        Err(refused) => return Ok(again(*refused, StatusCode::UNPROCESSABLE_ENTITY)),
    };
    match reset::anonymous_ask(&app.service, email.clone(), browser.sender()).await {
        Ok(()) => {
            let view = asking(&app, &browser, AddressForm::default());
            Ok(page(StatusCode::OK, &AskReset { sent_to: Some(email.to_string()), ..view }))
        }
        Err(error) => not_sent(error, typed, again),
    }
}

/// The address that was typed, else the form with what is wrong with it.
pub(super) fn address(typed: &str) -> Result<Email, Box<AddressForm>> {
    Email::parse(typed).map_err(|error| Box::new(wrong(typed, error.to_string())))
}

/// The form with what is wrong with the address.
pub(super) fn wrong(typed: &str, error: String) -> AddressForm {
    let email = Field { value: typed.to_owned(), error: Some(error) };
    AddressForm { email, refusal: None }
}

/// The form again, `again`, with the reason why no mail went to any address.
pub(super) fn not_sent(
    error: Error,
    typed: &str,
    again: impl FnOnce(AddressForm, StatusCode) -> Response,
) -> Result<Response, PageError> {
    let refused = |text| AddressForm { refusal: Some(text), ..AddressForm::with(typed) };
    match error {
        Error::TooMany { retry_after } => {
            let wait = moment::wait(retry_after);
            let text = format!(
                "Too many mails were asked for from where you are. No mail was sent. Try again in {wait}."
            );
            let page = again(refused(text), StatusCode::TOO_MANY_REQUESTS);
            Ok(sign_in::with_retry_after(page, retry_after))
        }
        Error::MailUnavailable(_) => {
            let text = NO_MAIL.to_owned();
            let page = again(refused(text), StatusCode::SERVICE_UNAVAILABLE);
            Ok(sign_in::with_retry_after(page, sign_in::SOON))
        }
        error => Err(error.into()),
    }
}

/// The form for a new password, while the link works.
pub(crate) async fn show_link(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let secret = secret(segment).ok_or(PageError::ResetLinkSpent)?;
    let email = reset::anonymous_find(&app.service, &secret).await.map_err(spent)?;
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let view = form_with(&browser, &email, secret.expose(), None);
    Ok(browser.keep(&app, page(StatusCode::OK, &view)))
}

/// Sets it. Whoever did so signs in with it.
pub(crate) async fn submit_link(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let secret = secret(segment).ok_or(PageError::ResetLinkSpent)?;
    let email = reset::anonymous_find(&app.service, &secret).await.map_err(spent)?;
    let refuse = |error: String, status| {
        page(status, &form_with(&browser, &email, secret.expose(), Some(error)))
    };
    let password = match Password::parse(form.text("password").to_owned()) {
        Ok(password) => password,
        Err(error) => return Ok(refuse(error.to_string(), StatusCode::UNPROCESSABLE_ENTITY)),
    };
    match reset::anonymous_reset(&app.service, &secret, password, browser.sender()).await {
        Ok(()) => Ok(redirect("/sign-in?again=1&done=password")),
        Err(Error::Busy { .. }) => {
            let page = refuse(sign_in::BUSY.to_owned(), StatusCode::SERVICE_UNAVAILABLE);
            Ok(sign_in::with_retry_after(page, sign_in::SOON))
        }
        Err(error) => Err(spent(error)),
    }
}

fn spent(error: Error) -> PageError {
    match error {
        Error::AccountLinkSpent => PageError::ResetLinkSpent,
        error => error.into(),
    }
}

fn asking(app: &App, browser: &Browser, form: AddressForm) -> AskReset {
    let is_by_hand = mail::anonymous_is_by_hand(&app.service);
    AskReset { layout: browser.layout(), form, sent_to: None, is_by_hand }
}

fn form_with(
    browser: &Browser,
    email: &Email,
    secret: &str,
    password_error: Option<String>,
) -> NewPassword {
    let (email, action) = (email.to_string(), format!("{PATH}/{secret}"));
    NewPassword { layout: browser.layout(), email, password_error, action }
}
