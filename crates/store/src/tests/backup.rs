//! A copy made while the store is in use.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::Database;

#[test]
fn a_backup_opens_and_holds_what_was_committed() {
    on_sqlite(|store, database| {
        store.write_blocking(|tx| insert(tx, 1_000_000, "before")).unwrap();
        let target = database.folder().unwrap().join("copy.db");
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    store.write_blocking(move |tx| insert(tx, number, "meanwhile")).unwrap();
                }
            });
            let written = store.backup_to(&target);
            stop.store(true, Ordering::Relaxed);
            assert_eq!(written, Ok(()));
        });
        let mode = target.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let copy = Database::Sqlite { path: target };
        let copy = Store::open(&copy, Timestamp::from_unix_micros(2)).unwrap();
        assert!(names(&copy).contains(&"before".to_owned()));
        copy.write_blocking(|tx| insert(tx, 2_000_000, "after")).unwrap();
    });
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_behind() {
    on_sqlite(|store, database| {
        let folder = database.folder().unwrap();
        let target = folder.join("precious");
        std::fs::write(&target, "precious").unwrap();
        assert!(matches!(store.backup_to(&target), Err(Error::Unavailable(_))));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        let nowhere = folder.join("missing/copy.db");
        assert!(matches!(store.backup_to(&nowhere), Err(Error::Unavailable(_))));
        assert_eq!(store.backup_to(&folder.join("copy.db")), Ok(()));
        let mut left: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with("bloom.db"))
            .collect();
        left.sort();
        assert_eq!(left, ["copy.db", "precious"]);
    });
}

#[test]
fn postgres_has_its_own_tool() {
    let Some(database) = fresh(Engine::Postgres) else { return };
    let refused = open(&database).backup_to(std::path::Path::new("/nowhere"));
    assert!(matches!(refused, Err(Error::Unsupported(text)) if text.contains("pg_dump")));
}
