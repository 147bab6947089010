//! `/sign-in`.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_service::{Error, sessions};
use http::{HeaderValue, StatusCode, header};

use super::browser::{self, Browser};
use super::errors::PageError;
use super::forms::{Arrived, Form};
use super::views::{Field, SignIn};
use super::{page, redirect};
use crate::app::App;

pub(crate) const BUSY: &str =
    "Too many people are signing in just now. Nothing is lost: wait a few seconds and try again.";
const WRONG: &str = "The email or the password is not right. Check both.";

/// The form.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, request.headers()).await?;
    let query = request.uri().query().unwrap_or_default();
    let next = crate::api::query::Query(query).optional("next").ok().flatten();
    let next = next.as_deref().filter(|next| is_local(next)).map(str::to_owned);
    if browser.person().is_some() {
        return Ok(redirect(next.as_deref().unwrap_or("/settings")));
    }
    let view = SignIn { next, ..empty(&browser) };
    Ok(browser.keep(&app, page(StatusCode::OK, &view)))
}

/// Starts a session.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let arrived = Arrived::read(&app, request).await?;
    // Before anything is asked of the database: what is turned away should cost next to nothing.
    if !sessions::anonymous_sign_in_has_room(&app.service) {
        let (browser, form) = arrived.open_unasked(&app)?;
        return Ok(busy(filled(&browser, &form)));
    }
    let (browser, form) = arrived.open(&app).await?;
    let view = filled(&browser, &form);
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
    let attempt = match Password::presented(form.text("password").to_owned()) {
        Some(password) => {
            sessions::anonymous_sign_in(&app.service, email, password, Some(browser.cookie())).await
        }
        None => Err(Error::WrongEmailOrPassword),
    };
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
        Err(error) => Err(error.into()),
    }
}

/// The form as it was sent, to be tried again.
fn busy(sent: SignIn) -> Response {
    let view = SignIn { refusal: Some(BUSY.to_owned()), ..sent };
    with_retry_after(page(StatusCode::SERVICE_UNAVAILABLE, &view))
}

/// Tells a turned-away person's browser when to come back.
pub(crate) fn with_retry_after(mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn filled(browser: &Browser, form: &Form) -> SignIn {
    let next = Some(form.text("next")).filter(|next| is_local(next)).map(str::to_owned);
    let email = Field { value: form.text("email").to_owned(), error: None };
    SignIn { next, email, ..empty(browser) }
}

fn empty(browser: &Browser) -> SignIn {
    SignIn {
        layout: browser.layout(),
        email: Field::default(),
        password_error: None,
        refusal: None,
        next: None,
    }
}

/// Whether a path leads to a page of this server: anything a browser could read as another host is
/// refused.
fn is_local(path: &str) -> bool {
    let mut bytes = path.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_always_ours() {
        for good in ["/", "/settings#api-keys", "/settings?a=b"] {
            assert!(is_local(good), "{good}");
        }
        for bad in [
            "",
            "settings",
            "//evil",
            "/\\evil",
            "https://evil",
            "/a\nb",
            "/\t/evil",
            "/a\\b",
            "/é",
        ] {
            assert!(!is_local(bad), "{bad:?}");
        }
    }
}
