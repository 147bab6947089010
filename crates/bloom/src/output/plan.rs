//! Plans, as the operator reads them.

use bloom_domain::credits::{Amount, ImageSize};
use bloom_domain::plans::{Entitlements, Plan, PlanTable};
use bloom_domain::subscriptions::SubscriptionState;
use bloom_service::plans::Held;
use serde_json::{Value, json};

use super::{Shown, time};
use crate::command::plan::PlanAnswer;

pub(super) fn shown(answer: &PlanAnswer) -> Shown {
    match answer {
        PlanAnswer::Table { plans, counts } => table(plans, counts),
        PlanAnswer::Held(held) => Shown { text: held_line(held), json: held_json(held) },
        PlanAnswer::Cleared { held, was_there } => {
            let mut json = held_json(held);
            json["was_set"] = (*was_there).into();
            let before = if *was_there { "" } else { "\nNothing was set; nothing has changed." };
            Shown { text: format!("{}{before}", held_line(held)), json }
        }
    }
}

/// The plans in order, then those that subscriptions name and the configuration does not.
fn table(plans: &PlanTable, counts: &[(String, i64)]) -> Shown {
    let count = |name: &str| counts.iter().find(|(plan, _)| plan == name).map_or(0, |(_, n)| *n);
    let gone = counts.iter().filter(|(name, _)| plans.find(name).is_none());
    let default = &plans.default_plan().name;
    let mut lines = Vec::new();
    let mut json = Vec::new();
    for plan in plans.all() {
        let mark = if plan.name == *default { ", default" } else { "" };
        lines.push(format!("{}{mark}  {} subscribed", plan_line(plan), count(&plan.name)));
        let mut object = plan_json(plan);
        object["is_default"] = (plan.name == *default).into();
        object["subscribed"] = count(&plan.name).into();
        json.push(object);
    }
    for (name, count) in gone {
        lines.push(format!("{name}  is not in the configuration any more  {count} subscribed"));
        json.push(json!({ "name": name, "is_offered": false, "subscribed": count }));
    }
    Shown { text: lines.join("\n"), json: json.into() }
}

fn plan_line(plan: &Plan) -> String {
    let Entitlements { api, mcp, max_image, teams, seats } = plan.entitlements;
    let credits = |amount: Option<Amount>, when: &str| {
        amount.map(|amount| format!("{} credits {when}", amount.get()))
    };
    let parts = [
        credits(plan.monthly, "a month"),
        credits(plan.signup, "for signing up"),
        api.then(|| "API".to_owned()),
        mcp.then(|| "MCP".to_owned()),
        Some(format!("images to {}", size(max_image))),
        teams.then(|| "teams".to_owned()),
        Some(if seats == 1 { "1 seat".to_owned() } else { format!("{seats} seats") }),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    format!("{}  {}  {}", plan.name, plan.price, parts.join(", "))
}

fn plan_json(plan: &Plan) -> Value {
    let Entitlements { api, mcp, max_image, teams, seats } = plan.entitlements;
    json!({
        "name": plan.name,
        "is_offered": true,
        "price": plan.price,
        "monthly_credits": plan.monthly.map_or(0, Amount::get),
        "signup_credits": plan.signup.map_or(0, Amount::get),
        "api": api,
        "mcp": mcp,
        "max_image": size(max_image),
        "teams": teams,
        "seats": seats,
        "price_ids": plan.provider_prices,
        "checkout_url": plan.checkout_url,
    })
}

fn size(size: ImageSize) -> &'static str {
    match size {
        ImageSize::TwoK => "2K",
        ImageSize::FourK => "4K",
    }
}

fn held_line(held: &Held) -> String {
    let state = held.state.map_or("no subscription", SubscriptionState::as_str);
    let price = held.plan.as_ref().map_or("not in the configuration any more", |plan| &plan.price);
    let refresh = held.next_refresh_at.map(|at| format!(", the next {}", time(at)));
    let until = held.paid_until.map(|at| format!(", paid until {}", time(at)));
    let by = match (held.is_operators, &held.subscription) {
        (true, _) => ", set by the operator".to_owned(),
        (false, Some(id)) => format!(", {id}"),
        (false, None) => String::new(),
    };
    format!(
        "{}  {price}  {state}, {} credits a month{}{}{by}",
        held.name,
        held.monthly,
        refresh.unwrap_or_default(),
        until.unwrap_or_default()
    )
}

fn held_json(held: &Held) -> Value {
    json!({
        "plan": held.name,
        "is_offered": held.plan.is_some(),
        "price": held.plan.as_ref().map(|plan| &plan.price),
        "state": held.state.map(SubscriptionState::as_str),
        "monthly_credits": held.monthly,
        "next_refresh_at": held.next_refresh_at.map(time),
        "paid_until": held.paid_until.map(time),
        "set_by_operator": held.is_operators,
        "subscription": held.subscription,
    })
}
