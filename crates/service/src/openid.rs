//! Signing in through an OpenID provider (OpenID Connect Core 1.0), where the operator has configured one.
//!
//! 1. A form of ours sends the browser to the provider with a request (§3.1.2.1): for a code, with PKCE and a
//!    nonce. Its `state` is a sealed value that says what it is for, and of which browser; nothing is stored.
//! 2. The provider sends the browser back. State, browser and time must fit, and who answers must be whom we
//!    asked (RFC 9207).
//! 3. The code is redeemed, and the ID token verified (`openid/provider.rs`).
//! 4. One transaction takes the answer, once, and signs somebody in (`openid/entering.rs`), links the identity to
//!    the account, or notes a proof (`openid/linking.rs`).
//!
//! Who somebody is to us is issuer and subject together. An address finds no account: whoever can have an
//! address at the provider would be whoever has it here.

mod entering;
mod linking;
mod provider;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::attempts::AddressBlock;
use bloom_domain::ids::AccountId;
use bloom_domain::openid::ANSWER_LIFETIME;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::time::Timestamp;
use bloom_oauth::openid::{Answer, is_url};
use serde::{Deserialize, Serialize};

use crate::authorization_requests::{open, seal};
use crate::keyring::sha256;
use crate::sessions::Arriving;
use crate::{Error, Service, SignedIn, access_tokens, attempts};

pub use linking::{list, remove};
pub(crate) use provider::Provider;

/// What a request is sealed for.
const REQUEST: &[u8] = b"openid request";
/// Below the origin: where the provider sends people back to.
pub const ANSWER_PATH: &str = "/sign-in/openid/answer";
/// What is asked for.
const SCOPE: &str = "openid email profile";
/// The longest `state`: longer ones are cut or refused on their way.
const MAX_STATE: usize = 4_000;

/// The provider, as the operator configured it.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Its issuer identifier, byte by byte.
    pub issuer: String,
    /// Whom it knows us as.
    pub client_id: String,
    /// By what we prove that; none for a public client.
    pub secret: Option<ProviderSecret>,
    /// What people call it.
    pub label: String,
    /// Whether whoever it vouches for may make an account, whatever the sign-up policy.
    pub may_make_accounts: bool,
    /// Whether its addresses may be of plain http.
    pub may_be_plain: bool,
}

/// Whether a text can be an issuer: an absolute URL of https (or http, where that may be) and nothing more.
#[must_use]
pub fn is_issuer(text: &str, may_be_plain: bool) -> bool {
    is_url(text, may_be_plain, false)
}

/// The secret that the provider and we share. It prints as nothing.
#[derive(Clone)]
pub struct ProviderSecret(String);

impl ProviderSecret {
    /// Takes it as it is.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for ProviderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderSecret(..)")
    }
}

/// Why the provider's answer came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No provider is configured.
    Off,
    /// It is not of this browser, too old, used before, or none of ours; says which, for the log.
    Stale(&'static str),
    /// The person, or the provider, said no.
    Declined,
    /// The provider cannot be reached, or does not say what it must; holds the cause.
    Unreachable(String),
    /// It answered what is not taken; holds why.
    Untrusted(String),
    /// The request that the person came with is too long to be taken along.
    TooLong,
    /// It vouches for no address, which a new account needs.
    NoAddress,
    /// An account has the address already, and is not linked.
    AddressTaken,
    /// This server makes no account for them.
    SignUpClosed,
    /// The identity is another account's.
    IdentityTaken,
    /// The account has as many identities as one may have.
    TooManyIdentities,
    /// A proof is wanted, and the identity is not of the account.
    OtherIdentity,
    /// A proof is wanted, and the provider does not say that the person was just asked.
    NotFresh,
}

impl Refused {
    /// Whether it counts as a failed authentication of its address: somebody who tries what may fit.
    fn is_a_guess(&self) -> bool {
        matches!(self, Self::Stale(_) | Self::Untrusted(_) | Self::Unreachable(_))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("no OpenID provider is configured"),
            Self::Stale(why) => write!(f, "the answer does not belong here: {why}"),
            Self::Declined => f.write_str("the provider answered access_denied"),
            Self::Unreachable(why) | Self::Untrusted(why) => f.write_str(why),
            Self::TooLong => {
                f.write_str("the request behind the sign-in is too long to be sent along")
            }
            Self::NoAddress => f.write_str("the provider vouches for no address"),
            Self::AddressTaken => f.write_str("an account that is not linked has the address"),
            Self::SignUpClosed => f.write_str("this server makes no account for them"),
            Self::IdentityTaken => f.write_str("the identity is another account's"),
            Self::TooManyIdentities => {
                f.write_str("the account has as many identities as it may have")
            }
            Self::OtherIdentity => f.write_str("the identity is not of the account"),
            Self::NotFresh => {
                f.write_str("the provider does not say that the person was just asked")
            }
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::OpenId(refused)
    }
}

/// What somebody goes to the provider for.
#[derive(Serialize, Deserialize)]
enum Errand {
    SignIn { next: Option<String>, invitation: Option<String> },
    Link { account: [u8; 16] },
    Prove { account: [u8; 16], next: Option<String> },
}

/// A request on its way, as its `state` holds it.
#[derive(Serialize, Deserialize)]
struct Asked {
    errand: Errand,
    /// Whom it was put to: another may be configured by now, and must not get its code.
    issuer: String,
    browser: String,
    nonce: String,
    verifier: String,
    /// Microseconds since the epoch.
    asked_at: i64,
}

impl Asked {
    fn asked_at(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.asked_at)
    }

    fn seconds(&self) -> i64 {
        access_tokens::seconds(self.asked_at())
    }
}

/// How much the provider is to ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prompt {
    /// As it likes.
    Usual,
    /// Who they are, once more.
    Again,
    /// The same, and to say when they proved it.
    Fresh,
}

/// What an answer came to.
pub enum Answered {
    /// Somebody is signed in.
    SignedIn {
        /// The new cookie.
        session: OpaqueSecret,
        /// Where they wanted to go.
        next: Option<String>,
        /// Whether the account was made just now.
        is_new: bool,
    },
    /// The identity is linked to the account.
    Linked,
    /// The person has proven that it is them.
    Proven {
        /// Where they wanted to go.
        next: Option<String>,
    },
}

/// What people call the provider; `None` where there is none.
#[must_use]
pub fn anonymous_label(service: &Service) -> Option<&str> {
    service.settings.openid.as_deref().map(|settings| settings.label.as_str())
}

/// The address to which a stranger's browser is sent to sign in. With `again`, the provider is to ask them even
/// if it knows them.
///
/// # Errors
/// [`Error::OpenId`].
pub async fn anonymous_begin(
    service: &Service,
    browser: &OpaqueSecret,
    (next, invitation): (Option<String>, Option<OpaqueSecret>),
    again: bool,
) -> Result<String, Error> {
    let invitation = invitation.map(|secret| secret.expose().to_owned());
    let prompt = if again { Prompt::Again } else { Prompt::Usual };
    send(service, browser, Errand::SignIn { next, invitation }, prompt).await
}

/// The address to which a person's browser is sent to link an identity to their account.
///
/// # Errors
/// [`Error::ProofNeeded`], [`Error::OpenId`].
pub async fn begin_link(
    service: &Service,
    person: &SignedIn,
    browser: &OpaqueSecret,
) -> Result<String, Error> {
    person.require_proof(service)?;
    let account = *person.account().id.as_bytes();
    send(service, browser, Errand::Link { account }, Prompt::Usual).await
}

/// The address to which a person's browser is sent to prove that it is still them.
///
/// # Errors
/// [`Error::OpenId`].
pub async fn begin_proof(
    service: &Service,
    person: &SignedIn,
    browser: &OpaqueSecret,
    next: Option<String>,
) -> Result<String, Error> {
    let account = *person.account().id.as_bytes();
    send(service, browser, Errand::Prove { account, next }, Prompt::Fresh).await
}

fn settings(service: &Service) -> Result<&ProviderSettings, Error> {
    service.settings.openid.as_deref().ok_or_else(|| Refused::Off.into())
}

fn redirect_uri(service: &Service) -> String {
    format!("{}{ANSWER_PATH}", service.settings.origin)
}

/// What tells a browser from others. It is sealed, so nobody sees it.
fn name_of(browser: &OpaqueSecret) -> String {
    URL_SAFE_NO_PAD.encode(&sha256(browser.expose().as_bytes())[..16])
}

async fn send(
    service: &Service,
    browser: &OpaqueSecret,
    errand: Errand,
    prompt: Prompt,
) -> Result<String, Error> {
    let settings = settings(service)?;
    let known = provider::find(service, settings, None).await?;
    let (verifier, nonce): ([u8; 32], [u8; 16]) =
        (service.entropy.draw()?, service.entropy.draw()?);
    let asked = Asked {
        errand,
        issuer: settings.issuer.clone(),
        browser: name_of(browser),
        nonce: URL_SAFE_NO_PAD.encode(nonce),
        verifier: URL_SAFE_NO_PAD.encode(verifier),
        asked_at: service.now().unix_micros(),
    };
    let state = seal(service, REQUEST, &asked)?;
    if state.len() > MAX_STATE {
        return Err(Refused::TooLong.into());
    }
    let challenge = URL_SAFE_NO_PAD.encode(sha256(asked.verifier.as_bytes()));
    let redirect_uri = redirect_uri(service);
    let mut request = vec![
        ("response_type", "code"),
        ("client_id", settings.client_id.as_str()),
        ("redirect_uri", redirect_uri.as_str()),
        ("scope", SCOPE),
        ("state", state.as_str()),
        ("nonce", asked.nonce.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    if prompt != Prompt::Usual {
        request.push(("prompt", "login"));
    }
    if prompt == Prompt::Fresh {
        request.push(("max_age", "0"));
    }
    Ok(known.metadata.authorization_url(&request))
}

/// Takes what the provider sent a browser back with: the query of the address.
///
/// # Errors
/// [`Error::OpenId`], [`Error::AccountBanned`], [`Error::SignedOut`], [`Error::TooMany`], [`Error::Busy`].
pub async fn anonymous_answer(
    service: &Service,
    person: Option<&SignedIn>,
    browser: Arriving<'_>,
    query: &str,
) -> Result<Answered, Error> {
    let answered = answer(service, person, browser, query).await;
    if let Err(Error::OpenId(refused)) = &answered {
        tracing::info!(%refused, "an answer of the OpenID provider came to nothing");
        if refused.is_a_guess()
            && let Some(retry_after) =
                attempts::anonymous_authentication_failed(service, browser.sender.address)
        {
            return Err(Error::TooMany { retry_after });
        }
    }
    answered
}

async fn answer(
    service: &Service,
    person: Option<&SignedIn>,
    browser: Arriving<'_>,
    query: &str,
) -> Result<Answered, Error> {
    let settings = settings(service)?;
    let answer = Answer::parse(query).ok_or(Refused::Stale("it is no answer"))?;
    let asked = of_this_browser(service, settings, browser, &answer)?;
    let who = AddressBlock::of(browser.sender.address);
    let room = service.openid.answers.take(who, service.now());
    room.map_err(|retry_after| Error::TooMany { retry_after })?;
    let known = provider::find(service, settings, None).await?;
    // "If the value does not match ..., clients MUST NOT proceed", and it must be there where the provider says
    // that it is (RFC 9207 §2.4): else a code of one provider could be brought to another.
    let is_named = match answer.issuer.as_deref() {
        Some(issuer) => issuer == settings.issuer,
        None => !known.metadata.names_itself,
    };
    if !is_named {
        return Err(Refused::Untrusted("another issuer answers".to_owned()).into());
    }
    let code = answer.outcome.map_err(|error| match error.as_str() {
        "access_denied" => Refused::Declined,
        // Its words are nobody's that we know: only their length is bounded by what a URL may be.
        _ => Refused::Untrusted(format!("the provider answered with the error {error:?}")),
    })?;
    let told = provider::redeem(service, settings, &known, (&asked, code.as_str())).await?;
    match &asked.errand {
        Errand::SignIn { next, invitation } => {
            let (next, invitation) = (next.clone(), invitation.as_deref());
            let (session, is_new) =
                entering::enter(service, &told, (&asked, invitation), browser).await?;
            Ok(Answered::SignedIn { session, next, is_new })
        }
        Errand::Link { account } => {
            let person = theirs(person, *account)?;
            linking::link(service, person, &told, &asked).await?;
            Ok(Answered::Linked)
        }
        Errand::Prove { account, next } => {
            let person = theirs(person, *account)?;
            linking::prove(service, person, &told, &asked).await?;
            Ok(Answered::Proven { next: next.clone() })
        }
    }
}

/// The request that an answer belongs to, if it is of this browser and young enough.
fn of_this_browser(
    service: &Service,
    settings: &ProviderSettings,
    browser: Arriving<'_>,
    answer: &Answer,
) -> Result<Asked, Refused> {
    let asked: Option<Asked> = open(service, REQUEST, &answer.state);
    let asked = asked.ok_or(Refused::Stale("its state is none of ours"))?;
    if browser.cookie.map(name_of).as_ref() != Some(&asked.browser) {
        return Err(Refused::Stale("it is another browser's"));
    }
    if service.now() >= asked.asked_at().plus(ANSWER_LIFETIME) {
        return Err(Refused::Stale("it took too long"));
    }
    if asked.issuer != settings.issuer {
        return Err(Refused::Stale("another provider was asked"));
    }
    Ok(asked)
}

fn theirs(person: Option<&SignedIn>, account: [u8; 16]) -> Result<&SignedIn, Error> {
    let person = person.ok_or(Error::SignedOut)?;
    if person.account().id != AccountId::from_bytes(account) {
        return Err(Refused::Stale("somebody else is signed in").into());
    }
    Ok(person)
}
