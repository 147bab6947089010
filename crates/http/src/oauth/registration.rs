//! Dynamic client registration (RFC 7591 §3).

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::clients::Client;
use bloom_oauth::client_metadata::ClientMetadata;
use bloom_oauth::error::ErrorCode;
use bloom_service::clients::{self, RegistrationError};
use http::StatusCode;
use serde::Serialize;

use super::OAuthFailure;
use super::body;
use crate::api::envelope::{json, write};
use crate::app::App;
use crate::body::is_of_type;
use crate::sender::Sender;

/// The registered client (RFC 7591 §3.2.1). A public one has no secret, and nothing to manage it with.
#[derive(Serialize)]
struct ClientInformation<'a> {
    client_id: String,
    /// Seconds since the epoch.
    client_id_issued_at: i64,
    #[serde(flatten)]
    metadata: &'a ClientMetadata,
    /// As hosted: it proves itself by nothing.
    public: bool,
    /// As hosted.
    disabled: bool,
}

/// Registers a client.
pub(crate) async fn register(
    State(app): State<App>,
    request: Request,
) -> Result<Response, OAuthFailure> {
    if !is_of_type(request.headers(), "application/json") {
        let text = "send the client metadata as application/json";
        let status = StatusCode::BAD_REQUEST;
        return Err(OAuthFailure::new(status, ErrorCode::InvalidClientMetadata, text));
    }
    let sender = Sender::of(&app, request.headers(), request.extensions()).kept();
    let body = body::read(request).await?;
    match clients::anonymous_register(&app.service, &body, &sender).await {
        Ok(client) => Ok(created(&client)),
        Err(RegistrationError::Refused(error)) => Err(error.into()),
        Err(RegistrationError::Failed(error)) => Err(error.into()),
        Err(RegistrationError::TooMany) => {
            let text = "this server has as many clients as it takes; ask its operator";
            Err(too_many(text, Duration::from_secs(3_600)))
        }
        Err(RegistrationError::TooManyFromHere { retry_after }) => {
            let text = "many new clients were registered from this address; wait, or register the \
                        metadata of one of them again, which is always taken";
            Err(too_many(text, retry_after))
        }
    }
}

fn too_many(text: &'static str, wait: Duration) -> OAuthFailure {
    let status = StatusCode::TOO_MANY_REQUESTS;
    OAuthFailure::new(status, ErrorCode::TemporarilyUnavailable, text).with_retry_after(wait)
}

fn created(client: &Client) -> Response {
    let information = ClientInformation {
        client_id: client.id.to_string(),
        client_id_issued_at: client.created_at.unix_micros().div_euclid(1_000_000),
        metadata: &client.metadata,
        public: true,
        disabled: client.is_refused(),
    };
    json(StatusCode::CREATED, write(&information))
}
