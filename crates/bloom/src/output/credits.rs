//! Credits, as the operator reads them.

use bloom_domain::credits::{ChargedVia, CreditGrant, LedgerLine, NEVER, Standing};
use bloom_service::credits::{Granted, Ledger};
use serde_json::{Value, json};

use super::{Shown, lines, time};
use crate::command::credits::{CreditsAnswer, Format, Place};

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

pub(super) fn shown(answer: &CreditsAnswer) -> Shown {
    match answer {
        CreditsAnswer::Granted(Granted { grant, is_new }) => {
            let mut json = grant_json(grant);
            json["is_new"] = (*is_new).into();
            let before = if *is_new { "" } else { "\nIt was granted before; nothing has changed." };
            Shown { text: format!("{}{before}", grant_line(grant)), json }
        }
        CreditsAnswer::TakenBack(grant) => {
            Shown { text: grant_line(grant), json: grant_json(grant) }
        }
        CreditsAnswer::Ledger(ledger) => ledger_shown(ledger),
        CreditsAnswer::Page { lines, format, is_first } => page(lines, *format, *is_first),
    }
}

fn ledger_shown(ledger: &Ledger) -> Shown {
    let Standing { held, monthly, topup, debt, .. } = ledger.standing;
    let balance = ledger.standing.balance();
    let grants = lines(ledger.grants.iter().map(grant_line), "No credits were ever granted.");
    Shown {
        text: format!(
            "{balance} can be spent ({monthly} of this month, {topup} bought), {held} held, {debt} \
             owed\n{grants}"
        ),
        json: json!({
            "balance": balance,
            "held": held,
            "monthly": monthly,
            "topup": topup,
            "debt": debt,
            "grants": ledger.grants.iter().map(grant_json).collect::<Vec<_>>(),
        }),
    }
}

fn grant_line(grant: &CreditGrant) -> String {
    let buckets = grant.buckets;
    let end = if grant.expires == NEVER {
        "never ends".to_owned()
    } else {
        format!("until {}", time(grant.expires))
    };
    format!(
        "{}  {} granted {}, {end}: {} available, {} held, {} spent, {} expired, {} taken back",
        grant.source,
        grant.amount.get(),
        time(grant.effective),
        buckets.available,
        buckets.held,
        buckets.spent,
        buckets.expired,
        buckets.taken_back
    )
}

fn grant_json(grant: &CreditGrant) -> Value {
    let buckets = grant.buckets;
    json!({
        "id": grant.id.to_string(),
        "workspace": grant.workspace.to_string(),
        "kind": grant.kind.as_str(),
        "source": grant.source,
        "effective_at": time(grant.effective),
        "expires_at": (grant.expires != NEVER).then(|| time(grant.expires)),
        "amount": grant.amount.get(),
        "available": buckets.available,
        "held": buckets.held,
        "spent": buckets.spent,
        "expired": buckets.expired,
        "taken_back": buckets.taken_back,
        "reclaimed": grant.reclaimed,
    })
}

/// A page of an export. Where the next one begins stands beside it.
fn page(movements: &[LedgerLine], format: Format, is_first: bool) -> Shown {
    let rows = movements.iter().map(|movement| match format {
        Format::Ndjson => object(movement),
        Format::Csv => values(movement).iter().map(field).collect::<Vec<_>>().join(","),
    });
    let header = (format == Format::Csv && is_first).then(|| COLUMNS.join(","));
    let text: Vec<_> = header.into_iter().chain(rows).collect();
    let next = movements.last().map(|last| [last.entry, last.line]);
    Shown { text: text.join("\n"), json: json!({ "next": next }) }
}

/// Where the next page of an export begins; `None` after the last.
pub(crate) fn next_page(shown: &Shown) -> Option<Place> {
    let next = shown.json.get("next")?;
    Some((next.get(0)?.as_i64()?, next.get(1)?.as_i64()?))
}

fn object(line: &LedgerLine) -> String {
    let members: serde_json::Map<_, _> =
        COLUMNS.iter().map(|&name| name.to_owned()).zip(values(line)).collect();
    Value::Object(members).to_string()
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

/// A value between commas (RFC 4180). Nothing for null.
fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.contains([',', '"']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
