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

/// How many mails wait, where nothing is known of those before them.
pub(super) fn queue(status: &Status) -> Shown {
    Shown {
        text: format!("{}. No server works in this data folder to send them.", waiting(status)),
        json: json!({
            "waiting": status.waiting,
            "oldest": status.oldest.map(time),
            "delivered": null,
            "failed": null,
            "given_up": null,
        }),
    }
}

fn waiting(status: &Status) -> String {
    let oldest = status.oldest.map(|at| format!(", the oldest since {}", time(at)));
    format!("{} waiting{}", status.waiting, oldest.unwrap_or_default())
}

/// How mails fare.
pub(super) fn status(status: &Status) -> Shown {
    let Status { waiting: count, oldest, delivered, failed, given_up } = *status;
    Shown {
        text: format!(
            "{}. Since the server started: {delivered} delivered, {failed} failed attempts, \
             {given_up} given up.",
            waiting(status)
        ),
        json: json!({
            "waiting": count,
            "oldest": oldest.map(time),
            "delivered": delivered,
            "failed": failed,
            "given_up": given_up,
        }),
    }
}
