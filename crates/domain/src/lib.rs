//! The words and rules of Bloom.
//!
//! Pure and synchronous: no clock, no randomness, no I/O. What a rule needs of the outside (the
//! time, random bytes, stored state) it takes as a value, so every rule can be tested by calling it.

pub mod access;
pub mod account_links;
pub mod accounts;
pub mod api_keys;
pub mod attempts;
pub mod audit;
mod base62;
pub mod brands;
pub mod clients;
pub mod connections;
pub mod credits;
pub mod digest;
pub mod email;
pub mod grants;
pub mod idempotency;
pub mod ids;
pub mod images;
pub mod invitations;
pub mod jobs;
pub mod leaks;
pub mod mail;
pub mod names;
pub mod networks;
pub mod openid;
pub mod passkeys;
pub mod passwords;
pub mod payments;
pub mod plans;
pub mod rate_window;
pub mod request_usage;
pub mod search;
pub mod secrets;
pub mod senders;
pub mod sessions;
pub mod setup_links;
pub mod submissions;
pub mod subscriptions;
pub mod time;
pub mod uploads;
pub mod workspaces;
