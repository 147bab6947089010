//! Images: asked for, made, waited for, listed, downloaded and deleted.

mod changes;
mod collecting;
mod emptying;
mod engines;
mod leases;
mod library;
mod others;
mod pages;
mod search;
mod small;
pub(crate) mod studio;
mod tools;
mod upload_rights;
mod uploads;

use std::time::Duration;

use bloom_domain::credits::{Budget, Cap};
use bloom_domain::subscriptions::SubscriptionState::{Active, Paused};
use bloom_service::subscriptions::PlanOrder;
use serde_json::{Value, json};

use self::studio::{Artist, FILES};
use crate::credits::person::metered;
use crate::mcp::tool;
use crate::plans::{billed, give, order};
use crate::support::{App, NOTHING, at_once, on_both};

on_both!(
    an_image_is_made_and_had,
    one_credit_and_two_requests,
    what_fails_costs_nothing,
    what_is_asked_of_a_request_in_this_order,
    whoever_asks_for_too_much_keeps_every_credit,
    what_bars_a_charge_says_where_to_do_something_about_it,
    whoever_is_over_a_budget_is_led_to_it,
    asking_twice_under_one_name_asks_once,
    what_is_deleted_while_it_is_made_costs_nothing,
    an_image_that_nobody_can_make_is_given_up,
    an_image_whose_job_cannot_be_read_fails_and_costs_nothing,
);

async fn an_image_is_made_and_had(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(3, "in_1").await;
    let order = json!({
        "prompt": "Launch of \"Northwind Air\" on 12 May. Call to action \"Fly with us\"",
        "brandSessionId": ada.brand, "aspectRatio": "21:9", "variantCount": 2,
    });
    let asked = ada.generate(&order).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let data = asked.json()["data"].clone();
    assert_eq!((&data["status"], &data["engine"]), (&json!("pending"), &json!("compose")));
    assert_eq!(data["ids"].as_array().map(Vec::len), Some(2));
    let id = data["ids"][0].as_str().expect("an id").to_owned();
    let pending = ada.image(&id).await;
    assert_eq!(
        (&pending["status"], &pending["imageUrl"], &pending["width"]),
        (&json!("pending"), &Value::Null, &Value::Null)
    );
    assert_eq!(pending["engine"], "compose");
    assert_eq!(pending["variantGroupId"], data["variantGroupId"]);
    assert_eq!((ada.person.balance().await.balance, ada.person.balance().await.held), (1, 2));
    ada.work().await;
    let there = ada.image(&id).await;
    assert_eq!(there["status"], "completed", "{there}");
    assert_eq!((&there["width"], &there["height"]), (&json!(2048), &json!(880)));
    assert_eq!((&there["aspectRatio"], &there["engine"]), (&json!("21:9"), &json!("compose")));
    assert_eq!(
        (&there["source"], &there["actionType"]),
        (&json!("generated"), &json!("generation"))
    );
    assert_eq!((ada.person.balance().await.balance, ada.person.balance().await.held), (1, 0));
    let url = there["imageUrl"].as_str().expect("a URL").to_owned();
    let place = url.strip_prefix("http://localhost:4600").expect("our origin");
    // Whoever has the URL has the bytes; nothing of them runs.
    let bytes = ada.person.app.get(place, &[]).await;
    assert_eq!((bytes.status, bytes.header("content-type")), (200, "image/png"));
    assert_eq!(bytes.header("x-content-type-options"), "nosniff");
    assert_eq!(bytes.header("content-security-policy"), "sandbox; default-src 'none'");
    assert!(bytes.body.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.body.len() > 5_000);
    let other = ada.image(data["ids"][1].as_str().expect("an id")).await;
    let others = other["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "");
    assert_ne!(ada.person.app.get(&others, &[]).await.body, bytes.body, "variants differ");
    for wrong in [
        place.replace(&id, other["id"].as_str().expect("an id")),
        format!("{}A", &place[..place.len() - 1]),
        format!("/img/{NOTHING}/AAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        if wrong != place {
            assert_eq!(ada.person.app.get(&wrong, &[]).await.status, 404, "{wrong}");
        }
    }
    // Not even where a page would be looked for at another host.
    for nowhere in
        ["/img", "/img/", &format!("/img/{id}"), &format!("/img/{id}/"), "/img/%ff/x", "/img/a/b/c"]
    {
        for host in ["localhost:4600", "evil.example"] {
            let answer = ada.person.app.get(nowhere, &[("host", host)]).await;
            assert_eq!(answer.status, 404, "{nowhere} at {host}: {answer:?}");
        }
    }
    // Nobody else's.
    let bob = Artist::new(&ada.person.app, "bob").await;
    let missing = bob.ask("GET", &format!("/{NOTHING}"), None).await;
    let foreign = bob.ask("GET", &format!("/{id}"), None).await;
    assert_eq!((foreign.status, &foreign.body), (404, &missing.body));
    assert_eq!(bob.ask("DELETE", &format!("/{id}"), None).await.error(), "404 IMAGE_NOT_FOUND");
    let gone = ada.ask("DELETE", &format!("/{id}"), None).await;
    assert_eq!((gone.status, &gone.json()["data"]["id"]), (200, &json!(id)), "{gone:?}");
    assert_eq!(ada.person.app.get(place, &[]).await.status, 404);
    assert_eq!(ada.ask("GET", &format!("/{id}"), None).await.error(), "404 IMAGE_NOT_FOUND");
    assert_eq!(ada.person.app.rows("blobs_to_delete").len(), 1);
    ada.person.app.keep_house().await;
    assert_eq!(ada.person.app.rows("blobs_to_delete"), Vec::<String>::new());
    assert_eq!(ada.files(), FILES, "its files went with it");
}

async fn one_credit_and_two_requests(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(1, "in_1").await;
    let answers = at_once(2, {
        let ada = ada.clone();
        move |_| {
            let ada = ada.clone();
            async move { ada.generate(&ada.order()).await }
        }
    })
    .await;
    let mut told: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    told.sort_unstable();
    assert_eq!(told, [202, 402], "{answers:?}");
    let refused = answers.iter().find(|answer| answer.status == 402).expect("one");
    assert_eq!(refused.error(), "402 INSUFFICIENT_CREDITS");
    assert_eq!(ada.person.app.rows("images").len(), 1);
    assert_eq!(ada.person.app.rows("jobs").len(), 1, "one is drawn");
}

async fn what_fails_costs_nothing(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(2, "in_1").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    let gone = format!("/api/v1/brands/{}", ada.brand);
    let key = [("x-api-key", ada.person.key.as_str())];
    assert_eq!(ada.person.app.call("DELETE", &gone, &key, None).await.status, 200);
    ada.work().await;
    let failed = ada.image(&ids[0]).await;
    assert_eq!((&failed["status"], &failed["failureReason"]), (&json!("failed"), &Value::Null));
    assert_eq!(failed["engine"], "compose", "also what failed says what was to draw it");
    let detail = failed["failureDetail"].as_str().expect("why");
    assert!(detail.contains("brand was deleted"), "{detail}");
    let balance = ada.person.balance().await;
    assert_eq!((balance.balance, balance.held), (2, 0));
}

/// Shape 400, existence 404/422/409, plan and feature 403, credits 402.
async fn what_is_asked_of_a_request_in_this_order(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    let with = |changes: Value| {
        let mut order = ada.order();
        for (name, value) in changes.as_object().expect("changes") {
            order[name] = value.clone();
        }
        order
    };
    let many: Vec<_> = (0..11).map(|_| NOTHING).collect();
    let long = "x".repeat(2_001);
    for (changes, error) in [
        (json!({ "prompt": "" }), "400 BAD_REQUEST"),
        (json!({ "prompt": long, "brandSessionId": NOTHING }), "400 BAD_REQUEST"),
        (json!({ "prompt": "a\u{0}b" }), "400 BAD_REQUEST"),
        (json!({ "brandSessionId": "x" }), "400 BAD_REQUEST"),
        (json!({ "aspectRatio": "16:10" }), "400 BAD_REQUEST"),
        (json!({ "imageSize": "8K" }), "400 BAD_REQUEST"),
        (json!({ "model": "best" }), "400 BAD_REQUEST"),
        (json!({ "variantCount": 0 }), "400 BAD_REQUEST"),
        (json!({ "variantCount": 6 }), "400 BAD_REQUEST"),
        (json!({ "referenceImageIds": ["x"] }), "400 BAD_REQUEST"),
        (json!({ "referenceImageIds": many }), "400 REFERENCE_LIMIT_EXCEEDED"),
        (json!({ "brandSessionId": NOTHING, "imageSize": "4K" }), "422 BRAND_NOT_FOUND"),
        (json!({ "referenceImageIds": [NOTHING] }), "404 REFERENCE_IMAGE_NOT_FOUND"),
        (json!({}), "402 INSUFFICIENT_CREDITS"),
    ] {
        let answer = ada.generate(&with(changes.clone())).await;
        assert_eq!(answer.error(), error, "{changes}: {answer:?}");
    }
    for (status, error) in [
        ("analyzing", "409 BRAND_NOT_READY"),
        ("failed", "409 BRAND_NOT_READY"),
        ("logo_required", "400 SESSION_MISSING_BRAND_IMAGE"),
    ] {
        ada.set_brand(&format!("status = '{status}'"));
        assert_eq!(ada.generate(&ada.order()).await.error(), error, "{status}");
    }
    let bob = Artist::new(&ada.person.app, "bob").await;
    let foreign = bob.generate(&ada.order()).await;
    assert_eq!(foreign.error(), "422 BRAND_NOT_FOUND");
    assert_eq!(ada.person.app.rows("images"), Vec::<String>::new(), "nothing was written");
}

async fn whoever_asks_for_too_much_keeps_every_credit(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(5, "in_1").await;
    let app = &ada.person.app;
    let own = changes::brought(&ada, &uploads::png(1)).await;
    let before = ada.standing().await;
    let (long, edit) = ("x".repeat(2_001), format!("/{own}/edit"));
    let (brand, many) = (&ada.brand, vec![own.as_str(); 11]);
    for (path, body, error) in [
        ("/generations", json!({ "prompt": long, "brandSessionId": brand }), "400 BAD_REQUEST"),
        (
            "/generations",
            json!({ "prompt": "x", "brandSessionId": brand, "referenceImageIds": many }),
            "400 REFERENCE_LIMIT_EXCEEDED",
        ),
        (
            "/generations",
            json!({ "prompt": "x", "brandSessionId": brand, "variantCount": 6 }),
            "400 BAD_REQUEST",
        ),
        (&edit, json!({ "prompt": long, "brandSessionId": brand }), "400 BAD_REQUEST"),
        (
            &edit,
            json!({ "prompt": "x", "brandSessionId": brand, "referenceImageIds": many[..10] }),
            "400 REFERENCE_LIMIT_EXCEEDED",
        ),
    ] {
        let answer = ada.ask("POST", path, Some(&body)).await;
        assert_eq!(answer.error(), error, "{path}: {answer:?}");
        assert_eq!(ada.standing().await, before, "{path} {error}");
    }
    // Measured in characters and not in bytes; one less is taken.
    let wide = "\u{e9}".repeat(2_001);
    for (arguments, text) in [
        (json!({ "prompt": long }), "2000"),
        (json!({ "prompt": wide }), "2000"),
        (json!({ "prompt": long, "imageId": own }), "2000"),
        (json!({ "prompt": "x", "referenceImageIds": many }), "at most 10"),
        // As by the API, one fewer where an image is changed, which is shown as well.
        (json!({ "prompt": "x", "imageId": own, "referenceImageIds": many[..10] }), "at most 9"),
    ] {
        let mut arguments = arguments;
        arguments["brandSessionId"] = json!(brand);
        let told = tool(app, &ada.person.key, "bloom_generate_image", arguments).await;
        assert_eq!(told["isError"], true, "{told}");
        assert!(told["content"][0]["text"].as_str().expect("why").contains(text), "{text}: {told}");
        assert_eq!(ada.standing().await, before, "{told}");
    }
    let most = json!({ "prompt": "\u{e9}".repeat(2_000), "brandSessionId": brand, "referenceImageIds": many[..10] });
    assert_eq!(ada.generate(&most).await.status, 202);
}

/// The plan, a feature, the payment, then the credits: on both faces, with where to do something about it.
async fn what_bars_a_charge_says_where_to_do_something_about_it(app: App) {
    let app = billed(&app, "closed").await;
    let ada = Artist::new(&app, "ada").await;
    let plan = async |state, name: &str| {
        let order = PlanOrder { state, ..order(ada.person.workspace, name) };
        give(&ada.person, order).await.unwrap();
    };
    let is_barred = async |size: &str, error: &str, is_to_pay: bool| {
        let mut order = ada.order();
        order["imageSize"] = json!(size);
        let answer = ada.generate(&order).await;
        assert_eq!(answer.error(), error, "{size}: {answer:?}");
        let url = "http://localhost:4600/settings#plan";
        let expected = if is_to_pay { json!(url) } else { Value::Null };
        assert_eq!(answer.json()["error"]["data"]["action_url"], expected, "{answer:?}");
        let told = tool(&app, &ada.person.key, "bloom_generate_image", order).await;
        assert_eq!(told["isError"], true, "{told}");
        let text = told["content"][0]["text"].as_str().expect("a text");
        let (_, code) = error.split_once(' ').expect("a code");
        assert!(text.starts_with(code) && text.contains(url), "{error}: {text}");
        answer.text().to_owned()
    };
    let closed = is_barred("4K", "403 FORBIDDEN", false).await;
    assert!(closed.contains("Plan upgrade required"), "{closed}");
    plan(Paused, "trial").await;
    is_barred("4K", "403 FEATURE_NOT_ENTITLED", false).await;
    is_barred("2K", "402 PAYMENT_REQUIRED", true).await;
    plan(Active, "trial").await;
    is_barred("4K", "403 FEATURE_NOT_ENTITLED", false).await;
    is_barred("2K", "402 INSUFFICIENT_CREDITS", true).await;
    // What was bought is spent, and its money given back.
    ada.person.topup(1, "in_1").await;
    let work = ada.person.images("job", 1).await.unwrap();
    ada.person.settle(&work, 0, 1).await.unwrap();
    ada.person.take_back("in_1", 1).await.unwrap();
    let owed = is_barred("2K", "402 INSUFFICIENT_CREDITS", true).await;
    assert!(owed.contains("was given back"), "{owed}");
    assert!(app.rows("images").is_empty() && app.rows("jobs").is_empty());
    plan(Active, "plus").await;
    assert_eq!(ada.generate(&ada.order()).await.error(), "402 INSUFFICIENT_CREDITS", "still owed");
    ada.person.topup(1, "in_2").await;
    assert_eq!(ada.generate(&ada.order()).await.status, 202);
}

async fn whoever_is_over_a_budget_is_led_to_it(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    let (app, person) = (&ada.person.app, &ada.person);
    person.topup(5, "in_1").await;
    person.limit(Budget { total: Cap::new(1).ok(), ..Budget::default() }).await;
    person.images("job", 1).await.unwrap();
    let answer = ada.generate(&ada.order()).await;
    assert_eq!(answer.error(), "402 INSUFFICIENT_CREDITS");
    let error = answer.json()["error"].clone();
    let url = error["data"]["action_url"].as_str().expect("an address").to_owned();
    let path = url.strip_prefix("http://localhost:4600").expect("an address of ours");
    assert!(path.starts_with("/settings/api-keys/") && path.ends_with("/budget"), "{path}");
    let text = error["message"].as_str().expect("a text");
    assert!(text.starts_with("This needs 1 credit, more") && text.contains("1 is spent"), "{text}");
    let told = tool(app, &person.key, "bloom_generate_image", ada.order()).await;
    let text = told["content"][0]["text"].as_str().expect("a text");
    assert!(text.contains(&url) && !text.contains("#plan"), "{text}");
}

async fn asking_twice_under_one_name_asks_once(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(5, "in_1").await;
    let headers = [("idempotency-key", "one")];
    let first = ada.ask_with("POST", "/generations", Some(&ada.order()), &headers).await;
    let second = ada.ask_with("POST", "/generations", Some(&ada.order()), &headers).await;
    assert_eq!((first.status, &first.body), (202, &second.body));
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(ada.person.app.rows("images").len(), 1);
    let mut other = ada.order();
    other["prompt"] = json!("Another");
    let refused = ada.ask_with("POST", "/generations", Some(&other), &headers).await;
    assert_eq!(refused.error(), "422 IDEMPOTENCY_KEY_REUSED");
}

async fn what_is_deleted_while_it_is_made_costs_nothing(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(1, "in_1").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    assert_eq!(ada.ask("DELETE", &format!("/{}", ids[0]), None).await.status, 200);
    ada.work().await;
    assert_eq!(ada.person.balance().await.balance, 1);
    assert_eq!(ada.person.app.rows("jobs"), Vec::<String>::new());
    assert_eq!(ada.files(), 0);
}

/// A job that ends its process each time is given up after a few, and one whose hold is over is not drawn.
async fn an_image_that_nobody_can_make_is_given_up(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(2, "in_1").await;
    let deadly = ada.ids(&ada.generate(&ada.order()).await);
    ada.person.app.database().run("UPDATE jobs SET attempts = 5");
    ada.work().await;
    assert_eq!(ada.image(&deadly[0]).await["status"], "failed");
    assert_eq!(ada.person.balance().await.balance, 2);
    let late = ada.ids(&ada.generate(&ada.order()).await);
    ada.person.app.advance(Duration::from_secs(7 * 3_600));
    ada.person.app.keep_house().await;
    assert_eq!(ada.person.balance().await.balance, 2, "the hold is over");
    ada.work().await;
    assert_eq!(ada.image(&late[0]).await["status"], "failed");
    assert_eq!(ada.person.balance().await.balance, 2);
}

/// Of a job in words that this version does not know, the image is told by what the job is about.
async fn an_image_whose_job_cannot_be_read_fails_and_costs_nothing(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(9, "in_1").await;
    let mut order = ada.order();
    order["variantCount"] = json!(3);
    let ids = ada.ids(&ada.generate(&order).await);
    let set = |id: &str, payload: &str| {
        let set = format!("UPDATE jobs SET payload = {payload} WHERE dedupe = '{id}'");
        ada.person.app.database().run(&set);
    };
    set(&ids[0], "'{\"task\":\"of another version\"}'");
    // One that is read, and costs what nothing costs.
    set(&ids[1], "REPLACE(payload, '\"credits\":1', '\"credits\":-1')");
    ada.work().await;
    for id in &ids[..2] {
        let failed = ada.image(id).await;
        assert_eq!((&failed["status"], &failed["failureReason"]), (&json!("failed"), &Value::Null));
        let detail = failed["failureDetail"].as_str().expect("why");
        assert!(detail.contains("its operator finds the cause"), "{detail}");
    }
    assert_eq!(ada.image(&ids[2]).await["status"], "completed");
    let balance = ada.person.balance().await;
    assert_eq!((balance.balance, balance.held), (8, 0));
    assert_eq!(ada.person.app.rows("jobs"), Vec::<String>::new());
    // Of one that was deleted meanwhile, what is held goes back when the hold is over.
    let gone = ada.ids(&ada.generate(&ada.order()).await);
    set(&gone[0], "'{}'");
    assert_eq!(ada.ask("DELETE", &format!("/{}", gone[0]), None).await.status, 200);
    ada.work().await;
    assert_eq!(ada.person.app.rows("jobs"), Vec::<String>::new());
    ada.person.app.advance(Duration::from_secs(7 * 3_600));
    ada.person.app.keep_house().await;
    let balance = ada.person.balance().await;
    assert_eq!((balance.balance, balance.held), (8, 0));
}
