//! The payment provider's webhook: events as it sends them, signed, again, at once and in any order.

mod orders;
mod payments;
mod refused;
mod subscriptions;

use aws_lc_rs::hmac;
use bloom_domain::ids::WorkspaceId;
use serde_json::{Value, json};

use crate::plans::SECRETS;
use crate::support::{Answer, App};

const WEBHOOK: &str = "/api/billing/webhook";

/// An event as the provider sent it, with what differs between tests put in.
#[derive(Debug, Clone)]
pub(crate) struct Event(Value);

impl Event {
    fn read(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("JSON"))
    }

    /// Credits were bought.
    pub(crate) fn topup(workspace: WorkspaceId) -> Self {
        let event = Self::read(include_str!("billing/events/checkout_payment.json"));
        event.with("client_reference_id", json!(workspace.to_string()))
    }

    /// Somebody has subscribed.
    pub(crate) fn checkout(workspace: WorkspaceId) -> Self {
        let event = Self::read(include_str!("billing/events/checkout_subscription.json"));
        event.with("client_reference_id", json!(workspace.to_string()))
    }

    /// A subscription as it is; nothing in it names a workspace.
    pub(crate) fn subscription() -> Self {
        Self::read(include_str!("billing/events/subscription.json"))
    }

    /// The same as a later version of the provider's API has it; its metadata name the workspace.
    pub(crate) fn later_subscription(workspace: WorkspaceId) -> Self {
        let event = Self::read(include_str!("billing/events/subscription_basil.json"));
        event.with("metadata", json!({ "workspace": workspace.to_string() }))
    }

    /// A month was paid for.
    pub(crate) fn invoice() -> Self {
        Self::read(include_str!("billing/events/invoice.json"))
    }

    /// The same as a later version of the provider's API has it.
    pub(crate) fn later_invoice() -> Self {
        Self::read(include_str!("billing/events/invoice_basil.json"))
    }

    /// The money for the bought credits was given back.
    pub(crate) fn refund() -> Self {
        Self::read(include_str!("billing/events/charge_refunded.json"))
    }

    /// With another id, kind and time, in seconds after the beginning of the tests.
    pub(crate) fn at(mut self, id: &str, kind: &str, seconds: i64) -> Self {
        self.0["id"] = id.into();
        self.0["type"] = kind.into();
        self.0["created"] = (1_800_000_000 + seconds).into();
        self
    }

    /// With another value of a member of its object.
    pub(crate) fn with(mut self, member: &str, value: Value) -> Self {
        self.0["data"]["object"][member] = value;
        self
    }

    /// The same with another value at a place in it.
    pub(crate) fn put(mut self, pointer: &str, value: Value) -> Self {
        *self.0.pointer_mut(pointer).expect("a place in the event") = value;
        self
    }

    /// Of a subscription to another plan.
    pub(crate) fn priced(self, price: &str) -> Self {
        self.put("/data/object/items/data/0/price/id", price.into())
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    /// The same of another subscription and its invoice.
    pub(crate) fn named(self, subscription: &str) -> Self {
        let text = self.0.to_string().replace("\"sub_1\"", &format!("\"{subscription}\""));
        Self::read(&text)
    }
}

/// The signature of a body, made at a time.
pub(crate) fn signature(secret: &str, at: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, &[format!("{at}.").as_bytes(), body].concat());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

/// Seconds since the Unix epoch.
pub(crate) fn now(app: &App) -> i64 {
    app.service().now().unix_micros() / 1_000_000
}

/// Sends an event as the provider does.
pub(crate) async fn send(app: &App, event: &Event) -> Answer {
    let body = event.body();
    let signed = signature(SECRETS[0], now(app), &body);
    let headers =
        [("content-type", "application/json; charset=utf-8"), ("stripe-signature", &signed)];
    app.post_bytes(WEBHOOK, body, &headers).await
}

/// Sends one that is to be taken.
pub(crate) async fn tell(app: &App, event: &Event) {
    let answer = send(app, event).await;
    assert_eq!(answer.summary(), r#"200 {"received":true}"#, "{event:?}");
}
