//! The token endpoint (RFC 6749 §3.2): what is asked, and the answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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
    /// Reads a request of a public client. `authorization` is the header of that name, if it came.
    ///
    /// # Errors
    /// An [`OAuthError`] for the token endpoint's answer.
    pub fn read(parameters: &Parameters, authorization: Option<&[u8]>) -> Result<Self, OAuthError> {
        let grant_type = required(parameters, "grant_type")?;
        let client_id = public_client(parameters, authorization)?;
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
/// all the same is a mistake that must not pass unnoticed. An empty one counts as absent, in the body
/// and in `Authorization: Basic` (RFC 6749 §2.3.1).
///
/// # Errors
/// `invalid_client` for a secret, `invalid_request` without a client or with two.
pub fn public_client(
    parameters: &Parameters,
    authorization: Option<&[u8]>,
) -> Result<String, OAuthError> {
    if parameters.one("client_secret")?.is_some() {
        return Err(no_secret());
    }
    let Some(authorization) = authorization else {
        return required(parameters, "client_id").map(str::to_owned);
    };
    let client_id = basic_client(authorization)?;
    match parameters.one("client_id")? {
        Some(other) if other != client_id => Err(OAuthError::invalid_request(
            "client_id in the body is not that of the Authorization header",
        )),
        _ => Ok(client_id),
    }
}

/// The client in `Authorization: Basic` with an empty password.
fn basic_client(authorization: &[u8]) -> Result<String, OAuthError> {
    let (scheme, credentials) = authorization.split_at(authorization.len().min(6));
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return Err(no_secret());
    }
    let decoded = STANDARD.decode(credentials.trim_ascii()).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let malformed = || OAuthError::invalid_request("the Authorization header is malformed");
    let decoded = decoded.ok_or_else(malformed)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(malformed)?;
    if !secret.is_empty() {
        return Err(no_secret());
    }
    // "encoded using the application/x-www-form-urlencoded encoding algorithm" (§2.3.1).
    let pair = format!("client_id={id}");
    let client_id = Parameters::parse(pair.as_bytes())?;
    required(&client_id, "client_id").map(str::to_owned)
}

fn no_secret() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidClient,
        "this client is public and has no secret; send client_id alone",
    )
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

    #[test]
    fn a_client_may_name_itself_in_the_header_but_not_prove_itself() {
        let client = |body: &str, header: &str| {
            let parameters = Parameters::parse(body.as_bytes()).unwrap();
            public_client(&parameters, Some(header.as_bytes())).map_err(|error| error.code)
        };
        // "a b:" and "c:s", form-encoded where they must be.
        assert_eq!(client("", "Basic YSUyMGI6").as_deref(), Ok("a b"));
        assert_eq!(client("client_id=a+b", "basic YSUyMGI6").as_deref(), Ok("a b"));
        assert_eq!(client("client_id=c", "Basic YSUyMGI6"), Err(ErrorCode::InvalidRequest));
        assert_eq!(client("client_id=c", "Basic Yzpz"), Err(ErrorCode::InvalidClient));
        assert_eq!(client("client_id=c", "Bearer abc"), Err(ErrorCode::InvalidClient));
        for malformed in ["Basic", "Basic ", "Basic ???", "Basic YQ==", "Basic /////w=="] {
            assert!(client("client_id=c", malformed).is_err(), "{malformed}");
        }
    }
}
