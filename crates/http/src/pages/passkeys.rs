//! `/settings/security/passkeys`: a passkey is added and removed; `/sign-in/passkey` and
//! `/settings/security/confirm/passkey` take one in place of a password.

use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::ids::PasskeyId;
use bloom_domain::passkeys::{MAX_PASSKEYS, Passkey, parse_name};
use bloom_service::passkeys::{self, ALGORITHMS, Ceremony, Presented};
use bloom_service::{Error, SignedIn};
use http::StatusCode;

use super::browser::{self, Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{AskPasskey, Field, NewPasskey};
use super::{Segment, devices, id, next, page, proof, redirect, security, sign_in};
use crate::app::App;

const HERE: &str = "/settings/security/passkeys";
/// How the fields begin that an authenticator fills in.
pub(crate) const FIELDS: &str = "passkey_";
const REFUSED: &str = "The passkey was not taken: the page was open for too long, or it is not one of this account. Try again.";

/// What a page asks an authenticator for; none where browsers have no passkeys.
pub(crate) fn ask(
    app: &App,
    browser: &Browser,
    ceremony: Ceremony,
) -> Result<Option<AskPasskey>, PageError> {
    let Some(site) = passkeys::anonymous_site(&app.service) else { return Ok(None) };
    let challenge = passkeys::anonymous_challenge(&app.service, browser.cookie(), ceremony)?;
    Ok(Some(AskPasskey { challenge, site: site.to_owned() }))
}

/// The form.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.proven_at(&app, HERE)?;
    // A name that is most likely right need not be typed.
    let name = devices::words(&browser.sender().agent);
    let view = view(&app, &browser, person, Field { value: name, error: None }).await?;
    Ok(page(StatusCode::OK, &view))
}

/// Adds what the authenticator has made.
pub(crate) async fn add(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    browser.require_person()?;
    let person = browser.proven_at(&app, HERE)?;
    let typed = form.text("name");
    let (field, refusal, status) = match parse_name(typed) {
        Err(error) => (Some(error.to_string()), None, StatusCode::UNPROCESSABLE_ENTITY),
        Ok(name) => {
            let new = (name, presented(&form));
            match passkeys::add(&app.service, person, browser.cookie(), new).await {
                Ok(()) => {
                    return Ok(redirect(&format!("{}?done=passkey#passkeys", security::PATH)));
                }
                Err(error) => {
                    let status = StatusCode::CONFLICT;
                    (None, Some(refusal(&error).ok_or(error)?), status)
                }
            }
        }
    };
    let name = Field { value: typed.to_owned(), error: field };
    let view = view(&app, &browser, person, name).await?;
    Ok(page(status, &NewPasskey { refusal, ..view }))
}

/// Removes one.
pub(crate) async fn remove(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    browser.require_person()?;
    let person = browser.proven_at(&app, security::PATH)?;
    let passkey: PasskeyId = id(segment)?;
    passkeys::remove(&app.service, person, passkey).await?;
    Ok(redirect(&format!("{}?done=unpasskey#passkeys", security::PATH)))
}

/// Signs in with one.
pub(crate) async fn sign_in(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let next = next::of_form(&form);
    match passkeys::anonymous_sign_in(&app.service, presented(&form), browser.arriving()).await {
        Ok(session) => {
            let mut response = redirect(next.as_deref().unwrap_or("/settings"));
            browser::start_session(&app, &mut response, &session);
            Ok(response)
        }
        Err(Error::PasskeyRefused(_)) => sign_in::refused(&app, &browser, next, REFUSED),
        Err(error) => Err(error.into()),
    }
}

/// Proves by one that it is still them.
pub(crate) async fn prove(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let next = next::of_form(&form);
    match passkeys::prove(&app.service, person, browser.cookie(), presented(&form)).await {
        Ok(()) => Ok(redirect(next.as_deref().unwrap_or(security::PATH))),
        Err(Error::PasskeyRefused(_)) => proof::refused(&app, &browser, next, REFUSED).await,
        Err(error) => Err(error.into()),
    }
}

/// Why there is no new passkey, in words for the person; none when that is told elsewhere.
fn refusal(error: &Error) -> Option<String> {
    Some(match error {
        Error::PasskeyRefused(_) => REFUSED.to_owned(),
        Error::PasskeyKnown => {
            "This passkey is an account’s already. Nothing was changed.".to_owned()
        }
        Error::TooManyPasskeys => {
            format!("An account has at most {MAX_PASSKEYS} passkeys. Remove one first.")
        }
        _ => return None,
    })
}

fn presented(form: &Form) -> Presented {
    let part = |name| URL_SAFE_NO_PAD.decode(form.text(name)).unwrap_or_default();
    Presented {
        credential_id: part("passkey_id"),
        client_data: part("passkey_client"),
        data: part("passkey_data"),
        signature: part("passkey_signature"),
    }
}

async fn view(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    name: Field,
) -> Result<NewPasskey, PageError> {
    let known = passkeys::list(&app.service, person).await?;
    let named = |passkey: &Passkey| URL_SAFE_NO_PAD.encode(&passkey.credential_id);
    let known: Vec<_> = known.iter().map(named).collect();
    Ok(NewPasskey {
        layout: browser.layout(),
        ask: ask(app, browser, Ceremony::Add)?,
        user: URL_SAFE_NO_PAD.encode(person.account().id.as_bytes()),
        email: person.account().email.to_string(),
        known: known.join(" "),
        algorithms: ALGORITHMS.map(|number| number.to_string()).join(" "),
        name,
        refusal: None,
    })
}
