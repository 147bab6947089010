//! A command about plans as it travels.

use bloom_domain::email::Email;
use bloom_domain::subscriptions::SubscriptionState;
use bloom_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::credits::Purse;
use crate::command::plan::PlanCommand;
use crate::failure::Failure;

#[derive(Serialize, Deserialize)]
#[serde(tag = "plan", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::control) enum PlanWire {
    List {},
    Show {
        owner: String,
        workspace: Option<String>,
    },
    Set {
        owner: String,
        workspace: Option<String>,
        name: String,
        state: String,
        anchor: Option<i64>,
    },
    Clear {
        owner: String,
        workspace: Option<String>,
    },
}

impl From<&PlanCommand> for PlanWire {
    fn from(command: &PlanCommand) -> Self {
        let split = |purse: &Purse| {
            (purse.owner.to_string(), purse.workspace.map(|workspace| workspace.to_string()))
        };
        match command {
            PlanCommand::List => Self::List {},
            PlanCommand::Show { purse } => {
                let (owner, workspace) = split(purse);
                Self::Show { owner, workspace }
            }
            PlanCommand::Set { purse, plan, state, anchor } => {
                let (owner, workspace) = split(purse);
                let (name, state) = (plan.clone(), state.as_str().to_owned());
                Self::Set {
                    owner,
                    workspace,
                    name,
                    state,
                    anchor: anchor.map(Timestamp::unix_micros),
                }
            }
            PlanCommand::Clear { purse } => {
                let (owner, workspace) = split(purse);
                Self::Clear { owner, workspace }
            }
        }
    }
}

impl TryFrom<PlanWire> for PlanCommand {
    type Error = Failure;

    fn try_from(wire: PlanWire) -> Result<Self, Failure> {
        let fault = |error: &dyn std::fmt::Display| Failure::usage(error.to_string());
        let purse = |owner: String, workspace: Option<String>| {
            let owner = Email::parse(&owner).map_err(|error| fault(&error))?;
            let workspace = workspace.map(|id| id.parse()).transpose();
            Ok::<_, Failure>(Purse { owner, workspace: workspace.map_err(|error| fault(&error))? })
        };
        Ok(match wire {
            PlanWire::List {} => Self::List,
            PlanWire::Show { owner, workspace } => Self::Show { purse: purse(owner, workspace)? },
            PlanWire::Set { owner, workspace, name, state, anchor } => Self::Set {
                purse: purse(owner, workspace)?,
                plan: name,
                state: SubscriptionState::from_stored(&state)
                    .ok_or_else(|| Failure::usage("--state is no state of a plan"))?,
                anchor: anchor.map(Timestamp::from_unix_micros),
            },
            PlanWire::Clear { owner, workspace } => Self::Clear { purse: purse(owner, workspace)? },
        })
    }
}
