//! The audit: what verbs record of a change, and how it is read and verified.

mod names;

use std::collections::HashMap;
use std::fmt;

use bloom_domain::attempts::AddressBlock;
use bloom_domain::audit::{Action, Actor, BEGINNING, Details, Event, Hash, Record, Subject, Whose};
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Act, Workspace};
use bloom_store as store;
use serde_json::{Map, Value};
use store::Tx;
use store::audit::Of;

use self::names::Names;
pub use self::names::Told;
use crate::entropy::Entropy;
use crate::{Error, Operator, Service, SignedIn, accounts};

/// How many records are verified at a stretch: other requests go between two.
const STRETCH: i64 = 200;

/// Who changes something, from where, and when: what every record of it begins with.
#[derive(Clone)]
pub(crate) struct Author {
    actor: Actor,
    sender: Sender,
    at: Timestamp,
    salt: [u8; 16],
}

/// What something was, and what it is now; `Null` for nothing.
#[derive(Default)]
pub(crate) struct Difference {
    pub(crate) before: Value,
    pub(crate) after: Value,
}

impl Author {
    /// # Errors
    /// When there are no random bytes.
    pub(crate) fn new(service: &Service, actor: Actor, sender: &Sender) -> Result<Self, Error> {
        Self::at(&service.entropy, service.now(), actor, sender)
    }

    /// The operator, or the server by itself.
    pub(crate) fn here(service: &Service, actor: Actor) -> Result<Self, Error> {
        Self::new(service, actor, &Sender::default())
    }

    /// The same before there is a service.
    pub(crate) fn at(
        entropy: &Entropy,
        at: Timestamp,
        actor: Actor,
        sender: &Sender,
    ) -> Result<Self, Error> {
        Ok(Self { actor, sender: sender.clone(), at, salt: entropy.draw()? })
    }

    /// Records what a transaction does to something of somebody.
    pub(crate) fn record(
        &self,
        tx: &mut Tx<'_>,
        action: Action,
        subject: Subject,
        whose: impl Into<Whose>,
        difference: Difference,
    ) {
        let whose = whose.into();
        let details = Details { json: self.json(difference), salt: self.salt };
        let (at, actor) = (self.at, self.actor);
        tx.record(Event { at, action, actor, subject, whose, details });
    }

    fn json(&self, difference: Difference) -> String {
        let address = self.sender.address.map(|address| address.to_string());
        let agent = Some(self.sender.agent.as_str()).filter(|agent| !agent.is_empty());
        let members = [
            ("address", address.map(Value::from)),
            ("agent", agent.map(Value::from)),
            ("before", Some(difference.before).filter(|before| !before.is_null())),
            ("after", Some(difference.after).filter(|after| !after.is_null())),
        ];
        let present = |(name, value): (&str, Option<Value>)| Some((name.to_owned(), value?));
        let object: Map<String, Value> = members.into_iter().filter_map(present).collect();
        Value::Object(object).to_string()
    }
}

/// Whether a record is of something that the person of an account did, signed in, from an address.
pub(crate) fn is_done_from(record: &Record, account: AccountId, block: AddressBlock) -> bool {
    let details = record.details.as_ref().filter(|_| record.event.actor == Actor::Person(account));
    details.is_some_and(|details| {
        // What cannot be read was done where nobody can tell.
        let details: Value = serde_json::from_str(&details.json).unwrap_or_default();
        let address = details["address"].as_str().and_then(|address| address.parse().ok());
        AddressBlock::of(address) == block
    })
}

/// A place in the chain that was written down, to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The number of a record.
    pub number: i64,
    /// Its hash.
    pub hash: Hash,
}

impl Mark {
    /// Reads `number:hash`, the hash in hexadecimal.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, hex) = text.split_once(':')?;
        let number = number.parse().ok().filter(|number| *number >= 0)?;
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        let mut hash = BEGINNING;
        for (index, byte) in hash.iter_mut().enumerate() {
            let digits = hex.get(2 * index..2 * index + 2)?;
            *byte = u8::from_str_radix(digits, 16).ok().filter(|_| !digits.contains('+'))?;
        }
        Some(Self { number, hash })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.number)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A record as the operator reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The record.
    pub record: Record,
    /// The address of the account it belongs to, as long as there is one.
    pub account: Option<Email>,
}

/// What verifying the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every record is as it was written, and there is one for each number.
    Whole {
        /// Its end, to be written down elsewhere.
        end: Mark,
        /// How many records have lost their details with their account.
        erased: i64,
    },
    /// It was changed.
    Broken {
        /// The number at which that shows first.
        number: i64,
        /// How it shows.
        why: &'static str,
    },
}

/// An account's records before the one with a number, and those of what its person did to others, newest first. Where
/// a request of another person came from is theirs to see alone.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    service: &Service,
    person: &SignedIn,
    before: i64,
    limit: i64,
) -> Result<Vec<Told>, Error> {
    let account = person.account().id;
    let list = move |tx: &mut Tx<'_>| {
        let records = store::audit::list_before(tx, Of::Person(account), before, limit)?;
        let mut names = Names::new(account, None);
        let records = records.into_iter().map(|record| theirs(record, account));
        records.map(|record| names.told(tx, record)).collect()
    };
    Ok(service.store.read(list).await?)
}

/// What was done to a team workspace and its people.
#[derive(Debug)]
pub struct OfTeam {
    /// The workspace.
    pub workspace: Workspace,
    /// The records, newest first.
    pub records: Vec<Told>,
}

/// A team workspace's records before the one with a number, newest first, for those who look after it. Where a
/// request of somebody else came from is theirs to see alone.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::NotAllowed`].
pub async fn list_of_team(
    service: &Service,
    person: &SignedIn,
    id: WorkspaceId,
    before: i64,
    limit: i64,
) -> Result<OfTeam, Error> {
    let account = person.account().id;
    let list = move |tx: &mut Tx<'_>| {
        let team = store::workspaces::find_team(tx, account, id)?;
        let Some(team) = team.filter(|team| team.deleted_at.is_none()) else {
            return Ok(Err(Error::WorkspaceNotFound));
        };
        if !team.role.may(Act::SeeActivity) {
            return Ok(Err(Error::NotAllowed));
        }
        let mut names = Names::new(account, Some(id));
        let mut records = Vec::new();
        for mut record in store::audit::list_before(tx, Of::Workspace(id), before, limit)? {
            if record.event.actor != Actor::Person(account) {
                record.details = record.details.map(without_sender);
            }
            records.push(names.told(tx, record)?);
        }
        Ok(Ok(OfTeam { workspace: team.workspace, records }))
    };
    service.store.read(list).await?
}

/// A record for a person to read: of what another person did, without the place where that came from.
pub(crate) fn theirs(mut record: Record, reader: AccountId) -> Record {
    if matches!(record.event.actor, Actor::Person(id) if id != reader) {
        record.details = record.details.map(without_sender);
    }
    record
}

/// Details without the place where the request came from.
fn without_sender(details: Details) -> Details {
    let Ok(Value::Object(mut members)) = serde_json::from_str(&details.json) else {
        return details;
    };
    members.retain(|name, _| name != "address" && name != "agent");
    Details { json: Value::Object(members).to_string(), ..details }
}

/// The newest records, newest first: all, or an account's.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn list_for(
    service: &Service,
    operator: &Operator,
    owner: Option<&Email>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let of = match owner {
        Some(owner) => Of::Account(accounts::find(service, operator, owner).await?.id),
        None => Of::Everybody,
    };
    let list = move |tx: &mut Tx<'_>| {
        let records = store::audit::list_before(tx, of, i64::MAX, limit)?;
        let mut known = HashMap::new();
        let mut listed = Vec::with_capacity(records.len());
        for record in records {
            let account = match record.event.whose.account {
                Some(id) => email_of(tx, &mut known, id)?,
                None => None,
            };
            listed.push(Listed { record, account });
        }
        Ok(listed)
    };
    Ok(service.store.read(list).await?)
}

/// The address of an account, asked for once.
fn email_of(
    tx: &mut Tx<'_>,
    known: &mut HashMap<AccountId, Option<Email>>,
    id: AccountId,
) -> Result<Option<Email>, store::Error> {
    if let Some(email) = known.get(&id) {
        return Ok(email.clone());
    }
    let email = store::accounts::find(tx, id)?.map(|account| account.email);
    known.insert(id, email.clone());
    Ok(email)
}

/// Follows the chain from its beginning, and past the mark if there is one. What is recorded meanwhile
/// is left for the next time.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(
    service: &Service,
    _operator: &Operator,
    expected: Option<Mark>,
) -> Result<Verdict, Error> {
    let head = service.store.read(store::audit::head).await?;
    let mut walk = Walk { end: Mark { number: 0, hash: BEGINNING }, expected, erased: 0 };
    while walk.end.number < head.number {
        let after = walk.end.number;
        let limit = STRETCH.min(head.number - after);
        let read = service.store.read(move |tx| store::audit::list_from(tx, after, limit)).await;
        let records = match read {
            Err(store::Error::Corrupt(_)) => {
                return Ok(Verdict::Broken {
                    number: after + 1,
                    why: "it, or one soon after, cannot be read",
                });
            }
            read => read?,
        };
        for record in &records {
            if let Err(why) = walk.step(record) {
                return Ok(Verdict::Broken { number: walk.end.number + 1, why });
            }
        }
        if records.is_empty() {
            return Ok(Verdict::Broken { number: after + 1, why: "it is missing" });
        }
    }
    let number = walk.end.number;
    Ok(if walk.end.hash != head.hash {
        Verdict::Broken { number, why: "it is not the one that was written last" }
    } else if expected.is_some_and(|mark| mark.number > number) {
        Verdict::Broken { number: number + 1, why: "it is missing: there were more once" }
    } else {
        Verdict::Whole { end: walk.end, erased: walk.erased }
    })
}

/// How far the chain was followed.
struct Walk {
    end: Mark,
    expected: Option<Mark>,
    erased: i64,
}

impl Walk {
    fn step(&mut self, record: &Record) -> Result<(), &'static str> {
        let number = self.end.number + 1;
        if record.number != number {
            return Err("it is missing");
        }
        match &record.details {
            None => self.erased += 1,
            Some(details) if store::audit::details_hash(details) == record.event.details_hash => {}
            Some(_) => return Err("its details are not those that were written"),
        }
        if store::audit::hash(&record.event, number, &self.end.hash) != record.hash {
            return Err("it is not what was written, or what comes before it is not");
        }
        if self.expected.is_some_and(|mark| mark.number == number && mark.hash != record.hash) {
            return Err("its hash is not the one that was written down");
        }
        self.end = Mark { number, hash: record.hash };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_written_and_read() {
        let mark = Mark { number: 12, hash: [0xa5; 32] };
        assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        for text in ["", "12", "12:", "-1:00", &format!("1:{}", "+f".repeat(32)), "x:é"] {
            assert_eq!(Mark::parse(text), None, "{text}");
        }
    }
}
