//! Clients: the apps that ask to act for a person (RFC 6749 §1.1).
//!
//! A client that registers itself is anonymous and public. It *is* its metadata: the id is drawn from
//! it, so the same app registering twice is one client, and changed metadata is another one. One that
//! somebody owns has a random id instead: its owner changes it, it may have a secret, and with one it may
//! act by itself, for its owner.

use std::time::Duration;

use bloom_oauth::client_authentication::{AuthMethod, ClientCredentials};
use bloom_oauth::client_document::DocumentUrl;
use bloom_oauth::client_metadata::ClientMetadata;
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::redirect_uri::{RedirectKind, RedirectUri};

use crate::digest::Digest;
use crate::ids::{AccountId, ClientId};
use crate::names::{shows_something, without_hidden};
use crate::secrets::OpaqueSecret;
use crate::time::Timestamp;
use crate::workspaces::Reach;

/// A client that nobody has let in for this long is forgotten.
pub const IDLE_LIFETIME: Duration = Duration::from_secs(90 * 86_400);
/// Where there are many, one that nobody ever let in is forgotten sooner. Registering again gives the same id.
const UNUSED_LIFETIME: Duration = Duration::from_secs(86_400);
/// A use is written at most this often.
pub const USED_RESOLUTION: Duration = Duration::from_secs(86_400);
/// What an app without a name is called.
const NAMELESS: &str = "An app without a name";
/// The longest name that is shown.
const MAX_NAME: usize = 80;
/// How many clients one account may own.
pub const MAX_OWNED: i64 = 25;
/// What every client secret begins with, so that a scanner finds a leaked one.
const SECRET_PREFIX: &str = "bloom_cs_";
/// What every registration access token begins with.
const MANAGEMENT_PREFIX: &str = "bloom_rat_";

/// For how long a client is kept that nobody ever let in. It makes room for others where half as many as may
/// be have registered themselves: a flood of them leaves after a day, and without one nobody is hurried.
#[must_use]
pub fn unused_lifetime(registered: i64, most: i64) -> Duration {
    if registered >= most / 2 { UNUSED_LIFETIME } else { IDLE_LIFETIME }
}

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id here; what it presents is [`Client::identifier`].
    pub id: ClientId,
    /// What it says of itself. Of a client that nobody owns it never changes.
    pub metadata: ClientMetadata,
    /// When it was first registered.
    pub created_at: Timestamp,
    /// Since when the operator refuses it, if they do.
    pub disabled_at: Option<Timestamp>,
    /// Since when the operator vouches for it, if they do.
    pub verified_at: Option<Timestamp>,
    /// Whose it is, if it is somebody's.
    pub owned: Option<Owned>,
    /// The document that says what it is, if one does: its URL is what the client presents.
    pub document: Option<DocumentUrl>,
}

/// What a client is that somebody owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Whose it is.
    pub account: AccountId,
    /// The workspaces that it may act in by itself, of those that its owner belongs to.
    pub reach: Reach,
    /// What stands for its secret, if it has one.
    pub secret: Option<Digest>,
    /// Since when its owner has switched it off, if they have.
    pub paused_at: Option<Timestamp>,
}

/// What a client has to prove itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authentication {
    /// By which method.
    pub method: AuthMethod,
    /// What stands for its secret.
    pub secret: Option<Digest>,
}

impl Authentication {
    /// Whether a client has proven itself. `digests` are what may be stored for the secret that it
    /// brought; each is compared in constant time.
    ///
    /// # Errors
    /// `invalid_client` says what to send instead.
    pub fn check(
        &self,
        presented: &ClientCredentials,
        digests: &[Digest],
    ) -> Result<(), OAuthError> {
        presented.check_method(self.method)?;
        let is_proven = match (self.method, &self.secret) {
            (AuthMethod::None, _) => true,
            (_, Some(stored)) => digests.contains(stored),
            (_, None) => false,
        };
        let wrong = || OAuthError::new(ErrorCode::InvalidClient, "the client's secret is wrong");
        if is_proven { Ok(()) } else { Err(wrong()) }
    }
}

/// The secret of a client, as it is shown once.
#[derive(Debug, Clone)]
pub struct ClientSecret(OpaqueSecret);

/// The token with which an owned client is managed (RFC 7592 §3), as it is shown once.
#[derive(Debug, Clone)]
pub struct RegistrationToken(OpaqueSecret);

macro_rules! shown {
    ($name:ident, $prefix:ident) => {
        impl $name {
            /// A new one from 256 random bits.
            #[must_use]
            pub fn new(entropy: &[u8; 32]) -> Self {
                Self(OpaqueSecret::new(entropy))
            }

            /// Reads a presented one; `None` for what no server can have issued.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                OpaqueSecret::parse(text.strip_prefix($prefix)?).map(Self)
            }

            /// The text, to be shown to its owner. Never log it.
            #[must_use]
            pub fn expose(&self) -> String {
                format!("{}{}", $prefix, self.0.expose())
            }
        }
    };
}

shown!(ClientSecret, SECRET_PREFIX);
shown!(RegistrationToken, MANAGEMENT_PREFIX);

impl Client {
    /// The name it gives itself, made safe to show: without control, direction and invisible
    /// characters, and not endless. Whether it is true nobody knows.
    #[must_use]
    pub fn display_name(&self) -> String {
        let name = self.metadata.client_name.as_deref().unwrap_or_default();
        let shown: String = without_hidden(name).chars().take(MAX_NAME).collect();
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        if shows_something(&shown) { shown } else { NAMELESS.to_owned() }
    }

    /// What it presents as `client_id`.
    #[must_use]
    pub fn identifier(&self) -> String {
        identifier(self.id, self.document.as_ref().map(DocumentUrl::as_str))
    }

    /// Whether more is certain of it than what it says of itself, for answers that go to a redirect URI:
    /// the document lies on the very host, or the operator vouches for the client.
    #[must_use]
    pub fn is_verified_for(&self, redirect: &RedirectUri) -> bool {
        // Whatever is on the device can catch an answer there.
        matches!(redirect.kind(), RedirectKind::Site(site) if self.is_of(site))
    }

    /// Whether it is certain that the client is of a site, or the operator says that it is who it says.
    #[must_use]
    pub fn is_of(&self, site: &str) -> bool {
        let document = self.document.as_ref();
        self.verified_at.is_some() || document.is_some_and(|document| document.host() == site)
    }

    /// Whether what it says of itself can change while its id stays.
    #[must_use]
    pub fn can_change(&self) -> bool {
        self.owned.is_some() || self.document.is_some()
    }

    /// Whether it gets nothing at the moment: the operator refuses it, or its owner has switched it off.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.disabled_at.is_some()
            || self.owned.as_ref().is_some_and(|owned| owned.paused_at.is_some())
    }

    /// What it has to prove itself with.
    #[must_use]
    pub fn authentication(&self) -> Authentication {
        Authentication {
            method: self.metadata.token_endpoint_auth_method,
            secret: self.owned.as_ref().and_then(|owned| owned.secret),
        }
    }

    /// The registered redirect URI that a presented one is.
    #[must_use]
    pub fn redirect(&self, presented: &str, known_schemes: &[&str]) -> Option<RedirectUri> {
        let registered = self.metadata.redirects(known_schemes);
        registered.into_iter().find(|uri| uri.matches(presented))
    }
}

/// What a client with an id presents: the URL of its document, or else the id.
#[must_use]
pub fn identifier(id: ClientId, document: Option<&str>) -> String {
    document.map_or_else(|| id.to_string(), str::to_owned)
}

/// What a person has to be told about where an answer goes.
#[must_use]
pub fn is_on_the_device(redirect: &RedirectUri) -> bool {
    !matches!(redirect.kind(), RedirectKind::Site(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bloom_oauth::client_metadata::Rules;
    use bloom_oauth::parameters::Parameters;

    fn named(name: &str) -> Client {
        let body = format!(
            r#"{{"redirect_uris":["https://app.example/cb"],"client_name":{}}}"#,
            serde_json::Value::from(name)
        );
        let rules = Rules { scopes: &[], default_scope: "", schemes: &[] };
        let metadata = bloom_oauth::client_metadata::parse(body.as_bytes(), rules).unwrap();
        Client {
            id: ClientId::from_bytes([0; 16]),
            metadata,
            created_at: Timestamp::from_unix_micros(0),
            disabled_at: None,
            verified_at: None,
            owned: None,
            document: None,
        }
    }

    #[test]
    fn a_name_shows_as_it_reads() {
        assert_eq!(named("  My \t App\n").display_name(), "My App");
        assert_eq!(named("Ap\u{200b}ple\u{202e}moc").display_name(), "Applemoc");
        assert_eq!(named("Ap\u{200d}ple").display_name(), "Apple");
        assert_eq!(named("می\u{200c}خواهم\u{200c}").display_name(), "می\u{200c}خواهم");
        assert_eq!(named("\u{feff} \u{2066}").display_name(), NAMELESS);
        assert_eq!(named("\u{fe0f}\u{200d}").display_name(), NAMELESS);
        assert_eq!(named("").display_name(), NAMELESS);
        assert_eq!(named(&"é".repeat(200)).display_name().chars().count(), MAX_NAME);
    }

    #[test]
    fn nobody_is_hurried_while_there_is_room() {
        assert_eq!(unused_lifetime(49, 100), IDLE_LIFETIME);
        assert_eq!(unused_lifetime(50, 100), UNUSED_LIFETIME);
        assert_eq!(unused_lifetime(0, 0), UNUSED_LIFETIME);
        assert_eq!(unused_lifetime(i64::MAX, i64::MAX), UNUSED_LIFETIME);
    }

    #[test]
    fn a_secret_is_good_by_its_method_only() {
        let good = Digest::from_bytes([1; 32]);
        let secret = Parameters::parse(b"client_id=c&client_secret=s").unwrap();
        let bare = Parameters::parse(b"client_id=c").unwrap();
        let [secret, bare] =
            [secret, bare].map(|form| ClientCredentials::read(&form, None).unwrap());
        let of = |method, secret| Authentication { method, secret };
        let post = of(AuthMethod::Post, Some(good));
        assert!(post.check(&secret, &[Digest::from_bytes([2; 32]), good]).is_ok());
        assert!(post.check(&secret, &[Digest::from_bytes([2; 32])]).is_err());
        assert!(post.check(&secret, &[]).is_err() && post.check(&bare, &[good]).is_err());
        assert!(of(AuthMethod::Post, None).check(&secret, &[good]).is_err(), "it has none");
        assert!(of(AuthMethod::Basic, Some(good)).check(&secret, &[good]).is_err());
        assert!(of(AuthMethod::None, None).check(&secret, &[good]).is_err());
        assert!(of(AuthMethod::None, None).check(&bare, &[]).is_ok());
    }

    #[test]
    fn a_secret_names_its_kind_and_prints_nothing() {
        let secret = ClientSecret::new(&[7; 32]);
        assert_eq!(ClientSecret::parse(&secret.expose()).unwrap().expose(), secret.expose());
        assert!(!format!("{secret:?}").contains(&secret.expose()[9..]));
        let token = RegistrationToken::new(&[7; 32]).expose();
        assert!(
            ClientSecret::parse(&token).is_none() && ClientSecret::parse("bloom_cs_").is_none()
        );
    }

    #[test]
    fn only_the_host_of_the_document_or_the_operator_vouches() {
        let redirect = |uri: &str| RedirectUri::parse(uri, &["cursor"]).unwrap();
        let here = redirect("https://app.example/cb");
        let document = DocumentUrl::parse("https://app.example/client.json");
        let client = Client { document, ..named("App") };
        assert!(client.is_verified_for(&here));
        assert_eq!(client.identifier(), "https://app.example/client.json");
        for elsewhere in [
            "https://other.example/cb",
            "https://sub.app.example/cb",
            "https://app.example:444/cb",
            "http://127.0.0.1/cb",
            "com.example.app:/cb",
        ] {
            assert!(!client.is_verified_for(&redirect(elsewhere)), "{elsewhere}");
        }
        assert!(!named("App").is_verified_for(&here));
        let vouched = Client { verified_at: Some(Timestamp::from_unix_micros(1)), ..named("App") };
        assert!(vouched.is_verified_for(&redirect("https://other.example/cb")));
        assert!(!vouched.is_verified_for(&redirect("http://127.0.0.1/cb")), "never on the device");
    }
}
