//! The codes of errors, each with its word and its status.

use http::StatusCode;

/// The codes of the public contract, each with its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    BadRequest,
    Unauthorized,
    AccountBanned,
    Forbidden,
    FeatureNotEntitled,
    PaymentRequired,
    InsufficientCredits,
    NotFound,
    WorkspaceNotFound,
    ApiKeyNotFound,
    BrandUnknown,
    BrandNotReady,
    SessionMissingBrandImage,
    ImageNotFound,
    ReferenceImageNotFound,
    ReferenceLimitExceeded,
    EditSubjectNotFound,
    EditSubjectNotCompleted,
    EditSubjectNoStoragePath,
    ImageNotCompleted,
    ImageNotResizable,
    ImageNotRemovableBackground,
    ImageNotVectorizable,
    ImageTooSmall,
    SameAspectRatio,
    SessionNotFound,
    DownloadFailed,
    UnsupportedFormat,
    FileTooLarge,
    BrandNotFound,
    InvalidUrl,
    InvalidLogo,
    InvalidCursor,
    InvalidUploadToken,
    MethodNotAllowed,
    NotAcceptable,
    IdempotencyInProgress,
    ApiKeyLimitReached,
    ApiKeyExists,
    ApiKeyEnded,
    PayloadTooLarge,
    UnsupportedMediaType,
    IdempotencyKeyReused,
    TooManyRequests,
    InternalServerError,
    /// What an operation answers of its own where the others answer the one above.
    InternalError,
    ServiceUnavailable,
}

impl ErrorCode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::AccountBanned => "ACCOUNT_BANNED",
            Self::Forbidden => "FORBIDDEN",
            Self::FeatureNotEntitled => "FEATURE_NOT_ENTITLED",
            Self::PaymentRequired => "PAYMENT_REQUIRED",
            Self::InsufficientCredits => "INSUFFICIENT_CREDITS",
            Self::NotFound => "NOT_FOUND",
            Self::WorkspaceNotFound => "WORKSPACE_NOT_FOUND",
            Self::ApiKeyNotFound => "API_KEY_NOT_FOUND",
            Self::BrandUnknown => "BRAND_NOT_FOUND",
            Self::BrandNotReady => "BRAND_NOT_READY",
            Self::SessionMissingBrandImage => "SESSION_MISSING_BRAND_IMAGE",
            Self::ImageNotFound => "IMAGE_NOT_FOUND",
            Self::ReferenceImageNotFound => "REFERENCE_IMAGE_NOT_FOUND",
            Self::ReferenceLimitExceeded => "REFERENCE_LIMIT_EXCEEDED",
            Self::EditSubjectNotFound => "EDIT_SUBJECT_NOT_FOUND",
            Self::EditSubjectNotCompleted => "EDIT_SUBJECT_NOT_COMPLETED",
            Self::EditSubjectNoStoragePath => "EDIT_SUBJECT_NO_STORAGE_PATH",
            Self::ImageNotCompleted => "IMAGE_NOT_COMPLETED",
            Self::ImageNotResizable => "IMAGE_NOT_RESIZABLE",
            Self::ImageNotRemovableBackground => "IMAGE_NOT_REMOVABLE_BACKGROUND",
            Self::ImageNotVectorizable => "IMAGE_NOT_VECTORIZABLE",
            Self::ImageTooSmall => "IMAGE_TOO_SMALL",
            Self::SameAspectRatio => "SAME_ASPECT_RATIO",
            Self::SessionNotFound => "SESSION_NOT_FOUND",
            Self::DownloadFailed => "DOWNLOAD_FAILED",
            Self::UnsupportedFormat => "UNSUPPORTED_FORMAT",
            Self::FileTooLarge => "FILE_TOO_LARGE",
            Self::BrandNotFound => "BRAND_NOT_FOUND",
            Self::InvalidUrl => "INVALID_URL",
            Self::InvalidLogo => "INVALID_LOGO",
            Self::InvalidCursor => "INVALID_CURSOR",
            Self::InvalidUploadToken => "INVALID_UPLOAD_TOKEN",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::NotAcceptable => "NOT_ACCEPTABLE",
            Self::IdempotencyInProgress => "IDEMPOTENCY_IN_PROGRESS",
            Self::ApiKeyLimitReached => "API_KEY_LIMIT_REACHED",
            Self::ApiKeyExists => "API_KEY_EXISTS",
            Self::ApiKeyEnded => "API_KEY_ENDED",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::TooManyRequests => "TOO_MANY_REQUESTS",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
            Self::InternalError => "INTERNAL_ERROR",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::InvalidUrl | Self::InvalidLogo | Self::InvalidCursor => {
                StatusCode::BAD_REQUEST
            }
            Self::SessionMissingBrandImage
            | Self::ReferenceLimitExceeded
            | Self::EditSubjectNotCompleted
            | Self::EditSubjectNoStoragePath
            | Self::ImageNotCompleted
            | Self::ImageNotResizable
            | Self::ImageNotRemovableBackground
            | Self::ImageNotVectorizable
            | Self::ImageTooSmall
            | Self::SameAspectRatio
            | Self::DownloadFailed
            | Self::UnsupportedFormat
            | Self::FileTooLarge => StatusCode::BAD_REQUEST,
            Self::BrandUnknown => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ImageNotFound
            | Self::ReferenceImageNotFound
            | Self::EditSubjectNotFound
            | Self::SessionNotFound => StatusCode::NOT_FOUND,
            Self::BrandNotReady => StatusCode::CONFLICT,
            Self::Unauthorized | Self::InvalidUploadToken => StatusCode::UNAUTHORIZED,
            Self::PaymentRequired | Self::InsufficientCredits => StatusCode::PAYMENT_REQUIRED,
            Self::AccountBanned | Self::Forbidden | Self::FeatureNotEntitled => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound
            | Self::WorkspaceNotFound
            | Self::ApiKeyNotFound
            | Self::BrandNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::IdempotencyInProgress
            | Self::ApiKeyLimitReached
            | Self::ApiKeyExists
            | Self::ApiKeyEnded => StatusCode::CONFLICT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalServerError | Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
