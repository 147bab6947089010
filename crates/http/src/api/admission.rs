//! What both faces demand of a request before anybody looks at what it asks for, in this order: a
//! credential (401), an account in good standing and an address from which the credential may be used
//! (403), room in the credential's window (429).

use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use axum::RequestExt;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use bloom_domain::access::BloomScope;
use bloom_domain::api_keys::ShapeError;
use bloom_domain::rate_window::{RateLimit, Taken};
use bloom_domain::senders;
use bloom_oauth::challenge::Challenge;
use bloom_service::authenticate::{Rejection, authenticate};
use bloom_service::idempotency::{Once, Reservation};
use bloom_service::operations::Operation;
use bloom_service::{Principal, attempts, rate_limit};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::credentials::{self, CredentialError};
use super::errors::{ApiError, ErrorCode};
use super::json::Sent;
use super::query::Query;
use super::repeated::Read;
use super::{old_secret, rate_headers, repeated};
use crate::app::App;
use crate::face::Face;
use crate::sender::Sender;

/// An admitted request, as its handler sees it.
pub(crate) struct Call {
    pub(crate) app: App,
    pub(crate) principal: Principal,
    pub(crate) request: Request,
    /// What keeps the request from being done twice, if it came with an `Idempotency-Key`.
    pub(crate) reservation: Option<Reservation>,
}

impl Call {
    /// The request's query.
    pub(crate) fn query(&self) -> Query<'_> {
        Query(self.request.uri().query().unwrap_or_default())
    }

    /// Where it came from, as the audit keeps it.
    pub(crate) fn sender(&self) -> senders::Sender {
        Sender::of(&self.app, self.request.headers(), self.request.extensions()).kept()
    }

    /// The id in its path; what is none names nothing.
    pub(crate) async fn id<T: FromStr>(&mut self) -> Option<T> {
        let Path(id) = self.request.extract_parts::<Path<String>>().await.ok()?;
        id.parse().ok()
    }

    /// The UUID in its path.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) async fn uuid<T: FromStr>(&mut self) -> Result<T, ApiError> {
        let bad = || ApiError::new(ErrorCode::BadRequest, "id: this is no UUID.");
        self.id().await.ok_or_else(bad)
    }

    /// A write that is done once, answered with a status and the view of what it made.
    pub(crate) fn once<T: 'static, V: Serialize + 'static>(
        &mut self,
        status: StatusCode,
        view: fn(&T) -> V,
    ) -> Once<T> {
        Once::new(self.reservation.take(), move |made| repeated::pack(status, &view(made)))
    }
}

/// The route of an operation: admission, then its handler.
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
    on(filter, move |State(app): State<App>, request: Request| {
        admit(app, Face::Api, Some(operation), request, async move |call| {
            if let Err(error) = within_reach(&call, operation) {
                return error.into_response();
            }
            let app = call.app.clone();
            handler(call).await.map_err(|error| error.in_place(&app)).into_response()
        })
    })
}

/// The route of an operation that is sent something: admission, then the body, then whether it was done
/// before, then its handler.
pub(crate) fn route_with<B, F, A, T>(
    filter: MethodFilter,
    operation: &'static Operation,
    handler: F,
) -> MethodRouter<App>
where
    B: Sent,
    F: Fn(Call, B) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<T, ApiError>> + Send + 'static,
    T: IntoResponse + 'static,
{
    on(filter, move |State(app): State<App>, request: Request| {
        admit(app, Face::Api, Some(operation), request, async move |call| {
            let app = call.app.clone();
            let answered = async {
                within_reach(&call, operation)?;
                match repeated::read(call, operation).await? {
                    Read::New(call, body) => handler(*call, body).await.map(T::into_response),
                    Read::Done(answer) => Ok(answer.into_response()),
                }
            };
            answered.await.map_err(|error| error.in_place(&app)).into_response()
        })
    })
}

fn within_reach(call: &Call, operation: &Operation) -> Result<(), ApiError> {
    match operation.scope.filter(|_| !call.principal.may(operation)) {
        Some(scope) => Err(too_narrow(&call.app, Face::Api, &call.principal, scope)),
        None => Ok(()),
    }
}

/// Admission to a face: who is admitted is answered by `handler`, and told the rate in headers whatever
/// the answer is. The use is noted under `operation`, or under none when that is not known yet.
pub(crate) async fn admit(
    app: App,
    face: Face,
    operation: Option<&'static Operation>,
    request: Request,
    handler: impl AsyncFnOnce(Call) -> Response,
) -> Response {
    let sender = Sender::of(&app, request.headers(), request.extensions());
    let principal = match identify(&app, face, request.headers(), &sender).await {
        Ok(principal) => principal,
        Err(error) => return face.refuse(error),
    };
    let room = rate_limit::take(&app.service, &principal);
    let old_until = principal.old_until();
    let mut response = match room.and_then(over_the_limit) {
        Some(error) => face.refuse(error),
        None => {
            sender.note(&app, &principal, operation);
            handler(Call { app, principal, request, reservation: None }).await
        }
    };
    if let Some((rule, taken)) = room {
        rate_headers::insert(response.headers_mut(), rule, taken);
    }
    if let Some(until) = old_until {
        old_secret::insert(response.headers_mut(), until);
    }
    response
}

/// What a caller is told whose access does not reach an operation: all that it should ask for, at once.
pub(crate) fn too_narrow(
    app: &App,
    face: Face,
    principal: &Principal,
    lacking: BloomScope,
) -> ApiError {
    let scopes = principal.scopes_with(lacking);
    let message = format!(
        "This credential does not reach this: it needs the scope {}. An app asks for {scopes} at \
         authorize; a key gets it from its owner, in the settings.",
        lacking.as_str()
    );
    ApiError::new(ErrorCode::Forbidden, message)
        .with_challenge(app.insufficient_scope(face, &scopes))
}

fn over_the_limit((rule, taken): (RateLimit, Taken)) -> Option<ApiError> {
    let error = || {
        let message = format!(
            "This credential may make {} requests in {} seconds. Wait for Retry-After seconds.",
            rule.limit,
            rule.span.as_secs()
        );
        ApiError::new(ErrorCode::TooManyRequests, message).with_retry_after(taken.reset)
    };
    (!taken.allowed).then(error)
}

async fn identify(
    app: &App,
    face: Face,
    headers: &HeaderMap,
    sender: &Sender,
) -> Result<Principal, ApiError> {
    let (is_failed_attempt, error) = match credentials::presented(headers) {
        Err(error) => (error.is_failed_attempt(), unreadable(app, face, error)),
        Ok(presented) => match authenticate(&app.service, presented, sender.address()).await {
            Ok(principal) => return Ok(principal.at(face.door())),
            Err(rejection) => (rejection.is_failed_attempt(), rejected(app, face, rejection)),
        },
    };
    if is_failed_attempt {
        let wait = attempts::anonymous_authentication_failed(&app.service, sender.address());
        return Err(wait.map_or(error, too_many_failures));
    }
    Err(error)
}

/// In the place of a 401: the address has had too many of them. It says nothing of the address's good
/// credentials, which are taken all the same.
fn too_many_failures(wait: Duration) -> ApiError {
    let message = "Too many requests from this address came with no good credential, and so did this \
                   one. Wait for Retry-After seconds; a good credential is taken at any time.";
    ApiError::new(ErrorCode::TooManyRequests, message).with_retry_after(wait)
}

fn unreadable(app: &App, face: Face, error: CredentialError) -> ApiError {
    let unauthorized = |challenge, message: &'static str| {
        ApiError::new(ErrorCode::Unauthorized, message)
            .with_challenge(app.challenge(face, challenge))
    };
    match error {
        CredentialError::Twice(name) => {
            let message = format!("The request has two {name} headers. Send one.");
            ApiError::new(ErrorCode::BadRequest, message)
                .with_challenge(app.challenge(face, Challenge::InvalidRequest))
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

/// What whoever asks from an address is told that is none of the credential's. They have proven that they
/// hold it; another one would not help.
fn foreign(address: Option<IpAddr>) -> String {
    let address = address.map_or_else(
        || "an address that this server cannot tell".to_owned(),
        |address| address.to_string(),
    );
    format!(
        "This credential may not be used from {address}. Its owner chose its addresses, in the settings."
    )
}

fn rejected(app: &App, face: Face, rejection: Rejection) -> ApiError {
    let unauthorized = |challenge, what: &str| {
        ApiError::new(ErrorCode::Unauthorized, format!("{what} Make a key at {}.", app.keys_url))
            .with_challenge(app.challenge(face, challenge))
    };
    let invalid = |what| unauthorized(Challenge::InvalidToken, what);
    let bad_token = |what: Cow<'static, str>| {
        ApiError::new(ErrorCode::Unauthorized, what)
            .with_challenge(app.challenge(face, Challenge::InvalidToken))
    };
    match rejection {
        Rejection::NotPresented => unauthorized(
            Challenge::Missing,
            "The request has no credential. Send an API key in the x-api-key header, or in \
             Authorization: Bearer; a query is never read for one.",
        ),
        Rejection::NotAnApiKey(ShapeError::Prefix) => invalid(
            "This is not a Bloom API key: keys begin with bloom_sk_. An access token has two dots, and \
             goes into Authorization: Bearer.",
        ),
        Rejection::NotAnApiKey(ShapeError::Form) => invalid(
            "This is not a whole Bloom API key: after bloom_sk_ come 38 letters and digits.",
        ),
        Rejection::NotAnApiKey(ShapeError::Checksum) => invalid(
            "This API key is mistyped, or another system made it: its checksum does not fit.",
        ),
        Rejection::UnknownApiKey => invalid(
            "This server does not know the API key: another server made it, or it was rotated more than once.",
        ),
        Rejection::RevokedApiKey => invalid("The API key is revoked."),
        Rejection::ExpiredApiKey => invalid("The API key has expired."),
        Rejection::OldApiKey => bad_token(
            "The API key was rotated, and this old secret of it has ended. Use the new one.".into(),
        ),
        Rejection::NotAnAccessToken(why) => {
            let message = format!("This is not an access token of this server: {why}.");
            bad_token(message.into())
        }
        Rejection::ExpiredAccessToken => {
            bad_token("The access token has expired. Refresh it at the token endpoint.".into())
        }
        Rejection::RevokedAccessToken => bad_token(
            "The access token was revoked. Ask the person to let the app in again.".into(),
        ),
        Rejection::RefusedClient => bad_token(
            "The operator of this server refuses the app. Its tokens, and the keys that it made, are good again \
             once they enable it."
                .into(),
        ),
        Rejection::AccountBanned => ApiError::new(
            ErrorCode::AccountBanned,
            "The account is suspended. Ask the operator of this server.",
        ),
        Rejection::ForeignAddress(address) => ApiError::new(ErrorCode::Forbidden, foreign(address)),
        Rejection::Failed(error) => error.into(),
    }
}
