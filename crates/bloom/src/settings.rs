//! Every setting, once: its section, key, kind and meaning.
//!
//! The file, the environment (`BLOOM_` + section + key) and docs/OPERATIONS.md are all held to this
//! table: what is not in it is refused by name.

/// How a setting is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Whole,
    YesNo,
}

/// A setting.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) section: &'static str,
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
    #[cfg_attr(not(test), expect(dead_code, reason = "the documentation is held to it by a test"))]
    pub(crate) meaning: &'static str,
}

const fn setting(
    section: &'static str,
    key: &'static str,
    kind: Kind,
    meaning: &'static str,
) -> Setting {
    Setting { section, key, kind, meaning }
}

/// All of them.
pub(crate) static ALL: [Setting; 57] = [
    setting("server", "data", Kind::Text, "the data folder; the flag --data"),
    setting("server", "listen", Kind::Text, "address and port to listen on; the flag --listen"),
    setting(
        "server",
        "public_url",
        Kind::Text,
        "how people reach the server; the flag --public-url",
    ),
    setting("server", "trusted_proxies", Kind::Whole, "how many proxies append to X-Forwarded-For"),
    setting("server", "drain_seconds", Kind::Whole, "how long running requests may take at a stop"),
    setting("database", "url", Kind::Text, "a postgres:// URL; the flag --database-url"),
    setting("accounts", "sign_up", Kind::Text, "open, invite or closed"),
    setting(
        "oauth",
        "redirect_schemes",
        Kind::Text,
        "private-use schemes without a dot that redirect URIs may have, separated by commas",
    ),
    setting("oauth", "max_clients", Kind::Whole, "how many apps may register themselves"),
    setting(
        "oauth",
        "replay_window_seconds",
        Kind::Whole,
        "how long a used refresh token is answered with the newest one, 0 to 600",
    ),
    setting(
        "oauth",
        "grant_days",
        Kind::Whole,
        "days after which an app has to ask again however busy it is; 0 for never",
    ),
    setting("limits", "enabled", Kind::YesNo, "false turns every rate limit off"),
    setting("limits", "api_key_requests", Kind::Whole, "requests with one API key in a minute"),
    setting(
        "limits",
        "connection_requests",
        Kind::Whole,
        "requests of one app for one person in a minute",
    ),
    setting(
        "limits",
        "failures",
        Kind::Whole,
        "failed authentications of one address in a minute, after which they are answered 429",
    ),
    setting(
        "limits",
        "passwords",
        Kind::Whole,
        "wrong passwords for one account from one address in 15 minutes",
    ),
    setting(
        "limits",
        "address_passwords",
        Kind::Whole,
        "wrong passwords from one address in 15 minutes, for accounts that were never signed in to from there",
    ),
    setting(
        "limits",
        "delay_seconds",
        Kind::Whole,
        "the longest that a sign-in to an account with many wrong passwords is delayed",
    ),
    setting("limits", "sign_ups", Kind::Whole, "accounts made from one address in half an hour"),
    setting("limits", "registrations", Kind::Whole, "new apps from one address in half an hour"),
    setting(
        "limits",
        "reports",
        Kind::Whole,
        "reports of leaked keys in a minute from one address that named no key of this server",
    ),
    setting(
        "limits",
        "mails",
        Kind::Whole,
        "mails with a link asked for in half an hour, to one mailbox from one address; four times as many of a kind to it, or from there, in all; 20 times as many invitations from an account",
    ),
    setting(
        "leaks",
        "scanner_keys",
        Kind::Text,
        "a file with the public keys of a secret scanner; see Keys that leaked",
    ),
    setting(
        "secret",
        "current",
        Kind::Text,
        "the root secret, instead of the file in the data folder",
    ),
    setting("secret", "previous", Kind::Text, "root secrets it replaced, separated by commas"),
    setting(
        "mail",
        "from",
        Kind::Text,
        "whom mails are from, such as Bloom <bloom@example.com>; needed with mail.host",
    ),
    setting("mail", "host", Kind::Text, "the mail server; without one, mails are files"),
    setting("mail", "port", Kind::Whole, "its port; usually left out"),
    setting("mail", "security", Kind::Text, "starttls, tls or none"),
    setting("mail", "user", Kind::Text, "whom the mail server knows us as"),
    setting("mail", "password", Kind::Text, "the password of mail.user"),
    setting(
        "mail",
        "timeout_seconds",
        Kind::Whole,
        "how long handing over a mail may take, 1 to 60",
    ),
    setting(
        "openid",
        "issuer",
        Kind::Text,
        "the OpenID provider that people may sign in through; see Signing in elsewhere",
    ),
    setting("openid", "client_id", Kind::Text, "whom the provider knows us as"),
    setting(
        "openid",
        "client_secret",
        Kind::Text,
        "the secret of openid.client_id; left out for a public client",
    ),
    setting(
        "openid",
        "label",
        Kind::Text,
        "what people call the provider, as on the button; left out: its host",
    ),
    setting(
        "openid",
        "sign_up",
        Kind::YesNo,
        "true lets whoever the provider vouches for make an account, whatever accounts.sign_up says",
    ),
    setting(
        "openid",
        "allow_private",
        Kind::YesNo,
        "true asks the provider at a private address, at any port and over plain http, too",
    ),
    setting("billing", "enabled", Kind::YesNo, "true gives workspaces plans; see Plans"),
    setting(
        "billing",
        "default_plan",
        Kind::Text,
        "the plan of a workspace without a subscription",
    ),
    setting(
        "billing",
        "webhook_secrets",
        Kind::Text,
        "with which the payment provider signs, separated by commas",
    ),
    setting("billing", "manage_url", Kind::Text, "where people look after their payments"),
    setting(
        "fetch",
        "allow_private",
        Kind::YesNo,
        "true fetches client documents and the pages and logos of brands from private addresses and any port, too; for closed networks. The log says so loudly at the start",
    ),
    setting(
        "fetch",
        "extra_roots",
        Kind::Text,
        "a PEM file of certificates to trust beside the system's when fetching, and when asking engines",
    ),
    setting(
        "files",
        "folder",
        Kind::Text,
        "where the bytes of images lie; left out: files in the data folder",
    ),
    setting(
        "files",
        "origin",
        Kind::Text,
        "another host that leads to this server, such as https://files.example.net, at which images and logos are shown",
    ),
    setting(
        "files",
        "bucket",
        Kind::Text,
        "a bucket with S3's protocol instead, for several nodes",
    ),
    setting("files", "endpoint", Kind::Text, "the URL of its server; left out: Amazon's"),
    setting("files", "region", Kind::Text, "its region; left out: us-east-1"),
    setting("files", "access_key_id", Kind::Text, "whom the bucket's server knows us as"),
    setting("files", "secret_access_key", Kind::Text, "the secret of files.access_key_id"),
    setting(
        "files",
        "quota_megabytes",
        Kind::Whole,
        "how many megabytes of images a workspace may have when more are brought; 0 for any number",
    ),
    setting(
        "models",
        "fast",
        Kind::Text,
        "which engine draws what is asked for with the model fast: compose, or the name of one under Engines",
    ),
    setting(
        "models",
        "standard",
        Kind::Text,
        "the same for standard, and for what is asked for without a model",
    ),
    setting("models", "pro", Kind::Text, "the same for pro"),
    setting("log", "format", Kind::Text, "text or json"),
    setting("log", "filter", Kind::Text, "what is logged, such as info or bloom=debug"),
];

/// The setting with a section and key.
pub(crate) fn find(section: &str, key: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.section == section && setting.key == key)
}

/// The sections, each once.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = ALL.iter().map(|setting| setting.section).collect();
    sections.dedup();
    sections
}

/// The keys of a section.
pub(crate) fn keys(section: &str) -> Vec<&'static str> {
    ALL.iter().filter(|setting| setting.section == section).map(|setting| setting.key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operations_manual_has_every_setting_with_its_meaning() {
        let manual = include_str!("../../../docs/OPERATIONS.md");
        for Setting { section, key, meaning, .. } in &ALL {
            let variable = format!("BLOOM_{}_{}", section.to_uppercase(), key.to_uppercase());
            let row = format!("| `{section}.{key}` | `{variable}` | {meaning} |");
            assert!(manual.contains(&row), "docs/OPERATIONS.md lacks the row: {row}");
        }
    }
}
