//! `/sign-out`.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_service::sessions;

use super::browser;
use super::errors::PageError;
use super::forms::Form;
use super::redirect;
use crate::app::App;

/// Ends the session. Doing it twice is no error.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    sessions::anonymous_sign_out(&app.service, browser.cookie(), browser.sender()).await?;
    let mut response = redirect("/sign-in");
    browser::end_session(&app, &mut response);
    Ok(response)
}
