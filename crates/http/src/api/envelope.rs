//! The frame of every answer: `{"data":…}`.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;

/// A successful answer.
pub(crate) struct Data<T>(pub(crate) T);

#[derive(Serialize)]
struct Envelope<T> {
    data: T,
}

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        json(&Envelope { data: self.0 }).into_response()
    }
}

/// Headers and body of a JSON answer. Answers belong to one person: nothing may keep them.
pub(crate) fn json<T: Serialize>(value: &T) -> ([(HeaderName, HeaderValue); 2], Vec<u8>) {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    // Views are structs of strings, numbers and lists, which always serialize.
    (headers, serde_json::to_vec(value).unwrap_or_default())
}
