//! Several nodes on one PostgreSQL database.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;
use crate::{Change, Database, stopwatch};

const LISTENERS_END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = '{name}' AND application_name = 'bloom-listener'";
const ALL_END: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'";

fn hearing(store: &Store) -> Receiver<Change> {
    let (tell, told) = channel();
    let tell = parking_lot::Mutex::new(tell);
    store.on_change(move |change| tell.lock().send(*change).unwrap_or_default());
    told
}

pub(super) fn eventually(within: Duration, what: &str, holds: impl Fn() -> bool) {
    let deadline = stopwatch::now() + within;
    while !holds() {
        assert!(stopwatch::now() < deadline, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn announce(store: &Store, change: Change) {
    let written = store.write_blocking(move |tx| {
        tx.changed(change);
        Ok(())
    });
    written.unwrap();
}

#[test]
fn a_change_reaches_the_other_node_and_only_once_its_own() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let (here, there) = (open(&database), open(&database));
    let (told_here, told_there) = (hearing(&here), hearing(&there));
    for number in 0..20 {
        let change = Change::Session([number; 32]);
        announce(&here, change);
        assert_eq!(told_here.try_recv(), Ok(change));
        assert_eq!(told_there.recv_timeout(Duration::from_millis(100)), Ok(change));
    }
    let refused: Result<(), _> = here.write_blocking(|tx| {
        tx.changed(Change::RootSecret);
        Err(Error::Conflict)
    });
    assert!(refused.is_err());
    std::thread::sleep(Duration::from_millis(400));
    assert!(told_here.try_recv().is_err() && told_there.try_recv().is_err());
    let both_hear = || here.hears_other_writers() && there.hears_other_writers();
    eventually(Duration::from_secs(3), "both hear", both_hear);
}

#[test]
fn more_changes_than_are_worth_telling_become_everything() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let (here, there) = (open(&database), open(&database));
    let told = hearing(&there);
    let written = here.write_blocking(|tx| {
        (0..200).for_each(|number| tx.changed(Change::Session([number; 32])));
        Ok(())
    });
    written.unwrap();
    assert_eq!(told.recv_timeout(Duration::from_millis(500)), Ok(Change::Everything));
    assert!(told.recv_timeout(Duration::from_millis(100)).is_err());
}

#[test]
fn a_node_that_is_cut_off_knows_it_and_forgets_everything() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let (here, there) = (open(&database), open(&database));
    let told = hearing(&here);
    there.write_blocking(|tx| insert(tx, 1, "connected")).unwrap();
    database.run_outside("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    database.run_outside(LISTENERS_END);
    eventually(Duration::from_secs(1), "deaf", || !here.hears_other_writers());
    // Its one connection is open still. Lost on this node: it is told of it by `Everything`.
    announce(&there, Change::RootSecret);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!here.hears_other_writers() && told.try_recv().is_err());
    database.run_outside("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    assert_eq!(told.recv_timeout(Duration::from_secs(3)), Ok(Change::Everything));
    eventually(Duration::from_millis(500), "hears again", || here.hears_other_writers());
    announce(&there, Change::RootSecret);
    assert_eq!(told.recv_timeout(Duration::from_millis(100)), Ok(Change::RootSecret));
}

#[test]
fn a_server_that_restarts_is_met_again() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let store = open(&database);
    for number in 0..16 {
        store.write_blocking(move |tx| insert(tx, number, "before")).unwrap();
    }
    database.run_outside(ALL_END);
    // A write is met at its BEGIN; a read at the trial, which comes after half a second's rest.
    store.write_blocking(|tx| insert(tx, 100, "after")).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    for _ in 0..16 {
        assert_eq!(count(&store), 17);
    }
}

#[test]
fn without_a_server_nobody_waits_in_vain() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let store = open(&database);
    store.write_blocking(|tx| insert(tx, 1, "before")).unwrap();
    database.run_outside("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    database.run_outside(ALL_END);
    let asked = stopwatch::now();
    std::thread::scope(|scope| {
        for number in 0..100 {
            let store = &store;
            scope.spawn(move || {
                let refused = store.write_blocking(move |tx| insert(tx, 10 + number, "x"));
                assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
            });
        }
    });
    let waited = stopwatch::now().saturating_duration_since(asked);
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    database.run_outside("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    eventually(Duration::from_secs(3), "works again", || {
        store.write_blocking(|tx| insert(tx, 2, "after")).is_ok()
    });
}

#[test]
fn a_deadlock_is_a_conflict() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let store = open(&database);
    store.write_blocking(|tx| insert(tx, 1, "a").and_then(|_| insert(tx, 2, "b"))).unwrap();
    let both_hold_one = std::sync::Arc::new(std::sync::Barrier::new(2));
    let cross = |first: u32, second: u32| {
        let barrier = std::sync::Arc::clone(&both_hold_one);
        start(&store, move |tx| {
            tx.query_opt(&RENAME_RETURNING, &[id(first).into(), "x".into()])?;
            barrier.wait();
            tx.query_opt(&RENAME_RETURNING, &[id(second).into(), "x".into()]).map(drop)
        })
    };
    let (one, other) = (cross(1, 2), cross(2, 1));
    let answers = [answer(one), answer(other)];
    assert!(answers.contains(&Ok(())) && answers.contains(&Err(Error::Conflict)), "{answers:?}");
}

/// The connection is whole and nothing is closed; the other side just does not answer any more.
#[test]
fn a_server_that_goes_silent_is_noticed_and_left() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let store = open(&database);
    let Some(frozen) = Frozen::listener_of(&database) else {
        println!("skipped: the server runs on another machine");
        return;
    };
    eventually(Duration::from_millis(1200), "deaf", || !store.hears_other_writers());
    eventually(Duration::from_secs(3), "hears on a new connection", || store.hears_other_writers());
    drop(frozen);
}

/// A process of the server that is stopped until this is dropped.
struct Frozen(i32);

impl Frozen {
    fn listener_of(database: &TestDatabase) -> Option<Self> {
        let Database::Postgres { url } = database.database() else { panic!("not PostgreSQL") };
        let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
        let row = client.query_one(
            "SELECT pid FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'bloom-listener'",
            &[],
        );
        let pid: i32 = row.unwrap().get(0);
        let here = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        (here.starts_with("postgres: ") && signal(pid, "-STOP")).then_some(Self(pid))
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal(self.0, "-CONT");
    }
}

fn signal(pid: i32, signal: &str) -> bool {
    let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status();
    sent.is_ok_and(|status| status.success())
}
