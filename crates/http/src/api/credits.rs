//! `GET /credits`.

use bloom_domain::credits::CreditBalance;
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_service::{Error, credits};
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
}

impl From<CreditBalance> for CreditsView {
    fn from(credits: CreditBalance) -> Self {
        Self { balance: credits.balance, unlimited: credits.unlimited }
    }
}

pub(crate) async fn get(call: Call) -> Result<Data, ApiError> {
    let choice = match call.query().optional("workspaceId")? {
        None => WorkspaceChoice::Personal,
        // A text that is no id names no workspace.
        Some(id) => WorkspaceChoice::Team(id.parse().map_err(|_| Error::WorkspaceNotFound)?),
    };
    let balance = credits::get(&call.app.service, &call.principal, choice).await?;
    Ok(Data::new(&CreditsView::from(balance)))
}
