//! The frame of every answer: `{"data":…}`.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// As many headers as an answer gets.
const HEADERS: usize = 16;

/// A successful answer, already written: its view may borrow from what the handler holds.
pub(crate) struct Data(Vec<u8>);

#[derive(Serialize)]
struct Envelope<'a, T> {
    data: &'a T,
}

impl Data {
    pub(crate) fn new<T: Serialize>(view: &T) -> Self {
        Self(write_data(view))
    }
}

impl IntoResponse for Data {
    fn into_response(self) -> Response {
        json(StatusCode::OK, self.0)
    }
}

/// The bytes of a view in the frame.
pub(crate) fn write_data<T: Serialize>(view: &T) -> Vec<u8> {
    write(&Envelope { data: view })
}

/// The bytes of a value. Views are structs of strings, numbers and lists, which always serialize.
pub(crate) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A JSON answer. Answers belong to one person: nothing may keep them.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // Room for everything that is added on the way out, in one allocation.
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}
