//! The data folder of the benchmarks: 1,000 accounts with 100 keys each, all of them narrowed and with a budget.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::api_keys::{KeyName, Narrowing, parse_scopes};
use bloom_domain::credits::{Budget, Cap};
use bloom_domain::email::Email;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::networks::Addresses;
use bloom_domain::passwords::Password;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_outside::mail::{Outbox, Sender};
use bloom_service::accounts::{self, NewAccount};
use bloom_service::api_keys::{KeyTerms, WhichKey};
use bloom_service::clock::Clock;
use bloom_service::credits::budgets;
use bloom_service::entropy::Entropy;
use bloom_service::root_secret::{RootSecret, RootSecrets};
use bloom_service::{Operator, Service, Settings, api_keys};
use bloom_store::{Database, Store, Tx};
use tempfile::TempDir;

use crate::process::Server;

type Error = Box<dyn std::error::Error>;

/// Accounts, and keys of each: 100,000 keys in all.
const ACCOUNTS: usize = 1_000;
const KEYS_EACH: usize = 100;
/// As many passwords of the operator as may wait.
const AT_ONCE: usize = 8;
/// When the keys end.
const FAR: Duration = Duration::from_secs(365 * 86_400);
/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A prepared data folder and what is in it.
pub(crate) struct World {
    folder: TempDir,
    bloom: PathBuf,
    /// The secret of every key.
    pub(crate) keys: Vec<String>,
}

impl World {
    /// Makes the folder through the verbs themselves.
    pub(crate) fn make(bloom: &Path) -> Result<Self, Error> {
        Self::with(bloom, KEYS_EACH)
    }

    /// The same with so many keys of each account.
    pub(crate) fn with(bloom: &Path, keys_each: usize) -> Result<Self, Error> {
        println!("preparing {ACCOUNTS} accounts, keys of each: {keys_each} ...");
        let folder = tempfile::tempdir()?;
        write_secret(folder.path())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let keys = runtime.block_on(async {
            let (store, service) = open(folder.path(), "http://localhost:8080").await?;
            let service = Arc::new(service);
            let mut keys = Vec::new();
            for chunk in (0..ACCOUNTS).collect::<Vec<_>>().chunks(AT_ONCE) {
                let start =
                    |&i: &usize| tokio::spawn(fill(store.clone(), service.clone(), i, keys_each));
                let tasks: Vec<_> = chunk.iter().map(start).collect();
                for task in tasks {
                    keys.extend(task.await?.map_err(|error| error.to_string())?);
                }
            }
            service.close().await?;
            store.close();
            Ok::<_, Error>(keys)
        })?;
        Ok(Self { folder, bloom: bloom.to_owned(), keys })
    }

    /// Another data folder with the same in it. Nothing may have this one open.
    pub(crate) fn copy(&self) -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        for entry in std::fs::read_dir(self.folder.path())? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
            }
        }
        Ok(Self { folder, bloom: self.bloom.clone(), keys: self.keys.clone() })
    }

    /// Starts the server on the folder.
    pub(crate) fn serve(&self) -> Result<Server, Error> {
        self.serve_at("127.0.0.1:0")
    }

    /// Starts the server on the folder, at an address.
    pub(crate) fn serve_at(&self, address: &str) -> Result<Server, Error> {
        let data = self.folder.path().display().to_string();
        Server::start(&self.bloom, &["serve", "--data", &data, "--listen", address])
    }

    /// Binds the verbs to the folder, for a server at an origin.
    pub(crate) async fn open(&self, origin: &str) -> Result<(Store, Service), Error> {
        open(self.folder.path(), origin).await
    }
}

fn secrets() -> RootSecrets {
    RootSecrets { current: RootSecret::new([42; 32]), previous: Vec::new() }
}

/// Gives a data folder the root secret of the benchmarks.
pub(crate) fn write_secret(folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join("secret"), secrets().expose().as_bytes())
}

async fn open(folder: &Path, origin: &str) -> Result<(Store, Service), Error> {
    open_with(folder, Settings::at(origin)).await
}

/// Binds the verbs to a folder.
pub(crate) async fn open_with(
    folder: &Path,
    settings: Settings,
) -> Result<(Store, Service), Error> {
    open_on(&Database::Sqlite { path: folder.join("bloom.db") }, folder, settings).await
}

/// Binds the verbs to a database, and to a folder for the rest.
pub(crate) async fn open_on(
    database: &Database,
    folder: &Path,
    settings: Settings,
) -> Result<(Store, Service), Error> {
    let store = Store::open(database, Clock::System.now())?;
    let from = Sender::parse("bloom@localhost").map_err(|error| error.to_string())?;
    let mailer = Arc::new(Outbox::new(folder.join("outbox"), from));
    let (clock, entropy) = (Clock::System, Entropy::System);
    let secrets = secrets();
    let opened = Service::open(store.clone(), &secrets, settings, clock, entropy, mailer);
    Ok((store, opened.await.map_err(|error| format!("{error:?}"))?))
}

/// The address of an account.
pub(crate) fn email(index: usize) -> String {
    format!("person{index}@example.com")
}

/// What every key is narrowed to: as much as can be, with `GET /account` from here left.
pub(crate) fn narrowing(workspace: WorkspaceId, now: Timestamp) -> Result<Narrowing, String> {
    Ok(Narrowing {
        access: parse_scopes(["read"]).map_err(|error| error.to_string())?,
        reach: Reach::Only(vec![workspace]),
        addresses: Addresses::parse(["127.0.0.0/8"]).map_err(|error| format!("{error:?}"))?,
        expires_at: Some(now.plus(FAR)),
    })
}

async fn fill(
    store: Store,
    service: Arc<Service>,
    index: usize,
    keys_each: usize,
) -> Result<Vec<String>, bloom_service::Error> {
    let operator = Operator::at_the_command_line();
    let internal = |what: &str| bloom_service::Error::Internal(what.to_owned());
    let email = Email::parse(&email(index)).map_err(|_| internal("address"))?;
    let password = Password::parse(PASSWORD.to_owned()).map_err(|_| internal("password"))?;
    let new = NewAccount { email: email.clone(), name: None, password };
    let account = accounts::create(&service, &operator, new).await?.id;
    let personal = move |tx: &mut Tx<'_>| bloom_store::workspaces::find_personal(tx, account);
    let workspace = store.read(personal).await?.ok_or_else(|| internal("no workspace"))?.id;
    let name = KeyName::parse("bench").map_err(|_| internal("name"))?;
    let cap = Cap::new(1_000).map_err(|_| internal("cap"))?;
    let budget = Budget { day: Some(cap), month: Some(cap), total: Some(cap) };
    let mut keys = Vec::new();
    for _ in 0..keys_each {
        let narrowing = narrowing(workspace, service.now()).map_err(|what| internal(&what))?;
        let terms = KeyTerms { name: name.clone(), narrowing };
        let new = api_keys::create_for(&service, &operator, &email, terms).await?;
        let which = WhichKey::Id(new.key.id);
        budgets::set_for(&service, &operator, &email, which, budget).await?;
        keys.push(new.secret.expose().to_owned());
    }
    Ok(keys)
}
