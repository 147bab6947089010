//! The published keys (RFC 7517 §5).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bloom_service::signing_keys;
use http::header;

use crate::api::envelope::write;
use crate::app::App;

/// Shows them. They may be kept for five minutes: the next key is published ten minutes ahead.
pub(crate) async fn show(State(app): State<App>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, write(&signing_keys::anonymous_list(&app.service))).into_response()
}
