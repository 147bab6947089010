//! What a closure may count on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::*;
use crate::stopwatch;

#[test]
fn values_come_back_as_they_went() {
    on_both(|store, _| {
        let written = store.write_blocking(|tx| {
            let nothing = [Value::from(id(1)), "a@b".into(), Value::Null, Value::Null];
            tx.execute(&ADD_ACCOUNT, &nothing)?;
            let all = [Value::from(id(2)), "c@d".into(), "Zoë".into(), i64::MAX.into()];
            tx.execute(&ADD_ACCOUNT, &all)
        });
        assert_eq!(written, Ok(1));
        let read = |number| {
            let row = store
                .read_blocking(move |tx| tx.query_opt(&ACCOUNT, &[id(number).into()]))
                .unwrap()
                .unwrap();
            (row.opt_text(0).unwrap().map(str::to_owned), row.opt_int(1).unwrap())
        };
        assert_eq!(read(1), (None, None));
        assert_eq!(read(2), (Some("Zoë".to_owned()), Some(i64::MAX)));
    });
}

#[test]
fn a_read_may_not_write() {
    on_both(|store, _| {
        store.write_blocking(|tx| insert(tx, 1, "kept")).unwrap();
        let inserted = store.read_blocking(|tx| insert(tx, 2, "never"));
        assert!(matches!(inserted, Err(Error::Internal(_))), "{inserted:?}");
        let announced = store.read_blocking(|tx| {
            tx.changed(crate::Change::RootSecret);
            Ok(())
        });
        assert!(matches!(announced, Err(Error::Internal(_))), "{announced:?}");
        let deleted = store.read_blocking(|tx| tx.execute(&DISGUISED, &["kept".into()]));
        assert!(matches!(deleted, Err(Error::Internal(_))), "{deleted:?}");
        assert_eq!(names(store), ["kept"]);
    });
}

#[test]
fn a_write_may_answer_rows() {
    on_both(|store, _| {
        store.write_blocking(|tx| insert(tx, 1, "old")).unwrap();
        let renamed = store.write_blocking(|tx| {
            let row = tx.query_opt(&RENAME_RETURNING, &[id(1).into(), "new".into()])?;
            row.unwrap().text(0).map(str::to_owned)
        });
        assert_eq!(renamed, Ok("new".to_owned()));
        assert_eq!(names(store), ["new"]);
    });
}

#[test]
fn an_error_and_a_panic_roll_back() {
    on_both(|store, _| {
        let refused: Result<(), _> = store.write_blocking(|tx| {
            insert(tx, 1, "refused")?;
            Err(Error::Conflict)
        });
        assert_eq!(refused, Err(Error::Conflict));
        let panicked: Result<(), _> = store.write_blocking(|tx| {
            insert(tx, 2, "panicked")?;
            panic!("as tests do")
        });
        assert!(matches!(panicked, Err(Error::Internal(text)) if text.contains("as tests do")));
        let panicked: Result<(), _> = store.read_blocking(|_| panic!("as tests do"));
        assert!(matches!(panicked, Err(Error::Internal(_))));
        store.write_blocking(|tx| insert(tx, 3, "after")).unwrap();
        assert_eq!(names(store), ["after"]);
    });
}

#[test]
fn a_failed_statement_ends_the_transaction_on_both() {
    on_both(|store, _| {
        let swallowed = store.write_blocking(|tx| {
            insert(tx, 1, "first")?;
            assert_eq!(insert(tx, 1, "same id"), Err(Error::Conflict));
            assert_eq!(insert(tx, 2, "second"), Err(Error::Conflict));
            Ok(())
        });
        assert_eq!(swallowed, Err(Error::Conflict));
        assert_eq!(count(store), 0);
        let dangling =
            store.write_blocking(|tx| tx.execute(&ADD_MEMBER, &[id(8).into(), id(9).into()]));
        assert_eq!(dangling, Err(Error::Conflict));
    });
}

#[test]
fn what_one_database_refuses_both_refuse() {
    on_both(|store, _| {
        let nul = store.write_blocking(|tx| insert(tx, 1, "a\0b"));
        assert!(matches!(nul, Err(Error::Internal(_))), "{nul:?}");
        let kind = store.write_blocking(|tx| tx.execute(&INSERT, &["text".into(), "x".into()]));
        assert!(matches!(kind, Err(Error::Internal(_))), "{kind:?}");
        for params in [vec![], vec![Value::from(id(1)); 3]] {
            let number = store.write_blocking(move |tx| tx.execute(&INSERT, &params));
            assert!(matches!(number, Err(Error::Internal(_))), "{number:?}");
        }
        assert_eq!(count(store), 0);
    });
}

#[test]
fn a_taken_key_is_an_outcome() {
    on_both(|store, _| {
        let once =
            |_| store.write_blocking(|tx| tx.execute(&INSERT_ONCE, &[id(1).into(), "only".into()]));
        assert_eq!([1, 2].map(once), [Ok(1), Ok(0)]);
    });
}

#[test]
fn of_fifty_racing_guarded_writes_one_wins() {
    on_both(|store, _| {
        store.write_blocking(|tx| insert(tx, 1, "free")).unwrap();
        let winners = AtomicU32::new(0);
        let start = std::sync::Barrier::new(50);
        std::thread::scope(|scope| {
            for racer in 0..50 {
                let (winners, start) = (&winners, &start);
                scope.spawn(move || {
                    start.wait();
                    let taken = store.write_blocking(move |tx| {
                        let name = format!("taken by {racer}");
                        tx.execute(&RENAME, &[id(1).into(), "free".into(), name.into()])
                    });
                    winners.fetch_add(u32::try_from(taken.unwrap()).unwrap(), Ordering::Relaxed);
                });
            }
        });
        assert_eq!(winners.into_inner(), 1);
    });
}

#[test]
fn a_caller_that_has_gone_is_still_served() {
    on_both(|store, _| {
        drop(start(store, |tx| insert(tx, 1, "left")));
        let deadline = stopwatch::now() + Duration::from_secs(5);
        while count(store) == 0 {
            assert!(stopwatch::now() < deadline, "the write of a dropped future never came");
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}

#[test]
fn statements_are_counted_and_the_check_answers() {
    on_both(|store, _| {
        let before = store.statements_executed();
        count(store);
        assert_eq!(store.statements_executed(), before + 1);
        assert_eq!(runtime().block_on(store.check()), Ok(()));
        assert_eq!(runtime().block_on(store.read(|tx| Ok(tx.query(&NAMES, &[])?.len()))), Ok(0));
        // On a machine that takes its time a node may be deaf for a moment, and know it.
        let hears = || store.hears_other_writers();
        nodes::eventually(Duration::from_secs(3), "hears", hears);
    });
}

#[test]
fn a_full_queue_refuses() {
    on_sqlite(|store, _| {
        let (release, held) = hold(store);
        let waiting: Vec<_> = (0..4096).map(|_| start(store, |_| Ok(()))).collect();
        let refused = store.write_blocking(|_| Ok(()));
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        drop(release);
        assert_eq!(answer(held), Ok(()));
        assert!(waiting.into_iter().all(|write| answer(write).is_ok()));
    });
}
