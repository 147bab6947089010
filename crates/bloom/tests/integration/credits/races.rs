//! Many at once: a credit is spent once, and a hold ends once.

use bloom_domain::credits::{GrantKind, ImageSize, ItemState, PaidWork};
use bloom_service::Error;
use bloom_service::credits::holds;

use super::person::{LONG, Person, metered};
use crate::support::{App, at_once, on_both};

on_both!(
    one_credit_and_two_requests,
    as_many_spends_as_the_balance_allows,
    a_hold_that_is_settled_and_voided_at_once_ends_once,
    one_request_sent_many_times_holds_once,
    one_order_that_comes_many_times_grants_once,
    the_money_of_a_topup_is_given_back_while_it_is_spent,
    two_nodes_do_the_chores_at_once,
);

async fn one_credit_and_two_requests(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    for round in 0..10 {
        ada.topup(1, &format!("t{round}")).await;
        let held = at_once(2, |n| {
            let ada = ada.clone();
            async move { ada.images(&format!("job-{round}-{n}"), 1).await }
        });
        let (held, refused): (Vec<_>, Vec<_>) = held.await.into_iter().partition(Result::is_ok);
        assert_eq!((held.len(), refused.len()), (1, 1));
        let refused = refused.into_iter().next().unwrap().unwrap_err();
        assert_eq!(refused, Error::InsufficientCredits { balance: 0, needed: 1 });
    }
}

/// N spends of cost c on balance B succeed exactly floor(B / c) times.
async fn as_many_spends_as_the_balance_allows(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    let later = Some(ada.app.service().now().plus(LONG));
    // In several grants, so that one spend may need two.
    for (kind, credits, expires) in [
        (GrantKind::Promo, 7, later),
        (GrantKind::Operator, 13, None),
        (GrantKind::Topup, 21, None),
    ] {
        ada.grant(kind, credits, "a", expires).await.unwrap();
    }
    let (balance, cost, count) = (41, 4, 30);
    let outcomes = at_once(count, |n| {
        let ada = ada.clone();
        async move {
            // Two images of two credits each.
            let work = PaidWork::Generate { size: ImageSize::FourK, variants: 2 };
            let held = ada.hold(&format!("job-{n}"), work, LONG).await.map(|held| held.work)?;
            for item in 0..2 {
                assert!(ada.settle(&held, item, 2).await.unwrap().is_new);
            }
            Ok::<_, Error>(())
        }
    });
    let outcomes = outcomes.await;
    let spent = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(spent, balance / cost, "{outcomes:?}");
    let refused =
        |outcome: &Result<_, _>| matches!(outcome, Err(Error::InsufficientCredits { .. }));
    assert_eq!(outcomes.iter().filter(|o| refused(o)).count(), count - balance / cost);
    assert_eq!(ada.balance().await.balance, 1);
    for (source, spent) in [("promo:a", 7), ("operator:a", 13), ("topup:a", 20)] {
        assert_eq!(ada.grant_of(source).await.buckets.spent, spent, "{source}");
    }
}

async fn a_hold_that_is_settled_and_voided_at_once_ends_once(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(20, "t").await;
    let mut spent = 0;
    for round in 0..10 {
        let work = ada.images(&format!("job-{round}"), 1).await.unwrap();
        let ends = at_once(8, |n| {
            let (ada, work) = (ada.clone(), work.clone());
            async move {
                match n % 2 {
                    0 => ada.settle(&work, 0, 1).await.unwrap(),
                    _ => ada.void(&work, 0).await.unwrap(),
                }
            }
        });
        let ends = ends.await;
        assert_eq!(ends.iter().filter(|end| end.is_new).count(), 1, "{ends:?}");
        // All of them are told the same end.
        assert!(ends.iter().all(|end| end.settled == ends[0].settled), "{ends:?}");
        spent += ends[0].settled;
        assert_eq!(ada.balance().await.balance, 20 - spent);
        assert!(!holds::is_live(ada.app.service(), &work).await.unwrap());
    }
}

async fn one_request_sent_many_times_holds_once(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    ada.topup(5, "t").await;
    let held = at_once(10, |_| {
        let ada = ada.clone();
        async move { ada.hold("job", PaidWork::Resize, LONG).await.unwrap() }
    });
    let held = held.await;
    assert_eq!(held.iter().filter(|held| held.is_new).count(), 1);
    assert!(held.iter().all(|one| one.state.id == held[0].state.id));
    assert!(held.iter().all(|one| one.state.items == [ItemState::Held { credits: 1 }]));
    assert_eq!(ada.balance().await.balance, 4);
    assert_eq!(ada.story().await, ["granted 5", "held 1"]);
}

async fn one_order_that_comes_many_times_grants_once(app: App) {
    let app = metered(app).await;
    let (ada, bob) = (Person::new(&app, "ada").await, Person::new(&app, "bob").await);
    let granted = at_once(10, |n| {
        let person = if n < 9 { ada.clone() } else { bob.clone() };
        async move { person.grant(GrantKind::Topup, 5, "in_1", None).await }
    });
    let granted = granted.await;
    let new = granted.iter().filter(|granted| matches!(granted, Ok(granted) if granted.is_new));
    assert_eq!(new.count(), 1);
    let sum = ada.balance().await.balance + bob.balance().await.balance;
    assert_eq!(sum, 5, "the other of the two was refused: {granted:?}");
}

async fn the_money_of_a_topup_is_given_back_while_it_is_spent(app: App) {
    let ada = Person::new(&metered(app).await, "ada").await;
    for round in 0..5 {
        let topup = format!("t{round}");
        ada.topup(6, &topup).await;
        let held = at_once(12, |n| {
            let (ada, topup) = (ada.clone(), topup.clone());
            async move {
                if n % 4 == 3 {
                    ada.take_back(&topup, 6).await.unwrap();
                    return None;
                }
                ada.images(&format!("job-{round}-{n}"), 1).await.ok()
            }
        });
        let held: Vec<_> = held.await.into_iter().flatten().collect();
        let owed = i64::try_from(held.len()).unwrap();
        assert_eq!(ada.ledger().await.standing.debt, owed);
        assert_eq!(ada.balance().await.balance, 0);
        // None of it is delivered, so none of it is owed in the end.
        for work in &held {
            ada.void(work, 0).await.unwrap();
        }
        let ledger = ada.ledger().await;
        assert_eq!((ledger.standing.debt, ledger.standing.available), (0, 0));
        let source = format!("topup:{topup}");
        assert_eq!(ada.grant_of(&source).await.buckets.taken_back, 6);
    }
}

async fn two_nodes_do_the_chores_at_once(app: App) {
    let app = metered(app).await;
    let ada = Person::new(&app, "ada").await;
    let now = app.service().now();
    let (service, operator) = (app.service(), app.operator());
    let five = super::person::amount(5);
    bloom_service::credits::monthly::begin(service, &operator, ada.workspace, five, now)
        .await
        .unwrap();
    ada.grant(GrantKind::Promo, 3, "p", Some(now.plus(LONG))).await.unwrap();
    ada.images("job", 2).await.unwrap();
    app.advance(LONG);
    // On SQLite one process works in a folder; there the two share it.
    let again = app.again(|_| {}).await;
    at_once(6, |n| {
        let app = if n % 2 == 0 { app.clone() } else { again.clone() };
        async move { app.keep_house().await }
    })
    .await;
    let mut story = ada.story().await;
    story.sort();
    // What was held goes on for a week, since its own grant has ended.
    let expected = ["expired 1", "granted 2", "granted 3", "granted 5", "held 2", "lapsed 2"];
    assert_eq!(story, expected);
    assert_eq!(ada.balance().await.balance, 7);
}
