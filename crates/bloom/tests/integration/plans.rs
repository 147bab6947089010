//! Plans: the gates and their order, months, and what the operator sets.

mod gates;
mod months;
mod page;

use std::sync::Arc;

use bloom_domain::credits::Amount;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::plans::{Plan, PlanTable};
use bloom_domain::subscriptions::SubscriptionState;
use bloom_domain::time::Timestamp;
use bloom_service::plans::{Billing, Held, WebhookSecret};
use bloom_service::rate_limit::RateLimits;
use bloom_service::subscriptions::{self, PlanOrder};
use bloom_service::{Error, Settings};

use crate::credits::person::Person;
use crate::support::App;

/// With which the payment provider of the tests signs.
pub(crate) const SECRETS: [&str; 2] = ["whsec_the_old_secret_1234", "whsec_the_new_secret_1234"];

/// The standard plans, one that opens no door, and one that includes everything; each has a price of the provider. `default` names what
/// a workspace without a subscription has.
pub(crate) fn billing(default: &str) -> Arc<Billing> {
    let mut plans = PlanTable::standard().all().to_vec();
    let mut closed = Plan { name: "closed".to_owned(), signup: None, ..plans[0].clone() };
    closed.entitlements.api = false;
    closed.entitlements.mcp = false;
    plans.push(closed);
    plans.extend(PlanTable::plain().all().iter().cloned());
    for plan in &mut plans {
        plan.provider_prices = vec![format!("price_{}", plan.name)];
        plan.signup = plan.signup.filter(|_| plan.name == default);
    }
    let plans = PlanTable::new(plans, default).expect("a table");
    let webhook_secrets = SECRETS.map(|secret| WebhookSecret::parse(secret).expect("a secret"));
    Arc::new(Billing {
        plans,
        webhook_secrets: webhook_secrets.to_vec(),
        manage_url: Some("https://pay.example/login".to_owned()),
    })
}

/// The same app with billing on.
pub(crate) async fn billed(app: &App, default: &str) -> App {
    let billing = billing(default);
    app.again(|options| {
        options.billing = Some(billing);
        options.rate_limits = RateLimits::OFF;
    })
    .await
}

/// The same app with a table without one of the plans.
pub(crate) async fn without(app: &App, name: &str) -> App {
    let billing = billing("trial");
    let plans = billing.plans.all().iter().filter(|plan| plan.name != name).cloned().collect();
    let plans = PlanTable::new(plans, "trial").expect("a table");
    app.again(|options| options.billing = Some(Arc::new(Billing { plans, ..(*billing).clone() })))
        .await
}

/// What the operator orders.
pub(crate) fn order(workspace: WorkspaceId, plan: &str) -> PlanOrder {
    let state = SubscriptionState::Active;
    PlanOrder { workspace, plan: plan.to_owned(), state, anchor: None }
}

/// Gives somebody a plan.
pub(crate) async fn give(person: &Person, order: PlanOrder) -> Result<Held, Error> {
    subscriptions::set(person.app.service(), &person.app.operator(), order).await
}

/// The plan somebody has.
pub(crate) async fn held(person: &Person) -> Held {
    let found =
        subscriptions::get(person.app.service(), &person.app.operator(), person.workspace).await;
    found.expect("a plan")
}

/// The credits of each month that somebody got, as their sources and amounts.
pub(crate) async fn months_of(person: &Person) -> Vec<String> {
    let grants = person.ledger().await.grants;
    let monthly = grants.iter().filter(|grant| grant.source.starts_with("monthly:"));
    let words = monthly.map(|grant| {
        let day = grant.source.rsplit(':').next().unwrap_or_default();
        format!("{day} {}", Amount::get(grant.amount))
    });
    let mut words: Vec<_> = words.collect();
    words.sort();
    words
}

/// An instant by its text.
pub(crate) fn instant(text: &str) -> Timestamp {
    let time: jiff::Timestamp = text.parse().expect("a time");
    Timestamp::from_unix_micros(time.as_microsecond())
}

/// Moves the clock to an instant ahead.
pub(crate) fn move_to(app: &App, text: &str) {
    app.advance(instant(text).since(app.service().now()));
}

/// Nothing is asked of a plan on a server whose operator has not turned billing on.
#[test]
fn billing_is_off_by_default() {
    assert!(Settings::at("http://localhost:4600").billing.is_none());
}
