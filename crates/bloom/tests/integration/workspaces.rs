//! `GET /workspaces`, and the team that other tests ask about.

use bloom_store::Database;

use crate::support::{App, on_both};

on_both!(the_personal_workspace_comes_first, a_lost_membership_is_lost_at_once);

/// The id of the team that [`add_team`] makes.
pub(crate) const TEAM: &str = "01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa";

/// Makes a team of one account. There is no page for that yet, so the rows are written by hand.
pub(crate) fn add_team(app: &App, email: &str) {
    let digits = TEAM.replace('-', "");
    let id = match app.database().database() {
        Database::Sqlite { .. } => format!("x'{digits}'"),
        Database::Postgres { .. } => format!("'\\x{digits}'::bytea"),
    };
    app.database().run(&format!(
        "INSERT INTO workspaces (id, kind, name, created_at) VALUES ({id}, 'team', 'Acme', 1);
         INSERT INTO members (workspace_id, account_id, role, joined_at)
         SELECT {id}, id, 'member', 1 FROM accounts WHERE email = '{email}';"
    ));
}

async fn the_personal_workspace_comes_first(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let ask = async || app.get("/api/v1/workspaces", &[("x-api-key", &key)]).await.summary();
    insta::assert_snapshot!(ask().await, @r#"200 {"data":{"workspaces":[{"id":null,"name":"Personal","is_personal":true}]}}"#);
    add_team(&app, ada.email());
    insta::assert_snapshot!(ask().await, @r#"200 {"data":{"workspaces":[{"id":null,"name":"Personal","is_personal":true},{"id":"01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa","name":"Acme","is_personal":false}]}}"#);
    let bob = app.person("bob").await.create_key("ci").await.secret;
    let answer = app.get("/api/v1/workspaces", &[("x-api-key", &bob)]).await;
    insta::assert_snapshot!(answer.summary(), @r#"200 {"data":{"workspaces":[{"id":null,"name":"Personal","is_personal":true}]}}"#);
}

/// Membership is read on every request, never from what is kept of the key.
async fn a_lost_membership_is_lost_at_once(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    add_team(&app, ada.email());
    let path = format!("/api/v1/credits?workspaceId={TEAM}");
    assert_eq!(app.get(&path, &[("x-api-key", &key)]).await.status, 200);
    app.database().run("DELETE FROM members WHERE role = 'member'");
    let answer = app.get(&path, &[("x-api-key", &key)]).await;
    assert_eq!(answer.error(), "404 WORKSPACE_NOT_FOUND");
}
