//! The commands about credits, and the verbs behind them.

use bloom_domain::credits::{Amount, CreditGrant, GrantKind, LedgerLine, Reference};
use bloom_domain::email::Email;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::time::Timestamp;
use bloom_service::credits::history::{self, Usage};
use bloom_service::credits::{self, GrantOrder, Granted, Ledger};

use super::{Answer, Command, Desk};
use crate::config::Config;
use crate::failure::Failure;
use crate::node::Node;
use crate::output;

/// How many movements are read at a time.
const PAGE: i64 = 1_000;

/// Whose credits are meant.
#[derive(Debug, Clone)]
pub(crate) struct Purse {
    pub(crate) owner: Email,
    /// `None` for the person's own workspace.
    pub(crate) workspace: Option<WorkspaceId>,
}

/// How movements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Ndjson,
    Csv,
}

/// A place in a ledger: an entry and a line of it.
pub(crate) type Place = (i64, i64);

pub(crate) enum CreditsCommand {
    Grant {
        purse: Purse,
        kind: GrantKind,
        amount: Amount,
        reference: Reference,
        expires: Option<Timestamp>,
    },
    TakeBack {
        reference: Reference,
        total: Amount,
    },
    List {
        purse: Purse,
    },
    Usage {
        purse: Purse,
        days: u16,
    },
    /// The page of an export that begins after a place.
    Export {
        purse: Purse,
        format: Format,
        after: Place,
    },
}

/// What came of it.
pub(crate) enum CreditsAnswer {
    Granted(Granted),
    TakenBack(CreditGrant),
    Ledger(Ledger),
    Usage(Usage),
    Page { lines: Vec<LedgerLine>, format: Format, is_first: bool },
}

pub(super) async fn execute(node: &Node, command: CreditsCommand) -> Result<Answer, Failure> {
    let (service, operator) = (&*node.service, &node.operator);
    let of = async |purse: &Purse| {
        credits::workspace_of(service, operator, &purse.owner, purse.workspace).await
    };
    Ok(Answer::Credits(match command {
        CreditsCommand::Grant { purse, kind, amount, reference, expires } => {
            let workspace = of(&purse).await?;
            let order = GrantOrder { workspace, kind, amount, expires, reference };
            CreditsAnswer::Granted(credits::grant(service, operator, order).await?)
        }
        CreditsCommand::TakeBack { reference, total } => CreditsAnswer::TakenBack(
            credits::take_back(service, operator, &reference, total).await?,
        ),
        CreditsCommand::List { purse } => {
            let workspace = of(&purse).await?;
            CreditsAnswer::Ledger(credits::list(service, operator, workspace).await?)
        }
        CreditsCommand::Usage { purse, days } => {
            let workspace = of(&purse).await?;
            CreditsAnswer::Usage(history::usage(service, operator, workspace, days).await?)
        }
        CreditsCommand::Export { purse, format, after } => {
            let workspace = of(&purse).await?;
            let lines = credits::export(service, operator, workspace, after, PAGE).await?;
            CreditsAnswer::Page { lines, format, is_first: after == (0, 0) }
        }
    }))
}

/// Writes every movement to standard output, page by page: an export may be longer than memory.
pub(crate) fn export(config: &Config, purse: &Purse, format: Format) -> Result<(), Failure> {
    let page =
        |after| Command::Credits(CreditsCommand::Export { purse: purse.clone(), format, after });
    let desk = Desk::open(config, &page((0, 0)))?;
    let written = (|| {
        let mut next = Some((0, 0));
        while let Some(after) = next {
            let shown = desk.ask(page(after))?;
            if !shown.text.is_empty() {
                output::say(&shown.text)?;
            }
            next = output::next_page(&shown);
        }
        Ok(())
    })();
    desk.close();
    written
}
