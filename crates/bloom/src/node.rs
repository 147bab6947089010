//! An open data folder with the verbs bound to it: what a server and a command both need.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bloom_domain::passwords::Password;
use bloom_http::Site;
use bloom_service::clock::Clock;
use bloom_service::entropy::Entropy;
use bloom_service::service::OpenError;
use bloom_service::{Operator, Service};
use bloom_store::{Database, Store};

use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::secret_file;

/// An open data folder with the verbs bound to it.
pub(crate) struct Node {
    pub(crate) service: Arc<Service>,
    pub(crate) store: Store,
    pub(crate) operator: Operator,
    pub(crate) folder: DataFolder,
    pub(crate) site: Site,
    pub(crate) entropy: Entropy,
    /// Whether the root secret is configured rather than kept in the folder.
    pub(crate) secret_is_configured: bool,
    /// Whether the database is the file in the folder.
    pub(crate) is_embedded: bool,
    /// Where the bytes of images lie, unless they are in a bucket.
    pub(crate) files: Option<PathBuf>,
}

impl Node {
    /// Opens the database with its root secret. Whoever holds the folder is its operator.
    pub(crate) async fn open(
        config: &Config,
        folder: DataFolder,
        listening: SocketAddr,
    ) -> Result<Self, Failure> {
        let (clock, entropy) = (Clock::System, Entropy::System);
        // A command needs no public URL; what it writes into mails leads there all the same.
        let site = match listening.port() {
            0 => config.site_of_command(folder.last_origin())?,
            _ => config.site(listening)?,
        };
        let settings = config.verbs(&site, listening)?;
        let database = config.database()?;
        let is_embedded = matches!(database, Database::Sqlite { .. });
        let configured = config.secrets()?;
        let secret_is_configured = configured.is_some();
        let secrets = match configured {
            Some(secrets) => secrets,
            None => {
                secret_file::not_lost(&folder, &database)?;
                secret_file::read_or_make(&folder, &entropy)?
            }
        };
        let store = Store::open(&database, clock.now())
            .map_err(|error| Failure::machine(error.to_string()))?;
        let mailer = config.mail()?.open(&folder)?;
        let (files, blobs) = (config.files_folder(&folder)?, config.blobs(&folder)?);
        let opened =
            Service::open(store.clone(), &secrets, settings, clock, entropy.clone(), mailer);
        let opened = opened.await;
        let service = opened.map_err(|error| explain(error, &folder, secret_is_configured))?;
        let service = service.fetching(config.fetcher(&site)?).storing(blobs);
        let service = service.drawing_with(config.engines()?);
        let service = service.asking_provider(config.provider_fetcher(&site)?);
        Ok(Self {
            service: Arc::new(service),
            store,
            operator: Operator::at_the_command_line(),
            folder,
            site,
            entropy,
            secret_is_configured,
            is_embedded,
            files,
        })
    }

    /// Writes what is in memory and closes the database.
    pub(crate) async fn close(self) {
        if let Err(error) = self.service.close().await {
            tracing::warn!(%error, "the last uses of some keys were not written");
        }
        self.store.close();
    }

    /// The password that was given, or one that Bloom draws and must show.
    pub(crate) fn chosen_or_drawn(
        &self,
        chosen: Option<Password>,
    ) -> Result<(Password, Option<Password>), Failure> {
        match chosen {
            Some(password) => Ok((password, None)),
            None => {
                let password = Password::random(&self.entropy.draw()?);
                Ok((password.clone(), Some(password)))
            }
        }
    }
}

fn explain(error: OpenError, folder: &DataFolder, is_configured: bool) -> Failure {
    match error {
        OpenError::Failed(error) => Failure::machine(error.to_string()),
        OpenError::WrongSecret(wrong) => {
            let place = match is_configured {
                true => "secret.current".to_owned(),
                false => folder.secret_path().display().to_string(),
            };
            Failure::machine(format!(
                "the database belongs to another root secret: it wants the one with fingerprint {}, \
                 and {place} holds the one with fingerprint {}; put the right secret there",
                wrong.expected, wrong.found
            ))
        }
    }
}
