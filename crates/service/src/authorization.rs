//! Authorization: an app asks, a person answers.
//!
//! ```text
//! anonymous_begin    what a stranger sent is checked; until client and redirect URI are known, errors
//!                    have nowhere to go but a page
//!      |             the request goes on sealed, in the browser's hands: nothing is written for a
//!      v             stranger
//! anonymous_resume   once the person has signed in: remembered consent, or a question for them
//!      v
//! answer             allowed: connection and grant are written, and the app gets a code
//! ```
//!
//! The *request* is sealed, so that nobody alters it on its way and it ends after ten minutes; it is
//! not bound to the browser, since whoever can bring it could as well bring the app's own link. The
//! *question* is bound to the account that it was put to, and carries the id of the grant that a yes
//! would write, so that a yes sent twice is one yes.

use std::time::Duration;

use bloom_domain::access::{Access, ScopeSet};
use bloom_domain::clients::{Client, USED_RESOLUTION};
use bloom_domain::connections::Consent;
use bloom_domain::grants::{CODE_LIFETIME, Grant, GrantState};
use bloom_domain::ids::{AccountId, ClientId, ConnectionId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Workspace;
use bloom_oauth::authorization::{
    AuthorizationRequest, Rules, Unverified, answer as answer_url, error_answer,
};
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::parameters::Parameters;
use bloom_oauth::pkce::CodeChallenge;
use bloom_oauth::redirect_uri::RedirectUri;
use bloom_oauth::scope::Scopes;
use bloom_store as store;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::Tx;

use crate::authorization_server::SCOPES;
use crate::{Error, Service, SignedIn, clients, codes, sealed, tokens};

/// How long a person has from the app's request to their answer.
const LIFETIME: Duration = Duration::from_secs(600);
/// The longest address.
const MAX_HINT: usize = 254;
const REQUEST: &[u8] = b"authorization request";
const QUESTION: &[u8] = b"consent question";

/// What the browser does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It goes to the app, with a code or an error.
    App(String),
    /// The person signs in, then comes back with the sealed request.
    SignIn {
        /// The sealed request.
        sealed: String,
        /// Whether whoever is signed in has to do it again.
        again: bool,
    },
    /// The person makes an account, then comes back with the sealed request.
    SignUp {
        /// The sealed request.
        sealed: String,
        /// Whether somebody is signed in, who is not to be taken for the new person.
        again: bool,
    },
    /// The person is asked; the question is made from the sealed request.
    Ask {
        /// The sealed request.
        sealed: String,
    },
}

/// Where a sealed request leads.
pub enum Resumed {
    /// Elsewhere.
    Next(Next),
    /// To a question for the person.
    Question(Box<Question>),
}

/// What a person is asked.
pub struct Question {
    /// Goes back with the answer.
    pub sealed: String,
    /// Who asks.
    pub client: Client,
    /// Where the answer goes.
    pub redirect: RedirectUri,
    /// What the app would be allowed to do.
    pub access: Access,
    /// The granted scopes: OpenID Connect's tell the app who the person is.
    pub scopes: Scopes,
    /// Where the app could do it.
    pub workspaces: Vec<Workspace>,
    /// Since when the person has let the app in, if they have.
    pub connected_since: Option<Timestamp>,
    /// The sealed request, for whoever wants to answer as somebody else.
    pub request: String,
}

/// Who waits while a person signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The app's name, as it says.
    pub name: String,
    /// The address that the app thinks the person has (OpenID Connect Core §3.1.2.1).
    pub login_hint: Option<String>,
}

/// A person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// Why a page has to say what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Client or redirect URI are not known: there is nowhere to send the error.
    Untrusted(OAuthError),
    /// The app made a mistake. It is not sent there at once, since nobody here has let it in: its link
    /// could be a way to send people from our address to any other.
    Explained {
        /// The mistake.
        error: OAuthError,
        /// The app's name, as it says.
        client: String,
        /// The way back, with the error.
        back: String,
    },
    /// The sealed value is too old, or none of ours.
    Expired,
    /// The question was put to somebody else.
    OtherAccount,
    /// A verb failed.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A checked request on its way.
#[derive(Clone, Serialize, Deserialize)]
struct Pending {
    request: AuthorizationRequest,
    /// Microseconds since the epoch.
    asked_at: i64,
}

/// A question on its way, with what its answer is bound to.
#[derive(Serialize, Deserialize)]
struct Put {
    pending: Pending,
    account: [u8; 16],
    grant: [u8; 16],
}

/// A request whose client and redirect URI are known.
struct Known {
    pending: Pending,
    client: Client,
    redirect: RedirectUri,
}

/// Takes an authorization request (RFC 6749 §4.1.1), as a query, from whoever is at the browser.
///
/// # Errors
/// [`Refusal`] is for a page; every other error goes to the app.
pub async fn anonymous_begin(
    service: &Service,
    person: Option<&SignedIn>,
    query: &str,
) -> Result<Next, Refusal> {
    let parameters =
        Parameters::parse(query.as_bytes()).map_err(|e| Refusal::Untrusted(e.into()))?;
    let unverified = Unverified::read(parameters).map_err(Refusal::Untrusted)?;
    let (client, redirect) =
        find_client(service, &unverified.client_id, &unverified.redirect_uri).await?;
    let resources = service.authorization_server.resources();
    let request = match unverified.check(Rules { scopes: &SCOPES, resources }) {
        Ok(request) => request,
        Err(error) => {
            let back = back(service, &unverified.redirect_uri, unverified.state(), &error);
            return refuse(service, person, &client, error, back).await;
        }
    };
    let pending = Pending { request, asked_at: service.now().unix_micros() };
    proceed(service, person, Known { pending, client, redirect }).await
}

/// Goes on with a sealed request.
///
/// # Errors
/// [`Refusal`].
pub async fn anonymous_resume(
    service: &Service,
    person: Option<&SignedIn>,
    sealed: &str,
) -> Result<Resumed, Refusal> {
    let pending: Pending = open(service, REQUEST, sealed).ok_or(Refusal::Expired)?;
    let known = find(service, pending).await?;
    let (pending, client, redirect) =
        (known.pending.clone(), known.client.clone(), known.redirect.clone());
    match (proceed(service, person, known).await?, person) {
        (Next::Ask { sealed }, Some(person)) => {
            let question =
                put(service, person, Known { pending, client, redirect }, sealed).await?;
            Ok(Resumed::Question(Box::new(question)))
        }
        (next, _) => Ok(Resumed::Next(next)),
    }
}

/// The app behind a sealed request, for the page on which the person signs in first.
///
/// # Errors
/// [`Refusal`].
pub async fn anonymous_asker(service: &Service, sealed: &str) -> Result<Asker, Refusal> {
    let pending = open(service, REQUEST, sealed).ok_or(Refusal::Expired)?;
    let known = find(service, pending).await?;
    let login_hint = known.pending.request.login_hint.filter(|hint| hint.len() <= MAX_HINT);
    Ok(Asker { name: known.client.display_name(), login_hint })
}

/// Takes a person's answer; gives where the browser goes.
///
/// # Errors
/// [`Refusal`].
pub async fn answer(
    service: &Service,
    person: &SignedIn,
    sealed: &str,
    decision: Decision,
) -> Result<String, Refusal> {
    let put: Put = open(service, QUESTION, sealed).ok_or(Refusal::Expired)?;
    if AccountId::from_bytes(put.account) != person.account().id {
        return Err(Refusal::OtherAccount);
    }
    let known = find(service, put.pending).await?;
    match decision {
        Decision::Deny => {
            let error = OAuthError::new(ErrorCode::AccessDenied, "the person said no");
            let request = &known.pending.request;
            Ok(back(service, &request.redirect_uri, request.state.as_deref(), &error))
        }
        Decision::Allow => {
            let grant = GrantId::from_bytes(put.grant);
            let approved = approve(service, person, &known, grant, Agreed::Now).await?;
            approved.ok_or(Refusal::Expired)
        }
    }
}

/// What to do with a known request of whoever is at the browser.
async fn proceed(
    service: &Service,
    person: Option<&SignedIn>,
    known: Known,
) -> Result<Next, Refusal> {
    let request = &known.pending.request;
    let prompt = request.prompt;
    let Some(person) = person.filter(|person| is_recent(service, &known.pending, person)) else {
        if prompt.none {
            return interact(service, person, &known, ErrorCode::LoginRequired).await;
        }
        let (sealed, again) = (seal(service, REQUEST, &known.pending)?, person.is_some());
        return Ok(match prompt.create {
            true => Next::SignUp { sealed, again },
            false => Next::SignIn { sealed, again },
        });
    };
    if !prompt.consent && !prompt.select_account {
        let asked = consent(&known);
        let (account, client) = (person.account().id, known.client.id);
        let earlier = in_force(service, account, client).await?;
        if earlier.is_some_and(|(_, earlier)| asked.is_covered_by(&earlier)) {
            let grant = draw_grant(service)?;
            if let Some(url) = approve(service, person, &known, grant, Agreed::Before).await? {
                return Ok(Next::App(url));
            }
        }
    }
    if prompt.none {
        return interact(service, Some(person), &known, ErrorCode::ConsentRequired).await;
    }
    Ok(Next::Ask { sealed: seal(service, REQUEST, &known.pending)? })
}

/// Whether a session is as recent as the request wants it (OpenID Connect Core §3.1.2.1).
fn is_recent(service: &Service, pending: &Pending, person: &SignedIn) -> bool {
    let asked_at = Timestamp::from_unix_micros(pending.asked_at);
    let since_asked = person.signed_in_at() >= asked_at;
    let prompt = pending.request.prompt;
    let is_young = |most: u64| service.now().since(person.signed_in_at()).as_secs() <= most;
    since_asked || !prompt.login && !prompt.create && pending.request.max_age.is_none_or(is_young)
}

/// `prompt=none`, and something would have to be asked.
async fn interact(
    service: &Service,
    person: Option<&SignedIn>,
    known: &Known,
    code: ErrorCode,
) -> Result<Next, Refusal> {
    let request = &known.pending.request;
    let error = OAuthError::new(code, "prompt is none, and the person has to be asked");
    let back = back(service, &request.redirect_uri, request.state.as_deref(), &error);
    refuse(service, person, &known.client, error, back).await
}

/// An error for the app. It goes there at once when the person at this browser has let the app in.
async fn refuse(
    service: &Service,
    person: Option<&SignedIn>,
    client: &Client,
    error: OAuthError,
    back: String,
) -> Result<Next, Refusal> {
    if let Some(person) = person
        && in_force(service, person.account().id, client.id).await?.is_some()
    {
        return Ok(Next::App(back));
    }
    Err(Refusal::Explained { error, client: client.display_name(), back })
}

fn back(service: &Service, redirect: &str, state: Option<&str>, error: &OAuthError) -> String {
    error_answer(redirect, service.authorization_server.issuer(), state, error)
}

async fn in_force(
    service: &Service,
    account: AccountId,
    client: ClientId,
) -> Result<Option<(ConnectionId, Consent)>, Error> {
    let find = move |tx: &mut Tx<'_>| store::connections::find_in_force(tx, account, client);
    Ok(service.store.read(find).await?)
}

/// Makes the question for a person.
async fn put(
    service: &Service,
    person: &SignedIn,
    known: Known,
    request: String,
) -> Result<Question, Refusal> {
    let (account, client) = (person.account().id, known.client.id);
    let find = move |tx: &mut Tx<'_>| {
        let workspaces = store::workspaces::list_of(tx, account)?;
        let connections = store::connections::list_of(tx, account)?;
        Ok((workspaces, connections))
    };
    let (workspaces, connections) = service.store.read(find).await?;
    let connected_since = connections
        .iter()
        .find(|connection| connection.client.id == client && connection.revoked_at.is_none())
        .map(|connection| connection.created_at);
    let asked = consent(&known);
    let put = Put {
        pending: known.pending,
        account: *account.as_bytes(),
        grant: *draw_grant(service)?.as_bytes(),
    };
    Ok(Question {
        sealed: seal(service, QUESTION, &put)?,
        client: known.client,
        redirect: known.redirect,
        access: asked.access,
        scopes: asked.scopes,
        workspaces,
        connected_since,
        request,
    })
}

fn draw_grant(service: &Service) -> Result<GrantId, Error> {
    Ok(GrantId::new(service.now(), &service.entropy.draw()?))
}

/// What a request asks a person to agree to. One that names no scope asks for its client's; one that
/// names no Bloom scope asks for its client's Bloom scopes, or for all access.
fn consent(known: &Known) -> Consent {
    let registered = Scopes::parse(&known.client.metadata.scope).unwrap_or_default();
    let asked = Scopes::parse(&known.pending.request.scope).unwrap_or_default();
    let access =
        Access::requested(ScopeSet::among(asked.iter()), ScopeSet::among(registered.iter()));
    let scopes = if asked.is_empty() { registered } else { asked };
    Consent::asked(access, scopes, &known.redirect)
}

/// When the person agreed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agreed {
    /// Just now, on the page.
    Now,
    /// To as much, some time before.
    Before,
}

/// A connection to be written, unless there is one.
struct NewConnection {
    id: ConnectionId,
    account: AccountId,
    client: ClientId,
    asked: Consent,
    now: Timestamp,
}

/// Writes the grant, and the connection when it is new; gives the way back with the code. `None` when
/// what was agreed before was taken back meanwhile.
async fn approve(
    service: &Service,
    person: &SignedIn,
    known: &Known,
    grant: GrantId,
    agreed: Agreed,
) -> Result<Option<String>, Refusal> {
    let (claim, asked, now) = (person.claim(), consent(known), service.now());
    let connection = ConnectionId::new(now, &service.entropy.draw()?);
    let (client, request) = (known.client.id, known.pending.request.clone());
    let grant = Grant {
        id: grant,
        connection,
        redirect_uri: request.redirect_uri.clone(),
        challenge: CodeChallenge::from_bytes(request.challenge),
        scope: asked.scopes.to_string(),
        access: asked.access,
        nonce: request.nonce.clone(),
        signed_in_at: person.signed_in_at(),
        created_at: now,
        state: GrantState::Approved { wrong_verifiers: 0 },
        ends_at: now.plus(CODE_LIFETIME),
    };
    let id = grant.id;
    let new = NewConnection { id: connection, account: claim.account, client, asked, now };
    let is_written = service
        .store
        .write(move |tx| {
            if let Err(refused) = claim.check(tx)? {
                return Ok(Err(refused));
            }
            // A yes sent twice is one yes, also when the connection was revoked in between.
            if agreed == Agreed::Now && store::grants::find(tx, id)?.is_some() {
                return Ok(Ok(true));
            }
            let Some(connection) = connect(tx, &new, agreed)? else {
                return Ok(Ok(false));
            };
            store::grants::insert(tx, &Grant { connection, ..grant })?;
            store::clients::note_use(tx, client, now, now.minus(USED_RESOLUTION))?;
            Ok(Ok(true))
        })
        .await??;
    if !is_written {
        return Ok(None);
    }
    let code = codes::issue(&service.keyring.load(), id);
    let issuer = service.authorization_server.issuer();
    let state = request.state.as_deref();
    Ok(Some(answer_url(&request.redirect_uri, issuer, state, &[("code", &code)])))
}

/// The connection that a grant is to be of. The account's row is taken, so nobody connects or revokes
/// meanwhile. `None` when it must be there already, and is not or no longer covers what is asked.
fn connect(
    tx: &mut Tx<'_>,
    new: &NewConnection,
    agreed: Agreed,
) -> Result<Option<ConnectionId>, store::Error> {
    let NewConnection { id, account, client, asked, now } = new;
    match (store::connections::find_in_force(tx, *account, *client)?, agreed) {
        (Some((id, earlier)), Agreed::Before) => Ok(asked.is_covered_by(&earlier).then_some(id)),
        (None, Agreed::Before) => Ok(None),
        (Some((id, earlier)), Agreed::Now) => {
            let both = earlier.joined(asked);
            if both != earlier {
                store::connections::set_consent(tx, id, &both)?;
            }
            Ok(Some(id))
        }
        (None, Agreed::Now) => {
            store::connections::insert(tx, *id, *account, *client, asked, *now)?;
            Ok(Some(*id))
        }
    }
}

/// The client and the registered redirect URI that a request names.
async fn find_client(
    service: &Service,
    client_id: &str,
    redirect_uri: &str,
) -> Result<(Client, RedirectUri), Refusal> {
    let client = clients::find(service, client_id).await?;
    let client = client.ok_or_else(|| Refusal::Untrusted(tokens::unknown_client()))?;
    let redirect = client.redirect(redirect_uri, &service.settings.schemes());
    let redirect = redirect.ok_or_else(|| {
        Refusal::Untrusted(OAuthError::invalid_request(
            "redirect_uri is not one of those that the client registered; they are compared byte by \
             byte, but for the port of a loopback address",
        ))
    })?;
    Ok((client, redirect))
}

/// A request that was on its way, with its client as it is now.
async fn find(service: &Service, pending: Pending) -> Result<Known, Refusal> {
    let asked_at = Timestamp::from_unix_micros(pending.asked_at);
    if service.now() >= asked_at.plus(LIFETIME) {
        return Err(Refusal::Expired);
    }
    let request = &pending.request;
    let (client, redirect) =
        find_client(service, &request.client_id, &request.redirect_uri).await?;
    Ok(Known { pending, client, redirect })
}

fn seal<T: Serialize>(service: &Service, purpose: &[u8], value: &T) -> Result<String, Error> {
    let keyring = service.keyring.load();
    let key = keyring.authorization_request_seals().next();
    sealed::seal(key, &service.entropy, purpose, value)
}

fn open<T: DeserializeOwned>(service: &Service, purpose: &[u8], sealed: &str) -> Option<T> {
    let keyring = service.keyring.load();
    sealed::open(keyring.authorization_request_seals(), purpose, sealed)
}
