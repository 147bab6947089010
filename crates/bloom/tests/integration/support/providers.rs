//! Somebody else's engine: a server that answers over HTTP as a test lays it out, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bloom_domain::images::Model;
use bloom_outside::engines::{ApiKind, EngineKey, EngineSettings, SizeField, engine};
use bloom_service::engines::Engines;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::App;

/// The key by which engines know the server in tests.
pub(crate) const KEY: &str = "sk-of-the-operator";

/// What is answered to one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// This, whole.
    Whole(Vec<u8>),
    /// This, as soon as [`Provider::release`] is called.
    Held(Vec<u8>),
    /// Bytes without an end.
    Endless,
    /// Nothing.
    Silence,
}

/// What it was asked.
#[derive(Clone)]
pub(crate) struct Asked {
    /// Method and path.
    pub(crate) what: String,
    /// Headers, in small letters.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Such an engine.
pub(crate) struct Provider {
    address: SocketAddr,
    shelf: Arc<Shelf>,
}

#[derive(Default)]
struct Shelf {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
    released: Notify,
}

/// A status with a body in JSON.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    json_with(status, "", body)
}

/// A status with a body in JSON, and a header more.
pub(crate) fn json_with(status: u16, header: &str, body: &str) -> Reply {
    let end = if header.is_empty() { "" } else { "\r\n" };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{header}{end}content-length: {}\r\n\r\n",
        body.len()
    );
    Reply::Whole([head.as_bytes(), body.as_bytes()].concat())
}

impl Provider {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shelf = Arc::new(Shelf::default());
        tokio::spawn(serve(listener, shelf.clone()));
        Arc::new(Self { address, shelf })
    }

    /// Where something of it lies.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it answers next, after what was laid out before. With nothing laid out it breaks off.
    pub(crate) fn answers(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shelf.replies.lock().expect("a lock").extend(replies);
    }

    /// Lets one go that is held.
    pub(crate) fn release(&self) {
        self.shelf.released.notify_one();
    }

    /// What it was asked since the last time.
    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.shelf.asked.lock().expect("a lock"))
    }

    /// How an operator would configure it.
    pub(crate) fn settings(&self, api: ApiKind) -> EngineSettings {
        EngineSettings {
            name: "photo".to_owned(),
            api,
            url: self.url("/v1"),
            model: "painter-2".to_owned(),
            key: Some(EngineKey::new(KEY.to_owned())),
            quality: None,
            response_format: None,
            // Small ones, so that a test takes no time.
            sizes: vec![(512, 220), (256, 256)],
            takes_pictures: true,
            edit_model: None,
            picture_field: None,
            size_field: SizeField::default(),
            input: serde_json::Map::new(),
            patience: Duration::from_secs(20),
        }
    }
}

impl App {
    /// The same server, with an engine that draws what is asked for as `pro`.
    pub(crate) async fn with_engine(&self, settings: EngineSettings) -> Self {
        let name = settings.name.clone();
        let engine = engine(settings, &[]).expect("an engine");
        let engines = Engines::new(vec![engine]).drawing(Model::Pro, &name);
        self.again(|options| options.engines = engines).await
    }
}

async fn serve(listener: TcpListener, shelf: Arc<Shelf>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, shelf.clone()));
    }
}

async fn answer(mut stream: TcpStream, shelf: Arc<Shelf>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let what = head.split(" http/").next().unwrap_or_default().to_owned();
    shelf.asked.lock().expect("a lock").push(Asked { what, head, body });
    let reply = shelf.replies.lock().expect("a lock").pop_front();
    match reply {
        None => {}
        Some(Reply::Whole(bytes)) => {
            let _ = stream.write_all(&bytes).await;
        }
        Some(Reply::Held(bytes)) => {
            shelf.released.notified().await;
            let _ = stream.write_all(&bytes).await;
        }
        Some(Reply::Endless) => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"data\":[{\"b64_json\":\"").await;
            let some = vec![b'A'; 1 << 20];
            while stream.write_all(&some).await.is_ok() {}
        }
        // Until whoever asked goes away.
        Some(Reply::Silence) => drop(stream.read_u8().await),
    }
    let _ = stream.shutdown().await;
}
