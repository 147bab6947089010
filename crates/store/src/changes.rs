//! What a committed transaction changed, as far as caches care.

use std::fmt;

use bloom_domain::ids::{
    AccessTokenId, AccountId, ApiKeyId, BrandId, ClientId, ConnectionId, GrantId, ImageId,
    WorkspaceId,
};

/// Something cached may be out of date. A hint: the table is the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// The account itself: banned, renamed, its password replaced.
    Account(AccountId),
    /// The key: revoked, replaced, renamed.
    ApiKey(ApiKeyId),
    /// The access token was revoked.
    AccessToken(AccessTokenId),
    /// The client: disabled or enabled.
    Client(ClientId),
    /// The connection was revoked.
    Connection(ConnectionId),
    /// The grant was revoked.
    Grant(GrantId),
    /// The workspace: its plan, or whether it is there.
    Workspace(WorkspaceId),
    /// The browser session with this digest ended.
    Session([u8; 32]),
    /// The brand: what is known of it, or whether it is there.
    Brand(BrandId),
    /// The image: it is being made, done, or gone.
    Image(ImageId),
    /// A job was written.
    Job,
    /// A mail was written.
    Mail,
    /// Keys of another shape were imported.
    KeyShape,
    /// Another root secret became the current one.
    RootSecret,
    /// Anything may have changed: this node did not hear the others for a while.
    Everything,
}

/// The wire form between nodes: a word, and the bytes in hexadecimal.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{}", Hex(id.as_bytes())),
            Self::ApiKey(id) => write!(f, "api-key:{}", Hex(id.as_bytes())),
            Self::AccessToken(id) => write!(f, "access-token:{}", Hex(id.as_bytes())),
            Self::Client(id) => write!(f, "client:{}", Hex(id.as_bytes())),
            Self::Connection(id) => write!(f, "connection:{}", Hex(id.as_bytes())),
            Self::Grant(id) => write!(f, "grant:{}", Hex(id.as_bytes())),
            Self::Workspace(id) => write!(f, "workspace:{}", Hex(id.as_bytes())),
            Self::Session(digest) => write!(f, "session:{}", Hex(digest)),
            Self::Brand(id) => write!(f, "brand:{}", Hex(id.as_bytes())),
            Self::Image(id) => write!(f, "image:{}", Hex(id.as_bytes())),
            Self::Job => f.write_str("job"),
            Self::Mail => f.write_str("mail"),
            Self::KeyShape => f.write_str("key-shape"),
            Self::RootSecret => f.write_str("root-secret"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

impl Change {
    /// The id of what changed, where that has one: what is known of it may be out of date, and whoever waits
    /// for it may look again.
    #[must_use]
    pub fn id(&self) -> Option<&[u8; 16]> {
        match self {
            Self::Account(id) => Some(id.as_bytes()),
            Self::ApiKey(id) => Some(id.as_bytes()),
            Self::AccessToken(id) => Some(id.as_bytes()),
            Self::Client(id) => Some(id.as_bytes()),
            Self::Connection(id) => Some(id.as_bytes()),
            Self::Grant(id) => Some(id.as_bytes()),
            Self::Workspace(id) => Some(id.as_bytes()),
            Self::Brand(id) => Some(id.as_bytes()),
            Self::Image(id) => Some(id.as_bytes()),
            Self::Session(_)
            | Self::Job
            | Self::KeyShape
            | Self::Mail
            | Self::RootSecret
            | Self::Everything => None,
        }
    }

    /// Reads the wire form. A word this binary does not know comes from a newer node in the middle
    /// of an upgrade; forgetting everything is then the only safe reading.
    pub(crate) fn from_wire(text: &str) -> Self {
        let (word, hex) = text.split_once(':').unwrap_or((text, ""));
        let change = match word {
            "account" => from_hex(hex).map(|id| Self::Account(AccountId::from_bytes(id))),
            "api-key" => from_hex(hex).map(|id| Self::ApiKey(ApiKeyId::from_bytes(id))),
            "access-token" => {
                from_hex(hex).map(|id| Self::AccessToken(AccessTokenId::from_bytes(id)))
            }
            "client" => from_hex(hex).map(|id| Self::Client(ClientId::from_bytes(id))),
            "connection" => from_hex(hex).map(|id| Self::Connection(ConnectionId::from_bytes(id))),
            "grant" => from_hex(hex).map(|id| Self::Grant(GrantId::from_bytes(id))),
            "workspace" => from_hex(hex).map(|id| Self::Workspace(WorkspaceId::from_bytes(id))),
            "session" => from_hex(hex).map(Self::Session),
            "brand" => from_hex(hex).map(|id| Self::Brand(BrandId::from_bytes(id))),
            "image" => from_hex(hex).map(|id| Self::Image(ImageId::from_bytes(id))),
            "job" => Some(Self::Job),
            "mail" => Some(Self::Mail),
            "key-shape" => Some(Self::KeyShape),
            "root-secret" => Some(Self::RootSecret),
            _ => None,
        };
        change.unwrap_or(Self::Everything)
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn from_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != 2 * N || !hex.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_survive_the_wire() {
        let mut id = [0xa5; 16];
        id[0] = 0x0f;
        for change in [
            Change::Account(AccountId::from_bytes(id)),
            Change::ApiKey(ApiKeyId::from_bytes(id)),
            Change::AccessToken(AccessTokenId::from_bytes(id)),
            Change::Client(ClientId::from_bytes(id)),
            Change::Connection(ConnectionId::from_bytes(id)),
            Change::Grant(GrantId::from_bytes(id)),
            Change::Workspace(WorkspaceId::from_bytes(id)),
            Change::Session([0xfe; 32]),
            Change::Brand(BrandId::from_bytes(id)),
            Change::Image(ImageId::from_bytes(id)),
            Change::Job,
            Change::Mail,
            Change::KeyShape,
            Change::RootSecret,
            Change::Everything,
        ] {
            assert_eq!(Change::from_wire(&change.to_string()), change);
        }
    }

    #[test]
    fn what_cannot_be_read_means_everything() {
        for text in ["", "thing:00", "account:", "account:zz", "session:+1", "account:é"] {
            assert_eq!(Change::from_wire(text), Change::Everything, "{text}");
        }
    }
}
