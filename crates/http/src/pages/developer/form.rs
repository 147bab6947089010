//! The form of an app: how it is filled in, read, and shown again with what is wrong.

use bloom_domain::access::BloomScope;
use bloom_domain::clients::Client;
use bloom_domain::workspaces::{Reach, Workspace};
use bloom_oauth::client_authentication::AuthMethod;
use bloom_oauth::client_metadata::{ClientMetadata, MAX_REDIRECT_URIS};
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::scope::Scopes;
use bloom_service::authorization_server::DEFAULT_SCOPE;
use bloom_service::owned_clients::{self, Draft};
use serde_json::{Value, json};

use super::super::authorize;
use super::super::errors::PageError;
use super::super::forms::Form;
use super::super::views::{ClientForm, Field, ScopeOption, WorkspaceOption};
use crate::app::App;

const ACTS_FOR_PEOPLE: &str = "acts-for-people";
const ACTS_ALONE: &str = "acts-alone";
const REDIRECT_URIS: &str = "redirect-uris";
/// What the names of the boxes begin with.
const SCOPE: &str = "scope-";
const WORKSPACE: &str = "workspace-";

/// Where on the form something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Name,
    Acts,
    RedirectUris,
    Method,
    Workspaces,
    /// In nothing that the form shows.
    Form,
}

/// Why a form was not taken, in the words of the page.
#[derive(Debug)]
pub(super) struct Refused {
    place: Place,
    text: String,
}

impl Refused {
    fn at(place: Place, text: impl Into<String>) -> Self {
        Self { place, text: text.into() }
    }
}

/// What the rules of registration refuse, which name the members of a document.
impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Self {
        let text = error.description.to_string();
        match error.code {
            ErrorCode::InvalidRedirectUri => Self::at(Place::RedirectUris, text),
            _ if text.starts_with("client_name") => {
                Self::at(Place::Name, told(&text, "client_name", "The name"))
            }
            _ => Self::at(Place::Form, format!("It cannot be like that: {text}.")),
        }
    }
}

/// What a form says of an app. What it does not show of one that is there stays as it is.
pub(super) fn read(
    app: &App,
    form: &Form,
    earlier: Option<&ClientMetadata>,
) -> Result<Result<Draft, Refused>, PageError> {
    let reach = match form.text("workspaces") {
        "" | "all" => Reach::All,
        "some" => {
            let ids: Result<Vec<_>, _> = form.checked(WORKSPACE).map(str::parse).collect();
            Reach::Only(ids.map_err(|_| PageError::UnreadableForm("It names no workspace."))?)
        }
        _ => return Err(PageError::UnreadableForm("It has neither of the two choices.")),
    };
    if let Err(refused) = check(form, &reach) {
        return Ok(Err(refused));
    }
    let body = body(form, earlier).to_string();
    let metadata = owned_clients::anonymous_read(&app.service, body.as_bytes());
    Ok(metadata.map(|metadata| Draft { metadata, reach: Some(reach) }).map_err(Refused::from))
}

/// What can be wrong with several fields together, or with what the form alone asks for.
fn check(form: &Form, reach: &Reach) -> Result<(), Refused> {
    let (for_people, alone) = (has(form, ACTS_FOR_PEOPLE), has(form, ACTS_ALONE));
    let refused = |place, text: &str| Err(Refused::at(place, text));
    if form.text("name").trim().is_empty() {
        return refused(Place::Name, "Give it a name, so that people know what they allow.");
    }
    if !for_people && !alone {
        let text = "Choose whether it acts for people, by itself, or both.";
        return refused(Place::Acts, text);
    }
    let uris = form.text(REDIRECT_URIS).split_whitespace().count();
    if for_people && uris == 0 {
        let text = "Give at least one: there people are sent back when they have allowed the app.";
        return refused(Place::RedirectUris, text);
    }
    if uris > MAX_REDIRECT_URIS {
        let text = format!("These are {uris}. An app may have {MAX_REDIRECT_URIS}.");
        return Err(Refused::at(Place::RedirectUris, text));
    }
    if alone && form.text("method") == AuthMethod::None.as_str() {
        // RFC 6749 §4.4: "MUST only be used by confidential clients".
        let text = "By itself it can act only with a secret: choose one of the other two, or let it \
                    act for people alone.";
        return refused(Place::Method, text);
    }
    if *reach == Reach::Only(Vec::new()) {
        return refused(Place::Workspaces, "Choose at least one workspace, or all of them.");
    }
    Ok(())
}

/// The form as a document of RFC 7591.
fn body(form: &Form, earlier: Option<&ClientMetadata>) -> Value {
    let mut body = earlier
        .map_or_else(|| json!({}), |earlier| serde_json::to_value(earlier).unwrap_or_default());
    let mut grant_types = Vec::new();
    if has(form, ACTS_FOR_PEOPLE) {
        grant_types.extend(["authorization_code", "refresh_token"]);
    }
    if has(form, ACTS_ALONE) {
        grant_types.push("client_credentials");
    }
    let earlier = earlier.map_or(DEFAULT_SCOPE, |earlier| &earlier.scope);
    let earlier = Scopes::parse(earlier).unwrap_or_default();
    let kept = earlier.iter().filter(|scope| BloomScope::from_token(scope).is_none());
    let scope: Scopes = kept.chain(form.checked(SCOPE)).map(str::to_owned).collect();
    body["client_name"] = form.text("name").trim().into();
    body["redirect_uris"] = form.text(REDIRECT_URIS).split_whitespace().collect::<Vec<_>>().into();
    body["token_endpoint_auth_method"] = form.text("method").into();
    body["grant_types"] = json!(grant_types);
    body["scope"] = scope.to_string().into();
    body
}

fn has(form: &Form, name: &str) -> bool {
    !form.text(name).is_empty()
}

/// The error beside the field that it is about.
pub(super) fn with_error(form: ClientForm, refused: Refused) -> ClientForm {
    let Refused { place, text } = refused;
    let error = Some(text);
    match place {
        Place::Name => ClientForm { name: Field { error, ..form.name }, ..form },
        Place::Acts => ClientForm { acts_error: error, ..form },
        Place::RedirectUris => {
            ClientForm { redirect_uris: Field { error, ..form.redirect_uris }, ..form }
        }
        Place::Method => ClientForm { method_error: error, ..form },
        Place::Workspaces => ClientForm { workspaces_error: error, ..form },
        Place::Form => ClientForm { refusal: error, ..form },
    }
}

/// A refusal as the page says it: its field is called `label` there, not by its name in the metadata.
fn told(text: &str, member: &str, label: &str) -> String {
    let rest = text.strip_prefix(member).unwrap_or(text);
    match rest.strip_prefix(": ") {
        Some(wish) => {
            let (first, rest) = wish.split_at(wish.chars().next().map_or(0, char::len_utf8));
            format!("{}{rest}.", first.to_uppercase())
        }
        None => format!("{label}{rest}."),
    }
}

/// The form with what an app is.
pub(super) fn of(client: &Client, theirs: &[Workspace]) -> ClientForm {
    let owned = client.owned.as_ref();
    ClientForm {
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
        acts_error: None,
        method_error: None,
        workspaces_error: None,
        refusal: None,
    }
}

/// The form for a new app.
pub(super) fn new_form(theirs: &[Workspace]) -> ClientForm {
    ClientForm {
        name: Field::default(),
        redirect_uris: Field::default(),
        method: AuthMethod::Basic.as_str().to_owned(),
        acts_for_people: true,
        acts_alone: false,
        scopes: scopes(|_| false),
        workspaces: options(theirs, &Reach::All),
        is_limited: false,
        acts_error: None,
        method_error: None,
        workspaces_error: None,
        refusal: None,
    }
}

/// The form as it was sent.
pub(super) fn typed(form: &Form, theirs: &[Workspace]) -> ClientForm {
    let chosen: Vec<_> = form.checked(WORKSPACE).filter_map(|id| id.parse().ok()).collect();
    ClientForm {
        name: filled(form.text("name").to_owned()),
        redirect_uris: filled(form.text(REDIRECT_URIS).to_owned()),
        method: form.text("method").to_owned(),
        acts_for_people: has(form, ACTS_FOR_PEOPLE),
        acts_alone: has(form, ACTS_ALONE),
        scopes: scopes(|scope| form.checked(SCOPE).any(|checked| checked == scope.as_str())),
        workspaces: options(theirs, &Reach::Only(chosen)),
        is_limited: form.text("workspaces") == "some",
        acts_error: None,
        method_error: None,
        workspaces_error: None,
        refusal: None,
    }
}

fn filled(value: String) -> Field {
    Field { value, error: None }
}

fn scopes(is_chosen: impl Fn(BloomScope) -> bool) -> Vec<ScopeOption> {
    let option = |scope: BloomScope| ScopeOption {
        token: scope.as_str(),
        words: authorize::words(scope),
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
