//! What a client sends, read whole and bounded.

use std::time::Duration;

use axum::extract::Request;
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::parameters::Parameters;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::OAuthFailure;

/// Larger than any request to these endpoints gets.
const MAX_BYTES: usize = 64 * 1024;
/// Whoever sends slower than this is holding the connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// The parameters of a request (RFC 6749 appendix B), and the `Authorization` header that came along.
pub(crate) struct Form {
    pub(crate) parameters: Parameters,
    authorization: Option<Vec<u8>>,
}

impl Form {
    /// Reads a form.
    pub(crate) async fn read(request: Request) -> Result<Self, OAuthFailure> {
        if media_type(request.headers()) != Some("application/x-www-form-urlencoded") {
            let text = "send the parameters in the body as application/x-www-form-urlencoded";
            return Err(OAuthError::invalid_request(text).into());
        }
        let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
        let authorization = headers.next().map(|value| value.as_bytes().to_vec());
        if headers.next().is_some() {
            let text = "the request has two Authorization headers";
            return Err(OAuthError::invalid_request(text).into());
        }
        let body = read(request).await?;
        let parameters = Parameters::parse(&body).map_err(OAuthError::from)?;
        Ok(Self { parameters, authorization })
    }

    /// The `Authorization` header.
    pub(crate) fn authorization(&self) -> Option<&[u8]> {
        self.authorization.as_deref()
    }
}

/// Reads a whole body.
pub(crate) async fn read(request: Request) -> Result<Bytes, OAuthFailure> {
    let not_whole = || OAuthError::invalid_request("the body did not arrive whole").into();
    let arriving = Limited::new(request.into_body(), MAX_BYTES).collect();
    let body = timeout(PATIENCE, arriving).await.map_err(|_| not_whole())?;
    let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => OAuthFailure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::InvalidRequest,
            format!("the body is larger than {MAX_BYTES} bytes"),
        ),
        None => not_whole(),
    })?;
    Ok(body.to_bytes())
}

/// The media type of a body, in lower case where it is one that is looked for.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&'static str> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim();
    ["application/x-www-form-urlencoded", "application/json"]
        .into_iter()
        .find(|known| kind.eq_ignore_ascii_case(known))
}
