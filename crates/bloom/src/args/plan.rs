//! `bloom plan`.

use bloom_domain::subscriptions::SubscriptionState;
use clap::{Subcommand, ValueEnum};

use super::credits::{OfPurse, instant};
use super::{Asked, Place, command};
use crate::command::Command;
use crate::command::plan::PlanCommand;
use crate::failure::Failure;

/// The states that an operator gives.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum State {
    Trialing,
    Active,
    PastDue,
    Paused,
    Canceled,
}

impl From<State> for SubscriptionState {
    fn from(state: State) -> Self {
        match state {
            State::Trialing => Self::Trialing,
            State::Active => Self::Active,
            State::PastDue => Self::PastDue,
            State::Paused => Self::Paused,
            State::Canceled => Self::Canceled,
        }
    }
}

#[derive(Subcommand)]
pub(super) enum PlanVerb {
    /// List the plans, and how many workspaces have each
    List {
        #[command(flatten)]
        place: Place,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// The plan of a workspace
    Show {
        #[command(flatten)]
        of: OfPurse,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a workspace a plan, whatever the payment provider says
    Set {
        #[command(flatten)]
        of: OfPurse,
        /// The plan's name, as listed
        #[arg(long, value_name = "NAME")]
        plan: String,
        /// In which state: nothing is charged to a paused one
        #[arg(long, value_enum, default_value_t = State::Active)]
        state: State,
        /// When its first month begins [default: as it was set before, else now]
        #[arg(long, value_name = "DATE")]
        starts: Option<String>,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take away what was set: what the payment provider says counts again
    Clear {
        #[command(flatten)]
        of: OfPurse,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

impl PlanVerb {
    pub(super) fn asked(self) -> Result<Asked, Failure> {
        match self {
            Self::List { place, json } => command(place, Command::Plan(PlanCommand::List), json),
            Self::Show { of, json } => {
                let (place, purse) = of.split()?;
                command(place, Command::Plan(PlanCommand::Show { purse }), json)
            }
            Self::Set { of, plan, state, starts, json } => {
                let (place, purse) = of.split()?;
                let anchor = starts.as_deref().map(|text| instant("--starts", text)).transpose()?;
                let set = PlanCommand::Set { purse, plan, state: state.into(), anchor };
                command(place, Command::Plan(set), json)
            }
            Self::Clear { of, json } => {
                let (place, purse) = of.split()?;
                command(place, Command::Plan(PlanCommand::Clear { purse }), json)
            }
        }
    }
}
