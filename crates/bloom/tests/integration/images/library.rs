//! Lists of images, and waiting for them.

use std::time::Duration;

use serde_json::{Value, json};

use super::studio::{Artist, brand_of, bytes_of};
use super::{changes, uploads};
use crate::support::{App, NOTHING, on_both};

on_both!(
    a_list_goes_on_where_it_stopped,
    a_list_is_narrowed,
    a_cursor_is_nobody_elses_and_of_one_list,
    many_are_deleted_at_once,
    who_waits_is_woken_and_asks_nothing_meanwhile,
    who_waits_too_long_is_told_what_there_is,
    a_wait_ends_with_its_credential,
    only_so_many_of_one_credential_wait,
    whoever_is_removed_waits_no_longer,
);

async fn ask(artist: &Artist, query: &str) -> Value {
    let answer = artist.ask("GET", query, None).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.json()["data"].clone()
}

fn ids(data: &Value) -> Vec<String> {
    let images = data["images"].as_array().expect("images");
    images.iter().map(|image| image["id"].as_str().expect("an id").to_owned()).collect()
}

/// Asks for images without making them.
async fn asked_for(artist: &Artist, requests: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..requests {
        let mut order = artist.order();
        order["variantCount"] = json!(3);
        all.extend(artist.ids(&artist.generate(&order).await));
    }
    all
}

async fn a_list_goes_on_where_it_stopped(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let bob = Artist::new(&app, "bob").await;
    let mut all = asked_for(&ada, 4).await;
    asked_for(&bob, 1).await;
    all.sort_unstable();
    all.reverse();
    let mut found = Vec::new();
    let mut query = "?limit=5".to_owned();
    loop {
        let page = ask(&ada, &query).await;
        found.extend(ids(&page));
        assert_eq!(page["hasMore"], json!(page["nextCursor"].is_string()));
        // What comes meanwhile stands before what was shown.
        if found.len() == 5 {
            ada.person.app.advance(Duration::from_secs(1));
            asked_for(&ada, 1).await;
        }
        match page["nextCursor"].as_str() {
            Some(cursor) => query = format!("?limit=5&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(found, all);
    assert_eq!(ids(&ask(&ada, "").await).len(), 15, "50 at most when nobody says");
    let with = ask(&ada, "?limit=1").await["images"][0].clone();
    assert!(with.as_object().expect("an image").contains_key("imageUrl"));
    let without = ask(&ada, "?limit=1&includeUrls=0").await["images"][0].clone();
    assert!(!without.as_object().expect("an image").contains_key("imageUrl"));
    for bad in ["limit=0", "limit=101", "limit=x", "includeUrls=2", "source=found", "timeout=296"] {
        let answer = ada.ask("GET", &format!("?{bad}"), None).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{bad}");
    }
}

async fn a_list_is_narrowed(app: App) {
    let mut browser = app.person("ada").await;
    let key = browser.create_key("ci").await.secret;
    let person = crate::credits::person::Person::of(&app, browser.email(), &key).await;
    let brand = brand_of(&app, browser.email());
    let ada = Artist { person, brand };
    // Two brands of her own, and one of a team: images of each, of which some were brought and one is an edit.
    let other = Artist { brand: brand_of(&app, browser.email()), ..ada.clone() };
    let team = crate::teams::team(&mut browser, "Studio").await;
    let theirs = Artist { brand: brand_of(&app, browser.email()), ..ada.clone() };
    theirs.set_brand(&format!("workspace_id = {}", bytes_of(&app, &team)));
    let mut pending = asked_for(&ada, 1).await;
    let of_other = asked_for(&other, 1).await;
    let of_team = asked_for(&theirs, 1).await;
    let brought = changes::brought(&ada, &uploads::png(1)).await;
    let body = json!({ "prompt": "Make it navy", "brandSessionId": ada.brand });
    let edit = ada.ask("POST", &format!("/{brought}/edit"), Some(&body)).await.json();
    let edit = edit["data"]["id"].as_str().expect("an id").to_owned();
    pending.extend(of_other.iter().cloned());
    let generated = [pending.as_slice(), &of_team].concat();
    let all = [generated.as_slice(), std::slice::from_ref(&edit), std::slice::from_ref(&brought)]
        .concat();
    let but =
        |left_out: &[String]| all.iter().filter(|id| !left_out.contains(id)).cloned().collect();
    let of_ada: Vec<String> = but(&[of_other.as_slice(), &of_team].concat());
    let brand = |artist: &Artist| format!("brandSessionId={}", artist.brand);
    for (query, mut expected) in [
        (String::new(), all.clone()),
        ("source=generated".into(), but(std::slice::from_ref(&brought))),
        ("source=uploaded".into(), vec![brought.clone()]),
        ("source=scraped".into(), vec![]),
        ("status=pending".into(), but(std::slice::from_ref(&brought))),
        ("status=completed".into(), vec![brought.clone()]),
        ("actionType=generation".into(), generated.clone()),
        ("actionType=edit".into(), vec![edit.clone()]),
        ("actionType=resize".into(), vec![]),
        (brand(&ada), of_ada),
        (brand(&other), of_other.clone()),
        (brand(&theirs), of_team.clone()),
        (format!("workspaceId={team}"), of_team.clone()),
        // All that is said holds.
        (format!("{}&actionType=edit", brand(&ada)), vec![edit.clone()]),
        (format!("{}&actionType=edit", brand(&other)), vec![]),
        (format!("{}&workspaceId={team}", brand(&theirs)), of_team.clone()),
        (
            format!("source=generated&status=pending&actionType=generation&workspaceId={team}"),
            of_team,
        ),
    ] {
        let mut found = ids(&ask(&ada, &format!("?{query}")).await);
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    let unknown = ada.ask("GET", &format!("?brandSessionId={NOTHING}"), None).await;
    assert_eq!(unknown.error(), "422 BRAND_NOT_FOUND");
    let unknown = ada.ask("GET", &format!("?workspaceId={NOTHING}"), None).await;
    assert_eq!(unknown.error(), "404 WORKSPACE_NOT_FOUND");
}

async fn a_cursor_is_nobody_elses_and_of_one_list(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let bob = Artist::new(&app, "bob").await;
    asked_for(&ada, 1).await;
    let page = ask(&ada, "?limit=1").await;
    let cursor = page["nextCursor"].as_str().expect("a cursor");
    assert_eq!(ids(&ask(&ada, &format!("?cursor={cursor}")).await).len(), 2);
    assert!(!cursor.contains(&ids(&page)[0]), "it tells nothing");
    let is_refused = async |artist: &Artist, cursor: &str, what: &str| {
        let answer = artist.ask("GET", &format!("?cursor={cursor}"), None).await;
        assert_eq!(answer.error(), "400 INVALID_CURSOR", "{what}: {answer:?}");
    };
    for index in (0..cursor.len()).step_by(3) {
        let mut forged = cursor.to_owned().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).expect("text");
        is_refused(&ada, &forged, &format!("changed at {index}")).await;
    }
    for junk in ["x", NOTHING, &"A".repeat(600)] {
        is_refused(&ada, junk, junk).await;
    }
    is_refused(&bob, cursor, "another person's").await;
    // It says after which image to go on, whatever else is asked for; another list takes it for none of its own.
    let narrowed = format!("?status=pending&brandSessionId={}&cursor={cursor}", ada.brand);
    assert_eq!(ids(&ask(&ada, &narrowed).await).len(), 2);
    assert!(ids(&ask(&ada, &format!("?status=completed&cursor={cursor}")).await).is_empty());
    let brand = &ada.brand;
    let search = json!({ "brandSessionId": brand, "query": "sale", "cursor": cursor });
    let answer = ada.ask("POST", "/search", Some(&search)).await;
    assert_eq!(answer.error(), "400 INVALID_CURSOR", "{answer:?}");
    let key = [("x-api-key", ada.person.key.as_str())];
    let brands = format!("/api/v1/brands?cursor={cursor}");
    assert_eq!(ada.person.app.call("GET", &brands, &key, None).await.status, 400);
}

async fn many_are_deleted_at_once(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let bob = Artist::new(&app, "bob").await;
    let (own, foreign) = (asked_for(&ada, 1).await, asked_for(&bob, 1).await);
    let named = [own[0].as_str(), &foreign[0], NOTHING, &own[1], &own[0]].join(",");
    let answer = ada.ask("DELETE", &format!("?ids={named}"), None).await;
    assert_eq!(answer.json()["data"], json!({ "deletedCount": 2 }), "{answer:?}");
    assert_eq!(ids(&ask(&ada, "").await), [own[2].clone()]);
    assert_eq!(ids(&ask(&bob, "").await).len(), 3);
    for bad in ["", "?ids=", "?ids=x", &format!("?ids={}", NOTHING.replace('-', ""))] {
        assert_eq!(ada.ask("DELETE", bad, None).await.error(), "400 BAD_REQUEST", "{bad}");
    }
}

/// Waits for an image beside whoever works.
fn waiting(artist: &Artist, query: String) -> tokio::task::JoinHandle<crate::support::Answer> {
    let artist = artist.clone();
    tokio::spawn(async move { artist.ask("GET", &query, None).await })
}

async fn who_waits_is_woken_and_asks_nothing_meanwhile(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    let of_one = waiting(&ada, format!("/{}?wait=true", ids[0]));
    let of_many = waiting(&ada, format!("?ids={}&wait=1&timeout=295", ids[0]));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = app.service().statements_executed();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(!of_one.is_finished() && !of_many.is_finished());
    assert_eq!(app.service().statements_executed(), before, "who waits asks nothing");
    ada.work().await;
    let (one, many) = (of_one.await.expect("an answer"), of_many.await.expect("an answer"));
    assert_eq!(one.json()["data"]["status"], "completed", "{one:?}");
    assert_eq!(many.json()["data"]["images"][0]["status"], "completed", "{many:?}");
    // What is there already is not waited for.
    let again = ada.ask("GET", &format!("/{}?wait=true", ids[0]), None).await;
    assert_eq!(again.json()["data"]["status"], "completed");
}

async fn who_waits_too_long_is_told_what_there_is(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    let answer = ada.ask("GET", &format!("/{}?wait=true&timeout=1", ids[0]), None).await;
    assert_eq!(answer.json()["data"]["status"], "pending", "{answer:?}");
    let waits = waiting(&ada, format!("/{}?wait=true", ids[0]));
    tokio::time::sleep(Duration::from_millis(300)).await;
    bloom_service::waits::end_all(app.service());
    let answer = waits.await.expect("an answer");
    assert_eq!((answer.status, &answer.json()["data"]["status"]), (200, &json!("pending")));
}

async fn a_wait_ends_with_its_credential(app: App) {
    let mut browser = app.person("ada").await;
    let key = browser.create_key("ci").await;
    let person = crate::credits::person::Person::of(&app, browser.email(), &key.secret).await;
    let brand = brand_of(&app, "ada@example.com");
    let ada = Artist { person, brand };
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    let path = format!("/{}?wait=true", ids[0]);
    let waits = waiting(&ada, path.clone());
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Rotated, the old secret goes on for a while, and so does the wait.
    let key = browser.rotate_key(&key, "24h").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waits.is_finished());
    browser.revoke_key(&key).await;
    let answer = tokio::time::timeout(Duration::from_secs(5), waits).await.expect("at once");
    assert_eq!(answer.expect("an answer").error(), "401 UNAUTHORIZED");
}

async fn only_so_many_of_one_credential_wait(app: App) {
    let app =
        app.again(|options| options.rate_limits = bloom_service::rate_limit::RateLimits::OFF).await;
    let ada = Artist::new(&app, "ada").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    let path = format!("/{}?wait=true", ids[0]);
    let body = json!({ "url": "https://www.northwind.example/" });
    let headers = [("x-api-key", ada.person.key.as_str())];
    let brand = app.call("POST", "/api/v1/brands", &headers, Some(&body)).await;
    let brand = brand.json()["data"]["id"].as_str().expect("an id").to_owned();
    // Whatever it is that they wait for.
    let mut waits: Vec<_> = (0..30).map(|_| waiting(&ada, path.clone())).collect();
    waits.push(waiting(&ada, format!("?ids={}&wait=true", ids[0])));
    let brand = format!("/api/v1/brands/{brand}");
    let wait_for_brand = |ada: Artist, path: String| async move {
        let headers = [("x-api-key", ada.person.key.as_str())];
        ada.person.app.get(&path, &headers).await
    };
    let for_brand = tokio::spawn(wait_for_brand(ada.clone(), format!("{brand}?wait=true")));
    tokio::time::sleep(Duration::from_millis(500)).await;
    for refused in [
        ada.ask("GET", &path, None).await,
        ada.ask("GET", &format!("?ids={}&wait=true", ids[0]), None).await,
        wait_for_brand(ada.clone(), format!("{brand}?wait=true")).await,
    ] {
        assert_eq!(refused.error(), "429 TOO_MANY_REQUESTS");
        assert_eq!(refused.header("retry-after"), "1");
    }
    let arguments = json!({ "imageId": ids[0] });
    let tool = crate::mcp::tool(&app, &ada.person.key, "bloom_get_image", arguments).await;
    assert_eq!(tool["isError"], true, "{tool}");
    assert!(tool.to_string().contains("wait"), "{tool}");
    assert_eq!(ada.image(&ids[0]).await["status"], "pending", "who does not wait is answered");
    ada.ask("DELETE", &format!("/{}", ids[0]), None).await;
    assert_eq!(app.call("DELETE", &brand, &headers, None).await.status, 200);
    let mut missing = 0;
    for wait in waits {
        let answer = wait.await.expect("an answer");
        // Of several that are named, those that are not there are left out.
        missing += usize::from(answer.status == 404);
    }
    assert_eq!(missing, 30);
    assert_eq!(for_brand.await.expect("an answer").error(), "404 BRAND_NOT_FOUND");
    let other = ada.ids(&ada.generate(&ada.order()).await);
    let answer = ada.ask("GET", &format!("/{}?wait=true&timeout=1", other[0]), None).await;
    assert_eq!(answer.status, 200, "there is room again");
}

/// It ends when the membership does, or the workspace, and not when the time is up.
async fn whoever_is_removed_waits_no_longer(app: App) {
    let mut owner = app.person("owner").await;
    let mut browser = app.person("ada").await;
    let key = browser.create_key("ci").await.secret;
    let person = crate::credits::person::Person::of(&app, browser.email(), &key).await;
    for is_deleted in [false, true] {
        let id = crate::teams::team(&mut owner, "Studio").await;
        crate::teams::join(&mut owner, &id, &mut browser, "member").await;
        let brand = brand_of(&app, "ada@example.com");
        let ada = Artist { person: person.clone(), brand };
        ada.set_brand(&format!("workspace_id = {}", bytes_of(&app, &id)));
        let ids = ada.ids(&ada.generate(&ada.order()).await);
        let one = waiting(&ada, format!("/{}?wait=true", ids[0]));
        let many = waiting(&ada, format!("?ids={}&wait=true", ids[0]));
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!one.is_finished() && !many.is_finished());
        let at = format!("/settings/workspaces/{id}");
        let answer = if is_deleted {
            owner.post(&format!("{at}/delete"), &[("name", "Studio")]).await
        } else {
            let member = crate::teams::member_id(&mut owner, &id, "ada@example.com").await;
            owner.post(&format!("{at}/members/{member}/remove"), &[]).await
        };
        assert_eq!(answer.status, 303, "{answer:?}");
        let in_time = Duration::from_secs(5);
        let one = tokio::time::timeout(in_time, one).await.expect("at once").expect("an answer");
        assert_eq!(one.error(), "404 IMAGE_NOT_FOUND", "deleted: {is_deleted}");
        let many = tokio::time::timeout(in_time, many).await.expect("at once").expect("an answer");
        assert_eq!(many.json()["data"]["images"], json!([]), "deleted: {is_deleted}: {many:?}");
    }
}
