//! A store that ends serves what waits, and leaves one whole file.

use super::*;

#[test]
fn what_waits_is_served_and_what_comes_later_is_refused() {
    on_both(|store, _| {
        let waiting: Vec<_> =
            (0..50).map(|number| start(store, move |tx| insert(tx, number, "x"))).collect();
        store.clone().close();
        assert!(waiting.into_iter().all(|write| answer(write) == Ok(1)));
        let late = store.write_blocking(|tx| insert(tx, 99, "late"));
        assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
        let late = store.read_blocking(|tx| tx.query(&NAMES, &[]).map(drop));
        assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
        store.clone().close();
    });
}

#[test]
fn one_file_is_left() {
    let database = fresh(Engine::Sqlite).unwrap();
    let store = open(&database);
    store.write_blocking(|tx| insert(tx, 1, "kept")).unwrap();
    assert_eq!(count(&store), 1);
    store.close();
    let files: Vec<_> = std::fs::read_dir(database.folder().unwrap()).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(names(&open(&database)), ["kept"]);
}

#[test]
fn the_last_clone_may_end_inside_a_closure() {
    for engine in Engine::ALL {
        let Some(database) = fresh(engine) else { continue };
        let store = open(&database);
        let clone = store.clone();
        let (release, held) = hold(&store);
        let last = start(&store, move |tx| {
            drop(clone);
            insert(tx, 1, "written")
        });
        // The futures hold clones of their own, so they go first.
        drop((held, last));
        drop(store);
        drop(release);
        let again = open(&database);
        let deadline = crate::stopwatch::now() + std::time::Duration::from_secs(5);
        while count(&again) == 0 {
            assert!(crate::stopwatch::now() < deadline, "never written");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
