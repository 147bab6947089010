//! Subscriptions, from the first event to the last.

use bloom_domain::subscriptions::SubscriptionState::{Active, Canceled, PastDue, Paused, Trialing};
use bloom_service::Error;
use bloom_service::subscriptions::clear;
use serde_json::json;

use super::{Event, send, tell};
use crate::credits::person::Person;
use crate::plans::{billed, give, held, instant, months_of, move_to, order, without};
use crate::support::{App, on_both};

on_both!(
    somebody_subscribes,
    the_shapes_of_a_later_version_are_read,
    each_month_comes_when_it_is_paid_for,
    late_news_of_a_payment_bring_no_month_that_is_not_paid_for,
    a_payment_that_fails_and_one_that_arrives,
    a_larger_and_a_smaller_plan,
    paused_and_resumed,
    a_subscription_ends,
    a_free_trial_and_then_the_first_month,
    the_operators_word_stands_until_it_is_taken_away,
    a_new_subscription_takes_over_from_an_old_one,
    a_plan_that_is_gone_goes_on_as_it_was_agreed,
);

const CREATED: &str = "customer.subscription.created";
const UPDATED: &str = "customer.subscription.updated";
const DELETED: &str = "customer.subscription.deleted";

async fn ada(app: &App) -> Person {
    Person::new(&billed(app, "trial").await, "ada").await
}

/// Somebody who has subscribed to the smallest plan.
async fn subscriber(app: &App) -> Person {
    let ada = ada(app).await;
    for event in [Event::checkout(ada.workspace), Event::subscription(), Event::invoice()] {
        tell(&ada.app, &event).await;
    }
    ada
}

/// A month was paid for, until a time.
fn paid(id: &str, seconds: i64, until: &str) -> Event {
    let until = instant(until).unix_micros() / 1_000_000;
    let event = Event::invoice().at(id, "invoice.paid", seconds);
    event.put("/data/object/lines/data/0/period/end", until.into())
}

async fn somebody_subscribes(app: App) {
    let ada = ada(&app).await;
    tell(&ada.app, &Event::checkout(ada.workspace)).await;
    assert_eq!(held(&ada).await.name, "trial", "so far it is only known whose it is");
    tell(&ada.app, &Event::subscription()).await;
    let plan = held(&ada).await;
    assert_eq!((plan.name.as_str(), plan.state), ("plus", Some(Active)));
    assert_eq!((plan.subscription.as_deref(), plan.next_refresh_at), (Some("sub_1"), None));
    assert_eq!(months_of(&ada).await, [""; 0], "nothing is paid for yet");
    tell(&ada.app, &Event::invoice()).await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
    let plan = held(&ada).await;
    assert_eq!(plan.paid_until, Some(instant("2027-02-15T08:00:00Z")));
    assert_eq!(ada.balance().await.balance, 60);
    let rows = ada.app.rows("audit_records").into_iter().map(|row| row.replace("\"\"", "\""));
    let mut rows = rows.rev();
    let month = rows.next().unwrap();
    assert!(month.contains("credits.granted") && month.contains("server"), "{month}");
    let row = rows.next().unwrap();
    assert!(row.contains("plan.changed") && row.contains("server"), "{row}");
    assert!(
        row.contains(
            r#""after":{"plan":"plus","state":"active","subscription":"sub_1","event":"evt_1Sub"}"#
        ),
        "{row}"
    );
}

async fn the_shapes_of_a_later_version_are_read(app: App) {
    let ada = ada(&app).await;
    tell(&ada.app, &Event::later_subscription(ada.workspace)).await;
    tell(&ada.app, &Event::later_invoice()).await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
    let plan = held(&ada).await;
    assert_eq!(
        (plan.name.as_str(), plan.paid_until),
        ("plus", Some(instant("2027-02-15T08:00:00Z")))
    );
}

async fn each_month_comes_when_it_is_paid_for(app: App) {
    let ada = subscriber(&app).await;
    move_to(&ada.app, "2027-02-15T08:00:00Z");
    ada.app.keep_house().await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"], "it has begun, and is not paid for");
    move_to(&ada.app, "2027-02-15T09:10:00Z");
    tell(&ada.app, &paid("evt_feb", 2_682_600, "2027-03-15T08:00:00Z")).await;
    let months = ["2027-01-15 50", "2027-02-15 50"];
    assert_eq!(months_of(&ada).await, months);
    tell(&ada.app, &paid("evt_feb", 2_682_600, "2027-03-15T08:00:00Z")).await;
    tell(&ada.app, &paid("evt_other", 2_682_601, "2027-03-15T08:00:00Z")).await;
    assert_eq!(months_of(&ada).await, months, "no month comes twice");
    // A year at once: a month's credits each month.
    tell(&ada.app, &paid("evt_year", 2_682_700, "2028-03-15T08:00:00Z")).await;
    for time in ["2027-03-15T08:00:00Z", "2027-06-20T00:00:00Z", "2028-03-14T00:00:00Z"] {
        move_to(&ada.app, time);
        ada.app.keep_house().await;
    }
    let months = months_of(&ada).await;
    assert_eq!(months[2..], ["2027-03-15 50", "2027-06-15 50", "2028-02-15 50"]);
    move_to(&ada.app, "2028-03-15T08:00:00Z");
    ada.app.keep_house().await;
    assert_eq!(months_of(&ada).await, months, "the year is over");
    assert_eq!(held(&ada).await.next_refresh_at, None);
}

async fn late_news_of_a_payment_bring_no_month_that_is_not_paid_for(app: App) {
    let ada = ada(&app).await;
    tell(&ada.app, &Event::checkout(ada.workspace)).await;
    tell(&ada.app, &Event::subscription()).await;
    move_to(&ada.app, "2027-02-20T00:00:00Z");
    tell(&ada.app, &Event::invoice()).await;
    ada.app.keep_house().await;
    // Those of the month that was paid for would have ended by now.
    assert_eq!(months_of(&ada).await, [""; 0]);
    tell(&ada.app, &paid("evt_2", 3_000_000, "2027-03-15T08:00:00Z")).await;
    assert_eq!(months_of(&ada).await, ["2027-02-15 50"]);
}

async fn a_payment_that_fails_and_one_that_arrives(app: App) {
    let ada = subscriber(&app).await;
    move_to(&ada.app, "2027-02-15T09:10:00Z");
    let failed = Event::invoice().at("evt_f", "invoice.payment_failed", 2_682_600);
    tell(&ada.app, &failed).await;
    assert_eq!(held(&ada).await.state, Some(PastDue));
    let past_due =
        Event::subscription().at("evt_p", UPDATED, 2_682_601).with("status", json!("past_due"));
    tell(&ada.app, &past_due).await;
    assert_eq!(held(&ada).await.state, Some(PastDue));
    ada.app.keep_house().await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
    assert_eq!(ada.images("job", 1).await.map(drop), Ok(()), "the plan goes on meanwhile");
    tell(&ada.app, &paid("evt_ok", 2_700_000, "2027-03-15T08:00:00Z")).await;
    assert_eq!(held(&ada).await.state, Some(Active));
    assert_eq!(months_of(&ada).await, ["2027-01-15 50", "2027-02-15 50"]);
    // The provider gives up on another, and keeps the subscription.
    let unpaid =
        Event::subscription().at("evt_u", UPDATED, 2_800_000).with("status", json!("unpaid"));
    tell(&ada.app, &unpaid).await;
    assert_eq!(held(&ada).await.state, Some(Paused));
    assert_eq!(ada.images("more", 1).await.unwrap_err(), Error::PaymentRequired);
}

async fn a_larger_and_a_smaller_plan(app: App) {
    let ada = subscriber(&app).await;
    let larger = Event::subscription().at("evt_up", UPDATED, 864_000).priced("price_pro");
    tell(&ada.app, &larger).await;
    let plan = held(&ada).await;
    assert_eq!((plan.name.as_str(), plan.monthly), ("pro", 100));
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"], "from the next month on");
    move_to(&ada.app, "2027-02-15T09:00:00Z");
    tell(&ada.app, &paid("evt_2", 2_682_000, "2027-03-15T08:00:00Z")).await;
    let smaller = Event::subscription().at("evt_down", UPDATED, 2_700_000).priced("price_trial");
    tell(&ada.app, &smaller).await;
    let large =
        bloom_domain::credits::PaidWork::Edit { size: bloom_domain::credits::ImageSize::FourK };
    let refused = ada.hold("large", large, crate::credits::person::LONG).await.unwrap_err();
    assert!(matches!(refused, Error::FeatureNotEntitled(_)), "{refused:?}");
    assert_eq!(ada.balance().await.monthly, 100, "what the month has brought stays");
    move_to(&ada.app, "2027-03-15T09:00:00Z");
    tell(&ada.app, &paid("evt_3", 5_100_000, "2027-04-15T08:00:00Z")).await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50", "2027-02-15 100"]);
    // A change that begins the months anew, as the provider does it when it is told to.
    let start = instant("2027-03-20T00:00:00Z").unix_micros() / 1_000_000;
    let anew = Event::subscription()
        .at("evt_anew", UPDATED, 5_500_000)
        .priced("price_max")
        .with("billing_cycle_anchor", start.into())
        .with("current_period_start", start.into());
    move_to(&ada.app, "2027-03-20T00:00:01Z");
    tell(&ada.app, &anew).await;
    tell(&ada.app, &paid("evt_4", 5_500_001, "2027-04-20T00:00:00Z")).await;
    assert_eq!(months_of(&ada).await[2..], ["2027-03-20 200"]);
}

async fn paused_and_resumed(app: App) {
    let ada = subscriber(&app).await;
    let paused = Event::subscription()
        .at("evt_p", "customer.subscription.paused", 100)
        .with("status", json!("paused"));
    tell(&ada.app, &paused).await;
    assert_eq!(held(&ada).await.state, Some(Paused));
    assert_eq!(ada.images("job", 1).await.unwrap_err(), Error::PaymentRequired);
    assert_eq!(ada.app.account(&ada.key).await.status, 200, "reads go on");
    tell(&ada.app, &Event::subscription().at("evt_r", "customer.subscription.resumed", 200)).await;
    assert_eq!(held(&ada).await.state, Some(Active));
    ada.images("job", 1).await.unwrap();
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
}

async fn a_subscription_ends(app: App) {
    let ada = subscriber(&app).await;
    let deleted = Event::subscription().at("evt_d", DELETED, 500).with("status", json!("canceled"));
    tell(&ada.app, &deleted).await;
    let plan = held(&ada).await;
    assert_eq!((plan.name.as_str(), plan.state), ("trial", Some(Canceled)));
    assert_eq!(ada.balance().await.balance, 60, "the month is paid for");
    move_to(&ada.app, "2027-02-16T00:00:00Z");
    ada.app.keep_house().await;
    assert_eq!(ada.balance().await.balance, 10);
    // Money that comes afterwards begins nothing.
    tell(&ada.app, &paid("evt_late", 3_000_000, "2027-03-15T08:00:00Z")).await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
}

async fn a_free_trial_and_then_the_first_month(app: App) {
    let ada = ada(&app).await;
    tell(&ada.app, &Event::checkout(ada.workspace)).await;
    // A week for nothing; the provider counts months from its end.
    let end = 1_800_000_000 + 7 * 86_400;
    let trial = Event::subscription()
        .with("status", json!("trialing"))
        .with("billing_cycle_anchor", json!(end))
        .with("current_period_end", json!(end));
    tell(&ada.app, &trial).await;
    tell(&ada.app, &paid("evt_0", 1, "2027-01-22T08:00:00Z")).await;
    assert_eq!(held(&ada).await.state, Some(Trialing));
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
    move_to(&ada.app, "2027-01-22T09:00:00Z");
    let begun = Event::subscription()
        .at("evt_b", UPDATED, 604_800)
        .with("billing_cycle_anchor", json!(end))
        .with("current_period_start", json!(end));
    tell(&ada.app, &begun).await;
    tell(&ada.app, &paid("evt_1", 604_801, "2027-02-22T08:00:00Z")).await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50", "2027-01-22 50"]);
}

async fn the_operators_word_stands_until_it_is_taken_away(app: App) {
    let ada = subscriber(&app).await;
    give(&ada, order(ada.workspace, "max")).await.unwrap();
    let paused = Event::subscription().at("evt_p", UPDATED, 100).with("status", json!("paused"));
    tell(&ada.app, &paused).await;
    let plan = held(&ada).await;
    assert_eq!((plan.name.as_str(), plan.state, plan.is_operators), ("max", Some(Active), true));
    clear(ada.app.service(), &ada.app.operator(), ada.workspace).await.unwrap();
    let plan = held(&ada).await;
    assert_eq!((plan.name.as_str(), plan.state, plan.is_operators), ("plus", Some(Paused), false));
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
}

async fn a_new_subscription_takes_over_from_an_old_one(app: App) {
    let ada = subscriber(&app).await;
    let over = Event::subscription().at("evt_d", DELETED, 500).with("status", json!("canceled"));
    tell(&ada.app, &over).await;
    move_to(&ada.app, "2027-01-25T00:00:00Z");
    let start = instant("2027-01-25T00:00:00Z").unix_micros() / 1_000_000;
    let again = Event::later_subscription(ada.workspace)
        .at("evt_n", CREATED, 834_000)
        .priced("price_max")
        .with("created", start.into())
        .with("billing_cycle_anchor", start.into())
        .put("/data/object/items/data/0/current_period_start", start.into())
        .named("sub_2");
    tell(&ada.app, &again).await;
    tell(&ada.app, &paid("evt_n2", 834_001, "2027-02-25T00:00:00Z").named("sub_2")).await;
    assert_eq!(held(&ada).await.name, "max");
    assert_eq!(months_of(&ada).await, ["2027-01-15 50", "2027-01-25 200"]);
    // Late news of the old one.
    tell(&ada.app, &over.at("evt_d2", UPDATED, 900_000)).await;
    assert_eq!(held(&ada).await.name, "max");
}

async fn a_plan_that_is_gone_goes_on_as_it_was_agreed(app: App) {
    let ada = subscriber(&app).await;
    let ada = ada.before(&without(&ada.app, "plus").await);
    move_to(&ada.app, "2027-02-15T08:30:00Z");
    tell(&ada.app, &Event::subscription().at("evt_2", UPDATED, 2_680_000)).await;
    tell(&ada.app, &paid("evt_3", 2_680_001, "2027-03-15T08:00:00Z")).await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50", "2027-02-15 50"]);
    let plan = held(&ada).await;
    assert_eq!((plan.name.as_str(), plan.plan.is_none()), ("plus", true));
    // Another price that no plan has is not taken, and the provider sends it again.
    let other = Event::subscription().at("evt_4", UPDATED, 2_690_000).priced("price_gold");
    assert_eq!(send(&ada.app, &other).await.error(), "400 BAD_REQUEST");
    let over =
        Event::subscription().at("evt_5", DELETED, 2_700_000).with("status", json!("canceled"));
    tell(&ada.app, &over).await;
    assert_eq!(held(&ada).await.name, "trial");
}
