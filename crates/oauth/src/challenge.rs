//! The `WWW-Authenticate` challenge of a protected resource (RFC 6750 §3, RFC 9728 §5.1).

/// What a challenge says about the credential that came with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// No credential was presented: "the resource server SHOULD NOT include an error code"
    /// (RFC 6750 §3.1).
    Missing,
    /// A credential was presented and is malformed, unknown, expired or revoked.
    InvalidToken,
    /// The request itself is malformed: two credentials of one kind, for instance.
    InvalidRequest,
    /// The credential is good, and its access too narrow.
    InsufficientScope,
}

impl Challenge {
    /// The header's value. `resource_metadata` is the absolute URL of the protected resource
    /// metadata (RFC 9728 §5.1); it comes from configuration, so it needs no escaping.
    #[must_use]
    pub fn header_value(self, resource_metadata: &str) -> String {
        let mut value = format!("Bearer resource_metadata=\"{resource_metadata}\"");
        if let Some(error) = self.error_code() {
            value.push_str(", error=\"");
            value.push_str(error);
            value.push('"');
        }
        value
    }

    /// The value for a credential that lacks scopes: all that are needed, at once (RFC 6750 §3).
    #[must_use]
    pub fn insufficient_scope(resource_metadata: &str, scopes: &str) -> String {
        let value = Self::InsufficientScope.header_value(resource_metadata);
        format!("{value}, scope=\"{scopes}\"")
    }

    /// The error code of RFC 6750 §3.1, if one belongs into the challenge.
    #[must_use]
    pub fn error_code(self) -> Option<&'static str> {
        match self {
            Self::Missing => None,
            Self::InvalidToken => Some("invalid_token"),
            Self::InvalidRequest => Some("invalid_request"),
            Self::InsufficientScope => Some("insufficient_scope"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_an_error_only_when_a_credential_was_presented() {
        let url = "https://bloom.example/.well-known/oauth-protected-resource/api/v1";
        assert_eq!(
            Challenge::Missing.header_value(url),
            format!("Bearer resource_metadata=\"{url}\"")
        );
        assert_eq!(
            Challenge::InvalidToken.header_value(url),
            format!("Bearer resource_metadata=\"{url}\", error=\"invalid_token\"")
        );
    }
}
