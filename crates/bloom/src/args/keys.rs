//! `bloom keys`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bloom_domain::api_keys::{KeyName, Overlap, parse_scopes};
use bloom_domain::credits::{Amount, AmountError, Cap};
use bloom_domain::ids::WorkspaceId;
use bloom_domain::networks::Addresses;
use bloom_service::api_keys::WhichKey;
use clap::{Args, Subcommand};

use super::credits::instant;
use super::{Asked, Place, command, email};
use crate::command::Command;
use crate::command::keys::{Caps, ImportOrder, KeysCommand, NewKeyOrder};
use crate::failure::Failure;
use crate::scan;

/// More than as many keys as there may be need, and less than the control socket takes.
const MOST_IMPORTED: u64 = 48 * 1024;

#[derive(Args)]
pub(super) struct OfAccount {
    #[command(flatten)]
    place: Place,
    /// The owner's email address
    #[arg(long, alias = "email", value_name = "EMAIL")]
    account: String,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// The key's name
    #[arg(long)]
    name: Option<String>,
    /// The key's id, as listed
    #[arg(long)]
    id: Option<String>,
}

impl Which {
    fn key(self) -> Result<WhichKey, Failure> {
        Ok(match self.id {
            Some(id) => {
                WhichKey::Id(id.parse().map_err(|error| Failure::usage(format!("--id: {error}")))?)
            }
            None => WhichKey::Name(self.name.unwrap_or_default()),
        })
    }
}

#[derive(Args)]
pub(super) struct Narrow {
    /// What it may do: read, generate, write or keys:admin; may be given several times [default: all but keys:admin]
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// A workspace that it reaches: an id, or personal; may be given several times [default: all]
    #[arg(long, value_name = "ID")]
    workspace: Vec<String>,
    /// From where it may be used, such as 203.0.113.7 or 203.0.113.0/24; may be given several times [default: anywhere]
    #[arg(long, value_name = "NETWORK")]
    address: Vec<String>,
    /// When it ends: a date, or a time such as 2027-03-01T12:00:00Z [default: never]
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
}

impl Narrow {
    fn order(self, name: &str) -> Result<NewKeyOrder, Failure> {
        let name = KeyName::parse(name).map_err(fault("--name"))?;
        let access =
            parse_scopes(self.scope.iter().map(String::as_str)).map_err(fault("--scope"))?;
        let workspaces: Result<Vec<_>, _> = self.workspace.iter().map(|id| workspace(id)).collect();
        let addresses = Addresses::parse(self.address.iter().map(String::as_str));
        let expires = self.expires.as_deref().map(|text| instant("--expires", text));
        Ok(NewKeyOrder {
            name,
            access,
            workspaces: workspaces?,
            addresses: addresses.map_err(fault("--address"))?,
            expires_at: expires.transpose()?,
        })
    }
}

/// A workspace by its id; `None` is the person's own.
fn workspace(text: &str) -> Result<Option<WorkspaceId>, Failure> {
    match text {
        "personal" => Ok(None),
        id => id
            .parse()
            .map(Some)
            .map_err(|error| Failure::usage(format!("--workspace {id}: {error}, or personal"))),
    }
}

/// Names the flag of a fault.
fn fault<E: std::fmt::Display>(flag: &str) -> impl Fn(E) -> Failure {
    move |error| Failure::usage(format!("{flag}: {error}"))
}

#[derive(Args)]
pub(super) struct Limits {
    /// The most credits a day, or none
    #[arg(long, value_name = "CREDITS", allow_hyphen_values = true)]
    day: Option<String>,
    /// The most credits a month, or none
    #[arg(long, value_name = "CREDITS", allow_hyphen_values = true)]
    month: Option<String>,
    /// The most credits in total, or none
    #[arg(long, value_name = "CREDITS", allow_hyphen_values = true)]
    total: Option<String>,
}

impl Limits {
    fn caps(&self) -> Result<Caps, Failure> {
        Ok(Caps {
            day: cap("--day", self.day.as_deref())?,
            month: cap("--month", self.month.as_deref())?,
            total: cap("--total", self.total.as_deref())?,
        })
    }
}

/// What a cap is to be: as it is, none, or so many credits.
fn cap(flag: &str, text: Option<&str>) -> Result<Option<Option<Cap>>, Failure> {
    match text {
        None => Ok(None),
        Some("none") => Ok(Some(None)),
        Some(text) => text.parse().map(|cap| Some(Some(cap))).map_err(|_: AmountError| {
            Failure::usage(format!(
                "{flag} {text}: expected a number of credits from 0 to {}, or none",
                Amount::MAX.get()
            ))
        }),
    }
}

#[derive(Subcommand)]
pub(super) enum KeysVerb {
    /// Make a key; its secret is printed once
    Create {
        #[command(flatten)]
        of: OfAccount,
        /// What the key is for
        #[arg(long, default_value = "Command line")]
        name: String,
        #[command(flatten)]
        narrow: Narrow,
    },
    /// List the keys of an account, with what each is narrowed to
    List(OfAccount),
    /// Give a key another secret, printed once; the one it has goes on for a while
    Rotate {
        #[command(flatten)]
        of: OfAccount,
        #[command(flatten)]
        which: Which,
        /// How long the old secret goes on: such as 90m, 24h or 7d, at most 30d; 0 when it may be exposed [default: 24h]
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        overlap: Option<String>,
    },
    /// End the old secret of a rotated key: its next request is refused
    EndOverlap {
        #[command(flatten)]
        of: OfAccount,
        #[command(flatten)]
        which: Which,
    },
    /// Set how much a key may spend; without a limit, show what it may and what it has spent
    Budget {
        #[command(flatten)]
        of: OfAccount,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        limits: Limits,
    },
    /// Revoke a key: its next request is refused
    Revoke {
        #[command(flatten)]
        of: OfAccount,
        #[command(flatten)]
        which: Which,
    },
    /// Take over keys that another system made, by the SHA-256 of their secrets: all of them or none
    Import {
        #[command(flatten)]
        of: OfAccount,
        /// JSON as POST /api/v1/api-keys/import is sent it: {"prefix", "length", "keys": [{"name", "sha256", "lastFour"}]}; - for standard input
        file: PathBuf,
    },
    /// Find keys in files and in git history; exit code 1 when there are some, 2 when some places could not be read
    Scan(scan::Request),
}

impl KeysVerb {
    pub(super) fn asked(self) -> Result<Asked, Failure> {
        match self {
            Self::Create { of, name, narrow } => {
                let order = narrow.order(&name)?;
                of.asked(|owner| KeysCommand::Create { owner, order })
            }
            Self::List(of) => of.asked(|owner| KeysCommand::List { owner }),
            Self::Rotate { of, which, overlap } => {
                let (which, overlap) = (which.key()?, overlap.as_deref().map(str::parse));
                let overlap = overlap.transpose().map_err(fault("--overlap"))?;
                let overlap = overlap.unwrap_or(Overlap::DEFAULT);
                of.asked(|owner| KeysCommand::Rotate { owner, which, overlap })
            }
            Self::EndOverlap { of, which } => {
                let which = which.key()?;
                of.asked(|owner| KeysCommand::EndOverlap { owner, which })
            }
            Self::Budget { of, which, limits } => {
                let (which, caps) = (which.key()?, limits.caps()?);
                of.asked(|owner| KeysCommand::Budget { owner, which, caps })
            }
            Self::Revoke { of, which } => {
                let which = which.key()?;
                of.asked(|owner| KeysCommand::Revoke { owner, which })
            }
            Self::Import { of, file } => {
                let order = imported(&file)?;
                of.asked(|owner| KeysCommand::Import { owner, order })
            }
            Self::Scan(request) => Ok(Asked::Scan(request)),
        }
    }
}

/// The keys that a file holds which are to be imported.
fn imported(file: &Path) -> Result<ImportOrder, Failure> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "standard input".to_owned() } else { file.display().to_string() };
    let mut text = Vec::new();
    let read = if is_stdin {
        std::io::stdin().take(MOST_IMPORTED + 1).read_to_end(&mut text)
    } else {
        File::open(file).and_then(|file| file.take(MOST_IMPORTED + 1).read_to_end(&mut text))
    };
    read.map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    if text.len() as u64 > MOST_IMPORTED {
        let most = MOST_IMPORTED / 1024;
        return Err(Failure::usage(format!(
            "{name} is larger than {most} KiB; import its keys in parts"
        )));
    }
    let text = String::from_utf8(text)
        .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    ImportOrder::read(text).map_err(|why| Failure::usage(format!("{name}: {why}")))
}

impl OfAccount {
    fn asked(
        self,
        verb: impl FnOnce(bloom_domain::email::Email) -> KeysCommand,
    ) -> Result<Asked, Failure> {
        let owner = email(&self.account)?;
        command(self.place, Command::Keys(verb(owner)), self.json)
    }
}
