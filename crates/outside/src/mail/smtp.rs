//! Mails to a mail server, by SMTP (RFC 5321).
//!
//! A connection for each mail: they are few, and a connection that was kept may be dead.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use bloom_service::mail::{Answer, Letter, MailError, Mailer};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::Sender;
use super::message::message;

/// How long a server may take to say hello to somebody who waits for it.
const HELLO: Duration = Duration::from_secs(10);
/// How long it may take to say goodbye, when all is done.
const GOODBYE: Duration = Duration::from_secs(2);
/// The most characters of what a server said that are passed on.
const MAX_SAID: usize = 300;

/// A mail server.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub security: Security,
    /// Who to say that we are, if the server asks.
    pub login: Option<Login>,
    /// How long handing a mail over may take.
    pub timeout: Duration,
}

/// How a connection is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// It begins in the clear, and goes on only encrypted (RFC 3207).
    StartTls,
    /// It is encrypted from the beginning (RFC 8314).
    Tls,
    /// It is not: for a server on this machine.
    None,
}

/// A user of the mail server. The password is printed as nothing.
#[derive(Clone)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What hands mails to a mail server.
pub struct Smtp {
    server: SmtpServer,
    tls: Option<TlsParameters>,
    hello: ClientId,
    from: Sender,
}

impl Smtp {
    /// Reads the certificates that this machine trusts; nothing is sent yet.
    ///
    /// # Errors
    /// [`MailError`] when the host can have no certificate.
    pub fn new(server: SmtpServer, from: Sender) -> Result<Self, MailError> {
        let tls = match server.security {
            Security::None => None,
            Security::StartTls | Security::Tls => {
                let parameters = TlsParameters::new(server.host.clone());
                Some(parameters.map_err(|error| MailError::for_good(error.to_string()))?)
            }
        };
        let hello = ClientId::Domain(from.host().to_owned());
        Ok(Self { server, tls, hello, from })
    }

    /// Where it is, for people.
    fn place(&self) -> String {
        format!("{}:{}", self.server.host, self.server.port)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let SmtpServer { host, port, security, login, timeout } = &self.server;
        let unreachable = |error| self.failure("does not let us in", &error, false);
        let from_the_start = self.tls.clone().filter(|_| *security == Security::Tls);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (host.as_str(), *port),
            Some(*timeout),
            &self.hello,
            from_the_start,
            None,
        )
        .await
        .map_err(unreachable)?;
        if let Some(tls) = self.tls.clone().filter(|_| *security == Security::StartTls) {
            connection.starttls(tls, &self.hello).await.map_err(unreachable)?;
        }
        if let Some(Login { user, password }) = login {
            let credentials = Credentials::new(user.clone(), password.clone());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, &credentials).await.map_err(|error| {
                self.failure("does not take mail.user and mail.password", &error, false)
            })?;
        }
        Ok(connection)
    }

    async fn send(&self, letter: &Letter) -> Result<AsyncSmtpConnection, MailError> {
        let message = message(&self.from, letter)?;
        let mut connection = self.connect().await?;
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        // Only here is it this mail that is refused, and not all of them.
        sent.map_err(|error| self.failure("does not take the mail", &error, true))?;
        Ok(connection)
    }

    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, MailError>>,
    ) -> Result<T, MailError> {
        let late = |_| {
            let (place, limit) = (self.place(), limit.as_secs());
            MailError::for_now(format!("{place} did not answer within {limit} seconds"))
        };
        timeout(limit, work).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
    }

    /// What a server says may repeat the mail, so only its codes are for the log.
    fn failure(
        &self,
        what: &str,
        error: &lettre::transport::smtp::Error,
        is_of_this_mail: bool,
    ) -> MailError {
        let place = self.place();
        let Some(code) = error.status() else {
            let why = printable(&error.to_string());
            let cause = format!("{place} {what}: {why}");
            // Such as an address that the server has no way to take.
            let is_final = is_of_this_mail && error.is_client();
            return MailError { is_final, cause, said: String::new() };
        };
        let said = printable(&error.source().map(ToString::to_string).unwrap_or_default());
        let detail = said.split(' ').next().filter(|word| is_enhanced_code(word));
        let detail = detail.map(|detail| format!(" {detail}")).unwrap_or_default();
        MailError {
            is_final: is_of_this_mail && error.is_permanent(),
            cause: format!("{place} {what}: {code}{detail}"),
            said,
        }
    }
}

impl Mailer for Smtp {
    fn deliver<'a>(&'a self, letter: &'a Letter) -> Answer<'a, String> {
        Box::pin(async move {
            let connection = self.within(self.server.timeout, self.send(letter)).await?;
            part(connection).await;
            Ok(self.place())
        })
    }

    fn is_by_hand(&self) -> bool {
        false
    }

    fn check(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            let limit = self.server.timeout.min(HELLO);
            part(self.within(limit, self.connect()).await?).await;
            Ok(())
        })
    }
}

/// The mail is with the server already, so nothing depends on it.
async fn part(mut connection: AsyncSmtpConnection) {
    let _ = timeout(GOODBYE, connection.quit()).await;
}

/// Such as `5.1.1` (RFC 3463 §2).
fn is_enhanced_code(word: &str) -> bool {
    let parts: Vec<_> = word.split('.').collect();
    let is_number = |part: &&str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    parts.len() == 3 && parts.iter().all(is_number)
}

/// On one line, and not too much of it.
fn printable(text: &str) -> String {
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.chars().map(blank).take(MAX_SAID).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_words() {
        assert!(["5.1.1", "4.7.0", "2.0.123"].iter().all(|code| is_enhanced_code(code)));
        let words = ["", "5.1", "5.1.1.1", "5..1", "a.b.c", "5.1.1234", "<a@b.c.d>", "5.1.x"];
        assert!(!words.iter().any(|word| is_enhanced_code(word)));
    }

    #[test]
    fn a_login_prints_no_password() {
        let login = Login { user: "ada".to_owned(), password: "secret".to_owned() };
        assert_eq!(format!("{login:?}"), "Login { user: \"ada\", .. }");
    }

    #[test]
    fn what_a_server_says_is_one_short_line() {
        assert_eq!(printable("5.1.1 no\r\n such\u{1b}[31m user"), "5.1.1 no such [31m user");
        assert_eq!(printable(&"x".repeat(1000)).len(), MAX_SAID);
    }
}
