//! Many writes, one COMMIT; and none acknowledged when it fails.

use std::sync::Arc;

use parking_lot::Mutex;

use super::*;
use crate::Change;

statements! {
    /// Lets a dangling reference live until the COMMIT, which then fails.
    DEFER = "PRAGMA defer_foreign_keys = ON";
    /// Lets the file not grow: a full disk, as far as SQLite can tell.
    FILL_UP = "PRAGMA max_page_count = 1";
    /// Makes room again.
    MAKE_ROOM = "PRAGMA max_page_count = 1000000";
}

/// These run on one database only, so they are not in the catalogue.
#[test]
fn the_pragmas_are_for_sqlite() {
    assert!(ALL.iter().all(|statement| statement.sql().starts_with("PRAGMA")));
}

#[test]
fn waiting_writes_share_a_commit() {
    on_sqlite(|store, _| {
        let (release, held) = hold(store);
        let before = store.commits();
        let writes: Vec<_> =
            (0..100).map(|number| start(store, move |tx| insert(tx, number, "x"))).collect();
        drop(release);
        assert_eq!(answer(held), Ok(()));
        assert!(writes.into_iter().all(|write| answer(write) == Ok(1)));
        assert_eq!(count(store), 100);
        // One for the closure that held the writer, one for the hundred. A machine that is slow
        // enough may need a few more, because a group gathers for four milliseconds only.
        let commits = store.commits() - before;
        assert!(commits <= 10, "{commits} commits");
    });
}

#[test]
fn sixty_four_producers_need_far_fewer_commits_than_writes() {
    on_sqlite(|store, _| {
        let before = store.commits();
        std::thread::scope(|scope| {
            for producer in 0..64_u32 {
                scope.spawn(move || {
                    for n in 0..20 {
                        store.write_blocking(move |tx| insert(tx, producer * 20 + n, "x")).unwrap();
                    }
                });
            }
        });
        assert_eq!(count(store), 1280);
        let commits = store.commits() - before;
        assert!(commits < 1280 / 4, "{commits} commits for 1280 writes");
    });
}

#[test]
fn an_error_or_a_panic_undoes_only_its_own() {
    // Every order of fates, because the first member of a group has no savepoint.
    for fates in ["eo", "po", "oeo", "opo", "eeo", "oeeo", "epope", "oo", "ee"] {
        on_sqlite(|store, _| {
            let (release, held) = hold(store);
            let members: Vec<_> = (0_u32..).zip(fates.chars()).collect();
            let start_one = |(number, fate): &(u32, char)| {
                let (number, fate) = (*number, *fate);
                start(store, move |tx| {
                    insert(tx, number, &fate.to_string())?;
                    match fate {
                        'o' => Ok(()),
                        'e' => Err(Error::Conflict),
                        _ => panic!("as tests do"),
                    }
                })
            };
            let started: Vec<_> = members.iter().map(start_one).collect();
            drop(release);
            assert_eq!(answer(held), Ok(()));
            for (started, fate) in started.into_iter().zip(fates.chars()) {
                match (fate, answer(started)) {
                    ('o', Ok(()))
                    | ('e', Err(Error::Conflict))
                    | ('p', Err(Error::Internal(_))) => {}
                    (fate, other) => panic!("{fates}: {fate} was answered {other:?}"),
                }
            }
            let kept = fates.chars().filter(|fate| *fate == 'o').count();
            assert_eq!(names(store), vec!["o"; kept], "{fates}");
        });
    }
}

#[test]
fn nothing_is_acknowledged_when_the_commit_fails() {
    on_sqlite(|store, _| {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        store.on_change(move |change| hears.lock().push(*change));
        let (release, held) = hold(store);
        let before = start(store, |tx| {
            tx.changed(Change::RootSecret);
            insert(tx, 1, "before")
        });
        let refused = start(store, |_| -> Result<(), _> { Err(Error::Conflict) });
        let culprit = start(store, |tx| {
            tx.execute(&DEFER, &[])?;
            tx.execute(&ADD_MEMBER, &[id(8).into(), id(9).into()])
        });
        let after = start(store, |tx| insert(tx, 2, "after"));
        drop(release);
        assert_eq!(answer(held), Ok(()));
        for member in [before, culprit, after] {
            let lost = answer(member);
            assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
        }
        // It decided on what it saw, which never came to be.
        assert!(matches!(answer(refused), Err(Error::Unavailable(_))));
        assert_eq!(names(store), Vec::<String>::new());
        assert_eq!(*heard.lock(), []);
        store.write_blocking(|tx| insert(tx, 3, "the writer lives on")).unwrap();
        assert_eq!(names(store), ["the writer lives on"]);
    });
}

#[test]
fn a_full_disk_is_an_error_until_there_is_room() {
    on_sqlite(|store, _| {
        store.write_blocking(|tx| tx.query(&FILL_UP, &[])).unwrap();
        let (release, held) = hold(store);
        let fits = start(store, |tx| insert(tx, 1, "fits"));
        let large = start(store, |tx| tx.execute(&INSERT, &[id(2).into(), blob(1_000_000)]));
        let also = start(store, |tx| insert(tx, 3, "also fits"));
        drop(release);
        assert_eq!(answer(held), Ok(()));
        assert!(matches!(answer(large), Err(Error::Unavailable(_))));
        // Whether the others are lost with it is up to SQLite; but who was told `Ok` is there.
        let told = [answer(fits), answer(also)].iter().filter(|told| told.is_ok()).count();
        assert_eq!(names(store).len(), told);
        store.write_blocking(|tx| tx.query(&MAKE_ROOM, &[])).unwrap();
        store.write_blocking(|tx| tx.execute(&INSERT, &[id(2).into(), blob(1_000_000)])).unwrap();
        assert_eq!(names(store).len(), told + 1);
    });
}
