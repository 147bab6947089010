//! What anybody can bring about without end, and what must be told all the same: counted in memory, and
//! recorded in the audit now and then, with how often it was. A record for each would let a stranger fill
//! the database.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use bloom_domain::audit::{Action, Actor, Subject, Whose};
use bloom_domain::ids::AccountId;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use parking_lot::Mutex;
use serde_json::json;
use store::Tx;

use crate::audit::{Author, Difference};
use crate::{Error, Service};

/// How many are counted apart at a time: more than a minute of sign-ins can reach.
const MOST: usize = 100_000;
/// How many records one transaction writes: far below the 5 ms a closure may take.
const BATCH: usize = 50;
/// The longest pause between two records of the same.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// What was refused of one kind since the last record, for each that it is counted for.
pub(crate) struct Refusals<K> {
    action: Action,
    /// How long after a record the next of the same may follow. Each round of housekeeping is one at most.
    pause: Duration,
    noted: Mutex<HashMap<K, Noted>>,
}

struct Noted {
    times: u64,
    /// The last of them.
    last: Refused,
    /// When the last record was written.
    told_at: Option<Timestamp>,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Refused {
    pub(crate) actor: Actor,
    pub(crate) subject: Subject,
    pub(crate) whose: Whose,
    /// Where it came from, and when.
    pub(crate) sender: Sender,
    pub(crate) at: Timestamp,
}

impl Refused {
    /// One that the server as a whole was asked for.
    pub(crate) fn by_server(at: Timestamp, sender: &Sender) -> Self {
        let (actor, subject, whose) = (Actor::Anybody, Subject::Server, Whose::default());
        Self { actor, subject, whose, sender: sender.clone(), at }
    }
}

impl<K: Copy + Eq + Hash> Refusals<K> {
    /// Of the kind that an action records.
    pub(crate) fn recorded_as(action: Action, pause: Duration) -> Self {
        Self { action, pause, noted: Mutex::default() }
    }

    /// Notes one; [`flush`] records it.
    pub(crate) fn note(&self, of: K, refused: Refused) {
        self.add(of, 1, refused);
    }

    fn add(&self, of: K, times: u64, last: Refused) {
        let mut noted = self.noted.lock();
        if let Some(there) = noted.get_mut(&of) {
            there.times += times;
            if there.last.at <= last.at {
                there.last = last;
            }
        } else if noted.len() < MOST {
            noted.insert(of, Noted { times, last, told_at: None });
        }
    }

    /// Takes what is to be recorded by a time, and forgets what was recorded long enough ago.
    fn take_due(&self, now: Timestamp, by: Timestamp) -> Vec<(K, u64, Refused)> {
        let mut due = Vec::new();
        self.noted.lock().retain(|of, noted| {
            let is_due = noted.told_at.is_none_or(|told_at| told_at.plus(self.pause) <= by);
            if noted.times > 0 && is_due {
                due.push((*of, noted.times, noted.last.clone()));
                (noted.times, noted.told_at) = (0, Some(now));
                return true;
            }
            noted.times > 0 || !is_due
        });
        due
    }

    /// Notes what could not be recorded again.
    fn put_back(&self, untold: impl IntoIterator<Item = (K, u64, Refused)>) {
        for (of, times, last) in untold {
            self.add(of, times, last);
            if let Some(noted) = self.noted.lock().get_mut(&of) {
                noted.told_at = None;
            }
        }
    }

    async fn record(&self, service: &Service, by: Timestamp) -> Result<(), Error> {
        let mut waiting = self.take_due(service.now(), by);
        while !waiting.is_empty() {
            let batch = waiting.split_off(waiting.len().saturating_sub(BATCH));
            if let Err(error) = write(service, self.action, &batch).await {
                self.put_back(batch.into_iter().chain(waiting));
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Notes a sign-in with a wrong password.
pub(crate) fn note_sign_in(service: &Service, account: AccountId, sender: &Sender) {
    let (actor, subject, whose) = (Actor::Anybody, Subject::Account(account), account.into());
    let (sender, at) = (sender.clone(), service.now());
    service.refused_sign_ins.note(account, Refused { actor, subject, whose, sender, at });
}

/// Records what was noted since the last time, and may be told of by a time.
///
/// # Errors
/// When the database cannot be written; what was noted and not recorded stays noted.
pub(crate) async fn flush(service: &Service, by: Timestamp) -> Result<(), Error> {
    service.refused_sign_ins.record(service, by).await?;
    service.repeated_codes.record(service, by).await?;
    service.refused_events.record(service, by).await?;
    service.refused_alerts.record(service, by).await
}

async fn write<K>(
    service: &Service,
    action: Action,
    batch: &[(K, u64, Refused)],
) -> Result<(), Error> {
    let records = batch
        .iter()
        .map(|(_, times, refused)| {
            let Refused { actor, subject, whose, sender, at } = refused;
            let author = Author::at(&service.entropy, *at, *actor, sender)?;
            Ok((author, *subject, *whose, *times))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let write = move |tx: &mut Tx<'_>| {
        for (author, subject, whose, times) in records {
            let difference = Difference { after: json!({ "times": times }), ..Default::default() };
            author.record(tx, action, subject, whose, difference);
        }
        Ok(())
    };
    Ok(service.store.write(write).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_micros(0).plus(Duration::from_secs(seconds))
    }

    fn refused(seconds: u64) -> Refused {
        Refused::by_server(at(seconds), &Sender::default())
    }

    fn told(refusals: &Refusals<u8>, seconds: u64) -> Vec<(u8, u64)> {
        let due = refusals.take_due(at(seconds), at(seconds));
        due.into_iter().map(|(of, times, _)| (of, times)).collect()
    }

    #[test]
    fn the_first_is_told_soon_and_the_rest_after_a_pause() {
        let refusals = Refusals::recorded_as(Action::CodeRepeated, Duration::from_secs(3_600));
        (0..300).for_each(|_| refusals.note(1, refused(1)));
        assert_eq!(told(&refusals, 60), [(1, 300)]);
        (0..300).for_each(|_| refusals.note(1, refused(61)));
        refusals.note(2, refused(62));
        assert_eq!(told(&refusals, 120), [(2, 1)]);
        assert!(told(&refusals, 3_659).is_empty());
        assert_eq!(told(&refusals, 3_660), [(1, 300)]);
        // Nothing more came, so nothing of it is kept.
        assert!(told(&refusals, 7_260).is_empty());
        assert!(refusals.noted.lock().is_empty());
    }

    #[test]
    fn what_could_not_be_told_is_told_next_time() {
        let refusals = Refusals::recorded_as(Action::CodeRepeated, Duration::from_secs(3_600));
        refusals.note(1, refused(1));
        let due = refusals.take_due(at(60), at(60));
        refusals.note(1, refused(61));
        refusals.put_back(due);
        assert_eq!(told(&refusals, 120), [(1, 2)]);
    }
}
