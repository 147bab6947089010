//! A command about credits as it travels.

use bloom_domain::credits::{Amount, GrantKind, Reference};
use bloom_domain::email::Email;
use bloom_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::credits::{CreditsCommand, Format, Purse};
use crate::failure::Failure;

#[derive(Serialize, Deserialize)]
#[serde(tag = "credits", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::control) enum CreditsWire {
    Grant {
        owner: String,
        workspace: Option<String>,
        kind: String,
        amount: i64,
        reference: String,
        expires: Option<i64>,
    },
    TakeBack {
        reference: String,
        total: i64,
    },
    List {
        owner: String,
        workspace: Option<String>,
    },
    Usage {
        owner: String,
        workspace: Option<String>,
        days: u16,
    },
    Export {
        owner: String,
        workspace: Option<String>,
        is_csv: bool,
        after: (i64, i64),
    },
}

impl From<&CreditsCommand> for CreditsWire {
    fn from(command: &CreditsCommand) -> Self {
        let split = |purse: &Purse| {
            (purse.owner.to_string(), purse.workspace.map(|workspace| workspace.to_string()))
        };
        match command {
            CreditsCommand::Grant { purse, kind, amount, reference, expires } => {
                let (owner, workspace) = split(purse);
                Self::Grant {
                    owner,
                    workspace,
                    kind: kind.as_str().to_owned(),
                    amount: amount.get(),
                    reference: reference.to_string(),
                    expires: expires.map(Timestamp::unix_micros),
                }
            }
            CreditsCommand::TakeBack { reference, total } => {
                Self::TakeBack { reference: reference.to_string(), total: total.get() }
            }
            CreditsCommand::List { purse } => {
                let (owner, workspace) = split(purse);
                Self::List { owner, workspace }
            }
            CreditsCommand::Usage { purse, days } => {
                let (owner, workspace) = split(purse);
                Self::Usage { owner, workspace, days: *days }
            }
            CreditsCommand::Export { purse, format, after } => {
                let (owner, workspace) = split(purse);
                Self::Export { owner, workspace, is_csv: *format == Format::Csv, after: *after }
            }
        }
    }
}

impl TryFrom<CreditsWire> for CreditsCommand {
    type Error = Failure;

    fn try_from(wire: CreditsWire) -> Result<Self, Failure> {
        let fault = |error: &dyn std::fmt::Display| Failure::usage(error.to_string());
        let purse = |owner: String, workspace: Option<String>| {
            let owner = Email::parse(&owner).map_err(|error| fault(&error))?;
            let workspace = workspace.map(|id| id.parse()).transpose();
            Ok::<_, Failure>(Purse { owner, workspace: workspace.map_err(|error| fault(&error))? })
        };
        let amount = |credits| Amount::new(credits).map_err(|error| fault(&error));
        let reference = |text: String| Reference::parse(&text).map_err(|error| fault(&error));
        Ok(match wire {
            CreditsWire::Grant {
                owner,
                workspace,
                kind,
                amount: credits,
                reference: name,
                expires,
            } => Self::Grant {
                purse: purse(owner, workspace)?,
                kind: GrantKind::from_word(&kind)
                    .ok_or_else(|| Failure::usage("--kind is no kind of credits"))?,
                amount: amount(credits)?,
                reference: reference(name)?,
                expires: expires.map(Timestamp::from_unix_micros),
            },
            CreditsWire::TakeBack { reference: name, total } => {
                Self::TakeBack { reference: reference(name)?, total: amount(total)? }
            }
            CreditsWire::List { owner, workspace } => {
                Self::List { purse: purse(owner, workspace)? }
            }
            CreditsWire::Usage { owner, workspace, days } => {
                Self::Usage { purse: purse(owner, workspace)?, days }
            }
            CreditsWire::Export { owner, workspace, is_csv, after } => Self::Export {
                purse: purse(owner, workspace)?,
                format: if is_csv { Format::Csv } else { Format::Ndjson },
                after,
            },
        })
    }
}
