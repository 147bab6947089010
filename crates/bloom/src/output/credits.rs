//! Credits, as the operator reads them.

use bloom_domain::credits::{ChargedVia, CreditGrant, LedgerLine, NEVER, Standing, UsageDay};
use bloom_http::ledger;
use bloom_service::credits::history::{Person, Usage, Who};
use bloom_service::credits::{Granted, Ledger};
use serde_json::{Value, json};

use super::{Shown, lines, time};
use crate::command::credits::{CreditsAnswer, Format, Place};

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
        CreditsAnswer::Usage(usage) => usage_shown(usage),
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

/// What was used; days on which nothing was are left out.
fn usage_shown(usage: &Usage) -> Shown {
    let days = (0..).zip(&usage.days).filter(|(_, credits)| **credits > 0);
    let days: Vec<_> =
        days.map(|(place, &credits)| (date(usage.first.plus_days(place)), credits)).collect();
    let person = |person: &Person| match person {
        Person::Other(email) => Some(email.to_string()),
        Person::Gone | Person::Reader | Person::Hidden => None,
    };
    let named = |who: &Who| {
        let credential = who.credential.as_ref()?;
        let (kind, id) = match credential.via {
            ChargedVia::ApiKey(id) => ("key", id.to_string()),
            ChargedVia::Connection(id) => ("app", id.to_string()),
        };
        Some((kind, id, credential.name.clone()))
    };
    let gone = || "somebody whose account is gone".to_owned();
    let by_day = days.iter().map(|(day, credits)| format!("{day}  {credits}"));
    let by_member = usage.by_member.iter();
    let by_member =
        by_member.map(|(one, credits)| format!("{credits}  {}", person(one).unwrap_or_else(gone)));
    let by_credential = usage.by_credential.iter().filter_map(|(who, credits)| {
        let (kind, id, name) = named(who)?;
        let whose = person(&who.person).unwrap_or_else(gone);
        let name = name.unwrap_or_else(|| "(gone)".to_owned());
        Some(format!("{credits}  {kind} {id}  {name}  of {whose}"))
    });
    let text: Vec<_> = by_day.chain(by_member).chain(by_credential).collect();
    let nothing = format!("Nothing was used in the last {} days.", usage.days.len());
    Shown {
        text: lines(text.into_iter(), &nothing),
        json: json!({
            "days": days.iter().map(|(day, credits)| json!({
                "day": day,
                "credits": credits,
            })).collect::<Vec<_>>(),
            "members": usage.by_member.iter().map(|(one, credits)| json!({
                "account": person(one),
                "credits": credits,
            })).collect::<Vec<_>>(),
            "credentials": usage.by_credential.iter().filter_map(|(who, credits)| {
                let (kind, id, name) = named(who)?;
                Some(json!({
                    "kind": kind,
                    "id": id,
                    "name": name,
                    "account": person(&who.person),
                    "credits": credits,
                }))
            }).collect::<Vec<_>>(),
        }),
    }
}

fn date(day: UsageDay) -> String {
    let time = time(day.begins_at());
    time.split('T').next().unwrap_or_default().to_owned()
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
        Format::Ndjson => ledger::object(movement),
        Format::Csv => ledger::csv(movement),
    });
    let header = (format == Format::Csv && is_first).then(ledger::header);
    let text: Vec<_> = header.into_iter().chain(rows).collect();
    let next = movements.last().map(|last| [last.entry, last.line]);
    Shown { text: text.join("\n"), json: json!({ "next": next }) }
}

/// Where the next page of an export begins; `None` after the last.
pub(crate) fn next_page(shown: &Shown) -> Option<Place> {
    let next = shown.json.get("next")?;
    Some((next.get(0)?.as_i64()?, next.get(1)?.as_i64()?))
}
