//! What the tests share: homes for data, servers, people who fill forms, and an eye on secrets.

pub(crate) mod browser;
pub(crate) mod home;
pub(crate) mod http;
pub(crate) mod page;
pub(crate) mod person;
pub(crate) mod program;
pub(crate) mod secrets;
pub(crate) mod server;
pub(crate) mod smtp;

use std::time::{Duration, Instant};

/// Longer than anything here takes, even on a machine that something else keeps busy: pixels give way to all else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Looks every few milliseconds until there is something; panics when there is nothing for too long.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
