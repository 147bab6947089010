//! What anybody can bring about again and again is told of, and never fills the audit.

use std::time::Duration;

use bloom_domain::audit::{Action, Actor};
use serde_json::{Value, json};

use crate::audit::{details, records};
use crate::support::oauth::{REDIRECT, TOKEN, Tokens, VERIFIER, parameter};
use crate::support::own_app::{OwnApp, basic, send_as};
use crate::support::{App, at_once, on_both};

on_both!(
    a_spent_code_that_comes_back_without_end_is_told_of_once_an_hour,
    whoever_brings_a_spent_code_back_is_told_of,
    an_app_that_returns_all_the_time_is_told_of_once_an_hour,
);

const HOUR: Duration = Duration::from_secs(3_600);

/// How often each record of an action says that it was, oldest first.
async fn times(app: &App, action: Action) -> Vec<Value> {
    let mut of_it = records(app).await;
    of_it.retain(|listed| listed.record.event.action == action.as_str());
    of_it.iter().rev().map(|listed| details(listed)["after"]["times"].clone()).collect()
}

async fn a_spent_code_that_comes_back_without_end_is_told_of_once_an_hour(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    let tokens = Tokens::of(&client.redeem(&code).await);
    let before = records(&app).await.len();
    let wrong = "x".repeat(43);
    let replay = async |changes: &[(&str, &str)]| {
        for _ in 0..100 {
            let answer = client.redeem_with(&code, changes).await;
            assert_eq!(answer.json()["error"], "invalid_grant", "{answer:?}");
        }
    };
    replay(&[("code_verifier", &wrong)]).await;
    replay(&[("redirect_uri", "https://app.example/other")]).await;
    replay(&[]).await;
    assert_eq!(records(&app).await.len(), before, "nothing is written for a stranger at once");
    app.keep_house().await;
    assert_eq!(times(&app, Action::CodeRepeated).await, [json!(300)]);
    // Within the hour it is counted, and nothing else.
    for minutes in 0..3 {
        replay(&[("code_verifier", &wrong)]).await;
        app.advance(Duration::from_secs(60));
        app.keep_house().await;
        assert_eq!(records(&app).await.len(), before + 1, "{minutes}");
    }
    app.advance(HOUR);
    app.keep_house().await;
    assert_eq!(times(&app, Action::CodeRepeated).await, [json!(300), json!(300)]);
    app.advance(HOUR);
    app.keep_house().await;
    assert_eq!(records(&app).await.len(), before + 2, "and then there is nothing to tell");
    Tokens::of(&client.refresh(&tokens.refresh).await);
    // What has not been told is told at the end.
    for _ in 0..2 {
        replay(&[("code_verifier", &wrong)]).await;
        app.close().await;
    }
    assert_eq!(times(&app, Action::CodeRepeated).await[2..], [json!(100), json!(100)]);
}

async fn whoever_brings_a_spent_code_back_is_told_of(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let other = app.client("https://other.example/cb").await;
    let code = client.code(&mut ada, &[]).await;
    // The losers of a race find a spent code, whichever of the two databases lets them find it.
    let answers = at_once(50, |_| {
        let (client, code) = (client.clone(), code.clone());
        async move { client.redeem(&code).await.status }
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    app.keep_house().await;
    assert_eq!(times(&app, Action::CodeRepeated).await, [json!(49)]);
    // Another client, and one that does not prove itself.
    app.advance(HOUR);
    assert_eq!(other.redeem(&code).await.json()["error"], "invalid_grant");
    app.keep_house().await;
    let newest = records(&app).await.into_iter().next().expect("a record");
    assert_eq!(newest.record.event.action, Action::CodeRepeated.as_str());
    assert_eq!(newest.record.event.actor, Actor::App(other.id.parse().expect("an id")));
    assert_eq!(
        newest.account.as_ref().map(bloom_domain::email::Email::as_str),
        Some("ada@example.com")
    );
    let own = ada.create_app(&[]).await;
    let code = own.for_people().code(&mut ada, &[]).await;
    let redeem = async |own: &OwnApp, secret: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        send_as(&app, TOKEN, &basic(&own.id, secret), &fields).await.status
    };
    let wrong = format!("{}x", &own.secret[..own.secret.len() - 1]);
    assert_eq!(redeem(&own, &wrong).await, 401, "it is not spent yet, so nothing is told of it");
    assert_eq!(redeem(&own, &own.secret).await, 200);
    for _ in 0..3 {
        assert_eq!(redeem(&own, &wrong).await, 401);
    }
    app.keep_house().await;
    assert_eq!(times(&app, Action::CodeRepeated).await, [json!(49), json!(1), json!(3)]);
}

async fn an_app_that_returns_all_the_time_is_told_of_once_an_hour(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let before = records(&app).await.len();
    let mut ret = async |times: usize, changes: &[(&str, &str)]| {
        for _ in 0..times {
            let sent = client.sent_to(&mut ada, changes).await;
            assert!(parameter(&sent, "code").is_some(), "{sent}");
        }
    };
    ret(20, &[("prompt", "none")]).await;
    ret(20, &[]).await;
    assert_eq!(records(&app).await.len(), before + 1, "the first is told at once");
    let newest = records(&app).await.into_iter().next().expect("a record");
    assert_eq!(newest.record.event.action, Action::AppReturned.as_str());
    assert_eq!(details(&newest)["after"]["app"], "Example App");
    app.advance(HOUR);
    ret(20, &[]).await;
    assert_eq!(records(&app).await.len(), before + 2);
    // Neither does a person who says yes all the time.
    let mut bob = app.person("bob").await;
    client.connect(&mut bob, &[]).await;
    let before = records(&app).await.len();
    for _ in 0..5 {
        client.code(&mut bob, &[("prompt", "consent")]).await;
    }
    assert_eq!(records(&app).await.len(), before + 1);
}
