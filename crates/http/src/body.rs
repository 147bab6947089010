//! Reading what a request sends, within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

/// Whoever sends slower than this is holding the connection, not sending something.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It has more bytes than it may have.
    TooLarge,
    /// Its sender stopped, or takes too long.
    NotWhole,
}

/// Reads a body of at most so many bytes.
pub(crate) async fn read(body: Body, most: usize) -> Result<Bytes, BodyError> {
    let arriving = Limited::new(body, most).collect();
    match timeout(PATIENCE, arriving).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Ok(Err(_)) | Err(_) => Err(BodyError::NotWhole),
    }
}

/// Whether `Content-Type` names this type, whatever its parameters.
pub(crate) fn is_of_type(headers: &HeaderMap, expected: &str) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_without_its_parameters_and_in_any_case() {
        let is_json = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            is_of_type(&headers, "application/json")
        };
        assert!(is_json("application/json") && is_json("Application/JSON ; charset=utf-8"));
        assert!(!is_json("application/x-www-form-urlencoded") && !is_json("application/jsonl"));
        assert!(!is_of_type(&HeaderMap::new(), "application/json"));
    }
}
