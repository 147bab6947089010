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
pub(crate) struct AccountView<'a> {
    /// The address that signs in.
    email: &'a str,
    /// What the person wants to be called.
    name: Option<&'a str>,
}

impl<'a> From<&'a Account> for AccountView<'a> {
    fn from(account: &'a Account) -> Self {
        Self { email: account.email.as_str(), name: account.name.as_deref() }
    }
}

pub(crate) async fn get(call: Call) -> Result<Data, ApiError> {
    let account = accounts::get(&call.app.service, &call.principal);
    Ok(Data::new(&AccountView::from(account)))
}
