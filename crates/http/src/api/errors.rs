//! What the API answers when it does not answer: `{"error":{"code","status","message","data"?}}`.
//!
//! The message is for the developer who reads it: what is wrong and what to do. The cause of a
//! failure goes to the operator's log, never into the answer.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bloom_domain::credits::{BudgetHolder, ChargedVia};
use bloom_oauth::challenge::Challenge;
use bloom_service::Error;
use bloom_service::images::uploads::NotTaken;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::envelope;
use crate::app::App;
use crate::edge::Cause;
use crate::face::Face;

mod codes;

pub(crate) use codes::ErrorCode;

/// An error on its way out.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    challenge: Option<HeaderValue>,
    retry_after: Option<Duration>,
    /// The page where somebody can do something about it: its path, where that is not the plan's, and its address once the
    /// origin is known.
    action_url: Option<Box<str>>,
    cause: Option<Box<str>>,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            challenge: None,
            retry_after: None,
            action_url: None,
            cause: None,
        }
    }

    /// With what only the app knows: where something can be paid, and whom a dead credential is to ask.
    pub(crate) fn in_place(self, app: &App) -> Self {
        if self.code == ErrorCode::Unauthorized {
            return self.with_challenge(app.challenge(Face::Api, Challenge::InvalidToken));
        }
        self.with_action_url(app.site.origin())
    }

    /// Where somebody can do something about it, for the errors that can be paid away.
    fn with_action_url(self, origin: &str) -> Self {
        let can_be_paid = self.code.status() == StatusCode::PAYMENT_REQUIRED;
        Self { action_url: can_be_paid.then(|| self.way_out(origin).into()), ..self }
    }

    /// The address of the page where somebody can do something about it.
    pub(crate) fn way_out(&self, origin: &str) -> String {
        format!("{origin}{}", self.action_url.as_deref().unwrap_or("/settings#plan"))
    }

    fn with_page(self, path: String) -> Self {
        Self { action_url: Some(path.into()), ..self }
    }

    pub(crate) fn with_challenge(self, challenge: HeaderValue) -> Self {
        Self { challenge: Some(challenge), ..self }
    }

    /// When trying again works; sent in whole seconds, rounded up, so that one retry is enough.
    pub(crate) fn with_retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// With the code that the contract has for this operation, where the server itself failed.
    pub(crate) fn with_internal_error(self) -> Self {
        match self.code {
            ErrorCode::InternalServerError => Self { code: ErrorCode::InternalError, ..self },
            _ => self,
        }
    }

    fn with_cause(self, cause: String) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The answer with a body that says it in another form.
    pub(crate) fn with_body(self, body: Vec<u8>) -> Response {
        let mut response = envelope::json(self.code.status(), body);
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge {
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

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::WorkspaceNotFound => Self::new(
                ErrorCode::WorkspaceNotFound,
                "You have no such workspace. GET /api/v1/workspaces lists yours; leave workspaceId \
                 out for the personal one.",
            ),
            Error::PersonalOutOfReach => Self::new(
                ErrorCode::WorkspaceNotFound,
                "This credential does not reach the personal workspace, which is meant where no other is named. \
                 Send the workspaceId of one that it reaches: GET /api/v1/workspaces lists them.",
            ),
            Error::BrandNotReady => Self::new(
                ErrorCode::BrandNotReady,
                "The brand is not ready to draw with: its page is still being read, or could not be. GET \
                 /api/v1/brands/{id} tells which. With a logo and a colour set by hand, at /brands, it needs no page.",
            ),
            Error::BrandLacksLogo => Self::new(
                ErrorCode::SessionMissingBrandImage,
                "No logo was found on the brand's page. Bring one first: PUT /api/v1/brands/{id}/logo.",
            ),
            Error::ImageNotFound => Self::new(
                ErrorCode::ImageNotFound,
                "You have no such image. GET /api/v1/images lists yours.",
            ),
            Error::NotTaken(why) => not_taken(why),
            Error::ReferenceNotFound => Self::new(
                ErrorCode::ReferenceImageNotFound,
                "referenceImageIds: You have no such image, or it is not there yet. GET /api/v1/images lists \
                 yours.",
            ),
            Error::ApiKeyNotFound => Self::new(
                ErrorCode::ApiKeyNotFound,
                "You have no such API key. GET /api/v1/api-keys lists yours.",
            ),
            Error::BrandNotFound => Self::new(
                ErrorCode::BrandNotFound,
                "You have no such brand. GET /api/v1/brands lists yours.",
            ),
            Error::InvalidUrl(why) => Self::new(ErrorCode::InvalidUrl, why),
            Error::InvalidLogo(why) => Self::new(
                ErrorCode::InvalidLogo,
                format!("The logo is not taken: {why}. Send a PNG, JPEG, WebP, GIF or SVG of at most 5 MiB."),
            ),
            Error::InvalidCursor => Self::new(
                ErrorCode::InvalidCursor,
                "cursor: this is none that this list gave, or the list was asked for otherwise. Send \
                 nextCursor as it was, with the same workspaceId, or leave it out to begin anew.",
            ),
            Error::UploadTokenSpent => Self::new(
                ErrorCode::InvalidUploadToken,
                "The upload token is unknown, used, or older than 15 minutes. Ask for another.",
            ),
            Error::TooManyApiKeys => Self::new(
                ErrorCode::ApiKeyLimitReached,
                "The account has as many working API keys as one may have. Revoke one first.",
            ),
            Error::ApiKeyKnown(place) => Self::new(
                ErrorCode::ApiKeyExists,
                format!(
                    "keys[{place}]: A key with this secret is known already, or twice in the list. Nothing \
                     was imported. Leave it out and send the others."
                ),
            ),
            Error::TooManyKeyShapes => Self::new(
                ErrorCode::ApiKeyLimitReached,
                "The account has imported keys of as many prefixes and lengths as one may.",
            ),
            Error::ChangedMeanwhile => Self::new(
                ErrorCode::BadRequest,
                "It was changed meanwhile. Look at how it is now, and send it again if that is still the wish.",
            ),
            Error::ApiKeyRevoked | Error::ApiKeyExpired | Error::ApiKeyRotated => Self::new(
                ErrorCode::ApiKeyEnded,
                "The API key is revoked or has expired, so it gets no new secret. Make another.",
            ),
            Error::ExpiryPast => Self::new(
                ErrorCode::BadRequest,
                "expiresAt: That time has passed. Send a later one.",
            ),
            Error::NarrowedToNothing => Self::new(
                ErrorCode::BadRequest,
                "The API key could do nothing: of what is asked for, this credential may do none itself.",
            ),
            Error::WiderThanItsMaker => Self::new(
                ErrorCode::Forbidden,
                "The API key may do more than this credential, which so gets no secret of it. Ask with one \
                 that may do as much.",
            ),
            Error::TooManyMakers => Self::new(
                ErrorCode::Forbidden,
                "This key was made by a key that was made by a key, as often as may be. Make keys with one that \
                 was made before it.",
            ),
            Error::CredentialRevoked => Self::new(
                ErrorCode::Unauthorized,
                "The credential was revoked before this was done. Nothing was done.",
            ),
            Error::AccountBanned => Self::new(
                ErrorCode::AccountBanned,
                "The account is suspended. Ask the operator of this server.",
            ),
            Error::IdempotencyInProgress { retry_after } => Self::new(
                ErrorCode::IdempotencyInProgress,
                "A request with this Idempotency-Key is being worked on. Ask again after Retry-After \
                 seconds for its answer.",
            )
            .with_retry_after(retry_after),
            Error::IdempotencyKeyReused => Self::new(
                ErrorCode::IdempotencyKeyReused,
                "This Idempotency-Key was sent with another request, or with another credential, in the last \
                 24 hours. Send a new one.",
            ),
            Error::PlanUpgradeRequired => Self::new(
                ErrorCode::Forbidden,
                "Plan upgrade required: the plan of the workspace does not include this.",
            ),
            Error::FeatureNotEntitled(feature) => Self::new(
                ErrorCode::FeatureNotEntitled,
                format!(
                    "The plan of the workspace does not include {}. Ask for less, or for a larger plan.",
                    feature.label()
                ),
            ),
            Error::PaymentRequired => Self::new(
                ErrorCode::PaymentRequired,
                "The plan of the workspace is paused, so nothing is charged to it. Its owner can resume \
                 it at error.data.action_url.",
            ),
            Error::InsufficientCredits { balance, needed } => Self::new(
                ErrorCode::InsufficientCredits,
                format!(
                    "This needs {} and {balance} can be spent. More can be had at error.data.action_url.",
                    credits(needed)
                ),
            ),
            Error::OverBudget { over, holder, of, .. } => Self::new(
                ErrorCode::InsufficientCredits,
                format!(
                    "This needs {}, more than the budget of {} ({}) of {} leaves: {} {} spent. Its person can \
                     change that at error.data.action_url.",
                    credits(over.needed),
                    over.cap,
                    over.span.as_str(),
                    match holder {
                        BudgetHolder::Spender => "this key or app",
                        BudgetHolder::Maker => "what this key was made with",
                    },
                    over.spent,
                    if over.spent == 1 { "is" } else { "are" },
                ),
            )
            .with_page(match of {
                ChargedVia::ApiKey(id) => format!("/settings/api-keys/{id}/budget"),
                ChargedVia::Connection(id) => format!("/settings/apps/{id}/budget"),
            }),
            Error::CreditsOwed { debt } => Self::new(
                ErrorCode::InsufficientCredits,
                format!(
                    "The money for {} that {} spent was given back. Until as many are bought at \
                     error.data.action_url, nothing can be spent.",
                    credits(debt),
                    if debt == 1 { "was" } else { "were" }
                ),
            ),
            Error::Busy { retry_after } => Self::new(
                ErrorCode::ServiceUnavailable,
                "The server is busy. Nothing was done; try again.",
            )
            .with_retry_after(retry_after),
            Error::TooManyWaiting { retry_after } => Self::new(
                ErrorCode::TooManyRequests,
                "As many requests of this credential wait as may wait at once. Let one of them end, or ask for \
                 several images with one request: GET /api/v1/images?ids=…&wait=true.",
            )
            .with_retry_after(retry_after),
            Error::FilesUnavailable(cause) => Self::new(
                ErrorCode::ServiceUnavailable,
                "The server cannot reach its files. Nothing was done; try again.",
            )
            .with_retry_after(Duration::from_secs(5))
            .with_cause(cause),
            Error::Unavailable(cause) => Self::new(
                ErrorCode::ServiceUnavailable,
                "The server cannot reach its database. Nothing was done; try again.",
            )
            .with_retry_after(Duration::from_secs(1))
            .with_cause(cause),
            Error::Behind => Self::new(
                ErrorCode::ServiceUnavailable,
                "This node of the server is not up to date yet. Nothing was done; try again.",
            )
            .with_retry_after(Duration::from_secs(1))
            .with_cause(error.to_string()),
            Error::MailUnavailable(cause) => Self::new(
                ErrorCode::ServiceUnavailable,
                "The server cannot send mail now, and this needs one. Nothing was done; try again in a few \
                 minutes.",
            )
            .with_retry_after(Duration::from_secs(60))
            .with_cause(cause),
            defect => Self::new(
                ErrorCode::InternalServerError,
                "Something went wrong in the server. Its operator finds the cause in the log under \
                 the x-request-id of this answer.",
            )
            .with_cause(defect.to_string()),
        }
    }
}

/// So many credits, in words.
pub(crate) fn credits(count: i64) -> String {
    if count == 1 { "1 credit".to_owned() } else { format!("{count} credits") }
}

/// Why a file is not taken.
fn not_taken(why: NotTaken) -> ApiError {
    match why {
        NotTaken::Url(why) => ApiError::new(
            ErrorCode::InvalidUrl,
            format!("imageUrl: Nothing is fetched from there: {why}."),
        ),
        NotTaken::Download(why) => ApiError::new(
            ErrorCode::DownloadFailed,
            format!(
                "imageUrl: The image could not be fetched: {why}. Try again, or send the file."
            ),
        ),
        NotTaken::Format(why) => {
            ApiError::new(ErrorCode::UnsupportedFormat, format!("The image is not taken: {why}."))
        }
        NotTaken::TooLarge => ApiError::new(
            ErrorCode::FileTooLarge,
            "The image is too large. Send at most 20 MiB and 50 million pixels.",
        ),
        NotTaken::NoRoom => ApiError::new(
            ErrorCode::Forbidden,
            "The workspace has no room for more images. Delete some, or ask the operator of this server.",
        ),
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'static str,
    status: u16,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Action<'a>>,
}

#[derive(Serialize)]
struct Action<'a> {
    action_url: &'a str,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.code.status().as_u16();
        let data = self.action_url.as_deref().map(|action_url| Action { action_url });
        let error = Body { code: self.code.as_str(), status, message: &self.message, data };
        let body = envelope::write(&Envelope { error });
        self.with_body(body)
    }
}

/// Seconds rounded up, at least one: `Retry-After: 0` would be an invitation to hammer.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bloom_domain::plans::Feature;

    #[test]
    fn without_mail_the_answer_says_so_and_not_why() {
        let error = ApiError::from(Error::MailUnavailable("mail.example.com:587 is down".into()));
        assert_eq!(error.code().status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(error.message().contains("cannot send mail"), "{}", error.message());
        assert!(!error.message().contains("mail.example.com"));
        assert_eq!(error.retry_after, Some(Duration::from_secs(60)));
        assert_eq!(error.cause.as_deref(), Some("mail.example.com:587 is down"));
    }

    #[tokio::test]
    async fn what_can_be_paid_away_says_where() {
        use http_body_util::BodyExt;

        let url = "https://bloom.example/settings#plan";
        for (error, status, code, is_told) in [
            (Error::PlanUpgradeRequired, 403, "FORBIDDEN", false),
            (Error::FeatureNotEntitled(Feature::FourK), 403, "FEATURE_NOT_ENTITLED", false),
            (Error::PaymentRequired, 402, "PAYMENT_REQUIRED", true),
            (
                Error::InsufficientCredits { balance: 1, needed: 2 },
                402,
                "INSUFFICIENT_CREDITS",
                true,
            ),
            (Error::CreditsOwed { debt: 3 }, 402, "INSUFFICIENT_CREDITS", true),
            (Error::WorkspaceNotFound, 404, "WORKSPACE_NOT_FOUND", false),
        ] {
            let answer =
                ApiError::from(error).with_action_url("https://bloom.example").into_response();
            assert_eq!(answer.status(), status, "{code}");
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["error"]["code"], code);
            let action_url = body["error"].get("data").map(|data| data["action_url"].clone());
            assert_eq!(action_url, is_told.then(|| url.into()), "{code}");
        }
    }

    #[test]
    fn one_credit_is_no_credits() {
        let told = |error| ApiError::from(error).message().to_owned();
        let one = told(Error::InsufficientCredits { balance: 0, needed: 1 });
        assert!(one.starts_with("This needs 1 credit and 0 can be spent."), "{one}");
        let two = told(Error::InsufficientCredits { balance: 1, needed: 2 });
        assert!(two.starts_with("This needs 2 credits and 1 can be spent."), "{two}");
        let owed = told(Error::CreditsOwed { debt: 1 });
        assert!(owed.starts_with("The money for 1 credit that was spent"), "{owed}");
    }

    #[test]
    fn waits_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(59_001)), 60);
        assert_eq!(whole_seconds(Duration::from_secs(60)), 60);
    }
}
