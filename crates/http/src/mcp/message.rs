//! A message as it arrives: one JSON-RPC message in the body of a POST.

use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};

use crate::api::errors::{ApiError, ErrorCode};
use crate::body::{self, BodyError};

/// Larger than any message of ours needs to be: files go another way.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
const TYPE: &str = "application/json";

/// A message that has arrived whole.
pub(crate) type Message = http::Request<Bytes>;

/// Reads the message of a request, with the headers that belong to the protocol and no others: what
/// rmcp does not get, it cannot log, and credentials are among that.
pub(crate) async fn read(request: Request) -> Result<Message, ApiError> {
    let (mut parts, body) = request.into_parts();
    if !body::is_of_type(&parts.headers, TYPE) {
        return Err(ApiError::new(
            ErrorCode::UnsupportedMediaType,
            "Send the message as JSON, with Content-Type: application/json.",
        ));
    }
    let body = body::read(body, MAX_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => ApiError::new(
            ErrorCode::PayloadTooLarge,
            "A message may have 1 MiB. Send less in one call.",
        ),
        BodyError::NotWhole => ApiError::new(
            ErrorCode::BadRequest,
            "The message did not arrive whole within 30 seconds. Send it again.",
        ),
    })?;
    parts.headers = of_the_protocol(&parts.headers);
    // Not even what the edge knows of the request.
    parts.extensions = http::Extensions::new();
    Ok(Message::from_parts(parts, body))
}

fn of_the_protocol(headers: &HeaderMap) -> HeaderMap {
    let belongs = |name: &HeaderName| {
        [header::HOST, header::ACCEPT, header::CONTENT_TYPE].contains(name)
            || name.as_str().starts_with("mcp-")
    };
    let kept = headers.iter().filter(|(name, _)| belongs(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[tokio::test]
    async fn rmcp_never_sees_a_credential() {
        let sent = [
            "authorization",
            "x-api-key",
            "cookie",
            "proxy-authorization",
            "host",
            "accept",
            "content-type",
            "mcp-protocol-version",
            "mcp-param-workspaceid",
        ];
        let request = sent.iter().fold(Request::builder(), |request, name| {
            request.header(*name, if *name == "content-type" { TYPE } else { "x" })
        });
        let message = read(request.body(Body::from("{}")).unwrap()).await.unwrap();
        let kept: Vec<_> = message.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(kept, sent[4..]);
        assert!(message.extensions().is_empty());
    }
}
