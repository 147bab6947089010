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
//! would write, so that a yes sent twice is one yes. Whose session ends in between signs in again: the request then
//! also carries what they had chosen, for their account only ([`anonymous_keep`]).

use std::collections::BTreeMap;

use bloom_domain::access::{Access, BloomScope};
use bloom_domain::clients::Client;
use bloom_domain::connections::site_of;
use bloom_domain::credits::{Budget, ChargedVia};
use bloom_domain::ids::{AccountId, ClientId, GrantId};
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, Workspace};
use bloom_oauth::authorization::{Rules, Unverified, error_answer};
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::parameters::Parameters;
use bloom_oauth::redirect_uri::RedirectUri;
use bloom_oauth::scope::Scopes;
use bloom_store as store;
use store::Tx;
use store::connections::InForce;

pub use crate::approval::Terms;
use crate::approval::{self, Agreed, approve};
use crate::authorization_requests::{
    Known, Pending, Put, QUESTION, REQUEST, Typed, find, find_client, open, seal, version,
};
use crate::authorization_server::SCOPES;
use crate::credits::budgets;
use crate::{Error, Service, SignedIn, tokens};

/// The longest address.
const MAX_HINT: usize = 254;
/// The longest names and values of what was chosen that are kept: they are part of an address.
const MAX_TYPED: usize = 8 * 1024;

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
    /// The person's workspaces.
    pub workspaces: Vec<Workspace>,
    /// In which of them the app may act if nothing else is chosen: as before, or in all.
    pub reach: Reach,
    /// How much it may spend, if that was chosen before.
    pub budget: Budget,
    /// What can be spent in each of the workspaces, by their names; none where credits are unlimited, and for an
    /// app that can spend none.
    pub credits: Vec<(String, i64)>,
    /// Until when it is let in, if that was chosen before.
    pub ends_at: Option<Timestamp>,
    /// What the person has agreed to before, and the app keeps.
    pub granted: Option<Access>,
    /// Since when the person has let the app in, if they have.
    pub connected_since: Option<Timestamp>,
    /// The sealed request, for whoever wants to answer as somebody else.
    pub request: String,
    /// What they had chosen when their session ended before it counted. It is empty when it was too long to be
    /// kept.
    pub typed: Option<BTreeMap<String, String>>,
}

/// Who waits while a person signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The app's name, as it says.
    pub name: String,
    /// The address that the app thinks the person has (OpenID Connect Core §3.1.2.1).
    pub login_hint: Option<String>,
    /// Whether the app wants the person to sign in for this, whoever knows them already.
    pub wants_sign_in: bool,
}

/// A person's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes, on these terms.
    Allow(Terms),
    /// No.
    Deny,
}

/// Why a page has to say what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It says nothing of whom to send the error to, or nothing that can be read.
    Unreadable(OAuthError),
    /// Client or redirect URI are not known: there is nowhere to send the error.
    Untrusted(OAuthError),
    /// The operator of this server refuses the app.
    AppRefused,
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

/// Takes an authorization request (RFC 6749 §4.1.1), as a query, from whoever is at the browser.
///
/// # Errors
/// [`Refusal`] is for a page; every other error goes to the app.
pub async fn anonymous_begin(
    service: &Service,
    person: Option<&SignedIn>,
    query: &str,
    sender: &Sender,
) -> Result<Next, Refusal> {
    let parameters =
        Parameters::parse(query.as_bytes()).map_err(|e| Refusal::Unreadable(e.into()))?;
    let unverified = Unverified::read(parameters).map_err(Refusal::Unreadable)?;
    let named = (unverified.client_id.as_str(), unverified.redirect_uri.as_str());
    let (client, redirect) = find_client(service, named, Some(sender)).await?;
    let resources = service.authorization_server.resources();
    let request = match unverified.check(Rules { scopes: &SCOPES, resources }) {
        Ok(request) => request,
        Err(error) => {
            let back = back(service, &unverified.redirect_uri, unverified.state(), &error);
            return refuse(service, person, (&client, &redirect), error, back).await;
        }
    };
    let pending = Pending::new(service, request);
    proceed(service, person, &Known { pending, client, redirect }).await
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
    match (proceed(service, person, &known).await?, person) {
        (Next::Ask { sealed }, Some(person)) => {
            let question = put(service, person, known, sealed).await?;
            Ok(Resumed::Question(Box::new(question)))
        }
        (next, _) => Ok(Resumed::Next(next)),
    }
}

/// The sealed request behind a question, with what was chosen when the session of whoever was asked had ended: once
/// they have signed in again, they find it filled in. `None` for a question that is none of ours.
#[must_use]
pub fn anonymous_keep(
    service: &Service,
    sealed: &str,
    typed: BTreeMap<String, String>,
) -> Option<String> {
    let Put { mut pending, account, .. } = open(service, QUESTION, sealed)?;
    let length: usize = typed.iter().map(|(name, value)| name.len() + value.len()).sum();
    let fields = if length <= MAX_TYPED { typed } else { BTreeMap::new() };
    pending.typed = Some(Typed { account, fields });
    seal(service, REQUEST, &pending).ok()
}

/// The app behind a sealed request, for the page on which the person signs in first.
///
/// # Errors
/// [`Refusal`].
pub async fn anonymous_asker(service: &Service, sealed: &str) -> Result<Asker, Refusal> {
    let pending = open(service, REQUEST, sealed).ok_or(Refusal::Expired)?;
    let known = find(service, pending).await?;
    let request = known.pending.request;
    Ok(Asker {
        name: known.client.display_name(),
        wants_sign_in: request.prompt.login || request.max_age.is_some(),
        login_hint: request.login_hint.filter(|hint| hint.len() <= MAX_HINT),
    })
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
    // What they agree to is what they were shown.
    if put.version != version(&known.client) {
        return Err(Refusal::Expired);
    }
    match decision {
        Decision::Deny => {
            approval::take_back(service, person, GrantId::from_bytes(put.grant)).await?;
            let error = OAuthError::new(ErrorCode::AccessDenied, "the person said no");
            let request = &known.pending.request;
            Ok(back(service, &request.redirect_uri, request.state.as_deref(), &error))
        }
        Decision::Allow(terms) => {
            let grant = GrantId::from_bytes(put.grant);
            let shown = put.ends_at.map(Timestamp::from_unix_micros);
            let ends_at = terms.until.ends_at(shown, service.now());
            let agreed = Agreed::Now { terms, ends_at };
            let approved = approve(service, person, &known, grant, agreed).await?;
            approved.ok_or(Refusal::Expired)
        }
    }
}

/// What to do with a known request of whoever is at the browser.
async fn proceed(
    service: &Service,
    person: Option<&SignedIn>,
    known: &Known,
) -> Result<Next, Refusal> {
    if !known.client.metadata.may_use("authorization_code") {
        let error = tokens::not_registered_for("authorization_code");
        return refuse_known(service, person, known, error).await;
    }
    let prompt = known.pending.request.prompt;
    let now = service.now();
    if known.pending.cannot_tell_whom() {
        // And not invalid_request: a hint of long ago is no mistake of the app's, and asking without prompt=none helps.
        let why =
            "id_token_hint is no id token that this server can verify, and nobody may be asked";
        let error = OAuthError::new(ErrorCode::LoginRequired, why);
        return refuse_known(service, person, known, error).await;
    }
    if person.is_some_and(|person| known.pending.met_another(person)) {
        return interact(service, person, known, ErrorCode::LoginRequired).await;
    }
    let Some(person) = person.filter(|person| known.pending.is_content_with(person, now)) else {
        if prompt.none {
            return interact(service, person, known, ErrorCode::LoginRequired).await;
        }
        let (sealed, again) = (seal(service, REQUEST, &known.pending)?, person.is_some());
        return Ok(match prompt.create {
            true => Next::SignUp { sealed, again },
            false => Next::SignIn { sealed, again },
        });
    };
    // Nothing is remembered of an app on the device. Whether there is a consent that covers the request is
    // looked up where the grant is written, and only there.
    if !prompt.consent && !prompt.select_account && site_of(&known.redirect).is_some() {
        let grant = draw_grant(service)?;
        if let Some(url) = approve(service, person, known, grant, Agreed::Before).await? {
            return Ok(Next::App(url));
        }
    }
    if prompt.none {
        return interact(service, Some(person), known, ErrorCode::ConsentRequired).await;
    }
    Ok(Next::Ask { sealed: seal(service, REQUEST, &known.pending)? })
}

/// Something would have to be asked that may not be, or that was answered by somebody else.
async fn interact(
    service: &Service,
    person: Option<&SignedIn>,
    known: &Known,
    code: ErrorCode,
) -> Result<Next, Refusal> {
    let request = &known.pending.request;
    let why = match request.prompt.none {
        true => "prompt is none, and the person has to be asked",
        false => "somebody else signed in than the person of id_token_hint",
    };
    refuse_known(service, person, known, OAuthError::new(code, why)).await
}

async fn refuse_known(
    service: &Service,
    person: Option<&SignedIn>,
    known: &Known,
    error: OAuthError,
) -> Result<Next, Refusal> {
    let request = &known.pending.request;
    let back = back(service, &request.redirect_uri, request.state.as_deref(), &error);
    refuse(service, person, (&known.client, &known.redirect), error, back).await
}

/// An error for the app. It goes there at once when it is certain whose place that is, or when the person at
/// this browser has agreed to answers that go there.
async fn refuse(
    service: &Service,
    person: Option<&SignedIn>,
    (client, redirect): (&Client, &RedirectUri),
    error: OAuthError,
    back: String,
) -> Result<Next, Refusal> {
    if client.is_verified_for(redirect) {
        return Ok(Next::App(back));
    }
    if let Some(person) = person
        && let Some(there) = in_force(service, person, client.id, site_of(redirect)).await?
        && there.consent.is_some()
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
    person: &SignedIn,
    client: ClientId,
    site: Option<String>,
) -> Result<Option<InForce>, Error> {
    let (account, now) = (person.account().id, service.now());
    let find = move |tx: &mut Tx<'_>| {
        store::connections::find_in_force(tx, account, (client, site.as_deref()), now)
    };
    Ok(service.store.read(find).await?)
}

/// Makes the question for a person.
async fn put(
    service: &Service,
    person: &SignedIn,
    mut known: Known,
    request: String,
) -> Result<Question, Refusal> {
    let (account, now) = (person.account().id, service.now());
    let typed = known.pending.typed.take().filter(|typed| typed.account == *account.as_bytes());
    let asked = known.consent();
    let counts = service.settings.billing.is_some() && asked.access.allows(BloomScope::Generate);
    let there = in_force(service, person, known.client.id, site_of(&known.redirect)).await?;
    let reach = there.as_ref().map_or(Reach::All, |there| there.reach.clone());
    let (id, client) = (there.as_ref().map(|there| there.id), known.client.id);
    let ends_at = there.as_ref().and_then(|there| there.ends_at);
    let there = there.filter(|there| there.consent.is_some());
    let read = move |tx: &mut Tx<'_>| {
        let budget = match id {
            Some(id) => store::credit_budgets::find(tx, ChargedVia::Connection(id))?,
            None => budgets::carried(tx, account, client, now)?,
        };
        let (workspaces, mut credits) = (store::workspaces::list_of(tx, account)?, Vec::new());
        for workspace in workspaces.iter().filter(|_| counts) {
            let standing = store::credits::standing(tx, workspace.id, now)?;
            credits.push((workspace.name.clone(), standing.balance()));
        }
        Ok((workspaces, budget, credits))
    };
    let (workspaces, budget, credits) = service.store.read(read).await?;
    let put = Put {
        pending: known.pending,
        account: *account.as_bytes(),
        grant: *draw_grant(service)?.as_bytes(),
        version: version(&known.client),
        ends_at: ends_at.map(Timestamp::unix_micros),
    };
    Ok(Question {
        sealed: seal(service, QUESTION, &put)?,
        client: known.client,
        redirect: known.redirect,
        access: asked.access,
        scopes: asked.scopes,
        workspaces,
        reach,
        budget,
        credits,
        ends_at,
        granted: there.as_ref().and_then(|there| Some(there.consent.as_ref()?.access)),
        connected_since: there.map(|there| there.created_at),
        request,
        typed: typed.map(|typed| typed.fields),
    })
}

fn draw_grant(service: &Service) -> Result<GrantId, Error> {
    Ok(GrantId::new(service.now(), &service.entropy.draw()?))
}
