//! How the MCP server says no, before and beside JSON-RPC: `{"error":"too_many_requests","message":"…"}`,
//! the API's code in small letters and the API's words. A 401 is `{"error":"unauthorized"}` and nothing
//! more: clients go by its challenge.

use axum::response::Response;
use serde::Serialize;

use crate::api::envelope;
use crate::api::errors::{ApiError, ErrorCode};

#[derive(Serialize)]
struct Plain<'a> {
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// An error in the plain form.
pub(crate) fn plain(error: ApiError) -> Response {
    let message = (error.code() != ErrorCode::Unauthorized).then_some(error.message());
    let body = Plain { error: error.code().as_str().to_ascii_lowercase(), message };
    let body = envelope::write(&body);
    error.with_body(body)
}
