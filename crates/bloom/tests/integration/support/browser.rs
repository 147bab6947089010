//! A browser, as far as a server can tell: a cookie jar, a `Host`, and forms from pages.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use bloom_domain::email::Email;
use bloom_service::api_keys;
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::app::with_headers;
use super::{Answer, App};

/// The password of everybody in the tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A browser. Clones share no jar.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) app: App,
    jar: BTreeMap<String, String>,
    email: String,
    agent: &'static str,
}

/// An API key as its owner first sees it.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Browser {
    pub(crate) fn new(app: App) -> Self {
        Self { app, jar: BTreeMap::new(), email: String::new(), agent: "" }
    }

    /// The same browser under this name.
    pub(crate) fn calling_itself(self, agent: &'static str) -> Self {
        Self { agent, ..self }
    }

    /// The same browser, jar and all, before another app.
    pub(crate) fn before(&self, app: &App) -> Self {
        Self { app: app.clone(), ..self.clone() }
    }

    /// Who signed up or in here.
    pub(crate) fn email(&self) -> &str {
        &self.email
    }

    /// The `Cookie` header.
    pub(crate) fn cookie(&self) -> String {
        let pairs: Vec<_> =
            self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// The one secret in the jar.
    pub(crate) fn cookie_secret(&self) -> &str {
        self.jar.values().next().expect("a cookie")
    }

    /// Puts a cookie into the jar, as somebody who can write into it would.
    pub(crate) fn plant(&mut self, name: &str, value: &str) {
        self.jar.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.head("GET", path).body(Body::empty()).expect("a request");
        self.send(request).await
    }

    /// Sends a form with the token of this browser, filled from what its page says now.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let (token, seen) = (self.form_token().await, self.seen(path).await);
        let seen = seen.as_deref().map(|seen| ("seen", seen));
        let seen = seen.filter(|_| fields.iter().all(|(name, _)| *name != "seen"));
        let hidden = std::iter::once(("form_token", token.as_str())).chain(seen);
        let fields: Vec<_> = hidden.chain(fields.iter().copied()).collect();
        self.post_as_is(path, &fields, &[]).await
    }

    /// What the form for a path says that its page has seen; `None` for a form that says nothing of it.
    pub(crate) async fn seen(&mut self, path: &str) -> Option<String> {
        let is_of_app =
            path.strip_prefix("/settings/developer/").is_some_and(|id| !id.contains('/'));
        let is_of_brand = path.strip_prefix("/brands/").is_some_and(|id| !id.contains('/'));
        let says = is_of_app
            || is_of_brand
            || ["/options", "/budget"].iter().any(|end| path.ends_with(end));
        if !says {
            return None;
        }
        let page = self.get(path.trim_end_matches("/options")).await;
        let (_, form) = page.text().split_once(&format!("action=\"{path}\""))?;
        let (_, seen) = form.split_once("name=\"seen\" value=\"")?;
        seen.split_once('"').map(|(seen, _)| seen.to_owned())
    }

    /// Sends a form with these fields and headers and no others.
    pub(crate) async fn post_as_is(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let headers = [&[form], headers].concat();
        self.post_raw(path, urlencoded(fields).into_bytes(), &headers).await
    }

    /// Sends any bytes.
    pub(crate) async fn post_raw(
        &mut self,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = with_headers(self.head("POST", path), headers);
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// Sends a form, all but its last byte; that one only after something else has happened.
    pub(crate) async fn post_slowly(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        meanwhile: impl Future<Output = ()>,
    ) -> Answer {
        let token = self.form_token().await;
        let body = urlencoded(&[fields, &[("form_token", token.as_str())]].concat());
        let (start, end) = body.split_at(body.len() - 1);
        let (sender, arriving) = mpsc::channel(1);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let request = with_headers(self.head("POST", path), &[form]);
        let request = request.body(Body::new(Arriving(arriving))).expect("a request");
        let sending = async move {
            sender.send(start.to_owned().into()).await.expect("somebody reads");
            // There is room again once the start has been read.
            let room = sender.reserve().await.expect("somebody reads");
            meanwhile.await;
            room.send(end.to_owned().into());
        };
        tokio::join!(self.send(request), sending).0
    }

    /// The token that forms in this browser carry.
    pub(crate) async fn form_token(&mut self) -> String {
        let mut page = self.get("/sign-in").await;
        if page.status == 303 {
            page = self.get("/settings").await;
        }
        let token = page.between("name=\"form_token\" value=\"", "\"");
        token.unwrap_or_else(|| panic!("a page without a form: {page:?}")).to_owned()
    }

    pub(crate) async fn sign_up(&mut self, email: &str) -> Answer {
        email.clone_into(&mut self.email);
        self.post("/sign-up", &[("name", ""), ("email", email), ("password", PASSWORD)]).await
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        email.clone_into(&mut self.email);
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }

    /// Whether the settings open, rather than the sign-in page.
    pub(crate) async fn is_signed_in(&mut self) -> bool {
        let settings = self.get("/settings").await;
        match settings.status {
            200 => true,
            303 => false,
            _ => panic!("neither signed in nor out: {settings:?}"),
        }
    }

    /// Makes a key on the settings page.
    pub(crate) async fn create_key(&mut self, name: &str) -> Key {
        let page = self.post("/settings/api-keys", &[("name", name)]).await;
        page.assert_page(200, "Settings");
        self.key_shown(&page).await
    }

    /// Gives a key another secret on the settings page; the one it had ends at once.
    pub(crate) async fn replace_key(&mut self, key: &Key) -> Key {
        self.rotate_key(key, "0").await
    }

    /// Gives a key another secret on the settings page.
    pub(crate) async fn rotate_key(&mut self, key: &Key, overlap: &str) -> Key {
        let path = format!("/settings/api-keys/{}/rotate", key.id);
        let page = self.post(&path, &[("overlap", overlap)]).await;
        page.assert_page(200, "Settings");
        self.key_shown(&page).await
    }

    /// Revokes a key on the settings page.
    pub(crate) async fn revoke_key(&mut self, key: &Key) {
        let fields = [("confirmed", &key.secret[..13])];
        let page = self.post(&format!("/settings/api-keys/{}/revoke", key.id), &fields).await;
        page.assert_redirect(&format!("/settings?revoked={}#api-keys", key.id));
    }

    /// The key whose secret a page shows. Its id is found by the hint, as its owner would.
    pub(crate) async fn key_shown(&self, page: &Answer) -> Key {
        let secret =
            page.between("<code id=\"new-key\">", "</code>").expect("a new key").to_owned();
        let hint = format!("{}…{}", &secret[..13], &secret[secret.len() - 4..]);
        let (operator, email) = (self.app.operator(), Email::parse(&self.email).expect("a person"));
        let keys = api_keys::list_for(self.app.service(), &operator, &email).await.expect("keys");
        let key = keys.iter().find(|key| key.hint.to_string() == hint).expect("the key is listed");
        Key { id: key.id.to_string(), secret }
    }

    fn head(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header("host", self.app.host());
        let request = match self.agent {
            "" => request,
            agent => request.header("user-agent", agent),
        };
        if self.jar.is_empty() { request } else { request.header("cookie", self.cookie()) }
    }

    async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.app.send(request).await;
        for cookie in answer.cookies() {
            let (pair, attributes) = cookie.split_once(';').expect("a cookie with attributes");
            let (name, value) = pair.split_once('=').expect("a name and a value");
            if attributes.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.plant(name, value);
            }
        }
        answer
    }
}

/// A body that arrives in pieces.
struct Arriving(mpsc::Receiver<Bytes>);

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// The body of a form.
pub(crate) fn urlencoded(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {
                    char::from(byte).to_string()
                }
                b' ' => "+".to_owned(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    pairs.join("&")
}
