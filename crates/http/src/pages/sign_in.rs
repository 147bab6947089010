//! `/sign-in`.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_service::authorization::{self, Asker};
use bloom_service::passkeys::Ceremony;
use bloom_service::{Error, sessions, turns};
use http::{HeaderValue, StatusCode, Uri, header};

use super::browser::{self, Browser, Sent};
use super::errors::PageError;
use super::forms::{Arrived, Form};
use super::views::{Field, SignIn};
use super::{authorize, moment, next, openid, page, passkeys, redirect, sign_up};
use crate::api::errors::whole_seconds;
use crate::api::query::Query;
use crate::app::App;

pub(crate) const BUSY: &str =
    "Too many people are signing in just now. Nothing is lost: wait a few seconds and try again.";
/// When somebody who was turned away because there is too much to do may come back.
pub(crate) const SOON: Duration = Duration::from_secs(1);
const WRONG: &str = "The email or the password is not right. Check both.";

/// The form.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let next = next::of_query(request.uri());
    if browser.person().is_some() && !next::is_again(request.uri()) {
        return Ok(redirect(next.as_deref().unwrap_or("/settings")));
    }
    let asker = asker(&app, next.as_deref()).await;
    let hint = match asker.as_ref() {
        Some(asker) => asker.login_hint.clone(),
        None => sign_up::invitation(&app, next.as_deref())
            .await?
            .map(|found| found.invitation.email.to_string()),
    };
    let email = Field { value: hint.unwrap_or_default(), error: None };
    let asking = asker.as_ref().map(sentence);
    let done = done(request.uri()).map(str::to_owned);
    let again = next::is_again(request.uri()) || wants_sign_in(asker.as_ref());
    let view = SignIn { done, next, email, asking, again, ..empty(&app, &browser)? };
    Ok(browser.keep(&app, page(StatusCode::OK, &view)))
}

/// Starts a session.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let arrived = Arrived::read(&app, request).await?;
    let turn = turns::anonymous_sign_in_turn(&app.service).await;
    // Before anything is asked of the database: what is turned away should cost next to nothing.
    if !sessions::anonymous_sign_in_has_room(&app.service) {
        let (browser, form) = arrived.open_unasked(&app)?;
        return Ok(busy(filled(&app, &browser, &form)?));
    }
    let (browser, form) = arrived.open(&app).await?;
    let mut view = filled(&app, &browser, &form)?;
    let asker = asker(&app, view.next.as_deref()).await;
    view.asking = asker.as_ref().map(sentence);
    view.again = wants_sign_in(asker.as_ref());
    let (next, typed) = (view.next.clone(), view.email.clone());
    let email = match Email::parse(form.text("email")) {
        Ok(email) if !form.text("password").is_empty() => email,
        email => {
            let email_error = email.err().map(|error| error.to_string());
            let password_error = form.text("password").is_empty();
            let view = SignIn {
                email: Field { error: email_error, ..typed },
                password_error: password_error.then(|| "Enter your password.".to_owned()),
                ..view
            };
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
        }
    };
    drop(turn);
    let attempt = match Password::presented(form.text("password").to_owned()) {
        Some(password) => {
            sessions::anonymous_sign_in(&app.service, email, password, browser.arriving()).await
        }
        None => Err(Error::WrongEmailOrPassword),
    };
    let _turn = turns::anonymous_sign_in_turn(&app.service).await;
    match attempt {
        Ok(session) => {
            let mut response = redirect(next.as_deref().unwrap_or("/settings"));
            browser::start_session(&app, &mut response, &session);
            Ok(response)
        }
        Err(Error::WrongEmailOrPassword) => {
            let view = SignIn { refusal: Some(WRONG.to_owned()), ..view };
            Ok(page(StatusCode::UNAUTHORIZED, &view))
        }
        Err(Error::Busy { .. }) => Ok(busy(view)),
        Err(Error::TooMany { retry_after }) => {
            let wait = moment::wait(retry_after);
            let refusal = format!(
                "There were too many wrong passwords from where you are, for this account or for many, so \
                 this one was not looked at. Try again in {wait}."
            );
            let view = SignIn { refusal: Some(refusal), ..view };
            Ok(with_retry_after(page(StatusCode::TOO_MANY_REQUESTS, &view), retry_after))
        }
        Err(error) => Err(error.into()),
    }
}

/// The form as it was sent, to be tried again.
fn busy(sent: SignIn) -> Response {
    let view = SignIn { refusal: Some(BUSY.to_owned()), ..sent };
    with_retry_after(page(StatusCode::SERVICE_UNAVAILABLE, &view), SOON)
}

/// Tells a turned-away person's browser when to come back.
pub(crate) fn with_retry_after(mut response: Response, wait: Duration) -> Response {
    let wait = HeaderValue::from(whole_seconds(wait));
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    response
}

/// The app that waits behind this page, if one does.
async fn asker(app: &App, next: Option<&str>) -> Option<Asker> {
    let sealed = authorize::sealed_in(next?)?;
    // What is wrong with it is said on the page that it leads to.
    authorization::anonymous_asker(&app.service, sealed).await.ok()
}

/// What was done on the page before this one, as one sentence.
fn done(uri: &Uri) -> Option<&'static str> {
    let done = Query(uri.query().unwrap_or_default()).optional("done").ok().flatten()?;
    Some(match &*done {
        "everywhere" => "You are signed out everywhere.",
        "deleted" => "Your account is deleted.",
        "password" => "Your password is changed. Sign in with the new one.",
        _ => return None,
    })
}

/// Whether an app wants a sign-in of just now, which a provider that knows the person would skip.
fn wants_sign_in(asker: Option<&Asker>) -> bool {
    asker.is_some_and(|asker| asker.wants_sign_in)
}

fn sentence(asker: &Asker) -> String {
    format!("Sign in to answer “{}”.", asker.name)
}

/// The page again, after something else than a password was refused.
pub(crate) fn refused(
    app: &App,
    browser: &Browser,
    next: Option<String>,
    why: &str,
) -> Result<Response, PageError> {
    let view = SignIn { next, refusal: Some(why.to_owned()), ..empty(app, browser)? };
    Ok(page(StatusCode::UNAUTHORIZED, &view))
}

fn filled(app: &App, browser: &Browser, form: &Form) -> Result<SignIn, PageError> {
    let email = Field { value: form.text("email").to_owned(), error: None };
    Ok(SignIn { next: next::of_form(form), email, ..empty(app, browser)? })
}

fn empty(app: &App, browser: &Browser) -> Result<SignIn, PageError> {
    Ok(SignIn {
        layout: browser.layout(),
        passkey: passkeys::ask(app, browser, Ceremony::Use)?,
        provider: openid::label(app),
        again: false,
        done: None,
        asking: None,
        email: Field::default(),
        password_error: None,
        refusal: None,
        next: None,
    })
}
