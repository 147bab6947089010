//! The libraries of brands in memory, so that a search asks the database only for what has come since the last.
//!
//! A library grows by numbers that are given in the order of the COMMITs ([`store::image_captions`]). So one statement
//! brings it up to date, on every node and after any change; no notice has to arrive for that. What is gone is found
//! out when it is looked at: a search shows nothing that the database does not have.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::ids::BrandId;
use bloom_domain::search::Library;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use parking_lot::{Mutex, RwLock};
use store::Store;

/// The most bytes that all of them may take; the one that is being looked at may exceed it alone.
const MOST: usize = 128 * 1024 * 1024;
/// For how long one is kept that nobody looks at.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// How many captions are read in one statement.
const AT_ONCE: i64 = 2_000;
/// How many images that are gone are kept at least, before a library is read anew; otherwise a quarter.
const FEW: usize = 1_000;

/// The libraries that this node has read.
#[derive(Default)]
pub(crate) struct Libraries {
    held: Mutex<HashMap<BrandId, Held>>,
}

#[derive(Default)]
struct Held {
    library: Arc<RwLock<Library>>,
    count: usize,
    bytes: usize,
    used_at: Option<Timestamp>,
}

impl Libraries {
    /// The library of a brand with all that has come until now. `there` is how many images it has. Blocks.
    pub(crate) fn current(
        &self,
        store: &Store,
        brand: BrandId,
        there: usize,
        now: Timestamp,
    ) -> Result<Arc<RwLock<Library>>, store::Error> {
        let library = self.held(brand, there, now);
        loop {
            let last = library.read().last();
            let read = move |tx: &mut store::Tx<'_>| {
                store::image_captions::after(tx, brand, last, AT_ONCE)
            };
            let come = store.read_blocking(read)?;
            let is_all = i64::try_from(come.len()).is_ok_and(|count| count < AT_ONCE);
            if !come.is_empty() {
                // Others may have read the same meanwhile; what is there already is not added again.
                let mut library = library.write();
                for caption in come {
                    library.add(caption.number, caption.image, &caption.words);
                }
            }
            if is_all {
                break;
            }
        }
        self.note(brand, &library);
        Ok(library)
    }

    /// Gives back the memory of those that nobody looks at any more.
    pub(crate) fn sweep(&self, now: Timestamp) {
        let since = now.minus(IDLE);
        self.held.lock().retain(|_, held| held.used_at.is_some_and(|used| used >= since));
    }

    fn held(&self, brand: BrandId, there: usize, now: Timestamp) -> Arc<RwLock<Library>> {
        let mut all = self.held.lock();
        let held = all.entry(brand).or_default();
        if held.count > there + (there / 4).max(FEW) {
            *held = Held::default();
        }
        held.used_at = Some(now);
        held.library.clone()
    }

    /// Notes how large a library is now, and lets go of those that were looked at the longest ago for it.
    fn note(&self, brand: BrandId, library: &RwLock<Library>) {
        let (count, bytes) = {
            let library = library.read();
            (library.count(), library.bytes())
        };
        let mut all = self.held.lock();
        if let Some(held) = all.get_mut(&brand) {
            (held.count, held.bytes) = (count, bytes);
        }
        let mut bytes: usize = all.values().map(|held| held.bytes).sum();
        while bytes > MOST {
            let others = all.iter().filter(|(other, _)| **other != brand);
            let Some(oldest) = others.min_by_key(|(_, held)| held.used_at).map(|(id, _)| *id)
            else {
                return;
            };
            bytes -= all.remove(&oldest).map_or(0, |held| held.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn brand(number: u8) -> BrandId {
        BrandId::from_bytes([number; 16])
    }

    fn held(libraries: &Libraries) -> Vec<BrandId> {
        let mut held: Vec<_> = libraries.held.lock().keys().copied().collect();
        held.sort_unstable();
        held
    }

    #[test]
    fn nothing_is_kept_that_nobody_looks_at() {
        let libraries = Libraries::default();
        let first = libraries.held(brand(1), 0, at(0));
        libraries.held(brand(2), 0, at(0));
        assert!(Arc::ptr_eq(&first, &libraries.held(brand(1), 0, at(600))));
        libraries.sweep(at(900));
        assert_eq!(held(&libraries), [brand(1), brand(2)]);
        libraries.sweep(at(901));
        assert_eq!(held(&libraries), [brand(1)]);
    }

    #[test]
    fn the_oldest_make_room() {
        let libraries = Libraries::default();
        for number in 1..=3 {
            libraries.held(brand(number), 0, at(i64::from(number)));
        }
        for (number, bytes) in [(1, MOST / 2), (2, MOST)] {
            libraries.held.lock().get_mut(&brand(number)).unwrap().bytes = bytes;
        }
        libraries.note(brand(3), &RwLock::default());
        assert_eq!(held(&libraries), [brand(2), brand(3)]);
        // The one that is being looked at stays, however large.
        libraries.held.lock().get_mut(&brand(2)).unwrap().bytes = 2 * MOST;
        libraries.note(brand(3), &RwLock::default());
        assert_eq!(held(&libraries), [brand(3)]);
    }

    #[test]
    fn what_is_mostly_gone_is_read_anew() {
        let libraries = Libraries::default();
        let first = libraries.held(brand(1), 0, at(0));
        let is_kept = |count, there| {
            libraries.held.lock().get_mut(&brand(1)).unwrap().count = count;
            Arc::ptr_eq(&first, &libraries.held(brand(1), there, at(0)))
        };
        assert!(is_kept(FEW, 0) && is_kept(12_500, 10_000));
        assert!(!is_kept(12_501, 10_000));
    }
}
