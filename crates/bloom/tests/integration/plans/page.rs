//! `/settings#plan`: what a person sees of their workspaces' plans.

use bloom_domain::plans::PlanTable;
use bloom_domain::subscriptions::SubscriptionState::{PastDue, Paused};
use bloom_service::plans::Billing;
use bloom_service::subscriptions::PlanOrder;

use super::{billed, billing, give, order, without};
use crate::billing::{Event, tell};
use crate::credits::person::Person;
use crate::support::{App, Browser, on_both};
use crate::teams::{join, team};

on_both!(
    where_billing_is_off_everything_is_included,
    a_plan_is_shown_with_what_to_do,
    what_can_be_bought_is_offered_to_the_owner,
    what_each_plan_includes_stands_beside_the_others,
);

/// The section, without the rest of the page.
async fn section(browser: &mut Browser) -> String {
    let page = browser.get("/settings").await;
    let section = page.between("id=\"plan\"", "</section>").expect("the section");
    section.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_has(section: &str, parts: &[&str]) {
    for part in parts {
        assert!(section.contains(part), "{part}: {section}");
    }
}

async fn where_billing_is_off_everything_is_included(app: App) {
    let section = section(&mut app.person("ada").await).await;
    assert_has(&section, &["everything is included, and credits are unlimited"]);
    assert!(!section.contains("<li>"), "{section}");
}

async fn a_plan_is_shown_with_what_to_do(app: App) {
    let app = billed(&app, "trial").await;
    let mut ada = app.person("ada").await;
    let owner = Person::of(&app, ada.email(), "").await;
    let trial =
        ["Personal workspace", "<bdi>trial</bdi>", "Free: 10 credits once", "None each month"];
    assert_has(&section(&mut ada).await, &trial);
    for event in [Event::checkout(owner.workspace), Event::subscription(), Event::invoice()] {
        tell(&app, &event).await;
    }
    let paid = [
        "badge-good\">Active<",
        "<bdi>plus</bdi>, <bdi>50 credits a month</bdi>",
        "50 each month, the next",
        ">in 1 month</time>",
        "Paid until</dt><dd>15 February 2027, 08:00:00 UTC<",
        "href=\"https://pay.example/login\"",
    ];
    assert_has(&section(&mut ada).await, &paid);
    let paused = Event::subscription()
        .at("evt_p", "customer.subscription.paused", 9)
        .with("status", "paused".into());
    tell(&app, &paused).await;
    let text = "nothing that costs credits can be done until it is resumed. Look after the payment";
    assert_has(&section(&mut ada).await, &["badge-look\">Paused<", text, "None each month"]);
    // Where the credits are, it is said as well.
    let credits = ada.get("/settings/credits").await.text().to_owned();
    let credits = credits.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_has(&credits, &[text]);
    // What the operator set is for them to change.
    give(&owner, PlanOrder { state: Paused, ..order(owner.workspace, "pro") }).await.unwrap();
    let set = section(&mut ada).await;
    assert_has(&set, &["Ask the person who runs this server."]);
    assert!(!set.contains("pay.example"), "{set}");
    // Whose payment failed by the operator's word has credits until the operator says otherwise.
    give(&owner, PlanOrder { state: PastDue, ..order(owner.workspace, "pro") }).await.unwrap();
    let failed = section(&mut ada).await;
    assert_has(
        &failed,
        &["Payment failed<", "100 each month, the next", "The last payment failed."],
    );
    assert!(!failed.contains("no new credits come"), "{failed}");
    let credits = ada.get("/settings/credits").await;
    assert!(credits.text().contains("The last payment failed."), "{credits:?}");
    assert!(credits.text().contains("100 more "), "{credits:?}");
    give(&owner, order(owner.workspace, "pro")).await.unwrap();
    let gone = without(&app, "pro").await;
    let text = "This plan is not offered any more. Its monthly credits go on";
    assert_has(&section(&mut ada.before(&gone)).await, &[text, "100 each month"]);
}

async fn what_can_be_bought_is_offered_to_the_owner(app: App) {
    let mut plans = billing("trial").plans.all().to_vec();
    for plan in plans.iter_mut().filter(|plan| plan.name == "pro") {
        plan.checkout_url = Some("https://pay.example/b/pro?x=1".to_owned());
    }
    let table = PlanTable::new(plans, "trial").unwrap();
    let app = app.again(|options| options.billing = Some(Billing::with(table).into())).await;
    let mut ada = app.person("ada").await;
    let owner = Person::of(&app, ada.email(), "").await;
    let href =
        |id: &str| format!("href=\"https://pay.example/b/pro?x=1&#38;client_reference_id={id}\"");
    let own = href(&owner.workspace.to_string());
    assert_has(&section(&mut ada).await, &[&own, "Choose pro: 100 credits a month"]);
    give(&owner, order(owner.workspace, "pro")).await.unwrap();
    let id = team(&mut ada, "Engines").await;
    give(&owner, order(id.parse().unwrap(), "max")).await.unwrap();
    let mut bob = app.person("bob").await;
    join(&mut ada, &id, &mut bob, "member").await;
    bloom_service::subscriptions::clear(app.service(), &app.operator(), id.parse().unwrap())
        .await
        .unwrap();
    let seen = section(&mut ada).await;
    assert_has(&seen, &[&href(&id), "<bdi>Engines</bdi>"]);
    assert!(!seen.contains(&own), "they have one: {seen}");
    let seen = section(&mut bob).await;
    assert_has(&seen, &["<bdi>Engines</bdi>"]);
    assert!(!seen.contains(&href(&id)), "bob is a member: {seen}");
}

async fn what_each_plan_includes_stands_beside_the_others(app: App) {
    let mut plans = billing("trial").plans.all().to_vec();
    for plan in plans.iter_mut().filter(|plan| plan.name == "plus") {
        plan.entitlements.mcp = false;
    }
    let table = PlanTable::new(plans, "trial").unwrap();
    let app = app.again(|options| options.billing = Some(Billing::with(table).into())).await;
    let mut ada = app.person("ada").await;
    let rows = [
        "<bdi>trial</bdi></th><td><bdi>Free: 10 credits once</bdi></td><td>10 once, at sign-up</td>\
         <td>2K</td><td>None</td><td>API and MCP</td>",
        "<bdi>plus</bdi></th><td><bdi>50 credits a month</bdi></td><td>50 each month</td>\
         <td>4K</td><td>None</td><td>API</td>",
        "<bdi>max</bdi></th><td><bdi>200 credits a month</bdi></td><td>200 each month</td>\
         <td>4K</td><td>Up to 10 people each</td><td>API and MCP</td>",
    ];
    assert_has(&section(&mut ada).await, &rows);
    // Whom their plan refuses a team is told where to look.
    let page = ada.post("/settings/workspaces", &[("name", "Engines")]).await;
    let error = "What each plan includes is at the top of this page, under “Plans”.";
    assert!(page.text().contains(error), "{page:?}");
    assert!(page.text().contains("Each workspace has a plan of its own"), "{page:?}");
}
