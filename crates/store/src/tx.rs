//! A transaction as a closure sees it.

use bloom_domain::audit::Event;

use crate::changes::Change;
use crate::counters::Counters;
use crate::error::Error;
use crate::postgresql::Session;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;
use crate::{audit, postgresql, sqlite};

/// A running transaction. It commits when the closure that was given it returns `Ok`.
///
/// A failed statement ends the transaction, because it does on PostgreSQL: whatever runs after it
/// fails with the same error, and so does the transaction, even when the closure returns `Ok`.
pub struct Tx<'a> {
    connection: Connection<'a>,
    reach: Reach,
    counters: &'a Counters,
    changes: Vec<Change>,
    events: Vec<Event>,
    failure: Option<Error>,
    is_abandoned: bool,
}

/// The connection a transaction runs on.
pub(crate) enum Connection<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut Session),
}

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Read,
    Write,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: Connection<'a>, reach: Reach, counters: &'a Counters) -> Self {
        Self {
            connection,
            reach,
            counters,
            changes: Vec::new(),
            events: Vec::new(),
            failure: None,
            is_abandoned: false,
        }
    }

    /// The first row, if there is one.
    pub fn query_opt(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<Option<Row>, Error> {
        self.admit(statement, params)?;
        let result = match &mut self.connection {
            Connection::Sqlite(connection) => {
                sqlite::statements::first(connection, statement, params)
            }
            Connection::Postgres(session) => session
                .query(statement, params)
                .and_then(|rows| postgresql::rows::first(statement, &rows)),
        };
        self.keep_failure(result)
    }

    /// Every row.
    pub fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<Vec<Row>, Error> {
        self.admit(statement, params)?;
        let result = match &mut self.connection {
            Connection::Sqlite(connection) => {
                sqlite::statements::all(connection, statement, params)
            }
            Connection::Postgres(session) => session
                .query(statement, params)
                .and_then(|rows| postgresql::rows::all(statement, &rows)),
        };
        self.keep_failure(result)
    }

    /// How many rows were inserted, updated or deleted. For a guarded write, zero means that the
    /// state moved since it was read.
    pub fn execute(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<u64, Error> {
        self.admit(statement, params)?;
        let result = match &mut self.connection {
            Connection::Sqlite(connection) => {
                sqlite::statements::execute(connection, statement, params)
            }
            Connection::Postgres(session) => session.execute(statement, params),
        };
        self.keep_failure(result)
    }

    /// Announces a change. The caches hear of it after the COMMIT and before the caller is
    /// answered; when the transaction is rolled back they never do.
    pub fn changed(&mut self, change: Change) {
        if self.reach == Reach::Read {
            self.failure = Some(Error::Internal(format!("{change:?} announced by a read")));
        }
        self.changes.push(change);
    }

    /// Records what the transaction does in the audit, if it is kept.
    pub fn record(&mut self, event: Event) {
        if self.reach == Reach::Read {
            self.failure = Some(Error::Internal(format!("{:?} recorded by a read", event.action)));
        }
        self.events.push(event);
    }

    /// Writes what was recorded. The closure is over by now.
    pub(crate) fn append_records(&mut self) -> Result<(), Error> {
        let events = std::mem::take(&mut self.events);
        if events.is_empty() || self.is_abandoned {
            return Ok(());
        }
        audit::append(self, &events)
    }

    /// Whether nobody else can write until the transaction ends, so that to read a row is to take it. SQLite
    /// has one writer.
    pub(crate) fn is_only_writer(&self) -> bool {
        self.reach == Reach::Write && matches!(self.connection, Connection::Sqlite(_))
    }

    /// Undoes the transaction when the closure returns, also when it returns `Ok`: for an outcome
    /// that is no failure of the store, and must leave nothing behind.
    pub fn abandon(&mut self) {
        self.is_abandoned = true;
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned
    }

    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Refuses what one of the two databases would, so that both do.
    fn admit(&mut self, statement: &Statement, params: &[Value]) -> Result<(), Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.counters.statement();
        let fault = if self.reach == Reach::Read && !statement.reads_only() {
            "a statement that writes was run by a read"
        } else if params.iter().any(has_nul) {
            "a text with NUL, which PostgreSQL cannot store, was not refused at the edge"
        } else {
            return Ok(());
        };
        let fault = Err(Error::Internal(format!("{}: {fault}", statement.name())));
        self.keep_failure(fault)
    }

    fn keep_failure<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.failure = Some(error.clone());
        }
        result
    }
}

fn has_nul(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.as_bytes().contains(&0))
}
