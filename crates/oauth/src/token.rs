//! The token endpoint (RFC 6749 §3.2): what is asked, and the answer.

use serde::Serialize;

use crate::client_authentication::ClientCredentials;
use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::pkce::CodeVerifier;

/// A request to the token endpoint, by grant type.
#[derive(Clone)]
pub enum TokenRequest {
    /// RFC 6749 §4.1.3 with RFC 7636 §4.5.
    AuthorizationCode {
        /// Who asks.
        client: ClientCredentials,
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
        client: ClientCredentials,
        /// The refresh token.
        refresh_token: String,
        /// A narrower scope for this one access token.
        scope: Option<String>,
    },
    /// RFC 6749 §4.4.
    ClientCredentials {
        /// Who asks, for itself.
        client: ClientCredentials,
        /// A narrower scope than it is registered for.
        scope: Option<String>,
    },
}

impl TokenRequest {
    /// Reads a request. `authorization` is the header of that name, if it came.
    ///
    /// # Errors
    /// An [`OAuthError`] for the token endpoint's answer.
    pub fn read(parameters: &Parameters, authorization: Option<&[u8]>) -> Result<Self, OAuthError> {
        let grant_type = required(parameters, "grant_type")?;
        let client = ClientCredentials::read(parameters, authorization)?;
        match grant_type {
            "authorization_code" => {
                let verifier = required(parameters, "code_verifier")?;
                Ok(Self::AuthorizationCode {
                    client,
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
                client,
                refresh_token: required(parameters, "refresh_token")?.to_owned(),
                scope: parameters.one("scope")?.map(str::to_owned),
            }),
            "client_credentials" => Ok(Self::ClientCredentials {
                client,
                scope: parameters.one("scope")?.map(str::to_owned),
            }),
            _ => Err(OAuthError::new(
                ErrorCode::UnsupportedGrantType,
                "grant_type must be authorization_code, refresh_token or client_credentials",
            )),
        }
    }
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
        let parameters = Parameters::parse(body.as_bytes()).unwrap();
        TokenRequest::read(&parameters, None).map_err(|error| error.code)
    }

    #[test]
    fn each_fault_has_its_code() {
        let verifier = "v".repeat(43);
        let good = format!(
            "grant_type=authorization_code&client_id=c&code=x&redirect_uri=r&code_verifier={verifier}"
        );
        assert!(matches!(read(&good), Ok(TokenRequest::AuthorizationCode { .. })));
        assert!(read(&format!("{good}&client_secret=")).is_ok());
        assert!(read(&format!("{good}&client_secret=s")).is_ok(), "whose it is, is asked later");
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
        assert!(matches!(
            read("grant_type=client_credentials&client_id=c&client_secret=s&scope=read"),
            Ok(TokenRequest::ClientCredentials { scope: Some(_), .. })
        ));
    }
}
