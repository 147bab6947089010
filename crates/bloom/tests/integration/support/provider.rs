//! OpenID providers for Bloom to ask, over real connections: another Bloom, and one that says whatever a test wants.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::time::Timestamp;
use bloom_outside::fetch::{FetchSettings, GuardedFetcher};
use bloom_service::fetch::Fetcher;
use bloom_service::openid::{ProviderSecret, ProviderSettings};
use bloom_store::testing::{Engine, fresh};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::oauth::parameter;
use super::own_app::OwnApp;
use super::{App, Browser, PASSWORD};

/// Where the server under test wants its answers.
const ANSWER: &str = "http://localhost:4600/sign-in/openid/answer";

/// The real fetcher, as an operator opens it for a provider on this machine.
pub(crate) fn fetcher() -> Arc<dyn Fetcher> {
    let settings =
        FetchSettings { own_host: "localhost".into(), allow_private: true, extra_roots: vec![] };
    Arc::new(GuardedFetcher::new(settings).expect("TLS"))
}

/// A provider as the operator configures it.
pub(crate) fn settings(issuer: &str, client_id: &str, secret: Option<&str>) -> ProviderSettings {
    ProviderSettings {
        issuer: issuer.to_owned(),
        client_id: client_id.to_owned(),
        secret: secret.map(|secret| ProviderSecret::new(secret.to_owned())),
        label: "Elsewhere".to_owned(),
        may_make_accounts: false,
        may_be_plain: true,
    }
}

/// Another Bloom, at a port of its own.
pub(crate) struct OtherBloom {
    pub(crate) app: App,
    client: OwnApp,
}

impl OtherBloom {
    /// Starts one in which the server under test is a client.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let origin: &'static str = Box::leak(format!("http://localhost:{port}").into_boxed_str());
        let app = App::open(fresh(Engine::Sqlite).expect("a database")).await;
        let app = app.again(|options| options.public_url = origin).await;
        tokio::spawn(serve(listener, app.clone()));
        let mut operator = app.person("operator").await;
        let client = operator.create_app(&[("redirect-uris", ANSWER)]).await;
        Self { app, client }
    }

    /// The server under test, with this one as its provider.
    pub(crate) async fn before(&self, app: &App) -> App {
        self.before_with(app, |_| {}).await
    }

    /// The same with something configured otherwise.
    pub(crate) async fn before_with(
        &self,
        app: &App,
        change: impl FnOnce(&mut ProviderSettings),
    ) -> App {
        let issuer = format!("{}/api/auth", self.app.options().public_url);
        let mut provider = settings(&issuer, &self.client.id, Some(&self.client.secret));
        change(&mut provider);
        app.again(|options| options.openid = Some(provider)).await
    }

    /// Somebody with an account there, whose address is confirmed.
    pub(crate) async fn person(&self, name: &str) -> Browser {
        let mut there = self.app.person(name).await;
        let to = format!("{name}@example.com");
        let path = crate::account_links::link(&self.app, &to, "/verify-email/").await;
        there.post(&path, &[]).await.assert_redirect("/settings/security?done=verified");
        there
    }

    /// What a browser does there from one redirect to the next: it signs in where that is asked, and says yes.
    /// Gives the path with which it comes back.
    pub(crate) async fn go_through(&self, there: &mut Browser, url: &str) -> String {
        let mut place = url.to_owned();
        for _ in 0..8 {
            if place.starts_with(ANSWER) {
                return place.strip_prefix("http://localhost:4600").expect("ours").to_owned();
            }
            let path = place.strip_prefix(self.app.options().public_url).unwrap_or(&place);
            let mut answer = there.get(path).await;
            if answer.status == 200 {
                let field = |name: &str| {
                    let before = format!("name=\"{name}\" value=\"");
                    answer.between(&before, "\"").unwrap_or_default().to_owned()
                };
                let (request, next) = (field("request"), field("next"));
                let email = there.email().to_owned();
                answer = match answer.between("<h1>", "</h1>") {
                    Some("Sign in") => {
                        let fields =
                            [("email", email.as_str()), ("password", PASSWORD), ("next", &next)];
                        there.post("/sign-in", &fields).await
                    }
                    _ => {
                        let fields = [("request", request.as_str()), ("decision", "allow")];
                        there.post("/authorize", &fields).await
                    }
                };
            }
            assert_eq!(answer.status, 303, "{answer:?}");
            place = answer.header("location").to_owned();
        }
        panic!("it leads nowhere: {url}");
    }
}

async fn serve(listener: TcpListener, app: App) {
    while let Ok((stream, _)) = listener.accept().await {
        let app = app.clone();
        let answer = service_fn(move |request: hyper::Request<Incoming>| {
            let app = app.clone();
            async move { Ok::<_, Infallible>(app.answer(request.map(Body::new)).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
}

/// A provider that says whatever a test wants.
pub(crate) struct Liar {
    port: u16,
    key: Ed25519KeyPair,
    shelf: Arc<Shelf>,
}

#[derive(Default)]
struct Shelf {
    answers: Mutex<HashMap<String, (u16, String)>>,
    asked: Mutex<Vec<String>>,
}

impl Liar {
    /// Starts one that is honest so far.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shelf = Arc::new(Shelf::default());
        let shelf_there = shelf.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_from(stream, shelf_there.clone()));
            }
        });
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
        let liar = Self { port, key, shelf };
        liar.say_of_itself(&json!({}));
        liar.publish("k1");
        liar
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The server under test, with this one as its provider.
    pub(crate) async fn before(&self, app: &App) -> App {
        let provider = settings(&self.issuer(), "bloom", Some("s:e c"));
        app.again(|options| options.openid = Some(provider)).await
    }

    /// Puts an answer at a path.
    pub(crate) fn put(&self, path: &str, status: u16, body: &str) {
        let answer = (status, body.to_owned());
        self.shelf.answers.lock().expect("a lock").insert(path.to_owned(), answer);
    }

    /// Its document, with some members changed, added, or (when null) left out.
    pub(crate) fn say_of_itself(&self, changes: &Value) {
        let at = |path: &str| format!("{}{path}", self.issuer());
        let document = json!({
            "issuer": self.issuer(), "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"), "jwks_uri": at("/jwks"),
            "userinfo_endpoint": at("/userinfo"),
            "authorization_response_iss_parameter_supported": true,
        });
        let document = changed(document, changes);
        self.put("/.well-known/openid-configuration", 200, &document.to_string());
    }

    /// Its key, under a name.
    pub(crate) fn publish(&self, name: &str) {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": name, "x": x });
        self.put("/jwks", 200, &json!({ "keys": [key] }).to_string());
    }

    /// What an honest one says of the person who was sent with a request, with some claims changed.
    pub(crate) fn claims(&self, url: &str, now: Timestamp, changes: &Value) -> Value {
        let now = now.unix_micros() / 1_000_000;
        let claims = json!({
            "iss": self.issuer(), "sub": "ada", "aud": "bloom", "iat": now, "exp": now + 300,
            "nonce": parameter(url, "nonce").expect("a nonce"), "email": "ada@example.com",
            "email_verified": true, "name": "Ada",
        });
        changed(claims, changes)
    }

    /// Signs claims under a header.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Gives an ID token for the next code.
    pub(crate) fn give(&self, id_token: &str) {
        let body = json!({ "access_token": "at-1", "token_type": "Bearer", "id_token": id_token });
        self.put("/token", 200, &body.to_string());
    }

    /// The same, honestly signed.
    pub(crate) fn tell(&self, url: &str, now: Timestamp, changes: &Value) {
        let header = json!({ "alg": "EdDSA", "kid": "k1" });
        self.give(&self.sign(&header, &self.claims(url, now, changes)));
    }

    /// The path with which a browser comes back that was sent with a request.
    pub(crate) fn back(&self, url: &str, changes: &[(&str, &str)]) -> String {
        let (state, issuer) = (parameter(url, "state").expect("a state"), self.issuer());
        let mut parameters = std::collections::BTreeMap::from([
            ("state", state.as_str()),
            ("code", "c-1"),
            ("iss", issuer.as_str()),
        ]);
        parameters.extend(changes.iter().copied());
        parameters.retain(|_, value| !value.is_empty());
        let pairs: Vec<_> = parameters.into_iter().collect();
        format!("/sign-in/openid/answer?{}", super::urlencoded(&pairs))
    }

    /// The requests to a path so far, as they came.
    pub(crate) fn asked(&self, path: &str) -> Vec<String> {
        let asked = self.shelf.asked.lock().expect("a lock");
        let begins = |head: &&String| head.split(' ').nth(1) == Some(path);
        asked.iter().filter(begins).cloned().collect()
    }
}

fn changed(mut value: Value, changes: &Value) -> Value {
    let members = value.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    members.retain(|_, value| !value.is_null());
    value
}

async fn answer_from(mut stream: TcpStream, shelf: Arc<Shelf>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    shelf.asked.lock().expect("a lock").push(head + &String::from_utf8_lossy(&body));
    let answer = shelf.answers.lock().expect("a lock").get(&path).cloned();
    let (status, body) = answer.unwrap_or((404, String::new()));
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes()).await;
    let _ = stream.shutdown().await;
}
