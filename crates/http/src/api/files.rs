//! A request that sends a file, in a form.

use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, header};

use super::errors::{ApiError, ErrorCode};
use super::multipart::{self, Part};
use crate::body::{self, BodyError};

/// What a form has beside its file.
const FRAME: usize = 16 * 1024;

/// Reads the form of a request, whose file may have so many bytes; `too_large` is what a larger one is told by.
///
/// # Errors
/// When it is no form, or not whole, or too large.
pub(crate) async fn form(
    request: &mut Request,
    most: usize,
    too_large: impl FnOnce() -> ApiError,
) -> Result<Vec<Part>, ApiError> {
    let boundary = boundary(request.headers())?;
    let body = std::mem::take(request.body_mut());
    let bytes = match body::read(body, most + FRAME).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge) => return Err(too_large()),
        Err(BodyError::NotWhole) => {
            return Err(bad("The body did not arrive whole. Send it again."));
        }
    };
    multipart::parse(&boundary, &bytes).map_err(bad)
}

/// The file of a form.
///
/// # Errors
/// When there is none.
pub(crate) fn file(parts: &[Part]) -> Result<Bytes, ApiError> {
    let file = parts.iter().find(|part| part.name == "file");
    file.map(|part| part.bytes.clone())
        .ok_or_else(|| bad("The form has no field named file. Send the file in it."))
}

fn boundary(headers: &HeaderMap) -> Result<String, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = kind.and_then(multipart::boundary).map(str::to_owned);
    boundary.ok_or_else(|| {
        let message = "The body is not said to be a form. Send Content-Type: multipart/form-data with a boundary.";
        ApiError::new(ErrorCode::UnsupportedMediaType, message)
    })
}

fn bad(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::BadRequest, message)
}
