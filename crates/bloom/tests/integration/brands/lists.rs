//! Lists of brands: pages of them, and where the next one begins.

use std::time::Duration;

use serde_json::{Value, json};

use super::{BRANDS, Owner};
use crate::support::{App, NOTHING, on_both};
use crate::teams::team;

on_both!(
    a_list_is_read_in_pages_that_leave_nothing_out,
    a_cursor_is_of_its_list_and_of_nobody_else,
    the_bounds_of_a_list_are_kept,
    a_list_is_of_all_workspaces_or_of_one,
);

async fn page(ada: &Owner, query: &str) -> Value {
    let answer = ada.call("GET", &format!("{BRANDS}?{query}"), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].clone()
}

fn ids(page: &Value) -> Vec<String> {
    let brands = page["brands"].as_array().unwrap().iter();
    brands.map(|brand| brand["id"].as_str().unwrap().to_owned()).collect()
}

async fn a_list_is_read_in_pages_that_leave_nothing_out(app: App) {
    let ada = Owner::new(&app).await;
    let mut made = Vec::new();
    for number in 0..7 {
        ada.app.advance(Duration::from_secs(1));
        made.push(ada.ask(&format!("https://site{number}.example/")).await);
    }
    made.reverse();
    let first = page(&ada, "limit=3").await;
    assert_eq!(ids(&first), made[..3]);
    assert_eq!(first["hasMore"], true);
    let line = &first["brands"][0];
    assert_eq!((&line["name"], &line["status"]), (&json!("site6.example"), &json!("analyzing")));
    assert_eq!((&line["imageCount"], &line["workspaceId"]), (&json!(0), &Value::Null));
    // What comes in between is shown by whoever begins anew.
    ada.app.advance(Duration::from_secs(1));
    ada.ask("https://later.example/").await;
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = page(&ada, &format!("limit=3&cursor={cursor}")).await;
    assert_eq!(ids(&second), made[3..6]);
    let cursor = second["nextCursor"].as_str().unwrap();
    let third = page(&ada, &format!("limit=3&cursor={cursor}")).await;
    assert_eq!(ids(&third), made[6..]);
    assert_eq!((&third["hasMore"], &third["nextCursor"]), (&json!(false), &Value::Null));
    assert_eq!(ids(&page(&ada, "").await).len(), 8);
}

async fn a_cursor_is_of_its_list_and_of_nobody_else(app: App) {
    let ada = Owner::new(&app).await;
    for number in 0..3 {
        ada.ask(&format!("https://site{number}.example/")).await;
    }
    let first = page(&ada, "limit=1").await;
    let cursor = first["nextCursor"].as_str().unwrap().to_owned();
    assert!(!cursor.contains(&ids(&first)[0]), "it tells nothing");
    let path = |cursor: &str| format!("{BRANDS}?cursor={cursor}");
    for index in (0..cursor.len()).step_by(3) {
        let mut forged = cursor.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        let answer = ada.call("GET", &path(&forged), None).await;
        assert_eq!(answer.error(), "400 INVALID_CURSOR", "{index}");
    }
    for junk in ["x", NOTHING, &"A".repeat(600)] {
        assert_eq!(ada.call("GET", &path(junk), None).await.error(), "400 INVALID_CURSOR");
    }
    let bob = ada.app.person("bob").await.create_key("ci").await.secret;
    let answer = ada.app.get(&path(&cursor), &[("x-api-key", &bob)]).await;
    assert_eq!(answer.error(), "400 INVALID_CURSOR", "another person's");
}

async fn the_bounds_of_a_list_are_kept(app: App) {
    let ada = Owner::new(&app).await;
    for query in ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "cursor="] {
        let answer = ada.call("GET", &format!("{BRANDS}?{query}"), None).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{query}");
    }
    let answer = ada.call("GET", &format!("{BRANDS}?workspaceId={NOTHING}"), None).await;
    assert_eq!(answer.error(), "404 WORKSPACE_NOT_FOUND");
}

async fn a_list_is_of_all_workspaces_or_of_one(app: App) {
    let ada = Owner::new(&app).await;
    let mut browser = ada.app.browser();
    browser.sign_in("ada@example.com", crate::support::PASSWORD).await;
    let id = team(&mut browser, "Engines").await;
    let own = ada.ask("https://own.example/").await;
    let body = json!({ "url": "https://team.example/", "workspaceId": id });
    let answer = ada.call("POST", BRANDS, Some(&body)).await;
    let theirs = answer.json()["data"]["id"].as_str().unwrap().to_owned();
    let all = page(&ada, "").await;
    let mut expected = vec![own.clone(), theirs.clone()];
    expected.sort();
    let mut found = ids(&all);
    found.sort();
    assert_eq!(found, expected);
    let of_team = page(&ada, &format!("workspaceId={id}")).await;
    assert_eq!(ids(&of_team), std::slice::from_ref(&theirs));
    let line = &of_team["brands"][0];
    assert_eq!((&line["workspaceId"], &line["workspaceName"]), (&json!(id), &json!("Engines")));
    assert_eq!(ada.get(&theirs).await["workspaceId"], json!(id));
    // Others do not see it, and are told the same as of what nobody has.
    let bob = ada.app.person("bob").await.create_key("ci").await.secret;
    for brand in [&own, &theirs] {
        let answer = ada.app.get(&format!("{BRANDS}/{brand}"), &[("x-api-key", &bob)]).await;
        assert_eq!(answer.error(), "404 BRAND_NOT_FOUND");
    }
    let answer = ada.app.get(BRANDS, &[("x-api-key", &bob)]).await;
    assert_eq!(answer.json()["data"]["brands"], json!([]));
}
