//! `GET /credits`, and how a query is read; beside it the ledger behind it, through the verbs.

mod budgets;
mod model;
mod page;
pub(crate) mod person;
mod properties;
mod races;
mod shared_budgets;
mod verbs;

use bloom_service::credits::monthly;

use self::person::{Person, amount, metered};
use crate::support::{Answer, App, on_both};
use crate::workspaces::{TEAM, add_team};

on_both!(
    credits_are_unlimited_on_a_server_of_ones_own,
    a_workspace_out_of_reach_is_not_found,
    a_malformed_query_is_refused,
    an_unknown_parameter_is_ignored,
    the_shape_comes_after_credential_and_limit,
    what_there_is_and_when_more_comes,
);

async fn ask(app: &App, key: &str, query: &str) -> Answer {
    app.get(&format!("/api/v1/credits{query}"), &[("x-api-key", key)]).await
}

async fn credits_are_unlimited_on_a_server_of_ones_own(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    insta::assert_snapshot!(ask(&app, &key, "").await.summary(), @r#"200 {"data":{"balance":0,"unlimited":true,"held":0,"monthly":0,"topup":0,"next_refresh_at":null,"budget_left":null}}"#);
    add_team(&app, ada.email());
    for id in [TEAM, &TEAM.to_uppercase(), &TEAM.replace('-', "%2D")] {
        let answer = ask(&app, &key, &format!("?workspaceId={id}")).await;
        insta::assert_snapshot!(answer.summary(), @r#"200 {"data":{"balance":0,"unlimited":true,"held":0,"monthly":0,"topup":0,"next_refresh_at":null,"budget_left":null}}"#);
    }
}

async fn what_there_is_and_when_more_comes(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    let (service, operator) = (ada.app.service(), ada.app.operator());
    let (workspace, start) = (ada.workspace, service.now());
    monthly::begin(service, &operator, workspace, amount(50), start).await.unwrap();
    ada.app.keep_house().await;
    ada.topup(10, "in_1").await;
    ada.images("job", 3).await.unwrap();
    let answer = ask(&ada.app, &ada.key, "").await;
    insta::assert_snapshot!(answer.summary(), @r#"200 {"data":{"balance":57,"unlimited":false,"held":3,"monthly":47,"topup":10,"next_refresh_at":"2027-02-15T08:00:00Z","budget_left":null}}"#);
}

async fn a_workspace_out_of_reach_is_not_found(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let bob = app.person("bob").await;
    let missing = ask(&app, &key, &format!("?workspaceId={TEAM}")).await;
    insta::assert_snapshot!(missing.summary(), @r#"404 {"error":{"code":"WORKSPACE_NOT_FOUND","status":404,"message":"You have no such workspace. GET /api/v1/workspaces lists yours; leave workspaceId out for the personal one."}}"#);
    add_team(&app, bob.email());
    let foreign = ask(&app, &key, &format!("?workspaceId={TEAM}")).await;
    assert_eq!(foreign.body, missing.body, "a foreign workspace answers as a missing one");
    for id in ["null", "0", "a", "%F0%9F%8C%B8", &"a".repeat(4096), &format!("%7B{TEAM}%7D")] {
        let answer = ask(&app, &key, &format!("?workspaceId={id}")).await;
        assert_eq!(answer.body, missing.body, "{id}");
    }
    // A personal workspace is named by leaving the parameter out, never by its id.
    for row in app.rows("workspaces").iter().filter(|row| row.contains("personal")) {
        let id = uuid_of(row);
        let answer = ask(&app, &key, &format!("?workspaceId={id}")).await;
        assert_eq!(answer.body, missing.body, "{row}");
    }
}

async fn a_malformed_query_is_refused(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for query in [
        "?workspaceId=",
        "?workspaceId",
        "?workspaceId=a&workspaceId=a",
        "?workspaceId=a&workspaceId=",
        "?workspaceId=a&workspace%49d=b",
        "?workspaceId=%ff",
        "?workspaceId=%00",
        "?workspaceId=a%00b",
        "?workspaceId=%zz",
        "?workspaceId=%2",
        "?workspaceId=%",
    ] {
        let answer = ask(&app, &key, query).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{query}");
        assert_eq!(answer.header("x-ratelimit-limit"), "120", "{query}");
    }
    let answer = ask(&app, &key, "?workspaceId=a&workspaceId=b").await;
    insta::assert_snapshot!(answer.summary(), @r#"400 {"error":{"code":"BAD_REQUEST","status":400,"message":"workspaceId is given twice. Give it once."}}"#);
}

async fn an_unknown_parameter_is_ignored(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for query in ["?", "?&&", "?x=1&x=2", "?x=%ff", "?%ff=1", "?x=%zz&%", "?WorkspaceId=", "?=a"] {
        let answer = ask(&app, &key, query).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
    }
}

/// Credential 401, ban 403, rate 429, shape 400, existence 404.
async fn the_shape_comes_after_credential_and_limit(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let malformed = "?workspaceId=";
    assert_eq!(ask(&app, "junk", malformed).await.error(), "401 UNAUTHORIZED");
    for _ in 0..120 {
        // A malformed request takes room like a good one: it was admitted.
        assert_eq!(ask(&app, &key, malformed).await.error(), "400 BAD_REQUEST");
    }
    assert_eq!(ask(&app, &key, malformed).await.error(), "429 TOO_MANY_REQUESTS");
    app.ban(ada.email()).await;
    assert_eq!(ask(&app, &key, malformed).await.error(), "403 ACCOUNT_BANNED");
}

/// The id at the beginning of a dumped row: 16 bytes, which both databases write in hexadecimal.
fn uuid_of(row: &str) -> String {
    let mut digits = row.split(|c: char| !c.is_ascii_hexdigit()).filter(|part| part.len() == 32);
    let id = digits.next().expect("an id");
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-").to_lowercase()
}
