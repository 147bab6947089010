//! The page of a key, and the choices in the form for a new one.

use std::time::Duration;

use bloom_domain::access::Access;
use bloom_domain::api_keys::{ApiKey, Narrowing};
use bloom_domain::email::Email;
use bloom_service::api_keys;

use crate::support::oauth::REDIRECT;
use crate::support::{App, Browser, on_both};
use crate::teams::team;

on_both!(
    a_key_is_made_as_it_was_chosen,
    a_choice_that_is_none_is_told_beside_it_and_kept,
    the_page_shows_a_key_and_changes_it,
    a_page_of_before_widens_no_key,
    of_two_tabs_at_once_one_is_told,
    the_day_on_which_a_key_ends_stays_when_something_else_changes,
    a_foreign_key_has_no_page,
    a_key_that_has_ended_can_be_looked_at_and_no_more,
    requests_are_drawn_and_told,
    a_long_list_of_keys_is_shown_a_part_at_a_time,
);

async fn listed(app: &App) -> ApiKey {
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    api_keys::list_for(app.service(), &operator, &email).await.unwrap().remove(0)
}

async fn create(ada: &mut Browser, fields: &[(&str, &str)]) -> String {
    let page = ada.post("/settings/api-keys", fields).await;
    page.assert_page(200, "Settings");
    page.between("<code id=\"new-key\">", "</code>").unwrap().to_owned()
}

async fn a_key_is_made_as_it_was_chosen(app: App) {
    let mut ada = app.person("ada").await;
    let one = team(&mut ada, "Engines").await;
    let workspace = format!("workspace-{one}");
    let secret = create(
        &mut ada,
        &[
            ("name", "narrow"),
            ("access", "some"),
            ("scope-read", "on"),
            ("scope-keys:admin", "on"),
            ("workspaces", "some"),
            (&workspace, "on"),
            ("addresses", "192.0.2.0/24, 2001:db8::/32\r\n198.51.100.1"),
            ("expires", "2027-01-15"),
        ],
    )
    .await;
    assert_eq!(app.account(&secret).await.status, 200);
    let page = ada.get("/settings").await;
    for text in [
        "<dd>read, keys:admin</dd>",
        "<bdi>Engines</bdi>",
        "<code>192.0.2.0/24, 198.51.100.1, 2001:db8::/32</code>",
        "title=\"16 January 2027, 00:00:00 UTC\"",
        ">Expires soon<",
    ] {
        assert!(page.text().contains(text), "{text}: {page:?}");
    }
    // Left as they are, the choices narrow nothing.
    app.advance(Duration::from_secs(1));
    create(&mut ada, &[("name", "plain"), ("access", "all"), ("workspaces", "all")]).await;
    assert_eq!(listed(&app).await.narrowing, Narrowing::default());
}

async fn a_choice_that_is_none_is_told_beside_it_and_kept(app: App) {
    let mut ada = app.person("ada").await;
    let one = format!("workspace-{}", team(&mut ada, "Engines").await);
    ada.create_key("ci").await;
    let path = format!("/settings/api-keys/{}/options", listed(&app).await.id);
    let before = app.database().dump();
    for (fields, id, error) in [
        (&[("access", "some")][..], "access-some", "Choose at least one."),
        (&[("scope-read", "on")], "access-some", "Choose “Only this”, or uncheck"),
        (&[("access", "some"), ("scope-admin", "on")], "access-some", "there is no scope"),
        (&[("access", "both")], "access-some", "Choose one of the two."),
        (&[("workspaces", "some")], "workspaces-some", "Choose at least one."),
        (&[(one.as_str(), "on")], "workspaces-some", "Choose “Only in these”, or uncheck"),
        (&[("addresses", "203.0.113.7/24")], "addresses", "is 203.0.113.0/24 meant?"),
        (&[("addresses", "here")], "addresses", "here: expected an address such as"),
        (
            &[("addresses", "here 192.0.2.1 203.0.113.7/24")],
            "addresses",
            "or 2001:db8::/32. 203.0.113.7/24: ",
        ),
        (
            &[("addresses", "a b c d e f g")],
            "addresses",
            "e: expected an address such as 203.0.113.7, or a network such as 203.0.113.0/24 or 2001:db8::/32. 2 more are wrong.",
        ),
        (&[("expires", "2027-01-14")], "expires", "That day has passed."),
        (&[("expires", "soon")], "expires", "Enter a day such as 2027-03-31."),
    ] {
        for (path, name, heading) in [
            ("/settings/api-keys", "new", "Settings"),
            (path.as_str(), "", "API key <bdi>ci</bdi>"),
        ] {
            let page = ada.post(path, &[fields, &[("name", name)]].concat()).await;
            page.assert_page(422, heading);
            let told = page.between(&format!("id=\"{id}-error\">"), "</p>").unwrap_or_default();
            assert!(told.replace("&#34;", "\"").contains(error), "{fields:?}: {told}");
            assert!(page.text().contains(&format!("href=\"#{id}\"")), "{page:?}");
            let typed = fields[0].1;
            let kept = ["addresses", "expires"].contains(&fields[0].0);
            assert!(!kept || page.text().contains(&format!("value=\"{typed}\"")), "{page:?}");
        }
    }
    assert_eq!(app.database().dump(), before);
    // A name that is refused loses nothing of what was chosen.
    let fields =
        [("name", ""), ("access", "some"), ("scope-write", "on"), ("expires", "2027-03-31")];
    let page = ada.post("/settings/api-keys", &fields).await;
    page.assert_page(422, "Settings");
    for text in ["name=\"scope-write\" checked", "value=\"some\" checked", "value=\"2027-03-31\""] {
        assert!(page.text().contains(text), "{text}: {page:?}");
    }
}

async fn the_page_shows_a_key_and_changes_it(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let path = format!("/settings/api-keys/{}", key.id);
    let page = ada.get(&path).await;
    page.assert_page(200, "API key <bdi>ci</bdi>");
    assert!(page.text().contains("Your requests now come from <code>192.0.2.7</code>"), "{page:?}");
    let options = format!("{path}/options");
    let fields = [("access", "some"), ("scope-write", "on"), ("workspaces", "all")];
    let saved = format!("{path}?saved=options");
    ada.post(&options, &fields).await.assert_redirect(&saved);
    assert!(ada.get(&saved).await.text().contains("The key is saved."));
    assert_eq!(app.account(&key.secret).await.error(), "403 FORBIDDEN");
    // It may do more again, since its owner could as well make another.
    ada.post(&options, &[("access", "all")]).await.assert_redirect(&saved);
    assert_eq!(listed(&app).await.narrowing.access, Access::All);
    assert_eq!(app.account(&key.secret).await.status, 200);
    let mut stranger = app.browser();
    stranger.get(&path).await.assert_sign_in_first(&path);
    stranger.post(&options, &[]).await.assert_page(401, "You are signed out");
}

/// A form says all that a key may do, so one of before would take back what was narrowed since.
async fn a_page_of_before_widens_no_key(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let page = format!("/settings/api-keys/{}", key.id);
    let options = format!("{page}/options");
    let stale = ada.seen(&options).await.expect("a form");
    ada.post(&options, &[("access", "some"), ("scope-read", "on")]).await;
    let narrowed = app.database().dump();
    let late = [("access", "all"), ("expires", "2030-01-01"), ("seen", stale.as_str())];
    let refused = ada.post(&options, &late).await;
    refused.assert_page(409, "API key <bdi>ci</bdi>");
    assert!(refused.text().contains("It was changed since you opened this page"), "{refused:?}");
    assert!(refused.text().contains("value=\"2030-01-01\""), "what was typed is kept");
    assert!(refused.text().contains("<dt>May</dt>"), "how it is now is told: {refused:?}");
    // Nor does a form that says nothing at all.
    for fields in [vec![], vec![("access", "all")], vec![("seen", "garbage"), ("access", "all")]] {
        let token = ada.form_token().await;
        let fields = [vec![("form_token", token.as_str())], fields].concat();
        ada.post_as_is(&options, &fields, &[]).await.assert_page(409, "API key <bdi>ci</bdi>");
    }
    assert_eq!(app.database().dump(), narrowed);
    // Who has seen it may save it all the same.
    let (_, form) = refused.text().split_once(&format!("action=\"{options}\"")).unwrap();
    let seen = form.split_once("name=\"seen\" value=\"").unwrap().1.split('"').next().unwrap();
    let again = [("access", "all"), ("expires", "2030-01-01"), ("seen", seen)];
    ada.post(&options, &again).await.assert_redirect(&format!("{page}?saved=options"));
    assert_eq!(listed(&app).await.narrowing.access, Access::All);
}

async fn of_two_tabs_at_once_one_is_told(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let options = format!("/settings/api-keys/{}/options", key.id);
    for round in 0..10 {
        let seen = ada.seen(&options).await.expect("a form");
        let day = format!("2031-01-{:02}", round + 1);
        let other = format!("2032-01-{:02}", round + 1);
        let (mut one, mut two) = (ada.clone(), ada.clone());
        let fields = |day| [("access", "all"), ("expires", day), ("seen", seen.as_str())];
        let (first, second) = (fields(day.as_str()), fields(other.as_str()));
        let answers = tokio::join!(one.post(&options, &first), two.post(&options, &second));
        let mut statuses = [answers.0.status, answers.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "round {round}: {answers:?}");
    }
}

async fn the_day_on_which_a_key_ends_stays_when_something_else_changes(app: App) {
    let mut ada = app.person("ada").await;
    ada.create_key("ci").await;
    let key = listed(&app).await;
    let end = app.service().now().plus(Duration::from_secs(100_000));
    let narrowing = Narrowing { expires_at: Some(end), ..Narrowing::default() };
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let which = api_keys::WhichKey::Id(key.id);
    api_keys::narrow_for(app.service(), &operator, &email, which, narrowing).await.unwrap();
    let page = ada.get(&format!("/settings/api-keys/{}", key.id)).await;
    let day = page.between("name=\"expires\" type=\"date\"", ">").unwrap();
    let day = day.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = [("access", "some"), ("scope-read", "on"), ("expires", day)];
    ada.post(&format!("/settings/api-keys/{}/options", key.id), &fields).await;
    let after = listed(&app).await.narrowing;
    assert_eq!((after.expires_at, after.access.to_string().as_str()), (Some(end), "read"));
}

async fn a_foreign_key_has_no_page(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let mut bob = app.person("bob").await;
    let before = app.database().dump();
    for id in [key.id.as_str(), "01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa", "x"] {
        let path = format!("/settings/api-keys/{id}");
        bob.get(&path).await.assert_page(404, "Page not found");
        let fields = [("access", "some"), ("scope-read", "on")];
        let answer = bob.post(&format!("{path}/options"), &fields).await;
        answer.assert_page(404, "It is not there any more");
        bob.get(&format!("/settings/apps/{id}/usage")).await.assert_page(404, "Page not found");
    }
    assert_eq!(app.database().dump(), before);
}

async fn a_key_that_has_ended_can_be_looked_at_and_no_more(app: App) {
    let mut ada = app.person("ada").await;
    create(&mut ada, &[("name", "ci"), ("expires", "2027-01-15")]).await;
    let path = format!("/settings/api-keys/{}", listed(&app).await.id);
    app.advance(Duration::from_secs(86_400));
    let page = ada.get(&path).await;
    page.assert_page(200, "API key <bdi>ci</bdi>");
    assert!(page.text().contains(">Expired<") && !page.text().contains("/rotate"), "{page:?}");
    assert!(ada.get("/settings").await.text().contains(">Expired<"));
    let before = app.database().dump();
    let page = ada.post(&format!("{path}/options"), &[("access", "all")]).await;
    page.assert_page(409, "API key <bdi>ci</bdi>");
    assert!(page.text().contains("nothing about it can be changed"), "{page:?}");
    assert_eq!(app.database().dump(), before);
}

async fn requests_are_drawn_and_told(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let path = format!("/settings/api-keys/{}", key.id);
    let page = ada.get(&path).await;
    assert!(
        page.text().contains("0 requests in the last 30 days")
            && !page.text().contains("<svg class=\"chart\"")
    );
    for _ in 0..3 {
        app.account(&key.secret).await;
    }
    app.advance(Duration::from_secs(86_400));
    app.account(&key.secret).await;
    let page = ada.get(&path).await;
    assert!(page.text().contains("4 requests in the last 30 days, 3 on the busiest."), "{page:?}");
    assert_eq!(page.text().matches("<rect ").count(), 30);
    assert!(page.text().contains("<title>15 January 2027: 3</title>"), "{page:?}");
    assert!(page.text().contains("<tr><td>16 January 2027</td><td>1</td></tr>"), "{page:?}");
    assert!(ada.get("/settings").await.text().contains("4 requests in the last 30 days"));
    let client = app.client(REDIRECT).await;
    let token = client.connect(&mut ada, &[]).await.access;
    assert_eq!(app.get_as("/api/v1/account", &token).await.status, 200);
    let page = ada.get("/settings").await;
    let id = page.between("/settings/apps/", "/").unwrap().to_owned();
    let page = ada.get(&format!("/settings/apps/{id}/usage")).await;
    page.assert_page(200, "Requests of <bdi>Example App</bdi>");
    assert!(page.text().contains("1 request in the last 30 days"), "{page:?}");
}

async fn a_long_list_of_keys_is_shown_a_part_at_a_time(app: App) {
    let mut ada = app.person("ada").await;
    for number in 1..=7 {
        create(&mut ada, &[("name", &format!("number-{number}"))]).await;
        app.advance(Duration::from_secs(1));
    }
    let page = ada.get("/settings").await.text().to_owned();
    assert!(page.contains("number-1<") && !page.contains("More of the keys"), "{page}");
    create(&mut ada, &[("name", "number-8")]).await;
    let page = ada.get("/settings").await.text().to_owned();
    assert!(page.contains("number-8<") && !page.contains("number-1<"), "{page}");
    assert!(page.contains("1 to 7 of 8") && !page.contains(">Previous<"), "{page}");
    assert!(page.contains("href=\"/settings?keys=7#api-keys\">Next<"), "{page}");
    let rest = ada.get("/settings?keys=7").await.text().to_owned();
    assert!(!rest.contains("number-8<") && rest.contains("number-1<"), "{rest}");
    assert!(rest.contains("8 to 8 of 8") && !rest.contains(">Next<"), "{rest}");
    assert!(rest.contains("href=\"/settings?keys=0#api-keys\">Previous<"), "{rest}");
}
