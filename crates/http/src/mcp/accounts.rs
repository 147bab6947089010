//! `bloom_whoami`.

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::tools::{Caller, ToolError, arguments, result};
use crate::api::accounts;

/// It takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {}

pub(crate) async fn whoami(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let Arguments {} = arguments(given)?;
    result(&accounts::view(&caller.app.service, &caller.principal).await?)
}
