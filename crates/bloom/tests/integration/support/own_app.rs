//! An app that somebody owns, as its owner makes it on the page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::oauth::{INTROSPECT, OAuthClient, REDIRECT, REVOKE, TOKEN, VERIFIER};
use super::{Answer, App, Browser, urlencoded};

/// Where a person makes their own apps.
pub(crate) const DEVELOPER: &str = "/settings/developer";

/// An app with what was shown when it was made.
#[derive(Clone)]
pub(crate) struct OwnApp {
    pub(crate) app: App,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) management: String,
}

/// The fields of the form, with some changed, added, or (when empty) left out.
pub(crate) fn fields<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = std::collections::BTreeMap::from([
        ("name", "Pressroom"),
        ("redirect-uris", REDIRECT),
        ("method", "client_secret_basic"),
        ("acts-for-people", "on"),
        ("acts-alone", "on"),
        ("workspaces", "all"),
    ]);
    fields.extend(changes.iter().copied());
    fields.retain(|_, value| !value.is_empty());
    fields.into_iter().collect()
}

impl Browser {
    /// Makes an app on the page.
    pub(crate) async fn create_app(&mut self, changes: &[(&str, &str)]) -> OwnApp {
        let page = self.post(DEVELOPER, &fields(changes)).await;
        OwnApp::shown(&self.app, &page)
    }
}

impl OwnApp {
    /// What a page shows once.
    pub(crate) fn shown(app: &App, page: &Answer) -> Self {
        assert_eq!(page.status, 200, "{page:?}");
        let text = |before: &str| page.between(before, "<").unwrap_or_default().to_owned();
        Self {
            app: app.clone(),
            id: text("<code class=\"whole\">"),
            secret: text("<code id=\"client-secret\">"),
            management: text("<code id=\"management-token\">"),
        }
    }

    /// The page of this app.
    pub(crate) fn page(&self) -> String {
        format!("{DEVELOPER}/{}", self.id)
    }

    /// A form of that page.
    pub(crate) fn form(&self, name: &str) -> String {
        format!("{DEVELOPER}/{}/{name}", self.id)
    }

    /// The header by which it proves itself.
    pub(crate) fn basic(&self) -> String {
        basic(&self.id, &self.secret)
    }

    /// Sends a form to an endpoint, proven in the header.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        send_as(&self.app, path, &self.basic(), fields).await
    }

    /// Redeems a code.
    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        self.send(TOKEN, &fields).await
    }

    /// Asks for a token to act with by itself.
    pub(crate) async fn act(&self, scope: &str) -> Answer {
        let fields = [("grant_type", "client_credentials"), ("scope", scope)];
        let count = if scope.is_empty() { 1 } else { 2 };
        self.send(TOKEN, &fields[..count]).await
    }

    /// Such a token.
    pub(crate) async fn acting(&self) -> String {
        let answer = self.act("").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn revoke(&self, token: &str) -> Answer {
        self.send(REVOKE, &[("token", token)]).await
    }

    pub(crate) async fn introspect(&self, token: &str) -> Value {
        self.send(INTROSPECT, &[("token", token)]).await.json()
    }

    /// The same as an app that people are sent from.
    pub(crate) fn for_people(&self) -> OAuthClient {
        let redirect_uri = REDIRECT.to_owned();
        OAuthClient { app: self.app.clone(), id: self.id.clone(), redirect_uri }
    }

    /// Asks the management endpoint.
    pub(crate) async fn manage(&self, method: &str, body: Option<&Value>) -> Answer {
        manage(&self.app, method, &self.id, &self.management, body).await
    }
}

/// `Authorization: Basic`.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Sends a form with an `Authorization` header.
pub(crate) async fn send_as(
    app: &App,
    path: &str,
    authorization: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let headers = [form, ("authorization", authorization)];
    app.post_bytes(path, urlencoded(fields).into_bytes(), &headers).await
}

/// Asks the management endpoint of a client with a token.
pub(crate) async fn manage(
    app: &App,
    method: &str,
    id: &str,
    token: &str,
    body: Option<&Value>,
) -> Answer {
    let path = format!("/api/auth/oauth2/register/{id}");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let request = axum::http::Request::builder().method(method).uri(&path);
    let request = super::app::with_headers(request, &headers[..1 + usize::from(body.is_some())]);
    let body = body.map_or_else(axum::body::Body::empty, |body| body.to_string().into());
    app.send(request.body(body).expect("a request")).await
}
