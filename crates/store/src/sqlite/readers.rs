//! Connections for reading, opened as they are needed.

use std::path::PathBuf;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::connection;
use super::failure::meaning;
use crate::error::Error;

/// How many idle connections are kept. Reads run inline, so at most one per runtime thread is in
/// use at a time; each keeps up to half a megabyte of pages.
const KEPT: usize = 16;

/// A stack of connections, so that the ones used last, with their warm caches, are used first.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Idle>,
}

struct Idle {
    connections: Vec<Connection>,
    closed: bool,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Idle { connections: Vec::new(), closed: false }) }
    }

    pub(crate) fn take(&self) -> Result<Connection, Error> {
        let mut idle = self.idle.lock();
        if idle.closed {
            return Err(Error::closed());
        }
        let warm = idle.connections.pop();
        drop(idle);
        warm.map_or_else(|| connection::reader(&self.path).map_err(|error| meaning(&error)), Ok)
    }

    pub(crate) fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock();
        if !idle.closed && idle.connections.len() < KEPT {
            idle.connections.push(connection);
        }
    }

    pub(crate) fn close(&self) {
        let mut idle = self.idle.lock();
        idle.closed = true;
        idle.connections.clear();
    }
}
