//! `/sign-up`: a new account, and the form it shares with the setup link.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::accounts::{SignUpPolicy, parse_name};
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_domain::secrets::OpaqueSecret;
use bloom_service::Error;
use bloom_service::accounts::{self, NewAccount, sign_up_links};
use bloom_service::invitations::Found;
use http::StatusCode;

use super::browser::{self, Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{AddressForm, Field, Purpose, SignUp, SignUpForm, SignUpState};
use super::{invitations, moment, next, openid, page, redirect, settings, sign_in};
use crate::app::App;

/// The form, or why there is none.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let next = next::of_query(request.uri());
    if browser.person().is_some() && !next::is_again(request.uri()) {
        return Ok(redirect(next.as_deref().unwrap_or("/settings")));
    }
    let invited = invitation(&app, next.as_deref()).await?;
    let policy = app.service.settings().sign_up;
    let state = match policy {
        SignUpPolicy::Invite if invited.is_none() => SignUpState::ByInvitation,
        SignUpPolicy::Closed => SignUpState::Closed,
        _ if sign_up_links::anonymous_is_needed(&app.service) => {
            let address = invited.map(|found| found.invitation.email.to_string());
            SignUpState::ByMail(AddressForm::with(address.unwrap_or_default()))
        }
        SignUpPolicy::Open | SignUpPolicy::Invite => {
            let address = invited.map(|found| found.invitation.email.to_string());
            let email = Field { value: address.unwrap_or_default(), error: None };
            SignUpState::Form(SignUpForm { email, ..empty(Purpose::Open, "/sign-up".to_owned()) })
        }
    };
    Ok(browser.keep(&app, show_state(&app, &browser, next, (StatusCode::OK, state))))
}

/// Makes the account and signs it in.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let next = next::of_form(&form);
    // Before anything typed is looked at: there is no form here to correct it in.
    let invitation = next.as_deref().and_then(invitations::token_in);
    let policy = app.service.settings().sign_up;
    if policy == SignUpPolicy::Closed
        || policy == SignUpPolicy::Invite
            && self::invitation(&app, next.as_deref()).await?.is_none()
    {
        return Ok(redirect(&next::link("/sign-up", next.as_deref())));
    }
    if sign_up_links::anonymous_is_needed(&app.service) {
        return super::sign_up_links::ask(&app, &browser, &form).await;
    }
    let blank = empty(Purpose::Open, "/sign-up".to_owned());
    let new = match read(&form, blank) {
        Ok(new) => new,
        Err(refused) => {
            return Ok(refuse((&app, &browser), &form, *refused, StatusCode::UNPROCESSABLE_ENTITY));
        }
    };
    match accounts::anonymous_sign_up(&app.service, new, browser.arriving(), invitation).await {
        Ok(session) => Ok(welcome(&app, &session, next.as_deref())),
        Err(error) => {
            answer((&app, &browser), &form, empty(Purpose::Open, "/sign-up".to_owned()), error)
        }
    }
}

/// The invitation that somebody goes on to, if it is good.
pub(super) async fn invitation(app: &App, next: Option<&str>) -> Result<Option<Found>, PageError> {
    let Some(token) = next.and_then(invitations::token_in) else {
        return Ok(None);
    };
    match bloom_service::invitations::anonymous_find(&app.service, &token).await {
        Ok(found) => Ok(Some(found)),
        Err(Error::InvitationNotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The empty form.
pub(crate) fn empty(purpose: Purpose, action: String) -> SignUpForm {
    SignUpForm {
        purpose,
        action,
        name: Field::default(),
        email: Field::default(),
        password_error: None,
        refusal: None,
    }
}

/// Reads the form; what is wrong comes back beside its field, with all that was typed but the
/// password.
pub(crate) fn read(form: &Form, blank: SignUpForm) -> Result<NewAccount, Box<SignUpForm>> {
    match (read_choice(form), Email::parse(form.text("email"))) {
        (Ok((name, password)), Ok(email)) => Ok(NewAccount { email, name, password }),
        (choice, email) => {
            let (name, password_error) =
                choice.err().unwrap_or_else(|| (typed(form, "name"), None));
            let email = Field { error: email.err().map(|e| e.to_string()), ..typed(form, "email") };
            Err(Box::new(SignUpForm { name, email, password_error, ..blank }))
        }
    }
}

/// What somebody chooses for themselves, name and password; else what is wrong with each.
pub(crate) fn read_choice(
    form: &Form,
) -> Result<(Option<String>, Password), (Field, Option<String>)> {
    let name = form.text("name");
    let name = if name.trim().is_empty() { Ok(None) } else { parse_name(name).map(Some) };
    match (name, Password::parse(form.text("password").to_owned())) {
        (Ok(name), Ok(password)) => Ok((name, password)),
        (name, password) => {
            let name = Field { error: name.err().map(|e| e.to_string()), ..typed(form, "name") };
            Err((name, password.err().map(|e| e.to_string())))
        }
    }
}

fn typed(form: &Form, name: &str) -> Field {
    Field { value: form.text(name).to_owned(), error: None }
}

/// What the verb refused, shown in the form so that nothing typed is lost.
pub(crate) fn answer(
    (app, browser): (&App, &Browser),
    form: &Form,
    blank: SignUpForm,
    error: Error,
) -> Result<Response, PageError> {
    // The address of a link is not typed.
    let email = match blank.purpose {
        Purpose::Mailbox => blank.email.clone(),
        Purpose::First | Purpose::Open => typed(form, "email"),
    };
    let kept = SignUpForm { name: typed(form, "name"), email, ..blank };
    match error {
        Error::EmailTaken => {
            let taken = "This address has an account already. Sign in, or use another address.";
            let email = Field { error: Some(taken.to_owned()), ..typed(form, "email") };
            Ok(refuse((app, browser), form, SignUpForm { email, ..kept }, StatusCode::CONFLICT))
        }
        Error::Busy { .. } => {
            let refusal = Some(sign_in::BUSY.to_owned());
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let page = refuse((app, browser), form, SignUpForm { refusal, ..kept }, status);
            Ok(sign_in::with_retry_after(page, sign_in::SOON))
        }
        Error::TooMany { retry_after } => {
            let wait = moment::wait(retry_after);
            let refusal = Some(format!(
                "Too many accounts were asked for from where you are. Nothing was made. Try again in {wait}."
            ));
            let status = StatusCode::TOO_MANY_REQUESTS;
            let page = refuse((app, browser), form, SignUpForm { refusal, ..kept }, status);
            Ok(sign_in::with_retry_after(page, retry_after))
        }
        error => Err(error.into()),
    }
}

/// The form with what is wrong.
pub(crate) fn refuse(
    (app, browser): (&App, &Browser),
    form: &Form,
    refused: SignUpForm,
    status: StatusCode,
) -> Response {
    let state = SignUpState::Form(refused);
    show_state(app, browser, next::of_form(form), (status, state))
}

/// The page as it stands.
pub(crate) fn show_state(
    app: &App,
    browser: &Browser,
    next: Option<String>,
    (status, state): (StatusCode, SignUpState),
) -> Response {
    let (layout, provider) = (browser.layout(), openid::label(app));
    page(status, &SignUp { layout, next, provider, state })
}

/// The first page of a new session: what the person came for, or the place to make a key.
pub(crate) fn welcome(app: &App, session: &OpaqueSecret, next: Option<&str>) -> Response {
    let mut response = redirect(next.unwrap_or(settings::KEYS));
    browser::start_session(app, &mut response, session);
    response
}
