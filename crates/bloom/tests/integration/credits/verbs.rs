//! Grants, holds and their ends, one at a time.

use std::time::Duration;

use bloom_domain::audit::Actor;
use bloom_domain::credits::{GrantKind, ImageSize, ItemState, PaidWork};
use bloom_service::credits::{holds, monthly};
use bloom_service::{Error, audit};
use serde_json::{Value, json};

use super::person::{LONG, Person, amount, metered};
use crate::support::{App, on_both};

on_both!(
    a_job_holds_and_each_image_ends_by_itself,
    what_ends_counts_for_nothing_from_the_instant_on,
    a_void_onto_what_has_ended_is_a_refund_of_seven_days,
    a_dead_job_is_voided,
    a_topup_is_taken_back_once_and_the_rest_is_owed,
    months_come_once_each_and_only_the_running_one,
    months_are_recorded_and_so_is_who_set_them,
    where_credits_are_unlimited_movements_are_written_too,
    what_a_job_did_not_need_where_credits_are_unlimited_is_no_gift,
    nobody_spends_for_another,
    what_cannot_be_granted,
    a_reference_names_one_thing,
    an_item_is_settled_within_what_it_holds,
    a_grant_is_open_while_something_of_it_is_left,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn a_job_holds_and_each_image_ends_by_itself(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(10, "in_1").await;
    let four = PaidWork::Generate { size: ImageSize::FourK, variants: 3 };
    let held = ada.hold("job", four, LONG).await.unwrap();
    assert_eq!(held.state.items, [ItemState::Held { credits: 2 }; 3]);
    let balance = ada.balance().await;
    assert_eq!((balance.balance, balance.held, balance.topup), (4, 6, 4));
    assert!(ada.settle(&held.work, 0, 2).await.unwrap().is_new);
    let end = ada.void(&held.work, 1).await.unwrap();
    assert_eq!((end.settled, end.voided, end.is_new), (0, 2, true));
    let balance = ada.balance().await;
    assert_eq!((balance.balance, balance.held), (6, 2));
    assert!(holds::is_live(ada.app.service(), &held.work).await.unwrap());
    ada.settle(&held.work, 2, 1).await.unwrap();
    assert!(!holds::is_live(ada.app.service(), &held.work).await.unwrap());
    let story = ada.story().await;
    let expected = ["granted 10", "held 6", "settled 2", "voided 2", "settled 1", "voided 1"];
    assert_eq!(story, expected);
    let lines = ada.movements().await;
    let last = lines.last().unwrap();
    assert_eq!(last.operation, "images.generate");
    assert_eq!(last.hold.as_ref().unwrap().1, "job");
    assert_eq!(last.spender.unwrap().account, ada.principal().await.account_id());
    // The job asks again, long after: the answer is how it stands.
    let again = ada.hold("job", four, LONG).await.unwrap();
    let ended = |settled, voided| ItemState::Ended { settled, voided };
    assert!(!again.is_new);
    assert_eq!(again.state.items, [ended(2, 0), ended(0, 2), ended(1, 1)]);
}

async fn what_ends_counts_for_nothing_from_the_instant_on(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    let ends = ada.app.service().now().plus(DAY);
    ada.grant(GrantKind::Promo, 3, "p", Some(ends)).await.unwrap();
    ada.app.advance(DAY - Duration::from_micros(1));
    assert_eq!(ada.balance().await.balance, 3);
    ada.app.advance(Duration::from_micros(1));
    // Nobody has swept yet.
    assert_eq!(ada.balance().await.balance, 0);
    let refused = ada.images("job", 1).await.unwrap_err();
    assert_eq!(refused, Error::InsufficientCredits { balance: 0, needed: 1 });
    assert_eq!(ada.ledger().await.grants[0].buckets.available, 3);
    ada.app.keep_house().await;
    ada.app.keep_house().await;
    assert_eq!(ada.ledger().await.grants[0].buckets.expired, 3);
    assert_eq!(ada.story().await, ["granted 3", "expired 3"]);
}

async fn a_void_onto_what_has_ended_is_a_refund_of_seven_days(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    let ends = ada.app.service().now().plus(DAY);
    ada.grant(GrantKind::Promo, 3, "p", Some(ends)).await.unwrap();
    let held = ada.hold("job", PaidWork::Resize, 3 * DAY).await.unwrap();
    ada.app.advance(2 * DAY);
    ada.void(&held.work, 0).await.unwrap();
    assert_eq!(ada.balance().await.balance, 1);
    let refund = ada.ledger().await.grants.pop().unwrap();
    assert_eq!((refund.kind, refund.amount), (GrantKind::Refund, amount(1)));
    assert_eq!(refund.expires, ada.app.service().now().plus(7 * DAY));
    assert!(!ada.void(&held.work, 0).await.unwrap().is_new);
    assert_eq!(ada.balance().await.balance, 1, "once");
    ada.app.advance(7 * DAY);
    assert_eq!(ada.balance().await.balance, 0);
}

async fn a_dead_job_is_voided(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(5, "in_1").await;
    let work = ada.images("job", 3).await.unwrap();
    ada.settle(&work, 0, 1).await.unwrap();
    ada.app.advance(LONG - Duration::from_micros(1));
    ada.app.keep_house().await;
    assert!(holds::is_live(ada.app.service(), &work).await.unwrap());
    ada.app.advance(Duration::from_micros(1));
    // Dead before it is voided: nothing that costs money may begin.
    assert!(!holds::is_live(ada.app.service(), &work).await.unwrap());
    let operator = ada.app.operator();
    let taken = holds::take_up(ada.app.service(), &operator, work.hold()).await.unwrap();
    assert!(taken.is_none());
    ada.app.keep_house().await;
    ada.app.keep_house().await;
    assert_eq!(ada.story().await, ["granted 5", "held 3", "settled 1", "voided 2"]);
    // Its worker was only slow: what it did is told how it ended.
    let end = ada.settle(&work, 1, 1).await.unwrap();
    assert_eq!((end.settled, end.voided, end.is_new), (0, 1, false));
}

async fn a_topup_is_taken_back_once_and_the_rest_is_owed(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(10, "in_1").await;
    let work = ada.images("job", 4).await.unwrap();
    ada.settle(&work, 0, 1).await.unwrap();
    // Webhooks come twice, and in any order.
    for total in [3, 10, 3, 10] {
        ada.take_back("in_1", total).await.unwrap();
    }
    let standing = ada.ledger().await.standing;
    assert_eq!((standing.available, standing.held, standing.debt), (0, 3, 4));
    let later = Some(ada.app.service().now().plus(DAY));
    ada.grant(GrantKind::Promo, 5, "p", later).await.unwrap();
    assert_eq!(ada.images("other", 1).await.unwrap_err(), Error::CreditsOwed { debt: 4 });
    assert_eq!(ada.balance().await.balance, 0);
    for item in 1..4 {
        ada.void(&work, item).await.unwrap();
    }
    assert_eq!(ada.ledger().await.standing.debt, 1);
    ada.topup(2, "in_2").await;
    assert_eq!(ada.balance().await.balance, 6);
    ada.images("other", 1).await.unwrap();
    let refused = ada.take_back("in_1", 11).await.unwrap_err();
    assert_eq!(refused, Error::AboveGranted { granted: 10 });
    assert_eq!(ada.take_back("in_3", 1).await.unwrap_err(), Error::CreditGrantNotFound);
    assert_eq!(ada.take_back("p", 1).await.unwrap_err(), Error::CreditGrantNotFound);
}

async fn months_come_once_each_and_only_the_running_one(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    let (service, operator) = (ada.app.service(), ada.app.operator());
    let start = service.now();
    // As from a webhook that comes twice, the second time after a while.
    monthly::begin(service, &operator, ada.workspace, amount(50), start).await.unwrap();
    ada.app.keep_house().await;
    ada.app.advance(DAY);
    monthly::begin(service, &operator, ada.workspace, amount(50), start).await.unwrap();
    ada.app.keep_house().await;
    let balance = ada.balance().await;
    assert_eq!((balance.balance, balance.monthly), (50, 50));
    assert_eq!(balance.next_refresh_at, Some(start.plus(31 * DAY)), "January has 31 days");
    ada.images("job", 5).await.unwrap();
    // The server slept for more than two months: unused credits ended, and nothing piled up.
    ada.app.advance(80 * DAY);
    ada.app.keep_house().await;
    let balance = ada.balance().await;
    assert_eq!((balance.balance, balance.monthly, balance.held), (55, 50, 0));
    assert_eq!(ada.ledger().await.grants.len(), 3, "two months and a refund");
    monthly::end(service, &operator, ada.workspace).await.unwrap();
    assert_eq!(ada.balance().await.next_refresh_at, None);
    ada.app.advance(40 * DAY);
    ada.app.keep_house().await;
    assert_eq!(ada.balance().await.balance, 0);
    assert_eq!(ada.ledger().await.grants.len(), 3);
}

async fn months_are_recorded_and_so_is_who_set_them(app: App) {
    let ada = Person::new(&app, "ada").await;
    let (service, operator, start) = (app.service(), app.operator(), app.service().now());
    for _ in 0..2 {
        monthly::begin(service, &operator, ada.workspace, amount(5), start).await.unwrap();
        app.keep_house().await;
    }
    app.advance(31 * DAY);
    app.keep_house().await;
    for _ in 0..2 {
        monthly::end(service, &operator, ada.workspace).await.unwrap();
    }
    let until = service.now().to_string();
    app.advance(31 * DAY);
    app.keep_house().await;
    let email = bloom_domain::email::Email::parse("ada@example.com").unwrap();
    let records = audit::list_for(service, &operator, Some(&email), 100).await.unwrap();
    let told = records.iter().rev().map(|listed| &listed.record).filter_map(|record| {
        let is_it = record.event.action.starts_with("credits.");
        let details: Value = serde_json::from_str(&record.details.as_ref()?.json).unwrap();
        is_it.then(|| (record.event.action.clone(), record.event.actor, details))
    });
    let month = |day: &str| {
        let source = format!("monthly:{}:{day}", ada.workspace);
        let after = json!({ "kind": "monthly", "credits": 5, "source": source });
        ("credits.granted".to_owned(), Actor::Server, json!({ "after": after }))
    };
    let set = |details| ("credits.monthly_set".to_owned(), Actor::Operator, details);
    let running = json!({ "credits": 5, "until": null });
    let expected = [
        set(json!({ "after": running })),
        month("2027-01-15"),
        month("2027-02-15"),
        set(json!({ "before": running, "after": { "credits": 5, "until": until } })),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

async fn where_credits_are_unlimited_movements_are_written_too(app: App) {
    let ada = Person::new(&app, "ada").await;
    ada.topup(1, "in_1").await;
    let work = ada.images("job", 3).await.unwrap();
    for item in 0..3 {
        ada.settle(&work, item, 1).await.unwrap();
    }
    let story = ada.story().await;
    let expected =
        ["granted 1", "granted 2", "held 2", "held 1", "settled 1", "settled 1", "settled 1"];
    assert_eq!(story, expected);
    let balance = ada.balance().await;
    assert_eq!((balance.balance, balance.unlimited), (0, true));
    // A debt keeps nobody from working where nothing is charged.
    ada.take_back("in_1", 1).await.unwrap();
    ada.images("other", 1).await.unwrap();
}

async fn what_a_job_did_not_need_where_credits_are_unlimited_is_no_gift(app: App) {
    let ada = Person::new(&app, "ada").await;
    ada.topup(1, "in_1").await;
    let work = ada.images("job", 3).await.unwrap();
    assert_eq!(ada.void(&work, 0).await.unwrap().voided, 1);
    let dear = PaidWork::Generate { size: ImageSize::FourK, variants: 1 };
    let dear = ada.hold("dear", dear, LONG).await.unwrap().work;
    assert_eq!(ada.settle(&dear, 0, 1).await.unwrap().voided, 1);
    ada.images("forgotten", 4).await.unwrap();
    ada.app.advance(LONG);
    ada.app.keep_house().await;
    // The day on which billing is turned on: what was bought is there, and nothing else.
    let ada = ada.before(&metered(app).await);
    assert_eq!(ada.ledger().await.standing.available, 1, "{:?}", ada.story().await);
    let refused = Error::InsufficientCredits { balance: 1, needed: 2 };
    assert_eq!(ada.images("more", 2).await.unwrap_err(), refused);
    let movements = ada.movements().await;
    let left: i64 = movements.iter().map(|line| line.movement.deltas().available).sum();
    assert_eq!(left, 1, "the movements are the balance");
    ada.images("more", 1).await.unwrap();
}

async fn nobody_spends_for_another(app: App) {
    let app = metered(app).await;
    let (ada, bob) = (Person::new(&app, "ada").await, Person::new(&app, "bob").await);
    ada.topup(5, "in_1").await;
    bob.topup(5, "in_2").await;
    let team = bob.in_team("bob@example.com", 1);
    team.topup(5, "in_3").await;
    let intruder = Person { key: ada.key.clone(), ..team.clone() };
    assert_eq!(intruder.images("job", 1).await.unwrap_err(), Error::WorkspaceNotFound);
    let before = (bob.story().await, team.story().await);
    // One name in two workspaces is two jobs.
    let first = ada.images("job", 5).await.unwrap();
    let second = team.images("job", 1).await.unwrap();
    assert_ne!(first.hold(), second.hold());
    ada.take_back("in_1", 5).await.unwrap();
    assert_eq!(bob.story().await, before.0);
    assert_eq!(team.story().await, ["granted 5", "held 1"]);
    assert_eq!((bob.balance().await.balance, team.balance().await.balance), (5, 4));
    // Who leaves a team spends nothing of it any more.
    app.database().run("DELETE FROM members WHERE role = 'member'");
    assert_eq!(team.images("other", 1).await.unwrap_err(), Error::WorkspaceNotFound);
}

async fn what_cannot_be_granted(app: App) {
    let ada = Person::new(&app, "ada").await;
    let now = ada.app.service().now();
    for (kind, expires) in [
        (GrantKind::Monthly, None),
        (GrantKind::Refund, None),
        (GrantKind::Topup, Some(now.plus(DAY))),
        (GrantKind::Promo, Some(now)),
        (GrantKind::Promo, Some(now.minus(DAY))),
    ] {
        let refused = ada.grant(kind, 1, "a", expires).await.unwrap_err();
        assert!(matches!(refused, Error::CannotGrant(_)), "{kind:?}: {refused}");
    }
    assert_eq!(ada.story().await, [""; 0]);
}

async fn a_reference_names_one_thing(app: App) {
    let app = metered(app).await;
    let (ada, bob) = (Person::new(&app, "ada").await, Person::new(&app, "bob").await);
    ada.topup(5, "in_1").await;
    assert!(!ada.grant(GrantKind::Topup, 5, "in_1", None).await.unwrap().is_new);
    let taken = Error::CreditReferenceTaken;
    assert_eq!(ada.grant(GrantKind::Topup, 6, "in_1", None).await.unwrap_err(), taken);
    assert_eq!(bob.grant(GrantKind::Topup, 5, "in_1", None).await.unwrap_err(), taken);
    // Of another kind it is another thing.
    assert!(ada.grant(GrantKind::Operator, 1, "in_1", None).await.unwrap().is_new);
    ada.hold("job", PaidWork::Resize, LONG).await.unwrap();
    assert!(!ada.hold("job", PaidWork::Resize, LONG).await.unwrap().is_new);
    assert_eq!(ada.hold("job", PaidWork::Vectorize, LONG).await.unwrap_err(), taken);
    assert_eq!(ada.images("job", 1).await.unwrap_err(), taken);
    assert_eq!(ada.story().await, ["granted 5", "granted 1", "held 1"]);
}

async fn an_item_is_settled_within_what_it_holds(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(5, "in_1").await;
    let work = ada.images("job", 1).await.unwrap();
    assert_eq!(ada.settle(&work, 0, 2).await.unwrap_err(), Error::AboveHeld { held: 1 });
    assert_eq!(ada.settle(&work, 1, 1).await.unwrap_err(), Error::CreditItemNotFound);
    assert_eq!(ada.void(&work, 7).await.unwrap_err(), Error::CreditItemNotFound);
    assert_eq!(ada.story().await, ["granted 5", "held 1"]);
    // The money for it is gone, what it was asked for is delivered: it is settled all the same.
    assert!(ada.settle(&work, 0, 1).await.unwrap().is_new);
}

/// The indexes of what still counts know no more of a grant than this.
async fn a_grant_is_open_while_something_of_it_is_left(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(1, "in_1").await;
    let look = |is_open: u8| {
        ada.app.database().run(&format!(
            "CREATE TABLE proof (grants INT CHECK (grants = 1));
             INSERT INTO proof SELECT COUNT(*) FROM credit_grants WHERE is_open = {is_open};
             DROP TABLE proof"
        ));
    };
    look(1);
    let held = ada.hold("first", PaidWork::Resize, LONG).await.unwrap();
    look(1);
    ada.void(&held.work, 0).await.unwrap();
    look(1);
    let held = ada.hold("second", PaidWork::Resize, LONG).await.unwrap();
    ada.settle(&held.work, 0, 1).await.unwrap();
    look(0);
}
