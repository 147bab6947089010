//! `/settings/api-keys/{id}`: one key, and what it is narrowed to.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::api_keys::{ApiKey, Maker, Narrowing, made_through, makers_of};
use bloom_domain::credits::ChargedVia;
use bloom_domain::ids::ApiKeyId;
use bloom_domain::workspaces::Workspace;
use bloom_service::credits::budgets;
use bloom_service::{Error, SignedIn, api_keys, connections, request_usage, workspaces};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{KeyOptions, KeyPage};
use super::{Segment, id, key_options, page, redirect, seen, settings, usage};
use crate::api::query::Query;
use crate::app::App;

/// The page; a stranger signs in first.
pub(crate) async fn show(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let key: ApiKeyId = id(segment)?;
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.person_at(&format!("/settings/api-keys/{key}"))?;
    let query = Query(request.uri().query().unwrap_or_default());
    let saved = query.optional("saved").ok().flatten();
    let view = Known::read(&app, person, key).await?.view(&browser, None);
    let done = saved.map(|_| "The key is saved. It holds for its very next request.".to_owned());
    Ok(page(StatusCode::OK, &KeyPage { done, ..view }))
}

/// Sets what the key is narrowed to.
pub(crate) async fn narrow(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let known = Known::read(&app, person, id(segment)?).await?;
    let (before, shown) = (&known.key.narrowing, known.options(&browser));
    let narrowing = match key_options::read(&form, before, shown, app.service.now()) {
        Ok(narrowing) => narrowing,
        Err(options) => {
            let view = known.view(&browser, Some(*options));
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
        }
    };
    let chosen = key_options::again(known.options(&browser), &narrowing);
    // Of a key that has ended there is no form, and the verb says so.
    // What is so already, a second click perhaps, takes nothing back.
    let is_news = narrowing != *before;
    if is_news && known.row.state.works() && !seen::is_of(&form, before) {
        let refusal = Some(seen::CHANGED.to_owned());
        let view = known.view(&browser, Some(chosen));
        return Ok(page(StatusCode::CONFLICT, &KeyPage { refusal, ..view }));
    }
    let change = (before.clone(), narrowing);
    match api_keys::narrow(&app.service, person, known.key.id, change).await {
        Ok(key) => Ok(redirect(&format!("/settings/api-keys/{}?saved=options", key.id))),
        Err(error) => {
            let refusal = Some(refusal(&error).ok_or(error)?);
            let view = known.view(&browser, Some(chosen));
            Ok(page(StatusCode::CONFLICT, &KeyPage { refusal, ..view }))
        }
    }
}

/// Why a key cannot be like that, in words for the person; none when that is told elsewhere.
pub(crate) fn refusal(error: &Error) -> Option<String> {
    let text = match error {
        Error::TooManyApiKeys => {
            "You have as many working keys as one account may have. Revoke one first."
        }
        Error::WorkspaceNotFound => {
            "You do not belong to one of the workspaces any more. Nothing was changed; choose again."
        }
        Error::ExpiryPast => "The day on which the key would end has passed. Choose a later one.",
        Error::NarrowedToNothing => "The key could do nothing. Choose at least one of each.",
        Error::ChangedMeanwhile => seen::CHANGED,
        Error::ApiKeyRevoked | Error::ApiKeyExpired => {
            "The key has ended, and nothing about it can be changed. Create a new one."
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// What the pages of a key know.
pub(super) struct Known {
    pub(super) key: ApiKey,
    workspaces: Vec<Workspace>,
    pub(super) row: super::views::KeyRow,
    /// The names of the keys that it made, and that they made, as far as they work.
    pub(super) made: Vec<String>,
    usage: super::views::UsageChart,
    snippets: Vec<super::views::Snippet>,
}

impl Known {
    pub(super) async fn read(
        app: &App,
        person: &SignedIn,
        id: ApiKeyId,
    ) -> Result<Self, PageError> {
        let (service, now) = (&app.service, app.service.now());
        let key = api_keys::get(service, person, id).await?;
        let keys = api_keys::kin(service, person).await?;
        let workspaces = workspaces::mine(service, person).await?;
        let usage = request_usage::list(service, person, usage::DAYS).await?;
        let budgets = budgets::list(service, person).await?;
        let apps = connections::list(service, person).await?;
        let requests = usage::total(&usage, ChargedVia::ApiKey(key.id), now);
        let row = settings::row(&key, &workspaces, &budgets, requests, now);
        let makers = makers_of(&keys, &key);
        let shares = super::budgets::shared(&makers, &budgets, |maker| {
            settings::name_of(&keys, &apps, maker)
        });
        let row = super::views::KeyRow { shares, ..row };
        let usage = usage::of(&usage, ChargedVia::ApiKey(key.id), now);
        let made = made_through(&keys, Maker::ApiKey(key.id)).into_iter();
        let made = made.filter(|made| made.works).map(|made| made.name.clone()).collect();
        let snippets = super::views::snippets(app.site.origin());
        Ok(Self { key, workspaces, row, made, usage, snippets })
    }

    fn options(&self, browser: &Browser) -> KeyOptions {
        key_options::shown(&self.key.narrowing, &self.workspaces, address(browser))
    }

    fn view(&self, browser: &Browser, options: Option<KeyOptions>) -> KeyPage {
        KeyPage {
            layout: browser.layout(),
            done: None,
            refusal: None,
            seen: seen::mark(&self.key.narrowing),
            key: self.row.clone(),
            usage: self.usage.clone(),
            options: options.unwrap_or_else(|| self.options(browser)),
            snippets: self.snippets.clone(),
        }
    }
}

/// The choice in the form for a new key.
pub(crate) fn new_options(browser: &Browser, workspaces: &[Workspace]) -> KeyOptions {
    key_options::shown(&Narrowing::default(), workspaces, address(browser))
}

fn address(browser: &Browser) -> Option<String> {
    browser.sender().address.map(|address| address.to_string())
}
