//! The setup link: how the first person enters an empty server.

use std::time::Duration;

/// A setup link is good for this long, and for one account.
pub const LIFETIME: Duration = Duration::from_secs(3_600);
