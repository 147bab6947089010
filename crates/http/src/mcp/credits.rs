//! `bloom_check_credits`.

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::tools::{Caller, ToolError, arguments, result};
use crate::api::credits;

/// What it takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The team workspace that is meant. Left out: the personal workspace.
    workspace_id: Option<String>,
}

pub(crate) async fn check(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let given: Arguments = arguments(given)?;
    let workspace_id = given.workspace_id.as_deref();
    result(&credits::view(&caller.app.service, &caller.principal, workspace_id).await?)
}
