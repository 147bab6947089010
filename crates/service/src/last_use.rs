//! When and how each key and each connection was last used: kept in memory, written at most once a
//! minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bloom_domain::api_keys::LastUse;
use bloom_domain::senders::write_agent;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use parking_lot::Mutex;

use crate::authenticate::Via;
use crate::operations::Operation;
use crate::{Error, Principal, Service};

/// How many last uses one transaction writes: far below the 5 ms a closure may take.
const BATCH: usize = 100;

/// The place where the last use of a key or connection is noted.
pub(crate) type LastUseSlot = Arc<Slot>;

pub(crate) struct Slot {
    via: Via,
    note: Mutex<Note>,
}

struct Note {
    /// Whether the slot waits to be written.
    is_queued: bool,
    at: Timestamp,
    address: Option<IpAddr>,
    agent: String,
    operation: &'static str,
}

/// The slots that wait to be written.
#[derive(Default)]
pub(crate) struct LastUses {
    queue: Mutex<Vec<LastUseSlot>>,
}

impl LastUses {
    pub(crate) fn slot(via: Via) -> LastUseSlot {
        let note = Note {
            is_queued: false,
            at: Timestamp::from_unix_micros(0),
            address: None,
            agent: String::new(),
            operation: "",
        };
        Arc::new(Slot { via, note: Mutex::new(note) })
    }
}

/// Notes a request; one that asked for no operation leaves the name empty. Writes nothing: [`flush`]
/// does, later.
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
    if !note.is_queued {
        note.is_queued = true;
        service.last_uses.queue.lock().push(slot.clone());
    }
}

/// Writes what was noted since the last time.
///
/// # Errors
/// When the database cannot be written; what was noted stays noted.
pub async fn flush(service: &Service) -> Result<(), Error> {
    let mut waiting = std::mem::take(&mut *service.last_uses.queue.lock());
    while !waiting.is_empty() {
        let batch = waiting.split_off(waiting.len().saturating_sub(BATCH));
        let uses: Vec<_> = batch.iter().map(|slot| (slot.via, slot.take_note())).collect();
        let written = service
            .store
            .write(move |tx| {
                uses.iter().try_for_each(|(via, last_use)| match *via {
                    Via::ApiKey(key) => store::api_keys::note_use(tx, key, last_use),
                    Via::Connection(connection) => {
                        store::connections::note_use(tx, connection, last_use)
                    }
                })
            })
            .await;
        if let Err(error) = written {
            waiting.extend(batch);
            waiting.iter().for_each(|slot| slot.note.lock().is_queued = true);
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

impl Slot {
    fn take_note(&self) -> LastUse {
        let mut note = self.note.lock();
        note.is_queued = false;
        note.last_use()
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
