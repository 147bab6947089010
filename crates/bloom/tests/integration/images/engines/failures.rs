//! An engine that refuses, is slow, is down, or lies: the documented reason, nothing spent, and the worker goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bloom_outside::engines::{ApiKind, EngineSettings};
use bloom_service::blobs::{self, BlobError, BlobKey, Blobs};
use serde_json::{Value, json};

use super::{artist, openai, picture, queue};
use crate::images::changes::brought;
use crate::images::studio::{Artist, FILES};
use crate::images::uploads;
use crate::support::providers::{KEY, Provider, Reply, json as reply};
use crate::support::{App, on_both};

on_both!(
    what_an_engine_refuses_is_content_safety,
    an_engine_that_refuses_the_server_tells_nobody_why,
    what_may_pass_is_tried_again,
    what_is_no_picture_is_not_taken,
    an_engine_that_is_slow_is_left,
    what_is_deleted_while_an_engine_draws_costs_nothing,
    what_an_engine_drew_and_cannot_be_stored_is_not_drawn_again,
    a_change_that_an_engine_does_not_draw_costs_nothing,
);

/// The image failed for that reason, and cost nothing.
pub(super) async fn failed(ada: &Artist, image: &Value, reason: Value, why: &str, what: &str) {
    let ended = (image["status"].clone(), image["failureReason"].clone());
    assert_eq!(ended, (json!("failed"), reason), "{what}: {image}");
    let detail = image["failureDetail"].as_str().expect("why");
    assert!(detail.contains(why), "{what}: {detail}");
    assert!(!image.to_string().contains(KEY), "{image}");
    assert_eq!(image["imageUrl"], Value::Null);
    let engine = image["engine"].as_str().expect("what was to draw it");
    assert!(engine.starts_with("photo:"), "{image}");
    assert_eq!(ada.spent().await, (0, 0), "{what}");
    assert_eq!(ada.person.app.rows("jobs"), Vec::<String>::new(), "{what}");
}

/// The worker is alive: what the server draws itself is drawn.
async fn goes_on(ada: &Artist) {
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    ada.work().await;
    assert_eq!(ada.image(&ids[0]).await["status"], "completed");
}

async fn what_an_engine_refuses_is_content_safety(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app.clone(), provider.settings(ApiKind::OpenAi)).await;
    for (status, body) in [
        (
            400,
            json!({ "error": {
                "message": "Your request was rejected by the safety system. safety_violations=[violence].",
                "type": "image_generation_user_error", "param": null, "code": "moderation_blocked",
                "moderation_details": { "moderation_stage": "output", "categories": ["violence"] }
            } }),
        ),
        (
            400,
            json!({ "error": {
                "code": "content_policy_violation", "param": null, "type": "invalid_request_error",
                "message": "Your request was rejected as a result of our safety system."
            } }),
        ),
        (
            400,
            json!({ "error": { "code": "contentFilter", "message": "rejected by our safety system" } }),
        ),
    ] {
        provider.answers([reply(status, &body.to_string())]);
        failed(
            &ada,
            &ada.of_engine().await,
            json!("content_safety"),
            "does not draw that",
            &body.to_string(),
        )
        .await;
    }
    let settings = EngineSettings { sizes: Vec::new(), ..provider.settings(ApiKind::Gemini) };
    let of_gemini = ada.person.app.with_engine(settings).await;
    let ada = Artist { person: ada.person.before(&of_gemini), ..ada };
    let ended = |reason: &str| json!({ "candidates": [{ "finishReason": reason, "index": 0 }] });
    for body in [
        json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" }, "usageMetadata": { "promptTokenCount": 12 } }),
        ended("IMAGE_SAFETY"),
        ended("PROHIBITED_CONTENT"),
        json!({ "candidates": [{
            "content": { "parts": [{ "text": "I cannot draw that." }] }, "finishReason": "SAFETY"
        }] }),
    ] {
        provider.answers([reply(200, &body.to_string())]);
        failed(
            &ada,
            &ada.of_engine().await,
            json!("content_safety"),
            "does not draw that",
            &body.to_string(),
        )
        .await;
    }
    let of_fal = ada.person.app.with_engine(provider.settings(ApiKind::Fal)).await;
    let ada = Artist { person: ada.person.before(&of_fal), ..ada };
    let refused = json!({ "detail": [{
        "loc": ["body", "prompt"], "type": "content_policy_violation",
        "msg": "The content could not be processed because it contained material flagged by a content checker."
    }] });
    provider.answers(queue(&provider, "COMPLETED"));
    provider.answers([reply(422, &refused.to_string())]);
    failed(&ada, &ada.of_engine().await, json!("content_safety"), "does not draw that", "fal")
        .await;
    provider.answers(queue(&provider, "COMPLETED"));
    let black = json!({ "images": [{ "url": "https://v3.fal.example/a.png" }], "has_nsfw_concepts": [true] });
    provider.answers([reply(200, &black.to_string())]);
    failed(&ada, &ada.of_engine().await, json!("content_safety"), "does not draw that", "fal")
        .await;
    goes_on(&ada).await;
}

async fn an_engine_that_refuses_the_server_tells_nobody_why(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let of = |code: &str| {
        let message = format!("Incorrect API key provided: {KEY}.");
        json!({ "error": { "message": message, "type": "invalid_request_error", "code": code } })
    };
    for (status, body) in [
        (401, of("invalid_api_key").to_string()),
        (403, of("unsupported_country_region_territory").to_string()),
        (404, of("model_not_found").to_string()),
        (400, of("unknown_parameter").to_string()),
        (429, of("insufficient_quota").to_string()),
        // As stable-diffusion.cpp's server says it.
        (400, json!({ "error": "invalid params" }).to_string()),
        (418, String::new()),
    ] {
        provider.answers([reply(status, &body)]);
        failed(&ada, &ada.of_engine().await, Value::Null, "its operator finds the cause", &body)
            .await;
        assert_eq!(provider.take_asked().len(), 1, "{body}: it is not asked in vain again");
    }
    goes_on(&ada).await;
}

/// Has an image made that is tried several times.
async fn tried(ada: &Artist, times: usize) -> Value {
    let mut order = ada.order();
    order["model"] = "pro".into();
    let ids = ada.ids(&ada.generate(&order).await);
    for _ in 0..times {
        ada.work().await;
        ada.person.app.advance(Duration::from_secs(70));
    }
    ada.image(&ids[0]).await
}

async fn what_may_pass_is_tried_again(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let busy = json!({ "error": {
        "message": "Rate limit reached for painter-2 on images per min. Limit: 5.", "type": "images",
        "param": null, "code": "rate_limit_exceeded"
    } });
    let busy = || reply(429, &busy.to_string());
    let down = || reply(503, &json!({ "error": "server_error", "message": "no" }).to_string());
    provider.answers([busy(), busy(), busy()]);
    let image = tried(&ada, 3).await;
    failed(&ada, &image, json!("rate_limited"), "too much to do", "429").await;
    assert_eq!(provider.take_asked().len(), 3);
    provider.answers([down(), down(), down()]);
    failed(&ada, &tried(&ada, 3).await, Value::Null, "cannot be reached", "503").await;
    // It breaks off without a word.
    failed(&ada, &tried(&ada, 3).await, Value::Null, "cannot be reached", "broken off").await;
    let nowhere = EngineSettings {
        url: "http://127.0.0.1:9/v1".to_owned(),
        ..provider.settings(ApiKind::OpenAi)
    };
    let app = ada.person.app.with_engine(nowhere).await;
    let nowhere = Artist { person: ada.person.before(&app), ..ada.clone() };
    failed(&nowhere, &tried(&nowhere, 3).await, Value::Null, "cannot be reached", "down").await;
    let settings = EngineSettings { sizes: Vec::new(), ..provider.settings(ApiKind::Gemini) };
    let app = ada.person.app.with_engine(settings).await;
    let gemini = Artist { person: ada.person.before(&app), ..ada.clone() };
    let exhausted = json!({ "error": {
        "code": 429, "message": "Resource has been exhausted (e.g. check quota).", "status": "RESOURCE_EXHAUSTED"
    } });
    provider.answers((0..3).map(|_| reply(429, &exhausted.to_string())));
    failed(&gemini, &tried(&gemini, 3).await, json!("rate_limited"), "too much to do", "Gemini")
        .await;
    let _ = provider.take_asked();
    // What passes has passed.
    provider.answers([busy(), down(), openai(&picture(512, 220))]);
    let there = tried(&ada, 3).await;
    assert_eq!(there["status"], "completed", "{there}");
    assert_eq!((ada.spent().await, provider.take_asked().len()), ((1, 0), 3));
}

async fn what_is_no_picture_is_not_taken(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let file =
        |bytes: &[u8]| json!({ "data": [{ "b64_json": STANDARD.encode(bytes) }] }).to_string();
    let whole = picture(512, 220);
    // A hundred bytes that say they are four billion pixels.
    let bomb = uploads::png_of((65_000, 65_000), (8, 2), &[0; 9]);
    let moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"
        .to_vec();
    let replies = [
        reply(200, "<html>hello</html>"),
        reply(200, ""),
        reply(200, "{}"),
        reply(200, "[]"),
        reply(200, "{\"created\":1,\"data\":null}"),
        reply(200, "{\"created\":1,\"data\":[]}"),
        reply(200, "{\"data\":[{\"revised_prompt\":\"a cup\"}]}"),
        reply(200, "{\"data\":[{\"b64_json\":\"%%%\"}]}"),
        reply(200, "{\"data\":[{\"b64_json\":7}]}"),
        reply(200, "{\"data\":[{\"url\":\"\"}]}"),
        reply(200, &file(b"")),
        reply(200, &file(b"<!doctype html><script>alert(1)</script>")),
        reply(200, &file(b"<svg xmlns='http://www.w3.org/2000/svg' width='512' height='220'/>")),
        reply(200, &file(&whole[..whole.len() / 2])),
        reply(200, &file(&[whole.as_slice(), b"PK\x03\x04 and more"].concat())),
        reply(200, &file(&picture(220, 512))),
        reply(200, &file(&picture(128, 55))),
        reply(200, &file(&bomb)),
        Reply::Whole(moved),
        Reply::Endless,
    ];
    for (number, lie) in replies.into_iter().enumerate() {
        provider.answers([lie]);
        let image = ada.of_engine().await;
        failed(&ada, &image, Value::Null, "not the image that was asked for", &format!("{number}"))
            .await;
        assert_eq!(
            provider.take_asked().len(),
            1,
            "{number}: it may have been paid for, and is asked once"
        );
    }
    let settings = EngineSettings { sizes: Vec::new(), ..provider.settings(ApiKind::Gemini) };
    let app = ada.person.app.with_engine(settings).await;
    let gemini = Artist { person: ada.person.before(&app), ..ada };
    for body in [
        json!({ "candidates": [{ "finishReason": "NO_IMAGE" }] }),
        json!({ "candidates": null, "usageMetadata": { "candidatesTokenCount": 0 } }),
        json!({ "candidates": [{ "content": { "parts": [{ "text": "Which cup?" }] }, "finishReason": "STOP" }] }),
    ] {
        provider.answers([reply(200, &body.to_string())]);
        let image = gemini.of_engine().await;
        failed(&gemini, &image, Value::Null, "not the image that was asked for", &body.to_string())
            .await;
    }
    goes_on(&gemini).await;
}

async fn an_engine_that_is_slow_is_left(app: App) {
    let provider = Provider::start().await;
    let settings = EngineSettings {
        patience: Duration::from_millis(300),
        ..provider.settings(ApiKind::OpenAi)
    };
    let ada = artist(app, settings).await;
    provider.answers([Reply::Silence]);
    failed(&ada, &ada.of_engine().await, Value::Null, "took too long", "silence").await;
    provider.answers([reply(504, "<html>Gateway Time-out</html>")]);
    failed(&ada, &ada.of_engine().await, Value::Null, "took too long", "504").await;
    assert_eq!(provider.take_asked().len(), 2, "it may have been paid for");
    goes_on(&ada).await;
}

async fn what_is_deleted_while_an_engine_draws_costs_nothing(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let mut order = ada.order();
    order["model"] = "pro".into();
    for deletes_brand in [false, true] {
        let Reply::Whole(answer) = openai(&picture(512, 220)) else { unreachable!() };
        provider.answers([Reply::Held(answer)]);
        let ids = ada.ids(&ada.generate(&order).await);
        let worker = tokio::spawn({
            let ada = ada.clone();
            async move { ada.work().await }
        });
        while provider.take_asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(ada.image(&ids[0]).await["status"], "generating");
        if deletes_brand {
            ada.delete_brand();
        } else {
            assert_eq!(ada.ask("DELETE", &format!("/{}", ids[0]), None).await.status, 200);
        }
        provider.release();
        worker.await.expect("it ends");
        assert_eq!(ada.person.app.rows("jobs"), Vec::<String>::new());
        ada.person.app.keep_house().await;
        let cost = ada.spent().await;
        // A brand that went after it was asked for took nothing back: the image was made for it.
        assert_eq!((cost, ada.files()), if deletes_brand { ((1, 0), FILES) } else { ((0, 0), 0) });
    }
}

/// Stores nothing, so many times.
struct Full {
    files: Arc<dyn Blobs>,
    times: AtomicUsize,
}

impl Full {
    fn before(files: Arc<dyn Blobs>, times: usize) -> Arc<dyn Blobs> {
        Arc::new(Self { files, times: times.into() })
    }
}

impl Blobs for Full {
    fn put<'a>(&'a self, key: &'a BlobKey, bytes: Vec<u8>) -> blobs::Answer<'a, ()> {
        let left = |times: usize| times.checked_sub(1);
        match self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) {
            Ok(_) => Box::pin(std::future::ready(Err(BlobError("no room".to_owned())))),
            Err(_) => self.files.put(key, bytes),
        }
    }

    fn get<'a>(&'a self, key: &'a BlobKey) -> blobs::Answer<'a, Option<Vec<u8>>> {
        self.files.get(key)
    }

    fn delete<'a>(&'a self, key: &'a BlobKey) -> blobs::Answer<'a, ()> {
        self.files.delete(key)
    }
}

async fn what_an_engine_drew_and_cannot_be_stored_is_not_drawn_again(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let full = ada.person.app.again(|options| {
        options.before_files = Some(|files| Full::before(files, usize::MAX));
    });
    let full = Artist { person: ada.person.before(&full.await), ..ada.clone() };
    provider.answers([openai(&picture(512, 220)), openai(&picture(512, 220))]);
    let image = tried(&full, 1).await;
    failed(&full, &image, Value::Null, "could not be stored", "no room").await;
    assert_eq!(provider.take_asked().len(), 1, "it may have been paid for");
    // What passes by itself is waited for.
    let soon = ada.person.app.again(|options| {
        options.before_files = Some(|files| Full::before(files, 2));
    });
    let soon = Artist { person: ada.person.before(&soon.await), ..ada.clone() };
    assert_eq!(soon.of_engine().await["status"], "completed");
    assert_eq!((soon.spent().await, provider.take_asked().len()), ((1, 0), 1));
    goes_on(&ada).await;
}

/// What fails of a new image fails of one that is changed.
async fn a_change_that_an_engine_does_not_draw_costs_nothing(app: App) {
    let provider = Provider::start().await;
    let settings = EngineSettings {
        patience: Duration::from_millis(300),
        ..provider.settings(ApiKind::OpenAi)
    };
    let ada = artist(app, settings).await;
    let subject = brought(&ada, &picture(512, 220)).await;
    let refused = json!({ "error": {
        "message": "Your request was rejected by the safety system.", "code": "moderation_blocked"
    } });
    let busy =
        json!({ "error": { "message": "Rate limit reached.", "code": "rate_limit_exceeded" } });
    let (refused, busy) = (reply(400, &refused.to_string()), reply(429, &busy.to_string()));
    for (replies, reason, why) in [
        (vec![refused], json!("content_safety"), "does not draw that"),
        (vec![busy; 3], json!("rate_limited"), "too much to do"),
        (vec![reply(200, "{}")], Value::Null, "not the image that was asked for"),
        (vec![Reply::Silence], Value::Null, "took too long"),
    ] {
        let times = replies.len();
        provider.answers(replies);
        let order =
            json!({ "prompt": "Make it navy", "brandSessionId": ada.brand, "model": "pro" });
        let asked = ada.ask("POST", &format!("/{subject}/edit"), Some(&order)).await;
        assert_eq!((asked.status, ada.spent().await), (202, (0, 1)), "{asked:?}");
        for _ in 0..times {
            ada.work().await;
            ada.person.app.advance(Duration::from_secs(70));
        }
        let image = ada.image(asked.json()["data"]["id"].as_str().expect("an id")).await;
        assert_eq!(image["actionType"], "edit");
        failed(&ada, &image, reason, why, why).await;
        let asked = provider.take_asked();
        assert_eq!(asked.len(), times, "{why}");
        assert!(asked.iter().all(|one| one.what == "post /v1/images/edits"), "{why}");
    }
    assert_eq!(ada.image(&subject).await["status"], "completed", "the other one stays");
    goes_on(&ada).await;
}
