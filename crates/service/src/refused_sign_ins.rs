//! Sign-ins with a wrong password: counted in memory, and recorded in the audit at most once a minute
//! for each account. A record for each would let a stranger fill the database.

use std::collections::HashMap;

use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::ids::AccountId;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use parking_lot::Mutex;
use serde_json::json;
use store::Tx;

use crate::audit::{Author, Difference};
use crate::{Error, Service};

/// For how many accounts is counted at a time: more than a minute of sign-ins can reach.
const MOST: usize = 100_000;
/// How many records one transaction writes: far below the 5 ms a closure may take.
const BATCH: usize = 50;

/// The sign-ins that were refused since the last record.
#[derive(Default)]
pub(crate) struct RefusedSignIns(Mutex<HashMap<AccountId, Refused>>);

struct Refused {
    times: u64,
    /// Where the last of them came from, and when.
    sender: Sender,
    at: Timestamp,
}

/// Notes one; [`flush`] records it.
pub(crate) fn note(service: &Service, account: AccountId, sender: &Sender) {
    let mut refused = service.refused_sign_ins.0.lock();
    if refused.len() >= MOST && !refused.contains_key(&account) {
        return;
    }
    let (sender, at) = (sender.clone(), service.now());
    let times = refused.get(&account).map_or(0, |refused| refused.times) + 1;
    refused.insert(account, Refused { times, sender, at });
}

/// Records what was noted since the last time.
///
/// # Errors
/// When the database cannot be written; what was noted and not recorded stays noted.
pub(crate) async fn flush(service: &Service) -> Result<(), Error> {
    let mut waiting: Vec<_> = service.refused_sign_ins.0.lock().drain().collect();
    while !waiting.is_empty() {
        let batch = waiting.split_off(waiting.len().saturating_sub(BATCH));
        let written = record(service, &batch).await;
        if let Err(error) = written {
            let mut refused = service.refused_sign_ins.0.lock();
            for (account, earlier) in batch.into_iter().chain(waiting) {
                let times = refused.get(&account).map_or(0, |later| later.times) + earlier.times;
                refused.entry(account).or_insert(earlier).times = times;
            }
            return Err(error);
        }
    }
    Ok(())
}

async fn record(service: &Service, batch: &[(AccountId, Refused)]) -> Result<(), Error> {
    let records = batch
        .iter()
        .map(|(account, Refused { times, sender, at })| {
            let author = Author::at(&service.entropy, *at, Actor::Anybody, sender)?;
            Ok((author, *account, *times))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let write = move |tx: &mut Tx<'_>| {
        for (author, account, times) in records {
            let difference = Difference { after: json!({ "times": times }), ..Default::default() };
            let subject = Subject::Account(account);
            author.record(tx, Action::SignInRefused, subject, account, difference);
        }
        Ok(())
    };
    Ok(service.store.write(write).await?)
}
