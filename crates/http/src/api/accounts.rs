//! `GET /account`.

use bloom_service::{Error, Principal, Service, accounts};
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

/// The view of the account that a credential acts for.
pub(crate) async fn view<'a>(
    service: &Service,
    principal: &'a Principal,
) -> Result<AccountView<'a>, Error> {
    let account = accounts::get(service, principal).await?;
    Ok(AccountView { email: account.email.as_str(), name: account.name.as_deref() })
}

pub(crate) async fn get(call: Call) -> Result<Data, ApiError> {
    Ok(Data::new(&view(&call.app.service, &call.principal).await?))
}
