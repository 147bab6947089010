//! `/invitations/{token}`: somebody answers an invitation into a team workspace.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use bloom_domain::accounts::SignUpPolicy;
use bloom_domain::secrets::OpaqueSecret;
use bloom_service::Error;
use bloom_service::invitations::{self, PATH as HERE};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::InvitationPage;
use super::{Segment, next, page, redirect, workspaces};
use crate::app::App;

/// What somebody is invited to.
pub(crate) async fn show(
    State(app): State<App>,
    token: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let token = read(token)?;
    let found = invitations::anonymous_find(&app.service, &token).await?;
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let path = format!("{HERE}{}", token.expose());
    let account = browser.person().map(|person| person.account().email.to_string());
    let is_for_another = match browser.person() {
        Some(person) => invitations::is_for_another(&app.service, person, found.workspace).await?,
        None => false,
    };
    let makes_accounts = app.service.settings().sign_up != SignUpPolicy::Closed;
    let view = InvitationPage {
        layout: browser.layout(),
        workspace: found.workspace_name,
        invited_by: found.invited_by.to_string(),
        email: found.invitation.email.to_string(),
        role: found.invitation.role,
        belongs_to: is_for_another.then(|| workspaces::path(found.workspace)),
        sign_in_href: match account {
            Some(_) => next::link_again("/sign-in", &path),
            None => next::link("/sign-in", Some(&path)),
        },
        sign_up_href: makes_accounts.then(|| next::link("/sign-up", Some(&path))),
        account,
        path,
    };
    Ok(browser.keep(&app, page(StatusCode::OK, &view)))
}

/// Takes the answer.
pub(crate) async fn submit(
    State(app): State<App>,
    token: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let token = read(token)?;
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let answered = match form.text("decision") {
        "accept" => {
            let accepted = invitations::accept(&app.service, person, &token).await;
            accepted.map(|id| format!("{}?done=joined", workspaces::path(id)))
        }
        "decline" => {
            let declined = invitations::decline(&app.service, person, &token).await;
            declined.map(|()| "/settings?declined=invitation#workspaces".to_owned())
        }
        _ => return Err(PageError::UnreadableForm("It has neither of the two answers.")),
    };
    match answered {
        Ok(place) => Ok(redirect(&place)),
        // The page says that it is for somebody else.
        Err(Error::AlreadyMember) => Ok(redirect(&format!("{HERE}{}", token.expose()))),
        Err(error) => Err(error.into()),
    }
}

/// The invitation that a `next` leads to.
pub(crate) fn token_in(next: &str) -> Option<OpaqueSecret> {
    OpaqueSecret::parse(next.strip_prefix(HERE)?)
}

fn read(token: Segment) -> Result<OpaqueSecret, PageError> {
    let token = token.ok().and_then(|Path(token)| OpaqueSecret::parse(&token));
    token.ok_or(PageError::InvitationSpent)
}
