//! `/sign-in/openid`: to the OpenID provider and back; `/settings/security/openid`: an identity there is linked and
//! removed; `/settings/security/confirm/openid` takes one in place of a password.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::ids::IdentityId;
use bloom_domain::openid::MAX_IDENTITIES;
use bloom_service::openid::{self, Answered, Refused};
use bloom_service::{Error, SignedIn};
use http::StatusCode;

use super::browser::{self, Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{Link, LinkIdentity, Message};
use super::{Segment, id, invitations, next, page, redirect, security, settings};
use crate::app::App;

pub(crate) use bloom_service::openid::ANSWER_PATH;

const LINK: &str = "/settings/security/openid";

/// What people call the provider; none where there is none.
pub(crate) fn label(app: &App) -> Option<String> {
    openid::anonymous_label(&app.service).map(str::to_owned)
}

/// The same for somebody who can sign in there.
pub(crate) async fn provider_of(app: &App, person: &SignedIn) -> Result<Option<String>, PageError> {
    let Some(provider) = app.service.settings().openid.as_deref() else { return Ok(None) };
    let identities = openid::list(&app.service, person).await?;
    let is_known = identities.iter().any(|identity| identity.issuer == provider.issuer);
    Ok(is_known.then(|| provider.label.clone()))
}

/// Sends a stranger to the provider.
pub(crate) async fn begin(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let next = next::of_form(&form);
    let invitation = next.as_deref().and_then(invitations::token_in);
    let again = !form.text("again").is_empty();
    let sent =
        openid::anonymous_begin(&app.service, browser.cookie(), (next, invitation), again).await;
    go(&app, &browser, sent)
}

/// The page on which an identity is linked; or what comes first.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let Some(provider) = label(&app) else { return Err(PageError::NotFound) };
    browser.proven_at(&app, LINK)?;
    Ok(page(StatusCode::OK, &LinkIdentity { layout: browser.layout(), provider }))
}

/// Sends a person to the provider, to link whom they are there.
pub(crate) async fn begin_link(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    browser.require_person()?;
    let person = browser.proven_at(&app, LINK)?;
    let sent = openid::begin_link(&app.service, person, browser.cookie()).await;
    go(&app, &browser, sent)
}

/// Sends a person to the provider, to prove that it is still them.
pub(crate) async fn begin_proof(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let (person, next) = (browser.require_person()?, next::of_form(&form));
    let sent = openid::begin_proof(&app.service, person, browser.cookie(), next).await;
    go(&app, &browser, sent)
}

/// Removes an identity.
pub(crate) async fn remove(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    browser.require_person()?;
    let person = browser.proven_at(&app, security::PATH)?;
    let identity: IdentityId = id(segment)?;
    openid::remove(&app.service, person, identity).await?;
    Ok(redirect(&format!("{}?done=unlinked#elsewhere", security::PATH)))
}

/// Takes what the provider sent the browser back with.
pub(crate) async fn answer(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let query = request.uri().query().unwrap_or_default();
    let (person, arriving) = (browser.person(), browser.arriving());
    match Box::pin(openid::anonymous_answer(&app.service, person, arriving, query)).await {
        Ok(Answered::SignedIn { session, next, is_new }) => {
            let first = if is_new { settings::KEYS } else { "/settings" };
            let mut response = redirect(next.as_deref().unwrap_or(first));
            browser::start_session(&app, &mut response, &session);
            Ok(response)
        }
        Ok(Answered::Linked) => Ok(redirect(&format!("{}?done=linked#elsewhere", security::PATH))),
        Ok(Answered::Proven { next }) => Ok(redirect(next.as_deref().unwrap_or(security::PATH))),
        Err(Error::OpenId(refused)) => Ok(refuse(&app, &browser, &refused)),
        Err(error) => Err(error.into()),
    }
}

fn go(app: &App, browser: &Browser, sent: Result<String, Error>) -> Result<Response, PageError> {
    match sent {
        Ok(url) => Ok(redirect(&url)),
        Err(Error::OpenId(refused)) => Ok(refuse(app, browser, &refused)),
        Err(error) => Err(error.into()),
    }
}

/// What came of it, and what to do.
fn refuse(app: &App, browser: &Browser, refused: &Refused) -> Response {
    let label = label(app);
    let (status, title, text, action) = words(refused, label.as_deref().unwrap_or("the provider"));
    // Who is signed in already is not asked to sign in.
    let (label, href) = match browser.person() {
        Some(_) if action == SIGN_IN => ("Go to Security", security::PATH),
        _ => action,
    };
    let view = Message {
        layout: browser.layout(),
        title: title.to_owned(),
        text,
        action: Some(Link { label: label.to_owned(), href: href.to_owned() }),
        leaves: None,
        back: None,
        details: None,
        again: None,
        reference: None,
    };
    browser.keep(app, page(status, &view))
}

type Words = (StatusCode, &'static str, String, (&'static str, &'static str));

const SIGN_IN: (&str, &str) = ("Go to the sign-in page", "/sign-in");

/// What has to do with the way there and back.
fn words(refused: &Refused, provider: &str) -> Words {
    match refused {
        Refused::Off => (
            StatusCode::NOT_FOUND,
            "Nobody signs in elsewhere here",
            "This server has no other one that people sign in through. Use your password or a passkey."
                .to_owned(),
            SIGN_IN,
        ),
        Refused::Stale(_) => (
            StatusCode::BAD_REQUEST,
            "This sign-in cannot go on",
            format!(
                "It took longer than ten minutes, was done already, or began in another browser. Nothing was \
                 changed. Begin anew, here, with the button for {provider}."
            ),
            SIGN_IN,
        ),
        Refused::Declined => (
            StatusCode::FORBIDDEN,
            "You were not signed in",
            format!(
                "{provider} says that you, or somebody who decides there, said no. Nothing was changed. Try once \
                 more, or sign in another way."
            ),
            SIGN_IN,
        ),
        Refused::Unreachable(_) => (
            StatusCode::BAD_GATEWAY,
            "The other server does not answer",
            format!(
                "{provider} cannot be reached, or did not answer as it should. Nothing was changed. Try once more \
                 in a minute, or sign in another way; the person who runs this server finds the cause in the log."
            ),
            SIGN_IN,
        ),
        Refused::Untrusted(_) => (
            StatusCode::BAD_REQUEST,
            "This answer is not taken",
            format!(
                "What came back does not prove who you are at {provider}. Nothing was changed. Begin anew; if it \
                 happens again, the person who runs this server finds the cause in the log."
            ),
            SIGN_IN,
        ),
        Refused::TooLong => (
            StatusCode::BAD_REQUEST,
            "This app’s request is too long",
            format!(
                "It cannot be taken along to {provider} and back. Sign in here first, then go back to the app and \
                 start again."
            ),
            SIGN_IN,
        ),
        refused => words_of_accounts(refused, provider),
    }
}

/// What has to do with accounts.
fn words_of_accounts(refused: &Refused, provider: &str) -> Words {
    let link = ("Sign in and link it", "/sign-in?next=%2Fsettings%2Fsecurity%2Fopenid");
    let security = ("Go to Security", security::PATH);
    let confirm = ("Confirm another way", super::proof::PATH);
    match refused {
        Refused::AddressTaken => (
            StatusCode::CONFLICT,
            "You have an account here already",
            format!(
                "An account has the address that {provider} told, and is not linked with it. So that nobody gets \
                 into it by an address alone, sign in as usual once, and link {provider} there. If you have no \
                 password, get one by mail on the sign-in page."
            ),
            link,
        ),
        Refused::NoAddress => (
            StatusCode::FORBIDDEN,
            "Your address is not confirmed there",
            format!(
                "{provider} does not vouch for an email address of yours, which a new account needs. Confirm it \
                 there, or create an account here and link {provider} with it. If you have an account here, sign \
                 in to it and link it."
            ),
            link,
        ),
        Refused::SignUpClosed => (
            StatusCode::FORBIDDEN,
            "There is no account for you yet",
            format!(
                "Nobody here is linked with who you are at {provider}, and this server makes no accounts that way. \
                 If you have one, sign in to it and link it; else ask the person who runs this server."
            ),
            link,
        ),
        Refused::IdentityTaken => (
            StatusCode::CONFLICT,
            "It is linked with another account",
            format!(
                "Who you are at {provider} signs in to another account here. Nothing was changed. Sign in to that \
                 one and remove it there first."
            ),
            security,
        ),
        Refused::TooManyIdentities => (
            StatusCode::CONFLICT,
            "There are as many as there may be",
            format!("An account has at most {MAX_IDENTITIES} of them. Remove one first."),
            security,
        ),
        Refused::OtherIdentity => (
            StatusCode::FORBIDDEN,
            "That is somebody else there",
            format!(
                "You signed in at {provider} as somebody who is not linked with this account. Nothing was changed. \
                 Sign out there, or confirm another way."
            ),
            confirm,
        ),
        // All others have to do with the way.
        _ => (
            StatusCode::FORBIDDEN,
            "That proves nothing",
            format!(
                "{provider} does not say that you have just proven there who you are. Nothing was changed. Confirm \
                 by your password or a passkey; a password you get by mail on the sign-in page."
            ),
            confirm,
        ),
    }
}
