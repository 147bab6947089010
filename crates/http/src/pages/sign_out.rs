//! `/sign-out`.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_service::sessions;

use super::browser::{self, Browser};
use super::errors::PageError;
use super::forms::Form;
use super::redirect;
use crate::app::App;

/// Ends the session. Doing it twice is no error.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, request.headers()).await?;
    Form::read(&app, request).await?;
    if let Some(person) = browser.person() {
        sessions::sign_out(&app.service, person).await?;
    }
    let mut response = redirect("/sign-in");
    browser::end_session(&app, &mut response);
    Ok(response)
}
