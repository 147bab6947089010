//! The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0): an app asks a person to sign out.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_oauth::error::OAuthError;
use bloom_service::end_session::{self, Asked, EndSessionError};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::of_an_app;
use super::views::{EndSession, Link, Message, ThereAndBack};
use super::{authorize::destination, page, redirect};
use crate::app::App;
use crate::oauth::END_SESSION;

/// Asks the person; opening this page changes nothing.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let query = request.uri().query().unwrap_or_default();
    let asked = end_session::anonymous_ask(&app.service, browser.person(), query).await;
    let asked = asked.map_err(error)?;
    let layout = browser.layout();
    match layout.signed_in_as.clone() {
        None => Ok(page(StatusCode::OK, &signed_out(&browser, asked))),
        Some(account) => {
            let view = EndSession {
                layout,
                account,
                app: asked.client,
                is_about_another: asked.is_about_another,
                back: asked.back.map(|back| ThereAndBack {
                    to: destination(&back.registered),
                    sealed: back.sealed,
                }),
                details: asked.refused.as_ref().map(line),
            };
            Ok(browser.keep(&app, page(StatusCode::OK, &view)))
        }
    }
}

/// "OPs MUST support the use of the HTTP GET and POST methods" (§2). A form of an app comes without our cookie, so it
/// goes on as a link, in which no token stands.
pub(crate) async fn forward(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let form = of_an_app(request).await?;
    let query = end_session::anonymous_take(&app.service, &form).map_err(error)?;
    Ok(redirect(&format!("{END_SESSION}?{query}")))
}

fn error(error: EndSessionError) -> PageError {
    match error {
        EndSessionError::Failed(error) => error.into(),
        EndSessionError::Refused(error) => PageError::EndSession(error),
    }
}

/// There is nothing to end; the way back is the person's to take, since anybody could have sent them.
fn signed_out(browser: &Browser, asked: Asked) -> Message {
    let label = match &asked.client {
        Some(client) => format!("Go back to {client}"),
        None => "Go back to the app".to_owned(),
    };
    let text = "Nobody is signed in to Bloom in this browser. Apps that you allowed can still act as you; \
                sign in to revoke them.";
    let text = match &asked.back {
        Some(back) => format!("{text} The way back leads to {}.", destination(&back.registered)),
        None => text.to_owned(),
    };
    Message {
        layout: browser.layout(),
        title: "You are signed out".to_owned(),
        text,
        action: Some(Link { label: "Sign in".to_owned(), href: "/sign-in".to_owned() }),
        leaves: None,
        back: asked.back.map(|back| Link { label, href: back.url }),
        details: asked.refused.as_ref().map(line),
        again: None,
        reference: None,
    }
}

fn line(error: &OAuthError) -> String {
    format!("{}: {}", error.code.as_str(), error.description)
}
