//! `GET /credits`.

use bloom_domain::credits::CreditBalance;
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_service::{Error, Principal, Service, credits};
use schemars::JsonSchema;
use serde::Serialize;

use super::admission::Call;
use super::envelope::Data;
use super::errors::ApiError;

/// What can be spent in a workspace.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Credits")]
pub(crate) struct CreditsView {
    /// Credits that can be spent now.
    balance: i64,
    /// Whether operations run whatever the balance is.
    unlimited: bool,
    /// Credits that running jobs hold.
    held: i64,
    /// How much of the balance is this month's.
    monthly: i64,
    /// How much of it was bought and never ends.
    topup: i64,
    /// When the next month's credits come, if any do.
    next_refresh_at: Option<String>,
    /// How many credits this key or app may still spend by its own budget; `null` when it has none.
    budget_left: Option<i64>,
}

impl From<CreditBalance> for CreditsView {
    fn from(credits: CreditBalance) -> Self {
        Self {
            balance: credits.balance,
            unlimited: credits.unlimited,
            held: credits.held,
            monthly: credits.monthly,
            topup: credits.topup,
            next_refresh_at: credits.next_refresh_at.map(|at| at.to_string()),
            budget_left: credits.budget_left,
        }
    }
}

/// The view of a workspace that a text names, or of the personal one.
pub(crate) async fn view(
    service: &Service,
    principal: &Principal,
    workspace_id: Option<&str>,
) -> Result<CreditsView, Error> {
    let choice = match workspace_id {
        None => WorkspaceChoice::Personal,
        // A text that is no id names no workspace.
        Some(id) => WorkspaceChoice::Team(id.parse().map_err(|_| Error::WorkspaceNotFound)?),
    };
    Ok(credits::get(service, principal, choice).await?.into())
}

pub(crate) async fn get(call: Call) -> Result<Data, ApiError> {
    let workspace_id = call.query().optional("workspaceId")?;
    let view = view(&call.app.service, &call.principal, workspace_id.as_deref()).await?;
    Ok(Data::new(&view))
}
