//! Configuration: one TOML file, then the environment, then the flags; the later wins.
//!
//! The only place that reads the environment. Unknown sections and keys are refused by name, since a
//! setting that is silently ignored is worse than none.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bloom_domain::accounts::SignUpPolicy;
use bloom_domain::networks::is_loopback_host;
use bloom_http::Site;
use bloom_service::attempts::AttemptLimits;
use bloom_service::rate_limit::RateLimits;
use bloom_service::root_secret::{RootSecret, RootSecrets};
use bloom_store::Database;
use toml::{Table, Value};

use crate::failure::Failure;
use crate::settings::{self, Kind};

mod engines;
mod fetch;
mod files;
mod keys;
mod leaks;
mod mail;
mod openid;
mod plans;

/// The prefix of our variables in the environment.
const PREFIX: &str = "BLOOM_";
/// Where our pages tell a person to put a key: of clients, and not a setting.
const KEY_OF_CLIENTS: &str = "BLOOM_API_KEY";
/// Schemes that a browser handles itself: a redirect to them runs or shows what it carries.
const NO_APP: [&str; 10] = [
    "http",
    "https",
    "javascript",
    "data",
    "file",
    "blob",
    "about",
    "ftp",
    "vbscript",
    "view-source",
];
/// How many clients may be registered when nothing is configured.
const MAX_CLIENTS: u32 = 100_000;
/// The longest for which a used refresh token may be answered, in seconds.
const MAX_REPLAY_WINDOW: u32 = 600;
/// The greatest limit of a credential: its window takes 4 bytes for each request.
const MAX_REQUESTS: u16 = 10_000;
/// The greatest of the limits on attempts, since each attempt takes memory for a while.
const MAX_LIMIT: u16 = 1_000;
/// The longest delay of a sign-in, in seconds: longer ones would keep people out.
const MAX_DELAY: u16 = 10;
/// The database's file in the data folder.
const DATABASE_FILE: &str = "bloom.db";

/// What was configured, as text and numbers; each use turns its part into types.
#[derive(Debug, Default)]
pub(crate) struct Config {
    table: Table,
}

impl Config {
    /// Reads the file, if one is named, and the environment.
    pub(crate) fn load(file: Option<&PathBuf>) -> Result<Self, Failure> {
        let mut config = Self::default();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::usage(format!("cannot read {}: {error}", path.display()))
            })?;
            config.add_file(&text, &path.display().to_string())?;
        }
        config.add_environment(environment())?;
        Ok(config)
    }

    fn add_file(&mut self, text: &str, name: &str) -> Result<(), Failure> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            Failure::usage(format!("{name}: {}", error.message()))
        })?;
        for (section, keys) in table {
            let Value::Table(keys) = keys else {
                return Err(Failure::usage(format!(
                    "{name}: {section} stands outside a section; the sections are {}",
                    section_names()
                )));
            };
            if [plans::PLANS, engines::ENGINES].contains(&section.as_str()) {
                self.table.insert(section, Value::Table(keys));
                continue;
            }
            for (key, value) in keys {
                let setting = known(&section, &key)
                    .map_err(|why| Failure::usage(format!("{name}: {why}")))?;
                if !is_of_kind(&value, setting.kind) {
                    let kind = described(setting.kind);
                    return Err(Failure::usage(format!("{name}: {section}.{key} must be {kind}")));
                }
                self.set(&section, &key, value);
            }
        }
        Ok(())
    }

    fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (String, Option<String>)>,
    ) -> Result<(), Failure> {
        for (name, value) in variables.filter(|(name, _)| name != KEY_OF_CLIENTS) {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let rest = rest.to_ascii_lowercase();
            let (section, key) = rest.split_once('_').unwrap_or((&rest, ""));
            if section == plans::PLANS {
                let text = "plans stand in the file that --config names, as [plans.NAME]";
                return Err(Failure::usage(format!("the variable {name}: {text}")));
            }
            if section == engines::ENGINES {
                self.set_engine_key(key, value.unwrap_or_default())
                    .map_err(|why| Failure::usage(format!("the variable {name}: {why}")))?;
                continue;
            }
            let setting = known(section, key)
                .map_err(|why| Failure::usage(format!("the variable {name}: {why}")))?;
            let value = value.and_then(|text| read(&text, setting.kind)).ok_or_else(|| {
                Failure::usage(format!("the variable {name} must be {}", described(setting.kind)))
            })?;
            self.set(section, key, value);
        }
        Ok(())
    }

    /// A flag, which wins over file and environment.
    pub(crate) fn set_flag(&mut self, section: &str, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.set(section, key, Value::String(value));
        }
    }

    /// What holds when neither file, environment nor flag says anything.
    pub(crate) fn set_default(&mut self, section: &str, key: &str, value: &str) {
        if self.value(section, key).is_none() {
            self.set(section, key, Value::String(value.to_owned()));
        }
    }

    fn set(&mut self, section: &str, key: &str, value: Value) {
        let section = self.table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(section) = section {
            section.insert(key.to_owned(), value);
        }
    }

    fn value(&self, section: &str, key: &str) -> Option<&Value> {
        self.table.get(section)?.get(key)
    }

    fn text(&self, section: &str, key: &str) -> Option<&str> {
        self.value(section, key)?.as_str()
    }

    fn whole(&self, section: &str, key: &str, default: u32) -> Result<u32, Failure> {
        let Some(value) = self.value(section, key) else { return Ok(default) };
        value.as_integer().and_then(|number| number.try_into().ok()).ok_or_else(|| {
            Failure::usage(format!("{section}.{key} must be a whole number that is not negative"))
        })
    }

    /// Reads all that is configured, so that what cannot be meant is refused before anything is made.
    pub(crate) fn check(&self, listening: SocketAddr) -> Result<(), Failure> {
        self.data()?;
        self.database()?;
        self.secrets()?;
        self.drain()?;
        self.mail()?;
        self.bucket()?;
        self.engines()?;
        self.verbs(&self.site(listening)?, listening)?;
        Ok(())
    }

    /// The data folder.
    pub(crate) fn data(&self) -> Result<PathBuf, Failure> {
        self.text("server", "data").filter(|path| !path.is_empty()).map(PathBuf::from).ok_or_else(
            || Failure::usage("name the data folder with --data DIR (or BLOOM_SERVER_DATA)"),
        )
    }

    /// The database: PostgreSQL when its URL is given, else SQLite in the data folder.
    pub(crate) fn database(&self) -> Result<Database, Failure> {
        match self.text("database", "url") {
            None => Ok(Database::Sqlite { path: self.data()?.join(DATABASE_FILE) }),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Database::Postgres { url: url.to_owned() })
            }
            Some(_) => Err(Failure::usage(
                "database.url must begin with postgres://; leave it out for SQLite",
            )),
        }
    }

    /// Where to listen.
    pub(crate) fn listen(&self) -> Result<SocketAddr, Failure> {
        let text = self.text("server", "listen").unwrap_or("127.0.0.1:8080");
        let address = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        address.parse().map_err(|_| {
            Failure::usage(format!(
                "{text:?} is not an address to listen on: expected address:port, such as 127.0.0.1:8080"
            ))
        })
    }

    /// Whether it is said how people reach the server.
    pub(crate) fn has_public_url(&self) -> bool {
        self.text("server", "public_url").is_some()
    }

    /// The public place of the server, once it listens on `listening`.
    pub(crate) fn site(&self, listening: SocketAddr) -> Result<Site, Failure> {
        let url = match self.text("server", "public_url") {
            Some(url) => url.to_owned(),
            None if listening.ip().is_loopback() => {
                format!("http://localhost:{}", listening.port())
            }
            None => {
                return Err(Failure::usage(
                    "name the address people use with --public-url, such as https://bloom.example.com",
                ));
            }
        };
        self.site_at(&url)
    }

    /// The same for a command, which listens nowhere: where the server answered last, if it is not said how people reach
    /// it, or where it would.
    pub(crate) fn site_of_command(&self, last: Option<String>) -> Result<Site, Failure> {
        let configured = self.text("server", "public_url").map(str::to_owned);
        match configured.or(last) {
            Some(url) => self.site_at(&url),
            None => self.site_at(&format!("http://localhost:{}", self.listen()?.port())),
        }
    }

    fn site_at(&self, url: &str) -> Result<Site, Failure> {
        let proxies = self.whole("server", "trusted_proxies", 0)?.try_into().unwrap_or(usize::MAX);
        let site = Site::new(url, proxies)
            .map_err(|error| Failure::usage(format!("server.public_url: {error}")))?;
        match self.text("files", "origin") {
            None => Ok(site),
            Some(files) => site.with_files_at(files).map_err(|error| {
                Failure::usage(format!(
                    "files.origin must be another host than the site's: {error}"
                ))
            }),
        }
    }

    /// What the operator decides about the verbs. Sign-up is open by default only where nobody but
    /// this machine can reach it: neither by the address it listens on nor through a proxy.
    pub(crate) fn verbs(
        &self,
        site: &Site,
        listening: SocketAddr,
    ) -> Result<bloom_service::Settings, Failure> {
        let sign_up = match self.text("accounts", "sign_up") {
            Some("open") => SignUpPolicy::Open,
            Some("invite") => SignUpPolicy::Invite,
            Some("closed") => SignUpPolicy::Closed,
            Some(other) => {
                return Err(Failure::usage(format!(
                    "accounts.sign_up is {other:?}; it must be open, invite or closed"
                )));
            }
            None if listening.ip().is_loopback() && is_loopback_host(site.host()) => {
                SignUpPolicy::Open
            }
            None => SignUpPolicy::Invite,
        };
        let is_limited = self.value("limits", "enabled").and_then(Value::as_bool).unwrap_or(true);
        let defaults = bloom_service::Settings::at(site.origin());
        let window = self.whole("oauth", "replay_window_seconds", 60)?;
        if window > MAX_REPLAY_WINDOW {
            return Err(Failure::usage(format!(
                "oauth.replay_window_seconds is {window}; it must be 0 to {MAX_REPLAY_WINDOW}"
            )));
        }
        let days = self.whole("oauth", "grant_days", 0)?;
        let clients = self.whole("oauth", "max_clients", MAX_CLIENTS)?;
        Ok(bloom_service::Settings {
            sign_up,
            rate_limits: if is_limited { self.rate_limits()? } else { RateLimits::OFF },
            attempts: if is_limited { self.attempts()? } else { AttemptLimits::OFF },
            redirect_schemes: self.redirect_schemes()?.unwrap_or(defaults.redirect_schemes),
            max_clients: i64::from(clients),
            refresh_replay_window: Duration::from_secs(window.into()),
            max_grant_lifetime: (days > 0).then(|| Duration::from_secs(u64::from(days) * 86_400)),
            billing: self.billing()?,
            scanner_keys: self.scanner_keys()?,
            storage_quota: self.storage_quota()?,
            openid: self.openid()?,
            origin: defaults.origin,
            files_origin: site.files_origin().map(str::to_owned),
        })
    }

    /// The limits of credentials; 0 turns one off.
    fn rate_limits(&self) -> Result<RateLimits, Failure> {
        let limit = |key| self.limit(key, 120, MAX_REQUESTS);
        Ok(RateLimits::new(limit("api_key_requests")?, limit("connection_requests")?))
    }

    /// The limits on attempts; 0 turns one off.
    fn attempts(&self) -> Result<AttemptLimits, Failure> {
        Ok(AttemptLimits::new(
            self.limit("failures", 60, MAX_LIMIT)?,
            self.limit("passwords", 10, MAX_LIMIT)?,
            self.limit("delay_seconds", 2, MAX_DELAY)?,
            self.limit("sign_ups", 10, MAX_LIMIT)?,
            self.limit("registrations", 30, MAX_LIMIT)?,
            self.limit("reports", 10, MAX_LIMIT)?,
        )
        .with_address_passwords(self.limit("address_passwords", 100, MAX_LIMIT)?)
        .with_mails(self.limit("mails", 5, MAX_LIMIT)?))
    }

    fn limit(&self, key: &str, default: u32, most: u16) -> Result<u16, Failure> {
        let number = self.whole("limits", key, default)?;
        u16::try_from(number).ok().filter(|number| *number <= most).ok_or_else(|| {
            Failure::usage(format!("limits.{key} is {number}; it must be 0 to {most}"))
        })
    }

    fn redirect_schemes(&self) -> Result<Option<Vec<String>>, Failure> {
        let Some(text) = self.text("oauth", "redirect_schemes") else { return Ok(None) };
        let schemes = text.split(',').map(str::trim).filter(|scheme| !scheme.is_empty());
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|c: char| c.is_ascii_lowercase())
                && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let schemes: Vec<_> = schemes.map(str::to_owned).collect();
        match schemes.iter().find(|scheme| !is_scheme(scheme) || NO_APP.contains(&scheme.as_str()))
        {
            None => Ok(Some(schemes)),
            Some(scheme) => Err(Failure::usage(format!(
                "oauth.redirect_schemes has {scheme:?}, which is no scheme of an app"
            ))),
        }
    }

    /// How long running requests may take at a stop.
    pub(crate) fn drain(&self) -> Result<Duration, Failure> {
        self.whole("server", "drain_seconds", 10).map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// The configured root secrets, if they are configured rather than kept in the data folder.
    pub(crate) fn secrets(&self) -> Result<Option<RootSecrets>, Failure> {
        let Some(current) = self.text("secret", "current") else {
            return match self.text("secret", "previous") {
                None => Ok(None),
                Some(_) => Err(Failure::usage(
                    "secret.previous stands without secret.current; the secret file in the data \
                     folder holds its own previous ones",
                )),
            };
        };
        let parse = |key: &str, text: &str| {
            RootSecret::parse(text.trim()).ok_or_else(|| {
                Failure::usage(format!("secret.{key} must be 64 hexadecimal digits"))
            })
        };
        let previous = self.text("secret", "previous").unwrap_or_default();
        let previous = previous.split(',').filter(|text| !text.trim().is_empty());
        Ok(Some(RootSecrets {
            current: parse("current", current)?,
            previous: previous.map(|text| parse("previous", text)).collect::<Result<_, _>>()?,
        }))
    }

    /// How to log: whether as JSON (`None`: decide by the terminal), and the filter.
    pub(crate) fn log(&self) -> Result<(Option<bool>, &str), Failure> {
        let is_json = match self.text("log", "format") {
            None => None,
            Some("json") => Some(true),
            Some("text") => Some(false),
            Some(other) => {
                return Err(Failure::usage(format!(
                    "log.format is {other:?}; it must be text or json"
                )));
            }
        };
        Ok((is_json, self.text("log", "filter").unwrap_or("info")))
    }
}

fn known(section: &str, key: &str) -> Result<&'static settings::Setting, String> {
    if !settings::sections().contains(&section) {
        let sections = section_names();
        return Err(format!("there is no section {section:?}; the sections are {sections}"));
    }
    settings::find(section, key).ok_or_else(|| {
        let keys = settings::keys(section).join(", ");
        format!("the section {section} has no key {key:?}; its keys are {keys}")
    })
}

fn section_names() -> String {
    let mut names = settings::sections();
    names.extend([plans::PLANS, engines::ENGINES]);
    names.join(", ")
}

fn is_of_kind(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Text => value.is_str(),
        Kind::Whole => value.is_integer(),
        Kind::YesNo => value.is_bool(),
    }
}

fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Whole => "a whole number",
        Kind::YesNo => "true or false",
    }
}

fn read(text: &str, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Text => Some(Value::String(text.to_owned())),
        Kind::Whole => text.trim().parse().ok().map(Value::Integer),
        Kind::YesNo => text.trim().parse().ok().map(Value::Boolean),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one reading of the environment")]
fn environment() -> impl Iterator<Item = (String, Option<String>)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok())))
}

#[cfg(test)]
mod tests;
