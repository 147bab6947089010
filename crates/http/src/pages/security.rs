//! `/settings/security`: how a person signs in, where they are signed in, and the end of it.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::openid::Identity;
use bloom_domain::passkeys::Passkey;
use bloom_domain::sessions::SEEN_RESOLUTION;
use bloom_domain::sessions::Session;
use bloom_domain::time::Timestamp;
use bloom_service::accounts::email;
use bloom_service::openid::ProviderSettings;
use bloom_service::sessions::ending;
use bloom_service::sessions::ways;
use bloom_service::{SignedIn, api_keys, connections, mail, openid, passkeys};

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::parts::Part;
use super::views::{Field, IdentityRow, Moment, Opening, PasskeyRow, Security, SessionRow};
use super::{Segment, devices, early, id, redirect};
use crate::api::query::Query;
use crate::app::App;

/// So many sessions are shown at a time: a page is to be light.
const SESSIONS_AT_A_TIME: usize = 8;
/// Where this is.
pub(crate) const PATH: &str = "/settings/security";

/// The page; a stranger signs in first.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    browser.person_at(PATH)?;
    let opening = Opening { layout: browser.layout(), title: "Security" };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let view = async move {
        let (query, person) = (Query(&query), browser.person_at(PATH)?);
        let is_by_hand = mail::anonymous_is_by_hand(&app.service);
        let done = query.optional("done").ok().flatten();
        let done = done.and_then(|done| words(&done, is_by_hand)).map(str::to_owned);
        let view = view(&app, &browser, person, query).await?;
        Ok(Security { done, ..view })
    };
    Ok(early::page(&request, &opening, view))
}

/// What was done, as one sentence.
fn words(done: &str, is_by_hand: bool) -> Option<&'static str> {
    Some(match done {
        "session" => "That browser is signed out.",
        "name" => "Your name is changed.",
        "no-session" => "That browser had been signed out before.",
        "password" => "Your password is changed. Every other browser is signed out.",
        "passkey" => "The passkey is added. You can sign in with it.",
        "linked" => "You can sign in at the other server now, too.",
        "unlinked" => "You no longer sign in by it.",
        "unpasskey" => "The passkey is removed.",
        "sent" if is_by_hand => {
            "The mail with the link is made. This server keeps its mails in files: ask the person who runs it \
             for the link."
        }
        "sent" => "A mail with the link is on its way to your address.",
        "verified" => "Your email address is confirmed.",
        "email" => "Your email address is changed.",
        _ => return None,
    })
}

/// Ends another session.
pub(crate) async fn end_session(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let done = match ending::end(&app.service, browser.require_person()?, id(segment)?).await? {
        true => "session",
        false => "no-session",
    };
    Ok(redirect(&format!("{PATH}?done={done}#browsers")))
}

/// The address of a form, opened like a page.
pub(crate) async fn go_to_it() -> Response {
    redirect(PATH)
}

/// What the page says.
pub(super) async fn view(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    query: Query<'_>,
) -> Result<Security, PageError> {
    let part = Part::first("browsers", SESSIONS_AT_A_TIME).asked(query);
    let (service, now) = (&app.service, app.service.now());
    let sessions = ending::list(service, person).await?;
    let keys = api_keys::count_working(service, person).await?;
    let apps = connections::count_in_force(service, person).await?;
    let passkeys = passkeys::list(service, person).await?;
    let asked = email::asked_change(service, person).await?;
    let identities = openid::list(service, person).await?;
    let provider = service.settings().openid.as_deref();
    Ok(Security {
        layout: browser.layout(),
        name: Field { value: person.account().name.clone().unwrap_or_default(), error: None },
        email: person.account().email.to_string(),
        asked: asked.map(|(email, until)| (email.to_string(), moment(until, now))),
        is_verified: person.account().email_verified_at.is_some(),
        done: None,
        has_password: ways::have_password(service, person).await?,
        provider: provider.map(|provider| provider.label.clone()),
        identities: identities.iter().map(|one| identity_row(one, provider, now)).collect(),
        passkeys: passkeys.iter().map(|passkey| passkey_row(passkey, now)).collect(),
        more_sessions: part.links(sessions.len(), PATH, "browsers"),
        sessions: part.of(&sessions).iter().map(|session| row(session, person, now)).collect(),
        keys,
        apps,
    })
}

fn passkey_row(passkey: &Passkey, now: Timestamp) -> PasskeyRow {
    PasskeyRow {
        id: passkey.id.to_string(),
        name: passkey.name.clone(),
        added: moment(passkey.created_at, now),
        last_used: passkey.last_used_at.map(|at| moment(at, now)),
    }
}

fn identity_row(
    identity: &Identity,
    provider: Option<&ProviderSettings>,
    now: Timestamp,
) -> IdentityRow {
    let is_here = provider.is_some_and(|provider| provider.issuer == identity.issuer);
    IdentityRow {
        id: identity.id.to_string(),
        name: identity.address.clone().unwrap_or_else(|| identity.subject.clone()),
        issuer: identity.issuer.clone(),
        works: is_here,
        added: moment(identity.created_at, now),
        last_used: identity.last_used_at.map(|at| moment(at, now)),
    }
}

fn row(session: &Session, person: &SignedIn, now: Timestamp) -> SessionRow {
    let is_this_one = session.id == person.session();
    // What is kept is older by up to an hour, and this browser is seen at this moment.
    let seen = session.times.seen_at;
    let seen = match (is_this_one, now.since(seen) < SEEN_RESOLUTION) {
        (true, _) => moment(now, now),
        (false, true) => Moment { relative: "in the last hour".to_owned(), ..moment(seen, now) },
        (false, false) => moment(seen, now),
    };
    SessionRow {
        id: session.id.to_string(),
        device: devices::words(&session.sender.agent),
        agent: session.sender.agent.clone(),
        address: session.sender.address.map(|address| address.to_string()),
        signed_in: moment(session.times.created_at, now),
        seen,
        is_this_one,
    }
}
