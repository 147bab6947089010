//! `/settings/security/export`: a copy of all that is kept of a person; `/settings/security/delete`: its end.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bloom_domain::api_keys::{ApiKey, KeyCondition};
use bloom_domain::audit::Record;
use bloom_domain::brands::BrandLine;
use bloom_domain::connections::Connection;
use bloom_domain::email::Email;
use bloom_domain::images::Image;
use bloom_domain::openid::Identity;
use bloom_domain::passkeys::Passkey;
use bloom_domain::sessions::Session;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Role, Workspace};
use bloom_service::accounts::deletion;
use bloom_service::accounts::export::{self, Export};
use bloom_service::{Error, SignedIn, workspaces};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::browser::{self, Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::views::{DeleteAccount, Field, Link};
use super::{page, redirect};
use crate::app::App;
use crate::ledger;

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
    let text = format!("{:#}\n", told(&export, app.service.now()));
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
    let link = |workspace: &Workspace| Link {
        label: workspace.name.clone(),
        href: super::workspaces::path(workspace.id),
    };
    Ok(DeleteAccount {
        layout: browser.layout(),
        email: person.account().email.to_string(),
        owned: owned.map(|team| link(&team.workspace)).collect(),
        has_plans: app.service.settings().billing.is_some(),
        typed,
    })
}

fn told(export: &Export, now: Timestamp) -> Value {
    let account = &export.account;
    let team = |(workspace, role): &(Workspace, Role)| json!({ "id": workspace.id.to_string(), "name": workspace.name, "role": role.as_str() });
    let own_app = |client: &bloom_domain::clients::Client| json!({ "client_id": client.id.to_string(), "name": client.display_name() });
    json!({
        "exported_at": time(now),
        "account": {
            "id": account.id.to_string(),
            "email": account.email.as_str(),
            "email_verified_at": account.email_verified_at.map(time),
            "name": account.name,
            "created_at": time(account.created_at),
        },
        "personal_workspace": export.personal.as_ref().map(|workspace| workspace.id.to_string()),
        "teams": export.teams.iter().map(team).collect::<Vec<_>>(),
        "api_keys": export.keys.iter().map(|one| key(one, now)).collect::<Vec<_>>(),
        "connected_apps": export.apps.iter().map(app).collect::<Vec<_>>(),
        "own_apps": export.own_apps.iter().map(own_app).collect::<Vec<_>>(),
        "passkeys": export.passkeys.iter().map(passkey).collect::<Vec<_>>(),
        "identities": export.identities.iter().map(identity).collect::<Vec<_>>(),
        "sessions": export.sessions.iter().map(session).collect::<Vec<_>>(),
        "activity": export.activity.iter().map(record).collect::<Vec<_>>(),
        "credits": export.credits.iter().map(ledger::value).collect::<Vec<_>>(),
        "brands": export.brands.iter().map(brand).collect::<Vec<_>>(),
        "images": export.images.iter().map(image).collect::<Vec<_>>(),
    })
}

fn brand(brand: &BrandLine) -> Value {
    json!({
        "id": brand.id.to_string(),
        "name": brand.name,
        "url": brand.url,
        "created_at": time(brand.created_at),
    })
}

/// Without the address of its file, which would let whoever reads the copy fetch it.
fn image(image: &Image) -> Value {
    json!({
        "id": image.id.to_string(),
        "brand_id": image.brand.to_string(),
        "source": image.source.as_str(),
        "prompt": image.prompt,
        "description": image.description,
        "created_at": time(image.created_at),
    })
}

fn key(key: &ApiKey, now: Timestamp) -> Value {
    let state = match key.condition(now) {
        KeyCondition::Active => "active",
        KeyCondition::Rotated { .. } => "rotated",
        KeyCondition::Expiring { .. } => "expiring",
        KeyCondition::Expired { .. } => "expired",
        KeyCondition::Revoked { .. } => "revoked",
    };
    let last_use = key.last_use.as_ref();
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "key": key.hint.to_string(),
        "state": state,
        "created_at": time(key.created_at),
        "expires_at": key.narrowing.expires_at.map(time),
        "last_used_at": last_use.map(|last| time(last.at)),
        "last_used_address": last_use.map(|last| last.address.clone()),
        "last_used_agent": last_use.map(|last| last.agent.clone()),
    })
}

fn app(app: &Connection) -> Value {
    let last_use = app.last_use.as_ref();
    json!({
        "id": app.id.to_string(),
        "name": app.client.display_name(),
        "connected_at": time(app.created_at),
        "ends_at": app.ends_at.map(time),
        "revoked_at": app.revoked_at.map(time),
        "last_used_at": last_use.map(|last| time(last.at)),
        "last_used_address": last_use.map(|last| last.address.clone()),
        "last_used_agent": last_use.map(|last| last.agent.clone()),
    })
}

fn passkey(passkey: &Passkey) -> Value {
    json!({
        "id": passkey.id.to_string(),
        "name": passkey.name,
        "added_at": time(passkey.created_at),
        "last_used_at": passkey.last_used_at.map(time),
    })
}

fn identity(identity: &Identity) -> Value {
    json!({
        "id": identity.id.to_string(),
        "issuer": identity.issuer,
        "subject": identity.subject,
        "address": identity.address,
        "linked_at": time(identity.created_at),
        "last_used_at": identity.last_used_at.map(time),
    })
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "signed_in_at": time(session.times.created_at),
        "seen_at": time(session.times.seen_at),
        "address": session.sender.address.map(|address| address.to_string()),
        "agent": session.sender.agent,
    })
}

fn record(record: &Record) -> Value {
    let details = record.details.as_ref().map(|details| details.json.as_str());
    let details: Option<Value> = details.and_then(|json| serde_json::from_str(json).ok());
    json!({
        "number": record.number,
        "at": time(record.event.at),
        "action": record.event.action,
        "details": details,
    })
}

fn time(at: Timestamp) -> String {
    moment(at, at).iso
}
