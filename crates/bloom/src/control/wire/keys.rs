//! A command about API keys as it travels.

use bloom_domain::access::Access;
use bloom_domain::api_keys::{KeyName, Overlap};
use bloom_domain::credits::Cap;
use bloom_domain::email::Email;
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;
use bloom_service::api_keys::WhichKey;
use serde::{Deserialize, Serialize};

use crate::command::keys::{Caps, ImportOrder, KeysCommand, NewKeyOrder};
use crate::failure::Failure;

#[derive(Serialize, Deserialize)]
#[serde(tag = "keys", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::control) enum KeysWire {
    Create {
        owner: String,
        name: String,
        access: String,
        workspaces: Vec<Option<String>>,
        addresses: Option<String>,
        expires_at: Option<i64>,
    },
    List {
        owner: String,
    },
    Rotate {
        owner: String,
        which: WhichWire,
        overlap_seconds: u64,
    },
    EndOverlap {
        owner: String,
        which: WhichWire,
    },
    Budget {
        owner: String,
        which: WhichWire,
        day: CapWire,
        month: CapWire,
        total: CapWire,
    },
    Revoke {
        owner: String,
        which: WhichWire,
    },
    Import {
        owner: String,
        text: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::control) enum WhichWire {
    Id(String),
    Name(String),
}

/// A cap: as it is, none, or so many credits.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::control) enum CapWire {
    Kept,
    None,
    Credits(i64),
}

impl From<&WhichKey> for WhichWire {
    fn from(which: &WhichKey) -> Self {
        match which {
            WhichKey::Id(id) => Self::Id(id.to_string()),
            WhichKey::Name(name) => Self::Name(name.clone()),
        }
    }
}

impl TryFrom<WhichWire> for WhichKey {
    type Error = Failure;

    fn try_from(wire: WhichWire) -> Result<Self, Failure> {
        Ok(match wire {
            WhichWire::Id(id) => Self::Id(id.parse().map_err(|_| Failure::usage("--id is no id"))?),
            WhichWire::Name(name) => Self::Name(name),
        })
    }
}

impl From<Option<Option<Cap>>> for CapWire {
    fn from(cap: Option<Option<Cap>>) -> Self {
        match cap {
            None => Self::Kept,
            Some(None) => Self::None,
            Some(Some(cap)) => Self::Credits(cap.get()),
        }
    }
}

impl CapWire {
    fn read(self) -> Result<Option<Option<Cap>>, Failure> {
        Ok(match self {
            Self::Kept => None,
            Self::None => Some(None),
            Self::Credits(credits) => Some(Some(Cap::new(credits).map_err(fault)?)),
        })
    }
}

fn fault(error: impl std::fmt::Display) -> Failure {
    Failure::usage(error.to_string())
}

impl From<&KeysCommand> for KeysWire {
    fn from(command: &KeysCommand) -> Self {
        match command {
            KeysCommand::Create { owner, order } => Self::Create {
                owner: owner.to_string(),
                name: order.name.as_str().to_owned(),
                access: order.access.to_string(),
                workspaces: order.workspaces.iter().map(|id| id.map(|id| id.to_string())).collect(),
                addresses: order.addresses.to_stored(),
                expires_at: order.expires_at.map(Timestamp::unix_micros),
            },
            KeysCommand::List { owner } => Self::List { owner: owner.to_string() },
            KeysCommand::Rotate { owner, which, overlap } => Self::Rotate {
                owner: owner.to_string(),
                which: which.into(),
                overlap_seconds: overlap.span().as_secs(),
            },
            KeysCommand::EndOverlap { owner, which } => {
                Self::EndOverlap { owner: owner.to_string(), which: which.into() }
            }
            KeysCommand::Budget { owner, which, caps } => Self::Budget {
                owner: owner.to_string(),
                which: which.into(),
                day: caps.day.into(),
                month: caps.month.into(),
                total: caps.total.into(),
            },
            KeysCommand::Revoke { owner, which } => {
                Self::Revoke { owner: owner.to_string(), which: which.into() }
            }
            KeysCommand::Import { owner, order } => {
                Self::Import { owner: owner.to_string(), text: order.text.clone() }
            }
        }
    }
}

impl TryFrom<KeysWire> for KeysCommand {
    type Error = Failure;

    fn try_from(wire: KeysWire) -> Result<Self, Failure> {
        let email = |text: String| Email::parse(&text).map_err(fault);
        Ok(match wire {
            KeysWire::Create { owner, name, access, workspaces, addresses, expires_at } => {
                let ids = workspaces.into_iter().map(|id| id.map(|id| id.parse()).transpose());
                let order = NewKeyOrder {
                    name: KeyName::parse(&name).map_err(fault)?,
                    access: Access::from_stored(&access)
                        .ok_or_else(|| Failure::usage("--scope is no scope"))?,
                    workspaces: ids.collect::<Result<_, _>>().map_err(fault)?,
                    addresses: Addresses::from_stored(addresses.as_deref())
                        .ok_or_else(|| Failure::usage("--address is no network"))?,
                    expires_at: expires_at.map(Timestamp::from_unix_micros),
                };
                Self::Create { owner: email(owner)?, order }
            }
            KeysWire::List { owner } => Self::List { owner: email(owner)? },
            KeysWire::Rotate { owner, which, overlap_seconds } => Self::Rotate {
                owner: email(owner)?,
                which: which.try_into()?,
                overlap: Overlap::new(std::time::Duration::from_secs(overlap_seconds))
                    .map_err(fault)?,
            },
            KeysWire::EndOverlap { owner, which } => {
                Self::EndOverlap { owner: email(owner)?, which: which.try_into()? }
            }
            KeysWire::Budget { owner, which, day, month, total } => Self::Budget {
                owner: email(owner)?,
                which: which.try_into()?,
                caps: Caps { day: day.read()?, month: month.read()?, total: total.read()? },
            },
            KeysWire::Revoke { owner, which } => {
                Self::Revoke { owner: email(owner)?, which: which.try_into()? }
            }
            KeysWire::Import { owner, text } => {
                Self::Import { owner: email(owner)?, order: ImportOrder::read(text)? }
            }
        })
    }
}
