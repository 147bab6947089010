//! Signing out at an app's wish (OpenID Connect RP-Initiated Logout 1.0).
//!
//! An app sends the person's browser here. Nothing ends by that: a page asks, and the person's own form
//! ends the session, so no link signs anybody out. The way back is the app's only if an id token of ours
//! says which app it is and the app registered exactly that URI; it travels sealed through the page.

use std::time::Duration;

use bloom_domain::time::Timestamp;
use bloom_oauth::end_session::{EndSessionRequest, WayBack};
use bloom_oauth::error::OAuthError;
use bloom_oauth::parameters::Parameters;
use serde::{Deserialize, Serialize};

use crate::authorization_requests::{open, seal};
use crate::tokens::unknown_client;
use crate::{Error, Service, access_tokens, clients};

/// What a sealed way back is sealed for.
const END_SESSION: &[u8] = b"end session";
/// How long a person has to answer.
const LIFETIME: Duration = Duration::from_secs(600);

/// What the page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The app's name, as it says, if it is known which one it is.
    pub client: Option<String>,
    /// The way back.
    pub back: Option<Back>,
    /// What is wrong with the way back that the app named, for its developer.
    pub refused: Option<OAuthError>,
}

/// The way back to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// Where it leads.
    pub url: String,
    /// The same, to be brought along when the person signs out.
    pub sealed: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    url: String,
    /// Microseconds since the epoch.
    asked_at: i64,
}

/// Why there is nothing to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndSessionError {
    /// The request cannot be read.
    Refused(OAuthError),
    /// The database or the machine failed.
    Failed(Error),
}

impl From<Error> for EndSessionError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads an app's wish; changes nothing.
///
/// # Errors
/// [`EndSessionError`].
pub async fn anonymous_ask(service: &Service, query: &str) -> Result<Asked, EndSessionError> {
    let refused = |error: OAuthError| EndSessionError::Refused(error);
    let parameters = Parameters::parse(query.as_bytes()).map_err(|error| refused(error.into()))?;
    let request = EndSessionRequest::read(&parameters).map_err(refused)?;
    let hint = request.id_token_hint.as_deref();
    let hint = hint.and_then(|token| access_tokens::read_hint(service, token));
    // "the OP MUST verify that the Client Identifier matches the one used when issuing the ID Token" (§2).
    if let (Some(hint), Some(named)) = (&hint, &request.client_id)
        && hint.aud != *named
    {
        let text = "client_id is not the client that id_token_hint was issued to";
        return Err(refused(OAuthError::invalid_request(text)));
    }
    let named = hint.as_ref().map(|hint| &hint.aud).or(request.client_id.as_ref());
    let client = match named {
        Some(named) => clients::find(service, named).await?,
        None => None,
    };
    let client = client.filter(|client| !client.is_refused());
    let name = client.as_ref().map(|client| client.display_name());
    let Some(uri) = request.post_logout_redirect_uri else {
        return Ok(Asked { client: name, back: None, refused: None });
    };
    let why = match &client {
        // Who the app is, is known by the hint alone: anybody can name a client.
        _ if hint.is_none() => Some(OAuthError::invalid_request(
            "post_logout_redirect_uri needs an id_token_hint that this server issued",
        )),
        None => Some(unknown_client()),
        Some(client) if !client.metadata.may_send_back_to(&uri, &service.settings.schemes()) => {
            Some(OAuthError::invalid_request(
                "post_logout_redirect_uri is not one of those that the client registered",
            ))
        }
        Some(_) => None,
    };
    if why.is_some() {
        return Ok(Asked { client: name, back: None, refused: why });
    }
    let url = WayBack { uri, state: request.state }.url();
    let sealed = Sealed { url: url.clone(), asked_at: service.now().unix_micros() };
    let sealed = seal(service, END_SESSION, &sealed)?;
    Ok(Asked { client: name, back: Some(Back { url, sealed }), refused: None })
}

/// Where a person goes who has signed out: what [`anonymous_ask`] sealed, for ten minutes.
#[must_use]
pub fn anonymous_way_back(service: &Service, sealed: &str) -> Option<String> {
    let Sealed { url, asked_at } = open(service, END_SESSION, sealed)?;
    let is_fresh = service.now() < Timestamp::from_unix_micros(asked_at).plus(LIFETIME);
    is_fresh.then_some(url)
}
