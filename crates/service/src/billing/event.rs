//! An event of the payment provider, and what it means here.
//!
//! The shapes are Stripe's. Those of its API versions differ in where a period and the subscription of an
//! invoice stand; both places are read. Nothing is demanded that is not needed.

use bloom_domain::credits::{Amount, NEVER, Reference};
use bloom_domain::ids::WorkspaceId;
use bloom_domain::subscriptions::{DAWN, News, SubscriptionState, Version};
use bloom_domain::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The member of `metadata` that names a workspace, where `client_reference_id` does not.
const WORKSPACE: &str = "workspace";
/// The member of a payment's `metadata` that says how many credits it buys.
const CREDITS: &str = "credits";

/// An event, read as far as every kind is alike.
pub(super) struct Event {
    id: Reference,
    kind: String,
    at: Timestamp,
    object: Value,
}

/// What an event means here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing.
    Nothing,
    /// Credits were bought.
    Bought { payment: Reference, workspace: WorkspaceId, credits: Amount },
    /// Money was given back: so much of so much in all.
    Refunded { payment: Reference, paid: i64, refunded: i64 },
    /// Whose a subscription is, or that a payment for it arrived or failed.
    Paid { subscription: Reference, news: Option<News>, owner: Option<WorkspaceId> },
    /// How a subscription was at an instant.
    Seen(Box<Seen>),
}

/// How a subscription was at an instant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) subscription: Reference,
    pub(super) owner: Option<WorkspaceId>,
    pub(super) prices: Vec<Price>,
    pub(super) state: SubscriptionState,
    pub(super) anchor: Timestamp,
    pub(super) period: (Timestamp, Timestamp),
    pub(super) created: Timestamp,
}

/// What a subscription is to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) id: Reference,
    pub(super) lookup_key: Option<String>,
}

#[derive(Deserialize)]
struct EventShape {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    data: DataShape,
}

#[derive(Deserialize)]
struct DataShape {
    object: Value,
}

/// An id, or the thing itself where the provider was asked for that.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Id(String),
    Object { id: String },
}

#[derive(Deserialize)]
struct Session {
    id: String,
    mode: String,
    payment_status: String,
    client_reference_id: Option<String>,
    #[serde(default)]
    metadata: Option<Value>,
    subscription: Option<Named>,
    payment_intent: Option<Named>,
}

#[derive(Deserialize)]
struct SubscriptionShape {
    id: String,
    status: String,
    created: i64,
    billing_cycle_anchor: i64,
    current_period_start: Option<i64>,
    current_period_end: Option<i64>,
    #[serde(default)]
    metadata: Option<Value>,
    items: List<Item>,
}

#[derive(Deserialize)]
struct List<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct Item {
    price: PriceShape,
    current_period_start: Option<i64>,
    current_period_end: Option<i64>,
}

#[derive(Deserialize)]
struct PriceShape {
    id: String,
    lookup_key: Option<String>,
}

#[derive(Deserialize)]
struct Invoice {
    subscription: Option<Named>,
    parent: Option<Parent>,
    lines: List<Line>,
}

#[derive(Deserialize)]
struct Parent {
    subscription_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    subscription: Option<Named>,
}

#[derive(Deserialize)]
struct Line {
    period: Period,
}

#[derive(Deserialize)]
struct Period {
    end: i64,
}

#[derive(Deserialize)]
struct Charge {
    payment_intent: Option<Named>,
    amount: i64,
    amount_refunded: i64,
}

impl Event {
    /// Reads an event.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let shape: EventShape = serde_json::from_slice(body)
            .map_err(|error| format!("it is no event of the payment provider: {error}"))?;
        if shape.kind.len() > 200 || !shape.kind.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("its type is no type of an event".to_owned());
        }
        Ok(Self {
            id: reference("id", &shape.id)?,
            kind: shape.kind,
            at: time("created", shape.created)?,
            object: shape.data.object,
        })
    }

    pub(super) fn id(&self) -> &str {
        self.id.as_str()
    }

    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// When it came to be.
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    /// What tells its snapshot from older ones.
    pub(super) fn version(&self, period_start: Timestamp) -> Version {
        let rank = match self.kind.rsplit('.').next() {
            Some("created") => 0,
            Some("deleted") => 2,
            _ => 1,
        };
        Version::new(self.at, rank, period_start, self.id())
    }

    /// What it means here. A kind that is not listed means nothing.
    pub(super) fn told(&self) -> Result<Told, String> {
        match self.kind.as_str() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                session(self.object()?)
            }
            "customer.subscription.created"
            | "customer.subscription.updated"
            | "customer.subscription.deleted"
            | "customer.subscription.paused"
            | "customer.subscription.resumed" => subscription(&self.object()?),
            "invoice.paid" => invoice(self.object()?, |until| News::Paid { at: self.at, until }),
            "invoice.payment_failed" => invoice(self.object()?, |_| News::Failed { at: self.at }),
            "charge.refunded" => refund(self.object()?),
            _ => Ok(Told::Nothing),
        }
    }

    fn object<T: DeserializeOwned>(&self) -> Result<T, String> {
        T::deserialize(&self.object).map_err(|error| format!("data.object: {error}"))
    }
}

/// Somebody has gone through the checkout: for credits, or for a subscription.
fn session(session: Session) -> Result<Told, String> {
    let named = workspace(session.client_reference_id.as_deref(), session.metadata.as_ref());
    match (session.mode.as_str(), session.subscription) {
        ("payment", _) => {
            let Some(credits) = member(session.metadata.as_ref(), CREDITS) else {
                // Something else that is sold by the same account of the provider.
                return Ok(Told::Nothing);
            };
            let credits =
                credits.parse().map_err(|e| format!("metadata.{CREDITS} {credits}: {e}"))?;
            if !matches!(session.payment_status.as_str(), "paid" | "no_payment_required") {
                // The money is on its way; another event tells when it is there.
                return Ok(Told::Nothing);
            }
            let payment = match session.payment_intent {
                Some(payment) => named_reference("payment_intent", &payment)?,
                None => reference("id", &session.id)?,
            };
            let workspace = named?.ok_or("it names no workspace: set client_reference_id")?;
            Ok(Told::Bought { payment, workspace, credits })
        }
        ("subscription", Some(subscription)) => {
            let subscription = named_reference("subscription", &subscription)?;
            Ok(match named? {
                None => Told::Nothing,
                owner => Told::Paid { subscription, news: None, owner },
            })
        }
        _ => Ok(Told::Nothing),
    }
}

fn subscription(shape: &SubscriptionShape) -> Result<Told, String> {
    let state = SubscriptionState::from_provider(&shape.status)
        .map_err(|word| format!("status {word:?} is no state of a subscription"))?;
    let Some(state) = state else {
        // Not begun: its first payment has not arrived.
        return Ok(Told::Nothing);
    };
    let of_items = |field: fn(&Item) -> Option<i64>| shape.items.data.iter().find_map(field);
    let start = shape.current_period_start.or_else(|| of_items(|item| item.current_period_start));
    let end = shape.current_period_end.or_else(|| of_items(|item| item.current_period_end));
    let anchor = time("billing_cycle_anchor", shape.billing_cycle_anchor)?;
    let prices = shape.items.data.iter().map(|Item { price, .. }| {
        let id = reference("price", &price.id)?;
        Ok(Price { id, lookup_key: price.lookup_key.clone() })
    });
    Ok(Told::Seen(Box::new(Seen {
        subscription: reference("id", &shape.id)?,
        owner: workspace(None, shape.metadata.as_ref())?,
        prices: prices.collect::<Result<_, String>>()?,
        state,
        anchor,
        period: (
            start.map_or(Ok(anchor), |start| time("current_period_start", start))?,
            end.map_or(Ok(NEVER), |end| time("current_period_end", end))?,
        ),
        created: time("created", shape.created)?,
    })))
}

/// An invoice that was paid, or was not. One that is not of a subscription means nothing.
fn invoice(invoice: Invoice, news: impl FnOnce(Timestamp) -> News) -> Result<Told, String> {
    let details = invoice.parent.and_then(|parent| parent.subscription_details);
    let subscription =
        invoice.subscription.or_else(|| details.and_then(|details| details.subscription));
    let Some(subscription) = subscription else { return Ok(Told::Nothing) };
    // What the invoice itself calls its period is the one before.
    let mut until = DAWN;
    for line in &invoice.lines.data {
        until = until.max(time("lines.period.end", line.period.end)?);
    }
    let subscription = named_reference("subscription", &subscription)?;
    Ok(Told::Paid { subscription, news: Some(news(until)), owner: None })
}

fn refund(charge: Charge) -> Result<Told, String> {
    let Some(payment) = charge.payment_intent else { return Ok(Told::Nothing) };
    let (paid, refunded) = (charge.amount, charge.amount_refunded);
    if paid < 0 || refunded < 0 || refunded > paid {
        return Err(format!("amount_refunded {refunded} of amount {paid} cannot be"));
    }
    Ok(Told::Refunded { payment: named_reference("payment_intent", &payment)?, paid, refunded })
}

/// The workspace that something is for, if any is named.
fn workspace(
    reference: Option<&str>,
    metadata: Option<&Value>,
) -> Result<Option<WorkspaceId>, String> {
    let (field, text) = match (reference, member(metadata, WORKSPACE)) {
        (Some(text), _) => ("client_reference_id", text),
        (None, Some(text)) => ("metadata.workspace", text),
        (None, None) => return Ok(None),
    };
    text.parse().map(Some).map_err(|error| format!("{field} names no workspace: {error}"))
}

fn member<'a>(metadata: Option<&'a Value>, name: &str) -> Option<&'a str> {
    metadata?.get(name)?.as_str()
}

fn named_reference(field: &str, named: &Named) -> Result<Reference, String> {
    let (Named::Id(id) | Named::Object { id }) = named;
    reference(field, id)
}

fn reference(field: &str, text: &str) -> Result<Reference, String> {
    Reference::parse(text).map_err(|error| format!("{field}: {error}"))
}

/// Seconds since the Unix epoch, up to the year 9999.
fn time(field: &str, seconds: i64) -> Result<Timestamp, String> {
    let micros = seconds.checked_mul(1_000_000).filter(|micros| *micros >= 0);
    let time = micros.map(Timestamp::from_unix_micros).filter(|time| *time <= NEVER);
    time.ok_or_else(|| format!("{field} {seconds} is no time"))
}
