//! The write-ahead log does not grow without end, however little those who write pause.

use std::collections::VecDeque;

use super::*;

/// Ten pages of a row.
const LONG: usize = 40_000;
/// 256 MB in all.
const WRITES: u32 = 6_400;
/// So many wait for the writer at any time.
const WAITING: usize = 64;
/// What it may be, and a group of writes.
const LONGEST: u64 = 72 * 1024 * 1024;

#[test]
fn the_log_stays_short_while_nobody_pauses() {
    let database = fresh(Engine::Sqlite).unwrap();
    let store = open(&database);
    let text = "x".repeat(LONG);
    let mut waiting = VecDeque::new();
    for number in 0..WRITES {
        let text = text.clone();
        waiting.push_back(start(&store, move |tx| insert(tx, number, &text)));
        if waiting.len() == WAITING {
            assert_eq!(waiting.pop_front().map(answer), Some(Ok(1)));
        }
    }
    assert!(waiting.into_iter().all(|write| answer(write) == Ok(1)));
    let log = |name: &std::path::Path| name.to_string_lossy().ends_with("-wal");
    let files = std::fs::read_dir(database.folder().unwrap()).unwrap();
    let log = files.map(|file| file.unwrap()).find(|file| log(&file.path())).expect("a log");
    let length = log.metadata().unwrap().len();
    assert!(length < LONGEST, "{length}");
    assert_eq!(count(&store), i64::from(WRITES));
    store.close();
    assert_eq!(count(&open(&database)), i64::from(WRITES));
}
