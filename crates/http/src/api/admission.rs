//! What every operation demands before its handler runs, in this order: a credential (401), an
//! account in good standing (403), room in the credential's window (429), access to the operation
//! (403).

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use bloom_domain::api_keys::ShapeError;
use bloom_oauth::challenge::Challenge;
use bloom_service::authenticate::{Rejection, authenticate};
use bloom_service::operations::Operation;
use bloom_service::{Principal, last_use, rate_limit};
use http::{HeaderMap, header};

use super::credentials::{self, CredentialError};
use super::errors::{ApiError, ErrorCode};
use super::query::Query;
use super::{peer, rate_headers};
use crate::app::App;
use crate::edge::Arrival;

/// An admitted request, as its handler sees it.
pub(crate) struct Call {
    pub(crate) app: App,
    pub(crate) principal: Principal,
    request: Request,
}

impl Call {
    /// The request's query.
    pub(crate) fn query(&self) -> Query<'_> {
        Query(self.request.uri().query().unwrap_or_default())
    }
}

/// The route of an operation: admission, then the handler, then the rate headers on whatever it
/// answered.
pub(crate) fn route<F, A, T>(
    filter: MethodFilter,
    operation: &'static Operation,
    handler: F,
) -> MethodRouter<App>
where
    F: Fn(Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<T, ApiError>> + Send + 'static,
    T: IntoResponse + 'static,
{
    on(filter, move |State(app): State<App>, request: Request| async move {
        let principal = match admit(&app, request.headers()).await {
            Ok(principal) => principal,
            Err(error) => return error.into_response(),
        };
        let Some((rule, taken)) = rate_limit::take(&app.service, &principal) else {
            return perform(app, principal, operation, request, handler).await;
        };
        let mut response = if taken.allowed {
            perform(app, principal, operation, request, handler).await
        } else {
            let message = format!(
                "This credential may make {} requests in {} seconds. Wait for Retry-After seconds.",
                rule.limit,
                rule.span.as_secs()
            );
            ApiError::new(ErrorCode::TooManyRequests, message)
                .with_retry_after(taken.reset)
                .into_response()
        };
        rate_headers::insert(response.headers_mut(), rule, taken);
        response
    })
}

async fn perform<F, A, T>(
    app: App,
    principal: Principal,
    operation: &'static Operation,
    request: Request,
    handler: F,
) -> Response
where
    F: Fn(Call) -> A,
    A: Future<Output = Result<T, ApiError>>,
    T: IntoResponse,
{
    note(&app, &principal, operation, &request);
    if !principal.may(operation) {
        return too_narrow(&app, operation).into_response();
    }
    handler(Call { app, principal, request }).await.into_response()
}

fn too_narrow(app: &App, operation: &Operation) -> ApiError {
    let scope = operation.scope.as_str();
    let message = format!(
        "The access token does not reach this operation: it needs the scope {scope}. Ask for it at \
         authorize."
    );
    ApiError::new(ErrorCode::Forbidden, message)
        .with_challenge(app.insufficient_scope(operation.scope))
}

fn note(app: &App, principal: &Principal, operation: &'static Operation, request: &Request) {
    let headers = request.headers();
    let peer = request.extensions().get::<Arrival>().and_then(|arrival| arrival.peer);
    let address = peer::address(headers, peer, app.site.trusted_proxies());
    let agent = headers.get(header::USER_AGENT).map_or(&b""[..], |agent| agent.as_bytes());
    last_use::note(&app.service, principal, operation, address, agent);
}

async fn admit(app: &App, headers: &HeaderMap) -> Result<Principal, ApiError> {
    let presented = credentials::presented(headers).map_err(|error| unreadable(app, error))?;
    authenticate(&app.service, presented).await.map_err(|rejection| rejected(app, rejection))
}

fn unreadable(app: &App, error: CredentialError) -> ApiError {
    let unauthorized = |challenge, message: &'static str| {
        ApiError::new(ErrorCode::Unauthorized, message).with_challenge(app.challenge(challenge))
    };
    match error {
        CredentialError::Twice(name) => {
            let message = format!("The request has two {name} headers. Send one.");
            ApiError::new(ErrorCode::BadRequest, message)
                .with_challenge(app.challenge(Challenge::InvalidRequest))
        }
        CredentialError::UnreadableKey => unauthorized(
            Challenge::InvalidToken,
            "The x-api-key header is not text. Send an API key as it was shown: bloom_sk_ and 38 \
             letters and digits.",
        ),
        CredentialError::MalformedBearer => unauthorized(
            Challenge::InvalidToken,
            "The Authorization header has no readable token. Send: Authorization: Bearer, a space, \
             and the key or token.",
        ),
        CredentialError::OtherScheme => unauthorized(
            Challenge::Missing,
            "The Authorization header has another scheme. Send: Authorization: Bearer, a space, and \
             the key or token.",
        ),
    }
}

fn rejected(app: &App, rejection: Rejection) -> ApiError {
    let unauthorized = |challenge, what: &str| {
        ApiError::new(ErrorCode::Unauthorized, format!("{what} Make a key at {}.", app.keys_url))
            .with_challenge(app.challenge(challenge))
    };
    let invalid = |what| unauthorized(Challenge::InvalidToken, what);
    match rejection {
        Rejection::NotPresented => unauthorized(
            Challenge::Missing,
            "The request has no credential. Send an API key in the x-api-key header, or in \
             Authorization: Bearer.",
        ),
        Rejection::NotAnApiKey(ShapeError::Prefix) => {
            invalid("This is not a Bloom API key: keys begin with bloom_sk_.")
        }
        Rejection::NotAnApiKey(ShapeError::Form) => invalid(
            "This is not a whole Bloom API key: after bloom_sk_ come 38 letters and digits.",
        ),
        Rejection::NotAnApiKey(ShapeError::Checksum) => invalid(
            "This API key is mistyped, or another system made it: its checksum does not fit.",
        ),
        Rejection::UnknownApiKey => invalid("This server does not know the API key."),
        Rejection::RevokedApiKey => invalid("The API key is revoked or was replaced."),
        Rejection::NotAnAccessToken(why) => {
            let message = format!("This is not an access token of this server: {why}.");
            ApiError::new(ErrorCode::Unauthorized, message)
                .with_challenge(app.challenge(Challenge::InvalidToken))
        }
        Rejection::ExpiredAccessToken => ApiError::new(
            ErrorCode::Unauthorized,
            "The access token has expired. Refresh it at the token endpoint.",
        )
        .with_challenge(app.challenge(Challenge::InvalidToken)),
        Rejection::RevokedAccessToken => ApiError::new(
            ErrorCode::Unauthorized,
            "The access token was revoked. Ask the person to let the app in again.",
        )
        .with_challenge(app.challenge(Challenge::InvalidToken)),
        Rejection::AccountBanned => ApiError::new(
            ErrorCode::AccountBanned,
            "The account is suspended. Ask the operator of this server.",
        ),
        Rejection::Failed(error) => error.into(),
    }
}
