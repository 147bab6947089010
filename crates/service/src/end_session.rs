//! Signing out at an app's wish (OpenID Connect RP-Initiated Logout 1.0).
//!
//! An app sends the person's browser here. Nothing ends by that: a page asks, and the person's own form
//! ends the session, so no link signs anybody out. The page says who is signed in, whether the app meant somebody
//! else, and where the way back leads. That is the app's only if an id token of ours says which app it is, we still
//! know the session that it names, and the app registered exactly that URI; it travels sealed through the page.
//!
//! What an app posts comes without our cookie, and goes on as a link: with what its id token says, sealed, and never
//! with the token, which would stay in the browser's history and in logs on the way.

use std::time::Duration;

use bloom_domain::clients::Client;
use bloom_domain::time::Timestamp;
use bloom_oauth::access_token::IdTokenHint;
use bloom_oauth::end_session::{EndSessionRequest, WayBack};
use bloom_oauth::error::OAuthError;
use bloom_oauth::parameters::Parameters;
use bloom_oauth::redirect_uri::RedirectUri;
use bloom_store as store;
use serde::{Deserialize, Serialize};

use crate::authorization_requests::{open, seal};
use crate::tokens::unknown_client;
use crate::{Error, Service, SignedIn, access_tokens, clients};

/// What a sealed way back is sealed for.
const END_SESSION: &[u8] = b"end session";
/// What a sealed wish is sealed for.
const WISH: &[u8] = b"logout request";
/// The parameter with a sealed wish.
const SEALED: &str = "sealed";
/// How long a person has to answer, and a wish may be on its way.
const LIFETIME: Duration = Duration::from_secs(600);

/// What the page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The app's name, as it says, if it is known which one it is.
    pub client: Option<String>,
    /// Whether the app asks about another account than is signed in.
    pub is_about_another: bool,
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
    /// The URI as it is registered, to be shown.
    pub registered: RedirectUri,
    /// Where it leads, sealed, to be brought along when the person signs out.
    pub sealed: String,
}

/// A wish as it was read, with what is known by the id token that came along.
#[derive(Serialize, Deserialize)]
struct Wish {
    hint: Option<IdTokenHint>,
    client_id: Option<String>,
    uri: Option<String>,
    state: Option<String>,
    /// Microseconds since the epoch.
    asked_at: i64,
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

impl Wish {
    fn read(service: &Service, parameters: &Parameters) -> Result<Self, EndSessionError> {
        let request = EndSessionRequest::read(parameters).map_err(EndSessionError::Refused)?;
        let EndSessionRequest { id_token_hint, client_id, post_logout_redirect_uri, state } =
            request;
        let hint = id_token_hint.and_then(|token| access_tokens::read_hint(service, &token));
        // "the OP MUST verify that the Client Identifier matches the one used when issuing the ID Token" (§2).
        if let (Some(hint), Some(named)) = (&hint, &client_id)
            && hint.aud != *named
        {
            return refused("client_id is not the client that id_token_hint was issued to");
        }
        let asked_at = service.now().unix_micros();
        Ok(Self { hint, client_id, uri: post_logout_redirect_uri, state, asked_at })
    }

    fn open(service: &Service, sealed: &str) -> Result<Self, EndSessionError> {
        let wish: Option<Self> = open(service, WISH, sealed);
        match wish.filter(|wish| is_fresh(service, wish.asked_at)) {
            Some(wish) => Ok(wish),
            None => refused("the request has expired; sign out at the app again"),
        }
    }
}

fn refused<T>(text: &'static str) -> Result<T, EndSessionError> {
    Err(EndSessionError::Refused(OAuthError::invalid_request(text)))
}

fn parameters(text: &[u8]) -> Result<Parameters, EndSessionError> {
    Parameters::parse(text).map_err(|error| EndSessionError::Refused(error.into()))
}

/// Takes an app's wish as it was posted; gives the query with which it goes on.
///
/// # Errors
/// [`EndSessionError`].
pub fn anonymous_take(service: &Service, form: &[u8]) -> Result<String, EndSessionError> {
    let wish = Wish::read(service, &parameters(form)?)?;
    Ok(format!("{SEALED}={}", seal(service, WISH, &wish)?))
}

/// Reads an app's wish about whoever is at the browser; changes nothing.
///
/// # Errors
/// [`EndSessionError`].
pub async fn anonymous_ask(
    service: &Service,
    person: Option<&SignedIn>,
    query: &str,
) -> Result<Asked, EndSessionError> {
    let parameters = parameters(query.as_bytes())?;
    let sealed = parameters.one(SEALED).map_err(|error| EndSessionError::Refused(error.into()))?;
    let wish = match sealed {
        Some(sealed) => Wish::open(service, sealed)?,
        None => Wish::read(service, &parameters)?,
    };
    let named = wish.hint.as_ref().map(|hint| &hint.aud).or(wish.client_id.as_ref());
    let client = match named {
        Some(named) => clients::find(service, named).await?,
        None => None,
    };
    let client = client.filter(|client| !client.is_refused());
    let is_about_another = person.is_some_and(|person| {
        wish.hint.as_ref().is_some_and(|hint| hint.sub != person.account().id.to_string())
    });
    let asked = Asked {
        client: client.as_ref().map(|client| client.display_name()),
        is_about_another,
        back: None,
        refused: None,
    };
    let Some(uri) = wish.uri else { return Ok(asked) };
    match way_back(service, wish.hint.as_ref(), client.as_deref(), &uri).await? {
        Ok(registered) => {
            let url = WayBack { uri, state: wish.state }.url();
            let sealed = Sealed { url: url.clone(), asked_at: service.now().unix_micros() };
            let sealed = seal(service, END_SESSION, &sealed)?;
            Ok(Asked { back: Some(Back { url, registered, sealed }), ..asked })
        }
        Err(why) => Ok(Asked { refused: Some(why), ..asked }),
    }
}

/// The registered URI that a way back is, or why it is none.
async fn way_back(
    service: &Service,
    hint: Option<&IdTokenHint>,
    client: Option<&Client>,
    uri: &str,
) -> Result<Result<RedirectUri, OAuthError>, Error> {
    // Who the app is, is known by the hint alone: anybody can name a client.
    let Some(hint) = hint else {
        return Ok(Err(OAuthError::invalid_request(
            "post_logout_redirect_uri needs an id_token_hint that this server issued",
        )));
    };
    let Some(client) = client else { return Ok(Err(unknown_client())) };
    let Some(registered) = client.metadata.post_logout_redirect(uri, &service.settings.schemes())
    else {
        return Ok(Err(OAuthError::invalid_request(
            "post_logout_redirect_uri is not one of those that the client registered",
        )));
    };
    // "If the ID Token's sid claim does not correspond to the RP's current session or a recent session at the OP, the
    // OP SHOULD treat the logout request as suspect, and MAY decline to act upon it" (§2).
    if !is_of_known_session(service, hint).await? {
        return Ok(Err(OAuthError::invalid_request(
            "id_token_hint is of a session that ended long ago; bring one of a newer sign-in",
        )));
    }
    Ok(Ok(registered))
}

/// Whether the session that an id token names, our grant, is or was lately one of that app with that person.
async fn is_of_known_session(service: &Service, hint: &IdTokenHint) -> Result<bool, Error> {
    let Ok(id) = hint.sid.parse() else { return Ok(false) };
    let found = service.store.read(move |tx| store::grants::find(tx, id)).await?;
    Ok(found.is_some_and(|found| {
        found.client_identifier() == hint.aud && found.account.id.to_string() == hint.sub
    }))
}

/// Where a person goes who has signed out: what [`anonymous_ask`] sealed, for ten minutes.
#[must_use]
pub fn anonymous_way_back(service: &Service, sealed: &str) -> Option<String> {
    let Sealed { url, asked_at } = open(service, END_SESSION, sealed)?;
    is_fresh(service, asked_at).then_some(url)
}

fn is_fresh(service: &Service, asked_at: i64) -> bool {
    service.now() < Timestamp::from_unix_micros(asked_at).plus(LIFETIME)
}
