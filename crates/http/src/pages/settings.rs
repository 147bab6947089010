//! `/settings`: the account, its API keys and its connected apps.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::access::Access;
use bloom_domain::api_keys::{
    ApiKey, KeyCondition, KeyInBrief, KeyState, Maker, Narrowing, makers_of,
};
use bloom_domain::connections::Connection;
use bloom_domain::credits::ChargedVia;
use bloom_domain::request_usage::RequestTotals;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, Workspace};
use bloom_service::api_keys::{self, NewApiKey, SomeKeys};
use bloom_service::credits::budgets::{self, Budgets};
use bloom_service::plans::WorkspacePlan;
use bloom_service::workspaces::Team;
use bloom_service::{Error, SignedIn};
use bloom_service::{connections, plans, request_usage, workspaces};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::moment::moment;
use super::parts::Part;
use super::views::{
    self, AccountDetails, Field, KeyOptions, KeyRow, LastUsed, NewKey, Opening, RevokedBy,
    Settings, TeamRow,
};
use super::{apps, early, key, page, redirect, usage};
use crate::api::query::Query;
use crate::app::App;

/// So many keys, apps and workspaces are shown at a time: a page is to be light.
const PARTS: [Part; 3] =
    [Part::first("keys", 7), Part::first("apps", 4), Part::first("workspaces", 8)];

/// Where this is.
const HERE: &str = "/settings";
/// Where the keys are.
pub(crate) const KEYS: &str = "/settings#api-keys";

/// The page; a stranger signs in first.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    browser.person_at(HERE)?;
    let opening = Opening { layout: browser.layout(), title: "Settings" };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let view = async move { asked_for(&app, &browser, Query(&query)).await };
    Ok(early::page(&request, &opening, view))
}

/// The page that a query asks for.
async fn asked_for(app: &App, browser: &Browser, query: Query<'_>) -> Result<Settings, PageError> {
    let person = browser.person_at(HERE)?;
    let lists = Lists::read(app, person, PARTS.map(|part| part.asked(query))).await?;
    let revoked = key_named(app, person, query, "revoked").await?;
    let revoked = revoked
        .filter(|key| key.state != KeyState::Active)
        .map(|key| format!("The key “{}” is revoked.", key.name));
    let ended = key_named(app, person, query, "ended").await?;
    let ended = ended
        .filter(|key| key.old_secret.as_ref().is_some_and(|old| old.until <= app.service.now()))
        .map(|key| format!("The old secret of the key “{}” has ended.", key.name));
    let disconnected = query.optional("disconnected").ok().flatten();
    let disconnected = disconnected
        .and_then(|id| lists.apps.iter().find(|app| app.id.to_string() == id))
        .filter(|app| app.revoked_at.is_some())
        .map(|app| format!("“{}” can no longer act as you.", app.client.display_name()));
    let has = |name| query.optional(name).ok().flatten().is_some();
    let left = has("left").then(|| "You left the workspace.".to_owned());
    let declined = has("declined").then(|| "You declined the invitation.".to_owned());
    let budget = has("budget").then(|| "The budget is saved.".to_owned());
    let done = revoked.or(ended).or(budget).or(disconnected).or(left).or(declined);
    Ok(Settings { done, ..view(app, browser, person, &lists) })
}

/// The key that a word of the query names, if it is the person's.
async fn key_named(
    app: &App,
    person: &SignedIn,
    query: Query<'_>,
    word: &str,
) -> Result<Option<ApiKey>, PageError> {
    let id = query.optional(word).ok().flatten().and_then(|id| id.parse().ok());
    let Some(id) = id else { return Ok(None) };
    match api_keys::get(&app.service, person, id).await {
        Ok(key) => Ok(Some(key)),
        Err(Error::ApiKeyNotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The address of a form, opened like a page.
pub(crate) async fn go_to_keys(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    // A stranger comes back to the place in the page, and not to its top.
    browser.person_at(KEYS)?;
    Ok(redirect(KEYS))
}

/// The address of a form of the apps, opened like a page.
pub(crate) async fn go_to_apps() -> Response {
    redirect("/settings#apps")
}

/// The page with the secret of a key that was just made: the only time it is there to see.
pub(crate) async fn with_new_key(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    new: NewApiKey,
) -> Result<Response, PageError> {
    let secret = new.secret.expose().to_owned();
    let origin = app.site.origin();
    let (curl, snippets) = (views::curl_line(origin, &secret), views::snippets(origin));
    let old = old_secret(&new.key, app.service.now());
    let (id, name) = (new.key.id.to_string(), new.key.name);
    let new_key = NewKey { id, name, curl, snippets, secret, old };
    let lists = Lists::read(app, person, PARTS).await?;
    let view = Settings { new_key: Some(new_key), ..view(app, browser, person, &lists) };
    Ok(page(StatusCode::OK, &view))
}

/// The page with the form for a new key as it was filled in, and what is wrong with it.
pub(crate) async fn with_refused_key(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    key_name: Field,
    key_options: KeyOptions,
) -> Result<Response, PageError> {
    let lists = Lists::read(app, person, PARTS).await?;
    let view = Settings { key_name, key_options, ..view(app, browser, person, &lists) };
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
}

/// The page with the form for a new workspace as it was typed, and what is wrong with it.
pub(crate) async fn with_refused_workspace(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    workspace_name: Field,
) -> Result<Response, PageError> {
    let lists = Lists::read(app, person, PARTS).await?;
    let view = Settings { workspace_name, ..view(app, browser, person, &lists) };
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
}

/// The page with a sentence on why something was refused, and the form for a new key as it was filled in,
/// if it was that.
pub(crate) async fn with_refusal(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    typed: Option<(String, KeyOptions)>,
    refusal: &str,
) -> Result<Response, PageError> {
    let lists = Lists::read(app, person, PARTS).await?;
    let mut view = view(app, browser, person, &lists);
    view.refusal = Some(refusal.to_owned());
    if let Some((name, options)) = typed {
        view.key_name.value = name;
        view.key_options = options;
    }
    Ok(page(StatusCode::CONFLICT, &view))
}

/// What the page lists.
struct Lists {
    keys: SomeKeys,
    apps: Vec<Connection>,
    teams: Vec<Team>,
    workspaces: Vec<Workspace>,
    budgets: Budgets,
    requests: RequestTotals,
    plans: Vec<WorkspacePlan>,
    /// Which keys, apps and workspaces are shown.
    parts: [Part; 3],
}

impl Lists {
    fn name_of(&self, maker: Maker) -> Option<String> {
        name_of(&self.keys.kin, &self.apps, maker)
    }

    /// Whose budgets a key shares.
    fn shared_by(&self, key: &ApiKey) -> Option<String> {
        let makers = makers_of(&self.keys.kin, key);
        super::budgets::shared(&makers, &self.budgets, |maker| self.name_of(maker))
    }

    async fn read(app: &App, person: &SignedIn, parts: [Part; 3]) -> Result<Self, PageError> {
        let which = parts[0];
        let keys = api_keys::list_some(&app.service, person, move |all| which.range(all)).await?;
        let apps = connections::list(&app.service, person).await?;
        let teams = workspaces::teams(&app.service, person).await?;
        let budgets = budgets::list(&app.service, person).await?;
        let plans = plans::list(&app.service, person).await?;
        let workspaces = workspaces::mine(&app.service, person).await?;
        let requests = request_usage::totals(&app.service, person, usage::DAYS).await?;
        Ok(Self { keys, apps, teams, workspaces, budgets, requests, plans, parts })
    }
}

/// What the credential is called with which a key was made.
pub(crate) fn name_of(keys: &[KeyInBrief], apps: &[Connection], maker: Maker) -> Option<String> {
    match maker {
        Maker::ApiKey(id) => {
            let key = keys.iter().find(|key| key.id == id)?;
            Some(format!("the key {}", key.name))
        }
        Maker::Connection(id) => {
            let app = apps.iter().find(|app| app.id == id)?;
            Some(format!("the app {}", app.client.display_name()))
        }
    }
}

fn view(app: &App, browser: &Browser, person: &SignedIn, lists: &Lists) -> Settings {
    let now = app.service.now();
    let account = person.account();
    let Lists { workspaces, budgets, requests, .. } = lists;
    let [keys, apps, teams] = lists.parts;
    Settings {
        layout: browser.layout(),
        origin: app.site.origin().to_owned(),
        account: AccountDetails { email: account.email.to_string(), name: account.name.clone() },
        done: None,
        refusal: None,
        key_name: Field::default(),
        key_options: key::new_options(browser, &lists.workspaces),
        workspace_name: Field::default(),
        new_key: None,
        plans: app
            .service
            .settings()
            .billing
            .as_ref()
            .map(|billing| super::plans::part(billing, &lists.plans, now)),
        more_teams: teams.links(lists.teams.len(), HERE, "workspaces"),
        teams: teams.of(&lists.teams).iter().map(team).collect(),
        more_apps: apps.links(lists.apps.len(), HERE, "apps"),
        apps: apps
            .of(&lists.apps)
            .iter()
            .map(|app| apps::row(app, &lists.keys.kin, workspaces, budgets, requests, now))
            .collect(),
        more_keys: keys.links(lists.keys.count, HERE, "api-keys"),
        keys: lists
            .keys
            .keys
            .iter()
            .map(|key| {
                let requests = requests.of(ChargedVia::ApiKey(key.id));
                let row = row(key, workspaces, budgets, requests, now);
                let made_by = key.made_by.and_then(|maker| lists.name_of(maker));
                KeyRow { made_by, shares: lists.shared_by(key), ..row }
            })
            .collect(),
    }
}

fn team(team: &Team) -> TeamRow {
    TeamRow {
        id: team.workspace.id.to_string(),
        name: team.workspace.name.clone(),
        role: team.role,
        members: team.members,
        is_deleted: team.deleted_at.is_some(),
    }
}

/// A key as its owner sees it.
pub(crate) fn row(
    key: &ApiKey,
    workspaces: &[Workspace],
    budgets: &Budgets,
    requests: i64,
    now: Timestamp,
) -> KeyRow {
    let via = ChargedVia::ApiKey(key.id);
    let Narrowing { access, reach, addresses, expires_at } = &key.narrowing;
    let listed = |stored: Option<String>| stored.map(|list| list.replace(' ', ", "));
    KeyRow {
        made_by: None,
        shares: None,
        may: matches!(access, Access::Named(_)).then(|| access.to_string().replace(' ', ", ")),
        workspaces: (*reach != Reach::All).then(|| names(reach, workspaces)),
        addresses: listed(addresses.to_stored()),
        expires: expires_at.map(|end| moment(end, now)),
        requests: usage::summary(requests),
        id: key.id.to_string(),
        name: key.name.clone(),
        hint: key.hint.to_string(),
        created: moment(key.created_at, now),
        spent: super::budgets::summary(&budgets.of(via)),
        limits: key.works(now) || budgets.of(via).by_made > 0,
        last_used: key.last_use.as_ref().map(|last_use| LastUsed {
            when: moment(last_use.at, now),
            address: last_use.address.clone(),
            operation: last_use.operation.clone(),
        }),
        old_secret: old_secret(key, now),
        ends_soon: key.ends_soon(now),
        state: match key.condition(now) {
            KeyCondition::Active => views::KeyState::Active,
            KeyCondition::Rotated { .. } => views::KeyState::Rotated,
            KeyCondition::Expiring { .. } => views::KeyState::Expiring,
            KeyCondition::Expired { .. } => views::KeyState::Expired,
            KeyCondition::Revoked { at, by } => views::KeyState::Revoked {
                when: moment(at, now),
                by: match by {
                    bloom_domain::api_keys::RevokedBy::Owner => RevokedBy::You,
                    bloom_domain::api_keys::RevokedBy::Operator => RevokedBy::Operator,
                    bloom_domain::api_keys::RevokedBy::Scanner => RevokedBy::Scanner,
                    bloom_domain::api_keys::RevokedBy::Finder => RevokedBy::Finder,
                    bloom_domain::api_keys::RevokedBy::Credential => RevokedBy::Credential,
                    bloom_domain::api_keys::RevokedBy::Itself => RevokedBy::Itself,
                    bloom_domain::api_keys::RevokedBy::AppDeleted => RevokedBy::AppDeleted,
                },
            },
        },
    }
}

/// The workspaces that a key or an app reaches, by name.
pub(crate) fn names(reach: &Reach, workspaces: &[Workspace]) -> String {
    let reached = workspaces.iter().filter(|workspace| reach.contains(workspace.id));
    let names: Vec<_> = reached.map(|workspace| workspace.name.as_str()).collect();
    if names.is_empty() { "no workspace of yours any more".to_owned() } else { names.join(", ") }
}

/// The old secret of a key, while it is good.
fn old_secret(key: &ApiKey, now: Timestamp) -> Option<views::OldSecret> {
    let old = key.old_secret.as_ref()?;
    matches!(key.condition(now), KeyCondition::Rotated { .. }).then(|| views::OldSecret {
        hint: old.hint.to_string(),
        until: moment(old.until, now),
        last_used: old.last_used_at.map(|at| moment(at, now)),
    })
}
