//! Bloom as rmcp sees it: what it is called, and its tools. It is one for all; who calls comes with the message.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use http::request::Parts;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest,
    CustomResult, ErrorCode, ErrorData, Implementation, JsonObject, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, model};
use serde_json::Value;

use super::links;
use super::tools::{self, Caller, Tool, ToolError};
use crate::api::errors::ApiError;
use crate::edge;

const INSTRUCTIONS: &str = "Bloom acts for the person whose credential this is. bloom_whoami says who \
                            that is, bloom_check_credits what they can spend. Everything is made for a \
                            brand: bloom_list_brands shows those there are, bloom_onboard_brand makes one of \
                            a site.";

/// The methods that there are. rmcp takes a request of these whose params it cannot read for one of a
/// method that it does not know.
const METHODS: [&str; 5] = ["initialize", "ping", "server/discover", "tools/list", "tools/call"];

/// What goes along with a message, among its extensions, through rmcp and to the tool.
pub(crate) struct Conversation {
    pub(crate) caller: Caller,
    /// Why the request as a whole is refused: the server, rather than the call, failed, or the token does not
    /// reach the tool. A tool runs in a task of rmcp's, out of reach of the edge; what went wrong there comes
    /// back to the request this way.
    pub(crate) failure: OnceLock<ApiError>,
    /// Whether the client's version of the protocol has links in results.
    pub(crate) shows_links: bool,
}

/// The server.
pub(crate) struct Server;

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("bloom", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::ALL.iter().map(Tool::describe).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<model::Tool> {
        tools::find(name).map(Tool::describe)
    }

    async fn call_tool(
        &self,
        called: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts = context.extensions.get::<Parts>();
        let conversation = parts.and_then(|parts| parts.extensions.get::<Arc<Conversation>>());
        let Some(conversation) = conversation else {
            return Err(ErrorData::internal_error("The message came from nobody.", None));
        };
        let arguments = called.arguments.unwrap_or_default();
        call(conversation, &called.name, arguments).await.map(CallToolResponse::from)
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if METHODS.contains(&request.method.as_str()) {
            let message = format!("The params are not those of {}.", request.method);
            return Err(ErrorData::invalid_params(message, None));
        }
        let message = "This server has no such method; it has tools.";
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None))
    }
}

/// Calls a tool.
///
/// # Errors
/// An error of JSON-RPC: there is no such tool, its arguments are not those of the tool, or the server failed.
pub(super) async fn call(
    conversation: &Conversation,
    name: &str,
    arguments: JsonObject,
) -> Result<CallToolResult, ErrorData> {
    let Conversation { caller, failure, shows_links } = conversation;
    let Some(tool) = tools::find(name) else {
        let message = "There is no such tool. tools/list lists those there are.";
        return Err(ErrorData::invalid_params(message, None));
    };
    let running = tool.run(caller, arguments);
    let mut result = settle(running, caller.app.site.origin(), failure).await?;
    if let Some(value) = result.structured_content.as_ref().filter(|_| *shows_links) {
        let links = links::of(value);
        result.content.extend(links);
    }
    Ok(result)
}

/// What the protocol says of a tool that ran: its result, or an error of JSON-RPC.
async fn settle(
    running: impl Future<Output = Result<Value, ToolError>>,
    origin: &str,
    failure: &OnceLock<ApiError>,
) -> Result<CallToolResult, ErrorData> {
    let error = match AssertUnwindSafe(running).catch_unwind().await {
        Ok(Ok(value)) => return Ok(CallToolResult::structured(value)),
        Ok(Err(ToolError::Refused(message))) => {
            return Ok(CallToolResult::error(vec![ContentBlock::text(message)]));
        }
        Ok(Err(ToolError::Barred(error))) => return Ok(barred(&error, origin)),
        Ok(Err(ToolError::Arguments(message))) => {
            return Err(ErrorData::invalid_params(message, None));
        }
        Ok(Err(ToolError::TooNarrow(error) | ToolError::Failed(error))) => error,
        Err(panic) => edge::panicked(&*panic).into(),
    };
    // There is one call in a message, so nothing was said before. Nobody reads this error: the failure
    // takes its place (`protocol.rs`).
    let _ = failure.set(error);
    Err(ErrorData::internal_error("The server failed.", None))
}

/// What stands in the way, and where a person can do something about it. The text is for a model, the
/// code for a program.
fn barred(error: &ApiError, origin: &str) -> CallToolResult {
    let url = error.way_out(origin);
    let message = error.message().replace("error.data.action_url", &url);
    let text = match message.contains(&url) {
        true => format!("{}: {message}", error.code().as_str()),
        false => format!("{}: {message} See {url}.", error.code().as_str()),
    };
    CallToolResult::error(vec![ContentBlock::text(text)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::errors::ErrorCode;
    use bloom_service::Error;

    #[test]
    fn whoever_is_barred_is_told_where_to_go() {
        let url = "https://bloom.example/settings#plan";
        let text = |error: Error| {
            let result = barred(&error.into(), "https://bloom.example");
            assert_eq!(result.is_error, Some(true));
            serde_json::to_string(&result).unwrap()
        };
        for (error, code) in [
            (Error::PlanUpgradeRequired, "FORBIDDEN: Plan upgrade required"),
            (Error::PaymentRequired, "PAYMENT_REQUIRED: "),
            (Error::InsufficientCredits { balance: 0, needed: 2 }, "INSUFFICIENT_CREDITS: "),
        ] {
            let text = text(error);
            assert!(text.contains(code) && text.contains(url), "{text}");
            assert!(!text.contains("action_url"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_tool_that_panics_fails_the_request() {
        let failure = OnceLock::new();
        let settled = settle(async { panic!("boom") }, "", &failure).await;
        assert!(settled.is_err());
        assert_eq!(failure.get().unwrap().code(), ErrorCode::InternalServerError);
        assert!(!failure.get().unwrap().message().contains("boom"), "the cause is for the log");
    }
}
