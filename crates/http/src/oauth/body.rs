//! What a client sends, read whole and bounded.

use axum::extract::Request;
use bloom_domain::senders::Sender;
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::parameters::Parameters;
use bytes::Bytes;
use http::{StatusCode, header};

use super::OAuthFailure;
use crate::app::App;
use crate::body::{self, BodyError};
use crate::sender;

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
        let sender = sender::Sender::of(app, request.headers(), request.extensions()).kept();
        let body = read(request).await?;
        let parameters = Parameters::parse(&body).map_err(OAuthError::from)?;
        Ok(Self { parameters, authorization, sender })
    }

    /// Where the client is.
    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
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
