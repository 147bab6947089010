//! Predictions of Replicate, in the shapes that it documents.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bloom_outside::engines::{ApiKind, EngineSettings, PictureField, SizeField};
use serde_json::{Map, Value, json};

use super::failures::failed;
use super::{artist, picture};
use crate::images::studio::Artist;
use crate::images::uploads;
use crate::support::providers::{KEY, Provider, Reply, json as reply, json_with};
use crate::support::sites::Sites;
use crate::support::{App, on_both};

on_both!(
    a_prediction_is_made_and_waited_for,
    a_version_is_told_its_size_and_shown_pictures,
    what_takes_too_long_is_taken_back,
    what_comes_to_nothing_is_told,
);

/// A prediction as it is answered.
fn prediction(provider: &Provider, status: &str, output: &Value, error: &Value) -> Value {
    let at =
        |what: &str| provider.url(&format!("/v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu{what}"));
    json!({
        "id": "gm3qorzdhgbfurvjtvhg6dckhu", "model": "acme/painter-2", "version": "hidden",
        "input": { "prompt": "x" }, "logs": "", "output": output, "data_removed": false, "error": error,
        "status": status, "created_at": "2023-09-08T16:19:34.765994657Z",
        "urls": { "cancel": at("/cancel"), "get": at(""), "stream": "https://stream.example/x" }
    })
}

fn waiting(provider: &Provider, code: u16, status: &str) -> Reply {
    reply(code, &prediction(provider, status, &Value::Null, &Value::Null).to_string())
}

fn ended(provider: &Provider, output: &Value) -> Reply {
    reply(200, &prediction(provider, "succeeded", output, &Value::Null).to_string())
}

fn of_replicate(provider: &Provider) -> EngineSettings {
    EngineSettings { model: "acme/painter-2".to_owned(), ..provider.settings(ApiKind::Replicate) }
}

fn inline(file: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(file))
}

async fn a_prediction_is_made_and_waited_for(app: App) {
    let provider = Provider::start().await;
    let sites = Sites::start().await;
    sites.put("replicate.example/xezq/a.png", "image/png", picture(512, 220));
    let input = json!({ "output_format": "png", "prompt": "not this one" });
    let settings = EngineSettings {
        input: input.as_object().cloned().unwrap_or_default(),
        ..of_replicate(&provider)
    };
    let ada = artist(app.among(&sites).await, settings).await;
    provider.answers([
        waiting(&provider, 201, "starting"),
        waiting(&provider, 200, "processing"),
        ended(&provider, &json!(["https://replicate.example/xezq/a.png"])),
    ]);
    let there = ada.of_engine().await;
    assert_eq!(
        (&there["status"], &there["width"], &there["engine"]),
        (&json!("completed"), &json!(2048), &json!("photo:acme/painter-2")),
        "{there}"
    );
    let asked = provider.take_asked();
    let what: Vec<_> = asked.iter().map(|one| one.what.as_str()).collect();
    let get = "get /v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu";
    assert_eq!(what, ["post /v1/models/acme/painter-2/predictions", get, get]);
    assert!(asked.iter().all(|one| one.head.contains(&format!("authorization: bearer {KEY}"))));
    let mut body = asked[0].json();
    let prompt = body["input"]["prompt"].take();
    assert!(prompt.as_str().is_some_and(|prompt| prompt.contains("Spring sale")), "{prompt}");
    let rest =
        json!({ "input": { "aspect_ratio": "21:9", "output_format": "png", "prompt": null } });
    assert_eq!(body, rest);
    // One output is no list, and a fast model answers at once.
    provider.answers([ended(&provider, &json!("https://replicate.example/xezq/a.png"))]);
    assert_eq!(ada.of_engine().await["status"], "completed");
    assert_eq!(ada.spent().await, (2, 0));
}

async fn a_version_is_told_its_size_and_shown_pictures(app: App) {
    let provider = Provider::start().await;
    let settings = EngineSettings {
        model: "acme/painter:5c7d5dc6".to_owned(),
        edit_model: Some("acme/editor".to_owned()),
        picture_field: PictureField::parse("image_input[]"),
        size_field: SizeField::WidthAndHeight,
        input: Map::from_iter([("size".to_owned(), json!("custom"))]),
        ..provider.settings(ApiKind::Replicate)
    };
    let ada = artist(app, settings.clone()).await;
    provider.answers([ended(&provider, &json!([inline(&picture(512, 220))]))]);
    assert_eq!(ada.of_engine().await["status"], "completed");
    let asked = provider.take_asked();
    let mut body = asked[0].json();
    body["input"]["prompt"].take();
    assert_eq!(asked[0].what, "post /v1/predictions");
    assert_eq!(
        body,
        json!({ "version": "acme/painter:5c7d5dc6",
                "input": { "size": "custom", "width": 512, "height": 220, "prompt": null } })
    );
    let reference = uploads::upload(&ada, &uploads::png(9)).await.json()["data"]["id"].clone();
    let mut order = ada.order();
    (order["model"], order["referenceImageIds"]) = ("pro".into(), json!([reference]));
    provider.answers([ended(&provider, &json!([inline(&picture(512, 220))]))]);
    let ids = ada.ids(&ada.generate(&order).await);
    ada.work().await;
    assert_eq!(ada.image(&ids[0]).await["engine"], "photo:acme/editor");
    let asked = provider.take_asked();
    assert_eq!(asked[0].what, "post /v1/models/acme/editor/predictions");
    let shown = asked[0].json()["input"]["image_input"].take();
    let shown = shown.as_array().expect("a list");
    assert!(
        shown.len() == 1 && shown[0].as_str().is_some_and(|url| url.starts_with("data:image/"))
    );
    // One of which nobody said where it takes pictures is shown none.
    let blind = EngineSettings { picture_field: None, ..settings };
    let blind = ada.person.app.with_engine(blind).await;
    let blind = Artist { person: ada.person.before(&blind), ..ada };
    let ids = blind.ids(&blind.generate(&order).await);
    blind.work().await;
    assert_eq!(blind.image(&ids[0]).await["engine"], "compose");
    assert!(provider.take_asked().is_empty());
}

async fn what_takes_too_long_is_taken_back(app: App) {
    let provider = Provider::start().await;
    let slow = EngineSettings { patience: Duration::from_millis(800), ..of_replicate(&provider) };
    let ada = artist(app, slow).await;
    provider.answers([
        waiting(&provider, 201, "starting"),
        waiting(&provider, 200, "processing"),
        waiting(&provider, 200, "canceled"),
    ]);
    failed(&ada, &ada.of_engine().await, Value::Null, "too long", "slow").await;
    let asked = provider.take_asked();
    let last = asked.last().map(|one| one.what.as_str());
    assert_eq!(last, Some("post /v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu/cancel"));
    // What leads to another place gets no key there.
    let elsewhere = prediction(&provider, "starting", &Value::Null, &Value::Null).to_string();
    let elsewhere = elsewhere.replace(&provider.url("/v1"), "http://127.0.0.1:9/v1");
    provider.answers([reply(201, &elsewhere)]);
    failed(&ada, &ada.of_engine().await, Value::Null, "not the image", "elsewhere").await;
    assert_eq!(provider.take_asked().len(), 1);
}

async fn what_comes_to_nothing_is_told(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, of_replicate(&provider)).await;
    let refused = |why: &str| {
        let error = prediction(&provider, "failed", &Value::Null, &json!(why));
        reply(200, &error.to_string())
    };
    for (why, reason, told) in [
        (
            "NSFW content detected. Try running it again, or try a different prompt.",
            json!("content_safety"),
            "does not draw that",
        ),
        (
            "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
            json!("content_safety"),
            "does not draw that",
        ),
        ("CUDA out of memory", Value::Null, "not the image that was asked for"),
    ] {
        provider.answers([refused(why)]);
        failed(&ada, &ada.of_engine().await, reason, told, why).await;
    }
    for (status, title, detail) in [
        (401, "Unauthenticated", "You did not pass a valid authentication token"),
        (402, "Insufficient credit", "You have insufficient credit to run this model."),
        (404, "Not found", "The requested resource could not be found."),
        (422, "Input validation failed", "- input.aspect_ratio: must be one of the following"),
    ] {
        let body = json!({ "title": title, "detail": detail, "status": status });
        provider.answers([reply(status, &body.to_string())]);
        failed(&ada, &ada.of_engine().await, Value::Null, "its operator finds", title).await;
        assert_eq!(provider.take_asked().len().min(1), 1);
    }
    // Told by the status and by the prediction; both pass.
    let busy = json!({ "detail": "Request was throttled. Expected available in 30 seconds.", "status": 429 });
    provider.answers([
        json_with(429, "Retry-After: 30", &busy.to_string()),
        refused(
            "Service is currently unavailable due to high demand. Please try again later. (E003)",
        ),
        ended(&provider, &json!(inline(&picture(512, 220)))),
    ]);
    let mut order = ada.order();
    order["model"] = "pro".into();
    let ids = ada.ids(&ada.generate(&order).await);
    for _ in 0..3 {
        ada.work().await;
        ada.person.app.advance(Duration::from_secs(40));
    }
    assert_eq!(ada.image(&ids[0]).await["status"], "completed");
    for lie in [json!(null), json!([]), json!({ "url": "x" }), json!("file:///etc/passwd")] {
        provider.answers([ended(&provider, &lie)]);
        let image = ada.of_engine().await;
        assert_eq!(image["status"], "failed", "{lie}");
    }
    assert_eq!(ada.spent().await, (1, 0));
}
