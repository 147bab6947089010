//! What an authenticator says (WebAuthn Level 3 §6.1), and what the browser adds (§5.8.1).

use serde::Deserialize;

use super::cbor::Item;
use super::public_key::PublicKey;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;
/// §5.8.3: "at most 1023 bytes".
const MAX_CREDENTIAL_ID: usize = 1_023;

/// Authenticator data.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AuthenticatorData<'a> {
    /// For which site it is: a SHA-256.
    pub(crate) site: [u8; 32],
    flags: u8,
    /// How often the key has signed; zero when that is not counted.
    pub(crate) sign_count: u32,
    /// A credential that has just been made.
    pub(crate) credential: Option<Credential<'a>>,
}

/// A credential that an authenticator has made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Credential<'a> {
    pub(crate) id: &'a [u8],
    /// A COSE key of a kind that is known here.
    pub(crate) public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all of it; `None` when anything is missing, too much or of an unknown kind.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (site, rest) = bytes.split_first_chunk::<32>()?;
        let (&flags, rest) = rest.split_first()?;
        let (count, mut rest) = rest.split_first_chunk::<4>()?;
        let mut credential = None;
        if flags & HAS_CREDENTIAL != 0 {
            let (read, after) = Credential::read(rest)?;
            credential = Some(read);
            rest = after;
        }
        if flags & HAS_EXTENSIONS != 0 {
            let (Item::Map(_), after) = Item::read(rest)? else { return None };
            rest = after;
        }
        let sign_count = u32::from_be_bytes(*count);
        rest.is_empty().then_some(Self { site: *site, flags, sign_count, credential })
    }

    /// Whether somebody was there and was told apart from others, by a finger, a face or a number.
    pub(crate) fn is_verified(&self) -> bool {
        self.flags & (PRESENT | VERIFIED) == PRESENT | VERIFIED
    }
}

impl<'a> Credential<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (_model, rest) = bytes.split_at_checked(16)?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (id, rest) = rest.split_at_checked(length)?;
        let (_, after) = Item::read(rest)?;
        let public_key = &rest[..rest.len() - after.len()];
        PublicKey::read(public_key)?;
        let is_usual = !id.is_empty() && id.len() <= MAX_CREDENTIAL_ID;
        is_usual.then_some((Self { id, public_key }, after))
    }
}

/// What a browser tells of a ceremony.
#[derive(Debug, Deserialize)]
pub(crate) struct ClientData {
    /// `webauthn.create` or `webauthn.get`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// In base64url.
    pub(crate) challenge: String,
    pub(crate) origin: String,
    #[serde(default, rename = "crossOrigin")]
    pub(crate) is_in_a_foreign_frame: bool,
}

impl ClientData {
    pub(crate) fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}
