//! Events in any order: in the end the same is known, and no money has moved twice.

use serde_json::json;

use super::{Event, send, tell};
use crate::credits::person::Person;
use crate::plans::{billed, held, months_of};
use crate::support::{App, at_once, on_both};

on_both!(
    in_every_order_a_subscription_is_the_same,
    all_events_at_once_come_to_the_same,
    an_older_event_never_overwrites_a_newer_state,
    within_a_second_the_end_counts,
);

/// What the provider sends when somebody subscribes, changes the plan, and a payment fails and arrives.
fn events(ada: &Person, round: usize) -> Vec<Event> {
    let id = |name: &str| format!("evt_{name}{round}");
    let updated = "customer.subscription.updated";
    let all = [
        Event::checkout(ada.workspace).at(&id("c"), "checkout.session.completed", 2),
        Event::subscription().at(&id("s"), "customer.subscription.created", 1),
        Event::invoice().at(&id("i"), "invoice.paid", 3),
        Event::subscription().at(&id("u"), updated, 50).priced("price_pro"),
        Event::invoice().at(&id("f"), "invoice.payment_failed", 60),
    ];
    all.map(|event| event.named(&format!("sub_{round}"))).to_vec()
}

/// Every order of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    });
    longer.collect()
}

async fn check(ada: &Person, round: usize) {
    let plan = held(ada).await;
    let state = plan.state.map(bloom_domain::subscriptions::SubscriptionState::as_str);
    assert_eq!((plan.name.as_str(), state), ("pro", Some("past_due")), "round {round}");
    let months = months_of(ada).await;
    // The month is of the plan that was known when it was granted, and it came once.
    assert!(
        ["2027-01-15 50", "2027-01-15 100"].map(|month| vec![month.to_owned()]).contains(&months),
        "round {round}: {months:?}"
    );
}

async fn in_every_order_a_subscription_is_the_same(app: App) {
    let app = billed(&app, "closed").await;
    for (round, order) in orders(5).into_iter().enumerate() {
        let ada = Person::new(&app, &format!("ada{round}")).await;
        let events = events(&ada, round);
        for index in order {
            tell(&app, &events[index]).await;
        }
        check(&ada, round).await;
        let before = app.database().dump();
        for event in &events {
            tell(&app, event).await;
        }
        assert_eq!(app.database().dump(), before, "told again, nothing changes");
    }
}

async fn all_events_at_once_come_to_the_same(app: App) {
    let app = billed(&app, "closed").await;
    for round in 0..8 {
        let ada = Person::new(&app, &format!("ada{round}")).await;
        let events = events(&ada, round);
        let statuses = at_once(25, |n| {
            let (app, event) = (app.clone(), events[(n + round) % 5].clone());
            async move { send(&app, &event).await.status }
        });
        assert!(statuses.await.iter().all(|status| *status == 200), "round {round}");
        check(&ada, round).await;
    }
    assert_eq!(app.rows("billing_events").len(), 8 * 5);
}

async fn an_older_event_never_overwrites_a_newer_state(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    let updated = "customer.subscription.updated";
    let pro = Event::later_subscription(ada.workspace).at("evt_2", updated, 20).priced("price_pro");
    tell(&app, &pro).await;
    for (id, kind, seconds) in [
        ("evt_1", "customer.subscription.created", 1),
        ("evt_3", updated, 19),
        ("evt_4", "customer.subscription.created", 20),
    ] {
        tell(&app, &Event::later_subscription(ada.workspace).at(id, kind, seconds)).await;
        assert_eq!(held(&ada).await.name, "pro", "{id}");
    }
}

async fn within_a_second_the_end_counts(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    let over = Event::later_subscription(ada.workspace)
        .at("evt_1", "customer.subscription.deleted", 20)
        .with("status", json!("canceled"));
    tell(&app, &over).await;
    let updated = Event::later_subscription(ada.workspace);
    tell(&app, &updated.at("evt_9", "customer.subscription.updated", 20)).await;
    assert_eq!(held(&ada).await.name, "trial");
}
