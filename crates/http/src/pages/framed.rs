//! The frame of a page that says no: whoever is signed in still is, and sees it.

use axum::extract::Request;
use bloom_service::Error;
use http::{Extensions, HeaderMap, header};

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::views::Layout;
use crate::app::App;

/// Whoever asked for a page, as long as the page is made; nobody without a cookie.
pub(super) struct Asker(Option<(HeaderMap, Extensions)>);

impl Asker {
    pub(super) fn of(request: &Request) -> Self {
        let has_cookie = request.headers().contains_key(header::COOKIE);
        Self(has_cookie.then(|| (request.headers().clone(), request.extensions().clone())))
    }

    /// The frame for them. A fault asks no more of a server that has too much to do or cannot, and who is signed out,
    /// suspended or at another host has none.
    pub(super) async fn layout(&self, app: &App, error: &PageError) -> Option<Layout> {
        let is_nobodys = match error {
            PageError::Failed(error) => !matches!(error, Error::MailUnavailable(_)),
            PageError::First(_)
            | PageError::SignedOut
            | PageError::SignedOutAt(_)
            | PageError::Banned(_)
            | PageError::OtherHost(_) => true,
            _ => false,
        };
        let (headers, extensions) = self.0.as_ref().filter(|_| !is_nobodys)?;
        let browser = Browser::open(app, Sent { headers, extensions }).await.ok()?;
        browser.person().is_some().then(|| browser.layout())
    }
}
