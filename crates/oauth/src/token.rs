//! The token endpoint (RFC 6749 §3.2): what is asked, and the answer.

use serde::Serialize;

use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::pkce::CodeVerifier;

/// A request to the token endpoint, by grant type.
#[derive(Clone)]
pub enum TokenRequest {
    /// RFC 6749 §4.1.3 with RFC 7636 §4.5.
    AuthorizationCode {
        /// Who asks.
        client_id: String,
        /// The code.
        code: String,
        /// "Identical to the `redirect_uri` of the authorization request" (§4.1.3).
        redirect_uri: String,
        /// The proof.
        verifier: CodeVerifier,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// Who asks.
        client_id: String,
        /// The refresh token.
        refresh_token: String,
        /// A narrower scope for this one access token.
        scope: Option<String>,
    },
}

impl TokenRequest {
    /// Reads a request of a public client.
    ///
    /// # Errors
    /// An [`OAuthError`] for the token endpoint's answer.
    pub fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let grant_type = required(parameters, "grant_type")?;
        let client_id = public_client(parameters)?;
        match grant_type {
            "authorization_code" => {
                let verifier = required(parameters, "code_verifier")?;
                Ok(Self::AuthorizationCode {
                    client_id,
                    code: required(parameters, "code")?.to_owned(),
                    redirect_uri: required(parameters, "redirect_uri")?.to_owned(),
                    verifier: CodeVerifier::parse(verifier).ok_or_else(|| {
                        OAuthError::invalid_request(
                            "code_verifier must be 43 to 128 of the characters A-Z a-z 0-9 - . _ ~",
                        )
                    })?,
                })
            }
            "refresh_token" => Ok(Self::RefreshToken {
                client_id,
                refresh_token: required(parameters, "refresh_token")?.to_owned(),
                scope: parameters.one("scope")?.map(str::to_owned),
            }),
            _ => Err(OAuthError::new(
                ErrorCode::UnsupportedGrantType,
                "grant_type must be authorization_code or refresh_token",
            )),
        }
    }
}

/// The client of a request that proves nothing: a public client has no secret, and one that is sent
/// all the same is a mistake that must not pass unnoticed. An empty one counts as absent.
///
/// # Errors
/// `invalid_client` for a secret, `invalid_request` without a client.
pub fn public_client(parameters: &Parameters) -> Result<String, OAuthError> {
    if parameters.one("client_secret")?.is_some() {
        return Err(OAuthError::new(
            ErrorCode::InvalidClient,
            "this client is public and has no secret; send client_id alone",
        ));
    }
    required(parameters, "client_id").map(str::to_owned)
}

fn required<'a>(parameters: &'a Parameters, name: &'static str) -> Result<&'a str, OAuthError> {
    let missing = || OAuthError::invalid_request(format!("{name} is missing"));
    parameters.one(name)?.ok_or_else(missing)
}

/// A successful answer (RFC 6749 §5.1).
#[derive(Debug, Clone, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    /// The same as an instant, in seconds since the epoch, as hosted.
    pub expires_at: i64,
    /// For the next refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The scope of the access token.
    pub scope: String,
    /// With the scope `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<TokenRequest, ErrorCode> {
        TokenRequest::read(&Parameters::parse(body.as_bytes()).unwrap()).map_err(|error| error.code)
    }

    #[test]
    fn each_fault_has_its_code() {
        let verifier = "v".repeat(43);
        let good = format!(
            "grant_type=authorization_code&client_id=c&code=x&redirect_uri=r&code_verifier={verifier}"
        );
        assert!(matches!(read(&good), Ok(TokenRequest::AuthorizationCode { .. })));
        assert!(read(&format!("{good}&client_secret=")).is_ok());
        assert_eq!(read(&format!("{good}&client_secret=s")).err(), Some(ErrorCode::InvalidClient));
        assert_eq!(read(&format!("{good}&code=y")).err(), Some(ErrorCode::InvalidRequest));
        for name in ["grant_type", "client_id", "code", "redirect_uri", "code_verifier"] {
            let without: Vec<_> =
                good.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
            assert_eq!(read(&without.join("&")).err(), Some(ErrorCode::InvalidRequest), "{name}");
        }
        assert_eq!(
            read("grant_type=password&client_id=c").err(),
            Some(ErrorCode::UnsupportedGrantType)
        );
        assert!(matches!(
            read("grant_type=refresh_token&client_id=c&refresh_token=t"),
            Ok(TokenRequest::RefreshToken { scope: None, .. })
        ));
    }
}
