//! The credits of each month: their day, and what a change of plan does to them.

use std::time::Duration;

use bloom_domain::subscriptions::SubscriptionState::{Active, Canceled, Paused};
use bloom_service::Error;
use bloom_service::subscriptions::PlanOrder;

use super::{billed, give, held, instant, months_of, move_to, order};
use crate::credits::person::Person;
use crate::support::{App, on_both};

on_both!(
    months_keep_their_day_when_the_plan_changes,
    another_anchor_begins_a_month_of_its_own,
    what_is_paused_brings_nothing_and_goes_on_where_it_was,
    what_is_over_brings_nothing_more,
    a_plan_without_credits_brings_none,
);

/// 31 January, 28 February, 31 March; a larger plan's credits come with the next month.
async fn months_keep_their_day_when_the_plan_changes(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    move_to(&app, "2027-01-31T10:00:00Z");
    let plan = give(&ada, order(ada.workspace, "plus")).await.unwrap();
    assert_eq!(plan.next_refresh_at, Some(instant("2027-02-28T10:00:00Z")));
    assert_eq!(ada.balance().await.monthly, 50, "the first come at once");
    move_to(&app, "2027-02-10T00:00:00Z");
    let plan = give(&ada, order(ada.workspace, "max")).await.unwrap();
    assert_eq!((plan.monthly, plan.next_refresh_at), (200, Some(instant("2027-02-28T10:00:00Z"))));
    assert_eq!(ada.balance().await.monthly, 50, "no month comes twice");
    move_to(&app, "2027-02-28T09:59:59Z");
    app.keep_house().await;
    assert_eq!(months_of(&ada).await, ["2027-01-31 50"]);
    move_to(&app, "2027-02-28T10:00:00Z");
    app.keep_house().await;
    assert_eq!(months_of(&ada).await, ["2027-01-31 50", "2027-02-28 200"]);
    assert_eq!(ada.balance().await.monthly, 200, "what was not used has ended");
    // A smaller plan: what this month has brought stays.
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    assert_eq!(ada.balance().await.monthly, 200);
    move_to(&app, "2027-03-31T10:00:00Z");
    app.keep_house().await;
    let months = ["2027-01-31 50", "2027-02-28 200", "2027-03-31 50"];
    assert_eq!(months_of(&ada).await, months);
    assert_eq!(held(&ada).await.next_refresh_at, Some(instant("2027-04-30T10:00:00Z")));
}

async fn another_anchor_begins_a_month_of_its_own(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    move_to(&app, "2027-01-20T12:00:00Z");
    let now = Some(app.service().now());
    give(&ada, PlanOrder { anchor: now, ..order(ada.workspace, "pro") }).await.unwrap();
    assert_eq!(months_of(&ada).await, ["2027-01-15 50", "2027-01-20 100"]);
    let ahead = Some(instant("2027-03-01T00:00:00Z"));
    let plan =
        give(&ada, PlanOrder { anchor: ahead, ..order(ada.workspace, "pro") }).await.unwrap();
    assert_eq!(plan.next_refresh_at, ahead, "the first month is ahead");
    app.advance(Duration::from_secs(35 * 86_400));
    app.keep_house().await;
    assert_eq!(months_of(&ada).await.len(), 2);
    move_to(&app, "2027-03-01T00:00:00Z");
    app.keep_house().await;
    assert_eq!(months_of(&ada).await[2], "2027-03-01 100");
}

async fn what_is_paused_brings_nothing_and_goes_on_where_it_was(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    let state = async |state| {
        give(&ada, PlanOrder { state, ..order(ada.workspace, "plus") }).await.unwrap()
    };
    state(Active).await;
    let work = ada.images("job", 3).await.unwrap();
    let plan = state(Paused).await;
    assert_eq!((plan.monthly, plan.next_refresh_at), (0, None));
    assert_eq!(ada.images("more", 1).await.unwrap_err(), Error::PaymentRequired);
    assert_eq!(ada.balance().await.balance, 57, "they are still there");
    assert!(ada.settle(&work, 0, 1).await.unwrap().is_new, "what runs goes on");
    // The same month again: it came before.
    assert_eq!(state(Active).await.next_refresh_at, Some(instant("2027-02-15T08:00:00Z")));
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
    state(Paused).await;
    move_to(&app, "2027-03-20T00:00:00Z");
    app.keep_house().await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
    let plan = state(Active).await;
    assert_eq!(plan.next_refresh_at, Some(instant("2027-04-15T08:00:00Z")));
    assert_eq!(months_of(&ada).await, ["2027-01-15 50", "2027-03-15 50"]);
    ada.images("again", 1).await.unwrap();
}

async fn what_is_over_brings_nothing_more(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    let over = PlanOrder { state: Canceled, ..order(ada.workspace, "plus") };
    let plan = give(&ada, over).await.unwrap();
    assert_eq!((plan.name.as_str(), plan.state), ("trial", Some(Canceled)));
    assert_eq!(ada.balance().await.monthly, 50, "this month is paid for");
    app.advance(Duration::from_secs(32 * 86_400));
    app.keep_house().await;
    assert_eq!(ada.balance().await.balance, 10);
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
}

async fn a_plan_without_credits_brings_none(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    let plan = give(&ada, order(ada.workspace, "trial")).await.unwrap();
    assert_eq!((plan.monthly, plan.next_refresh_at), (0, None));
    app.advance(Duration::from_secs(32 * 86_400));
    app.keep_house().await;
    assert_eq!(months_of(&ada).await, ["2027-01-15 50"]);
}
