//! Waiting for a change of something, without asking again and again.
//!
//! A request that waits is woken by the notices of committed changes, of this node and of others: of what it
//! waits for, and of what its credential hangs on. Woken, it reads once. So a waiting request costs nothing
//! until something happens, and one whose credential ends is answered as any other of that credential.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bloom_store::Change;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::authenticate::Via;
use crate::{Error, Principal, Service};

/// The longest that a request may wait.
pub const LONGEST: Duration = Duration::from_secs(295);
/// How many requests of one credential may wait at once.
pub const MAX_OF_ONE: usize = 32;
/// Lists of who waits, by id; two ids in one list cost a needless read, never a missed change.
const SLOTS: usize = 1_024;
/// What those are told who wait already.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Who waits for what in this process.
pub(crate) struct Waits {
    slots: Box<[Mutex<Vec<Arc<Notify>>>]>,
    of_one: Mutex<HashMap<Via, usize>>,
    is_closed: AtomicBool,
}

impl Waits {
    pub(crate) fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Mutex::default()).collect(),
            of_one: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Tells whoever waits for it that something changed. Runs on the committing thread.
    pub(crate) fn tell(&self, change: &Change) {
        match (change.id(), change) {
            (Some(id), _) => self.slot(id).lock().iter().for_each(|one| one.notify_one()),
            (None, Change::RootSecret | Change::Everything) => self.tell_all(),
            (None, _) => {}
        }
    }

    fn tell_all(&self) {
        for slot in &self.slots {
            slot.lock().iter().for_each(|one| one.notify_one());
        }
    }

    fn slot(&self, id: &[u8; 16]) -> &Mutex<Vec<Arc<Notify>>> {
        // The last two bytes of every kind of id are random.
        let number = usize::from(u16::from_be_bytes([id[14], id[15]])) % SLOTS;
        &self.slots[number]
    }

    /// A place among those who wait with a credential.
    fn enter(&self, principal: &Principal, ids: &[[u8; 16]]) -> Result<Place<'_>, Error> {
        let via = principal.via();
        let mut of_one = self.of_one.lock();
        let count = of_one.entry(via).or_default();
        if *count >= MAX_OF_ONE {
            return Err(Error::TooManyWaiting { retry_after: RETRY_AFTER });
        }
        *count += 1;
        drop(of_one);
        let ids = ids.iter().copied().chain(principal.hangs_on()).collect();
        let place = Place { waits: self, via, ids, bell: Arc::new(Notify::new()) };
        for id in &place.ids {
            self.slot(id).lock().push(place.bell.clone());
        }
        Ok(place)
    }
}

/// A place among those who wait; left when it is dropped.
struct Place<'a> {
    waits: &'a Waits,
    via: Via,
    ids: Vec<[u8; 16]>,
    bell: Arc<Notify>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        for id in &self.ids {
            let mut slot = self.waits.slot(id).lock();
            if let Some(at) = slot.iter().position(|one| Arc::ptr_eq(one, &self.bell)) {
                slot.swap_remove(at);
            }
        }
        let mut of_one = self.waits.of_one.lock();
        if let Some(count) = of_one.get_mut(&self.via) {
            *count -= 1;
            if *count == 0 {
                of_one.remove(&self.via);
            }
        }
    }
}

/// Ends every wait and lets none begin: whoever waits is answered with what there is. For a stop.
pub fn end_all(service: &Service) {
    service.waits.is_closed.store(true, Ordering::SeqCst);
    service.waits.tell_all();
}

/// Reads until what is found is done with, each time one of the things with these ids has changed, but no longer
/// than `patience`; gives what was found last. No change is missed: the first read comes after the place among
/// those who wait is taken.
///
/// # Errors
/// [`Error::TooManyWaiting`]; those of `read`; and when the credential has ended, as any request of it would be
/// refused.
pub(crate) async fn until<T, R: Future<Output = Result<T, Error>>>(
    service: &Service,
    principal: &Principal,
    ids: &[[u8; 16]],
    patience: Duration,
    read: impl Fn() -> R,
    is_done: impl Fn(&T) -> bool,
) -> Result<T, Error> {
    let waits = &service.waits;
    let place = waits.enter(principal, ids)?;
    let lifetime = principal.ends_at().map(|end| end.since(principal.authenticated_at()));
    let patience = patience.min(LONGEST);
    let time_is_up = tokio::time::sleep(lifetime.map_or(patience, |left| left.min(patience)));
    tokio::pin!(time_is_up);
    let mut standing = principal.standing().clone();
    loop {
        let found = read().await?;
        if is_done(&found) || waits.is_closed.load(Ordering::SeqCst) {
            return Ok(found);
        }
        let is_over = tokio::select! {
            () = place.bell.notified() => false,
            () = &mut time_is_up => true,
        };
        let now = service.now();
        let has_ended = principal.ends_at().is_some_and(|end| end <= now);
        // Cut off from the other nodes nothing stands for long; so much is asked anew only when woken.
        if has_ended || !service.verdicts.stands(&standing, now, true) {
            standing.as_of = service.verdicts.sequence();
            principal.is_still_good(service).await?;
        }
        if is_over {
            return Ok(found);
        }
    }
}
