//! API keys, as the operator reads them.

use bloom_domain::access::Access;
use bloom_domain::api_keys::{ApiKey, KeyCondition, KeyState, Narrowing};
use bloom_domain::credits::{BudgetSpan, Cap};
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_service::credits::budgets::BudgetUse;
use serde_json::{Value, json};

use super::{Shown, lines, time};
use crate::command::keys::KeysAnswer;

pub(super) fn shown(answer: &KeysAnswer) -> Shown {
    match answer {
        KeysAnswer::New { key, secret, now } => {
            let mut json = key_json(key, *now);
            json["key"] = secret.expose().into();
            let text =
                format!("{}\nkey (shown only now): {}", key_line(key, *now), secret.expose());
            Shown { text, json }
        }
        KeysAnswer::List { keys, now } => Shown {
            text: lines(keys.iter().map(|key| key_line(key, *now)), "The account has no API key."),
            json: keys.iter().map(|key| key_json(key, *now)).collect(),
        },
        KeysAnswer::OverlapEnded { key, is_news, now } => {
            let before = "It had no old secret; nothing has changed.";
            ended((key, *now), ("had_old_secret", *is_news), (!is_news).then_some(before))
        }
        KeysAnswer::Revoked { key, is_news, now } => {
            let before = "It was revoked already; nothing has changed.";
            ended((key, *now), ("was_revoked", !is_news), (!is_news).then_some(before))
        }
        KeysAnswer::Budget { key, used } => budget(key, used),
    }
}

/// A key of which something ended, and how it was before.
fn ended(
    (key, now): (&ApiKey, Timestamp),
    (was, it_was): (&str, bool),
    before: Option<&str>,
) -> Shown {
    let mut json = key_json(key, now);
    json[was] = it_was.into();
    let text = std::iter::once(key_line(key, now)).chain(before.map(str::to_owned));
    Shown { text: text.collect::<Vec<_>>().join("\n"), json }
}

fn key_line(key: &ApiKey, now: Timestamp) -> String {
    let used = key.last_use.as_ref().map_or_else(
        || "never used".to_owned(),
        |used| format!("last used {} from {} for {}", time(used.at), used.address, used.operation),
    );
    let parts = [
        Some(key.id.to_string()),
        Some(key.hint.to_string()),
        Some(state(key, now)),
        narrowed(&key.narrowing),
        Some(format!("made {}", time(key.created_at))),
        Some(used),
        Some(key.name.clone()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn state(key: &ApiKey, now: Timestamp) -> String {
    match key.condition(now) {
        KeyCondition::Active => "active".to_owned(),
        KeyCondition::Expiring { at } => format!("active until {}", time(at)),
        KeyCondition::Expired { at } => format!("expired {}", time(at)),
        KeyCondition::Revoked { at, by } => format!("revoked {} ({})", time(at), by.as_str()),
        KeyCondition::Rotated { until } => {
            let used = key.old_secret.as_ref().and_then(|old| old.last_used_at);
            let used = used.map_or_else(
                || "not used since".to_owned(),
                |at| format!("last used {}", time(at)),
            );
            format!("rotated, old secret good until {}, {used}", time(until))
        }
    }
}

/// What a key is narrowed to; nothing when it is to nothing.
fn narrowed(narrowing: &Narrowing) -> Option<String> {
    let Narrowing { access, reach, addresses, expires_at } = narrowing;
    let parts = [
        matches!(access, Access::Named(_)).then(|| format!("may {access}")),
        matches!(reach, Reach::Only(_)).then(|| format!("in {}", stored(reach.to_stored()))),
        matches!(addresses, Addresses::Only(_))
            .then(|| format!("from {}", stored(addresses.to_stored()))),
        expires_at.map(|end| format!("until {}", time(end))),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn stored(list: Option<String>) -> String {
    list.unwrap_or_default()
}

fn key_json(key: &ApiKey, now: Timestamp) -> Value {
    let (revoked_at, revoked_by) = match key.state {
        KeyState::Active => (None, None),
        KeyState::Revoked { at, by } => (Some(time(at)), Some(by.as_str())),
    };
    let words = |list: Option<String>| -> Option<Vec<String>> {
        list.map(|list| list.split(' ').map(str::to_owned).collect())
    };
    let Narrowing { access, reach, addresses, expires_at } = &key.narrowing;
    let scopes = matches!(access, Access::Named(_)).then(|| access.to_string());
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "hint": key.hint.to_string(),
        "state": word(key.condition(now)),
        "scopes": words(scopes),
        "workspaces": words(reach.to_stored()),
        "addresses": words(addresses.to_stored()),
        "expires_at": expires_at.map(time),
        "created_at": time(key.created_at),
        "rotated_at": key.rotated_at.map(time),
        "old_secret": key.old_secret.as_ref().map(|old| json!({
            "hint": old.hint.to_string(),
            "until": time(old.until),
            "last_used_at": old.last_used_at.map(time),
        })),
        "revoked_at": revoked_at,
        "revoked_by": revoked_by,
        "last_used": key.last_use.as_ref().map(|used| json!({
            "at": time(used.at),
            "address": used.address,
            "agent": used.agent,
            "operation": used.operation,
        })),
    })
}

fn word(condition: KeyCondition) -> &'static str {
    match condition {
        KeyCondition::Active => "active",
        KeyCondition::Rotated { .. } => "rotated",
        KeyCondition::Expiring { .. } => "expiring",
        KeyCondition::Expired { .. } => "expired",
        KeyCondition::Revoked { .. } => "revoked",
    }
}

fn budget(key: &ApiKey, used: &BudgetUse) -> Shown {
    let line = |span: BudgetSpan| {
        let cap =
            used.budget.cap(span).map_or_else(|| "no limit".to_owned(), |cap| cap.to_string());
        format!("{}: {} spent of {cap}", span.as_str(), used.spending.of(span))
    };
    let lines = BudgetSpan::ALL.map(line).join("\n");
    let caps = |span| used.budget.cap(span).map(Cap::get);
    let object = |of: &dyn Fn(BudgetSpan) -> Value| -> Value {
        BudgetSpan::ALL.map(|span| (span.as_str().to_owned(), of(span))).into_iter().collect()
    };
    Shown {
        text: format!("{}  {}  {}\n{lines}", key.id, key.hint, key.name),
        json: json!({
            "id": key.id.to_string(),
            "name": key.name,
            "budget": object(&|span| caps(span).into()),
            "spent": object(&|span| used.spending.of(span).into()),
        }),
    }
}
