//! Mails, as the operator hears of them.

use bloom_domain::email::Email;
use bloom_service::mail::Status;
use serde_json::json;

use super::{Shown, time};

/// A test mail, and where it is now.
pub(super) fn mailed(to: &Email, place: Option<&str>) -> Shown {
    let text = match place {
        Some(place) => format!("The test mail to {to} is now at {place}"),
        None => format!("The test mail to {to} waits for the server to send it"),
    };
    Shown { text, json: json!({ "to": to.as_str(), "place": place }) }
}

/// How mails fare.
pub(super) fn status(status: &Status) -> Shown {
    let Status { waiting, oldest, delivered, failed, given_up } = *status;
    let oldest = oldest.map(time);
    let since = oldest.as_ref().map(|oldest| format!(", the oldest since {oldest}"));
    Shown {
        text: format!(
            "{waiting} waiting{}. Since the server started: {delivered} delivered, {failed} failed \
             attempts, {given_up} given up.",
            since.unwrap_or_default()
        ),
        json: json!({
            "waiting": waiting,
            "oldest": oldest,
            "delivered": delivered,
            "failed": failed,
            "given_up": given_up,
        }),
    }
}
