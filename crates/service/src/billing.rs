//! What the payment provider tells by webhook: subscriptions, credits that were bought, money that was
//! given back.
//!
//! 1. The signature over the whole body is looked at first (`signature`); without it nothing is read.
//! 2. The event is read into what it means here (`event`). What means nothing is answered like what was
//!    done, so that the provider does not send it again.
//! 3. In one transaction, the event's id is written down and what it says is done. An event that comes
//!    again, or many times at once, finds its id there.
//! 4. Events come in any order. Each is taken in so that the order does not matter
//!    (`bloom_domain::subscriptions`, `bloom_domain::payments`).
//! 5. What cannot be done is refused and leaves nothing behind, its id neither: the provider sends it
//!    again for days, and by then the operator may have put right what was missing.

mod event;
mod signature;

use bloom_domain::audit::Actor;
use bloom_domain::senders::Sender;
use bloom_domain::subscriptions::{News, Snapshot, Subscription, SubscriptionState};
use bloom_store as store;
use store::Tx;

use crate::credits::Topups;
use crate::refusals::Refused;
use crate::subscriptions::Hearing;
use crate::{Error, Service};
use event::{Event, Seen, Told};

pub use signature::WebhookSecret;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is done.
    Done,
    /// It was done before.
    Before,
    /// It means nothing here.
    Ignored,
}

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventError {
    /// Nobody tells of payments here: billing is off, or no secret is configured.
    Off,
    /// It is not signed as it must be; says why.
    Unsigned(&'static str),
    /// It is signed, and cannot be read or done; says why.
    Refused(String),
    /// The server failed.
    Failed(Error),
}

impl From<Error> for EventError {
    /// The outcomes that an event can have are the provider's to read, or rather its operator's.
    fn from(error: Error) -> Self {
        match error {
            Error::WorkspaceNotFound => {
                // The money is with the provider, whose operator has to give it back or name another.
                let why = "it names no workspace of this server, or one that is gone for good";
                Self::Refused(why.to_owned())
            }
            Error::CreditReferenceTaken => {
                Self::Refused("other credits were bought with that payment before".to_owned())
            }
            Error::BillingOff => Self::Off,
            failed => Self::Failed(failed),
        }
    }
}

impl From<store::Error> for EventError {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Takes an event of the payment provider. `anonymous`: what proves the provider is the signature.
///
/// # Errors
/// [`EventError`] says why it was not taken; then nothing has changed.
pub async fn anonymous_event(
    service: &Service,
    signature: Option<&str>,
    body: &[u8],
    sender: &Sender,
) -> Result<Heard, EventError> {
    let billing = service.settings.billing.as_ref().ok_or(EventError::Off)?;
    if billing.webhook_secrets.is_empty() {
        return Err(EventError::Off);
    }
    let now = service.now();
    if let Err(why) = signature::check(&billing.webhook_secrets, signature, body, now) {
        service.refused_events.note((), Refused::by_server(now, sender));
        return Err(EventError::Unsigned(why));
    }
    let event = Event::read(body).map_err(EventError::Refused)?;
    let told = event.told().map_err(EventError::Refused)?;
    if told == Told::Nothing {
        return Ok(Heard::Ignored);
    }
    let hearing = Hearing::new(service, Actor::Server)?;
    let write = move |tx: &mut Tx<'_>| {
        if !store::billing_events::insert(tx, (event.id(), event.kind()), event.at(), now)? {
            return Ok(Ok(Heard::Before));
        }
        let done = apply(tx, &hearing, &event, told)?;
        if done.is_err() {
            tx.abandon();
        }
        Ok(done)
    };
    service.store.write(write).await?
}

fn apply(
    tx: &mut Tx<'_>,
    hearing: &Hearing,
    event: &Event,
    told: Told,
) -> Result<Result<Heard, EventError>, store::Error> {
    let done = match told {
        Told::Nothing => return Ok(Ok(Heard::Ignored)),
        Told::Bought { payment, workspace, credits } => {
            topups(hearing).buy(tx, &payment, (workspace, credits))?
        }
        Told::Refunded { payment, paid, refunded } => {
            topups(hearing).refund(tx, &payment, (paid, refunded))?
        }
        Told::Paid { subscription, news, owner } => {
            let known = store::subscriptions::take(tx, subscription.as_str())?;
            let news = owner.map(News::Owner).into_iter().chain(news);
            let hear = |one: &mut Subscription| news.for_each(|news| one.hear(news));
            hearing.change(tx, known, hear, Some(event.id()))?
        }
        Told::Seen(seen) => return see(tx, hearing, event, &seen),
    };
    Ok(done.map(|()| Heard::Done).map_err(EventError::from))
}

fn topups(hearing: &Hearing) -> Topups<'_> {
    Topups { author: &hearing.author, id: hearing.grant, now: hearing.now }
}

/// Takes a snapshot of a subscription in.
fn see(
    tx: &mut Tx<'_>,
    hearing: &Hearing,
    event: &Event,
    seen: &Seen,
) -> Result<Result<Heard, EventError>, store::Error> {
    let plans = &hearing.billing.plans;
    let listed = seen.prices.iter().find_map(|price| {
        Some((price, plans.by_price(price.id.as_str(), price.lookup_key.as_deref())?))
    });
    let reference = seen.subscription.as_str();
    if listed.is_none()
        && seen.owner.is_none()
        && store::subscriptions::find(tx, reference)?.is_none()
    {
        // Something else that is sold by the same account of the provider.
        return Ok(Ok(Heard::Ignored));
    }
    let known = store::subscriptions::take(tx, reference)?;
    let (price, plan) = match (listed, known.latest.as_ref()) {
        (Some((price, plan)), _) => (price.id.to_string(), plan.name.clone()),
        (None, Some(latest)) if goes_on(latest, seen) => {
            (latest.price.clone(), latest.plan.clone())
        }
        (None, _) if known.workspace.is_none() && seen.owner.is_none() => {
            tx.abandon();
            return Ok(Ok(Heard::Ignored));
        }
        (None, _) => {
            let prices: Vec<_> = seen.prices.iter().map(|price| price.id.as_str()).collect();
            let prices = prices.join(", ");
            return Ok(Err(EventError::Refused(format!("no plan has the price {prices}"))));
        }
    };
    let snapshot = Snapshot {
        plan,
        price,
        state: seen.state,
        anchor: seen.anchor,
        period: seen.period,
        created: seen.created,
        at: event.at(),
        version: event.version(seen.period.0),
    };
    let owner = seen.owner;
    let hear = |one: &mut Subscription| {
        owner.into_iter().for_each(|owner| one.hear(News::Owner(owner)));
        one.hear(News::State(snapshot));
    };
    let done = hearing.change(tx, known, hear, Some(event.id()))?;
    Ok(done.map(|()| Heard::Done).map_err(EventError::from))
}

/// Whether a subscription to a plan that the table does not have any more goes on as it was agreed, or
/// is over.
fn goes_on(latest: &Snapshot, seen: &Seen) -> bool {
    let is_same = |price: &event::Price| price.id.as_str() == latest.price;
    seen.state == SubscriptionState::Canceled || seen.prices.iter().any(is_same)
}
