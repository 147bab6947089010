//! `bloom clients create`.

use bloom_domain::access::{BloomScope, OPENID_SCOPES};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Asked, Place, command, email};
use crate::command::Command;
use crate::failure::Failure;

/// How an app proves itself.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Method {
    /// By a secret in the Authorization header
    Basic,
    /// By a secret in the body
    Post,
    /// By nothing: it can keep no secret
    None,
}

#[derive(Args)]
pub(super) struct NewClient {
    #[command(flatten)]
    place: Place,
    /// The owner's email address
    #[arg(long, alias = "email", value_name = "EMAIL")]
    account: String,
    /// What people read when they are asked to allow it
    #[arg(long)]
    name: String,
    /// Where people are sent back; may be given more than once. Without one, the app acts only by itself
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// How it proves itself
    #[arg(long, value_enum, default_value_t = Method::Basic)]
    method: Method,
    /// Let it act by itself, as its owner (client_credentials)
    #[arg(long)]
    acts_alone: bool,
    /// The scopes it asks for, with spaces between them [default: everything but API keys]
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

impl NewClient {
    pub(super) fn asked(self) -> Result<Asked, Failure> {
        let mut grant_types = Vec::new();
        if !self.redirect_uris.is_empty() {
            grant_types.extend(["authorization_code", "refresh_token"]);
        }
        if self.acts_alone {
            grant_types.push("client_credentials");
        }
        if grant_types.is_empty() {
            return Err(Failure::usage("give a --redirect-uri, or --acts-alone, or both"));
        }
        if self.acts_alone && matches!(self.method, Method::None) {
            return Err(Failure::usage("--acts-alone needs a secret: --method basic or post"));
        }
        if self.name.trim().is_empty() {
            return Err(Failure::usage("--name: expected what people are to read"));
        }
        self.scope.as_deref().map_or(Ok(()), known)?;
        let method = match self.method {
            Method::Basic => "client_secret_basic",
            Method::Post => "client_secret_post",
            Method::None => "none",
        };
        let metadata = json!({
            "client_name": self.name,
            "redirect_uris": self.redirect_uris,
            "token_endpoint_auth_method": method,
            "grant_types": grant_types,
            "scope": self.scope,
        });
        let (owner, metadata) = (email(&self.account)?, metadata.to_string());
        command(self.place, Command::CreateClient { owner, metadata }, self.json)
    }
}

/// A registration passes over scopes that are unknown, as clients expect; an operator has mistyped them.
fn known(scopes: &str) -> Result<(), Failure> {
    let is_unknown =
        |scope: &&str| BloomScope::from_token(scope).is_none() && !OPENID_SCOPES.contains(scope);
    match scopes.split_whitespace().find(is_unknown) {
        None => Ok(()),
        Some(scope) => {
            let ours = BloomScope::ALL.map(BloomScope::as_str).join(", ");
            let openid = OPENID_SCOPES.join(", ");
            Err(Failure::usage(format!(
                "--scope: there is no scope {scope:?}; there are {ours}, {openid}"
            )))
        }
    }
}
