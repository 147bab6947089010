//! The commands about plans, and the verbs behind them.

use bloom_domain::plans::PlanTable;
use bloom_domain::subscriptions::SubscriptionState;
use bloom_domain::time::Timestamp;
use bloom_service::plans::Held;
use bloom_service::subscriptions::{self, PlanOrder};
use bloom_service::{Error, credits};

use super::Answer;
use super::credits::Purse;
use crate::failure::Failure;
use crate::node::Node;

pub(crate) enum PlanCommand {
    List,
    Show { purse: Purse },
    Set { purse: Purse, plan: String, state: SubscriptionState, anchor: Option<Timestamp> },
    Clear { purse: Purse },
}

/// What came of it.
pub(crate) enum PlanAnswer {
    /// The plans there are, and how many subscriptions that are not over there are to each.
    Table {
        plans: PlanTable,
        counts: Vec<(String, i64)>,
    },
    Held(Held),
    /// The plan that a workspace has now, and whether there was anything to take away.
    Cleared {
        held: Held,
        was_there: bool,
    },
}

pub(super) async fn execute(node: &Node, command: PlanCommand) -> Result<Answer, Failure> {
    let (service, operator) = (&*node.service, &node.operator);
    let of = async |purse: &Purse| {
        credits::workspace_of(service, operator, &purse.owner, purse.workspace).await
    };
    Ok(Answer::Plan(match command {
        PlanCommand::List => {
            let billing = service.settings().billing.as_ref().ok_or(Error::BillingOff)?;
            let counts = subscriptions::count(service, operator).await?;
            PlanAnswer::Table { plans: billing.plans.clone(), counts }
        }
        PlanCommand::Show { purse } => {
            let workspace = of(&purse).await?;
            PlanAnswer::Held(subscriptions::get(service, operator, workspace).await?)
        }
        PlanCommand::Set { purse, plan, state, anchor } => {
            let order = PlanOrder { workspace: of(&purse).await?, plan, state, anchor };
            PlanAnswer::Held(subscriptions::set(service, operator, order).await?)
        }
        PlanCommand::Clear { purse } => {
            let workspace = of(&purse).await?;
            let cleared = subscriptions::clear(service, operator, workspace);
            let (held, was_there) = cleared.await?;
            PlanAnswer::Cleared { held, was_there }
        }
    }))
}
