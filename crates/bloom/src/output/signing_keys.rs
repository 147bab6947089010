//! Signing keys, as the operator hears of them.

use bloom_service::signing_keys::{KeyState, ListedKey};
use serde_json::json;

use super::{Shown, time};

/// The keys after a rotation, which makes nothing while there is a next one.
pub(super) fn rotated(keys: &[ListedKey], is_news: bool) -> Shown {
    let mut shown = listed(keys);
    if !is_news {
        shown.text.push_str("\nThe next key was there already; nothing has changed.");
    }
    shown
}

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
