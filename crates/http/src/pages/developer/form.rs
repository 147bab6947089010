//! The form of an app: how it is filled in, read, and shown again with what is wrong.

use bloom_domain::access::BloomScope;
use bloom_domain::clients::Client;
use bloom_domain::workspaces::{Reach, Workspace};
use bloom_oauth::client_authentication::AuthMethod;
use bloom_oauth::client_metadata::ClientMetadata;
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

/// What the names of the boxes begin with.
const SCOPE: &str = "scope-";
const WORKSPACE: &str = "workspace-";

/// What a form says of an app. What it does not show of one that is there stays as it is.
pub(super) fn read(
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
pub(super) fn with_error(form: ClientForm, error: &OAuthError) -> ClientForm {
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
            let error = Some(told(&text, "client_name", "The name"));
            ClientForm { name: Field { error, ..form.name.clone() }, ..form }
        }
        _ => ClientForm { refusal: Some(format!("It cannot be like that: {text}.")), ..form },
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
        refusal: None,
    }
}

/// The form as it was sent.
pub(super) fn typed(form: &Form, theirs: &[Workspace]) -> ClientForm {
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
