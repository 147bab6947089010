//! What the command line writes: for a person, or as JSON for a program.

mod audit;
mod credits;
mod keys;
mod mail;
mod plan;
mod signing_keys;

use std::io::{self, BufRead, IsTerminal, Read, Write};

use bloom_domain::accounts::{Account, AccountState};
use bloom_domain::clients::Client;
use bloom_domain::time::Timestamp;
use serde_json::{Value, json};

use crate::command::Answer;
use crate::failure::Failure;

pub(crate) use credits::next_page;

/// An answer as it is shown: both forms, since it may have come over the control socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// For a person.
    pub(crate) text: String,
    /// For a program.
    pub(crate) json: Value,
}

/// Writes to standard output. A reader that has gone (`bloom … | head`) is no fault.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::machine(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes the one line of a failure to standard error, where nobody may be listening.
pub(crate) fn complain(failure: &Failure) {
    let _ = writeln!(io::stderr().lock(), "bloom: {failure}");
}

/// Writes an answer.
pub(crate) fn show(answer: &Shown, is_json: bool) -> Result<(), Failure> {
    if is_json { say(&answer.json.to_string()) } else { say(&answer.text) }
}

/// More than anything that is read from standard input may have, and no more than that is kept of an endless line.
const MOST_READ: u64 = 4096;

/// The first line of standard input, without its end.
pub(crate) fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(MOST_READ)
        .read_line(&mut line)
        .map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
    let end = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(end);
    Ok(line)
}

/// Whether somebody is there who sees a question and can answer it.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks at the terminal; what is asked is no result.
pub(crate) fn ask(question: &str) -> Result<String, Failure> {
    let mut terminal = io::stderr().lock();
    let _ = terminal.write_all(question.as_bytes());
    let line = read_line()?;
    if line.is_empty() {
        // After the end of what is typed, the cursor is still behind the question.
        let _ = writeln!(terminal);
    }
    Ok(line)
}

impl From<Answer> for Shown {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Account { account, password } => {
                let mut json = account_json(&account);
                let mut text = account_line(&account);
                if let Some(password) = password {
                    json["password"] = password.expose().into();
                    text = format!("{text}\npassword (shown only now): {}", password.expose());
                }
                Self { text, json }
            }
            Answer::Accounts(accounts) => Self {
                text: lines(accounts.iter().map(account_line), "There is no account."),
                json: accounts.iter().map(account_json).collect(),
            },
            Answer::Deleted { email } => Self {
                text: format!("{email} is deleted."),
                json: json!({ "email": email.as_str(), "deleted": true }),
            },
            Answer::ResetLink { email, link } => Self {
                text: format!("{email} chooses a new password at (once, within an hour):\n{link}"),
                json: json!({ "email": email.as_str(), "link": link }),
            },
            Answer::SignedOut { email, ended } => {
                let (sessions, keys, apps) = (ended.sessions, ended.keys, ended.apps);
                let of_apps = if apps > 0 { " (those that apps made included)" } else { "" };
                Self {
                    text: format!(
                        "{email} is signed out everywhere. Ended: sessions {sessions}, API keys {keys}\
                         {of_apps}, apps {apps}"
                    ),
                    json: json!({
                        "email": email.as_str(), "sessions": sessions, "keys": keys, "apps": apps,
                    }),
                }
            }
            Answer::Keys(answer) => keys::shown(&answer),
            Answer::Clients(clients) => Self {
                text: lines(clients.iter().map(client_line), "No app has registered."),
                json: clients.iter().map(client_json).collect(),
            },
            Answer::Client(client) => {
                Self { text: client_line(&client), json: client_json(&client) }
            }
            Answer::NewClient(new) => {
                let mut json = client_json(&new.client);
                json["registration_access_token"] = new.management.expose().into();
                let mut text = client_line(&new.client);
                if let Some(secret) = &new.secret {
                    json["client_secret"] = secret.expose().into();
                    text = format!("{text}\nsecret (shown only now): {}", secret.expose());
                }
                let token = new.management.expose();
                text = format!("{text}\nregistration access token (shown only now): {token}");
                Self { text, json }
            }
            Answer::Audit(records) => audit::records(&records),
            Answer::AuditWhole { end, erased } => audit::whole(end, erased),
            Answer::Mailed { to, place } => mail::mailed(&to, place.as_deref()),
            Answer::MailStatus(status) => mail::status(&status),
            Answer::MailQueue(status) => mail::queue(&status),
            Answer::Credits(answer) => credits::shown(&answer),
            Answer::Plan(answer) => plan::shown(&answer),
            Answer::BackedUp { to, holds_database, holds_secret, holds_files } => {
                let parts = [
                    (holds_database, "the database"),
                    (holds_secret, "the root secret"),
                    (holds_files, "the files of images"),
                ];
                let parts: Vec<_> =
                    parts.iter().filter(|(is_held, _)| *is_held).map(|(_, part)| *part).collect();
                let database = "; back the database up with pg_dump, before this";
                let secret = "; the root secret is configured and not in it: keep secret.current and \
                              secret.previous as well";
                let files = "; the files of images lie in their bucket";
                let restore = "; to restore, use a copy of it as --data";
                let rest = [
                    (!holds_database, database),
                    (!holds_secret, secret),
                    (!holds_files, files),
                    (holds_database, restore),
                ];
                let rest: String =
                    rest.iter().filter(|(is_so, _)| *is_so).map(|(_, rest)| *rest).collect();
                let parts = match &parts[..] {
                    [before @ .., last] if !before.is_empty() => {
                        format!("{} and {last}", before.join(", "))
                    }
                    parts => parts.concat(),
                };
                Self {
                    text: format!("{} holds {parts}{rest}", to.display()),
                    json: json!({
                        "folder": to.display().to_string(),
                        "database": holds_database,
                        "secret": holds_secret,
                        "files": holds_files,
                    }),
                }
            }
            Answer::SigningKeys(keys) => signing_keys::listed(&keys),
            Answer::RotatedSigningKeys { keys, is_news } => signing_keys::rotated(&keys, is_news),
            Answer::Rotated { fingerprint } => Self {
                text: format!(
                    "The root secret is now the one with fingerprint {fingerprint}. Keys and \
                     sessions go on. Copy the secret file to every other node and to your backup."
                ),
                json: json!({ "fingerprint": fingerprint }),
            },
        }
    }
}

fn lines(lines: impl Iterator<Item = String>, none: &str) -> String {
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() { none.to_owned() } else { lines.join("\n") }
}

fn account_line(account: &Account) -> String {
    let name = account.name.as_deref().map(|name| format!("  {name}")).unwrap_or_default();
    let state = match account.state {
        AccountState::Active => "active".to_owned(),
        AccountState::Banned { at } => format!("suspended since {}", time(at)),
    };
    format!("{}  {state}  made {}{name}", account.email, time(account.created_at))
}

fn account_json(account: &Account) -> Value {
    let banned_at = match account.state {
        AccountState::Active => None,
        AccountState::Banned { at } => Some(time(at)),
    };
    json!({
        "id": account.id.to_string(),
        "email": account.email.as_str(),
        "name": account.name,
        "created_at": time(account.created_at),
        "email_verified_at": account.email_verified_at.map(time),
        "banned_at": banned_at,
    })
}

/// Names and URIs are the app's own words; the URIs have no character that a terminal minds.
fn client_line(client: &Client) -> String {
    let paused_at = client.owned.as_ref().and_then(|owned| owned.paused_at);
    let state = match (client.disabled_at, paused_at) {
        (Some(at), _) => format!("refused since {}", time(at)),
        (None, Some(at)) => format!("switched off since {}", time(at)),
        (None, None) => "active".to_owned(),
    };
    let made = match client {
        Client { owned: Some(_), .. } => "made",
        Client { document: Some(_), .. } => "let in",
        _ => "registered",
    };
    let state = match client.verified_at {
        Some(_) => format!("{state}, verified"),
        None => state,
    };
    format!(
        "{}  {state}  {made} {}  {}  {}",
        client.id,
        time(client.created_at),
        client.metadata.redirect_uris.join(" "),
        client.display_name()
    )
}

fn client_json(client: &Client) -> Value {
    json!({
        "id": client.id.to_string(),
        "name": client.metadata.client_name,
        "redirect_uris": client.metadata.redirect_uris,
        "created_at": time(client.created_at),
        "disabled_at": client.disabled_at.map(time),
        "verified_at": client.verified_at.map(time),
        "client_id": client.identifier(),
        "owner_id": client.owned.as_ref().map(|owned| owned.account.to_string()),
    })
}

/// RFC 3339, in UTC, to the second.
fn time(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_microsecond(at.unix_micros()).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
