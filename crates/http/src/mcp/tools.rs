//! The tool table: one entry for each tool, with the operations it stands for.
//!
//! To add a tool, write it in the file of its concept and add an entry here. A test holds the table to
//! `bloom_service::operations`, so an operation without a tool is one that somebody decided to leave out.

use std::future::ready;
use std::sync::Arc;

use axum::extract::Request;
use bloom_service::operations::{self, Effect, Operation};
use bloom_service::{Error, Principal, last_use};
use futures_util::future::BoxFuture;
use rmcp::handler::server::tool::{schema_for_input, schema_for_output};
use rmcp::model::{self, JsonObject, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{accounts, credits};
use crate::api::accounts::AccountView;
use crate::api::admission::{Call, too_narrow};
use crate::api::credits::CreditsView;
use crate::api::errors::ApiError;
use crate::app::App;
use crate::face::Face;

/// A tool.
pub(crate) struct Tool {
    /// What it is called by.
    pub(crate) name: &'static str,
    /// What people see instead.
    title: &'static str,
    /// What a model reads when it decides whether to call it.
    description: &'static str,
    /// The operations behind it; never empty. A call is noted under the first.
    pub(crate) operations: &'static [&'static Operation],
    /// The schema of its arguments.
    input: fn() -> Arc<JsonObject>,
    /// The schema of its result.
    output: fn() -> Arc<JsonObject>,
    run: for<'a> fn(&'a Caller, JsonObject) -> BoxFuture<'a, Result<Value, ToolError>>,
}

/// All of them.
pub(crate) static ALL: [Tool; 2] = [
    Tool {
        name: "bloom_check_credits",
        title: "Check credits",
        description: "What can be spent in a workspace: the balance, and whether it matters at all. \
                      Without workspaceId, the personal workspace.",
        operations: &[&operations::CREDITS_GET],
        input: input_schema::<credits::Arguments>,
        output: schema_for_output::<CreditsView>,
        run: |caller, arguments| Box::pin(credits::check(caller, arguments)),
    },
    Tool {
        name: "bloom_whoami",
        title: "Who am I",
        description: "The account that every call here acts for: its email address and name.",
        operations: &[&operations::ACCOUNT_GET],
        input: input_schema::<accounts::Arguments>,
        output: schema_for_output::<AccountView<'static>>,
        run: |caller, arguments| Box::pin(accounts::whoami(caller, arguments)),
    },
];

/// The schema of arguments. They are structs, and so JSON objects, as the protocol demands.
fn input_schema<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    let mut schema = schema_for_input::<T>().unwrap_or_default();
    // Some clients look for it even when nothing is taken.
    Arc::make_mut(&mut schema).entry("properties").or_insert_with(|| json!({}));
    schema
}

/// The tool of a name.
pub(crate) fn find(name: &str) -> Option<&'static Tool> {
    ALL.iter().find(|tool| tool.name == name)
}

impl Tool {
    /// The tool as the protocol lists it.
    pub(crate) fn describe(&self) -> model::Tool {
        let only_reads = self.operations.iter().all(|operation| operation.effect == Effect::Read);
        // Nothing is reached but the person's own things on this server.
        let annotations = ToolAnnotations::new().read_only(only_reads).open_world(false);
        model::Tool::new(self.name, self.description, (self.input)())
            .with_title(self.title)
            .with_raw_output_schema((self.output)())
            .with_annotations(annotations)
    }

    /// Runs it, as far as the access of its caller reaches, and notes the use.
    pub(crate) fn run<'a>(
        &self,
        caller: &'a Caller,
        arguments: JsonObject,
    ) -> BoxFuture<'a, Result<Value, ToolError>> {
        // The request was noted and counted when it was admitted.
        if let Some(operation) = self.operations.first() {
            last_use::name(&caller.principal, operation);
        }
        let beyond = self.operations.iter().find(|operation| !caller.principal.may(operation));
        match beyond.and_then(|operation| operation.scope) {
            Some(scope) => {
                let Caller { app, principal, .. } = caller;
                let error = too_narrow(app, Face::Mcp, principal, scope);
                let error = match principal.can_ask_for_more() {
                    true => ToolError::TooNarrow(error),
                    false => ToolError::Refused(error.message().to_owned()),
                };
                Box::pin(ready(Err(error)))
            }
            None => (self.run)(caller, arguments),
        }
    }
}

/// Who calls, and what they call it with.
pub(crate) struct Caller {
    pub(crate) app: App,
    pub(crate) principal: Principal,
}

impl Caller {
    /// Takes an admitted request apart.
    pub(crate) fn of(call: Call) -> (Self, Request) {
        let Call { app, principal, request, .. } = call;
        (Self { app, principal }, request)
    }
}

/// Why a tool gives no result.
#[derive(Debug)]
pub(crate) enum ToolError {
    /// The arguments are not what its schema describes: a fault of the client, told by JSON-RPC.
    Arguments(String),
    /// It was not done, and the model that called it can do something about that: a result that says
    /// what.
    Refused(String),
    /// The same, for want of a plan or of credits: whoever looks after that must do something.
    Barred(ApiError),
    /// The access token does not reach it. No model can do something about that; a client can ask the
    /// person for more, and does when the whole request is refused with a challenge.
    TooNarrow(ApiError),
    /// The server failed: the whole request does.
    Failed(ApiError),
}

impl From<Error> for ToolError {
    fn from(error: Error) -> Self {
        match error {
            Error::WorkspaceNotFound => Self::Refused(
                "You have no such workspace. Leave workspaceId out for the personal one, \
                 or ask the person for the id of another."
                    .to_owned(),
            ),
            Error::PlanUpgradeRequired
            | Error::FeatureNotEntitled(_)
            | Error::PaymentRequired
            | Error::InsufficientCredits { .. }
            | Error::CreditsOwed { .. }
            | Error::OverBudget { .. } => Self::Barred(error.into()),
            other => Self::Failed(other.into()),
        }
    }
}

/// Reads the arguments of a call.
pub(crate) fn arguments<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, ToolError> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        ToolError::Arguments(format!("The arguments do not fit the inputSchema: {error}."))
    })
}

/// The result of a call.
pub(crate) fn result<T: Serialize>(view: &T) -> Result<Value, ToolError> {
    serde_json::to_value(view)
        .map_err(|error| ToolError::Failed(Error::Internal(error.to_string()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operations that no tool stands for: no model is handed the keys.
    const WITHOUT_TOOL: [&str; 8] = [
        "apiKeys.create",
        "apiKeys.get",
        "apiKeys.list",
        "apiKeys.revoke",
        "apiKeys.revokeSelf",
        "apiKeys.rotate",
        "apiKeys.verify",
        "workspaces.list",
    ];

    #[test]
    fn every_operation_has_a_tool_or_is_left_out_on_purpose() {
        let behind = ALL.iter().flat_map(|tool| tool.operations).map(|operation| operation.id);
        let mut named: Vec<_> = behind.chain(WITHOUT_TOOL).collect();
        let mut known: Vec<_> = operations::ALL.iter().map(|operation| operation.id).collect();
        named.sort_unstable();
        named.dedup();
        known.sort_unstable();
        assert_eq!(named, known);
        assert!(ALL.iter().all(|tool| !tool.operations.is_empty()));
    }

    #[test]
    fn names_differ_and_schemas_are_of_objects() {
        for tool in &ALL {
            assert!(tool.name.starts_with("bloom_"), "{}", tool.name);
            assert!(std::ptr::eq(find(tool.name).unwrap(), tool), "{}", tool.name);
            assert_eq!((tool.input)()["type"], "object", "{}", tool.name);
            assert_eq!((tool.output)()["type"], "object", "{}", tool.name);
        }
    }
}
