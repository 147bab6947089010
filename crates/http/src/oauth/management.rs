//! Managing an owned client by its registration access token (RFC 7592 §2).
//!
//! A client that is not there, one that nobody owns, somebody else's, and a wrong token are answered
//! alike: who manages a client has its token, and nobody else learns that it exists.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use bloom_domain::clients::{Client, ClientSecret};
use bloom_oauth::bearer::bearer_token;
use bloom_oauth::client_metadata::ClientMetadata;
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_service::{Error, attempts, owned_clients};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::{OAuthFailure, body};
use crate::api::envelope::{json, write};
use crate::app::App;
use crate::body::is_of_type;
use crate::sender::Sender;

/// What every failure of a token is answered with.
const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"Bloom\", error=\"invalid_token\"");

type Segment = Result<Path<String>, PathRejection>;

/// The client as it is (RFC 7592 §3). The secret is not there: only what stands for it is known, except
/// when it was made just now.
#[derive(Serialize)]
struct ClientInformation<'a> {
    client_id: String,
    client_id_issued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// Never (RFC 7591 §3.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    registration_client_uri: String,
    registration_access_token: &'a str,
    #[serde(flatten)]
    metadata: &'a ClientMetadata,
    disabled: bool,
}

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
    error_description: &'static str,
}

/// Why a managing request is not answered.
pub(crate) enum ManagementError {
    /// Client and token do not belong together.
    Token(Option<OAuthFailure>),
    /// Something else.
    Failed(OAuthFailure),
}

/// Reads it (§2.1).
pub(crate) async fn read(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, ManagementError> {
    let asked = Asked::read(&app, segment, &request)?;
    let found = owned_clients::anonymous_managed(&app.service, &asked.client, &asked.token).await;
    let client = found.map_err(|error| asked.failed(&app, error))?;
    Ok(asked.show(&app, &client, None))
}

/// Changes it (§2.2): what is left out is taken back.
pub(crate) async fn update(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, ManagementError> {
    let asked = Asked::read(&app, segment, &request)?;
    // Before anything is said of the body.
    let found = owned_clients::anonymous_managed(&app.service, &asked.client, &asked.token).await;
    let client = found.map_err(|error| asked.failed(&app, error))?;
    if !is_of_type(request.headers(), "application/json") {
        return Err(invalid("send the client metadata as application/json").into());
    }
    let body = body::read(request).await?;
    let metadata = owned_clients::anonymous_read(&app.service, &body)?;
    check_members(&app, &body, &client)?;
    let named = (asked.client.as_str(), asked.token.as_str());
    let updated =
        owned_clients::anonymous_update_managed(&app.service, named, metadata, &asked.sender).await;
    let (client, secret) = updated.map_err(|error| asked.failed(&app, error))?;
    Ok(asked.show(&app, &client, secret.as_ref()))
}

/// Deletes it (§2.3).
pub(crate) async fn delete(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, ManagementError> {
    let asked = Asked::read(&app, segment, &request)?;
    let named = (asked.client.as_str(), asked.token.as_str());
    let deleted = owned_clients::anonymous_delete_managed(&app.service, named, &asked.sender).await;
    deleted.map_err(|error| asked.failed(&app, error))?;
    Ok((StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, "no-store")]).into_response())
}

/// A request, with the client it names and the token it brings.
struct Asked {
    client: String,
    token: String,
    sender: bloom_domain::senders::Sender,
}

impl Asked {
    fn read(app: &App, segment: Segment, request: &Request) -> Result<Self, ManagementError> {
        let sender = Sender::of(app, request.headers(), request.extensions()).kept();
        let token = presented(request.headers()).ok_or(ManagementError::Token(None))?.to_owned();
        // What is not even UTF-8 names nothing.
        let client = segment.map(|Path(id)| id).unwrap_or_default();
        Ok(Self { client, token, sender })
    }

    fn failed(&self, app: &App, error: Error) -> ManagementError {
        if error == Error::OwnersChoice {
            let text = "grant_types, scope: only its owner lets an app act by itself, and says with which scopes, at \
                        /settings/developer; send what it has, or less";
            return invalid(text).into();
        }
        if error != Error::ClientNotFound {
            return ManagementError::Failed(error.into());
        }
        let wait = attempts::anonymous_authentication_failed(&app.service, self.sender.address);
        ManagementError::Token(wait.map(|wait| {
            let text = "too many requests from this address had no good token, and so had this one";
            let status = StatusCode::TOO_MANY_REQUESTS;
            OAuthFailure::new(status, ErrorCode::TemporarilyUnavailable, text)
                .with_retry_after(wait)
        }))
    }

    fn show(&self, app: &App, client: &Client, secret: Option<&ClientSecret>) -> Response {
        let issuer = app.service.authorization_server().issuer();
        let information = ClientInformation {
            client_id: client.id.to_string(),
            client_id_issued_at: client.created_at.unix_micros().div_euclid(1_000_000),
            client_secret: secret.map(ClientSecret::expose),
            client_secret_expires_at: secret.map(|_| 0),
            registration_client_uri: format!("{issuer}/oauth2/register/{}", client.id),
            registration_access_token: &self.token,
            metadata: &client.metadata,
            disabled: client.is_refused(),
        };
        json(StatusCode::OK, write(&information))
    }
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => bearer_token(value.as_bytes()).ok(),
        _ => None,
    }
}

/// "The request MUST include the client_id field ... and MUST NOT include the registration_access_token,
/// registration_client_uri, client_secret_expires_at, or client_id_issued_at fields" (§2.2).
/// And "if the client includes client_secret in the request, the value of this field MUST match the
/// currently issued client secret for that client".
fn check_members(app: &App, body: &[u8], client: &Client) -> Result<(), OAuthError> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if body["client_id"].as_str() != Some(client.id.to_string().as_str()) {
        return Err(invalid("client_id must be that of the client"));
    }
    let set_by_us = [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ];
    if let Some(name) = set_by_us.into_iter().find(|name| body.get(name).is_some()) {
        return Err(invalid(format!("{name} cannot be chosen; leave it out")));
    }
    let is_its_own = |secret: &Value| {
        let secret = secret.as_str();
        secret
            .is_some_and(|secret| owned_clients::anonymous_is_secret(&app.service, client, secret))
    };
    match body.get("client_secret") {
        Some(secret) if !is_its_own(secret) => {
            Err(invalid("client_secret cannot be chosen; leave it out, or repeat the one it has"))
        }
        _ => Ok(()),
    }
}

fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClientMetadata, text)
}

impl From<OAuthFailure> for ManagementError {
    fn from(failure: OAuthFailure) -> Self {
        Self::Failed(failure)
    }
}

impl From<OAuthError> for ManagementError {
    fn from(error: OAuthError) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for ManagementError {
    fn into_response(self) -> Response {
        match self {
            Self::Failed(failure) | Self::Token(Some(failure)) => failure.into_response(),
            Self::Token(None) => {
                let refusal = Refusal {
                    error: "invalid_token",
                    error_description: "the registration access token is not that of this client",
                };
                let mut response = json(StatusCode::UNAUTHORIZED, write(&refusal));
                response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
                response
            }
        }
    }
}
