//! The world outside, as far as client documents go: every name in it is a server here, that is asked by
//! the real fetcher, over TLS.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bloom_outside::fetch::{FetchSettings, GuardedFetcher};
use bloom_service::fetch::{Fetcher, Fetching, Wanted};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::App;
use super::oauth::OAuthClient;
use crate::tls::acceptor;

const ROOT: &[u8] = include_bytes!("../../../../outside/testing/root.pem");

/// A site of documents.
pub(crate) const SITE: &str = "https://client.example";

/// The world.
pub(crate) struct World {
    guarded: GuardedFetcher,
    port: u16,
    shelf: Arc<Shelf>,
}

/// What lies where, as whole answers, and how often something was asked for.
#[derive(Default)]
struct Shelf {
    answers: Mutex<HashMap<String, Vec<u8>>>,
    asked: AtomicUsize,
}

impl World {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shelf = Arc::new(Shelf::default());
        tokio::spawn(serve(listener, acceptor(), shelf.clone()));
        let extra_roots = vec![CertificateDer::from_pem_slice(ROOT).expect("a root")];
        let settings = FetchSettings { own_host: String::new(), allow_private: true, extra_roots };
        let guarded = GuardedFetcher::new(settings).expect("TLS");
        Arc::new(Self { guarded, port, shelf })
    }

    /// How many requests there were.
    pub(crate) fn asked(&self) -> usize {
        self.shelf.asked.load(Ordering::SeqCst)
    }

    /// Puts a whole answer at a path.
    pub(crate) fn put(&self, path: &str, answer: impl Into<Vec<u8>>) {
        self.shelf.answers.lock().expect("a lock").insert(path.to_owned(), answer.into());
    }

    /// Answers nothing at a path, for as long as somebody waits.
    pub(crate) fn never_answer(&self, path: &str) {
        self.put(path, Vec::new());
    }

    /// Puts a document at a path, with more headers.
    pub(crate) fn put_document(&self, path: &str, document: &Value, headers: &str) {
        let body = document.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n",
            body.len()
        );
        self.put(path, head + &body);
    }

    /// A client whose document lies at a path of the site.
    pub(crate) fn client(&self, app: &App, path: &str, changes: &Value) -> OAuthClient {
        let document = document(path, changes);
        self.put_document(path, &document, "");
        let redirect_uri = document["redirect_uris"][0].as_str().expect("a URI").to_owned();
        OAuthClient { app: app.clone(), id: format!("{SITE}{path}"), redirect_uri }
    }
}

/// The document of a client at a path of the site, with some members changed, added, or (when null) left
/// out.
pub(crate) fn document(path: &str, changes: &Value) -> Value {
    let mut document = json!({
        "client_id": format!("{SITE}{path}"),
        "client_name": "Documented App",
        "redirect_uris": [format!("{SITE}/callback")],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    let members = document.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    members.retain(|_, value| !value.is_null());
    document
}

impl Fetcher for World {
    fn fetch<'a>(&'a self, wanted: &'a Wanted<'a>) -> Fetching<'a> {
        Box::pin(async move {
            let (_, rest) = wanted.url.split_once("://").expect("a scheme");
            let path = rest.find('/').map_or("", |slash| &rest[slash..]);
            let url = format!("https://localhost:{}{path}", self.port);
            self.guarded.fetch(&Wanted { url: &url, ..*wanted }).await
        })
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, shelf: Arc<Shelf>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shelf) = (acceptor.clone(), shelf.clone());
        tokio::spawn(async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { return };
                head.push(byte);
            }
            shelf.asked.fetch_add(1, Ordering::SeqCst);
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let answer = shelf.answers.lock().expect("a lock").get(path).cloned();
            if answer.as_ref().is_some_and(Vec::is_empty) {
                // Until whoever asks goes away.
                let _ = stream.read_u8().await;
                return;
            }
            let nothing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec();
            let _ = stream.write_all(&answer.unwrap_or(nothing)).await;
            let _ = stream.shutdown().await;
        });
    }
}
