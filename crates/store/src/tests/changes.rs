//! Changes are told after the COMMIT and before the answer.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::ids::{AccountId, ApiKeyId};
use parking_lot::Mutex;

use super::*;
use crate::Change;

#[test]
fn a_change_is_told_after_the_commit_and_before_the_answer() {
    on_both(|store, database| {
        let told = Arc::new(Mutex::new(None));
        let (tells, looks) = (Arc::clone(&told), open(database));
        store.on_change(move |change| {
            // Long enough for an answer that does not wait to get ahead.
            std::thread::sleep(Duration::from_millis(50));
            *tells.lock() = Some((*change, names(&looks)));
        });
        let account = Change::Account(AccountId::from_bytes(id(7)));
        store
            .write_blocking(move |tx| {
                tx.changed(account);
                insert(tx, 1, "committed")
            })
            .unwrap();
        assert_eq!(*told.lock(), Some((account, vec!["committed".to_owned()])));
    });
}

#[test]
fn what_is_rolled_back_is_never_told() {
    on_both(|store, _| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tells = Arc::clone(&told);
        store.on_change(move |change| tells.lock().push(*change));
        let refused: Result<(), _> = store.write_blocking(|tx| {
            tx.changed(Change::RootSecret);
            Err(Error::Conflict)
        });
        assert_eq!(refused, Err(Error::Conflict));
        let panicked: Result<(), _> = store.write_blocking(|tx| {
            tx.changed(Change::RootSecret);
            panic!("as tests do")
        });
        assert!(panicked.is_err());
        let key = Change::ApiKey(ApiKeyId::from_bytes(id(1)));
        let session = Change::Session([9; 32]);
        store
            .write_blocking(move |tx| {
                tx.changed(key);
                tx.changed(session);
                Ok(())
            })
            .unwrap();
        assert_eq!(*told.lock(), [key, session]);
    });
}

#[test]
fn a_listener_that_panics_harms_nobody() {
    on_both(|store, _| {
        store.on_change(|_| panic!("as tests do"));
        for number in 0..3 {
            let written = store.write_blocking(move |tx| {
                tx.changed(Change::RootSecret);
                insert(tx, number, "written")
            });
            assert_eq!(written, Ok(1));
        }
        assert_eq!(count(store), 3);
    });
}
