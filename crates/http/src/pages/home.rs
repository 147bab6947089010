//! `/`.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::accounts::SignUpPolicy;
use bloom_service::setup_links;
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::views::{FirstStep, Home};
use super::{page, redirect};
use crate::app::App;

/// What this server is, and the next step of whoever reads it.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let first_step = match (browser.person(), app.service.settings().sign_up) {
        (Some(_), _) => FirstStep::CreateKey,
        (None, SignUpPolicy::Open) => FirstStep::CreateAccount,
        (None, SignUpPolicy::Invite | SignUpPolicy::Closed) => {
            match setup_links::anonymous_is_empty(&app.service).await? {
                true => FirstStep::SetUp,
                false => FirstStep::SignIn,
            }
        }
    };
    let origin = app.site.origin().to_owned();
    let view = Home { layout: browser.layout(), origin, first_step };
    Ok(browser.keep(&app, page(StatusCode::OK, &view)))
}

/// The address of a form of the sign-in, opened like a page.
pub(crate) async fn go_to_sign_in() -> Response {
    redirect("/sign-in")
}
