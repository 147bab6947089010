//! The four kinds of value that both databases store alike.

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
    /// Bytes: ids and digests.
    Blob(Vec<u8>),
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
        Self::Blob(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
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
                Self::Blob(id.as_bytes().to_vec())
            }
        }

        impl From<&$id> for Value {
            fn from(id: &$id) -> Self {
                Self::Blob(id.as_bytes().to_vec())
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
