//! The connections of the pool that nobody uses right now.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::Session;
use super::connect::Connector;
use crate::error::Error;
use crate::tx::Reach;

/// A stack, so that the connection used last is used first: a quiet node keeps one or two warm and
/// opens the others only when it needs them.
pub(super) struct Sessions {
    idle: Mutex<Vec<Session>>,
    alive: AtomicUsize,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self { idle: Mutex::default(), alive: AtomicUsize::new(0) }
    }

    /// A connection that answers, in a transaction when one is asked for. The closure has not run
    /// yet, so one that turns out to be broken can still be replaced.
    pub(super) fn ready(&self, connector: &Connector, reach: Reach) -> Result<Session, Error> {
        let idle = self.idle.lock().pop();
        if let Some(mut session) = idle {
            if session.answers() && (reach == Reach::Read || session.begin().is_ok()) {
                return Ok(session);
            }
            self.lost(session);
            // What broke one has most likely broken all.
            let others = std::mem::take(&mut *self.idle.lock());
            others.into_iter().for_each(|other| self.lost(other));
        }
        self.open(connector, reach)
    }

    fn open(&self, connector: &Connector, reach: Reach) -> Result<Session, Error> {
        let client = connector.connect_for_work().map_err(|error| {
            let (place, cause) = (connector.place(), super::failure::text(&error));
            Error::Unavailable(format!("cannot connect to {place}: {cause}"))
        })?;
        let mut session = Session::new(client);
        if reach == Reach::Write {
            session.begin()?;
        }
        self.alive.fetch_add(1, Ordering::Relaxed);
        Ok(session)
    }

    pub(super) fn put_back(&self, session: Session) {
        self.idle.lock().push(session);
    }

    pub(super) fn lost(&self, session: Session) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
        session.hang_up();
    }

    /// Whether no connection is left, in use or not.
    pub(super) fn none_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed) == 0
    }

    pub(super) fn close(&self) {
        let idle = std::mem::take(&mut *self.idle.lock());
        idle.into_iter().for_each(|session| self.lost(session));
    }
}
