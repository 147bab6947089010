//! Answers of the OAuth endpoints: JSON that nobody keeps, and errors as RFC 6749 §5.2 writes them.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_service::Error;
use bloom_service::tokens::TokenError;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::api::envelope::{json, write};
use crate::api::errors::whole_seconds;
use crate::edge::Cause;

/// Sent with `invalid_client` (RFC 6749 §5.2). Not `Basic`: browsers would ask for a password.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_client\"");
/// Sent to who has tried that: "matching the authentication scheme used by the client" (§5.2).
const BASIC_CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"Bloom\", error=\"invalid_client\"");

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct OAuthFailure {
    status: StatusCode,
    error: OAuthError,
    retry_after: Option<Duration>,
    is_basic: bool,
    is_no_guess: bool,
    cause: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    error_description: &'a str,
}

impl OAuthFailure {
    /// An error with another status than its code has.
    pub(crate) fn new(
        status: StatusCode,
        code: ErrorCode,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, ..OAuthError::new(code, description).into() }
    }

    /// Whether a client presented something that should prove its right to a token, and did not: the only
    /// codes by which it could be guessed at.
    pub(crate) fn is_failed_attempt(&self) -> bool {
        let is_about_proof =
            matches!(self.error.code, ErrorCode::InvalidClient | ErrorCode::InvalidGrant);
        is_about_proof && !self.is_no_guess
    }

    /// To a client that tried to prove itself in `Authorization: Basic`.
    pub(crate) fn with_basic_challenge(self) -> Self {
        Self { is_basic: true, ..self }
    }

    /// When trying again makes sense.
    pub(crate) fn with_retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}

impl From<OAuthError> for OAuthFailure {
    fn from(error: OAuthError) -> Self {
        let status = match error.code {
            ErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, error, retry_after: None, is_basic: false, is_no_guess: false, cause: None }
    }
}

impl From<TokenError> for OAuthFailure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused(error) => error.into(),
            TokenError::TooLate(error) => Self { is_no_guess: true, ..error.into() },
            TokenError::Failed(error) => error.into(),
        }
    }
}

impl From<Error> for OAuthFailure {
    fn from(error: Error) -> Self {
        let busy = |wait| {
            let text = "the server is busy; nothing was done, try again";
            Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::TemporarilyUnavailable, text)
                .with_retry_after(wait)
        };
        match error {
            Error::Busy { retry_after } => busy(retry_after),
            Error::Unavailable(cause) => {
                Self { cause: Some(cause), ..busy(Duration::from_secs(1)) }
            }
            Error::Behind => {
                Self { cause: Some(error.to_string()), ..busy(Duration::from_secs(1)) }
            }
            defect => {
                let text = "something went wrong in the server; its operator finds the cause in the \
                            log under the x-request-id of this answer";
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let failure = Self::new(status, ErrorCode::ServerError, text);
                Self { cause: Some(defect.to_string()), ..failure }
            }
        }
    }
}

impl IntoResponse for OAuthFailure {
    fn into_response(self) -> Response {
        let body =
            Body { error: self.error.code.as_str(), error_description: &self.error.description };
        let mut response = json(self.status, write(&body));
        let headers = response.headers_mut();
        if self.error.code == ErrorCode::InvalidClient {
            let challenge = if self.is_basic { BASIC_CHALLENGE } else { CHALLENGE };
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Cause(cause.into()));
        }
        response
    }
}

/// Another method than an endpoint takes.
pub(crate) async fn method_not_allowed(method: Method) -> OAuthFailure {
    let text = format!("this endpoint does not take {method}");
    OAuthFailure::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::InvalidRequest, text)
}
