//! The app with its levers: clock, database, settings, and the operator's verbs.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, request::Builder};
use bloom_domain::accounts::SignUpPolicy;
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_domain::time::Timestamp;
use bloom_http::{Edge, Site};
use bloom_outside::blobs::StoredBlobs;
use bloom_outside::mail::{Outbox, Sender};
use bloom_service::attempts::AttemptLimits;
use bloom_service::blobs::Blobs;
use bloom_service::clock::{Clock, ManualClock};
use bloom_service::engines::Engines;
use bloom_service::entropy::Entropy;
use bloom_service::fetch::Fetcher;
use bloom_service::leaks::ScannerKeys;
use bloom_service::mail::{Mailer, worker};
use bloom_service::openid::ProviderSettings;
use bloom_service::plans::Billing;
use bloom_service::rate_limit::RateLimits;
use bloom_service::root_secret::{RootSecret, RootSecrets};
use bloom_service::service::OpenError;
use bloom_service::{Operator, Service, Settings};
use bloom_store::Store;
use bloom_store::testing::TestDatabase;
use tempfile::TempDir;

use super::{Answer, Browser};

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);
/// Where its requests come from.
pub(crate) const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
/// A host that is not the server's.
pub(crate) const OTHER_PLACE: &str = "evil.example";

/// What the operator configured.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) public_url: &'static str,
    pub(crate) sign_up: SignUpPolicy,
    pub(crate) rate_limits: RateLimits,
    /// Off unless a test is about them: everybody in a test comes from one address.
    pub(crate) attempts: AttemptLimits,
    pub(crate) trusted_proxies: usize,
    pub(crate) secrets: RootSecrets,
    pub(crate) max_clients: i64,
    pub(crate) refresh_replay_window: Duration,
    pub(crate) max_grant_lifetime: Option<Duration>,
    /// What takes mails, instead of the outbox.
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
    pub(crate) billing: Option<Arc<Billing>>,
    pub(crate) scanner_keys: Option<ScannerKeys>,
    pub(crate) storage_quota: Option<i64>,
    /// The OpenID provider, which is asked by a fetcher of its own.
    pub(crate) openid: Option<ProviderSettings>,
    /// What fetches documents; without one nothing is fetched.
    pub(crate) fetcher: Option<Arc<dyn Fetcher>>,
    /// Where images and logos are, if that is another place.
    pub(crate) files_origin: Option<&'static str>,
    /// Who draws besides the server.
    pub(crate) engines: Engines,
    /// What stands before the folder of files.
    pub(crate) before_files: Option<BeforeFiles>,
}

/// Puts something before the folder of files.
type BeforeFiles = fn(Arc<dyn Blobs>) -> Arc<dyn Blobs>;

/// A running Bloom. Clones are the same one.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

struct Parts {
    edge: Edge,
    service: Arc<Service>,
    clock: ManualClock,
    entropy: Entropy,
    options: Options,
    place: Arc<TempDir>,
    /// Last, because it goes away when it is dropped, and the service must be gone by then.
    database: Arc<TestDatabase>,
}

impl App {
    /// Starts over an empty database: on localhost, open to everybody, with the usual limit.
    pub(crate) async fn open(database: TestDatabase) -> Self {
        let options = Options {
            public_url: "http://localhost:4600",
            sign_up: SignUpPolicy::Open,
            rate_limits: RateLimits::STANDARD,
            attempts: AttemptLimits::OFF,
            max_clients: 100,
            refresh_replay_window: Duration::from_secs(60),
            max_grant_lifetime: None,
            mailer: None,
            billing: None,
            scanner_keys: None,
            storage_quota: None,
            openid: None,
            fetcher: None,
            engines: Engines::default(),
            before_files: None,
            files_origin: None,
            trusted_proxies: 0,
            secrets: RootSecrets { current: RootSecret::new([1; 32]), previous: Vec::new() },
        };
        let place = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let (clock, entropy) = (ManualClock::at(START), Entropy::seeded(1));
        let started = Self::start(Arc::new(database), place, options, clock, entropy);
        started.await.expect("it starts")
    }

    /// Another process over the same database: the same secrets and clock, and nothing in memory.
    pub(crate) async fn again(&self, change: impl FnOnce(&mut Options)) -> Self {
        self.try_again(change).await.expect("it starts again")
    }

    pub(crate) async fn try_again(
        &self,
        change: impl FnOnce(&mut Options),
    ) -> Result<Self, OpenError> {
        let mut options = self.0.options.clone();
        change(&mut options);
        let (database, clock) = (self.0.database.clone(), self.0.clock.clone());
        // The same stream goes on: two processes never draw the same bytes.
        let place = self.0.place.clone();
        Self::start(database, place, options, clock, self.0.entropy.clone()).await
    }

    async fn start(
        database: Arc<TestDatabase>,
        place: Arc<TempDir>,
        options: Options,
        clock: ManualClock,
        entropy: Entropy,
    ) -> Result<Self, OpenError> {
        let store = Store::open(database.database(), clock.now()).expect("the database opens");
        let settings = Settings {
            sign_up: options.sign_up,
            rate_limits: options.rate_limits,
            attempts: options.attempts,
            max_clients: options.max_clients,
            refresh_replay_window: options.refresh_replay_window,
            max_grant_lifetime: options.max_grant_lifetime,
            billing: options.billing.clone(),
            scanner_keys: options.scanner_keys.clone(),
            storage_quota: options.storage_quota,
            files_origin: options.files_origin.map(str::to_owned),
            openid: options.openid.clone().map(Arc::new),
            ..Settings::at(options.public_url)
        };
        let manual = Clock::Manual(clock.clone());
        let mailer = options.mailer.clone().unwrap_or_else(|| {
            let from = Sender::parse("bloom@example.com").expect("an address");
            Arc::new(Outbox::new(place.path().join("outbox"), from))
        });
        let opened =
            Service::open(store, &options.secrets, settings, manual, entropy.clone(), mailer);
        let files = place.path().join("files");
        std::fs::create_dir_all(&files).expect("a folder for files");
        let blobs: Arc<dyn Blobs> = Arc::new(StoredBlobs::in_folder(&files).expect("it is there"));
        let blobs = options.before_files.map_or(blobs.clone(), |before| before(blobs));
        let service = opened.await?.storing(blobs);
        let service = service.drawing_with(options.engines.clone());
        let service = match &options.openid {
            Some(_) => service.asking_provider(super::provider::fetcher()),
            None => service,
        };
        let service = Arc::new(match &options.fetcher {
            Some(fetcher) => service.fetching(fetcher.clone()),
            None => service,
        });
        let site = Site::new(options.public_url, options.trusted_proxies).expect("a public URL");
        let site = match options.files_origin {
            None => site,
            Some(files) => site.with_files_at(files).expect("another place"),
        };
        let edge = Edge::new(service.clone(), site).expect("an edge");
        Ok(Self(Arc::new(Parts { edge, service, clock, entropy, options, place, database })))
    }

    pub(crate) fn service(&self) -> &Service {
        &self.0.service
    }

    /// Where mails are written to.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.0.place.path().join("outbox")
    }

    /// Where the bytes of images lie.
    pub(crate) fn files(&self) -> PathBuf {
        self.0.place.path().join("files")
    }

    /// What the worker does when it is woken.
    pub(crate) async fn deliver_mails(&self) {
        worker::once(&self.0.service).await.expect("mails are looked at");
    }

    /// Delivers what waits and takes every mail out of the outbox: headers and text as a reader sees them.
    pub(crate) async fn take_mails(&self) -> Vec<String> {
        self.deliver_mails().await;
        let Ok(files) = std::fs::read_dir(self.outbox()) else { return Vec::new() };
        let paths: std::collections::BTreeSet<_> =
            files.map(|file| file.expect("a file").path()).collect();
        let read = |path: PathBuf| {
            let mail = std::fs::read_to_string(&path).expect("a mail");
            std::fs::remove_file(path).expect("it is there");
            mail.replace("=\r\n", "").replace("=3D", "=").replace("\r\n", "\n")
        };
        paths.into_iter().map(read).collect()
    }

    /// The one mail that was written to an address since the last time.
    pub(crate) async fn take_mail(&self, to: &str) -> String {
        let mails = self.take_mails().await;
        let mut to_them = mails.iter().filter(|mail| mail.contains(&format!("To: {to}\n")));
        let mail = to_them.next().unwrap_or_else(|| panic!("no mail to {to}: {mails:?}"));
        assert!(to_them.next().is_none(), "several mails to {to}: {mails:?}");
        mail.clone()
    }

    /// Runs the worker itself, until it is told to stop.
    pub(crate) fn mail_worker(
        &self,
        stop: tokio::sync::watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        worker::run(self.0.service.clone(), stop)
    }

    /// The verbs, for what runs beside them.
    pub(crate) fn shared_service(&self) -> Arc<Service> {
        self.0.service.clone()
    }

    pub(crate) fn operator(&self) -> Operator {
        Operator::at_the_command_line()
    }

    pub(crate) fn database(&self) -> &TestDatabase {
        &self.0.database
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    /// What a browser writes into `Host`.
    pub(crate) fn host(&self) -> &'static str {
        self.0.options.public_url.split_once("://").expect("a scheme").1
    }

    pub(crate) fn advance(&self, span: Duration) {
        self.0.clock.advance(span);
    }

    pub(crate) fn set_back(&self, span: Duration) {
        self.0.clock.set_back(span);
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.answer(request).await).await
    }

    /// Answers a request that came over a connection. One that names no host came by HTTP/2, which can do without.
    pub(crate) async fn answer(&self, mut request: Request<Body>) -> axum::response::Response {
        if !request.headers().contains_key("host") {
            *request.version_mut() = axum::http::Version::HTTP_2;
        }
        Box::pin(self.0.edge.answer(request, Some(PEER))).await
    }

    /// Sends any bytes.
    pub(crate) async fn post_bytes(
        &self,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send_bytes("POST", path, body, headers).await
    }

    /// Sends any bytes by any method.
    pub(crate) async fn send_bytes(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = with_headers(Request::builder().method(method).uri(path), headers);
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// Asks for something under `/api` with a token.
    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Answer {
        self.get(path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// Sends a request without a body.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = with_headers(Request::builder().method(method).uri(path), headers);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Asks for something under `/api`.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request("GET", path, headers).await
    }

    /// Asks for the account of a key: the shortest way to see whether the key is good.
    pub(crate) async fn account(&self, key: &str) -> Answer {
        self.get("/api/v1/account", &[("x-api-key", key)]).await
    }

    /// A browser that has never been here.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.clone())
    }

    /// A browser in which `{name}@example.com` has just signed up.
    pub(crate) async fn person(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_up(&format!("{name}@example.com")).await.assert_redirect("/settings#api-keys");
        browser
    }

    /// What is done by itself once a minute.
    pub(crate) async fn keep_house(&self) {
        bloom_service::housekeeping::once(self.service()).await.expect("housekeeping");
    }

    /// The last step of a shutdown.
    pub(crate) async fn close(&self) {
        self.0.service.clone().close().await.expect("what is in memory is written");
    }

    pub(crate) async fn ban(&self, email: &str) {
        let (operator, email) = (self.operator(), Email::parse(email).expect("an address"));
        bloom_service::accounts::ban(self.service(), &operator, &email).await.expect("banned");
    }

    pub(crate) async fn set_password(&self, email: &str, password: &str) {
        let (operator, email) = (self.operator(), Email::parse(email).expect("an address"));
        let password = Password::parse(password.to_owned()).expect("a password");
        let set =
            bloom_service::accounts::set_password(self.service(), &operator, &email, password);
        set.await.expect("the password is set");
    }

    pub(crate) async fn unban(&self, email: &str) {
        let (operator, email) = (self.operator(), Email::parse(email).expect("an address"));
        bloom_service::accounts::unban(self.service(), &operator, &email).await.expect("unbanned");
    }

    /// The rows of a table, as text.
    pub(crate) fn rows(&self, table: &str) -> Vec<String> {
        let begin = format!("{table}: ");
        let dump = self.database().dump();
        dump.lines().filter(|row| row.starts_with(&begin)).map(str::to_owned).collect()
    }
}

/// Adds headers, repeated ones too.
pub(crate) fn with_headers(mut request: Builder, headers: &[(&str, &str)]) -> Builder {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
}
