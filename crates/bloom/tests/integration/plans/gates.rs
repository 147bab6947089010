//! Who may do what, in which order it is asked, and that asking costs nothing.

use std::time::Duration;

use bloom_domain::credits::{GrantKind, ImageSize, PaidWork, Reference};
use bloom_domain::ids::WorkspaceId;
use bloom_domain::plans::{Door, Feature};
use bloom_domain::subscriptions::SubscriptionState::{Active, Canceled, PastDue, Paused, Trialing};
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_service::Error;
use bloom_service::credits::holds::{self, HoldOrder};
use bloom_service::rate_limit::RateLimits;
use bloom_service::subscriptions::{self, PlanOrder};
use bloom_service::work::HeldCredits;
use serde_json::json;

use super::{billed, give, held, order, without};
use crate::credits::person::{LONG, Person};
use crate::support::oauth::REDIRECT;
use crate::support::{Answer, App, on_both};
use crate::teams::{invite, join, member_id, team};
use crate::workspaces::TEAM;

on_both!(
    the_order_in_which_a_read_is_refused,
    the_order_in_which_a_charge_is_refused,
    what_is_held_is_held_whatever_the_plan_becomes,
    both_faces_have_a_door_of_their_own,
    for_a_read_any_workspace_in_reach_counts,
    a_change_of_plan_holds_at_the_next_request,
    a_plan_costs_a_warm_key_no_statement,
    signing_up_brings_the_credits_of_the_trial_once,
    a_plan_that_is_gone_from_the_configuration,
    teams_and_seats_are_gates_of_the_pages,
    an_invitation_waits_for_a_seat,
    the_operators_word_is_recorded_and_taken_back,
    what_cannot_be_set_changes_nothing,
);

async fn credits(app: &App, credential: (&str, &str), query: &str) -> Answer {
    app.get(&format!("/api/v1/credits{query}"), &[credential]).await
}

/// Everything is wrong with the request; one thing after the other is put right.
async fn the_order_in_which_a_read_is_refused(app: App) {
    let app = billed(&app, "closed").await;
    let app = app.again(|options| options.rate_limits = RateLimits::STANDARD).await;
    let mut browser = app.person("ada").await;
    let key = browser.create_key("ci").await.secret;
    let client = app.client(REDIRECT).await;
    let narrow = client.connect(&mut browser, &[("scope", "generate")]).await.access;
    let bearer = format!("Bearer {narrow}");
    let narrow = ("authorization", bearer.as_str());
    let (malformed, foreign) = ("?workspaceId=", format!("?workspaceId={TEAM}"));

    app.ban("ada@example.com").await;
    let answer = credits(&app, ("x-api-key", "junk"), malformed).await;
    assert_eq!(answer.error(), "401 UNAUTHORIZED");
    assert_eq!(credits(&app, narrow, malformed).await.error(), "403 ACCOUNT_BANNED");
    app.unban("ada@example.com").await;
    for _ in 0..120 {
        credits(&app, narrow, malformed).await;
    }
    assert_eq!(credits(&app, narrow, malformed).await.error(), "429 TOO_MANY_REQUESTS");
    app.advance(Duration::from_secs(61));
    let answer = credits(&app, narrow, malformed).await;
    assert_eq!(answer.error(), "403 FORBIDDEN");
    assert!(answer.header("www-authenticate").contains("insufficient_scope"), "{answer:?}");

    let key = ("x-api-key", key.as_str());
    assert_eq!(credits(&app, key, malformed).await.error(), "400 BAD_REQUEST");
    assert_eq!(credits(&app, key, &foreign).await.error(), "404 WORKSPACE_NOT_FOUND");
    insta::assert_snapshot!(credits(&app, key, "").await.summary(), @r#"403 {"error":{"code":"FORBIDDEN","status":403,"message":"Plan upgrade required: the plan of the workspace does not include this."}}"#);
    for path in ["/api/v1/account", "/api/v1/workspaces"] {
        let answer = app.get(path, &[key]).await;
        assert_eq!(answer.error(), "403 FORBIDDEN", "{path}");
        assert_eq!(answer.header("www-authenticate"), "", "another credential would not help");
    }
    let ada = Person::of(&app, browser.email(), key.1).await;
    // A pause is about charges alone.
    give(&ada, PlanOrder { state: Paused, ..order(ada.workspace, "plus") }).await.unwrap();
    assert_eq!(credits(&app, key, "").await.status, 200);
}

async fn hold(
    person: &Person,
    door: Door,
    name: &str,
    size: ImageSize,
) -> Result<HeldCredits, Error> {
    let principal = person.principal().await.at(door);
    let work = PaidWork::Generate { size, variants: 1 };
    let order = HoldOrder { work, reference: Reference::parse(name).unwrap(), lifetime: LONG };
    holds::hold(person.app.service(), &principal, person.choice, order).await
}

/// No such workspace, the plan, a feature, a payment, credits.
async fn the_order_in_which_a_charge_is_refused(app: App) {
    let app = billed(&app, "closed").await;
    for (index, door) in Door::ALL.into_iter().enumerate() {
        let ada = Person::new(&app, &format!("ada{index}")).await;
        let elsewhere = WorkspaceChoice::Team(WorkspaceId::from_bytes([7; 16]));
        let stranger = Person { choice: elsewhere, ..ada.clone() };
        let large = hold(&stranger, door, "a", ImageSize::FourK).await.unwrap_err();
        assert_eq!(large, Error::WorkspaceNotFound);
        let plan = async |state, name: &str| {
            give(&ada, PlanOrder { state, ..order(ada.workspace, name) }).await.unwrap();
        };
        let refused = async |size| hold(&ada, door, "a", size).await.unwrap_err();
        plan(Paused, "closed").await;
        assert_eq!(refused(ImageSize::FourK).await, Error::PlanUpgradeRequired);
        plan(Paused, "trial").await;
        assert_eq!(refused(ImageSize::FourK).await, Error::FeatureNotEntitled(Feature::FourK));
        assert_eq!(refused(ImageSize::TwoK).await, Error::PaymentRequired);
        plan(Paused, "plus").await;
        assert_eq!(refused(ImageSize::FourK).await, Error::PaymentRequired);
        for state in [Active, Trialing, PastDue] {
            plan(state, "trial").await;
            let none = Error::InsufficientCredits { balance: 0, needed: 1 };
            assert_eq!(refused(ImageSize::TwoK).await, none);
        }
        // What is over leaves the default plan.
        plan(Canceled, "plus").await;
        assert_eq!(refused(ImageSize::TwoK).await, Error::PlanUpgradeRequired);
        assert!(ada.story().await.is_empty(), "nothing of all that was written");
        plan(Active, "plus").await;
        let job = hold(&ada, door, "a", ImageSize::FourK).await.unwrap();
        assert!(job.is_new);
        assert_eq!(ada.story().await, ["granted 50", "held 2"]);
    }
}

async fn what_is_held_is_held_whatever_the_plan_becomes(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    let first = hold(&ada, Door::Api, "job", ImageSize::FourK).await.unwrap();
    for (state, name) in [(Active, "trial"), (Active, "closed"), (Paused, "plus")] {
        give(&ada, PlanOrder { state, ..order(ada.workspace, name) }).await.unwrap();
        let again = hold(&ada, Door::Api, "job", ImageSize::FourK).await.unwrap();
        assert_eq!((again.is_new, again.state.id), (false, first.state.id));
        assert!(hold(&ada, Door::Api, "other", ImageSize::FourK).await.is_err(), "{name}");
    }
    assert!(ada.settle(&first.work, 0, 2).await.unwrap().is_new, "it ends as it began");
}

async fn both_faces_have_a_door_of_their_own(app: App) {
    let mut billing = (*super::billing("trial")).clone();
    let mut plans = billing.plans.all().to_vec();
    plans[0].entitlements.mcp = false;
    billing.plans = bloom_domain::plans::PlanTable::new(plans, "trial").unwrap();
    let app = app.again(|options| options.billing = Some(billing.into())).await;
    let ada = Person::new(&app, "ada").await;
    assert_eq!(app.account(&ada.key).await.status, 200);
    let ask = async || {
        let params = json!({ "name": "bloom_whoami", "arguments": {} });
        crate::mcp::call(&app, &ada.key, "tools/call", params).await["result"].clone()
    };
    let result = ask().await;
    assert_eq!(result["isError"], true);
    let text = "FORBIDDEN: Plan upgrade required: the plan of the workspace does not include this. \
                See http://localhost:4600/settings#plan.";
    assert_eq!(result["content"][0]["text"], text);
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    assert_eq!(ask().await["isError"], false);
}

async fn for_a_read_any_workspace_in_reach_counts(app: App) {
    let app = billed(&app, "closed").await;
    let mut ada = app.person("ada").await;
    let owner = Person::of(&app, ada.email(), "").await;
    give(&owner, order(owner.workspace, "max")).await.unwrap();
    let id = team(&mut ada, "Engines").await;
    let mut bob = app.person("bob").await;
    let key = bob.create_key("ci").await.secret;
    assert_eq!(app.account(&key).await.error(), "403 FORBIDDEN");
    give(&owner, order(id.parse().unwrap(), "max")).await.unwrap();
    join(&mut ada, &id, &mut bob, "member").await;
    assert_eq!(app.account(&key).await.status, 200);
    assert_eq!(credits(&app, ("x-api-key", &key), "").await.status, 200);
    // An app that may act in the personal workspace alone reaches none with a plan.
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut bob, &[]).await;
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.status, 200);

    let path = |form: &str| format!("/settings/workspaces/{id}/{form}");
    ada.post(&path("delete"), &[("name", "Engines")]).await;
    assert_eq!(app.account(&key).await.error(), "403 FORBIDDEN", "it is deleted");
    ada.post(&path("restore"), &[]).await;
    assert_eq!(app.account(&key).await.status, 200, "it is back");
    let bobs = member_id(&mut ada, &id, "bob@example.com").await;
    ada.post(&path(&format!("members/{bobs}/remove")), &[]).await;
    assert_eq!(app.account(&key).await.error(), "403 FORBIDDEN", "they are removed");
    let token = app.get_as("/api/v1/account", &tokens.access).await;
    assert_eq!(token.error(), "403 FORBIDDEN");
    join(&mut ada, &id, &mut bob, "member").await;
    assert_eq!(app.account(&key).await.status, 200);
    bob.post(&path("leave"), &[]).await;
    assert_eq!(app.account(&key).await.error(), "403 FORBIDDEN", "they left");
}

async fn a_change_of_plan_holds_at_the_next_request(app: App) {
    let app = billed(&app, "closed").await;
    let ada = Person::new(&app, "ada").await;
    for _ in 0..5 {
        assert_eq!(app.account(&ada.key).await.error(), "403 FORBIDDEN");
        give(&ada, order(ada.workspace, "plus")).await.unwrap();
        assert_eq!(app.account(&ada.key).await.status, 200);
        give(&ada, PlanOrder { state: Canceled, ..order(ada.workspace, "plus") }).await.unwrap();
    }
}

async fn a_plan_costs_a_warm_key_no_statement(app: App) {
    for default in ["trial", "closed"] {
        let app = billed(&app, default).await;
        let ada = Person::new(&app, &format!("ada-{default}")).await;
        give(&ada, order(ada.workspace, "plus")).await.unwrap();
        assert_eq!(app.account(&ada.key).await.status, 200);
        let warm = app.service().statements_executed();
        for _ in 0..10 {
            app.advance(Duration::from_secs(5));
            assert_eq!(app.account(&ada.key).await.status, 200);
        }
        assert_eq!(app.service().statements_executed() - warm, 0, "{default}");
    }
}

async fn signing_up_brings_the_credits_of_the_trial_once(app: App) {
    let before = Person::new(&app, "before").await;
    assert!(before.ledger().await.grants.is_empty(), "billing is off");
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    let balance = ada.balance().await;
    assert_eq!((balance.balance, balance.monthly, balance.unlimited), (10, 0, false));
    let grant = ada.grant_of(&format!("signup:{}", ada.workspace)).await;
    assert_eq!((grant.kind, grant.expires), (GrantKind::Signup, bloom_domain::credits::NEVER));
    assert_eq!(ada.before(&app).images("job", 5).await.map(drop), Ok(()));
    let large = hold(&ada, Door::Api, "large", ImageSize::FourK).await.unwrap_err();
    assert_eq!(large, Error::FeatureNotEntitled(Feature::FourK));
    let plan = held(&ada).await;
    assert_eq!((plan.name.as_str(), plan.state, plan.monthly), ("trial", None, 0));
    assert!(before.before(&app).ledger().await.grants.is_empty(), "it was there already");
}

async fn a_plan_that_is_gone_from_the_configuration(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    give(&ada, order(ada.workspace, "pro")).await.unwrap();
    let app = without(&app, "pro").await;
    let ada = ada.before(&app);
    let plan = held(&ada).await;
    assert_eq!((plan.name.as_str(), plan.plan, plan.state), ("pro", None, Some(Active)));
    // It has what everybody has, and the credits that were agreed.
    let large = hold(&ada, Door::Api, "large", ImageSize::FourK).await.unwrap_err();
    assert_eq!(large, Error::FeatureNotEntitled(Feature::FourK));
    app.advance(Duration::from_secs(31 * 86_400));
    app.keep_house().await;
    assert_eq!(super::months_of(&ada).await, ["2027-01-15 100", "2027-02-15 100"]);
    let state = PlanOrder { state: Paused, ..order(ada.workspace, "pro") };
    assert_eq!(give(&ada, state).await, Err(Error::PlanNotFound("pro".to_owned())));
    let (service, operator) = (app.service(), app.operator());
    let counted = subscriptions::count(service, &operator).await.unwrap();
    assert_eq!(counted, [("pro".to_owned(), 1)]);
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    assert_eq!(held(&ada).await.monthly, 50);
}

async fn teams_and_seats_are_gates_of_the_pages(app: App) {
    let app = billed(&app, "trial").await;
    let mut ada = app.person("ada").await;
    let page = ada.post("/settings/workspaces", &[("name", "Engines")]).await;
    assert_eq!(page.status, 422);
    assert!(page.text().contains("Your plan does not include team workspaces."), "{page:?}");
    let owner = Person::of(&app, ada.email(), "").await;
    give(&owner, order(owner.workspace, "pro")).await.unwrap();
    let id = team(&mut ada, "Engines").await;
    let invite_again = async |ada: &mut crate::support::Browser, email: &str| {
        let fields = [("email", email), ("role", "member")];
        ada.post(&format!("/settings/workspaces/{id}/invitations"), &fields).await
    };
    // The seats are those of the team's own plan.
    let page = invite_again(&mut ada, "bob@example.com").await;
    assert_eq!(page.status, 422);
    assert!(page.text().contains("has room for 1 person, invited ones included"), "{page:?}");
    give(&owner, order(id.parse().unwrap(), "pro")).await.unwrap();
    for email in ["bob@example.com", "eve@example.com"] {
        assert_eq!(invite_again(&mut ada, email).await.status, 200);
    }
    let page = invite_again(&mut ada, "mary@example.com").await;
    assert!(page.text().contains("has room for 3 people"), "{page:?}");
    // Inviting somebody anew takes no further seat.
    assert_eq!(invite_again(&mut ada, "eve@example.com").await.status, 200);
}

async fn an_invitation_waits_for_a_seat(app: App) {
    let app = billed(&app, "trial").await;
    let mut ada = app.person("ada").await;
    let owner = Person::of(&app, ada.email(), "").await;
    give(&owner, order(owner.workspace, "pro")).await.unwrap();
    let id = team(&mut ada, "Engines").await;
    let set = async |plan: &str| give(&owner, order(id.parse().unwrap(), plan)).await.unwrap();
    set("pro").await;
    let mut bob = app.person("bob").await;
    let link = invite(&mut ada, &id, "bob@example.com", "member").await;
    set("plus").await;
    let before = app.rows("members");
    let page = bob.post(&link, &[("decision", "accept")]).await;
    page.assert_page(409, "There is no room in this workspace");
    assert_eq!(app.rows("members"), before);
    set("pro").await;
    let answer = bob.post(&link, &[("decision", "accept")]).await;
    answer.assert_redirect(&format!("/settings/workspaces/{id}?done=joined"));
    // Nobody is put out by a smaller plan.
    set("plus").await;
    assert_eq!(app.rows("members").len(), before.len() + 1);
}

async fn the_operators_word_is_recorded_and_taken_back(app: App) {
    let app = billed(&app, "trial").await;
    let ada = Person::new(&app, "ada").await;
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    let rows = app.rows("audit_records").len();
    app.advance(Duration::from_secs(5));
    give(&ada, order(ada.workspace, "plus")).await.unwrap();
    assert_eq!(app.rows("audit_records").len(), rows, "saying it twice changes nothing");
    let (service, operator) = (app.service(), app.operator());
    let (now, was_there) = subscriptions::clear(service, &operator, ada.workspace).await.unwrap();
    assert!(was_there);
    assert_eq!((now.name.as_str(), now.state, now.next_refresh_at), ("trial", None, None));
    assert_eq!(app.rows("audit_records").len(), rows + 1);
    let (_, was_there) = subscriptions::clear(service, &operator, ada.workspace).await.unwrap();
    assert!(!was_there);
    assert_eq!(app.rows("audit_records").len(), rows + 1);
    let row = app.rows("audit_records").pop().unwrap();
    assert!(row.contains("plan.changed") && row.contains("operator"), "{row}");
    let details = r#"{"before":{"plan":"plus","state":"active","subscription":"operator:"#;
    assert!(row.replace("\"\"", "\"").contains(details), "{row}");
}

async fn what_cannot_be_set_changes_nothing(app: App) {
    let ada = Person::new(&app, "ada").await;
    assert_eq!(give(&ada, order(ada.workspace, "plus")).await, Err(Error::BillingOff));
    let app = billed(&app, "trial").await;
    let ada = ada.before(&app);
    let before = app.database().dump();
    let unknown = Err(Error::PlanNotFound("gold".to_owned()));
    assert_eq!(give(&ada, order(ada.workspace, "gold")).await, unknown);
    let foreign = order(WorkspaceId::from_bytes([9; 16]), "plus");
    assert_eq!(give(&ada, foreign).await, Err(Error::WorkspaceNotFound));
    assert_eq!(app.database().dump(), before);
    // Where billing is off again, everybody has everything, whatever was set.
    give(&ada, PlanOrder { state: Paused, ..order(ada.workspace, "closed") }).await.unwrap();
    let off = app.again(|options| options.billing = None).await;
    let ada = ada.before(&off);
    assert_eq!(off.account(&ada.key).await.status, 200);
    assert!(hold(&ada, Door::Mcp, "job", ImageSize::FourK).await.unwrap().is_new);
    assert!(ada.balance().await.unlimited);
}
