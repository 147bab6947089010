//! Every SQL statement of Bloom, for both databases; migrations and the writer. Decides nothing.
//!
//! The engine is made of few pieces, each in the file that bears its name:
//!
//! 1. [`Store`] takes closures. A closure gets a [`Tx`] and runs [`Statement`]s with [`Value`]s,
//!    which answer [`Row`]s. It is synchronous: there is nothing to await inside a transaction, so
//!    nothing can leave the process from there.
//! 2. On SQLite one writer thread runs all writes and commits what waits together (`sqlite`); on
//!    PostgreSQL a pool of threads runs them on connections (`postgresql`).
//! 3. After the COMMIT, and before the caller is answered, every [`Change`] the closure announced
//!    is delivered to the caches, on this node and, by NOTIFY, on the others.
//! 4. SQL text is written once, in a portable subset with `?1` parameters. What differs between
//!    the databases stands in `dialect`. `catalogue` lists every statement, and a test prepares
//!    them all on both.

pub mod account_links;
pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod billing_events;
pub mod brands;
mod catalogue;
mod changes;
pub mod clients;
pub mod connections;
mod counters;
pub mod credit_budgets;
pub mod credit_holds;
pub mod credit_movements;
pub mod credit_spending;
pub mod credits;
mod database;
mod dialect;
mod error;
pub mod grants;
pub mod idempotency;
pub mod image_captions;
pub mod images;
pub mod invitations;
mod job;
pub mod jobs;
pub mod key_shapes;
mod last_use;
pub mod mails;
pub mod members;
mod migrations;
pub mod monthly_credits;
pub mod openid;
pub mod passkeys;
pub mod payments;
mod postgresql;
mod queue;
pub mod refresh_rotations;
pub mod request_usage;
pub mod revoked_access_tokens;
pub mod root_secrets;
mod row;
pub mod sessions;
pub mod setup_links;
mod shared;
pub mod signing_keys;
mod sqlite;
mod statement;
mod stopwatch;
mod store;
pub mod submissions;
pub mod subscriptions;
mod tx;
pub mod upload_tokens;
mod value;
pub mod workspaces;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use changes::Change;
pub use database::Database;
pub use error::{Error, OpenError};
pub use job::Patience;
pub use row::Row;
pub use statement::Statement;
pub use store::Store;
pub use tx::Tx;
pub use value::Value;
