//! When and how each key and each connection was last used, and how often on each day: kept in memory,
//! written at most once a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bloom_domain::api_keys::{ApiKey, LastUse};
use bloom_domain::credits::{ChargedVia, Spender, UsageDay};
use bloom_domain::ids::AccountId;
use bloom_domain::request_usage::{self, DayCount};
use bloom_domain::senders::write_agent;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use parking_lot::Mutex;
use store::Tx;

use crate::authenticate::Via;
use crate::operations::Operation;
use crate::{Error, Principal, Service};

/// How many slots one transaction writes: far below the 5 ms a closure may take.
const BATCH: usize = 50;

/// The place where the uses of a key or connection are noted.
pub(crate) type LastUseSlot = Arc<Slot>;

pub(crate) struct Slot {
    via: Via,
    account: AccountId,
    secret: UsedSecret,
    note: Mutex<Note>,
}

/// Which secret of a key is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsedSecret {
    /// The one it has; a connection has no other.
    Current,
    /// The one it had before its rotation.
    Old,
}

struct Note {
    /// Whether the slot waits to be written.
    is_queued: bool,
    at: Timestamp,
    address: Option<IpAddr>,
    agent: String,
    operation: &'static str,
    /// What was counted and is not written, by day; two around midnight.
    counted: Vec<DayCount>,
}

/// What is to be written of a slot.
struct Taken {
    slot: LastUseSlot,
    last_use: LastUse,
    counted: Vec<DayCount>,
}

/// The slots that wait to be written.
#[derive(Default)]
pub(crate) struct LastUses {
    queue: Mutex<Vec<LastUseSlot>>,
}

impl LastUses {
    pub(crate) fn slot(via: Via, account: AccountId, secret: UsedSecret) -> LastUseSlot {
        let note = Note {
            is_queued: false,
            at: Timestamp::from_unix_micros(0),
            address: None,
            agent: String::new(),
            operation: "",
            counted: Vec::new(),
        };
        Arc::new(Slot { via, account, secret, note: Mutex::new(note) })
    }
}

/// Notes a request, and counts it; one that asked for no operation leaves the name empty. Writes nothing:
/// [`flush`] does, later.
pub fn note(
    service: &Service,
    principal: &Principal,
    operation: Option<&'static Operation>,
    address: Option<IpAddr>,
    agent: &[u8],
) {
    let slot = principal.last_use();
    let mut note = slot.note.lock();
    note.at = principal.authenticated_at();
    note.address = address;
    note.operation = operation.map_or("", |operation| operation.id);
    note.agent.clear();
    write_agent(agent, &mut note.agent);
    let one = DayCount { day: UsageDay::of(note.at), requests: 1 };
    request_usage::add(&mut note.counted, one);
    if !note.is_queued {
        note.is_queued = true;
        service.last_uses.queue.lock().push(slot.clone());
    }
}

/// Says what a request that is noted already turned out to ask for.
pub fn name(principal: &Principal, operation: &'static Operation) {
    principal.last_use().note.lock().operation = operation.id;
}

/// Writes what was noted since the last time.
///
/// # Errors
/// When the database cannot be written; what was noted stays noted.
pub async fn flush(service: &Service) -> Result<(), Error> {
    let mut waiting = std::mem::take(&mut *service.last_uses.queue.lock());
    while !waiting.is_empty() {
        let batch = waiting.split_off(waiting.len().saturating_sub(BATCH));
        let taken: Arc<[Taken]> = batch.into_iter().map(Taken::from).collect();
        let written = taken.clone();
        let write = service.store.write(move |tx| written.iter().try_for_each(|one| one.write(tx)));
        if let Err(error) = write.await {
            waiting.extend(taken.iter().filter_map(Taken::put_back));
            service.last_uses.queue.lock().extend(waiting);
            return Err(error.into());
        }
    }
    Ok(())
}

/// Puts what was noted here, and is not written yet, in the place of what was read. What other nodes
/// have noted follows within a minute.
pub(crate) fn freshen<'a>(
    service: &Service,
    read: impl Iterator<Item = (Via, &'a mut Option<LastUse>)>,
) {
    let mut read: HashMap<_, _> = read.collect();
    for slot in service.last_uses.queue.lock().iter() {
        let Some(known) = read.get_mut(&slot.via) else { continue };
        let noted = slot.note.lock().last_use();
        if known.as_ref().is_none_or(|known| known.at <= noted.at) {
            **known = Some(noted);
        }
    }
}

/// The same of keys, and of the secrets that they had before.
pub(crate) fn freshen_keys(service: &Service, keys: &mut [ApiKey]) {
    freshen(service, keys.iter_mut().map(|key| (Via::ApiKey(key.id), &mut key.last_use)));
    for slot in service.last_uses.queue.lock().iter().filter(|slot| slot.secret == UsedSecret::Old)
    {
        let of_slot = |key: &&mut ApiKey| Via::ApiKey(key.id) == slot.via;
        let Some(key) = keys.iter_mut().find(of_slot) else { continue };
        let (noted, rotated_at) = (slot.note.lock().at, key.rotated_at);
        // One that was old before the last rotation is none that is told of.
        if let Some(old) = key.old_secret.as_mut().filter(|_| rotated_at <= Some(noted)) {
            old.last_used_at = old.last_used_at.max(Some(noted));
        }
    }
}

/// Tells what was counted here for the credentials of an account, and is not written yet.
pub(crate) fn each_counted(
    service: &Service,
    account: AccountId,
    mut tell: impl FnMut(ChargedVia, DayCount),
) {
    for slot in service.last_uses.queue.lock().iter().filter(|slot| slot.account == account) {
        for counted in &slot.note.lock().counted {
            tell(slot.via.into(), *counted);
        }
    }
}

impl From<LastUseSlot> for Taken {
    fn from(slot: LastUseSlot) -> Self {
        let mut note = slot.note.lock();
        note.is_queued = false;
        let (last_use, counted) = (note.last_use(), std::mem::take(&mut note.counted));
        drop(note);
        Self { slot, last_use, counted }
    }
}

impl Taken {
    fn write(&self, tx: &mut Tx<'_>) -> Result<(), store::Error> {
        let Slot { via, account, secret, .. } = *self.slot;
        match via {
            Via::ApiKey(key) => {
                store::api_keys::note_use(tx, key, &self.last_use)?;
                if secret == UsedSecret::Old {
                    store::api_keys::note_old_use(tx, key, self.last_use.at)?;
                }
            }
            Via::Connection(connection) => {
                store::connections::note_use(tx, connection, &self.last_use)?;
            }
        }
        let of = Spender { account, via: ChargedVia::from(via) };
        let mut counted = self.counted.iter();
        counted.try_for_each(|counted| store::request_usage::count(tx, of, *counted))
    }

    /// What could not be written counts again. The slot, unless it waits again already.
    fn put_back(&self) -> Option<LastUseSlot> {
        let mut note = self.slot.note.lock();
        self.counted.iter().for_each(|counted| request_usage::add(&mut note.counted, *counted));
        let waits = std::mem::replace(&mut note.is_queued, true);
        (!waits).then(|| self.slot.clone())
    }
}

impl Note {
    fn last_use(&self) -> LastUse {
        LastUse {
            at: self.at,
            address: self.address.map(|address| address.to_string()).unwrap_or_default(),
            agent: self.agent.clone(),
            operation: self.operation.to_owned(),
        }
    }
}
