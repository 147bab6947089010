//! What the verbs share: the database, the derived keys, clock and randomness, and what is kept in
//! memory.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use arc_swap::ArcSwap;
use bloom_domain::accounts::SignUpPolicy;
use bloom_domain::audit::Action;
use bloom_domain::grants::{ACCESS_TOKEN_LIFETIME, REFRESH_LIFETIME};
use bloom_domain::ids::{AccountId, ConnectionId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_store::Store;
use parking_lot::Mutex;

use crate::attempts::{AttemptLimits, FailedAttempts};
use crate::authorization_server::AuthorizationServer;
use crate::blobs::{self, Blobs};
use crate::client_documents::ClientDocuments;
use crate::clock::Clock;
use crate::crowd::Crowd;
use crate::engines::Engines;
use crate::entropy::Entropy;
use crate::fetch::{self, Fetcher};
use crate::idempotency::InProgress;
use crate::images::libraries::Libraries;
use crate::jobs::Bells;
use crate::key_shapes::KeyShapes;
use crate::keyring::Keyring;
use crate::last_use::LastUses;
use crate::leaks::ScannerKeys;
use crate::mail::{Mailer, Post};
use crate::openid::{Provider, ProviderSettings};
use crate::painters::Painters;
use crate::passwords::PasswordWorkers;
use crate::plans::Billing;
use crate::rate_limit::{RateLimits, Windows};
use crate::refusals::{LONGEST_PAUSE, Refusals};
use crate::root_secret::{self, RootSecrets, WrongSecret};
use crate::signing_keys::{self, SigningKeys};
use crate::turns::Turns;
use crate::verdicts::Verdicts;
use crate::waits::Waits;
use crate::{Error, clients, housekeeping};

/// Schemes without a dot that well-known apps use.
const REDIRECT_SCHEMES: [&str; 8] =
    ["claude", "cursor", "goose", "raycast", "vscode", "vscode-insiders", "windsurf", "zed"];
/// How many clients may be registered when nothing is configured.
const MAX_CLIENTS: i64 = 100_000;
/// For how long a used refresh token is answered when nothing is configured.
const REFRESH_REPLAY_WINDOW: Duration = Duration::from_secs(60);

/// What the operator decides about the verbs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who may make an account.
    pub sign_up: SignUpPolicy,
    /// The limits of credentials.
    pub rate_limits: RateLimits,
    /// The limits on what fails and on what anybody may do.
    pub attempts: AttemptLimits,
    /// Scheme, host and port by which people reach the server.
    pub origin: String,
    /// Scheme, host and port by which people reach what others have brought and what was drawn, if that is another
    /// place.
    pub files_origin: Option<String>,
    /// Private-use schemes without a dot that a redirect URI may have.
    pub redirect_schemes: Vec<String>,
    /// How many clients may be registered.
    pub max_clients: i64,
    /// For how long a used refresh token is answered with the newest one.
    pub refresh_replay_window: Duration,
    /// The longest a grant lives however busy it is; `None` for no such limit.
    pub max_grant_lifetime: Option<Duration>,
    /// Which plans there are, and who may tell of payments; `None` where everybody has everything.
    pub billing: Option<Arc<Billing>>,
    /// Who may tell of keys that leaked; `None` for nobody but those who have the key.
    pub scanner_keys: Option<ScannerKeys>,
    /// How many bytes the images of a workspace may have when more are brought; `None` for no such limit.
    pub storage_quota: Option<i64>,
    /// The OpenID provider that people may sign in through; `None` where there is none.
    pub openid: Option<Arc<ProviderSettings>>,
}

impl Settings {
    /// Settings for a server at `origin`, with everything else as it is when nothing is configured
    /// and anybody may sign up.
    #[must_use]
    pub fn at(origin: &str) -> Self {
        Self {
            sign_up: SignUpPolicy::Open,
            rate_limits: RateLimits::STANDARD,
            attempts: AttemptLimits::STANDARD,
            origin: origin.to_owned(),
            files_origin: None,
            redirect_schemes: REDIRECT_SCHEMES.map(str::to_owned).to_vec(),
            max_clients: MAX_CLIENTS,
            refresh_replay_window: REFRESH_REPLAY_WINDOW,
            max_grant_lifetime: None,
            billing: None,
            scanner_keys: None,
            storage_quota: None,
            openid: None,
        }
    }

    /// Where images and logos are.
    #[must_use]
    pub fn files_at(&self) -> &str {
        self.files_origin.as_deref().unwrap_or(&self.origin)
    }

    pub(crate) fn schemes(&self) -> Vec<&str> {
        self.redirect_schemes.iter().map(String::as_str).collect()
    }

    /// When a grant ends whose refresh token was issued at `now`.
    pub(crate) fn refresh_ends_at(&self, created_at: Timestamp, now: Timestamp) -> Timestamp {
        let sliding = now.plus(REFRESH_LIFETIME);
        self.within_grant(created_at, sliding)
    }

    /// When an access token ends that is issued at `now`.
    pub(crate) fn access_ends_at(&self, created_at: Timestamp, now: Timestamp) -> Timestamp {
        self.within_grant(created_at, now.plus(ACCESS_TOKEN_LIFETIME))
    }

    fn within_grant(&self, created_at: Timestamp, end: Timestamp) -> Timestamp {
        self.max_grant_lifetime.map_or(end, |most| end.min(created_at.plus(most)))
    }
}

/// What the verbs share.
pub struct Service {
    pub(crate) store: Store,
    pub(crate) keyring: ArcSwap<Keyring>,
    pub(crate) verdicts: Verdicts,
    pub(crate) windows: Windows,
    pub(crate) failed_attempts: FailedAttempts,
    pub(crate) last_uses: LastUses,
    pub(crate) refused_sign_ins: Refusals<AccountId>,
    pub(crate) repeated_codes: Refusals<ConnectionId>,
    pub(crate) refused_events: Refusals<()>,
    pub(crate) refused_alerts: Refusals<()>,
    pub(crate) passwords: PasswordWorkers,
    pub(crate) settings: Settings,
    pub(crate) entropy: Entropy,
    pub(crate) authorization_server: AuthorizationServer,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) refreshes: Crowd,
    pub(crate) refresh_turns: Turns,
    pub(crate) sign_in_turns: Turns,
    pub(crate) post: Post,
    pub(crate) jobs: Bells,
    pub(crate) waits: Arc<Waits>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) painters: Painters,
    pub(crate) libraries: Arc<Libraries>,
    pub(crate) engines: Engines,
    pub(crate) in_progress: InProgress,
    pub(crate) client_documents: ClientDocuments,
    pub(crate) fetcher: Arc<dyn Fetcher>,
    pub(crate) key_shapes: KeyShapes,
    pub(crate) openid: Provider,
    /// How many clients there are, about.
    pub(crate) client_count: AtomicI64,
    /// How far the sweep over the grants has come.
    pub(crate) swept_grants: Mutex<GrantId>,
    clock: Clock,
}

/// Why the verbs cannot be offered over a database.
#[derive(Debug)]
pub enum OpenError {
    /// The database belongs to another root secret.
    WrongSecret(WrongSecret),
    /// The database or the machine failed.
    Failed(Error),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Service {
    /// Binds the verbs to a database and its root secrets, and to what takes its mails.
    ///
    /// # Errors
    /// [`OpenError::WrongSecret`] when the database belongs to another root secret.
    pub async fn open(
        store: Store,
        secrets: &RootSecrets,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
        mailer: Arc<dyn Mailer>,
    ) -> Result<Self, OpenError> {
        root_secret::claim(&store, secrets, &entropy, clock.now()).await?;
        let verdicts = Verdicts::new();
        let changes = verdicts.changes();
        let post = Post::through(mailer);
        let (jobs, waits) = (Bells::new(), Arc::new(Waits::new()));
        let (ring, ring_for_jobs, waiting) = (post.bell(), jobs.ring(), waits.clone());
        let key_shapes = KeyShapes::unread();
        let shapes = key_shapes.clone();
        store.on_change(move |change| {
            // First, so that whoever is woken finds no verdict that is worthless by now.
            changes.record(change);
            shapes.hear(change);
            ring(change);
            ring_for_jobs(change);
            waiting.tell(change);
        });
        let service = Self {
            store,
            keyring: ArcSwap::from_pointee(Keyring::new(secrets)),
            verdicts,
            windows: Windows::new(),
            failed_attempts: FailedAttempts::new(&settings.attempts),
            last_uses: LastUses::default(),
            refused_sign_ins: Refusals::recorded_as(Action::SignInRefused, Duration::ZERO),
            repeated_codes: Refusals::recorded_as(Action::CodeRepeated, LONGEST_PAUSE),
            refused_events: Refusals::recorded_as(Action::BillingEventRefused, Duration::ZERO),
            refused_alerts: Refusals::recorded_as(Action::LeakAlertRefused, Duration::ZERO),
            passwords: PasswordWorkers::start(),
            authorization_server: AuthorizationServer::at(&settings.origin),
            signing_keys: SigningKeys::none(),
            refreshes: Crowd::new(),
            refresh_turns: Turns::new(),
            sign_in_turns: Turns::new(),
            post,
            jobs,
            waits,
            blobs: Arc::new(blobs::Nowhere),
            painters: Painters::new(),
            libraries: Arc::default(),
            engines: Engines::default(),
            in_progress: InProgress::default(),
            client_documents: ClientDocuments::through(Arc::new(fetch::Nothing)),
            fetcher: Arc::new(fetch::Nothing),
            key_shapes,
            openid: Provider::none(),
            client_count: AtomicI64::new(0),
            swept_grants: Mutex::new(housekeeping::BEGINNING),
            settings,
            entropy,
            clock,
        };
        signing_keys::refresh(&service).await?;
        clients::count(&service).await?;
        Ok(service)
    }

    /// The same service, which fetches what lies on other servers through a port.
    #[must_use]
    pub fn fetching(self, fetcher: Arc<dyn Fetcher>) -> Self {
        Self { client_documents: ClientDocuments::through(fetcher.clone()), fetcher, ..self }
    }

    /// The same service, which asks its OpenID provider through a port of its own: that one may reach where no
    /// stranger's URL leads.
    #[must_use]
    pub fn asking_provider(self, fetcher: Arc<dyn Fetcher>) -> Self {
        Self { openid: Provider::through(fetcher), ..self }
    }

    /// The same service, which keeps the bytes of images through a port.
    #[must_use]
    pub fn storing(self, blobs: Arc<dyn Blobs>) -> Self {
        Self { blobs, ..self }
    }

    /// The same service, which has some images drawn by somebody else's engines.
    #[must_use]
    pub fn drawing_with(self, engines: Engines) -> Self {
        Self { engines, ..self }
    }

    /// The engines that are configured.
    #[must_use]
    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The names by which clients know this server.
    #[must_use]
    pub fn authorization_server(&self) -> &AuthorizationServer {
        &self.authorization_server
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the operator decided.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The store's count of statements, for the test that a warm key costs none.
    #[must_use]
    pub fn statements_executed(&self) -> u64 {
        self.store.statements_executed()
    }

    /// What tells the request ids of this process from those of others: 48 random bits.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn request_id_prefix(&self) -> Result<u64, Error> {
        let bytes: [u8; 6] = self.entropy.draw()?;
        Ok(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Whether requests can be answered. `anonymous`: anybody may ask.
    ///
    /// # Errors
    /// The reason why they cannot.
    pub async fn anonymous_health(&self) -> Result<(), Error> {
        self.store.check().await?;
        root_secret::check_now(self).await
    }

    /// Writes what is still in memory. The last step of a shutdown.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn close(self: Arc<Self>) -> Result<(), Error> {
        housekeeping::last_words(&self).await
    }
}
