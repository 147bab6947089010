//! One newtype per entity, so that an id of one kind can never be passed for another.
//!
//! Ids are UUIDv7 (RFC 9562 §5.7): they sort by creation time, which keeps index inserts at the
//! right edge. They are names, never capabilities: knowing an id grants nothing.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// Random bytes an id needs, drawn by the service layer.
pub type IdEntropy = [u8; 10];

/// The text was not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdError;

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid id: expected a UUID")
    }
}

impl std::error::Error for IdError {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new id for something that came to be at `now`.
            #[must_use]
            pub fn new(now: Timestamp, entropy: &IdEntropy) -> Self {
                let millis = now.unix_micros().max(0).unsigned_abs() / 1_000;
                Self(uuid::Builder::from_unix_timestamp_millis(millis, entropy).into_uuid())
            }

            /// The id as it is stored: 16 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id from its 16 stored bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(uuid::Uuid::from_bytes(bytes))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                // Only the hyphenated form: one id has one spelling.
                if text.len() != 36 {
                    return Err(IdError);
                }
                uuid::Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id!(
    /// An access token: its `jti`.
    AccessTokenId
);
id!(
    /// An account: a person, the resource owner of RFC 6749 §1.1.
    AccountId
);
id!(
    /// An API key. Replacing its secret keeps the id.
    ApiKeyId
);
id!(
    /// A brand. The wire also calls it `brandSessionId`.
    BrandId
);
id!(
    /// A client. Not made from time: for an anonymous client it is drawn from its metadata.
    ClientId
);
id!(
    /// A connection: an account and a client it let in.
    ConnectionId
);
id!(
    /// A credit grant: credits that came together.
    CreditGrantId
);
id!(
    /// A hold: the credits of one job.
    CreditHoldId
);
id!(
    /// A grant: one approved authorization. The `sid` of its tokens.
    GrantId
);
id!(
    /// An image: one that was made, or one that was brought.
    ImageId
);
id!(
    /// An identity at an OpenID provider, as its person tells it from others.
    IdentityId
);
id!(
    /// An invitation into a team workspace.
    InvitationId
);
id!(
    /// A job.
    JobId
);
id!(
    /// A mail on its way. Its name in the world too: its `Message-ID`.
    MailId
);
id!(
    /// A passkey, as its person tells it from others.
    PasskeyId
);
id!(
    /// A browser session, as its person tells it from others.
    SessionId
);
id!(
    /// A workspace, personal or team.
    WorkspaceId
);

impl ClientId {
    /// Reads an id that a client presents. The values of the protocol are case sensitive (RFC 6749
    /// §1.9), so one in capitals is another id.
    #[must_use]
    pub fn presented(text: &str) -> Option<Self> {
        text.parse().ok().filter(|id: &Self| id.to_string() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_survive_text() {
        let early = ApiKeyId::new(Timestamp::from_unix_micros(1_000_000), &[0xff; 10]);
        let late = ApiKeyId::new(Timestamp::from_unix_micros(2_000_000), &[0; 10]);
        assert!(early < late);
        assert_eq!(late.to_string().parse::<ApiKeyId>(), Ok(late));
        assert_eq!(ApiKeyId::from_bytes(*late.as_bytes()), late);
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = AccountId::new(Timestamp::from_unix_micros(1), &[7; 10]);
        assert_eq!(id.to_string().replace('-', "").parse::<AccountId>(), Err(IdError));
        assert_eq!(format!("{{{id}}}").parse::<AccountId>(), Err(IdError));
    }

    #[test]
    fn a_client_presents_its_id_as_it_was_given() {
        let id = ClientId::from_bytes([0xab; 16]);
        assert_eq!(ClientId::presented(&id.to_string()), Some(id));
        assert_eq!(ClientId::presented(&id.to_string().to_uppercase()), None);
    }
}
