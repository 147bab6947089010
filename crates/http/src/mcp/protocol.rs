//! The conversation: rmcp speaks the protocol, this decides how its answers leave.
//!
//! rmcp is told nothing that would make it refuse by itself what was admitted: `Host` has been looked at
//! (`mod.rs`), an `Origin` may be any, and the size of the message has been measured (`message.rs`).
//! Every answer is one JSON document: no tool of ours sends anything before its result. A message that leaves rmcp
//! nothing to do but call a tool does not go there (`plain_call.rs`).

use std::sync::{Arc, LazyLock, OnceLock};

use axum::body::Body;
use axum::response::Response;
use bloom_service::Error;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::Full;
use rmcp::model::{ErrorData, JsonRpcError};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::de::IgnoredAny;

use super::links;
use super::message::Message;
use super::plain_call::PlainCall;
use super::server::{Conversation, Server};
use super::tools::Caller;
use crate::api::envelope;
use crate::api::errors::{ApiError, ErrorCode};
use crate::body;
use crate::face::Face;

/// What speaks the protocol. It keeps nothing of a message.
static SERVICE: LazyLock<StreamableHttpService<Server, NeverSessionManager>> =
    LazyLock::new(|| {
        StreamableHttpService::new(
            || Ok(Server),
            Arc::new(NeverSessionManager::default()),
            config(),
        )
    });

/// Answers a message of an admitted caller.
pub(crate) async fn answer(caller: Caller, mut message: Message) -> Response {
    let shows_links = links::are_known(message.headers());
    let conversation = Arc::new(Conversation { caller, failure: OnceLock::new(), shows_links });
    let answer = match PlainCall::read(&message) {
        Some(call) => call.answer(&conversation).await,
        None => {
            message.extensions_mut().insert(conversation.clone());
            let text = message.body().clone();
            in_our_form(SERVICE.handle(message.map(Full::new)).await.map(Body::new), &text)
        }
    };
    match conversation.failure.get() {
        // Not the call failed but the request: a caller is told so as everywhere else.
        Some(error) => Face::Mcp.refuse(error.clone()),
        None => answer,
    }
}

fn config() -> StreamableHttpServerConfig {
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(usize::MAX)
}

/// What rmcp answers in plain text, said as this face says it. JSON-RPC leaves as it is.
fn in_our_form(mut answer: Response, text: &[u8]) -> Response {
    let status = answer.status();
    if status.is_success() || body::is_of_type(answer.headers(), "application/json") {
        mark(answer.headers_mut());
        return answer;
    }
    let error = match status {
        // Its type was looked at already (`message.rs`), so rmcp means what stands in it.
        StatusCode::UNSUPPORTED_MEDIA_TYPE => return unreadable(text),
        StatusCode::NOT_ACCEPTABLE => ApiError::new(
            ErrorCode::NotAcceptable,
            "Send Accept: application/json, text/event-stream; the protocol demands both.",
        ),
        StatusCode::BAD_REQUEST => ApiError::new(
            ErrorCode::BadRequest,
            "MCP-Protocol-Version names no version of the protocol that this server speaks. Send the \
             one that initialize agreed on, or leave it out.",
        ),
        _ => Error::Internal(format!("rmcp answered {status}")).into(),
    };
    Face::Mcp.refuse(error)
}

/// A body that is no message: not JSON (JSON-RPC 2.0 §5.1, -32700), or JSON of another shape (-32600).
fn unreadable(text: &[u8]) -> Response {
    let error = match serde_json::from_slice::<IgnoredAny>(text) {
        Err(_) => ErrorData::parse_error("The body is no JSON.", None),
        Ok(_) => ErrorData::invalid_request(
            "The body is no JSON-RPC message. Send one message in each request.",
            None,
        ),
    };
    let body = envelope::write(&JsonRpcError::new(None, error));
    envelope::json(StatusCode::BAD_REQUEST, body)
}

/// Answers belong to one person: nothing may keep them.
fn mark(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
