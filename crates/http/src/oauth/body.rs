//! What a client sends, read whole and bounded.

use axum::extract::Request;
use bloom_domain::senders;
use bloom_oauth::client_authentication::ClientCredentials;
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::parameters::Parameters;
use bloom_service::attempts;
use bytes::Bytes;
use http::{StatusCode, header};

use super::OAuthFailure;
use crate::app::App;
use crate::body::{self, BodyError};
use crate::sender::Sender;

/// Larger than any request to these endpoints gets.
const MAX_BYTES: usize = 64 * 1024;

/// The parameters of a request (RFC 6749 appendix B), and the `Authorization` header that came along.
pub(crate) struct Form {
    pub(crate) parameters: Parameters,
    authorization: Option<Vec<u8>>,
    sender: Sender,
}

impl Form {
    /// Reads a form.
    pub(crate) async fn read(app: &App, request: Request) -> Result<Self, OAuthFailure> {
        if !body::is_of_type(request.headers(), "application/x-www-form-urlencoded") {
            let text = "send the parameters in the body as application/x-www-form-urlencoded";
            return Err(OAuthError::invalid_request(text).into());
        }
        let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
        let authorization = headers.next().map(|value| value.as_bytes().to_vec());
        if headers.next().is_some() {
            let text = "the request has two Authorization headers";
            return Err(OAuthError::invalid_request(text).into());
        }
        let sender = Sender::of(app, request.headers(), request.extensions());
        let body = read(request).await?;
        let parameters = Parameters::parse(&body).map_err(OAuthError::from)?;
        parameters.check_once().map_err(OAuthError::from)?;
        Ok(Self { parameters, authorization, sender })
    }

    /// Where the client is, as the audit keeps it.
    pub(crate) fn sender(&self) -> senders::Sender {
        self.sender.kept()
    }

    /// Which client asks, and what should prove it.
    pub(crate) fn client(&self) -> Result<ClientCredentials, OAuthError> {
        ClientCredentials::read(&self.parameters, self.authorization())
    }

    /// A failure, as this request is told of it: a client that tried to prove itself in the header is
    /// challenged there (RFC 6749 §5.2), and too many guesses from one address are told to wait.
    pub(crate) fn refuse(&self, app: &App, failure: OAuthFailure) -> OAuthFailure {
        if !failure.is_failed_attempt() {
            return failure;
        }
        let is_basic = self.authorization().is_some_and(|header| {
            header.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"Basic "))
        });
        match attempts::anonymous_authentication_failed(&app.service, self.sender.address()) {
            None if is_basic => failure.with_basic_challenge(),
            None => failure,
            Some(wait) => {
                let text = "too many requests from this address had no good code, token or client, and \
                            so had this one; a good one is taken at any time";
                let status = StatusCode::TOO_MANY_REQUESTS;
                OAuthFailure::new(status, ErrorCode::TemporarilyUnavailable, text)
                    .with_retry_after(wait)
            }
        }
    }

    /// The `Authorization` header.
    pub(crate) fn authorization(&self) -> Option<&[u8]> {
        self.authorization.as_deref()
    }
}

/// Reads a whole body.
pub(crate) async fn read(request: Request) -> Result<Bytes, OAuthFailure> {
    body::read(request.into_body(), MAX_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => OAuthFailure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::InvalidRequest,
            format!("the body is larger than {MAX_BYTES} bytes"),
        ),
        BodyError::NotWhole => OAuthError::invalid_request("the body did not arrive whole").into(),
    })
}
