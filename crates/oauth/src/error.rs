//! OAuth errors: `{"error","error_description"}` (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2,
//! RFC 8707 §2).

use std::borrow::Cow;

/// The error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// A parameter is missing, malformed or given twice.
    InvalidRequest,
    /// The client is unknown or failed to authenticate. Clients drop their registration on it.
    InvalidClient,
    /// The code or refresh token is not good. Clients drop their tokens on it.
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// No such grant type here.
    UnsupportedGrantType,
    /// No such response type here.
    UnsupportedResponseType,
    /// A scope that does not exist, or was not granted.
    InvalidScope,
    /// A resource that is not ours.
    InvalidTarget,
    /// The person, or the server, said no.
    AccessDenied,
    /// `prompt=none`, and nobody is signed in (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// `prompt=none`, and the person has to be asked.
    ConsentRequired,
    /// `request` and `request_uri` are not taken.
    RequestNotSupported,
    /// A redirect URI that cannot be registered (RFC 7591 §3.2.2).
    InvalidRedirectUri,
    /// Metadata that cannot be registered (RFC 7591 §3.2.2).
    InvalidClientMetadata,
    /// The server is too busy or its database is away.
    TemporarilyUnavailable,
    /// A defect of the server.
    ServerError,
}

impl ErrorCode {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

/// An error with a description that tells a developer what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// The code.
    pub code: ErrorCode,
    /// ASCII without `"` and `\` (RFC 6749 §5.2).
    pub description: Cow<'static, str>,
}

impl OAuthError {
    /// An error with its description; characters that a description may not have become `'`.
    #[must_use]
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        let is_allowed = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
        let description = if description.chars().all(is_allowed) {
            description
        } else {
            description.chars().map(|c| if is_allowed(c) { c } else { '\'' }).collect()
        };
        Self { code, description }
    }

    /// The request is malformed.
    #[must_use]
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// The code or refresh token is not good.
    #[must_use]
    pub fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidGrant, description)
    }
}

impl From<crate::parameters::ParameterError> for OAuthError {
    fn from(error: crate::parameters::ParameterError) -> Self {
        Self::invalid_request(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_keeps_to_its_grammar() {
        let error = OAuthError::invalid_request("bad \"é\\\n\"");
        assert_eq!(error.description, "bad '''''");
    }
}
