//! A PostgreSQL server: a pool of threads with connections, and one that listens.

mod connect;
pub(crate) mod failure;
mod hang_up;
mod listener;
mod pool;
pub(crate) mod rows;
mod session;
mod sessions;
mod tls;

pub(crate) use connect::place;
pub(crate) use session::Session;

use std::sync::Arc;

use bloom_domain::time::Timestamp;

use crate::error::OpenError;
use crate::job::{Job, Pace};
use crate::migrations;
use crate::queue::Refused;
use crate::shared::Shared;
use crate::tx::Reach;
use connect::Connector;
use listener::Listener;
use pool::Pool;

/// A closure for the pool, and whether it runs in a transaction.
pub(crate) struct Request {
    pub(crate) job: Box<dyn Job>,
    pub(crate) reach: Reach,
}

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    pool: Pool,
    listener: Listener,
}

impl Postgres {
    pub(crate) fn open(url: &str, now: Timestamp, shared: &Arc<Shared>) -> Result<Self, OpenError> {
        let connector = Arc::new(Connector::new(url)?);
        // The driver runs a small runtime of its own, which must not be started inside the
        // caller's. A thread has none.
        let opening = Arc::clone(&connector);
        let thread = std::thread::Builder::new()
            .name("store-open".to_owned())
            .spawn(move || migrate(&opening, now))
            .map_err(|error| OpenError::new(format!("cannot start a thread: {error}")))?;
        let origin: Arc<str> = thread
            .join()
            .map_err(|_| OpenError::new("the thread that opens the database panicked"))??
            .into();
        let listener = Listener::start(&connector, &origin, shared)?;
        let pool = Pool::start(&connector, &origin, shared)?;
        Ok(Self { pool, listener })
    }

    /// Hands a closure to the pool.
    pub(crate) fn push(&self, request: Request) -> Result<(), Refused> {
        self.pool.queue().push(request, Pace::Prompt)
    }

    pub(crate) fn hears_other_writers(&self) -> bool {
        self.listener.hears()
    }

    pub(crate) fn close(&self) {
        self.pool.close();
        self.listener.close();
    }
}

/// Brings the schema up to date, and draws the name by which this node knows its own notices.
fn migrate(connector: &Connector, now: Timestamp) -> Result<String, OpenError> {
    let mut client = connector.connect().map_err(|error| connector.refused(&error))?;
    migrations::on_postgres(&mut client, now)
        .map_err(|fault| fault.open_error(&connector.place()))?;
    let row = client
        .query_one("SELECT CAST(gen_random_uuid() AS TEXT)", &[])
        .map_err(|error| connector.refused(&error))?;
    row.try_get(0).map_err(|error| connector.refused(&error))
}
