//! `/settings/developer`: the apps that a person makes themselves.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::access::BloomScope;
use bloom_domain::clients::Client;
use bloom_domain::ids::ClientId;
use bloom_domain::workspaces::{Reach, Workspace};
use bloom_oauth::client_authentication::AuthMethod;
use bloom_oauth::client_metadata::ClientMetadata;
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::scope::Scopes;
use bloom_service::authorization_server::DEFAULT_SCOPE;
use bloom_service::owned_clients::{self, Draft};
use bloom_service::{Error, SignedIn, workspaces};
use http::StatusCode;
use serde_json::{Value, json};

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::views::{
    ClientForm, ClientPage, ClientRow, Developer, Field, ScopeOption, ShownOnce, WorkspaceOption,
};
use super::{Segment, page, redirect};
use crate::api::query::Query;
use crate::app::App;

const HERE: &str = "/settings/developer";
/// What the names of the boxes begin with.
const SCOPE: &str = "scope-";
const WORKSPACE: &str = "workspace-";

/// The list; a stranger signs in first.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = match browser.require_person() {
        Err(PageError::SignedOut) => return Ok(redirect("/sign-in?next=/settings/developer")),
        person => person?,
    };
    let query = Query(request.uri().query().unwrap_or_default());
    let deleted = query.optional("deleted").ok().flatten().is_some();
    let view = Developer {
        done: deleted
            .then(|| "The app is deleted. Nobody is connected with it any more.".to_owned()),
        ..list(&app, &browser, person, new_form(&theirs(&app, person).await?)).await?
    };
    Ok(page(StatusCode::OK, &view))
}

/// Makes an app and shows its secrets.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let theirs = theirs(&app, person).await?;
    let refused = match read(&app, &form, None)? {
        Ok(draft) => match owned_clients::create(&app.service, person, draft).await {
            Ok(new) => {
                let shown = ShownOnce {
                    secret: new.secret.as_ref().map(bloom_domain::clients::ClientSecret::expose),
                    management: Some(new.management.expose()),
                };
                let view =
                    ClientPage { shown: Some(shown), ..one(&app, &browser, &theirs, &new.client) };
                return Ok(page(StatusCode::OK, &view));
            }
            Err(Error::TooManyClients) => {
                let text = "You have as many apps as one account may have. Delete one first.";
                let form = ClientForm { refusal: Some(text.to_owned()), ..typed(&form, &theirs) };
                (StatusCode::CONFLICT, form)
            }
            Err(error) => return Err(error.into()),
        },
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, with_error(typed(&form, &theirs), &error)),
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
    let person = match browser.require_person() {
        Err(PageError::SignedOut) => return Ok(redirect("/sign-in?next=/settings/developer")),
        person => person?,
    };
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
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let client = owned_clients::get(&app.service, person, super::id(id)?).await?;
    let theirs = theirs(&app, person).await?;
    let draft = match read(&app, &form, Some(&client.metadata))? {
        Ok(draft) => draft,
        Err(error) => {
            let view = ClientPage {
                form: with_error(typed(&form, &theirs), &error),
                ..one(&app, &browser, &theirs, &client)
            };
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
        }
    };
    let (client, secret) = owned_clients::update(&app.service, person, client.id, draft).await?;
    match secret {
        None => Ok(redirect(&format!("{HERE}/{}?saved=1", client.id))),
        Some(secret) => {
            let shown = ShownOnce { secret: Some(secret.expose()), management: None };
            let view = ClientPage { shown: Some(shown), ..one(&app, &browser, &theirs, &client) };
            Ok(page(StatusCode::OK, &view))
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
    let theirs = theirs(&app, person).await?;
    let view = ClientPage { shown: Some(shown), ..one(&app, &browser, &theirs, &client) };
    Ok(page(StatusCode::OK, &view))
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
    let theirs = theirs(&app, person).await?;
    let view = ClientPage { shown: Some(shown), ..one(&app, &browser, &theirs, &client) };
    Ok(page(StatusCode::OK, &view))
}

/// Switches it off or on.
pub(crate) async fn switch(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id: ClientId = super::id(id)?;
    match form.text("to") {
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
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    owned_clients::delete(&app.service, person, super::id(id)?).await?;
    Ok(redirect(&format!("{HERE}?deleted=1")))
}

/// The address of a form, opened like a page.
pub(crate) async fn go_to_it(id: Segment) -> Result<Response, PageError> {
    let id: ClientId = super::id(id)?;
    Ok(redirect(&format!("{HERE}/{id}")))
}

async fn theirs(app: &App, person: &SignedIn) -> Result<Vec<Workspace>, PageError> {
    Ok(workspaces::of(&app.service, person).await?)
}

/// What a form says of an app. What it does not show of one that is there stays as it is.
fn read(
    app: &App,
    form: &Form,
    earlier: Option<&ClientMetadata>,
) -> Result<Result<Draft, OAuthError>, PageError> {
    let mut body = earlier
        .map_or_else(|| json!({}), |earlier| serde_json::to_value(earlier).unwrap_or_default());
    let uris: Vec<_> = form.text("redirect-uris").split_whitespace().collect();
    let mut grant_types = Vec::new();
    if has(form, "acts-for-people") {
        grant_types.extend(["authorization_code", "refresh_token"]);
    }
    if has(form, "acts-alone") {
        grant_types.push("client_credentials");
    }
    if grant_types.is_empty() {
        let text = "choose whether it acts for people, by itself, or both";
        return Ok(Err(OAuthError::new(ErrorCode::InvalidClientMetadata, text)));
    }
    let earlier = earlier.map_or(DEFAULT_SCOPE, |earlier| &earlier.scope);
    let earlier = Scopes::parse(earlier).unwrap_or_default();
    let kept = earlier.iter().filter(|scope| BloomScope::from_token(scope).is_none());
    let scope: Scopes = kept.chain(form.checked(SCOPE)).map(str::to_owned).collect();
    let name = form.text("name").trim();
    body["client_name"] = if name.is_empty() { Value::Null } else { name.into() };
    body["redirect_uris"] = json!(uris);
    body["token_endpoint_auth_method"] = form.text("method").into();
    body["grant_types"] = json!(grant_types);
    body["scope"] = scope.to_string().into();
    if name.is_empty() {
        let text = "client_name: give it a name, so that people know what they allow";
        return Ok(Err(OAuthError::new(ErrorCode::InvalidClientMetadata, text)));
    }
    let reach = match form.text("workspaces") {
        "" | "all" => Reach::All,
        "some" => {
            let ids: Result<Vec<_>, _> = form.checked(WORKSPACE).map(str::parse).collect();
            Reach::Only(ids.map_err(|_| PageError::UnreadableForm("It names no workspace."))?)
        }
        _ => return Err(PageError::UnreadableForm("It has neither of the two choices.")),
    };
    if reach == Reach::Only(Vec::new()) {
        let text = "workspaces: choose at least one, or all of them";
        return Ok(Err(OAuthError::new(ErrorCode::InvalidClientMetadata, text)));
    }
    let metadata = owned_clients::anonymous_read(&app.service, body.to_string().as_bytes());
    Ok(metadata.map(|metadata| Draft { metadata, reach: Some(reach) }))
}

fn has(form: &Form, name: &str) -> bool {
    !form.text(name).is_empty()
}

/// The error beside the field that it is about.
fn with_error(form: ClientForm, error: &OAuthError) -> ClientForm {
    let text = error.description.to_string();
    let beside = |field: Field| Field { error: Some(text.clone()), ..field };
    match error.code {
        ErrorCode::InvalidRedirectUri => {
            ClientForm { redirect_uris: beside(form.redirect_uris.clone()), ..form }
        }
        _ if text.starts_with("redirect_uris") => {
            ClientForm { redirect_uris: beside(form.redirect_uris.clone()), ..form }
        }
        _ if text.starts_with("client_name") => {
            ClientForm { name: beside(form.name.clone()), ..form }
        }
        _ => ClientForm { refusal: Some(format!("It cannot be like that: {text}.")), ..form },
    }
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
        form: ClientForm {
            name: filled(client.metadata.client_name.clone().unwrap_or_default()),
            redirect_uris: filled(client.metadata.redirect_uris.join("\n")),
            method: client.metadata.token_endpoint_auth_method.as_str().to_owned(),
            acts_for_people: client.metadata.may_use("authorization_code"),
            acts_alone: client.metadata.may_use("client_credentials"),
            scopes: scopes(|scope| {
                Scopes::parse(&client.metadata.scope).unwrap_or_default().contains(scope.as_str())
            }),
            workspaces: options(theirs, owned.map_or(&Reach::All, |owned| &owned.reach)),
            is_limited: owned.is_some_and(|owned| owned.reach != Reach::All),
            refusal: None,
        },
    }
}

fn new_form(theirs: &[Workspace]) -> ClientForm {
    ClientForm {
        name: Field::default(),
        redirect_uris: Field::default(),
        method: AuthMethod::Basic.as_str().to_owned(),
        acts_for_people: true,
        acts_alone: false,
        scopes: scopes(|_| false),
        workspaces: options(theirs, &Reach::All),
        is_limited: false,
        refusal: None,
    }
}

/// The form as it was sent.
fn typed(form: &Form, theirs: &[Workspace]) -> ClientForm {
    let chosen: Vec<_> = form.checked(WORKSPACE).filter_map(|id| id.parse().ok()).collect();
    ClientForm {
        name: filled(form.text("name").to_owned()),
        redirect_uris: filled(form.text("redirect-uris").to_owned()),
        method: form.text("method").to_owned(),
        acts_for_people: has(form, "acts-for-people"),
        acts_alone: has(form, "acts-alone"),
        scopes: scopes(|scope| form.checked(SCOPE).any(|checked| checked == scope.as_str())),
        workspaces: options(theirs, &Reach::Only(chosen)),
        is_limited: form.text("workspaces") == "some",
        refusal: None,
    }
}

fn filled(value: String) -> Field {
    Field { value, error: None }
}

fn scopes(is_chosen: impl Fn(BloomScope) -> bool) -> Vec<ScopeOption> {
    let option = |scope: BloomScope| ScopeOption {
        token: scope.as_str(),
        words: super::authorize::words(scope),
        is_chosen: is_chosen(scope),
    };
    BloomScope::ALL.into_iter().map(option).collect()
}

fn options(theirs: &[Workspace], reach: &Reach) -> Vec<WorkspaceOption> {
    let option = |workspace: &Workspace| WorkspaceOption {
        id: workspace.id.to_string(),
        name: workspace.name.clone(),
        is_chosen: *reach != Reach::All && reach.contains(workspace.id),
    };
    theirs.iter().map(option).collect()
}
