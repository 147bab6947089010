//! `/setup/{token}`: the first account, through the link that an empty server prints.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use bloom_domain::secrets::OpaqueSecret;
use bloom_service::setup_links;
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{Purpose, SignUp, SignUpForm, SignUpState};
use super::{Segment, page, sign_up};
use crate::app::App;

/// The form, while the link works.
pub(crate) async fn show(
    State(app): State<App>,
    token: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let token = read(token)?;
    if !setup_links::anonymous_is_live(&app.service, &token).await? {
        return Err(PageError::SetupLinkSpent);
    }
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let (layout, state) = (browser.layout(), SignUpState::Form(empty(&token)));
    let view = SignUp { layout, next: None, provider: None, state };
    Ok(browser.keep(&app, page(StatusCode::OK, &view)))
}

/// Makes the first account and spends the link.
pub(crate) async fn submit(
    State(app): State<App>,
    token: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let token = read(token)?;
    let (browser, form) = Form::read(&app, request).await?;
    let new = match sign_up::read(&form, empty(&token)) {
        Ok(new) => new,
        Err(refused) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(sign_up::refuse((&app, &browser), &form, *refused, status));
        }
    };
    match setup_links::anonymous_redeem(&app.service, &token, new, browser.arriving()).await {
        Ok(session) => Ok(sign_up::welcome(&app, &session, None)),
        Err(error) => sign_up::answer((&app, &browser), &form, empty(&token), error),
    }
}

fn read(token: Segment) -> Result<OpaqueSecret, PageError> {
    let token = token.ok().and_then(|Path(token)| OpaqueSecret::parse(&token));
    token.ok_or(PageError::SetupLinkSpent)
}

fn empty(token: &OpaqueSecret) -> SignUpForm {
    sign_up::empty(Purpose::First, format!("/setup/{}", token.expose()))
}
