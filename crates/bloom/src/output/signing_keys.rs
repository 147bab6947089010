//! Signing keys, as the operator hears of them.

use bloom_service::signing_keys::{KeyState, ListedKey};
use serde_json::json;

use super::{Shown, time};

/// The keys, in the order in which they sign.
pub(super) fn listed(keys: &[ListedKey]) -> Shown {
    let word = |key: &ListedKey| match key.state {
        KeyState::Next => "next",
        KeyState::Signs => "signs",
        KeyState::Verifies => "verifies",
    };
    let line =
        |key: &ListedKey| format!("{}  {}  from {}", key.id, word(key), time(key.signs_from));
    let object = |key: &ListedKey| json!({ "id": key.id, "state": word(key), "signs_from": time(key.signs_from) });
    Shown {
        text: keys.iter().map(line).collect::<Vec<_>>().join("\n"),
        json: keys.iter().map(object).collect(),
    }
}
