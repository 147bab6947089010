//! Consent: what a person is told, what their yes is bound to, and for how much it stands.

use std::time::Duration;

use serde_json::json;

use crate::support::oauth::{OAuthClient, REDIRECT, Tokens, claims, parameter};
use crate::support::{App, Browser, PASSWORD, at_once, on_both};

on_both!(
    the_page_tells_who_asks_and_for_what,
    what_was_allowed_before_is_told_and_not_denied,
    it_stands_for_this_person_and_this_app,
    what_was_given_to_one_place_says_nothing_about_another,
    less_than_was_given_is_not_asked_for_again_and_takes_nothing_away,
    an_app_on_the_device_is_asked_for_each_time,
    a_yes_by_another_person_or_after_signing_in_again_counts_for_nothing,
    many_yeses_at_once_are_one,
    another_yes_narrows_what_the_first_allowed,
    a_yes_to_no_workspace_of_theirs_is_none,
    a_yes_revives_nothing_that_was_revoked,
    a_yes_of_before_a_revocation_is_none,
    what_was_given_to_one_place_vouches_for_no_other,
    a_no_and_an_unreadable_answer_write_nothing,
    a_no_after_a_yes_ends_the_code,
    a_question_is_answered_by_a_form_only,
    another_account_is_chosen_on_the_way,
    signing_in_again_and_agreeing_again_are_both_asked_for,
);

const EXPIRED_FORM: &str = "This form has expired";

fn is_asked(place: &str) -> bool {
    place.starts_with("/authorize?request=")
}

async fn disconnect(browser: &mut Browser) {
    let settings = browser.get("/settings").await;
    let path = settings.between("action=\"/settings/apps/", "\"").expect("an app").to_owned();
    assert_eq!(browser.post(&format!("/settings/apps/{path}"), &[]).await.status, 303);
}

async fn the_page_tells_who_asks_and_for_what(app: App) {
    let mut ada = app.person("ada").await;
    for (redirect, told) in [
        ("https://app.example:8443/cb", ["Unverified app", "<bdi>app.example:8443</bdi>"]),
        ("http://127.0.0.1:4711/cb", ["An app on this device that calls itself", "this device"]),
        ("https://localhost:4711/cb", ["An app on this device that calls itself", "this device"]),
        ("com.example.app:/cb", ["An app on this device that calls itself", "com.example.app:"]),
    ] {
        let page = app.client(redirect).await.consent_page(&mut ada, &[]).await;
        for text in told {
            assert!(page.text().contains(text), "{redirect}: {text}: {page:?}");
        }
        assert!(page.text().contains("Example App") && page.text().contains("ada@example.com"));
    }
    let client = app.client(REDIRECT).await;
    let (read, write) = ("See your brands", "Change and delete your brands");
    let (keys, email) = ("Make, change and revoke your API keys", "Learn your email address");
    for (scope, told) in [
        ("", [true, true, false, false]),
        ("openid email", [true, true, false, true]),
        ("read", [true, false, false, false]),
        ("read keys:admin", [true, false, true, false]),
    ] {
        let page = client.consent_page(&mut ada, &[("scope", scope)]).await;
        let found = [read, write, keys, email].map(|line| page.text().contains(line));
        assert_eq!(found, told, "{scope:?}");
        let is_reassuring = page.text().contains("It cannot make or revoke API keys");
        assert_eq!(is_reassuring, !told[2], "{scope:?}");
    }
}

async fn what_was_allowed_before_is_told_and_not_denied(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[("scope", "read generate")]).await;
    let kept = "and it keeps it: “Make and change images, which spends your credits”.";
    let denial = "It can spend no credits.";
    let again = [("scope", "read write")];
    let page = client.consent_page(&mut ada, &again).await;
    assert!(page.text().contains(kept), "{page:?}");
    assert!(!page.text().contains(denial), "{page:?}");
    client.connect(&mut ada, &again).await;
    let page = client.consent_page(&mut ada, &[("scope", "keys:admin")]).await;
    assert!(
        page.text().contains("“Make and change images, which spends your credits”, “Change and")
    );
    // Nothing is left of it once it is revoked.
    ada.revoke_app().await;
    let page = client.consent_page(&mut ada, &again).await;
    assert!(!page.text().contains("it keeps it"), "{page:?}");
    assert!(page.text().contains(denial), "{page:?}");
}

async fn it_stands_for_this_person_and_this_app(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let again = client.sent_to(&mut ada, &[]).await;
    assert!(again.starts_with(&format!("{REDIRECT}?code=")), "{again}");
    let tokens = Tokens::of(&client.redeem(&parameter(&again, "code").unwrap()).await);
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.status, 200);
    assert_eq!((app.rows("connections").len(), app.rows("grants").len()), (1, 2));
    assert!(is_asked(&client.sent_to(&mut bob, &[]).await));
    // Changed metadata are another app, whatever it calls itself.
    for change in [
        json!({ "redirect_uris": [REDIRECT], "client_name": "Example App", "scope": "read" }),
        json!({ "redirect_uris": [REDIRECT], "client_name": "Example App", "logo_uri": "x" }),
        json!({ "redirect_uris": [REDIRECT, "https://b.example/"], "client_name": "Example App" }),
    ] {
        let other = app.client_with(change).await;
        assert!(is_asked(&other.sent_to(&mut ada, &[]).await));
    }
    // In another browser of the same person it stands.
    let mut other = app.browser();
    other.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    assert!(!is_asked(&client.sent_to(&mut other, &[]).await));
    disconnect(&mut ada).await;
    for browser in [&mut ada, &mut other] {
        assert!(is_asked(&client.sent_to(browser, &[]).await), "it ends with the connection");
    }
}

async fn less_than_was_given_is_not_asked_for_again_and_takes_nothing_away(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[("scope", "openid email read write")]).await;
    let code = |place: &str| parameter(place, "code").unwrap_or_else(|| panic!("{place}"));
    let place = client.sent_to(&mut ada, &[("scope", "openid read")]).await;
    let less = Tokens::of(&client.redeem(&code(&place)).await);
    assert_eq!(less.body["scope"], "openid read");
    assert!(
        !claims(&less.access).to_string().contains("write"),
        "what it asked for is all it gets"
    );
    let place = client.sent_to(&mut ada, &[("scope", "email write")]).await;
    assert_eq!(Tokens::of(&client.redeem(&code(&place)).await).body["scope"], "email write");
    // A yes to more adds to what is remembered.
    assert!(is_asked(&client.sent_to(&mut ada, &[("scope", "generate")]).await));
    client.connect(&mut ada, &[("scope", "generate")]).await;
    for scope in ["generate", "read write", "email read write generate"] {
        assert!(!is_asked(&client.sent_to(&mut ada, &[("scope", scope)]).await), "{scope}");
    }
    for scope in ["keys:admin", "profile", "offline_access"] {
        assert!(is_asked(&client.sent_to(&mut ada, &[("scope", scope)]).await), "{scope}");
    }
    assert_eq!(app.rows("connections").len(), 1);
}

/// The attack: little given to a site, much to an app on the device, both of one client.
async fn what_was_given_to_one_place_says_nothing_about_another(app: App) {
    let mut ada = app.person("ada").await;
    let uris = [REDIRECT, "https://b.example/cb", "http://127.0.0.1/cb"];
    let client = app.client_with(serde_json::json!({ "redirect_uris": uris })).await;
    client.connect(&mut ada, &[("scope", "openid read")]).await;
    for (place, scope) in [(uris[2], "openid"), (uris[1], "openid generate")] {
        client.code_at(&mut ada, place, scope).await;
    }
    for scope in ["openid", "openid read generate write", "openid generate", ""] {
        assert!(is_asked(&client.sent_to(&mut ada, &[("scope", scope)]).await), "{scope}");
    }
    for (place, scope) in [(uris[0], "openid read"), (uris[1], "generate")] {
        let changes = [("redirect_uri", place), ("scope", scope)];
        assert!(!is_asked(&client.sent_to(&mut ada, &changes).await), "{place}");
    }
    assert!(is_asked(&client.sent_to(&mut ada, &[("redirect_uri", uris[1])]).await));
    let settings = ada.get("/settings").await;
    assert!(settings.text().contains("app.example, b.example"), "{settings:?}");
    assert!(settings.text().contains("Everything but API keys"), "{settings:?}");
    assert_eq!((app.rows("connections").len(), app.rows("consents").len()), (1, 3));
}

/// Any app there can catch the answer (RFC 8252 §8.6), so nobody but the person lets one in.
async fn an_app_on_the_device_is_asked_for_each_time(app: App) {
    let mut ada = app.person("ada").await;
    let uris = json!([
        "https://app.example/cb",
        "http://localhost/cb",
        "http://127.0.0.1/cb",
        "http://[::1]/cb",
        "https://localhost/cb",
        "https://127.0.0.1:1/cb",
        "com.example.app:/cb",
        "cursor://cb",
    ]);
    let client = app.client_with(json!({ "redirect_uris": uris })).await;
    for uri in uris.as_array().unwrap() {
        let change = [("redirect_uri", uri.as_str().unwrap())];
        client.ask(&mut ada, &change, "allow").await;
        let place = client.sent_to(&mut ada, &change).await;
        assert_eq!(is_asked(&place), uri != "https://app.example/cb", "{uri}");
    }
}

async fn a_yes_by_another_person_or_after_signing_in_again_counts_for_nothing(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let client = app.client(REDIRECT).await;
    let page = client.consent_page(&mut ada, &[]).await;
    let field = |name: &str| {
        let begin = format!("name=\"{name}\" value=\"");
        page.between(&begin, "\"").unwrap().to_owned()
    };
    let (token, question) = (field("form_token"), field("request"));
    let as_shown =
        [("form_token", token.as_str()), ("request", question.as_str()), ("decision", "allow")];
    let mut elsewhere = app.browser();
    elsewhere.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    let connections = || app.rows("connections").len() + app.rows("grants").len();
    // The form is bound to the browser, the question to the person.
    for browser in [&mut eve, &mut elsewhere, &mut app.browser()] {
        browser.post_as_is("/authorize", &as_shown, &[]).await.assert_page(403, EXPIRED_FORM);
    }
    let page = eve.post("/authorize", &as_shown[1..]).await;
    page.assert_page(400, "You are signed in as somebody else");
    let page = app.browser().post("/authorize", &as_shown[1..]).await;
    page.assert_page(401, "You are signed out");
    // Somebody else signs in where the question was put, and then the same person again.
    let mut before = ada.clone();
    ada.sign_in("eve@example.com", PASSWORD).await.assert_redirect("/settings");
    let page = ada.post_as_is("/authorize", &as_shown, &[]).await;
    page.assert_page(403, EXPIRED_FORM);
    // It leads back to the question, and says as whom.
    assert!(page.text().contains(&format!("href=\"/authorize?request={question}\"")), "{page:?}");
    assert!(page.text().contains("eve@example.com"), "{page:?}");
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    ada.post_as_is("/authorize", &as_shown, &[]).await.assert_page(403, EXPIRED_FORM);
    let page = before.post_as_is("/authorize", &as_shown, &[]).await;
    page.assert_page(401, "You are signed out");
    assert_eq!(connections(), 0);
    ada.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    ada.post("/authorize", &as_shown[1..]).await.assert_page(401, "You are signed out");
    assert_eq!(connections(), 0);
}

async fn many_yeses_at_once_are_one(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let question = client.question(&mut ada, &[]).await;
    let token = ada.form_token().await;
    let places = at_once(10, |_| {
        let (mut ada, question, token) = (ada.clone(), question.clone(), token.clone());
        async move {
            let fields = [("form_token", &*token), ("request", &*question), ("decision", "allow")];
            let answer = ada.post_as_is("/authorize", &fields, &[]).await;
            assert_eq!(answer.status, 303, "{answer:?}");
            answer.header("location").to_owned()
        }
    });
    let places = places.await;
    assert!(places.iter().all(|place| *place == places[0]), "{places:#?}");
    assert_eq!((app.rows("connections").len(), app.rows("grants").len()), (1, 1));
    // Two questions are two yeses, to one connection.
    let questions = [
        client.question(&mut ada, &[("prompt", "consent")]).await,
        client.question(&mut ada, &[("prompt", "consent")]).await,
    ];
    for question in &questions {
        let fields = [("request", question.as_str()), ("decision", "allow")];
        assert_eq!(ada.post("/authorize", &fields).await.status, 303);
    }
    assert_eq!((app.rows("connections").len(), app.rows("grants").len()), (1, 3));
}

/// Whoever goes back and chooses less meant that; the code is the same one.
async fn another_yes_narrows_what_the_first_allowed(app: App) {
    let mut ada = app.person("ada").await;
    let team = crate::teams::team(&mut ada, "Looms").await;
    let client = app.client(REDIRECT).await;
    let question = client.question(&mut ada, &[]).await;
    let token = ada.form_token().await;
    let all = [("form_token", &*token), ("request", &*question), ("decision", "allow")];
    let only = format!("workspace-{team}");
    let more: [(&str, &str); 5] = [
        ("workspaces", "some"),
        (&only, "on"),
        ("budget", "5"),
        ("budget-span", "day"),
        ("until", "30"),
    ];
    let less = [&all[..], &more[..]].concat();
    let first = ada.post_as_is("/authorize", &all, &[]).await.header("location").to_owned();
    let code = parameter(&first, "code").expect("a code");
    let tokens = Tokens::of(&client.redeem(&code).await);
    let reached = async || {
        let listed = app.get_as("/api/v1/workspaces", &tokens.access).await.json();
        let credits = format!("/api/v1/credits?workspaceId={team}");
        let credits = app.get_as(&credits, &tokens.access).await.json();
        (listed["data"]["workspaces"].as_array().expect("a list").len(), credits)
    };
    assert_eq!(reached().await.0, 2);
    let second = ada.post_as_is("/authorize", &less, &[]).await.header("location").to_owned();
    assert_eq!(second, first);
    let (count, credits) = reached().await;
    assert_eq!(count, 1, "{credits}");
    assert!(ada.get("/settings").await.text().contains("0 of 5 credits today"));
    // The same once more is nothing new, and what is more than that is asked anew.
    let before = app.database().dump();
    let third = ada.post_as_is("/authorize", &less, &[]).await.header("location").to_owned();
    assert_eq!(third, first);
    ada.post_as_is("/authorize", &all, &[]).await.assert_page(400, "This request has expired");
    assert_eq!(app.database().dump(), before);
}

async fn a_yes_to_no_workspace_of_theirs_is_none(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let question = client.question(&mut ada, &[]).await;
    let nobodys = "workspace-01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d";
    let yes =
        [("request", &*question), ("decision", "allow"), ("workspaces", "some"), (nobodys, "on")];
    ada.post("/authorize", &yes).await.assert_page(400, "This request has expired");
    assert!(app.rows("connections").is_empty() && app.rows("grants").is_empty());
}

async fn a_yes_revives_nothing_that_was_revoked(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let question = client.question(&mut ada, &[]).await;
    let yes = [("request", question.as_str()), ("decision", "allow")];
    let place = ada.post("/authorize", &yes).await.header("location").to_owned();
    let code = parameter(&place, "code").unwrap();
    let tokens = Tokens::of(&client.redeem(&code).await);
    disconnect(&mut ada).await;
    let before = app.database().dump();
    ada.post("/authorize", &yes).await;
    assert_eq!(app.database().dump(), before);
    assert_eq!(client.redeem(&code).await.json()["error"], "invalid_grant");
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.error(), "401 UNAUTHORIZED");
    assert_eq!(client.refresh(&tokens.refresh).await.json()["error"], "invalid_grant");
}

/// Whatever housekeeping has taken away by then.
async fn a_yes_of_before_a_revocation_is_none(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let asked = client.question(&mut ada, &[]).await;
    let never_answered = client.question(&mut ada, &[]).await;
    let yes = |question| [("request", question), ("decision", "allow")];
    let place = ada.post("/authorize", &yes(asked.as_str())).await.header("location").to_owned();
    let code = parameter(&place, "code").unwrap();
    app.advance(Duration::from_secs(1));
    disconnect(&mut ada).await;
    app.advance(Duration::from_secs(120));
    app.keep_house().await;
    let before = app.database().dump();
    for question in [asked.as_str(), never_answered.as_str()] {
        let page = ada.post("/authorize", &yes(question)).await;
        page.assert_page(400, "This request has expired");
    }
    assert_eq!(client.redeem(&code).await.json()["error"], "invalid_grant");
    assert_eq!(app.database().dump(), before);
    // Asked anew, a yes is one.
    client.connect(&mut ada, &[]).await;
}

/// Neither is an error sent there, nor does the page say that the app is connected.
async fn what_was_given_to_one_place_vouches_for_no_other(app: App) {
    let mut ada = app.person("ada").await;
    let uris = ["https://good.example/cb", "https://evil.example/cb", "com.example.app:/cb"];
    let client = app.client_with(serde_json::json!({ "redirect_uris": uris })).await;
    client.connect(&mut ada, &[]).await;
    for (uri, is_known) in uris.iter().zip([true, false, false]) {
        let mistake = [("redirect_uri", *uri), ("scope", "nonsense")];
        let answer = ada.get(&client.authorize_url(&mistake)).await;
        assert_eq!(answer.status == 303, is_known, "{uri}: {answer:?}");
        let silent = [("redirect_uri", *uri), ("prompt", "none")];
        let answer = ada.get(&client.authorize_url(&silent)).await;
        assert_eq!(answer.status == 303, is_known, "{uri}: {answer:?}");
        let asked = [("redirect_uri", *uri), ("prompt", "consent")];
        let page = client.consent_page(&mut ada, &asked).await;
        assert_eq!(page.text().contains("<dt>Connected</dt>"), is_known, "{uri}");
    }
}

async fn a_no_and_an_unreadable_answer_write_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let question = client.question(&mut ada, &[]).await;
    let before = app.database().dump();
    for decision in ["", "ALLOW", "allow ", "yes", "true"] {
        let fields = [("request", question.as_str()), ("decision", decision)];
        ada.post("/authorize", &fields).await.assert_page(400, "This form cannot be read");
    }
    let both = [("request", question.as_str()), ("decision", "deny"), ("decision", "allow")];
    ada.post("/authorize", &both).await.assert_page(400, "This form cannot be read");
    for bad in ["", "x", &question[1..], &question[..question.len() - 1]] {
        let fields = [("request", bad), ("decision", "allow")];
        ada.post("/authorize", &fields).await.assert_page(400, "This request has expired");
    }
    for index in [0, 1, 20, question.len() / 2, question.len() - 2] {
        let mut altered = question.clone();
        let letter = if &question[index..=index] == "A" { "B" } else { "A" };
        altered.replace_range(index..=index, letter);
        let fields = [("request", altered.as_str()), ("decision", "allow")];
        ada.post("/authorize", &fields).await.assert_page(400, "This request has expired");
    }
    let fields = [("request", question.as_str()), ("decision", "deny")];
    let place = ada.post("/authorize", &fields).await.header("location").to_owned();
    assert_eq!(parameter(&place, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&place, "code"), None);
    assert_eq!(app.database().dump(), before);
    assert!(is_asked(&client.sent_to(&mut ada, &[]).await), "a no is not remembered as a yes");
}

/// What a link, or a page elsewhere, could do in a signed-in person's browser.
/// The way back of a browser leads to the same question.
async fn a_no_after_a_yes_ends_the_code(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let question = client.question(&mut ada, &[]).await;
    let yes = [("request", question.as_str()), ("decision", "allow")];
    let no = [("request", question.as_str()), ("decision", "deny")];
    let allowed = ada.post("/authorize", &yes).await.header("location").to_owned();
    let code = parameter(&allowed, "code").unwrap();
    let denied = ada.post("/authorize", &no).await.header("location").to_owned();
    assert_eq!(parameter(&denied, "error").as_deref(), Some("access_denied"), "{denied}");
    let answer = client.redeem(&code).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_grant")));
    // Nor does the same yes bring it back: whoever means it is asked anew.
    ada.post("/authorize", &yes).await.assert_page(400, "This request has expired");
    let activity = ada.get("/settings/activity").await;
    assert!(activity.text().contains("App denied after it was allowed"), "{activity:?}");
    // What the app has come for already goes on, until the person revokes it.
    let question = client.question(&mut ada, &[("prompt", "consent")]).await;
    let yes = [("request", question.as_str()), ("decision", "allow")];
    let no = [("request", question.as_str()), ("decision", "deny")];
    let allowed = ada.post("/authorize", &yes).await.header("location").to_owned();
    let tokens = Tokens::of(&client.redeem(&parameter(&allowed, "code").unwrap()).await);
    assert_eq!(ada.post("/authorize", &no).await.status, 303);
    assert!(app.is_good(&tokens.access).await);
    // And a no of somebody else takes nothing back.
    let question = client.question(&mut ada, &[("prompt", "consent")]).await;
    let yes = [("request", question.as_str()), ("decision", "allow")];
    let allowed = ada.post("/authorize", &yes).await.header("location").to_owned();
    let mut eve = app.person("eve").await;
    let no = [("request", question.as_str()), ("decision", "deny")];
    assert_ne!(eve.post("/authorize", &no).await.status, 303);
    Tokens::of(&client.redeem(&parameter(&allowed, "code").unwrap()).await);
}

async fn a_question_is_answered_by_a_form_only(app: App) {
    let mut ada = app.person("ada").await;
    let client: OAuthClient = app.client(REDIRECT).await;
    let question = client.question(&mut ada, &[]).await;
    let token = ada.form_token().await;
    let foreign = app.browser().form_token().await;
    let before = app.database().dump();
    let answer = [("request", question.as_str()), ("decision", "allow")];
    let with = |token: &str| -> Vec<(String, String)> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        answer.iter().chain(&[("form_token", token)]).map(pair).collect()
    };
    for (fields, origin) in [
        (with(&token), "https://evil.example"),
        (with(&token), "null"),
        (with(&token), "http://localhost:4600.evil.example"),
        (with(&token), "https://localhost:4600"),
        (with(&token), "http://localhost:4600/"),
        (with(&token), ""),
        (with(&foreign), "http://localhost:4600"),
        (with(""), "http://localhost:4600"),
    ] {
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let page = ada.post_as_is("/authorize", &fields, &[("origin", origin)]).await;
        page.assert_page(403, EXPIRED_FORM);
    }
    let query = crate::support::urlencoded(&answer);
    for path in [
        format!("/authorize?{query}&form_token={token}"),
        format!("/authorize?decision=allow&request={question}&form_token={token}"),
    ] {
        assert_eq!(ada.get(&path).await.status, 400);
    }
    let place = client.sent_to(&mut ada, &[]).await;
    ada.get(&format!("{place}&decision=allow&form_token={token}"))
        .await
        .assert_page(200, "Allow access");
    assert_eq!(app.database().dump(), before);
    let fields = with(&token);
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let sent = ada.post_as_is("/authorize", &fields, &[("origin", "http://localhost:4600")]).await;
    assert!(parameter(sent.header("location"), "code").is_some(), "{sent:?}");
}

/// Where a link to the sign-in page leads afterwards.
fn next_in(place: &str) -> String {
    parameter(place, "next").unwrap_or_else(|| panic!("no next page: {place}"))
}

/// `prompt=select_account`: the page names the account, and leads to any other, whose yes it then is.
async fn another_account_is_chosen_on_the_way(app: App) {
    app.person("bob").await;
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let page = client.consent_page(&mut ada, &[("prompt", "select_account")]).await;
    let begin = "<bdi>ada@example.com</bdi> <a href=\"";
    let link = page.between(begin, "\">Use another account").expect("a link").replace("&#38;", "&");
    ada.get(&link).await.assert_page(200, "Sign in");
    let next = next_in(&link);
    let fields = [("email", "bob@example.com"), ("password", PASSWORD), ("next", next.as_str())];
    ada.post("/sign-in", &fields).await.assert_redirect(&next);
    let page = ada.get(&next).await;
    page.assert_page(200, "Allow access");
    assert!(page.text().contains("<bdi>bob@example.com</bdi> <a href="), "{page:?}");
    let question = page.between("name=\"request\" value=\"", "\"").expect("a question");
    let yes = [("request", question), ("decision", "allow")];
    let place = ada.post("/authorize", &yes).await.header("location").to_owned();
    let code = parameter(&place, "code").expect("a code");
    let tokens = Tokens::of(&client.redeem(&code).await);
    let account = app.get_as("/api/v1/account", &tokens.access).await;
    assert_eq!(account.json()["data"]["email"], "bob@example.com");
}

/// `prompt=login consent`: neither stands for the other.
async fn signing_in_again_and_agreeing_again_are_both_asked_for(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    app.advance(Duration::from_secs(60));
    for prompt in ["login consent", "consent login"] {
        let place = client.sent_to(&mut ada, &[("prompt", prompt)]).await;
        assert!(place.starts_with("/sign-in?next=") && place.ends_with("&again=1"), "{place}");
        let next = next_in(&place);
        let still = ada.get(&next).await;
        assert!(still.header("location").starts_with("/sign-in?"), "not without: {still:?}");
        let fields =
            [("email", "ada@example.com"), ("password", PASSWORD), ("next", next.as_str())];
        ada.post("/sign-in", &fields).await.assert_redirect(&next);
        ada.get(&next).await.assert_page(200, "Allow access");
        app.advance(Duration::from_secs(60));
    }
    let page = ada.get(&client.authorize_url(&[("prompt", "none consent")])).await;
    assert_eq!(parameter(page.header("location"), "error").as_deref(), Some("invalid_request"));
}
