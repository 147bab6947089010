//! `/sign-out`.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_service::{end_session, sessions};

use super::browser;
use super::errors::PageError;
use super::forms::Form;
use super::redirect;
use crate::app::App;

/// The field with the sealed way back to an app that asked for it.
const BACK: &str = "back";

/// Ends the session. Doing it twice is no error.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let back = end_session::anonymous_way_back(&app.service, form.text(BACK));
    sessions::anonymous_sign_out(&app.service, browser.cookie(), browser.sender()).await?;
    let mut response = redirect(back.as_deref().unwrap_or("/sign-in"));
    browser::end_session(&app, &mut response);
    Ok(response)
}
