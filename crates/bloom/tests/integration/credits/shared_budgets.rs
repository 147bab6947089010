//! Budgets of what makes keys: whatever they spend counts, however many there are and whoever asks at once.

use bloom_domain::api_keys::{MAX_MAKERS, Narrowing, parse_scopes};
use bloom_domain::credits::{BudgetHolder, BudgetSpan};
use bloom_service::Error;
use serde_json::{Value, json};

use super::person::{LONG, Person, metered};
use crate::api_keys_by_credential::{EVERYTHING, key_with, made, send};
use crate::support::{App, Browser, at_once, on_both};

on_both!(
    what_a_key_makes_spends_out_of_its_budget,
    keys_of_one_maker_at_once_never_exceed_its_budget,
    a_budget_binds_although_its_key_or_app_is_gone,
    a_budget_gets_no_secret_of_what_it_does_not_bind,
    there_are_only_so_many_makers_in_a_row,
    what_was_made_and_spent_before_counts,
);

const ADA: &str = "ada@example.com";

/// A key that manages keys, with so many credits in total.
async fn manager(ada: &mut Browser, total: &str) -> (String, String) {
    let access = parse_scopes(EVERYTHING.split(' ')).unwrap();
    let key = key_with(ada, Narrowing { access, ..Narrowing::default() }).await;
    limit(ada, &format!("api-keys/{}", key.id), total).await;
    (key.id, key.secret)
}

async fn limit(ada: &mut Browser, of: &str, total: &str) {
    let fields = [("day", ""), ("month", ""), ("total", total)];
    let answer = ada.post(&format!("/settings/{of}/budget"), &fields).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

/// A key that is made with another, as it is shown, and what spends with it.
async fn child(app: &App, maker: &str, scopes: &[&str]) -> (Value, Person) {
    let asked = json!({ "name": "made", "scopes": scopes });
    let (key, secret) = made(app, maker, &asked).await;
    (key, Person::of(app, ADA, &secret).await)
}

const SPENDS: [&str; 3] = ["read", "generate", "write"];
const MANAGES: [&str; 4] = ["read", "generate", "write", "keys:admin"];

/// Who is told that there is too little, and in which span.
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (BudgetHolder, BudgetSpan, i64) {
    match outcome {
        Err(Error::OverBudget { over, holder, .. }) => (holder, over.span, over.spent),
        other => panic!("{other:?}"),
    }
}

async fn what_a_key_makes_spends_out_of_its_budget(app: App) {
    let app = metered(app).await;
    let mut ada = app.person("ada").await;
    let (id, secret) = manager(&mut ada, "10").await;
    let maker = Person::of(&app, ADA, &secret).await;
    maker.topup(100, "in_1").await;
    let (shown, first) = child(&app, &secret, &MANAGES).await;
    assert_eq!(shown["budgetLeft"], 10);
    let (_, second) = child(&app, &secret, &SPENDS).await;
    let (_, grandchild) = child(&app, &first.key, &SPENDS).await;
    let everyone = [&maker, &first, &second, &grandchild];

    let work = grandchild.images("a", 4).await.unwrap();
    second.images("b", 3).await.unwrap();
    maker.images("c", 1).await.unwrap();
    for person in everyone {
        assert_eq!(person.balance().await.budget_left, Some(2));
    }
    let listed = app.get_as("/api/v1/api-keys", &first.key).await.json();
    for key in listed["data"]["apiKeys"].as_array().unwrap() {
        assert_eq!(key["budgetLeft"], 2, "{key}");
    }
    assert_eq!(refused(first.images("d", 3).await), (BudgetHolder::Maker, BudgetSpan::Total, 8));
    assert_eq!(refused(maker.images("d", 3).await), (BudgetHolder::Spender, BudgetSpan::Total, 8));

    // What goes back goes back to all of them.
    grandchild.void(&work, 0).await.unwrap();
    grandchild.settle(&work, 1, 1).await.unwrap();
    second.images("e", 3).await.unwrap();
    for person in everyone {
        assert_eq!(person.balance().await.budget_left, Some(0));
        assert!(person.images("f", 1).await.is_err());
    }
    app.advance(LONG);
    app.keep_house().await;
    assert_eq!(maker.balance().await.budget_left, Some(9), "what nobody settled went back");

    // The page of each says so, and their own budgets count beside.
    let settings = ada.get("/settings").await.text().to_owned();
    let told = "the budget of the key narrowed: 1 of 10 credits in total, with the keys it made";
    assert_eq!(settings.matches(told).count(), 3, "{settings}");
    let page = ada.get(&format!("/settings/api-keys/{id}/budget")).await.text().to_owned();
    assert!(page.contains("1 credit is spent in total."), "{page}");
    let of_first = shown["id"].as_str().unwrap();
    assert!(ada.get(&format!("/settings/api-keys/{of_first}")).await.text().contains(told));
    limit(&mut ada, &format!("api-keys/{of_first}"), "2").await;
    assert_eq!(grandchild.balance().await.budget_left, Some(1));
    grandchild.images("g", 1).await.unwrap();
    assert_eq!(
        refused(grandchild.images("h", 1).await),
        (BudgetHolder::Maker, BudgetSpan::Total, 2)
    );
    assert_eq!(second.balance().await.budget_left, Some(8));
    // Raising it lets them all go on.
    limit(&mut ada, &format!("api-keys/{id}"), "30").await;
    assert_eq!(second.balance().await.budget_left, Some(28));
}

async fn keys_of_one_maker_at_once_never_exceed_its_budget(app: App) {
    let app = metered(app).await;
    let mut ada = app.person("ada").await;
    let (id, secret) = manager(&mut ada, "7").await;
    // Children and grandchildren, each in a workspace of its own, so that no ledger keeps them apart.
    let mut people = vec![Person::of(&app, ADA, &secret).await];
    for number in 0..6 {
        let (_, one) = child(&app, &people[number / 2].key, &MANAGES).await;
        people.push(one.in_team(ADA, 20 + u32::try_from(number).unwrap()));
    }
    for (number, person) in people.iter().enumerate() {
        person.topup(100, &format!("in_{number}")).await;
    }
    let held = at_once(28, |n| {
        let person = people[n % people.len()].clone();
        async move { (n % 7, person.images(&format!("job-{n}"), 1).await) }
    });
    let (held, over): (Vec<_>, Vec<_>) = held.await.into_iter().partition(|(_, job)| job.is_ok());
    assert_eq!(held.len(), 7, "{over:?}");
    for (_, job) in over {
        refused(job);
    }
    // Some end while others begin, on every level of the tree.
    let mut works: Vec<_> = held.into_iter().map(|(who, job)| (who, job.unwrap())).collect();
    for round in 0..6 {
        let jobs = at_once(2 * works.len() + 7, |n| {
            let ended = works.get(n).cloned();
            let person = people[ended.as_ref().map_or(n % people.len(), |(who, _)| *who)].clone();
            async move {
                match ended {
                    Some((_, work)) => {
                        person.void(&work, 0).await.unwrap();
                        None
                    }
                    None => match person.images(&format!("more-{round}-{n}"), 1).await {
                        Ok(work) => Some((n % 7, work)),
                        refusal => {
                            refused(refusal);
                            None
                        }
                    },
                }
            }
        });
        works = jobs.await.into_iter().flatten().collect();
        let left = 7 - i64::try_from(works.len()).unwrap();
        assert!(left >= 0, "{round}: {left}");
        for person in &people {
            assert_eq!(person.balance().await.budget_left, Some(left), "{round}");
        }
    }
    // The last credits, wanted by all at once.
    for round in 0..8 {
        limit(&mut ada, &format!("api-keys/{id}"), "1000").await;
        let left = people[0].balance().await.budget_left.unwrap();
        limit(&mut ada, &format!("api-keys/{id}"), &(1000 - left + 2).to_string()).await;
        let held = at_once(people.len(), |n| {
            let person = people[n].clone();
            async move { person.images(&format!("last-{round}"), 1).await.is_ok() }
        });
        assert_eq!(held.await.into_iter().filter(|is_held| *is_held).count(), 2, "{round}");
    }
}

async fn a_budget_binds_although_its_key_or_app_is_gone(app: App) {
    let app = metered(app).await;
    let mut ada = app.person("ada").await;
    let (_, secret) = manager(&mut ada, "5").await;
    let (_, child_of_key) = child(&app, &secret, &SPENDS).await;
    child_of_key.topup(100, "in_1").await;
    child_of_key.images("a", 2).await.unwrap();
    assert_eq!(send(&app, "/api-keys/self/revoke", &secret, &json!({})).await.status, 200);
    assert_eq!(child_of_key.balance().await.budget_left, Some(3));
    assert_eq!(refused(child_of_key.images("b", 4).await).0, BudgetHolder::Maker);
    // The owner can still raise it.
    assert!(ada.get("/settings").await.text().contains("Budget of the key narrowed"));

    let client = app.client("https://app.example/cb").await;
    let tokens = client.connect(&mut ada, &[("scope", EVERYTHING)]).await;
    let settings = ada.get("/settings").await.text().to_owned();
    let connection = settings.split("/settings/apps/").nth(1).unwrap();
    let connection = connection.split('/').next().unwrap().to_owned();
    limit(&mut ada, &format!("apps/{connection}"), "4").await;
    let (shown, child_of_app) = child(&app, &tokens.access, &SPENDS).await;
    assert_eq!(shown["budgetLeft"], 4);
    child_of_app.images("c", 3).await.unwrap();
    let left = app.get_as("/api/v1/credits", &tokens.access).await.json()["data"].clone();
    assert_eq!(left["budget_left"], 1);
    let answer = ada.post(&format!("/settings/apps/{connection}/revoke"), &[]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(child_of_app.balance().await.budget_left, Some(1));
    assert_eq!(refused(child_of_app.images("d", 2).await).0, BudgetHolder::Maker);
}

/// A secret of a key that spends out of another purse would be more than the credential has.
async fn a_budget_gets_no_secret_of_what_it_does_not_bind(app: App) {
    let mut ada = app.person("ada").await;
    let plain = ada.create_key("plain").await;
    let (id, secret) = manager(&mut ada, "5").await;
    let (own, _) = child(&app, &secret, &MANAGES).await;
    let (deeper, _) = child(&app, &secret, &SPENDS).await;
    let rotate = async |with: &str, id: &str| {
        let path = format!("/api-keys/{id}/rotate");
        send(&app, &path, with, &json!({ "overlapSeconds": 600 })).await
    };
    limit(&mut ada, &format!("api-keys/{}", plain.id), "1").await;
    let answer = rotate(&secret, &plain.id).await;
    assert_eq!(answer.error(), "403 FORBIDDEN", "a budget of its own is another purse");
    assert_eq!(app.account(&plain.secret).await.status, 200);
    for key in [&own, &deeper] {
        let answer = rotate(&secret, key["id"].as_str().unwrap()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // What it made is bound by it and so may have its secret, but for the time that it has a budget of its own.
    let own_secret =
        rotate(&secret, own["id"].as_str().unwrap()).await.json()["data"]["secret"].clone();
    let own_secret = own_secret.as_str().unwrap().to_owned();
    let newest = rotate(&own_secret, &id).await;
    assert_eq!(newest.status, 200, "{newest:?}");
    let newest = newest.json()["data"]["secret"].as_str().unwrap().to_owned();
    limit(&mut ada, &format!("api-keys/{}", own["id"].as_str().unwrap()), "2").await;
    assert_eq!(rotate(&own_secret, &id).await.error(), "403 FORBIDDEN");
    limit(&mut ada, &format!("api-keys/{id}"), "").await;
    let answer = rotate(&newest, &plain.id).await;
    assert_eq!(answer.status, 200, "without a budget nothing binds: {answer:?}");
}

async fn there_are_only_so_many_makers_in_a_row(app: App) {
    let mut ada = app.person("ada").await;
    let (_, mut secret) = manager(&mut ada, "").await;
    for _ in 0..MAX_MAKERS {
        secret = child(&app, &secret, &MANAGES).await.1.key;
    }
    let before = app.rows("api_keys");
    let answer = send(&app, "/api-keys", &secret, &json!({ "name": "x" })).await;
    assert_eq!(answer.error(), "403 FORBIDDEN", "{answer:?}");
    let hash = "0".repeat(64);
    let keys = [json!({ "name": "x", "sha256": hash })];
    let import = json!({ "prefix": "acme_", "length": 40, "keys": keys });
    assert_eq!(send(&app, "/api-keys/import", &secret, &import).await.error(), "403 FORBIDDEN");
    assert_eq!(app.rows("api_keys"), before);
    assert_eq!(app.account(&secret).await.status, 200);
}

/// The migration that brought this counts what was spent by then, on every level.
async fn what_was_made_and_spent_before_counts(app: App) {
    let app = metered(app).await;
    let mut ada = app.person("ada").await;
    let (_, secret) = manager(&mut ada, "10").await;
    let (_, first) = child(&app, &secret, &MANAGES).await;
    let (_, second) = child(&app, &first.key, &SPENDS).await;
    first.topup(100, "in_1").await;
    first.images("a", 2).await.unwrap();
    second.images("b", 3).await.unwrap();
    let counted = sorted(app.rows("credit_spending_of_made"));
    assert_eq!(counted.len(), 2, "{counted:?}");
    let migration = include_str!("../../../../store/migrations/0020_shared_budgets.sql");
    let fill = &migration[migration.find("INSERT").unwrap()..];
    app.database().run(&format!("DELETE FROM credit_spending_of_made; {fill}"));
    assert_eq!(sorted(app.rows("credit_spending_of_made")), counted);
    let maker = Person::of(&app, ADA, &secret).await;
    assert_eq!(maker.balance().await.budget_left, Some(5));
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}
