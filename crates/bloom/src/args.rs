//! The command line: what was asked, read once.

mod audit;
mod clients;
mod confirmation;
mod credits;
mod faults;
mod keys;
mod mail;
mod plan;
mod signing_keys;

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use bloom_domain::email::Email;
use bloom_domain::ids::ClientId;
use bloom_domain::passwords::Password;
use bloom_service::sessions::ending::AlsoEnd;
use clap::{Args, Parser, Subcommand};

use crate::command::Command;
use crate::command::credits::{Format, Purse};
use crate::config::Config;
use crate::failure::Failure;
use crate::{output, scan};
use confirmation::Confirmation;

/// Where `bloom start` keeps its data, and where it listens.
const START_DATA: &str = "bloom-data";
const START_LISTEN: &str = "127.0.0.1:4600";

/// What was asked.
pub(crate) enum Asked {
    /// Something to read: help or the version.
    Text(String),
    /// The API's description.
    OpenApi,
    /// A server on this machine, with an account and a key to try.
    Start(Box<Config>),
    /// The real server.
    Serve(Box<Config>),
    /// A search for keys in files and in git history.
    Scan(scan::Request),
    /// A command of the operator.
    Command { config: Box<Config>, command: Command, is_json: bool },
    /// Every movement of some credits, page by page.
    ExportCredits { config: Box<Config>, purse: Purse, format: Format },
}

/// Reads the command line, and with it the file and the environment.
pub(crate) fn read() -> Result<Asked, Failure> {
    match Cli::try_parse() {
        Ok(cli) => cli.asked(),
        Err(error) => faults::asked(&error),
    }
}

#[derive(Parser)]
#[command(name = "bloom", version, about = "Lets scripts, apps and agents act for a person.")]
#[command(arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start on this machine, with data in bloom-data; the first time, make an account and a key to try
    Start(ServeArgs),
    /// Run the server
    Serve(ServeArgs),
    /// Make, list, suspend, restore, sign out and delete accounts; set passwords
    #[command(subcommand)]
    Account(AccountVerb),
    /// Make, list, import, rotate, limit and revoke API keys of an account; find keys in files
    #[command(subcommand)]
    Keys(keys::KeysVerb),
    /// Make apps for accounts; list, refuse, take again and vouch for any app
    #[command(subcommand)]
    Clients(ClientsVerb),
    /// List what was done, by whom and from where; see also bloom audit verify
    Audit(audit::AuditArgs),
    /// Try whether mails arrive, and see how many wait
    #[command(subcommand)]
    Mail(mail::MailVerb),
    /// Grant credits to workspaces, see what they have, and export every movement
    #[command(subcommand)]
    Credits(credits::CreditsVerb),
    /// List the plans, and give them to workspaces
    #[command(subcommand)]
    Plan(plan::PlanVerb),
    /// Copy the database, the files and the root secret into a new folder
    Backup(BackupArgs),
    /// Rotate the root secret
    #[command(subcommand)]
    Secret(SecretVerb),
    /// List and rotate the keys that sign access tokens
    #[command(subcommand)]
    SigningKeys(signing_keys::SigningKeysVerb),
    /// Print the API's OpenAPI description
    Openapi,
}

#[derive(Args)]
struct Place {
    /// The data folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Use PostgreSQL instead of SQLite in the data folder
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// A TOML file with settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    fn config(self) -> Result<Config, Failure> {
        let mut config = Config::load(self.config.as_ref())?;
        let data = self.data.map(|path| {
            path.into_os_string().into_string().map_err(|_| Failure::usage("--data is not UTF-8"))
        });
        config.set_flag("server", "data", data.transpose()?);
        config.set_flag("database", "url", self.database_url);
        Ok(config)
    }
}

#[derive(Args)]
struct ServeArgs {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on [default: 127.0.0.1, port 4600 with start, 8080 with serve]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// How people reach the server
    #[arg(
        long,
        value_name = "URL",
        help = "How people reach the server, such as https://bloom.example.com"
    )]
    public_url: Option<String>,
}

impl ServeArgs {
    fn config(self) -> Result<Config, Failure> {
        let mut config = self.place.config()?;
        config.set_flag("server", "listen", self.listen);
        config.set_flag("server", "public_url", self.public_url);
        Ok(config)
    }
}

#[derive(Args)]
struct Whose {
    #[command(flatten)]
    place: Place,
    /// The account's email address
    #[arg(long, alias = "account", value_name = "EMAIL")]
    email: String,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum AccountVerb {
    /// Make an account with its personal workspace; prints a password unless one is given
    Create {
        #[command(flatten)]
        whose: Whose,
        /// What the person wants to be called
        #[arg(long)]
        name: Option<String>,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the accounts
    List {
        #[command(flatten)]
        place: Place,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Suspend an account: its next request is refused, nothing is deleted
    Ban(Whose),
    /// Restore a suspended account
    Unban(Whose),
    /// Sign an account out everywhere
    SignOut {
        #[command(flatten)]
        whose: Whose,
        /// Revoke its API keys too, after asking
        #[arg(long)]
        keys: bool,
        /// Revoke what it has let apps do, and the API keys that they made, after asking
        #[arg(long)]
        apps: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Delete an account for good; the ledger and the audit stay, without its name
    Delete {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Print a link with which the person chooses another password; it works once, and for an hour
    ResetLink(Whose),
    /// Set a password and end all sessions; prints a password unless one is given
    SetPassword {
        #[command(flatten)]
        whose: Whose,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Args)]
struct WhichClient {
    #[command(flatten)]
    place: Place,
    /// The app's client id, as listed
    #[arg(long)]
    id: String,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum ClientsVerb {
    /// List the apps, newest first
    List {
        #[command(flatten)]
        place: Place,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make an app that an account owns; its secret is shown once
    Create(clients::NewClient),
    /// Refuse an app: the next request with one of its tokens, or a key that it made, is refused; nothing is deleted
    Disable(WhichClient),
    /// Take a refused app again
    Enable(WhichClient),
    /// Vouch for an app: people are told that it is who it says
    Verify(WhichClient),
    /// Vouch for it no longer
    Unverify(WhichClient),
}

#[derive(Args)]
struct BackupArgs {
    #[command(flatten)]
    place: Place,
    /// The folder to make; it must not be there yet
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum SecretVerb {
    /// Make a new root secret and keep the previous one for reading
    Rotate {
        #[command(flatten)]
        place: Place,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

impl Cli {
    fn asked(self) -> Result<Asked, Failure> {
        match self.verb {
            Verb::Openapi => Ok(Asked::OpenApi),
            Verb::Start(args) => {
                let mut config = args.config()?;
                config.set_default("server", "data", START_DATA);
                config.set_default("server", "listen", START_LISTEN);
                Ok(Asked::Start(Box::new(config)))
            }
            Verb::Serve(args) => Ok(Asked::Serve(Box::new(args.config()?))),
            Verb::Account(verb) => verb.asked(),
            Verb::Keys(verb) => verb.asked(),
            Verb::Clients(verb) => verb.asked(),
            Verb::Audit(args) => args.asked(),
            Verb::Mail(verb) => verb.asked(),
            Verb::Credits(verb) => verb.asked(),
            Verb::Plan(verb) => verb.asked(),
            Verb::Backup(args) => {
                let to = std::path::absolute(&args.to)
                    .map_err(|error| Failure::usage(format!("--to: {error}")))?;
                command(args.place, Command::Backup { to }, args.json)
            }
            Verb::SigningKeys(verb) => verb.asked(),
            Verb::Secret(SecretVerb::Rotate { place, json }) => {
                command(place, Command::RotateSecret, json)
            }
        }
    }
}

impl AccountVerb {
    fn asked(self) -> Result<Asked, Failure> {
        match self {
            Self::Create { whose, name, password_stdin } => {
                let email = email(&whose.email)?;
                let name = name.map(|name| {
                    bloom_domain::accounts::parse_name(&name)
                        .map_err(|e| Failure::usage(format!("--name: {e}")))
                });
                let password = password(password_stdin)?;
                let verb = Command::CreateAccount { email, name: name.transpose()?, password };
                command(whose.place, verb, whose.json)
            }
            Self::List { place, json } => command(place, Command::ListAccounts, json),
            Self::Ban(whose) => command(
                whose.place,
                Command::BanAccount { email: email(&whose.email)? },
                whose.json,
            ),
            Self::Unban(whose) => command(
                whose.place,
                Command::UnbanAccount { email: email(&whose.email)? },
                whose.json,
            ),
            Self::SignOut { whose, keys, apps, confirmation } => {
                let (email, also) = (email(&whose.email)?, AlsoEnd { keys, apps });
                // Sessions and apps can be had again; keys cannot.
                if keys {
                    confirmation.ask(&format!("ends every API key of {email}"), &email)?;
                } else if apps {
                    let does = format!("ends every API key that an app made for {email}");
                    confirmation.ask(&does, &email)?;
                }
                command(whose.place, Command::SignOut { email, also }, whose.json)
            }
            Self::Delete { whose, confirmation } => {
                let email = email(&whose.email)?;
                let with = "with its API keys, its apps and its own workspace";
                confirmation.ask(&format!("deletes {email} {with}"), &email)?;
                command(whose.place, Command::DeleteAccount { email }, whose.json)
            }
            Self::ResetLink(whose) => {
                let email = email(&whose.email)?;
                command(whose.place, Command::ResetLink { email }, whose.json)
            }
            Self::SetPassword { whose, password_stdin } => {
                let email = email(&whose.email)?;
                let password = password(password_stdin)?;
                command(whose.place, Command::SetPassword { email, password }, whose.json)
            }
        }
    }
}

impl ClientsVerb {
    fn asked(self) -> Result<Asked, Failure> {
        match self {
            Self::List { place, json } => command(place, Command::ListClients, json),
            Self::Create(new) => new.asked(),
            Self::Disable(which) => {
                command(which.place, Command::DisableClient { id: client(&which.id)? }, which.json)
            }
            Self::Enable(which) => {
                command(which.place, Command::EnableClient { id: client(&which.id)? }, which.json)
            }
            Self::Verify(which) => {
                let verify = Command::VerifyClient { id: client(&which.id)?, is_verified: true };
                command(which.place, verify, which.json)
            }
            Self::Unverify(which) => {
                let verify = Command::VerifyClient { id: client(&which.id)?, is_verified: false };
                command(which.place, verify, which.json)
            }
        }
    }
}

fn client(id: &str) -> Result<ClientId, Failure> {
    id.parse().map_err(|error| Failure::usage(format!("--id: {error}")))
}

fn command(place: Place, command: Command, is_json: bool) -> Result<Asked, Failure> {
    Ok(Asked::Command { config: Box::new(place.config()?), command, is_json })
}

/// A number of a range, and what is expected where it is none.
fn between<T>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("expected a number from {least} to {most}"))
    }
}

fn email(text: &str) -> Result<Email, Failure> {
    Email::parse(text).map_err(|error| Failure::usage(format!("{text:?}: {error}")))
}

/// The password on standard input, without its line end; `None` when one is to be made.
fn password(from_stdin: bool) -> Result<Option<Password>, Failure> {
    if !from_stdin {
        return Ok(None);
    }
    let line = output::read_line()?;
    Password::parse(line)
        .map(Some)
        .map_err(|error| Failure::usage(format!("the password: {error}")))
}
