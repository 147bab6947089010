//! Jobs are taken by one at a time, and written by whoever has them.

use bloom_domain::ids::JobId;

use super::*;
use crate::jobs::{self, NewJob, StoredJob};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000)
}

fn new(number: u32, about: Option<&str>) -> NewJob {
    NewJob {
        id: JobId::from_bytes(id(number)),
        kind: "test",
        dedupe: about.map(str::to_owned),
        payload: "{}".to_owned(),
        at: at(i64::from(number)),
    }
}

fn write(store: &Store, job: NewJob) -> bool {
    store.write_blocking(move |tx| jobs::insert(tx, &job)).unwrap()
}

fn claim(store: &Store, now: i64, limit: i64) -> Vec<StoredJob> {
    store.write_blocking(move |tx| jobs::claim(tx, "test", at(now), at(now + 60), limit)).unwrap()
}

fn end(store: &Store, job: &StoredJob) -> bool {
    let (id, attempts) = (job.id, job.attempts);
    store.write_blocking(move |tx| jobs::delete(tx, id, attempts)).unwrap()
}

#[test]
fn about_one_thing_there_is_one_job() {
    on_both(|store, _| {
        assert!(write(store, new(1, Some("a"))));
        assert!(!write(store, new(2, Some("a"))));
        assert!(write(store, new(3, Some("b"))));
        assert!(write(store, new(4, None)) && write(store, new(5, None)));
        let first = claim(store, 100, 1).remove(0);
        assert!(end(store, &first));
        assert!(write(store, new(6, Some("a"))), "the first is done");
    });
}

#[test]
fn the_longest_waiting_is_taken_first_and_by_one() {
    on_both(|store, database| {
        for number in 1..=8 {
            write(store, new(number, None));
        }
        assert_eq!(claim(store, 0, 9), [], "none is due yet");
        let other = open(database);
        let taken = std::thread::scope(|scope| {
            let takers = [store, &other].map(|store| scope.spawn(move || claim(store, 100, 4)));
            takers.map(|taker| taker.join().unwrap())
        });
        let mut ids: Vec<_> = taken.iter().flatten().map(|job| job.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let count = taken.iter().flatten().count();
        assert_eq!(ids.len(), count, "nobody has what another has");
        ids.extend(claim(store, 100, 9).iter().map(|job| job.id));
        assert_eq!(ids.len(), 8);
    });
}

#[test]
fn whoever_lost_the_lease_writes_nothing() {
    on_both(|store, _| {
        write(store, new(1, None));
        let slow = claim(store, 10, 1).remove(0);
        assert_eq!(slow.attempts, 1);
        assert_eq!(claim(store, 69, 1), [], "it is still the first one's");
        let (job, attempts) = (slow.id, slow.attempts);
        let renewed =
            store.write_blocking(move |tx| jobs::move_on(tx, job, attempts, at(80))).unwrap();
        assert!(renewed);
        assert_eq!(claim(store, 79, 1), []);
        let quick = claim(store, 80, 1).remove(0);
        assert_eq!(quick.attempts, 2);
        let renewed =
            store.write_blocking(move |tx| jobs::move_on(tx, job, attempts, at(90))).unwrap();
        assert!(!renewed && !end(store, &slow));
        assert!(end(store, &quick));
        assert!(!end(store, &quick), "it ends once");
        let next = store.read_blocking(|tx| jobs::next_due(tx, "test")).unwrap();
        assert_eq!(next, None);
    });
}

#[test]
fn who_works_alone_takes_over_at_once() {
    on_both(|store, _| {
        write(store, new(1, None));
        claim(store, 10, 1);
        assert_eq!(claim(store, 11, 1), []);
        store.write_blocking(|tx| jobs::hurry(tx, at(11))).unwrap();
        assert_eq!(claim(store, 11, 1).len(), 1);
    });
}
