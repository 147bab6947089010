//! `/sign-up` where mails go out: it asks for an address only, and says the same of each. `/sign-up/{token}`: the
//! form behind the link of the mail.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_service::Error;
use bloom_service::accounts::sign_up_links::{self, Link};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::reset::{self, not_sent};
use super::views::{AddressForm, Field, Purpose, SignUp, SignUpForm, SignUpState};
use super::{Segment, invitations, next, openid, page, redirect, sign_up};
use crate::app::App;

/// What comes before the secret in the path of a link.
pub(crate) const PATH: &str = sign_up_links::PATH;

/// Sends a mail to the address that was typed.
pub(super) async fn ask(app: &App, browser: &Browser, form: &Form) -> Result<Response, PageError> {
    let (typed, next) = (form.text("email"), next::of_form(form));
    let again = |form: AddressForm, status| {
        sign_up::show_state(app, browser, next.clone(), (status, SignUpState::ByMail(form)))
    };
    let email = match reset::address(typed) {
        Ok(email) => email,
        Err(refused) => return Ok(again(*refused, StatusCode::UNPROCESSABLE_ENTITY)),
    };
    let invitation = next.as_deref().and_then(invitations::token_in);
    let link = Link { email: email.clone(), next: next.clone() };
    match sign_up_links::anonymous_ask(&app.service, link, browser.sender(), invitation).await {
        // An invitation has proven the address.
        Ok(Some(path)) => Ok(redirect(&path)),
        Ok(None) => {
            let sent = SignUpState::Sent(email.to_string());
            Ok(sign_up::show_state(app, browser, next, (StatusCode::OK, sent)))
        }
        Err(Error::SignUpClosed) => Ok(redirect(&next::link("/sign-up", next.as_deref()))),
        Err(error) => not_sent(error, typed, again),
    }
}

/// The form, while the link works.
pub(crate) async fn show(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let token = read(segment)?;
    let link = sign_up_links::anonymous_find(&app.service, &token).await.map_err(spent)?;
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let view = SignUp {
        layout: browser.layout(),
        next: None,
        provider: openid::label(&app),
        state: SignUpState::Form(form_for(&token, &link)),
    };
    Ok(browser.keep(&app, page(StatusCode::OK, &view)))
}

/// Makes the account and signs it in. The way on is the one that the link names.
pub(crate) async fn submit(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let token = read(segment)?;
    let link = sign_up_links::anonymous_find(&app.service, &token).await.map_err(spent)?;
    let blank = form_for(&token, &link);
    let chosen = match sign_up::read_choice(&form) {
        Ok(chosen) => chosen,
        Err((name, password_error)) => {
            let refused = SignUpForm { name, password_error, ..blank };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(sign_up::refuse((&app, &browser), &form, refused, status));
        }
    };
    let way = link.next.as_deref();
    let invitation = way.and_then(invitations::token_in);
    let arriving = browser.arriving();
    let made =
        sign_up_links::anonymous_sign_up(&app.service, &token, chosen, arriving, invitation).await;
    match made {
        Ok(session) => Ok(sign_up::welcome(&app, &session, way)),
        Err(error @ Error::AccountLinkSpent) => Err(spent(error)),
        // There it says why.
        Err(Error::SignUpClosed) => Ok(redirect(&next::link("/sign-up", way))),
        Err(error) => sign_up::answer((&app, &browser), &form, blank, error),
    }
}

fn read(segment: Segment) -> Result<String, PageError> {
    segment.map(|path| path.0).map_err(|_| PageError::SignUpLinkSpent)
}

fn spent(error: Error) -> PageError {
    match error {
        Error::AccountLinkSpent => PageError::SignUpLinkSpent,
        error => error.into(),
    }
}

fn form_for(token: &str, link: &Link) -> SignUpForm {
    let email = Field { value: link.email.to_string(), error: None };
    SignUpForm { email, ..sign_up::empty(Purpose::Mailbox, format!("{PATH}{token}")) }
}
