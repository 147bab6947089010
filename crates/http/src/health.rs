//! `/healthz`: whether requests can be answered, for load balancers and the like.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::app::App;
use crate::edge::Cause;

/// 200 `ok`, or 503 while the database cannot be used.
pub(crate) async fn show(State(app): State<App>) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match app.service.anonymous_health().await {
        Ok(()) => (StatusCode::OK, no_store, "ok\n").into_response(),
        Err(error) => {
            let text = "the database cannot be used\n";
            let mut response = (StatusCode::SERVICE_UNAVAILABLE, no_store, text).into_response();
            response.extensions_mut().insert(Cause(error.to_string().into()));
            response
        }
    }
}
