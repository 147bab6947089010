//! The verbs of Bloom: who may do what, in which order, in which transaction.
//!
//! Every public verb takes an actor that proves permission to ask: a [`Principal`] (an API
//! credential), a [`SignedIn`] person (a browser session), the [`Operator`] (the command line), or
//! [`Work`] (a job that holds credits); a verb without one says `anonymous` in its name. Rules live in `bloom-domain`, statements in
//! `bloom-store`; here they are put in order. Nothing here knows HTTP.

mod access_tokens;
mod account_links;
pub mod accounts;
pub mod api_keys;
mod approval;
pub mod attempts;
pub mod audit;
pub mod authenticate;
pub mod authorization;
mod authorization_requests;
pub mod authorization_server;
mod background;
pub mod billing;
pub mod blobs;
pub mod brands;
mod client_authentication;
pub mod client_credentials;
mod client_documents;
pub mod clients;
pub mod clock;
mod codes;
pub mod connections;
pub mod credits;
mod crowd;
mod cursors;
pub mod end_session;
pub mod engines;
pub mod entropy;
pub mod error;
pub mod fetch;
pub mod first_run;
pub mod housekeeping;
pub mod idempotency;
pub mod images;
pub mod introspection;
pub mod invitations;
pub mod jobs;
mod key_shapes;
pub mod keyring;
pub mod last_use;
pub mod leaks;
pub mod mail;
pub mod members;
pub mod openid;
pub mod operations;
pub mod operator;
pub mod owned_clients;
mod painters;
pub mod passkeys;
pub mod passwords;
pub mod plans;
pub mod rate_limit;
mod redemption;
mod refresh_tokens;
mod refusals;
pub mod request_usage;
pub mod root_secret;
mod rotation;
mod sealed;
pub mod service;
pub mod sessions;
pub mod setup_links;
pub mod signing_keys;
pub mod submissions;
pub mod subscriptions;
pub mod tokens;
pub mod turns;
mod uploads;
pub mod userinfo;
mod verdicts;
pub mod waits;
pub mod work;
pub mod workspaces;

pub use authenticate::Principal;
pub use error::Error;
pub use operator::Operator;
pub use service::{Service, Settings};
pub use sessions::SignedIn;
pub use work::Work;
