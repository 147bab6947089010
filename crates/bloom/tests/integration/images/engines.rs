//! Images that somebody else's engine draws: asked over HTTP, in the shapes that its maker documents.

mod failures;
mod replicate;
mod throttled;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bloom_outside::engines::{ApiKind, EngineSettings, PictureField};
use bloom_outside::fetch::{FetchSettings, GuardedFetcher};
use bloom_service::engines::Engines;
use bloom_service::fetch::Fetcher;
use serde_json::{Value, json};

use super::studio::Artist;
use super::uploads;
use crate::credits::person::metered;
use crate::support::providers::{KEY, Provider, Reply, json as reply};
use crate::support::sites::Sites;
use crate::support::{App, PASSWORD, on_both};

on_both!(
    an_engine_draws_what_is_asked_of_it,
    a_picture_at_a_url_goes_through_the_guarded_fetcher,
    an_engine_is_shown_what_is_referred_to_and_changes_what_it_drew,
    gemini_draws_in_a_ratio_and_a_size,
    an_order_waits_in_a_queue,
    a_queue_is_shown_pictures_where_its_model_takes_them,
    what_an_engine_cannot_do_is_done_here,
    pages_say_who_draws,
);

/// A picture in black and white stripes, as a PNG.
pub(super) fn picture(width: u32, height: u32) -> Vec<u8> {
    let row = [vec![0], vec![0xf0; width.div_ceil(8) as usize]].concat();
    uploads::png_of((width, height), (1, 0), &row.repeat(height as usize))
}

/// What OpenAI's images API answers, as its reference has it.
pub(super) fn openai(file: &[u8]) -> Reply {
    let body = json!({
        "created": 1_713_833_628,
        "background": "opaque",
        "output_format": "png",
        "quality": "high",
        "size": "1024x1024",
        "data": [{ "b64_json": STANDARD.encode(file) }],
        "usage": {
            "input_tokens": 50, "input_tokens_details": { "image_tokens": 40, "text_tokens": 10 },
            "output_tokens": 50, "total_tokens": 100
        }
    });
    reply(200, &body.to_string())
}

/// Somebody with credits on a server with an engine.
pub(super) async fn artist(app: App, settings: EngineSettings) -> Artist {
    let ada = Artist::new(&metered(app).await.with_engine(settings).await, "ada").await;
    ada.person.topup(20, "in_1").await;
    ada
}

impl Artist {
    /// Asks for an image of the engine, has it made, and shows it.
    pub(super) async fn of_engine(&self) -> Value {
        let mut order = self.order();
        order["model"] = "pro".into();
        let ids = self.ids(&self.generate(&order).await);
        self.work().await;
        self.image(&ids[0]).await
    }

    pub(super) async fn spent(&self) -> (i64, i64) {
        let balance = self.person.balance().await;
        (20 - balance.balance - balance.held, balance.held)
    }
}

async fn an_engine_draws_what_is_asked_of_it(app: App) {
    let provider = Provider::start().await;
    let settings = EngineSettings {
        quality: Some("high".to_owned()),
        sizes: Vec::new(),
        ..provider.settings(ApiKind::OpenAi)
    };
    let ada = artist(app, settings).await;
    provider.answers([openai(&picture(2048, 880))]);
    let there = ada.of_engine().await;
    assert_eq!(there["status"], "completed", "{there}");
    assert_eq!(
        (&there["width"], &there["height"], &there["aspectRatio"], &there["engine"]),
        (&json!(2048), &json!(880), &json!("21:9"), &json!("photo:painter-2"))
    );
    assert_eq!(ada.spent().await, (1, 0));
    let asked = provider.take_asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].what, "post /v1/images/generations");
    assert!(asked[0].head.contains(&format!("authorization: bearer {KEY}")), "{}", asked[0].head);
    let mut body = asked[0].json();
    let prompt = body["prompt"].take();
    let prompt = prompt.as_str().expect("a prompt");
    assert!(prompt.starts_with("\"Spring sale\" 30% off\n") && prompt.contains("Northwind"));
    let rest = json!({
        "model": "painter-2", "n": 1, "size": "2048x880", "quality": "high", "prompt": null
    });
    assert_eq!(body, rest);
    // It is a picture like others: nothing of the file is left but pixels.
    let url = there["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "");
    let file = ada.person.app.get(&url, &[]).await;
    assert_eq!((file.status, file.header("content-type")), (200, "image/png"));
    // Whoever asks for another effort, or for none, gets the server's own engine.
    for model in [Some("fast"), Some("standard"), None] {
        let mut order = ada.order();
        order["model"] = model.into();
        if model.is_none() {
            order.as_object_mut().expect("an order").remove("model");
        }
        let ids = ada.ids(&ada.generate(&order).await);
        ada.work().await;
        assert_eq!(ada.image(&ids[0]).await["engine"], "compose", "{model:?}");
    }
    assert!(provider.take_asked().is_empty());
}

async fn a_picture_at_a_url_goes_through_the_guarded_fetcher(app: App) {
    let provider = Provider::start().await;
    let sites = Sites::start().await;
    sites.put("cdn.example/a.png", "image/png", picture(512, 220));
    let settings = EngineSettings {
        response_format: Some("url".to_owned()),
        ..provider.settings(ApiKind::OpenAi)
    };
    let ada = artist(app.among(&sites).await, settings).await;
    let at = |url: &str| {
        reply(200, &json!({ "created": 1_589_478_378, "data": [{ "url": url }] }).to_string())
    };
    provider.answers([at("https://cdn.example/a.png")]);
    let there = ada.of_engine().await;
    assert_eq!((&there["status"], &there["width"]), (&json!("completed"), &json!(2048)), "{there}");
    assert_eq!(provider.take_asked()[0].json()["response_format"], "url");
    // Some servers put the file itself into the URL.
    let file = format!("data:image/png;base64,{}", STANDARD.encode(picture(512, 220)));
    provider.answers([at(&file)]);
    assert_eq!(ada.of_engine().await["status"], "completed");
    // An engine leads nobody into the network of the server.
    let settings =
        FetchSettings { own_host: String::new(), allow_private: false, extra_roots: vec![] };
    let guard: Arc<dyn Fetcher> = Arc::new(GuardedFetcher::new(settings).expect("TLS"));
    let guarded = ada.person.app.again(|options| options.fetcher = Some(guard)).await;
    let ada = Artist { person: ada.person.before(&guarded), ..ada };
    let inside = provider.url("/a.png");
    for url in [inside.as_str(), "http://169.254.169.254/latest/meta-data", "file:///etc/passwd"] {
        provider.answers([at(url)]);
        let failed = ada.of_engine().await;
        assert_eq!((&failed["status"], &failed["failureReason"]), (&json!("failed"), &Value::Null));
        assert_eq!(
            provider.take_asked().last().map(|one| one.what.as_str()),
            Some("post /v1/images/generations")
        );
    }
    assert_eq!(ada.spent().await, (2, 0));
}

async fn an_engine_is_shown_what_is_referred_to_and_changes_what_it_drew(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let brought = uploads::upload(&ada, &uploads::png(9)).await;
    assert_eq!(brought.status, 200, "{brought:?}");
    let reference = brought.json()["data"]["id"].clone();
    // The prompt can add no part to the form: nobody can foresee what parts it.
    let injected = "A cup\r\n--00\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n10\r\n";
    let order = json!({
        "prompt": injected, "brandSessionId": ada.brand, "aspectRatio": "1:1", "model": "pro",
        "referenceImageIds": [reference],
    });
    provider.answers([openai(&picture(256, 256)), openai(&picture(256, 256))]);
    let ids = ada.ids(&ada.generate(&order).await);
    ada.work().await;
    let there = ada.image(&ids[0]).await;
    assert_eq!(
        (&there["status"], &there["height"]),
        (&json!("completed"), &json!(2048)),
        "{there}"
    );
    let asked = provider.take_asked().pop().expect("it was asked");
    assert_eq!(asked.what, "post /v1/images/edits");
    let boundary = asked.head.split("boundary=").nth(1).and_then(|rest| rest.split("\r\n").next());
    let boundary = boundary.expect("a boundary");
    assert!(boundary.len() == 32 && !injected.contains(boundary));
    let text = String::from_utf8_lossy(&asked.body).into_owned();
    let parts: Vec<_> = text.split(&format!("--{boundary}")).collect();
    assert_eq!(
        parts
            .iter()
            .filter(|part| part
                .starts_with("\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n"))
            .count(),
        1
    );
    assert!(text.contains("name=\"size\"\r\n\r\n256x256\r\n"), "{text:.900}");
    let pictures: Vec<_> =
        parts.iter().filter(|part| part.contains("name=\"image[]\"; filename=")).collect();
    assert!(pictures.len() == 1 && pictures[0].contains("Content-Type: image/jpeg"), "{text:.900}");
    // Whoever drew an image changes it, and is shown it first.
    let edit = json!({ "prompt": "Make the cup red", "brandSessionId": ada.brand, "referenceImageIds": [reference] });
    let edited = ada.ask("POST", &format!("/{}/edit", ids[0]), Some(&edit)).await;
    assert_eq!(edited.status, 202, "{edited:?}");
    ada.work().await;
    let edited = ada.image(edited.json()["data"]["id"].as_str().expect("an id")).await;
    assert_eq!(
        (&edited["status"], &edited["engine"], &edited["actionType"], &edited["aspectRatio"]),
        (&json!("completed"), &json!("photo:painter-2"), &json!("edit"), &json!("1:1"))
    );
    let asked = provider.take_asked().pop().expect("it was asked");
    let text = String::from_utf8_lossy(&asked.body).into_owned();
    assert_eq!(asked.what, "post /v1/images/edits");
    assert!(text.contains("Make the cup red") && text.matches("name=\"image[]\"").count() == 2);
    assert_eq!(ada.spent().await, (2, 0));
}

async fn gemini_draws_in_a_ratio_and_a_size(app: App) {
    let provider = Provider::start().await;
    let settings =
        EngineSettings { sizes: vec![(1024, 1024)], ..provider.settings(ApiKind::Gemini) };
    let ada = artist(app, settings).await;
    let part = |file: &[u8], is_thought: bool| {
        let data = json!({ "mimeType": "image/png", "data": STANDARD.encode(file) });
        match is_thought {
            true => json!({ "inlineData": data, "thought": true }),
            false => json!({ "inlineData": data, "thoughtSignature": "abc" }),
        }
    };
    let body = json!({
        "candidates": [{
            "content": {
                "parts": [
                    part(&picture(64, 64), true), { "text": "Here is your image." },
                    part(&picture(1024, 440), false)
                ],
                "role": "model"
            },
            "finishReason": "STOP", "index": 0
        }],
        "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": 1298, "totalTokenCount": 1307 },
        "modelVersion": "painter-2", "responseId": "x"
    });
    provider.answers([reply(200, &body.to_string())]);
    let there = ada.of_engine().await;
    assert_eq!(
        (&there["status"], &there["width"], &there["height"]),
        (&json!("completed"), &json!(2048), &json!(880)),
        "{there}"
    );
    let asked = provider.take_asked().pop().expect("it was asked");
    assert_eq!(asked.what, "post /v1/models/painter-2:generatecontent");
    assert!(asked.head.contains(&format!("x-goog-api-key: {KEY}")), "{}", asked.head);
    let sent = asked.json();
    // A model of one size takes no word for it.
    let config = json!({ "responseModalities": ["TEXT", "IMAGE"], "imageConfig": { "aspectRatio": "21:9" } });
    assert_eq!(sent["generationConfig"], config);
    assert!(
        sent["contents"][0]["parts"][0]["text"].as_str().expect("text").contains("Spring sale")
    );
    // One of several is told which.
    let app = ada
        .person
        .app
        .with_engine(EngineSettings { sizes: Vec::new(), ..provider.settings(ApiKind::Gemini) });
    let ada = Artist { person: ada.person.before(&app.await), ..ada };
    provider.answers([reply(200, &body.to_string())]);
    assert_eq!(ada.of_engine().await["status"], "completed");
    let sent = provider.take_asked().pop().expect("it was asked").json();
    assert_eq!(sent["generationConfig"]["imageConfig"]["imageSize"], "2K");
}

/// A queue's answers to an order, each once.
pub(super) fn queue(provider: &Provider, state: &str) -> [Reply; 2] {
    let at = |what: &str| provider.url(&format!("/v1/painter/requests/80e732af{what}"));
    let taken = json!({
        "request_id": "80e732af", "status": "IN_QUEUE", "queue_position": 0,
        "status_url": at("/status"), "response_url": at(""), "cancel_url": at("/cancel"),
    });
    [reply(200, &taken.to_string()), reply(202, &json!({ "status": state }).to_string())]
}

async fn an_order_waits_in_a_queue(app: App) {
    let provider = Provider::start().await;
    let sites = Sites::start().await;
    sites.put("v3.fal.example/files/a.png", "image/png", picture(512, 220));
    let ada = artist(app.among(&sites).await, provider.settings(ApiKind::Fal)).await;
    let result = json!({
        "images": [{ "url": "https://v3.fal.example/files/a.png", "width": 512, "height": 220,
                     "content_type": "image/png" }],
        "timings": { "inference": 2.1 }, "seed": 7, "has_nsfw_concepts": [false], "prompt": "x"
    });
    provider.answers(queue(&provider, "IN_QUEUE"));
    provider.answers([
        reply(202, &json!({ "status": "IN_PROGRESS", "logs": [] }).to_string()),
        reply(
            200,
            &json!({ "status": "COMPLETED", "metrics": { "inference_time": 2.1 } }).to_string(),
        ),
        reply(200, &result.to_string()),
    ]);
    let there = ada.of_engine().await;
    assert_eq!((&there["status"], &there["width"]), (&json!("completed"), &json!(2048)), "{there}");
    let asked = provider.take_asked();
    let what: Vec<_> = asked.iter().map(|one| one.what.as_str()).collect();
    let status = "get /v1/painter/requests/80e732af/status";
    assert_eq!(
        what,
        ["post /v1/painter-2", status, status, status, "get /v1/painter/requests/80e732af"]
    );
    assert!(asked.iter().all(|one| one.head.contains(&format!("authorization: key {KEY}"))));
    assert_eq!(asked[0].json()["image_size"], json!({ "width": 512, "height": 220 }));
    // What takes too long is taken back.
    let slow =
        EngineSettings { patience: Duration::from_millis(900), ..provider.settings(ApiKind::Fal) };
    let app = ada.person.app.with_engine(slow).await;
    let ada = Artist { person: ada.person.before(&app), ..ada };
    provider.answers(queue(&provider, "IN_QUEUE"));
    provider.answers([reply(202, &json!({ "status": "CANCELLATION_REQUESTED" }).to_string())]);
    let failed = ada.of_engine().await;
    assert_eq!((&failed["status"], &failed["failureReason"]), (&json!("failed"), &Value::Null));
    assert!(failed["failureDetail"].as_str().expect("why").contains("too long"), "{failed}");
    let asked = provider.take_asked();
    let last = asked.last().map(|one| one.what.as_str());
    assert_eq!(last, Some("put /v1/painter/requests/80e732af/cancel"));
    // A queue that leads to another place gets no key there.
    let elsewhere = json!({
        "request_id": "1", "status_url": "http://127.0.0.1:9/v1/status",
        "response_url": "http://127.0.0.1:9/v1/", "cancel_url": "http://127.0.0.1:9/v1/cancel"
    });
    provider.answers([reply(200, &elsewhere.to_string())]);
    assert_eq!(ada.of_engine().await["status"], "failed");
    assert_eq!(ada.spent().await, (1, 0));
}

/// As fal documents `image_urls` and `image_url` of its models, with the pictures themselves in the URLs.
async fn a_queue_is_shown_pictures_where_its_model_takes_them(app: App) {
    let provider = Provider::start().await;
    let settings = EngineSettings {
        edit_model: Some("painter-2/edit".to_owned()),
        ..provider.settings(ApiKind::Fal)
    };
    let ada = artist(app, settings.clone()).await;
    let mut references = Vec::new();
    for shade in [9, 90] {
        let brought = uploads::upload(&ada, &uploads::png(shade)).await.json();
        references.push(brought["data"]["id"].clone());
    }
    let drawn = || {
        let url = format!("data:image/png;base64,{}", STANDARD.encode(picture(256, 256)));
        let [taken, state] = queue(&provider, "COMPLETED");
        [taken, state, reply(200, &json!({ "images": [{ "url": url }] }).to_string())]
    };
    let order = |references: &[Value]| {
        json!({
            "prompt": "A cup", "brandSessionId": ada.brand, "aspectRatio": "1:1", "model": "pro",
            "referenceImageIds": references,
        })
    };
    let is_picture = |url: &Value| {
        let url = url.as_str().expect("a URL");
        let file = url.strip_prefix("data:image/jpeg;base64,").expect("a picture in it");
        STANDARD.decode(file).expect("base64").starts_with(&[0xff, 0xd8])
    };
    provider.answers(drawn());
    let ids = ada.ids(&ada.generate(&order(&references)).await);
    ada.work().await;
    let there = ada.image(&ids[0]).await;
    assert_eq!(
        (&there["status"], &there["engine"]),
        (&json!("completed"), &json!("photo:painter-2/edit")),
        "{there}"
    );
    let asked = provider.take_asked();
    assert_eq!(asked[0].what, "post /v1/painter-2/edit");
    let mut body = asked[0].json();
    let urls = body["image_urls"].take();
    assert!(urls.as_array().expect("several").iter().all(is_picture));
    assert_eq!(urls.as_array().map(Vec::len), Some(2));
    body["prompt"].take();
    assert_eq!(
        body,
        json!({ "prompt": null, "image_urls": null, "num_images": 1,
                "image_size": { "width": 256, "height": 256 } })
    );
    // Whoever drew an image changes it, and is shown it first.
    provider.answers(drawn());
    let edit = json!({ "prompt": "Make the cup red", "brandSessionId": ada.brand });
    let edited = ada.ask("POST", &format!("/{}/edit", ids[0]), Some(&edit)).await;
    assert_eq!(edited.status, 202, "{edited:?}");
    ada.work().await;
    let edited = ada.image(edited.json()["data"]["id"].as_str().expect("an id")).await;
    assert_eq!(edited["engine"], "photo:painter-2/edit", "{edited}");
    let urls = provider.take_asked()[0].json()["image_urls"].take();
    assert_eq!(urls.as_array().map(Vec::len), Some(1));
    // A model of one picture is asked with one; what needs more is not asked of it, since the rest would be missing.
    let single =
        EngineSettings { picture_field: PictureField::parse("image_url"), ..settings.clone() };
    let app = ada.person.app.with_engine(single).await;
    let single = Artist { person: ada.person.before(&app), ..ada.clone() };
    provider.answers(drawn());
    for (references, engine) in
        [(&references[..1], "photo:painter-2/edit"), (&references[..], "compose")]
    {
        let ids = single.ids(&single.generate(&order(references)).await);
        single.work().await;
        assert_eq!(single.image(&ids[0]).await["engine"], engine);
    }
    let asked = provider.take_asked();
    assert!(is_picture(&asked[0].json()["image_url"]) && asked.len() == 3);
    // Without such a model nothing with pictures is asked of it.
    let none = EngineSettings { edit_model: None, ..settings };
    let app = ada.person.app.with_engine(none).await;
    let none = Artist { person: ada.person.before(&app), ..ada.clone() };
    let ids = none.ids(&none.generate(&order(&references)).await);
    none.work().await;
    assert_eq!(none.image(&ids[0]).await["engine"], "compose");
    assert!(provider.take_asked().is_empty());
    assert_eq!(ada.spent().await, (5, 0));
}

async fn what_an_engine_cannot_do_is_done_here(app: App) {
    let provider = Provider::start().await;
    let settings = EngineSettings { takes_pictures: false, ..provider.settings(ApiKind::OpenAi) };
    let ada = artist(app, settings).await;
    let reference = uploads::upload(&ada, &uploads::png(9)).await.json()["data"]["id"].clone();
    let mut order = ada.order();
    order["model"] = "pro".into();
    order["referenceImageIds"] = json!([reference]);
    let ids = ada.ids(&ada.generate(&order).await);
    ada.work().await;
    assert_eq!(ada.image(&ids[0]).await["engine"], "compose");
    let edit = json!({ "prompt": "Make it navy", "brandSessionId": ada.brand, "model": "pro" });
    let edited = ada.ask("POST", &format!("/{}/edit", ids[0]), Some(&edit)).await;
    ada.work().await;
    let edited = ada.image(edited.json()["data"]["id"].as_str().expect("an id")).await;
    assert_eq!(edited["engine"], "compose");
    assert!(provider.take_asked().is_empty());
    // One that was asked for before the operator took its engine away.
    provider.answers([openai(&picture(512, 220))]);
    let mut order = ada.order();
    order["model"] = "pro".into();
    let ids = ada.ids(&ada.generate(&order).await);
    let app = ada.person.app.again(|options| options.engines = Engines::default()).await;
    let ada = Artist { person: ada.person.before(&app), ..ada };
    ada.work().await;
    let failed = ada.image(&ids[0]).await;
    assert!(failed["failureDetail"].as_str().expect("why").contains("not configured"), "{failed}");
    assert_eq!(ada.spent().await, (2, 0));
}

async fn pages_say_who_draws(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    provider.answers([openai(&picture(512, 220))]);
    let there = ada.of_engine().await;
    let mut browser = ada.person.app.browser();
    browser.sign_in("ada@example.com", PASSWORD).await;
    let page = browser.get(&format!("/images/{}", there["id"].as_str().expect("an id"))).await;
    assert!(
        page.text().contains("<code>photo:painter-2</code>: an image model"),
        "{}",
        page.text()
    );
    let form = browser.get("/images").await;
    for option in [
        "<option value=\"standard\" selected>standard (composed by this server)</option>",
        "<option value=\"pro\">pro (photo:painter-2)</option>",
    ] {
        assert!(form.text().contains(option), "{}", form.text());
    }
    provider.answers([openai(&picture(256, 256))]);
    let fields = [
        ("prompt", "A cup"),
        ("brand", ada.brand.as_str()),
        ("ratio", "1:1"),
        ("size", "2K"),
        ("count", "1"),
        ("model", "pro"),
    ];
    assert_eq!(browser.post("/images", &fields).await.status, 303);
    ada.work().await;
    assert_eq!(provider.take_asked().len(), 2);
}
