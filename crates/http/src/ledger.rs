//! A ledger as a file: what each movement is told with, on the page and on the command line.

use bloom_domain::credits::{ChargedVia, LedgerLine};
use bloom_domain::time::Timestamp;
use serde_json::{Map, Value};

/// What a movement is told with, in order.
const COLUMNS: [&str; 16] = [
    "entry",
    "line",
    "at",
    "kind",
    "credits",
    "available",
    "held",
    "debt",
    "grant",
    "grant_kind",
    "source",
    "operation",
    "hold",
    "reference",
    "account",
    "via",
];

/// The line above comma-separated values.
#[must_use]
pub fn header() -> String {
    COLUMNS.join(",")
}

/// A movement as comma-separated values (RFC 4180).
#[must_use]
pub fn csv(line: &LedgerLine) -> String {
    values(line).iter().map(field).collect::<Vec<_>>().join(",")
}

/// A movement as a JSON object.
#[must_use]
pub fn object(line: &LedgerLine) -> String {
    value(line).to_string()
}

/// The same as a value.
pub(crate) fn value(line: &LedgerLine) -> Value {
    let members: Map<_, _> =
        COLUMNS.iter().map(|&name| name.to_owned()).zip(values(line)).collect();
    Value::Object(members)
}

fn values(line: &LedgerLine) -> [Value; 16] {
    let deltas = line.movement.deltas();
    let (hold, reference) = line.hold.as_ref().map(|(id, name)| (id.to_string(), name)).unzip();
    let (account, via) = line
        .spender
        .map(|spender| {
            let via = match spender.via {
                ChargedVia::ApiKey(id) => format!("key {id}"),
                ChargedVia::Connection(id) => format!("app {id}"),
            };
            (spender.account.to_string(), via)
        })
        .unzip();
    [
        line.entry.into(),
        line.line.into(),
        time(line.at).into(),
        line.movement.kind.as_str().into(),
        line.movement.amount.get().into(),
        deltas.available.into(),
        deltas.held.into(),
        deltas.debt.into(),
        line.movement.grant.to_string().into(),
        line.grant_kind.as_str().into(),
        line.grant_source.clone().into(),
        line.operation.clone().into(),
        hold.into(),
        reference.cloned().into(),
        account.into(),
        via.into(),
    ]
}

fn time(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_microsecond(at.unix_micros()).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A value between commas. Nothing for null. References are chosen by whoever sends a job, and a spreadsheet
/// runs a text that begins like a formula, so such a one is marked as a text.
fn field(value: &Value) -> String {
    let Value::String(text) = value else {
        return if value.is_null() { String::new() } else { value.to_string() };
    };
    let mark = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    if text.contains([',', '"']) {
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{mark}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_between_its_commas_and_is_never_a_formula() {
        for (value, written) in [
            (Value::Null, ""),
            ((-4).into(), "-4"),
            ("plain".into(), "plain"),
            ("a,b".into(), "\"a,b\""),
            ("say \"x\"".into(), "\"say \"\"x\"\"\""),
            ("=1+1".into(), "'=1+1"),
            ("@SUM(1,2)".into(), "\"'@SUM(1,2)\""),
        ] {
            assert_eq!(field(&value), written, "{value}");
        }
    }
}
