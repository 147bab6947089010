//! Bloom through its router, in this process: real verbs over a real database, with a clock that the
//! test moves. Every test of it is written once and runs on SQLite and on PostgreSQL, each time
//! over a database of its own; the second says that it is skipped when `TEST_POSTGRES_URL` is not set.
//!
//! A file for each resource; its `on_both!` list is its table of contents. `support` is the app with
//! its levers, a browser with a cookie jar, and an answer that can be asked things.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as it must be; clippy knows only #[test] functions"
)]

#[path = "../history/mod.rs"]
mod history;
#[path = "../routes/mod.rs"]
mod routes;
#[path = "../secrets/mod.rs"]
mod shapes;
mod support;

mod access;
mod access_tokens;
mod account_links;
mod accounts;
mod again;
mod api_keys;
mod api_keys_by_credential;
mod attempts;
mod audit;
mod authorization;
mod billing;
mod brands;
mod client_authentication;
mod client_documents;
mod codes;
mod connected_apps;
mod consent;
mod consent_terms;
mod contract;
mod cors;
mod credentials;
mod credits;
mod dump;
mod end_session;
mod failures;
mod floods;
mod forms;
mod histories;
mod housekeeping;
mod id_tokens;
mod idempotency;
mod images;
mod imports;
mod introspection;
mod invitations;
mod key_page;
mod last_use;
mod leaks;
mod mail;
mod matrix;
mod mcp;
mod narrowing;
mod nodes;
mod oauth;
mod openapi;
mod openid;
mod owned_clients;
mod pages;
mod passkeys;
mod plans;
mod races;
mod rate_limit;
mod refresh_tokens;
mod registration;
mod repeats;
mod request_usage;
mod resource_metadata;
mod revocation;
mod revocation_endpoint;
mod root_secret;
mod rotation;
mod secrets;
mod security;
mod sessions;
mod setup_links;
mod sign_in;
mod sign_up;
mod sign_up_links;
mod signing_keys;
mod submissions;
mod teams;
#[path = "../tls/mod.rs"]
mod tls;
mod unknown_paths;
mod until;
mod userinfo;
mod which_key;
mod workspaces;
