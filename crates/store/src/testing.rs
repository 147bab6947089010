//! A database per test, on either engine.
//!
//! SQLite needs nothing. PostgreSQL is used when `TEST_POSTGRES_URL` names a server and a user who
//! may create databases, such as `postgres://postgres@127.0.0.1:5432/postgres`; without it the
//! test is told to skip itself.

#![expect(
    clippy::expect_used,
    reason = "a test without its database should stop here, and say why"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use crate::database::Database;
use crate::sqlite::connection;

/// Which database a test wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder of its own.
    Sqlite,
    /// A database of its own on the server named by `TEST_POSTGRES_URL`.
    Postgres,
}

impl Engine {
    /// Both, for tests that go through them.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// An empty database that goes away when this is dropped. Drop the stores on it first.
pub struct TestDatabase {
    database: Database,
    admin: Option<(String, String)>,
    folder: Option<TempDir>,
}

/// An empty database, not even migrated. `None` when the test must skip itself.
#[must_use]
pub fn fresh(engine: Engine) -> Option<TestDatabase> {
    match engine {
        Engine::Sqlite => Some(on_sqlite()),
        Engine::Postgres => on_postgres(),
    }
}

impl TestDatabase {
    /// What to open.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The folder of an SQLite database.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().to_path_buf())
    }

    /// Runs SQL beside the store, on a connection of its own.
    pub fn run(&self, sql: &str) {
        match &self.database {
            Database::Sqlite { path } => {
                let connection = connection::writer(path).expect("the file opens");
                connection.execute_batch(sql).expect("the SQL runs");
            }
            Database::Postgres { url } => run(url, sql),
        }
    }

    /// Every row of every table as text, a line each and in order: two dumps are equal when nothing
    /// changed between them.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut rows = match &self.database {
            Database::Sqlite { path } => dump_sqlite(path).expect("the file is read"),
            Database::Postgres { url } => dump_postgres(url),
        };
        rows.sort_unstable();
        rows.join("\n")
    }

    /// Runs SQL on the PostgreSQL server but outside the database; `{name}` stands for its name.
    /// Does nothing on SQLite.
    pub fn run_outside(&self, sql: &str) {
        if let Some((admin, name)) = &self.admin {
            run(admin, &sql.replace("{name}", name));
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some((admin, name)) = &self.admin {
            run(admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn on_sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let database = Database::Sqlite { path: folder.path().join("bloom.db") };
    TestDatabase { database, admin: None, folder: Some(folder) }
}

fn on_postgres() -> Option<TestDatabase> {
    let Some(admin) = server() else {
        skipped();
        return None;
    };
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("bloom_test_{}_{number}", std::process::id());
    run(&admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    run(&admin, &format!("CREATE DATABASE {name}"));
    let database = Database::Postgres { url: beside(&admin, &name) };
    Some(TestDatabase { database, admin: Some((admin, name)), folder: None })
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its runner where the server is")]
fn server() -> Option<String> {
    std::env::var("TEST_POSTGRES_URL").ok()
}

#[expect(clippy::print_stderr, reason = "a skipped test must not look like one that passed")]
fn skipped() {
    eprintln!("skipped: TEST_POSTGRES_URL is not set");
}

/// The URL of another database on the same server.
fn beside(admin: &str, name: &str) -> String {
    let host = admin.find("://").map_or(0, |scheme| scheme + 3);
    let path =
        admin.get(host..).and_then(|rest| rest.find('/')).map_or(admin.len(), |at| host + at);
    let query = admin.find('?').unwrap_or(admin.len());
    let (before, after) = (admin.get(..path.min(query)), admin.get(query..));
    format!("{}/{name}{}", before.unwrap_or_default(), after.unwrap_or_default())
}

fn dump_sqlite(path: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = connection::reader(path)?;
    let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
        connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    };
    let mut rows = Vec::new();
    for table in texts("SELECT name FROM sqlite_master WHERE type = 'table'")? {
        let columns =
            texts(&format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')"))?;
        let row = columns.join(" || ',' || ");
        rows.extend(texts(&format!("SELECT '{table}: ' || {row} FROM {table}"))?);
    }
    Ok(rows)
}

fn dump_postgres(url: &str) -> Vec<String> {
    beside_the_test(url, |client| {
        let mut texts = |sql: &str| -> Vec<String> {
            let rows = client.query(sql, &[]).expect("the SQL runs");
            rows.iter().map(|row| row.get(0)).collect()
        };
        let tables = texts("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'");
        let dump = |table: String| texts(&format!("SELECT '{table}: ' || t::text FROM {table} t"));
        tables.into_iter().flat_map(dump).collect()
    })
}

fn run(url: &str, sql: &str) {
    beside_the_test(url, |client| client.batch_execute(sql).expect("the SQL runs"));
}

/// The driver must not start its runtime inside a test's; a thread has none.
fn beside_the_test<T: Send>(url: &str, work: impl FnOnce(&mut postgres::Client) -> T + Send) -> T {
    let work = || {
        let mut client =
            postgres::Client::connect(url, postgres::NoTls).expect("TEST_POSTGRES_URL connects");
        work(&mut client)
    };
    std::thread::scope(|scope| scope.spawn(work).join()).expect("the thread ends")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_another_database() {
        for (admin, expected) in [
            ("postgres://u@h:5432/postgres", "postgres://u@h:5432/t"),
            (
                "postgres://u@h:5432/postgres?sslmode=disable",
                "postgres://u@h:5432/t?sslmode=disable",
            ),
            ("postgres://u@h", "postgres://u@h/t"),
            ("postgres://u@h?a=/b", "postgres://u@h/t?a=/b"),
        ] {
            assert_eq!(beside(admin, "t"), expected);
        }
    }
}
