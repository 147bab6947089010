//! What a person wants to be called: the form on the page about signing in.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::accounts::parse_name;
use bloom_service::accounts::name;
use http::StatusCode;

use super::errors::PageError;
use super::forms::Form;
use super::views::{Field, Security};
use super::{page, redirect, security};
use crate::api::query::Query;
use crate::app::App;

/// Takes another name, or none.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let typed = form.text("name");
    let new = match typed.trim().is_empty() {
        true => Ok(None),
        false => parse_name(typed).map(Some),
    };
    match new {
        Ok(new) => {
            name::change(&app.service, person, new).await?;
            Ok(redirect(&format!("{}?done=name#name", security::PATH)))
        }
        Err(error) => {
            let name = Field { value: typed.to_owned(), error: Some(error.to_string()) };
            let view = security::view(&app, &browser, person, Query("")).await?;
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &Security { name, ..view }))
        }
    }
}
