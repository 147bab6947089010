//! The audit, as the operator reads it.

use bloom_domain::audit::{Actor, Record};
use bloom_domain::email::Email;
use bloom_service::audit::{Listed, Mark};
use serde_json::{Value, json};

use super::{Shown, lines, time};

/// Records, newest first.
pub(super) fn records(records: &[Listed]) -> Shown {
    Shown {
        text: lines(records.iter().map(line), "Nothing is recorded."),
        json: records.iter().map(object).collect(),
    }
}

/// An audit that nobody has changed.
pub(super) fn whole(end: Mark, erased: i64) -> Shown {
    let gone = match erased {
        0 => String::new(),
        1 => " 1 has lost its details with its account.".to_owned(),
        erased => format!(" {erased} have lost their details with their account."),
    };
    let records = match end.number {
        1 => "1 record".to_owned(),
        number => format!("{number} records"),
    };
    let text = format!(
        "{records}, each as it was written.{gone} The end is {end}\nKeep that line where nobody \
         who reaches the database can write; give it to --expect to see later that nothing before \
         it was changed."
    );
    Shown { text, json: json!({ "records": end.number, "erased": erased, "end": end.to_string() }) }
}

fn line(listed: &Listed) -> String {
    let event = &listed.record.event;
    let details = details(&listed.record);
    let text = |member: &str| details.get(member).and_then(Value::as_str).unwrap_or("-").to_owned();
    let whose = listed.account.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let difference: Vec<_> = ["before", "after"]
        .into_iter()
        .filter_map(|member| Some(format!("  {member} {}", details.get(member)?)))
        .collect();
    format!(
        "{}  {}  {}  by {}  from {}  of {whose}  {}{}",
        listed.record.number,
        time(event.at),
        event.action,
        actor(event.actor),
        text("address"),
        event.subject,
        difference.concat()
    )
}

fn object(listed: &Listed) -> Value {
    let event = &listed.record.event;
    json!({
        "number": listed.record.number,
        "at": time(event.at),
        "action": event.action,
        "actor": actor(event.actor),
        "subject": event.subject.to_string(),
        "account": event.whose.account.map(|id| id.to_string()),
        "workspace": event.whose.workspace.map(|id| id.to_string()),
        "email": listed.account.as_ref().map(Email::as_str),
        "details": details(&listed.record),
        "hash": Mark { number: listed.record.number, hash: listed.record.hash }.to_string(),
    })
}

/// What was recorded beside; an empty object when it was erased.
fn details(record: &Record) -> Value {
    let json = record.details.as_ref().map_or("{}", |details| details.json.as_str());
    serde_json::from_str(json).unwrap_or_default()
}

fn actor(actor: Actor) -> String {
    match actor {
        Actor::Person(id) => format!("person {id}"),
        Actor::App(id) => format!("app {id}"),
        Actor::ApiKey(id) => format!("api_key {id}"),
        Actor::Anybody | Actor::Operator | Actor::Server => actor.kind().to_owned(),
    }
}
