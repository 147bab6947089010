//! The fetcher against a server of ours that behaves in every bad way there is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bloom_service::fetch::Along;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::*;

const ROOT: &[u8] = include_bytes!("../../testing/root.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../testing/server.pem");
const KEY: &[u8] = include_bytes!("../../testing/server.key.pem");
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server of documents; how many connections it had.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from_pem_slice(KEY).unwrap());
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = answer(stream, port).await;
                    }
                });
            }
        });
        Self { port, connections }
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn answer(
    mut stream: tokio_rustls::server::TlsStream<TcpStream>,
    port: u16,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
    let mut posted = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut posted).await?;
    let head = head + &String::from_utf8_lossy(&posted);
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n";
    let body = |body: &str| format!("{json}content-length: {}\r\n\r\n{body}", body.len());
    let to = |place: &str| {
        format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n")
    };
    let text = match path.as_str() {
        "/good" => body("{}").replace("\r\n\r\n", "\r\ncache-control: max-age=60\r\n\r\n"),
        "/head" => body(&serde_json_escape(&head)),
        "/once" => to("/good"),
        "/twice" => to("/once"),
        "/round" => to("/round"),
        path if path.starts_with("/to/") => to(&path["/to/".len()..]),
        "/plainly" => to(&format!("http://localhost:{port}/good")),
        "/html" => body("{}").replace("application/json", "text/html"),
        "/untyped" => body("{}").replace("content-type: application/json; charset=utf-8\r\n", ""),
        "/zipped" => body("{}").replace("content-type", "content-encoding: gzip\r\ncontent-type"),
        "/announced" => format!("{json}content-length: 1000000000\r\n\r\n"),
        "/gone" => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/cut" => format!("{json}content-length: 10\r\n\r\n{{"),
        "/headers" => format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(10_000)),
        "/endless" => {
            stream.write_all(format!("{json}\r\n").as_bytes()).await?;
            loop {
                stream.write_all(&[b' '; 1024]).await?;
            }
        }
        "/drip" => {
            stream.write_all(format!("{json}\r\n").as_bytes()).await?;
            loop {
                stream.write_all(b" ").await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        _ => return std::future::pending().await,
    };
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

fn serde_json_escape(text: &str) -> String {
    text.replace("\r\n", "|")
}

fn settings(allow_private: bool) -> FetchSettings {
    FetchSettings {
        own_host: "bloom.example".into(),
        allow_private,
        extra_roots: vec![CertificateDer::from_pem_slice(ROOT).unwrap()],
    }
}

fn opened() -> GuardedFetcher {
    GuardedFetcher::new(settings(true)).unwrap()
}

/// Says which addresses a name has.
type LookUp = Box<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// What names mean in a test, and where the public network is.
pub(super) struct World {
    look_up: LookUp,
    /// What every public address leads to.
    public: SocketAddr,
    /// The addresses that were connected to.
    connected: Arc<Mutex<Vec<SocketAddr>>>,
}

impl World {
    pub(super) fn look_up(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        (self.look_up)(host).into_iter().map(|address| (address, port).into()).collect()
    }

    /// Where a connection to an address really goes.
    pub(super) fn lies_at(&self, address: SocketAddr) -> SocketAddr {
        self.connected.lock().unwrap().push(address);
        if address::is_public(address.ip()) { self.public } else { address }
    }
}

/// A guarded one, for which every name has these addresses; says how often one was asked for.
fn naming(allow_private: bool, addresses: &[IpAddr]) -> (GuardedFetcher, Arc<AtomicUsize>) {
    let (addresses, asked) = (addresses.to_vec(), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    let look_up = move |_: &str| {
        // The second time it is another one: that is what rebinding is.
        let rebound = count.fetch_add(1, Ordering::SeqCst) > 0;
        if rebound { vec!["10.0.0.1".parse().unwrap()] } else { addresses.clone() }
    };
    let nowhere = (HERE, 9).into();
    (before(nowhere, allow_private, look_up).0, asked)
}

/// One before a public network that is all at one address; and what it connects to.
fn before(
    public: SocketAddr,
    allow_private: bool,
    look_up: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static,
) -> (GuardedFetcher, Arc<Mutex<Vec<SocketAddr>>>) {
    let connected = Arc::new(Mutex::new(Vec::new()));
    let world = World { look_up: Box::new(look_up), public, connected: connected.clone() };
    let fetcher = GuardedFetcher::new(settings(allow_private)).unwrap();
    (GuardedFetcher { net: Net::Fixed(world), ..fetcher }, connected)
}

fn wanted(url: &str) -> Wanted<'_> {
    Wanted {
        url,
        may_be_plain: false,
        redirects: 0,
        types: &["application/json"],
        max_bytes: 5_120,
        deadline: Duration::from_secs(2),
        along: Along::default(),
    }
}

fn far(url: &str, redirects: usize) -> Wanted<'_> {
    Wanted { redirects, ..wanted(url) }
}

#[tokio::test]
async fn a_document_is_fetched_with_what_may_be_known_of_us() {
    let (server, fetcher) = (Server::start().await, opened());
    let fetched = fetcher.fetch(&wanted(&server.url("/good"))).await.unwrap();
    assert_eq!(
        (fetched.body.as_slice(), fetched.media_type.as_str()),
        (&b"{}"[..], "application/json")
    );
    assert_eq!(fetched.max_age, Some(Duration::from_secs(60)));
    let head = fetcher.fetch(&wanted(&server.url("/head"))).await.unwrap().body;
    let head = String::from_utf8(head).unwrap().to_lowercase();
    for line in ["get /head http/1.1", "user-agent: bloom/", "accept: application/json"] {
        assert!(head.contains(line), "{head}");
    }
    for line in ["cookie", "referer", "authorization", "accept-encoding", "forwarded"] {
        assert!(!head.contains(line), "{head}");
    }
}

#[tokio::test]
async fn what_is_too_large_too_slow_or_of_another_kind_is_not_taken() {
    let (server, fetcher) = (Server::start().await, opened());
    for (path, error) in [
        ("/announced", FetchError::TooLarge),
        ("/endless", FetchError::TooLarge),
        ("/html", FetchError::Type),
        ("/untyped", FetchError::Type),
        ("/zipped", FetchError::Type),
        ("/gone", FetchError::Status(404)),
    ] {
        assert_eq!(fetcher.fetch(&wanted(&server.url(path))).await, Err(error), "{path}");
    }
    for path in ["/cut", "/headers"] {
        let outcome = fetcher.fetch(&wanted(&server.url(path))).await;
        assert!(matches!(outcome, Err(FetchError::Unreachable(_))), "{path}: {outcome:?}");
    }
    // One deadline for all of it, however steadily something comes, or nothing does.
    for path in ["/drip", "/silence"] {
        let (url, began) = (server.url(path), Instant::now());
        let wanted = Wanted { deadline: Duration::from_millis(300), ..wanted(&url) };
        assert_eq!(fetcher.fetch(&wanted).await, Err(FetchError::TooSlow), "{path}");
        assert!(began.elapsed() < Duration::from_secs(2), "{path}");
    }
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_was_asked_and_checked_like_the_first() {
    let (server, fetcher) = (Server::start().await, opened());
    for (path, redirects, is_found) in [
        ("/once", 0, false),
        ("/once", 1, true),
        ("/twice", 1, false),
        ("/twice", 3, true),
        ("/round", 3, false),
    ] {
        let before = server.count();
        let url = server.url(path);
        let outcome = fetcher.fetch(&far(&url, redirects)).await;
        assert_eq!(outcome.is_ok(), is_found, "{path} {redirects}: {outcome:?}");
        assert!(is_found || outcome == Err(FetchError::Redirect), "{path}: {outcome:?}");
        assert!(server.count() - before <= redirects + 1);
    }
    let plainly = server.url("/plainly");
    let plain = Wanted { may_be_plain: true, ..far(&plainly, 3) };
    assert_eq!(fetcher.fetch(&plain).await, Err(FetchError::Redirect), "never from https to http");
}

/// With the guard on, and a first step that is let through: every later one is looked at like it.
#[tokio::test]
async fn a_redirect_from_the_public_network_leads_nowhere_inside() {
    let server = Server::start().await;
    let outside: IpAddr = "8.8.8.8".parse().unwrap();
    let inside: IpAddr = "10.0.0.1".parse().unwrap();
    let (fetcher, connected) = before((HERE, server.port).into(), false, move |host| match host {
        "client.example" => vec![outside],
        "mixed.example" => vec![outside, inside],
        "mapped.example" => vec!["::ffff:127.0.0.1".parse().unwrap()],
        "unknown.example" => vec![],
        _ => vec![inside],
    });
    let from = |place: &str| format!("https://client.example/to/{place}");
    let public = (outside, 443).into();
    for (place, error) in [
        ("https://inside.example/good", FetchError::Address),
        ("https://mixed.example/good", FetchError::Address),
        ("https://unknown.example/good", FetchError::Address),
        ("https://mapped.example/good", FetchError::Address),
        ("https://bloom.example/good", FetchError::Address),
        ("https://169.254.169.254/latest/meta-data", FetchError::Url(target::NO_NAME)),
        ("https://127.0.0.1/good", FetchError::Url(target::NO_NAME)),
        ("https://[::1]/good", FetchError::Url(target::NO_NAME)),
        ("https://localhost/good", FetchError::Url(target::NO_NAME)),
    ] {
        let outcome = fetcher.fetch(&far(&from(place), 3)).await;
        assert_eq!(outcome, Err(error), "{place}");
        assert_eq!(std::mem::take(&mut *connected.lock().unwrap()), [public], "{place}");
    }
    // Where it leads on in public, it is followed.
    let fetched = fetcher.fetch(&far(&from("https://client.example/good"), 3)).await.unwrap();
    assert_eq!(
        (fetched.url.as_str(), connected.lock().unwrap().len()),
        ("https://client.example/good", 2)
    );
}

/// A name that leads inside only when it is asked for the second time, for which a redirect to itself is enough.
#[tokio::test]
async fn a_name_that_is_rebound_before_a_redirect_is_not_followed_inside() {
    let server = Server::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let (fetcher, connected) = before((HERE, server.port).into(), false, move |_| {
        let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
        vec![if is_first { "8.8.8.8" } else { "127.0.0.1" }.parse().unwrap()]
    });
    let outcome = fetcher.fetch(&far("https://client.example/once", 3)).await;
    assert_eq!(outcome, Err(FetchError::Address));
    assert_eq!((asked.load(Ordering::SeqCst), server.count()), (2, 1));
    assert_eq!(*connected.lock().unwrap(), ["8.8.8.8:443".parse().unwrap()]);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_followed_there() {
    for addresses in [
        vec!["127.0.0.1"],
        vec!["169.254.169.254"],
        vec!["8.8.8.8", "10.1.2.3"],
        vec!["::ffff:127.0.0.1"],
        vec!["64:ff9b::7f00:1"],
        vec!["2002:7f00:1::"],
    ] {
        let addresses: Vec<IpAddr> =
            addresses.into_iter().map(|address| address.parse().unwrap()).collect();
        let (guarded, asked) = naming(false, &addresses);
        let outcome = guarded.fetch(&wanted("https://client.example/good")).await;
        assert_eq!(outcome, Err(FetchError::Address), "{addresses:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
    let (guarded, asked) = naming(false, &[HERE]);
    for url in ["https://127.0.0.1/", "https://localhost/", "http://client.example/"] {
        assert!(matches!(guarded.fetch(&wanted(url)).await, Err(FetchError::Url(_))), "{url}");
    }
    let own = guarded.fetch(&wanted("https://BLOOM.example/")).await;
    assert_eq!(own, Err(FetchError::Address), "its own host");
    assert_eq!(asked.load(Ordering::SeqCst), 0, "not even looked up");
}

#[tokio::test]
async fn what_goes_along_arrives_and_goes_nowhere_else() {
    let (server, fetcher) = (Server::start().await, opened());
    let along = Along { authorization: Some("Basic eDp5"), form: Some("code=a%2Bb") };
    let url = server.url("/head");
    let head = fetcher.fetch(&Wanted { along, ..wanted(&url) }).await.unwrap().body;
    let head = String::from_utf8(head).unwrap().to_lowercase();
    for part in [
        "post /head http/1.1",
        "authorization: basic edp5",
        "content-type: application/x-www-form-urlencoded",
        "content-length: 10",
        "code=a%2bb",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let before = server.count();
    let url = server.url("/once");
    let outcome = fetcher.fetch(&Wanted { along, ..far(&url, 3) }).await;
    assert_eq!((outcome, server.count() - before), (Err(FetchError::Redirect), 1));
    assert_eq!(format!("{along:?}"), "secrets");
}

/// A name is looked up once, and the connection goes where that said, whatever the name says later.
#[tokio::test]
async fn a_name_that_changes_its_mind_changes_nothing() {
    let server = Server::start().await;
    let (fetcher, asked) = naming(true, &[HERE]);
    let url = format!("https://client.example:{}/good", server.port);
    assert!(fetcher.fetch(&wanted(&url)).await.is_ok());
    assert_eq!((asked.load(Ordering::SeqCst), server.count()), (1, 1));
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_of_that_name() {
    let server = Server::start().await;
    let distrusting = FetchSettings { extra_roots: Vec::new(), ..settings(true) };
    let distrusting = GuardedFetcher::new(distrusting).unwrap();
    let outcome = distrusting.fetch(&wanted(&server.url("/good"))).await;
    assert!(matches!(outcome, Err(FetchError::Unreachable(_))), "{outcome:?}");
    let (fetcher, _) = naming(true, &[HERE]);
    let url = format!("https://other.example:{}/good", server.port);
    let outcome = fetcher.fetch(&wanted(&url)).await;
    assert!(matches!(outcome, Err(FetchError::Unreachable(_))), "{outcome:?}");
}

#[tokio::test]
async fn only_so_many_are_fetched_at_once() {
    let (server, fetcher) = (Server::start().await, opened());
    let url = server.url("/silence");
    let wanted = Wanted { deadline: Duration::from_millis(500), ..wanted(&url) };
    let all =
        futures_util::future::join_all((0..AT_ONCE + 4).map(|_| fetcher.fetch(&wanted))).await;
    let busy = all.iter().filter(|outcome| **outcome == Err(FetchError::Busy)).count();
    assert_eq!(busy, 4, "{all:?}");
}
