//! Forms that make something: sent twice, each makes one thing.
//!
//! A page gives its forms a number. The same form with the same number and the same fields, sent again by a second
//! click, a reload or the way back, is the same submission.

use std::time::Duration;

use crate::sessions;

/// For how long it is known that a form was sent: for as long as it counts, since it is bound to a session.
pub const KEPT: Duration = sessions::ABSOLUTE_LIFETIME;
/// For how long the page that it was answered with can be had again. It may show a secret, so this is for a second
/// click only: not for whoever finds the browser later.
pub const SHOWN_AGAIN: Duration = Duration::from_secs(60);
/// For how long a request that has taken a form may still be about to answer.
pub const UNDER_WAY: Duration = Duration::from_secs(10);
