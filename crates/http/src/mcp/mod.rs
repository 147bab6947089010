//! The MCP server at `/api/mcp`: the verbs as tools for agents, over Streamable HTTP, without sessions.
//!
//! A request goes one way: `Host`, then the same admission as the API's (`api/admission.rs`), which has
//! not read a byte of the body; then [`message`] reads it, [`protocol`] hands it to rmcp, which speaks
//! JSON-RPC, or, if it is nothing but a call of a tool, to [`plain_call`]; and [`server`] answers for Bloom with what
//! [`tools`] lists.
//!
//! A foreign `Host` is refused, a foreign `Origin` is not. Nothing here reads a cookie, so there is
//! nothing that a foreign page could borrow: it must hold a credential of its own. See
//! docs/adr/0009-mcp-without-sessions.md.

mod accounts;
mod brands;
mod credits;
pub(crate) mod errors;
mod images;
mod links;
pub(crate) mod message;
mod plain_call;
mod protocol;
mod server;
pub(crate) mod tools;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::{HeaderValue, Method, header};

use crate::api::admission::{self, Call};
use crate::api::errors::{ApiError, ErrorCode};
use crate::app::App;
use crate::face::{Face, MCP_PATH};
use tools::Caller;

const ALLOWED: HeaderValue = HeaderValue::from_static("POST");

/// The one path. Every method reaches it: a client that has no credential is told so first, whatever
/// it tries.
pub(crate) fn routes() -> Router<App> {
    Router::new().route(MCP_PATH, any(answer))
}

async fn answer(State(app): State<App>, request: Request) -> Response {
    if !app.site.is_asked(request.uri(), request.headers()) {
        let message = format!("This server is {}{MCP_PATH}. Ask it there.", app.site.origin());
        return Face::Mcp.refuse(ApiError::new(ErrorCode::Forbidden, message));
    }
    // The use is noted at once, since a key that only lists tools is used too; a tool names its operation
    // later.
    admission::admit(app, Face::Mcp, None, request, converse).await
}

async fn converse(call: Call) -> Response {
    if call.request.method() != Method::POST {
        return only_post();
    }
    let (caller, request) = Caller::of(call);
    match message::read(request).await {
        Ok(message) => protocol::answer(caller, message).await,
        Err(error) => Face::Mcp.refuse(error),
    }
}

/// Without sessions there is no stream to open by GET and none to end by DELETE.
fn only_post() -> Response {
    let message = "Send each message by POST; this server keeps no session and opens no stream.";
    let mut response = Face::Mcp.refuse(ApiError::new(ErrorCode::MethodNotAllowed, message));
    response.headers_mut().insert(header::ALLOW, ALLOWED);
    response
}
