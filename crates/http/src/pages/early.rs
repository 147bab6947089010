//! Pages whose beginning goes out before what they show is read: the reader's browser fetches the stylesheet while
//! the database is asked. Who is there has been found out by then, and is all that decides about the status
//! (docs/adr/0036-a-page-begins-before-it-is-read.md).

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use futures_util::{FutureExt, StreamExt, stream};
use http::StatusCode;

use super::errors::PageError;
use super::markup::slim;
use super::views::Opening;
use crate::edge::{self, Asked};

/// The beginning of a page at once, and the rest of it when `view` is there. When there is none, because the database
/// went away in between, the page ends by saying so.
pub(super) fn page<V: Template + Send>(
    request: &Request,
    opening: &Opening,
    view: impl Future<Output = Result<V, PageError>> + Send + 'static,
) -> Response {
    let beginning = opening.render().unwrap_or_default();
    let beginning = before_the_end(&slim(&beginning)).to_owned();
    let asked = Asked::of(request);
    let rest = async move {
        // The beginning is written while this one waits for its turn.
        tokio::task::yield_now().await;
        let view = AssertUnwindSafe(view).catch_unwind().await;
        let html = match view {
            Ok(Ok(view)) => view.render().map_err(|error| broken(error.to_string())),
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(edge::panicked(&*panic).into()),
        };
        let html = html.unwrap_or_else(|error| failed(&asked, &error));
        from_the_end(&slim(&html)).to_owned()
    };
    let parts = stream::once(async { beginning }).chain(stream::once(rest));
    let parts = parts.map(|part| Ok::<_, Infallible>(Bytes::from(part)));
    (StatusCode::OK, Html(Body::from_stream(parts))).into_response()
}

fn broken(text: String) -> PageError {
    PageError::Failed(bloom_service::Error::Internal(text))
}

/// What is said of a failure, and the log of it.
fn failed(asked: &Asked, error: &PageError) -> String {
    if let Some(cause) = error.cause() {
        asked.log(error.status(), &cause);
    }
    error.view(asked.reference(), &asked.place(), None, None).render().unwrap_or_default()
}

fn before_the_end(html: &str) -> &str {
    html.split(Opening::END).next().unwrap_or_default()
}

fn from_the_end(html: &str) -> &str {
    html.find(Opening::END).and_then(|at| html.get(at..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::views::{Layout, Message};
    use bloom_service::Error;

    async fn sent(
        view: impl Future<Output = Result<Message, PageError>> + Send + 'static,
    ) -> String {
        let request = Request::new(Body::empty());
        let opening = Opening { layout: Layout::default(), title: "Settings" };
        let response = page(&request, &opening, view);
        assert_eq!(response.status(), StatusCode::OK);
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_page_that_cannot_go_on_says_so() {
        let busy = sent(async { Err(Error::Unavailable("secret cause".to_owned()).into()) }).await;
        let broken = sent(async { panic!("secret cause") }).await;
        for (html, says) in [(busy, "The server is busy"), (broken, "Something went wrong")] {
            assert!(
                html.contains("<title>Settings · Bloom</title>") && html.contains(says),
                "{html}"
            );
            assert!(!html.contains("secret cause"), "{html}");
            for once in ["<!doctype html>", "<main", "</main>", "</html>"] {
                assert_eq!(html.matches(once).count(), 1, "{once} in {html}");
            }
        }
    }
}
