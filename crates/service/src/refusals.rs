//! Requests without the signature that they must have: counted in memory, and recorded in the audit at most
//! once a minute. A record for each would let a stranger fill the database.

use bloom_domain::audit::{Action, Actor, Subject, Whose};
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use parking_lot::Mutex;
use serde_json::json;

use crate::audit::{Author, Difference};
use crate::{Error, Service};

/// What was refused of one kind since the last record.
pub(crate) struct Refusals {
    action: Action,
    noted: Mutex<Option<Refused>>,
}

struct Refused {
    times: u64,
    /// Where the last of them came from, and when.
    sender: Sender,
    at: Timestamp,
}

impl Refusals {
    /// Of the kind that an action records.
    pub(crate) fn recorded_as(action: Action) -> Self {
        Self { action, noted: Mutex::new(None) }
    }

    /// Notes one; [`flush`] records it.
    pub(crate) fn note(&self, at: Timestamp, sender: &Sender) {
        let mut noted = self.noted.lock();
        let times = noted.as_ref().map_or(0, |refused| refused.times) + 1;
        *noted = Some(Refused { times, sender: sender.clone(), at });
    }
}

/// Records what was noted since the last time.
///
/// # Errors
/// When the database cannot be written; then it stays noted.
pub(crate) async fn flush(service: &Service) -> Result<(), Error> {
    for refusals in [&service.refused_events, &service.refused_alerts] {
        flush_one(service, refusals).await?;
    }
    Ok(())
}

async fn flush_one(service: &Service, refusals: &Refusals) -> Result<(), Error> {
    let Some(noted) = refusals.noted.lock().take() else { return Ok(()) };
    let Refused { times, sender, at } = noted;
    let (action, author) =
        (refusals.action, Author::at(&service.entropy, at, Actor::Anybody, &sender)?);
    let write = move |tx: &mut bloom_store::Tx<'_>| {
        let difference = Difference { after: json!({ "times": times }), ..Difference::default() };
        author.record(tx, action, Subject::Server, Whose::default(), difference);
        Ok(())
    };
    if let Err(error) = service.store.write(write).await {
        let mut noted = refusals.noted.lock();
        let later = noted.take();
        let times = times + later.as_ref().map_or(0, |later| later.times);
        let (sender, at) = later.map_or((sender, at), |later| (later.sender, later.at));
        *noted = Some(Refused { times, sender, at });
        return Err(error.into());
    }
    Ok(())
}
