//! `/settings/apps`: revoke an app's access.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::access::{Access, BloomScope};
use bloom_domain::api_keys::{KeyInBrief, Maker, made_through};
use bloom_domain::connections::Connection;
use bloom_domain::credits::ChargedVia;
use bloom_domain::request_usage::RequestTotals;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, Workspace};
use bloom_service::connections::{self, MadeKeys};
use bloom_service::credits::budgets::Budgets;

use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::views::{AppIdentity, AppKind, AppRow, AppState, LastUsed};
use super::{Segment, redirect};
use crate::app::App;

/// Revokes a connection.
pub(crate) async fn revoke(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id = super::id(id)?;
    let made = match form.text("keys") {
        "revoke" => MadeKeys::Revoked,
        _ => MadeKeys::Kept,
    };
    connections::revoke(&app.service, person, id, made).await?;
    Ok(redirect(&format!("/settings?disconnected={id}#apps")))
}

/// A connection as its person sees it.
pub(crate) fn row(
    connection: &Connection,
    keys: &[KeyInBrief],
    workspaces: &[Workspace],
    budgets: &Budgets,
    requests: &RequestTotals,
    now: Timestamp,
) -> AppRow {
    let via = ChargedVia::Connection(connection.id);
    let ended = connection.ended_at(now);
    let is_over = !connection.is_in_force(now);
    let kind = kind(connection);
    AppRow {
        id: connection.id.to_string(),
        is_also_on_this_device: connection.is_on_a_device()
            && !matches!(kind, AppKind::OnThisDevice),
        app: AppIdentity { name: connection.client.display_name(), kind },
        access: summary(connection.access()),
        workspaces: (connection.reach != Reach::All)
            .then(|| super::settings::names(&connection.reach, workspaces)),
        keys: made_through(keys, Maker::Connection(connection.id))
            .into_iter()
            .filter(|key| key.works)
            .map(|key| key.name.clone())
            .collect(),
        connected: moment(connection.created_at, now),
        spent: super::budgets::summary(&budgets.of(via)),
        limits: !is_over || budgets.of(via).by_made > 0,
        requests: super::usage::summary(requests.of(via)),
        last_used: connection.last_use.as_ref().map(|last_use| LastUsed {
            when: moment(last_use.at, now),
            address: last_use.address.clone(),
            operation: last_use.operation.clone(),
        }),
        until: connection.ends_at.filter(|_| !is_over).map(|end| moment(end, now)),
        state: match (ended, connection.revoked_at) {
            (Some(at), _) => AppState::Ended { when: moment(at, now) },
            (None, Some(at)) => AppState::Revoked { when: moment(at, now) },
            (None, None) if connection.client.is_refused() => AppState::Refused,
            (None, None) => AppState::Allowed,
        },
    }
}

/// What is known of an app that was let in, wherever its answers went: it is verified only when every place is.
fn kind(connection: &Connection) -> AppKind {
    let sites: Vec<_> = connection.sites().collect();
    let host = sites.join(", ");
    let is_of = |site: &&str| connection.client.is_of(site);
    match sites[..] {
        [] => AppKind::OnThisDevice,
        _ if !connection.is_on_a_device() && sites.iter().all(is_of) => AppKind::Verified { host },
        _ => AppKind::Unverified { host },
    }
}

fn summary(access: Access) -> String {
    if access == Access::All {
        return "Everything but API keys".to_owned();
    }
    let scopes = BloomScope::ALL.into_iter().filter(|scope| access.allows(*scope));
    scopes.map(BloomScope::as_str).collect::<Vec<_>>().join(", ")
}
