//! The world outside, as far as brands go: sites with hosts of their own, asked by the real fetcher.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bloom_outside::fetch::{FetchSettings, GuardedFetcher};
use bloom_service::fetch::{Fetched, Fetcher, Fetching, Wanted};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::App;

/// A logo that is one colour.
pub(crate) const GREEN_LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 20\">\
    <rect width=\"40\" height=\"20\" fill=\"#1f4d3a\"/></svg>";

const SITES: [(&str, &str, &str); 6] = [
    (
        "www.northwind.example/",
        "text/html; charset=utf-8",
        include_str!("../../../../studio/tests/sites/coffee.html"),
    ),
    (
        "www.northwind.example/css/site.css",
        "text/css",
        include_str!("../../../../studio/tests/sites/coffee.css"),
    ),
    ("www.northwind.example/img/northwind-mark.svg", "image/svg+xml", GREEN_LOGO),
    ("kobalt.example/", "text/html", include_str!("../../../../studio/tests/sites/cloud.html")),
    (
        "cdn.example.net/app.css",
        "text/css",
        include_str!("../../../../studio/tests/sites/cloud.css"),
    ),
    ("app.example/", "text/html", include_str!("../../../../studio/tests/sites/empty.html")),
];

/// Some sites.
pub(crate) struct Sites {
    guarded: GuardedFetcher,
    port: u16,
    shelf: Arc<Shelf>,
    /// The longest that anything is waited for, whatever whoever asks would wait.
    patience: Mutex<Duration>,
}

/// The longest that anybody may want to wait for a site.
const LONGEST: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Shelf {
    answers: Mutex<HashMap<String, Sent>>,
    asked: AtomicUsize,
}

/// What is sent to whoever asks.
#[derive(Clone)]
enum Sent {
    Whole(Vec<u8>),
    /// This, and spaces without an end, as fast as they are taken.
    Endless(Vec<u8>),
    /// This, and a space now and then.
    Slowly(Vec<u8>),
}

impl Sites {
    /// The three sites that were written for the tests.
    pub(crate) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shelf = Arc::new(Shelf::default());
        tokio::spawn(serve(listener, shelf.clone()));
        let settings =
            FetchSettings { own_host: String::new(), allow_private: true, extra_roots: vec![] };
        let guarded = GuardedFetcher::new(settings).expect("TLS");
        let sites = Arc::new(Self { guarded, port, shelf, patience: Mutex::new(LONGEST) });
        for (place, kind, body) in SITES {
            sites.put(place, kind, body);
        }
        sites
    }

    /// Puts something at a host and path.
    pub(crate) fn put(&self, place: &str, kind: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.put_answer(place, [head.as_bytes(), body].concat());
    }

    /// Puts a whole answer there.
    pub(crate) fn put_answer(&self, place: &str, answer: Vec<u8>) {
        self.send(place, Sent::Whole(answer));
    }

    /// Puts something there that does not say how long it is, and has no end.
    pub(crate) fn put_endless(&self, place: &str, kind: &str) {
        self.send(place, Sent::Endless(unmeasured(kind)));
    }

    /// The same, of which a byte comes now and then.
    pub(crate) fn put_slow(&self, place: &str, kind: &str) {
        self.send(place, Sent::Slowly(unmeasured(kind)));
    }

    fn send(&self, place: &str, sent: Sent) {
        self.shelf.answers.lock().expect("a lock").insert(format!("/{place}"), sent);
    }

    /// From now on nothing is waited for longer than this.
    pub(crate) fn wait_at_most(&self, patience: Duration) {
        *self.patience.lock().expect("a lock") = patience;
    }

    /// Leads from one place to another of the same host.
    pub(crate) fn lead(&self, from: &str, to: &str) {
        let answer = format!("HTTP/1.1 302 Found\r\nlocation: /{to}\r\ncontent-length: 0\r\n\r\n");
        self.put_answer(from, answer.into_bytes());
    }

    /// How many requests there were.
    pub(crate) fn asked(&self) -> usize {
        self.shelf.asked.load(Ordering::SeqCst)
    }
}

impl App {
    /// The same server in a world of sites.
    pub(crate) async fn among(&self, sites: &Arc<Sites>) -> Self {
        let sites: Arc<dyn Fetcher> = sites.clone();
        self.again(|options| options.fetcher = Some(sites)).await
    }

    /// Does all jobs that are due.
    pub(crate) async fn do_jobs(&self) {
        let service = self.shared_service();
        bloom_service::jobs::worker::once(&service).await.expect("jobs are looked at");
    }
}

impl Fetcher for Sites {
    fn fetch<'a>(&'a self, wanted: &'a Wanted<'a>) -> Fetching<'a> {
        Box::pin(async move {
            let (_, place) = wanted.url.split_once("://").expect("a scheme");
            let here = format!("http://127.0.0.1:{}/", self.port);
            let url = format!("{here}{place}");
            assert!(wanted.deadline <= LONGEST, "nobody waits so long: {wanted:?}");
            let deadline = wanted.deadline.min(*self.patience.lock().expect("a lock"));
            let fetched = self.guarded.fetch(&Wanted { url: &url, deadline, ..*wanted }).await?;
            let place = fetched.url.strip_prefix(&here).expect("it stayed here");
            Ok(Fetched { url: format!("https://{place}"), ..fetched })
        })
    }
}

async fn serve(listener: TcpListener, shelf: Arc<Shelf>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let shelf = shelf.clone();
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { return };
                head.push(byte);
            }
            shelf.asked.fetch_add(1, Ordering::SeqCst);
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let answer = shelf.answers.lock().expect("a lock").get(path).cloned();
            let nothing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec();
            let _ = give(&mut stream, answer.unwrap_or(Sent::Whole(nothing))).await;
            let _ = stream.shutdown().await;
        });
    }
}

/// The head of an answer that does not say how long it is.
fn unmeasured(kind: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n").into_bytes()
}

/// Ends when there is no more, or nobody listens.
async fn give(stream: &mut TcpStream, sent: Sent) -> std::io::Result<()> {
    match sent {
        Sent::Whole(bytes) => stream.write_all(&bytes).await,
        Sent::Endless(head) => {
            stream.write_all(&head).await?;
            let spaces = vec![b' '; 64 * 1024];
            loop {
                stream.write_all(&spaces).await?;
            }
        }
        Sent::Slowly(head) => {
            stream.write_all(&head).await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
