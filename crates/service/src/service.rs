//! What the verbs share: the database, the derived keys, clock and randomness, and what is kept in
//! memory.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bloom_domain::accounts::SignUpPolicy;
use bloom_domain::rate_window::RateLimit;
use bloom_domain::time::Timestamp;
use bloom_store::Store;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::keyring::Keyring;
use crate::last_use::LastUses;
use crate::passwords::PasswordWorkers;
use crate::rate_limit::Windows;
use crate::root_secret::{self, RootSecrets, WrongSecret};
use crate::verdicts::Verdicts;
use crate::{Error, housekeeping};

/// What the operator decides about the verbs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who may make an account.
    pub sign_up: SignUpPolicy,
    /// The limit of each credential; `None` turns it off.
    pub rate_limit: Option<RateLimit>,
}

/// What the verbs share.
pub struct Service {
    pub(crate) store: Store,
    pub(crate) keyring: ArcSwap<Keyring>,
    pub(crate) verdicts: Verdicts,
    pub(crate) windows: Windows,
    pub(crate) last_uses: LastUses,
    pub(crate) passwords: PasswordWorkers,
    pub(crate) settings: Settings,
    pub(crate) entropy: Entropy,
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
    /// Binds the verbs to a database and its root secrets.
    ///
    /// # Errors
    /// [`OpenError::WrongSecret`] when the database belongs to another root secret.
    pub async fn open(
        store: Store,
        secrets: &RootSecrets,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Self, OpenError> {
        root_secret::claim(&store, secrets, clock.now()).await?;
        let verdicts = Verdicts::new();
        let changes = verdicts.changes();
        store.on_change(move |change| changes.record(change));
        Ok(Self {
            store,
            keyring: ArcSwap::from_pointee(Keyring::new(secrets)),
            verdicts,
            windows: Windows::new(),
            last_uses: LastUses::default(),
            passwords: PasswordWorkers::start(),
            settings,
            entropy,
            clock,
        })
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
        self.store.check().await.map_err(Into::into)
    }

    /// Writes what is still in memory. The last step of a shutdown.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn close(self: Arc<Self>) -> Result<(), Error> {
        housekeeping::last_words(&self).await
    }
}
