//! An app that is let in until a time that its person chooses.

use std::time::Duration;

use serde_json::json;

use crate::api_keys_by_credential::send;
use crate::support::oauth::{OAuthClient, REDIRECT, Tokens, claims, parameter};
use crate::support::{App, Browser, on_both};

on_both!(
    an_app_is_let_in_until_a_time,
    what_was_chosen_moves_on_the_page_only,
    an_end_that_has_come_is_no_choice,
    a_key_that_an_app_makes_ends_with_it,
);

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);

/// Says yes for so long; gives where the browser is sent.
async fn answer(client: &OAuthClient, browser: &mut Browser, until: &str, scope: &str) -> String {
    let changes = [("prompt", "consent"), ("scope", scope)];
    let sealed = client.question(browser, &changes).await;
    let fields = [("request", sealed.as_str()), ("decision", "allow"), ("until", until)];
    let answer = browser.post("/authorize", &fields).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").to_owned()
}

async fn connect(client: &OAuthClient, browser: &mut Browser, until: &str) -> Tokens {
    let code = parameter(&answer(client, browser, until, "").await, "code").expect("a code");
    Tokens::of(&client.redeem(&code).await)
}

/// What is left of an access token's life, in minutes.
fn minutes(tokens: &Tokens) -> i64 {
    tokens.body["expires_in"].as_i64().unwrap().unsigned_abs().div_ceil(60).try_into().unwrap()
}

async fn an_app_is_let_in_until_a_time(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let first = connect(&client, &mut ada, "1").await;
    assert_eq!(minutes(&first), 60);
    app.advance(DAY - HOUR / 2);
    assert!(ada.get("/settings").await.text().contains("<dt>Ends</dt>"));
    let next = Tokens::of(&client.refresh(&first.refresh).await);
    assert_eq!(minutes(&next), 30, "its last token ends with it");
    assert_eq!(claims(&next.access)["exp"], next.body["expires_at"]);
    let told = client.introspect(&next.refresh).await.json();
    assert_eq!((&told["active"], &told["exp"]), (&json!(true), &next.body["expires_at"]));
    app.advance(HOUR / 2 - Duration::from_secs(10));
    let code = parameter(&client.sent_to(&mut ada, &[]).await, "code").expect("it is remembered");
    assert!(app.is_good(&next.access).await);
    app.advance(Duration::from_secs(10));
    assert!(!app.is_good(&next.access).await);
    for refused in [client.refresh(&next.refresh).await, client.redeem(&code).await] {
        assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")));
        assert!(refused.json()["error_description"].as_str().unwrap().contains("the time is over"));
    }
    assert_eq!(client.are_active(&next).await, (false, false));
    let place = client.sent_to(&mut ada, &[]).await;
    assert!(place.starts_with("/authorize?request="), "what was agreed to has ended: {place}");
    let settings = ada.get("/settings").await;
    assert!(
        settings.text().contains(">Ended</span>") && !settings.text().contains("<dt>Ends</dt>")
    );
    assert!(!settings.text().contains("action=\"/settings/apps/"), "there is nothing to revoke");

    // Let in anew, it is another connection, before or after housekeeping.
    let again = connect(&client, &mut ada, "").await;
    assert!(app.is_good(&again.access).await);
    app.keep_house().await;
    assert_eq!(client.refresh(&next.refresh).await.status, 400);
    assert_eq!(app.rows("connections").len(), 2);
    Tokens::of(&client.refresh(&again.refresh).await);
    app.advance(91 * DAY);
    app.keep_house().await;
    assert_eq!(app.rows("connections").len(), 1, "and the first has left");
}

async fn what_was_chosen_moves_on_the_page_only(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = connect(&client, &mut ada, "7").await;
    // What is remembered leaves it as it is, and so does the page unless somebody chooses.
    let code = parameter(&client.sent_to(&mut ada, &[]).await, "code").expect("it is remembered");
    let other = Tokens::of(&client.redeem(&code).await);
    let page = client.consent_page(&mut ada, &[("prompt", "consent")]).await;
    assert!(page.text().contains("As before: until "), "{page:?}");
    connect(&client, &mut ada, "").await;
    app.advance(7 * DAY - Duration::from_secs(60));
    assert_eq!(minutes(&Tokens::of(&client.refresh(&other.refresh).await)), 1);
    // Longer, and shorter again: it holds for all that the app has.
    connect(&client, &mut ada, "30").await;
    let later = Tokens::of(&client.refresh(&tokens.refresh).await);
    assert_eq!(minutes(&later), 60);
    app.advance(HOUR / 2);
    assert!(app.is_good(&later.access).await);
    connect(&client, &mut ada, "1").await;
    app.advance(DAY - HOUR / 2);
    let last = Tokens::of(&client.refresh(&later.refresh).await);
    assert_eq!(minutes(&last), 30);
    connect(&client, &mut ada, "revoked").await;
    app.advance(HOUR / 2);
    let free = Tokens::of(&client.refresh(&last.refresh).await);
    assert_eq!(minutes(&free), 60, "without an end again");
    // What is no choice is none.
    for wrong in ["2", "-1", "forever", "1 "] {
        let sealed = client.question(&mut ada, &[("prompt", "consent")]).await;
        let fields = [("request", sealed.as_str()), ("decision", "allow"), ("until", wrong)];
        assert_eq!(ada.post("/authorize", &fields).await.status, 400, "{wrong}");
    }
}

/// Whoever was shown an end, and says yes to it after it has come, is asked anew.
async fn an_end_that_has_come_is_no_choice(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    connect(&client, &mut ada, "1").await;
    app.advance(DAY - Duration::from_secs(60));
    let sealed = client.question(&mut ada, &[("prompt", "consent")]).await;
    app.advance(Duration::from_secs(60));
    let yes = |until| [("request", sealed.as_str()), ("decision", "allow"), ("until", until)];
    let late = ada.post("/authorize", &yes("")).await;
    assert_eq!(late.status, 400, "{late:?}");
    assert_eq!(app.rows("connections").len(), 1);
    // Something else can still be chosen.
    let place = ada.post("/authorize", &yes("7")).await;
    let code = parameter(place.header("location"), "code").expect("a code");
    Tokens::of(&client.redeem(&code).await);
}

async fn a_key_that_an_app_makes_ends_with_it(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let place = answer(&client, &mut ada, "1", "read keys:admin").await;
    let code = parameter(&place, "code").expect("a code");
    let tokens = Tokens::of(&client.redeem(&code).await);
    let mut secrets = Vec::new();
    for asked in
        [json!({ "name": "ci" }), json!({ "name": "longer", "expiresAt": "2030-01-01T00:00:00Z" })]
    {
        let made = send(&app, "/api-keys", &tokens.access, &asked).await;
        assert_eq!(made.status, 201, "{made:?}");
        let data = made.json()["data"].clone();
        assert!(data["apiKey"]["expiresAt"].is_string(), "{data}");
        secrets.push(data["secret"].as_str().expect("a secret").to_owned());
    }
    for secret in &secrets {
        assert_eq!(app.account(secret).await.status, 200);
    }
    app.advance(DAY);
    for secret in &secrets {
        assert_eq!(app.account(secret).await.status, 401, "its maker has ended");
    }
}
