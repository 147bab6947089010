//! The engine's tests, on both databases.

mod backup;
mod catalogue;
mod changes;
mod closing;
mod group_commit;
mod jobs;
mod leaving;
mod migrations;
mod nodes;
mod opening;
mod patience;
mod throughput;
mod transactions;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::testing::{Engine, TestDatabase, fresh};
use crate::{Error, Store, Tx, Value};

statements! {
    /// A row to write.
    INSERT = "INSERT INTO workspaces (id, kind, name, created_at) VALUES (?1, 'team', ?2, 0)";
    /// A row to write once.
    INSERT_ONCE = "INSERT INTO workspaces (id, kind, name, created_at)
        VALUES (?1, 'team', ?2, 0) ON CONFLICT DO NOTHING";
    /// A guarded write.
    RENAME = "UPDATE workspaces SET name = ?3 WHERE id = ?1 AND name = ?2";
    /// A point read.
    NAME = "SELECT name, created_at, id FROM workspaces WHERE id = ?1";
    /// All of them, sorted.
    NAMES = "SELECT name FROM workspaces ORDER BY name";
    /// How many there are.
    COUNT = "SELECT count(*) FROM workspaces";
    /// Answers a row from a write.
    RENAME_RETURNING = "UPDATE workspaces SET name = ?2 WHERE id = ?1 RETURNING name";
    /// A write in the clothes of a read.
DISGUISED = "WITH gone AS (SELECT CAST(?1 AS TEXT) AS name)
        DELETE FROM workspaces WHERE name IN (SELECT name FROM gone)";
    /// Refers to an account and a workspace that may be missing.
    ADD_MEMBER = "INSERT INTO members (workspace_id, account_id, role, joined_at) VALUES (?1, ?2, 'owner', 0)";
    /// Optional columns.
    ADD_ACCOUNT = "INSERT INTO accounts (id, email, name, password_hash, created_at, banned_at)
        VALUES (?1, ?2, ?3, 'x', 0, ?4)";
    /// Optional columns, read back.
    ACCOUNT = "SELECT name, banned_at FROM accounts WHERE id = ?1";
}

/// The id numbered `number`.
fn id(number: u32) -> [u8; 16] {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    id
}

fn insert(tx: &mut Tx<'_>, number: u32, name: &str) -> Result<u64, Error> {
    tx.execute(&INSERT, &[id(number).into(), name.into()])
}

fn names(store: &Store) -> Vec<String> {
    let names = store.read_blocking(|tx| {
        tx.query(&NAMES, &[])?.iter().map(|row| row.text(0).map(str::to_owned)).collect()
    });
    names.unwrap()
}

fn count(store: &Store) -> i64 {
    store.read_blocking(|tx| tx.query_opt(&COUNT, &[])?.unwrap().int(0)).unwrap()
}

fn open(database: &TestDatabase) -> Store {
    Store::open(database.database(), Timestamp::from_unix_micros(1)).unwrap()
}

/// Runs a test on each engine that is there.
fn on_both(test: impl Fn(&Store, &TestDatabase)) {
    for engine in Engine::ALL {
        if let Some(database) = fresh(engine) {
            test(&open(&database), &database);
        }
    }
}

fn on_sqlite(test: impl Fn(&Store, &TestDatabase)) {
    let database = fresh(Engine::Sqlite).unwrap();
    test(&open(&database), &database);
}

type Started<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A write that is in the queue, and whose answer can be waited for later, or never.
fn start<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> Started<T> {
    let store = store.clone();
    started(async move { store.write(work).await })
}

/// A patient one.
fn start_patiently<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> Started<T> {
    let store = store.clone();
    started(async move { store.write_patiently(patience::PATIENCE, work).await })
}

fn started<T>(write: impl Future<Output = Result<T, Error>> + Send + 'static) -> Started<T> {
    let mut write: Started<T> = Box::pin(write);
    assert!(write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    write
}

fn answer<T>(started: Started<T>) -> Result<T, Error> {
    runtime().block_on(started)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Holds the writer until the sender is dropped, so that what is started meanwhile is one group.
fn hold(store: &Store) -> (std::sync::mpsc::Sender<()>, Started<()>) {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (running, runs) = std::sync::mpsc::channel();
    let held = start(store, move |_| {
        running.send(()).unwrap();
        assert!(released.recv().is_err());
        // Longer than a group gathers, so that this one is alone in its own.
        std::thread::sleep(std::time::Duration::from_millis(5));
        Ok(())
    });
    runs.recv().unwrap();
    (release, held)
}

fn blob(size: usize) -> Value {
    Value::Text("x".repeat(size))
}
