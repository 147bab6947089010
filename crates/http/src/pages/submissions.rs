//! Forms that make something make one thing, however often they are sent.
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
use bloom_service::submissions::{self, Answered, Submission};
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
    if request.method() != Method::POST || !is_once(request.uri().path()) {
        return next.run(request).await;
    }
    let answer = async {
        let (parts, sent) = forms::whole(&app, request).await?;
        answer_once(&app, &parts, &sent, &next).await
    };
    answer.await.unwrap_or_else(PageError::into_response)
}

fn is_once(path: &str) -> bool {
    let fits = |pattern: &str| {
        let (mut asked, mut wanted) = (path.split('/'), pattern.split('/'));
        loop {
            match (asked.next(), wanted.next()) {
                (None, None) => return true,
                (Some(asked), Some(wanted)) if wanted == "*" || wanted == asked => {}
                _ => return false,
            }
        }
    };
    ONCE.into_iter().any(fits)
}

async fn answer_once(
    app: &App,
    parts: &request::Parts,
    sent: &Bytes,
    next: &Next,
) -> Result<Response, PageError> {
    let path = parts.uri.path();
    for _ in 0..TRIES {
        let submission = submissions::anonymous_begin(&app.service, path, sent)?;
        let form = Sent { submission, is_theirs: Arc::default() };
        let mut parts = parts.clone();
        parts.extensions.insert(form.clone());
        let request = Request::from_parts(parts, Body::from(sent.clone()));
        let work = tokio::spawn(work(app.clone(), form, request, next.clone())).await;
        let done = match work.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(done) => done?,
            // It is told like any other.
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_)) => return Err(Error::Internal("a form was given up".to_owned()).into()),
        };
        if let Some(response) = done {
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
            assert!(is_once(path), "{path}");
        }
        for path in
            ["/", "/brands/", "/brands/x", "/images/x/y/edit", "/settings/api-keys/x/revoke"]
        {
            assert!(!is_once(path), "{path}");
        }
    }
}
