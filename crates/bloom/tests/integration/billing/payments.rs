//! Credits that are bought, and money that is given back.

use std::time::Duration;

use bloom_domain::email::Email;
use bloom_domain::subscriptions::SubscriptionState;
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_service::accounts::deletion;
use serde_json::json;

use super::{Event, send, tell};
use crate::credits::person::Person;
use crate::plans::{billed, held};
use crate::support::{App, PASSWORD, at_once, on_both};
use crate::teams::team;

on_both!(
    bought_credits_come_once_however_often_it_is_told,
    fifty_at_once_are_one,
    one_payment_under_many_events_is_one,
    money_on_its_way_brings_nothing_yet,
    a_refund_takes_what_is_left_and_the_rest_is_owed,
    a_part_of_the_money_takes_a_part_of_the_credits,
    a_refund_may_be_heard_of_first,
    a_refund_of_something_else_takes_nothing,
    in_every_order_the_same_is_left,
    what_is_bought_for_a_deleted_team_waits_for_its_restoration,
    nobody_pays_for_a_team_that_is_gone,
    nobody_pays_for_what_a_deleted_account_had,
);

async fn ada(app: &App) -> Person {
    Person::new(&billed(app, "closed").await, "ada").await
}

async fn bought_credits_come_once_however_often_it_is_told(app: App) {
    let ada = ada(&app).await;
    let topup = Event::topup(ada.workspace);
    for _ in 0..3 {
        tell(&ada.app, &topup).await;
    }
    let grant = ada.grant_of("topup:pi_Topup").await;
    assert_eq!((grant.amount.get(), grant.buckets.available), (100, 100));
    assert_eq!(ada.story().await, ["granted 100"]);
    assert_eq!(ada.app.rows("billing_events").len(), 1);
    let row = ada.app.rows("audit_records").pop().unwrap();
    assert!(row.contains("credits.granted") && row.contains("server"), "{row}");
    // It is the event that is done, whatever else comes under its id.
    tell(&ada.app, &topup.clone().with("payment_intent", json!("pi_other"))).await;
    assert_eq!(ada.story().await, ["granted 100"]);
    // A name for the payment in the metadata will do, too.
    let named = topup
        .at("evt_2", "checkout.session.completed", 5)
        .with("client_reference_id", json!(null))
        .with("payment_intent", json!({ "id": "pi_2", "object": "payment_intent" }))
        .with("metadata", json!({ "credits": "7", "workspace": ada.workspace.to_string() }));
    tell(&ada.app, &named).await;
    assert_eq!(ada.balance_of_ledger().await, 107);
}

async fn fifty_at_once_are_one(app: App) {
    let ada = ada(&app).await;
    let answers = at_once(50, |_| {
        let (app, topup) = (ada.app.clone(), Event::topup(ada.workspace));
        async move { send(&app, &topup).await.status }
    });
    let answers = answers.await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(ada.story().await, ["granted 100"]);
    assert_eq!(ada.app.rows("billing_events").len(), 1);
    let refunds = at_once(50, |_| {
        let app = ada.app.clone();
        async move { send(&app, &Event::refund()).await.status }
    });
    assert!(refunds.await.iter().all(|status| *status == 200));
    assert_eq!(ada.story().await, ["granted 100", "taken_back 100"]);
}

async fn one_payment_under_many_events_is_one(app: App) {
    let ada = ada(&app).await;
    let answers = at_once(50, |n| {
        let kind = match n % 2 {
            0 => "checkout.session.completed",
            _ => "checkout.session.async_payment_succeeded",
        };
        let topup = Event::topup(ada.workspace).at(&format!("evt_{n}"), kind, 0);
        let app = ada.app.clone();
        async move { send(&app, &topup).await.status }
    });
    assert!(answers.await.iter().all(|status| *status == 200));
    assert_eq!(ada.story().await, ["granted 100"]);
    // Other credits for that payment: somebody is wrong.
    let other = Event::topup(ada.workspace)
        .at("evt_x", "checkout.session.completed", 1)
        .with("metadata", json!({ "credits": "101" }));
    assert_eq!(send(&ada.app, &other).await.error(), "400 BAD_REQUEST");
    assert_eq!(ada.story().await, ["granted 100"]);
}

async fn money_on_its_way_brings_nothing_yet(app: App) {
    let ada = ada(&app).await;
    let unpaid = Event::topup(ada.workspace).with("payment_status", json!("unpaid"));
    tell(&ada.app, &unpaid).await;
    assert!(ada.story().await.is_empty());
    let arrived =
        Event::topup(ada.workspace).at("evt_2", "checkout.session.async_payment_succeeded", 60);
    tell(&ada.app, &arrived).await;
    assert_eq!(ada.story().await, ["granted 100"]);
}

async fn a_refund_takes_what_is_left_and_the_rest_is_owed(app: App) {
    let app = billed(&app, "plain").await;
    let ada = Person::new(&app, "ada").await;
    tell(&app, &Event::topup(ada.workspace)).await;
    for n in 0..8 {
        let work = ada.images(&format!("job-{n}"), 5).await.unwrap();
        for item in 0..5 {
            ada.settle(&work, item, 1).await.unwrap();
        }
    }
    tell(&app, &Event::refund()).await;
    let standing = ada.ledger().await.standing;
    assert_eq!((standing.available, standing.debt), (0, 40));
    assert_eq!(
        ada.images("more", 1).await.unwrap_err(),
        bloom_service::Error::CreditsOwed { debt: 40 }
    );
    // What is bought next makes up for it first.
    let next = Event::topup(ada.workspace)
        .at("evt_next", "checkout.session.completed", 7_200)
        .with("payment_intent", json!("pi_next"));
    tell(&app, &next).await;
    let standing = ada.ledger().await.standing;
    assert_eq!((standing.available, standing.debt), (60, 0));
    ada.images("more", 1).await.unwrap();
}

async fn a_part_of_the_money_takes_a_part_of_the_credits(app: App) {
    let ada = ada(&app).await;
    tell(&ada.app, &Event::topup(ada.workspace)).await;
    let refund = |id: &str, seconds, refunded: i64| {
        Event::refund().at(id, "charge.refunded", seconds).with("amount_refunded", json!(refunded))
    };
    tell(&ada.app, &refund("evt_r1", 10, 475)).await;
    assert_eq!(ada.balance_of_ledger().await, 75);
    tell(&ada.app, &refund("evt_r2", 20, 950)).await;
    assert_eq!(ada.balance_of_ledger().await, 50);
    // An older sum that comes late changes nothing.
    tell(&ada.app, &refund("evt_r0", 5, 190)).await;
    assert_eq!(ada.balance_of_ledger().await, 50);
    tell(&ada.app, &refund("evt_r3", 30, 1_900)).await;
    assert_eq!(ada.balance_of_ledger().await, 0);
    assert_eq!(
        ada.story().await,
        ["granted 100", "taken_back 25", "taken_back 25", "taken_back 50"]
    );
}

async fn a_refund_may_be_heard_of_first(app: App) {
    let ada = ada(&app).await;
    tell(&ada.app, &Event::refund().with("amount_refunded", json!(475))).await;
    assert!(ada.story().await.is_empty());
    tell(&ada.app, &Event::topup(ada.workspace)).await;
    assert_eq!(ada.story().await, ["granted 100", "taken_back 25"]);
    assert_eq!(ada.balance_of_ledger().await, 75);
}

async fn a_refund_of_something_else_takes_nothing(app: App) {
    let ada = ada(&app).await;
    tell(&ada.app, &Event::topup(ada.workspace)).await;
    let other = Event::refund().with("payment_intent", json!("pi_Sub"));
    tell(&ada.app, &other).await;
    let without = Event::refund().at("evt_2", "charge.refunded", 1);
    tell(&ada.app, &without.with("payment_intent", json!(null))).await;
    assert_eq!(ada.story().await, ["granted 100"]);
}

/// Bought, a part given back, more of it given back; told at once, each twice.
async fn in_every_order_the_same_is_left(app: App) {
    let app = billed(&app, "closed").await;
    for round in 0..6 {
        let ada = Person::new(&app, &format!("ada{round}")).await;
        let payment = json!(format!("pi_{round}"));
        let part = |name: &str, seconds, refunded: i64| {
            Event::refund()
                .at(&format!("evt_{name}{round}"), "charge.refunded", seconds)
                .with("payment_intent", payment.clone())
                .with("amount_refunded", json!(refunded))
        };
        let bought = Event::topup(ada.workspace)
            .at(&format!("evt_b{round}"), "checkout.session.completed", 0)
            .with("payment_intent", payment.clone());
        let events = [bought, part("p", 5, 475), part("q", 6, 1_140)];
        let statuses = at_once(24, |n| {
            let (app, event) = (app.clone(), events[(n + round) % 3].clone());
            async move { send(&app, &event).await.status }
        });
        assert!(statuses.await.iter().all(|status| *status == 200));
        assert_eq!(ada.balance_of_ledger().await, 40, "round {round}");
    }
}

/// Somebody with a team, which may be had by the plan.
async fn owner_of_a_team(app: &App) -> Person {
    let app = billed(app, "plain").await;
    let mut browser = app.person("ada").await;
    let key = browser.create_key("ci").await.secret;
    let ada = Person::of(&app, browser.email(), &key).await;
    let workspace = team(&mut browser, "Acme").await.parse().unwrap();
    Person { workspace, choice: WorkspaceChoice::Team(workspace), ..ada }
}

async fn signed_in(app: &App) -> crate::support::Browser {
    let mut browser = app.browser();
    browser.sign_in("ada@example.com", PASSWORD).await;
    browser
}

async fn delete_team(ada: &Person) {
    let path = format!("/settings/workspaces/{}/delete", ada.workspace);
    let answer = signed_in(&ada.app).await.post(&path, &[("name", "Acme")]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

async fn what_is_bought_for_a_deleted_team_waits_for_its_restoration(app: App) {
    let ada = owner_of_a_team(&app).await;
    delete_team(&ada).await;
    tell(&ada.app, &Event::topup(ada.workspace)).await;
    let path = format!("/settings/workspaces/{}/restore", ada.workspace);
    assert_eq!(signed_in(&ada.app).await.post(&path, &[]).await.status, 303);
    assert_eq!(ada.balance().await.balance, 100);
}

async fn nobody_pays_for_a_team_that_is_gone(app: App) {
    let ada = owner_of_a_team(&app).await;
    let page = format!("/settings/workspaces/{}", ada.workspace);
    let warns =
        async |words: &str| signed_in(&ada.app).await.get(&page).await.text().contains(words);
    let (before, after) =
        ("Deleting the workspace does not cancel it", "Its plan is still paid for");
    assert!(!warns(before).await);
    for event in [Event::checkout(ada.workspace), Event::subscription(), Event::invoice()] {
        tell(&ada.app, &event).await;
    }
    assert!(warns(before).await, "whoever deletes it is told that it is paid for");
    delete_team(&ada).await;
    assert!(warns(after).await && !warns(before).await);
    ada.app.advance(Duration::from_secs(30 * 86_400));
    // It is gone from this instant on, whether or not what was in it is removed already.
    for is_empty in [false, true] {
        if is_empty {
            ada.app.keep_house().await;
        }
        let before = ada.app.database().dump();
        let paid = Event::invoice().at("evt_feb", "invoice.paid", 2_682_600);
        let paid = paid.put("/data/object/lines/data/0/period/end", json!(1_805_000_000));
        let begun = Event::later_subscription(ada.workspace).named("sub_2");
        let late = Event::topup(ada.workspace).at("evt_late", "checkout.session.completed", 9);
        for event in [late, paid, begun] {
            let answer = send(&ada.app, &event).await;
            assert_eq!(answer.error(), "400 BAD_REQUEST", "{event:?}");
            assert!(answer.text().contains("names no workspace of this server"), "{answer:?}");
        }
        assert_eq!(ada.app.database().dump(), before, "nothing of it is left");
    }
    // That it is over is heard, so that the provider does not tell it for days.
    let over = Event::subscription()
        .at("evt_over", "customer.subscription.deleted", 2_700_000)
        .with("status", json!("canceled"));
    tell(&ada.app, &over).await;
    assert_eq!(held(&ada).await.state, Some(SubscriptionState::Canceled));
}

async fn nobody_pays_for_what_a_deleted_account_had(app: App) {
    let ada = ada(&app).await;
    let email = Email::parse("ada@example.com").unwrap();
    deletion::delete_for(ada.app.service(), &ada.app.operator(), &email).await.unwrap();
    let before = ada.app.database().dump();
    let answer = send(&ada.app, &Event::topup(ada.workspace)).await;
    assert_eq!(answer.error(), "400 BAD_REQUEST");
    assert_eq!(ada.app.database().dump(), before);
    // Money of something that was bought before can be given back.
    tell(&ada.app, &Event::refund()).await;
}
