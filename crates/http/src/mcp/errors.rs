//! How the MCP server says no, before and beside JSON-RPC: `{"error":"too_many_requests","message":"…"}`,
//! the API's code in small letters and the API's words. Clients go by a 401's challenge; its words are for
//! whoever configured one.

use axum::response::Response;
use serde::Serialize;

use crate::api::envelope;
use crate::api::errors::ApiError;

#[derive(Serialize)]
struct Plain<'a> {
    error: String,
    message: &'a str,
}

/// An error in the plain form.
pub(crate) fn plain(error: ApiError) -> Response {
    let code = error.code().as_str().to_ascii_lowercase();
    let body = Plain { error: code, message: error.message() };
    let body = envelope::write(&body);
    error.with_body(body)
}
