//! `/settings/activity` and `/settings/workspaces/{id}/activity`: the audit of a person's own account, and of
//! a team that they look after.

use std::collections::BTreeSet;

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::time::Timestamp;
use bloom_service::audit::{self, OfTeam, Told};
use http::StatusCode;
use serde_json::{Map, Value};

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::moment::moment;
use super::views::{Activity, ActivityChange, ActivityRow, Opening};
use super::{Segment, early, page, workspaces};
use crate::api::query::Query;
use crate::app::App;

/// What `until` of a rotation is called.
const OLD_SECRET: &str = "Old secret until";
/// Where a person's own is.
const OWN: &str = "/settings/activity";
/// The member that says until when something goes on; of a rotated key, its old secret.
const UNTIL: &str = "until";
/// How many records a page shows.
const PAGE: usize = 20;
/// As many, and one that tells whether there are more.
const ONE_MORE: i64 = 21;

/// The page; a stranger signs in first.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    browser.person_at(OWN)?;
    let opening = Opening { layout: browser.layout(), title: "Activity" };
    let before = before(&request);
    let view = async move { own(&app, &browser, before).await };
    Ok(early::page(&request, &opening, view))
}

/// The records of the person's own account that are before a number.
async fn own(app: &App, browser: &Browser, before: Option<i64>) -> Result<Activity, PageError> {
    let person = browser.person_at(OWN)?;
    let (from, limit) = (before.unwrap_or(i64::MAX), ONE_MORE);
    let records = audit::list(&app.service, person, from, limit).await?;
    let (now, me) = (app.service.now(), Actor::Person(person.account().id));
    let older = older(records.len(), |last| records[last].record.number);
    let rows = records.iter().take(PAGE).map(|told| row(told, me, now)).collect();
    Ok(Activity {
        layout: browser.layout(),
        team: None,
        path: OWN.to_owned(),
        records: rows,
        is_first: before.is_none(),
        older,
    })
}

/// The page of a team.
pub(crate) async fn show_of_team(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let id = super::id(id)?;
    let path = format!("{}/activity", workspaces::path(id));
    let person = browser.person_at(&path)?;
    let before = before(&request);
    let (from, limit) = (before.unwrap_or(i64::MAX), ONE_MORE);
    let OfTeam { workspace, records } =
        audit::list_of_team(&app.service, person, id, from, limit).await?;
    let (now, me) = (app.service.now(), Actor::Person(person.account().id));
    let older = older(records.len(), |last| records[last].record.number);
    let rows = records.iter().take(PAGE).map(|told| row(told, me, now)).collect();
    let view = Activity {
        layout: browser.layout(),
        team: Some(workspace.name),
        path,
        records: rows,
        is_first: before.is_none(),
        older,
    };
    Ok(page(StatusCode::OK, &view))
}

/// The number that the records on the page are before.
fn before(request: &Request) -> Option<i64> {
    let query = Query(request.uri().query().unwrap_or_default());
    query.optional("before").ok().flatten().and_then(|text| text.parse().ok())
}

/// Where the next page begins, when more were read than a page shows.
fn older(read: usize, number: impl FnOnce(usize) -> i64) -> Option<i64> {
    (read > PAGE).then(|| number(PAGE - 1))
}

fn row(Told { record, by, about }: &Told, me: Actor, now: Timestamp) -> ActivityRow {
    let details = record.details.as_ref().map_or("{}", |details| details.json.as_str());
    let details: Value = serde_json::from_str(details).unwrap_or_default();
    let text = |member: &str| details.get(member).and_then(Value::as_str).map(str::to_owned);
    let action = Action::from_stored(&record.event.action);
    let changes = changes(action, details.get("before"), details.get("after"));
    let is_among_changes =
        |name: &String| changes.iter().any(|change| change.after.as_ref() == Some(name));
    let (by, by_name) = match record.event.actor {
        actor if actor == me => ("You", None),
        Actor::Person(_) if by.is_none() => ("Another person", None),
        Actor::Person(_) => ("", by.clone()),
        Actor::App(_) => ("The app", by.clone()),
        Actor::ApiKey(_) if by.is_none() => ("An API key", None),
        Actor::ApiKey(_) => ("The API key", by.clone()),
        Actor::Anybody => ("Somebody who was not signed in", None),
        Actor::Operator => ("The operator of this server", None),
        Actor::Server => ("This server", None),
    };
    ActivityRow {
        what: action
            .map_or_else(|| record.event.action.clone(), |action| action.label().to_owned()),
        when: moment(record.event.at, now),
        about: about
            .clone()
            .filter(|name| !is_among_changes(name))
            .map(|name| (kind(&record.event.subject), name)),
        by,
        by_name,
        address: text("address"),
        agent: text("agent"),
        changes,
    }
}

/// What kind of thing it is that has a name.
fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::ApiKey(_) => "Key",
        Subject::Brand(_) => "Brand",
        Subject::Client(_) | Subject::Connection(_) | Subject::Grant(_) => "App",
        Subject::Workspace(_) => "Workspace",
        Subject::Account(_) | Subject::Invitation(_) | Subject::Server => "Of",
    }
}

/// What is different, member by member; what stayed as it was is told once.
fn changes(
    action: Option<Action>,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Vec<ActivityChange> {
    let is_of_old_secret = |name: &str| name == UNTIL && action == Some(Action::ApiKeyRotated);
    let empty = Map::new();
    let before = before.and_then(Value::as_object).unwrap_or(&empty);
    let after = after.and_then(Value::as_object).unwrap_or(&empty);
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let change = |name: &String| {
        let (mut was, mut is) = (before.get(name).and_then(words), after.get(name).and_then(words));
        // Until when the secret from before goes on is news of it, and nothing that is no more.
        if is_of_old_secret(name) && is.is_none() {
            is = was.take();
        }
        let change = ActivityChange {
            name: if is_of_old_secret(name) { OLD_SECRET.to_owned() } else { label(name) },
            before: was.filter(|was| is.as_ref() != Some(was)),
            after: is,
        };
        (change.before.is_some() || change.after.is_some()).then_some(change)
    };
    names.into_iter().filter_map(change).collect()
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(instant(text).unwrap_or_else(|| text.clone())),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        other => Some(other.to_string()),
    }
}

/// A point in time (RFC 3339), as a person reads it.
fn instant(text: &str) -> Option<String> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let is_time =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.".contains(&byte));
    let whole = time.get(..8)?;
    (day.len() == 10 && is_time(day) && is_time(time)).then(|| format!("{day}, {whole} UTC"))
}

/// A member's name as a person reads it.
fn label(name: &str) -> String {
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_told_once() {
        let before = json!({ "name": "ci", "hint": "a", "gone": true, "nothing": null });
        let after = json!({ "name": "ci", "hint": "b", "times": 3 });
        let told: Vec<_> = changes(None, Some(&before), Some(&after))
            .into_iter()
            .map(|change| (change.name, change.before, change.after))
            .collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("Gone".to_owned(), text("yes"), None),
                ("Hint".to_owned(), text("a"), text("b")),
                ("Name".to_owned(), None, text("ci")),
                ("Times".to_owned(), None, text("3")),
            ]
        );
        assert!(changes(None, None, Some(&json!("no object"))).is_empty());
        let end = json!({ "until": "2026-11-30T17:00:27Z" });
        let told = |action, before, after| {
            let changes = changes(Some(action), before, after).into_iter();
            changes.map(|c| (c.name, c.before, c.after)).collect::<Vec<_>>()
        };
        let when = text("2026-11-30, 17:00:27 UTC");
        let rotated = told(Action::ApiKeyRotated, Some(&end), None);
        assert_eq!(rotated, [("Old secret until".to_owned(), None, when.clone())]);
        let allowed = told(Action::AppAllowed, None, Some(&end));
        assert_eq!(allowed, [("Until".to_owned(), None, when.clone())]);
        let for_ever = told(Action::AppAllowed, Some(&end), None);
        assert_eq!(for_ever, [("Until".to_owned(), when, None)]);
        assert_eq!(instant("Team Tuesday, ThursdaZ"), None);
    }
}
