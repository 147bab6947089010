//! Which client asks, and how it proves that (RFC 6749 §2.3).
//!
//! A public client names itself and proves nothing. A confidential one sends its secret by the one method
//! that it is registered for: in `Authorization: Basic`, or in the body. An empty secret counts as none,
//! in either place, since real clients send one where there is none.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;

/// How a client proves itself at the token endpoint (RFC 7591 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthMethod {
    /// By nothing: it is public.
    #[serde(rename = "none")]
    None,
    /// By its secret, in `Authorization: Basic`.
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// By its secret, in the body.
    #[serde(rename = "client_secret_post")]
    Post,
}

impl AuthMethod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Basic, Self::Post];

    /// The word of the metadata.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }

    /// The meaning of a word; `None` for a method that is not served.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == word)
    }
}

/// A secret as it was presented. Printed as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedSecret(String);

impl PresentedSecret {
    /// The text, to be compared through its digest.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PresentedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedSecret(..)")
    }
}

/// Which client says that it asks, with the secret it brought, and how it brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Who it says it is.
    pub client_id: String,
    /// What should prove it.
    pub secret: Option<(AuthMethod, PresentedSecret)>,
}

impl ClientCredentials {
    /// Of a client that proves nothing.
    #[must_use]
    pub fn public(client_id: String) -> Self {
        Self { client_id, secret: None }
    }

    /// Reads them. `authorization` is the header of that name, if it came.
    ///
    /// # Errors
    /// `invalid_request` without a client, with two, or with two methods at once (§2.3: "MUST NOT use more
    /// than one"); `invalid_client` for a method that is not served.
    pub fn read(parameters: &Parameters, authorization: Option<&[u8]>) -> Result<Self, OAuthError> {
        let in_body = parameters.one("client_secret")?.map(|text| PresentedSecret(text.to_owned()));
        // A method that this server does not have must not pass for none at all.
        if parameters.one("client_assertion")?.is_some() {
            return Err(not_served());
        }
        let Some(authorization) = authorization else {
            let client_id = required(parameters)?.to_owned();
            return Ok(Self { client_id, secret: in_body.map(|text| (AuthMethod::Post, text)) });
        };
        let (client_id, secret) = basic(authorization)?;
        if in_body.is_some() {
            return Err(OAuthError::invalid_request(
                "the client is authenticated in the Authorization header and in the body; use one",
            ));
        }
        if parameters.one("client_id")?.is_some_and(|other| other != client_id) {
            return Err(OAuthError::invalid_request(
                "client_id in the body is not that of the Authorization header",
            ));
        }
        Ok(Self { client_id, secret: secret.map(|text| (AuthMethod::Basic, text)) })
    }

    /// Whether what came is by the method that the client is registered for. Whether the secret is the
    /// client's, is for whoever knows its digest.
    ///
    /// # Errors
    /// `invalid_client` says what to send instead.
    pub fn check_method(&self, registered: AuthMethod) -> Result<(), OAuthError> {
        let presented = self.secret.as_ref().map_or(AuthMethod::None, |(method, _)| *method);
        if presented == registered {
            return Ok(());
        }
        let text = match registered {
            AuthMethod::None => "this client is public and has no secret; send client_id alone",
            AuthMethod::Basic => {
                "this client is registered for client_secret_basic; send client_id and secret in \
                 Authorization: Basic"
            }
            AuthMethod::Post => {
                "this client is registered for client_secret_post; send client_id and client_secret in \
                 the body"
            }
        };
        Err(OAuthError::new(ErrorCode::InvalidClient, text))
    }
}

/// Client and secret of `Authorization: Basic`, both "encoded using the
/// application/x-www-form-urlencoded encoding algorithm" (§2.3.1).
fn basic(authorization: &[u8]) -> Result<(String, Option<PresentedSecret>), OAuthError> {
    let (scheme, credentials) = authorization.split_at(authorization.len().min(6));
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return Err(not_served());
    }
    let malformed = || OAuthError::invalid_request("the Authorization header is malformed");
    let decoded = STANDARD.decode(credentials.trim_ascii()).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(malformed)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(malformed)?;
    // Either could hold what a form would split at, and then it was not encoded.
    if decoded.contains(['&', '=']) {
        return Err(malformed());
    }
    let pair = format!("client_id={id}&client_secret={secret}");
    let pair = Parameters::parse(pair.as_bytes())?;
    let client_id = required(&pair)?.to_owned();
    let secret = pair.one("client_secret")?.map(|text| PresentedSecret(text.to_owned()));
    Ok((client_id, secret))
}

fn not_served() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidClient,
        "clients are authenticated by client_secret_basic or client_secret_post, and public ones by \
         client_id alone",
    )
}

fn required(parameters: &Parameters) -> Result<&str, OAuthError> {
    let missing = || OAuthError::invalid_request("client_id is missing");
    parameters.one("client_id")?.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Read = Result<(String, Option<(AuthMethod, String)>), ErrorCode>;

    fn read(body: &str, header: Option<&str>) -> Read {
        let parameters = Parameters::parse(body.as_bytes()).unwrap();
        ClientCredentials::read(&parameters, header.map(str::as_bytes))
            .map(|read| {
                let secret = read.secret.map(|(method, text)| (method, text.expose().to_owned()));
                (read.client_id, secret)
            })
            .map_err(|error| error.code)
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn a_client_names_itself_and_proves_it_in_one_place() {
        let by = |id: &str, secret: Option<(AuthMethod, &str)>| {
            Ok((id.to_owned(), secret.map(|(method, text)| (method, text.to_owned()))))
        };
        assert_eq!(read("client_id=c", None), by("c", None));
        assert_eq!(read("client_id=c&client_secret=", None), by("c", None));
        assert_eq!(
            read("client_id=c&client_secret=s", None),
            by("c", Some((AuthMethod::Post, "s")))
        );
        assert_eq!(read("", Some(&basic("c:s"))), by("c", Some((AuthMethod::Basic, "s"))));
        assert_eq!(read("client_id=c", Some(&basic("c:"))), by("c", None));
        assert_eq!(
            read("client_secret=", Some(&basic("c:s"))),
            by("c", Some((AuthMethod::Basic, "s")))
        );
        let lower = basic("c:s").replace("Basic", "bAsIc");
        assert_eq!(read("", Some(&lower)), by("c", Some((AuthMethod::Basic, "s"))));
    }

    #[test]
    fn the_header_is_form_decoded_after_it_is_split() {
        let secret = |text: &str| read("", Some(&basic(text))).unwrap();
        assert_eq!(secret("a%20b%3A:s").0, "a b:");
        assert_eq!(secret("a+b:c%3Ad+e%2B").1, Some((AuthMethod::Basic, "c:d e+".into())));
        // The first colon splits: there is none in an encoded id.
        assert_eq!(secret("a:b:c").1, Some((AuthMethod::Basic, "b:c".into())));
        for malformed in ["c", "a&client_id=b:s", "c:s&client_secret=t", "c:%ff", "c:%00", ":s"] {
            assert_eq!(
                read("", Some(&basic(malformed))),
                Err(ErrorCode::InvalidRequest),
                "{malformed}"
            );
        }
        for malformed in ["Basic", "Basic ", "Basic ???", "Basic YQ==", "Basic /////w=="] {
            assert!(read("client_id=c", Some(malformed)).is_err(), "{malformed}");
        }
    }

    #[test]
    fn two_methods_two_clients_and_unknown_methods_are_refused() {
        let both = read("client_id=c&client_secret=s", Some(&basic("c:s")));
        assert_eq!(both, Err(ErrorCode::InvalidRequest));
        assert_eq!(read("client_secret=s", Some(&basic("c:"))), Err(ErrorCode::InvalidRequest));
        assert_eq!(read("client_id=d", Some(&basic("c:s"))), Err(ErrorCode::InvalidRequest));
        assert_eq!(read("client_id=c", Some("Bearer abc")), Err(ErrorCode::InvalidClient));
        let assertion = "client_id=c&client_assertion=a.b.c";
        assert_eq!(read(assertion, None), Err(ErrorCode::InvalidClient));
        assert_eq!(read("", None), Err(ErrorCode::InvalidRequest));
    }

    #[test]
    fn the_registered_method_is_the_only_one() {
        let methods = AuthMethod::ALL;
        let presented = ["client_id=c", "", "client_id=c&client_secret=s"];
        for (method, body) in methods.into_iter().zip(presented) {
            let header = basic("c:s");
            let header = (method == AuthMethod::Basic).then_some(header.as_bytes());
            let parameters = Parameters::parse(body.as_bytes()).unwrap();
            let read = ClientCredentials::read(&parameters, header).unwrap();
            for registered in methods {
                assert_eq!(read.check_method(registered).is_ok(), method == registered);
            }
            assert!(!format!("{read:?}").contains("\"s\""), "it prints nothing");
            assert_eq!(AuthMethod::from_word(method.as_str()), Some(method));
        }
    }

    proptest! {
        #[test]
        fn never_panics(header in proptest::collection::vec(any::<u8>(), 0..60), body in "[ -~]{0,40}") {
            if let Ok(parameters) = Parameters::parse(body.as_bytes()) {
                let _ = ClientCredentials::read(&parameters, Some(&header));
            }
        }

        #[test]
        fn what_is_encoded_comes_back(id in "[ -~]{1,20}", secret in "\\PC{1,20}") {
            use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let header = basic(&format!("{}:{}", encode(&id), encode(&secret)));
            prop_assert_eq!(read("", Some(&header)), Ok((id, Some((AuthMethod::Basic, secret)))));
        }
    }
}
