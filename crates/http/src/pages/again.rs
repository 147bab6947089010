//! What was typed is not lost when a form fails on a page of its own: the person was signed out meanwhile, the form has
//! expired, the server is busy. That page shows what was sent, and sends it again.
//!
//! It is safe to do so because
//! 1. only forms of [`KEPT`] and [`KEPT_FOR_ANYBODY`] are, none of which has a key, another secret or a file; a password
//!    is dropped here, and entered anew;
//! 2. only when the browser itself says that a page of ours sent it (`Origin`): what another site made up never stands
//!    on a page of ours under a token that counts;
//! 3. the page shows all that was typed and, where the token is a fresh one, as whom it is sent;
//! 4. a person presses the button, and the form is looked at like any other: its token, who is signed in, each field.
//!
//! What a form was for may be gone: then there is nothing to send it to, and it is only shown, to be copied.
//!
//! After a fault the form keeps its number, so that what was done all the same is not done twice
//! ([`super::submissions`]).

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, request};

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::{self, TOKEN};
use super::proof;
use super::views::{Before, Layout, SendAgain};
use crate::app::App;

/// Where the forms are sent of which something is typed or chosen. `*` is any one segment.
const KEPT: [&str; 17] = [
    "/images",
    "/images/*/edit",
    "/images/*/resize",
    "/brands",
    "/brands/*",
    "/settings/api-keys",
    "/settings/api-keys/*/options",
    "/settings/api-keys/*/budget",
    "/settings/apps/*/budget",
    "/settings/workspaces",
    "/settings/workspaces/*/name",
    "/settings/workspaces/*/invitations",
    "/settings/developer",
    "/settings/developer/*",
    "/settings/security/name",
    "/settings/security/email",
    "/settings/security/passkeys",
];
/// The same for those that need nobody to be signed in.
const KEPT_FOR_ANYBODY: [&str; 5] =
    ["/sign-in", "/sign-up", "/sign-up/*", "/setup/*", "/reset-password"];
/// The field that is never kept.
const PASSWORD: &str = "password";

/// What a page of an error says besides: the frame for whoever is there, and the form that failed.
#[derive(Clone)]
pub(crate) struct Again {
    pub(crate) layout: Layout,
    pub(crate) form: SendAgain,
    /// What the browser has to keep for the form to be its own, if it had nothing.
    pub(crate) cookie: Option<HeaderValue>,
}

/// What happens around every form.
pub(crate) async fn keep(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    if !is_one_of(&KEPT, &path) && !is_one_of(&KEPT_FOR_ANYBODY, &path)
        || !forms::is_said_to_be_from_here(&app, request.headers())
    {
        return lead_back(next.run(request).await, &path);
    }
    let (parts, body) = match forms::whole(&app, request).await {
        Ok(whole) => whole,
        Err(error) => return error.into_response(),
    };
    let sent = Request::from_parts(parts.clone(), Body::from(body.clone()));
    let mut response = lead_back(next.run(sent).await, &path);
    let error = response.extensions().get::<Arc<PageError>>().cloned();
    if let Some(error) = error
        && let Some((error, again)) = again(&app, error, &parts, &body).await
    {
        response.extensions_mut().insert(error);
        response.extensions_mut().insert(again);
    }
    response
}

fn is_one_of(patterns: &[&str], path: &str) -> bool {
    patterns.iter().any(|pattern| forms::fits(path, pattern))
}

/// Whoever was signed out meanwhile goes on where the form is.
fn lead_back(mut response: Response, path: &str) -> Response {
    let error = response.extensions().get::<Arc<PageError>>();
    if error.is_some_and(|error| matches!(**error, PageError::SignedOut)) {
        response.extensions_mut().insert(Arc::new(PageError::SignedOutAt(path.to_owned())));
    }
    response
}

async fn again(
    app: &App,
    error: Arc<PageError>,
    parts: &request::Parts,
    body: &Bytes,
) -> Option<(Arc<PageError>, Again)> {
    let path = parts.uri.path();
    let mut fields = forms::pairs(body).ok()?;
    let count = fields.len();
    fields.retain(|(name, _)| name != PASSWORD);
    let asks_password = fields.len() < count;
    let form = |fields, first| SendAgain { action: path.to_owned(), fields, first, asks_password };
    let as_sent = |fields, first| Again {
        layout: Layout::default(),
        form: form(fields, first),
        cookie: None,
    };
    match &*error {
        PageError::SignedOutAt(_) => Some((error, as_sent(fields, Before::SignIn))),
        PageError::NotFound | PageError::NotAllowed => {
            let again = as_sent(fields, Before::Nothing);
            again.form.says_something().then_some((error, again))
        }
        PageError::Failed(_) if error.is_passing() => Some((error, as_sent(fields, Before::Wait))),
        PageError::First(place) if place.starts_with(proof::PATH) => {
            let error = Arc::new(PageError::ProofFirst(place.clone()));
            Some((error, as_sent(fields, Before::Prove)))
        }
        PageError::ForeignForm => {
            let from = Sent { headers: &parts.headers, extensions: &parts.extensions };
            let browser = Browser::open(app, from).await.ok()?;
            let person = browser.person().map(|person| person.account().email.to_string());
            let is_for_anybody = is_one_of(&KEPT_FOR_ANYBODY, path);
            if person.is_none() && !is_for_anybody {
                let error = Arc::new(PageError::SignedOutAt(path.to_owned()));
                return Some((error, as_sent(fields, Before::SignIn)));
            }
            let layout = browser.layout();
            let token = fields.iter_mut().find(|(name, _)| name == TOKEN)?;
            token.1.clone_from(&layout.form_token);
            let form = form(fields, Before::Look(person.filter(|_| !is_for_anybody)));
            Some((error, Again { layout, form, cookie: browser.new_cookie(app) }))
        }
        _ => None,
    }
}
