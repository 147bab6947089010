//! `GET /account`.

use bloom_domain::accounts::Account;
use bloom_service::accounts;
use schemars::JsonSchema;
use serde::Serialize;

use super::admission::Call;
use super::envelope::Data;
use super::errors::ApiError;

/// The account that the credential acts for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Account")]
pub(crate) struct AccountView {
    /// The address that signs in.
    email: String,
    /// What the person wants to be called.
    name: Option<String>,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        Self { email: account.email.as_str().to_owned(), name: account.name.clone() }
    }
}

pub(crate) async fn get(call: Call) -> Result<Data<AccountView>, ApiError> {
    Ok(Data(accounts::get(&call.app.service, &call.principal).into()))
}
