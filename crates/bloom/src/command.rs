//! The operator's commands: what each is, and the verb behind it.
//!
//! A command runs where the data folder is open. Without a running server that is here; beside one,
//! it travels over the folder's control socket and runs there, so that what the server keeps in
//! memory is never behind.

pub(crate) mod credits;
pub(crate) mod keys;
pub(crate) mod plan;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use bloom_domain::accounts::Account;
use bloom_domain::clients::Client;
use bloom_domain::email::Email;
use bloom_domain::ids::ClientId;
use bloom_domain::passwords::Password;
use bloom_service::accounts::{self, NewAccount, deletion, reset};
use bloom_service::audit::{self, Listed, Mark, Verdict};
use bloom_service::owned_clients::{self, Draft, NewClient};
use bloom_service::sessions::ending::{self, AlsoEnd, Ended};
use bloom_service::signing_keys::{self, ListedKey};
use bloom_service::{clients, mail};
use bloom_store::Database;

use crate::config::Config;
use crate::control;
use crate::data_folder::{DataFolder, OpenFolderError};
use crate::failure::Failure;
use crate::node::Node;
use crate::output::Shown;
use crate::{backup, secret_file};
use credits::{CreditsAnswer, CreditsCommand};
use keys::{KeysAnswer, KeysCommand};
use plan::{PlanAnswer, PlanCommand};

/// A command of the operator.
pub(crate) enum Command {
    CreateAccount { email: Email, name: Option<String>, password: Option<Password> },
    ListAccounts,
    BanAccount { email: Email },
    UnbanAccount { email: Email },
    SetPassword { email: Email, password: Option<Password> },
    SignOut { email: Email, also: AlsoEnd },
    ResetLink { email: Email },
    DeleteAccount { email: Email },
    Keys(KeysCommand),
    ListClients,
    CreateClient { owner: Email, metadata: String },
    DisableClient { id: ClientId },
    EnableClient { id: ClientId },
    VerifyClient { id: ClientId, is_verified: bool },
    ListAudit { account: Option<Email>, limit: i64 },
    VerifyAudit { expect: Option<Mark> },
    TestMail { to: Email, is_queued: bool },
    MailStatus,
    Credits(CreditsCommand),
    Plan(PlanCommand),
    Backup { to: PathBuf },
    RotateSecret,
    ListSigningKeys,
    RotateSigningKey,
}

impl Command {
    /// A mistyped `--data` must not become a new folder with a new secret: only the first account is
    /// made where there is nothing yet.
    fn find_its_data(&self, config: &Config) -> Result<(), Failure> {
        let begins = matches!(self, Self::CreateAccount { .. });
        match config.database()? {
            // An error of looking is told by what opens the folder next.
            Database::Sqlite { path } if !begins && matches!(path.try_exists(), Ok(false)) => {
                Err(Failure::usage(format!(
                    "there is no database at {}; check --data, or give --database-url for PostgreSQL",
                    path.display()
                )))
            }
            _ => Ok(()),
        }
    }

    /// A link leads to the server. One that runs knows where it is reached; without one that must be configured.
    fn find_its_server(&self, config: &Config) -> Result<(), Failure> {
        match self {
            Self::ResetLink { .. } if !config.has_public_url() => Err(Failure::usage(
                "where the link would lead is not known: start the server first, or set \
                 server.public_url (BLOOM_SERVER_PUBLIC_URL)",
            )),
            _ => Ok(()),
        }
    }
}

/// What came of it.
pub(crate) enum Answer {
    /// An account was made or changed; the password when Bloom chose it.
    Account {
        account: Account,
        password: Option<Password>,
    },
    Accounts(Vec<Account>),
    /// An account is gone.
    Deleted {
        email: Email,
    },
    /// A link with which a person chooses another password.
    ResetLink {
        email: Email,
        link: String,
    },
    /// An account was signed out everywhere.
    SignedOut {
        email: Email,
        ended: Ended,
    },
    Keys(KeysAnswer),
    Clients(Vec<Client>),
    Client(Client),
    NewClient(NewClient),
    Audit(Vec<Listed>),
    /// No record was changed; how many there are, and how many have lost their details.
    AuditWhole {
        end: Mark,
        erased: i64,
    },
    /// A test mail was sent; where it is now, or nowhere yet.
    Mailed {
        to: Email,
        place: Option<String>,
    },
    MailStatus(mail::Status),
    /// The same where no server sends them.
    MailQueue(mail::Status),
    Credits(CreditsAnswer),
    Plan(PlanAnswer),
    BackedUp {
        to: PathBuf,
        holds_database: bool,
        holds_secret: bool,
        holds_files: bool,
    },
    Rotated {
        fingerprint: String,
    },
    SigningKeys(Vec<ListedKey>),
    /// The same after a rotation, and whether it made one.
    RotatedSigningKeys {
        keys: Vec<ListedKey>,
        is_news: bool,
    },
}

impl Answer {
    /// What a command says that ran in no server.
    fn alone(self) -> Self {
        match self {
            Self::MailStatus(status) => Self::MailQueue(status),
            answer => answer,
        }
    }
}

/// A command listens nowhere; with this address it needs no public URL.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Runs a command: in the server that has the folder open, or here.
pub(crate) fn run(config: &Config, command: Command) -> Result<Shown, Failure> {
    let desk = Desk::open(config, &command)?;
    let shown = desk.ask(command);
    desk.close();
    shown
}

/// Where commands are run, for as many as are asked.
struct Desk {
    runtime: tokio::runtime::Runtime,
    place: Place,
}

enum Place {
    /// Here: nobody else works in the folder.
    Here(Box<Node>),
    /// In the server that works in this folder.
    Server(PathBuf),
}

impl Desk {
    /// Opens the folder, or finds the server that has it open.
    fn open(config: &Config, command: &Command) -> Result<Self, Failure> {
        config.check(NOWHERE)?;
        let data = config.data()?;
        if matches!(data.try_exists(), Ok(false)) {
            command.find_its_data(config)?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::machine(format!("cannot start: {error}")))?;
        let folder = match DataFolder::open(data) {
            Ok(folder) => folder,
            Err(OpenFolderError::InUse { path, .. }) => {
                return Ok(Self { runtime, place: Place::Server(path) });
            }
            Err(OpenFolderError::Failed(failure)) => return Err(failure),
        };
        command.find_its_data(config)?;
        command.find_its_server(config)?;
        let node = runtime.block_on(Node::open(config, folder, NOWHERE))?;
        Ok(Self { runtime, place: Place::Here(Box::new(node)) })
    }

    fn ask(&self, command: Command) -> Result<Shown, Failure> {
        self.runtime.block_on(async {
            match &self.place {
                Place::Here(node) => Ok(execute(node, command).await?.alone().into()),
                Place::Server(path) => control::ask(path, &command).await,
            }
        })
    }

    fn close(self) {
        if let Place::Here(node) = self.place {
            self.runtime.block_on(node.close());
        }
    }
}

/// Runs a command on an open node.
pub(crate) async fn execute(node: &Node, command: Command) -> Result<Answer, Failure> {
    let (service, operator) = (&*node.service, &node.operator);
    Ok(match command {
        Command::CreateAccount { email, name, password } => {
            let (password, shown) = node.chosen_or_drawn(password)?;
            let new = NewAccount { email, name, password };
            let account = accounts::create(service, operator, new).await?;
            Answer::Account { account, password: shown }
        }
        Command::SetPassword { email, password } => {
            let (password, shown) = node.chosen_or_drawn(password)?;
            let account = accounts::set_password(service, operator, &email, password).await?;
            Answer::Account { account, password: shown }
        }
        Command::SignOut { email, also } => {
            let ended = ending::end_all_for(service, operator, &email, also).await?;
            Answer::SignedOut { email, ended }
        }
        Command::DeleteAccount { email } => {
            deletion::delete_for(service, operator, &email).await?;
            Answer::Deleted { email }
        }
        Command::ResetLink { email } => {
            let link = reset::link_for(service, operator, &email).await?;
            Answer::ResetLink { email, link }
        }
        Command::ListAccounts => Answer::Accounts(accounts::list(service, operator).await?),
        Command::BanAccount { email } => Answer::Account {
            account: accounts::ban(service, operator, &email).await?,
            password: None,
        },
        Command::UnbanAccount { email } => Answer::Account {
            account: accounts::unban(service, operator, &email).await?,
            password: None,
        },
        Command::Keys(command) => keys::execute(node, command).await?,
        Command::ListClients => Answer::Clients(clients::list(service, operator).await?),
        Command::CreateClient { owner, metadata } => {
            let metadata = owned_clients::anonymous_read(service, metadata.as_bytes())
                .map_err(|error| Failure::usage(error.description.into_owned()))?;
            let draft = Draft { metadata, reach: None };
            Answer::NewClient(owned_clients::create_for(service, operator, &owner, draft).await?)
        }
        Command::DisableClient { id } => {
            Answer::Client(clients::disable(service, operator, id).await?)
        }
        Command::EnableClient { id } => {
            Answer::Client(clients::enable(service, operator, id).await?)
        }
        Command::VerifyClient { id, is_verified: true } => {
            Answer::Client(clients::verify(service, operator, id).await?)
        }
        Command::VerifyClient { id, is_verified: false } => {
            Answer::Client(clients::unverify(service, operator, id).await?)
        }
        Command::ListAudit { account, limit } => {
            Answer::Audit(audit::list_for(service, operator, account.as_ref(), limit).await?)
        }
        Command::VerifyAudit { expect } => match audit::verify(service, operator, expect).await? {
            Verdict::Whole { end, erased } => Answer::AuditWhole { end, erased },
            Verdict::Broken { number, why } => {
                return Err(Failure::machine(format!(
                    "the audit was changed: record {number}: {why}; compare with a backup"
                )));
            }
        },
        Command::TestMail { to, is_queued: false } => {
            let place = mail::send_test(service, operator, to.clone()).await?;
            Answer::Mailed { to, place: Some(place) }
        }
        Command::TestMail { to, is_queued: true } => {
            mail::queue_test(service, operator, to.clone()).await?;
            Answer::Mailed { to, place: None }
        }
        Command::MailStatus => Answer::MailStatus(mail::status(service, operator).await?),
        Command::Credits(command) => credits::execute(node, command).await?,
        Command::Plan(command) => plan::execute(node, command).await?,
        Command::Backup { to } => backup::make(node, to).await?,
        Command::RotateSecret => secret_file::rotate(node).await?,
        Command::ListSigningKeys => {
            Answer::SigningKeys(signing_keys::list(service, operator).await?)
        }
        Command::RotateSigningKey => rotate_signing_key(node).await?,
    })
}

/// Makes the next signing key, unless it is there.
async fn rotate_signing_key(node: &Node) -> Result<Answer, Failure> {
    let (service, operator) = (&*node.service, &node.operator);
    let before = signing_keys::list(service, operator).await?;
    let keys = signing_keys::rotate(service, operator).await?;
    let is_known = |key: &ListedKey| before.iter().any(|known| known.id == key.id);
    let is_news = !keys.iter().all(is_known);
    Ok(Answer::RotatedSigningKeys { keys, is_news })
}
