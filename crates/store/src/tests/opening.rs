//! What an operator reads when the database does not open, and what is on disk when it does.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::Database;

fn line(database: &Database) -> String {
    let error = Store::open(database, Timestamp::from_unix_micros(1)).err().unwrap();
    assert!(!error.to_string().contains('\n'));
    error.to_string()
}

fn sqlite(path: &Path) -> Database {
    Database::Sqlite { path: path.to_path_buf() }
}

#[test]
fn a_path_that_cannot_be_a_database_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let missing = line(&sqlite(&folder.path().join("missing/bloom.db")));
    assert!(missing.contains("its folder does not exist"), "{missing}");
    let is_folder = line(&sqlite(folder.path()));
    assert!(is_folder.contains("it is a folder"), "{is_folder}");
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, ".repeat(100)).unwrap();
    let foreign = line(&sqlite(&text));
    assert!(foreign.contains("is not a database; move the file away"), "{foreign}");
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("not a database"));
}

#[test]
fn the_files_are_for_their_owner_only() {
    let database = fresh(Engine::Sqlite).unwrap();
    let store = open(&database);
    store.write_blocking(|tx| insert(tx, 1, "x")).unwrap();
    let files: Vec<_> = std::fs::read_dir(database.folder().unwrap()).unwrap().collect();
    assert_eq!(files.len(), 2, "the database and its log: {files:?}");
    for file in files {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_server_that_is_not_there_is_one_line_without_the_password() {
    let url = "postgres://bloom:hunter2@127.0.0.1:1/bloom".to_owned();
    let refused = line(&Database::Postgres { url });
    assert!(refused.starts_with("cannot connect to PostgreSQL at 127.0.0.1:1/bloom:"), "{refused}");
    assert!(refused.contains("check that the server runs"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
    let unreadable = line(&Database::Postgres { url: "postgres://a:hunter2@:b".to_owned() });
    assert!(unreadable.contains("cannot be read"), "{unreadable}");
    assert!(!unreadable.contains("hunter2"), "{unreadable}");
}

#[test]
fn a_database_that_is_not_there_is_told() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let Database::Postgres { url } = database.database() else { panic!("not PostgreSQL") };
    let missing = line(&Database::Postgres { url: url.replace("bloom_test_", "bloom_missing_") });
    assert!(missing.contains("create the database"), "{missing}");
    let tls = line(&Database::Postgres { url: format!("{url}?sslmode=verify-full") });
    assert!(tls.contains("check sslmode"), "{tls}");
}

#[test]
fn a_postgres_store_opens_inside_a_runtime() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let written = runtime().block_on(async {
        let store = open(&database);
        let written = store.write(|tx| insert(tx, 1, "x")).await;
        store.close();
        written
    });
    assert_eq!(written, Ok(1));
}
