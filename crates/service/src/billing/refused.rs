//! News of payments without a good signature: counted in memory, and recorded in the audit at most once a
//! minute. A record for each would let a stranger fill the database.

use bloom_domain::audit::{Action, Actor, Subject, Whose};
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use parking_lot::Mutex;
use serde_json::json;

use crate::audit::{Author, Difference};
use crate::{Error, Service};

/// What was refused since the last record.
#[derive(Default)]
pub(crate) struct RefusedEvents(Mutex<Option<Refused>>);

struct Refused {
    times: u64,
    /// Where the last of them came from, and when.
    sender: Sender,
    at: Timestamp,
}

/// Notes one; [`flush`] records it.
pub(super) fn note(service: &Service, sender: &Sender) {
    let mut refused = service.refused_events.0.lock();
    let times = refused.as_ref().map_or(0, |refused| refused.times) + 1;
    *refused = Some(Refused { times, sender: sender.clone(), at: service.now() });
}

/// Records what was noted since the last time.
///
/// # Errors
/// When the database cannot be written; then it stays noted.
pub(crate) async fn flush(service: &Service) -> Result<(), Error> {
    let Some(noted) = service.refused_events.0.lock().take() else { return Ok(()) };
    let Refused { times, sender, at } = noted;
    let author = Author::at(&service.entropy, at, Actor::Anybody, &sender)?;
    let write = move |tx: &mut bloom_store::Tx<'_>| {
        let difference = Difference { after: json!({ "times": times }), ..Difference::default() };
        let action = Action::BillingEventRefused;
        author.record(tx, action, Subject::Server, Whose::default(), difference);
        Ok(())
    };
    if let Err(error) = service.store.write(write).await {
        let mut refused = service.refused_events.0.lock();
        let later = refused.take();
        let times = times + later.as_ref().map_or(0, |later| later.times);
        let (sender, at) = later.map_or((sender, at), |later| (later.sender, later.at));
        *refused = Some(Refused { times, sender, at });
        return Err(error.into());
    }
    Ok(())
}
