//! Clients: the apps that ask to act for a person (RFC 6749 §1.1).
//!
//! A client that registers itself is anonymous and public. It *is* its metadata: the id is drawn from
//! it, so the same app registering twice is one client, and changed metadata is another one.

use std::time::Duration;

use bloom_oauth::client_metadata::ClientMetadata;
use bloom_oauth::redirect_uri::{RedirectKind, RedirectUri};

use crate::ids::ClientId;
use crate::names::is_deceptive;
use crate::time::Timestamp;

/// A client that nobody has let in for this long is forgotten.
pub const IDLE_LIFETIME: Duration = Duration::from_secs(90 * 86_400);
/// One that nobody ever let in is forgotten sooner. Registering again gives the same id.
pub const UNUSED_LIFETIME: Duration = Duration::from_secs(86_400);
/// A use is written at most this often.
pub const USED_RESOLUTION: Duration = Duration::from_secs(86_400);
/// What an app without a name is called.
const NAMELESS: &str = "An app without a name";
/// The longest name that is shown.
const MAX_NAME: usize = 80;

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// What it presents as `client_id`.
    pub id: ClientId,
    /// What it says of itself; never changes.
    pub metadata: ClientMetadata,
    /// When it was first registered.
    pub created_at: Timestamp,
    /// Since when the operator refuses it, if they do.
    pub disabled_at: Option<Timestamp>,
}

impl Client {
    /// The name it gives itself, made safe to show: without control, direction and invisible
    /// characters, and not endless. Whether it is true nobody knows.
    #[must_use]
    pub fn display_name(&self) -> String {
        let name = self.metadata.client_name.as_deref().unwrap_or_default();
        let shown: String = name
            .chars()
            .filter(|&c| c.is_whitespace() || !is_deceptive(c))
            .take(MAX_NAME)
            .collect();
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        if shown.is_empty() { NAMELESS.to_owned() } else { shown }
    }

    /// The registered redirect URI that a presented one is.
    #[must_use]
    pub fn redirect(&self, presented: &str, known_schemes: &[&str]) -> Option<RedirectUri> {
        let registered = self.metadata.redirects(known_schemes);
        registered.into_iter().find(|uri| uri.matches(presented))
    }
}

/// What a person has to be told about where an answer goes.
#[must_use]
pub fn is_on_the_device(redirect: &RedirectUri) -> bool {
    !matches!(redirect.kind(), RedirectKind::Site(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Client {
        let body = format!(
            r#"{{"redirect_uris":["https://app.example/cb"],"client_name":{}}}"#,
            serde_json::Value::from(name)
        );
        let metadata = bloom_oauth::client_metadata::parse(body.as_bytes(), &[], "", &[]).unwrap();
        let now = Timestamp::from_unix_micros(0);
        Client { id: ClientId::from_bytes([0; 16]), metadata, created_at: now, disabled_at: None }
    }

    #[test]
    fn a_name_shows_as_it_reads() {
        assert_eq!(named("  My \t App\n").display_name(), "My App");
        assert_eq!(named("Ap\u{200b}ple\u{202e}moc").display_name(), "Applemoc");
        assert_eq!(named("\u{feff} \u{2066}").display_name(), NAMELESS);
        assert_eq!(named("").display_name(), NAMELESS);
        assert_eq!(named(&"é".repeat(200)).display_name().chars().count(), MAX_NAME);
    }
}
