//! The logout request (OpenID Connect RP-Initiated Logout 1.0 §2) and the way back from it (§3).

use serde::{Deserialize, Serialize};

use crate::authorization::with_parameters;
use crate::error::OAuthError;
use crate::parameters::Parameters;

/// The longest `state`.
const MAX_STATE: usize = 4_096;

/// What an app sends a person's browser with, when the person signs out there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndSessionRequest {
    /// An id token that the app got for the person.
    pub id_token_hint: Option<String>,
    /// Which app it is.
    pub client_id: Option<String>,
    /// Where it wants the browser back.
    pub post_logout_redirect_uri: Option<String>,
    /// Echoed to it.
    pub state: Option<String>,
}

/// A way back that is known to be the app's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    /// The registered URI.
    pub uri: String,
    /// Echoed to the app.
    pub state: Option<String>,
}

impl EndSessionRequest {
    /// Reads a request. What it does not know is ignored; a locale is nothing that Bloom has a choice of.
    ///
    /// # Errors
    /// `invalid_request` for a parameter that is there twice or is too long.
    pub fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let one = |name: &'static str| -> Result<Option<String>, OAuthError> {
            Ok(parameters.one(name)?.map(str::to_owned))
        };
        let state = one("state")?;
        if state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
            let text = format!("state is longer than {MAX_STATE} bytes");
            return Err(OAuthError::invalid_request(text));
        }
        Ok(Self {
            id_token_hint: one("id_token_hint")?,
            client_id: one("client_id")?,
            post_logout_redirect_uri: one("post_logout_redirect_uri")?,
            state,
        })
    }
}

impl WayBack {
    /// Where the browser goes.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.state {
            Some(state) => with_parameters(&self.uri, [("state", state.as_str())]),
            None => self.uri.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_added_to_the_uri_as_it_is() {
        let back = |uri: &str, state: Option<&str>| {
            WayBack { uri: uri.into(), state: state.map(Into::into) }.url()
        };
        assert_eq!(back("https://a.example/out", None), "https://a.example/out");
        assert_eq!(back("https://a.example/out", Some("a&b")), "https://a.example/out?state=a%26b");
        assert_eq!(back("https://a.example/o?x=1", Some("s")), "https://a.example/o?x=1&state=s");
    }

    #[test]
    fn what_is_there_twice_is_refused() {
        let read =
            |text: &str| EndSessionRequest::read(&Parameters::parse(text.as_bytes()).unwrap());
        assert!(read("").unwrap().id_token_hint.is_none());
        assert_eq!(read("state=s&ui_locales=de").unwrap().state.as_deref(), Some("s"));
        for name in ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"] {
            assert!(read(&format!("{name}=a&{name}=b")).is_err(), "{name}");
        }
        assert!(read(&format!("state={}", "s".repeat(MAX_STATE + 1))).is_err());
    }
}
