//! The plans on the settings page: what each workspace has, what to do when nothing can be charged to it,
//! where to buy another, and what each of them includes.

use bloom_domain::credits::{Amount, ImageSize};
use bloom_domain::plans::{Plan, PlanTable};
use bloom_domain::subscriptions::SubscriptionState;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{WorkspaceChoice, WorkspaceKind};
use bloom_service::plans::{Billing, Held, WorkspacePlan};

use super::moment::moment;
use super::views::{Link, OfferedPlan, PlanBadge, PlanRow, Plans};

/// The part of the page.
pub(crate) fn part(billing: &Billing, plans: &[WorkspacePlan], now: Timestamp) -> Plans {
    Plans {
        rows: plans.iter().map(|plan| row(billing, plan, now)).collect(),
        offered: billing.plans.all().iter().map(offered).collect(),
    }
}

fn offered(plan: &Plan) -> OfferedPlan {
    let credits = |amount: Option<Amount>| amount.map_or(0, Amount::get);
    let included = plan.entitlements;
    OfferedPlan {
        name: plan.name.clone(),
        price: plan.price.clone(),
        monthly: credits(plan.monthly),
        signup: credits(plan.signup),
        largest: match included.max_image {
            ImageSize::TwoK => "2K",
            ImageSize::FourK => "4K",
        },
        teams: included.teams.then_some(included.seats),
        api: included.api,
        mcp: included.mcp,
    }
}

/// What a workspace's plan means for its credits: what is the matter, and how many come each month although no time for
/// them is set yet.
pub(crate) fn for_credits(billing: &Billing, plan: &WorkspacePlan) -> (Option<String>, i64) {
    let WorkspacePlan { is_owner, held, .. } = plan;
    let advice = advice(
        held,
        (*is_owner, manage(billing, plan).is_some()),
        &billing.plans.default_plan().name,
    );
    (advice, held.monthly)
}

/// Where the payment is looked after. What the operator set is nobody's to change but theirs.
fn manage(billing: &Billing, plan: &WorkspacePlan) -> Option<String> {
    let WorkspacePlan { is_owner, held, .. } = plan;
    let is_theirs = *is_owner && !is_over(held) && !held.is_operators;
    billing.manage_url.clone().filter(|_| is_theirs)
}

fn is_over(held: &Held) -> bool {
    matches!(held.state, None | Some(SubscriptionState::Canceled))
}

/// A workspace's plan as its row.
fn row(billing: &Billing, plan: &WorkspacePlan, now: Timestamp) -> PlanRow {
    let WorkspacePlan { workspace, is_owner, held } = plan;
    let is_over = is_over(held);
    let offers = match is_over && *is_owner {
        true => offers(&billing.plans, held, &workspace.id.to_string()),
        false => Vec::new(),
    };
    let manage = manage(billing, plan);
    let default = &billing.plans.default_plan().name;
    PlanRow {
        workspace: match workspace.kind {
            WorkspaceKind::Personal => "Personal workspace".to_owned(),
            WorkspaceKind::Team => workspace.name.clone(),
        },
        credits_href: super::credits::path(match workspace.kind {
            WorkspaceKind::Personal => WorkspaceChoice::Personal,
            WorkspaceKind::Team => WorkspaceChoice::Team(workspace.id),
        }),
        name: held.name.clone(),
        price: held.plan.as_ref().map(|plan| plan.price.clone()),
        badge: held.state.map(badge),
        monthly: held.monthly,
        next: held.next_refresh_at.map(|at| moment(at, now)),
        paid_until: held.paid_until.filter(|_| !is_over).map(|at| moment(at, now)),
        advice: advice(held, (*is_owner, manage.is_some()), default),
        manage_href: manage,
        offers,
    }
}

fn badge(state: SubscriptionState) -> PlanBadge {
    match state {
        SubscriptionState::Trialing => PlanBadge::Good("Free trial"),
        SubscriptionState::Active => PlanBadge::Good("Active"),
        SubscriptionState::PastDue => PlanBadge::Look("Payment failed"),
        SubscriptionState::Paused => PlanBadge::Look("Paused"),
        SubscriptionState::Canceled => PlanBadge::Plain("Ended"),
    }
}

/// What is the matter, and what to do about it.
fn advice(held: &Held, (is_owner, can_manage): (bool, bool), default: &str) -> Option<String> {
    let who = match (is_owner, can_manage) {
        (true, true) => "Look after the payment with the button below.",
        (true, false) => "Ask the person who runs this server.",
        (false, _) => "Ask the owner of the workspace.",
    };
    Some(match held.state {
        Some(SubscriptionState::Paused) => format!(
            "This plan is paused. Everything is still there to see; nothing that costs credits can be \
             done until it is resumed. {who}"
        ),
        // What the operator set goes on until they change it.
        Some(SubscriptionState::PastDue) if held.next_refresh_at.is_some() => {
            format!("The last payment failed. It is tried again. {who}")
        }
        Some(SubscriptionState::PastDue) => format!(
            "The last payment failed. It is tried again; until it arrives, no new credits come. {who}"
        ),
        Some(SubscriptionState::Canceled) => format!(
            "The subscription has ended. The workspace has what the plan {default} includes, and keeps \
             the credits that were bought."
        ),
        _ if held.plan.is_none() => format!(
            "This plan is not offered any more. Its monthly credits go on; otherwise the workspace has \
             what the plan {default} includes."
        ),
        _ => return None,
    })
}

/// The plans that can be bought for a workspace, each with its price.
fn offers(plans: &PlanTable, held: &Held, workspace: &str) -> Vec<Link> {
    let others = plans.all().iter().filter(|plan| plan.name != held.name);
    let offer = |plan: &Plan| {
        let url = plan.checkout_url.as_ref()?;
        let sign = if url.contains('?') { '&' } else { '?' };
        let href = format!("{url}{sign}client_reference_id={workspace}");
        Some(Link { label: format!("Choose {}: {}", plan.name, plan.price), href })
    };
    others.filter_map(offer).collect()
}
