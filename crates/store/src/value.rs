//! The kinds of value that both databases store alike.

use bloom_domain::ids::{
    AccessTokenId, AccountId, ApiKeyId, BrandId, ClientId, ConnectionId, CreditGrantId,
    CreditHoldId, GrantId, IdentityId, ImageId, InvitationId, JobId, MailId, PasskeyId, SessionId,
    WorkspaceId,
};
use bloom_domain::time::Timestamp;

/// A parameter of a statement, or a column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing is stored.
    Null,
    /// A number, a count, or a time in microseconds.
    Int(i64),
    /// Text without NUL, which PostgreSQL cannot hold.
    Text(String),
    /// Sixteen bytes. Most are ids, of which a statement has several: they need no memory of their own.
    Id([u8; 16]),
    /// As many other bytes: digests and what is sealed.
    Blob(Vec<u8>),
}

impl Value {
    /// The bytes, if it is bytes.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Id(bytes) => Some(bytes),
            Self::Blob(bytes) => Some(bytes),
            Self::Null | Self::Int(_) | Self::Text(_) => None,
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        bytes.try_into().map_or_else(|_| Self::Blob(bytes.to_vec()), Self::Id)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().try_into().map_or_else(|_| Self::Blob(bytes), Self::Id)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Int(time.unix_micros())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! ids {
    ($($id:ident),+ $(,)?) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Id(*id.as_bytes())
            }
        }

        impl From<&$id> for Value {
            fn from(id: &$id) -> Self {
                Self::Id(*id.as_bytes())
            }
        }
    )+};
}

ids!(
    AccessTokenId,
    AccountId,
    ApiKeyId,
    BrandId,
    ClientId,
    ConnectionId,
    CreditGrantId,
    CreditHoldId,
    GrantId,
    IdentityId,
    ImageId,
    InvitationId,
    JobId,
    MailId,
    PasskeyId,
    SessionId,
    WorkspaceId,
);
