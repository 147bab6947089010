//! The section `mail`: where mails go.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::networks::is_loopback_host;
use bloom_outside::mail::{Login, Outbox, Security, Sender, Smtp, SmtpServer};
use bloom_service::mail::Mailer;

use super::Config;
use crate::data_folder::DataFolder;
use crate::failure::Failure;

/// Whom mails in files are from when nobody is named.
const NOBODY_NAMED: &str = "Bloom <bloom@localhost>";
/// How long a mail may take when nothing is configured, in seconds.
const TIMEOUT: u32 = 30;
/// The longest it may take. A mail that is being sent is nobody else's for a time that is longer.
const MAX_TIMEOUT: u32 = 60;

/// Where mails go.
#[derive(Debug)]
pub(crate) enum MailRoute {
    /// Into files in the data folder.
    Outbox { from: Sender },
    /// To a mail server.
    Smtp { server: SmtpServer, from: Sender },
}

impl MailRoute {
    /// What takes the mails of a data folder.
    pub(crate) fn open(self, folder: &DataFolder) -> Result<Arc<dyn Mailer>, Failure> {
        Ok(match self {
            Self::Outbox { from } => Arc::new(Outbox::new(folder.outbox_path(), from)),
            Self::Smtp { server, from } => {
                let host = server.host.clone();
                let smtp = Smtp::new(server, from);
                Arc::new(smtp.map_err(|e| Failure::usage(format!("mail.host {host:?}: {e}")))?)
            }
        })
    }
}

impl Config {
    /// Where mails go: to `mail.host`, else into files.
    pub(crate) fn mail(&self) -> Result<MailRoute, Failure> {
        let from = self.text("mail", "from");
        let sender = Sender::parse(from.unwrap_or(NOBODY_NAMED))
            .map_err(|error| Failure::usage(format!("mail.from: {error}")))?;
        let Some(host) = self.text("mail", "host") else {
            let of_a_server = ["port", "security", "user", "password", "timeout_seconds"];
            let stray = of_a_server.into_iter().find(|key| self.value("mail", key).is_some());
            return match stray {
                None => Ok(MailRoute::Outbox { from: sender }),
                Some(key) => Err(Failure::usage(format!(
                    "mail.{key} stands without mail.host, which names the mail server"
                ))),
            };
        };
        if from.is_none() {
            return Err(Failure::usage("mail.from is missing: name whom the mails are from"));
        }
        let (security, usual_port) = self.security(host)?;
        let port = self.whole("mail", "port", usual_port)?;
        let port = u16::try_from(port).ok().filter(|port| *port != 0);
        let port = port.ok_or_else(|| Failure::usage("mail.port must be 1 to 65535"))?;
        let seconds = self.whole("mail", "timeout_seconds", TIMEOUT)?;
        if !(1..=MAX_TIMEOUT).contains(&seconds) {
            return Err(Failure::usage(format!(
                "mail.timeout_seconds is {seconds}; it must be 1 to {MAX_TIMEOUT}"
            )));
        }
        let server = SmtpServer {
            host: host.to_owned(),
            port,
            security,
            login: self.login()?,
            timeout: Duration::from_secs(seconds.into()),
        };
        Ok(MailRoute::Smtp { server, from: sender })
    }

    /// How the connection is kept from others, and the usual port for it.
    fn security(&self, host: &str) -> Result<(Security, u32), Failure> {
        let is_a_host =
            !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || ".-:[]".contains(c));
        if !is_a_host {
            return Err(Failure::usage(format!(
                "mail.host is {host:?}; it must be a name or an address, and the port stands in mail.port"
            )));
        }
        match self.text("mail", "security").unwrap_or("starttls") {
            "starttls" => Ok((Security::StartTls, 587)),
            "tls" => Ok((Security::Tls, 465)),
            "none" if is_loopback_host(host) => Ok((Security::None, 25)),
            // Mails carry links that let people in.
            "none" => Err(Failure::usage(format!(
                "mail.security is none, which is for a mail server on this machine only, and mail.host is {host:?}"
            ))),
            other => Err(Failure::usage(format!(
                "mail.security is {other:?}; it must be starttls, tls or none"
            ))),
        }
    }

    fn login(&self) -> Result<Option<Login>, Failure> {
        match (self.text("mail", "user"), self.text("mail", "password")) {
            (None, None) => Ok(None),
            (Some(user), Some(password)) => {
                Ok(Some(Login { user: user.to_owned(), password: password.to_owned() }))
            }
            (Some(_), None) => Err(Failure::usage("mail.user stands without mail.password")),
            (None, Some(_)) => Err(Failure::usage("mail.password stands without mail.user")),
        }
    }
}
