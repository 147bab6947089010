//! `/settings/security/export`: a copy of all that is kept of a person; `/settings/security/delete`: its end.

mod copy;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bloom_domain::email::Email;
use bloom_domain::workspaces::{Role, Workspace};
use bloom_service::accounts::{deletion, export};
use bloom_service::{Error, SignedIn, workspaces};
use http::{HeaderValue, StatusCode, header};

use super::browser::{self, Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{DeleteAccount, Field, Link};
use super::{page, redirect};
use crate::app::App;

const EXPORT: &str = "/settings/security/export";
const DELETE: &str = "/settings/security/delete";

/// The copy, as a file.
pub(crate) async fn export(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.proven_at(&app, EXPORT)?;
    let export = export::make(&app.service, person).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"bloom-account.json\""),
        ),
    ];
    let text = format!("{:#}\n", copy::told(&export, app.site.origin(), app.service.now()));
    Ok((headers, text).into_response())
}

/// What would be lost, and the form; or what comes first.
pub(crate) async fn show_deletion(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.proven_at(&app, DELETE)?;
    let view = view(&app, &browser, person, Field::default()).await?;
    Ok(page(StatusCode::OK, &view))
}

/// Deletes the account, once its address was typed.
pub(crate) async fn delete(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    browser.require_person()?;
    let person = browser.proven_at(&app, DELETE)?;
    let typed = form.text("email");
    if Email::parse(typed).as_ref() != Ok(&person.account().email) {
        let error = Some("This is not the address of your account.".to_owned());
        let typed = Field { value: typed.to_owned(), error };
        let view = view(&app, &browser, person, typed).await?;
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
    }
    match deletion::delete(&app.service, person).await {
        Ok(()) => {
            let mut response = redirect("/sign-in?done=deleted");
            browser::end_session(&app, &mut response);
            Ok(response)
        }
        // The page names them.
        Err(Error::OwnsWorkspaces) => {
            let view = view(&app, &browser, person, Field::default()).await?;
            Ok(page(StatusCode::CONFLICT, &view))
        }
        Err(error) => Err(error.into()),
    }
}

async fn view(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    typed: Field,
) -> Result<DeleteAccount, PageError> {
    let teams = workspaces::teams(&app.service, person).await?;
    let owned = teams.iter().filter(|team| team.role == Role::Owner && team.deleted_at.is_none());
    let deleted = teams.iter().filter(|team| team.role == Role::Owner && team.deleted_at.is_some());
    let link = |workspace: &Workspace| Link {
        label: workspace.name.clone(),
        href: super::workspaces::path(workspace.id),
    };
    Ok(DeleteAccount {
        layout: browser.layout(),
        email: person.account().email.to_string(),
        owned: owned.map(|team| link(&team.workspace)).collect(),
        deleted: deleted.map(|team| team.workspace.name.clone()).collect(),
        has_plans: app.service.settings().billing.is_some(),
        typed,
    })
}
