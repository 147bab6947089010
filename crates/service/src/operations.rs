//! Every operation of the API: its id, the scope it needs and what it does.
//!
//! This is the one list. The endpoint table gives each operation its route and schemas; tests hold
//! the tables together, so an operation cannot be added to one of them alone.

use bloom_domain::access::BloomScope;

/// What an operation does to the person's things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes.
    Read,
}

/// An operation of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name on every face: OpenAPI's `operationId`.
    pub id: &'static str,
    /// The scope that a narrowed credential needs.
    pub scope: BloomScope,
    /// What it does.
    pub effect: Effect,
}

/// `GET /account`: who the credential acts for.
pub static ACCOUNT_GET: Operation =
    Operation { id: "account.get", scope: BloomScope::Read, effect: Effect::Read };
/// `GET /credits`: what can be spent.
pub static CREDITS_GET: Operation =
    Operation { id: "credits.get", scope: BloomScope::Read, effect: Effect::Read };
/// `GET /workspaces`: where the person belongs.
pub static WORKSPACES_LIST: Operation =
    Operation { id: "workspaces.list", scope: BloomScope::Read, effect: Effect::Read };

/// All of them.
pub static ALL: [&Operation; 3] = [&ACCOUNT_GET, &CREDITS_GET, &WORKSPACES_LIST];
