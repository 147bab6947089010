//! Forms that make something make one thing, however often they are sent, and forms that end something say so each time.
//!
//! The rule is in `bloom_service::submissions`; here is which forms it is for, and what the second request of a form
//! is answered with: what the first one was. A browser that sends a form twice shows the second answer only, and
//! leaves before the first is there, so the work goes on without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use bloom_service::Error;
use bloom_service::sessions::SignedIn;
use bloom_service::submissions::{self, Answered, Submission, Twice};
use http::{Method, header, request};

use super::errors::PageError;
use super::{forms, redirect};
use crate::app::App;

/// Where forms are sent that make something, or that show a secret once. `*` is any one segment.
const ONCE: [&str; 13] = [
    "/settings/api-keys",
    "/settings/api-keys/*/rotate",
    "/settings/workspaces",
    "/settings/workspaces/*/invitations",
    "/settings/developer",
    "/settings/developer/*/secret",
    "/settings/developer/*/token",
    "/brands",
    "/images",
    "/images/*/edit",
    "/images/*/resize",
    "/images/*/remove-background",
    "/images/*/vectorize",
];
/// Where forms are sent after which what they are for is not there any more, or not as it was. `*` is any one segment.
const ENDS: [&str; 14] = [
    "/settings/workspaces/*/leave",
    "/settings/workspaces/*/delete",
    "/settings/workspaces/*/restore",
    "/settings/workspaces/*/invitations/*/withdraw",
    "/settings/workspaces/*/members/*/remove",
    "/settings/workspaces/*/members/*/own",
    "/settings/developer/*/delete",
    "/settings/security/passkeys/*/remove",
    "/settings/security/openid/*/remove",
    "/brands/*/delete",
    "/images/*/delete",
    "/invitations/*",
    "/verify-email/*",
    "/change-email/*",
];
/// Larger than any page.
const MAX_PAGE: usize = 1024 * 1024;
/// How long, and how often, a second request looks for the answer of the first.
const PAUSE: Duration = Duration::from_millis(50);
const LOOKS: u32 = 100;
/// How often a request is tried again whose form another one sent, and was refused.
const TRIES: u32 = 3;

/// The form of a request, on its way through the handler.
#[derive(Clone)]
pub(super) struct Sent {
    submission: Submission,
    /// Whether the form is known to be the person's: before that, nothing is written for it.
    is_theirs: Arc<AtomicBool>,
}

impl Sent {
    /// What the person makes from here on, they make by this form.
    ///
    /// # Errors
    /// When it was sent before, or the database cannot be read.
    pub(super) async fn bind(&self, app: &App, person: &mut SignedIn) -> Result<(), PageError> {
        submissions::bind(&app.service, person, self.submission).await?;
        self.is_theirs.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// What happens around the forms that make something.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let twice = match *request.method() {
        Method::POST => twice(request.uri().path()),
        _ => None,
    };
    let Some(twice) = twice else {
        return next.run(request).await;
    };
    let answer = async {
        let (parts, sent) = forms::whole(&app, request).await?;
        match twice {
            Twice::Answered => answer_once(&app, &parts, &sent, &next).await,
            Twice::Tried => answer_each(&app, &parts, &sent, &next).await,
        }
    };
    answer.await.unwrap_or_else(PageError::into_response)
}

fn twice(path: &str) -> Option<Twice> {
    let is_one_of = |patterns: &[&str]| patterns.iter().any(|pattern| forms::fits(path, pattern));
    if is_one_of(&ONCE) {
        return Some(Twice::Answered);
    }
    is_one_of(&ENDS).then_some(Twice::Tried)
}

async fn answer_once(
    app: &App,
    parts: &request::Parts,
    sent: &Bytes,
    next: &Next,
) -> Result<Response, PageError> {
    let path = parts.uri.path();
    for _ in 0..TRIES {
        let submission = submissions::anonymous_begin(&app.service, path, sent, Twice::Answered)?;
        let form = Sent { submission, is_theirs: Arc::default() };
        if let Some(response) = carried_out(app, form, parts, sent, next).await? {
            return Ok(response);
        }
        match first_answer(app, submission).await? {
            First::Refused => {}
            First::Answered(response) => return Ok(response),
            First::Silent => break,
        }
    }
    Err(PageError::FormSent(path.to_owned()))
}

/// A form that ends something: when that is not there any more, it is answered as it was when it ended it.
async fn answer_each(
    app: &App,
    parts: &request::Parts,
    sent: &Bytes,
    next: &Next,
) -> Result<Response, PageError> {
    let path = parts.uri.path();
    let submission = submissions::anonymous_begin(&app.service, path, sent, Twice::Tried)?;
    let form = Sent { submission, is_theirs: Arc::default() };
    let response = carried_out(app, form.clone(), parts, sent, next).await?;
    let response = response.ok_or_else(|| PageError::FormSent(path.to_owned()))?;
    if !found_nothing(&response) || !form.is_theirs.load(Ordering::Relaxed) {
        return Ok(response);
    }
    Ok(match first_answer(app, submission).await? {
        First::Answered(first) => first,
        First::Refused | First::Silent => response,
    })
}

/// Answers the request, whether or not its browser waits for that; nothing when its form was sent before.
async fn carried_out(
    app: &App,
    form: Sent,
    parts: &request::Parts,
    sent: &Bytes,
    next: &Next,
) -> Result<Option<Response>, PageError> {
    let mut parts = parts.clone();
    parts.extensions.insert(form.clone());
    let request = Request::from_parts(parts, Body::from(sent.clone()));
    let work = tokio::spawn(work(app.clone(), form, request, next.clone())).await;
    match work.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        // It is told like any other.
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => Err(Error::Internal("a form was given up".to_owned()).into()),
    }
}

/// Answers the request, and keeps the answer for a second one; nothing when it is that second one.
async fn work(
    app: App,
    form: Sent,
    request: Request,
    next: Next,
) -> Result<Option<Response>, PageError> {
    let response = next.run(request).await;
    if was_sent(&response) {
        return Ok(None);
    }
    if !form.is_theirs.load(Ordering::Relaxed) {
        return Ok(Some(response));
    }
    let (service, submission) = (&app.service, form.submission);
    let status = match response.extensions().get::<Arc<PageError>>() {
        Some(error) => error.status(),
        None => response.status(),
    };
    let place = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
    let (response, kept) = if status.is_client_error() {
        (response, submissions::anonymous_refused(service, submission).await)
    } else if let Some(place) = place {
        let place = place.to_owned();
        (response, submissions::anonymous_led_to(service, submission, place).await)
    } else if status.is_success() {
        let (parts, body) = response.into_parts();
        let unreadable = |error: axum::Error| Error::Internal(error.to_string());
        let page = to_bytes(body, MAX_PAGE).await.map_err(unreadable)?;
        let kept = submissions::anonymous_shown(service, submission, &page).await;
        (Response::from_parts(parts, Body::from(page)), kept)
    } else {
        (response, Ok(()))
    };
    if let Err(error) = kept {
        // It was done all the same; only a second request will not see it.
        tracing::warn!(%error, "the answer to a form was not kept");
    }
    Ok(Some(response))
}

/// Whether a request was turned away because its form was sent before.
fn was_sent(response: &Response) -> bool {
    let error = response.extensions().get::<Arc<PageError>>();
    error.is_some_and(|error| matches!(**error, PageError::Failed(Error::FormSent)))
}

/// Whether a request found nothing to end: what its form names is not there, or is not theirs any more.
fn found_nothing(response: &Response) -> bool {
    let error = response.extensions().get::<Arc<PageError>>();
    error.is_some_and(|error| {
        matches!(
            **error,
            PageError::NotFound
                | PageError::NotAllowed
                | PageError::InvitationSpent
                | PageError::AccountLinkSpent
        )
    })
}

/// What the request came to that sent a form first.
enum First {
    Answered(Response),
    /// It was refused, and did nothing.
    Refused,
    /// It was done, and its answer is not there any more, or not yet.
    Silent,
}

async fn first_answer(app: &App, submission: Submission) -> Result<First, PageError> {
    for _ in 0..LOOKS {
        match submissions::anonymous_answer(&app.service, submission).await? {
            Answered::NotYet => tokio::time::sleep(PAUSE).await,
            Answered::Refused => return Ok(First::Refused),
            Answered::LedTo(place) => return Ok(First::Answered(redirect(&place))),
            Answered::Page(page) => return Ok(First::Answered(Html(page).into_response())),
            Answered::Forgotten => break,
        }
    }
    Ok(First::Silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_these_or_not() {
        for path in ["/brands", "/images/0193/edit", "/settings/api-keys/x/rotate"] {
            assert_eq!(twice(path), Some(Twice::Answered), "{path}");
        }
        for path in ["/images/0193/delete", "/invitations/x"] {
            assert_eq!(twice(path), Some(Twice::Tried), "{path}");
        }
        for path in
            ["/", "/brands/", "/brands/x", "/images/x/y/edit", "/settings/api-keys/x/revoke"]
        {
            assert_eq!(twice(path), None, "{path}");
        }
    }
}
