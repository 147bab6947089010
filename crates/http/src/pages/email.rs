//! The address of an account: `/settings/security/email` asks for another, and `/verify-email/{token}` and
//! `/change-email/{token}` take the links that go out. A link is opened by whatever looks into a mail, so that
//! alone does nothing: a person presses the button.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::account_links::Purpose;
use bloom_domain::secrets::OpaqueSecret;
use bloom_service::accounts::email::{self, CHANGE_PATH, VERIFY_PATH};
use bloom_service::{Error, SignedIn, mail};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{AddressForm, ConfirmEmail, NewEmail};
use super::{Segment, next, page, redirect, reset, secret, security};
use crate::api::query::Query;
use crate::app::App;

const HERE: &str = "/settings/security/email";

/// The form. What was typed before a person had to prove that it is them stands in it again.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let typed = Query(request.uri().query().unwrap_or_default()).optional("email").ok().flatten();
    let typed = typed.unwrap_or_default().into_owned();
    browser.proven_at(&app, HERE)?;
    let view = form_with(&browser, browser.require_person()?, AddressForm::with(typed));
    Ok(page(StatusCode::OK, &view))
}

/// Sends a link to the address that was typed.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    browser.require_person()?;
    let typed = form.text("email");
    let again = format!("{HERE}?{}", form_urlencoded(typed));
    let person = browser.proven_at(&app, &again)?;
    let again = |form: AddressForm, status| page(status, &form_with(&browser, person, form));
    let new = match reset::address(typed) {
        Ok(new) if new == person.account().email => {
            let text = "This is your address already. Enter another one.".to_owned();
            return Ok(again(reset::wrong(typed, text), StatusCode::UNPROCESSABLE_ENTITY));
        }
        Ok(new) => new,
        Err(refused) => return Ok(again(*refused, StatusCode::UNPROCESSABLE_ENTITY)),
    };
    match email::ask_change(&app.service, person, new.clone()).await {
        Ok(()) => {
            let view = NewEmail {
                sent_to: Some(new.to_string()),
                ..form_with(&browser, person, AddressForm::default())
            };
            let is_by_hand = mail::anonymous_is_by_hand(&app.service);
            Ok(page(StatusCode::OK, &NewEmail { is_by_hand, ..view }))
        }
        Err(error) => reset::not_sent(error, typed, again),
    }
}

/// Sends another link to verify the address with.
pub(crate) async fn send_verification(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    email::send_verification(&app.service, browser.require_person()?).await?;
    Ok(redirect(&format!("{}?done=sent", security::PATH)))
}

/// What the link verifies, and the button.
pub(crate) async fn show_verification(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    show_link(&app, Purpose::VerifyEmail, segment, request).await
}

/// Takes the link that verifies an address.
pub(crate) async fn verify(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let secret = secret(segment).ok_or(PageError::AccountLinkSpent)?;
    email::verify(&app.service, browser.require_person()?, &secret).await?;
    Ok(redirect(&format!("{}?done=verified", security::PATH)))
}

/// What the link changes, and the button.
pub(crate) async fn show_change(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    show_link(&app, Purpose::ChangeEmail, segment, request).await
}

/// Takes the link that changes an address.
pub(crate) async fn change(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let secret = secret(segment).ok_or(PageError::AccountLinkSpent)?;
    match email::change(&app.service, browser.require_person()?, &secret).await {
        // Whoever has the link reads that mailbox, so they may know.
        Err(Error::EmailTaken) => Err(PageError::AccountLinkSpent),
        done => {
            done?;
            Ok(redirect(&format!("{}?done=email", security::PATH)))
        }
    }
}

async fn show_link(
    app: &App,
    purpose: Purpose,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let secret: OpaqueSecret = secret(segment).ok_or(PageError::AccountLinkSpent)?;
    let (account, address) = email::anonymous_find(&app.service, purpose, &secret).await?;
    let browser = Browser::open(app, Sent::request(&request)).await?;
    if browser.person().is_some_and(|person| person.account().id != account) {
        return Err(PageError::OtherAccount);
    }
    let before = if purpose == Purpose::ChangeEmail { CHANGE_PATH } else { VERIFY_PATH };
    let path = format!("{before}{}", secret.expose());
    let view = ConfirmEmail {
        layout: browser.layout(),
        email: address.to_string(),
        is_change: purpose == Purpose::ChangeEmail,
        account: browser.person().map(|person| person.account().email.to_string()),
        sign_in_href: next::link("/sign-in", Some(&path)),
        path,
    };
    Ok(browser.keep(app, page(StatusCode::OK, &view)))
}

fn form_with(browser: &Browser, person: &SignedIn, form: AddressForm) -> NewEmail {
    let current = person.account().email.to_string();
    NewEmail { layout: browser.layout(), current, form, sent_to: None, is_by_hand: false }
}

fn form_urlencoded(email: &str) -> String {
    let escaped = percent_encoding::utf8_percent_encode(email, percent_encoding::NON_ALPHANUMERIC);
    format!("email={escaped}")
}
