//! The copy of all that is kept of a person, as JSON.

use bloom_domain::api_keys::{ApiKey, KeyCondition, Maker};
use bloom_domain::audit::Record;
use bloom_domain::brands::Brand;
use bloom_domain::clients::Client;
use bloom_domain::connections::{Connection, Consent};
use bloom_domain::credits::{BudgetSpan, Cap, ChargedVia};
use bloom_domain::images::Image;
use bloom_domain::openid::Identity;
use bloom_domain::passkeys::Passkey;
use bloom_domain::sessions::Session;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, Role, Workspace};
use bloom_service::accounts::export::Export;
use bloom_service::credits::budgets::BudgetUse;
use serde_json::{Value, json};

use super::super::moment::moment;
use crate::ledger;

/// All of it.
pub(super) fn told(export: &Export, origin: &str, now: Timestamp) -> Value {
    let account = &export.account;
    let budget = |via| budget(&export.budgets.of(via));
    let keys = export.keys.iter().map(|one| key(one, &budget(ChargedVia::ApiKey(one.id)), now));
    let apps = export.apps.iter().map(|one| app(one, &budget(ChargedVia::Connection(one.id))));
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
        "teams": all(&export.teams, team),
        "api_keys": keys.collect::<Vec<_>>(),
        "connected_apps": apps.collect::<Vec<_>>(),
        "own_apps": all(&export.own_apps, own_app),
        "passkeys": all(&export.passkeys, passkey),
        "identities": all(&export.identities, identity),
        "sessions": all(&export.sessions, session),
        "activity": all(&export.activity, record),
        "credits": all(&export.credits, ledger::value),
        "brands": all(&export.brands, |one| brand(one, origin)),
        "images": all(&export.images, |one| image(one, origin)),
    })
}

fn all<T>(list: &[T], told: impl Fn(&T) -> Value) -> Vec<Value> {
    list.iter().map(told).collect()
}

fn team((workspace, role): &(Workspace, Role)) -> Value {
    json!({ "id": workspace.id.to_string(), "name": workspace.name, "role": role.as_str() })
}

/// With what was found and what people set, and where its logo is shown to whoever is signed in.
fn brand(brand: &Brand, origin: &str) -> Value {
    json!({
        "id": brand.id.to_string(),
        "workspace_id": brand.workspace.to_string(),
        "page": format!("{origin}/brands/{}", brand.id),
        "name": brand.name,
        "url": brand.url,
        "status": brand.status.as_str(),
        "findings": stored(brand.findings.as_deref()),
        "corrections": stored(brand.corrections.as_deref()),
        "collects_images": brand.collects_images,
        "created_at": time(brand.created_at),
        "updated_at": time(brand.updated_at),
    })
}

/// Without the address of its file, which would let whoever reads the copy fetch it: its page, for whoever is signed
/// in, has it.
fn image(image: &Image, origin: &str) -> Value {
    let (width, height) = image.size.unzip();
    json!({
        "id": image.id.to_string(),
        "workspace_id": image.workspace.to_string(),
        "brand_id": image.brand.to_string(),
        "page": format!("{origin}/images/{}", image.id),
        "source": image.source.as_str(),
        "status": image.status.as_str(),
        "made_from": image.parent.map(|parent| parent.to_string()),
        "prompt": image.prompt,
        "description": image.description,
        "width": width,
        "height": height,
        "media_type": image.file.as_ref().map(|file| file.media_type.as_str()),
        "bytes": image.file.as_ref().map(|file| file.bytes),
        "created_at": time(image.created_at),
    })
}

fn key(key: &ApiKey, budget: &Value, now: Timestamp) -> Value {
    let state = match key.condition(now) {
        KeyCondition::Active => "active",
        KeyCondition::Rotated { .. } => "rotated",
        KeyCondition::Expiring { .. } => "expiring",
        KeyCondition::Expired { .. } => "expired",
        KeyCondition::Revoked { .. } => "revoked",
    };
    let made_by = key.made_by.map(|maker| match maker {
        Maker::ApiKey(id) => json!({ "api_key": id.to_string() }),
        Maker::Connection(id) => json!({ "connected_app": id.to_string() }),
    });
    let last_use = key.last_use.as_ref();
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "key": key.hint.to_string(),
        "state": state,
        "made_by": made_by,
        "access": key.narrowing.access.to_string(),
        "workspaces": reach(&key.narrowing.reach),
        "addresses": key.narrowing.addresses.to_stored().as_deref().map(words),
        "budget": budget,
        "created_at": time(key.created_at),
        "expires_at": key.narrowing.expires_at.map(time),
        "last_used_at": last_use.map(|last| time(last.at)),
        "last_used_address": last_use.map(|last| last.address.clone()),
        "last_used_agent": last_use.map(|last| last.agent.clone()),
    })
}

fn app(app: &Connection, budget: &Value) -> Value {
    let last_use = app.last_use.as_ref();
    let consent =
        |consent: &Consent| json!({ "site": consent.site, "access": consent.access.to_string() });
    json!({
        "id": app.id.to_string(),
        "name": app.client.display_name(),
        "client_id": app.client.identifier(),
        "consents": all(&app.consents, consent),
        "workspaces": reach(&app.reach),
        "budget": budget,
        "connected_at": time(app.created_at),
        "ends_at": app.ends_at.map(time),
        "revoked_at": app.revoked_at.map(time),
        "last_used_at": last_use.map(|last| time(last.at)),
        "last_used_address": last_use.map(|last| last.address.clone()),
        "last_used_agent": last_use.map(|last| last.agent.clone()),
    })
}

fn own_app(client: &Client) -> Value {
    let owned = client.owned.as_ref();
    json!({
        "client_id": client.id.to_string(),
        "name": client.display_name(),
        "metadata": serde_json::to_value(&client.metadata).unwrap_or_default(),
        "workspaces": owned.map(|owned| reach(&owned.reach)),
        "has_secret": owned.is_some_and(|owned| owned.secret.is_some()),
        "switched_off_at": owned.and_then(|owned| owned.paused_at).map(time),
        "created_at": time(client.created_at),
    })
}

/// What may be spent, and what is; nothing stands for no limit.
fn budget(used: &BudgetUse) -> Value {
    let span = |span: BudgetSpan| json!({ "credits": used.budget.cap(span).map(Cap::get), "spent": used.spending.of(span) });
    json!({
        "day": span(BudgetSpan::Day),
        "month": span(BudgetSpan::Month),
        "total": span(BudgetSpan::Total),
    })
}

/// The workspaces, or all of them.
fn reach(reach: &Reach) -> Value {
    reach.to_stored().map_or_else(|| json!("all"), |list| words(&list))
}

fn words(list: &str) -> Value {
    list.split(' ').filter(|word| !word.is_empty()).collect()
}

/// What is stored as JSON.
fn stored(text: Option<&str>) -> Option<Value> {
    text.and_then(|text| serde_json::from_str(text).ok())
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
    json!({
        "number": record.number,
        "at": time(record.event.at),
        "action": record.event.action,
        "details": stored(details),
    })
}

fn time(at: Timestamp) -> String {
    moment(at, at).iso
}
