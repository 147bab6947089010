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
    /// Something is made or paid for, so that doing it twice is not doing it once.
    Create,
    /// Something changes; the second time nothing more does.
    Change,
}

/// An operation of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name on every face: OpenAPI's `operationId`.
    pub id: &'static str,
    /// The scope that a narrowed credential needs; `None` for what any credential may do.
    pub scope: Option<BloomScope>,
    /// What it does.
    pub effect: Effect,
}

impl Operation {
    const fn new(id: &'static str, scope: BloomScope, effect: Effect) -> Self {
        Self { id, scope: Some(scope), effect }
    }
}

/// `GET /account`: who the credential acts for.
pub static ACCOUNT_GET: Operation = Operation::new("account.get", BloomScope::Read, Effect::Read);
/// `POST /api-keys`: makes a key.
pub static API_KEYS_CREATE: Operation =
    Operation::new("apiKeys.create", BloomScope::KeysAdmin, Effect::Create);
/// `GET /api-keys/{id}`: one key.
pub static API_KEYS_GET: Operation =
    Operation::new("apiKeys.get", BloomScope::KeysAdmin, Effect::Read);
/// `GET /api-keys`: the person's keys.
pub static API_KEYS_LIST: Operation =
    Operation::new("apiKeys.list", BloomScope::KeysAdmin, Effect::Read);
/// `POST /api-keys/{id}/revoke`: ends a key.
pub static API_KEYS_REVOKE: Operation =
    Operation::new("apiKeys.revoke", BloomScope::KeysAdmin, Effect::Change);
/// `POST /api-keys/self/revoke`: a key ends itself.
pub static API_KEYS_REVOKE_SELF: Operation =
    Operation { id: "apiKeys.revokeSelf", scope: None, effect: Effect::Change };
/// `POST /api-keys/{id}/rotate`: gives a key another secret.
pub static API_KEYS_ROTATE: Operation =
    Operation::new("apiKeys.rotate", BloomScope::KeysAdmin, Effect::Create);
/// `POST /api-keys/verify`: whether a text is a good key of the person, and what it may do.
pub static API_KEYS_VERIFY: Operation =
    Operation::new("apiKeys.verify", BloomScope::KeysAdmin, Effect::Read);
/// `GET /credits`: what can be spent.
pub static CREDITS_GET: Operation = Operation::new("credits.get", BloomScope::Read, Effect::Read);
/// `GET /workspaces`: where the person belongs.
pub static WORKSPACES_LIST: Operation =
    Operation::new("workspaces.list", BloomScope::Read, Effect::Read);

/// All of them.
pub static ALL: [&Operation; 10] = [
    &ACCOUNT_GET,
    &API_KEYS_CREATE,
    &API_KEYS_GET,
    &API_KEYS_LIST,
    &API_KEYS_REVOKE,
    &API_KEYS_REVOKE_SELF,
    &API_KEYS_ROTATE,
    &API_KEYS_VERIFY,
    &CREDITS_GET,
    &WORKSPACES_LIST,
];
