//! A command as it travels: texts only, parsed anew at the other end.

use bloom_domain::accounts;
use bloom_domain::email::Email;
use bloom_domain::ids::ClientId;
use bloom_domain::passwords::Password;
use bloom_service::audit::Mark;
use bloom_service::sessions::ending::AlsoEnd;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::failure::Failure;

mod credits;
mod keys;
mod plan;
use credits::CreditsWire;
use keys::KeysWire;
use plan::PlanWire;

#[derive(Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Wire {
    CreateAccount { email: String, name: Option<String>, password: Option<String> },
    ListAccounts {},
    BanAccount { email: String },
    UnbanAccount { email: String },
    SetPassword { email: String, password: Option<String> },
    SignOut { email: String, keys: bool, apps: bool },
    ResetLink { email: String },
    DeleteAccount { email: String },
    Keys { command: KeysWire },
    ListClients {},
    CreateClient { owner: String, metadata: String },
    DisableClient { id: String },
    EnableClient { id: String },
    VerifyClient { id: String, is_verified: bool },
    ListAudit { account: Option<String>, limit: i64 },
    VerifyAudit { expect: Option<String> },
    TestMail { to: String, is_queued: bool },
    MailStatus {},
    Credits { command: CreditsWire },
    Plan { command: PlanWire },
    Backup { to: std::path::PathBuf },
    RotateSecret {},
    ListSigningKeys {},
    RotateSigningKey {},
}

impl From<&Command> for Wire {
    fn from(command: &Command) -> Self {
        let text = |password: &Option<Password>| password.as_ref().map(|p| p.expose().to_owned());
        match command {
            Command::CreateAccount { email, name, password } => Self::CreateAccount {
                email: email.to_string(),
                name: name.clone(),
                password: text(password),
            },
            Command::ListAccounts => Self::ListAccounts {},
            Command::BanAccount { email } => Self::BanAccount { email: email.to_string() },
            Command::UnbanAccount { email } => Self::UnbanAccount { email: email.to_string() },
            Command::SetPassword { email, password } => {
                Self::SetPassword { email: email.to_string(), password: text(password) }
            }
            Command::SignOut { email, also: AlsoEnd { keys, apps } } => {
                Self::SignOut { email: email.to_string(), keys: *keys, apps: *apps }
            }
            Command::DeleteAccount { email } => Self::DeleteAccount { email: email.to_string() },
            Command::ResetLink { email } => Self::ResetLink { email: email.to_string() },
            Command::Keys(command) => Self::Keys { command: command.into() },
            Command::ListClients => Self::ListClients {},
            Command::CreateClient { owner, metadata } => {
                Self::CreateClient { owner: owner.to_string(), metadata: metadata.clone() }
            }
            Command::DisableClient { id } => Self::DisableClient { id: id.to_string() },
            Command::EnableClient { id } => Self::EnableClient { id: id.to_string() },
            Command::VerifyClient { id, is_verified } => {
                Self::VerifyClient { id: id.to_string(), is_verified: *is_verified }
            }
            Command::ListAudit { account, limit } => Self::ListAudit {
                account: account.as_ref().map(ToString::to_string),
                limit: *limit,
            },
            Command::VerifyAudit { expect } => {
                Self::VerifyAudit { expect: expect.as_ref().map(ToString::to_string) }
            }
            Command::TestMail { to, is_queued } => {
                Self::TestMail { to: to.to_string(), is_queued: *is_queued }
            }
            Command::MailStatus => Self::MailStatus {},
            Command::Credits(command) => Self::Credits { command: command.into() },
            Command::Plan(command) => Self::Plan { command: command.into() },
            Command::Backup { to } => Self::Backup { to: to.clone() },
            Command::RotateSecret => Self::RotateSecret {},
            Command::ListSigningKeys => Self::ListSigningKeys {},
            Command::RotateSigningKey => Self::RotateSigningKey {},
        }
    }
}

impl TryFrom<Wire> for Command {
    type Error = Failure;

    fn try_from(wire: Wire) -> Result<Self, Failure> {
        let email = |text: String| Email::parse(&text).map_err(|e| Failure::usage(e.to_string()));
        let client = |id: &str| -> Result<ClientId, Failure> {
            id.parse().map_err(|_| Failure::usage("--id is no id"))
        };
        let password = |text: Option<String>| {
            text.map(Password::parse).transpose().map_err(|e| Failure::usage(e.to_string()))
        };
        Ok(match wire {
            Wire::CreateAccount { email: address, name, password: secret } => {
                let name = name.map(|name| accounts::parse_name(&name)).transpose();
                Self::CreateAccount {
                    email: email(address)?,
                    name: name.map_err(|e| Failure::usage(e.to_string()))?,
                    password: password(secret)?,
                }
            }
            Wire::ListAccounts {} => Self::ListAccounts,
            Wire::BanAccount { email: address } => Self::BanAccount { email: email(address)? },
            Wire::UnbanAccount { email: address } => Self::UnbanAccount { email: email(address)? },
            Wire::SetPassword { email: address, password: secret } => {
                Self::SetPassword { email: email(address)?, password: password(secret)? }
            }
            Wire::SignOut { email: address, keys, apps } => {
                Self::SignOut { email: email(address)?, also: AlsoEnd { keys, apps } }
            }
            Wire::DeleteAccount { email: address } => {
                Self::DeleteAccount { email: email(address)? }
            }
            Wire::ResetLink { email: address } => Self::ResetLink { email: email(address)? },
            Wire::Keys { command } => Self::Keys(command.try_into()?),
            Wire::ListClients {} => Self::ListClients,
            Wire::CreateClient { owner, metadata } => {
                Self::CreateClient { owner: email(owner)?, metadata }
            }
            Wire::DisableClient { id } => Self::DisableClient { id: client(&id)? },
            Wire::EnableClient { id } => Self::EnableClient { id: client(&id)? },
            Wire::VerifyClient { id, is_verified } => {
                Self::VerifyClient { id: client(&id)?, is_verified }
            }
            Wire::ListAudit { account, limit } => {
                Self::ListAudit { account: account.map(email).transpose()?, limit }
            }
            Wire::VerifyAudit { expect } => {
                let mark = |text: String| {
                    Mark::parse(&text).ok_or_else(|| Failure::usage("--expect is no mark"))
                };
                Self::VerifyAudit { expect: expect.map(mark).transpose()? }
            }
            Wire::TestMail { to, is_queued } => Self::TestMail { to: email(to)?, is_queued },
            Wire::MailStatus {} => Self::MailStatus,
            Wire::Credits { command } => Self::Credits(command.try_into()?),
            Wire::Plan { command } => Self::Plan(command.try_into()?),
            Wire::Backup { to } => Self::Backup { to },
            Wire::RotateSecret {} => Self::RotateSecret,
            Wire::ListSigningKeys {} => Self::ListSigningKeys,
            Wire::RotateSigningKey {} => Self::RotateSigningKey,
        })
    }
}
