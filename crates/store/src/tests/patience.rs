//! A patient write shares a COMMIT, and is otherwise a write like any other.

use std::time::Duration;

use super::*;
use crate::Patience;

/// Enough for a slow machine to gather.
pub(super) const PATIENCE: Patience =
    Patience { longest: Duration::from_millis(50), quiet: Duration::from_millis(50) };

#[test]
fn a_patient_write_is_answered_once_it_is_written() {
    on_both(|store, _| {
        let (before, begun) = (store.commits(), crate::stopwatch::now());
        let write = start_patiently(store, |tx| insert(tx, 1, "patient"));
        assert_eq!(answer(write), Ok(1));
        assert_eq!((names(store), store.commits() - before), (vec!["patient".to_owned()], 1));
        // It waits its time and no longer than a slow machine explains.
        assert!(begun.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn patient_writes_share_a_commit() {
    on_sqlite(|store, _| {
        let before = store.commits();
        let writes: Vec<_> = (0..20)
            .map(|number| {
                std::thread::sleep(Duration::from_millis(1));
                start_patiently(store, move |tx| insert(tx, number, "x"))
            })
            .collect();
        assert!(writes.into_iter().all(|write| answer(write) == Ok(1)));
        // One, or a few on a machine that takes its time.
        let commits = store.commits() - before;
        assert!(commits <= 5, "{commits} commits");
    });
}

#[test]
fn a_prompt_write_takes_the_patient_along() {
    on_both(|store, database| {
        let writes: Vec<_> = (0..3)
            .map(|number| start_patiently(store, move |tx| insert(tx, number, "x")))
            .collect();
        store.write_blocking(|tx| insert(tx, 3, "x")).unwrap();
        // PostgreSQL runs each by itself, so there the last need not be the last.
        if database.folder().is_some() {
            assert_eq!(count(store), 4);
        }
        assert!(writes.into_iter().all(|write| answer(write) == Ok(1)));
        assert_eq!(count(store), 4);
    });
}

#[test]
fn each_patient_write_has_its_own_outcome() {
    on_both(|store, _| {
        let kept = start_patiently(store, |tx| insert(tx, 1, "kept"));
        let refused = start_patiently(store, |tx| -> Result<(), _> {
            insert(tx, 2, "refused")?;
            Err(Error::Conflict)
        });
        let panicked = start_patiently(store, |tx| -> Result<(), _> {
            insert(tx, 3, "panicked")?;
            panic!("as tests do")
        });
        assert_eq!(answer(kept), Ok(1));
        assert_eq!(answer(refused), Err(Error::Conflict));
        assert!(matches!(answer(panicked), Err(Error::Internal(_))));
        assert_eq!(names(store), ["kept"]);
    });
}

#[test]
fn a_patient_write_is_not_acknowledged_when_the_commit_fails() {
    on_sqlite(|store, _| {
        let (release, held) = hold(store);
        let patient = start_patiently(store, |tx| insert(tx, 1, "patient"));
        let culprit = start(store, |tx| {
            tx.execute(&group_commit::DEFER, &[])?;
            tx.execute(&ADD_MEMBER, &[id(8).into(), id(9).into()])
        });
        drop(release);
        assert_eq!(answer(held), Ok(()));
        assert!(matches!(answer(culprit), Err(Error::Unavailable(_))));
        assert!(matches!(answer(patient), Err(Error::Unavailable(_))));
        assert_eq!(names(store), Vec::<String>::new());
    });
}

#[test]
fn the_end_loses_no_patient_write() {
    for engine in Engine::ALL {
        let Some(database) = fresh(engine) else { continue };
        let store = open(&database);
        let answered = start_patiently(&store, |tx| insert(tx, 1, "answered"));
        // Nobody waits for this one any more; it is done all the same.
        drop(start_patiently(&store, |tx| insert(tx, 2, "left")));
        store.close();
        assert_eq!(answer(answered), Ok(1));
        assert_eq!(names(&open(&database)), ["answered", "left"]);
    }
}
