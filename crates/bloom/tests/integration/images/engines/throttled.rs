//! An engine that has too much to do and says when to come back: it is asked then, and not before.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bloom_outside::engines::{ApiKind, EngineSettings};
use serde_json::{Value, json};

use super::failures::failed;
use super::{artist, openai, picture, queue};
use crate::images::studio::Artist;
use crate::support::providers::{Provider, Reply, json as reply, json_with};
use crate::support::{App, START, on_both};

on_both!(
    an_engine_that_says_when_is_asked_then,
    an_engine_that_says_when_too_often_is_rate_limited,
    an_engine_that_says_never_is_asked_before_that,
    those_who_are_told_the_same_do_not_come_back_together,
    an_order_that_is_asked_for_too_often_is_not_given_again,
    gemini_says_when_in_its_answer,
);

/// What OpenAI's API answers to whoever asks too often.
fn busy() -> String {
    json!({ "error": {
        "message": "Rate limit reached for painter-2 on images per min. Limit: 5. Please try again in 20s.",
        "type": "images", "param": null, "code": "rate_limit_exceeded"
    } })
    .to_string()
}

fn told(status: u16, when: &str) -> Reply {
    json_with(status, &format!("Retry-After: {when}"), &busy())
}

/// Asks for an image of the engine.
async fn order(ada: &Artist) -> String {
    let mut order = ada.order();
    order["model"] = "pro".into();
    ada.ids(&ada.generate(&order).await).remove(0)
}

/// Does what is due after so many seconds, and says how often the engine was asked.
async fn after(ada: &Artist, provider: &Provider, seconds: u64) -> usize {
    ada.person.app.advance(Duration::from_secs(seconds));
    ada.work().await;
    provider.take_asked().len()
}

async fn an_engine_that_says_when_is_asked_then(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    for (first, seconds) in [
        (told(429, "100"), 100),
        (told(503, "100"), 100),
        (told(429, "Fri, 15 Jan 2027 08:20:00 GMT"), 200),
    ] {
        if seconds == 200 {
            // Tests begin at 08:00.
            let gone = ada.person.app.service().now().since(START).as_secs();
            ada.person.app.advance(Duration::from_secs(20 * 60 - 200 - gone));
        }
        provider.answers([first, openai(&picture(512, 220))]);
        let id = order(&ada).await;
        assert_eq!(after(&ada, &provider, 0).await, 1);
        assert_eq!(ada.image(&id).await["status"], "generating");
        assert_eq!(after(&ada, &provider, seconds - 1).await, 0, "it is not asked before");
        // A quarter more at most.
        assert_eq!(after(&ada, &provider, seconds / 4 + 2).await, 1);
        assert_eq!(ada.image(&id).await["status"], "completed");
    }
    assert_eq!(ada.spent().await, (3, 0));
}

async fn an_engine_that_says_when_too_often_is_rate_limited(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    for status in [429, 503] {
        provider.answers([told(status, "60"), told(status, "30"), told(status, "60")]);
        let id = order(&ada).await;
        assert_eq!(after(&ada, &provider, 0).await, 1);
        assert_eq!(ada.spent().await, (0, 1), "its credit is held while it waits");
        assert_eq!(after(&ada, &provider, 76).await, 1);
        assert_eq!(after(&ada, &provider, 38).await, 1);
        let image = ada.image(&id).await;
        failed(&ada, &image, json!("rate_limited"), "too much to do", &status.to_string()).await;
    }
    // Who is down and says nothing of when is not told to have too much to do.
    provider.answers((0..3).map(|_| reply(503, &busy())));
    let id = order(&ada).await;
    for _ in 0..3 {
        after(&ada, &provider, 70).await;
    }
    failed(&ada, &ada.image(&id).await, Value::Null, "cannot be reached", "503").await;
}

async fn an_engine_that_says_never_is_asked_before_that(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    for never in ["86400", "18446744073709551615", "Fri, 31 Dec 2100 23:59:59 GMT"] {
        provider.answers([told(429, never), openai(&picture(512, 220))]);
        let id = order(&ada).await;
        assert_eq!(after(&ada, &provider, 0).await, 1);
        assert_eq!(after(&ada, &provider, 299).await, 0, "{never}");
        assert_eq!(after(&ada, &provider, 77).await, 1, "{never}: nobody waits for that");
        assert_eq!(ada.image(&id).await["status"], "completed");
    }
    // What is no time at all is as if nothing were said: a second, then four.
    for nonsense in ["soon", "-5", "0", "Fri, 31 Dec 1999 23:59:59 GMT"] {
        provider.answers([told(429, nonsense), openai(&picture(512, 220))]);
        order(&ada).await;
        assert_eq!(after(&ada, &provider, 0).await, 1);
        assert_eq!(after(&ada, &provider, 2).await, 1, "{nonsense}");
    }
}

async fn those_who_are_told_the_same_do_not_come_back_together(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let mut wish = ada.order();
    (wish["model"], wish["variantCount"]) = ("pro".into(), 5.into());
    provider.answers((0..5).map(|_| told(429, "200")));
    assert_eq!(ada.ids(&ada.generate(&wish).await).len(), 5);
    assert_eq!(after(&ada, &provider, 0).await, 5);
    assert_eq!(after(&ada, &provider, 199).await, 0);
    provider.answers((0..5).map(|_| openai(&picture(512, 220))));
    let mut asked = Vec::new();
    for _ in 0..54 {
        asked.push(after(&ada, &provider, 1).await);
    }
    assert_eq!(asked.iter().sum::<usize>(), 5, "{asked:?}");
    assert!(asked.iter().all(|at_once| *at_once < 4), "{asked:?}");
    assert_eq!(ada.spent().await, (5, 0));
}

async fn an_order_that_is_asked_for_too_often_is_not_given_again(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::Fal)).await;
    let told =
        || json_with(429, "Retry-After: 1", &json!({ "detail": "Rate limited" }).to_string());
    let [taken, _] = queue(&provider, "IN_QUEUE");
    let url = format!("data:image/png;base64,{}", STANDARD.encode(picture(512, 220)));
    let result = json!({ "images": [{ "url": url }] });
    let done = || reply(200, &json!({ "status": "COMPLETED" }).to_string());
    // Once where its state is, and once where its picture is.
    provider.answers([taken, told(), done(), told(), done(), reply(200, &result.to_string())]);
    let there = ada.of_engine().await;
    assert_eq!(there["status"], "completed", "{there}");
    let asked = provider.take_asked();
    assert_eq!(asked.iter().filter(|one| one.what.starts_with("post ")).count(), 1, "paid once");
    assert_eq!((asked.len(), ada.spent().await), (6, (1, 0)));
}

async fn gemini_says_when_in_its_answer(app: App) {
    let provider = Provider::start().await;
    let settings = EngineSettings { sizes: Vec::new(), ..provider.settings(ApiKind::Gemini) };
    let ada = artist(app, settings).await;
    let exhausted = json!({ "error": {
        "code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "You exceeded your current quota. Please retry in 36.074207294s.",
        "details": [
            { "@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [] },
            { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "36.074207294s" }
        ]
    } });
    provider.answers((0..3).map(|_| reply(429, &exhausted.to_string())));
    let id = order(&ada).await;
    assert_eq!(after(&ada, &provider, 0).await, 1);
    assert_eq!(after(&ada, &provider, 36).await, 0);
    assert_eq!(after(&ada, &provider, 10).await, 1);
    assert_eq!(after(&ada, &provider, 46).await, 1);
    failed(&ada, &ada.image(&id).await, json!("rate_limited"), "too much to do", "Gemini").await;
}
