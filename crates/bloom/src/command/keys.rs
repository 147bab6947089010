//! The commands about API keys, and the verbs behind them.

use bloom_domain::access::Access;
use bloom_domain::api_keys::{ApiKey, ApiKeySecret, KeyCondition, KeyName, Narrowing, Overlap};
use bloom_domain::credits::{Budget, Cap, ChargedVia};
use bloom_domain::email::Email;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_service::api_keys::{self, Import, KeyTerms, NewApiKey, Revoked, Rotation, WhichKey};
use bloom_service::credits;
use bloom_service::credits::budgets::{self, BudgetUse};

use super::Answer;
use crate::failure::Failure;
use crate::node::Node;

pub(crate) enum KeysCommand {
    Create { owner: Email, order: NewKeyOrder },
    List { owner: Email },
    Rotate { owner: Email, which: WhichKey, overlap: Overlap },
    EndOverlap { owner: Email, which: WhichKey },
    Budget { owner: Email, which: WhichKey, caps: Caps },
    Revoke { owner: Email, which: WhichKey },
    Import { owner: Email, order: ImportOrder },
}

/// What a key is to be.
pub(crate) struct NewKeyOrder {
    pub(crate) name: KeyName,
    pub(crate) access: Access,
    /// None for all; `None` among them is the owner's own.
    pub(crate) workspaces: Vec<Option<WorkspaceId>>,
    pub(crate) addresses: Addresses,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Keys of another system, as JSON that was read and is good.
pub(crate) struct ImportOrder {
    pub(crate) text: String,
    import: Import,
}

impl ImportOrder {
    pub(crate) fn read(text: String) -> Result<Self, Failure> {
        let import = bloom_http::read_import(&text).map_err(Failure::usage)?;
        Ok(Self { text, import })
    }
}

/// What a budget is to be, cap by cap: as it is, or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caps {
    pub(crate) day: Option<Option<Cap>>,
    pub(crate) month: Option<Option<Cap>>,
    pub(crate) total: Option<Option<Cap>>,
}

/// What came of it.
pub(crate) enum KeysAnswer {
    New { key: ApiKey, secret: ApiKeySecret, now: Timestamp },
    List { keys: Vec<ApiKey>, now: Timestamp },
    OverlapEnded { key: ApiKey, is_news: bool, now: Timestamp },
    Revoked { key: ApiKey, is_news: bool, now: Timestamp },
    Budget { key: ApiKey, used: BudgetUse },
}

pub(super) async fn execute(node: &Node, command: KeysCommand) -> Result<Answer, Failure> {
    let (service, operator) = (&*node.service, &node.operator);
    // What is told of a key is how it is afterwards.
    let shown = |NewApiKey { key, secret }| KeysAnswer::New { key, secret, now: service.now() };
    Ok(Answer::Keys(match command {
        KeysCommand::Create { owner, order } => {
            let terms = terms(node, &owner, order).await?;
            shown(api_keys::create_for(service, operator, &owner, terms).await?)
        }
        KeysCommand::List { owner } => {
            let keys = api_keys::list_for(service, operator, &owner).await?;
            KeysAnswer::List { keys, now: service.now() }
        }
        KeysCommand::Rotate { owner, which, overlap } => {
            let rotation = Rotation { overlap, seen: None };
            shown(api_keys::rotate_for(service, operator, &owner, which, rotation).await?)
        }
        KeysCommand::EndOverlap { owner, which } => {
            let before = api_keys::find_for(service, operator, &owner, which).await?;
            let is_news = matches!(before.condition(service.now()), KeyCondition::Rotated { .. });
            let which = WhichKey::Id(before.id);
            let key = api_keys::end_overlap_for(service, operator, &owner, which).await?;
            KeysAnswer::OverlapEnded { key, is_news, now: service.now() }
        }
        KeysCommand::Budget { owner, which, caps } => budget(node, &owner, which, caps).await?,
        KeysCommand::Revoke { owner, which } => {
            let Revoked { key, is_news } =
                api_keys::revoke_for(service, operator, &owner, which).await?;
            KeysAnswer::Revoked { key, is_news, now: service.now() }
        }
        KeysCommand::Import { owner, order } => {
            let keys = api_keys::import_for(service, operator, &owner, order.import).await?;
            KeysAnswer::List { keys, now: service.now() }
        }
    }))
}

async fn terms(node: &Node, owner: &Email, order: NewKeyOrder) -> Result<KeyTerms, Failure> {
    let NewKeyOrder { name, access, workspaces, addresses, expires_at } = order;
    let mut ids = Vec::with_capacity(workspaces.len());
    for workspace in workspaces {
        ids.push(credits::workspace_of(&node.service, &node.operator, owner, workspace).await?);
    }
    let reach = if ids.is_empty() { Reach::All } else { Reach::Only(ids) };
    Ok(KeyTerms { name, narrowing: Narrowing { access, reach, addresses, expires_at } })
}

async fn budget(
    node: &Node,
    owner: &Email,
    which: WhichKey,
    caps: Caps,
) -> Result<KeysAnswer, Failure> {
    let (service, operator) = (&*node.service, &node.operator);
    let key = api_keys::find_for(service, operator, owner, which).await?;
    let via = ChargedVia::ApiKey(key.id);
    let before = budgets::list_for(service, operator, owner).await?.of(via);
    let budget = caps.of(before.budget);
    if budget != before.budget {
        let which = WhichKey::Id(key.id);
        budgets::set_for(service, operator, owner, which, budget).await?;
    }
    Ok(KeysAnswer::Budget { key, used: BudgetUse { budget, ..before } })
}

impl Caps {
    fn of(self, before: Budget) -> Budget {
        Budget {
            day: self.day.unwrap_or(before.day),
            month: self.month.unwrap_or(before.month),
            total: self.total.unwrap_or(before.total),
        }
    }
}
