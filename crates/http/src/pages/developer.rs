//! `/settings/developer`: the apps that a person makes themselves.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::clients::Client;
use bloom_domain::ids::ClientId;
use bloom_domain::workspaces::Workspace;
use bloom_oauth::client_authentication::AuthMethod;
use bloom_service::owned_clients;
use bloom_service::{Error, SignedIn, workspaces};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::views::{ClientForm, ClientPage, ClientRow, Developer, Field, ShownOnce};
use super::{Segment, page, redirect, seen};
use crate::api::query::Query;
use crate::app::App;

mod form;

const HERE: &str = "/settings/developer";

/// The list; a stranger signs in first.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.person_at("/settings/developer")?;
    let query = Query(request.uri().query().unwrap_or_default());
    let deleted = query.optional("deleted").ok().flatten().is_some();
    let view = Developer {
        done: deleted
            .then(|| "The app is deleted. Nobody is connected with it any more.".to_owned()),
        ..list(&app, &browser, person, form::new_form(&theirs(&app, person).await?)).await?
    };
    Ok(page(StatusCode::OK, &view))
}

/// Makes an app and shows its secrets.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, sent) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let theirs = theirs(&app, person).await?;
    let refused = match form::read(&app, &sent, None)? {
        Ok(draft) => match owned_clients::create(&app.service, person, draft).await {
            Ok(new) => {
                let shown = ShownOnce {
                    secret: new.secret.as_ref().map(bloom_domain::clients::ClientSecret::expose),
                    management: Some(new.management.expose()),
                };
                return show_once(&app, &browser, person, (&new.client, shown)).await;
            }
            Err(Error::TooManyClients) => {
                let text = "You have as many apps as one account may have. Delete one first.";
                let form =
                    ClientForm { refusal: Some(text.to_owned()), ..form::typed(&sent, &theirs) };
                (StatusCode::CONFLICT, form)
            }
            Err(error) => return Err(error.into()),
        },
        Err(error) => {
            (StatusCode::UNPROCESSABLE_ENTITY, form::with_error(form::typed(&sent, &theirs), error))
        }
    };
    let view = list(&app, &browser, person, refused.1).await?;
    Ok(page(refused.0, &view))
}

/// One of them.
pub(crate) async fn show_one(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.person_at("/settings/developer")?;
    let client = owned_clients::get(&app.service, person, super::id(id)?).await?;
    let query = Query(request.uri().query().unwrap_or_default());
    let saved = query.optional("saved").ok().flatten().is_some();
    let theirs = theirs(&app, person).await?;
    let view = ClientPage {
        done: saved.then(|| "Saved. It holds from now on.".to_owned()),
        ..one(&app, &browser, &theirs, &client)
    };
    Ok(page(StatusCode::OK, &view))
}

/// Changes what it is.
pub(crate) async fn update(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, sent) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let client = owned_clients::get(&app.service, person, super::id(id)?).await?;
    let theirs = theirs(&app, person).await?;
    let draft = match form::read(&app, &sent, Some(&client.metadata))? {
        Ok(draft) => draft,
        Err(error) => {
            let view = ClientPage {
                form: form::with_error(form::typed(&sent, &theirs), error),
                ..one(&app, &browser, &theirs, &client)
            };
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
        }
    };
    // What is so already, a second click perhaps, takes nothing back.
    let updated = match draft.is(&client) || seen::is_of(&sent, &marked(&client)) {
        true => owned_clients::update(&app.service, person, &client, draft).await,
        false => Err(Error::ChangedMeanwhile),
    };
    let (client, secret) = match updated {
        Ok(updated) => updated,
        Err(Error::ChangedMeanwhile) => {
            let refusal = Some(seen::CHANGED.to_owned());
            let form = ClientForm { refusal, ..form::typed(&sent, &theirs) };
            let view = ClientPage { form, ..one(&app, &browser, &theirs, &client) };
            return Ok(page(StatusCode::CONFLICT, &view));
        }
        Err(error) => return Err(error.into()),
    };
    match secret {
        None => Ok(redirect(&format!("{HERE}/{}?saved=1", client.id))),
        Some(secret) => {
            let shown = ShownOnce { secret: Some(secret.expose()), management: None };
            show_once(&app, &browser, person, (&client, shown)).await
        }
    }
}

/// Gives it another secret and shows that.
pub(crate) async fn rotate_secret(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let (client, secret) =
        owned_clients::rotate_secret(&app.service, person, super::id(id)?).await?;
    let shown = ShownOnce { secret: Some(secret.expose()), management: None };
    show_once(&app, &browser, person, (&client, shown)).await
}

/// Gives it another registration access token and shows that.
pub(crate) async fn renew_management(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let (client, token) =
        owned_clients::renew_management(&app.service, person, super::id(id)?).await?;
    let shown = ShownOnce { secret: None, management: Some(token.expose()) };
    show_once(&app, &browser, person, (&client, shown)).await
}

/// Switches it off or on.
pub(crate) async fn switch(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, sent) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id: ClientId = super::id(id)?;
    match sent.text("to") {
        "off" => owned_clients::pause(&app.service, person, id).await?,
        "on" => owned_clients::resume(&app.service, person, id).await?,
        _ => return Err(PageError::UnreadableForm("It says neither on nor off.")),
    }
    Ok(redirect(&format!("{HERE}/{id}?saved=1")))
}

/// Deletes it.
pub(crate) async fn delete(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, sent) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let client = owned_clients::get(&app.service, person, super::id(id)?).await?;
    let typed = sent.text("confirmed");
    if typed.trim() != client.display_name() {
        let error = Some("This is not the name of the app. Nothing was deleted.".to_owned());
        let confirmed = Field { value: typed.to_owned(), error };
        let theirs = theirs(&app, person).await?;
        let view = ClientPage { confirmed, ..one(&app, &browser, &theirs, &client) };
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
    }
    owned_clients::delete(&app.service, person, client.id).await?;
    Ok(redirect(&format!("{HERE}?deleted=1")))
}

/// The address of a form, opened like a page.
pub(crate) async fn go_to_it(id: Segment) -> Result<Response, PageError> {
    let id: ClientId = super::id(id)?;
    Ok(redirect(&format!("{HERE}/{id}")))
}

/// The page of an app with what is there to see this once.
async fn show_once(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    (client, shown): (&Client, ShownOnce),
) -> Result<Response, PageError> {
    let theirs = theirs(app, person).await?;
    let view = ClientPage { shown: Some(shown), ..one(app, browser, &theirs, client) };
    Ok(page(StatusCode::OK, &view))
}

async fn theirs(app: &App, person: &SignedIn) -> Result<Vec<Workspace>, PageError> {
    Ok(workspaces::of(&app.service, person).await?)
}

async fn list(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    form: ClientForm,
) -> Result<Developer, PageError> {
    let now = app.service.now();
    let clients = owned_clients::list(&app.service, person).await?;
    let row = |client: &Client| ClientRow {
        id: client.id.to_string(),
        name: client.display_name(),
        created: moment(client.created_at, now),
        is_off: client.is_refused(),
    };
    Ok(Developer {
        layout: browser.layout(),
        done: None,
        clients: clients.iter().map(row).collect(),
        form,
    })
}

/// What the form of an app says.
fn marked(client: &Client) -> impl std::fmt::Debug + '_ {
    (&client.metadata, client.owned.as_ref().map(|owned| &owned.reach))
}

fn one(app: &App, browser: &Browser, theirs: &[Workspace], client: &Client) -> ClientPage {
    let owned = client.owned.as_ref();
    let issuer = app.service.authorization_server().issuer();
    ClientPage {
        layout: browser.layout(),
        done: None,
        shown: None,
        id: client.id.to_string(),
        name: client.display_name(),
        issuer: issuer.to_owned(),
        management_uri: format!("{issuer}/oauth2/register/{}", client.id),
        has_secret: client.metadata.token_endpoint_auth_method != AuthMethod::None,
        is_paused: owned.is_some_and(|owned| owned.paused_at.is_some()),
        is_refused: client.disabled_at.is_some(),
        seen: seen::mark(&marked(client)),
        form: form::of(client, theirs),
        confirmed: Field::default(),
    }
}
