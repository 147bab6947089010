//! What is not taken: a bad signature, what cannot be read, what cannot be meant. Nothing changes.

use std::time::Duration;

use bloom_domain::email::Email;
use bloom_service::audit;
use serde_json::{Value, json};

use super::{Event, WEBHOOK, now, send, signature, tell};
use crate::credits::person::Person;
use crate::plans::{SECRETS, billed, held, without};
use crate::support::{App, on_both};

on_both!(
    without_a_good_signature_nothing_is_taken,
    each_secret_counts_while_one_replaces_the_other,
    a_bad_signature_is_counted_in_the_audit,
    an_unknown_kind_means_nothing,
    a_body_has_at_most_512_kibibytes,
    what_cannot_be_read_or_meant_leaves_nothing_behind,
    what_was_refused_is_taken_once_it_can_be,
    what_is_sold_beside_bloom_means_nothing,
    where_nobody_tells_of_payments_there_is_nothing,
);

async fn without_a_good_signature_nothing_is_taken(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    let before = app.database().dump();
    let (body, at) = (Event::topup(ada.workspace).body(), now(&app));
    let good = signature(SECRETS[0], at, &body);
    let changed = Event::topup(ada.workspace).with("metadata", json!({ "credits": "900" })).body();
    let post = async |body: &[u8], headers: &[(&str, &str)]| {
        app.post_bytes(WEBHOOK, body.to_vec(), headers).await
    };
    for (body, headers) in [
        (&body, vec![]),
        (&body, vec![("stripe-signature", "")]),
        (&body, vec![("stripe-signature", "t=1,v1=abc")]),
        (&body, vec![("stripe-signature", good.as_str()), ("stripe-signature", good.as_str())]),
        (&changed, vec![("stripe-signature", good.as_str())]),
    ] {
        let answer = post(body, &headers).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{headers:?}");
    }
    let other = signature("whsec_nobody_knows_this_one", at, &body);
    let (old, ahead) =
        (signature(SECRETS[0], at - 301, &body), signature(SECRETS[0], at + 301, &body));
    for signed in [other.as_str(), &old, &ahead, &good.replace("v1=", "v0=")] {
        let answer = post(&body, &[("stripe-signature", signed)]).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{signed}");
    }
    // A key opens nothing here, and neither does a cookie.
    let headers = [("x-api-key", ada.key.as_str()), ("stripe-signature", other.as_str())];
    assert_eq!(post(&body, &headers).await.error(), "400 BAD_REQUEST");
    insta::assert_snapshot!(post(&body, &[]).await.summary(), @r#"400 {"error":{"code":"BAD_REQUEST","status":400,"message":"The event was not taken: there is no Stripe-Signature header, or not just one."}}"#);
    assert_eq!(app.database().dump(), before);
    let answer = post(&body, &[("stripe-signature", &good)]).await;
    assert_eq!(answer.status, 200);
    // A signature that somebody has overheard is worth nothing more: the event was taken.
    assert_eq!(post(&body, &[("stripe-signature", &good)]).await.status, 200);
    assert_eq!(ada.story().await, ["granted 10", "granted 100"]);
}

async fn each_secret_counts_while_one_replaces_the_other(app: App) {
    let app = billed(&app, "closed").await;
    let ada = Person::new(&app, "ada").await;
    for (index, secret) in SECRETS.into_iter().enumerate() {
        let event = Event::topup(ada.workspace)
            .at(&format!("evt_{index}"), "checkout.session.completed", 0)
            .with("payment_intent", json!(format!("pi_{index}")));
        let body = event.body();
        let signed = signature(secret, now(&app), &body);
        let junk = signature("whsec_nobody_knows_this_one", now(&app), &body);
        let (_, junk) = junk.split_once(',').unwrap();
        let headers = [("stripe-signature", format!("{signed},{junk},v0=0"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(app.post_bytes(WEBHOOK, body, &headers).await.status, 200, "{secret}");
    }
    assert_eq!(ada.story().await, ["granted 100", "granted 100"]);
}

async fn a_bad_signature_is_counted_in_the_audit(app: App) {
    let app = billed(&app, "trial").await;
    for _ in 0..7 {
        app.post_bytes(WEBHOOK, b"{}".to_vec(), &[("stripe-signature", "t=1,v1=00")]).await;
    }
    let before = app.rows("audit_records").len();
    app.keep_house().await;
    app.advance(Duration::from_secs(60));
    app.keep_house().await;
    let none: Option<&Email> = None;
    let records = audit::list_for(app.service(), &app.operator(), none, 10).await.unwrap();
    assert_eq!(records.len(), before + 1, "one for all of them");
    assert_eq!(records[0].record.event.action, "billing_event.refused");
    let details = &records[0].record.details.as_ref().unwrap().json;
    let details: Value = serde_json::from_str(details).unwrap();
    assert_eq!(details["after"], json!({ "times": 7 }));
}

async fn an_unknown_kind_means_nothing(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    let before = app.database().dump();
    for kind in ["customer.created", "invoice.created", "charge.succeeded", "v2.core.event", "x"] {
        tell(&app, &Event::topup(ada.workspace).at("evt_x", kind, 0)).await;
    }
    let setup = Event::topup(ada.workspace).with("mode", json!("setup"));
    tell(&app, &setup).await;
    let begun = Event::later_subscription(ada.workspace).with("status", json!("incomplete"));
    tell(&app, &begun).await;
    assert_eq!(app.database().dump(), before);
}

async fn a_body_has_at_most_512_kibibytes(app: App) {
    let app = billed(&app, "trial").await;
    let body = vec![b' '; 512 * 1024 + 1];
    let signed = signature(SECRETS[0], now(&app), &body);
    let answer = app.post_bytes(WEBHOOK, body, &[("stripe-signature", &signed)]).await;
    assert_eq!(answer.error(), "413 PAYLOAD_TOO_LARGE");
}

async fn what_cannot_be_read_or_meant_leaves_nothing_behind(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    tell(&app, &Event::topup(ada.workspace)).await;
    let before = app.database().dump();
    for text in ["", "nonsense", "[]", "{}", "{\"id\":\"evt_1\"}", "null"] {
        let signed = signature(SECRETS[0], now(&app), text.as_bytes());
        let headers = [("stripe-signature", signed.as_str())];
        let answer = app.post_bytes(WEBHOOK, text.as_bytes().to_vec(), &headers).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{text}");
    }
    let topup = || Event::topup(ada.workspace).at("evt_2", "checkout.session.completed", 1);
    let credits = |text: &str| topup().with("metadata", json!({ "credits": text }));
    let foreign = json!("01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa");
    let seen = || Event::later_subscription(ada.workspace);
    let refund = |refunded: i64| Event::refund().with("amount_refunded", json!(refunded));
    for (event, part) in [
        (credits("-5"), "expected at least 1 credit"),
        (credits("0"), "expected at least 1 credit"),
        (credits("1.5"), "expected a whole number"),
        (credits("1e3"), "expected a whole number"),
        (credits("99999999999999999999"), "expected at most"),
        (topup().with("client_reference_id", json!("user_7")), "names no workspace"),
        (topup().with("client_reference_id", json!(null)), "names no workspace"),
        (topup().with("client_reference_id", foreign.clone()), "names no workspace of this server"),
        (topup().with("payment_intent", json!("pi \u{0}")), "payment_intent"),
        (topup().put("/id", json!("")), "id: expected"),
        (topup().put("/created", json!(-1)), "created -1 is no time"),
        (topup().put("/created", json!(i64::MAX)), "is no time"),
        (topup().put("/data/object", json!(5)), "data.object"),
        (
            Event::checkout(ada.workspace).with("client_reference_id", foreign.clone()),
            "names no workspace",
        ),
        (
            seen()
                .with("status", json!("canceled"))
                .with("metadata", json!({ "workspace": foreign })),
            "names no workspace",
        ),
        (seen().priced("price_gold"), "no plan has the price price_gold"),
        (seen().with("status", json!("frozen")), "frozen"),
        (seen().with("billing_cycle_anchor", json!(i64::MAX)), "is no time"),
        (seen().with("metadata", json!({ "workspace": "7" })), "names no workspace"),
        (refund(-1), "cannot be"),
        (refund(2_000), "cannot be"),
    ] {
        let answer = send(&app, &event).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{event:?}");
        assert!(answer.text().contains(part), "{part}: {}", answer.text());
    }
    // Whose it is was said before, and is not said anew by somebody else.
    assert_eq!(app.database().dump(), before);
}

async fn what_was_refused_is_taken_once_it_can_be(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    let lacking = without(&app, "plus").await;
    let event = Event::later_subscription(ada.workspace);
    assert_eq!(send(&lacking, &event).await.error(), "400 BAD_REQUEST");
    tell(&app, &event).await;
    assert_eq!(held(&ada).await.name, "plus");
}

async fn what_is_sold_beside_bloom_means_nothing(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    let before = app.rows("subscriptions");
    tell(&app, &Event::subscription().priced("price_of_a_mug")).await;
    tell(&app, &Event::topup(ada.workspace).with("metadata", json!({}))).await;
    let nobodys = Event::checkout(ada.workspace).with("client_reference_id", json!(null));
    tell(&app, &nobodys).await;
    assert_eq!(app.rows("subscriptions"), before);
    assert_eq!(ada.story().await, ["granted 10"]);
}

async fn where_nobody_tells_of_payments_there_is_nothing(app: App) {
    let ada = Person::new(&app, "ada").await;
    assert_eq!(send(&app, &Event::topup(ada.workspace)).await.error(), "404 NOT_FOUND");
    let mut billing = (*crate::plans::billing("trial")).clone();
    billing.webhook_secrets.clear();
    let app = app.again(|options| options.billing = Some(billing.into())).await;
    assert_eq!(send(&app, &Event::topup(ada.workspace)).await.error(), "404 NOT_FOUND");
    let app = billed(&app, "trial").await;
    for method in ["GET", "PUT", "DELETE"] {
        let answer = app.request(method, WEBHOOK, &[]).await;
        assert_eq!(answer.error(), "405 METHOD_NOT_ALLOWED", "{method}");
        assert_eq!(answer.header("allow"), "POST", "{method}");
    }
    let answer = app.request("OPTIONS", WEBHOOK, &[("origin", "https://evil.example")]).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
