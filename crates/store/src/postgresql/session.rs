//! One connection and the statements it has prepared.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use postgres::Client;

use super::failure::{meaning, of_statement};
use super::hang_up::hang_up;
use super::rows;
use crate::changes::Change;
use crate::dialect;
use crate::error::Error;
use crate::statement::Statement;
use crate::stopwatch;
use crate::value::Value;

/// After this long without use, a connection is tried before it is trusted: a server that
/// restarted meanwhile is then met before the closure runs, when it can still be met again.
const TRUSTED: Duration = Duration::from_millis(500);

/// How long that trial may take.
const TRIAL: Duration = Duration::from_secs(2);

/// How many changes of one transaction are told one by one; beyond it, the others forget all.
const TOLD: usize = 64;

/// A connection of the pool.
pub(crate) struct Session {
    client: Client,
    /// By the text: two statements with one text are one statement.
    prepared: HashMap<&'static str, postgres::Statement>,
    used: Instant,
}

impl Session {
    pub(super) fn new(client: Client) -> Self {
        Self { client, prepared: HashMap::new(), used: stopwatch::now() }
    }

    /// Whether the server still answers. Costs a round trip only after a pause.
    pub(super) fn answers(&mut self) -> bool {
        let rested = stopwatch::now().saturating_duration_since(self.used);
        !self.client.is_closed() && (rested < TRUSTED || self.client.is_valid(TRIAL).is_ok())
    }

    /// Lets go of a connection that may be broken.
    pub(super) fn hang_up(self) {
        hang_up(self.client);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.used = stopwatch::now();
        self.client.batch_execute("BEGIN").map_err(|error| meaning(&error))
    }

    /// Notices and COMMIT in one round trip. The server sends the notices only if it commits.
    pub(super) fn commit(&mut self, origin: &str, changes: &[Change]) -> Result<(), Error> {
        let mut sql = String::new();
        if changes.len() > TOLD {
            sql.push_str(&dialect::notify(origin, &Change::Everything));
        } else {
            changes.iter().for_each(|change| sql.push_str(&dialect::notify(origin, change)));
        }
        sql.push_str("COMMIT");
        self.client.batch_execute(&sql).map_err(|error| meaning(&error))
    }

    pub(super) fn rollback(&mut self) -> Result<(), Error> {
        self.client.batch_execute("ROLLBACK").map_err(|error| meaning(&error))
    }

    pub(crate) fn query(
        &mut self,
        statement: &'static Statement,
        values: &[Value],
    ) -> Result<Vec<postgres::Row>, Error> {
        let prepared = self.prepare(statement, values)?;
        let rows = self.client.query(&prepared, &rows::params(values));
        rows.map_err(|error| of_statement(statement, &error))
    }

    pub(crate) fn execute(
        &mut self,
        statement: &'static Statement,
        values: &[Value],
    ) -> Result<u64, Error> {
        let prepared = self.prepare(statement, values)?;
        let count = self.client.execute(&prepared, &rows::params(values));
        count.map_err(|error| of_statement(statement, &error))
    }

    fn prepare(
        &mut self,
        statement: &'static Statement,
        values: &[Value],
    ) -> Result<postgres::Statement, Error> {
        self.used = stopwatch::now();
        let prepared = if let Some(prepared) = self.prepared.get(statement.sql()) {
            prepared.clone()
        } else {
            let sql = dialect::for_postgres(statement.sql());
            let prepared =
                self.client.prepare(&sql).map_err(|error| of_statement(statement, &error))?;
            self.prepared.insert(statement.sql(), prepared.clone());
            prepared
        };
        let (takes, given) = (prepared.params().len(), values.len());
        if takes != given {
            let name = statement.name();
            return Err(Error::Internal(format!("{name}: takes {takes} parameters, got {given}")));
        }
        Ok(prepared)
    }
}
