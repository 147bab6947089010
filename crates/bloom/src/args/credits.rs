//! `bloom credits`.

use bloom_domain::credits::{Amount, GrantKind, Reference};
use bloom_domain::time::Timestamp;
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::{Asked, Place, between, command, email};
use crate::command::Command;
use crate::command::credits::{CreditsCommand, Format, Purse};
use crate::failure::Failure;

#[derive(Args)]
pub(super) struct OfPurse {
    #[command(flatten)]
    place: Place,
    /// The email address of a person in the workspace
    #[arg(long, alias = "email", value_name = "EMAIL")]
    account: String,
    /// The workspace's id [default: the person's own]
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
}

impl OfPurse {
    pub(super) fn split(self) -> Result<(Place, Purse), Failure> {
        let workspace = self.workspace.map(|id| id.parse()).transpose();
        let workspace =
            workspace.map_err(|error| Failure::usage(format!("--workspace: {error}")))?;
        Ok((self.place, Purse { owner: email(&self.account)?, workspace }))
    }
}

#[derive(Args)]
pub(super) struct Order {
    /// How many credits
    #[arg(long, value_name = "CREDITS", allow_hyphen_values = true)]
    amount: String,
    /// What they come from, such as an invoice: the same one counts once
    #[arg(long, value_name = "TEXT")]
    reference: String,
}

impl Order {
    fn amount(&self) -> Result<Amount, Failure> {
        let fault = |error| Failure::usage(format!("--amount {}: {error}", self.amount));
        self.amount.parse().map_err(fault)
    }

    fn reference(&self) -> Result<Reference, Failure> {
        let fault = |error| Failure::usage(format!("--reference: {error}"));
        Reference::parse(&self.reference).map_err(fault)
    }
}

/// The kinds that an operator grants.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    Signup,
    Promo,
    Operator,
    Topup,
}

impl From<Kind> for GrantKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Signup => Self::Signup,
            Kind::Promo => Self::Promo,
            Kind::Operator => Self::Operator,
            Kind::Topup => Self::Topup,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ExportFormat {
    Ndjson,
    Csv,
}

#[derive(Subcommand)]
pub(super) enum CreditsVerb {
    /// Grant credits to a workspace
    Grant {
        #[command(flatten)]
        of: OfPurse,
        #[command(flatten)]
        order: Order,
        /// Why: bought ones (topup) never end
        #[arg(long, value_enum, default_value_t = Kind::Operator)]
        kind: Kind,
        /// When they end: a date, or a time such as 2027-03-01T12:00:00Z [default: never]
        #[arg(long, value_name = "DATE")]
        expires: Option<String>,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take bought credits back because their money was given back; what is spent is owed
    TakeBack {
        #[command(flatten)]
        place: Place,
        /// For how many of them in all: the same total counts once
        #[arg(long, value_name = "CREDITS", allow_hyphen_values = true)]
        amount: String,
        /// The reference with which they were granted
        #[arg(long, value_name = "TEXT")]
        reference: String,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// What a workspace has, and every grant
    List {
        #[command(flatten)]
        of: OfPurse,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// What was used in a workspace in the last days: by day, by member and by key or app
    Usage {
        #[command(flatten)]
        of: OfPurse,
        /// How many days, today among them, at most 366
        #[arg(long, value_name = "DAYS", allow_negative_numbers = true, default_value_t = 30, value_parser = between::<u16>(1, 366))]
        days: u16,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Every movement of a workspace, oldest first
    Export {
        #[command(flatten)]
        of: OfPurse,
        /// A JSON object on each line, or comma-separated values
        #[arg(long, value_enum, default_value_t = ExportFormat::Ndjson)]
        format: ExportFormat,
    },
}

impl CreditsVerb {
    pub(super) fn asked(self) -> Result<Asked, Failure> {
        match self {
            Self::Grant { of, order, kind, expires, json } => {
                let (place, purse) = of.split()?;
                let (amount, reference) = (order.amount()?, order.reference()?);
                let expires =
                    expires.as_deref().map(|text| instant("--expires", text)).transpose()?;
                let kind = kind.into();
                let grant = CreditsCommand::Grant { purse, kind, amount, reference, expires };
                command(place, Command::Credits(grant), json)
            }
            Self::TakeBack { place, amount, reference, json } => {
                let order = Order { amount, reference };
                let (total, reference) = (order.amount()?, order.reference()?);
                let take_back = CreditsCommand::TakeBack { reference, total };
                command(place, Command::Credits(take_back), json)
            }
            Self::List { of, json } => {
                let (place, purse) = of.split()?;
                command(place, Command::Credits(CreditsCommand::List { purse }), json)
            }
            Self::Usage { of, days, json } => {
                let (place, purse) = of.split()?;
                let usage = CreditsCommand::Usage { purse, days };
                command(place, Command::Credits(usage), json)
            }
            Self::Export { of, format } => {
                let (place, purse) = of.split()?;
                let format = match format {
                    ExportFormat::Ndjson => Format::Ndjson,
                    ExportFormat::Csv => Format::Csv,
                };
                Ok(Asked::ExportCredits { config: Box::new(place.config()?), purse, format })
            }
        }
    }
}

/// A time, or the beginning of a day.
pub(super) fn instant(flag: &str, text: &str) -> Result<Timestamp, Failure> {
    let refused = |advice: &str| Failure::usage(format!("{flag} {text}: {advice}"));
    // Parsed as a date, a time without its zone would count as the beginning of its day.
    let time = match (text.parse::<jiff::Timestamp>(), Date::strptime("%Y-%m-%d", text)) {
        (Ok(time), _) => time,
        (Err(_), Ok(date)) => jiff::tz::Offset::UTC
            .to_timestamp(date.at(0, 0, 0, 0))
            .map_err(|_| refused("the last day is 9999-12-30"))?,
        (Err(_), Err(_)) => {
            return Err(refused(
                "expected a date such as 2027-03-01, or a time such as 2027-03-01T12:00:00Z",
            ));
        }
    };
    Ok(Timestamp::from_unix_micros(time.as_microsecond()))
}
