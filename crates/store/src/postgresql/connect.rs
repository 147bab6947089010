//! From the configured URL to a connection.

use std::time::Duration;

use postgres::config::{Config, Host, TargetSessionAttrs};
use postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{failure, tls};
use crate::error::OpenError;

/// A server that answers nothing for this long is taken to be down.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a broken network may go unnoticed.
const SILENCE: Duration = Duration::from_secs(10);

/// What every connection sets. No closure runs longer than milliseconds, so whatever takes seconds
/// is stuck, and a stuck statement must not hold a thread of the pool, or a lock, for ever.
const SETTINGS: &str = "SET statement_timeout = '30s'; \
     SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '30s'; \
     SET default_transaction_isolation = 'read committed'; \
     SET client_encoding = 'UTF8'";

/// Makes connections to one server.
pub(crate) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    pub(crate) fn new(url: &str) -> Result<Self, OpenError> {
        let (url, demand) = tls::demanded(url);
        let mut config = parse(&url)?;
        if let Some(mode) = demand.mode() {
            config.ssl_mode(mode);
        }
        let tls = tls::connector(&demand)?;
        // A URL that names several servers means the one that takes writes.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("bloom");
        }
        // Such as "relation already exists, skipping" at every start: nothing for an operator.
        config.notice_callback(|notice| {
            tracing::debug!(severity = notice.severity(), notice = notice.message(), "PostgreSQL");
        });
        Ok(Self { config, tls })
    }

    /// A connection with no settings: migrations may take as long as they need.
    pub(crate) fn connect(&self) -> Result<Client, postgres::Error> {
        match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        }
    }

    /// A connection that only listens, under a name that tells it apart in `pg_stat_activity`.
    pub(crate) fn connect_to_listen(&self) -> Result<Client, postgres::Error> {
        let mut config = self.config.clone();
        config.application_name("bloom-listener");
        match &self.tls {
            Some(tls) => config.connect(tls.clone()),
            None => config.connect(NoTls),
        }
    }

    /// A connection for work.
    pub(crate) fn connect_for_work(&self) -> Result<Client, postgres::Error> {
        let mut client = self.connect()?;
        client.batch_execute(SETTINGS)?;
        Ok(client)
    }

    pub(crate) fn place(&self) -> String {
        place_of(&self.config)
    }

    /// What to do about a server that cannot be reached.
    pub(crate) fn refused(&self, error: &postgres::Error) -> OpenError {
        let place = self.place();
        let cause = failure::text(error);
        let advice = match error.code().map(postgres::error::SqlState::code) {
            Some("28P01" | "28000") => {
                "check the user and the password in the URL, and pg_hba.conf"
            }
            Some("3D000") => "create the database, or name another one in the URL",
            Some("53300") => "raise max_connections: each node takes up to 9 connections",
            Some("42501") => "grant the user the right to create tables in the schema",
            Some(_) => "see the server's log",
            None if failure::is_tls(error) => {
                "check sslmode in the URL: verify-full needs a certificate that the system trusts or sslrootcert, disable needs a server that allows it"
            }
            None => "check that the server runs and that host and port in the URL are right",
        };
        OpenError::new(format!("cannot connect to {place}: {cause}; {advice}"))
    }
}

/// The driver's own errors quote the URL, which holds a password; so none of their text is shown.
fn parse(url: &str) -> Result<Config, OpenError> {
    url.parse().map_err(|_| {
        OpenError::new(
            "the PostgreSQL URL cannot be read; expected postgres://user:password@host:port/database?sslmode=verify-full, with special characters in the password percent-encoded",
        )
    })
}

/// Host, port and database of a URL: what may be shown of it.
pub(crate) fn place(url: &str) -> String {
    match tls::demanded(url).0.parse() {
        Ok(config) => place_of(&config),
        Err(_) => "PostgreSQL at a URL that cannot be read".to_owned(),
    }
}

fn place_of(config: &Config) -> String {
    let mut place = "PostgreSQL at ".to_owned();
    for (index, host) in config.get_hosts().iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        let ports = config.get_ports();
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let host = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        };
        place.push_str(&format!("{separator}{host}:{port}"));
    }
    place + "/" + config.get_dbname().unwrap_or_default()
}
